//! Against imap-codec: what both understand, both understand alike.

use std::num::NonZeroU32;

use domain::{Envelope, Flag, Part};
use imap_codec::{ResponseCodec, decode::Decoder as _, encode::Encoder as _};
use imap_types::{
    body::{BasicFields, Body, BodyStructure, SpecificFields},
    core::{IString, Literal, NString, Text, Vec1},
    envelope::{Address, Envelope as TheirEnvelope},
    fetch::{MessageDataItem, Section as TheirSection},
    flag::{Flag as TheirFlag, FlagFetch},
    mailbox::Mailbox,
    response::{Data as TheirData, Response as Theirs, Status as TheirStatus, StatusKind as TheirKind},
    status::StatusDataItem,
};
use proptest::prelude::*;

use super::{
    super::framer::{Event, Limits},
    framing::events,
    replies::{read, recorded},
};
use crate::{
    imap::response::{Fetch, Response, SectionText, StatusKind, Untagged},
    mime::words,
};

#[test]
fn recorded_replies_that_both_read_are_read_alike() {
    let mut both = 0;
    for (name, reply) in recorded() {
        let octets = format!("{reply}\r\n");
        if let Ok((rest, theirs)) = ResponseCodec::default().decode(octets.as_bytes()) {
            assert!(rest.is_empty(), "{name}");
            compare(&read(&reply), &theirs);
            both += 1;
        }
    }
    assert!(both >= 30, "imap-codec read only {both}");
}

fn compare(ours: &Response, theirs: &Theirs<'_>) {
    match (ours, theirs) {
        (Response::Continue(_), Theirs::CommandContinuationRequest(_)) => {}
        (Response::Tagged { tag, status }, Theirs::Status(TheirStatus::Tagged(theirs))) => {
            assert_eq!(tag, theirs.tag.inner());
            compare_status((status.kind, &status.text), (theirs.body.kind, &theirs.body.text));
        }
        (Response::Untagged(Untagged::Status(status)), Theirs::Status(TheirStatus::Untagged(theirs))) => {
            compare_status((status.kind, &status.text), (theirs.kind, &theirs.text));
        }
        (Response::Untagged(ours), Theirs::Data(theirs)) => compare_data(ours, theirs),
        other => panic!("{other:?}"),
    }
}

