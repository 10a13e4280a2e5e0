//! Signing in: bearer tokens of service accounts, API keys, a user's name and password.

use super::access::{Role, Who};
use super::answer::Answer;
use super::encoding::from_base64;
use super::rules::Rules;
use super::state::State;

/// The one user, who has a password.
pub(crate) const USER: &str = "admin";
const PASSWORD: &str = "admin";

/// Who sent the request, or the answer to somebody who is nobody.
pub(crate) fn sign_in(rules: &Rules, state: &State, authorization: Option<&str>) -> Result<Who, Answer> {
    let Some(header) = authorization.filter(|h| !h.trim().is_empty()) else {
        return Err(rules.unauthorized("auth.unauthorized", "Unauthorized"));
    };
    match header.split_once(' ') {
        Some(("Bearer", token)) => by_token(rules, state, token.trim()),
        Some(("Basic", pair)) => by_password(rules, state, pair.trim()),
        _ => Err(rules.unauthorized("auth.unauthorized", "Unauthorized")),
    }
}

fn by_token(rules: &Rules, state: &State, sent: &str) -> Result<Who, Answer> {
    let Some(token) = state.tokens.values().find(|t| t.key == sent) else {
        return Err(rules.unauthorized("api-key.invalid", "Invalid API key"));
    };
    if token.expires.is_some_and(|end| end <= state.clock.now()) {
        return Err(rules.unauthorized("api-key.expired", "Expired API key"));
    }
    let Some(id) = token.account else {
        if !rules.accounts.api_keys {
            return Err(rules.unauthorized("api-key.invalid", "Invalid API key"));
        }
        return Ok(Who { account: 0, role: Role::of(&token.role), service: true });
    };
    match state.accounts.get(&id) {
        Some(account) if account.disabled => {
            Err(rules.unauthorized("service-account.disabled", "Service account is disabled"))
        }
        Some(account) => Ok(Who { account: id, role: Role::of(&account.role), service: true }),
        None => Err(rules.unauthorized("api-key.invalid", "Invalid API key")),
    }
}

fn by_password(rules: &Rules, state: &State, pair: &str) -> Result<Who, Answer> {
    let wrong = || rules.unauthorized("password-auth.failed", "Invalid username or password");
    let text = from_base64(pair).and_then(|b| String::from_utf8(b).ok()).ok_or_else(wrong)?;
    let (name, password) = text.split_once(':').ok_or_else(wrong)?;
    if name == "api_key" {
        return by_token(rules, state, password);
    }
    match state.accounts.values().find(|a| !a.service && a.login == name) {
        Some(user) if password == PASSWORD => {
            Ok(Who { account: user.id, role: Role::of(&user.role), service: false })
        }
        _ => Err(wrong()),
    }
}
