//! The server's messages: matched against what was asked, masked, recorded.

use gatewright_core::event::Kind;
use gatewright_sql::CopyDirection;

use super::open::Open;
use super::phases::Next;
use super::replies::{Reply, Running};
use super::rows::Masks;
use super::{Env, Io, Link, hush};
use crate::Refusal;
use crate::refusal::code;
use crate::wire::backend::{self, Field};
use crate::wire::{ErrorFields, Frame, Header, header};

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
        let input = std::mem::take(&mut link.server_in);
        let mut rest = input.as_slice();
        let taken = self.server_messages(&mut rest, link, env, io);
        link.server_in = rest.to_vec();
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
            if self.streams(header)? {
                self.server_pass = header.total;
                continue;
            }
            if header.total > self.plane.limits.max_message as usize {
                return Err(Refusal::new(
                    code::TOO_LARGE,
                    format!(
                        "a row of {} bytes that must be masked is over the gate's cap of {}",
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
    fn streams(&mut self, header: Header) -> Result<bool, Refusal> {
        let plane = std::rc::Rc::clone(&self.plane);
        match (header.tag, self.replies.due()) {
            (b'd', Some(Reply::Query(running) | Reply::Execute(running))) => {
                if running.copies() == Some(CopyDirection::Out) { Ok(true) } else { Err(broken("COPY data")) }
            }
            (b'D', Some(Reply::Query(running) | Reply::Execute(running))) => {
                running.prepare_rows()?;
                if running.masks.is_some() || running.result.wants(header.total, &plane.recording) {
                    // A row that is only wanted for the recording may also be too large for it.
                    return Ok(running.masks.is_none() && header.total > plane.limits.max_message as usize);
                }
                running.result.row(None);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn reply(&mut self, frame: &Frame<'_>, link: &mut Link, env: Env<'_>, io: &mut Io) -> Taken {
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
                    running.describe_rows(&fields, None);
                    io.to_client.extend_from_slice(frame.raw);
                    Ok(())
                }
                _ => self.result(frame, link, env, io),
            },
            Some(Reply::Execute(_)) => self.result(frame, link, env, io),
            Some(Reply::Parse { seq, poison: None }) if frame.tag == b'1' => {
                let seq = *seq;
                self.statements.confirm(seq);
                self.pass(frame, io)
            }
            Some(Reply::Bind { seq, poison: None, .. }) if frame.tag == b'2' => {
                let seq = *seq;
                self.portals.confirm(seq);
                self.pass(frame, io)
            }
            Some(Reply::Close { kind, name }) if frame.tag == b'3' => {
                let (kind, name) = (*kind, std::mem::take(name));
                if kind == b'S' {
                    self.statements.forget(&name)
                } else {
                    self.portals.forget(&name)
                }
                self.pass(frame, io)
            }
            Some(Reply::Describe { prepared, injected }) => {
                let injected = *injected;
                let done = match frame.tag {
                    b't' => false,
                    b'T' => {
                        let fields =
                            backend::row_description(frame.body).ok_or_else(|| broken("RowDescription"))?;
                        if let Some(prepared) = prepared {
                            prepared.described(fields);
                        }
                        true
                    }
                    b'n' => {
                        if let Some(prepared) = prepared {
                            prepared.described(Vec::new());
                        }
                        true
                    }
                    _ => return Err(broken("Describe")),
                };
                if !injected {
                    io.to_client.extend_from_slice(frame.raw);
                }
                if done {
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

    fn pass(&mut self, frame: &Frame<'_>, io: &mut Io) -> Taken {
        io.to_client.extend_from_slice(frame.raw);
        self.replies.pop();
        Ok(())
    }

    /// Rows, their end, and COPY, of a Query or Execute.
    fn result(&mut self, frame: &Frame<'_>, link: &mut Link, env: Env<'_>, io: &mut Io) -> Taken {
        let plane = std::rc::Rc::clone(&self.plane);
        let Some(Reply::Query(running) | Reply::Execute(running)) = self.replies.due() else {
            return Err(broken("result"));
        };
        if running.poison.is_some() {
            return Err(broken("a refused statement ran"));
        }
        match frame.tag {
            b'D' => {
                let start = io.to_client.len();
                match &running.masks {
                    None => io.to_client.extend_from_slice(frame.raw),
                    Some(masks) => {
                        masks
                            .apply(frame.body, &plane.mask_key, &mut io.to_client)
                            .ok_or_else(|| broken("DataRow"))?;
                    }
                }
                let wanted = running.result.wants(frame.raw.len(), &plane.recording);
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
                let execute = matches!(self.replies.due(), Some(Reply::Execute(_)));
                if execute {
                    self.replies.pop();
                }
                link.record(env.now, event, io);
                return Ok(());
            }
            b'G' if running.copies() == Some(CopyDirection::In) => {
                io.to_client.extend_from_slice(frame.raw);
                self.copying_in = !self.replies.copy_begins();
                return Ok(());
            }
            b'H' | b'c' if running.copies() == Some(CopyDirection::Out) => {}
            other => return Err(broken(&format!("`{}` in a result", char::from(other).escape_default()))),
        }
        io.to_client.extend_from_slice(frame.raw);
        Ok(())
    }

    fn ready(&mut self, frame: &Frame<'_>, link: &mut Link, env: Env<'_>, io: &mut Io) -> Taken {
        let &[status @ (b'I' | b'T' | b'E')] = frame.body else { return Err(broken("ReadyForQuery")) };
        match self.replies.due() {
            Some(Reply::Query(_) | Reply::Sync) => {}
            _ => return Err(broken("ReadyForQuery")),
        }
        self.replies.pop();
        self.status = status;
        self.copying_in = false;
        if self.replies.is_empty() {
            self.begun = false;
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
        if hushed || self.carries {
            return hush::hush(b'N', frame.body, &mut io.to_client).ok_or_else(|| broken("NoticeResponse"));
        }
        io.to_client.extend_from_slice(frame.raw);
        Ok(())
    }

    fn error(&mut self, frame: &Frame<'_>, link: &mut Link, env: Env<'_>, io: &mut Io) -> Taken {
        let start = io.to_client.len();
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
        match poison {
            Some(refusal) => refusal.write(false, &mut io.to_client),
            None if hushed => {
                hush::hush(b'E', frame.body, &mut io.to_client).ok_or_else(|| broken("ErrorResponse"))?
            }
            None => io.to_client.extend_from_slice(frame.raw),
        }
        if let Some(shown) = io.to_client.get(start.saturating_add(5)..).and_then(ErrorFields::parse) {
            let text = |field| String::from_utf8_lossy(shown.field(field)).into_owned();
            link.record(
                env.now,
                Kind::Error { statement: number, code: text(b'C'), message: text(b'M') },
                io,
            );
        }
        self.copying_in = false;
        let in_query = matches!(self.replies.due(), None | Some(Reply::Query(_)));
        if !in_query {
            let (skipped, sync) = self.replies.skip_to_sync();
            self.skipping = !sync;
            if self.skipping {
                self.drop_parked();
            }
            for reply in skipped {
                match reply {
                    Reply::Parse { seq, .. } => self.statements.abandon(seq),
                    Reply::Bind { seq, .. } => self.portals.abandon(seq),
                    Reply::Probe(_) => self.abandon_hold(link, io),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

impl Running {
    /// Which way its COPY goes, if it is one.
    fn copies(&self) -> Option<CopyDirection> {
        self.analysis.as_ref()?.facts.iter().flatten().find_map(|facts| facts.copy)
    }

    /// The columns of the rows to come.
    fn describe_rows(&mut self, fields: &[Field], formats: Option<&[i16]>) {
        // What has no judgement was poisoned, and its rows never pass.
        self.masks = self.judgement.as_ref().and_then(|judgement| {
            Masks::new(fields, formats, &judgement.origin, &judgement.active, &judgement.plane)
        });
        let masked = self.masks.as_ref().map(|masks| masks.names(fields)).unwrap_or_default();
        self.result.describe(fields, formats, masked);
        self.described = true;
    }

    /// Before the first row: an Execute's columns were described to its prepared statement.
    fn prepare_rows(&mut self) -> Taken {
        if self.described {
            return Ok(());
        }
        let clean = self.judgement.as_ref().is_some_and(|judgement| judgement.origin.is_clean());
        let Some(portal) = self.portal.clone() else { return Err(broken("rows without a description")) };
        match portal.prepared.columns() {
            Some(fields) => self.describe_rows(&fields, Some(&portal.formats)),
            None if clean => self.described = true,
            None => return Err(broken("rows without a description")),
        }
        Ok(())
    }
}

/// The server must read text as the gate does.
fn check_parameter(body: &[u8]) -> Taken {
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
