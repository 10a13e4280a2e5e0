//! The token of a run: made when the run begins, renewed before it ends, made again once where it is refused, deleted
//! when the run ends.
//!
//! Making one is not idempotent: where an answer is lost, the token that may have been made is looked for by its name
//! and deleted, because nobody has its key.

use std::sync::{Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::Mutex;

use super::names;
use super::rules::tokens::ran_out;
use crate::aws::{Account, Aws, AwsError, Minted, Role, TokenInfo};
use crate::grafana::bearer::{Bearer, Later, Token};
use crate::model::{Secret, StackName};

/// How long a token whose answer nobody waited for may take to come into being.
const COMES_WITHIN: Duration = Duration::from_secs(1);

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    /// AWS refused, or did not answer.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The stack has no service account, and none may be made.
    #[error("the workspace has no service account `{0}`")]
    NoAccount(String),
    /// Its service account is not what it has to be.
    #[error("the service account `{name}` {what}")]
    Unfit {
        /// The account.
        name: String,
        /// What it is instead.
        what: String,
    },
    /// The workspace has as many tokens as AWS allows.
    #[error(
        "the workspace has as many service-account tokens as AWS allows, expired ones counted; {own} of them are of \
         `{account}`, and none of those that amgctl made for a run of this stack ran out"
    )]
    Full {
        /// The stack's service account.
        account: String,
        /// How many tokens it has.
        own: usize,
    },
    /// The machine gives no random numbers.
    #[error("this machine provides no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

/// Finds the service account of a stack, or makes it where that is allowed.
pub async fn account(
    aws: &Aws,
    workspace: &str,
    stack: &StackName,
    role: Role,
    create: bool,
) -> Result<Account, MintError> {
    let name = names::account(stack, role);
    let there = |accounts: Vec<Account>| accounts.into_iter().find(|a| a.name == name);
    if let Some(account) = there(aws.accounts(workspace).await?) {
        return fit(account, role);
    }
    if !create {
        return Err(MintError::NoAccount(name));
    }
    match aws.create_account(workspace, &name, role).await {
        Ok(account) => Ok(account),
        // Made by this call whose answer was lost, or by a run beside this one.
        Err(error @ (AwsError::Lost(_) | AwsError::Conflict(_))) => {
            there(aws.accounts(workspace).await?).map_or(Err(error.into()), |account| fit(account, role))
        }
        Err(error) => Err(error.into()),
    }
}

/// An account that may be used: enabled, and with the role that is needed.
pub fn fit(account: Account, role: Role) -> Result<Account, MintError> {
    let what = if account.disabled {
        "is disabled".to_owned()
    } else if account.role != role {
        format!("has the role {}, not {role}", account.role)
    } else {
        return Ok(account);
    };
    Err(MintError::Unfit { name: account.name, what })
}

/// Makes the tokens of a run, and deletes them.
pub struct Minter {
    aws: Aws,
    workspace: String,
    account: Account,
    stack: StackName,
    life: Duration,
    current: Mutex<Option<Current>>,
    made: StdMutex<Vec<Made>>,
    /// Why the last one that was needed could not be made.
    refused: StdMutex<Option<String>>,
}

struct Current {
    number: u64,
    secret: Secret,
    /// When it is renewed: by the clock that stops while the machine sleeps, and by the one that does not.
    due: (Instant, Timestamp),
    made_again: bool,
}

/// A token that was asked for.
#[derive(Clone)]
struct Made {
    name: String,
    /// None as long as AWS has not told.
    id: Option<String>,
    /// When it was asked for.
    asked: Instant,
}

impl Minter {
    /// Nothing is made yet.
    #[must_use]
    pub fn new(aws: Aws, workspace: String, account: Account, stack: StackName, life: Duration) -> Minter {
        let (current, made, refused) = (Mutex::new(None), StdMutex::default(), StdMutex::default());
        Minter { aws, workspace, account, stack, life, current, made, refused }
    }

    /// Makes the first token.
    pub async fn begin(&self) -> Result<(), MintError> {
        let mut current = self.current.lock().await;
        *current = Some(self.next(0, false).await?);
        Ok(())
    }

    async fn next(&self, number: u64, made_again: bool) -> Result<Current, MintError> {
        let name = |now: i64, random: &str| names::run_token(&self.stack, now, random);
        let minted = self.make(self.life, name).await?;
        let left = self.life - self.life / 3;
        let due = (Instant::now() + left, Timestamp::now() + left);
        Ok(Current { number, secret: minted.key, due, made_again })
    }

