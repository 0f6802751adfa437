//! The host as a process, in front of a real PostgreSQL.

#[path = "support/events.rs"]
mod events;
#[allow(dead_code, reason = "each suite uses a part of it")]
#[path = "support/host.rs"]
mod host;
#[path = "support/postgres.rs"]
mod postgres;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use ed25519_dalek::SigningKey;
use gatewright_core::api::EventBatch;
use gatewright_core::bundle::Bundle;
use gatewright_core::catalogue::{CatalogueIndex, RelationKind, Volatility};
use gatewright_core::event::Kind;
use gatewright_core::run::{Chain, Lines};
use gatewright_tests::port::Port;
use host::{FILTER_TOKEN, Host, PASSWORD, jwks};
use postgres::Postgres;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const SCHEMA: &str = "
CREATE TABLE people (id int PRIMARY KEY, gone text, name text, email text, phone text);
ALTER TABLE people DROP COLUMN gone;
CREATE TABLE visits (at date, email text) PARTITION BY RANGE (at);
CREATE TABLE visits_now PARTITION OF visits DEFAULT;
CREATE VIEW contacts AS SELECT id, lower(email) AS mail, name FROM people;
CREATE VIEW contacts_again AS SELECT mail, name FROM contacts;
CREATE MATERIALIZED VIEW phones AS SELECT phone FROM people;
CREATE SCHEMA other;
CREATE TABLE other.people (email text);
CREATE FUNCTION public.helper() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION public.initials(text) RETURNS text IMMUTABLE LANGUAGE sql RETURN left($1, 1);
CREATE FUNCTION public.initials(int) RETURNS SETOF text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN NEXT 1; END';
CREATE FUNCTION public.upper(int) RETURNS int STABLE LANGUAGE sql RETURN $1;
CREATE AGGREGATE public.latest(int) (SFUNC = int4larger, STYPE = int);
";

fn roles() -> String {
    format!(
        "SET password_encryption = 'scram-sha-256'; CREATE ROLE support LOGIN PASSWORD '{PASSWORD}';
         CREATE ROLE plain LOGIN PASSWORD '{PASSWORD}';
         SET password_encryption = 'md5'; CREATE ROLE oldtimer LOGIN PASSWORD '{PASSWORD}';"
    )
}

fn shop() -> Postgres {
    let postgres = Postgres::start();
    postgres.sql("shop", SCHEMA);
    postgres.sql("shop", &roles());
    postgres
}

fn catalogue(bundle: &Value) -> CatalogueIndex {
    let bundle: Bundle = serde_json::from_value(bundle.clone()).unwrap();
    CatalogueIndex::new(bundle.catalogue)
}

/// Names of the masked columns that a column carries.
fn carried(index: &CatalogueIndex, table: &str, column: &str) -> Vec<String> {
    let relation = index.relation("public", table).unwrap();
    let taint = &relation.column(column).unwrap().taint;
    taint.iter().map(|id| index.masked(id).map(|m| format!("{}.{}", m.table, m.column)).unwrap()).collect()
}

