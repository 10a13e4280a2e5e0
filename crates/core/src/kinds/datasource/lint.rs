//! What people get wrong in the settings of AWS data sources (fact: `aws-sources-differ`): found before anything is
//! sent.
//!
//! What a plugin silently ignores is a warning; what cannot work, or shows a secret, is an error.

use serde_json::{Map, Value};

use crate::kinds::text;
use crate::model::{Problem, Server};

/// One thing that looks wrong, and the member it is about.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The problem, without a place.
    pub problem: Problem,
    /// The member, as a JSON pointer; the data source itself when it is empty.
    pub pointer: String,
}

/// Keys that hold secrets wherever they stand: below `jsonData` everybody could read them.
pub const SECRET_KEYS: [&str; 15] = [
    "password",
    "basicAuthPassword",
    "accessKey",
    "secretKey",
    "sessionToken",
    "sigV4AccessKey",
    "sigV4SecretKey",
    "tlsClientKey",
    "privateKey",
    "clientSecret",
    "accessToken",
    "apiToken",
    "apiKey",
    "bearerToken",
    "httpHeaderValue1",
];

/// Whether a key holds a secret wherever it stands.
#[must_use]
pub fn is_secret_key(key: &str) -> bool {
    SECRET_KEYS.contains(&key) || key.starts_with("httpHeaderValue")
}

/// Whether a key is spelled nearly as one that holds a secret.
#[must_use]
pub fn is_like_secret_key(key: &str) -> bool {
    let mut secret = SECRET_KEYS.iter().chain(&COMMON_SECRETS).chain(&AWS_SECRETS).chain(&SIGNED_SECRETS);
    secret.any(|right| is_like(key, right))
}

// Whether somebody may have meant the one name with the other.
fn is_like(key: &str, right: &str) -> bool {
    let (key, right) = (plain(key), plain(right));
    // In short names every letter counts.
    let most = if right.len() < 8 { 1 } else { 2 };
    key.len().abs_diff(right.len()) <= most && strsim::damerau_levenshtein(&key, &right) <= most
}

/// Plugins that sign in with `authType`.
const AUTH_TYPE: [&str; 6] = [
    "cloudwatch",
    "grafana-x-ray-datasource",
    "grafana-athena-datasource",
    "grafana-redshift-datasource",
    "grafana-timestream-datasource",
    "grafana-iot-sitewise-datasource",
];
/// Plugins that sign their requests, with `sigV4…`.
const SIGNED: [&str; 4] = ["prometheus", AMP, "grafana-opensearch-datasource", "elasticsearch"];
const AMP: &str = "grafana-amazonprometheus-datasource";
/// Keys of `jsonData` whose spelling matters, lower `v` and capital `V` alike.
const SPELLINGS: [&str; 11] = [
    "sigV4Auth",
    "sigV4AuthType",
    "sigV4Region",
    "sigV4Profile",
    "sigV4AssumeRoleArn",
    "sigV4ExternalId",
    "sigv4Service",
    "authType",
    "defaultRegion",
    "assumeRoleArn",
    "externalId",
];
/// Options of Grafana's own plugins and of the AWS ones, as they are spelled. Terraform's provider once wrote all of them
/// with `_`, which no plugin reads.
const OPTIONS: [&str; 75] = [
    "alertmanagerUid",
    "assumeRoleArn",
    "authType",
    "authenticationType",
    "azureAuthType",
    "catalog",
    "clientEmail",
    "clientId",
    "cloudName",
    "connMaxLifetime",
    "customMetricsNamespaces",
    "database",
    "datasourceUid",
    "dbName",
    "defaultBucket",
    "defaultDatabase",
    "defaultLogGroups",
    "defaultProject",
    "defaultRegion",
    "derivedFields",
    "disableMetricsLookup",
    "encrypt",
    "endpoint",
    "esVersion",
    "exemplarTraceIdDestinations",
    "externalId",
    "githubUrl",
    "graphiteVersion",
    "handleGrafanaManagedAlerts",
    "httpHeaderName1",
    "httpMethod",
    "httpMode",
    "implementation",
    "interval",
    "logGroups",
    "logLevelField",
    "logMessageField",
    "logsTimeout",
    "manageAlerts",
    "maxConcurrentShardRequests",
    "maxIdleConns",
    "maxLines",
    "maxOpenConns",
    "maxSeries",
    "nodeGraph",
    "oauthPassThru",
    "orgSlug",
    "organization",
    "outputLocation",
    "postgresVersion",
    "profile",
    "prometheusType",
    "prometheusVersion",
    "queryTimeout",
    "serverName",
    "serviceMap",
    "sslmode",
    "subscriptionId",
    "tenantId",
    "timeField",
    "timeInterval",
    "timescaledb",
    "tlsAuth",
    "tlsAuthWithCACert",
    "tlsConfigurationMethod",
    "tlsSkipVerify",
    "tokenUri",
    "tracesToLogsV2",
    "tracesToMetrics",
    "tracingDatasourceUid",
    "tsdbResolution",
    "tsdbVersion",
    "version",
    "workgroup",
    "xpack",
];
/// Secrets that any data source may have, whatever its plugin.
const COMMON_SECRETS: [&str; 7] = [
    "basicAuthPassword",
    "password",
    "tlsCACert",
    "tlsClientCert",
    "tlsClientKey",
    "secureSocksProxyPassword",
    "httpHeaderValue1",
];
/// Secrets of plugins that sign in to AWS with `authType`.
const AWS_SECRETS: [&str; 3] = ["accessKey", "secretKey", "sessionToken"];
/// Secrets of plugins that sign their requests.
const SIGNED_SECRETS: [&str; 3] = ["sigV4AccessKey", "sigV4SecretKey", "sigV4SessionToken"];
/// The code of a hint: a plugin is not known to read a secret. It may be newer than what is known here.
pub const NOT_KNOWN: &str = "secret-not-known";

