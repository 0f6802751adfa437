//! What those who watch are sent: over real connections that break, stall and are not to be trusted, and validated by the
//! schema of OCSF.

#[path = "support/approvals.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod approvals;
#[path = "support/events.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod events;
#[path = "support/host.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod host;
#[path = "support/watchers.rs"]
mod watchers;

use std::collections::{BTreeSet, HashSet};
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use approvals::with_config;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use events::open;
use gatewright_core::api::EventBatch;
use gatewright_core::event::Kind;
use gatewright_core::explanation::{Explained, Explanation, Requested};
use gatewright_core::run::{Chain, Lines};
use gatewright_tests::certificates::Authority;
use gatewright_tests::port::Port;
use gatewright_tests::tools;
use hmac::{Hmac, KeyInit as _, Mac as _};
use host::{FILTER_TOKEN, Host};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use watchers::{Got, Hook, Message, Syslog};

const SECRET: &str = "a secret of the webhook, long enough";
const CANARIES: [&str; 6] =
    ["canary-text", "canary-parameter", "canary-row", "canary-error", "canary-comment", "canary-path"];

fn uid(event: &Value) -> &str {
    event["metadata"]["uid"].as_str().unwrap()
}

async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    // A host pauses for seconds between two attempts, and a webhook refuses several in a row.
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} does not come");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// So many different events.
async fn until_uids(got: &Got, count: usize) -> Vec<Message> {
    until(&format!("{count} events"), || {
        let got = got.lock().unwrap().clone();
        let uids: HashSet<&str> = got.iter().map(|message| uid(&message.event)).collect();
        (uids.len() >= count).then_some(got.clone())
    })
    .await
}

fn text(s: &str) -> String {
    s.to_owned()
}

fn statement(number: u64, line: &str, decision: &str, actions: &[&str]) -> Kind {
    let request = |action: &&str| Requested {
        action: text(action),
        resource: text("Table::\"shop.public.people\""),
        decision: text("allow"),
        policies: vec![text("read")],
        reason: String::new(),
    };
    let explained = Explained {
        statement: text("SELECT"),
        requests: actions.iter().map(request).collect(),
        ..Explained::default()
    };
    let explanation = Explanation { unparsed: None, statements: vec![explained] };
    Kind::Statement {
        statement: number,
        text: text(line),
        parameters: vec![Some(text("canary-parameter")), None],
        decision: text(decision),
        would: None,
        policies: vec![text("read")],
        reason: text("because"),
        shape: None,
        explanation: (!actions.is_empty()).then(|| Arc::new(explanation)),
        explained_by: None,
        trace: None,
    }
}

fn result(tag: &str) -> Kind {
    Kind::Result {
        statement: 1,
        tag: text(tag),
        columns: vec![text("name"), text("email")],
        rows: vec![vec![Some(text("canary-row")), Some(text("a***@example.com"))], vec![None, None]],
        row_count: 2,
        masked: vec![text("email")],
        unmasked: false,
        would_hide: vec![],
        would_withhold: None,
        elapsed_ms: 3,
    }
}

/// Everything that there is to record.
fn everything(resource: &str, line: &str, tag: &str) -> Vec<Kind> {
    let of = |actions: &'static [&'static str]| if resource == "shop" { actions } else { &[] };
    let approval = |state: &str| Kind::Approval {
        statement: 3,
        approval: text("7Q2M5X9A"),
        state: text(state),
        by: vec![text("dan")],
        comment: Some(text("canary-comment")),
        grant: None,
    };
    let error = Kind::Error { statement: 2, code: text("42501"), message: text("canary-error") };
    vec![
        open(resource, "ann \"x\" \u{202e}"),
        statement(1, line, "allow", of(&["select"])),
        result(tag),
        statement(2, line, "deny", of(&["select", "delete"])),
        error,
        statement(3, line, "hold", of(&["update"])),
        approval("pending"),
        approval("approved"),
        approval("denied"),
        approval("expired"),
        statement(4, "TRACE-ME", "allow", &[]),
        Kind::Close { reason: text("bye") },
    ]
}

/// A session's events, so many in each run, sent to the host.
async fn record(host: &Host, resource: &str, id: &str, kinds: &[Kind], each: usize) {
    let mut chain = Chain::new(id);
    for kinds in kinds.chunks(each) {
        send(host, resource, &mut chain, kinds).await;
    }
}

