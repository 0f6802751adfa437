//! A session that is logged in: its state, and how its bytes are cut into messages.

use std::rc::Rc;

use gatewright_core::bundle::RecordingMode;
use gatewright_core::digest::Digest;
use gatewright_core::event::Kind;
use gatewright_core::identity::Identity;
use gatewright_core::time::Millis;
use gatewright_sql::{PreparedNames, Transaction};

use super::announce::{Announcement, resets};
use super::hold::Hold;
use super::judge::{Judge, defines, runs_unknown_code};
use super::names::Names;
use super::phases::Next;
use super::prepared::{Portal, Prepared};
use super::record::Recorded;
use super::replies::{Replies, Reply, Running};
use super::{Env, Io, Link};
use crate::plane::Analysis;
use crate::refusal::code;
use crate::wire::{Frame, Header, frontend, header};
use crate::{Plane, Refusal};

/// Bytes of events beyond which a session's statements wait until all of them are durable.
const MOST_BACKLOG: usize = 4 << 20;
/// How long a statement waits for its event to become durable, in milliseconds.
const RECORDING_PATIENCE: Millis = 5_000;

/// What a login leaves.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) role: String,
    pub(crate) identity: Identity,
    pub(crate) key: Option<Digest>,
    pub(crate) announcement: Option<Announcement>,
}

/// A command that is ready to go, and what the server will answer.
#[derive(Debug)]
pub(crate) struct Parked {
    pub(crate) bytes: Vec<u8>,
    pub(crate) reply: Reply,
}

impl Parked {
    /// The poison in the command's place.
    pub(crate) fn refused(mut self, refusal: Refusal) -> Self {
        self.bytes.clear();
        match &mut self.reply {
            Reply::Execute(running) => {
                frontend::poison_bind(&mut self.bytes);
                running.poison = Some(refusal);
            }
            Reply::Query(running) => {
                frontend::poison_query(&mut self.bytes);
                running.poison = Some(refusal);
            }
            _ => {}
        }
        self
    }
}

/// What the session waits for before it takes the client's next message.
#[derive(Debug)]
pub(crate) enum Wait {
    /// Nothing.
    Nothing,
    /// That many of the session's events are durable. `since` is set by the first tick.
    Durable { events: u64, parked: Parked, since: Option<Millis> },
    /// The server's reply to a definition that the next command refers to.
    Definition,
    /// Somebody's approval.
    Approval(Box<Hold>),
}

/// Whether the server still knows who the agent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Forgotten {
    /// It does.
    No,
    /// Code ran that the gate does not know.
    Perhaps,
    /// All settings were reset.
    Certainly,
}

/// A session that is logged in.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) plane: Rc<Plane>,
    pub(crate) judge: Judge,
    /// Explanations that were recorded.
    pub(crate) explained: Recorded,
    /// Digest of BackendKeyData.
    key: Option<Digest>,
    /// What the server is told of the agent, where it is.
    announcement: Option<Announcement>,
    /// It may not know it any more.
    pub(crate) forgotten: Forgotten,
    /// It was told within what may be a transaction, whose end may undo that.
    told_within: bool,
    pub(crate) replies: Replies,
    pub(crate) statements: Names<Prepared>,
    pub(crate) portals: Names<Portal>,
    /// Counts definitions.
    pub(crate) seq: u64,
    /// Counts statements.
    pub(crate) number: u64,
    /// Counts what the session sent that may have given names another meaning: definitions, and code that is not known.
    pub(crate) era: u64,
    /// Status of the last ReadyForQuery: `I`, `T` or `E`.
    pub(crate) status: u8,
    /// Whether a transaction will be open once the server has run what was sent, where that is not what `status` says.
    pub(crate) will_be_open: Option<bool>,
    /// Counts the Syncs that were sent.
    pub(crate) segment: u64,
    /// A command of the extended protocol was sent since the last Sync.
    pub(crate) extended: bool,
    /// Syncs that count as ignored by a server in COPY, and are answered if the COPY fails before it reads them.
    pub(crate) ignored_syncs: usize,
    /// The server skips to the next Sync (or will, at a poison that is on its way), and none was sent yet.
    pub(crate) skipping: bool,
    /// The server is in COPY FROM STDIN and the client has not ended it.
    pub(crate) copying_in: bool,
    /// The open transaction has met masked columns: what is checked only at its end (deferred constraints) may
    /// quote their values.
    pub(crate) carries: bool,
    pub(crate) wait: Wait,
    durable: u64,
    /// Bytes of the client's message that pass unread (CopyData), or are dropped (too large).
    client_pass: usize,
    client_drop: usize,
    /// Bytes of the server's message that pass unread: CopyData, rows without masks.
    pub(crate) server_pass: usize,
}

