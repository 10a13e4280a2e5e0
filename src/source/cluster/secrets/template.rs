//! `target.template` of an ExternalSecret, as far as `{{ .key }}`: texts that fetched keys are put into.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::{At, Fault};
use crate::model::Secret;

/// A template of a Secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Template {
    /// The texts by the keys of the Secret, each in pieces.
    texts: BTreeMap<String, Vec<Piece>>,
    /// Whether the fetched keys stay beside them.
    merges: bool,
}

/// A piece of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    /// As it is written.
    Text(String),
    /// The value of a fetched key.
    Key(String),
}

/// Reads a template; none where it changes no key.
pub(super) fn read(at: &At<'_>) -> Result<Option<Template>, Fault> {
    if !at.is_set() {
        return Ok(None);
    }
    let help =
        "take the keys as they are fetched, or give the finished value: `--secret NAMESPACE/NAME.KEY=env:VARIABLE`";
    at.only(&["type", "engineVersion", "metadata", "mergePolicy", "data", "templateFrom"])?;
    let from = at.get("templateFrom");
    if from.value().as_array().is_some_and(|items| !items.is_empty()) {
        return Err(from.fault("`templateFrom` is not read: only texts with `{{ .key }}` in `data` are", help));
    }
    if at.text("engineVersion")?.is_some_and(|version| version != "v2") {
        return Err(at.get("engineVersion").fault("only templates of `engineVersion: v2` are read", help));
    }
    let merges = at.word("mergePolicy", &[("Replace", false), ("Merge", true)])?;
    let data = at.get("data");
    let mut texts = BTreeMap::new();
    for key in data.keys() {
        let one = data.get(key);
        let pieces = one.value().as_str().map_or(Err("a value that is no text".to_owned()), pieces);
        let pieces = pieces.map_err(|what| {
            one.fault(format!("the template of `{key}` has {what}; only `{{{{ .key }}}}` is read"), help)
        })?;
        texts.insert(key.to_owned(), pieces);
    }
    Ok((!texts.is_empty()).then_some(Template { texts, merges }))
}

fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        let end = rest[open..].find("}}").ok_or("a `{{` that is never closed")?;
        let action = &rest[open + 2..open + end];
        let name = action.trim().strip_prefix('.').unwrap_or_default();
        let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        if !is_name {
            let shown: String = action.trim().chars().take(40).collect();
            return Err(format!("`{{{{ {shown} }}}}`"));
        }
        pieces.push(Piece::Text(rest[..open].to_owned()));
        pieces.push(Piece::Key(name.to_owned()));
        rest = &rest[open + end + 2..];
    }
    pieces.push(Piece::Text(rest.to_owned()));
    Ok(pieces)
}

impl Template {
    /// The fetched keys that a key of the Secret is made of.
    pub(super) fn needs(&self, key: &str) -> BTreeSet<String> {
        match self.texts.get(key) {
            Some(pieces) => {
                let key = |piece: &Piece| match piece {
                    Piece::Key(key) => Some(key.clone()),
                    Piece::Text(_) => None,
                };
                pieces.iter().filter_map(key).collect()
            }
            None if self.merges => BTreeSet::from([key.to_owned()]),
            None => BTreeSet::new(),
        }
    }

    /// The keys that the Secret has by it, with the fetched ones where they stay.
    pub(super) fn names(&self, fetched: impl Iterator<Item = String>) -> Vec<String> {
        let stay: BTreeSet<String> = fetched.filter(|_| self.merges).chain(self.texts.keys().cloned()).collect();
        stay.into_iter().collect()
    }

    /// The Secret that it makes of what was fetched; keys whose parts are missing are left out.
    pub(super) fn fill(&self, fetched: &BTreeMap<String, Secret>) -> BTreeMap<String, Secret> {
        let mut made = if self.merges { fetched.clone() } else { BTreeMap::new() };
        for (key, pieces) in &self.texts {
            let piece = |piece: &Piece| match piece {
                Piece::Text(text) => Some(text.clone()),
                Piece::Key(key) => fetched.get(key).map(|value| value.expose().to_owned()),
            };
            made.remove(key);
            made.extend(
                pieces.iter().map(piece).collect::<Option<String>>().map(|text| (key.clone(), Secret::new(text))),
            );
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_are_put_into_a_text() {
        let key = |name: &str| Piece::Key(name.into());
        let text = |text: &str| Piece::Text(text.into());
        assert_eq!(pieces("a {{ .b }}c{{.d}}"), Ok(vec![text("a "), key("b"), text("c"), key("d"), text("")]));
        assert_eq!(pieces("plain"), Ok(vec![text("plain")]));
        for (template, what) in [
            ("{{ .a | b64enc }}", "`{{ .a | b64enc }}`"),
            ("{{ index . \"a-b\" }}", "`{{ index . \"a-b\" }}`"),
            ("{{- .a }}", "`{{ - .a }}`"),
            ("{{ if .a }}x{{ end }}", "`{{ if .a }}`"),
            ("{{ .Values.x }}", "`{{ .Values.x }}`"),
            ("{{ .1 }}", "`{{ .1 }}`"),
            ("{{ .a", "a `{{` that is never closed"),
            ("{{}}", "`{{  }}`"),
        ] {
            assert_eq!(pieces(template), Err(what.into()), "{template}");
        }
    }
}
