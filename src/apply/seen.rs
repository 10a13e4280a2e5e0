//! What a write came to: planned × sent × answered × seen afterwards → verdict. Pure.
//!
//! The one place where what the server has is compared with what was planned: before a write by [`before`], after it by
//! [`after`], and after a stage by [`still`]. Compared are created time, version, folder and content, because none of
//! them alone proves anything (facts: `save-not-atomic`, `datasource-versions`, `version-starts-again`).

use crate::kinds::{Content, Past, Said};
use crate::model::{Digest, Identity, Observed};

/// How an object that is about to be written compares with what was planned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Before {
    /// It is what was planned against.
    AsPlanned,
    /// It moved on since the plan, and is what the plan wants it to be.
    AsIntended,
    /// It was deleted and made anew.
    Replaced,
    /// It was moved to another folder, and nothing else.
    Moved,
    /// Somebody changed it.
    Changed,
}

/// Compares an object with what was planned. `contents` are the digests by which its content may have been planned;
/// `intended` says whether it is already what the plan wants.
#[must_use]
pub fn before(planned: &Observed, now: &Observed, contents: &[Digest], intended: bool) -> Before {
    if planned.identity.another_incarnation(&now.identity) {
        return Before::Replaced;
    }
    let same_content = planned.digest.as_ref().is_none_or(|digest| contents.contains(digest));
    let same_version = planned.identity.version == now.identity.version && same_content;
    match (same_version, planned.parent == now.parent) {
        (true, true) => Before::AsPlanned,
        _ if intended => Before::AsIntended,
        (true, false) => Before::Moved,
        (false, _) => Before::Changed,
    }
}

/// What the server answered to a write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// That it was done.
    Done,
    /// That something of that uid is there already.
    Exists,
    /// That it was not done, for whatever reason.
    Denied,
    /// Nothing that can be understood.
    Unknown,
}

/// A write that was sent.
#[derive(Clone, Copy, Debug)]
pub struct SentWrite<'a> {
    /// What was to be stored, and where.
    pub wrote: &'a Content,
    /// What the server answered.
    pub answer: Answer,
    /// What the answer says of the object.
    pub said: Option<&'a Said>,
    /// By how many versions the write raises the object; none where that cannot be told.
    pub raises: Option<i64>,
    /// Whether the same write was sent before and may have been done then.
    pub perhaps: bool,
    /// The message by which the server's history knows our saves.
    pub message: &'a str,
}

/// What a write came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum After {
    /// It was done, and stands as intended.
    Done,
    /// It was done and stands, and overwrote a version that somebody saved since the plan.
    Overwrote {
        /// The version that was overwritten.
        version: i64,
        /// Who saved it, where the history says.
        by: String,
    },
    /// It was done and stands, and overwrote an object that was made under this uid since the plan.
    OverwroteAnother,
    /// It was done and stands, and made an object again that somebody had deleted since the plan.
    MadeAgain,
    /// It was done, and somebody saved the object since.
    Since,
    /// It was done, and somebody moved the object meanwhile.
    MovedSince,
    /// It was done, and the server stored something other than what was sent.
    StoredOtherwise,
    /// It was not done, and nobody else did anything: it may be sent again.
    NotDone,
    /// It was not done: somebody changed the object.
    Changed,
    /// It was not done: the object is another one than was planned, or made by somebody else.
    Theirs,
    /// It was not done: the object is not there any more.
    Gone,
    /// The server says that it was done, and the object is not there.
    Vanished,
}

impl After {
    /// Whether the history of the object can say more than the object itself.
    #[must_use]
    pub fn asks_history(&self) -> bool {
        match self {
            After::Overwrote { .. } | After::Since | After::StoredOtherwise => true,
            After::Done
            | After::OverwroteAnother
            | After::MadeAgain
            | After::MovedSince
            | After::NotDone
            | After::Changed
            | After::Theirs
            | After::Gone
            | After::Vanished => false,
        }
    }
}

