//! The live connection, over real sockets.

use crate::common::{Key, Platform, failure, line, success};
use bifrost_core::{ExecutionId, LogLevel, NotificationKind};
use bifrost_store::Sql;
use bifrost_store::executions::archive;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

struct Server {
    platform: Platform,
    address: std::net::SocketAddr,
}

struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Server {
    async fn start() -> Self {
        let platform = Platform::deployed().await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let router = platform.router.clone();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { platform, address }
    }

    async fn connect(&self, path: &str, key: Option<&Key>) -> Client {
        let mut request = format!("ws://{}{path}", self.address).into_client_request().expect("a request");
        if let Some(key) = key {
            let value = format!("Bearer {}", key.token).parse().expect("a header");
            request.headers_mut().insert("authorization", value);
        }
        let (socket, _) = connect_async(request).await.expect("connected");
        Client(socket)
    }

    /// Connected with its greeting read.
    async fn open(&self, path: &str, key: &Key) -> Client {
        let mut client = self.connect(path, Some(key)).await;
        assert_eq!(client.next().await["type"], "connected");
        client
    }
}

impl Client {
    async fn send(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.expect("sent");
    }

    async fn frame(&mut self) -> Message {
        let frame = tokio::time::timeout(Duration::from_secs(8), self.0.next()).await;
        frame.expect("a message in time").expect("not closed").expect("no error")
    }

    async fn next(&mut self) -> Value {
        match self.frame().await {
            Message::Text(text) => serde_json::from_str(&text).expect("JSON"),
            other => panic!("expected text, got {other:?}"),
        }
    }

    /// The close code, skipping nothing.
    async fn closed(&mut self) -> CloseCode {
        match self.frame().await {
            Message::Close(Some(frame)) => frame.code,
            other => panic!("expected a close, got {other:?}"),
        }
    }

    /// Sequences of the lines that come before the terminal update, and that update.
    async fn follow(&mut self) -> (Vec<i64>, Value) {
        let mut sequences = Vec::new();
        loop {
            let message = self.next().await;
            match message["type"].as_str().expect("a type") {
                "execution_log" => sequences.push(message["sequence"].as_i64().expect("a number")),
                "execution_update" if !message["completed_at"].is_null() => return (sequences, message),
                _ => {}
            }
        }
    }
}

fn subscribe(id: ExecutionId, after: Option<i64>) -> Value {
    json!({ "type": "subscribe", "channels": [format!("execution:{id}")], "after": after })
}

#[tokio::test]
async fn the_first_message_can_bring_the_key() {
    let server = Server::start().await;
    let mut client = server.connect("/ws/connect", None).await;
    client.send(json!({ "type": "auth", "token": server.platform.own.user.token })).await;
    let hello = client.next().await;
    assert_eq!(
        (&hello["type"], &hello["user_id"]),
        (&json!("connected"), &json!(server.platform.own.user.user))
    );
    client.send(json!({ "type": "ping" })).await;
    assert_eq!(client.next().await, json!({ "type": "pong" }));
    client.send(json!({ "type": "dance" })).await;
    assert_eq!(client.next().await["code"], "invalid");

    for message in [json!({ "type": "auth", "token": "bfr_no" }), json!({ "type": "ping" })] {
        let mut client = server.connect("/ws/connect", None).await;
        client.send(message).await;
        assert_eq!(client.closed().await, CloseCode::from(4401));
    }
}

#[tokio::test]
async fn a_key_in_the_url_is_not_accepted() {
    let server = Server::start().await;
    let token = &server.platform.own.user.token;
    let url = format!("ws://{}/ws/connect?token={token}", server.address);
    assert!(connect_async(url).await.is_err());
}

#[tokio::test]
async fn channels_are_for_those_who_may_see_them() {
    let server = Server::start().await;
    let platform = &server.platform;
    let own = platform.start(&platform.own.user).await;
    let foreign = platform.start(&platform.foreign.user).await;
    let (user, org) = (platform.own.user.user, platform.own.id);
    let channels = [
        (format!("execution:{own}"), [true, true, false]),
        (format!("execution:{foreign}"), [false, false, false]),
        (format!("history:user:{user}"), [true, false, true]),
        (format!("organization:{org}"), [false, true, true]),
        (format!("organization:{}", platform.foreign.id), [false, false, true]),
        ("history:GLOBAL".into(), [false, false, true]),
        ("nonsense".into(), [false, false, false]),
    ];
    for (role, key) in [&platform.own.user, &platform.own.admin, &platform.root].into_iter().enumerate() {
        let mut client = server.open("/ws/connect", key).await;
        for (channel, allowed) in &channels {
            client.send(json!({ "type": "subscribe", "channels": [channel] })).await;
            let answer = loop {
                let message = client.next().await;
                if message["type"] != "execution_update" {
                    break message;
                }
            };
            let expected = if allowed[role] { "subscribed" } else { "error" };
            assert_eq!(
                (&answer["type"], &answer["channel"]),
                (&json!(expected), &json!(channel)),
                "role {role}"
            );
        }
    }
}

