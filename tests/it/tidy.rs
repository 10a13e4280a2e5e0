//! The rules of the architecture that no compiler sees, kept by reading the source: who may do what, and where.
//!
//! Comments never count; a violation names its file and line. A rule that has to bend gets a line in its table with
//! the reason.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The modules that know no I/O, no clock and no chance.
const PURE: [&str; 4] = ["crates/core/src/", "src/render/", "src/identity/rules/", "src/saved/"];

#[test]
fn pure_modules_do_no_input_or_output() {
    const FORBIDDEN: [&str; 12] = [
        "std::fs",
        "std::env",
        "std::net",
        "std::process",
        "tokio",
        "reqwest",
        "aws_",
        "Instant::now",
        "SystemTime",
        "Timestamp::now",
        "getrandom",
        "async ",
    ];
    let mut found = String::new();
    for file in sources().iter().filter(|file| under(&file.path, &PURE)) {
        find(file, &FORBIDDEN, Text::Code, &mut found);
        for (number, line) in file.lines(Text::Code) {
            // `use std::{fs, io}` names them too.
            let grouped = line.trim_start().starts_with("use std::{")
                && line
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .any(|w| matches!(w, "fs" | "env" | "net"));
            if grouped {
                tell(&mut found, file, number, "std::{fs, env, net}");
            }
        }
    }
    nothing(&found);
}

#[test]
fn only_some_modules_know_the_paths_of_the_api() {
    // The last one knows those of grafana.com, which are no workspace's.
    const ALLOWED: [&str; 6] = [
        "crates/core/src/kinds/",
        "src/registry/",
        "src/live/",
        "src/grafana/",
        "crates/sandbox/src/",
        "src/fetch/grafana_com.rs",
    ];
    let mut found = String::new();
    for file in sources().iter().filter(|file| !under(&file.path, &ALLOWED)) {
        find(file, &["/api/", "/apis/", "\"api/", "\"apis/"], Text::CodeAndStrings, &mut found);
    }
    nothing(&found);
}

/// The modules (folders and top-level files of `src` and of `crates/core/src`), and which others each may name. A row
/// names rows above it only, so there are no circles.
///
/// `crates/sandbox` is not here: it is one module, and its manifest names none of these.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("backoff", &[]),
    ("duration", &[]),
    ("probes", &[]),
    ("random", &[]),
    ("uids", &["model"]),
    ("files", &["model", "uids"]),
    ("kinds", &["model"]),
    ("plan", &["model", "kinds", "uids"]),
    ("report", &["model", "kinds", "plan"]),
    ("saved", &["model", "plan"]),
    ("render", &["model", "kinds", "plan", "report", "saved"]),
    ("terminal", &["model", "render"]),
    ("grafana", &["model", "backoff"]),
    ("registry", &["model", "kinds", "backoff", "grafana"]),
    ("live", &["model", "kinds", "plan", "grafana", "registry"]),
    ("apply", &["model", "kinds", "plan", "report", "backoff", "grafana", "registry", "live"]),
    ("cli", &["apply"]),
    ("aws", &["model", "backoff", "render"]),
    ("identity", &["model", "random", "grafana", "aws"]),
    ("source", &["model", "duration", "kinds", "uids"]),
    ("settings", &["model", "duration", "kinds", "plan", "cli", "source"]),
    ("fetch", &["model", "backoff", "grafana", "source"]),
    ("forge", &["model", "grafana"]),
    (
        "commands",
        &[
            "model", "kinds", "plan", "report", "render", "terminal", "random", "probes", "grafana", "registry",
            "live", "apply", "cli", "aws", "identity", "source", "settings", "fetch", "saved", "forge", "files",
        ],
    ),
];

