//! `workflows.*`: runs that start runs. A child acts for its parent's caller, and stays in
//! the organization of the code that started it.

use super::executions::Named;
use super::{Granted, Scoped, parse};
use crate::grants::Grants;
use bifrost_core::events::WAKE;
use bifrost_core::ports::Event;
use bifrost_core::{
    BackgroundPriority, Caller, Error, Execution, Operation, OrganizationId, Permission, Result, Status,
    schedule,
};
use bifrost_store::executions::{self, NewExecution, documents};
use bifrost_store::grants::{self, TargetKind};
use bifrost_store::workflows::{self, Workflow};
use bifrost_store::{identity, organizations};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Execute {
    workflow: String,
    #[serde(default)]
    input_data: Map<String, Value>,
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    run_as: Option<String>,
    #[serde(default)]
    scheduled_at: Option<String>,
    #[serde(default)]
    delay_seconds: Option<u64>,
    #[serde(default)]
    priority: Option<BackgroundPriority>,
}

impl Grants {
    pub(super) async fn workflows_list(&self, arguments: &str) -> Result<Value> {
        let Scoped { scope } = parse(arguments)?;
        let target = self.scope(Operation::WorkflowsList, scope.as_deref()).await?;
        let all = workflows::list(&self.db.scope(target)).await?;
        let line = |workflow: Workflow| {
            let mut line = json!(workflow.info);
            line["id"] = json!(workflow.id);
            line["organization_id"] = json!(workflow.organization_id);
            line
        };
        Ok(all.into_iter().map(line).collect())
    }

    pub(super) async fn workflows_execute(&self, arguments: &str) -> Result<Value> {
        let Execute { workflow, input_data, scope, run_as, scheduled_at, delay_seconds, priority } =
            parse(arguments)?;
        let Granted { organization, caller, .. } =
            self.may(Operation::WorkflowsExecute, scope.as_deref()).await?;
        if run_as.is_some() {
            self.may(Operation::WorkflowsExecuteAs, scope.as_deref()).await?;
        }
        let org = self.db.org(organization);
        let workflow = workflows::find(&org, &workflow).await?;
        // Hidden from whoever may neither run all nor was given this one.
        if !grants::may_run(&org, &caller, TargetKind::Workflow, workflow.id.0).await? {
            let error = Error::Denied(format!("the caller may not run {}", workflow.id));
            self.refused(Operation::WorkflowsExecute, scope.as_deref(), &error).await;
            return Err(Error::NotFound("workflow"));
        }
        workflow.info.check_input(&input_data)?;
        let most = organizations::get(&org, organization).await?.limits.parameters_bytes;
        let parameters = Value::Object(input_data);
        if parameters.to_string().len() as u64 > most {
            return Err(Error::invalid("input_data", format!("more than {most} bytes of JSON")));
        }
        let caller = match run_as {
            None => Caller { name: self.caller.name.clone(), ..caller },
            Some(person) => self.somebody(organization, &person).await?,
        };
        let mut new = NewExecution::by(&caller, workflow.id, parameters);
        new.not_before = schedule::deferral(bifrost_store::now(), scheduled_at.as_deref(), delay_seconds)?;
        new.priority = priority.unwrap_or_default().into();
        new.lineage = self.children;
        let run = documents::accept(&org, self.objects.as_ref(), new).await?.execution;
        self.announce(&run).await;
        Ok(json!({ "execution_id": run.id, "status": run.status }))
    }

    pub(super) async fn workflows_cancel(&self, arguments: &str) -> Result<Value> {
        let Named { execution_id, scope } = parse(arguments)?;
        let (run, caller) = self.visible(Operation::WorkflowsCancel, &execution_id, scope).await?;
        if run.executed_by != self.caller.user && !caller.may(Permission::ManageExecutions) {
            let error = Error::Denied("cancelling the runs of others needs executions.manage".into());
            self.refused(Operation::WorkflowsCancel, None, &error).await;
            return Err(error);
        }
        let status = executions::request_cancel(&self.db.org(run.organization_id), run.id).await?;
        Ok(json!({ "execution_id": run.id, "status": status }))
    }

    /// In whose name a run is to go: a person of that organization, with what they may do.
    async fn somebody(&self, organization: OrganizationId, person: &str) -> Result<Caller> {
        let user = self.person(organization, person).await?;
        identity::caller(&self.db, user.id).await?.ok_or(Error::NotFound("user"))
    }

    async fn announce(&self, run: &Execution) {
        let channel = if run.status == Status::Scheduled { schedule::WAKE } else { WAKE };
        self.bus.publish(Event { channel: channel.to_owned(), payload: Value::Null }).await;
        for event in bifrost_core::events::history(run) {
            self.bus.publish(event).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;
    use bifrost_core::{ExecutionId, Priority, UserId, WorkspaceReport};
    use bifrost_store::workspaces::{self, Deployment};

    #[tokio::test]
    async fn a_child_has_the_priority_that_it_is_given() {
        let world = World::new().await;
        let report: WorkspaceReport = serde_json::from_value(json!({ "workflows": [{
            "id": "a.py::f", "path": "a.py", "function": "f", "name": "f", "kind": "workflow", "parameters": [],
        }]}))
        .expect("a report");
        let deployment = Deployment {
            source_hash: "h".into(),
            object_key: "k".into(),
            own_key: "k".into(),
            shared_hash: None,
            propose: false,
            instead_of: None,
            report,
            created_by: UserId::new(),
            message: None,
            force: false,
        };
        workspaces::deploy(&world.db.org(world.organization), deployment).await.expect("deployed");
        let run = world.run(ExecutionId::new());
        for (named, priority) in [(json!("bulk"), Priority::Bulk), (Value::Null, Priority::Normal)] {
            let arguments = json!({ "workflow": "f", "priority": named }).to_string();
            let started = run.workflows_execute(&arguments).await.expect("started");
            let waiting = executions::backlog(&world.db, 10).await.expect("a backlog").waiting;
            let line = waiting.iter().find(|line| line.priority == priority.rank()).expect("a line");
            assert_eq!(json!(line.tickets[0].execution), started["execution_id"]);
        }
        let arguments = json!({ "workflow": "f", "priority": "interactive" }).to_string();
        assert!(run.workflows_execute(&arguments).await.is_err());
    }
}
