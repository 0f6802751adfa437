//! Which columns of a result are masked, and masking of its rows.

use gatewright_core::catalogue::{MaskId, Taint};
use gatewright_core::mask::{Method, REDACTED, mask_text};
use gatewright_sql::{Derivation, Output};

use crate::Plane;
use crate::wire::Writer;
use crate::wire::backend::{Field, data_row};

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
                    mine.columns.extend(theirs.columns.iter().cloned());
                    if mine.kind != theirs.kind {
                        mine.kind = Derivation::Transformed;
                    }
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

/// The masks of a result's columns; `None` for those that pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Masks(Vec<Option<Cell>>);

impl Masks {
    /// Masks for columns as the server describes them; `None` where all pass.
    ///
    /// A column's taint is what the catalogue says of the origin that the server names, joined with what the
    /// statement's tree proves; where neither knows, everything in scope.
    pub(crate) fn new(fields: &[Field], origin: &Origin, active: &Taint, plane: &Plane) -> Option<Self> {
        let proved = origin.outputs.as_ref().filter(|outputs| outputs.len() == fields.len());
        let cells: Vec<Option<Cell>> = fields
            .iter()
            .enumerate()
            .map(|(position, field)| {
                let proof = proved.and_then(|outputs| outputs.get(position));
                let mut taint = Taint::CLEAN;
                match (field.table, proof) {
                    (0, Some(proof)) => taint.extend(&proof.taint),
                    (0, None) => taint.extend(&origin.scope),
                    (table, proof) => {
                        if let Some(known) = plane.catalogue.column_taint(table, field.attnum) {
                            taint.extend(known);
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
                    [] => return None,
                    // The column's own method only for the column's own values: of `repeat(substr(ssn, 1, 2), 9)` the
                    // last quarter, or a digest, would tell what it shall not.
                    [one] if is_the_column(field, proof, *one, plane) => {
                        plane.catalogue.masked(*one).map_or(Method::Redact, |column| column.method)
                    }
                    _ => Method::Redact,
                };
                Some(Cell { method, style: style(field.type_oid, field.format) })
            })
            .collect();
        cells.iter().any(Option::is_some).then_some(Self(cells))
    }

    /// Names of the masked columns.
    pub(crate) fn names(&self, fields: &[Field]) -> Vec<String> {
        let masked = fields.iter().zip(&self.0).filter(|(_, cell)| cell.is_some());
        masked.map(|(field, _)| field.name.clone()).collect()
    }

    /// Appends the row with its masked values replaced; `None` where the row is malformed or has another
    /// number of columns, so that nothing of it may pass.
    pub(crate) fn apply(&self, body: &[u8], key: &[u8], out: &mut Vec<u8>) -> Option<()> {
        let values = data_row(body)?;
        if values.len() != self.0.len() {
            return None;
        }
        let mut writer = Writer::message(out, b'D').i16(i16::try_from(values.len()).ok()?);
        for (value, cell) in values.iter().zip(&self.0) {
            writer = match (value, cell) {
                (Some(bytes), Some(cell)) => writer.value(cell.mask(bytes, key).as_deref()),
                (value, _) => writer.value(*value),
            };
        }
        writer.end();
        Some(())
    }
}

impl Cell {
    fn mask(self, value: &[u8], key: &[u8]) -> Option<Vec<u8>> {
        let json = || [b"\"".as_slice(), REDACTED, b"\""].concat();
        match (self.style, self.method) {
            (_, Method::Null) | (Style::Null, _) => None,
            (Style::Text, method) => mask_text(method, value, key),
            (Style::Json, _) => Some(json()),
            (Style::Jsonb, _) => Some([b"\x01".as_slice(), &json()].concat()),
        }
    }
}

/// Whether an output is masked column `id` itself, by the server's word or by the tree's proof.
fn is_the_column(field: &Field, proof: Option<&Output>, id: MaskId, plane: &Plane) -> bool {
    match proof {
        // What is returned may not be what was stored a moment before.
        Some(proof) if proof.kind != Derivation::Identity => false,
        Some(proof) if field.table == 0 => proof.taint == Taint::of(id),
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
