//! Waiting for something to become true.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// So many connections in a row come to every worker of a proxy.
const ROW: usize = 20;

/// Asks until `probe` gives a value; an error ends the wait, and so does the limit.
pub fn until<T>(what: &str, limit: Duration, mut probe: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(value) = probe()? {
            return Ok(value);
        }
        if start.elapsed() > limit {
            bail!("{what}: not within {} s", limit.as_secs());
        }
        sleep(Duration::from_millis(20));
    }
}

/// Asks until `probe`, which connects anew each time, gives a value often in a row; the last one.
pub fn steadily<T>(what: &str, limit: Duration, mut probe: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let mut row = 0;
    until(what, limit, || {
        let value = probe()?;
        row = if value.is_some() { row + 1 } else { 0 };
        Ok(value.filter(|_| row >= ROW))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_begins_the_row_again() {
        let mut asked = 0;
        let limit = Duration::from_secs(60);
        let value = steadily("a row", limit, || {
            asked += 1;
            Ok((asked != 10).then_some(asked))
        });
        assert_eq!(value.unwrap(), 10 + ROW);
    }
}
