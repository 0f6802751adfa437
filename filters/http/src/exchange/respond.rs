//! What the agent gets: the target's answer, masked as it passes.

use std::rc::Rc;

use gatewright_core::api::SeenTools;
use gatewright_core::bundle::http::Opaque;
use gatewright_core::call::HostRequest;
use gatewright_core::time::Millis;

use super::mcp::may_see;
use super::{Env, Exchange, Flow, Io, SWITCHING, Stage};
use crate::agent::Masking;
use crate::answer;
use crate::body::{Decoder, Form, Limits, Masker, Unreadable};
use crate::head::{Change, Head};
use crate::mcp::{Entry, Events, Lists};
use crate::reply::Refusal;

/// The answer to a request.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// What is masked for this agent.
    pub(super) masking: Option<Masking>,
    /// The decision is recorded.
    pub(super) stated: bool,
    /// Up to where the session must be durable before the request goes on.
    pub(super) recorded_at: u64,
    /// The end is recorded.
    pub(super) over: bool,
    /// The target's status; 0 while there is none.
    pub(super) status: u16,
    /// The first bytes of the body, after masking.
    pub(super) sample: Vec<u8>,
    /// Why it was cut off, if it was.
    pub(super) cut: Option<&'static str>,
    body: Option<Body>,
    /// Nothing but the head is let through.
    bare: bool,
    /// The head has gone to the agent.
    sent: bool,
}

/// A body that is read as it passes.
#[derive(Debug)]
struct Body {
    decoder: Decoder,
    /// Of an MCP server: cuts down lists.
    lists: Option<Lists>,
    masker: Masker,
}

impl Answer {
    /// What was masked or found.
    pub(super) fn masked(&self) -> Vec<String> {
        let masked = self.body.as_ref().map(|body| body.masker.masked());
        masked.unwrap_or_default().into_iter().map(str::to_owned).collect()
    }
}

impl Exchange {
    /// The head of the response. `end`: there is nothing after it.
    pub fn response_head(&mut self, head: &Head, end: bool, env: Env<'_>, io: &mut Io) -> Flow {
        if !matches!(self.stage, Stage::Passed) {
            // An answer of the proxy or of this very filter: the target has not seen the request.
            return Flow::Continue;
        }
        let status = head.text(":status").and_then(|status| status.parse().ok()).unwrap_or(0);
        self.answer.status = status;
        match self.read_response(head, status, end, io) {
            Ok(flow) => {
                self.answer.sent = flow == Flow::Continue;
                if end {
                    self.record_end(env.now, io);
                }
                flow
            }
            Err(refusal) => {
                self.replace(&refusal, env.now, io);
                Flow::Continue
            }
        }
    }

