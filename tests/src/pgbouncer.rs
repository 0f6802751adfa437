//! PgBouncer as a process, to compare with: a pooler that gives each client a connection of its own (session mode).

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use rustix::process::Signal;

use crate::account;
use crate::port::Port;
use crate::process::{Process, command};
use crate::scratch::Scratch;

/// A running PgBouncer.
#[derive(Debug)]
pub struct PgBouncer {
    process: Process,
    port: Port,
    _scratch: Scratch,
}

impl PgBouncer {
    /// Starts `program` in front of a server on loopback; `password` is that of `user`, for both sides.
    pub fn start(program: &Path, server: u16, user: &str, password: &str) -> Result<Self> {
        let account = account::unprivileged()?;
        let scratch = Scratch::owned_by("pgbouncer", account)?;
        let port = Port::free()?;
        let users = scratch.join("users.txt");
        fs::write(&users, format!("\"{user}\" \"{password}\"\n"))?;
        let config = scratch.join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={server}\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {}\nunix_socket_dir =\nauth_type = scram-sha-256\n\
             auth_file = {}\npool_mode = session\nmax_client_conn = 2000\ndefault_pool_size = 1000\n\
             ignore_startup_parameters = extra_float_digits\n",
            port.number(),
            users.display()
        );
        fs::write(&config, text)?;
        let mut run = command(program, Signal::INT);
        run.arg(&config).current_dir(scratch.path());
        if let Some(account) = account {
            use std::os::unix::process::CommandExt as _;
            for path in [&users, &config] {
                chown(path, Some(account.uid), Some(account.gid))?;
            }
            run.uid(account.uid).gid(account.gid);
        }
        let mut process = Process::spawn("PgBouncer", run, &scratch.join("pgbouncer.log"), Signal::INT)?;
        let at = port.number();
        process.ready(Duration::from_secs(60), |_| {
            std::net::TcpStream::connect(("127.0.0.1", at)).ok().map(drop)
        })?;
        Ok(Self { process, port, _scratch: scratch })
    }

    /// Process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Port for clients.
    pub fn port(&self) -> u16 {
        self.port.number()
    }
}
