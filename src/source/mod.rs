//! Directory to documents to [`crate::model::Declared`]: the only reader of the user's files.

use crate::model::{FolderPath, Uid};
/// stub
pub fn folder_uid(path: &FolderPath) -> Uid {
    Uid::parse(&format!("f-{}", slug(&path.to_string()))).unwrap()
}
/// stub
pub fn slug(t: &str) -> String {
    t.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect()
}
