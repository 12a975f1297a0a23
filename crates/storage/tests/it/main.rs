//! What storage promises, tried on SQLite test by test and on Postgres as one suite.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

// The room's name, as every other crate says it.
extern crate storage as storage;

mod accounts;
mod audit;
mod database;
mod grants;
mod master_key;
mod postgres;
mod seal;
mod sessions;
mod sqlite;
mod users;
mod world;

/// Names the cases that hold on both databases: each becomes a test on SQLite, all of them run in the
/// one test of `postgres.rs`.
macro_rules! on_both {
    ($($module:ident :: $case:ident,)*) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $case() {
                crate::$module::$case(&crate::world::World::on_sqlite()).await;
            })*
        }

        async fn run_all(mut next_world: impl AsyncFnMut() -> world::World) {
            $(
                println!("{}", stringify!($case));
                $module::$case(&next_world().await).await;
            )*
        }
    };
}

on_both! {
    accounts::an_account_opens_to_what_was_stored,
    accounts::secrets_of_another_account_do_not_open,
    accounts::a_flipped_bit_anywhere_is_noticed,
    accounts::a_removed_account_is_gone_with_its_key_and_its_grants,
    accounts::the_first_account_is_the_default_until_another_is_chosen_or_it_goes,
    accounts::two_accounts_of_a_user_cannot_share_a_name,
    audit::rows_of_a_user_form_a_chain_that_shows_changes,
    audit::a_row_taken_out_shows,
    audit::two_writers_keep_one_chain,
    database::a_change_is_seen_at_once_through_another_handle,
    database::a_dropped_transaction_leaves_nothing,
    database::a_newer_schema_is_refused_and_left_alone,
    database::nothing_fits_every_column,
    database::programs_that_start_at_once_migrate_once,
    database::the_wrong_master_key_is_refused_and_changes_nothing,
    database::writers_in_two_processes_wait_for_each_other,
    grants::a_bearer_is_found_with_grant_user_and_accounts,
    grants::a_label_is_free_again_after_revocation_and_after_expiry,
    grants::a_scope_that_is_not_known_allows_nothing,
    grants::an_unknown_bearer_is_nobody,
    grants::revoking_ends_grant_tokens_and_sessions,
    grants::what_a_grant_holds_comes_back,
    sessions::beyond_the_cap_those_unused_longest_go,
    sessions::an_id_is_never_taken_over,
    sessions::idle_sessions_are_forgotten,
    users::the_first_user_is_an_administrator,
    users::a_name_belongs_to_one_user,
    users::disabling_a_user_ends_their_sessions,
    users::names_are_listed_by_their_bytes,
}
