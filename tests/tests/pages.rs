//! The pages for people, in a real browser, with a real identity provider and a real agent.
#![allow(missing_docs, reason = "a test")]

use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use gatewright_tests::browser::{Browser, Page};
use gatewright_tests::client::Login;
use gatewright_tests::stack::Stack;
use gatewright_tests::{Output, http, wait};
use serde_json::{Value, json};

/// What would run if any of it were taken for markup.
const ATTACK: &str = r#"<img src=x onerror="alert(1)"><script>alert(2)</script>"#;

fn start() -> Result<(Stack, Browser)> {
    let stack = Stack::builder().people().start()?;
    let people: [(&str, &[&str], Value); 5] = [
        ("dan", &["dba"], json!({ "name": "Dan Okafor" })),
        ("kim", &["dba"], json!({})),
        ("ann", &["support", "dba"], json!({ "name": "Ann Lee" })),
        ("sue", &["support"], json!({})),
        ("eve", &["sales"], json!({ "name": ATTACK })),
    ];
    for (subject, groups, claims) in people {
        stack.idp.add_person(subject, groups, claims);
    }
    Ok((stack, Browser::start()?))
}

/// Signs in as people do: a page sends them to the provider, and they come back to that page.
fn sign_in(stack: &Stack, page: &Page, subject: &str, path: &str) -> Result<()> {
    page.go(&format!("{}{path}", stack.host.url()))?;
    page.wait_for("input[name=subject]")?;
    page.click("input[name=subject]")?;
    page.write(subject)?;
    page.key("Enter")?;
    page.until("to be signed in", "!!document.querySelector('form.me')")?;
    ensure!(page.place()? == path, "not where they wanted to go, but {}", page.place()?);
    Ok(())
}

fn in_background(login: &Login, sql: &str) -> thread::JoinHandle<Result<Output>> {
    let (login, sql) = (login.clone(), sql.to_owned());
    thread::spawn(move || login.psql(&["\\set VERBOSITY verbose", &sql, "SELECT 'after'"]))
}

fn done(agent: thread::JoinHandle<Result<Output>>) -> Result<Output> {
    agent.join().ok().context("the agent panicked")?
}

fn sound(page: &Page) -> Result<()> {
    let complaints = page.complaints();
    ensure!(complaints.is_empty(), "{complaints:#?}");
    let nameless = page.nameless()?;
    ensure!(nameless.is_empty(), "without a name: {nameless:?}");
    Ok(())
}

