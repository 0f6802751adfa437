#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use proptest::prelude::*;

use super::*;

fn fault(text: &str) -> Option<Malformed> {
    Document::read(text.as_bytes()).err()
}

fn canonical(text: &str) -> String {
    let mut out = String::new();
    Document::read(text.as_bytes()).unwrap().root().to_value().canonical(&mut out);
    out
}

#[test]
fn what_readers_read_differently_is_refused() {
    type Of = fn(usize) -> Malformed;
    let cases: &[(&str, Of)] = &[
        (r#"{"a":1,"a":2}"#, Malformed::DuplicateName),
        (r#"{"a":1,"\u0061":2}"#, Malformed::DuplicateName),
        (r#"{"x":[{"b":{"c":1,"d":2,"c":1}}]}"#, Malformed::DuplicateName),
        (r#"{"":1,"":2}"#, Malformed::DuplicateName),
        (r#"{"a\u0000b":1}"#, Malformed::NulInName),
        (r#""\ud800""#, Malformed::LoneSurrogate),
        (r#""\udc00\ud800""#, Malformed::LoneSurrogate),
        (r#""\ud800\u0041""#, Malformed::LoneSurrogate),
        (r#"{"\ud83d":1}"#, Malformed::LoneSurrogate),
        ("NaN", Malformed::Syntax),
        ("-Infinity", Malformed::Syntax),
        ("[1,]", Malformed::Syntax),
        (r#"{"a":1,}"#, Malformed::Syntax),
        ("{a:1}", Malformed::Syntax),
        ("{'a':1}", Malformed::Syntax),
        ("01", Malformed::Syntax),
        ("-01", Malformed::Syntax),
        ("+1", Malformed::Syntax),
        (".5", Malformed::Syntax),
        ("5.", Malformed::Syntax),
        ("1e", Malformed::Syntax),
        ("-", Malformed::Syntax),
        ("0x10", Malformed::Trailing),
        ("1_000", Malformed::Trailing),
        ("{}{}", Malformed::Trailing),
        ("{} // comment", Malformed::Trailing),
        ("/* */ {}", Malformed::Syntax),
        ("\"a\nb\"", Malformed::Syntax),
        ("\"a\u{0}b\"", Malformed::Syntax),
        (r#""\x41""#, Malformed::Syntax),
        (r#""\u00g0""#, Malformed::Syntax),
        (r#""\u+041""#, Malformed::Syntax),
        (r#""open"#, Malformed::Syntax),
        ("", Malformed::Syntax),
        ("\u{a0}1", Malformed::Syntax),
        ("\u{c}1", Malformed::Syntax),
        ("nulL", Malformed::Syntax),
    ];
    for (text, of) in cases {
        let fault = fault(text).unwrap_or_else(|| panic!("{text} is read"));
        let at = text.len();
        assert_eq!(std::mem::discriminant(&fault), std::mem::discriminant(&of(at)), "{text}: {fault}");
    }
    assert_eq!(fault("\u{feff}{}"), Some(Malformed::ByteOrderMark));
    for bytes in [&b"\"\xff\""[..], b"\"\xc0\xaf\"", b"\"\xed\xa0\x80\"", b"\xff\xfe{\0}\0"] {
        assert!(matches!(Document::read(bytes), Err(Malformed::NotUtf8(_))), "{bytes:?}");
    }
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(fault(&nested(MAX_DEPTH)), None);
    assert_eq!(fault(&nested(MAX_DEPTH + 1)), Some(Malformed::TooDeep(MAX_DEPTH)));
    assert!(fault(&nested(200_000)).is_some());
}

#[test]
fn numbers_are_exact() {
    let number = |text: &str| Document::read(text.as_bytes()).unwrap().root().to_value();
    for (text, long) in [
        ("0", 0),
        ("-0", 0),
        ("-0.0e7", 0),
        ("9223372036854775807", i64::MAX),
        ("-9223372036854775808", i64::MIN),
        ("9007199254740993", 9_007_199_254_740_993),
        ("1e2", 100),
        ("100.0", 100),
        ("1.5E+1", 15),
        ("1200e-2", 12),
    ] {
        assert_eq!(number(text), Value::Long(long), "{text}");
    }
    for (text, decimal) in [
        ("12.50", "12.5"),
        ("-0.0001", "-0.0001"),
        ("1e-4", "0.0001"),
        ("922337203685477.5807", "922337203685477.5807"),
    ] {
        assert_eq!(number(text), Value::Decimal(decimal.to_owned()), "{text}");
    }
    for (text, other) in [
        ("9223372036854775808", "9223372036854775808e0"),
        ("922337203685477.5808", "9223372036854775808e-4"),
        ("0.1000000000000000055", "1000000000000000055e-19"),
        ("1e400", "1e400"),
        ("0e400000000000000000000", "0e400000000000000000000"),
        ("1e99999999999999999999", "1e99999999999999999999"),
    ] {
        assert_eq!(number(text), Value::Number(other.to_owned()), "{text}");
    }
}

#[test]
fn one_text_for_each_value() {
    for (text, expected) in [
        (r#" { "b" : [ 1.0 , 2e0 ] , "a" : "\u0041\/" } "#, r#"{"a":"A/","b":[1,2]}"#),
        // RFC 8785 section 3.2.3: by UTF-16 code units, not by code points.
        (
            "{\"\u{fb33}\":1,\"\u{1f600}\":2,\"\u{20ac}\":3}",
            "{\"\u{20ac}\":3,\"\u{1f600}\":2,\"\u{fb33}\":1}",
        ),
        (r#""\u000f\n\u0008\"\\""#, r#""\u000f\n\b\"\\""#),
    ] {
        assert_eq!(canonical(text), expected);
        assert_eq!(canonical(expected), expected);
    }
}

#[test]
fn fields_by_pointer() {
    let body = br#"{"amount":12,"customer":{"id":"c1","tags":["a","b"]},"a/b":{"m~n":null}}"#;
    let of = |pointer: &str| {
        let found = fields(body, &[((), Pointer::parse(pointer).unwrap())]).unwrap();
        found.into_iter().next().map(|((), value)| value)
    };
    assert_eq!(of("/amount"), Some(Value::Long(12)));
    assert_eq!(of("/customer/id"), Some(Value::Text("c1".to_owned())));
    assert_eq!(of("/customer/tags/1"), Some(Value::Text("b".to_owned())));
    assert_eq!(of("/a~1b/m~0n"), Some(Value::Null));
    for absent in ["/nothing", "/customer/tags/2", "/customer/tags/01", "/customer/tags/-", "/amount/x"] {
        assert_eq!(of(absent), None, "{absent}");
    }
    for wrong in ["amount", "/a~", "/a~2"] {
        assert!(Pointer::parse(wrong).is_err(), "{wrong}");
    }
    for variant in
        [r#"{"amount":1,"Amount":100}"#, r#"{"AMOUNT":100}"#, r#"{"amoun\u0074":1,"amoun\uff54":2}"#]
    {
        let pointers = [((), Pointer::parse("/amount").unwrap())];
        assert_eq!(fields(variant.as_bytes(), &pointers), Err(Malformed::CaseVariant(0)), "{variant}");
    }
}

#[test]
fn positions_are_of_the_text() {
    let document = Document::read(br#"{"a": [1, {"b":2}, "x"], "c": {}}"#).unwrap();
    let raw: Vec<_> = document.root().member("a").unwrap().unwrap().elements().map(Item::raw).collect();
    assert_eq!(raw, ["1", r#"{"b":2}"#, "\"x\""]);
    let names: Vec<_> = document.root().members().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["a", "c"]);
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::btree_map("[^\\x00]{0,6}", inner, 0..5)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

/// As serde_json has it; numbers of more digits than a double holds become doubles.
fn theirs(value: &Value) -> serde_json::Value {
    let mut text = String::new();
    value.canonical(&mut text);
    serde_json::from_str(&text).unwrap()
}

proptest! {
    #[test]
    fn reads_what_serde_json_writes(value in json()) {
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let document = Document::read(text.as_bytes()).unwrap();
            let ours = theirs(&document.root().to_value());
            let same = serde_json::from_str::<serde_json::Value>(&text).unwrap();
            prop_assert_eq!(as_doubles(ours), as_doubles(same));
        }
    }

    #[test]
    fn takes_no_more_than_serde_json(text in "[\\[\\]{},:\"a\\\\ue0-9.+\\- tru]{0,24}") {
        let ours = Document::read(text.as_bytes());
        let serde = serde_json::from_str::<serde_json::Value>(&text);
        match (&ours, &serde) {
            (Ok(_), Err(error)) => prop_assert!(error.to_string().contains("out of range"), "{} {}", text, error),
            (Err(fault), Ok(_)) => prop_assert!(
                matches!(fault, Malformed::DuplicateName(_) | Malformed::NulInName(_)), "{} {:?}", text, fault
            ),
            _ => {}
        }
    }

    #[test]
    fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(document) = Document::read(&bytes) {
            let mut text = String::new();
            document.root().to_value().canonical(&mut text);
            let mut again = String::new();
            Document::read(text.as_bytes()).unwrap().root().to_value().canonical(&mut again);
            prop_assert_eq!(text, again);
        }
    }
}

fn as_doubles(value: serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Number(number) => number.as_f64().unwrap().into(),
        serde_json::Value::Array(values) => values.into_iter().map(as_doubles).collect(),
        serde_json::Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, as_doubles(value))).collect()
        }
        other => other,
    }
}
