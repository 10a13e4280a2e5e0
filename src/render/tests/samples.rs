//! A plan, a run and problems with one of everything; and a plan whose texts do harm where they are taken for anything
//! but texts.

use std::time::Duration;

use serde_json::json;

use crate::kinds::Kind;
use crate::kinds::dashboard::Dashboard;
use crate::kinds::datasource::Datasource;
use crate::kinds::folder::Folder;
use crate::model::digest::Numbers;
use crate::model::{
    Address, Delta, Entry, FolderPath, Headline, KindName, Mark, Place, Problem, RecordState, Saved, Spot,
    StackName, Stamp, Uid,
};
use crate::plan::{Action, Change, Custody, Drift, DriftKind, Goal, Moved, Plan, Precondition, Refusal};
use crate::render::reports::{Subject, Verb};
use crate::report::{Conflict, Outcome, Report};

/// A change of this object.
pub fn change(kind: KindName, uid: &str, title: &str, action: Action) -> Change {
    Change::new(Address::new(kind, Uid::parse(uid).unwrap()), title, action, Precondition::Nothing)
}

/// A plan of these changes.
pub fn of(changes: Vec<Change>) -> Plan {
    Plan {
        goal: Goal::Apply,
        workspace: "https://g-12ab.grafana-workspace.eu-west-1.amazonaws.com".into(),
        version: "12.4.0".into(),
        stack: StackName::parse("shop").unwrap(),
        record: RecordState::There(Stamp { serial: 4, run: "r".into() }),
        stages: vec![changes],
        unchanged: 3,
        unmanaged: vec![("dashboards".into(), 214)],
        notices: vec!["stack `other` has never been applied here".into()],
        unknown: Vec::new(),
        bindings: Vec::new(),
        custody: Custody::default(),
    }
}

/// What is reported of it.
pub fn subject<'a>(verb: Verb, plan: Option<&'a Plan>, run: Option<&'a Report>) -> Subject<'a> {
    Subject {
        verb,
        stack: "shop",
        workspace: "https://g-12ab.grafana-workspace.eu-west-1.amazonaws.com",
        plan,
        run,
        problems: &[],
        remarks: &[],
        failure: "",
        exit: 0,
        root: "grafana/",
        base: Some("https://g-12ab.grafana-workspace.eu-west-1.amazonaws.com"),
    }
}

fn path(titles: &[&str]) -> Option<FolderPath> {
    FolderPath::new(titles.iter().map(|t| (*t).to_owned()).collect())
}

