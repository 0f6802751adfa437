//! What each worker of a proxy was told. Each has a filter of its own that asks the host by itself, and logs the bundle
//! that it takes up.

use std::collections::BTreeMap;

/// Whether so many workers have a bundle: that one, or any where none is named.
pub fn have_bundle(log: &str, workers: u32, wanted: Option<&str>) -> bool {
    // Envoy's main thread writes the first line. It has a filter too, to which nobody connects.
    let main = log.lines().find_map(thread);
    let (mut of_threads, mut of_nobody) = (BTreeMap::new(), BTreeMap::<&str, usize>::new());
    for line in log.lines() {
        let Some(digest) = digest(line) else { continue };
        match thread(line) {
            Some(thread) if Some(thread) == main => {}
            Some(thread) => drop(of_threads.insert(thread, digest)),
            // Where the log does not say who it was: nobody takes the same one up twice in a row.
            None => *of_nobody.entry(digest).or_default() += 1,
        }
    }
    let is_wanted = |digest: &str| wanted.is_none_or(|wanted| wanted == digest);
    let of_nobody = of_nobody.into_iter().filter(|(digest, _)| is_wanted(digest)).map(|(_, count)| count);
    let of_threads = of_threads.into_values().filter(|digest| is_wanted(digest)).count();
    usize::try_from(workers).is_ok_and(|workers| of_nobody.max().unwrap_or(0).max(of_threads) >= workers)
}

fn digest(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("gatewright: bundle ")?;
    rest.split_once(" is in force").map(|(digest, _)| digest)
}

/// The thread in `[TIME][THREAD][LEVEL]`, as Envoy's lines begin.
fn thread(line: &str) -> Option<&str> {
    let thread = line.strip_prefix('[')?.split("][").nth(1)?;
    thread.bytes().all(|byte| byte.is_ascii_digit()).then_some(thread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_main_thread_does_not_count_and_neither_does_what_was_before() {
        let line = |thread: u32, digest: &str| {
            format!(
                "[2026-01-02 03:04:05.678][{thread}][info][wasm] [a.cc:1] wasm log shop shop: gatewright: bundle {digest} is in force\n"
            )
        };
        let start = "[2026-01-02 03:04:05.000][7][info][main] [server.cc:1] initializing\n".to_owned();
        let log = start + &line(7, "d1") + &line(8, "d1");
        assert!(have_bundle(&log, 1, Some("d1")) && !have_bundle(&log, 2, None));
        let log = log + &line(9, "d2");
        assert!(have_bundle(&log, 2, None) && !have_bundle(&log, 2, Some("d2")));
        let log = log + &line(8, "d2");
        assert!(have_bundle(&log, 2, Some("d2")) && !have_bundle(&log, 1, Some("d1")));
    }

    #[test]
    fn without_threads_it_takes_as_many_lines() {
        let line = |digest: &str| {
            format!("2026-01-02T03:04:05Z  INFO filter: gatewright: bundle {digest} is in force\n")
        };
        let log = line("d1") + &line("d2");
        assert!(have_bundle(&log, 1, Some("d2")) && !have_bundle(&log, 2, None));
        assert!(have_bundle(&(log + &line("d2")), 2, Some("d2")));
    }
}
