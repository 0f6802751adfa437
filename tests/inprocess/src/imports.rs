//! The host calls (`env.proxy_*`).

use wasmtime::{Caller, Extern, Func, Linker, Memory, Module, Val, ValType};

use crate::abi::{buffer, map, status};
use crate::host::{Host, HttpCall};

type Guest<'a> = Caller<'a, Host>;
type Result<T> = std::result::Result<T, wasmtime::Error>;

/// Defines every call that filters use; any other one gives `Unimplemented`.
pub(crate) fn define(linker: &mut Linker<Host>, module: &Module) -> Result<()> {
    linker.func_wrap("env", "proxy_log", log)?;
    linker.func_wrap("env", "proxy_get_current_time_nanoseconds", time)?;
    linker.func_wrap("env", "proxy_set_tick_period_milliseconds", |_: i32| status::OK)?;
    linker.func_wrap("env", "proxy_get_buffer_bytes", get_buffer)?;
    linker.func_wrap("env", "proxy_set_buffer_bytes", set_buffer)?;
    linker.func_wrap("env", "proxy_get_header_map_value", header)?;
    linker.func_wrap("env", "proxy_get_property", property)?;
    linker.func_wrap("env", "proxy_get_shared_data", get_shared)?;
    linker.func_wrap("env", "proxy_set_shared_data", set_shared)?;
    linker.func_wrap("env", "proxy_http_call", http_call)?;
    linker.func_wrap("env", "proxy_set_effective_context", effective_context)?;
    linker.func_wrap("env", "proxy_continue_stream", continue_stream)?;
    linker.func_wrap("env", "proxy_close_stream", close_stream)?;
    unimplemented(linker, module)
}

fn unimplemented(linker: &mut Linker<Host>, module: &Module) -> Result<()> {
    linker.allow_shadowing(false);
    for import in module.imports().filter(|import| import.module() == "env") {
        let Some(ty) = import.ty().func().cloned() else { continue };
        let answer = |_: Guest<'_>, _: &[Val], results: &mut [Val]| {
            if let Some(result) = results.first_mut() {
                *result = Val::I32(status::UNIMPLEMENTED);
            }
            Ok(())
        };
        let numbers = ty.results().all(|result| matches!(result, ValType::I32));
        // An error here means that the call is defined above.
        if numbers {
            let _ = linker.func_new("env", import.name(), ty, answer);
        }
    }
    Ok(())
}

fn memory(guest: &mut Guest<'_>) -> Result<Memory> {
    guest.get_export("memory").and_then(Extern::into_memory).ok_or_else(|| wasmtime::Error::msg("no memory"))
}

fn read(guest: &mut Guest<'_>, at: u32, size: u32) -> Result<Vec<u8>> {
    let memory = memory(guest)?;
    let start = at as usize;
    let bytes = memory.data(&guest).get(start..start.saturating_add(size as usize));
    bytes.map(<[u8]>::to_vec).ok_or_else(|| wasmtime::Error::msg("a slice outside of memory"))
}

fn text(guest: &mut Guest<'_>, at: u32, size: u32) -> Result<String> {
    Ok(String::from_utf8_lossy(&read(guest, at, size)?).into_owned())
}

fn number(guest: &mut Guest<'_>, at: u32, value: u32) -> Result<()> {
    let memory = memory(guest)?;
    Ok(memory.write(guest, at as usize, &value.to_le_bytes())?)
}

/// Hands bytes over in memory that the guest allocates.
fn give(guest: &mut Guest<'_>, bytes: &[u8], at: u32, size_at: u32) -> Result<()> {
    let mut address = 0;
    if !bytes.is_empty() {
        let export = guest.get_export("proxy_on_memory_allocate").or_else(|| guest.get_export("malloc"));
        let allocate = export
            .and_then(Extern::into_func)
            .map(|func: Func| func.typed::<u32, u32>(&guest))
            .ok_or_else(|| wasmtime::Error::msg("no allocator"))??;
        let size = u32::try_from(bytes.len())?;
        address = allocate.call(&mut *guest, size)?;
        memory(guest)?.write(&mut *guest, address as usize, bytes)?;
    }
    number(guest, at, address)?;
    number(guest, size_at, u32::try_from(bytes.len())?)
}

fn log(mut guest: Guest<'_>, level: i32, at: u32, size: u32) -> Result<i32> {
    let message = text(&mut guest, at, size)?;
    guest.data_mut().logs.push(format!("{level} {message}"));
    Ok(status::OK)
}

fn time(mut guest: Guest<'_>, at: u32) -> Result<i32> {
    let nanoseconds = guest.data().now.saturating_mul(1_000_000);
    memory(&mut guest)?.write(&mut guest, at as usize, &nanoseconds.to_le_bytes())?;
    Ok(status::OK)
}

fn get_buffer(mut guest: Guest<'_>, kind: i32, start: u32, size: u32, at: u32, size_at: u32) -> Result<i32> {
    let bytes = match guest.data().buffer(kind) {
        Some(bytes) => {
            let from = (start as usize).min(bytes.len());
            let to = from.saturating_add(size as usize).min(bytes.len());
            bytes.get(from..to).unwrap_or_default().to_vec()
        }
        None if matches!(kind, buffer::DOWNSTREAM | buffer::UPSTREAM | buffer::VM_CONFIGURATION) => {
            Vec::new()
        }
        None => return Ok(status::NOT_FOUND),
    };
    give(&mut guest, &bytes, at, size_at)?;
    Ok(status::OK)
}