#[tokio::test]
async fn a_log_is_replayed_and_goes_on_without_gap_or_repetition() {
    let server = Server::start().await;
    let platform = &server.platform;
    let id = platform.start(&platform.own.user).await;
    let run = platform.claim().await;
    platform.log(&run, (1..=1500).map(|n| line(n, LogLevel::Info)).collect(), false).await;
    let mut client = server.open("/ws/connect", &platform.own.user).await;
    client.send(subscribe(id, Some(1000))).await;
    assert_eq!(client.next().await["type"], "subscribed");
    for sequence in 1001..=1500 {
        assert_eq!(client.next().await["sequence"], sequence);
    }
    assert_eq!(client.next().await["status"], "Running");
    // Seen before, lost on the bus, out of order, and ahead of the database.
    platform.publish_line(&run, &line(1500, LogLevel::Info)).await;
    platform.log(&run, vec![line(1501, LogLevel::Info), line(1502, LogLevel::Info)], false).await;
    platform.publish_line(&run, &line(1504, LogLevel::Info)).await;
    platform.publish_line(&run, &line(1503, LogLevel::Info)).await;
    platform.publish_line(&run, &line(1506, LogLevel::Info)).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    platform.log(&run, (1503..=1506).map(|n| line(n, LogLevel::Info)).collect(), false).await;
    // All of it before the end, when one read of the database could hide what was missing.
    for sequence in 1501..=1506 {
        assert_eq!(client.next().await["sequence"], sequence);
    }
    platform.log(&run, vec![line(1507, LogLevel::Info)], false).await;
    platform.finish(&run, success(json!(1)), true).await;
    let (sequences, end) = client.follow().await;
    assert_eq!(sequences, [1507]);
    assert_eq!(end["status"], "Success");
}

#[tokio::test]
async fn a_log_that_became_an_object_is_replayed_as_before() {
    let server = Server::start().await;
    let platform = &server.platform;
    let id = platform.start(&platform.own.user).await;
    let run = platform.claim().await;
    platform.log(&run, (1..=2500).map(|n| line(n, LogLevel::Info)).collect(), false).await;
    platform.finish(&run, success(json!(1)), true).await;
    let db = &platform.state.db;
    let mark = Sql::new("UPDATE executions SET has_long_log = true");
    db.system().write(move |tx| Box::pin(async move { tx.execute(mark).await })).await.expect("marked");
    let log = archive::long_logs(db, None, 1).await.expect("logs").remove(0);
    assert!(archive::archive(db, platform.state.objects.as_ref(), &log).await.expect("archived"));
    assert!(archive::delete_lines(db, id, 10_000).await.expect("deleted"));
    for after in [0, 1200] {
        let mut client = server.open(&format!("/ws/execution/{id}?after={after}"), &platform.own.user).await;
        let (sequences, end) = client.follow().await;
        assert_eq!(sequences, (after + 1..=2500).collect::<Vec<_>>());
        assert_eq!(end["status"], "Success");
        assert_eq!(client.closed().await, CloseCode::Normal);
    }
}

#[tokio::test]
async fn a_line_that_comes_twice_is_sent_once() {
    let server = Server::start().await;
    let platform = &server.platform;
    let id = platform.start(&platform.own.user).await;
    let run = platform.claim().await;
    let mut client = server.open("/ws/connect", &platform.own.user).await;
    client.send(subscribe(id, Some(0))).await;
    assert_eq!(client.next().await["type"], "subscribed");
    assert_eq!(client.next().await["status"], "Running");
    platform.log(&run, vec![line(1, LogLevel::Info), line(2, LogLevel::Info)], true).await;
    for sequence in [1, 2, 1] {
        platform.publish_line(&run, &line(sequence, LogLevel::Info)).await;
    }
    platform.finish(&run, success(json!(1)), true).await;
    assert_eq!(client.follow().await.0, [1, 2]);
}

