//! The bootstrap's parts that depend on an API's configuration.

use std::fmt::Write as _;

use crate::config::Api;
use crate::config::values::Tls;

const TEMPLATE: &str = include_str!("http.yaml");

/// The template with what the API asks for.
pub(super) fn template(api: &Api) -> String {
    let connect = api.upgrades.iter().any(|upgrade| upgrade.value.eq_ignore_ascii_case("connect"));
    TEMPLATE
        .replace("@upgrades", &upgrades(api))
        .replace("@connect", if connect { CONNECT } else { "" })
        .replace("@options", if api.http2 { HTTP2 } else { "" })
        .replace("@tls", if api.target.tls == Tls::Direct { TLS } else { "" })
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

const CONNECT: &str = r"                        - match: { connect_matcher: {} }
                          route:
                            cluster: gatewright_target
                            timeout: 0s
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
