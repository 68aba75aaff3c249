//! Definitions that are tried before they are saved. A draft is a form with revision 0 that was never
//! there: no list has it, only the preview's own routes find it, and it goes when nobody has it open
//! any more.

use super::{FROM, Form, MAX_FORMS, NewForm, insert, read};
use crate::audit::{Event, record};
use crate::{Scoped, Sql, Tx, now};
use bifrost_core::{Error, FormId, Result};

/// Keeps a definition in the handle's scope for who tries it. `Conflict` with `too_many_forms` where
/// as many are being tried as there may be forms.
pub async fn create(scoped: &Scoped, new: NewForm) -> Result<Form> {
    scoped.write(move |tx| Box::pin(async move { create_in(tx, new).await })).await
}

async fn create_in(tx: &mut Tx, new: NewForm) -> Result<Form> {
    let count = Sql::new("SELECT COUNT(*) AS n FROM forms WHERE scope_id = $1 AND revision = 0");
    if tx.one(count.bind(tx.access().scope_id()?)).await?.get::<i64>("n")? >= MAX_FORMS {
        let message = format!("{MAX_FORMS} forms were tried in the last days; try another one tomorrow");
        return Err(Error::Conflict { code: "too_many_forms", message });
    }
    let id = FormId::new();
    insert(tx, id, &new, 0, Some(now())).await?;
    let event = Event::new("form.preview").target("form", id).detail("name", &new.name);
    record(tx, event.detail("workflow", new.workflow_id)).await?;
    find(tx, id).await
}

/// A draft of the handle's own scope; `NotFound` for a form that is or was saved.
pub async fn get(scoped: &Scoped, id: FormId) -> Result<Form> {
    find(&mut scoped.read().await?, id).await
}

async fn find(tx: &mut Tx, id: FormId) -> Result<Form> {
    let sql = Sql::new(format!("{FROM} WHERE f.revision = 0 AND f.id = $2 AND f.scope_id = $1"));
    let sql = sql.bind(tx.access().scope_id()?).bind(id);
    read(&tx.optional(sql).await?.ok_or(Error::NotFound("draft"))?)
}
