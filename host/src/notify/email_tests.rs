//! Mails that agents have a hand in, as they leave the host. How servers are spoken to is in `tests/email.rs`.

use serde_json::Value;

use super::*;
use crate::config::notifications::On;

fn mail() -> Mail {
    Mail {
        server: "smtp.example".to_owned(),
        port: 587,
        tls: MailTls::Starttls,
        authorities: None,
        login: None,
        from: "Gatewright <gatewright@example.com>".parse().unwrap(),
        to: vec!["dba@example.com".parse().unwrap(), "Jürgen <j@example.com>".parse().unwrap()],
        own_name: "gatewright.example".to_owned(),
    }
}

fn message(title: &str, statement: &str) -> Message {
    Message {
        id: "gw-7-0123456789abcdef".to_owned(),
        at: 1_790_000_000_000,
        json: Value::Null,
        on: On::Asked,
        about: "approval 7Q2M5X9A".to_owned(),
        title: title.to_owned(),
        facts: vec![
            Fact { label: "Statement", text: statement.to_owned() },
            Fact { label: "Until", text: "2026-11-29T12:00:00Z".to_owned() },
        ],
        url: "https://gatewright.example/approvals/7Q2M5X9A".to_owned(),
        pending: None,
    }
}

/// The headers, unfolded, and the rest.
fn written(title: &str, statement: &str) -> (Vec<(String, String)>, String) {
    let formatted = letter(&mail(), &message(title, statement)).unwrap().formatted();
    assert!(formatted.is_ascii(), "servers without 8BITMIME take it too");
    let formatted = String::from_utf8(formatted).unwrap();
    assert!(formatted.replace("\r\n", "").find(['\r', '\n']).is_none(), "each line ends in CR LF");
    let (headers, body) = formatted.split_once("\r\n\r\n").unwrap();
    let unfolded = headers.replace("\r\n ", " ").replace("\r\n\t", " ");
    let headers = unfolded.split("\r\n").map(|line| line.split_once(": ").unwrap());
    (headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(), body.to_owned())
}

#[test]
fn no_name_ends_a_header() {
    let plain: Vec<String> = written("ann asks", "x").0.into_iter().map(|(name, _)| name).collect();
    for hostile in [
        "ann\r\nBcc: evil@example.com\r\n\r\nApproved",
        "ann\nSubject: other",
        "ann\rX: y",
        "=?utf-8?q?ann=0D=0ABcc:_evil@example.com?=",
        "ann\u{85}Bcc: evil\u{2028}x\u{0}",
        &"ä\r\n.\r\nQUIT\r\n".repeat(40),
    ] {
        let (headers, _) = written(hostile, hostile);
        let names: Vec<String> = headers.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(names, plain, "{hostile:?}");
        let subject = &headers.iter().find(|(name, _)| name == "Subject").unwrap().1;
        assert!(subject.starts_with("[Gatewright approval.asked] "), "{subject}");
    }
}

#[test]
fn a_mail_sent_again_is_the_same_mail() {
    let fixed = |(headers, _): (Vec<(String, String)>, String)| -> Vec<_> {
        headers.into_iter().filter(|(name, _)| name != "Content-Type").collect()
    };
    let (first, again) = (fixed(written("ann asks", "x")), fixed(written("ann asks", "x")));
    assert_eq!(first, again);
    let of = |name: &str| first.iter().find(|(other, _)| other == name).unwrap().1.clone();
    assert_eq!(of("Message-ID"), "<gw-7-0123456789abcdef@gatewright.example>");
    assert_eq!(of("References"), "<approval.7Q2M5X9A@gatewright.example>");
    assert_eq!(of("Auto-Submitted"), "auto-generated");
}

#[test]
fn the_template_escapes_and_nothing_is_a_link_but_the_hosts() {
    let title = unlinked("<a href=https://evil.example>dba</a> asks");
    let facts = [Fact { label: "Statement", text: "</span><script>1</script> & \"'".to_owned() }];
    let url = "https://gatewright.example/approvals/1";
    let html = Html { title: &title, facts: &facts, url, notice: NOTICE }.render().unwrap();
    assert_eq!(html.matches("<a ").count(), 1, "{html}");
    assert_eq!(html.matches("://").count(), 2, "{html}");
    assert!(!html.contains("<script") && html.matches("</span>").count() == 1, "{html}");
}

#[test]
fn no_line_of_a_statement_looks_like_another_fact() {
    let fact = Fact { label: "Statement", text: "SELECT 1\nState: approved".to_owned() };
    assert_eq!(fact.line(), "Statement: SELECT 1\n│ State: approved");
}
