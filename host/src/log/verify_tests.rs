//! Tampering with a recording, and whether it is found.

use std::path::Path;

use gatewright_core::api::EventBatch;
use gatewright_core::event::Kind;
use gatewright_core::run::{Chain, Lines, SealedRun};

use super::{Asked, verify};
use crate::log::checkpoint::Checkpoint;
use crate::log::tree::Head;
use crate::log::{Batch, Log, Recorder, Rejected, Signer, transaction};
use crate::metrics::Metrics;
use crate::store::Store;

/// Statements that were sealed together.
fn statements(chain: &mut Chain, texts: &[String]) -> SealedRun {
    let mut lines = Lines::default();
    for text in texts {
        let kind = Kind::Statement {
            statement: 1,
            text: text.clone(),
            parameters: vec![None],
            decision: "allow".to_owned(),
            would: None,
            policies: Vec::new(),
            reason: String::new(),
            shape: None,
            explanation: None,
            explained_by: None,
            trace: None,
        };
        lines.push(1_700_000_000_000, &kind);
    }
    chain.seal(&lines)
}

pub(in crate::log) fn statement(chain: &mut Chain, text: &str) -> SealedRun {
    statements(chain, &[text.to_owned()])
}

fn read(runs: Vec<SealedRun>) -> Result<Batch, Rejected> {
    Batch::read(EventBatch { resource: "shop".to_owned(), runs }.lines())
}

pub(in crate::log) fn batch(runs: Vec<SealedRun>) -> Batch {
    read(runs).unwrap()
}

pub(in crate::log) struct Recorded {
    pub(in crate::log) folder: tempfile::TempDir,
    pub(in crate::log) store: Store,
}

impl Recorded {
    /// Two sessions of four events each, that arrived in turns.
    pub(in crate::log) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::testing::open(folder.path()).await.unwrap();
        let recorder = recorder(&store, folder.path()).await.unwrap();
        let (mut a, mut b) = (Chain::new("a"), Chain::new("b"));
        for i in 0..4 {
            let events = vec![statement(&mut a, &format!("A{i}")), statement(&mut b, &format!("B{i}"))];
            recorder.record(batch(events)).await.unwrap();
        }
        let recorded = Self { folder, store };
        recorded.settle().await;
        recorded
    }

    /// Waits until the file is not behind the database.
    pub(in crate::log) async fn settle(&self) {
        let newest = self.store.checkpoint().await.unwrap();
        while Checkpoint::read_file(self.folder.path()).unwrap() != newest {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    }

    pub(in crate::log) async fn faults(&self) -> String {
        verify(&self.store, self.folder.path(), &Asked::default()).await.unwrap().faults.join("\n")
    }

    async fn after(sql: &'static str) -> String {
        let recorded = Self::new().await;
        recorded.store.tamper(sql).await;
        recorded.faults().await
    }
}

/// One session.
fn only(id: &str) -> Asked {
    Asked { only: Some(id.to_owned()), ..Asked::default() }
}

pub(in crate::log) async fn recorder(store: &Store, data: &Path) -> anyhow::Result<Recorder> {
    let log = Log::open(store.clone(), Signer::open(data)?, data).await?;
    Ok(Recorder::start(log, Metrics::default()))
}

#[tokio::test]
async fn what_nobody_touched_verifies() {
    let recorded = Recorded::new().await;
    let findings = verify(&recorded.store, recorded.folder.path(), &Asked::default()).await.unwrap();
    assert_eq!(findings.faults, Vec::<String>::new());
    assert_eq!((findings.sessions, findings.events, findings.entries), (2, 8, 8));
    let one = verify(&recorded.store, recorded.folder.path(), &only("b")).await.unwrap();
    assert_eq!((one.faults.len(), one.sessions, one.events), (0, 1, 4));
    assert!(verify(&recorded.store, recorded.folder.path(), &only("c")).await.is_err());
}

