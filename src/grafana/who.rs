//! Whose token it is, for logs.

use super::Client;
use crate::model::Request;

/// The login of the account that the token is of; none where the server does not say: those before 12 do not know service
/// accounts there.
pub async fn login(client: &Client) -> Option<String> {
    let answer = client.send(&Request::get("/api/user")).await.ok()?;
    let user: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
    let text = |key: &str| user.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    (answer.status == 200).then(|| text("login").or_else(|| text("name")).or_else(|| text("uid")))?
}
