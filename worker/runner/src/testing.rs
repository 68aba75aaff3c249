//! An organization with a database of its own, and what its runs are given.

use crate::egress::{Egress, Reach};
use crate::grants::Grants;
use crate::redact::Redactor;
use bifrost_core::integration::{Field, Schema};
use bifrost_core::ports::{Objects, Web};
use bifrost_core::{
    Caller, ConfigType, ExecutionId, FormId, Lineage, OrganizationId, Permissions, Role, Scope, UserId,
    WorkflowId, WorkflowInfo, WorkflowKind, WorkspaceReport,
};
use bifrost_oauth::OAuth;
use bifrost_store::audit::Actor;
use bifrost_store::executions::{self, NewExecution};
use bifrost_store::forms::{self, NewForm};
use bifrost_store::identity::{self, Bootstrap};
use bifrost_store::integrations::{NewIntegration, NewMapping, definitions, mappings};
use bifrost_store::organizations::{self, NewOrganization};
use bifrost_store::roles::{self, NewRole};
use bifrost_store::tables::{self, NewDocument};
use bifrost_store::users::{self, NewUser};
use bifrost_store::workspaces::{self, Deployment};
use bifrost_store::{Db, DirectoryObjects, InProcessBus, Keyring, Options, Scoped, config, files, workflows};
use serde_json::{Map, json};
use std::sync::Arc;

pub(crate) struct World {
    _folder: tempfile::TempDir,
    pub db: Db,
    pub organization: OrganizationId,
    pub keys: Keyring,
    /// The way to token endpoints.
    pub web: Arc<dyn Web>,
    /// The platform's administrator.
    pub root: Caller,
    objects: Arc<dyn Objects>,
    user: UserId,
}