fn compare_status(ours: (StatusKind, &String), theirs: (TheirKind, &Text<'_>)) {
    let kind = match theirs.0 {
        TheirKind::Ok => StatusKind::Ok,
        TheirKind::No => StatusKind::No,
        TheirKind::Bad => StatusKind::Bad,
    };
    assert_eq!(ours.0, kind);
    // Where there is no text, imap-codec makes one up.
    assert!(ours.1.is_empty() || ours.1 == theirs.1.inner(), "{ours:?} {theirs:?}");
}

fn compare_data(ours: &Untagged, theirs: &TheirData<'_>) {
    match (ours, theirs) {
        (Untagged::Capability(ours), TheirData::Capability(theirs)) => {
            let theirs: Vec<String> =
                theirs.as_ref().iter().map(|name| name.to_string().to_ascii_uppercase()).collect();
            assert_eq!(*ours, theirs);
        }
        (Untagged::List(ours), TheirData::List { items, delimiter, mailbox }) => {
            let items: Vec<String> = items.iter().map(|item| item.to_string().to_lowercase()).collect();
            assert_eq!(ours.attributes, items);
            assert_eq!(ours.delimiter, delimiter.map(|delimiter| delimiter.inner()));
            assert_eq!(ours.name, name_of(mailbox));
        }
        (Untagged::MailboxStatus(ours), TheirData::Status { mailbox, items }) => {
            assert_eq!(ours.name, name_of(mailbox));
            for item in items.as_ref() {
                match item {
                    StatusDataItem::Messages(number) => assert_eq!(ours.messages, Some(*number)),
                    StatusDataItem::Recent(number) => assert_eq!(ours.recent, Some(*number)),
                    StatusDataItem::UidNext(number) => assert_eq!(ours.uid_next, Some(number.get())),
                    StatusDataItem::UidValidity(number) => assert_eq!(ours.uid_validity, Some(number.get())),
                    StatusDataItem::Unseen(number) => assert_eq!(ours.unseen, Some(*number)),
                    StatusDataItem::Deleted(number) => assert_eq!(ours.deleted, Some(*number)),
                    StatusDataItem::DeletedStorage(_) => assert_eq!(ours.other.len(), 1),
                }
            }
        }
        (Untagged::Search { numbers, .. }, TheirData::Search(theirs))
        | (Untagged::Sort { numbers, .. }, TheirData::Sort(theirs)) => {
            assert_eq!(*numbers, theirs.iter().map(|number| number.get()).collect::<Vec<_>>());
        }
        (Untagged::Enabled(ours), TheirData::Enabled { capabilities }) => {
            assert_eq!(ours.len(), capabilities.len());
        }
        (Untagged::Flags(ours), TheirData::Flags(theirs)) => {
            assert_eq!(*ours, theirs.iter().map(|flag| Flag::parse(&flag.to_string())).collect::<Vec<_>>());
        }
        (Untagged::Exists(ours), TheirData::Exists(theirs))
        | (Untagged::Recent(ours), TheirData::Recent(theirs)) => {
            assert_eq!(ours, theirs);
        }
        (Untagged::Expunge(ours), TheirData::Expunge(theirs)) => assert_eq!(*ours, theirs.get()),
        (Untagged::Thread(ours), TheirData::Thread(theirs)) => assert_eq!(ours.len(), theirs.len()),
        (Untagged::Other { name, .. }, TheirData::Quota { .. }) => assert_eq!(name, "QUOTA"),
        (Untagged::Fetch(ours), TheirData::Fetch { seq, items }) => {
            assert_eq!(ours.sequence, seq.get());
            for item in items.as_ref() {
                compare_item(ours, item);
            }
        }
        other => panic!("{other:?}"),
    }
}

fn name_of(mailbox: &Mailbox<'_>) -> Vec<u8> {
    match mailbox {
        Mailbox::Inbox => b"INBOX".to_vec(),
        Mailbox::Other(other) => other.inner().as_ref().to_vec(),
    }
}

fn octets<'a>(text: &'a NString<'_>) -> Option<&'a [u8]> {
    text.0.as_ref().map(AsRef::as_ref)
}

fn compare_item(ours: &Fetch, theirs: &MessageDataItem<'_>) {
    let section = |text: SectionText, data: &NString<'_>| {
        let section = ours.sections.iter().find(|section| section.text == text).unwrap();
        assert_eq!(section.data.as_deref(), octets(data));
    };
    match theirs {
        MessageDataItem::Uid(uid) => assert_eq!(ours.uid, Some(uid.get())),
        MessageDataItem::Rfc822Size(size) => assert_eq!(ours.size, Some(u64::from(*size))),
        MessageDataItem::Flags(flags) => {
            let theirs = flags.iter().map(|flag| match flag {
                FlagFetch::Flag(flag) => Flag::parse(&flag.to_string()),
                FlagFetch::Recent => Flag::Keyword("\\Recent".to_owned()),
            });
            assert_eq!(ours.flags.clone().unwrap(), theirs.collect::<Vec<_>>());
        }
        MessageDataItem::InternalDate(at) => {
            assert_eq!(ours.internal_date.unwrap().unix_timestamp(), at.as_ref().timestamp());
        }
        MessageDataItem::Envelope(theirs) => compare_envelope(ours.envelope.as_ref().unwrap(), theirs),
        MessageDataItem::Body(theirs) | MessageDataItem::BodyStructure(theirs) => {
            compare_structure(ours.structure.as_ref().unwrap(), theirs);
        }
        MessageDataItem::Rfc822(data) => section(SectionText::Whole, data),
        MessageDataItem::Rfc822Header(data) => section(SectionText::Header, data),
        MessageDataItem::Rfc822Text(data) => section(SectionText::Text, data),
        MessageDataItem::BodyExt { section: place, origin, data } => {
            let [ours] = ours.sections.as_slice() else { panic!("{ours:?}") };
            assert_eq!(ours.data.as_deref(), octets(data));
            assert_eq!(ours.origin, origin.map(u64::from));
            let fields = |names: &Vec1<imap_types::core::AString<'_>>| -> Vec<String> {
                names
                    .as_ref()
                    .iter()
                    .map(|name| words::decode_raw(name.as_ref()).to_ascii_uppercase())
                    .collect()
            };
            let (part, text) = match place {
                None => (None, SectionText::Whole),
                Some(TheirSection::Part(part)) => (Some(part), SectionText::Whole),
                Some(TheirSection::Header(part)) => (part.as_ref(), SectionText::Header),
                Some(TheirSection::HeaderFields(part, names)) => {
                    (part.as_ref(), SectionText::HeaderFields(fields(names)))
                }
                Some(TheirSection::HeaderFieldsNot(part, names)) => {
                    (part.as_ref(), SectionText::HeaderFieldsNot(fields(names)))
                }
                Some(TheirSection::Text(part)) => (part.as_ref(), SectionText::Text),
                Some(TheirSection::Mime(part)) => (Some(part), SectionText::Mime),
            };
            let path: Vec<u32> =
                part.iter().flat_map(|part| part.0.as_ref()).map(|number| number.get()).collect();
            assert_eq!((&ours.path.0, &ours.text), (&path, &text));
        }
        MessageDataItem::Binary { section, .. } => {
            let path: Vec<u32> = section.iter().map(|number| number.get()).collect();
            assert!(ours.sections.iter().any(|section| section.is_binary && section.path.0 == path));
        }
        MessageDataItem::BinarySize { .. } => assert!(!ours.other.is_empty()),
    }
}

