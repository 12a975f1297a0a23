//! What tools ask of the engine, as a trait, so that the door can be tried without a mail server.

use std::{io, time::Duration};

use axum::body::Bytes;
use domain::{ApprovalId, Principal, Problem};
use engine::{
    Engine,
    accounts::AccountStatus,
    attachment::{Download, File, Form},
    delete::DeleteRequest,
    folders::Folder,
    invite::{InviteReplyRequest, InviteView},
    manage::{ManageRequest, Managed},
    organize::{OrganizeRequest, Organized, Progress},
    outbox::ApprovalQuestion,
    outgoing::{DraftRequest, Drafted, NewUpload, SendOutcome, SendRequest, Upload},
    people::{People, PeopleRequest},
    read::{Outcome, View},
    search::{Failure, Page, SearchRequest},
    thread::{ThreadPage, ThreadRequest},
    undo::Undone,
};

use futures_util::stream::BoxStream;

use crate::gate::Boxed;

/// The engine as tools see it.
pub trait Mail: Send + Sync {
    /// The principal's accounts, in the order of their names.
    fn accounts<'a>(&'a self, principal: &'a Principal) -> Boxed<'a, Result<Vec<AccountStatus>, Problem>>;

    /// The folders of one account; of the default one if none is named.
    fn folders<'a>(
        &'a self,
        principal: &'a Principal,
        account: Option<&'a str>,
        counts: bool,
    ) -> Boxed<'a, Result<Vec<Folder>, Problem>>;

    /// One page of rows.
    fn search<'a>(
        &'a self,
        principal: &'a Principal,
        request: SearchRequest,
    ) -> Boxed<'a, Result<Page, Failure>>;

    /// Messages by id, outcomes in the order of `ids`.
    fn read<'a>(
        &'a self,
        principal: &'a Principal,
        ids: &'a [String],
        view: View,
    ) -> Boxed<'a, Result<Vec<Outcome>, Problem>>;

    /// An attachment, read as what is wanted of it.
    fn attachment<'a>(
        &'a self,
        principal: &'a Principal,
        id: &'a str,
        index: usize,
        form: Form,
    ) -> Boxed<'a, Result<File, Problem>>;

    /// An attachment as it is, of which nothing is fetched yet.
    fn download<'a>(
        &'a self,
        principal: &'a Principal,
        id: &'a str,
        index: usize,
    ) -> Boxed<'a, Result<Download, Problem>>;

    /// One page of a thread.
    fn thread<'a>(
        &'a self,
        principal: &'a Principal,
        request: ThreadRequest,
    ) -> Boxed<'a, Result<ThreadPage, Failure>>;

    /// Whom the person knows.
    fn people<'a>(
        &'a self,
        principal: &'a Principal,
        request: PeopleRequest,
    ) -> Boxed<'a, Result<People, Problem>>;

    /// Makes or replaces a draft.
    fn draft<'a>(
        &'a self,
        principal: &'a Principal,
        request: DraftRequest,
    ) -> Boxed<'a, Result<Drafted, Problem>>;

    /// Whether the principal has an account that mail can be sent from.
    fn can_send<'a>(&'a self, principal: &'a Principal) -> Boxed<'a, bool>;

    /// Sends, or says how a sending stands.
    fn send<'a>(
        &'a self,
        principal: &'a Principal,
        request: SendRequest,
    ) -> Boxed<'a, Result<SendOutcome, Problem>>;

    /// What the person is to be asked in the client about a message that waits; nothing where they answer
    /// elsewhere.
    fn approval_question<'a>(
        &'a self,
        principal: &'a Principal,
        approval: &'a ApprovalId,
    ) -> Boxed<'a, Result<Option<ApprovalQuestion>, Problem>>;

    /// The person's answer, and how the sending stands then.
    fn answer_approval<'a>(
        &'a self,
        principal: &'a Principal,
        approval: &'a ApprovalId,
        is_approved: bool,
    ) -> Boxed<'a, Result<SendOutcome, Problem>>;

    /// How the sending stands once the person has answered, or after `patience`.
    fn await_approval<'a>(
        &'a self,
        principal: &'a Principal,
        approval: &'a ApprovalId,
        patience: Duration,
    ) -> Boxed<'a, Result<SendOutcome, Problem>>;

    /// Keeps a file to be attached later.
    fn upload<'a>(
        &'a self,
        principal: &'a Principal,
        file: NewUpload,
        octets: BoxStream<'static, io::Result<Bytes>>,
    ) -> Boxed<'a, Result<Upload, Problem>>;

    /// Changes messages, or answers a plan.
    fn organize<'a>(
        &'a self,
        principal: &'a Principal,
        request: OrganizeRequest,
        progress: &'a Progress,
    ) -> Boxed<'a, Result<Organized, Problem>>;

    /// Deletes messages for good, or answers a plan.
    fn delete<'a>(
        &'a self,
        principal: &'a Principal,
        request: DeleteRequest,
        progress: &'a Progress,
    ) -> Boxed<'a, Result<Organized, Problem>>;

    /// Changes a folder, or answers a plan.
    fn manage<'a>(
        &'a self,
        principal: &'a Principal,
        request: ManageRequest,
        progress: &'a Progress,
    ) -> Boxed<'a, Result<Managed, Problem>>;

    /// Takes a change back.
    fn undo<'a>(
        &'a self,
        principal: &'a Principal,
        undo: &'a str,
        progress: &'a Progress,
    ) -> Boxed<'a, Result<Undone, Problem>>;

    /// Reads an invite.
    fn invite<'a>(&'a self, principal: &'a Principal, id: &'a str) -> Boxed<'a, Result<InviteView, Problem>>;

    /// Answers an invite.
    fn invite_reply<'a>(
        &'a self,
        principal: &'a Principal,
        request: InviteReplyRequest,
    ) -> Boxed<'a, Result<SendOutcome, Problem>>;
}

