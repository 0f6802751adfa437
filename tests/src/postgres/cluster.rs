//! The data folder of a server: made, configured, and owned by the account that the server runs under.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use super::PgOptions;
use crate::account::Account;
use crate::scratch::Scratch;

/// A data folder in the making.
pub(super) struct Cluster<'a> {
    pub(super) bin: &'a Path,
    pub(super) account: Option<Account>,
    pub(super) scratch: &'a Scratch,
    pub(super) port: u16,
}

/// The data folder inside of a server's temporary folder.
pub(super) fn data_of(scratch: &Scratch) -> PathBuf {
    scratch.join("data")
}

impl Cluster<'_> {
    pub(super) fn data(&self) -> PathBuf {
        data_of(self.scratch)
    }

    /// Lets `command` run under the server's account, in a folder that it can read.
    pub(super) fn run_as(&self, command: &mut Command) {
        command.current_dir(self.scratch.path());
        if let Some(account) = self.account {
            command.uid(account.uid).gid(account.gid);
        }
    }

    pub(super) fn init(&self, superuser_password: &str) -> Result<()> {
        let password = self.scratch.join("superuser");
        self.write(&password, superuser_password)?;
        let mut initdb = Command::new(self.bin.join("initdb"));
        initdb
            .args(["--username", "postgres", "--auth", "scram-sha-256", "--encoding", "UTF8"])
            .args(["--locale", "C", "--no-sync", "--no-instructions", "--pwfile"])
            .arg(&password)
            .arg("--pgdata")
            .arg(self.data());
        self.run_as(&mut initdb);
        let output = crate::run(&mut initdb)?;
        fs::remove_file(&password)?;
        ensure!(output.success, "initdb failed:\n{}{}", output.stdout, output.stderr);
        Ok(())
    }

    pub(super) fn configure(&self, options: &PgOptions) -> Result<()> {
        let mut conf = String::new();
        let mut set = |name: &str, value: &str| {
            let _ = writeln!(conf, "{name} = '{}'", value.replace('\'', "''"));
        };
        set("listen_addresses", "127.0.0.1");
        set("port", &self.port.to_string());
        set("unix_socket_directories", &self.scratch.path().to_string_lossy());
        set("timezone", "UTC");
        set("log_statement", "all");
        set("log_line_prefix", "%m [%p] %u@%d ");
        // The data does not outlive the server.
        set("fsync", "off");
        set("full_page_writes", "off");
        set("shared_buffers", "32MB");
        if options.tls {
            self.certificate(options.names.as_deref().unwrap_or("DNS:localhost,IP:127.0.0.1"))?;
            set("ssl", "on");
        }
        if let Some(ca) = &options.client_ca {
            self.write(&self.data().join("clients.crt"), &fs::read_to_string(ca)?)?;
            set("ssl_ca_file", "clients.crt");
        }
        for (name, value) in &options.settings {
            set(name, value);
        }
        let file = self.data().join("postgresql.conf");
        self.write(&file, &conf)?;

        let method = options.auth.method();
        let mut hba = String::from("# type database user address method\n");
        for (kind, address) in [("local", ""), ("host", "127.0.0.1/32")] {
            let _ = writeln!(hba, "{kind} all postgres,shop_owner {address} scram-sha-256");
            let _ = writeln!(hba, "{kind} all all {address} {method}");
        }
        self.write(&self.data().join("pg_hba.conf"), &hba)
    }

    fn certificate(&self, names: &str) -> Result<()> {
        let (key, certificate) = (self.data().join("server.key"), self.data().join("server.crt"));
        let mut openssl = Command::new("openssl");
        openssl
            .args(["req", "-new", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
            .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
            .arg("-addext")
            .arg(format!("subjectAltName={names}"))
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&certificate);
        self.run_as(&mut openssl);
        let output = crate::run(&mut openssl)?;
        ensure!(output.success, "openssl failed:\n{}", output.stderr);
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
        Ok(())
    }

    fn write(&self, path: &Path, text: &str) -> Result<()> {
        fs::write(path, text)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        if let Some(account) = self.account {
            chown(path, Some(account.uid), Some(account.gid))?;
        }
        Ok(())
    }
}
