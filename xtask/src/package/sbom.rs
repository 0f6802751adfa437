//! SBOMs (CycloneDX 1.6, JSON) of what is really linked.
//!
//! By own code over `cargo tree`, which resolves the features of one package for one target without what only builds,
//! macros and tests need. `cargo metadata` resolves the workspace as a whole, and so would `cargo-cyclonedx`, which reads
//! that; it writes times and random numbers too, and an SBOM shall be the same for the same source.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, bail};
use gatewright_artifact::Digest;
use gatewright_tests::tools;
use serde_json::{Value, json};

use crate::command::{cargo, output};

/// What an SBOM is of.
pub(crate) struct Subject<'s> {
    /// Cargo's package.
    pub(crate) package: &'s str,
    /// The file that comes of it.
    pub(crate) name: &'s str,
    /// What it is built for; this system if not given.
    pub(crate) target: Option<&'s str>,
    /// Of the file.
    pub(crate) digest: Option<Digest>,
    /// Of the compiler, whose standard library is linked too.
    pub(crate) rustc: String,
}

/// One package as `cargo tree` prints it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    name: String,
    version: String,
    /// Whether it is of this workspace.
    own: bool,
    license: String,
    repository: String,
}

/// Parts, and which of them each one uses.
type Graph = BTreeMap<Part, BTreeSet<Part>>;

/// The SBOM.
pub(crate) fn of(subject: &Subject<'_>) -> Result<Value> {
    let mut tree = cargo();
    tree.args(["tree", "--locked", "--package", subject.package, "--edges", "normal,no-proc-macro"]).args([
        "--prefix",
        "depth",
        "--charset",
        "ascii",
        "--format",
        "\t{p}\t{l}\t{r}\t",
    ]);
    match subject.target {
        Some(target) => tree.args(["--target", target]),
        None => &mut tree,
    };
    let (root, graph) = parse(&output(&mut tree)?)?;
    let lock = fs::read_to_string(tools::repo().join("Cargo.lock")).context("Cargo.lock")?;
    Ok(document(subject, &root, &graph, &checksums(&lock)))
}

/// Reads `cargo tree --prefix depth`: what was printed before ends with `(*)`, without its own dependencies.
fn parse(tree: &str) -> Result<(Part, Graph)> {
    let mut graph = Graph::new();
    let mut above: Vec<Part> = Vec::new();
    for line in tree.lines().filter(|line| !line.trim().is_empty()) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [depth, package, license, repository, ..] = fields.as_slice() else {
            bail!("`cargo tree` printed what is not understood: {line}");
        };
        let depth: usize = depth.parse().with_context(|| format!("the depth of {line}"))?;
        let mut words = package.split(' ');
        let (name, version) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let part = Part {
            name: name.to_owned(),
            version: version.trim_start_matches('v').to_owned(),
            // `(/where/it/is)`: of the workspace, since no dependency comes from elsewhere than the registry.
            own: words.next().is_some_and(|place| place.starts_with("(/")),
            license: license.replace('/', " OR ").replace("  ", " "),
            repository: repository.to_string(),
        };
        if part.name.is_empty() || depth > above.len() {
            bail!("`cargo tree` printed what is not understood: {line}");
        }
        above.truncate(depth);
        if let Some(user) = above.last() {
            graph.entry(user.clone()).or_default().insert(part.clone());
        }
        graph.entry(part.clone()).or_default();
        above.push(part);
    }
    let root = above.into_iter().next().context("`cargo tree` printed nothing")?;
    Ok((root, graph))
}

/// SHA-256 of packages of the registry, by name and version.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let value = |package: &str, name: &str| {
        let line = package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "))?;
        Some(line.trim_matches('"').to_owned())
    };
    let packages = lock.split("[[package]]").skip(1);
    packages
        .filter_map(|package| {
            let key = (value(package, "name")?, value(package, "version")?);
            Some((key, value(package, "checksum")?))
        })
        .collect()
}

