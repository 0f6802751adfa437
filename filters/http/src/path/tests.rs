#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "a test may panic")]

use proptest::prelude::*;

use super::*;

fn read(raw: &str) -> Result<Target, Ambiguous> {
    Target::read(raw.as_bytes())
}

#[test]
fn what_servers_read_differently_is_refused() {
    use Ambiguous::*;
    for (raw, expected) in [
        ("", Empty),
        ("*", AsteriskForm),
        ("http://other/customers", AbsoluteForm),
        ("HTTPS://other:443/", AbsoluteForm),
        ("other.example:443", AuthorityForm),
        ("customers", AuthorityForm),
        ("//other.example/customers", EmptySegment),
        ("/customers//1", EmptySegment),
        ("/customers//", EmptySegment),
        ("//", EmptySegment),
        ("/a/../b", DotSegment),
        ("/a/..", DotSegment),
        ("/./a", DotSegment),
        ("/a/%2e%2e/b", DotSegment),
        ("/a/%2E%2e/b", DotSegment),
        ("/a/.%2e/b", DotSegment),
        ("/a/%2e./b", DotSegment),
        ("/a/%2e/b", DotSegment),
        ("/a/..;/b", MatrixParameter),
        ("/a;v=1/b", MatrixParameter),
        ("/a%3bv=1/b", MatrixParameter),
        ("/a%3B", MatrixParameter),
        ("/a\\b", Backslash),
        ("/a/..\\b", Backslash),
        ("/a%5cb", Backslash),
        ("/a%5C..%5Cb", Backslash),
        ("/a%2fb", EncodedSlash),
        ("/a/%2F", EncodedSlash),
        ("/a%2f..%2fb", EncodedSlash),
        ("/a%00", EncodedControl),
        ("/a%00.json", EncodedControl),
        ("/a%0a", EncodedControl),
        ("/a%0d%0aX-Admin:%201", EncodedControl),
        ("/a%7f", EncodedControl),
        ("/a%c2%85", EncodedControl),
        ("/ad%e2%80%8bmin", EncodedControl),
        ("/a%e2%80%aetxt", EncodedControl),
        ("/%ef%bb%bfa", EncodedControl),
        ("/a%252e%252e", DoubleEncoding),
        ("/a%252fb", DoubleEncoding),
        ("/a%25%32%66b", DoubleEncoding),
        ("/a%25u002e", DoubleEncoding),
        ("/a%u002e", InvalidTriplet),
        ("/a%", InvalidTriplet),
        ("/a%2", InvalidTriplet),
        ("/a%2/b", InvalidTriplet),
        ("/a%zz", InvalidTriplet),
        ("/a%c3", NotUtf8),
        ("/a%ff", NotUtf8),
        ("/a%ed%a0%80", NotUtf8),
        ("/a%f4%90%80%80", NotUtf8),
        ("/a%c0%af", Overlong),
        ("/%c0%ae%c0%ae/a", Overlong),
        ("/a%e0%80%af", Overlong),
        ("/a%f0%80%80%af", Overlong),
        ("/a#b", Fragment),
        ("/a?b#c", Fragment),
        ("/a b", RawControl),
        ("/a\tb", RawControl),
        ("/a\r\nHost: b", RawControl),
        ("/a\0", RawControl),
        ("/\u{e4}", RawNonAscii),
        ("/a?q=\u{e4}", RawNonAscii),
        ("/a%ef%bc%8fb", LookAlike),
        ("/%ef%bc%8e%ef%bc%8e/b", LookAlike),
        ("/%e2%80%a4%e2%80%a4/b", LookAlike),
        ("/%e2%80%a5/b", LookAlike),
        ("/a%e2%88%95b", LookAlike),
        ("/a%e2%81%84b", LookAlike),
        ("/a%ef%bc%bcb", LookAlike),
        ("/a%ef%bc%852fb", LookAlike),
        ("/a%cd%beb", LookAlike),
        ("/%e2%84%80", LookAlike),
        ("/admin.", TrimmedSegment),
        ("/admin%20", TrimmedSegment),
        ("/admin%20/x", TrimmedSegment),
        ("/%20admin", TrimmedSegment),
        ("/admin%c2%a0", TrimmedSegment),
        ("/...", TrimmedSegment),
        ("/a?b=1;c=2", QuerySemicolon),
        ("/a?b=%", InvalidTriplet),
        ("/a?b=%c0%80", Overlong),
        ("/a?b=%00", EncodedControl),
    ] {
        assert_eq!(read(raw), Err(expected), "{raw}");
    }
    assert_eq!(read(&format!("/{}", "a".repeat(MAX_TARGET))), Err(TooLong));
    assert_eq!(Target::read(b"/a\xff"), Err(RawNonAscii));
}

