//! Tampering with what happened to approvals and grants, and whether it is found.

use gatewright_core::api::{ApprovalRequest, ApprovalState, EventBatch};
use gatewright_core::bundle::ApprovalMode;
use gatewright_core::event::Kind;
use gatewright_core::run::{Chain, Lines};

use super::entry::{Entry, Form, salted};
use super::verify::{Asked, verify};
use super::{Batch, Log, Recorder, Rejected, Signer};
use crate::approvals::tests::{person, request};
use crate::approvals::{Approvals, Choice, Decision};
use crate::estimate::{Estimate, Why};
use crate::metrics::Metrics;
use crate::store::Store;

struct Recorded {
    folder: tempfile::TempDir,
    store: Store,
    log: Log,
    /// Approved by two people, the second of whom the grant is not from, and used.
    used: String,
    /// Denied.
    denied: String,
    pending: String,
    /// Given beforehand, used once and revoked.
    grant: String,
}

fn hold(digest: &str) -> ApprovalRequest {
    ApprovalRequest { digest: digest.to_owned(), ..request(ApprovalMode::Hold) }
}

fn once(decision: Decision, comment: &str) -> Choice {
    Choice::once(decision, comment)
}

impl Recorded {
    /// Something of everything, between two events of a session.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::testing::open(folder.path()).await.unwrap();
        let log =
            Log::open(store.clone(), Signer::open(folder.path()).unwrap(), folder.path()).await.unwrap();
        let (approvals, recorder) =
            (Approvals::start(log.clone()), Recorder::start(log.clone(), Metrics::default()));
        let mut session = Chain::new("s1");
        recorder.record(statement(&mut session, "A0")).await.unwrap();
        let (dan, kim) = (person("dan", &["dba"]), person("kim", &["dba"]));
        let two = ApprovalRequest { min_approvals: 2, ..hold("d1") };
        let used = approvals.request(two).await.unwrap().0.id;
        let offer = Choice { grant_s: Some(60), ..once(Decision::Approve, "fine") };
        approvals.decide(&used, &dan, &offer).await.unwrap();
        approvals.decide(&used, &kim, &once(Decision::Approve, "")).await.unwrap();
        assert_eq!(approvals.wait(&used).await.unwrap().1, ApprovalState::Approved);
        let denied = approvals.request(hold("d2")).await.unwrap().0.id;
        approvals.decide(&denied, &dan, &once(Decision::Deny, "not on a Friday")).await.unwrap();
        let withdrawn = approvals.request(hold("d3")).await.unwrap().0.id;
        approvals.withdraw(&withdrawn).await.unwrap();
        let first = approvals.request(hold("d4")).await.unwrap().0.id;
        approvals.decide(&first, &dan, &offer).await.unwrap();
        let grant = approvals.grants(&dan, true).await.unwrap().remove(0).id;
        assert_eq!(approvals.request(hold("d5")).await.unwrap().1, ApprovalState::Approved);
        approvals.revoke(&grant, &kim, "enough", None).await.unwrap();
        let estimate = async |_| Some(Estimate::NotKnown(Why::Late));
        let of_another_session = ApprovalRequest { session: "s2".to_owned(), ..hold("d6") };
        let pending = approvals.request_with(of_another_session, estimate).await.unwrap().0.id;
        recorder.record(statement(&mut session, "A1")).await.unwrap();
        let recorded = Self { folder, store, log, used, denied, pending, grant };
        recorded.log.settle().await;
        recorded
    }

    async fn faults(&self) -> String {
        verify(&self.store, self.folder.path(), &Asked::default()).await.unwrap().faults.join("\n")
    }

    /// What is found after some SQL, in which `USED`, `DENIED`, `PENDING` and `GRANT` stand for their ids.
    async fn tampered(&self, sql: &str) -> String {
        let sql = sql.replace("USED", &self.used).replace("DENIED", &self.denied);
        let sql = sql.replace("PENDING", &self.pending).replace("GRANT", &self.grant);
        self.store.tamper(sql).await;
        self.faults().await
    }
}

fn only(name: &str) -> Asked {
    Asked { only: Some(name.to_owned()), ..Asked::default() }
}

fn statement(chain: &mut Chain, text: &str) -> Batch {
    read(chain, text).unwrap()
}

