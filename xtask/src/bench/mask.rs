//! What masking of rows costs, beside Presidio's pattern recognisers on the same text.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use gatewright_tests::tools;

use crate::build;
use crate::command::{cargo, output, run, target_dir};
use crate::report::{Paint, paint, step, warn};
use crate::setup::{self, Say};

/// Microsoft's, from PyPI.
const PRESIDIO: &str = "presidio-analyzer==2.2.366";
const SCRIPT: &str = include_str!("presidio.py");

/// At least so many MB/s of DataRow on one core through the library.
const BARS: [(&str, &str, f64); 2] = [
    ("masks", "lineage masks on 3 of 8 columns", 200.0),
    ("masks+detectors", "the same, and all detectors on the others", 100.0),
];

/// Measures and prints; every measurement takes `seconds`.
pub(crate) fn run_all(seconds: u32) -> Result<()> {
    let ready = setup::run(Say::Changes)?;
    build::filters(ready.wasm)?;
    let folder = target_dir().join("bench-mask");
    fs::create_dir_all(&folder)?;
    let text = folder.join("texts.txt");
    step("Measuring", "rows through the library and through the built filter");
    let said = output(
        cargo()
            .args(["bench", "--quiet", "--package", "gatewright-postgres", "--bench", "rows"])
            .env("ROWS_SECONDS", seconds.to_string())
            .env("ROWS_TEXT", &text),
    )?;
    let figure = |name: &str| -> Result<f64> {
        let line = said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let number =
            line.and_then(|line| line.split(' ').next()).context("the benchmark's output has changed")?;
        Ok(number.parse()?)
    };
    let presidio = presidio(&folder, &text, seconds);
    let others = presidio.as_ref().ok();

    println!("\n{}", paint(Paint::Bold, "Masking rows, one core, MB/s of DataRow"));
    println!("{:<44}{:>8}{:>8}{:>10}", "", "library", "wasm", "at least");
    for (name, what, bar) in BARS {
        let (native, wasm) = (figure(&format!("library {name}"))?, figure(&format!("wasm {name}"))?);
        let verdict = if native >= bar { "" } else { "  missed" };
        println!("{what:<44}{native:>8.0}{wasm:>8.0}{bar:>10.0}{verdict}");
    }
    match others {
        Some(rate) => {
            println!("{:<44}{rate:>8.2}", "Presidio's pattern recognisers, MB/s of text");
            // Of a row, Presidio got only the texts that the detectors look at too.
            let searched = figure("searched")?;
            let ratio = |name: &str| figure(name).map(|ours| ours * searched / rate);
            println!(
                "\nOn the same text the library is {:.0} times and the filter {:.0} times as fast as Presidio.",
                ratio("library masks+detectors")?,
                ratio("wasm masks+detectors")?
            );
            println!(
                "Presidio looks for emails, cards, US SSNs and IBANs; there is no language model in it here."
            );
        }
        None => {
            if let Err(error) = &presidio {
                warn(format!("Presidio could not be measured: {error:#}"));
            }
        }
    }
    println!(
        "{}; about one row in a hundred holds something to find. {seconds} s each.",
        said.lines().next().unwrap_or_default()
    );
    Ok(())
}

/// Megabytes of text per second.
fn presidio(folder: &Path, text: &Path, seconds: u32) -> Result<f64> {
    let venv = tools::cache().join("presidio");
    let python = venv.join("bin/python");
    let marker = venv.join("gatewright-presidio.txt");
    if !fs::read_to_string(&marker).is_ok_and(|installed| installed == PRESIDIO) {
        step("Installing", format!("{PRESIDIO} from PyPI, to compare with"));
        run(Command::new(tools::python()).args(["-m", "venv", "--clear"]).arg(&venv))?;
        run(Command::new(&python).args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            PRESIDIO,
        ]))?;
        fs::write(&marker, PRESIDIO)?;
    }
    let script = folder.join("presidio.py");
    fs::write(&script, SCRIPT)?;
    step("Measuring", "Presidio's pattern recognisers");
    let said = output(Command::new(&python).arg(&script).arg(text).arg(seconds.to_string()))?;
    said.parse().with_context(|| format!("Presidio's script printed `{said}`"))
}
