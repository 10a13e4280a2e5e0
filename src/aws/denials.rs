//! What AWS says when it denies something, and what helps: which policy stood in the way decides that (pure).
//!
//! AWS's words are those of IAM's user guide, *Troubleshoot access denied error messages*: `User: ARN is not authorized to
//! perform: ACTION on resource: RESOURCE because no TYPE policy allows the ACTION action`, or `… with an explicit deny in
//! a TYPE policy`, since 2026 with the policy's ARN behind it. Secrets Manager names a secret there as the caller did.

use serde_json::json;

use super::{AwsError, Call};

/// The policies that can stand in the way, as AWS calls them, and who keeps each.
const POLICIES: [(&str, &str); 7] = [
    ("service control policy", "whoever administers the organization of the account"),
    ("resource control policy", "whoever administers the organization that owns it"),
    ("vpc endpoint policy", "whoever keeps the VPC endpoint that this machine's calls go through"),
    ("resource-based policy", "whoever owns it, in its own policy"),
    ("permissions boundary", "whoever set the permissions boundary of the caller"),
    ("session policy", "whoever assumes the role with that session policy"),
    ("identity-based policy", "whoever attached that policy to the caller"),
];

/// What was denied, made out from AWS's words.
pub(super) fn denied(call: &Call, words: &str) -> AwsError {
    let low = words.to_lowercase();
    if low.contains("access to kms is not allowed")
        || low.contains("the ciphertext refers to a customer master key")
    {
        return key(call, "kms:Decrypt", words);
    }
    // KMS's own refusal comes with a tail of the service that asked it: `(Service: AWSKMS; Status Code: 400; …)`.
    let words = words.split(" (Service: ").next().unwrap_or(words);
    let after = |marks: &[&str]| {
        let (_, rest) = marks.iter().find_map(|mark| words.split_once(mark))?;
        let word = rest.split_whitespace().next()?;
        Some(word.trim_matches(|c: char| "\"'`.,;".contains(c)).to_owned()).filter(|word| !word.is_empty())
    };
    let action = after(&["not authorized to perform: ", "ot authorized to perform "]);
    let action = action.unwrap_or_else(|| call.action.to_owned());
    let principal = after(&["User: "]).filter(|arn| arn.starts_with("arn:"));
    let resource = resource(call, &action, after(&["on resource: "]).as_deref(), principal.as_deref());
    let reason = match (words.split_once(" because "), words.split_once(" with an explicit deny in ")) {
        (_, Some((_, policy))) => Some(format!("an explicit deny in {}", policy.trim_end_matches('.'))),
        (Some((_, why)), None) => Some(why.trim_end_matches('.').to_owned()),
        (None, None) => None,
    };
    AwsError::Denied { action, resource, principal, reason }
}

/// The resource as a policy has to name it: an ARN, whatever AWS calls it in its refusal.
fn resource(call: &Call, action: &str, told: Option<&str>, principal: Option<&str>) -> String {
    let own = || match action == call.action {
        true => call.resource.clone(),
        // Some actions are done to nothing of their own, and AWS says `resource: *` or names none.
        false => "*".to_owned(),
    };
    let named = match told {
        Some(arn) if arn.starts_with("arn:") => arn.to_owned(),
        Some("*") => "*".to_owned(),
        // The name of a secret, as the caller gave it: what the call is done to says its ARN.
        Some(_) | None => own(),
    };
    let named = match principal.and_then(|arn| arn.split(':').nth(4)) {
        // A name is of the caller's own account.
        Some(account) if !account.is_empty() => with_account(&named, account),
        _ => named,
    };
    match action {
        // The characters that AWS adds to an ARN are not known before the secret is there.
        "secretsmanager:CreateSecret" if !named.ends_with('*') => {
            format!("{}*", named.trim_end_matches("-??????"))
        }
        action if action.starts_with("secretsmanager:") => with_ending(named),
        _ => named,
    }
}

