//! Detectors: what looks like personal data or a secret, wherever it stands. The second net behind the masks that
//! follow a column's origin.
//!
//! All patterns are one automaton, which says in a single pass whether anything in a text looks like a match; almost
//! all texts end there. Only then the patterns that matched are looked for one by one, and what they find is checked
//! by what a regular expression cannot say (check digits, ranges, what stands beside it).
//!
//! Time is linear in the text, memory is bounded, and what was replaced once is never replaced again.

mod builtin;
mod card;
mod compile;
mod email;
mod iban;
mod json;
mod phone;
mod secrets;
mod span;
mod ssn;

use std::cell::RefCell;
use std::ops::Range;

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::{Input, PatternSet, meta};
use serde::{Deserialize, Serialize};

use crate::mask::REDACTED;

pub use compile::{DetectError, check_custom};

/// Replacing can bring new matches about, whose neighbour was a match itself; after so many rounds the whole text is
/// redacted.
const MOST_ROUNDS: usize = 8;
/// Most matches of one pattern in one text; a text with more is redacted as a whole.
const MOST_MATCHES: usize = 1_000;

/// A detector that is built in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detector {
    /// Email addresses.
    Email,
    /// Numbers of payment cards: issuer, length, and the check digit (ISO/IEC 7812-1, Luhn).
    PaymentCard,
    /// Social security numbers of the United States, with separators; only those that can be assigned.
    UsSsn,
    /// Telephone numbers: international (E.164) with `+`, and North American with separators.
    Phone,
    /// International bank account numbers (ISO 13616): country, length, and check digits.
    Iban,
    /// JSON Web Tokens (RFC 7519), by a header that decodes and names its `alg`.
    Jwt,
    /// Access keys of AWS, and secret access keys where they are called that.
    AwsKey,
    /// Private keys in PEM (RFC 7468) and its like, with all that is between BEGIN and END.
    PrivateKey,
    /// API keys whose issuer gave them a prefix to be found by.
    ApiKey,
}

impl Detector {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Email,
        Self::PaymentCard,
        Self::UsSsn,
        Self::Phone,
        Self::Iban,
        Self::Jwt,
        Self::AwsKey,
        Self::PrivateKey,
        Self::ApiKey,
    ];

    /// What stands in the place of a match: `[masked:LABEL]`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::PaymentCard => "card",
            Self::UsSsn => "ssn",
            Self::Phone => "phone",
            Self::Iban => "iban",
            Self::Jwt => "jwt",
            Self::AwsKey => "aws_key",
            Self::PrivateKey => "private_key",
            Self::ApiKey => "api_key",
        }
    }
}

/// A detector of the operator's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Custom {
    /// The label of its matches: 1 to 63 letters, digits, `-` and `_`.
    pub name: String,
    /// A regular expression in the syntax of the `regex` crate, matched on bytes: `\w`, `\d`, `\s`, `\b` and `(?i)`
    /// know ASCII only. It must not match the empty text.
    pub pattern: String,
}

/// Which detectors there are; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Those built in.
    #[serde(default)]
    pub enabled: Vec<Detector>,
    /// The operator's own.
    #[serde(default)]
    pub custom: Vec<Custom>,
}

impl Config {
    /// Whether there is nothing to look for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.enabled.is_empty() && self.custom.is_empty()
    }
}

/// Compiled detectors.
#[derive(Debug)]
pub struct Detectors {
    /// In the order of the automaton's patterns.
    rules: Vec<Rule>,
    /// All patterns in one, forward only.
    any: DFA,
    cache: RefCell<Cache>,
    /// No match is shorter, in bytes.
    shortest: usize,
    /// Some pattern looks at where the text begins or ends.
    anchored: bool,
}

/// One pattern.
#[derive(Debug)]
struct Rule {
    regex: meta::Regex,
    check: Check,
    /// `[masked:LABEL]`.
    token: Vec<u8>,
}

/// Looks closer at a match of a pattern.
type Check = fn(text: &[u8], found: Range<usize>) -> Verdict;

/// What a check says.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// To be replaced: the match, or more or less of it.
    Hit(Range<usize>),
    /// Not what it looked like; the search goes on at this place.
    Miss(usize),
}

