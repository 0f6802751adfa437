//! The Model Context Protocol over streamable HTTP: what each message asks for, what of a list an agent sees, and
//! refusals in the protocol's own words.
//!
//! | revision | batches | handshake | session | body and headers |
//! |---|---|---|---|---|
//! | 2025-03-26 | yes, without `initialize` | `initialize` | `Mcp-Session-Id` | – |
//! | 2025-06-18, 2025-11-25 | no | `initialize` | `Mcp-Session-Id` | `MCP-Protocol-Version` |
//! | 2026-07-28 | no | none | none | `MCP-Protocol-Version`, `Mcp-Method`, `Mcp-Name` say what the body says |
//!
//! HTTP+SSE of 2024-11-05, with its two endpoints, is not spoken.

mod answer;
mod ask;
mod listing;
mod lists;
mod message;
mod oauth;
mod transport;

#[cfg(test)]
mod tests;

pub use answer::{code, rpc_error, sse_event, tool_result};
pub use ask::Ask;
pub use listing::{Entry, Filtered, Listing, filter};
pub use lists::{Events, Lists};
pub use message::{Id, MAX_BATCH, Message, RpcFault, read};
pub use oauth::{Challenge, ResourceMetadata, well_known};
pub use transport::{Exchange, Facts, TransportFault};

/// A revision of the protocol, in order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Revision {
    /// 2025-03-26: streamable HTTP, batches.
    V2025_03_26,
    /// 2025-06-18: no batches.
    V2025_06_18,
    /// 2025-11-25: tasks, as an experiment.
    V2025_11_25,
    /// 2026-07-28: no handshake, no sessions.
    V2026_07_28,
}

impl Revision {
    /// All, in order.
    pub const ALL: [Self; 4] = [Self::V2025_03_26, Self::V2025_06_18, Self::V2025_11_25, Self::V2026_07_28];

    /// As it is spelt on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    /// The revision of that spelling.
    #[must_use]
    pub fn read(spelt: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| revision.as_str().as_bytes() == spelt)
    }
}
