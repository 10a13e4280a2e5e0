//! The apply that is struck: a workspace that was applied once, a directory that was changed since, foreign objects
//! beside; kept as files, so that each run begins at the same place.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use amgctl::sandbox::{Options, Running, Version, start};
use serde_json::{Value, json};

use crate::support::{block_on, client_with, dashboard};

/// Where every run begins, and where it has to end.
pub struct Stage {
    version: Version,
    home: tempfile::TempDir,
    /// How many requests a run without faults takes.
    pub requests: usize,
    ours: BTreeMap<String, Value>,
    foreign: BTreeMap<String, Value>,
}

/// What is there before the apply that is struck.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scene {
    /// Nothing of ours: not even a record, nor any data source.
    First,
    /// What an apply left: some twenty changes are to be made.
    Later,
}

/// What came of a run.
pub struct Outcome {
    /// The exit status of the run that was struck; -1 when it was killed.
    pub code: i32,
    /// What was not mended; empty when all was.
    pub faults: String,
}

impl Stage {
    /// Has somebody else make something, and for a later apply applies and changes the directory.
    pub fn set(version: Version, scene: Scene) -> Stage {
        let home = tempfile::tempdir().unwrap();
        let place = Place::at(&home);
        let nested = !matches!(version, Version::V9_4 | Version::V10_1);
        place.write("stack/amgctl.yaml", "stack: demo\norigin: the-stage\n");
        first(&place, nested);
        let running = place.serve(version, None);
        if scene == Scene::Later {
            let (code, told) = ended(place.apply(&running));
            assert_eq!(code, 0, "{told}");
            second(&place, nested);
        }
        make_foreign(&running, scene);
        block_on(running.shutdown()).unwrap();

        let end = Place::copy_of(&home);
        let place = Place::at(&end);
        let running = place.serve(version, None);
        let (code, told) = ended(place.apply(&running));
        assert_eq!(code, 0, "{told}");
        let counts = match scene {
            Scene::First => "10 added, 0 changed, 0 destroyed",
            Scene::Later => "15 added, 3 changed, 2 destroyed",
        };
        assert!(told.contains(counts), "{told}");
        let requests = running.requests();
        block_on(running.shutdown()).unwrap();
        let (ours, foreign) = place.holds();
        assert_eq!(foreign.len(), if scene == Scene::First { 3 } else { 4 }, "{foreign:?}");
        Stage { version, home, requests: requests.reads + requests.writes, ours, foreign }
    }

    /// Runs the apply with a fault, then again without; says what is not as it has to be.
    pub fn struck(&self, fault: &str) -> Outcome {
        let home = Place::copy_of(&self.home);
        let place = Place::at(&home);
        let mut faults = String::new();
        let running = place.serve(self.version, Some(fault));
        let (code, told) = match fault.split_once('@') {
            Some((word, when)) if word.starts_with("slow") => {
                let n = when.split('=').next().and_then(|n| n.parse().ok()).unwrap();
                (killed(place.apply(&running), &running, n), String::new())
            }
            _ => ended(place.apply(&running)),
        };
        // As if its process were killed too: what it answered is in its file.
        block_on(async { drop(running) });
        if code == 101 || told.contains("panicked") {
            let _ = writeln!(faults, "it panicked\n{told}");
        }
        if code == 0 {
            self.compare(&place, "after its success", &mut faults);
        }
        self.compare_foreign(&place, &mut faults);

        let running = place.serve(self.version, None);
        let (again, retold) = ended(place.apply(&running));
        if again != 0 {
            let _ = writeln!(faults, "the next apply exits with {again}\nfirst [{code}]:\n{told}\nthen:\n{retold}");
        }
        let (planned, words) = ended(place.begin(&running, &running.url, &["plan", "stack", "-detailed-exitcode"]));
        if planned != 0 {
            let _ = writeln!(faults, "the plan after it exits with {planned}\nfirst [{code}]:\n{told}\n{words}");
        }
        block_on(running.shutdown()).unwrap();
        self.compare(&place, "after the next apply", &mut faults);
        self.compare_foreign(&place, &mut faults);
        Outcome { code, faults }
    }

    fn compare(&self, place: &Place, when: &str, faults: &mut String) {
        let (ours, _) = place.holds();
        for address in self.ours.keys().chain(ours.keys()).collect::<std::collections::BTreeSet<_>>() {
            let (want, got) = (self.ours.get(address), ours.get(address));
            if want != got {
                let shown = |v: Option<&Value>| v.map_or("nothing".to_owned(), Value::to_string);
                let _ = writeln!(faults, "{when}, {address} is\n  {}\nnot\n  {}", shown(got), shown(want));
            }
        }
    }

