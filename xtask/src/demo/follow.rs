//! The foreground of `--detach`: starts the background process, and shows what that prints until it is ready.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use gatewright_tests::proxy::Kind;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::{files, stop};

pub(super) fn run(proxy: Kind) -> Result<()> {
    fs::create_dir_all(files::folder())?;
    let log = File::create(files::log()).context("creating the demo's log")?;
    let mut child = Command::new(std::env::current_exe()?)
        .args(["demo", "--supervise"])
        .args((proxy == Kind::Standalone).then_some("--standalone"))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("starting the background process")?;
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let mut log = File::open(files::log())?;
    loop {
        // In this order: what was printed before it became ready, or ended, is shown.
        let (ready, ended) = (files::env().exists(), child.try_wait()?);
        show(&mut log)?;
        if let Some(status) = ended {
            bail!("the demo ended ({status})");
        }
        if ready {
            return Ok(());
        }
        if signals.pending().next().is_some() {
            return stop::run(stop::Say::Always);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn show(log: &mut File) -> Result<()> {
    let mut text = Vec::new();
    log.read_to_end(&mut text)?;
    let mut stdout = std::io::stdout();
    stdout.write_all(&text)?;
    Ok(stdout.flush()?)
}
