//! The way to a plan, step by step: read the directory, connect, read the record, bind, read the workspace, plan.
//!
//! Each step gives a value, and what it found wrong is reported before the next one begins.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::connect::{self, Connection, connect};
use super::directory::{self, Reports, Sent};
use super::typed::{self, About};
use super::{Exit, Failure, Session, fetched, kept, lease, origin, record, takeover};
use crate::apply::{Bodies, Written};
use crate::grafana::probe::minimum_refresh;
use crate::kinds;
use crate::live::{self, Questions};
use crate::model::{
    Address, Digest, Kept, Listed, NormalDigest, Problem, RecordState, Recorded, Secret, Server, Severity, counted,
};
use crate::plan::compare::{DeclaredForm, Keyed, Sides, one_side, scope, sides};
use crate::plan::outside::{Outside, outside};
use crate::plan::veil::Veil;
use crate::plan::{self, Custody, Goal, Inputs, Plan, Workspace, afterwards, used};
use crate::registry::{Record, Store};
use crate::saved::review::Seen;
use crate::settings::{Choice, Settings};
use crate::source::{self, Bound, Directory, KnownDatasource, LoadOptions, NamedObject};
use crate::terminal::Waiting;

/// What a plan is asked for.
pub struct Task {
    /// What it is for.
    pub goal: Goal,
    /// The settings.
    pub settings: Settings,
    /// What is wrong with `amgctl.yaml`.
    pub file_problems: Vec<Problem>,
    /// How long a run that is going to write waits for another run's lease; it also makes sure that it may keep the record.
    /// A run that only reads has none.
    pub patience: Option<Duration>,
    /// The connection of the plan before this one, where another run came first and it is planned once more.
    pub connection: Option<Connection>,
    /// What is to be known besides the plan.
    pub besides: Besides,
}

/// What is to be known besides a plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Besides {
    /// Nothing.
    Nothing,
    /// What others did to objects of the stack, whatever the plan would do about it.
    Outside,
}

/// What a command has in hand once everything was read.
pub struct Gathered {
    /// The settings.
    pub settings: Settings,
    /// The directory as it is for this workspace; none where a plan holds its bodies itself.
    pub bound: Option<Arc<Bound>>,
    /// Reads what is to be written again.
    pub bodies: Bodies,
    /// The workspace's connection.
    pub connection: Connection,
    /// The record.
    pub held: Held,
    /// The plan.
    pub plan: Plan,
    /// How many objects the directory declares.
    pub objects: usize,
    /// The digest of the directory's files.
    pub digest: Digest,
    /// What was asked for and allowed, before the directory had its say.
    pub asked: plan::Rules,
    /// What the workspace has of what is declared or recorded.
    pub seen: BTreeMap<Address, Seen>,
    /// What must not be shown of data sources, whatever a server says.
    pub veils: BTreeMap<Address, Veil>,
    /// What others did, where that was asked for.
    pub outside: Option<Outside>,
}

impl Gathered {
    /// Whether this is the embedded workspace, which is at another port each time.
    pub fn is_embedded(&self) -> bool {
        is_embedded(&self.settings)
    }
}

/// Whether the settings name the embedded workspace.
pub fn is_embedded(settings: &Settings) -> bool {
    match &settings.workspace {
        Choice::Sandbox(_) => true,
        Choice::Managed(managed) => managed.sandbox.is_some(),
        Choice::Url(_) => false,
    }
}

/// The record as a run holds it.
pub struct Held {
    /// Reads and saves it.
    pub store: Store,
    /// What is known of it.
    pub record: RecordState<Box<Record>>,
    /// The record of the stack that is taken over under this one's name: removed once it is saved here.
    pub taken: Option<Store>,
    /// Where this is applied from; empty where nobody knows.
    pub origin: String,
    /// The key of the fingerprints: the record's, or what a new one is to have.
    pub salt: String,
}

