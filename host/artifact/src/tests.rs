//! A release is good as it was written, and in no other way.

use serde_json::{Value, json};

use crate::fault::Error;
use crate::layout::{self, Image};
use crate::package::{self, Good};
use crate::{Digest, PrivateKey, PublicKey, Tree};

const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const OTHER_MODULE: &[u8] = b"\0asm\x01\0\0\0\0\x02\x01a";

fn key(seed: u8) -> PrivateKey {
    let secret = p256::SecretKey::from_slice(&[seed; 32]).unwrap();
    PrivateKey::from_pem(&secret.to_sec1_pem(p256::pkcs8::LineEnding::LF).unwrap()).unwrap()
}

fn sbom(name: &str, version: &str, module: &[u8]) -> Value {
    let hashes = json!([{ "alg": "SHA-256", "content": Digest::of(module).hex() }]);
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{ "type": "library", "name": "a" }],
        "metadata": { "component": { "name": name, "version": version, "hashes": hashes } },
    })
}

fn image(sbom: &Value) -> Image<'_> {
    Image { name: "gatewright-x", version: "0.1.0", module_name: "gatewright_x.wasm", module: MODULE, sbom }
}

fn signed(key: &PrivateKey) -> Tree {
    layout::write(&image(&sbom("gatewright_x.wasm", "0.1.0", MODULE)), Some(key)).unwrap().0
}

fn release(key: Option<&PrivateKey>) -> Tree {
    let sbom = sbom("gatewright_x.wasm", "0.1.0", MODULE);
    package::write(&[image(&sbom)], &[("gatewright.cdx.json", b"{}\n".to_vec())], "0.1.0", key).unwrap().tree
}

/// The words about what is wrong.
fn wrong<T: std::fmt::Debug>(outcome: crate::Result<T>) -> String {
    match outcome {
        Err(error @ Error::Wrong { .. }) => error.to_string(),
        other => panic!("nothing is wrong: {other:?}"),
    }
}

/// Verifies a release as a folder.
fn look(tree: &Tree, key: &PublicKey) -> crate::Result<Vec<Good>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("release");
    tree.write(&path).unwrap();
    package::verify(&path, None, key)
}

#[test]
fn what_was_written_is_good_and_the_same_every_time() {
    let tree = release(Some(&key(1)));
    assert_eq!(tree, release(Some(&key(1))));
    let good = look(&tree, &key(1).public()).unwrap();
    let images: Vec<_> = good.iter().filter(|one| matches!(one, Good::Image(_))).collect();
    let [Good::Image(found)] = images.as_slice() else { panic!("{good:?}") };
    assert_eq!(
        (found.module.clone(), found.components, found.version.as_str()),
        (Digest::of(MODULE), 1, "0.1.0")
    );
    assert_eq!(good.len(), 4);
    // A key is the same in both forms of PEM.
    let pem = key(1).public().to_pem().unwrap();
    assert_eq!(PublicKey::from_pem(&pem).unwrap(), key(1).public());
}

/// What a WasmPlugin's `sha256` and a reference's `@sha256:…` say: that of the manifest, not of the module. Signed or not.
#[test]
fn an_image_is_known_by_its_manifest() {
    for key in [None, Some(key(1))] {
        let sbom = sbom("gatewright_x.wasm", "0.1.0", MODULE);
        let written = package::write(&[image(&sbom)], &[], "0.1.0", key.as_ref()).unwrap();
        let index = written.tree.get("gatewright-x/index.json").unwrap();
        let index: Value = serde_json::from_slice(index).unwrap();
        let digest: Digest = serde_json::from_value(index["manifests"][0]["digest"].clone()).unwrap();
        assert_eq!(written.images, [("gatewright-x".to_owned(), digest.clone())]);
        let manifest = written.tree.get(&format!("gatewright-x/{}", digest.path())).unwrap();
        assert_eq!(Digest::of(manifest), digest);
        let manifest: Value = serde_json::from_slice(manifest).unwrap();
        assert_eq!(
            manifest["layers"][0]["annotations"]["org.opencontainers.image.title"],
            "gatewright_x.wasm"
        );
        assert_ne!(digest, Digest::of(MODULE));
    }
}

