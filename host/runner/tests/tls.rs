//! TLS on both sides of the data plane, as PostgreSQL's protocol begins it.
#![allow(missing_docs, reason = "a test")]

mod support;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gatewright_runner::proxy::{
    Begin, ClientSide, HttpOptions, Identity, Protocol, ServerSide, Service, Target, Tls,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use support::running::{self, LOOPBACK, Running, config, echo, rest, says, until};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

fn openssl(arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).output().expect("openssl runs");
    assert!(output.status.success(), "{output:?}");
}

/// A certificate for that name; one that signed itself, as PostgreSQL's instructions make it, where there is no authority.
fn certificate(folder: &Path, name: &str, names: &str, authority: Option<&Identity>) -> Identity {
    let path = |end: &str| folder.join(format!("{name}-{}.{end}", authority.is_some()));
    let identity = Identity { certificate: path("crt"), key: path("key") };
    let (subject, names) = (format!("/CN={name}"), format!("subjectAltName={names}"));
    let (certificate, key) = (identity.certificate.to_str().unwrap(), identity.key.to_str().unwrap());
    let mut arguments = vec!["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
    arguments.extend(["-nodes", "-days", "2", "-subj", &subject, "-addext", &names]);
    if let Some(authority) = authority {
        arguments.extend(["-CA", authority.certificate.to_str().unwrap()]);
        arguments.extend(["-CAkey", authority.key.to_str().unwrap()]);
        arguments.extend(["-addext", "basicConstraints=critical,CA:FALSE"]);
    }
    arguments.extend(["-keyout", key, "-out", certificate]);
    openssl(&arguments);
    identity
}

fn own(folder: &Path, name: &str) -> Identity {
    certificate(folder, name, &format!("DNS:{name}"), None)
}

fn signed(folder: &Path, name: &str, authority: &Identity) -> Identity {
    certificate(folder, name, &format!("DNS:{name}"), Some(authority))
}

async fn run(service: Service) -> Running {
    Running::start(config(service, 1)).await
}

/// Takes connections in TLS, with these filters.
fn takes(upstream: SocketAddr, tls: Tls, filters: &[&str]) -> Service {
    let mut service = running::service(Target::Tcp(upstream), Protocol::Tcp, filters);
    service.client = ClientSide::Tls(tls);
    service
}

/// Makes connections in TLS of those in plain, as a relay does.
fn makes(upstream: SocketAddr, tls: ServerSide) -> Service {
    let mut service = running::service(Target::Tcp(upstream), Protocol::Tcp, &[]);
    service.client = ClientSide::Declined;
    service.upstream_tls = Some(tls);
    service
}

/// What comes back of `words` through a proxy that declines to encrypt.
async fn says_in_plain(near: &Running, words: &[u8]) -> Vec<u8> {
    let mut socket = near.connect().await;
    socket.write_all(&SSL_REQUEST).await.unwrap();
    assert_eq!(socket.read_u8().await.unwrap(), b'N');
    says(&mut socket, words).await
}

#[tokio::test]
async fn tls_is_begun_by_request_and_directly_and_names_are_verified() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (own(folder.path(), "db.test"), own(folder.path(), "db2.test"));
    let authority = own(folder.path(), "ca.test");
    let signed = signed(folder.path(), "db.test", &authority);
    for begin in [Begin::Request, Begin::Direct] {
        for (name, trusted, shown, works) in [
            ("db.test", &one, &one, true),
            ("db2.test", &one, &one, false),
            ("127.0.0.1", &one, &one, false),
            ("db.test", &other, &one, false),
            ("db.test", &authority, &signed, true),
            ("db2.test", &authority, &signed, false),
            ("db.test", &other, &signed, false),
            // Of the right name, and of nobody that is trusted.
            ("db.test", &authority, &one, false),
        ] {
            let tls = Tls::new(shown, None, true).unwrap();
            let far = run(takes(echo().await, tls, &[""])).await;
            let tls = ServerSide::new(name, begin, Some(&trusted.certificate), None).unwrap();
            let near = run(makes(far.address, tls)).await;
            let echoed = says_in_plain(&near, b"secret startup").await;
            assert_eq!(echoed == b"secret startup", works, "{name} {begin:?}");
            near.stop().await;
            far.stop().await;
        }
    }
}

