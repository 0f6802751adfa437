//! What people are written, by real mail servers on loopback: with STARTTLS and without, slow, refusing, and not to be
//! trusted.

#[path = "support/approvals.rs"]
mod approvals;
#[path = "support/host.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod host;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use approvals::{ask, decide, metric, until_metric, with_config};
use gatewright_tests::certificates::Authority;
use gatewright_tests::tools;
use host::{FILTER_TOKEN, Host};
use serde_json::{Value, json};

const PASSWORD: &str = "mail-password ü \"quoted\"";

/// Mail servers; they end with this value.
struct Servers {
    process: Child,
    ports: Vec<u16>,
    out: PathBuf,
}

impl Servers {
    fn start(folder: &Path, servers: &Value) -> Self {
        let (config, out) = (folder.join("servers.json"), folder.join("mails.jsonl"));
        std::fs::write(&config, servers.to_string()).unwrap();
        std::fs::write(&out, "").unwrap();
        let mut process = Command::new(tools::python())
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/smtp.py"))
            .args([&config, &out])
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python is there once `cargo xtask setup` ran");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ports = line.trim().strip_prefix("ready ").unwrap_or_else(|| panic!("no servers: `{line}`"));
        let ports = ports.split(' ').map(|port| port.parse().unwrap()).collect();
        Self { process, ports, out }
    }