/// Adds what manifests, and what applies them, say of single objects to what the user allows.
fn heed(
    goal: Goal,
    directory: &Directory,
    bound: Option<&Bound>,
    recorded: &BTreeMap<Address, Recorded>,
    rules: &mut plan::Rules,
) {
    for (address, handling) in directory.handling() {
        let address = bound.and_then(|bound| bound.now(directory, address)).unwrap_or_else(|| address.clone());
        if let Some(why) = &handling.left_alone {
            rules.left_alone.insert(address.clone(), why.clone());
        }
        if handling.create_only {
            rules.create_only.insert(address.clone());
        }
        if handling.replace {
            rules.replace.insert(address);
        }
    }
    for (address, recorded) in recorded {
        if let Some(why) = directory.left_unread(address, &recorded.source) {
            rules.left_alone.insert(address.clone(), why.to_owned());
        }
    }
    // Whoever destroys a stack has said so; what leaves the directory by itself goes by its Kustomization.
    if goal == Goal::Apply {
        for (address, recorded) in recorded {
            if let Some(why) = directory.left_open(address, &recorded.source) {
                rules.left_alone.insert(address.clone(), why.to_owned());
            }
        }
        let kept = recorded.iter().filter(|(_, recorded)| directory.keeps_what_leaves(&recorded.source));
        rules.release.extend(kept.map(|(address, _)| address.clone()));
    }
}

/// Reads everything and plans.
pub async fn gather(task: Task, session: &Session<'_>) -> Result<Gathered, Failure> {
    gather_with_live(task, session).await.map(|(gathered, _)| gathered)
}

/// The same, with the workspace as it was read: the bodies of what differs are in it.
pub async fn gather_with_live(task: Task, session: &Session<'_>) -> Result<(Gathered, Workspace), Failure> {
    let Task { goal, mut settings, file_problems, patience, connection: before, besides } = task;
    let again = before.is_some();
    let asked = settings.rules.clone();

    let (directory, refused) = match goal {
        Goal::Apply => fetched::load(&mut settings, session).await?,
        // What is removed needs no secret.
        Goal::Destroy => {
            let options = directory::options(&settings.directory, settings.file.clone(), &[], session.machine);
            let options = LoadOptions { survey: settings.survey.take(), ..options };
            (source::load(&settings.directory, &options), None)
        }
    };
    directory::ignored(&directory, session.terminal);
    let reports = Reports { session, files: directory.files, again };
    let of_directory: &[Problem] = if goal == Goal::Apply { &directory.problems } else { &[] };
    let problems = settings.file.judge([&file_problems[..], of_directory].concat());
    let exit = refused.filter(|_| problems.iter().all(is_no_fault_of_the_directory));
    reports.report(problems, Sent::Nothing).map_err(|failure| exit.map_or(failure, Failure::told))?;

    let waiting = session.terminal.waiting("reading the workspace");
    let mut connection = match before {
        Some(connection) => connection,
        None => connect(&settings, kept::any(&directory), session).await?,
    };
    let (mut held, mut custody) = hold(&settings, &connection, patience, &waiting, session).await?;
    heed(goal, &directory, None, held.objects(), &mut settings.rules);
    let mut bound = bind(goal, &directory, held.objects(), &settings, &connection).await?;
    let mut live = read(goal, &settings, &bound, &connection, &held).await?;
    if goal == Goal::Apply {
        let there = names(&live, &bound, held.objects(), &connection).await?;
        let allows = |address: &Address| settings.rules.adopt.allows(address);
        let (named, is_found) = bound.find_by_name(&there, &settings.file, &allows);
        bound = named;
        let mut reported = Ok(());
        let found = settings.file.judge(bound.problems.clone());
        waiting.around(|| reported = reports.report(found, Sent::Reads));
        reported?;
        if is_found {
            live = read(goal, &settings, &bound, &connection, &held).await?;
        }
        heed(goal, &directory, Some(&bound), held.objects(), &mut settings.rules);
    }
    held.let_go(&live, &mut custody);
    drop(waiting);

    if goal == Goal::Apply {
        let found = check(&settings, &bound, &live, &connection).await?;
        reports.report_references(settings.file.judge(found))?;
        let fetched = match besides {
            Besides::Nothing => fetch(&bound, &settings, &held, patience.is_some(), session).await,
            // What others did to secrets cannot be read, so nothing is compared with them.
            Besides::Outside => Ok(BTreeMap::new()),
        };
        bound = bound.with_secrets(fetched.map_err(|failed| match failed {
            kept::Failed::Here(problems, exit) => reports.end(problems, exit),
            kept::Failed::Everywhere(failure) => failure,
        })?);
    }
    let faults = |problems: Vec<Problem>| reports.end(problems, Exit::Faults);
    let sides = compare(goal, &bound, live, &settings, &held).map_err(|problem| faults(vec![*problem]))?;
    let mut inputs = Inputs {
        goal,
        workspace: &connection.name,
        stack: &settings.stack,
        server: &connection.server,
        declared: &bound.objects,
        bodies: &sides.declared,
        folders: &bound.folders,
        fingerprints: &sides.fingerprints,
        elsewhere: &sides.elsewhere,
        shown: &sides.shown,
        live: &sides.live,
        record: held.record.map(|record| record.ledger()),
        custody: &custody,
        rules: &settings.rules,
    };
    if plan::guards::empties_the_stack(&inputs) {
        return Err(empties(&settings, held.objects().len()));
    }
    let mut server = connection.server.clone();
    if plan::asks_shortest_refresh(&inputs) {
        minimum_refresh(&connection.client, &mut server).await.map_err(connect::refused)?;
    }
    inputs.server = &server;
    let outside = match besides {
        Besides::Nothing => None,
        Besides::Outside => Some(outside(&inputs).map_err(faults)?),
    };
    let mut plan = plan::plan(&inputs).map_err(faults)?;
    if goal == Goal::Apply && !plan.stages.is_empty() {
        plan.notices.extend(bound.notes.iter().cloned());
    }
    connection.server = server.clone();
    warn_of_users(goal, &mut plan, &sides.live, &bound, &connection, &settings, &reports).await?;
    if goal == Goal::Apply {
        let leaving = afterwards::leaving(&plan, &sides.live, &bound.objects);
        let found = source::check_leaving(&bound, &leaving, settings.unknown_references);
        reports.report_references(settings.file.judge(found))?;
    }
    let objects = bound.objects.len() + plan.bindings.len();
    let seen = sides.live.found.iter().map(|(address, found)| (address.clone(), Seen::of(found))).collect();
    let bound = Arc::new(bound);
    let gathered = Gathered {
        settings,
        bodies: bodies_of(Arc::clone(&bound), server),
        bound: Some(bound),
        connection,
        held,
        plan,
        objects,
        digest: directory.digest,
        asked,
        seen,
        veils: sides.veils,
        outside,
    };
    Ok((gathered, sides.live))
}

