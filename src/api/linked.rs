//! What the handlers of all kinds of linked record do.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::csv_download;
use super::extractors::{Body, IfMatch, merged, refusal_of_absent};
use super::idempotency::Post;
use super::problem::Problem;
use super::resources::{Listing, created, require_live, resource, visible};
use crate::domain::actor::Actor;
use crate::domain::csv_columns::{ExportedRecord, ExternalIds};
use crate::domain::error::Error;
use crate::domain::linked::LinkedRecord;
use crate::domain::page::PageRequest;
use crate::repository::db::Read;
use crate::repository::linked::{self, LinkedFilter, LinkedKey, LinkedSort, LinkedTable, Stored};
use crate::services::{Services, exports, linked_records};

/// How a kind of linked record is shown.
pub trait LinkedView: From<Stored<Self::Record>> + Serialize + 'static {
    type Record: LinkedTable;
    /// The path of the list.
    const COLLECTION: &'static str;
}

type InputOf<V> = <<V as LinkedView>::Record as LinkedRecord>::Input;
type StatusOf<V> = <<V as LinkedView>::Record as LinkedRecord>::Status;

/// A list that is asked for.
pub struct LinkedList<S> {
    pub filter: LinkedFilter<S>,
    pub sort: LinkedSort,
    /// None for all of it, as a file.
    pub page: Option<PageRequest<LinkedKey>>,
}

/// Declares the query of a list of linked records, with a status if they have one.
macro_rules! linked_query {
    ($(#[$meta:meta])* $name:ident, $record:ty $(, $status:ident: $status_type:ty)?) => {
        $crate::api::list_query::list_query! {
            $(#[$meta])*
            $name, $crate::repository::linked::LinkedKey, {
                /// Only what is linked to this contact, in whatever role.
                contact_id: Option<uuid::Uuid>,
                /// Only what is linked to this company, in whatever role.
                company_id: Option<uuid::Uuid>,
                /// Only these; repeat the parameter.
                #[serde(default)]
                ids: Vec<uuid::Uuid>,
                $($status: Option<$status_type>,)?
                /// Only what changed at or after this time.
                updated_since: Option<chrono::DateTime<chrono::Utc>>,
                #[serde(default)]
                #[param(inline)]
                sort: $crate::repository::linked::LinkedSort,
            }
        }

        impl $name {
            fn read(
                self,
                request: &actix_web::HttpRequest,
            ) -> $crate::domain::error::Result<
                $crate::api::linked::LinkedList<<$record as $crate::domain::linked::LinkedRecord>::Status>,
            > {
                let page = if $crate::api::csv_download::wants_csv(request, self.format) {
                    self.refuse_page()?;
                    None
                } else {
                    Some(self.page()?)
                };
                let status = None;
                $(let status = status.or(self.$status);)?
                let filter = $crate::repository::linked::LinkedFilter {
                    ids: self.ids,
                    contact_id: self.contact_id,
                    company_id: self.company_id,
                    status,
                    updated_since: self.updated_since,
                };
                Ok($crate::api::linked::LinkedList { filter, sort: self.sort, page })
            }
        }
    };
}
pub(super) use linked_query;

pub async fn list<V: LinkedView>(
    services: web::Data<Services>,
    actor: Actor,
    asked: LinkedList<StatusOf<V>>,
) -> Result<HttpResponse, Problem>
where
    InputOf<V>: ExportedRecord<Link = ExternalIds>,
{
    let LinkedList { filter, sort, page } = asked;
    let account = actor.account;
    let Some(page) = page else {
        let name = format!("{}.csv", V::COLLECTION.trim_start_matches('/'));
        return csv_download::download(&name, move |after: Option<LinkedKey>| {
            let (services, filter) = (services.clone(), filter.clone());
            async move {
                let part = move |read: &mut Read| exports::linked_part::<V::Record>(read, &filter, sort, after);
                services.db.read(account, part).await
            }
        })
        .await;
    };
    let listed = services.db.read(account, move |read| linked::list::<V::Record>(read, &filter, sort, &page)).await?;
    Ok(HttpResponse::Ok().json(Listing::new(listed, V::from)))
}

pub async fn create<V: LinkedView>(
    services: &Services,
    actor: &Actor,
    post: Post,
    body: Body<InputOf<V>>,
) -> Result<HttpResponse, Problem> {
    let record = V::Record::from_input(body.value)?;
    post.answer(&services.db, actor, &body.bytes, move |tx| {
        let stored = linked::insert(tx, record.clone())?;
        let (id, version) = (stored.id, stored.version);
        let linked = stored.record.links().into_iter().map(|link| link.record.id);
        let names = std::iter::once(id).chain(linked).collect();
        created(&V::from(stored), V::COLLECTION, id, version, names)
    })
    .await
}

pub async fn read<V: LinkedView>(services: &Services, actor: Actor, id: Uuid) -> Result<HttpResponse, Problem> {
    let found = services.db.read(actor.account, move |read| linked::find::<V::Record>(read, id)).await?;
    let stored = visible(&actor, found, |stored| stored.bin).ok_or(Error::NotFound)?;
    let version = stored.version;
    Ok(resource(StatusCode::OK, &V::from(stored), version))
}

pub async fn update<V: LinkedView>(
    services: &Services,
    actor: Actor,
    id: Uuid,
    if_match: IfMatch,
    patch: Value,
) -> Result<HttpResponse, Problem> {
    let stored = services
        .db
        .write(actor.account, move |tx| {
            linked_records::change::<V::Record>(tx, id, |found| {
                let Some(stored) = visible(&actor, found, |stored| stored.bin) else {
                    return Err(refusal_of_absent::<InputOf<V>>(&patch));
                };
                let input: InputOf<V> = merged(&InputOf::<V>::from(stored.record.clone()), &patch)?;
                let record = stored.record.revised(input)?;
                if_match.check(stored.version)?;
                require_live(&actor, stored.bin)?;
                Ok(record)
            })
        })
        .await?;
    let version = stored.version;
    Ok(resource(StatusCode::OK, &V::from(stored), version))
}

pub async fn delete<V: LinkedView>(
    services: &Services,
    actor: &Actor,
    id: Uuid,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let caller = actor.clone();
    services
        .db
        .write(actor.account, move |tx| {
            linked_records::delete::<V::Record>(tx, &caller, id, |stored| if_match.check(stored.version))
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
