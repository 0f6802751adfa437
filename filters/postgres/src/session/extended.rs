//! The client's commands of the extended protocol: Parse, Bind, Describe, Execute, Close.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gatewright_sql::Handle;

use super::commands::not_utf8;
use super::names::{MAX_NAME, Meaning};
use super::open::{Open, Parked};
use super::prepared::{Portal, Prepared, Understood, readable};
use super::replies::Reply;
use super::{Env, Io, Link};
use crate::Refusal;
use crate::refusal::code;
use crate::wire::{Frame, frontend};

impl Open {
    /// Whether what the command means depends on a reply that has not come.
    pub(crate) fn is_too_early(&self, frame: &Frame<'_>) -> bool {
        let statement = |name| matches!(self.statements.lookup(name, self.segment), Meaning::NotYetKnown);
        let portal = |name| matches!(self.portals.lookup(name, self.segment), Meaning::NotYetKnown);
        match frame.tag {
            _ if self.skipping => false,
            b'B' => frontend::bind_statement(frame.body).is_some_and(statement),
            b'E' => frontend::execute(frame.body).is_some_and(portal),
            b'D' => matches!(frontend::kind_and_name(frame.body), Some((b'P', name)) if portal(name)),
            _ => false,
        }
    }

    pub(crate) fn parse(
        &mut self,
        frame: &Frame<'_>,
        link: &mut Link,
        env: Env<'_>,
        io: &mut Io,
    ) -> Option<()> {
        let parse = frontend::parse(frame.body)?;
        self.extended = true;
        let Ok(text) = std::str::from_utf8(parse.text) else {
            self.refuse_parse(not_utf8(), link, env, io);
            return Some(());
        };
        if parse.name.len() > MAX_NAME {
            self.refuse_parse(overlong(), link, env, io);
            return Some(());
        }
        if self.statements.is_full(self.plane.limits.max_prepared) {
            let refusal = Refusal::new(code::TOO_LARGE, "too many prepared statements in this session")
                .hint("close some");
            self.refuse_parse(refusal, link, env, io);
            return Some(());
        }
        let analysis = self.plane.analyse(text);
        let judgement = self.judge_now(&analysis, env);
        if let Some(refusal) = judgement.refusal() {
            let number = self.running(env).number;
            let recorded = self.record_statement(number, &judgement, text, &[], link, env, io);
            self.poison_parse(refusal.clone(), recorded, link, io);
            return Some(());
        }
        let named = !parse.name.is_empty();
        if named {
            // SQL's EXECUTE can run it as well.
            let handle = Handle::Statement(String::from_utf8_lossy(parse.name).into_owned());
            self.judge.defines_by_protocol(handle, &analysis, &judgement);
        }
        let understood = Understood { analysis, digest: self.plane.digest.clone() };
        let prepared = Rc::new(Prepared {
            text: text.into(),
            types: parse.types.into(),
            raw: if named { frame.raw.into() } else { Box::default() },
            understood: RefCell::new(understood),
            described: RefCell::new(None),
        });
        self.define(parse.name, &prepared, false);
        io.to_server.extend_from_slice(frame.raw);
        Some(())
    }

    fn define(&mut self, name: &[u8], prepared: &Rc<Prepared>, injected: bool) {
        let seq = self.next_seq();
        let weight = prepared.text.len().saturating_add(prepared.raw.len());
        self.statements.define(name, seq, self.segment, Rc::clone(prepared), weight);
        self.replies.push(Reply::Parse { name: name.to_vec(), seq, poison: None, injected });
    }

    /// A prepared statement outlives the bundle by which it was understood.
    fn understand_anew(&self, prepared: &Prepared) {
        if prepared.understood.borrow().digest == self.plane.digest {
            return;
        }
        let analysis = self.plane.analyse(&prepared.text);
        *prepared.understood.borrow_mut() = Understood { analysis, digest: self.plane.digest.clone() };
    }