/// Other plugins whose secrets are known, with those that they have beside the common ones; of a release that is newer
/// than this list there may be more.
const KNOWN_SECRETS: [(&str, &[&str]); 17] = [
    ("alertmanager", &[]),
    ("elasticsearch", &["apiKey"]),
    ("grafana-opensearch-datasource", &[]),
    ("grafana-postgresql-datasource", &[]),
    ("grafana-pyroscope-datasource", &[]),
    ("graphite", &[]),
    ("influxdb", &["token"]),
    ("jaeger", &[]),
    ("loki", &[]),
    ("mssql", &["azureClientSecret"]),
    ("mysql", &[]),
    ("opentsdb", &[]),
    ("parca", &[]),
    ("postgres", &[]),
    ("prometheus", &["azureClientSecret"]),
    ("tempo", &[]),
    ("zipkin", &[]),
];
/// What a plugin needs below `jsonData`.
const NEEDED: [(&str, &[&str]); 3] = [
    ("grafana-athena-datasource", &["catalog", "database", "workgroup"]),
    ("grafana-redshift-datasource", &["database"]),
    ("grafana-opensearch-datasource", &["database", "timeField", "version"]),
];

/// Looks at a data source for what depends on the workspace; without one, for what depends on which it will be.
#[must_use]
pub fn lint_for(body: &Value, server: Option<&Server>) -> Vec<Finding> {
    let options = body.get("jsonData").and_then(Value::as_object);
    options.map_or_else(Vec::new, |options| successor(&text(body, "/type"), options, server))
}

/// Looks at a data source for what is wrong on every server.
#[must_use]
pub fn lint(body: &Value) -> Vec<Finding> {
    let kind = text(body, "/type");
    let nothing = Map::new();
    let options = body.get("jsonData").and_then(Value::as_object).unwrap_or(&nothing);
    let mut findings = secrets(options);
    findings.extend(snake_case(&kind, options));
    let aws = AUTH_TYPE.contains(&kind.as_str()) || SIGNED.contains(&kind.as_str());
    if !aws {
        return findings;
    }
    findings.extend(spellings(&kind, options));
    if AUTH_TYPE.contains(&kind.as_str()) {
        findings.extend(credentials(options, "authType"));
        findings.extend(not_signed(&kind, options));
    } else {
        findings.extend(signed(&kind, body, options));
    }
    for key in NEEDED.iter().filter(|(plugin, _)| *plugin == kind).flat_map(|(_, keys)| *keys) {
        if !options.contains_key(*key) {
            findings.push(warning("/jsonData", format!("`{kind}` needs `jsonData.{key}`"), "add it"));
        }
    }
    findings
}

