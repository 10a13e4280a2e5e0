//! The promises of the table, over random orders of events.
//!
//! The world is small: two workspaces, one secret that both may want, another stack and another secret beside it, and
//! two clocks that differ. Runs take one call at a time, in the order in which `commands` sends them; they are killed
//! before and after a call is delivered, and what a killed run sent may arrive much later. People move labels and delete
//! tokens. After each event the promises are checked, and in the end one more run of each command mends what is left.

use proptest::prelude::*;

use super::{HOUR, LIFE, Sent, WORKSPACES, label_current, label_pending, shop, the_mark};
use crate::identity::names::{self, stored_token};
use crate::identity::rules::tokens::{Due, Wanted, widens};
use crate::identity::rules::*;
use crate::identity::version::{Access, mark};

/// What happens.
#[derive(Clone, Debug)]
enum Event {
    /// A run begins.
    Begin(Run),
    /// A run that is under way goes on by one call.
    Step(usize),
    /// A run is killed; what becomes of the call that it is about to send.
    Kill(usize, Sent),
    /// What a killed run sent arrives.
    Arrive(usize),
    /// Somebody moves the label of what is current to a version.
    MoveLabel(usize),
    /// Somebody deletes a token.
    DeleteToken(usize, usize),
    /// Time passes.
    Pass(i64),
}

/// A run: what was typed, and how far it is.
#[derive(Clone, Debug)]
struct Run {
    workspace: usize,
    asked: Asked,
    rotate: bool,
    prune: bool,
    overlap: i64,
    at: At,
}

#[derive(Clone, Debug)]
enum At {
    Start,
    /// The tokens were listed.
    Listed(Box<Looks>),
    /// The secret was described, and it was decided.
    Decided(Box<Decided>),
    /// The token was made.
    Made(Box<Decided>, TokenInfo, String),
    /// The value was laid beside the current one.
    Stored(Box<Decided>, TokenInfo, String),
    /// The version was promoted, or nothing was due.
    Promoted(Box<Decided>, Option<String>),
    End,
}

#[derive(Clone, Debug)]
struct Looks {
    holders: Vec<Holder>,
    at: i64,
}

#[derive(Clone, Debug)]
struct Decided {
    settled: Settled,
    current: Option<String>,
    absent: bool,
    due: Option<Due>,
    surplus: Vec<(String, TokenInfo)>,
}

/// A token, and what the promises are about.
#[derive(Clone, Debug)]
struct Token {
    info: TokenInfo,
    workspace: usize,
    account: String,
    whose: Whose,
    /// Until when readers got it, by the true clock; now, while they do.
    read_until: Option<i64>,
}

/// Whose a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Whose {
    /// Of the stack and the secret that the runs are about.
    Ours,
    /// Of another secret of the stack: it goes when it ran out, as everything of the stack.
    OtherSecrets,
    /// Of another stack, or of a person.
    Others,
}

#[derive(Clone, Debug)]
struct World {
    /// The true clock; each service has its own beside it.
    now: i64,
    skew_tokens: i64,
    skew_secret: i64,
    tokens: Vec<Token>,
    accounts: [Vec<Account>; 2],
    numbers: u32,
    secret: Option<SecretInfo>,
    /// All versions, labelled or not, with the token of each.
    versions: Vec<(String, String)>,
    runs: Vec<Run>,
    /// What was sent by a run that was killed: a promotion with the version that it takes the label from.
    late: Vec<Late>,
    /// Whether somebody moved a label.
    moved: bool,
    deleted_by_runs: Vec<String>,
}

#[derive(Clone, Debug)]
enum Late {
    Create(usize, Box<Decided>, TokenInfo, String),
    Promote { to: String, from: Option<String> },
    Store(String, String),
}

impl World {
    fn new(skew_tokens: i64, skew_secret: i64) -> World {
        let now = 1_795_511_700;
        let mut world = World {
            now,
            skew_tokens,
            skew_secret,
            tokens: Vec::new(),
            accounts: [Vec::new(), Vec::new()],
            numbers: 0,
            secret: None,
            versions: Vec::new(),
            runs: Vec::new(),
            late: Vec::new(),
            moved: false,
            deleted_by_runs: Vec::new(),
        };
        // Tokens that nobody here may ever delete: of another stack, of another secret, of a person.
        let other = Version::new(
            &mark("eu-west-1", "other"),
            (Access::Token, Role::Admin, Format::Json),
            WORKSPACES[0],
            now + LIFE,
            "0000000",
        );
        let another = StackName::parse("another").unwrap();
        for (name, whose) in [
            (stored_token(&another, now, &other.id(), ""), Whose::Others),
            (stored_token(&shop(), now, &other.id(), ""), Whose::OtherSecrets),
            ("a person's".to_owned(), Whose::Others),
        ] {
            let account = world.account(0, Role::Admin);
            let info = world.mint(name, now);
            world.tokens.push(Token { info, workspace: 0, account, whose, read_until: None });
        }
        world
    }

