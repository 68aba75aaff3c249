//! Options that data providers give: kept for a while, and asked for once, however many people
//! open the same form at the same time.
//!
//! What is kept belongs to an organization, a version of a data provider and its inputs; who may
//! not run the data provider never gets here. The cache is this process's own; what it does not
//! have, all API processes ask for with the same run.

use super::{executions, run};
use crate::auth::Auth;
use crate::problem::{ApiError, ApiResult};
use crate::state::ApiState;
use crate::views::ExecutionView;
use bifrost_core::{Error, Execution, Status};
use bifrost_store::now;
use bifrost_store::workflows::Workflow;
use chrono::{DateTime, Utc};
use http::StatusCode;
use moka::Expiry;
use moka::future::Cache;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a form waits for the options of one field.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long options are kept, in seconds, unless the decorator says otherwise.
const TTL: u64 = 300;
/// Longest that they may be kept: a day.
const MAX_TTL: u64 = 86_400;
/// What one process keeps, in bytes of JSON.
const KEPT_BYTES: u64 = 64 << 20;

type Key = [u8; 32];

/// Options of one data provider for some inputs.
#[derive(Clone)]
struct Kept {
    options: Arc<[Value]>,
    bytes: u32,
    ttl: Duration,
}

struct Ttl;

impl Expiry<Key, Kept> for Ttl {
    fn expire_after_create(&self, _: &Key, kept: &Kept, _: Instant) -> Option<Duration> {
        Some(kept.ttl)
    }
}

/// Why there are no options; told to each who waits in their own words.
enum Failed {
    Ended(Box<Execution>),
    Other(ApiError),
}

/// The options that this process keeps.
pub struct Providers(Cache<Key, Kept>);

impl Default for Providers {
    fn default() -> Self {
        let cache = Cache::builder().max_capacity(KEPT_BYTES).weigher(|_, kept: &Kept| kept.bytes);
        Self(cache.expire_after(Ttl).build())
    }
}

impl Providers {
    /// The options of a data provider that the caller may run; asked for anew if `is_fresh`.
    ///
    /// # Errors
    /// `data_provider_failed` and `data_provider_timeout`, and what keeps it from being run.
    pub async fn options(
        &self,
        state: &ApiState,
        auth: &Auth,
        workflow: &Workflow,
        input: Option<Value>,
        is_fresh: bool,
    ) -> ApiResult<Arc<[Value]>> {
        // Also for what is kept: an input that it does not take is an error. The run bounds its size.
        let parameters = Value::Object(run::checked(workflow, input)?);
        let ttl = ttl(workflow)?;
        let key = key(auth, workflow, &parameters, ttl);
        let shared_key = (!is_fresh).then(|| shared_key(&key, ttl, now())).flatten();
        let ask = async || {
            let (options, ended_at) = ask(state, auth, workflow, parameters.clone(), shared_key).await?;
            let bytes = options.iter().map(|option| option.to_string().len()).sum::<usize>() + 200;
            // Another process may have had the answer for a while.
            let ttl = ttl.saturating_sub((now() - ended_at).to_std().unwrap_or_default());
            Ok(Kept { options: options.into(), bytes: u32::try_from(bytes).unwrap_or(u32::MAX), ttl })
        };
        if is_fresh || ttl.is_zero() {
            self.0.invalidate(&key).await;
        }
        // Whoever is first asks; the others wait for the same answer. Should the first go away,
        // the next one asks.
        let kept = self.0.try_get_with(key, ask()).await;
        kept.map(|kept| kept.options).map_err(|failed| told(&failed, auth))
    }
}

fn ttl(workflow: &Workflow) -> Result<Duration, Error> {
    let seconds = match workflow.info.defaults.get("cache_ttl_seconds") {
        None | Some(Value::Null) => TTL,
        Some(value) => value.as_u64().filter(|seconds| *seconds <= MAX_TTL).ok_or_else(|| {
            let text = format!("`{}`: expected 0 to {MAX_TTL}, not {value}", workflow.info.name);
            Error::invalid("cache_ttl_seconds", text)
        })?,
    };
    Ok(Duration::from_secs(seconds))
}

