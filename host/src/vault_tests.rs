//! What opens what.

use gatewright_core::digest::sha256;

use super::{DataKey, Vault, key_bytes};
use crate::config::encryption::Encryption;
use crate::config::secrets::SecretsSection;
use crate::secret::Sources;

/// Keys `a` and `b`, of which the first of these is for new sessions.
pub(crate) fn vault(names: &[&str]) -> Vault {
    let folder = tempfile::tempdir().unwrap();
    let mut yaml = "keys:\n".to_owned();
    for name in names {
        std::fs::write(folder.path().join(name), hex::encode(sha256(name.as_bytes())) + "\n").unwrap();
        yaml += &format!("  - {{ name: {name}, secret: {{ file: {name} }} }}\n");
    }
    let sources = Sources::default();
    sources.begin(folder.path(), &SecretsSection::default());
    Vault::read(&crate::config::parse_yaml::<Encryption>(&yaml).unwrap(), &sources).unwrap()
}

#[test]
fn a_data_key_opens_for_its_session_and_by_its_key() {
    let (key, wrapped) = vault(&["a"]).fresh("s1").unwrap();
    assert_eq!(wrapped.by, "a");
    // Also once another key is the first.
    let later = vault(&["b", "a"]);
    assert_eq!(later.unwrap("s1", &wrapped).unwrap().reveal(), key.reveal());
    assert_eq!(later.known("s1").unwrap().reveal(), key.reveal());
    later.forget("s1");
    assert!(later.known("s1").is_none());
    let said = |vault: Vault, session: &str| format!("{:#}", vault.unwrap(session, &wrapped).err().unwrap());
    assert!(said(vault(&["b"]), "s1").contains("encrypted by the key `a`, which is not there"));
    assert!(said(vault(&["a"]), "s2").contains("the key `a` is not the one"), "it is another session's");
    let mut other = wrapped.clone();
    other.by = "b".to_owned();
    assert!(later.unwrap("s1", &other).is_err());
    assert!(!format!("{later:?}").contains(&key.reveal()));
}

#[test]
fn a_run_opens_at_its_place_only() {
    let (key, _) = vault(&["a"]).fresh("s1").unwrap();
    let sealed = key.seal("s1", 4, "SELECT 1").unwrap();
    assert_eq!(key.open("s1", 4, &sealed).unwrap(), "SELECT 1");
    assert_eq!(DataKey::revealed(&key.reveal()).unwrap().open("s1", 4, &sealed).unwrap(), "SELECT 1");
    assert!(key.open("s1", 5, &sealed).is_err() && key.open("s2", 4, &sealed).is_err());
    for at in [0, 40, sealed.len() - 1] {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(key.open("s1", 4, &changed).is_err(), "{at}");
    }
    assert!(key.open("s1", 4, &sealed[..30]).is_err());
    let (other, _) = vault(&["a"]).fresh("s1").unwrap();
    assert!(other.open("s1", 4, &sealed).unwrap_err().to_string().contains("another data key"));
    // The same text is not the same twice, so that nobody finds it by trying.
    assert_ne!(key.seal("s1", 4, "SELECT 1").unwrap(), sealed);
}

#[test]
fn keys_are_32_bytes() {
    assert!(key_bytes(&"ab".repeat(32)).is_ok());
    assert!(key_bytes("q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=").is_ok_and(|key| key == [0xab; 32]));
    for bad in ["", "correct horse battery staple", &"ab".repeat(31), &"ab".repeat(33)] {
        assert!(key_bytes(bad).is_err(), "{bad}");
    }
}
