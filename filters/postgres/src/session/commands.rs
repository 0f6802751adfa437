//! The client's commands.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gatewright_core::event::Kind;

use super::judge::{Judgement, Outcome};
use super::open::{Open, Parked, expired};
use super::phases::Next;
use super::prepared::{Portal, Prepared, Understood, readable};
use super::replies::{Reply, Running};
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
        let taken = match frame.tag {
            b'Q' => self.query(frame, link, env, io),
            b'P' => self.parse(frame, link, env, io),
            b'B' => self.bind(frame, link, env, io),
            b'D' => self.describe(frame, io),
            b'E' => self.execute(frame, link, env, io),
            b'C' => self.close(frame, io),
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
        let recorded = self.record_statement(&running, &judgement, text, &[], link, env, io);
        match &judgement.outcome {
            Outcome::Deny(refusal) => {
                let parked = Parked { bytes: Vec::new(), reply: Reply::Query(running) };
                self.send(parked.refused(refusal.clone()), 0, io);
            }
            Outcome::Allow | Outcome::Hold(_) => {
                running.analysis = Some(Rc::clone(&analysis));
                running.judgement = Some(Rc::clone(&judgement));
                let parked = Parked { bytes: frame.raw.to_vec(), reply: Reply::Query(running) };
                match &judgement.outcome {
                    Outcome::Hold(rule) => self.hold(parked, rule, &analysis, (&[], &[]), link, env, io),
                    _ => self.send(parked, recorded, io),
                }
            }
        }
        Some(())
    }

    fn parse(&mut self, frame: &Frame<'_>, link: &mut Link, env: Env<'_>, io: &mut Io) -> Option<()> {
        let parse = frontend::parse(frame.body)?;
        let Ok(text) = std::str::from_utf8(parse.text) else {
            self.refuse_parse(parse.name, not_utf8(), link, env, io);
            return Some(());
        };
        if self.statements.is_full(self.plane.limits.max_prepared) {
            let refusal = Refusal::new(code::TOO_LARGE, "too many prepared statements in this session")
                .hint("close some");
            self.refuse_parse(parse.name, refusal, link, env, io);
            return Some(());
        }
        let analysis = self.plane.analyse(text);
        let judgement = self.judge_now(&analysis, env);
        if let Outcome::Deny(refusal) = &judgement.outcome {
            let running = self.running(env);
            self.record_statement(&running, &judgement, text, &[], link, env, io);
            self.poison_parse(parse.name, refusal.clone(), io);
            return Some(());
        }
        let understood = Understood { analysis, digest: self.plane.digest.clone(), columns: None };
        let prepared = Rc::new(Prepared { name: parse.name.to_vec(), understood: RefCell::new(understood) });
        let seq = self.next_seq();
        self.statements.define(seq, parse.name, Rc::clone(&prepared), frame.raw.len());
        io.to_server.extend_from_slice(frame.raw);
        self.replies.push(Reply::Parse { seq, poison: None });
        if !judgement.origin.is_clean() {
            self.describe_ourselves(prepared, io);
        }
        Some(())
    }

    /// A prepared statement outlives the bundle by which it was understood. What the server said of its columns
    /// is asked again too, since a change of tables may have brought the new bundle.
    fn understand_anew(&mut self, prepared: &Rc<Prepared>, env: Env<'_>, io: &mut Io) {
        if prepared.understood.borrow().digest == self.plane.digest {
            return;
        }
        let text = prepared.analysis().text.clone();
        let analysis = self.plane.analyse(&text);
        let clean = self.judge_now(&analysis, env).origin.is_clean();
        let digest = self.plane.digest.clone();
        *prepared.understood.borrow_mut() = Understood { analysis, digest, columns: None };
        if !clean {
            self.describe_ourselves(Rc::clone(prepared), io);
        }
    }

    /// Masks need the columns' origin, whether the client asks for it or not.
    fn describe_ourselves(&mut self, prepared: Rc<Prepared>, io: &mut Io) {
        frontend::describe_statement(&prepared.name, &mut io.to_server);
        self.replies.push(Reply::Describe { prepared: Some(prepared), injected: true });
    }

    fn bind(&mut self, frame: &Frame<'_>, link: &mut Link, env: Env<'_>, io: &mut Io) -> Option<()> {
        let bind = frontend::bind(frame.body)?;
        let Some(prepared) = self.statements.lookup(bind.statement) else {
            let name = String::from_utf8_lossy(bind.statement).into_owned();
            let refusal = Refusal::new(code::NO_STATEMENT, format!("prepared statement \"{name}\" does not exist"))
                .detail("It was never prepared in this session, its Parse failed, or SQL has touched prepared statements since.");
            self.refuse_bind(refusal, link, env, io);
            return Some(());
        };
        if self.portals.is_full(self.plane.limits.max_prepared) {
            let refusal =
                Refusal::new(code::TOO_LARGE, "too many open portals in this session").hint("close some");
            self.refuse_bind(refusal, link, env, io);
            return Some(());
        }
        self.understand_anew(&prepared, env, io);
        let hushed = !self.judge_now(&prepared.analysis(), env).origin.is_clean();
        let portal = Portal {
            prepared,
            parameters: bind.parameters.iter().map(|(format, value)| readable(*format, *value)).collect(),
            parameter_bytes: bind.parameter_bytes.to_vec(),
            formats: bind.formats,
            approved: Cell::new(false),
        };
        let seq = self.next_seq();
        self.portals.define(seq, bind.portal, Rc::new(portal), frame.raw.len().saturating_mul(2));
        io.to_server.extend_from_slice(frame.raw);
        self.replies.push(Reply::Bind { seq, poison: None, hushed });
        Some(())
    }

    fn describe(&mut self, frame: &Frame<'_>, io: &mut Io) -> Option<()> {
        let (kind, name) = frontend::kind_and_name(frame.body)?;
        let prepared = match kind {
            b'S' => self.statements.lookup(name),
            _ => self.portals.lookup(name).map(|portal| Rc::clone(&portal.prepared)),
        };
        io.to_server.extend_from_slice(frame.raw);
        self.replies.push(Reply::Describe { prepared, injected: false });
        Some(())
    }

    fn execute(&mut self, frame: &Frame<'_>, link: &mut Link, env: Env<'_>, io: &mut Io) -> Option<()> {
        let name = frontend::execute(frame.body)?;
        let mut running = self.running(env);
        let Some(portal) = self.portals.lookup(name) else {
            let name = String::from_utf8_lossy(name).into_owned();
            running.poison = Some(
                Refusal::new(code::NO_PORTAL, format!("portal \"{name}\" does not exist"))
                    .hint("cursors that SQL declared are read by FETCH"),
            );
            frontend::poison_execute(&mut io.to_server);
            self.replies.push(Reply::Execute(running));
            self.skipping = true;
            return Some(());
        };
        self.understand_anew(&portal.prepared, env, io);
        let analysis = portal.prepared.analysis();
        let judgement = self.judge_now(&analysis, env);
        let recorded =
            self.record_statement(&running, &judgement, &analysis.text, &portal.parameters, link, env, io);
        if let Outcome::Deny(refusal) = &judgement.outcome {
            let parked = Parked { bytes: Vec::new(), reply: Reply::Execute(running) };
            self.send(parked.refused(refusal.clone()), 0, io);
            return Some(());
        }
        running.analysis = Some(Rc::clone(&analysis));
        running.judgement = Some(Rc::clone(&judgement));
        running.portal = Some(Rc::clone(&portal));
        let parked = Parked { bytes: frame.raw.to_vec(), reply: Reply::Execute(running) };
        match &judgement.outcome {
            Outcome::Hold(rule) if !portal.approved.get() => {
                let parameters = (portal.parameters.as_slice(), portal.parameter_bytes.as_slice());
                self.hold(parked, rule, &analysis, parameters, link, env, io);
            }
            _ => self.send(parked, recorded, io),
        }
        Some(())
    }

    fn close(&mut self, frame: &Frame<'_>, io: &mut Io) -> Option<()> {
        let (kind, name) = frontend::kind_and_name(frame.body)?;
        io.to_server.extend_from_slice(frame.raw);
        self.replies.push(Reply::Close { kind, name: name.to_vec() });
        Some(())
    }

    fn sync(&mut self, frame: &Frame<'_>, io: &mut Io) {
        io.to_server.extend_from_slice(frame.raw);
        self.skipping = false;
        if !self.copying_in {
            self.replies.push(Reply::Sync);
        }
    }

    fn judge_now(&mut self, analysis: &Rc<Analysis>, env: Env<'_>) -> Rc<Judgement> {
        self.judge.judge(analysis, self.in_transaction(), &self.plane, env.now)
    }

    #[expect(clippy::too_many_arguments, reason = "one place records, and an event has that many parts")]
    fn record_statement(
        &self,
        running: &Running,
        judgement: &Judgement,
        text: &str,
        parameters: &[Option<String>],
        link: &mut Link,
        env: Env<'_>,
        io: &mut Io,
    ) -> u64 {
        let kind = Kind::Statement {
            statement: running.number,
            text: text.to_owned(),
            parameters: parameters.to_vec(),
            decision: judgement.word().to_owned(),
            policies: judgement.policies.clone(),
            reason: judgement.reason.clone(),
        };
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
        let mut running = self.running(env);
        self.record_refusal(running.number, &refusal, text, link, env, io);
        running.poison = Some(refusal);
        frontend::poison_query(&mut io.to_server);
        self.replies.push(Reply::Query(running));
    }

    /// A Parse that is not even looked at.
    pub(crate) fn refuse_parse(
        &mut self,
        name: &[u8],
        refusal: Refusal,
        link: &mut Link,
        env: Env<'_>,
        io: &mut Io,
    ) {
        let number = self.running(env).number;
        self.record_refusal(number, &refusal, None, link, env, io);
        self.poison_parse(name, refusal, io);
    }

    fn poison_parse(&mut self, name: &[u8], refusal: Refusal, io: &mut Io) {
        frontend::poison_parse(name, &mut io.to_server);
        let seq = self.next_seq();
        self.replies.push(Reply::Parse { seq, poison: Some(Box::new(refusal)) });
        self.skipping = true;
    }

    /// A Bind that is not even looked at.
    pub(crate) fn refuse_bind(&mut self, refusal: Refusal, link: &mut Link, env: Env<'_>, io: &mut Io) {
        let number = self.running(env).number;
        self.record_refusal(number, &refusal, None, link, env, io);
        frontend::poison_bind(&mut io.to_server);
        let seq = self.next_seq();
        self.replies.push(Reply::Bind { seq, poison: Some(Box::new(refusal)), hushed: false });
        self.skipping = true;
    }

    fn record_refusal(
        &self,
        statement: u64,
        refusal: &Refusal,
        text: Option<&str>,
        link: &mut Link,
        env: Env<'_>,
        io: &mut Io,
    ) {
        let kind = Kind::Statement {
            statement,
            text: text.unwrap_or("(not read)").to_owned(),
            parameters: Vec::new(),
            decision: "deny".to_owned(),
            policies: Vec::new(),
            reason: refusal.message.clone(),
        };
        link.record(env.now, kind, io);
    }
}

fn not_utf8() -> Refusal {
    Refusal::new(code::DENIED, "the statement is not valid UTF-8, so the gate cannot tell what it does")
        .hint("use client_encoding UTF8")
}