impl Open {
    pub(crate) fn new(opening: Opening, plane: &Rc<Plane>, link: &Link, env: Env<'_>) -> Self {
        let judge = Judge::new(opening.identity, opening.role, link.source_ip().to_owned(), plane, env.now);
        Self {
            plane: Rc::clone(plane),
            judge,
            explained: Recorded::default(),
            key: opening.key,
            announcement: opening.announcement,
            forgotten: Forgotten::No,
            told_within: false,
            replies: Replies::default(),
            statements: Names::default(),
            portals: Names::default(),
            seq: 0,
            number: 0,
            era: 0,
            status: b'I',
            will_be_open: None,
            segment: 0,
            extended: false,
            ignored_syncs: 0,
            skipping: false,
            copying_in: false,
            carries: false,
            wait: Wait::Nothing,
            durable: 0,
            client_pass: 0,
            client_drop: 0,
            server_pass: 0,
        }
    }

    pub(crate) fn wants_client_bytes(&self) -> bool {
        matches!(self.wait, Wait::Nothing)
    }

    pub(crate) fn is_held(&self) -> bool {
        matches!(self.wait, Wait::Approval(_))
    }

    pub(crate) fn cancel_key(&self) -> Option<Digest> {
        if matches!(self.wait, Wait::Approval(_)) { self.key } else { None }
    }

    /// Whether an explicit transaction is open, as far as the commands sent so far tell.
    pub(crate) fn in_transaction(&self) -> bool {
        self.will_be_open.unwrap_or(self.status != b'I')
    }

    fn adopt(&mut self, env: Env<'_>) {
        if let Some(plane) = env.plane
            && !Rc::ptr_eq(plane, &self.plane)
        {
            self.plane = Rc::clone(plane);
            self.judge.renew(&self.plane, env.now);
        }
    }

    pub(crate) fn client(&mut self, link: &mut Link, env: Env<'_>, io: &mut Io) -> Next {
        if link.client_in.is_empty() || !self.wants_client_bytes() {
            return Next::Stay;
        }
        self.adopt(env);
        let mut input = std::mem::take(&mut link.client_in);
        let mut rest = input.as_slice();
        let next = self.messages(&mut rest, link, env, io);
        let consumed = input.len().saturating_sub(rest.len());
        input.drain(..consumed);
        link.client_in = input;
        next
    }

    fn messages(&mut self, rest: &mut &[u8], link: &mut Link, env: Env<'_>, io: &mut Io) -> Next {
        while self.wants_client_bytes() && !rest.is_empty() {
            let unread = self.client_pass.max(self.client_drop).min(rest.len());
            if let Some((head, tail)) = rest.split_at_checked(unread)
                && unread > 0
            {
                if self.client_pass > 0 {
                    io.to_server.extend_from_slice(head);
                }
                self.client_pass = self.client_pass.saturating_sub(unread);
                self.client_drop = self.client_drop.saturating_sub(unread);
                *rest = tail;
                continue;
            }
            let header = match header(rest) {
                Ok(None) => return Next::Stay,
                Ok(Some(header)) => header,
                Err(error) => return Next::Die(Refusal::new(code::PROTOCOL, error.to_string())),
            };
            if header.tag == b'd' && !self.skipping {
                self.client_pass = header.total;
                continue;
            }
            if header.total > self.plane.limits.max_message as usize {
                match self.too_large(header, link, env, io) {
                    Next::Stay => {
                        self.client_drop = header.total;
                        continue;
                    }
                    other => return other,
                }
            }
            let Some((frame, tail)) = Frame::split(header, rest) else { return Next::Stay };
            if self.is_too_early(&frame) {
                self.wait = Wait::Definition;
                return Next::Stay;
            }
            *rest = tail;
            match self.command(&frame, link, env, io) {
                Next::Stay => {}
                other => return other,
            }
        }
        Next::Stay
    }

