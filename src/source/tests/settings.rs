//! `amgctl.yaml`: its keys, its schema, what `init` writes.

use super::*;
use crate::kinds::dashboard::Dashboard;
use crate::kinds::folder::Folder;
use crate::model::{Address, KindName, StackName};
use crate::source::settings::keys::KEYS;
use crate::source::settings::{AddressPattern, OnDrift, Ownership, SCHEMA_FILE, UnknownReferences};

#[test]
fn every_key_is_read() {
    let text = "stack: shop\nurl: https://g.example/\norigin: github.com/acme/shop\nownership: none\non_drift: overwrite\nunknown_references: warn\ninputs:\n  DS_PROM: amp\n  VAR_N: 5\nprotect: [dashboard.a, folder.team-*]\nmax_destroy: 48\n";
    let root = directory(&[("amgctl.yaml", text)]);
    let (settings, problems) = read_settings(root.path());
    expect(&lines(&problems), "");
    assert_eq!(settings.stack, Some(StackName::parse("shop").unwrap()));
    assert_eq!(settings.url.as_deref(), Some("https://g.example"));
    assert_eq!(settings.origin.as_deref(), Some("github.com/acme/shop"));
    assert_eq!(settings.ownership, Some(Ownership::None));
    assert_eq!(settings.on_drift, Some(OnDrift::Overwrite));
    assert_eq!(settings.unknown_references, Some(UnknownReferences::Warn));
    assert_eq!(settings.inputs["VAR_N"], "5");
    assert_eq!(settings.max_destroy, Some(48));
    let protects = |kind: KindName, uid: &str| settings.protects(&Address::new(kind, Uid::parse(uid).unwrap()));
    assert!(protects(Dashboard::NAME, "a") && !protects(Dashboard::NAME, "ab"));
    assert!(protects(Folder::NAME, "team-shop") && !protects(Dashboard::NAME, "team-shop"));
}

#[test]
fn settings_are_checked_with_their_places() {
    check(
        &[(
            "amgctl.yaml",
            "stak: x\nstack: Shop\nurl: g.example\nownership: some\non_drift: maybe\nunknown_references: no\ninputs: {A: []}\nprotect: [cpu, panel.x, 'dashboard.a b']\nmax_destroy: -1\n",
        )],
        "error[unknown-key] amgctl.yaml:1:1: amgctl.yaml has no key `stak` -- did you mean `stack`?
        error[settings] amgctl.yaml:2:8: a stack's name may not hold `S`: a-z, 0-9 and `-` only
        error[settings] amgctl.yaml:3:6: `url` must begin with `https://` (or `http://`, for this machine only)
        error[settings] amgctl.yaml:4:12: `ownership` is `registry` or `none`
        error[settings] amgctl.yaml:5:11: `on_drift` is `refuse` or `overwrite` or `report`
        error[settings] amgctl.yaml:6:21: `unknown_references` is `error` or `warn`
        error[settings] amgctl.yaml:7:13: the input `A` must be a text: a data source's uid, or a value
        error[settings] amgctl.yaml:8:11: `cpu` is not an address: write it as `dashboard.UID` or `dashboard.BEGINNING*`
        error[settings] amgctl.yaml:8:16: there is no kind `panel`: there are `folder`, `datasource`, `library_panel`, `dashboard`
        error[settings] amgctl.yaml:8:25: a uid may not hold ` `: letters, digits, `-` and `_` only
        error[settings] amgctl.yaml:9:14: `max_destroy` must be a whole number, 0 or more",
    );
    check(&[("amgctl.yaml", "- x\n")], "error[settings] amgctl.yaml:1:1: the settings must be an object");
    check(
        &[("amgctl.yaml", "stack: a\n---\nstack: b\n")],
        "error[settings] amgctl.yaml:3:1: the settings are one document",
    );
    check(
        &[("amgctl.yaml", "stack: a\nstack: b\n")],
        "error[duplicate-key] amgctl.yaml:1:1 + amgctl.yaml:2:1: the key `stack` stands twice in one object -- keep one of them: Grafana would keep the last one without a word",
    );
    check(
        &[("amgctl.yml", "stack: a\n")],
        "error[settings] amgctl.yml: the settings are read from `amgctl.yaml`, not from `amgctl.yml` -- rename it to `amgctl.yaml`",
    );
    check(&[("amgctl.yaml", "")], "");
    check(&[("amgctl.yaml", "stack:\ninputs:\n")], "");
}

