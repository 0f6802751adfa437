//! A plane of a small API, and exchanges on it, without a proxy.
#![allow(
    dead_code,
    unreachable_pub,
    missing_debug_implementations,
    reason = "the support of a suite, apart from it"
)]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::str::FromStr as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use gatewright_core::bundle::http::{Api, Endpoint, FieldMask, IdentitySource, Mcp};
use gatewright_core::bundle::{
    ApprovalMode, Approvals, Bundle, Enforcement, FORMAT, Limits, Provider, Recording, RecordingMode,
    Resource, VERSION,
};
use gatewright_core::call::{HostReply, HostRequest};
use gatewright_core::mask::Method;
use gatewright_http::{Change, Env, Exchange, Flow, Head, Io, Peer, Plane, Reply, Visits};
use serde_json::{Value, json};

pub const NOW: u64 = 1_800_000_000_000;

pub const POLICIES: &str = r#"
@id("connect") permit (principal, action == Action::"connect", resource);
@id("read") permit (principal, action == Action::"request", resource is Endpoint)
when { context.method == "GET" || context.method == "HEAD" };
@id("small") permit (principal, action == Action::"request", resource == Endpoint::"shop.POST /orders")
when { context.numbers.hasTag("amount") && context.numbers.getTag("amount") <= 100 };
@id("delete") @approvers("dba") @reason("deleting needs a dba")
permit (principal, action == Action::"request", resource == Endpoint::"shop.DELETE /orders/{id}")
when { context.approved };
@id("sockets") permit (principal, action == Action::"upgrade", resource is Endpoint);
@id("mcp") permit (principal, action == Action::"mcp", resource) when { context.rpc == "tools/list" };
@id("tools") permit (principal, action in [Action::"tool_list", Action::"tool_call"], resource)
when { resource == Tool::"shop.get" };
"#;

pub fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

