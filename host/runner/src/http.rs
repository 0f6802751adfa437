//! Requests and responses on their way through a chain of filters. There is no I/O here: whoever has the sockets puts
//! messages in by their parts, and takes out what may go on.
//!
//! The semantics are those of Envoy's HTTP filters: a request passes the filters in their order, its response in the
//! opposite one; what a filter stops waits with it, and is passed on when it continues or is told to.

mod callbacks;
mod chain;
mod exchange;
mod facts;
mod flow;
mod pass;
mod reply;
mod stage;
mod view;

pub use chain::{HttpChain, Incoming};
pub use exchange::Exchange;
pub use flow::{Broken, Flow, Frame, Head};

pub(crate) use facts::Facts;
pub(crate) use reply::Reply;
pub(crate) use view::View;

use std::cell::RefCell;
use std::rc::Rc;

use crate::abi::Pairs;

/// Header fields that filters and proxy both work on.
pub(crate) type SharedPairs = Rc<RefCell<Pairs>>;

/// Which of the two messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the client.
    Request,
    /// To the client.
    Response,
}
