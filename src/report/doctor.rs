//! What `amgctl doctor` concludes from what was read: one finding for each check (pure).
//!
//! Each check is worked out by itself, from what was read for it: a check that could not be made says because of which
//! other one.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Limit;

/// What is looked at, in the order in which it is shown: each stands on those before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Check {
    /// The files.
    Directory,
    /// The way to the workspace.
    Proxy,
    /// Who comes in, and with what.
    Credentials,
    /// Whether the workspace is there and ready.
    Workspace,
    /// How long its certificate lasts.
    Certificate,
    /// Its clock beside this machine's.
    Clock,
    /// The version of its Grafana.
    Version,
    /// What the token may do.
    Permissions,
    /// What of Grafana's plugins the directory needs.
    Plugins,
    /// How much more fits in.
    Quota,
    /// The stack's record.
    Registry,
    /// Whether another run holds the stack.
    Lease,
}

impl Check {
    /// Its name, as it is printed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Check::Directory => "directory",
            Check::Proxy => "proxy",
            Check::Credentials => "credentials",
            Check::Workspace => "workspace",
            Check::Certificate => "certificate",
            Check::Clock => "clock",
            Check::Version => "version",
            Check::Permissions => "permissions",
            Check::Plugins => "plugins",
            Check::Quota => "quota",
            Check::Registry => "registry",
            Check::Lease => "lease",
        }
    }
}

/// What became of a check.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum State {
    /// All is well.
    Good,
    /// It works, and will not for long, or not for all.
    Warning,
    /// It will not work.
    Failed,
    /// Nobody knows: it was not looked at.
    Unseen,
}

impl State {
    /// Its name, as it is printed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            State::Good => "ok",
            State::Warning => "warning",
            State::Failed => "failed",
            State::Unseen => "not looked at",
        }
    }
}

/// What came of one check.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Which.
    pub check: Check,
    /// What became of it.
    pub state: State,
    /// What there is to say, a sentence without a full stop.
    pub words: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Finding {
    /// A finding with nothing to do about it.
    #[must_use]
    pub fn new(check: Check, state: State, words: impl Into<String>) -> Finding {
        Finding { check, state, words: words.into(), hint: None }
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Finding {
        self.hint = Some(hint.into());
        self
    }

    /// A check that could not be made because of another one.
    #[must_use]
    pub fn because_of(check: Check, other: Check) -> Finding {
        Finding::new(check, State::Unseen, format!("because of {}", other.name()))
    }
}

/// Whether nothing failed: what was not looked at because another check failed counts with that.
#[must_use]
pub fn is_well(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.state != State::Failed)
}

/// So many days before it ends a certificate is worth a warning.
const SOON: i64 = 21;

/// How long a certificate lasts. `ends` and `now` are seconds since 1970; none where there is none to look at.
#[must_use]
pub fn certificate(ends: Option<i64>, now: i64, is_encrypted: bool) -> Finding {
    let of = |state, words: String| Finding::new(Check::Certificate, state, words);
    let Some(ends) = ends else {
        return match is_encrypted {
            true => of(State::Unseen, "the connection does not tell it".into()),
            false => of(State::Good, "none is needed: the workspace is on this machine".into()),
        };
    };
    match (ends - now).div_euclid(24 * 60 * 60) {
        days if days < 0 => of(State::Failed, format!("it ended {} days ago", -days)).hint("renew it"),
        days if days <= SOON => of(State::Warning, format!("it ends in {days} days")).hint("renew it before"),
        days => of(State::Good, format!("it is trusted, and ends in {days} days")),
    }
}

/// So many seconds apart clocks are worth a warning: leases count by the server's, tokens by both.
const APART: i64 = 60;
/// So many seconds apart AWS refuses what is signed.
const TOO_FAR: i64 = 5 * 60;

/// The server's clock beside ours, in seconds since 1970; none where no answer had a date.
#[must_use]
pub fn clock(server: Option<i64>, ours: i64, is_aws_asked: bool) -> Finding {
    let of = |state, words: String| Finding::new(Check::Clock, state, words);
    let Some(server) = server else { return of(State::Unseen, "no answer of the server says the time".into()) };
    let apart = ours - server;
    let side = if apart < 0 { "behind" } else { "ahead of" };
    let words = format!("this machine is {} seconds {side} the server", apart.abs());
    match apart.abs() {
        far if far >= TOO_FAR && is_aws_asked => {
            of(State::Failed, format!("{words}, and AWS refuses what is signed at another time"))
                .hint("set the clock")
        }
        far if far > APART => of(State::Warning, words).hint("set the clock"),
        _ => of(State::Good, words),
    }
}

