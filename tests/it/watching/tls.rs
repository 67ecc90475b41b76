//! `sweep watch` through a proxy that speaks TLS, as one stands before a service in production.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use rustls::{ServerConnection, StreamOwned};

use super::command::{said, watch};
use super::id;
use crate::bulk_delete::{contacts, delete_ids};
use crate::harness::{Claims, TestServer};
use crate::smtp_server::certified;

/// Passes one request on to the service, and its answer back until the service has closed; gives the port and the root
/// certificate (PEM) of the proxy.
fn proxy(service: SocketAddr) -> (u16, String) {
    let (config, root) = certified();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let socket = listener.accept().unwrap().0;
        let mut client = StreamOwned::new(ServerConnection::new(config).unwrap(), socket);
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") {
            // A client that does not trust the certificate says no more.
            if client.read(&mut byte).unwrap_or(0) == 0 {
                return;
            }
            request.push(byte[0]);
        }
        let mut service = TcpStream::connect(service).unwrap();
        service.write_all(&request).unwrap();
        let mut piece = [0; 4096];
        while let Ok(length @ 1..) = service.read(&mut piece) {
            client.write_all(&piece[..length]).unwrap();
        }
        client.conn.send_close_notify();
        let _ = client.flush();
    });
    (port, root)
}

#[test]
fn certificates_are_verified() {
    let server = TestServer::start();
    let action = id(&delete_ids(&server.admin(), "contact", &contacts(&server.admin(), &["a"])));
    let token = Claims::admin().token();
    let (port, root) = proxy(server.address);
    let file = server.data.path().join("root.pem");
    std::fs::write(&file, root).unwrap();
    let mut trusting = watch(&format!("https://localhost:{port}"), &token, &action);
    let (code, out, errors) = said(&trusting.env("SSL_CERT_FILE", &file).output().unwrap());
    assert_eq!((code, out.as_str()), (Some(0), "completed: 1 of 1 contacts processed: 1 deleted\n"), "{errors}");

    let (port, _) = proxy(server.address);
    let mut strange = watch(&format!("https://localhost:{port}"), &token, &action);
    let (code, _, errors) = said(&strange.env("SSL_CERT_FILE", &file).output().unwrap());
    assert_eq!(code, Some(1));
    assert!(errors.contains("certificate"), "{errors}");
}
