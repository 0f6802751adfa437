//! Serialized maps: their number, the sizes of all names and values, then these, each ended by a zero byte.

/// Names and values in their order; names may come more than once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pairs(pub Vec<(Vec<u8>, Vec<u8>)>);

impl Pairs {
    /// Reads a serialized map; an empty one may be no byte at all.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() <= 1 {
            return Some(Self::default());
        }
        let word = |index: usize| {
            let at = index.checked_mul(4)?;
            Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?) as usize)
        };
        let count = word(0)?;
        let mut at = count.checked_mul(8)?.checked_add(4)?;
        // Before anything is allocated by a number that the guest made up.
        bytes.get(..at)?;
        let mut take = |size: usize| {
            let end = at.checked_add(size)?;
            let part = bytes.get(at..end)?.to_vec();
            at = end.checked_add(1)?;
            Some(part)
        };
        let pairs = (0..count).map(|i| Some((take(word(2 * i + 1)?)?, take(word(2 * i + 2)?)?)));
        pairs.collect::<Option<_>>().map(Self)
    }

    /// Size of the serialized form.
    pub(crate) fn size(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len() + value.len() + 10).sum::<usize>() + 4
    }

    /// The serialized form; `None` where a size does not fit 32 bits.
    pub(crate) fn write(&self) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(self.size());
        out.extend_from_slice(&u32::try_from(self.0.len()).ok()?.to_le_bytes());
        for part in self.0.iter().flat_map(|(name, value)| [name, value]) {
            out.extend_from_slice(&u32::try_from(part.len()).ok()?.to_le_bytes());
        }
        for part in self.0.iter().flat_map(|(name, value)| [name, value]) {
            out.extend_from_slice(part);
            out.push(0);
        }
        Some(out)
    }

    /// The first value of a name; names differ not by case.
    pub(crate) fn first(&self, name: &[u8]) -> Option<&[u8]> {
        let (_, value) = self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// Gives a name that one value, in the place of its first one.
    pub(crate) fn set(&mut self, name: &[u8], value: &[u8]) {
        let mut placed = false;
        self.0.retain_mut(|(known, old)| {
            if !known.eq_ignore_ascii_case(name) {
                return true;
            }
            if !placed {
                value.clone_into(old);
            }
            !std::mem::replace(&mut placed, true)
        });
        if !placed {
            self.0.push((name.to_vec(), value.to_vec()));
        }
    }

    /// Takes a name away.
    pub(crate) fn remove(&mut self, name: &[u8]) {
        self.0.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// The values of a name, joined as HTTP joins them (RFC 9110 section 5.3); names differ not by case.
    pub(crate) fn get(&self, name: &[u8]) -> Option<Vec<u8>> {
        let mut found: Option<Vec<u8>> = None;
        for (_, value) in self.0.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)) {
            match &mut found {
                Some(found) => {
                    found.push(b',');
                    found.extend_from_slice(value);
                }
                None => found = Some(value.clone()),
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_takes_the_place_of_all() {
        let pair = |name: &str, value: &str| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
        let mut pairs = Pairs(vec![pair("a", "1"), pair("b", "2"), pair("A", "3")]);
        pairs.set(b"a", b"4");
        assert_eq!(pairs.0, [pair("a", "4"), pair("b", "2")]);
        pairs.set(b"c", b"5");
        pairs.remove(b"B");
        assert_eq!(pairs.0, [pair("a", "4"), pair("c", "5")]);
    }

    #[test]
    fn what_is_written_is_read_and_what_is_cut_is_not() {
        let pairs = Pairs(vec![(b"a".to_vec(), b"1".to_vec()), (b"b".to_vec(), b"22".to_vec())]);
        let bytes = pairs.write().unwrap();
        assert_eq!(bytes, b"\x02\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\x02\0\0\0a\x001\0b\x0022\0");
        assert_eq!(bytes.len(), pairs.size());
        assert_eq!(Pairs::read(&bytes), Some(pairs));
        for cut in 2..bytes.len() - 1 {
            assert_eq!(Pairs::read(&bytes[..cut]), None, "{cut}");
        }
        assert_eq!(Pairs::read(b""), Some(Pairs::default()));
        assert_eq!(Pairs::read(b"\xff\xff\xff\xff\0\0\0\0"), None);
    }
}
