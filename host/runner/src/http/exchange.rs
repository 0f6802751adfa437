//! One request with its response.

use std::rc::Rc;

use super::stage::{Passing, Stage};
use super::{Facts, Flow, View, Way};
use crate::state::{FilterState, Info, Sees, Stream};

/// One request with its response, between what it reads and what it writes.
#[derive(Debug, Default)]
pub struct Exchange {
    info: Rc<Info>,
    filter_state: FilterState,
    pub(super) facts: Rc<Facts>,
    /// How many filters know of it.
    pub(super) opened: usize,
    request: Side,
    response: Side,
    to_server: Flow,
    to_client: Flow,
    /// The proxy answers by itself: what the target says does not count any more.
    pub(super) replied: bool,
}

#[derive(Debug, Default)]
struct Side {
    stages: Vec<Stage>,
    /// What has not passed the filters never will.
    given_up: bool,
}

impl Exchange {
    pub(super) fn new(info: Info, facts: Facts, filters: usize) -> Self {
        let side = || Side { stages: (0..filters).map(|_| Stage::default()).collect(), given_up: false };
        let (info, facts) = (Rc::new(info), Rc::new(facts));
        Self { info, facts, request: side(), response: side(), ..Self::default() }
    }

    /// As one of the filters sees it.
    pub(super) fn stream(&self) -> Stream {
        Stream {
            info: self.info.clone(),
            filter_state: self.filter_state.clone(),
            sees: Sees::Http(View::new(self.facts.clone())),
            awaits_done: false,
        }
    }

    fn side(&self, way: Way) -> &Side {
        match way {
            Way::Request => &self.request,
            Way::Response => &self.response,
        }
    }

    fn side_mut(&mut self, way: Way) -> &mut Side {
        match way {
            Way::Request => &mut self.request,
            Way::Response => &mut self.response,
        }
    }

    pub(super) fn stage(&mut self, way: Way, index: usize) -> Option<&mut Stage> {
        self.side_mut(way).stages.get_mut(index)
    }

    /// Where the message comes out.
    #[must_use]
    pub fn out(&self, way: Way) -> &Flow {
        match way {
            Way::Request => &self.to_server,
            Way::Response => &self.to_client,
        }
    }

    /// The filter that a message comes to after that one, or first; none: it comes out.
    pub(super) fn next(&self, way: Way, after: Option<usize>) -> Option<usize> {
        match (way, after) {
            (Way::Request, None) => (!self.request.stages.is_empty()).then_some(0),
            (Way::Request, Some(index)) => (index + 1 < self.request.stages.len()).then_some(index + 1),
            // A filter that was not shown the request is not shown the response.
            (Way::Response, None) => self.opened.checked_sub(1),
            (Way::Response, Some(index)) => index.checked_sub(1),
        }
    }

    /// Whether a message may still pass the filters.
    pub(super) fn is_live(&self, way: Way) -> bool {
        !self.side(way).given_up
    }

    /// What has not passed the filters never will.
    pub(super) fn give_up(&mut self, way: Way) {
        let side = self.side_mut(way);
        side.given_up = true;
        for stage in &mut side.stages {
            drop(stage.take());
        }
    }

    /// Both messages break off.
    pub(super) fn reset(&mut self) {
        for way in [Way::Request, Way::Response] {
            self.give_up(way);
            self.out(way).break_off();
        }
    }

    /// Whether more of a message is to be read: not while a filter watches what waits, or while nobody takes what came
    /// out, and there are `limit` bytes of it.
    #[must_use]
    pub fn wants(&self, way: Way, limit: usize) -> bool {
        let side = self.side(way);
        let full =
            |stage: &Stage| (stage.passing == Passing::StoppedAll || stage.watched) && stage.size() >= limit;
        !side.given_up && self.out(way).size() < limit && !side.stages.iter().any(full)
    }

    /// Whether the proxy answers by itself, so that the target need not be listened to.
    #[must_use]
    pub fn is_replied(&self) -> bool {
        self.replied
    }

    /// Whether the response came out to its end, or never will.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.to_client.ended() || self.to_client.broken()
    }
}
