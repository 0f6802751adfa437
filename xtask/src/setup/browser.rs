//! Debian's Chromium, in which the pages are tested, and a font for what it draws.

use anyhow::Result;
use gatewright_tests::browser;

use super::{Say, debian};

pub(super) fn ensure(say: Say) -> Result<()> {
    if browser::chromium().is_err() {
        debian::ensure(&["chromium", "fonts-dejavu-core"], "a browser for the tests of the pages")?;
    }
    say.there(format!("Chromium in {}", browser::chromium()?.display()));
    Ok(())
}