fn read(chain: &mut Chain, text: &str) -> Result<Batch, Rejected> {
    let mut lines = Lines::default();
    lines.push(1, &Kind::Close { reason: text.to_owned() });
    Batch::read(EventBatch { resource: "shop".to_owned(), runs: vec![chain.seal(&lines)] }.lines())
}

#[tokio::test]
async fn what_nobody_touched_verifies() {
    let recorded = Recorded::new().await;
    let findings = verify(&recorded.store, recorded.folder.path(), &Asked::default()).await.unwrap();
    assert_eq!(findings.faults, Vec::<String>::new());
    assert_eq!((findings.sessions, findings.events, findings.approvals, findings.grants), (1, 2, 6, 1));
    // Each step is an entry: nothing happens to an approval or to a grant that is not in the log.
    let steps = "(SELECT count(*) FROM approval_steps) + (SELECT count(*) FROM grant_steps)";
    let steps = recorded.store.number(format!("SELECT {steps}")).await;
    assert!(steps >= 20, "{steps}");
    assert_eq!(findings.entries, 2 + steps);
    for name in [format!("approval/{}", recorded.used), format!("grant/{}", recorded.grant)] {
        let one = verify(&recorded.store, recorded.folder.path(), &only(&name)).await.unwrap();
        assert_eq!((one.faults.len(), one.approvals + one.grants, one.sessions), (0, 1, 0));
    }
    assert!(verify(&recorded.store, recorded.folder.path(), &only("approval/NONE")).await.is_err());
}

