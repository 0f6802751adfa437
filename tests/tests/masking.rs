//! Point 4: masked columns stay masked, in every format and through every way of asking.
#![allow(missing_docs, reason = "a test")]

use anyhow::{Result, ensure};
use gatewright_tests::client::Login;
use gatewright_tests::stack::Stack;
use gatewright_tests::tools::PgVersion;

/// Parts of masked values of the sample rows: none may ever be seen.
const SECRETS: [&str; 6] = ["987-65-432", "987654320", "4242 4242 4242", "ada.marsh", "ADA.MARSH", "202 555"];

fn leaks(text: &str) -> Option<&'static str> {
    SECRETS.into_iter().find(|secret| text.contains(secret))
}

/// Statements of an agent who wants the data. Each must be denied or come back masked.
const ATTACKS: [&str; 44] = [
    "SELECT * FROM customers",
    "TABLE customers",
    "SELECT ssn AS region FROM customers",
    "SELECT c.ssn, c.name FROM customers AS c",
    "SELECT \"ssn\" FROM public.\"customers\"",
    "SELECT SSN FROM CUSTOMERS",
    "SELECT upper(email) FROM customers",
    "SELECT ssn || '' FROM customers",
    "SELECT reverse(reverse(ssn)) FROM customers",
    "SELECT substr(ssn, 1, 3), substr(ssn, 4) FROM customers",
    "SELECT c FROM customers c",
    "SELECT c::text FROM customers c",
    "SELECT (c).ssn FROM customers c",
    "SELECT to_jsonb(c) FROM customers c",
    "SELECT row_to_json(c) FROM customers c",
    "SELECT json_agg(c) FROM customers c",
    "SELECT array_agg(ssn) FROM customers",
    "SELECT string_agg(email, ',') FROM customers",
    "SELECT min(ssn), max(email) FROM customers",
    "SELECT x FROM (SELECT ssn AS x FROM customers) s",
    "WITH a AS (SELECT ssn FROM customers) SELECT * FROM a",
    "WITH customers AS (SELECT * FROM public.customers) SELECT ssn FROM customers",
    "SELECT name FROM customers UNION SELECT ssn FROM customers",
    "SELECT status FROM orders UNION ALL SELECT email FROM customers",
    "SELECT (SELECT ssn FROM customers WHERE id = 1)",
    "SELECT o.id, (SELECT email FROM customers c WHERE c.id = o.customer_id) FROM orders o",
    "SELECT o.*, c.* FROM orders o JOIN customers c ON c.id = o.customer_id",
    "SELECT * FROM orders NATURAL JOIN (SELECT id AS customer_id, ssn FROM customers) s",
    "SELECT x.* FROM customers c, LATERAL (SELECT c.email) x",
    "SELECT * FROM customer_contacts",
    "SELECT email AS e FROM customer_contacts",
    "SELECT v.* FROM customers c, LATERAL (VALUES (c.ssn)) v",
    "SELECT CASE WHEN true THEN ssn END FROM customers",
    "SELECT coalesce(ssn, '') FROM customers",
    "SELECT encode(ssn::bytea, 'escape') FROM customers",
    "SELECT unnest(ARRAY[ssn]) FROM customers",
    "SELECT ssn::int FROM customers",
    "SELECT query_to_xml('SELECT ssn FROM customers', true, false, '')",
    "SELECT most_common_vals::text, histogram_bounds::text FROM pg_stats WHERE tablename = 'customers'",
    "EXPLAIN SELECT * FROM customers WHERE ssn = '987-65-4320'",
    "COPY customers TO STDOUT",
    "COPY (SELECT ssn FROM customers) TO STDOUT",
    "INSERT INTO orders (customer_id, amount, status) SELECT 1, 1, ssn FROM customers",
    "UPDATE orders SET status = (SELECT ssn FROM customers WHERE id = 1) WHERE id = 1 RETURNING status",
];

