//! The MCP project's own server and inspector, unchanged, with the gate between them.
#![allow(missing_docs, reason = "a test")]

use anyhow::{Context as _, Result, ensure};
use gatewright_tests::agents::{McpAgent, Mode};
use gatewright_tests::everything::{Everything, inspector};
use gatewright_tests::stack::Stack;
use serde_json::{Value, json};

/// Support sees and calls two of the server's tools; a third is only seen.
const POLICY: &str = r#"
@id("some-of-everything")
permit (principal in Group::"support", action in [Action::"tool_list", Action::"tool_call"], resource)
when { resource == Tool::"shop-mcp.echo" || resource == Tool::"shop-mcp.get-sum" };
@id("seen-only")
permit (principal in Group::"support", action == Action::"tool_list", resource == Tool::"shop-mcp.get-tiny-image");
"#;

fn stack(server: &Everything) -> Result<Stack> {
    Stack::builder().mcp_at(&server.address()).policy("everything.cedar", POLICY).start()
}

fn names(listed: &Value) -> Vec<&str> {
    listed["tools"].as_array().into_iter().flatten().filter_map(|tool| tool["name"].as_str()).collect()
}

#[test]
fn the_inspector_through_the_gate() -> Result<()> {
    let server = Everything::start()?;
    let stack = stack(&server)?;
    let url = stack.mcp_url()?;
    let ann = stack.idp.token("ann", &["support"])?;
    let inspect = |token: Option<&str>, arguments: &[&str]| inspector(&url, token, arguments);

    let listed = inspect(Some(&ann), &["--method", "tools/list"])?;
    let listed: Value = serde_json::from_str(&listed.stdout).with_context(|| format!("{listed:?}"))?;
    ensure!(names(&listed) == ["echo", "get-sum", "get-tiny-image"], "{listed}");

    let call = |name: &str, arguments: &[&str]| {
        let mut all = vec!["--method", "tools/call", "--tool-name", name];
        for argument in arguments {
            all.extend(["--tool-arg", argument]);
        }
        inspect(Some(&ann), &all)
    };
    let echoed = call("echo", &["message=write to ada@example.com, of 456-78-9012"])?;
    ensure!(echoed.success && echoed.stdout.contains("write to"), "{echoed:?}");
    ensure!(!echoed.stdout.contains("ada@") && !echoed.stdout.contains("9012"), "{echoed:?}");
    let sum = call("get-sum", &["a=2", "b=3"])?;
    ensure!(sum.success && sum.stdout.contains("The sum of 2 and 3 is 5."), "{sum:?}");
    // What is not permitted is told in words that a model can act on, and the server has not done it.
    for tool in ["get-env", "get-tiny-image"] {
        let denied = call(tool, &[])?;
        let said = format!("{}{}", denied.stdout, denied.stderr);
        ensure!(said.contains(tool) && !said.contains("PATH") && !said.contains("iVBOR"), "{denied:?}");
    }
    for method in ["resources/list", "resources/templates/list", "prompts/list"] {
        let listed = inspect(Some(&ann), &["--method", method])?;
        ensure!(listed.success && listed.stdout.contains('['), "{method}: {listed:?}");
    }
    for token in [None, Some("x")] {
        let refused = inspect(token, &["--method", "tools/list"])?;
        ensure!(!refused.success && !refused.stdout.contains("echo"), "{refused:?}");
    }
    let log = server.log();
    ensure!(!log.contains(ann.rsplit('.').next().unwrap_or("?")), "the agent's token reached the server");
    Ok(())
}

#[test]
fn the_official_client_through_the_gate() -> Result<()> {
    let server = Everything::start()?;
    let stack = stack(&server)?;
    let ann = stack.idp.token("ann", &["support"])?;
    for mode in [Mode::Auto, Mode::Legacy] {
        let agent = McpAgent::new(&stack.mcp_url()?, Some(&ann)).mode(mode);
        let said = agent.take(&[
            json!({ "list": "tools" }),
            json!({ "list": "resources" }),
            json!({ "list": "prompts" }),
            json!({ "call": "echo", "with": { "message": "card 4242 4242 4242 4242" } }),
            json!({ "call": "get-sum", "with": { "a": 20, "b": 22 } }),
            json!({ "call": "get-env", "with": {} }),
        ])?;
        let text = serde_json::to_string(&said)?;
        ensure!(text.contains("The sum of 20 and 22 is 42.") && text.contains("card "), "{text}");
        ensure!(!text.contains("4242 4242") && !text.contains("PATH"), "{text}");
        ensure!(!text.contains("\"failed\""), "{text}");
    }
    Ok(())
}
