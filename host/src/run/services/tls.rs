//! TLS on both sides of what is served.

use std::path::Path;

use anyhow::Context as _;
use axum::http::uri::Authority;
use gatewright_runner::proxy::{Begin, ClientSide, Identity, ServerSide, Tls};

use super::Args;
use crate::config::identity::Identity as AgentIdentity;
use crate::config::{Api, At, Endpoint, Loaded, Resource, Tls as TargetTls};

/// How clients begin whom `--tls-certificate` is for: with TLS as PostgreSQL or, with `http`, as HTTP begins it. None
/// where there is no certificate.
pub(super) fn clients(args: &Args, http: bool) -> anyhow::Result<Option<ClientSide>> {
    let (Some(certificate), Some(key)) = (args.tls_certificate.clone(), args.tls_key.clone()) else {
        return Ok(None);
    };
    let (identity, client_ca) = (Identity { certificate, key }, args.tls_client_ca.as_deref());
    let tls = match http {
        true => Tls::for_http(&identity, client_ca, false),
        false => Tls::new(&identity, client_ca, true),
    };
    Ok(Some(ClientSide::Tls(tls.context("--tls-certificate")?)))
}

/// How agents of a database begin, whose server is spoken to in TLS or not.
pub(super) fn agents_of_resource(args: &Args, server: Option<&ServerSide>) -> anyhow::Result<ClientSide> {
    Ok(match (clients(args, false)?, server) {
        (Some(tls), _) => tls,
        // Within TLS the server would take a second request for encryption for a fault.
        (None, Some(_)) => ClientSide::Declined,
        (None, None) => ClientSide::Plain,
    })
}

/// How agents of an API begin.
pub(super) fn agents_of_api(args: &Args, loaded: &Loaded, api: &Api) -> anyhow::Result<ClientSide> {
    let Some(tls) = api.listen_tls.as_ref().map(|tls| &tls.value) else {
        return Ok(clients(args, true)?.unwrap_or(ClientSide::Plain));
    };
    // As `gatewright envoy` has it: where something else may tell who an agent is, it need not show one.
    let optional = !api.identity.value.iter().all(|source| matches!(source, AgentIdentity::Mtls(_)));
    let file = |path: &Path| loaded.folder.join(path);
    let identity = Identity { certificate: file(&tls.certificate), key: file(&tls.key) };
    let client_ca = tls.client_ca.as_deref().map(file);
    Ok(ClientSide::Tls(Tls::for_http(&identity, client_ca.as_deref(), optional)?))
}

/// TLS with a database, by the name or address that it is found by.
pub(super) fn of_resource(
    args: &Args,
    loaded: &Loaded,
    resource: &Resource,
) -> anyhow::Result<Option<ServerSide>> {
    let target = &resource.target;
    let name = match &target.at {
        At::Tcp(address) => address.ip().to_string(),
        At::Name(name, _) => name.clone(),
        At::Unix(_) => String::new(),
    };
    let ca = target.ca.as_ref().map(|ca| loaded.folder.join(ca));
    server(args, target, &name, Begin::Direct, ca.as_deref())
}

/// TLS with an API, by the name that it is called by.
pub(super) fn of_api(args: &Args, api: &Api) -> anyhow::Result<Option<ServerSide>> {
    let authority = api.authority.clone().unwrap_or_else(|| api.target.at.authority());
    // INVARIANT: what is no name is refused below.
    let name = authority.parse::<Authority>().map_or(authority, |authority| authority.host().to_owned());
    server(args, &api.target, &name, if api.http2 { Begin::Http2 } else { Begin::Http1 }, None)
}

fn server(
    args: &Args,
    target: &Endpoint,
    name: &str,
    direct: Begin,
    ca: Option<&Path>,
) -> anyhow::Result<Option<ServerSide>> {
    let begin = match target.tls {
        TargetTls::None => return Ok(None),
        TargetTls::Direct => direct,
        TargetTls::Request => Begin::Request,
    };
    let identity = args.target_certificate.clone().zip(args.target_key.clone());
    let identity = identity.map(|(certificate, key)| Identity { certificate, key });
    let tls = ServerSide::new(name, begin, ca.or(args.target_ca.as_deref()), identity.as_ref());
    Ok(Some(tls.context("TLS with the target")?))
}
