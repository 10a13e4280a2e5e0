//! Names of what amgctl makes in a workspace, and reading them again (pure).
//!
//! AWS has no other handle on a token whose answer was lost, and Grafana refuses a name that any token of the whole
//! workspace has (fact: `token-limits`): so each name says whose it is and what for, and ends at random.

use crate::aws::Role;
use crate::model::StackName;

/// The longest name that AWS takes for a service account or a token.
pub const LONGEST: usize = 128;

/// The service account of a stack for a role: one each, because each is a billed user.
#[must_use]
pub fn account(stack: &StackName, role: Role) -> String {
    match role {
        Role::Admin => format!("amgctl-{stack}"),
        Role::Editor => format!("amgctl-{stack}-editor"),
        Role::Viewer => format!("amgctl-{stack}-viewer"),
    }
}

/// What a token of ours is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// One run.
    Run,
    /// A version of a secret.
    Stored {
        /// The version of the secret that holds it.
        version: String,
        /// The process that made it, as its machine tells it apart; empty where it does not.
        process: String,
    },
}

/// The name of the token of a run: `amgctl/STACK/20261124T091500Z-1f2e3d4c`.
#[must_use]
pub fn run_token(stack: &StackName, now: i64, random: &str) -> String {
    format!("amgctl/{stack}/{}-{}", moment(now), head(random, 8))
}

/// The name of a token that is stored: `amgctl/STACK/secret/20261124T091500Z-VERSION-PROCESS`.
///
/// It names the version of the secret that is going to hold it, so that what AWS says of the secret's versions says
/// which tokens are in use, without a look at the secret's value.
#[must_use]
pub fn stored_token(stack: &StackName, now: i64, version: &str, process: &str) -> String {
    let name = format!("amgctl/{stack}/secret/{}-{version}", moment(now));
    if process.is_empty() { name } else { format!("{name}-{process}") }
}

/// What a token is for; none when it is no token of this stack's.
#[must_use]
pub fn purpose(stack: &StackName, name: &str) -> Option<Purpose> {
    let rest = name.strip_prefix("amgctl/")?.strip_prefix(stack.as_str())?.strip_prefix('/')?;
    match rest.strip_prefix("secret/") {
        Some(rest) => {
            let (_, rest) = rest.split_once('-')?;
            let (version, process) = rest.split_once('-').unwrap_or((rest, ""));
            Some(Purpose::Stored { version: version.to_owned(), process: process.to_owned() })
        }
        None if rest.contains('/') => None,
        None => Some(Purpose::Run),
    }
}

/// The name of the API key that a version of a secret holds, by what names the version
/// ([`super::rules::keys::part`]). There is no call that lists keys: the versions of the secret are the list.
#[must_use]
pub fn key(stack: &StackName, part: &str) -> String {
    format!("amgctl-{stack}-{part}")
}

/// `20261124T091500Z`.
fn moment(seconds: i64) -> String {
    let moment = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    moment.strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn head(text: &str, length: usize) -> &str {
    text.get(..length).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(name: &str) -> StackName {
        StackName::parse(name).unwrap()
    }

    const VERSION: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn names_say_whose_they_are_and_what_for() {
        let shop = stack("shop");
        assert_eq!(account(&shop, Role::Admin), "amgctl-shop");
        assert_eq!(account(&shop, Role::Viewer), "amgctl-shop-viewer");
        let run = run_token(&shop, 1_795_511_700, "1f2e3d4c5b6a");
        assert_eq!(run, "amgctl/shop/20261124T091500Z-1f2e3d4c");
        assert_eq!(purpose(&shop, &run), Some(Purpose::Run));
        let stored = stored_token(&shop, 1_795_511_700, VERSION, "a1b2c3d4.17.99");
        assert_eq!(stored, format!("amgctl/shop/secret/20261124T091500Z-{VERSION}-a1b2c3d4.17.99"));
        let wanted = Purpose::Stored { version: VERSION.into(), process: "a1b2c3d4.17.99".into() };
        assert_eq!(purpose(&shop, &stored), Some(wanted));
        let bare = stored_token(&shop, 0, VERSION, "");
        assert_eq!(purpose(&shop, &bare), Some(Purpose::Stored { version: VERSION.into(), process: "".into() }));
    }

    #[test]
    fn what_others_made_is_nobodys_of_ours() {
        for name in
            ["amgctl/shop-2/20261124T091500Z-1f2e3d4c", "amgctl/", "shop", "amgctl/shop", "amgctl/shop/a/b", ""]
        {
            assert_eq!(purpose(&stack("shop"), name), None, "{name}");
        }
    }

    #[test]
    fn the_longest_names_are_short_enough() {
        let longest = stack(&"s".repeat(32));
        let process = "a1b2c3d4.4194304.99999999999";
        let version = "0".repeat(crate::identity::version::LENGTH);
        assert!(stored_token(&longest, i64::from(u32::MAX), &version, process).len() <= LONGEST);
        assert!(account(&longest, Role::Viewer).len() <= LONGEST);
        assert!(key(&longest, VERSION).len() <= 100, "AWS takes 100 for a key");
    }
}
