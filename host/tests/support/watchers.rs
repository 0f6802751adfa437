//! Those who watch: servers of syslog, and webhooks.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use gatewright_tests::certificates::Certificate;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::{AbortHandle, JoinSet};

/// A message of syslog.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// `<PRI>VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA`.
    pub(crate) header: String,
    pub(crate) event: Value,
    /// Which connection it came over.
    pub(crate) connection: usize,
}

pub(crate) type Got = Arc<Mutex<Vec<Message>>>;

/// A server that takes syslog over TCP; it stops, with all its connections, when it is dropped.
pub(crate) struct Syslog {
    pub(crate) address: SocketAddr,
    task: AbortHandle,
}

impl Syslog {
    pub(crate) async fn start(port: u16, tls: Option<&Certificate>, got: Got) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], port))).unwrap();
        let listener: TcpListener = socket.listen(16).unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = tls.map(|certificate| {
            let chain = CertificateDer::pem_file_iter(&certificate.certificate).unwrap();
            let chain = chain.collect::<Result<_, _>>().unwrap();
            let key = PrivateKeyDer::from_pem_file(&certificate.key).unwrap();
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = rustls::ServerConfig::builder_with_provider(provider);
            let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
            tokio_rustls::TlsAcceptor::from(Arc::new(config.with_single_cert(chain, key).unwrap()))
        });
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let (got, acceptor) = (got.clone(), acceptor.clone());
                connections.spawn(async move {
                    match acceptor {
                        Some(acceptor) => {
                            if let Ok(socket) = acceptor.accept(socket).await {
                                take(socket, got).await;
                            }
                        }
                        None => take(socket, got).await,
                    }
                });
            }
        });
        Self { address, task: task.abort_handle() }
    }
}

impl Drop for Syslog {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads frames as RFC 6587 has them, one octet after the other where it must.
async fn take(mut socket: impl AsyncRead + Unpin, got: Got) {
    static CONNECTIONS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let connection = CONNECTIONS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let mut length = String::new();
    while let Ok(octet) = socket.read_u8().await {
        if octet != b' ' {
            assert!(octet.is_ascii_digit() && length.len() < 8, "MSG-LEN is {length:?} and {octet}");
            length.push(char::from(octet));
            continue;
        }
        let mut message = vec![0; std::mem::take(&mut length).parse().unwrap()];
        if socket.read_exact(&mut message).await.is_err() {
            return;
        }
        let message = String::from_utf8(message).unwrap();
        let at = message.match_indices(' ').nth(6).unwrap().0;
        let event = serde_json::from_str(&message[at + 1..]).unwrap();
        got.lock().unwrap().push(Message { header: message[..at].to_owned(), event, connection });
    }
}

/// A webhook, which answers as it is told.
pub(crate) struct Hook {
    pub(crate) address: SocketAddr,
    pub(crate) got: Arc<Mutex<Vec<(HeaderMap, String, u16)>>>,
    task: AbortHandle,
}

impl Hook {
    pub(crate) async fn start(mut answers: Vec<u16>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        answers.reverse();
        let (got, answers) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(answers)));
        let heard = got.clone();
        let take = async move |headers: HeaderMap, body: Bytes| {
            let status = answers.lock().unwrap().pop().unwrap_or(200);
            heard.lock().unwrap().push((headers, String::from_utf8(body.to_vec()).unwrap(), status));
            StatusCode::from_u16(status).unwrap()
        };
        let router = axum::Router::new().fallback(take);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, got, task: task.abort_handle() }
    }

    /// Events that were taken.
    pub(crate) fn events(&self) -> Vec<Value> {
        let got = self.got.lock().unwrap();
        let taken = got.iter().filter(|(.., status)| *status == 200);
        taken.flat_map(|(_, body, _)| serde_json::from_str::<Vec<Value>>(body).unwrap()).collect()
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        self.task.abort();
    }
}
