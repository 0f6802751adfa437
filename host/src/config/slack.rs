//! The app of Slack whose messages have buttons, and who the people are that press them.

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::values::Url;
use crate::secret::SecretRef;

/// An app of Slack.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SlackApp {
    /// What Slack signs its requests with.
    pub(crate) signing_secret: Spanned<SecretRef>,
    /// The app's id.
    pub(crate) app: SlackId,
    /// The workspace's id. People of others are nobody, in shared channels too.
    pub(crate) team: SlackId,
    /// Who may decide in Slack at all.
    pub(crate) people: Spanned<Vec<SlackPerson>>,
    /// Where answers to clicks go instead of Slack's own hosts: an address of this machine, for tests.
    #[serde(default)]
    pub(crate) answers_to: Option<Spanned<Url>>,
}

/// Who somebody is, to the identity provider and to policies.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SlackPerson {
    /// Their user id in Slack: what they cannot change themselves, unlike a name or an address.
    pub(crate) user: Spanned<SlackId>,
    /// `sub`: the same as when they sign in to the pages.
    pub(crate) subject: String,
    /// `iss`; that of `people` if left out.
    #[serde(default)]
    pub(crate) issuer: Option<Spanned<String>>,
    /// Their groups. If left out, those with which they are signed in to the pages at the time.
    #[serde(default)]
    pub(crate) groups: Option<Vec<String>>,
}

/// An id such as `U024BE7LH`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct SlackId(pub(crate) String);

impl TryFrom<String> for SlackId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let fits = (2..=32).contains(&text.len())
            && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        if fits {
            Ok(Self(text))
        } else {
            Err(format!(
                "`{text}` is not an id of Slack: expected capital letters and digits, such as `U024BE7LH`"
            ))
        }
    }
}