#[tokio::test]
async fn bundles_follow_files_and_database() {
    let postgres = shop();
    let host = Host::start(postgres.port);
    let first = host.bundle("the first bundle", |_| true).await;
    let index = catalogue(&first);
    assert_eq!(index.relation("public", "visits").unwrap().kind, RelationKind::Table);
    assert_eq!(index.relation("public", "people").unwrap().column("name").unwrap().attnum, 3);
    assert_eq!(carried(&index, "people", "email"), ["people.email"]);
    assert_eq!(carried(&index, "people", "name"), Vec::<String>::new());
    assert_eq!(carried(&index, "visits_now", "email"), ["visits_now.email"]);
    assert_eq!(carried(&index, "contacts", "mail"), ["people.email"]);
    assert_eq!(carried(&index, "contacts", "id"), Vec::<String>::new());
    assert_eq!(carried(&index, "contacts_again", "mail"), ["people.email"]);
    assert_eq!(carried(&index, "phones", "phone"), ["people.phone"]);
    assert!(index.relation("other", "people").unwrap().taint().is_clean());
    let function = |name: &str| index.functions(name).next().cloned().unwrap();
    let initials = function("initials");
    assert_eq!(initials.volatility, Volatility::Immutable);
    assert_eq!(initials.language, "plpgsql, sql");
    assert!(initials.gives_rows && !initials.shadows && initials.harmless);
    assert!(function("helper").volatility == Volatility::Volatile && !function("helper").harmless);
    assert!(function("upper").shadows && !function("upper").gives_rows);
    assert_eq!(function("upper").volatility, Volatility::Stable);
    // Its transition function could be anything.
    assert!(function("latest").volatility == Volatility::Volatile && !function("latest").harmless);
    assert_eq!(first["catalogue"]["search_path"], json!(["public"]));
    let text = first.to_string();
    assert!(!text.contains(PASSWORD) && !text.contains("hunter2"));

    // The same again is not sent again.
    let path = "/v1/filter/bundle?resource=shop";
    let digest = first["digest"].as_str().unwrap();
    assert_eq!(host.get_if_new(path, FILTER_TOKEN, digest).await.0, 304);
    assert_eq!(host.get(path, "wrong").await.0, 401);
    assert_eq!(host.get(path, "").await.0, 401);
    assert_eq!(host.get("/v1/filter/bundle?resource=none", FILTER_TOKEN).await.0, 404);
    assert_eq!(host.get("/v1/filter/bundle", FILTER_TOKEN).await.0, 400);

    // DDL by anyone shows within seconds; all there is besides is looked at every three minutes.
    let started = Instant::now();
    postgres.sql("shop", "ALTER TABLE people ADD COLUMN note text; CREATE TABLE leads (email text)");
    let second = host.bundle("the new table", |b| b.to_string().contains("leads")).await;
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    assert_eq!(carried(&catalogue(&second), "leads", "email"), ["leads.email"]);
    assert_ne!(second["digest"], first["digest"]);

    // A function that is no longer what was declared is harmless no longer.
    postgres.sql("shop", "ALTER FUNCTION initials(text) STABLE");
    let second = host
        .bundle("the changed function", |b| {
            catalogue(b).functions("initials").next().is_some_and(|initials| !initials.harmless)
        })
        .await;

    // A policy that does not validate is refused, and the last good bundle stays.
    let policies = host.folder.path().join("policies/more.cedar");
    std::fs::write(&policies, "permit (principal, action == Action::\"selekt\", resource);").unwrap();
    let ready = host.until("the refusal", "/readyz", |_, r| r.to_string().contains("selekt")).await;
    assert_eq!(ready["ready"], true);
    assert_eq!(host.get_if_new(path, FILTER_TOKEN, second["digest"].as_str().unwrap()).await.0, 304);
    std::fs::write(&policies, "@id(\"more\") permit (principal, action == Action::\"insert\", resource);")
        .unwrap();
    let third = host.bundle("the new policy", |b| b.to_string().contains("\"more\"")).await;
    assert_eq!(host.get("/readyz", "").await.1["resources"]["shop"]["status"], "ready");

    // So is a mask that fits nothing.
    let config = host.folder.path().join("gatewright.yaml");
    let sound = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, sound.replace("people.phone", "people.fone")).unwrap();
    let stale = host.until("the typo", "/readyz", |_, r| r.to_string().contains("people.fone")).await;
    assert_eq!(stale["resources"]["shop"]["status"], "stale");
    assert_eq!(host.get_if_new(path, FILTER_TOKEN, third["digest"].as_str().unwrap()).await.0, 304);
    // And the name of a function that does not exist.
    std::fs::write(&config, sound.replace("public.helper", "public.helpers")).unwrap();
    host.until("the typo", "/readyz", |_, r| {
        r.to_string().contains("`functions` names `public.helpers` (line 33), which does not exist")
    })
    .await;
    std::fs::write(&config, sound.replace("method: partial", "method: hash")).unwrap();
    host.bundle("the new method", |b| b["catalogue"]["masked"][0]["method"] == "hash").await;
}

