//! Workflows that are reached over plain HTTP: what an endpoint may be.

use crate::{Error, Result, Warning, WorkflowInfo, WorkflowKind, WorkspaceReport};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Stands for the caller of runs that somebody unknown has asked for at a public endpoint.
pub const IDENTITY: &str = "endpoint";
/// Longest slug, in bytes.
pub const MAX_SLUG: usize = 100;
/// Longest time that a request waits for its run, in seconds.
pub const MAX_DEADLINE_SECONDS: u32 = 600;
/// How long an answer waits for the run, in seconds, unless the endpoint says otherwise.
pub const DEADLINE_SECONDS: u32 = 30;
/// Most requests per minute that an endpoint or a webhook can be given.
pub const MAX_RATE_PER_MINUTE: u32 = 60_000;
/// Requests per minute, unless the endpoint says otherwise.
pub const RATE_PER_MINUTE: u32 = 600;
/// Of a slug that is made of a function's name, in bytes; a hash has room behind it.
const MAX_STEM: usize = MAX_SLUG - 33;

/// A method that an endpoint can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names are HTTP's")]
pub enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl std::str::FromStr for Verb {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|verb| verb.as_str().eq_ignore_ascii_case(text)).ok_or_else(|| {
            Error::invalid("methods", format!("`{text}` is none of GET, POST, PUT, PATCH, DELETE"))
        })
    }
}

/// What the answer to a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EndpointMode {
    /// What the workflow returns, if it does so in time.
    Sync,
    /// The id of the run.
    Async,
}

impl EndpointMode {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Async => "async",
        }
    }
}

impl std::str::FromStr for EndpointMode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "sync" => Ok(Self::Sync),
            "async" => Ok(Self::Async),
            other => Err(Error::invalid("mode", format!("`{other}` is neither sync nor async"))),
        }
    }
}

/// Who made an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EndpointSource {
    /// `@workflow(endpoint_enabled=True)`; follows deployments.
    Decorator,
    /// A person, by the API.
    Api,
}

impl std::str::FromStr for EndpointSource {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "decorator" => Ok(Self::Decorator),
            "api" => Ok(Self::Api),
            other => Err(Error::invalid("source", format!("unknown `{other}`"))),
        }
    }
}

/// What a decorator says of its workflow's endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decorated {
    /// Sorted, each once, at least one.
    pub methods: Vec<Verb>,
    /// What its answers are.
    pub mode: EndpointMode,
    /// True where it asks for an endpoint without a key. Nobody gets that from code alone.
    pub wants_public: bool,
}

/// The endpoint that a workflow's decorator asks for, where it asks for one.
pub fn decorated(info: &WorkflowInfo) -> Option<Result<Decorated>> {
    let is_true = |name: &str| info.defaults.get(name) == Some(&Value::Bool(true));
    let read = || {
        if info.kind == WorkflowKind::DataProvider {
            return Err(Error::invalid("endpoint_enabled", "a data provider has no endpoint"));
        }
        let methods = methods(info.defaults.get("allowed_methods"))?;
        let mode = match info.defaults.get("execution_mode") {
            None | Some(Value::Null) => EndpointMode::Sync,
            Some(mode) => mode.as_str().unwrap_or_default().parse::<EndpointMode>()?,
        };
        Ok(Decorated { methods, mode, wants_public: is_true("public_endpoint") })
    };
    is_true("endpoint_enabled").then(read)
}

fn methods(listed: Option<&Value>) -> Result<Vec<Verb>> {
    let mut methods = match listed {
        None | Some(Value::Null) => vec![Verb::Post],
        Some(Value::Array(names)) => names
            .iter()
            .map(|name| name.as_str().unwrap_or_default().parse::<Verb>())
            .collect::<Result<_>>()?,
        Some(_) => vec![],
    };
    methods.sort();
    methods.dedup();
    if methods.is_empty() {
        return Err(Error::invalid("allowed_methods", "`allowed_methods` is no list of methods"));
    }
    Ok(methods)
}

/// What a slug that is made of a function's name begins with.
pub fn stem(function: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_lowercase() } else { '-' };
    let text: String = function.chars().map(plain).collect();
    let text = text.trim_matches(['-', '_']);
    let text = &text[..text.len().min(MAX_STEM)];
    if text.is_empty() { "workflow".to_owned() } else { text.to_owned() }
}

/// Warns of decorators whose endpoint cannot be, or is less than they ask for.
pub fn check(report: &mut WorkspaceReport) {
    for info in &report.workflows {
        let function = &info.function;
        let message = match decorated(info) {
            Some(Err(Error::Invalid { message, .. })) => {
                format!("`{function}` is deployed without its endpoint: {message}")
            }
            Some(Err(error)) => format!("`{function}` is deployed without its endpoint: {error}"),
            Some(Ok(Decorated { wants_public: true, .. })) => format!(
                "`{function}` asks for a public endpoint, but code does not decide that: its endpoint asks for a \
                 key until somebody makes it public, with `bifrost endpoints publish` or in the web UI"
            ),
            _ => continue,
        };
        report.warnings.push(Warning {
            path: info.path.clone(),
            line: (info.line > 0).then_some(info.line),
            message,
        });
    }
}

