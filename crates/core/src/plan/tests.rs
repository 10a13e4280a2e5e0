//! The decision table on objects of every kind: what is declared, recorded and live, in three words, against the action.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Action, Adopt, Change, Custody, Goal, Inputs, OnDrift, Plan, Rules, SecretChange, Workspace, plan};
use crate::kinds;
use crate::kinds::dashboard::Dashboard;
use crate::kinds::datasource::Datasource;
use crate::kinds::folder::Folder;
use crate::model::digest::REVISION;
use crate::model::server::TitleRule;
use crate::model::{
    Address, BodyRef, Declared, DeclaredFolder, DeclaredSecret, Fingerprint, FolderPath, Found, Headline, Identity,
    KindName, Ledger, Listed, LiveBody, Owned, Parent, Pending, Place, RecordState, Recorded, Saved, Server,
    StackName, Uid, UidFrom,
};

/// A workspace, a directory and a record in the making.
pub(super) struct World {
    declared: Vec<Declared>,
    folders: Vec<DeclaredFolder>,
    bodies: BTreeMap<Address, Value>,
    prints: BTreeMap<Address, BTreeMap<String, Fingerprint>>,
    pub(super) live: Workspace,
    recorded: BTreeMap<Address, Recorded>,
    bindings: BTreeMap<FolderPath, String>,
    custody: Custody,
    pub(super) rules: Rules,
    server: Server,
    stack: StackName,
    goal: Goal,
}

pub(super) fn world() -> World {
    World {
        declared: Vec::new(),
        folders: Vec::new(),
        bodies: BTreeMap::new(),
        prints: BTreeMap::new(),
        live: Workspace {
            lists: [Folder::NAME, Datasource::NAME, Dashboard::NAME].map(|kind| (kind, Some(Vec::new()))).into(),
            ..Workspace::default()
        },
        recorded: BTreeMap::new(),
        bindings: BTreeMap::new(),
        custody: Custody::default(),
        rules: Rules::default(),
        server: Server::latest(),
        stack: StackName::parse("test").unwrap(),
        goal: Goal::Apply,
    }
}

pub(super) fn address(text: &str) -> Address {
    crate::kinds::address(text).unwrap()
}

fn path(text: &str) -> FolderPath {
    FolderPath::new(text.split('/').map(str::to_owned).collect()).unwrap()
}

fn raw(address: &Address, body: &str) -> Value {
    match address.kind {
        Datasource::NAME => json!({ "name": address.id(), "type": "loki", "url": body }),
        Dashboard::NAME => json!({ "title": address.id(), "x": body }),
        _ => json!({ "title": body }),
    }
}

fn identity(version: i64) -> Identity {
    Identity { created: "2026-01-01T00:00:00Z".into(), number: "1".into(), version, ..Identity::default() }
}

impl World {
    pub(super) fn declare(&mut self, text: &str, body: &str) -> &mut World {
        self.declare_in(text, body, Parent::Root)
    }

    pub(super) fn declare_in(&mut self, text: &str, body: &str, parent: Parent) -> &mut World {
        let address = address(text);
        let place = Place::file(format!("{text}.json"));
        if address.kind == Folder::NAME {
            self.folders.push(DeclaredFolder {
                uid: address.key.uid().cloned(),
                path: None,
                title: body.into(),
                parent,
                place,
                protect: false,
                by_title: false,
            });
            return self;
        }
        let normal = kinds::by_name(address.kind).normal(raw(&address, body));
        let parent = if address.kind == Datasource::NAME { Parent::None } else { parent };
        self.declared.push(Declared {
            digest: normal.digest(),
            parent,
            headline: Headline { title: address.id().to_owned(), facts: Vec::new() },
            name: address.id().to_owned(),
            references: Vec::new(),
            mentions: Vec::new(),
            secrets: Vec::new(),
            body: BodyRef::file(&place.file),
            uid_from: UidFrom::Document,
            protect: false,
            carried: false,
            fetched: None,
            place,
            address: address.clone(),
        });
        self.bodies.insert(address, normal.whole());
        self
    }

