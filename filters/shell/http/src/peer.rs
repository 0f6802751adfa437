//! Who is at the other end, as far as the proxy knows.

use gatewright_adapter::hostcalls;
use gatewright_core::bundle::http::IdentitySource;
use gatewright_http::{Peer, Plane, verified};

/// Only the address.
pub(crate) fn source() -> Peer {
    let source = hostcalls::property(&["source", "address"]).unwrap_or_else(|| "unknown".to_owned());
    Peer { source, ..Peer::default() }
}

/// What the plane wants to know.
pub(crate) fn read(plane: &Plane) -> Peer {
    let mut peer = source();
    for source in plane.identity_sources() {
        match source {
            IdentitySource::Mtls { .. } => {
                peer.uri_san = hostcalls::property(&["connection", "uri_san_peer_certificate"])
                    .filter(|uri| !uri.is_empty());
            }
            IdentitySource::JwtAuthn { payload } => {
                let metadata = hostcalls::property_bytes(&["metadata"]).unwrap_or_default();
                peer.claims = verified::claims(&metadata, payload);
            }
            IdentitySource::Bearer {} | IdentitySource::Header { .. } | IdentitySource::Cookie { .. } => {}
        }
    }
    peer
}
