//! Ways to get a masked value past the masks: none may show it, in any spelling. What cannot be read with certainty is
//! refused; the rest is masked, and what nobody masks stays.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use gatewright_core::mask::Method;
use gatewright_http::body::{Decoder, Form, Limits, Masker, Options};
use support::{brotli, deflate, gzip, rules, zlib};

/// What must never come out.
const CANARY: &str = "CANARY7f3a";
/// The same as a number.
const NUMBER: &str = "7391846025";

/// What is expected of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// It is read, `Ada` stays, and the canary does not.
    Masked,
    /// It is read, and nothing has to stay.
    Hidden,
    /// It is refused, and the canary is not in what had been written by then.
    Refused,
    /// The caller is told that nothing can be masked.
    Opaque,
}
use Expected::{Hidden, Masked, Opaque, Refused};

struct Case {
    name: String,
    content_type: Vec<u8>,
    coding: Option<String>,
    body: Vec<u8>,
    expected: Expected,
}

fn case(name: &str, content_type: &str, body: impl Into<Vec<u8>>, expected: Expected) -> Case {
    Case {
        name: name.to_owned(),
        content_type: content_type.into(),
        coding: None,
        body: body.into(),
        expected,
    }
}

fn coded(name: &str, coding: &str, body: impl Into<Vec<u8>>, expected: Expected) -> Case {
    Case { coding: Some(coding.to_owned()), ..case(name, "application/json", body, expected) }
}

const PLAIN: &str = r#"{"name":"Ada","ssn":"CANARY7f3a"}"#;

