//! The server is told who the agent is before the client is let in.
#![allow(missing_docs, reason = "a test")]

mod support;

use gatewright_core::bundle::{ApprovalMode, Bundle, RecordingMode};
use support::*;

/// The conversation, in pieces of that many bytes.
fn played(steps: &[Step], piece: usize) -> Outcome {
    let mut bundle: Bundle = bundle(RecordingMode::Buffered, ApprovalMode::Hold);
    bundle.resource.announce = true;
    play(&site(&bundle), steps, |_| piece)
}

/// What the server says to the four settings, of which it reports one.
fn told() -> Vec<u8> {
    let set = complete("SET");
    [set.clone(), set.clone(), set.clone(), parameter("gatewright:ann:"), set, ready(b'I')].concat()
}

fn parameter(name: &str) -> Vec<u8> {
    message(b'S', &[b"application_name\0", name.as_bytes(), b"\0"].concat())
}

#[test]
fn a_client_that_reads_to_ready_for_query_has_read_all_there_is() {
    let mut steps = login();
    let entered = played(&steps, usize::MAX);
    assert!(!entered.client_text().contains("Z\0\0\0\u{5}"), "not before the server knows: {entered:?}");
    assert!(entered.server_text().contains("SET gatewright.agent TO 'ann'"), "{entered:?}");

    steps.push(Step::Server(told()));
    for piece in [usize::MAX, 1, 2, 7] {
        let entered = played(&steps, piece);
        let text = entered.client_text();
        assert_eq!(text.matches("Z\0\0\0\u{5}I").count(), 1, "{piece}: {text:?}");
        assert!(
            entered.to_client.ends_with(&[parameter("gatewright:ann:"), ready(b'I')].concat()),
            "{text:?}"
        );
        assert!(!text.contains("SET"), "{text:?}");
    }
}

#[test]
fn a_client_in_a_hurry_gets_its_answer_after_the_login() {
    let mut steps = login();
    steps.push(Step::Client(query("SELECT name FROM customers")));
    let answer =
        [row_description(&[("name", CUSTOMERS, 1)]), data_row(&["Ann"]), complete("SELECT 1"), ready(b'I')]
            .concat();
    steps.push(Step::Server([told(), answer.clone()].concat()));
    for piece in [usize::MAX, 1, 5] {
        let entered = played(&steps, piece);
        assert!(entered.to_client.ends_with(&[ready(b'I'), answer.clone()].concat()), "{entered:?}");
    }
}

#[test]
fn a_server_that_does_not_take_it_ends_the_login() {
    let mut steps = login();
    steps.push(Step::Server([error("42602", "invalid configuration parameter name"), ready(b'I')].concat()));
    let refused = played(&steps, usize::MAX);
    let text = refused.client_text();
    assert!(text.contains("FATAL") && text.contains("does not take who you are"), "{text:?}");
    assert!(!text.contains("Z\0\0\0\u{5}") && refused.closed, "{text:?}");
}
