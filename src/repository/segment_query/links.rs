//! Tests of what is linked to a record, made from the link catalogue.

use std::marker::PhantomData;

use diesel::expression::{ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Bigint, Bool, Nullable, Uuid as SqlUuid};
use uuid::Uuid;

use super::columns::RuleTable;
use super::{Answer, Filter, all, any, not};
use crate::domain::actor::AccountId;
use crate::domain::entity::RecordKind;
use crate::domain::link_catalogue::{Link, LinkedKind, links_to};
use crate::domain::segment::condition::CountTest;
use crate::domain::segment::field::LinkField;
use crate::repository::schema::{companies, contacts};

/// How blocked records are found: the same records either way, at another price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocked {
    /// By a look into each link's index for every record: best for few records.
    RecordByRecord,
    /// By one set of all blocked ids of the account, as long as it fits into the working memory: best for many records.
    FromOneSet,
}

/// The contacts that a live linked record forbids deleting.
pub fn blocked_contacts(account: AccountId, how: Blocked) -> Filter<contacts::table> {
    blocked(account, how)
}

/// The companies that a live linked record forbids deleting.
pub fn blocked_companies(account: AccountId, how: Blocked) -> Filter<companies::table> {
    blocked(account, how)
}

fn blocked<T: RuleTable>(account: AccountId, how: Blocked) -> Filter<T> {
    let links: Vec<_> = links_to(T::KIND).filter(|link| link.blocks).collect();
    match how {
        Blocked::RecordByRecord => {
            let looks = links.iter().map(|link| Linked::<T>::boxed(vec![link], account, Question::LookedUp));
            Box::new(any(looks.collect()).assume_not_null())
        }
        Blocked::FromOneSet => Box::new(Linked::<T>::new(links, account, Question::AmongLinked).assume_not_null()),
    }
}

/// At least one live record is linked.
pub(super) fn exist<T: RuleTable>(field: LinkField, account: AccountId) -> Answer<T> {
    any_exists(&links_of::<T>(field), account)
}

/// No live record is linked: a question for each link, so that each can be planned as an anti-join.
pub(super) fn none_exist<T: RuleTable>(field: LinkField, account: AccountId) -> Answer<T> {
    let none = |link| {
        let linked = Linked::<T>::new(vec![link], account, Question::Exists);
        Box::new(diesel::dsl::not(linked.assume_not_null()).nullable()) as Answer<T>
    };
    all(links_of::<T>(field).into_iter().map(none).collect())
}

pub(super) fn count<T: RuleTable>(field: LinkField, test: CountTest, account: AccountId) -> Answer<T> {
    let links = links_of::<T>(field);
    let compare = |question| Box::new(Linked::<T>::new(links.clone(), account, question)) as Answer<T>;
    // Counting costs more than looking: it is left to the records that have any.
    match test {
        CountTest::GreaterThan(0) => exist(field, account),
        CountTest::GreaterThan(number) => {
            all(vec![exist(field, account), compare(Question::CountGreaterThan(i64::from(number)))])
        }
        CountTest::LessThan(0) => any(Vec::new()),
        CountTest::LessThan(number) => {
            any(vec![not(exist(field, account)), compare(Question::CountLessThan(i64::from(number)))])
        }
    }
}

fn links_of<T: RuleTable>(field: LinkField) -> Vec<&'static Link> {
    let kind = match field {
        LinkField::Deals => LinkedKind::Deal,
        LinkField::Invoices => LinkedKind::Invoice,
        LinkField::TimeTrackings => LinkedKind::TimeTracking,
        LinkField::Projects => LinkedKind::Project,
        LinkField::Companies | LinkField::Contacts => LinkedKind::CompanyLink,
    };
    links_to(T::KIND).filter(|link| link.kind == kind).collect()
}

