//! The heads of earlier messages inside a later one, in the languages of mail programs.

use crate::mime::{line::Line, links::clip};

/// Words between dashes above the message that is answered.
const ORIGINAL: [&str; 34] = [
    "original message",
    "original appointment",
    "original email",
    "original mail",
    "ursprüngliche nachricht",
    "originalnachricht",
    "original-nachricht",
    "ursprünglicher termin",
    "message d'origine",
    "message d’origine",
    "message original",
    "message initial",
    "mensaje original",
    "messaggio originale",
    "messaggio originario",
    "oorspronkelijk bericht",
    "mensagem original",
    "ursprungligt meddelande",
    "originalmeddelande",
    "oprindelig meddelelse",
    "opprinnelig melding",
    "alkuperäinen viesti",
    "wiadomość oryginalna",
    "oryginalna wiadomość",
    "původní zpráva",
    "pôvodná správa",
    "eredeti üzenet",
    "mesaj original",
    "исходное сообщение",
    "оригінальне повідомлення",
    "原始邮件",
    "原始郵件",
    "元のメッセージ",
    "원본 메시지",
];

/// Words that stand above a message that is passed on.
const FORWARDED: [&str; 34] = [
    "forwarded message",
    "begin forwarded message",
    "forwarded by",
    "start of forwarded message",
    "weitergeleitete nachricht",
    "anfang der weitergeleiteten nachricht",
    "weitergeleitete e-mail",
    "message transféré",
    "début du message transféré",
    "début du message réexpédié",
    "message transfere",
    "mensaje reenviado",
    "inicio del mensaje reenviado",
    "messaggio inoltrato",
    "inizio messaggio inoltrato",
    "doorgestuurd bericht",
    "begin doorgestuurd bericht",
    "mensagem encaminhada",
    "mensagem reencaminhada",
    "início da mensagem reencaminhada",
    "início da mensagem encaminhada",
    "vidarebefordrat meddelande",
    "vidarebefordrat brev",
    "videresendt meddelelse",
    "videresendt melding",
    "välitetty viesti",
    "przekazana wiadomość",
    "wiadomość przekazana",
    "přeposlaná zpráva",
    "továbbított üzenet",
    "пересылаемое сообщение",
    "начало переадресованного сообщения",
    "转发的邮件",
    "転送されたメッセージ",
];

const FROM: [&str; 22] = [
    "from",
    "von",
    "de",
    "da",
    "van",
    "från",
    "fra",
    "lähettäjä",
    "od",
    "feladó",
    "kimden",
    "gönderen",
    "от",
    "від",
    "від кого",
    "发件人",
    "寄件者",
    "差出人",
    "送信者",
    "보낸 사람",
    "expéditeur",
    "mittente",
];
const OTHERS: [&str; 74] = [
    "sent",
    "date",
    "to",
    "subject",
    "cc",
    "bcc",
    "reply-to",
    "importance",
    "gesendet",
    "datum",
    "an",
    "betreff",
    "envoyé",
    "à",
    "objet",
    "copie",
    "enviado",
    "enviado el",
    "fecha",
    "para",
    "asunto",
    "inviato",
    "data",
    "a",
    "oggetto",
    "verzonden",
    "aan",
    "onderwerp",
    "enviada em",
    "enviada",
    "assunto",
    "skickat",
    "till",
    "ämne",
    "sendt",
    "dato",
    "til",
    "emne",
    "lähetetty",
    "vastaanottaja",
    "aihe",
    "päivämäärä",
    "wysłano",
    "wysłane",
    "do",
    "temat",
    "odesláno",
    "komu",
    "předmět",
    "odoslané",
    "predmet",
    "elküldve",
    "címzett",
    "tárgy",
    "gönderildi",
    "tarih",
    "kime",
    "konu",
    "отправлено",
    "дата",
    "кому",
    "тема",
    "надіслано",
    "发送时间",
    "日期",
    "收件人",
    "主题",
    "抄送",
    "送信日時",
    "宛先",
    "件名",
    "보낸 날짜",
    "받는 사람",
    "제목",
];

/// Keys that only mail has.
const SAYS_MAIL: [&str; 30] = [
    "sent",
    "subject",
    "cc",
    "gesendet",
    "betreff",
    "envoyé",
    "objet",
    "enviado",
    "enviado el",
    "asunto",
    "inviato",
    "oggetto",
    "verzonden",
    "onderwerp",
    "enviada em",
    "enviada",
    "assunto",
    "skickat",
    "ämne",
    "emne",
    "aihe",
    "temat",
    "předmět",
    "predmet",
    "tárgy",
    "konu",
    "тема",
    "主题",
    "件名",
    "제목",
];

