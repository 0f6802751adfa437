//! Pointers with wildcards, and all of them as one automaton over the path to a value.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use foldhash::{HashMap, HashMapExt as _};

/// Bits of a word.
const WORD: usize = 64;
/// Most segments of one pointer: its states fit one word.
const MOST_SEGMENTS: usize = 62;

/// A JSON pointer (RFC 6901) with wildcards: `/customers/*/ssn`, `/**/ssn`.
///
/// A segment `*` is any one key or index, `**` any number of them, none included. Other segments are keys, or indices
/// of arrays, with `~1` for `/` and `~0` for `~`. The empty pointer is the whole document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    text: String,
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Key(String),
    Any,
    Deep,
}

/// Why a text is not a pointer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    /// It does not begin with `/`.
    #[error("`{0}` is not a pointer: expected `/` at its beginning, as in `/customers/*/ssn`")]
    Relative(String),
    /// A `~` escapes nothing.
    #[error("`{0}` is not a pointer: expected `~0` for `~`, and `~1` for `/`")]
    Escape(String),
    /// It has too many segments.
    #[error("`{0}` is too long a pointer: expected at most {MOST_SEGMENTS} segments")]
    Long(String),
}

impl FromStr for Pointer {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Self, PointerError> {
        let mut segments = Vec::new();
        if !text.is_empty() {
            let path = text.strip_prefix('/').ok_or_else(|| PointerError::Relative(text.to_owned()))?;
            for segment in path.split('/') {
                match segment {
                    "*" => segments.push(Segment::Any),
                    // Twice any number is any number.
                    "**" if segments.last() == Some(&Segment::Deep) => {}
                    "**" => segments.push(Segment::Deep),
                    _ => segments.push(Segment::Key(
                        unescape(segment).ok_or_else(|| PointerError::Escape(text.to_owned()))?,
                    )),
                }
            }
        }
        if segments.len() > MOST_SEGMENTS {
            return Err(PointerError::Long(text.to_owned()));
        }
        Ok(Self { text: text.to_owned(), segments })
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Pointer {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The last key that it names.
    pub(super) fn last_key(&self) -> Option<&str> {
        self.segments.iter().rev().find_map(|segment| match segment {
            Segment::Key(key) => Some(key.as_str()),
            _ => None,
        })
    }
}

fn unescape(segment: &str) -> Option<String> {
    let mut key = String::with_capacity(segment.len());
    let mut characters = segment.chars();
    while let Some(character) = characters.next() {
        key.push(match character {
            '~' => match characters.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            _ => character,
        });
    }
    Some(key)
}

/// All pointers in one: a set of states, one bit for each segment of each pointer and one for its end, goes from a
/// container to a member of it in a few instructions.
#[derive(Debug)]
pub(super) struct Paths {
    /// How many words a set has.
    words: usize,
    start: Vec<u64>,
    /// States that go on with any key, those that stay with any key, those that take keys of their own, and those at
    /// the end of a pointer.
    any: Vec<u64>,
    deep: Vec<u64>,
    keyed: Vec<u64>,
    end: Vec<u64>,
    /// Those keyed states that may be an index of an array.
    indexed: Vec<u64>,
    /// Which states go on with a key.
    keys: HashMap<Box<[u8]>, Box<[u64]>>,
    /// Bit n: a key has n bytes; the last one stands for all that are longer.
    lengths: u64,
    /// Which pointer ends at a state.
    owners: HashMap<usize, usize>,
    /// Keys with which pointers end.
    last: Vec<Box<[u8]>>,
    exact: bool,
}

impl Paths {
    /// With `exact`, keys are told apart by the case of their letters.
    pub(super) fn new<'a>(pointers: impl Iterator<Item = &'a Pointer>, exact: bool) -> Self {
        let mut paths = Self {
            words: 0,
            start: Vec::new(),
            any: Vec::new(),
            deep: Vec::new(),
            keyed: Vec::new(),
            end: Vec::new(),
            indexed: Vec::new(),
            keys: HashMap::new(),
            lengths: 0,
            owners: HashMap::new(),
            last: Vec::new(),
            exact,
        };
        let pointers: Vec<&Pointer> = pointers.collect();
        // Where each pointer's states begin: none has states in two words, so that no carry is needed.
        let mut firsts = Vec::new();
        let mut next = 0_usize;
        for pointer in &pointers {
            let states = pointer.segments.len().saturating_add(1);
            if (next & 63).saturating_add(states) > WORD {
                next = (next | 63).saturating_add(1);
            }
            firsts.push(next);
            next = next.saturating_add(states);
        }
        paths.words = next.div_ceil(WORD);
        for set in [
            &mut paths.start,
            &mut paths.any,
            &mut paths.deep,
            &mut paths.keyed,
            &mut paths.end,
            &mut paths.indexed,
        ] {
            set.resize(paths.words, 0);
        }
        for (position, (pointer, first)) in pointers.iter().zip(firsts).enumerate() {
            paths.add(pointer, position, first);
        }
        let mut start = std::mem::take(&mut paths.start);
        paths.close(&mut start);
        paths.start = start;
        paths
    }

