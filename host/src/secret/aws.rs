//! AWS Secrets Manager: `GetSecretValue`, signed with the credentials of the machine.

use std::time::Duration;

use bytes::Bytes;
use gatewright_core::digest::sha256;
use reqsign_aws_v4::{DefaultCredentialProvider, RequestSigner};
use reqsign_core::{Context, Error, ErrorKind, HttpSend, OsEnv, Signer};
use reqsign_file_read_tokio::TokioFileRead;
use serde_json::{Value, json};

use crate::config::secrets::AwsSection;

/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(8);

/// The store of one region.
#[derive(Debug)]
pub(crate) struct Aws {
    section: AwsSection,
}

/// What the credentials are fetched with, where they come by HTTP.
#[derive(Debug, Clone)]
struct Http(reqwest::Client);

impl HttpSend for Http {
    async fn http_send(&self, request: http::Request<Bytes>) -> reqsign_core::Result<http::Response<Bytes>> {
        let fault =
            |cause: reqwest::Error| Error::new(ErrorKind::Unexpected, cause.without_url().to_string());
        let request = reqwest::Request::try_from(request).map_err(fault)?;
        let response: http::Response<reqwest::Body> = self.0.execute(request).await.map_err(fault)?.into();
        let (head, body) = response.into_parts();
        let body = http_body_util::BodyExt::collect(body).await.map_err(fault)?.to_bytes();
        Ok(http::Response::from_parts(head, body))
    }
}

impl Aws {
    /// Of a region.
    pub(crate) fn new(section: AwsSection) -> Self {
        Self { section }
    }

    /// The current version of a secret.
    pub(super) async fn read(&self, secret: &str) -> Result<String, String> {
        let region = &self.section.region.value;
        let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none());
        let client = client.build().map_err(|cause| cause.to_string())?;
        let url = match &self.section.endpoint {
            Some(endpoint) => endpoint.0.clone(),
            None => format!("https://secretsmanager.{region}.amazonaws.com/"),
        };
        let body = json!({ "SecretId": secret }).to_string();
        let request = http::Request::post(&url)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", "secretsmanager.GetSecretValue")
            .header("x-amz-content-sha256", hex::encode(sha256(body.as_bytes())))
            .body(())
            .map_err(|cause| cause.to_string())?;
        let (mut head, ()) = request.into_parts();
        let context =
            Context::new().with_file_read(TokioFileRead).with_http_send(Http(client.clone())).with_env(OsEnv);
        let signer = RequestSigner::new("secretsmanager", region);
        let signer = Signer::new(context, DefaultCredentialProvider::new(), signer);
        let signed = signer.sign(&mut head, None).await;
        signed
            .map_err(|cause| format!("no credentials of AWS were found to sign with ({:?})", cause.kind()))?;
        let request = reqwest::Request::try_from(http::Request::from_parts(head, body));
        let answer = client.execute(request.map_err(|cause| cause.to_string())?).await;
        let answer = answer.map_err(|cause| cause.without_url().to_string())?;
        let status = answer.status();
        let value: Value = answer.json().await.map_err(|_| format!("status {status}, and no JSON"))?;
        if !status.is_success() {
            // `com.amazonaws.secretsmanager#ResourceNotFoundException`, and a message that may say more than it should.
            let kind = value.get("__type").and_then(Value::as_str).unwrap_or_default();
            let kind = kind.rsplit('#').next().unwrap_or_default();
            return Err(format!("status {status} {kind}"));
        }
        let text = value.get("SecretString").and_then(Value::as_str);
        text.map(str::to_owned).ok_or_else(|| "it is binary, and not text".to_owned())
    }
}
