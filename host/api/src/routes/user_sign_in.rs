//! How others sign in: what an administrator can do for somebody who cannot, and against
//! somebody who should not.

use crate::auth::{Auth, may};
use crate::extract::{Input, Path};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{Error, UserId};
use bifrost_store::sign_in::passwords::{self, LINK_LIFETIME};
use bifrost_store::sign_in::sessions;
use bifrost_store::{identity, users};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// What a link does beside setting a password.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateLink {
    /// Takes the second factor, its recovery codes and the passkeys away when the link is used; for
    /// who has lost them.
    #[serde(default)]
    reset_second_factor: bool,
}

/// A link, shown this once. Whoever has it can sign in as the person.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct CreatedLink {
    /// To be given to the person, by a way that you trust.
    url: String,
    /// What `POST /api/sign-in/link` takes.
    token: String,
    expires_at: DateTime<Utc>,
}

/// Refuses to act on somebody who may more than the caller: the link would be theirs.
async fn check_above(state: &ApiState, auth: &Auth, user: UserId) -> Result<(), Error> {
    users::get(&auth.org(state), user).await?;
    let Some(other) = identity::caller(&state.db, user).await? else { return Ok(()) };
    if auth.caller.permissions.covers(other.permissions) {
        return Ok(());
    }
    Err(Error::Denied("this person may do more than you; ask somebody who may as much".into()))
}

/// Makes a one-time link by which a person sets a new password; earlier links are void.
#[utoipa::path(post, path = "/api/users/{id}/password-link", operation_id = "create_password_link", tag = "users",
    params(("id" = UserId, Path)), request_body = CreateLink,
    responses((status = 201, body = CreatedLink), Writes))]
pub(crate) async fn link(
    State(state): State<ApiState>,
    may::ManageUsers(auth): may::ManageUsers,
    Path(id): Path<UserId>,
    Input(body): Input<CreateLink>,
) -> ApiResult<(StatusCode, Json<CreatedLink>)> {
    check_above(&state, &auth, id).await?;
    let token = passwords::make_link(&auth.org(&state), id, body.reset_second_factor).await?;
    // Behind `#`, so that no server and no log ever sees it.
    let url = format!("{}#link={token}", state.sign_in.page("sign-in"));
    Ok((StatusCode::CREATED, Json(CreatedLink { url, token, expires_at: Utc::now() + LINK_LIFETIME })))
}

/// Ends all sessions of a person, within five seconds everywhere.
#[utoipa::path(delete, path = "/api/users/{id}/sessions", operation_id = "end_user_sessions", tag = "users",
    params(("id" = UserId, Path)), responses((status = 204, description = "Ended"), Reads))]
pub(crate) async fn end_sessions(
    State(state): State<ApiState>,
    may::ManageUsers(auth): may::ManageUsers,
    Path(id): Path<UserId>,
) -> ApiResult<StatusCode> {
    check_above(&state, &auth, id).await?;
    let ended = sessions::end_all(&auth.org(&state), id, None).await?;
    state.sign_in.forget_sessions(&ended).await;
    Ok(StatusCode::NO_CONTENT)
}
