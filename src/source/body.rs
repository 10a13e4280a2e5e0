//! Bodies read again, for the changes that are shown or written; and the places of their parts.

use std::collections::BTreeMap;

use serde_json::Value;

use super::datasource::Options;
use super::shape::{self, Site};
use super::values::{Dollars, Values};
use super::{Declarations, Files};
use crate::model::{Declared, Kept, Problem, Secret, Spot};

/// The body of a declared object.
pub struct Body {
    /// The JSON text to send: uid and trimmed title set, without `id`, `version` and `iteration`, without secrets.
    pub text: String,
    /// The same, parsed.
    pub value: Value,
    /// As it may be shown: texts that came in part from `$__…{}` as they are written.
    pub shown: Value,
    /// The values from elsewhere in it, each with how it is written.
    pub pieces: Vec<(Secret, String)>,
}

impl Declarations {
    /// Reads the body of an object again; a file that changed since it was loaded is an error.
    pub fn body(&self, declared: &Declared) -> Result<Body, Box<Problem>> {
        let mut body = Err(Box::new(changed(declared)));
        self.files.site(declared, &mut |site| body = site.part.form.body(&site, declared, &self.files))?;
        body
    }

    /// Reads the secret values to send with an object, by key, or what is wrong with one of them. `fetched` holds those
    /// that are kept in AWS.
    pub(super) fn secrets_of(
        &self,
        declared: &Declared,
        fetched: &BTreeMap<Kept, Secret>,
    ) -> Result<Vec<(String, Secret)>, Box<Problem>> {
        let mut secrets = Err(Box::new(changed(declared)));
        self.files.site(declared, &mut |site| secrets = site.part.form.secrets(&site, &self.files, fetched))?;
        secrets
    }

    /// Where a part of an object's body stands, by its JSON pointer; the object itself when the part is not there.
    #[must_use]
    pub fn locate(&self, declared: &Declared, pointer: &str) -> Spot {
        let mut spot = Spot::bare(declared.place.clone());
        let _ = self.files.site(declared, &mut |site| {
            spot = site.part.form.locate(&site, pointer, &self.files);
        });
        spot
    }

    /// A data source's options without its secrets; none when the file changed meanwhile.
    pub(crate) fn options(&self, declared: &Declared) -> Option<Options> {
        let mut options = None;
        let read = self.files.site(declared, &mut |site| options = site.part.form.options(&site, &self.files));
        read.ok().and(options)
    }
}

impl Files {
    /// Looks at the place where an object stands in its file.
    pub(super) fn site(&self, declared: &Declared, look: &mut dyn FnMut(Site<'_, '_>)) -> Result<(), Box<Problem>> {
        let file = self.opened.open(&self.root, declared, &self.reading, self.stream.as_ref())?;
        let Some(mut document) = file.document(declared.body.document) else {
            return Err(Box::new(changed(declared)));
        };
        shape::one_object(&mut document, &declared.body, &self.reading, look);
        Ok(())
    }

    /// Where the values of texts come from.
    pub(super) fn values(&self, dollars: Dollars) -> Values<'_> {
        Values { environment: &self.environment, root: &self.root, dollars, cluster: &self.reading.cluster }
    }
}

pub(super) fn changed(declared: &Declared) -> Problem {
    Problem::error("file-changed", "this file changed while amgctl was running")
        .at(declared.place.clone())
        .help("run the command again")
}