pub fn token() -> String {
    let claims = json!({"iss": "https://idp", "aud": "gatewright", "sub": "ann", "groups": [], "exp": NOW / 1000 + 600});
    let part = |text: String| URL_SAFE_NO_PAD.encode(text);
    let signed = format!("{}.{}", part(r#"{"alg":"EdDSA","kid":"k"}"#.into()), part(claims.to_string()));
    format!("{signed}.{}", part_of(&key().sign(signed.as_bytes()).to_bytes()))
}

pub fn part_of(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn plane() -> Rc<Plane> {
    plane_of(vec![IdentitySource::Bearer {}])
}

pub fn plane_of(identity: Vec<IdentitySource>) -> Rc<Plane> {
    Rc::new(Plane::new(&bundle(identity)).unwrap())
}

pub fn bundle(identity: Vec<IdentitySource>) -> Bundle {
    let policies = cedar_policy::PolicySet::from_str(POLICIES).unwrap();
    let mut named = cedar_policy::PolicySet::new();
    for policy in policies.policies() {
        let id = cedar_policy::PolicyId::new(policy.annotation("id").unwrap());
        named.add(policy.new_id(id)).unwrap();
    }
    let endpoint = |method: &str, path: &str, fields: &[(&str, &str)]| Endpoint {
        methods: vec![method.into()],
        path: path.into(),
        fields: fields.iter().map(|(name, at)| ((*name).into(), (*at).into())).collect(),
        ..Endpoint::default()
    };
    let api = Api {
        identity,
        upgrades: vec!["websocket".into()],
        credential_headers: vec!["x-api-key".into()],
        endpoints: vec![
            endpoint("GET", "/customers/{id}", &[]),
            endpoint("POST", "/orders", &[("amount", "/amount")]),
            endpoint("DELETE", "/orders/{id}", &[]),
        ],
        masks: vec![FieldMask { field: "/**/ssn".into(), method: Method::Redact, tags: vec![] }],
        mcp: Some(Mcp { path: "/mcp".into(), tools: BTreeMap::new(), ..Mcp::default() }),
        ..Api::default()
    };
    let x = part_of(key().verifying_key().as_bytes());
    Bundle {
        format: FORMAT,
        version: VERSION.to_owned(),
        digest: "d".into(),
        resource: Resource {
            name: "shop".into(),
            database: String::new(),
            roles: vec![],
            allow_cleartext_password: false,
            announce: false,
        },
        providers: vec![Provider {
            issuer: "https://idp".into(),
            audiences: vec!["gatewright".into()],
            algorithms: vec!["EdDSA".into()],
            jwks: json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k", "alg": "EdDSA", "x": x}]}),
            groups_claim: "/groups".into(),
            leeway_s: 30,
            required_claims: vec![],
            groups: vec![],
        }],
        policies: named.to_json().unwrap(),
        catalogue: Default::default(),
        approvals: Approvals { mode: ApprovalMode::Hold, in_transaction: ApprovalMode::Hold, expires_s: 900 },
        recording: Recording {
            mode: RecordingMode::Buffered,
            max_unacknowledged: 1000,
            max_rows: 10,
            max_result_bytes: 4096,
        },
        enforcement: Enforcement::Enforce,
        limits: Limits { max_message: 4096, ..Limits::default() },
        mask_key: "key".into(),
        detectors: Default::default(),
        api: Some(api),
    }
}

/// Sessions that are called `s0`, `s1` and so on.
pub fn visits() -> Visits {
    thread_local! {
        static NEXT: Cell<u32> = const { Cell::new(0) };
    }
    NEXT.set(0);
    Visits::new(|| format!("s{}", NEXT.replace(NEXT.get() + 1)))
}

/// What came of a request and its response.
#[derive(Debug, Default, PartialEq)]
pub struct Seen {
    /// The request went on, with these changes of its head.
    pub passed: Option<Vec<Change>>,
    /// Approvals asked for.
    pub approvals: Vec<String>,
    pub reply: Option<Reply>,
    /// The request goes on after it waited once more.
    pub resumed: bool,
    /// Changes of the response's head, and its body.
    pub response: Vec<Change>,
    pub body: Vec<u8>,
    pub reset: bool,
    pub events: String,
}

pub struct Played {
    pub exchange: Exchange,
    pub plane: Rc<Plane>,
    pub visits: Visits,
    pub seen: Seen,
}

impl Played {
    pub fn new() -> Self {
        Self::of(plane(), Peer::default())
    }

    pub fn of(plane: Rc<Plane>, peer: Peer) -> Self {
        let peer = Peer { source: "10.0.0.1:999".into(), ..peer };
        let exchange = Exchange::new(peer);
        Self { exchange, plane, visits: visits(), seen: Seen::default() }
    }

    pub fn act(&mut self, act: impl FnOnce(&mut Exchange, Env<'_>, &mut Io) -> Option<Flow>) {
        let mut io = Io::default();
        let env = Env { plane: Some(&self.plane), visits: &self.visits, now: NOW };
        let flow = act(&mut self.exchange, env, &mut io);
        self.settle(flow, io);
    }

    pub fn settle(&mut self, flow: Option<Flow>, mut io: Io) {
        let passes = io.resume || flow == Some(Flow::Continue);
        self.seen.resumed |= io.resume;
        if passes && self.seen.passed.is_none() && io.reply.is_none() {
            self.seen.passed = Some(std::mem::take(&mut io.changes));
        }
        self.seen.response.append(&mut io.changes);
        if let Some(body) = io.body.take() {
            self.seen.body.extend(body);
        }
        self.seen.reset |= io.reset;
        self.seen.reply = self.seen.reply.take().or(io.reply);
        self.seen.events.push_str(std::str::from_utf8(io.events.lines.text()).unwrap());
        for call in io.calls {
            let body = match call.request {
                HostRequest::Credential(_) => {
                    json!({"headers": [["x-api-key", "secret"]], "expires_at": NOW + 600_000})
                }
                HostRequest::CreateApproval(request) => {
                    self.seen.approvals.push(request.statement);
                    json!({"id": "A1", "url": "https://gate/A1", "state": "pending", "expires_at": NOW + 900_000})
                }
                HostRequest::AwaitApproval(_) => {
                    json!({"id": "A1", "url": "https://gate/A1", "state": "approved", "expires_at": NOW + 900_000})
                }
                _ => Value::Null,
            };
            let reply = HostReply { status: 200, body: body.to_string().into_bytes() };
            let mut io = Io::default();
            let env = Env { plane: Some(&self.plane), visits: &self.visits, now: NOW };
            self.exchange.host(call.token, &reply, env, &mut io);
            self.settle(None, io);
        }
    }

    pub fn request(&mut self, head: &[(&str, &str)], body: &[u8], cuts: &[usize]) {
        let authorization = format!("Bearer {}", token());
        let mut all = vec![("authorization".to_owned(), authorization.into_bytes())];
        all.extend(head.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())));
        let end = body.is_empty();
        self.act(|exchange, env, io| Some(exchange.request_head(all.into_iter().collect(), end, env, io)));
        for (piece, end) in pieces(body, cuts) {
            self.act(|exchange, env, io| Some(exchange.request_body(piece, end, env, io)));
        }
    }

    pub fn respond(&mut self, head: &[(&str, &str)], body: &[u8], cuts: &[usize]) {
        let head = head.iter().copied().collect::<Head>();
        let end = body.is_empty();
        self.act(|exchange, env, io| Some(exchange.response_head(&head, end, env, io)));
        for (piece, end) in pieces(body, cuts) {
            if self.seen.reply.is_none() && !self.seen.reset {
                self.act(|exchange, env, io| Some(exchange.response_body(piece, end, env, io)));
            }
        }
    }
}

pub fn pieces<'a>(body: &'a [u8], cuts: &[usize]) -> Vec<(&'a [u8], bool)> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut % (body.len() + 1)).collect();
    at.extend([0, body.len()]);
    at.sort_unstable();
    let last = body.len();
    at.windows(2)
        .map(|pair| (&body[pair[0]..pair[1]], pair[1] == last))
        .filter(|(piece, end)| !piece.is_empty() || *end)
        .scan(false, |over, (piece, end)| {
            let before = std::mem::replace(over, end);
            (!before).then_some((piece, end))
        })
        .collect()
}

pub const GET: &[(&str, &str)] = &[
    (":method", "GET"),
    (":path", "/customers/7?x=1"),
    (":authority", "a"),
    ("x-api-key", "mine"),
    ("accept-encoding", "gzip"),
];
pub const POST: &[(&str, &str)] =
    &[(":method", "POST"), (":path", "/orders"), (":authority", "a"), ("content-type", "application/json")];
pub const OK: &[(&str, &str)] =
    &[(":status", "200"), ("content-type", "application/json"), ("content-length", "40"), ("etag", "\"x\"")];
pub const CUSTOMER: &[u8] = br#"{"id":7,"ssn":"987-65-4320","more":[{"S\u0073N":1}],"name":"Ada"}"#;