    fn read_response(&mut self, head: &Head, status: u16, end: bool, io: &mut Io) -> Result<Flow, Refusal> {
        let Some(serving) = &self.serving else { return Ok(Flow::Continue) };
        let Some(masking) = &self.answer.masking else { return Ok(Flow::Continue) };
        let (more, hush) = match &mut self.judged {
            Some(judged) => (std::mem::take(&mut judged.masks), judged.hush),
            None => (Vec::new(), false),
        };
        if status == SWITCHING {
            if !self.asked.upgrade {
                return Err(Refusal::new(502, "the target left HTTP without having been asked to"));
            }
            // Policy permitted it: what follows is no HTTP, and passes unseen.
            io.resume = std::mem::take(&mut self.asked.waiting);
            return Ok(Flow::Continue);
        }
        if hush && status >= 400 {
            let detail = format!(
                "the target answered with status {status}; its words are withheld, since they could quote masked values. \
                 Check the statement"
            );
            return Err(Refusal::new(if status < 500 { 400 } else { 502 }, detail));
        }
        let speaks = self.spoken.is_some();
        if !masking.anything && more.is_empty() && !speaks {
            return Ok(Flow::Continue);
        }
        if let Some(detectors) = &serving.plane.detectors {
            answer::mask(head, detectors, &mut io.changes);
        }
        for name in answer::OF_THE_WHOLE_BODY {
            if head.has(name) {
                io.changes.push(Change::Remove((*name).to_owned()));
            }
        }
        if end || self.asked.method == "HEAD" || matches!(status, 204 | 304) {
            return Ok(Flow::Continue);
        }
        if status == 206 || head.has("content-range") {
            let detail =
                "the target sent a part of its answer, and parts cannot be masked; ask for all of it";
            return Err(Refusal::new(502, detail));
        }
        if !head.has("content-type") && matches!(status, 201 | 202 | 205 | 300..=399) {
            // It has no body, says the status, whatever its framing says.
            self.answer.bare = true;
            return Ok(Flow::Continue);
        }
        let form = Form::of(head.first("content-type")).map_err(|why| unreadable(&why))?;
        let codings = head.all("content-encoding").collect::<Vec<_>>().join(&b","[..]);
        let limits = Limits::default();
        let decoder = Decoder::new(Some(&codings), limits.expansion).map_err(|why| unreadable(&why))?;
        let rules = match more.is_empty() {
            true => Rc::clone(&masking.rules),
            false => Rc::new(serving.plane.rules_with(&masking.active, more)),
        };
        let Some(masker) = Masker::new(form, rules, limits) else {
            return match serving.plane.api.opaque {
                Opaque::Pass => Ok(Flow::Continue),
                Opaque::Refuse => {
                    let kind = head.text("content-type").unwrap_or("none");
                    let kind: String = kind.chars().filter(char::is_ascii_graphic).take(80).collect();
                    let detail = format!(
                        "the target's answer is of a type that cannot be masked (`{kind}`); ask for JSON, or ask whoever \
                         runs this gate to let the type pass (`opaque: pass`)"
                    );
                    Err(Refusal::new(502, detail))
                }
            };
        };
        if !codings.is_empty() {
            io.changes.push(Change::Remove("content-encoding".to_owned()));
        }
        let lists = match form {
            _ if !speaks => None,
            Form::Json => Some(Lists::Json(Vec::new())),
            Form::EventStream => Some(Lists::Events(Events::new())),
            _ if (200..300).contains(&status) => {
                let detail =
                    "the target's answer is of a type that no MCP server sends; ask whoever runs the server";
                return Err(Refusal::new(502, detail));
            }
            _ => None,
        };
        self.answer.body = Some(Body { decoder, lists, masker });
        // The agent of a stream of events wants the head at once. Any other is told properly when the body turns out
        // to be unreadable at its beginning.
        Ok(if form == Form::EventStream { Flow::Continue } else { Flow::Pause })
    }

    /// The next piece of the response's body.
    pub fn response_body(&mut self, piece: &[u8], end: bool, env: Env<'_>, io: &mut Io) -> Flow {
        if !matches!(self.stage, Stage::Passed) {
            return Flow::Continue;
        }
        let mut out = Vec::new();
        if self.answer.bare {
            if !piece.is_empty() {
                self.answer.cut = Some("it has no type");
            }
            io.body = Some(out);
            if end {
                self.record_end(env.now, io);
            }
            return Flow::Continue;
        }
        let read = self.read_body(piece, end, env, &mut out);
        self.tell_of_tools(io);
        match read {
            Ok(masked) => {
                self.sample(if masked { &out } else { piece });
                if masked {
                    io.body = Some(out);
                }
                self.answer.sent = true;
            }
            Err(why) if self.answer.sent => {
                // What was decided of this piece is right, and the agent shall see that the rest is missing.
                self.sample(&out);
                io.body = Some(out);
                self.answer.cut = Some("it cannot be read");
                self.record_error("502", &why.to_string(), env.now, io);
                self.cut(env.now, io);
                return Flow::Continue;
            }
            Err(why) => {
                self.replace(&unreadable(&why), env.now, io);
                return Flow::Continue;
            }
        }
        if end {
            self.record_end(env.now, io);
        }
        Flow::Continue
    }

