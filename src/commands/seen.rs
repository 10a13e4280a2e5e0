//! What a command about stored access reads before it decides: tokens, secret, and the secret's value where only that says
//! whose it is.

use super::{Exit, Failure, connect, managed};
use crate::aws::{Aws, AwsError, SecretInfo, Workspace};
use crate::identity::rules::{self, Clocks, Holder, Looked, Says, Standing, View};
use crate::identity::version::ROLES;
use crate::identity::{names, store, stored};
use crate::model::StackName;

/// Whether the stack's service accounts and their tokens are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Accounts {
    /// They are.
    Read,
    /// They are not: the workspace may have none.
    Unread,
}

/// What was read before anything is decided.
pub struct Inventory {
    /// The stack's service accounts with their tokens.
    pub holders: Vec<Holder>,
    /// The secret.
    pub info: Option<SecretInfo>,
    named: bool,
    says: Option<Says>,
    at: Clocks,
    mark: String,
    workspace: String,
}

impl Inventory {
    /// Reads: the tokens first, so that one that another run makes and promotes meanwhile is not known, and not deleted.
    pub async fn look(
        aws: &Aws,
        workspace: &Workspace,
        stack: &StackName,
        secret: Option<&str>,
        accounts: Accounts,
    ) -> Result<Inventory, Failure> {
        let told = |e| managed::failure(&e);
        let mut holders = Vec::new();
        if accounts == Accounts::Read {
            let ours = ROLES.map(|role| names::account(stack, role));
            let all = aws.accounts(&workspace.id).await.map_err(told)?;
            for account in all.into_iter().filter(|a| ours.contains(&a.name)) {
                let tokens = aws.tokens(&workspace.id, &account.id).await.map_err(told)?;
                holders.push((account, tokens));
            }
        }
        let listed = aws.now();
        let info = match secret {
            Some(name) => aws.describe_secret(name).await.map_err(told)?,
            None => None,
        };
        let mut seen = Inventory {
            mark: store::mark(aws, secret.unwrap_or_default(), info.as_ref()),
            named: secret.is_some(),
            holders,
            info,
            says: None,
            at: Clocks { tokens: listed, secret: aws.now() },
            workspace: workspace.id.clone(),
        };
        seen.read_value(aws, workspace, stack).await?;
        Ok(seen)
    }

    /// Reads the value of the current version, where its id says nothing: what somebody else put there, or an earlier
    /// release. Who may not read it goes by the tags.
    async fn read_value(&mut self, aws: &Aws, workspace: &Workspace, stack: &StackName) -> Result<(), Failure> {
        let Some(info) = self.info.as_ref().filter(|info| info.deleted.is_none()) else { return Ok(()) };
        if !self.view(stack).needs_value() {
            return Ok(());
        }
        let version = rules::current(&info.stages).map(str::to_owned);
        let value = match aws.secret_value(&info.arn, None, version.as_deref()).await {
            Ok(Some(value)) => value.value,
            Ok(None) | Err(AwsError::Denied { .. } | AwsError::Key { .. } | AwsError::Bytes(_)) => return Ok(()),
            Err(error) => return Err(managed::failure(&error)),
        };
        self.says = Some(stored::says(&value));
        // Only where the secret was made for this workspace is it tried there: another one's token is not sent to it.
        if self.view(stack).standing() == Standing::UnknownWorkspace(Some(workspace.id.clone()))
            && let Ok(stored) = stored::read(&value, None)
        {
            let url = managed::url(&workspace.endpoint)?;
            let opens = match connect::verify(&url, &stored.token, Some(workspace)).await {
                Ok(()) => true,
                Err(failure) if failure.exit == Exit::Auth => false,
                Err(failure) => return Err(failure),
            };
            self.says = self.says.take().map(|says| Says { opens, ..says });
        }
        Ok(())
    }

    /// What is decided from.
    pub fn view<'a>(&'a self, stack: &'a StackName) -> View<'a> {
        let secret = match (&self.info, self.named) {
            (Some(info), _) => Looked::There(info),
            (None, true) => Looked::Absent,
            (None, false) => Looked::No,
        };
        View {
            stack,
            workspace: &self.workspace,
            mark: &self.mark,
            holders: &self.holders,
            secret,
            says: self.says.as_ref(),
            at: self.at,
        }
    }
}
