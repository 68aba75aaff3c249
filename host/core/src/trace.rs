//! The trace of a request, from process to process: a `traceparent` as W3C Trace Context
//! has it. Whoever collects traces registers a [`Tracer`]; without one nothing happens.

use std::sync::OnceLock;
use tracing::Span;

/// Knows the trace that a span belongs to.
pub trait Tracer: Send + Sync + 'static {
    /// The `traceparent` of the current span, where there is one.
    fn current(&self) -> Option<String>;
    /// Makes a span part of the trace that `parent` names.
    fn follow(&self, span: &Span, parent: &str);
}

static TRACER: OnceLock<Box<dyn Tracer>> = OnceLock::new();

/// Collects traces from now on. Only the first call counts.
pub fn register(tracer: impl Tracer) {
    // A second one would tear traces apart.
    let _ = TRACER.set(Box::new(tracer));
}

/// The `traceparent` of the current span; `None` when nobody collects traces.
pub fn current() -> Option<String> {
    TRACER.get()?.current()
}

/// Makes a span part of the trace that `parent` names. What is no `traceparent` is ignored.
pub fn follow(span: &Span, parent: &str) {
    if let Some(tracer) = TRACER.get()
        && is_traceparent(parent)
    {
        tracer.follow(span, parent);
    }
}

/// Version 00: `00-` trace id `-` parent id `-` flags, in lower-case hex, no id all zeros.
pub fn is_traceparent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let hex = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let id = |part: &str, digits: usize| hex(part, digits) && part.bytes().any(|b| b != b'0');
    matches!(parts.as_slice(), ["00", trace, parent, flags] if id(trace, 32) && id(parent, 16) && hex(flags, 2))
}

#[cfg(test)]
mod tests {
    use super::is_traceparent;

    #[test]
    fn only_a_traceparent_is_one() {
        let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        assert!(is_traceparent(&format!("00-{trace}-{parent}-01")));
        for wrong in [
            String::new(),
            format!("01-{trace}-{parent}-01"),
            format!("00-{}-{parent}-01", trace.to_uppercase()),
            format!("00-{}-{parent}-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{trace}-{parent}-1"),
            format!("00-{trace}-{parent}-01-00"),
            format!("00-{}-{parent}-01", &trace[1..]),
        ] {
            assert!(!is_traceparent(&wrong), "{wrong}");
        }
    }
}
