//! Chains that nobody touched, and others.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "a test may panic")]

use super::*;
use crate::event::Event;

fn lines(reasons: &[&str]) -> Lines {
    let mut lines = Lines::default();
    for reason in reasons {
        lines.push(1000, &Kind::Close { reason: (*reason).to_owned() });
    }
    lines
}

/// Four runs: events 0; 1 and 2; 3; 4.
fn chain() -> Vec<String> {
    let mut chain = Chain::new("s1");
    [&["r0"][..], &["r1", "r2"], &["r3"], &["r4"]]
        .map(|reasons| String::from_utf8(chain.seal(&lines(reasons)).text).unwrap())
        .to_vec()
}

fn check(runs: &[String]) -> Result<u64, ChainError> {
    let mut verifier = Verifier::new("s1");
    runs.iter().try_fold(0, |_, run| verifier.next(run).map(|run| run.end()))
}

#[test]
fn an_untouched_chain_verifies() {
    assert_eq!(check(&chain()), Ok(5));
}

#[test]
fn edit_removal_swap_and_a_cut_are_found() {
    let mut edited = chain();
    edited[1] = edited[1].replace("r2", "rX");
    assert_eq!(check(&edited), Err(ChainError::Link { seq: 3 }));
    let mut removed = chain();
    removed.remove(1);
    assert_eq!(check(&removed), Err(ChainError::Position { expected: 1, found: 3 }));
    let mut swapped = chain();
    swapped.swap(2, 3);
    assert_eq!(check(&swapped), Err(ChainError::Position { expected: 3, found: 4 }));
    let mut cut = chain();
    cut[1].pop();
    assert!(matches!(check(&cut), Err(ChainError::Unreadable { seq: 1, .. })));
    // The head says how many events there are: neither fewer nor more pass.
    let mut shortened = chain();
    shortened[1] = shortened[1].lines().take(2).map(|line| format!("{line}\n")).collect();
    assert!(matches!(check(&shortened), Err(ChainError::Unreadable { seq: 1, .. })));
    let mut longer = chain();
    longer[0].push_str("{}\n");
    assert!(matches!(check(&longer), Err(ChainError::Unreadable { seq: 0, .. })));
    let moved = Verifier::new("s2").next(&chain()[0]).map(|run| run.end());
    assert_eq!(moved, Err(ChainError::Session { seq: 0, found: "s1".to_owned() }));
}

#[test]
fn a_text_of_several_runs_is_cut_into_them() {
    let runs = chain();
    let text = runs.concat();
    let mut rest = text.as_str();
    for run in &runs {
        let (read, after) = Run::split(rest).unwrap();
        assert_eq!((read.text, read.events().count() as u64), (run.as_str(), read.count));
        rest = after;
    }
    assert_eq!(rest, "");
    for bad in ["", "{}\n{}\n", "\n", &text[..text.len() - 1][runs[..3].concat().len()..]] {
        assert!(Run::split(bad).is_err(), "{bad}");
    }
    let none = r#"{"session":"a","seq":0,"count":0,"prev":"PREV"}"#.replace("PREV", &"0".repeat(64)) + "\n";
    assert!(Run::split(&none).is_err());
}

#[test]
fn an_event_reads_as_it_was_written() {
    let kinds = [
        Kind::Close { reason: "line\nbreak, \"quotes\", \u{2028} and \r".to_owned() },
        Kind::Statement {
            statement: 1,
            text: "SELECT $1".to_owned(),
            parameters: vec![Some("1".to_owned()), None],
            decision: "allow".to_owned(),
            would: None,
            policies: Vec::new(),
            reason: String::new(),
            shape: None,
            explanation: None,
            explained_by: Some(7),
            trace: Some("4bf92f3577b34da6a3ce929d0e0e4736".to_owned()),
        },
    ];
    let mut lines = Lines::default();
    let bytes: usize = kinds.iter().map(|kind| lines.push(1_700_000_000_000, kind)).sum();
    assert_eq!((lines.len(), lines.text().len()), (2, bytes));
    let run = Chain::new("s1").seal(&lines);
    let text = String::from_utf8(run.text).unwrap();
    let (run, _) = Run::split(&text).unwrap();
    let read: Vec<Event> = run.events().map(|event| serde_json::from_str(event).unwrap()).collect();
    assert_eq!(read, kinds.map(|kind| Event { at: 1_700_000_000_000, kind }));
}
