//! What may stand in a variable, a flag or a line of `amgctl.yaml` that names something: one line of plain characters.
//!
//! CI systems and shells leave line ends behind what they set, which nobody sees; they are taken off. Everything else
//! that no name, key or address holds is refused, in words that name the variable: libraries below panic over it, or
//! take it for something else without a word.

use std::ffi::{OsStr, OsString};

/// Variables that this program or a library below it reads, besides those that begin with `AWS_` and `AMGCTL_`.
const READ: [&str; 11] = [
    "GRAFANA_TOKEN",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NO_COLOR",
    "CLICOLOR_FORCE",
    "HOME",
    "USERPROFILE",
];

/// What may stand around a value: what `echo`, editors and consoles of Windows leave there.
fn is_around(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

/// A variable that does not stay as it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Correction {
    /// Set it to this, which is what was meant.
    Set(String, OsString),
    /// Nothing is left of it: it counts as not set.
    Remove(String),
}

/// Variables that cannot be used, each with the reason.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Faults(Vec<(String, String)>);

impl Faults {
    /// Why a variable cannot be used, if it cannot.
    #[must_use]
    pub fn of(&self, name: &str) -> Option<String> {
        self.first(|other| other == name)
    }

    /// Why AWS's variables cannot be used, or those of the way there.
    #[must_use]
    pub fn of_aws(&self) -> Option<String> {
        self.first(|name| name.starts_with("AWS_") || matches!(name, "HOME" | "USERPROFILE"))
            .or_else(|| self.of_network())
    }

    /// Why the variables of the way to any server cannot be used.
    #[must_use]
    pub fn of_network(&self) -> Option<String> {
        self.first(|name| {
            let name = name.to_ascii_uppercase();
            name.ends_with("_PROXY") || name.starts_with("SSL_CERT_")
        })
    }

    fn first(&self, is_meant: impl Fn(&str) -> bool) -> Option<String> {
        let (name, why) = self.0.iter().find(|(name, _)| is_meant(name))?;
        Some(format!("{name} {why}"))
    }
}

/// Looks at the environment: what is to be changed in it before anybody reads it, and what cannot be used.
#[must_use]
pub fn corrections(variables: impl Iterator<Item = (OsString, OsString)>) -> (Vec<Correction>, Faults) {
    let (mut changes, mut faults) = (Vec::new(), Faults::default());
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| is_read(name)) else { continue };
        match usable(&value) {
            Settled::Kept => {}
            Settled::Empty => changes.push(Correction::Remove(name.to_owned())),
            Settled::Trimmed(text) => changes.push(Correction::Set(name.to_owned(), text.into())),
            Settled::Odd(why) => faults.0.push((name.to_owned(), why)),
        }
    }
    faults.0.sort();
    (changes, faults)
}

fn is_read(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    // Proxies are read in small letters too.
    name.starts_with("AWS_")
        || name.starts_with("AMGCTL_")
        || READ.contains(&name)
        || upper.ends_with("_PROXY") && READ.contains(&upper.as_str())
}

enum Settled {
    Kept,
    Empty,
    Trimmed(String),
    Odd(String),
}

fn usable(value: &OsStr) -> Settled {
    let Some(text) = value.to_str() else { return Settled::Odd("is not UTF-8".into()) };
    let trimmed = text.trim_matches(is_around);
    match fault(trimmed) {
        Some(why) => Settled::Odd(why),
        None if trimmed.is_empty() => Settled::Empty,
        None if trimmed == text => Settled::Kept,
        None => Settled::Trimmed(trimmed.to_owned()),
    }
}

/// A text that names something, wherever it was written: without what stands around it. The error says why it cannot be
/// one, and begins with where it was written.
pub fn name(written: &str, text: &str) -> Result<String, String> {
    let trimmed = text.trim_matches(is_around);
    match fault(trimmed) {
        Some(why) => Err(format!("{written} {why}")),
        None => Ok(trimmed.to_owned()),
    }
}

/// What no name, key or address holds: what moves the cursor, or the direction of writing.
fn fault(text: &str) -> Option<String> {
    let odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let (at, c) = text.chars().enumerate().find(|(_, c)| odd(*c))?;
    Some(format!("holds a character that nobody sees, U+{:04X} at {}", u32::from(c), at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> (Vec<Correction>, Faults) {
        corrections(pairs.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))))
    }

    #[test]
    fn what_ci_leaves_around_a_value_is_taken_off() {
        let set = |name: &str, value: &str| Correction::Set(name.into(), value.into());
        let (changes, faults) = of(&[
            ("AWS_ACCESS_KEY_ID", "AKIA\n"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_PROFILE", "\r\n"),
            ("GRAFANA_TOKEN", "\u{feff}glsa_x\r\n"),
            ("https_proxy", " http://proxy:3128 "),
            ("OTHER", "x\n"),
            ("other_proxy", "x\n"),
        ]);
        assert_eq!(
            changes,
            [
                set("AWS_ACCESS_KEY_ID", "AKIA"),
                Correction::Remove("AWS_PROFILE".into()),
                set("GRAFANA_TOKEN", "glsa_x"),
                set("https_proxy", "http://proxy:3128"),
            ]
        );
        assert_eq!(faults, Faults::default());
    }

    #[test]
    fn what_nobody_sees_is_refused_by_its_place() {
        let (changes, faults) =
            of(&[("AWS_PROFILE", "a\u{1}b"), ("AMGCTL_URL", "x\u{202e}y\n"), ("HTTP_PROXY", "a\nb")]);
        assert_eq!(changes, []);
        let told = "AMGCTL_URL holds a character that nobody sees, U+202E at 2";
        assert_eq!(faults.of("AMGCTL_URL").as_deref(), Some(told));
        assert!(faults.of_aws().unwrap().starts_with("AWS_PROFILE "));
        assert!(faults.of_network().unwrap().starts_with("HTTP_PROXY "));
        assert_eq!(faults.of("GRAFANA_TOKEN"), None);
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_are_refused() {
        use std::os::unix::ffi::OsStringExt;
        let odd = OsString::from_vec(vec![b'a', 0xff]);
        let (_, faults) = corrections([(OsString::from("GRAFANA_TOKEN"), odd)].into_iter());
        assert_eq!(faults.of("GRAFANA_TOKEN").as_deref(), Some("GRAFANA_TOKEN is not UTF-8"));
    }

    #[test]
    fn a_name_is_one_line() {
        assert_eq!(name("--region", " eu-west-1\n"), Ok("eu-west-1".into()));
        assert_eq!(name("--profile", "prüf"), Ok("prüf".into()));
        assert!(name("--region", "eu\nwest").unwrap_err().starts_with("--region holds"));
    }
}
