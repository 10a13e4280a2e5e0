//! Variables put into the manifests of a file, so that every place stays a place of the file.
//!
//! Flux replaces variables in the manifest as kustomize writes it again: no comment is in that, and no quote that YAML
//! does not need. Here the text is the one that people wrote, so what stands in each scalar is replaced there, in the
//! words of its style: a value is never the end of a quoted text, and what stands in quotes stays a text. What comes of a
//! text without quotes is read as YAML again, as Flux has it: `${REPLICAS}` may become a number.

use std::collections::BTreeMap;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::Value;

use super::OPERATOR;
use super::envsubst::{self, Fault, Variables, Why};
use crate::model::{Problem, Spot};
use crate::source::document::{Format, Parsed};
use crate::source::embedded::{Edit, Written};
use crate::source::faults::Faults;
use crate::source::nearest;
use crate::source::spans::skip_string;
use crate::source::text::SourceText;
use crate::source::values::marker;
use crate::source::yaml::member;

/// The annotation, or label, of an object that keeps its text as it is.
const DISABLED: &str = "kustomize.toolkit.fluxcd.io/substitute";

/// A text that is a scalar, with how it is written.
struct Scalar {
    at: Range<usize>,
    /// As a reader has it: without quotes and escapes.
    text: String,
    style: Style,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Neither quotes nor escapes.
    Plain,
    Single,
    /// Double quotes, in YAML or in JSON.
    Double,
}

/// What is shown of an object's texts by a plan.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// Nothing, or the object is of no concern.
    Never,
    /// A value from elsewhere as it is written, so a Secret's value stays one.
    Veiled,
    /// Everything.
    Open,
}

impl Shown {
    fn of(object: &Value) -> Shown {
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
        match (text("apiVersion").split_once('/'), text("kind")) {
            (Some((OPERATOR, _)), "GrafanaDatasource") => Shown::Veiled,
            (Some((OPERATOR, _)), "Grafana") => Shown::Never,
            (Some((OPERATOR, _)), _) => Shown::Open,
            _ => Shown::Never,
        }
    }
}

/// What variables make of the manifests of a file: its new text, if there is anything to replace, and what is wrong.
///
/// `is_concerned` says of an object whether a fault in it is anybody's business.
pub(crate) fn substitute(
    source: &SourceText,
    format: Format,
    documents: &[Parsed],
    variables: &Variables,
    is_concerned: &dyn Fn(&Value) -> bool,
) -> (Option<SourceText>, Vec<Problem>) {
    if !envsubst::concerns(&source.text) {
        return (None, Vec::new());
    }
    let objects = objects(source, documents);
    let mut edits = Vec::new();
    let mut faults = Found::default();
    for scalar in scalars(&source.text, format) {
        let next = objects.partition_point(|(start, _)| *start <= scalar.at.start);
        let Some((_, Some(object))) = next.checked_sub(1).and_then(|at| objects.get(at)) else { continue };
        let (replacements, found) = envsubst::expand(&scalar.text, variables);
        let places = scalar.places(source, format);
        if is_concerned(object) {
            faults.take(&scalar, &places, found);
        }
        for replacement in replacements {
            let at = places.of(&replacement.at);
            let written = scalar.text.get(replacement.at.clone()).unwrap_or_default();
            let text = match Shown::of(object) {
                Shown::Never => replacement.text,
                Shown::Veiled => match (replacement.is_secret, replacement.secrets.first()) {
                    (Some(of), _) => marker("Secret", &of.namespace, &of.name, &of.key),
                    (None, None) => replacement.text,
                    (None, Some(name)) => {
                        faults.exposed(name, written, at.clone());
                        replacement.text
                    }
                },
                Shown::Open => {
                    for name in &replacement.secrets {
                        faults.open.entry(name.clone()).or_default().push(at.clone());
                    }
                    replacement.text
                }
            };
            edits.push(Edit { at, text: scalar.style.written(&text) });
        }
    }
    edits.sort_by_key(|edit| edit.at.start);
    let edited = (!edits.is_empty()).then(|| source.edited(&edits));
    (edited, faults.problems(source, variables))
}

