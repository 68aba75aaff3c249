//! Schedules that stand in a workspace's code.

use crate::workspaces::Version;
use crate::{Sql, Tx, now};
use bifrost_core::*;

/// Brings the schedules from decorators to what a version says. What an administrator
/// decided about one (paused, overlap, catch-up) stays.
pub(crate) async fn synchronize(tx: &mut Tx, version: &Version, report: &WorkspaceReport) -> Result<()> {
    let mut kept: Vec<ScheduleId> = Vec::new();
    for info in &report.workflows {
        // One that cannot be was warned of when the workspace was built.
        if let Some(Ok(timetable)) = schedule::decorated(info) {
            kept.push(upsert(tx, version, info, &timetable).await?);
        }
    }
    let mut sql = Sql::new(
        "DELETE FROM schedules WHERE source = 'decorator' AND workflow_id IN (SELECT w.id FROM workflows w WHERE w.workspace_id = ",
    );
    sql.push_bind(version.workspace_id).push(")");
    if !kept.is_empty() {
        sql.push(" AND id NOT IN (");
        for (index, id) in kept.into_iter().enumerate() {
            sql.push(if index == 0 { "" } else { ", " }).push_bind(id);
        }
        sql.push(")");
    }
    tx.execute(sql).await.map(drop)
}

async fn upsert(
    tx: &mut Tx,
    version: &Version,
    info: &WorkflowInfo,
    timetable: &Timetable,
) -> Result<ScheduleId> {
    let expression = info.defaults.get("schedule").and_then(|text| text.as_str()).unwrap_or_default();
    let time = now();
    let sql = Sql::new(
        "INSERT INTO schedules (id, organization_id, workflow_id, source, name, cron, time_zone, overlap, catch_up,
           next_at, created_by, created_at, updated_at, parameters)
         SELECT $1, $2, w.id, 'decorator', w.name, $6, $7, $8, $9, $10, $11, $12, $12, $13 FROM workflows w
         WHERE w.workspace_id = $3 AND w.path = $4 AND w.function = $5
         ON CONFLICT (workflow_id) WHERE source = 'decorator' DO UPDATE SET name = excluded.name, cron = excluded.cron,
           time_zone = excluded.time_zone, updated_at = excluded.updated_at,
           next_at = CASE WHEN schedules.cron = excluded.cron AND schedules.time_zone = excluded.time_zone
             THEN schedules.next_at ELSE excluded.next_at END
         RETURNING id",
    )
    .bind(ScheduleId::new())
    .bind(version.organization_id)
    .bind(version.workspace_id)
    .bind(info.path.as_str())
    .bind(info.function.as_str())
    .bind(expression.trim())
    .bind(timetable.zone().name())
    .bind(Overlap::Skip.as_str())
    .bind(CatchUp::Last.as_str())
    .bind(timetable.next_after(time))
    .bind(version.created_by)
    .bind(time)
    .bind(serde_json::json!({}));
    tx.one(sql).await?.get("id")
}

/// What people call the schedules that would lose this workflow.
pub(crate) async fn of_workflow(tx: &mut Tx, workflow: WorkflowId) -> Result<Vec<String>> {
    let sql =
        Sql::new("SELECT name FROM schedules WHERE workflow_id = $1 AND source = 'api' ORDER BY name, id");
    tx.all(sql.bind(workflow)).await?.iter().map(|row| row.get("name")).collect()
}
