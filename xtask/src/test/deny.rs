//! `cargo deny`: licences, bans and sources always, advisories where their database can be reached.

use std::process::Stdio;
use std::time::Duration;

use anyhow::Result;

use super::Outcome;
use crate::command::{cargo, on_path, run, succeeds_within};
use crate::report::warn;

/// On a closed network the fetch may wait without end.
const FETCH: Duration = Duration::from_secs(60);

pub(super) fn check() -> Result<Outcome> {
    if on_path("cargo-deny").is_none() {
        let why = "cargo-deny is not installed: run `cargo install --locked cargo-deny`";
        warn(format!("licences, bans, sources and advisories are NOT checked: {why}"));
        return Ok(Outcome::Incomplete(why.to_owned()));
    }
    run(deny().args(["licenses", "bans", "sources"]))?;
    if !succeeds_within(
        cargo().args(["deny", "fetch", "db"]).stdout(Stdio::null()).stderr(Stdio::null()),
        FETCH,
    ) {
        return Ok(Outcome::Incomplete("the advisory database cannot be reached from here".to_owned()));
    }
    run(deny().args(["--disable-fetch", "advisories"]))?;
    Ok(Outcome::Passed)
}

fn deny() -> std::process::Command {
    let mut command = cargo();
    command.args(["deny", "--log-level", "error", "check"]);
    command
}
