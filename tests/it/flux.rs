//! kustomize, Flux and its variables, and what is piped in, without a cluster.

use amgctl::sandbox::Version;

use crate::support::{PLANTED, World, every, on};

/// A dashboard in a manifest, with this title and these lines in its `metadata`.
fn dashboard(uid: &str, title: &str, metadata: &str) -> String {
    format!(
        "---\napiVersion: grafana.integreatly.org/v1beta1\nkind: GrafanaDashboard\nmetadata:\n  name: {uid}\n{metadata}spec:\n  \
         instanceSelector: {{}}\n  folder: General\n  json: |\n    {{\"uid\": \"{uid}\", \"title\": \"{title}\", \"panels\": []}}\n"
    )
}

/// A Flux Kustomization of the directory `grafana`, with these lines in its `spec`.
fn flux(spec: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: grafana, namespace: flux-system}}\n\
         spec:\n  interval: 1m\n  path: ./grafana\n  sourceRef: {{kind: GitRepository, name: flux-system}}\n{spec}"
    )
}

fn title(w: &World, uid: &str) -> Option<String> {
    let read = w.read(&format!("/api/dashboards/uid/{uid}"))?;
    read["dashboard"]["title"].as_str().map(str::to_owned)
}

#[test]
fn what_flux_applies_is_applied_with_its_variables_and_pruned() {
    every(|w| {
        w.write(
            "clusters/prod.yaml",
            &flux("  prune: true\n  postBuild:\n    substitute: {REGION: eu-west-1}\n    substituteFrom: [{kind: ConfigMap, name: vars}]\n"),
        );
        w.write(
            "clusters/vars.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars, namespace: flux-system}\ndata: {TEAM: shop}\n",
        );
        w.write("grafana/kustomization.yaml", "resources: [cpu.yaml, memory.yaml]\n");
        w.write(
            "grafana/cpu.yaml",
            &dashboard("cpu", "CPU in ${REGION} of ${TEAM:-nobody} at $${host} ${NO:=-}", ""),
        );
        w.write("grafana/memory.yaml", &dashboard("memory", "Memory", ""));
        w.write("grafana/unused.yaml", &dashboard("unused", "Unused ${UNSET}", ""));
        w.plan().exits(2).says("+ dashboard.cpu").says("+ dashboard.memory").lacks("unused");
        w.amgctl("plan stack --verbose")
            .says("grafana/unused.yaml is not among what the Flux Kustomization `grafana` applies");
        w.applied();
        w.is_settled();
        assert_eq!(title(w, "cpu").unwrap(), "CPU in eu-west-1 of shop at ${host} -");

        // What is typed beats what stands there.
        w.plan_with("--var TEAM=web").exits(2).says("~ dashboard.cpu").says("CPU in eu-west-1 of web");
        w.write("more.env", "TEAM=file\n");
        w.plan_with("--var-file stack/more.env").exits(2).says("of file at");

        // What a kustomization names no more is gone, though its file is there.
        w.write("grafana/kustomization.yaml", "resources: [cpu.yaml]\n");
        w.plan().exits(2).says("- dashboard.memory");
        w.applied();
        assert!(title(w, "memory").is_none());
        w.is_settled();
        w.destroy().exits(0).says("1 destroyed");
    });
}

#[test]
fn a_variable_without_a_value_is_an_error_with_its_place_and_the_escape() {
    on(Version::V12_4, |w| {
        w.write("flux.yaml", &flux("  prune: true\n  postBuild: {substitute: {A: b}}\n"));
        w.write("grafana/cpu.yaml", &dashboard("cpu", "CPU on ${datasource} ${A B}", ""));
        w.plan()
            .exits(3)
            .says("the variable `datasource` has no value")
            .says("grafana/cpu.yaml:10:37")
            .says("write `$${datasource}`")
            .says("`${A B}` is nothing that Flux can replace")
            .says("write `$${A B}`");
        w.write("grafana/cpu.yaml", &dashboard("cpu", "CPU on ${datasource} $${A B}", ""));
        w.plan_with("--lenient-vars").exits(2).says("CPU on ${A B}");
        w.write(
            "grafana/cpu.yaml",
            &dashboard(
                "cpu",
                "CPU on ${datasource} ${A B}",
                "  annotations: {kustomize.toolkit.fluxcd.io/substitute: disabled}\n",
            ),
        );
        w.plan().exits(2).says("CPU on ${datasource} ${A B}");
    });
}

#[test]
fn a_slip_in_one_of_two_kustomizations_deletes_nothing() {
    on(Version::V12_4, |w| {
        let named = |name: &str, path: &str, source: &str| {
            let flux = flux("  prune: true\n").replace("name: grafana", &format!("name: {name}"));
            flux.replace("./grafana", path)
                .replace("name: flux-system}\n  prune", &format!("name: {source}}}\n  prune"))
        };
        w.write("clusters/a.yaml", &named("a", "./a", "fleet"));
        w.write("clusters/b.yaml", &named("b", "./b", "fleet"));
        w.write("a/a.yaml", &dashboard("cpu", "CPU", ""));
        w.write("b/b.yaml", &dashboard("memory", "Memory", ""));
        w.applied();

        // Where the tree shows that something is missing, it is an error with its place and what to do.
        w.write("clusters/b.yaml", &named("b", "./bb", "fleet"));
        w.apply()
            .exits(3)
            .says("there is no directory `./bb` in `stack`")
            .says("clusters/b.yaml:6:9")
            .says("correct the path, or run amgctl on a checkout of the GitRepository `fleet`")
            .writes_nothing();

        // Where it could be another source's, what was applied stays, and the plan says why.
        w.write("clusters/b.yaml", &named("b", "./bb", "flet"));
        w.apply()
            .exits(0)
            .says("`b` (clusters/b.yaml:6:9) applies `./bb` of the GitRepository `flet`, which is not here")
            .says("so left as they are: `dashboard.memory`")
            .writes_nothing();
        assert_eq!(title(w, "memory").unwrap(), "Memory");
        w.write("clusters/b.yaml", &named("b", "./b", "fleet"));
        w.is_settled();

        // So are slips in what is typed.
        w.plan_with("--var TEAM=hunter2").says("nothing that is read uses `--var TEAM=…`").lacks("hunter2");
        w.plan_with("--secret x=env:X").exits(64).says("`x` names no key of a Secret");
    });
}

