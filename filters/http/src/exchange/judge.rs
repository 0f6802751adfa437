//! What is asked, and what policy says of it.

use std::rc::Rc;

use gatewright_core::bundle::http::IdentitySource;
use gatewright_core::mask::Method;
use gatewright_core::policy::{Action, ApprovalRule, Denial, Request, Target as Resource, Verdict};

use super::stages::too_large;
use super::{Env, Exchange, Io, Serving, Stage};
use crate::body::{Form, Pointer};
use crate::json;
use crate::path::Target;
use crate::reply::Refusal;
use crate::{Plane, headers, metadata};

/// What the decision says about the answer.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// Fields that are masked in this very answer, beside the bundle's.
    pub(super) masks: Vec<(Pointer, Method)>,
    /// The answer's words about an error may quote masked values.
    pub(super) hush: bool,
    /// Headers that policy saw: an approval is for these values.
    pub(super) headers: Vec<(String, Vec<u8>)>,
    /// The endpoint that the request fits, `GET /customers/{id}`.
    pub(super) endpoint: Option<String>,
    /// Any value of the answer may be one that is masked, so that all of them are.
    pub(super) uncertain: bool,
}

/// A decision as it comes together.
pub(super) struct Ruling {
    pub(super) verdict: Verdict,
    pub(super) policies: Vec<String>,
    /// What is told instead of the verdict's reason.
    pub(super) refusal: Option<Refusal>,
    /// It is refused in shadow mode too.
    pub(super) stands: bool,
}

impl Ruling {
    pub(super) fn new() -> Self {
        Self { verdict: Verdict::Allow, policies: Vec::new(), refusal: None, stands: false }
    }

    /// Denied, in these words.
    pub(super) fn refused(&mut self, refusal: Refusal) {
        let policies = refusal.said.policy.iter().cloned().collect();
        self.and(Verdict::Deny(Denial { policies, reason: refusal.said.reason.clone() }), &[]);
        self.refusal.get_or_insert(refusal);
    }

    pub(super) fn and(&mut self, verdict: Verdict, policies: &[String]) {
        for policy in policies {
            if !self.policies.contains(policy) {
                self.policies.push(policy.clone());
            }
        }
        let before = std::mem::replace(&mut self.verdict, Verdict::Allow);
        self.verdict = before.and(verdict);
    }
}

impl Exchange {
    /// Reads the head: one way only, or not at all.
    pub(super) fn read_head(&mut self, env: Env<'_>, io: &mut Io) -> Result<(), Refusal> {
        let head = &self.asked.head;
        self.asked.method = head.text(":method").unwrap_or_default().to_owned();
        self.asked.upgrade = head.has("upgrade");
        method(&self.asked.method)?;
        let path = head.first(":path").unwrap_or_default();
        if let Some(plane) = env.plane
            && self.asked.method == "GET"
            && let Some(reply) = metadata::reply(plane, path)
        {
            io.reply = Some(reply);
            self.stage = Stage::Refused;
            return Ok(());
        }
        let drop = env.plane.map_or(&[][..], |plane| &plane.dropped);
        let rules = headers::Rules { drop, ..headers::Rules::default() };
        let dropped = headers::review(&head.fields().collect::<Vec<_>>(), rules)
            .map_err(|why| Refusal::new(400, why.to_string()))?;
        let target = Target::read(path).map_err(|why| Refusal::new(400, why.to_string()))?;
        if target.query().overrides_method() {
            return Err(Refusal::new(
                400,
                "the query names another method than the request has; send that method",
            ));
        }
        if let Some(plane) = env.plane {
            self.upgrade(plane)?;
            let verified =
                plane.api.identity.iter().any(|source| matches!(source, IdentitySource::JwtAuthn { .. }));
            if verified && target.query().pairs().any(|(name, _)| name.eq_ignore_ascii_case("access_token")) {
                // Where Envoy's jwt_authn looks too, unless it is told otherwise; it may leave it there.
                return Err(Refusal::new(400, "the query holds an `access_token`; send it as a header"));
            }
        }
        self.asked.target = Some(target);
        self.asked.dropped = dropped;
        let most = env.plane.map_or(1 << 20, |plane| plane.limits.max_message as usize);
        let length = head.text("content-length").and_then(|length| length.parse::<u64>().ok());
        if length.is_some_and(|length| length > most as u64) {
            return Err(too_large(most));
        }
        Ok(())
    }

