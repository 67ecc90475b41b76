//! What files may look like: delimiters, line ends, quotes, headers, cells that cannot be read.

use serde_json::{Value, json};

use super::{counts, rejected_cells};
use crate::harness::TestServer;

/// The contact with this external id.
fn contact(server: &TestServer, external_id: &str) -> Value {
    let listed = server.admin().get("/contacts?limit=200").expect(200);
    let found = listed["data"].as_array().unwrap().iter().find(|contact| contact["external_id"] == external_id);
    found.unwrap_or_else(|| panic!("no contact {external_id} in {listed}")).clone()
}

#[test]
fn delimiters_and_line_ends_are_told_from_the_file() {
    for delimiter in [",", ";", "\t"] {
        for end in ["\n", "\r\n", "\r"] {
            let server = TestServer::start();
            let lines = [
                "",
                "external_id|last_name|remarks|tags",
                "",
                "1|Peeters|plain|a",
                "",
                "",
                "2|\"Janssens, Jan; \"\"J\"\"\t\"|\"first\r\nsecond\nthird\rfourth\"|b",
                "3||no name|",
                "",
                "4|Last|\"\"|",
            ];
            let file = format!("\u{feff}{}", lines.join(end).replace('|', delimiter));
            let report = server.admin().csv("/contacts/import", file).expect(200);
            assert_eq!(counts(&report), (3, 0, 1), "{delimiter:?} {end:?} {report}");
            // A blank line is counted; so are the three line ends within quotes.
            assert_eq!(rejected_cells(&report), [(11, "last_name".to_owned())], "{delimiter:?} {end:?}");
            let quoted = contact(&server, "2");
            assert_eq!(quoted["last_name"], "Janssens, Jan; \"J\"");
            assert_eq!(quoted["remarks"], "first\r\nsecond\nthird\rfourth");
            assert_eq!(contact(&server, "4")["remarks"], Value::Null);
        }
    }
}

#[test]
fn a_wrong_header_is_refused_before_any_row() {
    let server = TestServer::start();
    let admin = server.admin();
    for (file, columns) in [
        ("", vec![""]),
        ("\u{feff}\r\n\n", vec![""]),
        ("first_name\nAnn\n", vec!["last_name"]),
        ("last_name,surname,last_name,LAST_NAME\nx,x,x,x\n", vec!["surname", "last_name", "LAST_NAME"]),
        ("last_name,custom_fields.Score\nx,1\n", vec!["custom_fields.Score"]),
        ("last_name,name,preferred_currency\nx,y,EUR\n", vec!["name", "preferred_currency"]),
        ("last_name,\nx,y\n", vec![""]),
    ] {
        let problem = admin.csv("/contacts/import", file).refused("invalid-header-row");
        let named: Vec<&str> =
            problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        assert_eq!(named, columns, "{file:?} {problem}");
    }
    admin.csv("/contacts/import", b"last_name\xff\nx\n".as_slice()).refused("invalid-header-row");
    admin.csv("/companies/import", "last_name\nx\n").refused("invalid-header-row");
    assert_eq!(super::count(&server, "contacts"), 0);
}

#[test]
fn a_row_that_cannot_be_read_is_rejected_and_the_rest_is_not() {
    let server = TestServer::start();
    let admin = server.admin();
    let mut file = b"external_id,last_name\n1,One\n2\n3,Three,more\n".to_vec();
    file.extend(b"4,F\xfcnf\n5,Fi\0ve\n6,Six\n7,\"");
    file.extend(vec![b'x'; 5 << 20]);
    file.extend(b"\"\n8,Eight\n9,\"never closed\n10,Ten\n");
    let report = admin.csv("/contacts/import", file).expect(200);
    let column = |name: &str| name.to_owned();
    let expected = [
        (3, column("-")),
        (4, column("-")),
        (5, column("last_name")),
        (6, column("last_name")),
        (8, column("last_name")),
        (10, column("-")),
    ];
    assert_eq!(rejected_cells(&report), expected, "{report}");
    assert_eq!(counts(&report), (3, 0, 6));
}

