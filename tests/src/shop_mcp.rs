//! The shop's MCP server (`examples/shop/mcp`), written with the official SDK.

use std::ops::Deref;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::http;
use crate::postgres::Postgres;
use crate::service::ShopService;

/// How the server answers a POST that wants an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Replies {
    /// As a stream of server-sent events, in which progress may come first.
    #[default]
    Events,
    /// As one JSON body.
    Json,
}

/// A running MCP server over streamable HTTP, of the revisions up to 2026-07-28. Its credential is a bearer token.
#[derive(Debug)]
pub struct ShopMcp(ShopService);

impl ShopMcp {
    /// Starts it over the shop's database.
    pub fn start(postgres: &Postgres, replies: Replies) -> Result<Self> {
        let json = if replies == Replies::Json { "1" } else { "0" };
        let env = [("SHOP_MCP_JSON", json), ("SHOP_MCP_REDESCRIBE", "1")];
        ShopService::start("mcp/server.py", postgres, &env).map(Self)
    }

    /// The URL that MCP clients are given.
    pub fn endpoint(&self) -> String {
        format!("{}/mcp", self.url())
    }

    /// Changes what a tool says of itself, under the eyes of the clients that are connected.
    pub fn redescribe(&self, tool: &str, description: &str) -> Result<()> {
        let wanted = json!({ "tool": tool, "description": description });
        let reply = http::post(&format!("{}/redescribe", self.url()), Some(self.secret()), &wanted)?;
        ensure!(reply.status == 200, "redescribing `{tool}`: {} {}", reply.status, reply.body);
        Ok(())
    }
}

impl Deref for ShopMcp {
    type Target = ShopService;

    fn deref(&self) -> &ShopService {
        &self.0
    }
}
