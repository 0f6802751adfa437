//! MCP: what each message asks for, lists cut down to what policy shows, refusals in the protocol's words.

use std::collections::BTreeMap;

use gatewright_core::api::SeenTool;
use gatewright_core::bundle::http::Mcp;
use gatewright_core::policy::{Action, Request, Target as Resource, Verdict};

use super::judge::{Judged, Ruling, goes_on, name_json};
use super::{Env, Exchange, Serving};
use crate::Plane;
use crate::agent::Agent;
use crate::json::Value;
use crate::mcp::{Ask, Entry, Exchange as Transport, Facts, Listing, Message, read, rpc_error};
use crate::path::Target;
use crate::reply::{Refusal, Reply};

/// Deepest argument that policies see by name.
const MOST_DEEP: usize = 4;
/// Most arguments that policies see by name.
const MOST_ARGUMENTS: usize = 200;
/// Longest definition of a tool that people are shown, in bytes.
const MOST_DEFINITION: usize = 16 << 10;

/// A request to an MCP endpoint.
#[derive(Debug)]
pub(super) struct Spoken {
    facts: Facts,
    messages: Vec<Message>,
}

impl Plane {
    /// The MCP server, where the target is its endpoint.
    pub(crate) fn mcp_at(&self, target: &Target) -> Option<&Mcp> {
        let mcp = self.api.mcp.as_ref()?;
        let own = target.segments().eq(mcp.path.split('/').filter(|segment| !segment.is_empty()));
        own.then_some(mcp)
    }
}

impl Exchange {
    /// Reads the messages of a request to an MCP endpoint.
    pub(super) fn read_messages(&mut self) -> Result<(), Refusal> {
        let fault = |status: u16, body: String| {
            let mut refusal = Refusal::new(status, body);
            if status == 405 {
                refusal = refusal.header("allow", "GET, POST, DELETE");
            }
            refusal
        };
        let facts = Facts::read(&self.asked.method, &self.asked.head.fields().collect::<Vec<_>>())
            .map_err(|why| fault(why.status, why.to_string()))?;
        let mut messages = Vec::new();
        if facts.exchange == Transport::Post {
            messages = read(&self.asked.body, facts.revision()).map_err(|why| fault(400, why.to_string()))?;
            for message in &messages {
                facts.confirm(message).map_err(|why| fault(why.status, why.to_string()))?;
            }
        }
        self.spoken = Some(Spoken { facts, messages });
        Ok(())
    }

    /// Decides about all messages: one that is denied denies all.
    pub(super) fn judge_messages(
        &self,
        serving: &Serving,
        mcp: &Mcp,
        request: &Request,
        env: Env<'_>,
        judged: &mut Judged,
        ruling: &mut Ruling,
    ) -> Result<(), Refusal> {
        let Some(spoken) = &self.spoken else { return Ok(()) };
        if spoken.messages.is_empty() {
            let request = Request { rpc: self.asked.method.clone(), ..request.clone() };
            self.ask(serving, Action::Mcp, Resource::McpServer, request, env, ruling);
        }
        for message in &spoken.messages {
            let rpc = message.ask.method().unwrap_or("response").to_owned();
            let mut request = Request { rpc, ..request.clone() };
            let (action, resource) = match &message.ask {
                Ask::ToolsCall { name, arguments } => {
                    named(&mut request, "arguments", arguments, 0);
                    let tags = mcp.tools.get(name).map(|tool| tool.tags.clone()).unwrap_or_default();
                    if serving.plane.pins.is_changed(mcp, name) {
                        let refusal = Refusal::new(
                            403,
                            format!(
                                "the tool `{name}` describes itself otherwise than when it was accepted, so it is held \
                                 back until somebody accepts the change"
                            ),
                        )
                        .hint("use another tool, or ask whoever runs this gate to look at the change");
                        if serving.plane.enforcement.is_enforced() {
                            return Err(refusal);
                        }
                        ruling.refused(refusal);
                    }
                    (Action::ToolCall, Resource::Tool { name: name.clone(), tags })
                }
                Ask::ResourcesRead { uri }
                | Ask::ResourcesSubscribe { uri }
                | Ask::ResourcesUnsubscribe { uri } => {
                    (Action::ResourceRead, Resource::Document { uri: uri.clone() })
                }
                Ask::PromptsGet { name, arguments } => {
                    named(&mut request, "arguments", arguments, 0);
                    (Action::PromptGet, Resource::Prompt { name: name.clone() })
                }
                _ => (Action::Mcp, Resource::McpServer),
            };
            self.ask(serving, action, resource, request, env, ruling);
            if let Ask::ToolsCall { name, arguments } = &message.ask
                && let Some(sql) = mcp.tools.get(name).and_then(|tool| tool.sql.as_ref())
                && goes_on(&serving.plane, ruling)
            {
                let text = text_at(arguments, &sql.statement).ok_or_else(|| {
                    Refusal::new(403, format!("the tool's arguments have no SQL text at `{}`", sql.statement))
                });
                let done = text
                    .and_then(|text| self.judge_sql(serving, text, sql.rows.as_deref(), env, judged, ruling));
                if let Err(refusal) = done {
                    if serving.plane.enforcement.is_enforced() {
                        return Err(refusal);
                    }
                    // The next message may be one that is refused even so.
                    judged.uncertain = true;
                    ruling.refused(refusal);
                }
            }
        }
        Ok(())
    }

