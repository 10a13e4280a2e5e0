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
    assert!(all[0].contains("`.amgctlignore`"), "{all:?}");
    // The same with what kustomize would fetch.
    write(root.path(), "grafana/kustomization.yaml", b"resources: ['https://example.com/x?ref=v1']\n");
    let all = messages(root.path());
    assert!(all.len() == 1 && all[0].contains("stands elsewhere, which is not read"), "{all:?}");
}

/// Two Flux Kustomizations, each with a dashboard; of the second, the lines of the Flux object, and its kustomization.
fn two(second: &str, kustomization: &str) -> tempfile::TempDir {
    directory(&[
        ("clusters/a.yaml", &*flux("./a").replace("name: grafana", "name: a")),
        ("clusters/b.yaml", second),
        ("a/a.yaml", &*BOARD.replace("cpu", "a").replace("CPU", "a")),
        ("b/kustomization.yaml", kustomization),
        ("b/b.yaml", &*BOARD.replace("cpu", "b").replace("CPU", "b")),
    ])
}

#[test]
fn a_typo_in_one_of_two_kustomizations_is_an_error_and_no_deletion() {
    let b = flux("./b");
    let fine = "resources: [b.yaml]\n";
    assert_eq!(messages(two(&b, fine).path()), [""; 0]);
    let spec = |line: &str| b.replace("  prune: true\n", &format!("  prune: true\n  {line}\n"));
    for (second, kustomization, says) in [
        (flux("./bb"), fine, "Error clusters/b.yaml:5:9 there is no directory `./bb` in"),
        (
            b.replace("kind: Kustomization", "kind: Kustomisation"),
            fine,
            "Error clusters/b.yaml:2:7 `kustomize.toolkit.fluxcd.io` has no kind `Kustomisation`",
        ),
        (b.replace("io/v1", "io/v3"), fine, "Error clusters/b.yaml:1:13 a Flux Kustomization has no version `v3`"),
        (
            b.replace("kustomize.toolkit", "kustomise.toolkit"),
            fine,
            "Error clusters/b.yaml:1:13 Flux has no `Kustomization` in `kustomise.toolkit.fluxcd.io`",
        ),
        (b.replace("name: grafana", "nam: grafana"), fine, "a Flux Kustomization has a name"),
        (b.replace("path:", "pth:"), fine, "has no key `pth` -- did you mean `path`?"),
        (
            spec("postBuld: {}"),
            fine,
            "Error clusters/b.yaml:7:3 the `spec` of a Flux Kustomization has no key `postBuld`",
        ),
        (spec("suspnd: true"), fine, "has no key `suspnd` -- did you mean `suspend`?"),
        (b.replace("prune:", "prun:"), fine, "has no key `prun` -- did you mean `prune`?"),
        (spec("kubeConfig: {secretRef: {name: x}}"), fine, "Warning clusters/b.yaml:7:3 `kubeConfig`"),
        (b.clone(), "resources: [b1.yml]\n", "Error b/kustomization.yaml:1:13 `b1.yml` is not there"),
        (b.clone(), "resource: [b.yaml]\n", "Error b/kustomization.yaml:1:1 kustomize knows no field `resource`"),
        (b.clone(), "resources: b.yaml\n", "Error b/kustomization.yaml:1:12 `resources` is a list of paths"),
        (b.clone(), "resources: ['https://github.com/x/y']\n", "stands elsewhere, which is not read"),
        (b.clone(), "", "Error b/kustomization.yaml this kustomization is empty"),
    ] {
        let all = messages(two(&second, kustomization).path());
        assert!(all.iter().any(|line| line.contains(says)), "{says}: {all:?}");
    }
}

#[test]
fn what_other_kustomizations_apply_from_other_sources_or_is_ignored_is_nobodys_business() {
    let other = flux("./deploy").replace("name: fleet", "name: podinfo").replace("name: grafana", "name: b");
    let root = two(&other, "resources: [b.yaml]\n");
    assert_eq!(messages(root.path()), [""; 0]);
    let root = two(&flux("./b"), "resources: [b.yaml]\n");
    write(root.path(), ".amgctlignore", b"/b/\n");
    assert_eq!(messages(root.path()), [""; 0]);
}

#[test]
fn what_a_kustomization_with_a_wrong_source_and_a_wrong_path_applied_is_left_as_it_is() {
    let b = Address::live(crate::kinds::dashboard::Dashboard::NAME, "b").unwrap();
    let wrong = flux("./bb").replace("name: fleet", "name: flet").replace("name: grafana", "name: b");
    let fine = "resources: [b.yaml]\n";
    let root = two(&wrong, fine);
    assert_eq!(messages(root.path()), [""; 0]);
    let directory = loaded(root.path());
    let why = directory.left_open(&b, "b/b.yaml").unwrap();
    assert!(why.contains("`b` (clusters/b.yaml:5:9) applies `./bb` of the GitRepository `flet`"), "{why}");
    // What is applied, and what is gone, is not held.
    assert_eq!(directory.left_open(&Address::live(b.kind, "a").unwrap(), "a/a.yaml"), None);
    assert_eq!(directory.left_open(&b, "b/gone.yaml"), None);
    // Beside a kustomization that is applied somebody left it out.
    write(root.path(), "a/kustomization.yaml", b"resources: [a.yaml, ../b]\n");
    write(root.path(), "b/kustomization.yaml", b"resources: []\n");
    assert_eq!(loaded(root.path()).left_open(&b, "b/b.yaml"), None);
    // With a right path nothing is open.
    let root = two(&wrong.replace("./bb", "./b"), fine);
    assert!(loaded(root.path()).object(&b).is_some());
    assert_eq!(loaded(root.path()).left_open(&b, "b/b.yaml"), None);
}

