//! STS: who asks, and temporary keys of roles.

use serde_json::{Value, json};

use super::answers::{Exception, Outcome};
use super::keys::Key;
use super::serve::Call;
use super::{ACCOUNT, lock};
use crate::encoding::from_base64;
use crate::state::timestamp;

/// The actions that it answers.
pub(super) const ACTIONS: &[&str] = &["GetCallerIdentity", "AssumeRole", "AssumeRoleWithWebIdentity"];

/// Answers a call.
pub(super) fn call(call: &Call<'_>) -> Outcome {
    match call.action.as_str() {
        "GetCallerIdentity" => {
            let key = call.key.as_ref().ok_or_else(|| call.denied())?;
            Ok(json!({ "UserId": key.user(), "Account": ACCOUNT, "Arn": key.arn }))
        }
        "AssumeRole" => assume(call),
        "AssumeRoleWithWebIdentity" => {
            let token = call.text("WebIdentityToken");
            if token.is_empty() {
                return Err(Exception::new(400, "InvalidIdentityToken", "No web identity token was sent"));
            }
            let now = call.cloud.clock.now();
            if let Some(ended) = ends(token).filter(|ends| *ends <= now) {
                let told = format!(
                    "Token expired: current date/time {now} must be before the expiration date/time {ended}"
                );
                return Err(Exception::new(400, "ExpiredTokenException", told));
            }
            assume(call)
        }
        other => Err(Exception::unknown(&format!("the action `{other}` of STS"))),
    }
}

/// When an OIDC token ends, in seconds since 1970; nothing else of it is looked at.
fn ends(token: &str) -> Option<i64> {
    let claims = from_base64(token.split('.').nth(1)?)?;
    serde_json::from_slice::<Value>(&claims).ok()?.get("exp")?.as_i64()
}

fn assume(call: &Call<'_>) -> Outcome {
    let (role, session) = (call.text("RoleArn"), call.text("RoleSessionName"));
    if !role.starts_with(&format!("arn:aws:iam::{ACCOUNT}:role/")) {
        return Err(call.denied());
    }
    if session.is_empty() {
        return Err(Exception::new(400, "ValidationError", "RoleSessionName must not be empty"));
    }
    let seconds = call.number("DurationSeconds").unwrap_or(3600);
    if !(900..=43_200).contains(&seconds) {
        return Err(Exception::new(400, "ValidationError", "DurationSeconds must be from 900 to 43200"));
    }
    let key = Key::of_role(role, session, call.cloud.clock.now() + seconds);
    let user = key.user();
    let mut kept = lock(&call.cloud.kept);
    let now = call.cloud.clock.now();
    kept.data.temporary.retain(|old| old.ends.is_none_or(|ends| ends > now));
    kept.data.temporary.push(key.clone());
    kept.save().map_err(|e| call.service.failed(format!("{e:#}")))?;
    Ok(json!({
        "Credentials": {
            "AccessKeyId": key.id, "SecretAccessKey": key.secret, "SessionToken": key.token.unwrap_or_default(),
            "Expiration": key.ends.map(timestamp).map_or(Value::Null, Value::from),
        },
        "AssumedRoleUser": { "AssumedRoleId": user, "Arn": key.arn },
    }))
}
