//! Traces over OTLP. What OpenTelemetry's own variables say holds; nothing is sent
//! without `OTEL_EXPORTER_OTLP_ENDPOINT`.

use anyhow::Result;
use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry::KeyValue;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider,
};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracerProvider, Tracer};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tracing::{Level, Metadata, Span, Subscriber};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt};
use tracing_subscriber::filter::{FilterFn, Filtered, filter_fn};
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;

/// How long the program waits for the last spans to be sent.
const LAST: Duration = Duration::from_secs(3);

fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && *metadata.level() <= Level::INFO && metadata.target().starts_with("bifrost")
}

fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether the environment asks for traces.
pub fn wanted() -> bool {
    let endpoint = set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").or_else(|| set("OTEL_EXPORTER_OTLP_ENDPOINT"));
    let off = set("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
        || set("OTEL_TRACES_EXPORTER").is_some_and(|value| value == "none");
    endpoint.is_some() && !off
}

/// Collects spans and sends them.
pub struct Provider(SdkTracerProvider);

impl Provider {
    /// For the process of this name.
    pub fn new(process: &'static str) -> Result<Self> {
        let exporter = SpanExporter::builder().with_http().with_http_client(Client::new()?).build()?;
        let named = set("OTEL_SERVICE_NAME").is_some()
            || set("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|all| all.contains("service.name="));
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let mut resource = Resource::builder().with_attribute(version);
        if !named {
            resource = resource.with_service_name(format!("bifrost-{process}"));
        }
        let provider =
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build());
        Ok(Self(provider.build()))
    }

    /// Takes the platform's own spans. Events stay in the log: they may tell more than a
    /// trace should.
    pub fn layer<S>(&self) -> Filtered<OpenTelemetryLayer<S, Tracer>, FilterFn, S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let layer = tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("bifrost"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false);
        layer.with_filter(filter_fn(is_ours as fn(&Metadata<'_>) -> bool))
    }

    /// Sends what is left.
    pub fn finish(self) {
        if let Err(error) = self.0.shutdown_with_timeout(LAST) {
            tracing::warn!("the last spans were not sent: {error}");
        }
    }
}

/// Reads and sets the trace of spans.
pub struct Context;

impl bifrost_core::trace::Tracer for Context {
    fn current(&self) -> Option<String> {
        let context = Span::current().context();
        let span = context.span();
        let context = span.span_context();
        context.is_valid().then(|| {
            format!("00-{}-{}-{:02x}", context.trace_id(), context.span_id(), context.trace_flags().to_u8())
        })
    }

    fn follow(&self, span: &Span, parent: &str) {
        let mut parts = parent.split('-').skip(1);
        let (Some(trace), Some(parent), Some(flags)) = (parts.next(), parts.next(), parts.next()) else {
            return;
        };
        let (Ok(trace), Ok(parent), Ok(flags)) =
            (TraceId::from_hex(trace), SpanId::from_hex(parent), u8::from_str_radix(flags, 16))
        else {
            return;
        };
        let remote = SpanContext::new(trace, parent, TraceFlags::new(flags), true, TraceState::default());
        // Fails for a span that nobody collects.
        let _ = span.set_parent(opentelemetry::Context::new().with_remote_span_context(remote));
    }
}

/// Sends spans with the HTTP client that the platform has already. The exporter calls it
/// on a thread of its own, which has no runtime.
#[derive(Debug)]
struct Client {
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    failing: AtomicBool,
}

impl Client {
    fn new() -> Result<Self> {
        // Between two calls nobody drives a connection that is kept.
        let client = reqwest::Client::builder().pool_max_idle_per_host(0).build()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { client, runtime, failing: AtomicBool::new(false) })
    }

    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>> {
        let mut response = self.client.execute(request.try_into()?).await?;
        let mut answer = http::Response::builder().status(response.status());
        if let Some(headers) = answer.headers_mut() {
            *headers = std::mem::take(response.headers_mut());
        }
        Ok(answer.body(response.bytes().await?)?)
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        let result = self.runtime.block_on(self.send(request));
        let wrong = match &result {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(answer.status().to_string()),
            Err(error) => Some(format!("{error:#}")),
        };
        let failed = wrong.is_some();
        // Said once, not every few seconds.
        if self.failing.swap(failed, Ordering::Relaxed) != failed {
            match wrong {
                Some(why) => tracing::warn!("traces are not taken: {why}"),
                None => tracing::info!("traces are taken again"),
            }
        }
        result.map_err(Into::into)
    }
}
