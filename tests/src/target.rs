//! A small HTTP server that a test tells what to answer, and that keeps what it got.

use std::future::Future as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::Result;
use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue, UPGRADE};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::time::Sleep;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

/// A request as it arrived.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub http: String,
    /// Names in lower case, and values; HTTP/2's authority as `:authority`.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
    /// Trailers.
    pub trailers: Vec<(String, String)>,
    /// Whether all of it arrived.
    pub whole: bool,
}

impl Seen {
    /// The one header of a name; `None` where there is none, or more than one.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter().filter(|(known, _)| known == name);
        let one = all.next()?;
        all.next().is_none().then_some(one.1.as_str())
    }
}

/// What to answer.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body, piece by piece.
    pub body: Vec<Vec<u8>>,
    /// Trailers after it.
    pub trailers: Vec<(String, String)>,
    /// The connection breaks after the body, which is not at its end.
    pub breaks: bool,
    /// It becomes a WebSocket that sends back what it gets.
    pub web_socket: bool,
}

impl Answer {
    /// Of a status and a body.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, body: vec![body.into()], ..Self::default() }
    }

    /// 200 with JSON.
    pub fn json(body: &str) -> Self {
        Self::new(200, body).header("content-type", "application/json")
    }

    /// The same with one more header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with a trailer.
    pub fn trailer(mut self, name: &str, value: &str) -> Self {
        self.trailers.push((name.to_owned(), value.to_owned()));
        self
    }
}

type Handler = dyn Fn(&Seen) -> Answer + Send + Sync;

/// The server: HTTP/1.1, and HTTP/2 without TLS. Ends when it is dropped.
pub struct Target {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    runtime: Option<Runtime>,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Target({})", self.address)
    }
}

impl Target {
    /// Starts it. `handler` answers each request once all of it has come.
    pub fn start(handler: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let address = listener.local_addr()?;
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (shared, handler): (_, Arc<Handler>) = (Arc::clone(&seen), Arc::new(handler));
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, handler) = (Arc::clone(&shared), Arc::clone(&handler));
                tokio::spawn(async move {
                    let service = service_fn(move |request| serve(request, seen.clone(), handler.clone()));
                    let builder = Builder::new(TokioExecutor::new());
                    // What breaks off is what the test is about.
                    let _ = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
                });
            }
        });
        Ok(Self { address, seen, runtime: Some(runtime) })
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Every request so far; also those that have only begun.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.seen).clone()
    }

    /// The same, and forgets them.
    pub fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut lock(&self.seen))
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_millis(200));
        }
    }
}

fn lock(seen: &Mutex<Vec<Seen>>) -> MutexGuard<'_, Vec<Seen>> {
    seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn pairs(map: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    map.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}

async fn serve(
    mut request: Request<Incoming>,
    seen: Arc<Mutex<Vec<Seen>>>,
    handler: Arc<Handler>,
) -> Result<Response<Pieces>, std::io::Error> {
    let mut this = Seen {
        method: request.method().to_string(),
        path: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
        http: format!("{:?}", request.version()),
        headers: pairs(request.headers()),
        ..Seen::default()
    };
    if let Some(authority) = request.uri().authority() {
        this.headers.push((":authority".to_owned(), authority.to_string()));
    }
    let place = {
        let mut all = lock(&seen);
        all.push(this.clone());
        all.len() - 1
    };
    let upgrade = hyper::upgrade::on(&mut request);
    let key = request.headers().get("sec-websocket-key").cloned();
    let body = request.into_body().collect().await;
    if let Ok(body) = &body {
        this.trailers = body.trailers().map(pairs).unwrap_or_default();
        this.whole = true;
    }
    let broken = body.as_ref().err().map(ToString::to_string);
    this.body = body.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
    if let Some(slot) = lock(&seen).get_mut(place) {
        slot.clone_from(&this);
    }
    if let Some(broken) = broken {
        return Err(std::io::Error::other(broken));
    }
    let answer = handler(&this);
    if let (true, Some(key)) = (answer.web_socket, key) {
        tokio::spawn(async move {
            let Ok(upgraded) = upgrade.await else { return };
            let stream = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None);
            let (mut to, mut from) = stream.await.split();
            while let Some(Ok(message)) = from.next().await {
                if (message.is_text() || message.is_binary()) && to.send(message).await.is_err() {
                    break;
                }
            }
        });
        let accept = derive_accept_key(key.as_bytes());
        return respond(
            Answer::new(101, "")
                .header(CONNECTION.as_str(), "upgrade")
                .header(UPGRADE.as_str(), "websocket")
                .header("sec-websocket-accept", &accept),
        );
    }
    respond(answer)
}

fn respond(answer: Answer) -> Result<Response<Pieces>, std::io::Error> {
    let other = |cause: &dyn std::error::Error| std::io::Error::other(cause.to_string());
    let map = |pairs: &[(String, String)]| -> Result<HeaderMap, std::io::Error> {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|cause| other(&cause))?;
            map.append(name, HeaderValue::from_str(value).map_err(|cause| other(&cause))?);
        }
        Ok(map)
    };
    let (headers, trailers) = (map(&answer.headers)?, map(&answer.trailers)?);
    let mut frames: Vec<Result<Frame<Bytes>, std::io::Error>> = answer
        .body
        .into_iter()
        .filter(|piece| !piece.is_empty())
        .map(|piece| Ok(Frame::data(piece.into())))
        .collect();
    if !trailers.is_empty() {
        frames.push(Ok(Frame::trailers(trailers)));
    }
    if answer.breaks {
        frames.push(Err(std::io::Error::other("broken on purpose")));
    }
    frames.reverse();
    let pause = Box::pin(tokio::time::sleep(Duration::from_millis(200)));
    let mut response = Response::new(Pieces { frames, pause });
    *response.status_mut() = StatusCode::from_u16(answer.status).map_err(|cause| other(&cause))?;
    *response.headers_mut() = headers;
    Ok(response)
}

/// Pieces of a body, the last one first.
struct Pieces {
    frames: Vec<Result<Frame<Bytes>, std::io::Error>>,
    /// What was sent shall arrive before the connection breaks.
    pause: Pin<Box<Sleep>>,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if self.frames.last().is_some_and(Result::is_err) && self.pause.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        Poll::Ready(self.frames.pop())
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty()
    }
}
