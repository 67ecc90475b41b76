//! Lists as CSV files: what they hold, who gets them, and that an import reads back what an export wrote.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use crate::harness::{Answer, Claims, Client, PATIENCE, TestServer};
use crate::many_records;

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The file that a list gives.
#[track_caller]
fn export(client: &Client, list: &str) -> String {
    let answer = client.get(&format!("{list}{}format=csv", if list.contains('?') { '&' } else { '?' }));
    file(&answer).to_owned()
}

#[track_caller]
fn file(answer: &Answer) -> &str {
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/csv; charset=utf-8")));
    std::str::from_utf8(&answer.body).unwrap()
}

/// The rows of a file, each cell by its column.
fn rows(file: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(file.strip_prefix(BYTE_ORDER_MARK).unwrap().as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

fn header(file: &str) -> Vec<&str> {
    file.strip_prefix(BYTE_ORDER_MARK).unwrap().split("\r\n").next().unwrap().split(',').collect()
}

/// A column of every row.
fn column(file: &str, name: &str) -> Vec<String> {
    rows(file).into_iter().map(|mut row| row.remove(name).unwrap()).collect()
}

/// The file without some of its columns.
fn without(file: &str, columns: &[&str]) -> Vec<u8> {
    let kept: Vec<usize> =
        header(file).iter().enumerate().filter(|(_, name)| !columns.contains(name)).map(|(place, _)| place).collect();
    let body = file.strip_prefix(BYTE_ORDER_MARK).unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(body.as_bytes());
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in reader.records().map(Result::unwrap) {
        writer.write_record(kept.iter().map(|place| &row[*place])).unwrap();
    }
    writer.into_inner().unwrap()
}

/// Every record of a list, but for when it was changed.
fn records(client: &Client, list: &str) -> Vec<Value> {
    let mut records = client.get(&format!("{list}?limit=200")).expect(200)["data"].as_array().unwrap().clone();
    for record in &mut records {
        record.as_object_mut().unwrap().remove("updated_at").unwrap();
    }
    records
}

fn create(client: &Client, list: &str, body: Value) -> String {
    client.post(list, body).expect(201)["id"].as_str().unwrap().to_owned()
}

fn link(client: &Client, contact: &str, company: &str, place: Value) {
    client.put(&format!("/contacts/{contact}/companies/{company}"), place).expect(200);
}

/// Contacts and companies with whatever is hard to write into a cell.
fn make_odd_records(client: &Client) {
    let first = create(
        client,
        "/companies",
        json!({"name": "'s Gravensande, \"Bloemen\" & Zn.", "external_id": "=CO-1", "vat_number": "BE0123456789",
            "emails": [{"type": "invoicing", "email": "bills@co.example"}, {"type": "primary", "email": "a@co.example"},
                {"type": "primary", "email": "b@co.example"}],
            "telephones": [{"type": "fax", "number": "+32 9"}, {"type": "phone", "number": "+32 2 123 45 67"}],
            "iban": "BE68539007547034", "bic": "GKCCBEBB", "language": "nl", "preferred_currency": "EUR",
            "payment_term": {"type": "after_invoice_date", "days": 30}, "custom_fields": {"employees": 12}}),
    );
    let second = create(client, "/companies", json!({"name": "No key", "payment_term": {"type": "cash"}}));
    let ann = create(
        client,
        "/contacts",
        json!({"external_id": "CT-1", "first_name": "'=Ann", "last_name": "'s Gravensande", "salutation": "-",
            "gender": "female", "birthdate": "1980-05-17", "status": "deactivated",
            "emails": [{"type": "primary", "email": "+ann@x.example"}, {"type": "primary", "email": "b@x.example"}],
            "telephones": [{"type": "mobile", "number": "+32 470 12 34 56"}, {"type": "phone", "number": "+32 2"},
                {"type": "phone", "number": "02 3"}],
            "addresses": [{"type": "invoicing", "city": "Ghent"},
                {"type": "primary", "line_1": "@Home, 3\nbus 4", "postal_code": "009000", "country": "BE"}],
            "website": "https://x.example/?a=1,2", "remarks": "=HYPERLINK(\"http://evil.example\")\r\n\tline\rtwo\n\"end\"",
            "tags": ["lost", "a|b", "+1"], "marketing_mails_consent": false,
            "custom_fields": {"score": -0.25, "big": 1e15, "zip": "007", "since": "2026-11-24", "vip": true,
                "digits": "42", "empty": "", "note": "\t '+x"}}),
    );
    let plain = create(client, "/contacts", json!({"last_name": "Plain"}));
    link(client, &ann, &second, json!({}));
    link(client, &ann, &first, json!({"position": "CFO, \"acting\"", "division": "-", "decision_maker": true}));
    link(client, &plain, &second, json!({"position": "Owner"}));
}

#[test]
fn an_import_of_an_export_changes_nothing() {
    let server = TestServer::start();
    let member = server.member();
    make_odd_records(&member);
    for list in ["/companies", "/contacts"] {
        let (before, first) = (records(&member, list), export(&member, list));
        let report = member.csv(&format!("{list}/import"), first.as_bytes()).expect(200);
        assert_eq!((&report["created"], &report["updated"], &report["rejected"]), (&json!(0), &json!(2), &json!(0)));
        assert_eq!(records(&member, list), before);
        assert_eq!(export(&member, list), first);
    }
}

#[test]
fn another_account_can_import_it_without_the_ids_and_gets_all_that_a_csv_can_carry() {
    let server = TestServer::start();
    let (admin, stranger) = (server.admin(), server.stranger());
    make_odd_records(&admin);
    let report = stranger.csv("/companies/import", export(&admin, "/companies").as_bytes()).expect(200);
    assert_eq!(report["rejected"], 2, "no id of another account is known: {report}");
    for list in ["/companies", "/contacts"] {
        let report = stranger.csv(&format!("{list}/import"), without(&export(&admin, list), &["id", "company_id"]));
        // The company of Plain has no external_id to be found by.
        let rejected = u64::from(list == "/contacts");
        assert_eq!(report.expect(200)["rejected"], rejected, "{list}");
    }
    let company = &export(&stranger, "/companies");
    assert_eq!(without(company, &["id"]), without(&export(&admin, "/companies"), &["id"]));
    let ann = &records(&stranger, "/contacts")[0];
    assert_eq!((&ann["first_name"], &ann["salutation"]), (&json!("'=Ann"), &json!("-")));
    assert_eq!(ann["remarks"], "=HYPERLINK(\"http://evil.example\")\r\n\tline\rtwo\n\"end\"");
    assert_eq!(ann["emails"], json!([{"type": "primary", "email": "+ann@x.example"}]));
    assert_eq!(ann["addresses"].as_array().unwrap().len(), 1);
    assert_eq!(ann["tags"], json!(["lost", "a", "b", "+1"]));
    let expected = json!({"score": -0.25, "big": "1000000000000000", "zip": "007", "since": "2026-11-24",
        "vip": "true", "digits": 42, "note": "\t '+x"});
    assert_eq!(ann["custom_fields"], expected);
    assert_eq!(ann["companies"].as_array().unwrap().len(), 1);
    assert_eq!(ann["companies"][0]["position"], "CFO, \"acting\"");
}

#[test]
fn the_file_has_every_column_of_imports_and_no_cell_that_a_spreadsheet_runs() {
    let server = TestServer::start();
    let admin = server.admin();
    make_odd_records(&admin);
    for (list, custom) in [
        ("/contacts", vec!["big", "digits", "empty", "note", "score", "since", "vip", "zip"]),
        ("/companies", vec!["employees"]),
    ] {
        let file = export(&admin, list);
        let refusal = admin.csv(&format!("{list}/import"), "no such column\n").refused("invalid-header-row");
        let known = refusal["detail"].as_str().unwrap().split_once("they may have ").unwrap().1.to_owned();
        let mut columns: Vec<String> =
            known.split(", ").map(str::to_owned).take_while(|c| !c.contains("KEY")).collect();
        columns.extend(custom.iter().map(|key| format!("custom_fields.{key}")));
        assert_eq!(header(&file), columns);
        assert!(file.ends_with("\r\n"));
        assert!(
            rows(&file).iter().flat_map(BTreeMap::values).all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t']))
        );
    }
    let contacts = export(&admin, "/contacts");
    for cell in [
        ",''=Ann,'s Gravensande,'-,female,1980-05-17,deactivated,'+ann@x.example,'+32 2,'+32 470 12 34 56,",
        ",\"'@Home, 3\nbus 4\",009000,,BE,",
        ",\"'=HYPERLINK(\"\"http://evil.example\"\")\r\n\tline\rtwo\n\"\"end\"\"\",lost|a|b|+1,false,'=CO-1,",
        ",\"CFO, \"\"acting\"\"\",'-,true,1000000000000000,42,,'\t '+x,'-0.25,2026-11-24,true,007\r\n",
    ] {
        assert!(contacts.contains(cell), "{cell}\nis not in\n{contacts}");
    }
}

#[test]
fn filters_segments_and_order_hold_and_so_do_accounts_and_the_bin() {
    let server = TestServer::start();
    let admin = server.admin();
    for (name, tag) in [("Bert", "a"), ("Ann", "a"), ("Carl", "b"), ("Gone", "a")] {
        let fields = json!({"last_name": name, "tags": [tag], "custom_fields": {(format!("of_{tag}")): 1}});
        let id = create(&admin, "/contacts", fields);
        if name == "Gone" {
            admin.delete(&format!("/contacts/{id}")).expect(204);
        }
    }
    create(&server.stranger(), "/contacts", json!({"last_name": "Foreign", "tags": ["a"], "custom_fields": {"x": 1}}));
    let segment = json!({"name": "With a", "entity": "contact", "match": "all",
        "rules": [{"field": "tags", "operator": "has_any", "value": ["a"]}]});
    let segment = create(&admin, "/segments", segment);
    let names = |client: &Client, list: &str| column(&export(client, list), "last_name");
    assert_eq!(names(&admin, "/contacts"), ["Ann", "Bert", "Carl"]);
    assert_eq!(names(&admin, "/contacts?sort=-added_at"), ["Carl", "Ann", "Bert"]);
    assert_eq!(names(&admin, &format!("/contacts?segment_id={segment}&sort=-name")), ["Bert", "Ann"]);
    assert_eq!(names(&admin, "/contacts?q=CARL"), ["Carl"]);
    assert_eq!(names(&server.member(), "/contacts?tags=a"), ["Ann", "Bert"]);
    assert_eq!(names(&server.stranger(), "/contacts"), ["Foreign"]);
    // A column for what these records have, not for what others have.
    assert_eq!(header(&export(&admin, "/contacts?tags=b")).last(), Some(&"custom_fields.of_b"));
    assert_eq!(header(&export(&admin, "/contacts?tags=a")).last(), Some(&"custom_fields.of_a"));
    let nothing = export(&admin, "/contacts?tags=c");
    assert_eq!((nothing.lines().count(), header(&nothing).last()), (1, Some(&"decision_maker")));

    server.stranger().get(&format!("/contacts?format=csv&segment_id={segment}")).refused("not-found");
    let problem = admin.get(&format!("/companies?format=csv&segment_id={segment}")).refused("validation-failed");
    assert_eq!(problem["errors"][0]["pointer"], "?segment_id");
    server.nobody().get("/contacts?format=csv").refused("unauthorized");
}

#[test]
fn the_accept_header_or_format_asks_for_a_file_which_has_no_pages() {
    let server = TestServer::start();
    let member = server.member();
    for (list, body) in [("/contacts", json!({"last_name": "Ann"})), ("/companies", json!({"name": "Ann"}))] {
        create(&member, list, body.clone());
        create(&member, list, body);
        let accept = |path: &str, media: &str| member.send("GET", path, &[("accept", media)], Vec::new());
        let answer = accept(list, "text/csv");
        let name = format!("attachment; filename=\"{}.csv\"", &list[1..]);
        assert_eq!(answer.header("content-disposition"), Some(name.as_str()));
        assert_eq!(file(&answer), export(&member, list));
        accept(&format!("{list}?format=json"), "text/csv").expect(200);
        let head = member.send("HEAD", &format!("{list}?format=csv"), &[], Vec::new());
        assert_eq!((file(&head), head.header("content-disposition")), ("", Some(name.as_str())));

        let page = member.get(&format!("{list}?limit=1&format=json")).expect(200);
        let cursor = page["page"]["next_cursor"].as_str().unwrap();
        member.get(&format!("{list}?cursor={cursor}")).expect(200);
        let paged = format!("{list}?format=csv&limit=5&with_total=true&cursor={cursor}");
        let problem = member.get(&paged).refused("validation-failed");
        let named: Vec<&Value> = problem["errors"].as_array().unwrap().iter().map(|e| &e["pointer"]).collect();
        assert_eq!(named, ["?limit", "?cursor", "?with_total"]);
        member.get(&format!("{list}?format=xml")).refused("validation-failed");
    }
}

#[test]
fn thousands_of_records_come_whole_and_once() {
    let server = TestServer::start();
    let (admin, mut sql) = (server.admin(), server.sql());
    many_records::contacts(&admin, &mut sql, 2_500);
    many_records::companies(&admin, &mut sql, 1_000);
    for (list, count) in [("/contacts", 2_500), ("/contacts?sort=-updated_at", 2_500), ("/companies", 1_000)] {
        let file = export(&admin, list);
        let mut ids = column(&file, "id");
        ids.sort();
        ids.dedup();
        assert_eq!((ids.len(), rows(&file).len(), file.matches(BYTE_ORDER_MARK).count()), (count, count, 1));
    }
}

#[test]
fn a_reader_that_stops_reading_holds_no_connection() {
    let server = TestServer::start();
    let (admin, mut sql) = (server.admin(), server.sql());
    many_records::contacts(&admin, &mut sql, 2_100);
    let fill = "UPDATE contacts SET profile = profile || jsonb_build_object('remarks', repeat('x', 10000))";
    sql.batch_execute(fill).unwrap();
    let mut reader = TcpStream::connect(server.address).unwrap();
    reader.set_read_timeout(Some(PATIENCE)).unwrap();
    let token = Claims::admin().token();
    let request = format!(
        "GET /contacts?format=csv HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    reader.write_all(request.as_bytes()).unwrap();
    let mut start = [0; 12];
    reader.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
    let in_use = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND application_name = 'sweep' AND state <> 'idle' AND query ILIKE '%contacts%'";
    assert!(many_records::wait_until(|| many_records::count(&mut sql, in_use) == 0));
    // What it has not taken yet is read from the database when it does.
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).unwrap();
    assert!(rest.len() > 21_000_000 && rest.ends_with(b"0\r\n\r\n"), "{}", rest.len());
}
