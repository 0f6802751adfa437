//! Plays a conversation twice, step by step: to the library, and to the built filter in a wasm VM. Both must do the
//! same.

use super::native::Native;
use super::wasm::Wasm;
use super::{NOW, Site};

/// What happens in a conversation.
#[derive(Debug, Clone)]
pub enum Step {
    /// Bytes from the client.
    Client(Vec<u8>),
    /// Bytes from the server.
    Server(Vec<u8>),
    /// The host answers the latest call.
    Host(u16, String),
    /// Everything recorded so far is durable.
    Durable,
    /// That many milliseconds pass.
    Pass(u64),
}

/// All that came out.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub to_server: Vec<u8>,
    pub to_client: Vec<u8>,
    /// Calls to the host: method and path, and body.
    pub calls: Vec<(String, serde_json::Value)>,
    pub events: Vec<String>,
    pub closed: bool,
}

impl Outcome {
    /// What the client got, lossily as text.
    pub fn client_text(&self) -> String {
        String::from_utf8_lossy(&self.to_client).into_owned()
    }

    /// What the server got, lossily as text.
    pub fn server_text(&self) -> String {
        String::from_utf8_lossy(&self.to_server).into_owned()
    }
}

/// Plays a conversation; `cut` says how long the next piece of bytes is.
pub fn play(site: &Site, steps: &[Step], mut cut: impl FnMut(usize) -> usize) -> Outcome {
    let mut now = NOW;
    let mut native = Native::new(site);
    let mut wasm = Wasm::new(site);
    for step in steps {
        match step {
            Step::Client(bytes) | Step::Server(bytes) => {
                let mut rest = bytes.as_slice();
                while !rest.is_empty() {
                    let length = cut(rest.len()).clamp(1, rest.len());
                    let (piece, tail) = rest.split_at(length);
                    if matches!(step, Step::Client(_)) {
                        native.client(piece);
                        wasm.client(piece);
                    } else {
                        native.server(piece);
                        wasm.server(piece);
                    }
                    rest = tail;
                }
            }
            Step::Host(status, body) => {
                native.host(*status, body);
                wasm.host(*status, body);
            }
            Step::Durable => {
                wasm.durable(native.recorded());
                native.durable();
            }
            Step::Pass(time) => {
                now += time;
                native.pass(now);
                wasm.pass(now);
            }
        }
    }
    native.pass(now);
    wasm.pass(now);
    let native = native.outcome();
    wasm.check(&native);
    native
}