#[test]
fn ordinary_targets_are_read_once() {
    for (raw, segments, slash, canonical) in [
        ("/", &[][..], false, "/"),
        ("/?", &[], false, "/"),
        ("/customers/1", &["customers", "1"], false, "/customers/1"),
        ("/customers/", &["customers"], true, "/customers/"),
        ("/a%20b/c%C3%A9", &["a b", "cé"], false, "/a%20b/c%C3%A9"),
        ("/%61dmin", &["admin"], false, "/admin"),
        ("/a+b", &["a+b"], false, "/a%2Bb"),
        ("/100%25", &["100%"], false, "/100%25"),
        ("/.well-known/x", &[".well-known", "x"], false, "/.well-known/x"),
        ("/v1.2/a..b", &["v1.2", "a..b"], false, "/v1.2/a..b"),
        ("/a:b@c,d=e&f(g)*!'~$", &["a:b@c,d=e&f(g)*!'~$"], false, "/a:b@c,d=e&f(g)*!'~$"),
        ("/%F0%9F%98%80", &["😀"], false, "/%F0%9F%98%80"),
        ("/a%3Fb%23", &["a?b#"], false, "/a%3Fb%23"),
        ("/a|b{c}", &["a|b{c}"], false, "/a%7Cb%7Bc%7D"),
        ("/a?q=b+c&q=%2B&f&g=", &["a"], false, "/a?q=b%20c&q=%2B&f&g="),
        ("/a?next=/b/../c//d", &["a"], false, "/a?next=/b/../c//d"),
        ("/a?&&", &["a"], false, "/a"),
    ] {
        let target = read(raw).unwrap_or_else(|fault| panic!("{raw}: {fault}"));
        assert_eq!(target.segments().collect::<Vec<_>>(), segments, "{raw}");
        assert_eq!(target.trailing_slash(), slash, "{raw}");
        assert_eq!(target.canonical(), canonical);
        assert_eq!(read(canonical).as_ref(), Ok(&target), "{raw}");
    }
}

const SHOP: &[(Option<&str>, &str)] = &[
    (Some("GET"), "/customers"),
    (Some("GET"), "/customers/{id}"),
    (Some("DELETE"), "/customers/{id}"),
    (Some("GET"), "/customers/me"),
    (None, "/customers/{id}/orders"),
    (Some("GET"), "/files/{path...}"),
    (Some("PUT"), "/files/{path...}"),
    (Some("GET"), "/files/{name}/meta"),
    (Some("GET"), "/files/private/{path...}"),
    (Some("GET"), "/files/private/meta"),
    (Some("POST"), "/Reports/{year}/Run"),
    (None, "/"),
];

fn shop() -> Templates {
    Templates::compile(SHOP).unwrap()
}

