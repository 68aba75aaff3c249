//! A server of the S3 protocol that keeps its objects in a folder.

use anyhow::{Context, Result};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// The only bucket.
pub const BUCKET: &str = "bifrost-test";
/// The region that it says to be in.
pub const REGION: &str = "us-east-1";
/// Name and secret of the only credentials.
pub const CREDENTIALS: (&str, &str) = ("tests", "tests-secret");

/// Serves the objects below `folder`, and makes the bucket there, as long as the process
/// lives.
///
/// # Errors
/// When the folder cannot be used, or the listener fails.
pub async fn serve(folder: &Path, listener: TcpListener) -> Result<()> {
    std::fs::create_dir_all(folder.join(BUCKET))?;
    let files =
        s3s_fs::FileSystem::new(folder).map_err(|e| anyhow::anyhow!("{}: {e:?}", folder.display()))?;
    let mut builder = S3ServiceBuilder::new(files);
    builder.set_auth(SimpleAuth::from_single(CREDENTIALS.0, CREDENTIALS.1));
    let service = builder.build();
    loop {
        let (socket, _) = listener.accept().await?;
        let service = service.clone();
        tokio::spawn(async move {
            // A client that went away is no fault.
            let server = auto::Builder::new(TokioExecutor::new());
            let _ = server.serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

/// A server on a free port, over a temporary folder; it ends when it is dropped. It has a
/// thread of its own, so that it answers whatever the test waits for.
pub struct Server {
    folder: tempfile::TempDir,
    address: SocketAddr,
    _alive: oneshot::Sender<()>,
}

impl Server {
    /// Starts one.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let path = folder.path().to_owned();
        std::fs::create_dir(path.join(BUCKET))?;
        let (alive, gone) = oneshot::channel::<()>();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::spawn(move || {
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener)?;
                tokio::select! {
                    served = serve(&path, listener) => served,
                    _ = gone => Ok(()),
                }
            })
        });
        Ok(Self { folder, address, _alive: alive })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The folder of the bucket: an object's file is where its key says.
    pub fn bucket(&self) -> PathBuf {
        self.folder.path().join(BUCKET)
    }

    /// How many files the bucket's objects are kept in.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn objects(&self) -> Result<usize> {
        let mut folders = vec![self.bucket()];
        let mut count = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
                let entry = entry?;
                if entry.file_type()?.is_dir() { folders.push(entry.path()) } else { count += 1 }
            }
        }
        Ok(count)
    }
}

/// What the platform has to be told to use the server at this address.
pub fn variables(address: SocketAddr) -> [(&'static str, String); 5] {
    [
        ("S3_ENDPOINT", format!("http://{address}")),
        ("S3_BUCKET", BUCKET.to_owned()),
        ("S3_REGION", REGION.to_owned()),
        ("S3_ACCESS_KEY_ID", CREDENTIALS.0.to_owned()),
        ("S3_SECRET_ACCESS_KEY", CREDENTIALS.1.to_owned()),
    ]
}