/// A place to be replaced, by the token of a rule.
#[derive(Debug)]
struct Span<'a> {
    range: Range<usize>,
    token: &'a [u8],
}

impl Detectors {
    /// Compiles the detectors.
    ///
    /// # Errors
    /// [`DetectError`] where a pattern of the operator's is none, matches the empty text, or is too large.
    pub fn new(config: &Config) -> Result<Self, DetectError> {
        compile::detectors(config)
    }

    /// Whether a pattern looks at where the text begins or ends, so that parts are to be scanned each by itself.
    #[must_use]
    pub fn is_anchored(&self) -> bool {
        self.anchored
    }

    /// Whether anything in the text may be a match. `false` is certain, `true` is not. Allocates nothing.
    #[must_use]
    pub fn may_match(&self, text: &[u8]) -> bool {
        if text.len() < self.shortest {
            return false;
        }
        let Ok(mut cache) = self.cache.try_borrow_mut() else { return true };
        !matches!(self.any.try_search_fwd(&mut cache, &Input::new(text).earliest(true)), Ok(None))
    }

    /// The text with all matches replaced; `None` where there are none.
    #[must_use]
    pub fn replace(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut replaced = self.replace_once(text)?;
        for _ in 0..MOST_ROUNDS {
            match self.replace_once(&replaced) {
                Some(again) => replaced = again,
                None => return Some(replaced),
            }
        }
        Some(REDACTED.to_vec())
    }

    /// JSON text with all matches in its strings, object keys and numbers replaced; `None` where there are none.
    ///
    /// Valid JSON stays valid: a number that holds a match becomes a string. A text in which something matches that
    /// is no part of a string or number becomes `"[masked]"`.
    #[must_use]
    pub fn replace_json(&self, text: &[u8]) -> Option<Vec<u8>> {
        json::replace(self, text)
    }

    fn replace_once(&self, text: &[u8]) -> Option<Vec<u8>> {
        match self.spans(text)? {
            Spans::Everything => Some(REDACTED.to_vec()),
            Spans::Of(spans) => Some(span::replace(text, &spans)),
        }
    }

    /// The matches, in order and apart; `None` where there are none.
    fn spans(&self, text: &[u8]) -> Option<Spans<'_>> {
        if !self.may_match(text) {
            return None;
        }
        let mut spans = Vec::new();
        for rule in self.rules_in(text) {
            let mut at = 0;
            let mut matches = 0_usize;
            while let Some(found) = rule.regex.find(Input::new(text).range(at..)) {
                matches = matches.saturating_add(1);
                if matches > MOST_MATCHES {
                    return Some(Spans::Everything);
                }
                at = match (rule.check)(text, found.range()) {
                    Verdict::Hit(range) => {
                        let end = range.end;
                        spans.push(Span { range, token: &rule.token });
                        end.max(at.saturating_add(1))
                    }
                    Verdict::Miss(next) => next.max(at.saturating_add(1)),
                };
                if at > text.len() {
                    break;
                }
            }
        }
        let labels: Vec<&[u8]> = self.rules.iter().map(|rule| rule.token.as_slice()).collect();
        let spans = span::settle(text, spans, &labels);
        (!spans.is_empty()).then_some(Spans::Of(spans))
    }

    /// The rules whose patterns match anywhere in the text.
    fn rules_in(&self, text: &[u8]) -> impl Iterator<Item = &Rule> {
        let mut set = PatternSet::new(self.rules.len());
        let known = self.cache.try_borrow_mut().is_ok_and(|mut cache| {
            self.any.try_which_overlapping_matches(&mut cache, &Input::new(text), &mut set).is_ok()
        });
        self.rules.iter().enumerate().filter_map(move |(position, rule)| {
            let matched = !known || set.iter().any(|id| id.as_usize() == position);
            matched.then_some(rule)
        })
    }
}

/// What is to be replaced in a text.
enum Spans<'a> {
    /// More than is worth telling apart.
    Everything,
    /// These, in order and apart; at least one.
    Of(Vec<Span<'a>>),
}

#[cfg(test)]
mod tests;