/// Personal tokens, by somebody who is signed in: made, good for what was checked, revoked. Gives one that is in force.
fn tokens(stack: &Stack, page: &Page, other: &Page) -> Result<String> {
    let url = stack.host.url();
    page.go(&format!("{url}/tokens"))?;
    ensure!(page.text("main")?.contains("You have no token in force"), "{}", page.text("main")?);
    ensure!(page.eval("document.querySelector('input[name=days]').value")? == "30");
    page.click("#make input[name=name]")?;
    page.write(ATTACK)?;
    page.eval("document.querySelector('input[name=days]').value = '7'")?;
    for scope in ["approvals:read", "approvals:decide"] {
        page.click(&format!("input[name='scope.{scope}']"))?;
    }
    page.screenshot("tokens-make")?;
    page.click("#make button")?;
    page.wait_for("#token")?;
    let token = page.text("#token")?;
    ensure!(token.starts_with("gwp_") && token.len() == 53, "{token}");
    ensure!(page.text("#made h2")?.contains(ATTACK) && page.text("tbody")?.contains(ATTACK));
    ensure!(page.eval("document.querySelectorAll('main script, main img').length")? == 0);
    sound(page)?;
    page.screenshot("tokens-made")?;
    for (path, status) in
        [("/v1/approvals", 200), ("/v1/grants", 403), ("/v1/sessions", 403), ("/v1/tokens", 403)]
    {
        let reply = stack.host.get(path, &token)?;
        ensure!(reply.status == status, "{path}: {reply:?}");
    }
    // It is on that page and on no other.
    page.go(&format!("{url}/tokens"))?;
    ensure!(page.text("tbody")?.contains("approvals:read, approvals:decide"), "{}", page.text("tbody")?);
    ensure!(page.eval("document.documentElement.outerHTML.includes('gwp_')")? == false);
    ensure!(!page.text("tbody")?.contains("never"), "it was used: {}", page.text("tbody")?);
    sound(page)?;

    // Forms of other pages make and end none; nor do other people.
    let id = page.eval("document.querySelector('tbody form').action.split('/').at(-2)")?;
    let id = id.as_str().context("an id")?;
    let send = |path: &str, csrf: &str| {
        format!(
            "(async () => {{ const body = new URLSearchParams({{ name: 'x', days: '1', 'scope.log:read': 'on', csrf: {csrf} }}); \
             return (await fetch('{path}', {{ method: 'POST', body, redirect: 'manual' }})).status; }})()"
        )
    };
    let revoke = format!("/tokens/{id}/revoke");
    for path in ["/tokens", revoke.as_str()] {
        for csrf in ["''", "'0123456789abcdef'"] {
            ensure!(page.eval(&send(path, csrf))? == 403, "{path} {csrf}");
        }
    }
    other.go(&format!("{url}/tokens"))?;
    ensure!(other.count("tbody tr")? == 0);
    ensure!(other.eval(&send(&revoke, "document.querySelector('[name=csrf]').value"))? == 404);
    let own = "document.querySelector('[name=csrf]').value";
    ensure!(page.eval(&send("/tokens", own).replace("'1'", "'91'"))? == 422, "too long");
    ensure!(page.eval(&send("/tokens", own).replace("log:read", "everything"))? == 422);
    ensure!(stack.host.get("/v1/approvals", &token)?.status == 200);

    page.click("tbody button.deny")?;
    page.until("the revocation", "document.body.innerText.includes('You have no token in force')")?;
    ensure!(stack.host.get("/v1/approvals", &token)?.status == 401);
    page.go(&format!("{url}/tokens?all=1"))?;
    ensure!(page.text("tbody")?.contains("revoked") && page.count("tbody form")? == 0);
    page.screenshot("tokens-over")?;
    let body = json!({ "name": "left", "scopes": ["approvals:read"] });
    let made =
        http::post(&format!("{url}/v1/tokens"), Some(&stack.person("dan", &["dba"])?), &body)?.json()?;
    Ok(made["token"].as_str().context("a token")?.to_owned())
}

/// The page is as wide as the window, whatever is on it.
fn fits(page: &Page) -> Result<()> {
    let wide = page.eval("document.documentElement.scrollWidth - document.documentElement.clientWidth")?;
    ensure!(wide == 0, "{} is {wide} pixels too wide", page.place()?);
    Ok(())
}

