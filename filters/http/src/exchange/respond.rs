//! What the agent gets: the target's answer, masked as it passes.

use std::collections::BTreeSet;
use std::rc::Rc;

use gatewright_core::api::SeenTools;
use gatewright_core::bundle::http::Opaque;
use gatewright_core::call::HostRequest;
use gatewright_core::mask::Method;
use gatewright_core::time::Millis;

use super::mcp::may_see;
use super::{Env, Exchange, Flow, Io, SWITCHING, Stage};
use crate::agent::Masking;
use crate::answer;
use crate::body::{Decoder, Form, Limits, Masker, Pointer, Unreadable};
use crate::head::{Change, Head};
use crate::mcp::{Entry, Events, Lists};
use crate::reply::Refusal;

/// Most entries of lists that are recorded because they would have been left out.
const MOST_HIDDEN: usize = 100;
/// Where an MCP server's answers hold what tools say: all that is no part of the protocol's own form.
const ALL_OF_MCP: [&str; 13] = [
    // What a server says of its own accord: messages for logs, progress, questions.
    "/params",
    "/*/params",
    "/**/content/*/text",
    "/**/content/*/data",
    "/**/content/*/resource",
    "/**/content/*/uri",
    "/**/content/*/name",
    "/**/content/*/title",
    "/**/content/*/description",
    "/**/structuredContent/*",
    "/**/_meta",
    "/**/error/message",
    "/**/error/data",
];

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
    /// In shadow mode of masks: the agent gets as it is what was masked for the recording.
    pub(super) unmasked: bool,
    /// In shadow mode of masks: why it would have been withheld.
    pub(super) would_withhold: Option<String>,
    /// In shadow mode: what would have been left out of lists.
    pub(super) would_hide: BTreeSet<String>,
    /// The body passes, and what of it would be masked is not known: nothing of it is recorded.
    unread: bool,
    body: Option<Body>,
    /// Nothing but the head is let through.
    bare: bool,
    /// The head has gone to the agent.
    sent: bool,
}

/// What reads an answer.
enum Reader {
    /// Nothing: it has no body.
    Nothing,
    /// Nothing: it passes unread, as the configuration says.
    Opaque,
    /// This.
    Body(Box<Body>),
}

