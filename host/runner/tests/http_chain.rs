//! What filters see of requests and responses, and what passes: with small filters, without sockets.
#![allow(missing_docs, reason = "a test")]

mod support;

use bytes::BytesMut;
use gatewright_runner::{ConnectionId, Engine, Fault, HttpChain, Incoming, Pairs, Plugin, Vm, Way};
use support::{limits, module, surroundings};

const LIMIT: usize = 16;

const IMPORTS: &str = r#"
    (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_replace_header_map_value" (func $replace (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_set_buffer_bytes" (func $set (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_continue_stream" (func $resume (param i32) (result i32)))
    (import "env" "proxy_close_stream" (func $close (param i32) (result i32)))
    (import "env" "proxy_set_effective_context" (func $act_on (param i32) (result i32)))
    (import "env" "proxy_send_local_response" (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_get_property" (func $property (param i32 i32 i32 i32) (result i32)))
    (data (i32.const 100) "hello")
    (data (i32.const 110) "x-name")
    (data (i32.const 120) "x-\0d\0a")
    (data (i32.const 130) "request\00method")
    (func $answer (drop (call $reply (i32.const 403) (i32.const 0) (i32.const 0) (i32.const 100) (i32.const 5)
        (i32.const 0) (i32.const 0) (i32.const -1))))
    (func $check (param i32) (if (i32.eqz (local.get 0)) (then unreachable)))"#;

/// Bodies of callbacks, each of which gives a number.
#[derive(Clone, Copy)]
struct Callbacks {
    request: &'static str,
    request_body: &'static str,
    request_trailers: &'static str,
    response: &'static str,
    response_body: &'static str,
    tick: &'static str,
    more: &'static str,
}

const NOTHING: Callbacks = Callbacks {
    request: "(i32.const 0)",
    request_body: "(i32.const 0)",
    request_trailers: "(i32.const 0)",
    response: "(i32.const 0)",
    response_body: "(i32.const 0)",
    tick: "nop",
    more: "",
};

impl Callbacks {
    fn fields(&self) -> String {
        let Self { request, request_body, request_trailers, response, response_body, tick, more } = self;
        format!(
            r#"{IMPORTS}
            {more}
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) {request})
            (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) {request_body})
            (func (export "proxy_on_request_trailers") (param i32 i32) (result i32) {request_trailers})
            (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) {response})
            (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32) {response_body})
            (func (export "proxy_on_tick") (param i32) {tick})"#
        )
    }
}

fn chain_of(filters: &[&str], body_of_stopped_head: bool) -> HttpChain {
    let engine = Engine::new(limits()).expect("an engine");
    let vm = |fields: &&str| {
        let plugin = Plugin { body_of_stopped_head, ..Plugin::default() };
        Vm::start(&module(&engine, fields), plugin, surroundings().1).expect("it starts")
    };
    HttpChain::new(filters.iter().map(vm).collect(), LIMIT)
}

fn chain(callbacks: Callbacks) -> HttpChain {
    chain_of(&[&callbacks.fields()], true)
}

fn pairs(fields: &[(&str, &str)]) -> Pairs {
    Pairs(fields.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect())
}

fn try_open(chain: &mut HttpChain, end: bool) -> Result<ConnectionId, Fault> {
    let head = pairs(&[(":authority", "h"), (":path", "/"), (":method", "POST"), (":scheme", "http")]);
    let mut opened = None;
    chain.open(Incoming { head, end, ..Incoming::default() }, |id, _| opened = Some(id))?;
    Ok(opened.expect("it is told first"))
}

fn open(chain: &mut HttpChain, end: bool) -> ConnectionId {
    try_open(chain, end).expect("no trap")
}

fn say(chain: &mut HttpChain, id: ConnectionId, way: Way, text: &str, end: bool) {
    chain.body(id, way, BytesMut::from(text), end).expect("no trap");
}

fn respond(chain: &mut HttpChain, id: ConnectionId) {
    chain.respond(id, pairs(&[(":status", "200")]), false).expect("no trap");
}

