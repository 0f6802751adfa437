//! The policies in force, and what they make of a statement that somebody types in.

use std::rc::Rc;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use cedar_policy::{Effect, PolicySet};
use gatewright_core::bundle::Bundle;
use gatewright_core::explanation::{Explained, OutputColumn};
use gatewright_postgres::{Decision, Plane};
use serde::Deserialize;

use super::page::{Page, Place, Trouble, html};
use super::person::{Person, Sent};
use super::words::plain;
use crate::explain;
use crate::http::App;

struct Policy {
    id: String,
    effect: &'static str,
    annotations: Vec<(String, String)>,
    text: String,
}

#[derive(Template)]
#[template(path = "policies.html")]
struct Policies {
    page: Page,
    policies: Vec<Policy>,
    places: Vec<Place>,
    asked: Asked,
    decision: Option<Shown>,
    trouble: Option<String>,
}

/// What somebody types in.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Asked {
    /// `resource role`, as the page's list has them.
    place: String,
    subject: String,
    groups: String,
    sql: String,
}

/// A decision, as it is shown.
struct Shown {
    decision: &'static str,
    unparsed: Option<String>,
    refusal: Option<String>,
    /// Who must approve, in words.
    rule: Option<String>,
    statements: Vec<Statement>,
}

struct Statement {
    explained: Explained,
    outputs: Vec<Output>,
    lists: Vec<(String, String)>,
}

struct Output {
    name: String,
    kind: String,
    from: String,
    masked: Option<String>,
}

impl Shown {
    fn new(decision: Decision) -> Self {
        let refusal = decision.refusal.map(|refusal| {
            let more = [("DETAIL", refusal.detail), ("HINT", refusal.hint)];
            let more = more.into_iter().filter_map(|(label, words)| Some(format!("\n{label}: {}", words?)));
            format!("{}: {}{}", refusal.code, refusal.message, more.collect::<String>())
        });
        let rule = decision.rule.map(|rule| {
            let people = match rule.min_approvals {
                0 | 1 => "somebody".to_owned(),
                many => format!("{many} people"),
            };
            let comment = if rule.comment_required { ", saying why" } else { "" };
            format!("until {people} of {} approved{comment}", rule.approvers.join(", "))
        });
        Self {
            decision: decision.decision,
            unparsed: decision.explanation.unparsed,
            refusal: refusal.map(|words| plain(&words)),
            rule,
            statements: decision.explanation.statements.into_iter().map(Statement::new).collect(),
        }
    }
}

impl Statement {
    fn new(explained: Explained) -> Self {
        let joined = |names: &std::collections::BTreeSet<String>| {
            names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
        };
        let output = |output: &OutputColumn| Output {
            name: output.name.as_deref().map_or_else(|| "?".to_owned(), plain),
            kind: output.kind.clone(),
            from: joined(&output.from),
            masked: output
                .method
                .map(|method| format!("{method:?} for {}", joined(&output.masked)).to_lowercase()),
        };
        let mut lists = vec![
            ("reads".to_owned(), joined(&explained.reads)),
            ("writes".to_owned(), joined(&explained.writes)),
            ("calls".to_owned(), joined(&explained.functions)),
            ("spreads".to_owned(), joined(&explained.spreads)),
        ];
        lists.extend(explained.inference.iter().map(|(kind, names)| (kind.clone(), joined(names))));
        if explained.outputs.is_none() && !explained.scope.is_empty() {
            let every = format!("not certain: each masked for {}", joined(&explained.scope));
            lists.push(("outputs".to_owned(), every));
        }
        lists.retain(|(_, names)| !names.is_empty());
        let outputs = explained.outputs.iter().flatten().map(output).collect();
        Self { explained, outputs, lists }
    }
}

/// The page.
pub(super) async fn page(State(app): State<Arc<App>>, person: Person) -> Result<Response, Trouble> {
    render(&app, &person, Asked { subject: "somebody".to_owned(), ..Asked::default() }, None).await
}

/// The page, with what would become of a statement.
pub(super) async fn explained(State(app): State<Arc<App>>, sent: Sent<Asked>) -> Result<Response, Trouble> {
    let Sent { person, form } = sent;
    person.auditor_or_approver()?;
    let asked = Asked { sql: form.sql.replace("\r\n", "\n"), ..form };
    let decision = decide(&app, asked.clone()).await;
    render(&app, &person, asked, Some(decision)).await
}

/// With the bundle that the filters have: it is what would happen now.
async fn decide(app: &App, asked: Asked) -> Result<Shown, String> {
    let (resource, role) = asked.place.split_once(' ').unwrap_or_default();
    let state = app.compiled.state();
    let is_database = state.settings.loaded.resource(resource).is_some_and(|it| it.role(role).is_some());
    let served = state.resources.get(resource).and_then(|resource| resource.served.as_ref());
    let Some(json) = served.filter(|_| is_database).map(|served| served.json.clone()) else {
        return Err(format!("There is no bundle for `{resource}` yet."));
    };
    let groups = asked.groups.split(',').map(|group| group.trim().to_owned());
    let groups = groups.filter(|group| !group.is_empty()).collect();
    let (resource, role) = (resource.to_owned(), Some(role.to_owned()));
    let Asked { subject, sql, .. } = asked;
    let asked = explain::Asked { resource, groups, subject, role, sql };
    let settings = state.settings.clone();
    // Reading a bundle and a statement takes its time.
    let decided = tokio::task::spawn_blocking(move || -> anyhow::Result<Shown> {
        let bundle: Bundle = serde_json::from_slice(&json)?;
        let plane = Rc::new(Plane::new(&bundle)?);
        let decision = explain::decide(&settings, &plane, &asked)?;
        Ok(Shown::new(decision))
    });
    match decided.await {
        Ok(decided) => decided.map_err(|cause| format!("{cause:#}")),
        Err(_) => Err("This statement cannot be explained.".to_owned()),
    }
}

async fn render(
    app: &App,
    person: &Person,
    asked: Asked,
    decision: Option<Result<Shown, String>>,
) -> Result<Response, Trouble> {
    person.auditor_or_approver()?;
    let settings = app.compiled.state().settings.clone();
    let unreadable = |_| Trouble::new(StatusCode::INTERNAL_SERVER_ERROR, "The policies cannot be shown.");
    let set = PolicySet::from_json_value(settings.policies.clone()).map_err(unreadable)?;
    let mut policies: Vec<Policy> = set
        .policies()
        .map(|policy| {
            let annotations = policy.annotations().filter(|(key, _)| *key != "id");
            Policy {
                id: policy.id().to_string(),
                effect: if policy.effect() == Effect::Permit { "permit" } else { "forbid" },
                annotations: annotations.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
                text: policy.to_cedar().unwrap_or_default(),
            }
        })
        .collect();
    policies.sort_by(|a, b| a.id.cmp(&b.id));
    let places = Place::all(&settings, &asked.place);
    let page = Page::new(app, person, "policies", "Policies").await?;
    let (decision, trouble) = match decision {
        Some(Ok(decision)) => (Some(decision), None),
        Some(Err(trouble)) => (None, Some(trouble)),
        None => (None, None),
    };
    html(&Policies { page, policies, places, asked, decision, trouble })
}
