//! A PostgreSQL server of its own for each test, with the shop example in it.

mod cluster;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::Signal;

use crate::port::Port;
use crate::process::{Process, command};
use crate::scratch::Scratch;
use crate::tools::{self, PgVersion};
use crate::{account, secret};

/// How the server authenticates the role `support`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Auth {
    /// SCRAM-SHA-256.
    #[default]
    Scram,
    /// md5, with an md5 hash stored.
    Md5,
    /// Cleartext password.
    Password,
    /// None.
    Trust,
}

impl Auth {
    fn method(self) -> &'static str {
        match self {
            Self::Scram => "scram-sha-256",
            Self::Md5 => "md5",
            Self::Password => "password",
            Self::Trust => "trust",
        }
    }
}

/// What server to start.
#[derive(Debug, Clone, Default)]
pub struct PgOptions {
    /// Major version.
    pub version: PgVersion,
    /// How `support` logs in. The owner and the superuser always use SCRAM-SHA-256.
    pub auth: Auth,
    /// `ssl = on` with a self-signed certificate, where the version is built with TLS.
    pub tls: bool,
    /// The names in that certificate, where it is not for `localhost` and 127.0.0.1.
    pub names: Option<String>,
    /// Authorities (PEM) of clients, who are asked for certificates then.
    pub client_ca: Option<PathBuf>,
    /// More lines for `postgresql.conf`, name and value.
    pub settings: Vec<(String, String)>,
}

/// A running server: TCP on loopback and a Unix socket.
#[derive(Debug)]
pub struct Postgres {
    process: Process,
    port: Port,
    scratch: Scratch,
    /// Of the clients.
    bin: PathBuf,
    passwords: Passwords,
}

/// The passwords of the roles, new at every start.
#[derive(Debug)]
struct Passwords {
    superuser: String,
    owner: String,
    support: String,
}

impl Postgres {
    /// Starts a server and loads the shop example.
    pub fn start(options: &PgOptions) -> Result<Self> {
        let bin = tools::postgres(options.version)?;
        let account = account::unprivileged()?;
        let scratch = Scratch::owned_by("pg", account)?;
        let port = Port::free()?;
        let passwords = Passwords { superuser: secret(), owner: secret(), support: secret() };
        let cluster = cluster::Cluster { bin: &bin, account, scratch: &scratch, port: port.number() };
        cluster.init(&passwords.superuser)?;
        cluster.configure(options)?;

        // SIGINT is a fast shutdown; the postmaster's children end when they see it gone.
        let mut server = command(bin.join("postgres"), Signal::INT);
        server.arg("-D").arg(cluster.data());
        cluster.run_as(&mut server);
        // The log belongs to this process's account, outside of the server's folder.
        let log = scratch.join("server.log");
        let process = Process::spawn("PostgreSQL", server, &log, Signal::INT)?;
        let bin = tools::postgres_clients(options.version)?;
        let mut postgres = Self { process, port, scratch, bin, passwords };
        postgres.wait_until_ready()?;
        postgres.load_shop(options.auth)?;
        Ok(postgres)
    }

    /// The certificate of a server with TLS, for `localhost`; it signed itself.
    pub fn certificate(&self) -> PathBuf {
        cluster::data_of(&self.scratch).join("server.crt")
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.port.address()
    }

    /// TCP port.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The folder of the Unix socket `.s.PGSQL.PORT`, which only root and the server's account may enter.
    pub fn socket_dir(&self) -> &Path {
        self.scratch.path()
    }

    /// The target password of the role `support`: what must never show up in the data plane.
    pub fn support_password(&self) -> &str {
        &self.passwords.support
    }

    /// A URL straight to the database as its owner.
    pub fn admin_url(&self) -> String {
        format!("postgresql://shop_owner:{}@{}/shop", self.passwords.owner, self.address())
    }

    /// A URL straight to the database as the role that agents become.
    pub fn support_url(&self) -> String {
        format!("postgresql://support:{}@{}/shop", self.passwords.support, self.address())
    }

    /// Runs SQL as the owner, straight, and gives the unaligned output, trimmed.
    pub fn sql(&self, sql: &str) -> Result<String> {
        let mut psql = self.psql("shop_owner", &self.passwords.owner, "shop");
        psql.args(["--command", sql]);
        finish(&mut psql)
    }

    /// Runs SQL as the superuser, straight, and gives the unaligned output, trimmed.
    pub fn superuser_sql(&self, sql: &str) -> Result<String> {
        let mut psql = self.psql("postgres", &self.passwords.superuser, "shop");
        psql.args(["--command", sql]);
        finish(&mut psql)
    }

    /// The server's log, in which every statement that reached it stands (`log_statement = all`).
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// The folder of this version's clients.
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    /// Process id of the postmaster.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let pid_file = cluster::data_of(&self.scratch).join("postmaster.pid");
        self.process.ready(Duration::from_secs(60), |_| {
            let text = fs::read_to_string(&pid_file).ok()?;
            (text.lines().nth(7)?.trim() == "ready").then_some(())
        })
    }

    fn load_shop(&self, auth: Auth) -> Result<()> {
        let schema = tools::repo().join("examples/shop/schema.sql");
        let mut psql = self.psql("postgres", &self.passwords.superuser, "postgres");
        // The passwords go through the environment of `\getenv`, since anybody can read command lines.
        psql.env("SHOP_OWNER_PASSWORD", &self.passwords.owner)
            .env("SHOP_SUPPORT_PASSWORD", &self.passwords.support)
            .arg("--file")
            .arg(&schema);
        finish(&mut psql).with_context(|| format!("loading `{}`", schema.display()))?;
        if auth == Auth::Md5 {
            let sql = format!("ALTER ROLE support PASSWORD '{}'", self.passwords.support);
            let mut psql = self.psql("postgres", &self.passwords.superuser, "shop");
            psql.env("PGOPTIONS", "-c password_encryption=md5 -c log_statement=none")
                .args(["--command", &sql]);
            finish(&mut psql)?;
        }
        Ok(())
    }

    fn psql(&self, role: &str, password: &str, database: &str) -> Command {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.args(["--no-psqlrc", "--no-password", "--quiet", "--tuples-only", "--no-align"])
            .args(["--set", "ON_ERROR_STOP=1", "--host", "127.0.0.1", "--port"])
            .arg(self.port().to_string())
            .args(["--username", role, "--dbname", database])
            .env("PGPASSWORD", password)
            .env("PGSSLMODE", "disable");
        psql
    }
}

fn finish(command: &mut Command) -> Result<String> {
    let output = crate::run(command)?;
    anyhow::ensure!(output.success, "psql failed:\n{}", output.stderr);
    Ok(output.stdout.trim().to_owned())
}
