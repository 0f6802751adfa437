//! Stock clients, told nothing but where to connect and which password to use.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use tokio_postgres::error::DbError;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls};

use crate::tools::{self, PgVersion};
use crate::{Output, run};

/// Python: `cancelled(connection, statement)` runs what takes two minutes, and cancels it until it ends. One cancel that
/// comes before the server has begun with it would be lost. `cancel` where it is not the connection's own method.
pub const CANCELLING: &str = r#"
def cancelled(connection, statement, cancel=None):
    import threading, time
    done, begun = threading.Event(), time.time()
    def again():
        while not done.wait(0.5):
            (cancel or connection.cancel)()
    thread = threading.Thread(target=again)
    thread.start()
    try:
        connection.execute(statement)
        return "ran"
    except psycopg.errors.QueryCanceled:
        return "cancelled" if time.time() - begun < 60 else "late"
    finally:
        done.set()
        thread.join()
"#;

/// What a client needs to log in.
#[derive(Debug, Clone)]
pub struct Login {
    /// Port on loopback.
    pub port: u16,
    /// Role.
    pub user: String,
    /// Database.
    pub database: String,
    /// The token, or for a direct connection the password.
    pub password: String,
    /// `application_name`, where one is wanted.
    pub application: Option<String>,
    /// `options`, where some are wanted.
    pub options: Option<String>,
}

impl Login {
    /// The role `support` of the shop at a port.
    pub fn new(port: u16, password: &str) -> Self {
        Self {
            port,
            user: "support".to_owned(),
            database: "shop".to_owned(),
            password: password.to_owned(),
            application: None,
            options: None,
        }
    }

    /// The same as another role.
    pub fn user(mut self, user: &str) -> Self {
        user.clone_into(&mut self.user);
        self
    }

    /// The same to another database.
    pub fn database(mut self, database: &str) -> Self {
        database.clone_into(&mut self.database);
        self
    }

    /// The same under an application name.
    pub fn application(mut self, name: &str) -> Self {
        self.application = Some(name.to_owned());
        self
    }

    /// The URL, without the password.
    pub fn url(&self) -> String {
        format!("postgresql://{}@127.0.0.1:{}/{}", self.user, self.port, self.database)
    }

    /// Runs SQL with psql, every string of `sql` as a Query of its own, in its default `sslmode`. The exit code
    /// is 3 when one fails; the ones behind it are not run then.
    pub fn psql(&self, sql: &[&str]) -> Result<Output> {
        let mut command = self.psql_command()?;
        for sql in sql {
            command.args(["--command", sql]);
        }
        run(&mut command)
    }

    /// psql, unaligned and without headings, stopping at the first error; to be given more arguments.
    pub fn psql_command(&self) -> Result<Command> {
        let mut command = self.program(tools::postgres(PgVersion::V18)?.join("psql"));
        command
            .args(["--no-psqlrc", "--no-password", "--quiet", "--tuples-only", "--no-align"])
            .args(["--set", "ON_ERROR_STOP=1"]);
        Ok(command)
    }

    /// Runs pgbench.
    pub fn pgbench(&self, args: &[&str]) -> Result<Output> {
        run(self.program(tools::postgres(PgVersion::V18)?.join("pgbench")).args(args))
    }

    /// Runs a Python script (its text) that finds the usual libpq variables set, and `GW_PG_URL`.
    pub fn python(&self, script: &str) -> Result<Output> {
        run(self.program(tools::python()).args(["-c", script]))
    }

    /// Runs a Python script from `tests/drivers`, with arguments.
    pub fn driver(&self, name: &str, args: &[&str]) -> Result<Output> {
        let script: PathBuf = tools::repo().join("tests/drivers").join(name);
        run(self.program(tools::python()).arg(script).args(args))
    }

    /// Connects with tokio-postgres.
    pub async fn connect(&self) -> Result<Session> {
        let mut config = Config::new();
        config
            .host("127.0.0.1")
            .port(self.port)
            .user(&self.user)
            .dbname(&self.database)
            .password(&self.password);
        if let Some(name) = &self.application {
            config.application_name(name);
        }
        let (client, mut connection) = config.connect(NoTls).await?;
        let (sender, notices) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(message) = std::future::poll_fn(|context| connection.poll_message(context)).await {
                match message {
                    Ok(AsyncMessage::Notice(notice)) => {
                        // Nobody may be listening for notices.
                        let _ = sender.send(notice);
                    }
                    Ok(_) => {}
                    Err(_) => break,
                }
            }
        });
        Ok(Session { client, notices })
    }

    /// A program with the libpq variables of this login, and none from the environment of this program.
    pub fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
        command
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", &self.user)
            .env("PGDATABASE", &self.database)
            .env("PGPASSWORD", &self.password)
            .env("GW_PG_URL", self.url());
        if let Some(name) = &self.application {
            command.env("PGAPPNAME", name);
        }
        command
    }
}

/// A tokio-postgres session.
#[derive(Debug)]
pub struct Session {
    /// The client.
    pub client: Client,
    notices: tokio::sync::mpsc::UnboundedReceiver<DbError>,
}

impl Session {
    /// The next notice, waiting for it for a while.
    pub async fn notice(&mut self) -> Result<DbError> {
        let limit = std::time::Duration::from_secs(30);
        tokio::time::timeout(limit, self.notices.recv())
            .await
            .context("no notice in time")?
            .context("the connection ended without a notice")
    }
}
