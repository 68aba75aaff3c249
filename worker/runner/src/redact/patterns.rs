//! The forms in which a secret is looked for.

use super::{SHORTEST, SHORTEST_ENCODED};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// Longer secrets are looked for in parts of this many bytes.
const PART: usize = 512;
/// Bytes that a part shares with the one before, so that no character of an encoding,
/// which may stand for bits of two bytes, is between them.
const SHARED: usize = 3;

/// One form of one secret.
pub(super) struct Pattern {
    pub bytes: Zeroizing<Vec<u8>>,
    /// Also looked for where a text is escaped.
    pub in_views: bool,
}

/// All forms of a secret that has at least [`SHORTEST`] bytes.
pub(super) fn of(secret: &str, found: &mut impl FnMut(Pattern)) {
    if secret.len() < SHORTEST_ENCODED {
        debug_assert!(secret.len() >= SHORTEST);
        found(Pattern { bytes: Zeroizing::new(secret.as_bytes().to_vec()), in_views: false });
        return;
    }
    for part in parts(secret) {
        encodings(part, found);
    }
    if secret.contains('\n') {
        let lines = secret.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_ENCODED);
        lines.flat_map(parts).for_each(|part| encodings(part, found));
    }
}

fn parts(secret: &str) -> impl Iterator<Item = &str> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = secret.get(start..).filter(|rest| rest.len() > if start == 0 { 0 } else { SHARED })?;
        // The last part is not a short one.
        let whole = rest.len() < PART + SHORTEST_ENCODED + SHARED;
        let end = if whole { secret.len() } else { secret.ceil_char_boundary(start + PART) };
        let part = &secret[start..end];
        start = if whole { secret.len() } else { secret.floor_char_boundary(end - SHARED) };
        Some(part)
    })
}

fn encodings(part: &str, found: &mut impl FnMut(Pattern)) {
    let bytes = part.as_bytes();
    let mut give = |bytes: Vec<u8>| found(Pattern { bytes: Zeroizing::new(bytes), in_views: true });
    give(bytes.to_vec());
    for before in 0..3 {
        let standard = base64_core(&STANDARD_NO_PAD, bytes, before);
        let url = base64_core(&URL_SAFE_NO_PAD, bytes, before);
        if url != standard {
            give(url);
        }
        give(standard);
    }
    let hex = |upper: bool| -> String {
        let digits = bytes.iter().map(|b| if upper { format!("{b:02X}") } else { format!("{b:02x}") });
        digits.collect()
    };
    let (lower, upper) = (hex(false), hex(true));
    if upper != lower {
        give(upper.into_bytes());
    }
    give(lower.into_bytes());
}

/// The characters that stand for nothing but these bytes, where `before` bytes (modulo 3)
/// of something else are encoded before them.
fn base64_core(engine: &impl Engine, bytes: &[u8], before: usize) -> Vec<u8> {
    let all = Zeroizing::new([&[0; 2][..before], bytes].concat());
    let mut encoded = engine.encode(all.as_slice()).into_bytes();
    encoded.truncate(all.len() * 8 / 6);
    encoded.drain(..(before * 8).div_ceil(6));
    encoded
}
