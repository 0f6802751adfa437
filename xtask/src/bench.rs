//! `cargo xtask bench`: measurements, side by side in one run, told as ratios because machines are noisy.

mod guest;
mod mask;
mod pgbench;
mod postgres;
mod standalone;

pub(crate) use guest::run as guest;
pub(crate) use mask::run_all as mask;
pub(crate) use postgres::run as postgres;
pub(crate) use standalone::run as standalone;
