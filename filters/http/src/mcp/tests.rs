#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "a test may panic")]

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::json::{Malformed, Value};
use crate::refusal::{Approval, Kind, Refusal};

const NOW: Revision = Revision::V2025_11_25;

fn one(body: &str) -> Message {
    let mut messages = read(body.as_bytes(), NOW).unwrap_or_else(|fault| panic!("{body}: {fault}"));
    assert_eq!(messages.len(), 1);
    messages.remove(0)
}

fn request(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
}

#[test]
fn what_each_message_asks_for() {
    let record = |members: &[(&str, Value)]| {
        Value::Record(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    };
    for (method, params, ask) in [
        (
            "initialize",
            r#"{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"agent","version":"1"}}"#,
            Ask::Initialize { protocol_version: "2025-06-18".into(), client: Some("agent".into()) },
        ),
        ("ping", "{}", Ask::Ping),
        ("server/discover", "{}", Ask::Discover),
        ("tools/list", r#"{"cursor":"x"}"#, Ask::ToolsList),
        (
            "tools/call",
            r#"{"name":"refund","arguments":{"amount":12.50,"id":9007199254740993}}"#,
            Ask::ToolsCall {
                name: "refund".into(),
                arguments: record(&[
                    ("amount", Value::Decimal("12.5".into())),
                    ("id", Value::Long(9_007_199_254_740_993)),
                ]),
            },
        ),
        ("tools/call", r#"{"name":"now"}"#, Ask::ToolsCall { name: "now".into(), arguments: record(&[]) }),
        ("resources/list", "{}", Ask::ResourcesList),
        ("resources/templates/list", "{}", Ask::ResourcesTemplatesList),
        ("resources/read", r#"{"uri":"file:///a"}"#, Ask::ResourcesRead { uri: "file:///a".into() }),
        (
            "resources/subscribe",
            r#"{"uri":"file:///a"}"#,
            Ask::ResourcesSubscribe { uri: "file:///a".into() },
        ),
        ("resources/unsubscribe", r#"{"uri":"a:b"}"#, Ask::ResourcesUnsubscribe { uri: "a:b".into() }),
        ("prompts/list", "{}", Ask::PromptsList),
        (
            "prompts/get",
            r#"{"name":"p","arguments":{"a":"b"}}"#,
            Ask::PromptsGet { name: "p".into(), arguments: record(&[("a", Value::Text("b".into()))]) },
        ),
        (
            "completion/complete",
            r#"{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"a","value":"b"}}"#,
            Ask::Completion { of: "p".into() },
        ),
        (
            "completion/complete",
            r#"{"ref":{"type":"ref/resource","uri":"a:{b}"}}"#,
            Ask::Completion { of: "a:{b}".into() },
        ),
        ("logging/setLevel", r#"{"level":"debug"}"#, Ask::LoggingSetLevel),
        ("tasks/result", r#"{"taskId":"1"}"#, Ask::Other { method: "tasks/result".into() }),
        ("Tools/Call", r#"{"name":"refund"}"#, Ask::Other { method: "Tools/Call".into() }),
    ] {
        let message = one(&request(method, params));
        assert_eq!(message.ask.method(), Some(method));
        assert_eq!(message.ask, ask);
        assert_eq!(message.id.unwrap().as_json(), "1");
    }
    let notification = one(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    let method = "notifications/initialized".to_owned();
    assert_eq!(notification, Message { id: None, ask: Ask::Notification { method } });
    let response = one(r#"{"jsonrpc":"2.0","id":"s1","result":{}}"#);
    assert!(matches!(response.ask, Ask::Response { id: Some(id) } if id.as_json() == "\"s1\""));
    assert_eq!(response.id, None);
    one(r#"{"jsonrpc":"2.0","id":4,"error":{"code":-1,"message":"no"}}"#);
    let spelt = one(r#"{"jsonrpc":"2.0","id":"\u0061\"","method":"ping"}"#);
    assert_eq!(spelt.id.unwrap().as_json(), r#""a\"""#);
    let large = one(r#"{"jsonrpc":"2.0","id":123456789012345678901234567890,"method":"ping"}"#);
    assert_eq!(large.id.unwrap().as_json(), "123456789012345678901234567890");
}

#[test]
fn what_servers_read_differently_is_refused() {
    for (body, code) in [
        ("", -32700),
        ("{", -32700),
        ("\u{feff}{}", -32700),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping"} "#.trim_end(), 0),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping"}{}"#, -32700),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\ud800"}}"#, -32700),
        ("\"ping\"", -32600),
        ("null", -32600),
        ("[]", -32600),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32600),
        (r#"{"id":1,"method":"ping"}"#, -32600),
        (r#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#, -32600),
        (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1.0,"method":"ping"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1e0,"method":"ping"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":[1],"method":"ping"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":true,"method":"ping"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":null}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":""}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call\u0000"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":" tools/call"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tool\u017f/call"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":null}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}"#, -32600),
        (r#"{"jsonrpc":"2.0","result":{}}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"result":{},"params":{}}"#, -32600),
        // Smuggling: the same name twice, escaped, and in a case that Go reads as the same (CVE-2026-27896).
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","m\u0065thod":"tools/call"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","METHOD":"tools/call"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","param\u017f":{"name":"x"}}"#, -32600),
        (r#"{"jsonrpc":"2.0","ID":1,"method":"tools/call","params":{"name":"x"}}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method\u0000":"x","method":"ping"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","Name":"b"}}"#, -32602),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","argument\u017f":{}}}"#,
            -32602,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":1,"x":2}}}"#,
            -32600,
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":["a"]}}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":""}}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a\u0000b"}}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":"{}"}}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":null}}"#, -32602),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":1,"X":2}}}"#,
            -32602,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":{"y":1,"Y":2}}}}"#,
            0,
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":1}}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"x"}}}"#, -32602),
    ] {
        let fault = read(body.as_bytes(), NOW).map_or_else(|fault| fault.code, |_| 0);
        assert_eq!(fault, code, "{body}");
    }
    assert_eq!(read(b"\"\xff\"", NOW).unwrap_err().code, -32700);
}

#[test]
fn a_fault_is_an_error_response() {
    let fault = read(request("tools/call", "{}").as_bytes(), NOW).unwrap_err();
    let body: Json = serde_json::from_str(&fault.body()).unwrap();
    let message = "invalid params: `params.name` is missing";
    assert_eq!(body, json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32602, "message": message}}));
    let body: Json = serde_json::from_str(&read(b"{", NOW).unwrap_err().body()).unwrap();
    assert_eq!(body.get("id"), None);
    assert_eq!(body["error"]["code"], -32700);
}

#[test]
fn batches_only_where_the_revision_has_them() {
    let old = |body: &str| read(body.as_bytes(), Revision::V2025_03_26);
    let ping = |id: &str| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
    let note = r#"{"jsonrpc":"2.0","method":"notifications/progress"}"#;
    let result = r#"{"jsonrpc":"2.0","id":9,"result":{}}"#;
    let messages = old(&format!("[{},{note},{}]", ping("1"), ping("\"1\""))).unwrap();
    assert_eq!(messages.len(), 3);
    assert_eq!(old(&format!("[{result}]")).unwrap().len(), 1);
    let initialize = request("initialize", r#"{"protocolVersion":"2025-03-26"}"#);
    for wrong in [
        "[]".to_owned(),
        "[1]".to_owned(),
        format!("[[{}]]", ping("1")),
        format!("[{},{result}]", ping("1")),
        format!("[{},{}]", ping("1"), ping("1")),
        format!("[{},{}]", ping("0"), ping("-0")),
        format!("[{},{}]", ping("\"a\""), ping("\"\\u0061\"")),
        format!("[{initialize},{}]", ping("2")),
        format!("[{}]", vec![note; MAX_BATCH + 1].join(",")),
    ] {
        assert_eq!(old(&wrong).unwrap_err().code, -32600, "{wrong}");
    }
    for revision in Revision::ALL.into_iter().skip(1) {
        assert_eq!(read(format!("[{}]", ping("1")).as_bytes(), revision).unwrap_err().code, -32600);
    }
}

const LIST: &str = r#"{"jsonrpc":"2.0", "id":1, "result":{"_meta":{"n":1.0e2}, "tools": [
  {"name":"read","description":"Reads","inputSchema":{"type":"object"}},
  {"name":"drop","inputSchema":{}}, {"title":"none"} ], "nextCursor":"\u0061"}}"#;

#[test]
fn lists_show_what_is_allowed() {
    let filtered = filter(LIST.as_bytes(), |entry| entry.name == "read").unwrap();
    let text = filtered.text.unwrap();
    assert_eq!(
        text,
        r#"{"jsonrpc":"2.0", "id":1, "result":{"_meta":{"n":1.0e2}, "tools": [{"name":"read","description":"Reads","inputSchema":{"type":"object"}}], "nextCursor":"\u0061"}}"#
    );
    let names = |entries: &[Entry]| entries.iter().map(|entry| entry.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&filtered.shown), ["read"]);
    assert_eq!(names(&filtered.hidden), ["drop", ""]);
    let again = filter(text.as_bytes(), |entry| entry.name == "read").unwrap();
    assert_eq!((again.text, again.hidden), (None, Vec::new()));
    for (reply, left) in [
        // Ids that clients match loosely, and batches.
        (
            r#"{"jsonrpc":"2.0","id":"1","result":{"tools":[{"name":"x"}]}}"#,
            r#"{"jsonrpc":"2.0","id":"1","result":{"tools":[]}}"#,
        ),
        (
            r#"[{"id":1.0,"result":{"prompts":[{"name":"x"},{"name":"y"}]}},{"id":2}]"#,
            r#"[{"id":1.0,"result":{"prompts":[]}},{"id":2}]"#,
        ),
        (
            r#"{"result":{"tools":[{"name":"a"}],"resources":[{"uri":"b"}]}}"#,
            r#"{"result":{"tools":[],"resources":[]}}"#,
        ),
        (
            r#"{"result":{"resources":[{"uri":"b"}],"tools":[{"name":"a"}]}}"#,
            r#"{"result":{"resources":[],"tools":[]}}"#,
        ),
        (
            r#"{"result":{"resourceTemplates":[{"uriTemplate":"a:{b}","name":"x"}]}}"#,
            r#"{"result":{"resourceTemplates":[]}}"#,
        ),
    ] {
        assert_eq!(filter(reply.as_bytes(), |_| false).unwrap().text.as_deref(), Some(left), "{reply}");
    }
    for same in [
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no"}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"{\"tools\":[]}"}]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"capabilities":{"tools":{}}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}"#,
    ] {
        assert_eq!(filter(same.as_bytes(), |_| false).unwrap().text, None, "{same}");
    }
    for wrong in [
        r#"{"result":{"tools":[]},"Result":{"tools":[{"name":"x"}]}}"#,
        r#"{"result":{"tools":[],"Tools":[{"name":"x"}]}}"#,
        r#"{"result":{"tools":[{"name":"read","Name":"drop"}]}}"#,
        r#"{"result":{"tools":[{"name":"read","name":"drop"}]}}"#,
        r#"{"result":{"tools":[{"name":"read","Description":"do evil"}]}}"#,
    ] {
        let fault = filter(wrong.as_bytes(), |_| true).unwrap_err();
        assert!(matches!(fault, Malformed::CaseVariant(_) | Malformed::DuplicateName(_)), "{wrong}");
    }
}

#[test]
fn a_digest_tells_a_changed_tool() {
    let digest = |tool: &str| {
        let reply = format!(r#"{{"result":{{"tools":[{tool}]}}}}"#);
        filter(reply.as_bytes(), |_| true).unwrap().shown.remove(0).digest.unwrap()
    };
    let first = digest(r#"{"name":"a","description":"b","inputSchema":{"x":1,"y":[2]},"_meta":{"v":1}}"#);
    for same in [
        r#"{"inputSchema":{"y":[2.0],"x":1e0},"description":"\u0062","name":"a"}"#,
        r#"{"name":"a","description":"b","inputSchema":{"x":1,"y":[2]},"icons":[],"_meta":{"v":2}}"#,
    ] {
        assert_eq!(digest(same), first, "{same}");
    }
    for changed in [
        r#"{"name":"a","description":"b ","inputSchema":{"x":1,"y":[2]}}"#,
        r#"{"name":"a","description":"b","inputSchema":{"x":2,"y":[2]}}"#,
        r#"{"name":"a","description":"b","inputSchema":{"x":1,"y":[2]},"outputSchema":{}}"#,
        r#"{"name":"a","description":"b","inputSchema":{"x":1,"y":[2]},"annotations":{"readOnlyHint":true}}"#,
        r#"{"name":"a","title":"t","description":"b","inputSchema":{"x":1,"y":[2]}}"#,
        r#"{"name":"a","description":null,"inputSchema":{"x":1,"y":[2]}}"#,
        r#"{"name":"a","inputSchema":{"x":1,"y":[2]}}"#,
    ] {
        assert_ne!(digest(changed), first, "{changed}");
    }
}

#[test]
fn refusals_in_the_protocols_words() {
    let refusal =
        Refusal::new(Kind::Approval, "refunds need a person").policy("refunds").approval(Approval {
            id: "XM9V8VCX".into(),
            url: "https://host/approvals/XM9V8VCX".into(),
            expires_at: 0,
        });
    let call = one(r#"{"jsonrpc":"2.0","id":"c\n1","method":"tools/call","params":{"name":"refund"}}"#);
    let body = call.refuse(&refusal, NOW).unwrap();
    assert!(!body.contains('\n'));
    assert_eq!(sse_event(&body), format!("event: message\ndata: {body}\n\n"));
    let data = json!({
        "kind": "approval-required",
        "policy": "refunds",
        "reason": "refunds need a person",
        "approval": {
            "id": "XM9V8VCX", "url": "https://host/approvals/XM9V8VCX", "expires_at": "1970-01-01T00:00:00.000Z",
        },
    });
    let body: Json = serde_json::from_str(&body).unwrap();
    assert_eq!((&body["id"], &body["result"]["isError"]), (&json!("c\n1"), &json!(true)));
    let text = body["result"]["content"][0]["text"].as_str().unwrap();
    for part in ["XM9V8VCX", "refunds need a person", "https://host/approvals", "same request"] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(body["result"]["_meta"]["io.github.gatewright/refusal"], data);
    assert_eq!(body["result"].get("resultType"), None);
    let newest: Json = serde_json::from_str(&call.refuse(&refusal, Revision::V2026_07_28).unwrap()).unwrap();
    assert_eq!(newest["result"]["resultType"], "complete");
    let read = one(&request("resources/read", r#"{"uri":"a:b"}"#));
    let body: Json = serde_json::from_str(&read.refuse(&refusal, NOW).unwrap()).unwrap();
    let message = "waiting for approval XM9V8VCX: refunds need a person";
    let error = json!({"code": code::APPROVAL, "message": message, "data": data});
    assert_eq!(body, json!({"jsonrpc": "2.0", "id": 1, "error": error}));
    let note = one(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    assert_eq!(note.refuse(&refusal, NOW), None);
}

#[test]
fn requests_to_an_endpoint() {
    const POST: &[(&str, &str)] =
        &[("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
    let facts = |method: &str, more: &[(&str, &str)]| Facts::read(method, &[POST, more].concat());
    let ordinary =
        facts("POST", &[("mcp-session-id", "s-1"), ("MCP-Protocol-Version", "2025-06-18")]).unwrap();
    assert_eq!(ordinary.session.as_deref(), Some("s-1"));
    assert_eq!((ordinary.revision(), ordinary.takes), (Revision::V2025_06_18, (true, true)));
    assert_eq!(facts("POST", &[]).unwrap().revision(), Revision::V2025_03_26);
    let listen = Facts::read("GET", &[("accept", "text/event-stream"), ("last-event-id", "7")]).unwrap();
    assert_eq!(listen.exchange, Exchange::Listen { last_event_id: Some("7".into()) });
    assert_eq!(listen.takes, (false, true));
    assert_eq!(facts("DELETE", &[("mcp-session-id", "s")]).unwrap().exchange, Exchange::End);
    assert_eq!(
        Facts::read("DELETE", &[("accept", "text/*;q=0.5, application/json;q=0")]).unwrap().takes,
        (false, true)
    );
    for (method, headers, status) in [
        ("PUT", POST, 405),
        ("post", POST, 405),
        ("POST", &[("content-type", "text/plain")][..], 415),
        ("POST", &[("content-type", "application/json; charset=utf-16")], 415),
        ("POST", &[], 415),
        ("GET", &[("accept", "application/json")], 406),
        ("GET", &[("accept", "text/event-stream"), ("mcp-protocol-version", "2026-07-28")], 405),
    ] {
        assert_eq!(Facts::read(method, headers).unwrap_err().status, status, "{method} {headers:?}");
    }
    for headers in [
        ("mcp-session-id", ""),
        ("mcp-session-id", "a b"),
        ("mcp-session-id", "é"),
        ("mcp-protocol-version", "2024-11-05"),
        ("mcp-protocol-version", "2025-06-18 "),
        ("mcp-protocol-version", "latest"),
        ("mcp-name", "=?base64?*?="),
        ("mcp-name", "é"),
    ] {
        assert_eq!(facts("POST", &[headers]).unwrap_err().status, 400, "{headers:?}");
    }
}

#[test]
fn headers_say_what_the_body_says() {
    let call = one(&request("tools/call", r#"{"name":"refund"}"#));
    let list = one(&request("tools/list", "{}"));
    let note = one(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    let (new, method) = (("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/call"));
    for (message, headers, right) in [
        (&call, &[][..], true),
        (&call, &[method], true),
        (&call, &[("mcp-method", "tools/list")], false),
        (&call, &[("mcp-name", "other")], false),
        (&call, &[new], false),
        (&call, &[new, method], false),
        (&call, &[new, method, ("mcp-name", "refund")], true),
        (&call, &[new, method, ("mcp-name", "=?base64?cmVmdW5k?=")], true),
        (&call, &[new, method, ("mcp-name", "Refund")], false),
        (&list, &[new, ("mcp-method", "tools/list")], true),
        (&list, &[new, ("mcp-method", "tools/list"), ("mcp-name", "refund")], false),
        (&note, &[new], true),
    ] {
        let facts =
            Facts::read("POST", &[&[("content-type", "application/json")], headers].concat()).unwrap();
        let confirmed = facts.confirm(message);
        assert_eq!(confirmed.is_ok(), right, "{message:?} {headers:?}");
        assert!(confirmed.map_or_else(|fault| (fault.status, fault.code) == (400, -32020), |()| true));
    }
    let meta = request("ping", r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}"#);
    assert!(read(meta.as_bytes(), Revision::V2026_07_28).is_ok());
    assert_eq!(read(meta.as_bytes(), NOW).unwrap_err().code, -32020);
    let response = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
    assert_eq!(read(response.as_bytes(), Revision::V2026_07_28).unwrap_err().code, -32600);
}

#[test]
fn where_to_get_a_token() {
    for (resource, expected) in [
        ("https://mcp.example", Some("https://mcp.example/.well-known/oauth-protected-resource")),
        ("https://mcp.example/", Some("https://mcp.example/.well-known/oauth-protected-resource")),
        ("http://127.0.0.1:1/a/mcp", Some("http://127.0.0.1:1/.well-known/oauth-protected-resource/a/mcp")),
        ("https:///mcp", None),
        ("ftp://a/b", None),
        ("https://a/b?c", None),
        ("mcp", None),
    ] {
        assert_eq!(well_known(resource).as_deref(), expected, "{resource}");
    }
    let mut metadata = ResourceMetadata::new("https://mcp.example/mcp", vec!["https://idp.example".into()]);
    metadata.resource_name = Some("Shop".into());
    let document: Json = serde_json::from_str(&metadata.document()).unwrap();
    assert_eq!(
        document,
        json!({
            "resource": "https://mcp.example/mcp",
            "authorization_servers": ["https://idp.example"],
            "bearer_methods_supported": ["header"],
            "resource_name": "Shop",
        })
    );
    let challenge = Challenge {
        resource_metadata: Some("https://mcp.example/.well-known/oauth-protected-resource"),
        error: Some("invalid_token"),
        error_description: Some("a \"b\" \\ c\r\nX: d é"),
        scope: Some("read write"),
    };
    assert_eq!(
        challenge.value(),
        "Bearer resource_metadata=\"https://mcp.example/.well-known/oauth-protected-resource\", \
         error=\"invalid_token\", error_description=\"a 'b' / c??X: d ?\", scope=\"read write\""
    );
    assert_eq!(Challenge::default().value(), "Bearer");
    assert_eq!(Challenge { resource_metadata: Some("a\"b"), ..Challenge::default() }.value(), "Bearer");
}

proptest! {
    #[test]
    fn never_panics(body in "[\\[\\]{},:\"a-z0-9 ./\\\\]{0,60}", old in any::<bool>()) {
        let _ = read(body.as_bytes(), if old { Revision::V2025_03_26 } else { NOW });
        let _ = filter(body.as_bytes(), |_| false);
    }

    #[test]
    fn what_is_kept_of_a_list_is_untouched(names in prop::collection::vec("[a-d]{1,2}", 0..6), cursor in ".{0,8}") {
        let tools: Vec<_> = names.iter().map(|name| json!({"name": name, "inputSchema": {}})).collect();
        let reply = json!({"jsonrpc": "2.0", "id": 1, "result": {"tools": tools, "nextCursor": cursor}});
        let filtered = filter(reply.to_string().as_bytes(), |entry| !entry.name.contains('a')).unwrap();
        let kept: Vec<_> = tools.iter().filter(|tool| !tool["name"].as_str().unwrap().contains('a')).collect();
        let mut expected = reply.clone();
        expected["result"]["tools"] = json!(kept);
        let text = filtered.text.unwrap_or_else(|| reply.to_string());
        prop_assert_eq!(serde_json::from_str::<Json>(&text).unwrap(), expected);
    }
}
