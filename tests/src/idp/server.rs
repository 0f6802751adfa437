//! What a relying party reads, and where people sign in, over plain HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Result, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};

use super::Shared;
use super::sign_in::{self, Answer};

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
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut input = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    input.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (mut length, mut authorization) = (0, String::new());
    loop {
        line.clear();
        input.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "authorization" => value.trim().clone_into(&mut authorization),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body)?;
    let body = String::from_utf8_lossy(&body);
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let Answer { status, kind, location, body } = match (method.as_str(), path) {
        ("GET", "/authorize") => sign_in::authorize(query, shared),
        ("POST", "/authorize") => sign_in::authorized(&body, shared),
        ("POST", "/token") => sign_in::token(&authorization, &body, issuer, shared),
        _ => {
            let (status, body) = document(path, issuer, shared);
            Answer::json(status, &body)
        }
    };
    let location = location.map(|location| format!("location: {location}\r\n")).unwrap_or_default();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\n{location}content-length: {}\r\nconnection: close\r\n\r\n{body}",
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
