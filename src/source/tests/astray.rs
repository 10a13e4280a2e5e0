//! Directories whose kustomizations and Flux objects lead to manifests that are not there.

use super::*;

const BOARD: &str = "apiVersion: grafana.integreatly.org/v1beta1\nkind: GrafanaDashboard\nmetadata: {name: cpu}\nspec:\n  \
                     instanceSelector: {}\n  folder: General\n  json: '{\"uid\": \"cpu\", \"title\": \"CPU\", \"panels\": []}'\n";

fn flux(path: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: grafana, namespace: flux-system}}\n\
         spec:\n  path: {path}\n  prune: true\n  sourceRef: {{kind: GitRepository, name: fleet}}\n"
    )
}

fn messages(root: &Path) -> Vec<String> {
    let place = |problem: &Problem| problem.spots.first().map(|spot| spot.place.to_string()).unwrap_or_default();
    let all = loaded(root).problems;
    all.iter()
        .map(|p| format!("{:?} {} {} -- {}", p.severity, place(p), p.message, p.help.clone().unwrap_or_default()))
        .collect()
}

#[test]
fn a_kustomization_whose_only_resource_leads_out_of_the_tree_is_an_error() {
    for (kustomization, says) in [
        ("resources: [../../base]\n", "`../../base` leads out of what is read"),
        ("resources: [missing.yaml]\n", "`missing.yaml` is not there, or is not read"),
        ("bases:\n  - /base\n", "`/base` leads out of what is read"),
        (
            "resources: [\"https://example.com/base?ref=v1\"]\n",
            "is a base that stands elsewhere, which is not read",
        ),
    ] {
        // With manifests in the tree that it does not reach, and without any.
        for with in [true, false] {
            let root = directory(&[("prod/kustomization.yaml", kustomization)]);
            let root = root.path().join("prod");
            if with {
                write(&root, "cpu.yaml", BOARD.as_bytes());
            }
            let all = messages(&root);
            assert_eq!(all.len(), 1, "{all:?}");
            assert!(all[0].starts_with("Error kustomization.yaml:"), "{all:?}");
            assert!(all[0].contains(says) && all[0].contains("`.amgctlignore`"), "{all:?}");
        }
    }
}

#[test]
fn a_kustomization_beside_dashboards_that_are_no_manifests_is_nobodys_business() {
    let root = directory(&[("kustomization.yaml", "resources: [../base]\n"), ("a.json", &*dashboard("a"))]);
    assert_eq!(messages(root.path()), [""; 0]);
    assert_eq!(loaded(root.path()).objects.len(), 1);
}

#[test]
fn a_kustomization_that_is_ignored_leads_nobody_astray() {
    let root = directory(&[
        ("kustomization.yaml", "resources: [../base]\n"),
        (".amgctlignore", "kustomization.yaml\n"),
        ("cpu.yaml", BOARD),
    ]);
    assert_eq!(messages(root.path()), [""; 0]);
    assert_eq!(loaded(root.path()).objects.len(), 1);
}

#[test]
fn flux_objects_alone_say_where_their_directory_is_and_what_to_run() {
    let root = directory(&[("repo/clusters/prod/grafana.yaml", flux("./grafana")), (".keep", String::new())]);
    let clusters = root.path().join("repo/clusters/prod");
    let [problem] = &messages(&clusters)[..] else { panic!("{:?}", messages(&clusters)) };
    assert!(problem.contains("the Flux Kustomization `grafana` applies `./grafana`, which is not in"));
    assert!(problem.contains("run `amgctl plan CHECKOUT --from-flux"), "{problem}");
    assert!(problem.ends_with("grafana.yaml` on a checkout of the GitRepository `fleet`"), "{problem}");
    // The checkout may be around the directory.
    write(root.path(), "repo/grafana/cpu.yaml", BOARD.as_bytes());
    let [problem] = &messages(&clusters)[..] else { panic!("{:?}", messages(&clusters)) };
    assert!(problem.contains("prod/../..") && problem.contains("--from-flux"), "{problem}");
    // Above the checkout nobody looks.
    write(root.path(), "repo/clusters/.git/HEAD", b"");
    assert!(messages(&clusters)[0].contains("CHECKOUT"));
    // Beside objects it is none of anybody's business.
    write(root.path(), "repo/clusters/prod/a.json", dashboard("a").as_bytes());
    assert_eq!(messages(&clusters), [""; 0]);
}

#[test]
fn a_flux_kustomization_that_reaches_nothing_because_it_leads_out_is_an_error() {
    let root = directory(&[
        ("clusters/grafana.yaml", &*flux("./grafana")),
        ("grafana/kustomization.yaml", "resources: [../../base]\n"),
        ("other/cpu.yaml", BOARD),
    ]);
    let all = messages(root.path());
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(all[0].starts_with("Error grafana/kustomization.yaml:1:13 `../../base` leads out"), "{all:?}");
    // What kustomize would fetch is how clusters get other things.
    write(root.path(), "grafana/kustomization.yaml", b"resources: ['https://example.com/x?ref=v1']\n");
    assert_eq!(messages(root.path()), [""; 0]);
}