    /// Makes one token, named by AWS's clock and something random. It is deleted at the end unless it is released.
    pub async fn make(&self, life: Duration, name: impl Fn(i64, &str) -> String) -> Result<Minted, MintError> {
        let seconds = u32::try_from(life.as_secs()).unwrap_or(u32::MAX);
        let (mut swept, mut repeated) = (false, false);
        loop {
            let now = self.aws.now();
            let name = name(now, &crate::random::hex()?);
            // Written down before it is asked for: it may come into being although the answer never comes.
            let asked = Made { name: name.clone(), id: None, asked: Instant::now() };
            self.made().push(asked.clone());
            match self.aws.create_token(&self.workspace, &self.account.id, &name, seconds).await {
                Ok(minted) => {
                    if let Some(made) = self.made().iter_mut().find(|made| made.name == name) {
                        made.id = Some(minted.id.clone());
                    }
                    return Ok(minted);
                }
                Err(AwsError::Lost(_)) if !repeated => {
                    repeated = true;
                    // One that is not there yet may still come: it is looked for again at the end.
                    if self.delete(&asked).await? {
                        self.forget(&name);
                    }
                }
                Err(error @ AwsError::Lost(_)) => return Err(error.into()),
                Err(AwsError::Quota(_)) if !swept => {
                    swept = true;
                    self.forget(&name);
                    let tokens = self.tokens().await?;
                    if self.sweep_these(&tokens).await? == 0 {
                        return Err(MintError::Full { account: self.account.name.clone(), own: tokens.len() });
                    }
                }
                Err(error) => {
                    self.forget(&name);
                    return Err(error.into());
                }
            }
        }
    }

    /// Deletes the tokens of this stack's runs that ran out: AWS counts them until then. Says how many there were.
    pub async fn sweep(&self) -> Result<usize, MintError> {
        let tokens = self.tokens().await?;
        self.sweep_these(&tokens).await
    }

    async fn sweep_these(&self, tokens: &[TokenInfo]) -> Result<usize, MintError> {
        let Some(now) = self.aws.time() else { return Ok(0) };
        let over = ran_out(&self.stack, tokens, now);
        for token in &over {
            self.aws.delete_token(&self.workspace, &self.account.id, &token.id).await?;
        }
        Ok(over.len())
    }

    async fn tokens(&self) -> Result<Vec<TokenInfo>, AwsError> {
        self.aws.tokens(&self.workspace, &self.account.id).await
    }

    /// Leaves a token that was made where it is: somebody has it now.
    pub fn release(&self, token: &Minted) {
        self.forget(&token.name);
    }

    /// Takes a token back that nobody has after all: it is deleted at the end.
    pub fn take_back(&self, token: &Minted) {
        self.forget(&token.name);
        let made = Made { name: token.name.clone(), id: Some(token.id.clone()), asked: Instant::now() };
        self.made().push(made);
    }

    /// The service account.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// How long its tokens live.
    #[must_use]
    pub fn life(&self) -> Duration {
        self.life
    }

    /// Deletes every token that was made. Gives those that AWS did not delete: the names, and why.
    ///
    /// Where it is broken off, [`Minter::left`] gives those that were not tried.
    pub async fn end(&self) -> Vec<(String, AwsError)> {
        let mut kept = Vec::new();
        while let Some(made) = self.first() {
            let deleted = self.delete_for_good(&made).await;
            self.forget(&made.name);
            kept.extend(deleted.err().map(|error| (made.name, error)));
        }
        kept
    }

    /// The names of tokens that were made, or may have been, and are not deleted.
    pub fn left(&self) -> Vec<String> {
        self.made().iter().map(|made| made.name.clone()).collect()
    }

    fn first(&self) -> Option<Made> {
        self.made().first().cloned()
    }

    /// Deletes a token, also one that comes into being only now: whoever asked for it may not have waited for the answer.
    async fn delete_for_good(&self, made: &Made) -> Result<(), AwsError> {
        let wait = COMES_WITHIN.saturating_sub(made.asked.elapsed());
        if !self.delete(made).await? && !wait.is_zero() {
            tokio::time::sleep(wait).await;
            self.delete(made).await?;
        }
        Ok(())
    }

    /// Deletes a token; says whether there was one.
    async fn delete(&self, made: &Made) -> Result<bool, AwsError> {
        let id = match &made.id {
            Some(id) => Some(id.clone()),
            None => self.tokens().await?.into_iter().find(|t| t.name == made.name).map(|t| t.id),
        };
        let Some(id) = id else { return Ok(false) };
        self.aws.delete_token(&self.workspace, &self.account.id, &id).await.map(|()| true)
    }

    fn forget(&self, name: &str) {
        self.made().retain(|made| made.name != name);
    }