/// Whether a version is one that amgctl knows; empty where the server hides it.
#[must_use]
pub fn version(version: &str) -> Finding {
    let of = |state, words: String| Finding::new(Check::Version, state, words);
    let mut numbers = version.split(['.', '-', '+']).map(|part| part.parse::<u32>().ok());
    let number = (numbers.next().flatten(), numbers.next().flatten().unwrap_or(0));
    let known = format!("Grafana {version}");
    match number {
        (None, _) => of(State::Unseen, "the server does not say its version".into()),
        (Some(major), minor) if (major, minor) < (9, 4) => {
            of(State::Failed, format!("{known} is older than 9.4, the first that amgctl works with"))
                .hint("upgrade the workspace")
        }
        (Some(9 | 10 | 12), _) => of(State::Good, known),
        (Some(11 | 13), _) => of(
            State::Good,
            format!("{known}; it was read about and never tried, docs/servers.md says what is assumed"),
        ),
        (Some(_), _) => of(State::Warning, format!("{known} is newer than any that amgctl knows"))
            .hint("look for a newer amgctl, and read a plan twice before it is applied"),
    }
}

/// What a token may do of what an apply needs; none where the workspace does not say.
#[must_use]
pub fn permissions(missing: Option<&[String]>) -> Finding {
    let of = |state, words: String| Finding::new(Check::Permissions, state, words);
    match missing {
        None => of(State::Unseen, "this workspace does not say what a token may do".into()),
        Some([]) => of(State::Good, "the token may do everywhere what an apply of this directory needs".into()),
        Some(missing) => {
            let words = format!("the token may not do everywhere what an apply needs: {}", missing.join(", "));
            of(State::Failed, words).hint("use a token of a service account with the role Admin")
        }
    }
}

/// Which plugins the workspace lacks of those that are needed, each with the first object that needs it; none where the
/// workspace does not say what it has, with the words why.
#[must_use]
pub fn plugins(needed: &BTreeMap<String, String>, there: Result<&BTreeSet<String>, &str>) -> Finding {
    let of = |state, words: String| Finding::new(Check::Plugins, state, words);
    let there = match there {
        Ok(there) => there,
        Err(why) if needed.is_empty() => return of(State::Good, format!("none is needed ({why})")),
        Err(why) => return of(State::Unseen, why.to_owned()),
    };
    let lacks: Vec<String> = needed
        .iter()
        .filter(|(plugin, _)| !there.contains(*plugin))
        .map(|(plugin, by)| format!("`{plugin}` (`{by}`)"))
        .collect();
    match lacks.len() {
        0 => of(State::Good, format!("the workspace has all of the {} that the directory needs", needed.len())),
        _ => of(State::Warning, format!("the workspace lacks {}", lacks.join(", ")))
            .hint("install them in the workspace: what needs them is written all the same, and shows nothing"),
    }
}

