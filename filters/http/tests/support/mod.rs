//! What the suites share: rules, bodies in pieces, and codings.
#![allow(dead_code, clippy::expect_used, reason = "each suite uses a part, and a test may panic")]

use std::io::Write as _;
use std::rc::Rc;

use gatewright_core::detect::{Config, Custom, Detector, Detectors};
use gatewright_core::mask::Method;
use gatewright_http::body::{Form, Limits, Masker, Options, Rules, Unreadable};

pub(crate) fn detectors(custom: &[(&str, &str)]) -> Option<Rc<Detectors>> {
    let custom = custom
        .iter()
        .map(|(name, pattern)| Custom { name: (*name).into(), pattern: (*pattern).into() })
        .collect();
    Some(Rc::new(Detectors::new(&Config { enabled: Detector::ALL.to_vec(), custom }).expect("they compile")))
}

pub(crate) fn rules(pointers: &[(&str, Method)], options: Options) -> Rc<Rules> {
    let pointers =
        pointers.iter().map(|(text, method)| (text.parse().expect("a pointer"), *method)).collect();
    Rc::new(Rules::new(pointers, options))
}

/// Rules of every kind: with pointers, detectors, and strings that are JSON, each by a bit.
pub(crate) fn any_rules(how: u8) -> Rc<Rules> {
    thread_local! {
        static RULES: [Rc<Rules>; 8] = [0, 1, 2, 3, 4, 5, 6, 7].map(|how: u8| {
            let pointers: &[_] =
                &[("/**/ssn", Method::Redact), ("/a/*", Method::Partial), ("/id", Method::Null)];
            let detectors = if how & 2 == 0 { None } else { detectors(&[]) };
            let options = Options { detectors, embedded: how & 4 != 0, ..Options::default() };
            rules(if how & 1 == 0 { &[] } else { pointers }, options)
        });
    }
    RULES.with(|all| all[usize::from(how & 7)].clone())
}

/// What came out, and what had an effect.
pub(crate) type Outcome = Result<(Vec<u8>, Vec<String>), Unreadable>;

/// Masks a body in the pieces given, and gives what was written too where it cannot be read.
pub(crate) fn pieces<'a>(
    form: Form,
    rules: &Rc<Rules>,
    limits: Limits,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Outcome, Vec<u8>) {
    let mut masker = Masker::new(form, rules.clone(), limits).expect("a form that can be read");
    let mut out = Vec::new();
    for piece in pieces {
        if let Err(error) = masker.push(piece, &mut out) {
            return (Err(error), out);
        }
    }
    if let Err(error) = masker.finish(&mut out) {
        return (Err(error), out);
    }
    let masked = masker.masked().into_iter().map(str::to_owned).collect();
    (Ok((out.clone(), masked)), out)
}

pub(crate) fn whole(form: Form, rules: &Rc<Rules>, body: &[u8]) -> Outcome {
    pieces(form, rules, Limits::default(), [body]).0
}

/// As text, where it can be read.
pub(crate) fn text(form: Form, rules: &Rc<Rules>, body: &str) -> String {
    String::from_utf8(whole(form, rules, body.as_bytes()).expect("it can be read").0).expect("text")
}

pub(crate) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body).expect("memory");
    encoder.finish().expect("memory")
}

pub(crate) fn zlib(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body).expect("memory");
    encoder.finish().expect("memory")
}

pub(crate) fn deflate(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body).expect("memory");
    encoder.finish().expect("memory")
}

/// Brotli without compression: one uncompressed meta-block (RFC 7932, section 9.2) and an empty last one.
pub(crate) fn brotli(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() - 1).expect("short");
    assert!(length < 1 << 16, "four nibbles");
    // WBITS 16, not the last, four nibbles, MLEN - 1, uncompressed.
    let bits = (length << 4) | (1 << 20);
    let mut out = bits.to_le_bytes()[..3].to_vec();
    out.extend_from_slice(body);
    out.push(3);
    out
}
