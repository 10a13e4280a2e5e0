use std::path::Path;

use serde_json::json;

use crate::model::Problem;
use crate::source::cluster::{self, Cluster};
use crate::source::text::SourceText;
use crate::source::{FileSettings, LoadOptions, walk};

/// A data source with this url.
fn datasource(name: &str, url: &str) -> String {
    format!(
        "apiVersion: grafana.integreatly.org/v1beta1\nkind: GrafanaDatasource\nmetadata: {{name: {name}}}\nspec:\n  datasource: \
         {{name: {name}, type: loki}}\n  url: {url}\n"
    )
}

/// A Flux Kustomization with these further lines in its `spec`.
fn flux(name: &str, path: &str, spec: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\n\
         spec:\n  path: {path}\n  prune: true\n{spec}"
    )
}

/// A directory with these files.
fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let file = root.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    root
}

fn gathered(root: &Path, settings: FileSettings) -> (Cluster, Vec<Problem>) {
    let files = walk::walk(root, settings.follow_links.unwrap_or_default()).files;
    cluster::gather(root, &files, &LoadOptions::new(settings))
}

/// What becomes of a value of a file's first document.
fn value(root: &Path, cluster: &Cluster, file: &str, pointer: &str) -> serde_json::Value {
    let source = SourceText::new(file.into(), std::fs::read(root.join(file)).unwrap()).unwrap();
    let rendered = cluster.build.read(&source, super::Format::Yaml);
    rendered.documents[0].value.pointer(pointer).cloned().unwrap_or_default()
}

fn said(problems: &[Problem]) -> Vec<String> {
    let place = |p: &Problem| p.spots.first().map(|s| s.place.to_string()).unwrap_or_default();
    problems.iter().map(|p| format!("{} {}", place(p), p.message)).collect()
}

fn vars(pairs: &[(&str, &str)]) -> FileSettings {
    let vars = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    FileSettings { vars, ..FileSettings::default() }
}

#[test]
fn without_a_word_of_kustomize_or_flux_every_file_is_read_as_it_stands() {
    let root =
        directory(&[("a/kustomization.yaml", "resources: [x.yaml]\n"), ("a/x.yaml", &datasource("x", "${URL}"))]);
    let (cluster, problems) = gathered(root.path(), FileSettings::default());
    assert_eq!(problems, []);
    assert_eq!(value(root.path(), &cluster, "a/x.yaml", "/spec/url"), "${URL}");
    assert_eq!(cluster.build.left_out("b.yaml"), None);
}

#[test]
fn what_looks_like_a_variable_and_none_is_given_is_told() {
    let filled = "  valuesFrom: [{targetPath: url}]\n";
    let root = directory(&[
        ("x.yaml", &(datasource("x", "${URL}") + "  other: [\"${URL}\", \"a ${URL}\", \"${datasource}\"]\n")),
        ("y.yaml", &(datasource("y", "${URL}") + filled)),
    ]);
    let (cluster, _) = gathered(root.path(), FileSettings::default());
    let problems = |file: &str| {
        let source = SourceText::new(file.into(), std::fs::read(root.path().join(file)).unwrap()).unwrap();
        cluster.build.read(&source, super::Format::Yaml).problems
    };
    let found = problems("x.yaml");
    assert_eq!(said(&found), ["x.yaml:6:8 `${URL}` stays as it is written: no variable is given"]);
    assert_eq!(found[0].spots.len(), 2);
    assert_eq!(problems("y.yaml"), []);
}

