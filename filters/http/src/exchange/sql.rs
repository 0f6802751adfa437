//! SQL that a request carries in its body.

use gatewright_core::bundle::http::SqlBody;
use gatewright_core::explanation::Explanation;
use gatewright_core::mask::Method;
use gatewright_core::policy::{Denial, Verdict};
use gatewright_postgres::Decision;

use super::judge::{Judged, Ruling};
use super::{Env, Exchange, Serving};
use crate::body::Pointer;
use crate::json::{self, Document};
use crate::reply::Refusal;

impl Exchange {
    /// SQL in the body: the statement is decided as if it came to the database itself.
    pub(super) fn sql(
        &self,
        serving: &Serving,
        sql: &SqlBody,
        env: Env<'_>,
        judged: &mut Judged,
        ruling: &mut Ruling,
    ) -> Result<(), Refusal> {
        self.is_json()?;
        let malformed = |why: json::Malformed| Refusal::new(400, format!("the body: {why}"));
        let document = Document::read(&self.asked.body).map_err(malformed)?;
        let pointer = json::Pointer::parse(&sql.statement)
            .map_err(|why| Refusal::new(403, format!("the gate's configuration: {why}")))?;
        let text = pointer.of(document.root()).map_err(malformed)?;
        let text = text
            .and_then(json::Item::as_str)
            .ok_or_else(|| Refusal::new(400, format!("the body has no SQL text at `{}`", sql.statement)))?;
        self.judge_sql(serving, &text, sql.rows.as_deref(), env, judged, ruling)
    }

    /// Decides about SQL, and masks its columns in the rows of the answer.
    pub(super) fn judge_sql(
        &self,
        serving: &Serving,
        text: &str,
        rows: Option<&str>,
        env: Env<'_>,
        judged: &mut Judged,
        ruling: &mut Ruling,
    ) -> Result<(), Refusal> {
        let plane = &serving.plane;
        let (Some(database), Some(target)) = (&plane.sql, &plane.api.sql) else {
            return Err(Refusal::new(403, "the gate's configuration names no database for SQL in bodies"));
        };
        let who = serving.agent.identity.clone();
        let decision = gatewright_postgres::explain(database, who, &target.role, text, env.now);
        for policy in &decision.policies {
            if !ruling.policies.contains(policy) {
                ruling.policies.push(policy.clone());
            }
        }
        if decision.stands && !plane.enforcement.is_enforced() {
            ruling.stands = true;
        } else if let Some(statement) = of_a_session(&decision.explanation) {
            let detail = format!(
                "`{statement}` in a request's SQL leaves something behind in the service's connection, or uses what another \
                 request left there"
            );
            let refusal = Refusal::new(403, detail);
            return Err(refusal.hint(
                "send one statement that stands for itself, with its values as literals or parameters",
            ));
        }
        if let Some(refusal) = &decision.refusal {
            let words = [Some(refusal.message.as_str()), refusal.detail.as_deref(), refusal.hint.as_deref()];
            let words: Vec<&str> = words.into_iter().flatten().collect();
            let (policies, reason) = (decision.policies.clone(), refusal.message.clone());
            ruling.refusal = Some(Refusal::new(403, words.join(". ")).policies(&policies));
            ruling.and(Verdict::Deny(Denial { policies, reason }), &[]);
            if plane.enforcement.is_enforced() || ruling.stands {
                return Ok(());
            }
        }
        if let Some(rule) = &decision.rule {
            ruling.and(Verdict::NeedsApproval(rule.clone()), &[]);
        }
        match columns(&decision, rows, judged) {
            Err(refusal) if !plane.enforcement.is_enforced() => {
                judged.uncertain = true;
                ruling.refused(refusal);
                Ok(())
            }
            done => done,
        }
    }
}

/// Masks what lineage says of the rows: by name and by position where it is known where they stand, otherwise by name
/// wherever.
fn columns(decision: &Decision, rows: Option<&str>, judged: &mut Judged) -> Result<(), Refusal> {
    let explanation = &decision.explanation;
    if decision.is_uncertain {
        rows.ok_or_else(nameless)?;
        // There may be more in the answer than these rows.
        judged.uncertain = true;
    }
    let mut mask = |path: String, method: Method| {
        // INVARIANT: the path of rows was parsed with the bundle; should it not parse, everything is masked.
        let pointer = path.parse::<Pointer>().or_else(|_| "/**".parse());
        judged.masks.extend(pointer.map(|pointer| (pointer, method)));
    };
    for explained in &explanation.statements {
        judged.hush |= !explained.scope.is_empty();
        let outputs = match (&explained.outputs, rows) {
            (Some(outputs), _) => outputs,
            (None, _) if explained.scope.is_empty() => continue,
            (None, Some(rows)) => {
                mask(format!("{rows}/*"), Method::Redact);
                continue;
            }
            (None, None) => return Err(nameless()),
        };
        for (position, output) in outputs.iter().enumerate() {
            let Some(method) = output.method else { continue };
            let name = output.name.as_ref().map(|name| name.replace('~', "~0").replace('/', "~1"));
            match (rows, name) {
                (Some(rows), Some(name)) => mask(format!("{rows}/{name}"), method),
                (Some(rows), None) => mask(format!("{rows}/*"), Method::Redact),
                (None, Some(name)) => mask(format!("/**/{name}"), method),
                (None, None) => return Err(nameless()),
            }
            if let Some(rows) = rows {
                mask(format!("{rows}/{position}"), method);
            }
        }
    }
    Ok(())
}

/// Statements that are about the state of a connection. The service has connections that all requests share: what one
/// request names in it, the next one could use, and nobody would know what the name means.
const OF_A_SESSION: [&str; 19] = [
    "BEGIN",
    "CLOSE",
    "COMMIT",
    "DEALLOCATE",
    "DECLARE",
    "DISCARD",
    "EXECUTE",
    "FETCH",
    "LISTEN",
    "LOCK",
    "MOVE",
    "PREPARE",
    "RELEASE",
    "RESET",
    "ROLLBACK",
    "ROLLBACK TO",
    "SAVEPOINT",
    "SET",
    "UNLISTEN",
];

fn of_a_session(explanation: &Explanation) -> Option<&str> {
    let found = explanation.statements.iter().find(|explained| {
        OF_A_SESSION.contains(&explained.statement.as_str())
            || explained.requests.iter().any(|request| request.resource.contains("`pg_temp"))
    });
    found.map(|explained| explained.statement.as_str())
}

fn nameless() -> Refusal {
    Refusal::new(403, "a column of the result comes from masked columns and has no name that the gate knows")
        .hint("give each column a name of its own: `SELECT upper(email) AS email_upper`")
}