/// Looks at the names of a data source's secrets: one that no plugin reads is sent, kept, and never used.
#[must_use]
pub fn secret_keys<'a>(body: &Value, keys: impl Iterator<Item = &'a str>) -> Vec<Finding> {
    let kind = text(body, "/type");
    let own = KNOWN_SECRETS.iter().find(|(plugin, _)| *plugin == kind).map(|(_, own)| *own);
    let known: Vec<&str> = COMMON_SECRETS
        .iter()
        .chain(own.unwrap_or_default())
        .chain(AUTH_TYPE.contains(&kind.as_str()).then_some(&AWS_SECRETS).into_iter().flatten())
        .chain(SIGNED.contains(&kind.as_str()).then_some(&SIGNED_SECRETS).into_iter().flatten())
        .copied()
        .collect();
    // Other plugins may have secrets that are not known here.
    let closed = AUTH_TYPE.contains(&kind.as_str()) || kind == AMP;
    let any = || COMMON_SECRETS.iter().chain(&AWS_SECRETS).chain(&SIGNED_SECRETS).chain(&SECRET_KEYS).copied();
    let mut findings = Vec::new();
    for key in keys.filter(|key| !known.contains(key) && !key.starts_with("httpHeaderValue")) {
        let respelled = any().find(|right| *right != key && plain(right) == plain(key)).or_else(|| {
            let near = known.iter().filter(|right| is_like(key, right));
            let near = near.min_by_key(|right| strsim::damerau_levenshtein(&plain(key), &plain(right)));
            near.filter(|_| !any().any(|right| right == key)).copied()
        });
        let finding = match respelled {
            Some(right) if ours(&kind) => Some((
                "unknown-secret",
                format!("`{key}` is not what the plugin reads"),
                format!("write `{right}`"),
            )),
            _ if closed => {
                let names = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                Some((
                    "unknown-secret",
                    format!("`{kind}` has no secret `{key}`"),
                    format!("its secrets are {names}"),
                ))
            }
            _ if own.is_some() => {
                let names = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                let message = format!("`{key}` is none of the secrets that `{kind}` is known to read");
                Some((
                    NOT_KNOWN,
                    message,
                    format!("correct it ({names}), or leave it where a newer `{kind}` reads it"),
                ))
            }
            _ => None,
        };
        if let Some((code, message, help)) = finding {
            findings.push(Finding {
                problem: Problem::warning(code, message).help(help),
                pointer: format!("/secureJsonData/{}", key.replace('~', "~0").replace('/', "~1")),
            });
        }
    }
    findings
}

// Whether a plugin is one of Grafana's own, or of its makers, whose options are known.
fn ours(kind: &str) -> bool {
    kind.starts_with("grafana-") || !kind.contains('-') || AUTH_TYPE.contains(&kind)
}

fn plain(key: &str) -> String {
    key.replace(['_', '-'], "").to_lowercase()
}

// Options with `_`, as Terraform writes them.
fn snake_case(kind: &str, options: &Map<String, Value>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let aws = AUTH_TYPE.contains(&kind) || SIGNED.contains(&kind);
    for key in options.keys().filter(|key| key.contains('_') && ours(kind)) {
        // What is spelled wrong in another way, too, the AWS plugins' own list tells.
        if aws && SPELLINGS.iter().any(|right| plain(right) == plain(key)) {
            continue;
        }
        let right = OPTIONS.iter().find(|right| plain(right) == plain(key));
        let help = match right {
            Some(right) => format!("write `{right}`"),
            None if AUTH_TYPE.contains(&kind) => "its options are spelled without `_`, as `defaultRegion`".into(),
            None => continue,
        };
        findings.push(Finding {
            problem: Problem::warning(
                if aws { "aws-datasource" } else { "unknown-option" },
                format!("`{key}` is not what the plugin reads"),
            )
            .help(help),
            pointer: option(key),
        });
    }
    findings
}

fn secrets(options: &Map<String, Value>) -> Vec<Finding> {
    options
        .keys()
        .filter(|key| is_secret_key(key))
        .map(|key| {
            let message = format!("`{key}` is a secret, and everybody can read what stands below `jsonData`");
            Finding {
                problem: Problem::error("secret-in-the-open", message)
                    .help(format!("move it below `secureJsonData`, as `{key}: $__env{{NAME}}`")),
                pointer: option(key),
            }
        })
        .collect()
}

