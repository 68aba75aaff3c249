//! A request to a webhook: JSON, signed over a time and its bytes.

use crate::Failure;
use crate::words::{self, Links};
use bifrost_core::ports::{Post, Web};
use bifrost_core::{OrganizationId, Scope};
use bifrost_store::notifications::Message;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::Duration;
use uuid::Uuid;

/// The header with `t=…,v1=…`: the time in seconds, and the signature.
pub const SIGNATURE_HEADER: &str = "x-bifrost-signature";
/// The header with the id of a message, which is the same when it comes again.
pub const DELIVERY_HEADER: &str = "x-bifrost-delivery";
/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longest text of a receiver that is shown to people, in characters.
const MAX_SAID: usize = 300;

/// The value of [`SIGNATURE_HEADER`]: HMAC-SHA256 over the time, a dot and the body, in hexadecimal.
pub fn signature(secret: &[u8], seconds: i64, body: &str) -> String {
    // A key of any length will do.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() };
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body.as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={seconds},v1={hex}")
}

/// The body of a message.
pub(crate) fn body(message: &Message, organization: &str, links: &Links, is_test: bool) -> String {
    let channel = &message.channel;
    let one = |item: &bifrost_core::notification::Item| {
        let mut one = json!({
            "event": item.kind,
            "subject_id": item.subject_id,
            "name": item.details.name,
            "summary": item.details.summary,
            "count": item.count,
            "first_at": item.first_at,
            "last_at": item.last_at,
            "url": links.to(channel.organization_id, item),
        });
        if let Some(execution) = item.details.execution_id {
            one["execution_id"] = json!(execution);
        }
        if let Some(error) = item.details.error_for(channel.full_errors) {
            one["error"] = error.into();
        }
        one
    };
    let notifications: Vec<Value> = message.items.iter().map(one).collect();
    json!({
        "id": message.id,
        "type": if is_test { "test" } else { "notifications" },
        "organization_id": channel.organization_id,
        "organization": organization,
        // What services show that take no more than a text.
        "text": words::subject(&message.items, organization, is_test),
        "created_at": message.created_at,
        "notifications": notifications,
    })
    .to_string()
}

/// Sends a body the way that the organization's workflows go; answers what the receiver said.
pub(crate) async fn send(
    web: &dyn Web,
    organization: OrganizationId,
    url: &str,
    secret: &[u8],
    id: Uuid,
    body: String,
) -> Result<String, Failure> {
    let signed = signature(secret, bifrost_store::now().timestamp(), &body);
    let post = Post {
        url: url.to_owned(),
        content_type: "application/json",
        headers: vec![(SIGNATURE_HEADER, signed), (DELIVERY_HEADER, id.to_string())],
        body,
        patience: PATIENCE,
    };
    let answer =
        web.post(Scope::Organization(organization), post).await.map_err(|error| Failure::of(&error))?;
    let said: String = String::from_utf8_lossy(&answer.body)
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_SAID)
        .collect();
    let said = format!("{} {}", answer.status, said.trim());
    match answer.status {
        200..300 => Ok(said.trim_end().to_owned()),
        _ => Err(Failure::passing(format!("the receiver answered {}", said.trim_end()))),
    }
}

#[cfg(test)]
mod tests {
    use super::signature;

    /// Computed by Python: `hmac.new(b"secret", b"1700000000.{}", "sha256").hexdigest()`.
    #[test]
    fn signatures_are_those_of_others() {
        assert_eq!(
            signature(b"secret", 1_700_000_000, "{}"),
            "t=1700000000,v1=b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163"
        );
    }
}
