//! Which trace something is part of, as [W3C Trace Context](https://www.w3.org/TR/trace-context/) says it, so that the
//! calls to the host that a request or a statement causes are found in its trace.
//!
//! It comes from an agent and vouches for nothing: whatever is not exactly what the specification says is as if it were
//! not there.

use std::sync::Arc;

/// Name of the header that says which span caused a request.
pub const TRACEPARENT: &str = "traceparent";
/// Name of the header with what tracing systems add to that.
pub const TRACESTATE: &str = "tracestate";

/// Bytes of a `traceparent` of version 00.
const LENGTH: usize = 55;
/// Most bytes of a `tracestate` that is passed on (section 3.3.1.5: at least that many should be).
const MOST_STATE: usize = 512;
/// Most members of one (section 3.3.1.1).
const MOST_MEMBERS: usize = 32;

/// A span, of somebody else's, that causes something here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    /// INVARIANT: a `traceparent` of version 00.
    parent: Arc<str>,
    state: Option<Arc<str>>,
}

impl TraceContext {
    /// From the values of a request's headers `traceparent` and `tracestate`. `None` unless there is one good `traceparent`
    /// (section 3.2); a `tracestate` that is not good is left out.
    #[must_use]
    pub fn of_headers<'a>(
        mut parents: impl Iterator<Item = &'a [u8]>,
        states: impl Iterator<Item = &'a [u8]>,
    ) -> Option<Self> {
        let parent = parents.next()?;
        if parents.next().is_some() {
            return None;
        }
        Some(Self { parent: good(parent)?.into(), state: state(states) })
    }

    /// From a comment at the end of a statement, as [sqlcommenter](https://google.github.io/sqlcommenter/spec/) writes it:
    /// `SELECT 1 /*traceparent='00-…-…-01'*/`.
    #[must_use]
    pub fn of_statement(text: &str) -> Option<Self> {
        let text = text.trim_end_matches(|c: char| c == ';' || c.is_ascii_whitespace());
        let (_, comment) = text.strip_suffix("*/")?.rsplit_once("/*")?;
        // Values are percent-encoded, so that no comma is within one.
        let mut values = comment.split(',').filter_map(|pair| pair.trim().strip_prefix("traceparent='"));
        let value = values.next()?.strip_suffix('\'')?;
        Some(Self { parent: good(value.as_bytes())?.into(), state: None })
    }

    /// As the header `traceparent` says it.
    #[must_use]
    pub fn parent(&self) -> &str {
        &self.parent
    }

    /// As the header `tracestate` says it.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// The trace's id, 32 digits.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        self.parent.get(3..35).unwrap_or_default()
    }

    /// The span's id, 16 digits.
    #[must_use]
    pub fn span_id(&self) -> &str {
        self.parent.get(36..52).unwrap_or_default()
    }

    /// The flags, two digits.
    #[must_use]
    pub fn flags(&self) -> &str {
        self.parent.get(53..55).unwrap_or_default()
    }
}

/// A `traceparent` of version 00 (section 3.2.2): `00-`, the trace's id, `-`, the span's id, `-`, flags; digits of lower
/// case, and no id of zeros. Later versions may mean something else by what they have in common with it.
fn good(value: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(value).ok().filter(|text| text.len() == LENGTH)?;
    let mut fields = text.split('-');
    let mut next = |digits: usize| {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        fields.next().filter(|field| field.len() == digits && field.bytes().all(is_digit))
    };
    let (version, trace, span, _flags) = (next(2)?, next(32)?, next(16)?, next(2)?);
    let is_zero = |id: &str| id.bytes().all(|byte| byte == b'0');
    let is_good = version == "00" && !is_zero(trace) && !is_zero(span) && fields.next().is_none();
    is_good.then_some(text)
}

