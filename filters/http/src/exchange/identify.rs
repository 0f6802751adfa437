//! Who asks.

use std::rc::Rc;

use gatewright_core::api::{Challenge, LoginRequest};
use gatewright_core::bundle::http::IdentitySource;
use gatewright_core::call::HostRequest;
use gatewright_core::event::Kind;
use gatewright_core::identity::{Identity, Refusal as TokenRefusal};
use gatewright_core::policy::Verdict;
use gatewright_core::time::Millis;
use serde_json::Map;

use super::record::shown;
use super::{Env, Exchange, Io, Peer, Serving, Stage};
use crate::Plane;
use crate::agent::Agent;
use crate::head::Head;
use crate::mcp::{self, well_known};
use crate::reply::Refusal;
use crate::visit::Arrival;

/// How long a new bundle is waited for that may know a token's key, in milliseconds.
const NEW_KEYS: Millis = 1_500;

/// Why nobody could be identified.
enum Unknown {
    /// There is no token or certificate.
    Nobody,
    /// The token does not verify.
    Token(TokenRefusal),
    /// What the proxy vouches for cannot be used.
    Vouched(String),
}

impl Exchange {
    /// Finds out who asks, and whether they may use the API at all. `last`: new keys are not waited for any more.
    pub(super) fn identify(&mut self, env: Env<'_>, io: &mut Io, last: bool) -> Result<Stage, Refusal> {
        let plane = env.plane.ok_or_else(no_bundle)?;
        let agent = match agent(plane, &self.asked.head, &self.peer, env.now) {
            Ok(agent) => agent,
            Err(Unknown::Token(refusal)) if refusal.is_unknown_key() && !last => {
                if let Some(token) = token(plane, &self.asked.head) {
                    let request = LoginRequest {
                        user: String::new(),
                        resource: plane.name.clone(),
                        session: env.visits.fresh_id(),
                        role: String::new(),
                        token,
                        source: self.peer.ip().to_owned(),
                        challenge: Challenge::Cleartext,
                    };
                    self.call(HostRequest::RefreshKeys(request), io);
                }
                let until = env.now.saturating_add(NEW_KEYS);
                return Ok(Stage::Keys { digest: plane.digest().to_owned(), until });
            }
            Err(unknown) => return Err(unauthorized(plane, &unknown)),
        };
        self.admit(plane, agent, env, io)
    }

    /// Whether the agent may use the API at all.
    pub(super) fn admit(
        &mut self,
        plane: &Rc<Plane>,
        agent: Rc<Agent>,
        env: Env<'_>,
        io: &mut Io,
    ) -> Result<Stage, Refusal> {
        if let Err(verdict) = agent.connect(plane, self.peer.ip(), env.now) {
            let (policies, reason) = match *verdict {
                Verdict::Deny(denial) => (denial.policies, denial.reason),
                Verdict::NeedsApproval(rule) => {
                    (rule.policies, "using an API at all cannot wait for an approval".to_owned())
                }
                Verdict::Allow => (Vec::new(), String::new()),
            };
            let who = &agent.identity;
            self.stranger = Some(format!("{} of {}", who.subject, who.issuer));
            let detail = format!("{reason}. Ask whoever runs this gate for access to `{}`", plane.name);
            return Err(Refusal::new(403, detail).policies(&policies));
        }
        let who = &agent.identity;
        let arrival = Arrival { key: agent.key, ends_at: who.expires_at };
        let visit = env.visits.enter(&arrival, env.now, &mut io.events, || Kind::Open {
            resource: plane.name.clone(),
            principal: who.subject.clone(),
            issuer: who.issuer.clone(),
            groups: who.groups.clone(),
            role: String::new(),
            database: String::new(),
            source: self.peer.source.clone(),
            application: shown(self.asked.head.first("user-agent").unwrap_or_default(), 200),
        });
        let statement = visit.borrow_mut().next_statement();
        self.serving = Some(Serving {
            plane: Rc::clone(plane),
            agent,
            visit,
            statement,
            since: env.now,
            credential: None,
        });
        Ok(Stage::Body)
    }
}

pub(super) fn no_bundle() -> Refusal {
    Refusal::new(
        503,
        "this gate has no configuration yet, since its host has not answered; try again in a few seconds",
    )
    .retry_after(3)
}

/// The token of the first source that has one.
fn token(plane: &Plane, head: &Head) -> Option<String> {
    plane.api.identity.iter().find_map(|source| match source {
        IdentitySource::Bearer {} => bearer(head).map(str::to_owned),
        IdentitySource::Header { name } => head.text(name).map(|token| token.trim().to_owned()),
        IdentitySource::Cookie { name } => cookie(head, name).map(str::to_owned),
        IdentitySource::Mtls { .. } | IdentitySource::JwtAuthn { .. } => None,
    })
}

