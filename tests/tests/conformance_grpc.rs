//! The same gRPC calls and streams of a filter in Envoy and in `gatewright run`: a gRPC server (grpcio) and one that does
//! what none should hear the same, and the filter's callbacks come in the same order, with the same in them.
#![allow(missing_docs, reason = "a test")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use gatewright_tests::envoy::Envoy;
use gatewright_tests::port::Port;
use gatewright_tests::process::command;
use gatewright_tests::proxy::HttpFilter;
use gatewright_tests::scratch::Scratch;
use gatewright_tests::service::Service;
use gatewright_tests::standalone::Standalone;
use gatewright_tests::tools;
use rustix::process::Signal;

/// How long nothing must happen for a conversation to be over, as a rule. A machine that is busy may need longer.
const SETTLED: Duration = Duration::from_millis(300);
/// How often a conversation that differs is repeated, each time with twice as long to settle. What differs for another
/// reason than time differs each time.
const TRIES: u32 = 5;
/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Logs its callbacks, and what is in them; the headers of a request say whom to call, and what to do when.
const FILTER: &str = include_str!("conformance_grpc.wat");

/// Whom and how to call (`c` a call, `s` a stream; see the filter), and what to do at once, at each message, and at the
/// end: `m` a message, `e` the last one, `z` an empty one that ends, `x` close, `k` cancel, `u` cancel what is not there.
struct Conversation(&'static str, &'static str, &'static str, [&'static str; 3]);

const NOTHING: [&str; 3] = ["", "", ""];

const CONVERSATIONS: &[Conversation] = &[
    // Calls: answered, refused, unknown, late, large, given up.
    Conversation("c", "grpc", "Unary", NOTHING),
    Conversation("p", "", "Unary", NOTHING),
    Conversation("c", "grpc", "Fail", NOTHING),
    Conversation("c", "grpc", "Missing", NOTHING),
    Conversation("c", "grpc", "Slow", NOTHING),
    Conversation("t", "grpc", "Slow", NOTHING),
    Conversation("c", "grpc", "Big", NOTHING),
    Conversation("c", "grpc", "Slow", ["k", "", ""]),
    Conversation("c", "grpc", "Slow", ["x", "", ""]),
    Conversation("c", "grpc", "Slow", ["kk", "", ""]),
    Conversation("c", "grpc", "Slow", ["um", "", ""]),
    // Streams: with messages, ended by either side, given up, used after their end.
    Conversation("s", "grpc", "Stream", ["me", "", ""]),
    Conversation("s", "grpc", "Stream", ["mx", "", ""]),
    Conversation("s", "grpc", "Stream", ["m", "x", ""]),
    Conversation("s", "grpc", "Stream", ["m", "x", "x"]),
    Conversation("s", "grpc", "Stream", ["m", "e", ""]),
    Conversation("s", "grpc", "Stream", ["m", "k", ""]),
    Conversation("s", "grpc", "Stream", ["mku", "", ""]),
    Conversation("s", "grpc", "Stream", ["mkm", "", ""]),
    Conversation("s", "grpc", "Stream", ["z", "", ""]),
    Conversation("s", "grpc", "Stream", ["x", "", ""]),
    Conversation("s", "grpc", "Many", NOTHING),
    Conversation("s", "grpc", "Many", ["x", "", ""]),
    Conversation("s", "grpc", "FailStream", NOTHING),
    Conversation("s", "grpc", "Missing", NOTHING),
    // Nobody there, or nobody known.
    Conversation("c", "nobody", "Unary", NOTHING),
    Conversation("s", "nobody", "Stream", NOTHING),
    Conversation("s", "nobody", "Stream", ["m", "", ""]),
    Conversation("c", "unknown", "Unary", NOTHING),
    Conversation("s", "unknown", "Stream", NOTHING),
    Conversation("n", "", "Unary", NOTHING),
    // A server that is none.
    Conversation("c", "broken", "NotFound", NOTHING),
    Conversation("s", "broken", "NotFound", NOTHING),
    Conversation("c", "broken", "NotFoundBody", NOTHING),
    Conversation("s", "broken", "NotFoundBody", NOTHING),
    Conversation("s", "broken", "NotFoundStatus", NOTHING),
    Conversation("c", "broken", "NoTrailers", NOTHING),
    Conversation("s", "broken", "NoTrailers", NOTHING),
    Conversation("c", "broken", "NoStatus", NOTHING),
    Conversation("s", "broken", "NoStatus", NOTHING),
    Conversation("s", "broken", "OddStatus", NOTHING),
    Conversation("c", "broken", "Empty", NOTHING),
    Conversation("s", "broken", "Empty", NOTHING),
    Conversation("c", "broken", "Two", NOTHING),
    Conversation("s", "broken", "Two", NOTHING),
    Conversation("s", "broken", "Split", NOTHING),
    Conversation("c", "broken", "Compressed", NOTHING),
    Conversation("s", "broken", "Compressed", NOTHING),
    Conversation("s", "broken", "Malformed", NOTHING),
    Conversation("s", "broken", "Cut", NOTHING),
    Conversation("c", "broken", "Reset", NOTHING),
    Conversation("s", "broken", "Reset", NOTHING),
    Conversation("c", "broken", "ResetLater", NOTHING),
    Conversation("s", "broken", "ResetLater", NOTHING),
    Conversation("c", "broken", "Gone", NOTHING),
    Conversation("s", "broken", "Gone", NOTHING),
    Conversation("s", "broken", "GoneLater", NOTHING),
];

