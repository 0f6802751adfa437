//! What filters see of a connection, and what passes: with small filters, without sockets.
#![allow(missing_docs, reason = "a test")]

mod support;

use gatewright_runner::{Chain, ConnectionId, Engine, Info, Peer, Plugin, Vm};
use support::{chain, limits, module, surroundings};

fn say(chain: &mut Chain, id: ConnectionId, bytes: &[u8], end: bool) {
    chain.connection(id).expect("it is there").downstream_mut().extend_from_slice(bytes);
    chain.downstream(id, end).expect("no trap");
}

fn reply(chain: &mut Chain, id: ConnectionId, bytes: &[u8], end: bool) {
    chain.connection(id).expect("it is there").upstream_mut().extend_from_slice(bytes);
    chain.upstream(id, end).expect("no trap");
}

fn open(chain: &mut Chain) -> ConnectionId {
    chain.open(Info::default()).expect("no trap")
}

const IMPORTS: &str = r#"
    (import "env" "proxy_continue_stream" (func $resume (param i32) (result i32)))
    (import "env" "proxy_close_stream" (func $close (param i32) (result i32)))
    (import "env" "proxy_set_effective_context" (func $act_on (param i32) (result i32)))
    (import "env" "proxy_set_buffer_bytes" (func $set (param i32 i32 i32 i32 i32) (result i32)))
    (data (i32.const 100) "hello")"#;

/// A filter with these bodies of its callbacks.
fn filter(downstream: &str, upstream: &str, tick: &str) -> String {
    format!(
        r#"{IMPORTS}
        (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32) {downstream})
        (func (export "proxy_on_upstream_data") (param i32 i32 i32) (result i32) {upstream})
        (func (export "proxy_on_tick") (param i32) {tick})"#
    )
}

#[test]
fn without_a_filter_that_minds_all_passes() {
    let mut chain = chain("");
    let id = open(&mut chain);
    assert!(chain.connection(id).unwrap().admitted);
    say(&mut chain, id, b"question", false);
    reply(&mut chain, id, b"answer", false);
    say(&mut chain, id, b"!", true);
    let connection = chain.connection(id).unwrap();
    assert_eq!((&connection.to_server[..], &connection.to_client[..]), (&b"question!"[..], &b"answer"[..]));
    assert!(connection.to_server_ended && !connection.to_client_ended);
}

#[test]
fn what_a_filter_holds_is_shown_again_and_goes_on_when_it_is_resumed() {
    // Pauses until there are eight bytes, then lets all go on.
    let mut chain = chain(&filter("(i32.lt_u (local.get 1) (i32.const 8))", "(i32.const 0)", "nop"));
    let id = open(&mut chain);
    say(&mut chain, id, b"12345", false);
    assert_eq!(chain.connection(id).unwrap().held().0, 5);
    assert!(chain.connection(id).unwrap().to_server.is_empty());
    say(&mut chain, id, b"6789", false);
    assert_eq!(&chain.connection(id).unwrap().to_server[..], b"123456789");
}

#[test]
fn a_buffer_can_be_changed_while_it_is_held_and_only_then() {
    let set = "(drop (call $act_on (i32.const 2)))
        (if (i32.ne (call $set (i32.const 2) (i32.const 0) (i32.const -1) (i32.const 100) (i32.const 5)) (i32.const {}))
            (then unreachable))
        (drop (call $resume (i32.const 2)))";
    let mut paused = chain(&filter("(i32.const 1)", "(i32.const 0)", &set.replace("{}", "0")));
    let id = open(&mut paused);
    say(&mut paused, id, b"secret", false);
    paused.tick(0).expect("the handle is valid");
    assert_eq!(&paused.connection(id).unwrap().to_server[..], b"hello");
    let mut continued = chain(&filter("(i32.const 0)", "(i32.const 0)", &set.replace("{}", "2")));
    let id = open(&mut continued);
    say(&mut continued, id, b"secret", false);
    continued.tick(0).expect("there is no buffer");
    assert_eq!(&continued.connection(id).unwrap().to_server[..], b"secret");
}

