//! Checks what happened to approvals, grants and personal tokens: the entries against the log, and the rows against the
//! entries.

use std::collections::HashMap;

use gatewright_core::digest::sha256;
use serde::de::DeserializeOwned;

use super::history::{FOUND, OWN, Own, PrunedSession, Transition, Whose};
use super::verify::Findings;
use super::verify_log::Logged;
use crate::store::Store;
use crate::store::approvals::{Person, Stage, Step};
use crate::store::log::Kept;
use crate::store::records::{ApprovalRecord, GrantRecord};
use crate::store::tokens::{NARROWED, REVOKED, Revoked, Token, USED};

/// Entries that are read at a time.
const PAGE: u32 = 1_000;

/// Checks one after the other, and notes what only all of them together can tell.
pub(super) struct Histories<'a> {
    store: &'a Store,
    /// Where the log has the first one that is as old as what it is about.
    first: Option<u64>,
    /// Where the log has those that are younger, and whose they are.
    found: Vec<(u64, String)>,
}

impl<'a> Histories<'a> {
    /// None is checked yet.
    pub(super) fn new(store: &'a Store) -> Self {
        Self { store, first: None, found: Vec::new() }
    }

    /// The first fault of one of them.
    pub(super) async fn check(
        &mut self,
        whose: Whose<'_>,
        logged: Option<&Logged>,
        findings: &mut Findings,
    ) -> anyhow::Result<Option<String>> {
        match whose {
            Whose::Approval(_) => findings.approvals += 1,
            Whose::Grant(_) => findings.grants += 1,
            Whose::Token(_) => findings.tokens += 1,
            Whose::Host(_) => {}
        }
        let Some(logged) = logged else {
            return Ok(Some("it is not in the log".to_owned()));
        };
        if let Whose::Host(_) = whose {
            return self.own(whose, logged).await;
        }
        let transitions: Vec<Transition> = match self.read(whose, logged).await? {
            Ok(transitions) => transitions,
            Err(fault) => return Ok(Some(fault)),
        };
        let begins = logged.leaves.first().map_or(u64::MAX, |leaf| leaf.idx);
        match transitions.first() {
            Some(first) if first.step.step == FOUND => self.found.push((begins, whose.to_string())),
            _ => self.first = Some(self.first.map_or(begins, |first| first.min(begins))),
        }
        let first = self.store.runs(&whose.name(), 0, 1).await?.into_iter().next().map(|run| run.hash);
        Ok(match whose {
            Whose::Approval(id) => differs(
                approval(transitions, first.as_deref()),
                self.store.approval_record(id).await?,
                |it| &it.steps,
            ),
            Whose::Grant(id) => {
                differs(grant(transitions), self.store.grant_record(id).await?, |it| &it.steps)
            }
            // Its steps are in its row.
            Whose::Token(id) => differs(token(transitions), self.store.token_record(id).await?, |_| &[]),
            Whose::Host(_) => None,
        })
    }

    /// The first fault of what the log says about itself.
    async fn own(&self, whose: Whose<'_>, logged: &Logged) -> anyhow::Result<Option<String>> {
        let steps: Vec<Own> = match self.read(whose, logged).await? {
            Ok(steps) => steps,
            Err(fault) => return Ok(Some(fault)),
        };
        let kept = self.store.note_sizes(Kept::Rotated).await?;
        for (step, leaf) in steps.iter().zip(&logged.leaves) {
            if let Own::Key { key, .. } = step
                && !kept.contains(&(leaf.idx + 1))
            {
                return Ok(Some(format!("the checkpoint that old keys signed for {key} is missing")));
            }
        }
        Ok(None)
    }

    /// Those that were put into the log as older than it when it had others already.
    pub(super) fn late(self) -> Vec<String> {
        let Some(first) = self.first else { return Vec::new() };
        let late = self.found.into_iter().filter(|(at, _)| *at > first);
        late.map(|(_, whose)| format!("{whose}: it was put in later: nothing tells how it came about"))
            .collect()
    }