#[test]
fn what_leaves_a_directory_that_is_not_pruned_is_released() {
    every(|w| {
        w.write("flux.yaml", &flux("  prune: false\n"));
        w.write("grafana/all.yaml", &(dashboard("cpu", "CPU", "") + &dashboard("memory", "Memory", "")));
        w.applied();
        w.write("grafana/all.yaml", &dashboard("cpu", "CPU", ""));
        w.plan().exits(2).says("dashboard.memory").says("released: what applies it prunes nothing");
        w.applied();
        assert_eq!(title(w, "memory").unwrap(), "Memory");
        w.is_settled();
    });
}

#[test]
fn annotations_keep_leave_alone_and_make_once() {
    let annotated =
        |name: &str, value: &str| format!("  annotations:\n    kustomize.toolkit.fluxcd.io/{name}: {value}\n");
    on(Version::V12_4, |w| {
        w.write("flux.yaml", &flux("  prune: true\n"));
        let all = |title: &str| {
            dashboard("kept", title, &annotated("prune", "disabled"))
                + &dashboard("alone", title, &annotated("reconcile", "disabled"))
                + &dashboard("once", title, &annotated("ssa", "IfNotPresent"))
                + &dashboard("plain", title, "")
        };
        w.write("grafana/all.yaml", &all("First"));
        w.plan().exits(2).says("the annotation `kustomize.toolkit.fluxcd.io/reconcile` is `disabled`, so left as they are: `dashboard.alone`");
        w.applied();
        assert!(title(w, "alone").is_none());
        w.write("grafana/all.yaml", &all("Second"));
        w.applied();
        for (uid, expected) in [("kept", "Second"), ("once", "First"), ("plain", "Second")] {
            assert_eq!(title(w, uid).as_deref(), Some(expected), "{uid}");
        }
        w.write("grafana/all.yaml", &dashboard("plain", "Second", ""));
        w.apply_with("--max-destroy 10").exits(0);
        for (uid, is_there) in [("kept", true), ("once", false), ("plain", true)] {
            assert_eq!(title(w, uid).is_some(), is_there, "{uid}");
        }
    });
}

#[test]
fn a_suspended_kustomization_changes_nothing() {
    on(Version::V12_4, |w| {
        w.write("flux.yaml", &flux("  prune: true\n"));
        w.write("grafana/cpu.yaml", &dashboard("cpu", "CPU", ""));
        w.applied();
        w.write("flux.yaml", &flux("  prune: true\n  suspend: true\n"));
        w.write("grafana/cpu.yaml", &dashboard("cpu", "Other", ""));
        w.plan()
            .exits(0)
            .says("the Flux Kustomization `grafana` is suspended, so left as they are: `dashboard.cpu`");
        w.apply().exits(0);
        assert_eq!(title(w, "cpu").unwrap(), "CPU");
    });
}

#[test]
fn a_stream_is_planned_applied_and_destroyed() {
    every(|w| {
        let both = dashboard("cpu", "CPU of ${TEAM}", "") + &dashboard("memory", "Memory", "");
        let typed = "- --stack piped --origin github.com/acme/shop --var TEAM=shop";
        w.piped(&format!("plan {typed}"), &both).exits(0).says("+ dashboard.cpu").says("<stdin>").writes_nothing();
        w.piped(&format!("apply {typed}"), &both).exits(64).says("give --auto-approve").writes_nothing();
        w.piped(&format!("apply {typed} --auto-approve"), &both).exits(0).says("2 added");
        w.piped(&format!("plan {typed} --detailed-exitcode"), &both).exits(0).says("No changes.");
        assert_eq!(title(w, "cpu").unwrap(), "CPU of shop");
        w.piped(&format!("apply {typed} --auto-approve"), &dashboard("cpu", "CPU", ""))
            .exits(0)
            .says("1 destroyed");
        assert!(title(w, "memory").is_none());
        w.piped("validate -", &dashboard("cpu", "CPU", "")).exits(0).says("1 object in 1 file");
        w.piped("validate -", "a: [").exits(3).says("<stdin>:1:");
        w.piped("apply - --auto-approve", &both).exits(64).says("give --stack NAME").writes_nothing();
        w.piped(&format!("destroy {typed} --auto-approve"), "").exits(0).says("1 destroyed");
    });
}

#[test]
fn values_of_variables_stand_in_no_message() {
    on(Version::V12_4, |w| {
        w.write("grafana/cpu.yaml", &dashboard("cpu", "CPU", "  labels:\n    a: ${SECRET}\n"));
        w.write("vars.env", &format!("SECRET=\"{PLANTED}: [\"\nnonsense {PLANTED}\n"));
        w.plan_with("--var-file stack/vars.env").exits(3).says("a line of a file of variables is `NAME=VALUE`");
        w.amgctl(&format!("plan stack --var 1={PLANTED}")).exits(64).says("`1` is no name of a variable");
        w.write("vars.env", &format!("SECRET=\"{PLANTED}: [\"\n"));
        w.plan_with("--var-file stack/vars.env").exits(3).says("after its variables were replaced");
    });
}
