//! A new record beside the twin of it that lies in the recycle bin.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::idempotency::Answer;
use super::resources::created;
use crate::domain::actor::Role;
use crate::domain::entity::RecordKind;
use crate::domain::error::Result;
use crate::domain::party::Party;
use crate::domain::trashed_twin::{IdentityKeys, MatchedOn, TrashedTwin};
use crate::repository::db::Tx;
use crate::repository::trashed_twins;

/// A deleted record that has the same external id, VAT number or e-mail address, and can still be taken back. If several
/// have, an external id goes before a VAT number before an e-mail address, and then the one that was deleted last.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"type": "contact", "id": "01936b2e-5b7a-7c1e-9d2f-0a4b6c8d0e1f", "matched_on": "email",
    "restore": "/recycle-bin/01936b2e-5b7a-7c1e-9d2f-0a4b6c8d0e1f/restore"}))]
pub struct TrashedTwinView {
    #[serde(rename = "type")]
    pub kind: RecordKind,
    pub id: Uuid,
    pub matched_on: MatchedOn,
    /// POST here to take it back.
    pub restore: String,
}

/// A new record as its own address shows it, and its twin in the recycle bin.
#[derive(Debug, Serialize, ToSchema)]
pub struct Created<T> {
    #[serde(flatten)]
    pub record: T,
    /// Left out when there is none, and for members: what lies in the bin is for admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trashed_twin: Option<TrashedTwinView>,
}

/// Finds the twin of the record that `party` has just made; none for a member.
pub fn twin_for(tx: &mut Tx, role: Role, kind: RecordKind, party: &Party) -> Result<Option<TrashedTwinView>> {
    if role != Role::Admin {
        return Ok(None);
    }
    let twin = trashed_twins::of(tx, kind, IdentityKeys::of(party))?;
    Ok(twin.map(|TrashedTwin { id, matched_on }| TrashedTwinView {
        kind,
        id,
        matched_on,
        restore: format!("/recycle-bin/{id}/restore"),
    }))
}

/// The answer to the POST that made the record; it is forgotten when the record or its twin is purged.
pub fn created_beside<T: Serialize>(
    trashed_twin: Option<TrashedTwinView>,
    record: T,
    collection: &str,
    id: Uuid,
    version: i64,
) -> Result<Answer> {
    let names = std::iter::once(id).chain(trashed_twin.as_ref().map(|twin| twin.id)).collect();
    created(&Created { record, trashed_twin }, collection, id, version, names)
}
