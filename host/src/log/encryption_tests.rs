//! Recordings that are encrypted: who reads them, who does not, and what is still known of them.

use std::path::Path;
use std::sync::Arc;

use gatewright_core::digest::sha256;
use gatewright_core::event::Kind;
use gatewright_core::run::{Chain, Lines, SealedRun};

use super::keys::public_keys;
use super::verify::tests::{batch, statement};
use super::verify::{Asked, Findings, verify};
use super::{Log, Recorder, Rejected, Signer, evidence};
use crate::metrics::Metrics;
use crate::store::Store;
use crate::store::events::NewRun;
use crate::store::search::Wanted;
use crate::vault::tests::vault;

struct Host {
    folder: tempfile::TempDir,
    store: Store,
    log: Log,
    recorder: Recorder,
}

async fn open(folder: tempfile::TempDir, keys: &[&str]) -> Host {
    let vault = (!keys.is_empty()).then(|| Arc::new(vault(keys)));
    let store = crate::testing::open(folder.path()).await.unwrap().with_vault(vault);
    let signer = Signer::open(folder.path()).unwrap();
    let log = Log::open(store.clone(), signer, folder.path()).await.unwrap();
    let recorder = Recorder::start(log.clone(), Metrics::default());
    Host { folder, store, log, recorder }
}

impl Host {
    async fn new(keys: &[&str]) -> Self {
        open(tempfile::tempdir().unwrap(), keys).await
    }

    /// The same data, with other keys.
    async fn again(self, keys: &[&str]) -> Self {
        self.log.settle().await;
        self.store.close().await;
        open(self.folder, keys).await
    }

    async fn record(&self, run: &SealedRun) -> Result<Vec<String>, Rejected> {
        self.recorder.record(batch(vec![run.clone()])).await
    }

    async fn found(&self) -> Findings {
        self.log.settle().await;
        verify(&self.store, self.folder.path(), &Asked::default()).await.unwrap()
    }

    async fn faults(&self) -> String {
        self.found().await.faults.join("\n")
    }

    async fn with_text(&self, text: &str) -> Vec<String> {
        let wanted = Wanted { text: Some(text.to_owned()), limit: 10, ..Wanted::default() };
        let mut ids: Vec<_> =
            self.store.find_sessions(&wanted).await.unwrap().into_iter().map(|row| row.id).collect();
        ids.sort();
        ids
    }
}

/// Whether a file of the data folder has these bytes.
fn has(folder: &Path, what: &[u8]) -> bool {
    let files = std::fs::read_dir(folder).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
    files.into_iter().any(|bytes| bytes.windows(what.len()).any(|part| part == what))
}

fn last(chain: &mut Chain) -> SealedRun {
    let mut lines = Lines::default();
    lines.push(1_700_000_000_000, &Kind::Close { reason: "bye".to_owned() });
    chain.seal(&lines)
}

#[tokio::test]
async fn what_is_encrypted_is_read_with_the_key_alone() {
    let host = Host::new(&["a"]).await;
    let (mut a, mut b) = (Chain::new("s1"), Chain::new("s2"));
    let runs = [statement(&mut a, "SELECT secret_one"), statement(&mut a, "SELECT two"), last(&mut a)];
    for run in &runs {
        host.record(run).await.unwrap();
    }
    host.record(&statement(&mut b, "SELECT three")).await.unwrap();
    // Sent again, it is known.
    host.record(&runs[1]).await.unwrap();
    let findings = host.found().await;
    assert_eq!((findings.faults, findings.events, findings.entries, findings.locked), (vec![], 4, 4, 0));
    assert!(host.store.events("s1", 0, 10).await.unwrap()[0].contains("secret_one"));
    // Auditors find it.
    assert_eq!(host.with_text("SECRET_one").await, ["s1"]);
    assert_eq!(host.with_text("select").await, ["s1", "s2"]);
    let denied = Wanted { decision: Some("deny".to_owned()), limit: 10, ..Wanted::default() };
    assert!(host.store.find_sessions(&denied).await.unwrap().is_empty());
    let allowed = Wanted { decision: Some("allow".to_owned()), skip: 1, limit: 1, ..Wanted::default() };
    assert_eq!(host.store.find_sessions(&allowed).await.unwrap().len(), 1);
    // Nothing of it is in the files, nor what a guess could be tried on.
    let hashes =
        runs.iter().flat_map(|run| [sha256(&run.text).to_vec(), hex::encode(sha256(&run.text)).into_bytes()]);
    let whats = hashes.chain([b"secret_one".to_vec(), b"SELECT".to_vec()]);
    let host = host.again(&["a"]).await;
    for what in whats {
        assert!(!has(host.folder.path(), &what), "{what:?}");
    }
    // It goes on after a restart, where the list of sessions does not say how.
    let next = statement(&mut b, "SELECT four");
    let gap = last(&mut b);
    assert!(host.record(&gap).await.is_err());
    host.record(&next).await.unwrap();
    host.record(&gap).await.unwrap();
    assert_eq!(host.faults().await, "");
    // Without the key it is still what the log committed to, and nobody reads it.
    let host = host.again(&[]).await;
    let findings = host.found().await;
    assert_eq!((findings.faults, findings.events, findings.locked), (vec![], 6, 6));
    let said = host.store.events("s1", 0, 10).await.unwrap_err().to_string();
    assert!(said.contains("encrypted by the key `a`, which is not there"), "{said}");
    assert!(host.with_text("secret_one").await.is_empty());
}

