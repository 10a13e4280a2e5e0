//! Bytes that nobody expects, in every variable and flag that the program or a library below it reads: what CI leaves
//! behind a value is taken off, everything else is refused in words. Nothing panics, and nothing odd is printed.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::process::Command;

use amgctl::sandbox::Version;

use super::support::{Managed, Ran, dashboard};

/// What stands behind a value.
const ODD: [(&str, &[u8]); 7] = [
    ("a line's end", b"\n"),
    ("a line's end of Windows", b"\r\n"),
    ("a second line", b"\nx"),
    ("an escape", b"\x1b[31m"),
    ("another direction", "\u{202e}x".as_bytes()),
    ("a letter beyond ASCII", "\u{fc}".as_bytes()),
    ("a byte that is no text", b"\xff"),
];

/// What is claimed of every run.
fn holds(ran: &Ran, what: &str) {
    assert!((0..=64).contains(&ran.code), "{what}: {ran}");
    if what.starts_with("CLICOLOR_FORCE") {
        // Whatever it holds, there is colour.
        return;
    }
    for text in ["panicked", "\u{1b}", "\u{202e}", "RUST_BACKTRACE"] {
        assert!(!ran.out.contains(text) && !ran.err.contains(text), "{what}: {ran}");
    }
}

fn behind(value: &OsStr, odd: &[u8]) -> OsString {
    OsString::from_vec([value.as_bytes(), odd].concat())
}

fn world() -> Managed {
    let m = Managed::new(Version::default());
    m.world.json("one.json", &dashboard("one", "One"));
    m
}

/// A command of AWS that asks one question.
fn of_aws(m: &Managed) -> Command {
    m.command("workspace list")
}

/// A plan of a workspace that is named by its URL.
fn of_url(m: &Managed) -> Command {
    m.world.command("plan stack")
}

#[test]
fn variables_may_hold_any_byte() {
    let m = world();
    let home = m.world.home().as_os_str().to_owned();
    let cloud = m.cloud();
    let running = m.world.sandbox.running();
    let aws: [(&str, &str); 24] = [
        ("AWS_ACCESS_KEY_ID", &cloud.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", &cloud.secret_access_key),
        ("AWS_SESSION_TOKEN", ""),
        ("AWS_REGION", cloud.region),
        ("AWS_DEFAULT_REGION", cloud.region),
        ("AWS_PROFILE", ""),
        ("AWS_CONFIG_FILE", "nowhere"),
        ("AWS_SHARED_CREDENTIALS_FILE", "nowhere"),
        ("AWS_ENDPOINT_URL", &cloud.url),
        ("AWS_ENDPOINT_URL_GRAFANA", &cloud.url),
        ("AWS_ROLE_ARN", ""),
        ("AWS_ROLE_SESSION_NAME", ""),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", ""),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", ""),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", ""),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", ""),
        ("AWS_USE_FIPS_ENDPOINT", "false"),
        ("AWS_SDK_UA_APP_ID", "x"),
        ("AWS_EXECUTION_ENV", "x"),
        ("AWS_MAX_ATTEMPTS", "3"),
        ("AWS_RETRY_MODE", "standard"),
        ("HTTP_PROXY", ""),
        ("HTTPS_PROXY", ""),
        ("NO_PROXY", "*"),
    ];
    let url: [(&str, &str); 13] = [
        ("AMGCTL_URL", &running.url),
        ("GRAFANA_TOKEN", &running.tokens.admin),
        ("AMGCTL_STACK", "demo"),
        ("HTTP_PROXY", ""),
        ("http_proxy", ""),
        ("ALL_PROXY", ""),
        ("NO_PROXY", "*"),
        ("SSL_CERT_FILE", ""),
        ("NO_COLOR", "1"),
        ("CLICOLOR_FORCE", "0"),
        ("HOSTNAME", "host"),
        ("USER", "user"),
        ("GITHUB_REPOSITORY", "o/r"),
    ];
    let aws = aws.map(|(name, good)| (name, OsString::from(good), of_aws as fn(&Managed) -> Command));
    let url = url.map(|(name, good)| (name, OsString::from(good), of_url as fn(&Managed) -> Command));
    for (name, good, command) in
        aws.into_iter().chain(url).chain([("HOME", home, of_aws as fn(&Managed) -> Command)])
    {
        for (what, odd) in ODD {
            let what = format!("{name} with {what}");
            // Nothing stands before that line's end, so that it is taken off.
            let odd = if good.is_empty() && odd == b"\nx" { b"x\nx" } else { odd };
            let mut command = command(&m);
            // What is given to the library of certificates counts only where nothing else does.
            if name != "SSL_CERT_FILE" {
                command.env_remove("SSL_CERT_DIR");
            }
            command.env(name, behind(&good, odd));
            let ran = m.run(&what, command);
            holds(&ran, &what);
            let is_read = !["HOSTNAME", "USER", "GITHUB_REPOSITORY"].contains(&name);
            match odd {
                b"\n" | b"\r\n" => drop(ran.exits(0)),
                _ if !is_read => drop(ran.exits(0)),
                // A letter may stand in a name or a path; what is wrong with it is said by whoever reads that.
                _ if odd == "\u{fc}".as_bytes() => {}
                // These are looked at, and never read.
                _ if matches!(name, "NO_COLOR" | "CLICOLOR_FORCE") => drop(ran.exits(0)),
                _ => {
                    let of_home = name == "HOME";
                    assert!(ran.code != 0 || of_home, "{what} was taken: {ran}");
                    ran.says(name);
                }
            }
        }
    }
}