/// JSON bodies, with `$` for the canary.
const JSON: &[(&str, &str, Expected)] = &[
    ("plain", r#"{"name":"Ada","ssn":"$"}"#, Masked),
    ("escape in the key", r#"{"name":"Ada","\u0073sn":"$"}"#, Masked),
    ("key all escapes", r#"{"name":"Ada","\u0073\u0073\u006e":"$"}"#, Masked),
    ("escapes in upper case", r#"{"name":"Ada","\u0053\u0053\u004E":"$"}"#, Masked),
    ("key in upper case", r#"{"name":"Ada","SSN":"$"}"#, Masked),
    ("key in mixed case", r#"{"name":"Ada","sSn":"$"}"#, Masked),
    ("long s, as Go's JSON folds it", r#"{"name":"Ada","ſſn":"$"}"#, Masked),
    ("long s escaped", r#"{"name":"Ada","\u017fSN":"$"}"#, Masked),
    ("duplicate key, later", r#"{"ssn":null,"name":"Ada","ssn":"$"}"#, Masked),
    ("duplicate key, earlier", r#"{"ssn":"$","name":"Ada","ssn":null}"#, Masked),
    ("duplicate key, spelt otherwise", r#"{"ssn":"x","name":"Ada","s\u0073n":"$"}"#, Masked),
    ("duplicate container", r#"{"a":{"ssn":1},"a":{"ssn":"$"},"name":"Ada"}"#, Masked),
    ("escapes in the value", r#"{"name":"Ada","ssn":"\u0043ANARY7f3a"}"#, Masked),
    ("surrogates beside it", r#"{"name":"Ada","ssn":"\ud83d\ude00$"}"#, Masked),
    ("quotation mark before it", r#"{"name":"Ada","ssn":"a\"$"}"#, Masked),
    ("escape at the string's end", r#"{"name":"Ada","x":"\\","ssn":"$\\"}"#, Masked),
    ("end of string that is none", r#"{"name":"Ada","ssn":"\\\"$\\\\"}"#, Masked),
    ("object", r#"{"ssn":{"value":"$"},"name":"Ada"}"#, Masked),
    ("array", r#"{"ssn":["$",["$"],{"$":"$"}],"name":"Ada"}"#, Masked),
    ("brackets in strings", r#"{"ssn":["]}","$","[{"],"name":"Ada"}"#, Masked),
    ("as a key of what is masked", r#"{"ssn":{"$":1},"name":"Ada"}"#, Masked),
    ("number", r#"{"name":"Ada","ssn":7391846025}"#, Masked),
    ("negative number", r#"{"name":"Ada","ssn":-7391846025.0}"#, Masked),
    ("number with exponent", r#"{"name":"Ada","ssn":7391846025e0}"#, Masked),
    (
        "huge number",
        r#"{"name":"Ada","ssn":7391846025000000000000000000000000000000000000000000E400}"#,
        Masked,
    ),
    ("in an array of arrays", r#"[[["Ada",{"ssn":"$"}]]]"#, Masked),
    ("white space everywhere", " {\t\"name\"\r\n:\"Ada\" ,\n\"ssn\" \t: \r\"$\" } \n", Masked),
    ("byte order mark", "\u{feff}{\"name\":\"Ada\",\"ssn\":\"$\"}", Masked),
    ("empty keys around", r#"{"":{"":{"ssn":"$","":1}},"name":"Ada"}"#, Masked),
    ("NUL escaped in another key", r#"{"ssn\u0000":"x","ssn":"$","name":"Ada"}"#, Masked),
    ("after many siblings", r#"{"a":1,"b":[1,2,{"c":null}],"d":"e","ssn":"$","name":"Ada"}"#, Masked),
    ("array first", r#"[1,{"ssn":"$"},"Ada"]"#, Masked),
    // Strings that hold JSON.
    ("JSON in a string", r#"{"name":"Ada","text":"{\"ssn\":\"$\",\"a\":\"b\"}"}"#, Masked),
    ("JSON in a string, key escaped twice", r#"{"name":"Ada","text":"{\"\\u0073sn\":\"$\"}"}"#, Masked),
    (
        "JSON in a string, quotation marks escaped",
        r#"{"name":"Ada","text":"{\u0022ssn\u0022:\u0022$\u0022}"}"#,
        Masked,
    ),
    ("JSON in a string, bracket escaped", r#"{"name":"Ada","text":"\u007b\"ssn\":\"$\"\u007d"}"#, Masked),
    ("JSON array in a string", r#"{"name":"Ada","text":"[1,{\"ssn\":\"$\"}]"}"#, Masked),
    (
        "MCP result",
        r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"{\"rows\":[{\"name\":\"Ada\",\"ssn\":\"$\"}]}"}]}}"#,
        Masked,
    ),
    ("JSON in JSON in a string", r#"{"name":"Ada","a":"{\"b\":\"{\\\"ssn\\\":\\\"$\\\"}\"}"}"#, Masked),
    ("a JSON string in a string", r#"{"name":"Ada","a":"\"{\\\"ssn\\\":\\\"$\\\"}\""}"#, Masked),
    ("white space before JSON in a string", r#"{"name":"Ada","a":"\n\t {\"ssn\":\"$\"}\n"}"#, Masked),
    ("byte order mark in a string", r#"{"name":"Ada","a":"\ufeff{\"ssn\":\"$\"}"}"#, Masked),
    ("lines of JSON in a string", r#"{"name":"Ada","a":"{\"ssn\":\"$\"}\n{\"ssn\":\"$\"}"}"#, Masked),
    ("Python in a string", r#"{"name":"Ada","a":"{'ssn': '$', 'x': None}"}"#, Masked),
    ("JavaScript in a string", r#"{"name":"Ada","a":"{ssn: '$'}"}"#, Masked),
    ("trailing comma in a string", r#"{"name":"Ada","a":"{\"ssn\":\"$\",}"}"#, Masked),
    ("truncated JSON in a string", r#"{"name":"Ada","a":"{\"x\":{\"ssn\":\"$"}"#, Masked),
    ("comment in a string", r#"{"name":"Ada","a":"{/**/\"ssn\":\"$\"}"}"#, Masked),
    ("fenced JSON in a string", r#"{"name":"Ada","a":"here:\n```json\n{\"ssn\": \"$\"}\n```"}"#, Masked),
    ("prose before JSON in a string", r#"{"name":"Ada","a":"Result: {\"ssn\" : \"$\"}"}"#, Masked),
    ("NaN in a string", r#"{"name":"Ada","a":"{\"x\":NaN,\"ssn\":\"$\"}"}"#, Masked),
    // Not JSON.
    ("NaN", r#"{"x":NaN,"ssn":"$"}"#, Refused),
    ("Infinity", r#"{"x":Infinity,"ssn":"$"}"#, Refused),
    ("negative Infinity", r#"{"x":-Infinity,"ssn":"$"}"#, Refused),
    ("undefined", r#"{"x":undefined,"ssn":"$"}"#, Refused),
    ("TRUE", r#"{"x":TRUE,"ssn":"$"}"#, Refused),
    ("a word that begins like one", r#"{"x":nulls,"ssn":"$"}"#, Refused),
    ("trailing comma in an object", r#"{"ssn":"$",}"#, Refused),
    ("trailing comma in an array", r#"[{"ssn":"$"},]"#, Refused),
    ("leading comma", r#"[,{"ssn":"$"}]"#, Refused),
    ("two commas", r#"[1,,{"ssn":"$"}]"#, Refused),
    ("no comma", r#"{"a":1 "ssn":"$"}"#, Refused),
    ("no colon", r#"{"a" 1,"ssn":"$"}"#, Refused),
    ("two colons", r#"{"ssn"::"$"}"#, Refused),
    ("line comment", "{//\"\n\"ssn\":\"$\"}", Refused),
    ("block comment", r#"{/*"*/"ssn":"$"}"#, Refused),
    ("hash comment", "#\n{\"ssn\":\"$\"}", Refused),
    ("single quotes", r#"{'ssn':'$'}"#, Refused),
    ("bare key", r#"{ssn:"$"}"#, Refused),
    ("number as a key", r#"{1:"$"}"#, Refused),
    ("null as a key", r#"{null:"$"}"#, Refused),
    ("two texts", r#"{"a":1}{"ssn":"$"}"#, Refused),
    ("two texts on lines", "{\"a\":1}\n{\"ssn\":\"$\"}", Refused),
    ("something after the text", r#"{"a":1};"$""#, Refused),
    ("prefix against inclusion", ")]}',\n{\"ssn\":\"$\"}", Refused),
    ("JSONP", r#"callback({"ssn":"$"})"#, Refused),
    ("line feed in a string", "{\"a\":\"\n\",\"ssn\":\"$\"}", Refused),
    ("tab in a string", "{\"a\":\"\t\",\"ssn\":\"$\"}", Refused),
    ("NUL in a string", "{\"a\":\"\0\",\"ssn\":\"$\"}", Refused),
    ("control character in a key", "{\"ss\u{1}n\":\"$\"}", Refused),
    ("NUL after the text", "{\"a\":1}\0{\"ssn\":\"$\"}", Refused),
    ("high half of a surrogate pair", r#"{"a":"\ud800","ssn":"$"}"#, Refused),
    ("low half of a surrogate pair", r#"{"a":"\udc00","ssn":"$"}"#, Refused),
    ("halves in the wrong order", r#"{"a":"\udc00\ud800","ssn":"$"}"#, Refused),
    ("high half and a letter", r#"{"a":"\ud800\u0061","ssn":"$"}"#, Refused),
    ("high half and another escape", r#"{"a":"\ud800\n","ssn":"$"}"#, Refused),
    ("half of a pair in the key", r#"{"ssn\ud800":"$"}"#, Refused),
    ("escape \\x", r#"{"\x73sn":"$"}"#, Refused),
    ("escape of a quote", r#"{"a":"\'","ssn":"$"}"#, Refused),
    ("escape with three digits", r#"{"\u073sn":"$"}"#, Refused),
    ("escape with braces", r#"{"\u{73}sn":"$"}"#, Refused),
    ("escape of a line end", "{\"a\":\"\\\n\",\"ssn\":\"$\"}", Refused),
    ("leading zero", r#"{"a":01,"ssn":"$"}"#, Refused),
    ("leading plus", r#"{"a":+1,"ssn":"$"}"#, Refused),
    ("leading point", r#"{"a":.5,"ssn":"$"}"#, Refused),
    ("trailing point", r#"{"a":1.,"ssn":"$"}"#, Refused),
    ("hexadecimal", r#"{"a":0x10,"ssn":"$"}"#, Refused),
    ("separators of digits", r#"{"a":1_000,"ssn":"$"}"#, Refused),
    ("no exponent", r#"{"a":1e,"ssn":"$"}"#, Refused),
    ("brackets that do not match", r#"{"a":[1},"ssn":"$"}"#, Refused),
    ("one bracket too many", r#"{"a":1}],"ssn":"$""#, Refused),
    ("two byte order marks", "\u{feff}\u{feff}{\"ssn\":\"$\"}", Refused),
    ("byte order mark inside", "{\u{feff}\"ssn\":\"$\"}", Refused),
    ("form feed", "{\u{c}\"ssn\":\"$\"}", Refused),
    ("vertical tab", "{\u{b}\"ssn\":\"$\"}", Refused),
    ("no-break space", "{\u{a0}\"ssn\":\"$\"}", Refused),
    ("line separator", "{\u{2028}\"ssn\":\"$\"}", Refused),
    ("record separator", "\u{1e}{\"ssn\":\"$\"}", Refused),
    ("truncated in the value", r#"{"name":"Ada","ssn":"$"#, Refused),
    ("truncated in a key", r#"{"name":"Ada","ssn":"$","na"#, Refused),
    ("truncated after the colon", r#"{"ssn":"$","a":"#, Refused),
    ("truncated in a number", r#"{"ssn":"$","a":-"#, Refused),
    ("truncated in a word", r#"{"ssn":"$","a":tru"#, Refused),
    ("truncated before the end", r#"{"ssn":"$""#, Refused),
    ("UTF-7", "+AHsAIg-ssn+ACIAOgAi-$+ACIAfQ-", Refused),
];

/// Byte sequences that are not UTF-8, in the middle of a value.
const BYTES: &[(&str, &[u8])] = &[
    ("stray byte", b"\xff"),
    ("continuation alone", b"\x80"),
    ("overlong solidus", b"\xc0\xaf"),
    ("overlong quotation mark", b"\xc0\xa2"),
    ("overlong in three bytes", b"\xe0\x80\xa2"),
    ("overlong in four bytes", b"\xf0\x80\x80\xa2"),
    ("surrogate in UTF-8", b"\xed\xa0\x80"),
    ("beyond Unicode", b"\xf4\x90\x80\x80"),
    ("five bytes", b"\xf8\x88\x80\x80\x80"),
    ("character cut by the end", b"\xe2\x82"),
    ("Latin-1", b"\xe4"),
];

/// Content types that go with `PLAIN`.
const TYPES: &[(&str, Expected)] = &[
    ("application/json;charset=utf-8", Masked),
    ("application/problem+json", Masked),
    ("text/json", Masked),
    ("APPLICATION/JSON", Masked),
    ("application/json; charset=\"utf\\-8\"", Masked),
    ("text/plain", Masked),
    ("text/html;charset=us-ascii", Masked),
    ("application/jsonl", Masked),
    ("application/json;charset=utf-7", Refused),
    ("application/json; charset=UTF-16", Refused),
    ("application/json; charset=\"utf-7\"", Refused),
    ("application/json; charset=\"utf-\\7\"", Refused),
    ("application/json; charset=utf-8; charset=utf-7", Refused),
    ("application/json; charset=utf-7; charset=utf-8", Refused),
    ("application/json; CHARSET=utf-16le", Refused),
    ("application/json;;charset=iso-2022-jp", Refused),
    ("application/json; charset=", Refused),
    ("application/json; charset = utf-7", Refused),
    ("application/json; charset", Refused),
    ("application/json; x=\"", Refused),
    ("application/json, text/html", Refused),
    ("application/json text/html", Refused),
    ("text/plain; charset=iso-8859-1", Refused),
    ("json", Refused),
    ("", Refused),
    ("/json", Refused),
    ("application/", Refused),
    ("application/json-seq", Refused),
    ("application/octet-stream", Opaque),
    ("multipart/mixed; boundary=a", Opaque),
    ("multipart/form-data; boundary=\"a b\"", Opaque),
    ("application/xml", Opaque),
    ("application/javascript", Opaque),
    ("image/svg+xml", Opaque),
    ("application/x-protobuf", Opaque),
    ("application/cbor", Opaque),
];

/// Bodies of other types.
const OTHER: &[(&str, &str, &str, Expected)] = &[
    ("lines", "application/x-ndjson", "{\"name\":\"Ada\"}\n\n{\"ssn\":\"$\"}\r\n{\"SSN\":\"$\"}", Masked),
    ("a line that is no JSON", "application/x-ndjson", "{\"ssn\":\"$\"}\nssn=$\n", Refused),
    ("a text over two lines", "application/x-ndjson", "{\"a\":1,\n\"ssn\":\"$\"}\n", Refused),
    ("two texts in one line", "application/x-ndjson", "{\"a\":1} {\"ssn\":\"$\"}\n", Refused),
    ("a line cut short", "application/jsonl", "{\"ssn\":\"$\"}\n{\"ssn\":\"$", Refused),
    ("sequence", "application/json-seq", "\u{1e}{\"name\":\"Ada\"}\n\u{1e}{\"ssn\":\"$\"}\n", Masked),
    ("record cut short", "application/json-seq", "\u{1e}{\"ssn\":\"$\u{1e}{}\n", Refused),
    ("sequence without separators", "application/json-seq", "{\"ssn\":\"$\"}\n", Refused),
    ("event", "text/event-stream", "data: {\"name\":\"Ada\",\"ssn\":\"$\"}\n\n", Masked),
    ("event without space", "text/event-stream", "data:{\"name\":\"Ada\",\"ssn\":\"$\"}\n\n", Masked),
    ("event with two spaces", "text/event-stream", "data:  {\"name\":\"Ada\",\"ssn\":\"$\"}\n\n", Masked),
    (
        "event over lines",
        "text/event-stream",
        "data: {\"name\":\"Ada\",\ndata: \"ssn\":\ndata\ndata:\"$\"}\n\n",
        Masked,
    ),
    (
        "event over lines with others between",
        "text/event-stream",
        "data: {\"name\":\"Ada\",\nid: 7\ndata: \"ssn\":\"$\"}\nevent: x\n\n",
        Masked,
    ),
    (
        "event cut within a string",
        "text/event-stream",
        "event: Ada\ndata: {\"ssn\":\"CANARY\ndata: 7f3a\"}\n\n",
        Masked,
    ),
    ("event with CR", "text/event-stream", "data: {\"name\":\"Ada\",\rdata: \"ssn\":\"$\"}\r\r", Masked),
    (
        "event with CRLF",
        "text/event-stream",
        "data: {\"name\":\"Ada\",\r\ndata: \"ssn\":\"$\"}\r\n\r\n",
        Masked,
    ),
    (
        "event with every line end",
        "text/event-stream",
        "data: {\"name\":\"Ada\",\rdata: \"a\":1,\r\ndata: \"ssn\":\"$\"}\n\r\n",
        Masked,
    ),
    (
        "event with a byte order mark",
        "text/event-stream",
        "\u{feff}data: {\"name\":\"Ada\",\"ssn\":\"$\"}\n\n",
        Masked,
    ),
    ("event without an end", "text/event-stream", "data: {\"name\":\"Ada\",\"ssn\":\"$\"}", Masked),
    ("event cut short", "text/event-stream", "event: Ada\ndata: {\"ssn\":\"$", Masked),
    ("JSON in a comment", "text/event-stream", ": {\"ssn\":\"$\"}\ndata: Ada\n\n", Masked),
    ("JSON in an id", "text/event-stream", "id: {\"ssn\":\"$\"}\ndata: Ada\n\n", Masked),
    ("JSON in an unknown field", "text/event-stream", "Data: {\"ssn\":\"$\"}\ndata: Ada\n\n", Masked),
    ("event that is no JSON", "text/event-stream", "event: Ada\ndata: {'ssn': '$'}\n\n", Masked),
    (
        "MCP result in an event",
        "text/event-stream",
        "event: message\ndata: {\"result\":{\"content\":[{\"text\":\"{\\\"name\\\":\\\"Ada\\\",\\\"ssn\\\":\\\"$\\\"}\"}]}}\n\n",
        Masked,
    ),
    ("form", "application/x-www-form-urlencoded", "name=Ada&ssn=$", Masked),
    ("form, name encoded", "application/x-www-form-urlencoded", "name=Ada&%73%53n=$", Masked),
    ("form, twice", "application/x-www-form-urlencoded", "ssn=&name=Ada&ssn=$", Masked),
    ("form, more equals signs", "application/x-www-form-urlencoded", "name=Ada&ssn==$=$", Masked),
    ("form, value encoded", "application/x-www-form-urlencoded", "name=Ada&ssn=%43ANARY7f3a", Masked),
    (
        "form, JSON in a value",
        "application/x-www-form-urlencoded",
        "name=Ada&a=%7B%22ssn%22%3A%22$%22%7D",
        Masked,
    ),
    ("text that is JSON", "text/plain", " \n{\"name\":\"Ada\",\"ssn\":\"$\"}", Masked),
    ("text that quotes the key", "text/markdown", "Ada:\n```\n{\"ssn\": \"$\"}\n```", Hidden),
    ("text that is a JSON string", "text/plain", r#""Ada {\"ssn\":\"$\"}""#, Hidden),
    ("text that begins as JSON", "text/plain", "{\"ssn\":\"$\"", Refused),
];

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, body, expected) in JSON {
        cases.push(case(name, "application/json", body.replace('$', CANARY), *expected));
    }
    for (name, bytes) in BYTES {
        for (place, before, after) in [
            ("in a value", &b"{\"a\":\""[..], &b"\",\"ssn\":\"CANARY7f3a\"}"[..]),
            ("in a key", b"{\"ss", b"n\":\"CANARY7f3a\"}"),
            ("beside it", b"{\"ssn\":\"CANARY7f3a", b"\"}"),
        ] {
            let body = [before, bytes, after].concat();
            cases.push(case(&format!("{name} {place}"), "application/json", body, Refused));
        }
    }
    for (content_type, expected) in TYPES {
        cases.push(case(content_type, content_type, PLAIN, *expected));
    }
    for (name, content_type, body, expected) in OTHER {
        cases.push(case(name, content_type, body.replace('$', CANARY), *expected));
    }
    let nested = |depth: usize| {
        format!(r#"{}{{"name":"Ada","ssn":"{CANARY}"}}{}"#, "[".repeat(depth), "]".repeat(depth))
    };
    let in_strings = |levels: usize| {
        let once =
            |text: String, _| format!(r#"{{"name":"Ada","a":{}}}"#, serde_json::to_string(&text).unwrap());
        (0..levels).fold(PLAIN.to_owned(), once)
    };
    let long = format!(r#"{{"name":"Ada","ssn":"{}{CANARY}{}"}}"#, "x".repeat(300_000), "y".repeat(300_000));
    let long_key = format!(r#"{{"{}":1,"ssn":"{CANARY}"}}"#, "k".repeat(300_000));
    let long_json =
        format!(r#"{{"name":"Ada","a":"{{\"x\":\"{}\",\"ssn\":\"{CANARY}\"}}"}}"#, "x".repeat(300_000));
    let long_prose =
        format!(r#"{{"name":"Ada","a":"{} {{\"ssn\":\"{CANARY}\"}}"}}"#, "lorem ipsum ".repeat(30_000));
    let long_number = format!(r#"{{"name":"Ada","ssn":{NUMBER}{}}}"#, "0".repeat(300_000));
    cases.extend([
        case("nested 127 deep", "application/json", nested(127), Masked),
        case("nested 128 deep", "application/json", nested(128), Refused),
        case("nested 100,000 deep", "application/json", nested(100_000), Refused),
        case("in four strings", "application/json", in_strings(4), Masked),
        case("in five strings", "application/json", in_strings(5), Masked),
        case("in nine strings", "application/json", in_strings(9), Masked),
        case("long value", "application/json", long, Masked),
        case("long key", "application/json", long_key, Refused),
        case("long JSON in a string", "application/json", long_json, Masked),
        case("JSON in long prose", "application/json", long_prose, Masked),
        case("long number", "application/json", long_number, Masked),
        case(
            "long event",
            "text/event-stream",
            format!("data: {}{CANARY}\n\n", "x".repeat(600_000)),
            Refused,
        ),
        case(
            "event as long as may be",
            "text/event-stream",
            format!("data: {{\"a\":\"Ada{}\",\"ssn\":\"{CANARY}\"}}\n\n", "x".repeat(250_000)),
            Masked,
        ),
        case("a string", "application/json", r#""{\"name\":\"Ada\",\"ssn\":\"CANARY7f3a\"}""#, Masked),
        case("event in Latin-1", "text/event-stream", b"data: \xe4 CANARY7f3a\n\n".to_vec(), Refused),
    ]);
    let units: Vec<u16> = PLAIN.encode_utf16().collect();
    let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    for content_type in ["application/json", "application/x-ndjson", "text/plain"] {
        cases.extend([
            case("UTF-16, little-endian", content_type, little.clone(), Refused),
            case("UTF-16, big-endian", content_type, big.clone(), Refused),
            case("UTF-16, marked, little-endian", content_type, [b"\xff\xfe", &little[..]].concat(), Refused),
            case("UTF-16, marked, big-endian", content_type, [b"\xfe\xff", &big[..]].concat(), Refused),
            case(
                "UTF-32, big-endian",
                content_type,
                PLAIN.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect::<Vec<u8>>(),
                Refused,
            ),
            case(
                "UTF-32, little-endian",
                content_type,
                PLAIN.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect::<Vec<u8>>(),
                Refused,
            ),
        ]);
    }
    cases.extend(codings());
    cases
}

fn codings() -> Vec<Case> {
    let plain = PLAIN.as_bytes();
    let zipped = gzip(plain);
    let cut = |bytes: &[u8], by: usize| bytes[..bytes.len() - by].to_vec();
    let and = |bytes: &[u8], more: &[u8]| [bytes, more].concat();
    let flipped = |back: usize| {
        let mut bytes = zipped.clone();
        let at = bytes.len() - back;
        bytes[at] ^= 1;
        bytes
    };
    let mut reserved = zipped.clone();
    reserved[3] |= 0x80;
    let mut headed = flate2::GzBuilder::new()
        .filename("a")
        .comment("b")
        .extra(b"cd".to_vec())
        .read(plain, flate2::Compression::fast());
    let mut with_header = Vec::new();
    std::io::Read::read_to_end(&mut headed, &mut with_header).unwrap();
    vec![
        coded("gzip", "gzip", zipped.clone(), Masked),
        coded("x-gzip in upper case", "X-GZIP", zipped.clone(), Masked),
        coded("gzip with all its header", "gzip", with_header, Masked),
        coded("zlib", "deflate", zlib(plain), Masked),
        coded("bare deflate", "deflate", deflate(plain), Masked),
        coded("br", "br", brotli(plain), Masked),
        coded("identity", "identity", plain, Masked),
        coded("none", "", plain, Masked),
        coded("gzip twice", "gzip, gzip", gzip(&zipped), Masked),
        coded("br, then gzip", "br,gzip", gzip(&brotli(plain)), Masked),
        coded("gzip and identity", "identity, gzip", zipped.clone(), Masked),
        coded("two members", "gzip", and(&gzip(&plain[..9]), &gzip(&plain[9..])), Masked),
        coded("a member with more JSON", "gzip", and(&zipped, &gzip(plain)), Refused),
        coded("codings in the other order", "gzip, br", gzip(&brotli(plain)), Refused),
        coded("three times", "gzip, gzip, gzip", gzip(&gzip(&zipped)), Refused),
        coded("zstd", "zstd", plain, Refused),
        coded("compress", "compress", plain, Refused),
        coded("a star", "*", plain, Refused),
        coded("said to be gzip", "gzip", plain, Refused),
        coded("said to be deflate", "deflate", plain, Refused),
        coded("said to be br", "br", plain, Refused),
        coded("not said to be gzip", "identity", zipped.clone(), Refused),
        coded("gzip cut in its trailer", "gzip", cut(&zipped, 1), Refused),
        coded("gzip without its trailer", "gzip", cut(&zipped, 8), Refused),
        coded("gzip cut in its data", "gzip", cut(&zipped, 12), Refused),
        coded("gzip cut in its header", "gzip", zipped[..7].to_vec(), Refused),
        coded("gzip with a wrong length", "gzip", flipped(4), Refused),
        coded("gzip with a wrong check", "gzip", flipped(8), Refused),
        coded("gzip with a reserved flag", "gzip", reserved, Refused),
        coded("something after gzip", "gzip", and(&zipped, plain), Refused),
        coded("zeros after gzip", "gzip", and(&zipped, &[0; 8]), Refused),
        coded("half a member after gzip", "gzip", and(&zipped, &zipped[..5]), Refused),
        coded("zlib cut", "deflate", cut(&zlib(plain), 1), Refused),
        coded("something after zlib", "deflate", and(&zlib(plain), plain), Refused),
        coded("bare deflate cut", "deflate", cut(&deflate(plain), 1), Refused),
        coded("something after bare deflate", "deflate", and(&deflate(plain), plain), Refused),
        coded("something after empty deflate", "deflate", and(&deflate(b""), plain), Refused),
        coded("gzip in deflate's name", "deflate", zipped.clone(), Refused),
        coded("br cut", "br", cut(&brotli(plain), 1), Refused),
        coded("something after br", "br", and(&brotli(plain), plain), Refused),
        coded("bomb", "gzip", gzip(&and(plain, &vec![b' '; 16 << 20])), Refused),
        coded("bomb in a bomb", "gzip, gzip", gzip(&gzip(&and(plain, &vec![b' '; 64 << 20]))), Refused),
    ]
}

/// All that was written, and whether all of it was read.
fn play(case: &Case, size: usize) -> Result<Vec<u8>, (Vec<u8>, String)> {
    let rules = rules(&[("/**/ssn", Method::Redact)], Options { embedded: true, ..Options::default() });
    let limits = Limits::default();
    let mut out = Vec::new();
    let refused = |out: &Vec<u8>, error: gatewright_http::body::Unreadable| (out.clone(), error.to_string());
    let form = Form::of(Some(&case.content_type)).map_err(|error| refused(&out, error))?;
    if form == Form::Opaque {
        assert!(Masker::new(form, rules, limits).is_none());
        return Err((out, "opaque".to_owned()));
    }
    let mut decoder = Decoder::new(case.coding.as_deref().map(str::as_bytes), limits.expansion)
        .map_err(|error| refused(&out, error))?;
    let mut masker = Masker::new(form, rules, limits).unwrap();
    for piece in case.body.chunks(size) {
        decoder.push(piece, |part| masker.push(part, &mut out)).map_err(|error| refused(&out, error))?;
    }
    decoder.finish().and_then(|()| masker.finish(&mut out)).map_err(|error| refused(&out, error))?;
    Ok(out)
}

/// Whether the canary is in the bytes, with all taken away that hides ASCII: escapes of JSON and URLs, and those of
/// escapes.
fn shows(bytes: &[u8]) -> bool {
    let mut text = String::from_utf8_lossy(bytes).replace('\0', "");
    let leaks = |text: &str| [CANARY, NUMBER, "7f3a"].iter().any(|canary| text.contains(canary));
    for _ in 0..6 {
        if leaks(&text) || !text.contains(['\\', '%', '+']) {
            break;
        }
        for code in 0x20..0x7f_u8 {
            for escape in [format!("\\u{code:04x}"), format!("\\u{code:04X}"), format!("%{code:02X}")] {
                if text.contains(&escape) {
                    text = text.replace(&escape, &char::from(code).to_string());
                }
            }
        }
        text = text.replace("\\\\", "\\");
    }
    leaks(&text)
}

#[test]
fn no_way_leads_past_the_masks() {
    let cases = cases();
    let mut wrong = Vec::new();
    for case in &cases {
        assert!(case.coding.is_some() || shows(&case.body), "{}: there is nothing to hide", case.name);
        for size in [usize::MAX, 7, 1] {
            if size < case.body.len() && case.body.len() > 50_000 && size == 1 {
                continue;
            }
            // A bomb is one by what one piece expands to.
            if size < 100 && case.name.starts_with("bomb") {
                continue;
            }
            let played = play(case, size);
            let (Ok(out) | Err((out, _))) = &played;
            let leaks = shows(out);
            let fits = match (case.expected, &played) {
                (Masked, Ok(_)) => memchr::memmem::find(out, b"Ada").is_some(),
                (Hidden, Ok(_)) => true,
                (Refused, Err((_, why))) => why != "opaque" && !why.contains(CANARY),
                (Opaque, Err((_, why))) => why == "opaque",
                _ => false,
            };
            if leaks || !fits {
                wrong.push(format!(
                    "{} in pieces of {size}: leaks {leaks}, {:?}",
                    case.name,
                    played
                        .map(|out| { String::from_utf8_lossy(&out).chars().take(200).collect::<String>() })
                        .map_err(|(_, why)| why)
                ));
            }
        }
    }
    println!("{} cases", cases.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
