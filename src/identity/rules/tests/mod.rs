//! What the table decides, case by case.

mod key_laws;
mod laws;

use std::collections::BTreeMap;

use super::tokens::{Due, Why, ran_out};
use super::*;
use crate::identity::names::{run_token, stored_token};
use crate::identity::version::{Access, mark};

const NOW: i64 = 1_795_511_700;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
const HERE: &str = "g-0123456789";
const THERE: &str = "g-fedcba9876";

/// The workspaces that want the secret.
const WORKSPACES: [&str; 2] = [HERE, THERE];
/// How long a token or key lives, in seconds.
const LIFE: i64 = 30 * DAY;

/// What becomes of the call that a run sends when it is killed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sent {
    Never,
    AtOnce,
    Later,
}

/// The mark of the secret that the laws are about.
fn the_mark() -> String {
    mark("eu-west-1", "s")
}

/// AWS's `PutSecretValue`, as far as labels go: the version gets the label of what is pending.
fn label_pending(secret: &mut SecretInfo, version: &str) {
    secret.stages.values_mut().for_each(|labels| labels.retain(|l| l != PENDING));
    secret.stages.entry(version.to_owned()).or_default().push(PENDING.into());
    secret.stages.retain(|_, labels| !labels.is_empty());
}

/// AWS's `UpdateSecretVersionStage` of what is current, for a version that is there; whether it was done.
fn label_current(secret: &mut SecretInfo, to: &str, from: Option<&str>) -> bool {
    let now = current(&secret.stages).map(str::to_owned);
    if now.as_deref() != from && now.as_deref() != Some(to) {
        return false;
    }
    if now.as_deref() != Some(to) {
        secret.stages = promoted(&secret.stages, to);
    }
    true
}

fn shop() -> StackName {
    StackName::parse("shop").unwrap()
}

fn token(id: &str, name: String, created: i64, expires: i64) -> TokenInfo {
    TokenInfo { id: id.into(), name, created, expires, last_used: None }
}

/// A version of the secret `s` for this workspace.
fn version(id: &str, access: Access, role: Role, format: Format) -> String {
    let mark = mark("eu-west-1", "s");
    Version::new(&mark, (access, role, format), HERE, NOW + 29 * DAY, &format!("{id:0>7}")).id()
}

fn stored(id: &str, created: i64, expires: i64) -> (TokenInfo, String) {
    let version = version(id, Access::Token, Role::Admin, Format::Json);
    (token(id, stored_token(&shop(), created, &version, "me.1.1"), created, expires), version)
}

fn secret(labels: &[(&str, &[&str])], tags: &[(&str, &str)], changed: i64) -> SecretInfo {
    let labels = labels.iter().map(|(id, of)| ((*id).to_owned(), of.iter().map(|l| (*l).to_owned()).collect()));
    let tags: BTreeMap<String, String> = tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    SecretInfo {
        arn: "arn".into(),
        name: "s".into(),
        tags,
        stages: labels.collect(),
        changed: Some(changed),
        ..SecretInfo::default()
    }
}

const OURS: [(&str, &str); 2] = [(STACK, "shop"), (WORKSPACE, HERE)];

fn account(role: Role) -> Account {
    Account { id: format!("{}", rights(role)), name: format!("amgctl-shop-{role}"), role, disabled: false }
}