fn key(auth: &Auth, workflow: &Workflow, parameters: &Value, ttl: Duration) -> Key {
    let version = workflow.version_id.to_string();
    // An object of `serde_json` is in the order of its keys.
    let mut parts =
        vec![auth.organization().to_string(), workflow.id.to_string(), version, parameters.to_string()];
    if ttl.is_zero() {
        // They may depend on who asks.
        parts.push(auth.caller.user.to_string());
    }
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&part.len().to_le_bytes()).update(part.as_bytes());
    }
    hasher.finalize().into()
}

/// Names the run that answers for a while, in all processes; nothing where no answer is kept. An
/// answer that is kept for `ttl` is over within the next while, so it is never asked for again
/// under the same name. Each key has whiles of its own, or all answers were over at once.
fn shared_key(key: &Key, ttl: Duration, now: DateTime<Utc>) -> Option<String> {
    let begins = u64::from(u32::from_le_bytes([key[0], key[1], key[2], key[3]]));
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    let number = (seconds + begins).checked_div(ttl.as_secs())?;
    Some(format!("options:{}:{number}", blake3::Hash::from(*key).to_hex()))
}

/// The options, and since when they are what was answered.
async fn ask(
    state: &ApiState,
    auth: &Auth,
    workflow: &Workflow,
    parameters: Value,
    shared_key: Option<String>,
) -> Result<(Vec<Value>, DateTime<Utc>), Failed> {
    let other = |error: Error| Failed::Other(error.into());
    let request = |shared_key| {
        let input_data = Some(parameters.clone());
        run::Request { input_data, shared_key, ..run::Request::default() }
    };
    let asked_at = now();
    let asked = run::start_and_wait(state, auth, workflow, request(shared_key), PATIENCE).await;
    let mut execution = asked.map_err(other)?;
    // One that had ended before without options is no answer, nor one that another process gave up.
    let had_ended = execution.completed_at.is_some_and(|end| end < asked_at);
    let was_given_up =
        execution.created_at < asked_at && matches!(execution.status, Status::Cancelling | Status::Cancelled);
    if was_given_up || had_ended && !has_options(&execution) {
        let left = PATIENCE.saturating_sub((now() - asked_at).to_std().unwrap_or_default());
        let again = run::start_and_wait(state, auth, workflow, request(None), left).await;
        execution = again.map_err(other)?;
    }
    if !execution.status.is_terminal() {
        executions::cancel(state, auth, execution.id).await.map_err(other)?;
        let detail = format!("`{}` took longer than {} s", workflow.info.name, PATIENCE.as_secs());
        return Err(Failed::Other(ApiError::new(
            StatusCode::GATEWAY_TIMEOUT,
            "data_provider_timeout",
            detail,
        )));
    }
    if execution.status != Status::Success {
        return Err(Failed::Ended(Box::new(execution)));
    }
    let ended_at = execution.completed_at.unwrap_or(asked_at);
    let options = options(ExecutionView::new(execution, true).result);
    options
        .map(|options| (options, ended_at))
        .map_err(|what| Failed::Other(failure(format!("`{}` returned {what}", workflow.info.name))))
}

/// Whether a run answered with options.
fn has_options(execution: &Execution) -> bool {
    let result = |execution: &Execution| ExecutionView::new(execution.clone(), true).result;
    execution.status == Status::Success && options(result(execution)).is_ok()
}

/// Options as forms have them: objects with a text as `label` and a `value`.
fn options(result: Option<Value>) -> Result<Vec<Value>, String> {
    let Some(Value::Array(found)) = result else { return Err("no list".to_owned()) };
    found.into_iter().enumerate().map(|(index, value)| option(index, value)).collect()
}

