//! WASI preview 1, as far as Envoy gives it to filters.

use wasmtime::{Caller, Extern, Linker, Module, Val};

use crate::host::Host;

const BADF: i32 = 8;

/// Defines the calls that do something; any other one answers "not a file".
pub(crate) fn define(linker: &mut Linker<Host>, module: &Module) -> Result<(), wasmtime::Error> {
    for import in module.imports().filter(|import| import.module().starts_with("wasi_")) {
        let (space, name) = (import.module(), import.name());
        match name {
            "clock_time_get" => {
                linker.func_wrap(space, name, |mut guest: Caller<'_, Host>, _: i32, _: i64, at: i32| {
                    let nanoseconds = guest.data().now.saturating_mul(1_000_000);
                    write(&mut guest, at, &nanoseconds.to_le_bytes())
                })?
            }
            "random_get" => {
                linker.func_wrap(space, name, |mut guest: Caller<'_, Host>, at: i32, size: i32| {
                    let bytes = vec![guest.data().random; size.unsigned_abs() as usize];
                    write(&mut guest, at, &bytes)
                })?
            }
            "environ_sizes_get" | "args_sizes_get" => {
                linker.func_wrap(space, name, |mut guest: Caller<'_, Host>, count: i32, size: i32| {
                    write(&mut guest, count, &[0; 4])?;
                    write(&mut guest, size, &[0; 4])
                })?
            }
            "environ_get" | "args_get" => linker.func_wrap(space, name, |_: i32, _: i32| 0)?,
            "sched_yield" => linker.func_wrap(space, name, || 0)?,
            "proc_exit" => linker.func_wrap(space, name, |code: i32| -> Result<(), wasmtime::Error> {
                Err(wasmtime::Error::msg(format!("the filter exited with {code}")))
            })?,
            _ => {
                let Some(ty) = import.ty().func().cloned() else { continue };
                linker.func_new(space, name, ty, |_, _, results| {
                    results.fill(Val::I32(BADF));
                    Ok(())
                })?
            }
        };
    }
    Ok(())
}

fn write(guest: &mut Caller<'_, Host>, at: i32, bytes: &[u8]) -> Result<i32, wasmtime::Error> {
    let memory = guest.get_export("memory").and_then(Extern::into_memory);
    let memory = memory.ok_or_else(|| wasmtime::Error::msg("no memory"))?;
    memory.write(guest, at.unsigned_abs() as usize, bytes)?;
    Ok(0)
}
