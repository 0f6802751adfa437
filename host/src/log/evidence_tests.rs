//! Evidence: what holds, and what does not hold any more once somebody touched it.

use std::path::Path;

use serde_json::{Value, json};

use super::Signer;
use super::checkpoint::{Checkpoint, Keys};
use super::evidence;
use super::keys::public_keys;
use super::verify::Findings;
use super::verify::tests::{Recorded, batch, recorder, statement};

/// Evidence of session `a`, a line each.
async fn exported(recorded: &Recorded, since: &[String]) -> Vec<Value> {
    let mut text = Vec::new();
    let keys = public_keys(recorded.folder.path()).unwrap();
    evidence::write(&recorded.store, &keys, &["a".to_owned()], since, &mut text).await.unwrap();
    text.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

fn keys(folder: &Path) -> Keys {
    public_keys(folder).unwrap()
}

fn checked(lines: &[Value], keys: &Keys, since: &[String]) -> Findings {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    evidence::verify(text.as_bytes(), keys, since).unwrap()
}

#[tokio::test]
async fn a_session_is_proved_by_its_file_and_the_key_alone() {
    let recorded = Recorded::new().await;
    let keys = keys(recorded.folder.path());
    let kept = Checkpoint::read_file(recorded.folder.path()).unwrap().unwrap();
    let recorder = recorder(&recorded.store, recorded.folder.path()).await.unwrap();
    let mut chain = gatewright_core::run::Chain::new("c");
    for i in 0..300 {
        recorder.record(batch(vec![statement(&mut chain, &format!("C{i}"))])).await.unwrap();
    }
    let lines = exported(&recorded, std::slice::from_ref(&kept)).await;
    drop(recorded);
    let findings = checked(&lines, &keys, std::slice::from_ref(&kept));
    assert_eq!(findings.faults, Vec::<String>::new());
    assert_eq!((findings.sessions, findings.events, findings.entries), (1, 4, 4));
    assert!(findings.checkpoints.iter().eq(&[8, 308]));
    // Somebody else's key, somebody else's checkpoint.
    let stranger = tempfile::tempdir().unwrap();
    let stranger = Signer::open(stranger.path()).unwrap();
    assert!(checked(&lines, stranger.keys(), &[]).faults[0].contains("its checkpoint is not genuine"));
    let theirs = checked(&lines, &keys, &[stranger.sign(super::tree::Head::EMPTY, 0).note]);
    assert!(theirs.faults[0].contains("the older checkpoint is not genuine"));
}

#[tokio::test]
async fn whatever_is_changed_in_evidence_is_found() {
    type Change = fn(&mut Vec<Value>);
    fn edit(line: &mut Value, field: &str, from: &str, to: &str) {
        let text = line[field].as_str().unwrap();
        assert!(text.contains(from), "{text}");
        line[field] = json!(text.replace(from, to));
    }
    let cases: [(Change, &str); 12] = [
        (|lines| edit(&mut lines[2], "text", "A1", "A9"), "log entry 2 (session `a`): event 1 was changed"),
        (|lines| lines[2]["salt"] = json!("00".repeat(16)), "log entry 2 (session `a`): event 1 was changed"),
        (|lines| lines[2]["text"] = Value::Null, "event 1 is missing: the entry is there"),
        (|lines| drop(lines.remove(2)), "log entry 4 (session `a`): event 1 is missing"),
        (|lines| drop(lines.remove(1)), "log entry 2 (session `a`): event 0 is missing"),
        (|lines| lines.swap(2, 3), "log entry 4 (session `a`): event 1 is missing"),
        (|lines| lines.insert(3, lines[2].clone()), "log entry 2 (session `a`): event 2 is missing"),
        (|lines| lines[2]["index"] = json!(3), "log entry 3 (session `a`): it is not in the log"),
        (
            |lines| edit(&mut lines[2], "entry", "\"count\":1", "\"count\":2"),
            "log entry 2 (session `a`): it is not in the log",
        ),
        (
            |lines| lines[2]["inclusion"] = lines[3]["inclusion"].clone(),
            "log entry 2 (session `a`): it is not in the log",
        ),
        (|lines| lines[2]["inclusion"] = json!([]), "log entry 2 (session `a`): it is not in the log"),
        (|lines| edit(&mut lines[0], "checkpoint", "\n8\n", "\n9\n"), "its checkpoint is not genuine"),
    ];
    let recorded = Recorded::new().await;
    let lines = exported(&recorded, &[]).await;
    let keys = keys(recorded.folder.path());
    assert!(checked(&lines, &keys, &[]).faults.is_empty());
    for (change, what) in cases {
        let mut changed = lines.clone();
        change(&mut changed);
        let faults = checked(&changed, &keys, &[]).faults;
        assert!(faults.len() == 1 && faults[0].contains(what), "{what}: {faults:?}");
    }
}

#[tokio::test]
async fn the_log_of_evidence_is_the_one_of_older_checkpoints() {
    let recorded = Recorded::new().await;
    let data = recorded.folder.path();
    let (keys, signer) = (keys(data), Signer::open(data).unwrap());
    let at = async |size| super::transaction::restored(&recorded.store, size).await.unwrap().head();
    for size in 0..=8 {
        let old = vec![signer.sign(at(size).await, 0).note];
        let lines = exported(&recorded, &old).await;
        assert_eq!(checked(&lines, &keys, &old).faults, Vec::<String>::new(), "{size}");
        // Another log of that size, signed with the same key.
        let mut forked = at(size).await;
        forked.hash[0] ^= 1;
        let forked = vec![signer.sign(forked, 0).note];
        let said = checked(&lines, &keys, &forked).faults.join("\n");
        assert!(said.contains("the log is not the one that the older checkpoint over"), "{size}: {said}");
        // A proof that is not of this.
        if size > 0 && size < 8 {
            let mut lines = lines;
            lines[0]["since"][0]["consistency"][0] = json!("A".repeat(43) + "=");
            assert!(!checked(&lines, &keys, &old).faults.is_empty());
            lines[0]["since"] = json!([]);
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let said = evidence::verify(text.as_bytes(), &keys, &old).unwrap_err().to_string();
            assert!(said.contains("export it with --since"), "{said}");
        }
    }
    let longer = super::tree::Head { size: 9, hash: [1; 32] };
    let lines = exported(&recorded, &[]).await;
    let said = checked(&lines, &keys, &[signer.sign(longer, 0).note]).faults.join("\n");
    assert!(said.contains("the log was cut off: it had 9 entries once"), "{said}");
}

crate::testing::on_postgres_too!(
    a_session_is_proved_by_its_file_and_the_key_alone,
    the_log_of_evidence_is_the_one_of_older_checkpoints,
);
