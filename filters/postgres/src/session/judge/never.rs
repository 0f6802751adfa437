//! What is refused whatever policy says.

use gatewright_core::policy::{Action, Target};
use gatewright_sql::{CopyDirection, CopyForm, StatementFacts, Transaction};

use super::Judge;
use crate::plane::Analysis;
use crate::refusal::code;
use crate::session::{announce, settings};
use crate::{Plane, Refusal};

/// What is refused whatever policy says.
pub(super) struct Barred {
    pub(super) refusal: Refusal,
    pub(super) bar: Bar,
}

/// What it is refused for.
pub(super) enum Bar {
    /// Statements that follow would mean something else to the server than to the gate, so that neither what is decided
    /// nor what is recorded or masked would be true.
    Meaning,
    /// Its rows could not be masked.
    Masks,
    /// It would go round an approval.
    Approval,
    /// The database would take the agent for somebody else.
    Identity,
}

impl Bar {
    /// Whether it is refused in shadow mode too.
    pub(super) fn stands(&self, plane: &Plane) -> bool {
        match self {
            Self::Meaning | Self::Identity => true,
            Self::Masks => plane.enforcement.masks(),
            Self::Approval => plane.enforcement.is_enforced(),
        }
    }

    fn of(self, refusal: Refusal) -> Barred {
        Barred { refusal, bar: self }
    }
}

/// In a session in which shadow mode let pass what could not be read.
pub(super) fn strayed() -> Barred {
    Bar::Meaning.of(
        Refusal::new(code::DENIED, "this session was used in ways that the gate could not follow")
            .detail("While the gate was in shadow mode, something ran in it that could not be read. Since then names may mean something else to the server than to the gate.")
            .hint("connect again"),
    )
}

/// What comes after it in one text would run without the database knowing for whom.
fn resets_too_early(all: &[StatementFacts]) -> Option<Barred> {
    let at = all.iter().position(announce::resets)?;
    let rest = all.get(at.saturating_add(1)..).unwrap_or_default();
    let harmless = rest.iter().all(|facts| {
        matches!(facts.transaction, Some(Transaction::Commit | Transaction::Rollback))
            || announce::resets(facts)
    });
    (!harmless).then(|| {
        Bar::Identity.of(Refusal::new(
            code::DENIED,
            "statements cannot follow RESET ALL or DISCARD ALL in one text",
        )
        .detail("The gate tells the database anew who you are when it is done.")
        .hint("send what follows by itself"))
    })
}

impl Judge {
    /// What of a text is refused whatever policy says, because the gate could not keep its promises afterwards; in
    /// shadow mode what is refused even then, before what is not.
    pub(super) fn never(&self, all: &[StatementFacts], analysis: &Analysis, plane: &Plane) -> Option<Barred> {
        let mut barred: Vec<Barred> =
            all.iter().filter_map(|facts| self.barred(facts, analysis, plane)).collect();
        barred.extend(resets_too_early(all).filter(|_| plane.resource.announce));
        let stands = barred.iter().position(|barred| barred.bar.stands(plane));
        (!barred.is_empty()).then(|| barred.swap_remove(stands.unwrap_or(0)))
    }

    fn barred(&self, facts: &StatementFacts, analysis: &Analysis, plane: &Plane) -> Option<Barred> {
        if facts.uses_defined_outputs && self.defined_in_shadow && plane.enforcement.is_enforced() {
            return Some(Bar::Approval.of(
                Refusal::new(code::DENIED, "this could run what policy denies")
                    .detail("In this session something that policy denies was let pass while the gate was in shadow mode. What it defined is reached by EXECUTE and FETCH.")
                    .hint("connect again"),
            ));
        }
        if facts.uses_defined_outputs && self.defined_held {
            return Some(Bar::Approval.of(
                Refusal::new(code::DENIED, "this could run a prepared statement that needs an approval")
                    .detail("In this session such a statement was prepared under a name, which EXECUTE or FETCH would run without asking anybody.")
                    .hint("run prepared statements by Bind and Execute, or in a new session"),
            ));
        }
        if facts.hides {
            return Some(
                Bar::Meaning.of(Refusal::new(
                    code::DENIED,
                    "a temporary object must not have the name of a real one",
                )
                .detail("Statements that follow would mean it, and the gate would take it for the real one.")
                .hint("choose another name")),
            );
        }
        for access in &facts.accesses {
            if let Target::Table { schema, name, .. } = &access.target
                && schema == "pg_catalog"
                && name == "pg_settings"
                && access.action != Action::Select
            {
                return Some(
                    Bar::Meaning.of(Refusal::new(
                        code::DENIED,
                        "settings cannot be changed through `pg_settings`",
                    )
                    .hint("use SET")),
                );
            }
            let Target::Setting { name } = &access.target else { continue };
            if plane.resource.announce && announce::is_announced(name) {
                return Some(Bar::Identity.of(announce::announced(name)));
            }
            let readable = name == "client_encoding" || name == "names";
            if settings::changes_meaning(name)
                || (readable && !settings::sets_readable_encoding(&analysis.shape))
            {
                return Some(
                    Bar::Meaning.of(Refusal::new(
                        code::DENIED,
                        format!("`{name}` cannot be changed through the gate"),
                    )
                    .detail("It would change what a statement means after the gate has understood it.")
                    .hint("use schema-qualified names instead of search_path, and client_encoding UTF8")),
                );
            }
        }
        let unknown = facts.opaque || self.strayed;
        let masked = !self.masked(&facts.scope).is_clean() || (unknown && !self.active.is_clean());
        if facts.copy != Some(CopyDirection::Out) || (!masked && plane.detectors.is_none()) {
            return None;
        }
        let alone = analysis.facts.as_ref().is_ok_and(|all| all.len() == 1);
        if plane.detectors.is_some()
            && !matches!(facts.copy_form, Some(CopyForm::Text { .. } | CopyForm::Csv { .. }))
        {
            return Some(Bar::Masks.of(
                Refusal::new(code::DENIED, "COPY in this form cannot read where detectors look for personal data")
                    .detail("Its rows do not say of which type their values are, so that nothing could be replaced in them.")
                    .hint("use the text or CSV form, or SELECT"),
            ));
        }
        if !masked {
            return None;
        }
        let proved = alone && !unknown && facts.outputs.is_some() && facts.copy_form.is_some();
        (!proved).then(|| {
            Bar::Masks.of(Refusal::new(
                code::DENIED,
                "COPY cannot read from what has masked columns, in this form",
            )
            .detail("Where each value of its rows comes from is not certain, so that none could be masked.")
            .hint("send it by itself, name the columns, and leave out odd options; or use SELECT"))
        })
    }
}
