//! The same requests and responses through Envoy and through `gatewright run`, with a filter that does what a header
//! tells it to: client and server see the same, and the filter's callbacks come in the same order.
#![allow(missing_docs, reason = "a test")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, sleep};
use std::time::Duration;

use anyhow::{Result, ensure};
use gatewright_tests::envoy::Envoy;
use gatewright_tests::http::normal;
use gatewright_tests::scratch::Scratch;
use gatewright_tests::standalone::Standalone;

/// Long enough for what was sent to have arrived, as a rule. A machine that is busy may need longer.
const SETTLED: Duration = Duration::from_millis(150);
/// How often a conversation that differs is repeated, each time with twice as long to settle. What differs for another
/// reason than time differs each time.
const TRIES: u32 = 5;

/// Logs its callbacks: a letter, the size of a body, and whether it is the end. The first letter of the header `x-act` says
/// what to do, and when; see [`CONVERSATIONS`].
const FILTER: &str = include_str!("conformance_http.wat");

/// One thing that happens.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// The client says that.
    Client(&'static str),
    /// The client goes away.
    ClientLeaves,
}

use Step::{Client, ClientLeaves};

const GET: &str = "GET /p/../a?b=%2e HTTP/1.1\r\nhost: shop.example\r\nx-a: 1\r\nx-a: 2\r\nconnection: x-hop\r\nx-hop: 1\r\n";
const POST: &str = "POST /orders HTTP/1.1\r\nhost: shop.example\r\ncontent-type: text/plain\r\n";
const FOUR: &str = "content-length: 4\r\n\r\nabcd";

/// By `x-act`, and how the head of the request goes on.
const CONVERSATIONS: &[(&str, &str, &[Step])] = &[
    // Nothing is done.
    ("-", GET, &[Client("\r\n")]),
    ("-", POST, &[Client(FOUR)]),
    ("-", POST, &[Client("content-length: 4\r\n\r\nab"), Client("cd")]),
    ("-", POST, &[Client("transfer-encoding: chunked\r\n\r\n2\r\nab\r\n"), Client("2\r\ncd\r\n0\r\n\r\n")]),
    ("-", "HEAD / HTTP/1.1\r\nhost: h\r\n", &[Client("\r\n")]),
    ("-", "GET /split HTTP/1.1\r\nhost: h\r\n", &[Client("\r\n")]),
    ("-", "GET /empty HTTP/1.1\r\nhost: h\r\n", &[Client("\r\n")]),
    ("-", "GET /broken HTTP/1.1\r\nhost: h\r\n", &[Client("\r\n")]),
    // The request: head and body wait for its end; answered at its head, and at its body; closed; changed; and continued
    // by the timer.
    ("p", GET, &[Client("\r\n")]),
    ("p", POST, &[Client("content-length: 4\r\n\r\nab"), Client("cd")]),
    ("l", GET, &[Client("\r\n")]),
    ("l", POST, &[Client(FOUR)]),
    ("L", POST, &[Client(FOUR)]),
    ("c", GET, &[Client("\r\n")]),
    ("a", GET, &[Client("\r\n")]),
    ("e", POST, &[Client(FOUR)]),
    ("e", POST, &[Client("transfer-encoding: chunked\r\n\r\n2\r\nab\r\n"), Client("2\r\ncd\r\n0\r\n\r\n")]),
    ("w", GET, &[Client("\r\n")]),
    ("w", POST, &[Client("content-length: 4\r\n\r\nab"), Client("cd")]),
    ("n", POST, &[Client("transfer-encoding: chunked\r\n\r\n2\r\nab\r\n"), Client("2\r\ncd\r\n0\r\n\r\n")]),
    // The response: head and body wait for its end; another one in its place; given up within it; changed; continued by
    // the timer.
    ("h", GET, &[Client("\r\n")]),
    ("h", "GET /split HTTP/1.1\r\nhost: h\r\n", &[Client("\r\n")]),
    ("r", GET, &[Client("\r\n")]),
    ("s", GET, &[Client("\r\n")]),
    ("d", GET, &[Client("\r\n")]),
    ("E", GET, &[Client("\r\n")]),
    ("W", GET, &[Client("\r\n")]),
    // The client goes away.
    ("p", POST, &[Client("content-length: 4\r\n\r\nab"), ClientLeaves]),
];

/// What came of a conversation.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    by_client: String,
    by_server: String,
    callbacks: Vec<String>,
}

/// A server that answers by the path, and notes what it gets.
struct Server {
    address: String,
    heard: Arc<Mutex<String>>,
    /// How long things take to settle.
    settled: Arc<Mutex<Duration>>,
}

