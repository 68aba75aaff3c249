//! Somebody fills in a form: what its address brought, what its launch workflow returned, and the
//! files that were sent. None of it is told again by a browser when the form is submitted.

use crate::audit::{Event, record};
use crate::{Db, Scoped, Sql, Tx, files, now};
use bifrost_core::files::UPLOADS;
use bifrost_core::ports::Objects;
use bifrost_core::{Error, ExecutionId, FormId, FormSessionId, OrganizationId, Result, UploadId, UserId};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// How long a form can be filled in after it was opened.
pub const LIFE: TimeDelta = TimeDelta::hours(24);
/// Most forms that one person has open in one organization.
pub const MAX_SESSIONS: i64 = 500;
/// Most files that are sent with one opened form.
pub const MAX_UPLOADS: i64 = 200;
/// Largest result of a launch workflow, in bytes of JSON: rules look at it with every key that is
/// pressed.
pub const MAX_STARTUP: usize = 64 << 10;

/// A form that somebody has opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Its id.
    pub id: FormSessionId,
    /// For which organization.
    pub organization_id: OrganizationId,
    /// Which form.
    pub form_id: FormId,
    /// By whom.
    pub user_id: UserId,
    /// What the address brought, as far as the form takes it.
    pub query: Map<String, Value>,
    /// What the launch workflow returned.
    pub startup: Option<Value>,
    /// Not good any more from then on.
    pub expires_at: DateTime<Utc>,
}

/// A form to open.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Which form.
    pub form_id: FormId,
    /// By whom.
    pub user_id: UserId,
    /// What the address brought, as far as the form takes it.
    pub query: Map<String, Value>,
    /// What the launch workflow returned, an object of at most [`MAX_STARTUP`].
    pub startup: Option<Value>,
    /// The run that returned it.
    pub launched: Option<ExecutionId>,
}

/// A file that is sent with a form.
#[derive(Clone, Debug, PartialEq)]
pub struct Upload {
    /// Its id, which is the value of the field.
    pub id: UploadId,
    /// The field.
    pub field: String,
    /// Its path in the location `uploads`.
    pub path: String,
}

/// Opens a form in the handle's organization. `Conflict` with `too_many_sessions`.
pub async fn open(org: &Scoped, new: NewSession) -> Result<Session> {
    let session = Session {
        id: FormSessionId::new(),
        organization_id: org.organization()?,
        form_id: new.form_id,
        user_id: new.user_id,
        query: new.query,
        startup: new.startup,
        expires_at: now() + LIFE,
    };
    org.write(move |tx| Box::pin(async move { open_in(tx, session, new.launched).await })).await
}

