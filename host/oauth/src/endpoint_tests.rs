use super::*;
use bifrost_core::OAuthFlow;
use serde_json::json;

const URL: &str = "https://login.example/token";

fn settings(flow: OAuthFlow, client_authentication: ClientAuthentication) -> OAuthSettings {
    OAuthSettings {
        flow,
        client_id: "client id".into(),
        authorization_url: None,
        token_url: URL.into(),
        scopes: vec!["a".into(), "b".into()],
        client_authentication,
        parameters: [("audience".to_owned(), "https://api.example".to_owned())].into(),
        default_lifetime_seconds: 3_600,
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).expect("a time")
}

fn answer(status: u16, body: Value) -> Answer {
    Answer { status, body: body.to_string().into_bytes() }
}

fn got(status: u16, body: Value) -> Result<Fresh, Failure> {
    let settings = settings(OAuthFlow::AuthorizationCode, ClientAuthentication::Basic);
    read(&answer(status, body), &settings, URL, Some(Zeroizing::new("r0".into())), now())
}

fn failed(status: u16, body: Value) -> Failure {
    got(status, body).expect_err("a failure")
}

#[test]
fn forms_are_those_of_the_standard() {
    let basic = settings(OAuthFlow::AuthorizationCode, ClientAuthentication::Basic);
    let sent =
        form(&basic, Some("s:1 ä"), URL, Grant::Code { code: "c", verifier: "v", redirect: "https://x/cb" });
    assert_eq!(
        sent.body,
        "grant_type=authorization_code&code=c&code_verifier=v&redirect_uri=https%3A%2F%2Fx%2Fcb"
    );
    let (name, pair) = &sent.headers[0];
    assert_eq!(*name, "authorization");
    let pair = BASE64_STANDARD.decode(pair.strip_prefix("Basic ").expect("Basic")).expect("base64");
    assert_eq!(String::from_utf8(pair).expect("text"), "client+id:s%3A1+%C3%A4");

    let body = settings(OAuthFlow::ClientCredentials, ClientAuthentication::Body);
    let sent = form(&body, Some("s"), URL, Grant::Client(&body.scopes));
    assert_eq!(
        sent.body,
        "grant_type=client_credentials&scope=a+b&audience=https%3A%2F%2Fapi.example&client_id=client+id&client_secret=s"
    );
    assert!(sent.headers.is_empty());

    let sent = form(&basic, None, URL, Grant::Refresh("r"));
    assert_eq!(sent.body, "grant_type=refresh_token&refresh_token=r&client_id=client+id");
    assert!(sent.headers.is_empty());
}

#[test]
fn answers_are_read_as_servers_write_them() {
    let token = |fresh: &Fresh| fresh.tokens.access_token.as_ref().map(|token| token.to_string());
    for expires_in in [json!(3600), json!("3600"), json!(3600.5)] {
        let fresh =
            got(200, json!({ "access_token": "t", "token_type": "bearer", "expires_in": expires_in }));
        let fresh = fresh.expect("fresh");
        assert_eq!(token(&fresh).as_deref(), Some("t"));
        assert_eq!(fresh.until, Some(now() + TimeDelta::hours(1)));
        assert!(fresh.has_refresh, "the old refresh token stays");
        assert_eq!(fresh.tokens.refresh_token.as_ref().map(|token| token.as_str()), Some("r0"));
    }
    // Without a word the default holds; what is no time is no word.
    for body in [json!({ "access_token": "t" }), json!({ "access_token": "t", "expires_in": 0 })] {
        assert_eq!(got(200, body).expect("fresh").until, Some(now() + TimeDelta::hours(1)));
    }
    let fresh =
        got(200, json!({ "access_token": "t", "refresh_token": "r1", "scope": "a\nb" })).expect("fresh");
    assert_eq!(fresh.tokens.refresh_token.as_ref().map(|token| token.as_str()), Some("r1"));
    assert_eq!(fresh.tokens.scope.as_deref(), Some("a b"));

    // Nothing renews it and nobody says that it ends.
    let code = settings(OAuthFlow::AuthorizationCode, ClientAuthentication::Basic);
    let fresh = read(&answer(200, json!({ "access_token": "t" })), &code, URL, None, now()).expect("fresh");
    assert_eq!((fresh.until, fresh.has_refresh), (None, false));
    let client = settings(OAuthFlow::ClientCredentials, ClientAuthentication::Basic);
    let fresh = read(&answer(200, json!({ "access_token": "t" })), &client, URL, None, now()).expect("fresh");
    assert_eq!((fresh.until, fresh.has_refresh), (Some(now() + TimeDelta::hours(1)), true));
}

#[test]
fn a_refusal_is_final_and_an_outage_is_not() {
    let refused =
        failed(400, json!({ "error": "invalid_grant", "error_description": "revoked\r\nby somebody" }));
    assert_eq!(refused.reason, "the token endpoint refused with `invalid_grant`: revoked  by somebody");
    assert!(refused.is_final);
    // Some answer 200 to everything.
    assert!(failed(200, json!({ "error": "bad_refresh_token" })).is_final);
    assert!(failed(401, json!({})).is_final);
    assert!(failed(200, json!({ "access_token": "t", "token_type": "mac" })).is_final);
    for (status, body) in [
        (500, json!({})),
        (503, json!({ "error": "temporarily_unavailable" })),
        (400, json!({ "error": "temporarily_unavailable" })),
        (429, json!({ "error": "too_many" })),
        (200, json!({})),
        (200, json!("text")),
        (302, json!({})),
    ] {
        let failure = failed(status, body.clone());
        assert!(!failure.is_final, "{status} {body}: {failure:?}");
    }
}
