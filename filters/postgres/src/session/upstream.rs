//! The server's messages: matched against what was asked, masked, recorded.

use std::rc::Rc;

use gatewright_core::event::Kind;
use gatewright_sql::{CopyDirection, StatementFacts};

use super::copy::CopyMasks;
use super::open::{Forgotten, Open, Wait};
use super::phases::Next;
use super::replies::{Reply, Running};
use super::rows::Masks;
use super::{Env, Io, Link, hush};
use crate::refusal::code;
use crate::wire::backend::{self, Field};
use crate::wire::{ErrorFields, Frame, Header, header};
use crate::{Plane, Refusal};

/// Bytes of events that are not durable beyond which no rows are recorded.
const MOST_BACKLOG: usize = 8 << 20;

/// What a message of the server does; an error ends the session, because the gate no longer knows what passes.
type Taken = Result<(), Refusal>;

fn broken(what: &str) -> Refusal {
    Refusal::new(
        code::PROTOCOL,
        format!("the database server's reply does not fit what was asked ({what}); nothing more can pass"),
    )
}

impl Open {
    pub(crate) fn server(&mut self, link: &mut Link, env: Env<'_>, io: &mut Io) -> Next {
        let mut input = std::mem::take(&mut link.server_in);
        let mut rest = input.as_slice();
        let taken = self.server_messages(&mut rest, link, env, io);
        let consumed = input.len().saturating_sub(rest.len());
        input.drain(..consumed);
        link.server_in = input;
        if matches!(self.wait, Wait::Definition) {
            // Whether the reply has come is seen when the command is looked at again.
            self.wait = Wait::Nothing;
        }
        match taken {
            Ok(()) => Next::Stay,
            Err(refusal) => Next::Die(refusal),
        }
    }

    fn server_messages(&mut self, rest: &mut &[u8], link: &mut Link, env: Env<'_>, io: &mut Io) -> Taken {
        while !rest.is_empty() {
            if self.server_pass > 0 {
                let unread = self.server_pass.min(rest.len());
                let Some((head, tail)) = rest.split_at_checked(unread) else { return Ok(()) };
                io.to_client.extend_from_slice(head);
                self.server_pass = self.server_pass.saturating_sub(unread);
                *rest = tail;
                continue;
            }
            let header = match header(rest) {
                Ok(None) => return Ok(()),
                Ok(Some(header)) => header,
                Err(error) => return Err(broken(&error.to_string())),
            };
            if self.streams(header, link)? {
                self.server_pass = header.total;
                continue;
            }
            if header.total > self.plane.limits.max_message as usize {
                return Err(Refusal::new(
                    code::TOO_LARGE,
                    format!(
                        "a row of {} bytes that must be masked or searched is over the gate's cap of {}",
                        header.total, self.plane.limits.max_message
                    ),
                )
                .hint("leave out large columns, or have the operator raise limits.max_message"));
            }
            let Some((frame, tail)) = Frame::split(header, rest) else { return Ok(()) };
            *rest = tail;
            self.reply(&frame, link, env, io)?;
        }
        Ok(())
    }

