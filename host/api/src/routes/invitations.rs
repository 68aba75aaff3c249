//! Invitations into an organization.

use crate::auth::may;
use crate::extract::{Input, Path, Query};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::service::people;
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{InvitationId, OrganizationId, Role, RoleId, UserId};
use bifrost_store::invitations::{self, DEFAULT_LIFE, Invitation, NewInvitation};
use bifrost_store::organizations;
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// An invitation, without its token.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct InvitationView {
    id: InvitationId,
    organization_id: OrganizationId,
    email: String,
    /// For people; empty if it is not known.
    name: String,
    role: Role,
    /// Roles of the organization, on top.
    roles: Vec<RoleId>,
    invited_by: Option<UserId>,
    created_at: DateTime<Utc>,
    /// From when on it is refused.
    expires_at: DateTime<Utc>,
    /// When it was taken back.
    revoked_at: Option<DateTime<Utc>>,
    accepted_at: Option<DateTime<Utc>>,
    /// The user that came of it.
    accepted_by: Option<UserId>,
}

/// Invitations, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct InvitationList {
    invitations: Vec<InvitationView>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Also those that were accepted, taken back or have expired.
    #[serde(default)]
    all: bool,
}

/// Whom to invite.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateInvitation {
    email: String,
    /// For people.
    #[serde(default)]
    name: String,
    /// `org_user` if absent; `platform_admin` only into the provider's organization.
    #[serde(default)]
    role: Option<Role>,
    /// Roles of the organization, on top.
    #[serde(default)]
    roles: Vec<RoleId>,
    /// At most 30 days ahead; 7 days if absent.
    #[serde(default)]
    expires_at: Option<DateTime<Utc>>,
}

/// A new invitation, with its token: this once.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct CreatedInvitation {
    #[serde(flatten)]
    details: InvitationView,
    /// Whoever has it can become this user, once. It is not kept and cannot be shown again.
    token: String,
    /// True when it was handed to the mail server; false where there is none.
    mailed: bool,
    /// Why it was not, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    mail_error: Option<String>,
}

impl From<Invitation> for InvitationView {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.id,
            organization_id: invitation.organization_id,
            email: invitation.email,
            name: invitation.name,
            role: invitation.role,
            roles: invitation.roles,
            invited_by: invitation.invited_by,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
            revoked_at: invitation.revoked_at,
            accepted_at: invitation.accepted_at,
            accepted_by: invitation.accepted_by,
        }
    }
}

/// Lists the organization's open invitations.
#[utoipa::path(get, path = "/api/invitations", operation_id = "list_invitations", tag = "users",
    params(ListQuery), responses((status = 200, body = InvitationList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    may::ManageUsers(auth): may::ManageUsers,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<InvitationList>> {
    let invitations = invitations::list(&auth.org(&state), query.all).await?;
    Ok(Json(InvitationList { invitations: invitations.into_iter().map(Into::into).collect() }))
}

/// Invites somebody into the organization, by mail where an operator has set that up; the answer
/// holds the token, this once. An open
/// invitation of the same address is replaced. Nobody can give more than they have.
#[utoipa::path(post, path = "/api/invitations", operation_id = "create_invitation", tag = "users",
    request_body = CreateInvitation, responses((status = 201, body = CreatedInvitation), Writes))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    may::ManageUsers(auth): may::ManageUsers,
    Input(body): Input<CreateInvitation>,
) -> ApiResult<(StatusCode, Json<CreatedInvitation>)> {
    let role = body.role.unwrap_or(Role::OrgUser);
    people::may_give_roles(&state, &auth, role, &body.roles).await?;
    let new = NewInvitation {
        email: body.email,
        name: body.name,
        role,
        roles: body.roles,
        expires_at: body.expires_at.unwrap_or_else(|| bifrost_store::now() + DEFAULT_LIFE),
    };
    let org = auth.org(&state);
    let (invitation, token) = invitations::create(&org, new).await?;
    let mut mail_error = None;
    if state.notifier.has_mail() {
        let of = organizations::get(&org, invitation.organization_id).await?;
        // The invitation is good without it.
        let sent = state.notifier.invite(&invitation.email, &of.name, &token).await;
        mail_error = sent.err().map(|failure| failure.reason);
    }
    let mailed = state.notifier.has_mail() && mail_error.is_none();
    Ok((
        StatusCode::CREATED,
        Json(CreatedInvitation { details: invitation.into(), token, mailed, mail_error }),
    ))
}

/// Takes an open invitation back.
#[utoipa::path(delete, path = "/api/invitations/{id}", operation_id = "delete_invitation", tag = "users",
    params(("id" = InvitationId, Path)), responses((status = 204, description = "Taken back"), Reads))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    may::ManageUsers(auth): may::ManageUsers,
    Path(id): Path<InvitationId>,
) -> ApiResult<StatusCode> {
    invitations::revoke(&auth.org(&state), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
