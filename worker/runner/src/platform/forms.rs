//! `forms.*`, and what roles may use: forms that the caller may fill in.

use super::{Granted, Scoped, parse};
use crate::grants::Grants;
use bifrost_core::{Error, FormId, Operation, Result, RoleId};
use bifrost_store::forms::{self, Form, Reach};
use bifrost_store::grants::{self, Subject, TargetKind};
use serde::Deserialize;
use serde_json::{Value, json};

/// Most forms of one call.
const MAX_FORMS: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Get {
    form_id: String,
    #[serde(default)]
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfRole {
    role_id: String,
    #[serde(default)]
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Assign {
    role_id: String,
    form_ids: Vec<String>,
    #[serde(default)]
    scope: Option<String>,
}

fn line(form: &Form) -> Value {
    json!({
        "id": form.id,
        "name": form.name,
        "description": form.description,
        "workflow_id": form.workflow_id,
        "workflow_name": form.workflow_name,
        "launch_workflow_id": form.launch_workflow_id,
        "organization_id": form.scope.organization(),
        "access_level": if form.is_granted { "role_based" } else { "authenticated" },
        "is_active": true,
        "created_at": form.created_at,
        "updated_at": form.updated_at,
    })
}

/// With what is asked for.
fn whole(form: &Form) -> Value {
    let mut whole = line(form);
    let part = |name: &str| form.definition.get(name).cloned().unwrap_or_default();
    whole["default_launch_params"] = part("launch_parameters");
    whole["allowed_query_params"] = part("query_parameters");
    whole["form_schema"] = json!({ "fields": part("fields") });
    whole
}

fn role(id: &str) -> Result<RoleId> {
    id.parse().map_err(|_| Error::NotFound("role"))
}

impl Grants {
    pub(super) async fn forms_list(&self, arguments: &str) -> Result<Value> {
        let Scoped { scope } = parse(arguments)?;
        let Granted { target, organization, caller } =
            self.may(Operation::FormsRead, scope.as_deref()).await?;
        let reach = Reach::of(&self.db.org(organization), &caller).await?;
        let all = forms::list(&self.db.scope(target)).await?;
        Ok(all.iter().filter(|form| reach.may_use(form)).map(line).collect())
    }

    pub(super) async fn forms_get(&self, arguments: &str) -> Result<Value> {
        let Get { form_id, scope } = parse(arguments)?;
        let Granted { target, organization, caller } =
            self.may(Operation::FormsRead, scope.as_deref()).await?;
        let id: FormId = form_id.parse().map_err(|_| Error::NotFound("form"))?;
        let form = forms::get(&self.db.scope(target), id).await?;
        if Reach::of(&self.db.org(organization), &caller).await?.may_use(&form) {
            return Ok(whole(&form));
        }
        let error = Error::Denied(format!("the caller may not use the form {id}"));
        self.refused(Operation::FormsRead, scope.as_deref(), &error).await;
        Err(Error::NotFound("form"))
    }

    pub(super) async fn roles_list_forms(&self, arguments: &str) -> Result<Value> {
        let OfRole { role_id, scope } = parse(arguments)?;
        let Granted { organization, .. } = self.may(Operation::FormsGranted, scope.as_deref()).await?;
        let org = self.db.org(organization);
        let role = bifrost_store::roles::get(&org, role(&role_id)?).await?.id;
        let all = grants::list(&org, Some(Subject::Role(role)), None).await?;
        Ok(all.iter().filter(|one| one.kind == TargetKind::Form).map(|one| json!(one.target)).collect())
    }

    pub(super) async fn roles_assign_forms(&self, arguments: &str) -> Result<Value> {
        let Assign { role_id, form_ids, scope } = parse(arguments)?;
        let Granted { organization, caller, .. } = self.may(Operation::FormsGrant, scope.as_deref()).await?;
        if form_ids.len() > MAX_FORMS {
            return Err(Error::invalid("form_ids", format!("expected at most {MAX_FORMS}")));
        }
        let org = self.db.org(organization);
        let role = bifrost_store::roles::get(&org, role(&role_id)?).await?.id;
        let reach = Reach::of(&org, &caller).await?;
        for id in form_ids {
            let form = forms::get(&org, id.parse().map_err(|_| Error::NotFound("form"))?).await?;
            // Nobody gives what they do not have.
            if !reach.may_use(&form) {
                return Err(Error::NotFound("form"));
            }
            match grants::create(&org, Subject::Role(role), TargetKind::Form, form.id.0).await {
                Ok(_) | Err(Error::Conflict { code: "already_exists", .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Value::Null)
    }
}
