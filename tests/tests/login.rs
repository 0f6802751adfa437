//! Point 1: login. Every way a server may ask, every token that must not pass, what each client sees.
#![allow(missing_docs, reason = "a test")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use gatewright_tests::client::CANCELLING;
use gatewright_tests::idp::{Alg, Forgery, TokenOptions};
use gatewright_tests::postgres::Auth;
use gatewright_tests::stack::Stack;
use gatewright_tests::tools::PgVersion;

const ONE: &[&str] = &["SELECT 1"];

fn works(stack: &Stack) -> Result<()> {
    let output = stack.login_as("ann", &["support"])?.psql(ONE)?;
    ensure!(output.stdout == "1\n", "{output:?}");
    Ok(())
}

#[test]
fn scram_with_every_kind_of_key_and_every_forgery() -> Result<()> {
    let stack = Stack::start()?;
    for alg in [Alg::Rs256, Alg::Es256, Alg::EdDsa] {
        let token =
            stack.idp.token_with("ann", &["support"], &TokenOptions { alg, ..TokenOptions::default() })?;
        let output = stack.login(&token)?.psql(ONE)?;
        ensure!(output.stdout == "1\n", "{alg:?}: {output:?}");
    }
    let forgeries = [
        (Forgery::AlgNone, "`none`"),
        (Forgery::PublicKeyAsSecret, "HS256"),
        (Forgery::Expired, "expired"),
        (Forgery::ForeignAudience, "audience"),
        (Forgery::ForeignIssuer, "issuer"),
        (Forgery::NotYetValid, "not valid yet"),
        (Forgery::ForeignKey, "signature"),
        (Forgery::ChangedClaims, "signature"),
        (Forgery::Garbage, "not a JSON Web Token"),
    ];
    for (forgery, words) in forgeries {
        let token = stack.idp.forged("ann", &["support"], forgery)?;
        // A busy machine may take its time to start psql; the gate itself refuses at once.
        let mut fastest = Duration::MAX;
        for _ in 0..5 {
            let start = Instant::now();
            let output = stack.login(&token)?.psql(&["\\set VERBOSITY verbose", "SELECT 1"])?;
            fastest = fastest.min(start.elapsed());
            ensure!(!output.success && output.stdout.is_empty(), "{forgery:?}: {output:?}");
            ensure!(
                output.stderr.contains(words) && output.stderr.contains("FATAL"),
                "{forgery:?}: {output:?}"
            );
            ensure!(!output.stderr.contains(&token), "the token is not quoted");
            if fastest < Duration::from_secs(1) {
                break;
            }
        }
        ensure!(fastest < Duration::from_secs(1), "{forgery:?} took {fastest:?}");
    }
    // Other roles and databases: the same words, whether they exist or not, and only after the token verified.
    for (user, database) in [("shop_owner", "shop"), ("nobody", "shop"), ("support", "postgres")] {
        let login = stack.login_as("ann", &["support"])?.user(user).database(database);
        let output = login.psql(ONE)?;
        ensure!(output.stderr.contains("may not connect as role"), "{user}@{database}: {output:?}");
        let stranger = stack.login("garbage")?.user(user).database(database).psql(ONE)?;
        ensure!(!stranger.stderr.contains("may not connect"), "{stranger:?}");
    }
    let outsider = stack.login_as("eve", &["marketing"])?.psql(ONE)?;
    ensure!(outsider.stderr.contains("no policy permits `connect`"), "{outsider:?}");
    secrets_are_nowhere(&stack)
}

