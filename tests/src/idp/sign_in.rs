//! The authorization-code flow (OpenID Connect Core section 3.1) with PKCE (RFC 7636), as strict as a provider should be:
//! one client, one exact redirect URI, codes that are good once.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Alg, Shared, token};

/// The client that may let people sign in.
#[derive(Debug, Clone)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// `client_secret`.
    pub secret: String,
    /// The one `redirect_uri`.
    pub redirect_uri: String,
}

/// What the provider knows about signing in.
#[derive(Debug, Default)]
pub(super) struct SignIn {
    pub(super) client: Option<Client>,
    /// Subjects with their groups and more claims.
    pub(super) people: HashMap<String, (Vec<String>, Value)>,
    codes: HashMap<String, Code>,
}

#[derive(Debug)]
struct Code {
    subject: String,
    challenge: String,
    nonce: String,
}

/// An answer of the server.
pub(super) struct Answer {
    pub(super) status: &'static str,
    pub(super) kind: &'static str,
    pub(super) location: Option<String>,
    pub(super) body: String,
}

impl Answer {
    fn page(status: &'static str, body: String) -> Self {
        Self { status, kind: "text/html; charset=utf-8", location: None, body }
    }

    pub(super) fn json(status: &'static str, body: &Value) -> Self {
        Self { status, kind: "application/json", location: None, body: body.to_string() }
    }
}

/// `GET /authorize`: asks who it is.
pub(super) fn authorize(query: &str, shared: &Shared) -> Answer {
    let asked = fields(query);
    if let Err(why) = sound(&asked, shared) {
        return Answer::page("400 Bad Request", format!("<h1>{why}</h1>"));
    }
    let hidden: String = asked
        .iter()
        .map(|(name, value)| format!(r#"<input type="hidden" name="{name}" value="{}">"#, escaped(value)))
        .collect();
    let form = format!(
        r#"<!doctype html><title>Identity provider</title><link rel="icon" href="data:,"><form method="post" action="/authorize">{hidden}
        <label>Who are you? <input name="subject" autofocus></label> <button>Sign in</button></form>"#
    );
    Answer::page("200 OK", form)
}

/// `POST /authorize`: sends the browser back with a code, or with a refusal where it is nobody.
pub(super) fn authorized(body: &str, shared: &Shared) -> Answer {
    let asked = fields(body);
    if let Err(why) = sound(&asked, shared) {
        return Answer::page("400 Bad Request", format!("<h1>{why}</h1>"));
    }
    let field = |name: &str| asked.get(name).cloned().unwrap_or_default();
    let mut sign_in = shared.sign_in();
    let subject = field("subject");
    let (back, state) = (field("redirect_uri"), field("state"));
    let result = if sign_in.people.contains_key(&subject) {
        let code = crate::secret();
        let known = Code { subject, challenge: field("code_challenge"), nonce: field("nonce") };
        sign_in.codes.insert(code.clone(), known);
        format!("code={code}")
    } else {
        "error=access_denied".to_owned()
    };
    let location = Some(format!("{back}?{result}&state={}", encoded(&state)));
    Answer { status: "302 Found", kind: "text/plain", location, body: String::new() }
}

/// `POST /token`: the code for an ID token.
pub(super) fn token(authorization: &str, body: &str, issuer: &str, shared: &Shared) -> Answer {
    let refused = |error: &str| Answer::json("400 Bad Request", &json!({ "error": error }));
    let asked = fields(body);
    let field = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
    let (code, client) = {
        let mut sign_in = shared.sign_in();
        // Good once, whatever comes of it.
        (sign_in.codes.remove(field("code")), sign_in.client.clone())
    };
    let (Some(code), Some(client)) = (code, client) else { return refused("invalid_grant") };
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", client.id, client.secret)));
    if authorization != basic {
        return Answer::json("401 Unauthorized", &json!({ "error": "invalid_client" }));
    }
    let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier").as_bytes()));
    if field("grant_type") != "authorization_code"
        || field("redirect_uri") != client.redirect_uri
        || proof != code.challenge
    {
        return refused("invalid_grant");
    }
    let (groups, more) = shared.sign_in().people.get(&code.subject).cloned().unwrap_or_default();
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    let mut claims = more.as_object().cloned().unwrap_or_default();
    claims.insert("nonce".to_owned(), code.nonce.into());
    let options = token::TokenOptions { audience: client.id, expires_in: 300, claims, ..Default::default() };
    let claims = token::claims(issuer, &code.subject, &groups, &options);
    let keys = shared.keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let signed =
        keys.iter().rev().find(|key| key.alg == Alg::Es256).map(|key| token::sign(key, &claims, &options));
    match signed {
        Some(Ok(id_token)) => Answer::json(
            "200 OK",
            &json!({ "access_token": crate::secret(), "token_type": "Bearer", "expires_in": 300, "id_token": id_token }),
        ),
        _ => Answer::json("500 Internal Server Error", &json!({ "error": "server_error" })),
    }
}

/// What a provider has to refuse before it sends anybody anywhere.
fn sound(asked: &HashMap<String, String>, shared: &Shared) -> Result<(), &'static str> {
    let field = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
    let client = shared.sign_in().client.clone().ok_or("nobody may let people sign in")?;
    match () {
        () if field("client_id") != client.id => Err("unknown client"),
        () if field("redirect_uri") != client.redirect_uri => Err("another redirect URI"),
        () if field("response_type") != "code" => Err("not a code"),
        () if !field("scope").split(' ').any(|scope| scope == "openid") => Err("no OpenID"),
        () if field("code_challenge_method") != "S256" || field("code_challenge").len() != 43 => {
            Err("no PKCE")
        }
        () if field("state").len() < 16 || field("nonce").len() < 16 => Err("no state or nonce"),
        () => Ok(()),
    }
}

fn fields(text: &str) -> HashMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let digits: Vec<u8> = bytes.by_ref().take(2).collect();
                out.extend(hex::decode(digits).unwrap_or_default());
            }
            other => out.push(other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}
