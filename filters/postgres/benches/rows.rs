//! What masking of rows costs: megabytes of DataRow per second on one core, through the library and through the built
//! filter in a wasm VM. `cargo bench -p gatewright-postgres --bench rows`; `cargo xtask bench mask` sets it beside
//! other detectors.
//!
//! `ROWS_SECONDS` is how long each measurement takes. `ROWS_TEXT` names a file into which the texts of the rows go, one
//! column of one row a line.
#![allow(
    missing_docs,
    unused_imports,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark of a part of the suites' support"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use gatewright_core::bundle::{ApprovalMode, Bundle, RecordingMode};
use gatewright_core::catalogue::{Column, MaskedColumn, Taint};
use gatewright_core::detect::{Config, Detector};
use gatewright_core::mask::Method;
use gatewright_postgres::{Env, Io, Session};
use support::*;

/// Columns of `customers`, with the type of each; those of `MASKED` are masked.
const COLUMNS: [(&str, u32); 8] = [
    ("id", 23),
    ("name", 25),
    ("email", 25),
    ("phone", 25),
    ("ssn", 25),
    ("status", 25),
    ("notes", 3802),
    ("comment", 25),
];
const MASKED: [usize; 3] = [2, 3, 4];
const ROWS: usize = 10_000;
/// What a proxy hands over at once, in bytes.
const CHUNK: usize = 64 << 10;

fn main() {
    let seconds = std::env::var("ROWS_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2);
    let time = Duration::from_secs(seconds);
    let table = table();
    // The texts that detectors look at: in what is masked they have nothing to look for.
    let texts: Vec<&str> =
        table.iter().flat_map(|row| [&row[1], &row[5], &row[6], &row[7]]).map(String::as_str).collect();
    if let Some(path) = std::env::var_os("ROWS_TEXT") {
        std::fs::write(path, texts.join("\n") + "\n").expect("the texts can be written");
    }
    let rows: Vec<Vec<u8>> =
        table.iter().map(|row| data_row(&row.each_ref().map(|value| value.as_str()))).collect();
    let rows = rows.concat();
    println!("rows of {} bytes, {} of {} columns masked", rows.len() / ROWS, MASKED.len(), COLUMNS.len());
    println!("searched: {:.3} of their bytes", texts.concat().len() as f64 / rows.len() as f64);
    for (name, detectors) in [
        ("masks", Config::default()),
        ("masks+detectors", Config { enabled: Detector::ALL.to_vec(), custom: vec![] }),
    ] {
        let site = site_of(detectors);
        println!("library {name}: {:.0} MB/s", native(&site, &rows, time));
        println!("wasm {name}: {:.0} MB/s", through_wasm(&site, &rows, time));
    }
}

fn site_of(detectors: Config) -> Site {
    let mut bundle = bundle(RecordingMode::Buffered, ApprovalMode::Hold);
    bundle.detectors = detectors;
    let relation = &mut bundle.catalogue.relations[0];
    relation.columns.clear();
    bundle.catalogue.masked.clear();
    for (position, (name, type_oid)) in COLUMNS.iter().enumerate() {
        let mut taint = Taint::CLEAN;
        if MASKED.contains(&position) {
            taint = Taint::of(u32::try_from(bundle.catalogue.masked.len()).expect("few"));
            bundle.catalogue.masked.push(MaskedColumn {
                schema: "public".into(),
                table: "customers".into(),
                column: (*name).into(),
                method: Method::Partial,
                tags: vec![],
            });
        }
        let attnum = i16::try_from(position + 1).expect("few");
        relation.columns.push(Column {
            name: (*name).into(),
            attnum,
            type_oid: *type_oid,
            taint,
            derived: false,
        });
    }
    site(&bundle)
}

/// Ordinary rows; in every hundredth somebody wrote into the free text what does not belong there.
fn table() -> Vec<[String; 8]> {
    const WORDS: [&str; 24] = [
        "asked",
        "for",
        "the",
        "invoice",
        "of",
        "May",
        "again",
        "and",
        "was",
        "told",
        "that",
        "order",
        "left",
        "our",
        "warehouse",
        "on",
        "Monday,",
        "tracking",
        "number",
        "follows;",
        "delivery",
        "by",
        "Thursday",
        "-",
    ];
    const NAMES: [&str; 8] = [
        "Ada Marsh",
        "Bruno Keller",
        "Chiara Conti",
        "Femi Adeyemi",
        "Grace Okafor",
        "Hiro Tanaka",
        "Ines Duarte",
        "Jörg Müller",
    ];
    let mut state = 7_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).expect("31 bits") % below
    };
    let mut rows = Vec::with_capacity(ROWS);
    for row in 0..ROWS {
        let mut comment = String::new();
        for _ in 0..18 {
            comment.push_str(WORDS[random(WORDS.len())]);
            comment.push(' ');
        }
        comment.push_str(&format!(
            "#{} 2025-{:02}-{:02} 14:{:02}",
            100_000 + random(900_000),
            1 + random(12),
            1 + random(28),
            random(60)
        ));
        if row % 100 == 0 {
            comment.push_str(
                [" ada.marsh@example.com", " card 4242 4242 4242 4242", " +1 202 555 0101"][random(3)],
            );
        }
        let notes = format!(
            r#"{{"tier": "{}", "visits": {}, "language": "de", "last_order": "2025-{:02}-11T09:12:00Z", "newsletter": true}}"#,
            ["gold", "silver", "none"][random(3)],
            random(500),
            1 + random(12)
        );
        rows.push([
            (row + 1).to_string(),
            NAMES[random(8)].to_owned(),
            format!("customer{row}@mail.example.com"),
            format!("+1 202 555 {:04}", random(10_000)),
            format!("{:03}-{:02}-{:04}", 100 + random(500), 10 + random(80), 1_000 + random(9_000)),
            ["new", "paid", "shipped", "returned"][random(4)].to_owned(),
            notes,
            comment,
        ]);
    }
    rows
}

