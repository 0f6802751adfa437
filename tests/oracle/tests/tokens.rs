//! Tokens, compared with those of PostgreSQL's scanner: wherever Gatewright takes a text, both see the same.
#![allow(missing_docs, reason = "a test")]

use std::error::Error;

use gatewright_oracle::corpus;
use gatewright_oracle::scan::{Agreement, compare, unescaped};
use proptest::prelude::*;

fn check(text: &str) -> bool {
    match compare(text) {
        Agreement::Same => true,
        Agreement::Refused => false,
        Agreement::Differs(how) => panic!("{text:?}: {how}"),
    }
}

/// A text with `U&` escapes and what we make of them are one to the server.
fn check_unescaped(text: &str) -> bool {
    match unescaped(text) {
        Some(Agreement::Differs(ours)) => panic!("{text:?}: {ours:?}"),
        other => other == Some(Agreement::Same),
    }
}

fn texts() -> Result<Vec<String>, Box<dyn Error>> {
    Ok(corpus::own()?.into_iter().flat_map(|file| file.statements).collect())
}

#[test]
fn corpora_have_the_same_tokens() -> Result<(), Box<dyn Error>> {
    let mut all = texts()?;
    all.extend(corpus::sent()?.into_iter().flat_map(|file| file.statements));
    let taken = all.iter().filter(|text| check(text)).count();
    println!("own corpora: {} texts, {taken} taken, all with the same tokens", all.len());
    if let Some(files) = corpus::regress()? {
        let all: Vec<String> = files.into_iter().flat_map(|file| file.statements).collect();
        let taken = all.iter().filter(|text| check(text)).count();
        println!("regression scripts: {} texts, {taken} taken, all with the same tokens", all.len());
    } else {
        println!("PostgreSQL's regression scripts are not there: skipped");
    }
    Ok(())
}

/// What scanners disagree about.
const TRICKY: &[&str] = &[
    "/*",
    "*/",
    "/**/",
    "--",
    "-- \n",
    "--\r",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "\u{c}",
    "\u{b}",
    " ",
    "'",
    "''",
    "'''",
    "\"",
    "\"\"",
    "\\",
    "\\'",
    "\\\\",
    "E'",
    "e'\\",
    "U&'",
    "u&\"",
    "U&",
    "UESCAPE '!'",
    "B'",
    "x'1F'",
    "N'",
    "n'a'",
    "'a'\n'b'",
    "'a'--x\n'b'",
    "'a' /**/\n'b'",
    "r'",
    "R\"",
    "q'[",
    "b\"",
    "_utf8'",
    "$$",
    "$a$",
    "$_$",
    "$é$",
    "$1",
    "$1a",
    "$",
    "$a",
    "a$b$",
    "$1$",
    "::",
    ":=",
    ":",
    "=>",
    "<->",
    "->",
    "->>",
    "-",
    "+",
    "*",
    "/",
    "<",
    ">",
    "=",
    "<>",
    "!=",
    "!",
    "@",
    "@-",
    "#",
    "#-",
    "%",
    "^",
    "&",
    "&&",
    "|",
    "||",
    "|/",
    "~",
    "`",
    "?",
    "?|",
    "*-",
    "<=-",
    "..",
    ".",
    "1.",
    ".5",
    "1..2",
    "1e",
    "1e5",
    "1e+",
    "0x1f",
    "0o7",
    "0b1",
    "1_000",
    "1a",
    "é",
    "É",
    "ß",
    "ſ",
    "\u{212a}",
    "İ",
    "中",
    "\u{a0}",
    "\u{3000}",
    "\u{feff}",
    "\u{200b}",
    "\u{2028}",
    "\u{301}",
    "😀",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ",",
    ";",
    "a",
    "A",
    "select",
    "null",
    "AND",
    "\u{1}",
    "\u{7f}",
    "\u{85}",
];

fn tricky() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(TRICKY), 0..12).prop_map(|parts| parts.concat())
}

#[test]
fn unicode_escapes_are_read_as_the_server_does() -> Result<(), Box<dyn Error>> {
    let mut all = texts()?;
    all.extend(corpus::sent()?.into_iter().flat_map(|file| file.statements));
    let taken = all.iter().filter(|text| check_unescaped(text)).count();
    assert!(taken > 10, "{taken} texts with escapes");
    Ok(())
}

/// What there is between the quotes of `U&`, and behind them.
const ESCAPES: &[&str] = &[
    "\\0041",
    "\\+000041",
    "\\\\",
    "\\",
    "!",
    "!!",
    "!0041",
    "!+00e9zz",
    "\\d83d",
    "\\DE00",
    "\\+00d83d",
    "\\+110000",
    "\\0000",
    "\\0027",
    "\\0022",
    "''",
    "\"\"",
    "é",
    "a",
    " ",
    "\n",
    "\\005c",
    "\\d83d\\de00",
    "--",
    "/*",
    "$$",
    "0",
];

fn escaped() -> impl Strategy<Value = String> {
    let one = |list: &'static [&'static str]| prop::sample::select(list);
    let inner = prop::collection::vec(one(ESCAPES), 0..6).prop_map(|parts| parts.concat());
    let behind = one(&[
        "",
        " ",
        " UESCAPE '!'",
        "UESCAPE'!'",
        " uescape '\\'",
        "\nUESCAPE/**/'+'",
        " UESCAPE 'a'",
        " AS",
    ]);
    let quote = one(&["'", "\""]);
    let part =
        (quote, inner, behind).prop_map(|(quote, inner, behind)| format!("U&{quote}{inner}{quote}{behind}"));
    let before = one(&[
        "SELECT ",
        "SELECT a.",
        "SELECT 1 AS ",
        "SELECT a FROM t WHERE a = ",
        "SELECT 'x' || ",
        "SELECT a",
    ]);
    (before, prop::collection::vec(part, 1..3), one(&["", ", b", " FROM t", "\n'x'", "x"]))
        .prop_map(|(before, parts, after)| format!("{before}{}{after}", parts.join(", ")))
}

fn boundary(text: &str, at: &prop::sample::Index) -> usize {
    let mut at = at.index(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A statement with fragments put in, characters taken out, its end doubled or made another's.
fn mutated() -> impl Strategy<Value = String> {
    let texts: Vec<String> =
        texts().unwrap_or_default().into_iter().filter(|text| text.len() < 400).collect();
    let one = prop::sample::select(texts);
    let change = (any::<prop::sample::Index>(), prop::sample::select(TRICKY), 0_usize..6);
    let changes = prop::collection::vec(change, 1..5);
    (one.clone(), one, any::<prop::sample::Index>(), changes).prop_map(|(mut text, other, at, changes)| {
        for (place, fragment, what) in changes {
            let here = boundary(&text, &place);
            match what {
                0 => {
                    text.truncate(here);
                    text.push_str(&other[boundary(&other, &at)..]);
                }
                1 if here < text.len() => drop(text.remove(here)),
                2 => {
                    let again = text[here..].to_owned();
                    text.push_str(&again);
                }
                _ => text.insert_str(here, fragment),
            }
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn fragments_have_the_same_tokens(text in tricky()) {
        check(&text);
    }

    #[test]
    fn changed_statements_have_the_same_tokens(text in mutated()) {
        check(&text);
    }

    #[test]
    fn any_unicode_escapes_are_read_as_the_server_does(text in escaped()) {
        check(&text);
        check_unescaped(&text);
    }

    #[test]
    fn any_text_has_the_same_tokens(text in "[ -~éÉ\u{a0}\n\r\t]{0,24}") {
        check(&text);
    }
}
