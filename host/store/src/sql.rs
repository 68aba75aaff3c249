//! A statement, its parameters and its rows, the same for both engines. PostgreSQL
//! keeps its native types; SQLite holds uuid as BLOB, time as INTEGER microseconds
//! since 1970 and documents as TEXT.

use bifrost_core::*;
use chrono::{DateTime, Utc};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgRow, PgTypeInfo};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, Postgres, Row as _};
use std::borrow::Cow;
use uuid::Uuid;

/// A parameter. `None` is a typed NULL.
#[derive(Clone, Debug)]
pub enum Value {
    /// uuid; BLOB of 16 bytes.
    Uuid(Option<Uuid>),
    /// text. A NUL character, which PostgreSQL cannot hold, becomes U+FFFD.
    Text(Option<String>),
    /// bigint.
    Int(Option<i64>),
    /// boolean; 0 or 1.
    Bool(Option<bool>),
    /// timestamptz; microseconds since 1970.
    Time(Option<DateTime<Utc>>),
    /// json: the document's own text, key order and all.
    Json(Option<String>),
    /// bytea; BLOB.
    Bytes(Option<Vec<u8>>),
}

macro_rules! from {
    ($($variant:ident: $($t:ty => |$v:ident| $e:expr),+;)*) => {$($(
        impl From<$t> for Value {
            fn from($v: $t) -> Self { Self::$variant(Some($e)) }
        }
        impl From<Option<$t>> for Value {
            fn from(v: Option<$t>) -> Self { Self::$variant(v.map(|$v| $e)) }
        }
    )+)*};
}

from! {
    Uuid: Uuid => |v| v, OrganizationId => |v| v.0, UserId => |v| v.0, WorkspaceId => |v| v.0, VersionId => |v| v.0,
        WorkflowId => |v| v.0, ExecutionId => |v| v.0, KeyId => |v| v.0, ScheduleId => |v| v.0, DeadLetterId => |v| v.0, RoleId => |v| v.0,
        GrantId => |v| v.0, InvitationId => |v| v.0, AuditId => |v| v.0,
        SessionId => |v| v.0, PasskeyId => |v| v.0, IdentityProviderId => |v| v.0,
        EndpointId => |v| v.0, WebhookId => |v| v.0, WebhookSecretId => |v| v.0, AdapterId => |v| v.0, SubscriptionId => |v| v.0, DeliveryId => |v| v.0,
        IntegrationId => |v| v.0, MappingId => |v| v.0, ConnectionId => |v| v.0,
        TableId => |v| v.0, FileId => |v| v.0,
        FormId => |v| v.0, FormSessionId => |v| v.0, UploadId => |v| v.0,
        NotificationChannelId => |v| v.0, NotificationRuleId => |v| v.0, NotificationId => |v| v.0;
    Text: String => |v| plain(v), &str => |v| plain(v.to_owned());
    Int: i64 => |v| v, i32 => |v| v.into(), u32 => |v| v.into();
    Bool: bool => |v| v;
    Time: DateTime<Utc> => |v| v;
    Json: serde_json::Value => |v| v.to_string(), &serde_json::Value => |v| v.to_string();
    Bytes: Vec<u8> => |v| v;
}

fn plain(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{FFFD}") } else { text }
}

impl Value {
    /// A document from anything that serializes.
    pub fn json(value: &impl serde::Serialize) -> Result<Self> {
        serde_json::to_string(value).map(|text| Self::Json(Some(text))).map_err(|e| Error::Internal(e.into()))
    }
}

/// One statement in the common subset, with its parameters.
#[derive(Clone, Debug)]
pub struct Sql {
    pub(crate) text: Cow<'static, str>,
    pub(crate) values: Vec<Value>,
}

impl Sql {
    /// A statement with `$1`, `$2`, … for [`Self::bind`].
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self { text: text.into(), values: Vec::new() }
    }

    /// The next parameter.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Appends text; never something that came from outside.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.to_mut().push_str(text);
        self
    }

    /// Appends a parameter and its placeholder.
    pub fn push_bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        let number = self.values.len();
        self.push(&format!("${number}"))
    }

    pub(crate) fn into_sqlite(self) -> Result<(Cow<'static, str>, SqliteArguments<'static>)> {
        let mut args = SqliteArguments::default();
        for value in self.values {
            match value {
                Value::Uuid(v) => args.add(v),
                Value::Text(v) | Value::Json(v) => args.add(v),
                Value::Int(v) => args.add(v),
                Value::Bool(v) => args.add(v),
                Value::Time(v) => args.add(v.map(|t| t.timestamp_micros())),
                Value::Bytes(v) => args.add(v),
            }
            .map_err(encoding)?;
        }
        Ok((self.text, args))
    }

    pub(crate) fn into_postgres(self) -> Result<(Cow<'static, str>, PgArguments)> {
        let mut args = PgArguments::default();
        for value in self.values {
            match value {
                Value::Uuid(v) => args.add(v),
                Value::Text(v) => args.add(v),
                Value::Json(v) => args.add(v.map(Document)),
                Value::Int(v) => args.add(v),
                Value::Bool(v) => args.add(v),
                Value::Time(v) => args.add(v),
                Value::Bytes(v) => args.add(v),
            }
            .map_err(encoding)?;
        }
        Ok((self.text, args))
    }
}