    fn compare_foreign(&self, place: &Place, faults: &mut String) {
        let (_, foreign) = place.holds();
        if foreign != self.foreign {
            let _ = writeln!(faults, "what is foreign changed: {foreign:?}, not {:?}", self.foreign);
        }
    }
}

/// A home: the directory `stack`, and the workspace's data file.
pub(super) struct Place(PathBuf);

impl Place {
    /// The home that this directory is.
    pub(super) fn at(home: &tempfile::TempDir) -> Place {
        Place(home.path().to_owned())
    }

    /// A copy of a home.
    pub(super) fn copy_of(home: &tempfile::TempDir) -> tempfile::TempDir {
        fn copy(from: &Path, to: &Path) {
            std::fs::create_dir_all(to).unwrap();
            for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
                let to = to.join(entry.file_name());
                if entry.path().is_dir() {
                    copy(&entry.path(), &to);
                } else {
                    std::fs::copy(entry.path(), to).unwrap();
                }
            }
        }
        let new = tempfile::tempdir().unwrap();
        copy(home.path(), new.path());
        new
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(super) fn remove(&self, path: &str) {
        std::fs::remove_file(self.0.join(path)).unwrap();
    }

    pub(super) fn json(&self, path: &str, value: &Value) {
        self.write(&format!("stack/{path}"), &value.to_string());
    }

    pub(super) fn serve(&self, version: Version, fault: Option<&str>) -> Running {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(10) {
            let faults = fault.iter().map(|f| f.parse().unwrap()).collect();
            let data = Some(self.0.join("data.json"));
            match block_on(start(Options { version, data, faults, ..Options::default() })) {
                Ok(running) => return running,
                // A program that the other thread starts in this moment holds the lock until it begins.
                Err(error) if error.to_string().contains("is in use") => {
                    std::thread::yield_now();
                }
                Err(error) => panic!("{error:#}"),
            }
        }
        panic!("`{}` stays in use", self.0.display());
    }

    /// Starts the program; `url` is the workspace's, or of what stands before it.
    pub(super) fn begin(&self, running: &Running, url: &str, arguments: &[&str]) -> std::process::Child {
        // Another build, as the release one, may be swept.
        let program = std::env::var_os("AMGCTL_BINARY").unwrap_or(env!("CARGO_BIN_EXE_amgctl").into());
        Command::new(program)
            .env_clear()
            .env("HOME", &self.0)
            .env("NO_PROXY", "*")
            .env("AMGCTL_URL", url)
            .env("GRAFANA_TOKEN", &running.tokens.admin)
            .current_dir(&self.0)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn apply(&self, running: &Running) -> std::process::Child {
        self.begin(running, &running.url, &["apply", "stack", "-auto-approve"])
    }

    /// What the workspace holds by its data file: what is ours without what differs from run to run, and what is
    /// foreign as it is.
    fn holds(&self) -> (BTreeMap<String, Value>, BTreeMap<String, Value>) {
        let mut things = BTreeMap::new();
        let mut take = |list: &Value| {
            for thing in list["things"].as_array().unwrap() {
                if thing[1].is_null() {
                    things.remove(&thing[0].to_string());
                } else {
                    things.insert(thing[0].to_string(), thing[1].clone());
                }
            }
        };
        let text = std::fs::read_to_string(self.0.join("data.json")).unwrap();
        take(&serde_json::from_str(&text).unwrap());
        let journal = std::fs::read_to_string(self.0.join("data.json.journal")).unwrap();
        journal.lines().for_each(|line| take(&serde_json::from_str(line).unwrap()));

        let (mut ours, mut foreign) = (BTreeMap::new(), BTreeMap::new());
        let mut specs: BTreeMap<String, (i64, Value)> = BTreeMap::new();
        for (key, mut thing) in things {
            let parsed: Value = serde_json::from_str(&key).unwrap();
            let Some((kind, name)) = parsed.as_object().and_then(|k| k.iter().next()) else { continue };
            let uid = thing["uid"].as_str().or(name[0].as_str()).unwrap_or_default().to_owned();
            match kind.as_str() {
                _ if uid.contains("foreign") => drop(foreign.insert(key, thing)),
                "Revision" => {
                    let id = name[1].as_i64().unwrap();
                    let latest = specs.entry(uid).or_insert((0, Value::Null));
                    if id > latest.0 {
                        *latest = (id, thing["spec"].take());
                    }
                }
                "Dashboard" | "Folder" | "Datasource" if uid != "amgctl-demo" => {
                    let members = thing.as_object_mut().unwrap();
                    let about = members.remove("about").unwrap_or_default();
                    let grants = about["grants"].as_array().into_iter().flatten();
                    members.insert("grants".to_owned(), grants.map(|g| json!([g["to"], g["level"]])).collect());
                    members.remove("id");
                    members.remove("version");
                    ours.insert(format!("{kind}.{uid}"), thing);
                }
                _ => {}
            }
        }
        for (uid, (_, spec)) in specs {
            if uid == "amgctl-demo" {
                let text = spec.to_string();
                let open = text.contains("\\\"pending\\\"") || text.contains("\\\"lease\\\":{");
                ours.insert("the record is open".to_owned(), open.into());
            } else {
                ours.insert(format!("the object of {uid}"), spec);
            }
        }
        (ours, foreign)
    }
}

/// Waits for the end; the exit status, and all that was said.
pub(super) fn ended(child: std::process::Child) -> (i32, String) {
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap_or(-1), told)
}

