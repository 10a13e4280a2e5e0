//! Runs what proves the program and prints it as tables: `scripts/proof`, or `scripts/proof --quick`.
//!
//! Every cell comes from a run: the tests print facts (`tests/it/support/fact.rs`), the bench prints figures
//! (`examples/bench.rs`), and nothing else is printed here. `--quick` runs the suite with its samples; without it every
//! fault strikes every request and somebody edits at every request on the servers that AMGCTL_SWEEP names (all of them
//! otherwise), a busy database takes a
//! hundred applies, and the figures are measured. AMGCTL_CORPUS names a directory of dashboards to take besides.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};

/// Columns by server, oldest first.
const SERVERS: [&str; 6] = ["9.4", "10.1", "10.4", "12.4-upgraded", "12.4", "13"];

/// Tests that are ignored because they take minutes.
const WHOLE: [&str; 4] =
    ["every_fault_at_every_request", "every_edit_at_every_moment", "a_hundred_applies", "two_hundred_starts"];

fn main() -> Result<ExitCode> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let quick = arguments.iter().any(|a| a == "--quick");
    arguments.retain(|a| a != "--quick");
    anyhow::ensure!(arguments.is_empty(), "usage: scripts/proof [--quick]");
    let mut proof = Proof::default();
    proof.test(&[])?;
    if !quick {
        for name in WHOLE {
            proof.test(&[name, "--ignored"])?;
        }
        if std::env::var_os("AMGCTL_CORPUS").is_some() {
            proof.test(&["of_a_corpus_is", "--ignored"])?;
        }
    }
    proof.replay();
    proof.suite();
    proof.corpus();
    proof.faults();
    proof.races();
    proof.starts();
    let met = quick || figures()?;
    proof.closing();
    Ok(if proof.failed.is_empty() && met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A line that a test printed: the test, and what it found out.
struct Fact {
    test: String,
    fields: Vec<String>,
}

impl Fact {
    fn field(&self, n: usize) -> &str {
        self.fields.get(n).map_or("", String::as_str)
    }

    fn number(&self, n: usize) -> u64 {
        self.field(n).parse().unwrap_or(0)
    }
}

/// What all runs found out.
#[derive(Default)]
struct Proof {
    facts: BTreeMap<String, Vec<Fact>>,
    passed: usize,
    failed: BTreeSet<String>,
}

impl Proof {
    /// Runs tests of `tests/it` and takes their facts.
    fn test(&mut self, arguments: &[&str]) -> Result<()> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        command
            .args(["test", "--quiet", "--test", "it", "--", "--nocapture", "--format", "pretty"])
            .args(arguments);
        let program = root.join("target/release/amgctl");
        if arguments.contains(&"--ignored") && program.exists() {
            command.env("AMGCTL_BINARY", program);
        }
        let output =
            command.current_dir(root).stderr(Stdio::null()).output().context("cargo test does not start")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let mut summed = false;
        for line in text.lines() {
            if let Some((_, fact)) = line.split_once("proof\t") {
                let mut fields = fact.split('\t').map(str::to_owned);
                let (sort, test) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
                self.facts.entry(sort).or_default().push(Fact { test, fields: fields.collect() });
            } else if let Some(rest) = line.strip_prefix("test result: ") {
                summed = true;
                let count = rest
                    .split("; ")
                    .find_map(|part| part.split(' ').rev().nth(1).filter(|_| part.ends_with(" passed")));
                self.passed += count.and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
            } else if let Some(name) = line.strip_prefix("test ").and_then(|l| l.strip_suffix(" ... FAILED")) {
                self.failed.insert(name.to_owned());
            }
        }
        anyhow::ensure!(summed, "the tests were not run: {}", output.status);
        Ok(())
    }

    fn of(&self, sort: &str) -> &[Fact] {
        self.facts.get(sort).map_or(&[], Vec::as_slice)
    }

    /// Server by topic: steps of the recordings that come out equal.
    fn replay(&self) {
        let mut cells = Cells::new("topic");
        for fact in self.of("replay") {
            cells.put(fact.field(1), fact.field(0), format!("{} of {}", fact.field(2), fact.field(3)));
        }
        cells.print("Steps of the recordings of real servers that the embedded workspace answers equally");
    }

    /// Server by subject: claims about the program, run as a user runs it, that hold there.
    fn suite(&self) {
        let subject = |test: &str| test.split("::").next().unwrap_or_default().to_owned();
        let broken: BTreeSet<(&str, &str)> =
            self.of("broken").iter().map(|f| (f.test.as_str(), f.field(0))).collect();
        let held: BTreeSet<(&str, &str)> = self.of("claim").iter().map(|f| (f.test.as_str(), f.field(0))).collect();
        let mut counts: BTreeMap<(String, String), (usize, usize)> = BTreeMap::new();
        for (test, server) in held.union(&broken) {
            let count = counts.entry((subject(test), (*server).to_owned())).or_default();
            count.1 += 1;
            count.0 += usize::from(!broken.contains(&(*test, *server)));
        }
        let mut cells = Cells::new("subject");
        for ((subject, server), (held, of)) in counts {
            cells.put(&subject, &server, format!("{held} of {of}"));
        }
        cells.print("Tests of the program, run as a user runs it, that hold");
    }

    /// Collection by server: dashboards that are planned as empty once they were applied.
    fn corpus(&self) {
        let mut cells = Cells::new("collection");
        for fact in self.of("corpus") {
            let cell = format!("{} empty, {} refused", fact.field(2), fact.field(3));
            cells.put(fact.field(1), fact.field(0), cell);
        }
        cells.print(
            "Real dashboards that are planned as empty after their apply; the others are refused with a reason",
        );
        for fact in self.of("moves") {
            println!(
                "Of {} dashboards {} comparisons: permuted keys, one panel moved, a panel put on top; {} dashboards told in \
                 more lines than they may be.\n",
                fact.field(0),
                fact.field(1),
                fact.field(2)
            );
        }
        for fact in self.of("leaves") {
            println!(
                "Of {} dashboards {} changes of one leaf each, both ways: {} not seen or told in more than 6 lines.\n",
                fact.field(0),
                fact.field(1),
                fact.field(2)
            );
        }
    }

    /// Fault by server: how the runs that were struck ended, and whether the next run mended all.
    fn faults(&self) {
        let mut ends: BTreeMap<(String, String), BTreeMap<String, u64>> = BTreeMap::new();
        for fact in self.of("fault") {
            let key = (fact.field(2).to_owned(), fact.field(0).to_owned());
            *ends.entry(key).or_default().entry(fact.field(3).to_owned()).or_default() += fact.number(4);
        }
        let mut cells = Cells::new("fault at a request");
        for ((fault, server), ends) in ends {
            let ends: Vec<String> = ends.into_iter().map(|(end, count)| format!("{end}: {count}")).collect();
            cells.put(&fault, &server, ends.join(", "));
        }
        let mut swept: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for fact in self.of("swept") {
            let sum = swept.entry(fact.field(0).to_owned()).or_default();
            sum.0 += fact.number(3);
            sum.1 += u64::from(fact.number(4) > 0);
        }
        for (server, (runs, wrong)) in swept {
            let cell = if wrong == 0 { format!("all {runs}") } else { format!("NOT all {runs}") };
            cells.put("**mended by the next run**", &server, cell);
        }
        cells.print("How applies ended that a fault struck, and whether the next run mended all");
        let mut busy = Cells::new("busy database");
        for fact in self.of("busy") {
            let row = format!("{} applies of {} changes", fact.field(1), fact.field(2));
            busy.put(&row, fact.field(0), format!("all complete, none doubled, {} untrue refusals", fact.field(3)));
        }
        busy.print("Applies to a database that answers wrongly under load");
    }

    /// What an apply does by server: what became of what somebody did to its objects meanwhile.
    fn races(&self) {
        let mut ends: BTreeMap<(String, String), BTreeMap<String, u64>> = BTreeMap::new();
        for fact in self.of("raced") {
            let row = format!("{}: {}", fact.field(1), fact.field(2)).to_lowercase();
            *ends
                .entry((row, fact.field(0).to_owned()))
                .or_default()
                .entry(fact.field(4).to_owned())
                .or_default() += fact.number(5);
        }
        let mut cells = Cells::new("kind: what the apply does to it");
        for ((row, server), ends) in ends {
            let ends: Vec<String> = ends.into_iter().map(|(end, count)| format!("{end}: {count}")).collect();
            cells.put(&row, &server, ends.join(", "));
        }
        let mut runs: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for fact in self.of("races") {
            let sum = runs.entry(fact.field(0).to_owned()).or_default();
            sum.0 += fact.number(2);
            sum.1 += fact.number(3);
        }
        for (server, (runs, wrong)) in runs {
            let cell = if wrong == 0 { format!("all {runs}") } else { format!("NOT {wrong} of {runs}") };
            cells.put("**runs in which no edit was lost without a word, and none was stuck**", &server, cell);
        }
        cells.print("What became of edits while an apply was under way");
    }

    /// Applies started together by server: how they ended, and how many saves of the record met.
    fn starts(&self) {
        let mut cells = Cells::new("applies started together");
        for fact in self.of("starts") {
            let row = format!("{} of one stack", fact.field(1));
            let cell = format!(
                "{} starts, never two writers: {} done, {} locked out; {} came second and planned anew, {} were overwritten and came first all the same",
                fact.field(2),
                fact.field(3),
                fact.field(4),
                fact.field(5),
                fact.field(6)
            );
            cells.put(&row, fact.field(0), cell);
        }
        cells.print("Applies of one stack on servers that accept two saves of one version (`--fault racy-saves`)");
    }

    fn closing(&self) {
        println!("{} tests passed, {} failed.", self.passed, self.failed.len());
        for name in &self.failed {
            println!("- failed: {name}");
        }
    }
}

