//! What comes out of the filters, as a body that hyper sends.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use hyper::{Response, StatusCode};

use super::outbound;
use crate::http::{Broken, Flow, Frame as Part};

/// A body that comes out of the filters. Where nobody wants it any more, they learn of it.
pub(in crate::proxy) struct Outlet {
    flow: Flow,
    ended: bool,
    cancels: bool,
}

/// A body broke off; the source tells HTTP/2 why.
#[derive(Debug, thiserror::Error)]
#[error("the message broke off")]
pub(in crate::proxy) struct BrokeOff(#[source] Option<h2::Error>);

impl Outlet {
    pub(in crate::proxy) fn new(flow: Flow) -> Self {
        Self { flow, ended: false, cancels: false }
    }

    /// A body of gRPC: where it breaks off, the call was cancelled.
    pub(in crate::proxy) fn cancelling(flow: Flow) -> Self {
        Self { flow, ended: false, cancels: true }
    }
}

impl Body for Outlet {
    type Data = Bytes;
    type Error = BrokeOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokeOff>>> {
        let part = std::task::ready!(self.flow.poll_frame(context));
        self.ended = matches!(part, None | Some(Ok(Part::Trailers(_)) | Err(_)));
        let reason = || self.cancels.then(|| h2::Reason::CANCEL.into());
        Poll::Ready(part.map(|part| match part {
            Ok(Part::Data(bytes)) => Ok(Frame::data(bytes)),
            Ok(Part::Trailers(trailers)) => Ok(Frame::trailers(outbound::fields(&trailers))),
            Err(Broken) => Err(BrokeOff(reason())),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.flow.taken()
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        if !self.ended && !self.flow.taken() {
            self.flow.abandon();
        }
    }
}

/// A response of the proxy's own, of which no filter knows.
pub(super) fn response(status: StatusCode, text: &'static str) -> Response<Outlet> {
    let flow = Flow::default();
    flow.push(Bytes::from_static(text.as_bytes()), true);
    let mut response = Response::new(Outlet::new(flow));
    *response.status_mut() = status;
    let length = hyper::header::HeaderValue::from(text.len());
    response.headers_mut().insert(hyper::header::CONTENT_LENGTH, length);
    if !text.is_empty() {
        let plain = hyper::header::HeaderValue::from_static("text/plain");
        response.headers_mut().insert(hyper::header::CONTENT_TYPE, plain);
    }
    response
}
