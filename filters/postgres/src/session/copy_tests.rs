//! Rows of COPY, cut anywhere.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests may panic"
)]

use super::*;

/// The second of three columns is masked.
fn masks(form: CopyForm, method: Method) -> CopyMasks {
    let cells = vec![Cell::Pass, Cell::Mask(method), Cell::Pass];
    CopyMasks { cells, form, pending: Vec::new(), detectors: None, begun: false, ended: false }
}

/// What comes out of `rows`, in pieces of every size; the same for all, or `None` where one is refused.
fn masked(form: &CopyForm, method: Method, rows: &[u8]) -> Option<Vec<u8>> {
    let mut results = Vec::new();
    for size in 1..=rows.len().max(1) {
        let (mut masks, mut out) = (masks(form.clone(), method), Vec::new());
        let taken: Option<Vec<()>> =
            rows.chunks(size).map(|piece| masks.data(piece, b"key", 1000, &mut out)).collect();
        let mut data = Vec::new();
        let mut rest = out.as_slice();
        while let [b'd', a, b, c, d, tail @ ..] = rest {
            let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize - 4;
            data.extend_from_slice(&tail[..length]);
            rest = &tail[length..];
        }
        results.push(taken.filter(|_| masks.is_complete()).map(|_| data));
    }
    assert!(results.iter().all(|result| *result == results[0]), "{results:?}");
    results.remove(0)
}

fn text() -> CopyForm {
    CopyForm::Text { delimiter: b'\t', null: "\\N".to_owned(), header: false }
}

fn csv(header: bool) -> CopyForm {
    CopyForm::Csv { delimiter: b',', quote: b'"', escape: b'"', null: String::new(), header }
}

#[test]
fn text_is_masked_by_field() {
    let rows = b"1\t123-45-6789\tx\n2\t\\N\ty\\tz\n3\ta\\tb\\\\c\\nd\t\n";
    let seen = masked(&text(), Method::Partial, rows).unwrap();
    assert_eq!(String::from_utf8(seen).unwrap(), "1\t***-**-**89\tx\n2\t\\N\ty\\tz\n3\t******d\t\n");
    assert_eq!(masked(&text(), Method::Null, b"1\tsecret\tx\n").unwrap(), b"1\t\\N\tx\n");
    for malformed in ["1\tsecret\n", "1\tsecret\tx\ty\n", "1\tsecret\tx", "1\tsecret\\\tx\n"] {
        assert_eq!(masked(&text(), Method::Redact, malformed.as_bytes()), None, "{malformed:?}");
    }
}

#[test]
fn csv_is_masked_by_field() {
    let rows = b"a,b,c\n1,secret,x\n2,,\"y,\"\"z\nend\"\n3,\"se\"\"cr\n,et\",\n";
    let seen = masked(&csv(true), Method::Redact, rows).unwrap();
    assert_eq!(
        String::from_utf8(seen).unwrap(),
        "a,b,c\n1,\"[masked]\",x\n2,,\"y,\"\"z\nend\"\n3,\"[masked]\",\n"
    );
    assert_eq!(masked(&csv(false), Method::Redact, b"1,\"a\nb,c\n"), None);
    let odd =
        CopyForm::Csv { delimiter: b';', quote: b'\'', escape: b'\\', null: "-".to_owned(), header: false };
    assert_eq!(masked(&odd, Method::Hash, b"1;-;x\n").unwrap(), b"1;-;x\n");
    let seen = masked(&odd, Method::Redact, b"'\\'';'a;\\'b\\\\';x\n").unwrap();
    assert_eq!(seen, b"'\\'';'[masked]';x\n");
}

#[test]
fn binary_is_masked_by_field() {
    let mut rows = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
    let mut expected = rows.clone();
    let tuple = |values: [Option<&[u8]>; 3]| {
        let mut bytes = 3_i16.to_be_bytes().to_vec();
        for value in values {
            bytes.extend(value.map_or(-1, |value| value.len() as i32).to_be_bytes());
            bytes.extend_from_slice(value.unwrap_or_default());
        }
        bytes
    };
    rows.extend(tuple([Some(b"1"), Some(b"secret"), None]));
    expected.extend(tuple([Some(b"1"), Some(b"[masked]"), None]));
    rows.extend(tuple([Some(b""), None, Some(b"x")]));
    expected.extend(tuple([Some(b""), None, Some(b"x")]));
    let cut = rows.clone();
    rows.extend((-1_i16).to_be_bytes());
    expected.extend((-1_i16).to_be_bytes());
    assert_eq!(masked(&CopyForm::Binary, Method::Redact, &rows).unwrap(), expected);
    assert_eq!(masked(&CopyForm::Binary, Method::Redact, &cut), None, "no trailer");
    rows.push(0);
    assert_eq!(masked(&CopyForm::Binary, Method::Redact, &rows), None, "something behind the trailer");
    assert_eq!(masked(&CopyForm::Binary, Method::Redact, &cut[..25]), None);
}
