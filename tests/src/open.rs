//! A Python client that stays connected while the test does something else.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::client::Login;
use crate::tools;

/// A running script. It ends with this.
#[derive(Debug)]
pub struct Open {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Open {
    /// Starts a script (its text), as [`Login::python`] does. What it prints is to be read.
    pub fn start(login: &Login, script: &str) -> Result<Self> {
        let mut python = login.program(tools::python());
        let mut child =
            python.args(["-u", "-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().context("its output")?);
        Ok(Self { child, input, output })
    }

    /// Its next line, without the end of line; an error where there is none.
    pub fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        ensure!(self.output.read_line(&mut line)? > 0, "the client ended");
        Ok(line.trim_end().to_owned())
    }

    /// Gives it an empty line, for which it may wait.
    pub fn go_on(&mut self) -> Result<()> {
        Ok(self.input.as_mut().context("its input")?.write_all(b"\n")?)
    }

    /// Ends its input, for which it may wait, and gives what else it prints until its own end.
    pub fn finish(mut self) -> Result<String> {
        self.input = None;
        let mut rest = String::new();
        self.output.read_to_string(&mut rest)?;
        self.child.wait()?;
        Ok(rest)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
