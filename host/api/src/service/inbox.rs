//! What of a webhook's request is kept: its body as it came, its headers without what is secret,
//! and by what it is known again.

use bifrost_core::webhook::SAME_BODY;
use bifrost_core::{WebhookKind, adapter};
use bifrost_store::audit::hex;
use bifrost_store::webhooks::{Received, Webhook};
use bytes::Bytes;
use chrono::TimeDelta;
use http::{HeaderMap, header};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Longest id of a sender, in bytes; a longer one is kept as its hash.
const MAX_ID: usize = 200;
/// Longest type of an event, in bytes; the rest is cut.
const MAX_TYPE: usize = 200;
/// Most headers that are kept, their longest values, and all of them, in bytes.
const MAX_HEADERS: usize = 64;
const MAX_VALUE: usize = 1 << 10;
const MAX_ALL: usize = 16 << 10;
/// Stands for a value that is not kept.
const MASK: &str = "***";
/// Parts of names of headers whose values are not kept.
const SECRET: [&str; 10] =
    ["auth", "cookie", "credential", "hmac", "key", "password", "secret", "session", "signature", "token"];

/// A request whose sender has proved to be the one.
pub fn received(webhook: &Webhook, headers: &HeaderMap, body: Bytes) -> Received {
    let (kind, settings) = (webhook.kind, &webhook.settings);
    let document: Option<Value> = match kind {
        WebhookKind::Github | WebhookKind::Adapter | WebhookKind::Topic => None,
        _ => serde_json::from_slice(&body).ok(),
    };
    let header_id = settings.delivery_header.as_deref().or(match kind {
        WebhookKind::Github => Some("x-github-delivery"),
        WebhookKind::Generic | WebhookKind::Unsigned => Some("x-delivery-id"),
        WebhookKind::Timestamped
        | WebhookKind::MicrosoftGraph
        | WebhookKind::Adapter
        | WebhookKind::Topic => None,
    });
    let id = header_id.and_then(|name| text(headers, name)).or_else(|| match kind {
        // The id that is signed with the body.
        WebhookKind::Timestamped => document.as_ref()?.get("id")?.as_str().map(str::to_owned),
        _ => None,
    });
    let (same_as, same_for) = known_by(id, &body);
    let event_type = event_type(kind, headers, document.as_ref());
    let is_settled = kind == WebhookKind::Github && event_type.as_deref() == Some("ping");
    Received {
        same_as: Some(same_as),
        same_for,
        event_type,
        headers: kept(headers, settings.signature_header.as_deref()),
        content_type: text(headers, header::CONTENT_TYPE.as_str()).map(|text| cut(&text, MAX_VALUE)),
        body: match (kind, document) {
            (WebhookKind::MicrosoftGraph, Some(document)) => {
                without_states(document).to_string().into_bytes()
            }
            _ => body.into(),
        },
        is_settled,
    }
}

/// An event as an adapter tells it. What of the request a workflow needs, the adapter puts into
/// the data; nothing else is kept.
pub fn of_adapter(event: adapter::Event) -> Received {
    let body = event.data.to_string().into_bytes();
    let (same_as, same_for) = known_by(event.id, &body);
    Received {
        same_as: Some(same_as),
        same_for,
        event_type: event.kind.filter(|text| !text.is_empty()).map(|text| cut(&text, MAX_TYPE)),
        headers: Map::new(),
        content_type: Some("application/json".to_owned()),
        body,
        is_settled: false,
    }
}

/// By what a delivery is known again, and for how long.
fn known_by(id: Option<String>, body: &[u8]) -> (String, Option<TimeDelta>) {
    match id.filter(|id| !id.is_empty()) {
        Some(id) if id.len() <= MAX_ID => (format!("id:{id}"), None),
        Some(id) => (format!("id-hash:{}", hash(id.as_bytes())), None),
        None => (format!("body:{}", hash(body)), Some(SAME_BODY)),
    }
}

fn event_type(kind: WebhookKind, headers: &HeaderMap, document: Option<&Value>) -> Option<String> {
    let of_body = |pointer: &str| Some(document?.pointer(pointer)?.as_str()?.to_owned());
    let found = match kind {
        WebhookKind::Github => text(headers, "x-github-event"),
        WebhookKind::MicrosoftGraph => of_body("/value/0/changeType"),
        WebhookKind::Timestamped => of_body("/type"),
        WebhookKind::Generic | WebhookKind::Unsigned => {
            text(headers, "x-event-type").or_else(|| of_body("/type"))
        }
        WebhookKind::Adapter | WebhookKind::Topic => None,
    };
    found.filter(|text| !text.is_empty()).map(|text| cut(&text, MAX_TYPE))
}

/// What proves the sender is not for those who read deliveries.
fn without_states(mut document: Value) -> Value {
    for one in document.get_mut("value").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(state) = one.get_mut("clientState") {
            *state = MASK.into();
        }
    }
    document
}

