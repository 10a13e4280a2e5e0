//! `amgctl doctor`: whether this will work, one line for each thing that it stands on. Reads only, and never stops at the
//! first failure. What is concluded from what is read stands in [`crate::report::doctor`].

use std::collections::{BTreeMap, BTreeSet};

use super::connect::{Connection, connect};
use super::{Exit, Failure, Session, directory, gather, lease, managed, origin, record, typed};
use crate::cli::{DoctorArgs, RulesArgs};
use crate::grafana::{capacity, certificate, is_this_machine, who};
use crate::kinds::{self, KINDS, Kind};
use crate::model::{KindName, Problem, RecordState, Severity, counted};
use crate::registry::record::{FOLDER, KEPT_AS};
use crate::registry::{Record, Store};
use crate::render::doctor;
use crate::report::doctor::{self as judge, Check, Finding, State, is_well};
use crate::settings::{Choice, Managed, Settings};
use crate::source::{self, Bound, LoadOptions};

/// Runs it.
pub async fn doctor(args: DoctorArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let terminal = session.terminal;
    directory::must_exist(&args.directory.directory)?;
    let (mut settings, problems) = directory::settle(
        &args.directory.directory,
        args.reading.clone(),
        &args.workspace,
        &RulesArgs::default(),
        session.machine,
    )?;
    let waiting = terminal.waiting("looking");
    let mut findings = look(&mut settings, &problems, session).await;
    drop(waiting);
    findings.sort_by_key(|finding| finding.check);
    match args.json {
        true => terminal.print(&doctor::document(&findings)),
        false => terminal.print(&doctor::text(&findings, &terminal.out)),
    }
    Ok(if is_well(&findings) { Exit::Done } else { Exit::Error })
}

/// A failure of something else, as what was found.
fn failed(check: Check, failure: &Failure) -> Finding {
    let notes = failure.notes.iter().map(|note| format!("; {note}"));
    let words = std::iter::once(failure.message.clone()).chain(notes).collect::<String>();
    let finding = Finding::new(check, State::Failed, words);
    match &failure.hint {
        Some(hint) => finding.hint(hint.as_str()),
        None => finding,
    }
}

async fn look(settings: &mut Settings, problems: &[Problem], session: &Session<'_>) -> Vec<Finding> {
    let (files, mut findings) = look_at_files(settings, problems, session);
    let entered = match settings.workspace.clone() {
        Choice::Managed(managed) => look_at_aws(&managed, settings, &mut findings, session).await,
        Choice::Url(url) => Ok(Some(url)),
        Choice::Sandbox(_) => Ok(None),
    };
    let connection = match &entered {
        Ok(_) => connect(settings, false, session).await.map_err(Some),
        Err(()) => Err(None),
    };
    let url = entered.as_ref().map(Option::as_deref).map_err(|()| Check::Workspace);
    findings.push(proxy(url, session));
    match connection {
        Ok(connection) => look_inside(settings, &files, &connection, &mut findings, session).await,
        Err(failure) => {
            let at = match &failure {
                Some(failure) if failure.exit == Exit::Auth => Check::Credentials,
                Some(_) => Check::Workspace,
                None if findings.iter().any(|f| f.check == Check::Credentials && f.state == State::Failed) => {
                    Check::Credentials
                }
                None => Check::Workspace,
            };
            if let Some(failure) = failure {
                let known = findings.iter().find(|finding| finding.check == at).map(|found| found.words.clone());
                let failure = known.into_iter().fold(failure, Failure::note);
                findings.retain(|finding| finding.check != at);
                findings.push(failed(at, &failure));
            }
            let unseen = [
                Check::Credentials,
                Check::Workspace,
                Check::Clock,
                Check::Version,
                Check::Permissions,
                Check::Plugins,
                Check::Quota,
                Check::Registry,
                Check::Lease,
            ];
            for check in unseen {
                if !findings.iter().any(|finding| finding.check == check) {
                    findings.push(Finding::because_of(check, at));
                }
            }
        }
    }
    findings.push(look_at_certificate(url).await);
    findings
}

