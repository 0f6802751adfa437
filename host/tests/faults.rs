//! What happens to machines: a disk that is full, a clock that is set. Nothing that was acknowledged is lost, what cannot be
//! done is said, and all goes on without anybody's hands once it can.

#[allow(dead_code, reason = "each suite uses a part of it")]
#[path = "support/approvals.rs"]
mod approvals;
#[path = "support/events.rs"]
mod events;
#[allow(dead_code, reason = "each suite uses a part of it")]
#[path = "support/host.rs"]
mod host;

use std::path::{Path, PathBuf};
use std::time::Duration;

use gatewright_core::api::EventBatch;
use gatewright_core::run::{Chain, Lines};
use gatewright_tests::account::is_root;
use gatewright_tests::faketime;
use host::{Around, FILTER_TOKEN, Host};
use serde_json::{Value, json};

const DAY: Duration = Duration::from_secs(86_400);

/// A filter's session, which sends a statement at a time.
struct Filter {
    chain: Chain,
    sent: u64,
}

impl Filter {
    fn new(session: &str) -> Self {
        Self { chain: Chain::new(session.to_owned()), sent: 0 }
    }

    /// A batch of one statement of that length.
    fn next(&mut self, length: usize) -> String {
        self.sent += 1;
        let kind = events::statement(self.sent, &"x".repeat(length), "allow", &[]);
        let mut lines = Lines::default();
        lines.push(1_700_000_000_000 + self.sent, &kind);
        let batch = EventBatch { resource: "shop".to_owned(), runs: vec![self.chain.seal(&lines)] };
        String::from_utf8(batch.lines()).unwrap()
    }
}

async fn record(host: &Host, batch: &str) -> (u16, Value) {
    host.post_text("/v1/filter/events", FILTER_TOKEN, batch).await
}

async fn ask(host: &Host, digest: &str) -> (u16, Value) {
    host.post("/v1/filter/approvals", FILTER_TOKEN, &approvals::plain(digest)).await
}

