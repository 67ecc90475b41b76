//! Who calls: taken from the token, never from a request.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::bulk_action::Action;
use super::error::{Error, Forbidden, Result};

/// One customer of the CRM. Every row belongs to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub Uuid);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Admin,
    Member,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub account: AccountId,
    pub user_id: String,
    pub role: Role,
    pub email: Option<String>,
    pub name: Option<String>,
    pub locale: Option<String>,
}

const MEMBER_PERMISSIONS: [&str; 7] = [
    "records.read",
    "records.write",
    "records.delete",
    "segments.manage",
    "imports.run",
    "bulk.add_tags",
    "bulk.remove_tags",
];
const ADMIN_PERMISSIONS: [&str; 11] = [
    "bulk.delete",
    "bulk.deactivate",
    "bulk.reactivate",
    "bulk.restore",
    "bulk.purge",
    "bulk.approve",
    "recycle_bin.read",
    "recycle_bin.restore",
    "recycle_bin.purge",
    "settings.manage",
    "audit_log.read",
];

impl Actor {
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }

    /// # Errors
    /// `Forbidden(AdminOnly)` for a member.
    pub fn require_admin(&self) -> Result<()> {
        if self.is_admin() { Ok(()) } else { Err(Error::Forbidden(Forbidden::AdminOnly)) }
    }

    /// # Errors
    /// `Forbidden(AdminOnly)` for a member, unless members may start such an action.
    pub fn require_may_start(&self, action: Action) -> Result<()> {
        if action.is_open_to_members() { Ok(()) } else { self.require_admin() }
    }

    /// Whether the caller may see a bulk action that `requested_by` started: an admin all, a member its own.
    pub fn may_see_action_of(&self, requested_by: &str) -> bool {
        self.is_admin() || self.user_id == requested_by
    }

    /// What a front end may offer this caller.
    pub fn permissions(&self) -> Vec<&'static str> {
        let admin = if self.is_admin() { &ADMIN_PERMISSIONS[..] } else { &[] };
        MEMBER_PERMISSIONS.iter().chain(admin).copied().collect()
    }
}
