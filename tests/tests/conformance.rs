//! The same traffic through Envoy and through `gatewright run`, with a filter that does what the bytes tell it to: client
//! and server see the same, and the filter's callbacks come in the same order.
#![allow(missing_docs, reason = "a test")]

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use gatewright_tests::envoy::Envoy;
use gatewright_tests::scratch::Scratch;
use gatewright_tests::standalone::Standalone;

/// Long enough for what was sent to have arrived, as a rule. A machine that is busy may need longer.
const SETTLED: Duration = Duration::from_millis(150);
/// How often a conversation that differs is repeated, each time with twice as long to settle. What differs for another
/// reason than time differs each time.
const TRIES: u32 = 5;

/// Logs its callbacks: a letter, and what it was told. The first byte of a buffer says what to do with it: `h` to hold it,
/// `r` to resume it and return Pause, `c` to close, `e` to put "EDIT" in its place, `a` to append "EDIT", and anything
/// else to let it pass.
const FILTER: &str = r#"(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_buffer_bytes" (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_buffer_bytes" (func $set (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_continue_stream" (func $resume (param i32) (result i32)))
  (import "env" "proxy_close_stream" (func $close (param i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 0) "callback=")
  (data (i32.const 100) "EDIT")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 65536))
  (func $say (param $letter i32) (param $one i32) (param $two i32)
    (i32.store8 (i32.const 9) (local.get $letter))
    (i32.store8 (i32.const 10) (i32.add (i32.const 48) (local.get $one)))
    (i32.store8 (i32.const 11) (i32.add (i32.const 48) (local.get $two)))
    (drop (call $log (i32.const 2) (i32.const 0) (i32.const 12))))
  (func $first (param $kind i32) (result i32)
    (i32.store (i32.const 204) (i32.const 0))
    (drop (call $get (local.get $kind) (i32.const 0) (i32.const 1) (i32.const 200) (i32.const 204)))
    (if (result i32) (i32.load (i32.const 204)) (then (i32.load8_u (i32.load (i32.const 200)))) (else (i32.const 0))))
  (func $act (param $kind i32) (result i32)
    (local $first i32)
    (local.set $first (call $first (local.get $kind)))
    (if (i32.eq (local.get $first) (i32.const 101)) (then
      (drop (call $set (local.get $kind) (i32.const 0) (i32.const -1) (i32.const 100) (i32.const 4)))))
    (if (i32.eq (local.get $first) (i32.const 97)) (then
      (drop (call $set (local.get $kind) (i32.const -1) (i32.const 0) (i32.const 100) (i32.const 4)))))
    (if (i32.eq (local.get $first) (i32.const 99)) (then (drop (call $close (local.get $kind)))))
    (if (i32.eq (local.get $first) (i32.const 114)) (then (drop (call $resume (local.get $kind)))))
    (i32.or (i32.eq (local.get $first) (i32.const 104)) (i32.eq (local.get $first) (i32.const 114))))
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_new_connection") (param i32) (result i32)
    (call $say (i32.const 78) (i32.const 0) (i32.const 0)) (i32.const 0))
  (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
    (call $say (i32.const 68) (local.get 1) (local.get 2)) (call $act (i32.const 2)))
  (func (export "proxy_on_upstream_data") (param i32 i32 i32) (result i32)
    (call $say (i32.const 85) (local.get 1) (local.get 2)) (call $act (i32.const 3)))
  (func (export "proxy_on_downstream_connection_close") (param i32 i32)
    (call $say (i32.const 100) (local.get 1) (i32.const 0)))
  (func (export "proxy_on_upstream_connection_close") (param i32 i32)
    (call $say (i32.const 117) (local.get 1) (i32.const 0)))
  (func (export "proxy_on_done") (param i32) (result i32)
    (call $say (i32.const 88) (i32.const 0) (i32.const 0)) (i32.const 1))
  (func (export "proxy_on_log") (param i32) (call $say (i32.const 76) (i32.const 0) (i32.const 0)))
  (func (export "proxy_on_delete") (param i32) (call $say (i32.const 90) (i32.const 0) (i32.const 0))))"#;

