//! Counters, gauges and histograms: the filters' and the runner's own, told in Prometheus' text format.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::HashMap;

use crate::abi::Status;

/// Upper bounds of a histogram's buckets.
const BOUNDS: [u64; 17] =
    [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 1_000_000];

/// How many metrics there can be: names are the filters' to make up.
const MAX_METRICS: usize = 10_000;

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only ever grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts values by their size.
    Histogram,
}

impl Kind {
    pub(crate) fn of(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Counter),
            1 => Some(Self::Gauge),
            2 => Some(Self::Histogram),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// All metrics of a process; clones are the same ones.
#[derive(Debug, Clone, Default)]
pub struct Metrics(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    metrics: Vec<Metric>,
    ids: HashMap<String, u32>,
}

#[derive(Debug)]
struct Metric {
    name: String,
    kind: Kind,
    value: u64,
    buckets: Vec<u64>,
    count: u64,
}

impl Metrics {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The id of a metric, defined where it is not.
    pub(crate) fn define(&self, kind: Kind, name: &str) -> Result<u32, Status> {
        let mut inner = self.inner();
        if let Some(id) = inner.ids.get(name).copied() {
            let same = inner.metrics.get(id as usize).is_some_and(|metric| metric.kind == kind);
            return if same { Ok(id) } else { Err(Status::BadArgument) };
        }
        if inner.metrics.len() >= MAX_METRICS {
            return Err(Status::InternalFailure);
        }
        let id = u32::try_from(inner.metrics.len()).map_err(|_| Status::InternalFailure)?;
        let buckets = if kind == Kind::Histogram { vec![0; BOUNDS.len()] } else { Vec::new() };
        inner.metrics.push(Metric { name: name.to_owned(), kind, value: 0, buckets, count: 0 });
        inner.ids.insert(name.to_owned(), id);
        Ok(id)
    }

    /// Sets a gauge or counter, or notes a histogram's value.
    pub(crate) fn record(&self, id: u32, value: u64) -> Result<(), Status> {
        let mut inner = self.inner();
        let metric = inner.metrics.get_mut(id as usize).ok_or(Status::NotFound)?;
        match metric.kind {
            Kind::Counter => metric.value = metric.value.saturating_add(value),
            Kind::Gauge => metric.value = value,
            Kind::Histogram => {
                metric.value = metric.value.saturating_add(value);
                metric.count = metric.count.saturating_add(1);
                for (bucket, bound) in metric.buckets.iter_mut().zip(BOUNDS) {
                    *bucket = bucket.saturating_add(u64::from(value <= bound));
                }
            }
        }
        Ok(())
    }

    /// Adds to a counter or gauge.
    pub(crate) fn increment(&self, id: u32, offset: i64) -> Result<(), Status> {
        let mut inner = self.inner();
        let metric = inner.metrics.get_mut(id as usize).ok_or(Status::NotFound)?;
        match metric.kind {
            Kind::Counter if offset >= 0 => {}
            Kind::Gauge => {}
            _ => return Err(Status::BadArgument),
        }
        metric.value = metric.value.saturating_add_signed(offset);
        Ok(())
    }

    /// A counter's or gauge's value.
    pub(crate) fn get(&self, id: u32) -> Result<u64, Status> {
        let inner = self.inner();
        let metric = inner.metrics.get(id as usize).ok_or(Status::NotFound)?;
        if metric.kind == Kind::Histogram { Err(Status::BadArgument) } else { Ok(metric.value) }
    }

    /// Adds one to a counter of the runner's own.
    pub fn count(&self, name: &str) {
        self.add(Kind::Counter, name, 1);
    }

    /// Adds to a counter or gauge of the runner's own.
    pub(crate) fn add(&self, kind: Kind, name: &str, offset: i64) {
        if let Ok(id) = self.define(kind, name) {
            let _ = self.increment(id, offset);
        }
    }

    /// Counts one more in a gauge of the runner's own for as long as what is given back lives, however that ends.
    pub(crate) fn present(&self, name: &'static str) -> Present {
        self.add(Kind::Gauge, name, 1);
        Present { metrics: self.clone(), name }
    }

    /// A counter or gauge by name; `None` where there is none.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<u64> {
        let id = self.inner().ids.get(name).copied()?;
        self.get(id).ok()
    }

    /// All of them in Prometheus' text format. What a name may not hold there becomes `_`.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::new();
        let mut typed = HashSet::new();
        for metric in &self.inner().metrics {
            let (name, labels) = split(&metric.name);
            if typed.insert(name.clone()) {
                let _ = writeln!(out, "# TYPE {name} {}", metric.kind.name());
            }
            if metric.kind == Kind::Histogram {
                for (bucket, bound) in metric.buckets.iter().zip(BOUNDS) {
                    let _ = writeln!(out, "{name}_bucket{{le=\"{bound}\"}} {bucket}");
                }
                let _ = writeln!(out, "{name}_bucket{{le=\"+Inf\"}} {}", metric.count);
                let _ = writeln!(out, "{name}_sum {}\n{name}_count {}", metric.value, metric.count);
            } else {
                let _ = writeln!(out, "{name}{labels} {}", metric.value);
            }
        }
        out
    }
}

/// A name as Prometheus takes it, and the labels that the runner's own names have in braces.
fn split(name: &str) -> (String, &str) {
    let (base, labels) = match name.find('{') {
        Some(at) if name.ends_with('}') => name.split_at(at),
        _ => (name, ""),
    };
    let mut clean: String =
        base.chars().map(|c| if c.is_ascii_alphanumeric() || c == ':' { c } else { '_' }).collect();
    if clean.chars().next().is_none_or(|c| c.is_ascii_digit()) {
        clean.insert(0, '_');
    }
    (clean, labels)
}

/// One of those that a gauge counts.
#[derive(Debug)]
pub(crate) struct Present {
    metrics: Metrics,
    name: &'static str,
}

impl Drop for Present {
    fn drop(&mut self) {
        self.metrics.add(Kind::Gauge, self.name, -1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_gauges_and_histograms() {
        let metrics = Metrics::new();
        let counter = metrics.define(Kind::Counter, "a.b").unwrap();
        assert_eq!(metrics.define(Kind::Counter, "a.b"), Ok(counter));
        assert_eq!(metrics.define(Kind::Gauge, "a.b"), Err(Status::BadArgument));
        metrics.increment(counter, 2).unwrap();
        assert_eq!(metrics.increment(counter, -1), Err(Status::BadArgument));
        let gauge = metrics.define(Kind::Gauge, "g").unwrap();
        metrics.record(gauge, 7).unwrap();
        metrics.increment(gauge, -2).unwrap();
        assert_eq!(metrics.get(gauge), Ok(5));
        let histogram = metrics.define(Kind::Histogram, "h").unwrap();
        metrics.record(histogram, 3).unwrap();
        metrics.record(histogram, 2_000_000).unwrap();
        assert_eq!(metrics.get(histogram), Err(Status::BadArgument));
        assert_eq!(metrics.get(99), Err(Status::NotFound));
        metrics.count("own{call=\"x\"}");
        let text = metrics.render();
        for line in [
            "# TYPE a_b counter",
            "a_b 2",
            "g 5",
            "h_bucket{le=\"2\"} 0",
            "h_bucket{le=\"5\"} 1",
            "h_bucket{le=\"+Inf\"} 2",
            "h_sum 2000003",
            "own{call=\"x\"} 1",
        ] {
            assert!(text.lines().any(|known| known == line), "{line} is not in\n{text}");
        }
    }
}
