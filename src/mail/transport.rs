//! How mails leave: by SMTP, or as `.eml` files in a folder when no server is configured.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::message::Mailbox;

use super::OutgoingMail;
use super::message::compose;
use super::smtp::SmtpServer;

/// A whole send takes at most this long; the outbox leases a mail for longer.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// Where mails go and whom they are from, as configured.
pub struct MailSettings {
    /// `SMTP_URL`: `smtp://user:password@host:port`, with `?tls=required` to insist on STARTTLS, or
    /// `smtps://...`. None writes files.
    pub smtp_url: Option<String>,
    /// `SMTP_CA_FILE`: a PEM file of root certificates to trust besides the machine's.
    pub smtp_ca_file: Option<PathBuf>,
    /// `SWEEP_MAIL_FROM`: `Sweep <sweep@example.com>`.
    pub from: String,
    /// Where `.eml` files go.
    pub folder: PathBuf,
    /// [`SEND_TIMEOUT`], except in tests.
    pub send_timeout: Duration,
}

/// Why a mail did not leave. The text is the mail server's last answer, or what came instead of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The server refused it for good (5xx), or the address cannot be one.
    #[error("{0}")]
    Permanent(String),
    /// Anything else: trying again may help.
    #[error("{0}")]
    Temporary(String),
}

pub struct MailTransport {
    from: Mailbox,
    way: Way,
}

enum Way {
    Smtp(Box<SmtpServer>),
    Folder(PathBuf),
}

impl MailTransport {
    /// An error is one sentence that names the variable and what is wrong with it.
    pub fn from_settings(settings: &MailSettings) -> Result<Self, String> {
        let from = settings
            .from
            .parse()
            .map_err(|error| format!("SWEEP_MAIL_FROM must look like 'Sweep <sweep@example.com>': {error}."))?;
        let way = match &settings.smtp_url {
            Some(url) => {
                let roots = settings.smtp_ca_file.as_deref().map(read_roots).transpose()?;
                let server = SmtpServer::from_url(url, roots.as_deref(), settings.send_timeout)
                    .map_err(|error| format!("SMTP_URL {error}."))?;
                Way::Smtp(Box::new(server))
            }
            None => Way::Folder(settings.folder.clone()),
        };
        Ok(Self { from, way })
    }

    /// Hands the mail over, or writes it down. Both may happen twice to one mail when the answer is
    /// lost; its Message-ID (its file name) is then the same.
    pub async fn send(&self, mail: &OutgoingMail) -> Result<(), SendError> {
        let message = compose(&self.from, mail).map_err(SendError::Permanent)?;
        match &self.way {
            Way::Smtp(server) => server.send(&message).await,
            Way::Folder(folder) => {
                let path = folder.join(format!("{}.eml", mail.id));
                let bytes = message.formatted();
                tokio::task::spawn_blocking(move || write_whole(&path, &bytes))
                    .await
                    .map_err(|error| SendError::Temporary(error.to_string()))?
                    .map_err(|error| SendError::Temporary(error.to_string()))
            }
        }
    }
}

fn read_roots(path: &Path) -> Result<Vec<u8>, String> {
    let refuse = |why: &str| format!("SMTP_CA_FILE {} {why}.", path.display());
    let pem = fs::read(path).map_err(|error| refuse(&format!("cannot be read: {error}")))?;
    let has_certificate = String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----");
    if has_certificate { Ok(pem) } else { Err(refuse("holds no PEM certificate")) }
}

/// The file appears whole or not at all, readable by its owner alone.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let unfinished = path.with_extension("eml.unfinished");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::RenderedMail;
    use std::os::unix::fs::PermissionsExt;
    use uuid::Uuid;

    fn settings(folder: &Path) -> MailSettings {
        MailSettings {
            smtp_url: None,
            smtp_ca_file: None,
            from: "Sweep <sweep@crm.example>".to_owned(),
            folder: folder.join("mail"),
            send_timeout: SEND_TIMEOUT,
        }
    }

    fn mail(text: &str) -> OutgoingMail {
        OutgoingMail {
            id: Uuid::from_u128(12),
            date: "2026-11-24T09:14:07Z".parse().unwrap(),
            to_name: None,
            to_address: "ann@example.com".to_owned(),
            content: RenderedMail {
                subject: "Done".to_owned(),
                text: text.to_owned(),
                html: format!("<p>{text}</p>"),
                attachments: Vec::new(),
            },
        }
    }

    #[tokio::test]
    async fn a_mail_becomes_one_private_file_however_often_it_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let transport = MailTransport::from_settings(&settings(folder.path())).unwrap();
        transport.send(&mail("first")).await.unwrap();
        transport.send(&mail("second")).await.unwrap();
        let files: Vec<PathBuf> =
            fs::read_dir(folder.path().join("mail")).unwrap().map(|entry| entry.unwrap().path()).collect();
        let [file] = files.as_slice() else {
            panic!("{files:?}");
        };
        assert!(file.ends_with("00000000-0000-0000-0000-00000000000c.eml"));
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        let lines = fs::read_to_string(file).unwrap();
        assert!(lines.contains("second") && !lines.contains("first"));
        assert!(lines.contains("Message-ID: <00000000-0000-0000-0000-00000000000c@crm.example>"));
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("mail"), "in the way").unwrap();
        let transport = MailTransport::from_settings(&settings(folder.path())).unwrap();
        let error = transport.send(&mail("x")).await.unwrap_err();
        assert!(matches!(error, SendError::Temporary(_)), "{error:?}");
    }

    #[test]
    fn a_sender_on_this_machine_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(folder.path());
        settings.from = "Sweep <sweep@localhost>".to_owned();
        assert!(MailTransport::from_settings(&settings).is_ok());
    }

    #[test]
    fn a_bad_setting_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let refusal = |change: &dyn Fn(&mut MailSettings)| {
            let mut settings = settings(folder.path());
            settings.smtp_url = Some("smtp://localhost:1".to_owned());
            change(&mut settings);
            MailTransport::from_settings(&settings).err().unwrap()
        };
        let empty = folder.path().join("empty.pem");
        fs::write(&empty, "").unwrap();
        for (error, variable) in [
            (refusal(&|s| s.from = "nobody".to_owned()), "SWEEP_MAIL_FROM "),
            (refusal(&|s| s.smtp_url = Some("mail".to_owned())), "SMTP_URL "),
            (refusal(&|s| s.smtp_ca_file = Some("/no/such.pem".into())), "SMTP_CA_FILE "),
            (refusal(&|s| s.smtp_ca_file = Some(empty.clone())), "SMTP_CA_FILE "),
        ] {
            assert!(error.starts_with(variable) && error.ends_with('.'), "{error}");
        }
    }
}
