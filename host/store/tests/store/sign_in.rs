//! Credentials, sessions, links and codes: what opens once opens once, and what is another
//! tenant's opens nothing.

use crate::common::*;
use bifrost_core::*;
use bifrost_store::sign_in::failures::{self, Policy, Subject};
use bifrost_store::sign_in::flows::{self, Kind};
use bifrost_store::sign_in::passkeys::{self, Passkey};
use bifrost_store::sign_in::providers::{self, Settings, Subject as Person};
use bifrost_store::sign_in::sessions::{self, NewSession};
use bifrost_store::sign_in::{devices, hash, passwords, set_up, totp};
use bifrost_store::users::{self, NewUser, UserChange};
use bifrost_store::{Access, Db, Keyring, Sql, now, organizations};
use chrono::TimeDelta;
use serde_json::json;
use zeroize::Zeroizing;

on_both!(
    sessions_end_when_they_should,
    a_new_session_replaces_the_old,
    flows_are_good_once,
    wrong_attempts_make_wait,
    many_attempts_at_once_are_all_counted,
    passwords_and_links,
    second_factors,
    passkeys_belong_to_one_user,
    providers_keep_secrets_and_map_people,
    devices_are_told_once,
    the_first_administrator_is_made_once,
);

mod guarded {
    crate::on_one!(postgres, rows_of_others_are_invisible);
}

fn keys() -> Keyring {
    Keyring::from_bytes([3; 32])
}

fn session(w: &World, kind: sessions::Kind) -> NewSession {
    NewSession {
        user: w.user,
        organization: w.org.id,
        kind,
        method: "password",
        is_strong: false,
        address: Some("192.0.2.1".into()),
        agent: Some("test".into()),
    }
}

async fn run(db: &Db, sql: &'static str) -> u64 {
    db.system().write(move |tx| Box::pin(async move { tx.execute(Sql::new(sql)).await })).await.unwrap()
}