/// An ARN whose account is left open, with the account.
fn with_account(arn: &str, account: &str) -> String {
    let mut parts: Vec<&str> = arn.splitn(6, ':').collect();
    if parts.len() == 6 && parts[4] == "*" {
        parts[4] = account;
    }
    parts.join(":")
}

/// An ARN of a secret with the hyphen and the six characters that AWS adds, as far as they were left out.
fn with_ending(arn: String) -> String {
    let Some((_, name)) = arn.split_once(":secret:") else { return arn };
    let complete = name.rsplit_once('-').is_some_and(|(_, ending)| {
        ending.chars().count() == 6 && ending.chars().all(|c| c.is_ascii_alphanumeric() || c == '?')
    });
    if complete || name.ends_with('*') { arn } else { format!("{arn}-??????") }
}

/// What to do about a denial.
pub(super) fn hint(action: &str, resource: &str, reason: Option<&str>) -> String {
    // Whom a role trusts is said by the role, not by whoever wants to take it.
    if action == "sts:AssumeRoleWithWebIdentity" {
        return "the role's trust policy has to allow the job, by the subject of its OIDC token: \
                `amgctl identity policy --github OWNER/REPOSITORY:BRANCH` prints it"
            .into();
    }
    let reason = reason.unwrap_or_default();
    let low = reason.to_lowercase();
    let policy = POLICIES.iter().find(|(name, _)| low.contains(name));
    if low.contains("explicit deny") {
        return match policy {
            Some((name, keeper)) => format!(
                "no Allow helps against a Deny: {keeper} has to take {action} out of the Deny in the {}",
                spelled(name)
            ),
            None => {
                "no Allow helps against a Deny: whoever keeps the policy that denies it has to change it".into()
            }
        };
    }
    let statement = statement(action, resource);
    match policy {
        None | Some(("identity-based policy", _)) => {
            format!("this statement in the policy of the caller would do: {statement}")
        }
        Some(("resource-based policy", _)) => format!(
            "it is another account's: {} has to allow {action} to the caller there, and the caller needs {statement}",
            POLICIES[3].1
        ),
        Some((name, keeper)) => {
            format!(
                "the {} limits what the caller's own policies allow: {keeper} has to add {statement}",
                spelled(name)
            )
        }
    }
}

/// As AWS spells it.
fn spelled(policy: &str) -> String {
    policy.replace("vpc", "VPC")
}

/// The secret is given, the key that it is encrypted with is not.
pub(super) fn key(call: &Call, action: &'static str, words: &str) -> AwsError {
    AwsError::Key { action, of: subject(&call.resource), words: words.to_owned() }
}

/// What to do about a key that may not be used.
pub(super) fn key_hint(action: &str, of: &str, words: &str) -> String {
    let low = words.to_lowercase();
    let which = match of.starts_with('/') || of.contains(":parameter/") {
        true => format!("`aws ssm describe-parameters --parameter-filters Key=Name,Values={of}` names the key"),
        false => format!("`aws secretsmanager describe-secret --secret-id {of} --query KmsKeyId` names the key"),
    };
    let broken = ["disabled", "pending deletion", "pendingdeletion", "invalid state", "invalidstate", "notfound"];
    // KMS words this one so whichever of its three it is.
    let unclear = low.contains("or you are not allowed");
    if !unclear && (broken.iter().any(|word| low.contains(word)) || low.contains("does not exist")) {
        return format!("{which}: enable it, or cancel its deletion; or store the value again under another key");
    }
    if words.contains("different AWS account") {
        return format!(
            "{which}: AWS's own key is of one account; store the secret under a customer managed key whose key policy \
             allows {action} to this account"
        );
    }
    format!(
        "{which}; its key policy has to allow {action} to the caller, and so has the caller's own: {}",
        statement(action, "KEY-ARN")
    )
}

