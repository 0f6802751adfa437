//! Masking of bodies: what each rule does, and what holds for any body and any cut of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

#[path = "support/mod.rs"]
mod support;

use gatewright_core::mask::Method;
use gatewright_http::body::{Form, Limits, Masker, Options, Rules, Unreadable};
use std::rc::Rc;
use support::{detectors, pieces, rules, text, whole};

fn searching(pointers: &[(&str, Method)]) -> Rc<Rules> {
    rules(pointers, Options { detectors: detectors(&[]), ..Options::default() })
}

fn embedding(pointers: &[(&str, Method)]) -> Rc<Rules> {
    rules(pointers, Options { detectors: detectors(&[]), embedded: true, ..Options::default() })
}

#[track_caller]
fn masks(form: Form, rules: &Rc<Rules>, cases: &[(&str, &str)]) {
    for (body, expected) in cases {
        assert_eq!(text(form, rules, body), *expected, "{body}");
    }
}

#[test]
fn each_method_on_each_kind_of_value() {
    let by = |method| rules(&[("/a", method)], Options { mask_key: b"key".to_vec(), ..Options::default() });
    masks(
        Form::Json,
        &by(Method::Redact),
        &[
            (r#"{"a" : "x\ny" ,"b":1}"#, r#"{"a" : "[masked]" ,"b":1}"#),
            (r#"{"a":12.5e3}"#, r#"{"a":"[masked]"}"#),
            (r#"{"a":true,"b":[false]}"#, r#"{"a":"[masked]","b":[false]}"#),
            (r#"{"a": null }"#, r#"{"a": null }"#),
            (r#"{"a":{"b":[1,"c"]}, "d":{"a":1}}"#, r#"{"a":"[masked]", "d":{"a":1}}"#),
            (r#"{"a":[]}"#, r#"{"a":"[masked]"}"#),
            ("[0]", "[0]"),
            (" 7 ", " 7 "),
        ],
    );
    masks(
        Form::Json,
        &by(Method::Null),
        &[
            (r#"{"a":"x"}"#, r#"{"a":null}"#),
            (r#"{"a":{"b":1}}"#, r#"{"a":null}"#),
            (r#"{"a":false}"#, r#"{"a":null}"#),
        ],
    );
    masks(
        Form::Json,
        &by(Method::Partial),
        &[
            (r#"{"a":"219-09-9\u0039\u0039\u0039"}"#, r#"{"a":"***-**-**99"}"#),
            (r#"{"a":12345678}"#, r#"{"a":"******78"}"#),
            (r#"{"a":true}"#, r#"{"a":"[masked]"}"#),
            (r#"{"a":["x"]}"#, r#"{"a":"[masked]"}"#),
        ],
    );
    let hashed = text(Form::Json, &by(Method::Hash), r#"{"a":"caf\u00e9"}"#);
    assert_eq!(hashed, text(Form::Json, &by(Method::Hash), r#"{"a":"café"}"#));
    assert!(hashed.starts_with(r#"{"a":"h:"#));
}

#[test]
fn the_root_and_indices_are_named_too() {
    masks(
        Form::Json,
        &rules(&[("", Method::Redact)], Options::default()),
        &[("[1]", "\"[masked]\""), ("7", "\"[masked]\"")],
    );
    masks(
        Form::Json,
        &rules(&[("/1", Method::Redact), ("/*/0/b", Method::Redact)], Options::default()),
        &[
            (r#"[1,2,[{"b":3},{"b":4}]]"#, r#"[1,"[masked]",[{"b":"[masked]"},{"b":4}]]"#),
            (r#"{"1":2,"2":{"0":{"b":5}}}"#, r#"{"1":"[masked]","2":{"0":{"b":"[masked]"}}}"#),
        ],
    );
    let exact = rules(&[("/ssn", Method::Redact)], Options { exact_keys: true, ..Options::default() });
    masks(Form::Json, &exact, &[(r#"{"SSN":1,"ssn":1}"#, r#"{"SSN":1,"ssn":"[masked]"}"#)]);
}

#[test]
fn what_was_masked_is_named_once() {
    let rules = searching(&[("/**/ssn", Method::Redact), ("/b", Method::Redact), ("/never", Method::Redact)]);
    let body = br#"[{"ssn":1},{"ssn":2,"x":"ada@example.com 4242424242424242","y":"[masked:phone] bob@example.com"}]"#;
    let (_, names) = whole(Form::Json, &rules, body).unwrap();
    assert_eq!(names, ["/**/ssn", "card", "email"]);
}

#[test]
fn detectors_see_keys_strings_numbers_and_pairs() {
    masks(
        Form::Json,
        &searching(&[]),
        &[
            (r#"{"ada@example.com":1}"#, r#"{"[masked:email]":1}"#),
            (r#"{"a":"ada\u0040example.com\n"}"#, r#"{"a":"[masked:email]\n"}"#),
            (r#"["ada@example.com"]"#, r#"["[masked:email]"]"#),
            (
                r#"{"a":4242424242424242, "b":4242424242424243}"#,
                r#"{"a":"[masked:card]", "b":4242424242424243}"#,
            ),
            (r#"[4.242424242424242e15]"#, r#"["[masked:card]"]"#),
            (
                r#"{"secret_access_key":"wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00"}"#,
                r#"{"secret_access_key":"[masked]"}"#,
            ),
            (
                r#"{"access":"wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00"}"#,
                r#"{"access":"wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00"}"#,
            ),
            (r#"{"a":"\u0041\/b","c":"é"}"#, r#"{"a":"\u0041\/b","c":"é"}"#),
        ],
    );
    let own =
        rules(&[], Options { detectors: detectors(&[("pin", r"pin\W{1,3}\d{4}\b")]), ..Options::default() });
    masks(Form::Json, &own, &[(r#"{"pin":1234,"pan":1234}"#, r#"{"pin":"[masked]","pan":1234}"#)]);
}

#[test]
fn strings_that_hold_json_stay_json() {
    masks(
        Form::Json,
        &embedding(&[("/**/ssn", Method::Redact), ("/rows/*/id", Method::Null)]),
        &[
            (
                r#"{"text":"{\"rows\": [{\"id\":7,\"ssn\":\"1\\n\",\"x\":\"y\"}]}"}"#,
                r#"{"text":"{\"rows\": [{\"id\":null,\"ssn\":\"[masked]\",\"x\":\"y\"}]}"}"#,
            ),
            (r#"{"text":"[1, 2]","u":"[DONE]","v":"{x}"}"#, r#"{"text":"[1, 2]","u":"[DONE]","v":"{x}"}"#),
            (r#"{"text":"{\"a\":\"b\",}"}"#, r#"{"text":"[masked]"}"#),
            (r#"{"text":"\"quoted\" to ada@example.com"}"#, r#"{"text":"\"quoted\" to [masked:email]"}"#),
            (r#"{"text":"{\"a\":\"ada\\u0040example.com\"}"}"#, r#"{"text":"{\"a\":\"[masked:email]\"}"}"#),
        ],
    );
}

#[test]
fn events_go_out_when_they_are_whole() {
    let rules = searching(&[("/ssn", Method::Redact)]);
    let mut masker = Masker::new(Form::EventStream, rules.clone(), Limits::default()).unwrap();
    let mut out = Vec::new();
    masker.push(b": hello\r\n\r\nid: 1\ndata: {\"ssn\":1}\n", &mut out).unwrap();
    assert_eq!(out, b": hello\r\n\r\n");
    masker.push(b"\nda", &mut out).unwrap();
    assert_eq!(out, b": hello\r\n\r\nid: 1\ndata: {\"ssn\":\"[masked]\"}\n\n");
    masks(
        Form::EventStream,
        &rules,
        &[
            ("data: [DONE]\n\n", "data: [DONE]\n\n"),
            ("data:x\ndata:y\n\ndata\n\n", "data:x\ndata:y\n\ndata\n\n"),
            ("id: ada@example.com\nretry: 10\n\n", "id: [masked:email]\nretry: 10\n\n"),
            (
                "data: 4242\ndata:  \u{20}x ada@example.com\nid: 1\n\n",
                "data: 4242\ndata:   x [masked:email]\nid: 1\n\n",
            ),
            ("data: {\ndata: \"ssn\":1\ndata: }\n\n", "data: {\ndata: \"ssn\":\"[masked]\"\ndata: }\n\n"),
            ("data: {\"ssn\":\rdata:1}\r\r", "data: {\"ssn\":\rdata: \"[masked]\"}\r\r"),
            (
                "data: -----BEGIN PRIVATE KEY-----\ndata: MIIE\ndata: -----END PRIVATE KEY-----\ndata: ok\n\n",
                "data: [masked:private_key]\ndata: ok\n\n",
            ),
        ],
    );
}

#[test]
fn forms_are_encoded_again_where_they_change() {
    masks(
        Form::Urlencoded,
        &searching(&[("/user[ssn]", Method::Partial), ("/token", Method::Null)]),
        &[
            ("a=b+c&user%5Bssn%5D=219-09-9999&d=%c3%a4", "a=b+c&user%5Bssn%5D=***-**-**99&d=%c3%a4"),
            ("TOKEN=x&&=&e", "TOKEN=&&=&e"),
            ("mail=ada%40example.com+x", "mail=[masked:email]+x"),
            ("a=4242+4242+4242+4242%", "a=[masked:card]%25"),
            ("", ""),
        ],
    );
}

#[test]
fn secrets_over_lines_and_windows_are_found() {
    let rules = searching(&[]);
    let key = |lines: usize| {
        format!(
            "-----BEGIN RSA PRIVATE KEY-----\n{}-----END RSA PRIVATE KEY-----",
            "MIIEpAIBAAKCAQEA\n".repeat(lines)
        )
    };
    for before in [0, 1_000, 57_000, 60_000, 65_500, 65_536, 200_000] {
        for (secret, token) in [
            (key(30), "[masked:private_key]"),
            (key(20_000), "[masked:private_key]"),
            ("ada@example.com".to_owned(), "[masked:email]"),
            ("4242 4242 4242 4242".to_owned(), "[masked:card]"),
        ] {
            let filler = "word of a text\n".repeat(before / 15);
            let body = format!("{filler}{secret}\nand so on\n{filler}");
            let expected = format!("{filler}{token}\nand so on\n{filler}");
            for form in [Form::Text, Form::Json] {
                let (body, expected) = match form {
                    Form::Text => (body.clone(), expected.clone()),
                    _ => (serde_json::to_string(&body).unwrap(), serde_json::to_string(&expected).unwrap()),
                };
                if form == Form::Json && body.len() > 400_000 && token == "[masked:private_key]" {
                    continue;
                }
                let shown = text(form, &rules, &body);
                assert!(
                    shown == expected,
                    "{form:?} {before} {token}: {} bytes of {}",
                    shown.len(),
                    expected.len()
                );
            }
        }
    }
    // At the bound of a window, with nothing but words to cut at.
    for back in 0..24 {
        let filler = "word ".repeat(15_000);
        let filler = &filler[..65_536 - back];
        let body = format!("{filler} 4242 4242 4242 4242 and so on");
        assert!(text(Form::Text, &rules, &body) == format!("{filler} [masked:card] and so on"), "{back}");
    }
    // What is no key, and is cut by a window that holds a find.
    let certificates = format!(
        "{}ada@example.com\n-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\n",
        "x\n".repeat(20_000),
        "MIIEpAIBAAKCAQEA\n".repeat(3_000)
    );
    assert!(
        text(Form::Text, &rules, &certificates) == certificates.replace("ada@example.com", "[masked:email]")
    );
    let putty = format!("x\nPuTTY-User-Key-File-2: ssh-rsa\n{}", "MIIEpAIBAAKCAQEA\n".repeat(9_000));
    assert_eq!(text(Form::Text, &rules, &putty), "x\n[masked:private_key]");
    // A key that never ends.
    let open = format!("x\n{}", key(20_000).replace("-----END", ""));
    assert_eq!(text(Form::Text, &rules, &open), "x\n[masked:private_key]");
}

#[test]
fn long_strings_are_searched_in_parts_and_long_masked_ones_hidden() {
    let rules = searching(&[("/p", Method::Partial), ("/r", Method::Redact)]);
    let long = "lorem ipsum ".repeat(50_000);
    let body = format!(
        r#"{{"p":"{long}","r":"{long}","a":"{long}\u0061da@example.com {long}","n":{}}}"#,
        "1".repeat(600_000)
    );
    let expected =
        format!(r#"{{"p":"[masked]","r":"[masked]","a":"{long}[masked:email] {long}","n":"[masked]"}}"#);
    assert!(text(Form::Json, &rules, &body) == expected);
    let key = format!(r#"{{"{long}":1}}"#);
    assert_eq!(
        whole(Form::Json, &rules, key.as_bytes()),
        Err(Unreadable::Long { what: "a key", most: Limits::default().string })
    );
    let plain = support::rules(&[("/b/c", Method::Redact)], Options::default());
    let value = format!(r#"{{"a":"{long}"}}"#);
    assert!(text(Form::Json, &plain, &value) == value, "what nothing looks at is not held");
}

#[test]
fn what_is_not_decided_is_not_out() {
    let rules = searching(&[("/ssn", Method::Partial)]);
    for (head, out) in [
        (r#"{"a":"ada@exam"#, r#"{"a":"#),
        (r#"{"a":4242424242"#, r#"{"a":"#),
        (r#"{"ada@exam"#, r#"{"#),
        (r#"{"ssn":"123"#, r#"{"ssn":"#),
        (r#"{"ssn":12"#, r#"{"ssn":"#),
        (r#"{"ssn":{"a":"b"#, r#"{"ssn":"[masked]""#),
        (r#"{"x":1,"s\u0073n":["#, r#"{"x":1,"s\u0073n":"[masked]""#),
    ] {
        let (_, written) = pieces(Form::Json, &rules, Limits::default(), [head.as_bytes()]);
        assert_eq!(String::from_utf8(written).unwrap(), out, "{head}");
    }
}

#[test]
fn errors_say_where() {
    let rules = rules(&[], Options::default());
    let broken = pieces(Form::Json, &rules, Limits::default(), [&b"{\"a\":"[..], b"1,}"]).0.unwrap_err();
    assert_eq!(broken.to_string(), "the body is not valid JSON at byte 7: expected a key in quotation marks");
}

mod any_body {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    const KEYS: [&str; 8] = ["ssn", "SSN", "a", "b", "0", "ſſn", "secret_access_key", "x y"];
    const TEXTS: [&str; 10] = [
        "ada@example.com",
        "4242 4242 4242 4242",
        "219-09-9999",
        "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00",
        "[masked:email]",
        "[masked]",
        "{'ssn': 1}",
        "\"ssn\": 1",
        "-----BEGIN PRIVATE KEY-----\nMII",
        "😀\u{8}\u{7f}\r\n\t\\\"/",
    ];

    fn word() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => proptest::sample::select(&TEXTS[..]).prop_map(str::to_owned),
            2 => "[a-c ]{0,8}",
            1 => ".{0,12}",
        ]
    }

    fn key() -> impl Strategy<Value = String> {
        prop_oneof![8 => proptest::sample::select(&KEYS[..]).prop_map(str::to_owned), 1 => word()]
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            Just(Value::from(4_242_424_242_424_242_u64)),
            any::<i32>().prop_map(|number| Value::from(f64::from(number) / 8.0)),
            word().prop_map(Value::from),
            word().prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 6, |inner| {
            prop_oneof![
                3 => proptest::collection::vec((key(), inner.clone()), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
                1 => proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                1 => inner.prop_map(|value| Value::from(value.to_string())),
            ]
        })
    }

    fn pointer() -> impl Strategy<Value = (String, Method)> {
        let segment = proptest::sample::select(&["*", "**", "ssn", "a", "b", "0"][..]);
        const METHODS: [Method; 4] = [Method::Redact, Method::Null, Method::Partial, Method::Hash];
        (proptest::collection::vec(segment, 0..4), proptest::sample::select(METHODS.to_vec()))
            .prop_map(|(path, method)| (path.iter().map(|segment| format!("/{segment}")).collect(), method))
    }

    fn ruleset() -> impl Strategy<Value = (Vec<(String, Method)>, bool, bool)> {
        (proptest::collection::vec(pointer(), 0..4), any::<bool>(), any::<bool>())
    }

    thread_local! {
        static DETECTORS: std::cell::LazyCell<Option<Rc<gatewright_core::detect::Detectors>>> =
            std::cell::LazyCell::new(|| detectors(&[]));
    }

    fn build((pointers, searches, embedded): &(Vec<(String, Method)>, bool, bool)) -> Rc<Rules> {
        let pointers: Vec<(&str, Method)> =
            pointers.iter().map(|(text, method)| (text.as_str(), *method)).collect();
        let detectors = DETECTORS.with(|all| (**all).clone()).filter(|_| *searches);
        rules(&pointers, Options { detectors, embedded: *embedded, ..Options::default() })
    }

    /// Another way to the same text: over the tree, one path at a time.
    struct Reference {
        pointers: Vec<(Vec<String>, Method)>,
        detectors: Option<Rc<gatewright_core::detect::Detectors>>,
        embedded: bool,
        out: String,
    }

    fn leads(pattern: &[String], path: &[String]) -> bool {
        match pattern.split_first() {
            None => path.is_empty(),
            Some((first, rest)) if first == "**" => (0..=path.len()).any(|skip| leads(rest, &path[skip..])),
            Some((first, rest)) => path.split_first().is_some_and(|(key, path)| {
                let key = key.replace('ſ', "s").to_ascii_lowercase();
                (first == "*" || *first == key) && leads(rest, path)
            }),
        }
    }

    impl Reference {
        fn value(&mut self, value: &Value, path: &mut Vec<String>, key: Option<&str>, level: u8) {
            let named =
                self.pointers.iter().find(|(pattern, _)| leads(pattern, path)).map(|(_, method)| *method);
            let scalar = match value {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            };
            if let (Some(method), false) = (named, value.is_null()) {
                let method = if scalar.is_none() && method != Method::Null { Method::Redact } else { method };
                let mut masked = Vec::new();
                let shown = gatewright_core::mask::mask_text(
                    method,
                    scalar.unwrap_or_default().as_bytes(),
                    b"",
                    &mut masked,
                );
                let text = shown.then(|| Value::from(String::from_utf8(masked).unwrap()));
                self.out += &text.unwrap_or(Value::Null).to_string();
                return;
            }
            match value {
                Value::Array(elements) => {
                    self.out.push('[');
                    for (index, element) in elements.iter().enumerate() {
                        if index > 0 {
                            self.out.push(',');
                        }
                        path.push(index.to_string());
                        self.value(element, path, None, level);
                        path.pop();
                    }
                    self.out.push(']');
                }
                Value::Object(members) => {
                    self.out.push('{');
                    for (index, (key, member)) in members.iter().enumerate() {
                        if index > 0 {
                            self.out.push(',');
                        }
                        let shown = self.replaced(key).unwrap_or_else(|| key.clone());
                        self.out += &Value::from(shown.as_str()).to_string();
                        self.out.push(':');
                        path.push(key.clone());
                        self.value(member, path, Some(&shown), level);
                        path.pop();
                    }
                    self.out.push('}');
                }
                Value::String(text) => {
                    if let Some(masked) = self.text(text, level) {
                        self.out += &Value::from(masked).to_string();
                    } else {
                        self.plain(text, key, "\":\"", value);
                    }
                }
                Value::Number(number) => self.plain(&number.to_string(), key, "\":", value),
                _ => self.out += &value.to_string(),
            }
        }

        fn plain(&mut self, text: &str, key: Option<&str>, between: &str, value: &Value) {
            let replaced = self.replaced(text);
            let shown = replaced.clone().unwrap_or_else(|| text.to_owned());
            let pair = key.and_then(|key| self.replaced(&format!("{key}{between}{shown}")));
            self.out += &match (pair, replaced) {
                (Some(_), _) => Value::from("[masked]"),
                (None, Some(replaced)) => Value::from(replaced),
                (None, None) => value.clone(),
            }
            .to_string();
        }

        fn replaced(&self, text: &str) -> Option<String> {
            let replaced = self.detectors.as_ref()?.replace(text.as_bytes())?;
            Some(String::from_utf8(replaced).unwrap())
        }

        /// A text that is JSON, or hides what is.
        fn text(&mut self, text: &str, level: u8) -> Option<String> {
            if !self.embedded || text.is_empty() {
                return None;
            }
            let begins = text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with(['{', '[', '"']);
            if begins
                && level < 4
                && let Ok(value) = serde_json::from_str::<Value>(text)
            {
                let before = std::mem::take(&mut self.out);
                self.value(&value, &mut Vec::new(), None, level + 1);
                return Some(std::mem::replace(&mut self.out, before));
            }
            let mut meant: String = text.chars().filter(|c| !" \t\r\n".contains(*c)).collect();
            if meant.starts_with('[') {
                meant = format!("[{}", meant.trim_start_matches('['));
            }
            let likely =
                ["{\"", "{'", "{}", "[\"", "['", "[{", "[]"].iter().any(|two| meant.starts_with(two))
                    || matches!(meant.as_str(), "{" | "[");
            let lacks = level >= 4 && begins;
            let quoted = !self.pointers.is_empty()
                && self
                    .pointers
                    .iter()
                    .filter_map(|(path, _)| path.iter().rfind(|key| !key.starts_with('*')))
                    .any(|key| {
                        let text =
                            text.replace('ſ', "s").to_ascii_lowercase().replace([' ', '\t', '\n', '\r'], "");
                        let bare = begins && text.contains(&format!("{key}:"));
                        bare || ["'", "\"", "\\\""].iter().any(|quote| {
                            text.contains(&format!("\"{key}{quote}:"))
                                || text.contains(&format!("'{key}{quote}:"))
                        })
                    });
            ((likely && (!self.pointers.is_empty() || lacks)) || quoted).then(|| "[masked]".to_owned())
        }
    }

    fn cut(body: &[u8], cuts: &[prop::sample::Index]) -> Vec<Vec<u8>> {
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
        places.extend([0, body.len()]);
        places.sort_unstable();
        places.windows(2).map(|pair| body[pair[0]..pair[1]].to_vec()).collect()
    }

    fn outcome(
        form: Form,
        rules: &Rc<Rules>,
        limits: Limits,
        parts: &[Vec<u8>],
    ) -> Result<(Vec<u8>, Vec<String>), ()> {
        pieces(form, rules, limits, parts.iter().map(Vec::as_slice)).0.map_err(drop)
    }

    fn body() -> impl Strategy<Value = (Form, Vec<u8>)> {
        let fragments = proptest::collection::vec(
            prop_oneof![
                word(),
                json().prop_map(|json| json.to_string()),
                proptest::sample::select(
                    &[
                        "data: ", "data:", "data", "id:", ": ", "event: x", "\n", "\n", "\r", "\r\n",
                        "\u{feff}", "&", "=", "%73", "+", ","
                    ][..]
                )
                .prop_map(str::to_owned),
            ],
            0..12,
        )
        .prop_map(|parts| parts.concat());
        prop_oneof![
            4 => json().prop_map(|json| (Form::Json, json.to_string().into_bytes())),
            2 => json().prop_map(|json| (Form::Json, serde_json::to_vec_pretty(&json).unwrap())),
            1 => fragments.clone().prop_map(|text| (Form::Json, text.into_bytes())),
            2 => proptest::collection::vec(json(), 0..4).prop_map(|lines| {
                (Form::Ndjson, lines.iter().map(|json| json.to_string() + "\n").collect::<String>().into_bytes())
            }),
            1 => proptest::collection::vec(json(), 0..4).prop_map(|records| {
                (Form::JsonSequence, records.iter().map(|json| format!("\u{1e}{json}\n")).collect::<String>().into_bytes())
            }),
            3 => fragments.clone().prop_map(|text| (Form::EventStream, text.into_bytes())),
            2 => fragments.clone().prop_map(|text| (Form::Urlencoded, text.into_bytes())),
            2 => fragments.prop_map(|text| (Form::Text, text.into_bytes())),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn the_reference_agrees(value in json(), set in ruleset()) {
            let rules = build(&set);
            let mut reference = Reference {
                pointers: set.0.iter().map(|(text, method)| {
                    (text.split('/').skip(1).map(str::to_owned).collect(), *method)
                }).collect(),
                detectors: DETECTORS.with(|all| (**all).clone()).filter(|_| set.1),
                embedded: set.2,
                out: String::new(),
            };
            reference.value(&value, &mut Vec::new(), None, 0);
            prop_assert_eq!(text(Form::Json, &rules, &value.to_string()), reference.out);
        }

        #[test]
        fn any_cut_gives_the_same(
            (form, body) in body(),
            set in ruleset(),
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
            short in any::<bool>(),
        ) {
            let rules = build(&set);
            let limits = Limits { string: if short { 12 } else { 1 << 20 }, ..Limits::default() };
            let once = outcome(form, &rules, limits, std::slice::from_ref(&body));
            let bytes: Vec<Vec<u8>> = body.iter().map(|byte| vec![*byte]).collect();
            prop_assert_eq!(&outcome(form, &rules, limits, &cut(&body, &cuts)), &once);
            prop_assert_eq!(&outcome(form, &rules, limits, &bytes), &once);
        }

        #[test]
        fn bytes_that_are_no_body_do_no_harm(
            form in proptest::sample::select(&[Form::Json, Form::Ndjson, Form::JsonSequence, Form::EventStream, Form::Urlencoded, Form::Text][..]),
            body in proptest::collection::vec(any::<u8>(), 0..60),
            set in ruleset(),
        ) {
            let rules = build(&set);
            let bytes: Vec<Vec<u8>> = body.iter().map(|byte| vec![*byte]).collect();
            let once = outcome(form, &rules, Limits::default(), &[body]);
            prop_assert_eq!(outcome(form, &rules, Limits::default(), &bytes), once);
        }

        #[test]
        fn what_is_json_is_what_serde_takes(
            value in json(),
            edits in proptest::collection::vec((any::<prop::sample::Index>(), 0_u8..3, any::<u8>()), 0..3),
        ) {
            let mut body = value.to_string().into_bytes();
            for (place, what, byte) in edits {
                let byte = *b"\"\\{}[]:,0-+.eE1u \n\0\x80\xc3\xffnull'/".get(usize::from(byte % 30)).unwrap_or(&byte);
                let at = place.index(body.len() + 1);
                match what {
                    0 => body.insert(at, byte),
                    1 if at < body.len() => { body.remove(at); }
                    _ if at < body.len() => body[at] = byte,
                    _ => {}
                }
            }
            let theirs = serde_json::from_slice::<Value>(&body);
            let ours = whole(Form::Json, &build(&(Vec::new(), false, false)), &body);
            match theirs {
                // Serde wants numbers to fit.
                Err(error) if error.to_string().contains("out of range") => {}
                theirs => prop_assert_eq!(ours.is_ok(), theirs.is_ok() || body.is_empty(), "{:?}", ours),
            }
            if let Ok((out, _)) = ours {
                prop_assert_eq!(out, body);
            }
        }

        #[test]
        fn masking_again_changes_nothing((form, body) in body(), (pointers, searches, embedded) in ruleset()) {
            let pointers = pointers.into_iter().map(|(text, method)| {
                (text, if method == Method::Null { method } else { Method::Redact })
            }).collect();
            let rules = build(&(pointers, searches, embedded));
            if let Ok((masked, _)) = whole(form, &rules, &body) {
                let again = match whole(form, &rules, &masked) {
                    Ok((again, _)) => again,
                    // With a token, a text may look like JSON.
                    Err(_) if form == Form::Text => masked.clone(),
                    Err(error) => panic!("what is masked is of the same form: {error}"),
                };
                prop_assert_eq!(
                    String::from_utf8_lossy(&again),
                    String::from_utf8_lossy(&masked),
                    "{}",
                    String::from_utf8_lossy(&body)
                );
            }
        }

        #[test]
        fn a_canary_never_comes_out(
            around in json(),
            depth in 0_usize..6,
            spellings in proptest::collection::vec((any::<[u8; 3]>(), 0_u8..3, any::<bool>()), 1..4),
        ) {
            let spell = |text: &str, how: &[u8]| -> String {
                text.chars().zip(how.iter().cycle()).map(|(c, how)| match how % 4 {
                    0 => format!("\\u{:04x}", u32::from(c)),
                    1 => format!("\\u{:04X}", u32::from(c)),
                    2 => c.to_ascii_uppercase().to_string(),
                    _ => c.to_string(),
                }).collect()
            };
            let mut body = String::new();
            for (how, kind, first) in &spellings {
                let canary = spell("zq7k", &[how[0] | 1, how[1] | 2, how[2]]);
                let value = match kind {
                    0 => format!("\"{canary}\""),
                    1 => format!("[1,{{\"{canary}\":\"{canary}\"}}]"),
                    _ => format!("{{\"v\":\"\\\\\\\"{canary}\"}}"),
                };
                let member = format!("\"{}\":{value}", spell("ssn", how));
                let other = format!("\"{}\":{around}", spell("other", how));
                let members = if *first { format!("{member},{other}") } else { format!("{other},{member}") };
                body = if body.is_empty() { members } else { format!("{members},{body}") };
            }
            body = format!("{{{body}}}");
            for level in 0..depth {
                body = match level % 3 {
                    0 => format!("[{body}]"),
                    1 => format!("{{\"x\":{body}}}"),
                    _ => format!("{{\"t\":{}}}", serde_json::to_string(&body).unwrap()),
                };
            }
            let rules = build(&(vec![("/**/ssn".to_owned(), Method::Redact)], true, true));
            let mut shown = text(Form::Json, &rules, &body);
            for _ in 0..4 {
                for code in 0x20..0x7f_u8 {
                    shown = shown.replace(&format!("\\u{code:04x}"), &char::from(code).to_string());
                    shown = shown.replace(&format!("\\u{code:04X}"), &char::from(code).to_string());
                }
                shown = shown.replace("\\\\", "\\");
            }
            prop_assert!(!shown.to_ascii_lowercase().contains("zq7k"), "{}\n{}", body, shown);
        }
    }
}
