//! What is told of a data source without keeping its body.

use serde_json::Value;

use super::{Datasource, logins};
use crate::kinds::text;
use crate::model::{Headline, Reference, Target};

/// What a plan says of a data source: name, type, url, how it signs in.
#[must_use]
pub fn headline(body: &Value) -> Headline {
    let mut facts = vec![("type".into(), text(body, "/type"))];
    for (name, value) in [("url", logins::shown(&text(body, "/url"))), ("auth", auth(body))] {
        if !value.is_empty() {
            facts.push((name.into(), value));
        }
    }
    Headline { title: text(body, "/name").trim().to_owned(), facts }
}

/// The other data sources that its options name by uid, each place once: where traces lead to logs and metrics,
/// exemplars and derived fields to traces, rules to an Alertmanager.
#[must_use]
pub fn mentions(body: &Value) -> Vec<Reference> {
    let mut found = Vec::new();
    if let Some(options) = body.get("jsonData") {
        each_mention(options, "/jsonData", &mut found);
    }
    found
}

fn each_mention(value: &Value, base: &str, found: &mut Vec<Reference>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let pointer = format!("{base}/{}", key.replace('~', "~0").replace('/', "~1"));
                let lower = key.to_ascii_lowercase();
                match value {
                    Value::String(uid) if lower.ends_with("datasourceuid") || lower == "alertmanageruid" => {
                        if !uid.is_empty() && uid != "grafana" {
                            found.push(Reference { to: Target::new(Datasource::NAME, uid.as_str()), pointer });
                        }
                    }
                    _ => each_mention(value, &pointer, found),
                }
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                each_mention(item, &format!("{base}/{i}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

// How it signs in: `SigV4, default credentials, eu-west-1`; empty when nothing is said.
fn auth(body: &Value) -> String {
    let option = |key: &str| text(body, &format!("/jsonData/{key}"));
    let flag = |pointer: &str| body.pointer(pointer) == Some(&Value::Bool(true));
    let mut words: Vec<String> = Vec::new();
    if flag("/jsonData/sigV4Auth") {
        words.push("SigV4".into());
        words.extend(credentials(&option("sigV4AuthType"), &option("sigV4Profile")));
        words.push(option("sigV4Region"));
        words.push(option("sigV4AssumeRoleArn"));
    } else if !option("authType").is_empty() {
        words.push("AWS".into());
        words.extend(credentials(&option("authType"), &option("profile")));
        words.push(option("defaultRegion"));
        words.push(option("assumeRoleArn"));
    } else if flag("/basicAuth") {
        words.push(match text(body, "/basicAuthUser") {
            user if user.is_empty() => "basic".into(),
            user => format!("basic, user {user}"),
        });
    } else if flag("/jsonData/oauthPassThru") {
        words.push("the viewer's own sign-in".into());
    }
    words.retain(|word| !word.is_empty());
    words.join(", ")
}

fn credentials(kind: &str, profile: &str) -> Option<String> {
    match kind {
        "" | "default" | "arn" => Some("default credentials".into()),
        "keys" => Some("access key".into()),
        "credentials" | "sharedCreds" if !profile.is_empty() => Some(format!("profile {profile}")),
        "credentials" | "sharedCreds" => Some("credentials file".into()),
        "ec2_iam_role" | "workspace-iam-role" => Some("workspace role".into()),
        "grafana_assume_role" => Some("Grafana's assumed role".into()),
        other => Some(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn options_that_name_another_data_source_are_mentions() {
        let body = json!({ "type": "tempo", "jsonData": {
            "tracesToLogsV2": { "datasourceUid": "loki", "tags": [] },
            "serviceMap": { "datasourceUid": "" },
            "exemplarTraceIdDestinations": [{ "datasourceUid": "tempo", "name": "t" }],
            "derivedFields": [{ "datasourceUid": "tempo" }],
            "alertmanagerUid": "am",
            "tracingDatasourceUid": "xray",
            "uid": "not-one",
        } });
        let told: Vec<String> =
            mentions(&body).iter().map(|r| format!("{} {} {}", r.to.kind, r.to.name, r.pointer)).collect();
        assert_eq!(
            told,
            [
                "datasource loki /jsonData/tracesToLogsV2/datasourceUid",
                "datasource tempo /jsonData/exemplarTraceIdDestinations/0/datasourceUid",
                "datasource tempo /jsonData/derivedFields/0/datasourceUid",
                "datasource am /jsonData/alertmanagerUid",
                "datasource xray /jsonData/tracingDatasourceUid",
            ]
        );
    }

    #[test]
    fn a_data_source_is_told_by_type_url_and_how_it_signs_in() {
        let told = |body: Value| {
            headline(&body)
                .facts
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        let amp = json!({ "name": "AMP", "type": "prometheus", "url": "https://aps/ws-1", "jsonData": {
            "sigV4Auth": true, "sigV4AuthType": "default", "sigV4Region": "eu-west-1" } });
        assert_eq!(told(amp), "type=prometheus url=https://aps/ws-1 auth=SigV4, default credentials, eu-west-1");
        let cloudwatch = json!({ "type": "cloudwatch", "jsonData": { "authType": "ec2_iam_role", "defaultRegion": "us-east-1" } });
        assert_eq!(told(cloudwatch), "type=cloudwatch auth=AWS, workspace role, us-east-1");
        let basic =
            json!({ "type": "loki", "url": "http://u:p@loki:3100", "basicAuth": true, "basicAuthUser": "u" });
        assert_eq!(told(basic), "type=loki url=http://loki:3100 auth=basic, user u");
    }
}
