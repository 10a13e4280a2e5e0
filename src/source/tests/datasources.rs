//! Data sources: provisioning files, bare ones, values from elsewhere, secrets.

use super::*;

fn entry(more: &str, expected: &str) {
    let text =
        format!("apiVersion: 1\ndatasources:\n  - name: A\n    uid: a\n    type: loki\n    url: http://l\n{more}");
    check(&[("d.yaml", text)], expected);
}

#[test]
fn provisioning_files_bare_ones_and_lists_are_read() {
    let root = directory(&[
        (
            "a.yaml",
            "apiVersion: 1\ndatasources:\n- {name: A, uid: a, type: loki, orgId: 1, version: 3, editable: true}\n- {name: Prometheus, type: prometheus}\n",
        ),
        (
            "b.json",
            "{\"id\": 4, \"name\": \"B\", \"uid\": \"b\", \"type\": \"loki\", \"access\": \"server\", \"readOnly\": true, \"secureJsonFields\": {}}",
        ),
        (
            "c.yaml",
            "- {name: C, uid: c, type: loki, url: 'http://c'}\n- {name: D, uid: d, type: loki, url: 'http://d'}\n",
        ),
    ]);
    let declarations = loaded(root.path());
    expect(&lines(&declarations.problems), "");
    assert_eq!(
        objects(&declarations),
        ["datasource.PBFA97CFB590B2093", "datasource.a", "datasource.b", "datasource.c", "datasource.d"]
    );
    let place = |i: usize| declarations.objects[i].place.to_string();
    assert_eq!((place(0), place(1), place(4)), ("a.yaml:4:3".into(), "a.yaml:3:3".into(), "c.yaml:2:3".into()));
    let body = declarations.body(&declarations.objects[2]).unwrap();
    assert_eq!(
        body.text,
        "{\"name\":\"B\",\"type\":\"loki\",\"access\":\"proxy\",\"url\":\"\",\"user\":\"\",\"database\":\"\",\"basicAuthUser\":\"\",\"basicAuth\":false,\"withCredentials\":false,\"isDefault\":false,\"jsonData\":{},\"uid\":\"b\"}"
    );
}

#[test]
fn keys_that_nobody_knows_are_errors_with_the_nearest_name() {
    entry(
        "    jsonDatas: {}\n",
        "error[unknown-key] d.yaml:7:5: a data source has no key `jsonDatas` -- did you mean `jsonData`?",
    );
    entry(
        "    foo: 1\n",
        "error[unknown-key] d.yaml:7:5: a data source has no key `foo` -- its keys are `uid`, `name`, `type`, `access`, `url`, `user`, `database`, `basicAuthUser`, `basicAuth`, `withCredentials`, `isDefault`, `jsonData`, `secureJsonData`",
    );
    check(
        &[("d.yaml", "apiVersion: 1\ndatasource:\n- name: A\n")],
        "error[provisioning] d.yaml:1:1: a provisioning file has no key `datasource` -- did you mean `datasources`?",
    );
    check(
        &[("d.yaml", "apiVersion: 1\ndatasources: []\nx-base: &b {}\nprun: true\n")],
        "error[unknown-key] d.yaml:4:1: a provisioning file has no key `prun` -- did you mean `prune`?",
    );
    check(
        &[("d.yaml", "datasources:\n- {name: A, type: loki}\n")],
        "error[provisioning] d.yaml:1:1: this file provisions data sources but does not say `apiVersion: 1` -- add `apiVersion: 1` as its first line",
    );
}

