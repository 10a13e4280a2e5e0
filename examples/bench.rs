//! Prints how fast the program is, against its targets: counts and ratios, on the embedded workspace.
//!
//! `cargo build --release && cargo run --release --example bench`. No test: what it prints depends on the machine. With
//! `loop` behind it only the loop is measured, AMGCTL_ROUNDS rounds of it; `manifests` and `reports` name other parts.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use amgctl::sandbox::{self, Options, Running, Version};
use anyhow::{Context, Result};
use serde_json::{Value, json};

/// How many rounds of a loop are run where AMGCTL_ROUNDS does not say, and after how many its memory is first looked at.
const ROUNDS: usize = 10_000;
const WARM: usize = 100;
/// After how many rounds the memory of a loop is shown.
const LOOKS: [usize; 5] = [1, 100, 1_000, 5_000, 10_000];

/// How long every answer of the embedded workspace waits.
const LATENCY: Duration = Duration::from_millis(20);

fn main() -> Result<()> {
    let program = std::env::current_exe()?;
    let program = program.parent().and_then(Path::parent).context("no target directory")?.join("amgctl");
    anyhow::ensure!(program.exists(), "build it first: cargo build --release");
    let work = tempfile::tempdir()?;
    let bench = Bench { program, home: work.path().to_owned() };
    println!("{:<58} {:>14} {:>14}", "figure", "measured", "target");
    let runtime = tokio::runtime::Runtime::new()?;
    let rounds = std::env::var("AMGCTL_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS);
    let only = std::env::args().nth(1);
    let is_wanted = |part: &str| only.as_deref().is_none_or(|only| only == part);
    for part in ["loop", "manifests", "reports"].into_iter().filter(|part| is_wanted(part)) {
        let quiet = runtime.block_on(sandbox::start(Options::default()))?;
        match part {
            "loop" => bench.loops(&quiet, rounds)?,
            "manifests" => bench.manifests(&quiet)?,
            _ => bench.reports(&quiet)?,
        }
        runtime.block_on(quiet.shutdown())?;
    }
    if only.is_some() {
        return Ok(());
    }
    bench.starts()?;
    bench.validates()?;
    for version in ["12.4", "9.4"] {
        let running = runtime.block_on(serve(version))?;
        bench.plans(version, &running)?;
        let fresh = runtime.block_on(serve(version))?;
        bench.applies(version, &fresh)?;
        runtime.block_on(running.shutdown())?;
        runtime.block_on(fresh.shutdown())?;
    }
    Ok(())
}

async fn serve(version: &str) -> Result<Running> {
    let version: Version = version.parse()?;
    sandbox::start(Options { version, latency: LATENCY, log: true, ..Options::default() }).await
}

struct Bench {
    program: PathBuf,
    home: PathBuf,
}

/// What one run of the program took.
struct Ran {
    seconds: f64,
    peak: u64,
    requests: u64,
    bytes: u64,
}

impl Bench {
    fn starts(&self) -> Result<()> {
        for flag in ["--version", "--help"] {
            let runs = (0..20).map(|_| self.run(&[flag], None)).collect::<Result<Vec<Ran>>>()?;
            let best = runs.iter().map(|r| r.seconds).fold(f64::MAX, f64::min);
            row(&format!("amgctl {flag}, best of 20"), &format!("{:.1} ms", best * 1e3), "< 10 ms", best < 0.01);
        }
        Ok(())
    }

    fn validates(&self) -> Result<()> {
        let large = self.home.join("large");
        let bytes = copies(&large, 100_000_000)?;
        let ran = self.run(&["validate", path(&large)], None)?;
        let megabytes = bytes / 1_000_000;
        let what = format!("validate {megabytes} MB of real dashboards");
        row(&what, &format!("{:.2} s", ran.seconds), "<= 2.0 s", ran.seconds <= 2.0);
        let times = ran.peak as f64 / bytes as f64;
        row("  peak memory by the text", &format!("{times:.2} x"), "<= 3 x", times <= 3.0);
        let mut seconds = Vec::new();
        for count in [5_000, 10_000] {
            let small = self.home.join(format!("small-{count}"));
            generate(&small, count, 50, 5, 1)?;
            seconds.push(self.run(&["validate", path(&small)], None)?.seconds);
        }
        let grows = seconds[1] / seconds[0];
        row("  10,000 small dashboards by 5,000, time", &format!("{grows:.2} x"), "<= 2.2 x", grows <= 2.2);
        Ok(())
    }

    /// 1,000 manifests of 1 MB in total, beside the same dashboards as plain JSON files.
    fn manifests(&self, running: &Running) -> Result<()> {
        let (plain, wrapped) = (self.home.join("plain"), self.home.join("wrapped"));
        generate(&plain, 1_000, 1, 1, 1)?;
        fs::create_dir_all(&wrapped)?;
        fs::copy(plain.join("amgctl.yaml"), wrapped.join("amgctl.yaml"))?;
        fs::copy(plain.join("sources.json"), wrapped.join("sources.json"))?;
        let mut written = 0;
        for n in 0..1_000 {
            let content = fs::read_to_string(plain.join("Folder 0").join(format!("{n}.json")))?;
            let text = format!(
                "apiVersion: grafana.integreatly.org/v1beta1\nkind: GrafanaDashboard\nmetadata:\n  name: bench-{n}\n  namespace: \
                 bench\nspec:\n  instanceSelector: {{}}\n  folder: Folder 0\n  json: |\n    {content}\n"
            );
            written += text.len();
            fs::write(wrapped.join(format!("{n}.yaml")), text)?;
        }
        let mut best = [f64::MAX; 2];
        for _ in 0..5 {
            for (best, stack) in best.iter_mut().zip([&plain, &wrapped]) {
                *best = best.min(self.run(&["plan", path(stack)], Some(running))?.seconds);
            }
        }
        let [plain, wrapped] = best;
        let what = format!("plan of 1,000 manifests, {:.1} MB, best of 5", written as f64 / 1e6);
        row(&what, &format!("{wrapped:.2} s"), "<= 0.5 s", wrapped <= 0.5);
        let ratio = wrapped / plain;
        row("  by the same as plain JSON", &format!("{ratio:.2} x"), "<= 2.0 x", ratio <= 2.0);
        Ok(())
    }

    fn plans(&self, version: &str, running: &Running) -> Result<()> {
        let stack = self.home.join(format!("plan-{version}"));
        let bytes = generate(&stack, 300, 30, 20, 50)?;
        let first = self.run(&["plan", path(&stack), "-v"], Some(running))?;
        row(
            &format!("{version}: first plan of 300, 20 ms an answer"),
            &format!("{:.2} s", first.seconds),
            "<= 1.5 s",
            first.seconds <= 1.5,
        );
        self.run(&["apply", path(&stack), "-auto-approve"], Some(running))?;
        let writes = running.requests().writes;
        let plan = self.run(&["plan", path(&stack), "-v"], Some(running))?;
        row(
            &format!("{version}: plan without changes"),
            &format!("{:.2} s", plan.seconds),
            "<= 1.5 s",
            plan.seconds <= 1.5,
        );
        let pages = bytes.div_ceil(2 << 20).max(1);
        let (budget, share) =
            if version.starts_with('9') { (300 + 20 + 8, f64::MAX) } else { (pages + 20 + 8, 0.05) };
        row("  requests", &plan.requests.to_string(), &format!("<= {budget}"), plan.requests <= budget);
        let part = plan.bytes as f64 / bytes as f64;
        if share < 1.0 {
            row("  bytes by the dashboards'", &format!("{:.1} %", part * 100.0), "<= 5 %", part <= share);
        }
        self.run(&["apply", path(&stack), "-auto-approve"], Some(running))?;
        let more = running.requests().writes - writes;
        row("  writes of an apply without changes", &more.to_string(), "0", more == 0);
        Ok(())
    }

    fn applies(&self, version: &str, running: &Running) -> Result<()> {
        let stack = self.home.join(format!("apply-{version}"));
        generate(&stack, 300, 1, 1, 50)?;
        let ran = self.run(&["apply", path(&stack), "-v", "-auto-approve"], Some(running))?;
        let alone = LATENCY.as_secs_f64() * 300.0;
        let part = ran.seconds / alone;
        let what = format!("{version}: apply of 300 creates, {:.2} s, by {alone:.1} s one at a time", ran.seconds);
        row(&what, &format!("{part:.2}"), "<= 0.25", part <= 0.25);
        Ok(())
    }

    /// What each format adds to a plan of 300 changed dashboards, in seconds and in memory: the best of three runs each, by
    /// the best of three without a report.
    fn reports(&self, running: &Running) -> Result<()> {
        let stack = self.home.join("reports");
        let bytes = generate(&stack, 300, 30, 20, 50)?;
        self.run(&["apply", path(&stack), "-auto-approve"], Some(running))?;
        let mut files = Vec::new();
        collect(&stack, &mut files)?;
        for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "json")) {
            let mut board: Value = serde_json::from_str(&fs::read_to_string(file)?)?;
            let Some(panels) = board.get_mut("panels").and_then(Value::as_array_mut) else { continue };
            for (n, panel) in panels.iter_mut().enumerate() {
                panel["gridPos"]["y"] = json!(n);
                panel["title"] = json!(format!("changed {n}"));
                panel["targets"] = json!([{ "refId": "A", "expr": format!("sum by (pod) (rate(x{n}[5m]))") }]);
            }
            fs::write(file, board.to_string())?;
        }
        // Of equal work the run that was disturbed least is the fastest, and the one that took least memory.
        let best = |arguments: &[&str]| -> Result<(f64, u64)> {
            let runs = (0..3).map(|_| self.run(arguments, Some(running))).collect::<Result<Vec<Ran>>>()?;
            let seconds = runs.iter().map(|r| r.seconds).fold(f64::MAX, f64::min);
            Ok((seconds, runs.iter().map(|r| r.peak).min().unwrap_or(0)))
        };
        let (plain, least) = best(&["plan", path(&stack)])?;
        let documents = bytes as f64;
        println!(
            "  plan of 300 changed dashboards, {:.1} MB, without a report: {plain:.2} s, {:.1} MB, {:.1} x the documents",
            documents / 1e6,
            least as f64 / 1e6,
            least as f64 / documents
        );
        for format in ["markdown", "html", "junit", "sarif", "github", "gitlab"] {
            let report = match format {
                "github" => format.to_owned(),
                _ => format!("{format}={}", path(&self.home.join(format!("report-{format}")))),
            };
            let (seconds, peak) = best(&["plan", path(&stack), "--report", &report])?;
            let more = seconds - plain;
            row(&format!("300 changed dashboards as {format}"), &format!("+{more:.2} s"), "<= 0.5 s", more <= 0.5);
            let times = peak.saturating_sub(least) as f64 / documents;
            row("  memory more, by the documents", &format!("{times:.2} x"), "<= 3 x", times <= 3.0);
        }
        Ok(())
    }

    /// Rounds of a loop with nothing to wait for: its memory after the first ones and after the last.
    fn loops(&self, running: &Running, rounds: usize) -> Result<()> {
        let stack = self.home.join("loop");
        generate(&stack, 85, 10, 5, 5)?;
        let count = rounds.to_string();
        let mut command =
            self.command(&["reconcile", path(&stack), "--interval", "0s", "--rounds", &count], Some(running));
        let begun = Instant::now();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let status = PathBuf::from(format!("/proc/{}/status", child.id()));
        let (mut done, mut first, mut last, mut between) = (0, 0, 0, Vec::new());
        for line in BufReader::new(child.stdout.take().context("no stdout")?).lines() {
            if line?.contains("\"reason\":\"succeeded\"") {
                done += 1;
                // After its last line the process may be gone: then the look before counts.
                last = Some(resident(&status)).filter(|seen| *seen > 0).unwrap_or(last);
                first = if done == WARM.min(rounds) { last } else { first };
                if LOOKS.contains(&done) {
                    between.push(format!("{:.1} MB after {done}", last as f64 / 1e6));
                }
            }
        }
        anyhow::ensure!(child.wait()?.success() && done == rounds, "{done} of {rounds} rounds succeeded");
        anyhow::ensure!(first > 0 && last > 0, "the memory of the loop could not be read");
        let each = begun.elapsed().as_secs_f64() / rounds as f64;
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        let grows = last as f64 / first as f64;
        let what = format!("loop: {rounds} rounds of 100 objects, {:.0} ms each", each * 1e3);
        let memory = format!("{:.1} then {:.1} MB", megabytes(first), megabytes(last));
        row(&what, &memory, "<= 1.10 x", grows <= 1.10);
        println!("  {}", between.join(", "));
        Ok(())
    }

    fn command(&self, arguments: &[&str], workspace: Option<&Running>) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(&self.home).env_clear().env("HOME", &self.home).stdin(Stdio::null());
        if let Some(running) = workspace {
            command.args(["--url", &running.url]).env("GRAFANA_TOKEN", &running.tokens.admin);
        }
        command
    }

    fn run(&self, arguments: &[&str], workspace: Option<&Running>) -> Result<Ran> {
        let mut command = self.command(arguments, workspace);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let begun = Instant::now();
        let mut child = command.spawn()?;
        let status = PathBuf::from(format!("/proc/{}/status", child.id()));
        let mut stderr = child.stderr.take().context("no stderr")?;
        let reading = std::thread::spawn(move || {
            let mut text = String::new();
            std::io::Read::read_to_string(&mut stderr, &mut text).map(|_| text)
        });
        let mut peak = 0;
        let exit = loop {
            peak = peak.max(high_water(&status));
            if let Some(exit) = child.try_wait()? {
                break exit;
            }
            std::thread::sleep(Duration::from_micros(if workspace.is_none() { 300 } else { 2000 }));
        };
        let seconds = begun.elapsed().as_secs_f64();
        let text = reading.join().map_err(|_| anyhow::anyhow!("stderr was not read"))??;
        anyhow::ensure!(exit.success(), "{arguments:?} ended with {exit}:\n{text}");
        let last = text.lines().last().unwrap_or_default();
        let number = |word: &str| {
            last.split(", ").find_map(|part| part.strip_suffix(word)?.trim().parse().ok()).unwrap_or(0)
        };
        Ok(Ran { seconds, peak, requests: number(" requests"), bytes: number(" bytes") })
    }
}

