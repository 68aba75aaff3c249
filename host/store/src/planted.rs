//! Faults that the chaos harness has to find; `docs/decisions/0005-chaos.md` says what
//! each of them breaks. Compiled with the feature `planted-faults` alone, which no build of
//! the program for use has, and even then off unless `BIFROST_PLANTED` names one.

use crate::{Db, RabbitOptions, RabbitQueue, Sql, now};
use bifrost_core::ports::{Delivery, Queue, Ticket};
use bifrost_core::{ExecutionId, Result};
use std::sync::LazyLock;
use std::time::Duration;
use tokio::sync::OnceCell;

static PLANTED: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("BIFROST_PLANTED").ok());
/// As wide as the round trips of a loaded database may make it.
const WINDOW: Duration = Duration::from_millis(300);

/// True when this fault is switched on.
pub fn is(name: &str) -> bool {
    PLANTED.as_deref() == Some(name)
}

/// `ack-before-lease`: the queue forgets the ticket before anybody holds the run.
pub async fn acknowledged(delivery: Delivery) -> Delivery {
    if !is("ack-before-lease") {
        return delivery;
    }
    let ticket = delivery.ticket;
    if let Err(error) = delivery.ack().await {
        tracing::warn!("not acknowledged: {error:#}");
    }
    Delivery::taken(ticket)
}

/// `ack-before-lease`: the backlog forgets it as well, in a transaction of its own. Tells
/// the status from which the lease is taken then.
pub(crate) async fn admitted(db: &Db, ticket: Ticket) -> Result<&'static str> {
    if !is("ack-before-lease") {
        return Ok("Pending");
    }
    let sql = Sql::new(
        "UPDATE executions SET status = 'Running' WHERE id = $1 AND attempt = $2 - 1 AND status = 'Pending'
           AND (not_before IS NULL OR not_before <= $3)",
    );
    let sql = sql.bind(ticket.execution).bind(ticket.attempt).bind(now());
    db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await?;
    tokio::time::sleep(WINDOW).await;
    Ok("Running")
}

/// `no-fencing`: how a token has to compare with the lease's. Tokens only grow, so that
/// every older one passes as well.
pub(crate) fn fence() -> &'static str {
    if is("no-fencing") { ">=" } else { "=" }
}

/// `no-outbox`: what the backlog leaves to whoever accepted the run.
pub(crate) fn not_relayed() -> &'static str {
    if is("no-outbox") { " AND (attempt > 0 OR schedule_id IS NOT NULL)" } else { "" }
}

/// `no-outbox`: whoever accepted the run publishes its first ticket, after the commit.
///
/// # Errors
/// When the broker does not take it.
pub async fn relay(execution: ExecutionId, is_new: bool) -> Result<()> {
    static QUEUE: OnceCell<RabbitQueue> = OnceCell::const_new();
    if !is("no-outbox") || !is_new {
        return Ok(());
    }
    let connect = || async {
        let url = std::env::var("AMQP_URL").unwrap_or_default();
        RabbitQueue::connect(&url, RabbitOptions::default()).await
    };
    QUEUE.get_or_try_init(connect).await?.publish(Ticket { execution, attempt: 1 }).await
}