    fn add(&mut self, pointer: &Pointer, position: usize, first: usize) {
        set(&mut self.start, first);
        let mut at = first;
        for segment in &pointer.segments {
            match segment {
                Segment::Any => set(&mut self.any, at),
                Segment::Deep => set(&mut self.deep, at),
                Segment::Key(key) => {
                    set(&mut self.keyed, at);
                    if key.bytes().all(|byte| byte.is_ascii_digit()) {
                        set(&mut self.indexed, at);
                    }
                    let key = fold(key.as_bytes(), self.exact).into_owned();
                    self.lengths |= 1_u64 << key.len().min(63);
                    let words = self.words;
                    let states = self.keys.entry(key.into()).or_insert_with(|| vec![0; words].into());
                    set(states, at);
                }
            }
            at = at.saturating_add(1);
        }
        set(&mut self.end, at);
        self.owners.insert(at, position);
        if let Some(key) = pointer.last_key() {
            let key: Box<[u8]> = fold(key.as_bytes(), self.exact).into();
            if !self.last.contains(&key) {
                self.last.push(key);
            }
        }
    }

    /// How many words a set of states has.
    pub(super) fn words(&self) -> usize {
        self.words
    }

    /// The states of the whole document.
    pub(super) fn start(&self) -> &[u64] {
        &self.start
    }

    /// The pointer that ends here, the first where it is several.
    pub(super) fn matched(&self, states: &[u64]) -> Option<usize> {
        states.iter().zip(&self.end).enumerate().find_map(|(word, (states, end))| {
            let bits = states & end;
            if bits == 0 {
                return None;
            }
            let bit = usize::try_from(bits.trailing_zeros()).ok()?;
            self.owners.get(&word.saturating_mul(WORD).saturating_add(bit)).copied()
        })
    }

    /// Whether it matters what a member is called, or only that it is one.
    pub(super) fn reads_keys(&self, states: &[u64]) -> bool {
        states.iter().zip(&self.keyed).any(|(states, keyed)| states & keyed != 0)
    }

    /// Whether it matters which element of an array a value is.
    pub(super) fn reads_indices(&self, states: &[u64]) -> bool {
        states.iter().zip(&self.indexed).any(|(states, indexed)| states & indexed != 0)
    }

    /// From the states of a container to those of a member: its key as it means, or its index in decimal, or `None`
    /// where no state asks for it.
    pub(super) fn step(&self, container: &[u64], key: Option<&[u8]>, member: &mut [u64]) {
        let named = key.and_then(|key| self.named(key));
        let sets = container.iter().zip(&self.any).zip(&self.deep).enumerate();
        for (member, (word, ((states, any), deep))) in member.iter_mut().zip(sets) {
            let named = named.and_then(|named| named.get(word)).copied().unwrap_or_default();
            let next = ((states & (any | named)) << 1) | (states & deep);
            // Any number of keys may be none.
            *member = next | ((next & deep) << 1);
        }
    }

    fn named(&self, key: &[u8]) -> Option<&[u64]> {
        if self.lengths & (1_u64 << key.len().min(63)) == 0 && key.is_ascii() {
            return None;
        }
        // Short keys are folded without an allocation.
        let mut short = [0; 64];
        match short.get_mut(..key.len()) {
            Some(short) if !self.exact && key.is_ascii() => {
                short.copy_from_slice(key);
                short.make_ascii_lowercase();
                self.keys.get(&*short)
            }
            _ => self.keys.get(&*fold(key, self.exact)),
        }
        .map(|states| &**states)
    }

    fn close(&self, states: &mut [u64]) {
        for (states, deep) in states.iter_mut().zip(&self.deep) {
            *states |= (*states & deep) << 1;
        }
    }

    /// Whether a text that is not JSON has a key with which a pointer ends, as JSON and its like write keys: before a
    /// colon and in quotation marks, or `bare`, without them.
    pub(super) fn are_quoted_in(&self, text: &[u8], bare: bool) -> bool {
        memchr::memchr_iter(b':', text).any(|colon| {
            let mut before = text.get(..colon).unwrap_or_default().trim_ascii_end();
            let key = match before.split_last() {
                Some((quote @ (b'"' | b'\'' | b'`'), rest)) => {
                    before = rest;
                    // Where quotation marks are escaped, so is the closing one.
                    while let Some(rest) = before.strip_suffix(b"\\") {
                        before = rest;
                    }
                    memchr::memrchr(*quote, before).and_then(|at| before.get(at.saturating_add(1)..))
                }
                _ if bare => {
                    let word =
                        |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80 || b"_$-".contains(byte);
                    let length = before.iter().rev().take_while(|byte| word(byte)).count();
                    before.get(before.len().saturating_sub(length)..)
                }
                _ => None,
            };
            key.is_some_and(|key| {
                let key = super::json::unescape(key).unwrap_or(Cow::Borrowed(key));
                let key = fold(&key, self.exact);
                self.last.iter().any(|last| **last == *key)
            })
        })
    }
}

fn set(states: &mut [u64], at: usize) {
    if let Some(word) = states.get_mut(at / WORD) {
        *word |= 1 << (at & 63);
    }
}

/// A key as it is compared. Beside ASCII's, the two letters outside of ASCII that readers of JSON who do not mind the
/// case take for letters of ASCII: U+017F for `s` and U+212A for `k`.
fn fold(key: &[u8], exact: bool) -> Cow<'_, [u8]> {
    if exact {
        return Cow::Borrowed(key);
    }
    let mut folded = key.to_ascii_lowercase();
    if !key.is_ascii() {
        let text = String::from_utf8_lossy(&folded);
        folded = text.replace('\u{17f}', "s").replace('\u{212a}', "k").into_bytes();
    }
    Cow::Owned(folded)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

