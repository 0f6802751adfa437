//! Whole exchanges, without a proxy: what the target and the agent get, whatever the pieces.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "a test may panic"
)]

use std::collections::BTreeMap;
use std::rc::Rc;
use std::str::FromStr as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use gatewright_core::bundle::http::{Api, Endpoint, FieldMask, IdentitySource, Mcp};
use gatewright_core::bundle::{
    ApprovalMode, Approvals, Bundle, FORMAT, Limits, Provider, Recording, RecordingMode, Resource,
};
use gatewright_core::call::{HostReply, HostRequest};
use gatewright_core::mask::Method;
use gatewright_http::{Change, Env, Exchange, Flow, Head, Io, Peer, Plane, Reply, Visits};
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: u64 = 1_800_000_000_000;

const POLICIES: &str = r#"
@id("connect") permit (principal, action == Action::"connect", resource);
@id("read") permit (principal, action == Action::"request", resource is Endpoint)
when { context.method == "GET" || context.method == "HEAD" };
@id("small") permit (principal, action == Action::"request", resource == Endpoint::"shop.POST /orders")
when { context.numbers.hasTag("amount") && context.numbers.getTag("amount") <= 100 };
@id("delete") @approvers("dba") @reason("deleting needs a dba")
permit (principal, action == Action::"request", resource == Endpoint::"shop.DELETE /orders/{id}")
when { context.approved };
@id("mcp") permit (principal, action == Action::"mcp", resource) when { context.rpc == "tools/list" };
@id("tools") permit (principal, action in [Action::"tool_list", Action::"tool_call"], resource)
when { resource == Tool::"shop.get" };
"#;

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn token() -> String {
    let claims = json!({"iss": "https://idp", "aud": "gatewright", "sub": "ann", "groups": [], "exp": NOW / 1000 + 600});
    let part = |text: String| URL_SAFE_NO_PAD.encode(text);
    let signed = format!("{}.{}", part(r#"{"alg":"EdDSA","kid":"k"}"#.into()), part(claims.to_string()));
    format!("{signed}.{}", part_of(&key().sign(signed.as_bytes()).to_bytes()))
}

fn part_of(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn plane() -> Rc<Plane> {
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
        identity: vec![IdentitySource::Bearer],
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
    let bundle = Bundle {
        format: FORMAT,
        digest: "d".into(),
        resource: Resource {
            name: "shop".into(),
            database: String::new(),
            roles: vec![],
            allow_cleartext_password: false,
        },
        providers: vec![Provider {
            issuer: "https://idp".into(),
            audiences: vec!["gatewright".into()],
            algorithms: vec!["EdDSA".into()],
            jwks: json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k", "alg": "EdDSA", "x": x}]}),
            groups_claim: "/groups".into(),
            leeway_s: 30,
            required_claims: vec![],
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
        limits: Limits { max_message: 4096, ..Limits::default() },
        mask_key: "key".into(),
        detectors: Default::default(),
        api: Some(api),
    };
    Rc::new(Plane::new(&bundle).unwrap())
}

/// What came of a request and its response.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    /// The request went on, with these changes of its head.
    passed: Option<Vec<Change>>,
    /// Approvals asked for.
    approvals: Vec<String>,
    reply: Option<Reply>,
    /// Changes of the response's head, and its body.
    response: Vec<Change>,
    body: Vec<u8>,
    reset: bool,
    events: String,
}

struct Played {
    exchange: Exchange,
    plane: Rc<Plane>,
    visits: Visits,
    seen: Seen,
}

impl Played {
    fn new() -> Self {
        let peer = Peer { source: "10.0.0.1:999".into(), ..Peer::default() };
        let exchange = Exchange::new("session", peer);
        Self { exchange, plane: plane(), visits: Visits::default(), seen: Seen::default() }
    }

    fn act(&mut self, act: impl FnOnce(&mut Exchange, Env<'_>, &mut Io) -> Option<Flow>) {
        let mut io = Io::default();
        let env = Env { plane: Some(&self.plane), visits: &self.visits, now: NOW };
        let flow = act(&mut self.exchange, env, &mut io);
        self.settle(flow, io);
    }

    fn settle(&mut self, flow: Option<Flow>, mut io: Io) {
        let passes = io.resume || flow == Some(Flow::Continue);
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

    fn request(&mut self, head: &[(&str, &str)], body: &[u8], cuts: &[usize]) {
        let authorization = format!("Bearer {}", token());
        let mut all = vec![("authorization".to_owned(), authorization.into_bytes())];
        all.extend(head.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())));
        let end = body.is_empty();
        self.act(|exchange, env, io| Some(exchange.request_head(Head(all), end, env, io)));
        for (piece, end) in pieces(body, cuts) {
            self.act(|exchange, env, io| Some(exchange.request_body(piece, end, env, io)));
        }
    }

    fn respond(&mut self, head: &[(&str, &str)], body: &[u8], cuts: &[usize]) {
        let head =
            Head(head.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect());
        let end = body.is_empty();
        self.act(|exchange, env, io| Some(exchange.response_head(&head, end, env, io)));
        for (piece, end) in pieces(body, cuts) {
            if self.seen.reply.is_none() && !self.seen.reset {
                self.act(|exchange, env, io| Some(exchange.response_body(piece, end, env, io)));
            }
        }
    }
}

fn pieces<'a>(body: &'a [u8], cuts: &[usize]) -> Vec<(&'a [u8], bool)> {
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

const GET: &[(&str, &str)] = &[
    (":method", "GET"),
    (":path", "/customers/7?x=1"),
    (":authority", "a"),
    ("x-api-key", "mine"),
    ("accept-encoding", "gzip"),
];
const POST: &[(&str, &str)] =
    &[(":method", "POST"), (":path", "/orders"), (":authority", "a"), ("content-type", "application/json")];
const OK: &[(&str, &str)] =
    &[(":status", "200"), ("content-type", "application/json"), ("content-length", "40"), ("etag", "\"x\"")];
const CUSTOMER: &[u8] = br#"{"id":7,"ssn":"987-65-4320","more":[{"S\u0073N":1}],"name":"Ada"}"#;

fn text(seen: &Seen) -> String {
    String::from_utf8(seen.body.clone()).unwrap()
}

#[test]
fn a_request_goes_on_without_what_is_the_agents_own() {
    let mut played = Played::new();
    played.request(GET, b"", &[]);
    let passed = played.seen.passed.clone().expect("it passes");
    for gone in ["authorization", "x-api-key", "accept-encoding"] {
        assert!(passed.contains(&Change::Remove(gone.into())), "{gone}: {passed:?}");
    }
    assert!(passed.contains(&Change::Set("x-api-key".into(), b"secret".to_vec())), "{passed:?}");
    played.respond(OK, CUSTOMER, &[]);
    assert_eq!(
        text(&played.seen),
        r#"{"id":7,"ssn":"[masked]","more":[{"S\u0073N":"[masked]"}],"name":"Ada"}"#
    );
    for gone in ["content-length", "etag"] {
        assert!(played.seen.response.contains(&Change::Remove(gone.into())), "{gone}");
    }
    let events = &played.seen.events;
    assert!(
        events.contains("GET /customers/7?x=1") && !events.contains("4320") && events.contains("[masked]"),
        "{events}"
    );
}

#[test]
fn decisions_look_into_the_body() {
    for (body, passes) in [
        (&br#"{"amount":100}"#[..], true),
        (br#"{"amount":101}"#, false),
        (br#"{"amount":"100"}"#, false),
        (br#"{"amount":1,"amount":500}"#, false),
        (br#"{"amount":1,"Amount":500}"#, false),
        (b"{", false),
        (b"", false),
    ] {
        let mut played = Played::new();
        played.request(POST, body, &[]);
        assert_eq!(played.seen.passed.is_some(), passes, "{:?}", String::from_utf8_lossy(body));
        assert_eq!(played.seen.reply.is_some(), !passes);
    }
}

#[test]
fn held_until_approved() {
    let mut played = Played::new();
    let delete = [(":method", "DELETE"), (":path", "/orders/5"), (":authority", "a")];
    played.request(&delete, b"", &[]);
    assert_eq!(played.seen.approvals, ["DELETE /orders/5"]);
    assert!(played.seen.passed.is_some());
}

#[test]
fn what_cannot_be_read_is_not_shown() {
    for (kind, body) in [
        ("application/json", &b"{\"a\":1,}"[..]),
        ("application/json; charset=utf-16", b"{}"),
        ("application/json", b"{\"ssn\":\"1"),
        ("application/octet-stream", b"987-65-4320"),
        ("", b"987-65-4320"),
    ] {
        let mut played = Played::new();
        played.request(GET, b"", &[]);
        played.respond(&[(":status", "200"), ("content-type", kind)], body, &[]);
        assert_eq!(played.seen.reply.as_ref().map(|reply| reply.status), Some(502), "{kind}");
        assert!(played.seen.body.is_empty() && !played.seen.reset);
    }
    let mut played = Played::new();
    played.request(GET, b"", &[]);
    // The first piece has gone out: the rest is cut off.
    played.respond(OK, b"{\"name\":\"Ada\",\"ssn\":\"987-65-4320\",}", &[14, 30]);
    assert!(played.seen.reset && !text(&played.seen).contains("4320"), "{}", text(&played.seen));
}

#[test]
fn tools_are_listed_as_policy_says() {
    let head = [
        POST[0],
        (":path", "/mcp"),
        POST[2],
        POST[3],
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", "2025-06-18"),
    ];
    let mut played = Played::new();
    played.request(&head, br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#, &[3]);
    assert!(played.seen.passed.is_some(), "{:?}", played.seen);
    let list = br#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"get"},{"name":"drop"}]}}"#;
    played.respond(OK, list, &[10, 50]);
    assert_eq!(text(&played.seen), r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"get"}]}}"#);
    let mut played = Played::new();
    let call = br#"{"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"name":"drop"}}"#;
    played.request(&head, call, &[]);
    let reply = played.seen.reply.expect("refused");
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(
        (reply.status, &body["id"], &body["result"]["isError"]),
        (200, &json!("x"), &json!(true)),
        "{body}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_pieces_give_the_same(
        request in proptest::collection::vec(any::<usize>(), 0..6),
        response in proptest::collection::vec(any::<usize>(), 0..6),
        which in 0_usize..4,
    ) {
        let events = b"id: 1\ndata: {\"ssn\":\"987-65-4320\"}\n\ndata: x\n\n";
        let (kind, body) = [
            ("application/json", CUSTOMER),
            ("text/event-stream", &events[..]),
            ("text/csv", b"id,ssn\n1,987-65-4320\n"),
            ("application/x-ndjson", b"{\"ssn\":1}\n{\"a\":2}\n"),
        ][which];
        let head = [(":status", "200"), ("content-type", kind)];
        let run = |request: &[usize], response: &[usize]| {
            let mut played = Played::new();
            played.request(POST, br#"{"amount":7,"note":"abc"}"#, request);
            played.respond(&head, body, response);
            played.seen
        };
        let (whole, cut) = (run(&[], &[]), run(&request, &response));
        prop_assert!(!text(&whole).contains("4320"));
        prop_assert_eq!(whole, cut);
    }
}
