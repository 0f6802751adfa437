//! One installation's files: `gatewright.yaml` with its policies, changed as a test wants them, and the
//! environment that they refer to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::scratch::Scratch;
use crate::tools;

/// A folder with a configuration of its own, which starts as a copy of the shop example.
#[derive(Debug)]
pub struct Site {
    scratch: Scratch,
    env: Vec<(String, String)>,
}

impl Site {
    /// A copy of `examples/shop`, with the variables that it refers to; `GW_DATA` is a folder in it.
    pub fn shop(mut env: Vec<(String, String)>) -> Result<Self> {
        let scratch = Scratch::new("site")?;
        env.push(("GW_DATA".to_owned(), scratch.join("data").display().to_string()));
        let site = Self { scratch, env };
        let shop = tools::repo().join("examples/shop");
        copy(&shop.join("gatewright.yaml"), &site.config())?;
        fs::create_dir(site.scratch.join("policies"))?;
        for entry in shop.join("policies").read_dir()? {
            let path = entry?.path();
            if let Some(name) = path.file_name() {
                copy(&path, &site.scratch.join("policies").join(name))?;
            }
        }
        Ok(site)
    }

    /// The path of `gatewright.yaml`.
    pub fn config(&self) -> PathBuf {
        self.scratch.join("gatewright.yaml")
    }

    /// The folder of all that this installation writes.
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// The host's data folder.
    pub fn data(&self) -> PathBuf {
        self.scratch.join("data")
    }

    /// Sets one value of the configuration, named by a JSON pointer such as `/resources/0/recording/mode`. What
    /// the pointer leads through is made where it is missing. The file is JSON (which is YAML) from then on.
    pub fn set(&self, pointer: &str, value: Value) -> Result<()> {
        let text = fs::read_to_string(self.config())?;
        let mut config: Value = serde_saphyr::from_str(&text).context("`gatewright.yaml` is not YAML")?;
        // In JSON every text is quoted, and `${NAME:-default}` is a variable only where it is not.
        self.resolve(&mut config);
        let mut place = &mut config;
        ensure!(pointer.starts_with('/'), "`{pointer}` is not a JSON pointer");
        for key in pointer.split('/').skip(1) {
            place = match place {
                Value::Array(items) => {
                    let index: usize = key.parse().with_context(|| format!("`{key}` in `{pointer}`"))?;
                    items.get_mut(index).with_context(|| format!("`{pointer}`: there is no item {index}"))?
                }
                Value::Object(fields) => {
                    fields.entry(key).or_insert_with(|| Value::Object(Default::default()))
                }
                _ => bail!("`{pointer}` leads through a plain value at `{key}`"),
            };
        }
        *place = value;
        self.write("gatewright.yaml", &serde_json::to_string_pretty(&config)?)
    }

    fn resolve(&self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.resolve(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.resolve(field)),
            Value::String(text) => {
                let name = text.strip_prefix("${").and_then(|rest| rest.split([':', '}']).next());
                if let Some((_, known)) = self.env.iter().find(|(known, _)| Some(known.as_str()) == name) {
                    known.clone_into(text);
                }
            }
            _ => {}
        }
    }

    /// Writes a policy file, which need not exist yet.
    pub fn policy(&self, name: &str, text: &str) -> Result<()> {
        self.write(&format!("policies/{name}"), text)
    }

    /// Writes a file in one step, so that a host that watches it never sees a half.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.scratch.join(name);
        let partial = path.with_extension("partial");
        fs::write(&partial, text)?;
        fs::rename(&partial, &path).with_context(|| format!("writing `{}`", path.display()))
    }

    /// The variables that the configuration refers to, secrets among them.
    pub fn env(&self) -> &[(String, String)] {
        &self.env
    }

    /// `gatewright` with arguments, in this installation's environment.
    pub fn gatewright(&self, args: &[&str]) -> Result<Command> {
        let mut command = Command::new(tools::gatewright()?);
        command
            .args(args)
            .current_dir(self.folder())
            .envs(self.env.iter().cloned())
            .env("GATEWRIGHT_CONFIG", self.config());
        Ok(command)
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("copying `{}`", from.display())).map(|_| ())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sets_values_that_are_there_and_values_that_are_not() {
        let site = Site::shop(Vec::new()).unwrap();
        site.set("/resources/0/approvals/mode", json!("retry")).unwrap();
        site.set("/resources/0/limits/max_prepared", json!(7)).unwrap();
        let config: Value = serde_saphyr::from_str(&fs::read_to_string(site.config()).unwrap()).unwrap();
        assert_eq!(config["resources"][0]["approvals"]["mode"], "retry");
        assert_eq!(config["resources"][0]["limits"]["max_prepared"], 7);
        assert_eq!(config["resources"][0]["database"], "shop");
        assert!(site.set("/version/x", json!(1)).is_err());
    }
}
