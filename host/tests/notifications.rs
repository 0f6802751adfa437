//! What receivers are told, and what they are not: real servers on loopback, slow, failing, and coming back.

#[path = "support/approvals.rs"]
mod approvals;
#[path = "support/host.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod host;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use approvals::{ask, decide, metric, until_metric, with_config};
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatewright_tests::port::Port;
use hmac::{Hmac, KeyInit as _, Mac as _};
use host::{FILTER_TOKEN, Host};
use serde_json::{Value, json};

const SECRET: &str = "a secret of the webhook, long enough";
const SLACK_PATH: &str = "/services/T000/B000/slack-path-secret";

/// A request that a receiver got.
#[derive(Debug, Clone)]
struct Got {
    at: Instant,
    id: String,
    timestamp: String,
    signature: String,
    body: String,
    answered: u16,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// As a receiver verifies it.
    fn is_signed(&self) -> bool {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(format!("{}.{}.{}", self.id, self.timestamp, self.body).as_bytes());
        self.signature == format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// How a receiver behaves.
type Behaviour = Arc<Mutex<Box<dyn FnMut() -> (u16, Duration) + Send>>>;

/// A receiver.
struct Receiver {
    address: std::net::SocketAddr,
    got: Arc<Mutex<Vec<Got>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Receiver {
    /// Listens on a free port, or on that one.
    async fn listen(port: u16, behaves: impl FnMut() -> (u16, Duration) + Send + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let got = Arc::new(Mutex::new(Vec::new()));
        let behaves: Behaviour = Arc::new(Mutex::new(Box::new(behaves)));
        let heard = got.clone();
        let take = async move |headers: HeaderMap, body: Bytes| {
            let (answered, takes) = behaves.lock().unwrap()();
            let header = |name: &str| headers.get(name).map_or("", |v| v.to_str().unwrap()).to_owned();
            heard.lock().unwrap().push(Got {
                at: Instant::now(),
                id: header("webhook-id"),
                timestamp: header("webhook-timestamp"),
                signature: header("webhook-signature"),
                body: String::from_utf8(body.to_vec()).unwrap(),
                answered,
            });
            tokio::time::sleep(takes).await;
            (StatusCode::from_u16(answered).unwrap(), [("retry-after", "1")], "said the receiver")
        };
        let router = axum::Router::new().fallback(take);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, got, task }
    }

    async fn willing() -> Self {
        Self::listen(0, || (200, Duration::ZERO)).await
    }

    fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    /// Types of what was taken, in order.
    fn taken(&self) -> Vec<String> {
        let taken = self.got().into_iter().filter(|got| got.answered == 200);
        taken.map(|got| got.json()["type"].as_str().unwrap().to_owned()).collect()
    }

    /// What it has got, once it is so much.
    async fn until(&self, what: &str, fits: impl Fn(&[Got]) -> bool) -> Vec<Got> {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let got = self.got();
            if fits(&got) {
                return got;
            }
            assert!(Instant::now() < deadline, "{what} does not come: {got:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn webhook(name: &str, at: std::net::SocketAddr, more: &str) -> String {
    format!(
        "  - {{ name: {name}, webhook: {{ url: \"http://{at}/hook\", secret: {{ file: hook.secret }} }}, {more} }}\n"
    )
}

/// A host with such receivers, that have been heard of.
async fn host(receivers: &str, slack: Option<&Receiver>) -> Host {
    let url = slack.map(|slack| format!("http://{}{SLACK_PATH}", slack.address)).unwrap_or_default();
    let files = [("hook.secret", SECRET), ("slack.url", &url)];
    with_config(&format!("notifications:\n{receivers}"), &files).await
}

#[tokio::test(flavor = "multi_thread")]
async fn receivers_are_told_what_happens_and_nothing_more() {
    let (slack, hook, all) =
        (Receiver::willing().await, Receiver::willing().await, Receiver::willing().await);
    let receivers = [
        "  - { name: channel, slack: { url: { file: slack.url } } }\n".to_owned(),
        webhook("usual", hook.address, "resources: [shop]"),
        webhook(
            "all",
            all.address,
            "on: [asked, vote, used, granted], shows: [statement, parameters, comments]",
        ),
    ];
    let host = host(&receivers.concat(), Some(&slack)).await;
    let id = ask(&host, "ann <!channel> & <https://evil.example|dba>\u{202e}", |_| {}).await;
    let elsewhere = ask(&host, "bob", |request| request["resource"] = "bank".into()).await;
    decide(&host, &elsewhere, "approve").await;
    decide(&host, &id, "deny").await;

    let got = hook.until("the denial", |got| got.len() >= 2).await;
    assert_eq!(hook.taken(), ["approval.asked", "approval.denied"], "of its resource, in order");
    for got in &got {
        assert!(got.is_signed(), "{got:?}");
        let age = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() - got.timestamp.parse::<u64>().unwrap();
        assert!(age < 60, "{got:?}");
    }
    assert_ne!(got[0].id, got[1].id);
    let (asked, denied) = (got[0].json(), got[1].json());
    assert_eq!((&asked["id"], &asked["approval"]["id"]), (&json!(got[0].id), &json!(id)));
    assert_eq!(asked["url"], format!("http://gatewright.example/approvals/{id}"));
    assert_eq!(asked["approval"]["needs"], json!(["delete on shop.public.people", "call"]));
    assert_eq!((&denied["by"], &denied["approval"]["state"]), (&json!("dan"), &json!("denied")));

    let channel = slack.until("the channel's", |got| got.len() >= 4).await;
    let texts: Vec<String> =
        channel.iter().map(|got| got.json()["text"].as_str().unwrap().to_owned()).collect();
    assert!(
        texts[0].starts_with("ann &lt;!channel&gt; &amp; &lt;https://evil.example|dba&gt;\\u{202e} asks"),
        "{texts:?}"
    );
    assert!(texts[2].starts_with("dan approved what bob asked for on bank"), "{texts:?}");
    for got in &channel {
        for block in got.json()["blocks"].as_array().unwrap() {
            let text = block["text"]["text"].as_str().unwrap();
            let link = text.starts_with("<http://gatewright.example/approvals/")
                && text.ends_with("|Open in Gatewright>");
            assert!(block["text"]["type"] == "plain_text" || link, "{block}");
            assert!(link || !text.contains('<'), "{block}");
        }
    }
    // What an agent or a person wrote is nobody's business there, nor what signs.
    for got in got.iter().chain(&channel) {
        for canary in ["canary", "hook.secret", SECRET, FILTER_TOKEN, "slack-path-secret"] {
            assert!(!got.body.contains(canary), "{canary} is told: {}", got.body);
        }
    }
    let got = all.until("the vote", |got| got.len() >= 4).await;
    assert_eq!(all.taken(), ["approval.asked", "approval.asked", "approval.vote", "approval.vote"]);
    for canary in ["canary-statement", "canary-parameter", "canary-comment"] {
        assert!(got[3].body.contains(canary), "{canary} was asked for: {}", got[3].body);
    }
    until_metric(&host, "usual", "delivered", 2).await;
    assert_eq!(metric(&host, "usual", "delivered").await, 2);
    // A debug log of all of it has neither secret.
    let log = std::fs::read_to_string(host.folder.path().join("log")).unwrap();
    for secret in [SECRET, "slack-path-secret"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_or_failing_receiver_delays_nobody_else() {
    let hour = Duration::from_secs(3_600);
    let (slow, willing) = (Receiver::listen(0, move || (200, hour)).await, Receiver::willing().await);
    let mut attempts = 0;
    let fails = move || {
        attempts += 1;
        (if attempts <= 3 { 503 } else { 200 }, Duration::ZERO)
    };
    let failing = Receiver::listen(0, fails).await;
    let mut first = true;
    let picky = move || (if std::mem::take(&mut first) { 400 } else { 200 }, Duration::ZERO);
    let picky = Receiver::listen(0, picky).await;
    let dead = Receiver::listen(0, || (503, Duration::ZERO)).await;
    let receivers = [
        webhook("slow", slow.address, ""),
        webhook("willing", willing.address, ""),
        webhook("failing", failing.address, ""),
        webhook("picky", picky.address, ""),
        webhook("dead", dead.address, "give_up_after: 2s"),
    ];
    let host = host(&receivers.concat(), None).await;
    let started = Instant::now();
    let id = ask(&host, "ann", |_| {}).await;
    decide(&host, &id, "approve").await;
    // A receiver has ten seconds to answer.
    assert!(started.elapsed() < Duration::from_secs(9), "approvals wait for a receiver");
    willing.until("both", |got| got.len() == 2).await;
    assert_eq!(willing.taken(), ["approval.asked", "approval.approved"]);

    // It is told the same again, and not before it wants to; then the next, in order.
    let got = failing.until("all", |got| got.len() == 5).await;
    assert!(got[..4].iter().all(|one| one.id == got[0].id && one.is_signed()), "a repetition can be told");
    assert!(got[1].at - got[0].at >= Duration::from_millis(900), "it asked for a second");
    assert!(got[3].timestamp > got[0].timestamp, "each attempt has its own time");
    assert_eq!(failing.taken(), ["approval.asked", "approval.approved"]);
    until_metric(&host, "failing", "delivered", 2).await;
    assert_eq!(
        (metric(&host, "failing", "retried").await, metric(&host, "failing", "delivered").await),
        (3, 2)
    );
    // What is refused for good is not said again, and holds up nothing.
    picky.until("the second", |got| got.len() == 2).await;
    assert_eq!(picky.taken(), ["approval.approved"]);
    until_metric(&host, "picky", "delivered", 1).await;
    assert_eq!(metric(&host, "picky", "refused").await, 1);
    // What cannot be told in time is given up.
    until_metric(&host, "dead", "given_up", 2).await;
    // The slow one is asked once at a time, however much there is to tell.
    assert_eq!(slow.got().iter().map(|got| &got.id).collect::<std::collections::BTreeSet<_>>().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_comes_back_is_told_what_it_missed() {
    // Nobody else takes it while the receiver is away.
    let kept = Port::free().unwrap();
    let before = Receiver::listen(kept.number(), || (200, Duration::ZERO)).await;
    let address = before.address;
    let mut host = host(&webhook("back", address, "on: [asked]"), None).await;
    ask(&host, "first", |_| {}).await;
    before.until("the first", |got| got.len() == 1).await;
    before.task.abort();
    drop(before);
    for principal in ["second", "third"] {
        ask(&host, principal, |_| {}).await;
    }
    // Neither side remembers but in the host's database.
    host.restart();
    ask(&host, "fourth", |_| {}).await;
    let back = Receiver::listen(address.port(), || (200, Duration::ZERO)).await;
    let got = back.until("all that it missed", |got| got.len() >= 3).await;
    let of: Vec<_> = got.iter().map(|got| got.json()["approval"]["principal"].clone()).collect();
    assert_eq!(of, ["second", "third", "fourth"], "each once, in order");
}

#[test]
fn what_is_wrong_with_a_receiver_is_said_without_its_secret() {
    let host = Host::start(1);
    let path = host.folder.path().join("gatewright.yaml");
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(host.folder.path().join("short"), "hunter3").unwrap();
    std::fs::write(host.folder.path().join("plain.url"), "http://hooks.example/hunter4").unwrap();
    let cases = [
        ("{ name: a }", "expected exactly one of `slack"),
        (
            "{ name: a, webhook: { url: \"http://hooks.example\", secret: { file: short } } }",
            "others could read along",
        ),
        ("{ name: a, webhook: { url: \"https://hooks.example\", secret: { file: short } } }", "too short"),
        ("{ name: a, slack: { url: { file: plain.url } } }", "is not an `https://…` URL"),
        ("{ name: a, slack: { url: { file: plain.url } }, resources: [bank] }", "`bank` is not one of"),
        ("{ name: a, slack: { url: { file: plain.url } }, shows: [everything] }", "unknown variant"),
    ];
    for (receiver, fault) in cases {
        std::fs::write(&path, format!("{config}notifications:\n  - {receiver}\n")).unwrap();
        let checked = host.run(&["check", "--config", "gatewright.yaml"]);
        let said = String::from_utf8(checked.stderr).unwrap();
        assert_eq!(checked.status.code(), Some(1), "{receiver}");
        assert!(said.contains(fault) && said.contains("notifications[0]"), "{receiver}: {said}");
        assert!(!said.contains("hunter"), "{said}");
    }
}
