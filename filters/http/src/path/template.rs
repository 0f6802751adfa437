//! Templates of paths, and which of them a target is of.
//!
//! `/customers/{id}`: a variable is one segment. `/files/{path...}`: the rest is one or more segments, or nothing after
//! a slash: `/files/`, but not `/files`. Where several templates fit, the most specific one is meant: at the first segment in which they differ a literal comes before a
//! variable, and a variable before the rest. Templates of which neither is more specific than the other, and that fit
//! the same target, are an error unless a third one is for exactly what they share: the server might order them
//! otherwise.

use super::decode::check;
use super::{Ambiguous, Target};
use crate::fold::fold;

/// Why templates do not compile. Templates are configuration, so the messages show them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A literal that no target could have.
    #[error("template `{0}`: {1}")]
    Path(String, Ambiguous),
    /// Not of the syntax.
    #[error(
        "template `{0}`: a segment is a literal, `{{name}}`, or, as the last one, `{{name...}}`; names are of a-z, 0-9 and _, \
         and different from each other"
    )]
    Syntax(String),
    /// A method that is not in upper case.
    #[error("template `{0}`: the method `{1}` must be in upper case letters")]
    Method(String, String),
    /// Two for the same.
    #[error("templates `{0}` and `{1}` are for the same requests; keep one")]
    Same(String, String),
    /// Overlapping.
    #[error(
        "templates `{0}` and `{1}` fit the same paths, and neither is more specific; add one for what they share: `{2}`"
    )]
    Overlap(String, String, String),
    /// Literals that differ in case.
    #[error(
        "templates spell a segment both `{0}` and `{1}`; a server without regard to case would take one for the other"
    )]
    Spelling(String, String),
}

/// What a target is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match<'a> {
    /// The template's place in the list that was compiled.
    pub template: usize,
    /// Variables in order, decoded. The rest has the slashes between its segments.
    pub variables: Vec<(&'a str, &'a str)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Variable(String),
    Rest(String),
}

#[derive(Debug)]
struct Template {
    source: String,
    /// `None` for every method.
    method: Option<String>,
    segments: Vec<Segment>,
}

/// One place in the tree of templates.
#[derive(Debug, Default)]
struct Node {
    /// Literals: folded, as spelt, and what comes after; ordered by the first.
    literals: Vec<(String, String, Node)>,
    variable: Option<Box<Node>>,
    /// Templates that end here, and those whose rest begins here.
    ends: Vec<usize>,
    rests: Vec<usize>,
}

/// Compiled templates.
#[derive(Debug, Default)]
pub struct Templates {
    all: Vec<Template>,
    tree: Node,
}

impl Templates {
    /// Compiles templates, each for one method or for all. A slash at the end has no meaning.
    ///
    /// # Errors
    /// The first one that is wrong, or two that are in conflict.
    pub fn compile(templates: &[(Option<&str>, &str)]) -> Result<Self, TemplateError> {
        let mut all = Vec::with_capacity(templates.len());
        for (method, source) in templates {
            all.push(Template::parse(*method, source)?);
        }
        conflicts(&all)?;
        let mut tree = Node::default();
        for (place, template) in all.iter().enumerate() {
            tree.insert(place, &template.segments)?;
        }
        Ok(Self { all, tree })
    }

    /// What the target is of; `None` where no template fits.
    ///
    /// A trailing slash is as good as none, as most servers have it, unless it would make the difference between a
    /// path and what is below it.
    ///
    /// # Errors
    /// A server that is less exact than this would take the target for another template's.
    pub fn match_<'a>(&'a self, method: &str, target: &'a Target) -> Result<Option<Match<'a>>, Ambiguous> {
        let segments: Vec<&str> = target.segments().collect();
        if method.bytes().any(|byte| byte.is_ascii_lowercase()) {
            let upper = self.find(&method.to_ascii_uppercase(), &segments, false);
            return if upper.is_some() { Err(Ambiguous::MethodCase) } else { Ok(None) };
        }
        let found = self.find(method, &segments, false);
        let below = if target.trailing_slash { self.find(method, &segments, true) } else { None };
        if found.is_some() && below.is_some() {
            return Err(Ambiguous::TrailingSlash);
        }
        let Some(found) = found.or(below) else { return Ok(None) };
        let template = self.all.get(found).ok_or(Ambiguous::Case)?;
        let mut variables = Vec::new();
        let mut at = segments.iter();
        for segment in &template.segments {
            match segment {
                Segment::Literal(literal) => {
                    if at.next() != Some(&literal.as_str()) {
                        return Err(Ambiguous::Case);
                    }
                }
                Segment::Variable(name) => variables.push((name.as_str(), *at.next().unwrap_or(&""))),
                Segment::Rest(name) => variables.push((name.as_str(), rest(target, at.len()))),
            }
        }
        Ok(Some(Match { template: found, variables }))
    }

