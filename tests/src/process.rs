//! Child processes that end with this program, however it ends.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, waitpid};

/// How long a process may take to end in good order.
const PATIENCE: Duration = Duration::from_secs(20);

/// Set when everything is being ended: nothing new is started from then on.
static ENDING: AtomicBool = AtomicBool::new(false);

static LIVE: Mutex<BTreeMap<u32, Signal>> = Mutex::new(BTreeMap::new());

/// A running child process and what it writes. Dropping it ends it and all of its process group.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    stop: Signal,
}

/// A command whose process gets `signal` when this program is killed, so that nothing is left over.
pub fn command(program: impl AsRef<OsStr>, signal: Signal) -> Command {
    let setpriv = Path::new("/usr/bin/setpriv");
    let name = match signal {
        Signal::INT => "INT",
        Signal::TERM => "TERM",
        _ => "KILL",
    };
    if !setpriv.exists() {
        return Command::new(program);
    }
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", name, "--"]).arg(program);
    command
}

impl Process {
    /// Starts `command` (made by [`command`]) with both outputs appended to the file `log`. `stop` is the
    /// signal that ends it in good order.
    pub fn spawn(name: &str, mut command: Command, log: &Path, stop: Signal) -> Result<Self> {
        let output = File::options().create(true).append(true).open(log)?;
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            // A Ctrl-C on the terminal is for this program, which ends its children in order.
            .process_group(0);
        if ENDING.load(Ordering::Relaxed) {
            bail!("{name} is not started: this program is ending");
        }
        let child = spawn(command).with_context(|| format!("starting {name}"))?;
        live().insert(child.id(), stop);
        Ok(Self { name: name.to_owned(), child, log: log.to_owned(), stop })
    }

    /// Process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written so far.
    pub fn log(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// An error with its last words if it has ended.
    pub fn check(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("{} ended ({status}):\n{}", self.name, self.last_words());
        }
        Ok(())
    }

    /// Waits until `probe` gives a value; an error with its last words if it ends before, or takes too long.
    pub fn ready<T>(&mut self, limit: Duration, mut probe: impl FnMut(&Self) -> Option<T>) -> Result<T> {
        let what = format!("waiting for {}", self.name);
        let ready = crate::wait::until(&what, limit, || {
            self.check()?;
            Ok(probe(self))
        });
        ready.with_context(|| format!("{} is not ready:\n{}", self.name, self.last_words()))
    }

    /// Ends it in good order; by force when it does not comply.
    pub fn stop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            live().remove(&self.id());
            return;
        }
        signal(self.id(), self.stop);
        let start = Instant::now();
        while start.elapsed() < PATIENCE && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(10));
        }
        self.kill();
    }

    /// Ends it at once (SIGKILL), as a crash would.
    pub fn kill(&mut self) {
        signal_group(self.id(), Signal::KILL);
        let _ = self.child.wait();
        live().remove(&self.id());
    }

    fn last_words(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Ends every child and removes every temporary folder of this program. For the way out after a signal, when
/// the values that own them cannot be dropped.
pub fn end_all() {
    ENDING.store(true, Ordering::Relaxed);
    let children = live().clone();
    for (id, stop) in &children {
        signal(*id, *stop);
    }
    let start = Instant::now();
    while start.elapsed() < PATIENCE && children.keys().any(|id| is_running(*id)) {
        std::thread::sleep(Duration::from_millis(10));
    }
    for id in children.keys() {
        // The group may live on without its leader.
        signal_group(*id, Signal::KILL);
        // Not left to whoever becomes their parent.
        if let Some(pid) = pid(*id) {
            let _ = waitpid(Some(pid), WaitOptions::empty());
        }
    }
    crate::scratch::remove_all();
}

/// When a process started, in clock ticks since boot; with its id this names a process for good.
pub fn start_time(id: u32) -> Option<u64> {
    stat(id)?.get(19)?.parse().ok()
}

/// Sends `signal` to one process. Nothing happens when it is gone.
pub fn signal(id: u32, signal: Signal) {
    if let Some(pid) = pid(id) {
        let _ = kill_process(pid, signal);
    }
}

/// Whether a process exists and has not ended.
pub fn is_running(id: u32) -> bool {
    stat(id).is_some_and(|fields| fields.first().is_some_and(|state| state != "Z" && state != "X"))
}

fn pid(id: u32) -> Option<Pid> {
    i32::try_from(id).ok().and_then(Pid::from_raw)
}

fn signal_group(id: u32, signal: Signal) {
    if let Some(pid) = pid(id) {
        let _ = kill_process_group(pid, signal);
    }
}

/// The fields of `/proc/ID/stat` after the name, which may hold spaces and parentheses itself.
fn stat(id: u32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    Some(stat.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}

fn live() -> std::sync::MutexGuard<'static, BTreeMap<u32, Signal>> {
    LIVE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

type Order = (Command, mpsc::Sender<io::Result<Child>>);

/// The kernel's "parent is gone" means the thread that started the child. So all are started by one thread that
/// lives as long as the program, or a test that ends would take what others share.
static NURSERY: LazyLock<Mutex<mpsc::Sender<Order>>> = LazyLock::new(|| {
    let (orders, incoming) = mpsc::channel::<Order>();
    std::thread::spawn(move || {
        for (mut command, reply) in incoming {
            let _ = reply.send(command.spawn());
        }
    });
    Mutex::new(orders)
});

fn spawn(command: Command) -> Result<Child> {
    let (reply, child) = mpsc::channel();
    NURSERY
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .send((command, reply))
        .ok()
        .context("the thread that starts processes is gone")?;
    Ok(child.recv().context("the thread that starts processes is gone")??)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_dropped_process_is_gone_with_its_children() {
        let scratch = Scratch::new("proc").unwrap();
        let mut shell = command("/bin/sh", Signal::KILL);
        shell.args(["-c", "sleep 1000 & echo child $!; wait"]);
        let mut process = Process::spawn("sh", shell, &scratch.join("log"), Signal::TERM).unwrap();
        let child: u32 = process
            .ready(Duration::from_secs(30), |process| {
                process.log().strip_prefix("child ")?.trim().parse().ok()
            })
            .unwrap();
        assert!(start_time(child).is_some());
        let id = process.id();
        drop(process);
        assert!(!is_running(id));
        crate::wait::until("the child to end", Duration::from_secs(30), || {
            Ok((!is_running(child)).then_some(()))
        })
        .unwrap();
    }

    #[test]
    fn a_process_that_fails_says_so() {
        let scratch = Scratch::new("proc").unwrap();
        let mut shell = command("/bin/sh", Signal::KILL);
        shell.args(["-c", "echo no such luck; exit 3"]);
        let mut process = Process::spawn("sh", shell, &scratch.join("log"), Signal::TERM).unwrap();
        let error = process.ready(Duration::from_secs(30), |_| None::<()>).unwrap_err();
        assert!(format!("{error:#}").contains("no such luck"));
    }
}
