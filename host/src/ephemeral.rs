//! Users of the database that are made for one session each: members of the role that the agent asked for, of which the
//! database's own log and row-level security (`session_user`) tell one agent from the other.
//!
//! Their passwords are nowhere: all hosts of a database make the same one of the same session.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gatewright_core::digest::sha256_parts;
use gatewright_core::identity::Identity;
use postgres_protocol::escape::{escape_identifier, escape_literal};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::Client;

use crate::catalogue::{Source, connect_to_write};
use crate::compile::Compiled;
use crate::config::{Resource, Role};
use crate::login::{Refused, verifier};
use crate::mac;
use crate::secret::Secret;
use crate::settings::Settings;

/// What the names of all of them begin with.
const PREFIX: &str = "gw_";
/// What their comments begin with: nothing else is ever dropped.
const MARK: &str = "gatewright ephemeral: ";
/// Until when somebody logs in with one that was made; a session that is open goes on.
const VALID: &str = "60 seconds";
/// Longest wait for the database.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often those are looked for whose session is over.
const EVERY: Duration = Duration::from_secs(5);

/// Those that nobody uses, and nobody can log in with any more.
const OVER: &str = "
SELECT r.rolname FROM pg_roles r
JOIN pg_shdescription d ON d.objoid = r.oid AND d.classoid = 'pg_authid'::regclass
WHERE starts_with(r.rolname, $1) AND starts_with(d.description, $2) AND r.rolvaliduntil < now()
AND pg_has_role(r.oid, $3, 'MEMBER')
AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.usesysid = r.oid)";

/// Makes them, and drops them when their session is over.
#[derive(Clone)]
pub(crate) struct Ephemeral {
    secret: [u8; 32],
    clients: Arc<Mutex<HashMap<String, Kept>>>,
}

/// A connection that is kept.
#[derive(Clone)]
struct Kept {
    source: Source,
    client: Arc<Client>,
}

