//! The query of a list of contacts or companies.

/// Declares the query of a list of contacts or companies with the filter that only it has, and `shared_filter()`.
macro_rules! party_query {
    ($(#[$meta:meta])* $name:ident, $(#[$own_meta:meta])* $own:ident: $type:ty) => {
        $crate::api::list_query::list_query! {
            $(#[$meta])*
            $name, $crate::repository::parties::ListKey, {
                /// Only records in this segment.
                segment_id: Option<String>,
                /// Only these records; repeat the parameter.
                #[serde(default)]
                ids: Vec<uuid::Uuid>,
                /// Words that must all occur in names, e-mail addresses, telephone numbers or a company's VAT number;
                /// case and accents do not matter.
                q: Option<String>,
                /// Only records with all of these tags; repeat the parameter.
                #[serde(default)]
                tags: Vec<String>,
                /// Only records with this e-mail address.
                email: Option<String>,
                $(#[$own_meta])*
                $own: $type,
                status: Option<$crate::domain::party::Status>,
                /// Only records changed at or after this time.
                updated_since: Option<chrono::DateTime<chrono::Utc>>,
                #[serde(default)]
                #[param(inline)]
                sort: $crate::repository::parties::Sort,
            }
        }

        impl $name {
            fn shared_filter(&self) -> $crate::repository::parties::ListFilter {
                use $crate::domain::fold::{fold, folded_words};
                $crate::repository::parties::ListFilter {
                    ids: self.ids.clone(),
                    words: folded_words(self.q.as_deref().unwrap_or_default()),
                    tags: self.tags.iter().map(|tag| fold(tag)).collect(),
                    email: self.email.as_deref().map(fold),
                    status: self.status,
                    updated_since: self.updated_since,
                    ..Default::default()
                }
            }
        }
    };
}
pub(super) use party_query;
