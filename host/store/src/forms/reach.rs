//! Who may use which forms.

use super::Form;
use crate::Scoped;
use crate::grants::{self, TargetKind};
use bifrost_core::{Caller, Permission, Result};
use std::collections::HashSet;
use uuid::Uuid;

/// The forms that a caller may use.
#[derive(Debug)]
pub struct Reach {
    is_all: bool,
    is_nothing: bool,
    granted: HashSet<Uuid>,
}

impl Reach {
    /// Of the caller, in the handle's organization. A key that does not allow to run workflows opens
    /// no form, unless it allows to write them.
    pub async fn of(org: &Scoped, caller: &Caller) -> Result<Self> {
        let is_all = caller.may(Permission::ManageForms);
        let is_nothing = !caller.ceiling.has(Permission::RunWorkflows);
        let granted = match is_all || is_nothing {
            true => HashSet::new(),
            false => grants::of_caller(org, caller, TargetKind::Form).await?,
        };
        Ok(Self { is_all, is_nothing, granted })
    }

    /// True when the caller may fill in this form, which is in their scope.
    pub fn may_use(&self, form: &Form) -> bool {
        self.is_all || (!self.is_nothing && (!form.is_granted || self.granted.contains(&form.id.0)))
    }
}
