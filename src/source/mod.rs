//! Directory to documents to [`crate::model::Declared`]: the only reader of the user's files.