async fn send(host: &Host, resource: &str, chain: &mut Chain, kinds: &[Kind]) {
    let mut lines = Lines::default();
    for kind in kinds {
        lines.push(u64::try_from(UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap(), kind);
    }
    let lines = EventBatch { resource: text(resource), runs: vec![chain.seal(&lines)] }.lines();
    let (status, answer) =
        host.post_text("/v1/filter/events", FILTER_TOKEN, std::str::from_utf8(&lines).unwrap()).await;
    assert_eq!(status, 200, "{answer}");
}

fn syslog(name: &str, port: u16, more: &str, rest: &str) -> String {
    format!("  - {{ name: {name}, syslog: {{ server: 127.0.0.1, port: {port}, {more} }}, {rest} }}\n")
}

fn webhook(name: &str, at: SocketAddr, rest: &str) -> String {
    format!(
        "  - {{ name: {name}, webhook: {{ url: \"http://{at}/hook\", secret: {{ file: hook.secret }} }}, {rest} }}\n"
    )
}

async fn start(sinks: &[String], more: &str) -> Host {
    with_config(&format!("siem:\n{}{more}", sinks.concat()), &[("hook.secret", SECRET)]).await
}

async fn metric(host: &Host, line: &str) -> u64 {
    let text = reqwest::get(format!("{}/metrics", host.url)).await.unwrap().text().await.unwrap();
    let value = text.lines().find_map(|one| one.strip_prefix(line)?.strip_prefix(' ')?.parse().ok());
    value.unwrap_or_else(|| panic!("no {line} in {text}"))
}

async fn until_metric(host: &Host, line: &str, fits: impl Fn(u64) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let value = metric(host, line).await;
        if fits(value) {
            return;
        }
        assert!(Instant::now() < deadline, "{line} is {value}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Validates by the schema as it is published; the classes that there were.
fn validate(events: &[Value]) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    let lines: Vec<String> = events.iter().map(Value::to_string).collect();
    std::fs::write(file.path(), lines.join("\n")).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/ocsf.py");
    let validated = Command::new(tools::python()).arg(script).arg(file.path()).output();
    let validated = validated.expect("Python is there once `cargo xtask setup` ran");
    let said = String::from_utf8(validated.stdout).unwrap();
    assert!(validated.status.success(), "{said}{}", String::from_utf8_lossy(&validated.stderr));
    said.trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_ocsf_and_say_no_more_than_they_are_to() {
    let got = Got::default();
    let server = Syslog::start(0, None, got.clone()).await;
    let hook = Hook::start(vec![]).await;
    let sinks = [
        syslog(
            "all",
            server.address.port(),
            "tls: false",
            "shows: [statement, parameters, results, comments]",
        ),
        webhook("usual", hook.address, "resources: [shop, api]"),
        webhook("other", hook.address, "resources: [other]"),
    ];
    let apis = ["api", "other"].map(|name| {
        format!("  - {{ name: {name}, target: {{ address: \"127.0.0.1:9\" }}, identity: [bearer] }}\n")
    });
    let host = start(&sinks, &format!("apis:\n{}", apis.concat())).await;
    let sql = "SELECT name, email FROM people WHERE name = 'canary-text'";
    record(&host, "shop", "s1", &everything("shop", sql, "SELECT 2"), 5).await;
    let line = "POST /people/canary-path?q=canary-text tools/call canary-text";
    record(&host, "api", "s2", &everything("api", line, "200 OK"), 100).await;
    let nobody = Kind::Open {
        resource: text("shop"),
        principal: String::new(),
        issuer: String::new(),
        groups: vec![],
        role: String::new(),
        database: String::new(),
        source: text("127.0.0.1:5"),
        application: String::new(),
    };
    let refused = [
        nobody,
        Kind::Refused {
            resource: text("shop"),
            source: text("not an address"),
            reason: text("the token is too old"),
        },
    ];
    record(&host, "shop", "s3", &refused, 2).await;

    let all = until_uids(&got, 26).await;
    let usual = until("the webhook's", || Some(hook.events()).filter(|events| events.len() >= 26)).await;
    let all_events: Vec<Value> = all.iter().map(|message| message.event.clone()).collect();
    for events in [&all_events, &usual] {
        assert_eq!(validate(events), "validated classes 3002 6003 6005");
        let uids: Vec<&str> = events.iter().map(uid).collect();
        let expected = (0..12).map(|i| format!("s1-{i}")).chain((0..12).map(|i| format!("s2-{i}")));
        let expected: Vec<String> = expected.chain((0..2).map(|i| format!("s3-{i}"))).collect();
        assert_eq!(uids, expected, "each once, in order");
    }
    // Statements, parameters, rows, errors and comments only where they were asked for; nothing unmasked anywhere.
    for canary in CANARIES {
        assert!(!usual.iter().any(|event| event.to_string().contains(canary)), "{canary} is told");
        assert!(all_events.iter().any(|event| event.to_string().contains(canary)), "{canary} was asked for");
    }
    assert_eq!(all_events[2]["unmapped"]["rows"], json!([["canary-row", "a***@example.com"], [null, null]]));
    assert_eq!(usual[2]["unmapped"]["row_count"], 2);

    // What was done, and what became of it.
    let brief = |event: &Value| {
        let number = |name: &str| event[name].as_u64().unwrap();
        (
            number("type_uid"),
            number("status_id"),
            event["action_id"].as_u64(),
            event["disposition_id"].as_u64(),
        )
    };
    let shop: Vec<_> = usual[..12].iter().map(brief).collect();
    assert_eq!(
        shop,
        [
            (300_201, 1, Some(1), Some(1)),
            (600_504, 1, Some(1), Some(1)),
            (600_599, 1, None, None),
            (600_507, 2, Some(2), Some(2)),
            (600_599, 2, Some(0), Some(27)),
            (600_502, 99, Some(99), Some(14)),
            (600_599, 99, Some(99), Some(14)),
            (600_599, 1, Some(1), Some(8)),
            (600_599, 2, Some(2), Some(2)),
            (600_599, 2, Some(2), Some(2)),
            (600_599, 1, Some(1), Some(1)),
            (300_202, 1, None, None),
        ]
    );
    assert_eq!(
        (&usual[1]["table"]["name"], &usual[1]["query_info"]["query_string"]),
        (&json!("shop.public.people"), &json!("SELECT"))
    );
    assert_eq!(all_events[1]["query_info"]["query_string"], sql);
    assert_eq!(
        (&usual[13]["api"]["operation"], &usual[13]["http_request"]["url"]),
        (&json!("POST tools/call"), &Value::Null)
    );
    assert_eq!(
        all_events[13]["http_request"]["url"],
        json!({ "path": "/people/canary-path", "query_string": "q=canary-text" })
    );
    assert_eq!((&usual[14]["http_response"]["code"], &usual[14]["duration"]), (&json!(200), &json!(3)));
    assert_eq!(
        (&usual[25]["user"]["name"], brief(&usual[25])),
        (&json!("unknown"), (300_201, 2, Some(2), Some(2)))
    );
    // The header is that of RFC 5424: log audit, by severity.
    let header: Vec<&str> = all[3].header.split(' ').collect();
    let stamp = &all[3].event["time"].as_u64().unwrap() % 1000;
    assert!(header[1].ends_with(&format!(".{stamp:03}Z")), "{header:?}");
    assert_eq!(
        [header[0], header[2], header[3], header[4], header[5], header[6]],
        ["<108>1", "gatewright.example", "gatewright", "-", "6005", "-"]
    );
    assert!(all[0].header.starts_with("<110>1 ") && all[5].header.starts_with("<109>1 "), "{all:#?}");
    // The body is signed as notifications are.
    let (headers, body, _) = hook.got.lock().unwrap()[0].clone();
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{}.{}.{body}", header("webhook-id"), header("webhook-timestamp")).as_bytes());
    assert_eq!(header("webhook-signature"), format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())));
    until_metric(&host, "gatewright_siem_behind{target=\"all\"}", |behind| behind == 0).await;
    until_metric(&host, "gatewright_siem_events_total{target=\"all\",outcome=\"sent\"}", |sent| sent == 26)
        .await;
    assert_eq!(metric(&host, "gatewright_siem_events_total{target=\"other\",outcome=\"sent\"}").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_a_server_or_the_host_starts_again() {
    let got = Got::default();
    // Nobody else takes it while the server is away.
    let kept = Port::free().unwrap();
    let port = kept.number();
    let mut server = Some(Syslog::start(port, None, got.clone()).await);
    let hook = Hook::start([vec![200, 503, 400, 429, 500], vec![413]].concat()).await;
    // One that takes connections, and reads nothing.
    let stalled = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sinks = [
        syslog("back", port, "tls: false", ""),
        webhook("flaky", hook.address, ""),
        syslog("stalled", stalled.local_addr().unwrap().port(), "tls: false", ""),
    ];
    let mut host = start(&sinks, "").await;
    let mut chain = Chain::new("s1");
    send(&host, "shop", &mut chain, &[open("shop", "ann")]).await;
    let (mut number, mut restarts) = (1_u64, 0);
    while number < 400 {
        let kinds: Vec<Kind> =
            (0..5).map(|i| statement(number + i, "SELECT 1", "allow", &["select"])).collect();
        send(&host, "shop", &mut chain, &kinds).await;
        number += 5;
        if number.is_multiple_of(100) || number % 100 == 1 {
            // It goes with what it did not read, and is back after a while. The first time somebody is there to notice.
            until("an event", || (!got.lock().unwrap().is_empty()).then_some(())).await;
            drop(server.take());
            restarts += 1;
            send(&host, "shop", &mut chain, &[result("SELECT 1")]).await;
            if restarts == 2 {
                host.restart();
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
            server = Some(Syslog::start(port, None, got.clone()).await);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(restarts >= 3, "{restarts}");
    let count = usize::try_from(number - 1).unwrap() + 1 + restarts;
    let expected: Vec<String> = (0..count).map(|seq| format!("s1-{seq}")).collect();
    let all = until_uids(&got, count).await;
    drop(server);
    // In order over each connection, and, each counted once, over all of them.
    let connections: BTreeSet<usize> = all.iter().map(|message| message.connection).collect();
    // Not one for each start: while the host pauses between two attempts, a server may come and go.
    assert!(connections.len() > 1, "{connections:?}");
    for connection in connections {
        let of = all.iter().filter(|message| message.connection == connection);
        let numbers: Vec<u64> =
            of.map(|message| message.event["metadata"]["sequence"].as_u64().unwrap()).collect();
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
    }
    let mut seen = HashSet::new();
    let first: Vec<&str> =
        all.iter().map(|message| uid(&message.event)).filter(|uid| seen.insert(*uid)).collect();
    assert_eq!(first, expected);
    // A webhook's refusals are not final either; each is asked again for the same.
    let events = until("the webhook's", || Some(hook.events()).filter(|events| events.len() >= count)).await;
    assert_eq!(events.iter().map(uid).collect::<Vec<_>>(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_prove_who_they_are_and_encrypted_recordings_are_read() {
    let authority = Authority::new().unwrap();
    let own = authority.issue("siem", "IP:127.0.0.1").unwrap();
    let other = authority.issue("other", "DNS:elsewhere.example").unwrap();
    let (got, never) = (Got::default(), Got::default());
    let trusted = Syslog::start(0, Some(&own), got.clone()).await;
    let elsewhere = Syslog::start(0, Some(&other), never.clone()).await;
    let unknown = Syslog::start(0, Some(&own), never.clone()).await;
    let plain = Syslog::start(0, None, Got::default()).await;
    let ca = format!("ca: \"{}\"", authority.certificate().display());
    let sinks = [
        syslog("trusted", trusted.address.port(), &ca, ""),
        syslog("elsewhere", elsewhere.address.port(), &ca, ""),
        syslog("unknown", unknown.address.port(), "", ""),
        syslog("plain", plain.address.port(), &ca, ""),
    ];
    let mut host = start(&sinks, "").await;
    host.stop();
    let path = host.folder.path().join("gatewright.yaml");
    let config = std::fs::read_to_string(&path).unwrap();
    let encryption = "  encryption: { keys: [{ name: k1, secret: { file: recordings.key } }] }\nidentity:";
    std::fs::write(&path, config.replacen("identity:", encryption, 1)).unwrap();
    std::fs::write(host.folder.path().join("recordings.key"), "7".repeat(64)).unwrap();
    host.start_again();
    record(&host, "shop", "s1", &everything("shop", "SELECT 1", "SELECT 2"), 4).await;
    let all = until_uids(&got, 12).await;
    assert_eq!(uid(&all[11].event), "s1-11");
    for sink in ["elsewhere", "unknown", "plain"] {
        until_metric(&host, &format!("gatewright_siem_failures_total{{target=\"{sink}\"}}"), |count| {
            count > 0
        })
        .await;
        until_metric(&host, &format!("gatewright_siem_behind{{target=\"{sink}\"}}"), |behind| behind > 0)
            .await;
    }
    assert!(never.lock().unwrap().is_empty(), "somebody else is told");
}

#[test]
fn what_is_wrong_with_a_sink_is_said() {
    let host = Host::start(1);
    let path = host.folder.path().join("gatewright.yaml");
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(host.folder.path().join("short"), "hunter3").unwrap();
    let cases = [
        ("{ name: a }", "exactly one of `syslog"),
        ("{ name: a, syslog: { server: siem.example, tls: false } }", "others could read along"),
        ("{ name: a, syslog: { server: siem.example, ca: none.pem } }", "cannot be read"),
        (
            "{ name: a, webhook: { url: \"http://siem.example\", secret: { file: short } } }",
            "others could read along",
        ),
        ("{ name: a, webhook: { url: \"https://siem.example\", secret: { file: short } } }", "too short"),
        ("{ name: a, syslog: { server: siem.example }, resources: [bank] }", "`bank` is not one of"),
        ("{ name: a, syslog: { server: siem.example }, shows: [everything] }", "unknown variant"),
    ];
    for (sink, fault) in cases {
        std::fs::write(&path, format!("{config}siem:\n  - {sink}\n")).unwrap();
        let checked = host.run(&["check", "--config", "gatewright.yaml"]);
        let said = String::from_utf8(checked.stderr).unwrap();
        assert_eq!(checked.status.code(), Some(1), "{sink}");
        assert!(said.contains(fault) && said.contains("siem[0]"), "{sink}: {said}");
        assert!(!said.contains("hunter"), "{said}");
    }
}
