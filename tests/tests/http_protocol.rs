//! HTTP itself, in front of a server that keeps what it got: upgrades, HTTP/2 on both sides, trailers, what breaks off,
//! parts and tags of answers.
#![allow(missing_docs, reason = "a test")]

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use gatewright_tests::agents::HttpAgent;
use gatewright_tests::curl::{Fetched, curl};
use gatewright_tests::h2c::{self, Asked};
use gatewright_tests::proxy::Kind;
use gatewright_tests::stack::{Builder, Stack};
use gatewright_tests::target::{Answer, Seen, Target};
use gatewright_tests::wait;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

const CUSTOMER: &str = r#"{"name":"Ada","ssn":"987-65-4320","note":"write to ada@example.com"}"#;

/// Lets support do everything with the endpoints of the test, upgrades too.
const POLICY: &str = r#"
@id("everything-here")
permit (principal in Group::"support", action in [Action::"request", Action::"upgrade"], resource in Api::"shop-api")
when { resource is Endpoint };
"#;

fn builder(target: &Target) -> Builder {
    let endpoint =
        json!({ "path": "/t/{rest...}", "methods": ["GET", "HEAD", "POST", "PUT", "OPTIONS", "TRACE"] });
    Stack::builder()
        .api_at(&target.address())
        .set(
            "/apis/0/endpoints",
            json!([endpoint, { "path": "/admin/{rest...}", "methods": ["GET"], "tags": ["admin"] }]),
        )
        .policy("test.cedar", POLICY)
}

/// `authorization` of a member of support.
fn bearer(stack: &Stack) -> Result<String> {
    Ok(format!("Bearer {}", stack.idp.token("ann", &["support"])?))
}

/// What the session of `ann` says so far.
fn recorded(stack: &Stack) -> Result<String> {
    let dba = stack.idp.token("dan", &["dba"])?;
    let sessions = stack.host.get("/v1/sessions", &dba)?.json()?;
    let mut all = String::new();
    for session in sessions.as_array().into_iter().flatten() {
        all +=
            &stack.host.get(&format!("/v1/sessions/{}", session["id"].as_str().unwrap_or("?")), &dba)?.body;
    }
    Ok(all)
}

fn wait_recorded(stack: &Stack, what: &str) -> Result<()> {
    wait::until(&format!("`{what}` in the recording"), Duration::from_secs(30), || {
        Ok(recorded(stack)?.contains(what).then_some(()))
    })
}

// --- Upgrades

fn web_sockets() -> Result<Target> {
    Target::start(|seen| {
        let wants = seen.header("upgrade").is_some() && !seen.path.ends_with("/no");
        match wants {
            true => Answer { web_socket: true, ..Answer::default() },
            false => Answer::json(r#"{"error":"no"}"#),
        }
    })
}

/// A WebSocket that says one thing and hears it again; the status where there is none.
fn echo(url: &str, authorization: &str) -> Result<Result<String, u16>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut request = url.replace("http://", "ws://").into_client_request()?;
        request.headers_mut().insert("authorization", authorization.parse()?);
        let address = request.uri().authority().context("no address")?.to_string();
        let stream = tokio::net::TcpStream::connect(address).await?;
        let mut socket = match tokio_tungstenite::client_async(request, stream).await {
            Ok((socket, _)) => socket,
            Err(WsError::Http(response)) => return Ok(Err(response.status().as_u16())),
            Err(other) => bail!(other),
        };
        socket.send(Message::text("hello ada@example.com")).await?;
        let said = socket.next().await.context("it ended")??.into_text()?.to_string();
        socket.close(None).await?;
        Ok(Ok(said))
    })
}

