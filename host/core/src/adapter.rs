//! Webhook adapters: code of authors that says what a request is. What such code answers is
//! believed only as far as it is checked here.

use crate::integration::{Field, Schema, checked_name};
use crate::webhook::MAX_BODY_BYTES;
use crate::{Error, Limits, Result};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The channel on which it is heard that a subscription has to be looked after.
pub const WAKE: &str = "adapters";
/// Requests per minute of a source, where it says nothing: each costs a sandbox before anybody
/// knows who sent it.
pub const RATE_PER_MINUTE: u32 = 120;
/// Most of them.
pub const MAX_RATE_PER_MINUTE: u32 = 6_000;
/// Most adapters of one workspace.
pub const MAX_ADAPTERS: usize = 100;
/// Most events of one request.
pub const MAX_EVENTS: usize = 100;
/// Largest state, in bytes of JSON.
pub const MAX_STATE: usize = 16 << 10;
/// Longest answer to a question whether an address is right, in bytes.
pub const MAX_ANSWER: usize = 16 << 10;
/// Longest value of a header of such an answer, in bytes.
const MAX_HEADER: usize = 1 << 10;
/// Longest reason of a refusal that is kept, in bytes.
const MAX_REASON: usize = 200;
/// Headers that handshakes are made of; no other is sent.
pub const HEADERS: [&str; 4] =
    ["smartsheet-hook-response", "webhook-allowed-origin", "webhook-allowed-rate", "x-hook-secret"];
/// Shortest time between two renewals, whatever an adapter says about the end.
const SHORTEST: TimeDelta = TimeDelta::minutes(5);
/// How long before its end a subscription is renewed; less where it is shorter than five of these.
const AHEAD: TimeDelta = TimeDelta::hours(12);

/// An adapter as a deployed workspace declares it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AdapterInfo {
    /// `path::Class`; what is called.
    pub id: String,
    /// File, relative to the workspace.
    pub path: String,
    /// Name of the class.
    pub class_name: String,
    /// Line of the definition.
    #[serde(default)]
    pub line: u32,
    /// Unique within the workspace; its identity over deployments.
    pub name: String,
    /// First line of the docstring, or as declared.
    #[serde(default)]
    pub description: String,
    /// The integration whose credentials it subscribes with.
    #[serde(default)]
    pub integration: Option<String>,
    /// What each source is given.
    #[serde(default)]
    #[schema(value_type = Vec<Field>)]
    pub config_schema: Schema,
    /// Whether there is something to be done at the other system.
    #[serde(default)]
    pub subscribes: bool,
}

/// Checks what a workspace declares.
///
/// # Errors
/// `Invalid`, naming the adapter at fault.
pub fn check_all(adapters: &[AdapterInfo]) -> Result<()> {
    if adapters.len() > MAX_ADAPTERS {
        return Err(Error::invalid("adapters", format!("expected at most {MAX_ADAPTERS}")));
    }
    let mut names = BTreeSet::new();
    for one in adapters {
        let at_fault = |error: Error| Error::invalid(format!("adapters.{}", one.id), error.to_string());
        if checked_name(&one.name).map_err(at_fault)? != one.name || !names.insert(&one.name) {
            return Err(Error::invalid(
                format!("adapters.{}", one.id),
                format!("the name `{}` is there twice, or has blanks around it", one.name),
            ));
        }
        one.config_schema.check().map_err(at_fault)?;
    }
    Ok(())
}

/// What one call of an adapter may use: a sender waits, and may be anybody.
pub fn limits(of_organization: &Limits) -> Limits {
    Limits {
        memory_bytes: of_organization.memory_bytes.min(128 << 20),
        wall_ms: 5_000,
        fuel: 2 * Limits::FUEL_PER_SECOND,
        log_bytes: 64 << 10,
        log_line_bytes: 4 << 10,
        result_bytes: 4 << 20,
        parameters_bytes: 4 << 20,
        http_calls: 10,
        http_concurrent: 2,
        http_body_bytes: 1 << 20,
        host_resources: 1_000,
        concurrent_runs: of_organization.concurrent_runs,
    }
}