#[test]
fn modules_import_what_the_table_says_and_never_in_circles() {
    let names: Vec<&str> = MAY_IMPORT.iter().map(|(name, _)| *name).collect();
    let mut wrong = String::new();
    let mut imports = std::collections::BTreeSet::new();
    for file in sources() {
        let Some(path) = ["src/", "crates/core/src/"].iter().find_map(|top| file.path.strip_prefix(top)) else {
            continue;
        };
        let module = path.split('/').next().unwrap_or_default().trim_end_matches(".rs");
        if ["lib", "main"].contains(&module) {
            continue;
        }
        if !names.contains(&module) {
            tell(&mut wrong, &file, 1, &format!("`{module}` is not in the table of modules"));
        }
        for (at, _) in file.code.match_indices("crate::").chain(file.code.match_indices("amgctl_core::")) {
            let rest = file.code[at..].split_once("::").map_or("", |(_, rest)| rest);
            for name in first_names(rest).into_iter().filter(|name| *name != module && names.contains(name)) {
                imports.insert((module.to_owned(), name.to_owned()));
                let allowed = MAY_IMPORT.iter().any(|(m, may)| *m == module && may.contains(&name));
                if !allowed {
                    let line = file.code[..at].matches('\n').count() + 1;
                    tell(&mut wrong, &file, line, &format!("`{module}` may not import `{name}`"));
                }
            }
        }
    }
    for (i, (module, may)) in MAY_IMPORT.iter().enumerate() {
        for name in *may {
            if !imports.contains(&((*module).to_owned(), (*name).to_owned())) {
                let _ = writeln!(wrong, "the table lets `{module}` import `{name}`, which it does not");
            }
            if !names[..i].contains(name) {
                let _ = writeln!(wrong, "`{module}` imports `{name}`, which does not stand above it in the table");
            }
        }
    }
    nothing(&wrong);
}