#[test]
fn no_request_leaves_http_by_default() -> Result<()> {
    let target = web_sockets()?;
    let stack = builder(&target).start()?;
    let (url, ann) = (stack.api_url()?, bearer(&stack)?);
    ensure!(echo(&format!("{url}/t/ws"), &ann)? == Err(403));
    let own = format!("authorization: {ann}");
    ensure!(target.take().is_empty());
    for more in [
        &["--http2-prior-knowledge", "-X", "CONNECT"][..],
        &["-X", "CONNECT"],
        &["--http2"],
        &["--header", "connection: upgrade", "--header", "upgrade: h2c"],
        &["--header", "connection: upgrade", "--header", "upgrade: tls/1.2"],
    ] {
        let all: Vec<&str> = ["--header", &own[..]].iter().chain(more).copied().collect();
        not_upgraded(&target, curl(&format!("{url}/t/x"), &all)?)?;
    }
    Ok(())
}

/// It was refused, or the target got an ordinary request: the proxy itself takes some protocols for not said.
fn not_upgraded(target: &Target, answer: Fetched) -> Result<()> {
    let seen = target.take();
    match answer.status {
        0 | 400 | 403 | 404 => ensure!(seen.is_empty(), "{answer:?}: {seen:?}"),
        200 => {
            let plain = |seen: &Seen| seen.method == "GET" && seen.header("upgrade").is_none();
            ensure!(seen.len() == 1 && seen.iter().all(plain), "{answer:?}: {seen:?}");
        }
        _ => bail!("{answer:?}"),
    }
    Ok(())
}

#[test]
fn web_sockets_pass_where_they_are_permitted_in_envoy() -> Result<()> {
    let target = web_sockets()?;
    // `gatewright run` passes no upgrades on: docs/standalone.md.
    let stack = builder(&target).proxy(Kind::Envoy).set("/apis/0/upgrades", json!(["websocket"])).start()?;
    let (url, ann) = (stack.api_url()?, bearer(&stack)?);
    let said = echo(&format!("{url}/t/ws"), &ann)?;
    ensure!(said.as_deref() == Ok("hello ada@example.com"), "{said:?}");
    let seen = target.take();
    ensure!(seen.len() == 1 && seen[0].header("authorization").is_none(), "{seen:?}");
    ensure!(seen[0].header("x-api-key") == Some(stack.variable("SHOP_API_KEY")?), "{seen:?}");
    wait_recorded(&stack, "\"101\"")?;

    // Policy has a say of its own, and the other protocols stay what they are.
    let dba = format!("Bearer {}", stack.idp.token("dan", &["dba"])?);
    ensure!(echo(&format!("{url}/t/ws"), &dba)? == Err(403));
    ensure!(echo(&format!("{url}/t/ws"), "Bearer x")? == Err(401));
    let own = format!("authorization: {ann}");
    for protocol in ["h2c", "websocket, h2c", "h2c, websocket", "tls/1.2"] {
        let upgrade = format!("upgrade: {protocol}");
        let more = ["--header", &own, "--header", "connection: upgrade", "--header", &upgrade];
        not_upgraded(&target, curl(&format!("{url}/t/x"), &more)?)?;
    }
    Ok(())
}

/// Sends bytes as they are, and gives what comes until the end or a moment of silence.
fn raw(stack: &Stack, pieces: &[&str]) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", stack.api_proxy()?.port()))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    stream.set_nodelay(true)?;
    for piece in pieces {
        // A gate that closed already has refused the rest.
        if stream.write_all(piece.as_bytes()).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(400));
    }
    let (mut all, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        all.extend_from_slice(&buffer[..length]);
    }
    Ok(String::from_utf8_lossy(&all).into_owned())
}

