//! What holds of names, whatever the titles; and of sets of files, whatever goes wrong.

use std::fs;

use proptest::prelude::*;

use super::names::{Named, Spelling, assign};
use super::*;
use crate::model::Digest;

fn named<'a>(title: &'a str, uid: &'a str, spelling: Spelling) -> Named<'a> {
    let ending = if spelling == Spelling::Slug { ".json" } else { "" };
    Named { title, uid, spelling, ending, otherwise: "dashboard" }
}

#[track_caller]
fn check(title: &str, directory: &str, file: &str) {
    assert_eq!(assign(&[named(title, "u", Spelling::AsWritten)], &[]), [directory]);
    assert_eq!(assign(&[named(title, "u", Spelling::Slug)], &[]), [file]);
}

#[test]
fn hostile_titles_have_names_that_every_file_system_takes() {
    check("Kubernetes / Compute (prod)", "Kubernetes - Compute (prod)", "kubernetes-compute-prod.json");
    check("../../x", "x", "x.json");
    check("CON", "_CON", "_con.json");
    check("com1.txt", "_com1.txt", "com1-txt.json");
    check("...", "dashboard", "dashboard.json");
    check("", "dashboard", "dashboard.json");
    check(" trailing. ", "trailing", "trailing.json");
    check("-rf", "rf", "rf.json");
    check("概要 🚀", "概要 🚀", "概要.json");
    check("🚀", "🚀", "dashboard.json");
    check("Cafe\u{301}", "Caf\u{e9}", "caf\u{e9}.json");
    check("a\u{202e}b\0c", "a-b-c", "a-b-c.json");
    let long = "é".repeat(300);
    assert_eq!(assign(&[named(&long, "u", Spelling::AsWritten)], &[]), ["é".repeat(45)]);
}

#[test]
fn equal_names_are_told_apart_by_uids_in_any_order() {
    let all = [
        named("CPU", "a", Spelling::AsWritten),
        named("cpu", "B", Spelling::AsWritten),
        named("Cpu", "b", Spelling::AsWritten),
        named("Disk", "d", Spelling::AsWritten),
        named("disk-d", "x", Spelling::AsWritten),
    ];
    let names = assign(&all, &[]);
    assert_eq!((&*names[0], &*names[3], &*names[4]), ("CPU-a", "Disk", "disk-d"));
    assert!(names[1].starts_with("cpu-") && names[1].len() == 20, "uids that differ in case: {names:?}");
    assert_eq!(assign(&[named("Disk", "d", Spelling::AsWritten)], &["DISK"]), ["Disk-d"]);
}

proptest! {
    #[test]
    fn names_are_short_distinct_and_do_not_depend_on_the_order(
        titles in proptest::collection::vec("(?i:con|nul|[ab.]{0,3}|[\\PC/\\\\:*. ]{0,60}|(ß|é|ﬁ){1,120})", 1..12),
        turn in 0..12_usize,
    ) {
        let uids: Vec<String> = (0..titles.len()).map(|i| format!("{}{i}", if i % 2 == 0 { "u" } else { "U" })).collect();
        for spelling in [Spelling::AsWritten, Spelling::Slug] {
            let all: Vec<Named<'_>> = titles.iter().zip(&uids).map(|(t, u)| named(t, u, spelling)).collect();
            let names = assign(&all, &["_folder.yaml"]);
            let folded: std::collections::BTreeSet<String> = names.iter().map(|n| n.to_lowercase()).collect();
            prop_assert_eq!(folded.len(), names.len(), "{:?}", names);
            for name in &names {
                prop_assert!(name.len() <= 143 && Within::parse(name).is_some(), "{:?}", name);
                prop_assert!(!name.starts_with('.') && !name.ends_with(['.', ' ']), "{:?}", name);
            }
            let mut turned = all.clone();
            turned.rotate_left(turn % all.len());
            let mut again = assign(&turned, &["_folder.yaml"]);
            again.rotate_right(turn % all.len());
            prop_assert_eq!(names, again);
        }
    }
}

fn path(text: &str) -> Within {
    Within::parse(text).unwrap()
}

/// Everything in a directory, hidden or not: paths and contents.
fn tree(root: &std::path::Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(root).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            all.push((format!("{name}/"), String::new()));
            all.extend(tree(&entry.path()).into_iter().map(|(path, text)| (format!("{name}/{path}"), text)));
        } else {
            all.push((name, fs::read_to_string(entry.path()).unwrap_or_default()));
        }
    }
    all.sort();
    all
}

