//! What one does with recordings, and with the log that they are in: from files, no host need run.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::{Subcommand, ValueEnum};

use super::{Output, Source, print};
use crate::log::checkpoint::Keys;
use crate::log::verify::Asked;
use crate::log::{evidence, keys, tiles};
use crate::recordings::export::{self, Format};
use crate::recordings::{self, Pace};
use crate::store::search::Wanted;

#[derive(Debug, Subcommand)]
pub(super) enum Sessions {
    /// List recorded sessions, the newest first.
    Ls {
        #[command(flatten)]
        source: Source,
        /// Of this resource.
        #[arg(long, value_name = "NAME")]
        resource: Option<String>,
        /// Of agents whose subject contains this.
        #[arg(long, value_name = "TEXT")]
        agent: Option<String>,
        /// In which a statement was decided so; in shadow mode, would have been.
        #[arg(long, value_name = "DECISION", value_parser = ["allow", "deny", "hold", "would-deny", "would-hold"])]
        decision: Option<String>,
        /// In which this text occurs: in a statement, a result or an error.
        #[arg(long, value_name = "TEXT")]
        text: Option<String>,
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Show what happened in a session.
    Show {
        /// Session id.
        id: String,
        #[command(flatten)]
        source: Source,
    },
    /// Show it again as it happened.
    Replay {
        /// Session id.
        id: String,
        /// How much faster than it happened.
        #[arg(long, value_name = "TIMES", default_value_t = 1.0, value_parser = speed)]
        speed: f64,
        /// The longest pause.
        #[arg(long, value_name = "TIME", default_value = "3s", value_parser = humantime::parse_duration)]
        longest: Duration,
        #[command(flatten)]
        source: Source,
    },
    /// Verify all recordings, approvals, grants and personal tokens, or one; exit code 1 if anything was changed, removed, put
    /// in, swapped or cut off.
    Verify {
        /// Session id, `approval/ID`, `grant/ID` or `token/ID`; everything if left out.
        id: Option<String>,
        /// Verify this file of evidence (`sessions export`) instead, by the keys that `--key` names and nothing else.
        #[arg(long, value_name = "FILE", requires = "keys", conflicts_with = "id")]
        file: Option<PathBuf>,
        /// The log's public key, or a file of such keys; may be repeated. The data folder's if left out: those are only as
        /// good as the folder.
        #[arg(long = "key", value_name = "KEY or FILE")]
        keys: Vec<String>,
        /// A checkpoint that was kept: the log must be the same up to there; may be repeated.
        #[arg(long, value_name = "FILE")]
        since: Vec<PathBuf>,
        #[command(flatten)]
        source: Source,
    },
    /// Write recordings to a file: as evidence, which `sessions verify --file` checks by the log's public key alone, or in
    /// formats of others.
    Export {
        /// Session ids, and as evidence also `approval/ID` and `grant/ID`. Of JSON lines and CSV, all that the other
        /// arguments leave if none is named.
        #[arg(value_name = "ID")]
        ids: Vec<String>,
        /// As what.
        #[arg(long, value_enum, default_value_t = As::Evidence)]
        format: As,
        /// Where to; standard output if left out.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
        /// Of evidence: also prove that the log was only added to since this checkpoint; may be repeated.
        #[arg(long, value_name = "FILE")]
        since: Vec<PathBuf>,
        /// Of this resource.
        #[arg(long, value_name = "NAME", conflicts_with = "ids")]
        resource: Option<String>,
        /// Of agents whose subject contains this.
        #[arg(long, value_name = "TEXT", conflicts_with = "ids")]
        agent: Option<String>,
        #[command(flatten)]
        source: Source,
    },
}

/// As what recordings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum As {
    /// With proofs that it is what was recorded.
    Evidence,
    /// Each event a line of JSON.
    Jsonl,
    /// One session as the recording of a terminal, for asciinema.
    Asciicast,
    /// Statements and what became of them.
    Csv,
}