    /// Whether the API knows the protocol that is asked for, if one is.
    fn upgrade(&self, plane: &Plane) -> Result<(), Refusal> {
        let known =
            |protocol: &str| plane.api.upgrades.iter().any(|known| known.eq_ignore_ascii_case(protocol));
        let wanted = self.asked.head.all("upgrade");
        let wanted = wanted.map(|value| std::str::from_utf8(value).unwrap_or_default());
        for protocol in wanted.flat_map(|value| value.split(',')).map(str::trim) {
            if !known(protocol) {
                let detail = "this API lets no request leave HTTP for that protocol; leave the header `upgrade` out, or \
                              ask whoever runs this gate to list it under `upgrades`";
                return Err(Refusal::new(403, detail));
            }
        }
        Ok(())
    }

    /// Decides about the request as a whole.
    pub(super) fn decide(&mut self, env: Env<'_>, io: &mut Io) -> Result<Stage, Refusal> {
        self.understand()?;
        let Some(serving) = &self.serving else { return Ok(Stage::Refused) };
        let plane = Rc::clone(&serving.plane);
        let enforced = plane.enforcement.is_enforced();
        let mut judged = Judged::default();
        let mut ruling = Ruling::new();
        if let Err(refusal) = self.ruling(serving, env, &mut judged, &mut ruling) {
            if enforced {
                return Err(refusal);
            }
            // What of its SQL would be masked is not known either.
            judged.uncertain |= plane.sql.is_some();
            ruling.refused(refusal);
        }
        judged.hush |= judged.uncertain;
        self.judged = Some(judged);
        let Ruling { verdict, policies, refusal, stands } = ruling;
        let passes = !enforced && !stands;
        match verdict {
            Verdict::Allow => {
                self.record_decision("allow", false, &policies, "", env.now, io);
                Ok(Stage::Credential(None))
            }
            Verdict::Deny(Denial { policies, reason }) => {
                self.record_decision("deny", !passes, &policies, &reason, env.now, io);
                if passes {
                    return Ok(Stage::Credential(None));
                }
                Err(refusal.unwrap_or_else(|| denied(&policies, &reason)))
            }
            Verdict::NeedsApproval(rule) => {
                self.record_decision("hold", !passes, &rule.policies, &rule.reason, env.now, io);
                if passes {
                    return Ok(Stage::Credential(None));
                }
                Ok(self.ask_for_approval(&rule, env, io))
            }
        }
    }

    /// Reads what is said to an MCP server, where it is one.
    pub(super) fn understand(&mut self) -> Result<(), Refusal> {
        if let (Some(serving), Some(target)) = (&self.serving, &self.asked.target)
            && serving.plane.mcp_at(target).is_some()
        {
            if self.asked.upgrade {
                return Err(Refusal::new(
                    403,
                    "MCP is spoken over HTTP here; leave the header `upgrade` out",
                ));
            }
            self.read_messages()?;
        }
        Ok(())
    }

