//! Memory stays bounded, whatever the body.
#![allow(unsafe_code, reason = "an allocator that counts")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::rc::Rc;

use gatewright_core::mask::Method;
use gatewright_http::body::{Decoder, Form, Limits, Masker, Options, Rules};

/// Most bytes above what there was before the body.
const MOST: isize = 2 << 20;
const PIECE: usize = 64 << 10;

struct Counting;

thread_local! {
    static USED: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(by: isize) {
    USED.set(USED.get() + by);
    PEAK.set(PEAK.get().max(USED.get()));
}

#[allow(clippy::cast_possible_wrap, reason = "no allocation is that large")]
// SAFETY: the system's allocator does all the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How much a body takes at most while it passes.
fn peak(form: Form, rules: &Rc<Rules>, pieces: impl Iterator<Item = Vec<u8>>) -> isize {
    let before = USED.get();
    PEAK.set(before);
    let mut masker = Masker::new(form, rules.clone(), Limits::default()).unwrap();
    let mut out = Vec::new();
    for piece in pieces {
        out.clear();
        masker.push(&piece, &mut out).expect("it can be read");
    }
    out.clear();
    masker.finish(&mut out).expect("it is whole");
    PEAK.get() - before
}

/// `head`, so many times `middle`, `tail`; in pieces.
fn body(head: &str, middle: &str, megabytes: usize, tail: &str) -> impl Iterator<Item = Vec<u8>> {
    let times = (PIECE / middle.len()).max(1);
    let piece = middle.repeat(times);
    let pieces = (megabytes << 20) / piece.len();
    std::iter::once(head.as_bytes().to_vec())
        .chain(std::iter::repeat_with(move || piece.clone().into_bytes()).take(pieces))
        .chain(std::iter::once(tail.as_bytes().to_vec()))
}

#[test]
fn no_body_takes_more() {
    // More than anybody wants to wait for without optimisation: `BODY_MEGABYTES=1024`.
    let size = std::env::var("BODY_MEGABYTES").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    let pointers =
        [("/**/ssn", Method::Partial), ("/data/*/email", Method::Redact), ("/hidden", Method::Hash)];
    let plain = support::rules(&pointers, Options::default());
    let detectors = support::detectors(&[]);
    // What the detectors' caches come to take is theirs, not the body's.
    let _ =
        detectors.as_ref().unwrap().replace("Ada ada@example.com 4242424242424242".repeat(1_000).as_bytes());
    let all = support::rules(&pointers, Options { detectors, embedded: true, ..Options::default() });
    let record = r#"{"id":7,"ssn":"219-09-9999","email":"ada@example.com","n":[1,2,{"a":"b"}]},"#;
    let (end, text) = ("null]}", "lorem ipsum \\u0061 dolor ");
    let embedded =
        serde_json::to_string(&format!("[{}]", record.repeat(600).trim_end_matches(','))).unwrap() + ",";
    let event = format!(
        "data: [{}]\n\n",
        format!("{{\"ssn\":1,\"a\":{embedded}\"b\":\"c\"}},").repeat(4).trim_end_matches(',')
    );
    let dense = "a@b.de ";
    for (name, form, head, middle, tail) in [
        ("records", Form::Json, "{\"data\":[", record, end),
        ("left out", Form::Json, "{\"ssn\":[", record, end),
        ("one string", Form::Json, "{\"a\":\"", text, "\"}"),
        ("one masked string", Form::Json, "{\"hidden\":\"", text, "\"}"),
        ("one string full of finds", Form::Json, "{\"a\":\"", dense, "\"}"),
        ("one number", Form::Json, "{\"a\":", "1234567890", "}"),
        ("one masked number", Form::Json, "{\"hidden\":", "1234567890", "}"),
        ("white space", Form::Json, "{\"a\":1", " \n", "}"),
        ("JSON in strings", Form::Json, "[", &embedded, "null]"),
        ("lines", Form::Ndjson, "", "{\"ssn\":1,\"a\":\"ada@example.com\"}\n", ""),
        ("events", Form::EventStream, "", "id: 1\ndata: {\"ssn\":1,\"a\":\"ada@example.com\"}\n\n", ""),
        ("long events", Form::EventStream, "", &event, ""),
        ("a form", Form::Urlencoded, "", "a=b+ada%40example.com&ssn=1&", "a=b"),
        ("text", Form::Text, "", "lorem ipsum ada@example.com dolor\n", ""),
        ("one word", Form::Text, "", "x", ""),
        ("a private key", Form::Text, "-----BEGIN PRIVATE KEY-----\n", "MIIEpAIBAAKCAQEA\n", ""),
    ] {
        for (which, rules) in [("pointers", &plain), ("everything", &all)] {
            let taken = peak(form, rules, body(head, middle, size, tail));
            println!("{name}, {which}: {:.0} KiB", taken as f64 / 1024.0);
            assert!(taken < MOST, "{name}, {which}: {taken} bytes");
        }
    }
}

#[test]
fn a_bomb_takes_no_more_than_one_yield() {
    let bomb = support::gzip(&vec![b' '; 64 << 20]);
    for coding in ["gzip", "gzip, gzip"] {
        let bomb = if coding == "gzip" { bomb.clone() } else { support::gzip(&bomb) };
        let before = USED.get();
        PEAK.set(before);
        let mut decoder = Decoder::new(Some(coding.as_bytes()), 1 << 20).unwrap();
        let mut yielded = 0;
        let error = decoder.push(&bomb, |part| {
            yielded += part.len();
            Ok(())
        });
        assert!(error.is_err() && yielded <= 1 << 20);
        assert!(PEAK.get() - before < 512 << 10, "{}", PEAK.get() - before);
    }
}
