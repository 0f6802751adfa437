//! Decides what a text may do: policy for each of its accesses, and what holds whatever policy says.

mod never;
mod words;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::rc::Rc;
use std::sync::Arc;

use gatewright_core::catalogue::Taint;
use gatewright_core::explanation::{Explained, Explanation};
use gatewright_core::identity::Identity;
use gatewright_core::policy::{Action, ApprovalRule, Context, Denial, Statement, Target, Verdict};
use gatewright_core::time::Millis;
use gatewright_sql::{Handle, StatementFacts};

use super::rows::Origin;
use crate::plane::Analysis;
use crate::refusal::code;
use crate::{Plane, Refusal};
use never::Barred;
use words::{denied, requested};

/// How long a decision stands, in milliseconds: policies may look at the time.
const STANDS: Millis = 1_000;
/// Most decisions that a session keeps.
const KEPT: usize = 500;
/// Most names of cursors and prepared statements that are told apart.
const MOST_NAMES: usize = 10_000;

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
    /// In shadow mode: it passes, whatever `outcome` says.
    passes: bool,
    /// How it came to this.
    pub(crate) explanation: Arc<Explanation>,
    /// Masked columns that the agent sees masked, and the bundle whose ids these and `origin` are.
    pub(crate) active: Taint,
    pub(crate) plane: Rc<Plane>,
}

/// May it run? In shadow mode: would it?
#[derive(Debug)]
pub(crate) enum Outcome {
    Allow,
    Deny(Refusal),
    Hold(ApprovalRule),
}