/// A part of a path that needs no escaping.
///
/// # Errors
/// `Invalid`, naming `slug`.
pub fn check_slug(slug: &str) -> Result<()> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    let begins_well = slug.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    if begins_well && slug.len() <= MAX_SLUG && slug.bytes().all(plain) {
        return Ok(());
    }
    let message = format!("expected 1 to {MAX_SLUG} of a-z, 0-9, - and _, and no - or _ in front");
    Err(Error::invalid("slug", message))
}

/// A number of requests per minute.
///
/// # Errors
/// `Invalid`, naming `rate_per_minute`.
pub fn check_rate(rate: u32) -> Result<()> {
    if (1..=MAX_RATE_PER_MINUTE).contains(&rate) {
        return Ok(());
    }
    Err(Error::invalid("rate_per_minute", format!("expected 1 to {MAX_RATE_PER_MINUTE}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_slug_needs_no_escaping() {
        for good in ["a", "new-user", "v1_order", "9", &"x".repeat(MAX_SLUG)] {
            assert!(check_slug(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "_a", "A", "a b", "a/b", "a.b", "..", "ä", "a%20", &"x".repeat(MAX_SLUG + 1)] {
            assert!(check_slug(bad).is_err(), "{bad}");
        }
        assert!(
            check_rate(0).is_err() && check_rate(MAX_RATE_PER_MINUTE + 1).is_err() && check_rate(1).is_ok()
        );
    }

    fn info(defaults: Value) -> WorkflowInfo {
        let info = json!({
            "id": "a.py::f", "path": "a.py", "function": "f", "line": 3, "name": "f", "kind": "workflow",
            "parameters": [], "defaults": defaults,
        });
        serde_json::from_value(info).expect("an info")
    }

    #[test]
    fn a_decorator_says_what_its_endpoint_is_like() {
        for none in [json!({}), json!({ "endpoint_enabled": false, "allowed_methods": ["GET"] })] {
            assert!(decorated(&info(none)).is_none());
        }
        let plain = decorated(&info(json!({ "endpoint_enabled": true }))).expect("one").expect("good");
        let expected = Decorated { methods: vec![Verb::Post], mode: EndpointMode::Sync, wants_public: false };
        assert_eq!(plain, expected);
        let all = json!({
            "endpoint_enabled": true, "allowed_methods": ["post", "GET", "POST"], "execution_mode": "async",
            "public_endpoint": true,
        });
        let expected =
            Decorated { methods: vec![Verb::Get, Verb::Post], mode: EndpointMode::Async, wants_public: true };
        assert_eq!(decorated(&info(all)).expect("one").expect("good"), expected);
    }

    #[test]
    fn what_cannot_be_is_warned_of_and_so_is_what_is_not_given() {
        for (defaults, expected) in [
            (json!({ "allowed_methods": ["HEAD"] }), "without its endpoint: `HEAD` is none of"),
            (json!({ "allowed_methods": [] }), "without its endpoint: `allowed_methods`"),
            (json!({ "allowed_methods": "GET" }), "without its endpoint: `allowed_methods`"),
            (json!({ "execution_mode": "later" }), "without its endpoint: `later` is neither"),
            (json!({ "public_endpoint": true }), "`f` asks for a public endpoint"),
        ] {
            let mut info = info(defaults);
            info.defaults.insert("endpoint_enabled".into(), true.into());
            let mut report = WorkspaceReport { workflows: vec![info], ..Default::default() };
            check(&mut report);
            let [warning] = &report.warnings[..] else { panic!("{:?}", report.warnings) };
            assert!(warning.message.contains(expected), "{}", warning.message);
            assert_eq!((warning.path.as_str(), warning.line), ("a.py", Some(3)));
        }
        let mut provider = info(json!({ "endpoint_enabled": true }));
        provider.kind = WorkflowKind::DataProvider;
        assert!(decorated(&provider).expect("asked for").is_err());
    }

    #[test]
    fn a_function_makes_a_slug() {
        let long = "x".repeat(200);
        for (function, expected) in [
            ("look_up", "look_up"),
            ("_lookUp_", "lookup"),
            ("größe", "gr--e"),
            ("数", "workflow"),
            (long.as_str(), &long[..MAX_STEM]),
        ] {
            let stem = stem(function);
            assert!(check_slug(&stem).is_ok(), "{stem}");
            assert_eq!(stem, expected);
        }
    }

    #[test]
    fn names_survive_the_wire() {
        for verb in Verb::ALL {
            assert_eq!(verb.as_str().parse::<Verb>().expect("known"), verb);
            assert_eq!(serde_json::to_value(verb).expect("json"), verb.as_str());
        }
        assert!("HEAD".parse::<Verb>().is_err() && "OPTIONS".parse::<Verb>().is_err());
    }
}