#[test]
fn no_way_of_asking_gives_a_masked_value() -> Result<()> {
    for version in [PgVersion::V18, PgVersion::V15] {
        let stack = Stack::builder().pg(version).start()?;
        stack.postgres.superuser_sql("ANALYZE")?;
        let login = stack.login_as("ann", &["support"])?;
        let (mut denied, mut masked) = (0, 0);
        for attack in ATTACKS {
            let output = login.psql(&[attack])?;
            let seen = format!("{}{}", output.stdout, output.stderr);
            // psql quotes the statement's own line at an error; the secrets in it are the attacker's own words.
            let seen: String = seen.lines().filter(|line| !line.starts_with("LINE ")).collect();
            ensure!(leaks(&seen).is_none(), "{attack}\n{output:?}");
            if output.success { masked += 1 } else { denied += 1 }
        }
        println!("{version:?}: {denied} denied, {masked} masked of {}", ATTACKS.len());
        every_protocol(&login)?;
        // The same values are there for whoever may see them, or the check could not fail.
        let dba = stack
            .login_as("dan", &["dba"])?
            .psql(&["SELECT ssn, email FROM customers ORDER BY id LIMIT 1"])?;
        ensure!(dba.stdout == "987-65-4320|ada.marsh@example.com\n", "{dba:?}");
        what_is_not_masked_stays(&login)?;
        the_recording_holds_none(&stack)?;
    }
    Ok(())
}

/// Text and binary, prepared, cursors, server-side names, without any Describe of the client's.
fn every_protocol(login: &Login) -> Result<()> {
    let script = r#"
import psycopg, asyncio, asyncpg, pg8000.dbapi, os
c = psycopg.connect(autocommit=True)
for binary in (False, True):
    cur = c.cursor(binary=binary)
    for sql in ("SELECT id, name, ssn, email, notes FROM customers", "SELECT to_jsonb(c) FROM customers c",
                "SELECT ssn::varchar, ssn::bpchar, length(ssn), ssn IS NULL FROM customers"):
        for prepare in (False, True):
            try:
                print(cur.execute(sql, prepare=prepare).fetchall())
            except psycopg.Error as e:
                print(e)
with c.transaction():
    with c.cursor(name="cur") as cur:
        cur.execute("SELECT upper(email), ssn FROM customers")
        print(cur.fetchall())
try:
    c.execute("PREPARE p AS SELECT upper(ssn) FROM customers")
    print(c.execute("EXECUTE p").fetchall())
except psycopg.Error as e:
    print(e)
async def main():
    a = await asyncpg.connect(ssl=False)
    print(await a.fetch("SELECT name, ssn, email, notes FROM customers WHERE id < $1", 5))
    s = await a.prepare("SELECT upper(ssn) FROM customers")
    print(await s.fetch())
asyncio.run(main())
p = pg8000.dbapi.connect(user=os.environ["PGUSER"], password=os.environ["PGPASSWORD"], host="127.0.0.1", port=int(os.environ["PGPORT"]), database="shop")
q = p.cursor()
q.execute("SELECT name, ssn, email FROM customers")
print(q.fetchall())
# Parse, Bind and Execute by hand, without Describe.
import socket, struct
m = lambda t, b: t + struct.pack("!i", len(b) + 4) + b
s = socket.create_connection(("127.0.0.1", int(os.environ["PGPORT"])))
b = struct.pack("!i", 196608) + b"user\0support\0database\0shop\0\0"
s.sendall(struct.pack("!i", len(b) + 4) + b)
f = s.makefile("rb")
def until_ready():
    seen = b""
    while True:
        head = f.read(5)
        body = f.read(struct.unpack("!i", head[1:])[0] - 4)
        seen += head + body
        if head[:1] == b"Z":
            return seen
tag = f.read(1)
print("asked", tag, f.read(struct.unpack("!i", f.read(4))[0] - 4))
s.sendall(m(b"p", os.environ["PGPASSWORD"].encode() + b"\0"))
until_ready()
s.sendall(m(b"P", b"\0SELECT ssn, lower(email) FROM customers\0\0\0") + m(b"B", b"\0\0\0\0\0\0\0\0") + m(b"E", b"\0\0\0\0\0") + m(b"S", b""))
print(until_ready())
print("done")
"#;
    let output = login.python(script)?;
    ensure!(output.stdout.ends_with("done\n"), "{output:?}");
    ensure!(leaks(&output.stdout).is_none() && leaks(&output.stderr).is_none(), "{output:?}");
    Ok(())
}

