//! A click on a button: who clicked, whether they may, and what they are told.

use gatewright_core::identity::Identity;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Clicks;
use super::blocks::{self, escaped};
use super::button::{Button, Key};
use crate::approvals::{Choice, Elsewhere, Refused};
use crate::config::notifications::is_here;
use crate::config::slack::{SlackApp, SlackPerson};
use crate::http::App;
use crate::settings::Settings;
use crate::store::approvals::Stage;
use crate::time::now;

/// The step by which the log says how somebody decided.
const HOW: &str = "slack";
/// Hosts to which Slack has answers sent; the second is GovSlack's.
const HOSTS: [&str; 2] = ["hooks.slack.com", "hooks.slack-gov.com"];
/// How often an answer is tried; Slack takes five.
const ATTEMPTS: u32 = 3;

/// Why something that Slack signed is not for this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    /// Not as clicks are.
    #[error("expected the payload of a click on one button (`block_actions`)")]
    Unreadable,
    /// Another app's, or another workspace's.
    #[error("this is of another app or workspace than the configuration's")]
    Foreign,
    /// It wants to be answered elsewhere.
    #[error("`response_url` is not one of Slack's")]
    Elsewhere,
    /// Too many at a time.
    #[error("too many clicks at a time: try again")]
    Busy,
}

/// As Slack describes it (<https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>).
#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "type")]
    kind: String,
    api_app_id: String,
    team: Option<Team>,
    user: User,
    response_url: String,
    actions: Vec<Action>,
}

#[derive(Deserialize)]
struct Team {
    id: String,
}

#[derive(Deserialize)]
struct User {
    id: String,
    #[serde(default)]
    team_id: Option<String>,
}

#[derive(Deserialize)]
struct Action {
    action_id: String,
    #[serde(default)]
    value: String,
}

/// A click, of this app in this workspace.
pub(crate) struct Click {
    user: String,
    answer_to: reqwest::Url,
    action_id: String,
    value: String,
}

impl Click {
    /// Reads what Slack signed.
    pub(crate) fn read(payload: &str, app: &SlackApp) -> Result<Self, Unfit> {
        let payload: Payload = serde_json::from_str(payload).map_err(|_| Unfit::Unreadable)?;
        let [action] = <[Action; 1]>::try_from(payload.actions).map_err(|_| Unfit::Unreadable)?;
        if payload.kind != "block_actions" {
            return Err(Unfit::Unreadable);
        }
        let team = &app.team.0;
        // In a channel that is shared with others, `user` may be of another workspace than the channel.
        let ours = payload.api_app_id == app.app.0
            && payload.team.is_some_and(|of| of.id == *team)
            && payload.user.team_id.is_none_or(|of| of == *team);
        if !ours {
            return Err(Unfit::Foreign);
        }
        let answer_to = answer_to(&payload.response_url, app).ok_or(Unfit::Elsewhere)?;
        Ok(Self { user: payload.user.id, answer_to, action_id: action.action_id, value: action.value })
    }

    /// Decides, in a task of its own, and tells Slack what became of it: Slack waits three seconds only.
    pub(crate) fn work(self, clicks: &Clicks, app: std::sync::Arc<App>) -> Result<(), Unfit> {
        let permit = clicks.working.clone().try_acquire_owned().map_err(|_| Unfit::Busy)?;
        let http = clicks.http.clone();
        tokio::spawn(async move {
            for answer in self.decide(&app).await {
                self.tell(&http, &answer).await;
            }
            drop(permit);
        });
        Ok(())
    }

    /// What there is to say: to the person alone, and in place of the message.
    async fn decide(&self, app: &App) -> Vec<Value> {
        let settings = app.compiled.state().settings.clone();
        let (Some(section), Some(secret)) = (&settings.loaded.config.slack, &settings.slack_secret) else {
            return Vec::new();
        };
        let public_url = &settings.loaded.config.host.public_url.0;
        let key = Key::new(secret);
        let known = matches!(self.action_id.as_str(), blocks::APPROVE | blocks::DENY);
        let Some(button) = Button::open(&self.value, &key).filter(|_| known) else {
            return vec![alone("This button is not the host's, or from before its signing secret changed.")];
        };
        let who = match person(app, &settings, section, &self.user).await {
            Ok(who) => who,
            Err(why) => return vec![alone(&why)],
        };
        if app.limits.person(&who).is_err() {
            return vec![alone("You ask too often: nothing was decided. Try again in a moment.")];
        }
        let detail = format!("user {} of workspace {}", self.user, section.team.0);
        let choice = Choice {
            decision: button.decision,
            comment: String::new(),
            grant_s: None,
            elsewhere: Some(Elsewhere { how: HOW, detail, shown: button.shown }),
            token: None,
        };
        let id = &button.approval;
        let refused = match app.approvals.decide(id, &who, &choice).await {
            Ok(approval) => return vec![in_place(blocks::message(&approval, &key, public_url))],
            Err(refused) => refused,
        };
        tracing::info!(approval = id, by = who.subject, %refused, "a click in Slack decides nothing");
        let told = match &refused {
            // To the API there is none of that id; here the message is there to be seen.
            Refused::Unknown(_) => "You are of no group that may decide this.".to_owned(),
            Refused::Store(_) => "The host's database does not answer: nothing was decided.".to_owned(),
            Refused::Forbidden(why) | Refused::Conflict(why) | Refused::Senseless(why) => why.clone(),
        };
        let mut answers = vec![alone(&told)];
        // Who may see how it stands sees it in the message from now on.
        if let Ok(approval) = app.approvals.look_as(id, &who).await
            && approval.stage != Stage::Pending
        {
            answers.push(in_place(blocks::message(&approval, &key, public_url)));
        }
        answers
    }

