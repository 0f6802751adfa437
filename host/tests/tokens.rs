//! Personal access tokens: what each scope is good for, when one ends, who may have which, and where none ever stands.

#[path = "support/approvals.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod approvals;
#[path = "support/host.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod host;
#[path = "support/postgres.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod postgres;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use approvals::{ask, with_config};
use futures_util::future::join_all;
use gatewright_core::digest::sha256;
use host::{FILTER_TOKEN, Host};
use postgres::Postgres;
use reqwest::Method;
use serde_json::{Value, json};

const PEOPLE: &str =
    "people: { issuer: https://idp.example, client_id: pages, tokens: { max_lifetime: 60d } }\n";
const POLICY: &str = "@id(\"delete\") @approvers(\"dba\")\n\
                      permit (principal, action == Action::\"delete\", resource) when { context.approved };";
const SCOPES: [&str; 6] =
    ["approvals:read", "approvals:decide", "grants:read", "grants:write", "sessions:read", "log:read"];

async fn start() -> Host {
    with_config(PEOPLE, &[("policies/delete.cedar", POLICY)]).await
}

/// Dan decides about approvals and reads recordings.
fn dan(host: &Host) -> String {
    host.person("dan", &["dba", "audit"])
}

/// An answer with the header that says what is wrong with the token.
struct Answer {
    status: u16,
    challenge: String,
    body: Value,
}

/// Follows nothing, and keeps no connection for another test's runtime.
static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    client.pool_max_idle_per_host(0).build().unwrap()
});

/// Of what does not end, only how it begins.
async fn send(host: &Host, method: &Method, path: &str, bearer: &str, body: Option<&Value>) -> Answer {
    let mut request = CLIENT.request(method.clone(), format!("{}{path}", host.url)).bearer_auth(bearer);
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let challenge = answer.headers().get("www-authenticate").map(|text| text.to_str().unwrap().to_owned());
    let body = match path {
        "/v1/changes" if status == 200 => Value::Null,
        _ => serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default(),
    };
    Answer { status, challenge: challenge.unwrap_or_default(), body }
}

async fn get(host: &Host, path: &str, bearer: &str) -> Answer {
    send(host, &Method::GET, path, bearer, None).await
}

/// Makes a token; its id and itself.
async fn make(host: &Host, person: &str, scopes: &[&str], lasts: &str) -> (String, String) {
    let body = json!({ "name": "of the test", "scopes": scopes, "lasts": lasts });
    let (status, made) = host.post("/v1/tokens", person, &body).await;
    assert_eq!(status, 201, "{made}");
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("id"), text("token"))
}

async fn revoke(host: &Host, person: &str, id: &str) -> Answer {
    send(host, &Method::DELETE, &format!("/v1/tokens/{id}"), person, None).await
}

