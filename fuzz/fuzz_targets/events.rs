//! Streams of events and texts of any bytes: no panic, and the same outcome when they come one by one.
#![no_main]

#[path = "../../filters/http/tests/support/mod.rs"]
mod support;

use gatewright_http::body::{Form, Limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((how, body)) = data.split_first() else { return };
    let rules = support::any_rules(*how);
    let form = if how & 16 == 0 { Form::EventStream } else { Form::Text };
    let (once, _) = support::pieces(form, &rules, Limits::default(), [body]);
    let (each, _) = support::pieces(form, &rules, Limits::default(), body.chunks(1));
    assert_eq!(once.is_ok(), each.is_ok());
    if let (Ok(once), Ok(each)) = (once, each) {
        assert_eq!(once, each);
    }
});
