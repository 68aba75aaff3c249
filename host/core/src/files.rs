//! Files of organizations: where they are, what they may be called, and what they are.

use crate::{Error, OrganizationId, Result, UserId};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Largest file, in bytes: as large as a body that a workflow sends. A file is held in memory
/// while it is written or read.
pub const MAX_FILE: usize = 32 << 20;
/// Most bytes of all files of one organization.
pub const MAX_BYTES: i64 = 10 << 30;
/// Most files of one organization; a search looks at the names of all of them.
pub const MAX_FILES: i64 = 100_000;
/// Longest path, in bytes, as of a workspace's files.
pub const MAX_PATH: usize = 512;
/// Longest part of a path, in bytes, so that every system can keep it.
pub const MAX_PART: usize = 255;
/// Longest name of a location, in bytes.
pub const MAX_LOCATION: usize = 64;
/// Most names in one answer.
pub const MAX_LIST: u32 = 1_000;
/// How long a signed address is good: a person has time to choose a file.
pub const SIGNED_FOR: TimeDelta = TimeDelta::minutes(10);
/// How long files of [`TEMP`] are kept after they were written.
pub const TEMP_FOR: TimeDelta = TimeDelta::hours(24);

/// The files of the version that a run has, which are only read.
pub const WORKSPACE: &str = "workspace";
/// Files that go by themselves.
pub const TEMP: &str = "temp";
/// What people have sent.
pub const UPLOADS: &str = "uploads";

/// Checks the name of a location whose files can be written: `uploads`, `temp`, or any name of
/// small letters, digits and `-`.
///
/// # Errors
/// `Invalid`, naming `location`.
pub fn check_location(location: &str) -> Result<()> {
    if location == WORKSPACE {
        let message =
            "the workspace changes by a deploy only; keep files in uploads, temp or a location of your own";
        return Err(Error::invalid("location", message));
    }
    let begins = location.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if begins && location.len() <= MAX_LOCATION && location.bytes().all(plain) {
        return Ok(());
    }
    let message =
        format!("expected a small letter or a digit, then those and `-`, at most {MAX_LOCATION} bytes");
    Err(Error::invalid("location", message))
}

/// Checks a path: parts with `/` between them, none of them empty, `.` or `..`.
///
/// # Errors
/// `Invalid`, naming `path`.
pub fn check_path(path: &str) -> Result<()> {
    is_plain(path).then_some(()).ok_or_else(|| {
        let message = format!(
            "expected a relative path of at most {MAX_PATH} bytes, `/` between parts of at most {MAX_PART}, without `..`, `\\` and control characters"
        );
        Error::invalid("path", message)
    })
}

/// A folder as the beginning of the paths in it: nothing for all files, else with `/` at its end.
///
/// # Errors
/// `Invalid`, naming `directory`.
pub fn folder(directory: &str) -> Result<String> {
    let directory = directory.strip_suffix('/').unwrap_or(directory);
    if directory.is_empty() {
        return Ok(String::new());
    }
    if is_plain(directory) {
        return Ok(format!("{directory}/"));
    }
    Err(Error::invalid("directory", "expected a folder's relative path, or nothing for all files"))
}

fn is_plain(path: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part != "." && part != ".." && part.len() <= MAX_PART;
    path.len() <= MAX_PATH
        && !path.contains('\\')
        && !path.chars().any(char::is_control)
        && path.split('/').all(part)
}

/// What a signed address is for. Whoever has it can do this and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// Whose file.
    pub organization: OrganizationId,
    /// Where.
    pub location: String,
    /// Which.
    pub path: String,
    /// Write it; else read it.
    pub writes: bool,
    /// What is to be written.
    pub content_type: String,
    /// Largest body, in bytes.
    pub max_bytes: u64,
    /// Not good any more from then on.
    pub expires_at: DateTime<Utc>,
    /// Who has signed it, for the audit log.
    pub signed_by: Option<UserId>,
}

