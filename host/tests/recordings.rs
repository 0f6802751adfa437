//! Recordings from outside: the log's tiles, evidence that is checked without the host, a new signing key.

#[path = "support/events.rs"]
mod events;
#[allow(dead_code, reason = "each suite uses a part of it")]
#[path = "support/host.rs"]
mod host;

use std::path::Path;

use axum::http::StatusCode;
use gatewright_core::api::EventBatch;
use gatewright_core::digest::sha256;
use gatewright_core::event::Kind;
use gatewright_core::run::{Chain, Lines, SealedRun};
use gatewright_tests::browser::Browser;
use gatewright_tests::tools;
use host::{FILTER_TOKEN, Host};
use serde_json::{Value, json};

fn text(s: &str) -> String {
    s.to_owned()
}

/// What agents are told apart by.
fn open(principal: &str) -> Kind {
    events::open("shop", principal)
}

fn statement(sql: &str) -> Kind {
    events::statement(1, sql, "allow", &["read"])
}

fn run(chain: &mut Chain, at: u64, kinds: &[Kind]) -> SealedRun {
    let mut lines = Lines::default();
    for kind in kinds {
        lines.push(at, kind);
    }
    chain.seal(&lines)
}

async fn send(host: &Host, runs: Vec<SealedRun>) {
    let lines = EventBatch { resource: text("shop"), runs }.lines();
    let (status, answer) =
        host.post_text("/v1/filter/events", FILTER_TOKEN, std::str::from_utf8(&lines).unwrap()).await;
    assert_eq!(status, 200, "{answer}");
}

/// A session that ends, in two runs.
async fn session(host: &Host, id: &str, at: u64, sql: &str) {
    let mut chain = Chain::new(id);
    let first = run(&mut chain, at, &[open("ann"), statement(sql)]);
    let last = run(&mut chain, at + 5, &[Kind::Close { reason: text("bye") }]);
    send(host, vec![first, last]).await;
}

