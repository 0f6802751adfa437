//! What is masked in bodies, and what takes the place of a value.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use foldhash::HashSet;
use gatewright_core::detect::Detectors;
use gatewright_core::mask::{Method, REDACTED, mask_text};

use super::Limits;
use super::found::Found;
use super::json::{Framing, Json};
use super::pointer::{Paths, Pointer};

/// Most keys that are remembered to be clean, and the longest of them, in bytes.
const KEYS: (usize, usize) = (1_024, 64);
/// Most bytes that are kept to put keys and values together.
const MOST_KEPT: usize = 8 << 10;
/// Most JSON texts in strings of each other.
const MOST_LEVELS: u8 = 4;

/// What is masked, beside the pointers.
#[derive(Default)]
pub struct Options {
    /// What looks through keys, strings and numbers that no pointer names.
    pub detectors: Option<Rc<Detectors>>,
    /// Keys [`Method::Hash`].
    pub mask_key: Vec<u8>,
    /// A string that is a JSON text by itself, as in results of MCP tools, is masked by the same rules from its own
    /// root, four levels deep. A string that looks like JSON and is none, is longer than [`Limits::string`], or quotes
    /// a key with which a pointer ends, is redacted.
    pub embedded: bool,
    /// Keys are told apart by the case of their letters. Without it, ASCII's case does not matter.
    pub exact_keys: bool,
}

/// What is masked in bodies; compiled once, and shared by all of them.
pub struct Rules {
    pointers: Vec<(Pointer, Method)>,
    pub(super) paths: Paths,
    pub(super) detectors: Option<Rc<Detectors>>,
    mask_key: Vec<u8>,
    pub(super) embedded: bool,
    /// Keys in which detectors find nothing: most bodies have the same ones.
    clean: RefCell<HashSet<Box<[u8]>>>,
    /// Where a key and its value are put together.
    pair: RefCell<Vec<u8>>,
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").field("pointers", &self.pointers).finish_non_exhaustive()
    }
}

/// What a scalar is that a pointer names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    /// Text, or the digits of a number.
    Text,
    /// `true` or `false`, a container, or more than is held: nothing of it is shown.
    Whole,
}

impl Rules {
    /// Compiles the rules. Where several pointers name a value, the first one's method masks it. A container that a
    /// pointer names is masked as a whole: by [`Method::Null`] as `null`, otherwise as `"[masked]"`.
    #[must_use]
    pub fn new(pointers: Vec<(Pointer, Method)>, options: Options) -> Self {
        Self {
            paths: Paths::new(pointers.iter().map(|(pointer, _)| pointer), options.exact_keys),
            pointers,
            detectors: options.detectors,
            mask_key: options.mask_key,
            embedded: options.embedded,
            clean: RefCell::default(),
            pair: RefCell::default(),
        }
    }

    pub(super) fn has_pointers(&self) -> bool {
        !self.pointers.is_empty()
    }

    /// A pointer as it is written.
    pub(super) fn name(&self, position: usize) -> Option<&str> {
        self.pointers.get(position).map(|(pointer, _)| pointer.as_str())
    }

    /// The pointer whose last key is the name of a column.
    pub(super) fn column(&self, name: &[u8]) -> Option<usize> {
        let named = |(pointer, _): &(Pointer, Method)| {
            pointer.last_key().is_some_and(|key| key.as_bytes().eq_ignore_ascii_case(name.trim_ascii()))
        };
        self.pointers.iter().position(named)
    }

    pub(super) fn method(&self, position: usize) -> Method {
        self.pointers.get(position).map_or(Method::Redact, |(_, method)| *method)
    }

    /// What takes the place of a value that a pointer names; `None` for null.
    pub(super) fn masked(&self, pointer: usize, kind: Scalar, value: &[u8]) -> Option<Vec<u8>> {
        let method = match (self.method(pointer), kind) {
            (Method::Null, _) => return None,
            (method, Scalar::Text) => method,
            (_, Scalar::Whole) => Method::Redact,
        };
        let mut out = Vec::new();
        mask_text(method, value, &self.mask_key, &mut out).then_some(out)
    }

    /// A text with what detectors find replaced; `None` where there is nothing.
    pub(super) fn detected(&self, text: &[u8], found: &mut Found) -> Option<Vec<u8>> {
        let replaced = self.detectors.as_ref()?.replace(text)?;
        found.replaced(text, &replaced);
        Some(replaced)
    }

    /// The same of a key.
    pub(super) fn key(&self, key: &[u8], found: &mut Found) -> Option<Vec<u8>> {
        if self.clean.try_borrow().is_ok_and(|clean| clean.contains(key)) {
            return None;
        }
        let replaced = self.detected(key, found);
        if replaced.is_none()
            && key.len() <= KEYS.1
            && let Ok(mut clean) = self.clean.try_borrow_mut()
            && clean.len() < KEYS.0
        {
            clean.insert(key.into());
        }
        replaced
    }

