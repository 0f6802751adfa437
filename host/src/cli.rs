//! The command line. Exit codes: 0 all well; 1 something was checked and found wrong; 2 it could not be done; and of what
//! people do at the host: 3 not permitted to this token, or there is none; 4 there is no such thing, or none that it may
//! see; 5 too late.

mod people;
mod sessions;
mod tokens;

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use gatewright_core::time::Millis;
use tracing_subscriber::EnvFilter;

use crate::config::Loaded;
use crate::secret::Sources;
use crate::settings::Settings;
use crate::store::{Shared, Store};
use crate::vault::Vault;
use crate::{artifact, doctor, envoy, explain, policy_test, relay, report, run, serve, time};

/// The companion host of the Gatewright filters.
#[derive(Debug, Parser)]
#[command(name = "gatewright", version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the host service: bundles, logins, approvals, recordings.
    Serve {
        #[command(flatten)]
        config: ConfigArg,
        /// Folder of the database and the signing key; instead of `host.data` in the configuration.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        #[command(flatten)]
        database: DatabaseArg,
    },
    /// Check the configuration, its secrets and its policies; exit code 1 if anything is wrong.
    Check {
        #[command(flatten)]
        config: ConfigArg,
    },
    /// Tell what would become of a statement, and why: what it does, by which policies it is decided, and what would
    /// be masked. Reads the database's catalogue, and runs nothing.
    Explain {
        #[command(flatten)]
        config: ConfigArg,
        /// Resource of the configuration.
        #[arg(long, value_name = "NAME")]
        resource: String,
        /// Group that the agent is a member of; may be repeated.
        #[arg(long = "as", value_name = "GROUP")]
        groups: Vec<String>,
        /// The agent's subject, for policies that name one.
        #[arg(long, value_name = "SUBJECT", default_value = "somebody")]
        subject: String,
        /// Role that it logs in as; the resource's first one if left out.
        #[arg(long, value_name = "ROLE")]
        role: Option<String>,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Output::Text)]
        output: Output,
        /// The SQL.
        sql: String,
    },
    /// Print the built-in policies.
    Policies,
    /// Try policies out.
    Policy {
        #[command(subcommand)]
        command: Policy,
    },
    /// Print a complete Envoy bootstrap for one resource.
    Envoy {
        #[command(flatten)]
        config: ConfigArg,
        /// Resource of the configuration.
        #[arg(long, value_name = "NAME")]
        resource: String,
        /// Where agents connect to.
        #[arg(long, value_name = "ADDRESS:PORT")]
        listen: SocketAddr,
        /// The filter's module, `gatewright_postgres.wasm`.
        #[arg(long, value_name = "PATH")]
        wasm: PathBuf,
        /// Envoy's admin interface; keep it on loopback.
        #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9901")]
        admin: SocketAddr,
    },
    /// Look in what an Envoy really runs for the mistakes that would open a hole: a way round the filter, a filter that
    /// fails open, tokens in the clear; exit code 1 if there is one. Secrets are not looked at.
    Doctor {
        #[command(flatten)]
        config: ConfigArg,
        /// Envoy's admin interface.
        #[arg(long, value_name = "URL", conflicts_with = "dump")]
        admin: Option<String>,
        /// Envoy's config dump (`/config_dump?include_eds`) in a file.
        #[arg(long, value_name = "FILE")]
        dump: Option<PathBuf>,
        /// SHA-256 that the filters' modules must have, in hex; may be repeated.
        #[arg(long, value_name = "SHA256")]
        wasm: Vec<String>,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Output::Text)]
        output: Output,
    },
    /// Verify a release, an image or a module by the public key of whoever released it, before it is loaded: digests,
    /// layout, signatures and SBOM. Offline; exit code 1, and the first thing that is wrong, if anything is.
    VerifyArtifact(artifact::Args),
    /// Serve resources without Envoy: the same filters, in this process. Or serve any proxy-wasm network filter.
    Run(Box<run::Args>),
    /// Take connections in plain and pass them on in TLS: for an Envoy in front of a PostgreSQL that insists on it.
    Relay(relay::Args),
    /// Decide about what agents ask for, at the host's API.
    #[command(after_help = CODES)]
    Approvals {
        #[command(subcommand)]
        command: people::Approvals,
    },
    /// See, give and revoke what agents may do for a while without asking, at the host's API.
    #[command(after_help = CODES)]
    Grants {
        #[command(subcommand)]
        command: people::Grants,
    },
    /// Make, list and revoke personal access tokens of yours, by which scripts use the host's API. It takes a token of your
    /// identity provider: no personal token is good for this.
    #[command(after_help = CODES)]
    Tokens {
        #[command(subcommand)]
        command: tokens::Tokens,
    },
    /// Print completions for a shell: `source <(gatewright completions bash)`.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Tell what enforcement would have made of what was recorded in shadow mode: denied, held and masked, by agent and
    /// what the statements or requests have in common; exit code 1 if it would change anything, 2 if nothing was recorded.
    Report {
        /// Of shadow mode, the only report there is.
        #[arg(long, required = true)]
        shadow: bool,
        /// Only what happened since: a day (`2026-11-28`), a time (RFC 3339), or so long ago (`7d`).
        #[arg(long, value_name = "TIME", value_parser = since)]
        since: Option<Millis>,
        /// Of this resource.
        #[arg(long, value_name = "NAME")]
        resource: Option<String>,
        #[command(flatten)]
        source: Source,
    },
    /// Read and verify recordings.
    Sessions {
        #[command(subcommand)]
        command: sessions::Sessions,
    },
    /// The log that recordings, approvals, grants and personal tokens are in: its files and its key.
    Log {
        #[command(subcommand)]
        command: sessions::Log,
    },
}