    pub(super) fn live(&mut self, text: &str, body: &str, version: i64) -> &mut World {
        self.live_in(text, body, version, None)
    }

    pub(super) fn live_in(&mut self, text: &str, body: &str, version: i64, parent: Option<&str>) -> &mut World {
        let address = address(text);
        let normal = kinds::by_name(address.kind).normal(raw(&address, body));
        let uid = address.id().to_owned();
        let parent = parent.map(str::to_owned);
        let title = if address.kind == Folder::NAME { body.to_owned() } else { uid.clone() };
        self.list(address.kind).push(Listed {
            uid,
            title: title.clone(),
            parent: parent.clone(),
            plugin: "loki".into(),
            is_default: false,
        });
        let found = Found {
            identity: identity(version),
            body: LiveBody::Kept(normal.digest(), Box::new(normal.whole())),
            parent,
            headline: Headline { title, facts: Vec::new() },
            saved: Saved { by: "ana".into(), at: "2026-02-02T00:00:00Z".into() },
            guard: None,
            secure_keys: BTreeSet::new(),
        };
        self.live.found.insert(address, found);
        self
    }

    /// What the workspace lists of a kind.
    fn list(&mut self, kind: KindName) -> &mut Vec<Listed> {
        self.live.lists.get_mut(&kind).unwrap().as_mut().unwrap()
    }

    pub(super) fn record(&mut self, text: &str, body: &str, version: i64) -> &mut World {
        self.record_in(text, body, version, None)
    }

    pub(super) fn record_in(&mut self, text: &str, body: &str, version: i64, parent: Option<&str>) -> &mut World {
        let address = address(text);
        let digest = kinds::by_name(address.kind).normal(raw(&address, body)).digest().recorded();
        self.recorded.insert(
            address,
            Recorded {
                digest: Some(digest),
                revision: REVISION,
                identity: Some(identity(version)),
                parent: parent.map(str::to_owned),
                title: String::new(),
                secrets: BTreeMap::new(),
                elsewhere: BTreeMap::new(),
                source: format!("{text}.json"),
                content: None,
                protect: false,
                how: Owned::Created,
                pending: None,
            },
        );
        self
    }

    pub(super) fn recorded(&mut self, text: &str) -> &mut Recorded {
        self.recorded.get_mut(&address(text)).unwrap()
    }

    pub(super) fn with<T>(&self, record: RecordState<Ledger<'_>>, then: impl FnOnce(&Inputs<'_>) -> T) -> T {
        then(&Inputs {
            goal: self.goal,
            workspace: "test",
            stack: &self.stack,
            server: &self.server,
            declared: &self.declared,
            bodies: &self.bodies,
            folders: &self.folders,
            fingerprints: &self.prints,
            elsewhere: &BTreeMap::new(),
            shown: &BTreeMap::new(),
            live: &self.live,
            record,
            custody: &self.custody,
            rules: &self.rules,
        })
    }

    fn plan_with(&self, record: RecordState<Ledger<'_>>) -> Plan {
        self.with(record, |inputs| plan(inputs).unwrap())
    }

    pub(super) fn ledger(&self) -> RecordState<Ledger<'_>> {
        RecordState::There(Ledger { serial: 1, run: "r", objects: &self.recorded, bindings: &self.bindings })
    }

    fn plan(&self) -> Plan {
        self.plan_with(self.ledger())
    }

    fn change(&self, text: &str) -> Option<Change> {
        self.plan().changes().find(|c| c.address == address(text)).cloned()
    }

    fn word(&self, text: &str) -> String {
        self.change(text).map_or_else(|| "nothing".into(), |change| word(&change))
    }
}

