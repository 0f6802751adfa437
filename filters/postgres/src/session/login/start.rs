//! The StartupMessage: what it asks for, and what the server is told in its place.

use gatewright_core::api::Challenge;
use gatewright_core::bundle::Role;
use gatewright_core::call::HostRequest;
use gatewright_core::identity::Identity;

use super::admission::{Refused, taken_token, wanted_settings};
use super::{Demand, Login, NEWEST_MINOR, Stage};
use crate::Refusal;
use crate::refusal::code;
use crate::session::phases::Next;
use crate::session::{Env, Io, Link, settings};
use crate::wire::frontend::StartupMessage;

/// How long a key that the bundle does not hold is waited for, in milliseconds.
const KEY_PATIENCE: u64 = 900;

impl Login {
    /// Takes the agent's StartupMessage and writes the server's.
    pub(crate) fn start(
        mut message: StartupMessage,
        link: &mut Link,
        env: Env<'_>,
        io: &mut Io,
    ) -> Result<Self, Refusal> {
        let Some(plane) = env.plane else {
            return Err(Refusal::new(
                code::UNAVAILABLE,
                "the gate has no configuration yet: its host cannot be reached",
            )
            .hint("try again in a few seconds; if it lasts, tell the operator of Gatewright"));
        };
        if message.major != 3 {
            return Err(Refusal::new(
                code::PROTOCOL,
                format!("protocol {}.{} is not supported", message.major, message.minor),
            ));
        }
        let text = |name: &str| message.parameter(name).map(|v| String::from_utf8_lossy(v).into_owned());
        let asked_role = text("user").unwrap_or_default();
        let database = text("database").unwrap_or_else(|| asked_role.clone());
        let application = text("application_name").unwrap_or_default();
        if text("replication")
            .is_some_and(|v| !matches!(v.to_ascii_lowercase().as_str(), "false" | "off" | "no" | "0"))
        {
            return Err(Refusal::new(code::IDENTITY, "replication connections do not pass the gate").detail(
                "A replication stream carries whole tables, which could be neither decided nor masked.",
            ));
        }
        if let Some(encoding) = text("client_encoding").filter(|e| !settings::encoding_is_readable(e)) {
            return Err(Refusal::new(
                code::PROTOCOL,
                format!("client_encoding `{encoding}` cannot be checked by the gate"),
            )
            .hint("use UTF8"));
        }
        let token = taken_token(&mut message)?;
        let settings = wanted_settings(&message)?;
        // Roles are not named to strangers: an unknown one is refused only after the token has verified. Until
        // then the server is asked for a known one.
        let known = plane.resource.roles.iter().find(|role| role.name == asked_role);
        let role_exists = known.is_some() && database == plane.resource.database;
        let Some(role) = known.or_else(|| plane.resource.roles.first()).cloned() else {
            return Err(Refusal::new(code::UNAVAILABLE, "the resource has no roles"));
        };
        let newer_minor = message.minor > NEWEST_MINOR;
        message.minor = message.minor.min(NEWEST_MINOR);
        let mut unsupported = Vec::new();
        message.parameters.retain(|(name, _)| {
            let option = name.starts_with(b"_pq_.");
            if option {
                unsupported.push(name.clone());
            }
            !option && !matches!(name.as_slice(), b"user" | b"database" | b"replication")
        });
        message.parameters.insert(0, (b"database".to_vec(), plane.resource.database.clone().into_bytes()));
        // Names mean to this role what they mean to the catalogue, whatever is set for the role.
        let path: Vec<String> =
            plane.catalogue.search_path().iter().map(|schema| identifier(schema)).collect();
        message.parameters.push((b"search_path".to_vec(), path.join(", ").into_bytes()));
        let role = Role { name: asked_role, ..role };
        let mut login = Self {
            stage: Stage::Server,
            since: env.now,
            role,
            role_exists,
            database,
            application,
            settings,
            unsupported,
            newer_minor,
            demand: Demand::Trust,
            held: Vec::new(),
            held_ready: false,
            token: token.unwrap_or_default(),
            identity: None,
            server_final: None,
            server_proved: false,
            key: None,
            startup: Some(message),
        };
        if !login.token.is_empty() {
            match login.admit(link, env) {
                // INVARIANT: there is a bundle, so the host can be asked.
                Ok(identity) => drop(login.known(identity, link, env, io)),
                Err(Refused { unknown_key: true, .. }) => login.refresh(link, env, io),
                Err(refused) => return Err(refused.refusal),
            }
        } else if login.role.ephemeral {
            return Err(Refusal::new(code::IDENTITY, "this role wants your token with the connection, not as the password")
                .detail("The gate makes a user of the database for each session, and has to know for whom.")
                .hint("give it as a setting of the connection: PGOPTIONS='-c gatewright.token=…', or options= in the connection string"));
        } else {
            login.begin(io);
        }
        Ok(login)
    }

    /// It is known who asks, and the server was not spoken to: in which user's name is it?
    pub(super) fn known(&mut self, identity: Identity, link: &mut Link, env: Env<'_>, io: &mut Io) -> Next {
        self.identity = Some(identity);
        if self.role.ephemeral {
            return self.ask_host(Challenge::User, link, env, io);
        }
        self.begin(io);
        Next::Stay
    }

    /// Sends the StartupMessage.
    pub(super) fn begin(&mut self, io: &mut Io) {
        self.stage = Stage::Server;
        if let Some(mut message) = self.startup.take() {
            message.parameters.insert(0, (b"user".to_vec(), self.role.target.clone().into_bytes()));
            message.write(&mut io.to_server);
        }
    }

    /// The provider may have new keys: the host looks, and a new bundle brings them.
    pub(super) fn refresh(&mut self, link: &mut Link, env: Env<'_>, io: &mut Io) {
        let challenge = Challenge::ScramFirst { mechanisms: vec!["SCRAM-SHA-256".to_owned()] };
        if let Some(request) = self.login_request(challenge, link, env) {
            link.call(HostRequest::RefreshKeys(request), io);
        }
        self.stage = Stage::Refresh { until: env.now.saturating_add(KEY_PATIENCE) };
    }
}

/// A name as SQL writes it.
fn identifier(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.chars().all(plain) && name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}
