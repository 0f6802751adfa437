//! A held command as a message of Slack (<https://docs.slack.dev/reference/block-kit>).
//!
//! What agents wrote stands in blocks of plain text and in code blocks of their own, where it can neither call anybody, nor
//! be a link, nor look like another block. One cannot approve what one could not read: where anything is cut, or could be
//! overlooked, there is no button to approve with.

use serde_json::{Value, json};

use super::button::{Button, Key};
use crate::approvals::{Decision, shown, url};
use crate::store::approvals::{Approval, Stage};
use crate::time::rfc3339;
use crate::ui::words::plain;

/// Most characters of a block, as Slack counts them; 3,000, less what stands around.
const MOST: usize = 2_900;
/// Longest name, in characters.
const NAME: usize = 200;
/// Most lines of a statement: what is further down is not looked at.
const LINES: usize = 60;
/// Longest run of blanks, and of empty lines, behind which nobody expects more.
const BLANKS: usize = 80;
const EMPTY: usize = 3;

pub(super) const APPROVE: &str = "gatewright_approve";
pub(super) const DENY: &str = "gatewright_deny";

/// A message about an approval as it stands, with buttons where it waits for somebody.
pub(crate) fn message(approval: &Approval, key: &Key, public_url: &str) -> Value {
    let (mut blocks, mut all) = (Vec::new(), All(true));
    let request = &approval.request;
    let title =
        format!("{} asks for an approval on {}", all.name(&request.principal), all.name(&request.resource));
    let (title, whole) = cut(&title);
    all.0 &= whole;
    blocks.push(section("plain_text", &title));
    blocks.push(section("plain_text", &facts(approval, &mut all)));
    blocks.push(code(&request.statement, &mut all));
    if !request.parameters.is_empty() {
        blocks.push(section("plain_text", "Parameters"));
        blocks.push(code(&parameters(&request.parameters), &mut all));
    }
    let link = format!("<{}|Open in Gatewright>", escaped(&url(approval, public_url)));
    let elsewhere = match approval.stage {
        Stage::Pending if request.comment_required => {
            "The policy wants to know why, which cannot be said here: decide in Gatewright."
        }
        Stage::Pending if !all.0 => {
            "*Not all of it can be shown here*, or seen at a glance: it can be denied here, and approved only in Gatewright."
        }
        _ => "",
    };
    let line = if elsewhere.is_empty() { link } else { format!("{elsewhere} {link}") };
    blocks.push(section("mrkdwn", &line));
    if approval.stage == Stage::Pending && !request.comment_required {
        let mut elements = Vec::new();
        let mut button = |decision, id: &str, style: &str, words: &str| {
            let button = Button { decision, approval: approval.id.clone(), shown: shown(approval) };
            elements.push(json!({
                "type": "button", "action_id": id, "style": style, "value": button.sealed(key),
                "text": { "type": "plain_text", "emoji": false, "text": words },
            }));
        };
        if all.0 {
            button(Decision::Approve, APPROVE, "primary", "Approve");
        }
        button(Decision::Deny, DENY, "danger", "Deny");
        blocks.push(json!({ "type": "actions", "elements": elements }));
    }
    json!({ "text": title, "unfurl_links": false, "unfurl_media": false, "blocks": blocks })
}

/// Whether all of it is shown.
struct All(bool);

impl All {
    /// A name, on one line.
    fn name(&mut self, text: &str) -> String {
        self.0 &= text.chars().nth(NAME).is_none() && !text.contains(['\n', '\r', '\t']);
        plain(&crate::ui::words::short(text, NAME))
    }
}