/// What came of a conversation.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    by_filter: Vec<String>,
    by_server: Vec<String>,
}

/// What stands behind both proxies.
struct Servers {
    /// What requests go to, which only begin what is tested.
    target: String,
    grpc: Service,
    broken: Service,
    /// Nobody listens there.
    nobody: Port,
}

impl Servers {
    fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let target = listener.local_addr()?.to_string();
        thread::spawn(move || {
            for mut socket in listener.incoming().flatten() {
                thread::spawn(move || {
                    let mut buffer = [0; 4096];
                    while let Ok(1..) = socket.read(&mut buffer) {
                        drop(socket.write_all(b"HTTP/1.1 204 No Content\r\n\r\n"));
                    }
                });
            }
        });
        let script = tools::repo().join("tests/clients/grpc_server.py");
        let server = |more: &[&str]| -> Result<Service> {
            let port = Port::free()?;
            let mut python = command(tools::python(), Signal::KILL);
            python.arg(&script).arg(port.number().to_string()).args(more).env("PYTHONDONTWRITEBYTECODE", "1");
            Service::start("a gRPC server", python, port)
        };
        Ok(Self { target, grpc: server(&[])?, broken: server(&["--broken"])?, nobody: Port::free()? })
    }

    fn clusters(&self) -> Vec<(&'static str, String)> {
        vec![
            ("grpc", self.grpc.address()),
            ("broken", self.broken.address()),
            ("nobody", self.nobody.address()),
        ]
    }

    fn heard(&self) -> Vec<String> {
        let log = self.grpc.log();
        log.lines().filter_map(|line| line.strip_prefix("heard ")).map(str::to_owned).collect()
    }
}

/// What a filter logged: the callbacks, and the answers of hostcalls.
fn logged(log: &str) -> Vec<String> {
    let found = log.split("callback=").skip(1);
    found.filter_map(|rest| rest.split_once(';').map(|(said, _)| said.to_owned())).collect()
}

/// What servers here say of a failure. What a proxy says of one is in its own words, and Envoy puts such words behind the
/// server's too.
const SAID: [&str; 5] = ["no such thing", "enough", "Method not found!", "odd", "a%20b"];

fn normal(said: &str) -> String {
    match said.splitn(4, ',').collect::<Vec<_>>().as_slice() {
        [status, read, code, text] if status.starts_with('C') => {
            let of_server = SAID.into_iter().find(|known| text.starts_with(known)).unwrap_or_default();
            format!("{status},{read},{code},{of_server}")
        }
        _ => said.to_owned(),
    }
}

