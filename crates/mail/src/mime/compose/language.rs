//! The languages that our own lines in a message are written in: attributions, heads of forwards.
//!
//! Recognised from the words that a person or agent wrote, else from the marks in the subject (`AW:`).
//! `mime::quote` knows these lines again.

use domain::Timestamp;

use crate::mime::subject;

/// Most words that are looked at.
const MAX_WORDS: usize = 300;
/// Fewest known words of a language.
const MIN_KNOWN: usize = 2;

/// A language of attributions and heads of forwarded messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Language {
    /// English
    #[default]
    English,
    /// German
    German,
    /// French
    French,
    /// Spanish
    Spanish,
    /// Italian
    Italian,
    /// Portuguese
    Portuguese,
    /// Dutch
    Dutch,
    /// Swedish
    Swedish,
    /// Danish
    Danish,
    /// Polish
    Polish,
    /// Russian
    Russian,
}

/// The words of a language that stand in messages.
pub(super) struct Words {
    /// Frequent words by which it is known.
    known: &'static str,
    /// Marks of subjects that only its mail programs write.
    marks: &'static [&'static str],
    /// With `{date}`, `{time}` and `{who}`.
    attribution: &'static str,
    /// With `%d`, `%m`, `%Y`.
    date: &'static str,
    /// Stands for an author without name and address.
    pub(super) somebody: &'static str,
    /// Between dashes above a message that is passed on.
    pub(super) forwarded: &'static str,
    /// From, Date, Subject, To, Cc.
    pub(super) fields: [&'static str; 5],
    /// Stands where a text was cut.
    pub(super) left_out: &'static str,
}

