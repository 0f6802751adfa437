//! `cargo xtask bench`: measurements, side by side in one run, told as ratios because machines are noisy.

mod cpu;
mod mask;
mod pgbench;
mod postgres;
mod sql;

pub(crate) use mask::run_all as mask;
pub(crate) use postgres::run as postgres;
pub(crate) use sql::run as sql;
