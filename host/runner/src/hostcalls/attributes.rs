//! Properties of a request and its response, by Envoy's names ("Attributes" in its documentation).

use std::time::Duration;

use crate::http::View;

/// Value of a property; none where there is no such one, or not yet.
pub(super) fn of(view: &View, path: &[u8], now: Duration) -> Option<Vec<u8>> {
    let mut parts = path.splitn(3, |byte| *byte == 0);
    let (first, second, third) = (parts.next()?, parts.next(), parts.next());
    match (first, second?) {
        (b"request", name) => of_request(view, name, third, now),
        (b"response", name) => of_response(view, name, third),
        (b"xds", b"route_name") => text(&view.facts.route),
        _ => None,
    }
}

fn of_request(view: &View, name: &[u8], key: Option<&[u8]>, now: Duration) -> Option<Vec<u8>> {
    let facts = &view.facts;
    let message = &facts.request;
    let header = |name: &[u8]| message.header(name);
    match (name, key) {
        (b"headers", Some(name)) => header(name),
        (b"headers", None) => message.head.borrow().write(),
        (b"path", None) => header(b":path"),
        (b"url_path", None) => split(&header(b":path")?).0,
        (b"query", None) => Some(split(&header(b":path")?).1.unwrap_or_default()),
        (b"host", None) => header(b":authority"),
        (b"scheme", None) => header(b":scheme"),
        (b"method", None) => header(b":method"),
        (b"referer", None) => header(b"referer"),
        (b"useragent", None) => header(b"user-agent"),
        (b"id", None) => header(b"x-request-id"),
        (b"protocol", None) => text(&facts.protocol),
        (b"time", None) => number(u64::try_from(facts.started.as_nanos()).ok()?),
        // Known when it is over.
        (b"duration", None) if view.logging => {
            number(u64::try_from(now.saturating_sub(facts.started).as_nanos()).ok()?)
        }
        (b"size", None) => {
            let declared = header(b"content-length").and_then(|value| String::from_utf8(value).ok());
            number(declared.and_then(|value| value.parse().ok()).unwrap_or(message.bytes.get()))
        }
        (b"total_size", None) => number(message.bytes.get().saturating_add(message.head_size())),
        _ => None,
    }
}

fn of_response(view: &View, name: &[u8], key: Option<&[u8]>) -> Option<Vec<u8>> {
    let message = &view.facts.response;
    if !message.begun.get() {
        return None;
    }
    match (name, key) {
        (b"headers", Some(name)) => message.header(name),
        (b"headers", None) => message.head.borrow().write(),
        (b"trailers", Some(name)) => message.trailers.borrow().first(name).map(<[u8]>::to_vec),
        (b"trailers", None) => message.trailers.borrow().write(),
        (b"code", None) => number(String::from_utf8(message.header(b":status")?).ok()?.parse().ok()?),
        (b"code_details", None) => text(&view.facts.details.borrow()),
        (b"grpc_status", None) => {
            let trailer = message.trailers.borrow().first(b"grpc-status").map(<[u8]>::to_vec);
            let status = trailer.or_else(|| message.header(b"grpc-status"))?;
            number(String::from_utf8(status).ok()?.parse().ok()?)
        }
        // None of what Envoy counts there happens here.
        (b"flags", None) => number(0),
        (b"size", None) => number(message.bytes.get()),
        (b"total_size", None) => number(message.bytes.get().saturating_add(message.head_size())),
        _ => None,
    }
}

fn text(text: &str) -> Option<Vec<u8>> {
    Some(text.as_bytes().to_vec())
}

fn number(number: u64) -> Option<Vec<u8>> {
    Some(number.to_le_bytes().to_vec())
}

/// A path, and what stands behind its question mark.
fn split(path: &[u8]) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    let mut parts = path.splitn(2, |byte| *byte == b'?').map(<[u8]>::to_vec);
    (parts.next(), parts.next())
}