#[tokio::test]
async fn clients_that_do_not_encrypt_where_they_must_are_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let identity = own(folder.path(), "db.test");
    for required in [true, false] {
        let running = run(takes(echo().await, Tls::new(&identity, None, required).unwrap(), &[""])).await;
        let mut socket = running.connect().await;
        // More than what has to be looked at: closing with the rest unread would destroy the answer.
        let said = [b'x'; 10_000];
        socket.write_all(&said).await.unwrap();
        socket.shutdown().await.unwrap();
        let answer = rest(&mut socket).await;
        let text = String::from_utf8_lossy(&answer);
        assert_eq!(text.starts_with("E") && text.contains("must be encrypted"), required, "{text}");
        assert_eq!(answer == said, !required, "{text}");
        // As a server does, it takes up a request to cancel all the same.
        let mut socket = running.connect().await;
        let cancel = [0, 0, 0, 16, 4, 210, 22, 46, 1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(says(&mut socket, &cancel).await, cancel);
        running.stop().await;
    }
}

/// A server that counts who comes.
async fn counts() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let (address, count) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counting = count.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counting.fetch_add(1, Ordering::Relaxed);
        }
    });
    (address, count)
}

#[tokio::test]
async fn what_a_client_says_in_plain_behind_its_request_is_never_taken_for_encrypted() {
    let folder = tempfile::tempdir().unwrap();
    let identity = own(folder.path(), "db.test");
    let (server, visits) = counts().await;
    let startup = b"\0\0\0\x10\0\x03\0\0user\0x\0\0";
    for required in [true, false] {
        let running = run(takes(server, Tls::new(&identity, None, required).unwrap(), &[""])).await;
        let mut socket = running.connect().await;
        socket.write_all(&[&SSL_REQUEST[..], startup].concat()).await.unwrap();
        let answer = rest(&mut socket).await;
        let text = String::from_utf8_lossy(&answer);
        assert!(text.starts_with('E') && text.contains("C08P01\0Mreceived unencrypted data"), "{text}");
        drop(socket);

        let mut socket = running.connect().await;
        socket.write_all(&SSL_REQUEST).await.unwrap();
        assert_eq!(socket.read_u8().await.unwrap(), b'S');
        socket.write_all(startup).await.unwrap();
        let answer = rest(&mut socket).await;
        // A TLS alert, and nothing in plain.
        assert!(answer.is_empty() || answer.starts_with(&[21, 3]), "{answer:?}");
        drop(socket);
        let metrics = running.metrics.clone();
        running.stop().await;
        let refused = metrics.value("gatewright_connections_not_begun_total");
        assert_eq!(refused, Some(2), "both were sent away before any filter saw them");
    }
    assert_eq!(visits.load(Ordering::Relaxed), 0, "nobody got as far as the server");
}

/// A server that reads SSLRequest, gives that answer, and notes what else is said to it.
async fn answers(answer: &'static [u8]) -> (SocketAddr, Arc<std::sync::Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let (address, heard) = (listener.local_addr().unwrap(), Arc::<std::sync::Mutex<Vec<u8>>>::default());
    let noted = heard.clone();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = [0; 8];
        socket.read_exact(&mut request).await.unwrap();
        assert_eq!(request, SSL_REQUEST);
        socket.write_all(answer).await.unwrap();
        if answer.is_empty() {
            return;
        }
        let mut more = vec![0; 4096];
        while let Ok(read @ 1..) = socket.read(&mut more).await {
            noted.lock().unwrap().extend_from_slice(&more[..read]);
        }
    });
    (address, heard)
}

