//! Answers of the proxy's own, in the target's place.

use bytes::Bytes;

use crate::abi::Pairs;

/// An answer in the target's place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u32,
    pub(crate) details: String,
    pub(crate) headers: Pairs,
    pub(crate) body: Vec<u8>,
    /// For gRPC clients; none where the HTTP status says it.
    pub(crate) grpc_status: Option<u32>,
}

impl Reply {
    /// A status with a text.
    pub(crate) fn plain(status: u32, body: &str, details: &str) -> Self {
        let (body, details) = (body.as_bytes().to_vec(), details.to_owned());
        Self { status, details, body, ..Self::default() }
    }

    /// Head and body, as the client of that request takes them.
    pub(super) fn message(self, request: &Pairs) -> (Pairs, Bytes) {
        let content_type = request.first(b"content-type").unwrap_or_default();
        let grpc = content_type == b"application/grpc" || content_type.starts_with(b"application/grpc+");
        if grpc { self.for_grpc() } else { self.for_http() }
    }

    fn for_http(self) -> (Pairs, Bytes) {
        let mut head = status(self.status);
        head.0.extend(lower(self.headers));
        if self.body.is_empty() {
            head.remove(b"content-length");
            head.remove(b"content-type");
        } else {
            head.set(b"content-length", self.body.len().to_string().as_bytes());
            if head.first(b"content-type").is_none() {
                head.set(b"content-type", b"text/plain");
            }
        }
        (head, self.body.into())
    }

    /// A response of nothing but trailers, sent as a head ("gRPC over HTTP2", Responses).
    fn for_grpc(self) -> (Pairs, Bytes) {
        let code = self.grpc_status.unwrap_or(match self.status {
            400 => 13,
            401 => 16,
            403 => 7,
            404 => 12,
            429 | 502..=504 => 14,
            _ => 2,
        });
        let mut head = status(200);
        head.0.extend(lower(self.headers));
        head.set(b"content-type", b"application/grpc");
        head.remove(b"content-length");
        head.set(b"grpc-status", code.to_string().as_bytes());
        if !self.body.is_empty() {
            head.set(b"grpc-message", &percent_encoded(&self.body));
        }
        (head, Bytes::new())
    }
}

fn status(status: u32) -> Pairs {
    Pairs(vec![(b":status".to_vec(), status.to_string().into_bytes())])
}

fn lower(headers: Pairs) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    headers.0.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value))
}

fn percent_encoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            b' '..=b'$' | b'&'..=b'~' => out.push(*byte),
            byte => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(body: &str) -> Reply {
        Reply::plain(403, body, "test")
    }

    #[test]
    fn a_body_brings_its_length_and_type() {
        let (head, body) = reply("no").message(&Pairs::default());
        assert_eq!(head.first(b":status"), Some(&b"403"[..]));
        assert_eq!(head.first(b"content-length"), Some(&b"2"[..]));
        assert_eq!((head.first(b"content-type"), &body[..]), (Some(&b"text/plain"[..]), &b"no"[..]));
        let (head, _) = reply("").message(&Pairs::default());
        assert_eq!(head.0.len(), 1);
    }

    #[test]
    fn grpc_clients_get_a_status_of_theirs() {
        let request = Pairs(vec![(b"content-type".to_vec(), b"application/grpc".to_vec())]);
        let (head, body) = reply("no: 1%\n").message(&request);
        assert_eq!(head.first(b":status"), Some(&b"200"[..]));
        assert_eq!(head.first(b"grpc-status"), Some(&b"7"[..]));
        assert_eq!(head.first(b"grpc-message"), Some(&b"no: 1%25%0A"[..]));
        assert!(body.is_empty());
    }
}
