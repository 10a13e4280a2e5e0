//! The grafana-operator's kinds: what each declares, by the operator's own rules for uids and folders.
//!
//! What an object is written in is read by the form of its kind ([`DashboardForm`] and the others): here stands only
//! what the operator's manifests say around it. Which of them are for the target of a run, the cluster says
//! ([`crate::source::cluster`]).
//!
//! [`DashboardForm`]: crate::source::dashboard::DashboardForm

mod content;
mod dashboard;
mod datasource;
mod fields;
mod folder;
mod library;
mod values;

use serde_json::Value;

use super::keys::Fate::{LeftOut, Reported, Used};
use super::keys::{Level, Rest};
use super::{Form, Reading, Refusal, Seen, Shape, group, only, text, unsupported};
use crate::model::{KindName, Problem};
use crate::source::cluster::select::Applies;
use crate::source::cluster::{OPERATOR, ObjectName, target};
use crate::source::document::Document;

/// The version of the kinds that is read.
const VERSION: &str = "v1beta1";

/// What stands around the `spec` of every kind. Metadata is the cluster's.
const MANIFEST_LEVEL: Level = Level {
    at: "",
    name: "a manifest",
    keys: &[("apiVersion", Used), ("kind", Used), ("metadata", Used), ("spec", Used), ("status", LeftOut)],
    rest: Rest::Warned,
};

/// A manifest of the grafana-operator with an object of the workspace.
pub(super) struct Operator;

impl Shape for Operator {
    fn recognise(&self, value: &Value, reading: &Reading) -> Option<Seen> {
        let map = value.as_object()?;
        let kind = text(map, "kind");
        let (OPERATOR, version) = group(map) else { return older(value, group(map).0) };
        if version != VERSION {
            return Some(Seen::Refused(unsupported(
                format!("this is a `{kind}` of `{OPERATOR}/{version}`, which is not read"),
                format!("write `apiVersion: {OPERATOR}/{VERSION}`"),
                "/apiVersion",
            )));
        }
        // Its own shape reads it ([`Target`]).
        if kind == "Grafana" {
            return None;
        }
        let Some(form) = form_of(kind) else { return Some(other(kind)) };
        Some(match reading.cluster.applies(value) {
            Applies::Here | Applies::Suspended => only(form),
            Applies::Elsewhere(reason) => Seen::Foreign(reason),
            Applies::Nowhere(reason) => Seen::Reported(Refusal {
                code: "not-selected",
                message: format!("this `{kind}` {reason}"),
                help: "correct its `instanceSelector`, or name the file in `.amgctlignore`".into(),
                pointer: "/spec/instanceSelector".into(),
            }),
        })
    }

    #[cfg(test)]
    fn samples(&self) -> Vec<Value> {
        use serde_json::json;

        let of = |kind: &str, mut spec: Value| {
            spec["instanceSelector"] = json!({});
            json!({ "apiVersion": format!("{OPERATOR}/{VERSION}"), "kind": kind, "metadata": { "name": "n" }, "spec": spec })
        };
        vec![of("GrafanaFolder", json!({ "title": "F" }))]
    }
}

fn form_of(kind: &str) -> Option<&'static dyn Form> {
    Some(match kind {
        "GrafanaDashboard" => &dashboard::DASHBOARD,
        "GrafanaDatasource" => &datasource::DATASOURCE,
        "GrafanaFolder" => &folder::FOLDER,
        "GrafanaLibraryPanel" => &library::LIBRARY_PANEL,
        _ => return None,
    })
}

/// The kind of the object of a manifest and its uid, as far as the manifest alone tells; none of what declares no object.
pub(crate) fn manifest_identity(name: &ObjectName, manifest: &Value) -> Option<(KindName, Option<String>)> {
    let kind = form_of(&name.kind)?.kind();
    let word = |pointer: &str| {
        let text = manifest.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.map(str::to_owned)
    };
    let spec = |key: &str| manifest.get("spec").and_then(|spec| spec.get(key));
    let own = match (word("/spec/json"), spec("datasource")) {
        (Some(json), _) => {
            let content = serde_json::from_str::<Value>(&json).ok();
            content.and_then(|content| content.get("uid")?.as_str().map(str::to_owned))
        }
        (None, Some(_)) => word("/spec/datasource/uid"),
        (None, None) => None,
    };
    let stands_elsewhere =
        ["gzipJson", "url", "grafanaCom", "jsonnet", "configMapRef"].map(spec).iter().any(Option::is_some);
    let uid = word("/spec/uid").or(own).or_else(|| {
        let made = || word("/metadata/uid").unwrap_or_else(|| fields::derived(name).to_string());
        (!stands_elsewhere).then(made)
    });
    Some((kind, uid))
}

// A manifest of an older operator, whose group was another one.
fn older(value: &Value, group: &str) -> Option<Seen> {
    let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default();
    (group == "integreatly.org" && kind.starts_with("Grafana")).then(|| {
        Seen::Refused(unsupported(
            format!("this is a `{kind}` of grafana-operator 4, which is not read"),
            format!("write it as version 5 has it (`{OPERATOR}/{VERSION}`), or name the file in `.amgctlignore`"),
            "/apiVersion",
        ))
    })
}

