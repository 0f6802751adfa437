//! Evaluation of Cedar policies for one principal, action and resource at a time.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::str::FromStr;
use std::sync::Arc;

use cedar_policy::{
    Authorizer, Context as CedarContext, Decision, Effect, Entities, Entity, EntityId, EntityTypeName,
    EntityUid, PolicyId, PolicySet, Request as CedarRequest, Response, RestrictedExpression as Expr,
};
use serde_json::Value;

use super::http::{self, Request};
use super::{Action, Target};
use crate::api::Need;
use crate::identity::Identity;
use crate::time::{Millis, seconds};

/// Why policies or requests cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct EngineError(pub(super) String);

/// The schema's kinds of inference.
const INFERENCE: [&str; 6] = ["compared", "joined", "grouped", "filtered", "sorted", "failing"];

/// What a request says beyond principal, action and resource; see the schema.
#[derive(Debug, Clone)]
pub struct Context {
    role: String,
    source: String,
    now: Millis,
    doing: Doing,
}

/// What an action is part of.
#[derive(Debug, Clone)]
enum Doing {
    Session,
    Statement(Statement),
    Request(Request),
}

/// What a statement does, as policies see it.
#[derive(Debug, Clone, Default)]
pub struct Statement {
    /// `SELECT`, `CREATE TABLE`, …
    pub name: String,
    /// An explicit transaction is open.
    pub in_transaction: bool,
    /// It has a WHERE that is not always true.
    pub has_where: bool,
    /// As `table.column`.
    pub columns_read: BTreeSet<Arc<str>>,
    /// As `table.column`.
    pub columns_written: BTreeSet<Arc<str>>,
    /// As `schema.name`.
    pub functions: BTreeSet<String>,
    /// Masked columns that decide what is seen, as `table.column`, by how they do; see the schema.
    pub inference: BTreeMap<String, BTreeSet<String>>,
    /// Masked columns whose values it stores where they are not masked, as `table.column`.
    pub spreads: BTreeSet<String>,
}

impl Context {
    /// For `connect` and `unmask`. `source` is an IP address; what is none (a Unix socket) counts as `0.0.0.0`.
    #[must_use]
    pub fn session(role: &str, source: &str, now: Millis) -> Self {
        let source =
            source.parse::<std::net::IpAddr>().map_or_else(|_| "0.0.0.0".to_owned(), |ip| ip.to_string());
        Self { role: role.to_owned(), source, now, doing: Doing::Session }
    }

    /// For everything that a statement does.
    #[must_use]
    pub fn statement(mut self, statement: Statement) -> Self {
        self.doing = Doing::Statement(statement);
        self
    }

    /// For an HTTP request.
    #[must_use]
    pub fn request(mut self, request: Request) -> Self {
        self.doing = Doing::Request(request);
        self
    }

    fn cedar(&self, approved: bool) -> Result<CedarContext, EngineError> {
        let text = |s: &str| Expr::new_string(s.to_owned());
        let mut pairs = vec![
            ("source".to_owned(), Expr::new_ip(&self.source)),
            ("time".to_owned(), Expr::new_datetime(rfc3339(self.now))),
            ("approved".to_owned(), Expr::new_bool(approved)),
        ];
        match &self.doing {
            Doing::Request(request) => pairs.extend(request.pairs()?),
            Doing::Session | Doing::Statement(_) => pairs.push(("role".to_owned(), text(&self.role))),
        }
        if let Doing::Statement(statement) = &self.doing {
            pairs.extend([
                ("in_transaction".to_owned(), Expr::new_bool(statement.in_transaction)),
                ("statement".to_owned(), text(&statement.name)),
                ("has_where".to_owned(), Expr::new_bool(statement.has_where)),
                ("columns_read".to_owned(), texts(&statement.columns_read)),
                ("columns_written".to_owned(), texts(&statement.columns_written)),
                ("functions".to_owned(), texts(&statement.functions)),
                ("spreads".to_owned(), texts(&statement.spreads)),
            ]);
            let none = BTreeSet::<String>::new();
            let inference = INFERENCE
                .map(|kind| (kind.to_owned(), texts(statement.inference.get(kind).unwrap_or(&none))));
            let inference = Expr::new_record(inference).map_err(|e| EngineError(format!("context: {e}")))?;
            pairs.push(("inference".to_owned(), inference));
        }
        CedarContext::from_pairs(pairs).map_err(|e| EngineError(format!("context: {e}")))
    }