    /// All entries of one, if they are those of the log.
    async fn read<T: DeserializeOwned>(
        &self,
        whose: Whose<'_>,
        logged: &Logged,
    ) -> anyhow::Result<Result<Vec<T>, String>> {
        let name = whose.name();
        let mut transitions = Vec::new();
        loop {
            let seq = transitions.len() as u64;
            let page = self.store.runs(&name, seq, PAGE).await?;
            if page.is_empty() {
                break;
            }
            for row in page {
                let seq = transitions.len() as u64;
                if (row.seq, row.count) != (seq, 1) {
                    return Ok(Err(format!("step {seq} is missing")));
                }
                let digest = sha256(row.text.as_bytes());
                if hex::encode(digest) != row.hash {
                    return Ok(Err(format!("step {seq} was changed: the text is not what its hash says")));
                }
                match logged.leaves.get(transitions.len()) {
                    Some(leaf) if leaf.is_of_run(&row) => {}
                    Some(_) => return Ok(Err(format!("step {seq} is not the one that the log holds"))),
                    None => return Ok(Err(format!("step {seq} is not in the log"))),
                }
                match serde_json::from_str(&row.text) {
                    Ok(transition) => transitions.push(transition),
                    Err(cause) => return Ok(Err(format!("step {seq} is not readable: {cause}"))),
                }
            }
        }
        let there = transitions.len() as u64;
        if there < logged.events {
            return Ok(Err(format!("step {there} is missing: the log holds {} steps of it", logged.events)));
        }
        Ok(Ok(transitions))
    }
}

/// The sessions that the log says were pruned, by what it says about itself: as far as that is what it committed to.
pub(super) async fn pruned(
    store: &Store,
    log: &HashMap<String, Logged>,
) -> anyhow::Result<HashMap<String, PrunedSession>> {
    let whose = Whose::Host(OWN);
    let Some(logged) = log.get(&whose.name()) else { return Ok(HashMap::new()) };
    // What is wrong with it is told where it is checked.
    let Ok(steps) = Histories::new(store).read::<Own>(whose, logged).await? else {
        return Ok(HashMap::new());
    };
    let sessions = steps.into_iter().filter_map(|step| match step {
        Own::Pruned { sessions, .. } => Some(sessions),
        Own::Key { .. } => None,
    });
    Ok(sessions.flatten().map(|session| (session.id.clone(), session)).collect())
}

/// What the tables must say about an approval, by what happened. `first`: the hash of its first entry.
fn approval(transitions: Vec<Transition>, first: Option<&str>) -> Option<ApprovalRecord> {
    let mut record: Option<ApprovalRecord> = None;
    for Transition { step, about, offer, approval, .. } in transitions {
        let found = step.step == FOUND;
        let record = match (&mut record, approval) {
            (Some(record), None) => record,
            (none @ None, Some(approval)) => none.insert(approval),
            _ => return None,
        };
        if found {
            continue;
        }
        // A decision is about what was asked for. Hosts of earlier versions did not write down what that was.
        if about.is_some_and(|about| Some(&*about) != first) {
            return None;
        }
        record.stage = Stage::parse(&step.step).unwrap_or(record.stage);
        if let Some(grant) = step.detail.strip_prefix("grant ").filter(|_| step.step == "approved") {
            record.grant = Some(grant.to_owned());
        }
        record.offers.extend(offer);
        record.steps.push(step);
    }
    if let Some(record) = &mut record {
        record.offers.sort_by(|a, b| (&a.by.issuer, &a.by.subject).cmp(&(&b.by.issuer, &b.by.subject)));
    }
    record
}

/// What the tables must say about a grant.
fn grant(transitions: Vec<Transition>) -> Option<GrantRecord> {
    let mut record: Option<GrantRecord> = None;
    for Transition { step, grant, .. } in transitions {
        let found = step.step == FOUND;
        let record = match (&mut record, grant) {
            (Some(record), None) => record,
            (none @ None, Some(grant)) => none.insert(grant),
            _ => return None,
        };
        if found {
            continue;
        }
        if matches!(step.step.as_str(), "revoked" | "expired") {
            record.grant.state.clone_from(&step.step);
        }
        record.steps.push(step);
    }
    record
}

/// What the table must say about a personal token.
fn token(transitions: Vec<Transition>) -> Option<Token> {
    let mut record: Option<Token> = None;
    for Transition { step, token, .. } in transitions {
        let record = match (&mut record, token) {
            (Some(record), None) => record,
            (none @ None, Some(token)) => none.insert(token),
            _ => return None,
        };
        match step.step.as_str() {
            USED => record.first_used_at = Some(step.at),
            NARROWED => record.groups = serde_json::from_str(&step.detail).ok()?,
            REVOKED => {
                let by = Person { issuer: step.issuer, subject: step.subject };
                record.revoked = Some(Revoked { at: step.at, by });
            }
            _ => {}
        }
    }
    record
}

/// What the tables say otherwise than the history.
fn differs<T: PartialEq>(
    told: Option<T>,
    stored: Option<T>,
    steps: impl Fn(&T) -> &[Step],
) -> Option<String> {
    let Some(told) = told else { return Some("its history is not that of one thing".to_owned()) };
    let Some(stored) = stored else { return Some("it is not in the database any more".to_owned()) };
    if steps(&told) != steps(&stored) {
        return Some("its steps in the database are not those of the log".to_owned());
    }
    (told != stored).then(|| "the database says something else about it than the log".to_owned())
}
