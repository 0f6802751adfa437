//! `cargo xtask demo`: the whole stack on this machine, and a session that shows what it does.

mod files;
mod follow;
mod start;
mod stop;
mod story;

use anyhow::Result;
use clap::Args;
use gatewright_tests::proxy::Kind;

use crate::build;
use crate::setup::{self, Say};

#[derive(Args)]
pub(crate) struct Demo {
    /// Leave it running in the background and write target/demo/env
    #[arg(long, conflicts_with = "stop")]
    detach: bool,
    /// Use `gatewright run` in Envoy's place
    #[arg(long, conflicts_with = "stop")]
    standalone: bool,
    /// End the one that runs in the background
    #[arg(long)]
    stop: bool,
    /// Be the background process of --detach
    #[arg(long, hide = true, conflicts_with_all = ["detach", "stop"])]
    supervise: bool,
}

pub(crate) fn run(demo: &Demo) -> Result<()> {
    if demo.supervise {
        // Away from the terminal whose end would end it.
        rustix::process::setsid()?;
        return start::run(demo.proxy());
    }
    if demo.stop {
        return stop::run(stop::Say::Always);
    }
    let ready = setup::run(Say::Changes)?;
    build::host()?;
    build::filters(ready.wasm)?;
    stop::run(stop::Say::IfRunning)?;
    if demo.detach { follow::run(demo.proxy()) } else { start::run(demo.proxy()) }
}

impl Demo {
    fn proxy(&self) -> Kind {
        if self.standalone { Kind::Standalone } else { Kind::Envoy }
    }
}
