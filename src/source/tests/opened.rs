//! Files of several objects are read again once, however many of their objects are asked for.

use std::fmt::Write as _;

use super::*;

fn datasources(uids: &[String]) -> String {
    let mut text = "apiVersion: 1\ndatasources:\n".to_owned();
    for uid in uids {
        let _ = writeln!(text, "- {{name: {uid}, uid: {uid}, type: graphite, url: 'http://{uid}'}}");
    }
    text
}

fn dashboards(uids: &[String]) -> String {
    let one = |uid: &String| format!("uid: {uid}\ntitle: {uid}\nschemaVersion: 39\npanels: []\n");
    uids.iter().map(one).collect::<Vec<_>>().join("---\n")
}

#[test]
fn objects_of_one_file_need_it_once() {
    let uids = |prefix: &str| -> Vec<String> { (0..20).map(|n| format!("{prefix}{n:02}")).collect() };
    // Sorted by address, the objects of these files stand between each other's.
    let [first, second] = [0, 1].map(|rest| {
        uids("d").into_iter().enumerate().filter(|(n, _)| n % 2 == rest).map(|(_, uid)| uid).collect::<Vec<_>>()
    });
    let list: Vec<String> = uids("l")
        .iter()
        .map(|uid| {
            format!("{{\"name\": \"{uid}\", \"uid\": \"{uid}\", \"type\": \"graphite\", \"url\": \"http://l\"}}")
        })
        .collect();
    let files = [
        ("a.yaml", datasources(&first)),
        ("b.yaml", datasources(&second)),
        ("boards.yaml", dashboards(&uids("board"))),
        ("list.json", format!("[{}]", list.join(",\n"))),
    ];
    let root = directory(&files);
    let declarations = loaded(root.path());
    expect(&lines(&declarations.problems), "");
    assert_eq!(declarations.objects.len(), 60);
    let mut asked = std::collections::BTreeSet::new();
    for declared in &declarations.objects {
        if asked.insert(declared.body.file.clone()) {
            declarations.body(declared).unwrap();
        }
    }
    assert_eq!(asked.len(), files.len());
    // What is not there any more cannot be read a second time.
    files.iter().for_each(|(name, _)| std::fs::remove_file(root.path().join(name)).unwrap());
    for declared in &declarations.objects {
        let body = declarations.body(declared).map_err(|problem| lines(&[*problem])).unwrap();
        let kind = crate::kinds::by_name(declared.address.kind);
        assert_eq!(kind.normal(body.value).digest(), declared.digest, "{}", declared.address);
        let spot = declarations.locate(declared, "/uid");
        assert!(spot.line_text.is_some_and(|line| line.contains(declared.address.id())));
    }
    expect(&lines(&lint_against(&declarations, Some(&crate::model::Server::latest()))), "");
}

#[test]
fn a_file_that_changed_since_it_was_loaded_is_an_error() {
    let root = directory(&[("a.yaml", datasources(&["one".to_owned(), "two".to_owned()]))]);
    let declarations = loaded(root.path());
    write(root.path(), "a.yaml", datasources(&["one".to_owned()]).as_bytes());
    let problem = declarations.body(&declarations.objects[0]).map(|_| ()).unwrap_err();
    assert_eq!(problem.code, "file-changed");
}
