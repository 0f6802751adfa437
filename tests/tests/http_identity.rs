//! Who asks: every source of identity, in front of a server that keeps what it got.
#![allow(missing_docs, reason = "a test")]

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use gatewright_tests::agents::HttpAgent;
use gatewright_tests::certificates::Authority;
use gatewright_tests::curl::curl;
use gatewright_tests::idp::{Forgery, Idp, TokenOptions};
use gatewright_tests::proxy::Kind;
use gatewright_tests::stack::{Builder, Stack};
use gatewright_tests::target::{Answer, Target};
use gatewright_tests::{http, wait};
use serde_json::{Value, json};

fn target() -> Result<Target> {
    Target::start(|_| Answer::json(r#"{"name":"Ada"}"#))
}

/// The shop's API with endpoints and an identity of its own.
fn builder(target: &Target, identity: Value) -> Builder {
    let endpoints = json!([{ "path": "/t/{rest...}", "methods": ["GET", "POST"] }]);
    let builder = Stack::builder().api_at(&target.address());
    builder.set("/apis/0/endpoints", endpoints).set("/apis/0/identity", identity)
}

/// A good token is told from the rest of what anybody wrote by its signature.
fn signature(token: &str) -> &str {
    token.rsplit('.').next().unwrap_or_default()
}

/// Nothing of a token anywhere but at the agent and the provider.
fn nowhere(stack: &Stack, target: &Target, tokens: &[&str]) -> Result<()> {
    let dba = stack.idp.token("dan", &["dba"])?;
    let sessions = stack.host.get("/v1/sessions", &dba)?.json()?;
    let mut all = format!("{:?}\n{}\n{}", target.seen(), stack.api_proxy()?.log(), stack.host.log());
    for session in sessions.as_array().into_iter().flatten() {
        all +=
            &stack.host.get(&format!("/v1/sessions/{}", session["id"].as_str().unwrap_or("?")), &dba)?.body;
    }
    for token in tokens {
        ensure!(!all.contains(signature(token)), "a token is in {all}");
    }
    Ok(())
}

#[test]
fn a_token_in_a_cookie_or_a_header_stays_here() -> Result<()> {
    let target = target()?;
    let identity = json!([{ "cookie": "gw_token" }, { "header": "X-Agent-Token" }]);
    let stack = builder(&target, identity).start()?;
    let (ann, eve) = (stack.idp.token("ann", &["support"])?, stack.idp.token("eve", &["sales"])?);
    let agent = HttpAgent::new(&stack.api_url()?, None);

    let cookies = format!("a=1; gw_token={ann}; b=2");
    let quoted = format!("gw_token=\"{ann}\"");
    let twice = format!("gw_token={ann}; c=3; gw_token={eve}");
    let header =
        json!({ "x-agent-token": ann, "cookie": "a=1; x=2", "authorization": format!("Bearer {eve}") });
    let good = [
        (json!({ "cookie": cookies }), Some("a=1; b=2")),
        (json!({ "cookie": quoted }), None),
        // What a server might take for the one that counts is not left to it.
        (json!({ "cookie": twice }), Some("c=3")),
        (header, Some("a=1; x=2")),
    ];
    for agent in [agent.clone(), agent.clone().http2()] {
        for (headers, cookie) in &good {
            let answer = agent.one(json!({ "path": "/t/x", "headers": headers }))?;
            ensure!(answer.status == 200 && answer.body.contains("Ada"), "{headers}: {answer:?}");
            let seen = target.take();
            ensure!(seen.len() == 1 && seen[0].header("cookie") == *cookie, "{headers}: {seen:?}");
            for gone in ["x-agent-token", "authorization"] {
                ensure!(seen[0].header(gone).is_none(), "{gone}: {seen:?}");
            }
            ensure!(seen[0].header("x-api-key") == Some(stack.variable("SHOP_API_KEY")?), "{seen:?}");
        }
    }
    // In several lines, as HTTP/2 clients send cookies.
    let lines = [&format!("cookie: gw_token={ann}")[..], "cookie: a=1", &format!("cookie: gw_token={eve}")]
        .iter()
        .flat_map(|line| ["--header", line])
        .map(str::to_owned)
        .collect::<Vec<_>>();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let url = format!("{}/t/x", stack.api_url()?);
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        let answer = curl(&url, &[&lines[..], &[version]].concat())?;
        ensure!(answer.status == 200, "{version}: {answer:?}");
        let seen = target.take();
        let cookies: Vec<_> = seen[0].headers.iter().filter(|(name, _)| name == "cookie").collect();
        ensure!(cookies.iter().map(|(_, value)| value.as_str()).eq(["a=1"]), "{version}: {seen:?}");
    }

    let forged = stack.idp.forged("ann", &["support"], Forgery::ForeignKey)?;
    for (headers, status) in [
        // A source that is not configured is none.
        (json!({ "authorization": format!("Bearer {ann}") }), 401),
        (json!({ "cookie": "a=1" }), 401),
        (json!({ "cookie": format!("GW_TOKEN={ann}; xgw_token={ann}") }), 401),
        (json!({ "cookie": format!("gw_token={forged}") }), 401),
        // The first that says anything decides: a bad one is not made good by the next.
        (json!({ "cookie": format!("gw_token={forged}"), "x-agent-token": ann }), 401),
        (json!({ "cookie": format!("gw_token={eve}"), "x-agent-token": ann }), 403),
        (json!({ "x-agent-token": format!("Bearer {ann}") }), 401),
    ] {
        let answer = agent.one(json!({ "path": "/t/x", "headers": headers }))?;
        ensure!(answer.status == status, "{headers}: {answer:?}");
    }
    ensure!(target.seen().is_empty(), "nothing refused reached it");
    nowhere(&stack, &target, &[&ann, &eve])
}

#[test]
fn a_client_certificate_tells_who_it_is() -> Result<()> {
    let target = target()?;
    let (ours, theirs) = (Authority::new()?, Authority::new()?);
    let server = ours.issue("server", "IP:127.0.0.1")?;
    let groups =
        json!({ "spiffe://shop.example/agents": ["support"], "spiffe://shop.example/admins/": ["dba"] });
    let tls =
        json!({ "certificate": server.certificate, "key": server.key, "client_ca": ours.certificate() });
    let only = json!([{ "mtls": { "groups": groups } }]);
    let stack = builder(&target, only).set("/apis/0/listen_tls", tls).start()?;
    let url = format!("https://127.0.0.1:{}/t/x", stack.api_proxy()?.port());
    let trusted = ours.certificate().display().to_string();
    let token = format!("authorization: Bearer {}", stack.idp.token("dan", &["dba"])?);
    let get = |authority: &Authority, name: &str, id: &str, more: &[&str]| {
        let issued = authority.issue(name, id)?;
        let (certificate, key) = (issued.certificate.display().to_string(), issued.key.display().to_string());
        let own = ["--cacert", &trusted, "--cert", &certificate, "--key", &key, "--header", &token];
        // Each worker of the proxy gets the bundle by itself.
        wait::until("every worker's bundle", Duration::from_secs(30), || {
            let answer = curl(&url, &[&own, more].concat())?;
            Ok((answer.status != 503).then_some(answer))
        })
    };

    let bot = "URI:spiffe://shop.example/agents/bot";
    for version in ["--http1.1", "--http2"] {
        let answer = get(&ours, "bot", bot, &[version])?;
        ensure!(answer.status == 200 && answer.body.contains("Ada"), "{version}: {answer:?}");
        let seen = target.take();
        ensure!(seen.len() == 1 && seen[0].header("authorization").is_none(), "{seen:?}");
        ensure!(seen[0].header("x-forwarded-client-cert").is_none(), "{seen:?}");
    }
    // A token beside it changes nothing, and neither does what only a proxy may say.
    let said = "x-forwarded-client-cert: URI=spiffe://shop.example/agents/bot";
    for (name, id, status) in [
        ("stranger", "URI:spiffe://shop.example/visitors/eve", 403),
        ("others", "URI:spiffe://shop.example/agents-of-others/eve", 403),
        ("domain", "URI:spiffe://shop.example.evil/agents/bot", 403),
        ("steps", "URI:spiffe://shop.example/visitors/../agents/bot", 401),
        ("below", "URI:spiffe://shop.example/agents/../visitors", 401),
        ("escaped", "URI:spiffe://shop.example/agents/%2e%2e/visitors", 401),
        ("query", "URI:spiffe://shop.example/agents?x", 401),
        ("empty", "URI:spiffe://shop.example/agents//bot", 401),
        ("root", "URI:spiffe://shop.example", 401),
        ("web", "URI:https://shop.example/agents/bot", 401),
        ("name", "DNS:agents.shop.example", 401),
    ] {
        let answer = get(&ours, name, id, &["--header", said])?;
        ensure!(answer.status == status, "{id}: {answer:?}");
    }
    let foreign = get(&theirs, "bot", bot, &[])?;
    ensure!(foreign.status == 0 && !foreign.whole, "{foreign:?}");
    let nobody = curl(&url, &["--cacert", &trusted, "--header", &token, "--header", said])?;
    ensure!(nobody.status == 0 && !nobody.whole, "{nobody:?}");
    ensure!(target.seen().is_empty(), "nothing refused reached it");

    // Both sources: a certificate is not asked for where a token will do, and a bad certificate is not passed over.
    let both = json!([{ "mtls": { "groups": groups } }, "bearer"]);
    let tls =
        json!({ "certificate": server.certificate, "key": server.key, "client_ca": ours.certificate() });
    let stack = builder(&target, both).set("/apis/0/listen_tls", tls).start()?;
    let url = format!("https://127.0.0.1:{}/t/x", stack.api_proxy()?.port());
    let token = format!("authorization: Bearer {}", stack.idp.token("ann", &["support"])?);
    let by_token = wait::until("the filter's bundle", Duration::from_secs(30), || {
        let answer = curl(&url, &["--cacert", &trusted, "--header", &token])?;
        Ok((answer.status != 503).then_some(answer))
    })?;
    ensure!(by_token.status == 200, "{by_token:?}");
    let issued = theirs.issue("again", bot)?;
    let (certificate, key) = (issued.certificate.display().to_string(), issued.key.display().to_string());
    let foreign =
        curl(&url, &["--cacert", &trusted, "--header", &token, "--cert", &certificate, "--key", &key])?;
    ensure!(foreign.status == 0, "{foreign:?}");
    let issued = ours.issue("visitor", "URI:spiffe://shop.example/visitors/eve")?;
    let (certificate, key) = (issued.certificate.display().to_string(), issued.key.display().to_string());
    let visitor = wait::until("every worker's bundle", Duration::from_secs(30), || {
        let own = ["--cacert", &trusted, "--header", &token, "--cert", &certificate, "--key", &key];
        let answer = curl(&url, &own)?;
        Ok((answer.status != 503).then_some(answer))
    })?;
    ensure!(visitor.status == 403, "{visitor:?}");
    Ok(())
}

/// Puts Envoy's own filter in front, as a mesh has it. It accepts tokens for every audience.
fn verified_by_envoy(mut bootstrap: Value, idp: &Idp) -> Result<Value> {
    let keys = http::get(&idp.jwks_url(), None)?.body;
    let filter = json!({
        "name": "envoy.filters.http.jwt_authn",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
            "providers": { "idp": {
                "issuer": idp.issuer(),
                "local_jwks": { "inline_string": keys },
                "forward": false,
                "payload_in_metadata": "jwt_payload",
                "from_headers": [{ "name": "authorization", "value_prefix": "Bearer " }],
                "from_params": ["access_token"],
            } },
            "rules": [{
                "match": { "prefix": "/" },
                "requires": { "requires_any": { "requirements": [
                    { "provider_name": "idp" }, { "allow_missing": {} },
                ] } },
            }],
        },
    });
    let filters = bootstrap
        .pointer_mut("/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters")
        .and_then(Value::as_array_mut)
        .context("no HTTP filters")?;
    filters.insert(0, filter);
    Ok(bootstrap)
}