impl Pass {
    /// For a file of an organization, from now on.
    ///
    /// # Errors
    /// `Invalid`, naming `location`, `path`, `method` or `content_type`.
    pub fn new(
        organization: OrganizationId,
        location: &str,
        path: &str,
        method: &str,
        content_type: &str,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        check_location(location)?;
        check_path(path)?;
        let writes = match method {
            "PUT" => true,
            "GET" => false,
            other => {
                let message = format!("`{}` is neither PUT nor GET", other.escape_debug());
                return Err(Error::invalid("method", message));
            }
        };
        Ok(Self {
            organization,
            location: location.to_owned(),
            path: path.to_owned(),
            writes,
            content_type: essence(content_type)?,
            max_bytes: MAX_FILE as u64,
            expires_at: now + SIGNED_FOR,
            signed_by: None,
        })
    }
}

/// Bytes that nobody says more of.
pub const BYTES: &str = "application/octet-stream";
/// Longest type of a content, in bytes.
const MAX_TYPE: usize = 127;

/// The type of a content without its parameters, in small letters.
///
/// # Errors
/// `Invalid`, naming `content_type`.
pub fn essence(content_type: &str) -> Result<String> {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b);
    let token = |text: &str| !text.is_empty() && text.bytes().all(plain);
    let is_type = essence.split_once('/').is_some_and(|(kind, name)| token(kind) && token(name));
    if is_type && essence.len() <= MAX_TYPE {
        return Ok(essence);
    }
    Err(Error::invalid("content_type", "expected a type such as text/csv"))
}

/// Beginnings that tell what a content is, and what it is then.
const SIGNATURES: [(&[u8], &str); 8] = [
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"PK\x03\x04", ZIP),
    (b"PK\x05\x06", ZIP),
    (b"\x1f\x8b", "application/gzip"),
];
const ZIP: &str = "application/zip";
const WEBP: &str = "image/webp";
const HTML: &str = "text/html";
const SVG: &str = "image/svg+xml";
const TEXT: &str = "text/plain";
/// Bytes at the beginning of a text in which a page or a picture says what it is.
const HEAD: usize = 1_024;

/// What a content is, as far as it says so itself.
pub fn sniff(content: &[u8]) -> &'static str {
    if let Some((_, kind)) = SIGNATURES.iter().find(|(begin, _)| content.starts_with(begin)) {
        return kind;
    }
    if content.starts_with(b"RIFF") && content.get(8..12) == Some(b"WEBP") {
        return WEBP;
    }
    let Ok(text) = std::str::from_utf8(content) else { return BYTES };
    if text.contains('\0') {
        return BYTES;
    }
    let head = &text[..text.floor_char_boundary(HEAD)];
    let head = head.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    if ["<!doctype html", "<html", "<head", "<body", "<script"].iter().any(|begin| head.starts_with(begin)) {
        return HTML;
    }
    if head.starts_with("<svg") || (head.starts_with("<?xml") && head.contains("<svg")) {
        return SVG;
    }
    TEXT
}

