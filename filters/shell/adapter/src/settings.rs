//! The plugin's configuration: all that the proxy's own configuration says.

use serde::Deserialize;

/// What the proxy's configuration gives the filter, as JSON.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Resource that this listener serves.
    pub resource: String,
    /// The proxy's cluster with Gatewright's host.
    pub host_cluster: String,
    /// Bearer token of the data-plane API.
    pub filter_token: String,
    /// `:authority` of calls to the host.
    #[serde(default = "default_authority")]
    pub host_authority: String,
}

fn default_authority() -> String {
    "gatewright-host".to_owned()
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Settings {{ resource: {:?}, host_cluster: {:?}, .. }}", self.resource, self.host_cluster)
    }
}

impl Settings {
    /// Reads the plugin's configuration.
    ///
    /// # Errors
    /// What is wrong with it, without quoting it.
    pub fn parse(configuration: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(configuration).map_err(|e| {
            format!("the plugin's configuration, line {} column {}: {}", e.line(), e.column(), cause(&e))
        })
    }
}

/// The parser's words, which name fields and never values of known fields.
fn cause(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}