    /// Methods for which a template fits the target, for the answer 405; empty where none does, or one is for all.
    #[must_use]
    pub fn methods(&self, target: &Target) -> Vec<&str> {
        let segments: Vec<&str> = target.segments().collect();
        let mut methods: Vec<&str> =
            self.all.iter().filter_map(|template| template.method.as_deref()).collect();
        methods.sort_unstable();
        methods.dedup();
        methods.retain(|method| self.find(method, &segments, false).is_some());
        methods
    }

    /// The template; with `below`, of those whose rest would begin after the last segment.
    fn find(&self, method: &str, segments: &[&str], below: bool) -> Option<usize> {
        let of = |place: &usize| self.all.get(*place).map(|template| template.method.as_deref());
        self.tree.find(segments, below, &|places: &[usize]| {
            let exact = places.iter().find(|place| of(place) == Some(Some(method)));
            exact.or_else(|| places.iter().find(|place| of(place) == Some(None))).copied()
        })
    }
}

/// The last `count` segments of the path.
fn rest(target: &Target, count: usize) -> &str {
    let Some(before) = count.checked_sub(1) else { return "" };
    let start = target.path.rmatch_indices('/').nth(before).map_or(0, |(at, _)| at.saturating_add(1));
    target.path.get(start..).unwrap_or_default()
}

impl Template {
    fn parse(method: Option<&str>, source: &str) -> Result<Self, TemplateError> {
        let syntax = || TemplateError::Syntax(source.to_owned());
        if let Some(method) = method
            && (method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-'))
        {
            return Err(TemplateError::Method(source.to_owned(), method.to_owned()));
        }
        let path = source.strip_prefix('/').ok_or_else(syntax)?;
        let body = path.strip_suffix('/').unwrap_or(path);
        let mut segments = Vec::new();
        let mut names: Vec<&str> = Vec::new();
        let mut pieces = body.split('/').skip(usize::from(path.is_empty())).peekable();
        while let Some(piece) = pieces.next() {
            let Some(name) = piece.strip_prefix('{').and_then(|piece| piece.strip_suffix('}')) else {
                if piece.contains(['{', '}']) {
                    return Err(syntax());
                }
                check(piece).map_err(|fault| TemplateError::Path(source.to_owned(), fault))?;
                segments.push(Segment::Literal(piece.to_owned()));
                continue;
            };
            let (name, rest) = match name.strip_suffix("...") {
                Some(name) => (name, true),
                None => (name, false),
            };
            let of_name = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
            if name.is_empty() || !name.bytes().all(of_name) || names.contains(&name) {
                return Err(syntax());
            }
            if rest && pieces.peek().is_some() {
                return Err(syntax());
            }
            names.push(name);
            segments.push(if rest {
                Segment::Rest(name.to_owned())
            } else {
                Segment::Variable(name.to_owned())
            });
        }
        Ok(Self { source: source.to_owned(), method: method.map(str::to_owned), segments })
    }

    fn meets(&self, other: &Self) -> bool {
        self.method.is_none() || other.method.is_none() || self.method == other.method
    }
}

impl Node {
    fn insert(&mut self, place: usize, segments: &[Segment]) -> Result<(), TemplateError> {
        let Some((first, tail)) = segments.split_first() else {
            self.ends.push(place);
            return Ok(());
        };
        match first {
            Segment::Rest(_) => {
                self.rests.push(place);
                Ok(())
            }
            Segment::Variable(_) => self.variable.get_or_insert_default().insert(place, tail),
            Segment::Literal(literal) => {
                let folded = fold(literal);
                let at = match self.literals.binary_search_by(|(other, ..)| (**other).cmp(&*folded)) {
                    Ok(at) => at,
                    Err(at) => {
                        self.literals.insert(at, (folded.into_owned(), literal.clone(), Self::default()));
                        at
                    }
                };
                let Some((_, spelt, node)) = self.literals.get_mut(at) else { return Ok(()) };
                if spelt != literal {
                    return Err(TemplateError::Spelling(spelt.clone(), literal.clone()));
                }
                node.insert(place, tail)
            }
        }
    }