/// The first name of a path after `crate::`, or those of a group in braces.
fn first_names(rest: &str) -> Vec<&str> {
    let first = |path: &'_ str| path.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(path.len());
    let Some(group) = rest.strip_prefix('{') else { return vec![&rest[..first(rest)]] };
    let mut depth = 1_usize;
    let mut names = Vec::new();
    let mut begins = true;
    for (i, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => begins = true,
            c if begins && !c.is_whitespace() => {
                names.push(&group[i..i + first(&group[i..])]);
                begins = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

#[test]
fn the_core_names_no_crate_that_does_input_or_output() {
    let manifest = fs::read_to_string(root().join("crates/core/Cargo.toml")).unwrap();
    for line in manifest.lines() {
        for name in ["tokio", "reqwest", "aws-", "hyper", "getrandom", "tempfile"] {
            assert!(!line.starts_with(name), "crates/core/Cargo.toml: {line}");
        }
    }
}

#[test]
fn only_the_table_of_kinds_makes_names_of_kinds() {
    let mut found = String::new();
    for file in sources()
        .iter()
        .filter(|file| !["crates/core/src/model/address.rs", "crates/core/src/kinds/mod.rs"].contains(&&*file.path))
    {
        find(file, &["in_table"], Text::Code, &mut found);
    }
    nothing(&found);
}

#[test]
fn no_concrete_kind_is_named_outside_of_its_file() {
    // Where a kind's name belongs: its own file, what reads its documents; and the record is kept
    // in an object of one kind.
    const ALLOWED: [&str; 3] = ["crates/core/src/kinds/", "src/source/", "src/registry/record.rs"];
    const NO_KINDS: [&str; 3] = ["mod", "facts", "values"];
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("crates/core/src/kinds")).unwrap() {
        let path = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_string_lossy().into_owned();
        if NO_KINDS.contains(&&*module) {
            continue;
        }
        let text = fs::read_to_string(root().join("crates/core/src/kinds/mod.rs")).unwrap();
        let (_, kind) = text.split_once(&format!("    {module}::")).expect("each file of a kind is in the table");
        names.push(format!("{}::", kind.split(' ').next().unwrap()));
        names.push(format!("kinds::{module}"));
        names.push(format!("kind.as_str() == \"{module}\""));
    }
    assert!(names.len() >= 12, "{names:?}");
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut found = String::new();
    for file in sources().iter().filter(|file| !under(&file.path, &ALLOWED)) {
        find(file, &names, Text::CodeAndStrings, &mut found);
    }
    nothing(&found);
}

#[test]
fn only_the_terminal_prints() {
    // Clippy keeps the macros out (Cargo.toml).
    const FORBIDDEN: [&str; 3] = ["stdout()", "stderr()", "stdin()"];
    let mut found = String::new();
    for file in sources().iter().filter(|file| file.path != "src/terminal.rs") {
        find(file, &FORBIDDEN, Text::Code, &mut found);
        // A session undoes what must not be left behind, and then goes on panicking.
        if file.path != "src/commands/session.rs" {
            find(file, &["catch_unwind"], Text::Code, &mut found);
        }
    }
    nothing(&found);
}

#[test]
fn only_main_exits_and_reads_the_environment() {
    const FORBIDDEN: [&str; 8] = [
        "process::exit",
        "process::abort",
        "ExitCode",
        "env::var",
        "env::args",
        "env::current_dir",
        "env::home_dir",
        "env::temp_dir",
    ];
    let mut found = String::new();
    for file in sources().iter().filter(|file| file.path != "src/main.rs") {
        find(file, &FORBIDDEN, Text::Code, &mut found);
        // A session undoes what must not be left behind, and then goes on panicking.
        if file.path != "src/commands/session.rs" {
            find(file, &["catch_unwind"], Text::Code, &mut found);
        }
    }
    nothing(&found);
}

#[test]
fn a_secret_can_be_neither_printed_nor_compared_nor_serialised() {
    let mut found = String::new();
    let mut debug = 0;
    for file in sources() {
        let lines: Vec<_> = file.lines(Text::Code).collect();
        for (i, (number, line)) in lines.iter().enumerate() {
            if let Some((head, _)) = line.split_once(" for Secret") {
                match head.trim() {
                    "impl fmt::Debug" if file.path == "crates/core/src/model/secret.rs" => debug += 1,
                    other => tell(&mut found, &file, *number, other),
                }
            }
            if line.contains("struct Secret(") || line.contains("struct Secret {") {
                let derives = lines[..i].iter().rev().take_while(|(_, line)| line.trim_start().starts_with("#["));
                for (number, derive) in derives.filter(|(_, line)| line.trim() != "#[derive(Clone)]") {
                    tell(&mut found, &file, *number, derive.trim());
                }
            }
        }
    }
    nothing(&found);
    assert_eq!(debug, 1, "`Secret` has one `Debug`, written by hand");
    let text = sources().into_iter().find(|file| file.path == "crates/core/src/model/secret.rs").unwrap().text;
    let shown = text.split_once("impl fmt::Debug for Secret").unwrap().1;
    assert!(!shown.contains("self.0"), "the `Debug` of `Secret` shows what it holds");
}

#[test]
fn every_file_opens_by_saying_what_it_is_for() {
    let mut found = String::new();
    for file in sources().iter().chain(&tests()) {
        if !file.text.starts_with("//! ") {
            tell(&mut found, file, 1, "no `//!`");
        }
    }
    nothing(&found);
}

#[test]
fn nothing_is_left_undone_or_taken_for_granted() {
    let mut found = String::new();
    for file in sources() {
        // Clippy keeps the rest out (Cargo.toml).
        find(&file, &[".unwrap_err()"], Text::Code, &mut found);
        find(&file, &[".expect(\"\")"], Text::CodeAndStrings, &mut found);
    }
    nothing(&found);
}

#[test]
fn no_test_is_ignored_without_a_reason() {
    let mut found = String::new();
    for file in sources().iter().chain(&tests()) {
        for (i, line) in file.text.lines().enumerate() {
            if line.trim() == "#[ignore]" {
                tell(&mut found, file, i + 1, line.trim());
            }
        }
    }
    nothing(&found);
}

#[test]
fn no_path_of_somebodys_machine_stands_in_a_file() {
    let paths = ["root", "home", "work", "Users"].map(|name| format!("/{name}/"));
    let mut files = tests();
    files.extend(sources());
    for name in ["README.md", "CHANGELOG.md", "Cargo.toml", "crates/sandbox/Cargo.toml", "deny.toml", ".ci/run"] {
        files.push(Source::read(Path::new(name)));
    }
    for folder in ["docs", "scripts", "completions", "examples", "templates", ".github"] {
        files.extend(files_under(Path::new(folder), &|_| true).iter().map(|path| Source::read(path)));
    }
    let mut found = String::new();
    for file in &files {
        for (i, line) in file.text.lines().enumerate() {
            for path in &paths {
                // The path of a URL is nobody's machine.
                let alone = line.match_indices(path.as_str()).any(|(at, _)| {
                    !line[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '.' || c == '/')
                });
                if alone {
                    tell(&mut found, file, i + 1, path);
                }
            }
        }
    }
    nothing(&found);
}

#[test]
fn the_map_in_lib_names_every_module() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let mut missing = Vec::new();
    for line in lib.lines() {
        if let Some(name) = line.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';'))
            && !lib.contains(&format!("//! | [`{name}`] | "))
        {
            missing.push(name);
        }
    }
    assert!(missing.is_empty(), "the map in src/lib.rs lacks {missing:?}");
}

