//! What the server still has to answer, in the order in which it was asked.

use std::collections::VecDeque;
use std::rc::Rc;

use gatewright_core::time::Millis;

use super::copy::CopyMasks;
use super::judge::Judgement;
use super::prepared::Portal;
use super::record;
use super::rows::Masks;
use crate::Refusal;
use crate::plane::Analysis;

/// One answer that is outstanding.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Query: everything up to its ReadyForQuery.
    Query(Box<Running>),
    /// Execute.
    Execute(Box<Running>),
    /// ParseComplete for definition `seq` of that name; `injected` by the filter, so not for the client.
    Parse { name: Vec<u8>, seq: u64, poison: Option<Box<Refusal>>, injected: bool },
    /// BindComplete for definition `seq` of that name. `hushed`: planning may meet masked values and quote them.
    Bind { name: Vec<u8>, seq: u64, poison: Option<Box<Refusal>>, hushed: bool },
    /// ParameterDescription and RowDescription or NoData, of a portal or of a statement.
    Describe { portal: Option<Rc<Portal>>, injected: bool },
    /// CloseComplete.
    Close { kind: u8, name: Vec<u8>, injected: bool },
    /// ReadyForQuery.
    Sync,
    /// No answer: the client ended COPY here. Syncs before it were ignored by a server that was copying.
    CopyEnd,
    /// CloseComplete of the filter's own probe.
    Probe(Probe),
    /// Everything up to the ReadyForQuery of the filter's own Query, which tells the server who the agent is. `login`:
    /// that ReadyForQuery ends the login, so it is for the client.
    Announced { login: bool },
}

/// What a probe is for.
#[derive(Debug)]
pub(crate) enum Probe {
    /// To learn whether the server skips to the next Sync before anybody is asked for an approval.
    Alive,
    /// The occasion to give the client this NoticeResponse.
    Notice(Vec<u8>),
}

/// A command that runs.
#[derive(Debug)]
pub(crate) struct Running {
    /// Number of the statement within the session.
    pub(crate) number: u64,
    /// Its text's analysis; none for what has no text (FunctionCall, oversize).
    pub(crate) analysis: Option<Rc<Analysis>>,
    /// What was decided; none where `poison` stands for the decision.
    pub(crate) judgement: Option<Rc<Judgement>>,
    /// The poison was sent in its place: the error to come is to be replaced by this.
    pub(crate) poison: Option<Refusal>,
    /// When it was sent.
    pub(crate) since: Millis,
    /// The portal, of an Execute.
    pub(crate) portal: Option<Rc<Portal>>,
    /// Masks of the rows that are coming, once known.
    pub(crate) masks: Option<Masks>,
    /// Masks of the rows of a COPY.
    pub(crate) copy_masks: Option<CopyMasks>,
    /// Whether the rows' columns are known.
    pub(crate) described: bool,
    /// For the recording.
    pub(crate) result: record::Result,
}

impl Running {
    pub(crate) fn new(number: u64, since: Millis) -> Self {
        Self {
            number,
            analysis: None,
            judgement: None,
            poison: None,
            since,
            portal: None,
            masks: None,
            copy_masks: None,
            described: false,
            result: record::Result::default(),
        }
    }

    /// Whether the agent gets what is masked as it is.
    pub(crate) fn is_unmasked(&self) -> bool {
        self.judgement.as_ref().is_some_and(|judgement| judgement.is_unmasked())
    }

    /// Whether what comes may carry masked values, so that errors and notices must be hushed.
    pub(crate) fn may_carry_masked(&self) -> bool {
        self.judgement.as_ref().is_some_and(|judgement| !judgement.origin.is_clean())
    }
}

/// The outstanding answers.
#[derive(Debug, Default)]
pub(crate) struct Replies(VecDeque<Reply>);

impl Replies {
    pub(crate) fn push(&mut self, reply: Reply) {
        self.0.push_back(reply);
    }

    pub(crate) fn pop(&mut self) -> Option<Reply> {
        self.0.pop_front()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The answer that is due; marks in front of it have done their duty.
    pub(crate) fn due(&mut self) -> Option<&mut Reply> {
        while matches!(self.0.front(), Some(Reply::CopyEnd)) {
            self.0.pop_front();
        }
        self.0.front_mut()
    }

    /// After an error in the extended protocol the server skips to the next Sync: gives the answers that will
    /// not come, and whether there is a Sync at all.
    pub(crate) fn skip_to_sync(&mut self) -> (Vec<Reply>, bool) {
        let sync = self.0.iter().position(|reply| matches!(reply, Reply::Sync));
        let skipped = self.0.drain(..sync.unwrap_or(self.0.len())).collect();
        (skipped, sync.is_some())
    }

    /// Whether any command that is under way may carry masked values.
    pub(crate) fn carries_masked(&self) -> bool {
        self.0.iter().any(|reply| match reply {
            Reply::Query(running) | Reply::Execute(running) => running.may_carry_masked(),
            _ => false,
        })
    }

    /// The server entered COPY FROM STDIN: it ignores every Sync up to the end of the copy. Gives how many these are,
    /// and whether the client has ended it already.
    pub(crate) fn copy_begins(&mut self) -> (usize, bool) {
        let end = self.0.iter().position(|reply| matches!(reply, Reply::CopyEnd));
        let (mut position, limit, before) = (0_usize, end.unwrap_or(self.0.len()), self.0.len());
        self.0.retain(|reply| {
            let ignored = matches!(reply, Reply::Sync) && position < limit;
            position = position.saturating_add(1);
            !ignored
        });
        (before.saturating_sub(self.0.len()), end.is_some())
    }
}
