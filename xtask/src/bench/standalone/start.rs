//! How soon `gatewright run` serves.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use gatewright_tests::port::Port;
use gatewright_tests::process::{Process, command};
use gatewright_tests::scratch::Scratch;
use gatewright_tests::site::Site;
use gatewright_tests::tools;
use rustix::process::Signal;

use super::middle;

/// SSLRequest (PostgreSQL's protocol, section 54.7): the filter answers it, so the answer says that it runs.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
/// Starts that count; the one before them fills the cache of compiled modules.
const STARTS: usize = 9;

/// Prints how long it takes from starting the program until the filter has answered the first client.
pub(super) fn print(site: &Site, listener: &Port) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..=STARTS {
        times.push(once(site, listener)?.as_secs_f64() * 1e3);
    }
    let first = times.remove(0);
    let fastest = times.iter().copied().fold(f64::INFINITY, f64::min);
    println!(
        "\nFrom start to the filter's first answer, module compiled before: {:.0} ms (fastest {fastest:.0} ms) of {STARTS} \
         starts; the start before them took {first:.0} ms",
        middle(times)
    );
    Ok(())
}

fn once(site: &Site, listener: &Port) -> Result<Duration> {
    let scratch = Scratch::new("start")?;
    let mut run = command(tools::gatewright()?, Signal::TERM);
    run.args(["run", "--resource", "shop", "--drain", "0s", "--config"]).arg(site.config());
    run.arg("--filters").arg(tools::filters());
    run.current_dir(site.folder());
    run.envs(site.env().iter().filter(|(name, _)| !name.ends_with("_PASSWORD")).cloned());
    let start = Instant::now();
    let mut process = Process::spawn("gatewright run", run, &scratch.join("run.log"), Signal::TERM)?;
    let took = loop {
        if answers(listener.number()) {
            break start.elapsed();
        }
        process.check()?;
        ensure!(start.elapsed() < Duration::from_secs(120), "it does not start:\n{}", process.log());
        std::thread::sleep(Duration::from_micros(500));
    };
    process.stop();
    Ok(took)
}

pub(in super::super) fn answers(port: u16) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        stream.write_all(&SSL_REQUEST).ok()?;
        let mut answer = [0];
        stream.read_exact(&mut answer).ok()?;
        (answer == *b"N").then_some(())
    };
    ask().is_some()
}