/// The first source that says anything decides.
fn agent(plane: &Plane, head: &Head, peer: &Peer, now: Millis) -> Result<Rc<Agent>, Unknown> {
    for source in &plane.api.identity {
        let token = match source {
            IdentitySource::Bearer {} => bearer(head),
            IdentitySource::Header { name } => head.text(name).map(str::trim),
            IdentitySource::Cookie { name } => cookie(head, name),
            IdentitySource::Mtls { groups } => match &peer.uri_san {
                Some(uri) => {
                    let identity = spiffe(uri, groups).map_err(Unknown::Vouched)?;
                    return Ok(plane.agent_vouched_for(identity));
                }
                None => None,
            },
            IdentitySource::JwtAuthn { .. } => match &peer.claims {
                Some(claims) => {
                    return plane.agent_of_claims(claims.clone(), now).map_err(Unknown::Token);
                }
                None => None,
            },
        };
        if let Some(token) = token {
            return plane.agent_of_token(token, now).map_err(Unknown::Token);
        }
    }
    Err(Unknown::Nobody)
}

/// `Authorization: Bearer` (RFC 6750 section 2.1; the scheme's case does not matter).
fn bearer(head: &Head) -> Option<&str> {
    let (scheme, token) = head.text("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The first cookie of that name (RFC 6265 section 4.2).
fn cookie<'a>(head: &'a Head, name: &str) -> Option<&'a str> {
    let all = head.all("cookie").filter_map(|line| std::str::from_utf8(line).ok());
    let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value.trim_matches('"'))
}

/// A SPIFFE ID (`spiffe://trust-domain/path`) as an identity.
fn spiffe(uri: &str, groups: &std::collections::BTreeMap<String, Vec<String>>) -> Result<Identity, String> {
    let rest = uri.strip_prefix("spiffe://").ok_or("the client certificate holds no SPIFFE ID")?;
    let (domain, path) = rest.split_once('/').unwrap_or((rest, ""));
    // What a SPIFFE ID may hold, sections 2.1 and 2.2: with anything else `…/agents/../admins` would be of `…/agents`.
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let of_domain = |c: char| named(c) && !c.is_ascii_uppercase();
    let is_step = |step: &str| !step.is_empty() && step != "." && step != ".." && step.chars().all(named);
    if domain.is_empty() || !domain.chars().all(of_domain) || !path.split('/').all(is_step) {
        return Err("the client certificate's SPIFFE ID is not `spiffe://trust-domain/path`".to_owned());
    }
    let mut of: Vec<String> = Vec::new();
    for (prefix, groups) in groups {
        // `…/agents` is for `…/agents` and all below it, not for `…/agents-of-others`.
        let inside = uri
            .strip_prefix(prefix.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || prefix.ends_with('/'));
        if inside {
            of.extend(groups.iter().filter(|group| !of.contains(group)).cloned().collect::<Vec<_>>());
        }
    }
    Ok(Identity {
        issuer: format!("spiffe://{domain}"),
        subject: uri.to_owned(),
        groups: of,
        claims: Map::new(),
        expires_at: Millis::MAX,
    })
}

/// 401 with the challenge of RFC 6750 section 3.
fn unauthorized(plane: &Plane, unknown: &Unknown) -> Refusal {
    let (error, detail) = match unknown {
        Unknown::Nobody => (None, nobody(plane)),
        Unknown::Token(refusal) => {
            (Some("invalid_token"), format!("{refusal}. Get a new token from your identity provider"))
        }
        Unknown::Vouched(why) => (Some("invalid_token"), why.clone()),
    };
    let metadata = plane.api.public_url.as_deref().and_then(well_known);
    let challenge = mcp::Challenge {
        resource_metadata: metadata.as_deref(),
        error,
        error_description: error.map(|_| detail.as_str()),
        scope: None,
    };
    let challenge = challenge.value();
    Refusal::new(401, detail).header("www-authenticate", challenge)
}

fn nobody(plane: &Plane) -> String {
    let ways = plane.api.identity.iter().map(|source| match source {
        IdentitySource::Bearer {} => {
            "`Authorization: Bearer` with a token of your identity provider".to_owned()
        }
        IdentitySource::Header { name } => {
            format!("the header `{name}` with a token of your identity provider")
        }
        IdentitySource::Cookie { name } => {
            format!("the cookie `{name}` with a token of your identity provider")
        }
        IdentitySource::Mtls { .. } => "a client certificate with a SPIFFE ID".to_owned(),
        IdentitySource::JwtAuthn { .. } => {
            "a token of your identity provider, as the proxy wants it".to_owned()
        }
    });
    format!("who is asking? Send {}", ways.collect::<Vec<_>>().join(", or "))
}
