//! The client's commands: which there are, and those of the simple protocol.

use std::rc::Rc;

use gatewright_core::event::Kind;
use gatewright_core::trace::TraceContext;

use super::hold::Given;
use super::judge::Judgement;
use super::open::{Open, Parked, expired};
use super::phases::Next;
use super::record;
use super::replies::Reply;
use super::{Env, Io, Link};
use crate::Refusal;
use crate::plane::Analysis;
use crate::refusal::code;
use crate::wire::Frame;
use crate::wire::frontend;

impl Open {
    pub(crate) fn command(&mut self, frame: &Frame<'_>, link: &mut Link, env: Env<'_>, io: &mut Io) -> Next {
        if env.now >= self.judge.identity.expires_at {
            return Next::Die(expired());
        }
        if self.replies.len() > self.plane.limits.max_pipeline as usize {
            return Next::Die(Refusal::new(code::TOO_LARGE, "too many commands in the pipeline"));
        }
        if self.skipping && !matches!(frame.tag, b'S' | b'X') {
            // The server would ignore it, and so does the gate.
            return Next::Stay;
        }
        match frame.tag {
            b'Q' => self.announce(io),
            // Between them and their Sync a Query cannot stand.
            b'P' | b'B' | b'D' | b'C' | b'E' if !self.extended => self.announce(io),
            _ => {}
        }
        let taken = match frame.tag {
            b'Q' => self.query(frame, link, env, io),
            b'P' => self.parse(frame, link, env, io),
            b'B' => self.bind(frame, link, env, io),
            b'D' => self.describe(frame, link, env, io),
            b'E' => self.execute(frame, link, env, io),
            b'C' => self.close(frame, link, env, io),
            b'S' => {
                self.sync(frame, io);
                Some(())
            }
            b'H' => {
                io.to_server.extend_from_slice(frame.raw);
                Some(())
            }
            b'c' | b'f' => {
                io.to_server.extend_from_slice(frame.raw);
                self.copying_in = false;
                self.replies.push(Reply::CopyEnd);
                Some(())
            }
            b'F' => {
                let refusal = Refusal::new(code::DENIED, "FunctionCall does not pass the gate")
                    .hint("call the function by SELECT");
                self.refuse_query(refusal, None, link, env, io);
                Some(())
            }
            b'X' => {
                io.to_server.extend_from_slice(frame.raw);
                Some(())
            }
            _ => None,
        };
        match taken {
            Some(()) => Next::Stay,
            None => {
                let tag = char::from(frame.tag).escape_default().to_string();
                Next::Die(Refusal::new(
                    code::PROTOCOL,
                    format!("the message of type `{tag}` is malformed or unknown"),
                ))
            }
        }
    }

    fn query(&mut self, frame: &Frame<'_>, link: &mut Link, env: Env<'_>, io: &mut Io) -> Option<()> {
        let text = frontend::one_string(frame.body)?;
        let Ok(text) = std::str::from_utf8(text) else {
            self.refuse_query(not_utf8(), None, link, env, io);
            return Some(());
        };
        let analysis = self.plane.analyse(text);
        let judgement = self.judge_now(&analysis, env);
        let mut running = self.running(env);
        let recorded = self.record_statement(running.number, &judgement, text, &[], link, env, io);
        if let Some(refusal) = judgement.refusal() {
            let parked = Parked { bytes: Vec::new(), reply: Reply::Query(running) };
            self.send(parked.refused(refusal.clone()), recorded, link, io);
            return Some(());
        }
        running.analysis = Some(Rc::clone(&analysis));
        running.judgement = Some(Rc::clone(&judgement));
        let parked = Parked { bytes: frame.raw.to_vec(), reply: Reply::Query(running) };
        match judgement.rule() {
            Some(rule) => {
                let given = Given { text, parameters: &[], bytes: [&[], &[]] };
                self.hold(parked, rule, given, link, env, io);
            }
            None => self.send(parked, recorded, link, io),
        }
        Some(())
    }

    fn sync(&mut self, frame: &Frame<'_>, io: &mut Io) {
        io.to_server.extend_from_slice(frame.raw);
        self.skipping = false;
        self.segment = self.segment.saturating_add(1);
        self.extended = false;
        if !self.copying_in {
            self.replies.push(Reply::Sync);
        }
    }

    pub(crate) fn judge_now(&mut self, analysis: &Rc<Analysis>, env: Env<'_>) -> Rc<Judgement> {
        self.judge.judge(analysis, self.in_transaction(), &self.plane, env.now)
    }

    #[expect(clippy::too_many_arguments, reason = "one place records, and an event has that many parts")]
    pub(crate) fn record_statement(
        &mut self,
        statement: u64,
        judgement: &Judgement,
        text: &str,
        parameters: &[Option<String>],
        link: &mut Link,
        env: Env<'_>,
        io: &mut Io,
    ) -> u64 {
        let (explanation, explained_by) = self.explained.once(&judgement.explanation, statement);
        let (decision, would) = judgement.recorded();
        let trace = TraceContext::of_statement(text);
        let kind = Kind::Statement {
            statement,
            explanation,
            explained_by,
            text: record::shortened(text, record::MOST_TEXT),
            parameters: record::parameters(parameters),
            decision,
            would,
            policies: judgement.policies.clone(),
            reason: judgement.reason.clone(),
            shape: None,
            trace: trace.as_ref().map(|trace| trace.trace_id().to_owned()),
        };
        io.trace = io.trace.take().or(trace);
        link.record(env.now, kind, io)
    }

    /// A Query that is not even looked at.
    pub(crate) fn refuse_query(
        &mut self,
        refusal: Refusal,
        text: Option<&str>,
        link: &mut Link,
        env: Env<'_>,
        io: &mut Io,
    ) {
        let running = self.running(env);
        let recorded = self.record_refusal(running.number, &refusal, text, link, env, io);
        let parked = Parked { bytes: Vec::new(), reply: Reply::Query(running) };
        self.send(parked.refused(refusal), recorded, link, io);
    }

    pub(crate) fn record_refusal(
        &self,
        statement: u64,
        refusal: &Refusal,
        text: Option<&str>,
        link: &mut Link,
        env: Env<'_>,
        io: &mut Io,
    ) -> u64 {
        let (decision, would) = self.plane.enforcement.recorded("deny", true);
        let kind = Kind::Statement {
            statement,
            text: text
                .map_or_else(|| "(not read)".to_owned(), |text| record::shortened(text, record::MOST_TEXT)),
            parameters: Vec::new(),
            decision,
            would,
            policies: Vec::new(),
            reason: refusal.message.clone(),
            shape: None,
            explanation: None,
            explained_by: None,
            trace: None,
        };
        link.record(env.now, kind, io)
    }
}

pub(crate) fn not_utf8() -> Refusal {
    Refusal::new(code::DENIED, "the statement is not valid UTF-8, so the gate cannot tell what it does")
        .hint("use client_encoding UTF8")
}