    /// Asks policy about one action, and adds what it says to the ruling.
    pub(super) fn ask(
        &self,
        serving: &Serving,
        action: Action,
        resource: Resource,
        request: Request,
        env: Env<'_>,
        ruling: &mut Ruling,
    ) {
        let decided =
            serving.agent.decide(&serving.plane, self.peer.ip(), action, resource, request, env.now);
        ruling.and(decided.0.clone(), &decided.1);
    }

    /// A refusal as the agent's protocol has it.
    pub(super) fn refusal_reply(&self, refusal: &Refusal) -> Reply {
        let Some(spoken) = self.spoken.as_ref().filter(|_| refusal.status != 401) else {
            return refusal.problem();
        };
        let revision = spoken.facts.revision();
        let answers: Vec<String> =
            spoken.messages.iter().filter_map(|message| message.refuse(&refusal.said, revision)).collect();
        let body = match answers.as_slice() {
            [] if spoken.messages.is_empty() => return refusal.problem(),
            [] => return refusal.reply(refusal.status, "application/json", rpc_error(None, &refusal.said)),
            [one] if spoken.messages.len() == 1 => one.clone(),
            all => format!("[{}]", all.join(",")),
        };
        match spoken.facts.takes {
            (false, true) => refusal.reply(200, "text/event-stream", crate::mcp::sse_event(&body)),
            _ => refusal.reply(200, "application/json", body),
        }
    }

    /// What is asked for, for people: `tools/call delete_order`.
    pub(super) fn spoken_line(&self) -> Option<String> {
        let spoken = self.spoken.as_ref().filter(|spoken| !spoken.messages.is_empty())?;
        let lines = spoken.messages.iter().map(|message| {
            let method = message.ask.method().unwrap_or("response");
            match &message.ask {
                Ask::ToolsCall { name, .. } | Ask::PromptsGet { name, .. } => format!("{method} {name}"),
                Ask::ResourcesRead { uri } => format!("{method} {uri}"),
                _ => method.to_owned(),
            }
        });
        Some(lines.collect::<Vec<_>>().join("; "))
    }
}

