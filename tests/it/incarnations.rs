//! What somebody does between the plan and the write, and between the write and its read-back: what was planned is an
//! incarnation with a content, and nobody's edit is lost without a word.

use amgctl::sandbox::Version;
use serde_json::{Value, json};

use crate::support::{Does, Proxy, Ran, Seen, World, dashboard, every, on, prometheus};

/// A folder `infra` with a dashboard `cpu` in it, an empty folder `bare`, and two data sources, of which no server makes
/// the second one the default.
fn declare(w: &World, turn: usize) {
    w.write("amgctl.yaml", "stack: demo\nmax_destroy: 50\n");
    w.write("Infra/_folder.yaml", "uid: infra\ntitle: Infra\n");
    w.write("Bare/_folder.yaml", &format!("uid: bare\ntitle: Bare {turn}\n"));
    let mut cpu = dashboard("cpu", "CPU");
    cpu["panels"][0]["title"] = format!("turn {turn}").into();
    w.json("Infra/cpu.json", &cpu);
    w.json("first.json", &prometheus("first", "First"));
    let mut second = prometheus("second", "Second");
    second["url"] = format!("http://turn-{turn}:9090").into();
    w.json("second.json", &second);
}

/// What somebody does to one object.
#[derive(Clone, Copy)]
struct Act {
    name: &'static str,
    address: &'static str,
    does: fn(&World),
}

impl Act {
    const fn new(name: &'static str, address: &'static str, does: fn(&World)) -> Act {
        Act { name, address, does }
    }
}

fn theirs(w: &World) {
    let mut theirs = dashboard("cpu", "CPU");
    theirs["panels"][0]["title"] = "theirs".into();
    w.save(&theirs, "infra");
}

fn unversioned(w: &World) {
    w.edit_datasource("second", |d| {
        d["url"] = "http://theirs:9090".into();
        d.as_object_mut().unwrap().remove("version");
    });
}

fn remade_datasource(w: &World) {
    w.delete("/api/datasources/uid/second");
    let mut second = prometheus("second", "Second");
    second["url"] = "http://theirs:9090".into();
    w.make_datasource(&second);
}

fn remade_folder(w: &World) {
    w.delete("/api/folders/bare");
    w.make_folder("bare", "Theirs", "");
}

fn moved_folder(w: &World) {
    w.make_folder("elsewhere", "Elsewhere", "");
    w.change("POST", "/api/folders/bare/move", &json!({ "parentUid": "elsewhere" }));
}

const ACTS: [Act; 10] = [
    Act::new("saves", "dashboard.cpu", theirs),
    Act::new("deletes", "dashboard.cpu", |w| w.delete("/api/dashboards/uid/cpu")),
    Act::new("deletes and makes anew", "dashboard.cpu", |w| {
        w.delete("/api/dashboards/uid/cpu");
        theirs(w);
    }),
    Act::new("saves without a version", "datasource.second", unversioned),
    Act::new("deletes", "datasource.second", |w| w.delete("/api/datasources/uid/second")),
    Act::new("deletes and makes anew", "datasource.second", remade_datasource),
    Act::new("renames", "folder.bare", |w| w.retitle_folder("bare", "Theirs")),
    Act::new("deletes", "folder.bare", |w| w.delete("/api/folders/bare")),
    Act::new("deletes and makes anew", "folder.bare", remade_folder),
    Act::new("moves", "folder.bare", moved_folder),
];

/// Acts on different objects, which one run meets together.
fn rounds(w: &World) -> Vec<Vec<Act>> {
    let all = [&ACTS[..], &[]].concat();
    let round = |numbers: &[usize]| numbers.iter().map(|n| all[*n]).collect();
    let mut rounds = vec![round(&[0, 3, 6]), round(&[1, 4, 7]), round(&[2, 5, 8])];
    if w.has_sub_folders() {
        rounds.push(round(&[9]));
    }
    rounds
}

