//! Puts the parts together: pools, workers, HTTP server; starts and stops them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::dev::{Server, ServerHandle};
use actix_web::http::header;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, HttpServer, web};
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::{Config as DocsConfig, SwaggerUi};

use crate::api::auth::{Authenticator, KeyError};
use crate::api::bulk_events::KeepAlive;
use crate::api::conditional;
use crate::api::health::Pools;
use crate::api::problem::Problem;
use crate::api::request_id::REQUEST_ID;
use crate::api::routes;
use crate::config::{MailConfig, TokenConfig};
use crate::domain::error::Error;
use crate::mail::transport::{MailSettings, MailTransport, SEND_TIMEOUT};
use crate::repository::db::{Db, DbSettings};
use crate::repository::migrations::{self, MigrationError};
use crate::services::progress::ProgressHub;
use crate::services::{Services, Signals};
use crate::workers::Workers;

/// Everything the service needs to know, resolved.
#[derive(Debug, Clone)]
pub struct Settings {
    pub listen: SocketAddr,
    /// The role that serves.
    pub database_url: String,
    /// The owner of the tables, unless it serves too.
    pub migration_database_url: Option<String>,
    pub data_dir: PathBuf,
    pub tokens: TokenConfig,
    /// The HS256 secret; empty with other algorithms.
    pub secret: String,
    pub mail: MailConfig,
    pub cors_origins: Vec<String>,
    /// Bulk-action workers.
    pub workers: u32,
    /// Threads that serve HTTP.
    pub http_threads: usize,
    /// Connections for requests.
    pub api_connections: u32,
    /// How long work waits for a free connection.
    pub connection_wait: Duration,
    /// How long a request's statement waits for a lock that another transaction holds.
    pub lock_wait: Duration,
    /// How long a stream of events may be silent before it says that it is alive.
    pub keep_alive: Duration,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Migration(#[from] MigrationError),
    #[error("cannot listen on {address}: {cause}. Stop what uses the port, or choose another with SWEEP_LISTEN.")]
    Listen { address: SocketAddr, cause: std::io::Error },
    #[error("SWEEP_CORS_ORIGINS: {0:?} is no origin; write it as https://crm.example.com")]
    Origin(String),
    #[error("{0}")]
    Mail(String),
}

/// The running service.
pub struct Running {
    pub address: SocketAddr,
    server: Server,
    workers: Workers,
    progress: ProgressHub,
}

/// Stops the running service, also from another thread.
pub struct Stop {
    server: ServerHandle,
    progress: ProgressHub,
}

/// Migrates the database and starts serving.
pub fn start(settings: &Settings) -> Result<Running, StartError> {
    let authenticator = web::Data::new(Arc::new(Authenticator::new(&settings.tokens, &settings.secret)?));
    check_origins(&settings.cors_origins)?;
    let transport = mail_transport(settings)?;
    migrations::migrate(&settings.database_url, settings.migration_database_url.as_deref())?;
    let progress = ProgressHub::default();
    let api_db = pool(settings, "api", settings.api_connections);
    let services =
        Services { db: api_db, signals: Signals::default(), callers: Arc::default(), progress: progress.clone() };
    let worker_services = Services { db: pool(settings, "workers", settings.workers + 4), ..services.clone() };
    let pools = web::Data::new(Pools(vec![services.db.clone(), worker_services.db.clone()]));
    let services = web::Data::new(services);
    let origins = settings.cors_origins.clone();
    let keep_alive = web::Data::new(KeepAlive(settings.keep_alive));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(authenticator.clone())
            .app_data(services.clone())
            .app_data(pools.clone())
            .app_data(keep_alive.clone())
            .app_data(web::PathConfig::default().error_handler(|_, _| Problem::from(Error::NotFound).into()))
            .configure(|config| routes::configure(&mut ServiceConfig::new(config)))
            .service(web::redirect("/docs", "/docs/"))
            .service(docs())
            .default_service(web::to(routes::no_such_route))
            .wrap(from_fn(conditional::answer_if_none_match))
            .wrap(Compress::default())
            .wrap(cors(&origins))
            .wrap(from_fn(routes::around_request))
    })
    .disable_signals()
    .workers(settings.http_threads)
    .shutdown_timeout(30)
    .bind(settings.listen)
    .map_err(|cause| StartError::Listen { address: settings.listen, cause })?;
    let address = server.addrs().first().copied().unwrap_or(settings.listen);
    let public_url = settings.mail.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
    let workers = Workers::start(&worker_services, settings.workers, transport, public_url);
    Ok(Running { address, server: server.run(), workers, progress })
}

impl Running {
    pub fn handle(&self) -> Stop {
        Stop { server: self.server.handle(), progress: self.progress.clone() }
    }

    /// Serves until its handle stops it; then finishes the requests and the chunks in hand.
    pub async fn run(self) -> std::io::Result<()> {
        let served = self.server.await;
        self.workers.stop().await;
        served
    }
}

impl Stop {
    /// Begins at once; the future is for those who wait. `graceful` lets requests finish, but streams of events, which
    /// would not come to an end: their listeners go on at another node.
    pub fn stop(&self, graceful: bool) -> impl Future<Output = ()> + use<> {
        self.progress.close();
        self.server.stop(graceful)
    }
}

fn pool(settings: &Settings, name: &'static str, connections: u32) -> Db {
    // Workers have time: what they wait for ends.
    let lock_timeout = (name == "api").then_some(settings.lock_wait);
    Db::new(DbSettings {
        database_url: settings.database_url.clone(),
        name,
        connections,
        wait: settings.connection_wait,
        lock_timeout,
    })
}

fn mail_transport(settings: &Settings) -> Result<MailTransport, StartError> {
    let mail = &settings.mail;
    MailTransport::from_settings(&MailSettings {
        smtp_url: mail.smtp_url.clone(),
        smtp_ca_file: mail.smtp_ca_file.clone(),
        from: mail.mail_from.clone(),
        folder: settings.data_dir.join("mail"),
        send_timeout: SEND_TIMEOUT,
    })
    .map_err(StartError::Mail)
}

fn docs() -> SwaggerUi {
    let config =
        DocsConfig::new(["/openapi.json"]).try_it_out_enabled(true).persist_authorization(true).validator_url("none");
    SwaggerUi::new("/docs/{_:.*}").config(config)
}

fn check_origins(origins: &[String]) -> Result<(), StartError> {
    let is_origin = |origin: &str| {
        origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://")).is_some_and(|host| {
            !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte))
        })
    };
    match origins.iter().find(|origin| !is_origin(origin)) {
        None => Ok(()),
        Some(origin) => Err(StartError::Origin(origin.clone())),
    }
}

/// Pages of the listed origins may call the API; tokens travel in a header, so no credentials are allowed.
fn cors(origins: &[String]) -> Cors {
    let exposed = [
        header::ETAG,
        header::LOCATION,
        header::RETRY_AFTER,
        header::CONTENT_DISPOSITION,
        header::HeaderName::from_static("idempotency-replayed"),
        REQUEST_ID,
    ];
    let allowed = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
        .allow_any_header()
        .expose_headers(exposed)
        .block_on_origin_mismatch(false)
        .max_age(3600);
    origins.iter().fold(allowed, |cors, origin| cors.allowed_origin(origin))
}
