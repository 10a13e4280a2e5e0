//! How plans read: one small plan for each action and ending, its text written out.

use super::*;
use crate::kinds::Kind;
use crate::kinds::dashboard::Dashboard;
use crate::kinds::datasource::Datasource;
use crate::kinds::folder::Folder;
use crate::model::digest::Numbers;
use crate::model::{
    Address, Delta, Entry, FolderPath, Headline, KindName, Mark, Place, RecordState, Saved, StackName, Stamp, Uid,
};
use crate::plan::{Action, Change, Custody, Drift, DriftKind, Goal, Moved, Precondition, Refusal};
use crate::render::story::plan::no_changes;
use console::measure_text_width;
use serde_json::{Value, json};

const PIPE: Style = Style { colour: false, width: None, verbose: false };
const NARROW: Style = Style { colour: false, width: Some(80), verbose: false };

fn change(kind: KindName, uid: &str, title: &str, action: Action) -> Change {
    Change::new(Address::new(kind, Uid::parse(uid).unwrap()), title, action, Precondition::Nothing)
}

fn dashboard(uid: &str, title: &str, action: Action) -> Change {
    change(Dashboard::NAME, uid, title, action)
}

fn path(titles: &[&str]) -> Option<FolderPath> {
    FolderPath::new(titles.iter().map(|t| (*t).to_owned()).collect())
}

fn headline(facts: &[(&'static str, &str)]) -> Headline {
    Headline { title: String::new(), facts: facts.iter().map(|(n, v)| ((*n).into(), (*v).to_owned())).collect() }
}

fn title_change() -> Delta {
    let entry = Entry::new(Mark::Change, "title", "/title").values(Some("A".into()), Some("B".into()));
    Delta { entries: vec![entry], ..Delta::default() }
}

fn of(changes: Vec<Change>) -> Plan {
    Plan {
        goal: Goal::Apply,
        workspace: "prod".into(),
        version: "12.4.0".into(),
        stack: StackName::parse("monitoring").unwrap(),
        record: RecordState::There(Stamp { serial: 4, run: "r".into() }),
        stages: vec![changes],
        unchanged: 0,
        unmanaged: Vec::new(),
        notices: Vec::new(),
        unknown: Vec::new(),
        bindings: Vec::new(),
        custody: Custody::default(),
    }
}

/// The text below the two lines of the header.
fn check(plan: &Plan, expected: &str) {
    let text = super::plan(plan, &NARROW);
    for line in text.lines() {
        assert!(measure_text_width(line) <= 80, "{line}");
    }
    let body = text.split_once("stack      monitoring\n").unwrap().1;
    assert_eq!(body.trim_start_matches('\n').trim_end(), expected.trim_start_matches('\n').trim_end());
}

#[test]
fn the_header_says_where_it_will_happen() {
    let text = super::plan(&of(vec![]), &PIPE);
    assert_eq!(
        text,
        "workspace  prod (Grafana 12.4.0)\nstack      monitoring\n\nPlan: 0 to add, 0 to change, 0 to destroy.\n"
    );
}

#[test]
fn new_objects_take_a_few_lines() {
    let facts = headline(&[("panels", "12"), ("data sources", "amp-prod, loki"), ("variables", "region, cluster")]);
    let mut board = dashboard("checkout", "Checkout", Action::Create { headline: facts });
    board.folder = path(&["Shop"]);
    board.place = Some(Place::file("dashboards/Shop/checkout.json"));
    let facts = headline(&[("type", "loki"), ("url", "http://loki:3100"), ("auth", "none")]);
    let mut source = change(Datasource::NAME, "loki", "Loki", Action::Create { headline: facts });
    source.place = Some(Place::at("datasources.yaml", 14, 5));
    let mut folder = change(Folder::NAME, "shop", "Shop", Action::Create { headline: Headline::default() });
    folder.place = Some(Place::file("dashboards/Shop"));
    check(
        &of(vec![folder, source, board]),
        r#"
amgctl will perform the following actions:

  + folder.shop  "Shop"                                          dashboards/Shop
  + datasource.loki  "Loki"                                datasources.yaml:14:5
      type   loki
      url    http://loki:3100
      auth   none
  + dashboard.checkout  "Checkout"  in Shop        dashboards/Shop/checkout.json
      12 panels; data sources amp-prod, loki; variables region, cluster

Plan: 3 to add, 0 to change, 0 to destroy.
"#,
    );
}

fn board_of_forty() -> (Value, Value) {
    let panel = |id: usize, y: usize| {
        json!({
            "id": id, "type": "timeseries", "title": format!("Panel {id}"),
            "datasource": { "type": "prometheus", "uid": "amp-prod" },
            "gridPos": { "x": 12 * (id % 2), "y": y, "w": 12, "h": 8 },
            "targets": [{ "refId": "A", "expr": format!(
                "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{{panel=\"{id}\"}}[1m])))"
            ) }],
            "fieldConfig": { "defaults": { "unit": "s", "thresholds": { "mode": "absolute", "steps": [
                { "color": "green", "value": null }, { "color": "red", "value": 800 },
            ] } }, "overrides": [] },
        })
    };
    let variable = |name: &str| json!({ "name": name, "type": "custom", "query": "a,b", "current": { "text": "eu-west-1", "value": "eu-west-1" } });
    let before = json!({
        "title": "Checkout", "schemaVersion": 42,
        "panels": (0..40).map(|id| panel(id, id / 2 * 8)).collect::<Vec<_>>(),
        "templating": { "list": [variable("region"), variable("cluster")] },
        "annotations": { "list": [{ "name": "Deploys" }] },
    });
    let mut after = before.clone();
    let panels = after["panels"].as_array_mut().unwrap();
    for panel in panels.iter_mut() {
        panel["gridPos"]["y"] = json!(panel["gridPos"]["y"].as_u64().unwrap() + 8);
    }
    let expr = panels[12]["targets"][0]["expr"].as_str().unwrap().replace("[1m]", "[5m]");
    panels[12]["targets"][0]["expr"] = json!(expr);
    panels[12]["fieldConfig"]["defaults"]["thresholds"]["steps"][1]["value"] = json!(500);
    panels.insert(
        0,
        json!({ "id": 41, "type": "stat", "title": "Error budget", "datasource": { "uid": "amp-prod" },
            "gridPos": { "x": 0, "y": 0, "w": 24, "h": 8 } }),
    );
    after["templating"]["list"][0]["current"] = json!({ "text": "eu-central-1", "value": "eu-central-1" });
    (before, after)
}

#[test]
fn one_panel_on_top_and_one_query_edited_is_a_short_plan() {
    let (before, after) = board_of_forty();
    let delta = Dashboard.diff(&before, &after, Numbers::Float);
    let mut board = dashboard("checkout", "Checkout", Action::Update { delta, moved: None });
    board.folder = path(&["Shop"]);
    board.place = Some(Place::file("dashboards/Shop/checkout.json"));
    let plan = of(vec![board]);
    check(
        &plan,
        r#"
amgctl will perform the following actions:

  ~ dashboard.checkout  "Checkout"  in Shop        dashboards/Shop/checkout.json
      + panel "Error budget" #41    (stat, amp-prod) at the top
      ~ panel "Panel 12" #12
          ~ query A     histogram_quantile(0.99, … panel="12"}[1m])))
              → … panel="12"}[5m])))
          ~ threshold   red 800 → 500
      ~ variable "region" default   eu-west-1 → eu-central-1
      → layout                      40 panels moved down by 8
      (39 panels, 1 variable, 1 annotation unchanged)