#[test]
fn approvals_are_answered_by_key_and_by_click() -> Result<()> {
    let (stack, browser) = start()?;
    let agent = stack.login_as("bot-7", &["support"])?;
    let page = browser.page()?;
    sign_in(&stack, &page, "dan", "/")?;
    ensure!(page.text(".me .name")? == "Dan Okafor" && page.text("#empty")?.contains("Nothing waits"));
    page.screenshot("inbox-empty")?;

    // It comes by itself; a key approves it, and it runs. Of how many rows it is, a busy database may not say in time.
    let mut held = in_background(&agent, "DELETE FROM customers WHERE id = 10");
    page.wait_for(".card")?;
    let mut shown = page.text(".card")?;
    let mut denied = 0;
    while denied < 5 && shown.contains("did not say in time") {
        denied += 1;
        page.key("j")?;
        page.key("d")?;
        page.until("the denial", "!document.querySelector('.card')")?;
        ensure!(!done(held)?.success);
        held = in_background(&agent, "DELETE FROM customers WHERE id = 10");
        page.wait_for(".card")?;
        shown = page.text(".card")?;
    }
    for part in [
        "bot-7",
        "shop",
        "DELETE FROM customers WHERE id = 10",
        "delete-with-approval",
        "dba",
        "about 1 row is changed",
    ] {
        ensure!(shown.contains(part), "`{part}` is missing in {shown}");
    }
    ensure!(page.eval("document.title")? == "(1) Inbox · Gatewright");
    sound(&page)?;
    page.screenshot("inbox")?;
    page.key("j")?;
    page.key("a")?;
    page.until("the decision", "document.querySelector('.flash')?.innerText.includes('approved')")?;
    let output = done(held)?;
    ensure!(output.stdout == "after\n", "{output:?}");

    // A denial with a comment reaches the agent. What somebody types stays while other cards come.
    let held = in_background(&agent, "DELETE FROM customers WHERE id = 9");
    page.wait_for(".card")?;
    page.key("j")?;
    page.key("c")?;
    page.write("keep Ines, ")?;
    let other = in_background(&agent, "DELETE FROM customers WHERE id = 8");
    page.until("the second card", "document.querySelectorAll('.card').length === 2")?;
    page.write("she is back")?;
    page.key("Enter")?;
    page.until("the decision", "document.querySelector('.flash')?.innerText.includes('denied')")?;
    let output = done(held)?;
    ensure!(
        output.stderr.contains("42501") && output.stderr.contains("keep Ines, she is back"),
        "{output:?}"
    );

    // More of the same for a while; then the agent need not ask.
    page.wait_for(".card .more summary")?;
    page.click(".card .more summary")?;
    page.wait_for(".card .more[open]")?;
    page.screenshot("inbox-grant")?;
    page.eval("document.querySelector('.card select[name=grant]').value = '1800s'")?;
    page.click(".card button.approve")?;
    page.until("the decision", "document.querySelector('.flash')?.innerText.includes('approved')")?;
    ensure!(done(other)?.stdout == "after\n");
    let output = agent.psql(&["DELETE FROM customers WHERE id = 7", "SELECT 'at once'"])?;
    ensure!(output.stdout == "at once\n", "{output:?}");
    page.go(&format!("{}/grants", stack.host.url()))?;
    ensure!(page.text(".card")?.contains("bot-7"), "{}", page.text("main")?);
    page.screenshot("grants")?;
    page.click(".card h2 a")?;
    page.until("its uses", "document.querySelector('.steps')?.innerText.includes('used')")?;
    sound(&page)?;
    page.screenshot("grant")?;
    page.click("main button.deny")?;
    page.until("the revocation", "document.querySelector('.steps')?.innerText.includes('revoked')")?;
    let held = in_background(&agent, "DELETE FROM customers WHERE id = 6");
    page.go(&format!("{}/", stack.host.url()))?;
    page.wait_for(".card")?;
    page.click(".card h2 a")?;
    page.until("its own page", "document.querySelector('.steps')?.innerText.includes('pending')")?;
    page.screenshot("approval")?;
    page.click("button.deny")?;
    ensure!(!done(held)?.success);
    page.go(&format!("{}/approvals", stack.host.url()))?;
    ensure!(page.count("tbody tr")? == 5 + denied, "{}", page.text("main")?);
    sound(&page)?;
    page.screenshot("decided")?;

    let kim = browser.page()?;
    sign_in(&stack, &kim, "kim", "/")?;
    let token = tokens(&stack, &page, &kim)?;

    // Signed out, the cookie is worth nothing.
    let before = page.cookies(&stack.host.url())?;
    page.click(".me button")?;
    page.until("to be signed out", "document.body.innerText.includes('You are signed out')")?;
    page.screenshot("signed-out")?;
    let cookie = before.iter().find(|cookie| cookie["name"] == "gatewright").context("no cookie")?;
    ensure!(cookie["httpOnly"] == true && cookie["sameSite"] == "Lax", "{cookie}");
    let set = json!({ "name": "gatewright", "value": cookie["value"], "url": stack.host.url() });
    page.call("Network.setCookie", set)?;
    page.go(&format!("{}/", stack.host.url()))?;
    page.wait_for("input[name=subject]")?;

    // Who signs in with fewer groups than before has fewer by tokens too.
    let seen = |token: &str| -> Result<usize> {
        Ok(stack.host.get("/v1/approvals", token)?.json()?.as_array().context("a list")?.len())
    };
    ensure!(seen(&token)? == 5, "{}", seen(&token)?);
    stack.idp.add_person("dan", &["support"], json!({}));
    page.click("input[name=subject]")?;
    page.write("dan")?;
    page.key("Enter")?;
    page.until("to be signed in", "!!document.querySelector('form.me')")?;
    ensure!(seen(&token)? == 0, "{}", seen(&token)?);
    Ok(())
}

