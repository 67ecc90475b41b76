//! The tables as diesel sees them. A test holds this file against the migrated database.
//!
//! Made by `make schema`; array elements are never null.

diesel::table! {
    account_settings (account_id) {
        account_id -> Uuid,
        retention_days -> Int4,
        version -> Int8,
        updated_at -> Timestamptz,
        approval_above -> Nullable<Int8>,
        digest -> Text,
    }
}

diesel::table! {
    audit_log (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        at -> Timestamptz,
        user_id -> Nullable<Text>,
        role -> Text,
        action -> Text,
        outcome -> Text,
        problem -> Nullable<Text>,
        subject_type -> Text,
        subject_id -> Nullable<Text>,
        request_id -> Nullable<Text>,
        details -> Jsonb,
    }
}

diesel::table! {
    binned_keys (account_id, entity, deletion_id, first_id) {
        account_id -> Uuid,
        entity -> Text,
        deletion_id -> Uuid,
        first_id -> Uuid,
        last_id -> Uuid,
        records -> Int4,
        external_ids -> Array<Int4>,
        vat_numbers -> Array<Int4>,
        emails -> Array<Int4>,
    }
}

diesel::table! {
    bulk_action_chunks (account_id, action_id, number) {
        account_id -> Uuid,
        action_id -> Uuid,
        number -> Int4,
        ids -> Array<Uuid>,
        state -> Text,
        attempts -> Int4,
        next_attempt_at -> Timestamptz,
        twins -> Nullable<Array<Uuid>>,
    }
}

diesel::table! {
    bulk_action_exceptions (account_id, action_id, record_id) {
        account_id -> Uuid,
        action_id -> Uuid,
        record_id -> Uuid,
        outcome -> Text,
        blockers -> Nullable<Jsonb>,
        conflict_with -> Nullable<Uuid>,
    }
}

diesel::table! {
    bulk_actions (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        action -> Text,
        entity -> Text,
        status -> Text,
        options -> Jsonb,
        notify -> Text,
        reason -> Nullable<Text>,
        target -> Jsonb,
        origin_kind -> Nullable<Text>,
        origin_action_id -> Nullable<Uuid>,
        requested_by -> Text,
        requester -> Jsonb,
        retention_days -> Int4,
        chunks_total -> Int4,
        chunks_done -> Int4,
        matched -> Int8,
        succeeded -> Int8,
        blocked -> Int8,
        gone -> Int8,
        conflict -> Int8,
        changed -> Int8,
        unchanged -> Int8,
        deactivated -> Int8,
        reactivated -> Int8,
        created_at -> Timestamptz,
        started_at -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
        restorable_until -> Nullable<Timestamptz>,
        failure -> Nullable<Text>,
        approval -> Nullable<Jsonb>,
    }
}

diesel::table! {
    clock_shift (id) {
        id -> Int4,
        shift -> Interval,
    }
}

diesel::table! {
    companies (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        external_id -> Nullable<Text>,
        name -> Text,
        status -> Text,
        emails -> Jsonb,
        telephones -> Jsonb,
        addresses -> Jsonb,
        profile -> Jsonb,
        tags -> Array<Text>,
        custom_fields -> Jsonb,
        marketing_mails_consent -> Nullable<Bool>,
        added_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
        deleted_at -> Nullable<Timestamptz>,
        deletion_id -> Nullable<Uuid>,
        purge_at -> Nullable<Timestamptz>,
        sort_name -> Text,
        search_text -> Text,
        email_keys -> Array<Text>,
        tag_keys -> Array<Text>,
        city_key -> Nullable<Text>,
        country -> Nullable<Text>,
        folded -> Jsonb,
    }
}

diesel::table! {
    contact_companies (account_id, contact_id, company_id) {
        account_id -> Uuid,
        contact_id -> Uuid,
        company_id -> Uuid,
        position -> Nullable<Text>,
        division -> Nullable<Text>,
        decision_maker -> Bool,
    }
}

