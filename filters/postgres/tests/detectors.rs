//! What detectors do to rows, message by message.
#![allow(missing_docs, reason = "a test")]

mod support;

use gatewright_core::bundle::{ApprovalMode, RecordingMode};
use gatewright_core::detect::{Config, Custom, Detector};
use support::*;

const EMAIL: &str = "ada@example.com";
/// Base type OIDs and formats.
const TEXT: (u32, u16) = (25, 0);
const BINARY: u16 = 1;

fn detectors() -> Config {
    let custom = Custom { name: "employee".into(), pattern: r"\bE-[0-9]{6}\b".into() };
    Config { enabled: Detector::ALL.to_vec(), custom: vec![custom] }
}

fn whole(steps: Vec<Step>) -> Outcome {
    let steps = [login(), steps].concat();
    let all = play(&with_detectors(detectors()), &steps, |all| all);
    assert_eq!(all, play(&with_detectors(detectors()), &steps, |_| 7), "any cut gives the same");
    all
}

/// A query whose one row has these values, and the row as the client must get it.
#[track_caller]
fn row(types: &[(u32, u16)], values: &[Option<&[u8]>], expected: &[Option<&[u8]>]) {
    let columns: Vec<_> = types.iter().map(|(oid, format)| ("x", CUSTOMERS, 1, *oid, *format)).collect();
    let server =
        |row: Vec<u8>| [typed_row_description(&columns), row, complete("SELECT 1"), ready(b'I')].concat();
    let outcome = whole(vec![
        Step::Client(query("SELECT name FROM customers")),
        Step::Server(server(binary_row(values))),
    ]);
    let shown = server(binary_row(expected));
    assert!(
        outcome.to_client.ends_with(&shown),
        "{:?}\n{:?}",
        outcome.client_text(),
        String::from_utf8_lossy(&shown)
    );
    if values != expected {
        assert!(outcome.events.iter().all(|event| !event.contains(EMAIL)), "recorded as it was shown");
    }
}

#[test]
fn text_in_either_format() {
    let found: &[u8] = b"[masked:email], [masked:employee]";
    let value = format!("{EMAIL}, E-123456");
    for oid in [25, 1043, 1042, 19, 705, 142] {
        for format in [0, BINARY] {
            row(
                &[(oid, format), (23, 0), TEXT, TEXT],
                &[Some(value.as_bytes()), Some(b"7"), None, Some(b"clean")],
                &[Some(found), Some(b"7"), None, Some(b"clean")],
            );
        }
    }
    // citext and its like, as text; in binary nothing can be replaced in what is not known.
    row(&[(20_500, 0)], &[Some(EMAIL.as_bytes())], &[Some(b"[masked:email]")]);
    row(&[(20_500, BINARY), TEXT], &[Some(EMAIL.as_bytes()), Some(b"x")], &[None, Some(b"x")]);
    // What is no text passes as it is.
    row(
        &[(20, 0), (17, BINARY)],
        &[Some(b"4242424242424242"), Some(EMAIL.as_bytes())],
        &[Some(b"4242424242424242"), Some(EMAIL.as_bytes())],
    );
}

#[test]
fn json_stays_json() {
    let hidden = br#"{"mail": "ada\u0040example.com", "card": 4242424242424242}"#;
    let found = br#"{"mail": "[masked:email]", "card": "[masked:card]"}"#;
    row(
        &[(114, 0), (3802, 0), (114, BINARY)],
        &[Some(hidden), Some(hidden), Some(hidden)],
        &[Some(found), Some(found), Some(found)],
    );
    let versioned = |json: &[u8]| [b"\x01", json].concat();
    row(&[(3802, BINARY)], &[Some(&versioned(hidden))], &[Some(&versioned(found))]);
    row(&[(3802, BINARY)], &[Some(&versioned(b"{\"a\": 1}"))], &[Some(&versioned(b"{\"a\": 1}"))]);
}

