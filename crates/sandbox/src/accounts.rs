//! Service accounts, and those the workspace begins with; their tokens are in [`super::tokens`].

use serde_json::{Value, json};

use super::answer::Answer;
use super::bind;
use super::call::Call;
use super::json::Json;
use super::random;
use super::rules::Rules;
use super::slug::{Slugs, slug};
use super::state::{Account, Key, State, Token, now};

/// Tokens of the three accounts that the workspace begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// May do everything.
    pub admin: String,
    /// May write dashboards and folders.
    pub editor: String,
    /// May read.
    pub viewer: String,
}

/// The accounts the workspace begins with: named as where the recordings were made, so that answers agree.
const FIRST: [(&str, &str); 3] =
    [("contract-admin", "Admin"), ("contract-editor", "Editor"), ("contract-viewer", "Viewer")];

/// Whether an account is one that the workspace began with.
pub(super) fn is_of_the_sandbox(account: &Account) -> bool {
    FIRST.iter().any(|(name, _)| *name == account.name)
}

impl State {
    /// Makes the user and the accounts that the workspace begins with, unless they are there.
    pub(crate) fn begin(&mut self, rules: &Rules, tokens: Option<&Tokens>) {
        if self.accounts.is_empty() {
            self.add_account(rules, super::auth::USER, "Admin", false);
            for (name, role) in FIRST {
                let id = self.add_account(rules, name, role, true);
                let key = match (tokens, role) {
                    (None, _) => random::token(),
                    (Some(tokens), "Admin") => tokens.admin.clone(),
                    (Some(tokens), "Editor") => tokens.editor.clone(),
                    (Some(tokens), _) => tokens.viewer.clone(),
                };
                self.add_token(Some(id), name, role, key, None);
            }
        }
    }

    /// The tokens of the accounts the workspace began with; empty ones for those that were removed.
    pub(crate) fn tokens(&self) -> Tokens {
        let key = |name: &str| {
            let account = self.accounts.values().find(|a| a.service && a.name == name).map(|a| a.id);
            let token =
                self.tokens.values().find(|t| t.account.is_some() && t.account == account && t.name == name);
            token.map(|t| t.key.clone()).unwrap_or_default()
        };
        let [admin, editor, viewer] = FIRST.map(|(name, _)| key(name));
        Tokens { admin, editor, viewer }
    }

    pub(super) fn add_account(&mut self, rules: &Rules, name: &str, role: &str, service: bool) -> i64 {
        self.counters.account += 1;
        let id = self.counters.account;
        let login = match (service, rules.accounts.org_in_login) {
            (false, _) => name.to_owned(),
            (true, true) => format!("sa-1-{}", slug(name, Slugs::Hyphens)),
            (true, false) => format!("sa-{}", slug(name, Slugs::Hyphens)),
        };
        let account = Account {
            id,
            uid: random::short_uid(),
            name: name.to_owned(),
            login,
            role: role.to_owned(),
            disabled: false,
            service,
            created: now(),
            updated: now(),
        };
        self.touch(Key::Account(id));
        self.accounts.insert(id, account);
        id
    }

    /// Deletes the tokens of every account but those that the workspace began with.
    pub(super) fn revoke(&mut self) {
        let of_ours = |token: &Token| {
            let account = token.account.and_then(|id| self.accounts.get(&id));
            account.is_some_and(|account| !is_of_the_sandbox(account))
        };
        let all: Vec<i64> = self.tokens.values().filter(|t| of_ours(t)).map(|t| t.id).collect();
        for id in all {
            self.tokens.remove(&id);
            self.touch(Key::Token(id));
        }
    }

    pub(super) fn add_token(
        &mut self,
        account: Option<i64>,
        name: &str,
        role: &str,
        key: String,
        life: Option<i64>,
    ) -> i64 {
        self.counters.token += 1;
        let id = self.counters.token;
        let created = self.clock.now();
        let expires = life.filter(|seconds| *seconds > 0).map(|seconds| created.saturating_add(seconds));
        let (name, role) = (name.to_owned(), role.to_owned());
        self.touch(Key::Token(id));
        self.tokens.insert(id, Token { id, account, name, key, role, created, expires });
        id
    }
}

