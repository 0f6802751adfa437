//! What comes out of the filters, as a body that hyper sends.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use hyper::{Response, StatusCode};

use super::outbound;
use crate::http::{Broken, Flow, Frame as Part};

/// A body that comes out of the filters. Where nobody wants it any more, they learn of it.
pub(super) struct Outlet {
    flow: Flow,
    ended: bool,
}

impl Outlet {
    pub(super) fn new(flow: Flow) -> Self {
        Self { flow, ended: false }
    }
}

impl Body for Outlet {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let part = std::task::ready!(self.flow.poll_frame(context));
        self.ended = matches!(part, None | Some(Ok(Part::Trailers(_)) | Err(_)));
        Poll::Ready(part.map(|part| {
            part.map(|part| match part {
                Part::Data(bytes) => Frame::data(bytes),
                Part::Trailers(trailers) => Frame::trailers(outbound::fields(&trailers)),
            })
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
