//! Personal access tokens: what each scope is good for, when one ends, and who may have which.

#[path = "support/approvals.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod approvals;
#[path = "support/host.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod host;
#[path = "support/tokens.rs"]
#[allow(dead_code, reason = "each suite uses a part of it")]
mod tokens;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use approvals::ask;
use reqwest::Method;
use serde_json::{Value, json};
use tokens::{CLIENT, SCOPES, dan, get, make, revoke, send, start};

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
