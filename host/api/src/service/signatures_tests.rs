//! Signatures against vectors that were not made by this program: RFC 4231, GitHub's
//! documentation, and Python's `hmac` (the command is beside each). Every forgery has the honest
//! request beside it that it was made from.

use super::*;
use http::{HeaderName, HeaderValue};

const SECRET: &str = "It's a Secret to Everybody";
const BODY: &[u8] = b"Hello, World!";
/// From GitHub's documentation, "Validating webhook deliveries".
const GITHUB: &str = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
const PAYMENT: &[u8] = br#"{"id":"evt_1","type":"charge.succeeded"}"#;
const TIME: i64 = 1_700_000_000;
/// `hmac.new(b"whsec_test_secret", b"1700000000." + PAYMENT, "sha256").hexdigest()`
const PAID: &str = "c0475716eb2200f1fe97fcf35a3c05d1fd4f8ba9a07a596730c8d18bb87c0672";
/// The same with `b"the-next-secret"`.
const PAID_NEXT: &str = "29377f84052004f39b387a59cc56bc736d0200dc7869f5fbac46800868048812";

struct Request {
    kind: WebhookKind,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    secrets: Vec<&'static [u8]>,
    now: i64,
}

impl Request {
    fn github() -> Self {
        let signature = format!("sha256={GITHUB}");
        Self {
            kind: WebhookKind::Github,
            headers: vec![("x-hub-signature-256", signature)],
            body: BODY.to_vec(),
            secrets: vec![SECRET.as_bytes()],
            now: TIME,
        }
    }

    fn payment() -> Self {
        Self {
            kind: WebhookKind::Timestamped,
            headers: vec![("stripe-signature", format!("t={TIME},v1={PAID}"))],
            body: PAYMENT.to_vec(),
            secrets: vec![b"whsec_test_secret"],
            now: TIME,
        }
    }

    fn graph() -> Self {
        let body = br#"{"value":[{"clientState":"state-of-graph"},{"clientState":"state-of-graph"}]}"#;
        Self {
            kind: WebhookKind::MicrosoftGraph,
            headers: vec![],
            body: body.to_vec(),
            secrets: vec![b"state-of-graph"],
            now: TIME,
        }
    }

    fn signed(self, signature: impl Into<String>) -> Self {
        let headers = vec![(self.headers[0].0, signature.into())];
        Self { headers, ..self }
    }

    fn check(&self) -> Result<(), Refusal> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"));
        }
        let claim = Claim {
            kind: self.kind,
            header: self.kind.default_header().unwrap_or_default(),
            tolerance: 300,
            headers: &headers,
            body: &self.body,
            now: DateTime::from_timestamp(self.now, 0).expect("a time"),
        };
        verify(&claim, &self.secrets)
    }
}