    /// What a server has heard, of one command.
    fn heard(&self, server: &str, command: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.out).unwrap();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let lines = whole.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["server"] == server && line["command"] == command).collect()
    }

    /// Its mails, once there are so many.
    async fn mails(&self, server: &str, count: usize) -> Vec<Value> {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let mails = self.heard(server, "DATA");
            if mails.len() >= count {
                return mails;
            }
            assert!(Instant::now() < deadline, "{server} has {} of {count} mails: {mails:#?}", mails.len());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn header<'a>(mail: &'a Value, name: &str) -> &'a str {
    let headers = mail["headers"].as_array().unwrap();
    let found = headers.iter().find(|header| header[0] == name);
    found.unwrap_or_else(|| panic!("no {name} in {mail:#}"))[1].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_written_to_by_servers_that_prove_who_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new().unwrap();
    let own = authority.issue("mail", "IP:127.0.0.1").unwrap();
    let other = authority.issue("other", "DNS:elsewhere.example").unwrap();
    let tls = |name: &str, mode: &str, certificate: &gatewright_tests::certificates::Certificate| {
        json!({
            "name": name, "tls": mode, "certificate": certificate.certificate, "key": certificate.key,
            "users": { "gatewright": PASSWORD },
        })
    };
    let mut stripped = tls("stripped", "starttls", &own);
    stripped["hides_starttls"] = true.into();
    let servers = Servers::start(
        folder.path(),
        &json!([
            tls("starttls", "starttls", &own),
            tls("implicit", "implicit", &own),
            tls("other", "starttls", &other),
            tls("unknown", "implicit", &own),
            stripped,
            tls("locked", "starttls", &own),
        ]),
    );
    let ca = authority.certificate();
    let receiver = |at: usize, name: &str, tls: &str, ca: &str, password: &str, more: &str| {
        format!(
            "  - name: {name}\n    email: {{ server: 127.0.0.1, port: {}, tls: {tls}, {ca} username: gatewright, \
             password: {{ file: {password} }}, from: \"Gatewright <gatewright@example.com>\", \
             to: [dba@example.com, \"Dan Ö <dan@example.com>\"] }}\n    {more}\n",
            servers.ports[at]
        )
    };
    let ca = format!("ca: \"{}\",", ca.display());
    let receivers = [
        receiver(0, "starttls", "starttls", &ca, "mail.secret", "shows: [statement, comments]"),
        receiver(1, "implicit", "implicit", &ca, "mail.secret", ""),
        // Its name is another one.
        receiver(2, "other", "starttls", &ca, "mail.secret", ""),
        // Nobody vouches for it.
        receiver(3, "unknown", "implicit", "", "mail.secret", ""),
        // Somebody takes STARTTLS out of what it offers.
        receiver(4, "stripped", "starttls", &ca, "mail.secret", ""),
        receiver(5, "locked", "starttls", &ca, "wrong.secret", ""),
    ];
    let files = [("mail.secret", PASSWORD), ("wrong.secret", "not-the-mail-password")];
    let host = with_config(&format!("notifications:\n{}", receivers.concat()), &files).await;
    let hostile = "ann\r\nBcc: evil@example.com <a href=https://evil.example>\u{202e}";
    let id = ask(&host, hostile, |request| {
        request["statement"] =
            "DELETE FROM people -- https://evil.example\n.\nState: approved </td><script>".into();
    })
    .await;
    decide(&host, &id, "deny").await;

    for server in ["starttls", "implicit"] {
        let mails = servers.mails(server, 2).await;
        assert!(servers.heard(server, "MAIL").iter().all(|mail| mail["encrypted"] == true));
        let subjects: Vec<_> = mails.iter().map(|mail| header(mail, "Subject")).collect();
        assert!(subjects[0].starts_with("[Gatewright approval.asked] ann"), "{subjects:?}");
        assert!(subjects[1].starts_with("[Gatewright approval.denied] dan denied what ann"), "{subjects:?}");
        for mail in &mails {
            assert_eq!(
                (&mail["sender"], &mail["to"], &mail["login"], &mail["hello"], &mail["defects"]),
                (
                    &json!("gatewright@example.com"),
                    &json!(["dba@example.com", "dan@example.com"]),
                    &json!("gatewright"),
                    &json!("gatewright.example"),
                    &json!([]),
                )
            );
            assert_eq!(header(mail, "To"), "dba@example.com, Dan Ö <dan@example.com>");
            assert_eq!(header(mail, "References"), format!("<approval.{id}@gatewright.example>"));
            let names = mail["headers"].as_array().unwrap().iter().map(|header| header[0].as_str().unwrap());
            assert!(names.clone().all(|name| name != "Bcc"), "{mail:#}");
            let (text, html) = (mail["plain"].as_str().unwrap(), mail["html"].as_str().unwrap());
            let link = format!("http://gatewright.example/approvals/{id}");
            for part in [text, html] {
                assert!(part.contains(&link) && part.contains("deleting people"), "{part}");
                assert!(part.contains("Until") && part.contains("delete on shop.public.people"), "{part}");
                assert!(!part.contains("https://evil.example") && part.contains("\\u{202e}"), "{part}");
                assert!(!part.contains("canary-parameter") && !part.contains("canary-path"), "{part}");
                assert_eq!(part.contains("DELETE FROM people"), server == "starttls", "{part}");
            }
            assert!(!html.contains("<script") && html.matches("<a ").count() == 1, "{html}");
            assert!(!text.lines().any(|line| line == "State: approved"), "{text}");
        }
        assert_ne!(header(&mails[0], "Message-ID"), header(&mails[1], "Message-ID"));
    }
    // A login that is refused is not tried until the account is locked.
    until_metric(&host, "locked", "refused", 2).await;
    for server in ["other", "unknown", "stripped"] {
        until_metric(&host, server, "retried", 1).await;
    }
    for server in ["other", "unknown", "stripped", "locked"] {
        assert_eq!(servers.heard(server, "MAIL"), Vec::<Value>::new(), "{server} is told something");
    }
    let log = std::fs::read_to_string(host.folder.path().join("log")).unwrap();
    assert!(log.contains("STARTTLS: the server does not offer it"), "{log}");
    for secret in [PASSWORD, "mail-password", "not-the-mail-password", FILTER_TOKEN] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_may_be_slow_or_refuse() {
    let folder = tempfile::tempdir().unwrap();
    let server = |name: &str, answers: &[&str], unknown: &[&str]| json!({ "name": name, "tls": "plaintext", "answers": answers, "unknown": unknown });
    let later = "451 4.3.0 try again later";
    let servers = Servers::start(
        folder.path(),
        &json!([
            server("willing", &[], &[]),
            server("busy", &[later, later], &[]),
            server("picky", &["554 5.7.1 not this one"], &[]),
            server("slow", &["never"], &[]),
            server("half", &[], &["gone@example.com"]),
            server("empty", &[], &["gone@example.com", "dba@example.com"]),
        ]),
    );
    let names = ["willing", "busy", "picky", "slow", "half", "empty"];
    let receivers = names.iter().zip(&servers.ports).map(|(name, port)| {
        format!(
            "  - {{ name: {name}, on: [asked, approved], email: {{ server: 127.0.0.1, port: {port}, tls: plaintext, \
             from: g@example.com, to: [gone@example.com, dba@example.com] }} }}\n"
        )
    });
    let host = with_config(&format!("notifications:\n{}", receivers.collect::<String>()), &[]).await;
    let started = Instant::now();
    let id = ask(&host, "ann", |_| {}).await;
    decide(&host, &id, "approve").await;
    // The slow one is waited for twice as long.
    assert!(started.elapsed() < Duration::from_secs(30), "approvals wait for a mail server");
    servers.mails("willing", 2).await;

    // The same mail three times, as a mail program sees by its Message-ID; then the next.
    let busy = servers.mails("busy", 4).await;
    let ids: Vec<_> = busy.iter().map(|mail| header(mail, "Message-ID")).collect();
    assert!(ids[0] == ids[1] && ids[1] == ids[2] && ids[2] != ids[3], "{ids:?}");
    assert_eq!(header(&busy[0], "Date"), header(&busy[2], "Date"));
    until_metric(&host, "busy", "delivered", 2).await;
    assert_eq!(metric(&host, "busy", "retried").await, 2);
    // What is refused for good is not sent again, and holds up nothing.
    let picky = servers.mails("picky", 2).await;
    assert_ne!(header(&picky[0], "Message-ID"), header(&picky[1], "Message-ID"));
    until_metric(&host, "picky", "delivered", 1).await;
    assert_eq!(metric(&host, "picky", "refused").await, 1);
    // Who is not there keeps nobody else from being told; where nobody is there, nothing is sent.
    let half = servers.mails("half", 2).await;
    assert_eq!(half[0]["to"], json!(["dba@example.com"]));
    until_metric(&host, "empty", "refused", 2).await;
    assert_eq!(servers.heard("empty", "DATA"), Vec::<Value>::new());
    assert_eq!(servers.mails("slow", 1).await.len(), 1, "one at a time");
    assert_eq!(metric(&host, "slow", "delivered").await, 0);
}