    pub(crate) fn bind(
        &mut self,
        frame: &Frame<'_>,
        link: &mut Link,
        env: Env<'_>,
        io: &mut Io,
    ) -> Option<()> {
        let bind = frontend::bind(frame.body)?;
        self.extended = true;
        if bind.portal.len() > MAX_NAME || bind.statement.len() > MAX_NAME {
            self.refuse_bind(overlong(), link, env, io);
            return Some(());
        }
        let prepared = match self.statements.lookup(bind.statement, self.segment) {
            Meaning::Known(prepared) => prepared,
            Meaning::Doubtful(prepared) => {
                self.prepare_again(bind.statement, &prepared, io);
                prepared
            }
            Meaning::Nothing | Meaning::NotYetKnown => {
                let name = String::from_utf8_lossy(bind.statement).into_owned();
                let refusal = Refusal::new(code::NO_STATEMENT, format!("prepared statement \"{name}\" does not exist"))
                    .detail("It was never prepared in this session, its Parse failed, or SQL has redefined or dropped it since.");
                self.refuse_bind(refusal, link, env, io);
                return Some(());
            }
        };
        if self.portals.is_full(self.plane.limits.max_prepared) {
            let refusal =
                Refusal::new(code::TOO_LARGE, "too many open portals in this session").hint("close some");
            self.refuse_bind(refusal, link, env, io);
            return Some(());
        }
        self.understand_anew(&prepared);
        let analysis = prepared.analysis();
        let judgement = self.judge_now(&analysis, env);
        if !bind.portal.is_empty() {
            // SQL's FETCH can read it as well.
            let handle = Handle::Cursor(String::from_utf8_lossy(bind.portal).into_owned());
            self.judge.defines_by_protocol(handle, &analysis, &judgement);
        }
        let portal = Portal {
            prepared,
            parameters: bind.parameters.iter().map(|(format, value)| readable(*format, *value)).collect(),
            parameter_bytes: bind.parameter_bytes.to_vec(),
            formats: bind.formats.into(),
            described: Cell::new(false),
            era: Cell::new(0),
            columns: RefCell::new(None),
            approved: Cell::new(false),
        };
        let seq = self.next_seq();
        let weight = frame.raw.len().saturating_mul(2);
        self.portals.define(bind.portal, seq, self.segment, Rc::new(portal), weight);
        io.to_server.extend_from_slice(frame.raw);
        let hushed = !judgement.origin.is_clean();
        self.replies.push(Reply::Bind { name: bind.portal.to_vec(), seq, poison: None, hushed });
        Some(())
    }

    /// Code that the gate does not know ran since the statement was prepared, and may have given its name to another
    /// one: the same again, so that the name means what it meant.
    fn prepare_again(&mut self, name: &[u8], prepared: &Rc<Prepared>, io: &mut Io) {
        // An aborted transaction runs nothing but its own end, and would refuse this too.
        if self.status == b'E' {
            return;
        }
        prepared.described.take();
        frontend::close_statement(name, &mut io.to_server);
        self.replies.push(Reply::Close { kind: b'S', name: name.to_vec(), injected: true });
        io.to_server.extend_from_slice(&prepared.raw);
        self.define(name, prepared, true);
    }

    pub(crate) fn describe(
        &mut self,
        frame: &Frame<'_>,
        link: &mut Link,
        env: Env<'_>,
        io: &mut Io,
    ) -> Option<()> {
        let (kind, name) = frontend::kind_and_name(frame.body)?;
        self.extended = true;
        if name.len() > MAX_NAME {
            self.refuse_bind(overlong(), link, env, io);
            return Some(());
        }
        let portal = match (kind, self.portals.lookup(name, self.segment)) {
            (b'P', Meaning::Known(portal)) => Some(portal),
            _ => None,
        };
        if let Some(portal) = &portal {
            portal.described.set(true);
            portal.era.set(self.era);
        }
        io.to_server.extend_from_slice(frame.raw);
        self.replies.push(Reply::Describe { portal, injected: false });
        Some(())
    }

