//! The man pages in `completions/man/` are what the command line says of itself, byte for byte.

use std::collections::BTreeMap;
use std::path::Path;

use amgctl::cli::Cli;
use clap::CommandFactory as _;

/// The pages of a directory, by name.
fn pages(directory: &Path) -> BTreeMap<String, String> {
    let Ok(entries) = std::fs::read_dir(directory) else { return BTreeMap::new() };
    let page = |path: &Path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    entries.map(|entry| page(&entry.unwrap().path())).collect()
}

#[test]
fn man_pages_are_as_generated() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions/man");
    let made = tempfile::tempdir().unwrap();
    clap_mangen::generate_to(Cli::command(), made.path()).unwrap();
    if std::env::var_os("UPDATE").is_some() {
        let _ = std::fs::remove_dir_all(&kept);
        std::fs::create_dir_all(&kept).unwrap();
        for (name, text) in pages(made.path()) {
            std::fs::write(kept.join(name), text).unwrap();
        }
    }
    let (kept, made) = (pages(&kept), pages(made.path()));
    let names = kept.keys().chain(made.keys());
    let stale: Vec<&String> = names.filter(|name| kept.get(*name) != made.get(*name)).collect();
    assert!(stale.is_empty(), "out of date: {stale:?}; run: UPDATE=1 cargo test --test it man::");
    assert!(made.contains_key("amgctl.1") && made.contains_key("amgctl-plan.1"), "{:?}", made.keys());
}
