//! Random deals, invoices, time trackings and projects.

use std::collections::BTreeSet;

use diesel::prelude::*;
use sweep::repository::schema::{deals, invoices, project_customers, projects, time_trackings};
use uuid::Uuid;

use super::records::{Dice, account, now};

/// Makes linked records, and tells which records each live one is linked to.
pub struct Linker<'a> {
    pub sql: &'a mut PgConnection,
    pub dice: &'a mut Dice,
    pub contact_ids: &'a [Uuid],
    pub company_ids: &'a [Uuid],
}

/// A kind of linked record, and which contacts and companies one of them is linked to.
pub type Linked = (&'static str, BTreeSet<Uuid>);

impl Linker<'_> {
    pub fn link_everything(&mut self) -> Vec<Linked> {
        let mut linked = Vec::new();
        for _ in 0..90 {
            linked.extend(self.deal());
            linked.push(self.invoice());
            linked.push(self.time_tracking());
            linked.push(self.project());
        }
        linked
    }

    /// A contact or a company. Few contacts, so that some have several links.
    fn customer(&mut self) -> (Option<Uuid>, Option<Uuid>) {
        if self.dice.roll(3) == 0 {
            (None, Some(*self.dice.pick(&self.company_ids[..30])))
        } else {
            (Some(self.contact()), None)
        }
    }

    fn contact(&mut self) -> Uuid {
        *self.dice.pick(&self.contact_ids[..60])
    }

    fn deal(&mut self) -> Option<Linked> {
        let (contact, company) = self.customer();
        // Now and then in two roles.
        let person = if self.dice.roll(3) == 0 { contact } else { Some(self.contact()) };
        let in_bin = self.dice.roll(4) == 0;
        diesel::insert_into(deals::table)
            .values((
                (deals::account_id.eq(account().0), deals::id.eq(Uuid::now_v7())),
                (deals::title.eq("deal"), deals::search_text.eq("deal"), deals::status.eq("new")),
                (deals::customer_contact_id.eq(contact), deals::customer_company_id.eq(company)),
                deals::contact_person_id.eq(person),
                (deals::created_at.eq(now()), deals::updated_at.eq(now()), deals::version.eq(1)),
                deals::deleted_at.eq(in_bin.then(now)),
                deals::deletion_id.eq(in_bin.then(Uuid::nil)),
                deals::purge_at.eq(in_bin.then(now)),
            ))
            .execute(self.sql)
            .unwrap();
        (!in_bin).then(|| ("deals", [contact, company, person].into_iter().flatten().collect()))
    }

    fn invoice(&mut self) -> Linked {
        let (contact, company) = self.customer();
        let attention = self.dice.maybe(|dice| *dice.pick(self.contact_ids));
        diesel::insert_into(invoices::table)
            .values((
                (invoices::account_id.eq(account().0), invoices::id.eq(Uuid::now_v7())),
                (invoices::status.eq("draft"), invoices::invoice_date.eq(now().date_naive())),
                (invoices::customer_contact_id.eq(contact), invoices::customer_company_id.eq(company)),
                (invoices::attention_of_id.eq(attention), invoices::customer_name.eq("copy")),
                (invoices::created_at.eq(now()), invoices::updated_at.eq(now()), invoices::version.eq(1)),
            ))
            .execute(self.sql)
            .unwrap();
        ("invoices", [contact, company, attention].into_iter().flatten().collect())
    }

    fn time_tracking(&mut self) -> Linked {
        let (contact, company) = self.customer();
        diesel::insert_into(time_trackings::table)
            .values((
                (time_trackings::account_id.eq(account().0), time_trackings::id.eq(Uuid::now_v7())),
                (time_trackings::started_at.eq(now()), time_trackings::duration_seconds.eq(60)),
                (time_trackings::subject_contact_id.eq(contact), time_trackings::subject_company_id.eq(company)),
                (time_trackings::created_at.eq(now()), time_trackings::updated_at.eq(now())),
                time_trackings::version.eq(1),
            ))
            .execute(self.sql)
            .unwrap();
        ("time_trackings", [contact, company].into_iter().flatten().collect())
    }

    fn project(&mut self) -> Linked {
        let id = Uuid::now_v7();
        diesel::insert_into(projects::table)
            .values((
                (projects::account_id.eq(account().0), projects::id.eq(id)),
                (projects::title.eq("project"), projects::status.eq("open")),
                (projects::created_at.eq(now()), projects::updated_at.eq(now()), projects::version.eq(1)),
            ))
            .execute(self.sql)
            .unwrap();
        let mut linked = BTreeSet::new();
        for position in 0..=self.dice.roll(3) {
            let (contact, company) = self.customer();
            linked.extend([contact, company].into_iter().flatten());
            diesel::insert_into(project_customers::table)
                .values((
                    (project_customers::account_id.eq(account().0), project_customers::project_id.eq(id)),
                    project_customers::position.eq(i32::try_from(position).unwrap()),
                    project_customers::customer_contact_id.eq(contact),
                    project_customers::customer_company_id.eq(company),
                ))
                .execute(self.sql)
                .unwrap();
        }
        ("projects", linked)
    }
}