#[test]
fn arrays_stay_arrays() {
    row(
        &[(1009, 0)],
        &[Some(b"{ada@example.com,NULL,\"a \\\"b\"}")],
        &[Some(b"{\"[masked:email]\",NULL,\"a \\\"b\"}")],
    );
    row(
        &[(3807, 0)],
        &[Some(br#"{"{\"a\": \"ada\\u0040example.com\"}"}"#)],
        &[Some(br#"{"{\"a\": \"[masked:email]\"}"}"#)],
    );
    let array = |first: &str| {
        let head = [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 25, 0, 0, 0, 2, 0, 0, 0, 1];
        let length = u32::try_from(first.len()).expect("short").to_be_bytes();
        [&head[..], &length, first.as_bytes(), &[0xff; 4]].concat()
    };
    row(&[(1009, BINARY)], &[Some(&array(EMAIL))], &[Some(&array("[masked:email]"))]);
}

#[test]
fn masks_come_first_and_need_no_detector() {
    let outcome = whole(vec![
        Step::Client(query("SELECT name, ssn FROM customers")),
        Step::Server(
            [
                row_description(&[("name", CUSTOMERS, 1), ("ssn", CUSTOMERS, 2)]),
                data_row(&["Ann <ada@example.com>", EMAIL]),
                complete("SELECT 1"),
                ready(b'I'),
            ]
            .concat(),
        ),
    ]);
    assert!(outcome.to_client.windows(9).any(|part| part == b"[masked]C"), "{}", outcome.client_text());
    assert!(outcome.client_text().contains("Ann <[masked:email]>"), "{}", outcome.client_text());
}

#[test]
fn rows_are_described_whether_the_client_asks_or_not() {
    let outcome = whole(vec![
        Step::Client([parse("", "SELECT name FROM customers"), bind(""), execute(), sync()].concat()),
        Step::Server(
            [
                message(b'1', b""),
                message(b'2', b""),
                row_description(&[("name", CUSTOMERS, 1)]),
                data_row(&[EMAIL]),
                complete("SELECT 1"),
                ready(b'I'),
            ]
            .concat(),
        ),
    ]);
    assert!(outcome.server_text().contains("D\0\0\0\u{6}P\0"), "{:?}", outcome.server_text());
    let expected =
        [message(b'2', b""), data_row(&["[masked:email]"]), complete("SELECT 1"), ready(b'I')].concat();
    assert!(outcome.to_client.ends_with(&expected), "{:?}", outcome.client_text());
}

#[test]
fn binary_copy_is_refused_where_nothing_could_be_looked_for() {
    let copy = vec![
        Step::Client(query("COPY (SELECT name FROM customers) TO STDOUT (FORMAT binary)")),
        Step::Server([error("42601", "syntax error"), ready(b'I')].concat()),
    ];
    let outcome = whole(copy.clone());
    assert!(!outcome.server_text().contains("COPY"), "{:?}", outcome.server_text());
    assert!(outcome.client_text().contains("use the text or CSV form"), "{}", outcome.client_text());
    let without = plane(RecordingMode::Buffered, ApprovalMode::Hold);
    let outcome = play(&without, &[login(), copy].concat(), |all| all);
    assert!(outcome.server_text().contains("COPY"), "{:?}", outcome.server_text());
}

#[test]
fn rows_of_copy_are_looked_at() {
    let data = |text: &str| message(b'd', text.as_bytes());
    let server = |rows: &str| {
        let out = message(b'H', b"\0\0\x02\0\0\0\0");
        [out, data(rows), message(b'c', b""), complete("COPY 1"), ready(b'I')].concat()
    };
    let outcome = whole(vec![
        Step::Client(query("COPY (SELECT name, name FROM customers) TO STDOUT (DELIMITER ':')")),
        Step::Server(server("Grace:write to grace@example.com\n")),
    ]);
    let expected = data("Grace:write to [masked\\:email]\n");
    assert!(
        outcome.client_text().contains(&*String::from_utf8_lossy(&expected)),
        "{}",
        outcome.client_text()
    );
}

#[test]
fn patterns_that_do_not_compile_make_no_plane() {
    let custom = vec![Custom { name: "x".into(), pattern: "(".into() }];
    let mut bundle = bundle(RecordingMode::Buffered, ApprovalMode::Hold);
    bundle.detectors = Config { enabled: vec![], custom };
    let error = gatewright_postgres::Plane::new(&bundle).expect_err("no pattern");
    assert!(error.to_string().contains("detectors: `x`"), "{error}");
}
