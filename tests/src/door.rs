//! A way to a service that can be shut.

use anyhow::Result;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes connections on, as long as it is open. Shut, it ends those that it has.
pub struct Door {
    /// Where to connect to instead of the service.
    pub address: std::net::SocketAddr,
    open: watch::Sender<bool>,
}

impl Door {
    /// A door, open, to the service at `to`, such as `127.0.0.1:6379`.
    ///
    /// # Errors
    /// When there is no port to listen on.
    pub async fn open(to: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (open, state) = watch::channel(true);
        let to = to.to_owned();
        tokio::spawn(async move {
            while let Ok((mut inside, _)) = listener.accept().await {
                let (mut state, to) = (state.clone(), to.clone());
                tokio::spawn(async move {
                    if !*state.borrow() {
                        return;
                    }
                    let Ok(mut outside) = TcpStream::connect(to).await else { return };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut inside, &mut outside) => {}
                        _ = state.wait_for(|open| !*open) => {}
                    }
                });
            }
        });
        Ok(Self { address, open })
    }

    /// Cuts all connections, and takes no more.
    pub fn shut(&self) {
        self.open.send_replace(false);
    }

    /// Takes connections again.
    pub fn reopen(&self) {
        self.open.send_replace(true);
    }
}
