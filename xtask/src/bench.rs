//! `cargo xtask bench`: measurements, side by side in one run, told as ratios because machines are noisy.

mod pgbench;
mod postgres;

pub(crate) use postgres::run as postgres;
