//! COPY … TO STDOUT from what has masked columns: every form comes masked, and reads as the driver wants it.

use anyhow::{Result, ensure};
use gatewright_tests::stack::Stack;
use gatewright_tests::tools::PgVersion;

/// Lets `ann` export; what of it she sees in clear is not this policy's matter.
const EXPORT: &str =
    "@id(\"export\") @reason(\"test\") permit (principal, action == Action::\"copy_out\", resource);";

/// Prints each export as lines, and reads the binary one with its types.
const SCRIPT: &str = r#"
import psycopg
c = psycopg.connect(autocommit=True)
def text(sql):
    with c.cursor().copy(sql) as copy:
        return b"".join(bytes(part) for part in copy).decode()
whole = text("COPY customers TO STDOUT")
print(len(whole.splitlines()), all(len(line.split("\t")) == 9 for line in whole.splitlines()))
print(text("COPY customers (id, ssn, phone) TO STDOUT").splitlines()[4])
print(text("COPY (SELECT id, ssn, name FROM customers WHERE id < 3 ORDER BY id) TO STDOUT (FORMAT csv, HEADER)"), end="")
print(text("COPY (SELECT upper(ssn), name || ',' FROM customers WHERE id = 1) TO STDOUT WITH CSV"), end="")
print(text("COPY (SELECT to_jsonb(c), c.id FROM customers c WHERE id = 1) TO STDOUT (DELIMITER '|', NULL 'nil')"), end="")
with c.cursor().copy("COPY (SELECT id, ssn, created_at::date FROM customers ORDER BY id) TO STDOUT (FORMAT binary)") as copy:
    copy.set_types(["int4", "text", "date"])
    rows = list(copy.rows())
print(len(rows), rows[0][0], rows[0][1], rows[0][2].isoformat())
for sql in ["COPY (SELECT * FROM customers NATURAL JOIN customer_contacts) TO STDOUT",
            "COPY customers TO STDOUT (ENCODING 'latin1')",
            "COPY (SELECT id FROM customers ORDER BY ssn) TO STDOUT",
            "COPY customers TO '/tmp/x'"]:
    try:
        text(sql)
        print("passed", sql)
    except psycopg.Error as e:
        print(e.sqlstate)
print(c.execute("SELECT 1").fetchone())
"#;

#[test]
fn every_form_of_copy_comes_masked() -> Result<()> {
    for version in [PgVersion::V18, PgVersion::V15] {
        let stack = Stack::builder().pg(version).policy("export.cedar", EXPORT).start()?;
        let output = stack.login_as("ann", &["support"])?.python(SCRIPT)?;
        let expected = "10 True\n5\t***-**-**24\t\\N\nid,ssn,name\n1,\"***-**-**20\",Ada Marsh\n\
                        2,\"***-**-**21\",Bruno Keller\n,\"Ada Marsh,\"\nnil|1\n10 1 ***-**-**20 2025-01-14\n\
                        42501\n42501\n42501\n42501\n(1,)\n";
        ensure!(output.stdout == expected, "{version:?}:\n{}\n{}", output.stdout, output.stderr);
        let direct = stack.direct().python(SCRIPT)?;
        ensure!(direct.stdout.contains("987-65-4320"), "{}", direct.stdout);
        // Whoever may see them, sees them.
        let all = stack.login_as("dora", &["dba", "support"])?.python(SCRIPT)?;
        ensure!(all.stdout.contains("1 987-65-4320 2025-01-14"), "{}\n{}", all.stdout, all.stderr);
    }
    Ok(())
}