impl World {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        let db = Db::open(&url, Options::default()).await.expect("a database");
        let first = Bootstrap { organization: "P".into(), email: "a@p.test".into(), name: "A".into() };
        let first = identity::bootstrap(&db, first).await.expect("bootstrap").expect("an empty database");
        let root = Caller::of_role(first.user.id, "a@p.test", first.organization.id, Role::PlatformAdmin);
        let new = NewOrganization { name: "O".into(), ..NewOrganization::default() };
        let organization = organizations::create(&db, new).await.expect("organization").id;
        let new = NewUser::person("u@o.test", "U", Role::OrgAdmin);
        let user = users::create(&db.org(organization), new).await.expect("user").id;
        let objects = DirectoryObjects::open(folder.path().join("objects")).await.expect("objects");
        let (keys, objects) = (Keyring::from_bytes([1; 32]), Arc::new(objects));
        let web = Arc::new(Egress::new(Reach::Public, 1 << 20).expect("egress"));
        Self { _folder: folder, db, organization, keys, web, root, objects, user }
    }

    /// Keeps a setting of the organization.
    pub async fn set(&self, key: &str, value: &str, kind: Option<ConfigType>) {
        let (key, value) = (key.to_owned(), value.into());
        let new = config::NewEntry { key, value, kind, description: None, updated_by: None };
        config::set(&self.db.org(self.organization), &self.keys, new).await.expect("set");
    }

    /// A run of the organization's own code, started by its administrator.
    pub fn run(&self, execution: ExecutionId) -> Grants {
        let egress = Egress::new(Reach::Public, 1 << 20).expect("egress");
        let bus = Arc::new(InProcessBus::new());
        let (db, keys, web) = (self.db.clone(), self.keys.clone(), self.web.clone());
        let oauth = OAuth::new(db, keys, bus.clone(), web, "test".into());
        let actor = Actor { id: Some(self.user), name: "u@o.test".into(), ..Actor::default() };
        Grants {
            db: self.db.by(Arc::new(actor.in_run(execution))),
            keys: self.keys.clone(),
            egress,
            oauth,
            organization: self.organization,
            workspace: Scope::Organization(self.organization),
            is_confined: false,
            caller: Caller::of_role(self.user, "u@o.test", self.organization, Role::OrgAdmin),
            children: Lineage::default(),
            objects: self.objects.clone(),
            bus,
            api: None,
            execution,
            rests: Default::default(),
            calls: Default::default(),
            redactor: Redactor::default(),
            told: Default::default(),
        }
    }

    /// One of everything that a run can ask for, with `mark` in each. The names are the same in
    /// every organization.
    pub async fn plant(&self, organization: OrganizationId, mark: &str) -> Planted {
        let org = self.db.org(organization);
        let email = format!("admin-{organization}@things.test");
        let admin = NewUser::person(&email, mark, Role::OrgAdmin);
        let admin = users::create(&org, admin).await.expect("user").id;
        let admin = Caller::of_role(admin, &email, organization, Role::OrgAdmin);
        let role =
            NewRole { name: "things".into(), description: mark.into(), permissions: Permissions::NONE };
        let role = roles::create(&org, role).await.expect("role").id;
        let workflow = workflow(&org).await;
        let run = NewExecution::by(&admin, workflow, json!({ "text": mark }));
        let run = executions::accept(&org, run).await.expect("run").execution.id;
        let data = Map::from_iter([("n".to_owned(), json!(1)), ("text".to_owned(), json!(mark))]);
        let document = NewDocument { id: Some("one".into()), data, if_version: None };
        tables::insert(&org, "things", vec![document]).await.expect("document");
        let table = tables::get(&org, "things").await.expect("table").id;
        // So often that it begins at every place where base64 can begin.
        let content = mark.repeat(3).into_bytes();
        let objects = self.objects.as_ref();
        files::write(&org, objects, "uploads", "things.txt", None, content).await.expect("file");
        let form = NewForm {
            name: "Things".into(),
            description: Some(mark.into()),
            workflow_id: workflow,
            launch_workflow_id: None,
            data_providers: [].into(),
            is_granted: false,
            fields: 1,
            definition: json!({ "fields": [{ "name": mark }] }),
        };
        let form = forms::create(&org, form).await.expect("form").id;
        let field = |key: &str, kind| Field {
            key: key.into(),
            kind,
            required: false,
            default: None,
            description: None,
        };
        let new = NewIntegration {
            name: "things".into(),
            description: mark.into(),
            schema: Schema(vec![field("region", ConfigType::String), field("token", ConfigType::Secret)]),
            config: Map::from_iter([("region".to_owned(), json!(mark)), ("token".to_owned(), json!(mark))]),
            oauth: None,
            client_secret: None,
            created_by: admin.user,
        };
        let integration = definitions::create(&org, &self.keys, new).await.expect("integration").id;
        let mapping = NewMapping { entity_id: mark.into(), ..NewMapping::default() };
        mappings::set(&org, &self.keys, integration, mapping).await.expect("mapping");
        let (key, kind) = ("things".to_owned(), Some(ConfigType::Secret));
        let new = config::NewEntry { key, value: mark.into(), kind, description: None, updated_by: None };
        config::set(&org, &self.keys, new).await.expect("set");
        let ids = vec![
            organization.to_string(),
            admin.user.to_string(),
            role.to_string(),
            workflow.to_string(),
            run.to_string(),
            table.to_string(),
            form.to_string(),
            integration.to_string(),
            email,
        ];
        Planted { ids, run, form, admin }
    }
}

/// What [`World::plant`] made in an organization.
pub(crate) struct Planted {
    /// What names things of this organization and of no other.
    pub ids: Vec<String>,
    /// A run that waits.
    pub run: ExecutionId,
    /// A form.
    pub form: FormId,
    /// Its administrator.
    pub admin: Caller,
}

/// The workflow `things` of a workspace that has no other.
async fn workflow(org: &Scoped) -> WorkflowId {
    let info = WorkflowInfo {
        id: "things.py::things".into(),
        path: "things.py".into(),
        function: "things".into(),
        line: 1,
        name: "things".into(),
        description: String::new(),
        kind: WorkflowKind::Workflow,
        category: String::new(),
        tags: vec![],
        parameters: vec![],
        defaults: Map::new(),
        accepts_kwargs: true,
    };
    let deployment = Deployment {
        source_hash: "things".into(),
        object_key: "sources/things".into(),
        own_key: "sources/things".into(),
        shared_hash: None,
        report: WorkspaceReport { workflows: vec![info], ..WorkspaceReport::default() },
        created_by: UserId::new(),
        message: None,
        force: false,
        propose: false,
        instead_of: None,
    };
    workspaces::deploy(org, deployment).await.expect("deployed");
    workflows::find(org, "things").await.expect("workflow").id
}
