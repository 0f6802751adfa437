//! What statements that differ only in their values have in common, so that they are analysed once.
//!
//! A literal is replaced only where its value cannot matter to any fact: compared with or added to something
//! that has a name, in the list of an IN or of VALUES, behind LIMIT. The shape is itself a statement, and it is
//! the shape that is analysed; equal literals become equal ones, because `a = 1 OR a <> 1` restricts nothing.

use std::borrow::Cow;

/// Most distinct values: a longer list is loaded once, and not worth the search.
const MOST_VALUES: usize = 64;

/// Statements of these kinds only: in others (`SET x = 'y'`) values are what it is about.
const KINDS: [&str; 5] = ["select", "insert", "update", "delete", "with"];

/// The statement with its values replaced and its comments left out; the text itself where nothing is to be
/// replaced, or where it holds anything that is not read here.
#[must_use]
pub fn shape(sql: &str) -> Cow<'_, str> {
    if memchr::memchr(0, sql.as_bytes()).is_some() {
        // Where such a text ends depends on who reads it: what is left out here must not make it another one.
        return Cow::Borrowed(sql);
    }
    let mut shaper = Shaper::new(sql);
    match shaper.run() {
        Some(()) if shaper.copied > 0 => shaper.finish().map_or(Cow::Borrowed(sql), Cow::Owned),
        _ => Cow::Borrowed(sql),
    }
}

/// What came before, as far as it matters to a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// A name, or what is in brackets.
    Operand,
    /// An operator whose left side is an operand.
    Operator,
    /// A sign behind such an operator.
    Sign,
    /// Start or comma of a list of values.
    Item,
    /// A word behind which a number is a count of rows.
    Count,
    /// A word behind which a bracket opens a list.
    List,
    Other,
}

struct Shaper<'a> {
    text: &'a str,
    sql: &'a [u8],
    at: usize,
    out: String,
    /// How much of the text is in `out`, or replaced there.
    copied: usize,
    /// Distinct literals, in order.
    values: Vec<&'a [u8]>,
    before: Before,
    /// For each open bracket, whether it holds a list of values.
    brackets: Vec<bool>,
    /// A list of VALUES was closed, so a comma may be followed by another.
    closed_list: bool,
}

