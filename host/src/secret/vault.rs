//! HashiCorp Vault and OpenBao: whatever `vault read` reads.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value};
use vaultrs::api::AuthInfo;
use vaultrs::auth;
use vaultrs::client::{Client as _, VaultClient, VaultClientSettings};
use vaultrs::error::ClientError;
use vaultrs::kv1;

use super::{Secret, SecretRef, sources};
use crate::config::secrets::{VaultAuth, VaultSection};

/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(8);

/// A Vault, and the token with which the host is signed in.
#[derive(Debug)]
pub(crate) struct Vault {
    section: VaultSection,
    token: Option<Secret>,
}

/// What a path holds.
pub(super) struct Read {
    pub(super) fields: Map<String, Value>,
    /// How long it is good, where it says so.
    pub(super) lease: Option<Duration>,
}

impl Vault {
    /// Not signed in yet.
    pub(crate) fn new(section: VaultSection) -> Self {
        Self { section, token: None }
    }

    /// Reads a path; signs in where the token is none or not good any more.
    pub(super) async fn read(&mut self, path: &str, folder: &Path) -> Result<Read, String> {
        let (mount, rest) = path.split_once('/').ok_or("expected MOUNT/PATH, such as `secret/data/shop`")?;
        let mut client = self.client(folder)?;
        let known = self.token.take();
        let first = known.is_none();
        let token = match known {
            Some(token) => token,
            None => self.sign_in(&client, folder).await?,
        };
        client.set_token(token.reveal());
        let read = match kv1::get_raw(&client, mount, rest).await {
            // The token ended, or was revoked: the next one may do.
            Err(ClientError::APIError { code: 403, .. }) if !first => {
                let token = self.sign_in(&client, folder).await?;
                client.set_token(token.reveal());
                let read = kv1::get_raw(&client, mount, rest).await.map_err(|cause| explain(&cause))?;
                self.token = Some(token);
                read
            }
            Err(cause) => {
                self.token = Some(token);
                return Err(explain(&cause));
            }
            Ok(read) => {
                self.token = Some(token);
                read
            }
        };
        let Value::Object(mut fields) = read.data else { return Err("it holds no fields".to_owned()) };
        // A KV engine of version 2 has the fields one level deeper, beside their metadata.
        if fields.contains_key("metadata")
            && let Some(Value::Object(data)) = fields.get_mut("data").map(Value::take)
        {
            fields = data;
        }
        let lease = (!read.lease_id.is_empty()).then(|| u64::try_from(read.lease_duration).ok()).flatten();
        Ok(Read { fields, lease: lease.map(Duration::from_secs) })
    }

    fn client(&self, folder: &Path) -> Result<VaultClient, String> {
        let section = &self.section;
        let ca = section.ca.iter().map(|ca| folder.join(ca).display().to_string());
        let settings = VaultClientSettings {
            address: section.address.0.parse().map_err(|_| "its address is no URL".to_owned())?,
            ca_certs: ca.collect(),
            identity: None,
            timeout: Some(TIMEOUT),
            token: String::new(),
            verify: true,
            version: 1,
            wrapping: false,
            namespace: section.namespace.clone(),
            proxy: None,
        };
        VaultClient::new(settings).map_err(|cause| explain(&cause))
    }

    async fn sign_in(&self, client: &VaultClient, folder: &Path) -> Result<Secret, String> {
        let answer = match &self.section.auth.value {
            VaultAuth { token: Some(token), .. } => return local(token, folder),
            VaultAuth { kubernetes: Some(kubernetes), .. } => {
                let jwt = tokio::fs::read_to_string(folder.join(&kubernetes.token_file)).await;
                let jwt = jwt.map_err(|cause| format!("the service account's token: {cause}"))?;
                let jwt = sources::without_line_end(&jwt);
                auth::kubernetes::login(client, &kubernetes.mount, &kubernetes.role, jwt).await
            }
            VaultAuth { approle: Some(approle), .. } => {
                let secret = local(&approle.secret_id, folder)?;
                auth::approle::login(client, &approle.mount, &approle.role_id, secret.reveal()).await
            }
            VaultAuth { .. } => return Err("`secrets.vault.auth` names no method".to_owned()),
        };
        let AuthInfo { client_token, .. } =
            answer.map_err(|cause| format!("signing in: {}", explain(&cause)))?;
        Ok(Secret::new(client_token))
    }
}

fn local(secret: &SecretRef, folder: &Path) -> Result<Secret, String> {
    secret.local(folder).map_err(|cause| cause.to_string())
}

/// What went wrong, by status alone: Vault's own words may repeat what was sent.
fn explain(cause: &ClientError) -> String {
    match cause {
        ClientError::APIError { code: 403, .. } => {
            "status 403: the host may not read it, or its token is over".to_owned()
        }
        ClientError::APIError { code: 404, .. } => "status 404: nothing is there".to_owned(),
        ClientError::APIError { code: 503, .. } => "status 503: it is sealed, or in maintenance".to_owned(),
        ClientError::APIError { code, .. } => format!("status {code}"),
        ClientError::RestClientError { .. } => {
            "it cannot be reached, or its answer is not understood".to_owned()
        }
        other => other.to_string(),
    }
}
