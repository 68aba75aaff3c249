//! The program's own log, and its traces.

use clap::{Args, ValueEnum};
use std::fmt;
use std::io::IsTerminal;
use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, Layer, Registry};

/// What operators of a server want to see: starts and ends, deploys, leadership, failures.
const SERVER: &str = "info,lapin=warn,sqlx=warn,hyper=warn";
/// What the other commands say besides their answer.
const COMMAND: &str = "warn";

/// How the program's own log is written to standard error.
#[derive(Args, Clone)]
pub struct LogArgs {
    /// What is logged, such as `warn` or `info,bifrost_api=debug`; by default `info` for
    /// servers and `warn` for other commands.
    #[arg(long, global = true, env = "BIFROST_LOG", value_name = "FILTER")]
    log: Option<String>,
    /// One line of text, or one JSON object, for each event.
    #[arg(long, global = true, env = "BIFROST_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

/// How an event is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Keeps what has to be finished before the program ends.
#[derive(Default)]
pub struct Telemetry {
    #[cfg(feature = "otel")]
    traces: Option<traces::Provider>,
}

impl LogArgs {
    /// Writes the log from now on. `server` names a process that serves; only those have
    /// traces.
    pub fn start(&self, server: Option<&'static str>) -> Telemetry {
        let default = if server.is_some() { SERVER } else { COMMAND };
        let (filter, wrong) = match self.log.as_deref().map(EnvFilter::try_new) {
            Some(Ok(filter)) => (filter, None),
            Some(Err(error)) => (EnvFilter::new(default), Some(error)),
            None => (EnvFilter::new(default), None),
        };
        let registry = Registry::default().with(self.writer().with_filter(filter));
        let telemetry = start_traces(registry, server);
        if let Some(error) = wrong {
            tracing::warn!("BIFROST_LOG is no filter ({error}); `{default}` is used");
        }
        telemetry
    }

    fn writer(&self) -> Box<dyn Layer<Registry> + Send + Sync> {
        let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        match self.log_format {
            LogFormat::Json => layer.json().flatten_event(true).with_current_span(false).boxed(),
            LogFormat::Text => layer.with_ansi(std::io::stderr().is_terminal()).fmt_fields(Plain).boxed(),
        }
    }
}

/// Writes fields as `name=value`, without those that only traces are meant to have.
struct Plain;

impl<'w> FormatFields<'w> for Plain {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut visitor = PlainVisitor { writer, first: true, result: Ok(()) };
        fields.record(&mut visitor);
        visitor.result
    }
}

struct PlainVisitor<'w> {
    writer: Writer<'w>,
    first: bool,
    result: fmt::Result,
}

impl Visit for PlainVisitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        // Without quotes, but never over a line's end.
        if value.contains(char::is_control) {
            self.record_debug(field, &value);
        } else {
            self.record_debug(field, &format_args!("{value}"));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let name = field.name();
        if self.result.is_err() || name.starts_with("otel.") || name.starts_with("log.") {
            return;
        }
        let space = if std::mem::take(&mut self.first) { "" } else { " " };
        self.result = match name {
            "message" => write!(self.writer, "{space}{value:?}"),
            name => write!(self.writer, "{space}{name}={value:?}"),
        };
    }
}

type Logged = tracing_subscriber::layer::Layered<Filtered, Registry>;
type Filtered =
    tracing_subscriber::filter::Filtered<Box<dyn Layer<Registry> + Send + Sync>, EnvFilter, Registry>;

#[cfg(not(feature = "otel"))]
fn start_traces(registry: Logged, _: Option<&'static str>) -> Telemetry {
    registry.init();
    if std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT").is_some() {
        tracing::warn!("this program was built without traces; OTEL_EXPORTER_OTLP_ENDPOINT is ignored");
    }
    Telemetry::default()
}

#[cfg(feature = "otel")]
fn start_traces(registry: Logged, server: Option<&'static str>) -> Telemetry {
    match server.filter(|_| traces::wanted()).map(traces::Provider::new).transpose() {
        Ok(traces) => {
            registry.with(traces.as_ref().map(traces::Provider::layer)).init();
            if traces.is_some() {
                bifrost_core::trace::register(traces::Context);
                tracing::info!("traces are sent");
            }
            Telemetry { traces }
        }
        Err(error) => {
            registry.init();
            tracing::error!("there will be no traces: {error:#}");
            Telemetry::default()
        }
    }
}

impl Telemetry {
    /// Sends what waits to be sent.
    pub fn finish(self) {
        #[cfg(feature = "otel")]
        if let Some(traces) = self.traces {
            traces.finish();
        }
    }
}

#[cfg(feature = "otel")]
#[path = "traces.rs"]
mod traces;
