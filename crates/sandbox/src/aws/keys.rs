//! Who signs: the key that the embedded AWS begins with, and temporary ones of roles that were assumed.

use serde::{Deserialize, Serialize};

use crate::random;

/// A key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Key {
    /// What is sent.
    pub id: String,
    /// What is signed with.
    pub secret: String,
    /// What a temporary key is sent with.
    pub token: Option<String>,
    /// When a temporary key ends, in seconds since 1970.
    pub ends: Option<i64>,
    /// Whose it is.
    pub arn: String,
}

impl Key {
    /// A key of the user that the embedded AWS begins with.
    pub(super) fn first() -> Key {
        let arn = format!("arn:aws:iam::{}:user/sandbox", super::ACCOUNT);
        Key { id: format!("AKIA{}", letters(16)), secret: letters(40), token: None, ends: None, arn }
    }

    /// The id of whose it is, as IAM has it: of a user, or of a role and the session that it was assumed for.
    pub(super) fn user(&self) -> String {
        match self.arn.split_once(":assumed-role/").and_then(|(_, rest)| rest.split_once('/')) {
            Some((_, session)) => format!("AROASANDBOXSANDBOX000:{session}"),
            None => "AIDASANDBOXSANDBOX000".to_owned(),
        }
    }

    /// A temporary key of a role.
    pub(super) fn of_role(role: &str, session: &str, ends: i64) -> Key {
        let name = role.rsplit_once('/').map_or(role, |(_, name)| name);
        let arn = format!("arn:aws:sts::{}:assumed-role/{name}/{session}", super::ACCOUNT);
        let token = format!("sandbox-session-{}", letters(64));
        Key { id: format!("ASIA{}", letters(16)), secret: letters(40), token: Some(token), ends: Some(ends), arn }
    }
}

fn letters(length: usize) -> String {
    let mut text = String::new();
    while text.len() < length {
        text.push_str(&random::short_uid().to_uppercase());
    }
    text.truncate(length);
    text
}
