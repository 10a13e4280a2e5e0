//! Everything that a plan is made of, put together: directory, workspace, record; and the plan itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::connect::{self, Connection, connect};
use super::directory::{self, Sent};
use super::{Exit, Failure, Session, kept, lease, origin, typed};
use crate::apply::object::fingerprint;
use crate::grafana::probe::minimum_refresh;
use crate::kinds;
use crate::kinds::dashboard::Dashboard;
use crate::kinds::datasource::Datasource;
use crate::live::{self, Questions};
use crate::model::{
    Address, Fingerprint, NormalDigest, Problem, RecordState, Recorded, Secret, Severity, StackName, Target, Uid,
    counted,
};
use crate::plan::veil::Veil;
use crate::plan::{self, Goal, Inputs, Plan, Workspace};
use crate::registry::{LoadError, Loaded, Record, Store};
use crate::settings::{Choice, Machine, Settings};
use crate::source::{self, Bound, Declarations, Directory, KnownDatasource};
use crate::terminal::Terminal;

/// What a command has in hand once everything was read.
pub struct Gathered {
    /// The settings.
    pub settings: Settings,
    /// The directory as it is for this workspace.
    pub bound: Arc<Bound>,
    /// The workspace's connection.
    pub connection: Connection,
    /// Reads and saves the record.
    pub store: Store,
    /// What is known of the stack's record.
    pub record: RecordState<Box<Record>>,
    /// The record of the stack that is taken over under this one's name: removed once it is saved here.
    pub taken: Option<Store>,
    /// The record has to be saved even where nothing else is to be done: something in it was put right.
    pub mended: bool,
    /// Where this is applied from.
    pub origin: String,
    /// The plan.
    pub plan: Plan,
    /// How many objects the directory declares.
    pub objects: usize,
    /// The key of the fingerprints: the record's, or what a new one is to have.
    pub salt: String,
    /// What must not be shown of data sources, whatever a server says.
    pub veils: BTreeMap<Address, Veil>,
}