fn document(
    subject: &Subject<'_>,
    root: &Part,
    graph: &Graph,
    checksums: &BTreeMap<(String, String), String>,
) -> Value {
    let std = format!("rust-std@{}", subject.rustc);
    let mut parts: Vec<Value> = graph
        .keys()
        .filter(|part| *part != root)
        .map(|part| {
            let key = (part.name.clone(), part.version.clone());
            component(part, checksums.get(&key))
        })
        .collect();
    parts.push(json!({
        "type": "library", "bom-ref": std, "name": "rust-std", "version": subject.rustc,
        "description": "Rust's standard library",
        "licenses": [{ "expression": "MIT OR Apache-2.0" }],
    }));
    let mut depend: Vec<Value> = graph
        .iter()
        .map(|(part, uses)| {
            // Every package uses it; it is said once.
            let std = (part == root).then(|| std.clone());
            let uses: Vec<String> = uses.iter().map(reference).chain(std).collect();
            json!({ "ref": reference(part), "dependsOn": uses })
        })
        .collect();
    depend.push(json!({ "ref": std }));
    let mut own = component(root, None);
    own["type"] = "application".into();
    own["name"] = subject.name.into();
    if let Some(digest) = &subject.digest {
        own["hashes"] = json!([{ "alg": "SHA-256", "content": digest.hex() }]);
    }
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "lifecycles": [{ "phase": "build" }],
            "component": own,
            "properties": [{ "name": "cargo:target", "value": subject.target.unwrap_or("host") }],
        },
        "components": parts,
        "dependencies": depend,
    })
}

fn component(part: &Part, checksum: Option<&String>) -> Value {
    let mut component = json!({
        "type": "library", "bom-ref": reference(part), "name": part.name, "version": part.version,
    });
    // What is not in the registry has no name there.
    if !part.own {
        component["purl"] = reference(part).into();
    }
    if let Some(checksum) = checksum {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    if !part.license.is_empty() {
        component["licenses"] = json!([{ "expression": part.license }]);
    }
    if part.repository.starts_with("https://") {
        component["externalReferences"] = json!([{ "type": "vcs", "url": part.repository }]);
    }
    component
}

fn reference(part: &Part) -> String {
    let Part { name, version, own, .. } = part;
    // In a package URL a `+` has to be written so.
    if *own {
        format!("{name}@{version}")
    } else {
        format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_are_read_with_what_is_printed_once() {
        let tree = "0\ta v0.1.0 (/x/a)\tApache-2.0\thttps://x\t\n1\tb v1.0.0+c\tMIT/Apache-2.0\t\t\n2\tc v2.0.0\tMIT\t\t\n\
                    1\tc v2.0.0\tMIT\t\t\n1\td v3.0.0\tMIT\t\t\n2\tb v1.0.0+c\tMIT/Apache-2.0\t\t (*)\n";
        let (root, graph) = parse(tree).unwrap();
        let uses = |name: &str| {
            let (_, uses) = graph.iter().find(|(part, _)| part.name == name).unwrap();
            uses.iter().map(reference).collect::<Vec<_>>()
        };
        assert_eq!((reference(&root), graph.len()), ("a@0.1.0".to_owned(), 4));
        assert_eq!(uses("a"), ["pkg:cargo/b@1.0.0%2Bc", "pkg:cargo/c@2.0.0", "pkg:cargo/d@3.0.0"]);
        assert_eq!(
            (uses("b"), uses("d")),
            (vec!["pkg:cargo/c@2.0.0".to_owned()], vec!["pkg:cargo/b@1.0.0%2Bc".to_owned()])
        );
        assert!(graph.keys().all(|part| part.name != "b" || part.license == "MIT OR Apache-2.0"));
        assert!(parse("").is_err() && parse("2\tb v1\tMIT\t\t").is_err() && parse("nonsense").is_err());
    }
}