#[test]
fn a_wrong_name_of_a_config_map_is_the_only_thing_said_with_the_one_that_is_meant() {
    let board = BOARD.split("  json:").next().unwrap().to_owned();
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: boards}\ndata:\n  cpu.json: '{\"uid\":\"cpu\",\"title\":\"CPU\",\"panels\":[]}'\n";
    let root = directory(&[
        ("cm.yaml", map.to_owned()),
        ("d.yaml", format!("{board}  configMapRef: {{name: borads, key: cpu.json}}\n")),
    ]);
    expect(
        &lines(&loaded(root.path()).problems),
        "error[manifest] d.yaml:7:17: there is no ConfigMap `borads` of the namespace `default` in the directory -- did you mean `boards`?",
    );
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_named_and_not_opened() {
    let root = directory(&[("a.json", dashboard("a"))]);
    let _socket = std::os::unix::net::UnixListener::bind(root.path().join("x.yaml")).unwrap();
    let loaded = loaded(root.path());
    assert_eq!((loaded.problems.len(), loaded.files), (0, 1));
    let ignored: Vec<_> = loaded.ignored.iter().map(|one| (&*one.path, one.reason.as_str())).collect();
    assert_eq!(ignored, [("x.yaml", "is no file: a pipe, a socket or a device")]);
}

#[test]
fn a_variable_that_nothing_uses_is_a_warning_with_what_may_be_meant_and_without_its_value() {
    let board = BOARD.replace("CPU", "CPU ${TEAM} ${REGION:=x}");
    let with = |files: &[(&str, &str)], vars: &[&str], var_files: &[&str]| {
        let root = directory(files);
        write(root.path(), "cpu.yaml", board.as_bytes());
        let (settings, faults) = read_settings(root.path());
        assert_eq!(faults, []);
        let mut settings = settings;
        settings.vars.extend(vars.iter().map(|name| ((*name).to_owned(), "hunter2".to_owned())));
        settings.var_files.extend(var_files.iter().map(|file| root.path().join(file)));
        let all = load(root.path(), &LoadOptions::new(settings)).problems;
        assert!(!format!("{all:?}").contains("hunter2"), "{all:?}");
        lines(&all).replace(&root.path().display().to_string(), "")
    };
    assert_eq!(with(&[], &["TEAM"], &[]), "");
    assert_eq!(
        with(&[], &["TEAM", "TAEM", "OTHER"], &[]),
        "warning[variable] : nothing that is read uses `--var OTHER=…` -- correct the name, or leave it out\n\
         warning[variable] : nothing that is read uses `--var TAEM=…` -- did you mean `TEAM`?\n"
    );
    assert_eq!(
        with(&[("more.env", "TEAM=hunter2\nREGIO=hunter2\nX=hunter2\n")], &[], &["more.env"]),
        "warning[variable] /more.env:2:1: nothing that is read uses the variables `REGIO`, `X` -- did you mean `REGION`?\n"
    );
    assert_eq!(
        with(&[("amgctl.yaml", "vars: {TEAM: a, TEEM: hunter2}\n")], &[], &[]),
        "warning[variable] amgctl.yaml:1:23: nothing that is read uses the variable `TEEM` -- did you mean `TEAM`?\n"
    );
    // What Flux does not apply uses nothing; a kustomization does.
    let flux = flux("./grafana");
    let apart = [
        ("flux.yaml", flux.as_str()),
        ("grafana/kustomization.yaml", "resources: [x.yaml]\nnamePrefix: ${PRE}\n"),
        ("grafana/x.yaml", BOARD),
    ];
    assert_eq!(
        with(&apart, &["TEAM", "PRE"], &[]),
        "warning[variable] : nothing that is read uses `--var TEAM=…` -- correct the name, or leave it out\n"
    );
}

#[test]
fn the_only_kustomization_with_a_typo_has_nothing_else_read_instead() {
    let declared = |root: &Path| loaded(root).objects.len();
    for (path, kustomization) in [
        ("./grafanaa", "resources: [cpu.yaml]\n"),
        ("./grafana", "resources: [cpu.yml]\n"),
        ("./grafana", "resource: [cpu.yaml]\n"),
        ("./grafana", "resources: cpu.yaml\n"),
        ("./grafana", ""),
        ("./grafana", "resources: ['https://example.com/x']\n"),
    ] {
        let root = directory(&[
            ("clusters/grafana.yaml", &*flux(path)),
            ("grafana/kustomization.yaml", kustomization),
            ("grafana/cpu.yaml", BOARD),
        ]);
        let all = messages(root.path());
        assert!(all.iter().any(|line| line.starts_with("Error ")), "{path} {kustomization}: {all:?}");
    }
    // An empty list is no mistake: nothing is declared.
    let root = directory(&[
        ("clusters/grafana.yaml", &*flux("./grafana")),
        ("grafana/kustomization.yaml", "resources: []\n"),
        ("grafana/cpu.yaml", BOARD),
    ]);
    assert_eq!(declared(root.path()), 0);
    // Nor without Flux, at the root of the directory.
    let root = directory(&[("kustomization.yaml", "resources: []\n"), ("cpu.yaml", BOARD)]);
    assert_eq!(declared(root.path()), 0);
    write(root.path(), "kustomization.yaml", b"resource: [cpu.yaml]\n");
    let all = messages(root.path());
    assert!(all[0].starts_with("Error kustomization.yaml:1:1 kustomize knows no field `resource`"), "{all:?}");
}
