//! An identity provider of its own for each test: real keys, real tokens, a real JWKS over HTTP.

mod keys;
mod server;
mod sign_in;
mod token;

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::Result;

pub use keys::Alg;
pub use sign_in::Client;
pub use token::{Forgery, TokenOptions};

/// The audience that the shop's configuration accepts.
pub const AUDIENCE: &str = "gatewright";

/// A running identity provider.
#[derive(Debug)]
pub struct Idp {
    issuer: String,
    shared: Arc<Shared>,
}

/// What the server's thread reads.
#[derive(Debug)]
struct Shared {
    keys: Mutex<Vec<keys::Key>>,
    available: AtomicBool,
    requests: AtomicU32,
    closed: AtomicBool,
    sign_in: Mutex<sign_in::SignIn>,
}

impl Shared {
    fn sign_in(&self) -> MutexGuard<'_, sign_in::SignIn> {
        self.sign_in.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Idp {
    /// Makes one key of each kind and serves their public halves.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let issuer = format!("http://{}", listener.local_addr()?);
        let keys = Alg::ALL.iter().map(|alg| keys::Key::generate(*alg)).collect::<Result<Vec<_>>>()?;
        let shared = Arc::new(Shared {
            keys: Mutex::new(keys),
            available: AtomicBool::new(true),
            requests: AtomicU32::new(0),
            closed: AtomicBool::new(false),
            sign_in: Mutex::default(),
        });
        server::start(listener, issuer.clone(), Arc::clone(&shared));
        Ok(Self { issuer, shared })
    }

    /// The `iss` of its tokens, under which OpenID discovery answers.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Where the JWKS is.
    pub fn jwks_url(&self) -> String {
        format!("{}/jwks.json", self.issuer)
    }

    /// A token for an hour, signed ES256.
    pub fn token(&self, subject: &str, groups: &[&str]) -> Result<String> {
        self.token_with(subject, groups, &TokenOptions::default())
    }

    /// A token as the options say, signed with this provider's own key.
    pub fn token_with(&self, subject: &str, groups: &[&str], options: &TokenOptions) -> Result<String> {
        let claims = token::claims(&self.issuer, subject, groups, options);
        token::sign(self.newest(&self.keys(), options.alg)?, &claims, options)
    }

    /// Lets people sign in at this client.
    pub fn set_client(&self, client: Client) {
        self.shared.sign_in().client = Some(client);
    }

    /// Somebody who can sign in.
    pub fn add_person(&self, subject: &str, groups: &[&str], claims: serde_json::Value) {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        self.shared.sign_in().people.insert(subject.to_owned(), (groups, claims));
    }

    /// A token that must not be accepted.
    pub fn forged(&self, subject: &str, groups: &[&str], forgery: Forgery) -> Result<String> {
        token::forge(self, subject, groups, forgery)
    }

    /// Replaces the key of an algorithm by a new one with a new `kid`; gives that.
    pub fn rotate(&self, alg: Alg) -> Result<String> {
        let key = keys::Key::generate(alg)?;
        let kid = key.kid.clone();
        let mut keys = self.keys();
        keys.retain(|old| old.alg != alg);
        keys.push(key);
        Ok(kid)
    }

    /// Lets the server answer 503 from now on (`false`), or again as it should (`true`).
    pub fn set_available(&self, available: bool) {
        self.shared.available.store(available, Ordering::Relaxed);
    }

    /// How many times the JWKS was asked for.
    pub fn jwks_requests(&self) -> u32 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    fn keys(&self) -> MutexGuard<'_, Vec<keys::Key>> {
        self.shared.keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn newest<'a>(&self, keys: &'a [keys::Key], alg: Alg) -> Result<&'a keys::Key> {
        keys.iter()
            .rev()
            .find(|key| key.alg == alg)
            .ok_or_else(|| anyhow::anyhow!("{} has no key for {alg:?}", self.issuer))
    }
}

impl Drop for Idp {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        // The thread waits for a connection; this is one.
        if let Some(address) = self.issuer.strip_prefix("http://") {
            let _ = std::net::TcpStream::connect(address);
        }
    }
}