#[tokio::test]
async fn keys_and_encryption_may_change_while_sessions_go_on() {
    let host = Host::new(&[]).await;
    let mut chain = Chain::new("s1");
    let runs: Vec<_> = (0..6).map(|i| statement(&mut chain, &format!("SELECT {i}"))).collect();
    host.record(&runs[0]).await.unwrap();
    let host = host.again(&["a"]).await;
    // Sent again after that: as it is, it stays.
    host.record(&runs[0]).await.unwrap();
    assert_eq!(host.faults().await, "");
    host.record(&runs[1]).await.unwrap();
    let host = host.again(&["b", "a"]).await;
    host.record(&runs[2]).await.unwrap();
    host.record(&statement(&mut Chain::new("s2"), "SELECT of b")).await.unwrap();
    let names = host.store.wrapping_keys().await.unwrap();
    assert!(names.into_iter().eq([("a".to_owned(), "s1".to_owned()), ("b".to_owned(), "s2".to_owned())]));
    assert_eq!(host.with_text("of b").await, ["s2"]);
    let host = host.again(&[]).await;
    // Where its chain goes on is encrypted: without the key the host does not go on with it.
    assert_eq!(host.record(&runs[3]).await, Err(Rejected::Unavailable));
    let host = host.again(&["b", "a"]).await;
    host.record(&runs[3]).await.unwrap();
    let findings = host.found().await;
    assert_eq!((findings.faults, findings.events, findings.locked), (vec![], 5, 0));
}

#[tokio::test]
async fn a_key_of_what_was_not_committed_is_not_used() {
    let host = Host::new(&["a"]).await;
    let mut chain = Chain::new("s1");
    let run = statement(&mut chain, "SELECT 1");
    let text = std::str::from_utf8(&run.text).unwrap();
    let mut at = host.log.begin().await.unwrap();
    at.append(&[NewRun { session: "s1", seq: 0, count: 1, hash: sha256(&run.text), text }]).await.unwrap();
    drop(at);
    host.record(&run).await.unwrap();
    let host = host.again(&["a"]).await;
    assert_eq!(host.store.events("s1", 0, 10).await.unwrap().len(), 1);
    assert_eq!(host.faults().await, "");
}

