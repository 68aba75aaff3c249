//! An organization with a database of its own, and what its runs are given.

use crate::egress::{Egress, Reach};
use crate::grants::Grants;
use crate::redact::Redactor;
use bifrost_core::ports::{Objects, Web};
use bifrost_core::{Caller, ConfigType, ExecutionId, Lineage, OrganizationId, Role, Scope, UserId};
use bifrost_oauth::OAuth;
use bifrost_store::audit::Actor;
use bifrost_store::identity::{self, Bootstrap};
use bifrost_store::organizations::{self, NewOrganization};
use bifrost_store::users::{self, NewUser};
use bifrost_store::{Db, DirectoryObjects, InProcessBus, Keyring, Options, config};
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
            redactor: Redactor::default(),
            told: Default::default(),
        }
    }
}
