//! Counts what is alike: by resource, agent, shape of the statement or request, and what would become of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gatewright_core::event::{Event, Kind};
use gatewright_core::time::Millis;
use serde::Serialize;

use crate::store::sessions::SessionRow;
use crate::time::as_rfc3339;

/// Longest shape that is told apart, in characters.
const LONGEST: usize = 2_000;

/// What enforcement would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Would {
    /// Deny it.
    Deny,
    /// Hold it for an approval.
    Hold,
    /// Withhold the answer, which could not be masked.
    Withhold,
    /// Leave entries out of a list.
    Hide,
    /// Mask values.
    Mask,
    /// Nothing else than shadow mode did: it was refused all the same.
    Refuse,
}

impl Would {
    /// In a word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Hold => "hold",
            Self::Withhold => "withhold",
            Self::Hide => "hide",
            Self::Mask => "mask",
            Self::Refuse => "refused",
        }
    }
}

/// What is alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    resource: String,
    would: Would,
    agent: String,
    issuer: String,
    shape: String,
    /// Of masks: whether they count already.
    already: bool,
}

/// Statements or requests that are alike.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Finding {
    pub(super) resource: String,
    pub(super) would: Would,
    /// It is so in shadow mode already.
    pub(super) already: bool,
    pub(super) agent: String,
    pub(super) issuer: String,
    /// What they have in common: the SQL without its values, the method and the path's template, the tool.
    pub(super) shape: String,
    pub(super) count: u64,
    /// Policies that decide; empty where none permits.
    pub(super) policies: BTreeSet<String>,
    /// Why, of the first one.
    pub(super) reason: String,
    /// Columns or fields that are masked, tools that are left out.
    pub(super) names: BTreeSet<String>,
    #[serde(serialize_with = "as_rfc3339")]
    pub(super) first: Millis,
    #[serde(serialize_with = "as_rfc3339")]
    pub(super) last: Millis,
    /// A session with one of them, and its number there.
    pub(super) session: String,
    pub(super) statement: u64,
}

/// All of one resource.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Total {
    pub(super) resource: String,
    pub(super) statements: u64,
    pub(super) would_allow: u64,
    pub(super) would_deny: u64,
    pub(super) would_hold: u64,
    /// Refused in shadow mode as well.
    pub(super) refused: u64,
    pub(super) agents: usize,
    #[serde(serialize_with = "as_rfc3339")]
    pub(super) first: Millis,
    #[serde(serialize_with = "as_rfc3339")]
    pub(super) last: Millis,
}

/// What there is to say.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) resources: Vec<Total>,
    /// The most frequent of each kind first.
    pub(super) findings: Vec<Finding>,
}

impl Report {
    /// Whether enforcement would change nothing: what is masked, or refused, is so already.
    pub(super) fn is_harmless(&self) -> bool {
        self.findings.iter().all(|finding| finding.already)
    }
}

/// The counts so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    totals: BTreeMap<String, (Total, BTreeSet<(String, String)>)>,
    findings: BTreeMap<Key, Finding>,
}

impl Tally {
    /// Goes through a session; what happened before `since` does not count.
    pub(super) fn session<'t>(&'t mut self, session: &'t SessionRow, since: Millis) -> Reading<'t> {
        Reading { tally: self, session, since, speaks_sql: true, shapes: HashMap::new() }
    }

    pub(super) fn report(self) -> Report {
        let totals = self.totals.into_iter();
        let resources =
            totals.map(|(resource, (total, agents))| Total { resource, agents: agents.len(), ..total });
        let mut findings: Vec<Finding> = self.findings.into_values().collect();
        findings.sort_by(|a, b| {
            let key = |finding: &Finding| (finding.resource.clone(), finding.would);
            key(a).cmp(&key(b)).then(b.count.cmp(&a.count)).then(a.first.cmp(&b.first))
        });
        Report { resources: resources.collect(), findings }
    }
}

/// A session on its way through the tally.
pub(super) struct Reading<'t> {
    tally: &'t mut Tally,
    session: &'t SessionRow,
    since: Millis,
    speaks_sql: bool,
    /// Of statements that were decided in shadow mode.
    shapes: HashMap<u64, String>,
}