/// A `tracestate` (section 3.3.1), which may stand in several headers.
fn state<'a>(values: impl Iterator<Item = &'a [u8]>) -> Option<Arc<str>> {
    let mut state = String::new();
    for value in values {
        let value = std::str::from_utf8(value).ok()?.trim_matches([' ', '\t']);
        if state.len().saturating_add(value.len()) >= MOST_STATE {
            return None;
        }
        if !state.is_empty() && !value.is_empty() {
            state.push(',');
        }
        state.push_str(value);
    }
    let is_plain = |text: &str, most: usize| {
        let printable = |byte: u8| (0x20..=0x7e).contains(&byte);
        (1..=most).contains(&text.len()) && text.bytes().all(printable)
    };
    let is_key = |key: &str| {
        let allowed = |byte: u8| {
            byte.is_ascii_lowercase()
                || byte.is_ascii_digit()
                || matches!(byte, b'_' | b'-' | b'*' | b'/' | b'@')
        };
        is_plain(key, 256) && key.bytes().all(allowed)
    };
    let is_member = |member: &str| {
        let member = member.trim_matches([' ', '\t']);
        member.is_empty()
            || member
                .split_once('=')
                .is_some_and(|(key, value)| is_key(key) && is_plain(value, 256) && !value.contains('='))
    };
    let is_good = state.split(',').count() <= MOST_MEMBERS && state.split(',').all(is_member);
    (is_good && !state.is_empty()).then(|| state.into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn of(parents: &[&str], states: &[&str]) -> Option<TraceContext> {
        let bytes =
            |values: &[&str]| values.iter().map(|value| value.as_bytes().to_vec()).collect::<Vec<_>>();
        let (parents, states) = (bytes(parents), bytes(states));
        TraceContext::of_headers(parents.iter().map(Vec::as_slice), states.iter().map(Vec::as_slice))
    }

    #[test]
    fn one_good_traceparent_counts() {
        let context = of(&[GOOD], &[]).unwrap();
        assert_eq!((context.parent(), context.state()), (GOOD, None));
        assert_eq!(context.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!((context.span_id(), context.flags()), ("00f067aa0ba902b7", "01"));
        assert!(of(&["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"], &[]).is_some());
        for bad in [
            "",
            "00",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-011",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
            " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
            "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
            "00-4bf92f3577b34da6a3ce929d0e0e47\r\n-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
        ] {
            assert_eq!(of(&[bad], &[]), None, "{bad:?}");
        }
        assert_eq!(of(&[GOOD, GOOD], &[]), None);
        assert_eq!(of(&[], &["a=1"]), None);
    }

    #[test]
    fn a_good_tracestate_goes_along() {
        let state = |states: &[&str]| of(&[GOOD], states).unwrap().state().map(str::to_owned);
        assert_eq!(
            state(&["rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"]).unwrap(),
            "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"
        );
        assert_eq!(state(&["a=1", " b=2 "]).unwrap(), "a=1,b=2");
        assert_eq!(state(&["t@v=1, ,x=y z"]).unwrap(), "t@v=1, ,x=y z");
        let long = format!("a={}", "x".repeat(256));
        assert!(state(&[&long]).is_some());
        let many = vec!["a=1"; 33].join(",");
        for bad in
            ["", "a", "=1", "a=", "A=1", "a=1=2", "a=é", "a=\r\nx: y", "a b=1", &format!("{long}x"), &many]
        {
            assert_eq!(state(&[bad]), None, "{bad:?}");
        }
        assert_eq!(state(&[&long, &long]), None);
    }

    #[test]
    fn a_comment_at_the_end_of_a_statement_says_it_too() {
        for text in [
            format!("SELECT 1 /*traceparent='{GOOD}'*/"),
            format!("SELECT 1 /*action='%2Fparam*d',traceparent='{GOOD}',tracestate='a%3D1'*/ ; "),
            format!("/* why */ SELECT 1\n/*route='x', traceparent='{GOOD}'*/;"),
        ] {
            assert_eq!(TraceContext::of_statement(&text).unwrap().parent(), GOOD, "{text}");
        }
        for text in [
            String::new(),
            "*/".to_owned(),
            "/*/".to_owned(),
            "SELECT 1 /*traceparent='*/".to_owned(),
            "SELECT 1 /*traceparent=''*/".to_owned(),
            format!("SELECT 1 /*traceparent='{GOOD}'*/ WHERE true"),
            format!("SELECT '/*traceparent=''{GOOD}''*/'"),
            format!("SELECT 1 /*xtraceparent='{GOOD}'*/"),
            format!("SELECT 1 /*traceparent='{GOOD}*/"),
            format!("SELECT 1 /*traceparent='{}'*/", GOOD.to_uppercase()),
        ] {
            assert_eq!(TraceContext::of_statement(&text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_passed_on_is_well_formed(parent in ".{0,80}", state in "[ -~]{0,600}", text in "(.|/\\*|\\*/|traceparent='|'){0,20}") {
            let _ = TraceContext::of_statement(&text);
            prop_assert!(of(&[&parent], &[]).is_none());
            if let Some(state) = of(&[GOOD], &[&state]).unwrap().state() {
                prop_assert!(state.len() <= MOST_STATE && state.bytes().all(|byte| (0x20..=0x7e).contains(&byte)));
            }
        }

        #[test]
        fn every_good_one_is_taken(trace in "[0-9a-f]{31}[1-9a-f]", span in "[1-9a-f][0-9a-f]{15}", flags in "[0-9a-f]{2}") {
            let parent = format!("00-{trace}-{span}-{flags}");
            let context = of(&[&parent], &[]).unwrap();
            prop_assert_eq!(context.trace_id(), trace);
            let statement = format!("SELECT 1 /*traceparent='{parent}'*/");
            let context = TraceContext::of_statement(&statement).unwrap();
            prop_assert_eq!(context.parent(), parent);
        }
    }
}
