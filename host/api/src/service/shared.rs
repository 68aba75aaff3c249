//! Workspaces of organizations contain what the provider shares. Before a change of that
//! goes live, every organization's workspace is built with it; afterwards each gets a
//! version with it. Whoever was not reached (a crash, a deploy at the same moment) is found
//! by its hash.

use super::{forms, source};
use crate::auth::Auth;
use crate::routes::announce;
use crate::state::ApiState;
use bifrost_core::{
    Error, FileError, OrganizationId, Result, Scope, Source, UserId, WorkspaceReport, endpoint, retry,
    schedule,
};
use bifrost_store::workspaces::{self, Dependant, Deployment, Shared};
use bifrost_store::{Db, Scoped};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A workspace as it would run.
pub struct Whole {
    /// Its own files over the shared ones.
    pub source: Arc<Source>,
    /// [`Source::hash`] of that.
    pub hash: String,
    /// Of the shared files: those in it, or those that others get from the provider's.
    pub shared_hash: Option<String>,
    own: Source,
    scope: Scope,
}

/// What a change of the shared files does to an organization's workspace.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Impact {
    /// Whose workspace.
    pub organization_id: OrganizationId,
    /// The organization's name.
    pub name: String,
    /// Files that would not load any more, and why.
    pub errors: Vec<FileError>,
    /// Workflows that would be gone, as `path::function`.
    pub removed: Vec<String>,
}

impl Impact {
    /// True when something that works would not any more.
    pub fn breaks(&self) -> bool {
        !self.errors.is_empty() || !self.removed.is_empty()
    }
}

/// The hash of what a provider's source shares; `None` when that is nothing.
pub fn hash_of(source: &Source, folders: &[String]) -> Option<String> {
    let part = source.part(folders);
    (!part.files().is_empty()).then(|| part.hash())
}

/// The files that organizations import now.
pub async fn files(state: &ApiState, shared: &Shared) -> Result<Source> {
    match &shared.version {
        Some(version) if shared.hash.is_some() => {
            Ok(source::load(state, &version.own_key).await?.part(&shared.folders))
        }
        _ => Ok(Source::default()),
    }
}

/// Puts an own source and what is shared together.
pub async fn whole(state: &ApiState, scoped: &Scoped, scope: Scope, own: Source) -> Result<Whole> {
    let shared = workspaces::shared(scoped).await?;
    Ok(match scope {
        Scope::Global => {
            let shared_hash = hash_of(&own, &shared.folders);
            Whole { hash: own.hash(), source: Arc::new(own.clone()), shared_hash, own, scope }
        }
        Scope::Organization(_) => {
            let source = own.over(&files(state, &shared).await?)?;
            Whole { hash: source.hash(), source: Arc::new(source), shared_hash: shared.hash, own, scope }
        }
    })
}

impl Whole {
    /// Stores it: the key of what runs, and the key of its own files.
    pub async fn keep(&self, state: &ApiState) -> Result<(String, String)> {
        let own_hash = self.own.hash();
        let own_key = source::store(state, self.scope, &own_hash, &self.own).await?;
        if self.hash == own_hash {
            return Ok((own_key.clone(), own_key));
        }
        Ok((source::store(state, self.scope, &self.hash, &self.source).await?, own_key))
    }
}

/// Builds it. Workflows that stand in shared files stay the provider's.
pub async fn build(state: &ApiState, whole: &Whole) -> Result<WorkspaceReport> {
    build_source(state, whole.scope, whole.source.clone(), &whole.own).await
}

async fn build_source(
    state: &ApiState,
    scope: Scope,
    source: Arc<Source>,
    own: &Source,
) -> Result<WorkspaceReport> {
    let mut report = state.worker.build(source.clone()).await?;
    report.packages = source.packages().to_vec();
    report.workflows.retain(|workflow| own.files().contains_key(&workflow.path));
    schedule::check(&mut report);
    retry::check(&mut report);
    endpoint::check(&mut report);
    forms::files::find(state, scope, own, &mut report).await?;
    bifrost_core::validation::check(&mut report);
    Ok(report)
}

/// What these files, shared, would do to every organization's workspace. Nothing is written
/// but snapshots in the cache.
pub async fn rehearse(state: &ApiState, shared: &Source) -> Result<Vec<Impact>> {
    let mut all = Vec::new();
    for dependant in workspaces::dependants(&state.db, None).await? {
        all.push(impact(state, dependant, shared).await?);
    }
    Ok(all)
}

