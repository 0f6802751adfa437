//! Whole exchanges, without a proxy: what the target and the agent get, whatever the pieces.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "a test may panic"
)]

#[path = "support/exchanges.rs"]
mod support;

use std::rc::Rc;

use gatewright_core::bundle::RecordingMode;
use gatewright_core::bundle::http::IdentitySource;
use gatewright_core::call::HostReply;
use gatewright_http::{Change, Env, Exchange, Flow, Head, Io, Peer, Plane};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::*;

fn text(seen: &Seen) -> String {
    String::from_utf8(seen.body.clone()).unwrap()
}

#[test]
fn a_request_goes_on_without_what_is_the_agents_own() {
    let mut played = Played::new();
    played.request(GET, b"", &[]);
    let passed = played.seen.passed.clone().expect("it passes");
    for gone in ["authorization", "x-api-key", "accept-encoding"] {
        assert!(passed.contains(&Change::Remove(gone.into())), "{gone}: {passed:?}");
    }
    assert!(passed.contains(&Change::Set("x-api-key".into(), b"secret".to_vec())), "{passed:?}");
    played.respond(OK, CUSTOMER, &[]);
    assert_eq!(
        text(&played.seen),
        r#"{"id":7,"ssn":"[masked]","more":[{"S\u0073N":"[masked]"}],"name":"Ada"}"#
    );
    for gone in ["content-length", "etag"] {
        assert!(played.seen.response.contains(&Change::Remove(gone.into())), "{gone}");
    }
    let events = &played.seen.events;
    assert!(
        events.contains("GET /customers/7?x=1") && !events.contains("4320") && events.contains("[masked]"),
        "{events}"
    );
}

