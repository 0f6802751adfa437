//! Which columns of a result are masked, and masking of its rows.

use std::rc::Rc;

use gatewright_core::catalogue::{MaskId, Taint};
use gatewright_core::detect::Detectors;
use gatewright_core::mask::{Method, mask_text};
use gatewright_sql::{Derivation, Output};

use super::scan::{Form, Scanned};
use crate::Plane;
use crate::wire::Reader;
use crate::wire::backend::Field;

/// What the gate knows of the origin of a statement's outputs, less what the agent may see unmasked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// What an output of unknown origin, an error message or a notice may carry.
    pub(crate) scope: Taint,
    /// The server's word on a column's origin is not to be trusted.
    pub(crate) opaque: bool,
    /// What each output carries, where it is proved.
    pub(crate) outputs: Option<Vec<Output>>,
}

impl Origin {
    /// What either may give.
    pub(crate) fn add(&mut self, other: &Self) {
        self.scope.extend(&other.scope);
        self.opaque |= other.opaque;
        self.outputs = match (self.outputs.take(), &other.outputs) {
            (Some(mut mine), Some(theirs)) if mine.len() == theirs.len() => {
                for (mine, theirs) in mine.iter_mut().zip(theirs) {
                    mine.taint.extend(&theirs.taint);
                    mine.columns.add(&theirs.columns);
                    mine.kind = mine.kind.or(theirs.kind);
                }
                Some(mine)
            }
            _ => None,
        };
    }

    /// Whether nothing masked can come out.
    pub(crate) fn is_clean(&self) -> bool {
        self.scope.is_clean() && !self.opaque
    }
}

/// How the values of one column are masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cell {
    method: Method,
    style: Style,
}

/// What a masked value must look like for the client to read it as its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Text, in either format.
    Text,
    /// JSON text.
    Json,
    /// Binary jsonb: a version byte, then JSON text.
    Jsonb,
    /// A type that no mask can be a value of: NULL.
    Null,
}

/// What happens to the values of one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Treatment {
    Pass,
    Mask(Cell),
    Scan(Form),
}

/// What happens to the values of a result's columns.
#[derive(Debug)]
pub(crate) struct Masks {
    columns: Vec<Treatment>,
    /// Those that the treatment was decided with; there where any column is scanned.
    detectors: Option<Rc<Detectors>>,
}

impl Masks {
    /// Masks for columns as the server describes them; `None` where all pass.
    ///
    /// Detectors look at what is not masked, but for columns whose masks policy lifts for this agent: there somebody
    /// has decided that it may see what they hold. They look for everybody else, and in everything else that is text.
    ///
    /// A column's taint is what the catalogue says of the origin that the server names, joined with what the
    /// statement's tree proves; where neither knows, everything in scope.
    pub(crate) fn new(fields: &[Field], origin: &Origin, active: &Taint, plane: &Plane) -> Option<Self> {
        let proved = origin.outputs.as_ref().filter(|outputs| outputs.len() == fields.len());
        let columns: Vec<Treatment> = fields
            .iter()
            .enumerate()
            .map(|(position, field)| {
                let proof = proved.and_then(|outputs| outputs.get(position));
                let (mut taint, mut lifted) = (Taint::CLEAN, false);
                match (field.table, proof) {
                    (0, Some(proof)) => taint.extend(&proof.taint),
                    (0, None) => taint.extend(&origin.scope),
                    (table, proof) => {
                        if let Some(known) = plane.catalogue.column_taint(table, field.attnum) {
                            taint.extend(known);
                            lifted = !known.is_clean();
                        }
                        if let Some(proof) = proof {
                            taint.extend(&proof.taint);
                        }
                    }
                }
                if origin.opaque {
                    taint.extend(plane.catalogue.everything());
                }
                let masked: Vec<_> = taint.iter().filter(|id| active.contains(*id)).collect();
                let method = match masked.as_slice() {
                    [] if lifted || plane.detectors.is_none() => return Treatment::Pass,
                    [] => {
                        let form = Form::of(field.type_oid, field.format);
                        return form.map_or(Treatment::Pass, Treatment::Scan);
                    }
                    // The column's own method only for the column's own values: of `repeat(substr(ssn, 1, 2), 9)` the
                    // last quarter, or a digest, would tell what it shall not.
                    [one] if is_the_column(field, proof, *one, plane) => {
                        plane.catalogue.masked(*one).map_or(Method::Redact, |column| column.method)
                    }
                    _ => Method::Redact,
                };
                Treatment::Mask(Cell { method, style: style(field.type_oid, field.format) })
            })
            .collect();
        let detectors = plane.detectors.clone();
        columns.iter().any(|column| *column != Treatment::Pass).then_some(Self { columns, detectors })
    }