/// An approval that could be asked for.
async fn asked(host: &Host, digest: &str) -> String {
    let (status, answer) = ask(host, digest).await;
    assert_eq!(status, 200, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

async fn approve(host: &Host, token: &str, id: &str) -> (u16, Value) {
    let decision = json!({ "decision": "approve", "comment": "yes" });
    host.post(&format!("/v1/approvals/{id}/decision"), token, &decision).await
}

/// What the host's log complains about.
fn complaints(host: &Host) -> String {
    let log = std::fs::read_to_string(host.folder.path().join("log")).unwrap();
    log.lines().filter(|line| line.contains("ERROR")).collect::<Vec<_>>().join("\n")
}

/// How many events a session has.
async fn recorded(host: &Host, session: &str, token: &str) -> usize {
    let (status, answer) = host.get(&format!("/v1/sessions/{session}"), token).await;
    assert_eq!(status, 200, "{answer}");
    answer["events"].as_array().unwrap().len()
}

/// Gives the host a disk of its own for its data, of so many MB.
fn small_disk(folder: &Path, megabytes: u32) -> Around {
    let mut command = vec!["unshare".to_owned(), "--mount".to_owned()];
    if !is_root() {
        command.push("--map-root-user".to_owned());
    }
    let mount = format!("mount -t tmpfs -o size={megabytes}m data \"$0\" && exec \"$@\"");
    command.extend(["sh".to_owned(), "-c".to_owned(), mount, folder.join("data").display().to_string()]);
    Around { command, env: Vec::new() }
}

/// A file in the data folder as the host sees it.
fn inside(host: &Host, name: &str) -> PathBuf {
    let data = host.folder.path().join("data");
    Path::new("/proc")
        .join(host.id().to_string())
        .join("root")
        .join(data.strip_prefix("/").unwrap())
        .join(name)
}

/// Records statements of that length until one is refused; gives that one.
async fn until_refused(host: &Host, filter: &mut Filter, length: usize) -> (String, usize) {
    let mut acknowledged = 0;
    loop {
        let batch = filter.next(length);
        let (status, answer) = record(host, &batch).await;
        if status == 200 {
            acknowledged += 1;
            assert!(acknowledged < 5_000, "the disk is never full");
            continue;
        }
        assert_eq!(status, 503, "{answer}");
        assert!(answer["detail"].as_str().unwrap().contains("again"), "{answer}");
        return (batch, acknowledged);
    }
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_is_gone_on_from() {
    let host = Host::start_in(1, |folder| small_disk(folder, 32));
    // More than the database and its write-ahead log take together.
    std::fs::write(inside(&host, "filler"), vec![1; 20 << 20]).unwrap();
    let (dan, audit) = (host.token("dan", &["dba"]), host.token("eve", &["audit"]));
    let approval = asked(&host, "first").await;

    // Large statements until none fits, and then small ones: the database's own files have some room.
    let mut filter = Filter::new("filter");
    let (refused, acknowledged) = until_refused(&host, &mut filter, 100_000).await;
    assert!(acknowledged > 5, "{acknowledged}");
    let room = std::fs::File::options().append(true).open(inside(&host, "filler")).unwrap();
    while std::io::Write::write(&mut &room, &[1; 4096]).is_ok() {}
    let mut small = Filter::new("small");
    let (small_refused, small_acknowledged) = until_refused(&host, &mut small, 10).await;

    // What can be read is read, what cannot be written is refused, for as long as it lasts.
    let full = |status, said: &Value| status == 503 && said["store"] == "it cannot be written";
    host.until("that it is full", "/readyz", full).await;
    assert_eq!(host.get("/healthz", "").await.0, 200, "it lives nevertheless");
    for (status, answer) in
        [ask(&host, "second").await, approve(&host, &dan, &approval).await, record(&host, &refused).await]
    {
        assert_eq!(status, 503, "{answer}");
    }
    assert_eq!(recorded(&host, "filter", &audit).await, acknowledged);

    std::fs::remove_file(inside(&host, "filler")).unwrap();
    drop(room);
    host.until("that it is not full", "/readyz", |_, said| said["store"] == "writable").await;
    for batch in [&refused, &small_refused] {
        let (status, answer) = record(&host, batch).await;
        assert_eq!(status, 200, "{answer}\n{}", complaints(&host));
    }
    assert_eq!(recorded(&host, "filter", &audit).await, acknowledged + 1);
    assert_eq!(recorded(&host, "small", &audit).await, small_acknowledged + 1);
    let (status, answer) = approve(&host, &dan, &approval).await;
    assert_eq!((status, &answer["state"]), (200, &json!("approved")), "{answer}\n{}", complaints(&host));
    asked(&host, "second").await;

    // A copy of the disk is as good as any.
    let copy = host.folder.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    for entry in std::fs::read_dir(inside(&host, "")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    let config = std::fs::read_to_string(host.folder.path().join("gatewright.yaml")).unwrap();
    let config = config.replace("data: data", "data: copy");
    std::fs::write(host.folder.path().join("copy.yaml"), config).unwrap();
    host.verify("copy.yaml");
}

/// Sets the clock of the host, by the machine's.
fn set_clock(folder: &Path, offset: &str) {
    let (new, file) = (folder.join("clock.new"), folder.join("clock"));
    std::fs::write(&new, offset).unwrap();
    std::fs::rename(new, file).unwrap();
}

#[tokio::test]
async fn a_clock_that_is_set_loses_nothing() {
    let mut host = Host::start_in(1, |folder| {
        set_clock(folder, "+0");
        let env = [
            ("LD_PRELOAD", faketime::library().unwrap().display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", folder.join("clock").display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ];
        Around { command: Vec::new(), env: env.map(|(name, value)| (name.to_owned(), value)).into() }
    });
    let dan = host.lasting_token("dan", &["dba"], 3 * DAY);
    let audit = host.lasting_token("eve", &["audit"], 3 * DAY);
    let mut filter = Filter::new("filter");
    let (first, second) = (asked(&host, "first").await, asked(&host, "second").await);
    assert_eq!(record(&host, &filter.next(10)).await.0, 200);

    // Back: what was asked for is still there to be decided, once.
    set_clock(host.folder.path(), "-1d");
    assert_eq!(record(&host, &filter.next(10)).await.0, 200);
    let (status, answer) = approve(&host, &dan, &first).await;
    assert_eq!((status, &answer["state"]), (200, &json!("approved")), "{answer}");
    assert_eq!(approve(&host, &dan, &first).await.0, 409);
    let (status, told) = host.get(&format!("/v1/filter/approvals/{first}/wait"), FILTER_TOKEN).await;
    assert_eq!((status, &told["state"]), (200, &json!("approved")), "{told}");
    let early = asked(&host, "third").await;

    // Ahead: what should have been decided by now is over, and says so.
    set_clock(host.folder.path(), "+1d");
    for id in [&second, &early] {
        let (status, answer) = approve(&host, &dan, id).await;
        assert_eq!(status, 409, "{answer}");
        let path = format!("/v1/approvals/{id}");
        let (_, answer) = host.get(&path, &dan).await;
        assert_eq!(answer["state"], "expired", "{answer}");
    }
    assert_eq!(record(&host, &filter.next(10)).await.0, 200);
    let late = asked(&host, "fourth").await;
    assert_eq!(approve(&host, &dan, &late).await.0, 200);

    // Right again, with a host that begins before what it has written.
    set_clock(host.folder.path(), "+0");
    host.restart();
    assert_eq!(record(&host, &filter.next(10)).await.0, 200);
    assert_eq!(recorded(&host, "filter", &audit).await, 4);
    let last = asked(&host, "fifth").await;
    assert_eq!(approve(&host, &dan, &last).await.0, 200);
    host.kill();
    host.start_again();
    host.stop();
    host.verify("gatewright.yaml");
}
