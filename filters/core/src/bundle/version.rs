//! Which bundles a filter takes where it and the host are not of the same version.

use serde::Deserialize;

use super::{Bundle, FORMAT};

/// The version of everything that is released together.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What every bundle begins with, whatever else is in it.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    format: u32,
    #[serde(default)]
    version: String,
}

impl Bundle {
    /// Reads a bundle.
    ///
    /// # Errors
    /// Says why this filter cannot use it, and what to do.
    pub fn read(json: &[u8]) -> Result<Self, String> {
        Self::read_as(json, VERSION)
    }

    /// Whether a filter of this version can use it.
    ///
    /// # Errors
    /// Says why not, and what to do.
    pub fn fits(&self) -> Result<(), String> {
        fits(self.format, &self.version, VERSION)
    }

    fn read_as(json: &[u8], own: &str) -> Result<Self, String> {
        let head: Head = serde_json::from_slice(json).map_err(|cause| format!("it is no bundle: {cause}"))?;
        fits(head.format, &head.version, own)?;
        serde_json::from_slice(json).map_err(|cause| {
            if head.version == own {
                return format!("bundle: {cause}");
            }
            // Most likely something that only one of the two knows.
            format!(
                "bundle: {cause}. The host is of version {} and this filter of {own}: bring the filter to the host's \
                 version, or do without what is new",
                head.version
            )
        })
    }
}

/// At most one minor version may lie between host and filter.
fn fits(format: u32, host: &str, own: &str) -> Result<(), String> {
    let (Some((host_major, host_minor)), Some((major, minor))) = (parsed(host), parsed(own)) else {
        return Err(format!("the bundle does not say of which version its host is, but `{host}`"));
    };
    if host_major != major || host_minor.abs_diff(minor) > 1 {
        return Err(format!(
            "the host is of version {host} and this filter of {own}, and at most one minor version may lie between \
             them: change the older of the two, one minor version at a time"
        ));
    }
    if format != FORMAT {
        return Err(format!(
            "bundle format {format} is not {FORMAT}: the host is of version {host} and this filter of {own}; bring the \
             filter to the host's version"
        ));
    }
    Ok(())
}