fn word(change: &Change) -> String {
    let word = match &change.action {
        Action::Create { .. } => "create",
        Action::Update { moved: None, .. } => "update",
        Action::Update { moved: Some(_), .. } => "move",
        Action::Replace { .. } => "replace",
        Action::Adopt { .. } => "adopt",
        Action::Delete { .. } => "delete",
        Action::Release { .. } => "release",
        Action::Forget { .. } => "forget",
        Action::Keep { .. } => "keep",
        Action::LeaveAlone => "leave",
        Action::Renew => "renew",
        Action::Refuse(refusal) => &*refusal.code,
    };
    if change.drift.is_some() { format!("{word}+drift") } else { word.into() }
}

const KINDS: [&str; 3] = ["folder.a", "datasource.a", "dashboard.a"];

#[test]
fn a_default_that_another_of_ours_took_is_no_drift_and_one_that_somebody_took_is() {
    for (taken_by, wanted) in [("datasource.b", "update"), ("datasource.theirs", "update+drift")] {
        let mut world = world();
        world.declare("datasource.a", "B").live("datasource.a", "A", 1).record("datasource.a", "A", 1);
        let was = kinds::by_name(Datasource::NAME).before_giving_way(&raw(&address("datasource.a"), "A"));
        world.recorded("datasource.a").digest = was;
        world.declare("datasource.b", "A").live("datasource.b", "A", 1).record("datasource.b", "A", 1);
        world.live("datasource.theirs", "A", 1);
        for name in world.list(Datasource::NAME) {
            name.is_default = taken_by == format!("datasource.{}", name.uid);
        }
        assert_eq!(world.word("datasource.a"), wanted, "{taken_by}");
    }
}

/// D, R and L as letters: the same letter is the same content, `-` is nothing.
#[test]
fn every_row_of_the_table_for_every_kind() {
    let rows = [
        ("A", "-", "-", "create", "create"),
        ("A", "-", "A", "leave", "adopt"),
        ("A", "-", "B", "not-ours", "adopt"),
        ("A", "A", "A", "nothing", "nothing"),
        ("A", "B", "A", "renew", "renew"),
        ("A", "B", "B", "update", "update"),
        ("A", "A", "B", "update+drift", "update+drift"),
        ("A", "B", "C", "update+drift", "update+drift"),
        ("A", "A", "-", "create+drift", "create+drift"),
        ("-", "A", "A", "delete", "delete"),
        ("-", "A", "B", "delete+drift", "delete+drift"),
        ("-", "A", "-", "forget", "forget"),
    ];
    for object in KINDS {
        for (declared, recorded, live, plain, adopting) in rows {
            for (adopt, wanted) in [(Adopt::Nothing, plain), (Adopt::Everything, adopting)] {
                let mut world = world();
                world.rules.adopt = adopt;
                if declared != "-" {
                    world.declare(object, declared);
                }
                if recorded != "-" {
                    world.record(object, recorded, 1);
                }
                if live != "-" {
                    world.live(object, live, 1);
                }
                assert_eq!(
                    world.word(object),
                    wanted,
                    "{object} D={declared} R={recorded} L={live} {:?}",
                    world.rules.adopt
                );
            }
        }
    }
}

#[test]
fn what_is_neither_declared_nor_recorded_is_counted_and_left() {
    for object in KINDS {
        let mut world = world();
        world.live(object, "A", 1);
        let plan = world.plan();
        assert_eq!(plan.changes().count(), 0);
        assert_eq!(plan.unmanaged.iter().map(|(_, n)| n).sum::<usize>(), 1);
    }
}

#[test]
fn another_incarnation_is_not_ours() {
    for object in KINDS {
        for (declared, live, wanted) in [("A", "A", "leave"), ("A", "B", "not-ours"), ("-", "A", "forget")] {
            let mut world = world();
            if declared != "-" {
                world.declare(object, declared);
            }
            world.live(object, live, 1).record(object, "A", 1);
            world.recorded(object).identity.as_mut().unwrap().number = "2".into();
            let change = world.change(object).unwrap();
            assert_eq!(word(&change), wanted, "{object} D={declared} L={live}");
            assert!(change.stale);
        }
    }
}

