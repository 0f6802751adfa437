//! A PostgreSQL server of its own for a test.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running server; it ends with this value.
pub(crate) struct Postgres {
    /// Port on 127.0.0.1.
    pub(crate) port: u16,
    /// Folder of the server's binaries.
    bin: PathBuf,
    server: Child,
    _folder: tempfile::TempDir,
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
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
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
        let port_text = port.to_string();
        let server = as_postgres(
            &bin.join("postgres"),
            &["-D", text(&data), "-p", &port_text, "-h", "127.0.0.1", "-k", text(&data), "-c", "fsync=off"],
        )
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
        let postgres = Self { port, bin, server, _folder: folder };
        postgres.wait();
        postgres.sql("postgres", "CREATE DATABASE shop");
        postgres
    }

    /// Runs SQL as the superuser; fails the test on any error.
    pub(crate) fn sql(&self, database: &str, sql: &str) {
        let done = self.psql(database, sql).output().unwrap();
        assert!(done.status.success(), "{sql}: {}", String::from_utf8_lossy(&done.stderr));
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
        let data = self._folder.path().join("data");
        let _ = as_postgres(&self.bin.join("pg_ctl"), &["-D", text(&data), "-m", "immediate", "stop"])
            .stdout(Stdio::null())
            .status();
        let _ = self.server.wait();
    }
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
