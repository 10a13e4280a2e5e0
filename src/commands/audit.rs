//! `--log FILE`: lines of JSON that are added to a file, for whoever has to know later who wrote what.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::gather::Gathered;
use super::{Exit, Failure, Session, managed, origin, shown};
use crate::apply::{self, Event};
use crate::grafana::who;
use crate::plan::Plan;
use crate::render::audit::{self, Begun, Who};
use crate::report::Report;
use crate::settings::Choice;

/// A file that a run is noted in.
pub struct Log {
    file: File,
    path: PathBuf,
    run: String,
    /// Why a line is missing, if one is.
    fault: Option<String>,
}

impl Log {
    /// Opens the file and notes that a run begins to write. What cannot be noted is not begun.
    pub async fn open(
        path: &Path,
        run: &str,
        plan_file: &str,
        gathered: &Gathered,
        session: &Session<'_>,
    ) -> Result<Log, Failure> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|why| {
            Failure::new(
                Exit::Error,
                format!("the log `{}` cannot be written: {why}; nothing was sent", shown(path)),
            )
        })?;
        let settings = &gathered.settings;
        let is_embedded = gathered.is_embedded();
        let begun = Begun {
            goal: gathered.plan.goal,
            workspace: gathered.connection.name.clone(),
            url: (!is_embedded).then(|| gathered.connection.client.url().to_owned()),
            stack: settings.stack.to_string(),
            who: writer(gathered, session).await?,
            holder: apply::holder(|name| session.machine.variable(name), &settings.stack),
            origin: gathered.held.origin.clone(),
            commit: origin::commit(&settings.directory, session),
            plan: plan_file.to_owned(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let mut log = Log { file, path: path.to_owned(), run: run.to_owned(), fault: None };
        log.write(&audit::begun(&begun, run, &now()));
        match log.fault.take() {
            None => Ok(log),
            Some(why) => Err(Failure::new(
                Exit::Error,
                format!("the log `{}` cannot be written: {why}; nothing was sent", shown(path)),
            )),
        }
    }

    /// Notes what came of a change.
    pub fn happened(&mut self, plan: &Plan, event: &Event<'_>) {
        if let Event::Finished(finished) = event {
            let change = plan.changes().find(|change| change.address == finished.address);
            self.write(&audit::finished(change, finished, &self.run, &now()));
        }
    }

    /// Notes how the run ended; gives why a line is missing, if one is.
    pub fn ended(mut self, report: &Report) -> Option<String> {
        self.write(&audit::ended(report, &self.run, &now()));
        if let Err(why) = self.file.sync_all() {
            self.fault.get_or_insert(why.to_string());
        }
        let path = shown(&self.path);
        self.fault.map(|why| format!("the log `{path}` is not complete: {why}"))
    }

    fn write(&mut self, line: &str) {
        if let Err(why) = self.file.write_all(format!("{line}\n").as_bytes()) {
            self.fault.get_or_insert(why.to_string());
        }
    }
}

fn now() -> String {
    jiff::Timestamp::now().to_string()
}

/// Who is about to write: by the credentials that the token was made with, else by the token itself.
async fn writer(gathered: &Gathered, session: &Session<'_>) -> Result<Who, Failure> {
    let settings = &gathered.settings;
    Ok(match &settings.workspace {
        Choice::Sandbox(_) => Who::Embedded,
        Choice::Managed(_) => {
            let aws = managed::aws(settings, session).await?;
            let caller = aws.caller().await.map_err(|error| managed::failure(&error))?;
            Who::Aws { account: caller.account, arn: caller.arn }
        }
        Choice::Url(_) => Who::Grafana { login: who::login(&gathered.connection.client).await.unwrap_or_default() },
    })
}