/// The place of a flavour in the list of all, so that each meets others of several cases.
fn place(version: Version) -> usize {
    Version::all().into_iter().position(|other| other == version).unwrap()
}

/// Runs an apply that is held at the first request that a rule names, while somebody acts.
fn held(w: &World, held: Does, act: Act, rule: impl Fn(&Seen<'_>) -> bool + Send + Sync + 'static) -> Ran {
    let proxy =
        Proxy::before(&w.sandbox.running().url, move |seen| if rule(seen) { held.clone() } else { Does::Pass });
    let child = w.begin_at(&proxy, "apply stack -auto-approve");
    proxy.holds();
    (act.does)(w);
    proxy.release();
    child.ends()
}

/// Whether a request writes the object.
fn writes(address: &'static str) -> impl Fn(&Seen<'_>) -> bool {
    move |seen| match address {
        "dashboard.cpu" => seen.saves_an_object(),
        "datasource.second" => {
            seen.is_write() && seen.path.starts_with("/api/datasources") && seen.body.contains("\"second\"")
        }
        _ => {
            seen.is_write()
                && (seen.path.starts_with("/api/folders/bare")
                    || (seen.path == "/api/folders" && seen.body.contains("\"bare\"")))
        }
    }
}

/// Claims that an object is as somebody left it, and that the run said so by name.
#[track_caller]
fn is_kept(w: &World, act: Act, left: Option<&Value>, ran: &Ran) {
    assert!(matches!(ran.code, 4 | 5), "somebody {} {}:\n{ran}", act.name, act.address);
    let told = ran.out.lines().any(|line| line.contains(act.address) && line.contains("refused: "));
    assert!(told, "somebody {} {}:\n{ran}", act.name, act.address);
    assert_eq!(w.everything().get(act.address), left, "somebody {} {}:\n{ran}", act.name, act.address);
}

/// Holds a run after its plan, whose first write is about its record, while somebody acts; checks that all is kept.
#[track_caller]
fn acted_since_the_plan(w: &World, acts: &[Act]) {
    let proxy = Proxy::before(&w.sandbox.running().url, |seen| match seen.is_write() && seen.write == 1 {
        true => Does::HoldBefore,
        false => Does::Pass,
    });
    let child = w.begin_at(&proxy, "apply stack -auto-approve");
    proxy.holds();
    acts.iter().for_each(|act| (act.does)(w));
    let left = w.everything();
    proxy.release();
    let ran = child.ends();
    for act in acts {
        is_kept(w, *act, left.get(act.address), &ran);
    }
}

#[test]
fn what_somebody_did_since_the_plan_stops_an_update() {
    every(|w| {
        for acts in rounds(w) {
            let w = World::new(w.version);
            declare(&w, 1);
            w.applied();
            declare(&w, 2);
            acted_since_the_plan(&w, &acts);
            // Nothing is stuck: who says that it is to be overwritten gets what the directory says.
            w.apply_with("--on-drift overwrite --adopt").exits(0);
            w.is_settled();
        }
    });
}

#[test]
fn what_somebody_did_since_the_plan_stops_a_delete() {
    every(|w| {
        for acts in rounds(w).into_iter().filter(|acts| acts[0].name != "deletes") {
            let w = World::new(w.version);
            declare(&w, 1);
            w.applied();
            w.remove("Infra/cpu.json");
            w.remove("second.json");
            w.remove("Bare");
            acted_since_the_plan(&w, &acts);
            w.apply_with("--on-drift overwrite").exits(0);
            w.is_settled();
        }
    });
}

#[test]
fn an_edit_right_after_a_write_is_somebodys_and_drift_from_then_on() {
    every(|flavour| {
        for (number, act) in [ACTS[0], ACTS[3], ACTS[6]].into_iter().enumerate() {
            let w = World::new(flavour.version);
            let turn = 1 + (place(w.version) + number) % 2;
            if turn == 2 {
                declare(&w, 1);
                w.applied();
            }
            declare(&w, turn);
            let ran = held(&w, Does::HoldAfter, act, writes(act.address));
            assert_eq!(ran.code, 5, "somebody {} {}:\n{ran}", act.name, act.address);
            ran.says("done, then saved").lacks("stored something else");
            let left = w.everything().remove(act.address);
            assert!(left.as_ref().unwrap().to_string().to_lowercase().contains("theirs"), "{ran}");
            w.plan().exits(2).says(&format!("≈ {}", act.address));
            w.apply().exits(4);
            assert_eq!(w.everything().remove(act.address), left, "an unattended apply overwrites no edit");
            w.apply_with("--on-drift overwrite").exits(0);
            w.is_settled();
            w.destroy().exits(0);
            assert!(w.everything().is_empty());
        }
    });
}

#[test]
fn what_happens_within_the_one_request_of_a_save_is_told() {
    every(|w| {
        let classic = matches!(w.version, Version::V9_4 | Version::V10_1 | Version::V10_4);
        // There a resource version is no more than the version, which begins at 1 again.
        let legacy = w.version == Version::V12_4Upgraded;
        for act in [ACTS[1], ACTS[2]] {
            let w = World::new(w.version);
            declare(&w, 1);
            w.applied();
            declare(&w, 2);
            let ran = held(&w, Does::HoldBefore, act, writes(act.address));
            ran.exits(5);
            match act.name {
                "deletes" if classic => ran.says("it had been deleted since the plan: it was created again"),
                "deletes" => ran.says("refused: it was deleted since the plan"),
                _ if classic || legacy => ran.says("overwrote another dashboard.cpu"),
                _ => ran.says("refused: it was created by admin since the plan"),
            };
            w.apply_with("--on-drift overwrite --adopt").exits(0);
            w.is_settled();
        }
    });
}

/// Answers that are none of Grafana's: status, content type, body, `location`.
const NO_ANSWERS: [(u16, &str, &str, Option<&str>); 7] = [
    (200, "text/html", "<html>Log in</html>", None),
    (302, "text/html", "", Some("https://sso.example.com/login")),
    (403, "text/html", "<html>Request blocked</html>", None),
    (200, "application/json", "", None),
    (200, "application/json", "{}", None),
    (400, "text/html", "<html>400 Bad Request</html>", None),
    (400, "application/json", "", None),
];

/// Whether a request makes or changes the dashboard, the second data source or the bare folder.
fn writes_one_of_three(seen: &Seen<'_>) -> bool {
    ["dashboard.cpu", "datasource.second", "folder.bare"].into_iter().any(|address| writes(address)(seen))
}

#[test]
fn a_create_whose_answer_is_no_answer_is_looked_for_and_stays_ours() {
    every(|flavour| {
        let half = place(flavour.version) % 2;
        for (status, kind, body, location) in NO_ANSWERS.into_iter().skip(half).step_by(2) {
            let w = World::new(flavour.version);
            declare(&w, 1);
            let proxy = Proxy::before(&w.sandbox.running().url, move |seen| match writes_one_of_three(seen) {
                true => Does::DoneBut(status, kind, body, location),
                false => Does::Pass,
            });
            let ran = w.begin_at(&proxy, "apply stack -auto-approve").ends();
            assert_eq!(ran.code, 0, "answered {status} {kind} {body:?}\n{ran}");
            w.is_settled();
            w.destroy().exits(0);
            assert!(w.everything().is_empty(), "answered {status} {kind} {body:?}");
        }
    });
}

#[test]
fn a_create_that_cannot_be_read_back_is_unknown_and_found_by_the_next_run() {
    let unreadable = [
        Does::Answer(404, "application/json", r#"{"message":"Not found"}"#.into(), None),
        Does::Answer(404, "text/plain", "not here".into(), None),
        Does::Answer(200, "text/html", "<html>Log in</html>".into(), None),
        Does::Answer(403, "application/json", r#"{"message":"Forbidden"}"#.into(), None),
    ];
    every(|flavour| {
        let half = place(flavour.version) % 2;
        for with in unreadable.iter().skip(half).step_by(2) {
            let w = World::new(flavour.version);
            declare(&w, 1);
            let (answer, written) = (with.clone(), std::sync::atomic::AtomicBool::new(false));
            let proxy = Proxy::before(&w.sandbox.running().url, move |seen| {
                use std::sync::atomic::Ordering::SeqCst;
                if writes_one_of_three(seen) {
                    written.store(true, SeqCst);
                    return Does::DoneBut(200, "text/html", "<html>Log in</html>", None);
                }
                let one = ["/cpu", "/second", "/bare"].iter().any(|end| seen.path.ends_with(end));
                if !seen.is_write() && one && written.load(SeqCst) { answer.clone() } else { Does::Pass }
            });
            let ran = w.begin_at(&proxy, "apply stack -auto-approve").ends();
            assert_eq!(ran.code, 5, "read back as {with:?}\n{ran}");
            ran.says("unknown: ");
            w.apply().exits(0);
            w.is_settled();
            w.destroy().exits(0);
            assert!(w.everything().is_empty(), "read back as {with:?}");
        }
    });
}

#[test]
fn a_refusal_of_grafanas_own_is_none_of_ours() {
    on(Version::V12_4, |w| {
        let told = r#"{"message":"quota reached"}"#;
        declare(w, 1);
        let proxy = Proxy::before(&w.sandbox.running().url, move |seen| match writes("dashboard.cpu")(seen) {
            true => Does::Answer(400, "application/json", told.into(), None),
            false => Does::Pass,
        });
        let ran = w.begin_at(&proxy, "apply stack -auto-approve").ends();
        ran.exits(5).says("failed: quota reached");
        // Somebody makes it meanwhile: theirs, although it is the same.
        let cpu = std::fs::read_to_string(w.directory().join("Infra/cpu.json")).unwrap();
        w.save(&serde_json::from_str(&cpu).unwrap(), "infra");
        w.apply().says("equal, but not ours");
    });
}

#[test]
fn a_title_is_changed_and_nothing_else() {
    every(|w| {
        if !w.has_sub_folders() {
            return;
        }
        // Another stack, or a person, moves the folder while its new title is on its way: it stays where it was put.
        declare(w, 1);
        w.applied();
        declare(w, 2);
        let ran = held(w, Does::HoldBefore, ACTS[9], writes("folder.bare"));
        // Since 12.4 a move is a new version, and the title is refused; before, the title is changed, and that is told.
        let told = ["refused: saved by admin", "done, and moved to another folder"];
        assert!(ran.code == 5 && told.iter().any(|words| ran.out.contains(words)), "{ran}");
        assert_eq!(w.live_folder("bare").unwrap()["parentUid"], "elsewhere");
    });
}

#[test]
fn a_save_that_carries_the_message_of_a_run_along_is_somebodys() {
    every(|w| {
        if !matches!(w.version, Version::V12_4 | Version::V12_4Upgraded | Version::V13) {
            return;
        }
        declare(w, 1);
        w.applied();
        // As `kubectl edit` and clients of its kind do: read, changed, put back with all its annotations.
        let path = "/apis/dashboard.grafana.app/v0alpha1/namespaces/default/dashboards/cpu";
        let mut object = w.read(path).unwrap();
        object["spec"]["description"] = "edited by hand".into();
        object["metadata"].as_object_mut().unwrap().remove("resourceVersion");
        w.change("PUT", path, &object);
        declare(w, 2);
        w.apply().says("refused");
        assert_eq!(w.live_dashboard("cpu").unwrap()["description"], "edited by hand");
    });
}
