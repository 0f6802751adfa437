//! Messages as they come: what a request must and must not hold, and what filters see of it. As Envoy does it with
//! `use_remote_address` and without normalisation of paths.

use std::net::SocketAddr;

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::{request, response};
use hyper::{Method, StatusCode, Version};

use crate::abi::Pairs;
use crate::http::Incoming;
use crate::state::Info;

/// Why a request is refused before any filter sees it.
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) text: &'static str,
}

fn refused(status: StatusCode, text: &'static str) -> Refusal {
    Refusal { status, text }
}

/// Fields that concern a connection, not what passes over it (RFC 9110 section 7.6.1); framing is hyper's.
pub(super) const OF_CONNECTION: [&str; 5] =
    ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];

/// A request, as filters take it.
pub(super) fn request(
    head: &request::Parts,
    info: &Info,
    end: bool,
    route: &str,
) -> Result<Incoming, Refusal> {
    let headers = &head.headers;
    if head.version < Version::HTTP_11 {
        return Err(refused(StatusCode::UPGRADE_REQUIRED, "HTTP/1.1 or HTTP/2 is required"));
    }
    if head.method == Method::CONNECT {
        return Err(refused(StatusCode::FORBIDDEN, "CONNECT is not served here"));
    }
    let named = of_connection(headers);
    if asks_for_upgrade(headers, &named) {
        return Err(refused(StatusCode::FORBIDDEN, "upgrades are not served here"));
    }
    let (authority, path) = (authority(head)?, path(head)?);
    let scheme = if info.encryption.is_some() { "https" } else { "http" };
    let mut fields = vec![
        pair(":authority", authority.as_bytes()),
        pair(":path", path.as_bytes()),
        pair(":method", head.method.as_str().as_bytes()),
        pair(":scheme", scheme.as_bytes()),
    ];
    let mut forwarded = Vec::new();
    let mut cookies: Vec<&[u8]> = Vec::new();
    for (name, value) in headers {
        let text = name.as_str();
        match text {
            "host" | "expect" | "x-forwarded-proto" | "x-request-id" | "x-forwarded-client-cert" => {}
            "x-forwarded-for" => forwarded.push(value.as_bytes()),
            // One field, however HTTP/2 cut it up (RFC 9113 section 8.2.3).
            "cookie" => cookies.push(value.as_bytes()),
            "te" if value.as_bytes().eq_ignore_ascii_case(b"trailers") => {
                fields.push(pair(text, value.as_bytes()));
            }
            "te" | "http2-settings" => {}
            _ if text.starts_with("x-envoy-") || OF_CONNECTION.contains(&text) || named.contains(name) => {}
            _ => fields.push(pair(text, value.as_bytes())),
        }
    }
    if !cookies.is_empty() {
        fields.push(pair("cookie", &cookies.join(&b"; "[..])));
    }
    let source = info.source.parse::<SocketAddr>().map(|address| address.ip().to_string());
    let source = source.unwrap_or_default();
    forwarded.push(source.as_bytes());
    fields.push(pair("x-forwarded-for", &forwarded.join(&b","[..])));
    fields.push(pair("x-forwarded-proto", scheme.as_bytes()));
    fields.push(pair("x-request-id", request_id().as_bytes()));
    Ok(Incoming {
        info: info.clone(),
        head: Pairs(fields),
        end,
        protocol: format!("{:?}", head.version).replace("/2.0", "/2"),
        route: route.to_owned(),
    })
}

/// The head of a server's response, as filters take it.
pub(super) fn response(head: &response::Parts) -> Pairs {
    let mut fields = vec![pair(":status", head.status.as_str().as_bytes())];
    fields.extend(head.headers.iter().map(|(name, value)| pair(name.as_str(), value.as_bytes())));
    Pairs(fields)
}

/// Trailers, as filters take them.
pub(super) fn trailers(trailers: &HeaderMap) -> Pairs {
    Pairs(trailers.iter().map(|(name, value)| pair(name.as_str(), value.as_bytes())).collect())
}

fn pair(name: &str, value: &[u8]) -> (Vec<u8>, Vec<u8>) {
    (name.as_bytes().to_vec(), value.to_vec())
}

/// The fields that a `Connection` field names: they end here.
fn of_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok()).collect()
}

/// Whether another protocol is asked for; HTTP/2 itself need not be taken up (RFC 9110 section 7.8).
fn asks_for_upgrade(headers: &HeaderMap, named: &[HeaderName]) -> bool {
    let h2c = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"h2c");
    named.contains(&header::UPGRADE) && headers.get_all(header::UPGRADE).iter().any(|value| !h2c(value))
}

/// Whom the request is for: the target's authority, or else the one `Host` field.
fn authority(head: &request::Parts) -> Result<String, Refusal> {
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(refused(StatusCode::BAD_REQUEST, "there is more than one Host"));
    }
    let host = host.map(|host| host.to_str().map_err(|_| ())).transpose();
    let Ok(host) = host else {
        return Err(refused(StatusCode::BAD_REQUEST, "Host is not text"));
    };
    match (head.uri.authority(), host) {
        (Some(authority), None) => Ok(authority.as_str().to_owned()),
        // Who goes by the one must not differ from who goes by the other (RFC 9113 section 8.3.1).
        (Some(authority), Some(host)) if head.version == Version::HTTP_2 && host != authority.as_str() => {
            Err(refused(StatusCode::BAD_REQUEST, "`:authority` and Host differ"))
        }
        (Some(authority), Some(_)) => Ok(authority.as_str().to_owned()),
        (None, Some(host)) if !host.is_empty() => Ok(host.to_owned()),
        (None, _) => Err(refused(StatusCode::BAD_REQUEST, "there is no Host")),
    }
}

/// The path as the client sent it.
fn path(head: &request::Parts) -> Result<&str, Refusal> {
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    // An authority alone is for CONNECT.
    let is_authority = head.uri.scheme().is_none() && head.uri.authority().is_some();
    if !is_authority && path.starts_with('/') || path == "*" && head.method == Method::OPTIONS {
        return Ok(path);
    }
    Err(refused(StatusCode::BAD_REQUEST, "the path does not begin with a slash"))
}

/// A random UUID (RFC 9562 section 5.4).
fn request_id() -> String {
    let mut bytes = [0; 16];
    // Without randomness requests have an id that tells nothing.
    let _ = getrandom::fill(&mut bytes);
    let random = u128::from_be_bytes(bytes);
    let (version, variant) = (0xf000_u128 << 64, 0xc000_u128 << 48);
    let number = (random & !version & !variant) | (0x4000_u128 << 64) | (0x8000_u128 << 48);
    let hex = format!("{number:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}
