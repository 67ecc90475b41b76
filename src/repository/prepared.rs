//! Statements in SQL that a connection prepares once. What goes through diesel's `sql_query` is parsed and planned each
//! time, which takes longer than many a statement itself.

use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Untyped;

/// SQL with values for its `$1`, `$2`, ..., which come up in this order for the first time.
pub struct Prepared<'a> {
    pub sql: String,
    pub values: Vec<Box<dyn QueryFragment<Pg> + 'a>>,
    /// False for a statement whose best plan depends on its values: it is planned each time.
    pub kept: bool,
}

impl QueryFragment<Pg> for Prepared<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if !self.kept {
            out.unsafe_to_cache_prepared();
        }
        let mut values = (1..).zip(&self.values).peekable();
        let mut parts = self.sql.split('$');
        out.push_sql(parts.next().unwrap_or_default());
        for part in parts {
            let digits = part.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(part.len());
            let number: Option<usize> = part[..digits].parse().ok();
            if let Some((_, value)) = values.next_if(|(next, _)| Some(*next) == number) {
                value.walk_ast(out.reborrow())?;
            } else {
                out.push_sql("$");
                out.push_sql(&part[..digits]);
            }
            out.push_sql(&part[digits..]);
        }
        Ok(())
    }
}

impl QueryId for Prepared<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Prepared<'_> {
    type SqlType = Untyped;
}

impl RunQueryDsl<PgConnection> for Prepared<'_> {}

#[cfg(test)]
mod tests {
    use diesel::sql_types::{Integer, Text};

    use super::*;

    #[test]
    fn each_value_is_bound_once() {
        let values: Vec<Box<dyn QueryFragment<Pg>>> =
            vec![Box::new(7.into_sql::<Integer>()), Box::new("a".into_sql::<Text>())];
        let query = Prepared { sql: "SELECT $1, $2, $1 + $1".to_owned(), values, kept: true };
        assert_eq!(diesel::debug_query::<Pg, _>(&query).to_string(), "SELECT $1, $2, $1 + $1 -- binds: [7, \"a\"]");
    }
}