    /// Names of the masked columns.
    pub(crate) fn names(&self, fields: &[Field]) -> Vec<String> {
        let masked =
            fields.iter().zip(&self.columns).filter(|(_, column)| matches!(column, Treatment::Mask(_)));
        masked.map(|(field, _)| field.name.clone()).collect()
    }

    /// Appends the DataRow `raw`, whole as it came, with what is masked or found in it replaced; `None` where the row
    /// is malformed or has another number of columns, so that nothing of it may pass.
    pub(crate) fn apply(&self, raw: &[u8], key: &[u8], out: &mut Vec<u8>) -> Option<()> {
        let start = out.len();
        let done = self.replaced(raw, key, out);
        if done.is_none() {
            out.truncate(start);
        }
        done
    }

    fn replaced(&self, raw: &[u8], key: &[u8], out: &mut Vec<u8>) -> Option<()> {
        let start = out.len();
        let mut reader = Reader::new(raw.get(5..)?);
        if reader.count()? != self.columns.len() {
            return None;
        }
        let mut splice = Splice { raw, done: 0, out };
        for column in &self.columns {
            let before = reader;
            let Some(value) = reader.value()? else { continue };
            match (column, &self.detectors) {
                (Treatment::Mask(cell), _) => {
                    let at = splice.open(before)?;
                    let is_value = cell.mask(value, key, splice.out);
                    splice.close(at, is_value, reader)?;
                }
                (Treatment::Scan(form), Some(detectors)) => {
                    let Some(found) = form.scan(value, detectors) else { continue };
                    let at = splice.open(before)?;
                    if let Scanned::Value(replaced) = &found {
                        splice.out.extend_from_slice(replaced);
                    }
                    splice.close(at, found != Scanned::Null, reader)?;
                }
                _ => {}
            }
        }
        if !reader.is_at_end() {
            return None;
        }
        let done = splice.done;
        out.extend_from_slice(raw.get(done..)?);
        if done > 0 { write_length(out, start.checked_add(1)?, 0) } else { Some(()) }
    }
}

/// A copy of a message in which values are replaced.
struct Splice<'a> {
    raw: &'a [u8],
    /// Up to where `raw` was copied or replaced.
    done: usize,
    out: &'a mut Vec<u8>,
}

impl Splice<'_> {
    /// Copies up to the value that `reader` stands before; gives the place of its length.
    fn open(&mut self, reader: Reader<'_>) -> Option<usize> {
        let until = self.raw.len().checked_sub(reader.rest().len())?;
        self.out.extend_from_slice(self.raw.get(self.done..until)?);
        let at = self.out.len();
        // NULL, until there is more.
        self.out.extend_from_slice(&(-1_i32).to_be_bytes());
        Some(at)
    }

    /// Ends the value whose length is at `at`, after its bytes were appended; `reader` stands behind the old one.
    fn close(&mut self, at: usize, is_value: bool, reader: Reader<'_>) -> Option<()> {
        self.done = self.raw.len().checked_sub(reader.rest().len())?;
        if is_value { write_length(self.out, at, 4) } else { Some(()) }
    }
}

/// Writes into the four bytes at `at` how many bytes of `out` there are from there, less `own`.
fn write_length(out: &mut [u8], at: usize, own: usize) -> Option<()> {
    let length = i32::try_from(out.len().checked_sub(at)?.checked_sub(own)?).ok()?;
    out.get_mut(at..at.checked_add(4)?)?.copy_from_slice(&length.to_be_bytes());
    Some(())
}

impl Cell {
    /// Appends the value as it is masked; `false`, and nothing, for NULL.
    fn mask(self, value: &[u8], key: &[u8], out: &mut Vec<u8>) -> bool {
        match (self.style, self.method) {
            (_, Method::Null) | (Style::Null, _) => return false,
            (Style::Text, method) => return mask_text(method, value, key, out),
            (Style::Json, _) => {}
            (Style::Jsonb, _) => out.push(1),
        }
        out.extend_from_slice(b"\"[masked]\"");
        true
    }
}

/// Whether an output is masked column `id` itself, by the server's word or by the tree's proof.
fn is_the_column(field: &Field, proof: Option<&Output>, id: MaskId, plane: &Plane) -> bool {
    match proof {
        // What is returned may not be what was stored a moment before.
        Some(proof) if proof.kind != Derivation::Identity => false,
        Some(proof) if field.table == 0 => proof.is_column(id),
        _ => plane.catalogue.is_masked_column(field.table, field.attnum, id),
    }
}

/// By the type's OID (`pg_type.dat`) and format.
fn style(type_oid: u32, format: i16) -> Style {
    match (type_oid, format) {
        // bpchar's and varchar's binary form is their text, as is that of text, name and unknown.
        (25 | 1042 | 1043 | 19 | 705, _) => Style::Text,
        (114, _) | (3802, 0) => Style::Json,
        (3802, _) => Style::Jsonb,
        _ => Style::Null,
    }
}
