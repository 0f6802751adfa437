//! Decides what a text may do: policy for each of its accesses, and what holds whatever policy says.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use gatewright_core::catalogue::Taint;
use gatewright_core::identity::Identity;
use gatewright_core::policy::{Action, ApprovalRule, Context, Denial, Target, Verdict};
use gatewright_core::time::Millis;
use gatewright_sql::{CopyDirection, StatementFacts};

use super::rows::Origin;
use super::settings;
use crate::plane::Analysis;
use crate::refusal::code;
use crate::{Plane, Refusal};

/// How long a decision stands, in milliseconds: policies may look at the time.
const STANDS: Millis = 1_000;
/// Most decisions that a session keeps.
const KEPT: usize = 500;

/// What was decided about a text.
#[derive(Debug)]
pub(crate) struct Judgement {
    pub(crate) outcome: Outcome,
    /// Policies that determined it.
    pub(crate) policies: Vec<String>,
    /// Why, for the recording.
    pub(crate) reason: String,
    /// Origin of its outputs, all statements of the text together.
    pub(crate) origin: Origin,
    /// Masked columns that the agent sees masked, and the bundle whose ids these and `origin` are.
    pub(crate) active: Taint,
    pub(crate) plane: Rc<Plane>,
}

/// May it run?
#[derive(Debug)]
pub(crate) enum Outcome {
    Allow,
    Deny(Refusal),
    Hold(ApprovalRule),
}

impl Judgement {
    /// The word for the recording.
    pub(crate) fn word(&self) -> &'static str {
        match self.outcome {
            Outcome::Allow => "allow",
            Outcome::Deny(_) => "deny",
            Outcome::Hold(_) => "hold",
        }
    }

    /// Whether no row may pass whose columns are not known.
    pub(crate) fn needs_columns(&self) -> bool {
        !self.origin.is_clean() || self.plane.detectors.is_some()
    }
}

/// Who asks, and what a session remembers of its decisions.
#[derive(Debug)]
pub(crate) struct Judge {
    pub(crate) identity: Identity,
    pub(crate) role: String,
    source_ip: String,
    /// Masked columns that this agent sees masked.
    pub(crate) active: Taint,
    /// What cursors and SQL-level prepared statements of this session may give.
    defined: Origin,
    /// One of them needed an approval when it was defined; SQL that uses them would go round it.
    defined_held: bool,
    known: HashMap<(usize, bool), Known>,
}

#[derive(Debug)]
struct Known {
    at: Millis,
    /// Keeps the analysis, whose address is the key, from being freed.
    _analysis: Rc<Analysis>,
    judgement: Rc<Judgement>,
}

impl Judge {
    pub(crate) fn new(
        identity: Identity,
        role: String,
        source_ip: String,
        plane: &Plane,
        now: Millis,
    ) -> Self {
        let defined = Origin { scope: Taint::CLEAN, opaque: false, outputs: None };
        let mut judge = Self {
            identity,
            role,
            source_ip,
            active: Taint::CLEAN,
            defined,
            defined_held: false,
            known: HashMap::new(),
        };
        judge.renew(plane, now);
        judge
    }

    /// A new bundle: everything is decided anew.
    pub(crate) fn renew(&mut self, plane: &Plane, now: Millis) {
        self.known.clear();
        let context = Context::session(&self.role, &self.source_ip, now);
        self.active = Taint::CLEAN;
        for (id, column) in plane.catalogue.all_masked() {
            let target = Target::Column {
                schema: column.schema.clone(),
                table: column.table.clone(),
                column: column.column.clone(),
                tags: column.tags.clone(),
            };
            let verdict =
                plane.engine.decide(&self.identity, &plane.resource.name, Action::Unmask, &target, &context);
            if verdict != Verdict::Allow {
                self.active.insert(id);
            }
        }
        if !self.defined.scope.is_clean() {
            // Ids of masked columns are those of the old bundle.
            self.defined.scope = plane.catalogue.everything().clone();
        }
    }

    /// What may come out of cursors and SQL-level prepared statements from now on.
    pub(crate) fn defines(&mut self, analysis: &Analysis, plane: &Plane) {
        for facts in analysis.facts.iter().flatten() {
            if facts.defines_outputs {
                self.defined.scope.extend(&facts.scope);
                self.defined.opaque |= facts.opaque;
            }
            if runs_unknown_code(facts) {
                self.defined.scope.extend(plane.catalogue.everything());
            }
        }
    }