    use super::*;

    fn found(pointers: &[&str], path: &[&str], exact: bool) -> Option<usize> {
        let pointers: Vec<Pointer> = pointers.iter().map(|text| text.parse().unwrap()).collect();
        let paths = Paths::new(pointers.iter(), exact);
        let mut states = paths.start().to_vec();
        for key in path {
            let mut next = vec![0; paths.words()];
            paths.step(&states, Some(key.as_bytes()), &mut next);
            states = next;
        }
        paths.matched(&states)
    }

    #[test]
    fn pointers_match_paths() {
        for (pointer, path, expected) in [
            ("", &[][..], true),
            ("", &["a"], false),
            ("/a", &["a"], true),
            ("/a", &["A"], true),
            ("/A", &["a"], true),
            ("/a", &["a", "b"], false),
            ("/a~1b~0", &["a/b~"], true),
            ("/", &[""], true),
            ("/*", &[], false),
            ("/*", &["x"], true),
            ("/*/b", &["x", "b"], true),
            ("/*/b", &["b"], false),
            ("/**", &[], true),
            ("/**", &["a", "b"], true),
            ("/**/b", &["b"], true),
            ("/**/b", &["a", "a", "b"], true),
            ("/**/b", &["b", "a"], false),
            ("/**/**/b", &["x", "b"], true),
            ("/**/a/*/b", &["a", "a", "a", "b"], true),
            ("/a/**/b", &["a", "b"], true),
            ("/a/**/b", &["b"], false),
            ("/a/0", &["a", "0"], true),
            ("/a/0", &["a", "00"], false),
            ("/ssn", &["\u{17f}\u{17f}n"], true),
            ("/key", &["\u{212a}ey"], true),
            ("/ä", &["ä"], true),
        ] {
            assert_eq!(found(&[pointer], path, false).is_some(), expected, "{pointer} {path:?}");
        }
        assert_eq!(found(&["/a"], &["A"], true), None);
        assert_eq!(found(&["/b", "/*", "/a"], &["a"], false), Some(1), "the first counts");
    }

    #[test]
    fn many_pointers_need_many_words() {
        let texts: Vec<String> = (0..200).map(|n| format!("/a/**/key{n}/*")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        for n in [0, 15, 16, 99, 199] {
            assert_eq!(found(&texts, &["a", "x", &format!("key{n}"), "y"], false), Some(n));
        }
        let long = format!("/{}", vec!["a"; MOST_SEGMENTS].join("/"));
        assert_eq!(found(&["/b", &long], &["a"; MOST_SEGMENTS], false), Some(1));
    }

    #[test]
    fn other_texts_are_no_pointers() {
        assert!(matches!("a".parse::<Pointer>(), Err(PointerError::Relative(_))));
        assert!(matches!("/~2".parse::<Pointer>(), Err(PointerError::Escape(_))));
        assert!(matches!("/~".parse::<Pointer>(), Err(PointerError::Escape(_))));
        assert!(matches!("/a".repeat(63).parse::<Pointer>(), Err(PointerError::Long(_))));
    }

    #[test]
    fn quoted_keys_are_seen_in_other_texts() {
        let pointers: Vec<Pointer> = ["/**/ssn", "/a/*"].iter().map(|text| text.parse().unwrap()).collect();
        let paths = Paths::new(pointers.iter(), false);
        for text in [
            "x {'ssn': 1}",
            r#""SSN" : 2"#,
            r#"{\"ssn\":1}"#,
            r#"{\\\"ssn\\\" :1}"#,
            r#""s\u0073n":1"#,
            "'a':1",
        ] {
            assert!(paths.are_quoted_in(text.as_bytes(), false), "{text}");
        }
        assert!(paths.are_quoted_in(b"{ssn: 1", true) && !paths.are_quoted_in(b"{xssn: 1", true));
        for text in ["ssn: 1", "the \"ssn\" of", "\"other\": 1", ":", "\":", ""] {
            assert!(!paths.are_quoted_in(text.as_bytes(), false), "{text}");
        }
    }
}