#[test]
fn what_jwt_authn_verified_counts_in_envoy() -> Result<()> {
    let target = target()?;
    let stack =
        builder(&target, json!(["jwt_authn"])).proxy(Kind::Envoy).bootstrap(verified_by_envoy).start()?;
    let url = stack.api_url()?;
    let ask = |token: Option<&str>, path: &str, headers: Value| {
        HttpAgent::new(&url, token).one(json!({ "path": path, "headers": headers }))
    };
    let ann = stack.idp.token("ann", &["support"])?;
    let good = ask(Some(&ann), "/t/x", json!({}))?;
    ensure!(good.status == 200 && good.body.contains("Ada"), "{good:?}");
    let seen = target.take();
    ensure!(seen.len() == 1 && seen[0].header("authorization").is_none(), "{seen:?}");

    // What an agent can write is nothing that anybody verified.
    let claims = json!({ "iss": stack.idp.issuer(), "sub": "dan", "groups": ["dba"], "aud": "gatewright", "exp": 4e9 });
    let said = json!({
        "x-jwt-payload": claims.to_string(), "jwt_payload": claims.to_string(),
        "envoy.filters.http.jwt_authn": claims.to_string(), "x-envoy-jwt-payload": claims.to_string(),
    });
    let nobody = ask(None, "/t/x", said)?;
    ensure!(nobody.status == 401 && nobody.body.contains("as the proxy wants it"), "{nobody:?}");
    for forgery in [Forgery::ForeignKey, Forgery::AlgNone, Forgery::ChangedClaims, Forgery::Expired] {
        let forged = stack.idp.forged("ann", &["support"], forgery)?;
        let answer = ask(Some(&forged), "/t/x", json!({}))?;
        ensure!(answer.status == 401, "{forgery:?}: {answer:?}");
    }
    // Envoy would let this one pass: its configuration names no audience.
    let foreign = stack.idp.forged("ann", &["support"], Forgery::ForeignAudience)?;
    let answer = ask(Some(&foreign), "/t/x", json!({}))?;
    ensure!(answer.status == 401 && answer.body.contains("audience"), "{answer:?}");
    let eve = stack.idp.token("eve", &["sales"])?;
    ensure!(ask(Some(&eve), "/t/x", json!({}))?.status == 403);
    // Tokens in URLs are what logs are full of.
    let in_query = ask(None, &format!("/t/x?access_token={ann}"), json!({}))?;
    ensure!(
        [400, 401].contains(&in_query.status) || target.take().iter().all(|seen| seen.path == "/t/x"),
        "{in_query:?}"
    );
    ensure!(target.take().is_empty(), "nothing refused reached it");
    nowhere(&stack, &target, &[&ann, &eve])?;

    // Where the configuration does not trust it, it counts for nothing: `forward: false` took the token away.
    stack.site.set("/apis/0/identity", json!(["bearer"]))?;
    wait::until("the new configuration", Duration::from_secs(30), || {
        let answer = ask(Some(&ann), "/t/x", json!({}))?;
        Ok((answer.status == 401 && answer.body.contains("Authorization: Bearer")).then_some(()))
    })
}

#[test]
fn without_envoys_filter_nobody_is_known() -> Result<()> {
    let target = target()?;
    let stack = builder(&target, json!([{ "jwt_authn": { "payload_in_metadata": "mine" } }])).start()?;
    let ann = stack.idp.token_with("ann", &["support"], &TokenOptions::default())?;
    let answer = HttpAgent::new(&stack.api_url()?, Some(&ann)).get("/t/x")?;
    ensure!(answer.status == 401 && target.seen().is_empty(), "{answer:?}");
    Ok(())
}
