//! Folders, and which files of a directory count.

use super::*;

fn folders(declarations: &Declarations) -> Vec<String> {
    let told = |folder: &crate::model::DeclaredFolder| {
        let path = folder.path.as_ref().map(ToString::to_string).unwrap_or_default();
        let uid = folder.uid.as_ref().map(|uid| format!(" #{uid}")).unwrap_or_default();
        let protect = if folder.protect { " protected" } else { "" };
        format!("{path}{uid} \"{}\"{protect} {}", folder.title, folder.place)
    };
    declarations.folders.iter().map(told).collect()
}

#[test]
fn directories_with_dashboards_are_folders_and_a_leading_dashboards_is_dropped() {
    let root = directory(&[
        ("dashboards/Infra/Linux/a.json", dashboard("a")),
        ("Infra/b.json", dashboard("b")),
        ("dashboards/c.json", dashboard("c")),
        ("d.json", dashboard("d")),
        ("x/dashboards/e.json", dashboard("e")),
        ("datasources/f.yaml", "name: F\nuid: f\ntype: loki\nurl: http://l\n".into()),
        ("empty/readme.md", String::new()),
    ]);
    let declarations = loaded(root.path());
    expect(&lines(&declarations.problems), "");
    assert_eq!(
        folders(&declarations),
        [
            "Infra \"Infra\" Infra",
            "x \"x\" x",
            "Infra / Linux \"Linux\" dashboards/Infra/Linux",
            "x / dashboards \"dashboards\" x/dashboards"
        ]
    );
    assert_eq!(
        objects(&declarations),
        [
            "dashboard.a in Infra / Linux",
            "dashboard.b in Infra",
            "dashboard.c at the root",
            "dashboard.d at the root",
            "dashboard.e in x / dashboards",
            "datasource.f"
        ]
    );
}

#[test]
fn a_folder_file_says_more_of_its_directory() {
    let root = directory(&[
        ("infra/_folder.yaml", "title: ' Infra & Co '\nuid: infra\nprotect: true\n"),
        ("infra/linux/a.json", &dashboard("a")),
        ("lonely/_folder.yaml", "{}\n"),
        ("amgctl.yaml", "protect: [folder.lonely-*, dashboard.a]\n"),
    ]);
    let declarations = loaded(root.path());
    expect(&lines(&declarations.problems), "");
    assert_eq!(
        folders(&declarations),
        [
            "Infra & Co #infra \"Infra & Co\" protected infra/_folder.yaml",
            "lonely \"lonely\" protected lonely/_folder.yaml",
            "Infra & Co / linux \"linux\" infra/linux"
        ]
    );
    assert_eq!(objects(&declarations), ["dashboard.a in Infra & Co / linux"]);
    assert!(declarations.objects[0].protect);
}

#[test]
fn folder_files_are_checked() {
    let a = dashboard("a");
    check(
        &[("x/_folder.yaml", "titel: X\nuid: 'a b'\nprotect: yes\npermissions: []\n"), ("x/a.json", &a)],
        "error[unknown-key] x/_folder.yaml:1:1: a folder has no key `titel` -- did you mean `title`?
        error[uid] x/_folder.yaml:2:6: a uid may not hold ` `: letters, digits, `-` and `_` only -- choose another one; links to the dashboard hold its uid
        error[folder] x/_folder.yaml:3:10: `protect` must be `true` or `false`
        error[not-supported] x/_folder.yaml:4:1: `permissions` of folders are not kept by this version yet -- remove them here, and set them in the workspace",
    );
    check(
        &[("_folder.yaml", "title: X\n")],
        "error[folder] _folder.yaml:1:1: the root of the tree of folders has no title, uid or protection of its own -- move this file into the directory that it is meant for",
    );
    check(
        &[("x/_folder.yaml", "- x\n")],
        "error[folder] x/_folder.yaml:1:1: this file must be an object with `title`, `uid` or `protect`",
    );
    check(
        &[("x/_folder.yml", "title: X\n")],
        "error[folder] x/_folder.yml: a folder's file is called `_folder.yaml` -- rename it",
    );
    check(
        &[("x/_folder.yaml", "title: Same\n"), ("dashboards/Same/_folder.yaml", "uid: b\n")],
        "error[duplicate-folder] dashboards/Same/_folder.yaml:1:1 + x/_folder.yaml:1:1: two files speak of the folder Same -- keep one of them, or give one of them another title",
    );
    check(
        &[("x/_folder.yaml", "uid: same\n"), ("y/_folder.yaml", "uid: same\n")],
        "error[duplicate-uid] x/_folder.yaml + y/_folder.yaml: uid `same` is declared twice -- give one of them another uid, or remove it from the directory",
    );
}