#[test]
fn paths_lead_neither_up_nor_away() {
    for bad in ["", "/x", "../x", "a/../b", "a//b", "./a", "a/", "a\0b"] {
        assert_eq!(Within::parse(bad), None, "{bad:?}");
    }
    assert_eq!(path("a/b.json").directory(), "a");
}

#[test]
fn a_set_is_written_whole_and_leaves_nothing_else_behind() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("old.json"), "1").unwrap();
    fs::write(root.path().join("gone.json"), "2").unwrap();
    let mut writing = Writing::begin(root.path()).unwrap();
    let read = Digest::of_bytes(b"1");
    assert_eq!(writing.add(&path("a/b/new.json"), b"new", Expected::Nothing).unwrap(), Ok(Outcome::Created));
    assert_eq!(writing.add(&path("old.json"), b"other", Expected::File(read)).unwrap(), Ok(Outcome::Replaced));
    assert_eq!(writing.remove(&path("gone.json"), Digest::of_bytes(b"2")).unwrap(), Ok(Outcome::Removed));
    assert!(!root.path().join("a").exists(), "nothing is in its place before the set is complete");
    assert_eq!(writing.commit().unwrap().unwrap().len(), 3);
    let expected = [("a/", ""), ("a/b/", ""), ("a/b/new.json", "new"), ("old.json", "other")];
    assert_eq!(tree(root.path()), expected.map(|(path, text)| (path.to_owned(), text.to_owned())));
}

#[test]
fn a_file_that_is_not_the_expected_one_is_refused_and_nothing_is_written() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("mine.json"), "mine").unwrap();
    fs::create_dir(root.path().join("dir.json")).unwrap();
    let before = tree(root.path());
    let mut writing = Writing::begin(root.path()).unwrap();
    let mut why =
        |file: &str, expected| writing.add(&path(file), b"new", expected).unwrap().map_err(|refusal| refusal.why);
    assert_eq!(why("mine.json", Expected::Nothing), Err(Why::OtherFile));
    assert_eq!(why("mine.json", Expected::File(Digest::of_bytes(b"?"))), Err(Why::Changed));
    assert_eq!(why("dir.json", Expected::Anything), Err(Why::NoFile));
    assert_eq!(why("mine.json/x", Expected::Anything), Err(Why::NoFile));
    assert_eq!(why("a/first.json", Expected::Nothing), Ok(Outcome::Created));
    assert_eq!(why("a/first.json", Expected::Nothing), Err(Why::Twice));
    assert_eq!(why("z.json", Expected::Nothing), Ok(Outcome::Created));
    // Somebody else makes the last one in between: what was done before it is undone.
    fs::write(root.path().join("z.json"), "theirs").unwrap();
    assert_eq!(writing.commit().unwrap(), Err(Refusal { path: path("z.json"), why: Why::OtherFile }));
    fs::remove_file(root.path().join("z.json")).unwrap();
    assert_eq!(tree(root.path()), before);
}

#[cfg(unix)]
#[test]
fn links_are_followed_within_the_directory_only() {
    let (root, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::create_dir(root.path().join("real")).unwrap();
    std::os::unix::fs::symlink("real", root.path().join("inside")).unwrap();
    std::os::unix::fs::symlink(other.path(), root.path().join("out")).unwrap();
    std::os::unix::fs::symlink(other.path().join("nowhere"), root.path().join("x.json")).unwrap();
    let mut writing = Writing::begin(root.path()).unwrap();
    for outside in ["out/x.json", "x.json"] {
        let refused = writing.add(&path(outside), b"new", Expected::Anything).unwrap();
        assert_eq!(refused.unwrap_err().why, Why::Outside);
    }
    writing.add(&path("inside/x.json"), b"new", Expected::Nothing).unwrap().unwrap();
    writing.commit().unwrap().unwrap();
    assert_eq!(fs::read_to_string(root.path().join("real/x.json")).unwrap(), "new");
    assert_eq!(tree(other.path()), []);
}

#[test]
fn what_a_killed_run_left_is_removed_and_what_a_living_one_has_is_not() {
    let root = tempfile::tempdir().unwrap();
    let living = Writing::begin(root.path()).unwrap();
    let dead = root.path().join(".amgctl-writing-dead");
    fs::create_dir(&dead).unwrap();
    fs::write(dead.join("lock"), "").unwrap();
    drop(Writing::begin(root.path()).unwrap());
    assert!(!dead.exists());
    assert_eq!(tree(root.path()).len(), 2, "the living one's directory and its lock");
    drop(living);
    assert_eq!(tree(root.path()), []);
}
