//! Endpoints: at which path of an organization which workflow answers plain HTTP, and to whom.
//! Some are made by people, others stand in the workspace's code and follow its deployments.

mod decorated;

pub(crate) use decorated::synchronize;

use crate::audit::{Event, record};
use crate::error::taken;
use crate::{Row, Scoped, Sql, Tx, now};
use bifrost_core::endpoint::{MAX_DEADLINE_SECONDS, check_rate, check_slug};
use bifrost_core::{
    EndpointId, EndpointMode, EndpointSource, Error, OrganizationId, Result, UserId, Verb, WorkflowId,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Most endpoints that people can make in one organization.
pub const MAX_ENDPOINTS: i64 = 1_000;
/// Said of a slug that is taken.
const TAKEN: &str = "the organization has an endpoint with this slug already";

/// An endpoint as the database has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// For whom its runs are.
    pub organization_id: OrganizationId,
    /// What it runs.
    pub workflow_id: WorkflowId,
    /// The workflow's name now.
    pub workflow_name: String,
    /// Who made it.
    pub source: EndpointSource,
    /// What can be changed; of one from a decorator, all but methods and mode.
    pub settings: Settings,
    /// Who made it, or deployed it.
    pub created_by: UserId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Last changed by somebody.
    pub updated_at: DateTime<Utc>,
}

impl Endpoint {
    /// Where it is reached, below the platform's address.
    pub fn path(&self) -> String {
        format!("/api/endpoints/{}/{}", self.organization_id, self.settings.slug)
    }
}

/// What an endpoint is like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The last part of its path; one of a kind within the organization.
    pub slug: String,
    /// The methods that it takes.
    pub methods: Vec<Verb>,
    /// What its answers are.
    pub mode: EndpointMode,
    /// How long an answer waits for the run.
    pub deadline_seconds: u32,
    /// True: no key is asked for.
    pub is_public: bool,
    /// Requests per minute.
    pub rate_per_minute: u32,
    /// False: as if it were not there.
    pub is_enabled: bool,
}

impl Settings {
    fn check(mut self) -> Result<Self> {
        check_slug(&self.slug)?;
        check_rate(self.rate_per_minute)?;
        self.methods.sort();
        self.methods.dedup();
        if self.methods.is_empty() {
            return Err(Error::invalid("methods", "expected at least one of GET, POST, PUT, PATCH, DELETE"));
        }
        if !(1..=MAX_DEADLINE_SECONDS).contains(&self.deadline_seconds) {
            let message = format!("expected 1 to {MAX_DEADLINE_SECONDS}");
            return Err(Error::invalid("deadline_seconds", message));
        }
        Ok(self)
    }
}

const SELECT: &str =
    "SELECT e.id, e.organization_id, e.workflow_id, w.name AS workflow_name, e.source, e.slug, e.methods, e.mode,
   e.deadline_seconds, e.is_public, e.rate_per_minute, e.is_enabled, e.created_by, e.created_at, e.updated_at
 FROM endpoints e JOIN workflows w ON w.id = e.workflow_id";

/// Makes an endpoint in the handle's organization. `NotFound` for a workflow that it does not
/// have, `Conflict` with `already_exists` for a slug that is taken, or `too_many_endpoints`.
pub async fn create(
    org: &Scoped,
    workflow: WorkflowId,
    settings: Settings,
    created_by: UserId,
) -> Result<Endpoint> {
    let (organization, settings) = (org.organization()?, settings.check()?);
    org.write(move |tx| {
        Box::pin(async move { create_in(tx, organization, workflow, settings, created_by).await })
    })
    .await
}

