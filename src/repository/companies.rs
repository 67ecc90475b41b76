//! Companies: rows, single writes, lists.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::column_types::{Json, Word};
use super::db::{Read, Tx};
use super::parties::{BinStamp, ListFilter, ListKey, Sort, contains_pattern, party_lists};
use super::schema::companies;
use super::segment_query::company_filter;
use crate::domain::actor::AccountId;
use crate::domain::company::Company;
use crate::domain::error::{Error, Result};
use crate::domain::page::{Page, PageRequest};
use crate::domain::party::{Address, CustomFields, Email, Party, Profile, Status, Telephone};

/// A company as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredCompany {
    pub id: Uuid,
    pub company: Company,
    pub added_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i64,
    pub bin: Option<BinStamp>,
}

/// What is read of a company: what is shown, and its key of the order by name.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = companies, check_for_backend(diesel::pg::Pg))]
pub(super) struct ShownCompany {
    pub id: Uuid,
    pub external_id: Option<String>,
    pub name: String,
    pub status: Word<Status>,
    pub emails: Json<Vec<Email>>,
    pub telephones: Json<Vec<Telephone>>,
    pub addresses: Json<Vec<Address>>,
    pub profile: Json<Profile>,
    pub tags: Vec<String>,
    pub custom_fields: Json<CustomFields>,
    pub marketing_mails_consent: Option<bool>,
    pub added_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i64,
    pub deleted_at: Option<DateTime<Utc>>,
    pub deletion_id: Option<Uuid>,
    pub purge_at: Option<DateTime<Utc>>,
    pub sort_name: String,
}

/// What is written of a company: also the keys that it is found by. The other columns stand here again: an import writes rows by
/// COPY, for which diesel takes no embedded struct.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = companies, treat_none_as_default_value = false, check_for_backend(diesel::pg::Pg))]
pub(super) struct CompanyRow {
    pub account_id: Uuid,
    pub id: Uuid,
    pub external_id: Option<String>,
    pub name: String,
    pub status: Word<Status>,
    pub emails: Json<Vec<Email>>,
    pub telephones: Json<Vec<Telephone>>,
    pub addresses: Json<Vec<Address>>,
    pub profile: Json<Profile>,
    pub tags: Vec<String>,
    pub custom_fields: Json<CustomFields>,
    pub marketing_mails_consent: Option<bool>,
    pub added_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i64,
    pub deleted_at: Option<DateTime<Utc>>,
    pub deletion_id: Option<Uuid>,
    pub purge_at: Option<DateTime<Utc>>,
    pub sort_name: String,
    pub search_text: String,
    pub email_keys: Vec<String>,
    pub tag_keys: Vec<String>,
    pub city_key: Option<String>,
    pub country: Option<String>,
    pub folded: serde_json::Value,
}

/// The columns that a write of the company's own fields sets.
#[derive(AsChangeset)]
#[diesel(table_name = companies, treat_none_as_null = true)]
struct CompanyChanges {
    external_id: Option<String>,
    name: String,
    status: Word<Status>,
    emails: Json<Vec<Email>>,
    telephones: Json<Vec<Telephone>>,
    addresses: Json<Vec<Address>>,
    profile: Json<Profile>,
    tags: Vec<String>,
    custom_fields: Json<CustomFields>,
    marketing_mails_consent: Option<bool>,
    updated_at: DateTime<Utc>,
    sort_name: String,
    search_text: String,
    email_keys: Vec<String>,
    tag_keys: Vec<String>,
    city_key: Option<String>,
    country: Option<String>,
    folded: serde_json::Value,
}

impl CompanyRow {
    pub(super) fn new(account: AccountId, id: Uuid, company: Company, now: DateTime<Utc>) -> Self {
        let keys = company.search_keys();
        let Company { name, party } = company;
        Self {
            account_id: account.0,
            id,
            external_id: party.external_id,
            name,
            status: Word(party.status),
            emails: Json(party.emails),
            telephones: Json(party.telephones),
            addresses: Json(party.addresses),
            profile: Json(party.profile),
            tags: party.tags,
            custom_fields: Json(party.custom_fields),
            marketing_mails_consent: party.marketing_mails_consent,
            added_at: now,
            updated_at: now,
            version: 1,
            deleted_at: None,
            deletion_id: None,
            purge_at: None,
            sort_name: keys.sort_name,
            search_text: keys.search_text,
            email_keys: keys.email_keys,
            tag_keys: keys.tag_keys,
            city_key: keys.city_key,
            country: keys.country,
            folded: keys.folded,
        }
    }