impl<'a> Shaper<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            sql: text.as_bytes(),
            at: 0,
            out: String::new(),
            copied: 0,
            values: Vec::new(),
            before: Before::Other,
            brackets: Vec::new(),
            closed_list: false,
        }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.sql.get(self.at.saturating_add(ahead)).copied().unwrap_or(0)
    }

    /// Puts `with` where the text from `start` to `end` stood.
    fn instead(&mut self, start: usize, end: usize, with: &str) -> Option<()> {
        if self.copied == 0 {
            self.out.reserve(self.text.len());
        }
        self.out.push_str(self.text.get(self.copied..start)?);
        self.out.push_str(with);
        self.copied = end;
        self.at = end;
        Some(())
    }

    fn finish(mut self) -> Option<String> {
        self.out.push_str(self.text.get(self.copied..)?);
        Some(self.out)
    }

    /// Length of what belongs to a class at the current position.
    fn span(&self, class: u8) -> usize {
        let rest = self.sql.get(self.at..).unwrap_or_default();
        rest.iter().position(|byte| !is(*byte, class)).unwrap_or(rest.len())
    }

    /// `None` where something is met that is not read here.
    fn run(&mut self) -> Option<()> {
        let mut first = true;
        while let Some(byte) = self.sql.get(self.at) {
            match (*byte, class(*byte)) {
                // The most frequent ones come first.
                (_, BLANK) => self.at = self.at.saturating_add(1),
                (_, WORD) => {
                    if !self.word(first)? {
                        return None;
                    }
                    first = false;
                }
                (c, _) => self.other(c, first)?,
            }
        }
        Some(())
    }

    /// What begins with neither a blank nor a letter.
    fn other(&mut self, c: u8, first: bool) -> Option<()> {
        match c {
            b'-' if self.peek(1) == b'-' => self.line_comment()?,
            b'/' if self.peek(1) == b'*' => self.block_comment()?,
            _ if first => return None,
            b'\'' => self.string()?,
            b'"' => self.quoted()?,
            b'0'..=b'9' => self.number()?,
            b'$' => {
                self.at = self.at.saturating_add(1);
                match self.span(DIGIT) {
                    0 => return None,
                    digits => self.at = self.at.saturating_add(digits),
                }
                self.before = Before::Other;
            }
            c => self.symbol(c)?,
        }
        Some(())
    }

    fn line_comment(&mut self) -> Option<()> {
        let rest = self.sql.get(self.at..)?;
        let length = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
        self.instead(self.at, self.at.saturating_add(length), " ")
    }

    fn block_comment(&mut self) -> Option<()> {
        let (start, mut depth) = (self.at, 0_u32);
        loop {
            match (self.peek(0), self.peek(1)) {
                (b'/', b'*') => depth = depth.saturating_add(1),
                (b'*', b'/') => depth = depth.saturating_sub(1),
                _ => {
                    self.at = self.at.saturating_add(1);
                    if self.at >= self.sql.len() {
                        return None;
                    }
                    continue;
                }
            }
            self.at = self.at.saturating_add(2);
            if depth == 0 {
                return self.instead(start, self.at, " ");
            }
        }
    }

    /// Gives whether it is one that may stand here.
    fn word(&mut self, first: bool) -> Option<bool> {
        let length = self.span(WORD);
        let end = self.at.saturating_add(length);
        // `E'…'`, `U&"…"` and the like are left to the scanner.
        match self.sql.get(end) {
            Some(b'\'' | b'"') => return None,
            Some(b'&') if matches!(self.sql.get(end.saturating_add(1)), Some(b'\'' | b'"')) => return None,
            _ => {}
        }
        let word = self.sql.get(self.at..end).unwrap_or_default();
        let means = |known: &str| word.eq_ignore_ascii_case(known.as_bytes());
        if first && !KINDS.into_iter().any(means) {
            return Some(false);
        }
        self.before = match word.len() {
            2 if means("in") => Before::List,
            6 if means("values") => Before::List,
            5 if means("limit") => Before::Count,
            6 if means("offset") => Before::Count,
            // Keywords count as operands too: no literal stands behind a keyword and an operator.
            _ => Before::Operand,
        };
        self.closed_list = false;
        // What comes next is a blank more often than not.
        self.at = end.saturating_add(usize::from(self.sql.get(end) == Some(&b' ')));
        Some(true)
    }

    fn quoted(&mut self) -> Option<()> {
        self.at = self.closing(b'"')?;
        self.before = Before::Operand;
        self.closed_list = false;
        Some(())
    }

    /// Position behind the quote that ends what begins here.
    fn closing(&self, quote: u8) -> Option<usize> {
        let mut at = self.at.saturating_add(1);
        loop {
            let rest = self.sql.get(at..)?;
            let found = rest.iter().position(|byte| *byte == quote)?;
            at = at.saturating_add(found).saturating_add(1);
            if self.sql.get(at) != Some(&quote) {
                return Some(at);
            }
            at = at.saturating_add(1);
        }
    }

    fn string(&mut self) -> Option<()> {
        let end = self.closing(b'\'')?;
        let literal = self.sql.get(self.at..end)?;
        match self.before {
            Before::Operator => self.replace(literal, end, true)?,
            Before::Item if self.ends_item(end) => self.replace(literal, end, true)?,
            _ => self.at = end,
        }
        self.before = Before::Other;
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        let mut end = self.at.saturating_add(self.span(DIGIT));
        if self.sql.get(end) == Some(&b'.') {
            let digits = self.sql.get(end.saturating_add(1)..).unwrap_or_default();
            let digits = digits.iter().take_while(|c| c.is_ascii_digit()).count();
            if digits == 0 {
                return None;
            }
            end = end.saturating_add(1).saturating_add(digits);
        }
        if self.sql.get(end).is_some_and(|c| is(*c, WORD) || matches!(c, b'.' | b'\'' | b'"')) {
            return None;
        }
        let literal = self.sql.get(self.at..end)?;
        match self.before {
            Before::Operator | Before::Sign | Before::Count => self.replace(literal, end, false)?,
            Before::Item if self.ends_item(end) => self.replace(literal, end, false)?,
            _ => self.at = end,
        }
        self.before = Before::Other;
        Some(())
    }

    fn ends_item(&self, end: usize) -> bool {
        let rest = self.sql.get(end..).unwrap_or_default();
        let next = rest.iter().find(|byte| !is(**byte, BLANK));
        matches!(next, Some(b',' | b')'))
    }

    fn replace(&mut self, literal: &'a [u8], end: usize, quoted: bool) -> Option<()> {
        let known = self.values.iter().position(|value| *value == literal);
        if known.is_none() && self.values.len() >= MOST_VALUES {
            return None;
        }
        let index = known.unwrap_or_else(|| {
            self.values.push(literal);
            self.values.len().saturating_sub(1)
        });
        let quote = if quoted { "'" } else { "" };
        self.instead(self.at, end, quote)?;
        self.out.push_str(NUMBERS.get(index)?);
        self.out.push_str(quote);
        Some(())
    }

    fn symbol(&mut self, first: u8) -> Option<()> {
        if is(first, OPERATOR) {
            return self.operator(self.span(OPERATOR));
        }
        self.at = self.at.saturating_add(1);
        match first {
            b'(' => {
                let list = self.before == Before::List && self.begins_value();
                self.brackets.push(list);
                self.before = if list { Before::Item } else { Before::Other };
                self.closed_list = false;
            }
            b')' => {
                self.closed_list = self.brackets.pop()?;
                self.before = Before::Operand;
            }
            b',' => {
                self.before = match (self.brackets.last(), self.closed_list) {
                    (Some(true), _) => Before::Item,
                    (_, true) => Before::List,
                    _ => Before::Other,
                };
            }
            b'.' => {
                // `.5` is a number, and `1.` was refused.
                if self.peek(0).is_ascii_digit() {
                    return None;
                }
                self.before = Before::Other;
            }
            b'[' | b']' | b':' => self.before = Before::Other,
            // What follows may be of any kind.
            b';' if self.span(BLANK) < self.sql.len().saturating_sub(self.at) => {
                return None;
            }
            b';' => {}
            _ => return None,
        }
        Some(())
    }

    /// Whether a literal or parameter comes next: a bracket that holds a query is none of values.
    fn begins_value(&self) -> bool {
        let rest = self.sql.get(self.at..).unwrap_or_default();
        let next = rest.iter().find(|byte| !is(**byte, BLANK));
        matches!(next, Some(b'\'' | b'$' | b'-' | b'0'..=b'9'))
    }

    fn operator(&mut self, length: usize) -> Option<()> {
        let end = self.at.saturating_add(length);
        let text = self.sql.get(self.at..end)?;
        // A comment may begin within, and signs may stick: what is not plain is left to the scanner.
        self.before = match (text, self.before) {
            (
                b"=" | b"<" | b">" | b"<=" | b">=" | b"<>" | b"!=" | b"+" | b"-" | b"*" | b"/" | b"%",
                Before::Operand,
            ) => Before::Operator,
            (b"-" | b"+", Before::Operator) => Before::Sign,
            _ if text.windows(2).any(|pair| pair == b"--" || pair == b"/*") => return None,
            _ => Before::Other,
        };
        self.at = end;
        Some(())
    }
}

