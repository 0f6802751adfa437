//! What people do from the command line, against the host as a process.

#[path = "support/host.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod host;

use std::process::Output;

use host::{FILTER_TOKEN, Host};
use serde_json::{Value, json};

/// A command that needs an approval.
fn approval(principal: &str, statement: &str) -> Value {
    json!({
        "resource": "shop", "session": "s1", "principal": principal, "issuer": "https://idp.example",
        "role": "support", "statement": statement, "parameters": ["7"], "digest": statement, "reason": "deleting",
        "approvers": ["dba"], "min_approvals": 1, "expires_s": 600, "mode": "hold", "policies": ["delete"],
        "needs": [{ "action": "delete", "resource": "Table::\"shop.public.orders\"" }], "shape": "DELETE",
    })
}

async fn ask(host: &Host, principal: &str, statement: &str) -> (String, String) {
    let (status, reply) =
        host.post("/v1/filter/approvals", FILTER_TOKEN, &approval(principal, statement)).await;
    assert_eq!(status, 200, "{reply}");
    let field = |name: &str| reply[name].as_str().unwrap_or_default().to_owned();
    (field("id"), field("state"))
}

/// Runs the command line as somebody.
fn run(host: &Host, token: &str, arguments: &[&str]) -> Output {
    let mut command = host.command(arguments);
    command.env("GATEWRIGHT_TOKEN", token).env("GATEWRIGHT_HOST", &host.url).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json_of(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn approvals_and_grants_from_the_command_line() {
    let host = Host::start(1);
    let (dan, ann, eve) =
        (host.token("dan", &["dba"]), host.token("ann", &["dba"]), host.token("eve", &["sales"]));
    let (id, _) = ask(&host, "ann", "DELETE FROM orders WHERE id = 7\u{1b}[31m").await;

    let list = text(&run(&host, &dan, &["approvals", "ls"]));
    assert!(list.contains(&id) && list.contains("ann on shop") && !list.contains('\u{1b}'), "{list}");
    assert_eq!(json_of(&run(&host, &dan, &["approvals", "ls", "--output", "json"]))[0]["id"], id.as_str());
    let shown = text(&run(&host, &dan, &["approvals", "show", &id]));
    assert!(shown.contains("deleting") && shown.contains("pending") && !shown.contains('\u{1b}'), "{shown}");

    // Exit codes that scripts can use.
    let code = |token: &str, arguments: &[&str]| run(&host, token, arguments).status.code();
    assert_eq!(code("garbage", &["approvals", "ls"]), Some(3));
    assert_eq!(code("", &["approvals", "ls"]), Some(3));
    assert_eq!(code(&dan, &["approvals", "show", "NOTTHERE"]), Some(4));
    assert_eq!(code(&eve, &["approvals", "show", &id]), Some(4), "others do not learn that it exists");
    assert_eq!(code(&eve, &["approvals", "approve", &id]), Some(4));
    assert_eq!(code(&ann, &["approvals", "approve", &id]), Some(3), "the requester does not decide");
    assert_eq!(code(&dan, &["approvals", "approve", &id, "--grant", "9h"]), Some(2), "too long");
    let mut nowhere = host.command(&["approvals", "ls", "--host", "http://127.0.0.1:9"]);
    let nowhere = nowhere.env("GATEWRIGHT_TOKEN", &dan).output().unwrap();
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("does not answer"));

    // With a grant, the next of the kind is not asked for.
    let approve = run(&host, &dan, &["approvals", "approve", &id, "--comment", "fine", "--grant", "30m"]);
    assert_eq!(text(&approve), format!("{id} is approved\n"));
    assert_eq!(code(&dan, &["approvals", "deny", &id]), Some(5), "too late");
    let (other, state) = ask(&host, "ann", "DELETE FROM orders WHERE id = 8").await;
    assert_eq!(state, "approved");
    let used = json_of(&run(&host, &dan, &["approvals", "show", &other, "--output", "json"]));
    let grants = json_of(&run(&host, &dan, &["grants", "ls", "--output", "json"]));
    let grant = grants[0]["id"].as_str().unwrap();
    assert_eq!((used["grant"].as_str(), used["state"].as_str()), (Some(grant), Some("used")));
    assert_eq!(used["steps"].as_array().unwrap().len(), 3);
    let list = text(&run(&host, &dan, &["grants", "ls"]));
    assert!(list.contains(grant) && list.contains("ann on shop"), "{list}");
    let shown = text(&run(&host, &dan, &["grants", "show", grant]));
    assert!(shown.contains("used") && shown.contains(&other), "{shown}");
    assert_eq!(code(&eve, &["grants", "show", grant]), Some(4));
    assert_eq!(code(&eve, &["grants", "revoke", grant]), Some(4));
    assert_eq!(code(&dan, &["grants", "revoke", grant, "--comment", "enough"]), Some(0));
    assert_eq!(code(&dan, &["grants", "revoke", grant]), Some(5));
    assert_eq!(ask(&host, "ann", "DELETE FROM orders WHERE id = 9").await.1, "pending");
    assert_eq!(json_of(&run(&host, &dan, &["grants", "ls", "--output", "json"])), json!([]));

    // Denied, with words for the agent.
    let (id, _) = ask(&host, "bob", "DELETE FROM orders").await;
    let deny = run(&host, &dan, &["approvals", "deny", &id, "--comment", "not all", "--output", "json"]);
    assert_eq!(json_of(&deny)["state"], "denied");
    let (_, told) = host.get(&format!("/v1/filter/approvals/{id}/wait"), FILTER_TOKEN).await;
    assert_eq!((told["state"].as_str(), told["comment"].as_str()), (Some("denied"), Some("not all")));

    // All of it is in the log, beside the running host: whoever edits the database is found out.
    let verify = || host.run(&["sessions", "verify", "--data", "data", "--output", "json"]);
    let verified = json_of(&verify());
    assert_eq!((&verified["approvals"], &verified["grants"]), (&json!(4), &json!(1)));
    let options = sqlx::sqlite::SqliteConnectOptions::new();
    let options = options.filename(host.folder.path().join("data/gatewright.sqlite"));
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let edit = "UPDATE approval_steps SET subject = 'eve' WHERE step = 'deny'";
    assert_eq!(sqlx::query(edit).execute(&pool).await.unwrap().rows_affected(), 1);
    pool.close().await;
    let verified = verify();
    assert_eq!(verified.status.code(), Some(1));
    let said = format!("approval `{id}`: its steps in the database are not those of the log");
    assert!(text(&verified).contains(&said), "{}", text(&verified));
    let one = |name: &str| host.run(&["sessions", "verify", name, "--data", "data"]).status.code();
    assert_eq!((one(&format!("approval/{id}")), one(&format!("approval/{other}"))), (Some(1), Some(0)));
    assert_eq!(one("approval/NOTTHERE"), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_may_be_given_first_by_somebody_who_may_approve() {
    let host = Host::start(1);
    let policy = "@id(\"delete\") @approvers(\"dba\") @max_grant(\"1h\") @comment_required\n\
                  permit (principal, action == Action::\"delete\", resource) when { context.approved };";
    std::fs::write(host.folder.path().join("policies/delete.cedar"), policy).unwrap();
    let dan = host.token("dan", &["dba"]);
    let add = |token: &str, agent: &str, role: &str| {
        let fixed = ["grants", "add", "--resource", "shop", "--for", "30m", "--comment", "cleaning up"];
        let arguments = [&fixed[..], &["--role", role, "--agent", agent, "DELETE FROM orders WHERE id = 1"]];
        run(&host, token, &arguments.concat())
    };
    // The policies are taken up within a second or two.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while add(&dan, "bob", "support").status.code() != Some(0) {
        assert!(std::time::Instant::now() < deadline, "dba never becomes a group of approvers");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    assert_eq!(add(&host.token("eve", &["sales"]), "bob", "support").status.code(), Some(3));
    assert_eq!(add(&dan, "dan", "support").status.code(), Some(3), "not to oneself");
    assert_eq!(add(&dan, "bob", "nobody").status.code(), Some(2), "there is no such role");
    let mut request = approval("bob", "DELETE FROM orders WHERE id = 2");
    request["shape"] = gatewright_sql::shape("DELETE FROM orders WHERE id = 2").into();
    let (_, reply) = host.post("/v1/filter/approvals", FILTER_TOKEN, &request).await;
    assert_eq!(reply["state"], "approved", "{reply}");
    assert!(reply["grant"].is_string());
    request["shape"] = gatewright_sql::shape("DELETE FROM orders WHERE id > 2").into();
    let (_, reply) = host.post("/v1/filter/approvals", FILTER_TOKEN, &request).await;
    assert_eq!(reply["state"], "pending", "{reply}");
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_tells_what_comes_and_goes() {
    use std::io::BufRead as _;
    let host = Host::start(1);
    let dan = host.token("dan", &["dba"]);
    let (first, _) = ask(&host, "ann", "DELETE FROM a").await;
    let mut command = host.command(&["approvals", "watch", "--output", "json"]);
    command.env("GATEWRIGHT_TOKEN", &dan).env("GATEWRIGHT_HOST", &host.url);
    let mut watching = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufReader::new(watching.stdout.take().unwrap()).lines();
    let mut next = || -> (String, String) {
        let line: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        (line["id"].as_str().unwrap().to_owned(), line["state"].as_str().unwrap().to_owned())
    };
    assert_eq!(next(), (first.clone(), "pending".to_owned()));
    let (second, _) = ask(&host, "ann", "DELETE FROM b").await;
    assert_eq!(next(), (second, "pending".to_owned()));
    host.post(&format!("/v1/approvals/{first}/decision"), &dan, &json!({ "decision": "deny" })).await;
    assert_eq!(next(), (first, "denied".to_owned()));
    watching.kill().unwrap();
    watching.wait().unwrap();
    // Nobody who is not a person is told anything.
    assert_eq!(host.get("/v1/changes", FILTER_TOKEN).await.0, 401);
}

#[test]
fn completions_are_for_the_shells_there_are() {
    let folder = tempfile::tempdir().unwrap();
    for (shell, word) in
        [("bash", "complete"), ("zsh", "#compdef gatewright"), ("fish", "complete -c gatewright")]
    {
        let mut command = host::command(folder.path());
        let output = command.args(["completions", shell]).output().unwrap();
        assert!(text(&output).contains(word) && text(&output).contains("approvals"), "{shell}");
    }
}
