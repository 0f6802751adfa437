//! How a client learns where to get a token: protected resource metadata (RFC 9728) and the challenge that points to it
//! (RFC 6750 section 3, RFC 9728 section 5.1).

use serde::Serialize;

/// The document at the well-known URI, to be sent as `application/json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResourceMetadata {
    /// The resource's identifier: its URL, as clients use it.
    pub resource: String,
    /// Issuers of the authorization servers; MCP wants at least one.
    pub authorization_servers: Vec<String>,
    /// How tokens may come; MCP has only `header`.
    pub bearer_methods_supported: Vec<String>,
    /// Scopes; left out where there are none to tell.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes_supported: Vec<String>,
    /// Name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_name: Option<String>,
}

impl ResourceMetadata {
    /// For tokens in the `Authorization` header.
    #[must_use]
    pub fn new(resource: impl Into<String>, authorization_servers: Vec<String>) -> Self {
        Self {
            resource: resource.into(),
            authorization_servers,
            bearer_methods_supported: vec!["header".to_owned()],
            scopes_supported: Vec::new(),
            resource_name: None,
        }
    }

    /// The document.
    #[must_use]
    pub fn document(&self) -> String {
        // INVARIANT: a struct of strings always serialises.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// URL of the metadata of a resource (RFC 9728 section 3.1): the well-known path goes between host and path. `None`
/// where the resource is no `http(s)` URL, or has a query or fragment.
#[must_use]
pub fn well_known(resource: &str) -> Option<String> {
    let (scheme, rest) = resource.split_once("://")?;
    let (host, path) = match rest.find('/') {
        Some(at) => rest.split_at_checked(at)?,
        None => (rest, ""),
    };
    if !matches!(scheme, "http" | "https") || host.is_empty() || rest.contains(['?', '#']) {
        return None;
    }
    let path = if path == "/" { "" } else { path };
    Some(format!("{scheme}://{host}/.well-known/oauth-protected-resource{path}"))
}

/// A `WWW-Authenticate` challenge. With no error it asks for a token (status 401); `invalid_token` is 401 too,
/// `insufficient_scope` 403, `invalid_request` 400.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Challenge<'a> {
    /// URL of the metadata.
    pub resource_metadata: Option<&'a str>,
    /// Code of RFC 6750 section 3.1.
    pub error: Option<&'a str>,
    /// Why, in ASCII.
    pub error_description: Option<&'a str>,
    /// Scopes that it takes, with spaces between them.
    pub scope: Option<&'a str>,
}

impl Challenge<'_> {
    /// The header's value. All parameters are quoted strings of the characters that RFC 6750 section 3 allows them;
    /// what cannot be in one is left out (URL, scope, code) or becomes a `'` or `?` (description).
    #[must_use]
    pub fn value(&self) -> String {
        let described = self.error_description.map(|text| {
            let plain = |character| match character {
                '"' => '\'',
                '\\' => '/',
                ' '..='~' => character,
                _ => '?',
            };
            text.chars().map(plain).collect::<String>()
        });
        let parameters = [
            ("resource_metadata", self.resource_metadata.filter(|url| fits(url) && !url.contains(' '))),
            ("error", self.error.filter(|code| fits(code))),
            ("error_description", described.as_deref()),
            ("scope", self.scope.filter(|scope| fits(scope))),
        ];
        let mut out = String::from("Bearer");
        let mut before = ' ';
        for (name, value) in parameters.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            out.push(before);
            if before == ',' {
                out.push(' ');
            }
            out.push_str(name);
            out.push_str("=\"");
            out.push_str(value);
            out.push('"');
            before = ',';
        }
        out
    }
}

/// %x20-21 / %x23-5B / %x5D-7E
fn fits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\')
}
