//! The second net: what looks like personal data or a secret is replaced wherever it stands, and stays what its type
//! says.
#![allow(missing_docs, reason = "a test")]

use anyhow::{Result, ensure};
use gatewright_tests::client::Login;
use gatewright_tests::stack::Stack;
use gatewright_tests::tools::PgVersion;
use serde_json::json;

/// What somebody wrote into columns that nobody masks.
const WRITTEN: &str = r#"
UPDATE customers SET name = 'Ada <ada.private@example.org>', region = 'E-123456',
    notes = '{"card": 4242424242424242, "call": "+1 202 555 0101", "tier": "gold"}' WHERE id = 1"#;

/// Parts of it: none may ever be seen.
const SECRETS: [&str; 4] = ["ada.private", "E-123456", "42424242", "555 0101"];

#[test]
fn what_is_written_where_nobody_masks_it() -> Result<()> {
    for version in [PgVersion::V18, PgVersion::V15] {
        let custom = json!([{"name": "employee", "pattern": r"\bE-[0-9]{6}\b"}]);
        let detectors = json!({"enabled": "all", "custom": custom});
        let stack = Stack::builder().pg(version).set("/resources/0/detectors", detectors).start()?;
        stack.postgres.sql(WRITTEN)?;
        let login = stack.login_as("ann", &["support"])?;
        by_psql(&login)?;
        by_drivers(&login)?;
        // Whether COPY is refused or its rows are searched: nothing gets out by it.
        for form in ["", "(FORMAT csv)", "(FORMAT binary)"] {
            let output = login
                .psql(&[&format!("COPY (SELECT name, region, notes FROM customers) TO STDOUT {form}")])?;
            let seen = format!("{}{}", output.stdout, output.stderr);
            ensure!(!SECRETS.iter().any(|secret| seen.contains(secret)), "{output:?}");
        }
        // Where policy lifts a column's mask, it is shown; what stands elsewhere is replaced for everybody.
        let dba = stack.login_as("dan", &["dba"])?;
        let shown = dba.psql(&["SELECT ssn, email, name FROM customers WHERE id = 1"])?;
        ensure!(shown.stdout == "987-65-4320|ada.marsh@example.com|Ada <[masked:email]>\n", "{shown:?}");
        the_recording_holds_none(&stack)?;
    }
    Ok(())
}

fn by_psql(login: &Login) -> Result<()> {
    let cases = [
        ("SELECT name, region FROM customers WHERE id = 1", "Ada <[masked:email]>|[masked:employee]\n"),
        (
            "SELECT notes->>'tier', notes->>'call', upper(name) FROM customers WHERE id = 1",
            "gold|[masked:phone]|ADA <[masked:email]>\n",
        ),
        (
            "SELECT notes FROM customers WHERE id = 1",
            "{\"call\": \"[masked:phone]\", \"card\": \"[masked:card]\", \"tier\": \"gold\"}\n",
        ),
        (r#"SELECT '{"a": "x\u0040example.com"}'::json"#, "{\"a\": \"[masked:email]\"}\n"),
        (
            "SELECT ARRAY[region, 'plain', NULL] FROM customers WHERE id = 1",
            "{\"[masked:employee]\",plain,NULL}\n",
        ),
        ("SELECT ROW(1, region) FROM customers WHERE id = 1", "(1,[masked:employee])\n"),
        ("SELECT id, amount, status FROM orders WHERE id = 1", "1|129.90|shipped\n"),
        ("SELECT name FROM customers WHERE id = 2", "Bruno Keller\n"),
    ];
    for (sql, expected) in cases {
        let output = login.psql(&[sql])?;
        ensure!(output.stdout == expected, "{sql}: {output:?}");
    }
    Ok(())
}

/// Text and binary, with and without Describe of the client's.
fn by_drivers(login: &Login) -> Result<()> {
    let script = r#"
import asyncio, asyncpg, json, psycopg
sql = "SELECT name, region::varchar, notes, notes::json, ARRAY[name, NULL, 'x'], ARRAY[notes] FROM customers WHERE id = 1"
notes = {"card": "[masked:card]", "call": "[masked:phone]", "tier": "gold"}
expected = ["Ada <[masked:email]>", "[masked:employee]", notes, notes, ["Ada <[masked:email]>", None, "x"], [notes]]
c = psycopg.connect(autocommit=True)
for binary in (False, True):
    for prepare in (False, True):
        row = list(c.cursor(binary=binary).execute(sql, prepare=prepare).fetchone())
        assert row == expected, (binary, row)
with c.transaction(), c.cursor(name="cur") as cur:
    cur.execute("SELECT name FROM customers ORDER BY id")
    assert cur.fetchmany(2) == [("Ada <[masked:email]>",), ("Bruno Keller",)]
async def main():
    a = await asyncpg.connect(ssl=False)
    row = list(await a.fetchrow(sql.replace("= 1", "= $1"), 1))
    read = [*row[:2], json.loads(row[2]), json.loads(row[3]), row[4], [json.loads(one) for one in row[5]]]
    assert read == expected, row
asyncio.run(main())
print("done")
"#;
    let output = login.python(script)?;
    ensure!(output.stdout == "done\n", "{output:?}");
    Ok(())
}

fn the_recording_holds_none(stack: &Stack) -> Result<()> {
    let auditor = stack.idp.token("aud", &["dba"])?;
    let list = stack.host.get("/v1/sessions", &auditor)?.json()?;
    let mut found = false;
    for session in list.as_array().into_iter().flatten() {
        let id = session["id"].as_str().unwrap_or_default();
        let shown = stack.host.get(&format!("/v1/sessions/{id}"), &auditor)?.json()?;
        for event in
            shown["events"].as_array().into_iter().flatten().filter(|event| event["kind"] == "result")
        {
            let event = event.to_string();
            found |= event.contains("[masked:email]");
            ensure!(!SECRETS.iter().any(|secret| event.contains(secret)), "{event}");
        }
    }
    ensure!(found, "results are recorded: {list}");
    Ok(())
}
