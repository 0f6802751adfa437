//! Moves the parts of one request and its response: from the connections into the chain, and what the chain lets pass to
//! the connections.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::Response;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1::SendRequest;
use tokio::sync::oneshot;

use super::outlet::Outlet;
use super::pool::{Answer, Unreachable};
use super::{HttpService, inbound, outbound};
use crate::chain::ConnectionId;
use crate::fault::Fault;
use crate::http::{Exchange, Flow, HttpChain, Way};
use crate::metrics::Kind;

/// How long a client may go on to send a request that is answered: closing at once, with bytes of it unread, would
/// destroy the answer on its way.
const LINGER: Duration = Duration::from_secs(1);
/// Said in Envoy's words, which those who operate know.
const UNREACHABLE: &str = "upstream connect error or disconnect/reset before headers";

type Asking = Pin<Box<dyn Future<Output = Result<Answer, Unreachable>>>>;

/// The server, as far as this request goes.
enum Server {
    /// Not asked yet.
    Waiting,
    Asked(Asking),
    Answers {
        body: Incoming,
        lease: Option<SendRequest<Outlet>>,
        by_frames: bool,
    },
    /// Has said all, or is not listened to.
    Done,
}

/// One request with its response.
pub(super) struct Pump {
    service: Rc<HttpService>,
    id: ConnectionId,
    to_server: Flow,
    to_client: Flow,
    request: Option<Incoming>,
    /// The end of the request comes with its last bytes, and not by itself.
    by_frames: bool,
    client: Option<oneshot::Sender<Response<Outlet>>>,
    server: Server,
}

impl Pump {
    pub(super) fn new(
        service: Rc<HttpService>,
        id: ConnectionId,
        exchange: &Exchange,
        request: Option<Incoming>,
        by_frames: bool,
        client: oneshot::Sender<Response<Outlet>>,
    ) -> Self {
        let (to_server, to_client) =
            (exchange.out(Way::Request).clone(), exchange.out(Way::Response).clone());
        let (client, server) = (Some(client), Server::Waiting);
        Self { service, id, to_server, to_client, request, by_frames, client, server }
    }

    /// Serves the request to its end.
    pub(super) async fn run(mut self) {
        let worker = self.service.worker.clone();
        poll_fn(|context| self.poll(context)).await;
        self.deliver();
        worker.unwatch(self.id);
        worker.with(|chain| chain.close(self.id));
        worker.metrics.add(Kind::Gauge, "gatewright_requests", -1);
        self.server = Server::Done;
        self.leave().await;
    }

    /// Lets a client that still sends go on for a moment.
    async fn leave(self) {
        // With HTTP/2 it is told to stop.
        let Some(mut request) = self.request.filter(|_| !self.by_frames && self.to_client.ended()) else {
            return;
        };
        let rest = poll_fn(|context| {
            while let Poll::Ready(frame) = Pin::new(&mut request).poll_frame(context) {
                if !matches!(frame, Some(Ok(_))) {
                    return Poll::Ready(());
                }
            }
            Poll::Pending
        });
        let _ = tokio::time::timeout(LINGER, rest).await;
    }

    fn act(&self, act: impl FnOnce(&mut HttpChain) -> Result<(), Fault>) {
        self.service.worker.with_for(Some(self.id), act);
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let worker = self.service.worker.clone();
        let limit = worker.service.buffer_limit;
        worker.watch(self.id, context.waker());
        self.to_server.watch(context.waker());
        self.to_client.watch(context.waker());
        loop {
            if self.client_is_gone(context) {
                self.act(|chain| {
                    chain.broke_off(self.id);
                    Ok(())
                });
                return Poll::Ready(());
            }
            self.deliver();
            let state = worker.exchange(self.id, |exchange| {
                let wants = |way| exchange.wants(way, limit);
                (wants(Way::Request), wants(Way::Response), exchange.is_replied(), exchange.is_over())
            });
            let Some((wants_request, wants_response, replied, over)) = state else { return Poll::Ready(()) };
            if over {
                return Poll::Ready(());
            }
            if replied {
                self.server = Server::Done;
            }
            let moved =
                wants_request && self.poll_request(context) || self.poll_server(context, wants_response);
            if !moved {
                return Poll::Pending;
            }
        }
    }

    fn client_is_gone(&mut self, context: &mut Context<'_>) -> bool {
        match &mut self.client {
            Some(client) => client.poll_closed(context).is_ready(),
            None => self.to_client.abandoned(),
        }
    }

