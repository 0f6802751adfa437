//! One page of the browser.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Connection, screenshots};
use crate::wait;

/// How long something may take to be there.
const PATIENCE: Duration = Duration::from_secs(30);

/// A page, and what somebody does with it.
#[derive(Debug)]
pub struct Page {
    connection: Arc<Connection>,
    session: String,
}

impl Page {
    pub(super) fn open(connection: &Arc<Connection>, context: &str) -> Result<Self> {
        let target = json!({ "url": "about:blank", "browserContextId": context });
        let target = connection.call(None, "Target.createTarget", target)?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = connection.call(None, "Target.attachToTarget", attach)?;
        let session = session["sessionId"].as_str().context("no session")?.to_owned();
        let page = Self { connection: Arc::clone(connection), session };
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility"] {
            page.call(&format!("{domain}.enable"), json!({}))?;
        }
        page.size(1280, 900, 1, false)?;
        Ok(page)
    }

    /// A call of the protocol.
    pub fn call(&self, method: &str, params: Value) -> Result<Value> {
        self.connection.call(Some(&self.session), method, params)
    }

    /// How large its window is.
    pub fn size(&self, width: u32, height: u32, scale: u32, phone: bool) -> Result<()> {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone });
        self.call("Emulation.setDeviceMetricsOverride", metrics)?;
        Ok(())
    }

    /// Whether its user likes it dark.
    pub fn dark(&self, dark: bool) -> Result<()> {
        let value = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.call("Emulation.setEmulatedMedia", features)?;
        Ok(())
    }

    /// Types an address in.
    pub fn go(&self, url: &str) -> Result<()> {
        // Between two pages there is no element.
        self.eval("document.documentElement && (document.documentElement.dataset.left = 1)")?;
        let answer = self.call("Page.navigate", json!({ "url": url }))?;
        ensure!(answer["errorText"].is_null(), "{url}: {}", answer["errorText"]);
        self.until(
            &format!("{url} to be there"),
            "document.documentElement && !document.documentElement.dataset.left && document.readyState === 'complete'",
        )
    }

    /// What an expression is; promises are waited for.
    pub fn eval(&self, expression: &str) -> Result<Value> {
        // The rights of the page's own scripts do not matter here: its policy forbids `eval` to those, not to us.
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", params)?;
        if let Some(thrown) = answer.get("exceptionDetails") {
            bail!("{expression}: {thrown}");
        }
        Ok(answer["result"]["value"].clone())
    }

    /// Waits until an expression is true.
    pub fn until(&self, what: &str, expression: &str) -> Result<()> {
        let awaited = wait::until(what, PATIENCE, || {
            // While one page goes and another comes, there is nothing to ask.
            Ok(self.eval(expression).is_ok_and(|value| value == true).then_some(()))
        });
        awaited.with_context(|| format!("the page shows: {}", self.text("body").unwrap_or_default()))
    }

    /// Waits until an element is there.
    pub fn wait_for(&self, selector: &str) -> Result<()> {
        self.until(&format!("`{selector}`"), &format!("!!document.querySelector({})", json!(selector)))
    }

    /// The text that people see of an element.
    pub fn text(&self, selector: &str) -> Result<String> {
        let text = self.eval(&format!("document.querySelector({})?.innerText ?? ''", json!(selector)))?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// How many elements there are.
    pub fn count(&self, selector: &str) -> Result<u64> {
        let count = self.eval(&format!("document.querySelectorAll({}).length", json!(selector)))?;
        count.as_u64().context("a number")
    }

    /// Path and query of the page.
    pub fn place(&self) -> Result<String> {
        let place = self.eval("location.pathname + location.search")?;
        Ok(place.as_str().unwrap_or_default().to_owned())
    }

    /// Clicks on the middle of an element with the mouse; it must be what is on top there.
    pub fn click(&self, selector: &str) -> Result<()> {
        self.wait_for(selector)?;
        let script = format!(
            "(() => {{ const one = document.querySelector({}); one.scrollIntoView({{ block: 'center', behavior: 'instant' }}); \
             const box = one.getClientRects()[0]; const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]; \
             const top = document.elementFromPoint(x, y); \
             return {{ x, y, hit: one === top || one.contains(top) }}; }})()",
            json!(selector)
        );
        let at = self.eval(&script)?;
        ensure!(at["hit"] == true, "`{selector}` cannot be clicked on: something is over it");
        for kind in ["mousePressed", "mouseReleased"] {
            let params =
                json!({ "type": kind, "x": at["x"], "y": at["y"], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", params)?;
        }
        Ok(())
    }

    /// Types a text where the cursor is.
    pub fn write(&self, text: &str) -> Result<()> {
        self.call("Input.insertText", json!({ "text": text }))?;
        Ok(())
    }

    /// Presses a key: a letter, `Enter`, `Tab`, `Escape`, ` `.
    pub fn key(&self, key: &str) -> Result<()> {
        let code = match key {
            "Enter" => 13,
            "Tab" => 9,
            "Escape" => 27,
            other => other.to_uppercase().bytes().next().map_or(0, u32::from),
        };
        let text = match key {
            "Enter" => "\r",
            key if key.chars().count() == 1 => key,
            _ => "",
        };
        let down = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
        for kind in [down, "keyUp"] {
            let mut params = json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code });
            if kind == "keyDown" {
                params["text"] = text.into();
            }
            self.call("Input.dispatchKeyEvent", params)?;
        }
        Ok(())
    }

    /// What went wrong in it: exceptions, dialogs that a script opened, and errors that the browser logged, violations of
    /// the content security policy among them.
    pub fn complaints(&self) -> Vec<String> {
        let events = |method: &str| self.connection.events(&self.session, method);
        let thrown = events("Runtime.exceptionThrown").into_iter().map(|event| event.to_string());
        let dialogs = events("Page.javascriptDialogOpening").into_iter().map(|event| event.to_string());
        let logged = events("Log.entryAdded").into_iter().map(|event| event["entry"].clone());
        let logged = logged.filter(|entry| entry["level"] == "error").map(|entry| entry.to_string());
        thrown.chain(dialogs).chain(logged).collect()
    }

    /// The cookies that it would send there.
    pub fn cookies(&self, url: &str) -> Result<Vec<Value>> {
        let answer = self.call("Network.getCookies", json!({ "urls": [url] }))?;
        Ok(answer["cookies"].as_array().cloned().unwrap_or_default())
    }

    /// Elements that can be used and have no name for those who do not see them.
    pub fn nameless(&self) -> Result<Vec<String>> {
        let tree = self.call("Accessibility.getFullAXTree", json!({}))?;
        let roles = ["button", "link", "textbox", "combobox", "searchbox", "slider", "image"];
        let bad = |node: &&Value| {
            let role = node["role"]["value"].as_str().unwrap_or_default();
            let name = node["name"]["value"].as_str().unwrap_or_default();
            node["ignored"] == false && roles.contains(&role) && name.trim().is_empty()
        };
        let nodes = tree["nodes"].as_array().cloned().unwrap_or_default();
        Ok(nodes
            .iter()
            .filter(bad)
            .map(|node| format!("{} {}", node["role"]["value"], node["backendDOMNodeId"]))
            .collect())
    }

    /// A picture of all of it, in `target/screenshots`.
    pub fn screenshot(&self, name: &str) -> Result<()> {
        let params = json!({ "format": "png", "captureBeyondViewport": true });
        let picture = self.call("Page.captureScreenshot", params)?;
        let picture = STANDARD.decode(picture["data"].as_str().unwrap_or_default())?;
        std::fs::create_dir_all(screenshots())?;
        std::fs::write(screenshots().join(format!("{name}.png")), picture)?;
        Ok(())
    }
}
