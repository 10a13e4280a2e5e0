//! From manifests to Secrets: what is fetched for what is referred to, and what comes of the answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::model::{Secret, Severity};
use crate::source::cluster::Cluster;
use crate::source::text::SourceText;

/// A data source that takes keys of Secrets, each as `NAME.KEY`.
fn datasource(keys: &[&str]) -> String {
    let mut yaml = "apiVersion: grafana.integreatly.org/v1beta1\nkind: GrafanaDatasource\n\
                    metadata: {name: ds, namespace: mon}\nspec:\n  valuesFrom:\n"
        .to_owned();
    for of in keys {
        let (name, key) = of.split_once('.').unwrap();
        yaml += &format!(
            "  - targetPath: url\n    valueFrom:\n      secretKeyRef:\n        name: {name}\n        key: {key}\n"
        );
    }
    yaml
}

/// A ClusterSecretStore `aws` with these lines below `provider.aws`.
fn store(lines: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {{name: aws}}\n\
         spec: {{provider: {{aws: {{{lines}}}}}}}\n"
    )
}

/// An ExternalSecret `creds` of that store with these lines in its `spec`.
fn external(lines: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1beta1\nkind: ExternalSecret\nmetadata: {{name: creds, namespace: mon}}\n\
         spec:\n  secretStoreRef: {{name: aws, kind: ClusterSecretStore}}\n{lines}\n"
    )
}

const MANAGER: &str = "service: SecretsManager, region: eu-west-1";
const PARAMETERS: &str = "service: ParameterStore, region: eu-west-1";

struct Found {
    quest: Quest,
    answers: Answers,
}

fn found(documents: &[String], given: &[&str]) -> Found {
    let mut cluster = Cluster::default();
    cluster.add_file(&SourceText::new("all.yaml".into(), documents.join("---\n").into_bytes()).unwrap());
    let given: Vec<Given> = given.iter().map(|text| Given::parse(text).unwrap()).collect();
    let environment: Environment = Arc::new(|name| (name == "TOKEN").then(|| "of-env".to_owned()));
    let references = cluster.references.clone();
    Found { quest: Quest::new(&cluster, references, &given, &environment), answers: Answers::new() }
}

impl Found {
    /// Answers what is wanted, by how it is shown.
    fn answered(mut self, answers: &[(&str, &str)]) -> Found {
        for wanted in self.quest.wanted() {
            let answer = answers.iter().find(|(what, _)| *what == wanted.what.to_string());
            let (_, value) = answer.unwrap_or_else(|| panic!("{} is wanted", wanted.what));
            let value = match wanted.what {
                What::Secrets(_) | What::Parameters { .. } => {
                    let names: BTreeMap<String, String> = serde_json::from_str(value).unwrap();
                    Fetched::Several(names.into_iter().map(|(name, value)| (name, Secret::new(value))).collect())
                }
                What::Secret { .. } | What::Tags { .. } | What::Parameter { .. } => {
                    Fetched::One(Secret::new((*value).to_owned()))
                }
            };
            self.answers.insert(wanted, Ok(value));
        }
        self
    }

    fn wanted(&self) -> Vec<String> {
        self.quest.wanted().iter().map(|wanted| wanted.what.to_string()).collect()
    }

    /// The values of the Secret `creds`.
    fn creds(&self) -> String {
        let (secrets, problems) = self.quest.resolve(&self.answers);
        assert!(problems.is_empty(), "{problems:?}");
        let creds = &secrets[&("mon".to_owned(), "creds".to_owned())];
        creds.iter().map(|(key, value)| format!("{key}={}", value.expose())).collect::<Vec<_>>().join(" ")
    }

    /// What is wrong, each with its places.
    fn wrong(&self) -> Vec<String> {
        let (_, problems) = self.quest.resolve(&self.answers);
        let told = |problem: &Problem| {
            let places: Vec<String> = problem.spots.iter().map(|s| s.place.to_string()).collect();
            format!("{} ({})", problem.message, places.join(", "))
        };
        problems.iter().filter(|problem| problem.severity == Severity::Error).map(told).collect()
    }
}