/// Major and minor number (Semantic Versioning 2.0.0).
fn parsed(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.splitn(3, '.');
    let (major, minor, rest) = (numbers.next()?, numbers.next()?, numbers.next()?);
    // What follows the patch number is a pre-release or a build.
    let patch = rest.split(['-', '+']).next()?;
    let number = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u32>().ok()).flatten()
    };
    number(patch)?;
    Some((number(major)?, number(minor)?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A bundle in which everything is said that can be.
    fn whole() -> Value {
        json!({
            "format": FORMAT, "version": VERSION, "digest": "0", "enforcement": "shadow", "mask_key": "k",
            "resource": {
                "name": "shop", "database": "shop", "roles": [{ "name": "support", "target": "support" }],
                "allow_cleartext_password": false,
            },
            "providers": [{
                "issuer": "i", "audiences": ["a"], "algorithms": ["RS256"], "jwks": {}, "groups_claim": "/groups",
                "leeway_s": 1, "required_claims": [], "groups": [{ "groups": ["g"], "claims": { "c": ["v"] } }],
            }],
            "policies": {},
            "catalogue": {
                "relations": [{
                    "oid": 1, "schema": "s", "name": "n", "kind": "table", "definition": "x",
                    "columns": [{ "name": "c", "attnum": 1, "type_oid": 25, "taint": [1], "derived": true }],
                }],
                "masked": [{ "schema": "s", "table": "n", "column": "c", "method": "redact", "tags": [] }],
                "functions": [{ "schema": "s", "name": "f" }],
                "search_path": ["s"],
            },
            "approvals": { "mode": "hold", "in_transaction": "retry", "expires_s": 1 },
            "recording": { "mode": "strict", "max_unacknowledged": 1, "max_rows": 1, "max_result_bytes": 1 },
            "limits": { "max_message": 1, "max_pipeline": 1, "max_prepared": 1 },
            "detectors": { "enabled": ["email"], "custom": [{ "name": "n", "pattern": "p" }] },
            "api": {
                "identity": [
                    { "from": "bearer" }, { "from": "header", "name": "n" }, { "from": "cookie", "name": "n" },
                    { "from": "mtls", "groups": {} }, { "from": "jwt_authn", "payload": "p" },
                ],
                "endpoints": [{ "methods": ["GET"], "path": "/", "sql": { "statement": "/sql" } }],
                "masks": [{ "field": "/a", "method": "redact" }],
                "sql": { "database": "shop", "role": "support" },
                "mcp": { "path": "/mcp", "tools": { "t": { "sql": { "statement": "/sql" } } } },
            },
        })
    }

    fn read(bundle: &Value, own: &str) -> Result<Bundle, String> {
        Bundle::read_as(bundle.to_string().as_bytes(), own)
    }

    fn of(version: &str) -> Value {
        let mut bundle = whole();
        bundle["version"] = version.into();
        bundle
    }

    #[test]
    fn one_minor_version_may_lie_between() {
        for (host, own) in
            [("0.2.0", "0.2.9"), ("0.3.1", "0.2.0"), ("0.1.0", "0.2.0"), ("1.0.0-rc.1", "1.1.0+b.5")]
        {
            assert!(read(&of(host), own).is_ok(), "{host} {own}: {:?}", read(&of(host), own));
        }
        for (host, own) in [("0.3.0", "0.1.0"), ("0.1.9", "0.3.0"), ("1.0.0", "0.9.0"), ("0.9.0", "1.0.0")] {
            let why = read(&of(host), own).unwrap_err();
            assert!(why.contains(host) && why.contains(own) && why.contains("one minor version"), "{why}");
        }
        for host in ["", "1", "0.2", "0.2.", "0.2.x", "0.+2.0", "v0.2.0", "0.99999999999.0"] {
            let why = read(&of(host), "0.2.0").unwrap_err();
            assert!(why.contains("does not say of which version"), "{host}: {why}");
        }
        let mut silent = whole();
        silent.as_object_mut().unwrap().remove("version");
        assert!(read(&silent, VERSION).unwrap_err().contains("does not say"));
        let mut other = whole();
        other["format"] = 2.into();
        assert!(read(&other, VERSION).unwrap_err().contains("bundle format 2 is not 1"));
        assert!(Bundle::read(b"x").unwrap_err().contains("no bundle"));
    }

    /// Every object of a bundle, by JSON pointer, but for those whose members are no fields.
    fn objects(value: &Value, place: &str, found: &mut Vec<String>) {
        let free =
            ["/jwks", "/policies", "/claims", "/mcp/tools", "/groups"].iter().any(|end| place.ends_with(end));
        match value {
            Value::Object(members) => {
                if !free {
                    found.push(place.to_owned());
                }
                members.iter().for_each(|(name, value)| objects(value, &format!("{place}/{name}"), found));
            }
            Value::Array(list) => {
                let each = list.iter().enumerate();
                each.for_each(|(at, value)| objects(value, &format!("{place}/{at}"), found));
            }
            _ => {}
        }
    }

    /// Whatever a newer host says that this filter does not know may be what protects somebody.
    #[test]
    fn what_a_newer_host_says_is_never_passed_over() {
        let mut places = Vec::new();
        objects(&whole(), "", &mut places);
        assert!(places.len() > 25, "{places:?}");
        for place in places {
            let mut newer = of("0.3.0");
            newer
                .pointer_mut(&place)
                .unwrap()
                .as_object_mut()
                .unwrap()
                .insert("invented".to_owned(), json!(true));
            let why = read(&newer, "0.2.0").expect_err(&place);
            assert!(why.contains("invented"), "{place}: {why}");
            assert!(why.contains("0.3.0 and this filter of 0.2.0: bring the filter"), "{place}: {why}");
        }
        // Nor a word for something new.
        let mut newer = of("0.3.0");
        newer["catalogue"]["masked"][0]["method"] = "tokenize".into();
        let why = read(&newer, "0.2.0").unwrap_err();
        assert!(why.contains("tokenize") && why.contains("bring the filter"), "{why}");
    }

    /// What is written where nothing of it is used is what every filter of a version before has to know.
    #[test]
    fn new_fields_are_left_out_where_nobody_uses_them() {
        let mut plain = whole();
        for unused in ["enforcement", "api", "detectors", "limits", "mask_key"] {
            plain.as_object_mut().unwrap().remove(unused);
        }
        let written = serde_json::to_value(read(&plain, VERSION).unwrap()).unwrap();
        let mut names: Vec<&str> = written.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        let known = [
            "approvals",
            "catalogue",
            "detectors",
            "digest",
            "format",
            "limits",
            "mask_key",
            "policies",
            "providers",
            "recording",
            "resource",
            "version",
        ];
        assert_eq!(names, known, "a field of a later version than 0.1 wants `skip_serializing_if`");
    }

    /// A host a version older leaves out what it does not know.
    #[test]
    fn what_an_older_host_leaves_out_protects() {
        let mut older = of("0.1.0");
        for unknown in ["enforcement", "detectors", "limits", "mask_key"] {
            older.as_object_mut().unwrap().remove(unknown);
        }
        let bundle = read(&older, "0.2.0").unwrap();
        assert!(bundle.enforcement.is_enforced());
        assert_eq!(bundle.limits, super::super::Limits::default());
    }
}
