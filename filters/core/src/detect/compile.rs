//! Patterns become automata.

use std::cell::RefCell;

use regex_automata::hybrid::dfa::{self, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::syntax;
use regex_automata::{MatchKind, meta};

use super::{Check, Config, Custom, Detectors, Rule, Verdict, builtin};

/// Most detectors of the operator's own.
const MOST_CUSTOM: usize = 100;
/// Longest pattern, in bytes.
const LONGEST: usize = 4_096;
/// Most memory that one pattern's automaton takes before it has seen any text, in bytes.
const PATTERN_SIZE: usize = 512 << 10;
/// The same of all together.
const TOTAL_SIZE: usize = 4 << 20;
/// Memory for the states that texts brought about, in bytes: of all patterns, and of one.
const CACHES: (usize, usize) = (2 << 20, 256 << 10);

/// Why detectors cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DetectError {
    /// It cannot be the label of a match.
    #[error("`{0}` is not the name of a detector: expected 1 to 63 letters, digits, `-` and `_`")]
    Name(String),
    /// Two detectors have the same name.
    #[error("`{0}` is the name of another detector: expected a name of its own")]
    Twice(String),
    /// The pattern is not a regular expression of this kind.
    #[error("`{name}`: not a pattern: {cause}")]
    Pattern {
        /// Whose.
        name: String,
        /// What the compiler says.
        cause: String,
    },
    /// Every text would match.
    #[error("`{0}`: the pattern matches the empty text: expected one that needs at least one character")]
    Empty(String),
    /// The pattern is too long, or its automaton too large.
    #[error("`{0}`: the pattern is too large: expected at most {LONGEST} bytes, and smaller repetitions")]
    Large(String),
    /// All patterns together are too large.
    #[error("the detectors are too large together: expected at most {MOST_CUSTOM}, and smaller ones")]
    Total,
}

/// One pattern that compiles by itself.
struct Compiled {
    pattern: String,
    rule: Rule,
    shortest: usize,
    anchored: bool,
}

/// Says what is wrong with one detector of the operator's.
///
/// # Errors
/// [`DetectError`], of all kinds but `Total`.
pub fn check_custom(custom: &Custom) -> Result<(), DetectError> {
    own(custom).map(drop)
}

pub(super) fn detectors(config: &Config) -> Result<Detectors, DetectError> {
    if config.custom.len() > MOST_CUSTOM {
        return Err(DetectError::Total);
    }
    let mut all = Vec::new();
    for detector in super::Detector::ALL.into_iter().filter(|one| config.enabled.contains(one)) {
        let (pattern, check) = builtin::rule(detector);
        all.push(compile(detector.label(), pattern, check)?);
    }
    for custom in &config.custom {
        all.push(own(custom)?);
    }
    for (position, one) in all.iter().enumerate() {
        if all.iter().take(position).any(|before| before.rule.token == one.rule.token) {
            let label = config.custom.iter().find(|custom| token(&custom.name) == one.rule.token);
            return Err(DetectError::Twice(label.map(|custom| custom.name.clone()).unwrap_or_default()));
        }
    }
    let patterns: Vec<&str> = all.iter().map(|one| one.pattern.as_str()).collect();
    let any = DFA::builder()
        .syntax(bytes())
        .thompson(
            thompson::Config::new()
                .utf8(false)
                .which_captures(WhichCaptures::None)
                .nfa_size_limit(Some(TOTAL_SIZE)),
        )
        .configure(dfa::Config::new().match_kind(MatchKind::All).cache_capacity(CACHES.0))
        .build_many(&patterns)
        .map_err(|_| DetectError::Total)?;
    Ok(Detectors {
        cache: RefCell::new(any.create_cache()),
        any,
        shortest: all.iter().map(|one| one.shortest).min().unwrap_or(usize::MAX),
        anchored: all.iter().any(|one| one.anchored),
        rules: all.into_iter().map(|one| one.rule).collect(),
    })
}

fn own(custom: &Custom) -> Result<Compiled, DetectError> {
    let name = &custom.name;
    let fits = (1..=63).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !fits {
        return Err(DetectError::Name(name.clone()));
    }
    if super::Detector::ALL.iter().any(|one| one.label() == name) {
        return Err(DetectError::Twice(name.clone()));
    }
    compile(name, &custom.pattern, |_, found| Verdict::Hit(found))
}

fn compile(name: &str, pattern: &str, check: Check) -> Result<Compiled, DetectError> {
    if pattern.len() > LONGEST {
        return Err(DetectError::Large(name.to_owned()));
    }
    let parsed = syntax::parse_with(pattern, &bytes()).map_err(|error| {
        // The parser draws the pattern and points into it over several lines; the last says what is wrong.
        let said = error.to_string();
        let cause = said.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        DetectError::Pattern { name: name.to_owned(), cause }
    })?;
    let properties = parsed.properties();
    // None is the length of what can match nothing at all.
    let shortest = properties.minimum_len().unwrap_or(usize::MAX);
    if shortest == 0 {
        return Err(DetectError::Empty(name.to_owned()));
    }
    let anchored = properties.look_set().contains_anchor();
    let config = meta::Config::new()
        .utf8_empty(false)
        .which_captures(WhichCaptures::Implicit)
        .nfa_size_limit(Some(PATTERN_SIZE))
        .hybrid_cache_capacity(CACHES.1);
    let regex = meta::Regex::builder()
        .syntax(bytes())
        .configure(config)
        .build(pattern)
        .map_err(|_| DetectError::Large(name.to_owned()))?;
    Ok(Compiled {
        pattern: pattern.to_owned(),
        rule: Rule { regex, check, token: token(name) },
        shortest,
        anchored,
    })
}

fn token(name: &str) -> Vec<u8> {
    format!("[masked:{name}]").into_bytes()
}

/// Text is bytes: what is not UTF-8 is scanned too, and the tables of Unicode stay out of the automaton.
fn bytes() -> syntax::Config {
    syntax::Config::new().unicode(false).utf8(false)
}
