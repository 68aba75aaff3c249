//! From a delivery to the runs of its subscriptions. May be done again at any point: each run
//! has an idempotency key, and the delivery is settled by whoever comes first.

use super::deliveries::{Outcome, State};
use super::{Delivery, Subscription, Webhook, deliveries, event, sources, subscriptions};
use crate::audit::Actor;
use crate::executions::{NewExecution, documents};
use crate::notifications::events;
use crate::{Db, Scoped, Sql, now, organizations, workflows};
use bifrost_core::ports::Objects;
use bifrost_core::{
    Caller, DeliveryId, Error, Execution, ExecutionId, Limits, OrganizationId, Result, webhook,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use std::sync::Arc;

/// Attempts to process a delivery; with [`backoff`] the last one comes after about two hours.
pub const MAX_ATTEMPTS: i64 = 20;
/// Before the second attempt.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(1);
/// Longest pause.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(10);
/// What people read of an error that is the platform's own.
const OWN_FAULT: &str = "the platform failed; its log has the cause";

/// What came of processing a delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct Processed {
    /// What has become of it; `None` when somebody else had settled it.
    pub state: Option<State>,
    /// Runs that are new.
    pub runs: Vec<Execution>,
}

/// How long to wait after so many attempts.
pub fn backoff(attempts: i64) -> TimeDelta {
    let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, 20)).unwrap_or(0);
    FIRST_PAUSE.checked_mul(1 << doublings).unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE)
}

/// Deliveries that wait at `time`, the oldest first.
pub async fn due(db: &Db, time: DateTime<Utc>, limit: u32) -> Result<Vec<(OrganizationId, DeliveryId)>> {
    let sql = Sql::new(
        "SELECT id, organization_id FROM webhook_deliveries WHERE state = 'pending' AND next_at <= $1
         ORDER BY next_at, id LIMIT $2",
    );
    let rows = db.system().read().await?.all(sql.bind(time).bind(limit)).await?;
    rows.iter().map(|row| Ok((row.get("organization_id")?, row.get("id")?))).collect()
}

/// Makes the runs of a delivery and settles it. What is wrong with one subscription does not keep
/// the others; it is written down. Errors are those of engines: try again later.
pub async fn process(
    db: &Db,
    objects: &dyn Objects,
    organization: OrganizationId,
    id: DeliveryId,
) -> Result<Processed> {
    let work = Work::read(db, organization, id).await?;
    if work.delivery.state != State::Pending {
        return Ok(Processed { state: None, runs: vec![] });
    }
    let event = event(&work.webhook, &work.delivery);
    let (mut runs, mut outcomes) = (Vec::new(), Vec::new());
    for subscription in work.subscriptions.iter().filter(|one| one.is_enabled) {
        let mut outcome = Outcome {
            subscription_id: subscription.id,
            workflow_id: subscription.workflow_id,
            execution_id: None,
            reason: None,
        };
        if !subscription.filter.holds(&event) {
            outcome.reason = Some("filtered".into());
        } else {
            match work.start(objects, subscription, &event).await {
                Ok((execution, run)) => {
                    outcome.execution_id = Some(execution);
                    runs.extend(run);
                }
                Err(error @ (Error::Busy(_) | Error::Internal(_) | Error::Limited { .. })) => {
                    return Err(error);
                }
                Err(error) => outcome.reason = Some(error.to_string()),
            }
        }
        outcomes.push(outcome);
    }
    let state = summary(&outcomes);
    let settled = settle(work, state, outcomes).await?;
    Ok(Processed { state: settled.then_some(state), runs })
}

/// Why a subscription that the event is for has no run.
fn fault(outcome: &Outcome) -> Option<&str> {
    outcome.reason.as_deref().filter(|reason| *reason != "filtered")
}

fn summary(outcomes: &[Outcome]) -> State {
    if outcomes.iter().any(|one| fault(one).is_some()) {
        State::Failed
    } else if outcomes.iter().any(|one| one.execution_id.is_some()) {
        State::Done
    } else {
        State::Ignored
    }
}

/// A delivery with all that decides about it.
struct Work {
    org: Scoped,
    webhook: Webhook,
    delivery: Delivery,
    subscriptions: Vec<Subscription>,
    limits: Limits,
}

impl Work {
    async fn read(db: &Db, organization: OrganizationId, id: DeliveryId) -> Result<Self> {
        let org = db.org(organization);
        let mut tx = org.read().await?;
        let delivery = deliveries::find(&mut tx, id).await?;
        let webhook = sources::find(&mut tx, delivery.webhook_id, "").await?;
        let subscriptions = subscriptions::of_source(&mut tx, webhook.id).await?;
        drop(tx);
        let limits = organizations::get(&org, organization).await?.limits;
        let name = format!("webhook {}", webhook.settings.name);
        let actor = Actor { name, organization: Some(organization), ..Actor::default() };
        let org = db.by(Arc::new(actor)).org(organization);
        Ok(Self { org, webhook, delivery, subscriptions, limits })
    }

