//! Definitions of MCP tools: the accepted one of each, and a changed one that waits for somebody to accept it.

use super::Store;
use super::sql::{self, Row};

/// A tool of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tool {
    /// API.
    pub(crate) resource: String,
    /// Name.
    pub(crate) name: String,
    /// Hex digest of the accepted definition.
    pub(crate) accepted: String,
    /// Digest and text of another one that was seen since.
    pub(crate) changed: Option<(String, String)>,
}

impl Store {
    /// All tools that were ever seen.
    pub(crate) async fn tools(&self) -> sqlx::Result<Vec<Tool>> {
        let text = "SELECT resource, name, accepted, changed, definition FROM tools ORDER BY resource, name";
        sql::query(text).fetch_all(&self.read).await?.iter().map(tool).collect()
    }

    /// Keeps a tool that was not seen before. Whoever sees it first counts.
    pub(crate) async fn add_tool(&self, tool: &Tool) -> sqlx::Result<()> {
        let text = "INSERT INTO tools (resource, name, accepted) VALUES (?, ?, ?)
            ON CONFLICT (resource, name) DO NOTHING";
        let query = sql::query(text).bind(&tool.resource).bind(&tool.name).bind(&tool.accepted);
        query.execute(&self.write).await.map(drop)
    }

    /// Writes what a tool says of itself now, and what is accepted of it.
    pub(crate) async fn put_tool(&self, tool: &Tool) -> sqlx::Result<()> {
        let (changed, definition) = tool.changed.clone().unzip();
        let text =
            "UPDATE tools SET accepted = ?, changed = ?, definition = ? WHERE resource = ? AND name = ?";
        let query = sql::query(text).bind(&tool.accepted).bind(changed).bind(definition);
        query.bind(&tool.resource).bind(&tool.name).execute(&self.write).await.map(drop)
    }
}

fn tool(row: &Row) -> sqlx::Result<Tool> {
    let changed: Option<String> = row.try_get(3)?;
    let definition: Option<String> = row.try_get(4)?;
    Ok(Tool {
        resource: row.try_get(0)?,
        name: row.try_get(1)?,
        accepted: row.try_get(2)?,
        changed: changed.zip(definition),
    })
}