/// What came out: status or method, body, and `|` where it ended, `!` where it broke off.
fn out(chain: &HttpChain, id: ConnectionId, way: Way) -> String {
    let flow = chain.exchange(id).expect("it is there").out(way);
    let first = match way {
        Way::Request => ":method",
        Way::Response => ":status",
    };
    let head = flow.take_head().map_or(String::new(), |head| {
        let value = head.fields.0.iter().find(|(name, _)| name == first.as_bytes());
        value.map_or(String::new(), |(_, value)| String::from_utf8_lossy(value).into_owned())
    });
    let body = String::from_utf8(flow.take_body()).expect("text");
    let trailers = flow.take_trailers().map_or(String::new(), |pairs| format!("+{}", pairs.0.len()));
    let end = if flow.ended() { "|" } else { "" };
    let broken = if flow.broken() { "!" } else { "" };
    format!("{head}:{body}{trailers}{end}{broken}")
}

fn request(chain: &HttpChain, id: ConnectionId) -> String {
    out(chain, id, Way::Request)
}

fn response(chain: &HttpChain, id: ConnectionId) -> String {
    out(chain, id, Way::Response)
}

#[test]
fn without_a_filter_that_minds_all_passes() {
    for filters in [&[][..], &[""], &["", &NOTHING.fields()]] {
        let mut chain = chain_of(filters, true);
        let id = open(&mut chain, false);
        assert_eq!(request(&chain, id), "POST:");
        say(&mut chain, id, Way::Request, "a", false);
        chain.trailers(id, Way::Request, pairs(&[("t", "1")])).expect("no trap");
        assert_eq!(request(&chain, id), ":a+1|");
        respond(&mut chain, id);
        say(&mut chain, id, Way::Response, "b", false);
        assert_eq!(response(&chain, id), "200:b");
        say(&mut chain, id, Way::Response, "", true);
        assert_eq!(response(&chain, id), ":|");
        assert!(chain.exchange(id).expect("it is there").is_over());
        chain.close(id).expect("no trap");
        assert!(chain.is_empty());
    }
}

#[test]
fn head_and_body_wait_for_the_end() {
    let waits = "(i32.eqz (local.get 2))";
    let mut chain = chain(Callbacks { request: waits, request_body: waits, ..NOTHING });
    let id = open(&mut chain, false);
    say(&mut chain, id, Way::Request, "ab", false);
    assert_eq!(request(&chain, id), ":");
    say(&mut chain, id, Way::Request, "cd", true);
    assert_eq!(request(&chain, id), "POST:abcd|");
    let id = open(&mut chain, true);
    assert_eq!(request(&chain, id), "POST:|");
    let id = open(&mut chain, false);
    say(&mut chain, id, Way::Request, "ab", false);
    chain.trailers(id, Way::Request, pairs(&[("t", "1")])).expect("no trap");
    assert_eq!(request(&chain, id), "POST:ab+1|");
}

#[test]
fn a_body_of_a_stopped_head_is_shown_where_that_is_configured() {
    let filter = Callbacks {
        request: "(i32.const 1)",
        request_body: "(call $check (i32.const 0)) (i32.const 0)",
        tick: "(drop (call $act_on (i32.const 2))) (drop (call $resume (i32.const 0)))",
        ..NOTHING
    };
    let fields = filter.fields();
    let mut shown = chain_of(&[&fields], true);
    let id = open(&mut shown, false);
    shown.body(id, Way::Request, BytesMut::from("a"), false).expect_err("it is shown, and traps");
    let mut unseen = chain_of(&[&fields], false);
    let id = open(&mut unseen, false);
    say(&mut unseen, id, Way::Request, "a", false);
    unseen.tick(0).expect_err("when it is resumed, it is shown");
}

#[test]
fn what_waits_unseen_is_shown_when_the_filter_continues() {
    let mut chain = chain_of(
        &[&Callbacks {
            request: "(i32.const 1)",
            request_body: "(call $check (i32.eq (local.get 1) (i32.const 4))) (call $check (local.get 2)) (i32.const 0)",
            tick: "(drop (call $act_on (i32.const 2))) (drop (call $resume (i32.const 0)))",
            ..NOTHING
        }
        .fields()],
        false,
    );
    let id = open(&mut chain, false);
    say(&mut chain, id, Way::Request, "ab", false);
    say(&mut chain, id, Way::Request, "cd", true);
    assert_eq!(request(&chain, id), ":");
    chain.tick(0).expect("all is there");
    assert_eq!(request(&chain, id), "POST:abcd|");
    assert!(chain.touched().any(|touched| touched == id));
}

