//! Flux's `Kustomization`: which directory is applied, which variables are put into it, what becomes of what leaves it.
//!
//! Read here is what one says; which files that comes to, [`super::build`] finds out.

use serde_json::{Map, Value};

use super::kustomize::Changes;
use crate::model::{Problem, Severity, Spot};
use crate::source::document::Document;
use crate::source::nearest;
use crate::source::yaml::member;

/// The group of Flux's `Kustomization`, and what each annotation of an object begins with.
pub(crate) const GROUP: &str = "kustomize.toolkit.fluxcd.io";

/// What a `Kustomization` of Flux says.
#[derive(Clone, Debug)]
pub(crate) struct Kustomization {
    /// Its namespace, from which its variables come.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub spot: Spot,
    /// The directory from the root of its source, as it is written.
    pub path: String,
    /// Where that stands.
    pub path_spot: Spot,
    /// Whether what leaves the directory is deleted.
    pub prune: bool,
    /// Whether it is left alone.
    pub suspend: bool,
    /// Whether objects may be replaced where they cannot be changed.
    pub force: bool,
    /// What it makes of the objects.
    pub changes: Changes,
    /// Its own variables.
    pub substitute: Vec<(String, String)>,
    /// Where further ones come from; later ones beat earlier ones, and its own beat them all.
    pub substitute_from: Vec<SubstituteFrom>,
    /// Whether texts are looked through where there is no variable at all.
    pub always: bool,
    /// Its source: kind and name.
    pub source: (String, String),
}

/// A ConfigMap or Secret with variables.
#[derive(Clone, Debug)]
pub(crate) struct SubstituteFrom {
    /// Whether it is a Secret.
    pub is_secret: bool,
    /// Its name, in the namespace of the Kustomization.
    pub name: String,
    /// Whether it may be missing.
    pub optional: bool,
    /// Where it is named.
    pub spot: Spot,
}

/// The fields that kustomize does after Flux: with how each is called in a message.
const REFUSED: [&str; 4] = ["patches", "patchesStrategicMerge", "patchesJson6902", "components"];

/// The end of every group of Flux.
pub(crate) const FLUX: &str = "toolkit.fluxcd.io";

/// The versions of the kind.
const VERSIONS: [&str; 3] = ["v1", "v1beta2", "v1beta1"];

/// The fields of its `spec` that are read.
const READ: [&str; 13] = [
    "path",
    "prune",
    "suspend",
    "force",
    "targetNamespace",
    "namePrefix",
    "nameSuffix",
    "commonMetadata",
    "postBuild",
    "sourceRef",
    "decryption",
    "patches",
    "components",
];

/// The fields of its `spec` that are of no concern here: when and how a cluster does it, and as whom.
const IDLE: [&str; 14] = [
    "interval",
    "retryInterval",
    "timeout",
    "wait",
    "dependsOn",
    "healthChecks",
    "healthCheckExprs",
    "deletionPolicy",
    "ignoreMissingComponents",
    "images",
    "serviceAccountName",
    "validation",
    "patchesStrategicMerge",
    "patchesJson6902",
];

/// What was read of a `Kustomization`.
#[derive(Debug)]
pub(crate) struct Read {
    /// What it says, as far as it can be told.
    pub says: Option<Kustomization>,
    /// What leaves open what it applies and what becomes of that.
    pub faults: Vec<Problem>,
    /// What it says and is not done here.
    pub unread: Vec<Problem>,
}

/// Reads the object at a pointer of a document, if it is a `Kustomization` of Flux or is meant to be one.
pub(crate) fn read(document: &Document<'_>, base: &str) -> Option<Read> {
    let value = document.value.pointer(base)?;
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    let (group, version) = text("apiVersion").split_once('/').unwrap_or((text("apiVersion"), ""));
    let is_meant = group == GROUP || group.ends_with(FLUX) && text("kind") == "Kustomization";
    if !is_meant {
        return None;
    }
    let mut reader = Reader { document, base, faults: Vec::new(), unread: Vec::new() };
    let is_known = reader.is_known(group, version, text("kind"));
    let says = if is_known { reader.read() } else { None };
    Some(Read { says, faults: reader.faults, unread: reader.unread })
}

struct Reader<'a> {
    document: &'a Document<'a>,
    base: &'a str,
    faults: Vec<Problem>,
    unread: Vec<Problem>,
}

