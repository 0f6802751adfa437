#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

fn detectors(enabled: &[Detector], custom: &[(&str, &str)]) -> Result<Detectors, DetectError> {
    let custom = custom
        .iter()
        .map(|(name, pattern)| Custom { name: (*name).to_owned(), pattern: (*pattern).to_owned() })
        .collect();
    Detectors::new(&Config { enabled: enabled.to_vec(), custom })
}

fn all() -> Detectors {
    detectors(&Detector::ALL, &[]).unwrap()
}

fn shown(replaced: Option<Vec<u8>>) -> Option<String> {
    replaced.map(|bytes| String::from_utf8(bytes).unwrap())
}

/// What one detector alone makes of texts, each of which all of them together treat alike.
#[track_caller]
fn finds(detector: Detector, cases: &[(&str, &str)]) {
    let (alone, all) = (detectors(&[detector], &[]).unwrap(), all());
    for (text, expected) in cases {
        let expected = expected.replace('#', &format!("[masked:{}]", detector.label()));
        for detectors in [&alone, &all] {
            assert_eq!(shown(detectors.replace(text.as_bytes())).as_deref(), Some(&*expected), "{text}");
        }
    }
}

/// Texts in which neither this detector nor any other sees anything.
#[track_caller]
fn passes(texts: &[&str]) {
    let all = all();
    for text in texts {
        assert_eq!(shown(all.replace(text.as_bytes())), None, "{text}");
        let json = serde_json::to_string(text).unwrap();
        assert_eq!(shown(all.replace_json(json.as_bytes())), None, "{json}");
    }
}

#[test]
fn emails() {
    finds(
        Detector::Email,
        &[
            ("ada.marsh@example.com", "#"),
            ("write to <Ada+shop@mail.example.co.uk>, please.", "write to <#>, please."),
            ("mailto:o'brien_1%x@a-b.museum?subject=x", "mailto:#?subject=x"),
            ("jörg@müller.de", "#"),
            ("邮箱ada@example.com请回复", "邮箱#请回复"),
            ("...ada@example.com...", "...#..."),
            ("a@1.2@example.com", "a@#"),
            ("ada@example.com.42", "#.42"),
            ("x@xn--mller-kva.xn--p1ai", "#"),
            ("a@b.example,c@d.example", "#,#"),
            ("ADA@EXAMPLE.COM", "#"),
        ],
    );
    passes(&[
        "icon@2x.png",
        "@ada",
        "ada@",
        "ada@localhost",
        "pkg@1.2.3",
        "a @ b.com",
        "@example.com",
        "user@10.0.0.1",
        "5 apples @ 1.20",
        "x@-a.com",
        "--@example.com",
        "@babel/core@7.1.0",
    ]);
}

#[test]
fn payment_cards() {
    finds(
        Detector::PaymentCard,
        &[
            ("4242424242424242", "#"),
            ("4242 4242 4242 4242 12/27 123", "# 12/27 123"),
            ("card:4242-4242-4242-4242.", "card:#."),
            ("3782 822463 10005", "#"),
            ("378282246310005", "#"),
            ("5555555555554444,2223003122003222", "#,#"),
            ("6011111111111117 30569309025904 3566002020360505", "# # #"),
            ("2 x 4000056655665556", "2 x #"),
            ("12 4111 1111 1111 1111", "12 #"),
            ("6304000000000000", "#"),
        ],
    );
    passes(&[
        "4242424242424243",
        "1234567890123456",
        "0000000000000000",
        "42424242424242424242424242424242",
        "550e8400-e29b-41d4-a716-446655440000",
        "20250114091200123",
        "1736845920000",
        "1736845920000000",
        "4242 42424242 4242",
        "x4242424242424242",
        "4242424242424242a",
        "0.4242424242424242",
        "4242-4242-4242-4242-4242",
        "7-4242424242424242",
        "4242 4242-4242 4242",
        "order 4000000000000003",
        "2025-01-14 09:12:00.123456+00",
        "978-3-16-148410-0",
        "3.141592653589793",
        "3141592653589793238",
    ]);
}