fn facts(facts: &[(&'static str, &str)]) -> Headline {
    Headline { title: String::new(), facts: facts.iter().map(|(n, v)| ((*n).into(), (*v).to_owned())).collect() }
}

/// A dashboard before and after: a panel came on top, one query and one threshold changed, one panel went into a row.
pub fn sides() -> (serde_json::Value, serde_json::Value) {
    let panel = |id: usize, x: usize, y: usize, title: &str| {
        json!({
            "id": id, "type": "timeseries", "title": title, "datasource": { "type": "prometheus", "uid": "amp-prod" },
            "gridPos": { "x": x, "y": y, "w": 12, "h": 8 },
            "targets": [{ "refId": "A", "expr": format!("sum by (pod) (rate(http_requests_total{{panel=\"{id}\"}}[1m]))") }],
            "fieldConfig": { "defaults": { "thresholds": { "steps": [{ "color": "green", "value": null },
                { "color": "red", "value": 800 }] } }, "overrides": [] },
        })
    };
    let row = |id: usize, y: usize, title: &str, collapsed: bool, panels: serde_json::Value| {
        json!({ "id": id, "type": "row", "title": title, "collapsed": collapsed, "panels": panels,
            "gridPos": { "x": 0, "y": y, "w": 24, "h": 1 } })
    };
    let mut repeated = panel(6, 0, 18, "CPU of $pod");
    repeated["repeat"] = json!("pod");
    let before = json!({
        "title": "Checkout", "schemaVersion": 42, "templating": { "list": [{ "name": "pod", "type": "query", "query": "pods" }] },
        "panels": [panel(1, 0, 0, "Requests"), panel(2, 12, 0, "Errors"), panel(3, 0, 8, "p99 latency"),
            panel(4, 12, 8, "Queue"), row(5, 17, "Pods", false, json!([])), repeated,
            row(7, 26, "Details", true, json!([panel(8, 0, 27, "Heap")]))],
    });
    let mut after = before.clone();
    let panels = after["panels"].as_array_mut().unwrap();
    for panel in panels.iter_mut() {
        panel["gridPos"]["y"] = json!(panel["gridPos"]["y"].as_u64().unwrap() + 4);
    }
    panels[0]["targets"][0]["expr"] = json!("sum by (pod, code) (rate(http_requests_total{panel=\"1\"}[5m]))");
    panels[0]["fieldConfig"]["defaults"]["thresholds"]["steps"][1]["value"] = json!(500);
    panels[2]["gridPos"]["w"] = json!(24);
    panels.remove(3);
    panels.insert(
        0,
        json!({ "id": 41, "type": "stat", "title": "Error budget", "datasource": { "uid": "amp-prod" },
            "targets": [{ "refId": "A", "expr": "1 - slo:errors:ratio" }], "gridPos": { "x": 0, "y": 0, "w": 24, "h": 4 } }),
    );
    (before, after)
}

/// A plan with one of everything.
pub fn plan() -> Plan {
    let (before, after) = sides();
    let delta = Dashboard.diff(&before, &after, Numbers::Float);
    let mut board = change(Dashboard::NAME, "checkout", "Checkout", Action::Update { delta, moved: None });
    board.picture = Dashboard.picture(Some(&before), Some(&after), Numbers::Float);
    board.folder = path(&["Shop"]);
    board.place = Some(Place::file("dashboards/Shop/checkout.json"));
    board.drift = Some(Drift {
        what: DriftKind::Changed,
        saved: Saved { by: "ana@example.com".into(), at: "2026-11-20T16:02:11Z".into() },
        version: 17,
        recorded: 16,
        delta: None,
    });
    let created = Action::Create { headline: facts(&[("type", "loki"), ("url", "http://loki:3100")]) };
    let mut source = change(Datasource::NAME, "loki", "Loki", created);
    source.place = Some(Place::at("datasources.yaml", 14, 5));
    let mut folder = change(Folder::NAME, "shop", "Shop", Action::Create { headline: Headline::default() });
    folder.place = Some(Place::file("dashboards/Shop"));
    let moved = Some(Moved { from: path(&["Infra"]), to: path(&["Infra", "Linux"]) });
    let moved = change(Dashboard::NAME, "node", "Nodes", Action::Update { delta: Delta::default(), moved });
    let deleted = Action::Delete { headline: facts(&[("panels", "1"), ("variables", "region")]) };
    let deleted = change(Dashboard::NAME, "old", "Old latency", deleted);
    let kept = Action::Keep { because: "it holds 2 dashboards of others".into() };
    let refusal = Refusal {
        code: "not-ours".into(),
        reason: "a dashboard of this uid is there and was not made by this stack, and it differs".into(),
        hint: "plan with --adopt to take it over".into(),
    };
    let mut refused = change(Dashboard::NAME, "x", "X", Action::Refuse(refusal));
    refused.place = Some(Place::at("x.json", 1, 1));
    of(vec![folder, source, board, moved, deleted, change(Folder::NAME, "k", "K", kept), refused])
}

/// What came of carrying it out: something of everything.
pub fn run() -> Report {
    let plan = plan();
    let mut report = Report::new(Goal::Apply);
    let saved = Conflict::Saved {
        by: "ana@example.com".into(),
        at: "2026-11-20T16:02:11Z".into(),
        version: 18,
        planned: 17,
    };
    let outcomes = [
        Outcome::Done,
        Outcome::Done,
        Outcome::Conflict(saved),
        Outcome::Failed { message: "Dashboard title cannot be empty".into() },
        Outcome::Skipped { because: "dashboard.node failed".into() },
        Outcome::Done,
        Outcome::Unknown { message: "its answer was lost".into() },
    ];
    for (change, outcome) in plan.changes().zip(outcomes) {
        report.add(change, outcome, Duration::from_millis(120), None);
    }
    report
}

/// An error and a warning, with their lines.
pub fn problems() -> Vec<Problem> {
    let spot = Spot {
        place: Place::at("datasources.yaml", 14, 5),
        line_text: Some("    titel: Loki".into()),
        width: 5,
        clipped: 0,
        label: "here".into(),
    };
    vec![
        Problem::error("unknown-field", "a data source has no `titel`").spot(spot).help("write `name`"),
        Problem::warning("unpinned", "`dashboards/a.json` has no version").at(Place::file("dashboards/a.json")),
    ]
}

/// Texts that mean something to Markdown, HTML, forges and terminals.
pub const HARM: [&str; 12] = [
    "`code` ``` @all <!-- x --> ](http://evil) | a | b",
    "</code></summary></details><script>alert(1)</script>",
    "\u{1b}[31mred\u{1b}[0m\r\n::set-output name=x::y\n/close",
    "@octocat please #12 acme/infra#1 !3 $x^2$ ~bug %v1 GH-9 0123456789abcdef",
    "![x](javascript:alert(1)) [a]: http://evil www.evil.com https://evil.com a@evil.com",
    "```\n# heading\n- item\n\n<details>",
    "--> <!-- amgctl plan shop -->",
    "\u{202e}gnp.exe & &amp; &#64;all &lt;b&gt;",
    "\\`escaped\\` *bold* _it_ ~~gone~~ :smile: \\",
    "a\u{0}b\u{7}c\u{2028}d 監視 ``",
    "",
    "   padded   ",
];

/// A plan of so many changes, each with harmful texts everywhere.
pub fn hostile(count: usize) -> Plan {
    let harm = |n: usize| HARM[n % HARM.len()].to_owned();
    let one = |n: usize| {
        let entries = (0..n % 7 * 5).map(|k| {
            Entry::new(Mark::Change, format!("panel {}", harm(n + k)), "/p")
                .values(Some(harm(k)), Some(harm(k + 1)))
        });
        let delta = Delta { entries: entries.collect(), unchanged: harm(n + 5), notes: vec![harm(n + 1)] };
        let mut change = change(Dashboard::NAME, &format!("d{n}"), &harm(n), Action::Update { delta, moved: None });
        change.place = Some(Place::at(harm(n + 2).as_str(), 1, 1));
        change.folder = path(&[HARM[n % 10]]);
        change.notes = vec![harm(n + 3)];
        if n.is_multiple_of(5) {
            let saved = Saved { by: harm(n + 4), at: harm(n) };
            let what = DriftKind::Moved(path(&[HARM[n % 10]]));
            change.drift = Some(Drift { what, saved, version: 3, recorded: 2, delta: None });
        }
        if n % 11 == 3 {
            change.action =
                Action::Refuse(Refusal { code: harm(n).into(), reason: harm(n + 1), hint: harm(n + 2) });
        }
        change
    };
    let mut plan = of((0..count).map(one).collect());
    plan.workspace = HARM.concat();
    plan.notices = HARM.iter().map(|text| (*text).to_owned()).collect();
    plan.unknown = plan.notices.clone();
    plan
}
