//! One filter as an OCI image layout, signed.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::Digest;
use crate::dsse::{self, Statement, Subject};
use crate::fault::{Error, Result, check};
use crate::key::{PrivateKey, PublicKey};
use crate::layer;
use crate::oci::{
    ATTESTATIONS, CONFIG, Config, DSSE, Descriptor, IMAGE, INDEX, INDEX_FILE, Index, KIND, LAYER, LAYOUT,
    LAYOUT_FILE, LICENSES, MANIFEST, Manifest, PREDICATE_TYPE, REF_NAME, SIGNATURE, SIGNATURES,
    SIMPLE_SIGNING, TITLE, VERSION,
};
use crate::sbom::Sbom;
use crate::tree::Tree;

const SBOM_TYPE: &str = "https://cyclonedx.org/bom";
const PAYLOAD_TYPE: &str = "cosign container image signature";

/// What an image is made of.
#[derive(Debug, Clone, Copy)]
pub struct Image<'p> {
    /// Of the image, as it will be of the repository that it is pushed to; also that of the folder.
    pub name: &'p str,
    /// Its tag.
    pub version: &'p str,
    /// Of the file that the module is elsewhere.
    pub module_name: &'p str,
    /// The module.
    pub module: &'p [u8],
    /// Its SBOM, whose component is the module.
    pub sbom: &'p Value,
}

/// What an image was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its signed name.
    pub name: String,
    /// Its signed version.
    pub version: String,
    /// Of its manifest: what `@sha256:…` in a reference to it says.
    pub digest: Digest,
    /// Of the module in it.
    pub module: Digest,
    /// How many parts its SBOM names.
    pub components: usize,
}

/// cosign's payload: "simple signing" of an image.
#[derive(Serialize, Deserialize)]
struct Payload {
    critical: Critical,
    optional: Option<Value>,
}

