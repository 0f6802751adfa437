//! What is pruned, what is not, and what is still known afterwards.

use std::time::Duration;

use gatewright_core::api::EventBatch;
use gatewright_core::event::Kind;
use gatewright_core::run::{Chain, Lines};

use super::{Clock, finish, prune};
use crate::config::retention::Retention;
use crate::log::verify::{Asked, Findings, verify};
use crate::log::{Batch, Log, Recorder, Rejected, Signer};
use crate::metrics::Metrics;
use crate::store::Store;
use crate::store::search::Wanted;
use crate::time::now;

const DAY: u64 = 86_400_000;

struct Host {
    folder: tempfile::TempDir,
    store: Store,
    log: Log,
    recorder: Recorder,
}

/// A run of a session: its beginning, something that tells it from others, and its end if it has one.
fn batch(chain: &mut Chain, resource: &str, principal: &str, at: u64, kinds: &[Kind]) -> Batch {
    let text = |text: &str| text.to_owned();
    let mut lines = Lines::default();
    let open = Kind::Open {
        resource: text(resource),
        principal: text(principal),
        issuer: text("https://idp.example"),
        groups: vec![],
        role: text("support"),
        database: text("shop"),
        source: text("127.0.0.1:5"),
        application: text(""),
    };
    lines.push(at, &open);
    kinds.iter().for_each(|kind| {
        lines.push(at, kind);
    });
    Batch::read(EventBatch { resource: text(resource), runs: vec![chain.seal(&lines)] }.lines()).unwrap()
}

fn said(what: &str) -> Kind {
    Kind::Error { statement: 1, code: "00000".to_owned(), message: what.to_owned() }
}

fn close() -> Kind {
    Kind::Close { reason: "bye".to_owned() }
}

impl Host {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::testing::open(folder.path()).await.unwrap();
        let log =
            Log::open(store.clone(), Signer::open(folder.path()).unwrap(), folder.path()).await.unwrap();
        let recorder = Recorder::start(log.clone(), Metrics::default());
        Self { folder, store, log, recorder }
    }

    /// A session that was over so many days ago.
    async fn session(&self, id: &str, resource: &str, principal: &str, days: u64) {
        let kinds = [said(&format!("a secret of {id}")), close()];
        let batch = batch(&mut Chain::new(id), resource, principal, now() - days * DAY, &kinds);
        self.recorder.record(batch).await.unwrap();
    }

    /// As if the host had heard of everything when it happened.
    async fn long_ago(&self) {
        self.store.tamper("UPDATE sessions SET heard_at = last_at").await;
    }

    async fn prune(&self, yaml: &str) -> u64 {
        self.long_ago().await;
        let retention: Retention = crate::config::parse_yaml(yaml).unwrap();
        prune(&self.store, &self.recorder, &retention, now()).await.unwrap()
    }

    /// Ids of the sessions whose events are there.
    async fn kept(&self) -> Vec<String> {
        let sessions = self.store.find_sessions(&Wanted { limit: 1_000, ..Wanted::default() }).await.unwrap();
        let mut kept = Vec::new();
        for session in sessions {
            let events = self.store.events(&session.id, 0, 10).await.unwrap();
            assert_eq!(events.is_empty(), session.pruned.is_some(), "{}", session.id);
            kept.extend(Some(session.id).filter(|_| !events.is_empty()));
        }
        kept.sort();
        kept
    }

    async fn found(&self) -> Findings {
        self.log.settle().await;
        verify(&self.store, self.folder.path(), &Asked::default()).await.unwrap()
    }

    async fn faults_after(&self, sql: &str) -> String {
        self.store.tamper(sql).await;
        self.found().await.faults.join("\n")
    }
}

const RULES: &str = r#"
rules:
  - { name: shop-month, resources: [shop], older_than: 30d }
  - { name: year, older_than: 365d }
"#;

