//! Shadow mode: what passes, what is recorded, and what stays as it is.
#![allow(missing_docs, reason = "a test")]

mod support;

use std::rc::Rc;

use gatewright_core::bundle::{ApprovalMode, Bundle, Enforcement, RecordingMode};
use gatewright_postgres::{Env, Io, Plane, Session};
use serde_json::Value;
use support::*;

fn shadowed(enforcement: Enforcement) -> Bundle {
    Bundle { enforcement, ..bundle(RecordingMode::Buffered, ApprovalMode::Hold) }
}

fn played(bundle: &Bundle, more: Vec<Step>) -> Outcome {
    let mut steps = login();
    steps.extend(more);
    play(&site(bundle), &steps, |all| all)
}

fn shadow(more: Vec<Step>) -> Outcome {
    played(&shadowed(Enforcement::Shadow), more)
}

/// The recorded statements: what became of each, and what would have.
fn decided(outcome: &Outcome) -> Vec<(String, String)> {
    let events = outcome.events.iter().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let word = |event: &Value, name: &str| event[name].as_str().unwrap_or("-").to_owned();
    let statements = events.filter(|event| event["kind"] == "statement");
    statements.map(|event| (word(&event, "decision"), word(&event, "would"))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(is, would)| ((*is).to_owned(), (*would).to_owned())).collect()
}

fn rows(columns: &[(&str, u32, i16)], values: &[&str]) -> Vec<u8> {
    [row_description(columns), data_row(values), complete("SELECT 1"), ready(b'I')].concat()
}

#[test]
fn what_is_denied_runs_and_is_recorded_as_what_it_would_have_been() {
    let outcome = shadow(vec![
        Step::Client(query("DROP TABLE customers")),
        Step::Server([complete("DROP TABLE"), ready(b'I')].concat()),
        Step::Client(query("SELECT name FROM customers")),
        Step::Server(rows(&[("name", CUSTOMERS, 1)], &["Ann"])),
    ]);
    assert!(outcome.server_text().contains("DROP TABLE customers"), "{}", outcome.server_text());
    let text = outcome.client_text();
    assert!(!text.contains("42501") && text.contains("DROP TABLE") && text.contains("Ann"), "{text}");
    assert_eq!(decided(&outcome), pairs(&[("allow", "deny"), ("allow", "allow")]));
    let event = outcome.events.iter().find(|event| event.contains("DROP")).expect("recorded");
    assert!(event.contains("no-ddl") && event.contains("nobody may run DDL"), "{event}");
}

#[test]
fn nothing_is_held_and_nobody_is_asked() {
    let outcome = shadow(vec![
        Step::Client(query("DELETE FROM customers WHERE name = 'Ann'")),
        Step::Server([complete("DELETE 1"), ready(b'I')].concat()),
        Step::Client(
            [parse("", "DELETE FROM customers WHERE name = 'Bob'"), bind(""), execute(), sync()].concat(),
        ),
        Step::Server(
            [message(b'1', b""), message(b'2', b""), message(b'n', b""), complete("DELETE 1"), ready(b'I')]
                .concat(),
        ),
    ]);
    assert!(outcome.calls.is_empty(), "{:?}", outcome.calls);
    assert_eq!(outcome.client_text().matches("DELETE 1").count(), 2, "{}", outcome.client_text());
    assert_eq!(decided(&outcome), pairs(&[("allow", "hold"), ("allow", "hold")]));
}

#[test]
fn every_denied_part_is_explained_and_the_first_one_is_the_reason() {
    let outcome = shadow(vec![Step::Client(query("CREATE TABLE t (a int); DROP TABLE customers"))]);
    let event = outcome.events.iter().find(|event| event.contains("CREATE")).expect("recorded");
    let event: Value = serde_json::from_str(event).expect("JSON");
    let statements = event["explanation"]["statements"].as_array().expect("statements");
    assert_eq!(statements.len(), 2, "{event}");
    assert!(statements[1]["requests"].to_string().contains("\"deny\""), "{event}");
}

#[test]
fn the_extended_protocol_too() {
    let outcome = shadow(vec![
        Step::Client([parse("s", "DROP TABLE customers"), bind("s"), execute(), sync()].concat()),
        Step::Server([message(b'1', b""), message(b'2', b""), complete("DROP TABLE"), ready(b'I')].concat()),
    ]);
    assert!(!outcome.client_text().contains("42501"), "{}", outcome.client_text());
    assert_eq!(decided(&outcome), pairs(&[("allow", "deny")]), "once, when it runs");
}