    /// A statement or portal got a name by the protocol's messages, by which SQL's EXECUTE and FETCH can reach it.
    pub(crate) fn defines_by_protocol(&mut self, analysis: &Analysis, judgement: &Judgement) {
        for facts in analysis.facts.iter().flatten() {
            self.defined.scope.extend(&facts.scope);
            self.defined.opaque |= facts.opaque;
        }
        self.defined.opaque |= analysis.facts.is_err();
        self.defined_held |= matches!(judgement.outcome, Outcome::Hold(_));
    }

    /// Decides a text, or remembers.
    pub(crate) fn judge(
        &mut self,
        analysis: &Rc<Analysis>,
        in_transaction: bool,
        plane: &Rc<Plane>,
        now: Millis,
    ) -> Rc<Judgement> {
        let key = (Rc::as_ptr(analysis) as usize, in_transaction);
        let uses_defined = analysis.facts.iter().flatten().any(|facts| facts.uses_defined_outputs);
        if let Some(known) = self.known.get(&key)
            && now.saturating_sub(known.at) < STANDS
            && !uses_defined
        {
            return Rc::clone(&known.judgement);
        }
        let judgement = Rc::new(self.decide(analysis, in_transaction, plane, now));
        if self.known.len() >= KEPT {
            self.known.clear();
        }
        let known = Known { at: now, _analysis: Rc::clone(analysis), judgement: Rc::clone(&judgement) };
        self.known.insert(key, known);
        judgement
    }

    fn decide(&self, analysis: &Analysis, in_transaction: bool, plane: &Rc<Plane>, now: Millis) -> Judgement {
        let context = || Context::session(&self.role, &self.source_ip, now);
        let ask = |action, target: &Target, context: &Context| {
            plane.engine.decide(&self.identity, &plane.resource.name, action, target, context)
        };
        let everything =
            || Origin { scope: plane.catalogue.everything().clone(), opaque: true, outputs: None };
        let facts = match &analysis.facts {
            Ok(facts) => facts,
            Err(unparsed) => {
                let none = BTreeSet::new();
                let context = context().statement("unparsed", in_transaction, false, &none, &none, &none);
                let verdict = ask(Action::Unparsed, &Target::Database, &context);
                return self.conclude(verdict, Some(&unparsed.to_string()), everything(), plane);
            }
        };
        if let Some(refusal) = facts.iter().find_map(|facts| self.never(facts, analysis, plane)) {
            let (reason, active) = (refusal.message.clone(), self.active.clone());
            let outcome = Outcome::Deny(refusal);
            let plane = Rc::clone(plane);
            return Judgement { outcome, policies: Vec::new(), reason, origin: everything(), active, plane };
        }
        let mut verdict = Verdict::Allow;
        for facts in facts {
            let context = context().statement(
                facts.statement,
                in_transaction,
                facts.has_where,
                &facts.columns_read,
                &facts.columns_written,
                &facts.functions,
            );
            for access in &facts.accesses {
                verdict = verdict.and(ask(access.action, &access.target, &context));
                if matches!(verdict, Verdict::Deny(_)) {
                    return self.conclude(verdict, None, everything(), plane);
                }
            }
        }
        let prepares = facts.iter().any(|facts| facts.statement == "PREPARE");
        if let (Verdict::NeedsApproval(rule), true) = (&verdict, prepares) {
            // EXECUTE would run it any number of times.
            let refusal = Refusal::new(
                code::DENIED,
                format!("what needs an approval cannot be prepared: {}", rule.reason),
            )
            .hint("send the statement itself");
            let (policies, reason) = (rule.policies.clone(), rule.reason.clone());
            let (outcome, active) = (Outcome::Deny(refusal), self.active.clone());
            return Judgement {
                outcome,
                policies,
                reason,
                origin: everything(),
                active,
                plane: Rc::clone(plane),
            };
        }
        self.conclude(verdict, None, self.origin(facts), plane)
    }

    /// Origin of the outputs, less what this agent may see.
    fn origin(&self, all: &[StatementFacts]) -> Origin {
        let mut origin = Origin { scope: Taint::CLEAN, opaque: false, outputs: None };
        for facts in all {
            origin.scope.extend(&facts.scope);
            origin.opaque |= facts.opaque;
            if facts.uses_defined_outputs {
                origin.scope.extend(&self.defined.scope);
                origin.opaque |= self.defined.opaque;
            }
        }
        if let [only] = all
            && !only.uses_defined_outputs
        {
            origin.outputs.clone_from(&only.outputs);
        }
        origin.scope = self.masked(&origin.scope);
        origin.opaque &= !self.active.is_clean();
        origin
    }

    /// The part of a taint that this agent sees masked.
    fn masked(&self, taint: &Taint) -> Taint {
        let (mut seen, mut masked) = (taint.clone(), taint.clone());
        seen.remove(&self.active);
        masked.remove(&seen);
        masked
    }

