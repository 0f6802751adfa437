//! Whole conversations, message by message; and that the way they are cut into pieces changes nothing.
#![allow(missing_docs, reason = "a test")]

mod support;

use gatewright_core::bundle::{ApprovalMode, RecordingMode};
use proptest::prelude::*;
use support::*;

const WAITING: &str =
    r#"{"id":"A1","url":"http://host/approvals/A1","state":"pending","expires_at":1800000900000}"#;
const APPROVED: &str = r#"{"id":"A1","url":"http://host/approvals/A1","state":"approved","expires_at":1800000900000,"decided_by":["dan"]}"#;
const DENIED: &str = r#"{"id":"A1","url":"u","state":"denied","expires_at":1800000900000,"decided_by":["dan"],"comment":"not today"}"#;

fn after_login(more: Vec<Step>) -> Vec<Step> {
    let mut steps = login();
    steps.extend(more);
    steps
}

fn whole(steps: Vec<Step>) -> Outcome {
    play(&plane(RecordingMode::Buffered, ApprovalMode::Hold), &after_login(steps), |all| all)
}

#[test]
fn a_trusting_server_is_held_back_until_the_token_verifies() {
    let outcome = whole(vec![]);
    let first = outcome.to_client.get(..9).expect("a message");
    assert_eq!(first, message(b'R', &[0, 0, 0, 3]), "the agent is asked for its token first");
    assert!(outcome.client_text().contains("\u{0}\u{0}\u{0}\u{5}I"), "and let in afterwards");
    assert!(outcome.server_text().contains("user\0support_ro\0database\0shop"), "{}", outcome.server_text());
    assert!(!outcome.server_text().contains("eyJ"), "the token does not reach the server");
}

#[test]
fn a_forged_token_is_refused_and_nothing_of_the_server_passes() {
    let mut steps = login();
    steps[2] = Step::Client(message(b'p', b"eyJhbGciOiJub25lIn0.e30.\0"));
    let outcome = play(&plane(RecordingMode::Buffered, ApprovalMode::Hold), &steps, |all| all);
    let text = outcome.client_text();
    assert!(text.contains("FATAL") && text.contains("28000") && text.contains("`none`"), "{text}");
    assert!(
        !text.contains('K') || !outcome.to_client.windows(9).any(|w| w == message(b'R', &[0; 4])),
        "{text}"
    );
    assert!(outcome.closed);
}

#[test]
fn masked_columns_are_masked_by_origin_whatever_their_name() {
    let outcome = whole(vec![
        Step::Client(query("SELECT name, ssn AS name FROM customers")),
        Step::Server(
            [
                row_description(&[("name", CUSTOMERS, 1), ("name", CUSTOMERS, 2)]),
                data_row(&["Ann", "123-45-6789"]),
                complete("SELECT 1"),
                ready(b'I'),
            ]
            .concat(),
        ),
    ]);
    let text = outcome.client_text();
    assert!(text.contains("Ann") && text.contains("[masked]") && !text.contains("6789"), "{text}");
    assert!(outcome.events.iter().all(|event| !event.contains("123-45-6789")), "recorded after masking");
}

#[test]
fn an_expression_over_a_masked_column_is_masked() {
    let outcome = whole(vec![
        Step::Client(query("SELECT upper(ssn) AS x FROM customers")),
        Step::Server(
            [row_description(&[("x", 0, 0)]), data_row(&["SECRET"]), complete("SELECT 1"), ready(b'I')]
                .concat(),
        ),
    ]);
    assert!(!outcome.client_text().contains("SECRET"), "{}", outcome.client_text());
}

