//! What workflows were good for, and what they took.

use super::egress::{EgressUsage, QuotaUsage};
use crate::auth::may;
use crate::extract::{Path, Query};
use crate::problem::ApiResult;
use crate::responses::Reads;
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::files::{MAX_BYTES, MAX_FILES};
use bifrost_core::roi::Roi;
use bifrost_core::{Error, OrganizationId, Permission, WorkflowId, documents};
use bifrost_store::usage::{self, By, Month, Saved};
use bifrost_store::{executions, files, organizations, tables};
use serde::{Deserialize, Serialize};

/// How sums are split, beside by month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TimeSavedBy {
    /// Not at all.
    #[default]
    Month,
    /// By workflow.
    Workflow,
    /// By organization, of all of them; for those with `platform.organizations`.
    Organization,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TimeSavedQuery {
    /// The first month of UTC, such as `2026-01`; the present one if absent.
    from: Option<String>,
    /// The last month; the present one if absent.
    to: Option<String>,
    /// How sums are split, beside by month.
    #[serde(default)]
    #[param(inline)]
    by: TimeSavedBy,
}

/// What runs have saved.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct TimeSavedEntry {
    /// Such as `2026-01`, of UTC: when the runs ended.
    month: String,
    /// Split by workflow: which, and its name now.
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow_id: Option<WorkflowId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow_name: Option<String>,
    /// Split by organization: which, and its name now.
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<OrganizationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_name: Option<String>,
    #[serde(flatten)]
    sum: TimeSavedSum,
}

/// A sum.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct TimeSavedSum {
    /// Runs that saved something.
    runs: i64,
    /// Time, in minutes.
    minutes: f64,
    /// `context.roi.value`, in whatever the organization counts in.
    value: f64,
}

/// Sums by month.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct TimeSaved {
    /// The first month.
    from: String,
    /// The last month.
    to: String,
    /// By month, then the most first; months without any are left out.
    entries: Vec<TimeSavedEntry>,
    /// Of all entries.
    total: TimeSavedSum,
}

impl TimeSavedSum {
    fn of(runs: i64, roi: Roi) -> Self {
        Self { runs, minutes: roi.minutes(), value: roi.value() }
    }
}

impl From<Saved> for TimeSavedEntry {
    fn from(saved: Saved) -> Self {
        let (workflow_id, workflow_name) = saved.workflow.unzip();
        let (organization_id, organization_name) = saved.organization.unzip();
        let sum = TimeSavedSum::of(saved.runs, saved.roi);
        Self { month: saved.month, workflow_id, workflow_name, organization_id, organization_name, sum }
    }
}

fn month(field: &str, text: Option<&str>) -> Result<Month, Error> {
    let Some(text) = text else { return Ok(Month::of(bifrost_store::now())) };
    text.parse().map_err(|_| Error::invalid(field, "expected a year and a month, such as 2026-01"))
}

/// Sums what runs have saved, by month. What a run has saved, it says in `context.roi`, or else its
/// workflow's decorator. Kept when the runs are gone.
#[utoipa::path(get, path = "/api/usage/time-saved", operation_id = "time_saved", tag = "usage",
    params(TimeSavedQuery), responses((status = 200, body = TimeSaved), Reads))]
pub(crate) async fn time_saved(
    State(state): State<ApiState>,
    may::ReadExecutions(auth): may::ReadExecutions,
    Query(query): Query<TimeSavedQuery>,
) -> ApiResult<Json<TimeSaved>> {
    let (from, to) = (month("from", query.from.as_deref())?, month("to", query.to.as_deref())?);
    if from > to {
        return Err(Error::invalid("from", "expected a month that is not after `to`").into());
    }
    let org = auth.org(&state);
    let all = match query.by {
        TimeSavedBy::Month => usage::time_saved(&org, &from, &to, By::Month).await?,
        TimeSavedBy::Workflow => usage::time_saved(&org, &from, &to, By::Workflow).await?,
        TimeSavedBy::Organization => {
            auth.need(Permission::ManageOrganizations)?;
            usage::time_saved_by_all(&state.db, &from, &to).await?
        }
    };
    let roi = Roi {
        seconds: all.iter().map(|one| one.roi.seconds).sum(),
        value: all.iter().map(|one| one.roi.value).sum(),
    };
    let total = TimeSavedSum::of(all.iter().map(|one| one.runs).sum(), roi);
    let entries = all.into_iter().map(Into::into).collect();
    let (from, to) = (from.as_str().to_owned(), to.as_str().to_owned());
    Ok(Json(TimeSaved { from, to, entries, total }))
}

/// What an organization uses of what it may.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct OrganizationUsage {
    /// The present one, such as `2026-01`, of UTC.
    month: String,
    /// Runs that were accepted in it, those that are deleted already left out.
    runs: i64,
    /// Processor time of these runs, in milliseconds.
    computing_ms: i64,
    /// Runs under way.
    running: QuotaUsage,
    egress: EgressUsage,
    files: QuotaUsage,
    file_bytes: QuotaUsage,
    tables: QuotaUsage,
    /// Of their documents. Each table has a quota of its own, all together have none.
    table_bytes: QuotaUsage,
}

/// What an organization uses now, today and this month, beside what it may.
#[utoipa::path(get, path = "/api/organizations/{id}/usage", operation_id = "get_organization_usage",
    tag = "organizations", params(("id" = OrganizationId, Path)),
    responses((status = 200, body = OrganizationUsage), Reads))]
pub(crate) async fn of_organization(
    State(state): State<ApiState>,
    _: may::ManageOrganizations,
    Path(id): Path<OrganizationId>,
) -> ApiResult<Json<OrganizationUsage>> {
    let limits = organizations::get(&state.db.system(), id).await?.limits;
    let (org, now) = (state.db.org(id), bifrost_store::now());
    let spent = executions::spent(&org, Month::began(now)).await?;
    let (files, tables) = (files::used(&org).await?, tables::used(&org).await?);
    Ok(Json(OrganizationUsage {
        month: Month::of(now).as_str().to_owned(),
        runs: spent.runs,
        computing_ms: spent.computing_ms,
        running: QuotaUsage::new(spent.running, Some(limits.concurrent_runs)),
        egress: EgressUsage::of(&org).await?,
        files: QuotaUsage::new(files.files, Some(MAX_FILES.unsigned_abs())),
        file_bytes: QuotaUsage::new(files.bytes, Some(MAX_BYTES.unsigned_abs())),
        tables: QuotaUsage::new(tables.tables, Some(documents::MAX_TABLES.unsigned_abs())),
        table_bytes: QuotaUsage::new(tables.bytes, None),
    }))
}