impl Call<'_> {
    pub(super) fn may_manage(&self, action: &str) -> Result<(), Answer> {
        if self.who.is_admin() { Ok(()) } else { Err(Answer::denied(action)) }
    }

    pub(super) fn account(&self, id: &str) -> Option<&Account> {
        let wanted = |a: &&Account| a.id.to_string() == id || self.rules.accounts.uids && a.uid == id;
        self.state.accounts.values().filter(|a| a.service).find(wanted)
    }

    pub(super) fn account_missing(&self) -> Answer {
        if !self.rules.message_ids {
            return self.rules.error(404, "Failed to retrieve service account");
        }
        let told = "service account not found";
        self.rules.refusal(404, "serviceaccounts.ErrNotFound", told)
    }

    fn account_body(&self, account: &Account) -> Value {
        let mut body = json!({
            "id": account.id, "name": account.name, "login": account.login, "orgId": 1, "isDisabled": account.disabled,
            "role": account.role,
        });
        if self.rules.accounts.uids {
            body["uid"] = account.uid.as_str().into();
        }
        body
    }

    pub(super) fn tokens_of(&self, account: i64) -> Vec<&Token> {
        self.state.tokens.values().filter(|t| t.account == Some(account)).collect()
    }

    /// GET `/api/serviceaccounts/search`.
    pub(crate) fn search_accounts(&self) -> Answer {
        if let Err(answer) = self.may_manage("serviceaccounts:read") {
            return answer;
        }
        let query = self.request.parameter("query").to_lowercase();
        let found: Vec<_> = self
            .state
            .accounts
            .values()
            .filter(|a| {
                a.service && (a.name.to_lowercase().contains(&query) || a.login.to_lowercase().contains(&query))
            })
            .collect();
        let per_page = self.request.number("perpage").filter(|n| *n > 0).unwrap_or(1000);
        let page = self.request.number("page").filter(|n| *n > 0).unwrap_or(1);
        let size = usize::try_from(per_page).unwrap_or(usize::MAX);
        let skip = usize::try_from((page - 1).saturating_mul(per_page)).unwrap_or(usize::MAX);
        let listed: Vec<_> = found
            .iter()
            .skip(skip)
            .take(size)
            .map(|account| {
                let mut body = self.account_body(account);
                body["tokens"] = self.tokens_of(account.id).len().into();
                body["avatarUrl"] = format!("/avatar/{}", account.uid).into();
                body
            })
            .collect();
        let body = json!({
            "totalCount": found.len(), "serviceAccounts": listed, "page": page, "perPage": per_page,
        });
        Answer::json(200, body)
    }

    /// POST `/api/serviceaccounts`.
    pub(crate) fn create_account(&mut self) -> Answer {
        if let Err(answer) = self.may_manage("serviceaccounts:create") {
            return answer;
        }
        let body = match self.body(bind::ACCOUNT) {
            Ok(body) => body,
            Err(_) => return self.rules.error(400, "Bad request data"),
        };
        let (name, role) = (body.text("name").trim(), body.text("role"));
        if name.is_empty() {
            return self.rules.error(400, "Bad request data");
        }
        if !matches!(role, "" | "Admin" | "Editor" | "Viewer" | "None") {
            let told = "invalid role specified";
            return match self.rules.message_ids {
                true => self.rules.refusal(400, "serviceaccounts.ErrInvalidRoleValue", told),
                false => self.rules.error(400, told),
            };
        }
        if self.state.accounts.values().any(|a| a.service && a.name == name) {
            return match self.rules.message_ids {
                true => {
                    self.rules.refusal(400, "serviceaccounts.ErrAlreadyExists", "service account already exists")
                }
                false => self.rules.error(400, "Failed to create service account"),
            };
        }
        let role = if role.is_empty() { "Viewer" } else { role };
        let id = self.state.add_account(self.rules, name, role, true);
        if body.flag("isDisabled")
            && let Some(account) = self.state.accounts.get_mut(&id)
        {
            account.disabled = true;
        }
        let Some(account) = self.state.accounts.get(&id) else {
            return self.account_missing();
        };
        let mut body = self.account_body(account);
        body["tokens"] = 0.into();
        body["avatarUrl"] = "".into();
        Answer::json(201, body)
    }

    /// The account with what only a single read gives.
    fn account_profile(&self, account: &Account) -> Value {
        let mut body = self.account_body(account);
        body["createdAt"] = account.created.as_str().into();
        body["updatedAt"] = account.updated.as_str().into();
        body["avatarUrl"] = format!("/avatar/{}", account.uid).into();
        body["teams"] = Value::Null;
        body
    }

    /// GET `/api/serviceaccounts/ID`.
    pub(crate) fn get_account(&self, id: &str) -> Answer {
        if let Err(answer) = self.may_manage("serviceaccounts:read") {
            return answer;
        }
        let Some(account) = self.account(id) else {
            return self.account_missing();
        };
        let mut body = self.account_profile(account);
        body["teams"] = json!([]);
        body["tokens"] = self.tokens_of(account.id).len().into();
        Answer::json(200, body)
    }

    /// PATCH `/api/serviceaccounts/ID`.
    pub(crate) fn update_account(&mut self, id: &str) -> Answer {
        if let Err(answer) = self.may_manage("serviceaccounts:write") {
            return answer;
        }
        let body = match self.body(bind::ACCOUNT) {
            Ok(body) => body,
            Err(_) => return self.rules.error(400, "Bad request data"),
        };
        let Some(mut account) = self.account(id).cloned() else {
            return self.account_missing();
        };
        let name = body.text("name");
        if !name.is_empty() {
            name.clone_into(&mut account.name);
        }
        let role = body.text("role");
        if !role.is_empty() {
            role.clone_into(&mut account.role);
        }
        if let Some(Json::Bool(disabled)) = body.get("isDisabled") {
            account.disabled = *disabled;
        }
        account.updated = now();
        let answer = json!({
            "id": account.id, "message": "Service account updated", "name": account.name,
            "serviceaccount": self.account_profile(&account),
        });
        self.state.touch(Key::Account(account.id));
        self.state.accounts.insert(account.id, account);
        Answer::json(200, answer)
    }

    /// DELETE `/api/serviceaccounts/ID`.
    pub(crate) fn delete_account(&mut self, id: &str) -> Answer {
        if let Err(answer) = self.may_manage("serviceaccounts:delete") {
            return answer;
        }
        let Some(id) = self.account(id).map(|a| a.id) else {
            return match self.rules.accounts.missing_told {
                true => self.account_missing(),
                false => self.rules.error(500, "Service account deletion error"),
            };
        };
        let tokens: Vec<_> = self.tokens_of(id).iter().map(|t| t.id).collect();
        for token in tokens {
            self.state.tokens.remove(&token);
            self.state.touch(Key::Token(token));
        }
        self.state.accounts.remove(&id);
        self.state.touch(Key::Account(id));
        Answer::message(200, "Service account deleted")
    }
}