#[test]
fn a_denied_query_never_reaches_the_server_and_the_session_goes_on() {
    let outcome = whole(vec![
        Step::Client(query("DROP TABLE customers")),
        Step::Server([error("42601", "syntax error"), ready(b'I')].concat()),
        Step::Client(query("SELECT name FROM customers")),
        Step::Server(
            [
                row_description(&[("name", CUSTOMERS, 1)]),
                data_row(&["Ann"]),
                complete("SELECT 1"),
                ready(b'I'),
            ]
            .concat(),
        ),
    ]);
    let text = outcome.client_text();
    assert!(
        text.contains("42501") && text.contains("no-ddl") && text.contains("nobody may run DDL"),
        "{text}"
    );
    assert!(!text.contains("syntax error") && text.contains("Ann"), "{text}");
    assert!(!outcome.server_text().contains("DROP"), "{}", outcome.server_text());
}

#[test]
fn policy_decides_about_values_that_would_leave_their_mask() {
    let copies = "INSERT INTO customers (name) SELECT ssn FROM customers";
    let denied = whole(vec![
        Step::Client(query(copies)),
        Step::Server([error("42601", "syntax error"), ready(b'I')].concat()),
    ]);
    let told = denied.client_text();
    assert!(!denied.server_text().contains("INSERT"), "{}", denied.server_text());
    assert!(told.contains("no-copy") && told.contains("masked values stay where they are"), "{told}");
    assert!(told.contains("written where they are not masked: `customers.ssn`"), "{told}");
    // From the masked column into the masked column nothing spreads.
    let stays = whole(vec![Step::Client(query("INSERT INTO customers (ssn) SELECT ssn FROM customers"))]);
    assert!(stays.server_text().contains("INSERT INTO customers"), "{}", stays.server_text());
    // Without a policy about it, those that there are decide.
    let mut bundle = bundle(RecordingMode::Buffered, ApprovalMode::Hold);
    let policies = bundle.policies["staticPolicies"].as_object_mut().expect("policies by id");
    policies.remove("no-copy").expect("a policy");
    let permitted = play(&site(&bundle), &after_login(vec![Step::Client(query(copies))]), |all| all);
    assert!(permitted.server_text().contains(copies), "{}", permitted.server_text());
}

#[test]
fn of_several_statements_of_which_one_is_denied_none_runs() {
    let outcome =
        whole(vec![Step::Client(query("SELECT name FROM customers; DROP TABLE customers; COMMIT"))]);
    let text = outcome.server_text();
    assert!(!text.contains("customers"), "{text}");
}

#[test]
fn a_failed_redefinition_does_not_fool_the_gate() {
    // The second Parse of `s` fails at the server, which keeps the first; its rows must stay masked.
    let outcome = whole(vec![
        Step::Client([parse("s", "SELECT upper(ssn) FROM customers"), sync()].concat()),
        Step::Server([message(b'1', b""), ready(b'I')].concat()),
        Step::Client([parse("s", "SELECT 1"), sync()].concat()),
        Step::Server([error("42P05", "prepared statement already exists"), ready(b'I')].concat()),
        Step::Client([bind("s"), execute(), sync()].concat()),
        Step::Server(
            [message(b'2', b""), row_description(&[("upper", 0, 0)]), data_row(&["SECRET"])].concat(),
        ),
        Step::Server([complete("SELECT 1"), ready(b'I')].concat()),
    ]);
    assert!(outcome.client_text().contains("[masked]"), "{}", outcome.client_text());
    assert!(!outcome.client_text().contains("SECRET"), "{}", outcome.client_text());
}

#[test]
fn a_name_that_sql_redefined_is_not_trusted() {
    let outcome = whole(vec![
        Step::Client([parse("s", "SELECT 1"), sync()].concat()),
        Step::Server([message(b'1', b""), ready(b'I')].concat()),
        Step::Client(query("DEALLOCATE s")),
        Step::Server([complete("DEALLOCATE"), ready(b'I')].concat()),
        Step::Client(query("PREPARE s AS SELECT ssn FROM customers")),
        Step::Server([complete("PREPARE"), ready(b'I')].concat()),
        Step::Client([bind("s"), execute(), sync()].concat()),
    ]);
    assert!(
        outcome.server_text().ends_with("gatewright: statement refused\"\0\0\0\0\0S\0\0\0\u{4}")
            || !outcome.server_text().contains("\0s\0\0\0\0\0\0\0"),
        "{:?}",
        outcome.server_text()
    );
}

