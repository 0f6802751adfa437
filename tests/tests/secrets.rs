//! Where the host gets its secrets from, how it follows them as they change, and where none of them may be seen.
#![allow(missing_docs, reason = "a test")]

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use gatewright_tests::agents::HttpAgent;
use gatewright_tests::leaks::Places;
use gatewright_tests::port::Port;
use gatewright_tests::process;
use gatewright_tests::service::Service;
use gatewright_tests::stack::{Builder, Stack};
use gatewright_tests::target::{Answer, Seen, Target};
use gatewright_tests::{client::Login, run, secret, tools, wait};
use serde_json::{Value, json};

const WHO: &[&str] = &["SELECT session_user"];
const LIMIT: Duration = Duration::from_secs(60);

/// The shop, whose role has a login instead of what the example says.
fn with_login(login: Value) -> Builder {
    let role = json!([{ "name": "support", "login": login }]);
    Stack::builder().set("/resources/0/roles", role).host_down()
}

/// Who the server says that an agent is.
fn whom(login: &Login) -> Result<String> {
    let output = login.psql(WHO)?;
    ensure!(output.success, "{output:?}");
    Ok(output.stdout.trim().to_owned())
}

/// Members of `support` with passwords of their own, as a store makes them.
fn members(stack: &Stack, names: &[&str], password: &str) -> Result<()> {
    for name in names {
        stack.postgres.superuser_sql(&format!(
            "CREATE ROLE \"{name}\" LOGIN PASSWORD '{password}-{name}' IN ROLE support"
        ))?;
    }
    Ok(())
}

#[test]
fn what_a_command_prints_and_prints_anew() -> Result<()> {
    // The command's own words go nowhere, and it is not run by a shell.
    let password = json!({ "command": ["sh", "-c", "echo not-for-the-log >&2; cat now.txt"], "every": "1s" });
    let mut stack = Stack::builder().set("/resources/0/roles/0/password", password).host_down().start()?;
    let first = stack.postgres.support_password().to_owned();
    stack.site.write("now.txt", &format!("{first}\n"))?;
    stack.start_host()?;
    let ann = stack.login_as("ann", &["support"])?;
    ensure!(whom(&ann)? == "support");

    let second = secret();
    stack.postgres.superuser_sql(&format!("ALTER ROLE support PASSWORD '{second}'"))?;
    stack.site.write("now.txt", &format!("{second}\n"))?;
    wait::until("the new password", LIMIT, || Ok(whom(&ann).ok()))?;

    // A command that fails for a while takes nothing away.
    std::fs::remove_file(stack.site.folder().join("now.txt"))?;
    wait::until("the failure in the log", LIMIT, || {
        Ok(stack.host.log().contains("a secret is not renewed").then_some(()))
    })?;
    ensure!(whom(&ann)? == "support", "the last one stays");
    let mut places = Places::of(&stack)?;
    ensure!(places.count("the command `sh`") > 0, "an operator reads which");
    places.add("what doctors see", stack.host.get("/readyz", "")?.body);
    places.hold_none(&[&first, &second, "not-for-the-log"])
}

