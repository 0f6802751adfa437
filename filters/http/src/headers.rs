//! Request headers: which of them an agent may not pass on, and which make a request ambiguous.

use std::borrow::Cow;
use std::collections::BTreeSet;

/// Headers between two hops (RFC 9110 section 7.6.1, RFC 9113 section 8.2.2), and `expect`, which the proxy has answered.
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "expect",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Credentials: the target gets its own from the host, never the agent's.
const CREDENTIALS: &[&str] = &["authorization", "proxy-authorization"];

/// What a proxy says of a request, and servers behind it believe: an agent does not say it.
const TRUSTED: &[&str] = &[
    "cf-connecting-ip",
    "client-ip",
    "forwarded",
    "front-end-https",
    "true-client-ip",
    "x-arr-ssl",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-host",
    "x-original-host",
    "x-original-uri",
    "x-original-url",
    "x-originating-ip",
    "x-real-ip",
    "x-remote-addr",
    "x-remote-ip",
    "x-remote-user",
    "remote-user",
    "x-rewrite-url",
    "x-ssl-client-cert",
    "x-ssl-client-verify",
];

/// Beginnings of names of the same.
const TRUSTED_PREFIXES: &[&str] = &["x-envoy-", "x-forwarded-"];

/// Ask for another method than the request has.
const METHOD_OVERRIDES: &[&str] = &["x-http-method", "x-http-method-override", "x-method-override"];

/// What decides how a request is read; said twice, servers differ in which counts.
const ONCE: &[&str] = &[
    ":authority",
    ":method",
    ":path",
    ":scheme",
    "authorization",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "mcp-method",
    "mcp-name",
    "mcp-protocol-version",
    "mcp-session-id",
    "origin",
    "transfer-encoding",
];

/// What is not to be taken away by `Connection`, because the gate decides with it.
const NOT_NOMINATED: &[&str] =
    &["accept", "content-encoding", "content-length", "content-type", "cookie", "host"];

/// Why headers make a request ambiguous. Values are not in the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmbiguousHeaders {
    /// Twice what counts once.
    #[error("the header `{0}` is there twice; send it once")]
    Duplicate(&'static str),
    /// Two lengths.
    #[error("the request has both Content-Length and Transfer-Encoding; send one")]
    TwoLengths,
    /// A length that is no number.
    #[error("Content-Length is not a plain number; send one decimal number")]
    Length,
    /// A transfer encoding other than `chunked`.
    #[error("Transfer-Encoding is not `chunked`; send `chunked`, or a Content-Length")]
    TransferEncoding,
    /// Two types in one.
    #[error(
        "Content-Type has more than one media type, or a character set other than UTF-8; send one, in UTF-8"
    )]
    ContentType,
    /// Host and `:authority` differ.
    #[error("Host is not what the request target is of; send the same, or leave Host out")]
    Host,
    /// A name with `_` for `-`, which CGI and its like cannot tell apart.
    #[error(
        "the header `{0}` has `_` in its name, which servers take for `-`; spell it with `-`, or rename it"
    )]
    Underscore(String),
    /// A name with what no name may have.
    #[error("a header's name is not a token (RFC 9110 section 5.1); leave it out")]
    Name,
    /// A value with what no value may have.
    #[error("the header `{0}` has a control character in its value; leave it out")]
    Value(String),
    /// Another method.
    #[error("the header `{0}` asks for another method than the request has; send that method itself")]
    MethodOverride(&'static str),
    /// `Connection` names what the request cannot do without.
    #[error("Connection names `{0}`, which is not between two hops; leave it out")]
    Nominated(&'static str),
}

/// What is to be kept from the target besides what always is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules<'a> {
    /// Whether the agent's token comes in a cookie, so that cookies are credentials.
    pub identity_in_cookie: bool,
    /// The header, in lower case, that the token comes in, if not `authorization`.
    pub identity_header: Option<&'a str>,
    /// More headers to drop, in lower case: those that the host sets.
    pub drop: &'a [String],
}