/// A question for each link of its own: the planner can then answer each from that link's index, or from a hash.
fn any_exists<T: RuleTable>(links: &[&'static Link], account: AccountId) -> Answer<T> {
    any(links.iter().map(|link| Linked::<T>::boxed(vec![link], account, Question::Exists)).collect())
}

#[derive(Debug, Clone, Copy)]
enum Question {
    Exists,
    /// The same, and always from the link's index, whatever the planner would make of it.
    LookedUp,
    /// The record's id is in the set of all linked ids.
    AmongLinked,
    CountLessThan(i64),
    CountGreaterThan(i64),
}

/// A question about the live records that are linked through some links of the catalogue. Names come from the
/// catalogue, values are binds.
#[derive(Debug, Clone)]
struct Linked<T> {
    links: Vec<&'static Link>,
    account: Uuid,
    question: Question,
    of: PhantomData<fn() -> T>,
}

impl<T: RuleTable> Linked<T> {
    fn new(links: Vec<&'static Link>, account: AccountId, question: Question) -> Self {
        Self { links, account: account.0, question, of: PhantomData }
    }

    fn boxed(links: Vec<&'static Link>, account: AccountId, question: Question) -> Answer<T> {
        Box::new(Self::new(links, account, question))
    }

    /// `FROM deals WHERE ...`: the live linked records of one link.
    fn live_rows<'b>(&'b self, link: &Link, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(" FROM ");
        out.push_identifier(link.table)?;
        out.push_sql(" WHERE ");
        column(link.table, "account_id", out.reborrow())?;
        out.push_sql(" = ");
        out.push_bind_param::<SqlUuid, _>(&self.account)?;
        if link.in_bin {
            out.push_sql(" AND ");
            column(link.table, "deleted_at", out.reborrow())?;
            out.push_sql(" IS NULL");
        }
        if link.kind == LinkedKind::CompanyLink {
            self.other_end_is_live(link, out)?;
        }
        Ok(())
    }

    /// What is linked by a company link is the record at its other end, and that one may lie in the bin.
    fn other_end_is_live<'b>(&'b self, link: &Link, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let table = match link.target {
            RecordKind::Contact => "companies",
            RecordKind::Company => "contacts",
        };
        out.push_sql(" AND EXISTS (SELECT FROM ");
        out.push_identifier(table)?;
        out.push_sql(" AS other WHERE other.account_id = ");
        out.push_bind_param::<SqlUuid, _>(&self.account)?;
        out.push_sql(" AND other.id = ");
        column(link.table, link.linked_id, out.reborrow())?;
        out.push_sql(" AND other.deleted_at IS NULL)");
        Ok(())
    }

    fn points_here(link: &Link, mut out: AstPass<'_, '_, Pg>) -> QueryResult<()> {
        out.push_sql(" AND ");
        column(link.table, link.column, out.reborrow())?;
        out.push_sql(" = ");
        column(T::NAME, "id", out)
    }

    fn exists<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for (index, link) in self.links.iter().enumerate() {
            out.push_sql(if index == 0 { "EXISTS (SELECT" } else { " OR EXISTS (SELECT" });
            self.live_rows(link, out.reborrow())?;
            Self::points_here(link, out.reborrow())?;
            // An OFFSET keeps the planner from making one set of all linked ids.
            out.push_sql(if matches!(self.question, Question::LookedUp) { " OFFSET 0)" } else { ")" });
        }
        Ok(())
    }

    /// To be asked in a list of columns: as a condition the planner expects 200 ids of a UNION ALL, and then looks each
    /// record up by itself.
    fn among_linked<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        column(T::NAME, "id", out.reborrow())?;
        for (index, link) in self.links.iter().enumerate() {
            out.push_sql(if index == 0 { " IN (SELECT " } else { " UNION ALL SELECT " });
            column(link.table, link.column, out.reborrow())?;
            self.live_rows(link, out.reborrow())?;
            out.push_sql(" AND ");
            column(link.table, link.column, out.reborrow())?;
            out.push_sql(" IS NOT NULL");
        }
        out.push_sql(")");
        Ok(())
    }

    /// A record that is linked in two roles counts once.
    fn count<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("(SELECT count(DISTINCT linked.id) FROM (");
        for (index, link) in self.links.iter().enumerate() {
            out.push_sql(if index == 0 { "SELECT " } else { " UNION ALL SELECT " });
            column(link.table, link.linked_id, out.reborrow())?;
            self.live_rows(link, out.reborrow())?;
            Self::points_here(link, out.reborrow())?;
        }
        out.push_sql(") AS linked (id))");
        Ok(())
    }
}

fn column(table: &str, column: &str, mut out: AstPass<'_, '_, Pg>) -> QueryResult<()> {
    out.push_identifier(table)?;
    out.push_sql(".");
    out.push_identifier(column)
}

impl<T: RuleTable> QueryFragment<Pg> for Linked<T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("(");
        match &self.question {
            Question::Exists | Question::LookedUp => self.exists(out.reborrow())?,
            Question::AmongLinked => self.among_linked(out.reborrow())?,
            Question::CountLessThan(number) => {
                self.count(out.reborrow())?;
                out.push_sql(" < ");
                out.push_bind_param::<Bigint, _>(number)?;
            }
            Question::CountGreaterThan(number) => {
                self.count(out.reborrow())?;
                out.push_sql(" > ");
                out.push_bind_param::<Bigint, _>(number)?;
            }
        }
        out.push_sql(")");
        Ok(())
    }
}

impl<T> Expression for Linked<T> {
    type SqlType = Nullable<Bool>;
}

impl<T> AppearsOnTable<T> for Linked<T> {}

impl<T> SelectableExpression<T> for Linked<T> {}

impl<T, G> ValidGrouping<G> for Linked<T> {
    type IsAggregate = is_aggregate::No;
}

impl<T> QueryId for Linked<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
