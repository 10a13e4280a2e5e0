//! Places in the user's files: what every message points at.

use std::fmt;
use std::sync::Arc;

/// A place in a file of the directory: `dashboards/cpu.yaml:4:8`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    /// The file, relative to the directory, with `/` between its parts.
    pub file: Arc<str>,
    /// The line, from 1; 0 when the place is the file as a whole.
    pub line: u32,
    /// The column in characters, from 1; 0 when only the line is known.
    pub column: u32,
}

impl Place {
    /// A file as a whole.
    #[must_use]
    pub fn file(file: impl Into<Arc<str>>) -> Place {
        Place { file: file.into(), line: 0, column: 0 }
    }

    /// A line and column of a file.
    #[must_use]
    pub fn at(file: impl Into<Arc<str>>, line: u32, column: u32) -> Place {
        Place { file: file.into(), line, column }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
            if self.column > 0 {
                write!(f, ":{}", self.column)?;
            }
        }
        Ok(())
    }
}
