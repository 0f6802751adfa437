//! The log in the form of C2SP's `tlog-tiles`, for auditors. It is not for everybody: entries name sessions, approvals and
//! grants, and how fast the log grows tells how much agents do.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::{Caller, is_auditor};
use super::problem::Failure;
use crate::log::tiles::Tile;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    // The paths of tiles have slashes in them, which OpenAPI cannot say.
    OpenApiRouter::new().routes(routes!(checkpoint)).route("/tlog/tile/{*path}", get(tile))
}

fn for_auditors(app: &App, caller: &Caller) -> Result<(), Failure> {
    let detail = "the log is for members of the groups in `host.auditors`";
    is_auditor(app, &caller.who.groups)
        .then_some(())
        .ok_or_else(|| Failure::new(StatusCode::FORBIDDEN, detail))
}

/// The newest signed checkpoint of the log, for auditors. Its tiles are at `/tlog/tile/`, as `tlog-tiles` has them.
#[utoipa::path(
    get,
    path = "/tlog/checkpoint",
    tag = "people",
    security(("person" = [])),
    responses((status = 200, body = String, content_type = "text/plain"), Failure),
)]
async fn checkpoint(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Failure> {
    for_auditors(&app, &caller)?;
    let note = app.store.checkpoint().await?;
    let note = note.ok_or_else(|| Failure::new(StatusCode::NOT_FOUND, "the log is empty"))?;
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, note).into_response())
}

async fn tile(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(path): Path<String>,
) -> Result<Response, Failure> {
    for_auditors(&app, &caller)?;
    let missing = || Failure::new(StatusCode::NOT_FOUND, "the log has no such tile");
    let bytes = Tile::read(&path).ok_or_else(missing)?.bytes(&app.store).await?.ok_or_else(missing)?;
    // A tile never changes; it is nobody's but the caller's.
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CACHE_CONTROL, "private, max-age=31536000, immutable"),
    ];
    Ok((headers, bytes).into_response())
}