async fn impact(state: &ApiState, dependant: Dependant, shared: &Source) -> Result<Impact> {
    let Dependant { organization_id, name, version } = dependant;
    let own = source::load(state, &version.own_key).await?;
    let scoped = state.db.org(organization_id);
    let (_, old) = workspaces::version(&scoped, version.number).await?;
    let built = match own.over(shared) {
        Ok(source) => build_source(state, Scope::Organization(organization_id), Arc::new(source), &own).await,
        Err(error) => Err(error),
    };
    let new = match built {
        Ok(report) => report,
        Err(Error::Invalid { field, message }) => {
            let error =
                FileError { path: field, line: None, kind: "invalid".into(), message, traceback: None };
            return Ok(Impact { organization_id, name, errors: vec![error], removed: vec![] });
        }
        Err(error) => return Err(error),
    };
    let known: BTreeSet<_> = old.errors.iter().map(|error| &error.path).collect();
    let kept: BTreeSet<_> = new.workflows.iter().map(|workflow| &workflow.id).collect();
    let removed = old.workflows.iter().map(|workflow| &workflow.id).filter(|id| !kept.contains(id));
    let removed = removed.cloned().collect();
    let errors = new.errors.into_iter().filter(|error| !known.contains(&error.path)).collect();
    Ok(Impact { organization_id, name, errors, removed })
}

/// Gives every workspace that lacks it a version with what is shared now. Tells which
/// organizations got one.
pub async fn refresh(state: &ApiState, db: &Db, by: Option<UserId>) -> Result<Vec<OrganizationId>> {
    let shared = workspaces::shared(&db.scope(Scope::Global)).await?;
    let files = files(state, &shared).await?;
    let mut done = Vec::new();
    for dependant in workspaces::dependants(db, Some(&shared)).await? {
        let id = dependant.organization_id;
        match bring_up(state, db, dependant, &shared, &files, by).await {
            Ok(()) => done.push(id),
            // Its own deploy came first, and looks again by itself.
            Err(Error::Conflict { code: "active_changed", .. }) => {}
            // One workspace must not hold up the others.
            Err(error) => tracing::error!(organization = %id, "it lacks what is shared: {error:#}"),
        }
    }
    Ok(done)
}

/// As [`refresh`], after a change of the caller's: what is theirs is done, so a failure here is
/// for the log and the next look.
pub async fn settle(state: &ApiState, auth: &Auth) -> Vec<OrganizationId> {
    // Only the provider does something to others; who else deploys has only made this look.
    let (db, by) = match auth.scope {
        Scope::Global => (auth.db(state), Some(auth.caller.user)),
        Scope::Organization(_) => (state.db.clone(), None),
    };
    refresh(state, &db, by).await.unwrap_or_else(|error| {
        tracing::error!("shared folders may be older in some workspaces: {error:#}");
        vec![]
    })
}

async fn bring_up(
    state: &ApiState,
    db: &Db,
    dependant: Dependant,
    shared: &Shared,
    files: &Source,
    by: Option<UserId>,
) -> Result<()> {
    let Dependant { organization_id, version, .. } = dependant;
    let own = source::load(state, &version.own_key).await?;
    let source = own.over(files)?;
    let whole = Whole {
        hash: source.hash(),
        source: Arc::new(source),
        shared_hash: shared.hash.clone(),
        own,
        scope: Scope::Organization(organization_id),
    };
    let (object_key, own_key) = whole.keep(state).await?;
    let number = shared.version.as_ref().map_or(0, |version| version.number);
    let deployment = Deployment {
        source_hash: whole.hash.clone(),
        object_key,
        own_key,
        shared_hash: whole.shared_hash.clone(),
        report: build(state, &whole).await?,
        created_by: by.unwrap_or(version.created_by),
        message: Some(format!("shared folders of the provider's version {number}")),
        // Who depends on it has been told, or was overruled.
        force: true,
        propose: false,
        instead_of: Some(version.id),
    };
    let deployed = workspaces::deploy(&db.org(organization_id), deployment).await?;
    announce(state, &deployed.version).await;
    Ok(())
}

/// Refuses a change that breaks somebody, in words.
///
/// # Errors
/// `Conflict breaks_dependants`, naming organizations and files.
pub fn refuse_breakage(impacts: &[Impact]) -> Result<()> {
    let broken: Vec<_> = impacts.iter().filter(|impact| impact.breaks()).collect();
    if broken.is_empty() {
        return Ok(());
    }
    let one = |impact: &&Impact| {
        let errors = impact.errors.iter().map(|error| format!("{} ({})", error.path, error.message));
        let removed = impact.removed.iter().map(|id| format!("{id} would be gone"));
        format!("{}: {}", impact.name, errors.chain(removed).collect::<Vec<_>>().join(", "))
    };
    let message = format!(
        "this breaks workspaces that import the shared folders; `dry_run` lists all of it, `force` does it all \
         the same. {}",
        broken.iter().map(one).collect::<Vec<_>>().join("; ")
    );
    Err(Error::Conflict { code: "breaks_dependants", message })
}
