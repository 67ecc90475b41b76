//! The command line: serve, token, migrate, watch, openapi, demo-data.

use std::ffi::OsStr;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use jsonwebtoken::{EncodingKey, Header};
use tokio::signal::unix::{Signal, SignalKind, signal};
use uuid::Uuid;

use crate::api::auth::Claims;
use crate::api::{openapi, problems};
use crate::app::{self, Settings, StartError, Stop};
use crate::config::{DatabaseConfig, JwtAlgorithm, ServeConfig, TokenConfig};
use crate::demo_data::{Account, Written};
use crate::domain::actor::Role;
use crate::embedded_postgres::{EmbeddedPostgres, default_data_dir, make_data_folder};
use crate::repository::migrations;
use crate::signing_secret;
use crate::telemetry;
use crate::watch::{self, WatchArgs};

/// Deletes a CRM's contacts and companies in bulk, and loses nothing it should have kept.
#[derive(Debug, Parser)]
#[command(name = "sweep", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API (and start a private PostgreSQL when `DATABASE_URL` is not set).
    Serve(Box<ServeConfig>),
    /// Print a token signed with this service's secret.
    Token(Box<TokenArgs>),
    /// Bring the database to the tables of this program, and exit.
    Migrate(DatabaseConfig),
    /// Show how far a bulk action is, until it has ended.
    Watch(WatchArgs),
    /// Print the API document.
    Openapi,
    /// Print the list of problems the API answers with, in Markdown.
    Problems,
    /// Write the CSV files of a made-up account, to try things on.
    DemoData(DemoDataArgs),
}

#[derive(Debug, Args)]
struct TokenArgs {
    #[command(flatten)]
    tokens: TokenConfig,
    /// Holds the development secret.
    #[arg(long, env = "SWEEP_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// The account the token is for.
    #[arg(long)]
    account: Uuid,
    /// The user id, any text to 255 characters.
    #[arg(long)]
    user: String,
    /// Where reports go.
    #[arg(long)]
    email: Option<String>,
    /// How mails address the user.
    #[arg(long)]
    name: Option<String>,
    /// The language of mails: en, nl, fr or de.
    #[arg(long)]
    locale: Option<String>,
    /// Make the user an admin.
    #[arg(long)]
    admin: bool,
    /// How long the token is valid: 90s, 30m, 1h, 7d.
    #[arg(long, default_value = "1h", value_parser = parse_seconds)]
    ttl: i64,
}

#[derive(Debug, Args)]
struct DemoDataArgs {
    /// How many contacts; companies are a tenth of that.
    #[arg(long, default_value_t = 20_000)]
    contacts: u64,
    /// Another seed gives other people; the same one the same files.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The folder to write the files into.
    #[arg(long)]
    out: PathBuf,
}

type Failure = Box<dyn std::error::Error>;

/// Runs the command line; a failure is one sentence on standard error.
pub fn main() -> ExitCode {
    let matches = ignore_empty_variables(Cli::command()).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let outcome = match cli.command {
        Command::Serve(config) => serve(&config),
        Command::Token(args) => print_token(&args),
        Command::Migrate(config) => migrate(&config),
        Command::Watch(args) => match watch::run(&args) {
            Ok(code) => return code,
            Err(error) => Err(error.into()),
        },
        Command::Openapi => print(&openapi::document_text()),
        Command::Problems => print(&problems::list_in_markdown()),
        Command::DemoData(args) => write_demo_data(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "sweep: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A variable that is set to nothing is as good as unset.
fn ignore_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    command
        .mut_args(|arg| if arg.get_env().is_some_and(is_empty) { arg.env(None::<&str>) } else { arg })
        .mut_subcommands(ignore_empty_variables)
}

fn serve(config: &ServeConfig) -> Result<(), Failure> {
    telemetry::start_logging(&config.log);
    let data_dir = data_dir(config.database.data_dir.as_deref())?;
    make_data_folder(&data_dir)?;
    let secret = signing_secret::for_serving(&config.tokens, &data_dir, config.listen)?;
    // Before a database is made for nothing.
    drop(TcpListener::bind(config.listen).map_err(|cause| StartError::Listen { address: config.listen, cause })?);
    let Database { serving_url, owner_url, postgres } = database(&config.database, &data_dir)?;
    allow_many_connections();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let settings = Settings {
        listen: config.listen,
        database_url: serving_url,
        migration_database_url: owner_url,
        data_dir,
        tokens: config.tokens.clone(),
        secret,
        mail: config.mail.clone(),
        cors_origins: config.cors_origins.iter().filter(|origin| !origin.is_empty()).cloned().collect(),
        workers: config.workers.unwrap_or_else(|| u32::try_from(cores).unwrap_or(1)).max(1),
        http_threads: cores,
        api_connections: 16,
        connection_wait: Duration::from_secs(5),
        lock_wait: Duration::from_secs(5),
        keep_alive: Duration::from_secs(15),
    };
    let served = actix_web::rt::System::new().block_on(async {
        let running = app::start(&settings)?;
        // Whoever reads the greeting may stop it at once.
        let signals = stop_signals()?;
        greet(&settings, running.address)?;
        actix_web::rt::spawn(stop_on_signal(running.handle(), signals));
        running.run().await?;
        Ok::<(), Failure>(())
    });
    if let Some(postgres) = postgres {
        postgres.stop_if_unused()?;
    }
    served
}

/// Thousands may watch: as many open files as the system allows this process, where it starts with fewer.
fn allow_many_connections() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let raised =
        getrlimit(Resource::RLIMIT_NOFILE).and_then(|(_, most)| setrlimit(Resource::RLIMIT_NOFILE, most, most));
    if let Err(error) = raised {
        tracing::warn!(%error, "the number of open files cannot be raised");
    }
}

fn stop_signals() -> std::io::Result<[Signal; 2]> {
    Ok([signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?])
}

/// SIGTERM and SIGINT (Ctrl-C) let what runs finish.
async fn stop_on_signal(service: Stop, [mut terminate, mut interrupt]: [Signal; 2]) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("told to stop: requests in hand are finished");
    service.stop(true).await;
}