/// What scripts want to know.
const CODES: &str = "Exit codes: 0 done; 2 it could not be done; 3 not permitted to this token, or there is none; \
                     4 there is no such thing, or none that you may see; 5 too late.";

#[derive(Debug, Subcommand)]
enum Policy {
    /// Decide the cases of a file as the filter would, and compare with what they expect; exit code 1 if any is decided
    /// otherwise. Reads the databases' catalogues, and runs nothing.
    Test {
        #[command(flatten)]
        config: ConfigArg,
        /// The cases.
        #[arg(value_name = "FILE")]
        cases: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ConfigArg {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "GATEWRIGHT_CONFIG", default_value = "gatewright.yaml")]
    pub(crate) config: PathBuf,
}

#[derive(Clone, Args)]
pub(crate) struct DatabaseArg {
    /// A PostgreSQL database that several hosts share, `postgres://USER@HOST:PORT/DATABASE`; instead of `host.database` in the
    /// configuration. A password belongs into `host.database_password`, or into the environment variable with all of it:
    /// others on this machine see the command line.
    #[arg(long, value_name = "URL", env = "GATEWRIGHT_DATABASE", hide_env_values = true)]
    pub(crate) database: Option<String>,
}

/// It may hold a password.
impl std::fmt::Debug for DatabaseArg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DatabaseArg({})", if self.database.is_some() { "…" } else { "none" })
    }
}

