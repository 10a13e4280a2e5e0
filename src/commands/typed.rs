//! Whole command lines of amgctl, as hints name them: directory, stack, workspace, secret, role. Whoever types one by
//! heart leaves out what then counts: another stack's secret, another workspace, another account.

use crate::aws::Role;
use crate::cli::{AwsArgs, ManagedArgs, ReadingArgs, WorkspaceArgs};
use crate::settings::{Choice, Settings};
use crate::source::NOT_SHOWN;

/// What a command line is about besides the settings.
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'a> {
    /// The workspace's id.
    pub workspace: Option<&'a str>,
    /// The secret.
    pub secret: Option<&'a str>,
    /// What the token may do, where that is known.
    pub role: Option<Role>,
}

/// A command line: the verb, the directory, and every flag that says what it is about.
#[must_use]
pub fn line(verb: &str, settings: &Settings, about: About<'_>) -> String {
    let mut words = vec!["amgctl".to_owned(), verb.to_owned()];
    let directory = settings.directory.to_string_lossy();
    if directory != "." {
        // Those whose first word is something else take the directory as a flag.
        let flag = if ["unlock", "forget"].contains(&verb.split(' ').next().unwrap_or(verb)) {
            "--directory "
        } else {
            ""
        };
        words.push(format!("{flag}{}", quoted(&directory)));
    }
    let mut flag = |name: &str, value: &str| words.push(format!("{name} {}", quoted(value)));
    flag("--stack", settings.stack.as_str());
    if let Some(region) = &settings.access.region {
        flag("--region", region);
    }
    if let Some(profile) = &settings.access.profile {
        flag("--profile", profile);
    }
    let named = match &settings.workspace {
        Choice::Managed(managed) => managed.named.as_deref(),
        Choice::Url(_) | Choice::Sandbox(_) => None,
    };
    if let Some(workspace) = about.workspace.filter(|id| !id.is_empty()).or(named) {
        flag("--workspace", workspace);
    }
    if let Choice::Url(url) = &settings.workspace {
        flag("--url", url);
    }
    if let Some(secret) = about.secret {
        flag("--secret", secret);
    }
    if let Some(role) = about.role {
        flag("--role", &role.to_string().to_ascii_lowercase());
    }
    let sandbox = match &settings.workspace {
        Choice::Sandbox(version) => Some(version.as_str()),
        Choice::Managed(managed) => managed.sandbox.as_deref(),
        Choice::Url(_) => None,
    };
    match sandbox {
        Some("") => words.push("--sandbox".into()),
        Some(version) => words.push(format!("--sandbox={}", quoted(version))),
        None => {}
    }
    words.join(" ")
}

