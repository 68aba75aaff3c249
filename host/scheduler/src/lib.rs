//! Decides what runs next. One scheduler leads, others stand by: the dispatcher admits
//! runs from the backlog to the queue, the clock starts what was scheduled, the sweeper
//! finds lost ones, those whose ticket the queue gave up on are decided about, the audit log is
//! chained, deliveries of webhooks become runs, tokens of integrations are renewed before they
//! expire, people are told of what went wrong, retention takes away what is old, files and opened
//! forms among it, and organizations that leave are taken out.

mod adapters;
mod audit;
mod dead_letters;
mod dispatcher;
mod fairness;
mod files;
mod forms;
mod leader;
mod notifications;
mod oauth;
mod observe;
mod offboarding;
mod retention;
mod schedules;
mod sweep;
mod webhooks;

pub use adapters::Adapters;
pub use dead_letters::reconcile;
pub use dispatcher::Dispatcher;
pub use fairness::{Line, Turns};
pub use files::Files;
pub use forms::step as expire_forms;
pub use notifications::{deliver as send_notifications, process as process_notifications};
pub use oauth::step as renew_tokens;
pub use retention::Retention;
pub use schedules::step;
pub use sweep::sweep;
pub use webhooks::step as process_deliveries;

use bifrost_core::ports::{Bus, Objects, Queue};
use bifrost_notify::Notifier;
use bifrost_oauth::OAuth;
use bifrost_store::Db;
use chrono::TimeDelta;
use std::sync::Arc;
use std::time::Duration;

/// How a scheduler works.
#[derive(Clone, Debug)]
pub struct SchedulerSettings {
    /// Names this process.
    pub holder: String,
    /// Between two looks at the backlog when nobody says that there is work.
    pub idle: Duration,
    /// How long runs are kept after their end; `None` for ever.
    pub keep: Option<TimeDelta>,
    /// How long entries of the audit log are kept; `None` for ever.
    pub keep_audit: Option<TimeDelta>,
}

/// Leads when no other scheduler does, until `stop`; then lets go of the lead.
#[expect(clippy::too_many_arguments, reason = "the engines, each of which has its type")]
pub async fn run(
    db: Db,
    queue: Arc<dyn Queue>,
    bus: Arc<dyn Bus>,
    objects: Arc<dyn Objects>,
    oauth: OAuth,
    notifier: Notifier,
    settings: SchedulerSettings,
    stop: impl Future<Output = ()>,
) {
    let (leads, campaign) = leader::campaign(db.clone(), "scheduler", settings.holder);
    let dispatcher = Dispatcher::new(db.clone(), queue.clone());
    let retention = Retention::new(db.clone(), objects.clone(), settings.keep);
    let files = Files::new(db.clone(), objects.clone());
    let work = async move {
        tokio::join!(
            dispatcher.run(bus.clone(), leads.clone(), settings.idle),
            schedules::run(db.clone(), bus.clone(), leads.clone()),
            observe::run(db.clone(), leads.clone()),
            dead_letters::run(db.clone(), queue, bus.clone(), leads.clone()),
            retention.run(leads.clone()),
            files.run(leads.clone()),
            forms::run(db.clone(), objects.clone(), leads.clone()),
            webhooks::run(db.clone(), objects.clone(), bus.clone(), leads.clone()),
            oauth::run(db.clone(), oauth, leads.clone()),
            notifications::run(db.clone(), bus.clone(), notifier, leads.clone()),
            offboarding::run(db.clone(), objects, bus.clone(), leads.clone()),
            audit::run(db.clone(), settings.keep_audit, leads.clone()),
            sweep::run(db, bus, leads),
        )
    };
    tokio::select! {
        _ = work => {}
        () = stop => {}
    }
    // Fails when it panicked; then the lead runs out by itself.
    let _ = campaign.await;
}
