//! Which spans approvals were asked for in, so that what happens because of them later is found in the same trace.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt as _};

/// Approvals of which that is remembered; more than are open at a time.
const MOST: usize = 10_000;

/// The spans, by the ids of their approvals. At this host only, and until it stops.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origins(Arc<Mutex<HashMap<String, SpanContext>>>);

impl Origins {
    /// An approval is asked for, in the span that is going on.
    pub(crate) fn keep(&self, approval: &str) {
        let context = Context::current().span().span_context().clone();
        if !context.is_sampled() {
            return;
        }
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(approval.to_owned(), context);
    }

    /// The span that it was asked for in.
    pub(crate) fn of(&self, approval: &str) -> Option<SpanContext> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(approval).cloned()
    }

    /// The same, as what is going on.
    pub(crate) fn context(&self, approval: &str) -> Context {
        self.of(approval).map_or_else(Context::new, |span| Context::new().with_remote_span_context(span))
    }
}
