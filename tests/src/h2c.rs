//! An HTTP/2 client without TLS that sends and reads trailers, and says how far an answer came.

use std::convert::Infallible;
use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::Request;
use hyper::body::{Bytes, Frame};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<Vec<u8>>,
    trailers: Vec<(String, String)>,
}

impl Asked {
    /// Without headers and body.
    pub fn new(method: &str, path: &str) -> Self {
        Self { method: method.to_owned(), path: path.to_owned(), ..Self::default() }
    }

    /// With a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a piece of a body.
    pub fn body(mut self, piece: &[u8]) -> Self {
        self.body.push(piece.to_vec());
        self
    }

    /// With a trailer.
    pub fn trailer(mut self, name: &str, value: &str) -> Self {
        self.trailers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// What came back.
#[derive(Debug, Clone, Default)]
pub struct Got {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Body, as far as it came.
    pub body: String,
    /// Trailers.
    pub trailers: Vec<(String, String)>,
    /// Whether the stream was reset.
    pub broken: bool,
}

/// Sends a request to `address:port` with prior knowledge.
pub fn ask(address: &str, asked: Asked) -> Result<Got> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime
        .block_on(async { timeout(PATIENCE, exchange(address, asked)).await.context("no answer in time")? })
}

async fn exchange(address: &str, asked: Asked) -> Result<Got> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let uri = if asked.method == "CONNECT" {
        address.to_owned()
    } else {
        format!("http://{address}{}", asked.path)
    };
    let mut request = Request::builder().method(asked.method.as_str()).uri(uri);
    for (name, value) in &asked.headers {
        request = request.header(name, value);
    }
    let mut frames: Vec<Result<Frame<Bytes>, Infallible>> =
        asked.body.into_iter().map(|piece| Ok(Frame::data(piece.into()))).collect();
    if !asked.trailers.is_empty() {
        frames.push(Ok(Frame::trailers(map(&asked.trailers)?)));
    }
    let body = StreamBody::new(stream::iter(frames));
    let mut got = Got::default();
    let response = match sender.send_request(request.body(body)?).await {
        Ok(response) => response,
        Err(_) => return Ok(Got { broken: true, ..got }),
    };
    got.status = response.status().as_u16();
    got.headers = pairs(response.headers());
    let mut body = response.into_body();
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => match frame.into_data() {
                Ok(data) => bytes.extend_from_slice(&data),
                Err(frame) => got.trailers = frame.trailers_ref().map(pairs).unwrap_or_default(),
            },
            Err(_) => {
                got.broken = true;
                break;
            }
        }
    }
    got.body = String::from_utf8_lossy(&bytes).into_owned();
    Ok(got)
}

fn map(pairs: &[(String, String)]) -> Result<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        map.append(HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_str(value)?);
    }
    Ok(map)
}

fn pairs(map: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    map.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}
