//! Files of a submission: that they are there, and are what the form asks for by their content.

use super::opened::Opened;
use super::submission::{Submission, refused};
use crate::auth::Auth;
use crate::problem::{ApiResult, FieldError};
use crate::state::ApiState;
use bifrost_core::files::UPLOADS;
use bifrost_core::{Error, Result, UploadId};
use bifrost_forms::{Field, Kind, MAX_FILE_MB};
use bifrost_store::files;
use bifrost_store::forms::{Upload, sessions};
use serde_json::Value;
use std::collections::HashMap;

/// Bytes of a megabyte.
const MEGABYTE: f64 = 1_048_576.0;

/// The largest file of a field, in bytes.
pub fn most_bytes(field: &Field) -> u64 {
    let megabytes = field.max_size_mb.unwrap_or(MAX_FILE_MB).clamp(0.0, MAX_FILE_MB);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 32 MiB")]
    let bytes = (megabytes * MEGABYTE) as u64;
    bytes
}

/// True when a field takes files of a type; every type where it names none.
pub fn takes(field: &Field, kind: &str) -> bool {
    let is_of = |allowed: &String| match allowed.strip_suffix("/*") {
        Some(group) => kind.split('/').next().is_some_and(|of| of.eq_ignore_ascii_case(group)),
        None => allowed.eq_ignore_ascii_case(kind),
    };
    field.allowed_types.is_empty() || field.allowed_types.iter().any(is_of)
}

/// Puts the paths of files in the place of their ids: one, or a list where a field takes several.
pub async fn put_in_place(
    state: &ApiState,
    auth: &Auth,
    opened: &Opened,
    submission: &mut Submission,
) -> ApiResult<()> {
    let fields = &opened.definition.definition().fields;
    if !fields.iter().any(|field| field.kind == Kind::File) {
        return Ok(());
    }
    let sent = sessions::uploads(&auth.org(state), opened.session.id).await?;
    let mut errors = Vec::new();
    for field in fields.iter().filter(|field| field.kind == Kind::File) {
        let Some(Value::Array(ids)) = submission.data.get(&field.name).cloned() else { continue };
        let mut paths = Vec::new();
        for id in ids {
            match checked(state, auth, field, &sent, &id).await? {
                Ok(upload) => {
                    submission.uploads.push(upload.id);
                    paths.push(Value::String(upload.path.clone()));
                }
                Err(message) => errors.push(FieldError { field: field.name.clone(), message }),
            }
        }
        let value = if field.multiple { Value::Array(paths) } else { paths.pop().unwrap_or_default() };
        submission.data.insert(field.name.clone(), value);
    }
    if errors.is_empty() { Ok(()) } else { Err(refused(errors)) }
}

/// The upload of an id, or what is wrong with it.
async fn checked<'a>(
    state: &ApiState,
    auth: &Auth,
    field: &Field,
    sent: &'a HashMap<UploadId, Upload>,
    id: &Value,
) -> Result<Result<&'a Upload, String>> {
    let again = || "This file is not there; send it again".to_owned();
    let id = id.as_str().and_then(|id| id.parse::<UploadId>().ok());
    let upload = id.and_then(|id| sent.get(&id)).filter(|upload| upload.field == field.name);
    let Some(upload) = upload else { return Ok(Err(again())) };
    let (org, objects) = (auth.org(state), state.objects.as_ref());
    let (file, content) = match files::read_whole(&org, objects, UPLOADS, &upload.path).await {
        Ok(read) => read,
        Err(Error::NotFound(_) | Error::Gone(_)) => return Ok(Err(again())),
        Err(error) => return Err(error),
    };
    if content.len() as u64 > most_bytes(field) {
        let most = field.max_size_mb.unwrap_or(MAX_FILE_MB);
        return Ok(Err(format!("This file is too large; it may have {most} MB")));
    }
    // The type is what the content says, as far as it says something.
    if !takes(field, &file.content_type) {
        let kinds = field.allowed_types.join(", ");
        return Ok(Err(format!("This file is {}; send one of {kinds}", file.content_type)));
    }
    if is_text(&file.content_type) && std::str::from_utf8(&content).is_err() {
        return Ok(Err(format!("This file is not {}: it is no text in UTF-8", file.content_type)));
    }
    Ok(Ok(upload))
}

/// True for types whose files are texts.
fn is_text(kind: &str) -> bool {
    kind.starts_with("text/")
        || ["application/json", "application/xml", "application/yaml"].contains(&kind)
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn types_and_sizes_are_those_of_the_field() {
        let form = bifrost_forms::Form::read(&json!({"name": "F", "workflow": "w", "fields": [
            {"name": "any", "label": "Any", "type": "file"},
            {"name": "some", "label": "Some", "type": "file", "allowed_types": ["image/*", "application/pdf"], "max_size_mb": 0.5},
        ]}))
        .expect("a form");
        let [any, some] = ["any", "some"].map(|name| form.field(name).expect("a field"));
        assert!(takes(any, "x/y") && takes(some, "image/png") && takes(some, "application/PDF"));
        assert!(!takes(some, "application/zip") && !takes(some, "imagex/png") && !takes(some, "text/plain"));
        assert_eq!((most_bytes(any), most_bytes(some)), (32 << 20, 1 << 19));
        assert!(is_text("text/csv") && is_text("application/ld+json") && !is_text("image/png"));
    }
}
