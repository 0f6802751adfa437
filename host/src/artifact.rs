//! `gatewright verify-artifact`: whether what is about to be loaded is what was released. Offline, by a public key alone.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use gatewright_artifact::package::Good;
use gatewright_artifact::{Error, PublicKey, package};
use serde_json::json;

use crate::cli::Output;

/// What is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder of a release, the image layout of a filter in it, or a file of it beside its signed list.
    path: PathBuf,
    /// Public key of whoever released it (PEM, P-256), from elsewhere than the release.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The name that the image or file was released under, where it lies under another one.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// What there is to say, and the exit code: 1 where something is wrong.
pub(crate) fn verify(args: &Args) -> anyhow::Result<(String, ExitCode)> {
    let shown = format!("`{}`", args.key.display());
    let pem = std::fs::read_to_string(&args.key).with_context(|| shown.clone())?;
    let key = PublicKey::from_pem(&pem).context(shown)?;
    match package::verify(&args.path, args.name.as_deref(), &key) {
        Ok(good) => Ok((print(&good, &key, args.output)?, ExitCode::SUCCESS)),
        Err(Error::Wrong { at, what }) => {
            let text = match args.output {
                Output::Text => format!("WRONG    {at}: {what}\n"),
                Output::Json => {
                    serde_json::to_string_pretty(&json!({ "good": [], "wrong": { "at": at, "what": what } }))?
                        + "\n"
                }
            };
            Ok((text, ExitCode::FAILURE))
        }
        Err(other) => Err(other.into()),
    }
}

fn print(good: &[Good], key: &PublicKey, output: Output) -> anyhow::Result<String> {
    let key = key.fingerprint()?;
    if output == Output::Json {
        let good = good.iter().map(|one| match one {
            Good::File { name, version, digest } => {
                json!({ "file": name, "version": version, "digest": digest })
            }
            Good::Image(image) => json!({
                "image": image.name, "version": image.version, "digest": image.digest, "module": image.module,
                "components": image.components,
            }),
        });
        let good: Vec<_> = good.collect();
        return Ok(serde_json::to_string_pretty(&json!({ "good": good, "wrong": null, "key": key }))? + "\n");
    }
    let mut text = String::new();
    for one in good {
        text += &match one {
            Good::File { name, version, digest } => format!("good     {name} {version}: {digest}\n"),
            Good::Image(image) => format!(
                "good     {} {}: image {}, module {}, {} parts in its SBOM\n",
                image.name, image.version, image.digest, image.module, image.components
            ),
        };
    }
    Ok(text + &format!("signed by the key {key}\n"))
}
