//! Shadow mode: what passes, what is recorded, and what stays as it is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "a test may panic"
)]

#[path = "support/exchanges.rs"]
mod support;

use std::rc::Rc;
use std::str::FromStr as _;

use gatewright_core::bundle::http::{Endpoint, IdentitySource, SqlBody, SqlTarget, Tool};
use gatewright_core::bundle::{Bundle, Enforcement};
use gatewright_core::catalogue::{Catalogue, Column, MaskedColumn, Relation, RelationKind, Taint};
use gatewright_core::mask::Method;
use gatewright_http::{Head, Peer, Plane};
use serde_json::Value;
use support::*;

fn shadowed(enforcement: Enforcement) -> Bundle {
    Bundle { enforcement, ..bundle(vec![IdentitySource::Bearer {}]) }
}

fn on(bundle: &Bundle) -> Played {
    Played::of(Rc::new(Plane::new(bundle).unwrap()), Peer::default())
}

fn text(seen: &Seen) -> String {
    String::from_utf8(seen.body.clone()).unwrap()
}

fn events(seen: &Seen, kind: &str) -> Vec<Value> {
    let all = seen.events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|event| event["kind"] == kind).collect()
}

/// What became of the one request, and what would have; its shape and the reason.
#[track_caller]
fn decided(played: &Played) -> (String, String, String, String) {
    let statements = events(&played.seen, "statement");
    assert_eq!(statements.len(), 1, "{}", played.seen.events);
    let word = |name: &str| statements[0][name].as_str().unwrap_or("-").to_owned();
    (word("decision"), word("would"), word("shape"), word("reason"))
}

