//! The two documents that a relying party reads, over plain HTTP.

use std::io::{BufRead, BufReader, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};

use super::Shared;

pub(super) fn start(listener: TcpListener, issuer: String, shared: Arc<Shared>) {
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if shared.closed.load(Ordering::Relaxed) {
                return;
            }
            let (issuer, shared) = (issuer.clone(), Arc::clone(&shared));
            // A client that is slow or gone must not keep the others waiting.
            std::thread::spawn(move || answer(stream, &issuer, &shared));
        }
    });
}

fn answer(mut stream: TcpStream, issuer: &str, shared: &Shared) -> Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let (status, body) = document(request.split_whitespace().nth(1).unwrap_or_default(), issuer, shared);
    let body = body.to_string();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn document(path: &str, issuer: &str, shared: &Shared) -> (&'static str, Value) {
    if path == "/jwks.json" {
        shared.requests.fetch_add(1, Ordering::Relaxed);
    }
    if !shared.available.load(Ordering::Relaxed) {
        return ("503 Service Unavailable", json!({ "error": "switched off by the test" }));
    }
    match path {
        "/.well-known/openid-configuration" => (
            "200 OK",
            json!({
                "issuer": issuer,
                "jwks_uri": format!("{issuer}/jwks.json"),
                "authorization_endpoint": format!("{issuer}/authorize"),
                "token_endpoint": format!("{issuer}/token"),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "ES256", "EdDSA"],
            }),
        ),
        "/jwks.json" => {
            let keys = shared.keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let keys: Vec<Value> = keys.iter().map(|key| key.jwk.clone()).collect();
            ("200 OK", json!({ "keys": keys }))
        }
        _ => ("404 Not Found", json!({ "error": "not found" })),
    }
}