/// Why something would be so.
#[derive(Default)]
struct Why {
    policies: Vec<String>,
    reason: String,
    names: Vec<String>,
}

impl Reading<'_> {
    /// The next event.
    pub(super) fn event(&mut self, event: Event) {
        let at = event.at;
        match event.kind {
            Kind::Open { database, .. } => self.speaks_sql = !database.is_empty(),
            Kind::Statement {
                statement,
                text,
                decision,
                would: Some(would),
                policies,
                reason,
                shape,
                ..
            } => {
                let shape = shape.unwrap_or_else(|| self.shape(&text));
                let shape = match shape.char_indices().nth(LONGEST) {
                    Some((end, _)) => format!("{}…", shape.get(..end).unwrap_or_default()),
                    None => shape,
                };
                if at >= self.since {
                    let stands = decision != "allow";
                    self.total(at, &would, stands);
                    let would = match &*would {
                        _ if stands => Some(Would::Refuse),
                        "deny" => Some(Would::Deny),
                        "hold" => Some(Would::Hold),
                        _ => None,
                    };
                    if let Some(would) = would {
                        self.add(
                            at,
                            would,
                            stands,
                            statement,
                            &shape,
                            Why { policies, reason, names: Vec::new() },
                        );
                    }
                }
                self.shapes.insert(statement, shape);
            }
            Kind::Result { statement, masked, unmasked, would_hide, would_withhold, .. }
                if at >= self.since =>
            {
                let Some(shape) = self.shapes.get(&statement).cloned() else { return };
                if !masked.is_empty() {
                    let why = Why { names: masked, ..Why::default() };
                    self.add(at, Would::Mask, !unmasked, statement, &shape, why);
                }
                if !would_hide.is_empty() {
                    let why = Why { names: would_hide, ..Why::default() };
                    self.add(at, Would::Hide, false, statement, &shape, why);
                }
                if let Some(reason) = would_withhold {
                    self.add(at, Would::Withhold, false, statement, &shape, Why { reason, ..Why::default() });
                }
            }
            _ => {}
        }
    }

    fn total(&mut self, at: Millis, would: &str, stands: bool) {
        let (total, agents) = self.tally.totals.entry(self.session.resource.clone()).or_default();
        agents.insert((self.session.issuer.clone(), self.session.principal.clone()));
        total.first = if total.statements == 0 { at } else { total.first.min(at) };
        total.last = total.last.max(at);
        total.statements += 1;
        match would {
            _ if stands => total.refused += 1,
            "allow" => total.would_allow += 1,
            "hold" => total.would_hold += 1,
            _ => total.would_deny += 1,
        }
    }

    fn add(&mut self, at: Millis, would: Would, already: bool, statement: u64, shape: &str, why: Why) {
        let key = Key {
            resource: self.session.resource.clone(),
            would,
            agent: self.session.principal.clone(),
            issuer: self.session.issuer.clone(),
            shape: shape.to_owned(),
            already,
        };
        let finding = self.tally.findings.entry(key.clone()).or_insert_with(|| Finding {
            resource: key.resource,
            would,
            already,
            agent: key.agent,
            issuer: key.issuer,
            shape: key.shape,
            count: 0,
            policies: BTreeSet::new(),
            reason: why.reason,
            names: BTreeSet::new(),
            first: at,
            last: at,
            session: self.session.id.clone(),
            statement,
        });
        finding.count += 1;
        finding.policies.extend(why.policies);
        finding.names.extend(why.names);
        finding.first = finding.first.min(at);
        finding.last = finding.last.max(at);
    }

    /// The shape of SQL, or of a request that fits no endpoint: its method and path, without what looks like a value.
    fn shape(&self, text: &str) -> String {
        if self.speaks_sql {
            return gatewright_sql::shape(text).into_owned();
        }
        let (method, rest) = text.split_once(' ').unwrap_or((text, ""));
        let path = rest.split([' ', '?']).next().unwrap_or_default();
        let is_value = |segment: &str| segment.contains(|c: char| c.is_ascii_digit()) || segment.len() > 40;
        let segments = path.split('/').map(|segment| if is_value(segment) { "{…}" } else { segment });
        format!("{method} {}", segments.collect::<Vec<_>>().join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(number: u64, text: &str, decision: &str, would: &str, policy: &str) -> Kind {
        Kind::Statement {
            statement: number,
            text: text.to_owned(),
            parameters: Vec::new(),
            decision: decision.to_owned(),
            would: Some(would.to_owned()).filter(|would| !would.is_empty()),
            policies: vec![policy.to_owned()],
            reason: format!("{policy} says so"),
            shape: None,
            explanation: None,
            explained_by: None,
            trace: None,
        }
    }

    fn result(number: u64, unmasked: bool) -> Kind {
        Kind::Result {
            statement: number,
            tag: "SELECT 1".to_owned(),
            columns: Vec::new(),
            rows: Vec::new(),
            row_count: 1,
            masked: vec!["ssn".to_owned()],
            unmasked,
            would_hide: Vec::new(),
            would_withhold: None,
            elapsed_ms: 1,
        }
    }

    fn open(database: &str) -> Kind {
        let none = String::new;
        let (resource, principal, issuer, role) = ("shop".to_owned(), "ann".to_owned(), none(), none());
        let (groups, database) = (Vec::new(), database.to_owned());
        let (source, application) = (none(), none());
        Kind::Open { resource, principal, issuer, groups, role, database, source, application }
    }

    fn tallied(database: &str, since: Millis, kinds: Vec<Kind>) -> Report {
        let session = SessionRow {
            id: "s1".into(),
            resource: "shop".into(),
            principal: "ann".into(),
            ..SessionRow::default()
        };
        let mut tally = Tally::default();
        let mut reading = tally.session(&session, since);
        let kinds = std::iter::once(open(database)).chain(kinds);
        (1..).zip(kinds).for_each(|(at, kind)| reading.event(Event { at, kind }));
        tally.report()
    }

    #[test]
    fn what_is_alike_is_counted_together() {
        let report = tallied(
            "shop",
            0,
            vec![
                statement(1, "DELETE FROM orders WHERE id = 1", "allow", "deny", "no-delete"),
                statement(2, "DELETE FROM orders WHERE id = 22", "allow", "deny", "no-delete"),
                statement(3, "DELETE FROM orders WHERE id = 3", "allow", "hold", "dba"),
                statement(4, "SELECT ssn FROM people WHERE id = 4", "allow", "allow", "read"),
                result(4, true),
                statement(5, "SET search_path = x", "deny", "deny", ""),
                // Enforced: no matter of this report.
                statement(6, "DROP TABLE people", "deny", "", "no-ddl"),
                result(6, false),
            ],
        );
        let total = &report.resources[0];
        assert_eq!(
            (total.statements, total.would_allow, total.would_deny, total.would_hold, total.refused),
            (5, 1, 2, 1, 1)
        );
        let found: Vec<_> =
            report.findings.iter().map(|f| (f.would.word(), f.count, f.already, f.statement)).collect();
        assert_eq!(
            found,
            [("deny", 2, false, 1), ("hold", 1, false, 3), ("mask", 1, false, 4), ("refused", 1, true, 5)]
        );
        let deny = &report.findings[0];
        assert_eq!((deny.first, deny.last), (2, 3));
        assert!(!deny.shape.contains("22") && deny.policies.contains("no-delete"), "{deny:?}");
        assert!(!report.is_harmless());
    }

    #[test]
    fn enforcement_that_would_change_nothing_is_harmless() {
        let kinds = || {
            vec![
                statement(1, "SELECT ssn FROM people", "allow", "allow", "read"),
                result(1, false),
                statement(2, "SET search_path = x", "deny", "deny", ""),
            ]
        };
        assert!(tallied("shop", 0, kinds()).is_harmless());
        let later = tallied("shop", 3, kinds());
        assert_eq!(
            (later.resources[0].statements, later.findings.len()),
            (1, 2),
            "a result counts when it came"
        );
        assert!(tallied("shop", 5, kinds()).resources.is_empty());
    }

    #[test]
    fn requests_of_no_endpoint_are_told_by_their_path() {
        let report = tallied(
            "",
            0,
            vec![
                statement(1, "GET /orders/17?x=1", "allow", "deny", ""),
                statement(2, "GET /orders/18", "allow", "deny", ""),
            ],
        );
        assert_eq!((report.findings[0].shape.as_str(), report.findings[0].count), ("GET /orders/{…}", 2));
    }
}
