//! A real browser: Debian's Chromium, without a window, driven over its DevTools protocol by a pair of pipes.

mod page;

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::account::is_root;
use crate::process::{Process, command};
use crate::scratch::Scratch;

pub use page::Page;

/// How long the browser may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running browser.
#[derive(Debug)]
pub struct Browser {
    connection: Arc<Connection>,
    _process: Process,
    _scratch: Scratch,
}

#[derive(Debug)]
struct Connection {
    to: Mutex<File>,
    next: AtomicU64,
    waiting: Mutex<HashMap<u64, mpsc::Sender<Value>>>,
    events: Mutex<Vec<Value>>,
}

/// Where it is installed.
pub fn chromium() -> Result<PathBuf> {
    let places = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].map(PathBuf::from);
    let found = places.into_iter().find(|place| place.exists());
    found.context("Chromium is not installed: run `cargo xtask setup`")
}

impl Browser {
    /// Starts one with a profile of its own.
    pub fn start() -> Result<Self> {
        let program = chromium()?;
        let scratch = Scratch::new("browser")?;
        let (to, from) = (scratch.join("to"), scratch.join("from"));
        ensure!(std::process::Command::new("mkfifo").args([&to, &from]).status()?.success(), "mkfifo");
        // The protocol is spoken on the descriptors 3 and 4.
        let mut shell = command("/bin/sh", Signal::KILL);
        shell.args(["-c", r#"to=$1 from=$2; shift 2; exec "$@" 3<"$to" 4>"$from""#, "sh"]).args([&to, &from]);
        shell.arg(program).args(["--headless=new", "--remote-debugging-pipe", "--disable-gpu"]);
        shell.args(["--no-first-run", "--disable-background-networking", "--disable-component-update"]);
        shell.args(["--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb"]);
        shell.arg(format!("--user-data-dir={}", scratch.join("profile").display()));
        // All of this is on loopback, whatever the environment says about proxies.
        shell.arg("--no-proxy-server");
        if is_root() {
            // Chromium's sandbox refuses to be root. What is looked at is our own.
            shell.arg("--no-sandbox");
        }
        shell.arg("about:blank").env("HOME", scratch.path());
        let log = scratch.join("log");
        let mut process = Process::spawn("Chromium", shell, &log, Signal::KILL)?;
        // Each of these waits for the other side, which opens them in the same order.
        let writer = OpenOptions::new().write(true).open(&to)?;
        let reader = File::open(&from)?;
        let connection = Arc::new(Connection {
            to: Mutex::new(writer),
            next: AtomicU64::new(1),
            waiting: Mutex::default(),
            events: Mutex::default(),
        });
        let listening = Arc::clone(&connection);
        std::thread::spawn(move || listening.listen(reader));
        if let Err(cause) = connection.call(None, "Browser.getVersion", json!({})) {
            process.check()?;
            return Err(cause);
        }
        Ok(Self { connection, _process: process, _scratch: scratch })
    }

    /// A page of somebody who shares no cookies with anybody else.
    pub fn page(&self) -> Result<Page> {
        let context = self.connection.call(None, "Target.createBrowserContext", json!({}))?;
        Page::open(&self.connection, context["browserContextId"].as_str().unwrap_or_default())
    }
}

impl Connection {
    fn listen(&self, from: File) {
        let mut from = BufReader::new(from);
        let mut message = Vec::new();
        while from.read_until(0, &mut message).is_ok_and(|length| length > 0) {
            message.pop();
            let Ok(said) = serde_json::from_slice::<Value>(&message) else { break };
            message.clear();
            match said["id"].as_u64().and_then(|id| lock(&self.waiting).remove(&id)) {
                // Whoever waited may have given up.
                Some(waiting) => drop(waiting.send(said)),
                None => lock(&self.events).push(said),
            }
        }
        lock(&self.waiting).clear();
    }

    fn call(&self, session: Option<&str>, method: &str, params: Value) -> Result<Value> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = mpsc::channel();
        lock(&self.waiting).insert(id, answer);
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut text = message.to_string().into_bytes();
        text.push(0);
        lock(&self.to).write_all(&text).with_context(|| format!("{method}: the browser is gone"))?;
        let said = answered.recv_timeout(PATIENCE).with_context(|| format!("{method}: no answer"))?;
        if let Some(error) = said.get("error") {
            bail!("{method}: {error}");
        }
        Ok(said["result"].clone())
    }

    /// Events of a session so far, of one kind.
    fn events(&self, session: &str, method: &str) -> Vec<Value> {
        let of = |event: &&Value| event["sessionId"] == session && event["method"] == method;
        lock(&self.events).iter().filter(of).map(|event| event["params"].clone()).collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where pictures of pages are put.
pub fn screenshots() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target")).join("screenshots")
}
