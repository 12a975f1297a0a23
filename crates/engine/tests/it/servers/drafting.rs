//! Writing drafts on every server: made, found again by their handle, replaced in place.

use domain::{DraftId, Flag};
use engine::outgoing::{Composition, DraftRequest, Drafted, FileSource, Follows};

use super::{World, mail, on_every_server};

on_every_server! {
    a_draft_is_made_and_replaced_and_only_the_newest_is_there,
    a_reply_draft_keeps_what_it_answers,
}

impl World {
    async fn draft(&self, replaces: Option<DraftId>, composition: Composition) -> Drafted {
        let request = DraftRequest { replaces, composition };
        self.engine.draft(&self.principal, request).await.unwrap()
    }
}

async fn a_draft_is_made_and_replaced_and_only_the_newest_is_there(world: World) {
    let file = FileSource::Octets {
        name: "zahlen-ü.bin".into(),
        media_type: String::new(),
        content_id: None,
        octets: vec![0xfe; 200_000].into(),
    };
    let composition = Composition {
        to: Some(vec!["Bob <bob@example.org>".into()]),
        bcc: Some(vec!["eve@example.net".into()]),
        subject: Some("Pläne".into()),
        body: Some("Ein **Wort** – und noch eins".into()),
        attachments: Some(vec![file]),
        ..Composition::default()
    };
    let made = world.draft(None, composition).await;
    for subject in ["Second", "Third"] {
        let again = Composition { subject: Some(subject.into()), ..Composition::default() };
        let replaced = world.draft(Some(made.draft.clone()), again).await;
        assert_eq!((&replaced.draft, &replaced.to, &replaced.bcc), (&made.draft, &made.to, &made.bcc));
        assert_eq!(replaced.preview, made.preview);
        assert_ne!(replaced.expect, made.expect);
        let rows = world.rows("@drafts", 10).await;
        let [row] = rows.as_slice() else { panic!("{rows:?}") };
        assert_eq!((row.subject.as_str(), row.attachments), (subject, 1));
        assert!(row.flags.contains(&Flag::Draft) && row.flags.contains(&Flag::Seen), "{:?}", row.flags);
        let message = world.read(&row.id.to_string()).await;
        assert!(message.body.contains("und noch eins"), "{}", message.body);
        assert_eq!(message.attachments[0].name, "zahlen-ü.bin");
    }
    // Nobody remembers anything, and it is still the same draft.
    let world = world.with_new_engine();
    let words = Composition { body: Some("Other words".into()), ..Composition::default() };
    let replaced = world.draft(Some(made.draft.clone()), words).await;
    assert_eq!((replaced.subject.as_str(), replaced.preview.as_str()), ("Third", "Other words"));
    assert_eq!(world.rows("@drafts", 10).await.len(), 1);
}

async fn a_reply_draft_keeps_what_it_answers(mut world: World) {
    let rest = "Message-ID: <one@x>\r\nCc: carl@example.org\r\n\r\nShall we?\r\n";
    world.file("INBOX", &mail("Lunch", rest));
    let follows = Some(Follows::ReplyAll("<one@x>".into()));
    let made =
        world.draft(None, Composition { follows, body: Some("Yes".into()), ..Composition::default() }).await;
    assert_eq!((made.to.len(), made.cc.len(), made.subject.as_str()), (1, 1, "Re: Lunch"));
    let words = Composition { body: Some("No".into()), ..Composition::default() };
    let replaced = world.draft(Some(made.draft.clone()), words).await;
    assert_eq!((replaced.to, replaced.cc, replaced.subject), (made.to, made.cc, made.subject));
    let rows = world.rows("@drafts", 10).await;
    assert_eq!(rows.len(), 1);
    let message = world.read(&rows[0].id.to_string()).await;
    assert!(message.body.contains("No") && message.body.contains("quoted"), "{}", message.body);
}