/// The cells of a table whose columns are servers.
struct Cells {
    corner: &'static str,
    rows: BTreeMap<String, BTreeMap<String, String>>,
}

impl Cells {
    fn new(corner: &'static str) -> Cells {
        Cells { corner, rows: BTreeMap::new() }
    }

    fn put(&mut self, row: &str, server: &str, cell: String) {
        self.rows.entry(row.to_owned()).or_default().insert(server.to_owned(), cell);
    }

    /// Prints the table in Markdown, rows by name, with a column for each server that has a cell.
    fn print(&self, title: &str) {
        if self.rows.is_empty() {
            return;
        }
        let servers: Vec<&str> =
            SERVERS.into_iter().filter(|s| self.rows.values().any(|row| row.contains_key(*s))).collect();
        println!("## {title}\n\n| {} | {} |", self.corner, servers.join(" | "));
        println!("|---|{}", "---|".repeat(servers.len()));
        for (name, row) in &self.rows {
            let cells: Vec<&str> = servers.iter().map(|s| row.get(*s).map_or("", String::as_str)).collect();
            println!("| {name} | {} |", cells.join(" | "));
        }
        println!();
    }
}

/// Prints the figures of the bench beside their targets; says whether all are met.
fn figures() -> Result<bool> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command.args(["run", "--quiet", "--release", "--example", "bench"]);
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().context("cargo run does not start")?;
    anyhow::ensure!(output.status.success(), "the bench failed:\n{}", String::from_utf8_lossy(&output.stderr));
    println!("## Speed, on this machine\n\n| figure | measured | target | |\n|---|---|---|---|");
    let text = String::from_utf8_lossy(&output.stdout);
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
        println!("| {} |", cells.join(" | "));
    }
    println!();
    Ok(!text.contains("SHORT"))
}
