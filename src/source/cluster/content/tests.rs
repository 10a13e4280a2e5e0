use std::io::Write as _;

use super::*;
use crate::source::document::{self, Format};
use crate::source::tests::{expect, lines};

/// Reads the content of a manifest whose `spec` is this YAML, indented by two.
fn of<T>(spec: &str, look: impl FnOnce(&Document<'_>, Result<Source, Vec<Problem>>) -> T) -> T {
    let text = format!("kind: GrafanaDashboard\nspec:\n{spec}");
    let text = SourceText::new("a/d.yaml".into(), text.into_bytes()).unwrap();
    let (documents, _) = document::read(&text, Format::Yaml);
    look(&documents[0], source(&documents[0], "/spec", "ops"))
}

fn faults(spec: &str, expected: &str) {
    of(spec, |_, source| expect(&lines(&source.unwrap_err()), expected));
}

fn wanted(spec: &str) -> Wanted {
    of(spec, |_, source| source.unwrap().fetched().unwrap().wanted.clone())
}

fn text(spec: &str, contents: &Contents) -> Result<Given, String> {
    let config_map = |key: &KeyRef| match key.name.as_str() {
        "there" => Ok(SourceText::new("cm.yaml".into(), b"{}".to_vec()).unwrap()),
        _ => Err(Box::new(Problem::error("content", format!("there is no {key}")))),
    };
    of(spec, |document, source| {
        let text = source.unwrap().text(document, contents, config_map);
        text.map_err(|problem| lines(&[*problem]))
    })
}

fn packed(bytes: &[u8]) -> String {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).unwrap();
    STANDARD.encode(packer.finish().unwrap())
}

fn key(name: &str, key: &str) -> KeyRef {
    KeyRef { namespace: "ops".into(), name: name.into(), key: key.into() }
}

#[test]
fn a_manifest_names_exactly_one_content() {
    faults(
        "  folder: x\n",
        "error[content] a/d.yaml:2:1: this manifest names no content -- name one: `json`, `gzipJson`, `url`, \
         `grafanaCom`, `jsonnet` or `configMapRef`",
    );
    faults(
        "  url: https://a/\n  json: '{}'\n  gzipJson: ''\n",
        "error[content] a/d.yaml:4:3 + a/d.yaml:3:3: this manifest names 2 contents -- keep one of `json`, `url`",
    );
    assert_eq!(of("  json: '{}'\n  url: ''\n", |_, source| source.unwrap().kind), SourceKind::Text);
}

#[test]
fn what_is_wrong_with_a_source_is_placed() {
    faults("  json: {}\n", "error[content] a/d.yaml:3:9: `json` must be a text");
    faults("  configMapRef: x\n", "error[content] a/d.yaml:3:17: this must be an object with `name` and `key`");
    faults("  configMapRef: { name: x }\n", "error[content] a/d.yaml:3:17: `key` is missing");
    faults("  grafanaCom: { id: 0 }\n", "error[content] a/d.yaml:3:21: this must be a whole number, 1 or more");
    faults(
        "  grafanaCom: { revision: 1 }\n",
        "error[content] a/d.yaml:3:15: the number of the dashboard is missing: `id`",
    );
    for url in ["file:///etc/passwd", "/a.json", "ftp://a/b", "httpx://a", "https:a"] {
        faults(
            &format!("  url: {url}\n"),
            "error[content] a/d.yaml:3:8: a content is fetched by `https://` or `http://` only -- keep the dashboard in \
             the directory, or name where it is served",
        );
    }
    faults(
        "  url: https://a/\n  contentCacheDuration: soon\n",
        "error[content] a/d.yaml:4:25: this is not a duration -- it looks like `24h`",
    );
    faults(
        "  url: https://a/\n  urlAuthorization: { basicAuth: { username: { name: s, key: u } } }\n",
        "error[content] a/d.yaml:4:34: this must be an object with `name` and `key`",
    );
    faults(
        "  oci: { reference: x }\n",
        "error[not-supported] a/d.yaml:3:3: contents of OCI artifacts are not read yet -- keep the dashboard in the \
         directory, or name it by `url`",
    );
    faults(
        "  jsonnet: '{}'\n  envs: [{ name: A, valueFrom: {} }, { value: x }]\n",
        "error[content] a/d.yaml:4:32: this names one value: `secretKeyRef` or `configMapKeyRef`
         error[content] a/d.yaml:4:38: `name` is missing",
    );
}

#[test]
fn what_must_be_asked_for_is_known_with_its_secrets() {
    let login = Some(Login { username: key("s", "u"), password: key("s", "p") });
    let url = "  url: \" HTTPS://host/x.json \"\n  urlAuthorization: { basicAuth: { username: { name: s, key: u }, \
               password: { name: s, key: p } } }\n";
    let of_url = Wanted::Url { url: "HTTPS://host/x.json".into(), login };
    assert_eq!(wanted(url), of_url);
    assert_eq!(of_url.secrets(), [&key("s", "u"), &key("s", "p")]);
    assert_eq!(wanted("  grafanaCom: { id: 7 }\n"), Wanted::GrafanaCom { id: 7, revision: None });
    let Wanted::Jsonnet { program, variables, directory } = wanted(
        "  jsonnet: '{}'\n  envFrom: [{ secretKeyRef: { name: s, key: A } }, { configMapKeyRef: { name: c, key: B } }]\n  \
         envs: [{ name: B, value: '1' }, { name: C, valueFrom: { secretKeyRef: { name: s, key: x } } }]\n",
    ) else {
        panic!()
    };
    assert_eq!((&*program, &*directory), ("{}", "a"));
    let expected = [
        ("A", Variable::Secret(key("s", "A"))),
        ("B", Variable::Text("1".into())),
        ("C", Variable::Secret(key("s", "x"))),
    ];
    assert!(variables.iter().map(|(name, value)| (&**name, value.clone())).eq(expected));
}