#[test]
fn masks_count_and_what_could_not_be_analysed_is_masked_entirely() {
    let outcome = shadow(vec![
        Step::Client(query("SELECT name, ssn FROM customers")),
        Step::Server(rows(&[("name", CUSTOMERS, 1), ("ssn", CUSTOMERS, 2)], &["Ann", "123-45-6789"])),
        // Denied (`unparsed` is not permitted), and nobody knows what it gives.
        Step::Client(query("SELECT * FROM not_in_the_catalogue")),
        Step::Server(rows(&[("a", 0, 0), ("b", 30_000, 1)], &["SECRET-ONE", "SECRET-TWO"])),
        // Its error could quote what it met.
        Step::Client(query("SELECT nothing_known FROM not_in_the_catalogue")),
        Step::Server([error("22P02", "invalid input: SECRET-THREE"), ready(b'I')].concat()),
        // Denied and understood: what is no mask passes.
        Step::Client(query("INSERT INTO customers (name) SELECT ssn FROM customers RETURNING 1, ssn")),
        Step::Server(rows(&[("one", 0, 0), ("ssn", CUSTOMERS, 2)], &["1", "123-45-6789"])),
    ]);
    let text = outcome.client_text();
    assert!(text.contains("Ann") && !text.contains("6789") && !text.contains("SECRET"), "{text}");
    assert!(
        outcome.events.iter().all(|e| !e.contains("6789") && !e.contains("SECRET")),
        "{:?}",
        outcome.events
    );
    let would = decided(&outcome).into_iter().map(|(_, would)| would).collect::<Vec<_>>();
    assert_eq!(would, ["allow", "deny", "deny", "deny"]);
    assert!(
        outcome.events.iter().any(|event| event.contains("\"spreads\":[\"customers.ssn\"]")),
        "what escaped is named"
    );
}

#[test]
fn after_what_could_not_be_read_nothing_is_believed() {
    let unread = [
        ("PREPARE p AS UPDATE not_in_the_catalogue SET a = a RETURNING upper(ssn)", "EXECUTE p"),
        ("DECLARE c CURSOR FOR SELECT upper(ssn) FROM not_in_the_catalogue", "FETCH c"),
        ("DO $$ BEGIN EXECUTE 'PREPARE p AS SELECT upper(ssn) FROM customers'; END $$", "EXECUTE p"),
        // `customers` may be another table since.
        ("SET search_path = etl; SELECT * FROM not_in_the_catalogue", "SELECT upper(name) FROM customers"),
        ("SELECT set_config('search' || '_path', 'etl', false)", "SELECT upper(name) FROM customers"),
        ("SELECT nothing_known((('", "SELECT upper(name) FROM customers"),
    ];
    for (first, then) in unread {
        let outcome = shadow(vec![
            Step::Client(query(first)),
            Step::Server([complete("DONE"), ready(b'I')].concat()),
            Step::Client(query(then)),
            Step::Server(rows(&[("upper", 0, 0), ("name", CUSTOMERS, 1)], &["SECRET-ONE", "Ann"])),
            Step::Client(query(then)),
            Step::Server([error("22P02", "invalid input: SECRET-TWO"), ready(b'I')].concat()),
        ]);
        let text = outcome.client_text();
        assert!(text.contains("Ann") && !text.contains("SECRET"), "{first}: {text}");
    }
}

