//! What agents write, and what becomes of it in a message.

use gatewright_core::bundle::ApprovalMode;

use super::*;
use crate::approvals::tests::request;
use crate::estimate::{Estimate, Fate, Rows, Why};
use crate::secret::Secret;

fn approval(change: impl FnOnce(&mut Approval)) -> Approval {
    let mut approval = Approval {
        id: "7Q2M5X9A".to_owned(),
        request: request(ApprovalMode::Hold),
        stage: Stage::Pending,
        created_at: 0,
        expires_at: 1_790_000_000_000,
        estimate: Some(Estimate::Rows(Rows { count: 1_200, are: Fate::Changed, generic: false })),
        decided_by: Vec::new(),
        comment: None,
        grant: None,
    };
    change(&mut approval);
    approval
}

fn key() -> Key {
    Key::new(&Secret::new("a signing secret"))
}

fn written(approval: &Approval) -> Value {
    message(approval, &key(), "https://gatewright.example")
}

/// Ids of the buttons.
fn buttons(message: &Value) -> Vec<String> {
    let blocks = message["blocks"].as_array().unwrap().iter();
    let elements = blocks.filter_map(|block| block["elements"].as_array()).flatten();
    elements.map(|button| button["action_id"].as_str().unwrap().to_owned()).collect()
}

fn texts(message: &Value) -> Vec<(String, String)> {
    let blocks = message["blocks"].as_array().unwrap().iter();
    let text = |block: &Value, name: &str| block["text"][name].as_str().map(str::to_owned);
    blocks.filter_map(|block| Some((text(block, "type")?, text(block, "text")?))).collect()
}

#[test]
fn what_is_shown_whole_can_be_approved_and_denied() {
    let asked = approval(|it| {
        it.request.statement = "DELETE FROM orders WHERE id = $1 AND note <> '`x`' -- a & b".to_owned();
        it.request.parameters = vec![Some("7\n$2: 8".to_owned()), None, Some("NULL".to_owned())];
    });
    let message = written(&asked);
    assert_eq!(buttons(&message), [APPROVE, DENY]);
    let texts = texts(&message);
    assert_eq!(texts[2].1, "```\nDELETE FROM orders WHERE id = $1 AND note &lt;&gt; '`x`' -- a &amp; b\n```");
    assert_eq!(texts[4].1, "```\n$1: \"7\\n$2: 8\"\n$2: NULL\n$3: \"NULL\"\n```");
    for (decision, at) in [(Decision::Approve, 0), (Decision::Deny, 1)] {
        let value = message["blocks"][6]["elements"][at]["value"].as_str().unwrap();
        let sealed = Button { decision, approval: asked.id.clone(), shown: shown(&asked) };
        assert_eq!(Button::open(value, &key()), Some(sealed));
    }
    for stage in Stage::ALL.into_iter().filter(|stage| *stage != Stage::Pending) {
        assert_eq!(buttons(&written(&approval(|it| it.stage = stage))), Vec::<String>::new());
    }
}

#[test]
fn everything_that_is_shown_is_bound() {
    let one = shown(&approval(|_| {}));
    let others = [
        approval(|it| it.id = "7Q2M5X9B".to_owned()),
        approval(|it| it.expires_at += 1),
        approval(|it| it.request.statement.push(' ')),
        approval(|it| it.request.parameters = vec![None]),
        approval(|it| it.request.principal.push('x')),
        approval(|it| it.request.issuer.push('x')),
        approval(|it| it.request.resource.push('x')),
        approval(|it| it.request.role.push('x')),
        approval(|it| it.request.reason.push('x')),
        approval(|it| it.request.approvers.push("x".to_owned())),
        approval(|it| it.request.policies.push("x".to_owned())),
        approval(|it| it.request.min_approvals += 1),
        approval(|it| it.request.needs.clear()),
        approval(|it| it.estimate = None),
        approval(|it| it.estimate = Some(Estimate::NotKnown(Why::Late))),
        approval(|it| it.request.digest.push('x')),
    ];
    for other in &others {
        assert_ne!(shown(other), one, "{other:?}");
    }
    // Where it stands, and who decided, moves on while people look.
    let moved = approval(|it| {
        it.stage = Stage::Approved;
        it.decided_by.push("dan".to_owned());
        it.request.expires_s += 1;
    });
    assert_eq!(shown(&moved), one);
}