Plan: 0 to add, 1 to change, 0 to destroy.
"#,
    );
    assert!(super::plan(&plan, &NARROW).lines().count() <= 25);
}

#[test]
fn what_others_did_comes_first_with_who_and_when() {
    let saved = Saved { by: "ana@example.com".into(), at: "2026-11-20T16:02:11Z".into() };
    let drift = |what| Some(Drift { what, saved: saved.clone(), version: 17, recorded: 16, delta: None });
    let mut changed = dashboard("checkout", "Checkout", Action::Update { delta: title_change(), moved: None });
    changed.drift = drift(DriftKind::Changed);
    let mut deleted = dashboard("cpu", "CPU", Action::Create { headline: Headline::default() });
    deleted.drift =
        Some(Drift { what: DriftKind::Deleted, saved: Saved::default(), version: 0, recorded: 0, delta: None });
    let mut moved = dashboard("disk", "Disk", Action::Keep { because: "protected".into() });
    moved.drift = drift(DriftKind::Moved(path(&["Infra", "Linux"])));
    check(
        &of(vec![changed, deleted, moved]),
        r#"
Changed outside amgctl since the last apply:

  ≈ dashboard.checkout  "Checkout"
      ana@example.com saved version 17, 2026-11-20 16:02 UTC; overwritten below
  ≈ dashboard.cpu  "CPU"
      deleted; created again below
  ≈ dashboard.disk  "Disk"
      ana@example.com moved it to Infra / Linux, 2026-11-20 16:02 UTC; left as
      it is

amgctl will perform the following actions:

  ~ dashboard.checkout  "Checkout"
      ~ title   A → B
  + dashboard.cpu  "CPU"
  · dashboard.disk  "Disk"
      kept: protected

Plan: 1 to add, 1 to change, 0 to destroy. 1 to keep. 3 changed outside.
"#,
    );
}

