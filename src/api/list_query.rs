//! The query of a list: its own filters and sort order, then the page, which all lists take.

use crate::domain::error::Result;
use crate::domain::validation::Checks;

/// # Errors
/// `Invalid` names the parameters that were given.
pub fn refuse_given(parameters: &[(&str, bool)]) -> Result<()> {
    let mut checks = Checks::default();
    for (name, _) in parameters.iter().filter(|(_, given)| *given) {
        checks.fail(*name, "does not go with CSV, which has the whole list");
    }
    checks.finish()
}

/// Declares the query of a list with what decides which rows come in which order; `$key` is the sort key that its
/// cursors carry.
///
/// A cursor is bound to the declared fields alone: another `limit` may be asked for on the way. (They are not told apart
/// by `serde(skip_serializing)`, as that also hides a parameter from the API document.)
macro_rules! list_query {
    ($(#[$meta:meta])* $name:ident, $key:ty, { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
            /// `csv` for the whole list as a file, without `limit`, `cursor` and `with_total`.
            #[param(inline)]
            pub format: Option<$crate::api::csv_download::Format>,
            /// 1 to 200; 50 when left out.
            #[param(minimum = 1, maximum = 200)]
            pub limit: Option<i64>,
            /// `page.next_cursor` of the page before.
            pub cursor: Option<String>,
            /// Adds `page.total`.
            #[serde(default)]
            pub with_total: bool,
        }

        impl $name {
            fn page(&self) -> $crate::domain::error::Result<$crate::domain::page::PageRequest<$key>> {
                let decides = ($(&self.$field,)*);
                $crate::domain::page::PageRequest::new(self.limit, self.cursor.as_deref(), self.with_total, &decides)
            }

            /// A file has all pages.
            fn refuse_page(&self) -> $crate::domain::error::Result<()> {
                let given = [
                    ("?limit", self.limit.is_some()),
                    ("?cursor", self.cursor.is_some()),
                    ("?with_total", self.with_total),
                ];
                $crate::api::list_query::refuse_given(&given)
            }
        }
    };
}
pub(super) use list_query;
