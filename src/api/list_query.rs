//! The query of a list: its own filters, then the sort order and the page, which all lists take.

/// Declares the query of a list with its filters; `$key` is the sort key that its cursors carry.
macro_rules! list_query {
    ($(#[$meta:meta])* $name:ident, $sort:ty, $key:ty, { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, serde::Serialize, serde::Deserialize, utoipa::IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
            #[serde(default)]
            #[param(inline)]
            pub sort: $sort,
            /// 1 to 200; 50 when left out.
            #[serde(skip_serializing)]
            pub limit: Option<i64>,
            /// `page.next_cursor` of the page before.
            #[serde(skip_serializing)]
            pub cursor: Option<String>,
            /// Adds `page.total`.
            #[serde(default, skip_serializing)]
            pub with_total: bool,
        }

        impl $name {
            fn page(&self) -> $crate::domain::error::Result<$crate::domain::page::PageRequest<$key>> {
                $crate::domain::page::PageRequest::new(self.limit, self.cursor.as_deref(), self.with_total, self)
            }
        }
    };
}
pub(super) use list_query;