#[test]
fn moves_replacements_adoptions_and_deletions_say_what_they_are() {
    let way = || Some(Moved { from: path(&["Infra"]), to: path(&["Infra", "Linux"]) });
    let moved = dashboard("node", "Nodes", Action::Update { delta: Delta::default(), moved: way() });
    let both = dashboard("disk", "Disk", Action::Update { delta: title_change(), moved: way() });
    let because = "`url` cannot be cleared in place".into();
    let replaced = change(Datasource::NAME, "pg", "Postgres", Action::Replace { delta: title_change(), because });
    let adopted = dashboard("a", "A", Action::Adopt { delta: title_change(), moved: None });
    let as_it_is = dashboard("b", "B", Action::Adopt { delta: Delta::default(), moved: None });
    let mut deleted = dashboard(
        "old",
        "Old latency",
        Action::Delete { headline: headline(&[("panels", "1"), ("variables", "region")]) },
    );
    deleted.notes.push("nobody else's dashboard links to it".into());
    check(
        &of(vec![moved, both, replaced, adopted, as_it_is, deleted]),
        r#"
amgctl will perform the following actions:

  → dashboard.node  "Nodes"   Infra → Infra / Linux
  ~ dashboard.disk  "Disk"
      → folder   Infra → Infra / Linux
      ~ title   A → B
  -/+ datasource.pg  "Postgres"
      must be replaced: `url` cannot be cleared in place
      ~ title   A → B
  » dashboard.a  "A"  adopted
      ~ title   A → B
  » dashboard.b  "B"  adopted as it is
  - dashboard.old  "Old latency"                      removed from the directory
      1 panel; variables region
      nobody else's dashboard links to it

Plan: 1 to add, 2 to change, 2 to destroy. 2 to adopt.
"#,
    );
}

#[test]
fn what_is_not_written_says_why() {
    let released = dashboard(
        "r",
        "R",
        Action::Release { because: "adopted once, so it is forgotten and left in the workspace".into() },
    );
    let forgotten = dashboard("f", "F", Action::Forget { because: "it is gone".into() });
    let kept = change(Folder::NAME, "k", "K", Action::Keep { because: "it holds 2 dashboards of others".into() });
    let left = dashboard("l", "L", Action::LeaveAlone);
    let renewed = dashboard("n", "N", Action::Renew);
    let refusal = Refusal {
        code: "not-ours".into(),
        reason: "a dashboard of this uid is there and was not made by this stack, and it differs".into(),
        hint: "plan with --adopt to take it over".into(),
    };
    let mut refused = dashboard("x", "X", Action::Refuse(refusal));
    refused.place = Some(Place::file("x.json"));
    let mut plan = of(vec![released, forgotten, kept, left, renewed, refused]);
    plan.notices.push("stack `shop` has never been applied here".into());
    plan.unmanaged = vec![("dashboards".into(), 214), ("data sources".into(), 1), ("folders".into(), 0)];
    check(
        &plan,
        r#"
amgctl will perform the following actions:

  · dashboard.r  "R"
      released: adopted once, so it is forgotten and left in the workspace
  · dashboard.f  "F"
      forgotten: it is gone
  · folder.k  "K"
      kept: it holds 2 dashboards of others
  · dashboard.l  "L"
      already there and equal, but not ours: left alone (--adopt takes it)
  · 1 object is as declared already; only the record is renewed

Refused, nothing is written for these:

  ! dashboard.x  "X"                                                      x.json
      a dashboard of this uid is there and was not made by this stack, and it
      differs [not-ours]
      hint: plan with --adopt to take it over

note: stack `shop` has never been applied here

Not ours, left alone: 214 dashboards, 1 data source.

Plan: 0 to add, 0 to change, 0 to destroy. 2 to forget, 1 to keep, 1 refused.
"#,
    );
}

#[test]
fn a_plan_that_does_not_know_what_is_ours_says_so() {
    let mut plan = of(vec![dashboard("a", "A", Action::Create { headline: Headline::default() })]);
    plan.record = RecordState::Unknown("folder `amgctl` may not be read with this token".into());
    check(
        &plan,
        r#"
provisional: folder `amgctl` may not be read with this token; so every action
             below is provisional, and this plan cannot be applied

amgctl will perform the following actions:

  + dashboard.a  "A"  (provisional)

Plan (provisional): 1 to add, 0 to change, 0 to destroy.
"#,
    );
}

#[test]
fn a_destroy_names_what_goes() {
    let mut plan = of(vec![dashboard("a", "A", Action::Delete { headline: headline(&[("panels", "3")]) })]);
    plan.goal = Goal::Destroy;
    check(
        &plan,
        r#"
amgctl will destroy what this stack made:

  - dashboard.a  "A"

Plan: 0 to add, 0 to change, 1 to destroy.
"#,
    );
}

