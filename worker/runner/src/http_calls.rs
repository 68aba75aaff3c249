//! What is remembered of a run's HTTP calls until its end is written.

use crate::observe;
use crate::redact::Redactor;
use bifrost_core::{HttpCall, HttpCalls, HttpOutcome};
use bifrost_sandbox::{HttpError, HttpPiece, HttpRequest, HttpResponse};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Longest method that is kept, in bytes.
const METHOD_BYTES: usize = 32;
/// Longest host that is kept, in bytes.
const HOST_BYTES: usize = 255;

/// The calls of one attempt.
#[derive(Default)]
pub(crate) struct Calls(Mutex<Recorded>);

#[derive(Default)]
struct Recorded {
    calls: HttpCalls,
    /// Places of calls whose answers are not whole yet, by the run's names of these answers.
    open: HashMap<u64, (usize, Instant)>,
}

/// A call that waits for its answer.
pub(crate) struct Begun {
    call: HttpCall,
    /// Where it is kept already; a connection that is asked for is kept only when there is none.
    place: Option<usize>,
    at: Instant,
}

impl Calls {
    /// A call is asked for.
    pub fn begin(&self, request: &HttpRequest, redactor: &Redactor) -> Begun {
        let call = HttpCall {
            method: cut(redactor.text(request.method.clone()), METHOD_BYTES),
            host: cut(redactor.text(observe::host(request)), HOST_BYTES),
            started_at: bifrost_store::now(),
            duration_ms: None,
            outcome: HttpOutcome::Abandoned,
            status: None,
            sent_bytes: request.body.len() as u64,
            received_bytes: 0,
        };
        let place = if request.connects() { None } else { self.lock().calls.keep(call.clone()) };
        Begun { call, place, at: Instant::now() }
    }

    /// The call has its answer, or what has come of it, or has failed.
    pub fn answered(&self, begun: Begun, answer: &Result<HttpResponse, HttpError>) {
        let Begun { mut call, place, at } = begun;
        call.duration_ms = Some(milliseconds(at));
        call.outcome = observe::outcome(answer.as_ref().err());
        if let Ok(response) = answer {
            call.status = Some(response.status);
            call.received_bytes = response.body.len() as u64;
        }
        let mut recorded = self.lock();
        match (place, answer) {
            (Some(place), _) => {
                if let Some(kept) = recorded.calls.kept.get_mut(place) {
                    *kept = call;
                }
                if let Some(rest) = answer.as_ref().ok().and_then(|response| response.rest) {
                    recorded.open.insert(rest, (place, at));
                }
            }
            (None, Err(_)) if call.method == "CONNECT" => {
                recorded.calls.keep(call);
            }
            (None, _) => {}
        }
    }

    /// More of an answer was read.
    pub fn more(&self, rest: u64, piece: &Result<HttpPiece, HttpError>) {
        let mut recorded = self.lock();
        let Some((place, at)) = recorded.open.get(&rest).copied() else { return };
        let Some(call) = recorded.calls.kept.get_mut(place) else { return };
        call.duration_ms = Some(milliseconds(at));
        match piece {
            Ok(piece) => call.received_bytes += piece.bytes.len() as u64,
            Err(error) => call.outcome = observe::outcome(Some(error)),
        }
    }

    /// Everything until now; what comes later is forgotten.
    pub fn take(&self) -> HttpCalls {
        let mut recorded = self.lock();
        recorded.open.clear();
        std::mem::take(&mut recorded.calls)
    }

    fn lock(&self) -> MutexGuard<'_, Recorded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn milliseconds(since: Instant) -> i64 {
    i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX)
}

