//! Reads the text format of OpenMetrics 1.0, strictly: what Prometheus would refuse or misread is a failure.

use std::collections::{BTreeMap, BTreeSet};

/// Labels of a sample.
pub(crate) type Labels = BTreeMap<String, String>;

/// A scrape.
#[derive(Debug, Default)]
pub(crate) struct Scrape {
    /// Kinds of the families, by name.
    pub(crate) families: BTreeMap<String, String>,
    /// Values by sample name and labels.
    pub(crate) samples: BTreeMap<(String, Labels), f64>,
}

impl Scrape {
    /// Reads it; says what is wrong.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut scrape = Self::default();
        let body = text.strip_suffix("# EOF\n").ok_or("it does not end with `# EOF`")?;
        let (mut family, mut helped) = (String::new(), BTreeSet::new());
        for line in body.split_terminator('\n') {
            let wrong = |what: &str| Err(format!("{what}: {line}"));
            if let Some(meta) = line.strip_prefix("# ") {
                let mut parts = meta.splitn(3, ' ');
                let (what, name, rest) = (parts.next(), parts.next().unwrap_or_default(), parts.next());
                match (what, rest) {
                    (Some("HELP"), Some(help)) if !help.is_empty() => {
                        if !helped.insert(name.to_owned()) {
                            return wrong("a family stands here twice");
                        }
                        name.clone_into(&mut family);
                    }
                    (Some("TYPE"), Some(kind @ ("counter" | "gauge" | "histogram"))) if name == family => {
                        scrape.families.insert(name.to_owned(), kind.to_owned());
                    }
                    _ => return wrong("not a line of HELP or TYPE in its place"),
                }
                continue;
            }
            let (name, labels, value) = sample(line)?;
            let kind = scrape.families.get(&family).map(String::as_str);
            let suffix = name.strip_prefix(&family);
            let fits = match (kind, suffix) {
                (Some("gauge"), Some(suffix)) => suffix.is_empty(),
                (Some("counter"), Some(suffix)) => suffix == "_total" && value >= 0.0,
                (Some("histogram"), Some(suffix)) => {
                    matches!(suffix, "_sum" | "_count") || (suffix == "_bucket" && labels.contains_key("le"))
                }
                _ => false,
            };
            if !fits {
                return wrong("a sample that is not of the family before it");
            }
            if scrape.samples.insert((name, labels), value).is_some() {
                return wrong("a sample stands here twice");
            }
        }
        scrape.histograms()?;
        Ok(scrape)
    }

    /// The value of a sample; the labels in any order.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.samples.get(&(name.to_owned(), labels)).copied()
    }

    /// Buckets hold all that the smaller ones do, and the last one everything.
    fn histograms(&self) -> Result<(), String> {
        let mut buckets: BTreeMap<(String, Labels), Vec<(f64, f64)>> = BTreeMap::new();
        for ((name, labels), value) in &self.samples {
            let Some(family) = name.strip_suffix("_bucket") else { continue };
            let mut labels = labels.clone();
            let le = labels.remove("le").unwrap_or_default();
            let le = if le == "+Inf" { f64::INFINITY } else { le.parse().map_err(|_| le)? };
            buckets.entry((family.to_owned(), labels)).or_default().push((le, *value));
        }
        for ((family, labels), mut buckets) in buckets {
            buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
            let all = self.samples.get(&(format!("{family}_count"), labels.clone()));
            let last = buckets.last().filter(|(le, _)| *le == f64::INFINITY).map(|(_, count)| count);
            if !buckets.is_sorted_by_key(|(_, count)| *count) || last.is_none() || all != last {
                return Err(format!("{family} {labels:?} is no histogram: {buckets:?}, of {all:?}"));
            }
        }
        Ok(())
    }
}

/// `name{label="value",…} number`.
fn sample(line: &str) -> Result<(String, Labels, f64), String> {
    let wrong = |what: &str| format!("{what}: {line}");
    let end = line.find(['{', ' ']).ok_or_else(|| wrong("no value"))?;
    let (name, mut rest) = line.split_at(end);
    let is_name = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if !is_name(name) {
        return Err(wrong("not a name"));
    }
    let mut labels = Labels::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        while let Some((label, after)) = rest.split_once("=\"") {
            let mut value = String::new();
            let mut chars = after.char_indices();
            let end = loop {
                match chars.next().ok_or_else(|| wrong("a label does not end"))? {
                    (at, '"') => break at,
                    (_, '\\') => match chars.next() {
                        Some((_, 'n')) => value.push('\n'),
                        Some((_, c @ ('"' | '\\'))) => value.push(c),
                        _ => return Err(wrong("not an escape")),
                    },
                    (_, c) => value.push(c),
                }
            };
            if !is_name(label) || labels.insert(label.to_owned(), value).is_some() {
                return Err(wrong("not a label"));
            }
            rest = &after[end + 1..];
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        rest = rest.strip_prefix('}').ok_or_else(|| wrong("labels do not end"))?;
    }
    let number = rest.strip_prefix(' ').ok_or_else(|| wrong("no value"))?;
    let value = number.parse().map_err(|_| wrong("not a number"))?;
    Ok((name.to_owned(), labels, value))
}