/// What Istio and Envoy Gateway look at (their `imagefetcher.go`): the last layer's media type and the name in it.
#[test]
fn the_image_is_what_meshes_pull() {
    let tree = signed(&key(1));
    let read = |path: &str| serde_json::from_slice::<Value>(tree.get(path).unwrap()).unwrap();
    let blob =
        |digest: &Value| format!("blobs/sha256/{}", digest.as_str().unwrap().trim_start_matches("sha256:"));
    let manifest = read(&blob(&read("index.json")["manifests"][0]["digest"]));
    assert_eq!(manifest["mediaType"], "application/vnd.oci.image.manifest.v1+json");
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 1);
    assert_eq!(manifest["layers"][0]["mediaType"], "application/vnd.oci.image.layer.v1.tar+gzip");
    let layer = tree.get(&blob(&manifest["layers"][0]["digest"])).unwrap();
    // Neither a time nor the name of a file or system in its head (RFC 1952).
    assert_eq!(layer[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
    let (archive, module) = crate::layer::unpack(layer, "").unwrap();
    assert_eq!((&archive[..12], module.as_slice()), (b"plugin.wasm\0".as_slice(), MODULE));
    assert_eq!(
        read(&blob(&manifest["config"]["digest"]))["rootfs"]["diff_ids"],
        json!([Digest::of(&archive)])
    );
}

#[test]
fn any_byte_of_any_file_counts() {
    let (tree, public) = (signed(&key(1)), key(1).public());
    for (name, bytes) in tree.iter() {
        for at in 0..bytes.len() {
            // A bit that turns letters into letters, and one that does not.
            for bit in [0x20, 0x01] {
                let mut changed = bytes.to_vec();
                changed[at] ^= bit;
                let mut other = tree.clone();
                other.put(name, changed);
                wrong(layout::verify(&other, "gatewright-x", &public));
            }
        }
        let mut longer = tree.clone();
        longer.put(name, [bytes, b"\n"].concat());
        wrong(layout::verify(&longer, "gatewright-x", &public));
    }
}

#[test]
fn any_byte_of_a_release_counts() {
    let (tree, public) = (release(Some(&key(1))), key(1).public());
    for (name, bytes) in tree.iter() {
        // The images are looked at by the test above.
        let step = if name.contains('/') { 97 } else { 5 };
        for at in (0..bytes.len()).step_by(step) {
            let mut changed = bytes.to_vec();
            changed[at] ^= 0x01;
            let mut other = tree.clone();
            other.put(name, changed);
            let said = wrong(look(&other, &public));
            let top = name.split('/').next().unwrap();
            assert!(said.starts_with(top), "{name}: {said}");
        }
    }
}

#[test]
fn nothing_may_be_missing_or_too_much() {
    let (tree, public) = (release(Some(&key(1))), key(1).public());
    let without = |gone: &str| {
        let mut other = Tree::default();
        tree.iter()
            .filter(|(name, _)| *name != gone)
            .for_each(|(name, bytes)| other.put(name, bytes.to_vec()));
        other
    };
    for (name, _) in tree.iter() {
        wrong(look(&without(name), &public));
    }
    for extra in [
        "gatewright_y.wasm",
        "gatewright-x/readme",
        "gatewright-x/blobs/sha256/00",
        "gatewright-y/index.json",
    ] {
        let mut more = tree.clone();
        more.put(extra, b"x".to_vec());
        wrong(look(&more, &public));
    }
    // Nor a blob that is what its name says.
    let mut more = tree.clone();
    more.put(format!("gatewright-x/blobs/sha256/{}", Digest::of(b"x").hex()), b"x".to_vec());
    assert!(wrong(look(&more, &public)).contains("nothing refers to it"));
}

#[test]
fn links_are_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("release");
    release(Some(&key(1))).write(&path).unwrap();
    std::fs::rename(path.join("gatewright_x.wasm"), folder.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("elsewhere"), path.join("gatewright_x.wasm")).unwrap();
    let said = wrong(package::verify(&path, None, &key(1).public()));
    assert_eq!(said, "gatewright_x.wasm: it is neither a file nor a folder");
}

#[test]
fn another_key_is_no_key() {
    let said = wrong(look(&release(Some(&key(2))), &key(1).public()));
    assert!(said.contains("not of this key"), "{said}");
    let said = wrong(layout::verify(&signed(&key(2)), "gatewright-x", &key(1).public()));
    assert!(said.contains("not of this key"), "{said}");
    // Nor is none.
    let said = wrong(look(&release(None), &key(1).public()));
    assert!(said.contains("not signed"), "{said}");
    let (unsigned, _) = layout::write(&image(&sbom("gatewright_x.wasm", "0.1.0", MODULE)), None).unwrap();
    assert!(wrong(layout::verify(&unsigned, "gatewright-x", &key(1).public())).contains("not signed"));
}

