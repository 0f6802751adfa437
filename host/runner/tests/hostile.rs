//! Filters that do what no filter should: they fail by themselves, and never take the process along.
#![allow(missing_docs, reason = "a test")]

mod support;

use std::time::{Duration, Instant};

use gatewright_runner::{Chain, Engine, Fault, Functions, Info, Limits, Peer, Plugin, Vm};
use support::{brief_limits, chain, chain_within, limits, module, surroundings};

const CONTINUE: &str = "(i32.const 0)";

/// A filter whose callback for the client's bytes does that, before it continues.
fn on_downstream(body: &str) -> String {
    format!(
        r#"(func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32) {body} {CONTINUE})"#
    )
}

/// Sends a byte through, and gives what became of the filter.
fn send(chain: &mut Chain) -> Result<(), Fault> {
    let id = chain.open(Info::default())?;
    chain.connection(id).expect("it is there").downstream_mut().extend_from_slice(b"x");
    chain.downstream(id, false)
}

fn kind(result: Result<(), Fault>) -> &'static str {
    match result {
        Err(Fault::Trap { kind, .. }) => kind,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_loop_is_stopped() {
    let mut chain = chain_within(brief_limits(), &on_downstream("(loop $again (br $again))"));
    let start = Instant::now();
    assert_eq!(kind(send(&mut chain)), "interrupt");
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    assert!(matches!(send(&mut chain), Err(Fault::Failed)), "a VM that failed runs no more");
    chain.close_all();
    assert!(chain.is_empty());
}

#[test]
fn a_loop_in_a_function_that_the_host_needs_is_stopped() {
    let engine = Engine::new(brief_limits()).unwrap();
    let text = r#"(module
        (import "env" "proxy_get_buffer_bytes" (func $get (param i32 i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "malloc") (param i32) (result i32) (loop $again (br $again)) (i32.const 0))
        (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
            (call $get (i32.const 2) (i32.const 0) (i32.const 9) (i32.const 0) (i32.const 4))))"#;
    let module = engine.compile(&wat::parse_str(text).unwrap()).unwrap();
    let vm = Vm::start(&module, Plugin::default(), surroundings().1).unwrap();
    assert_eq!(kind(send(&mut Chain::new(vec![vm]))), "interrupt");
}

#[test]
fn a_loop_at_the_start_is_stopped() {
    let limits = Limits { start: Duration::from_millis(200), ..brief_limits() };
    let engine = Engine::new(limits).unwrap();
    for field in [
        r#"(func (export "_initialize") (loop $again (br $again)))"#,
        r#"(func $go (loop $again (br $again))) (start $go)"#,
        r#"(func (export "proxy_on_configure") (param i32 i32) (result i32) (loop $again (br $again)) (i32.const 1))"#,
    ] {
        assert!(Vm::start(&module(&engine, field), Plugin::default(), surroundings().1).is_err(), "{field}");
    }
}

#[test]
fn memory_has_an_end() {
    // 16 MiB are 256 pages; one is there already.
    let grow = "(if (i32.ne (memory.grow (i32.const 255)) (i32.const 1)) (then unreachable))
        (if (i32.ne (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))";
    send(&mut chain(&on_downstream(grow))).expect("it grows to the limit and not beyond");
}

#[test]
fn the_stack_has_an_end() {
    let mut chain =
        chain(&format!("(func $deep (call $deep) (call $deep))\n{}", on_downstream("(call $deep)")));
    assert_eq!(kind(send(&mut chain)), "stack");
}

#[test]
fn a_trap_in_any_callback_is_a_fault() {
    let callbacks = [
        ("proxy_on_new_connection", "(param i32) (result i32)"),
        ("proxy_on_downstream_data", "(param i32 i32 i32) (result i32)"),
        ("proxy_on_upstream_data", "(param i32 i32 i32) (result i32)"),
        ("proxy_on_upstream_connection_close", "(param i32 i32)"),
        ("proxy_on_downstream_connection_close", "(param i32 i32)"),
        ("proxy_on_done", "(param i32) (result i32)"),
        ("proxy_on_log", "(param i32)"),
        ("proxy_on_delete", "(param i32)"),
        ("proxy_on_tick", "(param i32)"),
    ];
    for (name, ty) in callbacks {
        let mut chain = chain(&format!(r#"(func (export "{name}") {ty} unreachable)"#));
        let all = |chain: &mut Chain| -> Result<(), Fault> {
            let id = chain.open(Info::default())?;
            chain.connection(id).expect("it is there").downstream_mut().extend_from_slice(b"x");
            chain.downstream(id, true)?;
            chain.connection(id).expect("it is there").upstream_mut().extend_from_slice(b"y");
            chain.upstream(id, true)?;
            chain.close(id, Peer::Remote)?;
            chain.tick(0)
        };
        match all(&mut chain) {
            Err(Fault::Trap { callback, kind: "trap", .. }) => assert_eq!(callback, name),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn callbacks_of_another_type_and_imports_of_another_type_do_not_start() {
    let engine = Engine::new(limits()).unwrap();
    for field in [
        r#"(func (export "proxy_on_tick") (result i64) (i64.const 0))"#,
        r#"(import "env" "proxy_log" (func (param i64) (result i32)))"#,
        r#"(import "wasi_snapshot_preview1" "no_such_call" (func (result i32)))"#,
    ] {
        let started = Vm::start(&module(&engine, field), Plugin::default(), surroundings().1);
        assert!(matches!(started, Err(Fault::Module(_))), "{field}");
    }
}

#[test]
fn a_hostcall_that_nobody_knows_answers_and_is_counted() {
    let engine = Engine::new(limits()).unwrap();
    let fields = r#"(import "env" "proxy_of_tomorrow" (func $call (param i32) (result i32)))
        (func (export "go") (param i32) (result i32) (call $call (i32.const 0)))"#;
    let (_, around) = surroundings();
    let metrics = around.metrics.clone();
    let mut functions = Functions::start(&module(&engine, fields), around).unwrap();
    assert_eq!(functions.call("go", 0).unwrap(), 12);
    assert_eq!(metrics.value("gatewright_hostcalls_unsupported_total{call=\"proxy_of_tomorrow\"}"), Some(1));
}

const INVALID: u32 = 6;
const FAULT: u32 = 21;

/// Module and name of a hostcall, arguments that are all right, the places among them that are addresses, and the answer
/// where such an address is none.
type Call = (&'static str, &'static str, &'static [i64], &'static [usize], u32);

const CALLS: &[Call] = &[
    ("env", "proxy_log", &[2, 0, 4], &[1], INVALID),
    ("env", "proxy_get_log_level", &[0], &[0], INVALID),
    ("env", "proxy_get_current_time_nanoseconds", &[0], &[0], INVALID),
    ("env", "proxy_get_buffer_bytes", &[7, 0, 9, 0, 4], &[3, 4], INVALID),
    ("env", "proxy_get_buffer_status", &[7, 0, 4], &[1, 2], INVALID),
    ("env", "proxy_set_buffer_bytes", &[2, 0, 0, 0, 4], &[3], INVALID),
    ("env", "proxy_set_header_map_pairs", &[0, 0, 4], &[1], INVALID),
    ("env", "proxy_add_header_map_value", &[0, 0, 4, 0, 4], &[1, 3], INVALID),
    ("env", "proxy_replace_header_map_value", &[0, 0, 4, 0, 4], &[1, 3], INVALID),
    ("env", "proxy_remove_header_map_value", &[0, 0, 4], &[1], INVALID),
    ("env", "proxy_get_header_map_value", &[6, 0, 4, 0, 4], &[1], INVALID),
    ("env", "proxy_get_property", &[0, 4, 0, 4], &[0], INVALID),
    ("env", "proxy_set_property", &[0, 4, 0, 4], &[0, 2], INVALID),
    ("env", "proxy_get_shared_data", &[0, 4, 0, 4, 8], &[0], INVALID),
    ("env", "proxy_set_shared_data", &[0, 4, 0, 4, 0], &[0, 2], INVALID),
    ("env", "proxy_register_shared_queue", &[0, 4, 8], &[0, 2], INVALID),
    ("env", "proxy_resolve_shared_queue", &[0, 0, 0, 4, 8], &[2], INVALID),
    ("env", "proxy_enqueue_shared_queue", &[1, 0, 4], &[1], INVALID),
    ("env", "proxy_define_metric", &[0, 0, 4, 8], &[1, 3], INVALID),
    ("env", "proxy_get_status", &[0, 4, 8], &[0, 1, 2], INVALID),
    ("env", "proxy_send_local_response", &[200, 0, 4, 0, 4, 0, 4, 0], &[1, 3, 5], INVALID),
    ("env", "proxy_http_call", &[0, 4, 0, 0, 0, 4, 0, 0, 9, 8], &[0, 4, 9], INVALID),
    ("env", "proxy_grpc_call", &[0, 4, 0, 4, 0, 4, 0, 4, 0, 4, 9, 8], &[0, 2, 4, 6, 8, 11], INVALID),
    ("env", "proxy_grpc_stream", &[0, 4, 0, 4, 0, 4, 0, 4, 8], &[0, 2, 4, 6, 8], INVALID),
    ("env", "proxy_grpc_send", &[2, 0, 4, 0], &[1], INVALID),
    ("env", "proxy_grpc_cancel", &[2], &[], INVALID),
    ("env", "proxy_grpc_close", &[2], &[], INVALID),
    ("env", "proxy_call_foreign_function", &[0, 4, 0, 4, 0, 4], &[0, 2], INVALID),
    ("env", "proxy_get_configuration", &[0, 4], &[0, 1], INVALID),
    ("wasi_snapshot_preview1", "fd_write", &[1, 0, 1, 16], &[1, 3], FAULT),
    ("wasi_snapshot_preview1", "fd_fdstat_get", &[1, 0], &[1], FAULT),
    ("wasi_snapshot_preview1", "clock_res_get", &[0, 0], &[1], FAULT),
    ("wasi_snapshot_preview1", "random_get", &[0, 8], &[0], FAULT),
    ("wasi_snapshot_preview1", "environ_sizes_get", &[0, 4], &[0, 1], FAULT),
    ("wasi_snapshot_preview1", "args_sizes_get", &[0, 4], &[0, 1], FAULT),
];

/// A module with functions named by numbers, each of which makes one call.
fn calls(engine: &Engine, space: &str, name: &str, variants: &[Vec<i64>]) -> Functions {
    let count = variants.first().map_or(0, Vec::len);
    let params = "i32 ".repeat(count);
    let mut fields = format!("(import \"{space}\" \"{name}\" (func $call (param {params}) (result i32)))\n");
    for (number, variant) in variants.iter().enumerate() {
        let arguments: String = variant.iter().map(|value| format!("(i32.const {value})")).collect();
        fields +=
            &format!("(func (export \"{number}\") (param i32) (result i32) (call $call {arguments}))\n");
    }
    Functions::start(&module(engine, &fields), surroundings().1).expect("it starts")
}

#[test]
fn bad_addresses_are_told_and_do_no_harm() {
    let engine = Engine::new(limits()).unwrap();
    for (space, name, good, addresses, expected) in CALLS {
        let mut variants = vec![good.to_vec()];
        for address in *addresses {
            // Outside; and inside, but with an end outside.
            for bad in [-1, -8, 65_536, 65_535] {
                let mut variant = good.to_vec();
                variant[*address] = bad;
                variants.push(variant);
            }
        }
        let mut functions = calls(&engine, space, name, &variants);
        assert_ne!(functions.call("0", 0).unwrap(), *expected, "{name} with arguments that are all right");
        for (number, variant) in variants.iter().enumerate().skip(1) {
            let answer = functions.call(&number.to_string(), 0).unwrap();
            assert_eq!(answer, *expected, "{name}{variant:?}");
        }
    }
}

#[test]
fn any_arguments_give_a_status() {
    let engine = Engine::new(limits()).unwrap();
    // Numbers that a filter's author would not think of, dealt out evenly and always in the same way.
    let values =
        [0_i64, 1, 2, 3, 7, 8, 1000, 32_768, 65_532, 65_535, 65_536, 0x7fff_ffff, -0x8000_0000, -4, -1];
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        values[usize::try_from(state >> 33).unwrap() % values.len()]
    };
    for (space, name, good, ..) in CALLS {
        let variants: Vec<Vec<i64>> = (0..200).map(|_| good.iter().map(|_| next()).collect()).collect();
        let mut functions = calls(&engine, space, name, &variants);
        for (number, variant) in variants.iter().enumerate() {
            let answer = functions.call(&number.to_string(), 0);
            assert!(answer.as_ref().is_ok_and(|status| *status <= 58), "{name}{variant:?}: {answer:?}");
        }
    }
}

#[test]
fn contexts_that_are_not_there_cannot_be_acted_on() {
    let engine = Engine::new(limits()).unwrap();
    for (name, variants, expected) in [
        ("proxy_grpc_cancel", vec![vec![0], vec![3], vec![-1]], 2),
        ("proxy_grpc_cancel", vec![vec![1], vec![2], vec![0x7fff_fffd]], 1),
        ("proxy_grpc_close", vec![vec![1], vec![2]], 1),
        ("proxy_grpc_close", vec![vec![4]], 2),
        ("proxy_set_effective_context", vec![vec![0], vec![2], vec![-1]], 2),
        ("proxy_continue_stream", vec![vec![4], vec![-1]], 2),
        ("proxy_close_stream", vec![vec![4], vec![-1]], 2),
        ("proxy_continue_stream", vec![vec![3]], 12),
        ("proxy_done", vec![vec![]], 1),
    ] {
        let mut functions = calls(&engine, "env", name, &variants);
        for (number, variant) in variants.iter().enumerate() {
            assert_eq!(functions.call(&number.to_string(), 0).unwrap(), expected, "{name}{variant:?}");
        }
    }
}
