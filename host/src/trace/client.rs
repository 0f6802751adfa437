//! Sends to the collector, with the HTTP client and the TLS that the host has anyway.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};

use crate::compile::Compiled;

/// Longest that the collector may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Most bytes of its answer: which spans it did not take, in words.
const MOST_ANSWER: usize = 64 << 10;

/// Sends to the collector.
pub(super) struct Client {
    http: reqwest::Client,
    /// For its headers: they may change, since they are secrets.
    compiled: Compiled,
    /// Whether that is in the log.
    is_failing: AtomicBool,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl Client {
    pub(super) fn new(ca: Option<&Path>, compiled: Compiled) -> anyhow::Result<Self> {
        let mut http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            // Where spans and headers go the configuration says.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("gatewright/", env!("CARGO_PKG_VERSION")));
        if let Some(ca) = ca {
            let read = || anyhow::Ok(reqwest::Certificate::from_pem_bundle(&std::fs::read(ca)?)?);
            let authorities = read().with_context(|| format!("the authorities in `{}`", ca.display()))?;
            http = http.tls_built_in_root_certs(false);
            http = authorities.into_iter().fold(http, reqwest::ClientBuilder::add_root_certificate);
        }
        let is_failing = AtomicBool::new(false);
        Ok(Self { http: http.build().context("HTTP client")?, compiled, is_failing })
    }

    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let settings = self.compiled.state().settings.clone();
        for (name, value) in &settings.tracing_headers {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        // Without the URL: it may hold a password.
        let plain = |cause: reqwest::Error| cause.without_url();
        let mut answer = self.http.execute(request.try_into()?).await.map_err(plain)?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(plain)? {
            if body.len() + piece.len() > MOST_ANSWER {
                break;
            }
            body.extend_from_slice(&piece);
        }
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }

    /// Says it once, and not each time.
    fn says(&self, trouble: Option<String>) {
        let was = self.is_failing.swap(trouble.is_some(), Ordering::Relaxed);
        match trouble {
            Some(cause) if !was => {
                tracing::warn!(cause, "the collector takes no traces; they are lost meanwhile")
            }
            None if was => tracing::info!("the collector takes traces again"),
            _ => {}
        }
    }
}

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = self.send(request).await;
        self.says(match &answer {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answers {}", answer.status())),
            Err(cause) => Some(causes(cause.as_ref())),
        });
        answer
    }
}

/// An error with what caused it.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let all = std::iter::successors(Some(error), |error| error.source());
    all.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
