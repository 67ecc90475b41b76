//! The rule tree as a diesel expression.
//!
//! Every value is a bind, every text is compared folded. A positive test is written so that an index can serve it; a
//! negation is exact: what is null under it counts as "no" (`NOT coalesce(test, false)`).

mod columns;
mod custom_fields;
mod links;
mod texts;

use std::ops::Bound;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::expression::{ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Bool, Nullable};

use self::columns::RuleTable;
use super::schema::{companies, contacts};
use crate::domain::actor::AccountId;
use crate::domain::segment::Condition;
use crate::domain::segment::condition::{TagTest, Test, When};
use crate::domain::segment::field::{ChoiceField, Field, TextField, TimeField};

pub use links::{Blocked, blocked_companies, blocked_contacts};

pub type Filter<T> = Box<dyn BoxableExpression<T, Pg, SqlType = Bool>>;
/// Yes, no, or null for a field that holds nothing.
type Answer<T> = Box<dyn BoxableExpression<T, Pg, SqlType = Nullable<Bool>>>;

/// The contacts that the tree selects. The caller adds the account and what is live; `account` and `now` (the
/// transaction's time) are for rules about linked records and relative dates.
pub fn contact_filter(tree: &Condition, account: AccountId, now: DateTime<Utc>) -> Filter<contacts::table> {
    filter(tree, account, now)
}

/// As [`contact_filter`], for companies.
pub fn company_filter(tree: &Condition, account: AccountId, now: DateTime<Utc>) -> Filter<companies::table> {
    filter(tree, account, now)
}

fn filter<T: RuleTable>(tree: &Condition, account: AccountId, now: DateTime<Utc>) -> Filter<T> {
    let scope = Scope { account, today: now.date_naive() };
    Box::new(PlannedAnew(answer(tree, scope)).assume_not_null())
}

/// Whose records, and which day it is (UTC).
#[derive(Clone, Copy)]
struct Scope {
    account: AccountId,
    today: NaiveDate,
}

fn answer<T: RuleTable>(tree: &Condition, scope: Scope) -> Answer<T> {
    match tree {
        Condition::All(members) => all(members.iter().map(|member| answer(member, scope)).collect()),
        Condition::Any(members) => any(members.iter().map(|member| answer(member, scope)).collect()),
        Condition::Not(member) if let Some(empty) = empty(member, scope) => empty,
        Condition::Not(member) if asks_for_existence(member) => {
            Box::new(diesel::dsl::not(answer::<T>(member, scope).assume_not_null()).nullable())
        }
        Condition::Not(member) => not(answer(member, scope)),
        Condition::Test(test) => ask(test, scope),
    }
}

fn ask<T: RuleTable>(test: &Test, scope: Scope) -> Answer<T> {
    match test {
        Test::Filled(field) => filled(field, scope),
        Test::Text(field, test) => texts::ask(*field, test),
        Test::CompanyText(field, test) => T::has_company(scope.account, texts::ask(*field, test)),
        Test::Choice(field, choices) => Box::new(choice::<T>(*field).eq_any(choices.clone())),
        Test::Birthdate(when) => within!(T::birthdate(), when.range(scope.today)),
        Test::Time(TimeField::AddedAt, when) => within!(T::added_at(), instants(*when, scope)),
        Test::Time(TimeField::UpdatedAt, when) => within!(T::updated_at(), instants(*when, scope)),
        Test::PaymentTermDays(range) => custom_fields::number(payment_term_days, *range),
        Test::MarketingMailsConsent(yes) => Box::new(T::marketing_mails_consent().eq(*yes)),
        Test::Tags(TagTest::HasAny(tags)) => Box::new(T::tag_keys().overlaps_with(tags.clone()).nullable()),
        Test::Tags(TagTest::HasAll(tags)) => Box::new(T::tag_keys().contains(tags.clone()).nullable()),
        Test::Custom(key, test) => custom_fields::ask(key, test, scope.today),
        Test::Links(field, test) => links::count(*field, *test, scope.account),
    }
}

fn filled<T: RuleTable>(field: &Field, scope: Scope) -> Answer<T> {
    match field {
        Field::Text(field) => texts::filled(*field),
        Field::CompanyText(field) => T::has_company(scope.account, texts::filled(*field)),
        Field::Choice(field) => Box::new(choice::<T>(*field).is_not_null().nullable()),
        Field::Birthdate => Box::new(T::birthdate().is_not_null().nullable()),
        // Every record has them.
        Field::Time(_) => all(Vec::new()),
        Field::PaymentTermDays => custom_fields::number(payment_term_days, (Bound::Unbounded, Bound::Unbounded)),
        Field::MarketingMailsConsent => Box::new(T::marketing_mails_consent().is_not_null().nullable()),
        Field::Tags => Box::new(T::tag_keys().ne(Vec::<String>::new()).nullable()),
        Field::Custom(key) => custom_fields::filled(key),
        Field::Links(field) => links::exist(*field, scope.account),
    }
}