/// What looks like a variable of Flux in manifests of the grafana-operator, where no variable is given at all: such a text
/// would be sent as it is written.
///
/// What `valuesFrom` fills in is written in the same way, so objects that have it are passed over.
pub(crate) fn left_as_written(source: &SourceText, format: Format, documents: &[Parsed]) -> Vec<Problem> {
    if !source.text.contains(OPERATOR) || !source.text.contains("${") {
        return Vec::new();
    }
    let objects = objects(source, documents);
    let mut names: BTreeMap<String, Vec<Range<usize>>> = BTreeMap::new();
    for scalar in scalars(&source.text, format) {
        let next = objects.partition_point(|(start, _)| *start <= scalar.at.start);
        let Some((_, Some(object))) = next.checked_sub(1).and_then(|at| objects.get(at)) else { continue };
        let name = scalar.text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        let is_variable = |name: &&str| envsubst::is_name(name) && !name.contains(|c: char| c.is_ascii_lowercase());
        if let Some(name) = name.filter(is_variable)
            && object.pointer("/spec/valuesFrom").is_none()
            && object.get("apiVersion").and_then(Value::as_str).is_some_and(|version| version.starts_with(OPERATOR))
        {
            names.entry(name.to_owned()).or_default().push(scalar.at.clone());
        }
    }
    let mut faults = Faults::default();
    for (name, places) in names {
        faults.warning(|| {
            let problem =
                Problem::warning("variable", format!("`${{{name}}}` stays as it is written: no variable is given"));
            shown(problem, &places, source).help(format!(
                "give it a value by `--var {name}=VALUE`, or name the file of the Flux Kustomization by `--from-flux`"
            ))
        });
    }
    faults.finish(&source.file)
}

// Where each object of a file begins, and the object if variables are replaced in it; sorted.
fn objects<'a>(source: &SourceText, documents: &'a [Parsed]) -> Vec<(usize, Option<&'a Value>)> {
    let mut objects = Vec::new();
    for document in documents {
        let value = &document.value;
        let items = is_list(value).then(|| value.get("items").and_then(Value::as_array)).flatten();
        objects.push((document.offset(source, ""), Some(value).filter(|value| takes_variables(value))));
        for (i, item) in items.into_iter().flatten().enumerate() {
            let at = document.offset(source, &member("/items", &i.to_string()));
            objects.push((at, Some(item).filter(|item| takes_variables(item))));
        }
    }
    objects.sort_by_key(|(at, _)| *at);
    objects
}

/// Whether a value is a list of objects, as `kubectl get` writes it.
pub(super) fn is_list(value: &Value) -> bool {
    let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default();
    kind.ends_with("List") && value.get("items").is_some_and(Value::is_array)
}

/// Whether a value is an object of a cluster at all.
pub(super) fn is_object(value: &Value) -> bool {
    let text = |key: &str| value.get(key).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    text("apiVersion") && text("kind")
}

fn takes_variables(value: &Value) -> bool {
    let says = |map: &str| {
        let metadata = value.get("metadata").and_then(|metadata| metadata.get(map));
        metadata.and_then(|map| map.get(DISABLED)).is_some_and(|word| word == "disabled")
    };
    is_object(value) && !says("annotations") && !says("labels")
}

// The scalars of a text, keys among them, that hold something to replace; nothing where the text cannot be read.
fn scalars(text: &str, format: Format) -> Vec<Scalar> {
    match format {
        Format::Json => json_scalars(text),
        Format::Yaml => yaml_scalars(text),
    }
}

fn yaml_scalars(text: &str) -> Vec<Scalar> {
    let mut scalars = Vec::new();
    for event in Parser::new_from_str(text) {
        let Ok((event, span)) = event else { return Vec::new() };
        let Event::Scalar(value, style, _, _) = event else { continue };
        let style = match style {
            ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => Style::Plain,
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
        };
        if let Some(at) = span.byte_range().filter(|_| envsubst::concerns(&value)) {
            scalars.push(Scalar { at, text: value.into_owned(), style });
        }
    }
    scalars
}

