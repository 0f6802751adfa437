//! What a client that speaks PostgreSQL's protocol is told when its connection cannot be: ErrorResponse (protocol
//! documentation, "Message Formats").

use tokio::io::AsyncWriteExt as _;

use super::sockets::{AnySocket, linger};

/// A reason for a client to be sent away.
#[derive(Debug)]
pub(super) struct Fatal {
    /// SQLSTATE.
    code: &'static str,
    pub(super) message: &'static str,
    hint: &'static str,
}

/// The client does not encrypt, and must.
pub(super) const TLS_REQUIRED: Fatal = Fatal {
    code: "28000",
    message: "connections to this gate must be encrypted",
    hint: "Connect with sslmode=require or better.",
};

/// There are bytes in plain behind a request for encryption.
pub(super) const STUFFED: Fatal = Fatal {
    code: "08P01",
    message: "received unencrypted data after SSL request",
    hint: "This is a client with a fault, or evidence of an attempted man-in-the-middle attack.",
};

/// The server cannot be reached.
pub(super) const GONE: Fatal = Fatal {
    code: "08006",
    message: "the database server behind this gate cannot be reached",
    hint: "Try again later; the gate's log says what happened.",
};

/// The server does not encrypt, and must.
pub(super) const UNENCRYPTED: Fatal = Fatal {
    code: "08006",
    message: "the database server behind this gate refuses to encrypt, which its configuration demands",
    hint: "Nothing was said to it. Its operator can set ssl = on, or leave `tls` out of the gate's configuration where the \
           way to the server is safe without.",
};

/// The server's certificate is not to be believed, or it is no TLS that it speaks.
pub(super) const UNTRUSTED: Fatal = Fatal {
    code: "08006",
    message: "the database server behind this gate does not prove who it is",
    hint: "Nothing was said to it. The gate's log says what is wrong with its certificate.",
};

impl Fatal {
    fn packet(&self) -> Vec<u8> {
        let fields =
            [("S", "FATAL"), ("V", "FATAL"), ("C", self.code), ("M", self.message), ("H", self.hint)];
        let mut body: Vec<u8> = fields
            .iter()
            .flat_map(|(kind, text)| [kind.as_bytes(), text.as_bytes(), b"\0"].concat())
            .collect();
        body.push(0);
        // INVARIANT: the texts are those above.
        let size = u32::try_from(body.len() + 4).unwrap_or_default();
        [b"E", &size.to_be_bytes()[..], &body].concat()
    }
}

/// Says it, and waits until the client has read it.
pub(super) async fn tell(socket: &mut AnySocket, why: &Fatal) {
    if socket.write_all(&why.packet()).await.is_ok() {
        linger(socket).await;
    }
}
