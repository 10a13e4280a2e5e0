//! `amgctl pull`: what others changed comes back into the files as the smallest edit.

use amgctl::sandbox::Version;
use serde_json::{Value, json};

use crate::support::{World, dashboard, on};

fn world(claim: impl Fn(&World)) {
    on(Version::V12_4, claim);
}

/// A dashboard whose file says everything in a way of its own.
const ODD: &str = "\u{feff}{\r\n\t\"title\" : \"CPU\",\r\n\t\"uid\" : \"cpu\",\r\n\t\"schemaVersion\" : 39,\r\n\t\"panels\" : [\r\n\t\t{\"id\": 1, \"type\": \"timeseries\", \"title\": \"load\", \"gridPos\": {\"x\": 0, \"y\": 0.0, \"w\": 12, \"h\": 8},\r\n\t\t \"targets\": [{\"refId\": \"A\", \"expr\": \"up\"}]}\r\n\t]\r\n}";

/// A dashboard in a manifest of the operator.
const MANIFEST: &str = "apiVersion: grafana.integreatly.org/v1beta1\nkind: GrafanaDashboard\nmetadata:\n  name: mem\nspec:\n  \
     # who looks at this\n  instanceSelector: {}\n  json: |\n    {\n      \"uid\": \"mem\",\n\n      \"title\": \"Memory\",\n      \
     \"schemaVersion\": 39,\n      \"panels\": []\n    }\n  folder: \"\" # none\n";

/// A dashboard in YAML, with an anchor.
const YAML: &str = "uid: net\ntitle: 'Network' # as people say\nschemaVersion: 39\npanels:\n- id: 1\n  type: text\n  title: one\n  \
     options: &o {content: hello}\n- id: 2\n  type: text\n  title: two\n  options: *o\n";

fn read(w: &World, file: &str) -> String {
    std::fs::read_to_string(w.directory().join(file)).unwrap()
}

#[test]
fn an_edit_in_the_browser_comes_back_as_the_smallest_edit_of_the_file() {
    world(|w| {
        w.write("cpu.json", ODD);
        w.write("mem.yaml", MANIFEST);
        w.write("net.yaml", YAML);
        w.applied();
        w.amgctl("pull --directory stack").exits(0).says("Nothing to pull").writes_nothing();
        w.edit("cpu", |d| d["panels"][0]["targets"][0]["expr"] = json!("up == 0"));
        w.edit("mem", |d| d["title"] = json!("Memory \"2\""));
        w.edit("net", |d| {
            d["title"] = json!("Net's");
            d["panels"][0]["title"] = json!("first");
        });
        let dry = w.amgctl("pull --directory stack --dry-run");
        dry.exits(0).says("+      \"title\": \"Memory \\\"2\\\"\",").says("Would pull 3 objects into 3 files.");
        assert_eq!(read(w, "cpu.json"), ODD);
        let ran = w.amgctl("pull --directory stack");
        ran.exits(0)
            .says("~ dashboard.cpu  \"CPU\", saved by")
            .says("Pulled 3 objects into 3 files.")
            .writes_nothing();
        assert_eq!(read(w, "cpu.json"), ODD.replace("\"up\"", "\"up == 0\""));
        assert_eq!(read(w, "mem.yaml"), MANIFEST.replace("\"Memory\"", "\"Memory \\\"2\\\"\""));
        assert_eq!(
            read(w, "net.yaml"),
            YAML.replace("'Network'", "'Net''s'").replace("title: one", "title: first")
        );
        w.is_settled();
        w.amgctl("pull --directory stack").exits(0).says("Nothing to pull");
        // Both places of an anchor changed: it is named, and nothing of it is written.
        w.edit("net", |d| d["panels"][1]["options"]["content"] = json!("bye"));
        let ran = w.amgctl("pull dashboard.net --directory stack");
        ran.exits(4)
            .says("net.yaml:12: left as it is: /panels/1/options is the alias `*o`")
            .says("Nothing was pulled");
    });
}

#[test]
fn what_the_file_changed_as_well_is_merged_where_it_does_not_clash() {
    world(|w| {
        let mut file = dashboard("cpu", "CPU");
        w.json("cpu.json", &file);
        w.applied();
        file["tags"] = json!(["ours"]);
        file["panels"][0]["title"] = json!("ours");
        w.json("cpu.json", &file);
        w.edit("cpu", |d| {
            d["time"]["from"] = json!("now-1h");
            d["panels"][0]["title"] = json!("theirs");
        });
        let ran = w.amgctl("pull --directory stack");
        ran.exits(4).says(
            "conflict: panel \"ours\" #1, title: applied last \"load\", in the file \"ours\", in the workspace \"theirs\"",
        );
        ran.says("1 object left to you").writes_nothing();
        file["time"]["from"] = json!("now-1h");
        let now: Value = serde_json::from_str(&read(w, "cpu.json")).unwrap();
        assert_eq!(now, file);
    });
}

#[test]
fn files_come_go_and_move_as_their_dashboards_do() {
    world(|w| {
        w.json("Infra/cpu.json", &dashboard("cpu", "CPU"));
        w.json("Infra/mem.json", &dashboard("mem", "Memory"));
        w.json("Apps/shop.json", &dashboard("shop", "Shop"));
        w.applied();
        let apps = w.folder_titled("Apps").unwrap();
        let mut cpu = w.live_dashboard("cpu").unwrap();
        cpu["title"] = json!("CPU 2");
        w.save(&cpu, &apps);
        w.delete("/api/dashboards/uid/mem");
        let mut more = dashboard("more", "More: of it");
        more.as_object_mut().unwrap().remove("id");
        w.save(&more, &apps);
        w.amgctl("pull --directory stack")
            .exits(4)
            .says("--deleted removes its file")
            .says("→ Apps/cpu.json: moved to \"Apps\"");
        assert!(!w.directory().join("Infra/cpu.json").exists());
        assert!(read(w, "Apps/cpu.json").contains("CPU 2"));
        let ran = w.amgctl("pull --directory stack --new --deleted");
        ran.exits(0)
            .says("+ dashboard.more  \"More: of it\"")
            .says("Apps/more-of-it.json")
            .says("- dashboard.mem")
            .says("Pulled 2 objects into 2 files.");
        assert!(!w.directory().join("Infra/mem.json").exists());
        w.apply_with("--adopt=dashboard.more").exits(0);
        w.is_settled();
    });
}

#[test]
fn what_cannot_be_pulled_is_named_with_what_to_do() {
    world(|w| {
        w.amgctl("pull cpu --directory stack").exits(64).says("an address looks like");
        w.amgctl("pull --directory stack").exits(1).says("nothing is recorded of stack `demo`");
        w.write(
            "loki.yaml",
            "apiVersion: 1\ndatasources:\n  - name: Loki # ours\n    uid: loki\n    type: loki\n    url: $__env{LOKI_URL}\n    jsonData:\n      maxLines: 10\n",
        );
        let run = |arguments: &str| {
            let mut command = w.command(arguments);
            command.env("LOKI_URL", "http://loki");
            w.run(arguments, command)
        };
        run("apply stack -auto-approve").exits(0);
        w.edit_datasource("loki", |d| {
            d["url"] = json!("http://other");
            d["jsonData"]["maxLines"] = json!(20);
        });
        let before = read(w, "loki.yaml");
        let ran = run("pull --directory stack");
        ran.exits(4).says("loki.yaml:6: left as it is: /url comes from elsewhere (`$__env{LOKI_URL}`)");
        assert_eq!(read(w, "loki.yaml"), before.replace("maxLines: 10", "maxLines: 20"));
    });
}