/// All that counts for the decision beside the statement, a line each.
fn facts(approval: &Approval, all: &mut All) -> String {
    let request = &approval.request;
    let mut lines = Vec::new();
    let mut line = |label: &str, text: String| {
        if !text.is_empty() {
            lines.push(format!("{label}: {text}"));
        }
    };
    line("Agent", format!("{}, of {}", all.name(&request.principal), all.name(&request.issuer)));
    line("Role", all.name(&request.role));
    line("Reason", all.name(&request.reason));
    for need in &request.needs {
        line("Needs", format!("{} on {}", all.name(&need.action), all.name(&need.resource)));
    }
    if let Some(estimate) = &approval.estimate {
        line("Estimate", estimate.to_string());
    }
    line("Policy", request.policies.iter().map(|policy| all.name(policy)).collect::<Vec<_>>().join(", "));
    let groups: Vec<String> = request.approvers.iter().map(|group| all.name(group)).collect();
    let people = match request.min_approvals {
        0 | 1 => String::new(),
        people => format!("{people} different people of "),
    };
    line("May decide", format!("{people}{}", groups.join(", ")));
    let decided: Vec<String> = approval.decided_by.iter().map(|subject| all.name(subject)).collect();
    line("Decided by", decided.join(", "));
    if let Some(comment) = &approval.comment {
        line("Comment", all.name(comment));
    }
    line("State", approval.stage.as_str().to_owned());
    line("Until", rfc3339(approval.expires_at));
    let (text, whole) = cut(&lines.join("\n"));
    all.0 &= whole;
    text
}

/// Each on its line, in quotes, so that none can look like two, and NULL not like the text `NULL`.
fn parameters(parameters: &[Option<String>]) -> String {
    let quoted = |value: &Option<String>| match value {
        Some(text) => serde_json::to_string(text).unwrap_or_default(),
        None => "NULL".to_owned(),
    };
    let lines = parameters.iter().enumerate().map(|(i, value)| format!("${}: {}", i + 1, quoted(value)));
    lines.collect::<Vec<_>>().join("\n")
}

/// A code block. Three backticks would end it: where they stand, all backticks are shown by their number.
fn code(text: &str, all: &mut All) -> Value {
    all.0 &= is_seen_at_a_glance(text);
    let text = plain(text);
    let text = if text.contains("```") { text.replace('`', "\\u{60}") } else { text };
    let (text, whole) = cut(&text);
    all.0 &= whole;
    // Slack makes neither links nor mentions of what is `verbatim`.
    let text = format!("```\n{text}\n```");
    json!({ "type": "section", "expand": true, "text": { "type": "mrkdwn", "verbatim": true, "text": text } })
}

fn section(kind: &str, text: &str) -> Value {
    let mut object = json!({ "type": kind, "text": text });
    match kind {
        "plain_text" => object["emoji"] = false.into(),
        _ => object["verbatim"] = true.into(),
    }
    json!({ "type": "section", "expand": true, "text": object })
}

/// Whether nothing of it is far down or far to the right.
fn is_seen_at_a_glance(text: &str) -> bool {
    let (mut blanks, mut empty) = (0, 0);
    for c in text.chars() {
        match c {
            '\n' => (blanks, empty) = (0, empty + 1),
            c if c.is_whitespace() => blanks += 1,
            _ => (blanks, empty) = (0, 0),
        }
        if blanks > BLANKS || empty > EMPTY {
            return false;
        }
    }
    text.lines().count() <= LINES
}

/// What Slack reads for itself: `<!channel>` calls everybody.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// As much of a text, escaped, as a block takes; whether that is all of it.
pub(crate) fn cut(text: &str) -> (String, bool) {
    let (mut out, mut units) = (String::with_capacity(text.len()), 0);
    for c in text.chars() {
        let escape = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            _ => "",
        };
        units += if escape.is_empty() { c.len_utf16() } else { escape.len() };
        if units > MOST {
            out.push_str("… (cut)");
            return (out, false);
        }
        if escape.is_empty() { out.push(c) } else { out.push_str(escape) }
    }
    (out, true)
}

#[cfg(test)]
#[path = "blocks_tests.rs"]
mod tests;