const ALL: [(Language, Words); 11] = [
    (
        Language::English,
        Words {
            known: "the and you to for is we of please thanks thank it your are this will have hi that with regards dear",
            marks: &[],
            attribution: "On {date} at {time}, {who} wrote:",
            date: "%a, %d %b %Y",
            somebody: "somebody",
            forwarded: "Forwarded message",
            fields: ["From", "Date", "Subject", "To", "Cc"],
            left_out: "[The rest of the message is left out.]",
        },
    ),
    (
        Language::German,
        Words {
            known: "und der die das nicht ich sie ist für mit wir auf zu den ein eine bitte danke viele grüße hallo auch dem freundlichen",
            marks: &["aw", "wg", "antwort"],
            attribution: "Am {date} um {time} schrieb {who}:",
            date: "%d.%m.%Y",
            somebody: "jemand",
            forwarded: "Weitergeleitete Nachricht",
            fields: ["Von", "Datum", "Betreff", "An", "Cc"],
            left_out: "[Der Rest der Nachricht ist weggelassen.]",
        },
    ),
    (
        Language::French,
        Words {
            known: "le la les et vous je pour est une des nous pas merci bonjour avec votre que dans cordialement ce il",
            marks: &["tr", "rép"],
            attribution: "Le {date} à {time}, {who} a écrit :",
            date: "%d/%m/%Y",
            somebody: "quelqu’un",
            forwarded: "Message transféré",
            fields: ["De", "Date", "Objet", "À", "Cc"],
            left_out: "[Le reste du message est omis.]",
        },
    ),
    (
        Language::Spanish,
        Words {
            known: "el los las y por para que una gracias hola con está le su del usted saludos es en lo se muchas",
            marks: &["rv"],
            attribution: "El {date} a las {time}, {who} escribió:",
            date: "%d/%m/%Y",
            somebody: "alguien",
            forwarded: "Mensaje reenviado",
            fields: ["De", "Fecha", "Asunto", "Para", "Cc"],
            left_out: "[El resto del mensaje se ha omitido.]",
        },
    ),
    (
        Language::Italian,
        Words {
            known: "il che per una grazie ciao con non sono della gli è di buongiorno saluti la cordiali le è questo",
            marks: &["rif", "i", "r"],
            attribution: "Il {date} alle {time}, {who} ha scritto:",
            date: "%d/%m/%Y",
            somebody: "qualcuno",
            forwarded: "Messaggio inoltrato",
            fields: ["Da", "Data", "Oggetto", "A", "Cc"],
            left_out: "[Il resto del messaggio è omesso.]",
        },
    ),
    (
        Language::Portuguese,
        Words {
            known: "o os não uma para que obrigado obrigada olá com você em do da são está por um é no muito",
            marks: &["res", "enc"],
            attribution: "Em {date} às {time}, {who} escreveu:",
            date: "%d/%m/%Y",
            somebody: "alguém",
            forwarded: "Mensagem encaminhada",
            fields: ["De", "Data", "Assunto", "Para", "Cc"],
            left_out: "[O resto da mensagem foi omitido.]",
        },
    ),
    (
        Language::Dutch,
        Words {
            known: "het een en de ik je niet voor met van bedankt groeten hallo wij dat op is u groet vriendelijke zijn",
            marks: &["antw", "doorst"],
            attribution: "Op {date} om {time} schreef {who}:",
            date: "%d-%m-%Y",
            somebody: "iemand",
            forwarded: "Doorgestuurd bericht",
            fields: ["Van", "Datum", "Onderwerp", "Aan", "Cc"],
            left_out: "[De rest van het bericht is weggelaten.]",
        },
    ),
    (
        Language::Swedish,
        Words {
            known: "och jag det att inte en för med är du vi tack hej till på hälsningar som ett av den vänliga",
            marks: &["sv", "vb"],
            attribution: "Den {date} kl. {time} skrev {who}:",
            date: "%Y-%m-%d",
            somebody: "någon",
            forwarded: "Vidarebefordrat meddelande",
            fields: ["Från", "Datum", "Ämne", "Till", "Cc"],
            left_out: "[Resten av meddelandet är utelämnat.]",
        },
    ),
    (
        Language::Danish,
        Words {
            known: "og jeg det at ikke en for med er du vi tak hej til på hilsen som af et venlig den",
            marks: &[],
            attribution: "Den {date} kl. {time} skrev {who}:",
            date: "%d.%m.%Y",
            somebody: "nogen",
            forwarded: "Videresendt meddelelse",
            fields: ["Fra", "Dato", "Emne", "Til", "Cc"],
            left_out: "[Resten af meddelelsen er udeladt.]",
        },
    ),
    (
        Language::Polish,
        Words {
            known: "i nie się na że jest do w z dziękuję proszę dzień dobry pozdrawiam to za jak o co mam",
            marks: &["odp", "pd"],
            attribution: "Dnia {date} o {time} {who} napisał(a):",
            date: "%d.%m.%Y",
            somebody: "ktoś",
            forwarded: "Przekazana wiadomość",
            fields: ["Od", "Data", "Temat", "Do", "Cc"],
            left_out: "[Reszta wiadomości została pominięta.]",
        },
    ),
    (
        Language::Russian,
        Words {
            known: "и не в на что я вы это с по спасибо добрый день мы для как за уважением пожалуйста",
            marks: &["отв", "ответ", "пересл", "на"],
            attribution: "{date} в {time}, {who} написал(а):",
            date: "%d.%m.%Y",
            somebody: "кто-то",
            forwarded: "Пересылаемое сообщение",
            fields: ["От", "Дата", "Тема", "Кому", "Cc"],
            left_out: "[Остальная часть сообщения опущена.]",
        },
    ),
];

impl Language {
    /// The language of one's own words if they tell it, else that of the subject's marks, else English.
    pub fn recognise(own: &str, subject: &str) -> Self {
        Self::of_words(own).or_else(|| Self::of_subject(subject)).unwrap_or_default()
    }

    /// The language that has the most of its frequent words in a text.
    fn of_words(text: &str) -> Option<Self> {
        let words: Vec<String> = text
            .split(|c: char| !c.is_alphabetic())
            .filter(|word| !word.is_empty())
            .take(MAX_WORDS)
            .map(str::to_lowercase)
            .collect();
        let count = |known: &str| {
            let known: Vec<&str> = known.split(' ').collect();
            words.iter().filter(|word| known.contains(&word.as_str())).count()
        };
        let mut counts: Vec<(usize, Self)> =
            ALL.iter().map(|(language, words)| (count(words.known), *language)).collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        match counts.as_slice() {
            [(most, language), (second, _), ..] if *most >= MIN_KNOWN && most > second => Some(*language),
            _ => None,
        }
    }

