//! Properties, by Envoy's names: numbers are 64 bits, little-endian; truths one byte; the rest is text.

use wasmtime::Linker;

use super::{attributes, hostcalls};
use crate::abi::Status;
use crate::abi::memory::{Guest, Outcome, Return, copy, give, slice, split};
use crate::state::{Info, State};

/// Bytes that the filters of one connection may set as properties.
const MAX_STATE: usize = 1 << 20;

pub(super) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    hostcalls!(linker,
        "proxy_get_property" => get(at: u32, size: u32, data_at: u32, size_at: u32),
        "proxy_set_property" => set(at: u32, size: u32, value_at: u32, value_size: u32),
    );
    Ok(())
}

fn get(guest: &mut Guest<'_>, at: u32, size: u32, data_at: u32, size_at: u32) -> Outcome {
    let (memory, state) = split(guest)?;
    let value = find(state, slice(memory, at, size)?).ok_or(Status::NotFound)?;
    give(guest, &value, Return { data: data_at, size: size_at })
}

fn find(state: &State, path: &[u8]) -> Option<Vec<u8>> {
    let path = path.strip_suffix(b"\0").unwrap_or(path);
    let plugin = &state.plugin;
    match path {
        b"plugin_name" => return Some(plugin.name.clone().into_bytes()),
        b"plugin_root_id" => return Some(plugin.root_id.clone().into_bytes()),
        b"plugin_vm_id" => return Some(plugin.vm_id.clone().into_bytes()),
        _ => {}
    }
    let stream = state.stream()?;
    if let Some(value) = of_connection(&stream.info, path) {
        return Some(value);
    }
    if let Some(value) = stream.http().and_then(|view| attributes::of(view, path, state.world.now())) {
        return Some(value);
    }
    let name = path.strip_prefix(b"filter_state\0wasm.").unwrap_or(path);
    stream.filter_state.borrow().get(name).cloned()
}

fn of_connection(info: &Info, path: &[u8]) -> Option<Vec<u8>> {
    let text = |text: &str| Some(text.as_bytes().to_vec());
    let encryption = info.encryption.as_ref();
    let certificate = encryption.and_then(|encryption| encryption.certificate.as_ref());
    match path {
        b"source\0address" => text(&info.source),
        b"source\0port" => port(&info.source),
        b"destination\0address" => text(&info.destination),
        b"destination\0port" => port(&info.destination),
        b"upstream\0address" => text(info.upstream.as_ref()?),
        b"upstream\0port" => port(info.upstream.as_ref()?),
        b"connection\0id" => Some(info.id.to_le_bytes().to_vec()),
        b"connection\0requested_server_name" => text(encryption?.server_name.as_ref()?),
        b"connection\0tls_version" => text(&encryption?.version),
        b"connection\0mtls" => Some(vec![u8::from(certificate.is_some())]),
        b"connection\0uri_san_peer_certificate" => text(certificate?.uri_sans.first()?),
        b"connection\0dns_san_peer_certificate" => text(certificate?.dns_sans.first()?),
        b"connection\0sha256_peer_certificate_digest" => text(&certificate?.sha256),
        // Inbound.
        b"listener_direction" | b"xds\0listener_direction" => Some(1_u64.to_le_bytes().to_vec()),
        _ => None,
    }
}

fn port(address: &str) -> Option<Vec<u8>> {
    let port: u64 = address.rsplit_once(':')?.1.parse().ok()?;
    Some(port.to_le_bytes().to_vec())
}

fn set(guest: &mut Guest<'_>, at: u32, size: u32, value_at: u32, value_size: u32) -> Outcome {
    let value = copy(guest, value_at, value_size)?;
    let name = copy(guest, at, size)?;
    let stream = guest.data().stream().ok_or(Status::NotFound)?;
    let mut known = stream.filter_state.borrow_mut();
    let size: usize = known.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size.saturating_add(name.len()).saturating_add(value.len()) > MAX_STATE {
        return Err(Status::InternalFailure.into());
    }
    known.insert(name, value);
    Ok(())
}
