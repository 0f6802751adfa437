//! A release of small modules: SBOMs that fit the schema, signatures that stock tools verify, and the verdicts of the
//! command line.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use gatewright_artifact::layout::Image;
use gatewright_artifact::{Digest, PrivateKey, package};
use gatewright_tests::scratch::Scratch;
use gatewright_tests::{Output, run, tools};
use serde_json::{Value, json};

use super::sbom::{self, Subject};
use super::{VERSION, build, setup};

const MODULE: &[u8] = b"\0asm\x01\0\0\0";

fn subject<'s>(package: &'s str, name: &'s str, wasm: bool) -> Subject<'s> {
    let digest = wasm.then(|| Digest::of(MODULE));
    Subject { package, name, target: wasm.then_some(setup::TARGET), digest, rustc: "1.95.0".to_owned() }
}

fn openssl(arguments: &[&str], folder: &Path) -> Result<Output> {
    run(Command::new("openssl").args(arguments).current_dir(folder))
}

/// A key as operators make one.
fn new_key(folder: &Path, name: &str) -> Result<PrivateKey> {
    let (private, public) = (format!("{name}.key"), format!("{name}.pub"));
    let made = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", &private];
    ensure!(openssl(&made, folder)?.success, "openssl made no key");
    ensure!(openssl(&["pkey", "-in", &private, "-pubout", "-out", &public], folder)?.success);
    Ok(PrivateKey::from_pem(&fs::read_to_string(folder.join(private))?)?)
}

/// What CycloneDX's own schema says of documents, by the library of its project.
fn against_the_schema(sboms: &[&Value]) -> Result<Output> {
    let check = r#"
import json, sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
validator = JsonStrictValidator(SchemaVersion.V1_6)
wrong = [validator.validate_str(json.dumps(sbom)) for sbom in json.load(open(sys.argv[1]))]
sys.exit("\n".join(str(one) for one in wrong if one) or 0)
"#;
    let scratch = Scratch::new("sbom")?;
    let path = scratch.join("sboms.json");
    fs::write(&path, serde_json::to_vec(sboms)?)?;
    run(Command::new(tools::python()).args(["-c", check]).arg(&path))
}

#[test]
fn sboms_fit_the_schema_and_name_what_is_linked() -> Result<()> {
    let [postgres, http] = build::RELEASED;
    let postgres = sbom::of(&subject(postgres.0, postgres.1, true))?;
    let http = sbom::of(&subject(http.0, http.1, true))?;
    let host = sbom::of(&subject("gatewright", "gatewright", false))?;
    ensure!(host == sbom::of(&subject("gatewright", "gatewright", false))?, "it is another one each time");
    let said = against_the_schema(&[&postgres, &http, &host])?;
    ensure!(said.success, "{}{}", said.stdout, said.stderr);
    // And the schema would say so.
    let mut small = http.clone();
    small["components"] = json!([small["components"][0]]);
    small["dependencies"] = json!([]);
    ensure!(against_the_schema(&[&small])?.success);
    for (place, value) in [("/components/0/type", json!("libary")), ("/metadata/component/version", json!(1))]
    {
        let mut wrong = small.clone();
        *wrong.pointer_mut(place).context(place)? = value;
        ensure!(!against_the_schema(&[&wrong])?.success, "{place}");
    }

    for (sbom, linked, not_linked) in [
        (&postgres, ["sqlparser", "proxy-wasm"], ["wasmtime", "proptest"]),
        (&http, ["cedar-policy", "proxy-wasm"], ["tokio", "clap"]),
        // A macro, and what only tests need.
        (&host, ["wasmtime", "libsqlite3-sys"], ["serde_derive", "pg_query"]),
    ] {
        let parts = || sbom["components"].as_array().into_iter().flatten();
        let has = |name: &str| parts().any(|part| part["name"] == name);
        for name in linked.into_iter().chain(["rust-std", "gatewright-core"]) {
            ensure!(has(name), "{name} is missing");
        }
        for name in not_linked {
            ensure!(!has(name), "{name} is not linked");
        }
        // Whatever comes from the registry is named by what was downloaded.
        for part in parts() {
            ensure!(part["purl"].is_string() == part["hashes"].is_array(), "{part}");
            ensure!(part["licenses"].is_array(), "{part}");
        }
        ensure!(!sbom.to_string().contains(&*tools::repo().to_string_lossy()), "a path of this machine");
    }
    Ok(())
}

