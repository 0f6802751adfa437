//! Fetches secrets, and keeps those that come from elsewhere for as long as they are good.
//!
//! A store that is away for a while takes nothing away: the last value that it gave stays until its lease ends.

use std::collections::{BTreeMap, HashSet};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::reference::{Kept, Place};
use super::{Aws, Secret, SecretError, SecretRef, Vault, command};
use crate::config::Loaded;
use crate::config::secrets::SecretsSection;
use crate::trace::{self, about};

/// How long a value is good where nothing says so.
const EVERY: Duration = Duration::from_secs(60);
/// Longest wait for one value, signing in included.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Pause after a failure.
const TROUBLE: Duration = Duration::from_secs(10);

/// A user and its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login {
    /// The user.
    pub(crate) user: String,
    /// Its password.
    pub(crate) password: Secret,
    /// When it is not good any more, where it is leased.
    pub(crate) ends: Option<Instant>,
}

impl Login {
    /// One that is good until somebody changes it.
    pub(crate) fn lasting(user: String, password: Secret) -> Self {
        Self { user, password, ends: None }
    }

    /// Whether it is good now.
    pub(crate) fn is_good(&self) -> bool {
        self.ends.is_none_or(|ends| Instant::now() < ends)
    }
}

/// Where all secrets come from. Clones share what is kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    folder: PathBuf,
    section: SecretsSection,
    vault: Option<Vault>,
    kept: BTreeMap<String, Entry>,
    /// What was asked for since [`Sources::begin`].
    used: HashSet<String>,
    /// How often a value became another one.
    changes: u64,
}

/// What one place gives.
#[derive(Debug)]
struct Entry {
    reference: SecretRef,
    document: Document,
    /// When it is asked for anew.
    next: Instant,
    /// When it is not good any more.
    ends: Option<Instant>,
    /// What it was before, while that may still be good.
    before: Option<(Document, Instant)>,
    /// Why it could not be renewed.
    fault: Option<SecretError>,
}

/// A text, or fields.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Document {
    Text(Secret),
    Fields(BTreeMap<String, Secret>),
}

/// What a fetch gave.
struct Fetched {
    document: Document,
    lease: Option<Duration>,
}

impl Sources {
    /// Those of a configuration.
    pub(crate) fn of(loaded: &Loaded) -> Self {
        let sources = Self::default();
        sources.begin(&loaded.folder, &loaded.config.secrets);
        sources
    }

    /// A new reading of a configuration begins: relative paths start from `folder`, and stores are those of `section`.
    pub(crate) fn begin(&self, folder: &Path, section: &SecretsSection) {
        let mut inner = self.inner();
        inner.used.clear();
        folder.clone_into(&mut inner.folder);
        if inner.section != *section {
            inner.section = section.clone();
            // Another store may hold other values under the same names.
            inner.kept.clear();
            inner.vault = None;
        }
    }

    /// The reading ended well: what it did not ask for is forgotten.
    pub(crate) fn done(&self) {
        let inner = &mut *self.inner();
        let used = &inner.used;
        inner.kept.retain(|name, _| used.contains(name));
    }

    /// The value now.
    pub(crate) fn get(&self, reference: &SecretRef) -> Result<Secret, SecretError> {
        let Some(Kept::Elsewhere(place)) = reference.kept() else {
            return reference.local(&self.inner().folder);
        };
        let mut inner = self.inner();
        let entry = inner.entry(reference, place)?;
        entry.document.part(reference.field(), &place)
    }

    /// The user and the password now, and those before while they are good.
    pub(crate) fn logins(&self, reference: &SecretRef) -> Result<Vec<Login>, SecretError> {
        let Some(Kept::Elsewhere(place)) = reference.kept() else { return Err(SecretError::Reference) };
        let mut inner = self.inner();
        let entry = inner.entry(reference, place)?;
        let login = |document: &Document, ends: Option<Instant>| {
            let part = |name| document.part(Some(name), &place);
            Ok(Login { user: part("username")?.reveal().to_owned(), password: part("password")?, ends })
        };
        let before = entry.before.as_ref().and_then(|(document, ends)| login(document, Some(*ends)).ok());
        Ok(std::iter::once(login(&entry.document, entry.ends)?).chain(before).collect())
    }

