//! E-mail (RFC 5322) by SMTP (RFC 5321), a connection for each.
//!
//! What agents and people wrote is in the bodies, and on one line of the subject, which lettre encodes (RFC 2047): it
//! neither ends a header nor an HTML element.

use std::time::{Duration, UNIX_EPOCH};

use askama::Template;
use lettre::Message as Letter;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::timeout;

use super::deliver::Outcome;
use super::message::{Fact, Message};
use crate::config::notifications::{Email, MailTls};
use crate::config::{Fault, Loaded};
use crate::secret::{Secret, Sources};
use crate::ui::words::{plain, short};

/// Longest that all of it may take: servers make clients whom they do not know wait.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Longest that is waited for a goodbye. The mail is taken by then, so that nothing depends on it.
const GOODBYE: Duration = Duration::from_secs(2);
/// Longest subject, in characters.
const SUBJECT: usize = 300;

const NOTICE: &str = "Gatewright's own link is the one above; deciding needs signing in there. Addresses that agents wrote \
                      stand here with [:]// and www[.], so that they are no links.";

/// Whom to write to, and by which server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mail {
    server: String,
    port: u16,
    tls: MailTls,
    /// PEM; none where this machine's authorities are believed.
    authorities: Option<Vec<u8>>,
    /// Username and password.
    login: Option<(String, Secret)>,
    from: Mailbox,
    to: Vec<Mailbox>,
    /// What the host calls itself: the name by which people reach it.
    own_name: String,
}

impl Mail {
    /// Fetches what files and the environment hold.
    pub(super) fn read(
        section: &Email,
        field: &str,
        loaded: &Loaded,
        sources: &Sources,
    ) -> Result<Self, Fault> {
        let login = match (&section.username, &section.password) {
            (Some(username), Some(password)) => {
                let fetched = sources.get(&password.value);
                let wrong =
                    |cause: String| Fault::field(password.referenced, format!("{field}.password"), cause);
                Some((username.clone(), fetched.map_err(|cause| wrong(cause.to_string()))?))
            }
            _ => None,
        };
        let authorities = section.ca.as_ref().map(|ca| {
            let path = loaded.folder.join(&ca.value);
            let wrong = |cause: String| {
                let message = format!("the file `{}` holds no certificates: {cause}", path.display());
                Fault::field(ca.referenced, format!("{field}.ca"), message)
            };
            let pem = std::fs::read(&path).map_err(|cause| wrong(cause.to_string()))?;
            if !pem.windows(27).any(|window| window == b"-----BEGIN CERTIFICATE-----") {
                return Err(wrong("it is not PEM".to_owned()));
            }
            parameters(&section.server.value.0, Some(&pem)).map_err(|cause| wrong(cause.to_string()))?;
            Ok(pem)
        });
        let public_url = reqwest::Url::parse(&loaded.config.host.public_url.0).ok();
        Ok(Self {
            server: section.server.value.0.clone(),
            port: section.port(),
            tls: section.tls,
            authorities: authorities.transpose()?,
            login,
            from: section.from.0.clone(),
            to: section.to.value.iter().map(|to| to.0.clone()).collect(),
            own_name: public_url
                .and_then(|url| url.host_str().map(str::to_owned))
                .unwrap_or_else(|| "localhost".to_owned()),
        })
    }
}

/// Sends once.
pub(super) async fn send(mail: &Mail, message: &Message) -> Outcome {
    let letter = match letter(mail, message) {
        Ok(letter) => letter,
        Err(cause) => return Outcome::Refused(format!("the mail cannot be written: {cause}")),
    };
    match timeout(TIMEOUT, say(mail, &letter.formatted())).await {
        Ok(Ok(())) => Outcome::Delivered,
        Ok(Err(outcome)) => outcome,
        Err(_) => {
            let cause = format!("`{}` takes longer than {} s", mail.server, TIMEOUT.as_secs());
            Outcome::Failed { cause, wait: None }
        }
    }
}