#[tokio::test]
async fn whatever_is_changed_is_found() {
    // In the rows that people read and that the host works with, and in the entries.
    let cases = [
        (
            "UPDATE approval_steps SET subject = 'eve' WHERE approval = 'USED' AND subject = 'kim'",
            "USED",
            "steps",
        ),
        (
            "UPDATE approval_steps SET issuer = 'x' WHERE approval = 'DENIED' AND step = 'deny'",
            "DENIED",
            "steps",
        ),
        (
            "UPDATE approval_steps SET comment = 'of course' WHERE comment = 'not on a Friday'",
            "DENIED",
            "steps",
        ),
        (
            "UPDATE approval_steps SET at = at + 1 WHERE approval = 'USED' AND step = 'approved'",
            "USED",
            "steps",
        ),
        (
            "UPDATE approval_steps SET step = 'approve' WHERE approval = 'DENIED' AND step = 'deny'",
            "DENIED",
            "steps",
        ),
        ("DELETE FROM approval_steps WHERE approval = 'USED' AND step = 'used'", "USED", "steps"),
        ("INSERT INTO approval_steps VALUES ('PENDING', 1, 'approve', 'i', 'eve', '')", "PENDING", "steps"),
        ("UPDATE approvals SET state = 'approved' WHERE id = 'PENDING'", "PENDING", "something else"),
        ("UPDATE approvals SET statement = 'SELECT 1' WHERE id = 'USED'", "USED", "something else"),
        ("UPDATE approvals SET parameters = '[]' WHERE id = 'USED'", "USED", "something else"),
        ("UPDATE approvals SET digest = 'other' WHERE id = 'PENDING'", "PENDING", "something else"),
        (
            "UPDATE approvals SET approvers = '[\"support\"]' WHERE id = 'PENDING'",
            "PENDING",
            "something else",
        ),
        ("UPDATE approvals SET min_approvals = 1 WHERE id = 'USED'", "USED", "something else"),
        (
            "UPDATE approvals SET expires_at = expires_at + 1 WHERE id = 'PENDING'",
            "PENDING",
            "something else",
        ),
        ("UPDATE approvals SET principal = 'eve' WHERE id = 'USED'", "USED", "something else"),
        (
            "UPDATE approval_details SET granted_by = 'GRANT' WHERE approval = 'USED'",
            "USED",
            "something else",
        ),
        (
            "UPDATE approval_details SET max_grant_s = 9 WHERE approval = 'PENDING'",
            "PENDING",
            "something else",
        ),
        (
            "UPDATE approval_estimates SET estimate = '{\"rows\":{\"count\":1,\"are\":\"changed\"}}'",
            "PENDING",
            "something else",
        ),
        ("DELETE FROM approval_estimates WHERE approval = 'PENDING'", "PENDING", "something else"),
        ("DELETE FROM approval_details WHERE approval = 'PENDING'", "PENDING", "something else"),
        ("UPDATE approval_offers SET seconds = 9999 WHERE approval = 'USED'", "USED", "something else"),
        ("DELETE FROM approval_offers WHERE approval = 'USED'", "USED", "something else"),
        ("DELETE FROM approvals WHERE id = 'DENIED'", "DENIED", "not in the database"),
        ("UPDATE grants SET state = 'active' WHERE id = 'GRANT'", "GRANT", "something else"),
        ("UPDATE grants SET expires_at = expires_at + 1 WHERE id = 'GRANT'", "GRANT", "something else"),
        ("UPDATE grants SET granters = '[]' WHERE id = 'GRANT'", "GRANT", "something else"),
        ("UPDATE grants SET shape = 'DROP TABLE orders' WHERE id = 'GRANT'", "GRANT", "something else"),
        ("DELETE FROM grant_steps WHERE grant_id = 'GRANT' AND step = 'used'", "GRANT", "steps"),
        (
            "UPDATE grant_steps SET detail = 'USED' WHERE grant_id = 'GRANT' AND step = 'used'",
            "GRANT",
            "steps",
        ),
        ("DELETE FROM grants WHERE id = 'GRANT'", "GRANT", "not in the database"),
        (
            "UPDATE events SET body = replace(body, 'dan', 'eve') WHERE session = 'approval/DENIED' AND seq = 1",
            "DENIED",
            "step 1 was changed",
        ),
        ("DELETE FROM events WHERE session = 'approval/USED' AND seq = 2", "USED", "step 2 is missing"),
        ("DELETE FROM events WHERE session = 'grant/GRANT'", "GRANT", "step 0 is missing"),
        ("DELETE FROM log WHERE session = 'approval/DENIED' AND seq = 1", "log entry", "is missing"),
        (
            "UPDATE log SET session = 'approval/PENDING' WHERE session = 'approval/DENIED' AND seq = 2",
            "log entry",
            "expected its event",
        ),
    ];
    for (sql, whose, what) in cases {
        let recorded = Recorded::new().await;
        let said = recorded.tampered(sql).await;
        let whose = match whose {
            "USED" => format!("approval `{}`", recorded.used),
            "DENIED" => format!("approval `{}`", recorded.denied),
            "PENDING" => format!("approval `{}`", recorded.pending),
            "GRANT" => format!("grant `{}`", recorded.grant),
            other => other.to_owned(),
        };
        assert!(
            said.contains(&whose) && said.contains(what),
            "{sql}: expected {whose} and {what} in: {said}"
        );
    }
}

#[tokio::test]
async fn histories_that_changed_places_are_found() {
    let swap = "UPDATE TABLE SET COLUMN = 'swap' WHERE COLUMN = 'PREUSED';
        UPDATE TABLE SET COLUMN = 'PREUSED' WHERE COLUMN = 'PREDENIED';
        UPDATE TABLE SET COLUMN = 'PREDENIED' WHERE COLUMN = 'swap';";
    let tables = [
        ("approvals", "id"),
        ("approval_steps", "approval"),
        ("approval_details", "approval"),
        ("approval_offers", "approval"),
    ];
    let rows: String =
        tables.iter().map(|(table, column)| swap.replace("TABLE", table).replace("COLUMN", column)).collect();
    let rows = rows.replace("PRE", "");
    let events = swap.replace("TABLE", "events").replace("COLUMN", "session").replace("PRE", "approval/");
    // The rows alone, what they are made of alone, and both: who was denied would be who was approved.
    for sql in [rows.clone(), events.clone(), rows + &events] {
        let recorded = Recorded::new().await;
        let said = recorded.tampered(&sql).await;
        for id in [&recorded.used, &recorded.denied] {
            assert!(said.contains(&format!("approval `{id}`")), "{said}");
        }
    }
}