#[test]
fn what_is_denied_goes_on() {
    for (body, would) in [
        (&br#"{"amount":100}"#[..], "allow"),
        (br#"{"amount":101}"#, "deny"),
        (br#"{"amount":1,"amount":500}"#, "deny"),
        (b"{", "deny"),
    ] {
        let mut played = on(&shadowed(Enforcement::Shadow));
        played.request(POST, body, &[]);
        assert!(played.seen.passed.is_some() && played.seen.reply.is_none(), "{}", played.seen.events);
        let (decision, got, shape, reason) = decided(&played);
        assert_eq!((&*decision, &*got, &*shape), ("allow", would, "POST /orders"), "{reason}");
        assert_eq!(reason == "-", would == "allow");
    }
    // Nothing that is known: it passes as well.
    let mut played = on(&shadowed(Enforcement::Shadow));
    played.request(&[(":method", "PUT"), (":path", "/unknown/9"), (":authority", "a")], b"", &[]);
    assert!(played.seen.passed.is_some());
    let (_, would, shape, reason) = decided(&played);
    assert_eq!((&*would, &*shape), ("deny", "-"), "{reason}");
}

#[test]
fn nothing_is_held_and_nobody_is_asked() {
    let mut played = on(&shadowed(Enforcement::Shadow));
    played.request(&[(":method", "DELETE"), (":path", "/orders/5"), (":authority", "a")], b"", &[]);
    assert!(played.seen.passed.is_some() && played.seen.approvals.is_empty());
    let (decision, would, shape, reason) = decided(&played);
    assert_eq!((&*decision, &*would, &*shape), ("allow", "hold", "DELETE /orders/{id}"));
    assert_eq!(reason, "deleting needs a dba");
}

#[test]
fn what_cannot_be_read_and_who_it_is_stay_as_they_are() {
    let refused = |head: &[(&str, &str)], body: &[u8], status: u16| {
        let mut played = on(&shadowed(Enforcement::ShadowMasks));
        played.request(head, body, &[]);
        let reply = played.seen.reply.as_ref().unwrap_or_else(|| panic!("{head:?} passed"));
        assert_eq!((reply.status, played.seen.passed.is_some()), (status, false), "{head:?}");
    };
    refused(&[(":method", "GET"), (":path", "/customers/../admin"), (":authority", "a")], b"", 400);
    refused(&[(":method", "TRACE"), (":path", "/customers/7"), (":authority", "a")], b"", 403);
    refused(POST, &[b' '; 5_000], 413);
    refused(
        &[(":method", "GET"), (":path", "/customers/7"), (":authority", "a"), ("upgrade", "h2c")],
        b"",
        403,
    );
    let mcp = [
        (":method", "POST"),
        (":path", "/mcp"),
        (":authority", "a"),
        ("content-type", "application/json"),
        ("accept", "application/json"),
    ];
    refused(&mcp, b"{", 400);
    // No token, and nobody who may connect.
    let mut played = on(&shadowed(Enforcement::ShadowMasks));
    let head: Head = GET.iter().copied().collect();
    played.act(|exchange, env, io| Some(exchange.request_head(head, true, env, io)));
    assert_eq!(played.seen.reply.as_ref().unwrap().status, 401);
    let mut bundle = shadowed(Enforcement::ShadowMasks);
    bundle.policies["staticPolicies"].as_object_mut().unwrap().remove("connect").unwrap();
    let mut played = on(&bundle);
    played.request(GET, b"", &[]);
    assert_eq!(played.seen.reply.as_ref().unwrap().status, 403);
}

#[test]
fn masks_count_unless_they_are_in_shadow_mode_too() {
    let answer = |enforcement| {
        let mut played = on(&shadowed(enforcement));
        played.request(GET, b"", &[]);
        played.respond(OK, CUSTOMER, &[9, 30]);
        played
    };
    let masked = answer(Enforcement::Shadow);
    assert!(text(&masked.seen).contains("[masked]") && !text(&masked.seen).contains("4320"));
    let unmasked = answer(Enforcement::ShadowMasks);
    assert_eq!(
        (unmasked.seen.body.len(), unmasked.seen.response.len()),
        (0, 0),
        "bytes and head pass as they are"
    );
    let result = &events(&unmasked.seen, "result")[0];
    assert_eq!(result["unmasked"], true, "{result}");
    assert!(result["masked"].to_string().contains("/**/ssn"), "{result}");
    let recorded = result["rows"].to_string();
    assert!(recorded.contains("[masked]") && !unmasked.seen.events.contains("4320"), "{recorded}");
}

#[test]
fn what_could_not_be_masked_passes_unrecorded_in_shadow_mode_of_masks_only() {
    let body = br#"{"ssn":"987-65-4320","a":1,}"#;
    let answer = |enforcement, kind: &str, body: &[u8]| {
        let mut played = on(&shadowed(enforcement));
        played.request(GET, b"", &[]);
        played.respond(&[(":status", "200"), ("content-type", kind)], body, &[]);
        played
    };
    for kind in ["application/json", "application/octet-stream"] {
        let refused = answer(Enforcement::Shadow, kind, body);
        assert_eq!(refused.seen.reply.as_ref().map(|reply| reply.status), Some(502), "{kind}");
        let passed = answer(Enforcement::ShadowMasks, kind, body);
        assert!(passed.seen.reply.is_none() && !passed.seen.reset, "{kind}");
        let result = &events(&passed.seen, "result")[0];
        assert!(result["would_withhold"].as_str().is_some_and(|why| why.contains("masked")), "{result}");
        assert!(!passed.seen.events.contains("4320"), "{}", passed.seen.events);
    }
}

const MCP: &[(&str, &str)] = &[
    (":method", "POST"),
    (":path", "/mcp"),
    (":authority", "a"),
    ("content-type", "application/json"),
    ("accept", "application/json, text/event-stream"),
];

#[test]
fn tools_are_listed_and_called_and_recorded_as_what_they_would_be() {
    let mut played = on(&shadowed(Enforcement::Shadow));
    played.request(MCP, br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#, &[]);
    let list = br#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"get","inputSchema":{}},{"name":"drop","inputSchema":{}}]}}"#;
    played.respond(&[(":status", "200"), ("content-type", "application/json")], list, &[]);
    assert_eq!(text(&played.seen).as_bytes(), list);
    assert_eq!(events(&played.seen, "result")[0]["would_hide"], serde_json::json!(["drop"]));
    let call =
        br#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"drop","arguments":{"ssn":"1"}}}"#;
    let mut played = on(&shadowed(Enforcement::Shadow));
    played.request(MCP, call, &[]);
    assert!(played.seen.passed.is_some());
    let (decision, would, shape, _) = decided(&played);
    assert_eq!((&*decision, &*would, &*shape), ("allow", "deny", "tools/call drop"));
    // A tool that has changed is listed and called as well.
    let mut bundle = shadowed(Enforcement::Shadow);
    let mcp = bundle.api.as_mut().unwrap().mcp.as_mut().unwrap();
    mcp.pinned = true;
    mcp.accepted.insert("get".into(), "another".into());
    mcp.held.insert("get".into());
    let mut played = on(&bundle);
    played.request(MCP, br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#, &[]);
    played.respond(&[(":status", "200"), ("content-type", "application/json")], list, &[]);
    assert_eq!(text(&played.seen).as_bytes(), list);
    assert_eq!(events(&played.seen, "result")[0]["would_hide"], serde_json::json!(["drop", "get"]));
    let mut played = on(&bundle);
    played.request(
        MCP,
        br#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"get","arguments":{}}}"#,
        &[],
    );
    assert!(played.seen.passed.is_some());
    let (_, would, _, reason) = decided(&played);
    assert!(would == "deny" && reason.contains("describes itself otherwise"), "{would} {reason}");
}

/// An API that takes SQL: where its rows stand is known of `/query`, and not of `/other`.
fn with_sql(enforcement: Enforcement) -> Bundle {
    let mut bundle = shadowed(enforcement);
    let policies = format!(
        "{POLICIES}
        @id(\"ask\") permit (principal, action == Action::\"request\", resource) when {{ context.method == \"POST\" }};
        @id(\"select\") permit (principal, action == Action::\"select\", resource);"
    );
    let mut named = cedar_policy::PolicySet::new();
    for policy in cedar_policy::PolicySet::from_str(&policies).unwrap().policies() {
        let id = cedar_policy::PolicyId::new(policy.annotation("id").unwrap());
        named.add(policy.new_id(id)).unwrap();
    }
    bundle.policies = named.to_json().unwrap();
    let column =
        |name: &str, attnum, taint| Column { name: name.into(), attnum, type_oid: 25, taint, derived: false };
    bundle.catalogue = Catalogue {
        relations: vec![Relation {
            oid: 20_000,
            schema: "public".into(),
            name: "customers".into(),
            kind: RelationKind::Table,
            columns: vec![column("name", 1, Taint::CLEAN), column("phone", 2, Taint::of(0))],
            definition: None,
            tags: vec![],
        }],
        masked: vec![MaskedColumn {
            schema: "public".into(),
            table: "customers".into(),
            column: "phone".into(),
            method: Method::Redact,
            tags: vec![],
        }],
        functions: vec![],
        search_path: vec!["public".into()],
    };
    let api = bundle.api.as_mut().unwrap();
    api.sql = Some(SqlTarget { database: "shop_db".into(), role: "service".into() });
    let endpoint = |path: &str, rows: Option<&str>| Endpoint {
        methods: vec!["POST".into()],
        path: path.into(),
        sql: Some(SqlBody { statement: "/sql".into(), rows: rows.map(str::to_owned) }),
        ..Endpoint::default()
    };
    api.endpoints.extend([endpoint("/query", Some("/rows/*")), endpoint("/other", None)]);
    bundle
}

fn ask(bundle: &Bundle, path: &str, sql: &str) -> Played {
    let mut played = on(bundle);
    let body = serde_json::json!({ "sql": sql }).to_string();
    let head =
        [(":method", "POST"), (":path", path), (":authority", "a"), ("content-type", "application/json")];
    played.request(&head, body.as_bytes(), &[]);
    played
}

#[test]
fn sql_in_bodies_passes_and_its_columns_stay_masked() {
    const ROWS: &[u8] = br#"{"rows":[{"name":"Ann","x":"555-0100"}],"count":1}"#;
    let json = [(":status", "200"), ("content-type", "application/json")];
    let bundle = with_sql(Enforcement::Shadow);
    let answered = |path: &str, sql: &str| {
        let mut played = ask(&bundle, path, sql);
        assert!(played.seen.passed.is_some(), "{sql}: {}", played.seen.events);
        played.respond(&json, ROWS, &[]);
        let (_, would, _, reason) = decided(&played);
        (text(&played.seen), would, reason)
    };
    let permitted = answered("/query", "SELECT name, phone AS x FROM customers");
    assert_eq!(
        (permitted.0.as_str(), permitted.1.as_str()),
        (r#"{"rows":[{"name":"Ann","x":"[masked]"}],"count":1}"#, "allow")
    );
    // Denied, and understood.
    let denied = answered("/query", "DELETE FROM customers RETURNING name, phone AS x");
    assert_eq!(
        (denied.0.as_str(), denied.1.as_str()),
        (r#"{"rows":[{"name":"Ann","x":"[masked]"}],"count":1}"#, "deny")
    );
    // Not understood: all, since there may be more than those rows.
    let unknown = answered("/query", "SELECT * FROM nobody_knows");
    assert_eq!((unknown.0.as_str(), unknown.1.as_str()), ("\"[masked]\"", "deny"));
    assert!(
        unknown.2.contains("cannot tell what this statement does"),
        "the reason is policy's: {}",
        unknown.2
    );
    // Nor where they stand, or what it is: all of it.
    for (path, sql) in
        [("/other", "SELECT * FROM nobody_knows"), ("/query", "PREPARE p AS SELECT phone FROM customers")]
    {
        let (body, would, _) = answered(path, sql);
        assert_eq!((body.as_str(), would.as_str()), ("\"[masked]\"", "deny"), "{sql}");
    }
    let mut odd = on(&bundle);
    odd.request(
        &[(":method", "POST"), (":path", "/query"), (":authority", "a"), ("content-type", "text/plain")],
        b"sql",
        &[],
    );
    odd.respond(&json, ROWS, &[]);
    assert_eq!(text(&odd.seen), "\"[masked]\"");
    // What is no JSON cannot be masked entirely, and an error could quote anything.
    let mut csv = ask(&bundle, "/other", "SELECT * FROM nobody_knows");
    csv.respond(&[(":status", "200"), ("content-type", "text/csv")], b"name,x\nAnn,555-0100\n", &[]);
    assert_eq!(csv.seen.reply.as_ref().map(|reply| reply.status), Some(502));
    let mut error = ask(&bundle, "/query", "SELECT * FROM nobody_knows");
    error.respond(
        &[(":status", "400"), ("content-type", "application/json")],
        b"{\"error\":\"555-0100\"}",
        &[],
    );
    assert_eq!(error.seen.reply.as_ref().map(|reply| reply.status), Some(400));
    assert!(!error.seen.events.contains("555-0100"));
    // What would change the meaning of other requests' SQL.
    let stands = ask(&bundle, "/query", "SET search_path = x");
    assert_eq!(stands.seen.reply.as_ref().map(|reply| reply.status), Some(403));
    assert_eq!(decided(&stands).1, "deny");
    // And in shadow mode of masks.
    let mut shown = ask(&with_sql(Enforcement::ShadowMasks), "/query", "SELECT * FROM nobody_knows");
    shown.respond(&json, ROWS, &[]);
    assert!(shown.seen.body.is_empty() && !shown.seen.events.contains("555-0100"), "{}", shown.seen.events);
}

#[test]
fn enforcement_masks_the_answer_to_sql_that_is_permitted_and_not_understood() {
    let mut bundle = with_sql(Enforcement::Enforce);
    let open = format!("{} permit (principal, action == Action::\"unparsed\", resource);", "@id(\"odd\")");
    let mut named = cedar_policy::PolicySet::from_json_value(bundle.policies.clone()).unwrap();
    let odd = cedar_policy::Policy::parse(Some(cedar_policy::PolicyId::new("odd")), open).unwrap();
    named.add(odd).unwrap();
    bundle.policies = named.to_json().unwrap();
    let mut played = ask(&bundle, "/query", "SELECT * FROM nobody_knows");
    played.respond(
        &[(":status", "200"), ("content-type", "application/json")],
        br#"{"rows":[{"x":"555-0100"}]}"#,
        &[],
    );
    assert_eq!(text(&played.seen), "\"[masked]\"");
    assert!(
        ask(&bundle, "/other", "SELECT * FROM nobody_knows").seen.passed.is_none(),
        "it cannot be masked"
    );
}

#[test]
fn an_upgrade_that_policy_denies_is_refused_while_masks_count() {
    let upgrade = [
        (":method", "GET"),
        (":path", "/customers"),
        (":authority", "a"),
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
    ];
    for (enforcement, passes) in [(Enforcement::Shadow, false), (Enforcement::ShadowMasks, true)] {
        let mut bundle = shadowed(enforcement);
        bundle.api.as_mut().unwrap().upgrades = vec!["websocket".into()];
        let mut played = on(&bundle);
        played.request(&upgrade, b"", &[]);
        assert_eq!(played.seen.passed.is_some(), passes, "{}", played.seen.events);
    }
}

#[test]
fn a_batch_is_refused_for_what_any_of_its_messages_is_refused_for() {
    let mut bundle = with_sql(Enforcement::Shadow);
    let mcp = bundle.api.as_mut().unwrap().mcp.as_mut().unwrap();
    let sql = SqlBody { statement: "/sql".into(), rows: None };
    mcp.tools.insert("query".into(), Tool { sql: Some(sql), ..Tool::default() });
    let call = |sql: &str| serde_json::json!({ "jsonrpc": "2.0", "id": sql, "method": "tools/call", "params": { "name": "query", "arguments": { "sql": sql } } });
    for (first, second, passes) in [
        ("SET search_path = x", "BEGIN", false),
        ("BEGIN", "SET search_path = x", false),
        ("SELECT * FROM nobody_knows", "BEGIN", true),
    ] {
        let mut head = MCP.to_vec();
        head.push(("mcp-protocol-version", "2025-03-26"));
        let mut played = on(&bundle);
        played.request(&head, serde_json::json!([call(first), call(second)]).to_string().as_bytes(), &[]);
        assert_eq!(played.seen.passed.is_some(), passes, "{first}; {second}: {}", played.seen.events);
    }
}