fn spellings(kind: &str, options: &Map<String, Value>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for key in options.keys().filter(|key| !SPELLINGS.contains(&key.as_str())) {
        if let Some(right) = SPELLINGS.iter().find(|right| plain(right) == plain(key)) {
            findings.push(warning(
                &option(key),
                format!("`{key}` is not what the plugin reads"),
                &format!("write `{right}`"),
            ));
        }
    }
    // Where the plugin does not read it, nothing comes of it: AWS's own manifests have `"sigV4Auth": true,` for CloudWatch.
    let is_read = SIGNED.contains(&kind);
    if let Some(value) = options.get("sigV4Auth").filter(|value| is_read && !value.is_boolean()) {
        findings.push(Finding {
            problem: Problem::error(
                "aws-datasource",
                format!("`sigV4Auth` must be `true` or `false`, not `{value}`"),
            ),
            pointer: option("sigV4Auth"),
        });
    }
    findings
}

// The value of `authType` or `sigV4AuthType`.
fn credentials(options: &Map<String, Value>, key: &str) -> Vec<Finding> {
    const KNOWN: [&str; 5] = ["default", "keys", "credentials", "ec2_iam_role", "grafana_assume_role"];
    let Some(value) = options.get(key) else { return Vec::new() };
    let value = value.as_str().unwrap_or_default();
    let at = option(key);
    match value {
        "grafana_assume_role" => vec![warning(
            &at,
            format!("`{key}: grafana_assume_role` works in Grafana Cloud only"),
            "write `default`, which ends at the workspace's role",
        )],
        "" => Vec::new(),
        _ if KNOWN.contains(&value) => Vec::new(),
        "workspace-iam-role" => vec![warning(
            &at,
            format!("`workspace-iam-role` is a label of the AWS console, not a value of `{key}`"),
            "write `ec2_iam_role` for the workspace's role, or `default`",
        )],
        "arn" => vec![warning(&at, format!("`{key}: arn` is an old spelling"), "write `default`")],
        "sharedCreds" => {
            vec![warning(&at, format!("`{key}: sharedCreds` is an old spelling"), "write `credentials`")]
        }
        _ => vec![Finding {
            problem: Problem::error("aws-datasource", format!("there is no `{key}` called `{value}`"))
                .help("there are `default`, `ec2_iam_role`, `keys` and `credentials`"),
            pointer: at,
        }],
    }
}

// Plugins that read `authType` and nothing that begins with `sigV4`.
fn not_signed(kind: &str, options: &Map<String, Value>) -> Vec<Finding> {
    let ignored = options.keys().find(|key| key.to_lowercase().starts_with("sigv4"));
    let Some(key) = ignored else { return Vec::new() };
    let help = if options.contains_key("authType") {
        "remove what begins with `sigV4`".to_owned()
    } else {
        let value = options.get("sigV4AuthType").and_then(Value::as_str).unwrap_or("default");
        let value = if value == "workspace-iam-role" { "ec2_iam_role" } else { value };
        format!("write `authType: {value}` and `defaultRegion` instead")
    };
    vec![warning(&option(key), format!("`{kind}` does not read `{key}`"), &help)]
}

fn signed(kind: &str, body: &Value, options: &Map<String, Value>) -> Vec<Finding> {
    let mut findings = credentials(options, "sigV4AuthType");
    let url = text(body, "/url");
    let amp = url.contains("://aps-workspaces.");
    if amp && let Some(at) = url.find("/api/v1") {
        findings.push(Finding {
            problem: Problem::error("aws-datasource", "this is the address of one call, not of the AMP workspace")
                .help(format!("write `{}`", &url[..at])),
            pointer: "/url".into(),
        });
    }
    let signs = kind == AMP || options.get("sigV4Auth") == Some(&Value::Bool(true));
    if amp && !signs {
        findings.push(warning(
            "/url",
            "AMP refuses requests that are not signed".into(),
            "add `sigV4Auth: true`, `sigV4AuthType` and `sigV4Region` below `jsonData`",
        ));
    }
    if !signs {
        return findings;
    }
    for (ignored, read) in [("assumeRoleArn", "sigV4AssumeRoleArn"), ("externalId", "sigV4ExternalId")] {
        if options.contains_key(ignored) {
            findings.push(warning(
                &option(ignored),
                format!("`{kind}` does not read `{ignored}`"),
                &format!("write `{read}`"),
            ));
        }
    }
    let region = options.get("sigV4Region").and_then(Value::as_str).unwrap_or_default();
    let of_url = url.split("://aps-workspaces.").nth(1).and_then(|rest| rest.split('.').next()).unwrap_or_default();
    if region.is_empty() {
        findings.push(warning(
            "/jsonData",
            "requests are signed for a region, and `sigV4Region` names none".into(),
            if of_url.is_empty() { "add `sigV4Region`" } else { "add `sigV4Region` with the region of the URL" },
        ));
    } else if amp && !of_url.is_empty() && of_url != region {
        findings.push(warning(
            &option("sigV4Region"),
            format!("requests to {of_url} are signed for {region}"),
            "make `sigV4Region` the region of the URL",
        ));
    }
    let role = options.get("sigV4AssumeRoleArn").and_then(Value::as_str).unwrap_or_default();
    if !role.is_empty() && options.get("sigV4AuthType").and_then(Value::as_str) == Some("ec2_iam_role") {
        findings.push(warning(
            &option("sigV4AssumeRoleArn"),
            "with `ec2_iam_role` no other role is assumed".into(),
            "write `sigV4AuthType: default`",
        ));
    }
    findings
}

