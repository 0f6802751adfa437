//! Two hosts of one PostgreSQL: what happens at one is so at the other.

#[allow(dead_code, reason = "each suite uses a part of it")]
#[path = "support/approvals.rs"]
mod approvals;
#[path = "support/events.rs"]
mod events;
#[allow(dead_code, reason = "each suite uses a part of it")]
#[path = "support/host.rs"]
mod host;
#[allow(dead_code, reason = "each suite uses a part of it")]
#[path = "support/postgres.rs"]
mod postgres;

use std::time::{Duration, Instant};

use gatewright_core::api::EventBatch;
use gatewright_core::run::{Chain, Lines, SealedRun};
use host::{FILTER_TOKEN, Host};
use postgres::Postgres;
use serde_json::{Value, json};

fn two() -> (Postgres, Host, Host) {
    let postgres = Postgres::start();
    let first = Host::start_on(&postgres.url("shop"), None);
    let second = Host::start_on(&postgres.url("shop"), Some(&first));
    (postgres, first, second)
}

async fn ask(host: &Host, digest: &str) -> (String, String) {
    let mut approval = approvals::plain(digest);
    approval["shape"] = "DELETE FROM orders".into();
    let (status, asked) = host.post("/v1/filter/approvals", FILTER_TOKEN, &approval).await;
    assert_eq!(status, 200, "{asked}");
    (asked["id"].as_str().unwrap().to_owned(), asked["state"].as_str().unwrap().to_owned())
}

fn statement(chain: &mut Chain, text: &str) -> SealedRun {
    let mut lines = Lines::default();
    let kind = events::statement(1, text, "allow", &[]);
    lines.push(1_700_000_000_000, &kind);
    chain.seal(&lines)
}

async fn send(host: &Host, run: &SealedRun) -> (u16, Value) {
    let lines = EventBatch { resource: "shop".to_owned(), runs: vec![run.clone()] }.lines();
    host.post_text("/v1/filter/events", FILTER_TOKEN, std::str::from_utf8(&lines).unwrap()).await
}

