//! What a client is told when something is refused: PostgreSQL's native error, in words to act on.

use crate::wire::ErrorFields;

/// SQLSTATEs, by what they are used for here.
pub(crate) mod code {
    /// Denied by policy, or an approval denied.
    pub(crate) const DENIED: &str = "42501";
    /// An approval expired, or the client cancelled while one was pending.
    pub(crate) const CANCELED: &str = "57014";
    /// Identity.
    pub(crate) const IDENTITY: &str = "28000";
    /// Recording or host unavailable.
    pub(crate) const UNAVAILABLE: &str = "58000";
    /// Protocol.
    pub(crate) const PROTOCOL: &str = "08P01";
    /// Over a size cap.
    pub(crate) const TOO_LARGE: &str = "54000";
    /// A prepared statement that does not exist.
    pub(crate) const NO_STATEMENT: &str = "26000";
    /// A portal that does not exist.
    pub(crate) const NO_PORTAL: &str = "34000";
}

/// An error for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// SQLSTATE.
    pub code: &'static str,
    /// What happened.
    pub message: String,
    /// Why.
    pub detail: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}

impl Refusal {
    /// With neither detail nor hint.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: None, hint: None }
    }

    /// With a detail.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// With a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Appends it as ErrorResponse; a fatal one ends the session.
    pub fn write(&self, fatal: bool, out: &mut Vec<u8>) {
        let severity = if fatal { "FATAL" } else { "ERROR" };
        let mut fields = ErrorFields::new(severity, self.code, &self.message);
        if let Some(detail) = &self.detail {
            fields = fields.with(b'D', detail);
        }
        if let Some(hint) = &self.hint {
            fields = fields.with(b'H', hint);
        }
        fields.write(b'E', out);
    }
}
