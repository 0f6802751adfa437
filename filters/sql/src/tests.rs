#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]
#![allow(clippy::arithmetic_side_effects, clippy::string_slice, reason = "tests may panic")]

mod attacks;
mod clients;
mod functions;
mod inference;
mod kinds;
mod limits;
mod lineage;
mod meanings;
mod shop;
mod spellings;
