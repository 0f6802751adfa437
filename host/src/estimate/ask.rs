//! Asks the database, over a connection of its own, as the role that the statement itself would run as.
//!
//! Nothing gets out of `EXPLAIN`: the message Parse takes one statement only, and PostgreSQL's grammar takes
//! behind `EXPLAIN (…)` only what can be planned, so neither a second statement nor `ANALYZE` is possible.
//! The transaction is read only and is rolled back. The server itself ends what takes long or waits for a
//! lock.

use std::error::Error;
use std::fmt::Write as _;

use bytes::BytesMut;
use gatewright_core::api::ApprovalRequest;
use postgres_protocol::escape::{escape_identifier, escape_literal};
use serde_json::Value;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Row};

use super::{Rows, Why, plan};
use crate::catalogue::{Source, connect_briefly};

/// What is asked.
pub(super) struct Question<'a> {
    /// The statement and its parameters.
    pub(super) request: &'a ApprovalRequest,
    /// Schemas that its names are looked up in.
    pub(super) search_path: &'a [String],
    /// More settings of the session.
    pub(super) settings: Vec<(&'static str, &'a str)>,
}

/// What the server is to end by itself; and texts are read as the gate reads them.
const BEGIN: &str = "BEGIN READ ONLY; SET LOCAL statement_timeout = '1s'; SET LOCAL lock_timeout = '500ms'; \
    SET LOCAL idle_in_transaction_session_timeout = '5s'; SET LOCAL standard_conforming_strings = on";

/// The rows that the database expects.
pub(super) async fn ask(source: &Source, question: &Question<'_>) -> Result<Rows, Why> {
    let connection = connect_briefly(source).await.map_err(|cause| {
        tracing::warn!(at = %source.at, role = source.role, "no estimate: {cause:#}");
        Why::Away
    })?;
    let rows = question.put(&connection.client).await;
    if connection.client.batch_execute("ROLLBACK").await.is_ok() {
        connection.end().await;
    }
    rows
}

impl Question<'_> {
    async fn put(&self, client: &Client) -> Result<Rows, Why> {
        client.batch_execute(&self.begin()).await.map_err(|error| why(&error))?;
        let statement = &self.request.statement;
        let values = self.values();
        let explained = match &values {
            Some(values) => {
                let values: Vec<_> = values.iter().map(|value| (value as _, Type::UNKNOWN)).collect();
                client.query_typed_one(&format!("EXPLAIN (FORMAT JSON) {statement}"), &values).await
            }
            None => self.put_generic(client).await,
        };
        let Json(explained) = explained.map_err(|error| why(&error))?.try_get(0).map_err(|_| Why::Refused)?;
        let (count, are) = plan::rows(&explained).ok_or(Why::Refused)?;
        Ok(Rows { count, are, generic: values.is_none() })
    }

    /// Has a plan made for any values: `PREPARE` takes one statement of the same kinds. (`GENERIC_PLAN` needs
    /// PostgreSQL 16, and the simple protocol, which takes several.)
    async fn put_generic(&self, client: &Client) -> Result<Row, tokio_postgres::Error> {
        let Self { request, .. } = self;
        // A pooler may give the connection to others.
        let name = format!("gatewright_{}", hex::encode(rand::random::<[u8; 8]>()));
        client.query_typed(&format!("PREPARE {name} AS {}", request.statement), &[]).await?;
        let values = vec!["NULL"; request.parameters.len()].join(", ");
        client.batch_execute("SET LOCAL plan_cache_mode = force_generic_plan").await?;
        let explained =
            client.query_typed_one(&format!("EXPLAIN (FORMAT JSON) EXECUTE {name} ({values})"), &[]).await?;
        client.batch_execute(&format!("DEALLOCATE {name}")).await?;
        Ok(explained)
    }

    /// Begins a transaction in which names mean what they mean in the agent's session.
    fn begin(&self) -> String {
        let mut text = BEGIN.to_owned();
        let path: Vec<String> = self.search_path.iter().map(|schema| escape_identifier(schema)).collect();
        let path = if path.is_empty() { "''".to_owned() } else { path.join(", ") };
        // INVARIANT: writing to a string does not fail.
        let _ = write!(text, "; SET LOCAL search_path = {path}");
        for (name, value) in &self.settings {
            let _ = write!(text, "; SET LOCAL {name} = {}", escape_literal(value));
        }
        text
    }

    /// The parameters as the agent gave them; `None` where one of them was binary, which is only described:
    /// such a text begins with `\x`.
    fn values(&self) -> Option<Vec<Text<'_>>> {
        let values = self.request.parameters.iter().map(Option::as_deref);
        let given = |value: Option<&'_ str>| !value.is_some_and(|text| text.starts_with("\\x"));
        values.clone().all(given).then(|| values.map(Text).collect())
    }
}

fn why(error: &tokio_postgres::Error) -> Why {
    match error.code() {
        Some(&SqlState::QUERY_CANCELED | &SqlState::LOCK_NOT_AVAILABLE) => Why::Late,
        Some(_) => Why::Refused,
        None => Why::Away,
    }
}

/// A parameter in text form, whatever its type is.
#[derive(Debug)]
struct Text<'a>(Option<&'a str>);

impl ToSql for Text<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            Some(text) => {
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
            None => Ok(IsNull::Yes),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// A value of type `json`.
struct Json(Value);

impl<'a> FromSql<'a> for Json {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(serde_json::from_slice(raw)?))
    }

    fn accepts(of: &Type) -> bool {
        *of == Type::JSON
    }
}

#[cfg(test)]
#[path = "ask_tests.rs"]
mod tests;
