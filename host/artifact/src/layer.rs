//! The one layer of an image: a tar archive, compressed, with the module as `plugin.wasm`.

use std::io::{Read as _, Write as _};

use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};

use crate::fault::{Error, Result, check};
use crate::tree::MAX_FILE;

/// The name that the image specification demands.
const MODULE: &str = "plugin.wasm";

/// A layer, and the archive in it before compression.
pub(crate) struct Layer {
    pub(crate) compressed: Vec<u8>,
    pub(crate) archive: Vec<u8>,
}

/// A layer with that module: no times, no owner, no name of the system that made it.
pub(crate) fn pack(module: &[u8]) -> std::io::Result<Layer> {
    let mut header = tar::Header::new_ustar();
    header.set_path(MODULE)?;
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(0o644);
    header.set_size(module.len() as u64);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_cksum();
    let mut archive = tar::Builder::new(Vec::new());
    archive.append(&header, module)?;
    let archive = archive.into_inner()?;
    // 255: an unknown system, whichever this is.
    let mut writer = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::best());
    writer.write_all(&archive)?;
    Ok(Layer { compressed: writer.finish()?, archive })
}

/// The archive of a layer and the module in it; anything besides is wrong.
pub(crate) fn unpack(layer: &[u8], at: &str) -> Result<(Vec<u8>, Vec<u8>)> {
    let mut archive = Vec::new();
    let mut decoder = GzDecoder::new(layer).take(MAX_FILE + 1);
    decoder
        .read_to_end(&mut archive)
        .map_err(|cause| Error::wrong(at, format!("it is not gzip: {cause}")))?;
    check(archive.len() as u64 <= MAX_FILE, at, || format!("it unpacks to more than {MAX_FILE} bytes"))?;
    let damaged = |cause: std::io::Error| Error::wrong(at, format!("it is no tar archive: {cause}"));
    let mut module = None;
    for entry in tar::Archive::new(archive.as_slice()).entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let plain = entry.header().entry_type() == tar::EntryType::Regular;
        check(plain && name == MODULE && module.is_none(), at, || {
            format!("it holds `{name}`, and should hold the file `{MODULE}` alone")
        })?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(damaged)?;
        module = Some(bytes);
    }
    let module = module.ok_or_else(|| Error::wrong(at, format!("it does not hold `{MODULE}`")))?;
    Ok((archive, module))
}