impl Judgement {
    /// What the agent gets instead of an answer.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        match &self.outcome {
            Outcome::Deny(refusal) if !self.passes => Some(refusal),
            _ => None,
        }
    }

    /// Who has to approve first.
    pub(crate) fn rule(&self) -> Option<&ApprovalRule> {
        match &self.outcome {
            Outcome::Hold(rule) if !self.passes => Some(rule),
            _ => None,
        }
    }

    /// Whether it is refused in shadow mode too.
    pub(crate) fn stands(&self) -> bool {
        self.refusal().is_some()
    }

    /// Whether it runs, against what policy says, because of shadow mode.
    pub(crate) fn is_let_pass(&self) -> bool {
        self.passes && !matches!(self.outcome, Outcome::Allow)
    }

    /// Whether the agent gets what is masked as it is.
    pub(crate) fn is_unmasked(&self) -> bool {
        !self.plane.enforcement.masks()
    }

    /// For the recording: what becomes of it, and what enforcement would have made of it.
    pub(crate) fn recorded(&self) -> (String, Option<String>) {
        self.plane.enforcement.recorded(self.word(), self.stands())
    }

    /// What was decided, in a word.
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
    /// What cursors and prepared statements of this session may give whose name is not known.
    defined: Origin,
    /// What those of known names may give: all that was ever given that name, whether the server took it or not.
    named: HashMap<Handle, Origin>,
    /// One of them needed an approval when it was defined; SQL that uses them would go round it.
    defined_held: bool,
    /// The same, of what was let pass in shadow mode: what it defined outlives that.
    defined_in_shadow: bool,
    /// Something ran that could not be read. Names may mean something else since, so that no proof holds any more.
    strayed: bool,
    /// The same, let pass in shadow mode: what it changed outlives that too.
    strayed_in_shadow: bool,
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
        let mut judge = Self {
            identity,
            role,
            source_ip,
            active: Taint::CLEAN,
            defined: Origin::default(),
            named: HashMap::new(),
            defined_held: false,
            defined_in_shadow: false,
            strayed: false,
            strayed_in_shadow: false,
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
        // Ids of masked columns are those of the old bundle.
        let everything = plane.catalogue.everything();
        for origin in self.named.values_mut().chain([&mut self.defined]) {
            if !origin.scope.is_clean() {
                origin.scope = everything.clone();
                origin.outputs = None;
            }
        }
    }

    /// What may come out of cursors and SQL-level prepared statements from now on. `let_pass`: by what shadow mode let
    /// pass.
    pub(crate) fn defines(&mut self, analysis: &Analysis, let_pass: bool, plane: &Plane) {
        self.defined_in_shadow |= let_pass;
        if analysis.facts.is_err() || analysis.facts.iter().flatten().any(is_a_program) {
            self.strayed = true;
            self.strayed_in_shadow |= let_pass;
            self.defined.scope.extend(plane.catalogue.everything());
            self.known.clear();
        }
        for facts in analysis.facts.iter().flatten() {
            if facts.defines_outputs {
                let origin = self.whole(facts);
                self.define(facts.handle.clone(), origin);
            }
            if runs_unknown_code(facts) {
                self.defined.scope.extend(plane.catalogue.everything());
            }
        }
    }

    /// A statement or portal got a name by the protocol's messages, by which SQL's EXECUTE and FETCH can reach it.
    pub(crate) fn defines_by_protocol(&mut self, handle: Handle, analysis: &Analysis, judgement: &Judgement) {
        let mut origin = Origin::default();
        for facts in analysis.facts.iter().flatten() {
            origin = self.whole(facts);
            // The name in it may mean something else by then.
            origin.opaque |= facts.uses_defined_outputs;
        }
        origin.opaque |= analysis.facts.is_err();
        self.define(Some(handle), origin);
        self.defined_held |= matches!(judgement.outcome, Outcome::Hold(_));
        self.defined_in_shadow |= judgement.is_let_pass();
    }

    fn define(&mut self, handle: Option<Handle>, origin: Origin) {
        match handle {
            Some(handle) if self.named.len() < MOST_NAMES || self.named.contains_key(&handle) => {
                match self.named.entry(handle) {
                    Entry::Vacant(entry) => {
                        entry.insert(origin);
                    }
                    Entry::Occupied(mut entry) => entry.get_mut().add(&origin),
                }
            }
            _ => {
                self.defined.scope.extend(&origin.scope);
                self.defined.opaque |= origin.opaque;
            }
        }
    }

    /// What a statement may give; nothing is left out that this agent may see.
    fn whole(&self, facts: &StatementFacts) -> Origin {
        let outputs = facts.outputs.clone();
        let mut origin = Origin { scope: facts.scope.clone(), opaque: facts.opaque, outputs };
        if facts.uses_defined_outputs {
            let named = facts.handle.as_ref().map(|handle| self.named.get(handle).cloned());
            let unknown = self.defined.opaque || !self.defined.scope.is_clean();
            origin.outputs = None;
            match named {
                // A name that nobody gave here: an error, or the work of code that is not known.
                Some(found) => {
                    let found = found.unwrap_or_default();
                    origin.scope.extend(&found.scope);
                    origin.opaque |= found.opaque;
                    origin.outputs = found.outputs.filter(|_| !unknown);
                }
                None => {
                    for other in self.named.values() {
                        origin.scope.extend(&other.scope);
                        origin.opaque |= other.opaque;
                    }
                }
            }
            origin.scope.extend(&self.defined.scope);
            origin.opaque |= self.defined.opaque;
        }
        origin
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
        let mut judgement = self.decide(analysis, in_transaction, plane, now);
        if let Some(known) = self.known.get(&key)
            && known.judgement.explanation == judgement.explanation
        {
            // The session knows by its address whether it was recorded already.
            judgement.explanation = Arc::clone(&known.judgement.explanation);
        }
        let judgement = Rc::new(judgement);
        if self.known.len() >= KEPT {
            self.known.clear();
        }
        let known = Known { at: now, _analysis: Rc::clone(analysis), judgement: Rc::clone(&judgement) };
        self.known.insert(key, known);
        judgement
    }

    /// What a text does and what policy says of it, to the first thing that is denied; in shadow mode to the end.
    pub(crate) fn decide(
        &self,
        analysis: &Analysis,
        in_transaction: bool,
        plane: &Rc<Plane>,
        now: Millis,
    ) -> Judgement {
        let mut explanation = Explanation::default();
        let (decision, origin) = self.ruling(analysis, in_transaction, plane, now, &mut explanation);
        let mut passes = !plane.enforcement.is_enforced();
        let (outcome, policies, reason) = match decision {
            Ruling::Refused(Barred { refusal, bar }) => {
                passes &= !bar.stands(plane);
                let reason = refusal.message.clone();
                (Outcome::Deny(refusal), Vec::new(), reason)
            }
            Ruling::Policy(Verdict::Allow) => (Outcome::Allow, Vec::new(), String::new()),
            Ruling::Policy(Verdict::NeedsApproval(rule)) if prepares(analysis) => {
                // EXECUTE would run it any number of times.
                let refusal = Refusal::new(
                    code::DENIED,
                    format!("what needs an approval cannot be prepared: {}", rule.reason),
                )
                .hint("send the statement itself");
                (Outcome::Deny(refusal), rule.policies, rule.reason)
            }
            Ruling::Policy(Verdict::NeedsApproval(rule)) => {
                let (policies, reason) = (rule.policies.clone(), rule.reason.clone());
                (Outcome::Hold(rule), policies, reason)
            }
            Ruling::Policy(Verdict::Deny(Denial { policies, reason })) => {
                let refusal = denied(&policies, &reason, &explanation);
                (Outcome::Deny(refusal), policies, reason)
            }
        };
        let origin = origin.unwrap_or_else(|| Origin {
            scope: self.masked(plane.catalogue.everything()),
            opaque: !self.active.is_clean(),
            outputs: None,
        });
        let (active, plane) = (self.active.clone(), Rc::clone(plane));
        let explanation = Arc::new(explanation);
        Judgement { outcome, policies, reason, origin, passes, explanation, active, plane }
    }

    fn ruling(
        &self,
        analysis: &Analysis,
        in_transaction: bool,
        plane: &Rc<Plane>,
        now: Millis,
        explanation: &mut Explanation,
    ) -> (Ruling, Option<Origin>) {
        let session = || Context::session(&self.role, &self.source_ip, now);
        let ask = |action: Action, target: &Target, context: &Context, explained: &mut Explained| {
            let resource = &plane.resource.name;
            let (verdict, policies) = plane.engine.explain(&self.identity, resource, action, target, context);
            explained.requests.push(requested(action, target, &verdict, policies));
            verdict
        };
        if self.strayed_in_shadow && plane.enforcement.is_enforced() {
            return (Ruling::Refused(never::strayed()), None);
        }
        let all = match &analysis.facts {
            Ok(all) => all,
            Err(unparsed) => {
                let name = "unparsed".to_owned();
                let unknown = Statement { name: name.clone(), in_transaction, ..Statement::default() };
                let mut explained = Explained { statement: name, ..Explained::default() };
                let context = session().statement(unknown);
                let verdict = ask(Action::Unparsed, &Target::Database, &context, &mut explained);
                explanation.unparsed = Some(unparsed.to_string());
                explanation.statements.push(explained);
                return (Ruling::Policy(verdict), None);
            }
        };
        let mut verdict = Verdict::Allow;
        let never = self.never(all, analysis, plane);
        let to_the_end = !plane.enforcement.is_enforced();
        for facts in all {
            let mut explained = self.explained(facts, plane);
            let context = session().statement(Statement {
                name: facts.statement.to_owned(),
                in_transaction,
                has_where: facts.has_where,
                columns_read: facts.columns_read.clone(),
                columns_written: facts.columns_written.clone(),
                functions: facts.functions.clone(),
                inference: explained.inference.clone(),
                spreads: explained.spreads.clone(),
            });
            for access in facts.accesses.iter().filter(|_| never.is_none()) {
                verdict = verdict.and(ask(access.action, &access.target, &context, &mut explained));
                if matches!(verdict, Verdict::Deny(_)) && !to_the_end {
                    break;
                }
            }
            explanation.statements.push(explained);
            if matches!(verdict, Verdict::Deny(_)) && !to_the_end {
                return (Ruling::Policy(verdict), None);
            }
        }
        match never {
            Some(barred) => (Ruling::Refused(barred), Some(self.origin(all, plane))),
            None => (Ruling::Policy(verdict), Some(self.origin(all, plane))),
        }
    }

    /// Origin of the outputs, less what this agent may see.
    fn origin(&self, all: &[StatementFacts], plane: &Plane) -> Origin {
        let mut origin = match all {
            [only] => self.whole(only),
            all => {
                let mut origin = Origin::default();
                all.iter().for_each(|facts| origin.add(&self.whole(facts)));
                // Of one text: a name may be given and used in it.
                let defined = all.iter().filter(|facts| facts.defines_outputs);
                defined.for_each(|facts| origin.scope.extend(&facts.scope));
                origin.outputs = None;
                origin
            }
        };
        if self.strayed {
            origin.scope.extend(plane.catalogue.everything());
            origin.outputs = None;
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
}

/// What it comes to.
enum Ruling {
    /// Refused whatever policy says.
    Refused(Barred),
    /// What policy says.
    Policy(Verdict),
}

fn prepares(analysis: &Analysis) -> bool {
    analysis.facts.iter().flatten().any(|facts| facts.statement == "PREPARE")
}

/// Whether a statement is a program, of which nothing is known: DO.
fn is_a_program(facts: &StatementFacts) -> bool {
    facts.accesses.iter().any(|access| matches!(access.action, Action::Execute | Action::Unparsed))
}

/// Whether a statement gives names of the catalogue a meaning, or another one.
pub(crate) fn defines(facts: &StatementFacts) -> bool {
    let defining = |action| matches!(action, Action::Create | Action::Alter | Action::Drop);
    facts.accesses.iter().any(|access| defining(access.action))
}

/// Whether a statement runs code that may define cursors or prepared statements of its own.
pub(crate) fn runs_unknown_code(facts: &StatementFacts) -> bool {
    facts
        .accesses
        .iter()
        .any(|access| matches!(access.action, Action::Call | Action::Execute | Action::Unparsed))
}
