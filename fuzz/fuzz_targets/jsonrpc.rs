//! The readers of JSON and of MCP's messages, on any bytes: no panic, nothing read that serde_json does not read, and
//! one text for each value.
#![no_main]

use gatewright_http::json::Document;
use gatewright_http::mcp::{Revision, filter, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for revision in Revision::ALL {
        match read(data, revision) {
            Ok(messages) => assert!(!messages.is_empty()),
            Err(fault) => {
                drop(serde_json::from_str::<serde_json::Value>(&fault.body()).expect("an error is JSON"))
            }
        }
    }
    if let Ok(filtered) = filter(data, |entry| entry.name.len() % 2 == 1)
        && let Some(text) = filtered.text
    {
        let again = filter(text.as_bytes(), |entry| entry.name.len() % 2 == 1).expect("what is left is read");
        assert_eq!((again.text, again.shown, again.hidden), (None, filtered.shown, Vec::new()));
    }
    let Ok(document) = Document::read(data) else { return };
    if let Err(error) = serde_json::from_slice::<serde_json::Value>(data) {
        // Numbers beyond a double.
        assert!(error.to_string().contains("out of range"), "{error}");
    }
    let mut text = String::new();
    document.root().to_value().canonical(&mut text);
    let mut again = String::new();
    Document::read(text.as_bytes())
        .expect("what is canonical is read")
        .root()
        .to_value()
        .canonical(&mut again);
    assert_eq!(text, again);
});