fn row(what: &str, measured: &str, target: &str, met: bool) {
    println!("{what:<58} {measured:>14} {target:>14}  {}", if met { "met" } else { "SHORT" });
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap_or_default()
}

/// The most memory that a process had so far, in bytes; 0 where the system does not say.
fn high_water(status: &Path) -> u64 {
    memory(status, "VmHWM:")
}

/// The memory that a process has now, in bytes; 0 where the system does not say.
fn resident(status: &Path) -> u64 {
    memory(status, "VmRSS:")
}

fn memory(status: &Path, name: &str) -> u64 {
    let text = fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix(name)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap_or(0) * 1024
}

/// Copies of the real dashboards of `fixtures/corpus`, each with a uid and title of its own. Gives the bytes.
fn copies(directory: &Path, bytes: u64) -> Result<u64> {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/example/dashboards"), &mut files)?;
    let bodies: Vec<Value> = files
        .iter()
        .filter_map(|file| serde_json::from_str(&fs::read_to_string(file).ok()?).ok())
        .filter(|body: &Value| body.get("panels").is_some() && body.get("__inputs").is_none())
        .collect();
    anyhow::ensure!(!bodies.is_empty(), "no dashboards to copy");
    let mut written = 0;
    for n in 0.. {
        let mut body = bodies[n % bodies.len()].clone();
        body["uid"] = json!(format!("copy-{n}"));
        body["title"] = json!(format!("Copy {n}"));
        if n == 0 {
            // One of 3 MB, as the largest that people have.
            let panels = body["panels"].as_array().cloned().unwrap_or_default();
            let size = serde_json::to_string(&panels)?.len().max(1);
            body["panels"] =
                json!(panels.iter().cycle().take(panels.len() * (3_000_000 / size)).collect::<Vec<_>>());
        }
        let text = serde_json::to_string_pretty(&body)?;
        written += text.len() as u64;
        let folder = directory.join(format!("Folder {}", n % 40));
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("{n}.json")), text)?;
        if written >= bytes {
            break;
        }
    }
    Ok(written)
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(())
}