fn encoding(error: BoxDynError) -> Error {
    Error::Internal(anyhow::anyhow!("parameter cannot be encoded: {error}"))
}

/// A document as its own text. The driver's type would make it jsonb, which loses
/// the order of keys and refuses `\u0000`.
struct Document(String);

impl sqlx::Type<Postgres> for Document {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("json")
    }
}

impl sqlx::Encode<'_, Postgres> for Document {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> std::result::Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }
}

/// One row of an answer.
pub enum Row {
    /// From SQLite.
    Sqlite(SqliteRow),
    /// From PostgreSQL.
    Postgres(PgRow),
}

impl Row {
    /// A column that is never NULL.
    pub fn get<T: Column>(&self, name: &str) -> Result<T> {
        self.opt(name)?.ok_or_else(|| Error::Internal(anyhow::anyhow!("column {name} is NULL")))
    }

    /// A column that can be NULL.
    pub fn opt<T: Column>(&self, name: &str) -> Result<Option<T>> {
        T::read(self, name)
    }

    /// A text column that holds the name of a Rust value.
    pub fn parse<T: std::str::FromStr>(&self, name: &str) -> Result<T> {
        let text: String = self.get(name)?;
        text.parse().map_err(|_| Error::Internal(anyhow::anyhow!("column {name} holds `{text}`")))
    }

    /// A document as what it was made of.
    pub fn document<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T> {
        self.opt_document(name)?.ok_or_else(|| Error::Internal(anyhow::anyhow!("column {name} is NULL")))
    }

    /// A document that can be NULL.
    pub fn opt_document<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let text = match self {
            Self::Sqlite(row) => row.try_get_unchecked::<Option<String>, _>(name),
            Self::Postgres(row) => row.try_get_unchecked::<Option<String>, _>(name),
        };
        text.map_err(|e| Error::Internal(e.into()))?
            .map(|text| serde_json::from_str(&text).map_err(|e| Error::Internal(e.into())))
            .transpose()
    }
}

/// What a column can be read as.
pub trait Column: Sized {
    /// `None` for NULL.
    fn read(row: &Row, name: &str) -> Result<Option<Self>>;
}

macro_rules! native {
    ($($t:ty),*) => {$(
        impl Column for $t {
            fn read(row: &Row, name: &str) -> Result<Option<Self>> {
                match row {
                    Row::Sqlite(row) => row.try_get_unchecked(name),
                    Row::Postgres(row) => row.try_get(name),
                }
                .map_err(|e| Error::Internal(e.into()))
            }
        }
    )*};
}

native!(Uuid, String, i64, bool, Vec<u8>);

impl Column for DateTime<Utc> {
    fn read(row: &Row, name: &str) -> Result<Option<Self>> {
        match row {
            Row::Sqlite(row) => row
                .try_get_unchecked::<Option<i64>, _>(name)
                .map_err(|e| Error::Internal(e.into()))?
                .map(|micros| {
                    DateTime::from_timestamp_micros(micros)
                        .ok_or_else(|| Error::Internal(anyhow::anyhow!("column {name} is not a time")))
                })
                .transpose(),
            Row::Postgres(row) => row.try_get(name).map_err(|e| Error::Internal(e.into())),
        }
    }
}

impl Column for i32 {
    fn read(row: &Row, name: &str) -> Result<Option<Self>> {
        i64::read(row, name)?.map(i32::try_from).transpose().map_err(|e| Error::Internal(e.into()))
    }
}

impl Column for u32 {
    fn read(row: &Row, name: &str) -> Result<Option<Self>> {
        i64::read(row, name)?.map(u32::try_from).transpose().map_err(|e| Error::Internal(e.into()))
    }
}

macro_rules! ids {
    ($($t:ident),*) => {$(
        impl Column for $t {
            fn read(row: &Row, name: &str) -> Result<Option<Self>> {
                Ok(Uuid::read(row, name)?.map($t))
            }
        }
    )*};
}

ids!(
    OrganizationId,
    UserId,
    WorkspaceId,
    VersionId,
    WorkflowId,
    ExecutionId,
    KeyId,
    ScheduleId,
    DeadLetterId,
    RoleId,
    GrantId,
    InvitationId,
    AuditId,
    SessionId,
    PasskeyId,
    IdentityProviderId,
    EndpointId,
    WebhookId,
    WebhookSecretId,
    AdapterId,
    SubscriptionId,
    DeliveryId,
    IntegrationId,
    MappingId,
    ConnectionId,
    TableId,
    FileId,
    FormId,
    FormSessionId,
    UploadId,
    NotificationChannelId,
    NotificationRuleId,
    NotificationId
);