/// Connects, logs in, and says it.
async fn say(mail: &Mail, text: &[u8]) -> Result<(), Outcome> {
    let told = |step: &'static str| move |cause: Error| outcome(step, &cause);
    let hello = match mail.own_name.trim_matches(['[', ']']).parse() {
        Ok(std::net::IpAddr::V4(address)) => ClientId::Ipv4(address),
        Ok(std::net::IpAddr::V6(address)) => ClientId::Ipv6(address),
        Err(_) => ClientId::Domain(mail.own_name.clone()),
    };
    let tls = || parameters(&mail.server, mail.authorities.as_deref()).map_err(told("TLS"));
    let at = (mail.server.as_str(), mail.port);
    let implicit = (mail.tls == MailTls::Implicit).then(tls).transpose()?;
    let connected = AsyncSmtpConnection::connect_tokio1(at, Some(TIMEOUT), &hello, implicit, None);
    let mut connection = connected.await.map_err(told("connecting"))?;
    if mail.tls == MailTls::Starttls {
        if !connection.can_starttls() {
            // It may be somebody in between who takes it out of the answer: nothing is said in plain.
            let cause = "STARTTLS: the server does not offer it".to_owned();
            return Err(Outcome::Failed { cause, wait: None });
        }
        connection.starttls(tls()?, &hello).await.map_err(told("STARTTLS"))?;
    }
    if let Some((username, password)) = &mail.login {
        let credentials = Credentials::new(username.clone(), password.reveal().to_owned());
        let login = connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await;
        login.map_err(|cause| match cause.status() {
            // Without its words, which may repeat what it was told.
            Some(code) if cause.is_permanent() => Outcome::Refused(format!("login: it answers {code}")),
            Some(code) => Outcome::Failed { cause: format!("login: it answers {code}"), wait: None },
            None => outcome("login", &cause),
        })?;
    }
    let from = MailFrom::new(Some(mail.from.email.clone()), Vec::new());
    connection.command(from).await.map_err(told("MAIL"))?;
    let (mut taken, mut refused) = (false, String::new());
    for to in &mail.to {
        match connection.command(Rcpt::new(to.email.clone(), Vec::new())).await {
            Ok(_) => taken = true,
            // The others get it; who is not there is not there an hour later either.
            Err(cause) if cause.is_permanent() => {
                refused = said("RCPT", &cause);
                tracing::error!(server = mail.server, to = %to.email, cause = refused, "a recipient is refused");
            }
            Err(cause) => return Err(outcome("RCPT", &cause)),
        }
    }
    if !taken {
        return Err(Outcome::Refused(refused));
    }
    connection.command(Data).await.map_err(told("DATA"))?;
    connection.message(text).await.map_err(told("the text"))?;
    let _ = timeout(GOODBYE, connection.quit()).await;
    Ok(())
}

/// 5yz is final (RFC 5321 section 4.2.1); anything else may go better next time.
fn outcome(step: &str, cause: &Error) -> Outcome {
    let said = said(step, cause);
    if cause.is_permanent() { Outcome::Refused(said) } else { Outcome::Failed { cause: said, wait: None } }
}

/// What went wrong. A server's words are somebody else's.
fn said(step: &str, cause: &Error) -> String {
    format!("{step}: {}", plain(&short(&cause.to_string(), 300)))
}

/// TLS 1.2 or 1.3 with a server that proves its name.
fn parameters(server: &str, authorities: Option<&[u8]>) -> Result<TlsParameters, Error> {
    let mut tls = TlsParameters::builder(server.to_owned());
    if let Some(pem) = authorities {
        let certificates = Certificate::from_pem(pem)?;
        tls = tls.certificate_store(CertificateStore::None).add_root_certificate(certificates);
    }
    tls.build()
}

/// The mail. It is the same each time that it is sent: same Message-ID, same date; mails about the same thing belong
/// together (RFC 5322 section 3.6.4).
fn letter(mail: &Mail, message: &Message) -> Result<Letter, lettre::error::Error> {
    let own_name = &mail.own_name;
    let about: String =
        message.about.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '.' }).collect();
    let title = unlinked(&short(&message.title, SUBJECT));
    let mut builder = Letter::builder()
        .from(mail.from.clone())
        .subject(format!("[Gatewright {}] {title}", message.on.as_str()))
        .date(UNIX_EPOCH + Duration::from_millis(message.at))
        .message_id(Some(format!("<{}@{own_name}>", message.id)))
        .references(format!("<{about}@{own_name}>"))
        // RFC 3834 section 5: nobody's out-of-office answers it.
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ));
    for to in &mail.to {
        builder = builder.to(to.clone());
    }
    let facts: Vec<Fact> =
        message.facts.iter().map(|fact| Fact { label: fact.label, text: unlinked(&fact.text) }).collect();
    let mut text = format!("{title}\n\n");
    for fact in &facts {
        text.push_str(&fact.line());
        text.push('\n');
    }
    text.push_str(&format!("\nOpen in Gatewright: {}\n\n{NOTICE}\n", message.url));
    let html = Html { title: &title, facts: &facts, url: &message.url, notice: NOTICE };
    match html.render() {
        Ok(html) => builder.multipart(MultiPart::alternative_plain_html(text, html)),
        // The text says the same.
        Err(_) => builder.body(text),
    }
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a> {
    title: &'a str,
    facts: &'a [Fact],
    url: &'a str,
    notice: &'a str,
}

/// A text in which mail programs find no address to make a link of: somebody who is asked to decide shall not be led
/// elsewhere by an agent's name.
fn unlinked(text: &str) -> String {
    text.replace("://", "[:]//").replace("www.", "www[.]")
}

#[cfg(test)]
#[path = "email_tests.rs"]
mod tests;
