//! Before the StartupMessage: SSLRequest, GSSENCRequest, CancelRequest.

use gatewright_core::digest::sha256;
use gatewright_core::time::Millis;

use super::login::Login;
use super::phases::{Next, Phase};
use super::{Env, Io, Link};
use crate::Refusal;
use crate::refusal::code;
use crate::wire::frontend::{self, Startup as Packet};
use crate::wire::header;

/// How long a StartupMessage waits for the first bundle, in milliseconds.
const PATIENCE: Millis = 2_000;

/// Waits for the StartupMessage.
#[derive(Debug, Default)]
pub(crate) struct Startup {
    /// An SSLRequest is with the server, whose one byte is outstanding.
    asked: bool,
    /// Requests for encryption that the server has answered: the first was for TLS, a second is for GSS.
    answers: u8,
    /// The proxy took an SSLRequest, and answered it with yes.
    encrypted: bool,
    /// A CancelRequest went through; the server will close.
    done: bool,
    /// A StartupMessage came before the first bundle, then.
    early: Option<Millis>,
}

impl Startup {
    pub(crate) fn wants_client_bytes(&self) -> bool {
        !self.asked && self.early.is_none()
    }

    pub(crate) fn client(&mut self, link: &mut Link, env: Env<'_>, io: &mut Io) -> Next {
        if self.done {
            link.client_in.clear();
        }
        if self.asked || self.done {
            return Next::Stay;
        }
        let length = match frontend::startup_length(&link.client_in) {
            None => return Next::Stay,
            Some(Some(length)) => length,
            Some(None) => return malformed(io),
        };
        if link.client_in.len() < length {
            return Next::Stay;
        }
        let packet = link.client_in.get(..length).map(<[u8]>::to_vec).unwrap_or_default();
        let packet_read = frontend::startup(&packet);
        if matches!(packet_read, Some(Packet::Start(_))) && env.plane.is_none() {
            // The proxy has just started, maybe: the bundle is on its way.
            let since = *self.early.get_or_insert(env.now);
            if env.now.saturating_sub(since) < PATIENCE {
                return Next::Stay;
            }
        }
        self.early = None;
        link.client_in.drain(..length);
        match packet_read {
            None => malformed(io),
            // Having refused TLS the server takes a request for GSS encryption, and no third one.
            Some(Packet::Ssl | Packet::GssEnc) if self.answers < 2 => {
                match self.answers {
                    0 => frontend::ssl_request(&mut io.to_server),
                    _ => frontend::gssenc_request(&mut io.to_server),
                }
                self.asked = true;
                Next::Stay
            }
            Some(Packet::Ssl | Packet::GssEnc) => {
                frontend::impossible_startup(&mut io.to_server);
                Next::Die(Refusal::new(code::PROTOCOL, "encryption was asked for and refused twice already"))
            }
            Some(Packet::Cancel(key)) => {
                io.cancels = Some(sha256(&key));
                io.to_server.extend_from_slice(&packet);
                self.done = true;
                Next::Stay
            }
            Some(Packet::Start(message)) => match Login::start(message, link, env, io) {
                Ok(login) => Next::To(Phase::Login(Box::new(login))),
                Err(refusal) => {
                    frontend::impossible_startup(&mut io.to_server);
                    Next::Die(refusal)
                }
            },
        }
    }

    pub(crate) fn server(&mut self, link: &mut Link, io: &mut Io) -> Next {
        match (link.server_in.first(), self.asked) {
            (None, _) => Next::Stay,
            (Some(b'N'), true) => {
                link.server_in.remove(0);
                self.asked = false;
                self.answers = self.answers.saturating_add(1);
                io.to_client.push(b'N');
                if link.server_in.is_empty() { Next::Stay } else { Next::Close }
            }
            (Some(b'S' | b'G'), true) => {
                tls_wanted().write(true, &mut io.to_client);
                Next::Close
            }
            // A server that cannot even fork answers with an ErrorResponse.
            (Some(b'E'), true) => match header(&link.server_in) {
                Ok(Some(header)) if link.server_in.len() >= header.total => {
                    io.to_client.extend(link.server_in.drain(..header.total));
                    Next::Close
                }
                Ok(_) if link.server_in.len() < frontend::MAX_STARTUP => Next::Stay,
                _ => Next::Close,
            },
            // What a filter before this one says to the client comes this way, too: `postgres_proxy` took an SSLRequest and
            // says yes to it, and what the client says next comes decrypted. From a server it would help nobody: a client
            // that did not ask for TLS cannot read it, and no byte of a handshake passes.
            (Some(b'S'), false) if !self.encrypted && !self.done => {
                link.server_in.remove(0);
                self.encrypted = true;
                io.to_client.push(b'S');
                if link.server_in.is_empty() { Next::Stay } else { Next::Close }
            }
            // Nothing else was asked for.
            _ => Next::Close,
        }
    }
}

fn malformed(io: &mut Io) -> Next {
    frontend::impossible_startup(&mut io.to_server);
    Next::Die(Refusal::new(code::PROTOCOL, "the startup packet is malformed"))
}

/// The server now waits for a TLS handshake with the client, which the filter could not read.
fn tls_wanted() -> Refusal {
    Refusal::new(code::PROTOCOL, "the database server wants TLS inside the gate, where its bytes could not be checked")
        .detail("The server behind Gatewright answered SSLRequest with yes; no byte that the gate cannot read may pass.")
        .hint(
            "Either connect with sslmode=disable to the gate; or let the operator give the gate a way to the server \
             that answers no: direct TLS from Envoy to PostgreSQL 17 or newer, the server's Unix socket, or \
             Gatewright's relay.",
        )
}
