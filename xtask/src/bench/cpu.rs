//! What processes use, from `/proc`: unlike a rate, processor time hardly changes with what else the machine does.

use std::fs;

use anyhow::{Context as _, Result};

/// Clock ticks per second of `/proc` (`USER_HZ`), the same on every Linux.
const TICKS: f64 = 100.0;

/// Seconds of processor time, user and system, of a process; with `ended`, of its ended children instead.
pub(crate) fn seconds(process: &str, ended: bool) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // proc_pid_stat(5): the name may hold spaces, and ends at the last parenthesis; `utime` is the 12th after it.
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    let fields = after.split_whitespace().skip(if ended { 13 } else { 11 }).take(2);
    fields.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / TICKS
}

/// Kilobytes of memory that a process holds.
pub(crate) fn resident(id: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