#[test]
fn published_vectors_are_accepted() {
    let long = [0xaa; 131];
    let bytes: Vec<u8> = (0..=255).collect();
    for (secret, body, signature) in [
        // RFC 4231, cases 2 and 6.
        (
            &b"Jefe"[..],
            &b"what do ya want for nothing?"[..],
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            &long,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (SECRET.as_bytes(), BODY, GITHUB),
        // `hmac.new(b"correct horse", bytes(range(256)), "sha256").hexdigest()`, and of `b""`.
        (b"correct horse", &bytes, "ab29b7559ac93210afc2d1bd934548833ade887dbbadc59e67d70d87e3e020c4"),
        (b"correct horse", b"", "76058c79e2ea62baa53a056021e537aad48580557ce804f8208b799d51f8149f"),
    ] {
        for text in [signature.to_owned(), format!("sha256={signature}"), signature.to_uppercase()] {
            let headers = HeaderMap::from_iter([(
                HeaderName::from_static("x-sign"),
                HeaderValue::from_str(&text).expect("a value"),
            )]);
            let claim = Claim {
                kind: WebhookKind::Generic,
                header: "x-sign",
                tolerance: 1,
                headers: &headers,
                body,
                now: Utc::now(),
            };
            assert_eq!(verify(&claim, &[secret]), Ok(()), "{text}");
            assert_eq!(verify(&claim, &[b"another secret"]), Err(Refusal::Wrong), "{text}");
        }
    }
    assert_eq!(Request::github().check(), Ok(()));
    assert_eq!(Request::payment().check(), Ok(()));
    assert_eq!(Request::graph().check(), Ok(()));
}

/// Whatever is sent, only who has the secret passes.
mod fuzz {
    use super::*;

    #[test]
    fn forged_requests() {
        let kinds = [WebhookKind::Generic, WebhookKind::Github, WebhookKind::Timestamped, WebhookKind::MicrosoftGraph];
        bolero::check!().with_max_len(512).with_iterations(20_000).for_each(|bytes: &[u8]| {
            let (head, body) = bytes.split_at(bytes.iter().position(|b| *b == b'\n').unwrap_or(bytes.len()));
            let Ok(value) = HeaderValue::from_bytes(head) else { return };
            for kind in kinds {
                let name = HeaderName::from_static(kind.default_header().unwrap_or("x-none"));
                let headers = HeaderMap::from_iter([(name.clone(), value.clone())]);
                let now = DateTime::from_timestamp(TIME, 0).expect("a time");
                let claim = Claim { kind, header: name.as_str(), tolerance: 300, headers: &headers, body, now };
                assert!(verify(&claim, &[[0x5a; 32]]).is_err(), "{kind:?} {bytes:?}");
                let nothing: [&[u8]; 1] = [b""];
                assert_eq!(verify(&claim, &nothing), Err(Refusal::NoSecret));
            }
        });
    }
}

#[test]
fn both_secrets_are_good_while_they_change() {
    for secrets in [vec![SECRET.as_bytes(), b"the next one"], vec![b"the next one", SECRET.as_bytes()]] {
        assert_eq!(Request { secrets, ..Request::github() }.check(), Ok(()));
    }
    let next = || vec![&b"the-next-secret"[..]];
    let both = || Request::payment().signed(format!("t={TIME},v1={PAID},v1={PAID_NEXT},v0=00"));
    assert_eq!(both().check(), Ok(()));
    assert_eq!(Request { secrets: next(), ..both() }.check(), Ok(()));
    assert_eq!(Request { secrets: next(), ..Request::payment() }.check(), Err(Refusal::Wrong), "the control");
    assert_eq!(Request { secrets: vec![b"state-of-graph", b"x"], ..Request::graph() }.check(), Ok(()));
}

#[test]
fn forgeries_of_a_plain_signature_are_refused() {
    let honest = Request::github;
    assert_eq!(honest().check(), Ok(()), "the control");
    let mut altered = honest();
    for place in 0..altered.body.len() {
        altered.body[place] ^= 1;
        assert_eq!(altered.check(), Err(Refusal::Wrong), "byte {place}");
        altered.body[place] ^= 1;
    }
    assert_eq!(altered.check(), Ok(()), "the control");
    let longer = Request { body: [BODY, b" "].concat(), ..honest() };
    let shorter = Request { body: BODY[1..].to_vec(), ..honest() };
    let repeated =
        Request { headers: vec![honest().headers.remove(0), honest().headers.remove(0)], ..honest() };
    for (name, forged, expected) in [
        (
            "wrong secret",
            Request { secrets: vec![b"it's a Secret to Everybody"], ..honest() },
            Refusal::Wrong,
        ),
        ("of another source", honest().signed(format!("sha256={PAID}")), Refusal::Wrong),
        ("longer body", longer, Refusal::Wrong),
        ("shorter body", shorter, Refusal::Wrong),
        ("truncated", honest().signed(format!("sha256={}", &GITHUB[..62])), Refusal::Malformed),
        ("one digit short", honest().signed(format!("sha256={}", &GITHUB[..63])), Refusal::Malformed),
        ("too long", honest().signed(format!("sha256={GITHUB}00")), Refusal::Malformed),
        ("empty", honest().signed("sha256="), Refusal::Malformed),
        ("nothing", honest().signed(" "), Refusal::Missing),
        ("no header", Request { headers: vec![], ..honest() }, Refusal::Missing),
        ("no prefix", honest().signed(GITHUB), Refusal::Malformed),
        ("sha1", honest().signed(format!("sha1={}", &GITHUB[..40])), Refusal::Algorithm),
        ("sha512", honest().signed(format!("sha512={GITHUB}{GITHUB}")), Refusal::Algorithm),
        ("another name, a right signature", honest().signed(format!("SHA256={GITHUB}")), Refusal::Algorithm),
        ("no hexadecimal", honest().signed(format!("sha256={}zz", &GITHUB[..62])), Refusal::Malformed),
        ("signs", honest().signed(format!("sha256=+{}", &GITHUB[..63])), Refusal::Malformed),
        ("header twice", repeated, Refusal::Repeated),
        ("empty secret", Request { secrets: vec![b""], ..honest() }, Refusal::NoSecret),
        ("no secret", Request { secrets: vec![], ..honest() }, Refusal::NoSecret),
    ] {
        assert_eq!(forged.check(), Err(expected), "{name}");
    }
    // With an empty key everybody could sign: `hmac.new(b"", BODY, "sha256").hexdigest()`.
    let by_nothing =
        honest().signed("sha256=2bbcfa9524f3218c7a34b30e6936f8b1a4516cb097f1a85a1c7d98b5977ec769");
    assert_eq!(Request { secrets: vec![b"", SECRET.as_bytes()], ..by_nothing }.check(), Err(Refusal::Wrong));
}

#[test]
fn forgeries_of_a_signed_time_are_refused() {
    let honest = Request::payment;
    let late = |seconds: i64| Request { now: TIME + seconds, ..honest() };
    for good in [0, 300, -300] {
        assert_eq!(late(good).check(), Ok(()), "{good}");
    }
    for stale in [301, -301, 86_400 * 365] {
        assert_eq!(late(stale).check(), Err(Refusal::Stale), "{stale}");
    }
    let altered =
        Request { body: PAYMENT.iter().map(|b| if *b == b'1' { b'2' } else { *b }).collect(), ..honest() };
    let repeated =
        Request { headers: vec![honest().headers.remove(0), honest().headers.remove(0)], ..honest() };
    let moved = Request { now: TIME + 600, ..honest() };
    for (name, forged, expected) in [
        (
            "a fresh time before an old signature",
            moved.signed(format!("t={},v1={PAID}", TIME + 600)),
            Refusal::Wrong,
        ),
        ("body altered", altered, Refusal::Wrong),
        ("wrong secret", Request { secrets: vec![b"whsec_other_secret"], ..honest() }, Refusal::Wrong),
        ("truncated", honest().signed(format!("t={TIME},v1={}", &PAID[..60])), Refusal::Malformed),
        ("no time", honest().signed(format!("v1={PAID}")), Refusal::Malformed),
        ("two times", honest().signed(format!("t={TIME},t={},v1={PAID}", TIME + 1)), Refusal::Repeated),
        ("no number", honest().signed(format!("t={TIME}x,v1={PAID}")), Refusal::Malformed),
        ("a sign", honest().signed(format!("t=-{TIME},v1={PAID}")), Refusal::Malformed),
        ("an endless number", honest().signed(format!("t={},v1={PAID}", "9".repeat(40))), Refusal::Malformed),
        ("another scheme only", honest().signed(format!("t={TIME},v0={PAID}")), Refusal::Algorithm),
        ("no pairs", honest().signed(PAID), Refusal::Malformed),
        (
            "too many",
            honest().signed(format!("t={TIME}{}", format!(",v1={PAID}").repeat(9))),
            Refusal::Malformed,
        ),
        ("header twice", repeated, Refusal::Repeated),
        ("empty secret", Request { secrets: vec![b""], ..honest() }, Refusal::NoSecret),
    ] {
        assert_eq!(forged.check(), Err(expected), "{name}");
    }
    assert_eq!(honest().check(), Ok(()), "the control");
}

#[test]
fn every_notification_of_graph_needs_its_state() {
    let with = |body: &str| Request { body: body.into(), ..Request::graph() };
    for (body, expected) in [
        (r#"{"value":[{"clientState":"state-of-graph"}]}"#, Ok(())),
        (r#"{"value":[{"clientState":"state-of-graph"},{"clientState":"other"}]}"#, Err(Refusal::Wrong)),
        (r#"{"value":[{"clientState":"state-of-graph"},{}]}"#, Err(Refusal::Missing)),
        (r#"{"value":[{"clientState":"state-of-grap"}]}"#, Err(Refusal::Wrong)),
        (r#"{"value":[{"clientState":""}]}"#, Err(Refusal::Wrong)),
        (r#"{"value":[{"clientState":null}]}"#, Err(Refusal::Missing)),
        (r#"{"value":[]}"#, Err(Refusal::Malformed)),
        (r#"{"clientState":"state-of-graph"}"#, Err(Refusal::Malformed)),
        ("[]", Err(Refusal::Malformed)),
        ("{", Err(Refusal::Malformed)),
        ("", Err(Refusal::Malformed)),
    ] {
        assert_eq!(with(body).check(), expected, "{body}");
    }
    let empty = Request { secrets: vec![b""], ..with(r#"{"value":[{"clientState":""}]}"#) };
    assert_eq!(empty.check(), Err(Refusal::NoSecret));
}
