//! What a plan takes away and something that is not this stack's still uses: named with the change, before it is made.
//!
//! Our own users are errors already. For others the bodies of live objects have to be read, which is done only where
//! something goes ([`going`]) that they could use ([`candidates`]); what could not be looked at is said ([`warn`]). Kinds
//! that the server itself is asked about stand in `users`.

use std::collections::{BTreeMap, BTreeSet};

use super::inputs::Workspace;
use super::{Action, Change, Plan, afterwards};
use crate::kinds::{self, KINDS, Kind};
use crate::model::{Address, Declared, KindName, Problem, Target, counted};

/// So many users are named of one object; more are counted.
const NAMED: usize = 5;
/// So many objects that could not be looked at are named.
const UNREAD: usize = 3;

/// What goes, as others refer to it: by uid or by name, each with the change that takes it away.
pub type Going = BTreeMap<Target, Address>;

/// An object of the workspace, and what it uses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// What it is.
    pub address: Address,
    /// Its title.
    pub title: String,
    /// What it uses.
    pub uses: BTreeSet<Target>,
}

/// What was found out about the candidates.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Users {
    /// Those that were read.
    pub read: Vec<User>,
    /// Those that could not be read, each with the reason.
    pub unread: Vec<(Address, String)>,
}

/// What a plan takes away that others could use, and that no server is asked about.
#[must_use]
pub fn going(plan: &Plan, live: &Workspace, declared: &[Declared]) -> Going {
    let changes: BTreeMap<&Address, &Change> = plan.changes().map(|change| (&change.address, change)).collect();
    let mut going = Going::new();
    for target in afterwards::leaving(plan, live, declared).into_keys().filter(|to| can_be_used(to.kind)) {
        let by_uid = Address::live(target.kind, &target.name).filter(|address| changes.contains_key(address));
        let by_name = || {
            let named = live.all(target.kind).iter().find(|one| one.title == target.name)?;
            Address::live(target.kind, &named.uid).filter(|address| changes.contains_key(address))
        };
        let Some(address) = by_uid.or_else(by_name) else { continue };
        if kinds::by_name(address.kind).users(&address.key).is_none() {
            going.insert(target, address);
        }
    }
    going
}

/// Whether objects of this kind are used by others: dashboards use others, and link to each other.
fn can_be_used(kind: KindName) -> bool {
    using().any(|user| user.name() == kind || user.facts().uses.contains(&kind))
}

/// The kinds whose objects use others.
fn using() -> impl Iterator<Item = &'static dyn Kind> {
    KINDS.iter().copied().filter(|kind| !kind.facts().uses.is_empty())
}

/// Whose bodies have to be looked at: what is not declared and stays; nothing where nothing goes.
#[must_use]
pub fn candidates(going: &Going, plan: &Plan, live: &Workspace, declared: &[Declared]) -> BTreeSet<Address> {
    if going.is_empty() {
        return BTreeSet::new();
    }
    let declared: BTreeSet<&Address> = declared.iter().map(|declared| &declared.address).collect();
    let deleted: BTreeSet<&Address> =
        plan.changes().filter(|c| matches!(c.action, Action::Delete { .. })).map(|c| &c.address).collect();
    let listed = using().flat_map(|kind| live.all(kind.name()).iter().map(|one| (kind.name(), one)));
    let all = listed.filter_map(|(kind, one)| Address::live(kind, &one.uid));
    all.filter(|a| !a.key.is_reserved() && !declared.contains(a) && !deleted.contains(a)).collect()
}