fn compare_envelope(ours: &Envelope, theirs: &TheirEnvelope<'_>) {
    let text = |field: &NString<'_>| octets(field).map(words::decode).unwrap_or_default().trim().to_owned();
    assert_eq!(ours.subject, text(&theirs.subject));
    let addresses = |list: &[Address<'_>]| -> Vec<domain::Address> {
        list.iter()
            .map(|address| {
                let verbatim =
                    |field| octets(field).map(words::decode_verbatim).unwrap_or_default().trim().to_owned();
                let (local, host): (String, String) = (verbatim(&address.mailbox), verbatim(&address.host));
                let email = if host.is_empty() { local } else { format!("{local}@{host}") };
                domain::Address { name: text(&address.name), email }
            })
            .filter(|address| !(address.name.is_empty() && address.email.is_empty()))
            .collect()
    };
    assert_eq!(ours.from, addresses(&theirs.from));
    assert_eq!(ours.sender, addresses(&theirs.sender));
    assert_eq!(ours.reply_to, addresses(&theirs.reply_to));
    assert_eq!(ours.to, addresses(&theirs.to));
    assert_eq!(ours.cc, addresses(&theirs.cc));
    assert_eq!(ours.bcc, addresses(&theirs.bcc));
}

fn compare_structure(ours: &Part, theirs: &BodyStructure<'_>) {
    let lower = |text: &IString<'_>| words::decode_verbatim(text.as_ref()).trim().to_ascii_lowercase();
    match theirs {
        BodyStructure::Multi { bodies, subtype, .. } => {
            assert_eq!((ours.kind.as_str(), &ours.subtype), ("multipart", &lower(subtype)));
            assert_eq!(ours.children.len(), bodies.as_ref().len());
            for (ours, theirs) in ours.children.iter().zip(bodies.as_ref()) {
                compare_structure(ours, theirs);
            }
        }
        BodyStructure::Single { body, .. } => {
            let BasicFields { content_transfer_encoding, size, parameter_list, .. } = &body.basic;
            assert_eq!(ours.size, u64::from(*size));
            let encoding = lower(content_transfer_encoding);
            assert_eq!(ours.encoding, if encoding.is_empty() { "7bit" } else { &encoding });
            assert!(ours.parameters.len() <= parameter_list.len());
            match &body.specific {
                SpecificFields::Basic { r#type, subtype } => {
                    assert_eq!((&ours.kind, &ours.subtype), (&lower(r#type), &lower(subtype)));
                }
                SpecificFields::Text { subtype, .. } => {
                    assert_eq!((ours.kind.as_str(), &ours.subtype), ("text", &lower(subtype)));
                }
                SpecificFields::Message { envelope, body_structure, .. } => {
                    assert_eq!(ours.media_type(), "message/rfc822");
                    compare_envelope(ours.envelope.as_ref().unwrap(), envelope);
                    compare_structure(&ours.children[0], body_structure);
                }
            }
        }
    }
}

fn any_string() -> impl Strategy<Value = IString<'static>> {
    let literal = prop::collection::vec(1_u8.., 0..12)
        .prop_map(|bytes| IString::Literal(Literal::try_from(bytes).unwrap()));
    let quoted = "[ -~]{0,12}".prop_map(|text| IString::try_from(text).unwrap());
    prop_oneof![1 => literal, 4 => quoted]
}

fn any_nstring() -> impl Strategy<Value = NString<'static>> {
    prop::option::weighted(0.8, any_string()).prop_map(NString)
}

/// Addresses with a domain, so that none is a group.
fn any_addresses() -> impl Strategy<Value = Vec<Address<'static>>> {
    let address =
        (any_nstring(), any_nstring(), any_string(), "[a-z]{1,9}").prop_map(|(name, adl, mailbox, host)| {
            Address { name, adl, mailbox: NString(Some(mailbox)), host: NString::try_from(host).unwrap() }
        });
    prop::collection::vec(address, 0..3)
}

