//! What others did to what the record has, whatever the directory says of it by now, and what the workspace has besides.
//! Pure.
//!
//! A plan says the same of what it is about to overwrite ([`super::decide`]); here is also what a plan leaves alone.

use std::collections::BTreeMap;

use super::Moved;
use super::bind::bind;
use super::claim::{Claim, claim, gave_way, recorded_version};
use super::difference::{same, unshown};
use super::guards::foreign;
use super::inputs::Inputs;
use super::table::{RecordSays, Same};
use super::wanted::{Paths, Wanted, wanted};
use crate::kinds;
use crate::model::{
    Address, Delta, Entry, FolderPath, Found, KindName, Mark, NormalDigest, Place, Problem, Recorded, Saved,
};

/// Everything that others did, and what is not ours.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Outside {
    /// What was done to objects of the stack, by address.
    pub drifted: Vec<Drifted>,
    /// Objects that were changed outside, and of which the directory says the same by now.
    pub taken_over: Vec<Address>,
    /// Objects that are made once and then left to the workspace: what others do to them is no drift.
    pub left_to_others: Vec<Address>,
    /// What the workspace has that is in no registry and not in the directory, by kind and then by uid.
    pub unmanaged: Vec<Unmanaged>,
    /// The plural names of kinds that were not listed, because neither the directory nor the record has any.
    pub unlisted: Vec<&'static str>,
    /// How many objects the record has.
    pub recorded: usize,
}

/// One object of the stack that is not as the last apply left it.
#[derive(Clone, PartialEq, Debug)]
pub struct Drifted {
    /// Its address.
    pub address: Address,
    /// Its title or name.
    pub title: String,
    /// What happened.
    pub what: What,
    /// Who did it, and when, as far as the server says.
    pub saved: Saved,
    /// The version it has now.
    pub version: i64,
    /// The version it had after the last apply.
    pub recorded: i64,
    /// From where to where it was moved, where it was.
    pub moved: Option<Moved>,
    /// Where the directory declares it; none where it does not any more.
    pub place: Option<Place>,
    /// The file that declared it when it was last applied.
    pub source: String,
    /// What the directory says of it by now.
    pub file: OwnFile,
    /// What was changed; none where that cannot be told, because what was applied is kept nowhere.
    pub delta: Option<Delta>,
}

/// What happened to an object outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// Its content was changed, and perhaps its folder too.
    Changed,
    /// It was moved to another folder, and nothing else.
    Moved,
    /// It was deleted.
    Deleted,
    /// It was deleted, and another object has its uid.
    MadeAgain,
    /// It was saved, and all that can be read is as it was: its secrets may have been changed.
    SecretsUnclear,
    /// It was saved since another version of amgctl recorded it: what was changed cannot be told.
    Unclear,
}

/// What became of an object's file since the last apply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OwnFile {
    /// It says what was applied.
    AsApplied,
    /// It was changed too.
    Changed,
    /// The directory does not declare the object any more.
    Gone,
}

/// One object of the workspace that is nobody's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unmanaged {
    /// Its kind.
    pub kind: KindName,
    /// Its uid, of any shape a server allows.
    pub uid: String,
    /// Its title; empty where the list does not say.
    pub title: String,
    /// The folder it is in, as titles; none at the root and for kinds that are in no folder.
    pub folder: Option<FolderPath>,
    /// Its address; none where its uid is none that amgctl takes.
    pub address: Option<Address>,
}

