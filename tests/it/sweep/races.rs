//! Somebody edits at any moment of an apply: no edit is lost without a word, and no run is stuck afterwards.
//!
//! An apply that does everything that can be done to each kind is run once alone; then, for each of its requests, with
//! somebody who edits every one of its objects while that request waits, before or after the workspace has it. Then the
//! apply is run again. Each edit then stands, or a run named the object and said that somebody changed, made or deleted
//! it; and an apply that may overwrite what was reported ends well, and leaves nothing to plan. A sample runs with every
//! `cargo test`; all of it with `cargo test --test it every_edit -- --ignored --nocapture`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use amgctl::sandbox::Version;
use serde_json::{Value, json};

use super::editor::{Edit, FOREIGN, Kind, Left, Person};
use super::stage::{Place, ended};
use crate::support::{Does, Proxy, Seen, block_on, dashboard, fact};

/// An object of the stack, and what the apply does to it.
struct Target {
    kind: Kind,
    uid: &'static str,
    action: &'static str,
}

const fn target(kind: Kind, uid: &'static str, action: &'static str) -> Target {
    Target { kind, uid, action }
}

const TARGETS: [Target; 15] = [
    target(Kind::Dashboard, "d-still", "nothing"),
    target(Kind::Dashboard, "d-create", "create"),
    target(Kind::Dashboard, "d-update", "update"),
    target(Kind::Dashboard, "d-move", "move"),
    target(Kind::Dashboard, "d-delete", "delete"),
    target(Kind::Folder, "f-still", "nothing"),
    target(Kind::Folder, "f-create", "create"),
    target(Kind::Folder, "f-rename", "update"),
    target(Kind::Folder, "f-move", "move"),
    target(Kind::Folder, "f-delete", "delete"),
    target(Kind::Datasource, "s-still", "nothing"),
    target(Kind::Datasource, "s-create", "create"),
    target(Kind::Datasource, "s-update", "update"),
    target(Kind::Datasource, "s-replace", "replace"),
    target(Kind::Datasource, "s-delete", "delete"),
];

impl Target {
    fn address(&self) -> String {
        let kind = match self.kind {
            Kind::Dashboard => "dashboard",
            Kind::Folder => "folder",
            Kind::Datasource => "datasource",
        };
        format!("{kind}.{}", self.uid)
    }
}

/// When somebody edits: while a request waits that the workspace does not have yet, or has answered already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    Before,
    After,
}

/// One run: which edit, while which request waits, counted from 1.
#[derive(Clone, Copy, Debug)]
struct Case {
    edit: Edit,
    request: usize,
    moment: Moment,
}

/// Where every run begins.
struct Ground {
    version: Version,
    home: tempfile::TempDir,
    /// The requests of a run without edits, as `PUT /api/…`.
    requests: Vec<String>,
}

/// What came of a run.
struct Raced {
    /// What became of the edits, by the target's number: each stands, was reported, fell into a window, or was
    /// lost.
    ends: Vec<(usize, End)>,
    /// What is wrong; empty when nothing is.
    faults: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Stands,
    Reported,
    Window,
    Lost,
}

const APPLY: [&str; 7] = [
    "apply",
    "stack",
    "-auto-approve",
    "-parallelism=1",
    "--max-destroy=10",
    "--replace=datasource.s-replace",
    "--verbose",
];

impl Ground {
    /// Applies a stack, then changes its directory in every way that there is.
    fn set(version: Version) -> Ground {
        let home = tempfile::tempdir().unwrap();
        let place = Place::at(&home);
        let running = place.serve(version, None);
        let person = person(version, &running.url);
        person.must("POST", "/api/folders", Some(&json!({ "uid": FOREIGN, "title": "Theirs" })));
        first(&place);
        let (code, told) = ended(place.begin(&running, &running.url, &APPLY[..5]));
        assert_eq!(code, 0, "{told}");
        second(&place, person.nested);
        block_on(running.shutdown()).unwrap();

        let copy = Place::copy_of(&home);
        let place = Place::at(&copy);
        let running = place.serve(version, None);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        let proxy = Proxy::before(&running.url, move |seen| {
            noted.lock().unwrap().push(format!("{} {}", seen.method, seen.path));
            Does::Pass
        });
        let (code, told) = ended(place.begin(&running, &proxy.url, &APPLY));
        assert_eq!(code, 0, "{told}");
        let (planned, words) = ended(place.begin(&running, &running.url, &["plan", "stack", "-detailed-exitcode"]));
        assert_eq!(planned, 0, "{words}");
        drop(proxy);
        block_on(running.shutdown()).unwrap();
        let requests = std::mem::take(&mut *asked.lock().unwrap());
        Ground { version, home, requests }
    }