#[test]
fn values_of_a_secret_of_the_directory_are_its_data_with_string_data_over_it() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: creds, namespace: mon}\n\
                  data: {a: aGVsbG8=, b: aGVsbG8=}\nstringData: {b: plain, other: unused}\n";
    let found = found(&[datasource(&["creds.a", "creds.b"]), secret.into()], &[]);
    assert!(found.wanted().is_empty());
    assert_eq!(found.creds(), "a=hello b=plain");
}

#[test]
fn what_is_wrong_in_a_secret_is_said_without_its_line() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: creds, namespace: mon}\ndata:\n  a: hunter2!\n";
    let found = found(&[datasource(&["creds.a"]), secret.into()], &[]);
    let (_, problems) = found.quest.resolve(&found.answers);
    assert_eq!(found.wrong(), ["`data.a` of this Secret is not base64 (all.yaml:16:3, all.yaml:9:9)"]);
    assert!(!format!("{problems:?}").contains("hunter2"));
}

#[test]
fn a_secret_that_sops_encrypted_says_what_to_run_first() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: creds, namespace: mon}\nstringData: {a: 'ENC[x]'}\n\
                  sops: {mac: x, version: 3.8.1}\n";
    let found = found(&[datasource(&["creds.a"]), secret.into()], &[]);
    assert_eq!(
        found.wrong(),
        ["this Secret is encrypted with SOPS, which is not undone here (all.yaml:16:1, all.yaml:9:9)"]
    );
}

