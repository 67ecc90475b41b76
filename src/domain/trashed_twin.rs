//! A new record's trashed twin: a record of its kind that lies in the recycle bin and shares a key with it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::fold::fold;
use super::party::Party;

/// By which key a twin was found; the first that fits counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchedOn {
    ExternalId,
    VatNumber,
    Email,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrashedTwin {
    pub id: Uuid,
    pub matched_on: MatchedOn,
}

/// What tells that two records are about the same person or firm, as it is compared: VAT number and e-mail addresses
/// folded, the external id as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdentityKeys(pub Vec<(MatchedOn, String)>);

impl IdentityKeys {
    pub fn of(party: &Party) -> Self {
        let external_id = party.external_id.iter().map(|id| (MatchedOn::ExternalId, id.clone()));
        let vat_number = party.profile.vat_number.iter().map(|number| (MatchedOn::VatNumber, fold(number)));
        let emails = party.emails.iter().map(|email| (MatchedOn::Email, fold(&email.email)));
        let mut keys: Vec<_> = external_id.chain(vat_number).chain(emails).filter(|(_, key)| !key.is_empty()).collect();
        keys.sort_unstable();
        keys.dedup();
        Self(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::party::{Email, EmailType, Profile};

    #[test]
    fn keys_are_folded_and_come_once() {
        let email = |text: &str| Email { kind: EmailType::Primary, email: text.to_owned() };
        let party = Party {
            external_id: Some("CT-É".to_owned()),
            emails: vec![email("Zoé@x.example"), email("ann@x.example"), email("zoe@X.example")],
            profile: Profile { vat_number: Some("be 0123".to_owned()), ..Profile::default() },
            ..Party::default()
        };
        let keys = [
            (MatchedOn::ExternalId, "CT-É"),
            (MatchedOn::VatNumber, "be 0123"),
            (MatchedOn::Email, "ann@x.example"),
            (MatchedOn::Email, "zoe@x.example"),
        ];
        assert_eq!(IdentityKeys::of(&party).0, keys.map(|(on, key)| (on, key.to_owned())));
        assert_eq!(IdentityKeys::of(&Party::default()).0, []);
    }
}