#[test]
fn a_record_out_of_date_is_renewed_and_no_drift() {
    for object in KINDS {
        let mut world = world();
        world.declare(object, "A").live(object, "A", 2).record(object, "A", 1);
        assert_eq!(world.word(object), "renew");
        world.recorded(object).identity = Some(identity(2));
        assert_eq!(world.word(object), "nothing");
    }
}

#[test]
fn under_another_revision_a_digest_proves_nothing() {
    for object in KINDS {
        for (live, version, wanted) in [("A", 1, "renew"), ("B", 1, "update"), ("B", 2, "update+drift")] {
            let mut world = world();
            world.declare(object, "A").live(object, live, version).record(object, "Z", 1);
            world.recorded(object).revision = REVISION + 1;
            assert_eq!(world.word(object), wanted, "{object} L={live} version {version}");
        }
    }
}

#[test]
fn an_adopted_object_is_released_unless_asked() {
    for object in KINDS {
        let mut world = world();
        world.live(object, "A", 1).record(object, "A", 1);
        world.recorded(object).how = Owned::Adopted;
        assert_eq!(world.word(object), "release");
        world.rules.delete_adopted = true;
        assert_eq!(world.word(object), "delete");
    }
}

#[test]
fn what_is_released_when_it_leaves_stays_in_the_workspace() {
    for object in KINDS {
        let mut world = world();
        world.live(object, "A", 1).record(object, "A", 1);
        assert_eq!(world.word(object), "delete");
        world.rules.release.insert(address(object));
        assert_eq!(world.word(object), "release");
        world.live(object, "B", 2);
        assert_eq!(world.word(object), "release");
    }
}

#[test]
fn what_is_left_alone_is_neither_made_nor_changed_nor_deleted() {
    for object in KINDS {
        for (declared, live, recorded) in
            [("A", "-", "-"), ("A", "-", "A"), ("B", "A", "A"), ("A", "B", "A"), ("-", "A", "A"), ("A", "A", "A")]
        {
            let mut world = world();
            if declared != "-" {
                world.declare(object, declared);
            }
            if live != "-" {
                world.live(object, live, if live == recorded { 1 } else { 2 });
            }
            if recorded != "-" {
                world.record(object, recorded, 1);
            }
            world.rules.left_alone.insert(address(object), "suspended".into());
            assert_eq!(world.word(object), "nothing", "{object} D={declared} L={live} R={recorded}");
            let said = format!("suspended, so left as they are: `{object}`");
            assert!(world.plan().notices.contains(&said), "{:?}", world.plan().notices);
        }
    }
}

#[test]
fn what_is_only_made_where_it_is_missing_is_never_changed() {
    for object in KINDS {
        let mut world = world();
        world.declare(object, "A");
        world.rules.create_only.insert(address(object));
        assert_eq!(world.word(object), "create");
        world.live(object, "B", 2).record(object, "A", 1);
        assert_eq!(world.word(object), "nothing");
    }
}

#[test]
fn a_protected_object_stays_until_unprotected() {
    for object in KINDS {
        let mut world = world();
        world.live(object, "A", 1).record(object, "A", 1);
        world.recorded(object).protect = true;
        assert_eq!(world.word(object), "keep");
        world.rules.unprotect.insert(address(object));
        assert_eq!(world.word(object), "delete");
    }
}

#[test]
fn a_pending_create_is_ours_only_if_it_is_as_intended() {
    for object in KINDS {
        let kind = address(object).kind;
        let intended = kinds::by_name(kind).normal(raw(&address(object), "A")).digest().recorded();
        for (declared, live, wanted) in [
            ("A", "A", "renew"),
            ("A", "B", "not-ours"),
            ("A", "-", "create"),
            ("-", "A", "delete"),
            ("-", "B", "forget"),
            ("-", "-", "forget"),
        ] {
            let mut world = world();
            if declared != "-" {
                world.declare(object, declared);
            }
            if live != "-" {
                world.live(object, live, 1);
            }
            world.record(object, "A", 1);
            let recorded = world.recorded(object);
            recorded.digest = None;
            recorded.identity = None;
            recorded.pending = Some(Pending {
                run: "r".into(),
                digest: intended.clone(),
                parent: None,
                replace: false,
                secrets: BTreeMap::new(),
                elsewhere: BTreeMap::new(),
            });
            assert_eq!(world.word(object), wanted, "{object} D={declared} L={live}");
        }
    }
}