#[test]
fn upstream_bytes_that_are_held_go_with_the_next_ones() {
    let mut chain = chain(&filter("(i32.const 0)", "(i32.lt_u (local.get 1) (i32.const 3))", "nop"));
    let id = open(&mut chain);
    reply(&mut chain, id, b"ab", false);
    assert!(chain.connection(id).unwrap().to_client.is_empty());
    reply(&mut chain, id, b"cd", false);
    assert_eq!(&chain.connection(id).unwrap().to_client[..], b"abcd");
}

#[test]
fn an_end_that_is_held_does_not_pass() {
    let mut chain = chain(&filter("(i32.const 1)", "(i32.const 1)", "nop"));
    let id = open(&mut chain);
    say(&mut chain, id, b"", true);
    reply(&mut chain, id, b"", true);
    let connection = chain.connection(id).unwrap();
    assert!(!connection.to_server_ended && !connection.to_client_ended);
}

#[test]
fn bytes_of_the_callback_that_closes_are_lost_and_those_before_are_not() {
    let close =
        "(if (i32.eq (local.get 1) (i32.const 2)) (then (drop (call $close (i32.const 2))))) (i32.const 0)";
    let mut chain = chain(&filter("(i32.const 0)", close, "nop"));
    let id = open(&mut chain);
    reply(&mut chain, id, b"kept", false);
    reply(&mut chain, id, b"no", false);
    reply(&mut chain, id, b"after", false);
    let connection = chain.connection(id).unwrap();
    assert!(connection.closing);
    assert_eq!(&connection.to_client[..], b"kept");
    say(&mut chain, id, b"more", false);
    assert!(chain.connection(id).unwrap().to_server.is_empty());
}

#[test]
fn filters_are_passed_in_order_and_backwards() {
    // Each puts a letter before what passes.
    let letter = |letter: &str| {
        let set = |kind: u32| {
            format!(
                "(drop (call $set (i32.const {kind}) (i32.const 0) (i32.const 0) (i32.const 50) (i32.const 1)))"
            )
        };
        let data = format!("(data (i32.const 50) \"{letter}\")");
        let (down, up) = (format!("{} (i32.const 0)", set(2)), format!("{} (i32.const 0)", set(3)));
        format!("{}\n{data}", filter(&down, &up, "nop"))
    };
    let engine = Engine::new(limits()).unwrap();
    let vm = |name: &str| {
        Vm::start(&module(&engine, &letter(name)), Plugin::default(), surroundings().1).expect("it starts")
    };
    let mut chain = Chain::new(vec![vm("a"), vm("b")]);
    let id = open(&mut chain);
    say(&mut chain, id, b"-", false);
    reply(&mut chain, id, b"-", false);
    let connection = chain.connection(id).unwrap();
    assert_eq!((&connection.to_server[..], &connection.to_client[..]), (&b"ba-"[..], &b"ab-"[..]));
}

#[test]
fn a_connection_that_is_held_is_admitted_when_it_is_resumed() {
    let fields = format!(
        r#"{IMPORTS}
        (func (export "proxy_on_new_connection") (param i32) (result i32) (i32.const 1))
        (func (export "proxy_on_tick") (param i32)
            (drop (call $act_on (i32.const 2)))
            (drop (call $resume (i32.const 2))))"#
    );
    let mut chain = chain(&fields);
    let id = open(&mut chain);
    assert!(!chain.connection(id).unwrap().admitted);
    chain.tick(0).unwrap();
    assert!(chain.connection(id).unwrap().admitted);
    assert_eq!(chain.touched().collect::<Vec<_>>(), [id]);
}

#[test]
fn what_is_done_later_is_forgotten_later() {
    let fields = r#"
        (import "env" "proxy_done" (func $done (result i32)))
        (import "env" "proxy_set_effective_context" (func $act_on (param i32) (result i32)))
        (global $deleted (mut i32) (i32.const 0))
        (func (export "proxy_on_done") (param i32) (result i32) (i32.const 0))
        (func (export "proxy_on_delete") (param i32) (global.set $deleted (i32.const 1)))
        (func (export "proxy_on_tick") (param i32)
            (if (global.get $deleted) (then unreachable))
            (drop (call $act_on (i32.const 2)))
            (if (call $done) (then unreachable)))"#;
    let mut chain = chain(fields);
    let id = open(&mut chain);
    chain.close(id, Peer::Remote).unwrap();
    chain.tick(0).expect("it is not deleted yet");
    chain.tick(0).expect_err("it is deleted now");
}