    fn account(&mut self, workspace: usize, role: Role) -> String {
        let name = names::account(&shop(), role);
        if let Some(account) = self.accounts[workspace].iter().find(|a| a.name == name) {
            return account.id.clone();
        }
        self.numbers += 1;
        let id = self.numbers.to_string();
        self.accounts[workspace].push(Account { id: id.clone(), name, role, disabled: false });
        id
    }

    fn mint(&mut self, name: String, now: i64) -> TokenInfo {
        self.numbers += 1;
        TokenInfo {
            id: self.numbers.to_string(),
            name,
            created: now + self.skew_tokens,
            expires: now + self.skew_tokens + LIFE,
            last_used: None,
        }
    }

    fn holders(&self, workspace: usize) -> Vec<Holder> {
        let of = |account: &Account| {
            let tokens = self.tokens.iter().filter(|t| t.workspace == workspace && t.account == account.id);
            (account.clone(), tokens.map(|t| t.info.clone()).collect())
        };
        self.accounts[workspace].iter().map(of).collect()
    }

    fn works(&self, name: &str) -> bool {
        self.tokens.iter().any(|t| t.info.name == name && t.info.expires > self.now + self.skew_tokens)
    }

    fn current(&self) -> Option<String> {
        current(&self.secret.as_ref()?.stages).map(str::to_owned)
    }

    fn token_of(&self, version: &str) -> Option<String> {
        self.versions.iter().find(|(id, _)| id == version).map(|(_, token)| token.clone())
    }

    /// The workspace that the secret is for.
    fn workspace(&self) -> usize {
        let version = self.current().and_then(|id| Version::read(&id));
        usize::from(version.is_some_and(|version| version.opens(WORKSPACES[1])))
    }

    fn readers_get_what_works(&self) -> bool {
        self.current().and_then(|id| self.token_of(&id)).is_some_and(|name| self.works(&name))
    }

    /// Writes down until when readers got what.
    fn note_readers(&mut self) {
        let read = self.current().and_then(|id| self.token_of(&id));
        let now = self.now;
        for token in &mut self.tokens {
            if Some(&token.info.name) == read.as_ref() {
                token.read_until = Some(now);
            }
        }
    }

    fn changed(&mut self) {
        let now = self.now + self.skew_secret;
        if let Some(secret) = &mut self.secret {
            secret.changed = Some(now);
        }
    }

    /// AWS's `UpdateSecretVersionStage` of what is current.
    fn promote(&mut self, to: &str, from: Option<&str>) -> bool {
        self.note_readers();
        let known = self.versions.iter().any(|(id, _)| id == to);
        let Some(secret) = &mut self.secret else { return false };
        if !known || !label_current(secret, to, from) {
            return false;
        }
        self.changed();
        self.note_readers();
        true
    }

    /// AWS's `PutSecretValue` with the label of what is pending.
    fn store(&mut self, version: &str, token: &str) {
        self.versions.push((version.to_owned(), token.to_owned()));
        if let Some(secret) = &mut self.secret {
            label_pending(secret, version);
        }
        self.changed();
    }

    fn create(&mut self, workspace: usize, decided: &Decided, version: &str, token: &str) -> bool {
        if self.secret.is_some() {
            return false;
        }
        let tags = [
            (STACK, "shop".to_owned()),
            (WORKSPACE, WORKSPACES[workspace].into()),
            (FORMAT, decided.settled.format.name().into()),
        ];
        self.secret = Some(SecretInfo {
            name: "s".into(),
            tags: tags.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
            ..SecretInfo::default()
        });
        self.versions.push((version.to_owned(), token.to_owned()));
        if let Some(secret) = &mut self.secret {
            secret.stages.insert(version.to_owned(), vec![CURRENT.into()]);
        }
        self.changed();
        self.note_readers();
        true
    }

