//! Masking of the rows of COPY … TO STDOUT: text, CSV and binary form (PostgreSQL's documentation of COPY, "File
//! Formats"). How the server cuts its rows into messages is not relied on.

use std::rc::Rc;

use gatewright_core::catalogue::Taint;
use gatewright_core::detect::Detectors;
use gatewright_core::mask::{Method, mask_text};
use gatewright_sql::{CopyForm, Output};

use super::rows::Origin;
use crate::Plane;
use crate::wire::{Reader, Writer};

/// Types whose text is their binary form too: text, bpchar, varchar, name.
const TEXTS: [u32; 4] = [25, 1042, 1043, 19];

/// What is done to one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    Pass,
    Scan,
    Mask(Method),
}

/// The masks of one COPY, and what of its rows has not come whole yet.
#[derive(Debug)]
pub(crate) struct CopyMasks {
    cells: Vec<Cell>,
    form: CopyForm,
    pending: Vec<u8>,
    detectors: Option<Rc<Detectors>>,
    /// The header has passed, where there is one.
    begun: bool,
    /// The trailer of the binary form has passed.
    ended: bool,
}

impl CopyMasks {
    /// Masks for a COPY whose CopyOutResponse is `body`.
    ///
    /// `Ok(None)` where nothing is masked.
    ///
    /// # Errors
    /// What comes is not what the statement asked for, or its outputs are not proved.
    pub(crate) fn new(
        body: &[u8],
        form: Option<&CopyForm>,
        origin: &Origin,
        active: &Taint,
        plane: &Plane,
    ) -> Result<Option<Self>, ()> {
        if origin.is_clean() && plane.detectors.is_none() {
            return Ok(None);
        }
        let form = form.ok_or(())?;
        let mut reader = Reader::new(body);
        let (binary, columns) = (reader.u8().ok_or(())?, reader.count().ok_or(())?);
        if (binary == 1) != (*form == CopyForm::Binary) {
            return Err(());
        }
        let pass = if plane.detectors.is_some() { Cell::Scan } else { Cell::Pass };
        let cells: Vec<Cell> = match &origin.outputs {
            _ if origin.is_clean() => vec![pass; columns],
            Some(outputs) if outputs.len() == columns && !origin.opaque => {
                outputs.iter().map(|output| cell(output, pass, active, plane)).collect()
            }
            _ => return Err(()),
        };
        if cells.iter().all(|cell| *cell == Cell::Pass) {
            return Ok(None);
        }
        Ok(Some(Self {
            cells,
            form: form.clone(),
            pending: Vec::new(),
            detectors: plane.detectors.clone(),
            begun: false,
            ended: false,
        }))
    }

    /// Takes the data of one CopyData, and appends CopyData of the rows that are whole now. `None` where they are
    /// malformed, or one is longer than `most`.
    pub(crate) fn data(&mut self, data: &[u8], key: &[u8], most: usize, out: &mut Vec<u8>) -> Option<()> {
        let mut pending = std::mem::take(&mut self.pending);
        pending.extend_from_slice(data);
        let mut rest = pending.as_slice();
        let mut masked = Vec::with_capacity(rest.len());
        loop {
            let before = rest;
            let whole = match &self.form {
                CopyForm::Text { .. } | CopyForm::Csv { .. } => self.line(&mut rest, key, &mut masked)?,
                CopyForm::Binary => self.tuple(&mut rest, key, &mut masked)?,
            };
            if !whole {
                rest = before;
                break;
            }
        }
        if rest.len() > most {
            return None;
        }
        self.pending = rest.to_vec();
        if !masked.is_empty() {
            Writer::message(out, b'd').bytes(&masked).end();
        }
        Some(())
    }

    /// Whether all rows were whole at the end.
    pub(crate) fn is_complete(&self) -> bool {
        self.pending.is_empty() && (self.form != CopyForm::Binary || self.ended)
    }