fn json_scalars(text: &str) -> Vec<Scalar> {
    let mut scalars = Vec::new();
    let mut at = 0;
    while let Some(quote) = text[at..].find('"').map(|found| at + found) {
        let end = skip_string(text.as_bytes(), quote).min(text.len());
        let Some(written) = text.get(quote..end) else { break };
        if let Ok(value) = serde_json::from_str::<String>(written)
            && envsubst::concerns(&value)
        {
            scalars.push(Scalar { at: quote..end, text: value, style: Style::Double });
        }
        at = end;
    }
    scalars
}

/// Where the parts of a scalar's text stand in the file.
struct Places<'a> {
    file: &'a str,
    written: Option<Written>,
    all: Range<usize>,
}

impl Scalar {
    fn places<'a>(&self, source: &'a SourceText, format: Format) -> Places<'a> {
        let written = match format {
            Format::Json => Written::in_json(&source.text, &self.at, &self.text),
            Format::Yaml => Written::in_yaml(&source.text, &self.at, &self.text),
        };
        Places { file: &source.text, written, all: self.at.clone() }
    }
}

impl Places<'_> {
    // Where an expression stands.
    fn of(&self, at: &Range<usize>) -> Range<usize> {
        let Some(written) = &self.written else { return self.all.clone() };
        let last = written.outer(at.end.saturating_sub(1));
        // What follows an expression may stand on the next line: it ends with its own last character.
        let end = match self.file.as_bytes().get(last) {
            Some(b'}' | b'$') => last + 1,
            Some(_) | None => written.outer(at.end),
        };
        written.outer(at.start)..end
    }
}

impl Style {
    // A value as it is written in a scalar of this style.
    fn written(self, value: &str) -> String {
        match self {
            Style::Plain => value.to_owned(),
            Style::Single => value.replace('\'', "''"),
            Style::Double => {
                let quoted = Value::from(value).to_string();
                quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default().to_owned()
            }
        }
    }
}

/// Faults of a file, those of one variable together.
#[derive(Default)]
struct Found {
    unset: BTreeMap<String, Vec<Range<usize>>>,
    /// Variables of Secrets in texts that everybody may read.
    open: BTreeMap<String, Vec<Range<usize>>>,
    /// Variables of Secrets that an operator takes apart, as they are written.
    exposed: Vec<(Range<usize>, String, String)>,
    others: Vec<(Range<usize>, String, Why)>,
}

impl Found {
    fn take(&mut self, scalar: &Scalar, places: &Places<'_>, found: Vec<Fault>) {
        for fault in found {
            let at = places.of(&fault.at);
            let written = scalar.text.get(fault.at).unwrap_or_default().to_owned();
            match fault.why {
                Why::Unset(name) => self.unset.entry(name).or_default().push(at),
                why => self.others.push((at, written, why)),
            }
        }
    }

    fn exposed(&mut self, name: &str, written: &str, at: Range<usize>) {
        self.exposed.push((at, name.to_owned(), written.to_owned()));
    }

    fn problems(self, source: &SourceText, variables: &Variables) -> Vec<Problem> {
        let mut faults = Faults::default();
        for (name, places) in self.unset {
            faults.error(|| unset(&name, &places, source, variables));
        }
        for (at, name, written) in self.exposed {
            faults.error(|| {
                Problem::error("variable", format!("`{written}` takes apart what comes from a Secret"))
                    .spot(source.spot(at, ""))
                    .note("what comes of it could not be told from any other text, and would be shown")
                    .help(format!("write `${{{name}}}` alone, and keep the value in the Secret as it is to be"))
            });
        }
        for (name, places) in self.open {
            faults.warning(|| {
                let problem = Problem::warning(
                    "variable",
                    format!("the variable `{name}` comes from a Secret, and everybody may read this text"),
                );
                shown(problem, &places, source).help("take it from a ConfigMap if it is no secret")
            });
        }
        for (at, written, why) in self.others {
            faults.error(|| other(&written, &why).spot(source.spot(at, "")));
        }
        faults.finish(&source.file)
    }
}

