//! A server with a certificate that it made itself, for which nobody vouches.

use super::*;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};

fn self_made() -> SocketAddr {
    let certificate = CertificateDer::from(include_bytes!("own.crt").to_vec());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(include_bytes!("own.key").to_vec()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("versions").with_no_client_auth().with_single_cert(vec![certificate], key);
    let config = Arc::new(config.expect("a certificate and its key"));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("listen");
    let address = listener.local_addr().expect("address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(config.clone()).expect("a connection");
            let mut stream = StreamOwned::new(connection, stream);
            let mut head = [0; 4_096];
            // Who does not trust it says nothing.
            if let Ok(1..) = stream.read(&mut head) {
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
                let _ = stream.write_all(answer);
            }
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_goes_unchecked_only_where_the_policy_names_the_host() {
    let world = World::new().await;
    let url = format!("https://127.0.0.1:{}/", self_made().port());
    let unverified = |method: &str| HttpRequest { unverified: true, ..request(method, &url) };
    let egress = world.egress();
    for method in ["CONNECT", "GET"] {
        let error = egress.send(request(method, &url)).await.expect_err("nobody vouches for it");
        assert!(matches!(&error, HttpError::Tls(why) if why.contains("certificate")), "{error:?}");
        let error = egress.send(unverified(method)).await.expect_err("the policy says nothing of it");
        assert!(matches!(&error, HttpError::Denied(why) if why.contains("certificate")), "{error:?}");
    }
    world.set(EgressPolicy { unverified_hosts: vec!["127.0.0.1".into()], ..Default::default() }).await;
    let egress = world.egress();
    assert_eq!(egress.send(unverified("CONNECT")).await.expect("it may be").status, 200);
    let answer = egress.send(unverified("GET")).await.expect("answered");
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"ok".as_slice()));
    for method in ["CONNECT", "GET"] {
        let error = egress.send(request(method, &url)).await;
        let error = error.expect_err("who does not ask for that has it checked");
        assert!(matches!(error, HttpError::Tls(_)), "{error:?}");
    }
    let elsewhere = HttpRequest { unverified: true, ..get("https://localhost/") };
    let error = egress.send(elsewhere).await.expect_err("another host");
    assert!(matches!(error, HttpError::Denied(_)), "{error:?}");
    let error = open(Reach::Any).send(unverified("GET")).await.expect_err("there is no policy at all");
    assert!(matches!(error, HttpError::Denied(_)), "{error:?}");
}