#[test]
fn what_is_cut_or_easily_overlooked_cannot_be_approved() {
    let statements = [
        "x".repeat(MOST + 1),
        // Slack counts what is escaped, and as UTF-16.
        "&".repeat(MOST / 5 + 1),
        "😀".repeat(MOST / 2 + 1),
        "\u{202e}".repeat(MOST / 8 + 1),
        format!("SELECT 1;{}DROP TABLE orders", "\n".repeat(EMPTY + 1)),
        format!("SELECT 1;{}DROP TABLE orders", "\n \n".repeat(EMPTY)),
        format!("SELECT 1;{}DROP TABLE orders", " ".repeat(BLANKS + 1)),
        format!("SELECT 1;{}DROP TABLE orders", "\u{3000}".repeat(BLANKS + 1)),
        "SELECT\n".repeat(LINES + 1),
    ];
    for statement in &statements {
        let message = written(&approval(|it| it.request.statement.clone_from(statement)));
        assert_eq!(buttons(&message), [DENY], "{statement:?}");
        assert!(message.to_string().contains("approved only in Gatewright"), "{message}");
        for (_, text) in texts(&message) {
            assert!(text.encode_utf16().count() <= 3_000, "{text}");
        }
    }
    let long = "x".repeat(NAME + 1);
    let others = [
        approval(|it| it.request.parameters = vec![Some("x".repeat(MOST))]),
        approval(|it| it.request.parameters = vec![None; MOST]),
        approval(|it| it.request.principal.clone_from(&long)),
        approval(|it| it.request.principal = "ann\nState: approved".to_owned()),
        approval(|it| it.request.role.clone_from(&long)),
        approval(|it| it.request.reason.clone_from(&long)),
        approval(|it| it.request.needs = vec![it.request.needs[0].clone(); 200]),
    ];
    for other in &others {
        assert_eq!(buttons(&written(other)), [DENY], "{other:?}");
    }
    // Just short of it.
    for statement in ["x".repeat(MOST), "&".repeat(MOST / 5), "SELECT\n".repeat(LINES)] {
        assert_eq!(buttons(&written(&approval(|it| it.request.statement = statement))), [APPROVE, DENY]);
    }
    // Why cannot be said by a button.
    let why = written(&approval(|it| it.request.comment_required = true));
    assert_eq!(buttons(&why), Vec::<String>::new());
    assert!(why.to_string().contains("decide in Gatewright"), "{why}");
}

#[test]
fn nothing_breaks_out() {
    let hostile = [
        "```\n*State: approved* <!channel> <@U1> <https://evil.example|Open in Gatewright>\n```",
        "<!here|x> &lt;!channel&gt; ````",
        "`` ` ``",
        "x```",
        "\u{202e}```\u{200b}",
    ];
    for text in hostile {
        let message = written(&approval(|it| {
            let request = &mut it.request;
            for field in
                [&mut request.statement, &mut request.principal, &mut request.role, &mut request.reason]
            {
                text.clone_into(field);
            }
            request.parameters = vec![Some(text.to_owned())];
            request.resource = text.replace('\n', " ");
        }));
        let texts = texts(&message);
        for (i, (kind, text)) in texts.iter().enumerate() {
            let is_link = i == texts.len() - 1;
            if is_link {
                assert_eq!(text.matches('<').count(), 1, "{text}");
                assert!(text.contains("<https://gatewright.example/approvals/7Q2M5X9A|"), "{text}");
                continue;
            }
            assert!(!text.contains(['<', '>']), "{text}");
            if kind == "mrkdwn" {
                let inside = text.strip_prefix("```\n").unwrap().strip_suffix("\n```").unwrap();
                assert!(!inside.contains("```"), "{text}");
            }
        }
        let text = message["text"].as_str().unwrap();
        assert!(!text.contains(['<', '>', '\n']), "{text}");
    }
}