#[test]
fn a_new_key_of_the_provider_is_found_when_a_login_needs_it() -> Result<()> {
    let stack = Stack::start()?;
    works(&stack)?;
    // A login has a second for it, which a busy machine may need for something else: the first login has to work once.
    let mut refused = None;
    for _ in 0..5 {
        // The host looks for new keys at most every few seconds, so that nobody can make it flood the provider.
        std::thread::sleep(Duration::from_secs(6));
        for alg in [Alg::Rs256, Alg::Es256, Alg::EdDsa] {
            stack.idp.rotate(alg)?;
        }
        match works(&stack) {
            Ok(()) => return Ok(()),
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.expect("it was tried"))
}

/// The database's password is not in the proxy's configuration, in any log, or in the proxy's memory.
fn secrets_are_nowhere(stack: &Stack) -> Result<()> {
    let password = stack.postgres.support_password();
    ensure!(!stack.proxy()?.told()?.contains(password), "what the admin interface tells");
    ensure!(!stack.proxy()?.log().contains(password), "the proxy's log");
    ensure!(!stack.host.log().contains(password), "the host's log");
    ensure!(!stack.postgres.log().contains(password), "the server's log");
    ensure!(
        !memory_holds(stack.proxy()?.id(), password.as_bytes())?,
        "the proxy's memory, the wasm modules' included"
    );
    let host = stack.host.id().expect("the host runs");
    ensure!(
        memory_holds(host, password.as_bytes())?,
        "the check must be able to find it where it is: in the host"
    );
    Ok(())
}

/// Whether the bytes are anywhere in a process's writable memory.
fn memory_holds(id: u32, needle: &[u8]) -> Result<bool> {
    use std::os::unix::fs::FileExt as _;
    let memory = std::fs::File::open(format!("/proc/{id}/mem"))?;
    for line in std::fs::read_to_string(format!("/proc/{id}/maps"))?.lines() {
        let mut words = line.split_whitespace();
        let (Some(range), Some(rights)) = (words.next(), words.next()) else { continue };
        let Some((from, to)) = range.split_once('-') else { continue };
        if !rights.starts_with("rw") {
            continue;
        }
        let (from, to) = (u64::from_str_radix(from, 16)?, u64::from_str_radix(to, 16)?);
        // In pieces that overlap, so that nothing hides on an edge and a large reservation does not fill memory.
        let (piece, mut at) = (8_u64 << 20, from);
        while at < to {
            let mut bytes = vec![0; usize::try_from((to - at).min(piece + needle.len() as u64))?];
            if memory.read_exact_at(&mut bytes, at).is_ok() && memchr::memmem::find(&bytes, needle).is_some()
            {
                return Ok(true);
            }
            at += piece;
        }
    }
    Ok(false)
}

#[test]
fn every_way_of_asking_on_both_versions() -> Result<()> {
    for (version, auth) in [
        (PgVersion::V15, Auth::Scram),
        (PgVersion::V15, Auth::Md5),
        (PgVersion::V18, Auth::Md5),
        (PgVersion::V18, Auth::Trust),
    ] {
        let stack = Stack::builder().pg(version).auth(auth).start()?;
        works(&stack).map_err(|e| e.context(format!("{version:?} {auth:?}")))?;
        let refused = stack.login("garbage")?.psql(ONE)?;
        ensure!(refused.stderr.contains("not a JSON Web Token") && refused.stdout.is_empty(), "{refused:?}");
    }
    Ok(())
}

#[test]
fn a_cleartext_server_gets_the_password_only_where_the_configuration_says_so() -> Result<()> {
    let stack = Stack::builder().auth(Auth::Password).start()?;
    let output = stack.login_as("ann", &["support"])?.psql(ONE)?;
    ensure!(output.stderr.contains("asks for a cleartext password"), "{output:?}");
    let stack =
        Stack::builder().auth(Auth::Password).set("/resources/0/allow_cleartext_password", true).start()?;
    works(&stack)
}

#[test]
fn a_wrong_password_at_the_host_is_the_operators_business() -> Result<()> {
    let stack = Stack::start()?;
    stack.postgres.superuser_sql("ALTER ROLE support PASSWORD 'changed'")?;
    let output = stack.login_as("ann", &["support"])?.psql(ONE)?;
    ensure!(output.stderr.contains("refused the gate's own credential"), "{output:?}");
    Ok(())
}

#[test]
fn a_server_that_answers_ssl_request_with_yes() -> Result<()> {
    let stack = Stack::builder().pg(PgVersion::V15).server_tls().start()?;
    // Byte for byte, as a driver with sslmode=require would: the explanation, then the end.
    let mut raw = TcpStream::connect(("127.0.0.1", stack.proxy()?.port()))?;
    raw.write_all(&[0, 0, 0, 8, 4, 210, 22, 47])?;
    let mut answer = Vec::new();
    raw.set_read_timeout(Some(Duration::from_secs(30)))?;
    raw.read_to_end(&mut answer)?;
    let text = String::from_utf8_lossy(&answer);
    for way in ["direct TLS", "Unix socket", "relay", "sslmode=disable"] {
        ensure!(text.contains(way), "{text}");
    }
    // libpq's default goes on in plain by itself; the Unix socket always answers N.
    works(&stack)?;
    works(&Stack::builder().pg(PgVersion::V15).server_tls().unix_socket().start()?)
}

#[test]
fn startups_that_do_not_pass() -> Result<()> {
    let stack = Stack::start()?;
    let login = stack.login_as("ann", &["support"])?;
    let replication = login.python(
        "import psycopg\ntry:\n  psycopg.connect('replication=database')\nexcept Exception as e:\n  print(e)",
    )?;
    ensure!(replication.stdout.contains("replication connections do not pass"), "{replication:?}");
    for (options, words) in
        [("-c search_path=pg_temp", "search_path"), ("-c role=shop_owner", "No policy lets you set `role`")]
    {
        let output = login.psql_command()?.env("PGOPTIONS", options).args(["-c", "SELECT 1"]).output()?;
        let text = String::from_utf8_lossy(&output.stderr);
        ensure!(!output.status.success() && text.contains(words), "{options}: {text}");
    }
    let encoding = login.psql_command()?.env("PGCLIENTENCODING", "SJIS").args(["-c", "SELECT 1"]).output()?;
    ensure!(String::from_utf8_lossy(&encoding.stderr).contains("client_encoding"), "{encoding:?}");
    // GSSENCRequest gets the same answer as SSLRequest.
    let mut raw = TcpStream::connect(("127.0.0.1", stack.proxy()?.port()))?;
    raw.write_all(&[0, 0, 0, 8, 4, 210, 22, 48])?;
    let mut answer = [0];
    raw.read_exact(&mut answer)?;
    ensure!(answer == *b"N", "{answer:?}");
    // A packet that is none.
    let mut raw = TcpStream::connect(("127.0.0.1", stack.proxy()?.port()))?;
    raw.write_all(b"GET / HTTP/1.1\r\n\r\n")?;
    let mut answer = Vec::new();
    raw.set_read_timeout(Some(Duration::from_secs(30)))?;
    raw.read_to_end(&mut answer)?;
    ensure!(String::from_utf8_lossy(&answer).contains("startup packet is malformed"), "{answer:?}");
    Ok(())
}

#[test]
fn a_cancel_request_passes_and_cancels_and_so_do_the_longer_keys_of_protocol_3_2() -> Result<()> {
    let stack = Stack::builder()
        .policy(
            "sleep.cedar",
            "@id(\"sleep\") @reason(\"test\") permit (principal, action == Action::\"call\", resource);",
        )
        .start()?;
    for version in ["", "max_protocol_version=3.2 min_protocol_version=3.2"] {
        let script = format!(
            "import psycopg\n{CANCELLING}\
             c = psycopg.connect('{version}', autocommit=True)\n\
             print(cancelled(c, 'SELECT pg_sleep(120)'))\n\
             print(c.execute('SELECT 1').fetchone())"
        );
        let output = stack.login_as("ann", &["support"])?.python(&script)?;
        ensure!(output.stdout == "cancelled\n(1,)\n", "{version}: {output:?}");
    }
    Ok(())
}
