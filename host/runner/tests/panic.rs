//! A panic of the proxy's own in the middle of a connection, provoked by a subscriber of its log.
#![allow(missing_docs, reason = "a test")]

mod support;

use std::time::{Duration, Instant};

use gatewright_runner::proxy::{Protocol, Target};
use support::running::{self, Running, config, echo, rest, says, until};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Panics when a filter says something.
struct Panics;

impl Subscriber for Panics {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "filter"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        panic!("the log cannot be written");
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Says something where the client says an exclamation mark.
const SAYS: &str = r#"(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
    (import "env" "proxy_get_buffer_bytes" (func $get (param i32 i32 i32 i32 i32) (result i32)))
    (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
        (drop (call $get (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 4)))
        (if (i32.eq (i32.load8_u (i32.load (i32.const 0))) (i32.const 33))
            (then (drop (call $log (i32.const 4) (i32.const 0) (i32.const 4)))))
        (i32.const 0))"#;

#[tokio::test]
async fn a_panic_in_a_visit_leaves_no_count() {
    tracing::subscriber::set_global_default(Panics).expect("the only one");
    // The one that is wanted is not told of: a backtrace takes its time.
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !std::thread::current().name().is_some_and(|name| name.starts_with("worker-")) {
            tell(panic);
        }
    }));
    let mut config = config(running::service(Target::Tcp(echo().await), Protocol::Tcp, &[SAYS]), 1);
    config.drain = Duration::from_secs(300);
    let running = Running::start(config).await;
    let (mut victim, mut other) = (running.connect().await, running.connect().await);
    for socket in [&mut victim, &mut other] {
        assert_eq!(says(socket, b"one").await, b"one");
    }
    assert_eq!(running.metrics.value("gatewright_connections"), Some(2));
    let _ = tokio::io::AsyncWriteExt::write_all(&mut victim, b"!").await;
    assert_eq!(rest(&mut victim).await, b"");
    // The socket closes while the panic unwinds, the count goes down with the last of what it drops.
    until("one is left", || running.metrics.value("gatewright_connections") == Some(1)).await;
    assert_eq!(says(&mut other, b"two").await, b"two", "the thread goes on");
    drop(other);
    // What is counted is waited for: nothing is.
    let begin = Instant::now();
    running.stop().await;
    assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", begin.elapsed());
}