    async fn tell(&self, http: &reqwest::Client, answer: &Value) {
        for attempt in 0..ATTEMPTS {
            // Without the URL, which is good for writing to the channel.
            let sent = http.post(self.answer_to.clone()).json(answer).send().await;
            match sent.and_then(reqwest::Response::error_for_status).map_err(reqwest::Error::without_url) {
                Ok(_) => return,
                Err(cause) => tracing::warn!(%cause, "Slack does not take the answer to a click"),
            }
            tokio::time::sleep(std::time::Duration::from_secs(1 << attempt)).await;
        }
    }
}

/// Who that user is: as the configuration says, and with no other groups than on the pages, unless it names some.
async fn person(app: &App, settings: &Settings, section: &SlackApp, user: &str) -> Result<Identity, String> {
    let known = section.people.value.iter().find(|person| person.user.value.0 == user);
    let Some(SlackPerson { subject, issuer, groups, .. }) = known else {
        return Err(format!(
            "Nobody said who you are: an operator adds `{user}` to `slack.people`. In Gatewright you can decide once you \
             are signed in."
        ));
    };
    let config = &settings.loaded.config;
    let usual = config.people.as_ref().map(|people| people.issuer.value.clone());
    let Some(issuer) = issuer.as_ref().map(|issuer| issuer.value.clone()).or(usual) else {
        return Err("It is not said whose person you are: an operator names the `issuer`.".to_owned());
    };
    let (groups, expires_at) = match groups {
        Some(groups) => (groups.clone(), u64::MAX),
        None => match app.store.last_sign_in(&issuer, subject, now()).await {
            Ok(Some(signed_in)) => signed_in,
            Ok(None) => {
                let url = escaped(&config.host.public_url.0);
                return Err(format!(
                    "Sign in to Gatewright first, at {url}, and click again: your groups are those of then."
                ));
            }
            Err(cause) => {
                tracing::error!(%cause, "it cannot be read who is signed in");
                return Err("The host's database does not answer: nothing was decided.".to_owned());
            }
        },
    };
    Ok(Identity { issuer, subject: subject.clone(), groups, claims: Map::new(), expires_at })
}

/// Where an answer goes: to Slack, by TLS, or where tests want it, on this machine. The request is signed, but a signature
/// is no reason to let somebody send the host anywhere.
fn answer_to(url: &str, app: &SlackApp) -> Option<reqwest::Url> {
    let url = reqwest::Url::parse(url).ok()?;
    let plain = url.username().is_empty() && url.password().is_none();
    let fits = match &app.answers_to {
        Some(wanted) => {
            let wanted = reqwest::Url::parse(&wanted.value.0).ok()?;
            is_here(wanted.host_str()?) && url.origin() == wanted.origin()
        }
        None => {
            let host = url.host_str()?;
            url.scheme() == "https" && url.port().is_none() && HOSTS.contains(&host)
        }
    };
    (plain && fits).then_some(url)
}

/// Said to the one who clicked.
fn alone(text: &str) -> Value {
    json!({ "response_type": "ephemeral", "replace_original": false, "text": escaped(text) })
}

/// Said in place of the message.
fn in_place(mut message: Value) -> Value {
    message["replace_original"] = true.into();
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_go_to_slack_only() {
        let app = |answers_to: Option<&str>| -> SlackApp {
            let more = answers_to.map(|url| format!("answers_to: \"{url}\"")).unwrap_or_default();
            let text = format!("{{ signing_secret: {{ env: X }}, app: A1, team: T1, people: [], {more} }}");
            crate::config::parse_yaml(&text).unwrap()
        };
        for url in ["https://hooks.slack.com/actions/T1/2/3", "https://hooks.slack-gov.com/actions/T1/2/3"] {
            assert!(answer_to(url, &app(None)).is_some(), "{url}");
            assert!(answer_to(url, &app(Some("http://127.0.0.1:9"))).is_none(), "{url}");
        }
        for url in [
            "http://hooks.slack.com/actions/T1/2/3",
            "https://hooks.slack.com.evil.example/actions",
            "https://evil.example/hooks.slack.com",
            "https://hooks.slack.com@evil.example/",
            "https://evil@hooks.slack.com/",
            "https://:x@hooks.slack.com/",
            "https://hooks.slack.com:8443/",
            "https://slack.com/",
            "https://127.0.0.1/",
            "http://127.0.0.1:9/",
            "file:///etc/passwd",
            "",
        ] {
            assert!(answer_to(url, &app(None)).is_none(), "{url}");
        }
        let here = app(Some("http://127.0.0.1:9"));
        assert!(answer_to("http://127.0.0.1:9/answer", &here).is_some());
        assert!(answer_to("http://127.0.0.1:10/answer", &here).is_none());
        assert!(answer_to("http://127.0.0.1:9/", &app(Some("http://192.0.2.1:9"))).is_none());
    }
}
