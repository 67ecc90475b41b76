//! How files come in: types, keys, broken and slow connections, several at once.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use serde_json::{Value, json};

use super::{count, counts};
use crate::harness::{Claims, PATIENCE, TestServer, example_file};
use crate::many_records::wait_until;

fn rows(from: usize, to: usize) -> String {
    (from..to).fold(String::new(), |mut text, number| {
        let _ = write!(text, "{number},Name {number}\r\n");
        text
    })
}

/// Starts an upload of `length` bytes by hand.
fn start_upload(server: &TestServer, length: usize) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let token = Claims::admin().token();
    let head = format!(
        "POST /contacts/import HTTP/1.1\r\nHost: sweep\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: text/csv; charset=utf-8\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// Status and JSON body of the answer.
fn answer(mut stream: TcpStream) -> (String, Value) {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer in {text:?}"));
    let status = head.split_whitespace().nth(1).unwrap().to_owned();
    // A body of unknown length comes in chunks; ours are whole.
    let start = body.find('{').unwrap();
    (status, serde_json::from_str(body[start..].trim_end_matches("\r\n0\r\n\r\n")).unwrap())
}

#[test]
fn only_csv_without_a_key_is_taken() {
    let server = TestServer::start();
    let admin = server.admin();
    let file = || b"last_name\nx\n".to_vec();
    let send = |headers: &[(&str, &str)]| admin.send("POST", "/contacts/import", headers, file());
    send(&[("content-type", "application/json")]).refused("unsupported-media-type");
    send(&[]).refused("unsupported-media-type");
    send(&[("content-type", "text/csv; charset=latin1")]).refused("unsupported-media-type");
    send(&[("content-type", "text/csv"), ("content-encoding", "gzip")]).refused("unsupported-media-type");
    send(&[("content-type", "text/csv"), ("idempotency-key", "k")]).refused("idempotency-not-supported");
    server.nobody().csv("/contacts/import", file()).refused("unauthorized");
    assert_eq!(count(&server, "contacts"), 0);
    assert_eq!(counts(&server.member().csv("/contacts/import", file()).expect(200)), (1, 0, 0));
    admin.get("/contacts/import").refused("not-found");
    admin.put("/contacts/import", Value::Null).refused("method-not-allowed");
}

#[test]
fn a_cut_off_upload_says_how_far_it_came() {
    let server = TestServer::start();
    let body = format!("external_id,last_name\r\n{}", rows(0, 2_500));
    let mut stream = start_upload(&server, body.len() + 1);
    stream.write_all(body.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let (status, problem) = answer(stream);
    assert_eq!((status.as_str(), &problem["type"]), ("400", &"/problems/import-cut-off".into()), "{problem}");
    // Two whole batches of rows and the header.
    assert_eq!(problem["committed_through_line"], 2_001);
    assert_eq!(count(&server, "contacts"), 2_000);
    let told = server.admin().get("/audit-log?action=import").expect(200)["data"][0]["details"].clone();
    assert_eq!(told, json!({"kind": "contacts", "created": 2_000, "updated": 0, "rejected": 0, "complete": false}));
}

#[test]
fn a_slow_upload_holds_no_connection() {
    let server = TestServer::start_with(|settings| settings.api_connections = 1);
    let admin = server.admin();
    let body = format!("external_id,last_name\r\n{}", rows(0, 1_500));
    let (first, rest) = body.split_at(body.len() - 10);
    let mut stream = start_upload(&server, body.len());
    stream.write_all(first.as_bytes()).unwrap();
    // The first batch is stored, the second waits for its last bytes.
    assert!(wait_until(|| count(&server, "contacts") == 1_000));
    for _ in 0..5 {
        admin.get("/contacts?limit=1").expect(200);
        admin.csv("/companies/import", "external_id,name\nA,A\n").expect(200);
    }
    stream.write_all(rest.as_bytes()).unwrap();
    let (status, report) = answer(stream);
    assert_eq!((status.as_str(), counts(&report)), ("200", (1_500, 0, 0)));
}

#[test]
fn the_same_file_several_times_at_once_makes_each_record_once() {
    let server = TestServer::start();
    let file = example_file("companies.csv");
    let reports: Vec<Value> = std::thread::scope(|scope| {
        let imports: Vec<_> =
            (0..4).map(|_| scope.spawn(|| server.admin().csv("/companies/import", file.clone()).expect(200))).collect();
        imports.into_iter().map(|import| import.join().unwrap()).collect()
    });
    let sum = |name: &str| reports.iter().map(|report| report[name].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("created"), sum("updated"), sum("rejected")), (2_000, 3 * 2_000, 4 * 13), "{reports:?}");
    assert_eq!(count(&server, "companies"), 2_000);
    assert_eq!(count(&server, "(SELECT DISTINCT external_id FROM companies) AS known"), 2_000);
}
