//! A running `gatewright serve` with a configuration and keys of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// What filters present.
pub(crate) const FILTER_TOKEN: &str = "filter-token-of-the-test";
/// Password of the role `support`, and of the others.
pub(crate) const PASSWORD: &str = "hunter2 £";

const POLICIES: &str = r#"
@id("connect")
@reason("support may connect")
permit (principal in Group::"support", action == Action::"connect", resource == Database::"shop");
@id("read")
permit (principal in Group::"support", action == Action::"select", resource in Database::"shop");
"#;

/// A host, and the folder of its files.
pub(crate) struct Host {
    /// Folder of `gatewright.yaml`, `policies`, `jwks.json`, `data`.
    pub(crate) folder: tempfile::TempDir,
    /// Where it answers.
    pub(crate) url: String,
    process: Child,
    around: Around,
    key: SigningKey,
    client: reqwest::Client,
    tokens: AtomicU64,
}

/// What a host is started in: a command that runs it, and more for its environment.
#[derive(Default)]
pub(crate) struct Around {
    /// The command and its arguments, before the host's.
    pub(crate) command: Vec<String>,
    /// Names and values.
    pub(crate) env: Vec<(String, String)>,
}

impl Host {
    /// Starts a host in front of the server at that port.
    pub(crate) fn start(postgres: u16) -> Self {
        Self::start_in(postgres, |_| Around::default())
    }

    /// The same in something, which may be made for the folder of its files.
    pub(crate) fn start_in(postgres: u16, around: impl Fn(&Path) -> Around) -> Self {
        let (folder, key) = files(&config(postgres));
        std::fs::create_dir(folder.path().join("data")).unwrap();
        Self::serve(folder, around, key)
    }

    fn serve(folder: tempfile::TempDir, around: impl Fn(&Path) -> Around, key: SigningKey) -> Self {
        let around = around(folder.path());
        let (process, url) = serve(folder.path(), &around);
        Self { folder, url, process, around, key, client: reqwest::Client::new(), tokens: AtomicU64::new(0) }
    }

    /// Starts a host of another machine: with files of its own, on the database at that URL, and with the keys of the first
    /// such host.
    pub(crate) fn start_on(database: &str, first: Option<&Self>) -> Self {
        let config = config(1).replace("  data: data\n", &format!("  data: data\n  database: {database}\n"));
        let (folder, key) = files(&config);
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        for name in ["signing.key", "signing.pub", "mask.key", "tokens.key"] {
            if let Some(first) = first {
                std::fs::copy(first.folder.path().join("data").join(name), data.join(name)).unwrap();
            }
        }
        Self::serve(folder, |_| Around::default(), key)
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// SIGKILL: nothing is finished.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Stops the host as an operator does, and starts it again on the same files.
    pub(crate) fn restart(&mut self) {
        self.stop();
        self.start_again();
    }

    /// Starts a host that was stopped again on the same files.
    pub(crate) fn start_again(&mut self) {
        (self.process, self.url) = serve(self.folder.path(), &self.around);
    }

    /// Sends SIGTERM and waits; the host must end well.
    pub(crate) fn stop(&mut self) {
        let kill = Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
        assert!(kill.success());
        assert!(self.process.wait().unwrap().success(), "the host did not end well");
    }

    /// Runs `gatewright` on the host's files.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// What `sessions verify` says of what the host left, by that configuration: it must be all as it was recorded.
    pub(crate) fn verify(&self, config: &str) -> String {
        let done = self.run(&["sessions", "verify", "--config", config]);
        let said =
            format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert!(done.status.success(), "{said}");
        said
    }

    /// `gatewright`, to be run on the host's files.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = command(self.folder.path());
        command.args(args);
        command
    }

    /// A token of a person or agent.
    pub(crate) fn token(&self, subject: &str, groups: &[&str]) -> String {
        self.token_by("k1", &self.key, subject, groups)
    }

    /// A token of a person, where the configuration tells them from agents by the audience `pages`.
    pub(crate) fn person(&self, subject: &str, groups: &[&str]) -> String {
        self.signed("k1", &self.key, "pages", subject, groups, Duration::from_secs(600))
    }

    /// A token signed by some key.
    pub(crate) fn token_by(&self, kid: &str, key: &SigningKey, subject: &str, groups: &[&str]) -> String {
        self.signed(kid, key, "gatewright", subject, groups, Duration::from_secs(600))
    }

    /// A token that lasts so long.
    pub(crate) fn lasting_token(&self, subject: &str, groups: &[&str], lasts: Duration) -> String {
        self.signed("k1", &self.key, "gatewright", subject, groups, lasts)
    }

