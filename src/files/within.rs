//! Paths of files within a directory.

use std::fmt;
use std::path::{Component, Path};

/// The path of a file relative to the directory that is written to, with `/` between its parts.
///
/// Holding one means that no part of it leads up or away; whether a symbolic link does is found when it is written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Within(String);

impl Within {
    /// Takes a path; none where it is empty, absolute, or has a part `.` or `..`.
    #[must_use]
    pub fn parse(path: &str) -> Option<Within> {
        let parts = path.split('/');
        let is_name = |part: &str| {
            let mut components = Path::new(part).components();
            matches!((components.next(), components.next()), (Some(Component::Normal(name)), None) if name == part)
                && !part.contains('\0')
        };
        parts.clone().all(is_name).then(|| Within(path.to_owned()))
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The directory that it is in; empty for the root.
    #[must_use]
    pub fn directory(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(directory, _)| directory)
    }
}

impl fmt::Display for Within {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