impl Server {
    fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let heard = Arc::new(Mutex::new(String::new()));
        let settled = Arc::new(Mutex::new(SETTLED));
        let (ear, pause) = (heard.clone(), settled.clone());
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (ear, pause) = (ear.clone(), pause.clone());
                thread::spawn(move || serve(socket, &ear, &pause));
            }
        });
        Ok(Self { address, heard, settled })
    }

    fn heard(&self) -> String {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn settled(&self) -> Duration {
        *self.settled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle_in(&self, time: Duration) {
        *self.settled.lock().unwrap_or_else(PoisonError::into_inner) = time;
    }
}

fn serve(mut socket: TcpStream, ear: &Mutex<String>, settled: &Mutex<Duration>) {
    let (mut text, mut buffer) = (String::new(), [0; 4096]);
    while let Ok(read @ 1..) = socket.read(&mut buffer) {
        let new = String::from_utf8_lossy(buffer.get(..read).unwrap_or_default()).into_owned();
        ear.lock().unwrap_or_else(PoisonError::into_inner).push_str(&new);
        text.push_str(&new);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let chunked = head.contains("transfer-encoding: chunked");
        let length =
            head.split_once("content-length: ").and_then(|(_, rest)| rest.split("\r\n").next()?.parse().ok());
        if chunked && !body.ends_with("0\r\n\r\n") || body.len() < length.unwrap_or(0) {
            continue;
        }
        for part in answer(head) {
            if *part == "!" || socket.write_all(part.as_bytes()).is_err() {
                return;
            }
            let pause = *settled.lock().unwrap_or_else(PoisonError::into_inner) / 3;
            sleep(pause);
        }
        text.clear();
    }
}

/// An answer in its parts; `!` breaks off.
fn answer(head: &str) -> &'static [&'static str] {
    if head.starts_with("HEAD") {
        return &["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"];
    }
    match head.split(' ').nth(1) {
        Some("/split") => &[
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "3\r\nabc\r\n",
            "3\r\ndef\r\n",
            "0\r\n\r\n",
        ],
        Some("/empty") => &["HTTP/1.1 204 No Content\r\nx-b: 1\r\n\r\n"],
        Some("/broken") => &["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", "!"],
        _ => &["HTTP/1.1 200 OK\r\ncontent-length: 6\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n\r\nanswer"],
    }
}

/// A head that is on its way when the response breaks off (`s`, `d`) may arrive or not; nothing of the body may.
fn cut(act: &str, seen: String) -> Result<String> {
    if !["s", "d"].contains(&act) {
        return Ok(seen);
    }
    ensure!(!seen.contains("answer"), "{act}: {seen}");
    Ok(String::new())
}

fn converse(
    port: u16,
    server: &Server,
    log: &dyn Fn() -> String,
    act: &str,
    head: &str,
    steps: &[Step],
) -> Result<Seen> {
    // What an earlier one left too late is not of this one.
    drop(server.heard());
    let (before, settled) = (callbacks(&log()).len(), server.settled());
    let mut client = Some(TcpStream::connect(("127.0.0.1", port))?);
    let mut by_client = String::new();
    let begin = format!("{head}x-act: {act}\r\n");
    let mut first = Some(begin.as_str());
    for step in steps {
        match (step, client.as_mut()) {
            (Client(text), Some(client)) => {
                let text = [first.take().unwrap_or_default(), text].concat();
                // What is said to an end that is gone is not said.
                drop(client.write_all(text.as_bytes()));
            }
            (ClientLeaves, _) => client = None,
            (Client(_), None) => {}
        }
        sleep(settled);
    }
    // Answers that wait for the timer, and those in parts.
    sleep(settled * 2);
    if let Some(mut client) = client {
        client.set_nonblocking(true)?;
        let mut buffer = [0; 4096];
        loop {
            match client.read(&mut buffer) {
                Ok(0) => by_client.push('|'),
                Ok(read) => {
                    by_client.push_str(&String::from_utf8_lossy(buffer.get(..read).unwrap_or_default()));
                    continue;
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => by_client.push('|'),
            }
            break;
        }
    }
    sleep(settled);
    let all = callbacks(&log());
    Ok(Seen {
        // When a connection closes after that differs: Envoy takes its time.
        by_client: cut(act, normal(by_client.trim_end_matches('|')))?,
        by_server: normal(&server.heard()),
        callbacks: all.get(before..).unwrap_or_default().to_vec(),
    })
}

/// The callbacks that a log tells of.
fn callbacks(log: &str) -> Vec<String> {
    log.match_indices("callback=")
        .filter_map(|(at, found)| log.get(at + found.len()..at + found.len() + 3).map(str::to_owned))
        .collect()
}

fn both_proxies_do_the_same(stop_iteration: bool) -> Result<()> {
    let scratch = Scratch::new("conformance-http")?;
    let module = scratch.join("filter.wasm");
    std::fs::write(&module, wat::parse_str(FILTER)?)?;
    let server = Server::start()?;
    let envoy = Envoy::with_http_filter(&server.address, &module, stop_iteration)?;
    let standalone = Standalone::with_http_filter(&server.address, &module, stop_iteration)?;
    let mut differences = String::new();
    for (act, head, steps) in CONVERSATIONS {
        let mut difference = String::new();
        for tried in 0..TRIES {
            server.settle_in(SETTLED * 2_u32.pow(tried));
            let on_envoy = converse(envoy.port(), &server, &|| envoy.log(), act, head, steps)?;
            let on_standalone = converse(standalone.port(), &server, &|| standalone.log(), act, head, steps)?;
            if on_envoy == on_standalone && !on_envoy.callbacks.is_empty() {
                difference.clear();
                break;
            }
            difference = format!(
                "{act} {head:?} {steps:?}\n  Envoy      {on_envoy:?}\n  standalone {on_standalone:?}\n"
            );
        }
        differences += &difference;
    }
    ensure!(!callbacks(&envoy.log()).is_empty(), "the filter does not run in Envoy:\n{}", envoy.log());
    ensure!(differences.is_empty(), "{differences}");
    Ok(())
}

#[test]
fn with_bodies_of_stopped_heads() -> Result<()> {
    both_proxies_do_the_same(true)
}

#[test]
fn without_bodies_of_stopped_heads() -> Result<()> {
    both_proxies_do_the_same(false)
}