#[test]
fn several_cells_of_a_row_are_named_and_the_row_counts_once() {
    let server = TestServer::start();
    let file = "last_name,gender,birthdate,email,country,payment_term_days,custom_fields.note,status,decision_maker\n\
                ,x,1980-02-30,no,XX,9,,gone,maybe\n";
    let report = server.admin().csv("/contacts/import", file).expect(200);
    assert_eq!(counts(&report), (0, 0, 1));
    let mut columns: Vec<String> = rejected_cells(&report).into_iter().map(|(_, column)| column).collect();
    columns.sort();
    let expected =
        ["birthdate", "country", "decision_maker", "email", "gender", "last_name", "payment_term_days", "status"];
    assert_eq!(columns, expected, "{report}");
}

#[test]
fn the_first_thousand_rejections_are_listed_and_all_are_counted() {
    let server = TestServer::start();
    let mut file = "last_name,email\n".to_owned();
    file.push_str(&",no\n".repeat(1_234));
    let report = server.admin().csv("/contacts/import", file).expect(200);
    assert_eq!(report["rejected"], 1_234);
    let lines: Vec<u64> = rejected_cells(&report).into_iter().map(|(line, _)| line).collect();
    assert_eq!((lines.len(), lines[0], lines[999]), (1_000, 2, 501));
}

#[test]
fn a_key_that_comes_again_updates_what_an_earlier_row_made() {
    let server = TestServer::start();
    let admin = server.admin();
    let file = "external_id,first_name,last_name\n1,Ann,Peeters\n1,An,Peeters\n1,,\n2,Jan,Jansen\n,No,Key\n,No,Key\n";
    let report = admin.csv("/contacts/import", file).expect(200);
    assert_eq!(counts(&report), (4, 1, 1), "{report}");
    assert_eq!(rejected_cells(&report), [(4, "last_name".to_owned())]);
    assert_eq!(contact(&server, "1")["name"], "An Peeters");
}

#[test]
fn absent_columns_leave_fields_alone_and_empty_cells_clear_them() {
    let server = TestServer::start();
    let admin = server.admin();
    let body = json!({"external_id": "1", "first_name": "Ann", "last_name": "Peeters", "gender": "female",
        "status": "deactivated", "salutation": "Dr", "remarks": "keep", "tags": ["a", "b"],
        "emails": [{"type": "primary", "email": "a@x.example"}, {"type": "primary", "email": "b@x.example"}],
        "telephones": [{"type": "mobile", "number": "1"}, {"type": "fax", "number": "2"}],
        "addresses": [{"type": "invoicing", "city": "Ghent"}, {"type": "primary", "city": "Liège", "country": "BE"}],
        "custom_fields": {"score": 81, "note": "x", "old": true}, "payment_term": {"type": "end_of_month", "days": 30}});
    admin.post("/contacts", body).expect(201);
    let file = "external_id,last_name,first_name,salutation,status,email,mobile,telephone,city,tags,\
                custom_fields.score,custom_fields.note,custom_fields.zip,payment_term_days\n\
                1,Peeters,,,,,,+32 2 1,,c|A| c ,,5.50,0900,60\n";
    let report = admin.csv("/contacts/import", file).expect(200);
    assert_eq!(counts(&report), (0, 1, 0), "{report}");
    let changed = contact(&server, "1");
    assert_eq!(
        (&changed["first_name"], &changed["salutation"], &changed["status"]),
        (&Value::Null, &Value::Null, &json!("active"))
    );
    assert_eq!((&changed["gender"], &changed["remarks"]), (&json!("female"), &json!("keep")));
    assert_eq!(changed["emails"], json!([{"type": "primary", "email": "b@x.example"}]));
    assert_eq!(changed["telephones"], json!([{"type": "fax", "number": "2"}, {"type": "phone", "number": "+32 2 1"}]));
    let primary = json!({"type": "primary", "line_1": null, "postal_code": null, "city": null, "country": "BE"});
    assert_eq!((changed["addresses"].as_array().unwrap().len(), &changed["addresses"][1]), (2, &primary));
    assert_eq!(changed["tags"], json!(["c", "A"]));
    assert_eq!(changed["custom_fields"], json!({"note": 5.5, "old": true, "zip": "0900"}));
    assert_eq!(changed["payment_term"], json!({"type": "end_of_month", "days": 60}));
    let read = admin.get(&format!("/contacts/{}", changed["id"].as_str().unwrap()));
    assert_eq!(read.header("etag"), Some("\"2\""));
}
