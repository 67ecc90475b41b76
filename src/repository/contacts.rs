//! Contacts: rows, single writes, lists.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::column_types::{Json, Word};
use super::db::{Read, Tx};
use super::links;
use super::parties::{BinStamp, ListFilter, ListKey, Sort, contains_pattern, party_lists};
use super::schema::{contact_companies, contacts};
use super::segment_query::contact_filter;
use crate::domain::actor::AccountId;
use crate::domain::contact::{CompanyLink, Contact, Gender, full_name};
use crate::domain::error::{Error, Result};
use crate::domain::page::{Page, PageRequest};
use crate::domain::party::{Address, CustomFields, Email, Party, Profile, Status, Telephone};

/// A contact as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredContact {
    pub id: Uuid,
    pub contact: Contact,
    /// The live companies it is linked to, by id.
    pub companies: Vec<CompanyLink>,
    pub added_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i64,
    pub bin: Option<BinStamp>,
}

/// What is read of a contact: what is shown, and its key of the order by name.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = contacts, check_for_backend(diesel::pg::Pg))]
pub(super) struct ShownContact {
    pub id: Uuid,
    pub external_id: Option<String>,
    pub first_name: Option<String>,
    pub last_name: String,
    pub gender: Option<Word<Gender>>,
    pub birthdate: Option<NaiveDate>,
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

/// What is written of a contact: also the keys that it is found by. The other columns stand here again: an import writes rows by
/// COPY, for which diesel takes no embedded struct.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = contacts, treat_none_as_default_value = false, check_for_backend(diesel::pg::Pg))]
pub(super) struct ContactRow {
    pub account_id: Uuid,
    pub id: Uuid,
    pub external_id: Option<String>,
    pub first_name: Option<String>,
    pub last_name: String,
    pub gender: Option<Word<Gender>>,
    pub birthdate: Option<NaiveDate>,
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

/// The columns that a write of the contact's own fields sets.
#[derive(AsChangeset)]
#[diesel(table_name = contacts, treat_none_as_null = true)]
struct ContactChanges {
    external_id: Option<String>,
    first_name: Option<String>,
    last_name: String,
    gender: Option<Word<Gender>>,
    birthdate: Option<NaiveDate>,
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

impl ContactRow {
    pub(super) fn new(account: AccountId, id: Uuid, contact: Contact, now: DateTime<Utc>) -> Self {
        let keys = contact.search_keys();
        let Contact { first_name, last_name, gender, birthdate, party } = contact;
        Self {
            account_id: account.0,
            id,
            external_id: party.external_id,
            first_name,
            last_name,
            gender: gender.map(Word),
            birthdate,
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

    fn changes(self) -> ContactChanges {
        ContactChanges {
            external_id: self.external_id,
            first_name: self.first_name,
            last_name: self.last_name,
            gender: self.gender,
            birthdate: self.birthdate,
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

impl ShownContact {
    pub(super) fn into_stored(self, companies: Vec<CompanyLink>) -> StoredContact {
        StoredContact {
            id: self.id,
            bin: BinStamp::from_columns(self.deleted_at, self.deletion_id, self.purge_at),
            added_at: self.added_at,
            updated_at: self.updated_at,
            version: self.version,
            companies,
            contact: Contact {
                first_name: self.first_name,
                last_name: self.last_name,
                gender: self.gender.map(|gender| gender.0),
                birthdate: self.birthdate,
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

pub fn insert(tx: &mut Tx, contact: Contact) -> Result<StoredContact> {
    let (id, now) = (tx.new_id(), tx.now());
    let row = ContactRow::new(tx.account(), id, contact.clone(), now);
    diesel::insert_into(contacts::table).values(&row).execute(tx.conn)?;
    Ok(StoredContact {
        id,
        contact,
        companies: Vec::new(),
        added_at: now,
        updated_at: now,
        version: row.version,
        bin: None,
    })
}

/// The contact, live or in the bin but not past its `purge_at`.
pub fn find(read: &mut Read, id: Uuid) -> Result<Option<StoredContact>> {
    let row: Option<ShownContact> = contacts::table
        .filter(contacts::account_id.eq(read.account().0))
        .filter(contacts::id.eq(id))
        .filter(contacts::purge_at.is_null().or(contacts::purge_at.gt(read.now())))
        .select(ShownContact::as_select())
        .first(read.conn)
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    let companies = links::companies_of(read, &[row.id])?.remove(&row.id).unwrap_or_default();
    Ok(Some(row.into_stored(companies)))
}

/// As [`find`], and locks the row for a change of its fields.
pub fn find_for_update(tx: &mut Tx, id: Uuid) -> Result<Option<StoredContact>> {
    contacts::table
        .filter(contacts::account_id.eq(tx.account().0))
        .filter(contacts::id.eq(id))
        .select(contacts::id)
        .for_no_key_update()
        .execute(tx.conn)?;
    find(tx, id)
}

/// Writes the contact's own fields; the caller has locked the row and knows that it is live.
pub fn update(tx: &mut Tx, id: Uuid, contact: Contact) -> Result<StoredContact> {
    let changes = ContactRow::new(tx.account(), id, contact, tx.now()).changes();
    let row: ShownContact = diesel::update(contacts::table)
        .filter(contacts::account_id.eq(tx.account().0))
        .filter(contacts::id.eq(id))
        .filter(contacts::deleted_at.is_null())
        .set((changes, contacts::version.eq(contacts::version + 1)))
        .returning(ShownContact::as_returning())
        .get_result(tx.conn)
        .optional()?
        .ok_or(Error::NotFound)?;
    let companies = links::companies_of(tx, &[id])?.remove(&id).unwrap_or_default();
    Ok(row.into_stored(companies))
}

pub fn list(
    read: &mut Read,
    filter: &ListFilter,
    sort: Sort,
    page: &PageRequest<ListKey>,
) -> Result<Page<StoredContact>> {
    let Page { data, next_cursor, total } = list_rows(read, filter, sort, page)?;
    Ok(Page { data: with_companies(read, data)?, next_cursor, total })
}

/// At most `limit` records of a list after `after`, and where the ones that may follow start.
pub fn list_part(
    read: &mut Read,
    filter: &ListFilter,
    sort: Sort,
    after: Option<&ListKey>,
    limit: i64,
) -> Result<(Vec<StoredContact>, Option<ListKey>)> {
    let (rows, next) = part_rows(read, filter, sort, after, limit)?;
    Ok((with_companies(read, rows)?, next))
}

fn with_companies(read: &mut Read, rows: Vec<ShownContact>) -> Result<Vec<StoredContact>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut companies = links::companies_of(read, &ids)?;
    let stored = |row: ShownContact| {
        let links = companies.remove(&row.id).unwrap_or_default();
        row.into_stored(links)
    };
    Ok(rows.into_iter().map(stored).collect())
}

/// Names by id of those that are live or restorable.
pub fn names(read: &mut Read, ids: &[Uuid]) -> Result<Vec<(Uuid, String)>> {
    let rows: Vec<(Uuid, Option<String>, String)> = contacts::table
        .filter(contacts::account_id.eq(read.account().0))
        .filter(contacts::id.eq_any(ids))
        .filter(contacts::purge_at.is_null().or(contacts::purge_at.gt(read.now())))
        .select((contacts::id, contacts::first_name, contacts::last_name))
        .load(read.conn)?;
    Ok(rows.into_iter().map(|(id, first_name, last_name)| (id, full_name(first_name.as_deref(), &last_name))).collect())
}

party_lists!(contacts, ShownContact, contact_filter, in_company);

fn in_company<'a>(query: Boxed<'a>, account: AccountId, filter: &'a ListFilter) -> Boxed<'a> {
    let Some(company_id) = filter.company_id else { return query };
    let members = contact_companies::table
        .filter(contact_companies::account_id.eq(account.0))
        .filter(contact_companies::company_id.eq(company_id))
        .select(contact_companies::contact_id);
    query.filter(contacts::id.eq_any(members))
}
