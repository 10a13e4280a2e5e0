//! Every command of the README and of the pages that it leads to is run, and what it prints is what the page shows.
//!
//! Blocks marked `console` are a session: `$ command`, then what it prints; those of one page one after the other, in a
//! directory that holds a copy of the example. A line `…` stands for any number of lines; times are not compared. Commands are run by
//! `sh`, but for `curl`, which not every machine has, and the sandbox that is served in a second terminal. Blocks marked
//! `sh` hold commands without what they print; blocks marked `yaml` are for CI, and each command in them must be one
//! that the program takes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use amgctl::cli::Cli;
use amgctl::cli::terraform::with_two_dashes;
use clap::{CommandFactory as _, Parser as _};

use crate::support::client_with;

/// The pages for people who use the program.
const PAGES: [&str; 11] = [
    "README.md",
    "docs/aws.md",
    "docs/ci.md",
    "docs/flux.md",
    "docs/format.md",
    "docs/from-the-operator.md",
    "docs/manifests.md",
    "docs/reconcile.md",
    "docs/reference.md",
    "docs/sandbox.md",
    "docs/servers.md",
];
/// The page with the tables of all there is.
const REFERENCE: &str = "docs/reference.md";

fn page(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The fenced blocks of a language on a page, each with the number of its first line.
fn blocks(name: &str, language: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    let mut block: Option<(usize, Vec<String>)> = None;
    let mut fence: Option<String> = None;
    for (i, line) in page(name).lines().enumerate() {
        match (line.strip_prefix("```"), &fence) {
            (Some(_), Some(_)) => {
                fence = None;
                found.extend(block.take());
            }
            (Some(word), None) => {
                fence = Some(word.to_owned());
                block = (word == language).then(|| (i + 2, Vec::new()));
            }
            (None, _) => {
                if let Some((_, lines)) = &mut block {
                    lines.push(line.to_owned());
                }
            }
        }
    }
    found
}

/// The fenced blocks of a language on all pages, each with its page and the number of its first line.
fn all_blocks(language: &str) -> Vec<(&'static str, usize, Vec<String>)> {
    let of = |name| blocks(name, language).into_iter().map(move |(number, lines)| (name, number, lines));
    let found: Vec<_> = PAGES.into_iter().flat_map(of).collect();
    assert!(!found.is_empty(), "no page has a block of {language}");
    found
}

#[test]
fn commands_without_output_are_known() {
    // Run by cargo itself or by the session below; everything else must be a command line that the program takes.
    let known = [
        "cargo test",
        "cargo build --release",
        "export PATH=\"$PWD/target/release:$PATH\"",
        "export GRAFANA_TOKEN=glsa_…",
    ];
    for (page, number, lines) in all_blocks("sh") {
        for (i, line) in lines.iter().enumerate().filter(|(_, line)| !known.contains(&line.as_str())) {
            takes(line.strip_prefix("cargo run --release -- ").map_or(line.clone(), |a| format!("amgctl {a}")))
                .unwrap_or_else(|why| panic!("{page}:{}: {why}", number + i));
        }
    }
}

#[test]
fn commands_for_ci_are_taken() {
    let mut commands = 0;
    for (page, number, lines) in all_blocks("yaml") {
        let text = lines.join("\n");
        let parsed: Result<serde_json::Value, _> = serde_yaml::from_str(&text);
        assert!(parsed.is_ok(), "{page}:{number}: {}", parsed.unwrap_err());
        for (i, line) in lines.iter().enumerate() {
            let command = line.trim().trim_start_matches("- ").trim_start_matches("run: ");
            if command.starts_with("amgctl ") {
                commands += 1;
                takes(command.to_owned()).unwrap_or_else(|why| panic!("{page}:{}: {why}", number + i));
            }
        }
    }
    assert!(commands >= 1, "the examples for CI run nothing");
}

/// Whether a command line is one that the program takes; it is not run.
fn takes(command: String) -> Result<(), String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    if words.first() != Some(&"amgctl") {
        return Err(format!("nobody runs `{command}`"));
    }
    Cli::try_parse_from(with_two_dashes(words.iter().map(Into::into))).map(drop).map_err(|e| e.to_string())
}

