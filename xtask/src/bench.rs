//! `cargo xtask bench`: measurements, side by side in one run, told as ratios because machines are noisy.

mod guest;
mod mask;
mod pgbench;
mod postgres;

pub(crate) use guest::run as guest;
pub(crate) use mask::run_all as mask;
pub(crate) use postgres::run as postgres;
