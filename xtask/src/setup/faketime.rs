//! Debian's libfaketime, by which a test sets a host's clock.

use anyhow::Result;
use gatewright_tests::faketime;

use super::{Say, debian};

pub(super) fn ensure(say: Say) -> Result<()> {
    if faketime::library().is_err() {
        debian::ensure(&["libfaketime"], "the test of clocks that are set")?;
    }
    say.there(format!("libfaketime as {}", faketime::library()?.display()));
    Ok(())
}