/// Reads everything and plans.
///
/// A run that is going to write says how patient it is: it waits so long for another run's lease, and makes sure that
/// it may keep the record. A run that only reads says none. What is planned a second time, because another run came
/// first, goes on with the connection that it has.
pub async fn gather(
    goal: Goal,
    settings: Settings,
    file_problems: Vec<Problem>,
    patience: Option<Duration>,
    before: Option<Connection>,
    session: &Session<'_>,
) -> Result<Gathered, Failure> {
    let Session { machine, terminal, .. } = session;
    // What was told when it was planned first is not told again.
    let told_before = before.is_some();
    let untold = |problems: Vec<Problem>| -> Vec<Problem> {
        problems.into_iter().filter(|p| !told_before || p.severity == Severity::Error).collect()
    };
    let directory = directory::load(&settings.directory, settings.file.clone(), machine);
    directory::ignored(&directory, terminal);
    if goal == Goal::Apply {
        let problems: Vec<Problem> = file_problems.into_iter().chain(directory.problems.iter().cloned()).collect();
        directory::tell(&untold(problems), directory.files, Sent::Nothing, terminal)?;
    } else {
        directory::tell(&untold(file_problems), directory.files, Sent::Nothing, terminal)?;
    }
    let waiting = terminal.waiting("reading the workspace");
    let mut connection = match before {
        Some(connection) => connection,
        None => connect(&settings, kept::any(&directory), session).await?,
    };
    let mut store = Store::new(connection.client.clone(), &connection.server, settings.stack.clone());
    let (mut record, mended) = match patience {
        None => (registry(&settings, &connection, &mut store).await?, Vec::new()),
        Some(patience) => {
            let free = lease::when_free(patience, &settings, &connection, &mut store, &waiting).await?;
            waiting.at("reading the workspace");
            (free.record, free.mended)
        }
    };
    let taken = take_over_stack(&settings, &connection, &mut record).await?;
    let empty = BTreeMap::new();
    let mut bound = match goal {
        Goal::Apply => {
            let recorded = record.there().map_or(&empty, |record| &record.objects);
            let bound = bind(&directory, recorded, &settings.rules, &connection).await?;
            let problems = untold(bound.problems.clone());
            waiting_for(&waiting, || directory::tell(&problems, directory.files, Sent::Reads, terminal))?;
            bound
        }
        Goal::Destroy => Bound::unbound(&directory),
    };
    let files = directory.files;
    let mut workspace = read(goal, &settings, &bound, &connection, record.there().map(|record| &**record)).await?;
    // Folders that another stack has made in the same moment.
    if let RecordState::There(record) = &mut record {
        record.let_go(workspace.yielded.keys());
    }
    let yields = !workspace.yielded.is_empty() && record.there().is_some();
    if let Some(old) = &settings.take_over_stack {
        workspace.others.retain(|_, stack| stack != old);
    }
    drop(waiting);
    if goal == Goal::Apply {
        check(&settings, &bound, &workspace, &connection, &untold, files, terminal).await?;
    }
    let salt = match &record {
        RecordState::There(record) => record.salt.clone(),
        RecordState::Absent | RecordState::Unknown(_) | RecordState::Off => super::apply::random()?,
    };
    let bodies = match goal {
        Goal::Apply => {
            let fetched = match &record {
                // What tells values apart stands in the record. Who may not read that, as the job of a pull request,
                // has no use for them.
                RecordState::Unknown(_) if patience.is_none() => Ok(BTreeMap::new()),
                _ => kept::fetch(&bound, &settings, session).await,
            };
            let values = fetched.map_err(|failed| match failed {
                kept::Failed::Here(problems, exit) => Failure { exit, ..tell_reads(&problems, files, terminal) },
                kept::Failed::Everywhere(failure) => failure,
            })?;
            bound = bound.with_secrets(values);
            let scope = kept::scope(&bound, &settings.rules.targets);
            bodies(&bound, &scope, &mut workspace, &record, &salt)
                .map_err(|problem| tell_reads(&[*problem], files, terminal))?
        }
        Goal::Destroy => {
            let mut none = Bodies::default();
            none.hide_the_rest(&mut workspace, &record, &salt);
            none
        }
    };
    let inputs = Inputs {
        goal,
        workspace: &connection.name,
        stack: &settings.stack,
        server: &connection.server,
        declared: &bound.objects,
        bodies: &bodies.declared,
        folders: &bound.folders,
        fingerprints: &bodies.fingerprints,
        elsewhere: &bodies.elsewhere,
        shown: &bodies.shown,
        live: &workspace,
        record: record.map(|record| record.ledger()),
        rules: &settings.rules,
    };
    if plan::guards::empties_the_stack(&inputs) {
        return Err(Failure::new(
            Exit::Guard,
            format!(
                "the directory declares nothing, and stack `{}` has {}",
                settings.stack,
                counted(record.there().map_or(0, |record| record.objects.len()), "object")
            ),
        )
        .hint(format!(
            "if all of it is to be destroyed, run again with --allow-empty, or run `{}`",
            typed::line("destroy", &settings, typed::About::default())
        )));
    }
    let told = |problems: Vec<Problem>| tell_reads(&problems, files, terminal);
    let mut plan = plan::plan(&inputs).map_err(told)?;
    let mut server = connection.server.clone();
    if !server.minimum_refresh_is_read && saves_dashboards(&plan) {
        // How the server will store what is saved depends on it: read once it matters.
        minimum_refresh(&connection.client, &mut server).await.map_err(connect::refused)?;
        plan = plan::plan(&Inputs { server: &server, ..inputs }).map_err(told)?;
    }
    connection.server = server;
    if goal == Goal::Apply {
        let severity = severity(&settings);
        let leaving = plan::afterwards::leaving(&plan, &workspace, &bound.objects);
        tell_references(&source::check_leaving(&bound, &leaving, severity), files, terminal)?;
    }
    if let (Some(_), Some(old)) = (&taken, &settings.take_over_stack) {
        plan.notices.push(format!("the record of stack `{old}` becomes this stack's"));
    }
    let puts_right = yields || !mended.is_empty();
    plan.notices.extend(mended);
    let objects = bound.objects.len() + plan.bindings.len();
    let origin = origin::of(&settings, machine);
    let veils = bodies.veils;
    Ok(Gathered {
        settings,
        bound: Arc::new(bound),
        connection,
        store,
        record,
        taken,
        mended: puts_right,
        origin,
        plan,
        objects,
        salt,
        veils,
    })
}

