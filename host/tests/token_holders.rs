//! Personal access tokens where people have them: at the command line, at several hosts, in how often they ask, and
//! nowhere they do not belong.

#[path = "support/approvals.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod approvals;
#[path = "support/host.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod host;
#[path = "support/postgres.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod postgres;
#[path = "support/tokens.rs"]
#[allow(dead_code, reason = "each suite uses a part of it")]
mod tokens;

use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use gatewright_core::digest::sha256;
use host::{FILTER_TOKEN, Host};
use postgres::Postgres;
use reqwest::Method;
use serde_json::{Value, json};
use tokens::{PEOPLE, SCOPES, dan, get, make, revoke, send, start};

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