async fn create_in(
    tx: &mut Tx,
    organization: OrganizationId,
    workflow: WorkflowId,
    settings: Settings,
    created_by: UserId,
) -> Result<Endpoint> {
    let count = Sql::new("SELECT COUNT(*) AS n FROM endpoints WHERE organization_id = $1 AND source = 'api'")
        .bind(organization);
    if tx.one(count).await?.get::<i64>("n")? >= MAX_ENDPOINTS {
        let message = format!("there are {MAX_ENDPOINTS} endpoints already");
        return Err(Error::Conflict { code: "too_many_endpoints", message });
    }
    let id = EndpointId::new();
    let sql = Sql::new(
        "INSERT INTO endpoints (id, organization_id, workflow_id, source, slug, methods, mode, deadline_seconds, is_public,
           rate_per_minute, is_enabled, created_by, created_at, updated_at)
         SELECT $1, $2, w.id, 'api', $4, $5, $6, $7, $8, $9, $10, $11, $12, $12 FROM workflows w
         WHERE w.id = $3 AND w.removed_at IS NULL AND w.scope_id IN ($2, $13)",
    )
    .bind(id)
    .bind(organization)
    .bind(workflow)
    .bind(settings.slug.as_str())
    .bind(crate::Value::json(&settings.methods)?)
    .bind(settings.mode.as_str())
    .bind(settings.deadline_seconds)
    .bind(settings.is_public)
    .bind(settings.rate_per_minute)
    .bind(settings.is_enabled)
    .bind(created_by)
    .bind(now())
    .bind(Uuid::nil());
    if tx.execute(sql).await.map_err(taken(TAKEN))? == 0 {
        return Err(Error::NotFound("workflow"));
    }
    let made = find(tx, id, "").await?;
    let event = Event::new("endpoint.create")
        .target("endpoint", id)
        .detail("workflow", &made.workflow_name)
        .detail("slug", &made.settings.slug)
        .detail("methods", &made.settings.methods)
        .detail("mode", made.settings.mode)
        .detail("is_public", made.settings.is_public)
        .detail("is_enabled", made.settings.is_enabled);
    record(tx, event).await?;
    Ok(made)
}

/// Changes an endpoint of the handle's organization to what `change` makes of its settings.
/// `Conflict` with `endpoint_from_code` for what the decorator says.
pub async fn update(
    org: &Scoped,
    id: EndpointId,
    change: impl FnOnce(Settings) -> Settings + Send + 'static,
) -> Result<Endpoint> {
    org.write(move |tx| Box::pin(async move { update_in(tx, id, change).await })).await
}

async fn update_in(
    tx: &mut Tx,
    id: EndpointId,
    change: impl FnOnce(Settings) -> Settings + Send,
) -> Result<Endpoint> {
    let lock = tx.engine().for_update_of("e");
    let Endpoint { source, settings: old, .. } = find(tx, id, &lock).await?;
    let new = change(old.clone()).check()?;
    if source == EndpointSource::Decorator && (new.methods != old.methods || new.mode != old.mode) {
        return Err(from_code());
    }
    let sql = Sql::new(
        "UPDATE endpoints SET slug = $2, methods = $3, mode = $4, deadline_seconds = $5, is_public = $6,
           rate_per_minute = $7, is_enabled = $8, updated_at = $9 WHERE id = $1",
    )
    .bind(id)
    .bind(new.slug.as_str())
    .bind(crate::Value::json(&new.methods)?)
    .bind(new.mode.as_str())
    .bind(new.deadline_seconds)
    .bind(new.is_public)
    .bind(new.rate_per_minute)
    .bind(new.is_enabled)
    .bind(now());
    tx.execute(sql).await.map_err(taken(TAKEN))?;
    let event = Event::new("endpoint.update")
        .target("endpoint", id)
        .change("slug", &old.slug, &new.slug)
        .change("methods", &old.methods, &new.methods)
        .change("mode", &old.mode, &new.mode)
        .change("deadline_seconds", &old.deadline_seconds, &new.deadline_seconds)
        .change("is_public", &old.is_public, &new.is_public)
        .change("rate_per_minute", &old.rate_per_minute, &new.rate_per_minute)
        .change("is_enabled", &old.is_enabled, &new.is_enabled);
    record(tx, event).await?;
    find(tx, id, "").await
}

