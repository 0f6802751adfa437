//! Files of the data folder that must be the same at all hosts of one database: their keys.

use super::Store;
use super::sql;

impl Store {
    /// Says what this host has of a file, by its digest; whether that is what the first one had. An embedded database has
    /// one host.
    pub(crate) async fn has_same(&self, file: &str, digest: &str) -> sqlx::Result<bool> {
        if !self.is_shared() {
            return Ok(true);
        }
        let first =
            sql::query("INSERT INTO same_files (name, digest) VALUES (?, ?) ON CONFLICT (name) DO NOTHING");
        first.bind(file).bind(digest).execute(&self.write).await?;
        let row = sql::query("SELECT digest FROM same_files WHERE name = ?").bind(file);
        Ok(row.fetch_one(&self.write).await?.try_get::<String>(0)? == digest)
    }
}
