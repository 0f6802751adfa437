//! A witness (C2SP `tlog-witness`) that knows nothing of this program: it reads requests, checks proofs as RFC 9162 has it,
//! and cosigns.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use gatewright_core::digest::{Digest, sha256};
use gatewright_core::run::Chain;

use super::checkpoint::Keys;
use super::note::{Kind, Note, VerifyKey};
use super::verify::tests::{Recorded, batch, statement};
use super::verify::{Asked, verify};
use super::witness::{self, Witness};
use super::{Log, Recorder, Signer};
use crate::lease::Lease;
use crate::metrics::Metrics;
use crate::store::log::Kept;

/// RFC 9162, section 2.1.4.2.
fn is_consistent(first: u64, second: u64, first_hash: Digest, second_hash: Digest, proof: &[Digest]) -> bool {
    if first == second {
        return proof.is_empty() && first_hash == second_hash;
    }
    if first == 0 {
        return proof.is_empty();
    }
    let node = |left: &Digest, right: &Digest| sha256(&[&[1][..], left, right].concat());
    let mut path = proof.to_vec();
    if first.is_power_of_two() {
        path.insert(0, first_hash);
    }
    let (mut f, mut s) = (first - 1, second - 1);
    while f & 1 == 1 {
        (f, s) = (f >> 1, s >> 1);
    }
    let Some((start, rest)) = path.split_first() else { return false };
    let (mut fr, mut sr) = (*start, *start);
    for c in rest {
        if s == 0 {
            return false;
        }
        if f & 1 == 1 || f == s {
            (fr, sr) = (node(c, &fr), node(c, &sr));
            while f & 1 == 0 && f != 0 {
                (f, s) = (f >> 1, s >> 1);
            }
        } else {
            sr = node(&sr, c);
        }
        (f, s) = (f >> 1, s >> 1);
    }
    fr == first_hash && sr == second_hash && s == 0
}

/// Old size, size, hashes of the proof, status of the answer.
type Asking = (u64, u64, usize, u16);

/// What the witness knows: the log's key, and what it cosigned last.
#[derive(Clone)]
struct Knows {
    log: VerifyKey,
    key: SigningKey,
    last: Arc<Mutex<(u64, Digest)>>,
    /// Requests, and how they were answered.
    asked: Arc<Mutex<Vec<Asking>>>,
}

const NAME: &str = "witness.example/w1";

fn read(body: &str) -> Option<(u64, Vec<Digest>, &str)> {
    let (head, note) = body.split_once("\n\n")?;
    let mut lines = head.lines();
    let old = lines.next()?.strip_prefix("old ")?;
    let proof = lines.map(|line| STANDARD.decode(line).ok()?.try_into().ok()).collect::<Option<_>>()?;
    Some((old.parse().ok().filter(|number: &u64| number.to_string() == old)?, proof, note))
}