#[tokio::test]
async fn whatever_is_changed_is_found() {
    let cases = [
        (
            "UPDATE events SET sealed = zeroblob(200) WHERE seq = 1",
            "session `s1`: event 1 is not the one that the log holds",
        ),
        ("UPDATE events SET sealed = NULL, body = 'x' WHERE seq = 1", "session `s1`: event 1 was changed"),
        (
            "UPDATE events SET sealed = (SELECT sealed FROM events WHERE seq = 0 AND session = 's1') WHERE seq = 1",
            "session `s1`: event 1 is not the one that the log holds",
        ),
        ("DELETE FROM events WHERE seq = 1", "session `s1`: event 1 is missing"),
        (
            "DELETE FROM data_keys WHERE session = 's1'",
            "session `s1`: event 0 cannot be decrypted: its data key was erased",
        ),
        (
            "UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys WHERE session = 's2') WHERE session = 's1'",
            "session `s1`: event 0 cannot be decrypted: the key `a` is not the one",
        ),
        (
            "UPDATE sessions SET head_hash = '00' WHERE id = 's1'",
            "session `s1`: the list of sessions says something else",
        ),
        (
            "UPDATE sessions SET statements = 7 WHERE id = 's1'",
            "session `s1`: the list of sessions says something else",
        ),
    ];
    for (sql, what) in cases {
        let host = Host::new(&["a"]).await;
        let (mut a, mut b) = (Chain::new("s1"), Chain::new("s2"));
        for run in [statement(&mut a, "A0"), statement(&mut a, "A1"), statement(&mut b, "B0")] {
            host.record(&run).await.unwrap();
        }
        host.store.tamper(sql).await;
        // As if the host began again: it knows no keys.
        host.store.vault().unwrap().forget("s1");
        let said = host.faults().await;
        assert!(said.contains(what), "{sql}: {said}");
    }
}

#[tokio::test]
async fn without_its_data_key_nothing_of_a_session_is_left() {
    let host = Host::new(&["a"]).await;
    let mut chain = Chain::new("s1");
    for run in [statement(&mut chain, "SELECT secret"), last(&mut chain)] {
        host.record(&run).await.unwrap();
    }
    let row = host.store.session("s1").await.unwrap().unwrap();
    assert_eq!(host.recorder.prune("year", vec![row]).await.unwrap(), ["s1"]);
    // The key went with what the log says; what it encrypted is still there, and is nothing any more.
    assert_eq!(host.store.number("SELECT count(*) FROM events WHERE session = 's1'".to_owned()).await, 2);
    let said = host.store.events("s1", 0, 10).await.unwrap_err().to_string();
    assert!(said.contains("its data key was erased"), "{said}");
    assert!(host.with_text("secret").await.is_empty());
    assert_eq!(host.store.number("SELECT count(*) FROM data_keys".to_owned()).await, 0);
    let findings = host.found().await;
    assert_eq!((findings.faults, findings.pruned), (vec![], 1));
    let keys = public_keys(host.folder.path()).unwrap();
    let nothing = evidence::write(&host.store, &keys, &["s1".to_owned()], &[], &mut Vec::new()).await;
    assert!(nothing.unwrap_err().to_string().contains("were pruned"));
    let host = host.again(&["a"]).await;
    assert!(host.store.events("s1", 0, 10).await.is_err());
    assert_eq!(host.faults().await, "");
}

#[tokio::test]
async fn evidence_of_what_is_encrypted_is_read_by_its_file() {
    let host = Host::new(&["a"]).await;
    let (mut a, mut b) = (Chain::new("s1"), Chain::new("s2"));
    for run in [statement(&mut a, "SELECT 1"), last(&mut a), statement(&mut b, "SELECT 2")] {
        host.record(&run).await.unwrap();
    }
    host.log.settle().await;
    let keys = public_keys(host.folder.path()).unwrap();
    let mut text = Vec::new();
    evidence::write(&host.store, &keys, &["s1".to_owned()], &[], &mut text).await.unwrap();
    let check = |text: &str| evidence::verify(text.as_bytes(), &keys, &[]).unwrap();
    let text = String::from_utf8(text).unwrap();
    let findings = check(&text);
    assert_eq!((findings.faults, findings.sessions, findings.events), (vec![], 1, 2));
    // Its key is shown with it, and no other.
    let other = host.store.data_key("s2").await.unwrap().unwrap().reveal();
    let own = host.store.data_key("s1").await.unwrap().unwrap().reveal();
    assert!(text.contains(&own) && !text.contains(&other));
    let said = check(&text.replacen(&own, &other, 1)).faults.join("\n");
    assert!(said.contains("log entry 0 (session `s1`): event 0 was changed"), "{said}");
}

crate::testing::on_postgres_too!(
    what_is_encrypted_is_read_with_the_key_alone,
    keys_and_encryption_may_change_while_sessions_go_on,
    a_key_of_what_was_not_committed_is_not_used,
    whatever_is_changed_is_found,
    without_its_data_key_nothing_of_a_session_is_left,
    evidence_of_what_is_encrypted_is_read_by_its_file,
);