#[test]
fn every_fact_that_is_cited_is_told() {
    let facts = fs::read_to_string(root().join("docs/facts.md")).unwrap();
    let row = |line: &str| line.strip_prefix("| `").and_then(|rest| Some(rest.split_once("` |")?.0.to_owned()));
    let mut told: Vec<String> = facts.lines().filter_map(row).collect();
    told.sort();
    assert!(told.len() > 50 && told.windows(2).all(|pair| pair[0] != pair[1]), "names stand once: {told:?}");
    let mut found = String::new();
    let mut cited = 0;
    for file in sources().iter().chain(&tests()) {
        for (i, line) in file.text.lines().enumerate().filter(|(_, line)| line.contains("//")) {
            let cited_here = line.split_once("fact: `").or_else(|| line.split_once("facts: `"));
            let names = cited_here.map_or("", |(_, names)| names.split_once(')').map_or(names, |(names, _)| names));
            for name in names.split('`').step_by(2).filter(|name| is_kebab(name)) {
                cited += 1;
                if !told.iter().any(|t| t == name) {
                    tell(&mut found, file, i + 1, name);
                }
            }
            // Pages that stand outside the repository lead nobody anywhere.
            for page in ["contracts/README.md", "grafana-api.md", "grafana-13.md", "amg.md", "shared/grafana"] {
                if line.contains(page) {
                    tell(&mut found, file, i + 1, page);
                }
            }
        }
    }
    nothing(&found);
    assert!(cited > 40, "{cited} facts are cited");
}

