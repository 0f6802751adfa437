//! Addresses as proxies spell them.

/// `address:port` without its port, and without the brackets of IPv6.
#[must_use]
pub fn without_port(source: &str) -> &str {
    let address = source.rsplit_once(':').map_or(source, |(ip, _)| ip);
    address.trim_start_matches('[').trim_end_matches(']')
}
