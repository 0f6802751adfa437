//! Who the agent is: JSON Web Tokens (RFC 7519) against the providers of the bundle.

mod verify;

pub use verify::{Identity, Refusal, Verifier};
