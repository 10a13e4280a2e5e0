//! What a plan takes away and others still use.

use amgctl::sandbox::Version;
use serde_json::json;

use crate::support::{World, dashboard, on, prometheus};

fn both(claim: impl Fn(&World)) {
    for version in [Version::V9_4, Version::V12_4] {
        on(version, &claim);
    }
}

/// The stack has a data source and a dashboard, and somebody else a dashboard that uses both.
fn begin(w: &World) {
    w.json("prom.json", &prometheus("prom", "Prom"));
    w.json("ours.json", &dashboard("ours", "Ours"));
    w.applied();
    let mut theirs = dashboard("theirs", "Theirs");
    theirs["panels"][0]["datasource"] = json!({ "type": "prometheus", "uid": "prom" });
    theirs["links"] = json!([{ "title": "more", "type": "link", "url": "/d/ours/ours?var-x=1" }]);
    w.save(&theirs, "");
    w.save(&dashboard("others", "Others"), "");
}

const USED: &str = "warning: still used by what is not ours: the dashboard `Theirs` (`dashboard.theirs`)";

#[test]
fn who_uses_what_goes_is_named_before_it_goes() {
    both(|w| {
        begin(w);
        let read = |ran: &crate::support::Ran| ran.asked.iter().filter(|r| r.path.contains("theirs")).count();
        let settled = w.plan();
        settled.exits(0);
        assert_eq!(read(&settled), 0, "nothing goes, so nothing more is read\n{settled}");

        w.remove("prom.json");
        let plan = w.plan();
        plan.exits(2).says("- datasource.prom").says(USED).lacks("Others");
        assert_eq!(read(&plan), 1, "{plan}");
        w.plan_with("--strict").exits(3).says("used-elsewhere").says("Theirs");

        w.json("prom.json", &prometheus("prom", "Prom"));
        w.remove("ours.json");
        w.plan().exits(2).says("- dashboard.ours").says(USED);
        // Another uid is another dashboard: the links lead nowhere.
        w.json("ours.json", &dashboard("ours-2", "Ours"));
        let plan = w.plan();
        assert!(plan.out.contains("- dashboard.ours ") || plan.out.contains("! dashboard.ours-2"), "{plan}");
        w.remove("ours.json");
        w.apply().exits(0);
        w.amgctl("plan stack --destroy").exits(0).says(USED);
    });
}

#[test]
fn the_others_that_go_as_well_are_no_users() {
    both(|w| {
        w.json("prom.json", &prometheus("prom", "Prom"));
        let mut uses = dashboard("uses", "Uses");
        uses["panels"][0]["datasource"] = json!({ "type": "prometheus", "uid": "prom" });
        w.json("uses.json", &uses);
        w.applied();
        w.remove("prom.json");
        w.remove("uses.json");
        w.json("left.json", &dashboard("left", "Left"));
        w.plan().exits(2).says("- datasource.prom").lacks("still used");
    });
}
