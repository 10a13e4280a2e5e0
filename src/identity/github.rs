//! Which jobs of GitHub Actions may assume a role: the subjects of the tokens that GitHub gives them (pure).
//!
//! A job's token has one subject: that of the `environment:` it names, on pull requests too; else `pull_request` for the
//! event of that name; else the branch it runs on. Pull requests of forks get no token. The repository stands in it by its
//! name, or by its name and the numbers of both where it was made, renamed or transferred since 15 July 2026, or opted in
//! (GitHub's changelog of 23 April 2026, and its documentation since).

use serde_json::{Value, json};

use super::policy::{About, Job, Manifests, policy};

/// A repository as GitHub names it to AWS.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Repository {
    owner: String,
    name: String,
    /// The numbers of both, where they stand in subjects.
    ids: Option<(String, String)>,
}

/// The jobs that a role is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Jobs {
    /// Those on a branch that name no environment.
    Branch(String),
    /// Those that name an environment.
    Environment(String),
    /// Those of pull requests that name no environment.
    PullRequests,
    /// All of them.
    All,
}

/// What was typed after `--github`: a repository, and the branch behind it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    /// The repository.
    pub repository: Repository,
    /// The branch.
    pub branch: Option<String>,
}

impl Named {
    /// Reads `OWNER/REPOSITORY[:BRANCH]`, with the numbers of both behind an `@`, or apart as `1/2`.
    pub fn read(text: &str, ids: Option<&str>) -> Result<Named, String> {
        let (repository, branch) = match text.split_once(':') {
            Some((repository, branch)) => (repository, Some(branch)),
            None => (text, None),
        };
        let wrong = || format!("--github {text}: this is not a repository of GitHub");
        let (owner, name) = repository.split_once('/').ok_or_else(wrong)?;
        let (owner, owner_id) = numbered(owner);
        let (name, name_id) = numbered(name);
        let of = |text: &str, more: &str| {
            !text.is_empty()
                && text.len() <= 100
                && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        if !of(owner, "-_") || !of(name, "-_.") {
            return Err(wrong());
        }
        let behind = match (owner_id, name_id) {
            (Some(owner), Some(name)) => Some((owner, name)),
            (None, None) => None,
            _ => return Err(format!("--github {text}: both have a number, or neither has")),
        };
        let apart = ids
            .map(|ids| ids.split_once('/').ok_or_else(|| format!("--github-ids {ids}: these are not two numbers")));
        let ids = match (apart.transpose()?, behind) {
            (Some(apart), Some(behind)) if apart != behind => {
                return Err(format!("--github {text} has other numbers than --github-ids"));
            }
            (apart, behind) => apart.or(behind),
        };
        let is_number =
            |text: &str| !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_digit());
        if let Some((owner, name)) = ids.filter(|(owner, name)| !is_number(owner) || !is_number(name)) {
            return Err(format!("--github-ids {owner}/{name}: these are not two numbers"));
        }
        let branch = branch.map(|branch| branch.strip_prefix("refs/heads/").unwrap_or(branch));
        if let Some(branch) = branch.filter(|branch| !is_branch(branch)) {
            return Err(format!("--github {text}: `{branch}` is not the name of a branch"));
        }
        Ok(Named {
            repository: Repository {
                owner: owner.to_owned(),
                name: name.to_owned(),
                ids: ids.map(|(owner, name)| (owner.to_owned(), name.to_owned())),
            },
            branch: branch.map(str::to_owned),
        })
    }
}

fn numbered(text: &str) -> (&str, Option<&str>) {
    match text.split_once('@') {
        Some((name, number)) => (name, Some(number)),
        None => (text, None),
    }
}

/// Whether a text can be a branch: nothing that git refuses, and nothing that IAM reads as a pattern or a variable.
fn is_branch(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || "*?[\\^~:$".contains(c);
    !text.is_empty() && text.len() <= 255 && !text.contains(odd) && !text.contains("..") && !text.starts_with('/')
}

/// Why a text can be no name of an environment that a role trusts.
#[must_use]
pub fn environment_fault(name: &str) -> Option<String> {
    let odd = |c: char| c.is_control() || "*?$".contains(c);
    let wrong = name.trim().is_empty() || name.chars().count() > 255 || name.contains(odd);
    wrong.then(|| format!("--environment {name}: a role cannot trust an environment of this name alone"))
}

impl Repository {
    /// Whether its numbers stand in its subjects.
    #[must_use]
    pub fn has_ids(&self) -> bool {
        self.ids.is_some()
    }

