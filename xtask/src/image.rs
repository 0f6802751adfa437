//! `cargo xtask image`: an image of Envoy for a Docker engine that cannot pull one: the installed binary, what it loads,
//! and the filters where the operator's files have them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use gatewright_tests::scratch::Scratch;
use gatewright_tests::tools::{self, Filter};
use gatewright_tests::{container, run};

use crate::report::step;

/// Its name: not that of Envoy's own image, which it is not.
pub(crate) fn name() -> String {
    format!("gatewright-envoy:{}", tools::ENVOY_VERSION)
}

pub(crate) fn build() -> Result<()> {
    container::engine()?;
    let root = Scratch::new("image")?;
    // Whoever the container runs as has to get in.
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755))?;
    let envoy = tools::envoy()?;
    put(&envoy, root.path(), Path::new("/usr/local/bin/envoy"))?;
    for library in libraries(&envoy)? {
        put(&library, root.path(), &library)?;
    }
    for filter in [Filter::Release, Filter::Http] {
        let module = tools::filter(filter)?;
        let name = module.file_name().context("a module without a name")?;
        put(&module, root.path(), &Path::new("/etc/gatewright").join(name))?;
    }
    // For TLS towards what public authorities issued certificates to.
    let authorities = Path::new("/etc/ssl/certs/ca-certificates.crt");
    if authorities.exists() {
        put(authorities, root.path(), authorities)?;
    }
    fs::create_dir_all(root.join("tmp"))?;
    fs::set_permissions(root.join("tmp"), fs::Permissions::from_mode(0o1777))?;
    import(root.path())?;
    step("Built", format!("the image {}; GATEWRIGHT_ENVOY_IMAGE={} makes tests use it", name(), name()));
    Ok(())
}

/// What a binary loads, by the system's own loader, which is among it.
fn libraries(binary: &Path) -> Result<Vec<PathBuf>> {
    let said = run(Command::new("ldd").arg(binary))?;
    ensure!(said.success, "`ldd {}` failed: {}", binary.display(), said.stderr);
    let words = said.stdout.split_whitespace();
    Ok(words.filter(|word| word.starts_with('/')).map(PathBuf::from).collect())
}

/// Copies a file to where it is in the image; what links lead to, not links.
fn put(from: &Path, root: &Path, to: &Path) -> Result<()> {
    let to = root.join(to.strip_prefix("/")?);
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::copy(from, &to).with_context(|| format!("copying `{}`", from.display()))?;
    Ok(())
}

fn import(root: &Path) -> Result<()> {
    let owner = ["--owner=0", "--group=0", "--numeric-owner", "--sort=name"];
    let mut tar = Command::new("tar")
        .args(owner)
        .args(["--create", "--directory"])
        .arg(root)
        .arg(".")
        .stdout(Stdio::piped())
        .spawn()
        .context("starting tar")?;
    let archive = tar.stdout.take().context("tar has no output")?;
    let said = Command::new("docker")
        .args(["import", "--change", r#"ENTRYPOINT ["/usr/local/bin/envoy"]"#, "-", &name()])
        .stdin(archive)
        .stdout(Stdio::null())
        .status()
        .context("starting docker")?;
    ensure!(tar.wait()?.success() && said.success(), "`docker import` failed: {said}");
    Ok(())
}