impl<'a> Reader<'a> {
    fn at(&self, pointer: &str) -> Option<&'a Value> {
        let document: &'a Document<'a> = self.document;
        document.value.pointer(&format!("{}{pointer}", self.base))
    }

    fn spot(&self, pointer: &str) -> Spot {
        self.document.spot(&format!("{}{pointer}", self.base), "")
    }

    fn key_spot(&self, pointer: &str) -> Spot {
        self.document.key_spot(&format!("{}{pointer}", self.base), "")
    }

    fn fault(&mut self, pointer: &str, message: String) {
        let spot = self.spot(pointer);
        self.faults.push(Problem::error("flux", message).spot(spot));
    }

    // Whether this is the kind that is read; what it is called otherwise is said.
    fn is_known(&mut self, group: &str, version: &str, kind: &str) -> bool {
        let (pointer, message, help) = if group != GROUP {
            ("/apiVersion", format!("Flux has no `Kustomization` in `{group}`"), format!("write `{GROUP}/v1`"))
        } else if kind != "Kustomization" {
            ("/kind", format!("`{GROUP}` has no kind `{kind}`"), "write `kind: Kustomization`".to_owned())
        } else if !VERSIONS.contains(&version) {
            let message = format!("a Flux Kustomization has no version `{version}`");
            ("/apiVersion", message, format!("write `{GROUP}/v1`"))
        } else {
            return true;
        };
        let spot = self.spot(pointer);
        self.faults.push(Problem::error("flux", message).spot(spot).help(help));
        false
    }

    // Reports the keys of an object that nobody knows. One that is nearly another is an error: what it was to say decides
    // over what is changed.
    fn check_keys(&mut self, pointer: &str, of: &str, known: &[&str]) {
        let keys = self.at(pointer).and_then(Value::as_object).into_iter().flat_map(Map::keys);
        for key in keys.filter(|key| !known.contains(&key.as_str())) {
            let message = format!("{of} has no key `{key}`");
            let problem = match nearest(key, known.iter().copied()) {
                Some(near) => Problem::error("unknown-key", message).help(format!("did you mean `{near}`?")),
                None => Problem::warning("unknown-key", message).note("it is left out"),
            };
            let is_error = problem.severity == Severity::Error;
            let problem = problem.spot(self.key_spot(&member(pointer, key)));
            if is_error { self.faults.push(problem) } else { self.unread.push(problem) }
        }
    }

    fn check_all_keys(&mut self) {
        self.check_keys("", "a Flux Kustomization", &["apiVersion", "kind", "metadata", "spec", "status"]);
        let known = [&READ[..], &IDLE, &["kubeConfig"]].concat();
        self.check_keys("/spec", "the `spec` of a Flux Kustomization", &known);
        self.check_keys("/spec/postBuild", "`postBuild`", &["substitute", "substituteFrom", "substituteStrategy"]);
        let count = self.at("/spec/postBuild/substituteFrom").and_then(Value::as_array).map_or(0, Vec::len);
        for i in 0..count {
            let pointer = format!("/spec/postBuild/substituteFrom/{i}");
            self.check_keys(&pointer, "an entry of `substituteFrom`", &["kind", "name", "optional"]);
        }
        self.check_keys("/spec/commonMetadata", "`commonMetadata`", &["labels", "annotations"]);
        self.check_keys("/spec/sourceRef", "`sourceRef`", &["apiVersion", "kind", "name", "namespace"]);
        if self.at("/spec/kubeConfig").is_some_and(|value| !value.is_null()) {
            let problem = Problem::warning("flux", "`kubeConfig` of a Flux Kustomization is not read")
                .spot(self.key_spot("/spec/kubeConfig"))
                .note("it applies to another cluster, and whatever it applies counts as part of this workspace")
                .help("if it is for another workspace, choose yours with `--from-flux FILE`");
            self.unread.push(problem);
        }
    }

    fn text(&mut self, pointer: &str) -> Option<String> {
        match self.at(pointer) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => {
                let name = pointer.trim_start_matches('/').replace('/', ".");
                self.fault(pointer, format!("`{name}` must be a text"));
                None
            }
        }
    }

    fn flag(&mut self, pointer: &str) -> bool {
        match self.at(pointer) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                let name = pointer.trim_start_matches('/').replace('/', ".");
                self.fault(pointer, format!("`{name}` is `true` or `false`"));
                false
            }
        }
    }

    fn read(&mut self) -> Option<Kustomization> {
        let before = self.faults.len();
        self.check_all_keys();
        let Some(name) = self.text("/metadata/name").filter(|name| !name.is_empty()) else {
            if self.faults.len() == before {
                self.fault("", "a Flux Kustomization has a name: `metadata.name`".into());
            }
            return None;
        };
        let namespace = self.text("/metadata/namespace").unwrap_or_else(|| super::DEFAULT_NAMESPACE.to_owned());
        for field in REFUSED {
            let pointer = member("/spec", field);
            if self.at(&pointer).is_some_and(|value| value.as_array().is_none_or(|items| !items.is_empty())) {
                let spot = self.key_spot(&pointer);
                self.unread.push(
                    Problem::error("flux", format!("`{field}` of a Flux Kustomization is not read"))
                        .spot(spot)
                        .help("run `flux build kustomization NAME --path DIR --kustomization-file FILE --dry-run | amgctl plan -`"),
                );
            }
        }
        if self.at("/spec/decryption").is_some() {
            let spot = self.key_spot("/spec/decryption");
            self.unread.push(
                Problem::warning("flux", "what SOPS encrypted is not decrypted")
                    .spot(spot)
                    .help("give such values by `--secret NAMESPACE/NAME.KEY=env:VARIABLE`"),
            );
        }
        let changes = Changes {
            namespace: self.text("/spec/targetNamespace").filter(|namespace| !namespace.is_empty()),
            prefix: self.text("/spec/namePrefix").unwrap_or_default(),
            suffix: self.text("/spec/nameSuffix").unwrap_or_default(),
            labels: self.texts("/spec/commonMetadata/labels").into_iter().collect(),
            annotations: self.texts("/spec/commonMetadata/annotations").into_iter().collect(),
        };
        let prune = match self.at("/spec/prune") {
            None => true,
            Some(_) => self.flag("/spec/prune"),
        };
        Some(Kustomization {
            spot: self.document.spot(self.base, ""),
            path: self.text("/spec/path").unwrap_or_default(),
            path_spot: self.spot("/spec/path"),
            prune,
            suspend: self.flag("/spec/suspend"),
            force: self.flag("/spec/force"),
            changes,
            substitute: self.texts("/spec/postBuild/substitute"),
            substitute_from: self.substitute_from(),
            always: self.text("/spec/postBuild/substituteStrategy").as_deref() == Some("Always"),
            source: (
                self.text("/spec/sourceRef/kind").unwrap_or_default(),
                self.text("/spec/sourceRef/name").unwrap_or_default(),
            ),
            namespace,
            name,
        })
    }

    // An object whose values are texts, in the order of the file.
    fn texts(&mut self, pointer: &str) -> Vec<(String, String)> {
        static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        let members = self.at(pointer).and_then(Value::as_object).unwrap_or(&EMPTY);
        let mut texts = Vec::new();
        for (key, value) in members {
            let at = member(pointer, key);
            match value {
                Value::String(text) => texts.push((key.clone(), text.clone())),
                Value::Null => texts.push((key.clone(), String::new())),
                _ => {
                    let spot = self.spot(&at);
                    self.faults.push(
                        Problem::error("flux", format!("the value of `{key}` must be a text"))
                            .spot(spot)
                            .help("put it into quotes"),
                    );
                }
            }
        }
        texts
    }

    fn substitute_from(&mut self) -> Vec<SubstituteFrom> {
        let count = self.at("/spec/postBuild/substituteFrom").and_then(Value::as_array).map_or(0, Vec::len);
        let mut all = Vec::new();
        for i in 0..count {
            let base = format!("/spec/postBuild/substituteFrom/{i}");
            let kind = self.text(&format!("{base}/kind")).unwrap_or_default();
            let Some(name) = self.text(&format!("{base}/name")) else {
                self.fault(&base, "this names neither a ConfigMap nor a Secret".into());
                continue;
            };
            if !matches!(kind.as_str(), "ConfigMap" | "Secret") {
                self.fault(&base, format!("variables come from a `ConfigMap` or a `Secret`, not from a `{kind}`"));
                continue;
            }
            let spot = self.spot(&format!("{base}/name"));
            let optional = self.flag(&format!("{base}/optional"));
            all.push(SubstituteFrom { is_secret: kind == "Secret", name, optional, spot });
        }
        all
    }
}

