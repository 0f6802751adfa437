//! Hosts that are killed at random moments under load, and a database that goes away: whatever was acknowledged is there
//! afterwards, and nothing happened twice.
//!
//! `GATEWRIGHT_KILLS` says how often a host is killed on each database.

#[allow(dead_code, reason = "each suite uses a part of it")]
#[path = "support/approvals.rs"]
mod approvals;
#[path = "support/events.rs"]
mod events;
#[allow(dead_code, reason = "each suite uses a part of it")]
#[path = "support/host.rs"]
mod host;
#[path = "support/load.rs"]
mod load;
#[allow(dead_code, reason = "each suite uses a part of it")]
#[path = "support/postgres.rs"]
mod postgres;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use host::{FILTER_TOKEN, Host};
use load::{Load, until};
use postgres::Postgres;
use serde_json::Value;

/// How often, unless somebody says otherwise: about a minute on two cores with SQLite, and three with PostgreSQL.
const KILLS: usize = 200;

fn kills() -> usize {
    std::env::var("GATEWRIGHT_KILLS").map_or(KILLS, |kills| kills.parse().unwrap())
}

/// Kills hosts so often, and looks at what is there afterwards.
async fn killed(mut hosts: Vec<Host>, kills: usize) {
    let load = Load::new(&hosts);
    let mut tasks = load.start(6, 2);
    let began = Instant::now();
    for round in 0..kills {
        // Within the first moments of a host, while it works, and rarely all at once.
        tokio::time::sleep(Duration::from_millis(rand::random_range(0..250))).await;
        let first = rand::random_range(0..hosts.len());
        let all = rand::random_range(0..10) == 0;
        let which: Vec<usize> = (0..hosts.len()).filter(|host| all || *host == first).collect();
        tokio::task::block_in_place(|| {
            for host in &which {
                hosts[*host].kill();
            }
            for host in &which {
                hosts[*host].start_again();
                load.moved(*host, &hosts[*host].url);
            }
        });
        if let Some(ended) = tasks.try_join_next() {
            panic!("in round {round}: {ended:?}");
        }
    }
    // What is under way is answered, or not, once nobody dies any more.
    let before = load.acknowledged();
    until("an acknowledgement", async || load.acknowledged() > before).await;
    load.stop();
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    let (events, approvals) = load.check(&hosts[0]).await;
    println!(
        "{kills} kills in {:?}: {events} events and {approvals} approvals were acknowledged, {} answers were none",
        began.elapsed(),
        load.unanswered.load(Ordering::Relaxed)
    );
    assert!(events > kills as u64 && approvals > 0, "nothing happened");
    for host in &mut hosts {
        host.stop();
        host.verify("gatewright.yaml");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_killed_loses_nothing() {
    killed(vec![Host::start(1)], kills()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_of_one_database_that_are_killed_lose_nothing() {
    let postgres = Postgres::start();
    let first = Host::start_on(&postgres.url("shop"), None);
    let second = Host::start_on(&postgres.url("shop"), Some(&first));
    killed(vec![first, second], kills()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_and_comes_back_loses_nothing() {
    let mut postgres = Postgres::start();
    let first = Host::start_on(&postgres.url("shop"), None);
    let second = Host::start_on(&postgres.url("shop"), Some(&first));
    let mut hosts = vec![first, second];
    let load = Load::new(&hosts);
    let mut tasks = load.start(6, 2);
    for _ in 0..5 {
        let before = load.acknowledged();
        until("an acknowledgement", async || load.acknowledged() > before + 20).await;
        tokio::task::block_in_place(|| postgres.crash());
        for host in &hosts {
            let away = |status, said: &Value| status == 503 && said["store"] == "it cannot be written";
            host.until("that it is away", "/readyz", away).await;
            assert_eq!(host.get("/healthz", "").await.0, 200, "it lives nevertheless");
            let (status, answer) = host.get("/v1/filter/approvals/NONE/wait", FILTER_TOKEN).await;
            assert_eq!(status, 503);
            assert!(answer["detail"].as_str().unwrap().contains("ask again"), "{answer}");
        }
        // What was committed before is answered by the time that both know.
        let before = load.acknowledged();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(load.acknowledged(), before, "nothing is acknowledged while it is away");
        tokio::task::block_in_place(|| postgres.start_again());
        for host in &hosts {
            host.until("that it is back", "/readyz", |_, said| said["store"] == "writable").await;
        }
    }
    let before = load.acknowledged();
    until("an acknowledgement", async || load.acknowledged() > before).await;
    load.stop();
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    let (events, approvals) = load.check(&hosts[1]).await;
    assert!(events > 100 && approvals > 0, "nothing happened");
    for host in &mut hosts {
        host.stop();
        host.verify("gatewright.yaml");
    }
}