/// What the directory declares, and whether it has faults.
fn look_at_files(settings: &mut Settings, problems: &[Problem], session: &Session<'_>) -> (Bound, Vec<Finding>) {
    let options = directory::options(&settings.directory, settings.file.clone(), &settings.given, session.machine);
    let options = LoadOptions { survey: settings.survey.take(), ..options };
    let files = source::load(&settings.directory, &options);
    let all = settings.file.judge([problems, &files.problems].concat());
    let count = |severity: Severity| all.iter().filter(|problem| problem.severity == severity).count();
    let (faults, warnings) = (count(Severity::Error), count(Severity::Warning));
    let bound = Bound::unbound(&files);
    let objects = counted(bound.objects.len() + bound.unresolved.len() + bound.folders.len(), "object");
    let there = format!("{objects} in {}", counted(files.files, "file"));
    let hint = typed_validate(settings);
    let finding = match (faults, warnings) {
        (0, 0) => Finding::new(Check::Directory, State::Good, there),
        (0, n) => Finding::new(Check::Directory, State::Good, format!("{there}, {}", counted(n, "warning"))),
        (n, _) => {
            let words = format!(
                "{there}, {}: nothing is planned or applied before they are corrected",
                counted(n, "fault")
            );
            Finding::new(Check::Directory, State::Failed, words).hint(format!("`{hint}` shows them"))
        }
    };
    (bound, vec![finding])
}

fn typed_validate(settings: &Settings) -> String {
    format!("amgctl validate {}", settings.directory.display())
}

/// Which proxy stands between, as the environment says; never its password. `url` is the workspace's: none for the
/// embedded one, or the check that it was not found by.
fn proxy(url: Result<Option<&str>, Check>, session: &Session<'_>) -> Finding {
    let of = |state, words: String| Finding::new(Check::Proxy, state, words);
    if let Some(fault) = session.machine.faults.of_network() {
        return of(State::Failed, fault).hint("set it anew, or unset it");
    }
    let named = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let set = named.into_iter().find_map(|name| Some((name, session.machine.variable(name)?)));
    match (set, url) {
        (None, _) => of(State::Good, "none is set: the workspace is spoken to directly".into()),
        (Some((name, _)), Ok(None)) => of(State::Good, format!("{name} is set, and not used for this machine")),
        (Some((name, _)), Ok(Some(url))) if is_this_machine(url) => {
            of(State::Good, format!("{name} is set, and not used for this machine"))
        }
        (Some((name, value)), Ok(Some(_)) | Err(_)) => {
            let host = value.rsplit('@').next().unwrap_or_default().to_owned();
            let not = ["NO_PROXY", "no_proxy"].iter().find_map(|name| session.machine.variable(name));
            let not = not.map(|not| format!(", but for {not} (NO_PROXY)")).unwrap_or_default();
            of(State::Good, format!("requests go through {host} ({name}){not}"))
        }
    }
}

/// AWS's side: who this is, and what it says of the workspace. Its URL, where it was found.
async fn look_at_aws(
    managed: &Managed,
    settings: &Settings,
    findings: &mut Vec<Finding>,
    session: &Session<'_>,
) -> Result<Option<String>, ()> {
    let aws = match managed::aws(settings, session).await {
        Ok(aws) => aws,
        Err(failure) => {
            findings.push(failed(Check::Credentials, &failure));
            return Err(());
        }
    };
    match aws.caller().await {
        Ok(caller) => {
            let token = match &settings.access.secret {
                Some(secret) => format!("the token in the secret `{secret}`"),
                None => "a token made for the run".to_owned(),
            };
            let words =
                format!("{} in AWS account {}, region {}; {token}", caller.arn, caller.account, aws.region());
            findings.push(Finding::new(Check::Credentials, State::Good, words));
        }
        Err(error) => {
            findings.push(failed(Check::Credentials, &managed::failure(&error)));
            return Err(());
        }
    }
    let workspace = match managed::workspace(&aws, managed, session).await {
        Ok(workspace) => workspace,
        Err(failure) => {
            findings.push(failed(Check::Workspace, &failure));
            return Err(());
        }
    };
    let words =
        format!("{}, {}, at {}", managed::title(&workspace, aws.region()), workspace.status, workspace.endpoint);
    let finding = match (&workspace.degraded_reason, aws.upgrades(&workspace.id).await) {
        (Some(reason), _) => Finding::new(Check::Workspace, State::Warning, format!("{words}; degraded: {reason}"))
            .hint("see what AWS says of it with `amgctl workspace show`"),
        (None, Ok(upgrades)) if !upgrades.is_empty() => Finding::new(
            Check::Workspace,
            State::Good,
            format!("{words}; can be upgraded to {}", upgrades.join(", ")),
        ),
        (None, Ok(_) | Err(_)) => Finding::new(Check::Workspace, State::Good, words),
    };
    findings.push(finding);
    managed::url(&workspace.endpoint).map(Some).map_err(|failure| {
        findings.retain(|finding| finding.check != Check::Workspace);
        findings.push(failed(Check::Workspace, &failure));
    })
}

