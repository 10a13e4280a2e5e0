//! Programs of Jsonnet, evaluated by the `jsonnet` that is installed on this machine.
//!
//! What it is given is the program and its variables, and of the environment nothing but `PATH`. Time and output are
//! bounded. It may import any file that it can read, as it may anywhere else.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use crate::model::{Secret, hide};
use crate::source::content::{ContentFailure, LARGEST_CONTENT};

/// The program.
const NAME: &str = if cfg!(windows) { "jsonnet.exe" } else { "jsonnet" };
/// The directory that jsonnet-bundler keeps libraries in, at the root of a repository.
const VENDOR: &str = "vendor";
/// The most bytes of what it complains of.
const LARGEST_COMPLAINT: usize = 2048;

/// The value of a variable.
pub(super) enum Value {
    /// It stands in the directory.
    Plain(String),
    /// It does not, and is not to be seen among the processes of the machine.
    Secret(Secret),
}

impl Value {
    fn secret(&self) -> Option<&Secret> {
        match self {
            Value::Secret(secret) => Some(secret),
            Value::Plain(_) => None,
        }
    }
}

/// What is evaluated.
pub(super) struct Program<'a> {
    /// The text.
    pub text: &'a str,
    /// The external variables.
    pub variables: BTreeMap<&'a str, Value>,
    /// Where imports are looked for first.
    pub directory: PathBuf,
    /// The root of the directory of manifests.
    pub root: &'a Path,
}

/// Evaluates a program; `path` is the `PATH` that `jsonnet` is found in.
pub(super) async fn evaluate(
    program: &Program<'_>,
    path: Option<&OsStr>,
    patience: Duration,
) -> Result<Vec<u8>, ContentFailure> {
    let installed = find(path).ok_or_else(|| {
        ContentFailure::new(
            "cannot be evaluated: there is no `jsonnet` on this machine",
            "install it (https://github.com/google/go-jsonnet), or keep the dashboard that comes out of it",
        )
    })?;
    let mut command = Command::new(installed);
    command.env_clear().current_dir(&program.directory).kill_on_drop(true);
    if let Some(path) = path {
        command.env("PATH", path);
    }
    let vendor = program.root.join(VENDOR);
    if let Ok(vendor) = vendor.canonicalize() {
        command.arg("-J").arg(vendor);
    }
    for (name, value) in &program.variables {
        add(&mut command, name, value)?;
    }
    command.arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let run = tokio::time::timeout(patience, run(command, program)).await;
    run.unwrap_or_else(|_| {
        let late = format!("was not evaluated within {} s", patience.as_secs());
        Err(ContentFailure::new(late, "look at the program: it may never end"))
    })
}

// A secret is handed over in the environment, which others on this machine do not see. There are names in it that decide
// how a program runs at all.
fn add(command: &mut Command, name: &str, value: &Value) -> Result<(), ContentFailure> {
    const BEGINNINGS: [&str; 9] = ["LD_", "DYLD_", "GO", "GLIBC", "GCONV", "MALLOC", "LC_", "LOCPATH", "JSONNET"];
    let text = match value {
        Value::Plain(text) => text,
        Value::Secret(secret) => secret.expose(),
    };
    if name.is_empty() || name.contains(['=', '\0']) || text.contains('\0') {
        return Err(ContentFailure::new(
            format!("cannot be evaluated: `{}` is no name and value of a variable", name.escape_debug()),
            "names have no `=`, and values no byte 0",
        ));
    }
    match value {
        Value::Plain(text) => drop(command.arg("--ext-str").arg(format!("{name}={text}"))),
        Value::Secret(_) if name == "PATH" || BEGINNINGS.iter().any(|begin| name.starts_with(begin)) => {
            return Err(ContentFailure::new(
                format!("cannot be evaluated: `{name}` is no name that a secret may have"),
                "give the variable another name",
            ));
        }
        Value::Secret(secret) => drop(command.env(name, secret.expose()).arg("--ext-str").arg(name)),
    }
    Ok(())
}