/// Does what is asked with recordings.
pub(super) async fn sessions(command: Sessions) -> anyhow::Result<ExitCode> {
    match command {
        Sessions::Ls { source, resource, agent, decision, text, limit } => {
            let wanted = Wanted { resource, principal: agent, decision, text, limit, ..Wanted::default() };
            print(&recordings::list(&source.place()?, &wanted, source.output).await?)
        }
        Sessions::Show { id, source } => {
            print(&recordings::show(&source.place()?, &id, source.output).await?)
        }
        Sessions::Replay { id, speed, longest, source } => {
            ensure!(source.output == Output::Text, "what is replayed is text: `sessions export` writes JSON");
            let mut out = std::io::stdout().lock();
            recordings::replay(&source.place()?, &id, Pace { speed, longest }, &mut out).await?;
            Ok(ExitCode::SUCCESS)
        }
        Sessions::Verify { id, file, keys, since, source } => {
            let keys = if keys.is_empty() { None } else { Some(read_keys(&keys)?) };
            let since = read_all(&since)?;
            let (report, sound) = match (file, keys) {
                (Some(file), keys) => {
                    recordings::verify_evidence(&file, &keys.unwrap_or_default(), &since, source.output)?
                }
                (None, keys) => {
                    let asked = Asked { only: id, keys, since };
                    recordings::verify(&source.place()?, &asked, source.output).await?
                }
            };
            print(&report)?;
            Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Sessions::Export { ids, format, to, since, resource, agent, source } => {
            let (place, since) = (source.place()?, read_all(&since)?);
            let store = place.open().await?;
            let mut out: Box<dyn Write> = match &to {
                Some(path) => Box::new(private(path).with_context(|| path.display().to_string())?),
                None => Box::new(std::io::stdout().lock()),
            };
            let mut out = BufWriter::new(&mut out);
            let format = match format {
                As::Evidence => {
                    ensure!(
                        !ids.is_empty(),
                        "evidence is of sessions, approvals and grants by their ids: name them"
                    );
                    let keys = keys::public_keys(&place.data)?;
                    evidence::write(&store, &keys, &ids, &since, &mut out).await?;
                    out.flush()?;
                    return Ok(ExitCode::SUCCESS);
                }
                As::Jsonl => Format::Jsonl,
                As::Asciicast => Format::Asciicast,
                As::Csv => Format::Csv,
            };
            ensure!(since.is_empty(), "--since is of evidence");
            let wanted = Wanted { resource, principal: agent, ..Wanted::default() };
            export::write(&store, format, &ids, &wanted, &mut out).await?;
            out.flush()?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok().filter(|speed: &f64| (0.01..=1e6).contains(speed));
    speed.ok_or_else(|| "expected a number from 0.01 to 1000000".to_owned())
}

/// A new file for what agents did: its owner's alone.
fn private(path: &Path) -> std::io::Result<File> {
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}

fn read_keys(keys: &[String]) -> anyhow::Result<Keys> {
    let mut all = Keys::default();
    for key in keys {
        // A key has pluses where a path hardly does; what is there as a file is one.
        let read = match std::fs::read_to_string(key) {
            Ok(text) => Keys::parse(&text),
            Err(cause) if key.contains('+') && cause.kind() == std::io::ErrorKind::NotFound => {
                Keys::parse(key)
            }
            Err(cause) => Err(cause.into()),
        };
        all.extend(read.with_context(|| format!("--key {key}"))?);
    }
    Ok(all)
}

fn read_all(paths: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    let read = |path: &PathBuf| std::fs::read_to_string(path).with_context(|| path.display().to_string());
    paths.iter().map(read).collect()
}

#[derive(Debug, Subcommand)]
pub(super) enum Log {
    /// Write the log as files of the form that C2SP's `tlog-tiles` has: checkpoint, public keys, hashes and entries, without
    /// what the entries are about.
    Export {
        /// The folder.
        #[arg(value_name = "DIR")]
        to: PathBuf,
        #[command(flatten)]
        source: Source,
    },
    /// Make a new signing key, with which the host signs from its next start on; prints its public half. The old key signs
    /// once more, that this is the new one.
    RotateKey {
        #[command(flatten)]
        source: Source,
    },
}

/// Does what is asked with the log.
pub(super) async fn log(command: Log) -> anyhow::Result<ExitCode> {
    match command {
        Log::Export { to, source } => {
            let place = source.place()?;
            let entries = tiles::export(&place.open().await?, &place.data, &to).await?;
            print(&format!("{entries} entries\n"))
        }
        Log::RotateKey { source } => print(&format!("{}\n", keys::rotate(&source.place()?.data)?)),
    }
}