    /// The response ends with trailers.
    pub fn response_trailers(&mut self, trailers: &Head, env: Env<'_>, io: &mut Io) -> Flow {
        if !matches!(self.stage, Stage::Passed) {
            return Flow::Continue;
        }
        if let Some(serving) = &self.serving
            && let Some(detectors) = &serving.plane.detectors
        {
            answer::mask(trailers, detectors, &mut io.changes);
        }
        if self.answer.body.is_some() {
            for name in answer::OF_THE_WHOLE_BODY.iter().filter(|name| trailers.has(name)) {
                io.changes.push(Change::Remove((*name).to_owned()));
            }
        }
        let mut rest = Vec::new();
        let end = self.read_body(&[], true, env, &mut rest);
        if end.is_err() || !rest.is_empty() {
            // Bytes that were held back can not be sent any more once trailers are there.
            self.answer.cut = Some("it ends with trailers");
            self.cut(env.now, io);
            return Flow::Continue;
        }
        self.record_end(env.now, io);
        Flow::Continue
    }

    /// Reads a piece; false where bodies pass as they are.
    fn read_body(
        &mut self,
        piece: &[u8],
        end: bool,
        env: Env<'_>,
        out: &mut Vec<u8>,
    ) -> Result<bool, Unreadable> {
        let (Some(body), Some(serving)) = (&mut self.answer.body, &self.serving) else { return Ok(false) };
        let (plane, agent, source) = (&serving.plane, &serving.agent, self.peer.ip());
        let mut allowed = |entry: &Entry| may_see(plane, agent, source, entry, env);
        body.read(piece, end, &mut allowed, out)?;
        Ok(true)
    }

    fn tell_of_tools(&mut self, io: &mut Io) {
        let Some(serving) = self.serving.as_ref().filter(|_| self.spoken.is_some()) else { return };
        let tools = serving.plane.pins.take_news();
        if !tools.is_empty() {
            let resource = serving.plane.name.clone();
            self.call(HostRequest::SeenTools(SeenTools { resource, tools }), io);
        }
    }

    fn sample(&mut self, bytes: &[u8]) {
        let most =
            self.serving.as_ref().map_or(0, |serving| serving.plane.recording.max_result_bytes as usize);
        let left = most.saturating_sub(self.answer.sample.len());
        self.answer.sample.extend_from_slice(bytes.get(..left.min(bytes.len())).unwrap_or_default());
    }

    /// The agent gets an error instead of the answer, whose head it has not seen.
    fn replace(&mut self, refusal: &Refusal, now: Millis, io: &mut Io) {
        io.changes.clear();
        self.answer.body = None;
        self.record_refusal(refusal, now, io);
        io.reply = Some(self.refusal_reply(refusal));
        self.stage = Stage::Refused;
    }

    /// The rest of the answer does not come.
    fn cut(&mut self, now: Millis, io: &mut Io) {
        io.reset = true;
        self.record_end(now, io);
        self.answer.body = None;
        self.stage = Stage::Refused;
    }

    pub(super) fn cut_off(&mut self, why: &'static str, env: Env<'_>, io: &mut Io) {
        self.answer.cut = Some(why);
        self.cut(env.now, io);
    }
}

impl Body {
    fn read(
        &mut self,
        piece: &[u8],
        end: bool,
        allowed: &mut dyn FnMut(&Entry) -> bool,
        out: &mut Vec<u8>,
    ) -> Result<(), Unreadable> {
        let Self { decoder, lists, masker } = self;
        let mut step = |part: &[u8], end: bool, out: &mut Vec<u8>| match lists {
            Some(lists) => {
                let mut cut = Vec::new();
                lists.push(part, end, allowed, &mut cut)?;
                masker.push(&cut, out)
            }
            None => masker.push(part, out),
        };
        if decoder.is_identity() {
            step(piece, false, out)?;
        } else {
            decoder.push(piece, |part| step(part, false, out))?;
        }
        if end {
            decoder.finish()?;
            step(&[], true, out)?;
            masker.finish(out)?;
        }
        Ok(())
    }
}

fn unreadable(why: &Unreadable) -> Refusal {
    let detail = format!("the target's answer cannot be read, and so cannot be masked: {why}");
    Refusal::new(502, detail)
}