    /// Every run that there is.
    fn cases(&self) -> Vec<Case> {
        let moments = (1..=self.requests.len()).flat_map(|request| {
            // Between two reads the moment after the first is the moment before the second.
            let writes = !self.requests[request - 1].starts_with("GET");
            let after = (writes || request == self.requests.len()).then_some((request, Moment::After));
            std::iter::once((request, Moment::Before)).chain(after)
        });
        let moments: Vec<_> = moments.collect();
        Edit::ALL
            .iter()
            .flat_map(|edit| {
                moments.iter().map(|(request, moment)| Case { edit: *edit, request: *request, moment: *moment })
            })
            .collect()
    }

    fn run(&self, case: Case) -> Raced {
        let home = Place::copy_of(&self.home);
        let place = Place::at(&home);
        let running = place.serve(self.version, None);
        let person = person(self.version, &running.url);
        let held = Arc::new(Mutex::new(String::new()));
        let (count, noted) = (AtomicUsize::new(0), Arc::clone(&held));
        let proxy = Proxy::before(&running.url, move |seen: &Seen<'_>| {
            if count.fetch_add(1, Ordering::SeqCst) + 1 != case.request {
                return Does::Pass;
            }
            *noted.lock().unwrap() = format!("{} {}", seen.method, seen.path);
            match case.moment {
                Moment::Before => Does::HoldBefore,
                Moment::After => Does::HoldAfter,
            }
        });
        let mut child = place.begin(&running, &proxy.url, &APPLY);
        let mut edits: Vec<(usize, Left)> = Vec::new();
        if proxy.holds_or(&mut child) {
            for (number, target) in TARGETS.iter().enumerate() {
                edits.extend(person.edit(case.edit, target.kind, target.uid).map(|left| (number, left)));
            }
            proxy.release();
        }
        let (code, told) = ended(child);
        drop(proxy);
        let (again, retold) = ended(place.begin(&running, &running.url, &APPLY[..5]));
        let held = held.lock().unwrap().clone();

        let mut faults = String::new();
        let both = format!("{told}\n{retold}");
        if both.contains("panicked") {
            let _ = writeln!(faults, "it panicked");
        }
        let mut ends = Vec::new();
        for (number, left) in edits {
            let target = &TARGETS[number];
            let end = if person.finds(&left, target.kind, target.uid) {
                End::Stands
            } else if reports(&both, &target.address()) {
                End::Reported
            } else if window(self.version, target, case, &held).is_some() {
                End::Window
            } else {
                let _ = writeln!(faults, "LOST {} ({})", target.address(), target.action);
                End::Lost
            };
            ends.push((number, end));
        }
        let freely = [&APPLY[..], &["--on-drift=overwrite", "--adopt"]].concat();
        let (last, words) = ended(place.begin(&running, &running.url, &freely));
        if last != 0 {
            let _ = writeln!(faults, "STUCK: the apply that may overwrite exits with {last}:\n{words}");
        }
        let (planned, words) = ended(place.begin(&running, &running.url, &["plan", "stack", "-detailed-exitcode"]));
        // A folder that somebody filled stays as long as it is full.
        let kept = words.contains("Plan: 0 to add, 0 to change, 0 to destroy. 1 to keep.");
        if planned != 0 && !kept {
            let _ = writeln!(faults, "STUCK: the plan after it exits with {planned}:\n{words}");
        }
        block_on(running.shutdown()).unwrap();
        if !faults.is_empty() {
            let _ = writeln!(faults, "  the run that was raced [{code}]:\n{told}\n  the next [{again}]:\n{retold}");
            faults.insert_str(0, &format!("while `{held}` waited\n"));
        }
        Raced { ends, faults }
    }
}