/// The same for subscribing and the like, for which nobody waits.
pub fn unhurried(of_organization: &Limits) -> Limits {
    Limits { wall_ms: 60_000, http_calls: 50, ..limits(of_organization) }
}

/// Something that happened, as an adapter tells it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The sender's id of it.
    #[serde(default)]
    pub id: Option<String>,
    /// What the sender calls it.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// Any JSON.
    #[serde(default)]
    pub data: Value,
}

/// What an adapter keeps.
pub type State = Map<String, Value>;

/// What a request is.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "answer", rename_all = "lowercase", deny_unknown_fields)]
pub enum Answer {
    /// Genuine.
    Deliver {
        /// What happened, in order.
        events: Vec<Event>,
        /// What to keep in place of the state from before.
        state: Option<State>,
    },
    /// A question whether the address is right.
    Validation {
        /// 200 to 299.
        status: u16,
        /// Some of [`HEADERS`], in small letters.
        headers: Map<String, Value>,
        /// What is answered.
        body: String,
        /// Whether that is JSON.
        is_json: bool,
        /// What to keep in place of the state from before.
        state: Option<State>,
    },
    /// Not genuine.
    Rejected {
        /// 400 to 499.
        status: u16,
        /// For the audit log.
        reason: String,
    },
}

impl Answer {
    /// Reads what `handle_request` answered.
    ///
    /// # Errors
    /// `Invalid`, naming what of the answer is wrong. `body_bytes` bounds each event.
    pub fn read(answer: Option<Value>, body_bytes: u32) -> Result<Self> {
        let answer = answer.unwrap_or_default();
        let mut answer: Self = serde_json::from_value(answer)
            .map_err(|error| Error::invalid("answer", format!("not what handle_request answers: {error}")))?;
        match &mut answer {
            Self::Deliver { events, state } => {
                check_state(state.as_ref())?;
                if events.len() > MAX_EVENTS {
                    let message = format!("one request may have {MAX_EVENTS}, this one has {}", events.len());
                    return Err(Error::invalid("answer.events", message));
                }
                let most = usize::try_from(body_bytes.min(MAX_BODY_BYTES)).unwrap_or(usize::MAX);
                for (index, event) in events.iter().enumerate() {
                    if event.data.to_string().len() > most {
                        let message = format!("more than {most} bytes of JSON");
                        return Err(Error::invalid(format!("answer.events[{index}].data"), message));
                    }
                }
            }
            Self::Validation { status, headers, body, is_json, state } => {
                check_state(state.as_ref())?;
                check_status(*status, 200..=299)?;
                check_headers(headers)?;
                if body.len() > MAX_ANSWER {
                    return Err(Error::invalid("answer.body", format!("more than {MAX_ANSWER} bytes")));
                }
                if *is_json && serde_json::from_str::<Value>(body).is_err() {
                    return Err(Error::invalid("answer.body", "expected JSON"));
                }
            }
            Self::Rejected { status, reason } => {
                check_status(*status, 400..=499)?;
                reason.truncate(reason.floor_char_boundary(MAX_REASON));
            }
        }
        Ok(answer)
    }
}

/// What came of subscribing or renewing.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscribed {
    /// What to keep in place of the state from before.
    #[serde(default)]
    pub state: Option<State>,
    /// When it ends by itself.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
}

impl Subscribed {
    /// Reads what `subscribe` or `renew` answered.
    ///
    /// # Errors
    /// `Invalid`, naming what of the answer is wrong.
    pub fn read(answer: Option<Value>) -> Result<Self> {
        let answer: Self = serde_json::from_value(answer.unwrap_or_default())
            .map_err(|error| Error::invalid("answer", format!("not what subscribe answers: {error}")))?;
        check_state(answer.state.as_ref())?;
        Ok(answer)
    }
}

fn check_state(state: Option<&State>) -> Result<()> {
    let bytes = state.map_or(0, |state| Value::Object(state.clone()).to_string().len());
    if bytes <= MAX_STATE {
        return Ok(());
    }
    Err(Error::invalid(
        "answer.state",
        format!("more than {MAX_STATE} bytes of JSON; more belongs in a table"),
    ))
}