/// Reads the bodies of a directory again.
fn bodies_of(bound: Arc<Bound>, server: Server) -> Bodies {
    Arc::new(move |address| {
        let declared =
            bound.object(address).ok_or_else(|| format!("the directory does not declare `{address}`"))?;
        let body = bound.body(declared).map_err(|p| p.message)?;
        let kind = kinds::by_name(address.kind);
        Ok(Written {
            text: body.text,
            digest: kinds::stored(kind, &kind.normal(body.value).digest(), &server).recorded(),
            secrets: bound.secrets(declared).map_err(|p| p.message)?,
        })
    })
}

/// Looks for what is not this stack's and uses what goes, and says so with the change that takes it away.
async fn warn_of_users(
    goal: Goal,
    plan: &mut Plan,
    live: &Workspace,
    bound: &Bound,
    connection: &Connection,
    settings: &Settings,
    reports: &Reports<'_>,
) -> Result<(), Failure> {
    let declared = if goal == Goal::Apply { &bound.objects[..] } else { &[] };
    let going = used::going(plan, live, declared);
    let candidates = used::candidates(&going, plan, live, declared);
    let found = live::used::read(&connection.client, &connection.server, &candidates).await;
    let warnings = settings.file.judge(used::warn(plan, live, &going, found));
    if warnings.iter().any(|problem| problem.severity == Severity::Error) {
        return reports.report(warnings, Sent::Reads);
    }
    if !reports.again {
        reports.session.hear(&warnings);
        reports.session.terminal.problem_events(&warnings);
    }
    Ok(())
}

/// Whether a problem is a warning, or says of something that it was not fetched.
fn is_no_fault_of_the_directory(problem: &Problem) -> bool {
    problem.severity == Severity::Warning || problem.code == source::secrets::NOT_FETCHED
}

