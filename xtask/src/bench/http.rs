//! wrk through a plain Envoy, through what Envoy has of its own, and through the filter.

pub(super) mod canned;
mod memory;
pub(super) mod native;
pub(super) mod wrk;

use std::time::Duration;

use anyhow::{Context as _, Result};
use gatewright_tests::envoy::Envoy;
use gatewright_tests::http;
use gatewright_tests::stack::{Builder, Stack};
use gatewright_tests::wait;
use serde_json::{Value, json};

use self::canned::{Canned, HALF_GIGABYTE, LARGE, MEDIUM, SMALL, TINY};
use self::wrk::{Load, Sample, median};
use crate::build;
use crate::command::on_path;
use crate::report::{Paint, paint, step};
use crate::setup::{self, Say};

/// A way to the server.
struct Way<'a> {
    name: &'static str,
    port: u16,
    envoy: &'a Envoy,
}

/// Measures and prints. Every figure is the median of `rounds` runs of `seconds` each, the ways taking turns.
pub(crate) fn run(rounds: u32, seconds: u32) -> Result<()> {
    if std::env::var_os("GATEWRIGHT_BIN").is_none() {
        return super::with_release_host();
    }
    on_path("wrk").context("wrk is not installed: `apt-get install wrk` brings it")?;
    let ready = setup::run(Say::Changes)?;
    build::filters(ready.wasm)?;
    let idle = build::idle_http_filter(ready.wasm)?;
    step("Starting", "a server of canned answers, the host, and an Envoy for each way");
    let canned = Canned::start()?;
    let masked = stack(&canned, true).start()?;
    let unmasked = stack(&canned, false).start()?;
    let jwks = http::get(&masked.idp.jwks_url(), None)?.body;
    let target = canned.address();
    let plain = native::start(target, &[])?;
    let jwt = native::start(target, &[native::jwt_authn(masked.idp.issuer(), &jwks), native::rbac()])?;
    let asked = native::start(target, &[native::ext_authz(target)])?;
    let idle = Envoy::with_http_filter(&target.to_string(), &idle, true)?;
    let tokens = [masked.idp.token("bench", &["support"])?, unmasked.idp.token("bench", &["support"])?];
    for (stack, token) in [&masked, &unmasked].into_iter().zip(&tokens) {
        let url = stack.api_url()? + TINY;
        wait::until("the filter's bundle", Duration::from_secs(20), || {
            Ok((http::get(&url, Some(token))?.status == 200).then_some(()))
        })?;
    }
    fn way<'a>(name: &'static str, envoy: &'a Envoy) -> Way<'a> {
        Way { name, port: envoy.port(), envoy }
    }
    let ways = [
        way("plain router", &plain),
        way("jwt_authn + rbac", &jwt),
        way("ext_authz (HTTP)", &asked),
        way("idle filter", &idle),
        way("Gatewright", unmasked.api_envoy()?),
    ];
    // The tokens of the two stacks have different issuers; Envoy's own filter knows the first.
    let token = |way: &Way<'_>| if way.name == "Gatewright" { &tokens[1] } else { &tokens[0] };
    for clients in [1, 8] {
        let mut samples = vec![Vec::new(); ways.len()];
        for round in 1..=rounds {
            step("Measuring", format!("{clients} clients, round {round} of {rounds}"));
            for (way, samples) in ways.iter().zip(&mut samples) {
                samples.push(load(way, TINY, token(way), clients, seconds)?);
            }
        }
        print(clients, &ways, &samples.iter().map(|samples| median(samples)).collect::<Vec<_>>());
    }
    bodies(&plain, masked.api_envoy()?, &tokens[0], rounds, seconds)?;
    memory::print(&plain, masked.api_envoy()?, &tokens[0], HALF_GIGABYTE)?;
    println!(
        "\nThe idle filter only reads what passes: it costs what any filter in wasm costs in this proxy."
    );
    println!("Identity, policy and buffered recording are on; one token, verified before.");
    println!("Median of {rounds} runs of {seconds} s each; all programs share this machine's cores.");
    Ok(())
}

/// The shop's configuration in front of canned answers.
pub(super) fn stack(canned: &Canned, masks: bool) -> Builder {
    let mut builder = Stack::builder()
        .api()
        .set("/apis/0/target", json!({ "address": canned.address().to_string() }))
        .set("/apis/0/recording", json!({ "mode": "buffered", "max_result_bytes": "1KiB" }));
    if !masks {
        builder = builder.set("/apis/0/masks", json!([])).set("/apis/0/detectors", json!({ "enabled": [] }));
    }
    builder
}

fn load(way: &Way<'_>, path: &str, token: &str, clients: u32, seconds: u32) -> Result<Sample> {
    let url = format!("http://127.0.0.1:{}{path}", way.port);
    wrk::run(&Load { url, token, clients, seconds, envoy: way.envoy.id() })
}

fn print(clients: u32, ways: &[Way<'_>], samples: &[Sample]) {
    println!("\n{}", paint(Paint::Bold, format!("GET of a small body, {clients} clients")));
    println!(
        "{:<20}{:>12}{:>10}{:>10}{:>12}{:>18}{:>24}{:>14}",
        "",
        "requests/s",
        "p50 µs",
        "p99 µs",
        "added µs",
        "× jwt_authn+rbac",
        "× ext_authz's addition",
        "Envoy µs each"
    );
    let [plain, jwt, asked, ..] = samples else { return };
    for (way, sample) in ways.iter().zip(samples) {
        let added = sample.p50 - plain.p50;
        println!(
            "{:<20}{:>12.0}{:>10.0}{:>10.0}{added:>12.0}{:>18.2}{:>24.2}{:>14.1}",
            way.name,
            sample.rate,
            sample.p50,
            sample.p99,
            sample.p50 / jwt.p50,
            added / (asked.p50 - plain.p50),
            sample.cpu
        );
    }
}

/// Bodies of JSON whose fields are masked.
fn bodies(plain: &Envoy, masked: &Envoy, token: &str, rounds: u32, seconds: u32) -> Result<()> {
    println!(
        "\n{}",
        paint(Paint::Bold, "GET of JSON of which 3 of 8 fields are masked, detectors on, 1 client")
    );
    println!(
        "{:<10}{:<16}{:>12}{:>10}{:>10}{:>12}{:>26}",
        "", "", "requests/s", "p50 µs", "p99 µs", "MB/s", "MB/s per core of Envoy"
    );
    for (size, path, bytes) in [("1 KB", SMALL, 1e3), ("64 KB", MEDIUM, 64e3), ("10 MB", LARGE, 10e6)] {
        let ways = [("plain router", plain), ("Gatewright", masked)];
        let mut samples = vec![Vec::new(); ways.len()];
        for _ in 0..rounds {
            for ((name, envoy), samples) in ways.iter().zip(&mut samples) {
                let way = Way { name, port: envoy.port(), envoy };
                samples.push(load(&way, path, token, 1, seconds)?);
            }
        }
        for ((name, _), samples) in ways.iter().zip(&samples) {
            let sample = median(samples);
            println!(
                "{size:<10}{name:<16}{:>12.0}{:>10.0}{:>10.0}{:>12.0}{:>26.0}",
                sample.rate,
                sample.p50,
                sample.p99,
                sample.rate * bytes / 1e6,
                bytes / sample.cpu
            );
        }
    }
    Ok(())
}

/// A value as Envoy's configuration has it.
fn typed(name: &str, of: &str, mut config: Value) -> Value {
    config["@type"] = format!("type.googleapis.com/envoy.extensions.filters.{of}").into();
    json!({ "name": name, "typed_config": config })
}
