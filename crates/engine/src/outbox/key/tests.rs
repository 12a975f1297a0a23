//! What counts as the same wish.

use std::io::Write as _;

use bytes::Bytes;

use super::*;

fn new(change: impl FnOnce(&mut Composition)) -> SendRequest {
    let mut composition = Composition {
        to: Some(vec!["bob@example.org".into()]),
        subject: Some("Tea".into()),
        body: Some("At five?".into()),
        ..Composition::default()
    };
    change(&mut composition);
    SendRequest { sending: Sending::New(Box::new(composition)), key: None, at: None }
}

async fn asked_of(request: &SendRequest) -> Asked {
    asked(request).await.unwrap().unwrap()
}

#[tokio::test]
async fn the_same_wish_has_the_same_key_and_any_other_another() {
    let first = asked_of(&new(|_| {})).await;
    assert_eq!(first, asked_of(&new(|_| {})).await);
    assert!(first.is_of_content && first.key.starts_with("hash:"));
    let octets = || FileSource::Octets {
        name: "a.txt".into(),
        media_type: String::new(),
        content_id: None,
        octets: Bytes::from_static(b"x"),
    };
    let others = [
        new(|c| c.to = Some(vec!["bob@example.org".into(), "eve@example.org".into()])),
        new(|c| c.to = None),
        new(|c| c.to = Some(Vec::new())),
        new(|c| (c.to, c.cc) = (None, c.to.take())),
        new(|c| c.bcc = Some(vec!["eve@example.org".into()])),
        new(|c| c.subject = None),
        new(|c| c.subject = Some(String::new())),
        new(|c| c.body = Some("At six?".into())),
        new(|c| c.html = Some("At five?".into())),
        new(|c| c.account = Some("work".into())),
        new(|c| c.from = Some("alice@example.org".into())),
        new(|c| c.signature = true),
        new(|c| c.follows = Some(Follows::Reply("work/@inbox:1@1".into()))),
        new(|c| c.follows = Some(Follows::ReplyAll("work/@inbox:1@1".into()))),
        new(|c| c.attachments = Some(Vec::new())),
        new(|c| c.attachments = Some(vec![octets()])),
        new(|c| c.attachments = Some(vec![FileSource::FromMessage { message: "m".into(), index: None }])),
        new(|c| c.attachments = Some(vec![FileSource::FromMessage { message: "m".into(), index: Some(1) }])),
    ];
    let mut seen = vec![first.content];
    for other in &others {
        let content = asked_of(other).await.content;
        assert!(!seen.contains(&content), "{other:?}");
        seen.push(content);
    }
}

#[tokio::test]
async fn a_key_that_is_given_names_it_else_the_draft_and_no_kind_is_taken_for_another() {
    let mut request = new(|_| {});
    request.key = Some("k".into());
    assert_eq!(asked_of(&request).await.key, "key:k");
    let draft = DraftId::from_text("drf_1");
    request.sending = Sending::Draft { draft: draft.clone(), expect: None, account: None };
    assert_eq!(asked_of(&request).await.key, "key:k");
    request.key = None;
    assert_eq!(asked_of(&request).await.key, of_draft(&draft));
    request.key = Some(of_draft(&draft));
    assert_ne!(asked_of(&request).await.key, of_draft(&draft));
    request.sending = Sending::State { approval: None };
    assert!(asked(&request).await.unwrap().is_none());
}

#[tokio::test]
async fn a_draft_is_one_wish_whatever_is_said_besides() {
    let draft = |expect: Option<&str>, account: Option<&str>| SendRequest {
        sending: Sending::Draft {
            draft: DraftId::from_text("drf_1"),
            expect: expect.map(str::to_owned),
            account: account.map(str::to_owned),
        },
        key: None,
        at: None,
    };
    let bare = asked_of(&draft(None, None)).await;
    assert_eq!(bare, asked_of(&draft(Some("a"), None)).await);
    assert_eq!(bare, asked_of(&draft(None, Some("work"))).await);
}

#[tokio::test]
async fn a_key_that_was_made_here_is_taken_back_for_that_content_only() {
    let made = asked_of(&new(|_| {})).await;
    let with = |change: fn(&mut Composition), key: &str| {
        let mut request = new(change);
        request.key = Some(key.to_owned());
        request
    };
    let again = asked_of(&with(|_| {}, &made.key)).await;
    assert!(again.is_given && again.key == made.key && again.content == made.content);
    let other = with(|letter| letter.subject = Some("another".into()), &made.key);
    assert_eq!(asked(&other).await.unwrap_err().code, Code::Conflict);
    assert_eq!(given(&made.key).unwrap(), made.key);
    assert_eq!(given("hash:mine").unwrap(), "key:hash:mine");
    assert!(to_ask_with(&made.key).contains(&made.key) && to_ask_with("draft:drf_1").contains("`drf_1`"));
    assert!(to_ask_with("key:k").contains("the same"));
}

#[test]
fn keys_are_1_to_200_characters_without_controls() {
    assert!(given(&"ü".repeat(200)).is_ok());
    for bad in ["", "a\nb", &"x".repeat(201)] {
        assert_eq!(given(bad).unwrap_err().code, Code::InvalidInput);
    }
}

#[tokio::test]
async fn a_file_is_known_by_its_content_and_can_still_be_read() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"content and more").unwrap();
    file.rewind().unwrap();
    let opened = |file: &File| FileSource::Opened {
        name: "a".into(),
        media_type: String::new(),
        size: 7,
        file: file.try_clone().unwrap(),
    };
    let of = |file: &File| new(|c| c.attachments = Some(vec![opened(file)]));
    let first = asked_of(&of(&file)).await;
    assert_eq!(first, asked_of(&of(&file)).await);
    assert_eq!(file.stream_position().unwrap(), 0);
    let mut other = tempfile::tempfile().unwrap();
    other.write_all(b"CONTENT").unwrap();
    other.rewind().unwrap();
    assert_ne!(first.content, asked_of(&of(&other)).await.content);
}

#[tokio::test]
async fn a_key_of_content_makes_another_message_id_at_another_time() {
    let asked = asked_of(&new(|_| {})).await;
    let (now, later) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH + time::Duration::HOUR);
    assert_ne!(of_message_id(&asked, now), of_message_id(&asked, later));
    let asked = Asked { is_of_content: false, ..asked };
    assert_eq!(of_message_id(&asked, now), of_message_id(&asked, later));
}
