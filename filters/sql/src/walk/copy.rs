//! COPY: which rows, which way, in which form.

use std::borrow::Cow;
use std::sync::Arc;

use gatewright_core::policy::{Action, Target};
use sqlparser::ast::{CopyLegacyCsvOption, CopyLegacyOption, CopyOption, CopySource, CopyTarget, Ident};

use super::query::origins;
use super::{NOWHERE, Walker, not_modelled, source};
use crate::lineage::Shape;
use crate::{CopyDirection, CopyForm, Unparsed, names};

impl Walker<'_> {
    pub(super) fn copy(
        &mut self,
        what: &CopySource,
        to: bool,
        target: &CopyTarget,
        form: Option<CopyForm>,
    ) -> Result<Option<Shape>, Unparsed> {
        self.facts.statement = "COPY";
        match (what, to, target) {
            (CopySource::Table { table_name, columns }, false, CopyTarget::Stdin) => {
                let named = self.act(Action::CopyIn, table_name)?;
                self.facts.copy = Some(CopyDirection::In);
                let target = source(&named, self.catalogue);
                self.facts.columns_written.extend(copied(&target.shape, &folded(columns)));
                Ok(None)
            }
            (CopySource::Table { table_name, columns }, true, CopyTarget::Stdout) => {
                let named = self.act(Action::CopyOut, table_name)?;
                let from = self.read(&named);
                self.facts.copy = Some(CopyDirection::Out);
                self.facts.copy_form = form;
                let wanted = folded(columns);
                self.note_columns(copied(&from.shape, &wanted));
                if wanted.is_empty() {
                    return Ok(Some(from.shape));
                }
                let known = from.shape.columns.unwrap_or_default();
                let find = |name: &Cow<'_, str>| {
                    known.iter().find(|column| column.name.as_deref() == Some(&**name)).cloned()
                };
                Ok(wanted.iter().map(find).collect::<Option<Vec<_>>>().map(Shape::known))
            }
            (CopySource::Query(query), true, CopyTarget::Stdout) => {
                self.access(Action::CopyOut, Target::Database);
                self.facts.copy = Some(CopyDirection::Out);
                self.facts.copy_form = form;
                self.query(query, NOWHERE).map(Some)
            }
            _ => not_modelled("COPY with a file or program of the server"),
        }
    }
}

fn folded(columns: &[Ident]) -> Vec<Cow<'_, str>> {
    columns.iter().map(names::fold).collect()
}

fn copied(shape: &Shape, wanted: &[Cow<'_, str>]) -> Vec<Arc<str>> {
    if wanted.is_empty() {
        return if shape.columns.is_some() { origins(shape).collect() } else { vec!["*".into()] };
    }
    let known = shape.columns.iter().flatten();
    known
        .filter(|column| {
            column.name.as_ref().is_some_and(|name| wanted.iter().any(|wanted| **wanted == **name))
        })
        .filter_map(|column| column.origin.clone())
        .collect()
}

/// What the options say of the rows' form; `None` where that is not certain.
pub(super) fn form(options: &[CopyOption], legacy: &[CopyLegacyOption]) -> Option<CopyForm> {
    let mut format = "text".to_owned();
    let (mut delimiter, mut quote, mut escape) = (None, None, None);
    let (mut null, mut header) = (None, false);
    for option in options {
        match option {
            CopyOption::Format(name) => format = names::fold(name).into_owned(),
            CopyOption::Delimiter(c) => delimiter = Some(*c),
            CopyOption::Null(text) => null = Some(text.clone()),
            CopyOption::Header(on) => header = *on,
            CopyOption::Quote(c) => quote = Some(*c),
            CopyOption::Escape(c) => escape = Some(*c),
            CopyOption::ForceQuote(_) => {}
            _ => return None,
        }
    }
    for option in legacy {
        match option {
            CopyLegacyOption::Binary => format = "binary".to_owned(),
            CopyLegacyOption::Delimiter(c) => delimiter = Some(*c),
            CopyLegacyOption::Null(text) => null = Some(text.clone()),
            CopyLegacyOption::Csv(options) => {
                format = "csv".to_owned();
                for option in options {
                    match option {
                        CopyLegacyCsvOption::Header => header = true,
                        CopyLegacyCsvOption::Quote(c) => quote = Some(*c),
                        CopyLegacyCsvOption::Escape(c) => escape = Some(*c),
                        CopyLegacyCsvOption::ForceQuote(_) => {}
                        CopyLegacyCsvOption::ForceNotNull(_) => return None,
                    }
                }
            }
            _ => return None,
        }
    }
    let byte = |c: Option<char>, default: u8| match c {
        None => Some(default),
        Some(c) => u8::try_from(c).ok().filter(u8::is_ascii),
    };
    Some(match format.as_str() {
        "text" => CopyForm::Text {
            delimiter: byte(delimiter, b'\t')?,
            null: null.unwrap_or_else(|| "\\N".to_owned()),
            header,
        },
        "csv" => {
            let quote = byte(quote, b'"')?;
            CopyForm::Csv {
                delimiter: byte(delimiter, b',')?,
                quote,
                escape: byte(escape, quote)?,
                null: null.unwrap_or_default(),
                header,
            }
        }
        "binary" => CopyForm::Binary,
        _ => return None,
    })
}