/// Reads the record, and the one that is taken over.
pub(super) async fn hold(
    settings: &Settings,
    connection: &Connection,
    patience: Option<Duration>,
    waiting: &Waiting,
    session: &Session<'_>,
) -> Result<(Held, Custody), Failure> {
    let mut store = Store::new(connection.client.clone(), &connection.server, settings.stack.clone());
    let (mut record, mended) = match patience {
        None => (record::read(settings, connection, &mut store).await?, Vec::new()),
        Some(patience) => {
            let free = lease::when_free(patience, settings, connection, &mut store, waiting).await?;
            waiting.at("reading the workspace");
            (free.record, free.mended)
        }
    };
    let taken = takeover::read(settings, connection, &mut record).await?;
    let salt = match &record {
        RecordState::There(record) => record.salt.clone(),
        RecordState::Absent | RecordState::Unknown(_) | RecordState::Off => record::random()?,
    };
    let origin = origin::of(settings, session);
    let other_origin = record.there().is_some_and(|record| origin::same(&record.origin, &origin) == Some(false));
    let custody = Custody {
        from_elsewhere: settings.take_over && other_origin,
        from_stack: settings.take_over_stack.clone().filter(|_| taken.is_some()),
        mended,
        let_go: BTreeSet::new(),
    };
    Ok((Held { store, record, taken, origin, salt }, custody))
}

impl Held {
    /// What is ours.
    pub fn objects(&self) -> &BTreeMap<Address, Recorded> {
        static NONE: BTreeMap<Address, Recorded> = BTreeMap::new();
        self.record.there().map_or(&NONE, |record| &record.objects)
    }

    /// Lets go of what another stack made in the same moment.
    pub(super) fn let_go(&mut self, live: &Workspace, custody: &mut Custody) {
        if let RecordState::There(record) = &mut self.record {
            record.let_go(live.yielded.keys());
            custody.let_go = live.yielded.keys().cloned().collect();
        }
    }
}

/// The objects of the workspace by their names, without those of this stack. What lists have without titles is searched
/// for, where something is known by its title only.
async fn names(
    live: &Workspace,
    bound: &Bound,
    recorded: &BTreeMap<Address, Recorded>,
    connection: &Connection,
) -> Result<Vec<NamedObject>, Failure> {
    let (kind, of) = source::SEARCHED;
    let is_untitled = live.all(kind).iter().any(|one| one.title.is_empty());
    let searched = if is_untitled && bound.goes_by_name(kind, |address| recorded.contains_key(address)) {
        live::titled(&connection.client, of).await.map_err(connect::live)?
    } else {
        Vec::new()
    };
    let listed = live.lists.iter().flat_map(|(kind, list)| list.iter().flatten().map(move |one| (*kind, one)));
    let all = listed.filter(|(_, one)| !one.title.is_empty()).chain(searched.iter().map(|one| (kind, one)));
    let named = all.filter_map(|(kind, one)| {
        let address = Address::live(kind, &one.uid)?;
        Some(NamedObject { address, title: one.title.clone(), parent: one.parent.clone() })
    });
    Ok(named.filter(|one| !recorded.contains_key(&one.address)).collect())
}

/// Binds the directory to the workspace: recorded uids, and inputs that its data sources answer.
pub async fn bind(
    goal: Goal,
    directory: &Directory,
    recorded: &BTreeMap<Address, Recorded>,
    Settings { file: settings, rules, .. }: &Settings,
    connection: &Connection,
) -> Result<Bound, Failure> {
    if goal == Goal::Destroy {
        return Ok(Bound::unbound(directory));
    }
    let files: Vec<_> =
        recorded.iter().map(|(address, r)| (address.clone(), r.source.clone(), r.content.clone())).collect();
    let by_name: Vec<_> = recorded
        .iter()
        .map(|(address, r)| NamedObject {
            address: address.clone(),
            title: r.title.clone(),
            parent: r.parent.clone(),
        })
        .collect();
    let bound = Bound::new(directory, &files).recall(&by_name, settings);
    if bound.unresolved.is_empty() {
        return Ok(bound);
    }
    let kind = kinds::by_name(source::ANSWERS);
    let names = live::whole_list(&connection.client, &connection.server, kind, &connection.access);
    let names = names.await.map_err(connect::live)?;
    // What this change removes answers no input.
    let stays = |one: &Listed| !afterwards::removes(source::ANSWERS, &one.uid, &bound.objects, recorded, rules);
    let known: Vec<KnownDatasource> = names.unwrap_or_default().into_iter().filter(stays).map(known).collect();
    Ok(bound.answer_inputs(&known))
}