/// The flags that say which workspace and how a directory is read, as they were typed: an apply of a saved plan takes
/// them again. Begins with a space where there are any. Values of variables are not shown: `--var NAME=…`.
#[must_use]
pub fn again(reading: Option<&ReadingArgs>, workspace: &WorkspaceArgs) -> String {
    let mut words = String::new();
    let mut flag = |name: &str, value: &str| words.push_str(&format!(" {name} {}", quoted(value)));
    if let Some(reading) = reading {
        let ReadingArgs {
            configmaps: _,
            from_flux,
            var,
            var_file,
            lenient_vars: _,
            origin,
            url_map,
            target_grafana,
            strict: _,
        } = reading;
        from_flux.iter().for_each(|path| flag("--from-flux", &path.to_string_lossy()));
        // The value may be a secret.
        let name = |var: &str| var.split_once('=').map_or(String::new(), |(name, _)| name.to_owned());
        var.iter().for_each(|var| flag("--var", &format!("{}={NOT_SHOWN}", name(var))));
        var_file.iter().for_each(|path| flag("--var-file", &path.to_string_lossy()));
        origin.iter().for_each(|origin| flag("--origin", origin));
        url_map.iter().for_each(|(url, to)| flag("--url-map", &format!("{url}={}", to.to_string_lossy())));
        target_grafana.iter().for_each(|name| flag("--target-grafana", name));
    }
    let WorkspaceArgs { url, managed, secret, token_ttl } = workspace;
    let ManagedArgs { workspace, sandbox, stack, aws: AwsArgs { region, profile }, wait: _ } = managed;
    let single = [
        ("--url", url),
        ("--workspace", workspace),
        ("--stack", stack),
        ("--region", region),
        ("--profile", profile),
        ("--token-ttl", token_ttl),
    ];
    single.into_iter().for_each(|(name, value)| value.iter().for_each(|value| flag(name, value)));
    secret.iter().for_each(|secret| flag("--secret", secret));
    // A value of these belongs to its flag by `=`.
    let mut joined = |name: &str, value: &str| match value {
        "" | "true" => words.push_str(&format!(" {name}")),
        value => words.push_str(&format!(" {name}={}", quoted(value))),
    };
    sandbox.iter().for_each(|version| joined("--sandbox", version));
    if let Some(ReadingArgs { configmaps, lenient_vars, strict, .. }) = reading {
        let switches = [("--configmaps", configmaps), ("--lenient-vars", lenient_vars), ("--strict", strict)];
        switches.into_iter().for_each(|(name, on)| on.iter().for_each(|on| joined(name, &on.to_string())));
    }
    words
}

/// A word as a shell takes it for one.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/_+=.@:-".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::RulesArgs;
    use crate::source::FileSettings;

    #[test]
    fn a_command_line_leads_to_the_same_workspace() {
        let args = WorkspaceArgs { url: Some("https://grafana.example".into()), ..WorkspaceArgs::default() };
        let settings =
            Settings::settle("boards".into(), FileSettings::default(), &args, &RulesArgs::default()).unwrap();
        assert_eq!(
            line("unlock", &settings, About::default()),
            "amgctl unlock --directory boards --stack boards --url https://grafana.example"
        );
    }

    #[test]
    fn what_was_typed_is_typed_again() {
        let mut workspace = WorkspaceArgs::default();
        assert_eq!(again(Some(&ReadingArgs::default()), &workspace), "");
        workspace.managed.sandbox = Some(String::new());
        workspace.managed.stack = Some("dd".into());
        let reading = ReadingArgs {
            var: vec!["TEAM=hunter2".into()],
            url_map: vec![("https://x/".into(), "mirror".into())],
            strict: Some(false),
            ..ReadingArgs::default()
        };
        let words = " --var 'TEAM=…' --url-map https://x/=mirror --stack dd --sandbox --strict=false";
        assert_eq!(again(Some(&reading), &workspace), words);
        assert_eq!(again(None, &workspace), " --stack dd --sandbox");
    }

    #[test]
    fn a_command_line_says_what_it_is_about() {
        let settle = |directory: &str| {
            let (file, args) = (FileSettings::default(), WorkspaceArgs::default());
            let mut settings = Settings::settle(directory.into(), file, &args, &RulesArgs::default()).unwrap();
            settings.stack = crate::model::StackName::parse("shop").unwrap();
            settings
        };
        let about =
            About { workspace: Some("g-0123456789"), secret: Some("amgctl/prod"), role: Some(Role::Viewer) };
        assert_eq!(
            line("identity rotate", &settle("dashboards"), about),
            "amgctl identity rotate dashboards --stack shop --workspace g-0123456789 --secret amgctl/prod --role viewer"
        );
        let mut settings = settle("it's mine");
        settings.access.profile = Some("prod eu".into());
        settings.workspace = Choice::Sandbox("10.4".into());
        assert_eq!(
            line("plan", &settings, About::default()),
            r"amgctl plan 'it'\''s mine' --stack shop --profile 'prod eu' --sandbox=10.4"
        );
        assert_eq!(line("plan", &settle("."), About::default()), "amgctl plan --stack shop");
    }
}
