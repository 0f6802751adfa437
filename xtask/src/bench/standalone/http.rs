//! The same filter for requests, in Envoy and in `gatewright run`.

use std::time::Duration;

use anyhow::Result;
use gatewright_tests::envoy::Envoy;
use gatewright_tests::http;
use gatewright_tests::port::Port;
use gatewright_tests::standalone::{Options, Standalone};
use gatewright_tests::tools::{self, Filter};
use gatewright_tests::wait;

use super::super::http::canned::{Canned, TINY};
use super::super::http::wrk::{self, Load, Sample, median};
use super::super::http::{native, stack};
use crate::build;
use crate::command::on_path;
use crate::report::{Paint, paint, step, warn};
use crate::setup::WasmToolchain;

/// Measures and prints.
pub(super) fn print(wasm: WasmToolchain, rounds: u32, seconds: u32) -> Result<()> {
    if on_path("wrk").is_none() {
        warn("wrk is not installed, so requests are not measured: `apt-get install wrk` brings it");
        return Ok(());
    }
    let idle = build::idle_http_filter(wasm)?;
    let canned = Canned::start()?;
    let target = canned.address();
    let listener = Port::free()?;
    let stack = stack(&canned, false).set("/apis/0/listen", listener.address()).start()?;
    let options = Options { workers: 2, buffer_limit: None, arguments: Vec::new() };
    let gated = Standalone::start(&stack.site, "shop-api", listener, &tools::filter(Filter::Http)?, options)?;
    let plain = native::start(target, &[])?;
    let idle_envoy = Envoy::with_http_filter(&target.to_string(), &idle, true)?;
    let idle_standalone = Standalone::with_http_filter(&target.to_string(), &idle, true)?;
    let token = stack.idp.token("bench", &["support"])?;
    let envoy = stack.api_envoy()?;
    let ways = [
        ("Envoy, no filter", plain.port(), plain.id()),
        ("Envoy, idle filter", idle_envoy.port(), idle_envoy.id()),
        ("standalone, idle filter", idle_standalone.port(), idle_standalone.id()),
        ("Envoy, Gatewright", envoy.port(), envoy.id()),
        ("standalone, Gatewright", gated.port(), gated.id()),
    ];
    for (_, port, _) in &ways {
        let url = format!("http://127.0.0.1:{port}{TINY}");
        wait::until("an answer", Duration::from_secs(20), || {
            Ok((http::get(&url, Some(&token))?.status == 200).then_some(()))
        })?;
    }
    for clients in [1, 8] {
        let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); ways.len()];
        for round in 1..=rounds {
            step("Measuring", format!("requests of {clients} clients, round {round} of {rounds}"));
            for ((_, port, process), samples) in ways.iter().zip(&mut samples) {
                let url = format!("http://127.0.0.1:{port}{TINY}");
                let load = Load { url, token: &token, clients, seconds, envoy: *process };
                samples.push(wrk::run(&load)?);
            }
        }
        println!("\n{}", paint(Paint::Bold, format!("GET of a small body, {clients} clients")));
        println!(
            "{:<24}{:>12}{:>10}{:>10}{:>16}{:>18}",
            "", "requests/s", "p50 µs", "p99 µs", "proxy µs each", "× Envoy, Gatew."
        );
        let samples: Vec<_> = samples.iter().map(|samples| median(samples)).collect();
        let compared = samples.get(3).map_or(f64::NAN, |sample| sample.rate);
        for ((name, ..), sample) in ways.iter().zip(&samples) {
            println!(
                "{name:<24}{:>12.0}{:>10.0}{:>10.0}{:>16.1}{:>18.2}",
                sample.rate,
                sample.p50,
                sample.p99,
                sample.cpu,
                sample.rate / compared
            );
        }
    }
    Ok(())
}
