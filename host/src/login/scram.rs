//! SCRAM-SHA-256, the client's side (RFC 5802, RFC 7677), as PostgreSQL speaks it: the user name stays empty (the
//! StartupMessage has it) and there is no channel binding (the host does not see the channel).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Hmac;
use sha2::{Digest as _, Sha256};

use crate::mac::code;

/// The mechanism's name.
pub(super) const MECHANISM: &str = "SCRAM-SHA-256";

/// Most rounds that a server may ask for: it decides how much work the host does.
const MOST_ROUNDS: u32 = 1_000_000;

/// An exchange, begun.
pub(super) struct Exchange {
    nonce: String,
}

impl Exchange {
    /// The one that begins with this nonce, which must be fresh.
    pub(super) fn of(nonce: String) -> Self {
        Self { nonce }
    }

    /// The client-first-message.
    pub(super) fn client_first(&self) -> String {
        format!("n,,{}", self.client_first_bare())
    }

    fn client_first_bare(&self) -> String {
        format!("n=,r={}", self.nonce)
    }

    /// The client-final-message, and the server-final-message that a server which knows the password answers.
    pub(super) fn finish(
        &self,
        password: &str,
        server_first: &str,
    ) -> Result<(String, String), &'static str> {
        let mut parts = server_first.split(',');
        let mut part = |name: &str| parts.next().and_then(|part| part.strip_prefix(name));
        let nonce = part("r=").ok_or("the server's first message has no nonce")?;
        let salt = part("s=").ok_or("the server's first message has no salt")?;
        let rounds = part("i=").ok_or("the server's first message has no iteration count")?;
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err("the server's nonce does not continue ours");
        }
        let salt = STANDARD.decode(salt).map_err(|_| "the server's salt is not base64")?;
        let rounds: u32 = rounds.parse().map_err(|_| "the server's iteration count is not a number")?;
        if rounds == 0 || rounds > MOST_ROUNDS {
            return Err("the server's iteration count is out of bounds");
        }
        let password = normalised(password);
        let mut salted = [0_u8; 32];
        pbkdf2::pbkdf2::<Hmac<Sha256>>(password.as_bytes(), &salt, rounds, &mut salted)
            .map_err(|_| "the password cannot be salted")?;
        let client_key = code(&salted, b"Client Key");
        let without_proof = format!("c=biws,r={nonce}");
        let message = format!("{},{server_first},{without_proof}", self.client_first_bare());
        let signature = code(&Sha256::digest(client_key), message.as_bytes());
        let proof: Vec<u8> =
            client_key.iter().zip(signature).map(|(key, signature)| key ^ signature).collect();
        let server_signature = code(&code(&salted, b"Server Key"), message.as_bytes());
        let client_final = format!("{without_proof},p={}", STANDARD.encode(proof));
        Ok((client_final, format!("v={}", STANDARD.encode(server_signature))))
    }
}

/// What a server stores of a password, in PostgreSQL's form; its rounds are those that PostgreSQL has by itself.
pub(crate) fn verifier(password: &str) -> String {
    const ROUNDS: u32 = 4096;
    let salt: [u8; 16] = rand::random();
    let mut salted = [0_u8; 32];
    // INVARIANT: no output of 32 bytes is too long.
    let _ = pbkdf2::pbkdf2::<Hmac<Sha256>>(normalised(password).as_bytes(), &salt, ROUNDS, &mut salted);
    let stored = Sha256::digest(code(&salted, b"Client Key"));
    let server = code(&salted, b"Server Key");
    let text = |bytes: &[u8]| STANDARD.encode(bytes);
    format!("{MECHANISM}${ROUNDS}:{}${}:{}", text(&salt), text(&stored), text(&server))
}

/// SASLprep (RFC 4013); a password that it refuses is used as it is, as PostgreSQL does.
fn normalised(password: &str) -> std::borrow::Cow<'_, str> {
    stringprep::saslprep(password).unwrap_or(std::borrow::Cow::Borrowed(password))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7677 section 3 has a user name, and ours stays empty: the vector is of RFC 7677 with `n=`.
    #[test]
    fn the_steps_fit_together() {
        let exchange = Exchange { nonce: "rOprNGfwEbeRWgbNEkqO".to_owned() };
        assert_eq!(exchange.client_first(), "n,,n=,r=rOprNGfwEbeRWgbNEkqO");
        let server_first =
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let (client_final, server_final) = exchange.finish("pencil", server_first).unwrap();
        assert!(client_final.starts_with("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p="));
        // The server's side: the stored key must give the client's key back (RFC 5802 section 3).
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let mut salted = [0_u8; 32];
        pbkdf2::pbkdf2::<Hmac<Sha256>>(b"pencil", &salt, 4096, &mut salted).unwrap();
        let stored_key = Sha256::digest(code(&salted, b"Client Key"));
        let (without_proof, proof) = client_final.split_once(",p=").unwrap();
        let message = format!("n=,r=rOprNGfwEbeRWgbNEkqO,{server_first},{without_proof}");
        let signature = code(&stored_key, message.as_bytes());
        let proof = STANDARD.decode(proof).unwrap();
        let key: Vec<u8> = proof.iter().zip(signature).map(|(p, s)| p ^ s).collect();
        assert_eq!(Sha256::digest(key), stored_key);
        let expected = code(&code(&salted, b"Server Key"), message.as_bytes());
        assert_eq!(server_final, format!("v={}", STANDARD.encode(expected)));
    }

    #[test]
    fn what_is_stored_takes_the_password() {
        let stored = verifier("pencil");
        let (salt, keys) = stored.strip_prefix("SCRAM-SHA-256$4096:").unwrap().split_once('$').unwrap();
        let (stored_key, server_key) = keys.split_once(':').unwrap();
        let exchange = Exchange { nonce: "abc".to_owned() };
        let server_first = format!("r=abcd,s={salt},i=4096");
        let (client_final, server_final) = exchange.finish("pencil", &server_first).unwrap();
        let (without_proof, proof) = client_final.split_once(",p=").unwrap();
        let message = format!("n=,r=abc,{server_first},{without_proof}");
        let decoded = |text: &str| STANDARD.decode(text).unwrap();
        let signature = code(&decoded(stored_key), message.as_bytes());
        let key: Vec<u8> = decoded(proof).iter().zip(signature).map(|(p, s)| p ^ s).collect();
        assert_eq!(Sha256::digest(key).to_vec(), decoded(stored_key));
        let server_signature = code(&decoded(server_key), message.as_bytes());
        assert_eq!(server_final, format!("v={}", STANDARD.encode(server_signature)));
    }

    #[test]
    fn a_server_that_cheats_is_refused() {
        let exchange = Exchange { nonce: "abc".to_owned() };
        for server_first in [
            "",
            "r=abc,s=AA==,i=4096",
            "r=xyzabc,s=AA==,i=4096",
            "r=abcd,s=AA==,i=0",
            "r=abcd,s=!,i=1",
            "r=abcd,s=AA==,i=99999999",
            "r=abcd,s=AA==",
        ] {
            assert!(exchange.finish("pw", server_first).is_err(), "{server_first}");
        }
    }
}