    pub(super) fn ruling(
        &self,
        serving: &Serving,
        env: Env<'_>,
        judged: &mut Judged,
        ruling: &mut Ruling,
    ) -> Result<(), Refusal> {
        let plane = &serving.plane;
        let Some(target) = &self.asked.target else { return Err(Refusal::new(400, "there is no path")) };
        let head = &self.asked.head;
        let method = self.asked.method.as_str();
        if let Some(mcp) = plane.mcp_at(target) {
            let request = Request { method: method.to_owned(), path: path_of(target), ..Request::default() };
            return self.judge_messages(serving, mcp, &request, env, judged, ruling);
        }
        let found = match plane.templates.match_(method, target) {
            // What may be got may be asked about.
            Ok(None) if method == "HEAD" => plane.templates.match_("GET", target),
            found => found,
        };
        let found = found.map_err(|why| Refusal::new(400, why.to_string()))?;
        let mut request = Request { method: method.to_owned(), path: path_of(target), ..Request::default() };
        let mut resource = Resource::Api;
        let mut sql = None;
        let mut repeated: &[String] = &[];
        if let Some(found) = &found
            && let Some((position, method)) = plane.routes.get(found.template)
            && let Some(endpoint) = plane.api.endpoints.get(*position)
        {
            judged.endpoint = Some(format!("{method} {}", endpoint.path));
            resource = Resource::Endpoint {
                method: method.clone(),
                path: endpoint.path.clone(),
                tags: endpoint.tags.clone(),
            };
            for (name, value) in &found.variables {
                name_value(&mut request, name, value);
            }
            for name in &endpoint.headers {
                if let Some(value) = only(head.all(name), || format!("the header `{name}`"))? {
                    judged.headers.push((name.clone(), value.to_vec()));
                    name_value(&mut request, &format!("header.{name}"), &String::from_utf8_lossy(value));
                }
            }
            repeated = &endpoint.repeated;
            let pointers = plane.fields.get(*position).map_or(&[][..], Vec::as_slice);
            if !pointers.is_empty() && !self.asked.body.is_empty() {
                self.json_fields(pointers, &mut request)?;
            }
            sql = endpoint.sql.as_ref();
        }
        query(target, repeated, &mut request)?;
        let actions: &[Action] =
            if self.asked.upgrade { &[Action::Request, Action::Upgrade] } else { &[Action::Request] };
        for action in actions {
            self.ask(serving, *action, resource.clone(), request.clone(), env, ruling);
        }
        // What follows an upgrade passes unseen, and so unmasked.
        ruling.stands |= self.asked.upgrade && ruling.verdict != Verdict::Allow && plane.enforcement.masks();
        if let Some(sql) = sql
            && goes_on(plane, ruling)
        {
            self.sql(serving, sql, env, judged, ruling)?;
        }
        if found.is_none()
            && let Verdict::Deny(denial) = &ruling.verdict
            && denial.policies.is_empty()
        {
            ruling.refusal = Some(self.no_endpoint(serving, target));
        }
        Ok(())
    }

    /// A request that fits nothing that is configured, and that no policy permits.
    fn no_endpoint(&self, serving: &Serving, target: &Target) -> Refusal {
        let methods = serving.plane.templates.methods(target);
        if methods.is_empty() {
            let detail = "this gate knows no endpoint of that path, and no policy permits the rest of the API; use a \
                          documented path, or ask whoever runs this gate to add it";
            return Refusal::new(403, detail);
        }
        let detail = format!(
            "this gate knows that path with other methods only: {}; no policy permits the rest of the API",
            methods.join(", ")
        );
        Refusal::new(403, detail)
    }

    fn json_fields(
        &self,
        pointers: &[(String, json::Pointer)],
        request: &mut Request,
    ) -> Result<(), Refusal> {
        self.is_json()?;
        let fields = json::fields(&self.asked.body, pointers)
            .map_err(|why| Refusal::new(400, format!("the body: {why}")))?;
        for (name, value) in fields {
            name_json(request, &name, &value);
        }
        Ok(())
    }