#[tokio::test]
async fn events_that_came_together_are_one_entry_and_as_safe() {
    let folder = tempfile::tempdir().unwrap();
    let store = crate::testing::open(folder.path()).await.unwrap();
    let recorder = recorder(&store, folder.path()).await.unwrap();
    let mut chain = Chain::new("a");
    let texts: Vec<_> = (0..6).map(|i| format!("A{i}")).collect();
    recorder.record(batch(vec![statements(&mut chain, &texts)])).await.unwrap();
    let findings = verify(&store, folder.path(), &Asked::default()).await.unwrap();
    assert_eq!((findings.faults, findings.events, findings.entries), (Vec::new(), 6, 1));
    assert_eq!(store.events("a", 4, 10).await.unwrap().len(), 2);
    store.tamper("UPDATE events SET body = replace(body, 'A4', 'A9')").await;
    let said = verify(&store, folder.path(), &Asked::default()).await.unwrap().faults.join("\n");
    assert!(said.contains("session `a`: event 0 or one of the 5 after it was changed"), "{said}");
}

#[tokio::test]
async fn an_empty_store_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let store = crate::testing::open(folder.path()).await.unwrap();
    assert!(verify(&store, folder.path(), &Asked::default()).await.unwrap().faults.is_empty());
}

#[tokio::test]
async fn an_edited_body_is_found() {
    let said =
        Recorded::after("UPDATE events SET body = replace(body, 'A1', 'A9') WHERE session = 'a' AND seq = 1")
            .await;
    assert!(said.contains("session `a`: event 1 was changed"), "{said}");
}

#[tokio::test]
async fn an_edited_hash_is_found() {
    let said =
        Recorded::after("UPDATE events SET hash = replace(hash, 'a', 'b') WHERE session = 'a' AND seq = 1")
            .await;
    assert!(said.contains("session `a`: event 1 was changed"), "{said}");
    for sql in [
        "UPDATE log SET hash = zeroblob(32) WHERE idx = 3",
        "UPDATE log SET leaf = zeroblob(32) WHERE idx = 3",
        "UPDATE log SET form = 0 WHERE idx = 3",
        "UPDATE log SET form = 7 WHERE idx = 3",
        "UPDATE log SET count = 2 WHERE idx = 3",
    ] {
        let said = Recorded::after(sql).await;
        assert!(said.contains("log entry 3 (event 1 of session `b`) was changed"), "{sql}: {said}");
    }
    let said = Recorded::after("UPDATE events SET salt = zeroblob(16) WHERE session = 'a' AND seq = 1").await;
    assert!(said.contains("session `a`: event 1 is not the one that the log holds"), "{said}");
}

#[tokio::test]
async fn a_removed_event_is_found() {
    let said = Recorded::after("DELETE FROM events WHERE session = 'a' AND seq = 1").await;
    assert!(said.contains("session `a`: event 1 is missing"), "{said}");
    let said = Recorded::after("DELETE FROM log WHERE session = 'a' AND seq = 1").await;
    assert!(said.contains("log entry 2 is missing"), "{said}");
}

#[tokio::test]
async fn two_swapped_events_are_found() {
    let said = Recorded::after(
        "UPDATE events SET seq = 100 WHERE session = 'a' AND seq = 1;
         UPDATE events SET seq = 1 WHERE session = 'a' AND seq = 2;
         UPDATE events SET seq = 2 WHERE session = 'a' AND seq = 100;",
    )
    .await;
    assert!(said.contains("session `a`") && said.contains("event 1"), "{said}");
    let said = Recorded::after(
        "UPDATE log SET idx = 100 WHERE idx = 2; UPDATE log SET idx = 2 WHERE idx = 4;
         UPDATE log SET idx = 4 WHERE idx = 100;",
    )
    .await;
    assert!(said.contains("log entry 2"), "{said}");
}

#[tokio::test]
async fn a_cut_tail_of_a_session_is_found() {
    let said = Recorded::after("DELETE FROM events WHERE session = 'a' AND seq >= 2").await;
    assert!(said.contains("session `a`: event 2 is missing"), "{said}");
    let said =
        Recorded::after("DELETE FROM events WHERE session = 'a'; DELETE FROM sessions WHERE id = 'a'").await;
    assert!(said.contains("session `a`: event 0 is missing"), "{said}");
}

#[tokio::test]
async fn an_edited_list_of_sessions_is_found() {
    let said = Recorded::after("UPDATE sessions SET principal = 'mallory' WHERE id = 'a'").await;
    assert!(said.contains("session `a`: the list of sessions says something else"), "{said}");
}