#[test]
fn social_security_numbers() {
    finds(
        Detector::UsSsn,
        &[
            ("123-45-6789", "#"),
            ("SSN: 123 45 6789.", "SSN: #."),
            ("(899-99-9999)", "(#)"),
            ("id=078-05-1120;", "id=#;"),
        ],
    );
    passes(&[
        "000-12-3456",
        "666-12-3456",
        "900-12-3456",
        "987-65-4320",
        "123-00-6789",
        "123-45-0000",
        "123-45 6789",
        "123456789",
        "1123-45-6789",
        "123-45-67890",
        "9-123-45-6789",
        "123-45-6789-1",
        "1 123 45 6789 2",
        "2025-01-14",
        "10.123-45-6789",
        "x123-45-6789",
    ]);
}

#[test]
fn phones() {
    finds(
        Detector::Phone,
        &[
            ("+1 202 555 0101", "#"),
            ("+12025550101", "#"),
            ("tel. +49 30 555 0102, ask", "tel. #, ask"),
            ("+39 06 555 0103", "#"),
            ("+351 21 555 0109", "#"),
            ("+46 8 555 0110", "#"),
            ("+44 (0)20 7946 0958", "#"),
            ("+81-3-5550-0108", "#"),
            ("+33 612 345 678", "#"),
            ("(202) 555-0101", "#"),
            ("call 202-555-0101!", "call #!"),
            ("415.555.2671", "#"),
            ("+1 (415) 555-2671 2025-01-14", "# 2025-01-14"),
            ("1-800-555-0199", "1-#"),
        ],
    );
    passes(&[
        "2025-01-14",
        "2025-01-14 09:12:00+0100",
        "+20 000 000",
        "+20.000.000",
        "+12345678",
        "+3 more",
        "1+2345678901",
        "202 555 0101",
        "2025550101",
        "555-0101",
        "192.168.100.200",
        "10.0.0.1:5432",
        "911-555-0101",
        "202-555-0101-7",
        "550e8400-e29b-41d4-a716-446655440000",
        "123-456-7890",
        "3.202.555.0101",
        "+0 202 555 0101",
        "+1 102 555 0101",
        "-5.5e+1234567890",
        "12:34:56+01:00",
        "ISBN 978-316-1484-100",
    ]);
}

#[test]
fn ibans() {
    finds(
        Detector::Iban,
        &[
            ("DE89370400440532013000", "#"),
            ("IBAN DE89 3704 0044 0532 0130 00 BIC COBADEFF", "IBAN # BIC COBADEFF"),
            ("GB82WEST12345698765432,", "#,"),
            ("NO93 8601 1117 947", "#"),
            ("FR14 2004 1010 0505 0001 3M02 606", "#"),
            ("MT84MALT011000012345MTLCAST001S", "#"),
        ],
    );
    passes(&[
        "DE88370400440532013000",
        "DE8937040044053201300",
        "DE893704004405320130001",
        "XX89370400440532013000",
        "DE89 37040044 0532 0130 00",
        "AB12CD34EF56GH78IJ90",
        "ADE89370400440532013000",
        "SKU-AB12 CD34 EF56 GH78",
    ]);
}

const JWT: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";

