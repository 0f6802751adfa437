//! A log that was rewritten by somebody who has the database, or even the host's key, against what others kept of it.

use gatewright_core::run::Chain;

use super::checkpoint::Checkpoint;
use super::checkpoint::Keys;
use super::keys::{self, public_keys};
use super::tree::Tree;
use super::verify::tests::{Recorded, batch, recorder, statement};
use super::verify::{Asked, Findings, verify};
use super::{Log, Signer};
use crate::store::log::Kept;

async fn since(recorded: &Recorded, since: &str) -> Findings {
    let asked = Asked { since: vec![since.to_owned()], ..Asked::default() };
    verify(&recorded.store, recorded.folder.path(), &asked).await.unwrap()
}

fn checkpoint(recorded: &Recorded) -> String {
    Checkpoint::read_file(recorded.folder.path()).unwrap().unwrap()
}

/// More than a tile of entries of one session.
async fn long() -> Recorded {
    let recorded = Recorded::new().await;
    let recorder = recorder(&recorded.store, recorded.folder.path()).await.unwrap();
    let mut chain = Chain::new("long");
    for _ in 0..6 {
        let runs = (0..50).map(|i| statement(&mut chain, &format!("L{i}"))).collect();
        recorder.record(batch(runs)).await.unwrap();
    }
    recorded.settle().await;
    recorded
}

/// Makes the log of the rows as they are a sound one, and signs it with the host's key.
async fn signed_again(recorded: &Recorded) {
    let mut tree = Tree::default();
    let rows = recorded.store.log_from(0, 10_000).await.unwrap();
    let mut sql = "DELETE FROM nodes;".to_owned();
    for row in rows {
        let leaf = row.entry.leaf();
        sql += &format!("UPDATE log SET leaf = x'{}' WHERE idx = {};", hex::encode(leaf), row.idx);
        tree.push(leaf, |node| {
            let hash = hex::encode(node.hash);
            sql += &format!("INSERT INTO nodes VALUES ({}, {}, x'{hash}');", node.level, node.n);
        });
    }
    recorded.store.tamper(sql).await;
    let note = Signer::open(recorded.folder.path()).unwrap().sign(tree.head(), 0);
    recorded.store.tamper(format!("UPDATE checkpoint SET note = '{}'", note.note)).await;
    note.write_file(recorded.folder.path()).unwrap();
}

#[tokio::test]
async fn a_checkpoint_that_was_kept_is_what_the_log_was() {
    let recorded = Recorded::new().await;
    let kept = checkpoint(&recorded);
    let recorder = recorder(&recorded.store, recorded.folder.path()).await.unwrap();
    recorder.record(batch(vec![statement(&mut Chain::new("c"), "C0")])).await.unwrap();
    recorded.settle().await;
    let findings = since(&recorded, &kept).await;
    assert_eq!(findings.faults, Vec::<String>::new());
    assert!(findings.checkpoints.iter().eq(&[8, 9]));
    // It says nothing where it is not genuine.
    let said = since(&recorded, &kept.replace("\n8\n", "\n7\n")).await.faults.join("\n");
    assert!(said.contains("the checkpoint given before is not genuine"), "{said}");
}

#[tokio::test]
async fn an_entry_that_was_changed_with_its_leaf_is_in_a_tile_that_does_not_fit() {
    let recorded = long().await;
    let mut row = recorded.store.log_from(40, 1).await.unwrap().remove(0);
    row.entry.hash = [9; 32];
    let (hash, leaf) = (hex::encode(row.entry.hash), hex::encode(row.entry.leaf()));
    recorded.store.tamper(format!("UPDATE log SET hash = x'{hash}', leaf = x'{leaf}' WHERE idx = 40")).await;
    let said = recorded.faults().await;
    assert!(said.contains("one of the log entries 0 to 255 was changed"), "{said}");
    assert!(said.contains("the log is not the one that the checkpoint in the file was signed for"), "{said}");
    assert!(said.contains("session `long`: event 32 is not the one that the log holds"), "{said}");
}