fn check_status(status: u16, allowed: std::ops::RangeInclusive<u16>) -> Result<()> {
    if allowed.contains(&status) {
        return Ok(());
    }
    let message = format!("expected {} to {}, not {status}", allowed.start(), allowed.end());
    Err(Error::invalid("answer.status", message))
}

fn check_headers(headers: &Map<String, Value>) -> Result<()> {
    for (name, value) in headers {
        if !HEADERS.contains(&name.as_str()) {
            let message = format!("only {} can be sent", HEADERS.join(", "));
            return Err(Error::invalid(format!("answer.headers.{}", name.escape_debug()), message));
        }
        let is_plain =
            |text: &str| text.len() <= MAX_HEADER && text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
        if !value.as_str().is_some_and(is_plain) {
            let message = format!("expected at most {MAX_HEADER} bytes of ASCII");
            return Err(Error::invalid(format!("answer.headers.{name}"), message));
        }
    }
    Ok(())
}

/// When a subscription of this moment is renewed that ends then.
pub fn renewal(now: DateTime<Utc>, until: DateTime<Utc>) -> DateTime<Utc> {
    let ahead = AHEAD.min((until - now).max(TimeDelta::zero()) / 5);
    (until - ahead).max(now + SHORTEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ConfigType;
    use proptest::prelude::*;
    use serde_json::json;

    fn adapter(name: &str) -> AdapterInfo {
        AdapterInfo {
            id: format!("a.py::{name}"),
            path: "a.py".into(),
            class_name: name.into(),
            line: 1,
            name: name.into(),
            description: String::new(),
            integration: None,
            config_schema: Schema::default(),
            subscribes: false,
        }
    }

    #[test]
    fn what_is_declared_is_checked() {
        assert!(check_all(&[adapter("a"), adapter("b")]).is_ok());
        let key = Field {
            key: "a b".into(),
            kind: ConfigType::Int,
            required: false,
            default: None,
            description: None,
        };
        let odd = AdapterInfo { config_schema: Schema(vec![key]), ..adapter("c") };
        for (bad, text) in [
            (vec![adapter("a"), adapter("a")], "adapters.a.py::a: the name `a` is there twice"),
            (vec![adapter(" a")], "adapters.a.py:: a"),
            (vec![adapter("a/b")], "adapters.a.py::a/b: name"),
            (vec![odd], "adapters.a.py::c: config_schema.a b"),
            ((0..=MAX_ADAPTERS).map(|n| adapter(&n.to_string())).collect(), "at most"),
        ] {
            let error = check_all(&bad).expect_err("refused").to_string();
            assert!(error.contains(text), "{error}");
        }
    }

    #[test]
    fn good_answers_are_read() {
        let read = |answer: Value| Answer::read(Some(answer), 100).expect("a good answer");
        let event = json!({"id": "1", "type": "t", "data": {"a": 1}});
        let deliver =
            read(json!({"answer": "deliver", "events": [event, {"data": null}], "state": {"n": 1}}));
        let Answer::Deliver { events, state } = deliver else { panic!("{deliver:?}") };
        assert_eq!((events.len(), events[0].id.as_deref(), events[1].id.as_deref()), (2, Some("1"), None));
        assert_eq!(state.map(Value::Object), Some(json!({"n": 1})));
        assert_eq!(
            read(json!({"answer": "deliver", "events": [], "state": null})),
            Answer::Deliver { events: vec![], state: None }
        );
        let validation = json!({"answer": "validation", "status": 200, "headers": {"x-hook-secret": "a b"},
            "body": "{}", "is_json": true, "state": null});
        assert!(matches!(read(validation), Answer::Validation { status: 200, is_json: true, .. }));
        let long = "é".repeat(MAX_REASON);
        let Answer::Rejected { reason, .. } =
            read(json!({"answer": "rejected", "status": 403, "reason": long}))
        else {
            panic!("refused")
        };
        assert_eq!(reason.len(), MAX_REASON);
    }

    #[test]
    fn answers_beyond_the_bounds_are_named() {
        let validation = |change: Value| {
            let mut answer = json!({"answer": "validation", "status": 200, "headers": {}, "body": "",
                "is_json": false, "state": null});
            answer.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
            answer
        };
        let deliver =
            |events: Value, state: Value| json!({"answer": "deliver", "events": events, "state": state});
        for (answer, field) in [
            (json!(null), "answer"),
            (json!({}), "answer"),
            (json!({"answer": "other"}), "answer"),
            (json!({"answer": "rejected", "status": 403, "reason": "", "body": "x"}), "answer"),
            (json!({"answer": "rejected", "status": 200, "reason": ""}), "answer.status"),
            (json!({"answer": "rejected", "status": 500, "reason": ""}), "answer.status"),
            (validation(json!({"status": 302})), "answer.status"),
            (validation(json!({"status": 199})), "answer.status"),
            (validation(json!({"headers": {"location": "https://e.example"}})), "answer.headers.location"),
            (validation(json!({"headers": {"set-cookie": "a=b"}})), "answer.headers.set-cookie"),
            (validation(json!({"headers": {"content-type": "text/html"}})), "answer.headers.content-type"),
            (
                validation(json!({"headers": {"x-hook-secret": "a\r\nset-cookie: b"}})),
                "answer.headers.x-hook-secret",
            ),
            (validation(json!({"headers": {"x-hook-secret": "é"}})), "answer.headers.x-hook-secret"),
            (validation(json!({"headers": {"x-hook-secret": 1}})), "answer.headers.x-hook-secret"),
            (validation(json!({"body": "x".repeat(MAX_ANSWER + 1)})), "answer.body"),
            (validation(json!({"body": "<script>", "is_json": true})), "answer.body"),
            (validation(json!({"state": {"a": "x".repeat(MAX_STATE)}})), "answer.state"),
            (deliver(json!([{"data": "x".repeat(100)}]), json!(null)), "answer.events[0].data"),
            (deliver(json!(vec![json!({}); MAX_EVENTS + 1]), json!(null)), "answer.events"),
            (deliver(json!([{"id": 7}]), json!(null)), "answer"),
            (deliver(json!([]), json!([])), "answer"),
            (deliver(json!([]), json!({"a": "x".repeat(MAX_STATE)})), "answer.state"),
        ] {
            let error = Answer::read(Some(answer.clone()), 100).expect_err("refused");
            let Error::Invalid { field: named, .. } = &error else { panic!("{error:?}") };
            assert_eq!(named, field, "{answer}");
        }
        assert!(Subscribed::read(None).is_err());
        assert!(Subscribed::read(Some(json!({"expires_at": "soon"}))).is_err());
        let good = json!({"state": {"id": 7}, "expires_at": "2030-01-01T00:00:00+00:00"});
        assert!(Subscribed::read(Some(good)).is_ok_and(|read| read.expires_at.is_some()));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<i64>().prop_map(Value::from),
            proptest::sample::select(&["deliver", "validation", "rejected", "x-hook-secret", "\r\n"][..])
                .prop_map(Value::from),
        ];
        let keys = proptest::sample::select(
            &["answer", "events", "state", "status", "headers", "body", "is_json", "reason", "data", "id"][..],
        );
        leaf.prop_recursive(3, 24, 6, move |inner| {
            let object =
                proptest::collection::btree_map(keys.clone().prop_map(str::to_owned), inner.clone(), 0..8);
            prop_oneof![
                proptest::collection::vec(inner, 0..4).prop_map(Value::from),
                object.prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Whatever code says is read within the bounds, or refused; nothing panics.
        #[test]
        fn anything_is_read_or_refused(answer in any_json()) {
            if let Ok(Answer::Validation { status, headers, .. }) = Answer::read(Some(answer.clone()), 100) {
                prop_assert!((200..300).contains(&status));
                prop_assert!(headers.keys().all(|name| HEADERS.contains(&name.as_str())));
            }
            let _ = Subscribed::read(Some(answer));
        }

        /// A subscription is renewed before its end, and never in a hurry.
        #[test]
        fn renewals_come_in_time(seconds in -100_000i64..100_000_000) {
            let now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000);
            let until = now + TimeDelta::seconds(seconds);
            let at = renewal(now, until);
            prop_assert!(at >= now + SHORTEST);
            prop_assert!(at <= until.max(now + SHORTEST));
        }
    }
}