    /// Whether the message passes byte for byte, unread: COPY data that was permitted, and rows without masks
    /// that the recording does not want.
    fn streams(&mut self, header: Header, link: &Link) -> Result<bool, Refusal> {
        let plane = Rc::clone(&self.plane);
        match (header.tag, self.replies.due()) {
            (b'd', Some(Reply::Query(running) | Reply::Execute(running))) => {
                if !running.may_copy(CopyDirection::Out) {
                    return Err(broken("COPY data"));
                }
                Ok(running.copy_masks.is_none())
            }
            (b'D', Some(Reply::Query(running) | Reply::Execute(running))) => {
                running.prepare_rows()?;
                let wanted = wants(running, header.total, link, &plane);
                let masked = running.masks.is_some() && !running.is_unmasked();
                if masked || wanted {
                    // A row that is only wanted for the recording may also be too large for it.
                    return Ok(!masked && header.total > plane.limits.max_message as usize);
                }
                running.result.row(None);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn reply(&mut self, frame: &Frame<'_>, link: &mut Link, env: Env<'_>, io: &mut Io) -> Taken {
        if let Some(Reply::Announced { login }) = self.replies.due()
            && !matches!(frame.tag, b'S' | b'A')
        {
            let login = *login;
            return self.announced(frame, login, io);
        }
        match frame.tag {
            b'N' => return self.notice(frame, io),
            b'S' | b'A' => {
                if frame.tag == b'S' {
                    check_parameter(frame.body)?;
                }
                io.to_client.extend_from_slice(frame.raw);
                return Ok(());
            }
            b'E' => return self.error(frame, link, env, io),
            b'Z' => return self.ready(frame, link, env, io),
            _ => {}
        }
        match self.replies.due() {
            Some(Reply::Query(running)) => match frame.tag {
                b'T' => {
                    let fields =
                        backend::row_description(frame.body).ok_or_else(|| broken("RowDescription"))?;
                    running.describe_rows(&fields);
                    io.to_client.extend_from_slice(frame.raw);
                    Ok(())
                }
                _ => self.result(frame, link, env, io),
            },
            Some(Reply::Execute(_)) => self.result(frame, link, env, io),
            Some(Reply::Parse { name, seq, poison: None, injected }) if frame.tag == b'1' => {
                let (name, seq, injected) = (std::mem::take(name), *seq, *injected);
                self.statements.confirm(&name, seq);
                self.pass(frame, injected, io)
            }
            Some(Reply::Bind { name, seq, poison: None, .. }) if frame.tag == b'2' => {
                let (name, seq) = (std::mem::take(name), *seq);
                self.portals.confirm(&name, seq);
                self.pass(frame, false, io)
            }
            Some(Reply::Close { kind, name, injected }) if frame.tag == b'3' => {
                let (kind, name, injected) = (*kind, std::mem::take(name), *injected);
                if kind == b'S' {
                    self.statements.forget(&name)
                } else {
                    self.portals.forget(&name)
                }
                self.pass(frame, injected, io)
            }
            Some(Reply::Describe { portal, injected }) => {
                let injected = *injected;
                let columns = match frame.tag {
                    b't' => None,
                    b'T' => {
                        Some(backend::row_description(frame.body).ok_or_else(|| broken("RowDescription"))?)
                    }
                    b'n' => Some(Vec::new()),
                    _ => return Err(broken("Describe")),
                };
                if !injected {
                    io.to_client.extend_from_slice(frame.raw);
                }
                if let Some(columns) = columns {
                    if let Some(portal) = portal {
                        portal.describe(columns, env.now);
                    }
                    self.replies.pop();
                }
                Ok(())
            }
            Some(Reply::Probe(_)) if frame.tag == b'3' => {
                if let Some(Reply::Probe(probe)) = self.replies.pop() {
                    self.probed(probe, link, env, io);
                }
                Ok(())
            }
            _ => Err(broken(&format!("unexpected `{}`", char::from(frame.tag).escape_default()))),
        }
    }

    /// What the server says to being told who the agent is.
    fn announced(&mut self, frame: &Frame<'_>, login: bool, io: &mut Io) -> Taken {
        match frame.tag {
            b'C' | b'N' => Ok(()),
            // In an aborted transaction nothing runs but its end; it is told again at the next command.
            b'E' if self.status == b'E' || self.in_transaction() => {
                self.forgotten = Forgotten::Certainly;
                Ok(())
            }
            b'E' => {
                let fields = ErrorFields::parse(frame.body).ok_or_else(|| broken("ErrorResponse"))?;
                let why = String::from_utf8_lossy(fields.field(b'M')).into_owned();
                Err(Refusal::new(code::IDENTITY, "the database server does not take who you are")
                    .detail(why)
                    .hint("this is for the operator of Gatewright: see `announce_agent`"))
            }
            b'Z' => {
                let &[status @ (b'I' | b'T' | b'E')] = frame.body else {
                    return Err(broken("ReadyForQuery"));
                };
                self.status = status;
                self.pass(frame, !login, io)
            }
            _ => Err(broken("SET")),
        }
    }

    fn pass(&mut self, frame: &Frame<'_>, injected: bool, io: &mut Io) -> Taken {
        if !injected {
            io.to_client.extend_from_slice(frame.raw);
        }
        self.replies.pop();
        Ok(())
    }

    /// Rows, their end, and COPY, of a Query or Execute.
    fn result(&mut self, frame: &Frame<'_>, link: &mut Link, env: Env<'_>, io: &mut Io) -> Taken {
        let plane = Rc::clone(&self.plane);
        let Some(Reply::Query(running) | Reply::Execute(running)) = self.replies.due() else {
            return Err(broken("result"));
        };
        if running.poison.is_some() {
            return Err(broken("a refused statement ran"));
        }
        match frame.tag {
            b'D' => {
                let wanted = wants(running, frame.raw.len(), link, &plane);
                let start = io.to_client.len();
                match &running.masks {
                    None => io.to_client.extend_from_slice(frame.raw),
                    Some(masks) if running.is_unmasked() => {
                        io.to_client.extend_from_slice(frame.raw);
                        let mut row = Vec::new();
                        let masked =
                            wanted.then(|| masks.apply(frame.raw, &plane.mask_key, &mut row)).flatten();
                        running.result.row(masked.and_then(|()| row.get(5..)));
                        return Ok(());
                    }
                    Some(masks) => {
                        masks
                            .apply(frame.raw, &plane.mask_key, &mut io.to_client)
                            .ok_or_else(|| broken("DataRow"))?;
                    }
                }
                let body = io.to_client.get(start.saturating_add(5)..).filter(|_| wanted);
                running.result.row(body);
                return Ok(());
            }
            b'C' | b'I' | b's' => {
                let tag =
                    if frame.tag == b'C' { frame.body.strip_suffix(&[0]).unwrap_or_default() } else { b"" };
                let event = running.result.complete(running.number, tag, running.since, env.now);
                running.described = false;
                running.masks = None;
                io.to_client.extend_from_slice(frame.raw);
                self.ignored_syncs = 0;
                let execute = matches!(self.replies.due(), Some(Reply::Execute(_)));
                if execute {
                    self.replies.pop();
                }
                link.record(env.now, event, io);
                return Ok(());
            }
            b'G' if running.may_copy(CopyDirection::In) => {
                io.to_client.extend_from_slice(frame.raw);
                let (ignored, ended) = self.replies.copy_begins();
                (self.ignored_syncs, self.copying_in) = (ignored, !ended);
                return Ok(());
            }
            b'H' if running.may_copy(CopyDirection::Out) => running.copy_begins(frame.body)?,
            b'd' => {
                let Some(masks) = &mut running.copy_masks else { return Err(broken("COPY data")) };
                let most = plane.limits.max_message as usize;
                masks
                    .data(frame.body, &plane.mask_key, most, &mut io.to_client)
                    .ok_or_else(|| broken("rows of COPY"))?;
                return Ok(());
            }
            b'c' if running.may_copy(CopyDirection::Out) => {
                if running.copy_masks.take().is_some_and(|masks| !masks.is_complete()) {
                    return Err(broken("rows of COPY"));
                }
            }
            other => return Err(broken(&format!("`{}` in a result", char::from(other).escape_default()))),
        }
        io.to_client.extend_from_slice(frame.raw);
        Ok(())
    }

    fn ready(&mut self, frame: &Frame<'_>, link: &mut Link, env: Env<'_>, io: &mut Io) -> Taken {
        let &[status @ (b'I' | b'T' | b'E')] = frame.body else { return Err(broken("ReadyForQuery")) };
        match self.replies.due() {
            Some(Reply::Query(_) | Reply::Sync) => {
                self.replies.pop();
            }
            // Of a COPY that failed before the server came to read its Sync.
            None if self.ignored_syncs > 0 => {
                self.ignored_syncs = self.ignored_syncs.saturating_sub(1);
                self.skipping = false;
                self.extended = false;
            }
            _ => return Err(broken("ReadyForQuery")),
        }
        self.status = status;
        self.copying_in = false;
        if self.replies.is_empty() {
            self.will_be_open = None;
        }
        if status == b'I' {
            self.carries = self.replies.carries_masked();
            // Portals end with their transaction.
            self.portals.forget_confirmed();
        }
        io.to_client.extend_from_slice(frame.raw);
        let _ = (link, env);
        Ok(())
    }

    fn notice(&mut self, frame: &Frame<'_>, io: &mut Io) -> Taken {
        let hushed = match self.replies.due() {
            Some(Reply::Query(running) | Reply::Execute(running)) => running.may_carry_masked(),
            Some(Reply::Bind { hushed, .. }) => *hushed,
            _ => false,
        };
        if (hushed || self.carries) && self.plane.enforcement.masks() {
            return hush::hush(b'N', frame.body, &mut io.to_client).ok_or_else(|| broken("NoticeResponse"));
        }
        io.to_client.extend_from_slice(frame.raw);
        Ok(())
    }

    fn error(&mut self, frame: &Frame<'_>, link: &mut Link, env: Env<'_>, io: &mut Io) -> Taken {
        let mut told = Vec::new();
        let (poison, hushed, number) = match self.replies.due() {
            Some(Reply::Query(running) | Reply::Execute(running)) => {
                (running.poison.clone(), running.may_carry_masked(), running.number)
            }
            Some(Reply::Parse { poison: Some(poison), .. } | Reply::Bind { poison: Some(poison), .. }) => {
                (Some(Refusal::clone(poison)), false, 0)
            }
            Some(Reply::Bind { hushed, .. }) => (None, *hushed, 0),
            _ => (None, false, 0),
        };
        let mut unmasked = false;
        match poison {
            Some(refusal) => refusal.write(false, &mut told),
            // At the end of a transaction the server may quote what an earlier statement met.
            None if hushed || self.carries => {
                hush::hush(b'E', frame.body, &mut told).ok_or_else(|| broken("ErrorResponse"))?;
                unmasked = !self.plane.enforcement.masks();
            }
            None => told.extend_from_slice(frame.raw),
        }
        io.to_client.extend_from_slice(if unmasked { frame.raw } else { &told });
        if let Some(shown) = told.get(5..).and_then(ErrorFields::parse) {
            let text = |field| String::from_utf8_lossy(shown.field(field)).into_owned();
            link.record(
                env.now,
                Kind::Error { statement: number, code: text(b'C'), message: text(b'M') },
                io,
            );
        }
        self.copying_in = false;
        self.turn_era();
        let in_query = match self.replies.due() {
            Some(Reply::Query(_)) => true,
            Some(_) => false,
            // A timeout, or the operator: between Syncs the server then skips to the next one.
            None => !self.extended,
        };
        if !in_query {
            let (skipped, sync) = self.replies.skip_to_sync();
            self.skipping = !sync && self.ignored_syncs == 0;
            if !sync {
                self.drop_parked();
                self.abandon_hold(link, io);
            }
            for reply in skipped {
                match reply {
                    Reply::Parse { name, seq, .. } => self.statements.abandon(&name, seq),
                    Reply::Bind { name, seq, .. } => self.portals.abandon(&name, seq),
                    Reply::Probe(_) => self.abandon_hold(link, io),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// Whether a row is recorded: up to the configured caps, and while the host keeps up.
fn wants(running: &Running, bytes: usize, link: &Link, plane: &Plane) -> bool {
    link.backlog() <= MOST_BACKLOG && running.result.wants(bytes, &plane.recording)
}

impl Running {
    /// Whether it may be a COPY that goes this way. What is not understood may be any.
    fn may_copy(&self, direction: CopyDirection) -> bool {
        let copies = |facts: &[StatementFacts]| facts.iter().find_map(|facts| facts.copy) == Some(direction);
        self.analysis.as_ref().is_some_and(|analysis| analysis.facts.as_deref().map_or(true, copies))
    }

    /// CopyOutResponse: rows follow.
    fn copy_begins(&mut self, body: &[u8]) -> Taken {
        // What has no judgement was poisoned, and nothing of it passes.
        let (Some(judgement), Some(analysis)) = (&self.judgement, &self.analysis) else {
            return Err(broken("COPY"));
        };
        if self.is_unmasked() {
            return Ok(());
        }
        let form = analysis.facts.iter().flatten().find_map(|facts| facts.copy_form.as_ref());
        self.copy_masks = CopyMasks::new(body, form, &judgement.origin, &judgement.active, &judgement.plane)
            .map_err(|()| broken("COPY has other columns than the catalogue says"))?;
        Ok(())
    }

    /// The columns of the rows to come.
    fn describe_rows(&mut self, fields: &[Field]) {
        // What has no judgement was poisoned, and its rows never pass.
        self.masks = self
            .judgement
            .as_ref()
            .and_then(|judgement| Masks::new(fields, &judgement.origin, &judgement.active, &judgement.plane));
        let masked = self.masks.as_ref().map(|masks| masks.names(fields)).unwrap_or_default();
        self.result.describe(fields, masked, self.masks.is_some() && self.is_unmasked());
        self.described = true;
    }

    /// Before the first row: an Execute's columns were described to its prepared statement.
    fn prepare_rows(&mut self) -> Taken {
        if self.described {
            return Ok(());
        }
        let unneeded = self.judgement.as_ref().is_some_and(|judgement| !judgement.needs_columns());
        let columns = self.portal.as_ref().and_then(|portal| portal.columns.borrow().clone());
        match columns {
            Some(fields) if !fields.is_empty() => self.describe_rows(&fields),
            _ if unneeded => self.described = true,
            _ => return Err(broken("rows without a description")),
        }
        Ok(())
    }
}

/// The server must read text as the gate does.
pub(crate) fn check_parameter(body: &[u8]) -> Taken {
    let mut reader = crate::wire::Reader::new(body);
    let (Some(name), Some(value)) = (reader.cstr(), reader.cstr()) else {
        return Err(broken("ParameterStatus"));
    };
    let value = String::from_utf8_lossy(value);
    let readable = match name {
        b"client_encoding" => super::settings::encoding_is_readable(&value),
        b"standard_conforming_strings" => value == "on",
        _ => true,
    };
    if readable {
        return Ok(());
    }
    let name = String::from_utf8_lossy(name).into_owned();
    Err(Refusal::new(
        code::PROTOCOL,
        format!("`{name}` is `{value}`, with which the gate cannot read statements as the server does"),
    ))
}