struct Database {
    serving_url: String,
    owner_url: Option<String>,
    /// The private server, if it is none of the operator's.
    postgres: Option<EmbeddedPostgres>,
}

/// The configured database, or a private one in the data folder.
fn database(config: &DatabaseConfig, data_dir: &Path) -> Result<Database, Failure> {
    if let Some(serving_url) = config.database_url.clone() {
        return Ok(Database { serving_url, owner_url: config.migration_database_url.clone(), postgres: None });
    }
    let postgres = EmbeddedPostgres::start(data_dir)?;
    let (serving_url, owner_url) = (postgres.serving_url(), Some(postgres.database_url()));
    Ok(Database { serving_url, owner_url, postgres: Some(postgres) })
}

fn data_dir(configured: Option<&Path>) -> Result<PathBuf, Failure> {
    Ok(configured.map_or_else(default_data_dir, |path| Ok(path.to_owned()))?)
}

/// Tells a newcomer what to type next, with a token that works.
fn greet(settings: &Settings, address: SocketAddr) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    writeln!(out, "Sweep serves on http://{address} (the API document: http://{address}/docs/).")?;
    if settings.tokens.jwt_algorithm == JwtAlgorithm::HS256 && settings.tokens.jwt_secret.is_none() {
        let claims = Claims {
            sub: "ann".to_owned(),
            account_id: Uuid::from_u128(1),
            role: Role::Admin,
            exp: now() + 86_400,
            email: Some("ann@example.com".to_owned()),
            name: Some("Ann Peeters".to_owned()),
            locale: None,
            iss: settings.tokens.jwt_issuer.clone(),
            aud: settings.tokens.jwt_audience.clone(),
        };
        let token = sign(&claims, &settings.secret)?;
        writeln!(out, "Its development secret lies in {}.", settings.data_dir.display())?;
        writeln!(out, "Type these next, in another terminal:\n")?;
        writeln!(out, "  TOKEN={token}")?;
        writeln!(out, "  curl -H \"Authorization: Bearer $TOKEN\" http://{address}/me")?;
        writeln!(
            out,
            "  curl -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: text/csv' \
             --data-binary @examples/crm-export/companies.csv http://{address}/companies/import\n"
        )?;
    }
    out.flush()?;
    Ok(())
}

fn print_token(args: &TokenArgs) -> Result<(), Failure> {
    let secret = signing_secret::for_minting(&args.tokens, &data_dir(args.data_dir.as_deref())?)?;
    let claims = Claims {
        sub: args.user.clone(),
        account_id: args.account,
        role: if args.admin { Role::Admin } else { Role::Member },
        exp: now() + args.ttl,
        email: args.email.clone(),
        name: args.name.clone(),
        locale: args.locale.clone(),
        iss: args.tokens.jwt_issuer.clone(),
        aud: args.tokens.jwt_audience.clone(),
    };
    writeln!(std::io::stdout(), "{}", sign(&claims, &secret)?)?;
    Ok(())
}

fn sign(claims: &Claims, secret: &str) -> Result<String, Failure> {
    Ok(jsonwebtoken::encode(&Header::default(), claims, &EncodingKey::from_secret(secret.as_bytes()))?)
}

/// The machine's clock in seconds: tokens are the one thing that is measured by it.
#[allow(
    clippy::disallowed_methods,
    reason = "a token's exp is checked against the machine's clock, so it is set by it"
)]
fn now() -> i64 {
    chrono::Utc::now().timestamp()
}

fn migrate(config: &DatabaseConfig) -> Result<(), Failure> {
    let data_dir = data_dir(config.data_dir.as_deref())?;
    let Database { serving_url, owner_url, postgres } = database(config, &data_dir)?;
    let migrated = migrations::migrate(&serving_url, owner_url.as_deref());
    if let Some(postgres) = postgres {
        postgres.stop_if_unused()?;
    }
    Ok(migrated?)
}

fn print(text: &str) -> Result<(), Failure> {
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

fn write_demo_data(args: &DemoDataArgs) -> Result<(), Failure> {
    let account = Account { contacts: args.contacts, seed: args.seed };
    let cannot = |cause| format!("cannot write into {}: {cause}", args.out.display());
    let mut out = std::io::stdout();
    for Written { name, rows } in account.write(&args.out).map_err(cannot)? {
        writeln!(out, "{}: {rows} rows", args.out.join(name).with_extension("csv").display())?;
    }
    Ok(())
}

fn parse_seconds(text: &str) -> Result<i64, String> {
    let wrong = || "must be a number with s, m, h or d, such as 90s or 7d".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let factor = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let count: i64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    count.checked_mul(factor).filter(|seconds| *seconds > 0 && *seconds < 1 << 40).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::parse_seconds;

    #[test]
    fn durations() {
        assert_eq!(parse_seconds("90s"), Ok(90));
        assert_eq!(parse_seconds("7d"), Ok(604_800));
        for bad in ["", "1", "h", "-1h", "0s", "1y", "9999999999999d"] {
            assert!(parse_seconds(bad).is_err(), "{bad}");
        }
    }
}