    /// A body that policies look into must be what they read it as.
    pub(super) fn is_json(&self) -> Result<(), Refusal> {
        let head = &self.asked.head;
        let coded = head.all("content-encoding").any(|coding| !coding.eq_ignore_ascii_case(b"identity"));
        if coded {
            return Err(Refusal::new(
                415,
                "the body is compressed, and this gate must read it; send it plain",
            ));
        }
        match Form::of(head.first("content-type")) {
            Ok(Form::Json) => Ok(()),
            Ok(_) => Err(Refusal::new(415, "this endpoint takes `content-type: application/json`")),
            Err(why) => Err(Refusal::new(415, format!("the body: {why}"))),
        }
    }
}

/// Methods that no policy can be meant to permit, and spellings that not everybody reads in the same way.
fn method(method: &str) -> Result<(), Refusal> {
    match method {
        // RFC 9110 section 9.3.8: the target would send back its credential.
        "TRACE" | "TRACK" => {
            Err(Refusal::new(403, "no request is traced here: its headers are not the agent's to see"))
        }
        "CONNECT" => Err(Refusal::new(403, "this gate opens no tunnels; send a request to the API")),
        _ if method.starts_with(|c: char| c.is_ascii_uppercase())
            && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-') =>
        {
            Ok(())
        }
        _ => Err(Refusal::new(400, "the method is not in upper case, as servers expect it")),
    }
}

/// Whether more of a request is looked at: in shadow mode all of it, as it will have an answer.
pub(super) fn goes_on(plane: &Plane, ruling: &Ruling) -> bool {
    !plane.enforcement.is_enforced() || !matches!(ruling.verdict, Verdict::Deny(_))
}

pub(super) fn denied(policies: &[String], reason: &str) -> Refusal {
    Refusal::new(403, reason).policies(policies)
}

/// What an approval of the request is good for, in the words of the policies.
pub(super) fn needs(rule: &ApprovalRule) -> String {
    format!("this needs the approval of {}: {}", rule.approvers.join(" or "), rule.reason)
}

fn path_of(target: &Target) -> String {
    let canonical = target.canonical();
    canonical.split('?').next().unwrap_or_default().to_owned()
}

/// Names a value of JSON: whole numbers as such too, and what is no text by its one spelling.
pub(super) fn name_json(request: &mut Request, name: &str, value: &json::Value) {
    let text = match value {
        json::Value::Null => return,
        json::Value::Text(text) => text.clone(),
        other => {
            let mut text = String::new();
            other.canonical(&mut text);
            text
        }
    };
    if let json::Value::Long(number) = value {
        request.numbers.insert(name.to_owned(), *number);
    }
    request.fields.insert(name.to_owned(), text);
}

fn name_value(request: &mut Request, name: &str, value: &str) {
    if let Ok(number) = value.parse::<i64>()
        && number.to_string() == value
    {
        request.numbers.insert(name.to_owned(), number);
    }
    request.fields.insert(name.to_owned(), value.to_owned());
}

/// Query parameters, by names in lower case: some servers do not tell `Admin` from `admin`.
fn query(target: &Target, repeated: &[String], request: &mut Request) -> Result<(), Refusal> {
    for (name, value) in target.query().pairs() {
        let key = format!("query.{}", name.to_lowercase());
        if repeated.iter().any(|known| known == name) {
            let all = target.query().all(name).map_err(|why| Refusal::new(400, why.to_string()))?;
            request.fields.insert(key, all.join("\n"));
            continue;
        }
        if request.fields.contains_key(&key) {
            let detail = format!(
                "the query parameter `{name}` stands there twice, which servers read in different ways; send it once"
            );
            return Err(Refusal::new(400, detail));
        }
        name_value(request, &key, value);
    }
    Ok(())
}

fn only<'a>(
    mut all: impl Iterator<Item = &'a [u8]>,
    what: impl Fn() -> String,
) -> Result<Option<&'a [u8]>, Refusal> {
    let first = all.next();
    if all.next().is_some() {
        return Err(Refusal::new(400, format!("{} stands there twice; send it once", what())));
    }
    Ok(first)
}