#[test]
fn only_what_is_referred_to_is_fetched_and_each_value_once() {
    let lines = "  data:\n\
                 \x20 - {secretKey: user, remoteRef: {key: prod/db, property: user}}\n\
                 \x20 - {secretKey: password, remoteRef: {key: prod/db, property: auth.password}}\n\
                 \x20 - {secretKey: unused, remoteRef: {key: prod/other}}\n\
                 \x20 dataFrom:\n  - extract: {key: prod/bulk}\n";
    let found = found(&[datasource(&["creds.user", "creds.password"]), external(lines), store(MANAGER)], &[]);
    assert_eq!(found.wanted(), ["secret `prod/db`"]);
    let found = found.answered(&[("secret `prod/db`", r#"{"user":"admin","auth":{"password":"p"}}"#)]);
    assert_eq!(found.creds(), "password=p user=admin");
}

#[test]
fn a_version_is_a_stage_or_an_id_and_part_of_a_parameters_name() {
    let lines = |version: &str| {
        external(&format!("  data: [{{secretKey: a, remoteRef: {{key: /k, version: '{version}'}}}}]"))
    };
    for (service, version, what) in [
        (MANAGER, "", "secret `/k`"),
        (MANAGER, "AWSPREVIOUS", "secret `/k`, version `AWSPREVIOUS`"),
        (MANAGER, "uuid/0f0e", "secret `/k`, version `uuid/0f0e`"),
        (PARAMETERS, "", "parameter `/k`"),
        (PARAMETERS, "3", "parameter `/k:3`"),
    ] {
        let found = found(&[datasource(&["creds.a"]), lines(version), store(service)], &[]);
        assert_eq!(found.wanted(), [what]);
        assert_eq!(found.answered(&[(what, "v")]).creds(), "a=v");
    }
}

#[test]
fn a_store_says_region_roles_and_prefix() {
    let lines = "service: SecretsManager, region: eu-west-1, prefix: team-, additionalRoles: [arn:1], role: arn:2, \
                 externalID: x, sessionTags: [{key: k, value: v}], transitiveTagKeys: [k], \
                 auth: {jwt: {serviceAccountRef: {name: sa}}}";
    let data = external("  data: [{secretKey: a, remoteRef: {key: db}}]");
    let found = found(&[datasource(&["creds.a"]), data, store(lines)], &[]);
    let wanted: Vec<Wanted> = found.quest.wanted().into_iter().collect();
    let role = |arn: &str| Role { arn: arn.into(), ..Role::default() };
    let last = Role {
        external_id: Some("x".into()),
        tags: vec![("k".into(), "v".into())],
        passed_on: vec!["k".into()],
        ..role("arn:2")
    };
    let access = Access { region: Some("eu-west-1".into()), roles: vec![role("arn:1"), last] };
    let what = What::Secret { id: "team-db".into(), version: Version::default() };
    assert_eq!(wanted, [Wanted { access, what }]);
    assert_eq!(
        found.quest.notes(),
        [
            "the service account of the ClusterSecretStore `aws` (`auth.jwt`) is not used: the AWS identity of this run reads"
        ]
    );
}

#[test]
fn extract_gives_the_members_of_an_object_and_entries_win_over_it() {
    let lines = "  dataFrom:\n  - extract: {key: one}\n  - extract: {key: two, decodingStrategy: Auto}\n\
                 \x20 data: [{secretKey: c, remoteRef: {key: three, decodingStrategy: Base64}}]";
    let manifests = [datasource(&["creds.a b", "creds.b", "creds.c"]), external(lines), store(MANAGER)];
    let found = found(&manifests, &[]).answered(&[
        ("secret `one`", r#"{"a b":"1","b":"1","c":"1"}"#),
        ("secret `two`", r#"{"b":"aGk=","n":3}"#),
        ("secret `three`", "aGVsbG8="),
    ]);
    // `a b` is `a_b` in the Secret: what is referred to by the name that it does not have is missing.
    let wrong = found.wrong();
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert!(wrong[0].starts_with("the Secret `mon/creds` has no key `a b` (all.yaml:9:9, "), "{wrong:?}");
    let (secrets, _) = found.quest.resolve(&found.answers);
    let creds = &secrets[&("mon".to_owned(), "creds".to_owned())];
    let shown: Vec<String> = creds.iter().map(|(k, v)| format!("{k}={}", v.expose())).collect();
    assert_eq!(shown, ["a_b=1", "b=hi", "c=hello", "n=3"]);
}

#[test]
fn names_are_rewritten_by_regular_expressions_only() {
    let lines =
        |rewrite: &str| external(&format!("  dataFrom:\n  - extract: {{key: one}}\n    rewrite: [{rewrite}]"));
    let regexp = "{regexp: {source: 'db-(.*)', target: 'x_${1}'}}, {regexp: {source: 'x_', target: y}}";
    let good = found(&[datasource(&["creds.yuser"]), lines(regexp), store(MANAGER)], &[]);
    assert_eq!(good.answered(&[("secret `one`", r#"{"db-user":"u"}"#)]).creds(), "yuser=u");
    for (rewrite, says) in [
        (
            "{transform: {template: '{{ .value }}'}}",
            "names are rewritten by `regexp` only, and this says `transform`",
        ),
        ("{merge: {into: a}}", "names are rewritten by `regexp` only, and this says `merge`"),
        ("{regexp: {source: '(', target: x}}", "`(` is not a regular expression that is read here"),
    ] {
        let wrong = found(&[datasource(&["creds.a"]), lines(rewrite), store(MANAGER)], &[]).wrong();
        assert!(wrong[0].starts_with(says), "{wrong:?}");
    }
    let both = lines("{regexp: {source: '[ab]', target: x}}");
    let two = found(&[datasource(&["creds.x"]), both, store(MANAGER)], &[]);
    let wrong = two.answered(&[("secret `one`", r#"{"a":"1","b":"2"}"#)]).wrong();
    assert!(wrong[0].starts_with("secret `one`: two of its keys are rewritten to `x`"), "{wrong:?}");
}

#[test]
fn values_are_found_by_name_and_tags() {
    let lines = |find: &str| external(&format!("  dataFrom:\n  - find: {{{find}}}"));
    let all = r#"{"team/db":"1","team/ci":"2","other":"3"}"#;
    let by = |service: &str, find: &str, what: &str| {
        let found = found(&[datasource(&["creds.team_db"]), lines(find), store(service)], &[]);
        assert_eq!(found.wanted(), [what]);
        found.answered(&[(what, all)]).creds()
    };
    let everything = "secrets that are found by name or tags";
    assert_eq!(by(MANAGER, "name: {regexp: '^team/'}", everything), "team_ci=2 team_db=1");
    assert_eq!(by(MANAGER, "tags: {team: a}", everything), "other=3 team_ci=2 team_db=1");
    let below = "secrets whose names begin with `team/`";
    assert_eq!(by(MANAGER, "path: team/, name: {regexp: db}", below), "team_db=1");
    assert_eq!(by(PARAMETERS, "name: {regexp: db}", "parameters below `/`"), "team_db=1");
    let tags = found(&[datasource(&["creds.a"]), lines("tags: {a: b}"), store(PARAMETERS)], &[]);
    assert!(tags.wrong()[0].starts_with("parameters are found by `name` only, not by `tags`"));
}

#[test]
fn a_template_puts_keys_into_texts() {
    let lines = |template: &str| {
        external(&format!(
            "  target: {{template: {{{template}}}}}\n  data:\n  - {{secretKey: user, remoteRef: {{key: db, property: u}}}}\n\
             \x20 - {{secretKey: pass, remoteRef: {{key: db, property: p}}}}\n  - {{secretKey: no, remoteRef: {{key: no}}}}"
        ))
    };
    let of = |template: &str, keys: &[&str]| found(&[datasource(keys), lines(template), store(MANAGER)], &[]);
    let answers = [("secret `db`", r#"{"u":"admin","p":"secret"}"#)];
    let dsn = "data: {dsn: 'pg://{{ .user }}:{{.pass}}@db'}";
    assert_eq!(of(dsn, &["creds.dsn"]).answered(&answers).creds(), "dsn=pg://admin:secret@db");
    let merged = "mergePolicy: Merge, data: {dsn: '{{ .user }}'}";
    assert_eq!(
        of(merged, &["creds.dsn", "creds.pass"]).answered(&answers).creds(),
        "dsn=admin pass=secret user=admin"
    );
    let lost = of(dsn, &["creds.user"]).wrong();
    assert!(lost[0].starts_with("the Secret `mon/creds` has no key `user`"), "{lost:?}");
    let piped = of("data: {dsn: '{{ .user | b64enc }}'}", &["creds.dsn"]).wrong();
    assert!(piped[0].starts_with("the template of `dsn` has `{{ .user | b64enc }}`; only `{{ .key }}` is read"));
}

#[test]
fn what_nothing_here_can_read_is_named_with_what_to_do() {
    let provider = |provider: &str| {
        "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {name: aws}\nspec: {provider: {"
            .to_owned()
            + provider
            + "}}\n"
    };
    let data = external("  data: [{secretKey: a, remoteRef: {key: db}}]");
    let generated = external("  dataFrom: [{sourceRef: {generatorRef: {kind: Password, name: x}}}]");
    let helm = external("  data: [{secretKey: a, remoteRef: {key: '{{ .Values.key }}'}}]");
    let keys = store(&format!("{MANAGER}, auth: {{secretRef: {{accessKeyIDSecretRef: {{name: x}}}}}}"));
    let missing = |says: &str| format!("there is no {says} for this in the directory");
    for (external, store, says) in [
        (&data, provider("vault: {server: x}"), "the provider of this store is `vault`, and only `aws` is read"),
        (&data, provider("gcpsm: {}"), "the provider of this store is `gcpsm`, and only `aws` is read"),
        (&data, store("service: CertificateManager"), "`service: CertificateManager` is not read"),
        (&data, keys, "this store reads with AWS keys from a Secret (`auth.secretRef`)"),
        (&data, String::new(), &*missing("ClusterSecretStore `aws`")),
        (&generated, store(MANAGER), "this value comes from a generator, and none runs here"),
        (&helm, store(MANAGER), "`key` holds a template, which is not rendered here"),
    ] {
        let found = found(&[datasource(&["creds.a"]), external.clone(), store], &[]);
        assert!(found.wanted().is_empty());
        let wrong = found.wrong();
        assert!(wrong.len() == 1 && wrong[0].starts_with(says), "{wrong:?}");
        // Where it stands, and who refers to it.
        assert!(wrong[0].contains(", all.yaml:9:9)"), "{wrong:?}");
    }
}

#[test]
fn what_is_missing_names_everybody_who_refers_to_it() {
    let none = found(&[datasource(&["creds.a", "creds.b"])], &[]);
    assert_eq!(none.wrong(), ["the Secret `mon/creds` is not in the directory (all.yaml:9:9, all.yaml:14:9)"]);
    let data = external("  data: [{secretKey: user, remoteRef: {key: db}}]");
    let key = found(&[datasource(&["creds.a"]), data.clone(), store(MANAGER)], &[]);
    assert!(key.wanted().is_empty());
    assert_eq!(key.wrong(), ["the Secret `mon/creds` has no key `a` (all.yaml:9:9, all.yaml:14:12)"]);
    let property = external("  data: [{secretKey: a, remoteRef: {key: db, property: token}}]");
    let property = found(&[datasource(&["creds.a"]), property, store(MANAGER)], &[]);
    let wrong = property.answered(&[("secret `db`", r#"{"password":"hunter2"}"#)]).wrong();
    assert_eq!(wrong, ["secret `db`: its JSON has no property `token` (all.yaml:17:37, all.yaml:9:9)"]);
    let empty = external("  data: [{secretKey: a, remoteRef: {key: db}}]");
    let empty = found(&[datasource(&["creds.a"]), empty, store(MANAGER)], &[]);
    let wrong = empty.answered(&[("secret `db`", " \n")]).wrong();
    assert!(wrong[0].starts_with("the key `a` of the Secret `mon/creds` is empty"), "{wrong:?}");
}

#[test]
fn what_was_not_fetched_is_one_problem_for_each_reason() {
    let lines = "  data:\n  - {secretKey: a, remoteRef: {key: one}}\n  - {secretKey: b, remoteRef: {key: two}}\n\
                 \x20 - {secretKey: c, remoteRef: {key: three}}";
    let mut found = found(&[datasource(&["creds.a", "creds.b", "creds.c"]), external(lines), store(MANAGER)], &[]);
    let why = |message: &str| Err(Unfetched { message: message.into(), hint: None });
    for wanted in found.quest.wanted() {
        let denied = wanted.what.to_string() != "secret `one`";
        found.answers.insert(wanted, if denied { why("denied") } else { why("it does not exist") });
    }
    let wrong = found.wrong();
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(wrong.iter().any(|w| w.starts_with("secret `one`: it does not exist (")), "{wrong:?}");
    assert!(wrong.iter().any(|w| w.starts_with("2 values could not be read: denied (")), "{wrong:?}");
}

#[test]
fn without_answers_nothing_is_missing() {
    let data = external("  data: [{secretKey: a, remoteRef: {key: db}}]");
    let found = found(&[datasource(&["creds.a"]), data, store(MANAGER)], &[]);
    assert_eq!(found.wanted(), ["secret `db`"]);
    assert!(found.wrong().is_empty());
}

#[test]
fn a_given_value_wins_and_spares_the_fetch() {
    let data = external("  data: [{secretKey: a, remoteRef: {key: db}}]");
    let manifests = [datasource(&["creds.a"]), data, store(MANAGER)];
    let by_variable = found(&manifests, &["mon/creds.a=env:TOKEN"]);
    assert!(by_variable.wanted().is_empty());
    assert_eq!(by_variable.creds(), "a=of-env");
    let unset = found(&manifests, &["mon/creds.a=env:NONE"]);
    assert_eq!(
        unset.wrong(),
        ["`--secret mon/creds.a`: the environment variable `NONE` is not set (all.yaml:9:9)"]
    );
    let by_secret = found(&[datasource(&["creds.a"])], &["mon/creds.a=sm:prod/x#k"]);
    assert_eq!(by_secret.wanted(), ["secret `prod/x`"]);
    assert_eq!(by_secret.answered(&[("secret `prod/x`", r#"{"k":"v"}"#)]).creds(), "a=v");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "of-file\n").unwrap();
    let given = format!("mon/creds.a=file:{}", file.path().display());
    assert_eq!(found(&manifests, &[&given]).creds(), "a=of-file");
    let idle = found(&manifests, &["mon/other.a=env:TOKEN"]);
    let (_, problems) = idle.quest.resolve(&idle.answers);
    assert_eq!(problems[0].message, "nothing in the directory refers to what `--secret mon/other.a` gives");
}

#[test]
fn what_is_suspended_refers_to_nothing() {
    let suspended = datasource(&["creds.a"]).replace("spec:\n", "spec:\n  suspend: true\n");
    assert!(found(&[suspended], &[]).wrong().is_empty());
}

#[test]
fn all_keys_of_a_secret_are_taken_where_none_is_named() {
    let data = external("  data: [{secretKey: a, remoteRef: {key: one}}, {secretKey: b, remoteRef: {key: two}}]");
    let mut cluster = Cluster::default();
    let text = [data, store(MANAGER)].join("---\n");
    cluster.add_file(&SourceText::new("all.yaml".into(), text.into_bytes()).unwrap());
    let whole = |name: &str| Reference {
        namespace: "mon".into(),
        name: name.into(),
        key: None,
        is_optional: true,
        spot: Spot::bare(crate::model::Place::file("flux.yaml")),
        of: None,
    };
    let environment: Environment = Arc::new(|_| Some("of-env".to_owned()));
    let given = [Given::parse("mon/creds.b=env:TOKEN").unwrap()];
    let quest = Quest::new(&cluster, vec![whole("creds"), whole("none")], &given, &environment);
    let found = Found { quest, answers: Answers::new() };
    assert_eq!(found.wanted(), ["secret `one`"]);
    assert_eq!(found.answered(&[("secret `one`", "1")]).creds(), "a=1 b=of-env");
}

#[test]
fn a_misspelt_key_of_what_decides_over_a_value_is_an_error() {
    let entry = "  data: [{secretKey: a, remoteRef: {key: k, property: p}}]";
    for (entry, store_lines, message) in [
        (entry.replace("property", "proptry"), MANAGER.to_owned(), "`remoteRef` has no key `proptry`"),
        (entry.replace("property: p", "versoin: '1'"), MANAGER.to_owned(), "`remoteRef` has no key `versoin`"),
        (
            entry.replace("secretKey: a", "secretKey: a, soureRef: {}"),
            MANAGER.to_owned(),
            "`data` has no key `soureRef`",
        ),
        (format!("{entry}\n  target: {{nme: creds}}"), MANAGER.to_owned(), "`target` has no key `nme`"),
        (entry.to_owned(), format!("{MANAGER}, rol: r"), "`aws` has no key `rol`"),
        (entry.to_owned(), format!("{MANAGER}, prefx: r"), "`aws` has no key `prefx`"),
        (entry.to_owned(), MANAGER.replace("region", "regoin"), "`aws` has no key `regoin`"),
    ] {
        let found = found(&[datasource(&["creds.a"]), external(&entry), store(&store_lines)], &[]);
        let (_, problems) = found.quest.resolve(&found.answers);
        let told: Vec<String> = problems.iter().map(|p| format!("{} {}", p.code, p.message)).collect();
        assert!(told.contains(&format!("unknown-key {message}")), "{message}: {told:?}");
        assert!(found.wanted().is_empty(), "{message}");
    }
}
