//! What is counted as it happens, for Prometheus. What the database knows is asked for when somebody looks; see
//! `http/metrics.rs`. Labels are names of the configuration, routes and words of the program: nothing that an agent wrote.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::log::Rejected;
use crate::store::sessions::Counts;

/// What all names begin with.
pub(crate) const PREFIX: &str = "gatewright";

/// Names and values.
pub(crate) type Labels = Vec<(&'static str, String)>;

/// Upper bounds of the buckets of answers, in seconds: from a bundle that did not change to an approval that is waited
/// for.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 15.0, 40.0];

/// The counters.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    registry: Arc<Registry>,
    decisions: Family<Labels, Counter>,
    refusals: Family<Labels, Counter>,
    events: Family<Labels, Counter>,
    rejected: Family<Labels, Counter>,
    answers: Family<Labels, Histogram, fn() -> Histogram>,
    notifications: Family<Labels, Counter>,
    behind: Family<Labels, Gauge<u64, AtomicU64>>,
    siem_events: Family<Labels, Counter>,
    siem_failures: Family<Labels, Counter>,
    siem_behind: Family<Labels, Gauge<u64, AtomicU64>>,
    spans: Family<Labels, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let (decisions, refusals, events, rejected) = Default::default();
        registry.register("decisions", "Statements and requests that were decided about, as recorded", {
            Family::clone(&decisions)
        });
        registry.register("refusals", "Logins and requests that were refused before anybody was known", {
            Family::clone(&refusals)
        });
        registry.register("events", "Events that were recorded", Family::clone(&events));
        registry.register("batches_rejected", "Batches of events that were not recorded", {
            Family::clone(&rejected)
        });
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let answers = Family::new_with_constructor(histogram);
        registry.register("http_answer_seconds", "Time until an answer of the host begins", answers.clone());
        let notifications = Family::default();
        registry.register("notifications", "What receivers were told, by what became of it", {
            Family::clone(&notifications)
        });
        let behind = Family::default();
        registry.register("notifications_behind", "Entries of the log that a receiver is not told of yet", {
            Family::clone(&behind)
        });
        let (siem_events, siem_failures, siem_behind) = Default::default();
        registry.register("siem_events", "Events for those who watch, by what became of them", {
            Family::clone(&siem_events)
        });
        registry.register(
            "siem_failures",
            "Attempts at sending them that failed",
            Family::clone(&siem_failures),
        );
        registry.register(
            "siem_behind",
            "Entries of the log that were not sent yet",
            Family::clone(&siem_behind),
        );
        let spans = Family::default();
        registry.register("trace_spans", "Spans of traces, by what became of them", Family::clone(&spans));
        let registry = Arc::new(registry);
        Self {
            registry,
            decisions,
            refusals,
            events,
            rejected,
            answers,
            notifications,
            behind,
            siem_events,
            siem_failures,
            siem_behind,
            spans,
        }
    }
}

impl Metrics {
    /// The counters, to be written down.
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Events of a resource are on disk.
    pub(crate) fn recorded(&self, resource: &str, events: u64, counts: Counts) {
        let of = |more: Option<(&'static str, &str)>| -> Labels {
            let resource = ("resource", resource.to_owned());
            std::iter::once(resource).chain(more.map(|(name, value)| (name, value.to_owned()))).collect()
        };
        self.events.get_or_create(&of(None)).inc_by(events);
        let decided = [
            ("allow", counts.allow),
            ("deny", counts.deny),
            ("hold", counts.hold),
            ("would_deny", counts.would_deny),
            ("would_hold", counts.would_hold),
        ];
        for (decision, count) in decided {
            if count > 0 {
                self.decisions.get_or_create(&of(Some(("decision", decision)))).inc_by(count);
            }
        }
        if counts.refused > 0 {
            self.refusals.get_or_create(&of(None)).inc_by(counts.refused);
        }
    }

    /// A batch of events was refused.
    pub(crate) fn rejected(&self, why: &Rejected) {
        let why = match why {
            Rejected::Unreadable(_) => "unreadable",
            Rejected::Conflict(_) => "conflict",
            Rejected::Unavailable => "unavailable",
        };
        self.rejected.get_or_create(&vec![("reason", why.to_owned())]).inc();
    }

    /// There is a receiver of notifications.
    pub(crate) fn notifies(&self, receiver: &str) {
        for outcome in ["delivered", "retried", "refused", "given_up"] {
            self.notifications.get_or_create(&of_receiver(receiver, Some(outcome))).inc_by(0);
        }
        self.notifications_behind(receiver, 0);
    }

    /// What became of telling a receiver.
    pub(crate) fn notified(&self, receiver: &str, outcome: &str) {
        self.notifications.get_or_create(&of_receiver(receiver, Some(outcome))).inc();
    }

    /// How far a receiver is behind.
    pub(crate) fn notifications_behind(&self, receiver: &str, entries: u64) {
        self.behind.get_or_create(&of_receiver(receiver, None)).set(entries);
    }

    /// There is somebody who watches.
    pub(crate) fn watches(&self, sink: &str) {
        for outcome in ["sent", "unreadable"] {
            self.siem_events.get_or_create(&of_receiver(sink, Some(outcome))).inc_by(0);
        }
        self.siem_failures.get_or_create(&of_receiver(sink, None)).inc_by(0);
        self.siem_behind(sink, 0);
    }

    /// A sink took events.
    pub(crate) fn siem_sent(&self, sink: &str, events: u64) {
        self.siem_events.get_or_create(&of_receiver(sink, Some("sent"))).inc_by(events);
    }

    /// Events cannot be read any more, and are not sent.
    pub(crate) fn siem_unreadable(&self, sink: &str, events: u64) {
        self.siem_events.get_or_create(&of_receiver(sink, Some("unreadable"))).inc_by(events);
    }

    /// A sink could not be sent something.
    pub(crate) fn siem_failed(&self, sink: &str) {
        self.siem_failures.get_or_create(&of_receiver(sink, None)).inc();
    }

    /// How far a sink is behind, in entries of the log.
    pub(crate) fn siem_behind(&self, sink: &str, entries: u64) {
        self.siem_behind.get_or_create(&of_receiver(sink, None)).set(entries);
    }

    /// Traces are sent.
    pub(crate) fn traces(&self) {
        for outcome in ["sent", "dropped", "failed"] {
            self.spans(outcome, 0);
        }
    }

    /// What became of spans: the collector took them, or did not, or too many waited for it.
    pub(crate) fn spans(&self, outcome: &str, count: u64) {
        self.spans.get_or_create(&vec![("outcome", outcome.to_owned())]).inc_by(count);
    }

    /// A request was answered. `route` is what the path was matched by, and not the path.
    pub(crate) fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let labels =
            vec![("method", method.to_owned()), ("route", route.to_owned()), ("status", status.to_string())];
        self.answers.get_or_create(&labels).observe(took.as_secs_f64());
    }
}

fn of_receiver(receiver: &str, outcome: Option<&str>) -> Labels {
    let labels = std::iter::once(("target", receiver.to_owned()));
    labels.chain(outcome.map(|outcome| ("outcome", outcome.to_owned()))).collect()
}
