//! Whom a gRPC call is for: the name of a cluster, or a serialized `envoy.config.core.v3.GrpcService`, of which the cluster,
//! the authority and the initial metadata count.

use crate::abi::{Pairs, Status};

/// Whom to call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) cluster: String,
    pub(crate) authority: String,
    pub(crate) metadata: Pairs,
    /// The answer where there is no such cluster.
    pub(crate) unknown: Status,
}

impl Service {
    /// As the filter wrote it.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Status> {
        if let Some(service) = Self::message(bytes)? {
            return Ok(service);
        }
        // Such as `host` is a message too, one with unknown fields alone.
        let name = std::str::from_utf8(bytes).map_err(|_| Status::ParseFailure)?;
        Ok(Self {
            cluster: name.to_owned(),
            authority: name.to_owned(),
            metadata: Pairs::default(),
            unknown: Status::ParseFailure,
        })
    }

    fn message(bytes: &[u8]) -> Result<Option<Self>, Status> {
        let Some(fields) = fields(bytes) else { return Ok(None) };
        let (cluster, authority, metadata) = (String::new(), String::new(), Pairs::default());
        let mut service = Self { cluster, authority, metadata, unknown: Status::InternalFailure };
        for (number, value) in fields {
            match (number, value) {
                (1, Value::Bytes(envoy)) => service.envoy(envoy)?,
                // `google_grpc`: a client of its own, which is not here.
                (2, Value::Bytes(_)) => return Err(Status::Unimplemented),
                (5, Value::Bytes(header)) => service.metadata.0.push(pair(header)?),
                _ => {}
            }
        }
        if service.authority.is_empty() {
            service.authority.clone_from(&service.cluster);
        }
        Ok(Some(service).filter(|service| !service.cluster.is_empty()))
    }

    fn envoy(&mut self, bytes: &[u8]) -> Result<(), Status> {
        for (number, value) in fields(bytes).ok_or(Status::ParseFailure)? {
            let target = match number {
                1 => &mut self.cluster,
                2 => &mut self.authority,
                _ => continue,
            };
            let Value::Bytes(text) = value else { return Err(Status::ParseFailure) };
            std::str::from_utf8(text).map_err(|_| Status::ParseFailure)?.clone_into(target);
        }
        Ok(())
    }
}

/// A `HeaderValue`: its key, and its value or raw value.
fn pair(bytes: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Status> {
    let mut pair = (Vec::new(), Vec::new());
    for (number, value) in fields(bytes).ok_or(Status::ParseFailure)? {
        match (number, value) {
            (1, Value::Bytes(key)) => pair.0 = key.to_vec(),
            (2 | 3, Value::Bytes(value)) => pair.1 = value.to_vec(),
            _ => {}
        }
    }
    Ok(pair)
}

enum Value<'a> {
    Bytes(&'a [u8]),
    Other,
}

/// The fields of a message (protobuf's wire format); none where it is no message.
fn fields(mut bytes: &[u8]) -> Option<Vec<(u64, Value<'_>)>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let value = match key & 7 {
            0 => {
                varint(&mut bytes)?;
                Value::Other
            }
            1 => {
                take(&mut bytes, 8)?;
                Value::Other
            }
            2 => {
                let size = usize::try_from(varint(&mut bytes)?).ok()?;
                Value::Bytes(take(&mut bytes, size)?)
            }
            5 => {
                take(&mut bytes, 4)?;
                Value::Other
            }
            // Groups, which nothing here has.
            _ => return None,
        };
        found.push((key >> 3, value));
    }
    Some(found)
}

fn take<'a>(bytes: &mut &'a [u8], size: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(size)?;
    *bytes = rest;
    Some(taken)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)?.first().copied()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_messages_are_told_apart() {
        for name in ["backend", "host", "c", "a.b:443"] {
            let service = Service::read(name.as_bytes()).unwrap();
            assert_eq!((service.cluster.as_str(), service.authority.as_str()), (name, name));
            assert_eq!(service.unknown, Status::ParseFailure);
        }
        // envoy_grpc { cluster_name: "abc", authority: "h" }, timeout {}, initial_metadata { key: "k", value: "v" }
        let bytes = b"\x0a\x08\x0a\x03abc\x12\x01h\x1a\0\x2a\x06\x0a\x01k\x12\x01v";
        let service = Service::read(bytes).unwrap();
        assert_eq!((service.cluster.as_str(), service.authority.as_str()), ("abc", "h"));
        assert_eq!(service.metadata.0, [(b"k".to_vec(), b"v".to_vec())]);
        assert_eq!(service.unknown, Status::InternalFailure);
        assert_eq!(Service::read(b"\x12\x02\x0a\0"), Err(Status::Unimplemented));
        assert_eq!(Service::read(b"\x0a\x02\x0a\xff"), Err(Status::ParseFailure));
        assert_eq!(Service::read(b"\x0a\x03\x0a\x01\xff"), Err(Status::ParseFailure));
    }

    #[test]
    fn whatever_it_is_it_is_answered() {
        for first in 0..=255_u8 {
            for second in 0..=255 {
                for size in 0..4 {
                    let _ = Service::read(&[first, second, 0xff, 0x0a][..size]);
                }
            }
        }
    }
}
