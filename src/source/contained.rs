//! Bodies that a plan holds itself, so that it can be applied without its directory.
//!
//! A body is held as it is sent. Where values of it come from elsewhere it is held as it is written, and read again from
//! there when it is sent: no secret is in it. What cannot be held so (a secret that stands in the directory itself, a
//! value of one of its files or manifests) is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value};

use super::cluster::Cluster;
use super::document::{self, Document, Format};
use super::text::SourceText;
use super::values::{Dollars, Resolved, Values};
use super::{Body, Bound, Environment, datasource};
use crate::kinds::datasource::Datasource;
use crate::model::{Address, Declared, Kept, Problem, Secret};

/// The file that faults of a body are said to stand in.
const FILE: &str = "<the plan>";

/// A body as a plan holds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Contained {
    /// The JSON text.
    pub text: String,
    /// How values from elsewhere are written in it; none where there are none, so that it is as it is sent.
    pub spelling: Option<Spelling>,
}

/// How values from elsewhere are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spelling {
    /// `$__env{NAME}` and its like.
    Plain,
    /// These, and `$NAME`, `${NAME}` and `$$` as in Grafana's provisioning files.
    Provisioning,
}

/// A body as it is sent, and the secrets to send with it, by key.
pub type Opened = (Body, Vec<(String, Secret)>);

impl Spelling {
    fn dollars(self) -> Dollars {
        match self {
            Spelling::Plain => Dollars::Plain,
            Spelling::Provisioning => Dollars::Provisioning,
        }
    }
}

impl Bound {
    /// The body of an object as a plan may hold it; errors say in the rest of a sentence why it may not.
    pub fn contained(&self, declared: &Declared) -> Result<Contained, String> {
        let body = self.body(declared).map_err(|problem| problem.message)?;
        if declared.secrets.is_empty() && body.pieces.is_empty() {
            return Ok(Contained { text: body.text, spelling: None });
        }
        let elsewhere = || "values of it come from what only the directory has".to_owned();
        if declared.address.kind != Datasource::NAME {
            return Err(elsewhere());
        }
        let mut secrets = Map::new();
        for secret in &declared.secrets {
            let Some(written) = &secret.written else {
                return Err(format!("its secret `{}` stands in the directory itself", secret.key));
            };
            secrets.insert(secret.key.clone(), written.clone().into());
        }
        let mut written = body.shown.clone();
        if let Value::Object(object) = &mut written {
            object.insert("secureJsonData".into(), Value::Object(secrets));
        }
        let text = written.to_string();
        let values = self.secrets(declared).map_err(|problem| problem.message)?;
        let is_the_same = |(again, secrets): &Opened| {
            let pairs = |all: &[(String, Secret)]| -> BTreeMap<String, String> {
                all.iter().map(|(key, value)| (key.clone(), value.expose().to_owned())).collect()
            };
            again.text == body.text && pairs(secrets) == pairs(&values)
        };
        [Spelling::Plain, Spelling::Provisioning]
            .into_iter()
            .map(|spelling| Contained { text: text.clone(), spelling: Some(spelling) })
            .find(|held| {
                held.open(&declared.address, &self.files.environment, &self.fetched).as_ref().is_ok_and(is_the_same)
            })
            .ok_or_else(elsewhere)
    }
}

impl Contained {
    /// What of it is kept in AWS.
    #[must_use]
    pub fn kept(&self) -> BTreeSet<Kept> {
        let (Some(spelling), Ok(value)) = (self.spelling, serde_json::from_str::<Value>(&self.text)) else {
            return BTreeSet::new();
        };
        // What stands in the environment does not decide what is kept elsewhere.
        let environment: Environment = std::sync::Arc::new(|_| Some("set".into()));
        let values = values(&environment, spelling, &NOTHING);
        let secrets = value.get("secureJsonData").and_then(Value::as_object).into_iter().flatten();
        let kept = secrets.filter_map(|(_, text)| match values.resolve(text.as_str()?) {
            Ok(Resolved::Kept(kept)) => Some(kept),
            Ok(Resolved::AsWritten | Resolved::Text(_)) | Err(_) => None,
        });
        kept.collect()
    }

    /// The body as it is sent, and the secrets to send with it, by key; `fetched` holds what is kept in AWS.
    pub fn open(
        &self,
        address: &Address,
        environment: &Environment,
        fetched: &BTreeMap<Kept, Secret>,
    ) -> Result<Opened, Box<Problem>> {
        let Some(spelling) = self.spelling else {
            let value: Value = serde_json::from_str(&self.text).map_err(|error| {
                Problem::error("contained", format!("the body of `{address}` is no JSON: {error}"))
            })?;
            return Ok((
                Body { text: self.text.clone(), shown: value.clone(), value, pieces: Vec::new() },
                Vec::new(),
            ));
        };
        let source = SourceText::new(FILE.into(), self.text.clone().into_bytes())?;
        let values = values(environment, spelling, &NOTHING);
        self.document(&source, address, |document| {
            let read = datasource::options(document, "", &values)?;
            let secrets = datasource::secrets(document, "", &values, fetched)?;
            Ok((datasource::body(read, address), secrets))
        })
    }

    fn document<T>(
        &self,
        source: &SourceText,
        address: &Address,
        look: impl FnOnce(&Document<'_>) -> Result<T, Problem>,
    ) -> Result<T, Box<Problem>> {
        let (documents, _) = document::read(source, Format::Json);
        match documents.first() {
            Some(document) => look(document).map_err(Box::new),
            None => Err(Box::new(Problem::error("contained", format!("the body of `{address}` is no JSON")))),
        }
    }
}

static NOTHING: std::sync::LazyLock<Cluster> = std::sync::LazyLock::new(Cluster::default);

/// Values from elsewhere but from files: there is no directory.
fn values<'a>(environment: &'a Environment, spelling: Spelling, nothing: &'a Cluster) -> Values<'a> {
    Values { environment, root: Path::new(FILE), dollars: spelling.dollars(), cluster: nothing }
}
