//! Objects in a bucket of S3, or of a store that speaks its protocol.

use super::objects::{checked, checked_prefix};
use super::s3_http;
use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
};
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use bifrost_core::ports::{MAX_LIST, Objects};
use bifrost_core::{Error, Result};
use std::time::Duration;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// Longest silence of the store within an answer.
const SILENCE: Duration = Duration::from_secs(15);
/// One try of one request, transfer included.
const TRY: Duration = Duration::from_secs(60);
/// All tries of one request together.
const ALL_TRIES: Duration = Duration::from_secs(150);
/// Tries of one request.
const TRIES: u32 = 4;

/// Where the bucket is, and who asks.
#[derive(Clone)]
pub struct S3Options {
    /// The store's URL, used with the bucket in the path; `None` for Amazon's in `region`.
    pub endpoint: Option<String>,
    /// The bucket, which exists.
    pub bucket: String,
    /// The region that requests are signed for; most other stores take any.
    pub region: String,
    /// Name of the credentials.
    pub access_key_id: String,
    /// Their secret.
    pub secret_access_key: String,
}

impl std::fmt::Debug for S3Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut options = f.debug_struct("S3Options");
        options.field("endpoint", &self.endpoint).field("bucket", &self.bucket);
        options.field("region", &self.region).field("access_key_id", &self.access_key_id);
        options.finish_non_exhaustive()
    }
}

/// Objects in one bucket. Clones share connections.
#[derive(Clone)]
pub struct S3Objects {
    client: Client,
    bucket: String,
}

impl S3Objects {
    /// Asks for the bucket once, so that wrong settings are found at the start.
    pub async fn connect(options: S3Options) -> Result<Self> {
        let http = s3_http::client(CONNECT, SILENCE).map_err(|e| Error::Internal(e.into()))?;
        let credentials = Credentials::new(
            options.access_key_id,
            options.secret_access_key,
            None,
            None,
            "S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY",
        );
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(TRY)
            .operation_timeout(ALL_TRIES)
            .build();
        let mut config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http)
            .region(Region::new(options.region))
            .credentials_provider(credentials)
            .force_path_style(true)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
            // Bodies are covered by the signature. Further checksums are newer than many
            // of the stores that speak the protocol.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        config.set_endpoint_url(options.endpoint);
        let store = Self { client: Client::from_conf(config.build()), bucket: options.bucket };
        store.check().await?;
        Ok(store)
    }

    /// An answer of the store is a fault to look into; no answer is a matter of time.
    fn failed<E>(&self, action: &str, key: &str, error: &SdkError<E>) -> Error
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let hint = match status {
            Some(301) => ": the bucket is in another region",
            Some(403) => ": the credentials are wrong or not allowed to",
            Some(404) => ": there is no such bucket",
            Some(_) => "",
            None => ": the store does not answer",
        };
        let object = format!("{}/{key}", self.bucket);
        let object = object.trim_end_matches('/');
        let detail = DisplayErrorContext(error);
        match status {
            None | Some(429 | 500..) if !key.is_empty() => {
                tracing::error!("S3: could not {action} {object}{hint}: {detail}");
                Error::Busy("objects")
            }
            _ => Error::Internal(anyhow::anyhow!("S3: could not {action} {object}{hint}: {detail}")),
        }
    }
}

/// True when the store answered that there is no such object, rather than no bucket.
fn is_absent<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    let not_found = error.raw_response().is_some_and(|response| response.status().as_u16() == 404);
    // The answer to HEAD has no body that could say what is absent.
    not_found && error.code().is_none_or(|code| matches!(code, "NoSuchKey" | "NotFound"))
}

#[async_trait]
impl Objects for S3Objects {
    fn engine(&self) -> &'static str {
        "S3"
    }

    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<()> {
        checked(key)?;
        let body = ByteStream::from(bytes);
        let put = self.client.put_object().bucket(&self.bucket).key(key).body(body);
        put.send().await.map(drop).map_err(|e| self.failed("write", key, &e))
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        checked(key)?;
        let object = match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(object) => object,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(self.failed("read", key, &error)),
        };
        let length = object.content_length();
        let body = tokio::time::timeout(TRY, object.body.collect()).await;
        let bytes = match body {
            Ok(Ok(body)) => body.to_vec(),
            Ok(Err(error)) => return Err(interrupted(key, &error)),
            Err(error) => return Err(interrupted(key, &error)),
        };
        if length.is_some_and(|length| u64::try_from(length) != Ok(bytes.len() as u64)) {
            return Err(interrupted(key, &"the object is shorter than announced"));
        }
        Ok(Some(bytes))
    }

    async fn delete(&self, key: &str) -> Result<bool> {
        checked(key)?;
        // Deleting answers the same whether there was something or not.
        match self.client.head_object().bucket(&self.bucket).key(key).send().await {
            Ok(_) => {}
            Err(error) if is_absent(&error) => return Ok(false),
            Err(error) => return Err(self.failed("find", key, &error)),
        }
        match self.client.delete_object().bucket(&self.bucket).key(key).send().await {
            Ok(_) => Ok(true),
            Err(error) if is_absent(&error) => Ok(false),
            Err(error) => Err(self.failed("delete", key, &error)),
        }
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<String>> {
        checked_prefix(prefix)?;
        let limit = i32::try_from(limit.min(MAX_LIST)).unwrap_or(i32::MAX);
        let list = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix).max_keys(limit);
        let listed = list.set_start_after(after.map(str::to_owned)).send().await;
        let listed = listed.map_err(|e| self.failed("list", &format!("{prefix}*"), &e))?;
        Ok(listed.contents.unwrap_or_default().into_iter().filter_map(|object| object.key).collect())
    }

    async fn check(&self) -> Result<()> {
        let asked = self.client.head_bucket().bucket(&self.bucket).send().await;
        asked.map(drop).map_err(|error| self.failed("ask for", "", &error))
    }
}

fn interrupted(key: &str, error: &dyn std::fmt::Display) -> Error {
    tracing::error!(key, "S3: reading was interrupted: {error}");
    Error::Busy("objects")
}
