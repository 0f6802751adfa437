//! Who the agent is, told to the server in settings of the session, for its log (`%a`), `pg_stat_activity` and row-level
//! security. The agent cannot change those that are the gate's own, and what resets all settings is followed by them again.

use std::fmt::Write as _;

use gatewright_core::identity::Identity;
use gatewright_core::policy::Target;
use gatewright_sql::{PreparedNames, StatementFacts};

use crate::Refusal;
use crate::refusal::code;
use crate::wire::frontend;

/// Most bytes of `application_name` (PostgreSQL's NAMEDATALEN, less one).
const MOST_APPLICATION: usize = 63;

/// What the server is told of a session.
#[derive(Debug, Clone)]
pub(crate) struct Announcement {
    /// A Query message.
    query: Box<[u8]>,
}

impl Announcement {
    /// `session` is the id under which it is recorded; `application` what the client calls itself.
    pub(crate) fn new(who: &Identity, session: &str, application: &str) -> Self {
        let name = format!("gatewright:{}:{application}", who.subject);
        let settings = [
            ("gatewright.agent", who.subject.as_str()),
            ("gatewright.issuer", &who.issuer),
            ("gatewright.session", session),
            ("application_name", &printable(&name, MOST_APPLICATION)),
        ];
        let text: Vec<String> =
            settings.iter().map(|(name, value)| format!("SET {name} TO {}", literal(value))).collect();
        let mut query = Vec::new();
        frontend::query(&text.join("; "), &mut query);
        Self { query: query.into() }
    }

    /// The message that tells it.
    pub(crate) fn query(&self) -> &[u8] {
        &self.query
    }
}

/// Whether a setting is one of those that tell who the agent is. `application_name` is not: drivers and tools set it all the
/// time, to what they are.
pub(crate) fn is_announced(setting: &str) -> bool {
    setting.starts_with("gatewright.")
}

/// Why such a setting is not changed.
pub(crate) fn announced(setting: &str) -> Refusal {
    Refusal::new(code::DENIED, format!("`{setting}` cannot be changed through the gate"))
        .detail("It tells the database who you are.")
        .hint("leave settings of this prefix to the gate")
}

/// Whether a statement resets all settings, these among them.
pub(crate) fn resets(facts: &StatementFacts) -> bool {
    match facts.statement {
        "RESET" => facts
            .accesses
            .iter()
            .any(|access| matches!(&access.target, Target::Setting { name } if name == "all")),
        "DISCARD" => facts.renames == Some(PreparedNames::All),
        _ => false,
    }
}

/// A string constant with `standard_conforming_strings` on, which is seen to (PostgreSQL, 4.1.2.1 and 4.1.2.3). It is ASCII:
/// the client chooses in which encoding the server reads this, and another one must not make another name of it. A zero
/// byte cannot be in one.
fn literal(value: &str) -> String {
    let mut text = String::with_capacity(value.len().saturating_add(4));
    let escapes = !value.is_ascii();
    text.push_str(if escapes { "U&'" } else { "'" });
    for c in value.chars() {
        match c {
            '\0' => {}
            '\'' => text.push_str("''"),
            '\\' if escapes => text.push_str(r"\\"),
            c if c.is_ascii() => text.push(c),
            c => {
                // INVARIANT: writing to a string does not fail.
                let _ = write!(text, r"\+{:06x}", u32::from(c));
            }
        }
    }
    text.push('\'');
    text
}

/// What the server keeps of a name: printable ASCII.
fn printable(text: &str, most: usize) -> String {
    let plain = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
    text.chars().map(plain).take(most).collect()
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_value_whatever_it_is() {
        let who = Identity {
            issuer: "https://idp".into(),
            subject: "o'brien\\'; DROP TABLE x; --\0é".into(),
            groups: vec![],
            claims: Default::default(),
            expires_at: 0,
        };
        let told = Announcement::new(&who, "s1", &"x".repeat(80));
        let text = String::from_utf8_lossy(&told.query()[5..told.query().len() - 1]).into_owned();
        assert!(
            text.starts_with(r"SET gatewright.agent TO U&'o''brien\\''; DROP TABLE x; --\+0000e9'; SET"),
            "{text}"
        );
        assert!(text.is_ascii(), "in whatever encoding it is read");
        assert!(
            text.contains("SET gatewright.session TO 's1'; SET application_name TO 'gatewright:o''brien"),
            "{text}"
        );
        assert!(text.len() < 300 && !text.contains('\0'), "{text}");
    }

    #[test]
    fn the_servers_own_names_are_not_changed() {
        for (name, announced) in [
            ("gatewright.agent", true),
            ("gatewright.x", true),
            ("application_name", false),
            ("gatewright", false),
        ] {
            assert_eq!(is_announced(name), announced, "{name}");
        }
    }
}
