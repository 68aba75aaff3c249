//! One live connection, from its authentication to its close.

use super::Channel;
use super::follow::{Follow, follow};
use crate::auth::Auth;
use crate::credential::Credential;
use crate::events;
use crate::origin::Origin;
use crate::state::ApiState;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use bifrost_core::ports::subscription::Receiver;
use bifrost_core::{Error, Permissions};
use futures::stream::SplitSink;
use futures::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, interval_at, timeout};
use tokio_util::task::AbortOnDropHandle;

/// Time for the first message, when the headers held no key.
const AUTH_WAIT: Duration = Duration::from_secs(10);

/// Between two pings; keeps proxies from closing an idle connection.
const PING: Duration = Duration::from_secs(30);

/// Between two checks that the key or session is still good: with what a process believes of
/// sessions, what is revoked is cut off within five seconds.
const RECHECK: Duration = Duration::from_secs(2);

/// A client that takes longer than this for one message is gone.
const SEND_WAIT: Duration = Duration::from_secs(30);

/// A client that sends nothing for this long, not even pongs, is gone.
const IDLE: Duration = Duration::from_secs(100);

/// Channels of one connection.
const MAX_CHANNELS: usize = 100;

/// Messages that wait for the client before its subscriptions wait.
const OUTGOING: usize = 256;

/// Close code: no key, or one that is no longer good.
const CLOSE_UNAUTHENTICATED: u16 = 4401;

/// Close code: done.
const CLOSE_NORMAL: u16 = 1000;

/// A key or a session that was good.
pub struct Login {
    /// To be checked again later.
    pub credential: Credential,
    /// The organization it was used for.
    pub organization: Option<String>,
    /// Who it is.
    pub auth: Auth,
}