/// Decides about the headers of a request, as Envoy gives them: names and values in order, pseudo-headers too. Gives
/// the names that are to be removed, as they are spelt.
///
/// # Errors
/// Servers may read the request in more than one way.
pub fn review<N: AsRef<str>, V: AsRef<[u8]>>(
    headers: &[(N, V)],
    rules: Rules<'_>,
) -> Result<BTreeSet<String>, AmbiguousHeaders> {
    let all = || headers.iter().map(|(name, value)| (name.as_ref(), value.as_ref()));
    let mut dropped = BTreeSet::new();
    let mut nominated: Vec<String> = Vec::new();
    let mut seen: Vec<&'static str> = Vec::new();
    let (mut host, mut authority, mut method) = (None, None, &b""[..]);
    for (spelt, value) in all() {
        if !is_name(spelt) {
            return Err(AmbiguousHeaders::Name);
        }
        let name = lower(spelt);
        if value.iter().any(|byte| matches!(byte, 0..=8 | 10..=31 | 127)) {
            return Err(AmbiguousHeaders::Value(name.into_owned()));
        }
        if let Some(once) = ONCE.iter().find(|once| **once == name) {
            if seen.contains(once) {
                return Err(AmbiguousHeaders::Duplicate(once));
            }
            seen.push(once);
        }
        match &*name {
            "host" => host = Some(value),
            ":authority" => authority = Some(value),
            ":method" => method = value,
            "content-length" if value.is_empty() || !value.iter().all(u8::is_ascii_digit) => {
                return Err(AmbiguousHeaders::Length);
            }
            "transfer-encoding" if !value.eq_ignore_ascii_case(b"chunked") => {
                return Err(AmbiguousHeaders::TransferEncoding);
            }
            "content-type" if media_type(value).is_none() => return Err(AmbiguousHeaders::ContentType),
            "connection" => nominated.extend(options(value)),
            _ => {}
        }
        if name.contains('_') && rules.matter(&name.replace('_', "-")) {
            return Err(AmbiguousHeaders::Underscore(name.into_owned()));
        }
        if rules.drops(&name) {
            dropped.insert(spelt.to_owned());
        }
    }
    if seen.contains(&"content-length") && seen.contains(&"transfer-encoding") {
        return Err(AmbiguousHeaders::TwoLengths);
    }
    if let (Some(host), Some(authority)) = (host, authority)
        && !host.eq_ignore_ascii_case(authority)
    {
        return Err(AmbiguousHeaders::Host);
    }
    for (spelt, value) in all() {
        let is = |other: &&&str| spelt.eq_ignore_ascii_case(other);
        if let Some(overriding) = METHOD_OVERRIDES.iter().find(is)
            && !value.eq_ignore_ascii_case(method)
        {
            return Err(AmbiguousHeaders::MethodOverride(overriding));
        }
        if nominated.iter().any(|option| spelt.eq_ignore_ascii_case(option)) {
            dropped.insert(spelt.to_owned());
        }
    }
    let wrong = NOT_NOMINATED.iter().chain(ONCE).find(|name| nominated.iter().any(|option| option == *name));
    match wrong.filter(|name| !rules.drops(name)) {
        Some(name) => Err(AmbiguousHeaders::Nominated(name)),
        None => Ok(dropped),
    }
}

impl Rules<'_> {
    fn drops(&self, name: &str) -> bool {
        [HOP_BY_HOP, CREDENTIALS, TRUSTED, METHOD_OVERRIDES].iter().any(|list| list.contains(&name))
            || TRUSTED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || (self.identity_in_cookie && name == "cookie")
            || self.identity_header == Some(name)
            || self.drop.iter().any(|drop| drop == name)
    }

    /// Whether it matters to the gate or the target that a header of that name is what the gate takes it for.
    fn matter(&self, name: &str) -> bool {
        self.drops(name) || ONCE.contains(&name) || NOT_NOMINATED.contains(&name)
    }
}

/// In lower case, as Envoy has names already.
fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// A token (RFC 9110 section 5.6.2), or a pseudo-header.
fn is_name(name: &str) -> bool {
    let name = name.strip_prefix(':').unwrap_or(name);
    !name.is_empty() && name.bytes().all(of_token)
}

fn of_token(byte: u8) -> bool {
    matches!(
        byte,
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.'
            | b'^' | b'_' | b'`' | b'|' | b'~'
    )
}

/// Names in a list, in lower case.
fn options(value: &[u8]) -> impl Iterator<Item = String> {
    let names = value.split(|byte| *byte == b',').map(|name| name.trim_ascii().to_ascii_lowercase());
    names.filter_map(|name| String::from_utf8(name).ok()).filter(|name| !name.is_empty())
}