#[tokio::test]
async fn a_tile_that_was_changed_or_removed_is_found() {
    for sql in ["UPDATE nodes SET hash = zeroblob(32)", "DELETE FROM nodes", "UPDATE nodes SET n = 1"] {
        let recorded = long().await;
        recorded.store.tamper(sql).await;
        let said = recorded.faults().await;
        assert_eq!(
            said,
            "one of the log entries 0 to 255 was changed, or the tile over them: it is not what they make"
        );
        // The host does not go on from there: what it would sign would not be what its entries make.
        assert!(recorder(&recorded.store, recorded.folder.path()).await.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn a_split_view_is_found_by_whoever_kept_a_checkpoint() {
    // Somebody who has the host's key shows an auditor another log, which is sound in itself.
    let recorded = long().await;
    let kept = checkpoint(&recorded);
    recorded
        .store
        .tamper(
            "DELETE FROM events WHERE session = 'a'; DELETE FROM sessions WHERE id = 'a';
        DELETE FROM log WHERE session = 'a';",
        )
        .await;
    let rows = recorded.store.log_from(0, 10_000).await.unwrap();
    let close = |(new, old): (usize, &crate::store::log::LogRow)| {
        format!("UPDATE log SET idx = {new} WHERE idx = {};", old.idx)
    };
    recorded.store.tamper(rows.iter().enumerate().map(close).collect::<String>()).await;
    signed_again(&recorded).await;
    assert_eq!(recorded.faults().await, "", "nothing is wrong with it by itself");
    let said = since(&recorded, &kept).await.faults.join("\n");
    assert!(
        said.contains("the log is cut off: the checkpoint given before was signed for 308 entries"),
        "{said}"
    );
    // As long as it was, and not the same.
    let recorded = long().await;
    let kept = checkpoint(&recorded);
    recorded.store.tamper("UPDATE log SET session = 'x' WHERE session = 'a'; UPDATE events SET session = 'x' WHERE session = 'a'").await;
    signed_again(&recorded).await;
    let said = since(&recorded, &kept).await.faults.join("\n");
    assert!(
        said.contains("the log is not the one that the checkpoint given before was signed for"),
        "{said}"
    );
}

#[tokio::test]
async fn a_truncated_tree_is_found_by_the_file_and_not_gone_on_with() {
    let recorded = long().await;
    let file = checkpoint(&recorded);
    // The last entries and all that is about them, and a note of the host's own for what is left: put back from a backup.
    let sql = "DELETE FROM log WHERE idx >= 200; DELETE FROM events WHERE session = 'long' AND seq >= 192; DELETE FROM nodes;";
    recorded.store.tamper(sql).await;
    signed_again(&recorded).await;
    std::fs::write(recorded.folder.path().join("checkpoint"), file).unwrap();
    let said = recorded.faults().await;
    assert!(
        said.contains(
            "the log is cut off: the checkpoint in the file was signed for 308 entries, 200 are there"
        ),
        "{said}"
    );
    assert!(recorder(&recorded.store, recorded.folder.path()).await.is_err());
}

#[tokio::test]
async fn a_new_key_takes_over_and_both_verify() {
    let recorded = Recorded::new().await;
    let data = recorded.folder.path();
    let old = public_keys(data).unwrap();
    let new = Keys::parse(&keys::rotate(data).unwrap()).unwrap();
    for _ in 0..2 {
        let log = Log::open(recorded.store.clone(), Signer::open(data).unwrap(), data).await.unwrap();
        log.settle().await;
    }
    // One entry says so, and one note has both signatures.
    let notes = recorded.store.notes(Kept::Rotated).await.unwrap();
    assert_eq!((recorded.store.log_size().await.unwrap(), notes.len()), (9, 1));
    assert!(old.open(&notes[0]).is_ok() && new.open(&notes[0]).is_ok());
    let recorder = recorder(&recorded.store, data).await.unwrap();
    recorder.record(batch(vec![statement(&mut Chain::new("c"), "C0")])).await.unwrap();
    recorded.settle().await;
    assert_eq!(recorded.faults().await, "");
    let by = async |keys: &[&Keys]| {
        let mut all = Keys::default();
        keys.iter().for_each(|keys| all.extend((*keys).clone()));
        let asked = Asked { keys: Some(all), ..Asked::default() };
        verify(&recorded.store, data, &asked).await.unwrap().faults.join("\n")
    };
    assert_eq!(by(&[&old, &new]).await, "");
    assert!(by(&[&old]).await.contains("in the file is not genuine: it is signed by another key"));
    // A log without the note by which the old key said so.
    recorded.store.tamper("DELETE FROM notes").await;
    assert!(recorded.faults().await.contains("the checkpoint that old keys signed"));
}

#[tokio::test]
async fn a_host_that_ended_while_a_key_took_over_does_not_say_it_twice() {
    let recorded = Recorded::new().await;
    let data = recorded.folder.path();
    keys::rotate(data).unwrap();
    let next = std::fs::read(data.join("signing.next")).unwrap();
    let old = std::fs::read(data.join("signing.key")).unwrap();
    let open = async || {
        Log::open(recorded.store.clone(), Signer::open(data).unwrap(), data).await.unwrap().settle().await
    };
    open().await;
    // After the commit, before the files: as they were.
    std::fs::write(data.join("signing.next"), next).unwrap();
    std::fs::write(data.join("signing.key"), old).unwrap();
    open().await;
    assert_eq!(recorded.store.log_size().await.unwrap(), 9);
    assert!(!data.join("signing.next").exists());
    assert_eq!(recorded.faults().await, "");
}

#[tokio::test]
async fn an_old_key_signs_nothing_any_more() {
    let recorded = Recorded::new().await;
    let data = recorded.folder.path();
    // Somebody got hold of the key before another took its place.
    let stolen = tempfile::tempdir().unwrap();
    for file in ["signing.key", "signing.pub"] {
        std::fs::copy(data.join(file), stolen.path().join(file)).unwrap();
    }
    let early = checkpoint(&recorded);
    keys::rotate(data).unwrap();
    let recorder = recorder(&recorded.store, data).await.unwrap();
    recorder.record(batch(vec![statement(&mut Chain::new("c"), "C0")])).await.unwrap();
    recorded.settle().await;
    // What it signed before is still good, also where a crash left it in the file.
    let newest = checkpoint(&recorded);
    std::fs::write(data.join("checkpoint"), early).unwrap();
    assert_eq!(recorded.faults().await, "");
    // Not what it is made to sign now: here even the very same head.
    let head = super::transaction::restored(&recorded.store, 10).await.unwrap().head();
    let forged = Signer::open(stolen.path()).unwrap().sign(head, 0);
    forged.write_file(data).unwrap();
    let said = recorded.faults().await;
    assert_eq!(said, "the checkpoint in the file is signed by a key that another took the place of");
    std::fs::write(data.join("checkpoint"), newest).unwrap();
    recorded.store.tamper(format!("UPDATE checkpoint SET note = '{}'", forged.note)).await;
    assert!(
        recorded.faults().await.contains("in the database is signed by a key that another took the place of")
    );
    let again = Log::open(recorded.store.clone(), Signer::open(data).unwrap(), data).await;
    assert!(format!("{:#}", again.unwrap_err()).contains("the checkpoint in the database"));
}

crate::testing::on_postgres_too!(
    a_checkpoint_that_was_kept_is_what_the_log_was,
    a_tile_that_was_changed_or_removed_is_found,
    a_truncated_tree_is_found_by_the_file_and_not_gone_on_with,
    a_new_key_takes_over_and_both_verify,
    a_host_that_ended_while_a_key_took_over_does_not_say_it_twice,
);
