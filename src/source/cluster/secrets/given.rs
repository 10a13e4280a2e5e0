//! Values that are given to the run for keys of Secrets: `--secret NAMESPACE/NAME.KEY=SOURCE`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::value;
use super::wanted::{Access, Fetched, Version, Wanted, What};
use crate::model::Secret;
use crate::source::Environment;

/// The largest file that holds a value, in bytes: what a Secret of a cluster holds at most.
const LARGEST: u64 = 1024 * 1024;

/// A value that is given for a key of a Secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Given {
    /// As it was typed, without the value's source.
    typed: String,
    namespace: String,
    /// The Secret's name, a dot, and the key: both may hold dots.
    path: String,
    source: GivenSource,
}

/// Where a given value comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GivenSource {
    /// A variable of the environment.
    Variable(String),
    /// A file, without the blanks around what it holds.
    File(PathBuf),
    /// AWS, with the identity and the region of the run; the part that a property names, if that is not empty.
    Aws {
        /// What is fetched.
        what: What,
        /// The property.
        property: String,
    },
}

impl Given {
    /// Whether a text after `--secret` is meant to give a value for a key: something with a slash and a dot, and `=`; or
    /// with a colon, which no secret of Secrets Manager has in its name. Else it names the secret of a stored token; one
    /// whose name looks so is named by its ARN.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        let key = text.split_once('=').map(|(key, _)| key);
        let path = key.and_then(|key| key.split_once('/')).map(|(_, path)| path);
        (path.is_some_and(|path| path.contains('.')) || text.contains(':')) && !text.starts_with("arn:")
    }

    /// Reads `NAMESPACE/NAME.KEY=SOURCE`, or says what is wrong with it; never with a value.
    pub fn parse(text: &str) -> Result<Given, String> {
        let shape =
            "it is written `NAMESPACE/NAME.KEY=env:VARIABLE`, or with `file:PATH`, `sm:ID#PROPERTY` or `ssm:NAME`";
        let (typed, source) = text.split_once('=').ok_or_else(|| format!("there is no `=` in it: {shape}"))?;
        let (namespace, path) = typed.split_once('/').unwrap_or_default();
        let has_both = path.split_once('.').is_some_and(|(name, key)| !name.is_empty() && !key.is_empty());
        if namespace.is_empty() || !has_both || path.contains('/') {
            return Err(format!("`{typed}` names no key of a Secret: {shape}"));
        }
        let (kind, rest) = source.split_once(':').unwrap_or_default();
        let (id, property) = rest.split_once('#').unwrap_or((rest, ""));
        let aws = |what| GivenSource::Aws { what, property: property.to_owned() };
        let source = match kind {
            // What stands here may be the value itself: it is not repeated.
            _ if rest.is_empty() || id.is_empty() => {
                return Err(format!("the source of `{typed}` is not known: {shape}"));
            }
            "env" => GivenSource::Variable(rest.to_owned()),
            "file" => GivenSource::File(rest.into()),
            "sm" => aws(What::Secret { id: id.to_owned(), version: Version::default() }),
            "ssm" => aws(What::Parameter { name: id.to_owned() }),
            _ => return Err(format!("the source of `{typed}` is not known: {shape}")),
        };
        Ok(Given { typed: typed.to_owned(), namespace: namespace.to_owned(), path: path.to_owned(), source })
    }

    /// As it was typed, without the value's source.
    pub(super) fn typed(&self) -> &str {
        &self.typed
    }

    /// The key of a Secret that it is for; none of another Secret.
    pub(super) fn key_of(&self, namespace: &str, name: &str) -> Option<&str> {
        let key = self.path.strip_prefix(name)?.strip_prefix('.')?;
        (self.namespace == namespace && !key.is_empty()).then_some(key)
    }

    /// Whether it is for this key of this Secret.
    #[must_use]
    pub fn is_for(&self, namespace: &str, name: &str, key: &str) -> bool {
        self.key_of(namespace, name) == Some(key)
    }

    /// What has to be fetched for it.
    pub(super) fn wanted(&self) -> Option<Wanted> {
        match &self.source {
            GivenSource::Variable(_) | GivenSource::File(_) => None,
            GivenSource::Aws { what, .. } => Some(Wanted { access: Access::default(), what: what.clone() }),
        }
    }

    /// Its value, of the machine or of what was fetched.
    pub(super) fn value(&self, environment: &Environment, fetched: Option<&Fetched>) -> Result<Secret, String> {
        match &self.source {
            GivenSource::Variable(name) => {
                environment(name).map(Secret::new).ok_or(format!("the environment variable `{name}` is not set"))
            }
            GivenSource::File(path) => read(path),
            GivenSource::Aws { property, .. } => match fetched {
                Some(Fetched::One(found)) => value::property(found, property),
                Some(Fetched::Several(_)) | None => Err("it was not fetched".into()),
            },
        }
    }
}

