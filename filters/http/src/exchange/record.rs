//! What is recorded of a request and its answer.

use gatewright_core::access::Access;
use gatewright_core::event::Kind;
use gatewright_core::time::Millis;

use super::{Env, Exchange, Io, SWITCHING, Stage};
use crate::reply::Refusal;

/// Longest request target, and longest body of a request, that is recorded whole, in bytes.
pub(super) const MOST_BODY: usize = 64 << 10;
/// The same of the path of a request of nobody in particular.
const MOST_OF_STRANGER: usize = 200;
/// The same of all that is said of it.
const MOST_ABOUT_STRANGER: usize = 1_000;

/// Bytes as text, cut off where it is too long.
pub(super) fn shown(bytes: &[u8], most: usize) -> String {
    let cut = bytes.get(..most.min(bytes.len())).unwrap_or_default();
    let mut text = String::from_utf8_lossy(cut).into_owned();
    if bytes.len() > most {
        text.push_str(&format!("… ({} bytes)", bytes.len()));
    }
    text
}

impl Exchange {
    /// Records what was decided of the request. `stands`: it is refused in shadow mode too.
    pub(super) fn record_decision(
        &mut self,
        decision: &str,
        stands: bool,
        policies: &[String],
        reason: &str,
        now: Millis,
        io: &mut Io,
    ) {
        let body = &self.asked.body;
        let parameters = if body.is_empty() { Vec::new() } else { vec![Some(shown(body, MOST_BODY))] };
        let text = self.line();
        let Some(serving) = &self.serving else { return };
        let (decision, would) = serving.plane.enforcement.recorded(decision, stands);
        let endpoint = || self.judged.as_ref().and_then(|judged| judged.endpoint.clone());
        let shape = would.as_ref().and_then(|_| self.spoken_line().or_else(endpoint));
        let mut visit = serving.visit.borrow_mut();
        io.access = Some(Access::new(visit.id(), &serving.agent.identity.subject, decision.clone()));
        let kind = Kind::Statement {
            statement: serving.statement,
            text,
            parameters,
            decision,
            would,
            policies: policies.to_vec(),
            reason: reason.to_owned(),
            shape,
            explanation: None,
            explained_by: None,
            trace: self.trace().map(|trace| trace.trace_id().to_owned()),
        };
        visit.record(now, &kind, &mut io.events);
        self.answer.recorded_at = visit.recorded();
        self.answer.stated = true;
    }

    /// `POST /orders`.
    pub(super) fn line(&self) -> String {
        let target = self.asked.target.as_ref().map(crate::path::Target::canonical);
        let target =
            target.unwrap_or_else(|| shown(self.asked.head.first(":path").unwrap_or_default(), 2_000));
        match self.spoken_line() {
            Some(line) => format!("{} {target} {line}", self.asked.method),
            None => format!("{} {target}", self.asked.method),
        }
    }

    /// Records a refusal, as the agent gets it.
    pub(super) fn record_refusal(&mut self, refusal: &Refusal, now: Millis, io: &mut Io) {
        if self.serving.is_some() && !self.answer.stated {
            let policies: Vec<String> = refusal.said.policy.iter().cloned().collect();
            self.record_decision("deny", true, &policies, &refusal.said.reason, now, io);
        }
        let code = refusal.status.to_string();
        self.record_error(&code, &refusal.said.text(), now, io);
        self.answer.over = true;
    }

    pub(super) fn record_error(&mut self, code: &str, message: &str, now: Millis, io: &mut Io) {
        let Some(serving) = &self.serving else { return };
        let kind =
            Kind::Error { statement: serving.statement, code: code.to_owned(), message: message.to_owned() };
        serving.visit.borrow_mut().record(now, &kind, &mut io.events);
    }

    /// Records a request that was refused before anybody was known who could be answerable for it. The query is left
    /// out: it is where tokens stand that belong elsewhere.
    pub(super) fn record_stranger(&mut self, refusal: &Refusal, env: Env<'_>, io: &mut Io) {
        let Some(plane) = env.plane else { return };
        let path = self.asked.head.first(":path").unwrap_or_default();
        let path = path.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or_default();
        let who = self.stranger.as_ref().map(|who| format!(" by {who}")).unwrap_or_default();
        let reason = format!(
            "{} {}{who}: {} {}",
            shown(self.asked.method.as_bytes(), MOST_OF_STRANGER),
            shown(path, MOST_OF_STRANGER),
            refusal.status,
            refusal.said.reason
        );
        let kind = Kind::Refused {
            resource: plane.name.clone(),
            source: self.peer.source.clone(),
            reason: shown(reason.as_bytes(), MOST_ABOUT_STRANGER),
        };
        env.visits.strangers(&plane.name, env.now, &kind, &mut io.events);
        let session = io.events.session.as_deref().unwrap_or_default();
        io.access = Some(Access::new(session, "", "deny".to_owned()));
    }

    /// Records that the request or its answer ended before its time, unless it is over already.
    pub(super) fn record_broken(&mut self, now: Millis, io: &mut Io) {
        if self.serving.is_some() && !self.answer.stated && !self.answer.over {
            let reason = "the agent went away before the request was whole";
            self.record_decision("deny", true, &[], reason, now, io);
            self.answer.over = true;
        }
        if self.answer.status != 0 && self.answer.status != SWITCHING && self.answer.cut.is_none() {
            self.answer.cut = Some("it broke off");
        }
        self.record_end(now, io);
    }

    /// Records what came back, once.
    pub(super) fn record_end(&mut self, now: Millis, io: &mut Io) {
        if !self.answer.stated || std::mem::replace(&mut self.answer.over, true) {
            return;
        }
        let Some(serving) = &self.serving else { return };
        let passed = matches!(self.stage, Stage::Passed);
        let kind = if self.answer.status == 0 {
            let message = if passed { "the target gave no answer" } else { "the agent went away" };
            Kind::Error { statement: serving.statement, code: String::new(), message: message.to_owned() }
        } else {
            let (columns, rows) = if self.answer.sample.is_empty() {
                (Vec::new(), Vec::new())
            } else {
                let text = String::from_utf8_lossy(&self.answer.sample).into_owned();
                (vec!["body".to_owned()], vec![vec![Some(text)]])
            };
            let tag = match self.answer.cut {
                Some(why) => format!("{}, cut off: {why}", self.answer.status),
                None => self.answer.status.to_string(),
            };
            Kind::Result {
                statement: serving.statement,
                tag,
                columns,
                row_count: rows.len() as u64,
                rows,
                masked: self.answer.masked(),
                unmasked: self.answer.unmasked,
                would_hide: self.answer.would_hide.iter().cloned().collect(),
                would_withhold: self.answer.would_withhold.clone(),
                elapsed_ms: now.saturating_sub(serving.since),
            }
        };
        serving.visit.borrow_mut().record(now, &kind, &mut io.events);
    }
}
