-- What points at a contact or company goes before it, in statements of its own, so nothing is ever deleted in passing that
-- would make its key good again. With NO ACTION PostgreSQL looks for that, for each record and each of the keys: half of the
-- queries by which a purge checks the keys.
ALTER TABLE contact_companies
    DROP CONSTRAINT contact_companies_contact_fkey,
    DROP CONSTRAINT contact_companies_company_fkey,
    ADD CONSTRAINT contact_companies_contact_fkey FOREIGN KEY (account_id, contact_id) REFERENCES contacts (account_id, id) ON DELETE RESTRICT,
    ADD CONSTRAINT contact_companies_company_fkey FOREIGN KEY (account_id, company_id) REFERENCES companies (account_id, id) ON DELETE RESTRICT;
ALTER TABLE deals
    DROP CONSTRAINT deals_customer_contact_fkey,
    DROP CONSTRAINT deals_customer_company_fkey,
    DROP CONSTRAINT deals_contact_person_fkey,
    ADD CONSTRAINT deals_customer_contact_fkey FOREIGN KEY (account_id, customer_contact_id) REFERENCES contacts (account_id, id) ON DELETE RESTRICT,
    ADD CONSTRAINT deals_customer_company_fkey FOREIGN KEY (account_id, customer_company_id) REFERENCES companies (account_id, id) ON DELETE RESTRICT,
    ADD CONSTRAINT deals_contact_person_fkey FOREIGN KEY (account_id, contact_person_id) REFERENCES contacts (account_id, id) ON DELETE RESTRICT;
ALTER TABLE invoices
    DROP CONSTRAINT invoices_customer_contact_fkey,
    DROP CONSTRAINT invoices_customer_company_fkey,
    DROP CONSTRAINT invoices_attention_of_fkey,
    ADD CONSTRAINT invoices_customer_contact_fkey FOREIGN KEY (account_id, customer_contact_id) REFERENCES contacts (account_id, id) ON DELETE RESTRICT,
    ADD CONSTRAINT invoices_customer_company_fkey FOREIGN KEY (account_id, customer_company_id) REFERENCES companies (account_id, id) ON DELETE RESTRICT,
    ADD CONSTRAINT invoices_attention_of_fkey FOREIGN KEY (account_id, attention_of_id) REFERENCES contacts (account_id, id) ON DELETE RESTRICT;
ALTER TABLE project_customers
    DROP CONSTRAINT project_customers_contact_fkey,
    DROP CONSTRAINT project_customers_company_fkey,
    ADD CONSTRAINT project_customers_contact_fkey FOREIGN KEY (account_id, customer_contact_id) REFERENCES contacts (account_id, id) ON DELETE RESTRICT,
    ADD CONSTRAINT project_customers_company_fkey FOREIGN KEY (account_id, customer_company_id) REFERENCES companies (account_id, id) ON DELETE RESTRICT;
ALTER TABLE time_trackings
    DROP CONSTRAINT time_trackings_subject_contact_fkey,
    DROP CONSTRAINT time_trackings_subject_company_fkey,
    ADD CONSTRAINT time_trackings_subject_contact_fkey FOREIGN KEY (account_id, subject_contact_id) REFERENCES contacts (account_id, id) ON DELETE RESTRICT,
    ADD CONSTRAINT time_trackings_subject_company_fkey FOREIGN KEY (account_id, subject_company_id) REFERENCES companies (account_id, id) ON DELETE RESTRICT;
ALTER TABLE tickets
    DROP CONSTRAINT tickets_customer_contact_fkey,
    DROP CONSTRAINT tickets_customer_company_fkey,
    ADD CONSTRAINT tickets_customer_contact_fkey FOREIGN KEY (account_id, customer_contact_id) REFERENCES contacts (account_id, id) ON DELETE RESTRICT,
    ADD CONSTRAINT tickets_customer_company_fkey FOREIGN KEY (account_id, customer_company_id) REFERENCES companies (account_id, id) ON DELETE RESTRICT;
