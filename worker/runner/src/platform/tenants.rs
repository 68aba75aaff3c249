//! `organizations.*`: tenants, for the provider's workflows.

use super::{organization, parse};
use crate::grants::Grants;
use bifrost_core::{Error, Operation, Result};
use bifrost_store::organizations::{self, NewOrganization, OrganizationChange};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    org_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    name: String,
    #[serde(default)]
    domain: Option<String>,
    #[serde(default = "super::yes")]
    is_active: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    org_id: String,
    #[serde(default)]
    name: Option<String>,
    /// `""` takes it away.
    #[serde(default)]
    domain: Option<String>,
    #[serde(default)]
    is_active: Option<bool>,
}

impl Grants {
    /// Takes no arguments; what is said in their place is not looked at.
    pub(super) async fn organizations_list(&self, _arguments: &str) -> Result<Value> {
        self.may(Operation::OrganizationsList, None).await?;
        Ok(organizations::list(&self.db).await?.iter().map(organization).collect())
    }

    pub(super) async fn organizations_get(&self, arguments: &str) -> Result<Value> {
        let Named { org_id } = parse(arguments)?;
        let target = self.scope(Operation::OrganizationsGet, Some(&org_id)).await?;
        // `global` is nobody's id.
        let id = target.organization().ok_or(Error::NotFound("organization"))?;
        Ok(organization(&organizations::get(&self.db.system(), id).await?))
    }

    pub(super) async fn organizations_create(&self, arguments: &str) -> Result<Value> {
        let Create { name, domain, is_active } = parse(arguments)?;
        self.may(Operation::OrganizationsCreate, None).await?;
        let domain = domain.filter(|domain| !domain.is_empty());
        let new = NewOrganization { name, domain, ..Default::default() };
        let mut made = organizations::create(&self.db, new).await?;
        if !is_active {
            let change = OrganizationChange { is_active: Some(false), ..Default::default() };
            made = organizations::update(&self.db, made.id, change).await?;
        }
        Ok(organization(&made))
    }

    pub(super) async fn organizations_update(&self, arguments: &str) -> Result<Value> {
        let Update { org_id, name, domain, is_active } = parse(arguments)?;
        let target = self.may(Operation::OrganizationsUpdate, Some(&org_id)).await?.target;
        let id = target.organization().ok_or(Error::NotFound("organization"))?;
        let domain = domain.map(|domain| Some(domain).filter(|domain| !domain.is_empty()));
        let change = OrganizationChange { name, domain, is_active, ..Default::default() };
        Ok(organization(&organizations::update(&self.db, id, change).await?))
    }
}