    /// Renews what is due. Tells how often values changed since the start, and what could not be renewed.
    pub(crate) fn renew(&self) -> (u64, Vec<String>) {
        let inner = &mut *self.inner();
        let now = Instant::now();
        let due: Vec<SecretRef> = inner
            .kept
            .values()
            .filter(|entry| entry.next <= now)
            .map(|entry| entry.reference.clone())
            .collect();
        for reference in due {
            if let Some(Kept::Elsewhere(place)) = reference.kept() {
                inner.renew(&reference, place);
            }
        }
        let faults = inner.kept.values().filter_map(|entry| entry.fault.as_ref().map(ToString::to_string));
        (inner.changes, faults.collect())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn entry(&mut self, reference: &SecretRef, place: Place<'_>) -> Result<&Entry, SecretError> {
        let name = place.key();
        self.used.insert(name.clone());
        let good = |entry: &Entry| entry.ends.is_none_or(|ends| Instant::now() < ends);
        if !self.kept.get(&name).is_some_and(good) {
            let fetched = self.fetch(place)?;
            let entry = Entry::new(reference.clone(), fetched);
            self.kept.insert(name.clone(), entry);
        }
        self.kept.get(&name).ok_or(SecretError::Reference)
    }

    fn renew(&mut self, reference: &SecretRef, place: Place<'_>) {
        let fetched = self.fetch(place);
        let Some(entry) = self.kept.get_mut(&place.key()) else { return };
        match fetched {
            Ok(fetched) => {
                let mut new = Entry::new(reference.clone(), fetched);
                if new.document == entry.document {
                    new.before = entry.before.take();
                } else {
                    // Whoever began with the old one may still finish with it.
                    let ends = entry.ends.unwrap_or_else(|| Instant::now() + EVERY);
                    new.before = Some((entry.document.clone(), ends));
                    self.changes += 1;
                }
                *entry = new;
            }
            Err(cause) => {
                if entry.fault.as_ref() != Some(&cause) {
                    tracing::error!(%cause, "a secret is not renewed; the last one stays while it is good");
                }
                entry.next = Instant::now() + TROUBLE;
                entry.fault = Some(cause);
            }
        }
    }

    fn fetch(&mut self, place: Place<'_>) -> Result<Fetched, SecretError> {
        let kind = match place {
            Place::Command(_) => "command",
            Place::Vault(_) => "vault",
            Place::Aws(_) => "aws",
        };
        let span = trace::root("secret.fetch", || vec![about("gatewright.secret.source", kind)]);
        let fetched = self.fetched(place);
        if let (Some(span), true) = (&span, fetched.is_err()) {
            trace::failed(span);
        }
        fetched
    }

    fn fetched(&mut self, place: Place<'_>) -> Result<Fetched, SecretError> {
        let folder = self.folder.clone();
        let fetched = match place {
            Place::Command(argv) => wait(async {
                let text = command::run(argv, &folder).await?;
                Ok(Fetched { document: Document::Text(Secret::new(text)), lease: None })
            }),
            Place::Vault(path) => match (&mut self.vault, &self.section.vault) {
                (None, None) => Err("the section `secrets.vault` is missing".to_owned()),
                (vault, section) => {
                    let vault = match (vault, section) {
                        (Some(vault), _) => vault,
                        (vault, Some(section)) => vault.insert(Vault::new(section.clone())),
                        (None, None) => return Err(SecretError::Reference),
                    };
                    wait(async {
                        let read = vault.read(path, &folder).await?;
                        Ok(Fetched { document: Document::of(read.fields), lease: read.lease })
                    })
                }
            },
            Place::Aws(secret) => match &self.section.aws {
                None => Err("the section `secrets.aws` is missing".to_owned()),
                Some(section) => {
                    let aws = Aws::new(section.clone());
                    wait(async move {
                        let text = aws.read(secret).await?;
                        let document = match serde_json::from_str::<Map<String, Value>>(&text) {
                            Ok(fields) => Document::of(fields),
                            Err(_) => Document::Text(Secret::new(text)),
                        };
                        Ok(Fetched { document, lease: None })
                    })
                }
            },
        };
        fetched.map_err(|cause| SecretError::Source { source_name: place.name(), cause })
    }
}

impl Entry {
    fn new(reference: SecretRef, fetched: Fetched) -> Self {
        let now = Instant::now();
        let every = reference.every().map_or(EVERY, |every| every.0);
        // A third of the lease is left to those who begin with it just before.
        let next = now + fetched.lease.map_or(every, |lease| lease * 2 / 3);
        let ends = fetched.lease.map(|lease| now + lease);
        Self { reference, document: fetched.document, next, ends, before: None, fault: None }
    }
}

impl Document {
    fn of(fields: Map<String, Value>) -> Self {
        let text = |(name, value)| match value {
            Value::String(text) => Some((name, Secret::new(text))),
            Value::Number(number) => Some((name, Secret::new(number.to_string()))),
            _ => None,
        };
        Self::Fields(fields.into_iter().filter_map(text).collect())
    }

    /// A field, the only one, `password`, or the whole text.
    fn part(&self, field: Option<&str>, place: &Place<'_>) -> Result<Secret, SecretError> {
        let found = match (self, field) {
            (Self::Text(text), None) => Some(text),
            (Self::Text(_), Some(_)) => None,
            (Self::Fields(fields), None) if fields.len() == 1 => fields.values().next(),
            (Self::Fields(fields), field) => fields.get(field.unwrap_or("password")),
        };
        let found = found.ok_or_else(|| SecretError::Field {
            source_name: place.name(),
            field: field.unwrap_or("password").to_owned(),
        })?;
        if found.reveal().is_empty() { Err(SecretError::Empty(place.name())) } else { Ok(found.clone()) }
    }
}

/// Waits on a thread of its own: secrets are read where nobody may wait for a future, and within a runtime as well.
fn wait<T: Send>(work: impl Future<Output = Result<T, String>> + Send) -> Result<T, String> {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|cause| cause.to_string())?;
        let done = runtime.block_on(async { tokio::time::timeout(TIMEOUT, work).await });
        done.unwrap_or_else(|_| Err(format!("no answer within {} s", TIMEOUT.as_secs())))
    };
    let joined = std::thread::scope(|scope| scope.spawn(run).join());
    joined.unwrap_or_else(|_| Err("it failed".to_owned()))
}

/// Without one line end, which editors and programs put there.
pub(super) fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}