#[test]
fn every_command_and_flag_of_the_text_exists() {
    let reference = page(REFERENCE);
    let command = Cli::command();
    let mut flags: Vec<String> = ["help", "version"].map(String::from).to_vec();
    let mut commands = vec![(String::from("amgctl"), &command)];
    while let Some((name, command)) = commands.pop() {
        flags.extend(command.get_arguments().filter_map(|a| a.get_long()).map(str::to_owned));
        if !command.has_subcommands() {
            assert!(reference.contains(&format!("| `{name}")), "the table of commands lacks `{name}`");
        }
        commands.extend(command.get_subcommands().map(|sub| (format!("{name} {}", sub.get_name()), sub)));
    }
    // What is not there yet, and flags of other programs.
    let others = ["release", "git", "quick", "ff-only", "depth", "strip-components", "repo"];
    for (name, number, line) in PAGES.iter().flat_map(|name| numbered(name)) {
        for (at, _) in line.match_indices("--") {
            let flag: String = line[at + 2..].chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
            let alone = !line[..at].ends_with('-') && flag.starts_with(|c: char| c.is_ascii_lowercase());
            if alone && !flags.contains(&flag) && !others.contains(&flag.as_str()) {
                panic!("{name}:{number}: there is no flag --{flag}");
            }
        }
    }
}

fn numbered(name: &'static str) -> Vec<(&'static str, usize, String)> {
    page(name).lines().enumerate().map(|(i, line)| (name, i + 1, line.to_owned())).collect()
}

#[test]
fn the_pages_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, number, line) in PAGES.iter().flat_map(|name| numbered(name)) {
        let targets = line.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        for target in targets.filter(|target| !target.is_empty() && !target.contains("://")) {
            let there = root.join(name).parent().unwrap().join(target);
            assert!(there.exists(), "{name}:{number}: there is no {target}");
        }
    }
    assert!(page("README.md").lines().count() < 325, "the README is to be read in one go");
}

#[test]
fn the_table_of_statuses_is_the_programs() {
    use amgctl::commands::Exit;
    let all = [
        Exit::Done,
        Exit::Error,
        Exit::Changes,
        Exit::Faults,
        Exit::Conflict,
        Exit::Partly,
        Exit::Auth,
        Exit::Locked,
        Exit::Guard,
        Exit::Unknown,
        Exit::Usage,
        Exit::Interrupted,
        Exit::Terminated,
    ];
    let codes: Vec<u8> = page(REFERENCE)
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" |")?.0.parse().ok())
        .collect();
    assert_eq!(codes, all.map(|exit| exit as u8));
}

