//! An index in this process, which says what a test wants it to.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bifrost_core::Package;
use bifrost_packages::{Answer, Refusal, Request, Requirements, lock};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use zip::write::SimpleFileOptions;

/// A wheel in the making.
#[derive(Clone)]
pub struct Project {
    name: String,
    version: String,
    tags: &'static str,
    requires: Vec<String>,
    requires_python: Option<&'static str>,
    files: Vec<(String, Vec<u8>)>,
    yanked: bool,
    /// What the index serves in place of the metadata.
    pub served_metadata: Option<Served>,
    /// What the index says the hash is.
    pub said_hash: Option<String>,
    /// What is served in place of the wheel.
    pub wheel: Option<Vec<u8>>,
}

#[derive(Clone)]
pub enum Served {
    Bytes(Vec<u8>),
    Nothing,
}

pub fn project(name: &str, version: &str) -> Project {
    Project {
        name: name.to_owned(),
        version: version.to_owned(),
        tags: "py3-none-any",
        requires: vec![],
        requires_python: None,
        files: vec![(format!("{}/__init__.py", name.replace('-', "_")), b"x = 1\n".to_vec())],
        yanked: false,
        served_metadata: None,
        said_hash: None,
        wheel: None,
    }
}

impl Project {
    pub fn needs(mut self, requirement: &str) -> Self {
        self.requires.push(requirement.to_owned());
        self
    }

    pub fn tags(mut self, tags: &'static str) -> Self {
        self.tags = tags;
        self
    }

    pub fn python(mut self, specifiers: &'static str) -> Self {
        self.requires_python = Some(specifiers);
        self
    }

    pub fn yanked(mut self) -> Self {
        self.yanked = true;
        self
    }

    pub fn file(mut self, path: &str, content: &[u8]) -> Self {
        self.files.push((path.to_owned(), content.to_vec()));
        self
    }

    /// Other content for a file that is there.
    #[allow(dead_code, reason = "the platform's tests share this file")]
    pub fn replace(mut self, path: &str, content: &[u8]) -> Self {
        self.files.retain(|(known, _)| known != path);
        self.file(path, content)
    }

    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub fn filename(&self) -> String {
        format!("{}-{}-{}.whl", self.name.replace('-', "_"), self.version, self.tags)
    }

    pub fn metadata(&self) -> Vec<u8> {
        let mut text = format!("Metadata-Version: 2.1\nName: {}\nVersion: {}\n", self.name, self.version);
        for requirement in &self.requires {
            text.push_str(&format!("Requires-Dist: {requirement}\n"));
        }
        text.into_bytes()
    }

    pub fn bytes(&self) -> Vec<u8> {
        if let Some(wheel) = &self.wheel {
            return wheel.clone();
        }
        let mut files = self.files.clone();
        let info = format!("{}-{}.dist-info", self.name.replace('-', "_"), self.version);
        files.push((format!("{info}/METADATA"), self.metadata()));
        files.push((format!("{info}/RECORD"), vec![]));
        archive(&files)
    }
}

/// An archive with these files.
pub fn archive(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(vec![]));
    for (path, content) in files {
        writer.start_file(path.as_str(), SimpleFileOptions::default()).expect("entry");
        writer.write_all(content).expect("content");
    }
    writer.finish().expect("archive").into_inner()
}

#[derive(Default)]
struct Content {
    listed: BTreeMap<String, Vec<Value>>,
    pages: BTreeMap<String, (StatusCode, Vec<u8>)>,
    files: BTreeMap<String, Vec<u8>>,
    asked: Vec<String>,
}

/// A running index.
pub struct FakeIndex {
    address: String,
    content: Arc<Mutex<Content>>,
    wheels: tempfile::TempDir,
}