impl Ephemeral {
    /// Hosts with the same secret go on with each other's.
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        Self { secret, clients: Arc::default() }
    }

    /// Makes one, for somebody who may log in as this role. Gives its name.
    pub(crate) async fn make(
        &self,
        settings: &Settings,
        resource: &Resource,
        role: &Role,
        who: &Identity,
        session: &str,
    ) -> Result<String, Refused> {
        let source = settings.maker(resource, role).ok_or_else(|| {
            Refused::Unanswerable(format!("no users are made for the role `{}`", role.name.value))
        })?;
        let user = name(&role.name.value);
        let password = self.password(&resource.name.value.0, session, &user);
        let (made, member_of) = (escape_identifier(&user), escape_identifier(role.target()));
        let comment =
            format!("{MARK}session {session} of {} ({})", who.subject, who.issuer).replace('\0', "");
        let sql = format!(
            "DO $gatewright$BEGIN EXECUTE format({create}, now() + interval '{VALID}'); END$gatewright$;
             COMMENT ON ROLE {made} IS {comment};
             ALTER ROLE {made} SET role TO {target}",
            create = escape_literal(&format!(
                "CREATE ROLE {} LOGIN INHERIT CONNECTION LIMIT 1 PASSWORD {} VALID UNTIL %L IN ROLE {}",
                made.replace('%', "%%"),
                escape_literal(&verifier(password.reveal())).replace('%', "%%"),
                member_of.replace('%', "%%"),
            )),
            comment = escape_literal(&comment),
            target = escape_literal(role.target()),
        );
        self.run(&resource.name.value.0, &source, &sql).await.map_err(|cause| {
            tracing::error!(
                resource = resource.name.value.0,
                role = role.name.value,
                "no user for a session: {cause:#}"
            );
            Refused::Unanswerable("the gate could not make a user for this session".to_owned())
        })?;
        Ok(user)
    }

    /// The password of one that was made for a session; of any other name, a password that nobody has.
    pub(crate) fn password(&self, resource: &str, session: &str, user: &str) -> Secret {
        let whose = sha256_parts([resource, session, user].map(str::as_bytes));
        Secret::new(hex::encode(mac::code(&self.secret, &whose)))
    }

    /// Drops, from now on, those whose session is over: of this host, of others, and of hosts that are gone.
    pub(crate) fn tidy(&self, compiled: Compiled) {
        let this = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                let settings = compiled.state().settings.clone();
                for resource in &settings.loaded.config.resources.value {
                    for role in &resource.roles.value {
                        let Some(source) = settings.maker(resource, role) else { continue };
                        if let Err(cause) =
                            this.drop_those_over(&resource.name.value.0, &source, role.target()).await
                        {
                            tracing::warn!(
                                resource = resource.name.value.0,
                                role = role.name.value,
                                "users of sessions that are over stay for now: {cause:#}"
                            );
                        }
                    }
                }
            }
        });
    }

    async fn drop_those_over(&self, resource: &str, source: &Source, target: &str) -> anyhow::Result<()> {
        let client = self.client(resource, source).await?;
        let over = timeout(PATIENCE, client.query(OVER, &[&PREFIX, &MARK, &target])).await;
        for row in self.outcome(resource, over).await? {
            let user: String = row.try_get(0)?;
            let (user, target) = (escape_identifier(&user), escape_identifier(target));
            // What it made under its own name stays, as the role's.
            let sql = format!(
                "GRANT {user} TO CURRENT_USER; REASSIGN OWNED BY {user} TO {target}; DROP OWNED BY {user}; DROP ROLE {user}"
            );
            // Another host may be doing the same.
            if let Err(cause) = self.run(resource, source, &sql).await {
                tracing::debug!(user, "not dropped: {cause:#}");
            }
        }
        Ok(())
    }

    /// Runs statements in one message, which is one transaction: nobody else's comes between on the same connection.
    async fn run(&self, resource: &str, source: &Source, sql: &str) -> anyhow::Result<()> {
        let client = self.client(resource, source).await?;
        let done = timeout(PATIENCE, client.batch_execute(sql)).await;
        self.outcome(resource, done).await
    }

    /// A connection that failed, or does not answer, is not used again.
    async fn outcome<T>(
        &self,
        resource: &str,
        done: Result<Result<T, tokio_postgres::Error>, tokio::time::error::Elapsed>,
    ) -> anyhow::Result<T> {
        match done {
            Ok(Err(cause)) if cause.as_db_error().is_some() => Err(cause.into()),
            Ok(Ok(done)) => Ok(done),
            failed => {
                self.clients.lock().await.remove(resource);
                Ok(failed??)
            }
        }
    }

    async fn client(&self, resource: &str, source: &Source) -> anyhow::Result<Arc<Client>> {
        let mut clients = self.clients.lock().await;
        if let Some(kept) = clients.get(resource)
            && kept.source == *source
            && !kept.client.is_closed()
        {
            return Ok(Arc::clone(&kept.client));
        }
        let client = Arc::new(timeout(PATIENCE, connect_to_write(source)).await??);
        clients.insert(resource.to_owned(), Kept { source: source.clone(), client: Arc::clone(&client) });
        Ok(client)
    }
}

/// A fresh name, of 63 bytes at most: the role's as far as it is plain, and 80 random bits.
fn name(role: &str) -> String {
    let plain: String =
        role.chars().filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '_').take(30).collect();
    format!("{PREFIX}{plain}_{}", hex::encode(rand::random::<[u8; 10]>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_and_fit() {
        let (a, b) = (name(&"Röle-'\"x".repeat(20)), name("support"));
        assert!(a.len() <= 63 && a.starts_with("gw_lex"), "{a}");
        assert!(b.starts_with("gw_support_") && b != name("support"), "{b}");
    }

    #[test]
    fn a_password_is_of_one_session() {
        let of = |secret: u8, resource, session, user| {
            Ephemeral::new([secret; 32]).password(resource, session, user).reveal().to_owned()
        };
        let one = of(1, "shop", "s1", "u1");
        assert_eq!(one, of(1, "shop", "s1", "u1"));
        for other in [
            of(2, "shop", "s1", "u1"),
            of(1, "shops", "1", "u1"),
            of(1, "shop", "s1u", "1"),
            of(1, "shop", "s1", "u2"),
        ] {
            assert_ne!(one, other);
        }
    }
}
