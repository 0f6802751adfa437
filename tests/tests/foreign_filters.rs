//! Filters that nobody wrote for Gatewright: the examples of three SDKs, as these have them. Each runs in Envoy and in
//! `gatewright run`, and client and server see the same. docs/standalone.md has the table.
#![allow(missing_docs, reason = "a test")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use gatewright_tests::envoy::Envoy;
use gatewright_tests::http::normal;
use gatewright_tests::proxy::HttpFilter;
use gatewright_tests::scratch::Scratch;
use gatewright_tests::standalone::Standalone;
use gatewright_tests::{run, tools, wait};

/// Where a module comes from.
#[derive(Debug, Clone, Copy)]
enum Source {
    /// An example of the crate `proxy-wasm`, built by `cargo xtask build`.
    Crate(&'static str),
    /// The first example in the README of a package of npm: the package, AssemblyScript's compiler, and more for it.
    Readme(&'static str, &'static str, &'static [&'static str]),
}

use Source::{Crate, Readme};

/// A module, and what it is to do.
struct Row {
    /// As the table names it.
    name: &'static str,
    source: Source,
    root_id: &'static str,
    configuration: &'static str,
    /// What the server answers that it calls `httpbin`.
    httpbin: &'static str,
    /// Of these, each is in an answer to the client, or in the filter's log. What does nothing proves nothing.
    does: &'static [&'static str],
}

const SOLO: Source = Readme("@solo-io/proxy-runtime", "assemblyscript-0.14/bin/asc", &["-b"]);
const GCORE: Source = Readme(
    "@gcoredev/proxy-wasm-sdk-as",
    "assemblyscript/bin/asc.js",
    &["--config", "node_modules/@assemblyscript/wasi-shim/asconfig.json", "-o"],
);

const ROWS: &[Row] = &[
    Row {
        name: "`hello_world`",
        source: Crate("hello_world"),
        root_id: "",
        configuration: "",
        httpbin: "",
        does: &["Hello, World!", "your lucky number is"],
    },
    Row {
        name: "`http_auth_random`",
        source: Crate("http_auth_random"),
        root_id: "",
        configuration: "",
        httpbin: "2",
        does: &["200 OK", "powered-by: proxy-wasm", "the secret"],
    },
    Row {
        name: "`http_auth_random`",
        source: Crate("http_auth_random"),
        root_id: "",
        configuration: "",
        httpbin: "1",
        does: &["403 Forbidden", "Access forbidden."],
    },
    Row {
        name: "`http_body`",
        source: Crate("http_body"),
        root_id: "",
        configuration: "",
        httpbin: "",
        does: &["Original message body (10 bytes) redacted.", "nothing"],
    },
    Row {
        name: "`http_config`",
        source: Crate("http_config"),
        root_id: "",
        configuration: "as configured",
        httpbin: "",
        does: &["custom-header: as configured"],
    },
    Row {
        name: "`http_headers`",
        source: Crate("http_headers"),
        root_id: "",
        configuration: "",
        httpbin: "",
        does: &["hello: World", "Hello, World!", "the secret"],
    },
    Row {
        name: "`@solo-io/proxy-runtime`",
        source: SOLO,
        root_id: "add_header",
        configuration: "as configured",
        httpbin: "",
        does: &["hello: as configured"],
    },
    Row {
        name: "`@gcoredev/proxy-wasm-sdk-as`",
        source: GCORE,
        root_id: "add_header",
        configuration: "as configured",
        httpbin: "",
        does: &["hello: as configured"],
    },
];

const REQUESTS: [&str; 4] = [
    "GET / HTTP/1.1\r\nhost: shop.example\r\nx-a: 1\r\nx-a: 2\r\n\r\n",
    "GET /hello HTTP/1.1\r\nhost: shop.example\r\n\r\n",
    "GET /secret HTTP/1.1\r\nhost: shop.example\r\n\r\n",
    "POST /orders HTTP/1.1\r\nhost: shop.example\r\ncontent-length: 4\r\n\r\nabcd",
];

/// A server that tells what it hears, and says by the path what it answers.
struct Server {
    address: String,
    heard: Arc<Mutex<String>>,
}

impl Server {
    fn start(answer: fn(&str) -> &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let heard = Arc::new(Mutex::new(String::new()));
        let ear = heard.clone();
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let ear = ear.clone();
                thread::spawn(move || serve(socket, &ear, answer));
            }
        });
        Ok(Self { address, heard })
    }

    fn heard(&self) -> String {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn serve(mut socket: TcpStream, ear: &Mutex<String>, answer: fn(&str) -> &str) {
    let (mut text, mut buffer) = (String::new(), [0; 4096]);
    while let Ok(read @ 1..) = socket.read(&mut buffer) {
        text += &String::from_utf8_lossy(buffer.get(..read).unwrap_or_default());
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        if head.contains("content-length: 4") && body.len() < 4 {
            continue;
        }
        ear.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
        let said = answer(head.split(' ').nth(1).unwrap_or_default());
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{said}", said.len());
        if socket.write_all(answer.as_bytes()).is_err() {
            return;
        }
        text.clear();
    }
}

fn by_path(path: &str) -> &str {
    if path == "/secret" { "the secret" } else { "nothing" }
}

/// One request over a connection of its own, and the whole answer.
fn ask(port: u16, request: &str) -> Result<String> {
    let mut client = TcpStream::connect(("127.0.0.1", port))?;
    client.set_read_timeout(Some(Duration::from_secs(30)))?;
    client.write_all(request.as_bytes())?;
    let (mut text, mut buffer) = (String::new(), [0; 4096]);
    loop {
        let read = client.read(&mut buffer).with_context(|| format!("reading behind {text:?}"))?;
        text += &String::from_utf8_lossy(buffer.get(..read).unwrap_or_default());
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            ensure!(read > 0, "the answer broke off: {text:?}");
            continue;
        };
        let length = head.split("\r\n").find_map(|line| line.strip_prefix("content-length: "));
        let whole = match length {
            Some(length) => body.len() >= length.parse::<usize>()?,
            None => body.ends_with("0\r\n\r\n"),
        };
        if whole {
            return Ok(text);
        }
        ensure!(read > 0, "the answer broke off: {text:?}");
    }
}

