//! Which context acts, and when one is done.

use wasmtime::Linker;

use super::hostcalls;
use crate::abi::Status;
use crate::abi::memory::{Guest, Outcome};
use crate::state::{Effect, ROOT, State};

pub(super) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    hostcalls!(linker,
        "proxy_set_effective_context" => set_effective(context: u32),
        "proxy_done" => done(),
    );
    Ok(())
}

fn set_effective(guest: &mut Guest<'_>, context: u32) -> Outcome {
    let state = guest.data_mut();
    if context != ROOT && !state.streams.contains_key(&context) {
        return Err(Status::BadArgument.into());
    }
    state.effective = context;
    Ok(())
}

fn done(guest: &mut Guest<'_>) -> Outcome {
    let state = guest.data_mut();
    let context = state.effective;
    let pending = state.streams.get_mut(&context).map(|stream| std::mem::take(&mut stream.awaits_done));
    if pending != Some(true) {
        return Err(Status::NotFound.into());
    }
    state.effects.push(Effect::Done(context));
    Ok(())
}