async fn sessions_end_when_they_should(db: Db) {
    use sessions::Kind::{Browser, CommandLine};
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let (first, token) = sessions::begin(&w.db, session(&w, Browser), None).await.unwrap();
    let good = async |token: &str, kind| sessions::find(&w.db, token, kind).await.unwrap().is_some();
    assert!(good(&token, Browser).await);
    assert!(!good(&token, CommandLine).await, "a cookie's value is no bearer token");
    for wrong in ["", "bfs_", &token[1..], &format!("{token}x"), &hex(&hash(&token))] {
        assert!(!good(wrong, Browser).await);
    }
    let other = w.db.org(w.other.id);
    assert!(sessions::list(&other, w.user).await.unwrap().is_empty());
    assert!(sessions::end(&org, UserId::new(), first.id).await.is_err(), "somebody else's");
    assert_eq!(sessions::end(&org, w.user, first.id).await.unwrap(), [hash(&token)]);
    assert!(!good(&token, Browser).await);
    assert!(matches!(sessions::end(&org, w.user, first.id).await, Err(Error::NotFound("session"))));

    let (kept, one) = sessions::begin(&w.db, session(&w, CommandLine), None).await.unwrap();
    let (_, two) = sessions::begin(&w.db, session(&w, Browser), None).await.unwrap();
    assert_eq!(sessions::list(&org, w.user).await.unwrap().len(), 2);
    assert_eq!(sessions::end_all(&org, w.user, Some(kept.id)).await.unwrap(), [hash(&two)]);
    assert!(good(&one, CommandLine).await && !good(&two, Browser).await);

    for end in ["UPDATE sessions SET idle_until = created_at", "UPDATE sessions SET expires_at = created_at"]
    {
        let (_, token) = sessions::begin(&w.db, session(&w, Browser), None).await.unwrap();
        assert!(good(&token, Browser).await);
        run(&w.db, end).await;
        assert!(!good(&token, Browser).await, "{end}");
    }
    let (_, token) = sessions::begin(&w.db, session(&w, Browser), None).await.unwrap();
    let change = UserChange { is_active: Some(false), ..UserChange::default() };
    users::update(&org, w.user, change, Role::PlatformAdmin).await.unwrap();
    assert!(!good(&token, Browser).await, "the user is not active");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn a_new_session_replaces_the_old(db: Db) {
    let w = World::new(db).await;
    let new = || session(&w, sessions::Kind::Browser);
    let (_, old) = sessions::begin(&w.db, new(), None).await.unwrap();
    let (_, fresh) = sessions::begin(&w.db, new(), Some(&old)).await.unwrap();
    assert_ne!(old, fresh);
    assert!(sessions::find(&w.db, &old, sessions::Kind::Browser).await.unwrap().is_none());
    assert!(sessions::find(&w.db, &fresh, sessions::Kind::Browser).await.unwrap().is_some());
}

async fn flows_are_good_once(db: Db) {
    let minute = TimeDelta::minutes(1);
    let token = flows::begin(&db, Kind::SecondFactor, None, &json!({"n": 1}), minute).await.unwrap();
    assert!(flows::take::<serde_json::Value>(&db, Kind::Provider, &token).await.unwrap().is_none());
    let seen = flows::peek::<serde_json::Value>(&db, Kind::SecondFactor, &token).await.unwrap();
    assert_eq!(seen.unwrap().state, json!({"n": 1}));
    let taken = futures::future::join_all(
        (0..8).map(|_| flows::take::<serde_json::Value>(&db, Kind::SecondFactor, &token)),
    );
    let taken: Vec<_> = taken.await.into_iter().filter_map(|flow| flow.unwrap()).collect();
    assert_eq!(taken.len(), 1);
    let old = flows::begin(&db, Kind::SecondFactor, None, &json!(1), -minute).await.unwrap();
    assert!(flows::take::<serde_json::Value>(&db, Kind::SecondFactor, &old).await.unwrap().is_none());
}

const POLICY: Policy = Policy {
    free: 3,
    first: TimeDelta::seconds(30),
    longest: TimeDelta::minutes(15),
    memory: TimeDelta::hours(24),
};

async fn wrong_attempts_make_wait(db: Db) {
    let who = Subject::Account("Ada@X.test");
    for _ in 0..3 {
        assert_eq!(failures::count(&db, who, POLICY).await.unwrap(), None);
    }
    let wait = failures::count(&db, Subject::Account(" ada@x.test"), POLICY).await.unwrap().unwrap();
    assert!((25..=30).contains(&wait.num_seconds()), "{wait}");
    assert!(failures::blocked(&db, who).await.unwrap().is_some());
    assert_eq!(failures::blocked(&db, Subject::Account("eve@x.test")).await.unwrap(), None);
    run(&db, "UPDATE sign_in_failures SET blocked_until = last_at").await;
    assert_eq!(failures::count(&db, who, POLICY).await.unwrap(), None, "the wait is over");
    let wait = failures::blocked(&db, who).await.unwrap().unwrap();
    assert!((55..=60).contains(&wait.num_seconds()), "doubled: {wait}");
    failures::forget(&db, who).await.unwrap();
    assert_eq!(failures::count(&db, who, POLICY).await.unwrap(), None);
}

async fn many_attempts_at_once_are_all_counted(db: Db) {
    let who = Subject::Account("many@x.test");
    let all = futures::future::join_all((0..20).map(|_| failures::count(&db, who, POLICY))).await;
    let passed = all.into_iter().filter(|one| one.as_ref().unwrap().is_none()).count();
    assert_eq!(passed, 3);
}

async fn passwords_and_links(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let email = users::get(&org, w.user).await.unwrap().email;
    assert!(passwords::candidates(&w.db, &email, None).await.unwrap().is_empty());
    let (_, held) = sessions::begin(&w.db, session(&w, sessions::Kind::Browser), None).await.unwrap();
    let ended = passwords::set(&org, w.user, "hash".into(), None).await.unwrap();
    assert_eq!(ended, [hash(&held)]);
    assert!(sessions::find(&w.db, &held, sessions::Kind::Browser).await.unwrap().is_none());
    let found = passwords::candidates(&w.db, &email.to_uppercase(), None).await.unwrap();
    assert_eq!((found.len(), found[0].user, found[0].hash.as_str()), (1, w.user, "hash"));
    assert_eq!(passwords::candidates(&w.db, &email, Some(&w.org.name)).await.unwrap().len(), 1);
    assert_eq!(passwords::candidates(&w.db, &email, Some("nowhere")).await.unwrap().len(), 0);
    assert!(passwords::get(&w.db.org(w.other.id), w.user).await.unwrap().is_none());

    assert!(passwords::make_link(&w.db.org(w.other.id), w.user, false).await.is_err(), "of another tenant");
    let void = passwords::make_link(&org, w.user, false).await.unwrap();
    let link = passwords::make_link(&org, w.user, true).await.unwrap();
    totp::begin(&org, &keys(), w.user, Zeroizing::new(vec![1; 20])).await.unwrap();
    totp::confirm(&org, w.user, vec![vec![1]], None).await.unwrap();
    assert!(passwords::use_link(&w.db, &void, "x".into()).await.is_err(), "a later link voids it");
    assert_eq!(passwords::use_link(&w.db, &link, "new".into()).await.unwrap(), (w.user, w.org.id, vec![]));
    assert_eq!(passwords::get(&org, w.user).await.unwrap().as_deref(), Some("new"));
    assert!(totp::get(&org, &keys(), w.user).await.unwrap().is_none(), "the second factor went too");
    assert!(passwords::use_link(&w.db, &link, "again".into()).await.is_err(), "once");

    let service =
        NewUser { kind: users::UserKind::Service, ..NewUser::person("robot", "Robot", Role::OrgUser) };
    let service = users::create(&org, service).await.unwrap().id;
    assert!(matches!(passwords::make_link(&org, service, false).await, Err(Error::Conflict { .. })));
}

async fn second_factors(db: Db) {
    let w = World::new(db).await;
    let (org, other) = (w.db.org(w.org.id), w.db.org(w.other.id));
    let secret = || Zeroizing::new(vec![7u8; 20]);
    totp::begin(&org, &keys(), w.user, Zeroizing::new(vec![1; 20])).await.unwrap();
    totp::begin(&org, &keys(), w.user, secret()).await.unwrap();
    let found = totp::get(&org, &keys(), w.user).await.unwrap().unwrap();
    assert!(!found.is_confirmed && *found.secret == vec![7; 20]);
    assert!(totp::get(&other, &keys(), w.user).await.unwrap().is_none());
    let sql = Sql::new("SELECT ciphertext FROM totp");
    let kept: Vec<u8> = org.read().await.unwrap().one(sql).await.unwrap().get("ciphertext").unwrap();
    assert!(!kept.windows(20).any(|part| part == [7; 20]), "it is encrypted");

    totp::confirm(&org, w.user, vec![vec![1], vec![2]], None).await.unwrap();
    assert!(totp::begin(&org, &keys(), w.user, secret()).await.is_err(), "it is asked for already");
    assert!(totp::use_step(&org, w.user, 100).await.unwrap());
    assert!(!totp::use_step(&org, w.user, 100).await.unwrap(), "no code is good twice");
    assert!(!totp::use_step(&org, w.user, 99).await.unwrap(), "nor an older one");
    let used = futures::future::join_all((0..4).map(|_| totp::use_code(&org, w.user, vec![1]))).await;
    assert_eq!(used.into_iter().filter(|one| *one.as_ref().unwrap()).count(), 1);
    assert_eq!(totp::codes_left(&org, w.user).await.unwrap(), 1);
    assert!(
        !totp::use_code(&other, w.user, vec![2]).await.unwrap()
            || w.db.engine() == bifrost_store::Engine::Sqlite
    );
    totp::replace_codes(&org, w.user, vec![vec![3]]).await.unwrap();
    assert!(!totp::use_code(&org, w.user, vec![2]).await.unwrap());
    totp::remove(&org, w.user).await.unwrap();
    assert!(totp::remove(&org, w.user).await.is_err());
}

async fn passkeys_belong_to_one_user(db: Db) {
    let w = World::new(db).await;
    let (org, other) = (w.db.org(w.org.id), w.db.org(w.other.id));
    let key = |user| Passkey {
        id: PasskeyId::new(),
        user,
        organization: w.org.id,
        name: "Laptop".into(),
        credential: json!({"counter": 0}),
        created_at: now(),
        last_used_at: None,
    };
    let kept = key(w.user);
    passkeys::add(&org, kept.clone(), vec![9], None).await.unwrap();
    let second = passkeys::add(&org, key(w.user), vec![9], None).await;
    assert!(matches!(second, Err(Error::Conflict { code: "already_exists", .. })));
    assert!(passkeys::find(&w.db, vec![9], UserId::new()).await.unwrap().is_none());
    passkeys::used(&org, kept.id, json!({"counter": 5})).await.unwrap();
    let found = passkeys::find(&w.db, vec![9], w.user).await.unwrap().unwrap();
    assert_eq!(found.credential, json!({"counter": 5}));
    assert!(found.last_used_at.is_some());
    assert_eq!(passkeys::list(&org, w.user).await.unwrap().len(), 1);
    assert_eq!(passkeys::list(&other, w.user).await.unwrap().len(), 0);
    assert!(passkeys::remove(&org, UserId::new(), kept.id).await.is_err());
    passkeys::remove(&org, w.user, kept.id).await.unwrap();
    assert!(passkeys::find(&w.db, vec![9], w.user).await.unwrap().is_none());
}

fn settings(secret: Option<&str>) -> Settings {
    Settings {
        name: "Example".into(),
        kind: "oidc".into(),
        issuer: "https://login.example".into(),
        client_id: "bifrost".into(),
        client_secret: Some(secret.map(|text| Zeroizing::new(text.to_owned()))),
        scopes: vec!["openid".into()],
        domains: vec![],
        creates_users: false,
        is_enabled: true,
    }
}

async fn providers_keep_secrets_and_map_people(db: Db) {
    let w = World::new(db).await;
    let keys = keys();
    let made = providers::create(&w.db, &keys, settings(Some("s3cret-canary"))).await.unwrap();
    assert!(made.has_secret);
    assert!(providers::create(&w.db, &keys, settings(None)).await.is_err(), "there is such a client");
    let secret = providers::secret(&w.db, &keys, made.id).await.unwrap().unwrap();
    assert_eq!(*secret, "s3cret-canary");
    let sql = Sql::new("SELECT ciphertext FROM identity_providers");
    let kept: Vec<u8> =
        w.db.system().read().await.unwrap().one(sql).await.unwrap().get("ciphertext").unwrap();
    assert!(!kept.windows(6).any(|part| part == b"s3cret"));
    let same = Settings { client_secret: None, creates_users: true, ..settings(None) };
    let changed = providers::update(&w.db, &keys, made.id, same).await.unwrap();
    assert!(changed.has_secret && changed.creates_users);

    let change =
        organizations::OrganizationChange { domain: Some(Some("org.test".into())), ..Default::default() };
    organizations::update(&w.db, w.org.id, change).await.unwrap();
    let person = |subject: &str, email: Option<&str>| Person {
        provider: made.id,
        subject: subject.into(),
        email: email.map(str::to_owned),
        name: "Ada".into(),
    };
    let sign_in = async |person| providers::sign_in(&w.db, changed.clone(), person, None).await;
    assert!(matches!(sign_in(person("1", None)).await, Err(Error::Denied(_))), "no verified address");
    assert!(matches!(sign_in(person("1", Some("a@else.test"))).await, Err(Error::Denied(_))));
    let (ada, organization) = sign_in(person("1", Some("ada@org.test"))).await.unwrap();
    assert_eq!(organization, w.org.id);
    let user = users::get(&w.db.org(w.org.id), ada).await.unwrap();
    assert_eq!((user.email.as_str(), user.role), ("ada@org.test", Role::OrgUser));
    // The subject counts from now on, not the address.
    assert_eq!(sign_in(person("1", Some("other@else.test"))).await.unwrap().0, ada);
    assert_eq!(sign_in(person("2", Some("ada@org.test"))).await.unwrap().0, ada);

    let without = Settings { client_secret: None, ..settings(None) };
    let without = providers::update(&w.db, &keys, made.id, without).await.unwrap();
    let stranger = providers::sign_in(&w.db, without, person("3", Some("new@org.test")), None).await;
    assert!(matches!(stranger, Err(Error::Denied(_))), "nobody is made");
    providers::delete(&w.db, made.id).await.unwrap();
    assert!(providers::get(&w.db, made.id).await.is_err());
    assert_eq!(run(&w.db, "DELETE FROM identities").await, 0, "what linked its people went with it");
}

async fn devices_are_told_once(db: Db) {
    use devices::Poll;
    let w = World::new(db).await;
    let begin = async || devices::begin(&w.db, "laptop".into(), None).await.unwrap();
    let poll = async |device: &str| devices::poll(&w.db, device, None).await.unwrap();
    let (device, code) = begin().await;
    assert_eq!(poll("bfd_x").await, Poll::Expired);
    assert_eq!(poll(&device).await, Poll::Pending);
    assert_eq!(poll(&device).await, Poll::SlowDown);
    assert_eq!(devices::waiting(&w.db, &code.to_lowercase()).await.unwrap().unwrap().client, "laptop");
    assert!(devices::decide(&w.db, "BBBB-BBBB", w.user, w.org.id, true, true).await.is_err());
    devices::decide(&w.db, &code, w.user, w.org.id, true, true).await.unwrap();
    assert!(devices::decide(&w.db, &code, w.user, w.org.id, true, true).await.is_err(), "decided");
    let told = futures::future::join_all((0..4).map(|_| devices::poll(&w.db, &device, None))).await;
    let tokens: Vec<_> = told
        .into_iter()
        .filter_map(|poll| match poll.unwrap() {
            Poll::Approved { token, .. } => Some(token),
            _ => None,
        })
        .collect();
    assert_eq!(tokens.len(), 1, "an approval is one session");
    let held = sessions::find(&w.db, &tokens[0], sessions::Kind::CommandLine).await.unwrap().unwrap();
    assert_eq!(held.user, w.user);

    let (device, code) = begin().await;
    devices::decide(&w.db, &code, w.user, w.org.id, true, false).await.unwrap();
    assert_eq!(poll(&device).await, Poll::Denied);
    let (device, _) = begin().await;
    run(&w.db, "UPDATE device_codes SET expires_at = created_at").await;
    assert_eq!(poll(&device).await, Poll::Expired);
}

async fn the_first_administrator_is_made_once(db: Db) {
    let w = World::new(db).await;
    assert!(set_up::is_open(&w.db).await.unwrap());
    let tokens = [set_up::offer(&w.db).await.unwrap().unwrap(), set_up::offer(&w.db).await.unwrap().unwrap()];
    let denied = set_up::complete(&w.db, "bff_wrong", "root@x.test", "Root", "h".into()).await;
    assert!(matches!(denied, Err(Error::Denied(_))));
    let both = futures::future::join_all(tokens.iter().enumerate().map(|(n, token)| {
        let (db, email) = (w.db.clone(), format!("root{n}@x.test"));
        async move { set_up::complete(&db, token, &email, "Root", "h".into()).await }
    }));
    let made: Vec<_> = both.await.into_iter().filter_map(Result::ok).collect();
    assert_eq!(made.len(), 1, "two at once");
    assert_eq!((made[0].role, made[0].organization_id), (Role::PlatformAdmin, w.provider.organization.id));
    assert!(!set_up::is_open(&w.db).await.unwrap());
    assert!(set_up::offer(&w.db).await.unwrap().is_none());
}

async fn rows_of_others_are_invisible(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    sessions::begin(&w.db, session(&w, sessions::Kind::Browser), None).await.unwrap();
    passwords::set(&org, w.user, "hash".into(), None).await.unwrap();
    sessions::begin(&w.db, session(&w, sessions::Kind::Browser), None).await.unwrap();
    totp::begin(&org, &keys(), w.user, Zeroizing::new(vec![1; 20])).await.unwrap();
    totp::confirm(&org, w.user, vec![vec![1]], None).await.unwrap();
    sessions::begin(&w.db, session(&w, sessions::Kind::Browser), None).await.unwrap();
    let key = Passkey {
        id: PasskeyId::new(),
        user: w.user,
        organization: w.org.id,
        name: "x".into(),
        credential: json!({}),
        created_at: now(),
        last_used_at: None,
    };
    passkeys::add(&org, key, vec![1], None).await.unwrap();
    let provider = providers::create(&w.db, &keys(), settings(None)).await.unwrap();
    let link = Sql::new(
        "INSERT INTO identities (provider_id, subject, user_id, organization_id, email, created_at, last_used_at)
         VALUES ($1, 's', $2, $3, 'e', $4, $4)",
    )
    .bind(provider.id)
    .bind(w.user)
    .bind(w.org.id)
    .bind(now());
    org.write(move |tx| Box::pin(async move { tx.execute(link).await })).await.unwrap();
    flows::begin(&w.db, Kind::Provider, None, &json!(1), TimeDelta::minutes(1)).await.unwrap();
    devices::begin(&w.db, "x".into(), None).await.unwrap();
    failures::count(&w.db, Subject::Account("x"), POLICY).await.unwrap();
    // Rows seen by: system, owner, another tenant, global.
    let seen = [
        ("passwords", [1, 1, 0, 0]),
        ("totp", [1, 1, 0, 0]),
        ("recovery_codes", [1, 1, 0, 0]),
        ("passkeys", [1, 1, 0, 0]),
        ("identities", [1, 1, 0, 0]),
        ("sessions", [1, 1, 0, 0]),
        ("identity_providers", [1, 0, 0, 1]),
        ("sign_in_flows", [1, 0, 0, 0]),
        ("device_codes", [1, 0, 0, 0]),
        ("sign_in_failures", [1, 0, 0, 0]),
    ];
    for (table, expected) in seen {
        let who = [
            Access::System,
            Access::Organization(w.org.id),
            Access::Organization(w.other.id),
            Access::Global,
        ];
        for (access, rows) in who.into_iter().zip(expected) {
            let mut tx = w.db.with(access).read().await.unwrap();
            let sql = Sql::new(format!("SELECT COUNT(*) AS n FROM {table}"));
            let found: i64 = tx.one(sql).await.unwrap().get("n").unwrap();
            assert_eq!(found, rows, "{table} as {access:?}");
        }
        let other = w.db.org(w.other.id);
        let delete = Sql::new(format!("DELETE FROM {table}"));
        let gone = other.write(move |tx| Box::pin(async move { tx.execute(delete).await })).await.unwrap();
        assert_eq!(gone, 0, "{table}");
    }
}