/// What a write came to. `planned` is none for a create, `now` is none when the object is not there; `intended` says
/// whether what is there is what was to be written; `past` is the object's history where it was asked for.
#[must_use]
pub fn after(
    planned: Option<&Observed>,
    sent: SentWrite<'_>,
    now: Option<&Observed>,
    intended: bool,
    past: Option<&[Past]>,
) -> After {
    let Some(now) = now else {
        return match (sent.answer, planned) {
            (Answer::Done, _) => After::Vanished,
            (Answer::Exists | Answer::Denied | Answer::Unknown, None) => After::NotDone,
            (Answer::Exists | Answer::Denied | Answer::Unknown, Some(_)) => After::Gone,
        };
    };
    if planned.is_some_and(|p| p.identity.another_incarnation(&now.identity)) {
        // A save over what was deleted makes it anew, at its first version (fact: `version-starts-again`).
        let landed = intended && (sent.answer == Answer::Done || sent.perhaps);
        return match now.identity.version {
            _ if !landed => After::Theirs,
            1 => After::MadeAgain,
            _ => After::OverwroteAnother,
        };
    }
    if sent.said.is_some_and(|said| said.identity.another_incarnation(&now.identity)) {
        return After::Theirs;
    }
    match sent.answer {
        Answer::Done => after_done(planned, sent, now, intended, past),
        Answer::Exists if planned.is_none() && !sent.perhaps => After::Theirs,
        Answer::Exists | Answer::Denied | Answer::Unknown => after_doubt(planned, now, intended),
    }
}

/// The server says that it was done, and an object of that incarnation is there.
fn after_done(
    planned: Option<&Observed>,
    sent: SentWrite<'_>,
    now: &Observed,
    intended: bool,
    past: Option<&[Past]>,
) -> After {
    let before = planned.map_or(0, |p| p.identity.version);
    let due = sent.raises.map(|raises| before + raises);
    let said = sent.said.map(|said| said.identity.version).filter(|version| *version > 0);
    let stands = said.or(due).is_none_or(|version| version == now.identity.version);
    let follows = due.is_none_or(|due| said.is_none_or(|said| said == due));
    if intended && stands && follows {
        return After::Done;
    }
    if let Some(past) = past
        && let Some(told) = by_history(past, before, now.identity.version, sent.message, intended)
    {
        return told;
    }
    if intended {
        // Ours is on top, and a version that is not ours lies below it, as far as counting goes.
        return match due {
            Some(due) if now.identity.version != due => {
                After::Overwrote { version: now.identity.version - 1, by: String::new() }
            }
            _ => After::Done,
        };
    }
    if planned.is_some() && now.digest.as_ref() == Some(&sent.wrote.digest) && now.parent != sent.wrote.parent {
        return After::MovedSince;
    }
    let as_said = sent.said.and_then(|said| said.content.as_ref()).map(|content| {
        let same = now.digest.as_ref().is_none_or(|digest| *digest == content.digest);
        (same, content.parent == now.parent)
    });
    match as_said {
        Some((true, true)) | None if stands => After::StoredOtherwise,
        _ => After::Since,
    }
}

/// What the history says of a write that is not simply done: which versions after the planned one are ours.
fn by_history(past: &[Past], before: i64, now: i64, message: &str, intended: bool) -> Option<After> {
    let since = || past.iter().filter(|one| one.version > before);
    let Some(ours) = since().filter(|one| one.message == message).map(|one| one.version).max() else {
        // What made an object is told in the server's own words; any later version would be under ours.
        let theirs = since().any(|one| one.version == now && now > 1);
        return (theirs && !intended).then_some(After::Since);
    };
    let copied = since().any(|one| one.version < ours && one.message == message);
    let overwritten = since().filter(|one| one.version < ours && one.message != message).max_by_key(|o| o.version);
    Some(match overwritten {
        Some(one) => After::Overwrote { version: one.version, by: one.by.clone() },
        None if intended => After::Done,
        // Who puts back what he read by the resource API sends our message along with it: the first save is ours.
        None if ours == now && !copied => After::StoredOtherwise,
        None => After::Since,
    })
}

/// The server says that it was not done, or nothing that can be understood: what is there decides.
fn after_doubt(planned: Option<&Observed>, now: &Observed, intended: bool) -> After {
    let Some(planned) = planned else {
        return if intended { After::Done } else { After::Theirs };
    };
    let same_content = planned.digest.is_none() || planned.digest == now.digest;
    let same_version = planned.identity.version == now.identity.version;
    match (same_version && same_content && planned.parent == now.parent, intended) {
        (true, _) => After::NotDone,
        (false, true) => After::Done,
        (false, false) => After::Changed,
    }
}