    /// What is refused whatever policy says, because the gate could not keep its promises afterwards.
    fn never(&self, facts: &StatementFacts, analysis: &Analysis, plane: &Plane) -> Option<Refusal> {
        if facts.uses_defined_outputs && self.defined_held {
            return Some(
                Refusal::new(code::DENIED, "this could run a prepared statement that needs an approval")
                    .detail("In this session such a statement was prepared under a name, which EXECUTE or FETCH would run without asking anybody.")
                    .hint("run prepared statements by Bind and Execute, or in a new session"),
            );
        }
        if facts.hides {
            return Some(
                Refusal::new(code::DENIED, "a temporary object must not have the name of a real one")
                    .detail(
                        "Statements that follow would mean it, and the gate would take it for the real one.",
                    )
                    .hint("choose another name"),
            );
        }
        for access in &facts.accesses {
            if let Target::Table { schema, name, .. } = &access.target
                && schema == "pg_catalog"
                && name == "pg_settings"
                && access.action != Action::Select
            {
                return Some(
                    Refusal::new(code::DENIED, "settings cannot be changed through `pg_settings`")
                        .hint("use SET"),
                );
            }
            let Target::Setting { name } = &access.target else { continue };
            let readable = name == "client_encoding" || name == "names";
            if settings::changes_meaning(name)
                || (readable && !settings::sets_readable_encoding(&analysis.shape))
            {
                return Some(
                    Refusal::new(code::DENIED, format!("`{name}` cannot be changed through the gate"))
                        .detail("It would change what a statement means after the gate has understood it.")
                        .hint("use schema-qualified names instead of search_path, and client_encoding UTF8"),
                );
            }
        }
        if !self.masked(&facts.stored).is_clean() {
            return Some(
                Refusal::new(
                    code::DENIED,
                    "values of masked columns cannot be written where they are not masked",
                )
                .detail("What is copied out of a masked column could be read in clear from its new place.")
                .hint("leave the masked columns out, or have somebody who may see them do it"),
            );
        }
        if facts.copy == Some(CopyDirection::Out) && plane.detectors.is_some() {
            return Some(
                Refusal::new(
                    code::DENIED,
                    "COPY cannot read where detectors look for personal data and secrets",
                )
                .detail("The rows of COPY are one stream, in which nothing can be looked for.")
                .hint("use SELECT, which gives the same rows with what is found replaced"),
            );
        }
        let masked = !self.masked(&facts.scope).is_clean() || (facts.opaque && !self.active.is_clean());
        (facts.copy == Some(CopyDirection::Out) && masked).then(|| {
            Refusal::new(code::DENIED, "COPY cannot read from what has masked columns")
                .detail("The rows of COPY are one stream in which single columns cannot be masked.")
                .hint("use SELECT, which gives the same rows with those columns masked")
        })
    }

    fn conclude(
        &self,
        verdict: Verdict,
        unparsed: Option<&str>,
        origin: Origin,
        plane: &Rc<Plane>,
    ) -> Judgement {
        let (outcome, policies, reason) = match verdict {
            Verdict::Allow => (Outcome::Allow, Vec::new(), String::new()),
            Verdict::NeedsApproval(rule) => {
                let (policies, reason) = (rule.policies.clone(), rule.reason.clone());
                (Outcome::Hold(rule), policies, reason)
            }
            Verdict::Deny(Denial { policies, reason }) => {
                let refusal = denied(&policies, &reason, unparsed);
                (Outcome::Deny(refusal), policies, reason)
            }
        };
        Judgement { outcome, policies, reason, origin, active: self.active.clone(), plane: Rc::clone(plane) }
    }
}

/// Whether a statement runs code that may define cursors or prepared statements of its own.
pub(crate) fn runs_unknown_code(facts: &StatementFacts) -> bool {
    facts
        .accesses
        .iter()
        .any(|access| matches!(access.action, Action::Call | Action::Execute | Action::Unparsed))
}

fn denied(policies: &[String], reason: &str, unparsed: Option<&str>) -> Refusal {
    if let Some(why) = unparsed {
        return Refusal::new(code::DENIED, format!("the gate cannot tell what this statement does: {why}"))
            .detail(format!("Text whose meaning is not known needs the action `unparsed`: {reason}."))
            .hint("write it in plain SQL with tables that exist, one thing at a time");
    }
    let message = match policies {
        [] => format!("denied by policy: {reason}"),
        [one] => format!("denied by policy `{one}`: {reason}"),
        more => format!("denied by policies `{}`: {reason}", more.join("`, `")),
    };
    Refusal::new(code::DENIED, message)
        .hint("nothing of it ran; ask the owner of the policy, or do it another way")
}
