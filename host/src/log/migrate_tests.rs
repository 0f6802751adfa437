//! Logs of earlier versions, as hosts of those left them, and whether they are taken up.

use std::path::Path;

use super::checkpoint::Checkpoint;
use super::verify::{Asked, Findings, verify};
use super::{Log, Signer};
use crate::store::Store;

async fn put(folder: &Path, sql: &'static str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.join("gatewright.sqlite"));
    let pool = sqlx::SqlitePool::connect_with(options.create_if_missing(true)).await.unwrap();
    sqlx::raw_sql(sql).execute(&pool).await.unwrap();
    pool.close().await;
}

/// A data folder of format 2, with what is changed in its database.
async fn format2(change: &'static str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), include_str!("fixtures/format2.sql")).await;
    put(folder.path(), change).await;
    for (name, text) in [
        ("signing.key", include_str!("fixtures/format2.key")),
        ("signing.pub", include_str!("fixtures/format2.pub")),
        ("checkpoint", include_str!("fixtures/format2.checkpoint")),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

async fn open(folder: &Path) -> anyhow::Result<(Store, Log)> {
    let store = Store::open(folder).await?;
    let log = Log::open(store.clone(), Signer::open(folder)?, folder).await?;
    log.settle().await;
    Ok((store, log))
}

async fn found(store: &Store, folder: &Path, asked: Asked) -> Findings {
    verify(store, folder, &asked).await.unwrap()
}

#[tokio::test]
async fn what_is_older_than_its_history_is_taken_into_the_log() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), include_str!("fixtures/format1.sql")).await;
    for _ in 0..2 {
        // The second time there is nothing to do.
        let (store, _) = open(folder.path()).await.unwrap();
        let findings = found(&store, folder.path(), Asked::default()).await;
        assert_eq!(
            (findings.faults, findings.approvals, findings.grants, findings.entries),
            (Vec::new(), 4, 1, 5)
        );
    }
    // It goes on, and it is safe from now on.
    let (store, log) = open(folder.path()).await.unwrap();
    let pending =
        store.approvals(Some(crate::store::approvals::Stage::Pending), 1).await.unwrap().remove(0).id;
    let mut at = log.begin().await.unwrap();
    assert_eq!(crate::store::approvals::expire(&mut at, 4_102_444_800_000).await.unwrap(), [pending]);
    at.commit().await.unwrap();
    assert_eq!(found(&store, folder.path(), Asked::default()).await.faults, Vec::<String>::new());
    store.tamper("UPDATE approval_steps SET subject = 'eve' WHERE step = 'deny'".to_owned()).await;
    let said = found(&store, folder.path(), Asked::default()).await.faults.join("\n");
    assert!(said.starts_with("approval `THNFAHDT`: its steps in the database are not"), "{said}");
}

#[tokio::test]
async fn a_chain_becomes_a_tree_and_what_was_signed_for_it_still_holds() {
    let folder = format2("").await;
    let early = Store::open_read_only(folder.path()).await.unwrap_err();
    assert!(format!("{early:#}").contains("of an earlier version"), "{early:#}");
    for _ in 0..2 {
        let (store, _) = open(folder.path()).await.unwrap();
        // The checkpoint that somebody kept of the chain, and the key that they have.
        let since = vec![include_str!("fixtures/format2.checkpoint").to_owned()];
        let keys = super::checkpoint::Keys::parse(include_str!("fixtures/format2.pub")).unwrap();
        let findings = found(&store, folder.path(), Asked { since, keys: Some(keys), only: None }).await;
        assert_eq!(findings.faults, Vec::<String>::new());
        assert_eq!((findings.sessions, findings.events, findings.approvals), (2, 8, 2));
        assert_eq!((findings.entries, findings.checkpoints.len()), (13, 1));
        store.close().await;
    }
    // The kept note of the chain is looked at as well.
    let store = Store::open(folder.path()).await.unwrap();
    store.tamper("UPDATE notes SET note = replace(note, char(10) || '13', char(10) || '12')").await;
    let said = found(&store, folder.path(), Asked::default()).await.faults.join("\n");
    assert!(said.contains("the checkpoint of the log before it was a tree is not genuine"), "{said}");
    // And it is bound to the entries: they cannot be made to fit the tree alone.
    let folder = format2("").await;
    let (store, _) = open(folder.path()).await.unwrap();
    store.tamper("UPDATE log SET hash = zeroblob(32) WHERE idx = 4").await;
    let said = found(&store, folder.path(), Asked::default()).await.faults.join("\n");
    assert!(
        said.contains("log entry 4 ") && said.contains("of the log before it was a tree was signed"),
        "{said}"
    );
}

#[tokio::test]
async fn a_chain_that_is_not_what_was_signed_is_not_taken_up() {
    let cases = [
        ("UPDATE log SET count = 2 WHERE idx = 4", "entry 4 of the log was changed"),
        ("UPDATE log SET leaf_hash = chain_hash WHERE idx = 0", "entry 0 of the log was changed"),
        ("DELETE FROM log WHERE idx = 7", "entry 8 of the log was changed"),
        ("DELETE FROM log WHERE idx = 12", "does not end as its checkpoint says"),
        (
            "INSERT INTO log SELECT 13, session, seq, count, leaf_hash, chain_hash FROM log WHERE idx = 12",
            "entry 13",
        ),
        ("DELETE FROM checkpoint", "does not end as its checkpoint says"),
        ("UPDATE checkpoint SET note = replace(note, '2026', '2025')", "the checkpoint in the database"),
    ];
    for (change, what) in cases {
        let folder = format2(change).await;
        let said = format!("{:#}", open(folder.path()).await.unwrap_err());
        assert!(said.contains(what) && said.contains("restore the database"), "{change}: {said}");
        // Nothing was changed by trying.
        let store = Store::open(folder.path()).await.unwrap();
        assert_eq!(
            store.number("SELECT user_version FROM pragma_user_version".to_owned()).await,
            2,
            "{change}"
        );
    }
    // A log of nothing in place of one whose checkpoint is in the file.
    let folder = format2("DELETE FROM log; DELETE FROM checkpoint").await;
    assert!(open(folder.path()).await.is_err());
}

#[tokio::test]
async fn a_host_that_ended_while_it_took_a_log_up_goes_on() {
    // After the commit, before the file: that is still of the chain, perhaps even an older one.
    let folder = format2("").await;
    let (store, _) = open(folder.path()).await.unwrap();
    store.close().await;
    std::fs::write(folder.path().join("checkpoint"), include_str!("fixtures/format2.checkpoint")).unwrap();
    let reader = Store::open_read_only(folder.path()).await.unwrap();
    assert_eq!(found(&reader, folder.path(), Asked::default()).await.faults, Vec::<String>::new());
    let (_store, log) = open(folder.path()).await.unwrap();
    let mut at = log.begin().await.unwrap();
    at.own_step(&super::history::Own::Key { at: 0, key: "test".to_owned() }).await.unwrap();
    at.commit().await.unwrap();
    log.settle().await;
    assert!(!super::checkpoint::is_chain(&Checkpoint::read_file(folder.path()).unwrap().unwrap()));
}