    /// Hands the response over when its head is there.
    fn deliver(&mut self) {
        let Some(head) = self.to_client.take_head() else { return };
        let Some(client) = self.client.take() else { return };
        match outbound::response(&head, self.to_client.clone()) {
            // Who is gone is seen the next time.
            Some(response) => drop(client.send(response)),
            None => {
                tracing::warn!(
                    service = self.service.worker.service.name,
                    "a filter made a response that is none"
                );
                drop(client);
                self.to_client.abandon();
            }
        }
    }

    /// Reads some of the request; tells whether there was any.
    fn poll_request(&mut self, context: &mut Context<'_>) -> bool {
        let Some(body) = &mut self.request else { return false };
        let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(context) else { return false };
        let ended = match &frame {
            Some(Ok(frame)) => frame.is_trailers() || self.by_frames && body.is_end_stream(),
            _ => true,
        };
        if ended {
            self.request = None;
        }
        self.feed(Way::Request, frame, ended);
        true
    }

    /// Hands a part of a message to the chain.
    fn feed(&self, way: Way, frame: Option<Result<hyper::body::Frame<Bytes>, hyper::Error>>, ended: bool) {
        self.act(|chain| match frame {
            None => chain.body(self.id, way, BytesMut::new(), true),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(bytes) => chain.body(self.id, way, bytes.into(), ended),
                Err(frame) => match frame.into_trailers() {
                    Ok(trailers) => chain.trailers(self.id, way, inbound::trailers(&trailers)),
                    Err(_) => Ok(()),
                },
            },
            Some(Err(_)) => {
                chain.broke_off(self.id);
                Ok(())
            }
        });
    }

    /// Asks the server, and hears what it says; tells whether there was anything.
    fn poll_server(&mut self, context: &mut Context<'_>, wanted: bool) -> bool {
        match &mut self.server {
            Server::Waiting => self.ask(),
            Server::Asked(asking) => {
                let Poll::Ready(answer) = asking.as_mut().poll(context) else { return false };
                self.hear(answer);
                true
            }
            Server::Answers { body, by_frames, .. } => {
                if !wanted {
                    return false;
                }
                let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(context) else { return false };
                let ended = match &frame {
                    Some(Ok(frame)) => frame.is_trailers() || *by_frames && body.is_end_stream(),
                    _ => true,
                };
                let whole = ended && !matches!(frame, Some(Err(_)));
                if ended {
                    self.server_is_done(whole);
                }
                self.feed(Way::Response, frame, ended);
                true
            }
            Server::Done => false,
        }
    }

    fn ask(&mut self) -> bool {
        let Some(head) = self.to_server.take_head() else { return false };
        let service = self.service.clone();
        let (http2, encrypted) = (service.pool.is_http2(), service.pool.is_encrypted());
        match outbound::request(&head, self.to_server.clone(), http2, encrypted) {
            Some(request) => {
                self.server = Server::Asked(Box::pin(async move { service.pool.send(request).await }));
            }
            None => {
                self.server = Server::Done;
                self.act(|chain| chain.unavailable(self.id, 400, "the request cannot be sent on"));
            }
        }
        true
    }

    fn hear(&mut self, answer: Result<Answer, Unreachable>) {
        let name = &self.service.worker.service.name;
        match answer {
            Ok(Answer { response, lease }) => {
                let (head, body) = response.into_parts();
                let (end, by_frames) = (body.is_end_stream(), lease.is_none());
                self.server = Server::Answers { body, lease, by_frames };
                if end {
                    self.server_is_done(true);
                }
                self.act(|chain| chain.respond(self.id, inbound::response(&head), end));
            }
            Err(error) => {
                match error {
                    Unreachable::Connect(error) => {
                        let target = &self.service.worker.service.upstream;
                        tracing::warn!(service = name, %target, %error, "the server cannot be reached");
                    }
                    Unreachable::BrokeOff(error) => {
                        tracing::debug!(service = name, %error, "the server broke off");
                    }
                }
                self.server = Server::Done;
                self.act(|chain| chain.unavailable(self.id, 503, UNREACHABLE));
            }
        }
    }

    /// The server has said all: its connection is free, if it has heard all, too.
    fn server_is_done(&mut self, whole: bool) {
        if let Server::Answers { lease: Some(lease), .. } = std::mem::replace(&mut self.server, Server::Done)
            && whole
            && self.to_server.taken()
        {
            self.service.pool.give_back(lease);
        }
    }
}