#[tokio::test]
async fn following_one_run_ends_with_it() {
    let server = Server::start().await;
    let platform = &server.platform;
    let id = platform.start(&platform.own.user).await;
    let mut client = server.open(&format!("/ws/execution/{id}"), &platform.own.user).await;
    assert_eq!(client.next().await["type"], "subscribed");
    assert_eq!(client.next().await["status"], "Pending");
    let run = platform.claim().await;
    platform
        .log(
            &run,
            vec![line(1, LogLevel::Debug), line(2, LogLevel::Info), line(3, LogLevel::Traceback)],
            true,
        )
        .await;
    // The bus loses the end; the database has it.
    platform.finish(&run, failure(), false).await;
    let (sequences, end) = client.follow().await;
    assert_eq!(sequences, [2], "DEBUG and TRACEBACK are for administrators");
    assert_eq!(
        (&end["error"], &end["error_type"]),
        (&json!("An error occurred during execution"), &Value::Null)
    );
    assert_eq!(client.closed().await, CloseCode::Normal);

    let mut admin = server.open(&format!("/ws/execution/{id}"), &platform.own.admin).await;
    let (sequences, end) = admin.follow().await;
    assert_eq!((sequences, &end["error_type"]), (vec![1, 2, 3], &json!("KeyError")));
    assert_eq!(admin.closed().await, CloseCode::Normal);

    let mut stranger = server.connect(&format!("/ws/execution/{id}"), None).await;
    stranger.send(json!({ "type": "auth", "token": platform.foreign.admin.token })).await;
    assert_eq!(stranger.next().await["type"], "connected");
    assert_eq!(stranger.next().await["code"], "not_found");
    assert_eq!(stranger.closed().await, CloseCode::Normal);
}

#[tokio::test]
async fn histories_tell_of_new_runs() {
    let server = Server::start().await;
    let platform = &server.platform;
    let user = platform.own.user.user;
    let mut own = server.open(&format!("/ws/connect?channels=history:user:{user}"), &platform.own.user).await;
    let mut all = server.open("/ws/connect?channels=history:GLOBAL", &platform.root).await;
    for client in [&mut own, &mut all] {
        assert_eq!(client.next().await["type"], "subscribed");
    }
    let id = platform.start(&platform.own.user).await;
    for client in [&mut own, &mut all] {
        let update = client.next().await;
        assert_eq!(
            (&update["type"], &update["execution_id"], &update["status"]),
            (&json!("history_update"), &json!(id), &json!("Pending"))
        );
    }
    own.send(json!({ "type": "unsubscribe", "channels": [format!("history:user:{user}")] })).await;
    assert_eq!(own.next().await["type"], "unsubscribed");
    platform.start(&platform.own.user).await;
    own.send(json!({ "type": "ping" })).await;
    assert_eq!(own.next().await["type"], "pong");
}

#[tokio::test]
async fn a_page_names_the_organization_in_the_query_and_only_who_may_enter_it() {
    let server = Server::start().await;
    let run = server.platform.start(&server.platform.own.user).await;
    let organization = server.platform.own.id;
    let path = format!("/ws/connect?organization={organization}");
    let mut client = server.open(&path, &server.platform.root).await;
    client.send(subscribe(run, Some(0))).await;
    assert_eq!(client.next().await["type"], "subscribed");
    let mut elsewhere = server.open("/ws/connect", &server.platform.root).await;
    elsewhere.send(subscribe(run, Some(0))).await;
    assert_eq!(elsewhere.next().await["code"], "not_found");
    let refused = server.platform.get(path).key(&server.platform.foreign.admin).send().await;
    refused.expect(404);
}

#[tokio::test]
async fn notifications_are_told_to_whoever_may_see_them() {
    let server = Server::start().await;
    let (own, state) = (&server.platform.own, &server.platform.state);
    let mut clients = vec![];
    for key in [&own.admin, &own.user] {
        let mut client = server.open(&format!("/ws/connect?channels=notification:{}", key.user), key).await;
        assert_eq!(client.next().await["type"], "subscribed");
        clients.push(client);
    }
    let told = |organization| bifrost_core::notification::told(organization, NotificationKind::RunFailed);
    state.bus.publish(told(server.platform.foreign.id)).await;
    state.bus.publish(told(own.id)).await;
    let (admin, user) = clients.split_at_mut(1);
    let message = admin[0].next().await;
    assert_eq!((&message["type"], &message["event"]), (&json!("notification"), &json!("run_failed")));
    assert_eq!(message["organization_id"], json!(own.id), "not of another organization");
    // Who may not see runs of others hears nothing of them.
    user[0].send(json!({ "type": "ping" })).await;
    assert_eq!(user[0].next().await, json!({ "type": "pong" }));
    let other = json!({ "type": "subscribe", "channels": [format!("notification:{}", own.admin.user)] });
    user[0].send(other).await;
    assert_eq!(user[0].next().await["code"], "not_found");
}
