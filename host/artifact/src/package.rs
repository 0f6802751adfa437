//! A whole release: images, modules and SBOMs, and the signed list of them.

use std::path::Path;

use serde_json::{Value, json};

use crate::digest::Digest;
use crate::dsse::{self, Statement, Subject};
use crate::fault::{Error, Result, check};
use crate::key::{PrivateKey, PublicKey};
use crate::layout::{self, Found, Image};
use crate::sbom::Sbom;
use crate::tree::{Tree, read_file};

/// The signed list.
pub const LIST: &str = "gatewright.intoto.json";
/// What the name of an SBOM ends with, after that of what it is of.
pub const SBOM: &str = ".cdx.json";
/// in-toto's statement about a release.
const RELEASE: &str = "https://in-toto.io/attestation/release/v0.1";

/// What was found to be good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Good {
    /// A file of the list.
    File {
        /// Its name.
        name: String,
        /// Of the release, by the list.
        version: String,
        /// Of the file.
        digest: Digest,
    },
    /// An image.
    Image(Found),
}

/// A release as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// All of it.
    pub tree: Tree,
    /// Its images: the name, and the digest of the manifest, which is what registries and meshes know an image by.
    pub images: Vec<(String, Digest)>,
}

/// Writes a release. `others` are files besides images and modules, such as the host's SBOM.
pub fn write(
    images: &[Image<'_>],
    others: &[(&str, Vec<u8>)],
    version: &str,
    key: Option<&PrivateKey>,
) -> std::io::Result<Release> {
    let mut tree = Tree::default();
    let mut written = Vec::new();
    let mut subjects = Vec::new();
    for image in images {
        let (layout, digest) = layout::write(image, key)?;
        tree.put_all(image.name, layout);
        subjects.push(Subject::new(image.name, &digest));
        written.push((image.name.to_owned(), digest));
        let sbom = format!("{}{SBOM}", image.module_name);
        let files = [(image.module_name.to_owned(), image.module.to_vec()), (sbom, lines(image.sbom)?)];
        for (name, bytes) in files {
            subjects.push(Subject::new(&name, &Digest::of(&bytes)));
            tree.put(name, bytes);
        }
    }
    for (name, bytes) in others {
        subjects.push(Subject::new(name, &Digest::of(bytes)));
        tree.put(*name, bytes.clone());
    }
    subjects.sort_by(|one, other| one.name.cmp(&other.name));
    if let Some(key) = key {
        let predicate = json!({ "purl": purl(version) });
        tree.put(LIST, dsse::sign(&Statement::new(RELEASE, subjects, predicate), key)?);
    }
    Ok(Release { tree, images: written })
}

/// JSON for people too.
pub fn lines(value: &Value) -> std::io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Verifies a release, an image, or a file beside the list, and says what of it is good. An image or a file is expected to
/// have the name that it lies under, unless another one is given.
pub fn verify(path: &Path, name: Option<&str>, key: &PublicKey) -> Result<Vec<Good>> {
    let own = std::path::absolute(path).map_err(|cause| Error::io(path, cause))?;
    let own = own.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = name.unwrap_or(own);
    let kind = std::fs::metadata(path).map_err(|cause| Error::io(path, cause))?;
    if !kind.is_dir() {
        let folder = path.parent().unwrap_or(Path::new("."));
        return file(folder, own, name, key);
    }
    let tree = Tree::read(path)?;
    if layout::is_layout(&tree) {
        return Ok(vec![Good::Image(layout::verify(&tree, name, key)?)]);
    }
    release(&tree, key)
}

/// Everything of a release.
fn release(tree: &Tree, key: &PublicKey) -> Result<Vec<Good>> {
    let list = tree
        .get(LIST)
        .ok_or_else(|| Error::wrong(LIST, "it is missing: this is no release, or it is not signed"))?;
    let list = List::open(list, key)?;
    let mut good = Vec::new();
    for subject in &list.subjects {
        let layout = tree.folder(&subject.name);
        if layout.is_empty() {
            good.push(
                list.file(subject, tree.need(&subject.name)?, |name| tree.need(name).map(<[u8]>::to_vec))?,
            );
            continue;
        }
        let found =
            layout::verify(&layout, &subject.name, key).map_err(|error| error.within(&subject.name))?;
        check(found.digest == subject.sha256(), &subject.name, || {
            format!("it is another image than the list names, {}", found.digest)
        })?;
        check(found.version == list.version, &subject.name, || {
            format!("it is of version {}, and the list of {}", found.version, list.version)
        })?;
        good.push(Good::Image(found));
    }
    for (path, _) in tree.iter() {
        let top = path.split('/').next().unwrap_or(path);
        let known = path == LIST || list.subjects.iter().any(|subject| subject.name == top);
        check(known, path, || format!("it is not in {LIST}"))?;
    }
    Ok(good)
}

/// One file, by the list beside it.
fn file(folder: &Path, own: &str, name: &str, key: &PublicKey) -> Result<Vec<Good>> {
    let read = |name: &str| {
        let path = folder.join(name);
        match path.is_file() {
            true => read_file(&path, name),
            false => Err(Error::wrong(name, "it is missing beside the file")),
        }
    };
    let list = List::open(&read(LIST)?, key)?;
    let subject = list.subjects.iter().find(|subject| subject.name == name);
    let subject = subject.ok_or_else(|| Error::wrong(own, format!("{LIST} names no `{name}`")))?;
    Ok(vec![list.file(subject, &read(own)?, read)?])
}

/// What the list says.
struct List {
    version: String,
    subjects: Vec<Subject>,
}

impl List {
    fn open(bytes: &[u8], key: &PublicKey) -> Result<Self> {
        let statement = dsse::open(bytes, key, LIST)?;
        check(statement.predicate_type == RELEASE, LIST, || "it is not about a release".to_owned())?;
        let purl = statement.predicate["purl"].as_str().unwrap_or_default();
        let version = purl.rsplit_once('@').map(|(_, version)| version).unwrap_or_default();
        check(purl == self::purl(version), LIST, || format!("it is about another thing, `{purl}`"))?;
        Ok(Self { version: version.to_owned(), subjects: statement.subject })
    }

    /// Looks at a file; at a module's or a program's SBOM as well.
    fn file(&self, subject: &Subject, bytes: &[u8], read: impl Fn(&str) -> Result<Vec<u8>>) -> Result<Good> {
        let (name, digest) = (subject.name.as_str(), Digest::of(bytes));
        check(subject.sha256() == digest, name, || {
            format!("its content is another one: {digest}, and signed is {}", subject.sha256())
        })?;
        if name.ends_with(".wasm") {
            let at = format!("{name}{SBOM}");
            let sbom = read(&at)?;
            let listed = self.subjects.iter().any(|one| one.name == at && one.sha256() == Digest::of(&sbom));
            check(listed, &at, || format!("it is not the one of {LIST}"))?;
            let sbom = Sbom::parse(&sbom, &at)?;
            let sbom = Sbom::new(&sbom, &at)?;
            check(sbom.is_of(&digest) && sbom.name() == name, &at, || {
                format!("it is not that of this module, {digest}")
            })?;
            check(sbom.version() == self.version, &at, || format!("it is of version {}", sbom.version()))?;
        }
        Ok(Good::File { name: name.to_owned(), version: self.version.clone(), digest })
    }
}

fn purl(version: &str) -> String {
    format!("pkg:generic/gatewright@{version}")
}
