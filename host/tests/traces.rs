//! What the host does is found in the traces of those who asked for it.

#[path = "support/approvals.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod approvals;
#[path = "support/host.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod host;

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use gatewright_core::api::EventBatch;
use gatewright_core::event::Kind;
use gatewright_core::run::{Chain, Lines};
use gatewright_tests::collector::{Collector, Mood, Span};
use gatewright_tests::target::{Answer, Target};
use host::{FILTER_TOKEN, Host, PASSWORD};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

/// Of the agent's span, and what the header says of it.
const AGENT: &str = "00f067aa0ba902b7";
const COLLECTOR_TOKEN: &str = "token-of-the-collector";

/// How long the host tries to send its last spans.
const LAST: Duration = Duration::from_secs(2);

fn traceparent(trace: &str, flags: &str) -> String {
    format!("00-{trace}-{AGENT}-{flags}")
}

/// An id that no other trace has.
fn trace(number: u8) -> String {
    format!("4bf92f3577b34da6a3ce929d0e0e47{number:02x}")
}

/// Starts the host again with a section `tracing` and more at the end.
fn configure(host: &mut Host, tracing: Option<&Value>, more: &str) {
    let path = host.folder.path().join("gatewright.yaml");
    let config = std::fs::read_to_string(&path).unwrap();
    let rest = config.lines().filter(|line| !line.starts_with("  tracing:")).map(|line| format!("{line}\n"));
    let line = tracing.map(|section| format!("  tracing: {section}\n")).unwrap_or_default();
    let config = rest.collect::<String>().replace("  auditors:", &format!("{line}  auditors:"));
    std::fs::write(&path, format!("{config}{more}")).unwrap();
    std::fs::write(host.folder.path().join("collector.token"), COLLECTOR_TOKEN).unwrap();
    host.start_again();
}

fn post(host: &Host, path: &str) -> RequestBuilder {
    reqwest::Client::new().post(format!("{}{path}", host.url)).bearer_auth(FILTER_TOKEN)
}

fn get(host: &Host, path: &str) -> RequestBuilder {
    reqwest::Client::new().get(format!("{}{path}", host.url)).bearer_auth(FILTER_TOKEN)
}

