//! Requests that no HTTP client would send, byte for byte.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use super::PATIENCE;

#[derive(Debug)]
pub struct RawAnswer {
    pub status: u16,
    /// The header lines, in lower case.
    pub head: String,
    pub body: String,
}

impl RawAnswer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let prefix = format!("{name}: ");
        self.head.lines().find_map(|line| line.strip_prefix(&prefix))
    }
}

/// An address at which nobody listens. A free port might soon be another test's: this one is the near end of a connection.
pub struct Deserted {
    pub address: SocketAddr,
    _ends: [TcpStream; 2],
}

impl Deserted {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (far, address) = listener.accept().unwrap();
        Self { address, _ends: [near, far] }
    }
}

/// Sends `request` and reads until the service closes the connection. The request has to say `Connection: close`.
pub fn exchange(address: SocketAddr, request: &[u8]) -> RawAnswer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // The service may answer and close before it has read all.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let mut piece = [0; 16 * 1024];
    while let Ok(length @ 1..) = stream.read(&mut piece) {
        answer.extend_from_slice(&piece[..length]);
    }
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer but {answer:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    RawAnswer { status, head: head.replace('\r', "").to_lowercase(), body: body.to_owned() }
}
