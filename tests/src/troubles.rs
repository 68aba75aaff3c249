//! Places on the loopback where requests come to nothing, each in a way of its own.

use anyhow::Result;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Long enough for a connection on the loopback.
const CONNECTED: Duration = Duration::from_millis(500);
/// How many connections a listener's queue of none takes at most.
const QUEUED: usize = 16;

/// All of them; they end with the test.
pub struct Troubles {
    /// Nobody listens.
    pub closed: SocketAddr,
    /// Somebody listens, and takes no connection.
    pub full: SocketAddr,
    /// Connections are taken, and nothing is ever said.
    pub silent: SocketAddr,
    /// TLS with a certificate that it made itself.
    pub self_made: SocketAddr,
    /// A request is read, and the connection closed.
    pub mute: SocketAddr,
    _held: (TcpListener, Vec<TcpStream>, TcpListener),
}

impl Troubles {
    /// Starts them.
    ///
    /// # Errors
    /// When there is no port to listen on, or a full queue still takes connections.
    pub async fn start() -> Result<Self> {
        // The system takes connections up to the length of the queue, and this one is never emptied.
        let silent = TcpListener::bind("127.0.0.1:0").await?;
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let full = socket.listen(0)?;
        let mut queued = vec![];
        while let Ok(stream) = tokio::time::timeout(CONNECTED, TcpStream::connect(full.local_addr()?)).await {
            queued.push(stream?);
            anyhow::ensure!(queued.len() < QUEUED, "a queue of none takes {QUEUED} connections");
        }
        Ok(Self {
            closed: TcpListener::bind("127.0.0.1:0").await?.local_addr()?,
            full: full.local_addr()?,
            silent: silent.local_addr()?,
            self_made: self_made()?,
            mute: mute().await?,
            _held: (full, queued, silent),
        })
    }
}

async fn mute() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            while let Ok(1..) = stream.read(&mut [0; 4_096]).await {
                let _ = stream.shutdown().await;
            }
        }
    });
    Ok(address)
}

/// Its certificate is the one that the tests of the egress have.
fn self_made() -> Result<SocketAddr> {
    let certificate = include_bytes!("../../worker/runner/src/egress/tests/own.crt");
    let key = include_bytes!("../../worker/runner/src/egress/tests/own.key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = config.with_no_client_auth().with_single_cert(
        vec![CertificateDer::from(certificate.to_vec())],
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.to_vec())),
    )?;
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let Ok(connection) = ServerConnection::new(config.clone()) else { return };
            // Who does not trust it says nothing.
            let _ = std::io::copy(&mut StreamOwned::new(connection, stream), &mut std::io::sink());
        }
    });
    Ok(address)
}