    /// A message over the cap is refused as a denied command is, and its bytes are dropped.
    fn too_large(&mut self, header: Header, link: &mut Link, env: Env<'_>, io: &mut Io) -> Next {
        let refusal = Refusal::new(
            code::TOO_LARGE,
            format!(
                "a message of {} bytes is over the gate's cap of {}",
                header.total, self.plane.limits.max_message
            ),
        )
        .hint("send it in smaller parts, use COPY, or have the operator raise limits.max_message");
        if self.skipping {
            return Next::Stay;
        }
        match header.tag {
            b'Q' => self.refuse_query(refusal, None, link, env, io),
            b'P' => self.refuse_parse(refusal, link, env, io),
            b'B' => self.refuse_bind(refusal, link, env, io),
            _ => return Next::Die(refusal),
        }
        Next::Stay
    }

    /// Sends a command, once its event is as durable as the configuration wants.
    pub(crate) fn send(&mut self, parked: Parked, recorded: u64, link: &Link, io: &mut Io) {
        let recording = &self.plane.recording;
        let needed = match recording.mode {
            RecordingMode::Buffered if link.backlog() <= MOST_BACKLOG => {
                recorded.saturating_sub(u64::from(recording.max_unacknowledged))
            }
            _ => recorded,
        };
        if needed > self.durable {
            self.wait = Wait::Durable { events: needed, parked, since: None };
        } else {
            self.forward(parked, io);
        }
    }

    fn forward(&mut self, parked: Parked, io: &mut Io) {
        match &parked.reply {
            Reply::Query(running) | Reply::Execute(running) if running.poison.is_none() => {
                self.carries |= running.may_carry_masked();
                let (analysis, portal) = (running.analysis.clone(), running.portal.clone());
                let let_pass = running.judgement.as_ref().is_some_and(|judgement| judgement.is_let_pass());
                self.takes_effect(analysis.as_deref(), portal.as_ref(), let_pass);
            }
            // After a poison the server skips to the next Sync, and so does the gate.
            Reply::Execute(_) | Reply::Parse { .. } | Reply::Bind { .. } => self.skipping = true,
            _ => {}
        }
        io.to_server.extend_from_slice(&parked.bytes);
        self.replies.push(parked.reply);
    }

    /// A command that waits for its event would be skipped by the server now.
    pub(crate) fn drop_parked(&mut self) {
        if matches!(self.wait, Wait::Durable { .. }) {
            self.wait = Wait::Nothing;
        }
    }

    /// What a command changes of what the gate knows of the session. `portal` is the one that is executed; `let_pass`
    /// says that it runs because of shadow mode.
    fn takes_effect(&mut self, analysis: Option<&Analysis>, portal: Option<&Rc<Portal>>, let_pass: bool) {
        let Some(analysis) = analysis else { return };
        let mut unknown = analysis.facts.is_err();
        let mut turns = unknown;
        for facts in analysis.facts.iter().flatten() {
            match facts.transaction {
                Some(Transaction::Begin) => self.will_be_open = Some(true),
                Some(Transaction::Commit) => self.will_be_open = Some(false),
                Some(Transaction::Rollback) => {
                    self.will_be_open = Some(false);
                    turns = true;
                }
                Some(Transaction::Savepoint) => turns = true,
                None => {}
            }
            unknown |= runs_unknown_code(facts);
            if resets(facts) || (facts.transaction.is_some() && self.told_within) {
                self.forgotten = Forgotten::Certainly;
            }
            turns |= unknown || defines(facts);
            match &facts.renames {
                Some(PreparedNames::All) => self.statements.forget_all(),
                // A definition that is on its way to the server comes before this, too.
                Some(PreparedNames::One(name)) => self.statements.keep(|known, _| known != name.as_bytes()),
                None => {}
            }
            if facts.renames.is_some() || facts.defines_outputs {
                self.portals.forget_all();
            }
        }
        if unknown {
            self.forgotten = self.forgotten.max(Forgotten::Perhaps);
            // Such code can PREPARE, DECLARE and DEALLOCATE. It cannot reach the unnamed statement and portal, nor drop
            // the portal that runs it; but what FETCH and EXECUTE give is another matter.
            self.statements.doubt_all();
            self.portals.keep(|name, known| {
                let uses_names =
                    known.prepared.analysis().facts.iter().flatten().any(|f| f.uses_defined_outputs);
                !uses_names && (name.is_empty() || portal.is_some_and(|portal| Rc::ptr_eq(portal, known)))
            });
        }
        if turns {
            self.turn_era();
        }
        self.judge.defines(analysis, let_pass, &self.plane);
    }

