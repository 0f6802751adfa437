//! Where traces are sent.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::values::{Share, Url};
use crate::secret::SecretRef;

/// A collector of traces (OpenTelemetry). What is left out, OpenTelemetry's own variables say (`OTEL_…`).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Tracing {
    /// Where it takes OTLP over HTTP, in protobuf; `/v1/traces` is added.
    pub(crate) endpoint: Option<Url>,
    /// Headers of what is sent to it.
    pub(crate) headers: BTreeMap<String, Spanned<SecretRef>>,
    /// Whose certificates are believed, a file relative to this one; this machine's authorities if left out.
    pub(crate) ca: Option<Spanned<PathBuf>>,
    /// How many of the traces that begin at the host are sent, from 0 to 1. Of others, whoever began them says.
    pub(crate) ratio: Option<Share>,
    /// What the host is called in them.
    pub(crate) service_name: Option<String>,
}
