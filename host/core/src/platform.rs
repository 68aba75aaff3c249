//! What concerns the whole platform: its name and its look, and whom it asks for a second factor.

use crate::{Error, Result, Role};
use serde::{Deserialize, Serialize};

/// The product's own name.
pub const PRODUCT_NAME: &str = "Bifrost";
/// Longest name of the product, in characters.
const MAX_NAME: usize = 40;
/// Largest logo, in bytes.
const MAX_LOGO: usize = 256 << 10;

/// Of whom a second factor is asked when they sign in by password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactorPolicy {
    /// Of those who have added one.
    #[default]
    Off,
    /// Of administrators, of the platform and of organizations.
    Administrators,
    /// Of everyone.
    Everyone,
}

impl SecondFactorPolicy {
    const ALL: [Self; 3] = [Self::Off, Self::Administrators, Self::Everyone];

    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Administrators => "administrators",
            Self::Everyone => "everyone",
        }
    }

    /// Whether somebody of this role needs one.
    pub fn asks(self, role: Role) -> bool {
        match self {
            Self::Off => false,
            Self::Administrators => role >= Role::OrgAdmin,
            Self::Everyone => true,
        }
    }
}

impl std::str::FromStr for SecondFactorPolicy {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == text).ok_or_else(|| {
            Error::invalid("second_factor", format!("`{text}` is none of off, administrators, everyone"))
        })
    }
}

/// How the platform presents itself; what is absent has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Branding {
    /// The product's name, at most 40 characters.
    #[serde(default)]
    pub product_name: Option<String>,
    /// The colour of buttons and links, as `#rrggbb`. Where a theme needs it lighter or darker for text, it is made so.
    #[serde(default)]
    pub accent: Option<String>,
}

impl Branding {
    /// The same in its one written form.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(self) -> Result<Self> {
        let product_name =
            self.product_name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        if let Some(name) = &product_name
            && (name.chars().count() > MAX_NAME || name.chars().any(char::is_control))
        {
            let text = format!("expected at most {MAX_NAME} characters without control characters");
            return Err(Error::invalid("product_name", text));
        }
        let accent = self.accent.map(|colour| colour.to_ascii_lowercase());
        if accent.as_deref().is_some_and(|colour| !is_colour(colour)) {
            return Err(Error::invalid("accent", "expected a colour as #rrggbb"));
        }
        Ok(Self { product_name, accent })
    }
}

fn is_colour(text: &str) -> bool {
    text.len() == 7 && text.starts_with('#') && text[1..].bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The content type of a logo, by what is in it. A drawing that can hold scripts (SVG) is none.
///
/// # Errors
/// `Invalid` when it is neither PNG nor WebP, or too large.
pub fn logo_type(content: &[u8]) -> Result<&'static str> {
    if content.len() > MAX_LOGO {
        return Err(Error::invalid("logo", format!("expected at most {} KiB", MAX_LOGO >> 10)));
    }
    if content.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Ok("image/png");
    }
    if content.starts_with(b"RIFF") && content.get(8..12) == Some(b"WEBP".as_slice()) {
        return Ok("image/webp");
    }
    Err(Error::invalid("logo", "expected a picture in the format PNG or WebP"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_asks_whom_it_says() {
        let asked = |policy: SecondFactorPolicy| Role::ALL.map(|role| policy.asks(role));
        assert_eq!(asked(SecondFactorPolicy::Off), [false; 4]);
        assert_eq!(asked(SecondFactorPolicy::Administrators), [false, false, true, true]);
        assert_eq!(asked(SecondFactorPolicy::Everyone), [true; 4]);
        for policy in SecondFactorPolicy::ALL {
            assert_eq!(policy.as_str().parse::<SecondFactorPolicy>().expect("its own name"), policy);
        }
    }

    #[test]
    fn a_name_and_a_colour_are_checked() {
        let checked = |name: &str, accent: &str| {
            Branding { product_name: Some(name.into()), accent: Some(accent.into()) }.checked()
        };
        let good = checked("  Acme Flow ", "#AABBCC").expect("good");
        assert_eq!(
            (good.product_name.as_deref(), good.accent.as_deref()),
            (Some("Acme Flow"), Some("#aabbcc"))
        );
        assert_eq!(checked(" ", "#aabbcc").expect("good").product_name, None);
        assert!(checked(&"ü".repeat(40), "#000000").is_ok());
        for (name, accent, field) in [
            (&*"x".repeat(41), "#000000", "product_name"),
            ("a\nb", "#000000", "product_name"),
            ("x", "#fff", "accent"),
            ("x", "#gggggg", "accent"),
            ("x", "#ééé", "accent"),
            ("x", "red; x: y", "accent"),
        ] {
            let wrong = checked(name, accent);
            assert!(matches!(wrong, Err(Error::Invalid { field: at, .. }) if at == field), "{name} {accent}");
        }
    }

    #[test]
    fn a_logo_is_what_is_in_it() {
        assert_eq!(logo_type(b"\x89PNG\r\n\x1a\n...").expect("a picture"), "image/png");
        assert_eq!(logo_type(b"RIFF\x04\0\0\0WEBPVP8 ").expect("a picture"), "image/webp");
        let mut large = b"\x89PNG\r\n\x1a\n".to_vec();
        large.resize(MAX_LOGO + 1, 0);
        for wrong in
            [&b""[..], b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"RIFF\x04\0\0\0WAVE", b"RIFF", &large]
        {
            assert!(logo_type(wrong).is_err());
        }
    }
}
