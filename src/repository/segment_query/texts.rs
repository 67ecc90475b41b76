//! Tests of texts. They are stored folded, and the values of rules are folded too, so bytes are compared.

use diesel::expression::{ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Bool, Nullable, Text};

use super::Answer;
use super::columns::{Column, RuleTable};
use crate::domain::fold::fold_key;
use crate::domain::segment::condition::{Fragment, TextTest};
use crate::domain::segment::field::TextField;
use crate::repository::parties::like_literal;

pub(super) fn ask<T: RuleTable>(field: TextField, test: &TextTest) -> Answer<T> {
    match (field, test) {
        (TextField::Email, TextTest::OneOf(texts)) => Box::new(T::email_keys().overlaps_with(texts.clone()).nullable()),
        (TextField::Email, TextTest::Has(fragment)) => {
            Box::new(AnyEntry { function: "unnest", list: T::email_keys(), pattern: pattern(fragment) })
        }
        (TextField::Telephone, TextTest::OneOf(texts)) => {
            Box::new(T::folded().retrieve_as_object("telephone").has_any_key(texts.clone()).nullable())
        }
        (TextField::Telephone, TextTest::Has(fragment)) => Box::new(AnyEntry {
            function: "jsonb_array_elements_text",
            list: T::folded().retrieve_as_object("telephone"),
            pattern: pattern(fragment),
        }),
        (TextField::City, TextTest::OneOf(texts)) => {
            let keys: Vec<_> = texts.iter().map(|text| fold_key(text)).collect();
            Box::new(T::city_key().eq_any(keys).and(one::<T>(field).eq_any(texts.clone())))
        }
        (_, TextTest::OneOf(texts)) => Box::new(one::<T>(field).eq_any(texts.clone())),
        (_, TextTest::Has(fragment)) => Box::new(one::<T>(field).like(pattern(fragment))),
    }
}

pub(super) fn filled<T: RuleTable>(field: TextField) -> Answer<T> {
    match field {
        TextField::Email => Box::new(T::email_keys().ne(Vec::<String>::new()).nullable()),
        _ => Box::new(T::folded().has_key(key(field)).nullable()),
    }
}

fn one<T: RuleTable>(field: TextField) -> Column<T, Nullable<Text>> {
    Box::new(T::folded().retrieve_as_text(key(field)).nullable())
}

/// The name under which `folded` holds the text.
fn key(field: TextField) -> &'static str {
    match field {
        TextField::FirstName => "first_name",
        TextField::LastName => "last_name",
        TextField::Name => "name",
        TextField::Salutation => "salutation",
        TextField::Email => "email",
        TextField::Telephone => "telephone",
        TextField::Website => "website",
        TextField::VatNumber => "vat_number",
        TextField::Iban => "iban",
        TextField::Bic => "bic",
        TextField::Remarks => "remarks",
        TextField::Line1 => "line_1",
        TextField::PostalCode => "postal_code",
        TextField::City => "city",
    }
}

pub(super) fn pattern(fragment: &Fragment) -> String {
    match fragment {
        Fragment::Anywhere(text) => format!("%{}%", like_literal(text)),
        Fragment::AtStart(text) => format!("{}%", like_literal(text)),
        Fragment::AtEnd(text) => format!("%{}", like_literal(text)),
    }
}

/// One entry of a list is like the pattern.
#[derive(Debug, Clone)]
struct AnyEntry<L> {
    /// The set-returning function that yields the list's entries.
    function: &'static str,
    list: L,
    pattern: String,
}

impl<L: Expression> Expression for AnyEntry<L> {
    type SqlType = Nullable<Bool>;
}

impl<L: AppearsOnTable<T>, T> AppearsOnTable<T> for AnyEntry<L> {}

impl<L: SelectableExpression<T>, T> SelectableExpression<T> for AnyEntry<L> {}

impl<L, G> ValidGrouping<G> for AnyEntry<L> {
    type IsAggregate = is_aggregate::No;
}

impl<L> QueryId for AnyEntry<L> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<L: QueryFragment<Pg>> QueryFragment<Pg> for AnyEntry<L> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("EXISTS (SELECT FROM ");
        out.push_sql(self.function);
        out.push_sql("(");
        self.list.walk_ast(out.reborrow())?;
        out.push_sql(") AS entry WHERE entry LIKE ");
        out.push_bind_param::<Text, _>(&self.pattern)?;
        out.push_sql(")");
        Ok(())
    }
}