// The kinds of the operator that declare nothing here.
fn other(kind: &str) -> Seen {
    const IGNORE: &str = "until then keep it with the operator, and name the file in `.amgctlignore`";
    match kind {
        "GrafanaAlertRuleGroup"
        | "GrafanaContactPoint"
        | "GrafanaNotificationPolicy"
        | "GrafanaNotificationPolicyRoute"
        | "GrafanaNotificationTemplate"
        | "GrafanaMuteTiming" => Seen::Reported(Refusal {
            code: "not-kept",
            message: format!("this is a `{kind}`: alerting is not kept yet, and comes in a later version"),
            help: IGNORE.into(),
            pointer: "/kind".into(),
        }),
        "GrafanaServiceAccount" => Seen::Refused(unsupported(
            "this is a `GrafanaServiceAccount`: its tokens would be written to Secrets of a cluster",
            "amgctl makes its own with `amgctl bootstrap-identity`; name the file in `.amgctlignore`",
            "/kind",
        )),
        "GrafanaManifest" => Seen::Refused(unsupported(
            "this is a `GrafanaManifest`, which needs a Grafana newer than Amazon Managed Grafana has",
            "write what stands in its `template` as a document of its own, or name the file in `.amgctlignore`",
            "/kind",
        )),
        kind => Seen::Refused(unsupported(
            format!("the grafana-operator has no kind `{kind}`"),
            "correct it, or name the file in `.amgctlignore`",
            "/kind",
        )),
    }
}

/// A `Grafana`: a target.
pub(super) struct Target;

const DEPLOYED: &str = "is for an instance in a cluster, and is not used";

static TARGET_KEYS: [Level; 4] = [
    MANIFEST_LEVEL,
    Level {
        at: "/spec",
        name: "a `Grafana`",
        keys: &[
            ("external", Used),
            ("client", Used),
            ("suspend", Used),
            ("version", LeftOut),
            ("preferences", Reported("is not kept by this version: set the home dashboard in the workspace")),
            ("config", LeftOut),
            ("ingress", LeftOut),
            ("route", LeftOut),
            ("httpRoute", LeftOut),
            ("service", LeftOut),
            ("deployment", LeftOut),
            ("persistentVolumeClaim", LeftOut),
            ("serviceAccount", LeftOut),
            ("jsonnet", LeftOut),
            ("disableDefaultAdminSecret", LeftOut),
            ("disableDefaultSecurityContext", LeftOut),
        ],
        rest: Rest::Warned,
    },
    Level {
        at: "/spec/client",
        name: "the client of a `Grafana`",
        keys: &[
            ("useKubeAuth", Used),
            ("preferIngress", Used),
            ("timeout", Used),
            ("headers", Used),
            ("tls", Reported("is not used: certificates are those of the machine")),
        ],
        rest: Rest::Warned,
    },
    Level {
        at: "/spec/external",
        name: "an external `Grafana`",
        keys: &[
            ("url", Used),
            ("apiKey", Used),
            ("tenantNamespace", Used),
            ("adminUser", Reported("is not used: a workspace is entered with a token")),
            ("adminPassword", Reported("is not used: a workspace is entered with a token")),
            ("tls", Reported("is not used: certificates are those of the machine")),
        ],
        rest: Rest::Warned,
    },
];

impl Shape for Target {
    fn levels(&self) -> &'static [Level] {
        &TARGET_KEYS
    }

    fn recognise(&self, value: &Value, _: &Reading) -> Option<Seen> {
        let map = value.as_object()?;
        (group(map) == (OPERATOR, VERSION) && text(map, "kind") == "Grafana").then(|| Seen::Held(Vec::new()))
    }

    fn check(&self, document: &Document<'_>) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut refuse = |pointer: &str, message: &str, help: &str| {
            problems.push(Problem::error("not-supported", message).spot(document.key_spot(pointer, "")).help(help));
        };
        let at = |pointer: &str| document.value.pointer(pointer);
        // How one in a cluster is reached is nobody's business: it is bound to a workspace that is named.
        let is_external = at("/spec/external").is_some_and(Value::is_object);
        for key in ["useKubeAuth", "preferIngress"] {
            let pointer = format!("/spec/client/{key}");
            if is_external && at(&pointer) == Some(&Value::Bool(true)) {
                refuse(&pointer, &format!("`{key}` {DEPLOYED}"), "remove it; a workspace is entered with a token");
            }
        }
        let tenant = at("/spec/external/tenantNamespace").and_then(Value::as_str).unwrap_or("default");
        if !matches!(tenant, "" | "default") {
            refuse(
                "/spec/external/tenantNamespace",
                "a workspace has one organisation, whose namespace is `default`",
                "remove `tenantNamespace`",
            );
        }
        if let Some(url) = at("/spec/external/url").and_then(Value::as_str)
            && !["http://", "https://"].iter().any(|scheme| url.starts_with(scheme))
        {
            refuse("/spec/external/url", "the URL of a Grafana begins with `https://` or `http://`", "correct it");
        }
        problems.extend(target::check(document));
        problems
    }
}
