//! The command line as a client of the people's API.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use gatewright_core::api::Problem;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;

use crate::secret::Secret;

/// Where the host is, and who asks.
#[derive(Debug, Args)]
pub(crate) struct Connect {
    /// The host's URL.
    #[arg(long, value_name = "URL", env = "GATEWRIGHT_HOST", default_value = "http://127.0.0.1:8420")]
    host: String,
    /// File with your token of the identity provider, or a personal one (`gatewright tokens`); without it, the environment
    /// variable GATEWRIGHT_TOKEN has the token itself.
    // Never as an argument: others on the machine read those.
    #[arg(long, value_name = "FILE", env = "GATEWRIGHT_TOKEN_FILE")]
    token_file: Option<PathBuf>,
}

/// Why the host did not do it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// It said why.
    #[error("{}", .0.detail)]
    Refused(Problem),
    /// It cannot be reached, or does not speak as it should.
    #[error("{0}")]
    Unreachable(String),
    /// There is no token.
    #[error("{0}")]
    Token(String),
}

impl ClientError {
    /// For scripts.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Refused(Problem { status: 401 | 403, .. }) | Self::Token(_) => 3,
            Self::Refused(Problem { status: 404, .. }) => 4,
            Self::Refused(Problem { status: 409, .. }) => 5,
            Self::Refused(_) | Self::Unreachable(_) => 2,
        })
    }
}

/// A client of the host.
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    token: Secret,
}

impl Client {
    /// As the arguments say.
    pub(crate) fn new(connect: &Connect) -> Result<Self, ClientError> {
        let token = match &connect.token_file {
            Some(file) => std::fs::read_to_string(file)
                .map_err(|cause| ClientError::Token(format!("{}: {cause}", file.display())))?,
            None => std::env::var("GATEWRIGHT_TOKEN").map_err(|_| {
                let why =
                    "set GATEWRIGHT_TOKEN to your token of the identity provider, or to a personal one, or name a --token-file";
                ClientError::Token(why.to_owned())
            })?,
        };
        // A redirect could carry the token elsewhere.
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .build()
            .map_err(|cause| ClientError::Unreachable(cause.to_string()))?;
        let url = connect.host.trim_end_matches('/').to_owned();
        Ok(Self { http, url, token: Secret::new(token.trim()) })
    }

    /// GET.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, ClientError> {
        json(self.send(self.request(Method::GET, path).timeout(Duration::from_secs(40))).await?).await
    }

    /// POST.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        let request = self.request(Method::POST, path).timeout(Duration::from_secs(40)).json(body);
        json(self.send(request).await?).await
    }

    /// DELETE.
    pub(crate) async fn delete(&self, path: &str) -> Result<Value, ClientError> {
        json(self.send(self.request(Method::DELETE, path).timeout(Duration::from_secs(40))).await?).await
    }

    /// Something that goes on answering.
    pub(crate) async fn follow(&self, path: &str) -> Result<Response, ClientError> {
        self.send(self.request(Method::GET, path)).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).bearer_auth(self.token.reveal())
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let answer = request.send().await.map_err(|cause| {
            // The causes say what happened, the error itself only where.
            let mut words = format!("{} does not answer", self.url);
            let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(&cause);
            while let Some(one) = cause {
                words = format!("{words}: {one}");
                cause = one.source();
            }
            ClientError::Unreachable(words)
        })?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let body = answer.bytes().await.unwrap_or_default();
        Err(ClientError::Refused(serde_json::from_slice(&body).unwrap_or_else(|_| unclear(status))))
    }
}

/// An error that is not in the API's form.
fn unclear(status: StatusCode) -> Problem {
    Problem {
        title: String::new(),
        status: status.as_u16(),
        detail: format!("the answer is {status}: is this the URL of a Gatewright host?"),
    }
}

async fn json(answer: Response) -> Result<Value, ClientError> {
    answer.json().await.map_err(|cause| ClientError::Unreachable(format!("the answer is not JSON: {cause}")))
}
