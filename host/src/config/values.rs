//! Scalars of the configuration that have a form of their own. Each is parsed where it stands in the file,
//! so that what is wrong with it is reported at its line.

use std::net::SocketAddr;
use std::time::Duration;

use gatewright_core::time::Millis;
use serde::Deserialize;

use crate::log::note::{Kind, VerifyKey};

/// `postgres://USER@HOST:PORT/DATABASE`, without a password.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct DatabaseUrl(pub(crate) String);

impl TryFrom<String> for DatabaseUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // Nothing of it is repeated: it may hold a password.
        let url =
            reqwest::Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "postgres" | "postgresql"));
        let url = url.ok_or("expected `postgres://USER@HOST:PORT/DATABASE`")?;
        if url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password") {
            let why = "the password does not belong into this file: `host.database_password` says where it is, or \
                       GATEWRIGHT_DATABASE holds the whole URL";
            return Err(why.to_owned());
        }
        Ok(Self(text))
    }
}

/// `30s`, `15m`, `1h 30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Span(pub(crate) Duration);

impl Span {
    /// A number of seconds.
    pub(crate) const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        humantime::parse_duration(&text).map(Self).map_err(|_| {
            format!("`{text}` is not a duration: expected a number and a unit, such as `30s` or `15m`")
        })
    }
}

/// `1MiB`, `64KiB`, or a plain number of bytes; fits 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BytesForm")]
pub(crate) struct Bytes(pub(crate) u32);

#[derive(Deserialize)]
#[serde(untagged)]
enum BytesForm {
    Number(u64),
    Text(String),
}

impl BytesForm {
    /// As written, and how many bytes that is.
    fn read(self) -> (String, Option<u64>) {
        let text = match self {
            Self::Number(bytes) => return (bytes.to_string(), Some(bytes)),
            Self::Text(text) => text,
        };
        let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let factor = match unit.trim() {
            "" | "B" => Some(1),
            "KiB" => Some(1 << 10),
            "MiB" => Some(1 << 20),
            "GiB" => Some(1 << 30),
            "TiB" => Some(1_u64 << 40),
            _ => None,
        };
        let bytes = number.parse::<u64>().ok().zip(factor).and_then(|(n, f)| n.checked_mul(f));
        (text, bytes)
    }
}

impl TryFrom<BytesForm> for Bytes {
    type Error = String;

    fn try_from(form: BytesForm) -> Result<Self, String> {
        let (shown, bytes) = form.read();
        match bytes.and_then(|bytes| u32::try_from(bytes).ok()) {
            Some(bytes) => Ok(Self(bytes)),
            None => Err(format!("`{shown}` is not a size: expected bytes, or a number with `KiB` or `MiB`")),
        }
    }
}

/// `500MiB`, `20GiB`, or a plain number of bytes; larger than [`Bytes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BytesForm")]
pub(crate) struct Size(pub(crate) u64);

impl TryFrom<BytesForm> for Size {
    type Error = String;

    fn try_from(form: BytesForm) -> Result<Self, String> {
        let (shown, bytes) = form.read();
        let expected = "expected bytes, or a number with `KiB`, `MiB`, `GiB` or `TiB`";
        bytes.map(Self).ok_or_else(|| format!("`{shown}` is not a size: {expected}"))
    }
}

/// A day in UTC, `2026-11-28`, as its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Day(pub(crate) Millis);

impl TryFrom<String> for Day {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let day = humantime::parse_rfc3339(&format!("{text}T00:00:00Z")).ok();
        let since = day.and_then(|day| day.duration_since(std::time::UNIX_EPOCH).ok());
        let at = since.and_then(|since| u64::try_from(since.as_millis()).ok());
        at.map(Self).ok_or_else(|| format!("`{text}` is not a day: expected one such as `2026-11-28`"))
    }
}

/// `address:port`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Address(pub(crate) SocketAddr);

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| {
            format!("`{text}` is not an address: expected an IP address and a port, such as `127.0.0.1:8420`")
        })
    }
}

/// `http://…` or `https://…`, without a trailing slash.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Url(pub(crate) String);

impl TryFrom<String> for Url {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match reqwest::Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                Ok(Self(text.trim_end_matches('/').to_owned()))
            }
            _ => Err(format!("`{text}` is not a URL: expected `http://…` or `https://…`")),
        }
    }
}

/// How many of all, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub(crate) struct Share(pub(crate) f64);

impl TryFrom<f64> for Share {
    type Error = String;

    fn try_from(share: f64) -> Result<Self, String> {
        let fits = (0.0..=1.0).contains(&share);
        if fits { Ok(Self(share)) } else { Err(format!("found {share}, expected a number from 0 to 1")) }
    }
}

/// A host's name, or its IP address.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct HostName(pub(crate) String);

impl TryFrom<String> for HostName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_name = (1..=253).contains(&text.len())
            && !text.starts_with(['-', '.'])
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
        if is_name || text.parse::<std::net::IpAddr>().is_ok() {
            Ok(Self(text))
        } else {
            Err(format!("`{text}` is not a host: expected a name such as `smtp.example`, or an IP address"))
        }
    }
}

/// `Somebody <somebody@example.com>`, or the address alone (RFC 5322 section 3.4); the address in ASCII.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct MailAddress(pub(crate) lettre::message::Mailbox);

