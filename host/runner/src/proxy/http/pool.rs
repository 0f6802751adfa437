//! Connections to the server, kept and used again: one request at a time on each with HTTP/1.1, all on one with HTTP/2.

use std::cell::RefCell;
use std::io;

use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};

use super::connection::Here;
use super::outlet::Outlet;
use crate::proxy::{ServerSide, Target, sockets};

/// Unused connections that are kept.
const MAX_IDLE: usize = 128;
/// Bytes that a server may send on one response before it must wait, with HTTP/2.
const WINDOW: u32 = 256 << 10;
/// Bytes of a response's head.
const MAX_HEAD: usize = 64 << 10;

/// The connections of one service on one thread.
pub(in crate::proxy) struct Pool {
    target: Target,
    tls: Option<ServerSide>,
    http2: bool,
    idle: RefCell<Vec<http1::SendRequest<Outlet>>>,
    shared: RefCell<Option<http2::SendRequest<Outlet>>>,
    /// One connects at a time with HTTP/2; the others wait for what comes of it.
    connecting: tokio::sync::Mutex<()>,
}

/// A response, and what it came over: a connection that is free when the response is over, where it serves one alone.
pub(in crate::proxy) struct Answer {
    pub(in crate::proxy) response: Response<Incoming>,
    pub(in crate::proxy) lease: Option<http1::SendRequest<Outlet>>,
}

/// Why there is no response.
pub(in crate::proxy) enum Unreachable {
    Connect(sockets::Unreachable),
    BrokeOff(hyper::Error),
}

impl Pool {
    pub(in crate::proxy) fn new(target: Target, tls: Option<ServerSide>, http2: bool) -> Self {
        let (idle, shared) = (RefCell::default(), RefCell::default());
        Self { target, tls, http2, idle, shared, connecting: tokio::sync::Mutex::new(()) }
    }

    pub(in crate::proxy) fn is_http2(&self) -> bool {
        self.http2
    }

    pub(in crate::proxy) fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// Sends a request. A kept connection may turn out to be closed; if nothing was sent, another one is tried.
    pub(in crate::proxy) async fn send(&self, request: Request<Outlet>) -> Result<Answer, Unreachable> {
        if self.http2 { self.send_shared(request).await } else { self.send_alone(request).await }
    }

    async fn send_alone(&self, mut request: Request<Outlet>) -> Result<Answer, Unreachable> {
        loop {
            let kept = self.kept().await;
            let fresh = kept.is_none();
            let mut sender = match kept {
                Some(sender) => sender,
                None => self.connect().await.map_err(Unreachable::Connect)?,
            };
            match sender.try_send_request(request).await {
                Ok(response) => return Ok(Answer { response, lease: Some(sender) }),
                Err(mut error) => match error.take_message() {
                    Some(again) if !fresh => request = again,
                    _ => return Err(Unreachable::BrokeOff(error.into_error())),
                },
            }
        }
    }

    async fn kept(&self) -> Option<http1::SendRequest<Outlet>> {
        loop {
            let mut sender = self.idle.borrow_mut().pop()?;
            if sender.ready().await.is_ok() {
                return Some(sender);
            }
        }
    }

    async fn connect(&self) -> Result<http1::SendRequest<Outlet>, sockets::Unreachable> {
        let socket = sockets::connect(&self.target, self.tls.as_ref()).await?;
        let mut builder = http1::Builder::new();
        builder.max_buf_size(MAX_HEAD);
        let (sender, connection) = builder.handshake(TokioIo::new(socket)).await.map_err(io::Error::other)?;
        tokio::task::spawn_local(async move {
            // How it ends, the requests on it tell.
            let _ = connection.await;
        });
        Ok(sender)
    }

    /// The response is over: its connection can be used again.
    pub(in crate::proxy) fn give_back(&self, sender: http1::SendRequest<Outlet>) {
        let mut idle = self.idle.borrow_mut();
        if !sender.is_closed() && idle.len() < MAX_IDLE {
            idle.push(sender);
        }
    }

    async fn send_shared(&self, mut request: Request<Outlet>) -> Result<Answer, Unreachable> {
        let mut tries = 0;
        loop {
            tries += 1;
            let mut sender = self.shared().await.map_err(Unreachable::Connect)?;
            match sender.try_send_request(request).await {
                Ok(response) => return Ok(Answer { response, lease: None }),
                Err(mut error) => match error.take_message() {
                    Some(again) if tries < 3 => request = again,
                    _ => return Err(Unreachable::BrokeOff(error.into_error())),
                },
            }
        }
    }

    async fn shared(&self) -> Result<http2::SendRequest<Outlet>, sockets::Unreachable> {
        let known = || self.shared.borrow().clone().filter(|sender| !sender.is_closed());
        if let Some(sender) = known() {
            return Ok(sender);
        }
        let _alone = self.connecting.lock().await;
        if let Some(sender) = known() {
            return Ok(sender);
        }
        let socket = sockets::connect(&self.target, self.tls.as_ref()).await?;
        let mut builder = http2::Builder::new(Here);
        builder
            .timer(TokioTimer::new())
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW * 4)
            .max_header_list_size(MAX_HEAD as u32)
            .max_send_buf_size(MAX_HEAD);
        let (sender, connection) = builder.handshake(TokioIo::new(socket)).await.map_err(io::Error::other)?;
        tokio::task::spawn_local(async move {
            let _ = connection.await;
        });
        *self.shared.borrow_mut() = Some(sender.clone());
        Ok(sender)
    }
}