#[tokio::test]
async fn what_was_put_in_is_found() {
    let forged = "INSERT INTO approvals SELECT 'FORGED', resource, session, principal, issuer, role, statement, parameters,
        digest, reason, approvers, min_approvals, mode, 'approved', created_at, expires_at FROM approvals WHERE id = 'PENDING'";
    let said = Recorded::new().await.tampered(forged).await;
    assert!(said.contains("approval `FORGED`: it is not in the log"), "{said}");
    let orphan = "INSERT INTO approval_steps VALUES ('ORPHAN', 1, 'approve', 'i', 'eve', '')";
    let said = Recorded::new().await.tampered(orphan).await;
    assert!(said.contains("approval `ORPHAN`: it is not in the log"), "{said}");
    // That the database says that it is an older one does not help.
    let recorded = Recorded::new().await;
    let said = recorded.tampered(&format!("{forged}; PRAGMA user_version = 1")).await;
    assert!(said.contains("approval `FORGED`: it is not in the log"), "{said}");
    let signer = Signer::open(recorded.folder.path()).unwrap();
    let again = Log::open(recorded.store.clone(), signer, recorded.folder.path()).await;
    assert!(format!("{:#}", again.unwrap_err()).contains("the log of an earlier version"));
    // An entry of one's own, linked as it should be: nobody signed for it.
    let recorded = Recorded::new().await;
    let text =
        r#"{"at":"2026-11-23T16:30:00.000Z","step":"approve","issuer":"i","subject":"eve","detail":""}"#;
    let digest = gatewright_core::digest::sha256(text.as_bytes());
    let (name, size) = (format!("approval/{}", recorded.pending), recorded.log.head().await.size);
    let hash = salted(&[7; 16], &digest);
    let entry = Entry { session: (&*name).into(), seq: 1, count: 1, of: Form::Salted, hash };
    let sql = format!(
        "INSERT INTO events (session, seq, count, hash, body, salt) VALUES ('{name}', 1, 1, '{}', '{text}', x'{}');
         INSERT INTO log VALUES ({size}, '{name}', 1, 1, 1, x'{}', x'{}');
         INSERT INTO approval_steps VALUES ('PENDING', 1795451400000, 'approve', 'i', 'eve', '')",
        hex::encode(digest),
        hex::encode([7; 16]),
        hex::encode(hash),
        hex::encode(entry.leaf()),
    );
    let said = recorded.tampered(&sql).await;
    assert_eq!(
        said,
        format!("the log has {} entries, but its checkpoint was signed for {size}", size + 1),
        "nothing else is wrong with it"
    );
}

#[tokio::test]
async fn a_removed_history_is_found() {
    let recorded = Recorded::new().await;
    let said = recorded
        .tampered(
            "DELETE FROM approvals WHERE id = 'DENIED'; DELETE FROM approval_steps WHERE approval = 'DENIED';
             DELETE FROM approval_details WHERE approval = 'DENIED'; DELETE FROM events WHERE session = 'approval/DENIED'",
        )
        .await;
    assert!(
        said.contains(&format!("approval `{}`: step 0 is missing: the log holds 3", recorded.denied)),
        "{said}"
    );
    let said = recorded.tampered("DELETE FROM log WHERE session = 'approval/DENIED'").await;
    assert!(said.contains("is missing"), "{said}");
}

#[tokio::test]
async fn a_filter_cannot_write_the_history_of_an_approval() {
    let recorded = Recorded::new().await;
    for whose in [format!("approval/{}", recorded.pending), "grant/X".to_owned()] {
        let read = read(&mut Chain::new(whose), "x");
        assert!(matches!(read, Err(Rejected::Conflict(_))), "{read:?}");
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_the_log_whole() {
    let recorded = Recorded::new().await;
    let approvals = Approvals::start(recorded.log.clone());
    for i in 0..200_u64 {
        // Cut short at another place each time, as a client's disconnecting does.
        let asked = approvals.request(hold(&format!("c{i}")));
        let _ = tokio::time::timeout(std::time::Duration::from_micros(i * 10), asked).await;
    }
    approvals.request(hold("last")).await.unwrap();
    recorded.log.settle().await;
    assert_eq!(recorded.faults().await, "");
}

crate::testing::on_postgres_too!(
    what_nobody_touched_verifies,
    whatever_is_changed_is_found,
    a_removed_history_is_found,
    a_filter_cannot_write_the_history_of_an_approval,
    a_caller_that_goes_away_leaves_the_log_whole,
);
