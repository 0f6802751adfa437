//! The bootstrap's parts that depend on an API's configuration.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;

use super::quoted;
use crate::config::api::ListenTls;
use crate::config::identity::Identity;
use crate::config::{Api, Loaded, Tls};

const TEMPLATE: &str = include_str!("http.yaml");

/// The template with what the API asks for.
pub(super) fn template(api: &Api, loaded: &Loaded) -> anyhow::Result<String> {
    let listen = match &api.listen_tls {
        Some(tls) => listen_tls(api, &tls.value, loaded)?,
        None => String::new(),
    };
    let verified = api.identity.value.iter().any(|source| matches!(source, Identity::JwtAuthn(_)));
    Ok(TEMPLATE
        .replace("@downstream_tls", &listen)
        .replace("@upgrades", &upgrades(api))
        .replace("@verified", if verified { VERIFIED } else { "" })
        .replace("@options", if api.http2 { HTTP2 } else { "" })
        .replace("@tls", if api.target.tls == Tls::Direct { TLS } else { "" })
        .replace("@capabilities", &super::capabilities::yaml(super::HTTP_FILTER, 26)))
}

fn upgrades(api: &Api) -> String {
    if api.upgrades.is_empty() {
        return String::new();
    }
    let mut text = "                upgrade_configs:\n".to_owned();
    for upgrade in &api.upgrades {
        // INVARIANT: writing to a string cannot fail.
        let _ = writeln!(text, "                  - upgrade_type: {}", upgrade.value);
    }
    text
}

/// TLS between agents and Envoy. Where nothing but a certificate tells who an agent is, one is required.
fn listen_tls(api: &Api, tls: &ListenTls, loaded: &Loaded) -> anyhow::Result<String> {
    let file = |path: &Path| -> anyhow::Result<String> {
        // Envoy may be started from another folder.
        let path = std::path::absolute(loaded.folder.join(path))?;
        Ok(quoted(path.to_str().context("the path of a file of `listen_tls` is not text")?))
    };
    let mut text =
        DOWNSTREAM_TLS.replace("@certificate", &file(&tls.certificate)?).replace("@key", &file(&tls.key)?);
    if let Some(ca) = &tls.client_ca {
        let required = api.identity.value.iter().all(|source| matches!(source, Identity::Mtls(_)));
        text += &CLIENT_CA.replace("@ca", &file(ca)?).replace("@required", &required.to_string());
    }
    Ok(text)
}

const DOWNSTREAM_TLS: &str = r#"          transport_socket:
            name: envoy.transport_sockets.tls
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
              common_tls_context:
                alpn_protocols: [h2, http/1.1]
                tls_certificates:
                  - certificate_chain: { filename: @certificate }
                    private_key: { filename: @key }
"#;

const CLIENT_CA: &str = r"                # The filter believes the SPIFFE ID of a certificate that this verified: never without `trusted_ca`.
                validation_context:
                  trusted_ca: { filename: @ca }
              require_client_certificate: @required
";

const VERIFIED: &str = r"                  # Put your `envoy.filters.http.jwt_authn` here, with `payload_in_metadata` and `forward: false`. Until
                  # then nobody is known, and every request is refused.
";

const HTTP2: &str = r#"
      typed_extension_protocol_options:
        envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
          "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
          explicit_http_config:
            http2_protocol_options: {}
"#;

const TLS: &str = r#"
      # Add the server's CA and name (`validation_context`, `sni`) before this leaves a trusted network.
      transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
"#;