/// A release with both images, in a folder `release`, with `NAME.pub` beside it; and what is printed of it.
fn release(scratch: &Scratch, key: &str) -> Result<Vec<String>> {
    let key = new_key(scratch.path(), key)?;
    let parts = build::RELEASED.map(|(package, name)| Ok((name, sbom::of(&subject(package, name, true))?)));
    let parts = parts.into_iter().collect::<Result<Vec<_>>>()?;
    let image = |at: usize, name| -> Result<Image<'_>> {
        let (module_name, sbom) = parts.get(at).context("there is no such part")?;
        Ok(Image { name, version: VERSION, module_name, module: MODULE, sbom })
    };
    let images = [image(0, "gatewright-postgres")?, image(1, "gatewright-http")?];
    let host = package::lines(&sbom::of(&subject("gatewright", "gatewright", false))?)?;
    let written = package::write(&images, &[("gatewright.cdx.json", host)], VERSION, Some(&key))?;
    written.tree.write(&scratch.join("release"))?;
    let modules = images.iter().map(|image| (image.module_name, Digest::of(image.module)));
    Ok(super::digests(&written.images, modules))
}

/// What a WasmPlugin's `sha256` wants is printed of images, and what `gatewright doctor --wasm` wants of modules.
#[test]
fn what_is_printed_is_what_others_ask_for() -> Result<()> {
    let scratch = Scratch::new("release")?;
    let printed = release(&scratch, "own")?;
    for image in ["gatewright-postgres", "gatewright-http"] {
        let index = fs::read(scratch.join("release").join(image).join("index.json"))?;
        let index: Value = serde_json::from_slice(&index)?;
        let digest = index["manifests"][0]["digest"].as_str().context("no digest")?;
        ensure!(printed.contains(&format!("image {image} {digest}")), "{printed:?}");
    }
    for (_, module) in build::RELEASED {
        let sum = run(Command::new("sha256sum").arg(scratch.join("release").join(module)))?;
        let digest = sum.stdout.split_whitespace().next().context("no sum")?;
        ensure!(printed.contains(&format!("module {module} sha256:{digest}")), "{printed:?}");
    }
    ensure!(printed.len() == 4, "{printed:?}");
    Ok(())
}

#[test]
fn nothing_but_an_earlier_release_is_replaced() -> Result<()> {
    let scratch = Scratch::new("release")?;
    let _ = release(&scratch, "own")?;
    super::replaceable(&scratch.join("release"))?;
    super::replaceable(&scratch.join("nothing"))?;
    // The folder around it, with keys in it.
    ensure!(super::replaceable(scratch.path()).is_err());
    Ok(())
}

fn verify(scratch: &Scratch, path: &str, key: &str) -> Result<(Option<i32>, String)> {
    let mut command = Command::new(tools::gatewright()?);
    command
        .arg("verify-artifact")
        .arg(scratch.join(path))
        .arg("--key")
        .arg(scratch.join(format!("{key}.pub")));
    let output = command.output()?;
    let said = [output.stdout, output.stderr].concat();
    Ok((output.status.code(), String::from_utf8(said)?))
}