/// Says with each change who uses what it takes away, and in the plan's notices what was not looked at. The same as
/// warnings, one for each change.
pub fn warn(plan: &mut Plan, live: &Workspace, going: &Going, found: Users) -> Vec<Problem> {
    if going.is_empty() {
        return Vec::new();
    }
    plan.notices.extend(not_looked_at(live, &found.unread));
    let mut users: BTreeMap<&Address, BTreeMap<&Address, String>> = BTreeMap::new();
    for user in &found.read {
        for (target, address) in going.iter().filter(|(target, _)| user.uses.contains(target)) {
            let words = users.entry(address).or_default().entry(&user.address);
            words.or_insert_with(|| named(user, target, address, live));
        }
    }
    let mut problems = Vec::new();
    for change in plan.stages.iter_mut().flatten() {
        let Some(users) = users.get(&change.address) else { continue };
        let mut words: Vec<String> = users.values().take(NAMED).cloned().collect();
        if let Some(more @ 1..) = users.len().checked_sub(NAMED) {
            words.push(format!("{more} more"));
        }
        let sentence = format!("still used by what is not ours: {}", words.join("; "));
        problems.push(
            Problem::warning("used-elsewhere", format!("`{}` is {sentence}", change.address))
                .help("change what uses it first, or keep it in the directory"),
        );
        change.notes.push(format!("warning: {sentence}"));
    }
    problems
}

// `the dashboard "Ops" (ops)`, with its stack, and the name where it goes by that alone.
fn named(user: &User, target: &Target, gone: &Address, live: &Workspace) -> String {
    let kind = kinds::by_name(user.address.kind).facts().singular;
    let title = if user.title.is_empty() { String::new() } else { format!(" `{}`", user.title) };
    let stack = live.others.get(&user.address).map(|stack| format!(" of stack `{stack}`")).unwrap_or_default();
    let name = if target.name == gone.id() { String::new() } else { format!(", by the name `{}`", target.name) };
    format!("the {kind}{title} (`{}`){stack}{name}", user.address)
}

