//! Messages from the client, and those that the filter sends to the server in its place.

use super::{Reader, Writer};

/// SSLRequest's code.
pub const SSL_REQUEST: u32 = 80_877_103;
/// GSSENCRequest's code.
pub const GSSENC_REQUEST: u32 = 80_877_104;
/// CancelRequest's code.
pub const CANCEL_REQUEST: u32 = 80_877_102;
/// Largest startup packet that PostgreSQL takes (`MAX_STARTUP_PACKET_LENGTH`).
pub const MAX_STARTUP: usize = 10_000;

/// A packet without type byte: what a connection begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Startup {
    /// SSLRequest.
    Ssl,
    /// GSSENCRequest.
    GssEnc,
    /// CancelRequest; the bytes are process id and key, as in BackendKeyData.
    Cancel(Vec<u8>),
    /// StartupMessage.
    Start(StartupMessage),
}

/// StartupMessage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartupMessage {
    /// Major version: 3.
    pub major: u16,
    /// Minor version: 0 or 2.
    pub minor: u16,
    /// Name and value pairs in order.
    pub parameters: Vec<(Vec<u8>, Vec<u8>)>,
}

impl StartupMessage {
    /// A parameter's value.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&[u8]> {
        self.parameters.iter().find(|(n, _)| n == name.as_bytes()).map(|(_, value)| value.as_slice())
    }

    /// Appends it.
    pub fn write(&self, out: &mut Vec<u8>) {
        let version = (i32::from(self.major) << 16) | i32::from(self.minor);
        let mut writer = Writer::untagged(out).i32(version);
        for (name, value) in &self.parameters {
            writer = writer.cstr(name).cstr(value);
        }
        writer.u8(0).end();
    }
}

/// Bytes of the first startup packet in `bytes` (from its length); `None` while fewer than four are there.
/// `Some(None)`: no length that a startup packet can have.
#[must_use]
pub fn startup_length(bytes: &[u8]) -> Option<Option<usize>> {
    let length = Reader::new(bytes).i32()?;
    Some(usize::try_from(length).ok().filter(|length| (8..=MAX_STARTUP).contains(length)))
}

/// Reads one startup packet (with its length); `None` where it is malformed.
#[must_use]
pub fn startup(packet: &[u8]) -> Option<Startup> {
    let mut reader = Reader::new(packet);
    reader.i32()?;
    let code = reader.u32()?;
    match code {
        SSL_REQUEST => reader.is_at_end().then_some(Startup::Ssl),
        GSSENC_REQUEST => reader.is_at_end().then_some(Startup::GssEnc),
        CANCEL_REQUEST => {
            // Process id, and a key of 4 bytes (3.0) up to 256 (3.2).
            let key = reader.rest();
            (8..=260).contains(&key.len()).then(|| Startup::Cancel(key.to_vec()))
        }
        version => {
            let mut parameters = Vec::new();
            loop {
                match reader.cstr()? {
                    b"" => break,
                    name => parameters.push((name.to_vec(), reader.cstr()?.to_vec())),
                }
            }
            let (major, minor) = ((version >> 16) as u16, (version & 0xffff) as u16);
            reader.is_at_end().then_some(Startup::Start(StartupMessage { major, minor, parameters }))
        }
    }
}

/// Parse.
#[derive(Debug, Clone, Copy)]
pub struct Parse<'a> {
    /// Statement name; empty for the unnamed one.
    pub name: &'a [u8],
    /// SQL text.
    pub text: &'a [u8],
    /// OIDs of the parameters' types, four bytes each, as sent.
    pub types: &'a [u8],
}

/// Reads Parse.
#[must_use]
pub fn parse(body: &[u8]) -> Option<Parse<'_>> {
    let mut reader = Reader::new(body);
    let (name, text) = (reader.cstr()?, reader.cstr()?);
    let count = reader.count()?;
    let types = reader.take(count.checked_mul(4)?)?;
    reader.is_at_end().then_some(Parse { name, text, types })
}

/// Bind.
#[derive(Debug, Clone)]
pub struct Bind<'a> {
    /// Portal name.
    pub portal: &'a [u8],
    /// Statement name.
    pub statement: &'a [u8],
    /// Parameters: format (0 text, 1 binary) and value.
    pub parameters: Vec<(i16, Option<&'a [u8]>)>,
    /// Result formats: none (all text), one (for all), or one for each column.
    pub formats: Vec<i16>,
    /// Everything from the parameter formats to the last parameter, as sent: what an approval binds.
    pub parameter_bytes: &'a [u8],
}

/// Reads Bind.
#[must_use]
pub fn bind(body: &[u8]) -> Option<Bind<'_>> {
    let mut reader = Reader::new(body);
    let (portal, statement) = (reader.cstr()?, reader.cstr()?);
    let at_parameters = reader.rest();
    let formats = format_list(&mut reader)?;
    let count = reader.count()?;
    let mut parameters = Vec::with_capacity(count);
    for position in 0..count {
        parameters.push((format_of(&formats, position), reader.value()?));
    }
    let parameter_length = at_parameters.len().checked_sub(reader.rest().len())?;
    let parameter_bytes = at_parameters.get(..parameter_length)?;
    let formats = format_list(&mut reader)?;
    reader.is_at_end().then_some(Bind { portal, statement, parameters, formats, parameter_bytes })
}