/// A secret or a parameter as people name it, by the ARN that a call is done to.
pub(super) fn subject(resource: &str) -> String {
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    match parts[..] {
        // It was named by its name: whose it is was left open.
        ["arn", _, "secretsmanager", _, "*", rest] => {
            rest.trim_start_matches("secret:").trim_end_matches("-??????").to_owned()
        }
        ["arn", _, "ssm", _, "*", rest] => rest.trim_start_matches("parameter").to_owned(),
        _ => resource.to_owned(),
    }
}

/// The smallest statement that allows one action, on one line.
fn statement(action: &str, resource: &str) -> String {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource }).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const CALLER: &str = "arn:aws:sts::111122223333:assumed-role/ci/run";

    fn read(id: &str) -> Call {
        let resource = match id.starts_with("arn:") {
            true => id.to_owned(),
            false => format!("arn:aws:secretsmanager:eu-west-1:*:secret:{id}-??????"),
        };
        Call { resource, ..Call::new("secretsmanager:GetSecretValue", "") }
    }

    fn statement(error: &AwsError) -> Value {
        let hint = error.hint().unwrap();
        serde_json::from_str(&hint[hint.find('{').unwrap_or_else(|| panic!("no statement in: {hint}"))..]).unwrap()
    }

    #[test]
    fn a_secret_that_aws_names_as_the_caller_did_is_told_by_its_arn() {
        let full = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:amgctl/prod-??????";
        for (id, told) in [
            ("amgctl/prod", "amgctl/prod"),
            ("amgctl/prod", "\"amgctl/prod\""),
            (
                "arn:aws:secretsmanager:eu-west-1:111122223333:secret:amgctl/prod",
                "arn:aws:secretsmanager:eu-west-1:111122223333:secret:amgctl/prod",
            ),
        ] {
            let words = format!(
                "User: {CALLER} is not authorized to perform: secretsmanager:GetSecretValue on resource: {told} because \
                 no identity-based policy allows the secretsmanager:GetSecretValue action"
            );
            let error = denied(&read(id), &words);
            let wanted = json!({ "Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": full });
            assert_eq!(statement(&error), wanted, "{told}");
        }
        let known = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:amgctl/prod-AbCdEf";
        let words = format!(
            "User: {CALLER} is not authorized to perform: secretsmanager:GetSecretValue on resource: {known}"
        );
        assert_eq!(statement(&denied(&read("amgctl/prod"), &words))["Resource"], known);
        let create = Call { action: "secretsmanager:CreateSecret", ..read("amgctl/prod") };
        let words = format!(
            "User: {CALLER} is not authorized to perform: secretsmanager:CreateSecret on resource: amgctl/prod"
        );
        let made = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:amgctl/prod*";
        assert_eq!(statement(&denied(&create, &words))["Resource"], made);
    }

    /// AWS's real words, and what has to stand in the hint.
    #[test]
    fn a_denial_is_answered_by_the_policy_that_denies() {
        let arn = "arn:aws:organizations::999988887777:policy/o-a1/service_control_policy/p-b2";
        for (why, hinted) in [
            (
                "because no identity-based policy allows the secretsmanager:GetSecretValue action",
                "policy of the caller",
            ),
            (
                "because no resource-based policy allows the secretsmanager:GetSecretValue action",
                "another account's",
            ),
            (
                "because no permissions boundary allows the secretsmanager:GetSecretValue action",
                "permissions boundary",
            ),
            ("because no session policy allows the secretsmanager:GetSecretValue action", "session policy"),
            ("because no service control policy allows the secretsmanager:GetSecretValue action", "organization"),
            ("because no resource control policy allows the secretsmanager:GetSecretValue action", "organization"),
            ("because no VPC endpoint policy allows the secretsmanager:GetSecretValue action", "VPC endpoint"),
        ] {
            let words = format!(
                "User: {CALLER} is not authorized to perform: secretsmanager:GetSecretValue on resource: x {why}"
            );
            let error = denied(&read("x"), &words);
            let hint = error.hint().unwrap();
            assert!(hint.contains(hinted), "{why}: {hint}");
            assert_eq!(statement(&error)["Effect"], "Allow", "{why}");
        }
        for (policy, keeper) in [
            ("a service control policy".to_owned(), "organization"),
            (format!("a service control policy: {arn}"), "organization"),
            ("a resource control policy".to_owned(), "organization"),
            ("a VPC endpoint policy".to_owned(), "VPC endpoint"),
            ("a resource-based policy".to_owned(), "owns it"),
            ("a permissions boundary".to_owned(), "permissions boundary"),
            ("a session policy".to_owned(), "session policy"),
            ("an identity-based policy".to_owned(), "attached"),
            ("a kind of policy that is new".to_owned(), "whoever keeps"),
        ] {
            for resource in ["", "on resource: x "] {
                let words = format!(
                    "User: {CALLER} is not authorized to perform: secretsmanager:GetSecretValue {resource}with an \
                     explicit deny in {policy}"
                );
                let error = denied(&read("x"), &words);
                let hint = error.hint().unwrap();
                assert!(hint.contains(keeper) && !hint.contains("Effect"), "{policy}: {hint}");
                assert!(error.to_string().ends_with(&format!("an explicit deny in {policy}")), "{error}");
                assert!(error.to_string().contains(":secret:x-??????`"), "{error}");
            }
        }
    }

    #[test]
    fn a_job_that_a_role_does_not_trust_is_told_about_the_role() {
        let call = Call { resource: "*".into(), ..Call::new("sts:AssumeRoleWithWebIdentity", "") };
        let error = denied(&call, "Not authorized to perform sts:AssumeRoleWithWebIdentity");
        assert!(error.hint().unwrap().contains("trust policy"), "{error:?}");
    }

    #[test]
    fn a_key_that_denies_is_told_as_a_key_of_what_it_encrypts() {
        let error = denied(&read("amgctl/prod"), "Access to KMS is not allowed");
        assert_eq!(
            error.to_string(),
            "the KMS key of `amgctl/prod` may not be used (kms:Decrypt): Access to KMS is not allowed"
        );
        let hint = error.hint().unwrap();
        assert!(hint.contains("--secret-id amgctl/prod") && hint.contains("key policy"), "{hint}");
        let parameter = Call { resource: "arn:aws:ssm:eu-west-1:*:parameter/amg/db".into(), ..read("x") };
        let unclear = "The ciphertext refers to a customer master key that does not exist, does not exist in this \
                       region, or you are not allowed to access. (Service: AWSKMS; Status Code: 400; Error Code: \
                       AccessDeniedException; Request ID: 1)";
        let error = denied(&parameter, unclear);
        assert!(error.to_string().starts_with("the KMS key of `/amg/db` may not be used"), "{error}");
        assert!(error.hint().unwrap().contains("key policy"));
        let by_name = format!(
            "User: {CALLER} is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:9:key/1 because \
             no resource-based policy allows the kms:Decrypt action (Service: AWSKMS; Status Code: 400)"
        );
        let error = denied(&parameter, &by_name);
        assert!(error.to_string().ends_with("allows the kms:Decrypt action"), "{error}");
        assert_eq!(statement(&error)["Resource"], "arn:aws:kms:eu-west-1:9:key/1");
    }

    #[test]
    fn a_key_that_is_disabled_is_not_answered_with_a_statement() {
        for words in [
            "arn:aws:kms:eu-west-1:9:key/1 is disabled.",
            "arn:aws:kms:eu-west-1:9:key/1 is pending deletion.",
            "Key 'arn:aws:kms:eu-west-1:9:key/1' does not exist (Service: AWSKMS; Error Code: NotFoundException)",
        ] {
            let hint = key(&read("x"), "kms:Decrypt", words).hint().unwrap();
            assert!(hint.contains("enable it") && !hint.contains("Effect"), "{hint}");
        }
    }
}