#[test]
fn the_most_specific_template_is_meant() {
    let shop = shop();
    for (method, raw, expected) in [
        ("GET", "/", Ok(Some((11, &[][..])))),
        ("GET", "/customers", Ok(Some((0, &[])))),
        ("GET", "/customers/", Ok(Some((0, &[])))),
        ("GET", "/customers/7", Ok(Some((1, &[("id", "7")])))),
        ("DELETE", "/customers/7", Ok(Some((2, &[("id", "7")])))),
        ("GET", "/customers/me", Ok(Some((3, &[])))),
        ("DELETE", "/customers/me", Ok(Some((2, &[("id", "me")])))),
        ("PATCH", "/customers/7/orders", Ok(Some((4, &[("id", "7")])))),
        ("GET", "/files/a/b%20c/d", Ok(Some((5, &[("path", "a/b c/d")])))),
        ("GET", "/files/a/", Ok(Some((5, &[("path", "a")])))),
        ("GET", "/files/", Ok(Some((5, &[("path", "")])))),
        ("GET", "/files", Ok(None)),
        ("GET", "/files/x/meta", Ok(Some((7, &[("name", "x")])))),
        ("GET", "/files/private/key", Ok(Some((8, &[("path", "key")])))),
        ("GET", "/files/private/meta", Ok(Some((9, &[])))),
        ("PUT", "/files/private/meta", Ok(Some((6, &[("path", "private/meta")])))),
        ("POST", "/Reports/2026/Run", Ok(Some((10, &[("year", "2026")])))),
        ("POST", "/customers", Ok(None)),
        ("GET", "/nothing", Ok(None)),
        ("GET", "/customers/7/orders/1", Ok(None)),
        // What a server less exact than this would take for another.
        ("GET", "/Customers/7", Err(Ambiguous::Case)),
        ("GET", "/customers/ME", Err(Ambiguous::Case)),
        ("GET", "/customers/%4De", Err(Ambiguous::Case)),
        ("POST", "/reports/2026/run", Err(Ambiguous::Case)),
        ("GET", "/file%c5%bf/a", Err(Ambiguous::Case)),
        ("GET", "/files/priv%d0%b0te/key", Ok(Some((5, &[("path", "privаte/key")])))),
        ("GET", "/files/%ef%bd%90rivate/key", Err(Ambiguous::Case)),
        ("GET", "/FILES/", Err(Ambiguous::Case)),
        ("GET", "/files/private/", Err(Ambiguous::TrailingSlash)),
        ("get", "/customers", Err(Ambiguous::MethodCase)),
        ("Delete", "/customers/7", Err(Ambiguous::MethodCase)),
        ("patch", "/customers/7/orders", Err(Ambiguous::MethodCase)),
        ("get", "/nothing", Ok(None)),
    ] {
        let target = read(raw).unwrap();
        let found = shop.match_(method, &target);
        let found = found.map(|found| found.map(|found| (found.template, found.variables)));
        assert_eq!(found, expected.map(|m| m.map(|(t, v)| (t, v.to_vec()))), "{method} {raw}");
    }
    assert_eq!(shop.methods(&read("/customers/7").unwrap()), ["DELETE", "GET"]);
}

#[test]
fn what_is_in_conflict_does_not_compile() {
    let compile = |templates: &[(Option<&str>, &str)]| Templates::compile(templates).map(drop).unwrap_err();
    let get = Some("GET");
    assert!(matches!(compile(&[(get, "/a/{x}"), (get, "/a/{y}")]), TemplateError::Same(..)));
    assert!(matches!(compile(&[(get, "/a"), (get, "/a/")]), TemplateError::Same(..)));
    assert!(matches!(compile(&[(None, "/A/b"), (None, "/a/c")]), TemplateError::Spelling(..)));
    assert_eq!(
        compile(&[(get, "/users/me/{what}"), (None, "/users/{id}/settings")]),
        TemplateError::Overlap(
            "/users/me/{what}".into(),
            "/users/{id}/settings".into(),
            "/users/me/settings".into()
        )
    );
    assert!(matches!(compile(&[(get, "/a/{p...}"), (get, "/{x}/b")]), TemplateError::Overlap(..)));
    for wrong in ["", "a", "/a/{x", "/a/{x}b", "/a/{}", "/{p...}/a", "/{x}/{x}", "/{X}"] {
        assert!(matches!(compile(&[(None, wrong)]), TemplateError::Syntax(_)), "{wrong}");
    }
    for wrong in ["//", "/a//b", "/a/../b", "/a;b", "/a%2fb", "/a."] {
        assert!(matches!(compile(&[(None, wrong)]), TemplateError::Path(..)), "{wrong}");
    }
    assert!(matches!(compile(&[(Some("get"), "/a")]), TemplateError::Method(..)));
    for right in [
        &[(get, "/a/{x}"), (Some("PUT"), "/a/{y}"), (None, "/a/{z}")][..],
        &[(get, "/users/me/{what}"), (get, "/users/{id}/settings"), (get, "/users/me/settings")],
        &[(get, "/users/me/{what}"), (Some("PUT"), "/users/{id}/settings")],
        &[(get, "/files/{id}"), (get, "/files/raw/{path...}")],
        &[(get, "/{all...}"), (get, "/a/{rest...}"), (get, "/a")],
    ] {
        Templates::compile(right).unwrap();
    }
}

