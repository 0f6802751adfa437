//! Masking by experiment, without believing any analysis: random queries are sent while the masked columns hold one set
//! of values and again while they hold another. Whatever the agent sees must be the same; what is not, tells something.
//!
//! The second set is made by a function that gives different values for different ones, so that equality is the same
//! in both: a gate that lets one ask for equality, groups and counts cannot hide that, and does not claim to. For the
//! same reason the order of rows is looked at only where the query asks for one, and which rows LIMIT leaves only where
//! there are no groups: those may come out sorted.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use gatewright_tests::client::Login;
use gatewright_tests::postgres::Auth;
use gatewright_tests::queries::Queries;
use gatewright_tests::stack::Stack;
use gatewright_tests::wire::Wire;

/// More rows, and NULLs.
const PLANT: &str = r#"
SET ROLE shop_owner;
INSERT INTO customers (name, email, phone, ssn, card_number, region)
    SELECT 'n' || g, 'm' || g * 7919 % 1000 || '@example.com', nullif('+1 ' || g * 104729 % 9999, '+1 1'),
           (g * 15485863 % 999999999)::text, nullif((g * 32452843 % 9999)::text, '4'), 'r' || g % 3
    FROM generate_series(1, 12) g;
"#;

/// Other values, of another length, in another order; equal where the old ones were equal.
const OTHER: &str = r#"
SET ROLE shop_owner;
CREATE FUNCTION pg_temp.other(text) RETURNS text LANGUAGE sql AS
    $$ SELECT reverse(translate($1, '0123456789abcdefghijklmnopqrstuvwxyz', '7301964825qwertyuiopasdfghjklzxcvbnm'))
           || repeat('q', ascii($1) % 3) $$;
UPDATE customers SET email = pg_temp.other(email), phone = pg_temp.other(phone), ssn = pg_temp.other(ssn),
    card_number = pg_temp.other(card_number);
UPDATE payments SET card_number = pg_temp.other(card_number), token = pg_temp.other(token);
"#;

/// What comes back: rows without their order, where it is not asked for, and errors.
fn view(wire: &mut Wire, sql: &str) -> Result<Vec<String>> {
    // That of a sub-query says nothing of the whole.
    let ordered = sql.rsplit_once("ORDER BY").is_some_and(|(_, key)| {
        key.matches('(').count() >= key.matches(')').count() && !key.contains(" UNION")
    });
    let mut lines = Vec::new();
    for message in wire.query(sql)? {
        match message.tag {
            b'D' => lines.push(format!("{:?}", message.values())),
            b'E' => {
                lines.clear();
                lines.push(format!("error {}: {}", message.field(b'C'), message.field(b'M')));
            }
            _ => {}
        }
    }
    let groups =
        ["GROUP BY", "DISTINCT", "UNION", "INTERSECT", "EXCEPT"].iter().any(|word| sql.contains(word));
    if groups && sql.contains("LIMIT") {
        lines.truncate(usize::from(lines.first().is_some_and(|line| line.starts_with("error "))));
    }
    if !ordered || groups {
        lines.sort();
    }
    Ok(lines)
}

fn views(login: &Login, queries: &[String]) -> Result<Vec<Vec<String>>> {
    let mut wire = Wire::connect(login)?;
    wire.query("SET statement_timeout = '5s'")?;
    queries.iter().map(|sql| view(&mut wire, sql)).collect()
}

#[test]
fn what_is_seen_does_not_depend_on_masked_values() -> Result<()> {
    let count = std::env::var("GATEWRIGHT_TAINT_QUERIES").ok().and_then(|n| n.parse().ok()).unwrap_or(1_500);
    let seed = std::env::var("GATEWRIGHT_TAINT_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let mask = serde_json::json!([{
        "columns": ["*.email", "*.phone", "*.ssn", "*.card_number", "payments.token"],
        "method": "redact",
        "tags": ["pii"],
    }]);
    let stack = Stack::builder()
        .auth(Auth::Trust)
        .set("/resources/0/recording/mode", "buffered")
        .set("/resources/0/masks", mask)
        .start()?;
    stack.postgres.superuser_sql(PLANT)?;
    let (gated, direct) = (stack.login_as("ann", &["support"])?, stack.direct());
    let mut queries = Queries::new(seed);
    let queries: Vec<String> = (0..count).map(|_| queries.next_query()).collect();
    let (gated_before, direct_before) = (views(&gated, &queries)?, views(&direct, &queries)?);
    stack.postgres.superuser_sql(OTHER)?;
    let (gated_after, direct_after) = (views(&gated, &queries)?, views(&direct, &queries)?);

    let mut leaks = Vec::new();
    let (mut valid, mut revealing, mut answered, mut clear) = (0, 0, 0, 0);
    let mut denied: BTreeMap<String, usize> = BTreeMap::new();
    for (position, sql) in queries.iter().enumerate() {
        let error = |view: &[String]| view.first().filter(|line| line.starts_with("error ")).cloned();
        let reveals = direct_before[position] != direct_after[position];
        revealing += usize::from(reveals);
        if error(&direct_before[position]).is_none() {
            valid += 1;
            match error(&gated_before[position]).filter(|line| line.starts_with("error 42501")) {
                Some(line) => {
                    *denied.entry(line.chars().take(70).collect()).or_default() += 1;
                }
                None => answered += 1,
            }
            clear += usize::from(gated_before[position] == direct_before[position]);
        }
        if gated_before[position] != gated_after[position] {
            let differs = gated_before[position].iter().zip(&gated_after[position]).find(|(a, b)| a != b);
            leaks.push(format!("{sql}\n    {differs:?}"));
        }
    }
    println!(
        "{count} queries, {valid} valid; directly {revealing} depend on masked values, {answered} answered, {clear} of them as without the gate"
    );
    for (line, times) in denied {
        println!("  {times:>5}  {line}");
    }
    ensure!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
    ensure!(valid * 10 > count * 8, "only {valid} of {count} queries are valid");
    ensure!(revealing * 10 > count * 3, "only {revealing} of {count} could tell anything");
    ensure!(answered * 10 > valid * 3, "only {answered} of {valid} were answered");
    Ok(())
}
