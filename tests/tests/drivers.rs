//! Real drivers, unchanged: psql, psycopg 3 (pipeline mode too), asyncpg, tokio-postgres, pgbench in each mode.
#![allow(missing_docs, reason = "a test")]

use anyhow::{Result, ensure};
use gatewright_tests::stack::Stack;
use gatewright_tests::tools::PgVersion;

#[test]
fn the_drivers_get_what_they_get_without_the_gate() -> Result<()> {
    for version in [PgVersion::V18, PgVersion::V15] {
        let stack = Stack::builder().pg(version).start()?;
        let through = stack.login_as("ann", &["support"])?;
        let script = r#"
import psycopg, asyncio, asyncpg, datetime, decimal
c = psycopg.connect()
print(c.execute("SELECT %s::int + 1, %s::text, %s::numeric, %s::timestamptz IS NOT NULL", (1, "é☃", decimal.Decimal("1.50"), datetime.datetime.now())).fetchone())
with c.pipeline():
    curs = [c.execute("SELECT id, amount FROM orders WHERE customer_id = %s ORDER BY id", (i,)) for i in range(1, 6)]
print([k.fetchall() for k in curs])
with c.cursor(name="big") as cur:
    cur.itersize = 7
    cur.execute("SELECT id FROM orders ORDER BY id")
    print([r[0] for r in cur])
c.commit()
with c.transaction():
    c.execute("SET LOCAL statement_timeout = 60000")
    print(c.execute("SHOW statement_timeout").fetchone())
cur = c.cursor()
cur.executemany("UPDATE orders SET status = %s WHERE id = %s", [("paid", 1), ("paid", 2), ("new", 9)])
print(cur.rowcount)
c.rollback()
async def main():
    a = await asyncpg.connect(ssl=False, statement_cache_size=10)
    print(await a.fetch("SELECT id, amount, status, created_at FROM orders WHERE id = ANY($1) ORDER BY id", [1, 2, 3]))
    async with a.transaction():
        async for r in a.cursor("SELECT id FROM orders ORDER BY id", prefetch=3):
            print(r["id"], end=" ")
    print(await a.fetchval("SELECT count(*) FROM orders"))
    pool = await asyncpg.create_pool(ssl=False, min_size=2, max_size=4)
    print(sorted(await asyncio.gather(*[pool.fetchval("SELECT $1::int * 2", i) for i in range(20)])))
    await pool.close()
asyncio.run(main())
"#;
        let gated = through.python(script)?;
        let direct = stack.direct().python(script)?;
        ensure!(
            direct.success && gated.stdout == direct.stdout,
            "{version:?}\n{}\n{}\n{}",
            gated.stdout,
            gated.stderr,
            direct.stdout
        );
        tokio_postgres(&stack)?;
        pgbench(&stack)?;
    }
    Ok(())
}

fn tokio_postgres(stack: &Stack) -> Result<()> {
    let login = stack.login_as("ann", &["support"])?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async move {
        let session = login.connect().await?;
        let client = &session.client;
        let row = client.query_one("SELECT name, ssn FROM customers WHERE id = $1", &[&1_i32]).await?;
        ensure!(row.get::<_, &str>(0) == "Ada Marsh" && !row.get::<_, &str>(1).contains("987"));
        let denied = client.simple_query("DROP TABLE orders").await.expect_err("denied");
        ensure!(denied.code().is_some_and(|code| code.code() == "42501"), "{denied:?}");
        // Pipelined, as its users do.
        let (a, b) = tokio::try_join!(client.query_one("SELECT 1", &[]), client.query_one("SELECT 2", &[]))?;
        ensure!((a.get::<_, i32>(0), b.get::<_, i32>(0)) == (1, 2));
        Ok(())
    })
}

fn pgbench(stack: &Stack) -> Result<()> {
    stack.postgres.superuser_sql(
        "CREATE TABLE bench (id int PRIMARY KEY, v int); INSERT INTO bench SELECT i, i FROM generate_series(1, 1000) i; \
         GRANT SELECT ON bench TO support",
    )?;
    let login = stack.login_as("ann", &["support"])?;
    gatewright_tests::wait::until("the table to be known", std::time::Duration::from_secs(60), || {
        Ok(login.psql(&["SELECT v FROM bench WHERE id = 1"])?.success.then_some(()))
    })?;
    stack.up_to_date()?;
    let script = std::env::temp_dir().join(format!("gatewright-bench-{}.sql", std::process::id()));
    std::fs::write(&script, "\\set id random(1, 1000)\nSELECT v FROM bench WHERE id = :id;\n")?;
    for mode in ["simple", "extended", "prepared"] {
        let path = script.to_string_lossy();
        let output = login.pgbench(&["-n", "-M", mode, "-c", "4", "-j", "2", "-t", "200", "-f", &path])?;
        ensure!(output.success && output.stdout.contains("800/800"), "{mode}: {output:?}");
    }
    std::fs::remove_file(script)?;
    Ok(())
}