/// What the annotations of an object say of it: `kustomize.toolkit.fluxcd.io/…`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Annotations {
    /// `prune: disabled`: it stays in the workspace when it leaves the directory.
    pub keep: bool,
    /// `reconcile: disabled`, or `ssa: Ignore`: it is left alone, with the words that say so.
    pub left_alone: Option<&'static str>,
    /// `ssa: IfNotPresent`: it is made, and never changed.
    pub create_only: bool,
    /// `force: enabled`: it may be replaced where it cannot be changed.
    pub replace: bool,
}

impl Annotations {
    /// Reads the annotations, and the labels of the same names, of an object.
    pub(crate) fn of(object: &Value) -> Annotations {
        let says = |name: &str, word: &str| {
            let key = format!("{GROUP}/{name}");
            ["annotations", "labels"].into_iter().any(|map| {
                let metadata = object.get("metadata").and_then(|metadata| metadata.get(map));
                let value = metadata.and_then(|map| map.get(&key)).and_then(Value::as_str);
                value.is_some_and(|value| value.eq_ignore_ascii_case(word))
            })
        };
        let left_alone = [
            ("reconcile", "disabled", "the annotation `kustomize.toolkit.fluxcd.io/reconcile` is `disabled`"),
            ("ssa", "ignore", "the annotation `kustomize.toolkit.fluxcd.io/ssa` is `Ignore`"),
        ];
        Annotations {
            keep: says("prune", "disabled"),
            left_alone: left_alone.into_iter().find(|(name, word, _)| says(name, word)).map(|(_, _, words)| words),
            create_only: says("ssa", "ifnotpresent"),
            replace: says("force", "enabled"),
        }
    }
}