/// The negation of [`filled`] for fields that hold lists: what is never null needs no care, and an index can serve it.
fn empty<T: RuleTable>(tree: &Condition, scope: Scope) -> Option<Answer<T>> {
    let Condition::Test(Test::Filled(field)) = tree else { return None };
    match field {
        Field::Text(TextField::Email) => Some(Box::new(T::email_keys().eq(Vec::<String>::new()).nullable())),
        Field::Tags => Some(Box::new(T::tag_keys().eq(Vec::<String>::new()).nullable())),
        Field::Links(field) => Some(links::none_exist(*field, scope.account)),
        _ => None,
    }
}

fn choice<T: RuleTable>(field: ChoiceField) -> columns::Column<T, Nullable<diesel::sql_types::Text>> {
    match field {
        ChoiceField::Status => T::status(),
        ChoiceField::Gender => T::gender(),
        ChoiceField::Country => T::country(),
        ChoiceField::Language => Box::new(T::profile().retrieve_as_text("language").nullable()),
        ChoiceField::PreferredCurrency => Box::new(T::profile().retrieve_as_text("preferred_currency").nullable()),
        ChoiceField::PaymentTermType => {
            Box::new(T::profile().retrieve_as_object("payment_term").retrieve_as_text("type").nullable())
        }
    }
}

fn payment_term_days<T: RuleTable>() -> columns::Column<T, Nullable<diesel::sql_types::Jsonb>> {
    Box::new(T::profile().retrieve_as_object("payment_term").retrieve_as_object("days").nullable())
}

fn instants(when: When<DateTime<Utc>>, scope: Scope) -> (Bound<DateTime<Utc>>, Bound<DateTime<Utc>>) {
    when.range(scope.today)
}

/// Such a test is never null, and a bare `NOT EXISTS` can be planned as an anti-join.
fn asks_for_existence(tree: &Condition) -> bool {
    use Condition::Test as One;
    matches!(tree, One(Test::CompanyText(..) | Test::Filled(Field::CompanyText(_))))
}

fn all<T: RuleTable>(answers: Vec<Answer<T>>) -> Answer<T> {
    answers
        .into_iter()
        .reduce(|left, right| Box::new(left.and(right)))
        .unwrap_or_else(|| Box::new(true.into_sql::<Nullable<Bool>>()))
}

fn any<T: RuleTable>(answers: Vec<Answer<T>>) -> Answer<T> {
    answers
        .into_iter()
        .reduce(|left, right| Box::new(left.or(right)))
        .unwrap_or_else(|| Box::new(false.into_sql::<Nullable<Bool>>()))
}

fn not<T: RuleTable>(answer: Answer<T>) -> Answer<T> {
    Box::new(diesel::dsl::not(coalesce(answer, false)).nullable())
}

#[diesel::declare_sql_function]
extern "SQL" {
    fn coalesce(answer: Nullable<Bool>, otherwise: Bool) -> Bool;
}

/// The values of a column that lie in a range.
macro_rules! within {
    ($column:expr, $range:expr) => {{
        let (from, to) = $range;
        let from: Option<Answer<T>> = match from {
            Bound::Included(value) => Some(Box::new($column.ge(value))),
            Bound::Excluded(value) => Some(Box::new($column.gt(value))),
            Bound::Unbounded => None,
        };
        let to: Option<Answer<T>> = match to {
            Bound::Included(value) => Some(Box::new($column.le(value))),
            Bound::Excluded(value) => Some(Box::new($column.lt(value))),
            Bound::Unbounded => None,
        };
        all(from.into_iter().chain(to).collect())
    }};
}
use within;

/// Keeps a statement out of the cache of prepared ones: every rule tree has its own SQL, and the plan should know
/// the values.
#[derive(Debug, Clone, Copy)]
struct PlannedAnew<E>(E);

impl<E: Expression> Expression for PlannedAnew<E> {
    type SqlType = E::SqlType;
}

impl<E: AppearsOnTable<T>, T> AppearsOnTable<T> for PlannedAnew<E> {}

impl<E: SelectableExpression<T>, T> SelectableExpression<T> for PlannedAnew<E> {}

impl<E, G> ValidGrouping<G> for PlannedAnew<E> {
    type IsAggregate = is_aggregate::No;
}

impl<E> QueryId for PlannedAnew<E> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<E: QueryFragment<Pg>> QueryFragment<Pg> for PlannedAnew<E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql("(");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}