/// Whether a run named an object and said that somebody else had to do with it.
fn reports(told: &str, address: &str) -> bool {
    const WORDS: [&str; 9] = [
        "refused: saved",
        "refused: it was",
        "since the plan",
        "overw",
        "outside",
        "somebody else",
        "and it is not there",
        "not ours",
        "not this stack's",
    ];
    let mut lines = told.lines().peekable();
    let mut in_changes = false;
    while let Some(line) = lines.next() {
        if line.starts_with(|c: char| !c.is_whitespace()) {
            in_changes = line.starts_with("Changed outside");
        }
        if !line.split_whitespace().any(|word| word.trim_matches(['`', ':', ',']) == address) {
            continue;
        }
        let mut block = line.trim().to_owned();
        let indent = line.len() - line.trim_start().len();
        while let Some(next) = lines.peek()
            && !next.trim().is_empty()
            && next.len() - next.trim_start().len() > indent
        {
            block.push(' ');
            block.push_str(next.trim());
            lines.next();
        }
        if in_changes || WORDS.iter().any(|word| block.contains(word)) {
            return true;
        }
    }
    false
}

/// Why an edit may be lost at this moment: what the server gives nobody the means to see. All are one request long, from
/// the read just before a write to that write: the edit has to come while the write is on its way to the server, or, for a
/// folder, while the last reads before its removal, which are sent together, are on theirs.
fn window(version: Version, target: &Target, case: Case, held: &str) -> Option<&'static str> {
    let of_it = held.ends_with(target.uid) || held.contains(&format!("{}/", target.uid));
    // Before Grafana counted what a folder holds, library panels are looked for in their list.
    let of_its_contents =
        target.kind == Kind::Folder && version == Version::V9_4 && held.ends_with("/library-elements");
    if case.moment != Moment::Before || !(of_it || of_its_contents) {
        return None;
    }
    let classic = matches!(version, Version::V9_4 | Version::V10_1 | Version::V10_4);
    match (target.kind, target.action) {
        (Kind::Dashboard, "delete") if classic && held.starts_with("DELETE") => {
            Some("a DELETE of a dashboard has no precondition before 12")
        }
        (Kind::Folder, "delete") if version != Version::V12_4 && version != Version::V13 => {
            Some("a DELETE of a folder has no precondition, and where it is the older one, deletes what is inside")
        }
        (Kind::Folder, "move") if held.ends_with("/move") => Some("a move of a folder has no version"),
        (Kind::Datasource, "delete" | "replace") if held.starts_with("DELETE") => {
            Some("a DELETE of a data source has no precondition")
        }
        (Kind::Datasource, "update") if held.starts_with("PUT") && case.edit == Edit::Plain => {
            Some("a PUT without a version leaves version 1, which may be the one that is there")
        }
        _ => None,
    }
}

fn person(version: Version, url: &str) -> Person<'_> {
    Person {
        url,
        resources: matches!(version, Version::V12_4 | Version::V12_4Upgraded | Version::V13),
        nested: !matches!(version, Version::V9_4 | Version::V10_1),
    }
}

/// The directory as it was first applied.
fn first(place: &Place) {
    place.write("stack/amgctl.yaml", "stack: demo\norigin: the-ground\n");
    datasources(
        place,
        &[
            "{name: s-keep, uid: s-keep, type: prometheus, url: 'http://k', isDefault: true}",
            "{name: s-still, uid: s-still, type: graphite, url: 'http://s'}",
            "{name: s-update, uid: s-update, type: graphite, url: 'http://u', secureJsonData: {password: one}}",
            "{name: s-replace, uid: s-replace, type: graphite, url: 'http://r', basicAuthUser: u}",
            "{name: s-delete, uid: s-delete, type: graphite, url: 'http://d'}",
        ],
    );
    for uid in ["d-still", "d-update", "d-move", "d-delete"] {
        place.json(&format!("Kept/{uid}.json"), &dashboard(uid, &format!("Title of {uid}")));
    }
    place.json("Other/d-other.json", &dashboard("d-other", "Title of d-other"));
    for uid in ["f-keep", "f-still", "f-rename", "f-move", "f-delete"] {
        folder(place, uid, &format!("Title of {uid}"), None);
    }
}

/// The directory with every change.
fn second(place: &Place, nested: bool) {
    datasources(
        place,
        &[
            "{name: s-keep, uid: s-keep, type: prometheus, url: 'http://k', isDefault: true}",
            "{name: s-still, uid: s-still, type: graphite, url: 'http://s'}",
            "{name: s-create, uid: s-create, type: graphite, url: 'http://c', secureJsonData: {password: two}}",
            "{name: s-update, uid: s-update, type: graphite, url: 'http://v', secureJsonData: {password: one}}",
            "{name: s-replace, uid: s-replace, type: graphite, url: 'http://r'}",
        ],
    );
    let mut board = dashboard("d-update", "Title of d-update");
    board["panels"][0]["title"] = json!("changed");
    place.json("Kept/d-update.json", &board);
    place.json("Kept/d-create.json", &dashboard("d-create", "Title of d-create"));
    place.json("Other/d-move.json", &dashboard("d-move", "Title of d-move"));
    for gone in ["Kept/d-move.json", "Kept/d-delete.json", "folders/f-delete.yaml"] {
        place.remove(&format!("stack/{gone}"));
    }
    folder(place, "f-create", "Title of f-create", None);
    folder(place, "f-rename", "New title of f-rename", None);
    folder(place, "f-move", "Title of f-move", nested.then_some("f-keep"));
}

