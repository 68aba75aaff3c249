//! How many runs there were.

use super::executions::instant;
use crate::auth::Auth;
use crate::extract::Query;
use crate::problem::ApiResult;
use crate::responses::Reads;
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{Error, OrganizationId, Permission};
use bifrost_store::executions::{self, Counts};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How runs are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CountBy {
    /// In each hour from `from` on.
    #[default]
    Hour,
    /// In each 24 hours from `from` on.
    Day,
    /// In the whole time, by organization.
    Organization,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunCountsQuery {
    /// Accepted at or after; RFC 3339, or a date. A day before `to` if absent.
    from: Option<String>,
    /// Accepted before; now if absent. At most 31 days after `from` by hour, else 366.
    to: Option<String>,
    /// By `hour` or `day`, counted from `from`, or by `organization`, of all of them; that is for those with
    /// `executions.read`, `platform.organizations` and `platform.enter`.
    #[serde(default)]
    #[param(inline)]
    by: CountBy,
}

/// How many runs stand where.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct RunCount {
    /// All of them.
    runs: i64,
    succeeded: i64,
    /// Failed, timed out, or ended with errors of their own.
    failed: i64,
    cancelled: i64,
    /// Have not ended.
    open: i64,
}

/// Runs of a part.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct RunCountEntry {
    /// By time: where the hour or day begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<DateTime<Utc>>,
    /// By organization: which, and its name now.
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<OrganizationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_name: Option<String>,
    #[serde(flatten)]
    count: RunCount,
}

/// Runs by time, or by organization.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct RunCounts {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    /// The oldest first, or the most runs first; without those that had none.
    entries: Vec<RunCountEntry>,
    /// Of all entries.
    total: RunCount,
}

impl From<Counts> for RunCount {
    fn from(counts: Counts) -> Self {
        let Counts { succeeded, failed, cancelled, open } = counts;
        Self { runs: counts.total(), succeeded, failed, cancelled, open }
    }
}

/// Counts runs. End users have their own counted only.
#[utoipa::path(get, path = "/api/usage/runs", operation_id = "count_runs", tag = "usage",
    params(RunCountsQuery), responses((status = 200, body = RunCounts), Reads))]
pub(crate) async fn count(
    State(state): State<ApiState>,
    auth: Auth,
    Query(query): Query<RunCountsQuery>,
) -> ApiResult<Json<RunCounts>> {
    let to = instant("to", query.to)?.unwrap_or_else(bifrost_store::now);
    let day_before = to.checked_sub_signed(TimeDelta::days(1)).unwrap_or(to);
    let from = instant("from", query.from)?.unwrap_or(day_before);
    let most = TimeDelta::days(if query.by == CountBy::Hour { 31 } else { 366 });
    if from >= to || to - from > most {
        let message = format!("expected a time before `to`, by at most {} days", most.num_days());
        return Err(Error::invalid("from", message).into());
    }
    if query.by == CountBy::Organization {
        for permission in
            [Permission::ReadExecutions, Permission::ManageOrganizations, Permission::EnterOrganizations]
        {
            auth.need(permission)?;
        }
        let all = executions::counts_by_organization(&state.db, from, to).await?;
        let total: Counts = all.iter().map(|(_, _, counts)| *counts).sum();
        let entries = all.into_iter().map(|(id, name, counts)| RunCountEntry {
            from: None,
            organization_id: Some(id),
            organization_name: Some(name),
            count: counts.into(),
        });
        return Ok(Json(RunCounts { from, to, entries: entries.collect(), total: total.into() }));
    }
    let step = if query.by == CountBy::Hour { TimeDelta::hours(1) } else { TimeDelta::days(1) };
    let all = executions::counts_by_time(&auth.org(&state), from, to, step, auth.sees_only()).await?;
    let total: Counts = all.iter().map(|(_, counts)| *counts).sum();
    let entries = all.into_iter().map(|(begin, counts)| RunCountEntry {
        from: Some(begin),
        organization_id: None,
        organization_name: None,
        count: counts.into(),
    });
    Ok(Json(RunCounts { from, to, entries: entries.collect(), total: total.into() }))
}