// Amazon Managed Grafana 12 took SigV4 out of the core plugin: what is declared so is rewritten at every start of the
// server. The same plugin of a self-hosted Grafana 12 signs (sent to a real 12.4.0); from 13 on it is moved there too.
fn successor(kind: &str, options: &Map<String, Value>, server: Option<&Server>) -> Vec<Finding> {
    let signs = options.get("sigV4Auth") == Some(&Value::Bool(true));
    let help = format!("write `type: {AMP}`");
    let managed = server.map(|server| server.managed);
    match (kind, managed, server.and_then(Server::major)) {
        ("prometheus", Some(true), Some(12..)) if signs => vec![Finding {
            problem: Problem::error(
                "aws-datasource",
                "the plugin `prometheus` of this workspace does not sign requests",
            )
            .note("since 12 Amazon Managed Grafana rewrites such a data source to the other type")
            .help(help),
            pointer: "/type".into(),
        }],
        ("prometheus", Some(false), Some(12..)) if signs => vec![warning(
            "/type",
            "signing with SigV4 is deprecated in the plugin `prometheus`, and Grafana 13 moves such a data source to \
             another plugin"
                .into(),
            &format!("{help} once that plugin is installed there"),
        )],
        ("prometheus", None, _) if signs => vec![warning(
            "/type",
            "since version 12 the plugin `prometheus` of Amazon Managed Grafana does not sign requests".into(),
            &format!("{help}, unless the workspace is older or not Amazon's"),
        )],
        (AMP, Some(true), Some(..12)) => vec![warning(
            "/type",
            format!("Amazon Managed Grafana has `{AMP}` from version 12 on"),
            "write `type: prometheus`",
        )],
        _ => Vec::new(),
    }
}

fn warning(pointer: &str, message: String, help: &str) -> Finding {
    Finding { problem: Problem::warning("aws-datasource", message).help(help), pointer: pointer.to_owned() }
}

