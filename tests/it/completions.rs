//! The files in `completions/` are what `amgctl completions SHELL` prints, byte for byte.

use std::path::Path;

use clap_complete::Shell;

const FILES: [(Shell, &str, &str); 5] = [
    (Shell::Bash, "bash", "amgctl.bash"),
    (Shell::Zsh, "zsh", "_amgctl"),
    (Shell::Fish, "fish", "amgctl.fish"),
    (Shell::PowerShell, "powershell", "_amgctl.ps1"),
    (Shell::Elvish, "elvish", "amgctl.elv"),
];

#[test]
fn completions_are_as_generated() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    let stale: Vec<String> = FILES
        .iter()
        .filter(|(shell, ..)| {
            let kept = std::fs::read(directory.join(file(*shell))).unwrap_or_default();
            kept != amgctl::commands::completions(*shell)
        })
        .map(|(_, word, file)| format!("cargo run -- completions {word} > completions/{file}"))
        .collect();
    assert!(stale.is_empty(), "out of date; run:\n{}", stale.join("\n"));
}

#[test]
fn completions_are_printed_by_the_program() {
    for (shell, word, _) in FILES {
        let output =
            assert_cmd::Command::cargo_bin("amgctl").unwrap().args(["completions", word]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{word}");
        assert_eq!(output.stdout, amgctl::commands::completions(shell), "{word}");
    }
}

fn file(shell: Shell) -> &'static str {
    FILES.iter().find(|(known, ..)| *known == shell).map(|(.., file)| *file).unwrap_or_default()
}
