//! Values from elsewhere in the texts of data sources: `$__env{NAME}`, `$__file{path}`, and secrets kept in AWS.
//!
//! `$__…{}` is read in every data source. In a provisioning file (`apiVersion: 1`) `$NAME`, `${NAME}` and `$$` mean
//! what they mean to Grafana, too; elsewhere a `$` is a `$`. What cannot be resolved is an error, never left in
//! and never empty: a CI secret that nobody set is an empty variable, and sending it would erase a password. The
//! environment is given by the caller; files are read from the directory only.

use std::path::{Component, Path};

use super::Environment;
use super::cluster::{Cluster, Lookup};
use crate::model::{Kept, Secret};

/// How a `$` is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dollars {
    /// As in Grafana's provisioning files: `$NAME`, `${NAME}` and `$$` count.
    Provisioning,
    /// Only `$__…{}` counts.
    Plain,
    /// Only `$__…{}` counts, and there are the values of a cluster, too ([`marker`]).
    Manifest,
}

/// Where values come from.
#[derive(Clone)]
pub(crate) struct Values<'a> {
    /// The environment.
    pub environment: &'a Environment,
    /// The directory that `$__file{}` reads from.
    pub root: &'a Path,
    /// How a `$` is read.
    pub dollars: Dollars,
    /// The cluster, whose values a manifest has.
    pub cluster: &'a Cluster,
}

/// What a text amounts to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Resolved {
    /// It is the text as written.
    AsWritten,
    /// It came in part from elsewhere.
    Text(String),
    /// It is kept in AWS, and fetched only when it is needed.
    Kept(Kept),
}

