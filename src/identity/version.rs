//! The ids of the versions of a secret that we make, written and read again (pure).
//!
//! AWS takes the id of a version from whoever stores it, shows it beside its labels without showing the value, and moves
//! a label at once. So what has to be true of *what readers get* stands in the id: which workspace it opens, what it may
//! do, how the value looks, when it ends. A tag is of the whole secret; it is written by another call than the one that
//! moves the label, and a run that is cut off in between leaves a tag that is not true.
//!
//! `0123abcd j v 0123456789 6a3f2b10 9f8e7d6`, without the blanks: which secret ([`mark`]), the format (`j`, `p`), the
//! role (`a`, `e`, `v`; in capitals the API key of one), the workspace's id without its `g-`, the end in seconds since
//! 1970, and what tells it from its siblings. Versions that earlier releases stored have 24 hexadecimal digits after the
//! mark and say nothing else.

use crate::aws::Role;
use crate::model::Digest;

/// How many digits say which secret it is.
const MARK: usize = 8;
/// How long an id is; AWS takes 32 to 64 characters, and a token's name has no room for more.
pub const LENGTH: usize = MARK + 2 + 10 + 8 + 7;

/// How the value of a secret looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// An object that says what the token is.
    Json,
    /// The token and nothing else.
    Plain,
}

impl Format {
    /// As the tag and messages name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Plain => "plain",
        }
    }

    /// The format of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<Format> {
        [Format::Json, Format::Plain].into_iter().find(|format| format.name() == name)
    }
}

/// What opens the workspace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// A token of a service account.
    Token,
    /// An API key.
    Key,
}

/// What an id says of its version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Version {
    /// Which secret it is of.
    pub mark: String,
    /// How the value looks.
    pub format: Format,
    /// What opens the workspace.
    pub access: Access,
    /// What it may do.
    pub role: Role,
    /// The ten characters that stand for the workspace.
    place: String,
    /// When it ends, in seconds since 1970.
    pub ends: i64,
    /// What tells it from its siblings.
    pub random: String,
}

impl Version {
    /// What is going to be stored; only the first digits of what is random are used.
    #[must_use]
    pub fn new(mark: &str, made: (Access, Role, Format), workspace: &str, ends: i64, random: &str) -> Version {
        let (access, role, format) = made;
        let random = random.get(..7).unwrap_or("0000000").to_owned();
        Version { mark: mark.to_owned(), format, access, role, place: place(workspace), ends, random }
    }

    /// Reads an id; none where it is no id of ours, or one of an earlier release.
    #[must_use]
    pub fn read(id: &str) -> Option<Version> {
        if id.len() != LENGTH || !id.is_ascii() {
            return None;
        }
        let (mark, rest) = id.split_at(MARK);
        let (letters, rest) = rest.split_at(2);
        let (place, rest) = rest.split_at(10);
        let (ends, random) = rest.split_at(8);
        let is_hex = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if ![mark, ends, random, place.strip_prefix('x').unwrap_or(place)].into_iter().all(is_hex) {
            return None;
        }
        let (format, role) = letters.split_at(1);
        let format = [Format::Json, Format::Plain].into_iter().find(|f| letter(*f) == format)?;
        let kinds = [Access::Token, Access::Key].into_iter().flat_map(|a| ROLES.map(|role| (a, role)));
        let (access, role) = kinds.into_iter().find(|(access, of)| right(*access, *of) == role)?;
        let ends = i64::from_str_radix(ends, 16).ok()?;
        let (mark, place, random) = (mark.to_owned(), place.to_owned(), random.to_owned());
        Some(Version { mark, format, access, role, place, ends, random })
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> String {
        let ends = u32::try_from(self.ends).unwrap_or(u32::MAX);
        let (format, right) = (letter(self.format), right(self.access, self.role));
        format!("{}{format}{right}{}{ends:08x}{}", self.mark, self.place, self.random)
    }

    /// Whether it opens a workspace.
    #[must_use]
    pub fn opens(&self, workspace: &str) -> bool {
        self.place == place(workspace)
    }

    /// The workspace's id, where it is one that AWS gives.
    #[must_use]
    pub fn workspace(&self) -> String {
        format!("g-{}", self.place)
    }

    /// What names an API key: what the run after one that was cut off knows as well, whatever flags it was given.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}{}{}", self.mark, self.place, self.random)
    }
}