    pub(crate) fn execute(
        &mut self,
        frame: &Frame<'_>,
        link: &mut Link,
        env: Env<'_>,
        io: &mut Io,
    ) -> Option<()> {
        let name = frontend::execute(frame.body)?;
        self.extended = true;
        if self.is_nobodys() {
            let refusal =
                Refusal::new(code::DENIED, "nothing can run after RESET ALL or DISCARD ALL before a Sync")
                    .detail("The gate tells the database anew who you are after the Sync.");
            self.refuse_bind(refusal, link, env, io);
            return Some(());
        }
        let mut running = self.running(env);
        let known =
            if name.len() > MAX_NAME { Meaning::Nothing } else { self.portals.lookup(name, self.segment) };
        let Meaning::Known(portal) = known else {
            let name = String::from_utf8_lossy(name).into_owned();
            let refusal = Refusal::new(code::NO_PORTAL, format!("portal \"{name}\" does not exist"))
                .hint("cursors that SQL declared are read by FETCH");
            let recorded = self.record_refusal(running.number, &refusal, None, link, env, io);
            let parked = Parked { bytes: Vec::new(), reply: Reply::Execute(running) };
            self.send(parked.refused(refusal), recorded, link, io);
            return Some(());
        };
        self.understand_anew(&portal.prepared);
        let analysis = portal.prepared.analysis();
        let judgement = self.judge_now(&analysis, env);
        let text = &*portal.prepared.text;
        let recorded =
            self.record_statement(running.number, &judgement, text, &portal.parameters, link, env, io);
        if let Some(refusal) = judgement.refusal() {
            let parked = Parked { bytes: Vec::new(), reply: Reply::Execute(running) };
            self.send(parked.refused(refusal.clone()), recorded, link, io);
            return Some(());
        }
        if judgement.needs_columns() && !portal.described.replace(true) {
            // Masks need the columns' origin, whether the client asks for it or not.
            if let Some(columns) = portal.prepared.columns(&portal.formats, self.era, env.now) {
                portal.columns.replace(Some(columns));
            } else {
                portal.era.set(self.era);
                frontend::describe_portal(name, &mut io.to_server);
                self.replies.push(Reply::Describe { portal: Some(Rc::clone(&portal)), injected: true });
            }
        }
        running.analysis = Some(Rc::clone(&analysis));
        running.judgement = Some(Rc::clone(&judgement));
        running.portal = Some(Rc::clone(&portal));
        let parked = Parked { bytes: frame.raw.to_vec(), reply: Reply::Execute(running) };
        match judgement.rule() {
            Some(rule) if !portal.approved.get() => {
                let given = super::hold::Given {
                    text,
                    parameters: &portal.parameters,
                    bytes: [&portal.prepared.types, &portal.parameter_bytes],
                };
                self.hold(parked, rule, given, link, env, io);
            }
            _ => self.send(parked, recorded, link, io),
        }
        Some(())
    }

    pub(crate) fn close(
        &mut self,
        frame: &Frame<'_>,
        link: &mut Link,
        env: Env<'_>,
        io: &mut Io,
    ) -> Option<()> {
        let (kind, name) = frontend::kind_and_name(frame.body)?;
        self.extended = true;
        if name.len() > MAX_NAME {
            self.refuse_bind(overlong(), link, env, io);
            return Some(());
        }
        io.to_server.extend_from_slice(frame.raw);
        self.replies.push(Reply::Close { kind, name: name.to_vec(), injected: false });
        Some(())
    }

    /// A Parse that is not even looked at.
    pub(crate) fn refuse_parse(&mut self, refusal: Refusal, link: &mut Link, env: Env<'_>, io: &mut Io) {
        let number = self.running(env).number;
        let recorded = self.record_refusal(number, &refusal, None, link, env, io);
        self.poison_parse(refusal, recorded, link, io);
    }

    fn poison_parse(&mut self, refusal: Refusal, recorded: u64, link: &Link, io: &mut Io) {
        let mut bytes = Vec::new();
        frontend::poison_parse(&mut bytes);
        let (seq, poison) = (self.next_seq(), Some(Box::new(refusal)));
        let reply = Reply::Parse { name: Vec::new(), seq, poison, injected: false };
        self.send(Parked { bytes, reply }, recorded, link, io);
    }

    /// A Bind, or another command between Syncs, that is not even looked at.
    pub(crate) fn refuse_bind(&mut self, refusal: Refusal, link: &mut Link, env: Env<'_>, io: &mut Io) {
        let number = self.running(env).number;
        let recorded = self.record_refusal(number, &refusal, None, link, env, io);
        let mut bytes = Vec::new();
        frontend::poison_bind(&mut bytes);
        let (seq, poison) = (self.next_seq(), Some(Box::new(refusal)));
        let reply = Reply::Bind { name: Vec::new(), seq, poison, hushed: false };
        self.send(Parked { bytes, reply }, recorded, link, io);
    }
}

fn overlong() -> Refusal {
    Refusal::new(
        code::TOO_LARGE,
        format!("the name of a statement or portal is longer than {MAX_NAME} bytes"),
    )
    .detail("The database would cut it, and two names could then mean the same.")
    .hint("use shorter names")
}