    /// One line of text or CSV; `Some(false)` where its end has not come.
    fn line(&mut self, rest: &mut &[u8], key: &[u8], out: &mut Vec<u8>) -> Option<bool> {
        let Some(length) = self.line_length(rest) else { return Some(false) };
        let (line, tail) = rest.split_at_checked(length)?;
        *rest = tail;
        let header = match &self.form {
            CopyForm::Text { header, .. } | CopyForm::Csv { header, .. } => *header,
            CopyForm::Binary => false,
        };
        if header && !self.begun {
            self.begun = true;
            out.extend_from_slice(line);
            return Some(true);
        }
        let line = line.strip_suffix(b"\n")?;
        let mut fields = Fields { line, form: &self.form, at: Some(0) };
        for (position, cell) in self.cells.iter().enumerate() {
            let field = fields.next()?;
            if position > 0 {
                out.push(self.form.delimiter());
            }
            match cell {
                Cell::Pass => out.extend_from_slice(field),
                Cell::Scan => {
                    let replaced = |value: &[u8]| self.detectors.as_ref()?.replace(value);
                    match replaced(&self.value(field)).filter(|_| field != self.form.null()) {
                        None => out.extend_from_slice(field),
                        Some(value) => self.put(Some(&value), out),
                    }
                }
                Cell::Mask(method) => {
                    let value = (field != self.form.null()).then(|| self.value(field));
                    self.put(value.and_then(|value| masked(*method, &value, key)).as_deref(), out);
                }
            }
        }
        // More columns than there should be: nothing of them may pass.
        fields.at.is_none().then_some(())?;
        out.push(b'\n');
        Some(true)
    }

    /// Length of the first line with its end, which stands outside of quotes.
    fn line_length(&self, rest: &[u8]) -> Option<usize> {
        let end = match &self.form {
            CopyForm::Csv { .. } => first_outside(&self.form, b'\n', rest),
            _ => rest.iter().position(|byte| *byte == b'\n'),
        };
        end.map(|end| end.saturating_add(1))
    }

    /// What a field of a line stands for.
    fn value(&self, field: &[u8]) -> Vec<u8> {
        match &self.form {
            CopyForm::Text { .. } => text_value(field),
            CopyForm::Csv { quote, escape, .. } => csv_value(field, *quote, *escape),
            CopyForm::Binary => Vec::new(),
        }
    }

    /// Writes a value down as a field of a line.
    fn put(&self, value: Option<&[u8]>, out: &mut Vec<u8>) {
        let Some(value) = value else { return out.extend_from_slice(self.form.null()) };
        match &self.form {
            CopyForm::Text { delimiter, .. } => {
                for byte in value {
                    match byte {
                        b'\n' => out.extend_from_slice(b"\\n"),
                        b'\r' => out.extend_from_slice(b"\\r"),
                        b'\t' => out.extend_from_slice(b"\\t"),
                        _ if *byte == b'\\' || byte == delimiter => out.extend([b'\\', *byte]),
                        _ => out.push(*byte),
                    }
                }
            }
            CopyForm::Csv { quote, escape, .. } => {
                out.push(*quote);
                for byte in value {
                    if byte == quote || byte == escape {
                        out.push(*escape);
                    }
                    out.push(*byte);
                }
                out.push(*quote);
            }
            CopyForm::Binary => {}
        }
    }

    /// The header, one tuple, or the trailer of the binary form; `Some(false)` where it has not come whole.
    fn tuple(&mut self, rest: &mut &[u8], key: &[u8], out: &mut Vec<u8>) -> Option<bool> {
        const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
        if self.ended {
            return rest.is_empty().then_some(false);
        }
        let mut reader = Reader::new(rest);
        if !self.begun {
            let Some(signature) = reader.take(SIGNATURE.len()) else { return Some(false) };
            let (Some(flags), Some(extension)) = (reader.u32(), reader.u32()) else { return Some(false) };
            // No flag is known, and no extension.
            (signature == SIGNATURE && flags == 0 && extension == 0).then_some(())?;
            self.begun = true;
            return self.taken(rest, reader, out);
        }
        let Some(count) = reader.i16() else { return Some(false) };
        if count == -1 {
            self.ended = true;
            return self.taken(rest, reader, out);
        }
        (usize::try_from(count).ok()? == self.cells.len()).then_some(())?;
        let start = out.len();
        out.extend_from_slice(&count.to_be_bytes());
        for cell in &self.cells {
            let Some(length) = reader.i32() else {
                out.truncate(start);
                return Some(false);
            };
            let value = match usize::try_from(length) {
                Err(_) => (length == -1).then_some(None)?,
                Ok(length) => match reader.take(length) {
                    Some(value) => Some(value),
                    None => {
                        out.truncate(start);
                        return Some(false);
                    }
                },
            };
            let hidden;
            let value = match (value, cell) {
                (Some(value), Cell::Mask(method)) => {
                    hidden = masked(*method, value, key);
                    hidden.as_deref()
                }
                (value, _) => value,
            };
            let length = value.map_or(-1, |value| i32::try_from(value.len()).unwrap_or(i32::MAX));
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(value.unwrap_or_default());
        }
        *rest = reader.rest();
        Some(true)
    }

