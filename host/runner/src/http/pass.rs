//! How the parts of a message pass from filter to filter.

use bytes::BytesMut;

use super::reply::Reply;
use super::stage::{Passing, Verdict};
use super::{Exchange, HttpChain, Way};
use crate::abi::Pairs;
use crate::fault::Fault;

impl HttpChain {
    /// An exchange of which that message may still pass.
    fn live(&mut self, id: u32, way: Way) -> Option<&mut Exchange> {
        self.exchanges.get_mut(&id).filter(|exchange| exchange.is_live(way))
    }

    /// Shows a head to the filters from `at` on, as far as each lets it pass.
    pub(super) fn head(&mut self, id: u32, way: Way, mut at: Option<usize>, end: bool) -> Result<(), Fault> {
        while let Some(index) = at {
            let (Some(exchange), Some(vm)) = (self.exchanges.get_mut(&id), self.vms.get_mut(index)) else {
                return Ok(());
            };
            if !exchange.is_live(way) {
                return Ok(());
            }
            if index >= exchange.opened {
                exchange.opened = index + 1;
                vm.http_open(id, exchange.stream())?;
            }
            let number = vm.http_head(id, way, end)?;
            let body_goes_on = self.body_goes_on.get(index).copied().unwrap_or_default();
            let verdict = Verdict::of_head(number, body_goes_on);
            if let Some(stage) = exchange.stage(way, index) {
                stage.ended = end;
                match verdict {
                    Verdict::Continue => stage.head_passed = true,
                    Verdict::StopAll => stage.passing = Passing::StoppedAll,
                    _ => stage.passing = Passing::Stopped,
                }
            }
            self.settle(index)?;
            let Some(exchange) = self.live(id, way).filter(|_| verdict == Verdict::Continue) else {
                return Ok(());
            };
            at = exchange.next(way, Some(index));
        }
        if let Some(exchange) = self.live(id, way) {
            let fields = exchange.facts.message(way).head.borrow().clone();
            exchange.out(way).push_head(fields, end);
            self.touch(id);
        }
        Ok(())
    }

    /// Shows some of a body to the filters from `at` on, as far as each lets it pass.
    pub(super) fn data(
        &mut self,
        id: u32,
        way: Way,
        mut at: Option<usize>,
        mut bytes: BytesMut,
        end: bool,
    ) -> Result<(), Fault> {
        while let Some(index) = at {
            let (Some(exchange), Some(vm)) = (self.exchanges.get_mut(&id), self.vms.get_mut(index)) else {
                return Ok(());
            };
            if !exchange.is_live(way) {
                return Ok(());
            }
            let next = exchange.next(way, Some(index));
            let Some(stage) = exchange.stage(way, index) else { return Ok(()) };
            stage.ended = end;
            if stage.passing == Passing::StoppedAll {
                stage.add(bytes);
                stage.holds = true;
                return Ok(());
            }
            if stage.passing == Passing::Open && !vm.http_sees_body(way) {
                at = next;
                continue;
            }
            stage.add(bytes);
            let held = stage.held.clone();
            let (number, added) = vm.http_body(id, way, &held, end)?;
            let verdict = Verdict::of_body(number);
            if added {
                (stage.ended, stage.trailers) = (false, true);
            }
            stage.decide(verdict, end);
            self.settle(index)?;
            let Some(stage) = self.live(id, way).and_then(|exchange| exchange.stage(way, index)) else {
                return Ok(());
            };
            if verdict != Verdict::Continue {
                return self.check_size(id, way, index);
            }
            if stage.passing != Passing::Open {
                stage.holds = true;
                return self.go_on(id, way, index);
            }
            bytes = stage.take();
            if added {
                self.data(id, way, next, bytes, false)?;
                return self.last(id, way, next);
            }
            at = next;
        }
        if let Some(exchange) = self.live(id, way) {
            exchange.out(way).push(bytes.freeze(), end);
            self.touch(id);
        }
        Ok(())
    }

    /// Shows trailers to the filters from `at` on, as far as each lets them pass.
    pub(super) fn last(&mut self, id: u32, way: Way, mut at: Option<usize>) -> Result<(), Fault> {
        while let Some(index) = at {
            let (Some(exchange), Some(vm)) = (self.exchanges.get_mut(&id), self.vms.get_mut(index)) else {
                return Ok(());
            };
            if !exchange.is_live(way) {
                return Ok(());
            }
            let next = exchange.next(way, Some(index));
            let Some(stage) = exchange.stage(way, index) else { return Ok(()) };
            stage.trailers = true;
            if stage.passing == Passing::StoppedAll {
                return Ok(());
            }
            let verdict = Verdict::of_trailers(vm.http_trailers(id, way)?);
            if verdict != Verdict::Continue {
                stage.passing = Passing::Stopped;
            }
            self.settle(index)?;
            let Some(stage) = self.live(id, way).and_then(|exchange| exchange.stage(way, index)) else {
                return Ok(());
            };
            if verdict != Verdict::Continue {
                return Ok(());
            }
            if stage.passing != Passing::Open {
                return self.go_on(id, way, index);
            }
            at = next;
        }
        if let Some(exchange) = self.live(id, way) {
            let trailers = exchange.facts.message(way).trailers.borrow().clone();
            exchange.out(way).push_trailers(trailers);
            self.touch(id);
        }
        Ok(())
    }