#[test]
fn every_key_of_the_settings_stands_in_the_reference() {
    let schema: serde_json::Value = serde_json::from_str(&amgctl::source::settings_schema()).unwrap();
    let text = page(REFERENCE);
    for key in schema["properties"].as_object().unwrap().keys() {
        assert!(text.contains(&format!("\n| `{key}` | ")), "the table of amgctl.yaml lacks `{key}`");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_sessions_go_as_shown() {
    for name in PAGES {
        let mut session = Session::new(name);
        for (number, lines) in blocks(name, "console") {
            for step in steps(number, &lines) {
                session.step(&step).await;
            }
        }
        session.stop_sandbox();
        assert!(session.told.is_empty(), "{}", session.told);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_first_command_ends_as_the_session_says() {
    let mut session = Session::new("README.md");
    let (_, lines) = blocks("README.md", "sh").remove(0);
    let command = lines[0].strip_prefix("cargo run --release -- ").expect("the README opens with a run");
    let printed = session.shell(&format!("amgctl {command}"));
    assert!(printed.ends_with("\nApply complete! Resources: 48 added, 0 changed, 0 destroyed.\n"), "{printed}");
}

/// One command of a session, and what is shown of what it prints.
struct Step {
    number: usize,
    command: String,
    shown: Vec<String>,
}

fn steps(first: usize, lines: &[String]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = lines.iter().enumerate();
    while let Some((i, line)) = lines.next() {
        let Some(command) = line.strip_prefix("$ ") else {
            steps.last_mut().expect("a session begins with a command").shown.push(line.clone());
            continue;
        };
        let mut command = command.to_owned();
        while command.ends_with('\\') {
            let (_, more) = lines.next().expect("a command goes on after `\\`");
            let _ = write!(command, "\n{more}");
        }
        if command.ends_with("<<'EOF'") {
            for (_, more) in lines.by_ref() {
                let _ = write!(command, "\n{more}");
                if more == "EOF" {
                    break;
                }
            }
        }
        steps.push(Step { number: first + i, command, shown: Vec::new() });
    }
    steps
}

#[cfg(unix)]
struct Session {
    page: &'static str,
    directory: tempfile::TempDir,
    environment: BTreeMap<String, String>,
    sandbox: Option<Served>,
    told: String,
}

/// The sandbox of the second terminal.
#[cfg(unix)]
struct Served {
    child: std::process::Child,
    url: String,
    token: String,
}

/// Where the README says that the sandbox of the second terminal is.
const SHOWN_URL: &str = "http://127.0.0.1:3000";

#[cfg(unix)]
impl Session {
    fn new(page: &'static str) -> Session {
        let directory = tempfile::tempdir().unwrap();
        for tree in ["fixtures/example", "fixtures/guide"] {
            copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(tree), &directory.path().join(tree));
        }
        let program = Path::new(env!("CARGO_BIN_EXE_amgctl")).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let environment = [
            ("PATH".to_owned(), format!("{}:{path}", program.display())),
            ("HOME".to_owned(), directory.path().display().to_string()),
            ("NO_PROXY".to_owned(), "127.0.0.1".to_owned()),
        ];
        Session { page, directory, environment: environment.into(), sandbox: None, told: String::new() }
    }

    async fn step(&mut self, step: &Step) {
        let command = step.command.as_str();
        // The session does not say when Ctrl-C is pressed; the next command that needs the file knows.
        if command.contains("--sandbox") {
            self.stop_sandbox();
        }
        let printed = if let Some(arguments) = command.strip_prefix("amgctl sandbox ") {
            self.serve(arguments)
        } else if command.starts_with("curl ") {
            self.curl(command).await
        } else if let Some((name, value)) = command.strip_prefix("export ").and_then(|rest| rest.split_once('=')) {
            let value = value.split(" #").next().unwrap_or_default().trim();
            let token = self.sandbox.as_ref().map(|sandbox| sandbox.token.clone());
            let value = if value == "glsa_…" { token.expect("a sandbox is served") } else { value.to_owned() };
            self.environment.insert(name.to_owned(), value);
            String::new()
        } else {
            self.shell(command)
        };
        let printed: Vec<String> = printed.lines().map(masked).collect();
        let shown: Vec<String> = step.shown.iter().map(|line| masked(line)).collect();
        if !matches(&printed, &shown) {
            let _ = writeln!(
                self.told,
                "\n{}:{}: $ {command}\n--- it prints:\n{}\n--- the page shows:\n{}",
                self.page,
                step.number,
                printed.join("\n"),
                shown.join("\n")
            );
        }
    }

    /// Runs a command line; both streams, as a terminal shows them.
    fn shell(&mut self, command: &str) -> String {
        let url = self.sandbox.as_ref().map_or(SHOWN_URL, |sandbox| sandbox.url.as_str());
        let output = std::process::Command::new("sh")
            .arg("-c")
            .arg(format!("exec 2>&1\n{}", command.replace(SHOWN_URL, url)))
            .current_dir(self.directory.path())
            .env_clear()
            .envs(&self.environment)
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().replace(url, SHOWN_URL)
    }

    fn serve(&mut self, arguments: &str) -> String {
        use std::io::BufRead as _;
        let arguments = arguments.replace("--port 3000", "--port 0");
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_amgctl"))
            .arg("sandbox")
            .args(arguments.split_whitespace())
            .current_dir(self.directory.path())
            .env_clear()
            .envs(&self.environment)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        let url = ready["url"].as_str().unwrap().to_owned();
        let token = ready["tokens"]["admin"].as_str().unwrap().to_owned();
        let shown = line.replace(&url, SHOWN_URL);
        self.sandbox = Some(Served { child, url, token });
        shown
    }

    /// What Ctrl-C does.
    fn stop_sandbox(&mut self) {
        if let Some(mut sandbox) = self.sandbox.take() {
            let interrupt = format!("kill -INT {}", sandbox.child.id());
            assert!(std::process::Command::new("sh").arg("-c").arg(interrupt).status().unwrap().success());
            assert_eq!(sandbox.child.wait().unwrap().code(), Some(130));
        }
    }

    /// Sends what a `curl` command line says; prints nothing, as with `-s -o /dev/null`.
    async fn curl(&mut self, command: &str) -> String {
        let sandbox = self.sandbox.as_ref().expect("a sandbox is served");
        let mut words = words(&command.replace("\\\n", " "), &self.environment).into_iter().skip(1);
        let client = client_with(|builder| builder);
        let (mut method, mut url, mut headers, mut body) = (reqwest::Method::GET, String::new(), vec![], None);
        while let Some(word) = words.next() {
            let mut value = || words.next().expect("a value follows");
            match word.as_str() {
                "-s" => {}
                "-o" => drop(value()),
                "-X" => method = value().parse().unwrap(),
                "-H" => headers.push(value()),
                "-d" => body = Some(value()),
                other => url = other.replace(SHOWN_URL, &sandbox.url),
            }
        }
        let mut request = client.request(method, url).body(body.unwrap_or_default());
        for header in headers {
            let (name, value) = header.split_once(": ").expect("a header has a name");
            request = request.header(name, value);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        if status.is_success() { String::new() } else { format!("{status} {}", answer.text().await.unwrap()) }
    }
}

#[cfg(unix)]
impl Drop for Session {
    fn drop(&mut self) {
        if let Some(sandbox) = &mut self.sandbox {
            let _ = sandbox.child.kill();
            let _ = sandbox.child.wait();
        }
    }
}

/// The words of a command line, its variables filled in outside single quotes.
fn words(command: &str, environment: &BTreeMap<String, String>) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in command.chars() {
        match (c, quote) {
            (c, Some(q)) if c == q => quote = None,
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            // A mark that no text has: variables of single-quoted texts are not filled in.
            ('$', Some('\'')) => word.get_or_insert_default().push('\0'),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    for word in &mut words {
        for (name, value) in environment {
            *word = word.replace(&format!("${name}"), value);
        }
        *word = word.replace('\0', "$");
    }
    words
}

/// A line without what differs from run to run: lengths of time, points in time, tokens.
fn masked(line: &str) -> String {
    let mut masked = Vec::new();
    for word in line.trim_end().split(' ') {
        let digits = word.trim_start_matches('(');
        let is = |shape: &str| {
            digits.len() == shape.len()
                && digits
                    .chars()
                    .zip(shape.chars())
                    .all(|(c, s)| if s == '0' { c.is_ascii_digit() } else { c == s })
        };
        masked.push(match word {
            _ if is("0000-00-00") => "DAY".to_owned(),
            _ if is("00:00") => "TIME".to_owned(),
            _ if is("0.0") || is("00.0") => "SECONDS".to_owned(),
            _ => word.to_owned(),
        });
    }
    let mut line = masked.join(" ");
    let mut from = 0;
    while let Some(at) = line[from..].find("glsa_").map(|at| from + at + 5) {
        let end = line[at..].find(['"', ' ']).map_or(line.len(), |end| at + end);
        line.replace_range(at..end, "…");
        from = at;
    }
    line
}

/// Whether lines are as shown; a line `…` stands for any number of them, and at the end of a line for its rest.
fn matches(printed: &[String], shown: &[String]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first == "…" => (0..=printed.len()).any(|n| matches(&printed[n..], rest)),
        Some((first, rest)) => {
            let same = |line: &String| {
                line == first || first.strip_suffix('…').is_some_and(|begin| line.starts_with(begin))
            };
            printed.first().is_some_and(same) && matches(&printed[1..], rest)
        }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

#[test]
fn left_out_lines_are_any_lines() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(matches(&lines("a\nb\nc"), &lines("a\n…\nc")));
    assert!(matches(&lines("a\nc"), &lines("a\n…\nc")));
    assert!(!matches(&lines("a\nb"), &lines("a\n…\nc")));
    assert!(!matches(&lines("a\nb"), &lines("a")));
    assert!(matches(&lines("a and more\nb"), &lines("a …\nb")));
    assert!(!matches(&lines("a and more\nb"), &lines("a")));
    assert_eq!(masked("(48 objects, 13 requests, 0.6 s)."), "(48 objects, 13 requests, SECONDS s).");
    assert_eq!(masked("\"glsa_abc\",\"glsa_def\""), "\"glsa_…\",\"glsa_…\"");
    let environment = BTreeMap::from([("TOKEN".to_owned(), "t".to_owned())]);
    assert_eq!(
        words("curl -H \"a: $TOKEN\" -d '{\"b\": \"$TOKEN\"}'", &environment),
        ["curl", "-H", "a: t", "-d", "{\"b\": \"$TOKEN\"}"]
    );
}