#[test]
fn a_kustomization_at_the_root_says_what_is_read() {
    let root = directory(&[
        ("kustomization.yaml", "namespace: monitoring\nresources: [x.yaml]\n"),
        ("x.yaml", &datasource("x", "${URL}")),
        ("y.yaml", &datasource("y", "u")),
        ("secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: v}\n"),
    ]);
    let (cluster, problems) = gathered(root.path(), vars(&[("URL", "http://x")]));
    assert_eq!(problems, []);
    assert_eq!(value(root.path(), &cluster, "x.yaml", "/spec/url"), "http://x");
    assert_eq!(
        value(root.path(), &cluster, "x.yaml", "/metadata"),
        json!({"name": "x", "namespace": "monitoring"})
    );
    assert_eq!(cluster.build.left_out("y.yaml"), Some("is not among the resources of `kustomization.yaml`"));
    assert_eq!(cluster.build.left_out("kustomization.yaml"), Some("says what else is read"));
    assert!(cluster.resource("", "Secret", "default", "s").is_some());
}

#[test]
fn a_kustomization_that_reaches_nothing_of_ours_changes_nothing() {
    let root = directory(&[
        ("kustomization.yaml", "resources: [d.yaml]\nconfigMapGenerator: [{name: x}]\n"),
        ("d.yaml", "apiVersion: apps/v1\nkind: Deployment\n"),
        ("y.yaml", &datasource("y", "u")),
        ("crds.yaml", "kind: CustomResourceDefinition\nspec: {group: grafana.integreatly.org}\n"),
    ]);
    let (cluster, problems) = gathered(root.path(), FileSettings::default());
    assert_eq!(problems, []);
    assert_eq!(cluster.build.left_out("y.yaml"), None);
}

#[test]
fn flux_kustomizations_in_the_tree_give_directories_and_variables() {
    let root = directory(&[
        (
            "clusters/flux.yaml",
            &format!(
                "{}---\n{}",
                flux(
                    "grafana",
                    "./grafana",
                    "  targetNamespace: monitoring\n  postBuild:\n    substitute: {A: own, D: own}\n    substituteFrom:\n    - \
                     {kind: ConfigMap, name: vars}\n    - {kind: Secret, name: more}\n    - {kind: ConfigMap, name: none, optional: true}\n",
                ),
                flux(
                    "apps",
                    "apps",
                    "  patches: [{patch: x}]\n  postBuild: {substituteFrom: [{kind: ConfigMap, name: none}]}\n"
                )
            ),
        ),
        (
            "clusters/vars.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars, namespace: flux-system}\ndata: {A: map, B: map, C: \"x\\ny\\n\", D: map}\n---\n\
             apiVersion: v1\nkind: Secret\nmetadata: {name: more}\nstringData: {B: secret}\n",
        ),
        ("grafana/x.yaml", &datasource("x", "${A} ${B} ${C} ${D} ${E}")),
        ("grafana/dashboard.json", "{}"),
        ("apps/d.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${NO}}\n"),
        ("other/y.yaml", &datasource("y", "u")),
    ]);
    let (cluster, problems) = gathered(root.path(), vars(&[("E", "typed"), ("D", "typed")]));
    assert_eq!(problems, []);
    assert_eq!(
        value(root.path(), &cluster, "grafana/x.yaml", "/spec/url"),
        "own $__secret{flux-system/more/B} xy typed typed"
    );
    assert_eq!(value(root.path(), &cluster, "grafana/x.yaml", "/metadata/namespace"), "monitoring");
    let reason = "is not among what the Flux Kustomization `grafana` applies";
    assert_eq!(cluster.build.left_out("other/y.yaml"), Some(reason));
    assert_eq!(cluster.build.left_out("grafana/dashboard.json"), Some(reason));
    assert_eq!(cluster.build.left_out("apps/d.yaml"), None);
    assert_eq!(cluster.build.left_out("clusters/flux.yaml"), Some("says what else is read"));
}

