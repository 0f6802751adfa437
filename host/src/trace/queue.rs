//! Spans that wait for the collector: so many and no more, so that one that is slow or away costs neither time nor memory.

use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::SpanKind;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter as _, SpanProcessor};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use super::request::was_turned_away;
use crate::metrics::Metrics;

/// Most spans that wait; those that end meanwhile are lost, and counted.
const QUEUE: usize = 2_048;
/// Most spans that are sent at a time.
const BATCH: usize = 512;
/// How long one waits for others.
const EVERY: Duration = Duration::from_secs(1);
/// Longest that sending some may take, with all attempts.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The task that sends.
pub(super) struct Queue {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Queue {
    /// Begins to send; gives where spans get in.
    pub(super) fn start(exporter: SpanExporter, metrics: Metrics) -> (Self, End) {
        let (to, from) = mpsc::channel(QUEUE);
        let (stop, stopped) = oneshot::channel();
        metrics.traces();
        let sender = Sender { exporter, metrics: metrics.clone(), batch: Vec::new() };
        (Self { stop, task: tokio::spawn(sender.run(from, stopped)) }, End { to, metrics })
    }

    /// Sends what waits, unless that takes too long.
    pub(super) async fn stop(mut self, most: Duration) {
        let _ = self.stop.send(());
        if timeout(most, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

/// Where spans get in.
#[derive(Debug)]
pub(super) struct End {
    to: mpsc::Sender<SpanData>,
    metrics: Metrics,
}

impl SpanProcessor for End {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        // Whoever can reach the host could make these, as many as they like.
        if span.span_kind == SpanKind::Server && was_turned_away(&span.attributes) {
            return;
        }
        if self.to.try_send(span).is_err() {
            self.metrics.spans("dropped", 1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

struct Sender {
    exporter: SpanExporter,
    metrics: Metrics,
    batch: Vec<SpanData>,
}

impl Sender {
    async fn run(mut self, mut from: mpsc::Receiver<SpanData>, mut stop: oneshot::Receiver<()>) {
        let (mut due, mut is_stopping) = (Instant::now(), false);
        loop {
            let room = BATCH - self.batch.len();
            let is_first = self.batch.is_empty();
            tokio::select! {
                biased;
                _ = &mut stop, if !is_stopping => {
                    from.close();
                    is_stopping = true;
                }
                () = sleep_until(due), if !is_first && !is_stopping => self.send().await,
                got = from.recv_many(&mut self.batch, room) => {
                    if got == 0 {
                        return self.send().await;
                    }
                    if is_first {
                        due = Instant::now() + EVERY;
                    }
                    if self.batch.len() >= BATCH {
                        self.send().await;
                    }
                }
            }
        }
    }

    async fn send(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let batch = std::mem::take(&mut self.batch);
        let count = batch.len() as u64;
        let sent = timeout(TIMEOUT, self.exporter.export(batch)).await;
        self.metrics.spans(if matches!(sent, Ok(Ok(()))) { "sent" } else { "failed" }, count);
    }
}