fn datasources(place: &Place, lines: &[&str]) {
    let list: String = lines.iter().map(|line| format!("- {line}\n")).collect();
    place.write("stack/datasources.yaml", &format!("apiVersion: 1\ndatasources:\n{list}"));
}

fn folder(place: &Place, uid: &str, title: &str, parent: Option<&str>) {
    let annotations = parent.map_or(Value::Null, |parent| json!({ "grafana.app/folder": parent }));
    let document = json!({
        "apiVersion": "folder.grafana.app/v1beta1", "kind": "Folder",
        "metadata": { "name": uid, "annotations": annotations }, "spec": { "title": title },
    });
    place.write(&format!("stack/folders/{uid}.yaml"), &document.to_string());
}

/// Runs the chosen cases and gives their ends as a table; what was lost or stuck is told and fails.
fn race(ground: &Ground, cases: &[Case]) -> (String, String) {
    let version = ground.version;
    let next = AtomicUsize::new(0);
    let (ends, wrong) = (Mutex::new(BTreeMap::new()), Mutex::new(BTreeSet::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let raced = ground.run(*case);
                    let mut all = ends.lock().unwrap();
                    for (number, end) in raced.ends {
                        let target = &TARGETS[number];
                        *all.entry((format!("{:?}", target.kind), target.action, case.edit, end)).or_insert(0) += 1;
                    }
                    if !raced.faults.is_empty() {
                        let Case { edit, request, moment } = case;
                        let of = ground.requests.len();
                        wrong.lock().unwrap().insert(format!(
                            "{version}: {edit:?} {moment:?} request {request} of {of}: {}",
                            raced.faults
                        ));
                    }
                }
            });
        }
    });
    let mut table = format!("Grafana {version}: {} requests, {} runs\n", ground.requests.len(), cases.len());
    for ((kind, action, edit, end), count) in ends.into_inner().unwrap() {
        let end = format!("{end:?}").to_lowercase();
        let edit = format!("{edit:?}").to_lowercase();
        fact("raced", &[&version.name(), &kind, &action, &edit, &end, &count]);
        let _ = writeln!(table, "  {kind:10} {action:8} {edit:10} {end:9} {count:5}");
    }
    let wrong = wrong.into_inner().unwrap();
    fact("races", &[&version.name(), &ground.requests.len(), &cases.len(), &wrong.len()]);
    (table, wrong.into_iter().collect())
}

/// So many of the cases that a seed chooses.
fn sample(mut cases: Vec<Case>, count: usize, mut seed: u64) -> Vec<Case> {
    while cases.len() > count {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        cases.swap_remove((seed >> 33) as usize % cases.len());
    }
    cases
}

#[test]
fn an_edit_at_some_moment_of_an_apply_is_not_lost_without_a_word() {
    for version in [Version::V9_4, Version::V12_4] {
        let ground = Ground::set(version);
        let cases = sample(ground.cases(), 5, 0x51ed_2701);
        let (table, wrong) = race(&ground, &cases);
        assert!(wrong.is_empty(), "{table}{wrong}");
    }
}

#[test]
#[ignore = "an hour: every edit at every request, on the servers that AMGCTL_SWEEP names, or all"]
fn every_edit_at_every_moment_of_an_apply_stands_or_is_reported() {
    let chosen = std::env::var("AMGCTL_SWEEP").unwrap_or_default();
    let count = std::env::var("AMGCTL_RACES").ok().and_then(|n| n.parse().ok()).unwrap_or(usize::MAX);
    let mut all = String::new();
    for version in Version::all().filter(|v| chosen.is_empty() || chosen.split(',').any(|c| c == v.name())) {
        let ground = Ground::set(version);
        let (table, wrong) = race(&ground, &sample(ground.cases(), count, 0x9e37_79b9));
        print!("{table}");
        all.push_str(&wrong);
    }
    assert!(all.is_empty(), "{all}");
}