#[test]
fn behind_a_sync_a_definition_counts_only_once_it_is_confirmed() {
    let first = vec![
        Step::Client([parse("s", "SELECT upper(ssn) FROM customers"), sync()].concat()),
        Step::Server([message(b'1', b""), ready(b'I')].concat()),
        // One burst: the server will refuse the second Parse, and run the first statement.
        Step::Client([parse("s", "SELECT 1"), sync(), bind("s"), execute(), sync()].concat()),
    ];
    let early = whole(first.clone());
    assert!(early.server_text().ends_with("SELECT 1\0\0\0S\0\0\0\u{4}"), "{:?}", early.server_text());
    let mut failed = first.clone();
    failed.extend([
        Step::Server([error("42P05", "prepared statement already exists"), ready(b'I')].concat()),
        Step::Server(
            [
                message(b'2', b""),
                row_description(&[("upper", 0, 0)]),
                data_row(&["SECRET"]),
                complete("SELECT 1"),
                ready(b'I'),
            ]
            .concat(),
        ),
    ]);
    let outcome = whole(failed);
    assert!(outcome.client_text().contains("[masked]"), "{}", outcome.client_text());
    assert!(!outcome.client_text().contains("SECRET") && !outcome.closed, "{}", outcome.client_text());
}

#[test]
fn sql_cannot_reach_what_the_protocol_named() {
    // EXECUTE of a statement that needs an approval.
    let outcome = whole(vec![
        Step::Client([parse("s", "DELETE FROM customers WHERE name = 'Ann'"), sync()].concat()),
        Step::Server([message(b'1', b""), ready(b'I')].concat()),
        Step::Client(query("EXECUTE s")),
        Step::Server([error("42601", "syntax error"), ready(b'I')].concat()),
    ]);
    assert!(!outcome.server_text().contains("EXECUTE") && outcome.client_text().contains("42501"));
    // EXECUTE of a statement over masked columns: the outputs of EXECUTE are those.
    let outcome = whole(vec![
        Step::Client([parse("s", "SELECT upper(ssn) FROM customers"), sync()].concat()),
        Step::Server([message(b'1', b""), ready(b'I')].concat()),
        Step::Client(query("EXECUTE s")),
        Step::Server(
            [row_description(&[("upper", 0, 0)]), data_row(&["SECRET"]), complete("SELECT 1"), ready(b'I')]
                .concat(),
        ),
    ]);
    assert!(outcome.client_text().contains("[masked]") && !outcome.client_text().contains("SECRET"));
}

#[test]
fn sql_redefines_a_name_whose_parse_is_still_on_its_way() {
    let outcome = whole(vec![
        Step::Client(
            [
                parse("s", "SELECT 1"),
                sync(),
                query("DEALLOCATE s"),
                query("PREPARE s AS SELECT upper(ssn) FROM customers"),
            ]
            .concat(),
        ),
        Step::Server([message(b'1', b""), ready(b'I')].concat()),
        Step::Server([complete("DEALLOCATE"), ready(b'I'), complete("PREPARE"), ready(b'I')].concat()),
        Step::Client([bind("s"), execute(), sync()].concat()),
        Step::Server([error("08P01", "no"), ready(b'I')].concat()),
    ]);
    assert!(outcome.client_text().contains("26000") && !outcome.closed, "{}", outcome.client_text());
}

#[test]
fn names_that_the_server_would_cut_are_refused() {
    let long = "x".repeat(64);
    for burst in [
        [parse(&long, "SELECT 1"), sync()].concat(),
        [message(b'C', &[b"S", long.as_bytes(), b"\0"].concat()), sync()].concat(),
        [bind(&long), sync()].concat(),
    ] {
        let outcome =
            whole(vec![Step::Client(burst), Step::Server([error("08P01", "no"), ready(b'I')].concat())]);
        assert!(!outcome.server_text().contains(&long), "{}", outcome.server_text());
        assert!(outcome.client_text().contains("longer than 63 bytes") && !outcome.closed);
    }
}

