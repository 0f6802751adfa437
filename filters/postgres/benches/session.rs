//! What one `Bind`, `Describe`, `Execute`, `Sync` and its answer cost in the library: nanoseconds, natively.
//! `cargo bench -p gatewright-postgres`.
#![allow(
    missing_docs,
    unused_imports,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark of a part of the suites' support"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Instant;

use gatewright_core::bundle::{ApprovalMode, RecordingMode};
use gatewright_postgres::{Env, Io, Session};
use support::*;

const ROUNDS: u32 = 200_000;

fn main() {
    let site = plane(RecordingMode::Buffered, ApprovalMode::Hold);
    let mut session = Session::new("00000000000000000000000000000000", "10.0.0.1:5000");
    let env = Env { plane: Some(&site.plane), now: NOW };
    let mut io = Io::default();
    for step in login() {
        match step {
            Step::Client(bytes) => session.client(&bytes, env, &mut io),
            Step::Server(bytes) => session.server(&bytes, env, &mut io),
            _ => {}
        }
    }
    session.client(
        &[parse("s", "SELECT name FROM customers WHERE name = $1"), sync()].concat(),
        env,
        &mut io,
    );
    session.server(&[message(b'1', b""), ready(b'I')].concat(), env, &mut io);
    let describe = message(b'D', b"P\0");
    let bind = message(b'B', b"\0s\0\0\0\0\x01\0\0\0\x06123456\0\0");
    let client = [bind, describe, execute(), sync()].concat();
    let server = [
        message(b'2', b""),
        row_description(&[("name", CUSTOMERS, 1)]),
        data_row(&["123456"]),
        complete("SELECT 1"),
        ready(b'I'),
    ]
    .concat();
    let start = Instant::now();
    let mut events = 0;
    for _ in 0..ROUNDS {
        io = Io::default();
        session.client(&client, env, &mut io);
        session.server(&server, env, &mut io);
        assert!(!io.close && io.to_client == server);
        events += io.events.len();
        session.acknowledged(events, env, &mut io);
    }
    let each = start.elapsed() / ROUNDS;
    println!("library: {each:?} for each round, with {} events", io.events.len());
    through_wasm(&site, &client, &server);
}

/// The same through the built filter in a wasm VM; what the proxy's own part costs is not in it.
fn through_wasm(site: &Site, client: &[u8], server: &[u8]) {
    let mut wasm = wasm::Wasm::new(site);
    for step in login() {
        match step {
            Step::Client(bytes) => wasm.client(&bytes),
            Step::Server(bytes) => wasm.server(&bytes),
            _ => {}
        }
    }
    wasm.client(&[parse("s", "SELECT name FROM customers WHERE name = $1"), sync()].concat());
    wasm.server(&[message(b'1', b""), ready(b'I')].concat());
    let start = Instant::now();
    for round in 0..ROUNDS {
        wasm.client(client);
        wasm.server(server);
        if round % 200 == 0 {
            wasm.pass(NOW);
            wasm.durable(usize::MAX);
            wasm.forget();
        }
    }
    println!("wasm: {:?} for each round", start.elapsed() / ROUNDS);
}