fn any_envelope() -> impl Strategy<Value = TheirEnvelope<'static>> {
    let lists = prop::array::uniform6(any_addresses());
    (any_nstring(), any_nstring(), lists, any_nstring(), any_nstring()).prop_map(
        |(date, subject, [from, sender, reply_to, to, cc, bcc], in_reply_to, message_id)| TheirEnvelope {
            date,
            subject,
            from,
            sender,
            reply_to,
            to,
            cc,
            bcc,
            in_reply_to,
            message_id,
        },
    )
}

fn any_basic() -> impl Strategy<Value = BasicFields<'static>> {
    let parameters = prop::collection::vec((any_string(), any_string()), 0..3);
    (parameters, any_nstring(), any_nstring(), any_string(), any::<u32>()).prop_map(
        |(parameter_list, id, description, content_transfer_encoding, size)| BasicFields {
            parameter_list,
            id,
            description,
            content_transfer_encoding,
            size,
        },
    )
}

fn word() -> impl Strategy<Value = IString<'static>> {
    "[a-z]{1,8}".prop_map(|text| IString::try_from(text).unwrap())
}

fn any_structure() -> impl Strategy<Value = BodyStructure<'static>> {
    let text = (word(), any::<u32>())
        .prop_map(|(subtype, number_of_lines)| SpecificFields::Text { subtype, number_of_lines });
    let image = word()
        .prop_map(|subtype| SpecificFields::Basic { r#type: IString::try_from("image").unwrap(), subtype });
    let leaf = (any_basic(), prop_oneof![text, image]).prop_map(|(basic, specific)| BodyStructure::Single {
        body: Body { basic, specific },
        extension_data: None,
    });
    leaf.prop_recursive(5, 20, 3, |inner| {
        let multi = (prop::collection::vec(inner.clone(), 1..4), word()).prop_map(|(bodies, subtype)| {
            BodyStructure::Multi { bodies: Vec1::try_from(bodies).unwrap(), subtype, extension_data: None }
        });
        let message = (any_basic(), any_envelope(), inner, any::<u32>()).prop_map(
            |(basic, envelope, body_structure, number_of_lines)| {
                let (envelope, body_structure) = (Box::new(envelope), Box::new(body_structure));
                let specific = SpecificFields::Message { envelope, body_structure, number_of_lines };
                BodyStructure::Single { body: Body { basic, specific }, extension_data: None }
            },
        );
        prop_oneof![multi, message]
    })
}

fn any_items() -> impl Strategy<Value = Vec<MessageDataItem<'static>>> {
    let flags = prop::collection::vec(
        prop::sample::select(vec![TheirFlag::Seen, TheirFlag::Draft, TheirFlag::Flagged]),
        0..3,
    )
    .prop_map(|flags| MessageDataItem::Flags(flags.into_iter().map(FlagFetch::Flag).collect()));
    let content = (any::<Option<u32>>(), any_nstring()).prop_map(|(origin, data)| MessageDataItem::BodyExt {
        section: None,
        origin,
        data,
    });
    (
        any::<NonZeroU32>().prop_map(MessageDataItem::Uid),
        flags,
        any_envelope().prop_map(MessageDataItem::Envelope),
        any_structure().prop_map(MessageDataItem::BodyStructure),
        content,
        any::<u32>().prop_map(MessageDataItem::Rfc822Size),
    )
        .prop_map(|(a, b, c, d, e, f)| vec![a, b, c, d, e, f])
        .prop_shuffle()
}

proptest! {
    #[test]
    fn what_imap_codec_writes_is_read_as_it_meant(items in any_items(), seq: NonZeroU32, size in 1_usize..64) {
        let theirs = Theirs::Data(TheirData::Fetch { seq, items: Vec1::try_from(items).unwrap() });
        let octets = ResponseCodec::default().encode(&theirs).dump();
        let (events, error) = events(&octets, &[size], &Limits::default());
        prop_assert_eq!(error, None);
        let [Event::Response(ours)] = events.as_slice() else { panic!("{events:?}") };
        compare(ours, &theirs);
    }
}
