//! What the host alone takes in: batches as filters send them, over kept connections, onto its disk.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use gatewright_core::api::EventBatch;
use gatewright_core::event::Kind;
use gatewright_core::run::{Chain, Lines, SealedRun};
use gatewright_tests::host::Host;
use gatewright_tests::port::Port;
use gatewright_tests::secret;
use gatewright_tests::site::Site;

use super::connection::Connection;
use super::cpu;
use crate::report::{Paint, paint, step};

/// Connections: one for each of two workers of an Envoy.
const WORKERS: usize = 2;
/// Sessions of each worker.
const SESSIONS: usize = 8;
/// Statements of each session in a batch of `buffered`.
const STATEMENTS: u64 = 40;
/// Events of `buffered` for each second that was asked for: about what a host takes in.
const SUSTAINED: u64 = 250_000;
/// Statements per second of `strict`, all workers together.
const RATE: u64 = 2_000;
/// At least so many events per second, `buffered`.
const EVENTS_BAR: f64 = 50_000.0;
/// At most so many milliseconds until 99 of 100 statements are acknowledged, `strict`.
const P99_BAR: f64 = 5.0;

/// Measures and prints, each mode for that many seconds.
pub(crate) fn run(seconds: u32) -> Result<()> {
    if std::env::var_os("GATEWRIGHT_BIN").is_none() {
        return super::with_release_host();
    }
    let port = Port::free()?;
    let (address, token) = (port.address(), secret());
    let nowhere = "127.0.0.1:1";
    let env = [
        ("GW_HOST_LISTEN", address.clone()),
        ("GW_HOST_PUBLIC_URL", format!("http://{address}")),
        ("GW_PG_TARGET", nowhere.to_owned()),
        ("GW_JWKS_URL", format!("http://{nowhere}/jwks.json")),
        ("GATEWRIGHT_FILTER_TOKEN", token.clone()),
        ("SHOP_SUPPORT_PASSWORD", secret()),
        ("SHOP_API_KEY", secret()),
        ("SHOP_MCP_KEY", secret()),
    ];
    let site = Site::shop(env.map(|(name, value)| (name.to_owned(), value)).to_vec())?;
    let mut host = Host::new(&site, port);
    host.launch(&site)?;
    let connect = || Connection::open(&address, &token);
    let id = host.id().context("the host does not run")?;
    let memory = || Ok::<_, anyhow::Error>(cpu::resident(id)? as f64 / 1e3);

    // So that what is measured is not the first growth of everything.
    buffered(connect, EVENTS_BAR as u64)?;
    let before = memory()?;
    step("Measuring", "buffered: full batches, one after another");
    let events = u64::from(seconds) * SUSTAINED;
    let took = buffered(connect, events)?;
    let rate = events as f64 / took.as_secs_f64();
    let between = memory()?;
    step("Measuring", format!("strict: {RATE} statements per second"));
    let mut waits = strict(connect, seconds)?;
    waits.sort_unstable();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    let (p50, p99) = (at(0.50), at(0.99));

    println!("\n{}", paint(Paint::Bold, "The host takes events in"));
    let verdict = |good: bool| if good { "" } else { "  missed" };
    println!(
        "buffered  {rate:>10.0} events per second, acknowledged, over {:.1} s; at least {EVENTS_BAR:.0}{}",
        took.as_secs_f64(),
        verdict(rate >= EVENTS_BAR)
    );
    println!(
        "strict    {p50:>10.2} ms p50, {p99:.2} ms p99 from statement to acknowledgement at {RATE} statements \
         per second; p99 at most {P99_BAR}{}",
        verdict(p99 <= P99_BAR)
    );
    println!(
        "memory    {before:>10.0} MB at first, {between:.0} MB after `buffered`, {:.0} MB after `strict`",
        memory()?
    );
    println!(
        "\n`strict` for {seconds} s. {WORKERS} connections, {SESSIONS} sessions on each; the load is made on the same cores. \
         One fsync on this disk takes {:.2} ms (median).",
        fsync(&site)?
    );
    let verified = gatewright_tests::run(&mut site.gatewright(&["sessions", "verify"])?)?;
    anyhow::ensure!(verified.success, "what was recorded does not verify: {}", verified.stdout);
    println!("{}", verified.stdout.trim());
    Ok(())
}

/// One session of an agent, as a filter records it.
struct Session {
    chain: Chain,
    lines: Lines,
    statements: u64,
}

impl Session {
    fn new() -> Self {
        let mut lines = Lines::default();
        let text = str::to_owned;
        let kind = Kind::Open {
            resource: text("shop"),
            principal: text("bench"),
            issuer: text("https://idp.example"),
            groups: vec![text("support")],
            role: text("support"),
            database: text("shop"),
            source: text("127.0.0.1:50000"),
            application: text("pgbench"),
        };
        lines.push(now(), &kind);
        // What the filter draws at random.
        Self { chain: Chain::new(&secret()[..32]), lines, statements: 0 }
    }