    /// The entities that the context names.
    fn entities(&self) -> Result<Vec<Entity>, EngineError> {
        match &self.doing {
            Doing::Request(request) => request.entities(),
            Doing::Session | Doing::Statement(_) => Ok(Vec::new()),
        }
    }
}

/// What policy says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Permitted.
    Allow,
    /// Not permitted, whoever approves.
    Deny(Denial),
    /// Permitted once somebody approves.
    NeedsApproval(ApprovalRule),
}

/// Why something is denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// Ids of the policies that forbid; empty where none permits.
    pub policies: Vec<String>,
    /// For people: the policies' `@reason`, or which permission is missing.
    pub reason: String,
}

/// Who must approve, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalRule {
    /// Groups of which a member may approve (`@approvers`, separated by commas).
    pub approvers: Vec<String>,
    /// How many different people (`@min_approvals`), at least 1.
    pub min_approvals: u32,
    /// Lifetime in seconds (`@expires`), where a policy names one.
    pub expires_s: Option<u64>,
    /// `@reason`.
    pub reason: String,
    /// Ids of the policies that would permit.
    pub policies: Vec<String>,
    /// What is not permitted without the approval.
    pub needs: Vec<Need>,
    /// Whether whoever decides must say why (`@comment_required`).
    pub comment_required: bool,
    /// How long a grant for more of the same may last (`@max_grant`), in seconds, where a policy says.
    pub max_grant_s: Option<u64>,
}

impl ApprovalRule {
    /// One rule that satisfies both; `None` where no group can approve for both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Option<Self> {
        self.approvers.retain(|group| other.approvers.contains(group));
        if self.approvers.is_empty() {
            return None;
        }
        self.min_approvals = self.min_approvals.max(other.min_approvals);
        self.expires_s = shorter(self.expires_s, other.expires_s);
        self.max_grant_s = shorter(self.max_grant_s, other.max_grant_s);
        self.comment_required |= other.comment_required;
        for need in other.needs {
            if !self.needs.contains(&need) {
                self.needs.push(need);
            }
        }
        if self.reason != other.reason {
            self.reason = format!("{}; {}", self.reason, other.reason);
        }
        for policy in other.policies {
            if !self.policies.contains(&policy) {
                self.policies.push(policy);
            }
        }
        Some(self)
    }
}

impl Verdict {
    /// Both must hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (deny @ Self::Deny(_), _) | (_, deny @ Self::Deny(_)) => deny,
            (Self::Allow, rest) | (rest, Self::Allow) => rest,
            (Self::NeedsApproval(a), Self::NeedsApproval(b)) => {
                let policies = [a.policies.clone(), b.policies.clone()].concat();
                a.and(b).map_or_else(
                    || {
                        let reason = "its parts need the approval of different groups: send them one by one"
                            .to_owned();
                        Self::Deny(Denial { policies, reason })
                    },
                    Self::NeedsApproval,
                )
            }
        }
    }
}

/// Parsed policies, ready to decide.
#[derive(Debug)]
pub struct Engine {
    policies: PolicySet,
    authorizer: Authorizer,
}

