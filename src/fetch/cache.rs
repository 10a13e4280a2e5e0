//! Copies of contents, kept between runs with what tells whether they are still true.
//!
//! A cache only ever saves time: what cannot be read is not there, and what cannot be written is not kept. A copy is a
//! file by itself, written beside its place and renamed, so that several runs at once never see half of one.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::http::Validators;
use crate::model::Digest;
use crate::source::content::LARGEST_CONTENT;

/// The most bytes of what stands before a copy.
const LARGEST_HEAD: u64 = 64 * 1024;

/// Where copies are kept, if anywhere.
#[derive(Clone, Debug, Default)]
pub(super) struct Cache {
    /// The directory.
    pub directory: Option<PathBuf>,
}

/// A copy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Copied {
    /// The content.
    pub bytes: Vec<u8>,
    /// What tells whether it is still true.
    pub validators: Validators,
    /// When it was last known to be true, in seconds since 1970.
    pub at: u64,
}

/// What stands in the first line of a copy. Of the URL its digest only: its query may let in whoever knows it.
#[derive(Serialize, Deserialize)]
struct Head {
    of: Digest,
    etag: Option<String>,
    modified: Option<String>,
    at: u64,
    sha256: Digest,
}

impl Cache {
    /// The copy of what a URL gave.
    pub(super) fn read(&self, url: &str) -> Option<Copied> {
        let mut bytes = Vec::new();
        let file = fs::File::open(self.path(url)?).ok()?;
        file.take(LARGEST_CONTENT as u64 + LARGEST_HEAD).read_to_end(&mut bytes).ok()?;
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let head: Head = serde_json::from_slice(&bytes[..end]).ok()?;
        bytes.drain(..=end);
        // Whoever may write there could plant one; what was cut off is none either.
        let is_whole = head.of == Digest::of_bytes(url.as_bytes())
            && head.sha256 == Digest::of_bytes(&bytes)
            && bytes.len() <= LARGEST_CONTENT;
        let validators = Validators { etag: head.etag, modified: head.modified };
        is_whole.then_some(Copied { bytes, validators, at: head.at })
    }

    /// Keeps a copy.
    pub(super) fn write(&self, url: &str, copy: &Copied) {
        // What fails costs the next run a request.
        let _ = self.try_write(url, copy);
    }

    fn try_write(&self, url: &str, copy: &Copied) -> Option<()> {
        let (directory, path) = (self.directory.as_ref()?, self.path(url)?);
        let Validators { etag, modified } = copy.validators.clone();
        let of = Digest::of_bytes(url.as_bytes());
        let head = Head { of, etag, modified, at: copy.at, sha256: Digest::of_bytes(&copy.bytes) };
        fs::create_dir_all(directory).ok()?;
        let mut beside = tempfile::NamedTempFile::new_in(directory).ok()?;
        let mut line = serde_json::to_vec(&head).ok()?;
        line.push(b'\n');
        beside.write_all(&line).ok()?;
        beside.write_all(&copy.bytes).ok()?;
        beside.persist(path).ok()?;
        Some(())
    }

    fn path(&self, url: &str) -> Option<PathBuf> {
        Some(self.directory.as_ref()?.join(Digest::of_bytes(url.as_bytes()).as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(bytes: &[u8]) -> Copied {
        let validators = Validators { etag: Some("\"1\"".into()), modified: None };
        Copied { bytes: bytes.to_vec(), validators, at: 7 }
    }

    #[test]
    fn a_copy_is_what_was_kept_for_this_url() {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache { directory: Some(root.path().join("deep/er")) };
        assert_eq!(cache.read("https://a/"), None);
        cache.write("https://a/", &copy(b"one\ntwo"));
        cache.write("https://b/", &copy(b""));
        assert_eq!(cache.read("https://a/"), Some(copy(b"one\ntwo")));
        assert_eq!(cache.read("https://b/"), Some(copy(b"")));
    }

    #[test]
    fn no_part_of_a_url_is_kept() {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache { directory: Some(root.path().to_owned()) };
        cache.write("https://a/?token=hunter2", &copy(b"x"));
        let kept = fs::read(cache.path("https://a/?token=hunter2").unwrap()).unwrap();
        let kept = String::from_utf8(kept).unwrap();
        assert!(kept.ends_with("\nx") && !kept.contains("hunter2") && !kept.contains("https"), "{kept}");
        assert_eq!(cache.read("https://a/?token=hunter2"), Some(copy(b"x")));
    }

    #[test]
    fn a_copy_that_was_changed_or_cut_off_is_none() {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache { directory: Some(root.path().to_owned()) };
        cache.write("https://a/", &copy(b"{\"title\": 1}"));
        let path = cache.path("https://a/").unwrap();
        let whole = fs::read(&path).unwrap();
        for end in 0..whole.len() {
            fs::write(&path, &whole[..end]).unwrap();
            assert_eq!(cache.read("https://a/"), None, "{end}");
        }
        let mut other = whole.clone();
        *other.last_mut().unwrap() = b'!';
        fs::write(&path, other).unwrap();
        assert_eq!(cache.read("https://a/"), None);
        fs::write(cache.path("https://b/").unwrap(), whole).unwrap();
        assert_eq!(cache.read("https://b/"), None);
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_no_error() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, b"").unwrap();
        for directory in [Some(file.join("below")), Some(file), None] {
            let cache = Cache { directory };
            cache.write("https://a/", &copy(b"x"));
            assert_eq!(cache.read("https://a/"), None);
        }
    }
}
