//! Style, script and icon. They are part of the program; the pages name them with their digest, so that browsers may keep
//! them.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use gatewright_core::digest::sha256_parts;

const STYLE: &str = include_str!("../../static/gatewright.css");
const SCRIPT: &str = include_str!("../../static/gatewright.js");
const ICON: &str = include_str!("../../static/gatewright.svg");

/// What the pages add to the files' names: another one for each version of them.
pub(super) static VERSION: LazyLock<String> = LazyLock::new(|| {
    let digest = hex::encode(sha256_parts([STYLE, SCRIPT, ICON].map(str::as_bytes)));
    digest[..12].to_owned()
});

/// One of the files.
pub(super) async fn asset(Path(file): Path<String>) -> Response {
    let (kind, text) = match file.as_str() {
        "gatewright.css" => ("text/css; charset=utf-8", STYLE),
        "gatewright.js" => ("text/javascript; charset=utf-8", SCRIPT),
        "gatewright.svg" => ("image/svg+xml", ICON),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let kept = "public, max-age=31536000, immutable";
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, kept)], text).into_response()
}
