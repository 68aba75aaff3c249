//! `files.*`: files of an organization. What is in the workspace is read by the guest itself.

use super::{conflicting, parse};
use crate::grants::Grants;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bifrost_core::files::{BYTES, MAX_FILE, MAX_LIST, Pass, TEMP, folder};
use bifrost_core::{Error, Operation, OrganizationId, Result, Scope};
use bifrost_store::files::{self as store, File};
use bifrost_store::{Scoped, organizations};
use serde::Deserialize;
use serde_json::{Value, json};

/// Most bytes of a file in one call; in base64 they fit into what a call may have.
const PIECE: usize = 4 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    path: String,
    location: String,
    #[serde(default)]
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    path: String,
    location: String,
    /// Where the piece begins, in bytes.
    #[serde(default)]
    offset: usize,
    /// Of the content that the pieces before this one are from.
    #[serde(default)]
    sha256: Option<String>,
    #[serde(default)]
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Write {
    path: String,
    location: String,
    /// In base64.
    content: String,
    #[serde(default)]
    content_type: Option<String>,
    /// Paths in `temp` of what comes before the content; they go with this.
    #[serde(default)]
    parts: Vec<String>,
    #[serde(default)]
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    directory: String,
    location: String,
    #[serde(default)]
    after: Option<String>,
    #[serde(default)]
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sign {
    path: String,
    location: String,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    content_type: Option<String>,
    #[serde(default)]
    scope: Option<String>,
}

fn view(file: &File) -> Value {
    json!({
        "path": file.path,
        "location": file.location,
        "size": file.size,
        "sha256": file.sha256,
        "content_type": file.content_type,
        "updated_at": file.updated_at,
    })
}

impl Grants {
    /// Whose files are meant; the provider's own for what is global.
    async fn owner(&self, operation: Operation, scope: Option<&str>) -> Result<(OrganizationId, Scoped)> {
        let organization = match self.scope(operation, scope).await? {
            Scope::Organization(id) => id,
            Scope::Global => organizations::provider(&self.db).await?,
        };
        Ok((organization, self.db.org(organization)))
    }

    pub(super) async fn files_read(&self, arguments: &str) -> Result<Value> {
        let Read { path, location, offset, sha256, scope } = parse(arguments)?;
        let (_, org) = self.owner(Operation::FilesRead, scope.as_deref()).await?;
        let (file, content) = store::read_whole(&org, self.objects.as_ref(), &location, &path).await?;
        if sha256.is_some_and(|sha256| sha256 != file.sha256) {
            let message = "the file was written while it was read; read it again".into();
            return conflicting(Err(Error::Conflict { code: "file_changed", message }));
        }
        let piece = content.get(offset..).unwrap_or_default();
        let mut answer = view(&file);
        answer["content"] = BASE64_STANDARD.encode(&piece[..piece.len().min(PIECE)]).into();
        Ok(answer)
    }

    pub(super) async fn files_write(&self, arguments: &str) -> Result<Value> {
        let Write { path, location, content, content_type, parts, scope } = parse(arguments)?;
        let (_, org) = self.owner(Operation::FilesWrite, scope.as_deref()).await?;
        let last = BASE64_STANDARD
            .decode(content)
            .map_err(|error| Error::invalid("content", format!("not base64: {error}")))?;
        let objects = self.objects.as_ref();
        let mut whole = Vec::with_capacity(last.len());
        for part in &parts {
            let (file, piece) = store::read_whole(&org, objects, TEMP, part).await?;
            if whole.len() + piece.len() + last.len() > MAX_FILE {
                let message = format!("a file has at most {MAX_FILE} bytes, and `{}` goes beyond", file.path);
                return Err(Error::invalid("content", message));
            }
            whole.extend(piece);
        }
        whole.extend(last);
        let written = store::write(&org, objects, &location, &path, content_type.as_deref(), whole).await;
        if written.is_ok() {
            for part in &parts {
                store::delete(&org, objects, TEMP, part).await?;
            }
        }
        conflicting(written.map(|file| view(&file)))
    }

    pub(super) async fn files_list(&self, arguments: &str) -> Result<Value> {
        let List { directory, location, after, scope } = parse(arguments)?;
        let (_, org) = self.owner(Operation::FilesRead, scope.as_deref()).await?;
        let files = store::list(&org, &location, &folder(&directory)?, after.as_deref(), MAX_LIST).await?;
        let is_last = files.len() < MAX_LIST as usize;
        let paths: Vec<_> = files.into_iter().map(|file| file.path).collect();
        let next = paths.last().filter(|_| !is_last);
        Ok(json!({ "next": next, "paths": paths }))
    }

    pub(super) async fn files_exists(&self, arguments: &str) -> Result<Value> {
        let Named { path, location, scope } = parse(arguments)?;
        let (_, org) = self.owner(Operation::FilesRead, scope.as_deref()).await?;
        match store::get(&org, &location, &path).await {
            Ok(_) => Ok(true.into()),
            Err(Error::NotFound(_)) => Ok(false.into()),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn files_delete(&self, arguments: &str) -> Result<Value> {
        let Named { path, location, scope } = parse(arguments)?;
        let (_, org) = self.owner(Operation::FilesWrite, scope.as_deref()).await?;
        Ok(store::delete(&org, self.objects.as_ref(), &location, &path).await?.into())
    }

    pub(super) async fn files_sign(&self, arguments: &str) -> Result<Value> {
        let Sign { path, location, method, content_type, scope } = parse(arguments)?;
        let method = method.as_deref().unwrap_or("PUT");
        let operation = if method == "GET" { Operation::FilesRead } else { Operation::FilesWrite };
        let (organization, _) = self.owner(operation, scope.as_deref()).await?;
        let (content_type, now) = (content_type.as_deref().unwrap_or(BYTES), bifrost_store::now());
        let pass = Pass {
            signed_by: Some(self.caller.user),
            ..Pass::new(organization, &location, &path, method, content_type, now)?
        };
        let url = format!("/api/files/signed/{}", store::sign(&self.keys, &pass)?);
        Ok(json!({ "url": url, "path": path, "expires_in": (pass.expires_at - now).num_seconds() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;
    use bifrost_core::ExecutionId;
    use bifrost_sandbox::CapabilityError;

    async fn call(
        run: &Grants,
        operation: &str,
        arguments: Value,
    ) -> std::result::Result<Value, CapabilityError> {
        let answer = run.platform(operation, &arguments.to_string()).await?;
        Ok(serde_json::from_str(&answer).expect("json"))
    }

    fn of(path: &str) -> Value {
        json!({ "path": path, "location": "reports" })
    }

    #[tokio::test]
    async fn files_are_written_and_read_in_pieces() {
        let world = World::new().await;
        let run = world.run(ExecutionId::new());
        let content: Vec<u8> = (0..PIECE + 10).map(|n| (n % 251) as u8).collect();
        let (first, last) = content.split_at(PIECE);
        let part =
            json!({ "path": ".parts/1/0", "location": "temp", "content": BASE64_STANDARD.encode(first) });
        call(&run, "files.write", part).await.expect("written");
        let mut whole = of("a/b.bin");
        whole["content"] = BASE64_STANDARD.encode(last).into();
        whole["parts"] = json!([".parts/1/0"]);
        assert_eq!(call(&run, "files.write", whole).await.expect("written")["size"], content.len());
        let gone = json!({ "path": ".parts/1/0", "location": "temp" });
        assert_eq!(call(&run, "files.exists", gone).await.expect("told"), json!(false));

        let head = call(&run, "files.read", of("a/b.bin")).await.expect("read");
        let mut rest = of("a/b.bin");
        rest["offset"] = PIECE.into();
        rest["sha256"] = head["sha256"].clone();
        let tail = call(&run, "files.read", rest.clone()).await.expect("read");
        let decode =
            |piece: &Value| BASE64_STANDARD.decode(piece["content"].as_str().expect("text")).expect("base64");
        assert_eq!([decode(&head), decode(&tail)].concat(), content);
        rest["sha256"] = "00".into();
        assert_eq!(call(&run, "files.read", rest).await.expect("told")["conflict"]["code"], "file_changed");

        let listed = call(&run, "files.list", json!({ "directory": "a", "location": "reports" })).await;
        assert_eq!(listed.expect("listed"), json!({ "paths": ["a/b.bin"], "next": null }));
        assert_eq!(call(&run, "files.delete", of("a/b.bin")).await.expect("deleted"), json!(true));
        assert_eq!(call(&run, "files.delete", of("a/b.bin")).await.expect("told"), json!(false));
    }

    #[tokio::test]
    async fn the_workspace_and_paths_out_of_a_location_are_refused() {
        let world = World::new().await;
        let run = world.run(ExecutionId::new());
        for (path, location) in [
            ("a", "workspace"),
            ("../a", "uploads"),
            ("/etc/passwd", "uploads"),
            ("a\\b", "uploads"),
            ("a\u{0}", "uploads"),
            ("a", ".."),
            ("a", "uploads/.."),
        ] {
            for operation in ["files.write", "files.read", "files.delete", "files.exists", "files.sign"] {
                let mut arguments = json!({ "path": path, "location": location });
                if operation == "files.write" {
                    arguments["content"] = "".into();
                }
                let error = call(&run, operation, arguments).await.expect_err("refused");
                assert_eq!(
                    error.kind,
                    bifrost_sandbox::ErrorKind::Invalid,
                    "{operation} {path:?} {location}"
                );
            }
        }
        let parts = json!({ "path": "a", "location": "uploads", "content": "", "parts": ["../x"] });
        assert!(call(&run, "files.write", parts).await.is_err());
    }
}