#[derive(Serialize, Deserialize)]
struct Critical {
    identity: Identity,
    image: Signed,
    r#type: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Identity {
    docker_reference: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Signed {
    docker_manifest_digest: Digest,
}

/// Whether a folder is meant to be one.
#[must_use]
pub fn is_layout(tree: &Tree) -> bool {
    tree.get(LAYOUT_FILE).is_some() || tree.get(INDEX_FILE).is_some()
}

/// Writes an image; signed, where there is a key. Gives the digest of its manifest too.
pub fn write(image: &Image<'_>, key: Option<&PrivateKey>) -> std::io::Result<(Tree, Digest)> {
    let mut tree = Tree::default();
    let layer = layer::pack(image.module)?;
    let config = blob(&mut tree, &Config::new("wasm", "wasip1", Digest::of(&layer.archive)))?;
    let manifest = Manifest {
        schema_version: 2,
        media_type: MANIFEST.to_owned(),
        config: Descriptor::of(CONFIG, &config),
        layers: vec![Descriptor::of(LAYER, &layer.compressed).with(TITLE, image.module_name)],
        annotations: [(TITLE, image.name), (VERSION, image.version), (LICENSES, "Apache-2.0")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    };
    put(&mut tree, layer.compressed);
    let manifest = blob(&mut tree, &manifest)?;
    let digest = Digest::of(&manifest);
    let mut manifests = vec![described(&manifest, IMAGE, image.version)];
    if let Some(key) = key {
        let payload = serde_json::to_vec(&payload(image.name, &digest))?;
        let signature = key.sign(&payload);
        let signed = Descriptor::of(SIMPLE_SIGNING, &payload).with(SIGNATURE, signature);
        let subject = Subject::new(image.name, &digest);
        let envelope = dsse::sign(&Statement::new(SBOM_TYPE, vec![subject], image.sbom.clone()), key)?;
        let attested = attestation(&envelope);
        let signatures = around(&mut tree, signed, payload)?;
        let attestations = around(&mut tree, attested, envelope)?;
        manifests.push(described(&signatures, SIGNATURES, tag(&digest, "sig")));
        manifests.push(described(&attestations, ATTESTATIONS, tag(&digest, "att")));
    }
    tree.put(LAYOUT_FILE, LAYOUT.to_vec());
    tree.put(INDEX_FILE, serde_json::to_vec(&index(manifests))?);
    Ok((tree, digest))
}

/// Looks at all of a layout, and stops at the first thing that is wrong. `name` is what it should be.
pub fn verify(tree: &Tree, name: &str, key: &PublicKey) -> Result<Found> {
    check(tree.need(LAYOUT_FILE)? == LAYOUT, LAYOUT_FILE, || {
        "it is not that of an OCI image layout 1.0.0".to_owned()
    })?;
    let index: Index = parse(tree.need(INDEX_FILE)?, INDEX_FILE)?;
    whole(tree)?;

    let image = of_kind(&index, IMAGE)?;
    let digest = image.digest.clone();
    let signatures = signed_of_kind(&index, SIGNATURES, "signature")?;
    let attestations = signed_of_kind(&index, ATTESTATIONS, "signed SBOM")?;

    let (signed, payload, around_signature) = signed(tree, signatures, "the signature")?;
    key.verify(payload, signed.annotation(SIGNATURE), "the signature")?;
    let says: Payload = parse(payload, "the signature")?;
    check(says.critical.r#type == PAYLOAD_TYPE, "the signature", || "it is not that of an image".to_owned())?;
    check(says.critical.image.docker_manifest_digest == digest, "the signature", || {
        format!("it is that of another image, {}", says.critical.image.docker_manifest_digest)
    })?;
    check(says.critical.identity.docker_reference == name, "the signature", || {
        format!("it is that of an image named `{}`, not `{name}`", says.critical.identity.docker_reference)
    })?;

    let (_, envelope, around_attestation) = self::signed(tree, attestations, "the SBOM")?;
    let statement = dsse::open(envelope, key, "the SBOM")?;
    check(statement.predicate_type == SBOM_TYPE, "the SBOM", || {
        format!("the statement is not one about an SBOM, but `{}`", statement.predicate_type)
    })?;
    check(statement.subject == [Subject::new(name, &digest)], "the SBOM", || {
        "it is that of another image".to_owned()
    })?;

    let found = image_of(tree, image, name, &statement.predicate)?;
    let expected = self::index(vec![
        described_as(image, IMAGE, &found.version),
        described_as(signatures, SIGNATURES, tag(&digest, "sig")),
        described_as(attestations, ATTESTATIONS, tag(&digest, "att")),
    ]);
    check(index == expected, INDEX_FILE, || {
        "it names other things than the image and what is signed about it".to_owned()
    })?;
    written_as_they_are(tree, &index, &[around_signature, around_attestation])?;
    Ok(found)
}

/// The image, whose manifest is signed.
fn image_of(tree: &Tree, image: &Descriptor, name: &str, sbom: &Value) -> Result<Found> {
    let at = "the image's manifest";
    let manifest: Manifest = parse(content(tree, image, at)?, at)?;
    check(manifest.media_type == MANIFEST && manifest.config.media_type == CONFIG, at, || {
        "it is not that of an OCI image".to_owned()
    })?;
    let annotation = |name: &str| manifest.annotations.get(name).cloned().unwrap_or_default();
    let (title, version) = (annotation(TITLE), annotation(VERSION));
    check(title == name, at, || format!("it is that of `{title}`, not `{name}`"))?;
    let [layer] = manifest.layers.as_slice() else {
        return Err(Error::wrong(at, "it should have one layer"));
    };
    check(layer.media_type == LAYER, at, || format!("the layer is `{}`, not `{LAYER}`", layer.media_type))?;
    let (archive, module) = layer::unpack(content(tree, layer, "the image's layer")?, "the image's layer")?;
    let config: Config =
        parse(content(tree, &manifest.config, "the image's configuration")?, "the image's configuration")?;
    check(config.rootfs.diff_ids == [Digest::of(&archive)], "the image's configuration", || {
        "it names another layer".to_owned()
    })?;
    let module = Digest::of(&module);
    let sbom = Sbom::new(sbom, "the SBOM")?;
    check(sbom.is_of(&module), "the SBOM", || {
        format!("it is not that of the module in the image, {module}")
    })?;
    check(sbom.version() == version && sbom.name() == layer.annotation(TITLE), "the SBOM", || {
        format!("it is that of {} {}", sbom.name(), sbom.version())
    })?;
    let (digest, components) = (image.digest.clone(), sbom.components());
    Ok(Found { name: title, version, digest, module, components })
}

/// Every blob is what its name says, and there is nothing else in the folder.
fn whole(tree: &Tree) -> Result<()> {
    for (path, bytes) in tree.iter() {
        if path == LAYOUT_FILE || path == INDEX_FILE {
            continue;
        }
        check(path.starts_with("blobs/"), path, || "it is no part of an image layout".to_owned())?;
        let digest = Digest::of(bytes);
        check(path == digest.path(), path, || format!("its content is another one, {digest}"))?;
    }
    Ok(())
}

/// What is around what is signed is not signed: it may only be what we write, and every blob has its place.
fn written_as_they_are(tree: &Tree, index: &Index, around: &[Vec<u8>]) -> Result<()> {
    check(tree.need(INDEX_FILE)? == to_vec(index)?, INDEX_FILE, || "it is not written as it was".to_owned())?;
    let mut known: BTreeSet<String> = BTreeSet::from([LAYOUT_FILE.to_owned(), INDEX_FILE.to_owned()]);
    for descriptor in &index.manifests {
        let path = descriptor.digest.path();
        let bytes = content(tree, descriptor, &path)?;
        let manifest: Manifest = parse(bytes, &path)?;
        let is_image = descriptor.annotation(KIND) == IMAGE;
        check(is_image || around.iter().any(|own| own == bytes), &path, || {
            "it is not written as it was".to_owned()
        })?;
        for part in manifest.layers.iter().chain([&manifest.config]) {
            content(tree, part, &part.digest.path())?;
            known.insert(part.digest.path());
        }
        known.insert(path);
    }
    match tree.iter().find(|(path, _)| !known.contains(*path)) {
        Some((path, _)) => Err(Error::wrong(path, "nothing refers to it")),
        None => Ok(()),
    }
}

fn of_kind<'i>(index: &'i Index, kind: &str) -> Result<&'i Descriptor> {
    let mut found = index.manifests.iter().filter(|one| one.annotation(KIND) == kind);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(Error::wrong(INDEX_FILE, format!("it should name one `{kind}`"))),
    }
}

