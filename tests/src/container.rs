//! Envoy in a container, by Docker's command line. (The `testcontainers` crate does the same by Docker's API, and brings
//! a client of it that is larger than all of this harness.)
//!
//! The container has the machine's own network, so that it listens and connects on loopback as a process would, and the
//! folders that its configuration names, at the same paths.

use std::env;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use anyhow::{Context, Result, anyhow, ensure};
use rustix::process::{Signal, getgid, getuid};

use crate::process::command;
use crate::scratch::Scratch;
use crate::{run, tools, wait};

/// Says of a container which program it is of.
const LABEL: &str = "gatewright-test";

/// A container, which is gone when this is dropped.
#[derive(Debug)]
pub struct Container {
    name: String,
}

/// The image: `$GATEWRIGHT_ENVOY_IMAGE`, or Envoy's own of the version that everything is tested with.
pub fn image() -> String {
    let own = || format!("envoyproxy/envoy:v{}", tools::ENVOY_VERSION);
    env::var("GATEWRIGHT_ENVOY_IMAGE").ok().filter(|image| !image.is_empty()).unwrap_or_else(own)
}

/// Whether a Docker engine answers; why not, otherwise.
pub fn engine() -> Result<()> {
    let said = run(Command::new("docker").args(["info", "--format", "{{.ServerVersion}}"]))
        .context("Docker's command line is not installed")?;
    ensure!(said.success, "no Docker engine answers: {}", said.stderr.trim());
    Ok(())
}

impl Container {
    /// A command that runs Envoy in a new container until it ends, with that folder to read. What else the bootstrap
    /// names is in the folder of filters or where all temporary folders are.
    pub fn command(scratch: &Scratch) -> Result<(Self, Command)> {
        static READY: LazyLock<Result<()>> = LazyLock::new(|| engine().map(|()| sweep()));
        READY.as_ref().map_err(|why| anyhow!("{why:#}"))?;
        let temporary = scratch.path().parent().context("a temporary folder is in one")?;
        // Named after the folder, whose name no other program of this machine has.
        let name = scratch.path().file_name().context("a temporary folder has a name")?;
        let name = name.to_string_lossy().into_owned();
        let mount = |folder: &Path| format!("{0}:{0}:ro", folder.display());
        let mut docker = command("docker", Signal::TERM);
        docker
            .args([
                "run",
                "--rm",
                "--network",
                "host",
                "--name",
                &name,
                "--entrypoint",
                "/usr/local/bin/envoy",
            ])
            // The first process of a container ignores what it has not asked for: an Envoy that still starts would not end.
            .args(["--init", "--label", &format!("{LABEL}={}", std::process::id())])
            // Temporary folders are for this account alone.
            .args(["--user", &format!("{}:{}", getuid().as_raw(), getgid().as_raw())])
            .args(["--volume", &mount(temporary), "--volume", &mount(&tools::filters())])
            .arg(image());
        Ok((Self { name }, docker))
    }

    /// Process id of what runs in it, as this machine sees it.
    pub fn id(&self) -> Result<u32> {
        let what = format!("the container {}", self.name);
        wait::until(&what, std::time::Duration::from_secs(60), || {
            let said =
                run(Command::new("docker").args(["inspect", "--format", "{{.State.Pid}}", &self.name]))?;
            Ok(said.stdout.trim().parse().ok().filter(|id| said.success && *id != 0))
        })
    }
}

/// Removes the containers of programs that were killed before they could.
fn sweep() {
    let (label, format) = (format!("label={LABEL}"), format!("{{{{.ID}}}} {{{{.Label \"{LABEL}\"}}}}"));
    let Ok(listed) =
        run(Command::new("docker").args(["ps", "--all", "--filter", &label, "--format", &format]))
    else {
        return;
    };
    for (id, program) in listed.stdout.lines().filter_map(|line| line.split_once(' ')) {
        if !Path::new("/proc").join(program).exists() {
            let _ = run(Command::new("docker").args(["rm", "--force", id]));
        }
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // Where its command was killed, it runs on.
        let _ = run(Command::new("docker").args(["rm", "--force", &self.name]));
    }
}
