//! `amgctl sandbox`: serves the embedded workspace in the foreground.

use super::{Exit, Failure};
use crate::cli::SandboxArgs;
use crate::sandbox::{self, Fault, Options, Version};
use crate::settings::{Machine, duration};
use crate::terminal::Terminal;

/// Serves until Ctrl-C or SIGTERM; says where in one line of JSON when it is ready.
pub async fn serve(args: SandboxArgs, machine: &Machine, terminal: &Terminal) -> Result<Exit, Failure> {
    let usage = |message: String| Failure::new(Exit::Usage, message);
    let version = match &args.grafana {
        Some(text) => text.parse::<Version>().map_err(|e| usage(format!("--grafana {text}: {e}")))?,
        None if args.ephemeral => Version::default(),
        // Whoever made the file chose: it is not upgraded unless that is asked for.
        None => Version::that_made(&machine.sandbox_file())?.unwrap_or_default(),
    };
    let faults = args
        .fault
        .iter()
        .map(|text| text.parse::<Fault>().map_err(|e| usage(format!("--fault {text}: {e}"))))
        .collect::<Result<Vec<Fault>, Failure>>()?;
    let latency = duration(&args.latency).map_err(|e| usage(format!("--latency: {e}")))?;
    let options = Options {
        version,
        port: args.port,
        data: (!args.ephemeral).then(|| machine.sandbox_file()),
        latency,
        faults,
        seed_dir: args.seed_dir,
        ..Options::default()
    };
    let running = sandbox::start(options).await?;
    terminal.print(&running.ready_line());
    let signal = super::apply::signal().await;
    running.shutdown().await?;
    Ok(signal)
}
