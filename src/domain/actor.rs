//! Who calls: taken from the token, never from a request.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

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

const MEMBER_PERMISSIONS: [&str; 5] =
    ["records.read", "records.write", "records.delete", "segments.manage", "imports.run"];
const ADMIN_PERMISSIONS: [&str; 7] = [
    "bulk.delete",
    "bulk.restore",
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

    /// What a front end may offer this caller.
    pub fn permissions(&self) -> Vec<&'static str> {
        let admin = if self.is_admin() { &ADMIN_PERMISSIONS[..] } else { &[] };
        MEMBER_PERMISSIONS.iter().chain(admin).copied().collect()
    }
}