#[test]
fn what_others_wrote_is_text_and_who_may_not_cannot() -> Result<()> {
    let (stack, browser) = start()?;
    let url = stack.host.url();
    let page = browser.page()?;
    sign_in(&stack, &page, "dan", "/")?;
    page.go(&format!("{url}/?done=%3Cscript%3Ealert(0)%3C/script%3E"))?;

    // Markup in the agent's name, its statement, its parameters and in names of columns.
    let agent = stack.login(&stack.idp.token(ATTACK, &["support"])?)?.application(ATTACK);
    let statement = format!("DELETE FROM customers WHERE name = '{ATTACK}' AND id = 10");
    let held = in_background(&agent, &statement);
    page.wait_for(".card")?;
    ensure!(page.text(".card h2")?.contains(ATTACK) && page.text(".card pre")?.contains(ATTACK));
    ensure!(page.eval("document.querySelectorAll('main script, main img[src=x]').length")? == 0);
    page.screenshot("attack-inbox")?;
    page.click(".card h2 a")?;
    page.wait_for(".steps")?;
    ensure!(page.text(".steps")?.contains(ATTACK));
    page.click("input[name=comment]")?;
    page.write(ATTACK)?;
    page.click("button.approve")?;
    page.wait_for(".flash")?;
    done(held)?;
    agent.psql(&[&format!("SELECT '{ATTACK}' AS \"{}\"", ATTACK.replace('"', "\"\""))])?;
    page.go(&format!("{url}/sessions"))?;
    ensure!(page.text("tbody")?.contains(ATTACK));
    page.go(&format!("{url}/sessions?text=%22%3E%3Cscript%3Ealert(3)%3C/script%3E&agent=%22onfocus%3D"))?;
    ensure!(page.text("main")?.contains("There is no such session"));
    page.go(&format!("{url}/sessions"))?;
    page.click("tbody a")?;
    page.wait_for("#timeline")?;
    // What came last may be recorded after the page was made.
    let session = format!("{url}{}", page.place()?);
    let shown = wait::until("the result", Duration::from_secs(30), || {
        page.go(&session)?;
        let shown = page.text("#timeline")?;
        let whole = page.count("#timeline .result")? > 0 && shown.matches("onerror").count() >= 4;
        Ok(whole.then_some(shown))
    });
    shown.with_context(|| page.text("#timeline").unwrap_or_default())?;
    page.screenshot("attack-session")?;
    // Even if something were taken for script, it would not run.
    page.eval("document.body.insertAdjacentHTML('beforeend', '<img src=/static/gatewright.svg onload=\"window.ran = 1\">')")?;
    page.eval("const s = document.createElement('script'); s.textContent = 'window.ran = 2'; document.body.append(s)")?;
    page.eval("new Promise((done) => setTimeout(done, 300))")?;
    ensure!(page.eval("window.ran === undefined")? == true);
    let complaints = page.complaints();
    ensure!(
        complaints.iter().all(|complaint| complaint.contains("Content Security Policy")),
        "{complaints:#?}"
    );
    ensure!(!complaints.is_empty(), "this looks for what is not there");

    // The requester sees it, and cannot decide; others see nothing.
    let agent = stack.login_as("ann", &["support"])?;
    let held = in_background(&agent, "DELETE FROM customers WHERE id = 10");
    page.go(&format!("{url}/"))?;
    page.wait_for(".card")?;
    let id = page.eval("document.querySelector('.card').dataset.id")?;
    let id = id.as_str().context("an id")?;
    let ann = browser.page()?;
    sign_in(&stack, &ann, "ann", &format!("/approvals/{id}"))?;
    ensure!(ann.text(".card")?.contains("somebody else decides") && ann.count(".decide")? == 0);
    ann.screenshot("mine")?;
    let forged = format!(
        "(async () => {{ const body = new URLSearchParams({{ decision: 'approve', csrf: document.querySelector('[name=csrf]').value }}); \
         return (await fetch('/approvals/{id}/decision', {{ method: 'POST', body }})).status; }})()"
    );
    ensure!(ann.eval(&forged)? == 403, "nobody approves what they asked for");
    let eve = browser.page()?;
    sign_in(&stack, &eve, "eve", "/")?;
    ensure!(eve.text(".me .name")?.starts_with("<img") && eve.count(".card")? == 0);
    ensure!(eve.eval(&forged)? == 404);
    for (path, status) in [
        (format!("/approvals/{id}"), 404),
        ("/approvals/NOTTHERE".to_owned(), 404),
        ("/sessions".to_owned(), 403),
        ("/sessions/anything".to_owned(), 404),
        ("/grants/ABCDEFGH".to_owned(), 404),
        ("/policies".to_owned(), 403),
        ("/status".to_owned(), 403),
    ] {
        let got = eve.eval(&format!("fetch('{path}').then((answer) => answer.status)"))?;
        ensure!(got == status, "{path}: {got}");
    }
    eve.go(&format!("{url}/approvals/{id}"))?;
    eve.screenshot("not-found")?;

    // Without the token of its own page, or with another's, a form is nothing.
    for csrf in ["", "0123456789abcdef"] {
        let forged = forged.replace("document.querySelector('[name=csrf]').value", &format!("'{csrf}'"));
        ensure!(page.eval(&forged)? == 403, "`{csrf}`");
    }
    let elses = ann.eval("document.querySelector('[name=csrf]').value")?;
    let forged = forged.replace("document.querySelector('[name=csrf]').value", &elses.to_string());
    ensure!(page.eval(&forged)? == 403);
    // From another site the browser sends no cookie; from another origin of the same site it does, and tells.
    let own = page.eval("document.querySelector('[name=csrf]').value")?;
    let form = format!(
        "const form = document.createElement('form'); form.method = 'post'; form.action = '{url}/approvals/{id}/decision'; \
         for (const [name, value] of [['decision', 'approve'], ['csrf', {own}]]) {{ const input = document.createElement('input'); \
         input.name = name; input.value = value; form.append(input); }} document.body.append(form); form.submit();"
    );
    let provider = stack.idp.jwks_url();
    for elsewhere in [provider.replace("127.0.0.1", "localhost"), provider] {
        page.go(&elsewhere)?;
        page.eval(&form)?;
        page.until("a refusal", "!!document.querySelector('.alone')")?;
        let said = page.text("main")?;
        ensure!(said.contains("403") || said.contains("401"), "{elsewhere}: {said}");
    }
    ensure!(!held.is_finished(), "somebody decided");
    page.go(&format!("{url}/approvals/{id}"))?;
    page.click("button.deny")?;
    done(held)?;
    Ok(())
}

