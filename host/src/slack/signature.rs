//! How Slack signs its requests: `X-Slack-Signature: v0=HEX` is the HMAC-SHA-256 over `v0:TIMESTAMP:BODY`, with the time
//! of `X-Slack-Request-Timestamp` (<https://docs.slack.dev/authentication/verifying-requests-from-slack>).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::mac;
use crate::secret::Secret;

/// How far Slack's clock and the host's may be apart, in seconds.
const SKEW: u64 = 300;

/// Why a request is not Slack's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// The headers are not there, or not as they must be.
    #[error("expected `x-slack-request-timestamp` and `x-slack-signature: v0=…`")]
    Malformed,
    /// Somebody else's, or another body.
    #[error("the signature is not that of this body by the signing secret")]
    Forged,
    /// From long ago, or from later.
    #[error("the request is more than five minutes old, or the clocks are that far apart")]
    Stale,
    /// It was taken already.
    #[error("this very request was taken already")]
    Replayed,
}

/// Signatures that were taken, by the second from which on they are too old to count anyway.
#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<HashMap<[u8; 32], u64>>);

impl Seen {
    /// Whether Slack sent this, now, and for the first time. `now` in seconds.
    pub(crate) fn verify(
        &self,
        secret: &Secret,
        timestamp: &str,
        signature: &str,
        body: &[u8],
        now: u64,
    ) -> Result<(), Refused> {
        let digits = (1..=12).contains(&timestamp.len()) && timestamp.bytes().all(|b| b.is_ascii_digit());
        let at: u64 = timestamp.parse().ok().filter(|_| digits).ok_or(Refused::Malformed)?;
        let mut presented = [0; 32];
        let hex = signature.strip_prefix("v0=").ok_or(Refused::Malformed)?;
        hex::decode_to_slice(hex, &mut presented).map_err(|_| Refused::Malformed)?;
        let message = [b"v0:", timestamp.as_bytes(), b":", body].concat();
        if !mac::is_code(&presented, secret.reveal().as_bytes(), &message) {
            return Err(Refused::Forged);
        }
        if now.abs_diff(at) > SKEW {
            return Err(Refused::Stale);
        }
        // Only what Slack signed gets here, so that nobody else can fill it.
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|_, until| *until >= now);
        match seen.insert(presented, at.saturating_add(SKEW)) {
            None => Ok(()),
            Some(_) => Err(Refused::Replayed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Slack's documentation.
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
                        channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&\
                        response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlg\
                        cZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    const AT: u64 = 1_531_420_618;

    #[test]
    fn it_verifies_as_slack_signs() {
        let secret = Secret::new("8f742231b10e8888abcd99yyyzzz85a5");
        let verify = |seen: &Seen, timestamp: &str, signature: &str, body: &str, now: u64| {
            seen.verify(&secret, timestamp, signature, body.as_bytes(), now)
        };
        let at = AT.to_string();
        for now in [AT, AT - SKEW, AT + SKEW] {
            assert_eq!(verify(&Seen::default(), &at, SIGNATURE, BODY, now), Ok(()));
        }
        for now in [AT - SKEW - 1, AT + SKEW + 1, 0, u64::MAX] {
            assert_eq!(verify(&Seen::default(), &at, SIGNATURE, BODY, now), Err(Refused::Stale));
        }
        let seen = Seen::default();
        assert_eq!(verify(&seen, &at, SIGNATURE, BODY, AT + SKEW), Ok(()));
        // For as long as its time would do, and in whatever letters it is written.
        assert_eq!(verify(&seen, &at, SIGNATURE, BODY, AT + SKEW), Err(Refused::Replayed));
        let shouted = format!("v0={}", SIGNATURE[3..].to_uppercase());
        assert_eq!(verify(&seen, &at, &shouted, BODY, AT), Err(Refused::Replayed));

        let forged = SIGNATURE.replace("503", "504");
        let cases = [
            (at.as_str(), forged.as_str(), BODY, Refused::Forged),
            (at.as_str(), SIGNATURE, "token=other", Refused::Forged),
            ("1531420619", SIGNATURE, BODY, Refused::Forged),
            // The same number otherwise written is not what was signed.
            ("01531420618", SIGNATURE, BODY, Refused::Forged),
            ("+1531420618", SIGNATURE, BODY, Refused::Malformed),
            ("", SIGNATURE, BODY, Refused::Malformed),
            ("99999999999999999999", SIGNATURE, BODY, Refused::Malformed),
            (at.as_str(), "", BODY, Refused::Malformed),
            (at.as_str(), "v0=", BODY, Refused::Malformed),
            (at.as_str(), "v1=a2114d57", BODY, Refused::Malformed),
            (at.as_str(), "v0=a2114d57", BODY, Refused::Malformed),
        ];
        for (timestamp, signature, body, why) in cases {
            let verdict = verify(&Seen::default(), timestamp, signature, body, AT);
            assert_eq!(verdict, Err(why), "{timestamp} {signature}");
        }
    }
}
