//! What filters and people do to hosts that die: they ask again, at any host, until somebody answers; and they remember what
//! was acknowledged.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use gatewright_core::api::EventBatch;
use gatewright_core::event::Kind;
use gatewright_core::run::{Chain, Lines};
use serde_json::{Value, json};

use crate::host::{FILTER_TOKEN, Host};

/// Statements of a session.
const STATEMENTS: u64 = 40;

/// A session, and how many of its events were acknowledged.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) acknowledged: u64,
}

/// An approval that was acknowledged, and what was said of it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) id: String,
    /// Where it stood by each decision that was acknowledged.
    pub(crate) decided: Vec<String>,
    /// What filters that waited were told.
    pub(crate) told: Vec<String>,
}

/// The load, and what it remembers.
pub(crate) struct Load {
    client: reqwest::Client,
    urls: Vec<RwLock<String>>,
    stop: AtomicBool,
    next: AtomicU64,
    tokens: [String; 3],
    pub(crate) sessions: Mutex<Vec<Session>>,
    pub(crate) asked: Mutex<Vec<Asked>>,
    /// Answers that were no answers: 503, and connections that broke.
    pub(crate) unanswered: AtomicU64,
}

impl Load {
    /// On these hosts.
    pub(crate) fn new(hosts: &[Host]) -> Arc<Self> {
        let host = &hosts[0];
        let tokens =
            [host.token("dan", &["dba"]), host.token("kim", &["dba"]), host.token("eve", &["audit"])];
        let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
        Arc::new(Self {
            client,
            urls: hosts.iter().map(|host| RwLock::new(host.url.clone())).collect(),
            stop: AtomicBool::new(false),
            next: AtomicU64::new(0),
            tokens,
            sessions: Mutex::default(),
            asked: Mutex::default(),
            unanswered: AtomicU64::new(0),
        })
    }

    /// A host is somewhere else now.
    pub(crate) fn moved(&self, host: usize, url: &str) {
        url.clone_into(&mut self.urls[host].write().unwrap());
    }

    /// Begins with so many filters that record, and so many that ask for approvals.
    pub(crate) fn start(self: &Arc<Self>, filters: u64, askers: u64) -> tokio::task::JoinSet<()> {
        let mut tasks = tokio::task::JoinSet::new();
        for filter in 0..filters {
            tasks.spawn(self.clone().record(filter));
        }
        for asker in 0..askers {
            tasks.spawn(self.clone().ask(asker));
        }
        tasks
    }