#[tokio::test]
async fn no_database_no_bundle_until_it_is_there() {
    let nobody = Port::free().unwrap();
    let host = Host::start(nobody.number());
    let (status, problem) = host.get("/v1/filter/bundle?resource=shop", FILTER_TOKEN).await;
    assert_eq!((status, problem["status"].as_u64()), (503, Some(503)));
    assert_eq!(host.get("/readyz", "").await.0, 503);
    assert_eq!(host.get("/healthz", "").await.0, 200);
}

/// A message of PostgreSQL's protocol: type byte, length, body.
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

async fn receive(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut head = [0; 5];
    stream.read_exact(&mut head).await.unwrap();
    let length = u32::from_be_bytes(head[1..].try_into().unwrap());
    let mut body = vec![0; length as usize - 4];
    stream.read_exact(&mut body).await.unwrap();
    (head[0], body)
}

/// Connects as a role; gives the stream and the server's authentication request.
async fn connect(postgres: &Postgres, role: &str) -> (TcpStream, Vec<u8>) {
    let mut stream = TcpStream::connect(("127.0.0.1", postgres.port)).await.unwrap();
    let body =
        [&196_608_u32.to_be_bytes()[..], format!("user\0{role}\0database\0shop\0\0").as_bytes()].concat();
    stream.write_all(&message(0, &body)[1..]).await.unwrap();
    let (kind, body) = receive(&mut stream).await;
    assert_eq!(kind, b'R');
    (stream, body)
}

/// A login step at the host.
async fn step(host: &Host, role: &str, token: &str, session: &str, challenge: Value) -> (u16, Value) {
    let mut body = json!({ "resource": "shop", "session": session, "role": role, "token": token });
    body.as_object_mut().unwrap().extend(challenge.as_object().unwrap().clone());
    host.post("/v1/filter/login", FILTER_TOKEN, &body).await
}

#[tokio::test]
async fn logins_are_proved_to_a_real_server() {
    let postgres = shop();
    let host = Host::start(postgres.port);
    let ann = host.token("ann", &["support"]);

    // SCRAM-SHA-256.
    let (mut stream, request) = connect(&postgres, "support").await;
    assert!(request.starts_with(&10_u32.to_be_bytes()) && request[4..].starts_with(b"SCRAM-SHA-256\0"));
    let first = json!({ "step": "scram_first", "mechanisms": ["SCRAM-SHA-256"] });
    let (status, reply) = step(&host, "support", &ann, "s1", first.clone()).await;
    assert_eq!(status, 200, "{reply}");
    let proof = reply["proof"].as_str().unwrap().as_bytes();
    let length = u32::try_from(proof.len()).unwrap().to_be_bytes();
    stream.write_all(&message(b'p', &[b"SCRAM-SHA-256\0", &length[..], proof].concat())).await.unwrap();
    let (_, challenge) = receive(&mut stream).await;
    let server_first = String::from_utf8(challenge[4..].to_vec()).unwrap();
    let last = json!({ "step": "scram_final", "server_first": server_first });
    let (status, reply) = step(&host, "support", &ann, "s1", last.clone()).await;
    assert_eq!(status, 200, "{reply}");
    stream.write_all(&message(b'p', reply["proof"].as_str().unwrap().as_bytes())).await.unwrap();
    let (kind, server_final) = receive(&mut stream).await;
    assert_eq!(
        (kind, &server_final[..4]),
        (b'R', &12_u32.to_be_bytes()[..]),
        "{}",
        String::from_utf8_lossy(&server_final)
    );
    assert_eq!(reply["server_final"].as_str().unwrap().as_bytes(), &server_final[4..]);
    assert_eq!(receive(&mut stream).await, (b'R', vec![0; 4]));
    // Asked again, the second step says the same; it is answered only in the login that its first step began.
    assert_eq!(step(&host, "support", &ann, "s1", last.clone()).await.1["proof"], reply["proof"]);
    assert_eq!(step(&host, "support", &ann, "s2", first.clone()).await.0, 200);
    assert_eq!(step(&host, "support", &ann, "s2", last.clone()).await.0, 422);
    assert_eq!(step(&host, "support", &host.token("bob", &["support"]), "s1", last).await.0, 422);

    // md5, by the role's name on the target.
    let (mut stream, request) = connect(&postgres, "oldtimer").await;
    assert!(request.starts_with(&5_u32.to_be_bytes()));
    let md5 = json!({ "step": "md5", "salt": hex::encode(&request[4..]) });
    let (status, reply) = step(&host, "veteran", &ann, "s3", md5.clone()).await;
    assert_eq!(status, 200, "{reply}");
    stream
        .write_all(&message(b'p', format!("{}\0", reply["proof"].as_str().unwrap()).as_bytes()))
        .await
        .unwrap();
    assert_eq!(receive(&mut stream).await, (b'R', vec![0; 4]));

    // Cleartext is not configured.
    assert_eq!(step(&host, "plain", &ann, "s4", json!({ "step": "cleartext" })).await.0, 502);
    // Who is not permitted gets nothing.
    let (status, problem) = step(&host, "support", &host.token("eve", &["sales"]), "s5", first.clone()).await;
    assert_eq!(status, 403, "{problem}");
    assert_eq!(step(&host, "postgres", &ann, "s6", first.clone()).await.0, 403);
    assert_eq!(step(&host, "support", "garbage", "s7", first.clone()).await.0, 401);
    let plus = json!({ "step": "scram_first", "mechanisms": ["SCRAM-SHA-256-PLUS"] });
    assert_eq!(step(&host, "support", &ann, "s8", plus).await.0, 502);
    assert_eq!(step(&host, "support", &ann, "s9", json!({ "step": "md5", "salt": "00" })).await.0, 422);

    let log = std::fs::read_to_string(host.folder.path().join("log")).unwrap();
    for secret in [PASSWORD, "hunter2", &ann, FILTER_TOKEN, reply["proof"].as_str().unwrap()] {
        assert!(!log.contains(secret), "the log holds a secret");
    }
}