/// What is wrong with the variables of a text that a kustomization puts into objects.
pub(super) fn faults_in(text: &str, spot: &Spot, variables: &Variables) -> Vec<Problem> {
    let problem = |fault: envsubst::Fault| match fault.why {
        Why::Unset(name) => {
            let problem = Problem::error("variable", format!("the variable `{name}` has no value"));
            explained(problem.spot(spot.clone()), &name, variables)
        }
        why => other(text.get(fault.at).unwrap_or_default(), &why).spot(spot.clone()),
    };
    envsubst::expand(text, variables).1.into_iter().map(problem).collect()
}

// A problem with the places of one variable.
fn shown(mut problem: Problem, places: &[Range<usize>], source: &SourceText) -> Problem {
    /// How many of them are shown.
    const SHOWN: usize = 4;
    for at in places.iter().take(SHOWN) {
        problem = problem.spot(source.spot(at.clone(), ""));
    }
    match places.len().checked_sub(SHOWN) {
        Some(more @ 1..) => problem.note(format!("it stands at {more} more places of this file")),
        Some(0) | None => problem,
    }
}

fn unset(name: &str, places: &[Range<usize>], source: &SourceText, variables: &Variables) -> Problem {
    let problem = Problem::error("variable", format!("the variable `{name}` has no value"));
    explained(shown(problem, places, source), name, variables)
}

// Says of a variable without a value where one could come from.
fn explained(mut problem: Problem, name: &str, variables: &Variables) -> Problem {
    for from in &variables.missing {
        problem = problem.note(format!("the {from}, which variables come from, is not here"));
    }
    // Names of one set begin alike, so only what could be a slip of the finger is near.
    let near = nearest(name, variables.names()).filter(|near| strsim::damerau_levenshtein(near, name) <= 2);
    if let Some(near) = near {
        problem = problem.note(format!("there is a variable `{near}`"));
    }
    problem.help(format!(
        "give it one: `--var {name}=VALUE`, or the `postBuild` of the Flux Kustomization; where Grafana is to see \
         `${{{name}}}`, write `$${{{name}}}`"
    ))
}