impl Mail for Engine {
    fn accounts<'a>(&'a self, principal: &'a Principal) -> Boxed<'a, Result<Vec<AccountStatus>, Problem>> {
        Box::pin(Engine::accounts(self, principal))
    }

    fn folders<'a>(
        &'a self,
        principal: &'a Principal,
        account: Option<&'a str>,
        counts: bool,
    ) -> Boxed<'a, Result<Vec<Folder>, Problem>> {
        Box::pin(Engine::folders(self, principal, account, counts))
    }

    fn search<'a>(
        &'a self,
        principal: &'a Principal,
        request: SearchRequest,
    ) -> Boxed<'a, Result<Page, Failure>> {
        Box::pin(Engine::search(self, principal, request))
    }

    fn read<'a>(
        &'a self,
        principal: &'a Principal,
        ids: &'a [String],
        view: View,
    ) -> Boxed<'a, Result<Vec<Outcome>, Problem>> {
        Box::pin(Engine::read(self, principal, ids, view))
    }

    fn attachment<'a>(
        &'a self,
        principal: &'a Principal,
        id: &'a str,
        index: usize,
        form: Form,
    ) -> Boxed<'a, Result<File, Problem>> {
        Box::pin(Engine::attachment(self, principal, id, index, form))
    }

    fn download<'a>(
        &'a self,
        principal: &'a Principal,
        id: &'a str,
        index: usize,
    ) -> Boxed<'a, Result<Download, Problem>> {
        Box::pin(Engine::download(self, principal, id, index))
    }

    fn thread<'a>(
        &'a self,
        principal: &'a Principal,
        request: ThreadRequest,
    ) -> Boxed<'a, Result<ThreadPage, Failure>> {
        Box::pin(Engine::thread(self, principal, request))
    }

    fn people<'a>(
        &'a self,
        principal: &'a Principal,
        request: PeopleRequest,
    ) -> Boxed<'a, Result<People, Problem>> {
        Box::pin(Engine::people(self, principal, request))
    }

    fn draft<'a>(
        &'a self,
        principal: &'a Principal,
        request: DraftRequest,
    ) -> Boxed<'a, Result<Drafted, Problem>> {
        Box::pin(Engine::draft(self, principal, request))
    }

    fn can_send<'a>(&'a self, principal: &'a Principal) -> Boxed<'a, bool> {
        Box::pin(Engine::can_send(self, principal))
    }

    fn send<'a>(
        &'a self,
        principal: &'a Principal,
        request: SendRequest,
    ) -> Boxed<'a, Result<SendOutcome, Problem>> {
        Box::pin(Engine::send(self, principal, request))
    }

    fn approval_question<'a>(
        &'a self,
        principal: &'a Principal,
        approval: &'a ApprovalId,
    ) -> Boxed<'a, Result<Option<ApprovalQuestion>, Problem>> {
        Box::pin(Engine::approval_question(self, principal, approval))
    }

    fn answer_approval<'a>(
        &'a self,
        principal: &'a Principal,
        approval: &'a ApprovalId,
        is_approved: bool,
    ) -> Boxed<'a, Result<SendOutcome, Problem>> {
        Box::pin(Engine::answer_approval(self, principal, approval, is_approved))
    }

    fn await_approval<'a>(
        &'a self,
        principal: &'a Principal,
        approval: &'a ApprovalId,
        patience: Duration,
    ) -> Boxed<'a, Result<SendOutcome, Problem>> {
        Box::pin(Engine::await_approval(self, principal, approval, patience))
    }

    fn upload<'a>(
        &'a self,
        principal: &'a Principal,
        file: NewUpload,
        octets: BoxStream<'static, io::Result<Bytes>>,
    ) -> Boxed<'a, Result<Upload, Problem>> {
        Box::pin(Engine::upload(self, principal, file, octets))
    }

    fn organize<'a>(
        &'a self,
        principal: &'a Principal,
        request: OrganizeRequest,
        progress: &'a Progress,
    ) -> Boxed<'a, Result<Organized, Problem>> {
        Box::pin(Engine::organize(self, principal, request, progress))
    }

    fn delete<'a>(
        &'a self,
        principal: &'a Principal,
        request: DeleteRequest,
        progress: &'a Progress,
    ) -> Boxed<'a, Result<Organized, Problem>> {
        Box::pin(Engine::delete(self, principal, request, progress))
    }

    fn manage<'a>(
        &'a self,
        principal: &'a Principal,
        request: ManageRequest,
        progress: &'a Progress,
    ) -> Boxed<'a, Result<Managed, Problem>> {
        Box::pin(Engine::manage(self, principal, request, progress))
    }

    fn undo<'a>(
        &'a self,
        principal: &'a Principal,
        undo: &'a str,
        progress: &'a Progress,
    ) -> Boxed<'a, Result<Undone, Problem>> {
        Box::pin(Engine::undo(self, principal, undo, progress))
    }

    fn invite<'a>(&'a self, principal: &'a Principal, id: &'a str) -> Boxed<'a, Result<InviteView, Problem>> {
        Box::pin(Engine::invite(self, principal, id))
    }

    fn invite_reply<'a>(
        &'a self,
        principal: &'a Principal,
        request: InviteReplyRequest,
    ) -> Boxed<'a, Result<SendOutcome, Problem>> {
        Box::pin(Engine::invite_reply(self, principal, request))
    }
}
