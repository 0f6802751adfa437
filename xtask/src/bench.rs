//! `cargo xtask bench`: measurements, side by side in one run, told as ratios because machines are noisy.

mod mask;
mod pgbench;
mod postgres;
mod sql;
mod standalone;

pub(crate) use mask::run_all as mask;
pub(crate) use postgres::run as postgres;
pub(crate) use sql::run as sql;
pub(crate) use standalone::run as standalone;