/// What the upgrade request said.
pub struct Start {
    /// The key of the headers.
    pub login: Option<Login>,
    /// Channels to subscribe to at once.
    pub channels: Vec<String>,
    /// Where execution channels begin.
    pub after: Option<i64>,
    /// Follow this one channel, then close.
    pub only: Option<Channel>,
    /// Where it came from.
    pub origin: Origin,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Incoming {
    Auth {
        token: String,
        #[serde(default)]
        organization: Option<String>,
    },
    Subscribe {
        #[serde(default)]
        channels: Vec<String>,
        #[serde(default)]
        after: Option<i64>,
    },
    Unsubscribe {
        #[serde(default)]
        channels: Vec<String>,
    },
    Ping,
}

/// Why a connection ends.
struct Close(u16, &'static str);

/// The client is gone: nothing is left to say.
const GONE: Close = Close(0, "");

struct Session {
    state: ApiState,
    login: Login,
    origin: Origin,
    sink: SplitSink<WebSocket, Message>,
    out: mpsc::Sender<Value>,
    subscriptions: HashMap<Channel, AbortOnDropHandle<()>>,
}

/// Serves a connection until it closes.
pub async fn serve(mut socket: WebSocket, state: ApiState, mut start: Start) {
    let login = match start.login.take() {
        Some(login) => Ok(login),
        None => authenticate(&mut socket, &state, &start.origin).await,
    };
    let (sink, mut stream) = socket.split();
    let (out, mut outgoing) = mpsc::channel(OUTGOING);
    let (mut sink, Close(code, reason)) = match login {
        Err(close) => (sink, close),
        Ok(login) => {
            let mut session = Session {
                state,
                login,
                origin: start.origin.clone(),
                sink,
                out,
                subscriptions: HashMap::new(),
            };
            let close = match session.run(&mut stream, &mut outgoing, start).await {
                Err(close) => close,
                Ok(()) => GONE,
            };
            (session.sink, close)
        }
    };
    if code != GONE.0 {
        let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
        let _ = timeout(SEND_WAIT, sink.send(Message::Close(Some(frame)))).await;
    }
}

/// Waits for `{type: "auth", token}`.
async fn authenticate(socket: &mut WebSocket, state: &ApiState, origin: &Origin) -> Result<Login, Close> {
    const REFUSED: Close = Close(CLOSE_UNAUTHENTICATED, "authentication required");
    let message = timeout(AUTH_WAIT, async {
        loop {
            match socket.recv().await {
                Some(Ok(Message::Text(text))) => return Some(text),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return None,
            }
        }
    });
    let text = message.await.ok().flatten().ok_or(REFUSED)?;
    let Ok(Incoming::Auth { token, organization }) = serde_json::from_str(&text) else {
        return Err(REFUSED);
    };
    let credential = Credential::of_text(&token);
    match Auth::of(state, &credential, organization.as_deref(), origin).await {
        Ok(auth) => Ok(Login { credential, organization, auth }),
        Err(error) => {
            log_internal(&error);
            Err(REFUSED)
        }
    }
}

impl Session {
    async fn run(
        &mut self,
        stream: &mut futures::stream::SplitStream<WebSocket>,
        outgoing: &mut mpsc::Receiver<Value>,
        start: Start,
    ) -> Result<(), Close> {
        let auth = &self.login.auth;
        let hello = json!({ "type": "connected", "user_id": auth.caller.user, "organization_id": auth.organization() });
        self.send(hello).await?;
        if let Some(channel) = start.only {
            self.subscribe(&channel.to_string(), start.after).await?;
            if self.subscriptions.is_empty() {
                return Err(Close(CLOSE_NORMAL, "nothing to follow"));
            }
        }
        for channel in &start.channels {
            self.subscribe(channel, start.after).await?;
        }
        let mut ping = interval_at(Instant::now() + PING, PING);
        let mut recheck = interval_at(Instant::now() + RECHECK, RECHECK);
        let mut heard = Instant::now();
        loop {
            tokio::select! {
                biased;
                message = stream.next() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(Message::Text(text))) => self.incoming(&text).await?,
                        Some(Ok(Message::Binary(_))) => self.refuse("not_text", "messages are JSON text", None).await?,
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                        Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(()),
                    }
                }
                Some(message) = outgoing.recv() => {
                    let ended = start.only.is_some() && message["type"] == "execution_update" && events::is_terminal(&message);
                    self.send(message).await?;
                    if ended {
                        return Err(Close(CLOSE_NORMAL, "the execution has ended"));
                    }
                }
                _ = ping.tick() => {
                    if heard.elapsed() > IDLE {
                        return Ok(());
                    }
                    self.send_frame(Message::Ping(Default::default())).await?;
                }
                _ = recheck.tick() => self.recheck().await?,
            }
        }
    }

    async fn incoming(&mut self, text: &str) -> Result<(), Close> {
        match serde_json::from_str(text) {
            Ok(Incoming::Subscribe { channels, after }) => {
                for channel in &channels {
                    self.subscribe(channel, after).await?;
                }
                Ok(())
            }
            Ok(Incoming::Unsubscribe { channels }) => {
                for name in &channels {
                    if let Ok(channel) = name.parse::<Channel>() {
                        self.subscriptions.remove(&channel);
                    }
                    self.send(json!({ "type": "unsubscribed", "channel": name })).await?;
                }
                Ok(())
            }
            Ok(Incoming::Ping) => self.send(json!({ "type": "pong" })).await,
            Ok(Incoming::Auth { .. }) => {
                self.refuse(
                    "already_authenticated",
                    "this connection is authenticated; open another one",
                    None,
                )
                .await
            }
            Err(_) => {
                self.refuse(
                    "invalid",
                    "a message is {type: subscribe|unsubscribe|ping, channels: [..]}",
                    None,
                )
                .await
            }
        }
    }

    /// Subscribes to a channel, anew if it was already; what is refused is said.
    async fn subscribe(&mut self, name: &str, after: Option<i64>) -> Result<(), Close> {
        self.subscriptions.retain(|_, task| !task.is_finished());
        match self.open(name, after).await {
            Ok(()) => Ok(()),
            Err(Error::Internal(error)) => {
                tracing::error!(channel = name, error = format!("{error:#}"), "subscription failed");
                self.refuse("internal", "the server failed", Some(name)).await
            }
            Err(Error::Conflict { code, message }) => self.refuse(code, &message, Some(name)).await,
            Err(_) => self.refuse("not_found", "there is no such channel for you", Some(name)).await,
        }
    }

    async fn open(&mut self, name: &str, after: Option<i64>) -> Result<(), Error> {
        let channel: Channel = name.parse()?;
        channel.authorize(&self.state, &self.login.auth).await?;
        self.subscriptions.remove(&channel);
        if self.subscriptions.len() >= MAX_CHANNELS {
            let message = format!("a connection has at most {MAX_CHANNELS} channels");
            return Err(Error::Conflict { code: "too_many_channels", message });
        }
        let events = self.state.bus.subscribe(vec![channel.topic(&self.login.auth)]).await?;
        // The task may be quicker than this: the confirmation goes through the same queue.
        let (out, auth) = (self.out.clone(), &self.login.auth);
        let (admin, permissions) = (auth.sees_all_runs(), auth.caller.permissions);
        let confirmation = json!({ "type": "subscribed", "channel": name });
        let follow_execution = match channel {
            Channel::Execution(execution) => Some(Follow {
                state: self.state.clone(),
                organization: auth.organization(),
                execution,
                admin,
                after,
                out: out.clone(),
            }),
            _ => None,
        };
        let task = tokio::spawn(async move {
            if out.send(confirmation).await.is_err() {
                return;
            }
            match follow_execution {
                Some(what) => follow(what, events).await,
                None => forward(events, admin, permissions, out).await,
            }
        });
        self.subscriptions.insert(channel, AbortOnDropHandle::new(task));
        Ok(())
    }

    /// Closes the connection when its key was revoked, or allows something else, in the meantime.
    async fn recheck(&mut self) -> Result<(), Close> {
        let Login { credential, organization, .. } = &self.login;
        match Auth::of(&self.state, credential, organization.as_deref(), &self.origin).await {
            // What is subscribed to was decided with the old permissions.
            Ok(auth) if auth.caller.permissions != self.login.auth.caller.permissions => {
                return Err(Close(CLOSE_UNAUTHENTICATED, "what you may do has changed; connect again"));
            }
            Ok(auth) => self.login.auth = auth,
            Err(Error::Internal(error)) => {
                tracing::warn!(error = format!("{error:#}"), "key of a live connection could not be checked");
            }
            // It passes; what was revoked is found then.
            Err(Error::Busy(_) | Error::Limited { .. }) => {}
            Err(_) => return Err(Close(CLOSE_UNAUTHENTICATED, "the key or session is no longer good")),
        }
        Ok(())
    }

    async fn refuse(&mut self, code: &str, message: &str, channel: Option<&str>) -> Result<(), Close> {
        self.send(events::error(code, message, channel)).await
    }

    async fn send(&mut self, message: Value) -> Result<(), Close> {
        self.send_frame(Message::Text(message.to_string().into())).await
    }

    async fn send_frame(&mut self, message: Message) -> Result<(), Close> {
        match timeout(SEND_WAIT, self.sink.send(message)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(GONE),
        }
    }
}

async fn forward(mut events: Receiver, admin: bool, permissions: Permissions, out: mpsc::Sender<Value>) {
    while let Some(event) = events.recv().await {
        if !events::concerns(&event.payload, permissions) {
            continue;
        }
        if out.send(events::for_role(event.payload, admin)).await.is_err() {
            return;
        }
    }
}

fn log_internal(error: &Error) {
    if let Error::Internal(cause) = error {
        tracing::error!(error = format!("{cause:#}"), "authentication failed");
    }
}
