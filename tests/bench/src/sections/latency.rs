//! From submitting a run to the first line of its log on a live connection.

use super::one_thread;
use crate::engines::Engines;
use crate::server::Server;
use crate::stats::percentile;
use crate::{Bench, Summary, workspace};
use anyhow::{Context, Result, bail, ensure};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Longest wait for a message.
const PATIENCE: Duration = Duration::from_secs(10);
/// Rest between two runs: this is about latency, not load.
const REST: Duration = Duration::from_millis(10);

/// One run at a time.
pub fn measure(bench: &Bench, summary: &mut Summary) -> Result<()> {
    for engines in Engines::ALL {
        one_thread()?.block_on(async {
            let server = Server::start(bench, engines, &workspace::folder()).await?;
            let times = follow(&server, bench.samples(500, 100)).await;
            let options = provide(&server, bench.samples(500, 100)).await;
            server.stop().await?;
            let (times, accepted) = times?;
            let name = engines.name();
            summary.set(&format!("data_provider_ms.{name}.p50"), percentile(&options?, 0.5));
            summary.set(&format!("latency_ms.{name}.p50"), percentile(&times, 0.5));
            summary.set(&format!("latency_ms.{name}.p99"), percentile(&times, 0.99));
            summary.note(&format!("latency_ms.{name}.accepted_p50"), percentile(&accepted, 0.5));
            summary.note(&format!("latency_ms.{name}.runs"), times.len());
            anyhow::Ok(())
        })?;
    }
    Ok(())
}

/// Milliseconds to the first line, and to the answer that the run was accepted.
async fn follow(server: &Server, count: usize) -> Result<(Vec<f64>, Vec<f64>)> {
    let mut live = Live::connect(server).await?;
    let (mut times, mut accepted) = (vec![], vec![]);
    for n in 0..count + 20 {
        let began = Instant::now();
        let id = server.submit("line", json!({"name": format!("caller {n}")})).await?;
        let answered = began.elapsed();
        let channel = format!("execution:{id}");
        live.send(&json!({"type": "subscribe", "channels": [channel], "after": 0})).await?;
        live.until(|message| {
            message["type"] == "execution_log" && message["message"] == format!("Greeting caller {n}")
        })
        .await?;
        let took = began.elapsed();
        live.send(&json!({"type": "unsubscribe", "channels": [channel]})).await?;
        live.until(|message| message["type"] == "unsubscribed").await?;
        // The first ones find pools and caches cold.
        if n >= 20 {
            times.push(took.as_secs_f64() * 1_000.0);
            accepted.push(answered.as_secs_f64() * 1_000.0);
        }
        tokio::time::sleep(REST).await;
    }
    Ok((times, accepted))
}

/// Milliseconds until the options of a data provider are there that nobody has kept.
async fn provide(server: &Server, count: usize) -> Result<Vec<f64>> {
    let mut times = vec![];
    for n in 0..count + 20 {
        let body = json!({"input_data": {"customer": format!("caller {n}")}, "refresh": true});
        let began = Instant::now();
        let answer: Value = server.post("/api/data-providers/sites/invoke", &body).await?.json().await?;
        let took = began.elapsed();
        ensure!(answer["options"][2]["label"] == format!("caller {n}: 2"), "{answer}");
        // The first ones find pools and caches cold.
        if n >= 20 {
            times.push(took.as_secs_f64() * 1_000.0);
        }
        tokio::time::sleep(REST).await;
    }
    Ok(times)
}

struct Live(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Live {
    async fn connect(server: &Server) -> Result<Self> {
        let address = server.url.trim_start_matches("http://");
        let mut request = format!("ws://{address}/ws/connect").into_client_request()?;
        request.headers_mut().insert("authorization", format!("Bearer {}", server.key).parse()?);
        let (socket, _) = connect_async(request).await?;
        if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
            stream.set_nodelay(true)?;
        }
        Ok(Self(socket))
    }

    async fn send(&mut self, message: &Value) -> Result<()> {
        Ok(self.0.send(Message::text(message.to_string())).await?)
    }

    async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Result<()> {
        loop {
            let frame = tokio::time::timeout(PATIENCE, self.0.next()).await.context("no message in time")?;
            match frame.context("the connection closed")?? {
                Message::Text(text) => {
                    let message: Value = serde_json::from_str(&text)?;
                    if wanted(&message) {
                        return Ok(());
                    }
                    if message["type"] == "error" {
                        bail!("{message}");
                    }
                }
                Message::Close(_) => bail!("the connection closed"),
                _ => {}
            }
        }
    }
}
