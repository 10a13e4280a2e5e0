//! `amgctl sandbox`: serves the embedded workspace in the foreground; and how any command has it served.

use super::{Exit, Failure, Session};
use crate::cli::SandboxArgs;
use crate::sandbox::{self, Fault, Options, Version};
use crate::settings::{Machine, named_duration};

/// Serves until Ctrl-C or SIGTERM; says where in one line of JSON when it is ready.
pub async fn serve(args: SandboxArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let machine = session.machine;
    let usage = |message: String| Failure::new(Exit::Usage, message);
    let kept = match (&args.grafana, args.ephemeral) {
        (None, true) => Options::default(),
        (version, _) => embedded("--grafana", version.as_deref().unwrap_or_default(), machine)?,
    };
    let faults = args
        .fault
        .iter()
        .map(|text| text.parse::<Fault>().map_err(|e| usage(format!("--fault {text}: {e}"))))
        .collect::<Result<Vec<Fault>, Failure>>()?;
    let latency = named_duration("--latency", &args.latency)?;
    let options = Options {
        port: args.port,
        data: kept.data.filter(|_| !args.ephemeral),
        latency,
        faults,
        seed_dir: args.seed_dir,
        aws: true,
        ..kept
    };
    let running = sandbox::start(options).await?;
    session.terminal.print(&running.ready_line());
    let signal = session.signal().await;
    running.shutdown().await?;
    Ok(signal.into())
}

/// How the embedded workspace is to be served, its version as it was typed after a flag.
pub fn embedded(flag: &str, version: &str, machine: &Machine) -> Result<Options, Failure> {
    let version = match version {
        // Whoever made the file chose; a first run takes the default.
        "" => Version::that_made(&machine.sandbox_file())?.unwrap_or_default(),
        text => text.parse::<Version>().map_err(|e| Failure::new(Exit::Usage, format!("{flag} {text}: {e}")))?,
    };
    Ok(Options { version, data: Some(machine.sandbox_file()), ..Options::default() })
}