#[test]
fn decisions_look_into_the_body() {
    for (body, passes) in [
        (&br#"{"amount":100}"#[..], true),
        (br#"{"amount":101}"#, false),
        (br#"{"amount":"100"}"#, false),
        (br#"{"amount":1,"amount":500}"#, false),
        (br#"{"amount":1,"Amount":500}"#, false),
        (b"{", false),
        (b"", false),
    ] {
        let mut played = Played::new();
        played.request(POST, body, &[]);
        assert_eq!(played.seen.passed.is_some(), passes, "{:?}", String::from_utf8_lossy(body));
        assert_eq!(played.seen.reply.is_some(), !passes);
    }
}

#[test]
fn held_until_approved() {
    let mut played = Played::new();
    let delete = [(":method", "DELETE"), (":path", "/orders/5"), (":authority", "a")];
    played.request(&delete, b"", &[]);
    assert_eq!(played.seen.approvals, ["DELETE /orders/5"]);
    assert!(played.seen.passed.is_some());
}

#[test]
fn what_cannot_be_read_is_not_shown() {
    for (kind, body) in [
        ("application/json", &b"{\"a\":1,}"[..]),
        ("application/json; charset=utf-16", b"{}"),
        ("application/json", b"{\"ssn\":\"1"),
        ("application/octet-stream", b"987-65-4320"),
        ("", b"987-65-4320"),
    ] {
        let mut played = Played::new();
        played.request(GET, b"", &[]);
        played.respond(&[(":status", "200"), ("content-type", kind)], body, &[]);
        assert_eq!(played.seen.reply.as_ref().map(|reply| reply.status), Some(502), "{kind}");
        assert!(played.seen.body.is_empty() && !played.seen.reset);
    }
    let mut played = Played::new();
    played.request(GET, b"", &[]);
    // The first piece has gone out: the rest is cut off.
    played.respond(OK, b"{\"name\":\"Ada\",\"ssn\":\"987-65-4320\",}", &[14, 30]);
    assert!(played.seen.reset && !text(&played.seen).contains("4320"), "{}", text(&played.seen));
}

#[test]
fn tools_are_listed_as_policy_says() {
    let head = [
        POST[0],
        (":path", "/mcp"),
        POST[2],
        POST[3],
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", "2025-06-18"),
    ];
    let mut played = Played::new();
    played.request(&head, br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#, &[3]);
    assert!(played.seen.passed.is_some(), "{:?}", played.seen);
    let list = br#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"get"},{"name":"drop"}]}}"#;
    played.respond(OK, list, &[10, 50]);
    assert_eq!(text(&played.seen), r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"get"}]}}"#);
    let mut played = Played::new();
    let call = br#"{"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"name":"drop"}}"#;
    played.request(&head, call, &[]);
    let reply = played.seen.reply.expect("refused");
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(
        (reply.status, &body["id"], &body["result"]["isError"]),
        (200, &json!("x"), &json!(true)),
        "{body}"
    );
}

const SOCKET: &[(&str, &str)] = &[
    (":method", "GET"),
    (":path", "/customers/7"),
    (":authority", "a"),
    ("connection", "upgrade"),
    ("upgrade", "websocket"),
];

/// A request that asks to leave HTTP: its head, which is not its end.
fn asks(head: &[(&str, &str)]) -> Played {
    let mut played = Played::new();
    let mut all = vec![("authorization".to_owned(), format!("Bearer {}", token()).into_bytes())];
    all.extend(head.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())));
    played.act(|exchange, env, io| Some(exchange.request_head(all.into_iter().collect(), false, env, io)));
    played
}

fn piece(played: &mut Played, bytes: &[u8]) -> Flow {
    let mut flow = Flow::Continue;
    played.act(|exchange, env, io| {
        flow = exchange.request_body(bytes, false, env, io);
        None
    });
    flow
}

#[test]
fn bytes_after_an_upgrade_wait_until_the_target_agrees() {
    let mut played = asks(SOCKET);
    let passed = played.seen.passed.clone().expect("it passes without an end");
    assert!(
        !passed.iter().any(|change| matches!(change, Change::Remove(name) if name == "upgrade")),
        "{passed:?}"
    );
    played.seen.resumed = false;
    assert_eq!(piece(&mut played, b"GET /admin HTTP/1.1"), Flow::Pause);
    played.respond(&[(":status", "101"), ("upgrade", "websocket")], b"", &[]);
    assert!(played.seen.resumed && played.seen.reply.is_none());
    assert_eq!(piece(&mut played, b"more"), Flow::Continue);

    // The target goes on in HTTP, so nothing of it may.
    let mut played = asks(SOCKET);
    played.seen.resumed = false;
    assert_eq!(piece(&mut played, b"GET /admin HTTP/1.1"), Flow::Pause);
    played.respond(OK, CUSTOMER, &[]);
    assert_eq!(piece(&mut played, b"Host: a"), Flow::Pause);
    assert!(!played.seen.resumed && !text(&played.seen).contains("4320"));

    // It was never asked to leave HTTP.
    let mut played = Played::new();
    played.request(GET, b"", &[]);
    played.respond(&[(":status", "101"), ("upgrade", "websocket")], b"", &[]);
    assert_eq!(played.seen.reply.map(|reply| reply.status), Some(502));
}

#[test]
fn not_every_request_can_leave_http() {
    let with = |change: (&'static str, &'static str)| -> Vec<(&str, &str)> {
        SOCKET.iter().filter(|(name, _)| *name != change.0).copied().chain([change]).collect()
    };
    for (head, status) in [
        (with(("upgrade", "h2c")), 403),
        (with(("upgrade", "websocket, h2c")), 403),
        (with((":path", "/unknown")), 403),
        (with((":path", "/mcp")), 403),
        (with((":method", "CONNECT")), 403),
        (with((":method", "TRACE")), 403),
        (with((":method", "get")), 400),
    ] {
        let played = asks(&head);
        assert!(played.seen.passed.is_none(), "{head:?}");
        assert_eq!(played.seen.reply.as_ref().map(|reply| reply.status), Some(status), "{head:?}");
    }
    // Bytes came with the head, before anybody had decided.
    let mut played = Played::of(plane_of(vec![IdentitySource::Bearer {}]), Peer::default());
    let mut all = vec![("authorization".to_owned(), format!("Bearer {}", token()).into_bytes())];
    all.extend(SOCKET.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())));
    let env = Env { plane: Some(&played.plane), visits: &played.visits, now: NOW };
    let mut io = Io::default();
    assert_eq!(
        played.exchange.request_head(all.into_iter().collect(), false, env, &mut io),
        Flow::Pause,
        "no credential yet"
    );
    let mut io = Io::default();
    assert_eq!(played.exchange.request_body(b"early", false, env, &mut io), Flow::Pause);
    assert_eq!(io.reply.map(|reply| reply.status), Some(400));
}

