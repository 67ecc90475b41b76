//! Digests of what leaves the recycle bin soon.

use chrono::NaiveDate;

use super::{Words, admin};
use crate::domain::error::Result;
use crate::mail::digest::{BinDigest, Leaving, NAMED_DELETIONS};
use crate::mail::locale::Language;
use crate::repository::db::Read;
use crate::repository::{digests, settings};

/// Tells an admin; moot when digests were turned off meanwhile, or nothing leaves any more.
pub(super) fn compose(read: &mut Read, day: NaiveDate, user_id: &str, public_url: String) -> Result<Words> {
    let period = settings::get(read)?.settings.digest.period_from(day);
    let (Some(period), Some(recipient)) = (period, admin(read, user_id)?) else { return Ok(Words::Moot) };
    let totals = digests::totals(read, period.until)?;
    if totals.records.is_empty() {
        return Ok(Words::Moot);
    }
    let named = i64::try_from(NAMED_DELETIONS).unwrap_or(i64::MAX);
    let leaving = |of: digests::LeavingDeletion| Leaving {
        deletion_id: of.deletion_id,
        kind: of.kind,
        records: of.records.unsigned_abs(),
        deleted_by: of.deleted_by_name.unwrap_or(of.deleted_by),
        deleted_at: of.deleted_at,
        reason: of.reason,
        leaves_from: of.first_leaves_at,
    };
    let mail = BinDigest {
        language: Language::from_locale(recipient.locale.as_deref()),
        recipient_name: recipient.name.clone(),
        records: totals.records.into_iter().map(|(kind, records)| (kind, records.unsigned_abs())).collect(),
        until: period.until,
        largest: digests::largest(read, period.until, named)?.into_iter().map(leaving).collect(),
        deletions: totals.deletions.unsigned_abs(),
        public_url,
    };
    let content = mail.render();
    Ok(Words::Letter(recipient, content))
}