/// The places of values, as they are written: `core::fmt` took a tenth of the whole time.
const NUMBERS: [&str; MOST_VALUES] = [
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18",
    "19", "20", "21", "22", "23", "24", "25", "26", "27", "28", "29", "30", "31", "32", "33", "34", "35",
    "36", "37", "38", "39", "40", "41", "42", "43", "44", "45", "46", "47", "48", "49", "50", "51", "52",
    "53", "54", "55", "56", "57", "58", "59", "60", "61", "62", "63",
];

/// Classes of bytes, as bits.
const WORD: u8 = 1;
const DIGIT: u8 = 2;
const BLANK: u8 = 4;
const OPERATOR: u8 = 8;
/// Belongs to a word, but begins none.
const NUMBER: u8 = 16;

/// The classes of every byte.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => WORD,
            b'0'..=b'9' => WORD | DIGIT | NUMBER,
            b'$' => WORD | NUMBER,
            b' ' | b'\t' | b'\n' | b'\r' => BLANK,
            b'~' | b'!' | b'@' | b'#' | b'^' | b'&' | b'|' | b'`' | b'?' => OPERATOR,
            b'+' | b'-' | b'*' | b'/' | b'%' | b'<' | b'>' | b'=' => OPERATOR,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

/// The classes of a byte.
fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or_default()
}

