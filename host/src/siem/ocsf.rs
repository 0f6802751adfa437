//! Events in the words of the Open Cybersecurity Schema Framework, version 1.8.0 (<https://schema.ocsf.io/1.8.0>):
//! logins are Authentication (3002), what is done to databases is Datastore Activity (6005), requests are API Activity
//! (6003), with the profile Security Control. What the schema has no name for is in `unmapped`. Values are those of the
//! schema's enumerations; a test validates all of it by the schema.

use std::net::SocketAddr;

use gatewright_core::event::{Event, Kind};
use gatewright_core::explanation::Explanation;
use serde_json::{Value, json};

use crate::config::siem::Told;
use crate::store::sessions::SessionRow;

/// The schema's version.
const VERSION: &str = "1.8.0";
/// Longest text, in bytes. Receivers of syslog cut long messages, and half a JSON is none.
const TEXT: usize = 8 * 1024;
/// Most bytes of a result's rows.
const ROWS: usize = 64 * 1024;

/// What a resource is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plane {
    /// A database.
    Database,
    /// An HTTP API, or an MCP server.
    Api,
}

/// Where an event stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// Its session.
    pub(super) session: &'a SessionRow,
    /// What its resource is.
    pub(super) plane: Plane,
    /// Its number in the session.
    pub(super) seq: u64,
}

/// `severity_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    Informational = 1,
    Low = 2,
    Medium = 3,
}

/// An event as it is sent.
#[derive(Debug)]
pub(super) struct Ocsf {
    pub(super) json: Value,
    pub(super) severity: Severity,
    /// `class_uid`.
    pub(super) class: u32,
}

