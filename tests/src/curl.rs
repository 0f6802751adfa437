//! curl, for what other clients would not send.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::run;
use crate::scratch::Scratch;

/// What curl got.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Status of the last answer; 0 where there was none.
    pub status: u16,
    /// Heads of all answers, interim ones too, and trailers, as they came.
    pub head: String,
    /// Body, as far as it came.
    pub body: String,
    /// Whether curl says that all of it came.
    pub whole: bool,
    /// What curl says otherwise.
    pub error: String,
}

impl Fetched {
    /// The first header of a name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// Fetches a URL, the path exactly as it is, with more arguments of curl.
pub fn curl(url: &str, arguments: &[&str]) -> Result<Fetched> {
    let scratch = Scratch::new("curl")?;
    let (head, body) = (scratch.join("head"), scratch.join("body"));
    let mut command = Command::new("curl");
    command.args([
        "--silent",
        "--show-error",
        "--noproxy",
        "*",
        "--max-time",
        "30",
        "--path-as-is",
        "--globoff",
    ]);
    command.arg("--dump-header").arg(&head).arg("--output").arg(&body);
    let output = run(command.args(["--write-out", "%{http_code}"]).args(arguments).arg(url))?;
    let text = |path| String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
    ensure!(!output.stdout.is_empty(), "curl did not even start: {output:?}");
    Ok(Fetched {
        status: output.stdout.trim().parse()?,
        head: text(&head),
        body: text(&body),
        whole: output.success,
        error: output.stderr,
    })
}
