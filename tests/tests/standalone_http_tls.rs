//! `gatewright run` between agents and an API that encrypt.
#![allow(missing_docs, reason = "a test")]

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use gatewright_tests::certificates::{Authority, Certificate};
use gatewright_tests::curl::{Fetched, curl};
use gatewright_tests::port::Port;
use gatewright_tests::process::command;
use gatewright_tests::service::Service;
use gatewright_tests::stack::{Builder, Stack};
use gatewright_tests::target::{Answer, Target};
use gatewright_tests::{tools, wait};
use rustix::process::Signal;
use serde_json::json;

/// Python's HTTP server with OpenSSL, which wants a certificate of its clients and says whose it got.
const SERVER: &str = r#"
import http.server, json, ssl, sys
port, certificate, key, ca = sys.argv[1:]
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        names = [value for kind, value in self.connection.getpeercert()["subjectAltName"]]
        body = json.dumps({"client": names, "alpn": self.connection.selected_alpn_protocol()}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, address):
        print("broken off", sys.exc_info()[1], flush=True)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
context.load_verify_locations(ca)
context.verify_mode = ssl.CERT_REQUIRED
context.set_alpn_protocols(["http/1.1"])
server = Server(("127.0.0.1", int(port)), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
"#;

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn server(shown: &Certificate, clients: &Authority) -> Result<Service> {
    let port = Port::free()?;
    let mut python = command(tools::python(), Signal::KILL);
    python.args(["-u", "-c", SERVER, &port.number().to_string()]);
    python.arg(&shown.certificate).arg(&shown.key).arg(clients.certificate());
    Service::start("an HTTPS server", python, port)
}

fn in_front_of(address: &str) -> Builder {
    let endpoints = json!([{ "path": "/t/{rest...}", "methods": ["GET"] }]);
    Stack::builder().api_at(address).set("/apis/0/endpoints", endpoints)
}

/// What an agent gets, once the thread that serves it has the bundle: each gets it by itself.
fn get(stack: &Stack, scheme: &str, more: &[&str]) -> Result<Fetched> {
    let url = format!("{scheme}://127.0.0.1:{}/t/x", stack.api_proxy()?.port());
    let token = format!("authorization: Bearer {}", stack.idp.token("ann", &["support"])?);
    wait::until("every thread's bundle", Duration::from_secs(30), || {
        let answer = curl(&url, &[&["--header", &token], more].concat())?;
        Ok((!answer.body.contains("no configuration yet")).then_some(answer))
    })
}

#[test]
fn the_server_is_verified_and_shown_a_certificate() -> Result<()> {
    let (servers, gates, other) = (Authority::new()?, Authority::new()?, Authority::new()?);
    let gate = gates.issue("gate", "DNS:gate.shop.example")?;
    let good = servers.issue("good", "IP:127.0.0.1")?;
    let misnamed = servers.issue("misnamed", "DNS:localhost")?;
    for (shown, ca, works) in [(&good, &servers, true), (&good, &other, false), (&misnamed, &servers, false)]
    {
        let server = server(shown, &gates)?;
        let stack = in_front_of(&server.address())
            .set("/apis/0/target/tls", "direct")
            .run_with(&["--target-ca", &text(&ca.certificate())])
            .run_with(&["--target-certificate", &text(&gate.certificate), "--target-key", &text(&gate.key)])
            .start()?;
        let answer = get(&stack, "http", &[])?;
        let log = || stack.api_proxy().map(|proxy| proxy.log()).unwrap_or_default();
        if works {
            ensure!(answer.status == 200, "{answer:?} {}", log());
            ensure!(answer.body == r#"{"client": ["gate.shop.example"], "alpn": "http/1.1"}"#, "{answer:?}");
        } else {
            ensure!(answer.status == 503, "{answer:?} {}", log());
            wait::until("the reason in the log", Duration::from_secs(30), || {
                Ok(log().contains("invalid peer certificate").then_some(()))
            })
            .with_context(log)?;
            ensure!(!server.log().contains("GET"), "{}", server.log());
        }
    }
    Ok(())
}

#[test]
fn agents_encrypt_where_the_command_line_has_a_certificate() -> Result<()> {
    let target = Target::start(|_| Answer::json(r#"{"name":"Ada"}"#))?;
    let (ours, theirs) = (Authority::new()?, Authority::new()?);
    let gate = ours.issue("gate", "IP:127.0.0.1")?;
    let stack = in_front_of(&target.address())
        .run_with(&["--tls-certificate", &text(&gate.certificate), "--tls-key", &text(&gate.key)])
        .start()?;
    let (trusted, foreign) = (text(&ours.certificate()), text(&theirs.certificate()));
    for version in ["--http1.1", "--http2"] {
        let answer = get(&stack, "https", &["--cacert", &trusted, version])?;
        ensure!(answer.status == 200 && answer.body.contains("Ada"), "{version}: {answer:?}");
        let seen = target.take();
        ensure!(seen.len() == 1 && seen[0].header("x-forwarded-proto") == Some("https"), "{seen:?}");
    }
    for (scheme, ca) in [("https", &foreign), ("http", &trusted)] {
        let answer = get(&stack, scheme, &["--cacert", ca])?;
        ensure!(answer.status == 0 && !answer.whole, "{scheme}: {answer:?}");
    }
    ensure!(target.seen().is_empty(), "{:?}", target.seen());
    Ok(())
}