#[test]
fn signing_in_leads_nowhere_else() -> Result<()> {
    let (stack, browser) = start()?;
    let url = stack.host.url();
    let page = browser.page()?;
    // A cookie that somebody else put there never becomes a good one.
    let planted = "f".repeat(64);
    let set = json!({ "name": "gatewright", "value": planted, "url": url });
    page.call("Network.setCookie", set)?;
    page.go(&format!("{url}/sign-in?next=//evil.example/"))?;
    page.wait_for("input[name=subject]")?;
    // The answer of a sign-in that was begun in another browser.
    let other = browser.page()?;
    other.go(&format!("{url}/sign-in?next=https://evil.example/"))?;
    let state = other.eval("new URLSearchParams(location.search).get('state')")?;
    let state = state.as_str().context("no state")?;
    ensure!(other.eval("new URLSearchParams(location.search).get('code_challenge_method')")? == "S256");
    page.click("input[name=subject]")?;
    page.write("dan")?;
    page.key("Enter")?;
    page.until("to be signed in", "!!document.querySelector('form.me')")?;
    ensure!(page.place()? == "/" && page.eval("location.origin")? == url.as_str());
    let cookies = page.cookies(&url)?;
    let mine: Vec<_> = cookies.iter().filter(|cookie| cookie["name"] == "gatewright").collect();
    ensure!(mine.len() == 1 && mine[0]["value"] != planted.as_str(), "{cookies:?}");
    ensure!(cookies.iter().all(|cookie| cookie["httpOnly"] == true && cookie["value"] != ""), "{cookies:?}");
    for (query, said) in [
        (format!("code=x&state={state}"), "not begun in this browser"),
        ("code=x&state=".to_owned(), "not begun in this browser"),
        ("error=<script>alert(1)</script>".to_owned(), "not begun in this browser"),
    ] {
        page.go(&format!("{url}/signed-in?{query}"))?;
        ensure!(page.text("main")?.contains(said), "{query}: {}", page.text("main")?);
    }
    // Somebody whom the provider does not know; and a code that the provider never gave.
    other.click("input[name=subject]")?;
    other.write("nobody")?;
    other.key("Enter")?;
    other.until("a refusal", "document.body.innerText.includes('did not let you in')")?;
    other.go(&format!("{url}/sign-in"))?;
    let state = other.eval("new URLSearchParams(location.search).get('state')")?;
    other.go(&format!("{url}/signed-in?code=guessed&state={}", state.as_str().context("no state")?))?;
    ensure!(other.text("main")?.contains("does not verify"), "{}", other.text("main")?);
    // Headers, of pages and of what is wrong.
    for path in ["/sign-in", "/approvals/X", "/static/gatewright.js", "/signed-out"] {
        let headers = page.eval(&format!(
            "fetch('{url}{path}', {{ redirect: 'manual' }}).then((answer) => answer.headers.get('content-security-policy'))"
        ))?;
        if path == "/sign-in" {
            continue;
        }
        let policy = headers.as_str().unwrap_or_default();
        ensure!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
    }

    // Tokens: an agent's is no person's, and the other way round.
    let dba = stack.idp.token("dan", &["dba"])?;
    for path in ["/v1/sessions", "/v1/approvals", "/v1/grants", "/v1/changes", "/v1/sessions/x", "/v1/tokens"]
    {
        let reply = stack.host.get(path, &dba)?;
        ensure!(reply.status == 401 && reply.body.contains("agent's token"), "{path}: {reply:?}");
    }
    let decide = json!({ "decision": "approve" });
    let reply = http::post(&format!("{url}/v1/approvals/ABCDEFGH/decision"), Some(&dba), &decide)?;
    ensure!(reply.status == 401, "{reply:?}");
    let person = stack.person("dan", &["dba"])?;
    ensure!(stack.host.get("/v1/sessions", &person)?.status == 200);
    ensure!(stack.host.get("/v1/sessions/x", &stack.person("sue", &["support"])?)?.status == 404);
    let output = stack.login(&person)?.psql(&["SELECT 1"])?;
    ensure!(output.stderr.contains("another audience"), "{output:?}");
    Ok(())
}