    /// Looks as a run does, and lets it see.
    fn see<T>(&self, run: &Run, looks: &Looks, see: impl FnOnce(&View<'_>) -> T) -> T {
        let (stack, mark) = (shop(), the_mark());
        see(&View {
            stack: &stack,
            workspace: WORKSPACES[run.workspace],
            mark: &mark,
            holders: &looks.holders,
            secret: self.secret.as_ref().map_or(Looked::Absent, Looked::There),
            says: None,
            at: Clocks { tokens: looks.at, secret: self.now + self.skew_secret },
        })
    }

    /// Goes on with a run by one call.
    fn step(&mut self, mut run: Run) -> Run {
        run.at = match run.at.clone() {
            At::Start => {
                let at = self.now + self.skew_tokens;
                At::Listed(Box::new(Looks { holders: self.holders(run.workspace), at }))
            }
            At::Listed(looks) => self.decide(&run, &looks),
            At::Decided(decided) if decided.due.is_none() => At::Promoted(decided, None),
            At::Decided(decided) => {
                let (info, version) = self.make(&run, &decided);
                At::Made(decided, info, version)
            }
            At::Made(decided, info, version) if decided.absent => {
                match self.create(run.workspace, &decided, &version, &info.name) {
                    true => At::Promoted(decided, Some(version)),
                    false => self.give_up(&info),
                }
            }
            At::Made(decided, info, version) => {
                self.store(&version, &info.name);
                At::Stored(decided, info, version)
            }
            At::Stored(decided, info, version) => {
                let before = self.current();
                match self.promote(&version, decided.current.as_deref()) {
                    true => {
                        self.check_change(&run, &decided, before.as_deref(), &version);
                        At::Promoted(decided, Some(version))
                    }
                    false => self.give_up(&info),
                }
            }
            At::Promoted(decided, version) => {
                self.delete(&run, &decided, version);
                At::End
            }
            At::End => At::End,
        };
        run
    }

    fn decide(&self, run: &Run, looks: &Looks) -> At {
        self.see(run, looks, |view| {
            let due = match run.prune {
                true => None,
                false => {
                    let wanted = if run.rotate { Wanted::New } else { Wanted::Lasting(24 * HOUR) };
                    view.renewal(wanted, &run.asked)
                }
            };
            let settled = match run.prune {
                true => Settled { role: Role::Viewer, format: Format::Json, changes: Vec::new() },
                false => match view.settle(&run.asked, due.is_some()) {
                    Ok(settled) => settled,
                    Err(_) => return At::End,
                },
            };
            // A run of this world that was killed is never known to have ended.
            let surplus = view.tokens_to_go(due.as_ref(), run.overlap, |_| false);
            let surplus = surplus.into_iter().map(|s| (s.account.id.clone(), s.token.clone())).collect();
            let (current, absent) = (view.current().map(str::to_owned), view.info().is_none());
            At::Decided(Box::new(Decided { settled, current, absent, due, surplus }))
        })
    }

    fn make(&mut self, run: &Run, decided: &Decided) -> (TokenInfo, String) {
        let settled = &decided.settled;
        let made = (Access::Token, settled.role, settled.format);
        let random = format!("{:07x}", self.numbers);
        let version = Version::new(&the_mark(), made, WORKSPACES[run.workspace], self.now + LIFE, &random).id();
        let account = self.account(run.workspace, settled.role);
        let info = self.mint(stored_token(&shop(), self.now, &version, ""), self.now);
        self.tokens.push(Token {
            info: info.clone(),
            workspace: run.workspace,
            account,
            whose: Whose::Ours,
            read_until: None,
        });
        (info, version)
    }

    /// What a run deletes that readers surely did not get.
    fn give_up(&mut self, info: &TokenInfo) -> At {
        self.deleted_by_runs.push(info.name.clone());
        self.tokens.retain(|t| t.info.id != info.id);
        At::End
    }

    /// What must be true of a promotion.
    fn check_change(&self, run: &Run, decided: &Decided, before: Option<&str>, after: &str) {
        let Some(before) = before.and_then(Version::read) else { return };
        let after = Version::read(after).unwrap();
        if rights(after.role) > rights(before.role) {
            assert_eq!(run.asked.role, Some(after.role), "rights grew without being asked");
            assert!(decided.settled.changes.iter().any(widens), "and without being shown");
        }
        if before.role != after.role {
            assert_eq!(run.asked.role, Some(after.role), "the role changed without being asked");
        }
        if before.format != after.format {
            assert_eq!(run.asked.format, Some(after.format), "the format changed without being asked");
        }
        if before.workspace() != after.workspace() {
            assert!(run.asked.adopt, "the secret changed its workspace without being asked");
        }
    }

    /// What a run deletes in the end. It looks again just before: whoever moves a label or deletes a token between that
    /// look and the call is too quick for it.
    fn delete(&mut self, run: &Run, decided: &Decided, version: Option<String>) {
        let expected = version.or_else(|| decided.current.clone());
        let looks = Looks { holders: self.holders(run.workspace), at: self.now + self.skew_tokens };
        if !self.see(run, &looks, |view| view.still_holds(expected.as_deref())) {
            return;
        }
        self.note_readers();
        for (account, info) in &decided.surplus {
            let Some(found) = self.tokens.iter().position(|t| t.info.id == info.id) else { continue };
            let token = self.tokens.remove(found);
            assert!(token.whose != Whose::Others, "{} is not ours", token.info.name);
            assert_eq!(token.workspace, run.workspace, "it is another workspace's");
            assert_eq!(&token.account, account);
            self.deleted_by_runs.push(info.name.clone());
            if token.info.expires <= self.now + self.skew_tokens {
                continue;
            }
            assert!(token.whose == Whose::Ours, "{} is another secret's, and works", token.info.name);
            if let Some(until) = token.read_until {
                assert!(until + run.overlap <= self.now, "readers may have it: {token:?} at {}", self.now);
            }
            let read = self.current().and_then(|id| self.token_of(&id));
            assert_ne!(read, Some(token.info.name.clone()), "readers get it now");
            // A secret that was given away with --adopt is another workspace's business.
            let here = self.current().and_then(|id| Version::read(&id));
            if here.is_some_and(|version| version.opens(WORKSPACES[run.workspace])) {
                assert!(self.readers_get_what_works(), "the last one that works was deleted");
            }
        }
    }

    fn kill(&mut self, run: Run, sent: Sent) {
        match (sent, run.at.clone()) {
            (Sent::Never, _) | (_, At::End) => {}
            (Sent::AtOnce, _) => {
                self.step(run);
            }
            (Sent::Later, At::Made(decided, info, version)) if decided.absent => {
                self.late.push(Late::Create(run.workspace, decided, info, version));
            }
            (Sent::Later, At::Made(_, info, version)) => self.late.push(Late::Store(version, info.name)),
            (Sent::Later, At::Stored(decided, _, version)) => {
                self.late.push(Late::Promote { to: version, from: decided.current });
            }
            (Sent::Later, _) => {}
        }
    }

    fn arrive(&mut self, late: Late) {
        match late {
            Late::Create(workspace, decided, info, version) => {
                if self.create(workspace, &decided, &version, &info.name) {
                    self.late_is_no_dead_one(&version);
                }
            }
            Late::Store(version, token) => self.store(&version, &token),
            Late::Promote { to, from } => {
                if self.promote(&to, from.as_deref()) {
                    self.late_is_no_dead_one(&to);
                }
            }
        }
    }

    /// A promotion that arrives late gives readers no token that a run deleted. (Where somebody moves labels by hand, the
    /// version that it takes the label from may be current once more.)
    fn late_is_no_dead_one(&self, version: &str) {
        let name = self.token_of(version).unwrap();
        assert!(self.moved || !self.deleted_by_runs.contains(&name), "a late promotion gave readers a dead token");
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Begin(run) => self.runs.push(run),
            Event::Step(n) if !self.runs.is_empty() => {
                let n = n % self.runs.len();
                let run = self.runs[n].clone();
                let run = self.step(run);
                self.runs[n] = run;
            }
            Event::Kill(n, sent) if !self.runs.is_empty() => {
                let run = self.runs.remove(n % self.runs.len());
                self.kill(run, sent);
            }
            Event::Arrive(n) if !self.late.is_empty() => {
                let late = self.late.remove(n % self.late.len());
                self.arrive(late);
            }
            Event::MoveLabel(n) if !self.versions.is_empty() => {
                let to = self.versions[n % self.versions.len()].0.clone();
                let from = self.current();
                self.moved |= from.as_deref() != Some(&to);
                self.promote(&to, from.as_deref());
            }
            Event::DeleteToken(of, n) => {
                let ours: Vec<usize> =
                    (0..self.tokens.len()).filter(|i| self.tokens[*i].whose == Whose::Ours).collect();
                if !ours.is_empty() && of == 0 {
                    self.tokens.remove(ours[n % ours.len()]);
                }
            }
            Event::Pass(seconds) => {
                self.note_readers();
                self.now += seconds;
                self.note_readers();
            }
            Event::Step(_) | Event::Kill(..) | Event::Arrive(_) | Event::MoveLabel(_) => {}
        }
        self.runs.retain(|run| !matches!(run.at, At::End));
        self.note_readers();
    }

