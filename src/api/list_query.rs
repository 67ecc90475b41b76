//! The query of a list: its own filters and sort order, then the page, which all lists take.

/// Declares the query of a list with what decides which rows come in which order; `$key` is the sort key that its
/// cursors carry. Fields that decide nothing of the kind stand `aside`.
///
/// A cursor is bound to the declared fields alone: another `limit` may be asked for on the way. (They are not told apart
/// by `serde(skip_serializing)`, as that also hides a parameter from the API document.)
macro_rules! list_query {
    ($(#[$meta:meta])* $name:ident, $key:ty, { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }
        $(, aside { $($(#[$aside_meta:meta])* $aside:ident: $aside_type:ty,)* })?) => {
        $(#[$meta])*
        #[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
            $($($(#[$aside_meta])* pub $aside: $aside_type,)*)?
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
        }
    };
}
pub(super) use list_query;