fn approval(digest: &str, mode: &str) -> Value {
    json!({
        "resource": "shop", "session": "s1", "principal": "ann", "issuer": "https://idp.example", "role": "support",
        "statement": "DELETE FROM people WHERE id = $1", "parameters": ["7"], "digest": digest, "reason": "deleting",
        "approvers": ["dba"], "min_approvals": 1, "expires_s": 600, "mode": mode,
    })
}

#[tokio::test]
async fn approvals_are_decided_over_http_and_survive_a_restart() {
    let mut host = Host::start(1);
    let (status, asked) = host.post("/v1/filter/approvals", FILTER_TOKEN, &approval("d1", "hold")).await;
    assert_eq!((status, asked["state"].as_str()), (200, Some("pending")));
    let id = asked["id"].as_str().unwrap().to_owned();
    assert_eq!(asked["url"], format!("http://gatewright.example/approvals/{id}"));
    host.restart();

    let (ann, dan) = (host.token("ann", &["support", "dba"]), host.token("dan", &["dba"]));
    assert_eq!(host.get("/v1/approvals?state=pending", "").await.0, 401);
    assert_eq!(host.get("/v1/approvals?state=pending", FILTER_TOKEN).await.0, 401);
    assert_eq!(host.get("/v1/approvals?state=open", &dan).await.0, 400);
    let (_, list) = host.get("/v1/approvals?state=pending", &dan).await;
    let shown = &list[0];
    assert_eq!((shown["id"].as_str(), shown["principal"].as_str()), (Some(id.as_str()), Some("ann")));
    assert!(shown["expires_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(host.get("/v1/approvals", &host.token("eve", &["sales"])).await.1, json!([]));
    assert_eq!(host.get(&format!("/v1/approvals/{id}"), &host.token("eve", &[])).await.0, 404);

    let decision = format!("/v1/approvals/{id}/decision");
    let approve = json!({ "decision": "approve", "comment": "checked" });
    let (status, problem) = host.post(&decision, &ann, &approve).await;
    assert_eq!(status, 403, "{problem}");
    assert_eq!(host.post(&decision, &host.token("eve", &["sales"]), &approve).await.0, 404);
    assert_eq!(host.post(&decision, &dan, &json!({ "decision": "maybe" })).await.0, 422);
    let path = format!("/v1/filter/approvals/{id}/wait");
    let wait = host.get(&path, FILTER_TOKEN);
    let decide = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        host.post(&decision, &dan, &approve).await
    };
    let ((status, reply), (decided, shown)) = tokio::join!(wait, decide);
    assert_eq!((decided, shown["decided_by"].clone()), (200, json!(["dan"])));
    assert_eq!(
        (status, reply["state"].as_str(), reply["comment"].as_str()),
        (200, Some("approved"), Some("checked"))
    );
    assert_eq!(host.get(&format!("/v1/filter/approvals/{id}/wait"), FILTER_TOKEN).await.0, 409);
    assert_eq!(host.post(&decision, &dan, &approve).await.0, 409);
    assert_eq!(host.get(&format!("/v1/approvals/{id}"), &ann).await.1["state"], "used");
    assert_eq!(host.get("/v1/filter/approvals/NONE/wait", FILTER_TOKEN).await.0, 404);
}

#[tokio::test]
async fn recordings_are_kept_shown_and_verified() {
    let mut host = Host::start(1);
    let mut chain = Chain::new("s1");
    let text = |s: &str| s.to_owned();
    let mut open = events::open("shop", "ann");
    if let Kind::Open { application, .. } = &mut open {
        application.push_str("\u{1b}[31m");
    }
    let statement = events::statement(1, "SELECT email FROM people", "allow", &["read"]);
    let result = Kind::Result {
        statement: 1,
        tag: text("SELECT 1"),
        columns: vec![text("email")],
        rows: vec![vec![Some(text("***@***"))]],
        row_count: 1,
        masked: vec![text("people.email")],
        unmasked: false,
        would_hide: Vec::new(),
        would_withhold: None,
        elapsed_ms: 3,
    };
    let mut run = |kinds: &[Kind]| {
        let mut lines = Lines::default();
        for kind in kinds {
            lines.push(1_700_000_000_000, kind);
        }
        chain.seal(&lines)
    };
    let batch_of = |runs| {
        let batch = EventBatch { resource: "shop".to_owned(), runs };
        String::from_utf8(batch.lines()).unwrap()
    };
    let runs = vec![run(&[open, statement, result, Kind::Close { reason: text("bye") }])];
    // A held statement of that session: its end withdraws it.
    let (_, held) = host.post("/v1/filter/approvals", FILTER_TOKEN, &approval("d1", "hold")).await;
    let batch = batch_of(runs);
    assert_eq!(
        host.post_text("/v1/filter/events", FILTER_TOKEN, &batch).await,
        (200, json!({ "durable": 4 }))
    );
    assert_eq!(
        host.post_text("/v1/filter/events", FILTER_TOKEN, &batch).await,
        (200, json!({ "durable": 4 }))
    );
    let (_, waited) =
        host.get(&format!("/v1/filter/approvals/{}/wait", held["id"].as_str().unwrap()), FILTER_TOKEN).await;
    assert_eq!(waited["state"], "withdrawn");
    run(&[Kind::Close { reason: text("lost") }]);
    let gap = batch_of(vec![run(&[Kind::Close { reason: text("after a gap") }])]);
    assert_eq!(host.post_text("/v1/filter/events", FILTER_TOKEN, &gap).await.0, 409);
    assert_eq!(host.post_text("/v1/filter/events", "wrong", &batch).await.0, 401);

    assert_eq!(host.get("/v1/sessions", &host.token("dan", &["dba"])).await.0, 403);
    assert_eq!(host.get("/v1/sessions/s1", &host.token("dan", &["dba"])).await.0, 404);
    let auditor = host.token("kim", &["audit"]);
    assert_eq!(host.get("/v1/sessions", &auditor).await.1[0]["id"], "s1");
    assert_eq!(host.get("/v1/sessions/s1", &auditor).await.1["events"].as_array().unwrap().len(), 4);

    // The command line reads beside the running host, and after it.
    for _ in 0..2 {
        let list = String::from_utf8(host.run(&["sessions", "ls", "--data", "data"]).stdout).unwrap();
        assert!(list.contains("s1") && list.contains("ann"), "{list}");
        let shown =
            String::from_utf8(host.run(&["sessions", "show", "s1", "--config", "gatewright.yaml"]).stdout)
                .unwrap();
        assert!(
            shown.contains("SELECT email FROM people") && shown.contains("masked: people.email"),
            "{shown}"
        );
        assert!(!shown.contains('\u{1b}'), "control characters reach the terminal");
        let verified = host.run(&["sessions", "verify", "--data", "data", "--output", "json"]);
        assert!(verified.status.success());
        assert_eq!(serde_json::from_slice::<Value>(&verified.stdout).unwrap()["events"], 4);
        if host.url.is_empty() {
            break;
        }
        host.stop();
        host.url.clear();
    }
    assert_eq!(host.run(&["sessions", "show", "nobody", "--data", "data"]).status.code(), Some(2));
    let checkpoint = host.folder.path().join("data/checkpoint");
    let genuine = std::fs::read_to_string(&checkpoint).unwrap();
    // Asked for, a run of events, withdrawn: the file is not behind once the host has ended.
    assert!(genuine.contains("\n3\n"), "{genuine}");
    std::fs::write(&checkpoint, genuine.replacen("\n3\n", "\n5\n", 1)).unwrap();
    let verified = host.run(&["sessions", "verify", "s1", "--data", "data"]);
    assert_eq!(verified.status.code(), Some(1), "{}", String::from_utf8_lossy(&verified.stdout));
    // And the host does not go on from there.
    let refused = host.run(&["serve", "--config", "gatewright.yaml"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("checkpoint"));
}

/// A provider that answers what the test last said: a JWK Set, or nothing useful.
async fn provider() -> (String, Arc<Mutex<Option<Value>>>) {
    let says = Arc::new(Mutex::new(None));
    let said = says.clone();
    let answer = async move || match said.lock().unwrap().clone() {
        Some(keys) => Ok(axum::Json::<Value>(keys)),
        None => Err(StatusCode::INTERNAL_SERVER_ERROR),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/keys", axum::routing::get(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, says)
}

#[tokio::test]
async fn keys_are_refreshed_and_kept() {
    let host = Host::start(1);
    let (url, says) = provider().await;
    let second = SigningKey::from_bytes(&[8; 32]);
    let dan = host.token("dan", &["dba"]);
    let eve = host.token_by("k2", &second, "eve", &["dba"]);
    let config = host.folder.path().join("gatewright.yaml");
    let text = std::fs::read_to_string(&config).unwrap();
    // The provider does not answer yet: the keys of the file stay.
    std::fs::write(&config, text.replace("{ file: jwks.json }", &format!("{{ url: \"{url}\" }}"))).unwrap();
    host.until("the failure", "/readyz", |_, ready| ready["faults"].to_string().contains("500")).await;
    assert_eq!(host.get("/v1/approvals", &dan).await.0, 200);
    assert_eq!(host.get("/v1/approvals", &eve).await.0, 401);
    // It answers, with another key: the old one is not good any more.
    *says.lock().unwrap() = Some(jwks("k2", &second));
    host.until("the new key", "/readyz", |_, ready| ready["faults"] == json!([])).await;
    assert_eq!(host.get("/v1/approvals", &eve).await.0, 200);
    assert_eq!(host.get("/v1/approvals", &dan).await.0, 401);
    // A key that nobody knew is fetched when a token names it.
    *says.lock().unwrap() = Some(jwks("k3", &second));
    let kim = host.token_by("k3", &second, "kim", &["dba"]);
    let deadline = Instant::now() + Duration::from_secs(60);
    while host.get("/v1/approvals", &kim).await.0 != 200 {
        assert!(Instant::now() < deadline, "the unknown key is not fetched");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[test]
fn check_says_what_is_wrong_and_where() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("gatewright.yaml");
    std::fs::write(&config, "version: 1\nhost:\n  listen: nowhere\n").unwrap();
    let run = || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gatewright"));
        command
            .env_remove("GATEWRIGHT_FILTER_TOKEN")
            .args(["check", "--config"])
            .arg(&config)
            .output()
            .unwrap()
    };
    let checked = run();
    assert_eq!(checked.status.code(), Some(1));
    let said = String::from_utf8(checked.stderr).unwrap();
    assert!(said.contains("gatewright.yaml:3:11") && said.contains("`host.listen`"), "{said}");
}