impl FakeIndex {
    pub async fn with(projects: &[Project]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let address = format!("http://{}/simple", listener.local_addr().expect("address"));
        let content = Arc::new(Mutex::new(Content::default()));
        let app = Router::new()
            .route("/simple/{name}/", get(page))
            .route("/files/{name}", get(file))
            .with_state(content.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let index = Self { address, content, wheels: tempfile::tempdir().expect("folder") };
        for project in projects {
            index.add(project);
        }
        index
    }

    /// Has this project from now on.
    pub fn add(&self, project: &Project) {
        let (filename, bytes) = (project.filename(), project.bytes());
        let hash = project.said_hash.clone().unwrap_or_else(|| hash(&bytes));
        let mut file = json!({
            "filename": filename, "url": format!("../../files/{filename}"), "hashes": {"sha256": hash},
            "requires-python": project.requires_python,
            "yanked": if project.yanked { json!("broken") } else { json!(false) },
        });
        let metadata = match &project.served_metadata {
            None => Some(project.metadata()),
            Some(Served::Bytes(bytes)) => Some(bytes.clone()),
            Some(Served::Nothing) => None,
        };
        let mut content = self.content.lock().expect("lock");
        if let Some(metadata) = metadata {
            file["core-metadata"] = json!({"sha256": self::hash(&metadata)});
            content.files.insert(format!("{filename}.metadata"), metadata);
        }
        content.files.insert(filename, bytes);
        let files = content.listed.entry(project.name.clone()).or_default();
        files.push(file);
        let page = json!({"meta": {"api-version": "1.1"}, "name": project.name, "files": files});
        content.pages.insert(project.name.clone(), (StatusCode::OK, page.to_string().into_bytes()));
    }

    /// Where it is.
    #[allow(dead_code, reason = "the platform's tests share this file")]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Answers this for a package from now on.
    pub fn answer(&self, name: &str, status: u16, body: &str) {
        let status = StatusCode::from_u16(status).expect("status");
        self.content.lock().expect("lock").pages.insert(name.to_owned(), (status, body.as_bytes().to_vec()));
    }

    /// What was asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.content.lock().expect("lock").asked.clone()
    }

    pub fn request(&self, requirements: &str) -> Request {
        Request {
            requirements: Requirements { requirements: Some(requirements.to_owned()), pyproject: None },
            index: self.address.clone(),
            provided: vec![
                ("pydantic".to_owned(), Some("2.12.5".to_owned())),
                ("cryptography".to_owned(), None),
            ],
            folder: self.wheels.path().to_owned(),
            patience: Duration::from_secs(30),
        }
    }

    /// What is locked, as `name version`.
    pub async fn locked(&self, requirements: &str) -> Vec<String> {
        let locked = self.lock(requirements).await;
        locked.into_iter().map(|one| format!("{} {}", one.name, one.version)).collect()
    }

    pub async fn lock(&self, requirements: &str) -> Vec<Package> {
        match lock(self.request(requirements)).await.expect("an answer") {
            Answer::Locked(locked) => locked,
            other => panic!("{requirements}: {other:?}"),
        }
    }

    /// The refusals, and nothing may have been kept.
    pub async fn refused(&self, requirements: &str) -> Vec<Refusal> {
        match lock(self.request(requirements)).await.expect("an answer") {
            Answer::Refused(refused) => refused,
            other => panic!("{requirements}: {other:?}"),
        }
    }

    pub async fn unavailable(&self, requirements: &str) -> String {
        match lock(self.request(requirements)).await.expect("an answer") {
            Answer::Unavailable(text) => text,
            other => panic!("{requirements}: {other:?}"),
        }
    }

    /// Names of the files that were kept.
    pub fn kept(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.wheels.path()).expect("folder");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

pub fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn page(State(content): State<Arc<Mutex<Content>>>, Path(name): Path<String>) -> Response {
    let mut content = content.lock().expect("lock");
    content.asked.push(name.clone());
    let json = [(header::CONTENT_TYPE, "application/vnd.pypi.simple.v1+json")];
    match content.pages.get(&name) {
        Some((status, page)) => (*status, json, page.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn file(State(content): State<Arc<Mutex<Content>>>, Path(name): Path<String>) -> Response {
    let mut content = content.lock().expect("lock");
    content.asked.push(name.clone());
    content
        .files
        .get(&name)
        .cloned()
        .map_or_else(|| StatusCode::NOT_FOUND.into_response(), IntoResponse::into_response)
}