fn read(path: &Path) -> Result<Secret, String> {
    let mut text = String::new();
    let file = std::fs::File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text));
    match file {
        Ok(_) if text.len() as u64 > LARGEST => Err(format!("the file `{}` is larger than 1 MiB", path.display())),
        Ok(_) => Ok(Secret::new(text.trim().to_owned())),
        Err(error) => Err(format!("the file `{}` cannot be read: {error}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_value_names_a_key_and_a_source() {
        let source = |text: &str| Given::parse(&format!("monitoring/creds.token={text}")).map(|given| given.source);
        let secret = |id: &str| What::Secret { id: id.into(), version: Version::default() };
        assert_eq!(source("env:TOKEN"), Ok(GivenSource::Variable("TOKEN".into())));
        assert_eq!(source("file:/run/a#b"), Ok(GivenSource::File("/run/a#b".into())));
        assert_eq!(
            source("sm:prod/db#auth.password"),
            Ok(GivenSource::Aws { what: secret("prod/db"), property: "auth.password".into() })
        );
        let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-AbCdEf";
        assert_eq!(
            source(&format!("sm:{arn}")),
            Ok(GivenSource::Aws { what: secret(arn), property: String::new() })
        );
        let parameter = What::Parameter { name: "/a/b:3".into() };
        assert_eq!(source("ssm:/a/b:3"), Ok(GivenSource::Aws { what: parameter, property: String::new() }));
    }

    #[test]
    fn names_and_keys_may_hold_dots() {
        let given = Given::parse("ns/my.secret.tls.crt=env:X").unwrap();
        assert_eq!(given.key_of("ns", "my.secret"), Some("tls.crt"));
        assert_eq!(given.key_of("ns", "my"), Some("secret.tls.crt"));
        assert_eq!(given.key_of("ns", "my.secret.tls.crt"), None);
        assert_eq!(given.key_of("other", "my"), None);
    }

    #[test]
    fn what_makes_no_sense_is_refused_without_what_may_be_the_value() {
        for text in ["a/b.c", "b.c=env:X", "a/b=env:X", "a/.c=env:X", "a/b.=env:X", "/b.c=env:X", "a/b/c.d=env:X"] {
            assert!(Given::parse(text).is_err(), "{text}");
        }
        for text in ["a/b.c=hunter2:x", "a/b.c=hunter2", "a/b.c=env:", "a/b.c=sm:#hunter2"] {
            assert!(!Given::parse(text).unwrap_err().contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn the_name_of_a_stored_tokens_secret_gives_no_value() {
        for text in ["amgctl/prod", "a=b/c.d", "rds!db-1", "arn:aws:secretsmanager:eu-west-1:1:secret:a=b/c-AbCdEf"]
        {
            assert!(!Given::is_meant(text), "{text}");
        }
        for text in ["ns/name.key=env:X", "ns/name.key=hunter2:", "ns/name.key=hunter2"] {
            assert!(Given::is_meant(text), "{text}");
        }
        // What gives a value and names no key is no name of a token's secret: it is refused in words, not looked for.
        for text in ["x=env:X", "ns/name=env:X", "env:X", "ns/name.key:env:X", "x=sm:a/b#c"] {
            assert!(Given::is_meant(text) && Given::parse(text).is_err(), "{text}");
        }
    }
}