fn signed_of_kind<'i>(index: &'i Index, kind: &str, what: &str) -> Result<&'i Descriptor> {
    let unsigned = |_| Error::wrong(INDEX_FILE, format!("the image is not signed: there is no {what}"));
    of_kind(index, kind).map_err(unsigned)
}

/// The layer of what cosign keeps like an image, its bytes, and the manifest that belongs around it.
fn signed<'t>(tree: &'t Tree, of: &Descriptor, at: &str) -> Result<(Descriptor, &'t [u8], Vec<u8>)> {
    let manifest: Manifest = parse(content(tree, of, at)?, at)?;
    let [layer] = manifest.layers.as_slice() else {
        return Err(Error::wrong(at, "there should be one"));
    };
    let bytes = content(tree, layer, at)?;
    let layer = if layer.media_type == DSSE {
        attestation(bytes)
    } else {
        Descriptor::of(SIMPLE_SIGNING, bytes).with(SIGNATURE, layer.annotation(SIGNATURE))
    };
    let own = to_vec(&around_of(&layer).0)?;
    Ok((layer, bytes, own))
}

/// The manifest and the configuration around a signed layer.
fn around_of(layer: &Descriptor) -> (Manifest, Config) {
    let config = Config::new("", "", layer.digest.clone());
    let bytes = serde_json::to_vec(&config).unwrap_or_default();
    let manifest = Manifest {
        schema_version: 2,
        media_type: MANIFEST.to_owned(),
        config: Descriptor::of(CONFIG, &bytes),
        layers: vec![layer.clone()],
        annotations: Default::default(),
    };
    (manifest, config)
}

/// Puts a signed layer in, with what belongs around it; gives the manifest.
fn around(tree: &mut Tree, layer: Descriptor, bytes: Vec<u8>) -> std::io::Result<Vec<u8>> {
    let (manifest, config) = around_of(&layer);
    put(tree, bytes);
    blob(tree, &config)?;
    blob(tree, &manifest)
}

fn attestation(envelope: &[u8]) -> Descriptor {
    // cosign wants the annotation, and nothing in it: the envelope has the signature.
    Descriptor::of(DSSE, envelope).with(SIGNATURE, "").with(PREDICATE_TYPE, SBOM_TYPE)
}

fn payload(name: &str, digest: &Digest) -> Payload {
    let identity = Identity { docker_reference: name.to_owned() };
    let image = Signed { docker_manifest_digest: digest.clone() };
    Payload { critical: Critical { identity, image, r#type: PAYLOAD_TYPE.to_owned() }, optional: None }
}

/// The tag under which cosign looks for what is signed about an image.
fn tag(digest: &Digest, what: &str) -> String {
    format!("sha256-{}.{what}", digest.hex())
}

fn index(manifests: Vec<Descriptor>) -> Index {
    Index { schema_version: 2, media_type: INDEX.to_owned(), manifests }
}

fn described(manifest: &[u8], kind: &str, tag: impl Into<String>) -> Descriptor {
    Descriptor::of(MANIFEST, manifest).with(KIND, kind).with(REF_NAME, tag)
}

fn described_as(one: &Descriptor, kind: &str, tag: impl Into<String>) -> Descriptor {
    let bare = Descriptor { media_type: MANIFEST.to_owned(), annotations: Default::default(), ..one.clone() };
    bare.with(KIND, kind).with(REF_NAME, tag)
}

/// The bytes that a descriptor names.
fn content<'t>(tree: &'t Tree, of: &Descriptor, at: &str) -> Result<&'t [u8]> {
    let bytes =
        tree.get(&of.digest.path()).ok_or_else(|| Error::wrong(at, format!("there is no {}", of.digest)))?;
    check(bytes.len() as u64 == of.size, at, || format!("{} is not as long as is said", of.digest))?;
    Ok(bytes)
}

fn put(tree: &mut Tree, bytes: Vec<u8>) {
    tree.put(Digest::of(&bytes).path(), bytes);
}

fn blob(tree: &mut Tree, document: &impl Serialize) -> std::io::Result<Vec<u8>> {
    let bytes = serde_json::to_vec(document)?;
    put(tree, bytes.clone());
    Ok(bytes)
}

fn parse<D: DeserializeOwned>(bytes: &[u8], at: &str) -> Result<D> {
    serde_json::from_slice(bytes)
        .map_err(|cause| Error::wrong(at, format!("it is not what it should be: {cause}")))
}

fn to_vec(document: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(document).map_err(|cause| Error::wrong("the layout", cause.to_string()))
}