fn not_looked_at(live: &Workspace, unread: &[(Address, String)]) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    for kind in using() {
        let plural = kind.facts().plural;
        if live.is_unlisted(kind.name()) {
            parts.push(format!("the {plural}, because {}", kind.facts().unlisted));
        } else if live.seen_in_part.contains(&plural) {
            parts.push(format!("the {plural} that this token may not read"));
        }
    }
    parts.extend(unread.iter().take(UNREAD).map(|(address, why)| format!("`{address}` ({why})")));
    if let Some(more @ 1..) = unread.len().checked_sub(UNREAD) {
        parts.push(format!("{} more", counted(more, "object")));
    }
    (!parts.is_empty()).then(|| format!("not looked at for what still uses what goes: {}", parts.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Headline, Listed, RecordState, StackName};
    use crate::plan::{Custody, Goal, Precondition};

    fn address(text: &str) -> Address {
        kinds::address(text).unwrap()
    }

    fn plan(deleted: &[&str]) -> Plan {
        let delete = |text: &&str| {
            Change::new(address(text), "", Action::Delete { headline: Headline::default() }, Precondition::Nothing)
        };
        Plan {
            goal: Goal::Apply,
            workspace: String::new(),
            version: String::new(),
            stack: StackName::parse("demo").unwrap(),
            record: RecordState::Absent,
            stages: vec![deleted.iter().map(delete).collect()],
            unchanged: 0,
            unmanaged: Vec::new(),
            notices: Vec::new(),
            unknown: Vec::new(),
            bindings: Vec::new(),
            custody: Custody::default(),
        }
    }

    fn workspace(objects: &[(&str, &str)]) -> Workspace {
        let mut live = Workspace::default();
        for (text, title) in objects {
            let address = address(text);
            let one = Listed { uid: address.id().into(), title: (*title).into(), ..Listed::default() };
            live.lists.entry(address.kind).or_insert(Some(Vec::new())).as_mut().unwrap().push(one);
        }
        live
    }

    /// What is said where these are deleted: of each change its notes, then the notices; `uses` is user and target.
    fn check(deleted: &[&str], uses: &[(&str, &str)], expected: &[&str]) {
        let mut objects =
            vec![("datasource.prom", "Prom"), ("dashboard.ours", "Ours"), ("dashboard.theirs", "Theirs")];
        let others: Vec<String> = (0..7).map(|n| format!("dashboard.other-{n}")).collect();
        objects.extend(others.iter().map(|other| (other.as_str(), "Other")));
        objects.push(("dashboard.amgctl-demo", "the record"));
        let mut live = workspace(&objects);
        live.others.insert(address("dashboard.other-0"), StackName::parse("shop").unwrap());
        let mut plan = plan(deleted);
        let going = going(&plan, &live, &[]);
        let candidates = candidates(&going, &plan, &live, &[]);
        let mut found = Users::default();
        for candidate in candidates {
            assert_ne!(candidate.id(), "amgctl-demo");
            let id = candidate.to_string();
            let of = |(_, to): &(&str, &str)| {
                let (kind, name) = to.split_once('.').unwrap();
                Target::new(kinds::named(kind).unwrap(), name)
            };
            let targets: Vec<_> = uses.iter().filter(|(user, _)| *user == id).collect();
            match targets.as_slice() {
                [(_, "unreadable")] => found.unread.push((candidate, "403".into())),
                _ => found.read.push(User {
                    title: objects.iter().find(|(text, _)| *text == id).unwrap().1.into(),
                    address: candidate,
                    uses: targets.into_iter().map(of).collect(),
                }),
            }
        }
        let problems = warn(&mut plan, &live, &going, found);
        let notes =
            plan.changes().flat_map(|change| change.notes.iter().map(|n| format!("{}: {n}", change.address)));
        let told: Vec<String> = notes.chain(plan.notices.iter().cloned()).collect();
        assert_eq!(told, expected);
        assert_eq!(problems.len(), plan.changes().filter(|change| !change.notes.is_empty()).count());
    }

    #[test]
    fn who_uses_what_goes_is_named() {
        check(&[], &[("dashboard.theirs", "datasource.prom")], &[]);
        check(&["datasource.prom"], &[("dashboard.theirs", "datasource.loki")], &[]);
        check(
            &["datasource.prom"],
            &[("dashboard.theirs", "datasource.prom")],
            &[
                "datasource.prom: warning: still used by what is not ours: the dashboard `Theirs` (`dashboard.theirs`)",
            ],
        );
        check(
            &["datasource.prom"],
            &[("dashboard.theirs", "datasource.Prom")],
            &["datasource.prom: warning: still used by what is not ours: the dashboard `Theirs` \
               (`dashboard.theirs`), by the name `Prom`"],
        );
        check(
            &["dashboard.ours"],
            &[("dashboard.theirs", "dashboard.ours"), ("dashboard.other-0", "dashboard.ours")],
            &[
                "dashboard.ours: warning: still used by what is not ours: the dashboard `Other` (`dashboard.other-0`) \
               of stack `shop`; the dashboard `Theirs` (`dashboard.theirs`)",
            ],
        );
    }

    #[test]
    fn what_goes_as_well_is_no_user() {
        check(&["dashboard.theirs", "datasource.prom"], &[("dashboard.theirs", "datasource.prom")], &[]);
    }

    #[test]
    fn many_users_are_counted() {
        let others: Vec<String> = (0..7).map(|n| format!("dashboard.other-{n}")).collect();
        let uses: Vec<(&str, &str)> = others.iter().map(|o| (o.as_str(), "datasource.prom")).collect();
        let mut expected = "datasource.prom: warning: still used by what is not ours: the dashboard `Other` \
                            (`dashboard.other-0`) of stack `shop`"
            .to_owned();
        for n in 1..5 {
            expected.push_str(&format!("; the dashboard `Other` (`dashboard.other-{n}`)"));
        }
        expected.push_str("; 2 more");
        check(&["datasource.prom"], &uses, &[&expected]);
    }

    #[test]
    fn what_cannot_be_looked_at_is_said() {
        let said = "not looked at for what still uses what goes: `dashboard.theirs` (403)";
        check(&["datasource.prom"], &[("dashboard.theirs", "unreadable")], &[said]);
        let going =
            Going::from([(Target::new(address("datasource.prom").kind, "prom"), address("datasource.prom"))]);
        let kind = address("dashboard.x").kind;
        for (live, expected) in [
            (Workspace { lists: [(kind, None)].into(), ..Workspace::default() }, "the dashboards, because"),
            (Workspace { seen_in_part: vec!["dashboards"], ..Workspace::default() }, "this token may not read"),
        ] {
            let mut plan = plan(&["datasource.prom"]);
            warn(&mut plan, &live, &going, Users::default());
            assert!(plan.notices[0].contains(expected), "{:?}", plan.notices);
        }
    }
}
