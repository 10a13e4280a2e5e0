//! Places in the user's files: what every message points at.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A place in a file of the directory: `dashboards/cpu.yaml:4:8`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The file, relative to the directory, with `/` between its parts.
    #[serde(serialize_with = "write_shared", deserialize_with = "read_shared")]
    #[schemars(with = "String")]
    pub file: Arc<str>,
    /// The line, from 1; 0 when the place is the file as a whole.
    #[serde(default)]
    pub line: u32,
    /// The column in characters, from 1; 0 when only the line is known.
    #[serde(default)]
    pub column: u32,
}

/// Writes a shared text as a text.
pub(crate) fn write_shared<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

/// Reads a text that is shared from then on.
pub(crate) fn read_shared<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
    String::deserialize(deserializer).map(Arc::from)
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
