//! Errors as `application/problem+json` (RFC 9457).

use std::collections::BTreeMap;

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gatewright_core::api::Problem;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use crate::log::Rejected;
use crate::{approvals, login, tokens};

/// An answer that is an error. Its detail may be shown to agents: no secret, no cause from inside.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    detail: String,
    /// Seconds.
    retry_after: Option<u64>,
    /// `WWW-Authenticate`, where it says more than how to show a token.
    challenge: Option<String>,
}

impl Failure {
    /// Of a status, with what happened and what to do.
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), retry_after: None, challenge: None }
    }

    /// The same, which may be tried again after so many seconds.
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// The same, with what is wrong with the token in the words of RFC 6750 section 3.
    pub(crate) fn challenge(self, challenge: impl Into<String>) -> Self {
        Self { challenge: Some(challenge.into()), ..self }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Error").to_owned();
        let problem = Problem { title, status: self.status.as_u16(), detail: self.detail };
        let headers = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response =
            (self.status, headers, serde_json::to_string(&problem).unwrap_or_default()).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        let challenge = self.challenge.and_then(|challenge| HeaderValue::try_from(challenge).ok());
        // RFC 9110 section 11.6.1 asks for it.
        let plain = (self.status == StatusCode::UNAUTHORIZED).then_some(HeaderValue::from_static("Bearer"));
        if let Some(challenge) = challenge.or(plain) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// What to do is the same whichever statement it was.
const DATABASE_AWAY: &str = "the host's database does not answer, and nothing was changed for sure: ask again in a moment; \
                             if that lasts, `/readyz` and the host's log say what is wrong";

impl From<sqlx::Error> for Failure {
    fn from(cause: sqlx::Error) -> Self {
        tracing::error!(%cause, "the database");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, DATABASE_AWAY)
    }
}

impl From<Rejected> for Failure {
    fn from(rejected: Rejected) -> Self {
        let status = match rejected {
            Rejected::Unreadable(_) => StatusCode::BAD_REQUEST,
            Rejected::Conflict(_) => StatusCode::CONFLICT,
            Rejected::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, rejected.to_string())
    }
}

impl From<approvals::Refused> for Failure {
    fn from(refused: approvals::Refused) -> Self {
        use approvals::Refused;
        let status = match refused {
            Refused::Unknown(_) => StatusCode::NOT_FOUND,
            Refused::Forbidden(_) => StatusCode::FORBIDDEN,
            Refused::Conflict(_) => StatusCode::CONFLICT,
            Refused::Senseless(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Refused::Store(cause) => return cause.into(),
        };
        Self::new(status, refused.to_string())
    }
}

impl From<tokens::Refused> for Failure {
    fn from(refused: tokens::Refused) -> Self {
        use tokens::Refused;
        let status = match refused {
            Refused::Unknown(_) => StatusCode::NOT_FOUND,
            Refused::Off(_) => StatusCode::FORBIDDEN,
            Refused::Conflict(_) => StatusCode::CONFLICT,
            Refused::Senseless(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Refused::Store(cause) => return cause.into(),
        };
        Self::new(status, refused.to_string())
    }
}

impl From<login::Refused> for Failure {
    fn from(refused: login::Refused) -> Self {
        use login::Refused;
        let status = match refused {
            Refused::Identity(_) => StatusCode::UNAUTHORIZED,
            Refused::Forbidden(_) => StatusCode::FORBIDDEN,
            Refused::Resource(_) => StatusCode::NOT_FOUND,
            Refused::Unanswerable(_) => StatusCode::BAD_GATEWAY,
            Refused::Protocol(_) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self::new(status, refused.to_string())
    }
}

impl From<JsonRejection> for Failure {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for Failure {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl From<PathRejection> for Failure {
    fn from(rejection: PathRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

/// How a [`Failure`] looks (RFC 9457).
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes what the filters' crate defines")]
#[schema(as = Problem)]
pub(super) struct ProblemView {
    /// The status's name.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What is wrong, and what to do.
    detail: String,
}

impl IntoResponses for Failure {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let answer = ResponseBuilder::new()
            .description("What is wrong, and what to do")
            .content("application/problem+json", problem)
            .build();
        BTreeMap::from([("default".to_owned(), answer.into())])
    }
}

/// A JSON body whose refusal is a [`Failure`].
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        Ok(Self(axum::Json::<T>::from_request(request, state).await?.0))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// Parts of the path whose refusal is a [`Failure`].
pub(crate) struct Path<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        Ok(Self(axum::extract::Path::<T>::from_request_parts(parts, state).await?.0))
    }
}

/// Query parameters whose refusal is a [`Failure`].
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        Ok(Self(axum::extract::Query::<T>::from_request_parts(parts, state).await?.0))
    }
}