fn known(one: Listed) -> KnownDatasource {
    KnownDatasource { uid: one.uid, name: one.title, kind: one.plugin, is_default: one.is_default }
}

/// Reads the workspace: what is declared and recorded, for a destroy what is recorded alone.
pub(super) async fn read(
    goal: Goal,
    settings: &Settings,
    bound: &Bound,
    connection: &Connection,
    held: &Held,
) -> Result<Workspace, Failure> {
    let nobody = BTreeMap::new();
    let record = held.record.there();
    let objects = if goal == Goal::Destroy { &[][..] } else { &bound.objects };
    let declared: BTreeMap<Address, NormalDigest> = objects
        .iter()
        .map(|d| (d.address.clone(), kinds::stored(kinds::by_name(d.address.kind), &d.digest, &connection.server)))
        .collect();
    let questions = Questions {
        stack: &settings.stack,
        taken_over: settings.take_over_stack.as_ref(),
        declared: &declared,
        folders: &bound.folder_titles(),
        recorded: held.objects(),
        made: record.map_or(&nobody, |record| &record.made),
        runs: &record.map(|record| record.known_runs()).unwrap_or_default(),
        access: &connection.access,
    };
    live::read(&connection.client, &connection.server, &questions).await.map_err(connect::live)
}

/// What shows only beside the workspace: references that lead nowhere, what its version has otherwise.
async fn check(
    settings: &Settings,
    bound: &Bound,
    live: &Workspace,
    connection: &Connection,
) -> Result<Vec<Problem>, Failure> {
    let names: Option<Vec<KnownDatasource>> =
        live.list(source::ANSWERS).map(|names| names.iter().cloned().map(known).collect());
    let referred = live::referred(&connection.client, &connection.server, bound.references_elsewhere());
    let there = referred.await.map_err(connect::live)?;
    let mut problems = source::check_references(
        bound,
        names.as_deref(),
        live.list(kinds::CONTAINER),
        Some(&there.keys().map(|target| target.name.clone()).collect()),
        settings.unknown_references,
    );
    problems.extend(source::check_library_panels(bound, &there));
    problems.extend(source::lint_against(bound, Some(&connection.server)));
    Ok(problems)
}

/// Fetches the secrets of what is planned.
async fn fetch(
    bound: &Bound,
    settings: &Settings,
    held: &Held,
    writes: bool,
    session: &Session<'_>,
) -> Result<BTreeMap<Kept, Secret>, kept::Failed> {
    // What tells values apart stands in the record. Who may not read that, as the job of a pull request, has no use for
    // them.
    if held.record.is_unknown() && !writes {
        return Ok(BTreeMap::new());
    }
    kept::fetch(bound, settings, session).await
}

/// Puts directory and workspace beside each other.
fn compare(
    goal: Goal,
    bound: &Bound,
    live: Workspace,
    settings: &Settings,
    held: &Held,
) -> Result<Sides, Box<Problem>> {
    let keyed = Keyed { record: &held.record.map(|record| &record.objects), salt: &held.salt };
    if goal == Goal::Destroy {
        return Ok(one_side(live, keyed));
    }
    let draws = settings.rules.pictures;
    sides(&bound.objects, &scope(&bound.objects, &settings.rules.targets), live, keyed, draws, |declared| {
        let body = bound.body(declared)?;
        let secrets = bound.secrets(declared);
        Ok(DeclaredForm { value: body.value, shown: body.shown, pieces: body.pieces, secrets })
    })
}

/// An empty directory would take the whole stack down.
fn empties(settings: &Settings, objects: usize) -> Failure {
    let words = format!(
        "the directory declares nothing, and stack `{}` has {}",
        settings.stack,
        counted(objects, "object")
    );
    Failure::new(Exit::Guard, words).hint(format!(
        "if all of it is to be destroyed, run again with --allow-empty, or run `{}`",
        typed::line("destroy", settings, About::default())
    ))
}