/// Bind's statement name, without reading the rest.
#[must_use]
pub fn bind_statement(body: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(body);
    reader.cstr()?;
    reader.cstr()
}

fn format_list(reader: &mut Reader<'_>) -> Option<Vec<i16>> {
    (0..reader.count()?).map(|_| reader.i16()).collect()
}

/// The format of the value at `position`, by the rule of none, one, or one for each.
#[must_use]
pub fn format_of(formats: &[i16], position: usize) -> i16 {
    match formats {
        [] => 0,
        [all] => *all,
        each => each.get(position).copied().unwrap_or(0),
    }
}

/// Describe or Close: what kind (`S` statement, `P` portal) and its name.
#[must_use]
pub fn kind_and_name(body: &[u8]) -> Option<(u8, &[u8])> {
    let mut reader = Reader::new(body);
    let (kind, name) = (reader.u8()?, reader.cstr()?);
    (reader.is_at_end() && matches!(kind, b'S' | b'P')).then_some((kind, name))
}

/// Execute: the portal's name.
#[must_use]
pub fn execute(body: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(body);
    let portal = reader.cstr()?;
    reader.i32()?;
    reader.is_at_end().then_some(portal)
}

/// Query, or anything else that is one string.
#[must_use]
pub fn one_string(body: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(body);
    let text = reader.cstr()?;
    reader.is_at_end().then_some(text)
}

/// What stands in the place of a refused statement: a quoted identifier, which is a syntax error wherever it
/// stands. The server's log shows it.
pub const POISON: &[u8] = b"\"gatewright: statement refused\"";

/// A Query that fails.
pub fn poison_query(out: &mut Vec<u8>) {
    Writer::message(out, b'Q').cstr(POISON).end();
}

/// Query.
pub fn query(text: &str, out: &mut Vec<u8>) {
    Writer::message(out, b'Q').cstr(text.as_bytes()).end();
}

/// A Parse that fails.
pub fn poison_parse(out: &mut Vec<u8>) {
    Writer::message(out, b'P').cstr(b"").cstr(POISON).i16(0).end();
}

/// A Bind that fails, whatever names there are: it has two parameter formats and no parameters. Also in the place of
/// other commands between Syncs.
pub fn poison_bind(out: &mut Vec<u8>) {
    Writer::message(out, b'B').cstr(b"").cstr(b"").i16(2).i16(0).i16(0).i16(0).i16(0).end();
}

/// Describe of a portal.
pub fn describe_portal(name: &[u8], out: &mut Vec<u8>) {
    Writer::message(out, b'D').u8(b'P').cstr(name).end();
}

/// Close of a statement.
pub fn close_statement(name: &[u8], out: &mut Vec<u8>) {
    Writer::message(out, b'C').u8(b'S').cstr(name).end();
}

/// Close of a statement that does not exist, and Flush: answered by CloseComplete at once, with no effect on
/// any transaction; skipped by a server that skips to the next Sync.
pub fn probe(out: &mut Vec<u8>) {
    Writer::message(out, b'C').u8(b'S').cstr(POISON).end();
    Writer::message(out, b'H').end();
}

/// Sync.
pub fn sync(out: &mut Vec<u8>) {
    Writer::message(out, b'S').end();
}

/// Terminate.
pub fn terminate(out: &mut Vec<u8>) {
    Writer::message(out, b'X').end();
}

/// SSLRequest.
pub fn ssl_request(out: &mut Vec<u8>) {
    Writer::untagged(out).i32(SSL_REQUEST.cast_signed()).end();
}

/// GSSENCRequest.
pub fn gssenc_request(out: &mut Vec<u8>) {
    Writer::untagged(out).i32(GSSENC_REQUEST.cast_signed()).end();
}

/// A StartupMessage of a major version that no server knows: answered by an ErrorResponse and the end.
pub fn impossible_startup(out: &mut Vec<u8>) {
    StartupMessage { major: 9, minor: 0, parameters: vec![(b"user".to_vec(), b"gatewright".to_vec())] }
        .write(out);
}

/// PasswordMessage, or SASLResponse without the string's end.
pub fn password(text: &[u8], out: &mut Vec<u8>) {
    Writer::message(out, b'p').cstr(text).end();
}

/// SASLInitialResponse.
pub fn sasl_initial(mechanism: &str, data: &[u8], out: &mut Vec<u8>) {
    Writer::message(out, b'p').cstr(mechanism.as_bytes()).value(Some(data)).end();
}

/// SASLResponse.
pub fn sasl_response(data: &[u8], out: &mut Vec<u8>) {
    Writer::message(out, b'p').bytes(data).end();
}