fn said(output: &std::process::Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn public(host: &Host) -> String {
    std::fs::read_to_string(host.folder.path().join("data/signing.pub")).unwrap()
}

/// Waits until the checkpoint's file is of so many entries, and gives it.
fn checkpoint(host: &Host, entries: u64) -> String {
    for _ in 0..3_000 {
        // It may not be there yet.
        let note = std::fs::read_to_string(host.folder.path().join("data/checkpoint")).unwrap_or_default();
        if note.lines().nth(1) == Some(&entries.to_string()) {
            return note;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("no checkpoint over {entries} entries");
}

async fn bytes(host: &Host, path: &str, token: &str) -> (u16, Vec<u8>) {
    let answer =
        reqwest::Client::new().get(format!("{}{path}", host.url)).bearer_auth(token).send().await.unwrap();
    (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn auditors_read_the_log_as_tiles() {
    let host = Host::start(1);
    let auditor = host.token("kim", &["audit"]);
    assert_eq!(bytes(&host, "/tlog/checkpoint", &auditor).await.0, 404);
    for i in 0..130 {
        session(&host, &format!("s{i}"), 1_700_000_000_000, "SELECT 1").await;
    }
    let paths = [
        "/tlog/checkpoint",
        "/tlog/tile/0/000",
        "/tlog/tile/0/001.p/4",
        "/tlog/tile/entries/000",
        "/tlog/tile/1/000.p/1",
    ];
    for path in paths {
        for (token, status) in
            [("", 401), (FILTER_TOKEN, 401), (&*host.token("dan", &["dba"]), 403), (&*auditor, 200)]
        {
            assert_eq!(bytes(&host, path, token).await.0, status, "{path}");
        }
    }
    for path in [
        "0/002",
        "0/001",
        "0/001.p/5",
        "1/000",
        "1/000.p/2",
        "2/000.p/1",
        "entries/001",
        "0/0",
        "x",
        "0/x999/x999/x999/x999/x999/999",
    ] {
        assert_eq!(bytes(&host, &format!("/tlog/tile/{path}"), &auditor).await.0, 404, "{path}");
    }
    // The entries are what the tile has the hashes of, and those what is in the level above.
    let (_, tile) = bytes(&host, "/tlog/tile/0/000", &auditor).await;
    let (_, entries) = bytes(&host, "/tlog/tile/entries/000", &auditor).await;
    let (mut rest, mut hashes) = (entries.as_slice(), Vec::new());
    while let Some((length, after)) = rest.split_first_chunk() {
        let (entry, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
        hashes.push(sha256(&[&[0], entry].concat()));
        rest = after;
    }
    assert_eq!((hashes.len(), hashes.concat()), (256, tile));
    while hashes.len() > 1 {
        hashes = hashes.chunks(2).map(|pair| sha256(&[&[1][..], &pair[0], &pair[1]].concat())).collect();
    }
    assert_eq!(bytes(&host, "/tlog/tile/1/000.p/1", &auditor).await.1, hashes[0]);
    // The same as files.
    let exported = host.run(&["log", "export", "out", "--data", "data"]);
    assert_eq!(said(&exported), "260 entries\n");
    let at = |path: &str| std::fs::read(host.folder.path().join("out").join(path)).unwrap();
    for path in [
        "checkpoint",
        "tile/0/000",
        "tile/0/001.p/4",
        "tile/entries/000",
        "tile/entries/001.p/4",
        "tile/1/000.p/1",
    ] {
        assert_eq!(at(path), bytes(&host, &format!("/tlog/{path}"), &auditor).await.1, "{path}");
    }
    assert_eq!(at("keys"), public(&host).into_bytes());
}

#[tokio::test]
async fn evidence_is_checked_where_there_is_no_host() {
    let mut host = Host::start(1);
    session(&host, "s1", 1_700_000_000_000, "SELECT email FROM people").await;
    let old = checkpoint(&host, 2);
    session(&host, "s2", 1_700_000_000_000, "SELECT 2").await;
    checkpoint(&host, 4);
    std::fs::write(host.folder.path().join("old"), &old).unwrap();
    let export = ["sessions", "export", "s1", "--to", "s1.jsonl", "--since", "old", "--data", "data"];
    let exported = host.run(&export);
    assert!(exported.status.success(), "{}", said(&exported));
    let key = public(&host);
    host.stop();
    // Elsewhere, by the file and the key.
    let elsewhere = tempfile::tempdir().unwrap();
    for file in ["s1.jsonl", "old"] {
        std::fs::copy(host.folder.path().join(file), elsewhere.path().join(file)).unwrap();
    }
    let verify = |file: &str, key: &str| {
        let mut command = host::command(elsewhere.path());
        command
            .args(["sessions", "verify", "--file", file, "--key", key.trim(), "--since", "old"])
            .output()
            .unwrap()
    };
    let verified = verify("s1.jsonl", &key);
    assert!(verified.status.success(), "{}", said(&verified));
    assert!(said(&verified).contains("as signed in checkpoints over 2, 4 entries"), "{}", said(&verified));
    let whole = std::fs::read_to_string(elsewhere.path().join("s1.jsonl")).unwrap();
    assert!(whole.contains("SELECT email"));
    std::fs::write(elsewhere.path().join("bad.jsonl"), whole.replace("SELECT email", "SELECT phone"))
        .unwrap();
    let verified = verify("bad.jsonl", &key);
    assert_eq!(verified.status.code(), Some(1));
    assert!(
        said(&verified).contains("log entry 0 (session `s1`): event 0 was changed"),
        "{}",
        said(&verified)
    );
    // Without a key it cannot be checked.
    let unkeyed =
        host::command(elsewhere.path()).args(["sessions", "verify", "--file", "s1.jsonl"]).output().unwrap();
    assert_eq!(unkeyed.status.code(), Some(2), "{}", said(&unkeyed));
}

#[tokio::test]
async fn witnesses_of_the_configuration_are_asked() {
    // One that knows nobody: what it cosigns and what not is tested where it is asked.
    let (asked, mut bodies) = tokio::sync::mpsc::unbounded_channel();
    let answer = async move |body: String| {
        asked.send(body).unwrap();
        StatusCode::NOT_FOUND
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/w", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/w/add-checkpoint", axum::routing::post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut host = Host::start(1);
    session(&host, "s1", 1_700_000_000_000, "SELECT 1").await;
    let note = checkpoint(&host, 2);
    let log = public(&host);
    let witness = |key: &str| format!("  witnesses: [{{ url: \"{url}\", key: \"{key}\", every: 50ms }}]\n");
    // A log's own key is none of a witness.
    let path = host.folder.path().join("gatewright.yaml");
    let sound = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        sound.replacen("  auditors: [audit]\n", &format!("  auditors: [audit]\n{}", witness(log.trim())), 1),
    )
    .unwrap();
    let checked = host.run(&["check"]);
    assert!(said(&checked).contains("its type is not that of cosignatures"), "{}", said(&checked));
    std::fs::write(&path, sound).unwrap();
    configure(&mut host, &witness(&cosigner("witness.example/w1", [5; 32])));
    let body = bodies.recv().await.unwrap();
    assert_eq!(body, format!("old 0\n\n{note}"));
    // It says no, and is asked again; the host works all the same.
    bodies.recv().await.unwrap();
    session(&host, "s2", 1_700_000_000_000, "SELECT 2").await;
}

/// The public key of a witness, as text.
fn cosigner(name: &str, seed: [u8; 32]) -> String {
    let mut key = vec![4];
    key.extend_from_slice(ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().as_bytes());
    let id = sha256(&[name.as_bytes(), b"\n", &key].concat());
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, key);
    format!("{name}+{}+{base64}", hex::encode(&id[..4]))
}

/// Waits until the host has said something.
async fn until_logged(host: &Host, what: &str) {
    let log = host.folder.path().join("log");
    for tried in 0.. {
        if std::fs::read_to_string(&log).unwrap().contains(what) {
            return;
        }
        assert!(tried < 1_000, "`{what}` is not said");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Adds a section to `host` of the configuration, and begins again with it.
fn configure(host: &mut Host, section: &str) {
    host.stop();
    with(host, section);
    host.start_again();
}

/// Adds a section to `host` of the configuration.
fn with(host: &Host, section: &str) {
    let path = host.folder.path().join("gatewright.yaml");
    let sound = std::fs::read_to_string(&path).unwrap();
    let auditors = "  auditors: [audit]\n";
    std::fs::write(&path, sound.replacen(auditors, &format!("{auditors}{section}"), 1)).unwrap();
}

#[tokio::test]
async fn what_is_old_goes_and_the_log_says_so() {
    let mut host = Host::start(1);
    session(&host, "old", 1_700_000_000_000, "SELECT old").await;
    session(&host, "held", 1_700_000_000_000, "SELECT held").await;
    session(&host, "new", 4_000_000_000_000, "SELECT new").await;
    host.stop();
    // As if the host had heard of them when they happened.
    let database =
        sqlx::sqlite::SqliteConnectOptions::new().filename(host.folder.path().join("data/gatewright.sqlite"));
    let database = sqlx::SqlitePool::connect_with(database).await.unwrap();
    sqlx::raw_sql("UPDATE sessions SET heard_at = last_at").execute(&database).await.unwrap();
    database.close().await;
    with(
        &host,
        "  retention:\n    rules: [{ name: year, resources: [shop], older_than: 1y }]\n    holds: [{ name: case, sessions: [held] }]\n",
    );
    host.start_again();
    let auditor = host.token("kim", &["audit"]);
    for tried in 0.. {
        let (_, shown) = host.get("/v1/sessions/old", &auditor).await;
        if shown["session"]["pruned"]["by"] == "year" && shown["events"].as_array().unwrap().is_empty() {
            break;
        }
        assert!(tried < 1_500, "{shown}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for kept in ["held", "new"] {
        let (_, shown) = host.get(&format!("/v1/sessions/{kept}"), &auditor).await;
        assert_eq!(shown["events"].as_array().unwrap().len(), 3, "{shown}");
    }
    host.stop();
    let verified = host.run(&["sessions", "verify", "--data", "data"]);
    assert!(
        verified.status.success() && said(&verified).contains("1 were pruned, as the log says"),
        "{}",
        said(&verified)
    );
    assert!(said(&host.run(&["sessions", "show", "old", "--data", "data"])).contains("by the rule year"));
    let database = std::fs::read(host.folder.path().join("data/gatewright.sqlite")).unwrap();
    let has = |text: &[u8]| database.windows(text.len()).any(|part| part == text);
    assert!(has(b"SELECT held") && !has(b"SELECT old"));
}

#[tokio::test]
async fn encrypted_recordings_are_for_those_who_have_the_key() {
    let mut host = Host::start(1);
    std::fs::write(host.folder.path().join("recordings.key"), "ab".repeat(32) + "\n").unwrap();
    configure(&mut host, "  encryption: { keys: [{ name: k1, secret: { file: recordings.key } }] }\n");
    session(&host, "s1", 1_700_000_000_000, "SELECT ssn FROM people").await;
    let auditor = host.token("kim", &["audit"]);
    let (status, found) = host.get("/v1/sessions?text=ssn", &auditor).await;
    assert_eq!((status, found[0]["id"].as_str()), (200, Some("s1")));
    host.stop();
    for file in std::fs::read_dir(host.folder.path().join("data")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(8).any(|part| part == b"ssn FROM"));
    }
    let with_key = host.run(&["sessions", "show", "s1", "--config", "gatewright.yaml"]);
    assert!(said(&with_key).contains("SELECT ssn FROM people"), "{}", said(&with_key));
    let without = host.run(&["sessions", "show", "s1", "--data", "data"]);
    assert_eq!(without.status.code(), Some(2));
    assert!(said(&without).contains("encrypted by the key `k1`"), "{}", said(&without));
    let verified = host.run(&["sessions", "verify", "--data", "data"]);
    assert!(
        verified.status.success() && said(&verified).contains("2 runs of events are encrypted"),
        "{}",
        said(&verified)
    );
    let verified = host.run(&["sessions", "verify", "--config", "gatewright.yaml"]);
    assert!(verified.status.success() && !said(&verified).contains("encrypted"), "{}", said(&verified));
    // Who has not the key is not told that there is nothing.
    assert!(said(&host.run(&["sessions", "ls", "--data", "data"])).contains("encrypted"));
    assert!(
        said(&host.run(&["sessions", "ls", "--data", "data", "--text", "ssn"]))
            .contains("was not looked through")
    );
    let report = host.run(&["report", "--shadow", "--data", "data"]);
    assert!(report.status.code() == Some(2) && said(&report).contains("is encrypted"), "{}", said(&report));
    // A new key, which wraps what the old one did: then that can go.
    std::fs::write(host.folder.path().join("new.key"), "ef".repeat(32)).unwrap();
    let path = host.folder.path().join("gatewright.yaml");
    let reconfigure = |from: &str, to: &str| {
        let config = std::fs::read_to_string(&path).unwrap();
        assert!(config.contains(from));
        std::fs::write(&path, config.replace(from, to)).unwrap();
    };
    let (old, new) =
        ("{ name: k1, secret: { file: recordings.key } }", "{ name: k2, secret: { file: new.key } }");
    reconfigure(&format!("keys: [{old}]"), &format!("rewrap: true, keys: [{new}, {old}]"));
    host.start_again();
    until_logged(&host, "no recording needs an older key of host.encryption.keys any more").await;
    host.stop();
    reconfigure(&format!(", {old}"), "");
    std::fs::remove_file(host.folder.path().join("recordings.key")).unwrap();
    let rewrapped = host.run(&["sessions", "show", "s1", "--config", "gatewright.yaml"]);
    assert!(said(&rewrapped).contains("SELECT ssn FROM people"), "{}", said(&rewrapped));
    // Another key by that name: the host says so before it goes on.
    std::fs::write(host.folder.path().join("new.key"), "cd".repeat(32)).unwrap();
    let refused = host.run(&["serve", "--config", "gatewright.yaml"]);
    assert!(
        said(&refused).contains("the key `k2` is not the one that it is encrypted by"),
        "{}",
        said(&refused)
    );
}

/// Plays a terminal's recording to its end in asciinema's own player, in a browser.
fn played(folder: &Path, cast: &str) -> anyhow::Result<()> {
    let player = tools::node_module("asciinema-player/dist/bundle/asciinema-player.min.js")?;
    let style = player.with_file_name("asciinema-player.css");
    let file = folder.join("player.html");
    let page = format!(
        "<!doctype html><meta charset=utf-8><link rel=stylesheet href='file://{}'><div id=at></div>
        <script src='file://{}'></script><script>
        const player = AsciinemaPlayer.create({{ data: {} }}, document.getElementById('at'), {{ speed: 10 }});
        player.addEventListener('ended', () => {{ window.ended = true; }});
        player.play();</script>",
        style.display(),
        player.display(),
        // In a script, `</` would end it.
        Value::from(cast).to_string().replace("</", "<\\/"),
    );
    std::fs::write(&file, page)?;
    let browser = Browser::start()?;
    let page = browser.page()?;
    page.go(&format!("file://{}", file.display()))?;
    page.until("its end", "window.ended === true")?;
    // The player draws a moment later.
    page.until("its last picture", "document.getElementById('at').textContent.includes('***@***')")?;
    let shown = page.text("#at")?;
    anyhow::ensure!(shown.contains("'b'") && shown.contains("***@***"), "{shown}");
    anyhow::ensure!(page.complaints().is_empty(), "{:?}", page.complaints());
    page.screenshot("asciicast")
}

#[tokio::test(flavor = "multi_thread")]
async fn recordings_are_written_in_formats_of_others() {
    let host = Host::start(1);
    let mut chain = Chain::new("s1");
    let at = 1_700_000_000_000;
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
    let first = run(&mut chain, at, &[open("ann"), statement("=SELECT \u{1b}[31m\"a\", 'b'")]);
    let then = run(&mut chain, at + 1_500, &[result]);
    let last = run(&mut chain, at + 1_000, &[Kind::Close { reason: text("bye") }]);
    send(&host, vec![first, then, last]).await;
    session(&host, "s2", at + 9_000, "SELECT 2").await;
    let export = |args: &[&str]| {
        let output = host.command(&["sessions", "export", "--data", "data"]).args(args).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    // Each event as it was, with whose it is.
    let jsonl = export(&["--format", "jsonl"]);
    let events: Vec<Value> = jsonl.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), 7);
    let ids = (&events[0]["session"]["id"], &events[3]["session"]["id"]);
    assert_eq!(ids, (&json!("s2"), &json!("s1")), "the newest first");
    assert_eq!((&events[4]["seq"], &events[4]["session"]["principal"]), (&json!(1), &json!("ann")));
    let (kind, rows) = (&events[4]["event"]["kind"], &events[5]["event"]["rows"]);
    assert_eq!((kind, rows), (&json!("statement"), &json!([["***@***"]])));
    assert_eq!(export(&["s1", "--format", "jsonl"]).lines().count(), 4);
    assert_eq!(export(&["--format", "jsonl", "--agent", "nobody"]), "");
    // A line for each statement, which no spreadsheet runs.
    let csv = export(&["--format", "csv"]);
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!((lines.len(), lines[3]), (4, ""));
    assert!(lines[0].starts_with("session,time,resource,principal,"));
    assert_eq!(
        lines[2],
        "s1,2023-11-14T22:13:20.000Z,shop,ann,https://idp.example,support,1,allow,,read,,\
         \"'=SELECT \u{1b}[31m\"\"a\"\", 'b'\",,,,SELECT 1,1,3,people.email,"
    );
    // A terminal's recording, in which agents control nothing and time does not go backwards.
    let cast = export(&["s1", "--format", "asciicast"]);
    let mut lines = cast.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let header = lines.next().unwrap();
    assert_eq!(
        (&header["version"], &header["term"]["cols"], &header["timestamp"]),
        (&json!(3), &json!(120), &json!(1_700_000_000))
    );
    let frames: Vec<Value> = lines.collect();
    let after: Vec<f64> = frames.iter().map(|frame| frame[0].as_f64().unwrap()).collect();
    let kinds: String = frames.iter().map(|frame| frame[1].as_str().unwrap()).collect();
    assert_eq!((after, kinds.as_str()), (vec![0.0, 0.0, 1.5, 0.0, 0.0], "oooox"));
    let shown = frames[1][2].as_str().unwrap();
    assert!(shown.contains("=SELECT \\u{1b}[31m") && shown.ends_with("\r\n"), "{shown:?}");
    assert!(!shown.contains("\u{1b}[31m"), "{shown:?}");
    tokio::task::block_in_place(|| played(host.folder.path(), &cast)).unwrap();
    // The same at a terminal, in a tenth of the time: what was shown, and not at once.
    let replay = |args: &[&str]| {
        let began = std::time::Instant::now();
        let output =
            host.command(&["sessions", "replay", "s1", "--data", "data"]).args(args).output().unwrap();
        (said(&output), output.status.code(), began.elapsed().as_millis())
    };
    let (shown, code, took) = replay(&["--speed", "5"]);
    assert_eq!((code, &shown), (Some(0), &said(&host.run(&["sessions", "show", "s1", "--data", "data"]))));
    assert!(took >= 300, "{took} ms");
    assert_eq!(replay(&["--longest", "0s"]).0, shown);
    for wrong in [&["--speed", "0"][..], &["--speed", "NaN"], &["--output", "json"]] {
        assert_eq!(replay(wrong).1, Some(2), "{wrong:?}");
    }
    for wrong in [
        &["--format", "asciicast"][..],
        &["s1", "s2", "--format", "asciicast"],
        &[],
        &["none", "--format", "csv"],
    ] {
        let output = host.command(&["sessions", "export", "--data", "data"]).args(wrong).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
    }
    // What is written to a file is its owner's alone.
    let file = host.folder.path().join("all.csv");
    export(&["--format", "csv", "--to", file.to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), csv);
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    assert_eq!(mode & 0o077, 0);
}

#[tokio::test]
async fn a_new_key_signs_from_the_next_start_on() {
    let mut host = Host::start(1);
    session(&host, "s1", 1_700_000_000_000, "SELECT 1").await;
    let (before, old) = (checkpoint(&host, 2), public(&host));
    let rotated = host.run(&["log", "rotate-key", "--data", "data"]);
    let new = String::from_utf8(rotated.stdout).unwrap();
    assert_eq!(host.run(&["log", "rotate-key", "--data", "data"]).status.code(), Some(2), "once is enough");
    host.restart();
    session(&host, "s2", 1_700_000_000_000, "SELECT 2").await;
    checkpoint(&host, 5);
    assert_eq!(public(&host), format!("{old}{new}"));
    let folder = host.folder.path();
    std::fs::write(folder.join("before"), before).unwrap();
    let by = |keys: &[&str]| {
        let keys = keys.iter().flat_map(|key| ["--key", key.trim()]);
        host.command(&["sessions", "verify", "--data", "data", "--since", "before"])
            .args(keys)
            .output()
            .unwrap()
    };
    let verified = by(&[&old, &new]);
    assert!(verified.status.success(), "{}", said(&verified));
    assert_eq!(by(&[&old]).status.code(), Some(1));
    assert_eq!(by(&[&new]).status.code(), Some(1), "the older checkpoint is not signed by it");
    let mode = |path: &Path| std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions());
    assert_eq!(mode(&folder.join("data/signing.key")) & 0o077, 0);
    assert!(!folder.join("data/signing.next").exists());
}
