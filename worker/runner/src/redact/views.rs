//! A text as it reads once its escapes are undone, and where each byte came from. Looking
//! for secrets there finds them whichever of their characters somebody escaped.

use std::borrow::Cow;

/// A text with escapes undone.
pub(super) struct View {
    pub bytes: Vec<u8>,
    /// For each byte of the view where its source begins, and the text's length last.
    places: Vec<usize>,
}

impl View {
    /// A span of the view as a span of the text.
    pub fn source(&self, span: std::ops::Range<usize>) -> std::ops::Range<usize> {
        self.places[span.start]..self.places[span.end]
    }

    fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), places: Vec::with_capacity(bytes + 1) }
    }

    fn push(&mut self, bytes: &[u8], place: usize) {
        self.bytes.extend_from_slice(bytes);
        self.places.extend(std::iter::repeat_n(place, bytes.len()));
    }

    fn end(mut self, length: usize) -> Self {
        self.places.push(length);
        self
    }
}

/// The text without percent escapes; `None` where there are none. `plus_is_space` reads it
/// as forms are written.
pub(super) fn percent(text: &[u8], plus_is_space: bool) -> Option<View> {
    let has_escapes = text.contains(&b'%') || (plus_is_space && text.contains(&b'+'));
    if !has_escapes {
        return None;
    }
    let mut view = View::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let decoded = (byte == b'%').then(|| hex(text.get(at + 1..at + 3)?)).flatten();
        match decoded {
            Some(code) => view.push(&[code as u8], at),
            None if byte == b'+' && plus_is_space => view.push(b" ", at),
            None => view.push(&[byte], at),
        }
        at += if decoded.is_some() { 3 } else { 1 };
    }
    Some(view.end(text.len()))
}

/// The text without backslash escapes of JSON and of Python's `repr`; `None` where there
/// are none.
pub(super) fn backslash(text: &[u8]) -> Option<View> {
    if !text.contains(&b'\\') {
        return None;
    }
    let mut view = View::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let (bytes, taken) = unescape(&text[at..]);
        view.push(&bytes, at);
        at += taken;
    }
    Some(view.end(text.len()))
}

/// What the beginning of a text stands for, and how long that beginning is.
fn unescape(text: &[u8]) -> (Cow<'_, [u8]>, usize) {
    let plain = |taken: usize| (Cow::Borrowed(&text[..1]), taken);
    if text[0] != b'\\' {
        return plain(1);
    }
    let one = |byte: &'static [u8]| (Cow::Borrowed(byte), 2);
    match text.get(1) {
        Some(b'n') => one(b"\n"),
        Some(b't') => one(b"\t"),
        Some(b'r') => one(b"\r"),
        Some(b'b') => one(b"\x08"),
        Some(b'f') => one(b"\x0c"),
        Some(b'"' | b'\'' | b'\\' | b'/') => (Cow::Borrowed(&text[1..2]), 2),
        Some(b'x') => character(text, 2..4).unwrap_or_else(|| plain(1)),
        Some(b'U') => character(text, 2..10).unwrap_or_else(|| plain(1)),
        Some(b'u') => pair(text).or_else(|| character(text, 2..6)).unwrap_or_else(|| plain(1)),
        _ => plain(1),
    }
}

fn character(text: &[u8], digits: std::ops::Range<usize>) -> Option<(Cow<'static, [u8]>, usize)> {
    let code = char::from_u32(hex(text.get(digits.clone())?)?)?;
    Some((Cow::Owned(code.encode_utf8(&mut [0; 4]).as_bytes().to_vec()), digits.end))
}

/// Two escapes that are one character.
fn pair(text: &[u8]) -> Option<(Cow<'static, [u8]>, usize)> {
    if text.get(6..8)? != b"\\u" {
        return None;
    }
    let units = [hex(text.get(2..6)?)? as u16, hex(text.get(8..12)?)? as u16];
    let code = char::decode_utf16(units).next()?.ok().filter(|code| *code as u32 > 0xffff)?;
    Some((Cow::Owned(code.encode_utf8(&mut [0; 4]).as_bytes().to_vec()), 12))
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0u32, |sum, digit| Some(sum.checked_mul(16)? + (*digit as char).to_digit(16)?))
}
