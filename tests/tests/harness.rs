//! The harness itself: what the suites stand on.

use anyhow::Result;
use gatewright_tests::client::Login;
use gatewright_tests::envoy::Envoy;
use gatewright_tests::http;
use gatewright_tests::idp::{Alg, Forgery, Idp, TokenOptions};
use gatewright_tests::postgres::{Auth, PgOptions, Postgres};
use gatewright_tests::tools::PgVersion;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use serde_json::Value;

fn log_in(version: PgVersion, auth: Auth) -> Result<()> {
    let postgres = Postgres::start(&PgOptions { version, auth, ..PgOptions::default() })?;
    let output =
        Login::new(postgres.port(), postgres.support_password()).psql(&["SELECT count(*) FROM customers"])?;
    assert_eq!(output.stdout.trim(), "10", "{}", output.stderr);
    let wrong = Login::new(postgres.port(), "wrong").psql(&["SELECT 1"])?;
    assert_eq!(wrong.success, auth == Auth::Trust);
    assert_eq!(postgres.sql("SELECT current_user")?, "shop_owner");
    assert!(postgres.log().contains("SELECT count(*) FROM customers"));
    assert!(!postgres.log().contains(postgres.support_password()));
    Ok(())
}

#[test]
fn postgres_18_with_scram() -> Result<()> {
    log_in(PgVersion::V18, Auth::Scram)
}

#[test]
fn postgres_18_with_md5() -> Result<()> {
    log_in(PgVersion::V18, Auth::Md5)
}

#[test]
fn postgres_15_with_cleartext_passwords() -> Result<()> {
    log_in(PgVersion::V15, Auth::Password)
}

#[test]
fn postgres_15_with_trust() -> Result<()> {
    log_in(PgVersion::V15, Auth::Trust)
}

#[test]
fn postgres_15_with_tls() -> Result<()> {
    let postgres =
        Postgres::start(&PgOptions { version: PgVersion::V15, tls: true, ..PgOptions::default() })?;
    let mut psql = Login::new(postgres.port(), postgres.support_password()).psql_command()?;
    psql.env("PGSSLMODE", "require")
        .args(["--command", "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"]);
    // PostgreSQL 18 from PyPI has no TLS, its psql neither, so the server's own must do.
    let output = gatewright_tests::run(&mut psql)?;
    assert!(!output.success);
    let log = postgres.superuser_sql("SHOW ssl")?;
    assert_eq!(log, "on");
    Ok(())
}

#[test]
fn drivers_through_a_plain_envoy() -> Result<()> {
    let postgres = Postgres::start(&PgOptions::default())?;
    let envoy = Envoy::plain(&postgres.address())?;
    let login = Login::new(envoy.port(), postgres.support_password()).application("harness");
    let psycopg = login.python(
        "import os, psycopg\nwith psycopg.connect(os.environ['GW_PG_URL']) as c: print(c.execute('SHOW application_name').fetchone()[0])",
    )?;
    assert_eq!(psycopg.stdout.trim(), "harness", "{}", psycopg.stderr);
    tokio::runtime::Runtime::new()?.block_on(async {
        let mut session = login.connect().await?;
        session.client.batch_execute("DO $$ BEGIN RAISE NOTICE 'hello'; END $$").await?;
        assert_eq!(session.notice().await?.message(), "hello");
        Ok::<_, anyhow::Error>(())
    })?;
    assert!(envoy.stat("tcp.plain.downstream_cx_total")? >= Some(2));
    assert!(envoy.config_dump()?.contains("\"plain\""));
    Ok(())
}

#[test]
fn tokens_verify_against_the_published_keys_and_forgeries_do_not() -> Result<()> {
    let idp = Idp::start()?;
    let discovery = http::get(&format!("{}/.well-known/openid-configuration", idp.issuer()), None)?.json()?;
    let keys: JwkSet = serde_json::from_str(&http::get(discovery["jwks_uri"].as_str().unwrap(), None)?.body)?;
    for alg in Alg::ALL {
        let options = TokenOptions { alg, ..TokenOptions::default() };
        verify(&idp, &keys, &idp.token_with("ada", &["support"], &options)?)?;
    }
    for forgery in Forgery::ALL {
        let token = idp.forged("ada", &["dba"], forgery)?;
        assert!(verify(&idp, &keys, &token).is_err(), "{forgery:?}");
    }
    idp.rotate(Alg::Es256)?;
    assert!(verify(&idp, &keys, &idp.token("ada", &[])?).is_err());
    assert_eq!(idp.jwks_requests(), 1);
    idp.set_available(false);
    assert_eq!(http::get(&idp.jwks_url(), None)?.status, 503);
    Ok(())
}

fn verify(idp: &Idp, keys: &JwkSet, token: &str) -> Result<Value> {
    let header = jsonwebtoken::decode_header(token)?;
    let key =
        keys.find(header.kid.as_deref().unwrap_or_default()).ok_or_else(|| anyhow::anyhow!("unknown kid"))?;
    let mut validation = Validation::new(Algorithm::ES256);
    validation.algorithms = match key.common.key_algorithm.map(|alg| alg.to_string()).as_deref() {
        Some("RS256") => vec![Algorithm::RS256],
        Some("EdDSA") => vec![Algorithm::EdDSA],
        _ => vec![Algorithm::ES256],
    };
    validation.set_audience(&["gatewright"]);
    validation.set_issuer(&[idp.issuer()]);
    validation.validate_nbf = true;
    Ok(jsonwebtoken::decode::<Value>(token, &DecodingKey::from_jwk(key)?, &validation)?.claims)
}