#[tokio::test]
async fn a_server_that_does_not_encrypt_is_told_nothing_and_nothing_it_says_is_believed() {
    let folder = tempfile::tempdir().unwrap();
    let identity = own(folder.path(), "db.test");
    for (answer, told) in [
        (&b"N"[..], "refuses to encrypt"),
        (b"NR\0\0\0\x08\0\0\0\0", "refuses to encrypt"),
        (b"E\0\0\0\x12SFATAL\0Mtrust me\0\0", "refuses to encrypt"),
        (b"G", "refuses to encrypt"),
        (b"", "cannot be reached"),
        // AuthenticationOk in plain, behind the answer that should be the last thing in plain.
        (b"SR\0\0\0\x08\0\0\0\0", "does not prove who it is"),
        (b"SS", "does not prove who it is"),
    ] {
        let (server, heard) = answers(answer).await;
        let tls = ServerSide::new("db.test", Begin::Request, Some(&identity.certificate), None).unwrap();
        let running = run(makes(server, tls)).await;
        let mut socket = running.connect().await;
        socket.write_all(b"secret startup").await.unwrap();
        let got = rest(&mut socket).await;
        let text = String::from_utf8_lossy(&got);
        assert!(text.starts_with('E') && text.contains("SFATAL\0VFATAL\0C08006\0M"), "{answer:?}: {text}");
        assert!(text.contains(told) && !text.contains("trust me"), "{answer:?}: {text}");
        let size = u32::from_be_bytes(got[1..5].try_into().unwrap());
        assert_eq!(size as usize + 1, got.len(), "one message, and nothing behind it: {text}");
        let heard = heard.lock().unwrap().clone();
        assert!(!heard.windows(6).any(|part| part == b"secret"), "{answer:?}: {heard:?}");
        let unreachable = || running.metrics.value("gatewright_servers_unreachable_total");
        until("it is counted", || unreachable() == Some(1)).await;
        running.stop().await;
    }
}

/// Puts properties in the place of what the client says.
fn tells(property: &str) -> String {
    format!(
        r#"(import "env" "proxy_get_property" (func $get (param i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_set_buffer_bytes" (func $set (param i32 i32 i32 i32 i32) (result i32)))
        (data (i32.const 100) "{}")
        (data (i32.const 300) "none")
        (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
            (if (call $get (i32.const 100) (i32.const {}) (i32.const 0) (i32.const 4))
                (then (i32.store (i32.const 0) (i32.const 300)) (i32.store (i32.const 4) (i32.const 4))))
            (drop (call $set (i32.const 2) (i32.const 0) (i32.const -1)
                (i32.load (i32.const 0)) (i32.load (i32.const 4))))
            (i32.const 0))"#,
        property.replace('.', "\\00"),
        property.len()
    )
}

#[tokio::test]
async fn clients_certificates_are_verified_and_filters_are_told_whose_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, foreign) = (own(folder.path(), "ca.test"), own(folder.path(), "ca2.test"));
    let server = signed(folder.path(), "db.test", &authority);
    let names = "URI:spiffe://shop/agent,URI:spiffe://shop/other,DNS:agent.test";
    let agent = certificate(folder.path(), "agent", names, Some(&authority));
    let stranger = certificate(folder.path(), "stranger", names, Some(&foreign));
    let der = CertificateDer::from_pem_file(&agent.certificate).unwrap();
    let digest: String =
        <sha2::Sha256 as sha2::Digest>::digest(&der).iter().map(|byte| format!("{byte:02x}")).collect();
    for (property, shown) in [
        ("connection.uri_san_peer_certificate", "spiffe://shop/agent"),
        ("connection.dns_san_peer_certificate", "agent.test"),
        ("connection.sha256_peer_certificate_digest", digest.as_str()),
        ("connection.tls_version", "TLSv1.3"),
        ("connection.requested_server_name", "db.test"),
        ("connection.mtls", "\u{1}"),
    ] {
        let tls = Tls::new(&server, Some(&authority.certificate), true).unwrap();
        let far = run(takes(echo().await, tls, &[&tells(property)])).await;
        for (who, expected) in [(Some(&agent), Some(shown)), (Some(&stranger), None), (None, None)] {
            let ca = Some(authority.certificate.as_path());
            let near =
                run(makes(far.address, ServerSide::new("db.test", Begin::Request, ca, who).unwrap())).await;
            let mut socket = near.connect().await;
            socket.write_all(b"anything").await.unwrap();
            let mut answer = vec![0; expected.map_or(1, str::len)];
            let read =
                tokio::time::timeout(Duration::from_secs(30), socket.read_exact(&mut answer)).await.unwrap();
            let told = read.is_ok().then(|| String::from_utf8_lossy(&answer).into_owned());
            assert_eq!(told.as_deref(), expected, "{property}");
            near.stop().await;
        }
        far.stop().await;
    }
    // Nobody was asked for a certificate: none is believed.
    let far =
        run(takes(echo().await, Tls::new(&server, None, true).unwrap(), &[&tells("connection.mtls")])).await;
    let ca = Some(authority.certificate.as_path());
    let near =
        run(makes(far.address, ServerSide::new("db.test", Begin::Direct, ca, Some(&agent)).unwrap())).await;
    let mut socket = near.connect().await;
    socket.write_all(b"anything").await.unwrap();
    assert_eq!(socket.read_u8().await.unwrap(), 0);
}