impl Engine {
    /// Takes over policies in their JSON form (`PolicySet::to_json`). They were validated by the host.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn from_json(policies: &Value) -> Result<Self, EngineError> {
        let policies = PolicySet::from_json_value(policies.clone())
            .map_err(|e| EngineError(format!("policies: {e}")))?;
        Ok(Self { policies, authorizer: Authorizer::new() })
    }

    /// Decides one action on one target of the resource. Whatever goes wrong denies.
    #[must_use]
    pub fn decide(
        &self,
        who: &Identity,
        resource: &str,
        action: Action,
        target: &Target,
        context: &Context,
    ) -> Verdict {
        self.explain(who, resource, action, target, context).0
    }

    /// The same, with the ids of the policies that determined it.
    #[must_use]
    pub fn explain(
        &self,
        who: &Identity,
        resource: &str,
        action: Action,
        target: &Target,
        context: &Context,
    ) -> (Verdict, Vec<String>) {
        let decided = self.try_decide(who, resource, action, target, context);
        let (verdict, permits) = decided.unwrap_or_else(|error| {
            let reason = format!("policy could not be evaluated: {error}");
            (Verdict::Deny(Denial { policies: Vec::new(), reason }), Vec::new())
        });
        let policies = match &verdict {
            Verdict::Allow => permits,
            Verdict::Deny(denial) => denial.policies.clone(),
            Verdict::NeedsApproval(rule) => rule.policies.clone(),
        };
        (verdict, policies)
    }

    /// Where it is permitted, with the ids of the policies that permit.
    fn try_decide(
        &self,
        who: &Identity,
        resource: &str,
        action: Action,
        target: &Target,
        context: &Context,
    ) -> Result<(Verdict, Vec<String>), EngineError> {
        let principal = uid("Agent", &who.subject)?;
        let (target_uid, mut entities) = target_entities(resource, target)?;
        entities.extend(agent_entities(who, &principal)?);
        entities.extend(context.entities()?);
        let entities =
            Entities::from_entities(entities, None).map_err(|e| EngineError(format!("entities: {e}")))?;
        let action_uid = uid("Action", action.as_str())?;
        let evaluate = |approved: bool| -> Result<Response, EngineError> {
            let context = context.cedar(approved)?;
            let request =
                CedarRequest::new(principal.clone(), action_uid.clone(), target_uid.clone(), context, None)
                    .map_err(|e| EngineError(format!("request: {e}")))?;
            Ok(self.authorizer.is_authorized(&request, &self.policies, &entities))
        };
        let response = evaluate(false)?;
        if let Some(denial) = self.erring_forbid(&response) {
            return Ok((Verdict::Deny(denial), Vec::new()));
        }
        if response.decision() == Decision::Allow {
            let mut permits: Vec<String> = response.diagnostics().reason().map(ToString::to_string).collect();
            permits.sort();
            return Ok((Verdict::Allow, permits));
        }
        let approved = evaluate(true)?;
        if approved.decision() == Decision::Allow && self.erring_forbid(&approved).is_none() {
            let need = Need { action: action.to_string(), resource: target_uid.to_string() };
            return Ok((self.approval(&approved, need), Vec::new()));
        }
        Ok((Verdict::Deny(self.denial(who, action, target, &response)), Vec::new()))
    }

    /// Cedar skips a policy whose evaluation fails. For a forbid that would fail open, so it denies.
    fn erring_forbid(&self, response: &Response) -> Option<Denial> {
        response.diagnostics().errors().find_map(|error| {
            let cedar_policy::AuthorizationError::PolicyEvaluationError(error) = error;
            let id = error.policy_id();
            let forbids = self.policies.policy(id).is_none_or(|policy| policy.effect() == Effect::Forbid);
            forbids.then(|| Denial {
                policies: vec![id.to_string()],
                reason: "the policy could not be evaluated for this request".to_owned(),
            })
        })
    }

    fn annotation(&self, id: &PolicyId, key: &str) -> Option<&str> {
        self.policies.annotation(id, key)
    }

    fn denial(&self, who: &Identity, action: Action, target: &Target, response: &Response) -> Denial {
        let mut ids: Vec<&PolicyId> = response.diagnostics().reason().collect();
        ids.sort();
        let mut reasons: Vec<&str> = ids.iter().filter_map(|id| self.annotation(id, "reason")).collect();
        reasons.dedup();
        let reason = if ids.is_empty() {
            format!(
                "no policy permits `{action}` on {target} to `{}` (groups: {})",
                who.subject,
                list(&who.groups)
            )
        } else if reasons.is_empty() {
            format!("`{action}` on {target} is forbidden")
        } else {
            reasons.join("; ")
        };
        Denial { policies: ids.iter().map(ToString::to_string).collect(), reason }
    }

    /// The rule of the policies that would permit: any one of them suffices, so their approvers add up.
    fn approval(&self, response: &Response, need: Need) -> Verdict {
        let mut ids: Vec<&PolicyId> = response.diagnostics().reason().collect();
        ids.sort();
        let policies: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let mut rule = ApprovalRule {
            approvers: Vec::new(),
            min_approvals: 1,
            expires_s: None,
            reason: String::new(),
            policies,
            needs: vec![need],
            comment_required: false,
            max_grant_s: None,
        };
        for id in ids {
            for group in self.annotation(id, "approvers").unwrap_or_default().split(',').map(str::trim) {
                if !group.is_empty() && !rule.approvers.iter().any(|known| known == group) {
                    rule.approvers.push(group.to_owned());
                }
            }
            let min = self.annotation(id, "min_approvals").and_then(|n| n.trim().parse().ok()).unwrap_or(1);
            rule.min_approvals = rule.min_approvals.max(min);
            rule.expires_s = shorter(rule.expires_s, self.annotation(id, "expires").and_then(duration_s));
            let longest = self.annotation(id, "max_grant").map(|text| duration_s(text).unwrap_or(0));
            rule.max_grant_s = shorter(rule.max_grant_s, longest);
            rule.comment_required |=
                self.annotation(id, "comment_required").is_some_and(|text| text != "false");
            if let Some(reason) = self.annotation(id, "reason") {
                if !rule.reason.is_empty() {
                    rule.reason.push_str("; ");
                }
                rule.reason.push_str(reason);
            }
        }
        if rule.approvers.is_empty() {
            let reason =
                "it needs approval, and the policy names nobody who may approve (`@approvers`)".to_owned();
            return Verdict::Deny(Denial { policies: rule.policies, reason });
        }
        Verdict::NeedsApproval(rule)
    }
}

