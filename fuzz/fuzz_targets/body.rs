//! JSON bodies of any bytes: no panic, the same outcome when they come one by one, and nothing is taken for JSON or
//! made of it that another reader would not take for it.
#![no_main]

#[path = "../../filters/http/tests/support/mod.rs"]
mod support;

use gatewright_http::body::{Form, Limits};
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;

fuzz_target!(|data: &[u8]| {
    let Some((how, body)) = data.split_first() else { return };
    let rules = support::any_rules(*how);
    let limits = Limits { string: if how & 8 == 0 { 256 << 10 } else { 8 }, ..Limits::default() };
    let form = [Form::Json, Form::Ndjson, Form::JsonSequence, Form::Urlencoded][usize::from(how >> 4 & 3)];
    let (once, _) = support::pieces(form, &rules, limits, [body]);
    let (each, _) = support::pieces(form, &rules, limits, body.chunks(1));
    assert_eq!(once.is_ok(), each.is_ok());
    if let (Ok(once), Ok(each)) = (once, each) {
        assert_eq!(once, each);
        if form == Form::Json && !body.is_empty() {
            for text in [body, &once.0] {
                let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
                assert!(serde_json::from_slice::<IgnoredAny>(text).is_ok());
            }
        }
    }
});