    /// One more run, from its begin to its end.
    fn run(&mut self, mut run: Run) {
        while !matches!(run.at, At::End) {
            run = self.step(run);
        }
    }
}

fn run() -> impl Strategy<Value = Run> {
    let role = proptest::option::weighted(0.3, proptest::sample::select(vec![Role::Admin, Role::Viewer]));
    let format = proptest::option::weighted(0.3, proptest::sample::select(vec![Format::Json, Format::Plain]));
    let overlap = proptest::sample::select(vec![0, 60, HOUR]);
    let workspace = prop_oneof![3 => Just(0_usize), 1 => Just(1)];
    (workspace, role, format, proptest::bool::weighted(0.2), any::<bool>(), proptest::bool::weighted(0.3), overlap)
        .prop_map(|(workspace, role, format, adopt, rotate, prune, overlap)| Run {
            workspace,
            asked: Asked { role, format, adopt },
            rotate,
            prune,
            overlap,
            at: At::Start,
        })
}

fn event() -> impl Strategy<Value = Event> {
    let sent = proptest::sample::select(vec![Sent::Never, Sent::AtOnce, Sent::Later]);
    let seconds = proptest::sample::select(vec![1, 30, 61, 900, HOUR, 2 * HOUR, 10 * 24 * HOUR, LIFE]);
    prop_oneof![
        4 => run().prop_map(Event::Begin),
        24 => (0_usize..4).prop_map(Event::Step),
        3 => (0_usize..4, sent).prop_map(|(n, sent)| Event::Kill(n, sent)),
        2 => (0_usize..4).prop_map(Event::Arrive),
        1 => (0_usize..8).prop_map(Event::MoveLabel),
        1 => (0_usize..3, 0_usize..8).prop_map(|(of, n)| Event::DeleteToken(of, n)),
        4 => seconds.prop_map(Event::Pass),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_events_loses_access_or_widens_it(
        skew_tokens in -30_i64..30,
        skew_secret in -30_i64..30,
        // Where nobody moves labels or deletes tokens, nothing excuses a dead token.
        by_hand in any::<bool>(),
        events in proptest::collection::vec(event(), 1..90),
    ) {
        let mut world = World::new(skew_tokens, skew_secret);
        let hands = |event: &Event| matches!(event, Event::MoveLabel(_) | Event::DeleteToken(..));
        for event in events.into_iter().filter(|event| by_hand || !hands(event)) {
            world.happen(event);
        }
        // Whatever happened, one more run without a flag mends it, in the workspace that the secret is for.
        let workspace = world.workspace();
        let before = world.current().and_then(|id| Version::read(&id));
        let plain = Run {
            workspace,
            asked: Asked::default(),
            rotate: false,
            prune: false,
            overlap: HOUR,
            at: At::Start,
        };
        world.run(plain.clone());
        prop_assert!(world.readers_get_what_works(), "the next run mends it: {world:?}");
        let after = world.current().and_then(|id| Version::read(&id)).unwrap();
        if let Some(before) = before {
            prop_assert_eq!((before.role, before.format), (after.role, after.format));
        }
        // Whatever may be deleted is, and only then comes what the killed runs sent.
        world.run(Run { prune: true, overlap: 0, ..plain.clone() });
        for late in std::mem::take(&mut world.late) {
            world.arrive(late);
        }
        prop_assert!(by_hand || world.readers_get_what_works(), "a late call took access away: {world:?}");
        // And what is left of the others goes, where the secret is now: a move that was asked for may have come late.
        let workspace = world.workspace();
        let plain = Run { workspace, ..plain };
        world.happen(Event::Pass(2 * HOUR));
        world.run(Run { rotate: true, ..plain.clone() });
        world.happen(Event::Pass(2 * HOUR));
        world.run(plain);
        prop_assert!(world.readers_get_what_works());
        let left = world.tokens.iter().filter(|t| t.whose == Whose::Ours && t.workspace == workspace).count();
        prop_assert_eq!(left, 1, "one token is left in the workspace: {:?}", world.tokens);
    }
}
