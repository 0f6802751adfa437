//! What a worker does with a chain of filters, whatever passes through it.

use std::vec::Drain;

use super::Service;
use crate::chain::{Chain, ConnectionId};
use crate::fault::Fault;
use crate::grpc::GrpcEvent;
use crate::http::HttpChain;
use crate::vm::Vm;
use crate::world::HttpAnswer;

/// A chain of filters.
pub(super) trait Filters: Sized + 'static {
    /// Of these, for that service.
    fn of(vms: Vec<Vm>, service: &Service) -> Self;
    /// See the chains' own methods of these names.
    fn vms(&self) -> &[Vm];
    fn replace(&mut self, index: usize, vm: Vm);
    fn len(&self) -> usize;
    fn touched(&mut self) -> Drain<'_, ConnectionId>;
    fn close_all(&mut self);
    fn tick(&mut self, index: usize) -> Result<(), Fault>;
    fn queue_ready(&mut self, index: usize, queue: u32) -> Result<(), Fault>;
    fn answer(&mut self, index: usize, token: u32, answer: HttpAnswer) -> Result<(), Fault>;
    fn grpc(&mut self, index: usize, token: u32, event: GrpcEvent) -> Result<(), Fault>;
}

macro_rules! filters {
    ($chain:ty, $of:expr) => {
        impl Filters for $chain {
            fn of(vms: Vec<Vm>, service: &Service) -> Self {
                $of(vms, service)
            }

            fn vms(&self) -> &[Vm] {
                self.vms()
            }

            fn replace(&mut self, index: usize, vm: Vm) {
                self.replace(index, vm);
            }

            fn len(&self) -> usize {
                self.len()
            }

            fn touched(&mut self) -> Drain<'_, ConnectionId> {
                self.touched()
            }

            fn close_all(&mut self) {
                self.close_all();
            }

            fn tick(&mut self, index: usize) -> Result<(), Fault> {
                self.tick(index)
            }

            fn queue_ready(&mut self, index: usize, queue: u32) -> Result<(), Fault> {
                self.queue_ready(index, queue)
            }

            fn answer(&mut self, index: usize, token: u32, answer: HttpAnswer) -> Result<(), Fault> {
                self.answer(index, token, answer)
            }

            fn grpc(&mut self, index: usize, token: u32, event: GrpcEvent) -> Result<(), Fault> {
                self.grpc(index, token, event)
            }
        }
    };
}

filters!(Chain, |vms, _: &Service| Self::new(vms));
filters!(HttpChain, |vms, service: &Service| Self::new(vms, service.buffer_limit));
