//! A delivery as filters, mappings and workflows see it.

use super::{Delivery, Webhook, deliveries, sources};
use crate::Scoped;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bifrost_core::{DeliveryId, Error, Result, WebhookKind};
use serde_json::{Map, Value, json};

/// The document that pointers lead into: `id`, `type`, `source`, `organization_id`,
/// `received_at`, `headers` and `data`.
pub fn event(webhook: &Webhook, delivery: &Delivery) -> Value {
    json!({
        "id": delivery.id,
        "type": delivery.event_type,
        "source": webhook.settings.name,
        "organization_id": delivery.organization_id,
        "received_at": delivery.received_at,
        "headers": delivery.headers,
        "data": data(webhook.kind, delivery),
    })
}

/// What a run is told of the delivery that it was started for: `id`, `type`, `data`,
/// `organization_id` and `received_at`. `None` when the delivery is not kept any more.
pub async fn told(org: &Scoped, id: DeliveryId) -> Result<Option<Value>> {
    let mut tx = org.read().await?;
    let delivery = match deliveries::find(&mut tx, id).await {
        Err(Error::NotFound(_)) => return Ok(None),
        found => found?,
    };
    let webhook = sources::find(&mut tx, delivery.webhook_id, "").await?;
    Ok(Some(json!({
        "id": delivery.id,
        "type": delivery.event_type.as_deref().unwrap_or_default(),
        "data": data(webhook.kind, &delivery),
        "organization_id": delivery.organization_id,
        "received_at": delivery.received_at,
    })))
}

fn data(kind: WebhookKind, delivery: &Delivery) -> Value {
    let data = parsed(delivery.content_type.as_deref(), &delivery.body);
    // GitHub can be told to send its JSON in a form.
    match data.get("payload").and_then(Value::as_str) {
        Some(payload) if kind == WebhookKind::Github => serde_json::from_str(payload).unwrap_or(data),
        _ => data,
    }
}

/// A body as JSON: what it holds where it is JSON or a form, else its text, else
/// `{"base64": …}`.
pub fn parsed(content_type: Option<&str>, body: &[u8]) -> Value {
    let kind = content_type.and_then(|text| text.split(';').next()).unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Value::Object(fields(url::form_urlencoded::parse(body)));
    }
    if let Ok(value) = serde_json::from_slice(body) {
        return value;
    }
    match std::str::from_utf8(body) {
        Ok(text) => text.into(),
        Err(_) => json!({ "base64": STANDARD.encode(body) }),
    }
}

/// Fields of a form by name; one that is there several times is a list.
pub fn fields<'a>(
    pairs: impl Iterator<Item = (std::borrow::Cow<'a, str>, std::borrow::Cow<'a, str>)>,
) -> Map<String, Value> {
    let mut all: Map<String, Value> = Map::new();
    for (name, value) in pairs {
        let value = Value::from(value.into_owned());
        match all.get_mut(name.as_ref()) {
            None => {
                all.insert(name.into_owned(), value);
            }
            Some(Value::Array(list)) => list.push(value),
            Some(one) => *one = json!([one.take(), value]),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_what_it_is_said_to_be() {
        let form = Some("application/x-www-form-urlencoded; charset=utf-8");
        for (content_type, body, expected) in [
            (Some("application/json"), r#"{"a": 1}"#, json!({"a": 1})),
            (None, "[1]", json!([1])),
            (Some("text/plain"), "hello", json!("hello")),
            (Some("application/json"), "{", json!("{")),
            (form, "a=1&b=x+y&a=2&a=3", json!({"a": ["1", "2", "3"], "b": "x y"})),
            (None, "", json!("")),
        ] {
            assert_eq!(parsed(content_type, body.as_bytes()), expected, "{body}");
        }
        assert_eq!(parsed(None, &[0xff, 0]), json!({"base64": "/wA="}));
        // Deeper than the parser goes.
        let deep = "[".repeat(10_000);
        assert_eq!(parsed(None, deep.as_bytes()), json!(deep));
    }
}