#[test]
fn patterns_are_addresses_or_beginnings() {
    assert!(AddressPattern::parse("dashboard.*").is_ok());
    assert!(AddressPattern::parse("dashboard.a*b").is_err());
    assert!(AddressPattern::parse("*").is_err());
}

#[test]
fn the_schema_that_is_checked_in_is_the_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/source/amgctl.schema.json");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, settings_schema()).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap_or_default() == settings_schema(),
        "src/source/amgctl.schema.json is out of date: run `UPDATE=1 cargo test schema`"
    );
}

#[test]
fn the_schema_and_the_reference_have_the_keys_of_the_table() {
    let keys: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
    let schema: serde_json::Value = serde_json::from_str(&settings_schema()).unwrap();
    let properties: Vec<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(properties, keys);
    assert_eq!(schema["additionalProperties"], false);
    let reference =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference.md")).unwrap();
    let table = reference.split("\n## ").find(|part| part.starts_with("amgctl.yaml")).unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let rows: std::collections::BTreeSet<&str> = rows.map(|(key, _)| key).collect();
    assert_eq!(rows, keys.iter().copied().collect());
    let text: String = keys.iter().map(|key| format!("{key}:\n")).collect();
    check(&[("amgctl.yaml", text)], "");
}

#[test]
fn what_keys_below_others_take_is_checked() {
    check(
        &[(
            "amgctl.yaml",
            "stack: 5\nauth: {key: k, secrt: s}\nidentity: {create: 1, token_ttl: ' ', x: 1}\nconfigmaps: yes\nfollow_links: up\n",
        )],
        "error[settings] amgctl.yaml:1:8: `stack` must be a text that is not empty
        error[unknown-key] amgctl.yaml:2:16: `auth` has no key `secrt` -- did you mean `secret`?
        error[settings] amgctl.yaml:3:20: `identity.create` is `true` or `false`
        error[settings] amgctl.yaml:3:34: `identity.token_ttl` is a length of time, as `15m`
        error[unknown-key] amgctl.yaml:3:39: `identity` has no key `x` -- its keys are `create`, `token_ttl`
        error[settings] amgctl.yaml:4:13: `configmaps` is `true` or `false`
        error[settings] amgctl.yaml:5:15: `follow_links` is `directory` or `repository`
        error[settings] amgctl.yaml:2:7: `auth.key` names a key of a secret, and no `auth.secret` is named",
    );
    check(
        &[("amgctl.yaml", "auth: x\nidentity: [create]\n")],
        "error[settings] amgctl.yaml:1:7: `auth` must be an object: `secret: NAME`
        error[settings] amgctl.yaml:2:11: `identity` must be an object: `create: true`",
    );
}

#[test]
fn what_init_writes_is_read_without_a_word() {
    let stack = StackName::parse("shop").unwrap();
    for url in [None, Some("https://g.example")] {
        let root = directory(&[("amgctl.yaml", init_text(&stack, url, None)), (SCHEMA_FILE, settings_schema())]);
        let (settings, problems) = read_settings(root.path());
        expect(&lines(&problems), "");
        assert_eq!(settings.stack, Some(stack.clone()));
        assert_eq!(settings.url.as_deref(), url);
        assert!(loaded(root.path()).problems.is_empty() && loaded(root.path()).ignored.is_empty());
        assert!(init_text(&stack, url, None).starts_with("# yaml-language-server: $schema=.amgctl.schema.json\n"));
    }
    let uncommented = init_text(&stack, None, None)
        .replace("# inputs", "inputs")
        .replace("#   DS", "  DS")
        .replace("# protect", "protect");
    check(&[("amgctl.yaml", uncommented)], "");
}