/// Whether an object whose write was answered is still what the answer said, by a list that has no contents: none says
/// that it has to be read.
#[must_use]
pub fn still(said: &Observed, listed: &Observed) -> Option<Identity> {
    let same_version = match (said.identity.resource.as_str(), listed.identity.resource.as_str()) {
        ("", _) | (_, "") => listed.identity.version > 0 && said.identity.version == listed.identity.version,
        (said, listed) => said == listed,
    };
    let same_content = said.digest.is_none() || listed.digest.is_none() || said.digest == listed.digest;
    let same = same_version
        && same_content
        && said.parent == listed.parent
        && listed.identity.version > 0
        && !said.identity.another_incarnation(&listed.identity);
    same.then(|| listed.identity.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Content;
    use proptest::prelude::*;

    fn digest(text: &str) -> Digest {
        Digest::of_bytes(text.as_bytes())
    }

    fn seen(version: i64, content: &str) -> Observed {
        let identity =
            Identity { created: "2026-01-02T03:04:05Z".into(), version, number: "7".into(), ..Identity::default() };
        Observed { identity, parent: None, digest: Some(digest(content)) }
    }

    fn made_anew(version: i64, content: &str) -> Observed {
        let mut seen = seen(version, content);
        seen.identity.created = "2026-01-02T03:09:00Z".into();
        seen.identity.number = "8".into();
        seen
    }

    fn moved(mut seen: Observed) -> Observed {
        seen.parent = Some("elsewhere".into());
        seen
    }

    #[test]
    fn what_is_about_to_be_written_is_compared_by_incarnation_version_folder_and_content() {
        let planned = seen(3, "old");
        let check = |now: Observed| {
            let contents: Vec<Digest> = now.digest.iter().cloned().collect();
            before(&planned, &now, &contents, now.digest == Some(digest("new")))
        };
        assert_eq!(check(seen(3, "old")), Before::AsPlanned);
        assert_eq!(check(seen(4, "theirs")), Before::Changed);
        // A data source's PUT without a version.
        assert_eq!(check(seen(3, "theirs")), Before::Changed);
        assert_eq!(check(seen(4, "old")), Before::Changed, "saved again: its secrets may be others");
        assert_eq!(check(moved(seen(3, "old"))), Before::Moved);
        assert_eq!(check(moved(seen(4, "theirs"))), Before::Changed);
        assert_eq!(check(made_anew(3, "old")), Before::Replaced);
        assert_eq!(check(seen(4, "new")), Before::AsIntended);
        assert_eq!(check(made_anew(3, "new")), Before::Replaced);
    }

    fn wrote() -> Content {
        Content { digest: digest("new"), parent: None }
    }

    fn said(version: i64, content: Option<&str>) -> Said {
        let content = content.map(|text| Content { digest: digest(text), parent: None });
        Said { identity: Identity { version, number: "7".into(), ..Identity::default() }, content }
    }

    fn check(
        planned: Option<Observed>,
        answer: Answer,
        said: Option<Said>,
        now: Option<Observed>,
        past: Option<&[Past]>,
        expected: After,
    ) {
        let intended = now.as_ref().is_some_and(|n| n.digest == Some(digest("new")) && n.parent.is_none());
        let wrote = wrote();
        let said = said.as_ref();
        let sent = SentWrite { wrote: &wrote, answer, said, raises: Some(1), perhaps: false, message: "ours" };
        let told = after(planned.as_ref(), sent, now.as_ref(), intended, past);
        assert_eq!(told, expected, "{planned:?} {answer:?} {said:?} {now:?}");
    }

    #[test]
    fn an_update_that_was_answered_as_done() {
        let (old, done) = (|| Some(seen(4, "old")), Answer::Done);
        check(old(), done, Some(said(5, None)), Some(seen(5, "new")), None, After::Done);
        check(old(), done, None, Some(seen(5, "new")), None, After::Done);
        let overwrote = After::Overwrote { version: 5, by: String::new() };
        check(old(), done, Some(said(6, None)), Some(seen(6, "new")), None, overwrote.clone());
        check(old(), done, Some(said(5, None)), Some(seen(6, "new")), None, overwrote);
        check(old(), done, Some(said(5, None)), Some(seen(6, "theirs")), None, After::Since);
        check(old(), done, Some(said(5, None)), Some(seen(5, "odd")), None, After::StoredOtherwise);
        check(old(), done, Some(said(5, Some("odd"))), Some(seen(5, "odd")), None, After::StoredOtherwise);
        // Somebody's PUT without a version, at the very version of ours.
        check(old(), done, Some(said(5, Some("new"))), Some(seen(5, "theirs")), None, After::Since);
        check(old(), done, Some(said(5, Some("new"))), Some(seen(1, "theirs")), None, After::Since);
        check(old(), done, Some(said(5, Some("new"))), Some(moved(seen(5, "new"))), None, After::MovedSince);
        // Moved before the answer already, which then says so.
        let there =
            Said { content: Some(Content { parent: Some("elsewhere".into()), ..wrote() }), ..said(5, None) };
        check(old(), done, Some(there), Some(moved(seen(5, "new"))), None, After::MovedSince);
        check(old(), done, Some(said(5, None)), None, None, After::Vanished);
        check(old(), done, None, Some(made_anew(2, "new")), None, After::OverwroteAnother);
        check(old(), done, None, Some(made_anew(1, "new")), None, After::MadeAgain);
        check(old(), done, Some(said(5, None)), Some(made_anew(1, "theirs")), None, After::Theirs);
    }

    #[test]
    fn an_update_that_was_not_answered_as_done() {
        let old = || Some(seen(4, "old"));
        for answer in [Answer::Denied, Answer::Unknown, Answer::Exists] {
            check(old(), answer, None, Some(seen(4, "old")), None, After::NotDone);
            check(old(), answer, None, Some(seen(5, "new")), None, After::Done);
            check(old(), answer, None, Some(seen(5, "theirs")), None, After::Changed);
            check(old(), answer, None, Some(seen(4, "theirs")), None, After::Changed);
            check(old(), answer, None, Some(moved(seen(4, "old"))), None, After::Changed);
            check(old(), answer, None, Some(made_anew(1, "new")), None, After::Theirs);
            check(old(), answer, None, None, None, After::Gone);
        }
    }

    #[test]
    fn a_create() {
        check(None, Answer::Done, Some(said(1, None)), Some(seen(1, "new")), None, After::Done);
        check(None, Answer::Done, Some(said(1, None)), Some(seen(1, "odd")), None, After::StoredOtherwise);
        check(None, Answer::Done, Some(said(1, None)), Some(seen(2, "theirs")), None, After::Since);
        check(None, Answer::Done, Some(said(1, Some("new"))), Some(seen(1, "theirs")), None, After::Since);
        check(None, Answer::Done, Some(said(1, None)), Some(made_anew(1, "new")), None, After::Theirs);
        check(None, Answer::Done, Some(said(1, None)), None, None, After::Vanished);
        check(None, Answer::Unknown, None, Some(seen(1, "new")), None, After::Done);
        check(None, Answer::Unknown, None, Some(seen(1, "theirs")), None, After::Theirs);
        check(None, Answer::Denied, None, Some(seen(1, "new")), None, After::Done);
        check(None, Answer::Denied, None, None, None, After::NotDone);
        // Somebody else made the very same in the same moment: it is theirs.
        check(None, Answer::Exists, None, Some(seen(1, "new")), None, After::Theirs);
        let (wrote, answer) = (wrote(), Answer::Exists);
        let sent = SentWrite { wrote: &wrote, answer, said: None, raises: Some(1), perhaps: true, message: "ours" };
        assert_eq!(after(None, sent, Some(&seen(1, "new")), true, None), After::Done, "sent before, answer lost");
    }

    #[test]
    fn the_history_says_whose_a_version_is() {
        let past = |all: &[(i64, &str)]| -> Vec<Past> {
            let one = |(version, message): &(i64, &str)| Past {
                version: *version,
                message: (*message).to_owned(),
                by: "ana".into(),
            };
            all.iter().map(one).collect()
        };
        let old = || Some(seen(4, "old"));
        let check = |now: Observed, all: &[(i64, &str)], expected: After| {
            check(old(), Answer::Done, Some(said(5, None)), Some(now), Some(&past(all)), expected);
        };
        let overwrote = After::Overwrote { version: 5, by: "ana".into() };
        check(seen(6, "new"), &[(4, ""), (5, "theirs"), (6, "ours")], overwrote);
        // Saved again by somebody, unchanged: nothing was overwritten.
        check(seen(6, "new"), &[(4, ""), (5, "ours"), (6, "theirs")], After::Done);
        check(seen(6, "theirs"), &[(5, "ours"), (6, "theirs")], After::Since);
        check(seen(5, "odd"), &[(4, ""), (5, "ours")], After::StoredOtherwise);
        // Somebody put it back with our message in it.
        check(seen(6, "theirs"), &[(5, "ours"), (6, "ours")], After::Since);
        // Two saves that were both answered as the fifth version, of which theirs is what stands.
        check(seen(5, "theirs"), &[(4, "ours"), (5, "theirs")], After::Since);
    }

    #[test]
    fn a_list_without_contents_confirms_what_was_answered() {
        let at = |version, resource: &str| {
            let mut seen = seen(version, "new");
            seen.identity.resource = resource.into();
            seen
        };
        let listed = |version, resource: &str| Observed { digest: None, ..at(version, resource) };
        assert!(still(&at(2, "100"), &listed(2, "100")).is_some());
        assert!(
            still(&at(2, "100"), &listed(2, "101")).is_none(),
            "only its metadata, or only its format, changed"
        );
        assert!(still(&at(2, ""), &listed(2, "101")).is_some());
        assert!(still(&at(2, ""), &listed(3, "101")).is_none());
        assert!(still(&at(2, ""), &listed(0, "101")).is_none(), "a list that says no version");
        assert!(still(&at(2, ""), &moved(listed(2, "101"))).is_none());
        assert!(still(&at(2, "100"), &Observed { digest: Some(digest("theirs")), ..listed(2, "100") }).is_none());
    }

    /// What somebody does to one object, and what we do.
    #[derive(Clone, Debug)]
    enum Act {
        Theirs(u8),
        TheirsUnversioned(u8),
        TheyMove,
        TheyRemake(u8),
        Ours,
    }

    #[derive(Clone, Debug)]
    struct World {
        live: Observed,
        past: Vec<Past>,
        ours: Option<Said>,
        /// Contents by others, made since the plan, that are not live and were never seen.
        lost: Vec<String>,
        latest_is_theirs: Option<String>,
    }

    impl World {
        fn save(&mut self, content: &str, message: &str) {
            let version = self.live.identity.version + 1;
            self.live = Observed { digest: Some(digest(content)), ..self.live.clone() };
            self.live.identity.version = version;
            self.past.push(Past { version, by: "ana".into(), message: message.into() });
        }

        fn act(&mut self, act: &Act, whole: bool) {
            match act {
                Act::Theirs(n) => self.save(&format!("theirs {n}"), ""),
                Act::TheirsUnversioned(n) => {
                    self.live.digest = Some(digest(&format!("theirs {n}")));
                    self.live.identity.version = 1;
                }
                Act::TheyMove => self.live.parent = Some("elsewhere".into()),
                Act::TheyRemake(n) => {
                    self.live = made_anew(1, &format!("theirs {n}"));
                    self.past = vec![Past { version: 1, by: "ana".into(), message: String::new() }];
                }
                Act::Ours => {
                    self.lost = self.latest_is_theirs.take().into_iter().collect();
                    self.save("new", "ours");
                    let identity = Identity { updated: String::new(), ..self.live.identity.clone() };
                    let content =
                        whole.then(|| Content { digest: digest("new"), parent: self.live.parent.clone() });
                    self.ours = Some(Said { identity, content });
                }
            }
            if !matches!(act, Act::Ours) {
                self.latest_is_theirs = Some(format!("{act:?}"));
            }
        }
    }

    fn theirs() -> impl Strategy<Value = Act> {
        prop_oneof![
            (0..9_u8).prop_map(Act::Theirs),
            (0..9_u8).prop_map(Act::TheirsUnversioned),
            Just(Act::TheyMove),
            (0..9_u8).prop_map(Act::TheyRemake),
        ]
    }

    proptest! {
        /// Whatever others do before and after a write that a careless server accepted: it is told as simply done only
        /// if nothing of theirs was overwritten that left a trace, and what stands is ours.
        #[test]
        fn what_others_did_around_a_write_is_never_told_as_done(
            earlier in proptest::collection::vec(theirs(), 0..3),
            later in proptest::collection::vec(theirs(), 0..3),
            whole: bool,
        ) {
            let planned = seen(4, "old");
            let mut world = World {
                live: planned.clone(), past: Vec::new(), ours: None, lost: Vec::new(), latest_is_theirs: None,
            };
            for act in &earlier { world.act(act, whole); }
            world.act(&Act::Ours, whole);
            for act in &later { world.act(act, whole); }
            let intended = world.live.digest == Some(digest("new")) && world.live.parent.is_none();
            let wrote = wrote();
            let sent = SentWrite {
                wrote: &wrote, answer: Answer::Done, said: world.ours.as_ref(), raises: Some(1), perhaps: false,
                message: "ours",
            };
            for past in [None, Some(world.past.as_slice())] {
                let told = after(Some(&planned), sent, Some(&world.live), intended, past);
                let quiet = earlier.is_empty() && later.is_empty();
                prop_assert_eq!(told == After::Done, quiet, "{:?}", told);
                if !later.is_empty() {
                    prop_assert!(told != After::Done);
                }
            }
        }

        /// The same before a write: whatever somebody did, it is not as planned.
        #[test]
        fn what_others_did_before_a_write_is_seen(acts in proptest::collection::vec(theirs(), 1..4)) {
            let planned = seen(4, "old");
            let mut world = World {
                live: planned.clone(), past: Vec::new(), ours: None, lost: Vec::new(), latest_is_theirs: None,
            };
            for act in &acts { world.act(act, true); }
            let contents: Vec<Digest> = world.live.digest.iter().cloned().collect();
            prop_assert_ne!(before(&planned, &world.live, &contents, false), Before::AsPlanned);
        }
    }
}