/// A stack of generated dashboards of about 600 bytes a panel. Gives the bytes of the dashboards.
fn generate(directory: &Path, dashboards: usize, folders: usize, datasources: usize, panels: usize) -> Result<u64> {
    fs::create_dir_all(directory)?;
    fs::write(directory.join("amgctl.yaml"), "stack: bench\n")?;
    let sources: Vec<Value> = (0..datasources)
        .map(|n| json!({ "name": format!("Source {n}"), "uid": format!("source-{n}"), "type": "prometheus", "url": "http://localhost:9090" }))
        .collect();
    fs::write(directory.join("sources.json"), json!({ "apiVersion": 1, "datasources": sources }).to_string())?;
    let mut written = 0;
    for n in 0..dashboards {
        let panels: Vec<Value> = (0..panels).map(|p| panel(n, p, datasources)).collect();
        let body = json!({
            "uid": format!("bench-{n}"), "title": format!("Bench {n}"), "schemaVersion": 39, "tags": ["bench"],
            "refresh": "30s", "time": { "from": "now-6h", "to": "now" }, "panels": panels,
        });
        let text = body.to_string();
        written += text.len() as u64;
        let folder = directory.join(format!("Folder {}", n % folders));
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("{n}.json")), text)?;
    }
    Ok(written)
}

fn panel(dashboard: usize, number: usize, datasources: usize) -> Value {
    json!({
        "id": number + 1, "type": "timeseries", "title": format!("Panel {number}"),
        "gridPos": { "x": 12 * (number % 2), "y": 8 * (number / 2), "w": 12, "h": 8 },
        "datasource": { "type": "prometheus", "uid": format!("source-{}", dashboard % datasources) },
        "fieldConfig": { "defaults": { "unit": "short", "thresholds": { "mode": "absolute", "steps": [
            { "color": "green", "value": null }, { "color": "red", "value": 80 },
        ] } }, "overrides": [] },
        "options": { "legend": { "calcs": [], "displayMode": "list", "placement": "bottom" }, "tooltip": { "mode": "single" } },
        "targets": [{ "refId": "A", "legendFormat": "{{instance}}",
            "expr": format!("sum(rate(http_requests_total{{job=\"job-{dashboard}\",code=~\"5..\"}}[5m])) by (instance) / {number}") }],
    })
}
