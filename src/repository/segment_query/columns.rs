//! What the tables of contacts and companies offer to rules.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Date, Jsonb, Nullable, Text, Timestamptz};

use super::Answer;
use crate::domain::actor::AccountId;
use crate::domain::entity::RecordKind;
use crate::repository::schema::{companies, contact_companies, contacts};

pub(super) type Column<T, S> = Box<dyn BoxableExpression<T, Pg, SqlType = S>>;

/// A table that rules can select from. A column that it does not have is null.
pub(super) trait RuleTable: Table + 'static {
    const KIND: RecordKind;
    const NAME: &'static str;

    fn status() -> Column<Self, Nullable<Text>>;
    fn gender() -> Column<Self, Nullable<Text>>;
    fn birthdate() -> Column<Self, Nullable<Date>>;
    fn country() -> Column<Self, Nullable<Text>>;
    fn city_key() -> Column<Self, Nullable<Text>>;
    fn added_at() -> Column<Self, Nullable<Timestamptz>>;
    fn updated_at() -> Column<Self, Nullable<Timestamptz>>;
    fn marketing_mails_consent() -> Column<Self, Nullable<Bool>>;
    fn email_keys() -> Column<Self, Array<Text>>;
    fn tag_keys() -> Column<Self, Array<Text>>;
    fn profile() -> Column<Self, Jsonb>;
    fn custom_fields() -> Column<Self, Jsonb>;
    fn folded() -> Column<Self, Jsonb>;

    /// It is linked to a live company of which the answer is yes.
    fn has_company(account: AccountId, answer: Answer<companies::table>) -> Answer<Self>;
}

macro_rules! shared_columns {
    ($table:ident) => {
        const NAME: &'static str = stringify!($table);

        fn status() -> Column<Self, Nullable<Text>> {
            Box::new($table::status.nullable())
        }

        fn country() -> Column<Self, Nullable<Text>> {
            Box::new($table::country)
        }

        fn city_key() -> Column<Self, Nullable<Text>> {
            Box::new($table::city_key)
        }

        fn added_at() -> Column<Self, Nullable<Timestamptz>> {
            Box::new($table::added_at.nullable())
        }

        fn updated_at() -> Column<Self, Nullable<Timestamptz>> {
            Box::new($table::updated_at.nullable())
        }

        fn marketing_mails_consent() -> Column<Self, Nullable<Bool>> {
            Box::new($table::marketing_mails_consent)
        }

        fn email_keys() -> Column<Self, Array<Text>> {
            Box::new($table::email_keys)
        }

        fn tag_keys() -> Column<Self, Array<Text>> {
            Box::new($table::tag_keys)
        }

        fn profile() -> Column<Self, Jsonb> {
            Box::new($table::profile)
        }

        fn custom_fields() -> Column<Self, Jsonb> {
            Box::new($table::custom_fields)
        }

        fn folded() -> Column<Self, Jsonb> {
            Box::new($table::folded)
        }
    };
}

impl RuleTable for contacts::table {
    const KIND: RecordKind = RecordKind::Contact;

    shared_columns!(contacts);

    fn gender() -> Column<Self, Nullable<Text>> {
        Box::new(contacts::gender)
    }

    fn birthdate() -> Column<Self, Nullable<Date>> {
        Box::new(contacts::birthdate)
    }

    fn has_company(account: AccountId, answer: Answer<companies::table>) -> Answer<Self> {
        let matching = companies::table
            .filter(companies::account_id.eq(account.0))
            .filter(companies::deleted_at.is_null())
            .filter(answer)
            .select(companies::id)
            .into_boxed::<Pg>();
        let links = contact_companies::table
            .filter(contact_companies::account_id.eq(account.0))
            .filter(contact_companies::contact_id.eq(contacts::id))
            .filter(contact_companies::company_id.eq_any(matching));
        Box::new(diesel::dsl::exists(links).nullable())
    }
}

impl RuleTable for companies::table {
    const KIND: RecordKind = RecordKind::Company;

    shared_columns!(companies);

    fn gender() -> Column<Self, Nullable<Text>> {
        Box::new(None::<String>.into_sql::<Nullable<Text>>())
    }

    fn birthdate() -> Column<Self, Nullable<Date>> {
        Box::new(None::<chrono::NaiveDate>.into_sql::<Nullable<Date>>())
    }

    /// Companies are not linked to companies: the catalogue offers them no such field.
    fn has_company(_: AccountId, _: Answer<companies::table>) -> Answer<Self> {
        Box::new(false.into_sql::<Nullable<Bool>>())
    }
}