#[test]
fn what_changes_what_follows_means_and_what_cannot_be_read_stays_refused() {
    let refused = |text: &str| {
        let outcome = shadow(vec![Step::Client(query(text))]);
        assert!(
            !outcome.server_text().contains("customers")
                && !outcome.server_text().contains("search_path = x"),
            "{text}"
        );
        assert_eq!(decided(&outcome), pairs(&[("deny", "deny")]), "{text}");
    };
    refused("SET search_path = x");
    refused("UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings'");
    refused("CREATE TEMP TABLE customers (name text, ssn text)");
    // What stands is found behind what passes.
    refused("DROP TABLE customers; SET search_path = x");
    refused("EXECUTE p; COPY customers TO STDOUT; SET search_path = x");
    // Its rows could not be masked.
    refused("COPY customers TO STDOUT; SELECT 1");
    for bytes in [
        message(b'F', &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
        message(b'Q', b"SELECT '\xff'\0"),
        query(&format!("SELECT '{}'", "x".repeat(1 << 16))),
    ] {
        let outcome = shadow(vec![Step::Client(bytes)]);
        assert_eq!(decided(&outcome), pairs(&[("deny", "deny")]));
        assert!(!outcome.server_text().contains("SELECT '"), "{}", outcome.server_text());
    }
}

#[test]
fn in_shadow_mode_of_masks_the_agent_gets_values_and_the_recording_does_not() {
    let outcome = played(
        &shadowed(Enforcement::ShadowMasks),
        vec![
            Step::Client(query("SELECT name, ssn FROM customers")),
            Step::Server(rows(&[("name", CUSTOMERS, 1), ("ssn", CUSTOMERS, 2)], &["Ann", "123-45-6789"])),
            Step::Client(query("SELECT * FROM not_in_the_catalogue")),
            Step::Server(rows(&[("a", 0, 0)], &["SECRET-ONE"])),
            Step::Client(query("SELECT ssn::int FROM customers")),
            Step::Server([error("22P02", "invalid input: SECRET-TWO"), ready(b'I')].concat()),
            Step::Client(query("COPY customers TO STDOUT; SELECT 1")),
            Step::Server(
                [
                    message(b'H', &[0, 0, 2, 0, 0, 0, 0]),
                    message(b'd', b"Ann\tSECRET-THREE\n"),
                    message(b'c', b""),
                    complete("COPY 1"),
                ]
                .concat(),
            ),
            Step::Server(rows(&[("x", 0, 0)], &["1"])),
            // No mask is made of a row that is too long for one.
            Step::Client(query("SELECT ssn FROM customers")),
            Step::Server(
                [
                    row_description(&[("ssn", CUSTOMERS, 2)]),
                    data_row(&[&"SECRET-FOUR".repeat(8_000)]),
                    complete("SELECT 1"),
                    ready(b'I'),
                ]
                .concat(),
            ),
        ],
    );
    let text = outcome.client_text();
    for shown in ["123-45-6789", "SECRET-ONE", "SECRET-TWO", "SECRET-THREE", "SECRET-FOUR"] {
        assert!(text.contains(shown), "{shown} in {text}");
    }
    assert!(!outcome.closed);
    assert!(
        outcome.events.iter().all(|e| !e.contains("6789") && !e.contains("SECRET")),
        "{:?}",
        outcome.events
    );
    let result = outcome.events.iter().find(|event| event.contains("\"result\"")).expect("recorded");
    assert!(
        result.contains("\"masked\":[\"ssn\"],\"unmasked\":true") && result.contains("[masked]"),
        "{result}"
    );
}

#[test]
fn a_token_and_connecting_are_no_matter_of_shadow_mode() {
    let mut steps = login();
    steps[2] = Step::Client(message(b'p', b"eyJhbGciOiJub25lIn0.e30.\0"));
    let forged = play(&site(&shadowed(Enforcement::Shadow)), &steps, |all| all);
    assert!(forged.client_text().contains("28000") && forged.closed, "{}", forged.client_text());
    let mut bundle = shadowed(Enforcement::ShadowMasks);
    let policies = bundle.policies["staticPolicies"].as_object_mut().expect("policies by id");
    policies.remove("connect").expect("a policy");
    let stranger = played(&bundle, vec![Step::Client(query("SELECT 1"))]);
    assert!(
        stranger.client_text().contains("may not connect") && stranger.closed,
        "{}",
        stranger.client_text()
    );
    assert!(!stranger.server_text().contains("SELECT 1"));
}

#[test]
fn settings_that_come_with_the_connection_pass_and_are_recorded() {
    for enforcement in [Enforcement::Enforce, Enforcement::Shadow] {
        let mut bundle = shadowed(enforcement);
        let policies = bundle.policies["staticPolicies"].as_object_mut().expect("policies by id");
        policies.remove("set").expect("a policy");
        let mut steps = login();
        steps[0] =
            Step::Client(startup(&[("user", "support"), ("database", "shop"), ("lock_timeout", "5s")]));
        let outcome = play(&site(&bundle), &steps, |all| all);
        let passes = enforcement == Enforcement::Shadow;
        assert_eq!(outcome.client_text().contains("lock_timeout"), !passes, "{}", outcome.client_text());
        assert_eq!(decided(&outcome), pairs(if passes { &[("allow", "deny")] } else { &[] }));
        // Those that change what text means stay refused.
        steps[0] = Step::Client(startup(&[("user", "support"), ("database", "shop"), ("search_path", "x")]));
        let outcome = play(&site(&bundle), &steps, |all| all);
        assert!(!outcome.server_text().contains("search_path\0x"), "{}", outcome.server_text());
    }
}

#[test]
fn strict_recording_stays_strict() {
    let bundle =
        Bundle { enforcement: Enforcement::Shadow, ..bundle(RecordingMode::Strict, ApprovalMode::Hold) };
    let drop = || Step::Client(query("DROP TABLE customers"));
    let before = played(&bundle, vec![Step::Durable, drop()]);
    assert!(!before.server_text().contains("DROP"), "{}", before.server_text());
    let after = played(&bundle, vec![Step::Durable, drop(), Step::Durable]);
    assert!(after.server_text().contains("DROP TABLE customers"), "{}", after.server_text());
    let never = played(&bundle, vec![Step::Durable, drop(), Step::Pass(1), Step::Pass(6_000)]);
    assert!(!never.server_text().contains("DROP"), "{}", never.server_text());
}

/// A session whose bundle changes on the way.
struct Turned {
    session: Session,
    server: Vec<u8>,
    client: Vec<u8>,
}

impl Turned {
    fn act(&mut self, plane: &Rc<Plane>, act: impl FnOnce(&mut Session, Env<'_>, &mut Io)) {
        let mut io = Io::default();
        act(&mut self.session, Env { plane: Some(plane), now: NOW }, &mut io);
        self.server.extend(io.to_server);
        self.client.extend(io.to_client);
    }

    fn step(&mut self, plane: &Rc<Plane>, step: Step) {
        match step {
            Step::Client(bytes) => self.act(plane, |session, env, io| session.client(&bytes, env, io)),
            Step::Server(bytes) => self.act(plane, |session, env, io| session.server(&bytes, env, io)),
            _ => {}
        }
    }
}

#[test]
fn what_was_prepared_in_shadow_mode_is_no_way_round_enforcement() {
    let plane = |enforcement, digest: &str| {
        let bundle = Bundle { digest: digest.into(), ..shadowed(enforcement) };
        Rc::new(Plane::new(&bundle).expect("the bundle compiles"))
    };
    let (before, after) = (plane(Enforcement::Shadow, "1"), plane(Enforcement::Enforce, "2"));
    let ways: [(Vec<u8>, Vec<u8>, &str); 5] = [
        (
            query("SET search_path = x; SELECT * FROM not_in_the_catalogue"),
            query("SELECT name FROM customers"),
            "SELECT name",
        ),
        (query("PREPARE p AS DELETE FROM customers"), query("EXECUTE p"), "EXECUTE"),
        (
            query("DECLARE c CURSOR WITH HOLD FOR SELECT * FROM not_in_the_catalogue"),
            query("FETCH c"),
            "FETCH",
        ),
        (
            query("DO $$ BEGIN EXECUTE 'PREPARE p AS DROP TABLE customers'; END $$"),
            query("EXECUTE p"),
            "EXECUTE p",
        ),
        (
            [parse("s", "DROP TABLE customers"), sync()].concat(),
            [bind("s"), execute(), sync()].concat(),
            "never",
        ),
    ];
    for (prepare, run, word) in ways {
        let mut turned =
            Turned { session: Session::new("s", "10.0.0.1:5000"), server: Vec::new(), client: Vec::new() };
        login().into_iter().for_each(|step| turned.step(&before, step));
        turned.step(&before, Step::Client(prepare.clone()));
        assert!(turned.server.windows(9).any(|w| w == b"customers" || w == b"catalogue"), "it passed before");
        let answer = if prepare[0] == b'P' { message(b'1', b"") } else { complete("DONE") };
        turned.step(&before, Step::Server([answer, ready(b'I')].concat()));
        turned.server.clear();
        turned.step(&after, Step::Client(run));
        let sent = String::from_utf8_lossy(&turned.server).into_owned();
        assert!(!sent.contains(word), "{word}: {sent:?}");
        if word == "never" {
            assert!(!turned.server.contains(&b'E'), "its Execute does not reach the server: {sent:?}");
        }
    }
}
