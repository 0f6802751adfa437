//! Filters that use gRPC as no filter should.
#![allow(missing_docs, reason = "a test")]

mod support;

use gatewright_runner::{Chain, Engine, Fault, Functions, GrpcEvent, GrpcOrder, Pairs, Plugin, Vm};
use support::{limits, module, surroundings};

/// Opens a stream when it starts; `more` comes behind.
fn streaming(more: &str) -> (Chain, u32) {
    let fields = format!(
        r#"(import "env" "proxy_grpc_stream" (func $stream (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_get_buffer_bytes" (func $get (param i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_get_header_map_size" (func $size (param i32 i32) (result i32)))
        (import "env" "proxy_grpc_cancel" (func $cancel (param i32) (result i32)))
        (data (i32.const 100) "cluster")
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
            (i32.eqz (call $stream (i32.const 100) (i32.const 7) (i32.const 100) (i32.const 7) (i32.const 100)
                (i32.const 7) (i32.const 0) (i32.const 0) (i32.const 200))))
        {more}"#
    );
    let (world, around) = surroundings();
    let engine = Engine::new(limits()).unwrap();
    let vm = Vm::start(&module(&engine, &fields), Plugin::default(), around).unwrap();
    let token = match world.grpc.borrow().as_slice() {
        [GrpcOrder::Open(call)] => call.token,
        other => panic!("{other:?}"),
    };
    (Chain::new(vec![vm]), token)
}

fn events() -> [GrpcEvent; 4] {
    let pairs = || Pairs(vec![(b"a".to_vec(), b"1".to_vec())]);
    [
        GrpcEvent::InitialMetadata(pairs()),
        GrpcEvent::Message(b"hi".to_vec()),
        GrpcEvent::TrailingMetadata(pairs()),
        GrpcEvent::Close { status: 0, message: Vec::new() },
    ]
}

const CALLBACKS: [&str; 4] = [
    "proxy_on_grpc_receive_initial_metadata",
    "proxy_on_grpc_receive",
    "proxy_on_grpc_receive_trailing_metadata",
    "proxy_on_grpc_close",
];

#[test]
fn a_trap_in_any_callback_is_a_fault() {
    for (event, name) in events().into_iter().zip(CALLBACKS) {
        let (mut chain, token) =
            streaming(&format!(r#"(func (export "{name}") (param i32 i32 i32) unreachable)"#));
        match chain.grpc(0, token, event) {
            Err(Fault::Trap { callback, kind: "trap", .. }) => assert_eq!(callback, name),
            other => panic!("{name}: {other:?}"),
        }
        assert!(
            matches!(chain.grpc(0, token, GrpcEvent::Message(Vec::new())), Err(Fault::Failed))
                || name == CALLBACKS[3]
        );
    }
}

#[test]
fn what_nobody_asked_for_is_not_heard() {
    for (event, name) in events().into_iter().zip(CALLBACKS) {
        let (mut chain, token) =
            streaming(&format!(r#"(func (export "{name}") (param i32 i32 i32) unreachable)"#));
        for other in [0, 1, 2, token + 4, token - 1, u32::MAX] {
            if other != token {
                chain.grpc(0, other, event.clone()).unwrap();
            }
        }
        // Nor what comes after the end, or after the filter gave it up.
        if name != CALLBACKS[3] {
            chain.grpc(0, token, GrpcEvent::Close { status: 0, message: Vec::new() }).unwrap();
            chain.grpc(0, token, event).unwrap();
        }
    }
    let (mut chain, token) = streaming(
        r#"(func (export "proxy_on_grpc_receive") (param i32 i32 i32)
            (if (call $cancel (local.get 1)) (then unreachable))
            (if (i32.ne (call $cancel (local.get 1)) (i32.const 1)) (then unreachable)))
        (func (export "proxy_on_grpc_close") (param i32 i32 i32) unreachable)"#,
    );
    for event in events() {
        chain.grpc(0, token, event).unwrap();
    }
}

#[test]
fn what_is_shown_is_shown_in_its_callback_alone() {
    // The message is there (5), the maps (4, 5) are not; and so on. A buffer that is not there is 1, a map 2.
    let shows = |message: u32, initial: u32, trailing: u32| {
        format!(
            "(param i32 i32 i32)
            (if (i32.ne (call $get (i32.const 5) (i32.const 0) (i32.const 9) (i32.const 300) (i32.const 304))
                (i32.const {message})) (then unreachable))
            (if (i32.ne (call $size (i32.const 4) (i32.const 300)) (i32.const {initial})) (then unreachable))
            (if (i32.ne (call $size (i32.const 5) (i32.const 300)) (i32.const {trailing})) (then unreachable))"
        )
    };
    let shown = [shows(1, 0, 2), shows(0, 2, 2), shows(1, 2, 0), shows(1, 2, 2)];
    let more: String = CALLBACKS
        .iter()
        .zip(&shown)
        .map(|(name, body)| format!("(func (export \"{name}\") {body})\n"))
        .collect();
    let tick = format!(
        r#"(func (export "proxy_on_tick") {})"#,
        shows(1, 2, 2).replace("(param i32 i32 i32)", "(param i32)")
    );
    let (mut chain, token) = streaming(&(more + &tick));
    for event in events() {
        chain.grpc(0, token, event).unwrap();
        chain.tick(0).unwrap();
    }
}

#[test]
fn any_arguments_over_any_memory_give_a_status() {
    let engine = Engine::new(limits()).unwrap();
    // Always the same, and everything from names that stand in a path to what is none.
    let mut state = 1_u64;
    let mut next = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let names = r"cluster\00\00\00\00\0a\06\0a\04grpc\01\00\00\00\01\00\00\00\01\00\00\00a\00b\00";
    let noise: String = (0..512).map(|_| format!("\\{:02x}", next(256))).collect();
    for (name, arguments) in [
        ("proxy_grpc_call", 12_u32),
        ("proxy_grpc_stream", 9),
        ("proxy_grpc_send", 4),
        ("proxy_grpc_cancel", 1),
        ("proxy_grpc_close", 1),
    ] {
        let params = "i32 ".repeat(arguments as usize);
        let mut fields = format!(
            "(import \"env\" \"{name}\" (func $call (param {params}) (result i32)))
            (data (i32.const 0) \"{names}\")
            (data (i32.const 64) \"{noise}\")\n"
        );
        for number in 0..400 {
            // Mostly within what the memory holds, at times beside it.
            let arguments: String = (0..arguments)
                .map(|_| match next(12) {
                    0 => "(i32.const -1)".to_owned(),
                    1 => "(i32.const 65535)".to_owned(),
                    2..=7 => format!("(i32.const {})", next(32)),
                    _ => format!("(i32.const {})", next(600)),
                })
                .collect();
            fields +=
                &format!("(func (export \"{number}\") (param i32) (result i32) (call $call {arguments}))\n");
        }
        let mut functions = Functions::start(&module(&engine, &fields), surroundings().1).unwrap();
        let mut answers = std::collections::BTreeMap::<u32, usize>::new();
        for number in 0..400 {
            let answer = functions.call(&number.to_string(), 0).unwrap();
            *answers.entry(answer).or_default() += 1;
        }
        assert!(answers.keys().all(|answer| *answer <= 12), "{name}: {answers:?}");
        if arguments > 4 {
            assert!(answers.contains_key(&6) && answers.contains_key(&2), "{name}: {answers:?}");
        }
    }
}
