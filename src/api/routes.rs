//! Every route of the service, and what is around each request: its id, its log line, HEAD, unknown addresses.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Instant;

use actix_web::body::{BodySize, BodyStream, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, ResponseError};
use bytes::Bytes;
use futures_util::stream;
use utoipa_actix_web::service_config::ServiceConfig;

use super::openapi::OPERATIONS;
use super::problem::{METHOD_NOT_ALLOWED, PROBLEM_MEDIA_TYPE, Problem, ProblemKind, UNKNOWN_ROUTE};
use super::request_id::{self, REQUEST_ID};
use super::{
    approvals, audit_log, audited, bulk_actions, bulk_events, bulk_results, companies, contacts, deals, deletion,
    health, imports, invoices, me, openapi, problems, projects, recycle_bin, segments, settings, tickets,
    time_trackings,
};
use crate::telemetry;

/// Registers every documented operation.
pub fn configure(config: &mut ServiceConfig) {
    configure_linked_records(config);
    configure_imports(config);
    config
        .service(me::get_me)
        .service(contacts::list_contacts)
        .service(contacts::create_contact)
        .service(contacts::get_contact)
        .service(contacts::update_contact)
        .service(contacts::put_company_link)
        .service(contacts::delete_company_link)
        .service(segments::list_segments)
        .service(segments::create_segment)
        .service(segments::preview_segment)
        .service(segments::list_segment_fields)
        .service(segments::get_segment)
        .service(segments::update_segment)
        .service(segments::delete_segment)
        .service(segments::count_segment)
        .service(deletion::delete_contact)
        .service(deletion::get_contact_deletability)
        .service(deletion::delete_company)
        .service(deletion::get_company_deletability)
        .service(bulk_actions::create_bulk_action)
        .service(bulk_actions::list_bulk_actions)
        .service(bulk_actions::get_bulk_action)
        .service(bulk_actions::undo_bulk_action)
        .service(bulk_actions::retry_bulk_action)
        .service(bulk_actions::execute_bulk_action)
        .service(bulk_actions::cancel_bulk_action)
        .service(approvals::approve_bulk_action)
        .service(approvals::reject_bulk_action)
        .service(bulk_results::list_results)
        .service(bulk_events::watch_bulk_action)
        .service(recycle_bin::list_recycle_bin)
        .service(recycle_bin::get_binned_record)
        .service(recycle_bin::restore_binned_record)
        .service(recycle_bin::purge_binned_record)
        .service(companies::list_companies)
        .service(companies::create_company)
        .service(companies::get_company)
        .service(companies::update_company)
        .service(settings::get_settings)
        .service(settings::update_settings)
        .service(audit_log::list_audit_log)
        .service(health::get_live)
        .service(health::get_ready)
        .service(health::get_metrics)
        .service(openapi::get_openapi)
        .service(problems::get_problem);
}

fn configure_linked_records(config: &mut ServiceConfig) {
    config
        .service(deals::list_deals)
        .service(deals::create_deal)
        .service(deals::get_deal)
        .service(deals::update_deal)
        .service(deals::delete_deal)
        .service(invoices::list_invoices)
        .service(invoices::create_invoice)
        .service(invoices::get_invoice)
        .service(invoices::update_invoice)
        .service(invoices::delete_invoice)
        .service(projects::list_projects)
        .service(projects::create_project)
        .service(projects::get_project)
        .service(projects::update_project)
        .service(projects::delete_project)
        .service(time_trackings::list_time_trackings)
        .service(time_trackings::create_time_tracking)
        .service(time_trackings::get_time_tracking)
        .service(time_trackings::update_time_tracking)
        .service(time_trackings::delete_time_tracking)
        .service(tickets::list_tickets)
        .service(tickets::create_ticket)
        .service(tickets::get_ticket)
        .service(tickets::update_ticket)
        .service(tickets::delete_ticket);
}

fn configure_imports(config: &mut ServiceConfig) {
    config
        .service(imports::import_companies)
        .service(imports::import_contacts)
        .service(imports::import_deals)
        .service(imports::import_invoices)
        .service(imports::import_projects)
        .service(imports::import_time_trackings)
        .service(imports::import_tickets);
}