/// What Vault answers a host that reads a database's credentials, by the documentation of its HTTP API.
fn vault(users: &'static [&'static str], password: String, lease: u64) -> Result<(Target, Arc<AtomicUsize>)> {
    let given = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&given);
    let enveloped = |lease_id: &str, lease: u64, data: Value, auth: Value| {
        let answer = json!({
            "request_id": "6f1f8f0e-ff4e-0a2c-a1a5-1f4e2d5c3b7a", "lease_id": lease_id, "renewable": true,
            "lease_duration": lease, "data": data, "wrap_info": null, "warnings": null, "auth": auth,
        });
        Answer::json(&answer.to_string())
    };
    let target = Target::start(move |seen: &Seen| {
        let token = seen.header("x-vault-token").unwrap_or_default();
        let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
        match (seen.method.as_str(), seen.path.as_str()) {
            ("POST", "/v1/auth/approle/login")
                if body == json!({ "role_id": "gatewright", "secret_id": format!("{password}-id") }) =>
            {
                let auth = json!({
                    "client_token": format!("{password}-token"), "accessor": "a", "policies": ["p"],
                    "token_policies": ["p"], "metadata": {}, "lease_duration": 3600, "renewable": true,
                    "entity_id": "e", "token_type": "service", "orphan": true,
                });
                enveloped("", 0, Value::Null, auth)
            }
            ("GET", "/v1/database/creds/support") if token == format!("{password}-token") => {
                let at = count.fetch_add(1, Ordering::Relaxed);
                let Some(user) = users.get(at) else { return Answer::new(503, r#"{"errors":["sealed"]}"#) };
                let data = json!({ "username": user, "password": format!("{password}-{user}") });
                enveloped(&format!("database/creds/support/{at}"), lease, data, Value::Null)
            }
            ("GET", "/v1/secret/data/shop") if token == format!("{password}-token") => {
                let data =
                    json!({ "data": { "api_key": format!("{password}-kv") }, "metadata": { "version": 3 } });
                enveloped("", 0, data, Value::Null)
            }
            _ => Answer::new(403, r#"{"errors":["permission denied"]}"#),
        }
    })?;
    Ok((target, given))
}

fn vault_section(target: &Target) -> Value {
    let auth = json!({ "approle": { "role_id": "gatewright", "secret_id": { "file": "secret.id" } } });
    json!({ "address": format!("http://{}", target.address()), "auth": auth })
}

#[test]
fn database_logins_of_vault_take_turns() -> Result<()> {
    let password = secret();
    let users: &[&str] = &["v-support-one", "v-support-two", "v-support-three"];
    let (vault, given) = vault(users, password.clone(), 20)?;
    let mut stack = with_login(json!({ "vault": { "path": "database/creds/support" } }))
        .set("/secrets/vault", vault_section(&vault))
        .start()?;
    stack.site.write("secret.id", &format!("{password}-id"))?;
    members(&stack, users, &password)?;
    stack.start_host()?;
    let ann = stack.login_as("ann", &["support"])?;
    let first = wait::until("a login", LIMIT, || Ok(whom(&ann).ok()))?;
    ensure!(users.contains(&first.as_str()), "{first}");

    // Nobody is refused while one user follows the other, and policy and masks know it as the same role.
    let begun = Instant::now();
    let mut seen = vec![first];
    while seen.len() < 2 && begun.elapsed() < LIMIT {
        let now = whom(&ann)?;
        if seen.last() != Some(&now) {
            seen.push(now);
        }
        let masked = ann.psql(&["SELECT email FROM customers LIMIT 1"])?;
        ensure!(masked.success && masked.stdout.starts_with("***"), "{masked:?}");
    }
    ensure!(seen.len() == 2, "{seen:?} of {}", given.load(Ordering::Relaxed));

    // Sealed: what was given serves until its lease ends, and then nothing does.
    let refused = wait::until("the end of the last lease", Duration::from_secs(120), || {
        let output = ann.psql(WHO)?;
        Ok((!output.success).then_some(output))
    })?;
    ensure!(given.load(Ordering::Relaxed) > users.len());
    ensure!(!refused.stderr.contains(&password), "{refused:?}");
    let mut places = Places::of(&stack)?;
    places.add("the refusal", refused.stderr);
    ensure!(places.count("Vault's `database/creds/support`") > 0, "an operator reads what is missing");
    places.hold_none(&[&password])
}

#[test]
fn a_key_of_vaults_kv_engine() -> Result<()> {
    let password = secret();
    let (vault, _) = vault(&[], password.clone(), 9)?;
    let api = Target::start(|_| Answer::json(r#"{"name":"Ada"}"#))?;
    let key = json!({ "vault": { "path": "secret/data/shop", "field": "api_key" } });
    let mut stack = Stack::builder()
        .api_at(&api.address())
        .set("/apis/0/endpoints", json!([{ "path": "/t/{rest...}", "methods": ["GET"] }]))
        .set("/apis/0/credential", json!({ "header": { "name": "x-api-key", "value": key } }))
        .set("/secrets/vault", vault_section(&vault))
        .host_down()
        .start()?;
    stack.site.write("secret.id", &format!("{password}-id"))?;
    stack.start_host()?;
    let ann = HttpAgent::new(&stack.api_url()?, Some(&stack.idp.token("ann", &["support"])?));
    let answer = wait::until("an answer", LIMIT, || {
        let answer = ann.get("/t/x")?;
        Ok((answer.status == 200).then_some(answer))
    })?;
    let expected = format!("{password}-kv");
    ensure!(api.seen().iter().all(|seen| seen.header("x-api-key") == Some(&expected)), "{:?}", api.seen());
    let mut places = Places::of(&stack)?;
    places.add("the answer", format!("{answer:?}"));
    places.hold_none(&[&password])
}

#[test]
fn a_login_of_aws_secrets_manager_that_is_rotated() -> Result<()> {
    let port = Port::free()?;
    let mut moto = process::command(tools::python(), rustix::process::Signal::KILL);
    moto.args([
        "-c",
        "from moto.server import main; main()",
        "-H",
        "127.0.0.1",
        "-p",
        &port.number().to_string(),
    ]);
    let moto = Service::start("moto", moto, port)?;
    let password = secret();
    let put = |user: &str, verb: &str| -> Result<()> {
        let script = r"
import boto3, os, sys
client = boto3.client('secretsmanager', region_name='eu-central-1', endpoint_url=os.environ['MOTO'])
name = {'Name': 'shop/support'} if sys.argv[1] == 'create_secret' else {'SecretId': 'shop/support'}
getattr(client, sys.argv[1])(SecretString=sys.argv[2], **name)
";
        let value = json!({ "username": user, "password": format!("{password}-{user}"), "port": 5432 });
        let mut python = Command::new(tools::python());
        python.args(["-c", script, verb, &value.to_string()]).env("MOTO", moto.url());
        let output = run(python.env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "x"))?;
        ensure!(output.success, "{output:?}");
        Ok(())
    };
    put("app_a", "create_secret")?;
    let mut stack = with_login(json!({ "aws": { "secret": "shop/support" }, "every": "1s" }))
        .set("/secrets/aws", json!({ "region": "eu-central-1", "endpoint": moto.url() }))
        .variable("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        .variable("AWS_SECRET_ACCESS_KEY", &format!("{password}-aws"))
        .start()?;
    members(&stack, &["app_a", "app_b"], &password)?;
    stack.start_host()?;
    let ann = stack.login_as("ann", &["support"])?;
    ensure!(wait::until("a login", LIMIT, || Ok(whom(&ann).ok()))? == "app_a");
    put("app_b", "put_secret_value")?;
    wait::until("the other user", LIMIT, || Ok((whom(&ann)? == "app_b").then_some(())))?;
    Places::of(&stack)?.hold_none(&[&password])
}

#[test]
fn no_secret_of_a_whole_run_is_left_anywhere() -> Result<()> {
    let key = secret();
    let encryption = json!({ "keys": [{ "name": "k1", "secret": { "file": "data.key" } }] });
    let mut stack = Stack::builder()
        .people()
        .api()
        .database()
        .set("/host/encryption", encryption)
        .set("/host/metrics_token", json!({ "file": "metrics.token" }))
        .host_down()
        .start()?;
    let data_key = hex::encode(rand::random::<[u8; 32]>());
    stack.site.write("data.key", &data_key)?;
    stack.site.write("metrics.token", &key)?;
    stack.start_host()?;

    // Logins good and bad, statements, requests, an approval by a person, and what each of them gets to read.
    let mut places = Places::default();
    let (token, dba) = (stack.idp.token("ann", &["support"])?, stack.person("dan", &["dba"])?);
    let ann = stack.login(&token)?;
    wait::until("a login", LIMIT, || Ok(whom(&ann).ok()))?;
    for sql in
        ["SELECT * FROM customers", "DELETE FROM orders", "SELECT rolpassword FROM pg_authid", "nonsense"]
    {
        places.add(sql, format!("{:?}", ann.psql(&[sql])?));
    }
    let stranger = format!("{token}x");
    places.add("a forged token", format!("{:?}", stack.login(&stranger)?.psql(WHO)?));
    let agent = HttpAgent::new(&stack.api_url()?, Some(&token));
    for path in ["/customers/1", "/orders/1", "/nothing", "/.well-known/oauth-protected-resource"] {
        places.add(path, format!("{:?}", agent.get(path)?));
    }
    let who =
        ["/v1/approvals", "/v1/grants", "/v1/sessions", "/metrics", "/approvals", "/sessions", "/status"];
    for path in who {
        for person in [&dba, &token, &stranger, ""] {
            places.add(path, stack.host.get(path, person)?.body);
        }
    }
    stack.host.stop();
    let run = Places::of(&stack)?;

    let client = std::fs::read_to_string(stack.site.folder().join("client.secret"))?;
    let variables = ["SHOP_SUPPORT_PASSWORD", "SHOP_API_KEY"].map(|name| stack.variable(name));
    let [password, api_key] = variables;
    let hosts = [password?, api_key?, &client, &data_key, &key, &token, &stranger, &dba];
    for places in [&places, &run] {
        places.hold_none(&hosts)?;
    }
    ensure!(run.count("ann") > 0, "it was recorded who it was, if not what");
    // The proxy's configuration holds the filter's own token, and nothing else that is secret.
    run.without("what the proxy tells").hold_none(&[stack.variable("GATEWRIGHT_FILTER_TOKEN")?])
}