fn saves_dashboards(plan: &Plan) -> bool {
    let saved = |c: &plan::Change| c.address.kind == Dashboard::NAME && c.intent.is_some() && c.action.writes();
    plan.changes().any(saved)
}

fn waiting_for<T>(waiting: &crate::terminal::Waiting, tell: impl FnOnce() -> T) -> T {
    let mut told = None;
    waiting.around(|| told = Some(tell()));
    told.expect("`around` calls what it is given")
}

fn tell_reads(problems: &[Problem], files: usize, terminal: &Terminal) -> Failure {
    let _ = directory::tell(problems, files, Sent::Reads, terminal);
    Failure::told(Exit::Faults)
}

/// Reads the stack's record.
pub async fn registry(
    settings: &Settings,
    connection: &Connection,
    store: &mut Store,
) -> Result<RecordState<Box<Record>>, Failure> {
    if !settings.records {
        return Ok(RecordState::Off);
    }
    match store.load(&connection.access).await {
        Ok(Loaded::There(record)) => Ok(RecordState::There(record)),
        Ok(Loaded::Absent) => Ok(RecordState::Absent),
        Ok(Loaded::Damaged(why)) => Err(damaged(&settings.stack, &why)),
        Err(LoadError::Forbidden(words)) => {
            Ok(RecordState::Unknown(format!("what is ours is not known ({words})")))
        }
        Err(LoadError::Api(error)) => Err(connect::api(&error)),
    }
}

/// Reads the record of the stack that is taken over, and makes it this stack's.
///
/// Where both records are there, an earlier take-over was cut off after it saved the new one: the old one then holds
/// nothing else, and only has to go.
async fn take_over_stack(
    settings: &Settings,
    connection: &Connection,
    registry: &mut RecordState<Box<Record>>,
) -> Result<Option<Store>, Failure> {
    let Some(old) = &settings.take_over_stack else { return Ok(None) };
    let mut store = Store::new(connection.client.clone(), &connection.server, old.clone());
    let record = match store.load(&connection.access).await {
        Ok(Loaded::There(record)) => *record,
        Ok(Loaded::Absent) => {
            return match registry {
                RecordState::There(_) => Ok(None),
                RecordState::Absent | RecordState::Unknown(_) | RecordState::Off => {
                    Err(Failure::new(Exit::Error, format!("the workspace has no record of a stack `{old}`")).hint(
                        "--take-over-stack names the stack as it was called in its last apply, on this workspace",
                    ))
                }
            };
        }
        Ok(Loaded::Damaged(why)) => {
            return Err(damaged(old, &why));
        }
        Err(LoadError::Forbidden(words)) => {
            return Err(
                Failure::new(Exit::Auth, words).hint("use a token of a service account with the role Admin")
            );
        }
        Err(LoadError::Api(error)) => return Err(connect::api(&error)),
    };
    if let Some(lease) = record.lease.as_ref().filter(|held| lease::is_held(held, &store)) {
        return Err(lease::locked(settings, old, lease));
    }
    match registry {
        RecordState::There(own) if record.objects.keys().all(|address| own.objects.contains_key(address)) => {}
        RecordState::There(_) => {
            return Err(Failure::new(
                Exit::Guard,
                format!(
                    "stack `{}` has a record of its own, so it cannot take over that of `{old}`",
                    settings.stack
                ),
            )
            .hint("destroy one of them, or `amgctl forget` its objects first"));
        }
        RecordState::Absent => {
            *registry = RecordState::There(Box::new(Record { stack: settings.stack.clone(), serial: 0, ..record }));
        }
        RecordState::Unknown(_) | RecordState::Off => return Ok(None),
    }
    Ok(Some(store))
}

