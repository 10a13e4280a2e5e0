use std::path::PathBuf;

use serde_json::json;

use super::*;
use crate::source::text::SourceText;

/// A directory with these files, each a path and its text.
struct Directory {
    root: tempfile::TempDir,
    files: Vec<(Arc<str>, PathBuf)>,
    manifests: BTreeMap<Arc<str>, SourceText>,
}

fn directory(files: &[(&str, &str)]) -> Directory {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let file = root.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let read = files.iter().filter(|(path, _)| path.contains('.'));
    let mut all: Vec<(Arc<str>, PathBuf)> =
        read.map(|(path, _)| (Arc::from(*path), root.path().join(path))).collect();
    all.sort();
    Directory { root, files: all, manifests: BTreeMap::new() }
}

impl Directory {
    fn follow(&self, at: &str) -> Reached {
        follow(&Tree::new(self.root.path(), &self.files, &self.manifests), at)
    }
}

fn files(reached: &Reached) -> Vec<&str> {
    reached.files.keys().map(|file| &**file).collect()
}

fn said(reached: &Reached) -> Vec<String> {
    let said =
        |p: &Problem| format!("{} {}", p.spots.first().map(|s| s.place.to_string()).unwrap_or_default(), p.message);
    reached.problems.iter().map(said).collect()
}

#[test]
fn resources_are_followed_to_files_directories_and_bases() {
    let tree = directory(&[
        ("overlays/prod/kustomization.yaml", "resources: [../../base, own.yaml, ./sub/]\nbases: [../more]\n"),
        ("overlays/prod/own.yaml", ""),
        ("overlays/prod/other.yaml", ""),
        ("overlays/prod/sub/Kustomization", "resources:\n- a.json\n"),
        ("overlays/prod/sub/a.json", ""),
        ("overlays/more/kustomization.yml", "resources: [m.yaml]\n"),
        ("overlays/more/m.yaml", ""),
        ("base/kustomization.yaml", "resources: [b.yaml]\n"),
        ("base/b.yaml", ""),
        ("base/unused.yaml", ""),
    ]);
    let reached = tree.follow("overlays/prod");
    assert_eq!(said(&reached), Vec::<String>::new());
    assert_eq!(
        files(&reached),
        ["base/b.yaml", "overlays/more/m.yaml", "overlays/prod/own.yaml", "overlays/prod/sub/a.json"]
    );
    assert_eq!(reached.kustomizations.len(), 4);
}

#[test]
fn a_directory_without_a_kustomization_is_all_its_manifests() {
    let tree = directory(&[
        ("app/a.yaml", ""),
        ("app/deep/b.yml", ""),
        ("app/deep/dashboard.json", ""),
        ("app/base/kustomization.yaml", "namespace: n\nresources: [c.yaml]\n"),
        ("app/base/c.yaml", ""),
        ("app/base/d.yaml", ""),
        ("application/e.yaml", ""),
    ]);
    let reached = tree.follow("app");
    assert_eq!(said(&reached), Vec::<String>::new());
    assert_eq!(files(&reached), ["app/a.yaml", "app/base/c.yaml", "app/deep/b.yml"]);
    assert_eq!(reached.files["app/base/c.yaml"].namespace.as_deref(), Some("n"));
}

#[test]
fn what_a_kustomization_changes_is_changed_outermost_last() {
    let tree = directory(&[
        (
            "kustomization.yaml",
            "namespace: outer\nnamePrefix: a-\nnameSuffix: -z\ncommonLabels: {team: ops, tier: \"1\"}\nresources: [base, own.yaml]\n",
        ),
        ("own.yaml", ""),
        (
            "base/kustomization.yaml",
            "namespace: inner\nnamePrefix: b-\nlabels:\n- pairs: {team: dev}\n  includeSelectors: true\ncommonAnnotations: {x: \"y\"}\nresources: [b.yaml]\n",
        ),
        ("base/b.yaml", ""),
    ]);
    let reached = tree.follow("");
    assert_eq!(said(&reached), Vec::<String>::new());
    let mut value =
        json!({"apiVersion": "v1", "kind": "X", "metadata": {"name": "n", "labels": {"own": "1", "team": "me"}}});
    reached.files["base/b.yaml"].apply(&mut value);
    assert_eq!(
        value["metadata"],
        json!({"name": "a-b-n-z", "labels": {"own": "1", "team": "ops", "tier": "1"}, "namespace": "outer",
               "annotations": {"x": "y"}})
    );
    let mut list = json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}},
        {"apiVersion": "v1", "kind": "X", "metadata": {"name": "n", "namespace": "own"}},
        {"kind": "no object"}]});
    reached.files["own.yaml"].apply(&mut list);
    assert_eq!(list["items"][0]["metadata"]["name"], "n");
    assert_eq!(list["items"][0]["metadata"].get("namespace"), None);
    assert_eq!(list["items"][1]["metadata"]["namespace"], "outer");
    assert_eq!(list["items"][2], json!({"kind": "no object"}));
}