#[tokio::test]
async fn a_cut_tail_of_everything_is_found() {
    // All rows of the last two entries, and the list of sessions made to fit.
    let cut = "DELETE FROM events WHERE seq = 3; DELETE FROM log WHERE idx >= 6;
        UPDATE sessions SET statements = 3, head_seq = 2, head_hash = (SELECT hash FROM events WHERE session = id AND seq = 2);";
    let said = Recorded::after(cut).await;
    assert!(said.contains("the log is cut off") && said.contains("in the file was signed for 8"), "{said}");
    assert!(!said.contains("session `"), "{said}");
    // With the checkpoint of the database gone or put back to an older, genuine one, the file still tells.
    let recorded = Recorded::new().await;
    recorded.store.tamper(cut).await;
    recorded.store.tamper("DELETE FROM checkpoint").await;
    let said = recorded.faults().await;
    assert!(
        said.contains("in the database is missing") && said.contains("in the file was signed for 8"),
        "{said}"
    );
    // And the host does not go on from there.
    assert!(recorder(&recorded.store, recorded.folder.path()).await.is_err());
}

#[tokio::test]
async fn an_emptied_database_is_found() {
    let said =
        Recorded::after("DELETE FROM events; DELETE FROM log; DELETE FROM sessions; DELETE FROM checkpoint")
            .await;
    assert!(said.contains("cut off"), "{said}");
}

#[tokio::test]
async fn a_forged_checkpoint_is_found() {
    let recorded = Recorded::new().await;
    let stranger = tempfile::tempdir().unwrap();
    let forged = Signer::open(stranger.path()).unwrap().sign(Head { size: 8, hash: [1; 32] }, 0);
    forged.write_file(recorded.folder.path()).unwrap();
    let said = recorded.faults().await;
    assert!(said.contains("the checkpoint in the file is not genuine"), "{said}");
    let edited = Recorded::after("UPDATE checkpoint SET note = replace(note, '\n8', '\n7')").await;
    assert!(edited.contains("the checkpoint in the database is not genuine"), "{edited}");
    let recorded = Recorded::new().await;
    std::fs::remove_file(recorded.folder.path().join("checkpoint")).unwrap();
    assert!(recorded.faults().await.contains("the checkpoint in the file is missing"));
}

#[tokio::test]
async fn another_history_is_found() {
    // The whole database of another host in place of ours: sound in itself, but not what was signed here.
    let (ours, theirs) = (Recorded::new().await, Recorded::new().await);
    ours.store.close().await;
    theirs.store.close().await;
    std::fs::copy(
        theirs.folder.path().join("gatewright.sqlite"),
        ours.folder.path().join("gatewright.sqlite"),
    )
    .unwrap();
    let store = crate::testing::open_read_only(ours.folder.path()).await.unwrap();
    let faults = verify(&store, ours.folder.path(), &Asked::default()).await.unwrap().faults.join("\n");
    assert!(faults.contains("the checkpoint in the database is not genuine"), "{faults}");
}

#[tokio::test]
async fn the_log_goes_on_after_a_restart() {
    let recorded = Recorded::new().await;
    let recorder = recorder(&recorded.store, recorded.folder.path()).await.unwrap();
    recorder.record(batch(vec![statement(&mut Chain::new("c"), "C0")])).await.unwrap();
    recorded.settle().await;
    assert_eq!(recorded.faults().await, "");
    // The file may be behind after a crash, by a genuine older note.
    let signer = Signer::open(recorded.folder.path()).unwrap();
    let older = transaction::restored(&recorded.store, 5).await.unwrap().head();
    signer.sign(older, 0).write_file(recorded.folder.path()).unwrap();
    assert_eq!(recorded.faults().await, "");
    assert!(Checkpoint::read_file(recorded.folder.path()).unwrap().is_some());
}

