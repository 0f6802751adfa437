//! What the target gets instead of the agent's token: each kind of credential, and where none of it may be seen.
#![allow(missing_docs, reason = "a test")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatewright_tests::agents::{Answer as Got, HttpAgent};
use gatewright_tests::leaks::Places;
use gatewright_tests::stack::{Builder, Stack};
use gatewright_tests::target::{Answer, Seen, Target};
use gatewright_tests::{http, wait};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

fn target() -> Result<Target> {
    Target::start(|_| Answer::json(r#"{"name":"Ada"}"#))
}

/// The shop's API with a credential, in front of `target`. The agent's token may be in a header of its own, so that it can
/// bring another `authorization`.
fn builder(target: &Target, credential: Value) -> Builder {
    Stack::builder()
        .api_at(&target.address())
        .set("/apis/0/endpoints", json!([{ "path": "/t/{rest...}", "methods": ["GET"] }]))
        .set("/apis/0/identity", json!(["bearer", { "header": "x-agent-token" }]))
        .set("/apis/0/credential", credential)
}

fn agent(stack: &Stack, subject: &str) -> Result<HttpAgent> {
    Ok(HttpAgent::new(&stack.api_url()?, Some(&stack.idp.token(subject, &["support"])?)))
}

/// The one `authorization` of each request.
fn authorizations(seen: &[Seen]) -> Result<Vec<String>> {
    let one = |seen: &Seen| seen.header("authorization").map(str::to_owned);
    seen.iter().map(|seen| one(seen).with_context(|| format!("not one credential: {seen:?}"))).collect()
}

/// None of the secrets is in a configuration, a log, a file of the host, or with the agent.
fn nowhere(stack: &Stack, secrets: &[&str], answers: &[Got]) -> Result<()> {
    let mut places = Places::of(stack)?;
    places.add("the answers", format!("{answers:?}"));
    places.hold_none(secrets)
}

#[test]
fn basic() -> Result<()> {
    let target = target()?;
    let credential = json!({ "basic": { "username": "shop", "password": { "env": "SHOP_API_KEY" } } });
    let stack = builder(&target, credential).start()?;
    let password = stack.variable("SHOP_API_KEY")?;
    let pair = STANDARD.encode(format!("shop:{password}"));
    let ann = agent(&stack, "ann")?;
    let token = ann.token.clone().unwrap_or_default();
    let mut answers = vec![ann.get("/t/x")?, ann.clone().http2().get("/t/x")?];
    let own = format!("Basic {}", STANDARD.encode("shop:guessed"));
    for spelling in ["authorization", "Authorization", "AUTHORIZATION"] {
        let headers = json!({ "x-agent-token": token, spelling: own, "proxy-authorization": own });
        answers.push(HttpAgent::new(&ann.url, None).one(json!({ "path": "/t/x", "headers": headers }))?);
    }
    ensure!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    let seen = target.seen();
    ensure!(authorizations(&seen)?.iter().all(|value| *value == format!("Basic {pair}")), "{seen:?}");
    ensure!(
        seen.len() == 5 && seen.iter().all(|seen| seen.header("proxy-authorization").is_none()),
        "{seen:?}"
    );
    nowhere(&stack, &[password, &pair], &answers)
}

/// A token endpoint (RFC 6749 section 4.4), whose tokens are numbered; they last `seconds`, and 0 is an error.
fn token_endpoint(seconds: Arc<AtomicU64>) -> Result<Target> {
    let issued = AtomicU64::new(0);
    Target::start(move |seen| {
        let basic = seen.header("authorization").unwrap_or_default().starts_with("Basic ");
        if seen.method != "POST" || !basic || seconds.load(Ordering::Relaxed) == 0 {
            return Answer::new(401, r#"{"error":"invalid_client"}"#)
                .header("content-type", "application/json");
        }
        let number = issued.fetch_add(1, Ordering::Relaxed);
        let answer = json!({
            "access_token": format!("opaque-token-number-{number}"),
            "token_type": "Bearer",
            "expires_in": seconds.load(Ordering::Relaxed),
        });
        Answer::json(&answer.to_string())
    })
}

fn oauth2(endpoint: &Target) -> Value {
    let secret = json!({ "env": "SHOP_API_KEY" });
    json!({ "oauth2": {
        "token_url": format!("http://{}/token", endpoint.address()),
        "client_id": "gate:way", "client_secret": secret, "scopes": ["read", "write"], "resource": "https://shop.example",
    } })
}

#[test]
fn client_credentials() -> Result<()> {
    let lifetime = Arc::new(AtomicU64::new(3600));
    let (target, endpoint) = (target()?, token_endpoint(Arc::clone(&lifetime))?);
    let stack = builder(&target, oauth2(&endpoint)).start()?;
    let mut answers = Vec::new();
    for subject in ["ann", "bob", "cid"] {
        answers.extend(agent(&stack, subject)?.ask(&[json!({ "path": "/t/x" }), json!({ "path": "/t/y" })])?);
    }
    ensure!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    let used = authorizations(&target.take())?;
    ensure!(used.len() == 6 && used.iter().all(|value| value == "Bearer opaque-token-number-0"), "{used:?}");

    // One token for everybody, asked for as the RFC has it.
    let asked = endpoint.take();
    ensure!(asked.len() == 1 && asked[0].method == "POST" && asked[0].path == "/token", "{asked:?}");
    let secret = stack.variable("SHOP_API_KEY")?;
    let pair = STANDARD.encode(format!("gate%3Away:{secret}"));
    ensure!(asked[0].header("authorization") == Some(&format!("Basic {pair}")), "{asked:?}");
    let form = String::from_utf8_lossy(&asked[0].body);
    for part in ["grant_type=client_credentials", "scope=read+write", "resource=https%3A%2F%2Fshop.example"] {
        ensure!(form.split('&').any(|pair| pair == part), "{part}: {form}");
    }
    ensure!(!form.contains(secret), "the secret is in the form");
    nowhere(&stack, &[secret, &pair, "opaque-token-number-0"], &answers)
}

#[test]
fn client_credentials_are_renewed_before_they_end() -> Result<()> {
    // Host and filter stop using a token long before its end: this one after two seconds.
    let lifetime = Arc::new(AtomicU64::new(27));
    let (target, endpoint) = (target()?, token_endpoint(Arc::clone(&lifetime))?);
    let stack = builder(&target, oauth2(&endpoint)).concurrency(1).start()?;
    let ann = agent(&stack, "ann")?;
    // One client asks often: a token serves for more than one request, and another one follows it.
    let often = vec![json!({ "path": "/t/x" }); 200];
    let mut used = Vec::new();
    let different = wait::until("two tokens that were used more than once", Duration::from_secs(60), || {
        let answers = ann.ask(&often)?;
        ensure!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
        used.extend(authorizations(&target.take())?);
        let different = used.iter().collect::<BTreeSet<_>>().len();
        Ok((different >= 2 && different < used.len()).then_some(different))
    })?;
    ensure!(endpoint.take().len() >= different);

    // No new one to be had: the last one serves until its end, and then nothing passes.
    lifetime.store(20, Ordering::Relaxed);
    wait::until("a token that ends soon", Duration::from_secs(30), || {
        let answer = ann.get("/t/x")?;
        ensure!(answer.status == 200, "{answer:?}");
        Ok((!endpoint.take().is_empty()).then_some(()))
    })?;
    lifetime.store(0, Ordering::Relaxed);
    wait::until("a token that is asked for in vain", Duration::from_secs(30), || {
        let answer = ann.get("/t/x")?;
        ensure!(answer.status == 200, "the last one, since none is given: {answer:?}");
        Ok((!endpoint.take().is_empty()).then_some(()))
    })?;
    let refused = wait::until("the end of the token", Duration::from_secs(60), || {
        let answer = ann.get("/t/x")?;
        Ok((answer.status != 200).then_some(answer))
    })?;
    ensure!(refused.status == 503 && refused.header("retry-after").is_some(), "{refused:?}");
    ensure!(refused.body.contains("credential") && !refused.body.contains("opaque-token"), "{refused:?}");
    target.take();
    ensure!(
        ann.get("/t/x")?.status == 503 && target.take().is_empty(),
        "nothing passes without a credential"
    );
    lifetime.store(3600, Ordering::Relaxed);
    ensure!(ann.get("/t/x")?.status == 200);
    nowhere(&stack, &["opaque-token-number", stack.variable("SHOP_API_KEY")?], &[refused])
}

#[test]
fn tokens_of_the_hosts_own_name_the_agent() -> Result<()> {
    let target = target()?;
    let credential = json!({ "minted": { "audience": "shop-backend", "lifetime": "12s" } });
    let stack = builder(&target, credential).concurrency(1).start()?;
    let (ann, bob) = (agent(&stack, "ann")?, agent(&stack, "bob")?);
    let mut answers = vec![ann.get("/t/x")?, bob.get("/t/x")?];
    // The filter renews what ends within ten seconds.
    std::thread::sleep(Duration::from_secs(3));
    answers.push(ann.get("/t/x")?);
    ensure!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");

    // As a target would check them: with nothing but what the host publishes.
    let published = http::get(&format!("{}/.well-known/jwks.json", stack.host.url()), None)?;
    ensure!(published.status == 200 && !published.body.contains("\"d\""), "{published:?}");
    let keys: JwkSet = serde_json::from_str(&published.body)?;
    let used = authorizations(&target.take())?;
    let mut tokens = Vec::new();
    for (value, subject) in used.iter().zip(["ann", "bob", "ann"]) {
        let token = value.strip_prefix("Bearer ").context("no bearer token")?;
        let header = decode_header(token)?;
        ensure!(header.alg == Algorithm::EdDSA, "{header:?}");
        let key = keys.find(&header.kid.context("no key id")?).context("its key is not published")?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&["shop-backend"]);
        validation.set_issuer(&[stack.host.url()]);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        let claims = decode::<Value>(token, &DecodingKey::from_jwk(key)?, &validation)?.claims;
        ensure!(claims["sub"] == subject && claims["groups"] == json!(["support"]), "{claims}");
        ensure!(claims["agent_iss"] == stack.idp.issuer(), "{claims}");
        let life = claims["exp"].as_u64().zip(claims["iat"].as_u64()).map(|(exp, iat)| exp - iat);
        ensure!(life.is_some_and(|life| life <= 12), "{claims}");
        tokens.push(token);
    }
    ensure!(tokens.len() == 3 && tokens[0] != tokens[2], "a new one before the old one ended");
    let signatures: Vec<&str> = tokens.iter().filter_map(|token| token.rsplit('.').next()).collect();
    nowhere(&stack, &signatures, &answers)
}
