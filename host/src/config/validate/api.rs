//! The same of APIs.

use std::collections::HashSet;

use serde_saphyr::Spanned;

use super::{Found, MAX_MESSAGE, detectors};
use crate::config::Tls;
use crate::config::api::{Api, Credential};
use crate::config::identity::Identity;
use crate::config::model::Config;
use crate::tools::Known;

/// Headers that the proxy needs for itself.
const NOT_FOR_CREDENTIALS: [&str; 6] =
    ["connection", "content-length", "content-type", "host", "transfer-encoding", "upgrade"];

pub(super) fn api(found: &mut Found<'_>, path: &str, one: &Api, config: &Config) {
    let field = |name: &str| format!("{path}.{name}");
    super::masking(found, path, one.enforcement.as_ref(), one.masking.as_ref());
    let identity = &one.identity;
    let message = "expected at least one source, such as `bearer`";
    found.unless(!identity.value.is_empty(), identity.referenced, field("identity"), message);
    for (i, source) in identity.value.iter().enumerate() {
        let (fits, message) = match source {
            Identity::Header(name) => (
                is_header(name) && !name.eq_ignore_ascii_case("cookie"),
                format!("`{name}` is not the name of a header that can carry a token"),
            ),
            Identity::Cookie(name) => (is_token(name), format!("`{name}` is not the name of a cookie")),
            Identity::JwtAuthn(verified) => (
                !verified.payload_in_metadata.is_empty(),
                "expected the `payload_in_metadata` of Envoy's jwt_authn".to_owned(),
            ),
            Identity::Bearer | Identity::Mtls(_) => continue,
        };
        found.unless(fits, identity.referenced, field(&format!("identity[{i}]")), message);
    }
    let (tls, message) =
        (one.target.tls, "`request` is how PostgreSQL begins TLS: expected `direct` or `none`");
    found.unless(tls != Tls::Request, one.name.referenced, field("target.tls"), message);
    let message = "an API has none: the proxy is told whom to trust";
    found.unless(one.target.ca.is_none(), one.name.referenced, field("target.ca"), message);
    if let Some(tls) = &one.listen_tls {
        let mtls = identity.value.iter().any(|source| matches!(source, Identity::Mtls(_)));
        let message = "expected `client_ca` as well: `identity` has `mtls`, and nobody would be asked for a certificate";
        found.unless(!mtls || tls.value.client_ca.is_some(), tls.referenced, field("listen_tls"), message);
    }
    if let Some(credential) = &one.credential {
        credential_faults(found, &field("credential"), credential);
    }
    let mut masks = HashSet::new();
    for (i, mask) in one.masks.iter().enumerate() {
        for (k, pattern) in mask.fields.iter().enumerate() {
            let at = field(&format!("masks[{i}].fields[{k}]"));
            let message = format!("`{}` stands here twice: expected another field", pattern.value);
            found.unless(masks.insert(&pattern.value), pattern.referenced, at.clone(), message);
            if let Err(cause) = pattern.value.parse::<gatewright_http::body::Pointer>() {
                found.add(pattern.referenced, at, cause.to_string());
            }
        }
    }
    if let Some(sql) = &one.sql {
        let database = config.resources.value.iter().find(|other| other.name.value.0 == sql.database.value);
        let message = format!("`{}` is none of `resources`", sql.database.value);
        found.unless(database.is_some(), sql.database.referenced, field("sql.database"), message);
    }
    for (i, endpoint) in one.endpoints.value.iter().enumerate() {
        let at = endpoint.path.referenced;
        let field = |name: &str| field(&format!("endpoints[{i}].{name}"));
        let upper = |method: &String| !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase());
        let message = "expected methods in upper case, such as `[GET]`";
        found.unless(
            !endpoint.methods.is_empty() && endpoint.methods.iter().all(upper),
            at,
            field("methods"),
            message,
        );
        for (name, pointer) in &endpoint.fields {
            if let Err(cause) = gatewright_http::json::Pointer::parse(pointer) {
                found.add(at, field(&format!("fields.{name}")), cause.to_string());
            }
        }
        if let Some(sql) = &endpoint.sql {
            found.unless(
                one.sql.is_some(),
                at,
                field("sql"),
                "expected `sql` of the API as well: which database?",
            );
            if let Err(cause) = gatewright_http::json::Pointer::parse(&sql.statement) {
                found.add(at, field("sql.statement"), cause.to_string());
            }
            if let Some(Err(cause)) =
                sql.rows.as_ref().map(|rows| rows.parse::<gatewright_http::body::Pointer>())
            {
                found.add(at, field("sql.rows"), cause.to_string());
            }
        }
    }
    if let Some(mcp) = &one.mcp {
        let message = format!("`{}` is not a path: expected `/mcp` or the like", mcp.path.value);
        found.unless(mcp.path.value.starts_with('/'), mcp.path.referenced, field("mcp.path"), message);
    }
    for (i, upgrade) in one.upgrades.iter().enumerate() {
        let message = format!("`{}` is not a protocol: expected `websocket` or the like", upgrade.value);
        // A tunnel is no request to the API, and the gate opens none.
        let token = is_token(&upgrade.value) && !upgrade.value.eq_ignore_ascii_case("connect");
        found.unless(token, upgrade.referenced, field(&format!("upgrades[{i}]")), message);
    }
    detectors(found, &field("detectors"), &one.detectors);
    if let Some(cap) = &one.limits.max_message {
        let message = format!("expected at most {MAX_MESSAGE} bytes (3MiB), since Envoy's buffer holds 4MiB");
        found.unless(cap.value.0 <= MAX_MESSAGE, cap.referenced, field("limits.max_message"), message);
    }
    // What is left can only be told by compiling it, as the filter will.
    if found.is_empty()
        && let Err(cause) = gatewright_http::check(&one.compiled(&Known::default()))
    {
        found.add(one.endpoints.referenced, field("endpoints"), cause.to_string());
    }
}

fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// Whether a header of that name can carry a secret.
fn is_header(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let own = NOT_FOR_CREDENTIALS.iter().any(|own| own.eq_ignore_ascii_case(name));
    !name.is_empty() && name.bytes().all(plain) && !own
}

fn credential_faults(found: &mut Found<'_>, field: &str, credential: &Spanned<Credential>) {
    if let Some(secret) = credential.value.secret() {
        let expected = "expected one of `{ env: NAME }` and `{ file: PATH }` for the secret";
        found.unless(secret.is_well_formed(), credential.referenced, field, expected);
    }
    if let Credential::Header(fixed) = &credential.value {
        let message = format!("`{}` is not the name of a header that can carry a credential", fixed.name);
        found.unless(is_header(&fixed.name), credential.referenced, format!("{field}.header.name"), message);
    }
    if let Credential::Basic(basic) = &credential.value {
        let message = "expected a user name without `:` (RFC 7617)";
        found.unless(
            !basic.username.contains(':'),
            credential.referenced,
            format!("{field}.basic.username"),
            message,
        );
    }
}
