//! Documents that somebody made to hurt: each is read, or refused with a reason, in bounded time and memory.
//!
//! The program runs with limits of the system's own: so many seconds of processor time, so much address space. What
//! mutated dashboards do is held by `src/source/tests/mutated.rs`.
#![cfg(target_os = "linux")]

use std::fmt::Write as _;

use amgctl::sandbox::Version;
use serde_json::{Value, json};

use crate::support::{Ran, World, dashboard};

/// Seconds of processor time that a run may take, unoptimised as it is.
const SECONDS: usize = 30;
/// Address space that a run may take, in kilobytes: threads reserve much of it and use little.
const KILOBYTES: usize = 2_000_000;

/// Runs the program within the limits.
fn limited(world: &World, arguments: &str) -> Ran {
    let program = env!("CARGO_BIN_EXE_amgctl");
    let mut command = world.command("");
    let plain = std::mem::replace(&mut command, std::process::Command::new("sh"));
    command.args(["-c", &format!("ulimit -t {SECONDS} && ulimit -v {KILOBYTES} && exec {program} {arguments}")]);
    command.current_dir(world.home()).env_clear();
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    world.run(&format!("{arguments}   (limited)"), command)
}

/// Claims that a file is read or refused, in little time and memory and few words.
#[track_caller]
fn ends(name: &str, text: &str, code: i32, says: &str) {
    let world = World::new(Version::V12_4);
    world.write(name, text);
    let ran = limited(&world, "validate stack");
    ran.exits(code).says(says);
    let told = ran.out.len() + ran.err.len();
    assert!(told < 100_000, "{told} bytes are told of {} bytes of {name}", text.len());
}

fn nested(open: &str, close: &str, times: usize) -> String {
    format!("{{\"title\":\"T\",\"panels\":{}{}}}", open.repeat(times), close.repeat(times))
}

#[test]
fn depth_is_refused() {
    for (open, close, times) in [("[", "]", 500_000), ("{\"a\":", "}", 300_000)] {
        ends("a.json", &nested(open, close, times), 3, "nested more than 100 deep");
        ends("a.yaml", &nested(open, close, times), 3, "deep");
    }
    let block: String = (0..3_000).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    ends("a.yaml", &format!("title: T\npanels:\n{block}"), 3, "error[");
}

#[test]
fn aliases_that_grow_are_refused() {
    let mut bomb = "title: T\nx0: &x0 [a,a,a,a,a,a,a,a,a,a]\n".to_owned();
    for n in 1..30 {
        let _ = writeln!(bomb, "x{n}: &x{n} [{}]", vec![format!("*x{}", n - 1); 10].join(","));
    }
    ends("a.yaml", &(bomb + "panels: *x29\n"), 3, "grows too large when its aliases are followed");
    let mut merged = "title: T\nx0: &x0 {a0: 1}\n".to_owned();
    for n in 1..2_000 {
        let _ = writeln!(merged, "x{n}: &x{n} {{<<: *x{}, a{n}: 1}}", n - 1);
    }
    ends("a.yaml", &(merged + "panels: []\n"), 3, "this document is too large");
}

#[test]
fn numbers_without_end_are_refused_or_kept() {
    let digits = "9".repeat(1_000_000);
    for name in ["a.json", "a.yaml"] {
        let text = |number: &str| format!("{{\"title\":\"T\",\"uid\":\"u\",\"panels\":[],\"x\":{number}}}");
        ends(name, &text(&digits), 3, "a.");
        ends(name, &text("1e999999999999"), 3, "a.");
        ends(name, &text(&format!("0.{digits}")), 0, "is valid");
    }
}

#[test]
fn a_thousand_faults_are_told_in_few_words() {
    let twice: String = (0..20_000).map(|n| format!("\"k{}\":{n},", n % 7)).collect();
    ends("a.json", &format!("{{{twice}\"title\":\"T\",\"panels\":[]}}"), 3, "error[duplicate-key]");
    let panel = |n: usize| json!({ "id": n, "targets": [{ "datasource": format!("${{DS_{n}}}") }] });
    let unknown = json!({ "title": "T", "uid": "u", "panels": (0..1_500).map(panel).collect::<Vec<_>>() });
    ends("a.json", &unknown.to_string(), 3, "1400 more errors of this file are not shown");
    let input = |n: usize| json!({ "name": format!("DS_{n}"), "type": "datasource", "pluginId": "loki" });
    let asks = json!({
        "title": "T", "uid": "u",
        "panels": (0..1_500).map(panel).collect::<Vec<_>>(),
        "__inputs": (0..1_500).map(input).collect::<Vec<_>>(),
    });
    ends("a.json", &asks.to_string(), 0, "1400 more warnings of this file are not shown");
    let many: String = "---\ntitle: T\nuid: 'not a uid'\npanels: []\n".repeat(2_000);
    ends("a.yaml", &many, 3, "error[");
}

#[test]
fn what_is_large_and_good_is_read() {
    let keys: String = (0..100_000).map(|n| format!(",\"k{n}\":{n}")).collect();
    ends("a.json", &format!("{{\"title\":\"T\",\"uid\":\"u\",\"panels\":[]{keys}}}"), 0, "is valid");
    let line = "x".repeat(8_000_000);
    ends("a.json", &format!("{{\"title\":\"T\",\"uid\":\"u\",\"panels\":[],\"x\":\"{line}\"}}"), 0, "is valid");
    let panels: Vec<Value> =
        (0..20_000).map(|n| json!({ "id": n, "type": "text", "title": n.to_string() })).collect();
    let board = json!({ "title": "T", "uid": "u", "panels": panels });
    ends("a.yaml", &board.to_string(), 0, "is valid");
}

/// Claims that a change is planned within the limits, and told in few words.
#[track_caller]
fn is_compared(before: Value, after: Value) {
    let world = World::new(Version::V12_4);
    let board = |with: Value| {
        let mut board = dashboard("one", "One");
        board.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
        board
    };
    world.json("one.json", &board(before));
    world.applied();
    world.json("one.json", &board(after));
    let ran = limited(&world, "plan stack -detailed-exitcode");
    ran.exits(2).says("1 to change");
    assert!(ran.out.len() < 20_000, "{} bytes are told of one dashboard", ran.out.len());
}

#[test]
fn two_long_texts_are_compared_in_bounded_time() {
    let text = |seed: usize, count: usize| {
        let words: Vec<String> =
            (0..count).map(|n| (n.wrapping_mul(2_654_435_761 + seed) % 99_991).to_string()).collect();
        words.join(if seed == 0 { " " } else { "\n" })
    };
    is_compared(json!({ "description": text(0, 100_000) }), json!({ "description": text(7, 100_000) }));
    is_compared(json!({ "description": "a".repeat(500_000) }), json!({ "description": "b".repeat(500_000) }));
}

#[test]
fn two_large_strangers_are_compared_in_bounded_time() {
    let panels = |words: &str, count: usize| -> Value {
        let panel = |n: usize| json!({ "type": words, "title": format!("{words} {n}"), "targets": [{ "expr": format!("{words}_{n}") }] });
        (0..count).map(panel).collect()
    };
    is_compared(json!({ "panels": panels("text", 1_500) }), json!({ "panels": panels("graph", 1_500) }));
    let turned: Value = panels("text", 1_500).as_array().unwrap().iter().rev().cloned().collect();
    is_compared(json!({ "panels": panels("text", 1_500) }), json!({ "panels": turned }));
    let list = |step: usize| -> Value { (0..30_000).map(|n| json!(n * step % 29_989)).collect() };
    is_compared(json!({ "x": list(1) }), json!({ "x": list(7) }));
}