/// One thing that happens.
#[derive(Debug, Clone, Copy)]
enum Step {
    Client(&'static str),
    Server(&'static str),
    ClientEnds,
    ServerEnds,
    ClientResets,
}

use Step::{Client, ClientEnds, ClientResets, Server, ServerEnds};

const CONVERSATIONS: &[&[Step]] = &[
    &[Client("hi?"), Server("yes"), Client("."), Server("!"), ClientEnds, ServerEnds],
    &[Client("question"), Server("answer"), ClientEnds, Server("late"), ServerEnds],
    &[Client("question"), ServerEnds, Client("late"), ClientEnds],
    &[Client("hold"), Client("more"), ClientEnds, ServerEnds],
    &[Client("resumed"), Server("answer"), Client("resumed"), ClientEnds, ServerEnds],
    &[Client("resumed"), ClientEnds, ServerEnds],
    &[Client("edit"), Server("edit"), ClientEnds, ServerEnds],
    &[Client("append"), Server("append"), ClientEnds, ServerEnds],
    &[Client("x"), Server("held"), Server("more"), ServerEnds, ClientEnds],
    &[Client("x"), Server("y"), Client("close"), Server("never")],
    &[Client("x"), Server("y"), Server("close"), Client("never")],
    &[Client("x"), ClientResets, Server("y")],
    &[Client("hold"), ClientResets],
    &[Server("greeting"), Client("x"), ServerEnds, ClientEnds],
];

/// What came of a conversation.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    by_client: String,
    by_server: String,
    callbacks: Vec<String>,
}

/// Reads what is there, and marks an end with `|`.
fn drain(socket: &mut TcpStream, into: &mut String) {
    let mut buffer = [0; 4096];
    loop {
        match socket.read(&mut buffer) {
            Ok(0) => {
                if !into.ends_with('|') {
                    into.push('|');
                }
                return;
            }
            Ok(read) => into.push_str(&String::from_utf8_lossy(buffer.get(..read).unwrap_or_default())),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
            // A reset is an end, too.
            Err(_) => {
                if !into.ends_with('|') {
                    into.push('|');
                }
                return;
            }
        }
    }
}

/// Closes without taking leave.
fn reset(socket: TcpStream) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _within = runtime.enter();
    Ok(tokio::net::TcpStream::from_std(socket)?.set_zero_linger()?)
}

fn converse(
    port: u16,
    server: &TcpListener,
    log: &dyn Fn() -> String,
    steps: &[Step],
    settled: Duration,
) -> Result<Seen> {
    let before = callbacks(&log()).len();
    let mut client = Some(TcpStream::connect(("127.0.0.1", port))?);
    let (mut far, _) = server.accept()?;
    far.set_nonblocking(true)?;
    client.as_ref().context("it is there")?.set_nonblocking(true)?;
    let (mut by_client, mut by_server) = (String::new(), String::new());
    for step in steps {
        match (step, client.as_mut()) {
            // What is said to an end that is gone is not said.
            (Client(text), Some(client)) => drop(client.write_all(text.as_bytes())),
            (ClientEnds, Some(client)) => drop(client.shutdown(Shutdown::Write)),
            (ClientResets, Some(_)) => client.take().map_or(Ok(()), reset)?,
            (Server(text), _) => drop(far.write_all(text.as_bytes())),
            (ServerEnds, _) => drop(far.shutdown(Shutdown::Write)),
            (Client(_) | ClientEnds | ClientResets, None) => {}
        }
        sleep(settled);
        if let Some(client) = &mut client {
            drain(client, &mut by_client);
        }
        drain(&mut far, &mut by_server);
    }
    drop(client);
    sleep(settled);
    drop(far);
    sleep(settled * 2);
    let all = callbacks(&log());
    Ok(Seen { by_client, by_server, callbacks: all.get(before..).unwrap_or_default().to_vec() })
}

/// The callbacks that a log tells of.
fn callbacks(log: &str) -> Vec<String> {
    log.match_indices("callback=")
        .filter_map(|(at, found)| log.get(at + found.len()..at + found.len() + 3).map(str::to_owned))
        .collect()
}

#[test]
fn both_proxies_do_the_same() -> Result<()> {
    let scratch = Scratch::new("conformance")?;
    let module = scratch.join("filter.wasm");
    std::fs::write(&module, wat::parse_str(FILTER)?)?;
    let server = TcpListener::bind("127.0.0.1:0")?;
    let target = server.local_addr()?.to_string();
    let envoy = Envoy::with_filter(&target, &module)?;
    let standalone = Standalone::with_filter(&target, &module)?;
    let mut differences = String::new();
    for steps in CONVERSATIONS {
        let mut difference = String::new();
        for tried in 0..TRIES {
            let settled = SETTLED * 2_u32.pow(tried);
            let on_envoy = converse(envoy.port(), &server, &|| envoy.log(), steps, settled)?;
            let on_standalone = converse(standalone.port(), &server, &|| standalone.log(), steps, settled)?;
            if on_envoy == on_standalone && !on_envoy.callbacks.is_empty() {
                difference.clear();
                break;
            }
            difference = format!("{steps:?}\n  Envoy      {on_envoy:?}\n  standalone {on_standalone:?}\n");
        }
        differences += &difference;
    }
    ensure!(!callbacks(&envoy.log()).is_empty(), "the filter does not run in Envoy:\n{}", envoy.log());
    ensure!(differences.is_empty(), "{differences}");
    Ok(())
}