#[test]
fn flags_may_hold_any_byte() {
    let m = world();
    for (flag, good) in [
        ("--workspace", m.id()),
        ("--region", "us-east-1"),
        ("--profile", "p"),
        ("--stack", "demo"),
        ("--secret", "amgctl/demo"),
        ("--url", "http://127.0.0.1:9"),
        ("--token-ttl", "15m"),
        ("--target", "dashboard.one"),
    ] {
        for (what, odd) in ODD {
            let what = format!("{flag} with {what}");
            let mut command = m.command("plan stack");
            command.arg(flag).arg(behind(OsStr::new(good), odd));
            let ran = m.run(&what, command);
            holds(&ran, &what);
            let taken = ["--workspace", "--region", "--stack"].contains(&flag);
            match odd {
                b"\n" | b"\r\n" if taken => drop(ran.exits(0)),
                b"\n" | b"\r\n" => {}
                _ => assert!(ran.code != 0, "{what} was taken: {ran}"),
            }
        }
    }
}

#[test]
fn files_and_programs_of_aws_may_give_any_byte() {
    let m = world();
    let config = m.world.home().join("config");
    let cloud = m.cloud();
    let role =
        "[profile r]\nregion = us-east-1\nrole_arn = arn:aws:iam::123456789012:role/ci\nsource_profile = p\n";
    for (what, odd) in ODD {
        let keys = |id: OsString| {
            let begin = OsString::from(format!("{role}[profile p]\nregion = us-east-1\naws_access_key_id = "));
            let end = format!("\naws_secret_access_key = {}\n", cloud.secret_access_key);
            [begin.as_bytes(), id.as_bytes(), end.as_bytes()].concat()
        };
        let id = behind(OsStr::new(&cloud.access_key_id), odd);
        let printed = serde_json::json!({
            "Version": 1, "AccessKeyId": id.to_string_lossy(), "SecretAccessKey": cloud.secret_access_key,
        });
        std::fs::write(m.world.home().join("printed"), printed.to_string()).unwrap();
        let process = format!("{role}[profile p]\nregion = us-east-1\ncredential_process = cat printed\n");
        for (kind, text) in [("a key in a file", keys(id)), ("a program's key", process.into_bytes())] {
            std::fs::write(&config, text).unwrap();
            for profile in ["p", "r"] {
                let what = format!("{kind} with {what}, profile {profile}");
                let mut command = m.without_credentials("workspace list");
                command.args(["--profile", profile]);
                command.env("AWS_CONFIG_FILE", &config).env("AWS_ENDPOINT_URL", &cloud.url);
                let ran = m.run(&what, command);
                // What signs for a role may panic on a task of its own, which is told as what it is.
                assert!((0..=64).contains(&ran.code) && !ran.err.contains('\u{1b}'), "{what}: {ran}");
            }
        }
    }
}
