//! The callbacks of HTTP filters.

use super::Way;
use super::view::View;
use crate::exports::Exports;
use crate::fault::Fault;
use crate::state::{ROOT, SharedBytes, Stream};
use crate::vm::{Vm, count};

impl Vm {
    /// A request is there.
    pub(super) fn http_open(&mut self, id: u32, stream: Stream) -> Result<(), Fault> {
        self.state_mut().streams.insert(id, stream);
        self.call(id, "proxy_on_context_create", |e| &e.context_create, (id, ROOT)).map(drop)
    }

    /// A head is there. The answer's number is that of the ABI; 0 lets it pass.
    pub(super) fn http_head(&mut self, id: u32, way: Way, end: bool) -> Result<u32, Fault> {
        let Some(view) = self.view(id) else { return Ok(0) };
        view.shown(way).head = true;
        let fields = count(view.facts.message(way).head.borrow().0.len());
        let (new, old) = ((id, fields, u32::from(end)), (id, fields));
        let number = match way {
            Way::Request if self.exports().request_headers.is_some() => {
                self.call(id, "proxy_on_request_headers", |e| &e.request_headers, new)
            }
            Way::Request => self.call(id, "proxy_on_request_headers", |e| &e.request_headers_old, old),
            Way::Response if self.exports().response_headers.is_some() => {
                self.call(id, "proxy_on_response_headers", |e| &e.response_headers, new)
            }
            Way::Response => self.call(id, "proxy_on_response_headers", |e| &e.response_headers_old, old),
        };
        let number = number?.unwrap_or(0);
        if let Some(view) = self.view(id) {
            view.shown(way).head = number != 0;
        }
        Ok(number)
    }

    /// Whether it looks at bodies at all.
    pub(super) fn http_sees_body(&self, way: Way) -> bool {
        match way {
            Way::Request => self.exports().request_body.is_some(),
            Way::Response => self.exports().response_body.is_some(),
        }
    }

    /// Some of a body is there, in `bytes`. Tells, too, whether the filter added trailers.
    pub(super) fn http_body(
        &mut self,
        id: u32,
        way: Way,
        bytes: &SharedBytes,
        end: bool,
    ) -> Result<(u32, bool), Fault> {
        let Some(view) = self.view(id) else { return Ok((0, false)) };
        let shown = view.shown(way);
        (shown.body, shown.end) = (Some(bytes.clone()), end);
        let arguments = (id, count(bytes.borrow().len()), u32::from(end));
        let number = match way {
            Way::Request => self.call(id, "proxy_on_request_body", |e| &e.request_body, arguments),
            Way::Response => self.call(id, "proxy_on_response_body", |e| &e.response_body, arguments),
        };
        let number = number?.unwrap_or(0);
        let Some(view) = self.view(id) else { return Ok((number, false)) };
        let shown = view.shown(way);
        shown.end = false;
        if number == 0 {
            shown.body = None;
        }
        Ok((number, std::mem::take(&mut shown.added_trailers)))
    }

    /// Trailers are there.
    pub(super) fn http_trailers(&mut self, id: u32, way: Way) -> Result<u32, Fault> {
        let Some(view) = self.view(id) else { return Ok(0) };
        view.shown(way).trailers = true;
        let fields = count(view.facts.message(way).trailers.borrow().0.len());
        let number = match way {
            Way::Request => self.call(id, "proxy_on_request_trailers", |e| &e.request_trailers, (id, fields)),
            Way::Response => {
                self.call(id, "proxy_on_response_trailers", |e| &e.response_trailers, (id, fields))
            }
        };
        let number = number?.unwrap_or(0);
        if let Some(view) = self.view(id) {
            view.shown(way).trailers = number != 0;
        }
        Ok(number)
    }

    /// What was stopped of a message went on.
    pub(super) fn http_hide(&mut self, id: u32, way: Way) {
        if let Some(view) = self.view(id) {
            *view.shown(way) = super::view::Shown::default();
        }
    }

    /// The exchange is over: the filter may say something to its log.
    pub(super) fn http_log(&mut self, id: u32) -> Result<(), Fault> {
        for way in [Way::Request, Way::Response] {
            self.http_hide(id, way);
        }
        if let Some(view) = self.view(id) {
            view.logging = true;
        }
        self.call(id, "proxy_on_log", |e| &e.log, id)?;
        if let Some(view) = self.view(id) {
            view.logging = false;
        }
        Ok(())
    }

    /// The exchange is over: the filter forgets it, or says when it will.
    pub(super) fn http_done(&mut self, id: u32) -> Result<(), Fault> {
        if self.call(id, "proxy_on_done", |e| &e.done, id)? == Some(0) {
            if let Some(stream) = self.state_mut().streams.get_mut(&id) {
                stream.awaits_done = true;
            }
            return Ok(());
        }
        self.http_delete(id)
    }

    /// What comes after `proxy_on_done`.
    pub(super) fn http_delete(&mut self, id: u32) -> Result<(), Fault> {
        self.call(id, "proxy_on_delete", |e| &e.delete, id)?;
        self.state_mut().streams.remove(&id);
        Ok(())
    }

    fn view(&mut self, id: u32) -> Option<&mut View> {
        self.state_mut().streams.get_mut(&id).and_then(Stream::http_mut)
    }

    fn exports(&self) -> &Exports {
        &self.exports
    }
}