    /// Its name, without numbers.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// The subject of the tokens of these jobs.
    #[must_use]
    pub fn subject(&self, jobs: &Jobs) -> String {
        let repository = match &self.ids {
            Some((owner, name)) => format!("{}@{owner}/{}@{name}", self.owner, self.name),
            None => self.name(),
        };
        match jobs {
            Jobs::Branch(branch) => format!("repo:{repository}:ref:refs/heads/{branch}"),
            // GitHub writes a colon in the name so, which would end it.
            Jobs::Environment(name) => format!("repo:{repository}:environment:{}", name.replace(':', "%3A")),
            Jobs::PullRequests => format!("repo:{repository}:pull_request"),
            Jobs::All => format!("repo:{repository}:*"),
        }
    }

    /// The trust policy of a role for these jobs and no others.
    #[must_use]
    pub fn trust(&self, about: &About, jobs: &Jobs) -> Value {
        let provider = format!(
            "arn:{}:iam::{}:oidc-provider/token.actions.githubusercontent.com",
            About::part(&about.partition, "aws"),
            About::part(&about.account, "ACCOUNT")
        );
        let (audience, subject) =
            ("token.actions.githubusercontent.com:aud", "token.actions.githubusercontent.com:sub");
        let told = self.subject(jobs);
        let condition = match jobs {
            Jobs::All => {
                json!({ "StringEquals": { audience: "sts.amazonaws.com" }, "StringLike": { subject: told } })
            }
            // Equal, not alike: nothing in a name is a pattern.
            Jobs::Branch(_) | Jobs::Environment(_) | Jobs::PullRequests => {
                json!({ "StringEquals": { audience: "sts.amazonaws.com", subject: told } })
            }
        };
        json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": { "Federated": provider },
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": condition,
            }],
        })
    }
}

/// The two roles of a repository: one that applies, and one that plans on pull requests and makes nothing.
///
/// Whoever may make tokens is an admin, and what a pull request runs is whatever stands in it: its role only reads one
/// stored token, that of a VIEWER. Where all jobs are trusted there is one role, which applies.
#[must_use]
pub fn roles(about: &About, repository: &Repository, apply: &Jobs, viewer: &str) -> Value {
    let role = |jobs: &Jobs, policy: Value| json!({ "trust": repository.trust(about, jobs), "policy": policy });
    let apply_role = role(apply, policy(Job::Apply, about));
    if *apply == Jobs::All {
        return json!({ "apply": apply_role });
    }
    let secrets = if viewer.is_empty() { Vec::new() } else { vec![viewer.to_owned()] };
    let of_viewer = About { secrets, parameters: Vec::new(), manifests: Manifests::default(), ..about.clone() };
    json!({ "apply": apply_role, "plan": role(&Jobs::PullRequests, policy(Job::Viewer, &of_viewer)) })
}

