//! What storage promises, tried on SQLite test by test and on Postgres as one suite.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

// The room's name, as every other crate says it.
extern crate storage as storage;

mod accounts;
mod approvals;
mod audit;
mod audit_look;
mod calls;
mod changes;
mod clients;
mod consents;
mod database;
mod families;
mod grants;
mod identities;
mod invitations;
mod looks;
mod master_key;
mod migration;
mod one_time_codes;
mod outbox;
mod outbox_once;
mod outbox_person;
mod passkeys;
mod postgres;
mod remembered;
mod removal;
mod seal;
mod sessions;
mod sqlite;
mod telling;
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
    approvals::one_that_was_altered_keeps_no_other_from_being_listed,
    approvals::reasons_come_back_as_they_were_given_and_unread_ones_are_an_error,
    approvals::waiting_messages_are_listed_for_their_user_oldest_first,
    audit::rows_of_a_user_form_a_chain_that_shows_changes,
    audit::a_row_taken_out_shows,
    audit::two_writers_keep_one_chain,
    audit::rows_of_before_are_in_one_chain_with_those_of_now,
    audit::whatever_of_a_row_is_altered_shows,
    audit::a_chain_from_which_old_rows_were_deleted_still_verifies,
    audit::a_check_goes_on_where_it_came_to_and_its_end_is_kept,
    audit_look::rows_are_found_by_what_they_say_newest_first,
    audit_look::a_page_goes_on_where_the_last_one_ended_and_misses_nothing,
    audit_look::of_very_many_rows_a_bounded_number_is_looked_through,
    audit_look::no_row_of_another_user_is_found_whatever_is_asked,
    audit_look::what_was_taken_back_is_found_by_its_handle,
    calls::calls_are_counted_by_tool_since_an_hour,
    calls::calls_and_what_left_are_told_by_hour_of_ended_grants_too,
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
    changes::what_an_ended_grant_changed_its_person_can_take_back_still,
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
    looks::what_another_process_changes_holds_at_the_very_next_look,
    looks::a_look_answers_as_any_statement_does,
    looks::a_closed_database_is_looked_into_no_more,
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
    outbox_person::of_two_clicks_one_takes_a_message_and_nobody_else_does,
    outbox_person::what_did_not_leave_the_second_time_is_as_it_was,
    outbox_person::an_unknown_message_is_settled_once_and_its_copy_made_unless_it_is_there,
    outbox_person::a_failed_copy_keeps_the_octets_and_is_filed_again_by_one,
    outbox_person::a_person_lists_their_own_mail_newest_first_and_what_was_put_away_is_gone,
    outbox_person::sending_now_moves_the_time_of_what_waits_and_nothing_else,
    outbox_person::octets_of_failures_are_kept_within_a_bound_the_newest_first,
    outbox::what_has_not_begun_to_leave_is_taken_back_with_its_grant_user_or_account,
    outbox::what_was_sealed_for_one_message_opens_for_no_other,
    outbox::what_ended_is_forgotten_after_thirty_days,
    passkeys::a_passkey_is_found_by_the_name_that_browsers_have_for_it,
    passkeys::a_use_counts_while_its_passkey_is_as_it_was_looked_at,
    passkeys::the_last_way_to_sign_in_stays_even_if_two_remove_at_once,
    passkeys::a_removed_passkey_ends_sessions_that_one_opened,
    passkeys::a_half_is_taken_once_in_time_and_as_what_it_is,
    passkeys::halves_that_anybody_can_begin_push_out_none_of_a_session,
    passkeys::halves_of_a_person_are_few_and_end_with_their_password,
    remembered::an_address_is_known_to_one_account_in_any_case,
    remembered::a_mac_is_of_its_account_purpose_and_parts,
    remembered::what_a_grant_was_given_counts_until_then_and_is_never_shortened,
    remembered::whether_a_provider_files_sent_is_learned,
    remembered::a_file_is_kept_a_day_for_the_grant_that_handed_it_over,
    remembered::a_grant_hands_over_so_much_and_what_fails_leaves_nothing,
    removal::of_a_person_who_was_removed_nothing_is_left_and_of_others_everything,
    removal::who_is_being_removed_is_shut_out_at_once_and_cannot_be_let_in_again,
    removal::a_message_that_is_being_handed_over_is_waited_for,
    removal::a_row_that_comes_late_falls_to_nobody_of_that_name,
    removal::nobody_is_removed_who_did_not_begin_it,
    removal::the_last_administrator_stays_while_there_are_others,
    removal::two_administrators_who_unmake_each_other_at_once_leave_one,
    removal::people_are_told_in_numbers,
    removal::how_much_is_kept_is_told_in_all_and_of_each_person,
    removal::everybody_keeps_outbox_and_changes_as_long_as_they_wish,
    removal::what_is_exported_is_the_person_s_own_and_holds_no_secret,
    sessions::beyond_the_cap_those_unused_longest_go,
    sessions::an_id_is_never_taken_over,
    sessions::idle_sessions_are_forgotten,
    one_time_codes::a_step_is_used_once_and_no_older_one_after_it,
    one_time_codes::a_secret_counts_only_as_it_was_shown_and_is_not_replaced_once_it_does,
    one_time_codes::a_secret_that_nobody_typed_a_code_of_is_forgotten_after_a_day,
    one_time_codes::a_recovery_code_is_used_once_by_its_user_and_ends_with_the_codes,
    identities::an_identity_is_one_user_s_and_opens_sessions_of_theirs,
    identities::a_proof_counts_by_the_person_s_own_identity_only,
    identities::a_new_user_and_their_identity_are_made_together_or_not_at_all,
    identities::the_last_way_in_is_not_taken_away_even_by_two_at_once,
    identities::of_a_passkey_and_an_identity_that_go_at_once_one_stays,
    telling::a_person_is_told_once_until_then_by_one_of_many,
    telling::what_was_decided_or_told_or_is_not_to_be_told_makes_nobody_due,
    telling::a_claim_of_a_clock_that_was_ahead_holds_nobody_up,
    users::the_first_user_is_an_administrator,
    users::a_name_belongs_to_one_user,
    users::disabling_a_user_ends_their_sessions,
    users::names_are_listed_by_their_bytes,
    users::two_administrators_who_shut_out_each_other_at_once_leave_one,
    users::only_an_administrator_who_is_let_in_shuts_out_others_and_never_themselves,
    web_sessions::a_session_is_proven_when_it_says_and_not_when_it_was_opened,
    web_sessions::a_session_is_found_by_its_cookie_with_its_person,
    web_sessions::a_session_ends_by_itself_and_is_swept,
    web_sessions::a_session_is_opened_only_while_its_password_holds,
    web_sessions::disabling_and_another_password_end_sessions_in_browsers,
    web_sessions::of_too_many_sessions_those_unused_longest_go,
    web_sessions::a_person_ends_their_own_sessions_only,
}