#[test]
fn a_content_is_asked_for_once_and_as_often_as_the_most_impatient_wants() {
    let mut requests = ContentRequests::default();
    for duration in ["", "  contentCacheDuration: 2h\n", "  contentCacheDuration: 90m0s\n"] {
        of(&format!("  url: https://a/\n{duration}"), |document, source| {
            let source = source.unwrap();
            requests.add(source.fetched().unwrap(), document.spot(&source.pointer, ""));
        });
    }
    let (_, request) = requests.iter().next().unwrap();
    assert_eq!((requests.len(), request.spots.len()), (1, 3));
    assert_eq!(request.fresh_for, Some(Duration::from_secs(5400)));
}

#[test]
fn a_text_has_its_places_and_a_packed_one_is_unpacked() {
    let Ok(Given::Text(json, None)) = text("  json: |\n    {\n      \"a\": 1\n    }\n", &Contents::default())
    else {
        panic!()
    };
    assert_eq!(json.place(json.text.find('a').unwrap()).to_string(), "a/d.yaml:5:8");
    let Ok(Given::Text(unpacked, None)) =
        text(&format!("  gzipJson: |\n    {}\n", packed(b"\xef\xbb\xbf{\"a\": 1}")), &Contents::default())
    else {
        panic!()
    };
    assert_eq!(*unpacked.text, "{\"a\": 1}");
    assert_eq!(unpacked.place(3).to_string(), "a/d.yaml:3:3");
    let Ok(Given::Text(map, None)) = text("  configMapRef: { name: there, key: k }\n", &Contents::default()) else {
        panic!()
    };
    assert_eq!(&*map.file, "cm.yaml");
}

#[test]
fn hostile_texts_are_one_error_each() {
    let none = &Contents::default();
    let help = " -- write what `gzip -c dashboard.json | base64` prints";
    let bomb = packed(&vec![b' '; LARGEST_CONTENT + 1]);
    assert!(bomb.len() < 64 * 1024);
    expect(
        &text(&format!("  gzipJson: {bomb}\n"), none).unwrap_err(),
        &format!("error[content] a/d.yaml:3:3: `gzipJson` unpacks to more than 16 MiB{help}"),
    );
    let said = |spec: &str| text(spec, none).unwrap_err();
    assert!(said("  gzipJson: '%%%%'\n").contains("`gzipJson` is not base64"));
    assert!(said("  gzipJson: AAAA\n").contains("`gzipJson` is not packed by gzip"));
    let whole = packed(b"{\"title\": \"x\"}");
    assert!(said(&format!("  gzipJson: {}\n", &whole[..whole.len() / 8 * 4])).contains("not packed by gzip"));
    assert!(said(&format!("  gzipJson: {}\n", packed(b"\xff"))).contains("not UTF-8"));
    expect(
        &said("  configMapRef: { name: x, key: k }\n"),
        "error[content] a/d.yaml:3:17: there is no `k` of `ops/x`",
    );
}

#[test]
fn what_was_fetched_stands_at_the_key_that_names_it() {
    let spec = "  url: https://a/x.json\n";
    let (failed, there) = (ContentFailure::new("answers 404", "correct it"), wanted(spec));
    let with = |answer| [(there.clone(), answer)].into_iter().collect::<Contents>();
    let content = Content { text: "{}".into(), digest: Digest::of_bytes(b"{}"), from: "https://a/x.json".into() };
    let Ok(Given::Text(fetched, Some(fact))) = text(spec, &with(Ok(content))) else { panic!() };
    assert_eq!(fetched.place(1).to_string(), "a/d.yaml:3:3");
    assert_eq!(fact.to_string(), "sha256 44136fa355b3 from https://a/x.json");
    expect(
        &text(spec, &with(Err(failed))).unwrap_err(),
        "error[content] a/d.yaml:3:3: `https://a/x.json` answers 404 -- correct it",
    );
    assert!(matches!(text(spec, &Contents::default()), Ok(Given::NotAskedFor)));
}

#[test]
fn lengths_of_time_are_read_as_go_writes_them() {
    for (text, seconds) in
        [("24h", 86400.0), ("1h30m", 5400.0), ("0", 0.0), ("0s", 0.0), ("1.5s", 1.5), ("5ms", 0.005)]
    {
        assert_eq!(go_duration(text), Some(Duration::from_secs_f64(seconds)), "{text}");
    }
    for text in ["", "1", "h", "1d", "-1s", "1h 2m", "1.2.3s", "99999999999999999999999h", "1\u{b5}"] {
        assert_eq!(go_duration(text), None, "{text}");
    }
}

#[test]
fn what_lets_in_whoever_knows_a_url_is_not_shown() {
    for (url, shown) in [
        ("https://host/x.json", "https://host/x.json"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
        ("https://host/a@b", "https://host/a@b"),
        ("https://u:hunter2@host:1/x.json", "https://…@host:1/x.json"),
        ("https://hunter2@host", "https://…@host"),
        ("https://host/x?token=hunter2#hunter2", "https://host/x?…"),
        ("https://host#hunter2", "https://host?…"),
        ("https://u:hun/ter2@host/x", "https://…@host/x"),
        ("https://u:hun?ter2@host/x", "https://…@host/x"),
        ("", ""),
    ] {
        assert_eq!(shown_url(url), shown, "{url}");
        let wanted = Wanted::Url { url: url.into(), login: None };
        assert_eq!(wanted.to_string(), format!("`{shown}`"));
    }
}
