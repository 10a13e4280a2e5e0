//! URLs that directories of this machine answer for: in tests, where there is no network, and where the content is kept
//! in the same repository.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use reqwest::Url;

use crate::source::content::{ContentFailure, LARGEST_CONTENT};

/// The prefixes that directories answer for; the longest one counts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UrlMap(Vec<(Url, PathBuf)>);

impl UrlMap {
    /// Adds a prefix and its directory; a relative one is below `base`. The error says what is wrong with them.
    pub fn add(&mut self, prefix: &str, directory: &Path, base: &Path) -> Result<(), String> {
        let prefix = prefix.trim();
        let url = Url::parse(prefix).map_err(|why| format!("`{prefix}` is not a URL: {why}"))?;
        if !matches!(url.scheme(), "https" | "http") || url.query().is_some() || url.fragment().is_some() {
            return Err(format!("`{prefix}` is no beginning of a URL, as `https://grafana.com/`"));
        }
        let directory = base.join(directory);
        if !directory.is_dir() {
            return Err(format!("`{}` is no directory", directory.display()));
        }
        self.0.push((url, directory));
        Ok(())
    }

    /// Whether a directory answers for a URL.
    #[must_use]
    pub fn maps(&self, url: &Url) -> bool {
        self.find(url).is_some()
    }

    /// The bytes of the file that answers for a URL, and where it is; none where no directory does.
    pub(super) fn read(&self, url: &Url) -> Option<Result<(Vec<u8>, PathBuf), ContentFailure>> {
        let (directory, rest) = self.find(url)?;
        Some(read(directory, rest))
    }

    // The directory of the longest prefix, and what of the path is left.
    fn find<'a>(&'a self, url: &'a Url) -> Option<(&'a Path, &'a str)> {
        let mut best: Option<(&Path, &str)> = None;
        for (prefix, directory) in &self.0 {
            let Some(rest) = rest(prefix, url) else { continue };
            if best.is_none_or(|(_, shortest)| rest.len() < shortest.len()) {
                best = Some((directory, rest));
            }
        }
        best
    }
}

/// What of the path of a URL is left behind a prefix; none where it does not begin so.
fn rest<'a>(prefix: &Url, url: &'a Url) -> Option<&'a str> {
    if prefix.origin() != url.origin() {
        return None;
    }
    let rest = url.path().strip_prefix(prefix.path().trim_end_matches('/'))?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

fn read(directory: &Path, rest: &str) -> Result<(Vec<u8>, PathBuf), ContentFailure> {
    let mut file = directory.to_owned();
    let leads_out = || {
        ContentFailure::new(
            format!("leads out of `{}`, which answers for it", directory.display()),
            "what is mapped to a directory stands below it, links included",
        )
    };
    for part in rest.split('/').filter(|part| !part.is_empty()) {
        let part = percent_decode_str(part).decode_utf8().map_err(|_| leads_out())?;
        if matches!(&*part, "." | "..") || part.contains(['/', '\\', '\0', ':']) {
            return Err(leads_out());
        }
        file.push(&*part);
    }
    // `…/revisions` may be a directory, because `…/revisions/3/download` is in it.
    let mut named = file.clone().into_os_string();
    named.push(".json");
    let Some(file) = [file.clone(), PathBuf::from(named)].into_iter().find(|file| file.is_file()) else {
        return Err(ContentFailure::new(
            format!("is mapped to `{}`, which is not there", file.display()),
            "put the file there, or map another directory",
        ));
    };
    let unreadable = |why: std::io::Error| {
        ContentFailure::new(
            format!("is mapped to `{}`, which cannot be read: {why}", file.display()),
            "look at the file",
        )
    };
    let (root, real) = (directory.canonicalize().map_err(unreadable)?, file.canonicalize().map_err(unreadable)?);
    if !real.starts_with(root) {
        return Err(leads_out());
    }
    let mut bytes = Vec::new();
    let opened = File::open(&real).map_err(unreadable)?;
    opened.take(LARGEST_CONTENT as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > LARGEST_CONTENT {
        return Err(ContentFailure::new("has more than 16 MiB", "map it to the file of a dashboard"));
    }
    Ok((bytes, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(map: &UrlMap, url: &str) -> Option<Result<String, String>> {
        let read = map.read(&Url::parse(url).unwrap())?;
        Some(read.map(|(bytes, _)| String::from_utf8(bytes).unwrap()).map_err(|failure| failure.message))
    }

    fn tree() -> (tempfile::TempDir, UrlMap) {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("a/x.json", "x"),
            ("a/deep/revisions/3/download", "three"),
            ("a/deep/revisions.json", "all"),
            ("a/with space", "space"),
            ("b/x.json", "other"),
            ("secret", "hunter2"),
        ] {
            std::fs::create_dir_all(root.path().join(path).parent().unwrap()).unwrap();
            std::fs::write(root.path().join(path), text).unwrap();
        }
        let mut map = UrlMap::default();
        map.add("https://host/a", Path::new("a"), root.path()).unwrap();
        map.add("https://host/a/b/", Path::new("b"), root.path()).unwrap();
        (root, map)
    }

    #[test]
    fn the_longest_prefix_counts_and_ends_where_a_part_does() {
        let (_root, map) = tree();
        let there = |text: &str| Some(Ok(text.to_owned()));
        assert_eq!(of(&map, "https://HOST:443/a/x.json?token=1#x"), there("x"));
        assert_eq!(of(&map, "https://host/a/b/x.json"), there("other"));
        assert_eq!(of(&map, "https://host/a/deep/revisions"), there("all"));
        assert_eq!(of(&map, "https://host/a/deep/revisions/3/download"), there("three"));
        assert_eq!(of(&map, "https://host/a/with%20space"), there("space"));
        for url in ["https://host/ab/x.json", "http://host/a/x.json", "https://host:1/a/x.json", "https://host/"] {
            assert_eq!(of(&map, url), None, "{url}");
        }
    }

    #[test]
    fn nothing_outside_of_the_directory_is_read() {
        let (root, map) = tree();
        assert_eq!(of(&map, "https://host/a/../secret"), None);
        for path in ["%2e%2e%2fsecret", "x%2f..%2f..%2fsecret", "..%5csecret", "%00", "c:%5cx", "%ff"] {
            let answer = of(&map, &format!("https://host/a/{path}")).unwrap();
            assert!(answer.clone().unwrap_err().starts_with("leads out of"), "{path}: {answer:?}");
        }
        assert!(of(&map, "https://host/a/nothing").unwrap().unwrap_err().contains("which is not there"));
        assert!(of(&map, "https://host/a").unwrap().unwrap_err().contains("which is not there"));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root.path().join("secret"), root.path().join("a/link")).unwrap();
            assert!(of(&map, "https://host/a/link").unwrap().unwrap_err().starts_with("leads out of"));
        }
    }

    #[test]
    fn what_maps_nothing_is_refused() {
        let (root, mut map) = tree();
        for (prefix, directory) in
            [("", "a"), ("host", "a"), ("ftp://host", "a"), ("https://host/?x=", "a"), ("https://host", "none")]
        {
            assert!(map.add(prefix, Path::new(directory), root.path()).is_err(), "{prefix}");
        }
    }
}
