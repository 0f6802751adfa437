//! One client's connection: HTTP/1.1, or HTTP/2 with prior knowledge.

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::sync::watch;
use tokio::time::Instant;

use super::HttpService;
use crate::proxy::sockets::AnySocket;
use crate::state::Info;

/// How long a client may take for a request's head, and be silent between two requests of HTTP/1.1.
const HEAD: Duration = Duration::from_secs(60);
/// How long a client may be silent otherwise.
const IDLE: Duration = Duration::from_secs(3600);
/// How long a connection that is told to end may take.
const LEAVE: Duration = Duration::from_secs(5);
/// Bytes of a request's head.
const MAX_HEAD: usize = 64 << 10;
/// Requests at the same time on one connection.
const MAX_STREAMS: u32 = 100;
/// Bytes that a client may send on one request before it must wait, with HTTP/2.
const WINDOW: u32 = 256 << 10;

/// Runs what hyper wants run, on this thread.
#[derive(Debug, Clone, Copy)]
pub(super) struct Here;

impl<F: Future + 'static> hyper::rt::Executor<F> for Here {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(async move {
            // Whoever waits for what it does has it otherwise.
            let _ = future.await;
        });
    }
}

/// What a client does.
struct Activity {
    requests: Cell<usize>,
    /// When it did something last, or the connection began.
    last: Cell<Instant>,
    /// Whether it asked for anything yet.
    began: Cell<bool>,
    /// Whether the connection is to end, once what is under way is done.
    leaving: Cell<bool>,
}

impl Activity {
    /// When to look whether the connection is idle; none where it is.
    fn deadline(&self) -> Option<Instant> {
        let now = Instant::now();
        let patience = if self.began.get() { IDLE } else { HEAD };
        match self.requests.get() {
            0 => Some(self.last.get() + patience).filter(|end| *end > now),
            _ => Some(now + patience),
        }
    }
}

/// Serves a connection to its end.
pub(super) async fn serve(
    service: Rc<HttpService>,
    socket: AnySocket,
    info: Info,
    mut draining: watch::Receiver<bool>,
) {
    let activity = Rc::new(Activity {
        requests: Cell::new(0),
        last: Cell::new(Instant::now()),
        began: Cell::new(false),
        leaving: Cell::new(false),
    });
    let name = service.worker.service.name.clone();
    let (info, acting) = (Rc::new(info), activity.clone());
    let answer = service_fn(move |request| {
        let (service, info, activity) = (service.clone(), info.clone(), acting.clone());
        activity.began.set(true);
        // A client that does not hear that it shall leave may go on asking; what it asks is not this connection's any more.
        let leaving = activity.leaving.get();
        activity.requests.set(activity.requests.get() + 1);
        let guard = Busy(activity);
        async move {
            let _guard = guard;
            if leaving { Ok(service.leaving()) } else { service.handle(request, &info).await }
        }
    });
    let mut builder = Builder::new(Here);
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(MAX_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW * 4)
        .max_header_list_size(MAX_HEAD as u32)
        .max_send_buf_size(MAX_HEAD);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(socket), answer));
    while let Some(deadline) = activity.deadline() {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(service = name, %error, "a connection ended");
                }
                return;
            }
            () = tokio::time::sleep_until(deadline) => {}
            _ = draining.wait_for(|draining| *draining) => {
                activity.leaving.set(true);
                connection.as_mut().graceful_shutdown();
                while tokio::time::timeout(LEAVE, connection.as_mut()).await.is_err() {
                    if activity.requests.get() == 0 {
                        return;
                    }
                }
                return;
            }
        }
    }
    connection.as_mut().graceful_shutdown();
    let _ = tokio::time::timeout(LEAVE, connection).await;
}

/// A request that is being answered.
struct Busy(Rc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.requests.set(self.0.requests.get().saturating_sub(1));
        self.0.last.set(Instant::now());
    }
}
