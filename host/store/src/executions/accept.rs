//! Accepting a run: one statement that also resolves the workflow and its version.

use super::{COLUMNS, read};
use crate::audit::{self, Event};
use crate::{Scoped, Sql, Tx, now};
use bifrost_core::*;
use chrono::{DateTime, SubsecRound, Utc};
use serde_json::Value;
use uuid::Uuid;

/// Longest idempotency key, in bytes.
const MAX_KEY: usize = 255;

/// A run that somebody asks for.
#[derive(Clone, Debug)]
pub struct NewExecution {
    /// One of the organization's own workflows or a global one.
    pub workflow_id: WorkflowId,
    /// The version to run; `None` for the active one. Must be of the workflow's workspace.
    pub version_id: Option<VersionId>,
    /// A JSON object, as submitted.
    pub parameters: Value,
    /// Who asks.
    pub executed_by: UserId,
    /// Their e-mail.
    pub executed_by_email: String,
    /// Their name.
    pub executed_by_name: String,
    /// What they may do.
    pub executed_by_role: Role,
    /// What the key allowed with which they asked.
    pub executed_by_ceiling: Permissions,
    /// The same key in the same organization gives the same execution.
    pub idempotency_key: Option<String>,
    /// The execution that this one repeats.
    pub rerun_of: Option<ExecutionId>,
    /// Whose turn comes first.
    pub priority: Priority,
    /// Not earlier than this; the run is Scheduled until then. What is past means at once.
    pub not_before: Option<DateTime<Utc>>,
    /// The schedule that somebody starts by hand.
    pub schedule_id: Option<ScheduleId>,
    /// The runs that led to it. What repeats a confined run is confined as well.
    pub lineage: Lineage,
    /// The delivery that it is started for. What repeats a run has its delivery.
    pub delivery_id: Option<DeliveryId>,
    /// The form that it is started through. What repeats a run has its form, and its startup.
    pub form_id: Option<FormId>,
    /// What the form's launch workflow has returned.
    pub startup: Option<Value>,
    /// The endpoint that was called for it.
    pub endpoint_id: Option<EndpointId>,
}

impl NewExecution {
    /// A run of the active version, asked for by `caller`.
    pub fn by(caller: &Caller, workflow_id: WorkflowId, parameters: Value) -> Self {
        Self {
            workflow_id,
            version_id: None,
            parameters,
            executed_by: caller.user,
            executed_by_email: caller.email.clone(),
            executed_by_name: caller.name.clone(),
            executed_by_role: caller.role,
            executed_by_ceiling: caller.ceiling,
            idempotency_key: None,
            rerun_of: None,
            priority: Priority::Normal,
            not_before: None,
            schedule_id: None,
            lineage: Lineage::default(),
            delivery_id: None,
            form_id: None,
            startup: None,
            endpoint_id: None,
        }
    }
}

/// A run that is in the database.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The run. Publish the ticket of its attempt 1.
    pub execution: Execution,
    /// False when the idempotency key had brought it here before. Publishing its
    /// ticket again does no harm.
    pub is_new: bool,
}

/// Accepts a run for the handle's organization, with its parameters in the row. When this
/// returns, power loss cannot undo it.
///
/// `NotFound` for a workflow or version that the organization does not have,
/// `Conflict` with `organization_inactive`, `workflow_inactive`, `run_too_deep`,
/// `too_many_runs` (of one family) or `idempotency_mismatch` (the key was used with
/// another workflow or parameters).
pub async fn accept(org: &Scoped, new: NewExecution) -> Result<Accepted> {
    accept_as(org, ExecutionId::new(), new, None).await
}

/// As [`accept`], under an id that is new; `stored` names the object that has the parameters
/// already.
pub(super) async fn accept_as(
    org: &Scoped,
    id: ExecutionId,
    new: NewExecution,
    stored: Option<String>,
) -> Result<Accepted> {
    if new.idempotency_key.as_ref().is_some_and(|key| key.is_empty() || key.len() > MAX_KEY) {
        return Err(Error::invalid("idempotency_key", format!("expected 1 to {MAX_KEY} bytes")));
    }
    let organization = org.organization()?;
    let trace = bifrost_core::trace::current();
    let run = Run { id, organization, stored, trace };
    let accepted = org.write(move |tx| Box::pin(async move { accept_in(tx, run, new).await })).await?;
    if accepted.is_new {
        count();
    }
    Ok(accepted)
}

