//! Sends: to Slack as it wants it, to others signed as Standard Webhooks says, so that there are libraries which verify.

use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::RngExt as _;
use reqwest::header::RETRY_AFTER;
use reqwest::{RequestBuilder, StatusCode};
use serde_json::json;

use super::email;
use super::message::{Fact, Message};
use super::receiver::{Key, Receiver, Way};
use crate::mac;
use crate::slack::blocks::{self, cut, escaped};
use crate::time::now;

/// Longest that a receiver may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// First pause after a failure; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(500);
/// Longest pause, whatever a receiver asks for.
const LONGEST: Duration = Duration::from_secs(300);

/// What became of sending.
pub(crate) enum Outcome {
    /// It was taken.
    Delivered,
    /// It will never be taken.
    Refused(String),
    /// It may be taken later.
    Failed {
        /// Why it was not.
        cause: String,
        /// When the receiver says that it may be.
        wait: Option<Duration>,
    },
}

/// Sends.
#[derive(Debug, Clone)]
pub(crate) struct Sender(reqwest::Client);

impl Sender {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            // Whom it is for the configuration says, not the receiver.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("gatewright/", env!("CARGO_PKG_VERSION")));
        Ok(Self(client.build().context("HTTP client")?))
    }

    /// Sends once.
    pub(super) async fn send(&self, receiver: &Receiver, message: &Message) -> Outcome {
        let request = match &receiver.way {
            Way::Slack { url, buttons } => {
                if let (Some(key), Some(approval)) = (buttons, &message.pending) {
                    let words = blocks::message(approval, key, &receiver.public_url);
                    match self.post(self.0.post(url.reveal()).json(&words)).await {
                        // Slack does not like it: then without buttons, rather than not at all.
                        Outcome::Refused(cause) => {
                            tracing::warn!(receiver = receiver.name, cause, "takes no message with buttons");
                        }
                        outcome => return outcome,
                    }
                }
                self.0.post(url.reveal()).json(&slack(message))
            }
            Way::Signed { url, key } => {
                return self.send_signed(url, key, &message.id, message.json.to_string()).await;
            }
            Way::Email(mail) => return email::send(mail, message).await,
        };
        self.post(request).await
    }

    /// Sends JSON, signed, once.
    pub(crate) async fn send_signed(&self, url: &str, key: &Key, id: &str, body: String) -> Outcome {
        self.post(signed(self.0.post(url), key, id, body)).await
    }

    async fn post(&self, request: RequestBuilder) -> Outcome {
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(cause) => {
                // Without the URL, which may be the secret.
                let cause = anyhow::Error::from(cause.without_url());
                return Outcome::Failed { cause: format!("{cause:#}"), wait: None };
            }
        };
        let (status, wait) = (answer.status(), answer.headers().get(RETRY_AFTER));
        let wait = wait.and_then(|wait| wait.to_str().ok()?.parse().ok());
        let wait = wait.map(|seconds| Duration::from_secs(seconds).min(LONGEST));
        let cause = format!("it answers {status}");
        match status {
            status if status.is_success() => Outcome::Delivered,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Outcome::Failed { cause, wait },
            status if status.is_server_error() => Outcome::Failed { cause, wait },
            _ => Outcome::Refused(cause),
        }
    }
}

/// How long to wait after so many failures: twice as long each time, and not at the same time as everybody else.
pub(crate) fn pause(failures: u32) -> Duration {
    let most = FIRST.saturating_mul(1 << failures.min(16)).min(LONGEST);
    most.mul_f64(rand::rng().random_range(0.5..=1.0))
}

/// `webhook-id` stays the same, so that a receiver can tell a repetition; `webhook-timestamp` is of this attempt, so that
/// it can refuse an old one; both are signed with the body.
fn signed(request: RequestBuilder, key: &Key, id: &str, body: String) -> RequestBuilder {
    let timestamp = (now() / 1000).to_string();
    let signature = format!("v1,{}", sign(&key.0, id, &timestamp, &body));
    request
        .header("content-type", "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", signature)
        .body(body)
}

/// Base64 of the HMAC-SHA-256 over `id.timestamp.body`.
fn sign(key: &[u8], id: &str, timestamp: &str, body: &str) -> String {
    STANDARD.encode(mac::code(key, format!("{id}.{timestamp}.{body}").as_bytes()))
}

/// Text in blocks of plain text: an agent's name shall neither call anybody nor be a link.
fn slack(message: &Message) -> serde_json::Value {
    let lines: Vec<String> = message.facts.iter().map(Fact::line).collect();
    let (title, words) = (cut(&message.title).0, cut(&lines.join("\n")).0);
    json!({
        "text": escaped(&message.title),
        "unfurl_links": false,
        "unfurl_media": false,
        "blocks": [
            { "type": "section", "text": { "type": "plain_text", "emoji": false, "text": title } },
            { "type": "section", "text": { "type": "plain_text", "emoji": false, "text": words } },
            { "type": "section", "text": { "type": "mrkdwn", "text": format!("<{}|Open in Gatewright>", escaped(&message.url)) } },
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_signs_as_the_specification_says() {
        // The example of Standard Webhooks.
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", r#"{"test": 2432232314}"#);
        assert_eq!(signature, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn pauses_grow_and_end() {
        assert!(pause(0) <= FIRST && pause(0) >= FIRST / 2);
        assert!(pause(3) > FIRST && pause(3) <= FIRST * 8);
        assert!(pause(40) <= LONGEST && pause(40) >= LONGEST / 2);
    }
}