#[test]
fn folders_are_at_most_five_deep() {
    check(&[("a/b/c/d/e/x.json", dashboard("a"))], "");
    check(&[("dashboards/a/b/c/d/e/x.json", dashboard("a"))], "");
    check(
        &[("a/b/c/d/e/f/x.json", dashboard("a"))],
        "error[folder-depth] a/b/c/d/e/f: this folder is 6 deep, and Grafana takes 5 (note: its path is a / b / c / d / e / f) -- move its dashboards up; a leading `dashboards/` does not count",
    );
    check(&[(format!("{}/x.json", "é".repeat(100)).as_str(), dashboard("a"))], "");
}

#[test]
fn general_at_the_top_is_the_root_until_a_file_in_it_makes_it_a_folder() {
    let placed = |files: &[(&str, String)]| {
        let root = directory(files);
        let declarations = loaded(root.path());
        expect(&lines(&declarations.problems), "");
        (objects(&declarations), folders(&declarations))
    };
    for general in ["General", "dashboards/General", "general"] {
        let at = |path: &str| format!("{general}/{path}");
        let (board, below, file) = (at("x.json"), at("Shop/y.json"), at("_folder.yaml"));
        let (objects, folders) = placed(&[(&board, dashboard("a")), (&below, dashboard("b"))]);
        assert_eq!(objects, ["dashboard.a at the root", "dashboard.b in Shop"]);
        assert_eq!(folders.len(), 1, "{folders:?}");
        let (objects, folders) = placed(&[(&board, dashboard("a")), (&file, "title: General\n".into())]);
        assert_eq!(objects, ["dashboard.a in General"]);
        assert_eq!(folders.len(), 1, "{folders:?}");
        let (objects, _) = placed(&[(&board, dashboard("a")), (&file, "title: Commons\n".into())]);
        assert_eq!(objects, ["dashboard.a in Commons"]);
    }
    // Everywhere else it is a folder, which most servers refuse.
    let help = "rename the directory, or write `title: General` into a `_folder.yaml` in it where the workspace allows such a folder (Grafana 12)";
    check(
        &[("Team/General/x.json", dashboard("a"))],
        &format!(
            "error[title] Team/General: a folder called `General` is refused by most versions of Grafana (note: `General` is Grafana's name for the root; as a directory at the top it stands for that) -- {help}"
        ),
    );
    placed(&[("Team/General/x.json", dashboard("a")), ("Team/General/_folder.yaml", "title: General\n".into())]);
}

#[test]
fn folder_resources_are_folders() {
    let text = "apiVersion: folder.grafana.app/v1beta1\nkind: Folder\nmetadata:\n  name: team\n  annotations: {grafana.app/folder: above}\nspec:\n  title: Team\n";
    let root = directory(&[("anywhere/f.yaml", text)]);
    let declarations = loaded(root.path());
    assert_eq!(folders(&declarations), [" #team \"Team\" anywhere/f.yaml"]);
    assert_eq!(declarations.folders[0].parent, crate::model::Parent::Uid(Uid::parse("above").unwrap()));
    check(&[("f.yaml", text.replace("Team", "''"))], "error[title] f.yaml:7:10: a folder's title may not be empty");
    check(
        &[("f.yaml", text.replace("  name: team\n", ""))],
        "error[resource] f.yaml:4:3: a resource needs a `metadata.name`, which is its uid",
    );
}

#[test]
fn what_is_not_for_us_is_ignored_and_listed() {
    let root = directory(&[
        ("README.md", "# hello"),
        ("kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\n"),
        ("values.yaml", "grafana:\n  enabled: true\n"),
        ("package.json", "{\"name\": \"x\", \"type\": \"module\"}"),
        (".github/workflows/ci.yaml", "on: push\n"),
        ("providers.yaml", "apiVersion: 1\nproviders: []\n"),
        ("empty.yaml", "# nothing\n"),
        (".gitignore", "hidden*\n!hidden-but-kept.json\n"),
        (".amgctlignore", "later/\nbroken.json\n"),
        ("hidden.json", "{"),
        ("hidden-but-kept.json", &dashboard("kept")),
        ("broken.json", "{"),
        ("later/x.json", "{"),
        ("sub/.gitignore", "/y.json\n"),
        ("sub/y.json", "{"),
        ("mixed.yaml", "a: 1\n---\nuid: m\ntitle: M\npanels: []\n"),
    ]);
    let declarations = loaded(root.path());
    expect(
        &lines(&declarations.problems),
        "warning[not-kept] providers.yaml:2:1: this file tells a Grafana where to find dashboards, which amgctl does not need -- a dashboard's folder is its directory; name this file in `.amgctlignore`",
    );
    assert_eq!(objects(&declarations), ["dashboard.kept at the root", "dashboard.m at the root"]);
    let told: Vec<String> = declarations.ignored.iter().map(|i| format!("{} {}", i.path, i.reason)).collect();
    expect(
        &told.join("\n"),
        "README.md is neither `.json` nor `.yaml` nor `.yml`
        broken.json is named in an ignore file
        empty.yaml holds no document
        hidden.json is named in an ignore file
        kustomization.yaml is a `Kustomization` of `kustomize.config.k8s.io/v1beta1`, which is not for Grafana
        later/ is named in an ignore file
        mixed.yaml is no document of ours (an object with `a`) (document 1)
        package.json is no document of ours (an object with `name`, `type`)
        providers.yaml tells a Grafana where to find dashboards, which amgctl does not need
        sub/y.json is named in an ignore file
        values.yaml is no document of ours (an object with `grafana`)",
    );
}

