//! `secrets`: how the stores are reached that references to secrets name.

use std::path::PathBuf;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::values::Url;
use crate::secret::SecretRef;

/// The stores.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SecretsSection {
    /// HashiCorp Vault, or OpenBao.
    pub(crate) vault: Option<VaultSection>,
    /// AWS Secrets Manager. Its credentials are those of the machine: environment, profile, web identity, ECS, EC2.
    pub(crate) aws: Option<AwsSection>,
}

/// How Vault is reached.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VaultSection {
    /// Where it is.
    pub(crate) address: Url,
    /// The namespace, where there are any.
    #[serde(default)]
    pub(crate) namespace: Option<String>,
    /// Authorities of its certificate beside the system's, PEM, relative to the configuration's folder.
    #[serde(default)]
    pub(crate) ca: Option<PathBuf>,
    /// How the host signs in.
    pub(crate) auth: Spanned<VaultAuth>,
}

/// How the host signs in to Vault: exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct VaultAuth {
    /// By a token that somebody else renews: a file of Vault's agent, for instance.
    pub(crate) token: Option<SecretRef>,
    /// By the service account of the pod.
    pub(crate) kubernetes: Option<Kubernetes>,
    /// By an AppRole.
    pub(crate) approle: Option<AppRole>,
}

impl VaultAuth {
    /// Whether one method is named, with a secret that is not itself in Vault.
    pub(crate) fn is_well_formed(&self) -> bool {
        let secret = self.token.as_ref().or_else(|| self.approle.as_ref().map(|approle| &approle.secret_id));
        let one = [self.token.is_some(), self.kubernetes.is_some(), self.approle.is_some()];
        one.iter().filter(|there| **there).count() == 1 && secret.is_none_or(SecretRef::is_local)
    }
}

/// Vault's `kubernetes` method.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kubernetes {
    /// The role there.
    pub(crate) role: String,
    /// Where the method is mounted.
    #[serde(default = "kubernetes")]
    pub(crate) mount: String,
    /// The service account's token.
    #[serde(default = "service_account")]
    pub(crate) token_file: PathBuf,
}

/// Vault's `approle` method.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppRole {
    /// The role's id.
    pub(crate) role_id: String,
    /// The secret that belongs to it.
    pub(crate) secret_id: SecretRef,
    /// Where the method is mounted.
    #[serde(default = "approle")]
    pub(crate) mount: String,
}

/// How AWS Secrets Manager is reached.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AwsSection {
    /// The region.
    pub(crate) region: Spanned<String>,
    /// Another address than the region's own: a VPC endpoint.
    #[serde(default)]
    pub(crate) endpoint: Option<Url>,
}

fn kubernetes() -> String {
    "kubernetes".to_owned()
}

fn service_account() -> PathBuf {
    "/var/run/secrets/kubernetes.io/serviceaccount/token".into()
}

fn approle() -> String {
    "approle".to_owned()
}