fn option(key: &str) -> String {
    format!("/jsonData/{}", key.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Severity;
    use serde_json::json;

    fn server(version: u32, managed: bool) -> Server {
        Server { version: format!("{version}.4.0"), managed, ..Server::latest() }
    }

    /// `version` is that of an Amazon Managed Grafana.
    fn check(body: Value, version: Option<u32>, expected: &[&str]) {
        check_on(body, version.map(|version| server(version, true)).as_ref(), expected);
    }

    fn check_on(body: Value, server: Option<&Server>, expected: &[&str]) {
        let told: Vec<String> = lint(&body)
            .iter()
            .chain(&lint_for(&body, server))
            .map(|f| {
                let sign = if f.problem.severity == Severity::Error { "E" } else { "W" };
                format!("{sign} {} {}", f.pointer, f.problem.message)
            })
            .collect();
        assert_eq!(told, expected, "{body}");
    }

    fn amp(options: Value) -> Value {
        let url = "https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1";
        json!({ "type": AMP, "name": "AMP", "url": url, "jsonData": options })
    }

    #[test]
    fn what_is_right_is_not_talked_about() {
        check(
            amp(json!({ "sigV4Auth": true, "sigV4AuthType": "default", "sigV4Region": "eu-west-1" })),
            Some(12),
            &[],
        );
        check(
            json!({ "type": "cloudwatch", "jsonData": { "authType": "ec2_iam_role", "defaultRegion": "x" } }),
            None,
            &[],
        );
        check(json!({ "type": "loki", "url": "http://loki:3100" }), None, &[]);
        check(json!({ "type": "prometheus", "url": "http://prometheus:9090" }), Some(12), &[]);
    }

    #[test]
    fn the_core_plugin_signs_nothing_since_12() {
        let body = json!({ "type": "prometheus", "jsonData": { "sigV4Auth": true, "sigV4Region": "x" } });
        check(body.clone(), Some(10), &[]);
        check(
            body.clone(),
            Some(12),
            &["E /type the plugin `prometheus` of this workspace does not sign requests"],
        );
        check(
            body,
            None,
            &["W /type since version 12 the plugin `prometheus` of Amazon Managed Grafana does not sign requests"],
        );
    }

    #[test]
    fn the_core_plugin_of_any_other_grafana_signs() {
        let body = json!({ "type": "prometheus", "jsonData": { "sigV4Auth": true, "sigV4Region": "x" } });
        check_on(body.clone(), Some(&server(10, false)), &[]);
        for version in [12, 13] {
            check_on(
                body.clone(),
                Some(&server(version, false)),
                &[
                    "W /type signing with SigV4 is deprecated in the plugin `prometheus`, and Grafana 13 moves such a \
                     data source to another plugin",
                ],
            );
        }
        check_on(amp(json!({ "sigV4Region": "eu-west-1" })), Some(&server(10, false)), &[]);
        check(
            amp(json!({ "sigV4Region": "eu-west-1" })),
            Some(10),
            &["W /type Amazon Managed Grafana has `grafana-amazonprometheus-datasource` from version 12 on"],
        );
    }

    #[test]
    fn keys_that_no_plugin_reads_are_named() {
        check(
            amp(
                json!({ "sigv4_auth": true, "sigV4Service": "aps", "assumeRoleArn": "arn:x", "sigV4Region": "eu-west-1" }),
            ),
            Some(12),
            &[
                "W /jsonData/sigv4_auth `sigv4_auth` is not what the plugin reads",
                "W /jsonData/sigV4Service `sigV4Service` is not what the plugin reads",
                "W /jsonData/assumeRoleArn `grafana-amazonprometheus-datasource` does not read `assumeRoleArn`",
            ],
        );
        check(
            json!({ "type": "cloudwatch", "jsonData": { "sigV4Auth": true, "sigV4AuthType": "workspace-iam-role" } }),
            None,
            &["W /jsonData/sigV4Auth `cloudwatch` does not read `sigV4Auth`"],
        );
        check(
            json!({ "type": "cloudwatch", "jsonData": { "sigV4Auth": "true," } }),
            None,
            &["W /jsonData/sigV4Auth `cloudwatch` does not read `sigV4Auth`"],
        );
    }

    #[test]
    fn ways_to_sign_in_are_checked() {
        for (value, expected) in [
            ("default", None),
            (
                "workspace-iam-role",
                Some(
                    "W /jsonData/authType `workspace-iam-role` is a label of the AWS console, not a value of `authType`",
                ),
            ),
            ("arn", Some("W /jsonData/authType `authType: arn` is an old spelling")),
            ("iam", Some("E /jsonData/authType there is no `authType` called `iam`")),
        ] {
            let body = json!({ "type": "grafana-x-ray-datasource", "jsonData": { "authType": value } });
            check(body, None, &expected.into_iter().collect::<Vec<_>>());
        }
        check(
            amp(
                json!({ "sigV4Region": "us-east-1", "sigV4AuthType": "ec2_iam_role", "sigV4AssumeRoleArn": "arn:x" }),
            ),
            None,
            &[
                "W /jsonData/sigV4Region requests to eu-west-1 are signed for us-east-1",
                "W /jsonData/sigV4AssumeRoleArn with `ec2_iam_role` no other role is assumed",
            ],
        );
    }

    #[test]
    fn the_address_of_a_call_is_not_the_workspace() {
        let mut body = amp(json!({ "sigV4Region": "eu-west-1" }));
        body["url"] = json!("https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1/api/v1/query");
        check(body.clone(), None, &["E /url this is the address of one call, not of the AMP workspace"]);
        let help = lint(&body)[0].problem.help.clone().unwrap();
        assert_eq!(help, "write `https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1`");
    }

    #[test]
    fn names_as_terraform_writes_them_are_told_for_options_and_secrets() {
        let body = json!({ "type": "cloudwatch", "jsonData": {
            "default_region": "x", "auth_type": "keys", "assume_role_arn": "arn", "custom_metrics_namespaces": "A",
            "no_such_thing": 1,
        } });
        check(
            body.clone(),
            None,
            &[
                "W /jsonData/custom_metrics_namespaces `custom_metrics_namespaces` is not what the plugin reads",
                "W /jsonData/no_such_thing `no_such_thing` is not what the plugin reads",
                "W /jsonData/default_region `default_region` is not what the plugin reads",
                "W /jsonData/auth_type `auth_type` is not what the plugin reads",
                "W /jsonData/assume_role_arn `assume_role_arn` is not what the plugin reads",
            ],
        );
        check(
            json!({ "type": "postgres", "jsonData": { "max_open_conns": 4, "own_thing": 1 } }),
            None,
            &["W /jsonData/max_open_conns `max_open_conns` is not what the plugin reads"],
        );
        check(json!({ "type": "acme-shop-datasource", "jsonData": { "time_interval": 4 } }), None, &[]);
        let told = |body: &Value, keys: &[&str]| -> Vec<String> {
            secret_keys(body, keys.iter().copied())
                .iter()
                .map(|f| {
                    format!("{} {} {}", f.pointer, f.problem.message, f.problem.help.clone().unwrap_or_default())
                })
                .collect()
        };
        assert_eq!(
            told(&body, &["access_key", "secretKey", "secretkey", "httpHeaderValue3", "tokn"]),
            [
                "/secureJsonData/access_key `access_key` is not what the plugin reads write `accessKey`",
                "/secureJsonData/secretkey `secretkey` is not what the plugin reads write `secretKey`",
                "/secureJsonData/tokn `cloudwatch` has no secret `tokn` its secrets are `basicAuthPassword`, `password`, `tlsCACert`, `tlsClientCert`, `tlsClientKey`, `secureSocksProxyPassword`, `httpHeaderValue1`, `accessKey`, `secretKey`, `sessionToken`",
            ]
        );
        for kind in ["prometheus", "loki", "mysql"] {
            assert_eq!(
                told(&json!({ "type": kind }), &["basicAuthPasword", "tlsClientKye", "password"]),
                [
                    "/secureJsonData/basicAuthPasword `basicAuthPasword` is not what the plugin reads write `basicAuthPassword`",
                    "/secureJsonData/tlsClientKye `tlsClientKye` is not what the plugin reads write `tlsClientKey`",
                ]
            );
        }
        assert!(told(&json!({ "type": "acme-shop-datasource" }), &["access_key", "anything"]).is_empty());
        assert_eq!(
            told(&json!({ "type": "influxdb" }), &["token", "password", "privateThing", "httpHeaderValue2"]),
            [
                "/secureJsonData/privateThing `privateThing` is none of the secrets that `influxdb` is known to read \
              correct it (`basicAuthPassword`, `password`, `tlsCACert`, `tlsClientCert`, `tlsClientKey`, \
              `secureSocksProxyPassword`, `httpHeaderValue1`, `token`), or leave it where a newer `influxdb` reads it"
            ]
        );
        for kind in ["prometheus", "loki", "mysql", "grafana-opensearch-datasource"] {
            assert_eq!(told(&json!({ "type": kind }), &["privateThing"]).len(), 1, "{kind}");
        }
        for kind in ["stackdriver", "grafana-azure-monitor-datasource", "acme-shop-datasource"] {
            assert_eq!(told(&json!({ "type": kind }), &["privateThing"]), [""; 0], "{kind}");
        }
    }

    #[test]
    fn secrets_in_the_open_are_errors_for_every_plugin() {
        check(
            json!({ "type": "anything", "jsonData": { "secretKey": "x", "httpHeaderValue7": "y" } }),
            None,
            &[
                "E /jsonData/secretKey `secretKey` is a secret, and everybody can read what stands below `jsonData`",
                "E /jsonData/httpHeaderValue7 `httpHeaderValue7` is a secret, and everybody can read what stands below `jsonData`",
            ],
        );
    }
}