#[test]
fn tokens_and_keys() {
    let bearer = format!("Authorization: Bearer {JWT}.");
    finds(
        Detector::Jwt,
        &[
            (JWT, "#"),
            (&bearer, "Authorization: Bearer #."),
            ("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.", "#."),
            // Compact JWE with direct encryption: five parts, the second empty.
            ("eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..aXY.Y3Q.dGFn", "#"),
        ],
    );
    passes(&[
        "eyJ0eXAiOiJKV1QifQ.eyJzdWIiOiJ4In0.sig",
        "eyJub3Rqc29u.eyJ4.x",
        "eyJhbGciOiJIUzI1NiJ9",
        "keyJust.a.word",
    ]);
    finds(
        Detector::AwsKey,
        &[
            ("AKIAIOSFODNN7EXAMPLE", "#"),
            ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "aws_secret_access_key = #"),
            ("id ASIAIOSFODNN7EXAMPLE;", "id #;"),
        ],
    );
    passes(&[
        "AKIAIOSFODNN7EXAMPL",
        "AKIAIOSFODNN7EXAMPLES",
        "XAKIAIOSFODNN7EXAMPLE",
        "AKIA",
        "ASIAN MARKETS ARE OPEN",
    ]);
    let pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----\nrest";
    finds(
        Detector::PrivateKey,
        &[
            (pem, "#\nrest"),
            ("x -----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl", "x #"),
            ("-----BEGIN PGP PRIVATE KEY BLOCK-----\nx\n-----END PGP PRIVATE KEY BLOCK-----", "#"),
            ("-----BEGIN PRIVATE KEY-----x-----END PRIVATE KEY-----", "#"),
        ],
    );
    passes(&[
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "BEGIN PRIVATE KEY",
        "-----BEGIN PUBLIC KEY-----",
    ]);
}

#[test]
fn api_keys() {
    // Put together here, so that no scanner of this repository takes them for real ones.
    let tail = "0123456789abcdefABCDEF0123456789abcdefABCDEF0123456789abcdefABCDEF";
    let part = |n: usize| tail.get(..n).unwrap();
    let keys = [
        format!("sk_live_{}", part(24)),
        format!("rk_test_{}", part(24)),
        format!("ghp_{}", part(36)),
        format!("github_pat_{}_{}", part(22), part(59)),
        format!("xoxb-123456789012-{}", part(24)),
        format!("AIza{}", part(35)),
        format!("glpat-{}", part(20)),
        format!("npm_{}", part(36)),
        format!("SG.{}.{}", part(22), part(43)),
        format!("sk-proj-{}", part(48)),
        format!("sk-{}", part(48)),
        format!("hvs.{}", part(24)),
        format!("hf_{}", part(34)),
        format!("dop_v1_{}", "0123456789abcdef".repeat(4)),
    ];
    for key in &keys {
        let text = format!("key={key}, next");
        finds(Detector::ApiKey, &[(key, "#"), (&text, "key=#, next")]);
    }
    passes(&[
        "sk_live_",
        "ghp_short",
        "sk-learn-pipelines-and-what-they-are-for",
        "task-0123456789abcdef",
        "xoxo-hugs",
        "risk-management-department-of-the-company-and-its-partners",
        "AIza",
        "glpat-x",
        "npm_config_registry",
        "d41d8cd98f00b204e9800998ecf8427e",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    ]);
}

