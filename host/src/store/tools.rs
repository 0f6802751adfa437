//! Definitions of MCP tools: the accepted one of each, and a changed one that waits for somebody to accept it.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::Store;

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
        let query = "SELECT resource, name, accepted, changed, definition FROM tools ORDER BY resource, name";
        sqlx::query(query).fetch_all(&self.read).await?.iter().map(tool).collect()
    }

    /// Writes a tool.
    pub(crate) async fn put_tool(&self, tool: &Tool) -> sqlx::Result<()> {
        let (changed, definition) = tool.changed.clone().unzip();
        let query = "INSERT OR REPLACE INTO tools (resource, name, accepted, changed, definition) VALUES (?, ?, ?, ?, ?)";
        sqlx::query(query)
            .bind(&tool.resource)
            .bind(&tool.name)
            .bind(&tool.accepted)
            .bind(changed)
            .bind(definition)
            .execute(&self.write)
            .await?;
        Ok(())
    }
}

fn tool(row: &SqliteRow) -> sqlx::Result<Tool> {
    let changed: Option<String> = row.try_get(3)?;
    let definition: Option<String> = row.try_get(4)?;
    Ok(Tool {
        resource: row.try_get(0)?,
        name: row.try_get(1)?,
        accepted: row.try_get(2)?,
        changed: changed.zip(definition),
    })
}
