//! The patterns of the detectors that are built in. What they match is checked; they must match whatever may pass
//! the check, and little else, because only a text in which none matches costs nothing more.

use super::{Check, Detector, card, email, iban, phone, secrets, ssn};

/// Letters of a local part or a label: ASCII, and the two-byte letters of UTF-8 (Latin, Greek, Cyrillic, …), but
/// none of the scripts that are written without spaces.
const EMAIL: &str = r"(?:[A-Za-z0-9._%+'-]|[\xc3-\xdf][\x80-\xbf])+@(?:[A-Za-z0-9-]|[\xc3-\xdf][\x80-\xbf])+(?:\.(?:[A-Za-z0-9-]|[\xc3-\xdf][\x80-\xbf])+)+";

const CARD: &str = r"\b[2-6][0-9](?:[ -]?[0-9]){11,17}";

const SSN: &str = r"\b[0-9]{3}(?:-[0-9]{2}-| [0-9]{2} )[0-9]{4}\b";

const PHONE: &str = concat!(
    r"\+[1-9](?:[ .()/-]{0,2}[0-9]){7,14}",
    r"|(?:\([2-9][0-9]{2}\) ?|\b[2-9][0-9]{2}[.-])[2-9][0-9]{2}[ .-][0-9]{4}\b"
);

const IBAN: &str = r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}";

const JWT: &str = r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+){0,3}";

const AWS_KEY: &str = concat!(
    r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b",
    r#"|(?i:secret_?(?:access)?_?key)["' \t]{0,4}(?:=>|[:=])["' \t]{0,4}[A-Za-z0-9/+]{40}"#
);

const PRIVATE_KEY: &str =
    r"-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-[0-9]:";

/// Prefixes that the issuers publish so that leaked keys are found.
const API_KEY: &str = concat!(
    // Payments.
    r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}|\bwhsec_[A-Za-z0-9+/]{32,}|\bsq0(?:atp|csp)-[A-Za-z0-9_-]{22,}",
    r"|\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}",
    // Source code and packages.
    r"|\bgh[oprsu]_[A-Za-z0-9]{36,}|\bgithub_pat_[A-Za-z0-9_]{40,}",
    r"|\bgl(?:pat|dt|rt|cbt|ptt|oas|soat|ft|imt|agent)-[A-Za-z0-9_-]{20,}",
    r"|\bnpm_[A-Za-z0-9]{36}|\bpypi-AgEI[A-Za-z0-9_-]{50,}",
    // Messages.
    r"|\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bxapp-[0-9]-[A-Za-z0-9-]{20,}",
    r"|\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}|\bSK[0-9a-f]{32}\b",
    r"|hooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{16,}",
    // Clouds, data and models.
    r"|\bAIza[A-Za-z0-9_-]{35}|\bGOCSPX-[A-Za-z0-9_-]{28}|\bya29\.[A-Za-z0-9_-]{20,}",
    r"|\bdo[opr]_v1_[a-f0-9]{64}|\bdapi[a-f0-9]{32}\b|\bhf_[A-Za-z0-9]{34}|\bhv[bsr]\.[A-Za-z0-9_-]{24,}",
    r"|\bsk-(?:proj|svcacct|admin|ant)-[A-Za-z0-9_-]{32,}|\bsk-[A-Za-z0-9]{48}\b",
    r"|\bAGE-SECRET-KEY-1[A-Z0-9]{58}",
);

/// Pattern and check of a detector.
pub(super) fn rule(detector: Detector) -> (&'static str, Check) {
    match detector {
        Detector::Email => (EMAIL, email::check),
        Detector::PaymentCard => (CARD, card::check),
        Detector::UsSsn => (SSN, ssn::check),
        Detector::Phone => (PHONE, phone::check),
        Detector::Iban => (IBAN, iban::check),
        Detector::Jwt => (JWT, secrets::jwt),
        Detector::AwsKey => (AWS_KEY, secrets::aws_key),
        Detector::PrivateKey => (PRIVATE_KEY, secrets::private_key),
        Detector::ApiKey => (API_KEY, secrets::api_key),
    }
}

/// The byte before `at`, and the one before that.
pub(super) fn before(text: &[u8], at: usize) -> (Option<u8>, Option<u8>) {
    let back = |n| at.checked_sub(n).and_then(|at| text.get(at)).copied();
    (back(1), back(2))
}

/// The byte at `at`, and the one after it.
pub(super) fn after(text: &[u8], at: usize) -> (Option<u8>, Option<u8>) {
    (text.get(at).copied(), text.get(at.saturating_add(1)).copied())
}

/// Whether the neighbours at one side show that digits go on there: `-4`, `.4`. First the nearer one.
pub(super) fn goes_on((next, beyond): (Option<u8>, Option<u8>), separators: &[u8]) -> bool {
    next.is_some_and(|byte| byte.is_ascii_alphanumeric())
        || (next.is_some_and(|byte| separators.contains(&byte))
            && beyond.is_some_and(|byte| byte.is_ascii_digit()))
}