/// The roles, the widest first.
pub const ROLES: [Role; 3] = [Role::Admin, Role::Editor, Role::Viewer];

fn letter(format: Format) -> &'static str {
    match format {
        Format::Json => "j",
        Format::Plain => "p",
    }
}

fn right(access: Access, role: Role) -> &'static str {
    match (access, role) {
        (Access::Token, Role::Admin) => "a",
        (Access::Token, Role::Editor) => "e",
        (Access::Token, Role::Viewer) => "v",
        (Access::Key, Role::Admin) => "A",
        (Access::Key, Role::Editor) => "E",
        (Access::Key, Role::Viewer) => "V",
    }
}

/// The ten characters that stand for a workspace: those of its id. One that AWS would not give is told by its digest.
fn place(workspace: &str) -> String {
    let hex = |rest: &&str| rest.len() == 10 && rest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    match workspace.strip_prefix("g-").filter(hex) {
        Some(rest) => rest.to_owned(),
        None => format!("x{}", &Digest::of_bytes(workspace.as_bytes()).as_str()[..9]),
    }
}

/// How the versions of a secret begin that we make: two secrets of one stack do not take each other's tokens away.
#[must_use]
pub fn mark(region: &str, secret: &str) -> String {
    let digest = Digest::of_bytes(format!("{region}/{secret}").as_bytes());
    digest.as_str().chars().take(MARK).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let mark = mark("eu-west-1", "amgctl/prod");
        for access in [Access::Token, Access::Key] {
            for role in ROLES {
                for format in [Format::Json, Format::Plain] {
                    for workspace in ["g-0123456789", "observability"] {
                        let made = Version::new(
                            &mark,
                            (access, role, format),
                            workspace,
                            1_795_511_700,
                            &"9f8e7d6c".repeat(8),
                        );
                        let id = made.id();
                        assert_eq!(id.len(), LENGTH);
                        assert_eq!(Version::read(&id), Some(made.clone()));
                        assert!(made.opens(workspace) && !made.opens("g-fedcba9876"));
                    }
                }
            }
        }
        let made = (Access::Token, Role::Viewer, Format::Json);
        let made = Version::new("0123abcd", made, "g-0123456789", 0x6a3f_2b10, "9f8e7d6c5b");
        assert_eq!((&*made.id(), &*made.workspace()), ("0123abcdjv01234567896a3f2b109f8e7d6", "g-0123456789"));
    }

    #[test]
    fn what_is_none_of_ours_is_not_read() {
        for id in [
            "",
            "0123abcd9f8e7d6c5b4a39281706f5e4",
            "0123abcdjx01234567896a3f2b109f8e7d6",
            "0123abcdjv01234567896a3f2b109f8e7d",
            "0123abcdjv012345678g6a3f2b109f8e7d6",
            "0123abcdjv01234567896a3f2b109f8e7é",
            "3e1c2b0a-0000-4000-8000-000000000000",
        ] {
            assert_eq!(Version::read(id), None, "{id}");
        }
    }

    #[test]
    fn a_key_is_named_alike_whatever_it_may_do_and_however_it_is_stored() {
        let key = |role, format, ends| {
            Version::new("0123abcd", (Access::Key, role, format), "g-0123456789", ends, "9f8e7d6").key()
        };
        assert_eq!(key(Role::Admin, Format::Json, 1), key(Role::Viewer, Format::Plain, 2));
    }
}
