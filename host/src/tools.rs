//! Tools of MCP servers: the first definition of each is accepted, another one only when somebody says so.
//!
//! A server that was taken over changes what its tools say of themselves, and so what agents do. The filter hides a
//! changed tool and refuses its calls; here an approval is asked for, and once it is given the new definition is the
//! accepted one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use gatewright_core::api::{ApprovalRequest, ApprovalState, SeenTool, SeenTools};
use gatewright_core::bundle::ApprovalMode;
use gatewright_core::digest::sha256_parts;
use tokio::sync::{Mutex, watch};

use crate::approvals::Approvals;
use crate::compile::Compiled;
use crate::lease::Lease;
use crate::store::Store;
use crate::store::tools::Tool;

/// How often decisions are looked for.
const EVERY: Duration = Duration::from_secs(1);
/// How long an approval of a change is open, in seconds.
const OPEN_S: u64 = 7 * 86_400;
/// Most tools of one API; more are not remembered, and so count as new each time.
const MOST: usize = 1_000;

/// What bundles say of tools, by API.
pub(crate) type Accepted = HashMap<String, Known>;

/// The tools of one API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// Hex digests of accepted definitions, by tool.
    pub(crate) accepted: BTreeMap<String, String>,
    /// Tools that were seen with another one.
    pub(crate) held: BTreeSet<String>,
}

/// All tools.
#[derive(Clone)]
pub(crate) struct Tools {
    store: Store,
    known: Arc<Mutex<Vec<Tool>>>,
    accepted: watch::Sender<Arc<Accepted>>,
}

impl Tools {
    /// Takes up what the store knows.
    pub(crate) async fn open(store: Store) -> sqlx::Result<Self> {
        let known = store.tools().await?;
        let accepted = watch::channel(Arc::new(accepted(&known))).0;
        Ok(Self { store, known: Arc::new(Mutex::new(known)), accepted })
    }

    /// What bundles say.
    pub(crate) fn accepted(&self) -> watch::Receiver<Arc<Accepted>> {
        self.accepted.subscribe()
    }

    /// Looks for decisions about changes from now on.
    pub(crate) fn follow(&self, approvals: Approvals, compiled: Compiled, lease: Lease) {
        let tools = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                if let Err(cause) = tools.decided(&approvals, &compiled, &lease).await {
                    tracing::error!(%cause, "changes of tools cannot be looked after");
                }
            }
        });
    }

    /// A filter saw definitions that the bundle does not know.
    pub(crate) async fn seen(&self, seen: SeenTools) -> sqlx::Result<()> {
        let mut known = self.known.lock().await;
        self.refresh(&mut known).await?;
        for SeenTool { name, digest, definition } in seen.tools {
            let count = known.iter().filter(|tool| tool.resource == seen.resource).count();
            let of = |tool: &&mut Tool| tool.resource == seen.resource && tool.name == name;
            match known.iter_mut().find(of) {
                Some(tool) if tool.accepted == digest && tool.changed.is_none() => {}
                Some(tool) if tool.accepted == digest => {
                    tool.changed = None;
                    self.store.put_tool(tool).await?;
                }
                Some(tool) if tool.changed.as_ref().is_some_and(|(changed, _)| *changed == digest) => {}
                Some(tool) => {
                    tracing::warn!(
                        resource = tool.resource,
                        tool = name,
                        "a tool describes itself otherwise now"
                    );
                    tool.changed = Some((digest, definition));
                    self.store.put_tool(tool).await?;
                }
                // PostgreSQL keeps no text with U+0000 in it: such a tool is never accepted.
                None if count < MOST && !name.contains('\0') => {
                    let resource = seen.resource.clone();
                    let tool = Tool { resource, name, accepted: digest, changed: None };
                    self.store.add_tool(&tool).await?;
                    known.push(tool);
                }
                None => {}
            }
        }
        // Another host may have seen one first.
        self.refresh(&mut known).await?;
        self.publish(&known);
        Ok(())
    }

    /// Takes up what other hosts wrote, where there are some.
    async fn refresh(&self, known: &mut Vec<Tool>) -> sqlx::Result<()> {
        if self.store.is_shared() {
            *known = self.store.tools().await?;
        }
        Ok(())
    }

    /// Asks for approvals of changes, and takes up those that are given: one host does.
    async fn decided(&self, approvals: &Approvals, compiled: &Compiled, lease: &Lease) -> anyhow::Result<()> {
        let state = compiled.state();
        let mut known = self.known.lock().await;
        self.refresh(&mut known).await?;
        if !lease.is_held() {
            self.publish(&known);
            return Ok(());
        }
        for tool in known.iter_mut() {
            let Some((digest, definition)) = tool.changed.clone() else { continue };
            let mcp = state.settings.loaded.api(&tool.resource).and_then(|api| api.mcp.as_ref());
            let Some(approvers) = mcp.map(|mcp| &mcp.changes_accepted_by).filter(|groups| !groups.is_empty())
            else {
                continue;
            };
            let (_, state) = approvals.request(request(tool, &digest, definition, approvers.clone())).await?;
            if state == ApprovalState::Approved {
                tracing::info!(
                    resource = tool.resource,
                    tool = tool.name,
                    "the tool's new definition is accepted"
                );
                tool.accepted = digest;
                tool.changed = None;
                self.store.put_tool(tool).await?;
            }
        }
        self.publish(&known);
        Ok(())
    }

    fn publish(&self, known: &[Tool]) {
        let now = accepted(known);
        self.accepted.send_if_modified(|last| {
            let modified = **last != now;
            if modified {
                *last = Arc::new(now);
            }
            modified
        });
    }
}

fn accepted(known: &[Tool]) -> Accepted {
    let mut accepted = Accepted::new();
    for tool in known {
        let of: &mut Known = accepted.entry(tool.resource.clone()).or_default();
        of.accepted.insert(tool.name.clone(), tool.accepted.clone());
        if tool.changed.is_some() {
            of.held.insert(tool.name.clone());
        }
    }
    accepted
}

fn request(tool: &Tool, digest: &str, definition: String, approvers: Vec<String>) -> ApprovalRequest {
    let parts = ["tool", &tool.resource, &tool.name, digest].map(str::as_bytes);
    ApprovalRequest {
        resource: tool.resource.clone(),
        session: String::new(),
        principal: String::new(),
        issuer: String::new(),
        role: String::new(),
        statement: format!("accept the tool `{}` as it describes itself now", tool.name),
        parameters: vec![Some(definition)],
        digest: hex::encode(sha256_parts(parts)),
        reason: "a tool describes itself otherwise than when it was accepted".to_owned(),
        approvers,
        min_approvals: 1,
        expires_s: OPEN_S,
        // One approval for each definition, however often it is seen.
        mode: ApprovalMode::Retry,
        policies: Vec::new(),
        needs: Vec::new(),
        shape: None,
        comment_required: false,
        // What a tool will say next is looked at next.
        max_grant_s: Some(0),
    }
}