/// The media type without parameters, in lower case; `None` where there are two, or a character set that is not UTF-8
/// or said twice, so that one reader may see another text than the next.
#[must_use]
pub fn media_type(value: &[u8]) -> Option<String> {
    let value = std::str::from_utf8(value).ok().filter(|value| value.is_ascii())?;
    let mut parts = value.split(';').map(str::trim);
    let essence = parts.next()?.to_ascii_lowercase();
    let (kind, subtype) = essence.split_once('/')?;
    if !is_name(kind) || !is_name(subtype) || essence.starts_with(':') || subtype.starts_with(':') {
        return None;
    }
    let mut charsets = 0_u32;
    for parameter in parts.filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=')?;
        if name.trim().eq_ignore_ascii_case("charset") {
            charsets = charsets.saturating_add(1);
            let value = value.trim().trim_matches('"');
            if !["utf-8", "utf8", "us-ascii"].iter().any(|known| value.eq_ignore_ascii_case(known))
                || charsets > 1
            {
                return None;
            }
        } else if value.contains(',') && !value.trim().starts_with('"') {
            return None;
        }
    }
    Some(essence)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

    use super::AmbiguousHeaders::*;
    use super::*;

    const BASE: &[(&str, &str)] = &[(":method", "POST"), (":path", "/a"), (":authority", "api.example")];

    fn reviewed(more: &[(&str, &str)]) -> Result<Vec<String>, AmbiguousHeaders> {
        let headers = [BASE, more].concat();
        review(&headers, Rules::default()).map(|dropped| dropped.into_iter().collect())
    }

    #[test]
    fn what_an_agent_may_not_pass_is_dropped() {
        for name in [
            "authorization",
            "Proxy-Authorization",
            "x-forwarded-for",
            "x-forwarded-host",
            "X-Forwarded-User",
            "x-envoy-original-path",
            "x-envoy-upstream-rq-timeout-ms",
            "forwarded",
            "te",
            "upgrade",
            "expect",
            "keep-alive",
            "x-original-url",
            "x-rewrite-url",
            "x-real-ip",
        ] {
            assert_eq!(
                reviewed(&[(name, "x"), ("accept", "*/*"), ("cookie", "a=b")]),
                Ok(vec![name.to_owned()])
            );
        }
        let connection = &[("connection", "close, X-Own"), ("x-own", "1"), ("x-other", "2")];
        assert_eq!(reviewed(connection), Ok(vec!["connection".into(), "x-own".into()]));
        assert_eq!(
            reviewed(&[("x-http-method-override", "post")]),
            Ok(vec!["x-http-method-override".into()])
        );
        let rules =
            Rules { identity_in_cookie: true, identity_header: Some("x-token"), drop: &["x-key".into()] };
        let all = [("cookie", "t=1"), ("x-token", "t"), ("x-key", "k"), ("x-none", "n")];
        let dropped = review(&all, rules).unwrap();
        assert_eq!(dropped.into_iter().collect::<Vec<_>>(), ["cookie", "x-key", "x-token"]);
    }

    #[test]
    fn what_servers_read_differently_is_refused() {
        for (headers, expected) in [
            (&[("content-length", "5"), ("content-length", "5")][..], Duplicate("content-length")),
            (&[("content-length", "5"), ("Content-Length", "6")], Duplicate("content-length")),
            (
                &[("content-type", "text/plain"), ("content-type", "application/json")],
                Duplicate("content-type"),
            ),
            (&[("authorization", "a"), ("authorization", "b")], Duplicate("authorization")),
            (&[("host", "api.example"), ("host", "other")], Duplicate("host")),
            (&[(":path", "/b")], Duplicate(":path")),
            (&[("mcp-session-id", "a"), ("Mcp-Session-Id", "b")], Duplicate("mcp-session-id")),
            (&[("content-length", "5"), ("transfer-encoding", "chunked")], TwoLengths),
            (&[("content-length", "5, 5")], Length),
            (&[("content-length", "+5")], Length),
            (&[("content-length", "0x5")], Length),
            (&[("content-length", "")], Length),
            (&[("transfer-encoding", "gzip, chunked")], TransferEncoding),
            (&[("transfer-encoding", "xchunked")], TransferEncoding),
            (&[("host", "other.example")], Host),
            (&[("content-type", "application/json, text/plain")], ContentType),
            (&[("content-type", "application/json; charset=utf-16")], ContentType),
            (&[("content-type", "application/json; charset=utf-8; charset=utf-7")], ContentType),
            (&[("content-type", "json")], ContentType),
            (&[("content_length", "5")], Underscore("content_length".into())),
            (&[("x_forwarded_for", "1.1.1.1")], Underscore("x_forwarded_for".into())),
            (&[("Proxy_Authorization", "x")], Underscore("proxy_authorization".into())),
            (&[("transfer_encoding", "chunked")], Underscore("transfer_encoding".into())),
            (&[("x-http_method-override", "DELETE")], Underscore("x-http_method-override".into())),
            (&[("content-length ", "5")], Name),
            (&[("", "5")], Name),
            (&[("x\r\nhost", "5")], Name),
            (&[("authorizatıon", "5")], Name),
            (&[("x-note", "a\r\nhost: b")], Value("x-note".into())),
            (&[("x-note", "a\0b")], Value("x-note".into())),
            (&[("x-http-method-override", "DELETE")], MethodOverride("x-http-method-override")),
            (&[("X-Method-Override", "PUT")], MethodOverride("x-method-override")),
            (&[("connection", "content-type"), ("content-type", "a/b")], Nominated("content-type")),
            (&[("connection", "close, Host")], Nominated("host")),
            (&[("connection", "mcp-session-id")], Nominated("mcp-session-id")),
        ] {
            assert_eq!(reviewed(headers), Err(expected), "{headers:?}");
        }
    }

    #[test]
    fn ordinary_headers_pass() {
        let headers = [
            ("content-type", "application/json; charset=UTF-8"),
            ("content-length", "12"),
            ("accept", "application/json, text/event-stream"),
            ("x_own_header", "1"),
            ("user-agent", "agent/1.0 (é)"),
            ("host", "API.example"),
            ("mcp-protocol-version", "2025-06-18"),
            ("x-note", "tab\there"),
        ];
        assert_eq!(reviewed(&headers), Ok(Vec::new()));
        let multipart = b"multipart/form-data; boundary=\"a,b\"";
        assert_eq!(media_type(multipart).as_deref(), Some("multipart/form-data"));
    }
}
