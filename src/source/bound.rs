//! A directory bound to one workspace: recorded uids given back ([`super::recorded`]), open inputs answered, secrets
//! fetched.
//!
//! Binding changes nothing of the directory, so another workspace is another [`Bound`] of the same one.

use std::collections::BTreeMap;
use std::ops::Deref;

use super::faults::Faults;
use super::loading::sort_problems;
use super::{Declarations, Directory, KnownDatasource, body_key, inputs, library_panel, recorded};
use crate::kinds::folder::Folder;
use crate::model::{Address, Declared, DeclaredFolder, Digest, Kept, Problem, Secret};

/// What the registry remembers of an object's file: the object, the file's path, and the digest of its bytes.
pub type RecordedFile = (Address, String, Option<Digest>);

/// A directory bound to one workspace.
#[derive(Clone, Debug)]
pub struct Bound {
    pub(super) declarations: Declarations,
    /// What binding found wrong, sorted by place. What is wrong with the directory itself stands there.
    pub problems: Vec<Problem>,
    pub(super) fetched: BTreeMap<Kept, Secret>,
}

impl Deref for Bound {
    type Target = Declarations;

    fn deref(&self) -> &Declarations {
        &self.declarations
    }
}

impl Bound {
    /// A directory as it is, where nothing is known or needed of the workspace.
    #[must_use]
    pub fn unbound(directory: &Directory) -> Bound {
        Bound { declarations: Declarations::clone(directory), problems: Vec::new(), fetched: BTreeMap::new() }
    }

    /// Gives uids back to the files that had them.
    ///
    /// A recorded file that is still there and yields nothing any more becomes an error, so that it is never taken for a
    /// removal.
    #[must_use]
    pub fn new(directory: &Directory, recorded: &[RecordedFile]) -> Bound {
        let mut declarations = Declarations::clone(directory);
        let mut problems = recorded::bind(directory, &mut declarations, recorded);
        sort_problems(&mut problems);
        Bound { declarations, problems, fetched: BTreeMap::new() }
    }

    /// Answers the inputs that were left open with the directory's data sources, and the workspace's.
    ///
    /// What is answered becomes an object; the rest becomes problems that name the file, the input and the candidates.
    #[must_use]
    pub fn answer_inputs(mut self, workspace: &[KnownDatasource]) -> Bound {
        let own = &self.declarations.datasources;
        let mut known = own.clone();
        known.extend(workspace.iter().filter(|d| !own.iter().any(|own| own.uid == d.uid)).cloned());
        for open in std::mem::take(&mut self.declarations.unresolved) {
            match inputs::answer(&open.inputs, &known) {
                Ok(answers) => self.problems.extend(self.declarations.finish(open.declared, answers)),
                Err(unanswered) => {
                    let mut faults = Faults::default();
                    for one in &unanswered {
                        faults.error(|| inputs::problem(one).spot(self.locate(&open.declared, &one.input.pointer)));
                    }
                    self.problems.extend(faults.finish(&open.declared.body.file));
                }
            }
        }
        self.declarations.sort();
        self.problems.extend(library_panel::merge(&mut self.declarations));
        sort_problems(&mut self.problems);
        self
    }

    /// What an object of the directory is called in this workspace, where that is something else.
    #[must_use]
    pub fn now(&self, directory: &Directory, address: &Address) -> Option<Address> {
        let folder = |folder: &DeclaredFolder| Some(Address::new(Folder::NAME, folder.uid.clone()?));
        if let Some(before) = directory.folders.iter().find(|one| folder(one).as_ref() == Some(address)) {
            return self.folders.iter().find(|one| one.place == before.place).and_then(folder);
        }
        let body = directory.declared().find(|declared| declared.address == *address).map(|d| body_key(&d.body))?;
        self.declared().find(|declared| body_key(&declared.body) == body).map(|declared| declared.address.clone())
    }

    /// Takes in what was fetched of the secrets that are kept in AWS.
    #[must_use]
    pub fn with_secrets(self, fetched: BTreeMap<Kept, Secret>) -> Bound {
        Bound { fetched, ..self }
    }

    /// Reads the secret values to send with an object, by key; or what is wrong with one of them.
    pub fn secrets(&self, declared: &Declared) -> Result<Vec<(String, Secret)>, Box<Problem>> {
        self.secrets_of(declared, &self.fetched)
    }
}
