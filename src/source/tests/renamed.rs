//! Uids that the registry remembers.

use super::*;
use crate::kinds::dashboard::Dashboard;
use crate::kinds::datasource::Datasource;
use crate::model::Address;

const TEXT: &str = "{\"title\":\"T\",\"panels\":[]}";

fn dashboard_of(uid: &str, path: &str, text: &str) -> (Address, String, Option<Digest>) {
    let address = Address::new(Dashboard::NAME, Uid::parse(uid).unwrap());
    (address, path.to_owned(), Some(Digest::of_bytes(text.as_bytes())))
}

fn bound(files: &[(&str, &str)], recorded: &[RecordedFile]) -> Bound {
    let root = directory(files);
    let bound = Bound::new(&loaded(root.path()), recorded);
    for declared in &bound.objects {
        let body = bound.body(declared).map_err(|problem| lines(&[*problem])).unwrap();
        assert_eq!(body.value["uid"], declared.address.id());
    }
    bound
}

#[test]
fn a_recorded_uid_stays_with_its_path() {
    let declarations = bound(&[("a.json", TEXT)], &[dashboard_of("old", "a.json", "anything")]);
    assert_eq!(objects(&declarations), ["dashboard.old at the root"]);
}

#[test]
fn a_uid_in_the_document_is_what_the_document_says() {
    let declarations = bound(&[("a.json", &dashboard("mine"))], &[dashboard_of("old", "a.json", "x")]);
    assert_eq!(objects(&declarations), ["dashboard.mine at the root"]);
}

#[test]
fn a_renamed_file_keeps_its_uid_and_a_copy_gets_its_own() {
    let recorded = [dashboard_of("old", "a.json", TEXT)];
    let renamed = bound(&[("x/b.json", TEXT)], &recorded);
    assert_eq!(objects(&renamed), ["dashboard.old in x"]);
    let copied = bound(&[("a.json", TEXT), ("x/b.json", TEXT)], &recorded);
    let copy = uids::dashboard_uid("x/b.json", 0);
    assert_eq!(objects(&copied), [format!("dashboard.{copy} in x"), "dashboard.old at the root".into()]);
    let two = bound(&[("x/b.json", TEXT), ("y/b.json", TEXT)], &recorded);
    assert!(two.objects.iter().all(|declared| declared.address.id() != "old"));
    let edited = bound(&[("x/b.json", "{\"title\":\"U\",\"panels\":[]}")], &recorded);
    assert_ne!(edited.objects[0].address.id(), "old");
}

#[test]
fn two_vanished_files_of_one_content_bind_nobody() {
    let recorded = [dashboard_of("old", "a.json", TEXT), dashboard_of("older", "b.json", TEXT)];
    let declarations = bound(&[("c.json", TEXT)], &recorded);
    assert_eq!(declarations.objects[0].address.id(), uids::dashboard_uid("c.json", 0).as_str());
}

#[test]
fn a_renamed_data_source_keeps_its_uid_when_its_file_holds_no_other() {
    let address = Address::new(Datasource::NAME, Uid::parse("old").unwrap());
    let recorded = [(address, "d.yaml".to_owned(), None)];
    let declarations = bound(&[("d.yaml", "name: New name\ntype: loki\nurl: http://l\n")], &recorded);
    assert_eq!(objects(&declarations), ["datasource.old"]);
}

#[test]
fn a_file_that_yields_nothing_any_more_is_an_error() {
    let recorded = [
        dashboard_of("a", "a.json", TEXT),
        dashboard_of("b", "b.json", TEXT),
        dashboard_of("c", "later/c.json", TEXT),
        dashboard_of("d", "gone.json", TEXT),
        dashboard_of("e", "broken.json", TEXT),
    ];
    let files = [
        ("a.json", "{\"hello\": 1}"),
        ("b.json", TEXT),
        ("later/c.json", TEXT),
        (".gitignore", "later\n"),
        ("broken.json", "{"),
    ];
    let root = directory(&files);
    let directory = loaded(root.path());
    let mut problems = Bound::new(&directory, &recorded).problems;
    problems.extend(directory.problems);
    loading::sort_problems(&mut problems);
    expect(&lines(&problems), "error[recorded-source] a.json: `dashboard.a` was applied from this file, and now it yields nothing (note: `a.json` is no document of ours (an object with `hello`)) -- delete the file if the object is to go, or let it be read again
        error[json] broken.json:1:1: the file ends before this `{` is closed -- the file may have been cut short; if this file is not for amgctl, name it in `.amgctlignore`
        error[recorded-source] later/c.json: `dashboard.c` was applied from this file, and now it yields nothing (note: `later/` is named in an ignore file) -- delete the file if the object is to go, or let it be read again");
}

#[test]
fn a_uid_that_a_document_has_is_not_given_to_a_file() {
    let recorded = [dashboard_of("same", "a.json", TEXT)];
    let declarations = bound(&[("a.json", TEXT), ("b.json", &dashboard("same"))], &recorded);
    expect(&lines(&declarations.problems), "");
    assert_eq!(declarations.objects.len(), 2);
}

#[test]
fn inputs_follow_a_data_source_to_its_old_uid() {
    let address = Address::new(Datasource::NAME, Uid::parse("old").unwrap());
    let text = "{\"__inputs\":[{\"name\":\"DS_L\",\"type\":\"datasource\",\"pluginId\":\"loki\"}],\"title\":\"T\",\"uid\":\"u\",\"panels\":[{\"datasource\":\"${DS_L}\"}]}";
    let files = [("d.yaml", "name: Loki\ntype: loki\nurl: http://l\n"), ("a.json", text)];
    let declarations = bound(&files, &[(address, "d.yaml".to_owned(), None)]);
    assert_eq!(objects(&declarations), ["dashboard.u at the root", "datasource.old"]);
    assert_eq!(declarations.objects[0].references[0].to, crate::model::Target::new(Datasource::NAME, "old"));
    expect(&lines(&check_references(&declarations, None, None, None, Severity::Error)), "");
}