/// What happened, before it is written down: the fields that differ.
struct Activity {
    class: u32,
    id: u32,
    name: &'static str,
    severity: Severity,
    status: Status,
    /// `action_id` and `disposition_id`.
    control: Option<(u32, u32)>,
    fields: Vec<(&'static str, Value)>,
    unmapped: Vec<(&'static str, Value)>,
}

/// `status_id`.
#[derive(Debug, Clone, Copy)]
enum Status {
    Success,
    Failure,
    /// Held: neither yet.
    Pending,
}

const AUTHENTICATION: u32 = 3002;
const API_ACTIVITY: u32 = 6003;
const DATASTORE_ACTIVITY: u32 = 6005;

impl Ocsf {
    /// An event of a session.
    pub(super) fn new(place: Place<'_>, event: &Event, shows: &[Told]) -> Self {
        let activity = activity(place, &event.kind, shows);
        let severity = activity.severity;
        let class = activity.class;
        let json = written(place, event, activity);
        Self { json, severity, class }
    }
}

fn activity(place: Place<'_>, kind: &Kind, shows: &[Told]) -> Activity {
    let told = |what: Told| shows.contains(&what);
    let class = match place.plane {
        Plane::Database => DATASTORE_ACTIVITY,
        Plane::Api => API_ACTIVITY,
    };
    let plain = |class, id, name, status| Activity {
        class,
        id,
        name,
        severity: Severity::Informational,
        status,
        control: None,
        fields: Vec::new(),
        unmapped: Vec::new(),
    };
    let other = |name, status| plain(class, 99, name, status);
    match kind {
        Kind::Open { groups, role, database, application, .. } => {
            let groups: Vec<Value> = groups.iter().map(|group| json!({ "name": cut(group) })).collect();
            let mut unmapped = vec![("role", cut(role).into()), ("application", cut(application).into())];
            if !database.is_empty() {
                unmapped.push(("database", cut(database).into()));
            }
            let control = Some((1, 1));
            let user = user(place, Some(groups));
            Activity {
                control,
                fields: vec![("user", user)],
                unmapped,
                ..plain(AUTHENTICATION, 1, "Logon", Status::Success)
            }
        }
        Kind::Refused { source, reason, .. } => Activity {
            severity: Severity::Medium,
            control: Some((2, 2)),
            fields: vec![
                ("user", user(place, None)),
                ("src_endpoint", endpoint(source)),
                ("status_detail", cut(reason).into()),
            ],
            ..plain(AUTHENTICATION, 1, "Logon", Status::Failure)
        },
        Kind::Close { reason } => Activity {
            fields: vec![("user", user(place, None)), ("status_detail", cut(reason).into())],
            ..plain(AUTHENTICATION, 2, "Logoff", Status::Success)
        },
        Kind::Statement {
            statement,
            text,
            parameters,
            decision,
            would,
            policies,
            reason,
            shape: _,
            explanation,
            explained_by,
            trace,
        } => {
            let (severity, status, control) = decided(decision);
            let (id, name) = match place.plane {
                Plane::Database => datastore_activity(explanation.as_deref()),
                Plane::Api => api_activity(text),
            };
            let mut unmapped =
                vec![("statement", (*statement).into()), ("decision", decision.as_str().into())];
            if let Some(would) = would {
                unmapped.push(("would", would.as_str().into()));
            }
            if !policies.is_empty() {
                unmapped
                    .push(("policies", policies.iter().map(|policy| cut(policy)).collect::<Vec<_>>().into()));
            }
            if let Some(by) = explained_by {
                unmapped.push(("explained_by", (*by).into()));
            }
            if let Some(trace) = trace {
                unmapped.push(("trace", cut(trace).into()));
            }
            if told(Told::Parameters) && !parameters.is_empty() {
                let shown: Vec<_> = parameters.iter().map(|value| value.as_deref().map(cut)).collect();
                unmapped.push(("parameters", capped(shown)));
            }
            let mut fields = Vec::new();
            if let Some(policy) = policies.first() {
                fields.push(("policy", json!({ "name": cut(policy), "is_applied": would.is_none() })));
            }
            if !reason.is_empty() {
                fields.push(("status_detail", cut(reason).into()));
            }
            let query = format!("{}-{statement}", place.session.id);
            match place.plane {
                Plane::Database => {
                    if let Some(explanation) = explanation {
                        unmapped.push(("requests", requests(explanation)));
                    }
                    let text = if told(Told::Statement) { cut(text) } else { verbs(explanation.as_deref()) };
                    fields.push(("query_info", json!({ "uid": query, "query_string": text })));
                    let table = explanation.as_deref().and_then(table);
                    fields.push(("type_id", if table.is_some() { 3.into() } else { 1.into() }));
                    if let Some(table) = table {
                        fields.push(("table", json!({ "name": table })));
                    }
                }
                Plane::Api => fields.extend(request(place, &query, text, told(Told::Statement))),
            }
            Activity { class, id, name, severity, status, control: Some(control), fields, unmapped }
        }
        Kind::Approval { statement, approval, state, by, comment, grant } => {
            let (severity, status, control) = match state.as_str() {
                "approved" => (Severity::Low, Status::Success, (1, 8)),
                "pending" => (Severity::Low, Status::Pending, (99, 14)),
                _ => (Severity::Medium, Status::Failure, (2, 2)),
            };
            let mut unmapped = vec![
                ("statement", (*statement).into()),
                ("approval", json!({ "id": approval, "state": state, "by": by, "grant": grant })),
            ];
            if let (true, Some(comment)) = (told(Told::Comments), comment) {
                unmapped.push(("comment", cut(comment).into()));
            }
            Activity { severity, control: Some(control), unmapped, ..other("Approval", status) }
        }
        Kind::Result {
            statement,
            tag,
            columns,
            rows,
            row_count,
            masked,
            unmasked,
            would_hide,
            would_withhold,
            elapsed_ms,
        } => {
            let mut unmapped = vec![
                ("statement", (*statement).into()),
                ("row_count", (*row_count).into()),
                ("columns", columns.iter().map(|name| cut(name)).collect::<Vec<_>>().into()),
                ("masked", masked.iter().map(|name| cut(name)).collect::<Vec<_>>().into()),
            ];
            if *unmasked {
                unmapped.push(("unmasked", true.into()));
            }
            if !would_hide.is_empty() {
                unmapped.push(("would_hide", would_hide.len().into()));
            }
            if would_withhold.is_some() {
                unmapped.push(("would_withhold", true.into()));
            }
            if told(Told::Results) {
                let shown: Vec<Vec<_>> = rows
                    .iter()
                    .map(|row| row.iter().map(|value| value.as_deref().map(cut)).collect())
                    .collect();
                unmapped.push(("rows", capped(shown)));
            }
            let mut fields = vec![("duration", (*elapsed_ms).into()), ("status_code", cut(tag).into())];
            if let (Plane::Api, Some(code)) = (place.plane, http_status(tag)) {
                fields.push(("http_response", json!({ "code": code })));
            }
            Activity { fields, unmapped, ..other("Result", Status::Success) }
        }
        Kind::Error { statement, code, message } => {
            let mut fields = vec![("status_code", cut(code).into())];
            if told(Told::Results) {
                fields.push(("status_detail", cut(message).into()));
            }
            if let (Plane::Api, Some(code)) = (place.plane, http_status(code)) {
                fields.push(("http_response", json!({ "code": code })));
            }
            Activity {
                severity: Severity::Low,
                control: Some((0, 27)),
                fields,
                unmapped: vec![("statement", (*statement).into())],
                ..other("Error", Status::Failure)
            }
        }
    }
}

/// All fields of an event.
fn written(place: Place<'_>, event: &Event, activity: Activity) -> Value {
    let Place { session, plane, seq } = place;
    let Activity { class, id, name, severity, status, control, fields, unmapped } = activity;
    let (class_name, category, category_name) = match class {
        AUTHENTICATION => ("Authentication", 3, "Identity & Access Management"),
        API_ACTIVITY => ("API Activity", 6, "Application Activity"),
        _ => ("Datastore Activity", 6, "Application Activity"),
    };
    let (status_id, status_name) = match status {
        Status::Success => (1, "Success"),
        Status::Failure => (2, "Failure"),
        Status::Pending => (99, "Held"),
    };
    let mut json = json!({
        "metadata": {
            "version": VERSION,
            "profiles": ["security_control"],
            "product": { "name": "Gatewright", "vendor_name": "Gatewright", "version": env!("CARGO_PKG_VERSION") },
            "log_name": "sessions",
            // The same whenever it is sent again.
            "uid": format!("{}-{seq}", session.id),
            "correlation_uid": session.id,
            "sequence": seq,
            "event_code": event.kind.name(),
        },
        "time": event.at,
        "class_uid": class, "class_name": class_name,
        "category_uid": category, "category_name": category_name,
        "activity_id": id, "activity_name": name,
        "type_uid": u64::from(class) * 100 + u64::from(id), "type_name": format!("{class_name}: {name}"),
        "severity_id": severity as u32,
        "severity": match severity {
            Severity::Informational => "Informational",
            Severity::Low => "Low",
            Severity::Medium => "Medium",
        },
        "status_id": status_id, "status": status_name,
        "src_endpoint": endpoint(&session.source),
        "dst_endpoint": { "svc_name": session.resource },
        "actor": { "user": user(place, None), "session": session_of(session) },
    });
    match class {
        AUTHENTICATION => {
            json["session"] = session_of(session);
            json["service"] = json!({ "name": session.resource });
            json["is_remote"] = true.into();
            json["auth_protocol_id"] = 99.into();
            json["auth_protocol"] = "JWT".into();
        }
        API_ACTIVITY => {
            json["api"] = json!({ "operation": name, "service": { "name": session.resource } });
        }
        _ => json["database"] = json!({ "name": session.resource, "type_id": 1, "type": "Relational" }),
    }
    if let Some((action, disposition)) = control {
        json["action_id"] = action.into();
        json["disposition_id"] = disposition.into();
        if action == 99 {
            json["action"] = "Held".into();
        }
    }
    for (name, value) in fields {
        json[name] = value;
    }
    json["unmapped"] =
        Value::Object(unmapped.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
    json["unmapped"]["resource"] = session.resource.as_str().into();
    json["unmapped"]["plane"] = if plane == Plane::Api { "api" } else { "database" }.into();
    if !session.role.is_empty() {
        json["unmapped"]["role"] = cut(&session.role).into();
    }
    json
}

/// The agent. Of nobody that is known there is a name that says so.
fn user(place: Place<'_>, groups: Option<Vec<Value>>) -> Value {
    let name = match place.session.principal.as_str() {
        "" => "unknown".to_owned(),
        name => cut(name),
    };
    let mut user = json!({ "uid": name, "name": name, "type_id": 99, "type": "Agent" });
    if let Some(groups) = groups.filter(|groups| !groups.is_empty()) {
        user["groups"] = groups.into();
    }
    user
}

fn session_of(session: &SessionRow) -> Value {
    json!({ "uid": session.id, "issuer": cut(&session.issuer), "created_time": session.opened_at, "is_remote": true })
}

/// `address:port`, where it is that.
fn endpoint(source: &str) -> Value {
    match source.parse::<SocketAddr>() {
        Ok(address) => json!({ "ip": address.ip().to_string(), "port": address.port() }),
        Err(_) if source.is_empty() => json!({ "name": "unknown" }),
        Err(_) => json!({ "name": cut(source) }),
    }
}

/// `allow`, `deny` or `hold`.
fn decided(decision: &str) -> (Severity, Status, (u32, u32)) {
    match decision {
        "allow" => (Severity::Informational, Status::Success, (1, 1)),
        "hold" => (Severity::Low, Status::Pending, (99, 14)),
        // Whatever a later version calls what it did not let pass.
        _ => (Severity::Medium, Status::Failure, (2, 2)),
    }
}

/// What a text does; of several statements, what changes most.
fn datastore_activity(explanation: Option<&Explanation>) -> (u32, &'static str) {
    let statements = explanation.iter().flat_map(|explanation| &explanation.statements);
    let actions = statements.flat_map(|statement| &statement.requests).map(|request| request.action.as_str());
    let activity = |action| match action {
        "delete" | "truncate" | "drop" => (7, "Delete"),
        "update" | "merge" | "alter" => (2, "Update"),
        "create" => (6, "Create"),
        "insert" | "copy_in" => (5, "Write"),
        "select" | "copy_out" => (4, "Query"),
        "connect" => (3, "Connect"),
        _ => (99, "Other"),
    };
    let weight = |(id, _): &(u32, &str)| [4, 3, 5, 6, 99, 2, 7].iter().position(|known| known == id);
    actions.map(activity).max_by_key(weight).unwrap_or((99, "Other"))
}

/// What a request does, by its method.
fn api_activity(line: &str) -> (u32, &'static str) {
    match line.split(' ').next().unwrap_or_default() {
        "GET" | "HEAD" | "OPTIONS" => (2, "Read"),
        "POST" => (1, "Create"),
        "PUT" | "PATCH" => (3, "Update"),
        "DELETE" => (4, "Delete"),
        _ => (99, "Other"),
    }
}

/// `DELETE; SELECT`: what the statements are, without their text.
fn verbs(explanation: Option<&Explanation>) -> String {
    let statements = explanation.map(|explanation| &explanation.statements);
    let verbs: Vec<&str> = statements.into_iter().flatten().map(|one| one.statement.as_str()).collect();
    if verbs.is_empty() { "(not told)".to_owned() } else { cut(&verbs.join("; ")) }
}

/// The first table.
fn table(explanation: &Explanation) -> Option<String> {
    let requests = explanation.statements.iter().flat_map(|statement| &statement.requests);
    let mut tables = requests.filter_map(|request| request.resource.strip_prefix("Table::"));
    Some(cut(tables.next()?.trim_matches('"')))
}

/// What was asked of policies, and what they said.
fn requests(explanation: &Explanation) -> Value {
    let requests = explanation.statements.iter().flat_map(|statement| &statement.requests);
    let shown: Vec<_> = requests
        .map(|request| {
            json!({
                "action": request.action, "resource": cut(&request.resource), "decision": request.decision,
                "policies": request.policies,
            })
        })
        .collect();
    capped(shown)
}

/// `POST /path?query tools/call name`: the path and what is behind it are somebody's words.
fn request(place: Place<'_>, query: &str, line: &str, shown: bool) -> Vec<(&'static str, Value)> {
    let mut words = line.splitn(3, ' ');
    let (method, target, spoken) = (words.next().unwrap_or_default(), words.next(), words.next());
    let known = ["OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "CONNECT", "PATCH"];
    let method = if known.contains(&method) { method } else { "" };
    // Of MCP, its own method: `tools/call`.
    let call = spoken.and_then(|spoken| spoken.split(' ').next());
    let call = call.filter(|call| call.bytes().all(|b| b.is_ascii_lowercase() || b == b'/'));
    let operation = match (shown, call) {
        (true, _) => cut(line),
        (false, Some(call)) => format!("{method} {call}"),
        (false, None) if method.is_empty() => "unknown".to_owned(),
        (false, None) => method.to_owned(),
    };
    let api = json!({
        "operation": operation,
        "service": { "name": place.session.resource },
        "request": { "uid": query },
    });
    let mut http = json!({ "uid": query });
    if !method.is_empty() {
        http["http_method"] = method.into();
    }
    if let (true, Some(target)) = (shown, target) {
        let (path, query) =
            target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        http["url"] = json!({ "path": cut(path) });
        if let Some(query) = query {
            http["url"]["query_string"] = cut(query).into();
        }
    }
    vec![("api", api), ("http_request", http)]
}

/// `404`, or `404 Not Found`.
fn http_status(text: &str) -> Option<u16> {
    text.split(' ').next()?.parse().ok().filter(|status| (100..600).contains(status))
}

/// A text that is not too long.
fn cut(text: &str) -> String {
    if text.len() <= TEXT {
        return text.to_owned();
    }
    let end = (0..=TEXT).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    format!("{}… (cut)", text.get(..end).unwrap_or_default())
}

/// So many of a list as fit; the last says that there were more.
fn capped<T: serde::Serialize>(list: Vec<T>) -> Value {
    let (mut out, mut bytes, all) = (Vec::new(), 0, list.len());
    for one in list {
        let one = serde_json::to_value(one).unwrap_or_default();
        bytes += one.to_string().len();
        if bytes > ROWS {
            out.push(format!("… ({} more)", all - out.len()).into());
            break;
        }
        out.push(one);
    }
    Value::Array(out)
}
