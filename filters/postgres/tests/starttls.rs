//! Envoy's `postgres_proxy` before the filter turns the connection into TLS: the filter sees its answer to SSLRequest, not
//! the request.
#![allow(missing_docs, reason = "a test")]

mod support;

use gatewright_core::bundle::{ApprovalMode, RecordingMode};
use support::*;

fn played(steps: &[Step], piece: usize) -> Outcome {
    play(&plane(RecordingMode::Buffered, ApprovalMode::Hold), steps, |_| piece)
}

fn yes() -> Step {
    Step::Server(b"S".to_vec())
}

#[test]
fn the_proxys_yes_passes_and_the_login_follows() {
    let steps = [vec![yes()], login()].concat();
    for piece in [usize::MAX, 1, 3] {
        let entered = played(&steps, piece);
        assert_eq!(entered.to_client.first(), Some(&b'S'), "{entered:?}");
        let without = played(&login(), piece);
        assert_eq!(entered.to_client.get(1..), Some(without.to_client.as_slice()));
        assert!(!entered.closed);
    }
}

#[test]
fn it_passes_once_and_alone() {
    for said in [vec![yes(), yes()], vec![Step::Server(b"SS".to_vec())], vec![Step::Server(b"N".to_vec())]] {
        let refused = played(&said, usize::MAX);
        assert!(refused.closed && refused.to_client.len() < 2, "{said:?}: {refused:?}");
    }
}

#[test]
fn a_handshake_that_comes_all_the_same_does_not_pass() {
    // The first bytes of a ClientHello, where somebody else had said yes.
    let hello = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc];
    let refused = played(&[yes(), Step::Client(hello.to_vec())], usize::MAX);
    assert!(!refused.to_server.windows(3).any(|bytes| bytes == [0x16, 0x03, 0x01]), "{refused:?}");
}