#[test]
fn rows_of_a_portal_that_was_described_without_columns_do_not_pass() {
    // FETCH from a cursor that did not exist when the portal was described.
    let outcome = whole(vec![
        Step::Client(query("DECLARE c CURSOR FOR SELECT ssn FROM customers")),
        Step::Server([complete("DECLARE CURSOR"), ready(b'T')].concat()),
        Step::Client([parse("", "FETCH ALL FROM c"), bind(""), execute(), sync()].concat()),
        Step::Server(
            [message(b'1', b""), message(b'2', b""), message(b'n', b""), data_row(&["SECRET"])].concat(),
        ),
    ]);
    assert!(!outcome.client_text().contains("SECRET") && outcome.closed, "{}", outcome.client_text());
}

/// Executes a statement that was prepared as `s`, of which every execution gives one row of a masked column.
fn again(described: bool) -> [Step; 2] {
    let columns = if described { row_description(&[("ssn", CUSTOMERS, 2)]) } else { Vec::new() };
    [
        Step::Client([bind("s"), execute(), sync()].concat()),
        Step::Server(
            [message(b'2', b""), columns, data_row(&["SECRET"]), complete("SELECT 1"), ready(b'I')].concat(),
        ),
    ]
}

fn prepared(steps: Vec<Step>) -> Vec<Step> {
    let mut all = vec![
        Step::Client([parse("s", "SELECT ssn FROM customers"), sync()].concat()),
        Step::Server([message(b'1', b""), ready(b'I')].concat()),
    ];
    all.extend(again(true));
    all.extend(steps);
    all
}

fn executed(steps: Vec<Step>) -> (usize, bool) {
    let outcome = whole(prepared(steps));
    assert!(!outcome.client_text().contains("SECRET"), "{}", outcome.client_text());
    (outcome.server_text().matches("D\0\0\0\u{6}P\0").count(), outcome.closed)
}

#[test]
fn portals_of_one_statement_are_described_once_in_a_while() {
    assert_eq!(executed(again(false).to_vec()), (1, false));
    // A while later.
    assert_eq!(executed([&[Step::Pass(1_000)][..], &again(true)].concat()), (2, false));
    // In another format.
    let mut binary = again(true);
    let formats = [b"\0s\0\0\0\0\0".as_slice(), &[0, 1, 0, 1]].concat();
    binary[0] = Step::Client([message(b'B', &formats), execute(), sync()].concat());
    assert_eq!(executed(binary.to_vec()), (2, false));
}

#[test]
fn what_gives_names_another_meaning_has_portals_described_again() {
    let failed = [error("22012", "division by zero"), ready(b'I')].concat();
    for (sql, answer) in [
        ("ALTER TABLE customers ADD COLUMN a int", [complete("ALTER TABLE"), ready(b'I')].concat()),
        ("ROLLBACK", [complete("ROLLBACK"), ready(b'I')].concat()),
        ("ROLLBACK TO a", [complete("ROLLBACK"), ready(b'T')].concat()),
        ("SELECT 1 / 0", failed),
    ] {
        let steps = [&[Step::Client(query(sql)), Step::Server(answer)][..], &again(true)].concat();
        assert_eq!(executed(steps), (2, false), "{sql}");
    }
    // The server does not think that it was asked.
    let surprising =
        [Step::Client(query("ROLLBACK")), Step::Server([complete("ROLLBACK"), ready(b'I')].concat())];
    assert_eq!(executed([&surprising[..], &again(false)].concat()), (2, true));
}