/// Decodes triplets as lenient servers do: what is none stays.
fn decode_leniently(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.as_bytes();
    while let Some((byte, tail)) = bytes.split_first() {
        let hex = |at: usize| tail.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        bytes = tail;
        match (byte, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap());
                bytes = tail.get(2..).unwrap();
            }
            _ => out.push(*byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn resolve_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => _ = kept.pop(),
            _ => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

/// What servers have been seen to do to a path before they route it.
const LENIENCES: [fn(&str) -> String; 8] = [
    decode_leniently,
    |path| decode_leniently(&decode_leniently(path)),
    str::to_lowercase,
    |path| {
        path.split('/').filter(|segment| !segment.is_empty()).map(|segment| format!("/{segment}")).collect()
    },
    resolve_dots,
    |path| path.replace('\\', "/"),
    |path| path.split('/').map(|segment| segment.split(';').next().unwrap()).collect::<Vec<_>>().join("/"),
    |path| path.split('/').map(|segment| segment.trim_end_matches(['.', ' '])).collect::<Vec<_>>().join("/"),
];

/// A path as a server has it that routes what it derived, without looking at it as the gate does.
fn derived(path: &str) -> Target {
    let (path, trailing_slash) = match path.strip_suffix('/') {
        Some(body) => (body.to_owned(), !body.is_empty()),
        None => (path.to_owned(), false),
    };
    Target { path, trailing_slash, query: Query::default() }
}

/// A path of the templates, spelt otherwise at one to three places: in another case, percent-encoded once or twice, or
/// with something in between.
fn respelt() -> impl Strategy<Value = String> {
    const PATHS: &[&str] = &[
        "/",
        "/customers",
        "/customers/me",
        "/customers/7/orders",
        "/files/a/b",
        "/files/private/meta",
        "/files/a/meta",
        "/Reports/7/Run",
    ];
    const BETWEEN: &[&str] = &[
        "/",
        "/.",
        "/..",
        "/../",
        "%2e",
        "%2f",
        "%252e",
        "%252f",
        "%2565",
        "%20",
        ";",
        "\\",
        "%5c",
        "%25",
        "é",
        "%",
        "+",
        "%ef%bc%8e",
        "%3b",
        ".",
    ];
    let change = (any::<prop::sample::Index>(), 0..4, prop::sample::select(BETWEEN));
    (prop::sample::select(PATHS), prop::collection::vec(change, 1..4)).prop_map(|(path, changes)| {
        let mut pieces: Vec<String> = path.chars().map(String::from).collect();
        for (at, how, between) in changes {
            let piece = &mut pieces[at.index(path.len())];
            let first = piece.as_bytes()[0];
            *piece = match how {
                0 if piece.chars().any(|piece| piece.is_ascii_lowercase()) => piece.to_uppercase(),
                0 => piece.to_lowercase(),
                1 => format!("%{first:02x}"),
                2 => format!("%25{first:02x}"),
                _ => format!("{piece}{between}"),
            };
        }
        format!("/{}", pieces[1..].concat())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn canonical_reads_to_itself(raw in "/([a-zA-Z%0-9./;+?&= \\\\~|é-]|%2[0-9A-F]|%[2-7][0-9a-f]){0,24}") {
        if let Ok(target) = read(&raw) {
            let canonical = target.canonical();
            let again = read(&canonical).unwrap();
            prop_assert_eq!(&again, &target);
            prop_assert_eq!(again.canonical(), canonical);
        }
    }

    #[test]
    fn lenient_servers_find_the_same_template_or_none(
        raw in respelt(),
        steps in prop::collection::vec(0..LENIENCES.len(), 1..4),
    ) {
        let Ok(target) = read(&raw) else { return Ok(()) };
        let shop = shop();
        let canonical = target.canonical();
        let mut path = canonical.split('?').next().unwrap().to_owned();
        for step in steps {
            path = LENIENCES[step](&path);
        }
        let theirs = derived(&path);
        for method in ["GET", "PUT", "DELETE", "POST"] {
            let Ok(ours) = shop.match_(method, &target) else { continue };
            if let Ok(Some(theirs)) = shop.match_(method, &theirs) {
                prop_assert_eq!(Some(theirs.template), ours.map(|ours| ours.template), "{} {}", raw, path);
            }
        }
    }

    #[test]
    fn never_panics(raw in prop::collection::vec(any::<u8>(), 0..40)) {
        if let Ok(target) = Target::read(&[b"/", &*raw].concat()) {
            let _ = shop().match_("GET", &target);
        }
    }
}