#[test]
fn a_first_plan_of_many_stays_short_and_names_them_all() {
    let facts = || headline(&[("panels", "12"), ("data sources", "amp-prod")]);
    let many = (0..300)
        .map(|n| dashboard(&format!("board-{n}"), &format!("監視 {n}"), Action::Create { headline: facts() }))
        .chain((0..80).map(|n| dashboard(&format!("gone-{n}"), "G", Action::Delete { headline: facts() })))
        .collect();
    let text = super::plan(&of(many), &NARROW);
    assert!(text.lines().count() < 330, "{}", text.lines().count());
    for n in [0, 299] {
        assert!(text.contains(&format!("dashboard.board-{n} ")));
    }
    assert!(text.contains("  - 80 dashboards   deleted\n      gone-0, gone-1, "), "{text}");
    assert!(text.contains("gone-79"));
    assert!(text.lines().all(|line| measure_text_width(line) <= 80));
}

#[test]
fn colour_only_repeats_what_the_signs_say() {
    let board = || dashboard("a", "A", Action::Update { delta: title_change(), moved: None });
    let coloured = super::plan(&of(vec![board()]), &Style { colour: true, ..PIPE });
    assert!(coloured.contains("\u{1b}[33m~\u{1b}[0m"), "{coloured:?}");
    assert_eq!(console::strip_ansi_codes(&coloured), super::plan(&of(vec![board()]), &PIPE));
}

#[test]
fn names_from_elsewhere_cannot_move_the_cursor() {
    let mut board = dashboard("a", "x\u{1b}[2J\ny", Action::Create { headline: Headline::default() });
    board.notes.push("a\u{1b}[31m".into());
    let text = super::plan(&of(vec![board]), &PIPE);
    assert!(!text.contains('\u{1b}'), "{text:?}");
}

#[test]
fn verbose_adds_places_and_whole_values() {
    let before =
        json!({ "title": "A", "panels": [{ "id": 1, "title": "P", "type": "text", "content": "x".repeat(200) }] });
    let mut after = before.clone();
    after["panels"][0]["content"] = json!("y");
    let delta = Dashboard.diff(&before, &after, Numbers::Float);
    let board = dashboard("a", "A", Action::Update { delta, moved: None });
    let text = super::plan(&of(vec![board]), &Style { verbose: true, ..NARROW });
    assert!(text.contains("at /panels/0/content"), "{text}");
    assert!(text.contains(&format!("- \"{}\"", "x".repeat(200))), "{text}");
    assert!(text.contains("+ \"y\""), "{text}");
}

#[test]
fn a_secret_is_named_and_not_shown() {
    let entries = vec![
        Entry::new(Mark::Change, "jsonData.maxLines", "/jsonData/maxLines")
            .values(Some("1000".into()), Some("5000".into())),
        Entry::new(Mark::Change, "secureJsonData.basicAuthPassword", "")
            .values(None, Some("(sensitive value changed)".into())),
    ];
    let delta = Delta { entries, ..Delta::default() };
    check(
        &of(vec![change(Datasource::NAME, "loki", "Loki", Action::Update { delta, moved: None })]),
        r#"
amgctl will perform the following actions:

  ~ datasource.loki  "Loki"
      ~ jsonData.maxLines   1000 → 5000
      ~ secureJsonData.basicAuthPassword   (sensitive value changed)

Plan: 0 to add, 1 to change, 0 to destroy.
"#,
    );
}

#[test]
fn nothing_to_do_is_said_in_one_line() {
    assert_eq!(
        no_changes(&Plan { goal: Goal::Destroy, ..of(vec![]) }, 0, 3, 0.42),
        "No changes. No objects need to be destroyed (3 requests, 0.4 s)."
    );
    assert_eq!(
        no_changes(&of(vec![]), 61, 3, 0.42),
        "No changes. The workspace matches the directory (61 objects, 3 requests, 0.4 s)."
    );
}

#[test]
fn a_plan_that_cannot_know_everything_says_so_and_claims_nothing() {
    let mut plan = of(vec![]);
    plan.record = RecordState::Unknown("what is ours is not known".into());
    plan.unknown = vec!["which data sources are there: this token may not list data sources".into()];
    check(
        &plan,
        r"
provisional: what is ours is not known; so every action below is provisional,
             and this plan cannot be applied

not known: which data sources are there: this token may not list data sources

Plan (provisional): 0 to add, 0 to change, 0 to destroy.
",
    );
    assert_eq!(
        no_changes(&plan, 61, 3, 0.42),
        "Nothing to do that this token can see (61 objects, 3 requests, 0.4 s); what is not known stands above."
    );
}
