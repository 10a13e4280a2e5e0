//! The content of a manifest: a text of its own, from where its manifest says.

use std::collections::BTreeMap;

use super::dashboard::{answers, check_lists};
use super::fields::Manifest;
use crate::model::{FetchedContent, Parent, Problem, Spot, UidFrom, has_error};
use crate::source::cluster::content::{Fetched, Given, KeyRef, SourceKind, source};
use crate::source::dashboard::set_parent;
use crate::source::document::{self, Document, Format, Parsed};
use crate::source::shape::Declaration;
use crate::source::spans::escaped;
use crate::source::text::SourceText;
use crate::source::{Draft, FileRef, ManifestDraft, UidRule};

/// A content that was read.
pub(super) struct Content {
    source: SourceText,
    parsed: Parsed,
    /// What it was fetched as, if it was.
    pub fetched: Option<FetchedContent>,
}

/// What the manifest of a content says around it.
pub(super) struct Around {
    /// The content.
    pub content: Content,
    /// What the inputs of the content are answered with.
    pub answers: BTreeMap<String, String>,
    /// The uid of the object.
    pub uid: String,
    uid_from: UidFrom,
    uid_rule: UidRule,
    parent: Option<Parent>,
}

/// Reads a manifest up to its content; what is wrong so far goes into `problems`. Where it ends there,
/// the content that is awaited, if one is.
///
/// `folders` are the fields that name its folder, of which it may have one.
pub(super) fn around(
    manifest: &Manifest<'_, '_>,
    folders: &[&str],
    problems: &mut Vec<Problem>,
) -> Result<Around, Option<Box<(Fetched, Spot)>>> {
    problems.extend(manifest.check());
    manifest.check_only_one(folders, problems);
    check_lists(manifest, problems);
    let answers = answers(manifest, problems);
    let parent = manifest.parent(["folderUID", "folderRef"], problems);
    let content = match content(manifest) {
        Ok(content) => content,
        Err(Missing::Awaited(awaited)) => return Err(Some(awaited)),
        Err(Missing::Faults(faults)) => {
            problems.extend(faults);
            return Err(None);
        }
    };
    let uid = manifest.uid(content.document().value.get("uid"), problems);
    let (uid, uid_from, uid_rule) = uid.ok_or(None)?;
    Ok(Around { content, answers, uid, uid_from, uid_rule, parent })
}

impl Around {
    /// The object of a content, with what its manifest says of it; none where something is wrong.
    pub(super) fn declare(
        self,
        declaration: Option<Declaration>,
        manifest: &Manifest<'_, '_>,
        file: &FileRef<'_>,
        problems: Vec<Problem>,
    ) -> (Option<Box<Draft>>, Vec<Problem>) {
        let Some(Declaration::Object(mut draft)) = declaration else { return (None, problems) };
        if has_error(&problems) {
            return (None, problems);
        }
        let folder = self.parent.is_none().then(|| manifest.folder_title());
        manifest.describe(&mut draft.declared, file);
        draft.declared.fetched = self.content.fetched;
        draft.declared.uid_from = self.uid_from;
        set_parent(&mut draft.declared, self.parent.unwrap_or(Parent::Root), draft.inputs.is_empty());
        draft.in_directory = false;
        draft.manifest = Some(ManifestDraft { uid_rule: self.uid_rule, folder });
        (Some(draft), problems)
    }
}

/// Why there is no content.
pub(super) enum Missing {
    /// It is not here yet: what it is, and where it is named.
    Awaited(Box<(Fetched, Spot)>),
    /// What is wrong with it.
    Faults(Vec<Problem>),
}

impl Content {
    /// The document that it is.
    pub(super) fn document(&self) -> Document<'_> {
        Document::kept(&self.source, 0, &self.parsed)
    }
}

/// Reads the content of a manifest.
pub(super) fn content(manifest: &Manifest<'_, '_>) -> Result<Content, Missing> {
    let document = manifest.document;
    let from = source(document, &format!("{}/spec", manifest.base), &manifest.namespace());
    let from = from.map_err(Missing::Faults)?;
    let text = from.text(document, &manifest.cluster.contents, |key| config_map_text(key, manifest));
    let (source, fetched) = match (text, from.fetched()) {
        (Ok(Given::Text(source, fetched)), _) => (source, fetched),
        (Ok(Given::NotAskedFor), Some(fetched)) => {
            return Err(Missing::Awaited(Box::new((fetched.clone(), document.key_spot(&from.pointer, "")))));
        }
        (Ok(Given::NotAskedFor), None) => return Err(Missing::Faults(Vec::new())),
        (Err(problem), _) => return Err(Missing::Faults(vec![*problem])),
    };
    let (parsed, faults) = document::parse(&source, Format::Json);
    match parsed.into_iter().next() {
        Some(parsed) => Ok(Content { source, parsed, fetched }),
        None => Err(Missing::Faults(faults)),
    }
}

/// Where the text of a content stands in its manifest; or why it stands in none, as a sentence.
pub(super) fn stands(manifest: &Manifest<'_, '_>) -> Result<String, String> {
    let from = source(manifest.document, &format!("{}/spec", manifest.base), &manifest.namespace());
    let from = from.map_err(|_| "its manifest names no content".to_owned())?;
    let field = from.pointer.rsplit('/').next().unwrap_or_default().to_owned();
    match from.kind {
        SourceKind::Text => Ok(from.pointer),
        SourceKind::Packed => {
            Err(format!("its content is packed in `{field}`: write it as `json` to have it edited"))
        }
        SourceKind::ConfigMap(KeyRef { name, key, .. }) => {
            Err(format!("its content is the key `{key}` of the ConfigMap `{name}`: edit it there"))
        }
        SourceKind::Fetched(_) => Err(format!("its content is fetched (`{field}`): edit it where it comes from")),
    }
}

/// A text of a ConfigMap; places in it are places of the ConfigMap's file. A problem has not yet the place that names it.
fn config_map_text(at: &KeyRef, manifest: &Manifest<'_, '_>) -> Result<SourceText, Box<Problem>> {
    let KeyRef { namespace, name, key } = at;
    let missing = |message: String| Problem::error("manifest", message);
    let Some(config_map) = manifest.cluster.resource("", "ConfigMap", namespace, name) else {
        let message = format!("there is no ConfigMap `{name}` of the namespace `{namespace}` in the directory");
        let help = match manifest.cluster.near_config_map(namespace, name) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "add it to the directory, or write the content below `json`".to_owned(),
        };
        return Err(Box::new(missing(message).help(help)));
    };
    config_map.text_at(&format!("/data/{}", escaped(key))).ok_or_else(|| {
        let problem = missing(format!("the ConfigMap `{name}` has no text `{key}`"));
        Box::new(match config_map.spot("/data") {
            Some(spot) => problem.spot(spot),
            None => problem,
        })
    })
}