    fn made(&self) -> MutexGuard<'_, Vec<Made>> {
        // Every change of the list is one call: a task that died in between left it whole.
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bearer for Minter {
    fn token(&self) -> Later<'_, Token> {
        Box::pin(async {
            let mut current = self.current.lock().await;
            if let Some(token) = &mut *current
                && (token.due.0 <= Instant::now() || token.due.1 <= Timestamp::now())
            {
                match self.next(token.number + 1, token.made_again).await {
                    Ok(next) => *token = next,
                    // It is good for a while yet: asked again when half of that is over.
                    Err(_) => {
                        let again = self.life / 6;
                        token.due = (Instant::now() + again, Timestamp::now() + again);
                    }
                }
            }
            match &*current {
                Some(token) => Token { number: token.number, secret: token.secret.clone() },
                None => Token { number: 0, secret: Secret::new(String::new()) },
            }
        })
    }

    fn refused(&self, number: u64) -> Later<'_, bool> {
        Box::pin(async move {
            let mut current = self.current.lock().await;
            let Some(token) = &mut *current else { return false };
            if token.number != number {
                return true;
            }
            if token.made_again {
                return false;
            }
            token.made_again = true;
            match self.next(token.number + 1, true).await {
                Ok(next) => {
                    *token = next;
                    true
                }
                Err(error) => {
                    let hint = if let MintError::Aws(error) = &error { error.hint() } else { None };
                    let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
                    *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!("{error}{hint}"));
                    false
                }
            }
        })
    }

    fn hint(&self) -> String {
        match &*self.refused.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(words) => format!("it was made for this run, and another could not be made: {words}"),
            None => {
                "it was made for this run, made again, and refused again; see who deletes tokens: `amgctl identity status`"
                    .into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::{Embedded, Options};
    use crate::sandbox::{self, Running};

    /// A minter on the embedded AWS, which is served as long as what is beside it lives.
    async fn minter() -> (Minter, Running) {
        let running = sandbox::start(sandbox::Options { aws: true, ..sandbox::Options::default() }).await.unwrap();
        let cloud = running.aws().unwrap();
        let embedded = Embedded {
            url: cloud.url.clone(),
            region: cloud.region.to_owned(),
            access_key_id: cloud.access_key_id.clone(),
            secret_access_key: Secret::new(cloud.secret_access_key.clone()),
        };
        let workspace = cloud.workspaces[0].id.clone();
        let aws = Aws::open(Options { embedded: Some(embedded), ..Options::default() }).await.unwrap();
        let stack = StackName::parse("shop").unwrap();
        let account = account(&aws, &workspace, &stack, Role::Admin, true).await.unwrap();
        (Minter::new(aws, workspace, account, stack, Duration::from_secs(900)), running)
    }

    async fn is_due(minter: &Minter) {
        minter.current.lock().await.as_mut().unwrap().due.0 = Instant::now();
    }

    #[tokio::test]
    async fn a_token_is_renewed_before_it_ends_and_both_are_deleted() {
        let (minter, _running) = minter().await;
        minter.begin().await.unwrap();
        let first = minter.token().await;
        assert_eq!(minter.token().await.number, first.number);
        let left = minter.current.lock().await.as_ref().unwrap().due.0 - Instant::now();
        assert!(left > Duration::from_secs(500) && left <= Duration::from_secs(600), "{left:?}");
        is_due(&minter).await;
        let second = minter.token().await;
        assert_ne!((first.number, first.secret.expose()), (second.number, second.secret.expose()));
        assert_eq!(minter.tokens().await.unwrap().len(), 2, "requests under way still have the first");
        assert_eq!(minter.end().await, []);
        assert_eq!(minter.tokens().await.unwrap(), []);
    }

    #[tokio::test]
    async fn a_token_is_made_again_once_however_often_it_is_renewed() {
        let (minter, _running) = minter().await;
        minter.begin().await.unwrap();
        assert!(minter.refused(0).await);
        assert!(minter.refused(0).await, "there is another one already");
        is_due(&minter).await;
        let renewed = minter.token().await;
        assert_eq!(renewed.number, 2);
        assert!(!minter.refused(2).await);
        assert_eq!(minter.tokens().await.unwrap().len(), 3);
    }

    #[tokio::test]
    async fn a_token_that_comes_into_being_after_it_was_looked_for_is_deleted() {
        let (minter, _running) = minter().await;
        let name = "amgctl/shop/20261124T091500Z-1f2e3d4c";
        minter.made().push(Made { name: name.into(), id: None, asked: Instant::now() });
        let before = minter.aws.calls();
        let comes = async {
            while minter.aws.calls() == before {
                tokio::task::yield_now().await;
            }
            minter.aws.create_token(&minter.workspace, &minter.account.id, name, 900).await.unwrap();
        };
        let (left, ()) = tokio::join!(minter.end(), comes);
        assert_eq!(left, []);
        assert_eq!(minter.tokens().await.unwrap(), []);
    }
}
