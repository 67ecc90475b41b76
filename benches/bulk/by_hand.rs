//! What the service's requests are held against: a process that answers them from the same tables with the same SQL and
//! nothing else, as one would write it by hand with the same libraries. It asks for no token, checks nothing and tells
//! nobody.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use actix_web::error::{ErrorInternalServerError, ErrorNotFound};
use actix_web::{App, HttpResponse, HttpServer, web};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, Pool};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sweep::repository::schema::{companies, contact_companies, contacts};
use uuid::{ContextV7, Uuid};

use crate::service::Client;
use crate::{ACCOUNT, Failure};

/// As many as the service has for requests.
const CONNECTIONS: u32 = 16;
const PAGE: i64 = 50;

type Connections = Pool<ConnectionManager<PgConnection>>;

/// The running process; stopped when dropped.
pub struct ByHand {
    process: Child,
    address: String,
}

impl ByHand {
    pub fn start(database_url: &str) -> Result<Self, Failure> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["--serve-by-hand", database_url])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        BufReader::new(process.stdout.take().ok_or("it has no output")?).read_line(&mut address)?;
        Ok(Self { process, address: address.trim().to_owned() })
    }

    pub fn client(&self) -> Client {
        Client::new(&self.address, "")
    }

    pub fn process(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for ByHand {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves until the process is killed; its first line of output is its address.
pub fn serve(database_url: &str) -> Result<(), Failure> {
    let pool = Pool::builder().max_size(CONNECTIONS).build(ConnectionManager::<PgConnection>::new(database_url))?;
    let cores = std::thread::available_parallelism()?.get();
    actix_web::rt::System::new().block_on(async {
        let app = move || {
            App::new()
                .app_data(web::Data::new(pool.clone()))
                .route("/contacts", web::get().to(list))
                .route("/contacts", web::post().to(create))
                .route("/contacts/{id}", web::get().to(read))
        };
        let server = HttpServer::new(app).workers(cores).bind("127.0.0.1:0")?;
        println!("{}", server.addrs()[0]);
        server.run().await
    })?;
    Ok(())
}

#[derive(Serialize, Queryable, Selectable)]
#[diesel(table_name = contacts, check_for_backend(diesel::pg::Pg))]
struct Contact {
    id: Uuid,
    external_id: Option<String>,
    first_name: Option<String>,
    last_name: String,
    gender: Option<String>,
    birthdate: Option<NaiveDate>,
    status: String,
    emails: Value,
    telephones: Value,
    addresses: Value,
    #[serde(flatten)]
    profile: Value,
    tags: Vec<String>,
    custom_fields: Value,
    marketing_mails_consent: Option<bool>,
    added_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    #[serde(skip)]
    sort_name: String,
}

#[derive(Serialize, Queryable, Selectable)]
#[diesel(table_name = contact_companies, check_for_backend(diesel::pg::Pg))]
#[allow(clippy::struct_field_names, reason = "it is named so in the answer")]
struct Company {
    #[serde(skip)]
    contact_id: Uuid,
    company_id: Uuid,
    position: Option<String>,
    division: Option<String>,
    decision_maker: bool,
}

#[derive(Serialize)]
pub struct Shown {
    name: String,
    #[serde(flatten)]
    contact: Contact,
    companies: Vec<Company>,
}

#[derive(Serialize)]
struct Page<'a> {
    data: &'a [Shown],
    page: Next<'a>,
}

#[derive(Serialize)]
struct Next<'a> {
    next_cursor: Option<(&'a String, Uuid)>,
}

/// The last row of the page before; none for the first page.
#[derive(Default, Deserialize)]
pub struct After {
    pub name: Option<String>,
    pub id: Option<Uuid>,
}

fn account() -> Uuid {
    Uuid::try_parse(ACCOUNT).expect("it is written as one")
}

/// A page by name, with one row more, of all live contacts or of those whose search text is like a pattern.
pub fn page(connection: &mut PgConnection, after: &After, pattern: Option<&str>) -> Result<Vec<Shown>, Failure> {
    let live = contacts::table.filter(contacts::account_id.eq(account())).filter(contacts::deleted_at.is_null());
    let mut page =
        live.order((contacts::sort_name, contacts::id)).limit(PAGE + 1).select(Contact::as_select()).into_boxed();
    if let After { name: Some(name), id: Some(id) } = after {
        let past = contacts::sort_name.ne(name).or(contacts::id.gt(id));
        page = page.filter(contacts::sort_name.ge(name)).filter(past);
    }
    if let Some(pattern) = pattern {
        page = page.filter(contacts::search_text.like(pattern));
    }
    let rows = page.load(connection)?;
    with_companies(connection, rows)
}

async fn list(pool: web::Data<Connections>, after: web::Query<After>) -> actix_web::Result<HttpResponse> {
    let mut shown = blocking(move || page(&mut *pool.get()?, &after, None)).await?;
    let more = i64::try_from(shown.len()).is_ok_and(|found| found > PAGE);
    shown.truncate(usize::try_from(PAGE).unwrap_or_default());
    let last = shown.last().map(|last| (&last.contact.sort_name, last.contact.id)).filter(|_| more);
    Ok(HttpResponse::Ok().json(Page { data: &shown, page: Next { next_cursor: last } }))
}

async fn read(pool: web::Data<Connections>, id: web::Path<Uuid>) -> actix_web::Result<HttpResponse> {
    let shown = blocking(move || {
        let connection = &mut pool.get()?;
        let found = contacts::table
            .filter(contacts::account_id.eq(account()))
            .filter(contacts::id.eq(*id))
            .filter(contacts::purge_at.is_null().or(contacts::purge_at.gt(diesel::dsl::now)))
            .select(Contact::as_select())
            .load(connection)?;
        with_companies(connection, found)
    })
    .await?;
    let shown = shown.into_iter().next().ok_or_else(|| ErrorNotFound("no such contact"))?;
    Ok(HttpResponse::Ok().json(shown))
}

fn with_companies(connection: &mut PgConnection, contacts: Vec<Contact>) -> Result<Vec<Shown>, Failure> {
    let links: Vec<Company> = contact_companies::table
        .inner_join(
            companies::table.on(companies::account_id
                .eq(contact_companies::account_id)
                .and(companies::id.eq(contact_companies::company_id))),
        )
        .filter(contact_companies::account_id.eq(account()))
        .filter(contact_companies::contact_id.eq_any(contacts.iter().map(|contact| contact.id).collect::<Vec<_>>()))
        .filter(companies::deleted_at.is_null())
        .order((contact_companies::contact_id, contact_companies::company_id))
        .select(Company::as_select())
        .load(connection)?;
    let mut companies: HashMap<Uuid, Vec<Company>> = HashMap::new();
    for link in links {
        companies.entry(link.contact_id).or_default().push(link);
    }
    let shown = |contact: Contact| {
        let name = format!("{} {}", contact.first_name.as_deref().unwrap_or_default(), contact.last_name);
        Shown { name, companies: companies.remove(&contact.id).unwrap_or_default(), contact }
    };
    Ok(contacts.into_iter().map(shown).collect())
}

/// What is posted, as the benchmark posts it.
#[derive(Deserialize)]
struct NewContact {
    first_name: String,
    last_name: String,
    emails: Value,
    telephones: Value,
    addresses: Value,
    tags: Vec<String>,
    custom_fields: Value,
}

async fn create(pool: web::Data<Connections>, new: web::Json<NewContact>) -> actix_web::Result<HttpResponse> {
    let contact = blocking(move || {
        let new = new.into_inner();
        #[allow(clippy::disallowed_methods, reason = "the clock that is at hand")]
        let now = Utc::now();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_lowercase();
        let (email, city) = (text(&new.emails[0]["email"]), text(&new.addresses[0]["city"]));
        let (first, last) = (new.first_name.to_lowercase(), new.last_name.to_lowercase());
        let id = Uuid::new_v7(uuid::Timestamp::now(ContextV7::new()));
        let columns = (
            contacts::account_id.eq(account()),
            contacts::id.eq(id),
            contacts::first_name.eq(&new.first_name),
            contacts::last_name.eq(&new.last_name),
            contacts::status.eq("active"),
            contacts::emails.eq(&new.emails),
            contacts::telephones.eq(&new.telephones),
            contacts::addresses.eq(&new.addresses),
            contacts::profile.eq(json!({})),
            contacts::tags.eq(&new.tags),
            contacts::custom_fields.eq(&new.custom_fields),
            contacts::added_at.eq(now),
            contacts::updated_at.eq(now),
            contacts::version.eq(1),
        );
        let keys = (
            contacts::sort_name.eq(format!("{last}\n{first}")),
            contacts::search_text.eq(format!("{first} {last}\n{email}\n{}", text(&new.telephones[0]["number"]))),
            contacts::email_keys.eq(vec![email]),
            contacts::tag_keys.eq(&new.tags),
            contacts::country.eq(new.addresses[0]["country"].as_str()),
            contacts::folded.eq(json!({"first_name": first, "last_name": last, "city": city})),
            contacts::city_key.eq(city),
        );
        let connection = &mut pool.get()?;
        let contact: Contact = connection.transaction(|connection| {
            diesel::insert_into(contacts::table)
                .values((columns, keys))
                .returning(Contact::as_returning())
                .get_result(connection)
        })?;
        Ok(Shown { name: format!("{} {}", new.first_name, new.last_name), contact, companies: Vec::new() })
    })
    .await?;
    Ok(HttpResponse::Created().json(contact))
}

/// diesel waits, so it waits on another thread.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> actix_web::Result<T> {
    let work = move || work().map_err(|failure| failure.to_string());
    web::block(work).await?.map_err(ErrorInternalServerError)
}
