//! Masks JSON bodies as the HTTP filter does.

use std::cell::RefCell;
use std::rc::Rc;

use gatewright_core::detect::{Config, Detector, Detectors};
use gatewright_core::mask::Method;
use gatewright_http::body::{Form, Limits, Masker, Options, Rules};

/// What a proxy hands over at once, in bytes.
const PIECE: usize = 64 << 10;
/// Least bytes of each body.
pub const SIZES: [usize; 3] = [1_000, 64_000, 10_000_000];

struct Work {
    rules: Rc<Rules>,
    body: Vec<u8>,
    out: Vec<u8>,
}

thread_local! {
    static WORK: RefCell<Option<Work>> = const { RefCell::new(None) };
}

/// Makes a body of that size ready (a position in [`SIZES`], and 16 more to search it by all detectors too); gives its
/// length in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn body(which: u32) -> u32 {
    let size = SIZES.get((which & 15) as usize).copied().unwrap_or_default();
    let detectors = (which & 16 != 0)
        .then(|| {
            Detectors::new(&Config { enabled: Detector::ALL.to_vec(), custom: Vec::new() }).ok().map(Rc::new)
        })
        .flatten();
    let pointers =
        ["/data/*/email", "/data/*/phone", "/data/*/ssn"].iter().filter_map(|text| text.parse().ok());
    let rules = Rules::new(
        pointers.map(|pointer| (pointer, Method::Partial)).collect(),
        Options { detectors, ..Options::default() },
    );
    let body = records(size);
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    WORK.replace(Some(Work { rules: Rc::new(rules), body, out: Vec::new() }));
    length
}

/// Masks the body so many times; gives how often it was read to its end and three pointers had an effect.
#[unsafe(no_mangle)]
pub extern "C" fn mask(rounds: u32) -> u32 {
    WORK.with_borrow_mut(|work| {
        let Some(Work { rules, body, out }) = work else { return 0 };
        let mut masked = 0_u32;
        for _ in 0..rounds {
            let Some(mut masker) = Masker::new(Form::Json, rules.clone(), Limits::default()) else {
                return 0;
            };
            let mut read = true;
            for piece in body.chunks(PIECE) {
                out.clear();
                read &= masker.push(piece, out).is_ok();
            }
            read &= masker.finish(out).is_ok();
            masked = masked.saturating_add(u32::from(read && masker.masked().len() == 3));
        }
        masked
    })
}

/// What an API answers: an object with an array of records of twenty fields.
fn records(size: usize) -> Vec<u8> {
    let mut body = br#"{"object":"list","has_more":false,"data":["#.to_vec();
    let mut n = 0_u32;
    while body.len() < size {
        if n > 0 {
            body.push(b',');
        }
        let record = format!(
            concat!(
                r#"{{"id":"cus_{n:08x}","object":"customer","name":"Ada Marsh {n}","email":"ada.marsh{n}@example.com","#,
                r#""phone":"+1 202 555 {p:04}","ssn":"219-09-{p:04}","created":17{n:08},"currency":"eur","balance":{b}.25,"#,
                r#""delinquent":false,"description":"Asked for the invoice of May again","language":"de","#,
                r#""newsletter":true,"address":{{"line1":"Hauptstraße {n}","city":"Köln","country":"DE"}},"#,
                r#""tags":["gold","returning"],"last_order":"2025-05-11T09:12:00Z","orders":{c},"#,
                r#""discount":null,"url":"https:\/\/shop.example.com\/customers\/{n}","status":"active"}}"#
            ),
            n = n,
            p = n % 9_000 + 1_000,
            b = n % 977,
            c = n % 31,
        );
        body.extend_from_slice(record.as_bytes());
        n = n.saturating_add(1);
    }
    body.extend_from_slice(b"]}");
    body
}