/// A body that is read as it passes.
#[derive(Debug)]
struct Body {
    form: Form,
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
        let Some(masking) = self.answer.masking.clone() else { return Ok(Flow::Continue) };
        let (mut more, hush, uncertain) = match &mut self.judged {
            Some(judged) => (std::mem::take(&mut judged.masks), judged.hush, judged.uncertain),
            None => (Vec::new(), false, false),
        };
        if uncertain {
            let all = if self.spoken.is_some() { &ALL_OF_MCP[..] } else { &["/**"] };
            more.extend(all.iter().filter_map(|all| Some((all.parse().ok()?, Method::Redact))));
        }
        if status == SWITCHING {
            if !self.asked.upgrade {
                return Err(Refusal::new(502, "the target left HTTP without having been asked to"));
            }
            // Policy permitted it: what follows is no HTTP, and passes unseen.
            io.resume = std::mem::take(&mut self.asked.waiting);
            return Ok(Flow::Continue);
        }
        let speaks = self.spoken.is_some();
        let hush = hush && status >= 400;
        if !masking.anything && more.is_empty() && !speaks && !hush {
            return Ok(Flow::Continue);
        }
        let has_body = !(end || self.asked.method == "HEAD" || matches!(status, 204 | 304));
        if !serving.plane.enforcement.masks() {
            // What would become of it is found out beside it.
            match self.reader(head, status, hush, uncertain, &masking, more) {
                _ if !has_body => {}
                Ok(Reader::Body(body)) => self.answer.body = Some(*body),
                Ok(Reader::Nothing) => self.answer.unread = true,
                Ok(Reader::Opaque) => {}
                Err(refusal) => {
                    self.answer.unread = true;
                    self.answer.would_withhold = Some(refusal.said.reason.clone());
                }
            }
            self.answer.unmasked = self.answer.unread || self.answer.body.is_some();
            return Ok(Flow::Continue);
        }
        if hush {
            return Err(hushed(status));
        }
        if let Some(detectors) = &serving.plane.detectors {
            answer::mask(head, detectors, &mut io.changes);
        }
        for name in answer::OF_THE_WHOLE_BODY {
            if head.has(name) {
                io.changes.push(Change::Remove((*name).to_owned()));
            }
        }
        if !has_body {
            return Ok(Flow::Continue);
        }
        match self.reader(head, status, hush, uncertain, &masking, more)? {
            Reader::Nothing => self.answer.bare = true,
            Reader::Opaque => {}
            Reader::Body(body) => {
                if head.has("content-encoding") {
                    io.changes.push(Change::Remove("content-encoding".to_owned()));
                }
                // The agent of a stream of events wants the head at once. Any other is told properly when the body
                // turns out to be unreadable at its beginning.
                let waits = body.form != Form::EventStream;
                self.answer.body = Some(*body);
                return Ok(if waits { Flow::Pause } else { Flow::Continue });
            }
        }
        Ok(Flow::Continue)
    }

    /// What reads the body of an answer.
    fn reader(
        &self,
        head: &Head,
        status: u16,
        hush: bool,
        uncertain: bool,
        masking: &Masking,
        more: Vec<(Pointer, Method)>,
    ) -> Result<Reader, Refusal> {
        let Some(serving) = &self.serving else { return Ok(Reader::Nothing) };
        let speaks = self.spoken.is_some();
        if hush {
            return Err(hushed(status));
        }
        if status == 206 || head.has("content-range") {
            let detail =
                "the target sent a part of its answer, and parts cannot be masked; ask for all of it";
            return Err(Refusal::new(502, detail));
        }
        if !head.has("content-type") && matches!(status, 201 | 202 | 205 | 300..=399) {
            // It has no body, says the status, whatever its framing says.
            return Ok(Reader::Nothing);
        }
        let form = Form::of(head.first("content-type")).map_err(|why| unreadable(&why))?;
        let codings = head.all("content-encoding").collect::<Vec<_>>().join(&b","[..]);
        let limits = Limits::default();
        let decoder = Decoder::new(Some(&codings), limits.expansion).map_err(|why| unreadable(&why))?;
        let rules = match more.is_empty() {
            true => Rc::clone(&masking.rules),
            false => Rc::new(serving.plane.rules_with(&masking.active, more)),
        };
        if uncertain && !matches!(form, Form::Json | Form::EventStream) {
            let detail = "what of the answer comes from masked columns is not known, and it is no JSON of which every \
                          value could be masked";
            return Err(Refusal::new(502, detail));
        }
        let Some(masker) = Masker::new(form, rules, limits) else {
            return match serving.plane.api.opaque {
                Opaque::Pass => Ok(Reader::Opaque),
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
        Ok(Reader::Body(Box::new(Body { form, decoder, lists, masker })))
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
        let read = match read {
            read if !self.answer.unmasked => read,
            Ok(_) => {
                self.sample(&out);
                out.clear();
                Ok(false)
            }
            Err(why) => {
                self.answer.would_withhold = Some(unreadable(&why).said.reason);
                (self.answer.unread, self.answer.body) = (true, None);
                Ok(false)
            }
        };
        match read {
            Ok(_) if self.answer.unmasked => self.answer.sent = true,
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
            && serving.plane.enforcement.masks()
            && let Some(detectors) = &serving.plane.detectors
        {
            answer::mask(trailers, detectors, &mut io.changes);
        }
        if self.answer.unmasked {
            let mut rest = Vec::new();
            if let Err(why) = self.read_body(&[], true, env, &mut rest) {
                self.answer.would_withhold = Some(unreadable(&why).said.reason);
            }
            self.sample(&rest);
            self.record_end(env.now, io);
            return Flow::Continue;
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
        let Answer { body, would_hide, .. } = &mut self.answer;
        let (Some(body), Some(serving)) = (body, &self.serving) else { return Ok(false) };
        let (plane, agent, source) = (&serving.plane, &serving.agent, self.peer.ip());
        let mut allowed = |entry: &Entry| {
            let may = may_see(plane, agent, source, entry, env);
            if !may && !plane.enforcement.is_enforced() && would_hide.len() < MOST_HIDDEN {
                would_hide.insert(entry.name.clone());
            }
            may || !plane.enforcement.is_enforced()
        };
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
        if self.answer.unread {
            return;
        }
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
        let Self { decoder, lists, masker, .. } = self;
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

fn hushed(status: u16) -> Refusal {
    let detail = format!(
        "the target answered with status {status}; its words are withheld, since they could quote masked values. Check \
         the statement"
    );
    Refusal::new(if status < 500 { 400 } else { 502 }, detail)
}

fn unreadable(why: &Unreadable) -> Refusal {
    let detail = format!("the target's answer cannot be read, and so cannot be masked: {why}");
    Refusal::new(502, detail)
}