#[test]
fn what_comes_from_a_secret_stays_one_where_it_is_hidden_and_is_told_where_it_is_not() {
    let root = directory(&[
        ("flux.yaml", &flux("g", "g", "  postBuild: {substituteFrom: [{kind: Secret, name: s}]}\n")),
        (
            "s.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: flux-system}\nstringData: {A: hunter2, B: \"hunter\\n3\"}\n",
        ),
        ("g/x.yaml", &datasource("x", "${A} ${B} ${A^^}")),
        ("g/f.yaml", &datasource("f", "${A} ${B}").replace("GrafanaDatasource", "GrafanaFolder")),
    ]);
    let (cluster, problems) = gathered(root.path(), FileSettings::default());
    assert_eq!(problems, []);
    let of = ("flux-system".to_owned(), "s".to_owned());
    assert_eq!(cluster.secrets[&of]["B:line"].expose(), "hunter3");
    let read = |file: &str| {
        let source = SourceText::new(file.into(), std::fs::read(root.path().join(file)).unwrap()).unwrap();
        let rendered = cluster.build.read(&source, super::Format::Yaml);
        (rendered.documents[0].value["spec"]["url"].clone(), said(&rendered.problems))
    };
    let (url, problems) = read("g/x.yaml");
    assert_eq!(url, "$__secret{flux-system/s/A} $__secret{flux-system/s/B:line} HUNTER2");
    assert_eq!(problems, ["g/x.yaml:6:18 `${A^^}` takes apart what comes from a Secret"]);
    let (url, problems) = read("g/f.yaml");
    assert_eq!(url, "hunter2 hunter3");
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].ends_with("the variable `A` comes from a Secret, and everybody may read this text"));
}

#[test]
fn a_kustomization_that_another_one_applies_has_its_variables() {
    let root = directory(&[
        ("clusters/root.yaml", &flux("root", "sets", "  postBuild: {substitute: {DOMAIN: example.org}}\n")),
        ("sets/one.yaml", &flux("one", "grafana", "  postBuild: {substitute: {HOST: \"loki.${DOMAIN}\"}}\n")),
        ("grafana/x.yaml", &datasource("x", "http://${HOST}")),
        ("other/y.yaml", &datasource("y", "u")),
    ]);
    let (cluster, problems) = gathered(root.path(), FileSettings::default());
    assert_eq!(problems, []);
    assert_eq!(value(root.path(), &cluster, "grafana/x.yaml", "/spec/url"), "http://loki.example.org");
    assert!(cluster.build.left_out("other/y.yaml").is_some());
}

#[test]
fn a_file_that_was_named_is_followed_and_nothing_else_is() {
    let root = directory(&[
        ("flux.yaml", &flux("inside", "a", "")),
        ("a/x.yaml", &datasource("x", "u")),
        ("b/c/y.yaml", &datasource("y", "${URL}")),
    ]);
    let outside = directory(&[(
        "f.yaml",
        &format!(
            "{}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: v, namespace: flux-system}}\ndata: {{URL: http://v}}\n",
            flux("outside", "./repository/b", "  postBuild: {substituteFrom: [{kind: ConfigMap, name: v}]}\n")
        ),
    )]);
    let named = |name: &str| FileSettings { from_flux: Some(outside.path().join(name)), ..FileSettings::default() };
    // The path begins at the root of the repository, of which this is a directory.
    let repository = outside.path().join("repository");
    std::fs::rename(root.path(), &repository).unwrap();
    let (cluster, problems) = gathered(&repository, named("f.yaml"));
    assert_eq!(problems, []);
    assert_eq!(value(&repository, &cluster, "b/c/y.yaml", "/spec/url"), "http://v");
    assert!(cluster.build.left_out("a/x.yaml").is_some());
    let (_, problems) = gathered(&repository.join("b"), named("f.yaml"));
    assert_eq!(problems, []);
    let (_, problems) = gathered(&repository.join("b/c"), named("f.yaml"));
    assert_eq!(said(&problems).len(), 1, "{problems:?}");
    assert!(
        problems[0].message.starts_with("there is no directory `./repository/b` in `"),
        "{}",
        problems[0].message
    );
    for (text, message) in [
        ("kind: Kustomization\n", "this file holds no Flux Kustomization"),
        ("a: [", "this file holds no Flux Kustomization"),
    ] {
        std::fs::write(outside.path().join("g.yaml"), text).unwrap();
        let (_, problems) = gathered(&repository, named("g.yaml"));
        assert!(problems.iter().any(|p| p.message == message), "{problems:?}");
    }
    let (_, problems) = gathered(&repository, named("nowhere.yaml"));
    assert_eq!(problems.len(), 1);
}