/// As Envoy's `Buffer::copyFrom`: at the start it replaces, past the end it appends, between it is refused.
fn set_buffer(
    mut guest: Guest<'_>,
    kind: i32,
    start: u32,
    size: u32,
    at: u32,
    data_size: u32,
) -> Result<i32> {
    let data = read(&mut guest, at, data_size)?;
    let Some(bytes) = guest.data_mut().buffer_mut(kind) else { return Ok(status::BAD_ARGUMENT) };
    match start as usize {
        0 => {
            let replaced = (size as usize).min(bytes.len());
            bytes.splice(..replaced, data);
        }
        start if start >= bytes.len() => bytes.extend(data),
        _ => return Ok(status::BAD_ARGUMENT),
    }
    Ok(status::OK)
}

fn header(mut guest: Guest<'_>, kind: i32, at: u32, size: u32, value_at: u32, size_at: u32) -> Result<i32> {
    let name = text(&mut guest, at, size)?;
    let host = guest.data();
    let value = match kind {
        map::CALL_RESPONSE_HEADERS => host.answer_headers.iter().find(|(known, _)| *known == name),
        _ => None,
    };
    let Some(value) = value.map(|(_, value)| value.clone()) else { return Ok(status::NOT_FOUND) };
    give(&mut guest, value.as_bytes(), value_at, size_at)?;
    Ok(status::OK)
}

fn property(mut guest: Guest<'_>, at: u32, size: u32, value_at: u32, size_at: u32) -> Result<i32> {
    let path = text(&mut guest, at, size)?;
    let source = guest.data_mut().stream().map(|stream| stream.source.clone());
    match (path.as_str(), source) {
        ("source\0address", Some(source)) => {
            give(&mut guest, source.as_bytes(), value_at, size_at)?;
            Ok(status::OK)
        }
        _ => Ok(status::NOT_FOUND),
    }
}

fn get_shared(
    mut guest: Guest<'_>,
    at: u32,
    size: u32,
    value_at: u32,
    size_at: u32,
    cas_at: u32,
) -> Result<i32> {
    let key = text(&mut guest, at, size)?;
    let Some((value, cas)) = guest.data().shared.get(&key).cloned() else { return Ok(status::NOT_FOUND) };
    give(&mut guest, &value, value_at, size_at)?;
    number(&mut guest, cas_at, cas)?;
    Ok(status::OK)
}

fn set_shared(
    mut guest: Guest<'_>,
    at: u32,
    size: u32,
    value_at: u32,
    value_size: u32,
    cas: u32,
) -> Result<i32> {
    let key = text(&mut guest, at, size)?;
    let value = read(&mut guest, value_at, value_size)?;
    let known = guest.data().shared.get(&key).map_or(0, |(_, cas)| *cas);
    if cas != 0 && cas != known {
        return Ok(status::CAS_MISMATCH);
    }
    guest.data_mut().shared.insert(key, (value, known.wrapping_add(1)));
    Ok(status::OK)
}

#[expect(clippy::too_many_arguments, reason = "the ABI's")]
fn http_call(
    mut guest: Guest<'_>,
    cluster_at: u32,
    cluster_size: u32,
    headers_at: u32,
    headers_size: u32,
    body_at: u32,
    body_size: u32,
    _trailers_at: u32,
    _trailers_size: u32,
    _timeout: u32,
    token_at: u32,
) -> Result<i32> {
    let cluster = text(&mut guest, cluster_at, cluster_size)?;
    let headers = read(&mut guest, headers_at, headers_size)?;
    let headers = pairs(&headers).ok_or_else(|| wasmtime::Error::msg("a malformed header map"))?;
    let body = read(&mut guest, body_at, body_size)?;
    let host = guest.data_mut();
    host.last_call = host.last_call.wrapping_add(1);
    let token = host.last_call;
    host.calls.push(HttpCall { token, cluster, headers, body });
    number(&mut guest, token_at, token)?;
    Ok(status::OK)
}

/// A serialized map: their number, the sizes of all names and values, then these, each ended by a zero byte.
fn pairs(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let word = |index: usize| {
        let at = index.checked_mul(4)?;
        Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?) as usize)
    };
    let count = word(0)?;
    let mut at = count.checked_mul(8)?.checked_add(4)?;
    let mut take = |size: usize| {
        let end = at.checked_add(size)?;
        let text = String::from_utf8_lossy(bytes.get(at..end)?).into_owned();
        at = end.checked_add(1)?;
        Some(text)
    };
    (0..count).map(|i| Some((take(word(2 * i + 1)?)?, take(word(2 * i + 2)?)?))).collect()
}

fn effective_context(mut guest: Guest<'_>, context: i32) -> i32 {
    let context = context.unsigned_abs();
    let host = guest.data_mut();
    if context != crate::vm::ROOT && !host.streams.contains_key(&context) {
        return status::BAD_ARGUMENT;
    }
    host.effective = context;
    status::OK
}

fn continue_stream(mut guest: Guest<'_>, kind: i32) -> i32 {
    match (kind, guest.data_mut().stream()) {
        (2, Some(stream)) => {
            stream.resumed = true;
            status::OK
        }
        (3, _) => status::UNIMPLEMENTED,
        _ => status::BAD_ARGUMENT,
    }
}

fn close_stream(mut guest: Guest<'_>, kind: i32) -> i32 {
    match (kind, guest.data_mut().stream()) {
        (2 | 3, Some(stream)) => {
            stream.close_asked = true;
            status::OK
        }
        _ => status::BAD_ARGUMENT,
    }
}