/// Key and value of a line like `**From:** Ann`, the key in lower case.
fn field(text: &str) -> Option<(String, &str)> {
    let text = text.trim().trim_start_matches(['*', ' ']);
    let (key, value) = text.split_once([':', '：'])?;
    let key = key.trim_matches(['*', ' ', '\u{A0}']);
    if key.is_empty() || key.chars().count() > 20 {
        return None;
    }
    Some((key.to_lowercase(), value.trim_matches(['*', ' '])))
}

/// Whether an earlier message's head stands at the first of these lines: From, and two more fields close by.
pub(super) fn is_header_block(lines: &[Line]) -> bool {
    let Some(first) = lines.first() else { return false };
    let Some((key, _)) = field(&first.text) else { return false };
    let (mut has_from, mut others) =
        (FROM.contains(&key.as_str()), usize::from(OTHERS.contains(&key.as_str())));
    if !has_from && others == 0 {
        return false;
    }
    // An itinerary has From, To and Date too, but no subject.
    let mut says_mail = SAYS_MAIL.contains(&key.as_str());
    // Addresses of a long To may fill lines of their own.
    for line in lines.iter().skip(1).filter(|line| !line.is_blank()).take(6) {
        let Some((key, value)) = field(&line.text) else { continue };
        says_mail |= SAYS_MAIL.contains(&key.as_str());
        has_from |= FROM.contains(&key.as_str()) && !value.is_empty();
        others += usize::from(OTHERS.contains(&key.as_str()));
    }
    has_from && others >= 2 && says_mail
}

/// Whether a line stands above the message that is answered, and means: history from here.
pub(super) fn is_history_mark(text: &str) -> bool {
    between_dashes(text).is_some_and(|words| ORIGINAL.contains(&words.as_str()))
}

/// Whether a line stands above a message that is passed on.
pub(in crate::mime) fn is_forward_mark(text: &str) -> bool {
    if text.len() > 200 {
        return false;
    }
    if let Some(words) = between_dashes(text) {
        return FORWARDED.iter().any(|mark| words.starts_with(mark));
    }
    let words = text.trim().trim_matches(['*', ' ']);
    let Some(words) = words.strip_suffix([':', '：']) else { return false };
    FORWARDED.contains(&words.trim().to_lowercase().as_str())
        || matches!(words.trim(), "下面是被转发的邮件" | "以下是转发的邮件")
}

fn between_dashes(text: &str) -> Option<String> {
    let text = text.trim().trim_matches('*');
    let is_dash = |c: char| matches!(c, '-' | '–' | '—' | '_' | '=');
    let inner = text.trim_matches(is_dash);
    let dashes = text.chars().take_while(|c| is_dash(*c)).count();
    if dashes < 2 || !text.ends_with(is_dash) || inner.len() > 100 {
        return None;
    }
    Some(inner.trim().trim_end_matches(':').to_lowercase())
}

/// The author named by the head of an earlier message within its first lines.
pub(super) fn author(lines: &[Line]) -> Option<String> {
    let (_, value) = lines
        .iter()
        .filter(|line| !line.is_blank())
        .take(4)
        .filter_map(|line| field(&line.text))
        .find(|(key, value)| FROM.contains(&key.as_str()) && !value.is_empty())?;
    // `[Ann](mailto…)`-like links and addresses in brackets are no part of the name.
    let name = value.split(['<', '[']).find(|piece| !piece.trim().is_empty()).unwrap_or(value);
    let name = name.trim_matches(['"', '\'', ' ', '>', ']', ',']);
    (!name.is_empty()).then(|| clip(name, 60))
}

/// Whether a subject says that the message passes another one on (`Fwd:`, `WG:`, `TR:` …).
pub fn is_forward_subject(subject: &str) -> bool {
    let Some((prefix, _)) = subject.split_once([':', '：']) else { return false };
    let prefix = prefix.trim().to_lowercase();
    let prefix = prefix.split('[').next().unwrap_or_default().trim();
    matches!(
        prefix,
        "fwd"
            | "fw"
            | "wg"
            | "tr"
            | "rv"
            | "enc"
            | "i"
            | "doorst"
            | "vb"
            | "vs"
            | "vl"
            | "pd"
            | "továbbítás"
            | "ilt"
            | "转发"
            | "轉寄"
            | "転送"
            | "전달"
            | "пересл"
            | "fwd.mail"
            | "rinvio"
            | "inoltra"
            | "továbbítva"
    )
}
