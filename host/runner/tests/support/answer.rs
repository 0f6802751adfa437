//! Where an answer of HTTP/1.1 ends (RFC 9112 section 6.3).

/// How long the answer is that these bytes begin with, and whether it is the last one to its request: one of 1xx is not.
/// `None` while it is not whole, and where it ends with its connection.
pub(crate) fn length(bytes: &[u8], with_body: bool) -> Option<(usize, bool)> {
    let head = end_of(bytes, b"\r\n\r\n")?;
    let text = std::str::from_utf8(&bytes[..head]).unwrap().to_ascii_lowercase();
    let status = text.split(' ').nth(1).unwrap();
    if status.starts_with('1') {
        return Some((head, false));
    }
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let body = if !with_body || ["204", "304"].contains(&status) {
        0
    } else if field("transfer-encoding:") == Some("chunked") {
        chunks(&bytes[head..])?
    } else {
        field("content-length:")?.parse().unwrap()
    };
    (bytes.len() >= head + body).then_some((head + body, true))
}

/// How long a body by chunks without trailers is.
fn chunks(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let line = end_of(bytes.get(at..)?, b"\r\n")?;
        let size = std::str::from_utf8(&bytes[at..at + line - 2]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        at += line + size + 2;
        if size == 0 {
            return Some(at);
        }
    }
}

fn end_of(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|part| part == mark).map(|at| at + mark.len())
}
