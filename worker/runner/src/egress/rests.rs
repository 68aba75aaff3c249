//! Answers that come slowly: the run has their head and reads the rest piece by piece.

use super::Egress;
use super::policy::Policies;
use bifrost_core::OrganizationId;
use bifrost_sandbox::{HttpError, HttpPiece, HttpRequest, HttpResponse};
use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// How long the head of an answer waits for the rest: most answers are whole by then, and
/// take one message to the sandbox instead of two.
const EARLY: Duration = Duration::from_millis(3);
/// Longest piece but for a single frame, in bytes.
const PIECE: usize = 256 << 10;
/// Longest wait for a piece.
const PATIENCE: Duration = Duration::from_secs(600);
/// Most answers that one run reads at the same time. Its sandbox has fewer by its own limit,
/// `http_concurrent`, but says when one is closed after it may have asked for the next.
const MAX_OPEN: usize = 1_000;

/// The rest of an answer.
pub(super) struct Rest {
    incoming: UnsyncBoxBody<Bytes, HttpError>,
    /// What broke it, behind what came before.
    fault: Option<HttpError>,
    /// Bytes that the answer may still have.
    left: usize,
    limit: usize,
    /// Who is told how many bytes came.
    account: Option<(Arc<Policies>, OrganizationId)>,
    /// It is under way until it is over.
    _share: OwnedSemaphorePermit,
}

impl Rest {
    pub fn new(
        incoming: UnsyncBoxBody<Bytes, HttpError>,
        limit: usize,
        account: Option<(Arc<Policies>, OrganizationId)>,
        share: OwnedSemaphorePermit,
    ) -> Self {
        Self { incoming, fault: None, left: limit, limit, account, _share: share }
    }

    /// What has come of the body: nothing when it has not begun in time.
    pub async fn early(&mut self) -> HttpPiece {
        let (mut bytes, mut is_last) = (vec![], false);
        let deadline = tokio::time::Instant::now() + EARLY;
        while bytes.len() < PIECE {
            match tokio::time::timeout_at(deadline, self.frame()).await {
                Ok(Ok(Some(data))) => bytes.extend_from_slice(&data),
                Ok(Ok(None)) => is_last = true,
                // What came before the fault is read first.
                Ok(Err(error)) => self.fault = Some(error),
                Err(_) => {}
            }
            if is_last || self.fault.is_some() || tokio::time::Instant::now() >= deadline {
                break;
            }
        }
        HttpPiece { bytes, is_last }
    }

    /// The next piece, as soon as there is one.
    pub async fn next(&mut self) -> Result<HttpPiece, HttpError> {
        if let Some(error) = self.fault.take() {
            return Err(error);
        }
        let waiting = tokio::time::timeout(PATIENCE, self.frame()).await;
        let Some(data) = waiting.unwrap_or(Err(HttpError::Timeout))? else {
            return Ok(HttpPiece { bytes: vec![], is_last: true });
        };
        let mut bytes = data.to_vec();
        // Together with what is there already, which costs no wait.
        while bytes.len() < PIECE {
            match futures::FutureExt::now_or_never(self.frame()) {
                Some(Ok(Some(more))) => bytes.extend_from_slice(&more),
                Some(Ok(None)) => return Ok(HttpPiece { bytes, is_last: true }),
                Some(Err(error)) => {
                    self.fault = Some(error);
                    break;
                }
                None => break,
            }
        }
        Ok(HttpPiece { bytes, is_last: false })
    }

    /// The next frame of data that is not empty; `None` at the end.
    async fn frame(&mut self) -> Result<Option<Bytes>, HttpError> {
        loop {
            let Some(frame) = self.incoming.frame().await else { return Ok(None) };
            let Ok(data) = frame?.into_data() else { continue };
            if let Some((policies, organization)) = &self.account {
                policies.received(*organization, data.len());
            }
            let Some(left) = self.left.checked_sub(data.len()) else {
                self.left = 0;
                return Err(HttpError::Limit(format!("the answer is larger than {} bytes", self.limit)));
            };
            self.left = left;
            if !data.is_empty() {
                return Ok(Some(data));
            }
        }
    }
}

/// The answers of one run that are not whole yet, by the names that the run has for them.
#[derive(Default)]
pub struct Rests(Mutex<Open>);

#[derive(Default)]
struct Open {
    next: u64,
    rests: HashMap<u64, Arc<tokio::sync::Mutex<Rest>>>,
}

impl Rests {
    /// Sends a request; keeps what of its answer has not come yet.
    pub async fn open(&self, egress: &Egress, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (mut response, rest) = egress.open(request).await?;
        if let Some(rest) = rest {
            let mut open = self.lock();
            if open.rests.len() >= MAX_OPEN {
                return Err(HttpError::Limit(format!("more than {MAX_OPEN} answers are read at once")));
            }
            open.next += 1;
            let name = open.next;
            open.rests.insert(name, Arc::new(tokio::sync::Mutex::new(rest)));
            response.rest = Some(name);
        }
        Ok(response)
    }

    /// The next piece of an answer.
    pub async fn more(&self, name: u64) -> Result<HttpPiece, HttpError> {
        let rest = self.lock().rests.get(&name).cloned();
        let Some(rest) = rest else { return Err(HttpError::Protocol("this answer is over".to_owned())) };
        let piece = rest.lock().await.next().await;
        if !matches!(piece, Ok(HttpPiece { is_last: false, .. })) {
            self.close(name);
        }
        piece
    }

    /// Nobody reads this answer any more.
    pub fn close(&self, name: u64) {
        self.lock().rests.remove(&name);
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
