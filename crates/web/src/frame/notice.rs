//! What a page says after something was done: one of these sentences, named in the query, never its text.

/// How it is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// It went well.
    Ok,
    /// Look at it.
    Warn,
    /// It does not work.
    Bad,
}

impl Tone {
    /// The class of the stylesheet.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

macro_rules! notices {
    ($($variant:ident $code:literal $tone:ident $text:literal;)*) => {
        /// Something that was done on the page before.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Notice { $($variant),* }

        impl Notice {
            /// The notice of that code.
            pub(crate) fn of(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }

            /// Its name in a query.
            pub(crate) fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// How it is to be taken.
            pub(crate) fn tone(self) -> Tone {
                match self { $(Self::$variant => Tone::$tone),* }
            }

            /// What the person reads.
            pub(crate) fn text(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    };
}

notices! {
    SignedOut "signed-out" Ok "You are signed out.";
    Welcome "welcome" Ok "Welcome. You are signed in; add your first mailbox to go on.";
    PasswordSet "password-set" Ok "Your new password is set, and you are signed in. Passkeys that you had added still work.";
    PasswordChanged "password-changed" Ok "Your password was changed, and your other browsers were signed out. Your passkeys still work.";
    PasskeyAdded "passkey-added" Ok "The passkey was added. You can sign in with it from now on.";
    PasskeyRenamed "passkey-renamed" Ok "The passkey has its new name.";
    PasskeyRemoved "passkey-removed" Ok "The passkey was removed. It lets nobody in any more.";
    CodeOver "code-over" Warn "That took too long. Type your password again, then the code.";
    CodesOff "codes-off" Ok "One-time codes are off. Your password alone lets you in again.";
    ProviderLinked "provider-linked" Ok "You can sign in that way from now on.";
    ProviderRemoved "provider-removed" Ok "That way to sign in was removed.";
    LastWay "last-way" Warn "Nothing was removed: it is your only way to sign in. Set a password first.";
    SessionEnded "session-ended" Ok "That browser was signed out.";
    SessionsEnded "sessions-ended" Ok "All other browsers were signed out.";
    AccountAdded "account-added" Ok "The mailbox was added.";
    AccountChanged "account-changed" Ok "Your changes to the mailbox were saved.";
    AccountDefault "account-default" Ok "Agents use this mailbox when they name none.";
    AccountRemoved "account-removed" Ok "The mailbox was removed from Postroom. Nothing changed at your mail provider.";
    AgentChanged "agent-changed" Ok "Your changes hold from the agent’s next call on.";
    AgentPaused "agent-paused" Ok "The agent is paused. It can do nothing until you let it go on.";
    AgentResumed "agent-resumed" Ok "The agent may go on.";
    AgentRevoked "agent-revoked" Ok "The agent’s access has ended.";
    SignInEnded "sign-in-ended" Ok "That sign-in of the agent was ended.";
    UserDisabled "user-disabled" Ok "That person was disabled. Their sessions and agents are shut out.";
    NotYourself "not-yourself" Warn "You cannot disable yourself. Ask another administrator.";
    UserEnabled "user-enabled" Ok "That person may sign in again.";
    CodesEnded "codes-ended" Ok "Their one-time codes were ended. They sign in without one now.";
    InvitationWithdrawn "invitation-withdrawn" Ok "The invitation was withdrawn; its link no longer works.";
    WishesSaved "wishes-saved" Ok "That is how it is from now on.";
    Leaving "leaving" Ok "You are signed out. Everything of yours is being deleted now; in a few seconds nothing is left.";
    WrongName "wrong-name" Warn "That was not your name. Nothing was deleted.";
    PersonRemoved "person-removed" Ok "That person is shut out. Everything of theirs is being deleted now.";
    WrongNameOfPerson "wrong-name-of-person" Warn "That was not their name. Nothing was deleted.";
    AdminMade "admin-made" Ok "That person administrates the server from now on.";
    AdminUnmade "admin-unmade" Ok "That person does not administrate the server any more.";
    AnsweredBefore "answered-before" Warn "This had been answered before, or its time was over. Nothing was done now.";
    OutboxCancelled "outbox-cancelled" Ok "The message was taken back. Nothing has left.";
    OutboxNow "outbox-now" Ok "The message leaves now.";
    OutboxFound "outbox-found" Ok "The message is in your Sent folder.";
    OutboxAbsent "outbox-absent" Warn "The message is not in your Sent folder.";
    OutboxNotLooked "outbox-not-looked" Bad "Your mailbox could not be looked into just now. Try again in a while.";
    OutboxSettled "outbox-settled" Ok "Noted: the message was sent.";
    OutboxAgain "outbox-again" Ok "The message was handed over once more. What came of it stands below.";
    OutboxCopying "outbox-copying" Ok "The copy is being put into your Sent folder.";
    OutboxForgotten "outbox-forgotten" Ok "The message was put away.";
    OutboxMoved "outbox-moved" Warn "Nothing was done: the message had moved on. How it stands now is below.";
    TakenBack "taken-back" Ok "It was taken back: all is as it was before.";
    ActivityDeleted "activity-deleted" Ok "Those entries were deleted. That they were is an entry of its own.";
    NothingToDo "nothing-to-do" Warn "That had been done already.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_leads_to_its_notice_and_other_texts_to_none() {
        assert_eq!(Notice::of(Notice::AgentPaused.code()), Some(Notice::AgentPaused));
        assert_eq!(Notice::of("<script>alert(1)</script>"), None);
        assert_eq!(Notice::of(""), None);
    }
}