#[test]
fn what_variables_come_from_and_is_not_here_is_told_beside_the_variable() {
    let root = directory(&[
        (
            "flux.yaml",
            &flux("g", "g", "  postBuild:\n    substituteFrom: [{kind: ConfigMap, name: cluster-vars}]\n"),
        ),
        ("g/x.yaml", &datasource("x", "${AMP_URL}")),
    ]);
    let problems = |settings: FileSettings| {
        let (cluster, problems) = gathered(root.path(), settings);
        assert_eq!(problems, []);
        let source =
            SourceText::new("g/x.yaml".into(), std::fs::read(root.path().join("g/x.yaml")).unwrap()).unwrap();
        cluster.build.read(&source, super::Format::Yaml).problems
    };
    let found = problems(FileSettings::default());
    assert_eq!(said(&found), ["g/x.yaml:6:8 the variable `AMP_URL` has no value"]);
    assert_eq!(found[0].notes, ["the ConfigMap `cluster-vars`, which variables come from, is not here"]);
    assert_eq!(problems(vars(&[("AMP_URL", "x")])), []);
    assert_eq!(problems(FileSettings { lenient_vars: Some(true), ..FileSettings::default() }), []);
}

#[test]
fn what_flux_leaves_to_kustomize_is_refused_where_it_counts() {
    let patches = "  patches: [{patch: x}]\n  decryption: {provider: sops}\n";
    let root = directory(&[
        ("flux.yaml", &format!("{}---\n{}", flux("g", "g", patches), flux("h", "g/h", ""))),
        ("g/h/x.yaml", &datasource("x", "u")),
    ]);
    let (_, problems) = gathered(root.path(), FileSettings::default());
    assert_eq!(
        said(&problems),
        [
            "flux.yaml:7:3 `patches` of a Flux Kustomization is not read",
            "flux.yaml:8:3 what SOPS encrypted is not decrypted",
            "flux.yaml:10:1 `g/h/x.yaml` is applied by two Flux Kustomizations",
        ]
    );
}

#[test]
fn prune_suspend_and_force_hold_for_all_that_a_kustomization_applies() {
    let root = directory(&[
        ("flux.yaml", &flux("g", "g", "  suspend: true\n  force: true\n").replace("prune: true", "prune: false")),
        ("g/x.yaml", &datasource("x", "u")),
    ]);
    let (cluster, problems) = gathered(root.path(), FileSettings::default());
    assert_eq!(problems, []);
    let handling = cluster.build.handling("g/x.yaml");
    assert_eq!((handling.suspended.as_deref(), handling.replace), (Some("g"), true));
    assert!(cluster.build.keeps("g/gone.yaml") && cluster.build.keeps("base/gone.yaml"));
    let more =
        format!("{}---\n{}", std::fs::read_to_string(root.path().join("flux.yaml")).unwrap(), flux("h", "h", ""));
    std::fs::write(root.path().join("flux.yaml"), more).unwrap();
    std::fs::create_dir(root.path().join("h")).unwrap();
    std::fs::write(root.path().join("h/y.yaml"), datasource("y", "u")).unwrap();
    let (cluster, _) = gathered(root.path(), FileSettings::default());
    assert!(cluster.build.keeps("g/gone.yaml") && cluster.build.keeps("g/x.yaml"));
    assert!(
        !cluster.build.keeps("h/y.yaml")
            && !cluster.build.keeps("h/gone.yaml")
            && !cluster.build.keeps("base/gone.yaml")
    );
}