/// A record that is needed cannot be read: nothing is guessed.
pub fn damaged(stack: &StackName, why: &str) -> Failure {
    Failure::new(Exit::Error, format!("the record of stack `{stack}` is damaged: {why}")).hint(format!(
        "restore an older version of the dashboard `amgctl: {stack}` in the folder `amgctl` from its history in the \
         browser"
    ))
}

/// Settles what of the directory depends on the record and on the workspace's data sources.
async fn bind(
    directory: &Directory,
    recorded: &BTreeMap<Address, Recorded>,
    rules: &plan::Rules,
    connection: &Connection,
) -> Result<Bound, Failure> {
    let files: Vec<_> =
        recorded.iter().map(|(address, r)| (address.clone(), r.source.clone(), r.content.clone())).collect();
    let bound = Bound::new(directory, &files);
    if !bound.unresolved.is_empty() {
        let names = live::datasource_names(&connection.client, &connection.access).await.map_err(connect::live)?;
        // What this change removes answers no input.
        let goes = |uid: &str| {
            Uid::parse(uid).is_ok_and(|uid| {
                let address = Address::new(Datasource::NAME, uid);
                let goes = |r| plan::afterwards::goes(&address, r, rules);
                bound.object(&address).is_none() && recorded.get(&address).is_some_and(goes)
            })
        };
        let known: Vec<KnownDatasource> =
            names.unwrap_or_default().into_iter().filter(|name| !goes(&name.uid)).map(known).collect();
        return Ok(bound.answer_inputs(&known));
    }
    Ok(bound)
}

fn known(name: plan::inputs::LiveName) -> KnownDatasource {
    KnownDatasource { uid: name.uid, name: name.name, kind: name.kind, is_default: name.is_default }
}

async fn read(
    goal: Goal,
    settings: &Settings,
    declarations: &Declarations,
    connection: &Connection,
    record: Option<&Record>,
) -> Result<Workspace, Failure> {
    let (none, nobody) = (BTreeMap::new(), BTreeMap::new());
    let (recorded, made) = record.map_or((&none, &nobody), |record| (&record.objects, &record.made));
    let objects = if goal == Goal::Destroy { &[][..] } else { &declarations.objects };
    let declared: BTreeMap<Address, NormalDigest> = objects
        .iter()
        .map(|d| (d.address.clone(), kinds::stored(kinds::by_name(d.address.kind), &d.digest, &connection.server)))
        .collect();
    let folders: BTreeMap<String, String> = declarations
        .folders
        .iter()
        .filter_map(|f| {
            let uid = f.uid.clone().or_else(|| f.path.as_ref().map(source::folder_uid))?;
            Some((uid.as_str().to_owned(), f.title.clone()))
        })
        .collect();
    let runs = record.map(Record::known_runs).unwrap_or_default();
    let questions = Questions {
        stack: &settings.stack,
        declared: &declared,
        folders: &folders,
        recorded,
        made,
        runs: &runs,
        access: &connection.access,
    };
    live::read(&connection.client, &connection.server, &questions).await.map_err(connect::live)
}

