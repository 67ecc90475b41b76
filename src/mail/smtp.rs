//! One SMTP server, from its URL to a delivered mail.

use std::borrow::Cow;
use std::time::Duration;

use lettre::message::Message;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use percent_encoding::percent_decode_str;
use tokio::time::timeout;
use url::{Host, Url};

use super::transport::SendError;

const PORT: u16 = 25;
const STARTTLS_PORT: u16 = 587;
const TLS_PORT: u16 = 465;

/// A server that has taken the mail and does not say goodbye is left.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(2);

pub(super) struct SmtpServer {
    host: String,
    port: u16,
    encryption: Encryption,
    tls: TlsParameters,
    credentials: Option<Credentials>,
    hello_name: ClientId,
    /// For a whole mail, from the first packet to the server's last word on it.
    send_timeout: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encryption {
    /// STARTTLS when the server offers it.
    WhenOffered,
    /// STARTTLS, or no mail.
    Required,
    /// TLS from the first byte.
    FromTheStart,
}

impl SmtpServer {
    /// Reads a URL and an optional PEM file of further root certificates. An error is the end of a
    /// sentence that begins with the variable's name, and never shows the password.
    pub(super) fn from_url(url: &str, extra_roots: Option<&[u8]>, send_timeout: Duration) -> Result<Self, String> {
        let url = Url::parse(url).map_err(|error| format!("is not a URL: {error}"))?;
        let encryption = encryption(&url)?;
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err("may have nothing but ?tls=required after the port".to_owned());
        }
        let host = match url.host() {
            Some(Host::Domain(name)) if !name.is_empty() => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            _ => return Err("names no server".to_owned()),
        };
        let default_port = match encryption {
            Encryption::WhenOffered => PORT,
            Encryption::Required => STARTTLS_PORT,
            Encryption::FromTheStart => TLS_PORT,
        };
        Ok(Self {
            port: url.port().unwrap_or(default_port),
            tls: tls_parameters(&host, encryption, extra_roots)?,
            host,
            encryption,
            credentials: credentials(&url)?,
            hello_name: ClientId::default(),
            send_timeout,
        })
    }

    /// Delivers one mail. Errors say whether trying again can help.
    pub(super) async fn send(&self, message: &Message) -> Result<(), SendError> {
        match timeout(self.send_timeout, self.deliver(message)).await {
            Ok(Ok(mut connection)) => {
                // Taken is taken: what happens to the goodbye must not send the mail twice.
                let _ = timeout(GOODBYE_TIMEOUT, connection.abort()).await;
                Ok(())
            }
            Ok(Err(error)) if error.is_permanent() => Err(SendError::Permanent(error.to_string())),
            Ok(Err(error)) => Err(SendError::Temporary(error.to_string())),
            Err(_) => Err(SendError::Temporary(format!(
                "the mail server did not finish within {} s",
                self.send_timeout.as_secs_f32()
            ))),
        }
    }

    async fn deliver(&self, message: &Message) -> Result<AsyncSmtpConnection, Error> {
        let from_the_start = (self.encryption == Encryption::FromTheStart).then(|| self.tls.clone());
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            (self.host.as_str(), self.port),
            Some(self.send_timeout),
            &self.hello_name,
            from_the_start,
            None,
        )
        .await?;
        let start_tls = match self.encryption {
            Encryption::Required => true,
            Encryption::WhenOffered => connection.can_starttls(),
            Encryption::FromTheStart => false,
        };
        if start_tls {
            connection.starttls(self.tls.clone(), &self.hello_name).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        connection.send(message.envelope(), &message.formatted()).await?;
        Ok(connection)
    }
}

fn encryption(url: &Url) -> Result<Encryption, String> {
    let options: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let required = match options.as_slice() {
        [] => false,
        [(key, value)] if key == "tls" && value == "required" => true,
        _ => return Err("may have no option but ?tls=required".to_owned()),
    };
    match url.scheme() {
        "smtps" => Ok(Encryption::FromTheStart),
        "smtp" if required => Ok(Encryption::Required),
        "smtp" => Ok(Encryption::WhenOffered),
        _ => Err("must begin with smtp:// or smtps://".to_owned()),
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, String> {
    let decode = |text: &str| {
        percent_decode_str(text)
            .decode_utf8()
            .map(Cow::into_owned)
            .map_err(|_| "has a user or password that is not UTF-8".to_owned())
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None) => Err("must have both a user and a password, or none".to_owned()),
        (user, Some(password)) => Ok(Some(Credentials::new(decode(user)?, decode(password)?))),
    }
}

fn tls_parameters(host: &str, encryption: Encryption, extra_roots: Option<&[u8]>) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(pem) = extra_roots {
        let roots = Certificate::from_pem(pem).map_err(|error| error.to_string())?;
        builder = builder.add_root_certificate(roots);
    }
    match builder.build() {
        Ok(tls) => Ok(tls),
        // A machine without root certificates can still send to a server that offers no TLS; one
        // that does offer it is then refused, as it cannot be verified.
        Err(_) if encryption == Encryption::WhenOffered => TlsParameters::builder(host.to_owned())
            .certificate_store(CertificateStore::None)
            .build()
            .map_err(|error| error.to_string()),
        Err(error) => Err(format!(
            "needs root certificates, and this machine has none ({error}): install ca-certificates \
             or set SMTP_CA_FILE"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<SmtpServer, String> {
        SmtpServer::from_url(url, None, Duration::from_secs(1))
    }

    #[test]
    fn a_url_names_server_port_and_encryption() {
        for (url, host, port, encryption) in [
            ("smtp://mail.example", "mail.example", 25, Encryption::WhenOffered),
            ("smtp://mail.example:1025/", "mail.example", 1025, Encryption::WhenOffered),
            ("smtp://mail.example?tls=required", "mail.example", 587, Encryption::Required),
            ("smtps://[::1]", "::1", 465, Encryption::FromTheStart),
        ] {
            let server = read(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert_eq!((server.host.as_str(), server.port), (host, port), "{url}");
            assert!(server.encryption == encryption, "{url}");
            assert!(server.credentials.is_none(), "{url}");
        }
    }

    #[test]
    fn user_and_password_are_decoded() {
        let server = read("smtp://ann%40example.com:p%3Ass@mail.example").unwrap();
        let expected = Credentials::new("ann@example.com".to_owned(), "p:ss".to_owned());
        assert!(server.credentials == Some(expected));
    }

    #[test]
    fn a_url_that_is_not_understood_is_refused_without_its_password() {
        for (url, reason) in [
            ("mail.example", "is not a URL"),
            ("http://u:secret@mail.example", "smtp:// or smtps://"),
            ("smtp://u:secret@mail.example?tls=never", "?tls=required"),
            ("smtp://u:secret@mail.example?tls=required&x=1", "?tls=required"),
            ("smtp://u:secret@mail.example/inbox", "?tls=required"),
            ("smtp://u@mail.example", "both a user and a password"),
            ("smtp:", "names no server"),
        ] {
            let error = read(url).err().unwrap_or_else(|| panic!("{url} was accepted"));
            assert!(error.contains(reason), "{url}: {error}");
            assert!(!error.contains("secret"), "{url}: {error}");
        }
    }
}