    /// What takes the place of a text that no pointer names and that is the value of `key`, if of any; `None` where it
    /// may stay. `between` is what stands between key and value.
    pub(super) fn text(
        &self,
        key: Option<&[u8]>,
        between: &[u8],
        text: &[u8],
        within: Within,
        found: &mut Found,
    ) -> Option<Vec<u8>> {
        if let Some(most) = within.json
            && !text.is_empty()
        {
            match self.json(text, most, within, found) {
                Embedded::Is(replaced) => return replaced,
                Embedded::Hides => return Some(REDACTED.to_vec()),
                Embedded::IsNot => {}
            }
        }
        self.plain(key, between, text, found)
    }

    /// The same where the text is not JSON.
    pub(super) fn plain(
        &self,
        key: Option<&[u8]>,
        between: &[u8],
        text: &[u8],
        found: &mut Found,
    ) -> Option<Vec<u8>> {
        let detectors = self.detectors.as_ref()?;
        let Some(key) = key else { return self.detected(text, found) };
        // One look at both sees what is in each, but for patterns that want a text's beginning or end.
        if !detectors.is_anchored()
            && let Ok(mut pair) = self.pair.try_borrow_mut()
        {
            pair.clear();
            pair.extend_from_slice(key);
            pair.extend_from_slice(between);
            pair.extend_from_slice(text);
            let clean = !detectors.may_match(&pair);
            if pair.capacity() > MOST_KEPT {
                *pair = Vec::new();
            }
            if clean {
                return None;
            }
        }
        let replaced = self.detected(text, found);
        let shown = replaced.as_deref().unwrap_or(text);
        let pair = [key, between, shown].concat();
        // Neither key nor value is found by itself any more: what is found now is in both, as in
        // `secret_access_key=…`.
        match detectors.replace(&pair) {
            Some(again) => {
                found.replaced(&pair, &again);
                Some(REDACTED.to_vec())
            }
            None => replaced,
        }
    }

    /// A text that may be JSON.
    fn json(&self, text: &[u8], most: usize, within: Within, found: &mut Found) -> Embedded {
        let looks = Looks::of(text);
        if looks == Looks::Other {
            let quoted = self.has_pointers() && self.paths.are_quoted_in(text, false);
            return if quoted { self.hides(found) } else { Embedded::IsNot };
        }
        let fits = within.level < MOST_LEVELS && text.len() <= most;
        if fits {
            let level = within.level.saturating_add(1);
            let mut json = Json::new(within.rules.clone(), within.limits, Framing::One, level);
            let mut out = Vec::with_capacity(text.len());
            if json.push(text, &mut out).and_then(|()| json.finish(&mut out)).is_ok() {
                found.merge(json.found());
                return Embedded::Is((out != text).then_some(out));
            }
        }
        let likely = looks == Looks::Likely && (self.has_pointers() || !fits);
        let quoted = self.has_pointers() && self.paths.are_quoted_in(text, true);
        if likely || quoted { self.hides(found) } else { Embedded::IsNot }
    }

    fn hides(&self, found: &mut Found) -> Embedded {
        found.label("unclear");
        Embedded::Hides
    }
}

/// Where a text stands.
#[derive(Clone, Copy)]
pub(super) struct Within<'a> {
    pub(super) rules: &'a Rc<Rules>,
    pub(super) limits: Limits,
    /// In how many texts that are JSON themselves.
    pub(super) level: u8,
    /// Longest text that is looked at as JSON, in bytes; `None` where none is.
    pub(super) json: Option<usize>,
}

/// What a text is that may be JSON.
enum Embedded {
    /// JSON, and what takes its place if anything does.
    Is(Option<Vec<u8>>),
    IsNot,
    /// Like JSON, and something that pointers name may be in it.
    Hides,
}

/// What a text begins like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    /// An object, or an array of strings or containers.
    Likely,
    /// A string or an array of something else; it may as well be text.
    Maybe,
    /// Text.
    Other,
}

impl Looks {
    pub(super) fn of(text: &[u8]) -> Self {
        let begun = || text.iter().any(|byte| matches!(byte, b'{' | b'['));
        Self::so_far(text).unwrap_or_else(|| if begun() { Self::Likely } else { Self::Other })
    }

    /// The same of the beginning of a text; `None` where more of it must be seen.
    pub(super) fn so_far(text: &[u8]) -> Option<Self> {
        if MARK.starts_with(text) {
            return None;
        }
        let text = text.strip_prefix(MARK).unwrap_or(text);
        let mut meant = text.iter().copied().filter(|byte| !is_space(*byte));
        let first = meant.next()?;
        let second = match first {
            b'[' => meant.find(|byte| *byte != b'[')?,
            b'{' => meant.next()?,
            b'"' => return Some(Self::Maybe),
            _ => return Some(Self::Other),
        };
        Some(match (first, second) {
            (_, b'"' | b'\'') | (b'[', b'{' | b']') | (b'{', b'}') => Self::Likely,
            _ => Self::Maybe,
        })
    }
}

/// A byte order mark, in UTF-8.
pub(super) const MARK: &[u8] = b"\xef\xbb\xbf";

/// White space of JSON.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