/// What shows only beside the workspace: references that lead nowhere, titles that this server does not tell apart.
async fn check(
    settings: &Settings,
    declarations: &Declarations,
    workspace: &Workspace,
    connection: &Connection,
    untold: &impl Fn(Vec<Problem>) -> Vec<Problem>,
    files: usize,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let severity = severity(settings);
    let names: Option<Vec<KnownDatasource>> =
        workspace.datasources.as_ref().map(|names| names.iter().cloned().map(known).collect());
    let panels: BTreeSet<String> = declarations
        .objects
        .iter()
        .flat_map(|d| &d.references)
        .filter_map(|r| match &r.to {
            Target::LibraryPanel(uid) => Some(uid.clone()),
            Target::Datasource(_) | Target::Folder(_) => None,
        })
        .collect();
    let there = live::library_panels(&connection.client, panels).await.map_err(connect::live)?;
    let problems = source::check_references(
        declarations,
        names.as_deref(),
        workspace.folders.as_deref(),
        Some(&there.keys().cloned().collect()),
        severity,
    );
    let problems: Vec<Problem> = problems
        .into_iter()
        .chain(source::check_library_panels(declarations, &there))
        .chain(source::lint_against(declarations, Some(&connection.server)))
        .collect();
    let problems = untold(problems);
    tell_references(&problems, files, terminal)
}

fn severity(settings: &Settings) -> Severity {
    if settings.references_must_exist { Severity::Error } else { Severity::Warning }
}

fn tell_references(problems: &[Problem], files: usize, terminal: &Terminal) -> Result<(), Failure> {
    let result = directory::tell(problems, files, Sent::Reads, terminal);
    if problems.iter().any(|p| p.severity == Severity::Error && p.code.starts_with("unknown-")) {
        terminal.say("  (--unknown-references=warn, or `unknown_references: warn` in amgctl.yaml, lets them pass)");
    }
    result
}

/// What a plan compares and shows of the directory's objects.
#[derive(Default)]
struct Bodies {
    /// The normal forms of what differs, as they may be shown.
    declared: BTreeMap<Address, Value>,
    /// The live forms that may not be shown as they are, as they may be shown.
    shown: BTreeMap<Address, Value>,
    /// The fingerprints of the declared secrets.
    fingerprints: BTreeMap<Address, BTreeMap<String, Fingerprint>>,
    /// The fingerprints of the values that come from elsewhere.
    elsewhere: BTreeMap<Address, BTreeMap<String, Fingerprint>>,
    /// What must not be shown of each data source.
    veils: BTreeMap<Address, Veil>,
}

/// Puts together what a plan compares. `salt` is the key of all fingerprints.
fn bodies(
    declarations: &Bound,
    scope: &BTreeSet<&Address>,
    workspace: &mut Workspace,
    registry: &RecordState<Box<Record>>,
    salt: &str,
) -> Result<Bodies, Box<Problem>> {
    let mut all = Bodies::default();
    for declared in &declarations.objects {
        let address = &declared.address;
        let is_datasource = address.kind == Datasource::NAME;
        let differs = workspace.found.get(address).is_some_and(|f| f.body.value().is_some());
        if !is_datasource && !differs {
            continue;
        }
        let body = declarations.body(declared)?;
        let kind = kinds::by_name(address.kind);
        let value = kind.normal(body.value).whole();
        if !is_datasource {
            all.declared.insert(address.clone(), value);
            continue;
        }
        let veil = veil(address, registry, salt).over(&value, &kind.normal(body.shown).whole(), body.pieces);
        let secrets = match declarations.secrets(declared) {
            Ok(secrets) => secrets,
            // Nothing is fetched where nothing could be told apart.
            Err(_) if matches!(registry, RecordState::Unknown(_)) => Vec::new(),
            Err(problem) if scope.contains(address) => return Err(problem),
            // Nothing is fetched for what is not planned.
            Err(_) => Vec::new(),
        };
        if matches!(registry, RecordState::There(_) | RecordState::Absent) {
            let prints = secrets.iter().map(|(k, v)| (k.clone(), fingerprint(salt, address, k, v)));
            all.fingerprints.insert(address.clone(), prints.collect());
            all.elsewhere.insert(address.clone(), veil.prints());
        }
        all.declared.insert(address.clone(), veil.declared(&value));
        all.hide(address, veil, &value, workspace);
    }
    all.hide_the_rest(workspace, registry, salt);
    Ok(all)
}

