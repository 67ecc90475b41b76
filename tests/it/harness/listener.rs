//! One who listens to a stream of events: a bare socket, so that a test sees each event when it comes, and how the stream
//! ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use serde_json::Value;

use super::PATIENCE;

pub struct Listener {
    stream: BufReader<TcpStream>,
    /// The status line and the headers, in lower case.
    pub head: String,
    /// What has come and is no whole event yet.
    pending: String,
    /// The stream has come to its end, and was not broken off.
    pub whole: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: i64,
    pub name: String,
    pub data: Value,
}

impl Listener {
    /// Asks for the events of an action; any answer will do.
    pub fn open(address: SocketAddr, token: &str, action: &str, headers: &str) -> Self {
        let mut socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = format!(
            "GET /bulk-actions/{action}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
             Accept: text/event-stream\r\n{headers}\r\n"
        );
        socket.write_all(request.as_bytes()).unwrap();
        let mut stream = BufReader::new(socket);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(stream.read_line(&mut head).unwrap() > 0, "no answer but {head:?}");
        }
        let head = head.replace('\r', "").to_lowercase();
        Self { stream, head, pending: String::new(), whole: false }
    }

    pub fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let prefix = format!("{name}: ");
        self.head.lines().find_map(|line| line.strip_prefix(&prefix))
    }

    /// The next event; none when the stream has ended.
    pub fn next(&mut self) -> Option<Event> {
        let since = Instant::now();
        while let Some(block) = self.block() {
            if ![": keep-alive", "retry: 2000"].contains(&block.as_str()) {
                return Some(parse(&block));
            }
            assert!(since.elapsed() < PATIENCE, "nothing comes but signs of life");
        }
        None
    }

    /// The next lines up to an empty one.
    pub fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.pending.split_once("\n\n") {
                let block = block.to_owned();
                self.pending = rest.to_owned();
                return Some(block);
            }
            let chunk = self.chunk()?;
            self.pending.push_str(&chunk);
        }
    }

    fn chunk(&mut self) -> Option<String> {
        let mut size = String::new();
        if self.stream.read_line(&mut size).unwrap_or(0) == 0 {
            return None;
        }
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        let mut chunk = vec![0; size + 2];
        self.stream.read_exact(&mut chunk).ok()?;
        chunk.truncate(size);
        self.whole = size == 0;
        (size > 0).then(|| String::from_utf8(chunk).unwrap())
    }

    /// All that is still to come.
    pub fn rest(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.next()).collect()
    }
}

fn parse(block: &str) -> Event {
    let field = |name: &str| {
        let prefix = format!("{name}: ");
        block.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_else(|| panic!("no {name} in {block:?}"))
    };
    Event {
        id: field("id").parse().unwrap(),
        name: field("event").to_owned(),
        data: serde_json::from_str(field("data")).unwrap(),
    }
}