    /// The most specific template without regard to case. No place of the tree is looked at twice.
    fn find(
        &self,
        segments: &[&str],
        below: bool,
        pick: &dyn Fn(&[usize]) -> Option<usize>,
    ) -> Option<usize> {
        let Some((first, tail)) = segments.split_first() else {
            return pick(if below { &self.rests } else { &self.ends });
        };
        let found = self.literal(first).and_then(|node| node.find(tail, below, pick));
        let found = found.or_else(|| self.variable.as_ref()?.find(tail, below, pick));
        if below { found } else { found.or_else(|| pick(&self.rests)) }
    }

    fn literal(&self, segment: &str) -> Option<&Self> {
        if self.literals.is_empty() {
            return None;
        }
        let folded = fold(segment);
        let at = self.literals.binary_search_by(|(other, ..)| (**other).cmp(&*folded)).ok()?;
        self.literals.get(at).map(|(.., node)| node)
    }
}

/// Two templates for the same, or that overlap with none for what they share.
fn conflicts(all: &[Template]) -> Result<(), TemplateError> {
    for (place, one) in all.iter().enumerate() {
        for other in all.iter().skip(place.saturating_add(1)) {
            let (covers, covered) =
                (covers(&one.segments, &other.segments), covers(&other.segments, &one.segments));
            if covers && covered && one.method == other.method {
                return Err(TemplateError::Same(one.source.clone(), other.source.clone()));
            }
            if covers || covered || !one.meets(other) {
                continue;
            }
            let Some(shared) = shared(&one.segments, &other.segments) else { continue };
            let method = one.method.as_ref().or(other.method.as_ref());
            let resolved = all.iter().any(|third| {
                covers_both(&third.segments, &shared)
                    && (third.method.is_none() || third.method.as_ref() == method)
            });
            if !resolved {
                let (one, other) = (one.source.clone(), other.source.clone());
                return Err(TemplateError::Overlap(one, other, written(&shared)));
            }
        }
    }
    Ok(())
}

fn covers_both(one: &[Segment], other: &[Segment]) -> bool {
    covers(one, other) && covers(other, one)
}

/// Whether every path of `narrow` is one of `wide`.
fn covers(wide: &[Segment], narrow: &[Segment]) -> bool {
    match (wide.split_first(), narrow.split_first()) {
        (None, None) | (Some((Segment::Rest(_), _)), Some(_)) => true,
        (None, _) | (_, None) => false,
        (Some((wide, wide_tail)), Some((narrow, narrow_tail))) => {
            let first = match (wide, narrow) {
                (_, Segment::Rest(_)) => false,
                (Segment::Literal(wide), Segment::Literal(narrow)) => fold(wide) == fold(narrow),
                (Segment::Literal(_), Segment::Variable(_)) => false,
                _ => true,
            };
            first && covers(wide_tail, narrow_tail)
        }
    }
}

/// The template of what both fit.
fn shared(one: &[Segment], other: &[Segment]) -> Option<Vec<Segment>> {
    match (one.split_first(), other.split_first()) {
        (None, None) => Some(Vec::new()),
        (Some((Segment::Rest(_), _)), Some(_)) => Some(other.to_vec()),
        (Some(_), Some((Segment::Rest(_), _))) => Some(one.to_vec()),
        (Some((first, one)), Some((second, other))) => {
            let segment = match (first, second) {
                (Segment::Literal(literal), Segment::Literal(same)) if fold(literal) != fold(same) => {
                    return None;
                }
                (Segment::Literal(_), _) => first,
                _ => second,
            };
            let mut all = vec![segment.clone()];
            all.extend(shared(one, other)?);
            Some(all)
        }
        _ => None,
    }
}

fn written(segments: &[Segment]) -> String {
    let written = segments.iter().map(|segment| match segment {
        Segment::Literal(literal) => format!("/{literal}"),
        Segment::Variable(name) => format!("/{{{name}}}"),
        Segment::Rest(name) => format!("/{{{name}...}}"),
    });
    written.collect()
}