/// A plain value is its own label. What a form cannot send back is no value.
fn option(index: usize, value: Value) -> Result<Value, String> {
    let label =
        |value: &Value| Value::String(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    match value {
        Value::Object(mut option) => {
            let number = index + 1;
            let Some(value) = option.get("value") else {
                return Err(format!("an option without `value`, number {number}"));
            };
            if let Some(what) = unfit(value) {
                return Err(format!("{what} as the `value` of option number {number}"));
            }
            let text = label(option.get("label").filter(|label| !label.is_null()).unwrap_or(value));
            option.insert("label".to_owned(), text);
            // `None` is as good as nothing.
            option.retain(|key, value| {
                !(value.is_null() && ["description", "metadata"].contains(&key.as_str()))
            });
            if option.get("description").is_some_and(|text| !text.is_string()) {
                return Err(format!("a `description` that is no text in option number {number}"));
            }
            if option.get("metadata").is_some_and(|metadata| !metadata.is_object()) {
                return Err(format!("`metadata` that is no dict in option number {number}"));
            }
            Ok(Value::Object(option))
        }
        Value::Array(_) | Value::Null => Err(format!("{value} as option number {}", index + 1)),
        plain => Ok(Value::Object(Map::from_iter([
            ("label".to_owned(), label(&plain)),
            ("value".to_owned(), plain),
        ]))),
    }
}

/// What a value is that is not plain.
fn unfit(value: &Value) -> Option<&'static str> {
    match value {
        Value::Null => Some("nothing"),
        Value::Array(_) => Some("a list"),
        Value::Object(_) => Some("a dict"),
        _ => None,
    }
}

fn failure(detail: String) -> ApiError {
    ApiError::new(StatusCode::BAD_GATEWAY, "data_provider_failed", detail)
}

fn told(failed: &Failed, auth: &Auth) -> ApiError {
    match failed {
        Failed::Other(error) => error.clone(),
        Failed::Ended(execution) => {
            let view = ExecutionView::new((**execution).clone(), auth.sees_all_runs());
            failure(
                view.error.unwrap_or_else(|| format!("the data provider ended as {}", view.status.as_str())),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_that_is_over_is_asked_for_under_another_name() {
        let at = |seconds: i64| DateTime::from_timestamp(1_795_000_000 + seconds, 0).expect("a time");
        let (key, other, ttl) = ([7; 32], [8; 32], Duration::from_secs(300));
        let name = |seconds| shared_key(&key, ttl, at(seconds)).expect("a name");
        assert!((0..600).all(|second| name(second) != name(second + 300)));
        let changes = |key: &Key| {
            let changed =
                |second: &i64| shared_key(key, ttl, at(*second)) != shared_key(key, ttl, at(*second + 1));
            (0..300).filter(changed).collect::<Vec<_>>()
        };
        assert_eq!(changes(&key).len(), 1);
        assert_ne!(changes(&key), changes(&other));
        assert_ne!(shared_key(&key, ttl, at(0)), shared_key(&other, ttl, at(0)));
        assert_eq!(shared_key(&key, Duration::ZERO, at(0)), None);
    }

    #[test]
    fn what_is_returned_becomes_options() {
        let returned = json!(["a", 1, true, {"value": 7}, {"value": "x", "label": null}, {"value": "y", "label": 3, "metadata": {"k": 1}}]);
        let expected = json!([
            {"label": "a", "value": "a"}, {"label": "1", "value": 1}, {"label": "true", "value": true},
            {"label": "7", "value": 7}, {"label": "x", "value": "x"}, {"label": "3", "value": "y", "metadata": {"k": 1}},
        ]);
        assert_eq!(json!(options(Some(returned)).expect("options")), expected);
        assert_eq!(options(Some(json!([]))), Ok(vec![]));
        let bare = json!([{"value": 1, "label": "One", "description": null, "metadata": null}]);
        assert_eq!(options(Some(bare)), Ok(vec![json!({"value": 1, "label": "One"})]));
        for (wrong, text) in [
            (json!({"a": 1}), "no list"),
            (json!(null), "no list"),
            (json!([{"label": "a"}]), "without `value`, number 1"),
            (json!(["a", null]), "null as option number 2"),
            (json!([{"value": null}]), "nothing as the `value` of option number 1"),
            (json!(["a", {"value": ["x"]}]), "a list as the `value` of option number 2"),
            (json!([{"value": {"id": 1}, "label": "One"}]), "a dict as the `value` of option number 1"),
            (json!([{"value": 1, "description": 2}]), "a `description` that is no text in option number 1"),
            (json!([{"value": 1, "metadata": "x"}]), "`metadata` that is no dict in option number 1"),
        ] {
            assert!(options(Some(wrong)).expect_err("refused").contains(text), "{text}");
        }
    }
}