#[test]
fn what_follows_a_refused_upgrade_is_no_request() -> Result<()> {
    let target = web_sockets()?;
    let stack = builder(&target).set("/apis/0/upgrades", json!(["websocket"])).start()?;
    let ann = bearer(&stack)?;
    let upgrade = |path: &str| {
        format!(
            "GET {path} HTTP/1.1\r\nhost: a\r\nauthorization: {ann}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
    };
    let hidden = "GET /admin/settings HTTP/1.1\r\nhost: a\r\n\r\n";
    for pieces in [
        // At once, and after the target has said that it goes on in HTTP.
        &[&format!("{}{hidden}", upgrade("/t/no"))[..]][..],
        &[&upgrade("/t/no")[..], hidden],
        // To a target that would agree, but before it did.
        &[&format!("{}{hidden}", upgrade("/t/ws"))[..]],
    ] {
        let answer = raw(&stack, pieces)?;
        println!("{answer}");
        let seen = target.take();
        ensure!(seen.iter().all(|seen| !seen.path.contains("admin")), "{pieces:?}: {seen:?}");
        ensure!(!answer.contains("settings"), "{answer}");
    }
    Ok(())
}

// --- HTTP/2 and trailers

#[test]
fn http2_on_both_sides_with_trailers() -> Result<()> {
    let target = Target::start(|seen| match seen.path.as_str() {
        "/t/text" => Answer::new(200, "plain text")
            .header("content-type", "text/plain")
            .trailer("x-note", "write to ada@example.com"),
        "/t/cut" => Answer { breaks: true, ..Answer::json(&CUSTOMER[..30]) },
        _ => Answer::json(CUSTOMER)
            .trailer("x-note", "write to ada@example.com")
            .trailer("x-plain", "as it was")
            .trailer("content-digest", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:")
            .trailer("etag", "\"987-65\""),
    })?;
    let stack = builder(&target).set("/apis/0/http2", true).start()?;
    let ann = bearer(&stack)?;
    let address = format!("127.0.0.1:{}", stack.api_proxy()?.port());
    let asked = Asked::new("POST", "/t/x")
        .header("authorization", &ann)
        .header("content-type", "application/json")
        .header("te", "trailers")
        .body(br#"{"amount":"#)
        .body(b"1}")
        .trailer("x-checked", "yes")
        .trailer("authorization", "Bearer other")
        .trailer("x-forwarded-for", "1.2.3.4");
    let got = h2c::ask(&address, asked)?;
    ensure!(got.status == 200 && !got.broken, "{got:?}");
    ensure!(got.body.contains("Ada") && !got.body.contains("4320") && !got.body.contains("ada@"), "{got:?}");
    let trailer =
        |name: &str| got.trailers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    ensure!(trailer("x-plain") == Some("as it was"), "{got:?}");
    ensure!(trailer("x-note").is_some_and(|note| note.contains("[masked:email]")), "{got:?}");
    ensure!(trailer("content-digest").is_none() && trailer("etag").is_none(), "{got:?}");
    let seen = target.take();
    ensure!(seen.len() == 1 && seen[0].http == "HTTP/2.0" && seen[0].whole, "{seen:?}");
    ensure!(seen[0].body == br#"{"amount":1}"# && seen[0].trailers.is_empty(), "{seen:?}");
    ensure!(seen[0].header(":authority") == Some(&target.address()), "{seen:?}");

    // Bytes that detectors still hold back cannot follow the trailers: the answer is cut off rather than passed.
    let got = h2c::ask(&address, Asked::new("GET", "/t/text").header("authorization", &ann))?;
    ensure!(
        got.broken || (got.body == "plain text" && !format!("{:?}", got.trailers).contains("ada@")),
        "{got:?}"
    );
    let got = h2c::ask(&address, Asked::new("GET", "/t/cut").header("authorization", &ann))?;
    ensure!(got.broken && !got.body.contains("4320"), "{got:?}");

    // Denied, and with methods that no policy could have meant.
    for (method, status) in [("get", 400), ("TRACE", 403), ("Post", 400), ("PROPFIND", 403), ("CONNECT", 403)]
    {
        target.take();
        let got = h2c::ask(&address, Asked::new(method, "/t/x").header("authorization", &ann));
        // Envoy itself refuses some of them.
        let fits = got.as_ref().map_or(true, |got| got.broken || got.status == status || got.status >= 400);
        ensure!(fits && target.take().is_empty(), "{method}: {got:?}");
    }
    // HTTP/1.1 in front of HTTP/2.
    let answer = HttpAgent::new(&stack.api_url()?, ann.strip_prefix("Bearer ")).get("/t/x")?;
    ensure!(answer.status == 200 && answer.http == "HTTP/1.1" && !answer.body.contains("4320"), "{answer:?}");
    ensure!(target.take().iter().all(|seen| seen.http == "HTTP/2.0"));
    Ok(())
}

// --- What breaks off

#[test]
fn uploads_and_answers_that_break_off() -> Result<()> {
    let target = Target::start(|seen| match seen.path.as_str() {
        "/t/cut" => Answer { breaks: true, ..Answer::json(&CUSTOMER[..40]) },
        "/t/none" => Answer { breaks: true, ..Answer::json("") },
        "/t/lines" => Answer { breaks: true, ..Answer::new(200, format!("{CUSTOMER}\n{}", &CUSTOMER[..30])) }
            .header("content-type", "application/x-ndjson"),
        _ => Answer::json(CUSTOMER),
    })?;
    let stack = builder(&target).start()?;
    let (url, ann) = (stack.api_url()?, bearer(&stack)?);
    let own = format!("authorization: {ann}");

    // 100-continue: the proxy asks for the body, and the target is never asked for less than all of it.
    let big = "x".repeat(900_000);
    let file = stack.site.folder().join("big");
    std::fs::write(&file, &big)?;
    let data = format!("@{}", file.display());
    let upload = ["--header", &own, "--header", "expect: 100-continue", "--data-binary", &data];
    let answer = curl(&format!("{url}/t/x"), &upload)?;
    ensure!(
        answer.status == 200 && answer.head.contains("100 Continue"),
        "{}: {}",
        answer.status,
        answer.head
    );
    let seen = target.take();
    ensure!(seen.len() == 1 && seen[0].body.len() == big.len() && seen[0].header("expect").is_none());
    let refused =
        ["--header", "authorization: Bearer x", "--header", "expect: 100-continue", "--data-binary", &data];
    ensure!(curl(&format!("{url}/t/x"), &refused)?.status == 401);
    let other = ["--header", &own, "--header", "expect: 200-ok", "--data-binary", "{}"];
    ensure!([200, 417].contains(&curl(&format!("{url}/t/x"), &other)?.status));
    ensure!(target.take().iter().all(|seen| seen.header("expect").is_none()));

    // Uploads that end in the middle: nothing of them reaches the target.
    for head in ["content-length: 100", "transfer-encoding: chunked"] {
        let mut stream = TcpStream::connect(("127.0.0.1", stack.api_proxy()?.port()))?;
        let begin = if head.contains("length") { "{\"amount\":1," } else { "c\r\n{\"amount\":1,\r\n" };
        write!(stream, "POST /t/upload HTTP/1.1\r\nhost: a\r\n{own}\r\n{head}\r\n\r\n{begin}")?;
        std::thread::sleep(Duration::from_millis(300));
        stream.shutdown(Shutdown::Both)?;
    }
    wait::until("two broken uploads in the recording", Duration::from_secs(30), || {
        Ok((recorded(&stack)?.matches("went away before the request was whole").count() == 2).then_some(()))
    })?;
    ensure!(target.seen().is_empty(), "{:?}", target.seen());

    // Answers that end in the middle: the agent can tell, and what had come is masked.
    for path in ["/t/cut", "/t/none", "/t/lines"] {
        let answer = curl(&format!("{url}{path}"), &["--header", &own])?;
        ensure!(
            // Where nothing had come, the proxy answers for itself.
            (!answer.whole || answer.status == 502)
                && !answer.body.contains("4320")
                && !answer.body.contains("ada@"),
            "{path}: {answer:?}"
        );
        let h2 = curl(&format!("{url}{path}"), &["--header", &own, "--http2-prior-knowledge"])?;
        ensure!(
            (!h2.whole || h2.status == 502) && !h2.body.contains("4320") && !h2.body.contains("ada@"),
            "{path}: {h2:?}"
        );
    }
    wait_recorded(&stack, "cut off: it broke off")?;
    ensure!(!recorded(&stack)?.contains("987-65-4320"));
    Ok(())
}

// --- Parts and tags

/// Answers as a file server would: with tags, digests, and parts where they are asked for.
fn file(seen: &Seen) -> Answer {
    let of_whole = |answer: Answer| {
        answer
            .header("etag", "\"c0ffee-987-65-4320\"")
            .header("accept-ranges", "bytes")
            .header("content-digest", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:")
            .header("last-modified", "Sat, 01 Nov 2025 10:00:00 GMT")
    };
    if seen.path.ends_with("/stubborn") || seen.header("range").is_some() {
        let part = Answer { status: 206, ..Answer::json(&CUSTOMER[10..40]) };
        return of_whole(part.header("content-range", &format!("bytes 10-39/{}", CUSTOMER.len())));
    }
    if seen.header("if-none-match").is_some() {
        return of_whole(Answer::new(304, ""));
    }
    if seen.header("if-match").is_some_and(|tag| tag != "*") {
        return Answer::new(412, "");
    }
    of_whole(Answer::json(CUSTOMER)).header("content-length", &CUSTOMER.len().to_string())
}

#[test]
fn parts_and_tags_of_masked_answers() -> Result<()> {
    let target = Target::start(file)?;
    let stack = builder(&target).start()?;
    let token = stack.idp.token("ann", &["support"])?;
    let h1 = HttpAgent::new(&stack.api_url()?, Some(&token));
    for agent in [h1.clone(), h1.clone().http2()] {
        let ask = |method: &str, path: &str, headers: Value| {
            agent.one(json!({ "method": method, "path": path, "headers": headers }))
        };
        let whole = ask("GET", "/t/x", json!({}))?;
        let head = ask("HEAD", "/t/x", json!({}))?;
        for answer in [&whole, &head] {
            ensure!(answer.status == 200, "{answer:?}");
            for gone in ["etag", "accept-ranges", "content-digest"] {
                ensure!(answer.header(gone).is_none(), "{gone}: {answer:?}");
            }
            ensure!(answer.header("last-modified").is_some(), "{answer:?}");
            ensure!(
                answer.header("content-length").is_none_or(|length| length != CUSTOMER.len().to_string()),
                "{answer:?}"
            );
        }
        ensure!(
            head.body.is_empty() && whole.body.contains("Ada") && !whole.body.contains("4320"),
            "{whole:?}"
        );
        // A question about tags gets the whole answer: the tag would be a guess at what is masked.
        for headers in [
            json!({ "range": "bytes=10-39" }),
            json!({ "range": "bytes=10-39", "if-range": "\"c0ffee-987-65-4320\"" }),
            json!({ "if-none-match": "\"c0ffee-987-65-4320\"" }),
            json!({ "if-none-match": "*" }),
            json!({ "if-match": "\"c0ffee-987-65-4321\"" }),
        ] {
            let answer = ask("GET", "/t/x", headers.clone())?;
            ensure!(answer.status == 200 && answer.body == whole.body, "{headers}: {answer:?}");
            let answer = ask("HEAD", "/t/x", headers.clone())?;
            ensure!(answer.status == 200, "{headers}: {answer:?}");
        }
        // Of a request that changes something, a condition is never dropped.
        target.take();
        let answer = ask("PUT", "/t/x", json!({ "if-match": "\"1\"" }))?;
        ensure!(answer.status == 412 && target.take()[0].header("if-match") == Some("\"1\""), "{answer:?}");
        // A server that sends a part all the same.
        let part = ask("GET", "/t/stubborn", json!({}))?;
        ensure!(part.status == 502 && part.body.contains("parts cannot be masked"), "{part:?}");
        let head = ask("HEAD", "/t/stubborn", json!({}))?;
        ensure!(head.body.is_empty() && !format!("{:?}", head.headers).contains("4320"), "{head:?}");
    }
    Ok(())
}
