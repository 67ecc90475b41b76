//! An SMTP server that follows a script: what it answers, where it hangs, where it drops the line.
//! It records what it got, so that tests can say what must and must not have been sent.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::harness::PATIENCE;
use crate::many_records::wait_until;

/// Where in the talk a script departs from what a well-behaved server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Greeting,
    MailFrom,
    Recipient,
    Data,
    /// After the mail and its final dot, before the answer.
    Message,
    Quit,
}

#[derive(Debug, Clone, Copy)]
pub enum Conduct {
    Proper,
    Answer(Stage, &'static str),
    Hang(Stage),
    Drop(Stage),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    None,
    OnOffer,
    FromTheStart,
}

/// What came over one connection.
#[derive(Debug, Clone, Default)]
pub struct Received {
    pub encrypted: bool,
    /// `\0user\0password`, and whether it came encrypted.
    pub credentials: Option<(String, bool)>,
    pub mail_from: Option<String>,
    pub recipients: Vec<String>,
    /// The mail's lines with the dots undone, when all of it came.
    pub mail: Option<String>,
    /// The server said that it has it.
    pub taken: bool,
}

pub struct SmtpServer {
    pub port: u16,
    /// The root certificate that signed its own, as PEM.
    pub root_pem: String,
    received: Arc<Mutex<BTreeMap<usize, Received>>>,
    stopped: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// One connection, and what is recorded of it when it ends.
struct Conversation {
    conduct: Conduct,
    tls: Tls,
    tls_config: Arc<ServerConfig>,
    stopped: Arc<AtomicBool>,
    socket: TcpStream,
    stream: BufReader<Box<dyn Stream>>,
    received: Received,
}

/// The connection is over, for whatever reason.
struct Over;

impl From<std::io::Error> for Over {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

impl SmtpServer {
    /// One conduct for each connection in turn; the last one holds for all that follow.
    pub fn start(tls: Tls, conducts: &[Conduct]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(BTreeMap::new()));
        let stopped = Arc::new(AtomicBool::new(false));
        let (tls_config, root_pem) = certified();
        let conducts = conducts.to_vec();
        let acceptor = thread::spawn({
            let (received, stopped) = (Arc::clone(&received), Arc::clone(&stopped));
            move || {
                for (turn, socket) in listener.incoming().enumerate() {
                    if stopped.load(Ordering::SeqCst) {
                        return;
                    }
                    let socket = socket.unwrap();
                    let mut conversation = Conversation {
                        conduct: conducts[turn.min(conducts.len() - 1)],
                        tls,
                        tls_config: Arc::clone(&tls_config),
                        stopped: Arc::clone(&stopped),
                        stream: BufReader::new(Box::new(socket.try_clone().unwrap())),
                        socket,
                        received: Received::default(),
                    };
                    let received = Arc::clone(&received);
                    thread::spawn(move || {
                        conversation.talk(&|talk| drop(received.lock().unwrap().insert(turn, talk)));
                    });
                }
            }
        });
        Self { port, root_pem, received, stopped, acceptor: Some(acceptor) }
    }

    /// What came over each connection that has ended, and over those that hang, in the order in which they were made.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().values().cloned().collect()
    }

    /// Waits until `n` connections are recorded; a client may know of an end before the record does.
    pub fn received_after(&self, n: usize) -> Vec<Received> {
        assert!(wait_until(|| self.received().len() >= n), "{n} connections were expected: {:?}", self.received());
        self.received()
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

/// A certificate for `localhost`, signed by a root of its own.
pub fn certified() -> (Arc<ServerConfig>, String) {
    let root_key = rcgen::KeyPair::generate().unwrap();
    let mut root = rcgen::CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root_certificate = root.self_signed(&root_key).unwrap();
    let issuer = rcgen::Issuer::new(root, root_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate =
        rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let private_key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private_key)
        .unwrap();
    (Arc::new(config), root_certificate.pem())
}

impl Conversation {
    /// Talks to the end; `record` is called once, before a hang or at the end.
    fn talk(&mut self, record: &dyn Fn(Received)) {
        let _ = self.socket.set_read_timeout(Some(PATIENCE));
        let encrypted = self.tls != Tls::FromTheStart || self.encrypt().is_ok();
        if encrypted {
            let _ = self.converse();
        }
        record(self.received.clone());
        if let Conduct::Hang(_) = self.conduct {
            while !self.stopped.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(25));
            }
        }
    }