#[derive(Debug, Args)]
pub(crate) struct Source {
    /// The host's data folder.
    #[arg(long, value_name = "DIR", env = "GATEWRIGHT_DATA")]
    data: Option<PathBuf>,
    /// The configuration file that names the data folder, the database, and the keys of what is encrypted.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseArg,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// How to print.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Where recordings are, and what they are encrypted with.
#[derive(Debug)]
pub(crate) struct Place {
    /// The data folder.
    pub(crate) data: PathBuf,
    /// The database that hosts share, where there is one; else it is in the data folder.
    database: Option<Shared>,
    /// The keys, where the configuration names some and they can be had.
    vault: Option<Arc<Vault>>,
}

impl Place {
    /// Opens what is there, to read only.
    pub(crate) async fn open(&self) -> anyhow::Result<Store> {
        let store = match &self.database {
            Some(shared) => Store::open_shared_read_only(shared).await?,
            None => Store::open_read_only(&self.data).await?,
        };
        Ok(store.with_vault(self.vault.clone()))
    }
}

impl Source {
    fn place(&self) -> anyhow::Result<Place> {
        let loaded = match (&self.config, &self.data) {
            (Some(config), _) => Some(Loaded::read(config)?),
            (None, Some(_)) => None,
            (None, None) => {
                let loaded = Loaded::read(Path::new("gatewright.yaml"));
                Some(loaded.context("name the data folder with --data or the configuration with --config")?)
            }
        };
        let encryption = loaded.as_ref().and_then(|loaded| {
            let section = loaded.config.host.encryption.as_ref()?;
            Some(Vault::read(section, &Sources::of(loaded)))
        });
        let vault = match encryption {
            Some(Ok(vault)) => Some(Arc::new(vault)),
            // What is not encrypted can be read all the same.
            Some(Err(cause)) => {
                eprintln!("gatewright: what is encrypted is not read: {cause:#}");
                None
            }
            None => None,
        };
        let database = match (&loaded, self.database.database.as_deref()) {
            (Some(loaded), url) => loaded.shared(url, &Sources::of(loaded))?,
            (None, Some(url)) => Some(Shared::read(url, None)?),
            (None, None) => None,
        };
        let data = self.data.clone().or_else(|| loaded.map(|loaded| loaded.data()));
        Ok(Place { data: data.unwrap_or_default(), database, vault })
    }
}

/// Does what the command line says.
pub(crate) fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match cli.command {
        Command::Serve { config, data, database } => {
            logging();
            let database = database.database.as_deref();
            runtime.block_on(serve::serve(&config.config, data, database, serve::asked_to_stop()))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::VerifyArtifact(args) => {
            let (text, code) = artifact::verify(&args)?;
            print(&text)?;
            Ok(code)
        }
        Command::Relay(args) => {
            logging();
            runtime.block_on(relay::run(args))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Run(args) => {
            logging();
            runtime.block_on(run::run(*args))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Check { config } => Ok(check(&config.config)),
        Command::Explain { config, resource, groups, subject, role, output, sql } => {
            let settings = Settings::read(&config.config, &Sources::default())?;
            let asked = explain::Asked { resource, groups, subject, role, sql };
            print(&runtime.block_on(explain::explain(&settings, &asked, output))?)
        }
        Command::Policies => print(crate::policies::DEFAULT),
        Command::Policy { command: Policy::Test { config, cases } } => {
            let settings = Settings::read(&config.config, &Sources::default())?;
            let (report, passed) = runtime.block_on(policy_test::run(&settings, &cases))?;
            print(&report)?;
            Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Envoy { config, resource, listen, wasm, admin } => {
            let loaded = Loaded::read(&config.config)?;
            let asked = envoy::Asked { resource, listen, wasm, admin };
            print(&envoy::bootstrap(&loaded, &asked)?)
        }
        Command::Doctor { config, admin, dump, wasm, output } => {
            let loaded = Loaded::read(&config.config)?;
            let asked = doctor::Asked { admin, dump, wasm, output };
            let (report, sound) = runtime.block_on(doctor::run(&loaded, asked))?;
            print(&report)?;
            Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Report { shadow: _, since, resource, source } => {
            let asked = report::Asked { resource, since, output: source.output };
            let (text, harmless) = runtime.block_on(report::shadow(&source.place()?, &asked))?;
            print(&text)?;
            Ok(if harmless { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Sessions { command } => runtime.block_on(sessions::sessions(command)),
        Command::Log { command } => runtime.block_on(sessions::log(command)),
        Command::Approvals { command } => runtime.block_on(people::approvals(command)),
        Command::Grants { command } => runtime.block_on(people::grants(command)),
        Command::Tokens { command } => runtime.block_on(tokens::tokens(command)),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "gatewright", &mut text);
            print(&String::from_utf8(text)?)
        }
    }
}

/// A time, by a day, by RFC 3339, or by how long ago it was.
fn since(text: &str) -> Result<Millis, String> {
    if let Ok(ago) = humantime::parse_duration(text) {
        return Ok(time::now().saturating_sub(u64::try_from(ago.as_millis()).unwrap_or(u64::MAX)));
    }
    let day = format!("{text}T00:00:00Z");
    let at = humantime::parse_rfc3339(text).or_else(|_| humantime::parse_rfc3339(&day));
    let at =
        at.map_err(|_| "expected a day such as `2026-11-28`, a time (RFC 3339), or a duration such as `7d`")?;
    let since = at.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Ok(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

fn check(config: &Path) -> ExitCode {
    match Settings::read(config, &Sources::default()) {
        Ok(settings) => {
            let config = &settings.loaded.config;
            let policies = settings.policy_count();
            eprintln!(
                "{}: sound ({} resources, {policies} policies)",
                settings.loaded.path.display(),
                config.resources.value.len()
            );
            for (name, what) in config.in_shadow() {
                eprintln!("{name}: {what}");
            }
            ExitCode::SUCCESS
        }
        Err(faults) => {
            eprintln!("{faults}");
            ExitCode::FAILURE
        }
    }
}

/// Prints to standard output; a reader that went away (`| head`) is not an error.
fn print(text: &str) -> anyhow::Result<ExitCode> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(cause) if cause.kind() != std::io::ErrorKind::BrokenPipe => Err(cause.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Logs to standard error; `RUST_LOG` says what.
fn logging() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).init();
}
