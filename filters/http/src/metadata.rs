//! OAuth 2.0 protected resource metadata (RFC 9728): where an agent gets a token for this API.

use gatewright_core::bundle::http::Api;
use serde_json::json;

use crate::Plane;
use crate::reply::Reply;

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// URL of the metadata, where the API has a public one (RFC 9728 section 3.1: before the path of the resource).
pub(crate) fn url(api: &Api) -> Option<String> {
    let (origin, path) = split(api.public_url.as_deref()?);
    Some(format!("{origin}{WELL_KNOWN}{path}"))
}

/// The document, where the path is its own.
pub(crate) fn reply(plane: &Plane, path: &[u8]) -> Option<Reply> {
    let rest = path.strip_prefix(WELL_KNOWN.as_bytes())?;
    let public = plane.api.public_url.as_deref()?;
    let (_, own) = split(public);
    if !rest.is_empty() && rest != own.as_bytes() {
        return None;
    }
    let servers: Vec<&str> = plane.providers.iter().map(|provider| provider.issuer.as_str()).collect();
    let document = json!({
        "resource": public,
        "authorization_servers": servers,
        "bearer_methods_supported": ["header"],
        "scopes_supported": plane.api.scopes,
        "resource_name": plane.name,
    });
    let headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("cache-control".to_owned(), "max-age=300".to_owned()),
        // Agents in browsers must be able to read it (it holds nothing secret).
        ("access-control-allow-origin".to_owned(), "*".to_owned()),
    ];
    Some(Reply { status: 200, headers, body: serde_json::to_vec(&document).unwrap_or_default() })
}

/// Origin and path of a URL; the path is empty for `/`.
fn split(url: &str) -> (&str, &str) {
    let start = url.find("://").map_or(0, |at| at.saturating_add(3));
    let at = url.get(start..).and_then(|rest| rest.find('/')).map(|at| at.saturating_add(start));
    let (origin, path) = at.and_then(|at| url.split_at_checked(at)).unwrap_or((url, ""));
    (origin, path.trim_end_matches('/'))
}