#[tokio::test]
async fn direct_tls_must_be_meant_for_postgresql() {
    let folder = tempfile::tempdir().unwrap();
    let authority = own(folder.path(), "ca.test");
    let identity = signed(folder.path(), "db.test", &authority);
    let (server, visits) = counts().await;
    let far = run(takes(server, Tls::new(&identity, None, true).unwrap(), &[""])).await;
    for protocols in [&[][..], &[b"http/1.1".to_vec()]] {
        let socket = TcpStream::connect(far.address).await.unwrap();
        let connecting = connector(&authority, protocols);
        let connected = connecting.connect(ServerName::try_from("db.test").unwrap(), socket).await;
        assert_eq!(connected.is_ok(), protocols.is_empty(), "{connected:?}");
        if let Ok(mut socket) = connected {
            let _ = socket.write_all(b"GET / HTTP/1.1\r\n\r\n").await;
            let mut answer = Vec::new();
            let _ = socket.read_to_end(&mut answer).await;
            assert!(answer.is_empty(), "{answer:?}");
        }
    }
    let metrics = far.metrics.clone();
    far.stop().await;
    assert_eq!(metrics.value("gatewright_connections_not_begun_total"), Some(2));
    assert_eq!(visits.load(Ordering::Relaxed), 0);
}

/// What a client needs that trusts this authority.
fn connector(authority: &Identity, protocols: &[Vec<u8>]) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&authority.certificate).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.alpn_protocols = protocols.to_vec();
    TlsConnector::from(Arc::new(client))
}

/// Counts the connections that it is told of.
const COUNTS: &str = r#"(import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_increment_metric" (func $increment (param i32 i64) (result i32)))
    (data (i32.const 100) "opened")
    (func (export "proxy_on_new_connection") (param i32) (result i32)
        (drop (call $define (i32.const 0) (i32.const 100) (i32.const 6) (i32.const 0)))
        (drop (call $increment (i32.load (i32.const 0)) (i64.const 1)))
        (i32.const 0))"#;