    /// The language of the first mark that only one language's programs write.
    fn of_subject(subject: &str) -> Option<Self> {
        let mut rest = subject.trim();
        for _ in 0..20 {
            let mark = subject::mark(rest)?;
            let is_known = |(_, words): &&(Self, Words)| words.marks.contains(&mark.word.as_str());
            if let Some((language, _)) = ALL.iter().find(is_known) {
                return Some(*language);
            }
            rest = mark.rest;
        }
        None
    }

    pub(super) fn words(self) -> &'static Words {
        const FIRST: &Words = &ALL[0].1;
        static WORDS: [(Language, Words); 11] = ALL;
        WORDS.iter().find(|(language, _)| *language == self).map_or(FIRST, |(_, words)| words)
    }

    /// `On Fri, 3 May 2024 at 10:12, Ann Lee <ann@example.org> wrote:`
    pub(super) fn attribution(self, when: Timestamp, who: &str) -> String {
        let words = self.words();
        // Last, as a name may hold anything.
        words
            .attribution
            .replace("{date}", &self.date(when))
            .replace("{time}", &time(when))
            .replacen("{who}", who, 1)
    }

    /// `3 May 2024 10:12 UTC`, as a field of a forwarded message.
    pub(super) fn date_and_time(self, when: Timestamp) -> String {
        format!("{} {}", self.date(when), time(when))
    }

    fn date(self, when: Timestamp) -> String {
        let weekday = when.weekday().to_string();
        let month = when.month().to_string();
        let short = |name: &str| name.get(..3).unwrap_or_default().to_owned();
        let is_english = self == Self::English;
        let day = if is_english { when.day().to_string() } else { format!("{:02}", when.day()) };
        self.words()
            .date
            .replace("%a", &short(&weekday))
            .replace("%d", &day)
            .replace("%m", &format!("{:02}", u8::from(when.month())))
            .replace("%b", &short(&month))
            .replace("%Y", &format!("{:04}", when.year()))
    }
}

/// The time of day. UTC is told, because nobody would guess it; another offset was chosen for the reader.
fn time(when: Timestamp) -> String {
    let zone = if when.offset().is_utc() { " UTC" } else { "" };
    format!("{:02}:{:02}{zone}", when.hour(), when.minute())
}

/// Every language, for tests.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = Language> {
    ALL.into_iter().map(|(language, _)| language)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn ones_own_words_tell_the_language() {
        for (text, language) in [
            ("Thanks, this is fine. See you on Monday!", Language::English),
            ("Ja, das passt. Viele Grüße, Ann", Language::German),
            ("Merci, c’est parfait pour nous. Cordialement", Language::French),
            ("Muchas gracias, nos vemos el lunes. Saludos", Language::Spanish),
            ("Grazie, va bene per lunedì. Cordiali saluti", Language::Italian),
            ("Obrigado, está ótimo. Até segunda! Um abraço", Language::Portuguese),
            ("Bedankt, dat is goed. Met vriendelijke groet", Language::Dutch),
            ("Tack, det är bra. Vänliga hälsningar", Language::Swedish),
            ("Tak, det er fint. Venlig hilsen", Language::Danish),
            ("Dziękuję, to jest dobry pomysł. Pozdrawiam", Language::Polish),
            ("Спасибо, это хорошо. С уважением", Language::Russian),
        ] {
            assert_eq!(Language::recognise(text, "AW: x"), language, "{text}");
        }
    }

    #[test]
    fn without_telling_words_the_subject_does_else_it_is_english() {
        assert_eq!(Language::recognise("OK", "Re: AW: x"), Language::German);
        assert_eq!(Language::recognise("", "SV: x"), Language::Swedish);
        assert_eq!(Language::recognise("👍", "Re: TR: x"), Language::French);
        assert_eq!(Language::recognise("", "Re: x"), Language::English);
        assert_eq!(Language::recognise("", "Reality: AW: x"), Language::English);
    }

    #[test]
    fn dates_are_written_as_the_language_does() {
        let when = datetime!(2024-05-03 09:02 UTC);
        assert_eq!(Language::English.attribution(when, "Ann"), "On Fri, 3 May 2024 at 09:02 UTC, Ann wrote:");
        let there = datetime!(2024-05-03 09:02 +2);
        assert_eq!(Language::German.attribution(there, "Ann"), "Am 03.05.2024 um 09:02 schrieb Ann:");
        assert_eq!(Language::French.attribution(there, "{date}"), "Le 03/05/2024 à 09:02, {date} a écrit :");
    }
}