fn described() -> Vec<u8> {
    let columns: Vec<_> = COLUMNS
        .iter()
        .enumerate()
        .map(|(position, (name, oid))| (*name, CUSTOMERS, i16::try_from(position + 1).expect("few"), *oid, 0))
        .collect();
    typed_row_description(&columns)
}

fn native(site: &Site, rows: &[u8], time: Duration) -> f64 {
    let mut session = Session::new("00000000000000000000000000000000", "10.0.0.1:5000");
    let env = Env { plane: Some(&site.plane), now: NOW };
    let mut io = Io::default();
    for step in login() {
        match step {
            Step::Client(bytes) => session.client(&bytes, env, &mut io),
            Step::Server(bytes) => session.server(&bytes, env, &mut io),
            _ => {}
        }
    }
    session.client(&query("SELECT * FROM customers"), env, &mut io);
    session.server(&described(), env, &mut io);
    session.server(rows, env, &mut io);
    let shown = String::from_utf8_lossy(&io.to_client);
    assert!(
        shown.contains("Ada Marsh") && !shown.contains("@mail.example.com"),
        "what is measured is masking"
    );
    assert_eq!(shown.contains("[masked:card]"), !shown.contains("4242 4242"), "and detecting");
    rate(rows, time, |chunk| {
        io.to_client.clear();
        session.server(chunk, env, &mut io);
        assert!(!io.close && !io.to_client.is_empty());
    })
}

fn through_wasm(site: &Site, rows: &[u8], time: Duration) -> f64 {
    let mut wasm = wasm::Wasm::new(site);
    for step in login() {
        match step {
            Step::Client(bytes) => wasm.client(&bytes),
            Step::Server(bytes) => wasm.server(&bytes),
            _ => {}
        }
    }
    wasm.client(&query("SELECT * FROM customers"));
    wasm.server(&described());
    rate(rows, time, |chunk| {
        wasm.server(chunk);
        wasm.forget();
    })
}

/// Megabytes per second.
fn rate(rows: &[u8], time: Duration, mut pass: impl FnMut(&[u8])) -> f64 {
    let (start, mut bytes) = (Instant::now(), 0);
    while start.elapsed() < time {
        for chunk in rows.chunks(CHUNK) {
            pass(chunk);
            bytes += chunk.len();
        }
    }
    bytes as f64 / 1e6 / start.elapsed().as_secs_f64()
}
