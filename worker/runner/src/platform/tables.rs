//! `tables.*`: documents of an organization, and global ones that every organization reads.

use super::{Scoped, conflicting, parse};
use crate::grants::Grants;
use bifrost_core::document_schema::Schema;
use bifrost_core::documents::Query;
use bifrost_core::{Error, Operation, Result, Where};
use bifrost_store::tables::{self as store, NewDocument, NewTable, Table};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    table_schema: Option<Value>,
    #[serde(default)]
    scope: Option<String>,
}

/// A table and nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    table: String,
    #[serde(default)]
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    #[serde(default)]
    id: Option<String>,
    data: Map<String, Value>,
    #[serde(default)]
    if_version: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Write {
    table: String,
    documents: Vec<New>,
    #[serde(default)]
    scope: Option<String>,
}

impl Write {
    fn documents(self) -> (String, Vec<NewDocument>) {
        let new = |New { id, data, if_version }| NewDocument { id, data, if_version };
        (self.table, self.documents.into_iter().map(new).collect())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Get {
    table: String,
    doc_id: String,
    #[serde(default)]
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    table: String,
    doc_id: String,
    data: Map<String, Value>,
    #[serde(default)]
    if_version: Option<i64>,
    #[serde(default)]
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delete {
    table: String,
    doc_ids: Vec<String>,
    /// Of the only one.
    #[serde(default)]
    if_version: Option<i64>,
    #[serde(default)]
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Find {
    table: String,
    #[serde(default, rename = "where")]
    filter: Option<Map<String, Value>>,
    #[serde(default)]
    order_by: Option<String>,
    #[serde(default)]
    order_dir: Option<String>,
    #[serde(default)]
    limit: Option<u32>,
    #[serde(default)]
    offset: Option<u32>,
    #[serde(default)]
    scope: Option<String>,
}

fn view(table: &Table) -> Value {
    json!({
        "id": table.id,
        "name": table.name,
        "description": table.description,
        "table_schema": table.schema,
        "organization_id": table.organization_id,
        "document_count": table.documents,
        "created_by": table.created_by,
        "created_at": table.created_at,
        "updated_at": table.updated_at,
    })
}

impl Grants {
    async fn tables(&self, operation: Operation, scope: Option<&str>) -> Result<bifrost_store::Scoped> {
        Ok(self.db.scope(self.scope(operation, scope).await?))
    }

    pub(super) async fn tables_create(&self, arguments: &str) -> Result<Value> {
        let Create { name, description, table_schema, scope } = parse(arguments)?;
        let scoped = self.tables(Operation::TablesWrite, scope.as_deref()).await?;
        let schema = table_schema.map(Schema::parse).transpose()?;
        let made = store::create(&scoped, NewTable { name, description, schema }).await;
        conflicting(made.map(|table| view(&table)))
    }

    pub(super) async fn tables_list(&self, arguments: &str) -> Result<Value> {
        let Scoped { scope } = parse(arguments)?;
        let scoped = self.tables(Operation::TablesRead, scope.as_deref()).await?;
        Ok(store::list(&scoped).await?.iter().map(view).collect())
    }

    pub(super) async fn tables_delete(&self, arguments: &str) -> Result<Value> {
        let Named { table, scope } = parse(arguments)?;
        let scoped = self.tables(Operation::TablesWrite, scope.as_deref()).await?;
        store::delete(&scoped, &table).await.map(|()| Value::Null)
    }

    pub(super) async fn tables_insert(&self, arguments: &str) -> Result<Value> {
        let write: Write = parse(arguments)?;
        let scoped = self.tables(Operation::TablesWrite, write.scope.as_deref()).await?;
        let (table, documents) = write.documents();
        conflicting(store::insert(&scoped, &table, documents).await.map(|all| json!({ "documents": all })))
    }

    pub(super) async fn tables_upsert(&self, arguments: &str) -> Result<Value> {
        let write: Write = parse(arguments)?;
        let scoped = self.tables(Operation::TablesWrite, write.scope.as_deref()).await?;
        let (table, documents) = write.documents();
        conflicting(store::upsert(&scoped, &table, documents).await.map(|all| json!({ "documents": all })))
    }

    pub(super) async fn tables_get(&self, arguments: &str) -> Result<Value> {
        let Get { table, doc_id, scope } = parse(arguments)?;
        let scoped = self.tables(Operation::TablesRead, scope.as_deref()).await?;
        Ok(json!(store::get_document(&scoped, &table, &doc_id).await?))
    }

    pub(super) async fn tables_update(&self, arguments: &str) -> Result<Value> {
        let Update { table, doc_id, data, if_version, scope } = parse(arguments)?;
        let scoped = self.tables(Operation::TablesWrite, scope.as_deref()).await?;
        let updated = store::update_document(&scoped, &table, &doc_id, data, if_version).await;
        conflicting(updated.map(|document| json!(document)))
    }

    pub(super) async fn tables_delete_documents(&self, arguments: &str) -> Result<Value> {
        let Delete { table, doc_ids, if_version, scope } = parse(arguments)?;
        let scoped = self.tables(Operation::TablesWrite, scope.as_deref()).await?;
        if if_version.is_none() {
            return Ok(json!({ "deleted_ids": store::delete_documents(&scoped, &table, doc_ids).await? }));
        }
        let [id] = doc_ids.as_slice() else {
            return Err(Error::invalid("if_version", "a version is of one document"));
        };
        let gone = store::delete_document(&scoped, &table, id, if_version).await;
        conflicting(
            gone.map(|gone| json!({ "deleted_ids": gone.then_some(id).into_iter().collect::<Vec<_>>() })),
        )
    }

    pub(super) async fn tables_query(&self, arguments: &str) -> Result<Value> {
        let Find { table, filter, order_by, order_dir, limit, offset, scope } = parse(arguments)?;
        let scoped = self.tables(Operation::TablesRead, scope.as_deref()).await?;
        let query = Query::parse(filter.as_ref(), order_by.as_deref(), order_dir.as_deref(), limit, offset)?;
        let page = store::query(&scoped, &table, &query).await?;
        Ok(json!({
            "documents": page.documents, "total": page.total, "limit": query.limit, "offset": query.offset,
        }))
    }

    pub(super) async fn tables_count(&self, arguments: &str) -> Result<Value> {
        let Find { table, filter, scope, .. } = parse(arguments)?;
        let scoped = self.tables(Operation::TablesRead, scope.as_deref()).await?;
        Ok(json!(store::count(&scoped, &table, &Where::parse(filter.as_ref())?).await?))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::World;
    use bifrost_core::{ExecutionId, OrganizationId};
    use bifrost_sandbox::ErrorKind;
    use bifrost_store::Sql;
    use serde_json::{Value, json};

    async fn call(
        run: &crate::grants::Grants,
        operation: &str,
        arguments: Value,
    ) -> Result<Value, ErrorKind> {
        let answer = run.platform(operation, &arguments.to_string()).await;
        answer.map(|text| serde_json::from_str(&text).expect("json")).map_err(|error| error.kind)
    }

    #[tokio::test]
    async fn a_run_keeps_documents_of_its_own_organization() {
        let world = World::new().await;
        let run = world.run(ExecutionId::new());
        let new = json!({"table": "t", "documents": [{"id": "a", "data": {"n": 1}}, {"data": {"n": 2}}]});
        let made = call(&run, "tables.insert", new.clone()).await.expect("made");
        assert_eq!(made["documents"][0]["version"], 1);
        let again = call(&run, "tables.insert", new).await.expect("told");
        assert_eq!(again["conflict"]["code"], "already_exists");
        let update = json!({"table": "t", "doc_id": "a", "data": {"m": 2}, "if_version": 1});
        assert_eq!(
            call(&run, "tables.update", update.clone()).await.expect("updated")["data"],
            json!({"n": 1, "m": 2})
        );
        let stale = call(&run, "tables.update", update).await.expect("told");
        assert_eq!(stale["conflict"]["code"], "version_changed");
        let stale = json!({"table": "t", "documents": [{"id": "a", "data": {}, "if_version": 1}]});
        let stale = call(&run, "tables.upsert", stale).await.expect("told");
        assert_eq!(stale["conflict"]["code"], "version_changed");
        let stale = json!({"table": "t", "doc_ids": ["a"], "if_version": 1});
        let stale = call(&run, "tables.delete_documents", stale).await.expect("told");
        assert_eq!(stale["conflict"]["code"], "version_changed");
        let several = json!({"table": "t", "doc_ids": ["a", "b"], "if_version": 1});
        assert_eq!(call(&run, "tables.delete_documents", several).await, Err(ErrorKind::Invalid));
        let found =
            call(&run, "tables.query", json!({"table": "t", "where": {"n": {"gte": 1}}, "order_by": "n"}));
        assert_eq!(found.await.expect("found")["total"], 2);
        assert_eq!(call(&run, "tables.count", json!({"table": "t", "where": {"n": 2}})).await, Ok(json!(1)));
        assert_eq!(
            call(&run, "tables.get", json!({"table": "t", "doc_id": "b"})).await,
            Err(ErrorKind::NotFound)
        );
        let gone = call(&run, "tables.delete_documents", json!({"table": "t", "doc_ids": ["a", "b"]}));
        assert_eq!(gone.await, Ok(json!({"deleted_ids": ["a"]})));
        assert_eq!(call(&run, "tables.delete", json!({"table": "t"})).await, Ok(Value::Null));
        assert_eq!(call(&run, "tables.query", json!({"table": "t"})).await, Err(ErrorKind::NotFound));
    }

    #[tokio::test]
    async fn the_audit_log_names_the_run_that_wrote() {
        let world = World::new().await;
        let execution = ExecutionId::new();
        let new = json!({"table": "t", "documents": [{"id": "a", "data": {"n": "canary"}}]});
        call(&world.run(execution), "tables.insert", new).await.expect("made");
        let last = Sql::new("SELECT entry FROM audit_outbox ORDER BY id DESC LIMIT 1");
        let row = world.db.system().read().await.expect("a reader").one(last).await.expect("an entry");
        let text: String = row.get("entry").expect("text");
        let entry: Value = serde_json::from_str(&text).expect("json");
        assert_eq!((&entry["action"], &entry["details"]["ids"]), (&json!("document.insert"), &json!(["a"])));
        assert_eq!(entry["actor"]["execution"], json!(execution));
        assert!(!text.contains("canary"));
    }

    #[tokio::test]
    async fn no_scope_leads_out_of_it() {
        let world = World::new().await;
        let run = world.run(ExecutionId::new());
        for scope in ["global", &OrganizationId::new().to_string(), "../x", "' OR 1=1 --"] {
            for (operation, arguments) in [
                ("tables.query", json!({"table": "t", "scope": scope})),
                ("tables.insert", json!({"table": "t", "documents": [], "scope": scope})),
                ("tables.delete", json!({"table": "t", "scope": scope})),
                ("files.read", json!({"path": "a", "location": "uploads", "scope": scope})),
                ("files.write", json!({"path": "a", "location": "uploads", "content": "", "scope": scope})),
                ("files.sign", json!({"path": "a", "location": "uploads", "scope": scope})),
            ] {
                assert_eq!(
                    call(&run, operation, arguments).await,
                    Err(ErrorKind::Denied),
                    "{operation} {scope}"
                );
            }
        }
        let unknown = json!({"table": "t", "organization_id": OrganizationId::new()});
        assert_eq!(call(&run, "tables.query", unknown).await, Err(ErrorKind::Invalid));
    }
}