    /// The run of a subscription, and whether it is new.
    async fn start(
        &self,
        objects: &dyn Objects,
        subscription: &Subscription,
        event: &Value,
    ) -> Result<(ExecutionId, Option<Execution>)> {
        let workflow = workflows::find(&self.org, &subscription.workflow_id.to_string()).await?;
        let input = subscription.mapping.apply(event);
        workflow.info.check_input(&input)?;
        let parameters = Value::Object(input);
        let most = self.limits.parameters_bytes;
        if parameters.to_string().len() as u64 > most {
            return Err(Error::invalid("mapping", format!("it makes more than {most} bytes of JSON")));
        }
        let name = &self.webhook.settings.name;
        let caller = Caller::service(workflow.id, self.delivery.organization_id, webhook::IDENTITY, name);
        let key = format!("delivery:{}:{}", self.delivery.id, subscription.id);
        let mut new = NewExecution::by(&caller, workflow.id, parameters);
        new.idempotency_key = Some(key.clone());
        new.delivery_id = Some(self.delivery.id);
        new.lineage = self.delivery.lineage;
        match documents::accept(&self.org, objects, new).await {
            Ok(accepted) => {
                let run = accepted.execution;
                Ok((run.id, accepted.is_new.then_some(run)))
            }
            // It was made before the subscription was changed.
            Err(Error::Conflict { code: "idempotency_mismatch", .. }) => Ok((self.made(&key).await?, None)),
            Err(error) => Err(error),
        }
    }

    async fn made(&self, key: &str) -> Result<ExecutionId> {
        let sql = Sql::new("SELECT id FROM executions WHERE organization_id = $1 AND idempotency_key = $2");
        let sql = sql.bind(self.delivery.organization_id).bind(key);
        self.org.read().await?.one(sql).await?.get("id")
    }
}

/// False when somebody else had settled it.
async fn settle(work: Work, state: State, outcomes: Vec<Outcome>) -> Result<bool> {
    let Work { org, webhook, delivery, .. } = work;
    let sql = Sql::new(
        "UPDATE webhook_deliveries SET state = $2, outcomes = $3, attempts = attempts + 1, error = NULL, processed_at = $4
         WHERE id = $1 AND state = 'pending'",
    )
    .bind(delivery.id)
    .bind(state.as_str())
    .bind(crate::Value::json(&outcomes)?)
    .bind(now());
    org.write(move |tx| {
        Box::pin(async move {
            if tx.execute(sql).await? != 1 {
                return Ok(false);
            }
            if let Some(reason) = outcomes.iter().find_map(fault) {
                let summary = "A delivery did not start all of its workflows".to_owned();
                events::delivery_failed(tx, webhook.id, &webhook.settings.name, summary, reason).await?;
            }
            Ok(true)
        })
    })
    .await
}

/// Writes down that an attempt came to nothing: the next one waits, and after the last one the
/// delivery has failed. True when that is so.
pub async fn postpone(db: &Db, organization: OrganizationId, id: DeliveryId, error: &Error) -> Result<bool> {
    let text = match error {
        Error::Internal(_) => OWN_FAULT.to_owned(),
        other => other.to_string(),
    };
    db.org(organization)
        .write(move |tx| {
            Box::pin(async move {
                let delivery = deliveries::find(tx, id).await?;
                let (attempts, time) = (delivery.attempts + 1, now());
                let is_last = attempts >= MAX_ATTEMPTS;
                let sql = Sql::new(
                    "UPDATE webhook_deliveries SET attempts = $2, error = $3, next_at = $4, state = $5, processed_at = $6
                     WHERE id = $1 AND state = 'pending'",
                )
                .bind(id)
                .bind(attempts)
                .bind(text.as_str())
                .bind(time + backoff(attempts))
                .bind(if is_last { State::Failed } else { State::Pending }.as_str())
                .bind(is_last.then_some(time));
                if tx.execute(sql).await? != 1 || !is_last {
                    return Ok(false);
                }
                let webhook = sources::find(tx, delivery.webhook_id, "").await?;
                let summary = format!("A delivery was given up after {attempts} attempts");
                events::delivery_failed(tx, webhook.id, &webhook.settings.name, summary, &text).await?;
                Ok(true)
            })
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_bounded() {
        let pauses: Vec<_> = (1..=MAX_ATTEMPTS).map(backoff).collect();
        assert_eq!((pauses[0], pauses[1], pauses[19]), (FIRST_PAUSE, FIRST_PAUSE * 2, LONGEST_PAUSE));
        assert!(pauses.is_sorted());
        let all = pauses[..19].iter().fold(TimeDelta::zero(), |sum, one| sum + *one);
        assert!(all > TimeDelta::hours(1) && all < TimeDelta::hours(3), "{all}");
        assert_eq!(
            (backoff(0), backoff(i64::MAX), backoff(i64::MIN)),
            (FIRST_PAUSE, LONGEST_PAUSE, FIRST_PAUSE)
        );
    }
}
