//! What TLS tells of a client.

use rustls::pki_types::CertificateDer;
use rustls::{ProtocolVersion, ServerConnection};
use sha2::{Digest as _, Sha256};

use crate::state::{Certificate, Encryption};

/// Of a handshake that is done.
pub(super) fn of(session: &ServerConnection) -> Encryption {
    let version = match session.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
        // INVARIANT: there are no others.
        _ => "",
    };
    let certificate = session.peer_certificates().and_then(|chain| chain.first());
    Encryption {
        version: version.to_owned(),
        server_name: session.server_name().map(str::to_owned),
        certificate: certificate.map(verified),
    }
}

/// A certificate that was verified: whoever shows one has to be of the authorities'.
fn verified(certificate: &CertificateDer<'_>) -> Certificate {
    let digest = Sha256::digest(certificate);
    let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let Ok(parsed) = webpki::EndEntityCert::try_from(certificate) else {
        return Certificate { sha256, ..Certificate::default() };
    };
    Certificate {
        uri_sans: parsed.valid_uri_names().map(str::to_owned).collect(),
        dns_sans: parsed.valid_dns_names().map(str::to_owned).collect(),
        sha256,
    }
}
