//! From text to nodes.

use std::borrow::Cow;

use super::{Kind, MAX_DEPTH, Malformed, Node};

/// Reads a complete text.
pub(super) fn read(text: &str) -> Result<Vec<Node>, Malformed> {
    if u32::try_from(text.len()).is_err() {
        return Err(Malformed::TooLarge);
    }
    if text.starts_with('\u{feff}') {
        return Err(Malformed::ByteOrderMark);
    }
    let mut reader = Reader { text, at: 0, nodes: Vec::new(), names: Vec::new() };
    reader.value(0)?;
    reader.space();
    if reader.at < text.len() {
        return Err(Malformed::Trailing(reader.at));
    }
    Ok(reader.nodes)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    nodes: Vec<Node>,
    /// Names of the objects that are being read, the innermost last.
    names: Vec<Cow<'a, str>>,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<(), Malformed> {
        self.space();
        match self.peek() {
            Some(b'{') => self.object(depth.saturating_add(1)),
            Some(b'[') => self.array(depth.saturating_add(1)),
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'n') => self.word("null", Kind::Null),
            Some(b't') => self.word("true", Kind::Bool(true)),
            Some(b'f') => self.word("false", Kind::Bool(false)),
            _ => Err(Malformed::Syntax(self.at)),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), Malformed> {
        let open = self.open(Kind::Object, depth)?;
        let names = self.names.len();
        if !self.closes(b'}') {
            loop {
                self.space();
                let name = self.at;
                self.string()?;
                let spelt = self.text.get(name..self.at).unwrap_or_default();
                self.names.push(meant(spelt, spelt.contains('\\')));
                self.space();
                if !self.take(b':') {
                    return Err(Malformed::Syntax(self.at));
                }
                self.value(depth)?;
                if self.closes(b'}') {
                    break;
                }
                if !self.take(b',') {
                    return Err(Malformed::Syntax(self.at));
                }
            }
        }
        self.close(open);
        let own = self.names.get_mut(names..).unwrap_or_default();
        own.sort_unstable();
        if own.iter().any(|name| name.contains('\0')) {
            return Err(Malformed::NulInName(self.at));
        }
        if own.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
            return Err(Malformed::DuplicateName(self.at));
        }
        self.names.truncate(names);
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), Malformed> {
        let open = self.open(Kind::Array, depth)?;
        if !self.closes(b']') {
            loop {
                self.value(depth)?;
                if self.closes(b']') {
                    break;
                }
                if !self.take(b',') {
                    return Err(Malformed::Syntax(self.at));
                }
            }
        }
        self.close(open);
        Ok(())
    }

    fn string(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        if !self.take(b'"') {
            return Err(Malformed::Syntax(start));
        }
        let mut escaped = false;
        loop {
            match self.peek() {
                None | Some(0..0x20) => return Err(Malformed::Syntax(self.at)),
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => self.step(1),
            }
        }
        self.step(1);
        self.push(Kind::String { escaped }, start);
        Ok(())
    }

    fn escape(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        self.step(1);
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.step(1),
            Some(b'u') => {
                self.step(1);
                let high = self.unit()?;
                if (0xdc00..0xe000).contains(&high) {
                    return Err(Malformed::LoneSurrogate(start));
                }
                if (0xd800..0xdc00).contains(&high) {
                    if !(self.take(b'\\') && self.take(b'u')) {
                        return Err(Malformed::LoneSurrogate(start));
                    }
                    if !(0xdc00..0xe000).contains(&self.unit()?) {
                        return Err(Malformed::LoneSurrogate(start));
                    }
                }
            }
            _ => return Err(Malformed::Syntax(self.at)),
        }
        Ok(())
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Result<u32, Malformed> {
        let (unit, _) = unit(self.rest()).ok_or(Malformed::Syntax(self.at))?;
        self.step(4);
        Ok(unit)
    }

    fn number(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        self.take(b'-');
        match self.digits() {
            0 => return Err(Malformed::Syntax(self.at)),
            1 => {}
            // `007` is none.
            length if self.text.as_bytes().get(self.at.saturating_sub(length)) == Some(&b'0') => {
                return Err(Malformed::Syntax(self.at));
            }
            _ => {}
        }
        if self.take(b'.') && self.digits() == 0 {
            return Err(Malformed::Syntax(self.at));
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            if self.digits() == 0 {
                return Err(Malformed::Syntax(self.at));
            }
        }
        self.push(Kind::Number, start);
        Ok(())
    }

    fn digits(&mut self) -> usize {
        let length = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        self.step(length);
        length
    }

    fn word(&mut self, word: &str, kind: Kind) -> Result<(), Malformed> {
        let start = self.at;
        if !self.rest().starts_with(word) {
            return Err(Malformed::Syntax(start));
        }
        self.step(word.len());
        self.push(kind, start);
        Ok(())
    }

    /// Begins an array or object; gives the place of its node.
    fn open(&mut self, kind: Kind, depth: usize) -> Result<usize, Malformed> {
        if depth > MAX_DEPTH {
            return Err(Malformed::TooDeep(self.at));
        }
        let place = self.nodes.len();
        self.push(kind, self.at);
        self.step(1);
        Ok(place)
    }

    fn close(&mut self, place: usize) {
        let (end, next) = (self.position(), count(&self.nodes));
        if let Some(node) = self.nodes.get_mut(place) {
            (node.end, node.next) = (end, next);
        }
    }

    /// Takes the closing bracket, if that comes next.
    fn closes(&mut self, bracket: u8) -> bool {
        self.space();
        self.take(bracket)
    }

    fn push(&mut self, kind: Kind, start: usize) {
        let next = count(&self.nodes).saturating_add(1);
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        self.nodes.push(Node { kind, start, end: self.position(), next });
    }

    fn space(&mut self) {
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.step(
            self.text
                .as_bytes()
                .get(self.at..)
                .unwrap_or_default()
                .iter()
                .take_while(|byte| blank(byte))
                .count(),
        );
    }

    fn take(&mut self, byte: u8) -> bool {
        let takes = self.peek() == Some(byte);
        self.step(usize::from(takes));
        takes
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// What is left, where no character is cut.
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn step(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    fn position(&self) -> u32 {
        u32::try_from(self.at).unwrap_or(u32::MAX)
    }
}

fn count(nodes: &[Node]) -> u32 {
    u32::try_from(nodes.len()).unwrap_or(u32::MAX)
}

/// What a string with its quotation marks means, that was read before.
pub(super) fn meant(spelt: &str, escaped: bool) -> Cow<'_, str> {
    let inner = spelt.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
    if !escaped {
        return Cow::Borrowed(inner);
    }
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((plain, tail)) = rest.split_once('\\') {
        out.push_str(plain);
        let mut characters = tail.chars();
        let kind = characters.next();
        rest = characters.as_str();
        out.push(match kind {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let Some((high, tail)) = unit(rest) else { break };
                rest = tail;
                let mut point = high;
                if (0xd800..0xdc00).contains(&high)
                    && let Some((low, tail)) = rest.strip_prefix("\\u").and_then(unit)
                {
                    rest = tail;
                    point = 0x1_0000_u32.saturating_add((high & 0x3ff) << 10).saturating_add(low & 0x3ff);
                }
                char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            Some(itself) => itself,
            None => break,
        });
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Four hexadecimal digits, and what follows.
fn unit(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}
