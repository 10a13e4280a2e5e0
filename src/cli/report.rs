//! What can be typed about reports: plans and runs as files and as comments of forges.

use std::path::PathBuf;

use clap::Args;

/// Which reports are written.
#[derive(Args, Debug, Clone, Default)]
pub struct ReportArgs {
    /// Report in a format too: markdown=FILE, html=FILE, junit=FILE, sarif=FILE, github (comment, step summary, annotations,
    /// outputs) or gitlab[=DIR] (note, artefacts); can be given several times
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = report, help_heading = "Reports")]
    pub report: Vec<ReportArg>,
}

/// One report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportArg {
    /// The name of its format.
    pub format: String,
    /// The file or directory that it goes to.
    pub to: Option<PathBuf>,
}

fn report(text: &str) -> Result<ReportArg, String> {
    let (format, to) = match text.split_once('=') {
        Some((format, to)) => (format, Some(PathBuf::from(to))),
        None => (text, None),
    };
    if format.is_empty() || to.as_ref().is_some_and(|to| to.as_os_str().is_empty()) {
        return Err("it is written FORMAT or FORMAT=FILE".into());
    }
    Ok(ReportArg { format: format.to_owned(), to })
}