#[tokio::test]
async fn a_client_that_takes_long_to_begin_does_not_open_in_a_filter_that_ended() {
    let folder = tempfile::tempdir().unwrap();
    let authority = own(folder.path(), "ca.test");
    let identity = signed(folder.path(), "db.test", &authority);
    let upstream = echo().await;
    let running = run(takes(upstream, Tls::new(&identity, None, true).unwrap(), &[COUNTS])).await;
    let connect = async |socket| {
        let name = ServerName::try_from("db.test").unwrap();
        connector(&authority, &[b"postgresql".to_vec()]).connect(name, socket).await
    };
    let mut prompt = connect(running.connect().await).await.unwrap();
    prompt.write_all(b"hello").await.unwrap();
    prompt.read_exact(&mut [0; 5]).await.unwrap();
    assert_eq!(running.metrics.value("opened"), Some(1));
    let slow = running.connect().await;
    let accepted = || running.metrics.value("gatewright_connections_total");
    until("the slow one is accepted", || accepted() == Some(2)).await;
    // As many reloads as it takes for the first configuration to be ended; each of the others has a connection.
    let mut kept = Vec::new();
    for _ in 0..9 {
        let plain = running::service(Target::Tcp(upstream), Protocol::Tcp, &[""]);
        running.control.reload(config(plain, 1)).await.unwrap();
        let mut socket = running.connect().await;
        assert_eq!(says(&mut socket, b"here").await, b"here");
        kept.push(socket);
    }
    // It takes no more clients by the time that it closes those that it has.
    let ended = tokio::time::timeout(Duration::from_secs(30), prompt.read(&mut [0; 5])).await;
    assert!(!matches!(ended.expect("it ends"), Ok(1..)), "it says nothing more");
    let mut slow = connect(slow).await.expect("TLS itself begins");
    let _ = slow.write_all(b"hello").await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(30), slow.read_to_end(&mut answer)).await.unwrap();
    assert_eq!(answer, b"");
    let refused = || running.metrics.value("gatewright_connections_refused_total");
    until("it is counted", || refused() == Some(1)).await;
    assert_eq!(running.metrics.value("opened"), Some(1), "the filter heard of the first one alone");
    drop(kept);
    running.stop().await;
}

/// A server of HTTP in TLS, which tells the version that it is spoken to in.
async fn serves_http(identity: &Identity, protocols: &[Vec<u8>]) -> SocketAddr {
    let chain = vec![CertificateDer::from_pem_file(&identity.certificate).unwrap()];
    let key = rustls::pki_types::PrivateKeyDer::from_pem_file(&identity.key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    server.alpn_protocols = protocols.to_vec();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(server));
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(socket) = acceptor.accept(socket).await else { return };
                let answer =
                    hyper::service::service_fn(async |request: hyper::Request<hyper::body::Incoming>| {
                        let said =
                            format!("{:?} {}", request.version(), request.uri().scheme_str().unwrap_or("-"));
                        Ok::<_, std::convert::Infallible>(hyper::Response::new(http_body_util::Full::<
                            bytes::Bytes,
                        >::from(
                            said
                        )))
                    });
                let executor = hyper_util::rt::TokioExecutor::new();
                let builder = hyper_util::server::conn::auto::Builder::new(executor);
                let _ = builder.serve_connection(hyper_util::rt::TokioIo::new(socket), answer).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn http2_is_spoken_inside_tls_with_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let authority = own(folder.path(), "ca.test");
    let identity = signed(folder.path(), "api.test", &authority);
    let (h1, h2) = (b"http/1.1".to_vec(), b"h2".to_vec());
    for (offered, begin, name, expected) in [
        (&[h2.clone(), h1.clone()][..], Begin::Http2, "api.test", Some("HTTP/2.0 https")),
        (&[h2.clone(), h1.clone()], Begin::Http1, "api.test", Some("HTTP/1.1 -")),
        (&[h1], Begin::Http2, "api.test", None),
        (&[h2], Begin::Http2, "api2.test", None),
    ] {
        let server = serves_http(&identity, offered).await;
        let options = HttpOptions { upstream_http2: begin == Begin::Http2 };
        let mut service = running::service(Target::Tcp(server), Protocol::Http(options), &[""]);
        let ca = Some(authority.certificate.as_path());
        service.upstream_tls = Some(ServerSide::new(name, begin, ca, None).unwrap());
        let running = run(service).await;
        // Twice: the connection is used again.
        for _ in 0..2 {
            let mut socket = running.connect().await;
            socket.write_all(b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await.unwrap();
            let answer = String::from_utf8(rest(&mut socket).await).unwrap();
            match expected {
                Some(expected) => assert!(answer.ends_with(&format!("\r\n\r\n{expected}")), "{answer}"),
                None => assert!(answer.starts_with("HTTP/1.1 503"), "{answer}"),
            }
        }
        running.stop().await;
    }
}