/// Counts a run that is new and committed.
pub(crate) fn count() {
    metrics::counter!("bifrost_executions_accepted_total").increment(1);
}

/// What a new run is beside what was asked for.
pub(crate) struct Run {
    /// Its id.
    pub id: ExecutionId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Names the object that has the parameters already.
    pub stored: Option<String>,
    /// The trace of the request.
    pub trace: Option<String>,
}

/// Accepts a run as a part of a larger unit of work.
pub(crate) async fn accept_in(tx: &mut Tx, run: Run, new: NewExecution) -> Result<Accepted> {
    let Run { id, organization, stored, trace } = run;
    bound(tx, new.lineage).await?;
    let created_at = now();
    let not_before = new.not_before.map(|time| time.trunc_subsecs(6)).filter(|time| *time > created_at);
    let status = if not_before.is_some() { Status::Scheduled } else { Status::Pending };
    let sql = Sql::new(
        "INSERT INTO executions (id, organization_id, workflow_id, workflow_name, version_id, status, retry_on_loss,
           executed_by, executed_by_email, executed_by_name, executed_by_role, created_at, rerun_of, idempotency_key,
           parameters, priority, not_before, schedule_id, trace_parent, parameters_object,
           parent_id, root_id, depth, is_confined, executed_by_ceiling, delivery_id, form_id, startup,
           endpoint_id)
         SELECT $1, o.id, w.id, w.name, COALESCE($4, s.active_version_id), $14, w.retry_on_loss,
           $5, $6, $7, $13, $8, $9, $10, $11, $15, $16, $17, $18, $19,
           $20, $21, $22, $23 OR COALESCE((SELECT e.is_confined FROM executions e WHERE e.id = $9), false), $24,
           COALESCE($25, (SELECT e.delivery_id FROM executions e WHERE e.id = $9)),
           COALESCE($26, (SELECT e.form_id FROM executions e WHERE e.id = $9)),
           COALESCE($27, (SELECT e.startup FROM executions e WHERE e.id = $9)), $28
         FROM organizations o CROSS JOIN workflows w JOIN workspaces s ON s.id = w.workspace_id
         WHERE o.id = $2 AND o.is_active AND w.id = $3 AND w.is_active AND w.removed_at IS NULL
           AND w.scope_id IN ($2, $12) AND s.active_version_id IS NOT NULL
           AND ($4 IS NULL OR EXISTS (SELECT 1 FROM versions v WHERE v.id = $4 AND v.workspace_id = w.workspace_id))
         ON CONFLICT DO NOTHING
         RETURNING workflow_name, version_id, retry_on_loss, is_confined, delivery_id, form_id, startup",
    )
    .bind(id)
    .bind(organization)
    .bind(new.workflow_id)
    .bind(new.version_id)
    .bind(new.executed_by)
    .bind(new.executed_by_email.as_str())
    .bind(new.executed_by_name.as_str())
    .bind(created_at)
    .bind(new.rerun_of)
    .bind(new.idempotency_key.clone())
    .bind(if stored.is_some() { &Value::Null } else { &new.parameters })
    .bind(Uuid::nil())
    .bind(new.executed_by_role.as_str())
    .bind(status.as_str())
    .bind(new.priority.rank())
    .bind(not_before)
    .bind(new.schedule_id)
    .bind(trace)
    .bind(stored.clone())
    .bind(new.lineage.parent)
    .bind(new.lineage.root)
    .bind(new.lineage.depth)
    .bind(new.lineage.is_confined)
    .bind(Some(new.executed_by_ceiling).filter(|ceiling| *ceiling != Permissions::all()).map(Permissions::bits))
    .bind(new.delivery_id)
    .bind(new.form_id)
    .bind(new.startup.as_ref())
    .bind(new.endpoint_id);
    let event = Event::new("execution.submit")
        .within(organization)
        .target("execution", id)
        .detail("workflow", new.workflow_id)
        .maybe("parent", new.lineage.parent)
        .maybe("rerun_of", new.rerun_of)
        .maybe("schedule", new.schedule_id)
        .maybe("delivery", new.delivery_id)
        .maybe("form", new.form_id)
        .maybe("endpoint", new.endpoint_id)
        .maybe("not_before", not_before);
    let Some(row) = audit::insert(tx, sql, event).await? else {
        return existing(tx, organization, new).await;
    };
    let execution = Execution {
        id,
        organization_id: organization,
        workflow_id: new.workflow_id,
        workflow_name: row.get("workflow_name")?,
        version_id: row.get("version_id")?,
        status,
        parameters: new.parameters,
        executed_by: new.executed_by,
        executed_by_email: new.executed_by_email,
        executed_by_name: new.executed_by_name,
        executed_by_role: new.executed_by_role,
        executed_by_ceiling: new.executed_by_ceiling,
        attempt: 0,
        retry_on_loss: row.get("retry_on_loss")?,
        created_at,
        started_at: None,
        completed_at: None,
        outcome: None,
        rerun_of: new.rerun_of,
        not_before,
        schedule_id: new.schedule_id,
        stored: Stored { parameters: stored, ..Stored::default() },
        lineage: Lineage { is_confined: row.get("is_confined")?, ..new.lineage },
        delivery_id: row.opt("delivery_id")?,
        form_id: row.opt("form_id")?,
        startup: row.opt_document("startup")?,
        metering: None,
    };
    Ok(Accepted { execution, is_new: true })
}