#[test]
fn the_settings_stand_at_the_root_only() {
    check(
        &[("x/amgctl.yaml", "stack: x\n")],
        "error[settings] x/amgctl.yaml: the settings of a stack stand at the root of its directory only -- move it there, or apply that directory as a stack of its own and name it in `.amgctlignore` here",
    );
}

#[test]
fn a_directory_that_is_not_there_is_an_error() {
    let root = directory::<&str>(&[]);
    let missing = lines(&loaded(&root.path().join("none")).problems);
    assert!(missing.starts_with("error[directory] : there is no directory `"), "{missing}");
}

#[cfg(unix)]
#[test]
fn links_are_followed_inside_and_refused_outside() {
    use std::os::unix::fs::symlink;
    let outside = directory(&[("secret.json", dashboard("s"))]);
    let root = directory(&[("real/a.json", dashboard("a"))]);
    symlink("real/a.json", root.path().join("copy.yaml")).unwrap();
    symlink(outside.path(), root.path().join("out")).unwrap();
    symlink(outside.path().join("secret.json"), root.path().join("out.json")).unwrap();
    symlink("nowhere.json", root.path().join("broken.json")).unwrap();
    symlink("..", root.path().join("real/loop")).unwrap();
    let declarations = loaded(root.path());
    expect(&lines(&declarations.problems), "error[unreadable] broken.json: this symbolic link leads nowhere -- mend it, or name it in `.amgctlignore`
        error[duplicate-uid] copy.yaml:1:8 + real/a.json:1:8: uid `a` is declared twice -- give one of them another uid, or remove it from the directory
        error[symlink] out: this symbolic link leads out of the directory (note: what is outside is not reviewed with the directory) -- put a copy into the directory, or name the link in `.amgctlignore`
        error[symlink] out.json: this symbolic link leads out of the directory (note: what is outside is not reviewed with the directory) -- put a copy into the directory, or name the link in `.amgctlignore`
        error[unreadable] real/loop: this symbolic link leads to a directory that it is in -- mend it, or name it in `.amgctlignore`");
}

#[cfg(unix)]
#[test]
fn links_may_lead_through_the_git_checkout_where_that_is_allowed() {
    use std::os::unix::fs::symlink;
    let outside = directory(&[("x.json", dashboard("x"))]);
    let checkout = directory(&[
        (".git/config", String::new()),
        (".git/kept.json", dashboard("k")),
        ("shared/Linux/a.json", dashboard("a")),
        ("shared/one.json", dashboard("one")),
        ("stack/b.json", dashboard("b")),
    ]);
    let stack = checkout.path().join("stack");
    symlink("../shared", stack.join("Shared")).unwrap();
    symlink("../shared/one.json", stack.join("one.json")).unwrap();
    let told = lines(&loaded(&stack).problems);
    assert_eq!(told.matches("it leads to another place of the same git checkout").count(), 2, "{told}");
    assert_eq!(told.matches("write `follow_links: repository` in amgctl.yaml").count(), 2, "{told}");

    std::fs::remove_file(stack.join("one.json")).unwrap();
    write(&stack, "amgctl.yaml", b"follow_links: repository\n");
    let declarations = loaded(&stack);
    expect(&lines(&declarations.problems), "");
    assert_eq!(
        objects(&declarations),
        ["dashboard.a in Shared / Linux", "dashboard.b at the root", "dashboard.one in Shared"]
    );

    symlink(outside.path(), stack.join("out")).unwrap();
    symlink("../.git/kept.json", stack.join("git.json")).unwrap();
    symlink("..", stack.join("around")).unwrap();
    let out = "this symbolic link leads out of the git checkout (note: what is outside is not reviewed with the directory) -- put a copy into the directory, or name the link in `.amgctlignore`";
    expect(
        &lines(&loaded(&stack).problems),
        &format!("error[symlink] around: this symbolic link leads to a directory that it is in -- let it lead to the directory that is shared, not to one around both
        error[symlink] git.json: {out}
        error[symlink] out: {out}"),
    );
}

#[test]
fn ignore_files_above_the_directory_and_of_git_do_not_count() {
    let above = directory(&[
        (".gitignore", "*.json\n"),
        (".ignore", "*.json\n"),
        ("stack/a.json", &dashboard("a")),
        ("stack/.git/info/exclude", "*.json\n"),
        ("stack/.ignore", "*.json\n"),
        ("stack/.git/x.json", "{"),
    ]);
    assert_eq!(objects(&loaded(&above.path().join("stack"))), ["dashboard.a at the root"]);
}
