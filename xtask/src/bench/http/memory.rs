//! Memory of the proxy while a long answer passes.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use gatewright_tests::envoy::Envoy;

use crate::bench::cpu::resident;

/// How often the memory is looked at.
const EVERY: Duration = Duration::from_millis(20);

/// Reads the path once through each, and prints the most that each needed above what it had before.
pub(super) fn print(plain: &Envoy, masked: &Envoy, token: &str, path: &str) -> Result<()> {
    println!();
    for (name, envoy) in [("plain router", plain), ("Gatewright", masked)] {
        // The first one makes room that stays.
        read(envoy, token, path)?;
        let before = resident(envoy.id())?;
        let (bytes, most, took) = read(envoy, token, path)?;
        println!(
            "{name:<16}{:>6.0} MB in {:.1} s: {:.1} MB of memory before, at most {:+.1} MB while it passes",
            bytes as f64 / 1e6,
            took.as_secs_f64(),
            before as f64 / 1e3,
            most as f64 / 1e3 - before as f64 / 1e3
        );
    }
    Ok(())
}

/// Bytes that came, the most memory in KB, and how long it took.
fn read(envoy: &Envoy, token: &str, path: &str) -> Result<(u64, u64, Duration)> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, envoy.port()))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: shop\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    )?;
    let (start, mut looked) = (Instant::now(), Instant::now());
    let (mut bytes, mut most, mut buffer) = (0_u64, 0, vec![0; 256 << 10]);
    let mut head = Vec::new();
    loop {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        if head.len() < 12 {
            head.extend_from_slice(&buffer[..read.min(12)]);
        }
        bytes += read as u64;
        if looked.elapsed() >= EVERY {
            most = most.max(resident(envoy.id())?);
            looked = Instant::now();
        }
    }
    ensure!(head.starts_with(b"HTTP/1.1 200"), "the answer is not 200: {}", String::from_utf8_lossy(&head));
    Ok((bytes, most, start.elapsed()))
}