#[test]
fn nothing_outside_of_the_tree_is_read_and_circles_end() {
    let tree = directory(&[
        (
            "kustomization.yaml",
            "resources:\n- ../up.yaml\n- /etc/passwd\n- a/../../b\n- a\n- missing.yaml\n- empty\n- a.txt\n- x.yaml\n- x.yaml\n- 7\n",
        ),
        ("a/kustomization.yaml", "resources: [.., b]\n"),
        ("a/b/kustomization.yaml", "resources: [../../a]\n"),
        ("empty/some.yaml", ""),
        ("x.yaml", ""),
    ]);
    let reached = tree.follow("");
    assert_eq!(
        said(&reached),
        [
            "kustomization.yaml:2:3 `../up.yaml` leads out of what is read",
            "kustomization.yaml:3:3 `/etc/passwd` leads out of what is read",
            "kustomization.yaml:4:3 `a/../../b` leads out of what is read",
            "a/kustomization.yaml:1:13 `..` is a kustomization that leads here: they go in a circle",
            "a/b/kustomization.yaml:1:13 `../../a` is a kustomization that leads here: they go in a circle",
            "kustomization.yaml:6:3 `missing.yaml` is not there, or is not read",
            "kustomization.yaml:7:3 the directory `empty` has no `kustomization.yaml`",
            "kustomization.yaml:8:3 `a.txt` is not there, or is not read",
            "kustomization.yaml:10:3 `x.yaml` is reached a second time",
            "kustomization.yaml:11:3 a resource is named by its path",
        ]
    );
}

#[cfg(unix)]
#[test]
fn a_kustomization_that_is_a_link_out_of_the_tree_is_none() {
    let outside = directory(&[("kustomization.yaml", "resources: [secret.yaml]\n")]);
    let tree = directory(&[("a/x.yaml", "")]);
    let link = tree.root.path().join("a/Kustomization");
    std::os::unix::fs::symlink(outside.root.path().join("kustomization.yaml"), link).unwrap();
    assert_eq!(files(&tree.follow("a")), ["a/x.yaml"]);
}

#[test]
fn what_only_kustomize_does_is_refused_by_name() {
    let tree = directory(&[(
        "kustomization.yaml",
        "resources: [https://github.com/x/y//deploy?ref=v1, github.com/x/y, \"git@github.com:x/y.git\"]\npatches: [{path: p.yaml}]\n\
         patchesStrategicMerge: []\nconfigMapGenerator:\n- name: x\ncomponents: [../c]\nhelmCharts: [{name: x}]\n\
         images: [{name: x}]\nlabels:\n- pairs: {a: b}\n  fields: [{path: x}]\nresource: [a]\nfoo: 1\nnamespace: [x]\n",
    )]);
    let reached = tree.follow("");
    assert_eq!(
        said(&reached),
        [
            "kustomization.yaml:2:1 `patches` of a kustomization is not read",
            "kustomization.yaml:4:1 `configMapGenerator` of a kustomization is not read",
            "kustomization.yaml:6:1 `components` of a kustomization is not read",
            "kustomization.yaml:7:1 `helmCharts` of a kustomization is not read",
            "kustomization.yaml:13:1 kustomize knows no field `foo`",
            "kustomization.yaml:11:3 `fields` of a kustomization's labels are not read",
            "kustomization.yaml:12:1 kustomize knows no field `resource`",
            "kustomization.yaml:14:12 `namespace` must be a text",
            "kustomization.yaml:1:13 `https://github.com/x/y//deploy?ref=v1` is a base that stands elsewhere, which is not read",
            "kustomization.yaml:1:52 `github.com/x/y` is a base that stands elsewhere, which is not read",
            "kustomization.yaml:1:68 `git@github.com:x/y.git` is a base that stands elsewhere, which is not read",
        ]
    );
    let help = reached.problems[0].help.clone().unwrap();
    let command = format!("run `kustomize build {} | amgctl plan -`", tree.root.path().display());
    assert!(help.starts_with(&command), "{help}");
}