/// Looks at a secret, and at the tokens of the account with a role.
fn with<T>(
    tokens: &[TokenInfo],
    role: Role,
    secret: Looked<'_>,
    says: Option<&Says>,
    see: impl FnOnce(&View<'_>) -> T,
) -> T {
    let (stack, mark) = (shop(), mark("eu-west-1", "s"));
    let holders = [(account(role), tokens.to_vec())];
    let at = Clocks { tokens: NOW, secret: NOW };
    see(&View { stack: &stack, workspace: HERE, mark: &mark, holders: &holders, secret, says, at })
}

fn surplus(tokens: &[TokenInfo], secret: Looked<'_>, overlap: i64) -> Vec<(String, Why)> {
    with(tokens, Role::Admin, secret, None, |view| {
        view.surplus(overlap).into_iter().map(|s| (s.token.id.clone(), s.why)).collect()
    })
}

fn due(tokens: &[TokenInfo], secret: Looked<'_>) -> Option<Due> {
    with(tokens, Role::Admin, secret, None, |view| view.due(7 * DAY))
}

fn settle(info: &SecretInfo, says: Option<&Says>, asked: &Asked) -> Result<Settled, Refusal> {
    with(&[], Role::Admin, Looked::There(info), says, |view| view.settle(asked, true))
}

#[test]
fn a_token_is_due_when_it_has_less_left_than_asked_for() {
    let (fresh, id) = stored("1", NOW - HOUR, NOW + 29 * DAY);
    let info = secret(&[(&id, &[CURRENT])], &OURS, NOW - HOUR);
    let there = Looked::There(&info);
    assert_eq!(due(std::slice::from_ref(&fresh), there), None);
    assert_eq!(due(&[], Looked::Absent), Some(Due::First));
    assert_eq!(due(&[], Looked::There(&secret(&[], &OURS, 0))), Some(Due::First));
    assert_eq!(due(&[], there), Some(Due::Gone));
    let soon = TokenInfo { expires: NOW + HOUR, ..fresh.clone() };
    assert_eq!(due(&[soon], there), Some(Due::Soon(HOUR)));
    let over = TokenInfo { expires: NOW, ..fresh.clone() };
    assert_eq!(due(&[over], there), Some(Due::RanOut(0)));
    let theirs = secret(&[("9f8e", &[CURRENT])], &OURS, 0);
    assert_eq!(due(&[fresh], Looked::There(&theirs)), Some(Due::NotOurs));
    let key = version("c", Access::Key, Role::Admin, Format::Json);
    let key = secret(&[(&key, &[CURRENT])], &OURS, 0);
    assert_eq!(due(&[], Looked::There(&key)), Some(Due::Access(Access::Key)));
}

#[test]
fn what_is_superseded_stays_for_the_overlap_after_the_last_change_of_the_secret() {
    let (current, now_current) = stored("2", NOW - 20 * HOUR, NOW + 29 * DAY);
    let (previous, was_current) = stored("1", NOW - 40 * HOUR, NOW + 9 * HOUR);
    let run = token("3", run_token(&shop(), NOW, "abcdefgh"), NOW, NOW + 900);
    let tokens = [current, previous, run];
    let labels: &[(&str, &[&str])] = &[(&now_current, &[CURRENT]), (&was_current, &[PREVIOUS])];
    let lately = secret(labels, &OURS, NOW - HOUR + 1);
    assert_eq!(surplus(&tokens, Looked::There(&lately), HOUR), []);
    let before = secret(labels, &OURS, NOW - HOUR);
    assert_eq!(surplus(&tokens, Looked::There(&before), HOUR), [("1".into(), Why::Superseded)]);
}

#[test]
fn a_token_that_is_newer_than_the_current_one_stays_whatever_its_label_and_age() {
    let (current, now_current) = stored("1", NOW - 9 * DAY, NOW + 20 * DAY);
    let (newer, other) = stored("2", NOW - 8 * DAY, NOW + 21 * DAY);
    for labels in [&[PENDING][..], &[PREVIOUS], &[PENDING, PREVIOUS], &[]] {
        let info = secret(&[(&now_current, &[CURRENT]), (&other, labels)], &OURS, NOW - 8 * DAY);
        assert_eq!(surplus(&[current.clone(), newer.clone()], Looked::There(&info), 0), [], "{labels:?}");
    }
}

#[test]
fn where_readers_get_a_dead_token_every_working_one_stays() {
    let (current, now_current) = stored("2", NOW - 20 * HOUR, NOW + 29 * DAY);
    let (previous, was_current) = stored("1", NOW - 40 * HOUR, NOW + 9 * HOUR);
    let info = secret(&[(&now_current, &[CURRENT]), (&was_current, &[PREVIOUS])], &OURS, NOW - 20 * HOUR);
    assert_eq!(surplus(std::slice::from_ref(&previous), Looked::There(&info), 0), []);
    let over = TokenInfo { expires: NOW, ..current };
    assert_eq!(surplus(&[over, previous.clone()], Looked::There(&info), 0), []);
    for gone in [Looked::Absent, Looked::No] {
        assert_eq!(surplus(std::slice::from_ref(&previous), gone, 0), []);
    }
}

#[test]
fn what_a_run_made_for_a_secret_that_is_not_there_goes_when_its_process_is_gone() {
    let (left, _) = stored("1", NOW - 60, NOW + DAY);
    let (old, _) = stored("2", NOW - HOUR, NOW + DAY);
    let found = |secret, gone: bool| {
        with(&[left.clone(), old.clone()], Role::Admin, secret, None, |view| {
            view.unfinished(|_| gone).into_iter().map(|s| s.token.id.clone()).collect::<Vec<_>>()
        })
    };
    assert_eq!(found(Looked::Absent, true), ["1"], "an older one may have been in a secret that was deleted since");
    assert_eq!(found(Looked::Absent, false), [""; 0]);
    let info = secret(&[], &OURS, 0);
    assert_eq!(found(Looked::There(&info), true), [""; 0]);
    assert_eq!(found(Looked::No, true), [""; 0]);
}

#[test]
fn what_ran_out_goes_and_nobody_elses() {
    let theirs = token("1", "somebody's".into(), NOW - HOUR, NOW - 1);
    let other = Version::new(
        &mark("eu-west-1", "another secret"),
        (Access::Token, Role::Admin, Format::Json),
        HERE,
        NOW,
        "0000000",
    );
    let other = token("2", stored_token(&shop(), NOW - 40 * DAY, &other.id(), ""), NOW - 40 * DAY, NOW + HOUR);
    let over = token("3", run_token(&shop(), NOW - HOUR, "abcdefgh"), NOW - HOUR, NOW);
    let all = [theirs, other, over];
    assert_eq!(surplus(&all, Looked::Absent, 0), [("3".into(), Why::RanOut)]);
    let found: Vec<_> = ran_out(&shop(), &all, NOW).into_iter().map(|t| t.id.as_str()).collect();
    assert_eq!(found, ["3"]);
    assert!(ran_out(&shop(), &all, NOW - 1).is_empty());
}

#[test]
fn what_a_moved_secret_left_behind_goes_after_the_overlap() {
    let (left, was_current) = stored("1", NOW - 9 * DAY, NOW + DAY);
    let made = (Access::Token, Role::Admin, Format::Json);
    let there = Version::new(&mark("eu-west-1", "s"), made, THERE, NOW + DAY, "0000002").id();
    let moved = |labels: &[&str], changed| {
        let info = secret(&[(&there, &[CURRENT]), (&was_current, labels)], &OURS, changed);
        surplus(std::slice::from_ref(&left), Looked::There(&info), HOUR)
    };
    assert_eq!(moved(&[PREVIOUS], NOW - HOUR), [("1".into(), Why::MovedAway)]);
    assert_eq!(moved(&[PREVIOUS], NOW - HOUR + 1), []);
    assert_eq!(moved(&[PREVIOUS, PENDING], NOW - HOUR), [], "a run may be about to take it back");
}

#[test]
fn role_and_format_stay_unless_a_flag_says_otherwise() {
    let id = version("1", Access::Token, Role::Viewer, Format::Plain);
    let info = secret(&[(&id, &[CURRENT])], &OURS, 0);
    let bare = settle(&info, None, &Asked::default()).unwrap();
    assert_eq!((bare.role, bare.format, bare.changes), (Role::Viewer, Format::Plain, vec![]));
    let asked = Asked { role: Some(Role::Admin), format: Some(Format::Json), adopt: false };
    let changed = settle(&info, None, &asked).unwrap();
    let role = Difference::Role(Some(Role::Viewer), Role::Admin);
    assert_eq!(changed.changes, [role, Difference::Format(Some(Format::Plain), Format::Json)]);
    assert_eq!((changed.role, changed.format), (Role::Admin, Format::Json));
    // The tag is of a run that was cut off: what readers get says how it looks.
    let tagged = secret(&[(&id, &[CURRENT])], &[OURS[0], OURS[1], (FORMAT, "json")], 0);
    assert_eq!(settle(&tagged, None, &Asked::default()).unwrap().format, Format::Plain);
}

#[test]
fn a_role_that_is_not_known_is_asked_for() {
    let legacy = format!("{}{}", mark("eu-west-1", "s"), "0".repeat(24));
    let says = Says { workspace: Some(HERE.into()), format: Some(Format::Json), ..Says::default() };
    let info = secret(&[(&legacy, &[CURRENT])], &[OURS[0]], 0);
    assert_eq!(settle(&info, Some(&says), &Asked::default()), Err(Refusal::UnknownRole));
    let asked = Asked { role: Some(Role::Editor), ..Asked::default() };
    assert_eq!(settle(&info, Some(&says), &asked).unwrap().role, Role::Editor);
    // The value of an earlier release names its account.
    let named = Says { account: Some(account(Role::Viewer).id), ..says };
    let of_viewer = with(&[], Role::Viewer, Looked::There(&info), Some(&named), |view| {
        view.settle(&Asked::default(), true).unwrap().role
    });
    assert_eq!(of_viewer, Role::Viewer);
}

#[test]
fn a_secret_is_of_one_stack_and_of_one_workspace() {
    let standing = |info: &SecretInfo, says: Option<&Says>| {
        with(&[], Role::Admin, Looked::There(info), says, |view| view.standing())
    };
    let made = (Access::Token, Role::Admin, Format::Json);
    let there = Version::new(&mark("eu-west-1", "s"), made, THERE, NOW + DAY, "0000002").id();
    let id = version("1", Access::Token, Role::Admin, Format::Json);
    let legacy = format!("{}{}", mark("eu-west-1", "s"), "0".repeat(24));
    let elsewhere = Standing::OtherWorkspace(THERE.into());
    assert_eq!(standing(&secret(&[(&id, &[CURRENT])], &OURS, 0), None), Standing::Ours);
    // What readers get decides, not the tag of a run that was cut off.
    let tagged = [OURS[0], (WORKSPACE, THERE)];
    assert_eq!(standing(&secret(&[(&id, &[CURRENT])], &tagged, 0), None), Standing::Ours);
    assert_eq!(standing(&secret(&[(&there, &[CURRENT])], &OURS, 0), None), elsewhere);
    // A value that somebody put there, or an earlier release: what it says, and then the tag.
    let says = |workspace: &str| Says { workspace: Some(workspace.into()), ..Says::default() };
    for id in ["9f8e", &legacy] {
        assert_eq!(standing(&secret(&[(id, &[CURRENT])], &OURS, 0), Some(&says(THERE))), elsewhere);
        assert_eq!(standing(&secret(&[(id, &[CURRENT])], &tagged, 0), None), elsewhere);
        assert_eq!(standing(&secret(&[(id, &[CURRENT])], &[OURS[0]], 0), Some(&says(HERE))), Standing::Ours);
        // The description is of the day when the secret was made.
        let mut untagged = secret(&[(id, &[CURRENT])], &[OURS[0]], 0);
        untagged.description = description(&shop(), HERE);
        assert_eq!(standing(&untagged, None), Standing::UnknownWorkspace(Some(HERE.into())));
        let opens = Says { opens: true, ..Says::default() };
        assert_eq!(standing(&untagged, Some(&opens)), Standing::Ours);
    }
    let other = secret(&[(&id, &[CURRENT])], &[(STACK, "other")], 0);
    assert_eq!(standing(&other, None), Standing::OtherStack("other".into()));
    assert_eq!(standing(&secret(&[(&id, &[CURRENT])], &[], 0), None), Standing::Foreign);
}

#[test]
fn a_secret_is_moved_only_where_that_is_asked() {
    let made = (Access::Token, Role::Viewer, Format::Plain);
    let there = Version::new(&mark("eu-west-1", "s"), made, THERE, NOW + DAY, "0000002").id();
    let info = secret(&[(&there, &[CURRENT])], &OURS, 0);
    let refused = settle(&info, None, &Asked::default()).unwrap_err();
    assert_eq!(refused, Refusal::NotOurs(Standing::OtherWorkspace(THERE.into())));
    let moved = settle(&info, None, &Asked { adopt: true, ..Asked::default() }).unwrap();
    assert_eq!((moved.role, moved.format), (Role::Viewer, Format::Plain), "and it stays what it was");
    assert_eq!(moved.changes, [Difference::FromWorkspace(Some(THERE.into()))]);
}

#[test]
fn a_key_takes_the_next_name_after_those_that_may_be_taken() {
    let id = version("1", Access::Key, Role::Admin, Format::Json);
    let names = |labels: &[(&str, &[&str])]| {
        let info = secret(labels, &OURS, 0);
        with(&[], Role::Admin, Looked::There(&info), None, |view| {
            let next = view.next_keys(Role::Admin, Format::Json, NOW + DAY);
            (next.iter().map(Version::id).collect::<Vec<_>>(), view.left_keys())
        })
    };
    let (first, left) = names(&[(&id, &[CURRENT])]);
    assert_eq!(left, [""; 0]);
    let (second, left) = names(&[(&id, &[CURRENT]), (&first[1], &[PENDING])]);
    assert_eq!(second[0], first[2]);
    assert_eq!(left, [keys::part(&first[0]), keys::part(&first[1])], "the one before it may be there as well");
}

#[test]
fn a_key_that_may_still_be_promoted_is_not_deleted() {
    let id = version("1", Access::Key, Role::Admin, Format::Json);
    let old = version("0", Access::Key, Role::Admin, Format::Json);
    let bare = secret(&[(&id, &[CURRENT])], &OURS, 0);
    let next = with(&[], Role::Admin, Looked::There(&bare), None, |view| {
        view.next_keys(Role::Admin, Format::Json, NOW + DAY)[0].key()
    });
    let made = (Access::Key, Role::Admin, Format::Json);
    let there = Version::new(&mark("eu-west-1", "s"), made, THERE, NOW, "0000009").key();
    let names = [keys::part(&old), keys::part(&id), next.clone(), there.clone()];
    let tag = keys::tag(&names).1;
    let waiting = |changed| {
        let info = secret(&[(&id, &[CURRENT])], &[OURS[0], OURS[1], (keys::WAITING, &tag)], changed);
        with(&[], Role::Admin, Looked::There(&info), None, |view| view.waiting_keys(HOUR))
    };
    assert_eq!(waiting(NOW - HOUR).old, [keys::part(&old)]);
    assert_eq!(waiting(NOW - HOUR).later, [next, there]);
    assert_eq!(waiting(NOW - HOUR + 1).old, [""; 0]);
}

#[test]
fn a_new_key_never_supersedes_itself_and_a_list_that_grew_meanwhile_is_kept() {
    let named = |names: &[&str]| -> Vec<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    let waiting = keys::Waiting { old: named(&["a", "new"]), later: named(&["b"]) };
    let at_once = waiting.clone().renewed("new", named(&["a", "new", "b", "c"]), true);
    assert_eq!((at_once.old, at_once.later), (named(&["a", "b", "c"]), Vec::new()));
    let later = waiting.renewed("new", named(&["a", "new", "b", "c"]), false);
    assert_eq!((later.old, later.later), (named(&["a"]), named(&["b", "c"])));
}