/// Works out what others did. Problems are faults of the directory that show only beside the workspace.
///
/// What could not be read is left out: the plan's [`super::Plan::unknown`] says so.
pub fn outside(inputs: &Inputs<'_>) -> Result<Outside, Vec<Problem>> {
    let (bindings, problems) =
        bind(inputs.folders, inputs.live.list(kinds::CONTAINER), &inputs.record, inputs.server);
    if !problems.is_empty() {
        return Err(problems);
    }
    let wanted = wanted(inputs, &bindings);
    let paths = Paths::new(inputs, &bindings);
    let nothing = BTreeMap::new();
    let recorded = inputs.record.there().map_or(&nothing, |ledger| ledger.objects);
    let mut all = Outside { recorded: recorded.len(), ..Outside::default() };
    for (address, entry) in recorded {
        if inputs.live.unreadable.contains_key(address) || inputs.live.others.contains_key(address) {
            continue;
        }
        let wanted = wanted.get(address);
        let Some(drifted) = drifted(inputs, address, entry, wanted, &paths) else { continue };
        let there = inputs.live.found.get(address);
        let is_taken_over = match (wanted, there) {
            (Some(wanted), Some(found)) => {
                let claim = claim(inputs, address, Some(found));
                matches!(drifted.what, What::Changed | What::Moved | What::Unclear)
                    && same(inputs, wanted, found, &claim, &[]) == Same::Yes
            }
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        match () {
            () if is_taken_over => all.taken_over.push(address.clone()),
            () if there.is_some() && inputs.rules.create_only.contains(address) => {
                all.left_to_others.push(address.clone());
            }
            () => all.drifted.push(drifted),
        }
    }
    // Without the record everything of the stack that left the directory would look like nobody's.
    if inputs.record.is_unknown() {
        return Ok(all);
    }
    all.unmanaged = foreign(inputs, &bindings)
        .map(|(kind, one)| Unmanaged {
            kind,
            uid: one.uid.clone(),
            title: one.title.clone(),
            folder: one.parent.as_deref().and_then(|uid| paths.of(Some(uid))),
            address: Address::live(kind, &one.uid),
        })
        .collect();
    let unlisted = kinds::KINDS.iter().filter(|kind| !inputs.live.lists.contains_key(&kind.name()));
    all.unlisted = unlisted.map(|kind| kind.facts().plural).collect();
    all.unmanaged.sort_by(|a, b| (a.kind, &a.uid).cmp(&(b.kind, &b.uid)));
    Ok(all)
}

/// What others did to one object of the record, if anything.
fn drifted(
    inputs: &Inputs<'_>,
    address: &Address,
    entry: &Recorded,
    wanted: Option<&Wanted<'_>>,
    paths: &Paths,
) -> Option<Drifted> {
    // What was never confirmed to be made is nothing that others could have changed.
    let applied = entry.digest.as_ref()?;
    let found = inputs.live.found.get(address);
    let claim = claim(inputs, address, found);
    if claim.replacing {
        return None;
    }
    let what = match found {
        None => What::Deleted,
        Some(_) if claim.stale => What::MadeAgain,
        Some(found) => what(inputs, address, entry, found, &claim)?,
    };
    let file = match wanted {
        None => OwnFile::Gone,
        Some(wanted) if wanted.digest.recorded() == *applied && wanted.parent == entry.parent => OwnFile::AsApplied,
        Some(_) => OwnFile::Changed,
    };
    let body_is_as_applied = wanted.is_some_and(|wanted| wanted.digest.recorded() == *applied);
    let moved = found
        .filter(|found| found.parent != entry.parent && what != What::MadeAgain)
        .map(|found| Moved { from: paths.of(entry.parent.as_deref()), to: paths.of(found.parent.as_deref()) });
    let title = found.map(|found| &found.headline.title).filter(|title| !title.is_empty());
    let title = title.or(wanted.map(|wanted| &wanted.headline.title)).unwrap_or(&entry.title);
    Some(Drifted {
        address: address.clone(),
        title: title.clone(),
        what,
        saved: found.map(|found| found.saved.clone()).unwrap_or_default(),
        version: found.map_or_else(|| recorded_of(entry), |found| found.identity.version),
        recorded: recorded_of(entry),
        moved,
        place: wanted.map(|wanted| wanted.place.clone()),
        source: entry.source.clone(),
        file,
        delta: found.filter(|_| what == What::Changed || what == What::SecretsUnclear).and_then(|found| {
            let wanted = wanted.filter(|_| body_is_as_applied);
            delta(inputs, address, entry, wanted, found, what)
        }),
    })
}

fn recorded_of(entry: &Recorded) -> i64 {
    entry.identity.as_ref().map_or(0, |identity| identity.version)
}

/// What was done to an object that is still the one that was applied.
fn what(
    inputs: &Inputs<'_>,
    address: &Address,
    entry: &Recorded,
    found: &Found,
    claim: &Claim<'_>,
) -> Option<What> {
    match claim.record {
        RecordSays::Changed => {
            let is_as_applied = found.body.digest().map(NormalDigest::recorded) == entry.digest;
            Some(if is_as_applied { What::Moved } else { What::Changed })
        }
        RecordSays::Unclear => Some(What::Unclear),
        // Secrets cannot be read: of who saved a data source without a visible difference nothing more is known.
        RecordSays::AsLeftStale => {
            let is_saved = recorded_version(claim) != found.identity.version
                && entry.pending.is_none()
                && !inputs.live.by_own_runs.contains(address)
                && !gave_way(inputs, address, entry, found);
            let is_unset = lost(entry, found).next().is_some();
            (is_unset || is_saved && !entry.secrets.is_empty()).then_some(What::SecretsUnclear)
        }
        RecordSays::No | RecordSays::AsLeft => None,
    }
}

/// The secrets that were sent, and that the server says are not set any more.
fn lost<'a>(entry: &'a Recorded, found: &'a Found) -> impl Iterator<Item = &'a String> {
    entry.secrets.keys().filter(|key| !found.secure_keys.contains(*key))
}

/// What was changed, where the directory still says what was applied: that is kept nowhere else.
fn delta(
    inputs: &Inputs<'_>,
    address: &Address,
    entry: &Recorded,
    wanted: Option<&Wanted<'_>>,
    found: &Found,
    what: What,
) -> Option<Delta> {
    let kind = kinds::by_name(address.kind);
    let secrets = kind.facts().secrets.unwrap_or_default();
    let unset = lost(entry, found).map(|key| {
        Entry::new(Mark::Remove, format!("{secrets}.{key}"), format!("/{secrets}/{key}"))
            .values(None, Some("(sensitive value removed)".into()))
    });
    let unset: Vec<Entry> = unset.collect();
    if what == What::SecretsUnclear {
        return (!unset.is_empty()).then(|| Delta { entries: unset, ..Delta::default() });
    }
    let titled = kind.titled(&found.headline.title);
    let live = inputs.shown_live(address, found).or(titled.as_ref())?;
    let mut delta = kind.diff(wanted?.body.as_ref()?, live, inputs.server.numbers);
    if delta.is_empty() && delta.notes.is_empty() {
        delta.entries.push(unshown());
    }
    delta.entries.extend(unset);
    Some(delta)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{World, address, world};
    use super::*;
    use crate::model::{Fingerprint, RecordState, Secret};

    fn seen(world: &World) -> Outside {
        world.with(world.ledger(), |inputs| outside(inputs).unwrap())
    }

    /// What is said of one object: what happened, what its file says, whether a difference is shown; or in which list it
    /// stands.
    fn word(world: &World, text: &str) -> String {
        let (seen, address) = (seen(world), address(text));
        let one = seen.drifted.iter().find(|one| one.address == address);
        let told = |one: &Drifted| {
            let delta =
                one.delta.as_ref().map_or("", |delta| if delta.is_empty() { " EMPTY" } else { " with delta" });
            format!("{:?} {:?}{delta}", one.what, one.file)
        };
        let listed = [("taken over", &seen.taken_over), ("left", &seen.left_to_others)];
        let listed = listed.into_iter().find(|(_, all)| all.contains(&address)).map(|(word, _)| word.to_owned());
        one.map(told).or(listed).unwrap_or_else(|| "nothing".into())
    }

    /// D, R and L as letters: the same letter is the same content, `-` is nothing.
    #[test]
    fn only_what_others_did_is_drift_for_every_kind() {
        let rows = [
            ("A", "-", "-", "nothing"),
            ("A", "-", "B", "nothing"),
            ("A", "A", "A", "nothing"),
            ("A", "B", "B", "nothing"),
            ("-", "A", "A", "nothing"),
            ("A", "A", "B", "Changed AsApplied with delta"),
            ("A", "B", "C", "Changed Changed"),
            ("A", "B", "A", "taken over"),
            ("-", "A", "B", "Changed Gone"),
            ("A", "A", "-", "Deleted AsApplied"),
            ("A", "B", "-", "Deleted Changed"),
            ("-", "A", "-", "taken over"),
        ];
        for object in ["folder.a", "datasource.a", "dashboard.a"] {
            for (declared, recorded, live, wanted) in rows {
                let mut world = world();
                if declared != "-" {
                    world.declare(object, declared);
                }
                if recorded != "-" {
                    world.record(object, recorded, 1);
                }
                if live != "-" {
                    world.live(object, live, 2);
                }
                let told = word(&world, object);
                assert_eq!(told, wanted, "{object} D={declared} R={recorded} L={live}");
                // What a plan calls drift is drift here too.
                let plan = world.with(world.ledger(), |inputs| super::super::plan(inputs).unwrap());
                let is_drift = plan.changes().any(|change| change.drift.is_some());
                assert!(!is_drift || !["nothing", "taken over"].contains(&told.as_str()), "{object} {told}");
            }
        }
    }

    #[test]
    fn what_a_plan_leaves_alone_drifts_all_the_same() {
        let mut world = world();
        world.record("dashboard.a", "A", 1).live("dashboard.a", "B", 2);
        world.recorded("dashboard.a").protect = true;
        assert_eq!(word(&world, "dashboard.a"), "Changed Gone");
        world.declare("dashboard.a", "A");
        world.rules.left_alone.insert(address("dashboard.a"), "it is suspended".into());
        assert_eq!(word(&world, "dashboard.a"), "Changed AsApplied with delta");
        world.rules.create_only.insert(address("dashboard.a"));
        assert_eq!(word(&world, "dashboard.a"), "left");
    }

    #[test]
    fn a_move_another_object_and_doubtful_secrets_are_told_apart() {
        let mut moved = world();
        moved.live("folder.f", "F", 1).declare("dashboard.a", "A").record("dashboard.a", "A", 1);
        moved.live_in("dashboard.a", "A", 2, Some("f"));
        assert_eq!(word(&moved, "dashboard.a"), "Moved AsApplied");
        let to = seen(&moved).drifted[0].moved.as_ref().unwrap().to.as_ref().unwrap().to_string();
        assert_eq!(to, "F");
        let mut again = world();
        again.declare("dashboard.a", "A").record("dashboard.a", "A", 1).live("dashboard.a", "A", 1);
        again.recorded("dashboard.a").identity.as_mut().unwrap().number = "7".into();
        assert_eq!(word(&again, "dashboard.a"), "MadeAgain AsApplied");
        let mut secret = world();
        secret.declare("datasource.a", "A").record("datasource.a", "A", 1).live("datasource.a", "A", 2);
        assert_eq!(word(&secret, "datasource.a"), "nothing", "without secrets a save that changed nothing is none");
        let print = Fingerprint::of("salt", &address("datasource.a"), "password", &Secret::new("x".into()));
        secret.recorded("datasource.a").secrets.insert("password".into(), print);
        assert_eq!(word(&secret, "datasource.a"), "SecretsUnclear AsApplied with delta", "it is not set any more");
        let found = secret.live.found.get_mut(&address("datasource.a")).unwrap();
        found.secure_keys.insert("password".into());
        assert_eq!(word(&secret, "datasource.a"), "SecretsUnclear AsApplied");
        secret.recorded("datasource.a").identity.as_mut().unwrap().version = 2;
        assert_eq!(word(&secret, "datasource.a"), "nothing");
    }

    #[test]
    fn nothing_is_concluded_of_what_could_not_be_read() {
        let mut world = world();
        world.declare("dashboard.a", "A").record("dashboard.a", "A", 1);
        world.live.unreadable.insert(address("dashboard.a"), "403".into());
        world.live("dashboard.theirs", "A", 1);
        assert_eq!(word(&world, "dashboard.a"), "nothing");
        assert_eq!(seen(&world).unmanaged.len(), 1);
        let unknown = world.with(RecordState::Unknown("403".into()), |inputs| outside(inputs).unwrap());
        assert_eq!(unknown, Outside { unlisted: unknown.unlisted.clone(), ..Outside::default() });
    }
}