/// What only the workspace itself can say.
async fn look_inside(
    settings: &Settings,
    files: &Bound,
    connection: &Connection,
    findings: &mut Vec<Finding>,
    session: &Session<'_>,
) {
    let Connection { client, server, access, name } = connection;
    let is_managed = matches!(settings.workspace, Choice::Managed(_));
    if !is_managed {
        findings.push(Finding::new(Check::Workspace, State::Good, format!("{name} answers")));
        let login = match who::login(client).await {
            Some(login) => format!("of the account `{login}`"),
            None => "accepted; the server does not say whose it is".to_owned(),
        };
        let words = format!("{}, {login}", token(settings, session));
        findings.push(Finding::new(Check::Credentials, State::Good, words));
    }
    let now = jiff::Timestamp::now().as_second();
    findings.push(judge::clock(client.server_time(), now, is_managed));
    findings.push(judge::version(&server.version));
    let missing = access.is_known().then(|| missing(files, connection));
    findings.push(judge::permissions(missing.as_deref()));
    let (needed, there, limits) = (needed(files), capacity::plugins(client).await, capacity::limits(client).await);
    findings.push(judge::plugins(&needed, there.as_ref().map_err(String::as_str)));
    findings.push(judge::quota(limits.as_deref().map_err(String::as_str)));
    findings.extend(look_at_record(settings, connection, session).await);
}

/// Where the token came from, as people know it: as `connect` looks for it.
fn token(settings: &Settings, session: &Session<'_>) -> String {
    let secret = settings.access.secret.as_ref().map(|secret| format!("the token in the secret `{secret}`"));
    if gather::is_embedded(settings) {
        return "the embedded workspace's own token".into();
    }
    match secret {
        Some(secret) if settings.access.secret_is_typed => secret,
        _ if session.machine.variable("GRAFANA_TOKEN").is_some() => "the token in GRAFANA_TOKEN".into(),
        Some(secret) => secret,
        None => match &settings.target {
            Some(target) => format!("the token of the `Grafana` `{}`", target.name),
            None => "the token".into(),
        },
    }
}

/// What the token may not do everywhere of what an apply needs: for the kinds that are declared, and for the record.
fn missing(files: &Bound, connection: &Connection) -> Vec<String> {
    let access = &connection.access;
    let declared: BTreeSet<KindName> = files.objects.iter().map(|one| one.address.kind).collect();
    let is_used = |kind: &&&'static dyn Kind| {
        let name = kind.name();
        declared.contains(&name) || name == kinds::CONTAINER || name == KEPT_AS
    };
    let mut missing = Vec::new();
    for kind in KINDS.iter().filter(is_used) {
        let of = kind.facts().right.split(':').next().unwrap_or_default();
        // Servers before 10 know no rights of some kinds.
        if !access.knows(of) {
            continue;
        }
        let rights = ["read", "create", "write", "delete"].map(|verb| format!("{of}:{verb}"));
        missing.extend(rights.into_iter().filter(|right| !access.everywhere(right)));
    }
    missing
}

