//! What a personal access token may be used for. [`TABLE`] is the one place that says which scope an operation takes: one
//! that is not in it takes none, so that no personal token is good for it.

use axum::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{OpenApi, PathItem};

/// One of the things that a token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub(crate) enum Scope {
    /// See approvals.
    #[serde(rename = "approvals:read")]
    ApprovalsRead,
    /// Decide about them.
    #[serde(rename = "approvals:decide")]
    ApprovalsDecide,
    /// See grants.
    #[serde(rename = "grants:read")]
    GrantsRead,
    /// Give and revoke them.
    #[serde(rename = "grants:write")]
    GrantsWrite,
    /// Read recordings.
    #[serde(rename = "sessions:read")]
    SessionsRead,
    /// Read the log's checkpoint and tiles.
    #[serde(rename = "log:read")]
    LogRead,
}

use Scope::{ApprovalsDecide, ApprovalsRead, GrantsRead, GrantsWrite, LogRead, SessionsRead};

/// Method and path, as the router and the OpenAPI document write it, and what that takes.
static TABLE: [(Method, &str, Scope); 12] = [
    (Method::GET, "/v1/approvals", ApprovalsRead),
    (Method::GET, "/v1/approvals/{id}", ApprovalsRead),
    (Method::POST, "/v1/approvals/{id}/decision", ApprovalsDecide),
    (Method::GET, "/v1/changes", ApprovalsRead),
    (Method::GET, "/v1/grants", GrantsRead),
    (Method::GET, "/v1/grants/{id}", GrantsRead),
    (Method::POST, "/v1/grants", GrantsWrite),
    (Method::POST, "/v1/grants/{id}/revoke", GrantsWrite),
    (Method::GET, "/v1/sessions", SessionsRead),
    (Method::GET, "/v1/sessions/{id}", SessionsRead),
    (Method::GET, "/tlog/checkpoint", LogRead),
    (Method::GET, "/tlog/tile/{*path}", LogRead),
];

/// What the OpenAPI document calls the way to show a personal token.
pub(crate) const SCHEME: &str = "personal_token";

impl Scope {
    /// All of them.
    pub(crate) const ALL: [Self; 6] =
        [ApprovalsRead, ApprovalsDecide, GrantsRead, GrantsWrite, SessionsRead, LogRead];

    /// As it is written.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            ApprovalsRead => "approvals:read",
            ApprovalsDecide => "approvals:decide",
            GrantsRead => "grants:read",
            GrantsWrite => "grants:write",
            SessionsRead => "sessions:read",
            LogRead => "log:read",
        }
    }

    /// What it is for, in words for people.
    pub(crate) fn words(self) -> &'static str {
        match self {
            ApprovalsRead => "see approvals, and hear of changes",
            ApprovalsDecide => "approve and deny",
            GrantsRead => "see grants",
            GrantsWrite => "give and revoke grants",
            SessionsRead => "read recordings, for auditors",
            LogRead => "read the log's checkpoint and tiles, for auditors",
        }
    }

    /// Reads [`Scope::as_str`].
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }

    /// What an operation takes; `None` where no personal token is good for it.
    pub(crate) fn of(method: &Method, path: &str) -> Option<Self> {
        // Whatever answers GET answers HEAD.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let found = TABLE.iter().find(|(takes, at, _)| takes == method && *at == path);
        found.map(|(_, _, scope)| *scope)
    }
}

/// Has the OpenAPI document say it: beside a person's token, a personal one with the scope is good.
pub(crate) fn describe(api: &mut OpenApi) {
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in operations(item) {
            if let Some(scope) = Scope::of(&method, path) {
                let requirement = SecurityRequirement::new(SCHEME, [scope.as_str()]);
                operation.security.get_or_insert_default().push(requirement);
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut utoipa::openapi::path::Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    let all = [
        (Method::GET, get),
        (Method::PUT, put),
        (Method::POST, post),
        (Method::DELETE, delete),
        (Method::PATCH, patch),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_api() {
        for scope in Scope::ALL {
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.as_str());
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
            assert!(TABLE.iter().any(|(_, _, used)| *used == scope), "{scope:?} is good for nothing");
        }
        assert_eq!(Scope::parse("everything"), None);
        assert_eq!(Scope::of(&Method::HEAD, "/v1/grants"), Some(GrantsRead));
        assert_eq!(Scope::of(&Method::DELETE, "/v1/grants"), None);
        assert_eq!(Scope::of(&Method::GET, "/v1/tokens"), None);
    }

    #[test]
    fn the_table_is_about_operations_that_there_are() {
        let mut api = crate::http::described();
        let people = |api: &mut OpenApi| {
            let mut found = Vec::new();
            for (path, item) in &mut api.paths.paths {
                for (method, operation) in operations(item) {
                    if operation.tags.iter().flatten().any(|tag| tag == "people") {
                        found.push((method, path.clone()));
                    }
                }
            }
            found
        };
        let there = people(&mut api);
        for (method, path, _) in &TABLE {
            // Of this one OpenAPI cannot say the path.
            let is_there = there.iter().any(|(m, p)| m == method && p == path);
            assert!(is_there || *path == "/tlog/tile/{*path}", "{method} {path}");
        }
        // Whoever adds an operation decides whether personal tokens are good for it.
        let without: Vec<String> = there
            .iter()
            .filter(|(method, path)| Scope::of(method, path).is_none())
            .map(|(method, path)| format!("{method} {path}"))
            .collect();
        assert_eq!(without, ["GET /v1/tokens", "POST /v1/tokens", "DELETE /v1/tokens/{id}"]);
    }
}