async fn open_in(tx: &mut Tx, session: Session, launched: Option<ExecutionId>) -> Result<Session> {
    let sql = Sql::new(
        "SELECT COUNT(*) AS n FROM form_sessions WHERE organization_id = $1 AND user_id = $2 AND expires_at > $3",
    );
    let sql = sql.bind(session.organization_id).bind(session.user_id).bind(now());
    if tx.one(sql).await?.get::<i64>("n")? >= MAX_SESSIONS {
        let message = format!("you have opened {MAX_SESSIONS} forms within a day; come back tomorrow");
        return Err(Error::Conflict { code: "too_many_sessions", message });
    }
    let sql = Sql::new(
        "INSERT INTO form_sessions (id, organization_id, form_id, user_id, query, startup, launch_execution_id,
           created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(session.id)
    .bind(session.organization_id)
    .bind(session.form_id)
    .bind(session.user_id)
    .bind(crate::Value::json(&session.query)?)
    .bind(session.startup.as_ref())
    .bind(launched)
    .bind(now())
    .bind(session.expires_at);
    tx.execute(sql).await?;
    let event = Event::new("form.open").target("form", session.form_id).detail("session", session.id);
    record(tx, event.maybe("launched", launched)).await?;
    Ok(session)
}

/// An opened form of the handle's organization, for who has opened it. `NotFound` for everybody else, for
/// another form, and when its time is over.
pub async fn get(org: &Scoped, id: FormSessionId, form: FormId, user: UserId) -> Result<Session> {
    let sql = Sql::new(
        "SELECT id, organization_id, form_id, user_id, query, startup, expires_at FROM form_sessions
         WHERE id = $1 AND organization_id = $2 AND form_id = $3 AND user_id = $4 AND expires_at > $5",
    );
    let sql = sql.bind(id).bind(org.organization()?).bind(form).bind(user).bind(now());
    let row = org.read().await?.optional(sql).await?.ok_or(Error::NotFound("opened form"))?;
    Ok(Session {
        id: row.get("id")?,
        organization_id: row.get("organization_id")?,
        form_id: row.get("form_id")?,
        user_id: row.get("user_id")?,
        query: row.document("query")?,
        startup: row.opt_document("startup")?,
        expires_at: row.get("expires_at")?,
    })
}

/// Notes a file that is going to be sent as `name`. `Conflict` with `too_many_uploads`.
pub async fn add_upload(org: &Scoped, session: &Session, field: &str, name: &str) -> Result<Upload> {
    let id = UploadId::new();
    let upload = Upload { id, field: field.to_owned(), path: format!("{}/{id}/{name}", session.form_id) };
    let session = session.clone();
    org.write(move |tx| Box::pin(async move { add_upload_in(tx, &session, upload).await })).await
}

async fn add_upload_in(tx: &mut Tx, session: &Session, upload: Upload) -> Result<Upload> {
    let sql = Sql::new("SELECT COUNT(*) AS n FROM form_uploads WHERE session_id = $1").bind(session.id);
    if tx.one(sql).await?.get::<i64>("n")? >= MAX_UPLOADS {
        let message = format!("more than {MAX_UPLOADS} files were sent with this form; open it again");
        return Err(Error::Conflict { code: "too_many_uploads", message });
    }
    let sql = Sql::new(
        "INSERT INTO form_uploads (id, organization_id, session_id, field, path, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(upload.id)
    .bind(session.organization_id)
    .bind(session.id)
    .bind(upload.field.as_str())
    .bind(upload.path.as_str())
    .bind(now());
    tx.execute(sql).await?;
    let event = Event::new("form.upload").target("form", session.form_id).detail("field", &upload.field);
    record(tx, event.detail("path", &upload.path)).await?;
    Ok(upload)
}

/// What was sent with an opened form, by id.
pub async fn uploads(org: &Scoped, session: FormSessionId) -> Result<HashMap<UploadId, Upload>> {
    let sql =
        Sql::new("SELECT id, field, path FROM form_uploads WHERE session_id = $1 AND organization_id = $2");
    let sql = sql.bind(session).bind(org.organization()?);
    let rows = org.read().await?.all(sql).await?;
    let all = rows.iter().map(|row| {
        let upload = Upload { id: row.get("id")?, field: row.get("field")?, path: row.get("path")? };
        Ok((upload.id, upload))
    });
    all.collect()
}

/// Notes that a submission has these files: they stay.
pub async fn use_uploads(org: &Scoped, session: FormSessionId, uploads: Vec<UploadId>) -> Result<()> {
    let organization = org.organization()?;
    org.write(move |tx| {
        Box::pin(async move {
            for upload in uploads {
                let sql = Sql::new(
                    "UPDATE form_uploads SET used_at = $4 WHERE id = $1 AND session_id = $2 AND organization_id = $3",
                );
                tx.execute(sql.bind(upload).bind(session).bind(organization).bind(now())).await?;
            }
            Ok(())
        })
    })
    .await
}

/// Takes away what was opened before and is over at `time`, at most `limit` of it, with the files that
/// no submission has; and forms that were deleted and nobody has open. Tells how many were open.
pub async fn expire(db: &Db, objects: &dyn Objects, time: DateTime<Utc>, limit: u32) -> Result<u64> {
    let sql = Sql::new(
        "SELECT id, organization_id FROM form_sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2",
    );
    let rows = db.system().read().await?.all(sql.bind(time).bind(limit)).await?;
    let over: Vec<(FormSessionId, OrganizationId)> =
        rows.iter().map(|row| Ok((row.get("id")?, row.get("organization_id")?))).collect::<Result<_>>()?;
    for (id, organization) in &over {
        expire_one(db, objects, *id, *organization).await?;
    }
    if over.is_empty() {
        let sql = Sql::new(
            "DELETE FROM forms WHERE source = 'api' AND removed_at <= $1
               AND NOT EXISTS (SELECT 1 FROM form_sessions s WHERE s.form_id = forms.id)",
        );
        let sql = sql.bind(time - LIFE);
        db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await?;
    }
    Ok(over.len() as u64)
}

async fn expire_one(
    db: &Db,
    objects: &dyn Objects,
    id: FormSessionId,
    organization: OrganizationId,
) -> Result<()> {
    let org = db.org(organization);
    let sql = Sql::new("SELECT path FROM form_uploads WHERE session_id = $1 AND used_at IS NULL").bind(id);
    let rows = org.read().await?.all(sql).await?;
    let paths: Vec<String> = rows.iter().map(|row| row.get("path")).collect::<Result<_>>()?;
    for path in paths {
        files::delete(&org, objects, UPLOADS, &path).await?;
    }
    let sql = Sql::new("DELETE FROM form_sessions WHERE id = $1").bind(id);
    org.write(move |tx| Box::pin(async move { tx.execute(sql).await.map(drop) })).await
}