fn cut(mut text: String, most: usize) -> String {
    text.truncate(text.floor_char_boundary(most));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request(method: &str, url: &str) -> HttpRequest {
        HttpRequest {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: vec![("authorization".to_owned(), b"Bearer hidden".to_vec())],
            body: vec![0; 10],
            connect_timeout_ms: None,
            timeout_ms: None,
            unverified: false,
        }
    }

    fn response(body: usize, rest: Option<u64>) -> Result<HttpResponse, HttpError> {
        Ok(HttpResponse { status: 201, headers: vec![], body: vec![0; body], rest })
    }

    fn piece(size: usize, is_last: bool) -> Result<HttpPiece, HttpError> {
        Ok(HttpPiece { bytes: vec![0; size], is_last })
    }

    #[test]
    fn a_call_tells_where_to_and_what_came_of_it_and_nothing_that_was_said() {
        let (calls, redactor) = (Calls::default(), Redactor::default());
        redactor.add(&json!("very-secret-name")).expect("one of few");
        let url = "https://user:hidden@very-secret-name.example.com:8443/hidden?hidden=1#hidden";
        let begun = calls.begin(&request("POST", url), &redactor);
        calls.answered(begun, &response(5, Some(1)));
        calls.more(1, &piece(7, false));
        calls.more(1, &piece(8, true));
        calls.more(2, &piece(9, true));
        let begun = calls.begin(&request("GET", "https://b.example.com/"), &redactor);
        calls.answered(begun, &Err(HttpError::Denied("hidden".to_owned())));
        let _waits = calls.begin(&request("GET", "no URL"), &redactor);
        let taken = calls.take();
        let text = serde_json::to_string(&taken.kept).expect("JSON");
        assert!(!text.contains("hidden") && !text.contains("very-secret-name"), "{text}");
        let [answered, denied, waits] = &taken.kept[..] else { panic!("{taken:?}") };
        assert_eq!((answered.method.as_str(), answered.status), ("POST", Some(201)));
        assert!(answered.host.ends_with(".example.com"), "{}", answered.host);
        assert_eq!((answered.sent_bytes, answered.received_bytes), (10, 20));
        assert_eq!((denied.outcome, denied.status), (HttpOutcome::Denied, None));
        assert_eq!((waits.outcome, waits.duration_ms), (HttpOutcome::Abandoned, None));
        assert_eq!((taken.made(), waits.host.as_str()), (3, ""));
    }

    #[test]
    fn an_answer_that_breaks_is_no_answer() {
        let (calls, redactor) = (Calls::default(), Redactor::default());
        let begun = calls.begin(&request("GET", "https://a.example.com/"), &redactor);
        calls.answered(begun, &response(5, Some(1)));
        calls.more(1, &Err(HttpError::Connection("reset".to_owned())));
        let kept = calls.take().kept;
        assert_eq!((kept[0].outcome, kept[0].received_bytes), (HttpOutcome::Connection, 5));
        // What comes too late changes nothing.
        calls.more(1, &piece(7, true));
        assert_eq!(calls.take(), HttpCalls::default());
    }

    #[test]
    fn a_connection_is_told_of_when_there_is_none() {
        let (calls, redactor) = (Calls::default(), Redactor::default());
        for answer in [response(0, None), Err(HttpError::Dns)] {
            let begun = calls.begin(&request("CONNECT", "https://a.example.com/"), &redactor);
            calls.answered(begun, &answer);
        }
        let taken = calls.take();
        assert_eq!((taken.kept.len(), taken.made()), (1, 0));
        assert_eq!(taken.kept[0].outcome, HttpOutcome::Dns);
    }

    #[test]
    fn only_so_many_are_kept() {
        let (calls, redactor) = (Calls::default(), Redactor::default());
        let long = "x".repeat(100_000);
        for n in 0..HttpCalls::MAX + 3 {
            let begun = calls.begin(&request(&long, "https://a.example.com/"), &redactor);
            calls.answered(begun, &response(5, Some(n as u64)));
        }
        let taken = calls.take();
        assert_eq!((taken.kept.len(), taken.left_out), (HttpCalls::MAX, 3));
        assert!(taken.kept.iter().all(|call| call.method.len() <= METHOD_BYTES));
    }
}