    fn changes(self) -> CompanyChanges {
        CompanyChanges {
            external_id: self.external_id,
            name: self.name,
            status: self.status,
            emails: self.emails,
            telephones: self.telephones,
            addresses: self.addresses,
            profile: self.profile,
            tags: self.tags,
            custom_fields: self.custom_fields,
            marketing_mails_consent: self.marketing_mails_consent,
            updated_at: self.updated_at,
            sort_name: self.sort_name,
            search_text: self.search_text,
            email_keys: self.email_keys,
            tag_keys: self.tag_keys,
            city_key: self.city_key,
            country: self.country,
            folded: self.folded,
        }
    }
}

impl ShownCompany {
    pub(super) fn into_stored(self) -> StoredCompany {
        StoredCompany {
            id: self.id,
            bin: BinStamp::from_columns(self.deleted_at, self.deletion_id, self.purge_at),
            added_at: self.added_at,
            updated_at: self.updated_at,
            version: self.version,
            company: Company {
                name: self.name,
                party: Party {
                    external_id: self.external_id,
                    status: self.status.0,
                    emails: self.emails.0,
                    telephones: self.telephones.0,
                    addresses: self.addresses.0,
                    profile: self.profile.0,
                    tags: self.tags,
                    custom_fields: self.custom_fields.0,
                    marketing_mails_consent: self.marketing_mails_consent,
                },
            },
        }
    }
}

pub fn insert(tx: &mut Tx, company: Company) -> Result<StoredCompany> {
    let (id, now) = (tx.new_id(), tx.now());
    let row = CompanyRow::new(tx.account(), id, company.clone(), now);
    diesel::insert_into(companies::table).values(&row).execute(tx.conn)?;
    Ok(StoredCompany { id, company, added_at: now, updated_at: now, version: row.version, bin: None })
}

/// The company, live or in the bin but not past its `purge_at`.
pub fn find(read: &mut Read, id: Uuid) -> Result<Option<StoredCompany>> {
    let row: Option<ShownCompany> = companies::table
        .filter(companies::account_id.eq(read.account().0))
        .filter(companies::id.eq(id))
        .filter(companies::purge_at.is_null().or(companies::purge_at.gt(read.now())))
        .select(ShownCompany::as_select())
        .first(read.conn)
        .optional()?;
    Ok(row.map(ShownCompany::into_stored))
}

/// As [`find`], and locks the row for a change of its fields.
pub fn find_for_update(tx: &mut Tx, id: Uuid) -> Result<Option<StoredCompany>> {
    companies::table
        .filter(companies::account_id.eq(tx.account().0))
        .filter(companies::id.eq(id))
        .select(companies::id)
        .for_no_key_update()
        .execute(tx.conn)?;
    find(tx, id)
}

/// Writes the company's own fields; the caller has locked the row and knows that it is live.
pub fn update(tx: &mut Tx, id: Uuid, company: Company) -> Result<StoredCompany> {
    let changes = CompanyRow::new(tx.account(), id, company, tx.now()).changes();
    let row: ShownCompany = diesel::update(companies::table)
        .filter(companies::account_id.eq(tx.account().0))
        .filter(companies::id.eq(id))
        .filter(companies::deleted_at.is_null())
        .set((changes, companies::version.eq(companies::version + 1)))
        .returning(ShownCompany::as_returning())
        .get_result(tx.conn)
        .optional()?
        .ok_or(Error::NotFound)?;
    Ok(row.into_stored())
}

pub fn list(
    read: &mut Read,
    filter: &ListFilter,
    sort: Sort,
    page: &PageRequest<ListKey>,
) -> Result<Page<StoredCompany>> {
    let Page { data, next_cursor, total } = list_rows(read, filter, sort, page)?;
    Ok(Page { data: data.into_iter().map(ShownCompany::into_stored).collect(), next_cursor, total })
}

/// At most `limit` records of a list after `after`, and where the ones that may follow start.
pub fn list_part(
    read: &mut Read,
    filter: &ListFilter,
    sort: Sort,
    after: Option<&ListKey>,
    limit: i64,
) -> Result<(Vec<StoredCompany>, Option<ListKey>)> {
    let (rows, next) = part_rows(read, filter, sort, after, limit)?;
    Ok((rows.into_iter().map(ShownCompany::into_stored).collect(), next))
}

/// Names by id of those that are live or restorable.
pub fn names(read: &mut Read, ids: &[Uuid]) -> Result<Vec<(Uuid, String)>> {
    Ok(companies::table
        .filter(companies::account_id.eq(read.account().0))
        .filter(companies::id.eq_any(ids))
        .filter(companies::purge_at.is_null().or(companies::purge_at.gt(read.now())))
        .select((companies::id, companies::name))
        .load(read.conn)?)
}

party_lists!(companies, ShownCompany, company_filter, by_vat_number);

fn by_vat_number<'a>(query: Boxed<'a>, _: AccountId, filter: &'a ListFilter) -> Boxed<'a> {
    let Some(vat_number) = &filter.vat_number else { return query };
    query.filter(companies::folded.contains(serde_json::json!({ "vat_number": vat_number })))
}
