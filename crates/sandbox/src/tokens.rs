//! Tokens of service accounts, and the API keys that came before them.

use serde_json::{Value, json};

use super::access::Role;
use super::answer::Answer;
use super::bind;
use super::call::Call;
use super::encoding::base64_url;
use super::random;
use super::state::{Key, timestamp};

impl Call<'_> {
    /// GET `/api/serviceaccounts/ID/tokens`.
    pub(crate) fn list_tokens(&self, id: &str) -> Answer {
        if let Err(answer) = self.may_manage("serviceaccounts:read") {
            return answer;
        }
        let Some(account) = self.account(id) else {
            return Answer::json(200, json!([]));
        };
        let clock = self.state.clock.now();
        let listed: Vec<_> = self
            .tokens_of(account.id)
            .iter()
            .map(|t| {
                let left = t.expires.map_or(0, |end| (end - clock).max(0));
                json!({
                    "id": t.id, "name": t.name, "created": timestamp(t.created), "lastUsedAt": null,
                    "expiration": t.expires.map(timestamp), "secondsUntilExpiration": left,
                    "hasExpired": t.expires.is_some_and(|end| end <= clock), "isRevoked": false,
                })
            })
            .collect();
        Answer::json(200, Value::Array(listed))
    }

    /// POST `/api/serviceaccounts/ID/tokens`.
    pub(crate) fn create_token(&mut self, id: &str) -> Answer {
        if let Err(answer) = self.may_manage("serviceaccounts:write") {
            return answer;
        }
        let body = match self.body(bind::ACCOUNT) {
            Ok(body) => body,
            Err(_) => return self.rules.error(400, "Bad request data"),
        };
        let Some((account, role)) = self.account(id).map(|a| (a.id, a.role.clone())) else {
            return self.account_missing();
        };
        let life = body.integer("secondsToLive").unwrap_or(0);
        if life < 0 {
            return self.rules.refusal(400, "serviceaccounts.ErrInvalidInput", "invalid SecondsToLive value");
        }
        let name = body.text("name");
        if self.state.tokens.values().any(|t| t.name == name) {
            let code = if self.rules.message_ids { 400 } else { 409 };
            let told = "service account token with given name already exists in the organization";
            return self.rules.refusal(code, "serviceaccounts.ErrTokenAlreadyExists", told);
        }
        let key = random::token();
        let id = self.state.add_token(Some(account), name, &role, key.clone(), Some(life));
        Answer::json(200, json!({ "id": id, "name": name, "key": key }))
    }

    /// DELETE `/api/serviceaccounts/ID/tokens/TOKEN`.
    pub(crate) fn delete_token(&mut self, id: &str, token: &str) -> Answer {
        if let Err(answer) = self.may_manage("serviceaccounts:write") {
            return answer;
        }
        let account = self.account(id).map(|a| a.id);
        let found = self.state.tokens.values().find(|t| t.id.to_string() == token && t.account == account);
        let Some(id) = found.filter(|_| account.is_some()).map(|t| t.id) else {
            return match self.rules.message_ids {
                true if account.is_none() => self.account_missing(),
                true => {
                    self.rules.refusal(404, "serviceaccounts.ErrTokenNotFound", "service account token not found")
                }
                false => self.rules.error(500, "Failed to delete service account token"),
            };
        };
        self.state.tokens.remove(&id);
        self.state.touch(Key::Token(id));
        Answer::message(200, "Service account token deleted")
    }

    /// GET `/api/auth/keys`.
    pub(crate) fn list_keys(&self) -> Answer {
        if let Err(answer) = self.may_manage("apikeys:read") {
            return answer;
        }
        let listed: Vec<_> = self
            .state
            .tokens
            .values()
            .filter(|t| t.account.is_none())
            .map(|t| {
                let mut body = json!({ "id": t.id, "name": t.name, "role": t.role });
                if let Some(end) = t.expires {
                    body["expiration"] = timestamp(end).into();
                }
                body
            })
            .collect();
        Answer::json(200, Value::Array(listed))
    }

    /// POST `/api/auth/keys`.
    pub(crate) fn create_key(&mut self) -> Answer {
        if let Err(answer) = self.may_manage("apikeys:create") {
            return answer;
        }
        let body = match self.body(bind::ACCOUNT) {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        let (name, role) = (body.text("name"), body.text("role"));
        if Role::of(role) == Role::None {
            return self.rules.error(400, "Invalid role specified");
        }
        if self.state.tokens.values().any(|t| t.name == name) {
            return Answer::message(409, "API key, organization ID and name must be unique");
        }
        let secret = json!({ "k": random::short_uid(), "n": name, "id": 1 }).to_string();
        let key = base64_url(secret.as_bytes());
        let life = Some(body.integer("secondsToLive").unwrap_or(0));
        let id = self.state.add_token(None, name, role, key.clone(), life);
        Answer::json(200, json!({ "id": id, "name": name, "key": key }))
    }

    /// DELETE `/api/auth/keys/ID`.
    pub(crate) fn delete_key(&mut self, id: &str) -> Answer {
        if let Err(answer) = self.may_manage("apikeys:delete") {
            return answer;
        }
        let found = self.state.tokens.values().find(|t| t.account.is_none() && t.id.to_string() == id);
        let Some(id) = found.map(|t| t.id) else {
            return self.rules.error(404, "Failed to delete API key");
        };
        self.state.tokens.remove(&id);
        self.state.touch(Key::Token(id));
        Answer::message(200, "API key deleted")
    }
}