/// Why a text cannot be resolved; never with a value in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Unresolved {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Values<'_> {
    /// Resolves one text.
    pub(crate) fn resolve(&self, text: &str) -> Result<Resolved, Unresolved> {
        if !text.contains('$') {
            return Ok(Resolved::AsWritten);
        }
        let mut out = String::with_capacity(text.len());
        let mut changed = false;
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let (value, length) = match self.one(rest)? {
                One::Literal => ("$".to_owned(), 1),
                One::Value(value, length) => (value, length),
                One::Kept(kept, length) if length == text.len() => return Ok(Resolved::Kept(kept)),
                One::Kept(..) => {
                    return Err(unresolved(
                        "a secret kept in AWS must be the whole text, with nothing before or after it",
                        "put the whole value into the secret",
                    ));
                }
            };
            changed |= !(value == "$" && length == 1);
            out.push_str(&value);
            rest = &rest[length..];
        }
        out.push_str(rest);
        Ok(if changed { Resolved::Text(out) } else { Resolved::AsWritten })
    }

    /// The values from elsewhere that a text is put together from, each with how it is written.
    pub(crate) fn pieces(&self, text: &str) -> Vec<(Secret, String)> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            rest = &rest[at..];
            let length = match self.one(rest) {
                Ok(One::Value(value, length)) => {
                    if value != "$" {
                        pieces.push((Secret::new(value), rest[..length].to_owned()));
                    }
                    length
                }
                Ok(One::Literal) => 1,
                Ok(One::Kept(_, length)) => length,
                Err(_) => return pieces,
            };
            rest = &rest[length..];
        }
        pieces
    }

    // What the `$` at the beginning of a text stands for, and how many bytes it takes.
    fn one(&self, text: &str) -> Result<One, Unresolved> {
        if let Some(rest) = text.strip_prefix("$__") {
            let name_end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            if rest[name_end..].starts_with('{') {
                let name = &rest[..name_end];
                let Some(close) = rest.find('}') else {
                    return Err(unresolved(format!("`$__{name}{{` is never closed"), "close it with `}`"));
                };
                return self.provider(name, rest[name_end + 1..close].trim(), 3 + close + 1);
            }
        }
        if self.dollars != Dollars::Provisioning {
            return Ok(One::Literal);
        }
        if text.starts_with("$$") {
            return Ok(One::Value("$".into(), 2));
        }
        let (name, length) = match text.strip_prefix("${") {
            Some(rest) => match rest.find('}') {
                Some(close) => (&rest[..close], 2 + close + 1),
                None => {
                    return Err(unresolved("`${` is never closed", "close it with `}`, or write `$$` for a `$`"));
                }
            },
            None => {
                let rest = &text[1..];
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
                (&rest[..end], 1 + end)
            }
        };
        if name.is_empty() {
            return Ok(One::Literal);
        }
        let help = "set it; a `$` itself is written `$$` in a provisioning file, as Grafana reads it";
        Ok(One::Value(self.variable(name, help)?, length))
    }

    fn variable(&self, name: &str, help: &str) -> Result<String, Unresolved> {
        match (self.environment)(name) {
            Some(value) if is_blank(&value) => Err(unresolved(
                format!("the environment variable `{name}` is empty"),
                "set it where amgctl runs (a CI secret that does not exist is an empty text), or remove this key",
            )),
            Some(value) => Ok(value),
            None => Err(unresolved(format!("the environment variable `{name}` is not set"), help)),
        }
    }

    fn provider(&self, name: &str, argument: &str, length: usize) -> Result<One, Unresolved> {
        match name {
            "secret" | "configmap" if self.dollars == Dollars::Manifest => self.of_cluster(name, argument, length),
            "env" => Ok(One::Value(self.variable(argument, "set it where amgctl runs")?, length)),
            "file" => Ok(One::Value(self.file(argument)?, length)),
            "secretsmanager" => Ok(One::Kept(secrets_manager(argument)?, length)),
            "ssm" if argument.starts_with('/') || (!argument.is_empty() && !argument.contains('/')) => {
                Ok(One::Kept(Kept::Parameter(argument.to_owned()), length))
            }
            "ssm" => Err(unresolved(
                format!("`{argument}` is no name of a parameter"),
                "write `$__ssm{/path/to/parameter}`",
            )),
            _ => Err(unresolved(
                format!("there is no `$__{name}{{}}`"),
                "there are `$__env{}`, `$__file{}`, `$__secretsmanager{}` and `$__ssm{}`",
            )),
        }
    }

    // A value of a Secret or a ConfigMap; one that was not fetched stays as it is written.
    fn of_cluster(&self, provider: &str, argument: &str, length: usize) -> Result<One, Unresolved> {
        let kind = if provider == "secret" { "Secret" } else { "ConfigMap" };
        let mut parts = argument.splitn(3, '/');
        let mut part = || parts.next().unwrap_or_default();
        let (namespace, name, key) = (part(), part(), part());
        match self.cluster.look_up(kind, namespace, name, key) {
            Lookup::Value(value) if is_blank(value) => Err(unresolved(
                format!("the key `{key}` of the {kind} `{name}` is empty"),
                "write the value into it, or remove this key",
            )),
            Lookup::Value(value) => Ok(One::Value(value.to_owned(), length)),
            Lookup::NotFetched => Ok(One::Value(format!("$__{provider}{{{argument}}}"), length)),
            Lookup::NoObject | Lookup::NoKey(_) => Err(unresolved(
                format!("there is no key `{key}` of the {kind} `{name}` in the namespace `{namespace}`"),
                "add it to the directory",
            )),
        }
    }

    fn file(&self, path: &str) -> Result<String, Unresolved> {
        let inside = "name a file inside the directory, relative to it";
        let relative = Path::new(path);
        let outside = relative.is_absolute() || relative.components().any(|part| part == Component::ParentDir);
        if outside || path.is_empty() {
            return Err(unresolved(format!("`$__file{{{path}}}` leads out of the directory"), inside));
        }
        let (Ok(root), Ok(target)) = (self.root.canonicalize(), self.root.join(relative).canonicalize()) else {
            return Err(unresolved(format!("there is no file `{path}` in the directory"), inside));
        };
        if !target.starts_with(root) {
            return Err(unresolved(format!("`$__file{{{path}}}` leads out of the directory"), inside));
        }
        match std::fs::read_to_string(target) {
            Ok(text) if is_blank(&text) => Err(unresolved(
                format!("the file `{path}` is empty"),
                "write the value into it, or remove this key",
            )),
            Ok(text) => Ok(text.trim().to_owned()),
            Err(error) => Err(unresolved(format!("the file `{path}` cannot be read: {error}"), inside)),
        }
    }
}

/// How a value of a cluster is written in a text of a manifest.
pub(crate) fn marker(kind: &str, namespace: &str, name: &str, key: &str) -> String {
    let provider = if kind == "Secret" { "secret" } else { "configmap" };
    format!("$__{provider}{{{namespace}/{name}/{key}}}")
}

/// Whether a value from elsewhere says nothing: it is never sent.
pub(crate) fn is_blank(value: &str) -> bool {
    value.trim().is_empty()
}

enum One {
    Literal,
    Value(String, usize),
    Kept(Kept, usize),
}

// `id:json-key:stage` as ECS writes it; an ARN has six colons of its own.
fn secrets_manager(argument: &str) -> Result<Kept, Unresolved> {
    let help = "write `$__secretsmanager{name:json-key:stage}`, the last two where they are needed";
    let (id, rest) = if argument.starts_with("arn:") {
        let colons: Vec<usize> = argument.match_indices(':').map(|(i, _)| i).collect();
        if colons.len() < 6 {
            return Err(unresolved(format!("`{argument}` is no ARN of a secret"), help));
        }
        match colons.get(6) {
            Some(at) => (&argument[..*at], &argument[at + 1..]),
            None => (argument, ""),
        }
    } else {
        argument.split_once(':').unwrap_or((argument, ""))
    };
    let mut parts = rest.split(':');
    let (key, stage) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if id.is_empty() || parts.any(|part| !part.is_empty()) {
        return Err(unresolved(format!("`{argument}` names no secret"), help));
    }
    Ok(Kept::Secret { id: id.into(), key: key.into(), stage: stage.into() })
}

