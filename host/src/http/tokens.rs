//! Personal access tokens, for their owners. No personal token is good for any of this: one that leaked cannot make
//! another, nor find out which there are.
#![allow(unused_qualifications, reason = "utoipa's macros write some")]

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::Caller;
use super::problem::{Failure, Json, Path, Query};
use crate::config::TokenRules;
use crate::config::values::Span;
use crate::store::tokens::Token;
use crate::time::{now, rfc3339};
use crate::tokens::scope::Scope;
use crate::tokens::{NewToken, ends, rules, state};
use crate::ui::called;

type Shared = State<Arc<App>>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list, make)).routes(routes!(revoke))
}

/// A personal token as its owner sees it, without itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PersonalToken)]
struct TokenView {
    id: String,
    /// `active`, `revoked` or `expired`.
    state: &'static str,
    name: String,
    issuer: String,
    subject: String,
    /// What the owner is called.
    owner: String,
    groups: Vec<String>,
    #[schema(value_type = Vec<Scope>)]
    scopes: Vec<String>,
    created_at: String,
    expires_at: String,
    /// Within a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    used_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
    /// `sub`.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_by: Option<String>,
}

impl TokenView {
    fn new(token: Token, rules: Option<&TokenRules>) -> Self {
        Self {
            state: state(&token, rules, now()),
            expires_at: rfc3339(ends(&token, rules)),
            id: token.id,
            name: token.name,
            issuer: token.owner.issuer,
            subject: token.owner.subject,
            owner: token.called,
            groups: token.groups,
            // Of a later version there may be others, which are good for nothing here.
            scopes: token.scopes.into_iter().filter(|scope| Scope::parse(scope).is_some()).collect(),
            created_at: rfc3339(token.created_at),
            used_at: token.used_at.map(rfc3339),
            revoked_at: token.revoked.as_ref().map(|revoked| rfc3339(revoked.at)),
            revoked_by: token.revoked.map(|revoked| revoked.by.subject),
        }
    }
}

/// A personal token, this once with itself.
#[derive(Serialize, ToSchema)]
#[schema(as = NewPersonalToken)]
struct NewTokenView {
    #[serde(flatten)]
    about: TokenView,
    /// `gwp_…`: it is shown this once, and nobody can find it out later.
    token: String,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct WhichTokens {
    /// Only those that are neither revoked nor over.
    #[serde(default)]
    active: bool,
}

/// The caller's own personal tokens, the newest first.
#[utoipa::path(
    get,
    path = "/v1/tokens",
    tag = "people",
    security(("person" = [])),
    params(WhichTokens),
    responses((status = 200, body = Vec<TokenView>), Failure),
)]
async fn list(
    State(app): Shared,
    Caller { who, .. }: Caller,
    Query(WhichTokens { active }): Query<WhichTokens>,
) -> Result<Json<Vec<TokenView>>, Failure> {
    let compiled = app.compiled.state();
    let rules = rules(&compiled.settings.loaded.config);
    let tokens = app.tokens.list(&who).await?.into_iter().map(|token| TokenView::new(token, rules));
    Ok(Json(tokens.filter(|token| !active || token.state == "active").collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTokenBody {
    /// What it is for, in at most 100 characters.
    name: String,
    scopes: Vec<Scope>,
    /// `30d`: how long it is good; as the configuration says if left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "30d")]
    lasts: Option<Span>,
}

/// Makes a personal token, and shows it this once.
#[utoipa::path(
    post,
    path = "/v1/tokens",
    tag = "people",
    security(("person" = [])),
    request_body = NewTokenBody,
    responses((status = 201, body = NewTokenView), Failure),
)]
async fn make(
    State(app): Shared,
    Caller { who, .. }: Caller,
    Json(body): Json<NewTokenBody>,
) -> Result<impl IntoResponse, Failure> {
    let compiled = app.compiled.state();
    let config = &compiled.settings.loaded.config;
    let seconds = body.lasts.map(|span| span.0.as_secs());
    let new = NewToken { name: body.name, scopes: body.scopes, seconds };
    let (token, secret) = app.tokens.make(new, &who, called(&who), config).await?;
    let view =
        NewTokenView { about: TokenView::new(token, rules(config)), token: secret.reveal().to_owned() };
    Ok((StatusCode::CREATED, AppendHeaders([(header::CACHE_CONTROL, "no-store")]), Json(view)))
}

/// Revokes one of the caller's own personal tokens at once.
#[utoipa::path(
    delete,
    path = "/v1/tokens/{id}",
    tag = "people",
    security(("person" = [])),
    params(("id" = String, Path, description = "Of the token, which is not the token itself")),
    responses((status = 200, body = TokenView), Failure),
)]
async fn revoke(
    State(app): Shared,
    Caller { who, .. }: Caller,
    Path(id): Path<String>,
) -> Result<Json<TokenView>, Failure> {
    let token = app.tokens.revoke(&id, &who).await?;
    let compiled = app.compiled.state();
    Ok(Json(TokenView::new(token, rules(&compiled.settings.loaded.config))))
}
