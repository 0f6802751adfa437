//! Messages from the server, and those that the filter sends to the client in its place.

use super::{Reader, Writer};

/// What an Authentication message (`R`) asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// AuthenticationOk.
    Ok,
    /// AuthenticationCleartextPassword.
    Cleartext,
    /// AuthenticationMD5Password with its salt.
    Md5([u8; 4]),
    /// AuthenticationSASL with the mechanisms offered.
    Sasl(Vec<String>),
    /// AuthenticationSASLContinue.
    SaslContinue(Vec<u8>),
    /// AuthenticationSASLFinal.
    SaslFinal(Vec<u8>),
    /// Kerberos, GSSAPI, SSPI and what may come.
    Other(u32),
}

/// Reads an Authentication message; `None` where it is malformed.
#[must_use]
pub fn authentication(body: &[u8]) -> Option<Authentication> {
    let mut reader = Reader::new(body);
    Some(match reader.u32()? {
        0 => Authentication::Ok,
        3 => Authentication::Cleartext,
        5 => Authentication::Md5(reader.take(4)?.try_into().ok()?),
        10 => {
            let mut mechanisms = Vec::new();
            loop {
                match reader.cstr()? {
                    b"" => break,
                    name => mechanisms.push(String::from_utf8_lossy(name).into_owned()),
                }
            }
            Authentication::Sasl(mechanisms)
        }
        11 => Authentication::SaslContinue(reader.rest().to_vec()),
        12 => Authentication::SaslFinal(reader.rest().to_vec()),
        other => Authentication::Other(other),
    })
}

/// AuthenticationCleartextPassword: what every agent is asked for.
pub fn ask_password(out: &mut Vec<u8>) {
    Writer::message(out, b'R').i32(3).end();
}

/// NegotiateProtocolVersion: newest minor version, and options not recognised.
pub fn negotiate_version(minor: u16, options: &[Vec<u8>], out: &mut Vec<u8>) {
    let count = i32::try_from(options.len()).unwrap_or(i32::MAX);
    let mut writer = Writer::message(out, b'v').i32((3 << 16) | i32::from(minor)).i32(count);
    for option in options {
        writer = writer.cstr(option);
    }
    writer.end();
}

/// One column of a RowDescription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Name.
    pub name: String,
    /// OID of the table that it is a column of, or 0.
    pub table: u32,
    /// Attribute number in that table, or 0.
    pub attnum: i16,
    /// Type OID.
    pub type_oid: u32,
    /// Format (0 text, 1 binary); 0 in answer to Describe of a statement.
    pub format: i16,
}

/// Reads RowDescription; `None` where it is malformed.
#[must_use]
pub fn row_description(body: &[u8]) -> Option<Vec<Field>> {
    let mut reader = Reader::new(body);
    let count = reader.count()?;
    let mut fields = Vec::with_capacity(count);
    for _ in 0..count {
        let name = String::from_utf8_lossy(reader.cstr()?).into_owned();
        let (table, attnum, type_oid) = (reader.u32()?, reader.i16()?, reader.u32()?);
        reader.i16()?;
        reader.i32()?;
        fields.push(Field { name, table, attnum, type_oid, format: reader.i16()? });
    }
    reader.is_at_end().then_some(fields)
}

/// Reads DataRow's values one by one; `None` where it is malformed.
#[must_use]
pub fn data_row(body: &[u8]) -> Option<Vec<Option<&[u8]>>> {
    let mut reader = Reader::new(body);
    let count = reader.count()?;
    let mut values = Vec::with_capacity(count);
    for _ in 0..count {
        values.push(reader.value()?);
    }
    reader.is_at_end().then_some(values)
}