impl Bodies {
    /// Hides what the record remembers of data sources that the directory does not declare any more.
    fn hide_the_rest(&mut self, workspace: &mut Workspace, registry: &RecordState<Box<Record>>, salt: &str) {
        let rest: Vec<Address> = workspace
            .found
            .keys()
            .filter(|a| a.kind == Datasource::NAME && !self.declared.contains_key(a))
            .cloned()
            .collect();
        for address in rest {
            let veil = veil(&address, registry, salt);
            self.hide(&address, veil, &Value::Null, workspace);
        }
    }

    fn hide(&mut self, address: &Address, veil: Veil, declared: &Value, workspace: &mut Workspace) {
        if veil.is_empty() {
            return;
        }
        if let Some(found) = workspace.found.get_mut(address)
            && let Some(live) = found.body.value()
        {
            let shown = veil.live(live, declared);
            found.headline = kinds::datasource::facts::headline(&shown);
            self.shown.insert(address.clone(), shown);
        }
        self.veils.insert(address.clone(), veil);
    }
}

/// What the record remembers of a data source's values from elsewhere.
fn veil(address: &Address, registry: &RecordState<Box<Record>>, salt: &str) -> Veil {
    let recorded = match registry {
        RecordState::There(record) => record.objects.get(address),
        RecordState::Absent | RecordState::Unknown(_) | RecordState::Off => None,
    };
    let (salt, of) = (salt.to_owned(), address.clone());
    let print = move |text: &str| fingerprint(&salt, &of, "$__", &Secret::new(text.to_owned()));
    let veil = Veil::new(recorded, Box::new(print));
    if matches!(registry, RecordState::Unknown(_)) { veil.blind() } else { veil }
}

/// Reads `amgctl.yaml` and settles the settings of a command.
pub fn settle(
    directory: &std::path::Path,
    workspace: &crate::cli::WorkspaceArgs,
    rules: &crate::cli::RulesArgs,
    machine: &Machine,
) -> Result<(Settings, Vec<Problem>), Failure> {
    let (file, problems) = directory::settings(directory)?;
    let mut workspace = workspace.clone();
    let usage = |message: String| Failure::new(Exit::Usage, message).hint("set it anew, or unset it");
    let typed = &mut workspace.managed;
    if typed.stack.is_none() {
        typed.stack = machine.named("AMGCTL_STACK").map_err(usage)?;
    }
    if workspace.url.is_none() && typed.workspace.is_none() && typed.sandbox.is_none() {
        workspace.url = machine.named("AMGCTL_URL").map_err(usage)?;
        typed.workspace = machine.named("AMGCTL_WORKSPACE").map_err(usage)?;
        if workspace.url.is_some() && typed.workspace.is_some() {
            return Err(Failure::new(Exit::Usage, "AMGCTL_URL and AMGCTL_WORKSPACE both name a workspace")
                .hint("unset one of them"));
        }
    }
    let settings = Settings::settle(directory.to_owned(), file, &workspace, rules)
        .map_err(|message| Failure::new(Exit::Usage, message))?;
    Ok((settings, problems))
}

/// Whether this is a workspace in earnest, where a stack must have been named.
pub fn must_be_named(settings: &Settings) -> Result<(), Failure> {
    if settings.stack_is_named || matches!(settings.workspace, Choice::Sandbox(_)) {
        return Ok(());
    }
    Err(Failure::new(Exit::Usage, "the stack has no name").hint(format!(
        "`amgctl init {}` writes one into amgctl.yaml; or give --stack {}",
        settings.directory.display(),
        settings.stack
    )))
}