/// What the roles mean, a sentence each.
#[must_use]
pub fn notes(repository: &Repository, named: &Named, apply: &Jobs, viewer: &str) -> Vec<String> {
    let name = repository.name();
    let mut notes = Vec::new();
    match apply {
        Jobs::All => notes.push(
            "warning: every branch, tag and pull request of the repository may assume this role: whoever can push a \
             branch is an admin of this workspace's Grafana"
                .to_owned(),
        ),
        Jobs::Branch(branch) => notes.push(format!(
            "note: `apply` is for jobs on the branch `{branch}` that name no `environment:`; a job that names one has \
             that as its subject: --environment NAME"
        )),
        Jobs::Environment(environment) => notes.push(format!(
            "note: `apply` is for every job that names the environment `{environment}`, on pull requests too: restrict \
             its deployment branches{} in the repository's settings",
            named.branch.as_ref().map(|branch| format!(" to `{branch}`")).unwrap_or_default()
        )),
        // Nothing is applied on them.
        Jobs::PullRequests => {}
    }
    if *apply != Jobs::All {
        let secret = if viewer.is_empty() { "NAME" } else { viewer };
        notes.push(format!(
            "note: `plan` is for pull requests of the repository's own branches, whose jobs name no `environment:`; \
             those of forks get no token. It reads the token of a VIEWER and makes none: `amgctl bootstrap-identity \
             --role viewer --secret {secret}` makes it, `amgctl plan --url https://… --secret {secret}` uses it"
        ));
    }
    notes.push(match repository.has_ids() {
        true => "note: subjects hold the repository's numbers; one that was made before 15 July 2026, and neither \
                 renamed, transferred nor opted in since, has subjects without them"
            .to_owned(),
        false => format!(
            "note: subjects are by name; a repository that was made, renamed or transferred since 15 July 2026, or \
             opted in, has its numbers in them: --github-ids OWNER-ID/REPOSITORY-ID, which `gh api repos/{name} --jq \
             '\"\\(.owner.id)/\\(.id)\"'` shows"
        ),
    });
    notes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn about() -> About {
        About {
            region: "eu-west-1".into(),
            account: "111122223333".into(),
            workspace: "g-0123456789".into(),
            ..About::default()
        }
    }

    fn subject(text: &str, ids: Option<&str>, jobs: &Jobs) -> String {
        Named::read(text, ids).unwrap().repository.subject(jobs)
    }

    #[test]
    fn each_kind_of_job_has_its_subject() {
        let branch = || Jobs::Branch("main".into());
        let environment = || Jobs::Environment("prod: eu".into());
        for (ids, repository) in [(None, "repo:acme/infra"), (Some("12/34"), "repo:acme@12/infra@34")] {
            let of = |jobs| subject("acme/infra:main", ids, &jobs);
            assert_eq!(of(branch()), format!("{repository}:ref:refs/heads/main"));
            assert_eq!(of(environment()), format!("{repository}:environment:prod%3A eu"));
            assert_eq!(of(Jobs::PullRequests), format!("{repository}:pull_request"));
            assert_eq!(of(Jobs::All), format!("{repository}:*"));
        }
        assert_eq!(subject("acme@12/infra@34", None, &Jobs::PullRequests), "repo:acme@12/infra@34:pull_request");
        assert_eq!(Named::read("a/b:refs/heads/x/y", None).unwrap().branch.as_deref(), Some("x/y"));
    }

    #[test]
    fn what_would_trust_others_is_refused() {
        for (text, ids) in [
            ("acme", None),
            ("/x", None),
            ("acme/", None),
            ("acme/infra/x", None),
            ("acme/*", None),
            ("*/infra:main", None),
            ("acme/infra:*", None),
            ("acme/infra:ma?n", None),
            ("acme/infra:${aws:username}", None),
            ("acme/infra:", None),
            ("acme/infra:a b", None),
            ("acme@1/infra", None),
            ("acme@x/infra@1", None),
            ("acme/infra", Some("1")),
            ("acme/infra", Some("1/*")),
            ("acme@1/infra@2", Some("1/3")),
        ] {
            assert!(Named::read(text, ids).is_err(), "{text} {ids:?}");
        }
        assert!(environment_fault("prod").is_none());
        for name in ["", " ", "*", "prod*", "${x}"] {
            assert!(environment_fault(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_pull_request_reads_one_token_and_nothing_else() {
        let named = Named::read("acme/infra:main", None).unwrap();
        let about = About { secrets: vec!["amp".into()], parameters: vec!["/amg/db".into()], ..about() };
        let roles = roles(&about, &named.repository, &Jobs::Branch("main".into()), "amgctl/shop/viewer");
        let plan = &roles["plan"];
        assert_eq!(
            plan["policy"]["Statement"],
            json!([{
                "Sid": "ReadTheToken", "Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"],
                "Resource": ["arn:aws:secretsmanager:eu-west-1:111122223333:secret:amgctl/shop/viewer-??????"],
            }])
        );
        let subject = |role: &str| {
            let equals = &roles[role]["trust"]["Statement"][0]["Condition"]["StringEquals"];
            assert_eq!(equals["token.actions.githubusercontent.com:aud"], "sts.amazonaws.com");
            equals["token.actions.githubusercontent.com:sub"].as_str().unwrap().to_owned()
        };
        assert_eq!(subject("plan"), "repo:acme/infra:pull_request");
        assert_eq!(subject("apply"), "repo:acme/infra:ref:refs/heads/main");
        let apply = roles["apply"]["policy"].to_string();
        assert!(
            apply.contains("grafana:CreateWorkspaceServiceAccountToken") && apply.contains("secret:amp-??????")
        );
    }

    #[test]
    fn who_trusts_all_is_warned() {
        let named = Named::read("acme/infra", None).unwrap();
        let roles = roles(&about(), &named.repository, &Jobs::All, "");
        assert!(roles.get("plan").is_none());
        let like = &roles["apply"]["trust"]["Statement"][0]["Condition"]["StringLike"];
        assert_eq!(like["token.actions.githubusercontent.com:sub"], "repo:acme/infra:*");
        assert!(notes(&named.repository, &named, &Jobs::All, "")[0].starts_with("warning: every branch"));
    }

    proptest! {
        #[test]
        fn whatever_is_typed_a_role_trusts_one_repository(text in "\\PC{0,30}", branch in "[a-z*?$:/]{0,10}") {
            for text in [text.clone(), format!("acme/infra:{branch}"), format!("a/b:{text}")] {
                let Ok(named) = Named::read(&text, None) else { continue };
                let jobs = Jobs::Branch(named.branch.clone().unwrap_or_else(|| "main".into()));
                let subject = named.repository.subject(&jobs);
                prop_assert!(!subject.contains(['*', '?', '$']), "{subject}");
                prop_assert_eq!(subject.matches(':').count(), 3, "{}", subject);
            }
        }
    }
}
