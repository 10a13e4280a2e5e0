//! Where the bodies of objects stand in their files, to be edited there; and what a file would declare with other bytes.

use std::sync::Arc;

use super::body::{Body, changed};
use super::document::Format;
use super::{Declarations, opened, shape, walk};
use crate::model::{Declared, Problem};

/// Where a body stands in its file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WrittenAt {
    /// The file, relative to the directory, with `/` between its parts.
    pub file: Arc<str>,
    /// Whether that is YAML, not JSON.
    pub is_yaml: bool,
    /// Which document of it, from 0.
    pub document: usize,
    /// The text of that document that it stands in, where it stands in one.
    pub text: Option<WrittenIn>,
    /// Its JSON pointer, in that text or in the document.
    pub pointer: String,
    /// Whether it is all that its file holds, so that the file is the object.
    pub is_file: bool,
}

/// A text that a body stands in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WrittenIn {
    /// Its JSON pointer.
    pub pointer: String,
    /// Whether it is YAML, not JSON.
    pub is_yaml: bool,
    /// Which document of it, from 0.
    pub document: usize,
}

impl Declarations {
    /// Where the body of an object stands; or why it cannot be edited, as a sentence with what to do.
    pub fn written_at(&self, declared: &Declared) -> Result<WrittenAt, String> {
        if *declared.body.file == *walk::STREAM {
            return Err("it was piped in: edit it where it comes from".into());
        }
        if let Some(fetched) = &declared.fetched {
            return Err(format!("its content is fetched from {}: edit it there", fetched.from));
        }
        let is_yaml = |name: &str| Format::of(name) == Some(Format::Yaml);
        let mut at = Err(changed(declared).message);
        let looked = self.files.site(declared, &mut |site| {
            let within = site.document.within.as_ref();
            let is_file = within.is_none() && site.document.is_whole_file() && declared.place.line == 0;
            at = site.part.form.stands(&site, &self.files).map(|stands| WrittenAt {
                file: declared.body.file.clone(),
                is_yaml: is_yaml(&declared.body.file),
                document: declared.body.document,
                text: match (within, stands.text) {
                    (Some(within), _) => Some(WrittenIn {
                        pointer: within.pointer.clone(),
                        is_yaml: is_yaml(&within.name),
                        document: site.document.index,
                    }),
                    (None, text) => text.map(|pointer| WrittenIn { pointer, is_yaml: false, document: 0 }),
                },
                pointer: stands.pointer,
                is_file,
            });
        });
        looked.map_err(|problem| problem.message.clone())?;
        at
    }

    /// The body that an object would have if its file had these bytes.
    pub fn body_of(&self, declared: &Declared, bytes: Vec<u8>) -> Result<Body, Box<Problem>> {
        let file = opened::parse(&declared.body.file, bytes, &self.files.reading)?;
        let mut body = Err(Box::new(changed(declared)));
        let Some(mut document) = file.document(declared.body.document) else { return body };
        shape::one_object(&mut document, &declared.body, &self.files.reading, &mut |site| {
            body = site.part.form.body(&site, declared, &self.files);
        });
        body
    }
}