/// The shorter one, where there are two.
fn shorter(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Seconds of a duration such as `90s`, `15m`, `2h` or `1d`.
#[must_use]
pub fn duration_s(text: &str) -> Option<u64> {
    let text = text.trim();
    let unit = text.chars().last()?;
    let number: u64 = text.strip_suffix(unit)?.trim().parse().ok()?;
    let seconds_per_unit = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    number.checked_mul(seconds_per_unit)
}

fn list(groups: &[String]) -> String {
    if groups.is_empty() { "none".to_owned() } else { groups.join(", ") }
}

pub(super) fn uid(kind: &str, id: &str) -> Result<EntityUid, EngineError> {
    let kind =
        EntityTypeName::from_str(kind).map_err(|e| EngineError(format!("entity type `{kind}`: {e}")))?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

pub(super) fn entity(
    uid: EntityUid,
    attributes: impl IntoIterator<Item = (String, Expr)>,
    parent: Option<EntityUid>,
) -> Result<Entity, EngineError> {
    let attributes: HashMap<String, Expr> = attributes.into_iter().collect();
    Entity::new(uid, attributes, parent.into_iter().collect())
        .map_err(|e| EngineError(format!("attribute: {e}")))
}

pub(super) fn name_attribute(name: &str) -> (String, Expr) {
    ("name".to_owned(), Expr::new_string(name.to_owned()))
}

pub(super) fn tags_attribute(tags: &[String]) -> (String, Expr) {
    ("tags".to_owned(), Expr::new_set(tags.iter().map(|tag| Expr::new_string(tag.clone()))))
}

/// The principal with its groups, and claims as tags.
fn agent_entities(who: &Identity, principal: &EntityUid) -> Result<Vec<Entity>, EngineError> {
    let mut groups = HashSet::new();
    for group in &who.groups {
        groups.insert(uid("Group", group)?);
    }
    let attributes = HashMap::from([
        ("issuer".to_owned(), Expr::new_string(who.issuer.clone())),
        ("subject".to_owned(), Expr::new_string(who.subject.clone())),
    ]);
    let tags = who.claims.iter().filter_map(|(name, value)| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            _ => return None,
        };
        Some((name.clone(), Expr::new_string(text)))
    });
    let tags: Vec<(String, Expr)> = tags.collect();
    let agent = Entity::new_with_tags(
        principal.clone(),
        attributes,
        groups.iter().cloned().collect::<HashSet<_>>(),
        tags,
    )
    .map_err(|e| EngineError(format!("agent: {e}")))?;
    let mut entities = vec![agent];
    entities.extend(groups.into_iter().map(|group| Entity::new_no_attrs(group, HashSet::new())));
    Ok(entities)
}