#[test]
fn files_of_variables_are_lines_objects_or_config_maps() {
    let root = directory(&[("x.yaml", &datasource("x", "${A} ${B} ${C} ${D}"))]);
    let outside = directory(&[
        ("a.env", "# comment\n\nA=1\nexport B = \"two words\"\nC='3'\nD=a=b\n"),
        ("b.yaml", "B: 2\n"),
        ("c.json", "{\"C\": \"four\"}"),
        ("d.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {D: five}\n"),
        ("bad.env", "A=1\nnonsense secret\n"),
        ("bad.yaml", "A-B: secret\n"),
    ]);
    let read = |files: &[&str]| {
        let var_files = files.iter().map(|file| outside.path().join(file)).collect();
        let (cluster, problems) = gathered(root.path(), FileSettings { var_files, ..FileSettings::default() });
        (value(root.path(), &cluster, "x.yaml", "/spec/url"), problems)
    };
    assert_eq!(read(&["a.env"]).0, "1 two words 3 a=b");
    assert_eq!(read(&["a.env", "b.yaml", "c.json", "d.yaml"]).0, "1 2 four five");
    for (file, place) in [("bad.env", ":2:1"), ("bad.yaml", ":1:1"), ("none.env", "")] {
        let (_, problems) = read(&[file]);
        assert_eq!(problems.len(), 1, "{file}: {problems:?}");
        let spot = problems[0].spots.first().unwrap();
        assert!(spot.place.to_string().ends_with(&format!("{file}{place}")), "{spot:?}");
        assert!(!problems[0].message.contains("secret"), "{}", problems[0].message);
    }
}

#[test]
fn variables_in_what_a_kustomization_puts_into_every_object_are_replaced_or_reported() {
    let root = directory(&[
        ("flux.yaml", &flux("g", "g", "  postBuild: {substitute: {TEAM: sre}}\n")),
        (
            "g/kustomization.yaml",
            "resources: [x.yaml]\nnamespace: ${NS}\nlabels:\n  - pairs: {team: \"${TEAM}\", zone: \"${A B}\"}\n",
        ),
        ("g/x.yaml", &datasource("x", "u")),
    ]);
    let (cluster, problems) = gathered(root.path(), FileSettings::default());
    assert_eq!(
        said(&problems),
        [
            "g/kustomization.yaml:2:12 the variable `NS` has no value",
            "g/kustomization.yaml:4:36 `${A B}` is nothing that Flux can replace: missing closing brace",
        ]
    );
    assert_eq!(value(root.path(), &cluster, "g/x.yaml", "/metadata/labels/team"), "sre");
    // Without a variable nothing is replaced, and that is said.
    let root = directory(&[
        ("kustomization.yaml", "resources: [x.yaml]\nnamePrefix: ${P}-\n"),
        ("x.yaml", &datasource("x", "u")),
    ]);
    let (_, problems) = gathered(root.path(), FileSettings::default());
    assert_eq!(said(&problems), ["kustomization.yaml:2:13 `${P}-` stays as it is written: no variable is given"]);
}

#[test]
fn what_a_sourceignore_hides_is_not_there_for_flux() {
    let root = directory(&[
        (".sourceignore", "/g/*\n!/g/x.yaml\n!/g/deep\n"),
        ("g/deep/.sourceignore", "z.yaml\n"),
        ("flux.yaml", &flux("g", "g", "")),
        ("g/x.yaml", &datasource("x", "u")),
        ("g/y.yaml", &datasource("y", "u")),
        ("g/deep/z.yaml", &datasource("z", "u")),
        ("g/deep/w.yaml", &datasource("w", "u")),
    ]);
    let (cluster, problems) = gathered(root.path(), FileSettings::default());
    assert_eq!(problems, []);
    let hidden = Some("is hidden from Flux by a `.sourceignore`");
    let out = |file: &str| cluster.build.left_out(file);
    assert_eq!((out("g/x.yaml"), out("g/deep/w.yaml")), (None, None));
    assert_eq!((out("g/y.yaml"), out("g/deep/z.yaml")), (hidden, hidden));
    // Without Flux nobody reads it.
    std::fs::remove_file(root.path().join("flux.yaml")).unwrap();
    let (cluster, _) = gathered(root.path(), FileSettings::default());
    assert_eq!(cluster.build.left_out("g/y.yaml"), None);
}