#[tokio::test]
async fn only_what_continues_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let store = crate::testing::open(folder.path()).await.unwrap();
    let recorder = recorder(&store, folder.path()).await.unwrap();
    let mut chain = Chain::new("a");
    let events: Vec<_> = (0..6).map(|i| statement(&mut chain, &format!("A{i}"))).collect();
    let record = async |events: &[SealedRun]| match read(events.to_vec()) {
        Ok(batch) => recorder.record(batch).await,
        Err(rejected) => Err(rejected),
    };
    assert_eq!(record(&events[..2]).await, Ok(vec![]));
    // Repeated, wholly or in part: taken once.
    assert_eq!(record(&events[..2]).await, Ok(vec![]));
    assert_eq!(record(&events[1..3]).await, Ok(vec![]));
    assert_eq!(store.events("a", 0, 10).await.unwrap().len(), 3);
    // A gap, another text in an old place, a broken link, what is not an event.
    let gap = events[5].clone();
    let mut other = Chain::new("a");
    let others: Vec<_> = (0..4).map(|i| statement(&mut other, &format!("X{i}"))).collect();
    let mut unreadable = events[3].clone();
    unreadable.text.pop();
    for bad in [&gap, &others[0], &others[2], &others[3], &unreadable] {
        let answer = record(std::slice::from_ref(bad)).await;
        assert!(matches!(answer, Err(Rejected::Conflict(_))), "{bad:?}");
    }
    // All of a batch or nothing.
    assert!(record(&[events[3].clone(), events[3].clone(), gap]).await.is_err());
    assert_eq!(store.events("a", 0, 10).await.unwrap().len(), 3);
    assert_eq!(record(&events[3..4]).await, Ok(vec![]));
}

#[tokio::test]
async fn many_writers_share_commits() {
    let folder = tempfile::tempdir().unwrap();
    let store = crate::testing::open(folder.path()).await.unwrap();
    let recorder = recorder(&store, folder.path()).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for s in 0..20 {
        let recorder = recorder.clone();
        tasks.spawn(async move {
            let mut chain = Chain::new(format!("s{s}"));
            for i in 0..20 {
                let event = statement(&mut chain, &format!("S{i}"));
                // Each is sent twice at once, as a filter that lost the answer would.
                let (a, b) = tokio::join!(
                    recorder.record(batch(vec![event.clone()])),
                    recorder.record(batch(vec![event]))
                );
                a.unwrap();
                b.unwrap();
            }
        });
    }
    tasks.join_all().await;
    let findings = verify(&store, folder.path(), &Asked::default()).await.unwrap();
    assert_eq!((findings.faults.len(), findings.events, findings.entries), (0, 400, 400));
}

#[tokio::test]
async fn a_recording_of_another_format_is_refused() {
    let recorded = Recorded::new().await;
    recorded.store.tamper("PRAGMA user_version = 0").await;
    recorded.store.close().await;
    for opened in [
        crate::testing::open(recorded.folder.path()).await,
        crate::testing::open_read_only(recorded.folder.path()).await,
    ] {
        let said = format!("{:#}", opened.unwrap_err());
        assert!(said.contains("it is of format 0") && said.contains("move the data folder away"), "{said}");
    }
}

#[tokio::test]
async fn a_run_that_is_cut_differently_is_found() {
    // The text is whole and has its hash, but the table says that it holds fewer events.
    let folder = tempfile::tempdir().unwrap();
    let store = crate::testing::open(folder.path()).await.unwrap();
    let recorder = recorder(&store, folder.path()).await.unwrap();
    let mut chain = Chain::new("a");
    let texts: Vec<_> = (0..3).map(|i| format!("A{i}")).collect();
    recorder.record(batch(vec![statements(&mut chain, &texts)])).await.unwrap();
    store.tamper("UPDATE events SET count = 2").await;
    let said = verify(&store, folder.path(), &Asked::default()).await.unwrap().faults.join("\n");
    assert!(said.contains("session `a`: event 0 or one of the 1 after it"), "{said}");
    store.tamper("UPDATE events SET count = 3, seq = 1").await;
    let said = verify(&store, folder.path(), &Asked::default()).await.unwrap().faults.join("\n");
    assert!(said.contains("session `a`: event 0 is missing"), "{said}");
}

crate::testing::on_postgres_too!(
    what_nobody_touched_verifies,
    events_that_came_together_are_one_entry_and_as_safe,
    an_empty_store_verifies,
    an_edited_body_is_found,
    a_removed_event_is_found,
    a_cut_tail_of_a_session_is_found,
    an_edited_list_of_sessions_is_found,
    a_cut_tail_of_everything_is_found,
    an_emptied_database_is_found,
    a_forged_checkpoint_is_found,
    the_log_goes_on_after_a_restart,
    only_what_continues_is_taken,
    many_writers_share_commits,
    a_run_that_is_cut_differently_is_found,
);