fn converse(
    port: u16,
    servers: &Servers,
    log: &dyn Fn() -> String,
    conversation: &Conversation,
    settled: Duration,
) -> Result<Seen> {
    let Conversation(how, to, method, [now, then, last]) = conversation;
    let before = (logged(&log()).len(), servers.heard().len());
    let mut client = TcpStream::connect(("127.0.0.1", port))?;
    write!(client, "GET / HTTP/1.1\r\nhost: h\r\nx-act: {how}\r\nx-to: {to}\r\nx-method: {method}\r\n")?;
    write!(client, "x-message: hello\r\nx-now: {now}\r\nx-then: {then}\r\nx-last: {last}\r\n\r\n")?;
    let mut answer = [0; 12];
    client.set_read_timeout(Some(PATIENCE))?;
    client.read_exact(&mut answer).context("the request itself is answered")?;
    let begin = Instant::now();
    let seen = || (logged(&log()), servers.heard());
    let (mut known, mut since) = (seen(), Instant::now());
    // A method that takes its time is quiet for longer.
    let settled = if *method == "Slow" { settled * 5 } else { settled };
    while since.elapsed() < settled && begin.elapsed() < PATIENCE {
        sleep(SETTLED / 10);
        let new = seen();
        if new != known {
            (known, since) = (new, Instant::now());
        }
    }
    let (by_filter, by_server) = known;
    let mut by_server = by_server.get(before.1..).unwrap_or_default().to_vec();
    // The server's threads say things in any order.
    by_server.sort();
    let by_filter = by_filter.get(before.0..).unwrap_or_default();
    Ok(Seen { by_filter: by_filter.iter().map(|said| normal(said)).collect(), by_server })
}

/// What both saw, without what may differ.
fn compared(conversation: &Conversation, converse: impl Fn(bool) -> Result<Seen>) -> Result<(Seen, Seen)> {
    let (mut on_envoy, mut on_standalone) = (converse(true)?, converse(false)?);
    let Conversation(how, _, _, steps) = conversation;
    if *how == "n" {
        // Envoy tells of the end of a call that, by its own answer, never began.
        ensure!(on_envoy.by_filter == ["O10", "C14,0,14,"], "{on_envoy:?}");
        on_envoy.by_filter.truncate(1);
    }
    if steps[0].contains('k') || *how == "c" && steps[0].contains('x') {
        // What is given up at once may have reached the server or not.
        (on_envoy.by_server, on_standalone.by_server) = (Vec::new(), Vec::new());
    }
    if steps.iter().any(|step| step.contains('k')) {
        // Whether the server's reading of what is given up ends or breaks off is a matter of time.
        for seen in [&mut on_envoy, &mut on_standalone] {
            seen.by_server.retain(|said| said != "all messages");
        }
    }
    ensure!(!on_envoy.by_filter.is_empty(), "the filter did not run in Envoy");
    Ok((on_envoy, on_standalone))
}

#[test]
fn both_proxies_do_the_same() -> Result<()> {
    let scratch = Scratch::new("conformance-grpc")?;
    let module = scratch.join("filter.wasm");
    std::fs::write(&module, wat::parse_str(FILTER)?)?;
    let servers = Servers::start()?;
    let clusters = servers.clusters();
    let filter = HttpFilter { clusters: &clusters, http2: true, ..HttpFilter::default() };
    let envoy = Envoy::with_any_http_filter(&servers.target, &module, &filter)?;
    let standalone = Standalone::with_any_http_filter(&servers.target, &module, &filter)?;
    let mut differences = String::new();
    for conversation in CONVERSATIONS {
        let Conversation(how, to, method, steps) = conversation;
        let mut difference = String::new();
        for tried in 0..TRIES {
            let settled = SETTLED * 2_u32.pow(tried);
            let seen = compared(conversation, |envoys| {
                if envoys {
                    converse(envoy.port(), &servers, &|| envoy.log(), conversation, settled)
                } else {
                    converse(standalone.port(), &servers, &|| standalone.log(), conversation, settled)
                }
            });
            difference = match seen {
                Ok((on_envoy, on_standalone)) if on_envoy == on_standalone => String::new(),
                Ok((on_envoy, on_standalone)) => format!(
                    "{how} {to} {method} {steps:?}\n  Envoy      {on_envoy:?}\n  standalone {on_standalone:?}\n"
                ),
                Err(error) => format!("{how} {to} {method} {steps:?}\n  {error:#}\n"),
            };
            if difference.is_empty() {
                break;
            }
        }
        differences += &difference;
    }
    ensure!(!logged(&envoy.log()).is_empty(), "the filter does not run in Envoy:\n{}", envoy.log());
    ensure!(differences.is_empty(), "{differences}");
    Ok(())
}
