//! The operator's files for xDS: everything changes while agents work, and no connection ends that need not.
#![allow(missing_docs, reason = "a test")]

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use gatewright_tests::client::Login;
use gatewright_tests::envoy::Envoy;
use gatewright_tests::http;
use gatewright_tests::kit::{Kit, Names};
use gatewright_tests::wait;
use tokio::task::JoinSet;

/// Agents at work: some stay connected, some come and go.
struct Load {
    stop: Arc<AtomicBool>,
    /// Statements of those who stay, and visits of those who do not.
    done: Arc<[AtomicUsize; 2]>,
    /// Tasks of those who stay that ended because something went wrong.
    broken: Arc<AtomicUsize>,
    tasks: JoinSet<(bool, Result<()>)>,
}

impl Load {
    fn start(login: &Login) -> Self {
        let (stop, done) = (Arc::default(), Arc::default());
        let mut load = Self { stop, done, broken: Arc::default(), tasks: JoinSet::new() };
        for stays in [true, true, true, true, false, false] {
            let (stop, done) = (Arc::clone(&load.stop), Arc::clone(&load.done));
            let (login, broken) = (login.clone(), Arc::clone(&load.broken));
            load.tasks.spawn(async move {
                let work = async {
                    while !stop.load(Ordering::Relaxed) {
                        let session = login.connect().await?;
                        loop {
                            let rows = session
                                .client
                                .simple_query("SELECT email FROM customers WHERE id = 1")
                                .await?;
                            ensure!(format!("{rows:?}").contains("***"), "not masked: {rows:?}");
                            done[usize::from(!stays)].fetch_add(1, Ordering::Relaxed);
                            if !stays || stop.load(Ordering::Relaxed) {
                                break;
                            }
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                    }
                    Ok(())
                };
                let worked = work.await;
                if stays && worked.is_err() {
                    broken.fetch_add(1, Ordering::Relaxed);
                }
                (stays, worked)
            });
        }
        load
    }

    /// Waits until each kind has done some more.
    async fn goes_on(&self, limit: Duration) -> Result<()> {
        let now = || self.done.each_ref().map(|done| done.load(Ordering::Relaxed));
        let (start, before) = (tokio::time::Instant::now(), now());
        while now().iter().zip(before).any(|(now, before)| *now < before + 8) {
            ensure!(start.elapsed() < limit, "no progress: {before:?} {:?}", now());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Errors of those who stay, and of those who do not.
    async fn end(mut self) -> Result<[Vec<String>; 2]> {
        self.stop.store(true, Ordering::Relaxed);
        let mut errors = [Vec::new(), Vec::new()];
        while let Some(task) = self.tasks.join_next().await {
            if let (stays, Err(error)) = task? {
                errors[usize::from(!stays)].push(format!("{error:#}"));
            }
        }
        Ok(errors)
    }
}

/// The sum of the counters whose name has these parts.
fn counted(envoy: &Envoy, parts: &[&str]) -> Result<u64> {
    let stats = http::get(&format!("{}/stats", envoy.admin_url()), None)?.body;
    let lines = stats.lines().filter(|line| parts.iter().all(|part| line.contains(part)));
    Ok(lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum())
}

fn counts_up(envoy: &Envoy, parts: &[&str], before: u64) -> Result<()> {
    wait::until(&parts.join(" "), Duration::from_secs(60), || {
        Ok((counted(envoy, parts)? > before).then_some(()))
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_changes_while_agents_work() -> Result<()> {
    let kit = Kit::new()?;
    let behind = kit.database()?;
    let envoy = kit.start("xds/bootstrap.yaml", &behind.names)?;
    let names = Names { listen: envoy.port(), ..behind.names.clone() };
    let login = Login::new(envoy.port(), &behind.stack.idp.token("ann", &["support"])?);
    let first = login.psql(&["SELECT 1"])?;
    ensure!(first.stdout == "1\n", "{first:?}\n{}", envoy.log());
    behind.sound(&envoy)?;
    let load = Load::start(&login);
    let patience = Duration::from_secs(60);
    load.goes_on(patience).await?;

    // ECDS: another configuration of the filter, and another module: the same code with a section that says so.
    let mut module = fs::read(kit.path("gatewright_postgres.wasm"))?;
    module.extend([0, 5, 4, b'n', b'e', b'x', b't']);
    fs::write(kit.path("next.wasm"), module)?;
    let filter = kit.text("xds/filters.yaml", &names)?;
    let next = filter
        .replace("gatewright_postgres.wasm", "next.wasm")
        .replace("\"resource\": \"shop\"", "\"resource\": \"shop\", \"host_authority\": \"next.example\"");
    ensure!(next.contains("next.wasm") && next.contains("next.example"), "{next}");
    let reloads = ["extension_config_discovery", "config_reload:"];
    let before = counted(&envoy, &reloads)?;
    kit.replace("xds/filters.yaml", &next)?;
    counts_up(&envoy, &reloads, before)?;
    load.goes_on(patience).await?;
    ensure!(envoy.config_dump()?.contains("next.wasm"), "{}", envoy.config_dump()?);
    behind.sound(&envoy)?;

    // What Envoy does not accept changes nothing.
    let rejections = ["extension_config_discovery", "update_rejected:"];
    let before = counted(&envoy, &rejections)?;
    kit.replace("xds/filters.yaml", &next.replace("next.wasm", "nowhere.wasm"))?;
    counts_up(&envoy, &rejections, before).context(envoy.log())?;
    load.goes_on(patience).await?;
    kit.replace("xds/filters.yaml", &filter)?;
    wait::until("the first module again", patience, || {
        Ok((!envoy.config_dump()?.contains("next.wasm")).then_some(()))
    })?;
    load.goes_on(patience).await?;

    // CDS: how the database is reached.
    let clusters = kit.text("xds/clusters.yaml", &names)?;
    kit.replace("xds/clusters.yaml", &clusters.replace("connect_timeout: 5s", "connect_timeout: 6s"))?;
    wait::until("the cluster", patience, || Ok(envoy.config_dump()?.contains("\"6s\"").then_some(())))?;
    load.goes_on(patience).await?;
    let [stayed, visited] = load.end().await?;
    ensure!(stayed.is_empty() && visited.is_empty(), "{stayed:?} {visited:?}\n{}", envoy.log());

    // LDS: those who stay are closed when their time is over; who comes is served.
    let load = Load::start(&login);
    load.goes_on(patience).await?;
    let listener = kit.text("xds/listeners.yaml", &names)?;
    kit.replace(
        "xds/listeners.yaml",
        &listener.replace("stat_prefix: gatewright_shop", "stat_prefix: next"),
    )?;
    wait::until("the listener", patience, || Ok(envoy.config_dump()?.contains("\"next\"").then_some(())))?;
    wait::until("the old listener's connections to end", patience, || {
        Ok((load.broken.load(Ordering::Relaxed) == 4).then_some(()))
    })?;
    let later = login.psql(&["SELECT 1"])?;
    ensure!(later.stdout == "1\n", "{later:?}");
    let [stayed, _] = load.end().await?;
    ensure!(stayed.len() == 4, "the old listener's connections are still there: {stayed:?}");
    behind.sound(&envoy)
}