#[test]
fn an_error_at_the_end_of_a_transaction_quotes_nothing() {
    let outcome = whole(vec![
        Step::Client(query("BEGIN")),
        Step::Server([complete("BEGIN"), ready(b'T')].concat()),
        Step::Client(query("DECLARE c CURSOR WITH HOLD FOR SELECT ssn::int FROM customers")),
        Step::Server([complete("DECLARE CURSOR"), ready(b'T')].concat()),
        Step::Client(query("COMMIT")),
        Step::Server(
            [error("22P02", "invalid input syntax for type integer: 123-45-6789"), ready(b'I')].concat(),
        ),
    ]);
    assert!(outcome.client_text().contains("22P02"), "{}", outcome.client_text());
    assert!(!outcome.client_text().contains("6789"), "{}", outcome.client_text());
    assert!(outcome.events.iter().all(|event| !event.contains("6789")));
}

#[test]
fn a_server_that_reads_text_differently_is_not_let_in() {
    let hello = [
        message(b'R', &[0; 4]),
        message(b'S', b"standard_conforming_strings\0off\0"),
        message(b'K', &[0, 0, 0, 1, 9, 9, 9, 9]),
        ready(b'I'),
    ];
    let mut steps = login();
    steps[1] = Step::Server(hello.concat());
    let outcome = play(&plane(RecordingMode::Buffered, ApprovalMode::Hold), &steps, |all| all);
    assert!(outcome.client_text().contains("standard_conforming_strings") && outcome.closed);
}

#[test]
fn a_timeout_while_a_command_is_held_ends_its_pipeline() {
    let outcome = whole(vec![
        Step::Client(
            [parse("", "DELETE FROM customers WHERE name = 'x'"), bind(""), execute(), sync()].concat(),
        ),
        Step::Server(
            [message(b'1', b""), message(b'2', b""), message(b'n', b""), message(b'3', b"")].concat(),
        ),
        Step::Host(200, WAITING.into()),
        Step::Server(message(b'3', b"")),
        Step::Server(error("57014", "canceling statement due to statement timeout")),
        Step::Server(ready(b'I')),
        Step::Client(query("SELECT name FROM customers")),
    ]);
    assert!(outcome.client_text().contains("57014") && !outcome.closed, "{}", outcome.client_text());
    assert!(outcome.calls.iter().any(|(call, _)| call.ends_with("/withdraw")), "{:?}", outcome.calls);
    assert!(outcome.server_text().contains("SELECT name"), "{}", outcome.server_text());
}