/// Decides at the second host what is waited for at the first; how long after that it was heard of there.
async fn decided(first: &Host, second: &Host, id: &str, approve: &Value) -> Duration {
    let path = format!("/v1/filter/approvals/{id}/wait");
    let (((status, answer), heard_at), decided_at) = tokio::join!(
        async {
            let answer = first.get(&path, FILTER_TOKEN).await;
            (answer, Instant::now())
        },
        async {
            // By then the first one waits.
            tokio::time::sleep(Duration::from_millis(100)).await;
            let dan = second.token("dan", &["dba"]);
            let (status, said) = second.post(&format!("/v1/approvals/{id}/decision"), &dan, approve).await;
            assert_eq!(status, 200, "{said}");
            Instant::now()
        }
    );
    assert_eq!((status, answer["state"].as_str()), (200, Some("approved")), "{answer}");
    assert_eq!(answer["decided_by"], json!(["dan"]));
    heard_at.saturating_duration_since(decided_at)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_decided_at_one_is_told_to_the_other() {
    let (_postgres, first, second) = two();
    let mut took = Vec::new();
    for number in 0..11 {
        let (id, state) = ask(&first, &format!("d{number}")).await;
        assert_eq!(state, "pending");
        let approve = json!({ "decision": "approve", "comment": "fine" });
        took.push(decided(&first, &second, &id, &approve).await);
    }
    // A host looks by itself once a second: each of these would wait for the next time after the last one.
    took.sort();
    assert!(took[5] < Duration::from_millis(250), "they were told, and not only found: {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_at_one_is_decided_at_the_other() {
    let (_postgres, first, second) = two();
    let (id, state) = ask(&first, "d1").await;
    assert_eq!(state, "pending");
    let dan = second.token("dan", &["dba"]);
    let (status, pending) = second.get("/v1/approvals?state=pending", &dan).await;
    assert_eq!((status, &pending[0]["id"]), (200, &json!(id)));
    let approve = json!({ "decision": "approve", "comment": "fine", "grant": "10m" });
    decided(&first, &second, &id, &approve).await;
    // It is used up, wherever one asks.
    assert_eq!(second.get(&format!("/v1/filter/approvals/{id}/wait"), FILTER_TOKEN).await.0, 409);

    // The grant that came with it counts at both; once it is revoked, at neither.
    let dan = first.token("dan", &["dba"]);
    let (_, grants) = first.get("/v1/grants?active=true", &dan).await;
    assert_eq!(ask(&first, "d2").await.1, "approved");
    assert_eq!(ask(&second, "d3").await.1, "approved");
    let revoke = format!("/v1/grants/{}/revoke", grants[0]["id"].as_str().unwrap());
    assert_eq!(first.post(&revoke, &dan, &json!({ "comment": "enough" })).await.0, 200);
    assert_eq!(ask(&second, "d4").await.1, "pending");
    first.verify("gatewright.yaml");
    second.verify("gatewright.yaml");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_goes_on_at_another_host() {
    let (_postgres, mut first, second) = two();
    let mut chain = Chain::new("s1");
    let runs: Vec<SealedRun> =
        (0..8).map(|number| statement(&mut chain, &format!("SELECT {number}"))).collect();
    for run in &runs[..4] {
        assert_eq!(send(&first, run).await.0, 200);
    }
    // Its answer was lost: it is sent again, and is there once.
    assert_eq!(send(&second, &runs[3]).await.0, 200);
    assert_eq!(send(&second, &runs[5]).await.0, 409, "nothing may be missing in between");
    first.kill();
    for run in &runs[4..7] {
        assert_eq!(send(&second, run).await.0, 200);
    }
    first.start_again();
    assert_eq!(send(&first, &runs[7]).await.0, 200);
    assert_eq!(send(&second, &runs[7]).await.0, 200);
    for host in [&first, &second] {
        let (_, said) = host.get("/v1/sessions/s1", &host.token("eve", &["audit"])).await;
        let texts: Vec<&str> =
            said["events"].as_array().unwrap().iter().filter_map(|e| e["text"].as_str()).collect();
        let expected: Vec<String> = (0..8).map(|number| format!("SELECT {number}")).collect();
        assert_eq!(texts, expected);
        assert!(host.verify("gatewright.yaml").contains('8'));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_start_at_once_make_the_tables_once() {
    let postgres = Postgres::start();
    // The keys are those of a host that was there before, elsewhere.
    postgres.sql("postgres", "CREATE DATABASE before");
    let before = Host::start_on(&postgres.url("before"), None);
    let hosts: Vec<Host> = std::thread::scope(|scope| {
        let start = || Host::start_on(&postgres.url("shop"), Some(&before));
        let starting: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
        starting.into_iter().map(|host| host.join().unwrap()).collect()
    });
    for (number, host) in hosts.iter().enumerate() {
        assert_eq!(send(host, &statement(&mut Chain::new(format!("s{number}")), "SELECT 1")).await.0, 200);
    }
    hosts[3].verify("gatewright.yaml");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_with_other_keys_is_refused() {
    let (postgres, first, mut second) = two();
    second.stop();
    for name in ["mask.key", "tokens.key"] {
        let path = second.folder.path().join("data").join(name);
        let key = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let done = second.run(&["serve", "--config", "gatewright.yaml"]);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(2), "{said}");
        assert!(
            said.contains(&format!("`{name}` in the data folder is not that of the other hosts")),
            "{said}"
        );
        std::fs::write(&path, key).unwrap();
    }
    for name in ["signing.key", "signing.pub"] {
        std::fs::remove_file(second.folder.path().join("data").join(name)).unwrap();
    }
    let done = second.run(&["serve", "--config", "gatewright.yaml"]);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(2), "{said}");
    assert!(said.contains("signing.key"), "{said}");
    drop((first, postgres));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_put_back_is_not_gone_on_with() {
    let (postgres, first, second) = two();
    let mut chain = Chain::new("s1");
    for number in 0..6 {
        let host = if number % 2 == 0 { &first } else { &second };
        assert_eq!(send(host, &statement(&mut chain, &format!("SELECT {number}"))).await.0, 200);
        if number == 3 {
            postgres.sql("shop", "CREATE TABLE kept AS SELECT note FROM checkpoint");
        }
    }
    // As after a failover to a standby that was behind: all of it is consistent, and the end is missing.
    let back = "DELETE FROM log WHERE idx > 3; DELETE FROM events WHERE seq > 3;
        UPDATE sessions SET head_seq = 3, head_hash = (SELECT hash FROM events WHERE seq = 3);
        UPDATE checkpoint SET note = (SELECT note FROM kept)";
    postgres.sql("shop", back);
    for host in [&first, &second] {
        let (status, said) = send(host, &statement(&mut Chain::new("s2"), "SELECT 1")).await;
        assert_eq!(status, 503, "{said}");
        let log = std::fs::read_to_string(host.folder.path().join("log")).unwrap();
        assert!(log.contains("entries and does not hold the"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_host_does_for_all_is_done_by_another_when_it_dies() {
    let (postgres, mut first, second) = two();
    let holder = |expected: &str| postgres.holds("shop", expected);
    let one = "(SELECT count(*) FROM leases) = 1";
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holder(one) {
        assert!(Instant::now() < deadline, "nobody takes the lease");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    postgres.sql("shop", "CREATE TABLE before AS SELECT holder FROM leases");
    // The first host took it: it was there before the second one.
    first.kill();
    let another = "(SELECT holder FROM leases) <> (SELECT holder FROM before)";
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holder(another) {
        assert!(Instant::now() < deadline, "nobody takes the lease of a host that died");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    drop(second);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_may_want_a_password_which_nobody_is_shown() {
    let postgres = Postgres::start();
    let secret = "correct-horse-battery";
    postgres.sql(
        "shop",
        &format!("CREATE ROLE plain LOGIN PASSWORD '{secret}'; GRANT ALL ON SCHEMA public TO plain"),
    );
    let url = postgres.url("shop").replace("postgres@", "plain@");
    let before = Host::start_on(&postgres.url("postgres"), None);
    let mut host = Host::start_on(&postgres.url("postgres"), Some(&before));
    host.stop();
    let path = host.folder.path().join("gatewright.yaml");
    let config = std::fs::read_to_string(&path).unwrap().replace(&postgres.url("postgres"), &url);
    // Without it, with another one, in the file itself: refused, and not shown.
    let serve = |config: &str, variable: Option<&str>| {
        std::fs::write(&path, config).unwrap();
        let mut command = host.command(&["serve", "--config", "gatewright.yaml"]);
        command.envs(variable.map(|url| ("GATEWRIGHT_DATABASE", url)));
        let done = command.output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(2), "{said}");
        assert!(!said.contains("battery") && !said.contains("staple"), "{said}");
        said
    };
    assert!(serve(&config, None).contains("database `shop` at 127.0.0.1"));
    let inside = config.replace("plain@", &format!("plain:{secret}@"));
    assert!(serve(&inside, None).contains("does not belong into this file"));
    let wrong = url.replace("plain@", "plain:battery-staple@");
    assert!(serve(&config, Some(&wrong)).contains("password authentication failed"));
    assert!(serve(&config, Some("postgres:/correct-horse-battery")).contains("expected `postgres://"));
    // By reference, it is taken.
    std::fs::write(host.folder.path().join("db"), secret).unwrap();
    let with = config.replace("  filter_token:", "  database_password: { file: db }\n  filter_token:");
    std::fs::write(&path, with).unwrap();
    host.start_again();
    assert_eq!(send(&host, &statement(&mut Chain::new("s1"), "SELECT 1")).await.0, 200);
    host.verify("gatewright.yaml");
    let log = std::fs::read_to_string(host.folder.path().join("log")).unwrap();
    assert!(!log.contains(secret), "{log}");
}
