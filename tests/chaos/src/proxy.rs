//! The network between a process and a service: a TCP proxy of its own for each pair, so
//! that any of them can be cut off from any other.

use anyhow::Result;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What a link does with bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Passes them on.
    Open,
    /// Ends connections and refuses new ones.
    Cut,
    /// Keeps connections and passes nothing on, as a network that loses every packet.
    Hole,
}

/// One proxy.
pub struct Link {
    address: SocketAddr,
    way: watch::Sender<Way>,
}

impl Link {
    /// Listens on a free port for connections to `to`.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(to: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (way, changes) = watch::channel(Way::Open);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, to, changes.clone()));
            }
        });
        Ok(Self { address, way })
    }

    /// Where to connect instead.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what it does, for connections that there are and those to come.
    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

/// One connection, until either side or the link ends it.
async fn pass(client: TcpStream, to: SocketAddr, mut way: watch::Receiver<Way>) {
    let mut cut = way.clone();
    let passing = async {
        way.wait_for(|way| *way != Way::Hole).await.ok()?;
        let server = TcpStream::connect(to).await.ok()?;
        // Small messages, each waited for.
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (client_in, client_out) = client.into_split();
        let (server_in, server_out) = server.into_split();
        tokio::select! {
            () = pump(client_in, server_out, way.clone()) => {}
            () = pump(server_in, client_out, way.clone()) => {}
        }
        Some(())
    };
    tokio::select! {
        _ = passing => {}
        _ = cut.wait_for(|way| *way == Way::Cut) => {}
    }
}

async fn pump(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut way: watch::Receiver<Way>,
) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let open = way.wait_for(|way| *way == Way::Open).await.is_ok();
        if !open || to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("address");
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = socket.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                });
            }
        });
        address
    }

    async fn says(socket: &mut TcpStream) -> Option<u8> {
        socket.write_u8(7).await.ok()?;
        timeout(Duration::from_millis(300), socket.read_u8()).await.ok()?.ok()
    }

    #[tokio::test]
    async fn a_hole_delays_and_a_cut_ends() {
        let link = Link::start(echo().await).await.expect("link");
        let mut socket = TcpStream::connect(link.address()).await.expect("connected");
        assert_eq!(says(&mut socket).await, Some(7));
        link.set(Way::Hole);
        assert_eq!(says(&mut socket).await, None);
        link.set(Way::Open);
        assert_eq!(
            timeout(Duration::from_secs(5), socket.read_u8()).await.expect("in time").expect("byte"),
            7
        );
        link.set(Way::Cut);
        assert!(timeout(Duration::from_secs(5), socket.read_u8()).await.expect("in time").is_err());
        let mut refused = TcpStream::connect(link.address()).await.expect("accepted, then ended");
        assert_eq!(says(&mut refused).await, None);
        link.set(Way::Open);
        let mut healed = TcpStream::connect(link.address()).await.expect("connected");
        assert_eq!(says(&mut healed).await, Some(7));
    }
}