fn what_is_not_masked_stays(login: &Login) -> Result<()> {
    let plain = [
        ("SELECT name, region FROM customers WHERE id = 1", "Ada Marsh|us-east\n"),
        (
            "SELECT c.name, o.amount FROM customers c JOIN orders o ON o.customer_id = c.id ORDER BY o.id LIMIT 1",
            "Ada Marsh|129.90\n",
        ),
        ("SELECT count(*) FROM orders", "14\n"),
        ("SELECT sum(amount) > 0 FROM orders", "t\n"),
        ("SELECT name FROM customer_contacts ORDER BY id LIMIT 1", "Ada Marsh\n"),
        ("SELECT 1 + 1, 'x', now() IS NOT NULL", "2|x|t\n"),
    ];
    for (sql, expected) in plain {
        let output = login.psql(&[sql])?;
        ensure!(output.stdout == expected, "{sql}: {output:?}");
    }
    for meta in ["\\d", "\\dt", "\\d customers", "\\l", "\\du", "\\dn", "\\df"] {
        let output = login.psql(&[meta])?;
        ensure!(output.success, "{meta}: {output:?}");
    }
    Ok(())
}

fn the_recording_holds_none(stack: &Stack) -> Result<()> {
    let auditor = stack.idp.token("aud", &["dba"])?;
    let sessions = stack.host.get("/v1/sessions", &auditor)?;
    ensure!(sessions.status == 200, "{}", sessions.body);
    let all = sessions.json()?;
    let list = all.as_array().cloned().unwrap_or_default();
    ensure!(list.len() > 10, "{all}");
    let mut rows = 0;
    for session in list.iter().filter(|session| session["principal"] == "ann") {
        let id = session["id"].as_str().unwrap_or_default();
        let shown = stack.host.get(&format!("/v1/sessions/{id}"), &auditor)?.json()?;
        for event in shown["events"].as_array().into_iter().flatten() {
            if event["kind"] == "result" {
                rows += event["rows"].as_array().map_or(0, Vec::len);
                ensure!(leaks(&event.to_string()).is_none(), "{event}");
            }
        }
    }
    ensure!(rows > 0, "results are recorded: {list:?}");
    Ok(())
}

#[test]
fn errors_and_notices_do_not_quote_values() -> Result<()> {
    let stack = Stack::builder()
        .policy("write.cedar", "@id(\"write\") @reason(\"test\") permit (principal, action in [Action::\"insert\", Action::\"update\"], resource);")
        .start()?;
    stack.postgres.sql("ALTER TABLE customers ADD CONSTRAINT one_ssn UNIQUE (ssn); GRANT INSERT, UPDATE ON customers TO support")?;
    let login = stack.login_as("ann", &["support"])?;
    let duplicate = login.psql(&["UPDATE customers SET ssn = '987-65-4321' WHERE id = 1"])?;
    ensure!(duplicate.stderr.contains("23505") && !duplicate.stderr.contains("987-65"), "{duplicate:?}");
    let cast = login.psql(&["SELECT 1 FROM customers WHERE ssn::date = now()"])?;
    ensure!(!cast.success && leaks(&cast.stderr).is_none(), "{cast:?}");
    let plain = login.psql(&["SELECT 'x'::int"])?;
    ensure!(
        plain.stderr.contains("invalid input syntax"),
        "where nothing is masked, the server's own words pass: {plain:?}"
    );
    Ok(())
}

#[test]
fn each_method() -> Result<()> {
    let masks = serde_json::json!([
        {"columns": ["*.email"], "method": "hash"}, {"columns": ["*.phone"], "method": "null"},
        {"columns": ["*.ssn"], "method": "redact"}, {"columns": ["*.card_number", "payments.token"], "method": "partial"},
        {"columns": ["customers.notes", "customers.created_at"], "method": "redact"},
    ]);
    let stack = Stack::builder().set("/resources/0/masks", masks).start()?;
    let login = stack.login_as("ann", &["support"])?;
    let output = login.psql(&[
        "SELECT phone IS NULL, email, phone, ssn, card_number, notes, created_at FROM customers WHERE id = 1",
    ])?;
    let row: Vec<&str> = output.stdout.trim_end().split('|').collect();
    ensure!(row.get(1).is_some_and(|email| email.starts_with("h:")), "{output:?}");
    ensure!(row.get(2..5) == Some(&["", "[masked]", "**** **** **** 4242"]), "{output:?}");
    ensure!(row.get(5..) == Some(&["\"[masked]\"", ""]), "{output:?}");
    Ok(())
}
