//! Configuration, read once from flags and environment variables of the same names.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

/// How the service runs. Every flag can be given as an environment variable.
#[derive(Debug, Clone, Args)]
pub struct ServeConfig {
    /// Address and port to listen on.
    #[arg(long, env = "SWEEP_LISTEN", default_value = "127.0.0.1:8080", value_parser = parse_listen)]
    pub listen: SocketAddr,
    #[command(flatten)]
    pub database: DatabaseConfig,
    #[command(flatten)]
    pub tokens: TokenConfig,
    #[command(flatten)]
    pub mail: MailConfig,
    /// Origins whose pages may call the API, separated by commas; none when empty.
    #[arg(long, env = "SWEEP_CORS_ORIGINS", value_delimiter = ',')]
    pub cors_origins: Vec<String>,
    /// Bulk-action workers; one a core when unset.
    #[arg(long, env = "SWEEP_WORKERS")]
    pub workers: Option<u32>,
    /// What is logged: error, warn, info, debug, or per module as `sweep=debug,info`.
    #[arg(long, env = "SWEEP_LOG", default_value = "info", value_parser = parse_log)]
    pub log: String,
}

#[derive(Debug, Clone, Args)]
pub struct DatabaseConfig {
    /// PostgreSQL 15 or newer to use; a private one is started in the data folder when unset.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// The same database as the owner of its tables: it migrates, and the role of `DATABASE_URL`, which only serves, can
    /// then never change the audit log.
    #[arg(long, env = "SWEEP_MIGRATION_DATABASE_URL", hide_env_values = true, requires = "database_url")]
    pub migration_database_url: Option<String>,
    /// Holds the private PostgreSQL, the development secret and mail files.
    #[arg(long, env = "SWEEP_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub struct TokenConfig {
    /// The one algorithm that tokens are signed with.
    #[arg(long, env = "SWEEP_JWT_ALGORITHM", default_value = "HS256")]
    pub jwt_algorithm: JwtAlgorithm,
    /// The HS256 secret, of 32 bytes or more.
    #[arg(long, env = "SWEEP_JWT_SECRET", hide_env_values = true)]
    pub jwt_secret: Option<String>,
    /// The public key (PEM) of RS256, ES256 or EdDSA.
    #[arg(long, env = "SWEEP_JWT_PUBLIC_KEY_FILE")]
    pub jwt_public_key_file: Option<PathBuf>,
    /// The `iss` that tokens must carry; not looked at when unset.
    #[arg(long, env = "SWEEP_JWT_ISSUER")]
    pub jwt_issuer: Option<String>,
    /// The `aud` that tokens must carry; not looked at when unset.
    #[arg(long, env = "SWEEP_JWT_AUDIENCE")]
    pub jwt_audience: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "verbatim")]
pub enum JwtAlgorithm {
    HS256,
    RS256,
    ES256,
    EdDSA,
}

#[derive(Debug, Clone, Args)]
pub struct MailConfig {
    /// Where mails go: smtp://host:port (STARTTLS when offered; `?tls=required` insists) or smtps://; files under the
    /// data folder's mail/ when unset.
    #[arg(long, env = "SMTP_URL", hide_env_values = true)]
    pub smtp_url: Option<String>,
    /// A further root certificate (PEM) for the mail server.
    #[arg(long, env = "SMTP_CA_FILE")]
    pub smtp_ca_file: Option<PathBuf>,
    /// The sender of mails.
    #[arg(long, env = "SWEEP_MAIL_FROM", default_value = "Sweep <sweep@localhost>")]
    pub mail_from: String,
    /// The address of the service in mails; `http://` and the listening address when unset.
    #[arg(long, env = "SWEEP_PUBLIC_URL")]
    pub public_url: Option<String>,
}

fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "must be an address (not a name) and a port, such as 127.0.0.1:8080".to_owned())
}

fn parse_log(text: &str) -> Result<String, String> {
    let wrong = |error| format!("{error}; write a level such as info, or levels by module such as warn,sweep=debug");
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(wrong)
}