async fn add_checkpoint(State(knows): State<Knows>, body: String) -> Response {
    let Some((old, proof, note)) = read(&body) else { return StatusCode::BAD_REQUEST.into_response() };
    let Ok(note) = Note::read(note) else { return StatusCode::BAD_REQUEST.into_response() };
    let lines: Vec<&str> = note.text.lines().collect();
    let (size, root): (u64, Digest) =
        (lines[1].parse().unwrap(), STANDARD.decode(lines[2]).unwrap().try_into().unwrap());
    let mut last = knows.last.lock().unwrap();
    let signature = || {
        let key = VerifyKey::new(NAME, Kind::Cosignature, knows.key.verifying_key());
        key.cosign(&knows.key, 1_800_000_000, note.text)
    };
    let status = if lines[0] != knows.log.name {
        StatusCode::NOT_FOUND
    } else if !knows.log.signed(&note).unwrap_or(false) {
        StatusCode::FORBIDDEN
    } else if old > size {
        StatusCode::BAD_REQUEST
    } else if old != last.0 || old == size && root != last.1 {
        StatusCode::CONFLICT
    } else if !is_consistent(old, size, last.1, root, &proof) {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    knows.asked.lock().unwrap().push((old, size, proof.len(), status.as_u16()));
    match status {
        StatusCode::OK => {
            *last = (size, root);
            // Beside somebody else's.
            let other = SigningKey::from_bytes(&[8; 32]);
            let stranger = VerifyKey::new("other.example", Kind::Cosignature, other.verifying_key());
            (status, stranger.cosign(&other, 1, note.text) + &signature()).into_response()
        }
        StatusCode::CONFLICT => {
            (status, [(header::CONTENT_TYPE, "text/x.tlog.size")], format!("{}\n", last.0)).into_response()
        }
        status => status.into_response(),
    }
}

impl Knows {
    fn of(signer: &Signer) -> Self {
        let log = signer.keys().iter().last().unwrap().clone();
        Self { log, key: SigningKey::from_bytes(&[5; 32]), last: Arc::default(), asked: Arc::default() }
    }

    /// Serves; gives how to ask it.
    async fn serve(&self) -> Witness {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/at", listener.local_addr().unwrap());
        let router = Router::new().route("/at/add-checkpoint", post(add_checkpoint)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let key = VerifyKey::new(NAME, Kind::Cosignature, self.key.verifying_key());
        Witness { url, key, every: Duration::from_millis(5) }
    }

    /// Waits for the answer to a request that is like this.
    async fn until(&self, fits: impl Fn(&Asking) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.asked.lock().unwrap().iter().any(&fits) {
            assert!(Instant::now() < deadline, "{:?}", self.asked.lock().unwrap());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn open(recorded: &Recorded) -> (Log, Recorder, PathBuf) {
    let data = recorded.folder.path();
    let log = Log::open(recorded.store.clone(), Signer::open(data).unwrap(), data).await.unwrap();
    (log.clone(), Recorder::start(log, Metrics::default()), data.to_owned())
}

#[tokio::test]
async fn a_witness_cosigns_what_only_grows() {
    let recorded = Recorded::new().await;
    let (log, recorder, data) = open(&recorded).await;
    let knows = Knows::of(&Signer::open(&data).unwrap());
    witness::start(&log, data.clone(), vec![knows.serve().await], &Lease::start(log.store().clone()))
        .unwrap();
    knows.until(|(old, size, _, status)| (*old, *size, *status) == (0, 8, 200)).await;
    let mut chain = Chain::new("c");
    for i in 0..30 {
        recorder.record(batch(vec![statement(&mut chain, &format!("C{i}"))])).await.unwrap();
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    knows.until(|(_, size, _, status)| (*size, *status) == (38, 200)).await;
    let asked = knows.asked.lock().unwrap().clone();
    assert!(asked.iter().all(|(.., status)| *status == 200), "{asked:?}");
    assert!(
        asked.iter().any(|(old, _, proof, _)| *old > 0 && *proof > 0),
        "no proof was asked for: {asked:?}"
    );
    // A host that begins again does not know what the witness saw, and asks.
    witness::start(&log, data.clone(), vec![knows.serve().await], &Lease::start(log.store().clone()))
        .unwrap();
    knows.until(|(old, size, _, status)| (*old, *size, *status) == (0, 38, 409)).await;
    knows.until(|(old, size, _, status)| (*old, *size, *status) == (38, 38, 200)).await;
    // What it cosigned is kept, and whoever trusts it sees that.
    let deadline = Instant::now() + Duration::from_secs(20);
    let notes = loop {
        let notes = recorded.store.notes(Kept::Witnessed).await.unwrap();
        if notes.iter().any(|note| note.contains("\n38\n")) && data.join("checkpoint.witnessed").exists() {
            break notes;
        }
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!(notes.len(), 1, "the newest one of a witness is enough");
    log.settle().await;
    let mut keys = log_keys(&data);
    keys.add(VerifyKey::new(NAME, Kind::Cosignature, knows.key.verifying_key()));
    let asked = Asked { keys: Some(keys.clone()), ..Asked::default() };
    assert_eq!(verify(&recorded.store, &data, &asked).await.unwrap().faults, Vec::<String>::new());
    recorded.store.tamper("DELETE FROM notes").await;
    let said = verify(&recorded.store, &data, &asked).await.unwrap().faults.join("\n");
    assert!(said.contains("no checkpoint is cosigned by the witness witness.example/w1"), "{said}");
}

fn log_keys(data: &std::path::Path) -> Keys {
    super::keys::public_keys(data).unwrap()
}

#[tokio::test]
async fn a_witness_does_not_cosign_another_log() {
    // The database is put back to what it was, checkpoint and all, and goes on otherwise.
    let recorded = Recorded::new().await;
    let (log, recorder, data) = open(&recorded).await;
    let knows = Knows::of(&Signer::open(&data).unwrap());
    // The witness has seen more of it.
    *knows.last.lock().unwrap() = (9, [3; 32]);
    witness::start(&log, data.clone(), vec![knows.serve().await], &Lease::start(log.store().clone()))
        .unwrap();
    knows.until(|(old, size, _, status)| (*old, *size, *status) == (0, 8, 409)).await;
    let mut chain = Chain::new("c");
    for i in 0..2 {
        recorder.record(batch(vec![statement(&mut chain, &format!("C{i}"))])).await.unwrap();
    }
    // As long, or longer, it is still another one.
    knows.until(|(old, size, _, status)| (*old, *size, *status) == (9, 10, 422)).await;
    assert!(recorded.store.notes(Kept::Witnessed).await.unwrap().is_empty());
    assert!(!data.join("checkpoint.witnessed").exists());
}