    /// A filter lets go on what waits with it.
    pub(super) fn go_on(&mut self, id: u32, way: Way, index: usize) -> Result<(), Fault> {
        let Some(exchange) = self.live(id, way) else { return Ok(()) };
        let next = exchange.next(way, Some(index));
        let Some(stage) = exchange.stage(way, index).filter(|stage| stage.passing != Passing::Open) else {
            return Ok(());
        };
        // What waited unseen is shown to this filter first.
        let from = if stage.passing == Passing::StoppedAll { Some(index) } else { next };
        let head = !std::mem::replace(&mut stage.head_passed, true);
        let waits = stage.holds.then(|| stage.take());
        let (ended, trailers) = (stage.ended, stage.trailers);
        stage.passing = Passing::Open;
        if let Some(vm) = self.vms.get_mut(index) {
            vm.http_hide(id, way);
        }
        if head {
            self.head(id, way, next, ended && waits.is_none())?;
        }
        if let Some(bytes) = waits {
            self.data(id, way, from, bytes, ended)?;
        }
        if trailers {
            self.last(id, way, from)?;
        }
        // There may be room for more.
        self.touch(id);
        Ok(())
    }

    /// Gives a message up of which too much waits.
    fn check_size(&mut self, id: u32, way: Way, index: usize) -> Result<(), Fault> {
        let limit = self.limit;
        let stage = self.live(id, way).and_then(|exchange| exchange.stage(way, index));
        if stage.is_none_or(|stage| stage.watched || stage.size() <= limit) {
            return Ok(());
        }
        let reply = match way {
            Way::Request => Reply::plain(413, "Payload Too Large", "request_payload_too_large"),
            Way::Response => Reply::plain(500, "Internal Server Error", "response_payload_too_large"),
        };
        self.reply(id, None, reply)
    }

    /// A response begins, from the target or by the proxy itself.
    pub(super) fn response(&mut self, id: u32, head: Pairs, end: bool) -> Result<(), Fault> {
        let Some(exchange) = self.live(id, Way::Response) else { return Ok(()) };
        *exchange.facts.response.head.borrow_mut() = head;
        exchange.facts.response.begun.set(true);
        let first = exchange.next(Way::Response, None);
        self.head(id, Way::Response, first, end)
    }

    /// Answers in the target's place: through the filters where no response has begun; past them where one has, and the
    /// client has got nothing of it; and otherwise all that can be done is to break off.
    pub(super) fn reply(&mut self, id: u32, index: Option<usize>, reply: Reply) -> Result<(), Fault> {
        let Some(exchange) = self.exchanges.get_mut(&id) else { return Ok(()) };
        if let Some(stage) = index.and_then(|index| exchange.stage(Way::Request, index))
            && std::mem::replace(&mut stage.replied, true)
        {
            return Ok(());
        }
        exchange.replied = true;
        exchange.give_up(Way::Request);
        exchange.out(Way::Request).break_off();
        self.touch(id);
        let Some(exchange) = self.live(id, Way::Response) else { return Ok(()) };
        let begun = exchange.facts.response.begun.get();
        if exchange.out(Way::Response).begun() {
            exchange.reset();
            return Ok(());
        }
        reply.details.clone_into(&mut exchange.facts.details.borrow_mut());
        let request = exchange.facts.request.head.borrow();
        let to_head = request.first(b":method") == Some(b"HEAD");
        let (head, body) = reply.message(&request);
        drop(request);
        let end = to_head || body.is_empty();
        if begun {
            exchange.give_up(Way::Response);
            *exchange.facts.response.head.borrow_mut() = head.clone();
            exchange.out(Way::Response).push_head(head, end);
            if !end {
                exchange.out(Way::Response).push(body, true);
            }
            return Ok(());
        }
        self.response(id, head, end)?;
        let Some(exchange) = self.live(id, Way::Response).filter(|_| !end) else { return Ok(()) };
        let first = exchange.next(Way::Response, None);
        self.data(id, Way::Response, first, body.into(), true)
    }
}
