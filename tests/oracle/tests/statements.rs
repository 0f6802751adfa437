//! Relations and kinds of statements, compared with PostgreSQL's tree.
#![allow(missing_docs, reason = "a test")]

use std::error::Error;

use gatewright_oracle::compare::{Verdict, verdict};
use gatewright_oracle::corpus::{self, File};

#[derive(Default)]
struct Tally {
    statements: usize,
    parsed: usize,
    same: usize,
    less: Vec<String>,
}

impl Tally {
    fn count(&mut self, file: &str, text: &str) {
        let verdict = verdict(text);
        let list = std::env::var_os("GATEWRIGHT_ORACLE_LIST").is_some();
        if list && !matches!(verdict, Verdict::Same | Verdict::NotPostgres) {
            println!("{file}: {verdict:?}: {}", text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        self.statements += usize::from(verdict != Verdict::NotPostgres);
        match verdict {
            Verdict::NotPostgres | Verdict::Refused(_) => return,
            Verdict::Same => self.same += 1,
            Verdict::More(_) => {}
            Verdict::Less(what) => self.less.push(format!("{file}: {text}: {what:?}")),
        }
        self.parsed += 1;
    }

    fn add(&mut self, other: Self) {
        self.statements += other.statements;
        self.parsed += other.parsed;
        self.same += other.same;
        self.less.extend(other.less);
    }

    fn print(&self, name: &str) {
        let share = |of: usize| 100.0 * of as f64 / self.statements.max(1) as f64;
        println!(
            "{name:<26}{:>7} statements{:>7} parsed {:>5.1} %{:>7} the same {:>5.1} %",
            self.statements,
            self.parsed,
            share(self.parsed),
            self.same,
            share(self.same)
        );
    }
}

fn compare(files: &[File]) -> Tally {
    let mut total = Tally::default();
    for file in files {
        let mut tally = Tally::default();
        for text in &file.statements {
            tally.count(&file.name, text);
        }
        tally.print(&file.name);
        total.add(tally);
    }
    total.print("all");
    total
}

#[test]
fn own_statements_are_taken_for_no_less_than_they_are() -> Result<(), Box<dyn Error>> {
    let total = compare(&corpus::own()?);
    // What is refused is denied, so a smaller share is a worse gate.
    assert!(total.statements > 3_000 && total.parsed * 100 > total.statements * 78, "{}", total.parsed);
    assert!(total.less.is_empty(), "{}", total.less.join("\n"));
    Ok(())
}

#[test]
fn statements_that_other_tests_send_are_taken_for_no_less_than_they_are() -> Result<(), Box<dyn Error>> {
    let total = compare(&corpus::sent()?);
    assert!(total.less.is_empty(), "{}", total.less.join("\n"));
    Ok(())
}

#[test]
fn postgres_regression_scripts_are_taken_for_no_less_than_they_are() -> Result<(), Box<dyn Error>> {
    let Some(files) = corpus::regress()? else {
        println!("PostgreSQL's regression scripts are not there: skipped");
        return Ok(());
    };
    let total = compare(&files);
    assert!(total.less.is_empty(), "{}", total.less.join("\n"));
    Ok(())
}