/// The type that a file is kept with: what its sender says, where its content does not say
/// otherwise. `None` and `application/octet-stream` say nothing.
///
/// # Errors
/// `Invalid`, naming `content_type`, for a content that is something else.
pub fn settle_type(declared: Option<&str>, content: &[u8]) -> Result<String> {
    let sniffed = sniff(content);
    let declared = declared.map(essence).transpose()?.filter(|declared| declared != BYTES);
    let Some(declared) = declared else { return Ok(sniffed.to_owned()) };
    let is_told = |kind: &str| SIGNATURES.iter().any(|(_, known)| *known == kind) || kind == WEBP;
    let fits = match sniffed {
        // Documents and archives of many programs are such archives.
        ZIP => declared == ZIP || (declared.starts_with("application/") && !is_told(&declared)),
        SVG => [SVG, "text/xml", "application/xml", TEXT].contains(&declared.as_str()),
        known if is_told(known) => declared == known,
        TEXT | HTML => !is_told(&declared) && !declared.starts_with("image/"),
        _ => !is_told(&declared),
    };
    if fits {
        return Ok(declared);
    }
    Err(Error::invalid("content_type", format!("the content is {sniffed}, not {declared}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_plain() {
        for good in ["uploads", "temp", "reports-2026", "0", &"x".repeat(MAX_LOCATION)] {
            check_location(good).expect("a location");
        }
        for bad in
            ["", "workspace", "-a", "A", "a_b", "a/b", "..", "a.b", "ä", "a\0", &"x".repeat(MAX_LOCATION + 1)]
        {
            assert!(check_location(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn paths_lead_nowhere_else() {
        for good in [
            "a",
            "a/b.txt",
            ".hidden",
            "a b/ä…",
            "..a/b..",
            "100%.csv",
            "%2e%2e/x",
            &format!("{}/a", "x".repeat(MAX_PART)),
        ] {
            check_path(good).expect("a path");
            assert_eq!(folder(good).expect("a folder"), format!("{good}/"));
        }
        for bad in [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "../a",
            "a/..",
            "a/../b",
            "a/./b",
            "./a",
            "a\\b",
            "..\\a",
            "C:\\a",
            "a\0b",
            "a\nb",
            "a\u{7f}b",
            "a\u{85}b",
            &"x".repeat(MAX_PART + 1),
            &"x/".repeat(MAX_PATH),
        ] {
            assert!(check_path(bad).is_err(), "{bad:?}");
        }
        assert_eq!(folder("").expect("all"), "");
        assert_eq!(folder("a/b/").expect("a folder"), "a/b/");
        for bad in ["..", "a/..", "/a", "a//", "\\"] {
            assert!(folder(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn contents_say_what_they_are() {
        for (content, kind) in [
            (b"%PDF-1.7".as_slice(), "application/pdf"),
            (b"\x89PNG\r\n\x1a\nrest", "image/png"),
            (b"RIFF\x01\x02\x03\x04WEBPVP8 ", "image/webp"),
            (b"PK\x03\x04", "application/zip"),
            (b"a,b\n1,2", "text/plain"),
            ("ä".as_bytes(), "text/plain"),
            (b"", "text/plain"),
            (b"\xff\xfe", "application/octet-stream"),
            (b"a\0b", "application/octet-stream"),
            (b" \n<!DOCTYPE html><p>", "text/html"),
            ("\u{feff}<HTML>".as_bytes(), "text/html"),
            (b"<?xml version='1.0'?><svg/>", "image/svg+xml"),
            (b"<?xml version='1.0'?><a/>", "text/plain"),
        ] {
            assert_eq!(sniff(content), kind, "{content:?}");
        }
    }

    #[test]
    fn a_type_that_the_content_belies_is_refused() {
        for (declared, content, kept) in [
            (None, b"a".as_slice(), Some("text/plain")),
            (Some("application/octet-stream"), b"%PDF-", Some("application/pdf")),
            (Some("Text/CSV; charset=utf-8"), b"a,b", Some("text/csv")),
            (Some("application/json"), b"{}", Some("application/json")),
            (
                Some("application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
                b"PK\x03\x04",
                Some("application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
            ),
            (Some("application/x-thing"), b"\xff\xfe", Some("application/x-thing")),
            (Some("image/png"), b"<script>", None),
            (Some("image/x-icon"), b"<html>", None),
            (Some("image/png"), b"%PDF-", None),
            (Some("application/pdf"), b"PK\x03\x04", None),
            (Some("text/plain"), b"%PDF-", None),
            (Some("image/jpeg"), b"\xff\xfe", None),
            (Some("text"), b"", None),
            (Some("text/x\r\nset-cookie: a"), b"", None),
        ] {
            let got = settle_type(declared, content);
            match (got, kept) {
                (Ok(got), Some(kept)) => assert_eq!(got, kept),
                (Err(error), None) => assert!(error.to_string().starts_with("content_type: "), "{error}"),
                (got, kept) => panic!("{declared:?} {content:?}: {got:?}, expected {kept:?}"),
            }
        }
    }

    #[test]
    fn a_pass_is_for_one_thing() {
        let (organization, now) = (OrganizationId::new(), Utc::now());
        let pass = Pass::new(organization, UPLOADS, "a.csv", "PUT", "text/csv", now).expect("a pass");
        assert!(pass.writes && pass.expires_at == now + SIGNED_FOR);
        for (location, path, method, kind, field) in [
            (WORKSPACE, "a", "PUT", BYTES, "location"),
            (UPLOADS, "../a", "PUT", BYTES, "path"),
            (UPLOADS, "a", "DELETE", BYTES, "method"),
            (UPLOADS, "a", "GET", "x", "content_type"),
        ] {
            let error = Pass::new(organization, location, path, method, kind, now).expect_err("refused");
            assert!(error.to_string().starts_with(field), "{error}");
        }
    }
}