fn is(byte: u8, classes: u8) -> bool {
    class(byte) & classes != 0
}

#[cfg(test)]
mod tests {
    use super::shape;

    #[test]
    fn statements_that_differ_in_values_have_one_shape() {
        for (a, b) in [
            ("SELECT a FROM t WHERE id = 5", "SELECT a FROM t WHERE id = 77"),
            ("SELECT a FROM t WHERE id = -5", "SELECT a FROM t WHERE id = -1.5"),
            ("UPDATE t SET a = a + 1 WHERE id = 2", "UPDATE t SET a = a + 4 WHERE id = 9"),
            ("INSERT INTO t VALUES (1, 'x'), (2, 'y')", "INSERT INTO t VALUES (7, ''''), (3, 'z')"),
            ("SELECT a FROM t WHERE b IN ('x','y') LIMIT 10", "SELECT a FROM t WHERE b IN ('u','v') LIMIT 5"),
            ("SELECT a /* trace 1 */ FROM t", "SELECT a /* trace /* 2 */ */ FROM t"),
            ("SELECT a -- 1\nFROM t", "SELECT a -- two\nFROM t"),
        ] {
            assert_eq!(shape(a), shape(b));
        }
    }

    #[test]
    fn what_may_matter_stays() {
        for text in [
            "SELECT a FROM t WHERE 1 = 1",
            "SELECT a FROM t ORDER BY 2",
            "SELECT a, b FROM t WHERE a IN (SELECT b ORDER BY 1, 2)",
            "SELECT set_config('search_path', 'x', false)",
            "SELECT a FROM t WHERE b LIKE '%'",
            "SET search_path = 'x'",
            "SELECT a FROM t; SET search_path = 'x'",
            "SELECT a FROM t WHERE b = E'x\\'' OR 1 = 1",
            "SELECT a FROM t WHERE b = $$x$$",
            "SELECT a FROM t WHERE b = U&'x'",
            "SELECT a FROM t WHERE b = 0x1f",
            "DELETE FROM t -- \0\n WHERE a = 1",
            "DELETE FROM t /* \0 */ WHERE a = 1",
            "DELETE FROM t WHERE a = 'x\0'",
        ] {
            assert_eq!(shape(text), text);
        }
        assert_ne!(
            shape("SELECT 1 FROM t WHERE a = 1 OR a <> 1"),
            shape("SELECT 1 FROM t WHERE a = 1 OR a <> 2")
        );
        assert_ne!(shape("SELECT a FROM t WHERE b = '1'"), shape("SELECT a FROM t WHERE b = 1"));
    }

    #[test]
    fn nothing_is_read_past_its_end() {
        for text in [
            "SELECT 'x",
            "SELECT a = 'x",
            "SELECT /* a",
            "SELECT \"a",
            "SELECT a = 5.",
            "SELECT )",
            "SELECT $",
        ] {
            assert_eq!(shape(text), text);
        }
    }
}