/// Whether an agent may see an entry of a list.
pub(super) fn may_see(plane: &Plane, agent: &Agent, source: &str, entry: &Entry, env: Env<'_>) -> bool {
    let name = entry.name.clone();
    let (action, resource) = match entry.listing {
        Listing::Tools => {
            if !plane.pins.accepts(plane, entry) {
                return false;
            }
            let tools = plane.api.mcp.as_ref().map(|mcp| &mcp.tools);
            let tags = tools.and_then(|tools| tools.get(&name)).map(|tool| tool.tags.clone());
            (Action::ToolList, Resource::Tool { name, tags: tags.unwrap_or_default() })
        }
        Listing::Resources | Listing::ResourceTemplates => {
            (Action::ResourceRead, Resource::Document { uri: name })
        }
        Listing::Prompts => (Action::PromptGet, Resource::Prompt { name }),
    };
    let request = Request { method: "POST".to_owned(), rpc: "list".to_owned(), ..Request::default() };
    !matches!(agent.decide(plane, source, action, resource, request, env.now).0, Verdict::Deny(_))
}

/// Names the leaves of arguments: `arguments.address.city`.
fn named(request: &mut Request, prefix: &str, value: &Value, depth: usize) {
    if depth > MOST_DEEP || request.fields.len() >= MOST_ARGUMENTS {
        return;
    }
    match value {
        Value::Record(members) => {
            for (name, value) in members {
                named(request, &format!("{prefix}.{name}"), value, depth.saturating_add(1));
            }
        }
        leaf => name_json(request, prefix, leaf),
    }
}

/// The text at a JSON pointer of objects.
fn text_at<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    let mut at = value;
    for name in pointer.split('/').skip(1) {
        let name = name.replace("~1", "/").replace("~0", "~");
        let Value::Record(members) = at else { return None };
        at = &members.iter().find(|(known, _)| *known == name)?.1;
    }
    match at {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// Which definitions of tools were seen.
#[derive(Debug, Default)]
pub(crate) struct Pins(std::cell::RefCell<BTreeMap<String, Pin>>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pin {
    /// Of the definition that counts.
    digest: String,
    /// Of the one that was seen last.
    last: String,
    changed: bool,
    /// What the host was not told yet: digest and definition.
    news: Option<SeenTool>,
}

impl Pins {
    /// Whether a tool's definition is the accepted one, or the first one ever.
    fn accepts(&self, plane: &Plane, entry: &Entry) -> bool {
        let Some(mcp) = plane.api.mcp.as_ref().filter(|mcp| mcp.pinned) else { return true };
        let digest = entry.digest.map(hex::encode).unwrap_or_default();
        let mut pins = self.0.borrow_mut();
        let accepted = mcp.accepted.get(&entry.name).cloned();
        let before = pins.get(&entry.name).map(|pin| pin.digest.clone());
        let accepted_or_first = accepted.clone().or_else(|| before.clone()).unwrap_or_else(|| digest.clone());
        let changed = accepted_or_first != digest;
        let is_news = (accepted.as_ref() != Some(&digest) || mcp.held.contains(&entry.name))
            && pins.get(&entry.name).is_none_or(|pin| pin.last != digest);
        let seen = || {
            let most = entry.said.floor_char_boundary(MOST_DEFINITION);
            let definition = entry.said.get(..most).unwrap_or_default().to_owned();
            SeenTool { name: entry.name.clone(), digest: digest.clone(), definition }
        };
        let news = is_news.then(seen);
        // The first one stays what others are compared with, until the host says otherwise.
        let pin = Pin { digest: accepted_or_first, last: digest.clone(), changed, news };
        let told = pins.insert(entry.name.clone(), pin).and_then(|before| before.news);
        if let Some(pin) = pins.get_mut(&entry.name)
            && pin.news.is_none()
        {
            pin.news = told;
        }
        !changed
    }

    /// What the host was not told yet.
    pub(super) fn take_news(&self) -> Vec<SeenTool> {
        self.0.borrow_mut().values_mut().filter_map(|pin| pin.news.take()).collect()
    }

    /// Whether a tool was last seen with another definition than the accepted one.
    fn is_changed(&self, mcp: &Mcp, name: &str) -> bool {
        let seen = self.0.borrow().get(name).map(|pin| pin.changed);
        // Seen here since the bundle came, or anywhere before.
        mcp.pinned && seen.unwrap_or_else(|| mcp.held.contains(name))
    }
}
