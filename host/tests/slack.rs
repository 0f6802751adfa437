//! Approving in Slack: what a channel is sent, and clicks as Slack sends and signs them, by a server that plays Slack.

#[path = "support/approvals.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod approvals;
#[path = "support/host.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod host;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, UNIX_EPOCH};

use approvals::{ask, decide, with_config};
use axum::body::Bytes;
use axum::http::{StatusCode, Uri};
use hmac::{Hmac, KeyInit as _, Mac as _};
use host::{FILTER_TOKEN, Host};
use serde_json::{Value, json};

const SIGNING_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const APPROVE: &str = "gatewright_approve";
const DENY: &str = "gatewright_deny";

/// Slack: takes messages of the incoming webhook, and answers to clicks.
struct Slack {
    address: std::net::SocketAddr,
    got: Arc<Mutex<Vec<(String, Value)>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Slack {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let got = Arc::new(Mutex::new(Vec::new()));
        let heard = got.clone();
        let take = async move |uri: Uri, body: Bytes| {
            let body: Value = serde_json::from_slice(&body).unwrap();
            // It knows no blocks of a certain channel.
            let refused = uri.path() == "/old" && body.to_string().contains("\"actions\"");
            heard.lock().unwrap().push((uri.path().to_owned(), body));
            if refused { (StatusCode::BAD_REQUEST, "invalid_blocks") } else { (StatusCode::OK, "ok") }
        };
        let router = axum::Router::new().fallback(take);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, got, task }
    }

    fn at(&self, path: &str) -> Vec<Value> {
        let got = self.got.lock().unwrap().clone();
        got.into_iter().filter(|(at, _)| at == path).map(|(_, body)| body).collect()
    }

    /// What a path got, once it is so much.
    async fn until(&self, path: &str, count: usize) -> Vec<Value> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let got = self.at(path);
            if got.len() >= count {
                return got;
            }
            assert!(Instant::now() < deadline, "{path} got {} of {count}: {got:#?}", got.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The message about an approval, in the channel.
    async fn message(&self, id: &str) -> Value {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let found = self.at("/channel").into_iter().find(|message| message.to_string().contains(id));
            if let Some(found) = found {
                return found;
            }
            assert!(Instant::now() < deadline, "no message about {id}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Slack {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A button's value.
fn value(message: &Value, action: &str) -> Option<String> {
    let blocks = message["blocks"].as_array().unwrap().iter();
    let mut buttons = blocks.filter_map(|block| block["elements"].as_array()).flatten();
    let button = buttons.find(|button| button["action_id"] == action)?;
    Some(button["value"].as_str().unwrap().to_owned())
}

fn now() -> u64 {
    UNIX_EPOCH.elapsed().unwrap().as_secs()
}

/// What Slack sends when somebody clicks, as its documentation has it.
fn payload(slack: &Slack, path: &str, user: &str, action: &str, value: &str) -> Value {
    json!({
        "type": "block_actions",
        "user": { "id": user, "username": "somebody", "name": "somebody", "team_id": "T1" },
        "api_app_id": "A1", "token": "Shh_its_a_seekrit",
        "container": { "type": "message", "message_ts": "1548261231.000200", "channel_id": "C1", "is_ephemeral": false },
        "trigger_id": "12321423423.333649436676.d8c1bb837935619ccad0f624c448ffb3",
        "team": { "id": "T1", "domain": "example" }, "enterprise": null,
        "channel": { "id": "C1", "name": "dba" },
        "message": { "type": "message", "bot_id": "B1", "text": "…", "ts": "1548261231.000200" },
        "response_url": format!("http://{}{path}", slack.address),
        "actions": [{
            "type": "button", "block_id": "x", "action_id": action, "value": value, "action_ts": "1548426417.840180",
            "text": { "type": "plain_text", "text": "Approve", "emoji": false },
        }],
    })
}

fn form(payload: &str) -> String {
    let mut url = reqwest::Url::parse("http://x/").unwrap();
    url.query_pairs_mut().append_pair("payload", payload);
    url.query().unwrap().to_owned()
}

fn sign(secret: &str, timestamp: &str, body: &str) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("v0:{timestamp}:{body}").as_bytes());
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

/// Sends; the status.
async fn send(host: &Host, timestamp: &str, signature: &str, body: &str) -> u16 {
    let client = reqwest::Client::new();
    let request = client.post(format!("{}/v1/slack/interactive", host.url));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let request =
        request.header("x-slack-request-timestamp", timestamp).header("x-slack-signature", signature);
    let started = Instant::now();
    let status = request.body(body.to_owned()).send().await.unwrap().status().as_u16();
    TOOK.lock().unwrap().push(started.elapsed());
    status
}

/// How long each click took.
static TOOK: Mutex<Vec<Duration>> = Mutex::new(Vec::new());

/// Slack waits for three seconds only. A machine that stands still for a moment is not the host's fault: most of them count.
fn assert_prompt() {
    let mut took = TOOK.lock().unwrap().clone();
    took.sort();
    assert!(took[took.len() / 2] < Duration::from_secs(1), "{took:?}");
}

async fn send_signed(host: &Host, payload: &Value) -> u16 {
    let (timestamp, body) = (now().to_string(), form(&payload.to_string()));
    send(host, &timestamp, &sign(SIGNING_SECRET, &timestamp, &body), &body).await
}

/// Clicks, and waits for what is said: to the person alone, and in place of the message.
async fn click(
    host: &Host,
    slack: &Slack,
    user: &str,
    action: &str,
    value: &str,
    answers: usize,
) -> Vec<Value> {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let path = format!("/answer/{}", COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    assert_eq!(send_signed(host, &payload(slack, &path, user, action, value)).await, 200);
    let got = slack.until(&path, answers).await;
    // None comes after them.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(slack.at(&path).len(), answers, "{:#?}", slack.at(&path));
    got
}

fn is_alone(answer: &Value, words: &str) -> bool {
    answer["response_type"] == "ephemeral"
        && answer["replace_original"] == false
        && answer["text"].as_str().unwrap().contains(words)
}

fn is_in_place(answer: &Value, state: &str) -> bool {
    answer["replace_original"] == true && answer.to_string().contains(&format!("State: {state}"))
}

async fn state(host: &Host, id: &str) -> (String, Vec<String>) {
    let (status, approval) = host.get(&format!("/v1/approvals/{id}"), &host.token("dan", &["dba"])).await;
    assert_eq!(status, 200, "{approval}");
    let by = approval["decided_by"].as_array().unwrap().iter().map(|by| by.as_str().unwrap().to_owned());
    (approval["state"].as_str().unwrap().to_owned(), by.collect())
}

fn config(slack: &Slack, more: &str) -> String {
    let person = |user: &str, subject: &str, groups: &str| {
        format!(
            "    - {{ user: {user}, subject: {subject}, issuer: \"https://idp.example\", groups: [{groups}] }}\n"
        )
    };
    let people = [
        person("U1DAN", "dan", "dba"),
        person("U2KIM", "kim", "dba"),
        person("U3EVE", "eve", "sales"),
        // May approve what others ask for; in two accounts.
        person("U4ANN", "ann", "dba"),
        person("W5ANN", "ann", "dba, api-owners"),
    ];
    format!(
        "slack:\n  signing_secret: {{ file: signing.secret }}\n  app: A1\n  team: T1\n  \
         answers_to: \"http://{}\"\n  people:\n{}{more}",
        slack.address,
        people.concat()
    )
}

fn channel(name: &str) -> String {
    format!(
        "  - {{ name: {name}, slack: {{ url: {{ file: {name}.url }}, buttons: true }}, on: [asked, denied], \
         shows: [statement, parameters] }}\n"
    )
}

async fn start(slack: &Slack) -> Host {
    let (url, old) = (format!("http://{}/channel", slack.address), format!("http://{}/old", slack.address));
    let notifications = format!("notifications:\n{}{}", channel("channel"), channel("old"));
    let files = [("signing.secret", SIGNING_SECRET), ("channel.url", &url), ("old.url", &old)];
    with_config(&config(slack, &notifications), &files).await
}

#[tokio::test(flavor = "multi_thread")]
async fn people_decide_in_slack_what_they_could_decide_on_the_pages() {
    let slack = Slack::start().await;
    let host = start(&slack).await;
    let id = ask(&host, "ann", |request| request["digest"] = "1".into()).await;
    let message = slack.message(&id).await;
    for shown in
        ["DELETE FROM people WHERE email = 'canary-statement'", "canary-parameter", "GET /people/canary-path"]
    {
        assert!(message.to_string().contains(shown), "{shown} is not shown: {message:#}");
    }
    let (approve, deny) = (value(&message, APPROVE).unwrap(), value(&message, DENY).unwrap());

    // Who could not on the pages cannot here.
    for (user, action, value, words) in [
        ("U3EVE", APPROVE, &approve, "no group"),
        ("U3EVE", DENY, &deny, "no group"),
        ("U4ANN", APPROVE, &approve, "asked for themselves"),
        ("W5ANN", DENY, &deny, "asked for themselves"),
        ("U9NOBODY", APPROVE, &approve, "Nobody said who you are"),
    ] {
        let answers = click(&host, &slack, user, action, value, 1).await;
        assert!(is_alone(&answers[0], words), "{user}: {answers:#?}");
    }
    assert_eq!(state(&host, &id).await, ("pending".to_owned(), vec![]));

    let answers = click(&host, &slack, "U1DAN", APPROVE, &approve, 1).await;
    assert!(is_in_place(&answers[0], "approved"), "{answers:#?}");
    assert_eq!((value(&answers[0], APPROVE), value(&answers[0], DENY)), (None, None));
    assert_eq!(state(&host, &id).await, ("approved".to_owned(), vec!["dan".to_owned()]));
    // Again, by the same and by others, and what is the opposite.
    for (user, action, value) in [("U1DAN", APPROVE, &approve), ("U2KIM", DENY, &deny)] {
        let answers = click(&host, &slack, user, action, value, 2).await;
        assert!(is_alone(&answers[0], "is approved already"), "{answers:#?}");
        assert!(is_in_place(&answers[1], "approved"), "{answers:#?}");
    }
    let wait = host.get(&format!("/v1/filter/approvals/{id}/wait"), FILTER_TOKEN).await.1;
    assert_eq!((&wait["state"], &wait["decided_by"]), (&json!("approved"), &json!(["dan"])));
    // How is written down, by the account, and the log holds together.
    let (_, approval) = host.get(&format!("/v1/approvals/{id}"), &host.token("dan", &["dba"])).await;
    let steps = approval["steps"].as_array().unwrap().iter();
    let steps: Vec<_> =
        steps.map(|step| (step["step"].as_str().unwrap(), step["subject"].as_str().unwrap())).collect();
    let expected =
        [("pending", "ann"), ("approve", "dan"), ("slack", "dan"), ("approved", "dan"), ("used", "ann")];
    assert_eq!(steps, expected);
    assert_eq!(approval["steps"][2]["detail"], "user U1DAN of workspace T1");

    // Four eyes are two people's, here and on the pages.
    let two = ask(&host, "ann", |request| request["min_approvals"] = 2.into()).await;
    let approve = value(&slack.message(&two).await, APPROVE).unwrap();
    let answers = click(&host, &slack, "U1DAN", APPROVE, &approve, 1).await;
    assert!(is_in_place(&answers[0], "pending") && value(&answers[0], APPROVE).is_some(), "{answers:#?}");
    let answers = click(&host, &slack, "U1DAN", APPROVE, &approve, 1).await;
    assert!(is_alone(&answers[0], "approved"), "{answers:#?}");
    assert_eq!(state(&host, &two).await, ("pending".to_owned(), vec!["dan".to_owned()]));
    let answers = click(&host, &slack, "U2KIM", APPROVE, &approve, 1).await;
    assert!(is_in_place(&answers[0], "approved"), "{answers:#?}");
    let mixed = ask(&host, "bob", |request| request["min_approvals"] = 2.into()).await;
    decide(&host, &mixed, "approve").await;
    let approve = value(&slack.message(&mixed).await, APPROVE).unwrap();
    let answers = click(&host, &slack, "U1DAN", APPROVE, &approve, 1).await;
    assert!(is_alone(&answers[0], "approved"), "who approved on the pages is the same person: {answers:#?}");
    let answers = click(&host, &slack, "U4ANN", APPROVE, &approve, 1).await;
    assert!(is_in_place(&answers[0], "approved"), "{answers:#?}");

    // What is over is over.
    // Long enough that there are buttons still when Slack is told.
    let brief = ask(&host, "brief", |request| request["expires_s"] = 10.into()).await;
    let approve = value(&slack.message(&brief).await, APPROVE).unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while state(&host, &brief).await.0 != "expired" {
        assert!(Instant::now() < deadline, "it does not expire");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let answers = click(&host, &slack, "U1DAN", APPROVE, &approve, 2).await;
    assert!(is_alone(&answers[0], "is expired already"), "{answers:#?}");
    assert!(is_in_place(&answers[1], "expired"), "{answers:#?}");

    assert_prompt();
    let verified = host.run(&["sessions", "verify", "--data", "data"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    let log = std::fs::read_to_string(host.folder.path().join("log")).unwrap();
    assert!(!log.contains(SIGNING_SECRET) && !log.contains("/answer/"), "a secret is in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_approves_what_they_could_not_read() {
    let slack = Slack::start().await;
    let host = start(&slack).await;
    let hidden = format!("DELETE FROM people WHERE id = 7 --{}\n; DROP TABLE people", " ".repeat(4_000));
    let long = ask(&host, "long", |request| request["statement"] = hidden.into()).await;
    let message = slack.message(&long).await;
    assert_eq!(value(&message, APPROVE), None);
    assert!(message.to_string().contains("approved only in Gatewright"), "{message:#}");
    let deny = value(&message, DENY).unwrap();

    // No other button is made of it, and of one for something else none for this.
    let other = ask(&host, "other", |_| {}).await;
    let approve = value(&slack.message(&other).await, APPROVE).unwrap();
    for (action, forged) in [
        (APPROVE, deny.replacen("deny", "approve", 1)),
        (APPROVE, approve.replace(&other, &long)),
        ("gatewright_grant", approve.clone()),
        (APPROVE, String::new()),
    ] {
        let answers = click(&host, &slack, "U1DAN", action, &forged, 1).await;
        assert!(is_alone(&answers[0], "not the host's"), "{forged}: {answers:#?}");
    }
    for id in [&long, &other] {
        assert_eq!(state(&host, id).await, ("pending".to_owned(), vec![]));
    }
    // The action's name decides nothing: what is sealed does.
    let answers = click(&host, &slack, "U1DAN", APPROVE, &deny, 1).await;
    assert!(is_in_place(&answers[0], "denied"), "{answers:#?}");

    // Others' are not for whoever knows their ids.
    let theirs = ask(&host, "theirs", |request| request["approvers"] = json!(["api-owners"])).await;
    let approve = value(&slack.message(&theirs).await, APPROVE).unwrap();
    let answers = click(&host, &slack, "U1DAN", APPROVE, &approve, 1).await;
    assert!(is_alone(&answers[0], "no group"), "{answers:#?}");
    let answers = click(&host, &slack, "W5ANN", APPROVE, &approve, 1).await;
    assert!(is_in_place(&answers[0], "approved"), "{answers:#?}");

    // Why cannot be said by a button.
    let why = ask(&host, "why", |request| request["comment_required"] = true.into()).await;
    let message = slack.message(&why).await;
    assert_eq!((value(&message, APPROVE), value(&message, DENY)), (None, None));

    // Where Slack takes no such message, it is told without buttons.
    let old = slack.until("/old", 4).await;
    assert!(value(&old[0], DENY).is_some() && value(&old[1], DENY).is_none(), "{old:#?}");
    assert_prompt();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_slack_did_not_send_decides_nothing() {
    let slack = Slack::start().await;
    let host = start(&slack).await;
    let id = ask(&host, "ann", |_| {}).await;
    let approve = value(&slack.message(&id).await, APPROVE).unwrap();
    let good = payload(&slack, "/answer", "U1DAN", APPROVE, &approve);
    let (timestamp, body) = (now().to_string(), form(&good.to_string()));
    let signature = sign(SIGNING_SECRET, &timestamp, &body);

    // Forged, old, from the future, without anything.
    assert_eq!(
        send(&host, &timestamp, &sign("another secret of somebody", &timestamp, &body), &body).await,
        401
    );
    assert_eq!(send(&host, &timestamp, &signature, &body.replace("U1DAN", "U2KIM")).await, 401);
    assert_eq!(send(&host, &(now() + 1).to_string(), &signature, &body).await, 401);
    assert_eq!(send(&host, &timestamp, "", &body).await, 401);
    assert_eq!(send(&host, "", &signature, &body).await, 401);
    for apart in [now() - 301, now() + 330] {
        let (timestamp, body) = (apart.to_string(), form(&good.to_string()));
        assert_eq!(send(&host, &timestamp, &sign(SIGNING_SECRET, &timestamp, &body), &body).await, 401);
    }
    // Signed, and not for this host.
    let foreign: [fn(&mut Value); 8] = [
        |it| it["team"]["id"] = "T2".into(),
        |it| it["team"] = Value::Null,
        |it| it["user"]["team_id"] = "T2".into(),
        |it| it["api_app_id"] = "A2".into(),
        |it| it["response_url"] = "https://hooks.slack.com/actions/T1/2/3".into(),
        |it| it["response_url"] = "http://127.0.0.1:1/".into(),
        |it| it["response_url"] = "http://localhost.evil.example/".into(),
        |it| it["response_url"] = "".into(),
    ];
    for change in foreign {
        let mut other = good.clone();
        change(&mut other);
        assert_eq!(send_signed(&host, &other).await, 403, "{other:#}");
    }
    let unreadable: [fn(&mut Value); 5] = [
        |it| it["type"] = "view_submission".into(),
        |it| it["actions"] = json!([]),
        |it| it["actions"] = json!([it["actions"][0], it["actions"][0]]),
        |it| it["user"] = Value::Null,
        |it| *it = json!("text"),
    ];
    for change in unreadable {
        let mut other = good.clone();
        change(&mut other);
        assert_eq!(send_signed(&host, &other).await, 400, "{other:#}");
    }
    for body in ["", "payload", "other=1", "payload=%ff%fe", "payload={", "{}"] {
        assert_eq!(
            send(&host, &timestamp, &sign(SIGNING_SECRET, &timestamp, body), body).await,
            400,
            "{body}"
        );
    }
    let large = format!("payload={}", "x".repeat(300 * 1024));
    assert_eq!(send(&host, &timestamp, &sign(SIGNING_SECRET, &timestamp, &large), &large).await, 413);
    assert_eq!(state(&host, &id).await, ("pending".to_owned(), vec![]));
    assert_eq!(slack.at("/answer"), Vec::<Value>::new(), "who is not Slack is told nothing");

    // The good one counts, once.
    assert_eq!(send(&host, &timestamp, &signature, &body).await, 200);
    assert_eq!(send(&host, &timestamp, &signature, &body).await, 401);
    slack.until("/answer", 1).await;
    assert_eq!(state(&host, &id).await, ("approved".to_owned(), vec!["dan".to_owned()]));
    let without = Host::start(1);
    let (timestamp, body) = (now().to_string(), form("{}"));
    assert_eq!(send(&without, &timestamp, &sign("", &timestamp, &body), &body).await, 404);
    assert_prompt();
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_those_of_being_signed_in() {
    let slack = Slack::start().await;
    let url = format!("http://{}/channel", slack.address);
    let config = format!(
        "people: {{ issuer: \"https://idp.example\", client_id: pages }}\nslack:\n  signing_secret: {{ file: \
         signing.secret }}\n  app: A1\n  team: T1\n  answers_to: \"http://{}\"\n  people:\n    - {{ user: U1SUE, \
         subject: sue }}\nnotifications:\n{}",
        slack.address,
        channel("channel")
    );
    let files = [("signing.secret", SIGNING_SECRET), ("channel.url", &url)];
    let host = with_config(&config, &files).await;
    let id = ask(&host, "ann", |_| {}).await;
    let approve = value(&slack.message(&id).await, APPROVE).unwrap();
    let database = host.folder.path().join("data/gatewright.sqlite");
    let database = sqlx::SqlitePool::connect(&format!("sqlite://{}", database.display())).await.unwrap();
    // As the pages keep it (`tests/tests/pages.rs` signs in for real).
    let sign_in = async |issuer: &str, groups: &str, left_s: i64| {
        let until = (now() as i64 + left_s) * 1000;
        let query = "INSERT INTO signed_in (digest, issuer, subject, name, groups, csrf, expires_at) VALUES ($1, $2, 'sue', 'Sue', $3, '', $4)";
        let query = sqlx::query(query).bind(format!("{issuer}{groups}{left_s}")).bind(issuer).bind(groups);
        query.bind(until).execute(&database).await.unwrap();
    };
    let answers = click(&host, &slack, "U1SUE", APPROVE, &approve, 1).await;
    assert!(is_alone(&answers[0], "Sign in to Gatewright first"), "{answers:#?}");
    sign_in("https://idp.example", "[\"dba\"]", -10).await;
    sign_in("https://other.example", "[\"dba\"]", 600).await;
    let answers = click(&host, &slack, "U1SUE", APPROVE, &approve, 1).await;
    assert!(is_alone(&answers[0], "Sign in to Gatewright first"), "too long ago, or elsewhere: {answers:#?}");
    sign_in("https://idp.example", "[\"dba\"]", 500).await;
    sign_in("https://idp.example", "[\"sales\"]", 600).await;
    let answers = click(&host, &slack, "U1SUE", APPROVE, &approve, 1).await;
    assert!(is_alone(&answers[0], "no group"), "those of the last time count: {answers:#?}");
    sign_in("https://idp.example", "[\"sales\", \"dba\"]", 700).await;
    let answers = click(&host, &slack, "U1SUE", APPROVE, &approve, 1).await;
    assert!(is_in_place(&answers[0], "approved"), "{answers:#?}");
    assert_prompt();
}

#[test]
fn what_is_wrong_with_the_app_is_said() {
    let host = Host::start(1);
    let path = host.folder.path().join("gatewright.yaml");
    let config = std::fs::read_to_string(&path).unwrap();
    for (name, text) in
        [("short", "hunter3"), ("signing.secret", SIGNING_SECRET), ("c.url", "https://hooks.slack.com/x")]
    {
        std::fs::write(host.folder.path().join(name), text).unwrap();
    }
    let app = |secret: &str, people: &str, more: &str| {
        format!(
            "slack: {{ signing_secret: {{ file: {secret} }}, app: A1, team: T1, people: [{people}], {more} }}\n"
        )
    };
    let dan = "{ user: U1DAN, subject: dan, issuer: \"https://idp.example\", groups: [dba] }";
    let with_buttons = |shows: &str| {
        format!(
            "notifications:\n  - {{ name: c, slack: {{ url: {{ file: c.url }}, buttons: true }}, shows: [{shows}] }}\n"
        )
    };
    let signing = "signing.secret";
    let cases = [
        (app("short", dan, ""), "too short"),
        (app(signing, &format!("{dan}, {dan}"), ""), "stands here twice"),
        (app(signing, "{ user: dan, subject: dan }", ""), "is not an id of Slack"),
        (app(signing, "{ user: U1, subject: dan }", ""), "since there is no section `people`"),
        (
            app(signing, "{ user: U1, subject: dan, issuer: \"https://x\", groups: [a] }", ""),
            "identity.providers",
        ),
        (app(signing, dan, "answers_to: \"https://evil.example\""), "an address of this machine"),
        (with_buttons("statement, parameters"), "expected a section `slack`"),
        (format!("{}{}", app(signing, dan, ""), with_buttons("statement")), "cannot read"),
    ];
    for (more, fault) in cases {
        std::fs::write(&path, format!("{config}{more}")).unwrap();
        let checked = host.run(&["check", "--config", "gatewright.yaml"]);
        let said = String::from_utf8(checked.stderr).unwrap();
        assert_eq!(checked.status.code(), Some(1), "{more}");
        assert!(said.contains(fault), "{more}: {said}");
        assert!(!said.contains("hunter") && !said.contains(SIGNING_SECRET), "{said}");
    }
    std::fs::write(
        &path,
        format!("{config}{}{}", app(signing, dan, ""), with_buttons("statement, parameters")),
    )
    .unwrap();
    assert!(host.run(&["check", "--config", "gatewright.yaml"]).status.success());
}