#[test]
fn what_is_not_obeyed_is_refused_with_the_reason() {
    check(&[("d.yaml", "apiVersion: 1\ndeleteDatasources:\n- name: A\n  orgId: 1\nprune: true\n")], "error[not-supported] d.yaml:2:1: `deleteDatasources` is not obeyed: only what this stack owns is ever deleted -- remove it; a data source that leaves the directory is deleted by the next apply
        error[not-supported] d.yaml:5:1: `prune` is not obeyed: only what this stack owns is ever deleted -- remove it; a data source that leaves the directory is deleted by the next apply");
    check(&[("d.yaml", "apiVersion: 1\ndeleteDatasources: []\nprune: false\ndatasources:\n")], "");
    entry(
        "    orgId: 2\n",
        "error[datasource] d.yaml:7:12: a workspace has one organisation, and `orgId` names another one -- remove `orgId`",
    );
    entry(
        "    correlations: []\n",
        "error[not-supported] d.yaml:7:5: `correlations` are not kept by this version yet -- remove them here, and set them in the workspace",
    );
    entry(
        "    password: hunter2\n",
        "error[secret-in-the-open] d.yaml:7:5: `password` does not belong here: Grafana would keep it readable -- put it below `secureJsonData`, as `password: $__env{NAME}`",
    );
}

#[test]
fn values_of_the_wrong_type_are_errors() {
    entry(
        "    basicAuth: 'so'\n    database: 5\n    jsonData: []\n    secureJsonData: {password: 1}\n    access: both\n",
        "error[datasource] d.yaml:7:16: `basicAuth` must be `true` or `false`
        error[datasource] d.yaml:8:15: `database` must be a text
        error[datasource] d.yaml:9:15: `jsonData` must be an object
        error[datasource] d.yaml:10:22: the secret `password` must be a text -- put it in quotes
        error[datasource] d.yaml:11:13: `access` is `proxy` or `direct`, not `both` -- write `access: proxy`, or leave it out",
    );
    check(&[("d.yaml", "- {name: '', type: loki, url: 'http://l'}\n- {type: loki}\n- {name: B}\n- 5\n")], "error[datasource] d.yaml:1:10: a data source needs a `name` -- write the name that people see
        error[datasource] d.yaml:2:3: a data source needs a `name` -- write the name that people see
        error[datasource] d.yaml:3:3: a data source needs a `type` -- write the id of its plugin, as `type: cloudwatch`
        error[datasource] d.yaml:4:3: a data source must be an object");
    check(
        &[(
            "d.json",
            format!(
                "{{\"name\": \"{}\", \"type\": \"loki\", \"url\": \"http://{}\"}}",
                "n".repeat(191),
                "u".repeat(250)
            ),
        )],
        "error[datasource] d.json:1:10: this `name` has 191 characters, more than the 190 that Grafana takes -- make it shorter
        error[datasource] d.json:1:228: this `url` has 257 characters, more than the 255 that Grafana takes -- make it shorter",
    );
}

#[test]
fn names_defaults_and_uids_are_unique() {
    check(
        &[
            ("a.yaml", "name: Loki\nuid: a\ntype: loki\nurl: http://l\nisDefault: true\n"),
            ("b.yaml", "name: loki\nuid: A\ntype: loki\nurl: http://l\nisDefault: true\n"),
        ],
        "error[duplicate-name] a.yaml:1:7 + b.yaml:1:7: two data sources have the name `Loki` -- names are unique in a workspace, whatever their case: give one of them another
        error[duplicate-uid] a.yaml:2:6 + b.yaml:2:6: the uids `a` and `A` differ in case only (note: some databases of Grafana do not tell them apart) -- give one of them another uid, or remove it from the directory
        error[two-defaults] a.yaml:5:12 + b.yaml:5:12: two data sources are the default one -- a workspace has one: take `isDefault: true` out of the others",
    );
}

#[test]
fn values_come_from_the_environment_and_from_files_and_are_shown_as_written() {
    let root = directory(&[
        ("secret.txt", "from-a-file\n"),
        (
            "d.yaml",
            "apiVersion: 1\ndatasources:\n- name: A\n  uid: a\n  type: loki\n  url: http://$TOKEN.example\n  jsonData:\n    link: $${__value.raw}\n    file: $__file{secret.txt}\n  secureJsonData:\n    httpHeaderValue1: $__env{TOKEN}\n    httpHeaderValue2: plain\n    httpHeaderValue3: ${TOKEN}-$$\n",
        ),
    ]);
    let declarations = loaded(root.path());
    expect(&lines(&declarations.problems), "");
    let body = declarations.body(&declarations.objects[0]).unwrap();
    assert_eq!(body.value["url"], "http://hunter2.example");
    assert_eq!(body.value["jsonData"]["link"], "${__value.raw}");
    assert_eq!(body.value["jsonData"]["file"], "from-a-file");
    assert_eq!(body.shown["url"], "http://$TOKEN.example");
    assert_eq!(body.shown["jsonData"]["file"], "$__file{secret.txt}");
    let secrets = Bound::unbound(&declarations).secrets(&declarations.objects[0]).unwrap();
    let secrets: Vec<(&str, &str)> = secrets.iter().map(|(key, secret)| (key.as_str(), secret.expose())).collect();
    assert_eq!(
        secrets,
        [("httpHeaderValue1", "hunter2"), ("httpHeaderValue2", "plain"), ("httpHeaderValue3", "hunter2-$")]
    );
    assert!(!body.text.contains("plain") && !format!("{declarations:?}").contains("hunter2"));
    assert_eq!(declarations.objects[0].secrets[0].place.to_string(), "d.yaml:11:5");
}

#[test]
fn values_that_are_not_there_are_errors_with_their_place() {
    entry(
        "    jsonData:\n      a: $__env{NOPE}\n      b: $NOPE\n      c: $__file{../x}\n      d: $__vault{x}\n",
        "error[unresolved-value] d.yaml:8:10: the environment variable `NOPE` is not set -- set it where amgctl runs
        error[unresolved-value] d.yaml:9:10: the environment variable `NOPE` is not set -- set it; a `$` itself is written `$$` in a provisioning file, as Grafana reads it
        error[unresolved-value] d.yaml:10:10: `$__file{../x}` leads out of the directory -- name a file inside the directory, relative to it
        error[unresolved-value] d.yaml:11:10: there is no `$__vault{}` -- there are `$__env{}`, `$__file{}`, `$__secretsmanager{}` and `$__ssm{}`",
    );
    entry(
        "    secureJsonData:\n      password: $__env{NOPE}\n      tlsCACert: $__ssm{}\n",
        "error[unresolved-value] d.yaml:8:7: the environment variable `NOPE` is not set -- set it where amgctl runs
        error[unresolved-value] d.yaml:9:7: `` is no name of a parameter -- write `$__ssm{/path/to/parameter}`",
    );
    entry(
        "    jsonData:\n      a: $__ssm{/a}\n",
        "error[secret-in-the-open] d.yaml:8:10: a secret kept in AWS may stand below `secureJsonData` only -- everything else of a data source can be read by whoever sees it",
    );
}

#[test]
fn secrets_kept_in_aws_are_fetched_by_somebody_else() {
    let root = directory(&[(
        "d.yaml",
        "name: A\nuid: a\ntype: loki\nurl: http://l\nsecureJsonData:\n  password: $__secretsmanager{prod/loki:password}\n",
    )]);
    let bound = Bound::unbound(&loaded(root.path()));
    expect(&lines(&bound.problems), "");
    let kept = bound.objects[0].secrets[0].kept.clone().unwrap();
    assert_eq!(kept.to_string(), "the key `password` of the secret `prod/loki`");
    let problem = bound.secrets(&bound.objects[0]).err().unwrap();
    expect(
        &lines(&[*problem]),
        "error[secret-not-fetched] d.yaml:6:3: `password` is kept as the key `password` of the secret `prod/loki`, which was not fetched -- plan without a target, or with this data source as one",
    );
    let bound = bound.with_secrets([(kept, crate::model::Secret::new("hunter2".into()))].into());
    let secrets = bound.secrets(&bound.objects[0]).unwrap();
    assert_eq!((secrets[0].0.as_str(), secrets[0].1.expose()), ("password", "hunter2"));
}

#[test]
fn no_message_shows_a_secret() {
    let files = [
        ("a.yaml", "name: A\ntype: loki\nurl: http://l\nsecureJsonData:\n  password: [hunter2]\n"),
        (
            "b.json",
            "{\"name\": \"B\", \"type\": \"loki\", \"url\": \"x\", \"secureJsonData\": {\"a\": \"hunter2\" \"b\": 1}}",
        ),
        ("c.yaml", "name: C\ntype: loki\nurl: http://l\npassword: hunter2\njsonData:\n  secretKey: hunter2\n"),
        ("d.yaml", "name: D\ntype: loki\nurl: http://l\nsecureJsonData:\n  key: |\n    hunter2\n   hunter2\n"),
        ("e.yaml", "name: E\ntype: loki\nurl: http://l\nsecureJsonData: {a: 'hunter2', b: 1}\n"),
        ("f.yaml", "name: E\ntype: loki\nurl: http://l\nsecureJsonData:\n  a: hunter2\n  a: hunter2\n"),
    ];
    let root = directory(&files);
    let declarations = loaded(root.path());
    let files: std::collections::BTreeSet<&str> =
        declarations.problems.iter().flat_map(|p| p.spots.iter().map(|s| &*s.place.file)).collect();
    assert_eq!(files.len(), 6, "{}", lines(&declarations.problems));
    let shown = crate::render::problems::problems(&declarations.problems, crate::render::problems::Look::plain());
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn what_aws_plugins_get_wrong_is_told_with_its_place() {
    check(
        &[(
            "d.yaml",
            "- name: AMP\n  uid: amp\n  type: prometheus\n  url: https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1/api/v1/query\n  jsonData:\n    sigV4Auth: true\n    sigV4AuthType: workspace-iam-role\n    sigV4Region: eu-west-1\n    assumeRoleArn: arn:aws:iam::1:role/x\n",
        )],
        "error[aws-datasource] d.yaml:4:8: this is the address of one call, not of the AMP workspace -- write `https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1`
        warning[aws-datasource] d.yaml:7:20: `workspace-iam-role` is a label of the AWS console, not a value of `sigV4AuthType` -- write `ec2_iam_role` for the workspace's role, or `default`
        warning[aws-datasource] d.yaml:9:20: `prometheus` does not read `assumeRoleArn` -- write `sigV4AssumeRoleArn`",
    );
}

#[test]
fn what_a_server_of_one_version_refuses_is_told_when_it_is_known() {
    let root = directory(&[(
        "d.yaml",
        "- name: AMP\n  uid: amp\n  type: prometheus\n  url: https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1\n  jsonData: {sigV4Auth: true, sigV4Region: eu-west-1}\n",
    )]);
    let declarations = loaded(root.path());
    expect(&lines(&declarations.problems), "");
    expect(
        &lines(&lint_against(&declarations, None)),
        "warning[aws-datasource] d.yaml:3:9: since version 12 the plugin `prometheus` of Amazon Managed Grafana does not sign requests -- write `type: grafana-amazonprometheus-datasource`, unless the workspace is older or not Amazon's",
    );
    let server = |version: &str, managed: bool| crate::model::Server {
        version: version.into(),
        managed,
        ..crate::model::Server::latest()
    };
    expect(
        &lines(&lint_against(&declarations, Some(&server("12.4.0", false)))),
        "warning[aws-datasource] d.yaml:3:9: signing with SigV4 is deprecated in the plugin `prometheus`, and Grafana 13 moves such a data source to another plugin -- write `type: grafana-amazonprometheus-datasource` once that plugin is installed there",
    );
    expect(
        &lines(&lint_against(&declarations, Some(&server("12.4.0", true)))),
        "error[aws-datasource] d.yaml:3:9: the plugin `prometheus` of this workspace does not sign requests (note: since 12 Amazon Managed Grafana rewrites such a data source to the other type) -- write `type: grafana-amazonprometheus-datasource`",
    );
    expect(&lines(&lint_against(&declarations, Some(&server("10.4.1", true)))), "");
}