#[test]
fn too_much_that_waits_is_refused_or_put_off() {
    let mut gathers = chain(Callbacks { request: "(i32.const 1)", request_body: "(i32.const 1)", ..NOTHING });
    let id = open(&mut gathers, false);
    say(&mut gathers, id, Way::Request, "0123456789", false);
    assert!(gathers.exchange(id).expect("it is there").wants(Way::Request, LIMIT));
    say(&mut gathers, id, Way::Request, "0123456789", false);
    assert_eq!(
        (request(&gathers, id), response(&gathers, id)),
        (":!".into(), "413:Payload Too Large|".into())
    );

    let mut watches = chain(Callbacks { request_body: "(i32.const 2)", ..NOTHING });
    let id = open(&mut watches, false);
    say(&mut watches, id, Way::Request, "0123456789abcdef", false);
    assert!(!watches.exchange(id).expect("it is there").wants(Way::Request, LIMIT));

    let mut head = chain(Callbacks { response: "(i32.const 1)", response_body: "(i32.const 1)", ..NOTHING });
    let id = open(&mut head, true);
    respond(&mut head, id);
    say(&mut head, id, Way::Response, "0123456789abcdef!", false);
    assert_eq!(response(&head, id), "500:Internal Server Error|");
    let mut body = chain(Callbacks { response_body: "(i32.const 1)", ..NOTHING });
    let id = open(&mut body, true);
    respond(&mut body, id);
    say(&mut body, id, Way::Response, "0123456789abcdef!", false);
    assert_eq!(response(&body, id), "200:!");
}

#[test]
fn a_reply_takes_the_targets_place_where_it_can() {
    let reply = "(call $answer) (i32.const 0)";
    let mut at_head = chain(Callbacks { request: reply, ..NOTHING });
    let id = open(&mut at_head, false);
    assert_eq!((request(&at_head, id), response(&at_head, id)), (":!".into(), "403:hello|".into()));
    // What comes later concerns nobody.
    say(&mut at_head, id, Way::Request, "x", true);
    respond(&mut at_head, id);
    assert_eq!((request(&at_head, id), response(&at_head, id)), (":!".into(), ":|".into()));

    let mut at_body = chain(Callbacks { request: "(i32.const 1)", request_body: reply, ..NOTHING });
    let id = open(&mut at_body, false);
    say(&mut at_body, id, Way::Request, "x", false);
    assert_eq!((request(&at_body, id), response(&at_body, id)), (":!".into(), "403:hello|".into()));

    let mut at_response = chain(Callbacks { response: reply, ..NOTHING });
    let id = open(&mut at_response, true);
    respond(&mut at_response, id);
    assert_eq!(response(&at_response, id), "403:hello|");
    assert!(at_response.exchange(id).expect("it is there").is_replied());

    let mut too_late = chain(Callbacks { response_body: reply, ..NOTHING });
    let id = open(&mut too_late, true);
    respond(&mut too_late, id);
    say(&mut too_late, id, Way::Response, "secret", false);
    assert_eq!(response(&too_late, id), "200:!");
}

#[test]
fn a_reply_passes_the_filters_that_saw_the_request() {
    let sees = "(drop (call $add (i32.const 2) (i32.const 110) (i32.const 6) (i32.const 100) (i32.const 5))) (i32.const 0)";
    let first = Callbacks { response: sees, ..NOTHING }.fields();
    let second = Callbacks { request: "(call $answer) (i32.const 0)", response: sees, ..NOTHING }.fields();
    let third = Callbacks { request: "unreachable", response: "unreachable", ..NOTHING }.fields();
    let mut chain = chain_of(&[&first, &second, &third], true);
    let id = open(&mut chain, true);
    let head = chain.exchange(id).expect("it is there").out(Way::Response).take_head().expect("a reply");
    let seen = head.fields.0.iter().filter(|(name, _)| name == b"x-name").count();
    assert_eq!(seen, 2);
    chain.close(id).expect("no trap");
}

