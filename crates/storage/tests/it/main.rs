//! What storage promises, tried on SQLite test by test and on Postgres as one suite.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

// The room's name, as every other crate says it.
extern crate storage as storage;

mod accounts;
mod approvals;
mod audit;
mod calls;
mod changes;
mod clients;
mod consents;
mod database;
mod families;
mod grants;
mod invitations;
mod master_key;
mod migration;
mod outbox;
mod outbox_once;
mod passkeys;
mod postgres;
mod remembered;
mod seal;
mod sessions;
mod sqlite;
mod users;
mod web_sessions;
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
            $({
                // made in a frame of its own: all of them in one are more than a stack holds
                fn boxed(world: &world::World) -> std::pin::Pin<Box<dyn Future<Output = ()> + '_>> {
                    Box::pin($module::$case(world))
                }
                println!("{}", stringify!($case));
                boxed(&next_world().await).await;
            })*
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
    accounts::what_was_not_typed_stays_when_an_account_is_changed,
    accounts::a_changed_server_needs_its_password_and_changes_nothing_without,
    approvals::an_answer_holds_once,
    approvals::approving_makes_recipients_known_and_waits_for_the_time,
    approvals::an_answer_that_comes_too_late_is_none,
    approvals::waiting_messages_are_listed_for_their_user_oldest_first,
    audit::rows_of_a_user_form_a_chain_that_shows_changes,
    audit::a_row_taken_out_shows,
    audit::two_writers_keep_one_chain,
    calls::calls_are_counted_by_tool_since_an_hour,
    changes::a_change_comes_back_with_its_steps_to_its_grant_only,
    changes::of_many_who_take_a_change_one_gets_it,
    changes::what_a_dead_process_had_taken_another_takes_with_what_was_left,
    changes::what_was_begun_and_did_not_end_is_found_by_its_account,
    changes::a_message_is_found_by_the_place_it_was_at,
    changes::where_messages_went_is_kept_with_the_end_of_the_step_or_not_at_all,
    changes::a_plan_of_twenty_thousand_messages_is_written_quickly,
    changes::a_plan_is_carried_out_once_in_time_by_its_grant,
    changes::of_a_grant_s_plans_the_newest_are_kept,
    changes::changes_are_forgotten_when_they_cannot_be_taken_back_any_more,
    changes::a_removed_account_takes_its_steps_and_its_moved_messages_along,
    changes::an_ended_grant_leaves_only_what_is_not_finished,
    changes::nothing_of_a_change_can_be_read_or_put_elsewhere,
    clients::a_registered_client_is_found_as_it_was_kept,
    clients::what_a_document_says_now_takes_the_place_of_what_it_said,
    clients::registrations_are_counted_in_all_and_by_host,
    clients::an_unused_client_is_forgotten_unless_somebody_let_it_in,
    consents::a_question_comes_back_to_its_user_alone,
    consents::of_many_answers_one_counts,
    consents::an_answer_that_comes_too_late_is_no_answer,
    consents::two_new_grants_of_one_client_at_the_same_instant_are_one,
    consents::a_second_yes_edits_the_grant_and_resumes_it,
    consents::a_grant_that_had_expired_ends_before_another_is_made,
    consents::a_label_that_is_taken_gets_a_number,
    consents::of_a_user_s_open_questions_the_newest_are_kept,
    database::a_change_is_seen_at_once_through_another_handle,
    database::a_dropped_transaction_leaves_nothing,
    database::a_newer_schema_is_refused_and_left_alone,
    database::nothing_fits_every_column,
    database::programs_that_start_at_once_migrate_once,
    database::the_wrong_master_key_is_refused_and_changes_nothing,
    database::writers_in_two_processes_wait_for_each_other,
    families::a_code_and_its_tokens_come_back_as_they_were_stored,
    families::of_many_who_spend_a_code_one_is_first_and_the_next_ends_it,
    families::within_the_grace_all_who_rotate_get_tokens_and_later_the_family_ends,
    families::nothing_is_added_to_a_family_that_is_ending,
    families::a_family_is_ended_by_its_user_and_its_client_alone,
    families::revoking_a_grant_ends_its_families,
    families::a_family_holds_only_so_many_tokens,
    families::a_use_is_noted_with_the_token_its_family_and_its_grant,
    families::what_has_expired_is_forgotten_and_nothing_else,
    grants::a_bearer_is_found_with_grant_user_and_accounts,
    grants::a_label_is_free_again_after_revocation_and_after_expiry,
    grants::a_scope_that_is_not_known_allows_nothing,
    grants::an_unknown_bearer_is_nobody,
    grants::revoking_ends_grant_tokens_and_sessions,
    grants::what_a_grant_holds_comes_back,
    invitations::a_link_comes_back_as_it_was_made,
    invitations::no_link_works_whose_maker_is_shut_out_whenever_they_made_it,
    invitations::a_link_makes_one_user_even_if_many_post_it_at_once,
    invitations::two_who_set_up_at_once_make_one_first_user,
    invitations::a_taken_name_leaves_the_link_as_it_was,
    invitations::a_reset_sets_the_password_once_and_ends_sessions,
    invitations::another_password_or_disabling_ends_links_of_reset,
    invitations::links_that_a_disabled_person_made_let_nobody_in,
    invitations::links_expire_are_withdrawn_and_swept,
    migration::a_database_of_before_people_signed_in_keeps_its_rows_and_learns_the_rest,
    outbox::a_message_comes_back_as_it_was_added,
    outbox::octets_that_fail_or_are_too_few_leave_nothing,
    outbox::a_key_names_one_sending_until_it_failed_or_the_key_ended,
    outbox::of_two_processes_with_one_key_one_adds,
    outbox::one_process_claims_and_only_it_passes_the_commit_point,
    outbox::what_is_due_is_told_to_whoever_can_send_it,
    outbox::a_message_that_did_not_leave_is_tried_again_later,
    outbox::a_message_can_go_back_to_its_person,
    outbox::a_message_of_a_process_that_is_gone_is_recovered_once,
    outbox::the_copy_is_stored_by_one_and_then_the_octets_go,
    outbox::what_is_owed_besides_the_copy_is_seen_to_by_one_until_it_is_done,
    outbox::sums_count_what_left_or_may_leave,
    outbox_once::what_is_not_known_to_have_left_keeps_its_key,
    outbox_once::a_version_of_a_draft_is_in_the_outbox_once_unless_it_never_left,
    outbox_once::a_message_that_is_put_off_has_not_begun,
    outbox_once::what_was_altered_can_be_ended_without_being_opened,
    outbox::what_has_not_begun_to_leave_is_taken_back_with_its_grant_user_or_account,
    outbox::what_was_sealed_for_one_message_opens_for_no_other,
    outbox::what_ended_is_forgotten_after_thirty_days,
    passkeys::a_passkey_is_found_by_the_name_that_browsers_have_for_it,
    passkeys::a_use_counts_while_its_passkey_is_as_it_was_looked_at,
    passkeys::the_last_way_to_sign_in_stays_even_if_two_remove_at_once,
    passkeys::a_removed_passkey_ends_sessions_that_one_opened,
    passkeys::a_half_is_taken_once_in_time_and_as_what_it_is,
    passkeys::halves_of_a_person_are_few_and_end_with_their_password,
    remembered::an_address_is_known_to_one_account_in_any_case,
    remembered::a_mac_is_of_its_account_purpose_and_parts,
    remembered::what_a_grant_was_given_counts_until_then_and_is_never_shortened,
    remembered::whether_a_provider_files_sent_is_learned,
    remembered::a_file_is_kept_a_day_for_the_grant_that_handed_it_over,
    remembered::a_grant_hands_over_so_much_and_what_fails_leaves_nothing,
    sessions::beyond_the_cap_those_unused_longest_go,
    sessions::an_id_is_never_taken_over,
    sessions::idle_sessions_are_forgotten,
    users::the_first_user_is_an_administrator,
    users::a_name_belongs_to_one_user,
    users::disabling_a_user_ends_their_sessions,
    users::names_are_listed_by_their_bytes,
    users::two_administrators_who_shut_out_each_other_at_once_leave_one,
    users::only_an_administrator_who_is_let_in_shuts_out_others_and_never_themselves,
    web_sessions::a_session_is_found_by_its_cookie_with_its_person,
    web_sessions::a_session_ends_by_itself_and_is_swept,
    web_sessions::a_session_is_opened_only_while_its_password_holds,
    web_sessions::disabling_and_another_password_end_sessions_in_browsers,
    web_sessions::of_too_many_sessions_those_unused_longest_go,
    web_sessions::a_person_ends_their_own_sessions_only,
}
