//! Whatever the secret and whatever is around it, no encoding of it is left.

use super::*;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;
use serde_json::json;

/// Neither the mask nor what surrounds a secret has characters of these alphabets.
const AROUND: &str = "[ .:,;=(){}]{0,20}";

fn redactor(secret: &str) -> Redactor {
    let redactor = Redactor::default();
    redactor.add(&json!(secret)).expect("few");
    redactor
}

fn percent(text: &str, keep: impl Fn(u8) -> bool, plus: bool, upper: bool) -> String {
    let one = |byte: u8| match byte {
        b' ' if plus => "+".to_owned(),
        byte if keep(byte) => (byte as char).to_string(),
        byte if upper => format!("%{byte:02X}"),
        byte => format!("%{byte:02x}"),
    };
    text.bytes().map(one).collect()
}

/// As JSON, with every character escaped of which `all` says so.
fn escaped(text: &str, all: impl Fn(char) -> bool) -> String {
    let unit = |unit: &mut u16| format!("\\u{unit:04x}");
    let one = |c: char| match c {
        c if all(c) || c.is_control() => c.encode_utf16(&mut [0; 2]).iter_mut().map(unit).collect(),
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        c => c.to_string(),
    };
    text.chars().map(one).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn raw(before in AROUND, secret in "[A-Za-z0-9é€🎈/+_-]{4,80}", after in AROUND) {
        let shown = redactor(&secret).text(format!("{before}{secret}{after}"));
        prop_assert_eq!(shown, format!("{before}{MASK}{after}"));
    }

    #[test]
    fn base64(before in proptest::collection::vec(any::<u8>(), 0..9), secret in ".{2,10}[!-~]{8,1500}",
              after in proptest::collection::vec(any::<u8>(), 0..9), url in any::<bool>()) {
        let all = [before.as_slice(), secret.as_bytes(), &after].concat();
        let text = if url { URL_SAFE.encode(&all) } else { STANDARD.encode(&all) };
        // The characters that stand for nothing but the secret.
        let start = (before.len() * 8).div_ceil(6);
        let end = (before.len() + secret.len()) * 8 / 6;
        let shown = redactor(&secret).text(text.clone());
        prop_assert_eq!(shown, format!("{}{MASK}{}", &text[..start], &text[end..]));
    }

    #[test]
    fn hex(before in AROUND, secret in ".{8,300}", after in AROUND, upper in any::<bool>()) {
        let one = |byte: u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
        let text: String = secret.bytes().map(one).collect();
        let shown = redactor(&secret).text(format!("{before}{text}{after}"));
        prop_assert_eq!(shown, format!("{before}{MASK}{after}"));
    }

    #[test]
    fn percent_escapes(before in AROUND, secret in "[A-Za-z0-9 é€🎈/+?&%_-]{8,80}", after in AROUND,
                       kept in proptest::collection::vec(any::<bool>(), 256), upper in any::<bool>(), plus in any::<bool>()) {
        // Every client keeps other characters as they are.
        let keep = |byte: u8| byte.is_ascii() && byte != b'%' && !(plus && byte == b'+') && kept[usize::from(byte)];
        let text = percent(&secret, keep, plus, upper);
        let shown = redactor(&secret).text(format!("{before}{text}{after}"));
        prop_assert_eq!(shown, format!("{before}{MASK}{after}"));
    }

    #[test]
    fn json_escapes(before in AROUND, secret in "[A-Za-z0-9 \"\\\\\n\té€🎈/]{8,80}", after in AROUND,
                    all in any::<bool>(), ascii in any::<bool>()) {
        let text = escaped(&secret, |c| all || (ascii && !c.is_ascii()));
        let shown = redactor(&secret).text(format!("{before}{text}{after}"));
        prop_assert_eq!(shown, format!("{before}{MASK}{after}"));
    }

    #[test]
    fn what_is_no_secret_stays(text in ".{0,200}", secret in "[A-Z]{12,40}") {
        prop_assume!(!text.contains(&secret[..4]));
        // Encodings of capital letters have small letters or digits at these places.
        let shown = redactor(&secret).text(text.clone());
        prop_assert_eq!(shown, text);
    }

    #[test]
    fn a_cut_leaves_no_more_than_three_bytes(secret in "[A-Za-z0-9]{5,60}", at in 4usize..60) {
        let at = at.min(secret.len() - 1);
        let shown = redactor(&secret).text(format!("({}… [1 bytes left out]", &secret[..at]));
        prop_assert_eq!(shown, format!("({MASK}… [1 bytes left out]"));
    }
}
