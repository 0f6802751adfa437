//! What a SQL text does, found out from its syntax tree and the catalogue: never from patterns in the text.
//!
//! [`analyse`] gives one [`StatementFacts`] per statement. What cannot be proved is not guessed: text that does
//! not parse, or a name that the catalogue does not know, is [`Unparsed`]; an output whose origin is not
//! certain carries the taint of everything in scope.
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![deny(clippy::arithmetic_side_effects, clippy::string_slice, clippy::unreachable)]

mod facts;

pub use facts::{Access, CopyDirection, StatementFacts, Transaction, Unparsed};