/// Everything is signed by the right key, but not about this.
#[test]
fn what_was_signed_about_something_else_does_not_count() {
    let (key, public) = (key(1), key(1).public());
    let said = wrong(layout::verify(&signed(&key), "gatewright-y", &public));
    assert_eq!(said, "the signature: it is that of an image named `gatewright-x`, not `gatewright-y`");

    // The index and the signatures of another image around this one.
    let other_sbom = sbom("gatewright_x.wasm", "0.1.0", OTHER_MODULE);
    let other = Image { module: OTHER_MODULE, ..image(&other_sbom) };
    let (other, _) = layout::write(&other, Some(&key)).unwrap();
    let mut mixed = signed(&key);
    let mut index: Value = serde_json::from_slice(mixed.get("index.json").unwrap()).unwrap();
    let their: Value = serde_json::from_slice(other.get("index.json").unwrap()).unwrap();
    other
        .iter()
        .filter(|(name, _)| name.starts_with("blobs/"))
        .for_each(|(name, bytes)| mixed.put(name, bytes.to_vec()));
    index["manifests"][1] = their["manifests"][1].clone();
    mixed.put("index.json", serde_json::to_vec(&index).unwrap());
    assert!(wrong(layout::verify(&mixed, "gatewright-x", &public)).contains("that of another image"));

    // SBOMs of another module, of another version.
    for sbom in [
        sbom("gatewright_x.wasm", "0.1.0", OTHER_MODULE),
        sbom("gatewright_x.wasm", "0.2.0", MODULE),
        sbom("gatewright_y.wasm", "0.1.0", MODULE),
        json!({}),
    ] {
        let (tree, _) = layout::write(&image(&sbom), Some(&key)).unwrap();
        assert!(wrong(layout::verify(&tree, "gatewright-x", &public)).starts_with("the SBOM: it is "));
        let tree = package::write(&[image(&sbom)], &[], "0.1.0", Some(&key)).unwrap().tree;
        wrong(look(&tree, &public));
    }

    // An image of another release in this one.
    let newer = Image { version: "0.2.0", ..image(&other_sbom) };
    let tree = package::write(&[newer], &[], "0.1.0", Some(&key)).unwrap().tree;
    wrong(look(&tree, &public));
}

#[test]
fn a_file_is_looked_at_by_the_list_beside_it() {
    let (folder, public) = (tempfile::tempdir().unwrap(), key(1).public());
    let path = folder.path().join("release");
    release(Some(&key(1))).write(&path).unwrap();
    let module = path.join("gatewright_x.wasm");
    let good = package::verify(&module, None, &public).unwrap();
    let [Good::File { name, digest, .. }] = good.as_slice() else { panic!("{good:?}") };
    assert_eq!((name.as_str(), digest), ("gatewright_x.wasm", &Digest::of(MODULE)));

    // Under another name only by saying so.
    let renamed = path.join("gatewright_postgres.wasm");
    std::fs::copy(&module, &renamed).unwrap();
    assert!(wrong(package::verify(&renamed, None, &public)).contains("names no `gatewright_postgres.wasm`"));
    assert!(package::verify(&renamed, Some("gatewright_x.wasm"), &public).is_ok());

    std::fs::write(&module, OTHER_MODULE).unwrap();
    assert!(
        wrong(package::verify(&module, None, &public))
            .starts_with("gatewright_x.wasm: its content is another one")
    );
    std::fs::write(&module, MODULE).unwrap();
    std::fs::write(path.join("gatewright_x.wasm.cdx.json"), "{}").unwrap();
    assert!(
        wrong(package::verify(&module, None, &public))
            .starts_with("gatewright_x.wasm.cdx.json: it is not the one")
    );
    std::fs::remove_file(path.join(package::LIST)).unwrap();
    assert!(wrong(package::verify(&module, None, &public)).contains("missing"));

    // What is not there cannot be looked at, which is no verdict.
    let nowhere = package::verify(&path.join("nothing"), None, &public);
    assert!(matches!(nowhere, Err(Error::Io { .. })), "{nowhere:?}");
}

#[test]
fn what_unpacks_without_end_is_refused() {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..=crate::tree::MAX_FILE >> 20 {
        std::io::Write::write_all(&mut writer, &zeros).unwrap();
    }
    let bomb = writer.finish().unwrap();
    assert!(wrong(crate::layer::unpack(&bomb, "it").map(|_| ())).contains("unpacks to more"));
    assert!(wrong(crate::layer::unpack(b"x", "it").map(|_| ())).contains("not gzip"));
}

#[test]
fn keys_that_are_none_are_told_apart_without_being_shown() {
    let secret = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
    let said = PrivateKey::from_pem(secret).unwrap_err().to_string();
    assert!(said.contains("P-256") && !said.contains("c2VjcmV0"), "{said}");
    let said =
        PrivateKey::from_pem("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----").unwrap_err().to_string();
    assert!(said.contains("encrypted"), "{said}");
    let said = PublicKey::from_pem(secret).unwrap_err().to_string();
    assert!(said.contains("a private key") && !said.contains("c2VjcmV0"), "{said}");
    assert!(!format!("{:?}", key(1)).contains('1'));
}