impl TryFrom<String> for MailAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parsed = text.parse::<lettre::message::Mailbox>().ok();
        let sound =
            parsed.filter(|one| one.email.to_string().is_ascii() && !text.chars().any(char::is_control));
        sound.map(Self).ok_or_else(|| {
            format!("`{text}` is not an address: expected `somebody@example.com`, or `Somebody <somebody@example.com>`")
        })
    }
}

/// `NAME+ID+BASE64`: the public key of a witness.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct WitnessKey(pub(crate) VerifyKey);

impl TryFrom<String> for WitnessKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match VerifyKey::parse(&text) {
            Ok(key) if key.kind == Kind::Cosignature => Ok(Self(key)),
            Ok(_) => {
                Err(format!("`{text}` is not a witness's key: its type is not that of cosignatures (4)"))
            }
            Err(cause) => Err(format!("`{text}` is not a witness's key, `NAME+ID+BASE64`: {cause:#}")),
        }
    }
}

/// A name that stands in URLs, Cedar entity ids and Envoy's statistics.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Name(pub(crate) String);

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let fits = !text.is_empty()
            && text.len() <= 63
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        if fits {
            Ok(Self(text))
        } else {
            Err(format!("`{text}` is not a name: expected 1 to 63 letters, digits, `-` and `_`"))
        }
    }
}

/// `[schema.]table.column`, each part with `*` for any run of characters; the schema is `public` if left out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct ColumnPattern {
    /// As written.
    pub(crate) text: String,
    schema: String,
    table: String,
    column: String,
}

impl TryFrom<String> for ColumnPattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('.').collect();
        let (schema, table, column) = match parts.as_slice() {
            [table, column] => ("public", *table, *column),
            [schema, table, column] => (*schema, *table, *column),
            _ => ("", "", ""),
        };
        if schema.is_empty() || table.is_empty() || column.is_empty() {
            return Err(format!(
                "`{text}` is not a column pattern: expected `table.column` or `schema.table.column`, `*` allowed"
            ));
        }
        let (schema, table, column) = (schema.to_owned(), table.to_owned(), column.to_owned());
        Ok(Self { text, schema, table, column })
    }
}

impl ColumnPattern {
    /// Whether the table is named without `*`.
    pub(crate) fn names_one_table(&self) -> bool {
        !self.schema.contains('*') && !self.table.contains('*')
    }

    /// Whether the pattern means this column.
    pub(crate) fn matches(&self, schema: &str, table: &str, column: &str) -> bool {
        glob(&self.schema, schema) && glob(&self.table, table) && glob(&self.column, column)
    }
}

/// Whether `text` is what `pattern` says, where `*` stands for any run of characters.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(found) = rest.find(part) else { return false };
        rest = &rest[found + part.len()..];
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

/// `schema.function`, both as the catalogue writes them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct FunctionName {
    /// Its schema.
    pub(crate) schema: String,
    /// Its name.
    pub(crate) name: String,
}

impl TryFrom<String> for FunctionName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = |part: &str| part.is_empty() || part.contains(['.', '*', '(', ')']);
        match text.split_once('.') {
            Some((schema, name)) if !wrong(schema) && !wrong(name) => {
                Ok(Self { schema: schema.to_owned(), name: name.to_owned() })
            }
            _ => Err(format!(
                "`{text}` is not a function's name: expected `schema.function`, without `*` and without arguments"
            )),
        }
    }
}

impl std::fmt::Display for FunctionName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let pattern = |text: &str| ColumnPattern::try_from(text.to_owned()).unwrap();
        assert!(pattern("*.email").matches("public", "customers", "email"));
        assert!(!pattern("*.email").matches("other", "customers", "email"));
        assert!(pattern("*.*.email").matches("other", "customers", "email"));
        assert!(pattern("cust*s.*mail*").matches("public", "customers", "email"));
        assert!(!pattern("cust*x.email").matches("public", "customers", "email"));
        assert!(!pattern("a*a.b").matches("public", "a", "b"));
        assert!(pattern("p.token").matches("public", "p", "token"));
        assert!(ColumnPattern::try_from("email".to_owned()).is_err());
        assert!(ColumnPattern::try_from("a..b".to_owned()).is_err());
    }

    #[test]
    fn sizes() {
        let bytes = |text: &str| Bytes::try_from(BytesForm::Text(text.to_owned())).map(|b| b.0);
        assert_eq!(bytes("1MiB"), Ok(1 << 20));
        assert_eq!(bytes("64 KiB"), Ok(65536));
        assert_eq!(bytes("17"), Ok(17));
        let size = |text: &str| Size::try_from(BytesForm::Text(text.to_owned())).map(|size| size.0);
        assert_eq!((size("20GiB"), size("1TiB")), (Ok(20 << 30), Ok(1 << 40)));
        assert!(size("20GB").is_err() && size("99999999TiB").is_err());
        assert!(Day::try_from("2026-11-28".to_owned()).is_ok_and(|day| day.0 % 86_400_000 == 0));
        assert!(Day::try_from("28.11.2026".to_owned()).is_err());
        assert!(
            bytes("1GB").is_err()
                && bytes("MiB").is_err()
                && bytes("8192MiB").is_err()
                && bytes("1TiB").is_err()
        );
    }
}