    fn converse(&mut self) -> Result<(), Over> {
        self.follow_script(Stage::Greeting, "220 ready")?;
        loop {
            let command = self.read_line()?;
            let (verb, rest) = command.split_once([' ', ':']).unwrap_or((&command, ""));
            match verb {
                "EHLO" => self.say(self.features())?,
                "STARTTLS" => {
                    self.say("220 go ahead")?;
                    self.encrypt()?;
                }
                "AUTH" => {
                    let plain = STANDARD.decode(rest.trim_start_matches("PLAIN ")).unwrap();
                    let plain = String::from_utf8(plain).unwrap();
                    self.received.credentials = Some((plain, self.received.encrypted));
                    self.say("235 welcome")?;
                }
                "MAIL" => {
                    self.received.mail_from = Some(rest.to_owned());
                    self.follow_script(Stage::MailFrom, "250 ok")?;
                }
                "RCPT" => {
                    self.received.recipients.push(rest.to_owned());
                    self.follow_script(Stage::Recipient, "250 ok")?;
                }
                "DATA" => {
                    if self.follow_script(Stage::Data, "354 go ahead")? {
                        self.received.mail = Some(self.read_mail()?);
                        self.received.taken = self.follow_script(Stage::Message, "250 taken")?;
                    }
                }
                "QUIT" => {
                    self.follow_script(Stage::Quit, "221 bye")?;
                    return Ok(());
                }
                _ => self.say("502 what?")?,
            }
        }
    }

    fn features(&self) -> &'static str {
        if self.tls == Tls::OnOffer && !self.received.encrypted {
            "250-test\r\n250-STARTTLS\r\n250 AUTH PLAIN"
        } else {
            "250-test\r\n250 AUTH PLAIN"
        }
    }

    /// Answers as a proper server does, and says so; or does what the script says instead.
    fn follow_script(&mut self, stage: Stage, proper: &str) -> Result<bool, Over> {
        match self.conduct {
            Conduct::Answer(at, answer) if at == stage => self.say(answer).map(|()| false),
            Conduct::Hang(at) | Conduct::Drop(at) if at == stage => Err(Over),
            _ => self.say(proper).map(|()| true),
        }
    }

    fn say(&mut self, line: &str) -> Result<(), Over> {
        let stream = self.stream.get_mut();
        stream.write_all(line.as_bytes())?;
        stream.write_all(b"\r\n")?;
        Ok(stream.flush()?)
    }

    fn read_line(&mut self) -> Result<String, Over> {
        let mut line = String::new();
        match self.stream.read_line(&mut line)? {
            0 => Err(Over),
            _ => Ok(line.trim_end_matches(['\r', '\n']).to_owned()),
        }
    }

    fn read_mail(&mut self) -> Result<String, Over> {
        let mut mail = String::new();
        loop {
            let line = self.read_line()?;
            if line == "." {
                return Ok(mail);
            }
            mail.push_str(line.strip_prefix('.').unwrap_or(&line));
            mail.push_str("\r\n");
        }
    }

    fn encrypt(&mut self) -> Result<(), Over> {
        let connection = ServerConnection::new(Arc::clone(&self.tls_config)).map_err(|_| Over)?;
        let mut encrypted = StreamOwned::new(connection, self.socket.try_clone()?);
        encrypted.conn.complete_io(&mut encrypted.sock)?;
        self.stream = BufReader::new(Box::new(encrypted));
        self.received.encrypted = true;
        Ok(())
    }
}