/// Waits until so many requests came, of which the last hangs, and kills the program; -1, or its status if it ended.
fn killed(mut child: std::process::Child, running: &Running, requests: usize) -> i32 {
    loop {
        let came = running.requests();
        if came.reads + came.writes >= requests {
            break;
        }
        if let Some(status) = child.try_wait().unwrap() {
            return status.code().unwrap_or(-1);
        }
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    -1
}

/// The directory as it was first applied.
fn first(place: &Place, nested: bool) {
    place.write(
        "stack/datasources.yaml",
        "apiVersion: 1\ndatasources:\n\
         - {name: Prom, uid: prom, type: prometheus, url: 'http://a', isDefault: true, secureJsonData: {password: one}}\n\
         - {name: Graphite, uid: graphite, type: graphite, url: 'http://g'}\n",
    );
    place.json("A/kept.json", &dashboard("kept", "Kept"));
    place.json("A/updated.json", &dashboard("updated", "Updated"));
    place.json("A/moved.json", &dashboard("moved", "Moved"));
    place.json("Old/deleted.json", &dashboard("deleted", "Deleted"));
    place.json(&format!("{}/deep.json", if nested { "A/B" } else { "B" }), &dashboard("deep", "Deep"));
}

/// The directory as it is applied with faults: some twenty changes.
fn second(place: &Place, nested: bool) {
    let stack = place.0.join("stack");
    std::fs::remove_dir_all(stack.join("Old")).unwrap();
    let below = if nested { "C/D" } else { "D" };
    std::fs::create_dir_all(stack.join(below)).unwrap();
    std::fs::rename(stack.join("A/moved.json"), stack.join(below).join("moved.json")).unwrap();
    let mut updated = dashboard("updated", "Updated");
    updated["panels"][0]["title"] = json!("changed");
    place.json("A/updated.json", &updated);
    place.write(
        "stack/datasources.yaml",
        "apiVersion: 1\ndatasources:\n\
         - {name: Prom, uid: prom, type: prometheus, url: 'http://b', isDefault: false, secureJsonData: {password: two}}\n\
         - {name: Graphite, uid: graphite, type: graphite, url: 'http://g'}\n\
         - {name: Loki, uid: loki, type: loki, url: 'http://l', isDefault: true, secureJsonData: {token: three}}\n\
         - {name: Tempo, uid: tempo, type: tempo, url: 'http://t', basicAuth: true, basicAuthUser: u, secureJsonData: {basicAuthPassword: four}}\n",
    );
    for n in 0..8 {
        let folder = ["A", "C", below][n % 3];
        place.json(&format!("{folder}/new{n}.json"), &dashboard(&format!("new{n}"), &format!("New {n}")));
    }
    place.json("C/E/new8.json", &dashboard("new8", "New 8"));
    place.json("home.json", &dashboard("home", "Home"));
    if !nested {
        std::fs::create_dir_all(stack.join("E")).unwrap();
        std::fs::rename(stack.join("C/E/new8.json"), stack.join("E/new8.json")).unwrap();
        std::fs::remove_dir(stack.join("C/E")).unwrap();
    }
}

/// What somebody else has in the workspace.
fn make_foreign(running: &Running, scene: Scene) {
    let foreign = dashboard("foreign-board", "Foreign");
    let datasource = json!({ "uid": "foreign-source", "name": "Foreign", "type": "prometheus", "access": "proxy", "url": "http://f", "secureJsonData": { "password": "theirs" } });
    for (path, body) in [
        ("/api/folders", json!({ "uid": "foreign-folder", "title": "Theirs" })),
        ("/api/dashboards/db", json!({ "dashboard": foreign, "folderUid": "foreign-folder", "overwrite": false })),
        ("/api/datasources", datasource),
    ] {
        if scene == Scene::First && path == "/api/datasources" {
            continue;
        }
        let client = client_with(|builder| builder);
        let request = client.post(format!("{}{path}", running.url)).basic_auth("admin", Some("admin"));
        let request = request.header("content-type", "application/json").body(body.to_string());
        let status = block_on(async { request.send().await.unwrap().status() });
        assert!(status.is_success(), "{path}: {status}");
    }
}