#[test]
fn a_slow_recording_does_not_cost_a_credential_that_ends_soon() {
    let mut bundle = bundle(vec![IdentitySource::Bearer {}]);
    bundle.recording.mode = RecordingMode::Strict;
    let plane = Rc::new(Plane::new(&bundle).unwrap());
    let visits = visits();
    let at = |now| Env { plane: Some(&plane), visits: &visits, now };
    let mut exchange = Exchange::new(Peer { source: "10.0.0.1:999".into(), ..Peer::default() });
    let authorization = format!("Bearer {}", token());
    let all: Head = GET.iter().copied().chain([("authorization", authorization.as_str())]).collect();
    let mut io = Io::default();
    assert_eq!(exchange.request_head(all, true, at(NOW), &mut io), Flow::Pause);
    let credential = json!({"headers": [["x-api-key", "secret"]], "expires_at": NOW + 1}).to_string();
    let reply = HostReply { status: 200, body: credential.into_bytes() };
    exchange.host(io.calls[0].token, &reply, at(NOW), &mut io);
    assert!(!io.resume && exchange.waits_for("s0"), "it waits for the recording");

    let mut io = Io::default();
    visits.acknowledged("s0", u64::MAX);
    exchange.acknowledged(at(NOW + 5_000), &mut io);
    assert_eq!(io.reply, None);
    assert!(io.resume && io.changes.contains(&Change::Set("x-api-key".into(), b"secret".into())), "{io:?}");
}