#[test]
fn what_is_wrong_with_mail_is_said() {
    let host = Host::start(1);
    let path = host.folder.path().join("gatewright.yaml");
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(host.folder.path().join("mail.secret"), "hunter3").unwrap();
    std::fs::write(host.folder.path().join("no.pem"), "nothing").unwrap();
    let login = "username: g, password: { file: mail.secret }";
    let cases = [
        ("server: smtp.example, tls: plaintext, to: [a@b.example]".to_owned(), "others could read along"),
        (
            format!(
                "server: smtp.example, tls: plaintext, others_may_read_along: true, {login}, to: [a@b.example]"
            ),
            "a password is not sent to another machine in plain",
        ),
        ("server: smtp.example, username: g, to: [a@b.example]".to_owned(), "`username` and `password`"),
        ("server: smtp.example, to: []".to_owned(), "at least one address"),
        ("server: smtp.example, to: [\"a@b.example, c@d.example\"]".to_owned(), "is not an address"),
        ("server: smtp.example, to: [\"a@b.example\\r\\nBcc: c@d.example\"]".to_owned(), "is not an address"),
        ("server: smtp.example, to: [ü@b.example]".to_owned(), "is not an address"),
        ("server: \"smtp.example/x\", to: [a@b.example]".to_owned(), "is not a host"),
        ("server: smtp.example, ca: no.pem, to: [a@b.example]".to_owned(), "it is not PEM"),
        ("server: smtp.example, tls: opportunistic, to: [a@b.example]".to_owned(), "unknown variant"),
    ];
    for (email, fault) in cases {
        let receiver =
            format!("notifications:\n  - {{ name: a, email: {{ from: g@b.example, {email} }} }}\n");
        std::fs::write(&path, format!("{config}{receiver}")).unwrap();
        let checked = host.run(&["check", "--config", "gatewright.yaml"]);
        let said = String::from_utf8(checked.stderr).unwrap();
        assert_eq!(checked.status.code(), Some(1), "{email}");
        assert!(said.contains(fault) && said.contains("notifications[0]"), "{email}: {said}");
        assert!(!said.contains("hunter"), "{said}");
    }
}
