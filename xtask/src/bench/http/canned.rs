//! A server of canned answers, as fast as a server in front of which a proxy is measured has to be.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use anyhow::Result;

/// Path of a few bytes without anything to mask.
pub(in crate::bench) const TINY: &str = "/orders";
/// Path of 1 KB of JSON.
pub(in crate::bench) const SMALL: &str = "/customers/1";
/// Path of 64 KB of JSON.
pub(in crate::bench) const MEDIUM: &str = "/customers";
/// Path of 10 MB of JSON.
pub(in crate::bench) const LARGE: &str = "/customers/export";
/// Path of half a gigabyte of JSON.
pub(in crate::bench) const HALF_GIGABYTE: &str = "/events";
/// How often [`LARGE`] is repeated in [`HALF_GIGABYTE`].
const REPEATED: usize = 50;

/// A running server; it ends with the program.
pub(in crate::bench) struct Canned(SocketAddr);

impl Canned {
    /// Starts it on a free port.
    pub(in crate::bench) fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let answers = Arc::new(Answers::new());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let answers = Arc::clone(&answers);
                // A client that went away is no fault.
                thread::spawn(move || drop(answers.serve(&stream)));
            }
        });
        Ok(Self(address))
    }

    /// Where it listens.
    pub(in crate::bench) fn address(&self) -> SocketAddr {
        self.0
    }
}

struct Answers {
    tiny: Vec<u8>,
    small: Vec<u8>,
    medium: Vec<u8>,
    large: Vec<u8>,
    rows: Vec<u8>,
}

impl Answers {
    fn new() -> Self {
        let rows = rows(10_000_000);
        let whole = |rows: &[u8]| answer(&[b"[", rows, b"]"].concat());
        Self {
            tiny: answer(br#"{"orders":[{"id":1,"amount":100}],"next":null}"#),
            small: whole(&self::rows(1_000)),
            medium: whole(&self::rows(64_000)),
            large: whole(&rows),
            rows,
        }
    }

    fn serve(&self, stream: &TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let (mut reader, mut writer) = (BufReader::new(stream), stream);
        let mut line = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
            while line != "\r\n" {
                line.clear();
                if reader.read_line(&mut line)? == 0 {
                    return Ok(());
                }
            }
            match path.as_str() {
                SMALL => writer.write_all(&self.small)?,
                MEDIUM => writer.write_all(&self.medium)?,
                LARGE => writer.write_all(&self.large)?,
                HALF_GIGABYTE => self.repeat(writer)?,
                // Also for whoever asks whether a request may pass.
                _ => writer.write_all(&self.tiny)?,
            }
        }
    }

    fn repeat(&self, mut writer: &TcpStream) -> std::io::Result<()> {
        writer.write_all(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
        )?;
        let mut chunk = |bytes: &[u8]| -> std::io::Result<()> {
            write!(writer, "{:x}\r\n", bytes.len())?;
            writer.write_all(bytes)?;
            writer.write_all(b"\r\n")
        };
        chunk(b"[0")?;
        for _ in 0..REPEATED {
            chunk(b",")?;
            chunk(&self.rows)?;
        }
        chunk(b"]")?;
        writer.write_all(b"0\r\n\r\n")
    }
}

fn answer(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Customers, separated by commas, of about as many bytes.
fn rows(bytes: usize) -> Vec<u8> {
    let mut rows = Vec::with_capacity(bytes + 256);
    for id in 1.. {
        let comma = if id == 1 { "" } else { "," };
        // INVARIANT: writing to memory cannot fail.
        let _ = write!(
            rows,
            r#"{comma}{{"id":{id},"name":"Customer Number {id}","email":"customer{id}@example.com","phone":"+1 555 {id:07}","ssn":"{:03}-45-{:04}","region":"eu","notes":"called twice, wants a catalogue","created_at":"2026-01-01T00:00:00Z"}}"#,
            id % 899 + 1,
            id % 9999 + 1,
        );
        if rows.len() + 2 >= bytes {
            break;
        }
    }
    rows
}