#[test]
fn a_request_and_what_it_causes_are_one_trace() {
    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let plane = Rc::new(Plane::new(&bundle(vec![IdentitySource::Bearer {}])).unwrap());
    let visits = visits();
    let env = Env { plane: Some(&plane), visits: &visits, now: NOW };
    let ask = |authorization: &str, parents: &[&str]| {
        let mut exchange = Exchange::new(Peer { source: "10.0.0.1:999".into(), ..Peer::default() });
        let more = [("authorization", authorization), ("tracestate", "a=1")];
        let parents = parents.iter().map(|parent| ("traceparent", *parent));
        let all: Head = GET.iter().copied().chain(more).chain(parents).collect();
        let mut io = Io::default();
        exchange.request_head(all, true, env, &mut io);
        let traces: Vec<_> = io.calls.into_iter().map(|call| call.trace).collect();
        let events = String::from_utf8(io.events.lines.text().to_vec()).unwrap();
        (exchange.trace().cloned(), traces, events, io.changes)
    };
    let known = format!("Bearer {}", token());
    let (trace, calls, events, changes) = ask(&known, &[PARENT]);
    let trace = trace.expect("it says its trace");
    assert_eq!((trace.parent(), trace.state()), (PARENT, Some("a=1")));
    assert_eq!(calls, [Some(trace)], "for the credential");
    assert!(events.contains(r#""trace":"4bf92f3577b34da6a3ce929d0e0e4736""#), "{events}");
    assert!(changes.iter().all(|change| !format!("{change:?}").contains("trace")), "{changes:?}");
    // Said twice or wrongly, it is not said; and of nobody in particular nothing is.
    for (authorization, parents) in
        [(&*known, &[PARENT, PARENT][..]), (&*known, &["00-1-2-01"]), ("Bearer x", &[PARENT])]
    {
        let (trace, calls, events, _) = ask(authorization, parents);
        assert!(trace.is_none() && calls.iter().all(Option::is_none), "{parents:?}");
        assert!(!events.contains("\"trace\""), "{events}");
    }
}

#[test]
fn trailers_of_requests_stay_here() {
    let mut played = Played::new();
    let authorization = format!("Bearer {}", token()).into_bytes();
    let mut all = vec![("authorization".to_owned(), authorization)];
    all.extend(POST.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())));
    played.act(|exchange, env, io| Some(exchange.request_head(all.into_iter().collect(), false, env, io)));
    played.act(|exchange, env, io| Some(exchange.request_body(br#"{"amount":1}"#, false, env, io)));
    assert!(played.seen.passed.is_none(), "it is not whole");
    let trailers = [("x-forwarded-for", "1.2.3.4"), ("x-sum", "1")].into_iter().collect::<Head>();
    let mut removed = Vec::new();
    played.act(|exchange, env, io| {
        let flow = exchange.request_trailers(&trailers, env, io);
        removed.append(&mut io.trailers);
        Some(flow)
    });
    assert!(played.seen.passed.is_some());
    assert_eq!(removed, [Change::Remove("x-forwarded-for".into()), Change::Remove("x-sum".into())]);
}

#[test]
fn trailers_of_answers_are_masked_too() {
    let mut played = Played::new();
    played.request(GET, b"", &[]);
    let head = OK.iter().copied().collect::<Head>();
    played.act(|exchange, env, io| Some(exchange.response_head(&head, false, env, io)));
    played.act(|exchange, env, io| Some(exchange.response_body(CUSTOMER, false, env, io)));
    played.seen.response.clear();
    let digest = [("content-digest", "sha-256=:AA==:"), ("x-a", "b")].into_iter().collect::<Head>();
    played.act(|exchange, env, io| Some(exchange.response_trailers(&digest, env, io)));
    assert_eq!(played.seen.response, [Change::Remove("content-digest".into())]);
    assert!(!played.seen.reset && played.seen.events.contains("\"200\""), "{}", played.seen.events);
}

#[test]
fn what_the_proxy_verified_is_believed_where_it_is_configured() {
    let claims = |more: Value| {
        let mut claims = json!({"iss": "https://idp", "aud": "gatewright", "sub": "ann", "groups": [], "exp": NOW / 1000 + 600});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Peer { claims: claims.as_object().cloned(), ..Peer::default() }
    };
    let source = || vec![IdentitySource::JwtAuthn { payload: "p".into() }];
    let ask = |identity, peer| {
        let mut played = Played::of(plane_of(identity), peer);
        let head: Head = GET.iter().copied().collect();
        played.act(|exchange, env, io| Some(exchange.request_head(head, true, env, io)));
        match (&played.seen.passed, &played.seen.reply) {
            (Some(_), None) => 200,
            (_, reply) => reply.as_ref().map_or(0, |reply| reply.status),
        }
    };
    assert_eq!(ask(source(), claims(json!({}))), 200);
    assert_eq!(
        ask(vec![IdentitySource::Bearer {}], claims(json!({}))),
        401,
        "not where it is not configured"
    );
    assert_eq!(ask(source(), Peer::default()), 401);
    for wrong in [
        json!({"iss": "https://other"}),
        json!({"iss": null}),
        json!({"aud": "other"}),
        json!({"exp": NOW / 1000 - 60}),
        json!({"exp": null}),
        json!({"nbf": NOW / 1000 + 60}),
        json!({"sub": ""}),
        json!({"sub": 7}),
    ] {
        assert_eq!(ask(source(), claims(wrong.clone())), 401, "{wrong}");
    }
}

#[test]
fn requests_of_nobody_share_one_bounded_session() {
    let (plane, visits) = (plane(), visits());
    let refused = |number: u32, now: u64| {
        let mut exchange = Exchange::new(Peer { source: "10.0.0.1:9".into(), ..Peer::default() });
        let path = format!("/customers/{number}?access_token=hunter2");
        let head = [(":method", "GET"), (":path", path.as_str()), (":authority", "a")];
        let head: Head = head.into_iter().collect();
        let mut io = Io::default();
        let env = Env { plane: Some(&plane), visits: &visits, now };
        exchange.request_head(head, true, env, &mut io);
        assert_eq!(io.reply.as_ref().map(|reply| reply.status), Some(401));
        let text = std::str::from_utf8(io.events.lines.text()).unwrap().to_owned();
        (io.events.session.as_ref().map(ToString::to_string), text)
    };
    let all: Vec<_> = (0..1000).map(|number| refused(number, NOW)).collect();
    let events: String = all.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(events.lines().count(), 101, "the beginning, and a hundred");
    assert!(events.contains("GET /customers/99: 401") && !events.contains("hunter2"), "{events}");
    assert!(all.iter().all(|(session, _)| session.as_deref().is_none_or(|session| session == "s0")));

    // It ends by the clock, with the number of all others; the next one begins another.
    assert!(visits.tick(NOW + 599_999).is_empty());
    let last = visits.tick(NOW + 600_000);
    let text = std::str::from_utf8(last[0].lines.text()).unwrap();
    assert!(text.contains("100 requests in ten minutes, and 900 more"), "{text}");
    let (session, _) = refused(1000, NOW + 600_001);
    assert_eq!(session.as_deref(), Some("s1"));
    // One that the host refuses for good is given up.
    visits.condemn("s1");
    let last = visits.tick(NOW + 600_002);
    assert!(last.len() == 1 && last[0].lines.is_empty() && last[0].session.as_deref() == Some("s1"));
}

#[test]
fn what_breaks_off_is_recorded() {
    let mut played = asks(POST);
    played.act(|exchange, env, io| Some(exchange.request_body(b"{", false, env, io)));
    played.act(|exchange, env, io| {
        exchange.closed(env, io);
        None
    });
    assert!(played.seen.events.contains("before the request was whole"), "{}", played.seen.events);

    let mut played = Played::new();
    played.request(GET, b"", &[]);
    let head = OK.iter().copied().collect::<Head>();
    played.act(|exchange, env, io| Some(exchange.response_head(&head, false, env, io)));
    played.act(|exchange, env, io| Some(exchange.response_body(&CUSTOMER[..9], false, env, io)));
    played.act(|exchange, env, io| {
        exchange.closed(env, io);
        None
    });
    assert!(played.seen.events.contains("200, cut off: it broke off"), "{}", played.seen.events);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_pieces_give_the_same(
        request in proptest::collection::vec(any::<usize>(), 0..6),
        response in proptest::collection::vec(any::<usize>(), 0..6),
        which in 0_usize..4,
    ) {
        let events = b"id: 1\ndata: {\"ssn\":\"987-65-4320\"}\n\ndata: x\n\n";
        let (kind, body) = [
            ("application/json", CUSTOMER),
            ("text/event-stream", &events[..]),
            ("text/csv", b"id,ssn\n1,987-65-4320\n"),
            ("application/x-ndjson", b"{\"ssn\":1}\n{\"a\":2}\n"),
        ][which];
        let head = [(":status", "200"), ("content-type", kind)];
        let run = |request: &[usize], response: &[usize]| {
            let mut played = Played::new();
            played.request(POST, br#"{"amount":7,"note":"abc"}"#, request);
            played.respond(&head, body, response);
            played.seen
        };
        let (whole, cut) = (run(&[], &[]), run(&request, &response));
        prop_assert!(!text(&whole).contains("4320"));
        prop_assert_eq!(whole, cut);
    }
}
