//! Manifests of the grafana-operator, applied without a cluster.

use crate::support::every;

/// A dashboard in a manifest.
fn dashboard(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: grafana.integreatly.org/v1beta1\nkind: GrafanaDashboard\nmetadata:\n  name: {name}\nspec:\n  \
         instanceSelector: {{matchLabels: {{dashboards: grafana}}}}\n{spec}"
    )
}

#[test]
fn a_dashboard_in_a_manifest_is_made_changed_and_deleted() {
    every(|w| {
        let of = |title: &str| {
            dashboard(
                "cpu",
                &format!("  json: |\n    {{\"uid\": \"cpu\", \"title\": \"{title}\", \"panels\": []}}\n"),
            )
        };
        w.write("cpu.yaml", &of("CPU"));
        w.plan().exits(2).says("+ dashboard.cpu");
        w.apply().exits(0).says("1 added");
        w.is_settled();

        w.write("cpu.yaml", &of("CPU load"));
        w.apply().exits(0).says("1 changed");
        assert_eq!(w.read("/api/dashboards/uid/cpu").unwrap()["dashboard"]["title"], "CPU load");
        w.is_settled();

        w.destroy().exits(0).says("1 destroyed");
        assert!(w.read("/api/dashboards/uid/cpu").is_none());
    });
}
