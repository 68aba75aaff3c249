use super::*;
use crate::OrganizationId;
use proptest::prelude::*;

fn settings() -> OAuthSettings {
    OAuthSettings {
        flow: OAuthFlow::AuthorizationCode,
        client_id: "client".into(),
        authorization_url: Some("https://login.example/{entity_id}/authorize".into()),
        token_url: "https://login.example/{entity_id}/token".into(),
        scopes: vec!["https://graph.example/.default".into(), "offline_access".into()],
        client_authentication: ClientAuthentication::Basic,
        parameters: BTreeMap::from([("prompt".into(), "consent".into())]),
        default_lifetime_seconds: DEFAULT_LIFETIME,
    }
}

fn value<'v>(pairs: &'v [(&'v str, &'v str)]) -> impl Fn(&str) -> Option<String> + 'v {
    move |name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
}

#[test]
fn places_are_filled() {
    let of = |template: &str| {
        expand("token_url", template, value(&[("entity_id", "contoso.example"), ("region", "eu")]))
    };
    let url = of("https://{region}.login.example/{entity_id}/oauth2/v2.0/token?x={region}").expect("a URL");
    assert_eq!(url.as_str(), "https://eu.login.example/contoso.example/oauth2/v2.0/token?x=eu");
    assert_eq!(of("http://127.0.0.1:9/token").expect("a URL").as_str(), "http://127.0.0.1:9/token");
    for bad in [
        "https://login.example/{tenant}",
        "https://login.example/{}",
        "https://login.example/{a b}",
        "https://login.example/{entity_id",
        "https://login.example/entity_id}",
        "https://login.example/{{entity_id}}",
        "http://login.example/token",
        "ftp://login.example/token",
        "login.example/token",
        "https://user@login.example/token",
        "https://user:pass@login.example/token",
        "https://login.example/token#x",
        "",
    ] {
        assert!(of(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_place_does_not_choose_the_domain() {
    for good in [
        "https://login.example/{x}",
        "https://{x}.login.example/t",
        "https://{a}-{b}.login.example:8443?x={c}",
    ] {
        assert!(check_template("token_url", good).is_ok(), "{good}");
    }
    for bad in [
        "https://{x}/t",
        "https://{x}.example/t",
        "https://{x}:1/",
        "https://login.{x}",
        "https://a.{x}?b",
        "{x}://login.example",
    ] {
        assert!(check_template("token_url", bad).is_err(), "{bad}");
    }
}

#[test]
fn a_value_leads_nowhere_else() {
    for bad in [
        "",
        ".",
        "..",
        "...",
        "a/b",
        "a?b",
        "a#b",
        "a@b",
        "a:1",
        "a%2fb",
        "a\\b",
        "é",
        " ",
        &"x".repeat(MAX_PLACE + 1),
    ] {
        let got = expand("token_url", "https://login.example/{entity_id}/token", |_| Some(bad.to_owned()));
        assert!(got.is_err(), "{bad:?} gives {got:?}");
    }
}

proptest! {
    /// Whatever an organization is called, the host stays the one that the template names, and
    /// the path has the same number of parts.
    #[test]
    fn the_host_and_the_shape_of_the_path_stay(entity in ".{0,40}") {
        if let Ok(url) = expand("token_url", "https://login.example/{entity_id}/token", |_| Some(entity.clone())) {
            prop_assert_eq!(url.host_str(), Some("login.example"));
            let parts: Vec<_> = url.path_segments().expect("parts").collect();
            prop_assert_eq!(parts, [entity.as_str(), "token"]);
        }
    }

    /// A token is renewed while it is good, and both are within its life.
    #[test]
    fn a_token_is_renewed_before_its_end(life in 1i64..100_000_000) {
        let from = DateTime::from_timestamp(1_700_000_000, 0).expect("a time");
        let until = from + TimeDelta::seconds(life);
        let at = renewal(from, until);
        prop_assert!(from <= at && at < until);
        prop_assert!(is_good(from, until, at) && is_good(from, until, from) && !is_good(from, until, until));
    }

    /// The client's secret and the refresh token are for whoever owns the connection; an
    /// organization's code gets nothing of the provider's that was not shared with it.
    #[test]
    fn secrets_stay_with_their_owner(workspace in 0u8..3, connection in 0u8..3, client in 0u8..3, flow in 0usize..3, is_shared: bool) {
        let scope = |n: u8| match n {
            0 => Scope::Global,
            n => Scope::Organization(OrganizationId(uuid::Uuid::from_u128(n.into()))),
        };
        let flow = OAuthFlow::ALL[flow];
        let all = Ownership { workspace: scope(workspace), connection: scope(connection), client: scope(client), flow, is_shared };
        let told = all.disclosure();
        if told.client_secret || told.refresh_token {
            prop_assert_eq!(all.workspace, all.connection);
        }
        if told.client_secret {
            prop_assert_eq!(all.workspace, all.client);
        }
        prop_assert!(told.access_token || told == Disclosure::default());
        if all.workspace != Scope::Global && all.connection == Scope::Global {
            prop_assert_eq!(told.access_token, is_shared);
            prop_assert!(!told.client_secret && !told.refresh_token);
        }
        if all.workspace != Scope::Global && all.connection != Scope::Global && all.workspace != all.connection {
            prop_assert!(!told.refresh_token && !told.client_secret);
        }
    }
}

#[test]
fn pauses_grow_and_are_bounded() {
    let pauses: Vec<_> = (1..20).map(backoff).collect();
    assert!(pauses.is_sorted());
    assert_eq!((pauses[0], pauses[1], pauses[18]), (FIRST_PAUSE, FIRST_PAUSE * 2, LONGEST_PAUSE));
    assert_eq!((backoff(i64::MIN), backoff(i64::MAX)), (FIRST_PAUSE, LONGEST_PAUSE));
}

#[test]
fn settings_at_fault_are_named() {
    assert!(settings().checked().is_ok());
    assert!(settings().is_per_organization());
    type Change = fn(&mut OAuthSettings);
    let fault = |change: Change| {
        let mut settings = settings();
        change(&mut settings);
        settings.checked().expect_err("a fault").to_string()
    };
    let cases: [(Change, &str); 8] = [
        (|s| s.client_id = " ".into(), "oauth.client_id"),
        (|s| s.token_url = "http://login.example".into(), "oauth.token_url"),
        (|s| s.authorization_url = None, "oauth.authorization_url"),
        (|s| s.authorization_url = Some("javascript:alert(1)".into()), "oauth.authorization_url"),
        (|s| s.scopes = vec!["a b".into()], "oauth.scopes"),
        (|s| drop(s.parameters.insert("state".into(), "x".into())), "oauth.parameters.state"),
        (|s| drop(s.parameters.insert("x".into(), "a\nb".into())), "oauth.parameters.x"),
        (|s| s.default_lifetime_seconds = 0, "oauth.default_lifetime_seconds"),
    ];
    for (change, field) in cases {
        let error = fault(change);
        assert!(error.starts_with(field), "{error}");
    }
}

#[test]
fn names_survive_the_wire() {
    for flow in OAuthFlow::ALL {
        assert_eq!(flow.as_str().parse::<OAuthFlow>().expect("known"), *flow);
        assert_eq!(serde_json::to_value(flow).expect("json"), flow.as_str());
    }
    for status in ConnectionStatus::ALL {
        assert_eq!(status.as_str().parse::<ConnectionStatus>().expect("known"), *status);
        assert_eq!(serde_json::to_value(status).expect("json"), status.as_str());
    }
}
