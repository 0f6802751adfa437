//! Small modules in the text format, and a world in which nothing happens.
#![allow(dead_code, unreachable_pub, reason = "a module of several suites, each of which uses its part")]

pub mod running;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use gatewright_runner::{
    Chain, Engine, GrpcOrder, HttpCall, Level, Limits, Metrics, Module, Plugin, Shared, Status, Surroundings,
    Vm, World,
};

/// A world that notes what filters say and call.
#[derive(Default)]
pub struct Still {
    pub logs: RefCell<Vec<String>>,
    pub calls: RefCell<Vec<HttpCall>>,
    pub grpc: RefCell<Vec<GrpcOrder>>,
}

impl World for Still {
    fn now(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn random(&self, bytes: &mut [u8]) -> bool {
        bytes.fill(7);
        true
    }

    fn log(&self, _: Level, message: &str) {
        self.logs.borrow_mut().push(message.to_owned());
    }

    fn log_level(&self) -> Level {
        Level::Info
    }

    fn call(&self, call: HttpCall) -> Result<(), Status> {
        self.calls.borrow_mut().push(call);
        Ok(())
    }

    fn grpc(&self, order: GrpcOrder) -> Result<(), Status> {
        self.grpc.borrow_mut().push(order);
        Ok(())
    }
}

/// Limits of size that a test reaches, and of time that none does, however busy the machine is: it is the clock on the
/// wall that counts.
pub fn limits() -> Limits {
    Limits {
        memory: 16 << 20,
        callback: Duration::from_secs(10),
        start: Duration::from_secs(60),
        vms: 16,
        ..Limits::default()
    }
}

/// Callbacks end within a time that a test need not wait for.
pub fn brief_limits() -> Limits {
    Limits { callback: Duration::from_millis(100), ..limits() }
}

/// A module: `fields` beside a memory of one page and an allocator that always gives the same place.
pub fn module(engine: &Engine, fields: &str) -> Module {
    let text = format!(
        r#"(module
            {}
            (memory (export "memory") 1)
            (func (export "malloc") (param i32) (result i32) (i32.const 32768))
            {})"#,
        // Imports come first.
        fields.lines().filter(|line| line.contains("(import")).collect::<Vec<_>>().join("\n"),
        fields.lines().filter(|line| !line.contains("(import")).collect::<Vec<_>>().join("\n"),
    );
    engine
        .compile(&wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}")))
        .expect("it compiles")
}

/// What a VM has around it.
pub fn surroundings() -> (Rc<Still>, Surroundings) {
    let world = Rc::new(Still::default());
    let around = Surroundings { world: world.clone(), shared: Shared::new(), metrics: Metrics::new() };
    (world, around)
}

/// A chain of one filter.
pub fn chain(fields: &str) -> Chain {
    chain_within(limits(), fields)
}

/// The same with other limits.
pub fn chain_within(limits: Limits, fields: &str) -> Chain {
    let engine = Engine::new(limits).expect("an engine");
    let vm = Vm::start(&module(&engine, fields), Plugin::default(), surroundings().1).expect("it starts");
    Chain::new(vec![vm])
}