    /// Ends; what is under way is given up.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// How many events were acknowledged so far.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.sessions.lock().unwrap().iter().map(|session| session.acknowledged).sum()
    }

    /// Asks hosts, one after the other, until one answers; `None` once it is over.
    async fn call(&self, request: impl Fn(&str) -> reqwest::RequestBuilder) -> Option<(u16, Value)> {
        while !self.is_over() {
            let turn = self.next.fetch_add(1, Ordering::Relaxed) as usize % self.urls.len();
            let url = self.urls[turn].read().unwrap().clone();
            if let Ok(answer) = request(&url).send().await {
                let status = answer.status().as_u16();
                let kind = answer.headers().get("content-type").cloned();
                if let Ok(body) = answer.bytes().await {
                    if status != 503 {
                        return Some((status, serde_json::from_slice(&body).unwrap_or_default()));
                    }
                    assert_eq!(kind.unwrap(), "application/problem+json");
                }
            }
            self.unanswered.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        None
    }

    /// Records one session after the other.
    async fn record(self: Arc<Self>, filter: u64) {
        for number in 0.. {
            let id = format!("filter-{filter}-{number}");
            let mut chain = Chain::new(id.clone());
            let place = {
                let mut sessions = self.sessions.lock().unwrap();
                sessions.push(Session { id, acknowledged: 0 });
                sessions.len() - 1
            };
            let mut sent = 0;
            while sent < STATEMENTS {
                let mut lines = Lines::default();
                let many = 1 + sent % 3;
                for statement in sent..sent + many {
                    lines.push(1_700_000_000_000 + statement, &event(statement));
                }
                sent += many;
                let runs = vec![chain.seal(&lines)];
                let body = EventBatch { resource: "shop".to_owned(), runs }.lines();
                let send = |url: &str| {
                    let request = self.client.post(format!("{url}/v1/filter/events"));
                    request.bearer_auth(FILTER_TOKEN).body(body.clone())
                };
                let Some((status, answer)) = self.call(send).await else { return };
                assert_eq!((status, &answer["durable"]), (200, &json!(many)), "{answer}");
                self.sessions.lock().unwrap()[place].acknowledged = sent;
            }
        }
    }

    /// Asks for one approval after the other, about which two people decide at once while the filter waits.
    async fn ask(self: Arc<Self>, asker: u64) {
        for number in 0.. {
            let mut body = crate::approvals::plain(&format!("{asker}-{number}"));
            body["session"] = format!("asker-{asker}").into();
            let ask = |url: &str| {
                let request = self.client.post(format!("{url}/v1/filter/approvals"));
                request.bearer_auth(FILTER_TOKEN).json(&body)
            };
            let Some((status, answer)) = self.call(ask).await else { return };
            assert_eq!(status, 200, "{answer}");
            let id = answer["id"].as_str().unwrap().to_owned();
            let place = {
                let mut asked = self.asked.lock().unwrap();
                asked.push(Asked { id: id.clone(), decided: Vec::new(), told: Vec::new() });
                asked.len() - 1
            };
            let (approve, deny, told) = tokio::join!(
                self.decide(&id, &self.tokens[0], "approve"),
                self.decide(&id, &self.tokens[1], "deny"),
                self.wait(&id),
            );
            let mut asked = self.asked.lock().unwrap();
            asked[place].decided = approve.into_iter().chain(deny).collect();
            asked[place].told = told.into_iter().collect();
        }
    }

    /// Decides; where it stands then, if it was this decision that counted.
    async fn decide(&self, id: &str, token: &str, decision: &str) -> Option<String> {
        let decide = |url: &str| {
            let request = self.client.post(format!("{url}/v1/approvals/{id}/decision"));
            request.bearer_auth(token).json(&json!({ "decision": decision, "comment": decision }))
        };
        let (status, answer) = self.call(decide).await?;
        assert!(matches!(status, 200 | 409), "{status} {answer}");
        (status == 200).then(|| answer["state"].as_str().unwrap().to_owned())
    }

    /// Waits as a filter does; what it is told.
    async fn wait(&self, id: &str) -> Option<String> {
        loop {
            let wait = |url: &str| {
                self.client.get(format!("{url}/v1/filter/approvals/{id}/wait")).bearer_auth(FILTER_TOKEN)
            };
            let (status, answer) = self.call(wait).await?;
            match (status, answer["state"].as_str()) {
                (200, Some("pending")) => {}
                (200, Some(state)) => return Some(state.to_owned()),
                // It was told, and did not hear it: the host died in between.
                (409, _) => return None,
                other => panic!("{other:?} {answer}"),
            }
        }
    }

    /// Every event that was acknowledged is there, once and in its place, and no approval was lost or decided twice. Gives
    /// how many of both there were.
    pub(crate) async fn check(&self, host: &Host) -> (u64, usize) {
        let audit = &self.tokens[2];
        let (sessions, asked) = (self.sessions.lock().unwrap().clone(), self.asked.lock().unwrap().clone());
        let mut events = 0;
        for session in &sessions {
            let (status, answer) = host.get(&format!("/v1/sessions/{}", session.id), audit).await;
            if session.acknowledged == 0 && status == 404 {
                continue;
            }
            assert_eq!(status, 200, "{session:?} {answer}");
            let there = answer["events"].as_array().unwrap();
            // The last batch may be there without anybody having heard that it is.
            assert!(
                (session.acknowledged..=session.acknowledged + 3).contains(&(there.len() as u64)),
                "{session:?}"
            );
            for (number, event) in there.iter().enumerate() {
                assert_eq!(event["text"].as_str(), Some(&*format!("SELECT {number}")), "{session:?}");
            }
            events += session.acknowledged;
        }
        for one in &asked {
            let (status, answer) = host.get(&format!("/v1/approvals/{}", one.id), &self.tokens[0]).await;
            assert_eq!(status, 200, "it was lost: {one:?} {answer}");
            let steps = answer["steps"].as_array().unwrap();
            let number = |names: &[&str]| {
                steps.iter().filter(|step| names.contains(&step["step"].as_str().unwrap())).count()
            };
            let state = answer["state"].as_str().unwrap();
            assert!(number(&["approve", "deny"]) <= 1, "it was decided twice: {one:?} {answer}");
            assert_eq!(number(&["approved", "denied"]), number(&["approve", "deny"]), "{one:?} {answer}");
            assert!(number(&["used"]) <= 1 && number(&["pending"]) == 1, "{one:?} {answer}");
            assert!(one.decided.len() <= 1, "two people were told that they decided: {one:?}");
            for said in &one.decided {
                assert_eq!(number(&[said]), 1, "a decision was lost: {one:?} {answer}");
            }
            for told in &one.told {
                let is_so = if told == "approved" { "used" } else { told };
                assert_eq!(state, is_so, "the filter was told otherwise: {one:?} {answer}");
            }
        }
        (events, asked.len())
    }
}

fn event(number: u64) -> Kind {
    crate::events::statement(number, &format!("SELECT {number}"), "allow", &[])
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < Duration::from_secs(120), "{what} does not come");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    began.elapsed()
}