fn from_code() -> Error {
    let message = "this endpoint stands in the workspace's code: change its decorator, or disable it".into();
    Error::Conflict { code: "endpoint_from_code", message }
}

/// Deletes an endpoint of the handle's organization; its runs stay. `Conflict` with
/// `endpoint_from_code` for one that the next deployment would bring back.
pub async fn delete(org: &Scoped, id: EndpointId) -> Result<()> {
    org.write(move |tx| {
        Box::pin(async move {
            let old = find(tx, id, "").await?;
            if old.source == EndpointSource::Decorator {
                return Err(from_code());
            }
            tx.execute(Sql::new("DELETE FROM endpoints WHERE id = $1").bind(id)).await?;
            let event = Event::new("endpoint.delete")
                .target("endpoint", id)
                .detail("workflow", &old.workflow_name)
                .detail("slug", &old.settings.slug);
            record(tx, event).await
        })
    })
    .await
}

/// Endpoints of the handle's organization, by slug.
pub async fn list(org: &Scoped) -> Result<Vec<Endpoint>> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE e.organization_id = ").push_bind(org.organization()?).push(" ORDER BY e.slug");
    org.read().await?.all(sql).await?.iter().map(read).collect()
}

/// One endpoint of the handle's organization.
pub async fn get(org: &Scoped, id: EndpointId) -> Result<Endpoint> {
    find(&mut org.read().await?, id, "").await
}

/// The endpoint at a path of the handle's organization, if that and the endpoint are active.
pub async fn at(org: &Scoped, slug: &str) -> Result<Option<Endpoint>> {
    let mut sql = Sql::new(SELECT);
    sql.push(" JOIN organizations o ON o.id = e.organization_id WHERE o.is_active AND e.is_enabled");
    sql.push(" AND e.organization_id = ").push_bind(org.organization()?);
    sql.push(" AND e.slug = ").push_bind(slug);
    org.read().await?.optional(sql).await?.as_ref().map(read).transpose()
}

/// The endpoints at which a workflow answers for the handle's organization, by path.
pub async fn enabled_of(org: &Scoped, workflow: WorkflowId) -> Result<Vec<Endpoint>> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE e.is_enabled AND e.organization_id = ").push_bind(org.organization()?);
    sql.push(" AND e.workflow_id = ").push_bind(workflow).push(" ORDER BY e.slug");
    org.read().await?.all(sql).await?.iter().map(read).collect()
}

/// What people call the endpoints of a workflow.
pub(crate) async fn of_workflow(tx: &mut Tx, workflow: WorkflowId) -> Result<Vec<String>> {
    let sql = Sql::new("SELECT slug FROM endpoints WHERE workflow_id = $1 ORDER BY slug").bind(workflow);
    tx.all(sql).await?.iter().map(|row| row.get("slug")).collect()
}

async fn find(tx: &mut Tx, id: EndpointId, lock: &str) -> Result<Endpoint> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE e.id = ").push_bind(id);
    sql.push(" AND e.organization_id = ").push_bind(tx.access().scope_id()?).push(lock);
    read(&tx.optional(sql).await?.ok_or(Error::NotFound("endpoint"))?)
}

fn read(row: &Row) -> Result<Endpoint> {
    Ok(Endpoint {
        id: row.get("id")?,
        organization_id: row.get("organization_id")?,
        workflow_id: row.get("workflow_id")?,
        workflow_name: row.get("workflow_name")?,
        source: row.parse("source")?,
        settings: Settings {
            slug: row.get("slug")?,
            methods: row.document("methods")?,
            mode: row.parse("mode")?,
            deadline_seconds: row.get("deadline_seconds")?,
            is_public: row.get("is_public")?,
            rate_per_minute: row.get("rate_per_minute")?,
            is_enabled: row.get("is_enabled")?,
        },
        created_by: row.get("created_by")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
