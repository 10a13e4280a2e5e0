//! How much is asked of a workspace, in counts that do not depend on the machine.

use amgctl::sandbox::Version;
use serde_json::json;

use crate::support::{Does, Proxy, World, dashboard, every, on, prometheus, saves_a_dashboard};

const DASHBOARDS: usize = 60;
const FOLDERS: usize = 6;
const DATASOURCES: usize = 4;

/// What a plan may ask besides its objects (issue 4: data sources + 8, and each dashboard on classic servers).
const BESIDES: usize = 8;

fn declare(w: &World, turn: usize) {
    for n in 0..DATASOURCES {
        let mut datasource = prometheus(&format!("p{n}"), &format!("P{n}"));
        datasource["jsonData"] = json!({ "timeInterval": format!("{turn}s") });
        w.json(&format!("p{n}.json"), &datasource);
    }
    for n in 0..DASHBOARDS {
        let mut dashboard = dashboard(&format!("d{n:02}"), &format!("D{n:02}"));
        dashboard["panels"][0]["title"] = format!("turn {turn}").into();
        // About 30 kB, as dashboards are.
        dashboard["panels"][0]["description"] = "x".repeat(30_000).into();
        w.json(&format!("F{}/d{n:02}.json", n % FOLDERS), &dashboard);
    }
}

/// The most requests of a plan.
fn most(w: &World) -> usize {
    let dashboards = match w.version.name() {
        "9.4" | "10.1" => DASHBOARDS,
        // Its searches do not say which folder a folder is in.
        "10.4" => DASHBOARDS + FOLDERS + 1,
        _ => DASHBOARDS.div_ceil(500),
    };
    dashboards + DATASOURCES + BESIDES
}

#[test]
fn a_plan_asks_little() {
    every(|w| {
        declare(w, 1);
        let first = w.plan().asked.len();
        assert!(first <= BESIDES + 4, "the first plan of an empty workspace asks {first} times");
        w.applied();
        let ran = w.plan_with("--verbose");
        ran.exits(0);
        assert!(ran.asked.len() <= most(w), "{} of at most {}:\n{:?}", ran.asked.len(), most(w), ran.asked);
        ran.says(&format!(
            "No changes. The workspace matches the directory (70 objects, {} requests, ",
            ran.asked.len()
        ));
    });
}

#[test]
fn a_plan_without_changes_moves_few_bytes_where_lists_have_no_bodies() {
    every(|w| {
        declare(w, 1);
        w.applied();
        let ran = w.plan_with("--verbose");
        let line = ran.err.lines().find(|line| line.contains(" bytes, ")).unwrap();
        let bytes: usize = line.split(", ").find_map(|part| part.strip_suffix(" bytes")).unwrap().parse().unwrap();
        let all = DASHBOARDS * 30_000;
        match w.version.name() {
            "9.4" | "10.1" | "10.4" => assert!(bytes < all * 2, "{line}"),
            _ => assert!(bytes <= all / 20, "{line}"),
        }
    });
}

#[test]
fn an_apply_sends_each_object_once_and_saves_the_record_seldom() {
    every(|w| {
        declare(w, 1);
        let ran = w.applied();
        let saves = |path: &str| ran.writes().iter().filter(|r| r.path == path).count();
        assert_eq!(saves("/api/folders"), FOLDERS + 1, "the record's folder is one more");
        // On 12.x the first data source becomes the default one and is set right.
        assert_eq!(saves("/api/datasources"), DATASOURCES);
        let record = ran.writes().iter().filter(|r| saves_a_dashboard(&r.method, &r.path)).count() - DASHBOARDS;
        assert!(record <= 4, "the record is saved {record} times");
        declare(w, 2);
        let ran = w.applied();
        ran.says("0 added, 64 changed");
        let record = ran.writes().len() - DASHBOARDS - DATASOURCES;
        assert!(record <= 4, "the record is saved {record} times");
    });
}

#[test]
fn a_first_apply_on_unified_storage_asks_about_once_an_object() {
    on(Version::V12_4, |w| {
        let (folders, dashboards, datasources) = (30, 310, 10);
        for n in 0..datasources {
            w.json(&format!("p{n}.json"), &prometheus(&format!("p{n}"), &format!("P{n}")));
        }
        for n in 0..dashboards {
            w.json(&format!("F{}/d{n}.json", n % folders), &dashboard(&format!("d{n}"), &format!("D{n}")));
        }
        let ran = w.apply();
        ran.exits(0).says("350 added");
        let most = 350 * 12 / 10;
        assert!(ran.asked.len() <= most, "{} of at most {most}", ran.asked.len());
        w.is_settled();
        // One list before and one after stand for reading 310 dashboards twice.
        for n in 0..dashboards {
            w.json(&format!("F{}/d{n}.json", n % folders), &dashboard(&format!("d{n}"), &format!("D{n}, again")));
        }
        let ran = w.apply();
        ran.exits(0).says("310 changed");
        assert!(ran.asked.len() <= most, "{} of at most {most}", ran.asked.len());
        w.is_settled();
    });
}

#[test]
fn the_records_of_other_stacks_are_read_once_each_and_at_the_same_time() {
    on(Version::V12_4, |w| {
        for n in 0..4 {
            w.json(&format!("../other{n}/t.json"), &dashboard(&format!("t{n}"), &format!("T{n}")));
            w.write(&format!("../other{n}/amgctl.yaml"), &format!("stack: other{n}\n"));
            w.amgctl(&format!("apply other{n} -auto-approve")).exits(0);
        }
        w.json("one.json", &dashboard("one", "One"));
        // Each is held until all of them have been asked for: one after another, the plan would wait for ever.
        let proxy = Proxy::before(&w.sandbox.running().url, |seen| {
            if seen.path.contains("/api/dashboards/uid/amgctl-other") { Does::HoldBefore } else { Does::Pass }
        });
        let child = w.begin_at(&proxy, "plan stack");
        for _ in 0..4 {
            proxy.holds();
        }
        proxy.release();
        child.ends().exits(0);
    });
}
