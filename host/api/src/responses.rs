//! What the OpenAPI document says about every operation alike: the errors, the
//! security schemes and the header that names an organization.

use crate::auth::ORGANIZATION_HEADER;
use crate::problem::{CONTENT_TYPE, Problem};
use std::collections::BTreeMap;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    ContentBuilder, LicenseBuilder, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder,
};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

/// The licence of the program.
pub const LICENSE: &str = env!("CARGO_PKG_LICENSE");

/// Errors of an operation that only reads.
pub struct Reads;
/// Errors of an operation with a body.
pub struct Writes;
/// Errors of an operation on what is kept apart from a run, and may be lost.
pub struct Kept;
/// Errors of an operation that needs no key.
pub struct Open;
/// Errors of a step of signing in, which needs no key either.
pub struct SigningIn;
/// Errors of an operation as RFC 6749 has them.
pub struct OAuth;
/// The error of an operation that nobody repeats at will.
pub struct Limited;

const UNAUTHENTICATED: (u16, &str) = (401, "No key, or one that is not known");
const DENIED: (u16, &str) = (403, "Known caller, but not theirs to do");
const NOT_FOUND: (u16, &str) = (404, "No such thing in the caller's scope");
const INVALID: (u16, &str) = (422, "An input is not valid; `field` names it");
const LIMITED: (u16, &str) = (429, "Too many requests or attempts; come back after `Retry-After`");
const INTERNAL: (u16, &str) = (500, "The server failed; its log has the cause under `request_id`");
const BUSY: (u16, &str) = (503, "Busy for the moment; come back after `Retry-After`");

fn problems(list: &[(u16, &str)]) -> BTreeMap<String, RefOr<Response>> {
    list.iter().map(|(status, text)| (status.to_string(), problem(text).into())).collect()
}

fn problem(description: &str) -> Response {
    let schema = Ref::from_schema_name(Problem::name());
    ResponseBuilder::new()
        .description(description)
        .content(CONTENT_TYPE, ContentBuilder::new().schema(Some(schema)).build())
        .build()
}

impl IntoResponses for Reads {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[UNAUTHENTICATED, DENIED, NOT_FOUND, INVALID, INTERNAL, BUSY])
    }
}

impl IntoResponses for Writes {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[
            (400, "The body is not JSON"),
            UNAUTHENTICATED,
            DENIED,
            NOT_FOUND,
            (409, "Valid, but not in this state; `code` says why"),
            (413, "The body is too large"),
            (415, "The body is not declared as JSON"),
            INVALID,
            INTERNAL,
            BUSY,
        ])
    }
}

impl IntoResponses for Kept {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[(410, "It was there, and is not kept any more")])
    }
}

impl IntoResponses for SigningIn {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[
            (400, "The body is not JSON"),
            DENIED,
            NOT_FOUND,
            (409, "Valid, but not in this state; `code` says why"),
            (413, "The body is too large"),
            (415, "The body is not declared as JSON"),
            INVALID,
            LIMITED,
            INTERNAL,
            BUSY,
        ])
    }
}

impl IntoResponses for OAuth {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[(400, "Refused; `error` says why, in the words of RFC 6749 and RFC 8628"), INTERNAL, BUSY])
    }
}

impl IntoResponses for Limited {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[LIMITED])
    }
}

impl IntoResponses for Open {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[INTERNAL])
    }
}

/// Adds to the document what holds for all operations.
pub fn complete(mut api: OpenApi) -> OpenApi {
    api.info.title = "Bifrost".into();
    api.info.description = Some("Automation platform: deploy Python workspaces, run their workflows.".into());
    api.info.version = env!("CARGO_PKG_VERSION").into();
    // The router's own package is not what this document describes.
    api.info.license = Some(LicenseBuilder::new().name(LICENSE).identifier(Some(LICENSE)).build());
    api.info.contact = None;
    let components = api.components.get_or_insert_default();
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    let mut nested = Vec::new();
    Problem::schemas(&mut nested);
    components.schemas.extend(nested);
    components.add_security_scheme(
        "bearer",
        SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
    );
    components.add_security_scheme(
        "key",
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-Bifrost-Key"))),
    );

    components.add_security_scheme(
        "session",
        SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
            "__Host-bifrost_session",
            "`bifrost_session` where the platform is reached over plain HTTP",
        ))),
    );

    let paths = std::mem::take(&mut api.paths.paths);
    for (path, mut item) in paths {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for operation in operations.into_iter().flatten() {
            secure(operation);
        }
        api.paths.paths.insert(path.replace("{*", "{"), item);
    }
    api
}

fn secure(operation: &mut Operation) {
    if !operation.responses.responses.contains_key("401") {
        operation.security = Some(Vec::new());
        return;
    }
    let none: [&str; 0] = [];
    operation.security =
        Some(["bearer", "key", "session"].map(|name| SecurityRequirement::new(name, none)).to_vec());
    let organization = ParameterBuilder::new()
        .name(ORGANIZATION_HEADER)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("The organization meant; for platform administrators only"))
        .schema(Some(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))),
        ))
        .build();
    operation.parameters.get_or_insert_default().push(organization.into());
}
