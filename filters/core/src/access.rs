//! What the proxy's own access log can say of a connection or a request.

use std::fmt;

/// Longest value, in characters.
const MOST: usize = 200;

/// For the access log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// Id of the session as it is recorded.
    pub session: String,
    /// Subject of the agent's token; empty where nobody was known.
    pub principal: String,
    /// What was decided.
    pub decision: String,
}

impl Access {
    /// The agent may have chosen its name: it is cut off, and has no control characters, which would be lines of their own
    /// in a log of text.
    #[must_use]
    pub fn new(session: &str, principal: &str, decision: String) -> Self {
        let plain = principal.chars().map(|c| if c.is_control() { '?' } else { c });
        Self { session: session.to_owned(), principal: plain.take(MOST).collect(), decision }
    }

    /// Names and values of properties. In Envoy's filter state the names stand behind `wasm.`.
    #[must_use]
    pub fn properties(&self) -> [(&'static str, &str); 3] {
        [
            ("gatewright.session", &self.session),
            ("gatewright.principal", &self.principal),
            ("gatewright.decision", &self.decision),
        ]
    }
}

/// How often what was decided.
#[derive(Debug, Clone, Default)]
pub struct Decisions {
    allow: u64,
    deny: u64,
    hold: u64,
}

impl Decisions {
    /// One more, by its word in the recording.
    pub fn count(&mut self, decision: &str) {
        let count = match decision {
            "allow" => &mut self.allow,
            "hold" => &mut self.hold,
            _ => &mut self.deny,
        };
        *count = count.saturating_add(1);
    }
}

impl fmt::Display for Decisions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [("allow", self.allow), ("deny", self.deny), ("hold", self.hold)];
        for (place, (word, count)) in all.iter().filter(|(_, count)| *count > 0).enumerate() {
            write!(f, "{}{word} {count}", if place > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_are_counted_by_their_word() {
        let mut decisions = Decisions::default();
        assert_eq!(decisions.to_string(), "");
        for word in ["allow", "hold", "allow", "deny", "allow"] {
            decisions.count(word);
        }
        assert_eq!(decisions.to_string(), "allow 3, deny 1, hold 1");
    }

    #[test]
    fn a_name_is_one_line() {
        let access = Access::new("s1", "ann\n2026 forged\u{1b}[2J", "deny 1".to_owned());
        assert_eq!(access.principal, "ann?2026 forged?[2J");
        assert_eq!(Access::new("s1", &"é".repeat(300), String::new()).principal.chars().count(), MOST);
    }
}
