//! Whether something is where it must not be: in what a run wrote, told and answered.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::stack::Stack;

/// All places where a run leaves something that somebody could read.
#[derive(Debug, Default)]
pub struct Places(Vec<(String, Vec<u8>)>);

impl Places {
    /// Logs of the host and the proxies, what the proxies tell of their configuration, every file of the host, and, while
    /// it runs, the pages of the host that want no token.
    pub fn of(stack: &Stack) -> Result<Self> {
        let mut places = Self::default();
        places.add("the host's log", stack.host.log());
        for proxy in [stack.proxy(), stack.api_proxy(), stack.mcp_proxy()].into_iter().flatten() {
            places.add("what the proxy tells", proxy.told()?);
            places.add("the proxy's log", proxy.log());
        }
        if stack.host.id().is_some() {
            for page in ["/metrics", "/healthz", "/readyz", "/v1/openapi.json"] {
                places.add(page, stack.host.get(page, "")?.body);
            }
        }
        places.files(&stack.site.data())?;
        ensure!(places.0.iter().any(|(name, _)| name.ends_with(".sqlite")), "the database is among them");
        Ok(places)
    }

    /// All but those of that name.
    #[must_use]
    pub fn without(self, name: &str) -> Self {
        Self(self.0.into_iter().filter(|(known, _)| known != name).collect())
    }

    /// One more.
    pub fn add(&mut self, name: &str, content: impl Into<Vec<u8>>) {
        self.0.push((name.to_owned(), content.into()));
    }

    /// That none of the secrets is anywhere, plain or in base64.
    pub fn hold_none(&self, secrets: &[&str]) -> Result<()> {
        use base64::Engine as _;
        let base64 = base64::engine::general_purpose::STANDARD_NO_PAD;
        for secret in secrets {
            ensure!(secret.len() >= 8, "too short to be found for certain");
            for form in [(*secret).to_owned(), base64.encode(secret)] {
                for (name, content) in &self.0 {
                    let found = memchr::memmem::find(content, form.as_bytes());
                    ensure!(found.is_none(), "a secret is in {name}");
                }
            }
        }
        Ok(())
    }

    /// In how many of them this is, so that a test sees that it looks at something.
    pub fn count(&self, what: &str) -> usize {
        self.0.iter().filter(|(_, content)| memchr::memmem::find(content, what.as_bytes()).is_some()).count()
    }

    fn files(&mut self, folder: &Path) -> Result<()> {
        for entry in folder.read_dir().with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                self.files(&path)?;
            } else {
                self.add(&path.display().to_string(), std::fs::read(&path)?);
            }
        }
        Ok(())
    }
}