    fn signed(
        &self,
        kid: &str,
        key: &SigningKey,
        aud: &str,
        subject: &str,
        groups: &[&str],
        lasts: Duration,
    ) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let claims = json!({
            "iss": "https://idp.example", "aud": aud, "sub": subject, "groups": groups, "exp": now + lasts.as_secs(),
            "jti": self.tokens.fetch_add(1, Ordering::Relaxed),
        });
        let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
        let key = EncodingKey::from_ed_der(key.to_pkcs8_der().unwrap().as_bytes());
        jsonwebtoken::encode(&header, &claims, &key).unwrap()
    }

    /// GET; status and JSON.
    pub(crate) async fn get(&self, path: &str, bearer: &str) -> (u16, Value) {
        answer(self.client.get(format!("{}{path}", self.url)).bearer_auth(bearer)).await
    }

    /// GET with `if-none-match`.
    pub(crate) async fn get_if_new(&self, path: &str, bearer: &str, digest: &str) -> (u16, Value) {
        let request = self.client.get(format!("{}{path}", self.url)).bearer_auth(bearer);
        answer(request.header("if-none-match", digest)).await
    }

    /// POST of JSON; status and JSON.
    pub(crate) async fn post(&self, path: &str, bearer: &str, body: &Value) -> (u16, Value) {
        answer(self.client.post(format!("{}{path}", self.url)).bearer_auth(bearer).json(body)).await
    }

    pub(crate) async fn post_text(&self, path: &str, bearer: &str, body: &str) -> (u16, Value) {
        let request = self.client.post(format!("{}{path}", self.url)).bearer_auth(bearer);
        answer(request.body(body.to_owned())).await
    }

    /// The bundle, once `fits` says that it is the awaited one.
    pub(crate) async fn bundle(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.until(what, "/v1/filter/bundle?resource=shop", |status, bundle| status == 200 && fits(bundle))
            .await
    }

    /// What a path answers, once `fits` says that it is the awaited answer.
    pub(crate) async fn until(&self, what: &str, path: &str, fits: impl Fn(u16, &Value) -> bool) -> Value {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let (status, answer) = self.get(path, FILTER_TOKEN).await;
            if fits(status, &answer) {
                return answer;
            }
            assert!(Instant::now() < deadline, "{what} does not come, but {status} {answer}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A folder of a host's files, and the key that tokens are signed with.
fn files(config: &str) -> (tempfile::TempDir, SigningKey) {
    let folder = tempfile::tempdir().unwrap();
    let key = SigningKey::from_bytes(&[7; 32]);
    std::fs::write(folder.path().join("jwks.json"), jwks("k1", &key).to_string()).unwrap();
    std::fs::create_dir(folder.path().join("policies")).unwrap();
    std::fs::write(folder.path().join("policies/all.cedar"), POLICIES).unwrap();
    std::fs::write(folder.path().join("gatewright.yaml"), config).unwrap();
    (folder, key)
}

/// A JWK Set of one key.
pub(crate) fn jwks(kid: &str, key: &SigningKey) -> Value {
    let x = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes());
    json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": x }] })
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let is_problem = response.headers().get("content-type").is_some_and(|t| t == "application/problem+json");
    assert_eq!(is_problem, status >= 400 && status != 503 || is_problem, "errors are problems");
    let body = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// `gatewright` with the secrets that the configuration names.
pub(crate) fn command(folder: &Path) -> Command {
    command_in(folder, &Around::default())
}

fn command_in(folder: &Path, around: &Around) -> Command {
    let mut all = around.command.iter().map(String::as_str).chain([env!("CARGO_BIN_EXE_gatewright")]);
    let mut command = Command::new(all.next().unwrap());
    command.args(all).envs(around.env.iter().map(|(name, value)| (name, value)));
    command.env("GATEWRIGHT_FILTER_TOKEN", FILTER_TOKEN).env("SHOP_PASSWORD", PASSWORD).current_dir(folder);
    command
}

/// Starts the service and waits for its line.
fn serve(folder: &Path, around: &Around) -> (Child, String) {
    let log = std::fs::File::options().create(true).append(true).open(folder.join("log")).unwrap();
    let mut process = command_in(folder, around)
        .args(["serve", "--config", "gatewright.yaml"])
        .env("RUST_LOG", "debug")
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("gatewright host ready on ").unwrap_or_else(|| {
        panic!("`{line}`: {}", std::fs::read_to_string(folder.join("log")).unwrap_or_default())
    });
    (process, url.to_owned())
}

fn config(postgres: u16) -> String {
    format!(
        r#"version: 1
host:
  listen: 127.0.0.1:0
  public_url: http://gatewright.example
  data: data
  filter_token: {{ env: GATEWRIGHT_FILTER_TOKEN }}
  auditors: [audit]
  # Suites ask for everything at once.
  rate_limits: {{ per_address: 100000, per_person: 100000 }}
identity:
  providers:
    - issuer: https://idp.example
      audiences: [gatewright]
      jwks: {{ file: jwks.json }}
policies: policies
resources:
  - name: shop
    kind: postgres
    target: {{ address: "127.0.0.1:{postgres}" }}
    database: shop
    roles:
      - name: support
        password: {{ env: SHOP_PASSWORD }}
      - name: veteran
        target: oldtimer
        password: {{ env: SHOP_PASSWORD }}
      - name: plain
        password: {{ env: SHOP_PASSWORD }}
    masks:
      - columns: ["*.email", "people.phone"]
        method: partial
        tags: [pii]
    functions: [public.initials, public.helper, public.latest]
"#
    )
}
