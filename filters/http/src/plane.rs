//! The compiled bundle: what all requests of a worker share.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use foldhash::quality::RandomState;
use gatewright_core::api::Presented;
use gatewright_core::bundle::http::{Api, Endpoint, IdentitySource};
use gatewright_core::bundle::{self, Bundle};
use gatewright_core::detect::Detectors;
use gatewright_core::identity::{Identity, Refusal, Verifier};
use gatewright_core::mask::Method;
use gatewright_core::policy::Engine;
use gatewright_core::time::Millis;
use serde_json::{Map, Value};

use crate::agent::Agent;
use crate::body::{Options, Pointer, Rules};
use crate::exchange::Pins;
use crate::json;
use crate::path::Templates;

/// Why a bundle cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PlaneError(String);

/// Most agents kept, in each of two generations.
const AGENTS: usize = 5_000;

/// A compiled bundle.
pub struct Plane {
    digest: String,
    pub(crate) name: String,
    pub(crate) api: Api,
    pub(crate) approvals: bundle::Approvals,
    pub(crate) recording: bundle::Recording,
    pub(crate) enforcement: bundle::Enforcement,
    pub(crate) limits: bundle::Limits,
    pub(crate) templates: Templates,
    /// By the position of a template: its endpoint and method.
    pub(crate) routes: Vec<(usize, String)>,
    /// By endpoint: pointers of the fields that policies see.
    pub(crate) fields: Vec<Vec<(String, json::Pointer)>>,
    pub(crate) detectors: Option<Rc<Detectors>>,
    /// Headers of agents that the target does not get, beside those that it never gets.
    pub(crate) dropped: Vec<String>,
    pub(crate) providers: Vec<bundle::Provider>,
    pub(crate) engine: Engine,
    /// The database that SQL in bodies is for.
    pub(crate) sql: Option<Rc<gatewright_postgres::Plane>>,
    /// Definitions of tools that were seen.
    pub(crate) pins: Pins,
    verifier: Verifier,
    masks: Vec<(Pointer, Method)>,
    mask_key: Vec<u8>,
    agents: RefCell<Generations>,
    rules: RefCell<HashMap<Vec<usize>, Rc<Rules>>>,
}

impl std::fmt::Debug for Plane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plane({:?}, {})", self.name, self.digest)
    }
}

/// Agents by their tokens; forgets those that did not come for a whole generation.
#[derive(Default)]
struct Generations {
    young: HashMap<String, Rc<Agent>, RandomState>,
    old: HashMap<String, Rc<Agent>, RandomState>,
}

impl Plane {
    /// Reads a bundle's JSON and compiles it.
    ///
    /// # Errors
    /// Says what cannot be read or used.
    pub fn from_json(json: &[u8]) -> Result<Self, PlaneError> {
        Self::new(&Bundle::read(json).map_err(PlaneError)?)
    }

    /// Compiles a bundle.
    ///
    /// # Errors
    /// Says which part cannot be used.
    pub fn new(bundle: &Bundle) -> Result<Self, PlaneError> {
        bundle.fits().map_err(PlaneError)?;
        let api = bundle.api.clone().ok_or_else(|| PlaneError("the resource is no HTTP API".to_owned()))?;
        if api.identity.is_empty() {
            return Err(PlaneError("there is nowhere to look for the agent's identity".to_owned()));
        }
        let detectors = match &bundle.detectors {
            none if none.is_empty() => None,
            some => Some(Rc::new(Detectors::new(some).map_err(|e| PlaneError(format!("detectors: {e}")))?)),
        };
        let Read { routes, templates, fields, masks } = Read::new(&api)?;
        let mut dropped = api.credential_headers.clone();
        dropped.extend(api.identity.iter().filter_map(|source| match source {
            IdentitySource::Header { name } => Some(name.clone()),
            _ => None,
        }));
        let sql = api.sql.as_ref().map(|sql| sql_plane(bundle, sql)).transpose()?;
        Ok(Self {
            digest: bundle.digest.clone(),
            name: bundle.resource.name.clone(),
            approvals: bundle.approvals.clone(),
            recording: bundle.recording.clone(),
            enforcement: bundle.enforcement,
            limits: bundle.limits.clone(),
            templates,
            routes,
            fields,
            detectors,
            dropped,
            providers: bundle.providers.clone(),
            engine: Engine::from_json(&bundle.policies).map_err(|e| PlaneError(e.to_string()))?,
            sql,
            verifier: Verifier::new(&bundle.providers).map_err(PlaneError)?,
            pins: Pins::default(),
            masks,
            mask_key: bundle.mask_key.clone().into_bytes(),
            agents: RefCell::default(),
            rules: RefCell::default(),
            api,
        })
    }

    /// Hex digest of the bundle that this was compiled from.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Where agents' identities come from.
    #[must_use]
    pub fn identity_sources(&self) -> &[IdentitySource] {
        &self.api.identity
    }

    /// When a request may go ahead.
    #[must_use]
    pub fn recording_mode(&self) -> bundle::RecordingMode {
        self.recording.mode
    }