#[test]
fn a_replacement_cut_off_after_its_delete_is_finished() {
    let mut world = world();
    world.declare("datasource.a", "A").record("datasource.a", "B", 1);
    world.recorded("datasource.a").pending = Some(Pending {
        run: "r".into(),
        digest: world.declared[0].digest.recorded(),
        parent: None,
        replace: true,
        secrets: BTreeMap::new(),
        elsewhere: BTreeMap::new(),
    });
    assert_eq!(world.word("datasource.a"), "create");
}

#[test]
fn clearing_a_url_needs_a_replacement_that_loses_no_secret() {
    let mut world = world();
    world.declare("datasource.a", "").live("datasource.a", "http://x", 1).record("datasource.a", "http://x", 1);
    assert_eq!(world.word("datasource.a"), "needs-replacement");
    world.rules.replace.insert(address("datasource.a"));
    assert_eq!(world.word("datasource.a"), "replace");
    world.live.found.get_mut(&address("datasource.a")).unwrap().secure_keys.insert("password".into());
    assert_eq!(world.word("datasource.a"), "replacement-loses-secret");
}

#[test]
fn secrets_are_told_by_their_fingerprints() {
    let key = || "password".to_owned();
    let print = |text: &str| BTreeMap::from([(key(), Fingerprint(text.into()))]);
    let with = |recorded: &str, declared: bool, set: bool, version: i64| {
        let mut world = world();
        world.declare("datasource.a", "A").live("datasource.a", "A", version).record("datasource.a", "A", 1);
        if !recorded.is_empty() {
            world.recorded("datasource.a").secrets = print(recorded);
        }
        if set {
            world.live.found.get_mut(&address("datasource.a")).unwrap().secure_keys.insert(key());
        }
        if declared {
            world.declared[0].secrets.push(DeclaredSecret {
                key: key(),
                place: Place::file("x"),
                kept: None,
                written: None,
            });
            world.prints.insert(address("datasource.a"), print("one"));
        }
        let change = world.change("datasource.a");
        change.and_then(|c| c.intent).and_then(|i| i.secrets.first().map(|(_, what)| *what))
    };
    assert_eq!(with("one", true, true, 1), None, "unchanged");
    assert_eq!(with("two", true, true, 1), Some(SecretChange::Change), "changed");
    assert_eq!(with("", true, true, 1), Some(SecretChange::Set), "new in the directory");
    assert_eq!(with("one", true, false, 1), Some(SecretChange::Set), "lost its flag");
    assert_eq!(with("one", true, true, 2), Some(SecretChange::Renew), "saved by somebody since");
    assert_eq!(with("one", false, true, 1), Some(SecretChange::Remove), "left the directory");
    assert_eq!(with("", false, true, 1), None, "set by people: left");
}

#[test]
fn another_stacks_object_is_never_touched() {
    for object in KINDS {
        let mut world = world();
        world.rules.adopt = Adopt::Everything;
        world.live.others.insert(address(object), StackName::parse("shop").unwrap());
        world.declare(object, "A").live(object, "A", 1);
        assert_eq!(world.word(object), "other-stack");
        world.record(object, "A", 1);
        assert_eq!(world.word(object), "two-stacks");
        world.declared.clear();
        world.folders.clear();
        assert_eq!(world.word(object), "two-stacks");
    }
}

