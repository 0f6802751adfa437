//! What the target gets.

use gatewright_core::bundle::http::IdentitySource;

use super::{Env, Exchange, Io, Stage};
use crate::head::Change;
use crate::reply::Refusal;

impl Exchange {
    /// Lets the request go on: without what is the agent's own, with the target's credential.
    pub(super) fn forward(&mut self, env: Env<'_>, io: &mut Io) -> Result<Stage, Refusal> {
        let Some(serving) = &self.serving else { return Ok(Stage::Refused) };
        let (head, api) = (&self.asked.head, &serving.plane.api);
        let mut set = |name: &str, value: &[u8]| {
            if head.first(name) != Some(value) || head.all(name).count() != 1 {
                io.changes.push(Change::Set(name.to_owned(), value.to_vec()));
            }
        };
        if let Some(target) = &self.asked.target {
            set(":path", target.canonical().as_bytes());
        }
        if head.has("x-forwarded-for") {
            set("x-forwarded-for", self.peer.ip().as_bytes());
        }
        if let Some(authority) = &api.authority {
            set(":authority", authority.as_bytes());
        }
        let mut remove = |name: &str| {
            if head.has(name) {
                io.changes.push(Change::Remove(name.to_owned()));
            }
        };
        let upgrade = self.asked.upgrade;
        for name in &self.asked.dropped {
            match name.as_str() {
                // Policy permitted it.
                "upgrade" | "connection" if upgrade => {}
                // Set by the proxy, whatever the agent said.
                "x-forwarded-proto" | "x-forwarded-for" => {}
                name => remove(name),
            }
        }
        // What comes compressed could not be masked as it passes.
        remove("accept-encoding");
        let masking = serving.agent.masking(&serving.plane, self.peer.ip(), env.now);
        if masking.anything && serving.plane.enforcement.masks() {
            // A part of an answer cannot be read.
            remove("range");
            remove("if-range");
            // The tags are not shown, so what is left of them is a way to guess what they are made of.
            if matches!(self.asked.method.as_str(), "GET" | "HEAD") {
                remove("if-match");
                remove("if-none-match");
            }
        }
        for source in &api.identity {
            if let IdentitySource::Cookie { name } = source
                && let Some(change) = without_cookie(head, name)
            {
                io.changes.push(change);
            }
        }
        if !api.credential_headers.is_empty() {
            // INVARIANT: a stage before this one waited for it.
            let credential = serving
                .credential
                .as_ref()
                .ok_or_else(|| Refusal::new(503, "the target's credential is not there").retry_after(1))?;
            for (name, value) in &credential.headers {
                io.changes.push(Change::Set(name.clone(), value.clone().into_bytes()));
            }
        }
        self.answer.masking = Some(masking);
        self.asked.body = Vec::new();
        Ok(Stage::Passed)
    }
}

/// The `cookie` header without one cookie.
fn without_cookie(head: &crate::head::Head, name: &str) -> Option<Change> {
    let lines: Vec<String> =
        head.all("cookie").map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    let pairs =
        || lines.iter().flat_map(|line| line.split(';')).map(str::trim).filter(|pair| !pair.is_empty());
    let is_it = |pair: &&str| pair.split_once('=').map_or(*pair, |(known, _)| known).trim() == name;
    if !pairs().any(|pair| is_it(&pair)) {
        return None;
    }
    let kept: Vec<&str> = pairs().filter(|pair| !is_it(pair)).collect();
    Some(match kept.as_slice() {
        [] => Change::Remove("cookie".to_owned()),
        kept => Change::Set("cookie".to_owned(), kept.join("; ").into_bytes()),
    })
}