    /// Passes what was read as it is.
    fn taken<'a>(&self, rest: &mut &'a [u8], reader: Reader<'a>, out: &mut Vec<u8>) -> Option<bool> {
        let length = rest.len().saturating_sub(reader.rest().len());
        out.extend_from_slice(rest.get(..length)?);
        *rest = reader.rest();
        Some(true)
    }
}

fn cell(output: &Output, pass: Cell, active: &Taint, plane: &Plane) -> Cell {
    let Some(first) = output.taint.iter().find(|id| active.contains(*id)) else { return pass };
    // COPY tells no types. Of the column itself the catalogue knows it; NULL is a value of any type.
    let column = plane.catalogue.masked(first).filter(|_| output.is_column(first));
    let is_text = column.is_some_and(|column| {
        let relation = plane.catalogue.relation(&column.schema, &column.table);
        let known = relation.and_then(|relation| relation.column(&column.column));
        known.is_some_and(|known| TEXTS.contains(&known.type_oid))
    });
    match column {
        Some(column) if is_text => Cell::Mask(column.method),
        _ => Cell::Mask(Method::Null),
    }
}

/// The fields of a line, as they are written.
struct Fields<'a> {
    line: &'a [u8],
    form: &'a CopyForm,
    /// Where the next one begins; `None` behind the last.
    at: Option<usize>,
}

impl<'a> Fields<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        let start = self.at?;
        let rest = self.line.get(start..)?;
        let length = first_outside(self.form, self.form.delimiter(), rest);
        self.at = length.map(|length| start.saturating_add(length).saturating_add(1));
        rest.get(..length.unwrap_or(rest.len()))
    }
}

/// The first `wanted` that stands outside of quotes and escapes.
fn first_outside(form: &CopyForm, wanted: u8, rest: &[u8]) -> Option<usize> {
    let (mut quoted, mut at) = (false, 0_usize);
    while let Some(byte) = rest.get(at) {
        let next = rest.get(at.saturating_add(1));
        match form {
            CopyForm::Csv { quote, escape, .. } => {
                if quoted && byte == escape && next.is_some_and(|next| next == quote || next == escape) {
                    at = at.saturating_add(1);
                } else if byte == quote {
                    // At the end of what has come it may be the first half of a pair.
                    quoted = !quoted;
                } else if *byte == wanted && !quoted {
                    return Some(at);
                }
            }
            _ if *byte == b'\\' => at = at.saturating_add(1),
            _ if *byte == wanted => return Some(at),
            _ => {}
        }
        at = at.saturating_add(1);
    }
    None
}

/// A field of the text form without its escapes.
fn text_value(field: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(field.len());
    let mut bytes = field.iter();
    while let Some(byte) = bytes.next() {
        value.push(match byte {
            b'\\' => match bytes.next() {
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(b'b') => 8,
                Some(b'f') => 12,
                Some(b'v') => 11,
                Some(other) => *other,
                None => b'\\',
            },
            _ => *byte,
        });
    }
    value
}

/// A field of the CSV form without its quotes.
fn csv_value(field: &[u8], quote: u8, escape: u8) -> Vec<u8> {
    let mut value = Vec::with_capacity(field.len());
    let (mut quoted, mut at) = (false, 0_usize);
    while let Some(byte) = field.get(at) {
        let next = field.get(at.saturating_add(1));
        match next {
            Some(next) if quoted && *byte == escape && (*next == quote || *next == escape) => {
                value.push(*next);
                at = at.saturating_add(1);
            }
            _ if *byte == quote => quoted = !quoted,
            _ => value.push(*byte),
        }
        at = at.saturating_add(1);
    }
    value
}

fn masked(method: Method, value: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    mask_text(method, value, key, &mut out).then_some(out)
}

#[cfg(test)]
#[path = "copy_tests.rs"]
mod tests;