/// The target's uid, and it with all that it is in.
fn target_entities(resource: &str, target: &Target) -> Result<(EntityUid, Vec<Entity>), EngineError> {
    if let Some(found) = http::target_entities(resource, target)? {
        return Ok(found);
    }
    let database = uid("Database", resource)?;
    let mut entities = vec![entity(database.clone(), [tags_attribute(&[])], None)?];
    let schema_uid = |schema: &str| uid("Schema", &format!("{resource}.{schema}"));
    let table_uid = |schema: &str, table: &str| uid("Table", &format!("{resource}.{schema}.{table}"));
    if let Target::Schema { schema }
    | Target::Table { schema, .. }
    | Target::Column { schema, .. }
    | Target::Function { schema, .. } = target
    {
        entities.push(entity(schema_uid(schema)?, [name_attribute(schema)], Some(database.clone()))?);
    }
    let own = match target {
        Target::Database => database,
        Target::Schema { schema } => schema_uid(schema)?,
        Target::Table { schema, name, tags } => {
            let own = table_uid(schema, name)?;
            let attributes = [name_attribute(name), tags_attribute(tags)];
            entities.push(entity(own.clone(), attributes, Some(schema_uid(schema)?))?);
            own
        }
        Target::Column { schema, table, column, tags } => {
            let parent = table_uid(schema, table)?;
            let attributes = [name_attribute(table), tags_attribute(&[])];
            entities.push(entity(parent.clone(), attributes, Some(schema_uid(schema)?))?);
            let own = uid("Column", &format!("{resource}.{schema}.{table}.{column}"))?;
            entities.push(entity(own.clone(), [name_attribute(column), tags_attribute(tags)], Some(parent))?);
            own
        }
        Target::Function { schema, name } => {
            let own = uid("Function", &format!("{resource}.{schema}.{name}"))?;
            entities.push(entity(own.clone(), [name_attribute(name)], Some(schema_uid(schema)?))?);
            own
        }
        Target::Setting { name } => {
            let own = uid("Setting", name)?;
            entities.push(entity(own.clone(), [name_attribute(name)], Some(database))?);
            own
        }
        // INVARIANT: the others were found above.
        _ => return Err(EngineError("a target of another plane".to_owned())),
    };
    Ok((own, entities))
}

/// RFC 3339 in UTC with milliseconds, the form Cedar's `datetime` takes.
#[must_use]
#[expect(clippy::arithmetic_side_effects, reason = "days of a u64 of milliseconds stay far inside i64")]
pub fn rfc3339(at: Millis) -> String {
    let (secs, millis) = (seconds(at), at % 1000);
    let (days, time) = ((secs / 86_400).cast_signed(), secs % 86_400);
    // Civil from days (Gregorian calendar, era of 400 years), counted from 0000-03-01.
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (time / 3_600, time / 60 % 60, time % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

fn texts<T: AsRef<str>>(set: &BTreeSet<T>) -> Expr {
    Expr::new_set(set.iter().map(|text| Expr::new_string(text.as_ref().to_owned())))
}