#[test]
fn a_statement_that_says_its_trace_is_found_by_it() {
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let outcome = whole(vec![
        Step::Client(query(&format!("DELETE FROM customers /*traceparent='{trace}'*/"))),
        Step::Host(200, WAITING.into()),
        Step::Server(message(b'3', b"")),
    ]);
    let calls: Vec<&str> = outcome.calls.iter().map(|(call, _)| call.as_str()).collect();
    let asked = format!("POST /v1/filter/approvals in {trace}");
    assert!(calls.contains(&asked.as_str()), "{calls:?}");
    assert!(calls.iter().any(|call| call.ends_with(&format!("/wait in {trace}"))), "{calls:?}");
    let says = |event: &&String| event.contains(r#""trace":"4bf92f3577b34da6a3ce929d0e0e4736""#);
    assert_eq!(outcome.events.iter().filter(says).count(), 1, "{:?}", outcome.events);

    let outcome = whole(vec![Step::Client(query("SELECT name FROM customers /*traceparent='00-x'*/"))]);
    assert!(outcome.events.iter().all(|event| !event.contains("\"trace\"")), "{:?}", outcome.events);
}

#[test]
fn unknown_code_puts_names_in_doubt_and_the_gate_prepares_again() {
    let outcome = whole(vec![
        Step::Client([parse("s", "SELECT name FROM customers"), sync()].concat()),
        Step::Server([message(b'1', b""), ready(b'I')].concat()),
        Step::Client(query("SELECT somebodys_function()")),
        Step::Server([row_description(&[("f", 0, 0)]), complete("SELECT 0"), ready(b'I')].concat()),
        Step::Client([bind("s"), execute(), sync()].concat()),
        Step::Server([message(b'3', b""), message(b'1', b""), message(b'2', b"")].concat()),
        Step::Server(
            [row_description(&[("name", CUSTOMERS, 1)]), complete("SELECT 0"), ready(b'I')].concat(),
        ),
    ]);
    let text = outcome.server_text();
    assert_eq!(text.matches("SELECT name FROM customers").count(), 2, "{text:?}");
    assert!(!outcome.closed, "{}", outcome.client_text());
    let seen: Vec<u8> = outcome.to_client.iter().rev().take(25).rev().copied().collect();
    let expected = [message(b'2', b""), complete("SELECT 0"), ready(b'I')].concat();
    assert!(seen.ends_with(&expected), "the client sees none of it: {seen:?}");
}

#[test]
fn a_hold_speaks_at_once_and_runs_after_approval() {
    let outcome = whole(vec![
        Step::Client(query("DELETE FROM customers WHERE name = 'Ann'")),
        Step::Host(200, WAITING.into()),
        Step::Server(message(b'3', b"")),
        Step::Host(200, APPROVED.into()),
        Step::Server([complete("DELETE 1"), ready(b'I')].concat()),
    ]);
    let text = outcome.client_text();
    assert!(text.contains("waiting for approval A1") && text.contains("http://host/approvals/A1"), "{text}");
    assert!(text.contains("DELETE 1"), "{text}");
    assert!(outcome.server_text().contains("DELETE FROM customers"));
}

#[test]
fn a_denied_approval_is_told_with_its_comment() {
    let outcome = whole(vec![
        Step::Client(query("DELETE FROM customers WHERE name = 'Ann'")),
        Step::Host(200, WAITING.into()),
        Step::Server(message(b'3', b"")),
        Step::Host(200, DENIED.into()),
        Step::Server([error("42601", "syntax error"), ready(b'I')].concat()),
    ]);
    let text = outcome.client_text();
    assert!(text.contains("42501") && text.contains("not today"), "{text}");
    assert!(!outcome.server_text().contains("DELETE"), "{}", outcome.server_text());
}

#[test]
fn a_pipeline_that_fails_before_the_held_command_asks_nobody() {
    let outcome = whole(vec![
        Step::Client(
            [
                parse("", "SELECT 1/0"),
                bind(""),
                execute(),
                parse("", "DELETE FROM customers WHERE name = 'x'"),
                bind(""),
                execute(),
                sync(),
            ]
            .concat(),
        ),
        Step::Server([message(b'1', b""), message(b'2', b""), error("22012", "division by zero")].concat()),
        Step::Server(ready(b'I')),
    ]);
    assert!(outcome.calls.is_empty(), "{:?}", outcome.calls);
    assert!(outcome.client_text().contains("division by zero"));
}

#[test]
fn strict_recording_lets_nothing_run_before_it_is_durable() {
    let plane = plane(RecordingMode::Strict, ApprovalMode::Hold);
    let ask = after_login(vec![Step::Client(query("SELECT name FROM customers"))]);
    let waiting = play(&plane, &ask, |all| all);
    assert!(!waiting.server_text().contains("SELECT"), "{}", waiting.server_text());
    let mut durable = ask.clone();
    durable.push(Step::Durable);
    assert!(play(&plane, &durable, |all| all).server_text().contains("SELECT name"));
    let mut never = ask;
    never.extend([
        Step::Pass(100),
        Step::Pass(6_000),
        Step::Server([error("42601", "x"), ready(b'I')].concat()),
    ]);
    let refused = play(&plane, &never, |all| all);
    assert!(refused.client_text().contains("58000"), "{}", refused.client_text());
    assert!(!refused.server_text().contains("SELECT"), "{}", refused.server_text());
}

#[test]
fn a_command_that_waits_for_its_event_is_dropped_when_its_pipeline_fails() {
    let plane = plane(RecordingMode::Strict, ApprovalMode::Hold);
    let pipeline =
        [parse("", "SELECT 1/0"), bind(""), execute(), parse("", "SELECT 2"), bind(""), execute(), sync()];
    let steps = after_login(vec![
        Step::Client(pipeline.concat()),
        Step::Durable,
        Step::Server([message(b'1', b""), message(b'2', b""), error("22012", "division by zero")].concat()),
        Step::Durable,
        Step::Server(ready(b'I')),
        Step::Client(query("SELECT name FROM customers")),
        Step::Durable,
    ]);
    let outcome = play(&plane, &steps, |all| all);
    assert!(
        outcome.client_text().contains("division by zero") && !outcome.closed,
        "{}",
        outcome.client_text()
    );
    assert!(outcome.server_text().contains("SELECT name"), "{}", outcome.server_text());
}

#[test]
fn what_follows_a_refused_parse_is_neither_run_nor_recorded() {
    let pipeline =
        [parse("", "SELECT 1"), bind(""), execute(), parse("", "DROP TABLE x"), bind(""), execute(), sync()];
    let outcome = whole(vec![
        Step::Client(pipeline.concat()),
        Step::Server(
            [message(b'1', b""), message(b'2', b""), complete("SELECT 1"), error("42601", "x"), ready(b'I')]
                .concat(),
        ),
    ]);
    assert!(outcome.client_text().contains("no-ddl") && !outcome.closed, "{}", outcome.client_text());
    let statements = outcome.events.iter().filter(|event| event.contains("\"kind\":\"statement\"")).count();
    assert_eq!(statements, 2, "{:?}", outcome.events);
}

#[test]
fn errors_do_not_quote_values_of_masked_columns() {
    let outcome = whole(vec![
        Step::Client(query("INSERT INTO customers (ssn) VALUES ('1')")),
        Step::Server([error("23505", "duplicate key 123-45-6789"), ready(b'I')].concat()),
    ]);
    assert!(
        !outcome.client_text().contains("6789") && outcome.client_text().contains("23505"),
        "{}",
        outcome.client_text()
    );
}

#[test]
fn the_session_ends_when_its_token_does() {
    let outcome = whole(vec![
        Step::Pass(2 * 3_600_000),
        Step::Server(message(b'3', b"")),
        Step::Client(query("SELECT name FROM customers")),
    ]);
    assert!(outcome.client_text().contains("expired") && outcome.closed);
    assert!(!outcome.server_text().contains("SELECT"));
}

#[test]
fn a_message_over_the_cap_is_refused_and_the_next_one_runs() {
    let outcome = whole(vec![
        Step::Client(query(&format!("SELECT '{}'", "x".repeat(70_000)))),
        Step::Server([error("42601", "syntax error"), ready(b'I')].concat()),
        Step::Client(query("SELECT name FROM customers")),
    ]);
    assert!(outcome.client_text().contains("54000"), "{}", outcome.client_text());
    assert!(outcome.server_text().contains("SELECT name") && !outcome.server_text().contains("xxx"));
}

#[test]
fn a_server_that_wants_tls_ends_the_session_with_an_explanation() {
    let ssl = [0, 0, 0, 8, 4, 210, 22, 47].to_vec();
    let steps = [Step::Client(ssl), Step::Server(b"S".to_vec())];
    let outcome = play(&plane(RecordingMode::Buffered, ApprovalMode::Hold), &steps, |all| all);
    assert!(outcome.client_text().contains("Unix socket") && outcome.closed, "{}", outcome.client_text());
}

/// Conversations that together touch every part of the session machine.
fn conversations() -> Vec<(ApprovalMode, Vec<Step>)> {
    let rows = [
        row_description(&[("name", CUSTOMERS, 1), ("ssn", CUSTOMERS, 2), ("x", 0, 0)]),
        data_row(&["Ann", "123-45-6789", "987"]),
        data_row(&["Bob", "123-45-0000", "654"]),
        complete("SELECT 2"),
        ready(b'I'),
    ]
    .concat();
    let extended = [
        message(b'1', b""),
        message(b'2', b""),
        row_description(&[("ssn", CUSTOMERS, 2)]),
        data_row(&["123-45-6789"]),
        complete("SELECT 1"),
        ready(b'I'),
    ]
    .concat();
    let steps = vec![
        Step::Client(query("SELECT name, ssn, upper(ssn) AS x FROM customers")),
        Step::Server(rows),
        Step::Client([parse("", "SELECT ssn FROM customers"), bind(""), execute(), sync()].concat()),
        Step::Server(extended),
        Step::Client(
            [query("DROP TABLE customers"), query(&"y".repeat(70_000)), query("SELECT broken from from")]
                .concat(),
        ),
        Step::Server(
            [
                error("42601", "a"),
                ready(b'I'),
                error("42601", "b"),
                ready(b'I'),
                error("42601", "c"),
                ready(b'I'),
            ]
            .concat(),
        ),
        Step::Client(query("DELETE FROM customers WHERE name = 'Ann'")),
        Step::Host(200, WAITING.into()),
        Step::Server(message(b'3', b"")),
        Step::Host(200, APPROVED.into()),
        Step::Server([complete("DELETE 1"), ready(b'I')].concat()),
        Step::Client(query("COPY customers FROM STDIN")),
        Step::Server(message(b'G', &[0, 0, 0])),
        Step::Client([message(b'd', b"a\tb\n"), message(b'c', b"")].concat()),
        Step::Server([complete("COPY 1"), ready(b'I')].concat()),
        Step::Client(message(b'y', b"what?")),
        Step::Server(message(b'3', b"")),
    ];
    vec![(ApprovalMode::Hold, after_login(steps.clone())), (ApprovalMode::Retry, after_login(steps))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_cut_gives_the_same(cuts in proptest::collection::vec(1_usize..200, 1..400), which in 0_usize..2) {
        let (mode, steps) = conversations().swap_remove(which);
        let plane = plane(RecordingMode::Buffered, mode);
        let mut cuts = cuts.into_iter().cycle();
        let cut = play(&plane, &steps, |_| cuts.next().unwrap_or(1));
        prop_assert_eq!(cut, play(&plane, &steps, |all| all));
    }

    #[test]
    fn no_bytes_panic_or_depend_on_their_cut(
        steps in proptest::collection::vec(step(), 1..12),
        logged_in in any::<bool>(),
        strict in any::<bool>(),
    ) {
        let plane = match strict {
            true => plane(RecordingMode::Strict, ApprovalMode::Retry),
            false => plane(RecordingMode::Buffered, ApprovalMode::Hold),
        };
        let steps = if logged_in { after_login(steps) } else { steps };
        prop_assert_eq!(play(&plane, &steps, |all| all), play(&plane, &steps, |_| 1));
    }
}

/// Anything, and things that look right.
fn step() -> impl Strategy<Value = Step> {
    let bytes = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..60),
        (
            prop::sample::select(b"QPBDECSHXFdcfpRTDCZENAK1235tnIsGvy".to_vec()),
            proptest::collection::vec(any::<u8>(), 0..30)
        )
            .prop_map(|(tag, body)| message(tag, &body)),
        prop::sample::select(vec![
            query("SELECT name, ssn FROM customers"),
            query("DROP TABLE x"),
            parse("", "SELECT upper(ssn) FROM customers"),
            bind(""),
            execute(),
            sync(),
            error("22012", "x"),
            ready(b'I'),
            complete("SELECT 1"),
            row_description(&[("ssn", CUSTOMERS, 2)]),
            data_row(&["123-45-6789"]),
            message(b'1', b""),
            message(b'2', b""),
        ]),
    ];
    (0..6, bytes).prop_map(|(kind, bytes)| match kind {
        0 | 1 => Step::Client(bytes),
        2 | 3 => Step::Server(bytes),
        4 => Step::Durable,
        _ => Step::Pass(100 * bytes.len() as u64),
    })
}
