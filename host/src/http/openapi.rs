//! The description of the API in OpenAPI 3.1, at `/v1/openapi.json`. Each operation stands at its handler, and a route is
//! made of it, so that there is none that is not described.

use axum::Json;
use axum::routing::get;
use utoipa::PartialSchema as _;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{InfoBuilder, License, OpenApi, OpenApiBuilder};

use super::problem::ProblemView;
use crate::tokens::scope::SCHEME;

/// The description without its operations.
pub(super) fn base() -> OpenApi {
    let about = "Approvals, grants and recordings of what agents do; and what filters ask the host for. What is wrong is \
                 told as a problem (RFC 9457): its `detail` says what, and what to do.";
    let mut license = License::new("Apache-2.0");
    license.identifier = Some("Apache-2.0".to_owned());
    let info = InfoBuilder::new()
        .title("Gatewright's host")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(about))
        .license(Some(license));
    let mut api = OpenApiBuilder::new().info(info.build()).build();
    let components = api.components.get_or_insert_default();
    components.schemas.insert("Problem".to_owned(), ProblemView::schema());
    for (name, about) in [
        ("person", "A person's JSON Web Token, of an audience that is people's"),
        (SCHEME, "A personal access token, `gwp_…`, that has the scope which stands beside"),
        ("filter", "The token that the host and its filters share"),
        ("metrics", "The token for metrics, where the configuration names one"),
    ] {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(about)).build();
        components.add_security_scheme(name, SecurityScheme::Http(scheme));
    }
    let signed = "HMAC-SHA-256 of Slack over `x-slack-request-timestamp` and the body, `v0=HEX`";
    let header = ApiKeyValue::with_description("x-slack-signature", signed);
    components.add_security_scheme("slack", SecurityScheme::ApiKey(ApiKey::Header(header)));
    api
}

/// The route that tells it.
pub(super) fn route<S: Clone + Send + Sync + 'static>(api: OpenApi) -> axum::Router<S> {
    axum::Router::new().route("/v1/openapi.json", get(async move || Json(api)))
}