/// The plugins that the directory needs, each with the first object that needs it. What cannot be read is a fault of the
/// directory, and said there.
fn needed(files: &Bound) -> BTreeMap<String, String> {
    let mut needed = BTreeMap::new();
    for declared in &files.objects {
        let Ok(body) = files.body(declared) else { continue };
        for plugin in kinds::by_name(declared.address.kind).plugins(&body.value) {
            needed.entry(plugin).or_insert_with(|| declared.address.to_string());
        }
    }
    needed
}

/// The stack's record, and whether another run holds it.
async fn look_at_record(settings: &Settings, connection: &Connection, session: &Session<'_>) -> [Finding; 2] {
    let mut store = Store::new(connection.client.clone(), &connection.server, settings.stack.clone());
    let stack = &settings.stack;
    let good = |check, words: String| Finding::new(check, State::Good, words);
    match record::read(settings, connection, &mut store).await {
        Err(failure) => [failed(Check::Registry, &failure), Finding::because_of(Check::Lease, Check::Registry)],
        Ok(RecordState::Unknown(why)) => {
            let words = format!("{why}: a plan is provisional, and nothing can be applied");
            let hint = format!(
                "use a token that may read and write the folder `{FOLDER}`: a service account with the role Admin"
            );
            let finding = Finding::new(Check::Registry, State::Failed, words).hint(hint);
            [finding, Finding::because_of(Check::Lease, Check::Registry)]
        }
        Ok(RecordState::Off) => [
            good(Check::Registry, "`ownership: none`: nothing is recorded".into()),
            good(Check::Lease, "`ownership: none`: runs do not wait for each other".into()),
        ],
        Ok(RecordState::Absent) => [
            good(Check::Registry, format!("stack `{stack}` has none yet: the first apply makes it")),
            good(Check::Lease, "nobody holds one".into()),
        ],
        Ok(RecordState::There(record)) => [registry(&record, settings, session), held(&record, settings, &store)],
    }
}

fn registry(record: &Record, settings: &Settings, session: &Session<'_>) -> Finding {
    let objects = counted(record.objects.len(), "object");
    let from = if record.origin.is_empty() { "an unknown place" } else { &record.origin };
    let words = format!("stack `{}` owns {objects}, applied from {from}", record.stack);
    let here = origin::of(settings, session);
    if !record.objects.is_empty() && origin::same(&record.origin, &here) == Some(false) {
        return Finding::new(
            Check::Registry,
            State::Failed,
            format!("{words}, and this is {here}: an apply is refused"),
        )
        .hint(
            "run `amgctl plan`: it says what to do where the stack has moved, and where there are two of its name",
        );
    }
    Finding::new(Check::Registry, State::Good, words)
}

fn held(record: &Record, settings: &Settings, store: &Store) -> Finding {
    match record.lease.as_ref().filter(|held| lease::is_held(held, store)) {
        None => Finding::new(Check::Lease, State::Good, "nobody holds one"),
        Some(held) => {
            let unlock = typed::line("unlock", settings, typed::About::default());
            let words = format!("{} applies since {} (run {})", held.holder, held.since, held.run);
            Finding::new(Check::Lease, State::Warning, words).hint(format!(
                "an apply waits with --lock-timeout 10m; if that run is dead, `{unlock}` ends its lease"
            ))
        }
    }
}

/// How long the server's certificate lasts, or why it is not trusted.
async fn look_at_certificate(url: Result<Option<&str>, Check>) -> Finding {
    let now = jiff::Timestamp::now().as_second();
    let url = match url {
        Ok(url) => url,
        Err(other) => return Finding::because_of(Check::Certificate, other),
    };
    let Some(url) = url.filter(|url| url.starts_with("https://")) else {
        return judge::certificate(None, now, url.is_some_and(|url| !is_this_machine(url)));
    };
    match certificate::ends(url).await {
        Ok(ends) => judge::certificate(ends, now, true),
        Err(error) => {
            let words = error.to_string();
            if !words.contains("certificate") {
                return Finding::because_of(Check::Certificate, Check::Workspace);
            }
            Finding::new(Check::Certificate, State::Failed, words).hint(
                "if your own authority signed it, name a file with that authority's certificate in SSL_CERT_FILE; a proxy \
                 that opens connections signs with its own",
            )
        }
    }
}
