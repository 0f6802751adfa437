//! The log as C2SP's `tlog-tiles` has it: tiles of hashes and bundles of entries, each 256 wide or, at the end, less.

use std::path::Path;

use anyhow::Context as _;

use super::checkpoint::Checkpoint;
use super::keys;
use super::tree::{Span, TILE};
use crate::progress::Progress;
use crate::store::Store;

/// Width of a full tile.
const WIDTH: u64 = 1 << TILE;

/// A tile, or a bundle of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tile {
    /// Level of a tile of hashes; none for a bundle of entries.
    level: Option<u8>,
    /// Position at its level.
    n: u64,
    /// Number of hashes or entries.
    width: u64,
}

impl Tile {
    /// Reads what follows `tile/` in a path. There is one path for each tile.
    pub(crate) fn read(path: &str) -> Option<Self> {
        let (level, rest) = path.split_once('/')?;
        let level = match level {
            "entries" => None,
            level => Some(level.parse().ok().filter(|level: &u8| *level < 64)?),
        };
        let (place, width) = match rest.split_once(".p/") {
            Some((place, width)) => (place, width.parse().ok().filter(|width| (1..WIDTH).contains(width))?),
            None => (rest, WIDTH),
        };
        let mut n = 0_u64;
        for part in place.split('/') {
            let digits: u64 = part.trim_start_matches('x').parse().ok()?;
            n = n.checked_mul(1_000)?.checked_add(digits)?;
        }
        let tile = Self { level, n, width };
        (tile.path() == path).then_some(tile)
    }

    /// What follows `tile/` in its path.
    pub(crate) fn path(self) -> String {
        let (mut n, mut place) = (self.n / 1_000, format!("{:03}", self.n % 1_000));
        while n > 0 {
            place = format!("x{:03}/{place}", n % 1_000);
            n /= 1_000;
        }
        let level = self.level.map_or_else(|| "entries".to_owned(), |level| level.to_string());
        match self.width {
            WIDTH => format!("{level}/{place}"),
            width => format!("{level}/{place}.p/{width}"),
        }
    }

    /// All tiles and bundles of a log of that size.
    pub(crate) fn all(size: u64) -> impl Iterator<Item = Self> {
        let levels = std::iter::once(None).chain((0..8).map(Some));
        levels.flat_map(move |level| {
            let there = size.checked_shr(u32::from(level.unwrap_or(0) * TILE)).unwrap_or(0);
            let tile = move |n| Self { level, n, width: WIDTH.min(there - n * WIDTH) };
            (0..there.div_ceil(WIDTH)).map(tile)
        })
    }

    /// Its bytes, if the log has all of it.
    pub(crate) async fn bytes(self, store: &Store) -> sqlx::Result<Option<Vec<u8>>> {
        let Some(from) = self.n.checked_mul(WIDTH) else { return Ok(None) };
        let Some(level) = self.level else { return self.entries(store, from).await };
        if i64::try_from(from).is_err() {
            return Ok(None);
        }
        let hashes = store.hashes(Span { level, from, count: self.width }).await?;
        Ok((hashes.len() as u64 == self.width).then(|| hashes.concat()))
    }

    async fn entries(self, store: &Store, from: u64) -> sqlx::Result<Option<Vec<u8>>> {
        if i64::try_from(from).is_err() {
            return Ok(None);
        }
        let width = u32::try_from(self.width).unwrap_or(u32::MAX);
        let rows = store.log_from(from, width).await?;
        if rows.len() as u64 != self.width {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        for row in rows {
            let text = row.entry.text();
            // INVARIANT: `LONGEST_NAME` keeps entries short of 64 KiB.
            bytes.extend_from_slice(&u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        Ok(Some(bytes))
    }
}

/// Writes the log's checkpoint, public keys, tiles and entries as files, for tools that read logs of this form. Gives the
/// number of entries.
pub(crate) async fn export(store: &Store, data: &Path, to: &Path) -> anyhow::Result<u64> {
    let keys = keys::public_keys(data)?;
    let note = store.checkpoint().await?.context("the log is empty")?;
    let checkpoint: Checkpoint = keys.open(&note).context("the checkpoint in the database")?;
    let size = checkpoint.head.size;
    std::fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    let progress = Progress::of_some("files of hashes and entries");
    for tile in Tile::all(size) {
        progress.one();
        let path = to.join("tile").join(tile.path());
        let bytes = tile.bytes(store).await?;
        let bytes = bytes.with_context(|| format!("tile/{} is not all there", tile.path()))?;
        std::fs::create_dir_all(path.parent().unwrap_or(to)).with_context(|| path.display().to_string())?;
        std::fs::write(&path, bytes).with_context(|| path.display().to_string())?;
    }
    let lines: String = keys.iter().map(|key| format!("{}\n", key.text())).collect();
    std::fs::write(to.join("keys"), lines).context("keys")?;
    std::fs::write(to.join("checkpoint"), &checkpoint.note).context("checkpoint")?;
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the specification.
    #[test]
    fn paths_are_those_of_the_specification() {
        let tile = Tile { level: Some(0), n: 1_234_067, width: WIDTH };
        assert_eq!(tile.path(), "0/x001/x234/067");
        assert_eq!(Tile::read("0/x001/x234/067"), Some(tile));
        assert_eq!(Tile::read("entries/000.p/112"), Some(Tile { level: None, n: 0, width: 112 }));
        for bad in [
            "0",
            "0/0",
            "00/000",
            "64/000",
            "0/000.p/0",
            "0/000.p/256",
            "0/000.p/01",
            "0/x000/001",
            "0/xx001/001",
            "0/1000",
            "0/000/",
            "-1/000",
            "0/+01",
            "data/000",
            "0/001/002",
            "0/x999/x999/x999/x999/x999/x999/x999/999",
        ] {
            assert_eq!(Tile::read(bad), None, "{bad}");
        }
        let of = |level, size| -> Vec<(u64, u64)> {
            let tiles = Tile::all(size).filter(|tile| tile.level == Some(level));
            tiles.map(|tile| (tile.n, tile.width)).collect()
        };
        assert_eq!((of(0, 70_000).len(), of(0, 70_000).last()), (274, Some(&(273, 112))));
        assert_eq!(of(1, 70_000), [(0, 256), (1, 17)]);
        assert_eq!(of(2, 70_000), [(0, 1)]);
        assert_eq!((of(0, 256), of(1, 256)), (vec![(0, 256)], vec![(0, 1)]));
    }
}