diesel::table! {
    contacts (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        external_id -> Nullable<Text>,
        first_name -> Nullable<Text>,
        last_name -> Text,
        gender -> Nullable<Text>,
        birthdate -> Nullable<Date>,
        status -> Text,
        emails -> Jsonb,
        telephones -> Jsonb,
        addresses -> Jsonb,
        profile -> Jsonb,
        tags -> Array<Text>,
        custom_fields -> Jsonb,
        marketing_mails_consent -> Nullable<Bool>,
        added_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
        deleted_at -> Nullable<Timestamptz>,
        deletion_id -> Nullable<Uuid>,
        purge_at -> Nullable<Timestamptz>,
        sort_name -> Text,
        search_text -> Text,
        email_keys -> Array<Text>,
        tag_keys -> Array<Text>,
        city_key -> Nullable<Text>,
        country -> Nullable<Text>,
        folded -> Jsonb,
    }
}

diesel::table! {
    deals (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        external_id -> Nullable<Text>,
        title -> Text,
        reference -> Nullable<Text>,
        status -> Text,
        customer_contact_id -> Nullable<Uuid>,
        customer_company_id -> Nullable<Uuid>,
        contact_person_id -> Nullable<Uuid>,
        estimated_value_amount -> Nullable<Numeric>,
        estimated_value_currency -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
        deleted_at -> Nullable<Timestamptz>,
        deletion_id -> Nullable<Uuid>,
        purge_at -> Nullable<Timestamptz>,
        search_text -> Text,
    }
}

diesel::table! {
    deletions (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        deleted_by -> Text,
        deleted_by_name -> Nullable<Text>,
        reason -> Nullable<Text>,
        requested_at -> Timestamptz,
        first_purge_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    digest_periods (account_id) {
        account_id -> Uuid,
        period -> Date,
    }
}

diesel::table! {
    idempotency_keys (account_id, user_id, method, path, key) {
        account_id -> Uuid,
        user_id -> Text,
        method -> Text,
        path -> Text,
        key -> Text,
        body_digest -> Bytea,
        status -> Int4,
        headers -> Jsonb,
        body -> Text,
        names -> Array<Uuid>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    invoices (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        external_id -> Nullable<Text>,
        invoice_number -> Nullable<Text>,
        status -> Text,
        invoice_date -> Date,
        customer_contact_id -> Nullable<Uuid>,
        customer_company_id -> Nullable<Uuid>,
        attention_of_id -> Nullable<Uuid>,
        customer_name -> Text,
        customer_vat_number -> Nullable<Text>,
        total_amount -> Nullable<Numeric>,
        total_currency -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    known_admins (account_id, user_id) {
        account_id -> Uuid,
        user_id -> Text,
        email -> Text,
        name -> Nullable<Text>,
        locale -> Nullable<Text>,
        seen_at -> Timestamptz,
    }
}

diesel::table! {
    outbox (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        kind -> Text,
        action_id -> Nullable<Uuid>,
        status -> Text,
        attempts -> Int4,
        next_attempt_at -> Timestamptz,
        lease_token -> Nullable<Uuid>,
        leased_until -> Nullable<Timestamptz>,
        last_error -> Nullable<Text>,
        created_at -> Timestamptz,
        sent_at -> Nullable<Timestamptz>,
        recipient -> Nullable<Text>,
        period -> Nullable<Date>,
    }
}

diesel::table! {
    project_customers (account_id, project_id, position) {
        account_id -> Uuid,
        project_id -> Uuid,
        position -> Int4,
        customer_contact_id -> Nullable<Uuid>,
        customer_company_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    projects (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        external_id -> Nullable<Text>,
        title -> Text,
        status -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    segments (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        name -> Text,
        entity -> Text,
        rules -> Jsonb,
        visibility -> Text,
        owner_id -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    tickets (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        external_id -> Nullable<Text>,
        subject -> Text,
        description -> Nullable<Text>,
        status -> Text,
        customer_contact_id -> Nullable<Uuid>,
        customer_company_id -> Nullable<Uuid>,
        anonymised_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    time_trackings (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        external_id -> Nullable<Text>,
        description -> Nullable<Text>,
        started_at -> Timestamptz,
        duration_seconds -> Int4,
        subject_contact_id -> Nullable<Uuid>,
        subject_company_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    account_settings,
    audit_log,
    binned_keys,
    bulk_action_chunks,
    bulk_action_exceptions,
    bulk_actions,
    clock_shift,
    companies,
    contact_companies,
    contacts,
    deals,
    deletions,
    digest_periods,
    idempotency_keys,
    invoices,
    known_admins,
    outbox,
    project_customers,
    projects,
    segments,
    tickets,
    time_trackings,
);