fn is_kebab(text: &str) -> bool {
    text.contains('-') && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// A file of the source, and what of it counts.
struct Source {
    /// Relative to the repository.
    path: String,
    text: String,
    /// Without comments and tests, each line as long as it was.
    code_and_strings: String,
    /// The same without what stands in strings.
    code: String,
}

#[derive(Clone, Copy)]
enum Text {
    Code,
    CodeAndStrings,
}

impl Source {
    fn read(path: &Path) -> Source {
        let text = fs::read_to_string(root().join(path)).unwrap_or_default();
        let (code_and_strings, code) = if path.extension().is_some_and(|e| e == "rs") {
            let (with, without) = stripped(&text);
            let tests = test_lines(&without);
            let keep = |text: &str| -> String {
                let lines = text.lines().enumerate();
                lines.map(|(i, l)| format!("{}\n", if tests.contains(&i) { "" } else { l })).collect()
            };
            (keep(&with), keep(&without))
        } else {
            (text.clone(), text.clone())
        };
        let path = path.to_string_lossy().replace('\\', "/");
        Source { path, text, code_and_strings, code }
    }

    fn lines(&self, text: Text) -> impl Iterator<Item = (usize, &str)> {
        let text = match text {
            Text::Code => &self.code,
            Text::CodeAndStrings => &self.code_and_strings,
        };
        text.lines().enumerate().map(|(i, line)| (i + 1, line))
    }
}

fn find(file: &Source, forbidden: &[&str], text: Text, found: &mut String) {
    for (number, line) in file.lines(text) {
        for words in forbidden {
            let whole = line.match_indices(words).any(|(at, _)| {
                let before = line[..at].chars().next_back();
                !words.starts_with(char::is_alphabetic) || !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
            });
            if whole {
                tell(found, file, number, words);
            }
        }
    }
}

fn tell(found: &mut String, file: &Source, number: usize, what: &str) {
    let _ = writeln!(found, "{}:{number}: {what}", file.path);
}

fn nothing(found: &str) {
    assert!(found.is_empty(), "\n{found}");
}

fn under(path: &str, folders: &[&str]) -> bool {
    folders.iter().any(|folder| path.starts_with(folder))
}

/// The program's files, without those that are tests and nothing else.
fn sources() -> Vec<Source> {
    let is_source = |path: &Path| {
        let tests = path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs");
        path.extension().is_some_and(|e| e == "rs") && !tests
    };
    let folders = ["src", "crates"].iter().flat_map(|folder| files_under(Path::new(folder), &is_source));
    let files: Vec<Source> = folders.map(|path| Source::read(&path)).collect();
    assert!(files.len() > 50, "the source was not found");
    files
}

fn tests() -> Vec<Source> {
    let is_rust = |path: &Path| path.extension().is_some_and(|e| e == "rs");
    files_under(Path::new("tests"), &is_rust).iter().map(|path| Source::read(path)).collect()
}

fn files_under(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let Ok(entries) = fs::read_dir(root().join(folder)) else { return files };
    for entry in entries {
        let entry = entry.unwrap();
        let path = folder.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            files.extend(files_under(&path, wanted));
        } else if wanted(&path) {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text without comments; and the same without what stands in strings. Lines stay where they were.
fn stripped(text: &str) -> (String, String) {
    let chars: Vec<char> = text.chars().collect();
    let (mut with, mut without) = (String::new(), String::new());
    let mut i = 0;
    while i < chars.len() {
        let rest = &chars[i..];
        if rest.starts_with(&['/', '/']) {
            i += rest.iter().position(|c| *c == '\n').unwrap_or(rest.len());
            continue;
        }
        let before = i.checked_sub(1).map(|j| chars[j]);
        let literal = literal(rest, before);
        if literal > 0 {
            with.extend(&rest[..literal]);
            without.push('"');
            without.extend(rest[..literal].iter().filter(|c| **c == '\n'));
            without.push('"');
            i += literal;
        } else {
            with.push(chars[i]);
            without.push(chars[i]);
            i += 1;
        }
    }
    (with, without)
}

/// How long the string or character is that begins here; 0 where none does.
fn literal(rest: &[char], before: Option<char>) -> usize {
    let in_a_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    match rest {
        ['"', ..] => quoted(rest, 1),
        ['r', '#' | '"', ..] if !in_a_word => {
            let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
            if rest.get(1 + hashes) != Some(&'"') {
                return 0;
            }
            let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
            let body = 2 + hashes;
            let length = rest[body..].windows(end.len()).position(|w| w == end).unwrap_or(rest.len() - body);
            (body + length + end.len()).min(rest.len())
        }
        ['\'', '\\', _, ..] => 3 + rest[3..].iter().position(|c| *c == '\'').unwrap_or(0) + 1,
        ['\'', _, '\'', ..] => 3,
        _ => 0,
    }
}

fn quoted(rest: &[char], mut i: usize) -> usize {
    while i < rest.len() && rest[i] != '"' {
        i += if rest[i] == '\\' { 2 } else { 1 };
    }
    (i + 1).min(rest.len())
}

/// The lines, counted from 0, of items under `#[cfg(test)]`, in a text without comments and strings.
fn test_lines(code: &str) -> std::collections::BTreeSet<usize> {
    let lines: Vec<&str> = code.lines().collect();
    let mut found = std::collections::BTreeSet::new();
    let mut i = 0;
    while i < lines.len() {
        let line = lines[i].trim_start();
        if !(line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(all(test,")) {
            i += 1;
            continue;
        }
        let mut depth = 0_usize;
        let mut opened = false;
        while i < lines.len() {
            found.insert(i);
            for c in lines[i].chars() {
                match c {
                    '{' => (depth, opened) = (depth + 1, true),
                    '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
            let ends = if opened { depth == 0 } else { lines[i].trim_end().ends_with(';') };
            i += 1;
            if ends {
                break;
            }
        }
    }
    found
}

#[test]
fn the_reader_of_source_leaves_comments_strings_and_tests_out() {
    let text = "let a = \"// no \\\" comment\"; // println!\nlet b = '\"'; let c = r#\"x\"y\"#; d()\n\
                #[cfg(test)]\nmod tests {\n    fn f() { x.unwrap() }\n}\nlet e: &'a str = f;\n";
    let (with, without) = stripped(text);
    let tests = test_lines(&without);
    assert_eq!(with.lines().next().unwrap(), "let a = \"// no \\\" comment\"; ");
    assert_eq!(without.lines().take(2).collect::<Vec<_>>(), ["let a = \"\"; ", "let b = \"\"; let c = \"\"; d()"]);
    assert_eq!(tests.into_iter().collect::<Vec<_>>(), [2, 3, 4, 5]);
    assert_eq!(without.lines().nth(6).unwrap(), "let e: &'a str = f;");
}
