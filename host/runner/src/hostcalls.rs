//! The hostcalls, one file for each group. Each answers a status and traps only when the guest itself does.

mod attributes;
mod buffers;
mod clock;
mod contexts;
mod foreign;
mod grpc;
mod headers;
mod http_calls;
mod legacy;
mod logging;
mod metrics;
mod properties;
mod shared_data;
mod shared_queues;
mod streams;
mod wasi;
mod wasi_stubs;

use wasmtime::{Linker, Module, Val, ValType};

use crate::abi::Status;
use crate::abi::memory::{Guest, Outcome, Stop};
use crate::fault::Fault;
use crate::state::State;

/// Defines hostcalls: `"name" => function(argument types)`, where the function takes the guest and the arguments.
macro_rules! hostcalls {
    ($linker:expr, $($name:literal => $call:ident ( $($arg:ident : $ty:ty),* )),* $(,)?) => {
        $($linker.func_wrap("env", $name, |mut guest: $crate::abi::memory::Guest<'_>, $($arg: $ty),*| {
            let outcome = $call(&mut guest, $($arg),*);
            $crate::hostcalls::finish(&mut guest, $name, outcome)
        })?;)*
    };
}
pub(crate) use hostcalls;

/// A linker with everything that the module imports.
pub(crate) fn linker(engine: &wasmtime::Engine, module: &Module) -> Result<Linker<State>, Fault> {
    let mut linker = Linker::new(engine);
    define(&mut linker, module).map_err(|error| Fault::Module(format!("{error:#}")))?;
    Ok(linker)
}

fn define(linker: &mut Linker<State>, module: &Module) -> wasmtime::Result<()> {
    logging::define(linker)?;
    clock::define(linker)?;
    contexts::define(linker)?;
    buffers::define(linker)?;
    headers::define(linker)?;
    streams::define(linker)?;
    properties::define(linker)?;
    http_calls::define(linker)?;
    grpc::define(linker)?;
    shared_data::define(linker)?;
    shared_queues::define(linker)?;
    metrics::define(linker)?;
    foreign::define(linker)?;
    legacy::define(linker)?;
    wasi::define(linker)?;
    unknown(linker, module)
}

/// What a hostcall answers, for the guest. What is not supported is counted.
pub(crate) fn finish(guest: &mut Guest<'_>, name: &str, outcome: Outcome) -> wasmtime::Result<i32> {
    match outcome {
        Ok(()) => Ok(Status::Ok as i32),
        Err(Stop::Status(status)) => {
            if status == Status::Unimplemented {
                unsupported(guest, name);
            }
            Ok(status as i32)
        }
        Err(Stop::Trap(trap)) => Err(trap),
    }
}

fn unsupported(guest: &Guest<'_>, name: &str) {
    guest.data().metrics.count(&format!("gatewright_hostcalls_unsupported_total{{call=\"{name}\"}}"));
}

/// Imports from `env` that nobody knows answer `Unimplemented`, so that a filter which never calls them runs.
fn unknown(linker: &mut Linker<State>, module: &Module) -> wasmtime::Result<()> {
    for import in module.imports().filter(|import| import.module() == "env") {
        let Some(ty) = import.ty().func().cloned() else { continue };
        if !ty.results().all(|result| matches!(result, ValType::I32)) {
            continue;
        }
        let name = import.name().replace(['"', '\\', '\n'], "_");
        // An error means that the call is defined above.
        let _ = linker.func_new("env", import.name(), ty, move |guest, _, results| {
            unsupported(&guest, &name);
            results.fill(Val::I32(Status::Unimplemented as i32));
            Ok(())
        });
    }
    Ok(())
}