async fn run(mut command: Command, program: &Program<'_>) -> Result<Vec<u8>, ContentFailure> {
    let lost = |why: std::io::Error| {
        ContentFailure::new(
            format!("cannot be evaluated: `jsonnet` does not run: {why}"),
            "see that it can be run here",
        )
    };
    let mut child = command.spawn().map_err(lost)?;
    let (input, output, complaints) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async {
        if let Some(mut input) = input {
            // One that does not read to the end says why by itself.
            let _ = input.write_all(program.text.as_bytes()).await;
        }
    };
    let ((), bytes, complaints) =
        tokio::join!(write, read(output, LARGEST_CONTENT + 1), read(complaints, LARGEST_COMPLAINT));
    let bytes = bytes.map_err(lost)?;
    if bytes.len() > LARGEST_CONTENT {
        return Err(ContentFailure::new(
            "evaluates to more than 16 MiB",
            "look at the program: a dashboard is smaller",
        ));
    }
    let status = child.wait().await.map_err(lost)?;
    if status.success() {
        return Ok(bytes);
    }
    let secrets: Vec<&Secret> = program.variables.values().filter_map(Value::secret).collect();
    let complaints = hide(&String::from_utf8_lossy(&complaints.unwrap_or_default()), &secrets);
    let words: Vec<&str> =
        complaints.split(|c: char| c.is_control()).map(str::trim).filter(|w| !w.is_empty()).collect();
    let words = if words.is_empty() { status.to_string() } else { words[..words.len().min(4)].join("; ") };
    Err(ContentFailure::new(
        format!("cannot be evaluated: {words}"),
        "libraries are found beside the manifest and in `vendor` at the root of the directory",
    ))
}

// Reads so many bytes; what comes behind them is not waited for.
async fn read(from: Option<impl AsyncRead + Unpin>, most: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        from.take(most as u64).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

// A relative part of `PATH` would be looked for where the manifest stands.
fn find(path: Option<&OsStr>) -> Option<PathBuf> {
    let mut parts = std::env::split_paths(path?).filter(|part| part.is_absolute());
    parts.find_map(|part| Some(part.join(NAME)).filter(|program| program.is_file()))
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    /// A `jsonnet` that is this script.
    fn installed(script: &str) -> tempfile::TempDir {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().unwrap();
        let program = root.path().join(NAME);
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        root
    }

    async fn evaluated(
        script: &str,
        variables: &[(&'static str, Value)],
        patience: Duration,
    ) -> Result<String, String> {
        let root = installed(script);
        let variables = variables.iter().map(|(name, value)| {
            let value = match value {
                Value::Plain(text) => Value::Plain(text.clone()),
                Value::Secret(secret) => Value::Secret(secret.clone()),
            };
            (*name, value)
        });
        let program = Program {
            text: "{ title: 'x' }",
            variables: variables.collect(),
            directory: root.path().to_owned(),
            root: root.path(),
        };
        let path = std::env::join_paths([root.path(), Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
        let bytes = evaluate(&program, Some(&path), patience).await;
        bytes.map(|bytes| String::from_utf8(bytes).unwrap()).map_err(|failure| failure.message)
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn it_is_given_the_program_its_variables_and_nothing_else() {
        let variables =
            [("PLAIN", Value::Plain("a b".into())), ("HIDDEN", Value::Secret(Secret::new("hunter2".into())))];
        let text =
            evaluated("printf '%s|' \"$@\"; cat; env | sed 's/=.*//' | sort", &variables, LONG).await.unwrap();
        let (arguments, environment) = text.split_once("{ title: 'x' }").unwrap();
        assert_eq!(arguments, "--ext-str|HIDDEN|--ext-str|PLAIN=a b|-|");
        // A shell adds some of its own.
        let names: Vec<&str> =
            environment.lines().filter(|name| !["PWD", "OLDPWD", "SHLVL", "_"].contains(name)).collect();
        assert_eq!(names, ["HIDDEN", "PATH"]);
    }

    #[tokio::test]
    async fn hostile_programs_are_one_error_each() {
        let none = &[];
        let failed = evaluated("yes", none, LONG).await.unwrap_err();
        assert_eq!(failed, "evaluates to more than 16 MiB");
        let failed = evaluated("sleep 600", none, Duration::from_millis(50)).await.unwrap_err();
        assert_eq!(failed, "was not evaluated within 0 s");
        let hidden = [("X", Value::Secret(Secret::new("hunter2-hunter2".into())))];
        let failed =
            evaluated("echo \"RUNTIME ERROR: $X\" >&2; yes no >&2; exit 1", &hidden, LONG).await.unwrap_err();
        assert!(
            failed.starts_with("cannot be evaluated: RUNTIME ERROR: ") && !failed.contains("hunter2"),
            "{failed}"
        );
        assert_eq!(evaluated("exit 3", none, LONG).await.unwrap_err(), "cannot be evaluated: exit status: 3");
    }

    #[tokio::test]
    async fn names_that_decide_how_a_program_runs_are_no_names_of_secrets() {
        for name in ["LD_PRELOAD", "PATH", "GODEBUG", "a=b", ""] {
            let variables = [(name, Value::Secret(Secret::new("x".into())))];
            assert!(evaluated("true", &variables, LONG).await.unwrap_err().contains("no name"), "{name}");
        }
        let program =
            Program { text: "", variables: BTreeMap::new(), directory: PathBuf::from("/"), root: Path::new("/") };
        let missing = evaluate(&program, Some(OsStr::new("relative:.")), LONG).await.unwrap_err();
        assert_eq!(missing.message, "cannot be evaluated: there is no `jsonnet` on this machine");
    }
}