/// Sends it as a part of that trace; status and JSON.
async fn within(trace: &str, request: RequestBuilder) -> (u16, Value) {
    let request = request.header("traceparent", traceparent(trace, "01")).header("tracestate", "vendor=1");
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

async fn metric(host: &Host, outcome: &str) -> Option<u64> {
    let text = reqwest::get(format!("{}/metrics", host.url)).await.unwrap().text().await.unwrap();
    let start = format!("gatewright_trace_spans_total{{outcome=\"{outcome}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&start)).map(|count| count.parse().unwrap())
}

fn approval() -> Value {
    json!({
        "resource": "shop", "session": "session-of-ann", "principal": "canary-ann", "issuer": "https://idp.example",
        "role": "support", "statement": "DELETE FROM people WHERE email = 'canary-statement'",
        "parameters": ["canary-parameter"], "digest": "d1", "reason": "canary-reason", "approvers": ["dba"],
        "min_approvals": 1, "expires_s": 600, "mode": "hold", "policies": ["delete"], "shape": "canary-shape",
        "needs": [{ "action": "delete", "resource": "Table::\"shop.public.canary\"" }],
    })
}

fn batch() -> String {
    let mut lines = Lines::default();
    let kind = Kind::Statement {
        statement: 1,
        text: "SELECT 'canary-statement'".to_owned(),
        parameters: vec![Some("canary-parameter".to_owned())],
        decision: "allow".to_owned(),
        would: None,
        policies: Vec::new(),
        reason: String::new(),
        shape: None,
        explanation: None,
        explained_by: None,
        trace: Some(trace(1)),
    };
    lines.push(1, &kind);
    let runs = vec![Chain::new("session-of-ann").seal(&lines)];
    String::from_utf8(EventBatch { resource: "shop".to_owned(), runs }.lines()).unwrap()
}

/// The span of that name; its parent's name, or `agent`.
fn named<'a>(spans: &'a [Span], name: &str) -> (&'a Span, &'a str) {
    let span = spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("{name} in {spans:#?}"));
    let above = spans.iter().find(|above| above.id == span.parent).map(|above| &*above.name);
    (span, above.unwrap_or(if span.parent == AGENT { "agent" } else { "" }))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_host_does_is_in_the_trace_of_who_asked() {
    let collector = Collector::start().unwrap();
    // It has a runtime of its own.
    let receiver = std::thread::spawn(|| Target::start(|_| Answer::new(200, ""))).join().unwrap().unwrap();
    let mut host = Host::start(1);
    host.stop();
    let mut tracing = json!({
        "endpoint": collector.url(), "service_name": "gate", "headers": { "x-collector": { "file": "collector.token" } },
    });
    std::fs::write(host.folder.path().join("hook.secret"), "0123456789abcdef0123456789abcdef").unwrap();
    let url = format!("http://{}/hook", receiver.address());
    let more = format!(
        "notifications:\n  - name: hook\n    webhook: {{ url: \"{url}\", secret: {{ file: hook.secret }} }}\n"
    );
    configure(&mut host, Some(&tracing), &more);
    approvals::until_receivers_are_known(&host).await;
    let (ann, dan) = (host.token("canary-ann", &["support"]), host.token("canary-dan", &["dba"]));

    // Asking for an approval, which somebody is told of; waiting for it, while somebody decides.
    let (status, asked) = within(&trace(1), post(&host, "/v1/filter/approvals").json(&approval())).await;
    assert_eq!(status, 200, "{asked}");
    let id = asked["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/filter/approvals/{id}/wait");
    let (asked_for, answer) = (trace(1), get(&host, &path));
    let waiting = tokio::spawn(async move { within(&asked_for, answer).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let decision = json!({ "decision": "approve", "comment": "canary-comment" });
    let decide = reqwest::Client::new().post(format!("{}/v1/approvals/{id}/decision", host.url));
    let (status, decided) = within(&trace(2), decide.bearer_auth(&dan).json(&decision)).await;
    assert_eq!(status, 200, "{decided}");
    assert_eq!(waiting.await.unwrap().1["state"], "approved");
    // Recording.
    assert_eq!(within(&trace(1), post(&host, "/v1/filter/events").body(batch())).await.0, 200);
    // A login; one with a role that somebody made up.
    let login = |role: &str| {
        let challenge = json!({ "step": "scram_first", "mechanisms": ["SCRAM-SHA-256"] });
        let mut login = json!({ "resource": "shop", "session": "session-of-ann", "role": role, "token": ann, "user": "support" });
        login.as_object_mut().unwrap().extend(challenge.as_object().unwrap().clone());
        post(&host, "/v1/filter/login").json(&login)
    };
    let (status, said) = within(&trace(1), login("support")).await;
    assert_eq!(status, 200, "{said}");
    assert_eq!(within(&trace(3), login("canary-role")).await.0, 403);
    // What has no span: who is not known, what is asked all the time, what there is nothing for, what is not sampled.
    let nobody = reqwest::Client::new().get(format!("{}/v1/filter/bundle?resource=shop", host.url));
    assert_eq!(within(&trace(4), nobody).await.0, 401);
    assert_eq!(within(&trace(4), get(&host, "/canary-path")).await.0, 404);
    let unsampled = post(&host, "/v1/filter/events").header("traceparent", traceparent(&trace(5), "00"));
    assert_eq!(unsampled.body("nonsense").send().await.unwrap().status(), 400);
    // What is not a trace begins one, and ids of whoever asks are in no path.
    let odd = get(&host, "/v1/filter/approvals/canary-id/wait")
        .header("traceparent", traceparent(&trace(6), "01").to_uppercase());
    assert_eq!(odd.send().await.unwrap().status(), 404);
    assert_eq!(within(&trace(7), get(&host, "/v1/filter/bundle?resource=canary-resource")).await.0, 404);

    let spans = collector.wait_for(&trace(1), "notification.send").unwrap();
    for (name, above) in [
        ("POST /v1/filter/approvals", "agent"),
        ("approval.ask", "POST /v1/filter/approvals"),
        ("log.begin", "approval.ask"),
        ("log.commit", "approval.ask"),
        ("notification.send", "approval.ask"),
    ] {
        let found = named(&spans, name);
        assert_eq!(found.1, above, "{name}: {spans:#?}");
        assert_eq!(found.0.service, "gate");
    }
    let spans = collector.wait_for(&trace(1), "POST /v1/filter/login").unwrap();
    let (request, _) = named(&spans, "POST /v1/filter/login");
    for (key, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/v1/filter/login"),
        ("url.path", "/v1/filter/login"),
        ("url.scheme", "http"),
        ("http.response.status_code", "200"),
    ] {
        assert_eq!(request.attributes.get(key).map(String::as_str), Some(value), "{request:?}");
    }
    let (answered, above) = named(&spans, "login.answer");
    assert_eq!(above, "POST /v1/filter/login");
    let login = [
        ("gatewright.role", "support"),
        ("gatewright.resource", "shop"),
        ("gatewright.session", "session-of-ann"),
    ];
    assert!(login.iter().all(|(key, value)| answered.attributes[*key] == *value), "{answered:?}");
    let (waited, above) = named(&spans, "approval.wait");
    assert_eq!(above, "GET /v1/filter/approvals/{id}/wait");
    assert_eq!(
        (&*waited.attributes["gatewright.approval"], &*waited.attributes["gatewright.approval.state"]),
        (&*id, "approved")
    );
    let (recorded, above) = named(&spans, "events.record");
    assert_eq!((above, &*recorded.attributes["gatewright.events"]), ("POST /v1/filter/events", "1"));
    assert!(spans.iter().any(|span| span.name == "log.commit" && span.parent == recorded.id), "{spans:#?}");
    // A decision is a trace of its own, and says which one it is about.
    let asked = named(&spans, "approval.ask").0.id.clone();
    let decided = collector.wait_for(&trace(2), "POST /v1/approvals/{id}/decision").unwrap();
    let (span, above) = named(&decided, "approval.decide");
    assert_eq!((above, &span.links), ("POST /v1/approvals/{id}/decision", &vec![asked]));
    let refused = collector.wait_for(&trace(3), "login.answer").unwrap();
    assert!(named(&refused, "login.answer").0.is_error, "{refused:#?}");
    collector.wait_for(&trace(7), "GET /v1/filter/bundle").unwrap();

    let all = collector.spans();
    for number in [4, 5, 6] {
        assert!(all.iter().all(|span| span.trace != trace(number)), "{number}: {all:#?}");
    }
    let odd =
        all.iter().find(|span| span.name == "GET /v1/filter/approvals/{id}/wait" && span.parent.is_empty());
    assert!(
        odd.is_some_and(|span| span.attributes["url.path"] == "/v1/filter/approvals/{id}/wait"),
        "{all:#?}"
    );
    assert!(metric(&host, "sent").await > Some(0) && metric(&host, "dropped").await == Some(0));

    // Of traces that begin here, none; of others still. And what waits is sent before the host ends.
    tracing["ratio"] = json!(0);
    host.stop();
    configure(&mut host, Some(&tracing), "");
    for attempt in 1.. {
        assert_eq!(get(&host, "/v1/filter/approvals/canary-id/wait").send().await.unwrap().status(), 404);
        let before = collector.spans().len();
        assert_eq!(within(&trace(8), post(&host, "/v1/filter/approvals").json(&approval())).await.0, 200);
        let begun = Instant::now();
        host.stop();
        let took = begun.elapsed();
        let last: Vec<Span> = collector.spans().split_off(before);
        assert!(last.iter().all(|span| span.trace == trace(8)), "{last:#?}");
        if last.iter().any(|span| span.name == "approval.ask") {
            break;
        }
        // The host gives up after so long; only then may they be lost.
        assert!(took >= LAST && attempt < 5, "{took:?} {last:#?}");
        host.start_again();
    }

    assert!(collector.saw(COLLECTOR_TOKEN));
    let secrets = [FILTER_TOKEN, PASSWORD, "canary", "DELETE FROM", "SELECT"];
    let signatures = [&ann, &dan].map(|token| token.rsplit('.').next().unwrap());
    for secret in secrets.into_iter().chain(signatures) {
        assert!(!collector.saw(secret), "`{secret}` is in what the collector got");
    }

    // Off.
    configure(&mut host, None, "");
    let asked = collector.asked();
    assert_eq!(within(&trace(9), post(&host, "/v1/filter/approvals").json(&approval())).await.0, 200);
    assert_eq!(metric(&host, "sent").await, None);
    host.stop();
    assert_eq!(collector.asked(), asked);
    std::thread::spawn(move || drop(receiver)).join().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_changes_nothing() {
    let collector = Collector::start().unwrap();
    collector.set(Mood::Hung);
    let mut host = Host::start(1);
    host.stop();
    configure(&mut host, Some(&json!({ "endpoint": collector.url() })), "");
    let client = reqwest::Client::new();
    let url = format!("{}/v1/filter/bundle?resource=none", host.url);
    // More than may wait.
    let ask = async || {
        for _ in 0..220 {
            let request = client.get(&url).bearer_auth(FILTER_TOKEN);
            let begun = Instant::now();
            let answer = request.header("traceparent", traceparent(&trace(1), "01")).send().await.unwrap();
            assert_eq!(answer.status(), 404);
            // The host gives the collector ten seconds.
            assert!(begun.elapsed() < Duration::from_secs(9), "it waited");
        }
    };
    join_all((0..16).map(|_| ask())).await;
    let dropped = metric(&host, "dropped").await;
    assert!(dropped > Some(0) && metric(&host, "sent").await == Some(0), "{dropped:?}");
    let begun = Instant::now();
    host.stop();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());

    // One that refuses; then it does not any more.
    collector.set(Mood::Refusing(400));
    host.start_again();
    within(&trace(2), get(&host, "/v1/filter/bundle?resource=none")).await;
    let deadline = Instant::now() + Duration::from_secs(30);
    while metric(&host, "failed").await != Some(1) {
        assert!(Instant::now() < deadline, "nothing failed");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    collector.set(Mood::Good);
    within(&trace(3), get(&host, "/v1/filter/bundle?resource=none")).await;
    collector.wait_for(&trace(3), "GET /v1/filter/bundle").unwrap();
    assert!(collector.spans().iter().all(|span| span.service == "gatewright"));
    // The collector has them a moment before the host hears that it took them.
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let log = std::fs::read_to_string(host.folder.path().join("log")).unwrap();
        if log.contains("the collector takes traces again") {
            assert!(log.contains("the collector takes no traces"), "{log}");
            break;
        }
        assert!(Instant::now() < deadline, "{log}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