#[test]
fn json_is_scanned_as_it_means() {
    let all = all();
    let cases = [
        (r#"{"mail": "a@b.com", "n": 1}"#, r#"{"mail": "[masked:email]", "n": 1}"#),
        (r#"{"mail":"a\u0040b.com","t":"\u00e9\n"}"#, r#"{"mail":"[masked:email]","t":"\u00e9\n"}"#),
        (r#"{"a@b.com": null}"#, r#"{"[masked:email]": null}"#),
        (r#"[4242424242424242, -4242424242424242.0e0]"#, r#"["[masked:card]", "[masked:card]"]"#),
        (r#"["line\n4242 4242 4242 4242\t\"x\""]"#, r#"["line\n[masked:card]\t\"x\""]"#),
        (r#""\ud83d\ude00 a@b.com""#, "\"😀 [masked:email]\""),
        (r#""\/\u0001 \ud800 a@b.com""#, "\"/\\u0001 \u{fffd} [masked:email]\""),
        (
            r#"{"key":"-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n"}"#,
            r#"{"key":"[masked:private_key]\n"}"#,
        ),
        // Over the bounds of strings.
        (r#"{"SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}"#, r#""[masked]""#),
        // Not JSON.
        (r#"{'mail': 'a@b.com'}"#, r#""[masked]""#),
        (r#"{"mail": "a@b.com"#, r#""[masked]""#),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(all.replace_json(text.as_bytes())).as_deref(), Some(expected), "{text}");
    }
    for text in ["{}", "", r#"{"a": [1, 2.5e-3, true, null, "x\ny"]}"#, "{'no': json", "\"cut", "[1,2]"] {
        assert_eq!(shown(all.replace_json(text.as_bytes())), None, "{text}");
    }
}

#[test]
fn own_patterns() {
    let own = detectors(&[Detector::Email], &[("employee", r"\bE-[0-9]{6}\b"), ("whole", "^(?i)secret .*$")])
        .unwrap();
    let replace = |text: &str| shown(own.replace(text.as_bytes()));
    assert_eq!(replace("E-123456 and a@b.com").as_deref(), Some("[masked:employee] and [masked:email]"));
    assert_eq!(replace("Secret ü").as_deref(), Some("[masked:whole]"));
    assert_eq!(replace("no secret here"), None);
    assert!(own.is_anchored());
    let json = own.replace_json(br#"["secret 1", "E-123456"]"#);
    assert_eq!(shown(json).as_deref(), Some(r#"["[masked:whole]", "[masked:employee]"]"#));
    // No half of a character stays behind.
    let halves = detectors(&[], &[("byte", r"\x9f")]).unwrap();
    assert_eq!(shown(halves.replace("aß😀b".as_bytes())).as_deref(), Some("a[masked:byte][masked:byte]b"));
    // What a pattern makes of a token.
    let greedy = detectors(&[Detector::Email], &[("m", "m[a-z]+"), ("edge", r"x\[")]).unwrap();
    assert_eq!(shown(greedy.replace(b"mail a@b.com")).as_deref(), Some("[masked:m] [masked:email]"));
    assert_eq!(shown(greedy.replace(b"x[masked:email] y")).as_deref(), Some("[masked:edge] y"));
}

#[test]
fn patterns_that_cannot_be() {
    let error = |name: &str, pattern: &str| detectors(&[], &[(name, pattern)]).unwrap_err().to_string();
    assert!(error("x", "(").contains("unclosed group"), "{}", error("x", "("));
    assert!(error("x", "a*").contains("empty text"));
    assert!(error("x", r"\b").contains("empty text"));
    assert!(error("x", "((a{100}){100}){100}").contains("too large"));
    assert!(error("x", &"a".repeat(5_000)).contains("too large"));
    assert!(error("x]", "a").contains("not the name"));
    assert!(error("email", "a").contains("another detector"));
    assert!(error("x", r"\p{Greek}").contains("not a pattern"));
    let twice = detectors(&[], &[("x", "a"), ("x", "b")]).unwrap_err().to_string();
    assert!(twice.contains("`x`") && twice.contains("another"), "{twice}");
    let custom: Vec<_> = (0..101).map(|n| (format!("n{n}"), format!("x{n}"))).collect();
    let many: Vec<_> = custom.iter().map(|(name, pattern)| (name.as_str(), pattern.as_str())).collect();
    assert_eq!(detectors(&[], &many).unwrap_err(), DetectError::Total);
}

#[test]
fn nothing_is_looked_for_where_nothing_is_configured() {
    let none = Detectors::new(&Config::default()).unwrap();
    assert_eq!(none.replace(b"a@b.com 4242424242424242"), None);
}

#[test]
fn hostile_texts_take_linear_time() {
    let all = all();
    let start = std::time::Instant::now();
    for part in [
        "a",
        "4",
        "4 ",
        "4111-",
        "eyJ",
        "eyJhbGciOi.",
        "axoxb-1234567890",
        "AB12",
        "AB12 ",
        "a@1.",
        "+1 ",
        "+49 ",
        "-----BEGIN PRIVATE KEY----",
        "ghp_",
        "(",
    ] {
        let text = part.repeat((256 << 10) / part.len());
        let _ = all.replace(text.as_bytes());
        let _ = all.replace_json(text.as_bytes());
    }
    // Quadratic would be minutes; this is a few seconds where nothing is optimised.
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

thread_local! {
    static ALL: LazyLock<Detectors> = const { LazyLock::new(|| {
        detectors(&Detector::ALL, &[("m", "m[a-z]{2}"), ("cut", r"[0-9]\["), ("c", r"\x9f"), ("line", "^l.*e$")]).unwrap()
    }) };
}

/// Pieces that bring matches and near misses about.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ -~]{0,12}",
        "\\PC{0,6}",
        "[0-9 +().-]{1,20}",
        Just("ada@example.com".to_owned()),
        Just("4242 4242 4242 4242".to_owned()),
        Just("4242424242424242".to_owned()),
        Just("123-45-6789".to_owned()),
        Just("-123-45-6789".to_owned()),
        Just("+1 202 555 0101".to_owned()),
        Just("DE89370400440532013000".to_owned()),
        Just(JWT.to_owned()),
        Just("AKIAIOSFODNN7EXAMPLE".to_owned()),
        Just("-----BEGIN PRIVATE KEY-----".to_owned()),
        Just("[masked:email]".to_owned()),
        Just("[masked]".to_owned()),
        Just("\u{7df}\n\"\\".to_owned()),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(Value::from(4_242_424_242_424_242_i64)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

use serde_json::Value;

/// The same text with some of its characters as escapes.
fn respelt(json: &str, seed: u64) -> String {
    let (mut out, mut inside, mut escaped) = (String::new(), false, false);
    for (position, c) in json.char_indices() {
        let pick = (seed >> (position % 64)) & 1 == 1;
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => inside = !inside,
            c if inside && pick => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

proptest! {
    #[test]
    fn any_bytes_settle(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        ALL.with(|all| {
            if let Some(once) = all.replace(&bytes) {
                prop_assert_eq!(all.replace(&once), None);
            }
            if let Some(once) = all.replace_json(&bytes) {
                prop_assert_eq!(all.replace_json(&once), None);
            }
            Ok(())
        })?;
    }

    #[test]
    fn texts_settle_and_stay_text(text in text()) {
        ALL.with(|all| {
            if let Some(once) = all.replace(text.as_bytes()) {
                prop_assert!(std::str::from_utf8(&once).is_ok());
                prop_assert_eq!(all.replace(&once), None);
            }
            Ok(())
        })?;
    }

    #[test]
    fn json_stays_json_however_it_is_spelt(value in json(), seed in any::<u64>()) {
        ALL.with(|all| {
            let plain = value.to_string();
            let other = respelt(&plain, seed);
            prop_assert_eq!(&serde_json::from_str::<Value>(&other).unwrap(), &value);
            let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes);
            let (a, b) = (all.replace_json(plain.as_bytes()), all.replace_json(other.as_bytes()));
            for (spelt, replaced) in [(&plain, &a), (&other, &b)] {
                let Some(once) = replaced else { continue };
                prop_assert!(read(once).is_ok(), "{} -> {}", spelt, String::from_utf8_lossy(once));
                prop_assert_eq!(all.replace_json(once), None);
            }
            // The spelling hides nothing.
            let whole = Some(b"\"[masked]\"".to_vec());
            if a != whole && b != whole {
                let value = |replaced: Option<Vec<u8>>| replaced.map_or(value.clone(), |bytes| read(&bytes).unwrap());
                prop_assert_eq!(value(a), value(b));
            }
            Ok(())
        })?;
    }
}