#[test]
fn headers_can_be_changed_while_they_wait_and_only_then() {
    let add = "(call $add (i32.const 0) (i32.const 110) (i32.const 6) (i32.const 100) (i32.const 5))";
    let cases = [
        // A filter's input must not write fields of its own.
        (
            "(call $check (i32.eq (call $add (i32.const 0) (i32.const 110) (i32.const 6) (i32.const 120) (i32.const 4)) (i32.const 2))) (i32.const 0)",
            "nop",
            0,
        ),
        (
            "(call $check (i32.eq (call $add (i32.const 0) (i32.const 120) (i32.const 4) (i32.const 100) (i32.const 5)) (i32.const 2))) (i32.const 0)",
            "nop",
            0,
        ),
        // No other map is there.
        (
            "(call $check (i32.eq (call $add (i32.const 1) (i32.const 110) (i32.const 6) (i32.const 100) (i32.const 5)) (i32.const 2))) (i32.const 0)",
            "nop",
            0,
        ),
        (
            "(call $check (i32.eq (call $add (i32.const 2) (i32.const 110) (i32.const 6) (i32.const 100) (i32.const 5)) (i32.const 2))) (i32.const 0)",
            "nop",
            0,
        ),
        (
            "(call $check (i32.eqz ADD)) (i32.const 0)",
            "(drop (call $act_on (i32.const 2))) (call $check (i32.eq ADD (i32.const 2)))",
            1,
        ),
        (
            "(i32.const 1)",
            "(drop (call $act_on (i32.const 2))) (call $check (i32.eqz ADD)) (drop (call $resume (i32.const 0)))",
            1,
        ),
    ];
    for (request, tick, expected) in cases {
        let fields = Callbacks { request: "REQUEST", tick: "TICK", ..NOTHING }.fields();
        let fields = fields.replace("REQUEST", request).replace("TICK", tick).replace("ADD", add);
        let mut chain = chain_of(&[&fields], true);
        let id = open(&mut chain, true);
        chain.tick(0).unwrap_or_else(|fault| panic!("{request}: {fault}"));
        let head = chain.exchange(id).expect("it is there").out(Way::Request).take_head().expect("it passed");
        let found = head.fields.0.iter().filter(|(name, _)| name == b"x-name").count();
        assert_eq!(found, expected, "{request}");
    }
}

#[test]
fn a_body_can_be_changed_while_it_waits() {
    let set = "(call $check (i32.eqz (call $set (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 100) (i32.const 5))))";
    let now = set.to_owned() + " (i32.const 0)";
    let fields = Callbacks { request_body: "BODY", ..NOTHING }.fields().replace("BODY", &now);
    let mut chain = chain_of(&[&fields], true);
    let id = open(&mut chain, false);
    say(&mut chain, id, Way::Request, "secret", true);
    assert_eq!(request(&chain, id), "POST:hello|");

    let later = format!("(drop (call $act_on (i32.const 2))) {set} (drop (call $resume (i32.const 0)))");
    let fields =
        Callbacks { request: "(i32.const 1)", request_body: "(i32.const 1)", tick: "TICK", ..NOTHING };
    let mut chain = chain_of(&[&fields.fields().replace("TICK", &later)], true);
    let id = open(&mut chain, false);
    say(&mut chain, id, Way::Request, "secret", true);
    chain.tick(0).expect("the buffer is there");
    assert_eq!(request(&chain, id), "POST:hello|");
}

#[test]
fn trailers_can_be_added_to_a_body_that_ends() {
    let add = "(if (local.get 2) (then (call $check (i32.eqz
        (call $add (i32.const 1) (i32.const 110) (i32.const 6) (i32.const 100) (i32.const 5)))))) (i32.const 0)";
    let second = Callbacks {
        request_body: "(call $check (i32.eqz (local.get 2))) (i32.const 0)",
        request_trailers: "(call $check (i32.eq (local.get 1) (i32.const 1))) (i32.const 0)",
        ..NOTHING
    };
    let first = Callbacks { request_body: add, ..NOTHING };
    let mut chain = chain_of(&[&first.fields(), &second.fields()], true);
    let id = open(&mut chain, false);
    say(&mut chain, id, Way::Request, "a", false);
    say(&mut chain, id, Way::Request, "b", true);
    assert_eq!(request(&chain, id), "POST:ab+1|");
}

#[test]
fn a_filter_that_closes_resets_both() {
    let mut chain =
        chain(Callbacks { request_body: "(drop (call $close (i32.const 0))) (i32.const 0)", ..NOTHING });
    let id = open(&mut chain, false);
    say(&mut chain, id, Way::Request, "secret", true);
    assert_eq!((request(&chain, id), response(&chain, id)), ("POST:!".into(), ":!".into()));
    assert!(chain.exchange(id).expect("it is there").is_over());
}

