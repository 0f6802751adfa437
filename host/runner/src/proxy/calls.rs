//! HTTP calls of filters. Connections are kept and used again, one call at a time on each.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{HOST, HeaderName, HeaderValue};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::Target;
use super::http::pool::Pool;
use crate::abi::Pairs;
use crate::world::{HttpAnswer, HttpCall};

/// Bytes of an answer.
const MAX_ANSWER: usize = 64 << 20;
/// Unused connections that are kept to one cluster.
const MAX_IDLE: usize = 32;

type Sender = SendRequest<Full<Bytes>>;

/// The connections of one thread.
pub(super) struct Clients {
    clusters: HashMap<String, SocketAddr>,
    /// For gRPC.
    pools: HashMap<String, Rc<Pool>>,
    idle: RefCell<HashMap<SocketAddr, Vec<Sender>>>,
}

impl Clients {
    pub(super) fn new(clusters: HashMap<String, SocketAddr>) -> Self {
        let pool = |address: &SocketAddr| Rc::new(Pool::new(Target::Tcp(*address), None, true));
        let pools = clusters.iter().map(|(name, address)| (name.clone(), pool(address))).collect();
        Self { clusters, pools, idle: RefCell::default() }
    }

    /// The connection to a cluster that speaks gRPC.
    pub(super) fn pool(&self, cluster: &str) -> Option<&Rc<Pool>> {
        self.pools.get(cluster)
    }

    pub(super) fn knows(&self, cluster: &str) -> bool {
        self.clusters.contains_key(cluster)
    }

    /// Makes a call. As in Envoy, what went wrong is told by the answer: 503 where nobody could be reached, 504 where
    /// it took too long, and no headers where the answer broke off.
    pub(super) async fn call(&self, call: HttpCall) -> HttpAnswer {
        let timeout = call.timeout;
        let made = self.make(call);
        let made = match timeout {
            Some(timeout) => tokio::time::timeout(timeout, made).await,
            None => Ok(made.await),
        };
        made.unwrap_or_else(|_| HttpAnswer::of(504, b"upstream request timeout"))
    }

    async fn make(&self, call: HttpCall) -> HttpAnswer {
        let Some(address) = self.clusters.get(&call.cluster).copied() else {
            return HttpAnswer::of(503, b"no such cluster");
        };
        let Some(mut request) = request(call) else {
            return HttpAnswer::of(400, b"the request is malformed");
        };
        // A kept connection may turn out to be closed; then nothing was sent, and a new one is made.
        loop {
            let kept = self.idle.borrow_mut().get_mut(&address).and_then(Vec::pop);
            let fresh = kept.is_none();
            let sender = match kept {
                Some(sender) => Ok(sender),
                None => connect(address).await,
            };
            let mut sender = match sender {
                Ok(sender) => sender,
                Err(error) => return HttpAnswer::of(503, format!("cannot connect: {error}").as_bytes()),
            };
            match sender.try_send_request(request).await {
                Ok(response) => return self.answer(address, sender, response).await,
                Err(mut error) => match error.take_message() {
                    Some(again) if !fresh => request = again,
                    _ => return HttpAnswer::default(),
                },
            }
        }
    }

    async fn answer(&self, address: SocketAddr, sender: Sender, response: Response<Incoming>) -> HttpAnswer {
        let (head, body) = response.into_parts();
        let Ok(body) = Limited::new(body, MAX_ANSWER).collect().await else { return HttpAnswer::default() };
        let trailers = body.trailers().map(|map| pairs(map.iter())).unwrap_or_default();
        let mut headers = vec![(b":status".to_vec(), head.status.as_str().as_bytes().to_vec())];
        headers.extend(pairs(head.headers.iter()).0);
        if !sender.is_closed() {
            let mut idle = self.idle.borrow_mut();
            let kept = idle.entry(address).or_default();
            if kept.len() < MAX_IDLE {
                kept.push(sender);
            }
        }
        HttpAnswer { headers: Pairs(headers), body: body.to_bytes().to_vec(), trailers }
    }
}

fn pairs<'a>(headers: impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)>) -> Pairs {
    Pairs(
        headers.map(|(name, value)| (name.as_str().as_bytes().to_vec(), value.as_bytes().to_vec())).collect(),
    )
}

async fn connect(address: SocketAddr) -> io::Result<Sender> {
    let socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(socket)).await.map_err(io::Error::other)?;
    tokio::task::spawn_local(async move {
        // How it ends, the calls on it tell.
        let _ = connection.await;
    });
    Ok(sender)
}

fn request(call: HttpCall) -> Option<Request<Full<Bytes>>> {
    let mut request = Request::builder();
    for (name, value) in &call.headers.0 {
        request = match name.as_slice() {
            b":method" => request.method(value.as_slice()),
            b":path" => request.uri(value.as_slice()),
            b":authority" => request.header(HOST, value.as_slice()),
            name if name.starts_with(b":") => request,
            name => request.header(name, value.as_slice()),
        };
    }
    request.body(Full::new(Bytes::from(call.body))).ok()
}
