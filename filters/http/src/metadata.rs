//! Where an agent gets a token for this API: OAuth 2.0 protected resource metadata (RFC 9728).

use crate::Plane;
use crate::mcp::{ResourceMetadata, well_known};
use crate::reply::Reply;

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The document, where the path is its own: with or without the path of the resource behind it.
pub(crate) fn reply(plane: &Plane, path: &[u8]) -> Option<Reply> {
    let rest = path.strip_prefix(WELL_KNOWN.as_bytes())?;
    let public = plane.api.public_url.as_deref()?;
    if !rest.is_empty() && !well_known(public)?.as_bytes().ends_with(path) {
        return None;
    }
    let servers = plane.providers.iter().map(|provider| provider.issuer.clone()).collect();
    let document = ResourceMetadata {
        scopes_supported: plane.api.scopes.clone(),
        resource_name: Some(plane.name.clone()),
        ..ResourceMetadata::new(public, servers)
    };
    let headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("cache-control".to_owned(), "max-age=300".to_owned()),
        // Agents in browsers must be able to read it; it holds nothing secret.
        ("access-control-allow-origin".to_owned(), "*".to_owned()),
    ];
    Some(Reply { status: 200, headers, body: document.document().into_bytes() })
}
