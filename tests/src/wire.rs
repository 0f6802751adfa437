//! A client of few words: sends Query messages and keeps every byte that comes back.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::client::Login;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// One message of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Type byte.
    pub tag: u8,
    /// Without type and length.
    pub body: Vec<u8>,
}

impl Message {
    /// The fields of a RowDescription: names.
    pub fn columns(&self) -> Vec<String> {
        let mut rest = self.body.get(2..).unwrap_or_default();
        let mut names = Vec::new();
        while let Some(end) = rest.iter().position(|byte| *byte == 0) {
            let (name, tail) = rest.split_at(end);
            names.push(String::from_utf8_lossy(name).into_owned());
            rest = tail.get(19..).unwrap_or_default();
        }
        names
    }

    /// The values of a DataRow.
    pub fn values(&self) -> Vec<Option<String>> {
        let mut rest = self.body.get(2..).unwrap_or_default();
        let mut values = Vec::new();
        while let Some((length, tail)) = rest.split_first_chunk::<4>() {
            let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
                values.push(None);
                rest = tail;
                continue;
            };
            let (value, tail) = tail.split_at(length.min(tail.len()));
            values.push(Some(String::from_utf8_lossy(value).into_owned()));
            rest = tail;
        }
        values
    }

    /// A field of an ErrorResponse or NoticeResponse.
    pub fn field(&self, field: u8) -> String {
        let fields = self.body.split(|byte| *byte == 0);
        let found = fields.into_iter().find(|text| text.first() == Some(&field));
        found
            .map(|text| String::from_utf8_lossy(text.get(1..).unwrap_or_default()).into_owned())
            .unwrap_or_default()
    }
}

/// A connection.
pub struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Wire {
    /// Logs in, at a server that asks for nothing or for a cleartext password.
    pub fn connect(login: &Login) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", login.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let mut wire = Self { stream, buffer: Vec::new() };
        let mut startup = 196_608_u32.to_be_bytes().to_vec();
        let options = login.options.iter().map(|options| ("options", options));
        for (name, value) in [("user", &login.user), ("database", &login.database)].into_iter().chain(options)
        {
            startup.extend_from_slice(format!("{name}\0{value}\0").as_bytes());
        }
        startup.push(0);
        let length = u32::try_from(startup.len() + 4)?;
        wire.stream.write_all(&[&length.to_be_bytes(), startup.as_slice()].concat())?;
        loop {
            let message = wire.message()?;
            match message.tag {
                b'R' if message.body == [0, 0, 0, 3] => {
                    wire.send(b'p', &[login.password.as_bytes(), b"\0"].concat())?;
                }
                b'R' => ensure!(message.body == [0; 4], "an authentication that this client does not know"),
                b'E' => bail!("{}", message.field(b'M')),
                b'Z' => return Ok(wire),
                _ => {}
            }
        }
    }

    fn send(&mut self, tag: u8, body: &[u8]) -> Result<()> {
        let length = u32::try_from(body.len() + 4)?;
        Ok(self.stream.write_all(&[&[tag], length.to_be_bytes().as_slice(), body].concat())?)
    }

    /// Everything that comes back for one Query. Data for COPY is refused; a connection that was closed ends it too.
    pub fn query(&mut self, sql: &str) -> Result<Vec<Message>> {
        self.send(b'Q', &[sql.as_bytes(), b"\0"].concat())?;
        let mut messages = Vec::new();
        loop {
            let message = match self.message() {
                Ok(message) => message,
                Err(error) if error.to_string() == "closed" => return Ok(messages),
                Err(error) => return Err(error).with_context(|| sql.to_owned()),
            };
            let tag = message.tag;
            messages.push(message);
            match tag {
                b'G' => self.send(b'f', b"no data\0")?,
                b'Z' => return Ok(messages),
                _ => {}
            }
        }
    }

    /// Sends all of these at once, and gives what comes back for each.
    pub fn pipeline(&mut self, queries: &[&str]) -> Result<Vec<Vec<Message>>> {
        let mut bytes = Vec::new();
        for sql in queries {
            let length = u32::try_from(sql.len() + 5)?;
            bytes.extend([b"Q".as_slice(), &length.to_be_bytes(), sql.as_bytes(), b"\0"].concat());
        }
        self.stream.write_all(&bytes)?;
        let mut all = Vec::new();
        for sql in queries {
            let mut messages = Vec::new();
            while messages.last().is_none_or(|last: &Message| last.tag != b'Z') {
                messages.push(self.message().with_context(|| (*sql).to_owned())?);
            }
            all.push(messages);
        }
        Ok(all)
    }

    /// Sends these bytes as they are, and gives what comes back until the connection is closed.
    pub fn last_words(mut self, bytes: &[u8]) -> Result<Vec<Message>> {
        self.stream.write_all(bytes)?;
        let mut messages = Vec::new();
        loop {
            match self.message() {
                Ok(message) => messages.push(message),
                Err(error) if error.to_string() == "closed" => return Ok(messages),
                Err(error) => return Err(error),
            }
        }
    }

    fn message(&mut self) -> Result<Message> {
        loop {
            if let Some((header, rest)) = self.buffer.split_first_chunk::<5>() {
                let [tag, length @ ..] = *header;
                let length = usize::try_from(u32::from_be_bytes(length))?.saturating_sub(4);
                if rest.len() >= length {
                    let body = rest[..length].to_vec();
                    self.buffer.drain(..5 + length);
                    return Ok(Message { tag, body });
                }
            }
            let mut chunk = [0; 16 * 1024];
            match self.stream.read(&mut chunk) {
                Ok(0) => bail!("closed"),
                Ok(read) => self.buffer.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => bail!("closed"),
                Err(error) => {
                    let so_far = String::from_utf8_lossy(&self.buffer).into_owned();
                    return Err(error).with_context(|| format!("no whole message came; so far {so_far:?}"));
                }
            }
        }
    }
}