#[test]
fn sessions_replay_and_policies_explain() -> Result<()> {
    let (stack, browser) = start()?;
    let url = stack.host.url();
    let agent = stack.login_as("bot-7", &["support"])?;
    let page = browser.page()?;
    sign_in(&stack, &page, "dan", "/sessions")?;
    agent.psql(&[
        "SELECT id, name, email FROM customers ORDER BY id LIMIT 3",
        "SELECT count(*) FROM orders",
    ])?;
    agent.psql(&["DROP TABLE customers"])?;
    let held = in_background(&agent, "DELETE FROM customers WHERE id = 10");
    page.go(&format!("{url}/"))?;
    page.click(".card button.approve")?;
    done(held)?;

    page.go(&format!("{url}/sessions"))?;
    page.until("three sessions", "document.querySelectorAll('tbody tr').length === 3")?;
    page.screenshot("sessions")?;
    for (query, count) in [
        ("text=drop+table", 1),
        ("decision=deny", 1),
        ("decision=hold", 1),
        ("agent=BOT", 3),
        ("agent=nobody", 0),
        ("resource=shop-api", 0),
        ("from=2020-01-01&to=2020-01-02", 0),
    ] {
        page.go(&format!("{url}/sessions?{query}"))?;
        ensure!(page.count("tbody tr")? == count, "{query}: {}", page.text("main")?);
    }
    // Finding by hand: the form.
    page.go(&format!("{url}/sessions"))?;
    page.click("input[name=text]")?;
    page.write("DROP TABLE")?;
    page.key("Enter")?;
    page.until("one session", "document.querySelectorAll('tbody tr').length === 1")?;
    sound(&page)?;

    page.click("tbody a")?;
    page.wait_for("#player:not([hidden])")?;
    ensure!(page.count(".entry.is-denied")? == 1, "{}", page.text("#timeline")?);
    page.key("n")?;
    page.until("the denied one", "document.querySelector('.entry.now')?.matches('.is-denied')")?;
    page.screenshot("session-denied")?;
    page.go(&format!("{url}/sessions?decision=hold"))?;
    page.click("tbody a")?;
    page.wait_for("#player:not([hidden])")?;
    page.key("h")?;
    page.until("the held one", "document.querySelector('.entry.now')?.matches('.is-held')")?;
    page.click("#all")?;
    ensure!(page.count(".entry.ahead")? == 0);
    // A button that has the focus would take the key for itself.
    page.eval("document.activeElement.blur()")?;
    let speed = |times: &str| {
        let set = format!(
            "const s = document.getElementById('speed'); s.add(new Option('{times}')); s.value = '{times}'; s.dispatchEvent(new Event('change'))"
        );
        page.eval(&format!("(() => {{ {set} }})()"))
    };
    // Slower than anybody wants it, so that it is not over before it is looked at.
    speed("0.05")?;
    page.key(" ")?;
    page.until("it plays", "document.getElementById('play').getAttribute('aria-pressed') === 'true'")?;
    ensure!(page.count(".entry.ahead")? > 0, "it begins at the beginning");
    speed("20")?;
    page.until(
        "it ends",
        "document.getElementById('play').getAttribute('aria-pressed') === 'false' && !document.querySelector('.entry.ahead')",
    )?;
    sound(&page)?;
    page.click("#all")?;
    page.screenshot("session")?;
    // What is seen of results is what the agent saw.
    page.go(&format!("{url}/sessions?text=LIMIT+3"))?;
    page.click("tbody a")?;
    page.wait_for("#timeline .result")?;
    let shown = page.text("#timeline")?;
    let emails = stack.postgres.sql("SELECT name, email FROM customers ORDER BY id LIMIT 3")?;
    for row in emails.lines() {
        let (name, email) = row.split_once('|').context("two columns")?;
        ensure!(shown.contains(name) && !shown.contains(email), "{name}: {shown}");
    }

    page.go(&format!("{url}/policies"))?;
    page.click("textarea[name=sql]")?;
    page.write("SELECT id, upper(ssn) AS s, email FROM customers WHERE region = 'ap'")?;
    page.click("input[name=groups]")?;
    page.write("support")?;
    page.click("#explain button")?;
    page.wait_for("#explained")?;
    let shown = page.text("#explained")?;
    for part in ["allow", "read-the-shop", "customers.ssn", "redact", "partial"] {
        ensure!(shown.contains(part), "`{part}` is missing in {shown}");
    }
    sound(&page)?;
    page.screenshot("policies")?;
    page.eval("document.querySelector('textarea[name=sql]').value = 'DELETE FROM orders WHERE id = 7'")?;
    page.click("#explain button")?;
    page.until(
        "the approval",
        "document.querySelector('#explained')?.innerText.includes('until somebody of dba approved')",
    )?;
    page.go(&format!("{url}/status"))?;
    page.until("the filter", "document.querySelector('tbody')?.innerText.includes('up to date')")?;
    sound(&page)?;
    page.screenshot("status")?;

    // By night, and on a phone.
    let held = in_background(
        &agent,
        "DELETE FROM customers WHERE id = 9 AND name = 'a rather long name that goes on'",
    );
    for (path, name) in [
        ("/", "inbox"),
        ("/sessions", "sessions"),
        ("/policies", "policies"),
        ("/grants", "grants"),
        ("/tokens", "tokens"),
        ("/status", "status"),
    ] {
        page.dark(true)?;
        page.size(1280, 900, 1, false)?;
        page.go(&format!("{url}{path}"))?;
        if path == "/" {
            page.wait_for(".card")?;
        }
        page.screenshot(&format!("{name}-dark"))?;
        fits(&page)?;
        page.dark(false)?;
        page.size(390, 844, 2, true)?;
        page.go(&format!("{url}{path}"))?;
        page.screenshot(&format!("{name}-phone"))?;
        fits(&page)?;
        ensure!(contrast(&page)? >= 4.5, "{path}: {}", contrast(&page)?);
    }
    page.go(&format!("{url}/sessions?decision=hold"))?;
    page.click("tbody a")?;
    page.wait_for("#player:not([hidden])")?;
    page.screenshot("session-phone")?;
    fits(&page)?;
    page.go(&format!("{url}/"))?;
    page.click(".card button.deny")?;
    done(held)?;
    page.go(&format!("{url}/sessions?from=soon"))?;
    ensure!(page.text("main")?.contains("is not a day"), "{}", page.text("main")?);
    Ok(())
}

/// The smallest contrast of a text with what is behind it (WCAG 2.2, 1.4.3).
fn contrast(page: &Page) -> Result<f64> {
    let script = r"(() => {
      const rgb = (text) => { const [r, g, b, a = 1] = (text.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number); return { r, g, b, a }; };
      const light = ({ r, g, b }) => { const [x, y, z] = [r, g, b].map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * x + 0.7152 * y + 0.0722 * z; };
      let least = 21;
      const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (walk.nextNode()) {
        const one = walk.currentNode.parentElement;
        if (!walk.currentNode.data.trim() || !one.checkVisibility() || one.closest('.skip, .sr, button:disabled, kbd')) continue;
        const ink = rgb(getComputedStyle(one).color);
        let paper = { r: 255, g: 255, b: 255 };
        for (let at = one; at; at = at.parentElement) {
          const behind = rgb(getComputedStyle(at).backgroundColor);
          if (behind.a === 1 && getComputedStyle(at).backgroundColor.startsWith('rgb')) { paper = behind; break; }
        }
        const [a, b] = [light(ink), light(paper)].sort((x, y) => y - x);
        least = Math.min(least, (a + 0.05) / (b + 0.05));
      }
      return least;
    })()";
    page.eval(script)?.as_f64().context("a number")
}
