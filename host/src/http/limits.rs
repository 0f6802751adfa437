//! How often somebody may ask. Filters that show their token are not counted: agents wait for them.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use gatewright_core::digest::{Digest, sha256_parts};
use gatewright_core::identity::Identity;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::App;
use super::problem::Failure;
use crate::config::model::RateLimits;

/// How often those are forgotten who did not ask for a while.
const TIDY: Duration = Duration::from_secs(60);

/// Counts of those who asked lately.
#[derive(Debug, Clone)]
pub(crate) struct Limits(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    people: DefaultKeyedRateLimiter<Digest>,
    forwarded: bool,
    clock: DefaultClock,
}

impl Limits {
    /// With nobody counted yet.
    pub(crate) fn start(configured: &RateLimits) -> Self {
        let inner = Arc::new(Inner {
            addresses: RateLimiter::keyed(quota(configured.per_address)),
            people: RateLimiter::keyed(quota(configured.per_person)),
            forwarded: configured.forwarded_for,
            clock: DefaultClock::default(),
        });
        let tidied = Arc::downgrade(&inner);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(TIDY).await;
                let Some(inner) = tidied.upgrade() else { return };
                inner.addresses.retain_recent();
                inner.people.retain_recent();
            }
        });
        Self(inner)
    }

    /// Counts a request of a person who is known.
    pub(crate) fn person(&self, who: &Identity) -> Result<(), Failure> {
        let key = sha256_parts([who.issuer.as_bytes(), who.subject.as_bytes()]);
        self.0
            .people
            .check_key(&key)
            .map_err(|not_until| self.slower(not_until.wait_time_from(self.0.clock.now())))
    }

    /// Counts a request of an address. One whose address is not known counts with all others of the kind.
    pub(super) fn address(&self, extensions: &Extensions, headers: &HeaderMap) -> Result<(), Failure> {
        let connected = extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(from)| from.ip());
        // What the nearest proxy adds is last; before it stands what anybody may have said.
        let forwarded =
            self.0.forwarded.then(|| headers.get_all("x-forwarded-for").iter().next_back()).flatten();
        let forwarded =
            forwarded.and_then(|list| list.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
        let address = forwarded.or(connected).unwrap_or(IpAddr::from([0, 0, 0, 0]));
        let checked = self.0.addresses.check_key(&network(address));
        checked.map_err(|not_until| self.slower(not_until.wait_time_from(self.0.clock.now())))
    }

    fn slower(&self, wait: Duration) -> Failure {
        let seconds = wait.as_secs().saturating_add(1);
        let detail = format!("too many requests: wait for {seconds} s, and ask less often");
        Failure::new(StatusCode::TOO_MANY_REQUESTS, detail).retry_after(seconds)
    }
}

/// One person's machine has a whole network of addresses with IPv6 (RFC 4291 section 2.5.4: 64 bits).
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let bits = u128::from(address) & (u128::MAX << 64);
            IpAddr::V6(bits.into())
        }
        v4 => v4,
    }
}

/// So many a second, and ten seconds' worth at once.
fn quota(per_second: NonZeroU32) -> Quota {
    Quota::per_second(per_second).allow_burst(per_second.saturating_mul(TEN))
}

const TEN: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

/// Counts by address.
pub(super) async fn by_address(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    app.limits.address(request.extensions(), request.headers())?;
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(forwarded_for: bool) -> Limits {
        let two = NonZeroU32::new(2).unwrap();
        Limits::start(&RateLimits { per_address: two, per_person: two, forwarded_for })
    }

    fn from(address: &str) -> Extensions {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(address.parse().unwrap(), 1)));
        extensions
    }

    #[tokio::test]
    async fn each_address_has_its_own_count() {
        let limits = limits(false);
        let ask = |address: &str| limits.address(&from(address), &HeaderMap::new());
        let passed = (0..100).filter(|_| ask("10.0.0.1").is_ok()).count();
        assert!((20..=22).contains(&passed), "{passed}");
        assert!(ask("10.0.0.2").is_ok());
        // Whoever has a network of addresses has one count.
        let passed = (0..100).filter(|i| ask(&format!("2001:db8::{i:x}")).is_ok()).count();
        assert!((20..=22).contains(&passed), "{passed}");
        assert!(ask("::ffff:10.0.0.1").is_err(), "the same address");
    }

    #[tokio::test]
    async fn what_a_proxy_says_counts_only_where_there_is_one() {
        let forwarded = |value: &str| {
            HeaderMap::from_iter([("x-forwarded-for".parse().unwrap(), value.parse().unwrap())])
        };
        let (proxied, direct) = (limits(true), limits(false));
        for i in 0..40 {
            // The agent makes up another one each time; the proxy adds the true one behind it.
            let headers = forwarded(&format!("10.1.0.{i}, 10.0.0.9"));
            let (a, b) =
                (proxied.address(&from("10.0.0.1"), &headers), direct.address(&from("10.0.0.1"), &headers));
            assert_eq!((a.is_ok(), b.is_ok()), (i < 20, i < 20), "{i}");
        }
        assert!(proxied.address(&from("10.0.0.1"), &forwarded("10.0.0.8")).is_ok());
    }
}
