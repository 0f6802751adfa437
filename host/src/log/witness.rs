//! Asks witnesses to cosign checkpoints (C2SP `tlog-witness`): others, who then know of a log that is not the same for
//! everybody, or that was put back.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Client, Response, StatusCode, header};
use tokio::time::sleep;

use super::checkpoint::{self, Checkpoint};
use super::note::VerifyKey;
use super::{Log, proof};
use crate::lease::Lease;
use crate::store::Store;

/// How long a witness may take.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Largest answer that is read.
const ANSWER: usize = 16 * 1024;

/// A witness, and what it is asked.
#[derive(Debug)]
pub(crate) struct Witness {
    /// The submission prefix.
    pub(crate) url: String,
    /// Its key.
    pub(crate) key: VerifyKey,
    /// How often it is asked, at most.
    pub(crate) every: Duration,
}

/// Asks the witnesses beside all else, as the log grows; no commit waits for them.
pub(crate) fn start(log: &Log, data: PathBuf, witnesses: Vec<Witness>, lease: &Lease) -> anyhow::Result<()> {
    let client = Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build()?;
    for witness in witnesses {
        let asking = Asking {
            store: log.store().clone(),
            client: client.clone(),
            data: data.clone(),
            lease: lease.clone(),
            witness,
            seen: 0,
        };
        tokio::spawn(asking.run(log.checkpoints()));
    }
    Ok(())
}

struct Asking {
    store: Store,
    client: Client,
    data: PathBuf,
    lease: Lease,
    witness: Witness,
    /// Number of entries that it cosigned last.
    seen: u64,
}

impl Asking {
    async fn run(mut self, mut newest: tokio::sync::watch::Receiver<Option<Checkpoint>>) {
        // Also what was signed before the host began.
        newest.mark_changed();
        while newest.changed().await.is_ok() {
            self.lease.held().await;
            if let Err(cause) = self.ask().await {
                let (witness, cause) = (&self.witness.key.name, format!("{cause:#}"));
                tracing::error!(witness, cause, "the witness did not cosign the log's checkpoint");
                // What it did not cosign is asked for again.
                newest.mark_changed();
            }
            sleep(self.witness.every).await;
        }
    }

    /// Has the newest checkpoint cosigned.
    async fn ask(&mut self) -> anyhow::Result<()> {
        let Some(note) = self.store.checkpoint().await? else { return Ok(()) };
        let checkpoint = Checkpoint::unchecked(note)?;
        let size = checkpoint.head.size;
        let mut answer = self.post(&checkpoint).await?;
        if answer.status() == StatusCode::CONFLICT {
            let says = text(answer).await?;
            let seen: u64 = says.trim().parse().context("it answers 409 without a size")?;
            let (name, prior) = (&self.witness.key.name, self.seen);
            ensure!(
                seen <= size,
                "{name} saw {seen} entries of this log, and there are {size}: the database was put back, or there are two of it"
            );
            ensure!(seen != prior, "{name} saw another log of {seen} entries under this name");
            self.seen = seen;
            answer = self.post(&checkpoint).await?;
        }
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT => {
                bail!("it saw another log under this name, which is not what this one was")
            }
            status => bail!("it answers {status}: does it know this log's name and key?"),
        }
        let says = text(answer).await?;
        let line = self.witness.key.good_line(checkpoint.text(), &says);
        let line = line.context("its answer is not signed by its key")?;
        let cosigned = format!("{}{line}\n", checkpoint.note);
        self.store.keep_witnessed(&self.witness.key.name, size, &cosigned).await?;
        self.seen = size;
        checkpoint::write_witnessed(&self.data, &cosigned).context("the file `checkpoint.witnessed`")?;
        tracing::debug!(witness = self.witness.key.name, entries = size, "cosigned");
        Ok(())
    }

    async fn post(&self, checkpoint: &Checkpoint) -> anyhow::Result<Response> {
        let old = self.seen.min(checkpoint.head.size);
        let proof = proof::consistency(&self.store, checkpoint.head.size, old).await?;
        let proof: String = proof.iter().map(|hash| format!("{}\n", STANDARD.encode(hash))).collect();
        let body = format!("old {old}\n{proof}\n{}", checkpoint.note);
        let request = self.client.post(format!("{}/add-checkpoint", self.witness.url)).body(body);
        Ok(request.header(header::CONTENT_TYPE, "text/plain; charset=utf-8").send().await?)
    }
}

/// An answer's text, if it is not too long.
async fn text(mut answer: Response) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    while let Some(more) = answer.chunk().await? {
        bytes.extend_from_slice(&more);
        ensure!(bytes.len() <= ANSWER, "its answer is too long");
    }
    String::from_utf8(bytes).context("its answer is not text")
}