/// An address that no operation answers, or not by this method.
pub async fn no_such_route(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let allowed: BTreeSet<&str> = OPERATIONS
        .keys()
        .filter(|(_, template)| matches_template(template, request.path()))
        .map(|(method, _)| method.as_str())
        .collect();
    if allowed.is_empty() {
        return Err(Problem::new(&UNKNOWN_ROUTE));
    }
    let head = allowed.contains("GET").then_some("HEAD");
    let allow: Vec<&str> = allowed.into_iter().chain(head).collect();
    Err(Problem::new(&METHOD_NOT_ALLOWED).header(header::ALLOW, &allow.join(", ")))
}

fn matches_template(template: &str, path: &str) -> bool {
    let mut expected = template.split('/');
    let mut given = path.split('/');
    loop {
        match (expected.next(), given.next()) {
            (None, None) => return true,
            (Some(part), Some(text)) if part == text || part.starts_with('{') && !text.is_empty() => {}
            _ => return false,
        }
    }
}

/// What was refused before it came to a handler (such as a preflight of an origin that is not listed) becomes a problem
/// document too.
fn as_problem(response: ServiceResponse<impl MessageBody + 'static>) -> ServiceResponse {
    let status = response.status();
    let refused = status.is_client_error() || status.is_server_error();
    let told = response.headers().get(header::CONTENT_TYPE).is_some_and(|media| media == PROBLEM_MEDIA_TYPE);
    if !refused || told {
        return response.map_into_boxed_body();
    }
    let mut problem = Problem::new(ProblemKind::of_status(status));
    if let Some(error) = response.response().error().filter(|_| status.is_client_error()) {
        problem = problem.detail(error.to_string());
    }
    response.into_response(problem.error_response())
}

/// Gives the request its id, answers HEAD as GET, and writes one log line and the metrics when it is done.
pub async fn around_request(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let started = Instant::now();
    let id = request_id::accept(request.headers().get(REQUEST_ID));
    let method = request.method().clone();
    if method == Method::HEAD {
        // The connection leaves the body out: it remembers what was asked.
        request.head_mut().method = Method::GET;
    }
    let asked = request.method().to_string();
    let handled = async {
        let response = next.call(request).await.map(as_problem)?;
        let route = response.request().match_pattern().unwrap_or_else(|| "none".to_owned());
        let operation = OPERATIONS.get(&(asked, route.clone())).map_or("none", String::as_str);
        audited::note_refusal(operation, &response).await;
        Ok::<_, Error>((response, route, operation))
    };
    let (mut response, route, operation) = request_id::scope(id.clone(), handled).await?;
    let status = response.status().as_u16();
    let duration = started.elapsed();
    telemetry::observe_request(operation, status, duration);
    let account = response.request().extensions().get::<telemetry::LoggedAccount>().map(|account| account.0);
    tracing::info!(
        method = %method,
        route,
        operation,
        status,
        duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        account_id = account.map(|account| account.to_string()),
        request_id = id,
        "request"
    );
    if let Ok(value) = header::HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    // It kept the body from being compressed, and says nothing.
    if response.headers().get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding == "identity") {
        response.headers_mut().remove(header::CONTENT_ENCODING);
    }
    let left_out = method == Method::HEAD && response.response().body().size() == BodySize::Stream;
    Ok(response.map_body(|_, body| {
        // Nothing is made only to be thrown away.
        if left_out {
            EitherBody::left(BodyStream::new(stream::empty::<Result<Bytes, Infallible>>()))
        } else {
            EitherBody::right(body)
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::matches_template;

    #[test]
    fn templates() {
        assert!(matches_template("/contacts/{id}", "/contacts/x"));
        assert!(!matches_template("/contacts/{id}", "/contacts/"));
        assert!(!matches_template("/contacts/{id}", "/contacts/x/y"));
        assert!(!matches_template("/contacts", "/contact"));
    }
}
