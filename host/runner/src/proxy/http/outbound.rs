//! Messages as they go out.

use bytes::Bytes;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::uri::{PathAndQuery, Scheme};
use hyper::{Method, Request, Response, StatusCode, Uri, Version};

use super::inbound::OF_CONNECTION;
use super::outlet::Outlet;
use crate::abi::Pairs;
use crate::http::{Flow, Head};

/// Fields but pseudo-fields; those that hyper cannot send are none that a filter can make.
pub(in crate::proxy) fn fields(pairs: &Pairs) -> HeaderMap {
    let fields = pairs.0.iter().filter(|(name, _)| !name.starts_with(b":")).filter_map(|(name, value)| {
        Some((HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?))
    });
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        if !OF_CONNECTION.contains(&name.as_str()) {
            map.append(name, value);
        }
    }
    map
}

/// A request as it came out of the filters; none where they left something that is no request.
pub(super) fn request(head: &Head, body: Flow, http2: bool, encrypted: bool) -> Option<Request<Outlet>> {
    let fields = &head.fields;
    let method = Method::from_bytes(fields.first(b":method")?).ok()?;
    let path = PathAndQuery::from_maybe_shared(Bytes::copy_from_slice(fields.first(b":path")?)).ok()?;
    let authority = fields.first(b":authority")?;
    let mut map = self::fields(fields);
    let mut uri = Uri::builder().path_and_query(path);
    if http2 {
        let scheme = if encrypted { Scheme::HTTPS } else { Scheme::HTTP };
        uri = uri.scheme(scheme).authority(authority);
    } else {
        map.insert(header::HOST, HeaderValue::from_bytes(authority).ok()?);
        if !head.end && !map.contains_key(header::CONTENT_LENGTH) {
            // Without it hyper sends no body with GET, for one.
            map.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
    }
    let mut request = Request::new(Outlet::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = uri.build().ok()?;
    *request.version_mut() = if http2 { Version::HTTP_2 } else { Version::HTTP_11 };
    *request.headers_mut() = map;
    Some(request)
}

/// A response as it came out of the filters; none where they left something that is no response.
pub(super) fn response(head: &Head, body: Flow) -> Option<Response<Outlet>> {
    let status = StatusCode::from_bytes(head.fields.first(b":status")?).ok()?;
    let mut response = Response::new(Outlet::new(body));
    *response.status_mut() = status;
    *response.headers_mut() = fields(&head.fields);
    Some(response)
}