    /// The agent of a token: verified once, and then known until the token ends.
    pub(crate) fn agent_of_token(&self, token: &str, now: Millis) -> Result<Rc<Agent>, Refusal> {
        let mut agents = self.agents.borrow_mut();
        let known = agents.young.get(token).cloned().or_else(|| {
            let old = agents.old.remove(token)?;
            agents.keep(token, &old);
            Some(old)
        });
        if let Some(known) = known
            && now < known.identity.expires_at
        {
            return Ok(known);
        }
        let identity = self.verifier.verify(token, now)?;
        let agent = Rc::new(Agent::new(identity, Presented::Token(token.to_owned())));
        agents.keep(token, &agent);
        Ok(agent)
    }

    /// The agent whose token the proxy verified.
    pub(crate) fn agent_of_claims(
        &self,
        claims: Map<String, Value>,
        now: Millis,
    ) -> Result<Rc<Agent>, Refusal> {
        self.verifier.vouched(claims, now).map(|identity| self.agent_vouched_for(identity))
    }

    /// The agent that the proxy vouches for.
    pub(crate) fn agent_vouched_for(&self, identity: Identity) -> Rc<Agent> {
        let presented = Presented::Vouched {
            issuer: identity.issuer.clone(),
            subject: identity.subject.clone(),
            groups: identity.groups.clone(),
        };
        let mut agents = self.agents.borrow_mut();
        let agent = Agent::new(identity, presented);
        let name = hex::encode(agent.key);
        if let Some(known) = agents.young.get(&name)
            && known.identity == agent.identity
        {
            return Rc::clone(known);
        }
        let agent = Rc::new(agent);
        agents.keep(&name, &agent);
        agent
    }

    /// The rules of those masks.
    pub(crate) fn rules(&self, active: &[usize]) -> Rc<Rules> {
        let mut all = self.rules.borrow_mut();
        if let Some(known) = all.get(active) {
            return Rc::clone(known);
        }
        let rules = Rc::new(self.rules_with(active, Vec::new()));
        if all.len() >= 1_000 {
            all.clear();
        }
        all.insert(active.to_vec(), Rc::clone(&rules));
        rules
    }

    /// The rules of those masks and of more.
    pub(crate) fn rules_with(&self, active: &[usize], more: Vec<(Pointer, Method)>) -> Rules {
        let mut pointers = more;
        pointers.extend(active.iter().filter_map(|position| self.masks.get(*position).cloned()));
        Rules::new(
            pointers,
            Options {
                detectors: self.detectors.clone(),
                mask_key: self.mask_key.clone(),
                embedded: self.api.mcp.is_some(),
                exact_keys: false,
            },
        )
    }
}

/// What an API's texts mean.
struct Read {
    routes: Vec<(usize, String)>,
    templates: Templates,
    fields: Vec<Vec<(String, json::Pointer)>>,
    masks: Vec<(Pointer, Method)>,
}

impl Read {
    fn new(api: &Api) -> Result<Self, PlaneError> {
        let mut routes = Vec::new();
        for (position, endpoint) in api.endpoints.iter().enumerate() {
            routes.extend(endpoint.methods.iter().map(|method| (position, method.clone())));
        }
        let path =
            |position: usize| api.endpoints.get(position).map_or("", |endpoint| endpoint.path.as_str());
        let pairs: Vec<(Option<&str>, &str)> =
            routes.iter().map(|(position, method)| (Some(method.as_str()), path(*position))).collect();
        let templates = Templates::compile(&pairs).map_err(|e| PlaneError(e.to_string()))?;
        let fields = api.endpoints.iter().map(fields).collect::<Result<_, _>>()?;
        let masks = api.masks.iter().map(|mask| {
            let pointer = mask.field.parse::<Pointer>();
            pointer.map(|pointer| (pointer, mask.method)).map_err(|e| PlaneError(format!("masks: {e}")))
        });
        let masks = masks.collect::<Result<_, _>>()?;
        Ok(Self { routes, templates, fields, masks })
    }
}

/// Whether an API's paths and pointers can be read.
///
/// # Errors
/// Says which cannot.
pub fn check(api: &Api) -> Result<(), PlaneError> {
    Read::new(api).map(drop)
}

impl Generations {
    fn keep(&mut self, name: &str, agent: &Rc<Agent>) {
        if self.young.len() >= AGENTS {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(name.to_owned(), Rc::clone(agent));
    }
}

fn fields(endpoint: &Endpoint) -> Result<Vec<(String, json::Pointer)>, PlaneError> {
    let pointer = |(name, pointer): (&String, &String)| {
        let parsed = json::Pointer::parse(pointer);
        parsed
            .map(|parsed| (name.clone(), parsed))
            .map_err(|e| PlaneError(format!("`{}`: {e}", endpoint.path)))
    };
    endpoint.fields.iter().map(pointer).collect()
}

/// The database behind endpoints that take SQL, as the PostgreSQL plane decides about it.
fn sql_plane(
    bundle: &Bundle,
    sql: &bundle::http::SqlTarget,
) -> Result<Rc<gatewright_postgres::Plane>, PlaneError> {
    let role = bundle::Role { name: sql.role.clone(), target: sql.role.clone(), ephemeral: false };
    let resource = bundle::Resource {
        name: sql.database.clone(),
        database: sql.database.clone(),
        roles: vec![role],
        allow_cleartext_password: false,
        announce: false,
    };
    let plane = gatewright_postgres::Plane::new(&Bundle { resource, api: None, ..bundle.clone() });
    plane.map(Rc::new).map_err(|e| PlaneError(format!("SQL: {e}")))
}