#[test]
fn the_command_line_says_what_is_good_and_what_is_not() -> Result<()> {
    let scratch = Scratch::new("release")?;
    let _ = release(&scratch, "own")?;
    let _ = new_key(scratch.path(), "other")?;
    for path in [
        "release",
        "release/gatewright-http",
        "release/gatewright_postgres.wasm",
        "release/gatewright.cdx.json",
    ] {
        let (code, said) = verify(&scratch, path, "own")?;
        ensure!(
            code == Some(0) && said.contains(VERSION) && said.contains("signed by the key sha256:"),
            "{path}: {said}"
        );
        let (code, said) = verify(&scratch, path, "other")?;
        ensure!(code == Some(1) && said.contains("not of this key"), "{path}: {said}");
    }
    let (code, said) = verify(&scratch, "release", "nobody")?;
    ensure!(code == Some(2), "{said}");
    let (code, said) = verify(&scratch, "nothing", "own")?;
    ensure!(code == Some(2), "{said}");

    // One filter in the other's place.
    let release = scratch.join("release");
    fs::rename(release.join("gatewright-http"), release.join("kept"))?;
    let renamed = run(Command::new("cp")
        .arg("-r")
        .arg(release.join("gatewright-postgres"))
        .arg(release.join("gatewright-http")))?;
    ensure!(renamed.success, "{}", renamed.stderr);
    for path in ["release", "release/gatewright-http"] {
        let (code, said) = verify(&scratch, path, "own")?;
        ensure!(
            code == Some(1) && said.contains("named `gatewright-postgres`, not `gatewright-http`"),
            "{path}: {said}"
        );
    }
    Ok(())
}

/// What cosign reads of the layout and checks with the key, done by OpenSSL.
#[test]
fn stock_tools_verify_the_signatures() -> Result<()> {
    let scratch = Scratch::new("release")?;
    let _ = release(&scratch, "own")?;
    let layout = scratch.join("release/gatewright-postgres");
    let json = |path: &Path| -> Result<Value> { Ok(serde_json::from_slice(&fs::read(path)?)?) };
    let blob = |digest: &Value| {
        layout.join("blobs/sha256").join(digest.as_str().unwrap_or_default().trim_start_matches("sha256:"))
    };
    let verified = |message: &[u8], signature: &str| -> Result<bool> {
        fs::write(scratch.join("message"), message)?;
        fs::write(scratch.join("signature.txt"), signature)?;
        let decoded = ["base64", "-d", "-A", "-in", "signature.txt", "-out", "signature"];
        ensure!(openssl(&decoded, scratch.path())?.success, "`{signature}` is not base64");
        let verify = ["dgst", "-sha256", "-verify", "own.pub", "-signature", "signature", "message"];
        Ok(openssl(&verify, scratch.path())?.success)
    };
    let of_kind = |kind: &str| -> Result<Value> {
        let index = json(&layout.join("index.json"))?;
        let mut manifests = index["manifests"].as_array().cloned().unwrap_or_default().into_iter();
        let found =
            manifests.find(|one| one["annotations"]["kind"] == format!("dev.cosignproject.cosign/{kind}"));
        found.with_context(|| format!("no {kind}"))
    };
    let image = of_kind("image")?;

    let layer = &json(&blob(&of_kind("sigs")?["digest"]))?["layers"][0];
    let payload = fs::read(blob(&layer["digest"]))?;
    let signature =
        layer["annotations"]["dev.cosignproject.cosign/signature"].as_str().context("no signature")?;
    ensure!(verified(&payload, signature)? && !verified(b"another payload", signature)?);
    let says: Value = serde_json::from_slice(&payload)?;
    ensure!(says["critical"]["image"]["docker-manifest-digest"] == image["digest"], "{says}");

    // The SBOM: DSSE's `PAE(type, body)`.
    let layer = &json(&blob(&of_kind("atts")?["digest"]))?["layers"][0];
    let envelopes =
        [fs::read(blob(&layer["digest"]))?, fs::read(scratch.join("release").join(package::LIST))?];
    for envelope in envelopes {
        let envelope: Value = serde_json::from_slice(&envelope)?;
        let (kind, payload) = (envelope["payloadType"].as_str(), envelope["payload"].as_str());
        let (kind, payload) = (kind.context("no type")?, payload.context("no payload")?);
        fs::write(scratch.join("payload.txt"), payload)?;
        ensure!(
            openssl(&["base64", "-d", "-A", "-in", "payload.txt", "-out", "payload"], scratch.path())?
                .success
        );
        let payload = fs::read(scratch.join("payload"))?;
        let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
        let signature = envelope["signatures"][0]["sig"].as_str().context("no signature")?;
        ensure!(verified(&[head.as_bytes(), &payload].concat(), signature)?);
        let statement: Value = serde_json::from_slice(&payload)?;
        ensure!(statement["subject"].as_array().is_some_and(|subject| !subject.is_empty()), "{statement}");
    }
    Ok(())
}
