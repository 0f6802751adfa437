//! A service that passes requests and responses on.

mod connection;
mod inbound;
pub(super) mod outbound;
pub(super) mod outlet;
pub(super) mod pool;
mod pump;

use std::rc::Rc;

use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode, Version};
use tokio::sync::{oneshot, watch};

use super::thread::Visitor;
use super::worker::Worker;
use super::{HttpOptions, number, sockets};
use crate::http::HttpChain;
use crate::metrics::Kind;
use crate::state::Info;

use inbound::Refusal;
use outlet::{Outlet, response};
use pool::Pool;
use pump::Pump;

/// A service on one thread: its filters, and the connections to its server.
pub(super) struct HttpService {
    worker: Rc<Worker<HttpChain>>,
    pool: Pool,
}

/// The exchange ended without a response: all that can be done is to break off.
#[derive(Debug, thiserror::Error)]
#[error("the response broke off")]
struct Aborted;

impl HttpService {
    pub(super) fn new(worker: Rc<Worker<HttpChain>>, options: &HttpOptions) -> Self {
        let service = &worker.service;
        let pool = Pool::new(service.upstream.clone(), service.upstream_tls.clone(), options.upstream_http2);
        Self { worker, pool }
    }

    pub(super) async fn end(&self) {
        self.worker.clone().end().await;
    }

    /// Serves one connection to its end.
    pub(super) async fn visit(self: Rc<Self>, visitor: Visitor, draining: watch::Receiver<bool>) {
        let worker = &self.worker;
        let service = &worker.service;
        let begun = async { service.client.accept_http(sockets::client(visitor.socket)?).await };
        let client = match begun.await {
            Ok(client) => client,
            Err(error) => {
                worker.metrics.count("gatewright_connections_not_begun_total");
                tracing::debug!(service = service.name, source = %visitor.source, %error, "a client did not begin");
                return;
            }
        };
        let info = Info {
            id: number(),
            source: visitor.source.to_string(),
            destination: service.listen.to_string(),
            upstream: Some(service.upstream.to_string()),
            encryption: client.encryption,
        };
        let _present = worker.metrics.present("gatewright_connections");
        connection::serve(self.clone(), client.socket, info, draining).await;
    }

    /// What a request gets that comes when its connection is to end.
    fn leaving(&self) -> Response<Outlet> {
        self.worker.metrics.count("gatewright_requests_refused_total");
        response(StatusCode::SERVICE_UNAVAILABLE, "")
    }

    /// Answers one request.
    async fn handle(
        self: Rc<Self>,
        request: Request<Incoming>,
        info: &Info,
    ) -> Result<Response<Outlet>, Aborted> {
        let worker = &self.worker;
        worker.metrics.count("gatewright_requests_total");
        if worker.is_failed() {
            worker.metrics.count("gatewright_requests_refused_total");
            return Ok(response(StatusCode::SERVICE_UNAVAILABLE, ""));
        }
        let ended_by_frames = request.version() == Version::HTTP_2;
        let (head, body) = request.into_parts();
        let end = hyper::body::Body::is_end_stream(&body);
        let incoming = match inbound::request(&head, info, end, &worker.service.name) {
            Ok(incoming) => incoming,
            Err(Refusal { status, text }) => {
                worker.metrics.count("gatewright_requests_refused_total");
                return Ok(response(status, text));
            }
        };
        let (answers, answer) = oneshot::channel();
        let mut opened = None;
        // Where a filter failed, the way out says so.
        let _ = worker.with(|chain| {
            chain.open(incoming, |id, exchange| {
                let body = (!end).then_some(body);
                opened = Some(Pump::new(self.clone(), id, exchange, body, ended_by_frames, answers));
            })
        });
        let Some(pump) = opened else { return Err(Aborted) };
        worker.metrics.add(Kind::Gauge, "gatewright_requests", 1);
        tokio::task::spawn_local(pump.run());
        answer.await.map_err(|_| Aborted)
    }
}

impl Worker<HttpChain> {
    /// Looks at an exchange; `None` where it is gone.
    fn exchange<T>(
        &self,
        id: crate::chain::ConnectionId,
        look: impl FnOnce(&crate::http::Exchange) -> T,
    ) -> Option<T> {
        self.chain.borrow().exchange(id).map(look)
    }
}