#[test]
fn a_damaged_record_of_another_stack_forbids_adoptions_and_deletions() {
    let mut world = world();
    world.live.damaged_others.push("shop".into());
    world.rules.adopt = Adopt::Everything;
    world.live("dashboard.gone", "A", 1).record("dashboard.gone", "A", 1);
    world.live("dashboard.there", "A", 1).declare("dashboard.there", "A");
    world.declare("dashboard.new", "A");
    assert_eq!(world.word("dashboard.gone"), "damaged-record");
    assert_eq!(world.word("dashboard.there"), "damaged-record");
    assert_eq!(world.word("dashboard.new"), "create");
}

#[test]
fn an_unknown_record_plans_no_deletion_and_no_ownership_none_either() {
    for record in [RecordState::Unknown("why".into()), RecordState::Off] {
        let mut world = world();
        world.declare("dashboard.same", "A").live("dashboard.same", "A", 1);
        world.declare("dashboard.other", "A").live("dashboard.other", "B", 1);
        world.live("dashboard.gone", "A", 1).record("dashboard.gone", "A", 1);
        let words: Vec<String> = world.plan_with(record).changes().map(word).collect();
        assert_eq!(words, ["update"]);
    }
}

#[test]
fn a_folder_is_deleted_only_when_nothing_stays_in_it() {
    let mut world = world();
    world.live("folder.f", "F", 1).record("folder.f", "F", 1);
    world.live_in("dashboard.ours", "A", 1, Some("f")).record_in("dashboard.ours", "A", 1, Some("f"));
    let change = world.change("folder.f").unwrap();
    assert_eq!(word(&change), "delete");
    assert!(change.needs.contains(&address("dashboard.ours")));
    world.live_in("dashboard.guest", "A", 1, Some("f"));
    match world.change("folder.f").unwrap().action {
        Action::Keep { because } => assert!(because.contains("guest"), "{because}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_folder_above_a_kept_one_is_kept_too() {
    let mut world = world();
    world.live("folder.top", "Top", 1).record("folder.top", "Top", 1);
    world.live_in("folder.sub", "Sub", 1, Some("top")).record_in("folder.sub", "Sub", 1, Some("top"));
    world.live_in("dashboard.guest", "A", 1, Some("sub"));
    assert_eq!(world.word("folder.sub"), "keep");
    assert_eq!(world.word("folder.top"), "keep");
}

#[test]
fn a_dashboard_moves_with_its_directory_and_the_old_folder_goes_after_it() {
    let mut world = world();
    world.live("folder.old", "Old", 1).record("folder.old", "Old", 1);
    world.bindings.insert(path("Old"), "old".into());
    world.live_in("dashboard.d", "A", 1, Some("old")).record_in("dashboard.d", "A", 1, Some("old"));
    world.folders.push(DeclaredFolder {
        uid: None,
        path: Some(path("New")),
        title: "New".into(),
        parent: Parent::Root,
        place: Place::file("New"),
        protect: false,
        by_title: false,
    });
    world.declare_in("dashboard.d", "A", Parent::Path(path("New")));
    let plan = world.plan();
    let order: Vec<(String, usize)> =
        plan.stages.iter().enumerate().flat_map(|(n, stage)| stage.iter().map(move |c| (word(c), n))).collect();
    assert_eq!(order, [("create".to_owned(), 0), ("move".to_owned(), 1), ("delete".to_owned(), 2)]);
}

#[test]
fn a_title_is_taken_over_in_order_and_a_swap_is_refused() {
    let titled = |world: &mut World, text: &str, title: &str, live: &str| {
        world.declare(text, "A").live(text, "A", 1).record(text, "A", 1);
        let uid = address(text).id().to_owned();
        let at = world.declared.len() - 1;
        let raw = json!({ "title": title, "x": "A" });
        world.declared[at].headline.title = title.into();
        world.declared[at].name = title.into();
        world.declared[at].digest = kinds::by_name(Dashboard::NAME).normal(raw).digest();
        world.list(Dashboard::NAME).iter_mut().find(|d| d.uid == uid).unwrap().title = live.into();
    };
    let mut world = world();
    world.server.titles = TitleRule::Exact;
    titled(&mut world, "dashboard.a", "Two", "One");
    titled(&mut world, "dashboard.b", "Three", "Two");
    let change = world.change("dashboard.a").unwrap();
    assert!(change.needs.contains(&address("dashboard.b")));
    let mut world = self::world();
    world.server.titles = TitleRule::Exact;
    titled(&mut world, "dashboard.a", "Two", "One");
    titled(&mut world, "dashboard.b", "One", "Two");
    assert_eq!(world.word("dashboard.a"), "title-swap");
    assert_eq!(world.word("dashboard.b"), "title-swap");
    world.server.titles = TitleRule::Free;
    assert_eq!(world.word("dashboard.a"), "update");
}

#[test]
fn the_plan_is_the_same_for_shuffled_input() {
    let mut world = world();
    for object in ["dashboard.a", "dashboard.b", "datasource.a", "datasource.b"] {
        world.declare(object, "A");
    }
    let forward = format!("{:?}", world.plan());
    world.declared.reverse();
    assert_eq!(format!("{:?}", world.plan()), forward);
}

#[test]
fn only_targets_and_what_they_need_are_planned() {
    let mut world = world();
    world.declare("folder.f", "F");
    world.declare_in("dashboard.a", "A", Parent::Uid(Uid::parse("f").unwrap()));
    world.declare("dashboard.b", "B");
    world.rules.targets.insert(address("dashboard.a"));
    let plan = world.plan();
    let planned: Vec<String> = plan.changes().map(|c| c.address.to_string()).collect();
    assert_eq!(planned, ["folder.f", "dashboard.a"]);
    assert!(plan.notices.iter().any(|n| n.contains("1 other change")));
}

#[test]
fn a_destroy_takes_children_first_and_only_what_is_recorded() {
    let mut world = world();
    world.goal = Goal::Destroy;
    world.declare("dashboard.not-applied", "A");
    world.live("folder.f", "F", 1).record("folder.f", "F", 1);
    world.live_in("dashboard.d", "A", 1, Some("f")).record_in("dashboard.d", "A", 1, Some("f"));
    world.live("dashboard.foreign", "A", 1);
    let plan = world.plan();
    let planned: Vec<String> = plan.changes().map(|c| format!("{} {}", word(c), c.address)).collect();
    assert_eq!(planned, ["delete dashboard.d", "delete folder.f"]);
}

#[test]
fn what_was_changed_outside_is_refused_where_nobody_is_asked_and_what_needs_it_stays_planned() {
    let mut world = world();
    world.declare("folder.f", "F").record("folder.f", "F", 1);
    world.declare_in("dashboard.in", "A", Parent::Uid(Uid::parse("f").unwrap()));
    world.declare("dashboard.changed", "A").live("dashboard.changed", "B", 2).record("dashboard.changed", "A", 1);
    world.live("dashboard.gone", "B", 2).record("dashboard.gone", "A", 1);
    let planned = |world: &World| {
        let words: Vec<String> = world.plan().changes().map(|c| format!("{} {}", word(c), c.address)).collect();
        words.join(", ")
    };
    assert_eq!(
        planned(&world),
        "create+drift folder.f, update+drift dashboard.changed, delete+drift dashboard.gone, create dashboard.in"
    );
    world.rules.on_drift = OnDrift::Refuse;
    assert_eq!(
        planned(&world),
        "drift+drift folder.f, drift+drift dashboard.changed, drift+drift dashboard.gone, create dashboard.in"
    );
    let plan = world.plan();
    let refused = plan.changes().find(|c| c.address == address("dashboard.changed")).unwrap();
    let Action::Refuse(refusal) = &refused.action else { panic!("{refused:?}") };
    assert_eq!(refusal.reason, "it was changed outside by ana, and nobody is asked");
    assert!(refused.intent.is_none());
}

#[test]
fn what_was_changed_outside_is_left_where_it_is_only_reported() {
    let mut world = world();
    world.declare("folder.f", "F").record("folder.f", "F", 1);
    world.declare_in("dashboard.in", "A", Parent::Uid(Uid::parse("f").unwrap()));
    world.declare("dashboard.changed", "A").live("dashboard.changed", "B", 2).record("dashboard.changed", "A", 1);
    world.declare("dashboard.new", "A");
    world.rules.on_drift = OnDrift::Report;
    let plan = world.plan();
    let planned: Vec<String> = plan.changes().map(|c| format!("{} {}", word(c), c.address)).collect();
    assert_eq!(
        planned,
        ["keep+drift folder.f", "keep+drift dashboard.changed", "create dashboard.new", "drift dashboard.in"]
    );
    let change = |name: &str| plan.changes().find(|c| c.address == address(name)).unwrap();
    let Action::Keep { because } = &change("dashboard.changed").action else { panic!("{plan:?}") };
    assert_eq!(because, "it was changed outside by ana, and changes made outside are only reported");
    let Action::Refuse(refusal) = &change("dashboard.in").action else { panic!("{plan:?}") };
    assert_eq!(refusal.reason, "it needs `folder.f`, which was deleted outside and is not made again");
    assert!(["dashboard.changed", "dashboard.in"].iter().all(|name| change(name).intent.is_none()));
}

#[test]
fn the_shortest_refresh_is_asked_for_only_where_a_dashboard_would_be_saved() {
    // Declared, live and recorded, and the target: `dashboard.a A` is an object with this content.
    let cases = [
        ("", "", "", "", false),
        ("dashboard.a A", "", "", "", true),
        ("datasource.a A", "", "", "", false),
        ("dashboard.a A", "dashboard.a A", "dashboard.a A", "", false),
        ("dashboard.a B", "dashboard.a A", "dashboard.a A", "", true),
        ("", "dashboard.a A", "dashboard.a A", "", false),
        ("dashboard.a A", "dashboard.a B", "", "", false),
        ("dashboard.a A", "", "", "dashboard.a", true),
        ("dashboard.a A", "", "", "datasource.b", false),
    ];
    for (declared, live, recorded, target, expected) in cases {
        let mut world = world();
        let object = |text: &str| text.split_once(' ').map(|(a, body)| (a.to_owned(), body.to_owned()));
        object(declared).map(|(a, body)| world.declare(&a, &body).goal);
        object(live).map(|(a, body)| world.live(&a, &body, 1).goal);
        object(recorded).map(|(a, body)| world.record(&a, &body, 1).goal);
        world.rules.targets.extend(Some(target).filter(|t| !t.is_empty()).map(address));
        let asks = |world: &World| world.with(world.ledger(), super::asks_shortest_refresh);
        assert_eq!(asks(&world), expected, "{declared}, {live}, {recorded}, {target}");
        world.rules.on_drift = OnDrift::Refuse;
        assert_eq!(asks(&world), expected, "whatever is refused afterwards: {declared}, {live}");
        world.server.minimum_refresh_is_read = true;
        assert!(!asks(&world), "it is read already");
    }
}

#[test]
fn what_becomes_of_the_record_is_said_last_and_kept_in_the_plan() {
    let mut world = world();
    world.declare("dashboard.a", "A");
    world.declared[0].uid_from = UidFrom::Path;
    world.custody.mended.push("it was mended".into());
    world.custody.from_stack = Some(StackName::parse("old").unwrap());
    let plan = world.plan();
    assert_eq!(
        plan.notices[1..],
        ["the record of stack `old` becomes this stack's".to_owned(), "it was mended".to_owned()]
    );
    assert!(plan.custody.moves() && plan.custody.must_be_saved());
    let mended = Custody { mended: vec!["it was mended".into()], ..Custody::default() };
    assert!(!mended.moves() && mended.must_be_saved());
    assert!(!Custody::default().must_be_saved());
}