/// How much more fits in; none where the server does not say, with the words why.
#[must_use]
pub fn quota(limits: Result<&[Limit], &str>) -> Finding {
    let of = |state, words: String| Finding::new(Check::Quota, state, words);
    let limits = match limits {
        Ok(limits) => limits,
        Err(why) => return of(State::Unseen, why.to_owned()),
    };
    let told = |limits: &[&Limit]| {
        let all = limits.iter().map(|one| format!("{} {} of {}", one.of, one.used, one.limit));
        all.collect::<Vec<_>>().join(", ")
    };
    let bounded: Vec<&Limit> = limits.iter().filter(|one| one.limit >= 0).collect();
    let full: Vec<&Limit> = bounded.iter().copied().filter(|one| one.used >= one.limit).collect();
    let nearly = |one: &&Limit| one.used.saturating_mul(10) >= one.limit.saturating_mul(9);
    let close: Vec<&Limit> = bounded.iter().copied().filter(nearly).collect();
    match (full.is_empty(), close.is_empty(), bounded.is_empty()) {
        (false, ..) => of(State::Warning, format!("nothing more fits in: {}", told(&full)))
            .hint("remove what is not needed: a create is refused there"),
        (true, false, _) => {
            of(State::Warning, format!("nearly full: {}", told(&close))).hint("remove what is not needed")
        }
        (true, true, false) => of(State::Good, told(&bounded)),
        (true, true, true) => of(State::Good, "the workspace has no limits of its own".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(finding: &Finding, state: State, words: &str) {
        assert_eq!(finding.state, state, "{finding:?}");
        assert!(finding.words.contains(words), "{finding:?}");
        assert_eq!(finding.hint.is_some(), matches!(state, State::Warning | State::Failed), "{finding:?}");
    }

    #[test]
    fn versions_are_judged_by_what_was_tried() {
        for (text, state, words) in [
            ("", State::Unseen, "does not say"),
            ("nonsense", State::Unseen, "does not say"),
            ("8.5.27", State::Failed, "older than 9.4"),
            ("9.3.0", State::Failed, "older than 9.4"),
            ("9.4.7", State::Good, "9.4.7"),
            ("10.4.1", State::Good, "10.4.1"),
            ("11.6.0+security-01", State::Good, "never tried"),
            ("12.4.0-17", State::Good, "12.4.0"),
            ("13.2.1", State::Good, "never tried"),
            ("14.0.0", State::Warning, "newer"),
        ] {
            check(&version(text), state, words);
        }
    }

    #[test]
    fn certificates_and_clocks_are_judged_by_what_is_left() {
        const DAY: i64 = 24 * 60 * 60;
        for (ends, state, words) in [
            (Some(100 * DAY), State::Good, "100 days"),
            (Some(21 * DAY), State::Warning, "21 days"),
            (Some(0), State::Warning, "0 days"),
            (Some(-1), State::Failed, "1 days ago"),
            (None, State::Unseen, "does not tell"),
        ] {
            check(&certificate(ends, 0, true), state, words);
        }
        check(&certificate(None, 0, false), State::Good, "on this machine");
        for (ours, aws, state, words) in [
            (60, true, State::Good, "60 seconds ahead"),
            (-61, true, State::Warning, "61 seconds behind"),
            (300, true, State::Failed, "AWS refuses"),
            (300, false, State::Warning, "300 seconds ahead"),
        ] {
            check(&clock(Some(1000), 1000 + ours, aws), state, words);
        }
        check(&clock(None, 0, true), State::Unseen, "says the time");
    }

    #[test]
    fn what_a_token_may_not_do_is_named() {
        check(&permissions(None), State::Unseen, "does not say");
        check(&permissions(Some(&[])), State::Good, "everywhere");
        check(&permissions(Some(&["folders:write".into()])), State::Failed, "folders:write");
    }

    #[test]
    fn plugins_that_are_lacking_are_named_with_what_needs_them() {
        let needed =
            BTreeMap::from([("loki".to_owned(), "datasource.l".to_owned()), ("x".into(), "dashboard.d".into())]);
        let there = |all: &[&str]| all.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>();
        check(&plugins(&needed, Ok(&there(&["loki", "x"]))), State::Good, "all of the 2");
        check(&plugins(&needed, Ok(&there(&["loki"]))), State::Warning, "lacks `x` (`dashboard.d`)");
        check(&plugins(&needed, Err("it answers 403")), State::Unseen, "403");
        check(&plugins(&BTreeMap::new(), Err("it answers 403")), State::Good, "none is needed");
    }

    #[test]
    fn limits_are_named_from_nine_tenths_on() {
        let limit = |used, limit| [Limit { of: "dashboard".into(), limit, used }];
        check(&quota(Ok(&limit(1799, 2000))), State::Good, "dashboard 1799 of 2000");
        check(&quota(Ok(&limit(1800, 2000))), State::Warning, "nearly full");
        check(&quota(Ok(&limit(2000, 2000))), State::Warning, "nothing more fits in");
        check(&quota(Ok(&limit(5, -1))), State::Good, "no limits");
        check(&quota(Err("it answers 500")), State::Unseen, "500");
    }

    #[test]
    fn only_a_failed_check_makes_it_fail() {
        let of = |state| [Finding::new(Check::Version, state, "x")];
        assert!([State::Good, State::Warning, State::Unseen].iter().all(|state| is_well(&of(*state))));
        assert!(!is_well(&of(State::Failed)));
    }
}
