//! What leaves, as the scripted engine has it: one message that waits for the person, and everything else sent.

use std::{
    io,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use axum::body::Bytes;
use domain::{Address, ApprovalId, ApprovalReason, Code, DraftId, Principal, Problem, UploadId};
use engine::{
    invite::InviteReplyRequest,
    outbox::ApprovalQuestion,
    outgoing::{
        Composition, DraftRequest, Drafted, NewUpload, RecipientOutcome, SendOutcome, SendRequest,
        SendStatus, Sending, SentCopy, Upload, WantedApproval,
    },
};
use futures_util::{TryStreamExt as _, stream::BoxStream};
use time::macros::datetime;

/// The approval of the message that waits.
pub(super) fn approval() -> ApprovalId {
    ApprovalId::from_random([7; 16])
}

/// The draft of every call.
pub(super) fn draft() -> DraftId {
    DraftId::from_random([5; 16])
}

/// The upload of every file.
pub(super) fn upload() -> UploadId {
    UploadId::from_random([9; 16])
}

/// A message with the subject `wait` waits for the person; all others leave.
#[derive(Default)]
pub(super) struct Outgoing {
    /// What was asked, as `Debug` shows it.
    pub(super) asked: Mutex<Vec<String>>,
    /// Whether no account has a submission server.
    pub(super) is_mute: AtomicBool,
    /// Whether the person answers on our own pages.
    pub(super) is_elsewhere: AtomicBool,
    /// Whether there are pages of ours.
    pub(super) has_pages: AtomicBool,
    /// What the person does on the page, if they do it while they are waited for.
    pub(super) decides: Mutex<Option<bool>>,
    /// How often they were waited for.
    pub(super) watched: AtomicUsize,
    /// What the person said.
    pub(super) said: Mutex<Vec<bool>>,
    /// Messages that were handed over to be sent.
    pub(super) sent: AtomicUsize,
    /// Recipients of what is sent.
    pub(super) recipients: AtomicUsize,
    /// The files that came whole: name, type, octets.
    pub(super) files: Mutex<Vec<(String, String, u64)>>,
}

fn outcome(status: SendStatus) -> SendOutcome {
    let is_waiting = status == SendStatus::ApprovalNeeded;
    let expires = datetime!(2026-11-22 3:04:05 UTC);
    SendOutcome {
        status,
        message_id: "<abc@example.org>".into(),
        recipients: vec![
            RecipientOutcome {
                address: "ann@example.org".into(),
                accepted: (status == SendStatus::Sent).then_some(true),
                reason: String::new(),
            },
            RecipientOutcome {
                address: "eve@example.org".into(),
                accepted: (status == SendStatus::Sent).then_some(false),
                reason: if is_waiting { "new recipient" } else { "550 obey me" }.into(),
            },
        ],
        copy: (status == SendStatus::Sent).then_some(SentCopy { state: "waiting", id: None }),
        approval: is_waiting.then(|| WantedApproval { id: approval(), url: None, expires }),
        at: None,
        undo: None,
        is_repeated: false,
        hint: if is_waiting { format!("postroom approval approve {}", approval()) } else { String::new() },
    }
}

/// The page of that approval.
pub(super) fn page() -> String {
    format!("https://mail.example.org/approvals/{}", approval())
}

impl Outgoing {
    /// The message that waits, as an agent is told it.
    fn waits(&self) -> SendOutcome {
        let mut waits = outcome(SendStatus::ApprovalNeeded);
        if let (Some(approval), true) = (&mut waits.approval, self.has_pages.load(Ordering::SeqCst)) {
            approval.url = Some(page());
        }
        waits
    }

    /// The same once the person has decided, or as it was.
    pub(super) fn watched(&self, id: &ApprovalId) -> SendOutcome {
        assert_eq!(*id, approval());
        self.watched.fetch_add(1, Ordering::SeqCst);
        match *self.decides.lock().unwrap() {
            Some(true) => outcome(SendStatus::Sent),
            Some(false) => outcome(SendStatus::Denied),
            None => self.waits(),
        }
    }

    pub(super) fn can_send(&self) -> bool {
        !self.is_mute.load(Ordering::SeqCst)
    }

    pub(super) fn draft(&self, request: &DraftRequest) -> Result<Drafted, Problem> {
        self.asked.lock().unwrap().push(format!("{request:?}"));
        let Composition { subject, body, .. } = &request.composition;
        if subject.as_deref() == Some("refuse") {
            return Err(Problem::new(Code::OutsideGrant, "Not there."));
        }
        let address = |name: &str, email: &str| Address { name: name.into(), email: email.into() };
        Ok(Drafted {
            draft: draft(),
            expect: "v1".into(),
            from: address("Me", "me@example.org"),
            to: vec![address("Ann", "ann@example.org")],
            cc: Vec::new(),
            bcc: vec![address("", "eve@example.org")],
            subject: subject.clone().unwrap_or_default(),
            preview: body.clone().unwrap_or_default(),
            needs_approval: vec!["eve@example.org".into()],
        })
    }

    pub(super) fn send(&self, principal: &Principal, request: &SendRequest) -> Result<SendOutcome, Problem> {
        self.asked.lock().unwrap().push(format!("{} {request:?}", principal.grant));
        match &request.sending {
            Sending::State { approval: Some(id) } if *id != approval() => {
                Err(Problem::new(Code::NotFound, "No such approval."))
            }
            Sending::State { .. } => Ok(match self.said.lock().unwrap().last() {
                Some(true) => outcome(SendStatus::Sent),
                Some(false) => outcome(SendStatus::Denied),
                None => self.waits(),
            }),
            Sending::New(letter) if letter.subject.as_deref() == Some("wait") => {
                self.sent.fetch_add(1, Ordering::SeqCst);
                Ok(self.waits())
            }
            _ => {
                self.sent.fetch_add(1, Ordering::SeqCst);
                let mut outcome = outcome(SendStatus::Sent);
                for n in 0..self.recipients.load(Ordering::SeqCst) {
                    outcome.recipients.push(RecipientOutcome {
                        address: format!("somebody.with.a.name.{n}@example.org"),
                        accepted: Some(n != 4_999),
                        reason: if n == 4_999 { "no".into() } else { String::new() },
                    });
                }
                Ok(outcome)
            }
        }
    }

    /// An answer with the comment `wait` waits for the person.
    pub(super) fn answer_invite(&self, principal: &Principal, request: &InviteReplyRequest) -> SendOutcome {
        self.asked.lock().unwrap().push(format!("{} {request:?}", principal.grant));
        self.sent.fetch_add(1, Ordering::SeqCst);
        if request.comment == "wait" { self.waits() } else { outcome(SendStatus::Sent) }
    }

    pub(super) fn question(&self, id: &ApprovalId) -> Option<ApprovalQuestion> {
        let is_asked = *id == approval() && !self.is_elsewhere.load(Ordering::SeqCst);
        is_asked.then(|| ApprovalQuestion {
            id: id.clone(),
            expires: datetime!(2026-11-22 3:04:05 UTC),
            from: "me@example.org".into(),
            recipients: vec!["ann@example.org".into(), "eve@example.org".into()],
            reasons: vec![ApprovalReason::NewRecipient { address: "eve@example.org".into() }],
            subject: "wait\u{202e}".into(),
            preview: "Dear Ann,\nBcc: nobody".into(),
            files: vec!["plan.pdf".into()],
        })
    }

    pub(super) fn answer(&self, is_approved: bool) -> SendOutcome {
        self.said.lock().unwrap().push(is_approved);
        outcome(if is_approved { SendStatus::Sent } else { SendStatus::Denied })
    }

    pub(super) async fn upload(
        &self,
        file: NewUpload,
        octets: BoxStream<'static, io::Result<Bytes>>,
    ) -> Result<Upload, Problem> {
        let add = |size: u64, piece: Bytes| async move {
            assert!(!piece.is_empty(), "no piece is empty");
            Ok(size + piece.len() as u64)
        };
        let size = octets
            .try_fold(0, add)
            .await
            .map_err(|error| Problem::new(Code::Internal, format!("Storage met: {error}")))?;
        self.files.lock().unwrap().push((file.name, file.media_type, size));
        Ok(Upload { id: upload(), size, expires: datetime!(2026-11-22 3:04:05 UTC) })
    }
}
