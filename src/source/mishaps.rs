//! Files that are not what they seem: a pointer of Git LFS instead of the file, a merge that was not finished, UTF-16
//! without its mark, an encrypted file. Each is named for what it is, because what its reader would say of it is a riddle.

use super::text::SourceText;
use crate::model::{Place, Problem};

/// What happened to a file, if anything did.
pub(crate) fn find(source: &SourceText) -> Option<Problem> {
    let text = source.text.as_str();
    let whole = |problem: Problem| Some(problem.at(Place::file(source.file.clone())));
    if text.starts_with("version https://git-lfs.github.com/spec/") {
        return whole(
            Problem::error("git-lfs", "this is a pointer of Git LFS, not the file itself")
                .help("run `git lfs pull`; in CI, check out with LFS (`lfs: true` of actions/checkout)"),
        );
    }
    let zeros = text.bytes().filter(|b| *b == 0).count();
    if zeros > 0 && zeros * 3 > text.len() {
        return whole(
            Problem::error("encoding", "this file is UTF-16 without a byte order mark, or no text at all")
                .help("save it as UTF-8; if it is not for amgctl, name it in `.amgctlignore`"),
        );
    }
    if let Some(at) = line_with(text, 0, "<<<<<<< ")
        && line_with(text, at, ">>>>>>> ").is_some()
    {
        return Some(
            Problem::error("merge-conflict", "this file holds a merge conflict that nobody has resolved")
                .spot(source.spot(at..at + 7, "it begins here"))
                .help("resolve it, and commit the result"),
        );
    }
    if text.contains("ENC[AES256_GCM,") && text.contains("sops") {
        let at = text.find("ENC[AES256_GCM,").unwrap_or_default();
        return Some(
            Problem::error("encrypted", "this file is encrypted with SOPS: its values would be sent as they stand")
                .spot(source.spot(at..at + 15, ""))
                .help(
                    "decrypt it before amgctl runs, or keep the secrets elsewhere: `$__env{NAME}`, `$__secretsmanager{\u{2026}}`",
                ),
        );
    }
    None
}

// The offset of the first line from an offset on that begins so.
fn line_with(text: &str, from: usize, start: &str) -> Option<usize> {
    let rest = text.get(from..)?;
    if rest.starts_with(start) {
        return Some(from);
    }
    rest.find(&format!("\n{start}")).map(|at| from + at + 1)
}