    fn statement(&mut self) {
        self.statements += 1;
        let kind = Kind::Statement {
            statement: self.statements,
            text: "SELECT abalance FROM pgbench_accounts WHERE aid = $1;".to_owned(),
            parameters: vec![Some((self.statements * 7_919 % 500_000).to_string())],
            decision: "allow".to_owned(),
            would: None,
            policies: vec!["support-reads".to_owned()],
            reason: String::new(),
            shape: None,
            explanation: None,
            explained_by: Some(1),
            trace: None,
        };
        self.lines.push(now(), &kind);
    }

    fn result(&mut self) {
        let kind = Kind::Result {
            statement: self.statements,
            tag: "SELECT 1".to_owned(),
            columns: vec!["abalance".to_owned()],
            rows: vec![vec![Some((self.statements % 977).to_string())]],
            row_count: 1,
            masked: Vec::new(),
            unmasked: false,
            would_hide: Vec::new(),
            would_withhold: None,
            elapsed_ms: 0,
        };
        self.lines.push(now(), &kind);
    }

    fn seal(&mut self) -> Option<SealedRun> {
        let run = (!self.lines.is_empty()).then(|| self.chain.seal(&self.lines));
        self.lines.clear();
        run
    }
}

/// What waits of these sessions, as one body; `None` if nothing does.
fn batch<'a>(sessions: impl Iterator<Item = &'a mut Session>) -> Option<Vec<u8>> {
    let runs: Vec<SealedRun> = sessions.filter_map(Session::seal).collect();
    (!runs.is_empty()).then(|| EventBatch { resource: "shop".to_owned(), runs }.lines())
}

/// That many events in full batches, each sent when the one before is acknowledged; the time that it took.
fn buffered(connect: impl Fn() -> Result<Connection>, events: u64) -> Result<Duration> {
    // Made beforehand: what is measured is the host.
    let per_batch = SESSIONS as u64 * STATEMENTS * 2;
    let batches = events / per_batch / WORKERS as u64;
    let mut work = Vec::new();
    for _ in 0..WORKERS {
        let mut sessions: Vec<Session> = (0..SESSIONS).map(|_| Session::new()).collect();
        let mut bodies = Vec::new();
        for _ in 0..batches {
            for session in &mut sessions {
                (0..STATEMENTS).for_each(|_| {
                    session.statement();
                    session.result();
                });
            }
            bodies.extend(batch(sessions.iter_mut()));
        }
        work.push((connect()?, bodies));
    }
    let start = Instant::now();
    let workers: Vec<_> = work
        .into_iter()
        .map(|(mut connection, bodies)| {
            thread::spawn(move || bodies.iter().try_for_each(|body| connection.send(body)))
        })
        .collect();
    for worker in workers {
        worker.join().map_err(|_| anyhow!("a worker panicked"))??;
    }
    Ok(start.elapsed())
}

/// Statements at a fixed rate; each waits for its acknowledgement, and its result is recorded after it. Like a
/// filter's, a worker has one batch under way, and what comes meanwhile goes with the next.
fn strict(connect: impl Fn() -> Result<Connection>, seconds: u32) -> Result<Vec<Duration>> {
    let mut workers = Vec::new();
    for _ in 0..WORKERS {
        let mut connection = connect()?;
        workers.push(thread::spawn(move || -> Result<Vec<Duration>> {
            let mut sessions: Vec<Session> = (0..SESSIONS).map(|_| Session::new()).collect();
            connection.send(&batch(sessions.iter_mut()).unwrap_or_default())?;
            let pause = Duration::from_secs(WORKERS as u64) / RATE as u32;
            let (start, mut sent) = (Instant::now(), 0_u32);
            let mut waits = Vec::new();
            while start.elapsed() < Duration::from_secs(seconds.into()) {
                // Statements that are due, each with the time when it was.
                let due: Vec<(u32, Instant)> = (sent..)
                    .map(|i| (i, start + pause * i))
                    .take_while(|(_, at)| *at <= Instant::now())
                    .collect();
                sent += due.len() as u32;
                for (i, _) in &due {
                    sessions[*i as usize % SESSIONS].statement();
                }
                let Some(body) = batch(sessions.iter_mut()) else {
                    thread::sleep((start + pause * sent).saturating_duration_since(Instant::now()));
                    continue;
                };
                connection.send(&body)?;
                for (i, at) in due {
                    waits.push(at.elapsed());
                    sessions[i as usize % SESSIONS].result();
                }
            }
            Ok(waits)
        }));
    }
    let mut waits = Vec::new();
    for worker in workers {
        waits.extend(worker.join().map_err(|_| anyhow!("a worker panicked"))??);
    }
    Ok(waits)
}

fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as u64
}

/// Milliseconds that a page takes onto the disk, the median: no acknowledgement can be faster.
fn fsync(site: &Site) -> Result<f64> {
    use std::os::unix::fs::FileExt as _;
    let file = fs::File::create(site.folder().join("fsync"))?;
    let mut times = Vec::new();
    for page in 0..100 {
        file.write_all_at(&[1; 4096], page % 10 * 4096)?;
        let start = Instant::now();
        file.sync_data()?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}