#[test]
fn a_filter_behind_one_that_waits_sees_nothing_of_what_waits() {
    let first = Callbacks { request: "(i32.const 1)", request_body: "(i32.eqz (local.get 2))", ..NOTHING };
    let second = Callbacks {
        request_body: "(call $check (i32.eq (local.get 1) (i32.const 4))) (i32.const 0)",
        ..NOTHING
    };
    let mut chain = chain_of(&[&first.fields(), &second.fields()], true);
    let id = open(&mut chain, false);
    say(&mut chain, id, Way::Request, "ab", false);
    say(&mut chain, id, Way::Request, "cd", true);
    assert_eq!(request(&chain, id), "POST:abcd|");
}

#[test]
fn a_trap_in_any_callback_is_a_fault_and_clients_are_told() {
    let callbacks = [
        ("proxy_on_request_headers", "(param i32 i32 i32) (result i32)", true),
        ("proxy_on_request_body", "(param i32 i32 i32) (result i32)", true),
        ("proxy_on_request_trailers", "(param i32 i32) (result i32)", true),
        ("proxy_on_response_headers", "(param i32 i32 i32) (result i32)", true),
        ("proxy_on_response_body", "(param i32 i32 i32) (result i32)", false),
        ("proxy_on_response_trailers", "(param i32 i32) (result i32)", false),
        ("proxy_on_log", "(param i32)", false),
        ("proxy_on_done", "(param i32) (result i32)", false),
        ("proxy_on_delete", "(param i32)", false),
    ];
    for (name, ty, told) in callbacks {
        let fields = format!(r#"(func (export "{name}") {ty} unreachable)"#);
        let mut chain = chain_of(&[&fields], true);
        let mut flow = None;
        let head = pairs(&[(":path", "/")]);
        let opened = chain.open(Incoming { head, ..Incoming::default() }, |id, exchange| {
            flow = Some((id, exchange.out(Way::Response).clone()));
        });
        let (id, flow) = flow.expect("it is told first");
        let rest = |chain: &mut HttpChain| -> Result<(), Fault> {
            chain.body(id, Way::Request, BytesMut::from("x"), false)?;
            chain.trailers(id, Way::Request, pairs(&[("t", "1")]))?;
            chain.respond(id, pairs(&[(":status", "200")]), false)?;
            chain.body(id, Way::Response, BytesMut::from("y"), false)?;
            chain.trailers(id, Way::Response, pairs(&[("t", "1")]))?;
            chain.close(id)
        };
        match opened.and_then(|()| rest(&mut chain)) {
            Err(Fault::Trap { callback, kind: "trap", .. }) => assert_eq!(callback, name),
            other => panic!("{name}: {other:?}"),
        }
        chain.close_all();
        assert!(chain.is_empty());
        if told {
            let head = flow.take_head().expect(name);
            assert_eq!(head.fields, pairs(&[(":status", "503")]), "{name}");
        }
        assert!(flow.ended() || flow.broken(), "{name}: the client waits");
    }
}

#[test]
fn properties_tell_of_the_request() {
    let checks = "(call $check (i32.eqz (call $property (i32.const 130) (i32.const 14) (i32.const 300) (i32.const 304))))
        (call $check (i32.eq (i32.load (i32.const 304)) (i32.const 4)))
        (call $check (i32.eq (i32.load (i32.load (i32.const 300))) (i32.const 0x54534f50)))
        (i32.const 0)";
    let mut chain = chain(Callbacks { request: checks, response: checks, ..NOTHING });
    let id = open(&mut chain, true);
    respond(&mut chain, id);
    assert_eq!(response(&chain, id), "200:");
}

#[test]
fn heads_of_the_old_abi() {
    let fields = r#"
        (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_continue_request" (func $resume (result i32)))
        (import "env" "proxy_set_effective_context" (func $act_on (param i32) (result i32)))
        (func (export "proxy_abi_version_0_1_0"))
        (data (i32.const 110) "x-name")
        (func (export "proxy_on_request_headers") (param i32 i32) (result i32)
            (if (call $get (i32.const 0) (i32.const 110) (i32.const 6) (i32.const 200) (i32.const 204)) (then unreachable))
            (if (i32.load (i32.const 204)) (then unreachable))
            (i32.const 1))
        (func (export "proxy_on_tick") (param i32)
            (drop (call $act_on (i32.const 2)))
            (drop (call $resume)))"#;
    let mut chain = chain_of(&[fields], false);
    let id = open(&mut chain, true);
    assert_eq!(request(&chain, id), ":");
    chain.tick(0).expect("no trap");
    assert_eq!(request(&chain, id), "POST:|");
}