/// What each operation for people takes: written down here once more, so that nobody widens one by mistake.
fn expected() -> BTreeMap<(&'static str, &'static str), Option<&'static str>> {
    BTreeMap::from([
        (("get", "/v1/approvals"), Some("approvals:read")),
        (("get", "/v1/approvals/{id}"), Some("approvals:read")),
        (("post", "/v1/approvals/{id}/decision"), Some("approvals:decide")),
        (("get", "/v1/changes"), Some("approvals:read")),
        (("get", "/v1/grants"), Some("grants:read")),
        (("get", "/v1/grants/{id}"), Some("grants:read")),
        (("post", "/v1/grants"), Some("grants:write")),
        (("post", "/v1/grants/{id}/revoke"), Some("grants:write")),
        (("get", "/v1/sessions"), Some("sessions:read")),
        (("get", "/v1/sessions/{id}"), Some("sessions:read")),
        (("get", "/tlog/checkpoint"), Some("log:read")),
        (("get", "/v1/tokens"), None),
        (("post", "/v1/tokens"), None),
        (("delete", "/v1/tokens/{id}"), None),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn each_scope_is_good_for_what_it_says_and_for_nothing_else() {
    let host = start().await;
    let dan = dan(&host);
    let (_, document) = host.get("/v1/openapi.json", "").await;
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["tags"] == json!(["people"]) {
                operations.push((method.clone(), path.clone(), operation["security"].clone()));
            }
        }
    }
    let expected = expected();
    assert_eq!(operations.len(), expected.len(), "{operations:?}");
    let (mut tokens, mut ids) = (BTreeMap::new(), BTreeMap::new());
    for scope in SCOPES {
        let (id, token) = make(&host, &dan, &[scope], "1h").await;
        tokens.insert(scope, token);
        ids.insert(scope, id);
    }
    let log_id = ids["log:read"].clone();
    let (all_id, all) = make(&host, &dan, &SCOPES, "1h").await;

    let given = json!({
        "resource": "shop", "role": "support", "principal": "bob", "lasts": "30m", "comment": "cleaning up",
        "statement": "DELETE FROM orders WHERE id = 1",
    });
    let (status, grant) = host.post("/v1/grants", &dan, &given).await;
    assert_eq!(status, 201, "{grant}");
    let asked = ask(&host, "ann", |_| {}).await;
    for (method, path, security) in &operations {
        let takes =
            expected.get(&(method.as_str(), path.as_str())).unwrap_or_else(|| panic!("{method} {path}"));
        let described = takes.map(|scope| json!({ "personal_token": [scope] }));
        let also: Vec<&Value> =
            security.as_array().unwrap().iter().filter(|one| one["person"].is_null()).collect();
        assert_eq!(also, described.iter().collect::<Vec<_>>(), "{method} {path}");

        let id = match path.as_str() {
            "/v1/grants/{id}" | "/v1/grants/{id}/revoke" => grant["id"].as_str().unwrap(),
            "/v1/tokens/{id}" => &all_id,
            _ => &asked,
        };
        let body = match path.as_str() {
            "/v1/approvals/{id}/decision" => Some(json!({ "decision": "deny" })),
            "/v1/grants/{id}/revoke" => Some(json!({})),
            "/v1/grants" if method == "post" => Some(given.clone()),
            "/v1/tokens" if method == "post" => Some(json!({ "name": "more", "scopes": ["log:read"] })),
            _ => None,
        };
        let at = path.replace("{id}", id);
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        // Those that are refused first: the one that is good for it changes things.
        for (scope, token) in
            tokens.iter().filter(|(scope, _)| Some(**scope) != *takes).chain([(&"all", &all)])
        {
            if *scope == "all" && takes.is_some() {
                continue;
            }
            let answer = send(&host, &method, &at, token, body.as_ref()).await;
            assert_eq!(answer.status, 403, "{scope} at {method} {path}: {}", answer.body);
            let detail = answer.body["detail"].as_str().unwrap();
            let challenge = match takes {
                Some(takes) => {
                    assert!(detail.contains(takes) && detail.contains("tokens create"), "{detail}");
                    format!("Bearer error=\"insufficient_scope\", scope=\"{takes}\"")
                }
                None => {
                    assert!(detail.contains("takes no personal token"), "{detail}");
                    "Bearer error=\"insufficient_scope\"".to_owned()
                }
            };
            assert_eq!(answer.challenge, challenge, "{method} {path}");
        }
        if let Some(takes) = takes {
            let answer = send(&host, &method, &at, &tokens[takes], body.as_ref()).await;
            let fits = match at.as_str() {
                // There is no session of that id, which nobody else is told.
                path if path.starts_with("/v1/sessions/") => answer.status == 404,
                _ => matches!(answer.status, 200 | 201),
            };
            assert!(fits, "{method} {path}: {} {}", answer.status, answer.body);
        }
    }
    // Tiles stand in no document: their paths have slashes in them.
    for (scope, token) in &tokens {
        let answer = get(&host, "/tlog/tile/0/000.p/1", token).await;
        assert_eq!(answer.status, if *scope == "log:read" { 200 } else { 403 }, "{scope}");
        // Whatever answers GET answers HEAD.
        let head = send(&host, &Method::HEAD, "/v1/grants", token, None).await;
        assert_eq!(head.status, if *scope == "grants:read" { 200 } else { 403 }, "{scope}");
    }
    // A scope gives nothing that its owner has not got.
    let (_, eve) = make(&host, &host.person("eve", &["sales"]), &SCOPES, "1h").await;
    assert_eq!(get(&host, "/v1/sessions", &eve).await.status, 403);
    assert_eq!(get(&host, &format!("/v1/approvals/{asked}"), &eve).await.status, 404);
    assert_eq!(get(&host, "/v1/approvals", &eve).await.body, json!([]));

    // What is decided by a token says so; and a decision that gives a grant is more than a decision.
    let asked = ask(&host, "kim", |_| {}).await;
    let decision = format!("/v1/approvals/{asked}/decision");
    let with_grant = json!({ "decision": "approve", "grant": "5m" });
    let answer = send(&host, &Method::POST, &decision, &tokens["approvals:decide"], Some(&with_grant)).await;
    assert_eq!((answer.status, answer.challenge.contains("grants:write")), (403, true), "{}", answer.body);
    let answer = send(&host, &Method::POST, &decision, &all, Some(&with_grant)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let by_token = |body: &Value| {
        let steps = body["steps"].as_array().unwrap().iter();
        let steps = steps.filter(|step| step["step"] == "token" && step["subject"] == "dan");
        steps.map(|step| step["detail"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(by_token(&get(&host, &format!("/v1/approvals/{asked}"), &dan).await.body), [all_id]);
    let grant = get(&host, &format!("/v1/grants/{}", grant["id"].as_str().unwrap()), &dan).await.body;
    assert_eq!((grant["state"].as_str(), by_token(&grant).len()), (Some("revoked"), 1), "{grant}");

    // All of it is in the log, beside the running host, and whoever edits the database is found out.
    let verify = || {
        let verified = host.run(&["sessions", "verify", "--data", "data", "--output", "json"]);
        let found: Value = serde_json::from_slice(&verified.stdout).unwrap();
        (found["tokens"].as_u64().unwrap(), found["faults"].to_string())
    };
    assert_eq!(verify(), (8, "[]".to_owned()));
    let options = sqlx::sqlite::SqliteConnectOptions::new();
    let options = options.filename(host.folder.path().join("data/gatewright.sqlite"));
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let keep = format!("CREATE TABLE kept AS SELECT * FROM tokens WHERE id = '{log_id}'");
    sqlx::query(sqlx::AssertSqlSafe(keep)).execute(&pool).await.unwrap();
    let edit = async |set: &str| {
        let edit = format!("UPDATE tokens SET {set} WHERE id = '{log_id}'");
        let done = sqlx::query(sqlx::AssertSqlSafe(edit)).execute(&pool).await.unwrap();
        assert_eq!(done.rows_affected(), 1, "{set}");
        verify().1
    };
    for (changed, back) in [
        ("scopes = '[\"grants:write\"]'", "scopes = '[\"log:read\"]'"),
        ("expires_at = expires_at + 1", "expires_at = expires_at - 1"),
        ("groups = '[\"dba\",\"audit\",\"root\"]'", "groups = '[\"dba\",\"audit\"]'"),
        ("hash = 'ab'", "hash = (SELECT hash FROM kept)"),
        ("subject = 'eve'", "subject = 'dan'"),
        ("first_used_at = NULL", "first_used_at = (SELECT first_used_at FROM kept)"),
        ("revoked_at = 1, revoked_issuer = '', revoked_subject = ''", "revoked_at = NULL"),
    ] {
        let found = edit(changed).await;
        assert!(found.contains("says something else about it than the log"), "{changed}: {found}");
        assert_eq!(edit(back).await, "[]", "{changed}");
    }
    // Somebody who can write to the database makes a token for themselves.
    let forged = "INSERT INTO tokens (id, hash, name, issuer, subject, called, groups, scopes, created_at, expires_at)
        SELECT 'FORGED', 'ab', name, issuer, subject, called, groups, scopes, created_at, expires_at FROM tokens LIMIT 1";
    sqlx::query(forged).execute(&pool).await.unwrap();
    assert!(verify().1.contains("personal token `FORGED`: it is not in the log"), "{}", verify().1);
    pool.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_and_is_its_owners_alone() {
    let mut host = start().await;
    let (dan, ann) = (dan(&host), host.person("ann", &["dba"]));
    let refused = async |token: &str, says: &str| {
        let answer = get(&host, "/v1/approvals", token).await;
        let detail = answer.body["detail"].as_str().unwrap_or_default();
        assert!(answer.status == 401 && detail.contains(says), "{}: {detail}", answer.status);
        assert_eq!(answer.challenge, "Bearer error=\"invalid_token\"");
    };
    let good = async |token: &str| get(&host, "/v1/approvals", token).await.status == 200;
    let (short_id, short) = make(&host, &dan, &["approvals:read"], "1s").await;
    let short_made = Instant::now();
    let (id, token) = make(&host, &dan, &["approvals:read"], "60d").await;

    // What it says of itself, and what nobody says again.
    let list = get(&host, "/v1/tokens", &dan).await.body;
    let one = list.as_array().unwrap().iter().find(|one| one["id"] == id.as_str()).unwrap();
    assert_eq!((&one["owner"], &one["groups"]), (&json!("dan"), &json!(["dba", "audit"])));
    assert_eq!((&one["state"], &one["scopes"]), (&json!("active"), &json!(["approvals:read"])));
    assert!(one["used_at"].is_null() && !list.to_string().contains("gwp_"), "{list}");
    assert!(good(&token).await);
    let list = get(&host, "/v1/tokens?active=true", &dan).await.body;
    let used =
        list.as_array().unwrap().iter().find(|one| one["id"] == id.as_str()).unwrap()["used_at"].clone();
    assert!(used.is_string(), "{list}");

    // Others see nothing of it, and end nothing.
    assert_eq!(get(&host, "/v1/tokens", &ann).await.body, json!([]));
    assert_eq!(revoke(&host, &ann, &id).await.status, 404);
    assert_eq!(revoke(&host, &dan, "NOTTHERE").await.status, 404);
    assert!(good(&token).await);

    // What is asked for has to make sense.
    for (body, status) in [
        (json!({ "name": "x", "scopes": ["log:read"], "lasts": "61d" }), 422),
        (json!({ "name": "x", "scopes": ["log:read"], "lasts": "0s" }), 422),
        (json!({ "name": "x", "scopes": [] }), 422),
        (json!({ "name": " ", "scopes": ["log:read"] }), 422),
        (json!({ "name": "a\u{0}b", "scopes": ["log:read"] }), 422),
        (json!({ "name": "x".repeat(101), "scopes": ["log:read"] }), 422),
        (json!({ "name": "x", "scopes": ["everything"] }), 422),
        (json!({ "name": "x", "scopes": ["log:read"], "groups": ["root"] }), 422),
    ] {
        let (got, answer) = host.post("/v1/tokens", &dan, &body).await;
        assert_eq!(got, status, "{body}: {answer}");
    }

    // Only a token that was made here is one; others are told from noise before anybody looks.
    refused("gwp_", "copied whole").await;
    refused(&token[..52], "copied whole").await;
    refused(&token.to_uppercase().replacen("GWP_", "gwp_", 1), "copied whole").await;
    let elsewhere = start().await;
    refused(&make(&elsewhere, &self::dan(&elsewhere), &["approvals:read"], "1h").await.1, "ever made here")
        .await;
    drop(elsewhere);

    // A stream that it began ends with it.
    let (revoked_id, revoked) = make(&host, &dan, &["approvals:read"], "1h").await;
    let stream = CLIENT.get(format!("{}/v1/changes", host.url)).bearer_auth(&revoked).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    let answer = revoke(&host, &dan, &revoked_id).await;
    assert_eq!(
        (answer.status, &answer.body["state"], &answer.body["revoked_by"]),
        (200, &json!("revoked"), &json!("dan"))
    );
    refused(&revoked, "was revoked").await;
    assert_eq!(revoke(&host, &dan, &revoked_id).await.status, 409);
    ask(&host, "ann", |_| {}).await;
    let ended = tokio::time::timeout(Duration::from_secs(20), stream.bytes()).await;
    assert!(ended.is_ok(), "whoever has a revoked token still listens");

    tokio::time::sleep(Duration::from_millis(1_100).saturating_sub(short_made.elapsed())).await;
    refused(&short, "ended at").await;
    assert_eq!(revoke(&host, &dan, &short_id).await.status, 409);
    let active = get(&host, "/v1/tokens?active=true", &dan).await.body;
    assert_eq!(active.as_array().unwrap().len(), 1, "{active}");

    // Nobody has ever so many.
    for _ in 1..50 {
        make(&host, &dan, &["log:read"], "1h").await;
    }
    let (status, answer) =
        host.post("/v1/tokens", &dan, &json!({ "name": "x", "scopes": ["log:read"] })).await;
    assert_eq!(status, 409, "{answer}");

    // All can be switched off, and a shorter longest life counts for those that were made before: both without a restart.
    let path = host.folder.path().join("gatewright.yaml");
    let config = std::fs::read_to_string(&path).unwrap();
    let ends = async |fits: &dyn Fn(&str) -> bool, rules: &str| {
        std::fs::write(&path, config.replace("{ max_lifetime: 60d }", rules)).unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let list = get(&host, "/v1/tokens", &dan).await.body;
            let one = list.as_array().unwrap().iter().find(|one| one["id"] == id.as_str()).unwrap();
            let ends = one["expires_at"].as_str().unwrap().to_owned();
            let status = get(&host, "/v1/approvals", &token).await.status;
            if fits(&format!("{status} {ends}")) {
                return ends;
            }
            assert!(Instant::now() < deadline, "`{rules}` is not taken up: {status} {ends}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    ends(&|one| one.starts_with("401"), "{ enabled: false }").await;
    refused(&token, "switched off").await;
    let (status, _) = host.post("/v1/tokens", &ann, &json!({ "name": "x", "scopes": ["log:read"] })).await;
    assert_eq!(status, 403);
    let long = ends(&|one| one.starts_with("200"), "{ max_lifetime: 59d }").await;
    ends(&|one| one.starts_with("200") && *one < *format!("200 {long}"), "{ max_lifetime: 1h }").await;
    assert_eq!(revoke(&host, &dan, &id).await.status, 200);
    host.restart();
    assert_eq!(get(&host, "/v1/approvals", &token).await.status, 401);
}

/// Whether a text is in any file of a folder.
fn is_in(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(is_in(&path, text));
        } else if String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains(text) {
            found.push(path.display().to_string());
        }
    }
    found
}

fn run(host: &Host, token: &str, arguments: &[&str]) -> Output {
    let mut command = host.command(arguments);
    command.env("GATEWRIGHT_TOKEN", token).env("GATEWRIGHT_HOST", &host.url).output().unwrap()
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_command_line_and_nowhere_it_does_not_belong() {
    let mut host = start().await;
    let dan = dan(&host);
    let create =
        ["tokens", "create", "--name", "nightly \u{202e}job", "--scope", "approvals:read,grants:read"];
    let made = run(&host, &dan, &create);
    let told = String::from_utf8_lossy(&made.stderr).into_owned();
    let token = text(&made);
    let token = token.trim_end();
    assert!(token.starts_with("gwp_") && token.len() == 53 && told.contains("shown this once"), "{told}");
    assert!(!told.contains(token));
    let json = run(&host, &dan, &[&create[..], &["--for", "1h", "--output", "json"]].concat());
    let json: Value = serde_json::from_str(&text(&json)).unwrap();
    let id = json["id"].as_str().unwrap();
    assert!(json["token"].as_str().unwrap().starts_with("gwp_") && json["state"] == "active", "{json}");
    let list = text(&run(&host, &dan, &["tokens", "ls"]));
    assert!(
        list.contains(id) && list.contains("never") && list.contains("approvals:read,grants:read"),
        "{list}"
    );
    assert!(!list.contains("gwp_"), "{list}");
    let list: Value =
        serde_json::from_str(&text(&run(&host, &dan, &["tokens", "ls", "--output", "json"]))).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 2);

    // It is good wherever a person's token is, as far as its scopes go; by a file too.
    text(&run(&host, token, &["approvals", "ls"]));
    std::fs::write(host.folder.path().join("token"), format!("{token}\n")).unwrap();
    text(&run(&host, "", &["grants", "ls", "--token-file", "token"]));
    std::fs::remove_file(host.folder.path().join("token")).unwrap();
    let code = |token: &str, arguments: &[&str]| run(&host, token, arguments).status.code();
    assert_eq!(code(token, &["grants", "revoke", "NOTTHERE"]), Some(3), "the scope is missing");
    for arguments in [&["tokens", "ls"][..], &["tokens", "revoke", id], &create] {
        assert_eq!(code(token, arguments), Some(3), "{arguments:?}");
    }
    let wrong = ["tokens", "create", "--name", "x", "--scope", "everything"];
    assert_eq!(code(&dan, &wrong), Some(2));
    assert_eq!(code(&host.person("ann", &["dba"]), &["tokens", "revoke", id]), Some(4));
    assert_eq!(text(&run(&host, &dan, &["tokens", "revoke", id])), format!("{id} is revoked\n"));
    assert_eq!(code(&dan, &["tokens", "revoke", id]), Some(5));
    let list = text(&run(&host, &dan, &["tokens", "ls"]));
    assert!(!list.contains(id), "{list}");
    assert!(text(&run(&host, &dan, &["tokens", "ls", "--all"])).contains("revoked"));

    // Agents and filters make none, and filters and agents' places take none.
    let agent = host.token("bot", &["support"]);
    let body = json!({ "name": "x", "scopes": ["log:read"] });
    for other in [&agent, FILTER_TOKEN, "", "gwp_", "ey"] {
        assert_eq!(get(&host, "/v1/tokens", other).await.status, 401, "{other}");
        assert_eq!(host.post("/v1/tokens", other, &body).await.0, 401, "{other}");
        assert_eq!(revoke(&host, other, id).await.status, 401, "{other}");
    }
    let (_, document) = host.get("/v1/openapi.json", "").await;
    let (_, all) = make(&host, &dan, &SCOPES, "1h").await;
    let mut tried = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["tags"] == json!(["filters"]) {
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                let at = format!("{}?resource=shop", path.replace("{id}", "X"));
                let answer = send(&host, &method, &at, &all, Some(&json!({}))).await;
                assert_eq!(answer.status, 401, "{method} {path}: {}", answer.body);
                tried += 1;
            }
        }
    }
    assert_eq!(tried, 8);
    let login =
        json!({ "resource": "shop", "token": all, "role": "support", "source": "1.2.3.4:5", "session": "s" });
    let (status, answer) = host.post("/v1/filter/login", FILTER_TOKEN, &login).await;
    assert!((400..500).contains(&status) && !answer.to_string().contains("gwp_"), "{status} {answer}");
    // A browser is somebody by its cookie alone.
    assert_eq!(get(&host, "/tokens", &all).await.status, 303);

    // Nowhere is there one: not in the log, which says all that it can, nor in the database, which has the hash.
    host.stop();
    for token in [token, json["token"].as_str().unwrap(), &all] {
        assert_eq!(is_in(host.folder.path(), &token[4..47]), Vec::<String>::new());
        let hash = hex::encode(sha256(token.as_bytes()));
        let there = is_in(&host.folder.path().join("data"), &hash);
        assert!(
            there.iter().any(|file| file.contains("gatewright.sqlite")),
            "this looks for what is not there"
        );
        assert!(!std::fs::read_to_string(host.folder.path().join("log")).unwrap().contains(&hash));
    }
    // What an earlier version left has no such table: whoever only reads it finds all else.
    let options = sqlx::sqlite::SqliteConnectOptions::new();
    let options = options.filename(host.folder.path().join("data/gatewright.sqlite"));
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::query("DROP TABLE tokens").execute(&pool).await.unwrap();
    pool.close().await;
    let verified = host.run(&["sessions", "verify", "--data", "data"]);
    let said = String::from_utf8_lossy(&verified.stdout);
    assert!(verified.status.code() == Some(1) && said.contains("not in the database any more"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_by_tokens_count_as_the_persons() {
    let host = start().await;
    let dan = dan(&host);
    let path = host.folder.path().join("gatewright.yaml");
    let config = std::fs::read_to_string(&path).unwrap();
    let limited = config.replace("per_person: 100000", "per_person: 1");
    assert_ne!(config, limited);
    std::fs::write(&path, limited).unwrap();
    let mut host = host;
    host.restart();
    let (_, first) = make(&host, &dan, &["grants:read"], "1h").await;
    let (_, second) = make(&host, &dan, &["grants:read"], "1h").await;
    // Ten at once are within what one may ask for, and one more each second. By itself, each of these stays below that.
    let refused = async |bearer: &str, times: usize| {
        let answers = join_all((0..times).map(|_| get(&host, "/v1/grants", bearer))).await;
        answers.iter().filter(|answer| answer.status == 429).count()
    };
    refused(&first, 10).await;
    assert!(refused(&second, 10).await > 0, "another token is another count");
    assert!(refused(&dan, 8).await > 0, "a token's count is not the person's");
    let ann = host.person("ann", &["dba"]);
    assert_eq!(get(&host, "/v1/grants", &ann).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_revoked_at_one_host_is_revoked_at_all() {
    let postgres = Postgres::start();
    let first = Host::start_on(&postgres.url("shop"), None);
    let second = Host::start_on(&postgres.url("shop"), Some(&first));
    for host in [&first, &second] {
        let path = host.folder.path().join("gatewright.yaml");
        let config = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{config}{PEOPLE}")).unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while get(host, "/v1/tokens", &dan(host)).await.status != 200 {
            assert!(Instant::now() < deadline, "the configuration is not taken up");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    let (id, token) = make(&first, &dan(&first), &["approvals:read", "grants:write"], "1h").await;
    let ask = async |host: &Host| get(host, "/v1/approvals", &token).await.status;
    // Used for the first time at both at once: once in the log.
    let used = tokio::join!(ask(&first), ask(&second), ask(&second), ask(&first));
    assert_eq!(used, (200, 200, 200, 200));
    let steps = "(SELECT count(*) FROM events WHERE session LIKE 'token/%')";
    assert!(postgres.holds("shop", &format!("{steps} = 2")));
    for host in [&first, &second] {
        let listed = get(host, "/v1/tokens", &dan(host)).await.body;
        assert_eq!((&listed[0]["id"], listed[0]["used_at"].is_string()), (&json!(id), true), "{listed}");
    }
    assert_eq!(revoke(&second, &dan(&second), &id).await.status, 200);
    assert_eq!((ask(&first).await, ask(&second).await), (401, 401));
    assert_eq!(revoke(&first, &dan(&first), &id).await.status, 409);
    for host in [&first, &second] {
        let done = host.run(&["sessions", "verify", "--config", "gatewright.yaml"]);
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success() && said.contains("1 personal tokens"), "{said}");
    }
    // The token is nowhere in the database, and its hash is.
    let all = "(SELECT string_agg(body, ' ') || (SELECT string_agg(CAST(tokens AS TEXT), ' ') FROM tokens) FROM events)";
    let has = |text: &str| postgres.holds("shop", &format!("strpos({all}, '{text}') > 0"));
    assert!(!has(&token[4..47]) && has(&hex::encode(sha256(token.as_bytes()))));
}