fn unresolved(message: impl Into<String>, help: impl Into<String>) -> Unresolved {
    Unresolved { message: message.into(), help: help.into() }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn resolve(text: &str, dollars: Dollars) -> Result<Resolved, String> {
        let environment: Environment = Arc::new(|name| match name {
            "HOST" => Some("amp".to_owned()),
            "EMPTY" => Some(String::new()),
            "BLANK" => Some(" \n".to_owned()),
            _ => None,
        });
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("empty"), "\n").unwrap();
        std::fs::write(root.path().join("token"), "hunter2\n").unwrap();
        Values { environment: &environment, root: root.path(), dollars, cluster: &Cluster::default() }
            .resolve(text)
            .map_err(|e| e.message)
    }

    fn text(text: &str) -> Result<Resolved, String> {
        Ok(Resolved::Text(text.into()))
    }

    #[test]
    fn provisioning_files_read_dollars_as_grafana_does() {
        let read = |text: &str| resolve(text, Dollars::Provisioning);
        assert_eq!(read("http://$HOST:80/${HOST}"), text("http://amp:80/amp"));
        assert_eq!(read("$${__value.raw}"), text("${__value.raw}"));
        assert_eq!(read("$__env{HOST}$$"), text("amp$"));
        assert_eq!(read("cost $ 5"), Ok(Resolved::AsWritten));
        assert_eq!(read("pa$word"), Err("the environment variable `word` is not set".into()));
    }

    #[test]
    fn elsewhere_a_dollar_is_a_dollar() {
        let read = |text: &str| resolve(text, Dollars::Plain);
        assert_eq!(read("${__value.raw} $HOST $$"), Ok(Resolved::AsWritten));
        assert_eq!(read("a-$__env{HOST}-$b"), text("a-amp-$b"));
        assert_eq!(read("$__env{NONE}"), Err("the environment variable `NONE` is not set".into()));
        assert_eq!(read("$__vault{x}"), Err("there is no `$__vault{}`".into()));
        assert_eq!(read("$__env{HOST"), Err("`$__env{` is never closed".into()));
    }

    #[test]
    fn a_value_that_is_empty_is_an_error_wherever_it_comes_from() {
        let empty = |name: &str| Err(format!("the environment variable `{name}` is empty"));
        for dollars in [Dollars::Plain, Dollars::Provisioning] {
            assert_eq!(resolve("$__env{EMPTY}", dollars), empty("EMPTY"));
            assert_eq!(resolve("http://$__env{BLANK}:80", dollars), empty("BLANK"));
            assert_eq!(resolve("$__file{empty}", dollars), Err("the file `empty` is empty".into()));
        }
        assert_eq!(resolve("${EMPTY}", Dollars::Provisioning), empty("EMPTY"));
        assert_eq!(resolve("a$BLANK", Dollars::Provisioning), empty("BLANK"));
        assert_eq!(resolve("", Dollars::Plain), Ok(Resolved::AsWritten));
    }

    #[test]
    fn files_come_from_inside_the_directory() {
        let read = |text: &str| resolve(text, Dollars::Plain);
        assert_eq!(read("$__file{token}"), text("hunter2"));
        assert_eq!(read("$__file{../token}"), Err("`$__file{../token}` leads out of the directory".into()));
        assert_eq!(
            read("$__file{/etc/hostname}"),
            Err("`$__file{/etc/hostname}` leads out of the directory".into())
        );
        assert_eq!(read("$__file{none}"), Err("there is no file `none` in the directory".into()));
    }

    #[test]
    fn secrets_in_aws_are_parsed_and_not_fetched() {
        let read = |text: &str| resolve(text, Dollars::Plain);
        let kept = |id: &str, key: &str, stage: &str| {
            Ok(Resolved::Kept(Kept::Secret { id: id.into(), key: key.into(), stage: stage.into() }))
        };
        assert_eq!(read("$__secretsmanager{prod/amp}"), kept("prod/amp", "", ""));
        assert_eq!(read("$__secretsmanager{prod/amp:key:AWSPREVIOUS}"), kept("prod/amp", "key", "AWSPREVIOUS"));
        let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:amp-AbCdEf";
        assert_eq!(read(&format!("$__secretsmanager{{{arn}}}")), kept(arn, "", ""));
        assert_eq!(read(&format!("$__secretsmanager{{{arn}:key::}}")), kept(arn, "key", ""));
        assert_eq!(read("$__ssm{/a/b}"), Ok(Resolved::Kept(Kept::Parameter("/a/b".into()))));
        assert!(read("$__ssm{a/b}").is_err());
        assert!(read("$__secretsmanager{}").is_err());
        assert!(read("x$__ssm{/a}").is_err());
    }
}
