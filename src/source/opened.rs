//! Files that are read again, for bodies and places: a file of several objects once, however many of them are asked for.
//!
//! A file of one object is let go with the next one, as memory has it ([`super`]). What is kept is what was loaded: it
//! was compared by digest when it was opened.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::body::changed;
use super::cluster::build::Rendered;
use super::document::{Document, Format, Parsed};
use super::shape::{self, Reading};
use super::text::SourceText;
use super::{Stream, walk};
use crate::model::{Declared, Digest, Place, Problem};

/// How much text of files of several objects is kept; the file that was asked for last is kept whatever its size.
const KEPT: usize = 32 * 1024 * 1024;

/// A file that was read again.
pub(super) struct OpenedFile {
    digest: Digest,
    source: SourceText,
    documents: Vec<Parsed>,
    holds_several: bool,
}

impl OpenedFile {
    /// One of its documents, by number.
    pub(super) fn document(&self, index: usize) -> Option<Document<'_>> {
        self.documents.get(index).map(|parsed| Document::kept(&self.source, index, parsed))
    }
}

/// The files that were read again.
#[derive(Default)]
pub(super) struct OpenedFiles {
    /// The one asked for last at the end.
    kept: Mutex<Vec<Arc<OpenedFile>>>,
}

impl OpenedFiles {
    /// The file of a declared object; one that changed since it was loaded is an error.
    pub(super) fn open(
        &self,
        root: &Path,
        declared: &Declared,
        reading: &Reading,
        stream: Option<&Stream>,
    ) -> Result<Arc<OpenedFile>, Box<Problem>> {
        // The lock is held while a file is read, so that two who ask for it read it once.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (name, digest) = (&declared.body.file, &declared.body.file_digest);
        let known = kept.iter().position(|file| file.source.file == *name && file.digest == *digest);
        let file = match known {
            Some(at) => kept.remove(at),
            None => Arc::new(read(root, declared, reading, stream)?),
        };
        kept.retain(|other| other.holds_several);
        kept.push(Arc::clone(&file));
        let mut size: usize = kept.iter().map(|file| file.source.text.len()).sum();
        while size > KEPT && kept.len() > 1 {
            size -= kept.remove(0).source.text.len();
        }
        Ok(file)
    }
}

impl fmt::Debug for OpenedFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedFiles").finish_non_exhaustive()
    }
}

fn read(
    root: &Path,
    declared: &Declared,
    reading: &Reading,
    stream: Option<&Stream>,
) -> Result<OpenedFile, Box<Problem>> {
    let name = &declared.body.file;
    let bytes = walk::bytes(&root.join(&**name), stream).map_err(|error| {
        Box::new(
            Problem::error("unreadable", format!("this file cannot be read any more: {error}"))
                .at(Place::file(name.clone())),
        )
    })?;
    if Digest::of_bytes(&bytes) != declared.body.file_digest {
        return Err(Box::new(changed(declared)));
    }
    parse(name, bytes, reading)
}

/// A file of these bytes, which may be another version of the one that is there.
pub(super) fn parse(name: &Arc<str>, bytes: Vec<u8>, reading: &Reading) -> Result<OpenedFile, Box<Problem>> {
    let digest = Digest::of_bytes(&bytes);
    let source = SourceText::new(name.clone(), bytes)?;
    let read = reading.cluster.build.read(&source, Format::of(name).unwrap_or(Format::Json));
    let Rendered { source, documents, .. } = read;
    let holds_list = |parsed: &Parsed| shape::recognise(&parsed.value, reading).holds_several();
    let holds_several = documents.len() > 1 || documents.iter().any(holds_list);
    Ok(OpenedFile { digest, source, documents, holds_several })
}