/// The module's file.
fn module(source: Source, scratch: &Scratch) -> Result<PathBuf> {
    match source {
        Crate(name) => {
            let path = tools::filters().join(format!("stranger_{name}.wasm"));
            ensure!(path.is_file(), "`{}` is not built: run `cargo xtask build`", path.display());
            Ok(path)
        }
        Readme(package, compiler, options) => compile(package, compiler, options, scratch.path()),
    }
}

fn compile(package: &str, compiler: &str, options: &[&str], folder: &Path) -> Result<PathBuf> {
    let readme = fs::read_to_string(tools::node_module(&format!("{package}/README.md"))?)?;
    let (_, code) = readme.split_once("```ts\n").context("there is no example")?;
    let (code, _) = code.split_once("```").context("the example has no end")?;
    fs::write(folder.join("index.ts"), code)?;
    let modules = folder.join("node_modules");
    if !modules.exists() {
        std::os::unix::fs::symlink(tools::node().join("node_modules"), &modules)?;
    }
    let mut asc = Command::new("node");
    asc.current_dir(folder).arg(tools::node_module(compiler)?).arg("index.ts");
    // The READMEs' own instructions.
    asc.args(["--use", "abort=abort_proc_exit", "--optimize"]).args(options).arg("filter.wasm");
    let output = run(&mut asc)?;
    ensure!(output.success, "{}{}", output.stdout, output.stderr);
    Ok(folder.join("filter.wasm"))
}

/// A body that came in chunks, without them: proxies write their sizes each in its way.
fn joined(answer: &str) -> Result<String> {
    let Some((head, mut rest)) = answer.split_once("\r\n\r\n") else { return Ok(answer.to_owned()) };
    if !head.contains("transfer-encoding: chunked") {
        return Ok(answer.to_owned());
    }
    let mut body = String::new();
    while let Some((size, chunk)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16)?;
        body += chunk.get(..size).context("a chunk is cut")?;
        rest = chunk.get(size..).unwrap_or_default().trim_start_matches("\r\n");
    }
    Ok(format!("{head}\r\n\r\n{body}"))
}

/// What client and server saw of all requests.
fn converse(port: u16, server: &Server, requests: &[&str]) -> Result<Vec<(String, String)>> {
    let seen = |request: &&str| Ok((normal(&joined(&ask(port, request)?)?), normal(&server.heard())));
    requests.iter().map(seen).collect()
}

#[test]
fn they_do_the_same_in_both_proxies() -> Result<()> {
    for Row { name, source, root_id, configuration, httpbin, does } in ROWS {
        let scratch = Scratch::new("foreign")?;
        let module = module(*source, &scratch)?;
        let server = Server::start(by_path)?;
        let called = Server::start(if *httpbin == "2" { |_| "2" } else { |_| "1" })?;
        // It is no filter of requests: any would fail it.
        let requests = if *name == "`hello_world`" { &[][..] } else { &REQUESTS };
        let clusters = [("httpbin", called.address.clone())];
        let filter = HttpFilter { root_id, configuration, clusters: &clusters, http2: false };
        let envoy = Envoy::with_any_http_filter(&server.address, &module, &filter)?;
        let on_envoy =
            converse(envoy.port(), &server, requests).with_context(|| format!("{name} in Envoy"))?;
        let standalone = Standalone::with_any_http_filter(&server.address, &module, &filter)?;
        let on_standalone =
            converse(standalone.port(), &server, requests).with_context(|| format!("{name} here"))?;
        ensure!(on_envoy == on_standalone, "{name}\n{on_envoy:#?}\n{on_standalone:#?}");
        for (proxy, log) in
            [("Envoy", &(|| envoy.log()) as &dyn Fn() -> String), ("here", &|| standalone.log())]
        {
            wait::until(&format!("{name} to do what it does in {proxy}"), Duration::from_secs(30), || {
                let all = format!("{on_standalone:?}{}", log());
                Ok(does.iter().all(|said| all.contains(said)).then_some(()))
            })?;
        }
    }
    Ok(())
}

#[test]
fn the_table_has_them_all_and_no_others() -> Result<()> {
    let text = fs::read_to_string(tools::repo().join("docs/standalone.md"))?;
    let (_, table) = text.split_once("| module of others |").context("there is no table")?;
    let (table, _) = table.split_once("\n\n").context("the table has no end")?;
    let mut listed: Vec<&str> =
        table.lines().skip(2).filter_map(|line| line.split('|').nth(1)).map(str::trim).collect();
    let mut known: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
    known.dedup();
    listed.sort_unstable();
    known.sort_unstable();
    ensure!(listed == known, "{listed:?} in the document, {known:?} in the test");
    Ok(())
}
