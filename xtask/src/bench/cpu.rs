//! Processor time of processes, from `/proc`: unlike a rate it hardly changes with what else the machine does.

use std::fs;

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
