//! Places to be replaced: put in order, and put into effect.

use std::ops::Range;

use super::Span;
use crate::mask::REDACTED;

/// Puts matches in order and merges those that touch. What is a token already is left alone, a match that takes a part
/// of one takes the whole, and no character of UTF-8 is cut.
pub(super) fn settle<'a>(text: &[u8], mut spans: Vec<Span<'a>>, labels: &[&[u8]]) -> Vec<Span<'a>> {
    if spans.is_empty() {
        return spans;
    }
    let tokens = tokens(text, labels);
    for span in &mut spans {
        whole_characters(text, &mut span.range);
        for token in &tokens {
            if token.start < span.range.end && span.range.start < token.end {
                let inside = token.start <= span.range.start && span.range.end <= token.end;
                if inside {
                    span.range.end = span.range.start;
                    break;
                }
                span.range = span.range.start.min(token.start)..span.range.end.max(token.end);
            }
        }
    }
    spans.retain(|span| !span.range.is_empty());
    // Of those that begin at the same place the longest names the whole.
    spans.sort_by_key(|span| (span.range.start, usize::MAX.saturating_sub(span.range.end)));
    let mut apart: Vec<Span<'a>> = Vec::with_capacity(spans.len());
    for span in spans {
        match apart.last_mut() {
            Some(last) if span.range.start < last.range.end => {
                last.range.end = last.range.end.max(span.range.end);
            }
            _ => apart.push(span),
        }
    }
    apart
}

/// The text with the places replaced.
pub(super) fn replace(text: &[u8], spans: &[Span<'_>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    for span in spans {
        out.extend_from_slice(text.get(at..span.range.start).unwrap_or_default());
        out.extend_from_slice(span.token);
        at = span.range.end;
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
    out
}

/// Where tokens stand in the text.
fn tokens(text: &[u8], labels: &[&[u8]]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(skip) = rest.iter().position(|byte| *byte == b'[') else { break };
        let start = at.saturating_add(skip);
        let here = rest.get(skip..).unwrap_or_default();
        let token = std::iter::once(&REDACTED).chain(labels).find(|token| here.starts_with(token));
        at = start.saturating_add(token.map_or(1, |token| token.len()));
        if token.is_some() {
            found.push(start..at);
        }
    }
    found
}

fn whole_characters(text: &[u8], range: &mut Range<usize>) {
    let inside = |at: usize| text.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    // A character has at most four bytes; what is longer is not UTF-8.
    for _ in 0..3 {
        if inside(range.start) {
            range.start = range.start.saturating_sub(1);
        }
        if inside(range.end) {
            range.end = range.end.saturating_add(1);
        }
    }
}