/// Refuses what would let a run start runs without end.
pub(crate) async fn bound(tx: &mut Tx, lineage: Lineage) -> Result<()> {
    let Some(root) = lineage.root else { return Ok(()) };
    if lineage.depth > Lineage::MAX_DEPTH {
        let message = format!("more than {} runs have started each other", Lineage::MAX_DEPTH);
        return Err(Error::Conflict { code: "run_too_deep", message });
    }
    let sql = Sql::new("SELECT COUNT(*) AS runs FROM executions WHERE root_id = $1").bind(root);
    if tx.one(sql).await?.get::<i64>("runs")? >= Lineage::MAX_FAMILY {
        let message = format!("the first of these runs has led to {} others already", Lineage::MAX_FAMILY);
        return Err(Error::Conflict { code: "too_many_runs", message });
    }
    Ok(())
}

/// Nothing was inserted: the key was there, or the request cannot be accepted.
async fn existing(tx: &mut Tx, organization: OrganizationId, new: NewExecution) -> Result<Accepted> {
    if let Some(key) = &new.idempotency_key {
        let sql = Sql::new(format!(
            "SELECT {COLUMNS} FROM executions WHERE organization_id = $1 AND idempotency_key = $2"
        ));
        if let Some(row) = tx.optional(sql.bind(organization).bind(key.as_str())).await? {
            let execution = read(&row)?;
            let same = match &execution.stored.parameters {
                Some(name) => super::documents::is_of(name, &new.parameters),
                None => execution.parameters == new.parameters,
            };
            if execution.workflow_id != new.workflow_id || !same {
                let message = "this idempotency key was used for another request".into();
                return Err(Error::Conflict { code: "idempotency_mismatch", message });
            }
            return Ok(Accepted { execution, is_new: false });
        }
    }
    let sql = Sql::new("SELECT is_active FROM organizations WHERE id = $1").bind(organization);
    let row = tx.optional(sql).await?.ok_or(Error::NotFound("organization"))?;
    if !row.get::<bool>("is_active")? {
        let message = "this organization is not active".into();
        return Err(Error::Conflict { code: "organization_inactive", message });
    }
    let sql = Sql::new(
        "SELECT is_active FROM workflows WHERE id = $1 AND scope_id IN ($2, $3) AND removed_at IS NULL",
    );
    let sql = sql.bind(new.workflow_id).bind(organization).bind(Uuid::nil());
    let row = tx.optional(sql).await?.ok_or(Error::NotFound("workflow"))?;
    if !row.get::<bool>("is_active")? {
        let message = "this workflow is switched off".into();
        return Err(Error::Conflict { code: "workflow_inactive", message });
    }
    Err(Error::NotFound("version"))
}
