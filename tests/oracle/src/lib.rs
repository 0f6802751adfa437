//! PostgreSQL's own scanner and grammar (libpg_query, of version 18), as the judge of what Gatewright reads in a text.
//!
//! The tests compare the two over every statement of the corpora. A refusal is always safe; what must never happen is
//! that a text is taken for less than it is.

pub mod compare;
pub mod corpus;
pub mod expected;
pub mod scan;
