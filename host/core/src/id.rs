//! Typed identifiers, so that an execution's id can never be passed for an organization's.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new identifier; version 7, so that ids sort by time of creation.
            #[expect(clippy::new_without_default, reason = "a fresh id is not a default value")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> std::result::Result<Self, uuid::Error> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )*};
}

ids! {
    /// A tenant.
    OrganizationId,
    /// A person or a service account.
    UserId,
    /// A folder of Python that is deployed as a whole.
    WorkspaceId,
    /// One deployed state of a workspace.
    VersionId,
    /// A workflow, tool or data provider; stable over versions.
    WorkflowId,
    /// One run.
    ExecutionId,
    /// An API key.
    KeyId,
    /// What starts a workflow by the clock.
    ScheduleId,
    /// A ticket that the queue gave up on.
    DeadLetterId,
    /// A set of permissions that an organization has named.
    RoleId,
    /// What lets somebody run one workflow or form.
    GrantId,
    /// What lets somebody become a user.
    InvitationId,
    /// One entry of the audit log.
    AuditId,
    /// What a person holds after signing in.
    SessionId,
    /// A passkey of a person.
    PasskeyId,
    /// An OpenID provider that people sign in with.
    IdentityProviderId,
    /// A path at which a workflow answers plain HTTP.
    EndpointId,
    /// Where deliveries come from: a webhook of somebody else, or a topic of one's own.
    WebhookId,
    /// A secret that a sender signs with.
    WebhookSecretId,
    /// Code of a workspace that says what requests to a webhook are.
    AdapterId,
    /// What starts a workflow for a delivery.
    SubscriptionId,
    /// Something that a source has sent.
    DeliveryId,
    /// Another system, as workflows know it.
    IntegrationId,
    /// What an organization is in an integration.
    MappingId,
    /// What authorizes requests to an integration.
    ConnectionId,
    /// A table of documents.
    TableId,
    /// One content of a file; the next one has another.
    FileId,
    /// What somebody fills in to start a workflow.
    FormId,
    /// Somebody who is filling in a form.
    FormSessionId,
    /// A file that was sent with a form.
    UploadId,
    /// Where notifications are sent.
    NotificationChannelId,
    /// What is told, and where.
    NotificationRuleId,
    /// Something that people are told of within the platform.
    NotificationId,
}