fn other(written: &str, why: &Why) -> Problem {
    let (message, help) = match why {
        Why::Unreadable(reason) => (
            format!("`{written}` is nothing that Flux can replace: {reason}"),
            format!("where Grafana is to see it, write `${written}`"),
        ),
        Why::CutCharacter => (
            format!("`{written}` cuts a character in two: Flux counts bytes"),
            "let it end with a whole character".to_owned(),
        ),
        Why::TooLarge => (
            format!("`{written}` makes this text larger than 16 MiB"),
            "give the variable a shorter value".to_owned(),
        ),
        Why::Unset(name) => (format!("the variable `{name}` has no value"), String::new()),
    };
    Problem::error("variable", message).help(help)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::envsubst::Unset;
    use super::*;
    use crate::source::document;

    fn variables(values: &[(&str, &str)]) -> Variables {
        let mut variables = Variables::new(Unset::Fault);
        for (name, value) in values {
            variables.set(name, value);
        }
        variables
    }

    const VALUES: &[(&str, &str)] = &[
        ("n", "5"),
        ("t", "true"),
        ("q", "\""),
        ("url", "https://x/?a=\"b\"&c='d'\\e"),
        ("list", "[a, b]"),
        ("empty", ""),
    ];

    // A manifest with these lines below `spec:`, its variables replaced.
    fn replaced(spec: &str) -> (SourceText, Vec<Parsed>, Vec<Problem>) {
        let text = format!("apiVersion: v1\nkind: X\nspec:\n{spec}");
        let source = SourceText::new("a.yaml".into(), text.into_bytes()).unwrap();
        let (documents, faults) = document::parse(&source, Format::Yaml);
        assert_eq!(faults, [], "{spec}");
        let (edited, problems) = substitute(&source, Format::Yaml, &documents, &variables(VALUES), &|_| true);
        let source = edited.unwrap_or(source);
        let (documents, faults) = document::parse(&source, Format::Yaml);
        assert_eq!(faults, [], "{}", source.text);
        (source, documents, problems)
    }

    #[test]
    fn what_is_replaced_is_read_as_yaml_again_and_what_is_quoted_stays_a_text() {
        for (spec, expected) in [
            ("  a: ${n}\n", serde_json::json!({ "a": 5 })),
            ("  a: \"${n}\"\n  b: '${t}'\n", serde_json::json!({ "a": "5", "b": "true" })),
            ("  a: ${t}\n  b: ${empty}\n", serde_json::json!({ "a": true, "b": null })),
            ("  a: ${q}${n}${q}\n", serde_json::json!({ "a": "5" })),
            ("  a: ${list}\n", serde_json::json!({ "a": ["a", "b"] })),
            ("  a: \"x ${url}\"\n", serde_json::json!({ "a": "x https://x/?a=\"b\"&c='d'\\e" })),
            ("  a: 'x ${url}'\n", serde_json::json!({ "a": "x https://x/?a=\"b\"&c='d'\\e" })),
            ("  a: x ${url}\n", serde_json::json!({ "a": "x https://x/?a=\"b\"&c='d'\\e" })),
            ("  a: |\n    x ${n}\n      ${t} $${n} $n\n", serde_json::json!({ "a": "x 5\n  true ${n} $n\n" })),
            ("  a: >-\n    x ${n}\n    ${t}\n", serde_json::json!({ "a": "x 5 true" })),
            ("  a: x\n    ${n}\n    y\n", serde_json::json!({ "a": "x 5 y" })),
            ("  ${n}: [x, \"é ${n}\"]\n", serde_json::json!({ "5": ["x", "é 5"] })),
            ("  a: \"${no:-say \\\"it\\\"}\"\n", serde_json::json!({ "a": "say \"it\"" })),
            ("  a: x # ${nothing} is ever replaced in a comment, and $$ stays\n", serde_json::json!({ "a": "x" })),
        ] {
            let (_, documents, problems) = replaced(spec);
            assert_eq!(problems, [], "{spec}");
            assert_eq!(documents[0].value["spec"], expected, "{spec}");
        }
    }

    #[test]
    fn places_are_those_of_the_file() {
        let (source, documents, _) = replaced("  a: \"${url} ${url}\" # é\n  b: ['${n}', x]\n  c: y\n");
        let place = |pointer: &str| source.place(documents[0].offset(&source, pointer)).to_string();
        assert_eq!(place("/spec/a"), "a.yaml:4:6");
        assert_eq!(place("/spec/b/0"), "a.yaml:5:7");
        assert_eq!(place("/spec/b/1"), "a.yaml:5:15");
        assert_eq!(place("/spec/c"), "a.yaml:6:6");
        let at = documents[0].offset(&source, "/spec/b/1");
        assert_eq!(source.spot(at..at + 1, "").line_text.as_deref(), Some("  b: ['${n}', x]"));
        assert_eq!(source.whole().to_string(), "a.yaml");
    }

    #[test]
    fn a_fault_names_the_place_and_the_escape_to_write() {
        let (_, _, problems) = replaced("  a: ${NO}\n  b: x ${NO} ${A B}\n  c: \"\\t${ds.x}\"\n");
        let said: Vec<_> = problems
            .iter()
            .map(|p| {
                (p.message.as_str(), p.spots.iter().map(|s| s.place.to_string()).collect::<Vec<_>>().join(" "))
            })
            .collect();
        assert_eq!(
            said,
            [
                ("the variable `NO` has no value", "a.yaml:4:6 a.yaml:5:8".to_owned()),
                ("`${A B}` is nothing that Flux can replace: missing closing brace", "a.yaml:5:14".to_owned()),
                ("`${ds.x}` is nothing that Flux can replace: missing closing brace", "a.yaml:6:9".to_owned()),
            ]
        );
        let help = |at: usize| problems[at].help.clone().unwrap();
        assert!(help(0).contains("`--var NO=VALUE`") && help(0).ends_with("write `$${NO}`"), "{}", help(0));
        assert!(help(1).ends_with("write `$${A B}`"), "{}", help(1));
    }

    #[test]
    fn objects_that_say_so_are_left_alone_each_of_a_list_by_itself() {
        let disabled = "{annotations: {kustomize.toolkit.fluxcd.io/substitute: disabled}}";
        let text = format!(
            "apiVersion: v1\nkind: A\nmetadata: {disabled}\na: ${{n}}\n---\n# nothing\n---\napiVersion: v1\nkind: List\nitems:\n\
             - {{apiVersion: v1, kind: B, a: \"${{n}}\"}}\n- {{apiVersion: v1, kind: C, metadata: {disabled}, a: \"${{n}}\"}}\n\
             ---\na: ${{n}}\n---\nkind: D\napiVersion: v1\na: x${{n}}"
        );
        let source = SourceText::new("a.yaml".into(), text.into_bytes()).unwrap();
        let (documents, _) = document::parse(&source, Format::Yaml);
        let (edited, problems) = substitute(&source, Format::Yaml, &documents, &variables(VALUES), &|_| true);
        assert_eq!(problems, []);
        let (documents, _) = document::parse(&edited.unwrap(), Format::Yaml);
        let at = |document: usize, pointer: &str| documents[document].value.pointer(pointer).cloned().unwrap();
        assert_eq!(
            [at(0, "/a"), at(1, "/items/0/a"), at(1, "/items/1/a"), at(2, "/a"), at(3, "/a")],
            ["${n}", "5", "${n}", "${n}", "x5"].map(Value::from)
        );
    }

    #[test]
    fn json_is_replaced_in_its_texts() {
        let text = r#"{"apiVersion": "v1", "kind": "X", "a": "\u0024{url} \"${n}\"", "b${n}": 1}"#;
        let source = SourceText::new("a.json".into(), text.as_bytes().to_vec()).unwrap();
        let (documents, _) = document::parse(&source, Format::Json);
        let (edited, problems) = substitute(&source, Format::Json, &documents, &variables(VALUES), &|_| true);
        assert_eq!(problems, []);
        let (documents, _) = document::parse(&edited.unwrap(), Format::Json);
        assert_eq!(documents[0].value["a"], "https://x/?a=\"b\"&c='d'\\e \"5\"");
        assert_eq!(documents[0].value["b5"], 1);
    }

    proptest! {
        #[test]
        fn every_offset_of_what_comes_out_is_one_of_what_went_in(
            spec in "[-${}nturlq:#\"'|> \\\\é\n]{0,60}",
        ) {
            let text = format!("apiVersion: v1\nkind: X\nspec:\n  a: {spec}\n");
            let source = SourceText::new("a.yaml".into(), text.into_bytes()).unwrap();
            let (documents, _) = document::parse(&source, Format::Yaml);
            let (edited, problems) = substitute(&source, Format::Yaml, &documents, &variables(VALUES), &|_| true);
            for problem in problems {
                prop_assert!(problem.spots.iter().all(|spot| spot.place.line <= 70), "{problem:?}");
            }
            let lines = source.text.lines().count() + 1;
            let edited = edited.unwrap_or_else(|| source.clone());
            let mut last = 0;
            for (at, _) in edited.text.char_indices() {
                let line = usize::try_from(edited.place(at).line).unwrap();
                prop_assert!(last <= line && line <= lines);
                last = line;
            }
            document::parse(&edited, Format::Yaml);
        }
    }
}
