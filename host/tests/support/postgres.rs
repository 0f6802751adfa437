//! A PostgreSQL server of its own for a test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gatewright_tests::port::Port;

/// A running server; it ends with this value.
pub(crate) struct Postgres {
    /// Port on 127.0.0.1.
    pub(crate) port: u16,
    /// The port is this server's also while it is down.
    _kept: Port,
    /// Folder of the server's binaries.
    bin: PathBuf,
    server: Child,
    folder: tempfile::TempDir,
}

/// Roles and how they log in; the superuser `postgres` needs no password.
const HBA: &str = "\
local all all trust
host all postgres 127.0.0.1/32 trust
host all support 127.0.0.1/32 scram-sha-256
host all oldtimer 127.0.0.1/32 md5
host all plain 127.0.0.1/32 password
";

impl Postgres {
    /// Starts a server with an empty database `shop`.
    pub(crate) fn start() -> Self {
        let bin = binaries();
        let folder = tempfile::Builder::new().prefix("gw-host-pg").tempdir_in("/tmp").unwrap();
        let data = folder.path().join("data");
        let kept = Port::free().unwrap();
        let port = kept.number();
        if is_root() {
            let owned = Command::new("chown").arg("postgres").arg(folder.path()).status().unwrap();
            assert!(owned.success(), "chown failed");
        }
        let done = as_postgres(
            &bin.join("initdb"),
            &["-D", text(&data), "-U", "postgres", "-A", "trust", "-N", "--no-instructions"],
        )
        .stdout(Stdio::null())
        .status()
        .unwrap();
        assert!(done.success(), "initdb failed");
        std::fs::write(data.join("pg_hba.conf"), HBA).unwrap();
        let server = serve(&bin, &data, port);
        let postgres = Self { port, _kept: kept, bin, server, folder };
        postgres.wait();
        postgres.sql("postgres", "CREATE DATABASE shop");
        postgres
    }

    /// Ends the server as a crash does: all connections break, and nothing is asked of anybody.
    #[allow(dead_code, reason = "only some tests do")]
    pub(crate) fn crash(&mut self) {
        let data = self.folder.path().join("data");
        let _ = as_postgres(&self.bin.join("pg_ctl"), &["-D", text(&data), "-m", "immediate", "-w", "stop"])
            .stdout(Stdio::null())
            .status();
        let _ = self.server.wait();
    }

    /// Starts it again after a crash.
    #[allow(dead_code, reason = "only some tests do")]
    pub(crate) fn start_again(&mut self) {
        self.server = serve(&self.bin, &self.folder.path().join("data"), self.port);
        self.wait();
    }

    /// Where the superuser finds a database, which may not be there yet.
    #[allow(dead_code, reason = "only some tests do")]
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs SQL as the superuser; fails the test on any error.
    pub(crate) fn sql(&self, database: &str, sql: &str) {
        let done = self.psql(database, sql).output().unwrap();
        assert!(done.status.success(), "{sql}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// Whether a condition holds in a database.
    #[allow(dead_code, reason = "only some tests ask")]
    pub(crate) fn holds(&self, database: &str, condition: &str) -> bool {
        let done = self.psql(database, &format!("SELECT 1 / ({condition})::int")).output().unwrap();
        done.status.success()
    }

    fn psql(&self, database: &str, sql: &str) -> Command {
        let mut command = Command::new(self.bin.join("psql"));
        let port = self.port.to_string();
        command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "postgres"]);
        command.args(["-p", &port, "-d", database, "-c", sql]);
        command
    }

    fn wait(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.psql("postgres", "SELECT 1").output().is_ok_and(|done| done.status.success()) {
            assert!(Instant::now() < deadline, "PostgreSQL does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGINT: fast shutdown. The child may be `su`'s, which passes the signal on to nobody: `pg_ctl` asks the
        // server itself, by its own pid file.
        let data = self.folder.path().join("data");
        let _ = as_postgres(&self.bin.join("pg_ctl"), &["-D", text(&data), "-m", "immediate", "stop"])
            .stdout(Stdio::null())
            .status();
        let _ = self.server.wait();
    }
}

fn serve(bin: &Path, data: &Path, port: u16) -> Child {
    let port = port.to_string();
    let args = ["-D", text(data), "-p", &port, "-h", "127.0.0.1", "-k", text(data), "-c", "fsync=off"];
    // Tests that tamper open one store after the other.
    let args = [&args[..], &["-c", "max_connections=500"]].concat();
    as_postgres(&bin.join("postgres"), &args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// The newest server there is: in GATEWRIGHT_PG_BIN, beside the `initdb` of PATH, or where Debian puts it.
fn binaries() -> PathBuf {
    let mut candidates: Vec<PathBuf> =
        std::env::var_os("GATEWRIGHT_PG_BIN").map(PathBuf::from).into_iter().collect();
    let path = std::env::var_os("PATH").unwrap_or_default();
    candidates.extend(std::env::split_paths(&path));
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        let mut versions: Vec<PathBuf> =
            versions.flatten().map(|version| version.path().join("bin")).collect();
        versions.sort();
        candidates.extend(versions.into_iter().rev());
    }
    let found = candidates
        .into_iter()
        .find(|folder| ["initdb", "postgres", "psql"].iter().all(|b| folder.join(b).exists()));
    found.expect("no PostgreSQL server found: install one, or name its binaries' folder in GATEWRIGHT_PG_BIN")
}

/// A server's program, under an account that it accepts: `initdb` refuses root.
fn as_postgres(program: &Path, args: &[&str]) -> Command {
    if !is_root() {
        let mut command = Command::new(program);
        command.args(args);
        return command;
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(program).args(args);
    command.current_dir("/tmp");
    command
}

fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    status.lines().any(|line| line.starts_with("Uid:\t0\t"))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