fn kept(headers: &HeaderMap, signature: Option<&str>) -> Map<String, Value> {
    let (mut all, mut bytes) = (Map::new(), 0);
    for name in headers.keys() {
        let name = name.as_str();
        let is_secret = signature == Some(name) || SECRET.iter().any(|part| name.contains(part));
        let values: Vec<_> = headers
            .get_all(name)
            .iter()
            .map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned())
            .collect();
        let value = if is_secret { MASK.to_owned() } else { cut(&values.join(", "), MAX_VALUE) };
        bytes += name.len() + value.len();
        if all.len() == MAX_HEADERS || bytes > MAX_ALL {
            break;
        }
        all.insert(name.to_owned(), value.into());
    }
    all
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.trim().to_owned())
}

fn cut(text: &str, most: usize) -> String {
    text[..text.floor_char_boundary(most)].to_owned()
}

fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bifrost_core::{OrganizationId, UserId, WebhookId};
    use bifrost_store::webhooks::Settings;
    use http::{HeaderName, HeaderValue};
    use serde_json::json;

    fn webhook(kind: WebhookKind) -> Webhook {
        let settings = Settings {
            name: "s".into(),
            topic: None,
            signature_header: Some("x-proof".into()),
            delivery_header: None,
            tolerance_seconds: 300,
            networks: vec![],
            rate_per_minute: 1,
            body_bytes: 1,
            retention_days: 1,
            is_enabled: true,
        };
        let time = bifrost_store::now();
        Webhook {
            id: WebhookId::new(),
            organization_id: OrganizationId::new(),
            hook_id: uuid::Uuid::nil(),
            kind,
            settings,
            created_by: UserId::new(),
            created_at: time,
            updated_at: time,
        }
    }

    fn request(kind: WebhookKind, headers: &[(&'static str, &str)], body: &str) -> Received {
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.append(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"));
        }
        received(&webhook(kind), &all, Bytes::copy_from_slice(body.as_bytes()))
    }

    #[test]
    fn a_delivery_is_known_by_its_senders_id_or_its_body() {
        let same = |kind, headers: &[(&'static str, &str)], body| {
            request(kind, headers, body).same_as.expect("an id")
        };
        let github = [("x-github-delivery", "72d3162e"), ("x-github-event", "push")];
        assert_eq!(same(WebhookKind::Github, &github, "{}"), "id:72d3162e");
        assert_eq!(same(WebhookKind::Generic, &[("x-delivery-id", "7")], "{}"), "id:7");
        assert_eq!(same(WebhookKind::Timestamped, &[], r#"{"id":"evt_1"}"#), "id:evt_1");
        let long = "x".repeat(MAX_ID + 1);
        assert!(same(WebhookKind::Generic, &[("x-delivery-id", &long)], "{}").starts_with("id-hash:"));
        for kind in
            [WebhookKind::Generic, WebhookKind::Timestamped, WebhookKind::MicrosoftGraph, WebhookKind::Github]
        {
            let one = request(kind, &[("x-delivery-id", "")], "a");
            assert!(
                one.same_for.is_some()
                    && one.same_as.as_deref().is_some_and(|same| same.starts_with("body:"))
            );
            assert_ne!(one.same_as, request(kind, &[], "b").same_as);
        }
    }

    #[test]
    fn what_is_secret_is_not_kept() {
        let headers = [
            ("authorization", "Bearer a"),
            ("cookie", "b=c"),
            ("x-api-key", "d"),
            ("x-hub-signature-256", "sha256=e"),
            ("x-proof", "f"),
            ("x-gitlab-token", "g"),
            ("x-github-event", "push"),
            ("accept", "x"),
            ("accept", "y"),
        ];
        let kept = request(WebhookKind::Github, &headers, "{}").headers;
        for name in
            ["authorization", "cookie", "x-api-key", "x-hub-signature-256", "x-proof", "x-gitlab-token"]
        {
            assert_eq!(kept[name], MASK, "{name}");
        }
        assert_eq!((&kept["x-github-event"], &kept["accept"]), (&json!("push"), &json!("x, y")));
        let graph = r#"{"value":[{"clientState":"s3cret","changeType":"created"}]}"#;
        let received = request(WebhookKind::MicrosoftGraph, &[], graph);
        assert_eq!(received.event_type.as_deref(), Some("created"));
        let body: Value = serde_json::from_slice(&received.body).expect("json");
        assert_eq!(body, json!({"value": [{"clientState": MASK, "changeType": "created"}]}));
    }

    #[test]
    fn headers_have_a_bound() {
        let huge = "v".repeat(MAX_VALUE * 2);
        let names: Vec<&'static str> = (0..100).map(|n| &*format!("x-h{n}").leak()).collect();
        let headers: Vec<_> = names.iter().map(|name| (*name, huge.as_str())).collect();
        let kept = request(WebhookKind::Unsigned, &headers, "").headers;
        let bytes: usize = kept.iter().map(|(name, value)| name.len() + value.to_string().len()).sum();
        assert!(!kept.is_empty() && bytes < MAX_ALL + MAX_VALUE, "{bytes}");
    }

    #[test]
    fn a_ping_starts_nothing() {
        assert!(request(WebhookKind::Github, &[("x-github-event", "ping")], "{}").is_settled);
        assert!(!request(WebhookKind::Github, &[("x-github-event", "push")], "{}").is_settled);
        assert!(!request(WebhookKind::Generic, &[("x-event-type", "ping")], "{}").is_settled);
    }
}
