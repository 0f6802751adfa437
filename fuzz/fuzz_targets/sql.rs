//! The analysis of SQL, on any text and the shop's catalogue: no panic, in time, and facts that fit each other.
#![no_main]

#[path = "../../filters/sql/src/tests/shop.rs"]
#[allow(dead_code, reason = "the tests of the analysis use all of it")]
mod shop;

use std::time::{Duration, Instant};

use gatewright_sql::{StatementFacts, Unparsed, analyse, shape, view_columns};
use libfuzzer_sys::fuzz_target;

/// Far more than any text of libFuzzer's usual 4 KiB takes, on a busy machine too.
const LIMIT: Duration = Duration::from_secs(5);

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let start = Instant::now();
    let facts = shop::all(text);
    check(text, &facts);
    assert_eq!(view_columns(text, 2, shop::shop()).len(), 2);
    // What is decided about the shape is decided about the text.
    let shape = shape(text);
    if shape != text {
        assert_eq!(comparable(&facts), comparable(&shop::all(&shape)), "{shape:?}");
    }
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
});

fn check(text: &str, facts: &Result<Vec<StatementFacts>, Unparsed>) {
    for facts in facts.iter().flatten() {
        // Policies are asked about accesses: without one nobody would look at what spreads.
        assert!(facts.spreads.is_clean() || !facts.accesses.is_empty(), "{text:?}");
        // A proof is never wider than the scope.
        let mut told = vec![&facts.spreads];
        told.extend(facts.inference.kinds().map(|(_, taint)| taint));
        told.extend(facts.outputs.iter().flatten().map(|output| &output.taint));
        for taint in told {
            let mut rest = taint.clone();
            rest.remove(&facts.scope);
            assert!(rest.is_clean(), "{text:?}: {rest:?} is not in scope");
        }
    }
}

/// Without the words of an error, which may quote the text.
fn comparable(facts: &Result<Vec<StatementFacts>, Unparsed>) -> Option<&[StatementFacts]> {
    facts.as_deref().ok()
}
