//! The rule tree as a diesel expression.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::schema::{companies, contacts};
use crate::domain::actor::AccountId;
use crate::domain::segment::Condition;

pub type Filter<T> = Box<dyn BoxableExpression<T, Pg, SqlType = Bool>>;

pub fn contact_filter(_: &Condition, _: AccountId, _: DateTime<Utc>) -> Filter<contacts::table> {
    Box::new(contacts::deleted_at.is_null())
}

pub fn company_filter(_: &Condition, _: AccountId, _: DateTime<Utc>) -> Filter<companies::table> {
    Box::new(companies::deleted_at.is_null())
}