    /// Ends the login with the server's ReadyForQuery: the client gets it once the server was told who the agent is, and
    /// with that all ParameterStatus before it. There are clients that read no further before they ask something.
    pub(crate) fn enter(&mut self, ready: &[u8], io: &mut Io) {
        if self.announcement.is_none() {
            io.to_client.extend_from_slice(ready);
        }
        self.tell(true, io);
    }

    /// Tells the server who the agent is, if it may not know it. At a place where a Query may stand, before anything else
    /// of the agent.
    pub(crate) fn announce(&mut self, io: &mut Io) {
        if self.forgotten == Forgotten::No || self.copying_in {
            return;
        }
        self.forgotten = Forgotten::No;
        // While an answer is outstanding, that a transaction is over is not certain (COMMIT AND CHAIN).
        self.told_within = self.status != b'I' || !self.replies.is_empty();
        self.tell(false, io);
    }

    fn tell(&mut self, login: bool, io: &mut Io) {
        if let Some(announcement) = &self.announcement {
            io.to_server.extend_from_slice(announcement.query());
            self.replies.push(Reply::Announced { login });
        }
    }

    /// Whether the server would run a command without knowing for whom, and cannot be told before.
    pub(crate) fn is_nobodys(&self) -> bool {
        self.announcement.is_some() && self.extended && self.forgotten == Forgotten::Certainly
    }

    /// Names may mean something else from here on: something was defined, or a definition was undone.
    pub(crate) fn turn_era(&mut self) {
        self.era = self.era.saturating_add(1);
    }

    pub(crate) fn acknowledged(&mut self, _link: &mut Link, durable: u64, _env: Env<'_>, io: &mut Io) {
        self.durable = self.durable.max(durable);
        match std::mem::replace(&mut self.wait, Wait::Nothing) {
            Wait::Durable { events, parked, .. } if events <= self.durable => self.forward(parked, io),
            other => self.wait = other,
        }
    }

    pub(crate) fn tick(&mut self, link: &mut Link, env: Env<'_>, io: &mut Io) -> Next {
        if env.now >= self.judge.identity.expires_at {
            self.withdraw(link, io);
            return Next::Die(expired());
        }
        self.tick_hold(link, env, io);
        self.tick_recording(env, io);
        Next::Stay
    }

    /// A statement whose event does not become durable does not run.
    fn tick_recording(&mut self, env: Env<'_>, io: &mut Io) {
        let Wait::Durable { since, .. } = &mut self.wait else { return };
        let since = *since.get_or_insert(env.now);
        if env.now.saturating_sub(since) < RECORDING_PATIENCE {
            return;
        }
        if let Wait::Durable { parked, .. } = std::mem::replace(&mut self.wait, Wait::Nothing) {
            let refusal = Refusal::new(
                code::UNAVAILABLE,
                "the recording is not available, so the statement was not run",
            )
            .hint("try again in a few seconds; if it lasts, tell the operator of Gatewright");
            self.forward(parked.refused(refusal), io);
        }
    }

    pub(crate) fn closed(&mut self, link: &mut Link, reason: &str, env: Env<'_>, io: &mut Io) {
        self.withdraw(link, io);
        link.record(env.now, Kind::Close { reason: reason.to_owned() }, io);
    }

    /// A command that begins to run now.
    pub(crate) fn running(&mut self, env: Env<'_>) -> Box<Running> {
        self.number = self.number.saturating_add(1);
        Box::new(Running::new(self.number, env.now))
    }

    pub(crate) fn next_seq(&mut self) -> u64 {
        self.seq = self.seq.saturating_add(1);
        self.seq
    }
}

/// A session ends when its token does.
pub(crate) fn expired() -> Refusal {
    Refusal::new(code::IDENTITY, "the agent's token has expired, and the session with it")
        .hint("connect again with a fresh token")
}