#[tokio::test]
async fn the_first_rule_about_a_resource_counts() {
    let host = Host::new().await;
    for (id, resource, days) in [
        ("a", "shop", 29),
        ("b", "shop", 31),
        ("c", "shop", 400),
        ("d", "hr", 31),
        ("e", "hr", 364),
        ("f", "hr", 366),
    ] {
        host.session(id, resource, "ann", days).await;
    }
    assert_eq!(host.prune("rules: []").await, 0);
    assert_eq!(host.prune(RULES).await, 3);
    assert_eq!(host.kept().await, ["a", "d", "e"]);
    assert_eq!(host.prune(RULES).await, 0, "once is enough");
    // The list says who, when and by which rule; the log says the same, and is what it was.
    let rows =
        [host.store.session("b").await.unwrap().unwrap(), host.store.session("f").await.unwrap().unwrap()];
    assert_eq!(
        rows.map(|row| (row.principal, row.pruned.unwrap().by)),
        [("ann".to_owned(), "shop-month".to_owned()), ("ann".to_owned(), "year".to_owned())]
    );
    let findings = host.found().await;
    assert_eq!((findings.faults, findings.sessions, findings.pruned, findings.entries), (vec![], 6, 3, 8));
    let own = host.store.runs("host/log", 0, 10).await.unwrap();
    assert!(own[0].text.contains(r#""step":"pruned""#) && own[0].text.contains(r#""rule":"shop-month""#));
    assert!(own[0].text.contains(r#"{"id":"b","events":3,"#), "{}", own[0].text);
}

#[tokio::test]
async fn what_is_held_stays() {
    let host = Host::new().await;
    for (id, resource, who) in
        [("a", "shop", "ann"), ("b", "shop", "bob"), ("c", "hr", "ann"), ("d", "hr", "dan")]
    {
        host.session(id, resource, who, 50).await;
    }
    let day = |days: u64| crate::time::rfc3339(now() - days * DAY)[..10].to_owned();
    let holds = [
        ("holds: [{ name: all }]".to_owned(), 0),
        (format!("holds: [{{ name: then, from: {}, to: {} }}]", day(50), day(50)), 0),
        (format!("max_size: 1\nholds: [{{ name: then, from: {} }}]", day(51)), 0),
        (
            "holds: [{ name: a, sessions: [a] }, { name: b, resources: [hr], principals: [ann] }]".to_owned(),
            2,
        ),
    ];
    for (hold, pruned) in holds {
        assert_eq!(
            host.prune(&format!("rules: [{{ name: r, older_than: 1d }}]\n{hold}")).await,
            pruned,
            "{hold}"
        );
    }
    assert_eq!(host.kept().await, ["a", "c"]);
    assert_eq!(host.found().await.faults, Vec::<String>::new());
}

#[tokio::test]
async fn the_size_cap_takes_the_oldest_and_only_what_it_must() {
    let host = Host::new().await;
    for i in 0..60_u64 {
        let kinds = [said(&"x".repeat(40_000)), close()];
        let batch = |id: String| batch(&mut Chain::new(id), "shop", "ann", now() - (100 - i) * DAY, &kinds);
        host.recorder.record(batch(format!("s{i:02}"))).await.unwrap();
    }
    let used = host.store.used().await.unwrap();
    let pruned = host.prune(&format!("max_size: {}", used - 700_000)).await;
    assert!(host.store.used().await.unwrap() <= used - 700_000);
    assert_eq!(pruned, 20, "in tens");
    assert_eq!(host.kept().await[0], "s20");
    // Nothing is left that may go: it is said, and that is all.
    host.session("new", "shop", "ann", 0).await;
    host.prune("max_size: 1").await;
    assert_eq!(host.kept().await, ["new"]);
    assert_eq!(host.found().await.faults, Vec::<String>::new());
}

#[tokio::test]
async fn nothing_is_added_to_what_was_pruned() {
    let host = Host::new().await;
    let mut chain = Chain::new("open");
    host.recorder.record(batch(&mut chain, "shop", "ann", now() - 50 * DAY, &[said("1")])).await.unwrap();
    let mut alive = Chain::new("alive");
    host.recorder.record(batch(&mut alive, "shop", "ann", now() - 50 * DAY, &[said("1")])).await.unwrap();
    host.recorder.record(batch(&mut alive, "shop", "ann", now() - 1_000, &[said("2")])).await.unwrap();
    // A short rule does not take what is open and was used a moment ago.
    assert_eq!(host.prune("rules: [{ name: r, older_than: 1ms }]").await, 1);
    assert_eq!(host.kept().await, ["alive"]);
    let late = host.recorder.record(batch(&mut chain, "shop", "ann", now(), &[close()])).await;
    assert_eq!(late, Err(Rejected::Conflict("session `open` is over: its events were pruned".to_owned())));
    host.recorder.record(batch(&mut alive, "shop", "ann", now(), &[close()])).await.unwrap();
    // Nor is what happened to meanwhile what was looked at.
    let row = host.store.session("alive").await.unwrap().unwrap();
    let stale = crate::store::sessions::SessionRow { last_at: 1, ..row };
    assert!(host.recorder.prune("r", vec![stale]).await.unwrap().is_empty());
    assert_eq!(host.found().await.faults, Vec::<String>::new());
}

#[tokio::test]
async fn pruned_is_not_missing() {
    let host = async || {
        let host = Host::new().await;
        host.session("old", "shop", "ann", 400).await;
        host.session("new", "shop", "bob", 1).await;
        assert_eq!(host.prune(RULES).await, 1);
        host
    };
    let missing = "session `new`: event 0 is missing: the log holds 3 events of it";
    for (sql, what) in [
        ("DELETE FROM events WHERE session = 'new'", missing),
        // That the list says so is not enough.
        (
            "DELETE FROM events WHERE session = 'new'; UPDATE sessions SET pruned_at = 1, pruned_by = 'year' WHERE id = 'new'",
            missing,
        ),
        (
            "UPDATE sessions SET principal = 'eve' WHERE id = 'old'",
            "session `old`: the list of sessions says something else",
        ),
        (
            "UPDATE sessions SET pruned_at = NULL WHERE id = 'old'",
            "session `old`: the list of sessions says something else",
        ),
        ("DELETE FROM sessions WHERE id = 'old'", "session `old`: it is not in the list of sessions"),
        (
            "UPDATE events SET body = replace(body, '\"old\"', '\"new\"') WHERE session = 'host/log'",
            "the host's own history `log`: step 0 was changed",
        ),
        ("DELETE FROM events WHERE session = 'host/log'", "the host's own history `log`: step 0 is missing"),
        ("DELETE FROM log WHERE session = 'old'", "log entry 0 is missing"),
        (
            "UPDATE log SET hash = zeroblob(32) WHERE session = 'old'",
            "log entry 0 (event 0 of session `old`) was changed",
        ),
        (
            "INSERT INTO events (session, seq, count, hash, body) VALUES ('old', 0, 3, '', 'x')",
            "session `old`: event 0 is not the one that the log holds",
        ),
    ] {
        let said = host().await.faults_after(sql).await;
        assert!(said.contains(what), "{sql}: {said}");
    }
}

#[tokio::test]
async fn what_was_pruned_is_not_in_the_files_any_more() {
    let host = Host::new().await;
    host.session("old", "shop", "ann", 400).await;
    host.session("new", "shop", "ann", 1).await;
    let hash = host.store.session("old").await.unwrap().unwrap().head_hash;
    assert_eq!(host.prune(RULES).await, 1);
    // The writer's page cache, SQLite's file and its write-ahead log.
    host.store.close().await;
    for file in ["gatewright.sqlite", "gatewright.sqlite-wal"] {
        let bytes = std::fs::read(host.folder.path().join(file)).unwrap_or_default();
        let has = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(!has("a secret of old"), "{file}");
        // Nor what would tell whether a guess is right: the hash of the text.
        assert!(!has(&hash), "{file}");
        assert!(file.ends_with("wal") || has("a secret of new"));
    }
}

#[tokio::test]
async fn a_host_that_ended_while_it_pruned_goes_on() {
    let host = Host::new().await;
    host.session("old", "shop", "ann", 400).await;
    let row = host.store.session("old").await.unwrap().unwrap();
    assert_eq!(host.recorder.prune("year", vec![row]).await.unwrap(), ["old"]);
    // The log says so, and they are still there: nothing is wrong with that.
    assert_eq!(host.store.events("old", 0, 10).await.unwrap().len(), 3);
    let findings = host.found().await;
    assert_eq!((findings.faults, findings.pruned), (vec![], 1));
    finish(&host.store).await.unwrap();
    assert!(host.kept().await.is_empty());
    // A caller that errs removes nothing of what is not pruned.
    host.session("new", "shop", "ann", 1).await;
    assert_eq!(host.store.remove_runs("new", 10).await.unwrap(), 0);
}

#[tokio::test]
async fn a_reader_does_not_hold_the_writers_up() {
    let host = Host::new().await;
    host.session("old", "shop", "ann", 400).await;
    // Somebody who reads all the time, as `sessions verify` does beside a host.
    let reader = crate::testing::open_read_only(host.folder.path()).await.unwrap();
    assert_eq!(reader.events("old", 0, 10).await.unwrap().len(), 3);
    host.long_ago().await;
    let (store, recorder) = (host.store.clone(), host.recorder.clone());
    let retention: Retention = crate::config::parse_yaml(RULES).unwrap();
    let pruning = tokio::spawn(async move { prune(&store, &recorder, &retention, now()).await });
    for i in 0..20 {
        let began = std::time::Instant::now();
        host.session(&format!("s{i}"), "shop", "ann", 1).await;
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    reader.close().await;
    assert_eq!(pruning.await.unwrap().unwrap(), 1);
    assert_eq!(host.found().await.faults, Vec::<String>::new());
}

#[tokio::test]
async fn a_filter_whose_clock_is_wrong_makes_nothing_old() {
    let host = Host::new().await;
    host.session("old", "shop", "ann", 400).await;
    let retention: Retention = crate::config::parse_yaml(RULES).unwrap();
    assert_eq!(prune(&host.store, &host.recorder, &retention, now()).await.unwrap(), 0);
    assert_eq!(host.prune(RULES).await, 1);
}

#[tokio::test]
async fn a_clock_that_jumps_makes_nothing_old() {
    let clock = Clock::default();
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert!(clock.now().is_some());
    for jump in [2 * 3_600_000, 400 * DAY] {
        assert_eq!((clock.at(now() + jump), clock.at(now() - jump)), (None, None));
    }
}

crate::testing::on_postgres_too!(
    the_first_rule_about_a_resource_counts,
    what_is_held_stays,
    the_size_cap_takes_the_oldest_and_only_what_it_must,
    nothing_is_added_to_what_was_pruned,
    pruned_is_not_missing,
    a_host_that_ended_while_it_pruned_goes_on,
    a_reader_does_not_hold_the_writers_up,
    a_filter_whose_clock_is_wrong_makes_nothing_old,
);
