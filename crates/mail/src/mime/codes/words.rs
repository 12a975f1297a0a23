//! The words around one-time codes, in the languages of their senders.

/// How much a word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strength {
    /// A code may stand anywhere near.
    Strong,
    /// A code must stand beside it.
    Weak,
}

const STRONG: [&str; 108] = [
    "verification code",
    "verification pin",
    "verify code",
    "verification number",
    "one-time",
    "one time code",
    "one time pass",
    "one time pin",
    "onetime",
    "otp",
    "passcode",
    "pass code",
    "security code",
    "login code",
    "log-in code",
    "log in code",
    "sign-in code",
    "signin code",
    "sign in code",
    "access code",
    "authentication code",
    "authorization code",
    "authorisation code",
    "confirmation code",
    "2fa",
    "two-factor",
    "two factor",
    "two-step",
    "2-step",
    "mfa code",
    "temporary code",
    "temporary password",
    "single-use",
    "single use code",
    "activation code",
    "recovery code",
    "reset code",
    "device code",
    "pairing code",
    "validation code",
    "magic code",
    "identity code",
    "secret code",
    "login pin",
    "to verify your",
    "to sign in, enter",
    "confirm your identity",
    "einmalpasswort",
    "einmalcode",
    "einmal-code",
    "bestätigungscode",
    "bestaetigungscode",
    "sicherheitscode",
    "verifizierungscode",
    "zugangscode",
    "anmeldecode",
    "freischaltcode",
    "aktivierungscode",
    "prüfcode",
    "verifikationscode",
    "mtan",
    "smstan",
    "login-code",
    "code de vérification",
    "code de verification",
    "code de sécurité",
    "code de confirmation",
    "code d'accès",
    "code d’accès",
    "code à usage unique",
    "code de connexion",
    "code d'activation",
    "code de validation",
    "mot de passe à usage unique",
    "code unique",
    "código de verificación",
    "codigo de verificacion",
    "código de seguridad",
    "código de acceso",
    "código de confirmación",
    "contraseña de un solo uso",
    "código de un solo uso",
    "código de verificação",
    "código de segurança",
    "código de acesso",
    "código de confirmação",
    "codice di verifica",
    "codice di sicurezza",
    "codice di conferma",
    "codice di accesso",
    "codice otp",
    "codice monouso",
    "verificatiecode",
    "beveiligingscode",
    "toegangscode",
    "bevestigingscode",
    "inlogcode",
    "eenmalige code",
    "verifieringskod",
    "engångskod",
    "säkerhetskod",
    "bekræftelseskode",
    "engangskode",
    "bekreftelseskode",
    "vahvistuskoodi",
    "kod weryfikacyjny",
    "kod bezpieczeństwa",
    "kod jednorazowy",
];
const STRONG_MORE: [&str; 44] = [
    "ověřovací kód",
    "jednorázový kód",
    "overovací kód",
    "megerősítő kód",
    "ellenőrző kód",
    "cod de verificare",
    "doğrulama kodu",
    "güvenlik kodu",
    "onay kodu",
    "tek kullanımlık",
    "код подтверждения",
    "код доступа",
    "проверочный код",
    "одноразовый код",
    "одноразовый пароль",
    "код безопасности",
    "код для входа",
    "код перевірки",
    "код підтвердження",
    "κωδικός επαλήθευσης",
    "验证码",
    "驗證碼",
    "校验码",
    "动态码",
    "安全码",
    "認証コード",
    "確認コード",
    "セキュリティコード",
    "ワンタイムパスワード",
    "ログインコード",
    "인증번호",
    "인증 코드",
    "확인 코드",
    "보안 코드",
    "mã xác minh",
    "mã xác nhận",
    "mã otp",
    "kode verifikasi",
    "รหัสยืนยัน",
    "رمز التحقق",
    "قوד אימות",
    "קוד אימות",
    "kods verify",
    "codi de verificació",
];
const WEAK: [&str; 22] = [
    "code",
    "pin",
    "password",
    "passwort",
    "kennwort",
    "tan",
    "mot de passe",
    "código",
    "codigo",
    "codice",
    "contraseña",
    "senha",
    "wachtwoord",
    "kod",
    "kode",
    "koodi",
    "hasło",
    "пароль",
    "код",
    "密码",
    "コード",
    "코드",
];
/// Compounds with `code` or `pin` that are no secret.
const NOT: [&str; 62] = [
    "zip code",
    "postal code",
    "post code",
    "postcode",
    "promo code",
    "promotion code",
    "promotional code",
    "discount code",
    "coupon code",
    "voucher code",
    "referral code",
    "error code",
    "status code",
    "exit code",
    "area code",
    "country code",
    "source code",
    "open-source code",
    "code of conduct",
    "qr code",
    "qr-code",
    "barcode",
    "bar code",
    "dress code",
    "item code",
    "product code",
    "code review",
    "sort code",
    "swift code",
    "bic code",
    "offer code",
    "gift code",
    "gift card code",
    "building code",
    "tax code",
    "code freeze",
    "code base",
    "codebase",
    "code owner",
    "morse code",
    "pin code area",
    "currency code",
    "airport code",
    "tracking code",
    "booking code",
    "order code",
    "course code",
    "cost code",
    "color code",
    "colour code",
    "rabattcode",
    "gutscheincode",
    "aktionscode",
    "fehlercode",
    "quellcode",
    "code promo",
    "code postal",
    "código postal",
    "código promocional",
    "codice sconto",
    "codice fiscale",
    "kortingscode",
];
/// Words before a number that claim it.
const CLAIMS: [&str; 66] = [
    "order",
    "invoice",
    "ticket",
    "case",
    "reference",
    "ref",
    "booking",
    "reservation",
    "tracking",
    "shipment",
    "parcel",
    "account",
    "customer",
    "member",
    "membership",
    "policy",
    "phone",
    "tel",
    "telephone",
    "fax",
    "mobile",
    "call",
    "room",
    "flight",
    "train",
    "bus",
    "gate",
    "seat",
    "rfc",
    "issue",
    "pull",
    "pr",
    "bug",
    "version",
    "build",
    "port",
    "ending",
    "suite",
    "apt",
    "box",
    "street",
    "bestellung",
    "bestellnummer",
    "rechnung",
    "rechnungsnummer",
    "kundennummer",
    "auftrag",
    "vorgang",
    "telefon",
    "hotline",
    "commande",
    "facture",
    "téléphone",
    "pedido",
    "factura",
    "ordine",
    "fattura",
    "since",
    "copyright",
    "©",
    "page",
    "chapter",
    "line",
    "serial",
    "model",
    "error",
];
const CLAIM_NUMBERS: [&str; 7] = ["no", "nr", "number", "nummer", "num", "id", "n"];
const UNITS: [&str; 58] = [
    "minutes",
    "minute",
    "min",
    "mins",
    "hours",
    "hour",
    "days",
    "day",
    "seconds",
    "weeks",
    "months",
    "years",
    "year",
    "people",
    "users",
    "members",
    "items",
    "points",
    "miles",
    "km",
    "kg",
    "usd",
    "eur",
    "gbp",
    "chf",
    "euro",
    "euros",
    "dollars",
    "percent",
    "mb",
    "gb",
    "kb",
    "characters",
    "words",
    "lines",
    "am",
    "pm",
    "uhr",
    "minuten",
    "stunden",
    "tage",
    "tagen",
    "jours",
    "heures",
    "días",
    "horas",
    "minutos",
    "giorni",
    "ore",
    "minuti",
    "street",
    "road",
    "avenue",
    "ave",
    "blvd",
    "seats",
    "px",
    "steps",
];

/// The strongest announcing word of a text.
pub(super) fn cue_in(text: &str) -> Option<Strength> {
    if text.is_empty() {
        return None;
    }
    let lower = text.to_lowercase();
    if STRONG.iter().chain(&STRONG_MORE).any(|word| has_word(&lower, word)) {
        return Some(Strength::Strong);
    }
    let without = NOT
        .iter()
        .filter(|not| lower.contains(**not))
        .fold(lower.clone(), |text, not| text.replace(not, " "));
    WEAK.iter().any(|word| has_word(&without, word)).then_some(Strength::Weak)
}

/// Whether a word stands in a text by itself; scripts without spaces need no borders.
fn has_word(text: &str, word: &str) -> bool {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(word)) {
        let at = from + at;
        let end = at + word.len();
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(end..).and_then(|text| text.chars().next());
        let is_open = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        let is_spaceless = word.chars().next().is_some_and(|c| c >= '\u{3000}');
        // German and Dutch put words together, plural and case endings follow.
        let has_ending = word.chars().count() >= 6 || after == Some('s');
        if is_spaceless || (is_open(before) && (is_open(after) || has_ending)) {
            return true;
        }
        from = end;
    }
    false
}

/// `… code is 123456`, `PIN: 1234`: nothing but small words between.
pub(super) fn is_close_before(before: &str) -> bool {
    words_after_cue(before).is_some_and(|words| words <= 4)
}

/// `123456 is your … code`
pub(super) fn is_close_after(after: &str) -> bool {
    words_before_cue(after, &WEAK) <= 5
        && [
            "is your",
            "is the",
            "ist dein",
            "ist ihr",
            "est votre",
            "es tu",
            "es su",
            "è il tuo",
            "is je",
            "is uw",
            "to ",
        ]
        .iter()
        .any(|start| after.trim_start().to_lowercase().starts_with(start))
}

/// The same with a word that says more.
pub(super) fn is_close_after_strong(after: &str) -> bool {
    words_before_cue(after, &STRONG) <= 8 || words_before_cue(after, &STRONG_MORE) <= 8
}

fn words_after_cue(text: &str) -> Option<usize> {
    let lower = text.to_lowercase();
    let end = WEAK.iter().filter_map(|word| lower.rfind(word).map(|at| at + word.len())).max()?;
    Some(lower.get(end..)?.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count())
}

fn words_before_cue(text: &str, cues: &[&str]) -> usize {
    let lower = text.to_lowercase();
    cues.iter()
        .filter_map(|word| lower.find(word))
        .min()
        .and_then(|at| lower.get(..at))
        .map_or(usize::MAX, |before| before.split_whitespace().count())
}

/// Whether the words just before a number name it as something else (`order 123456`, `Ticket no. 4711`).
pub(super) fn is_denied_before(before: &str) -> bool {
    let tail: String = before.chars().rev().take(60).collect::<String>().chars().rev().collect();
    let lower = tail.to_lowercase();
    let mut words =
        lower.split(|c: char| !c.is_alphanumeric() && c != '©').filter(|word| !word.is_empty()).rev();
    let Some(mut last) = words.next() else { return false };
    if CLAIM_NUMBERS.contains(&last) {
        match words.next() {
            Some(word) => last = word,
            None => return true,
        }
    }
    if CLAIMS.contains(&last) {
        return true;
    }
    NOT.iter().any(|not| lower.trim_end_matches([':', ' ', '"', '“', '*']).ends_with(not))
        || NOT
            .iter()
            .any(|not| lower.trim_end_matches([':', ' ', '"']).trim_end_matches(" is").ends_with(not))
}

/// Whether the text ends by pointing at a code: then even a year is one.
pub(super) fn points_at(before: &str) -> bool {
    let lower = before.trim_end().to_lowercase();
    cue_in(&lower).is_some()
        && [
            "is", "is:", "code", "code:", "pin", "pin:", "ist", "ist:", "lautet", "lautet:", "est", "est:",
            "es", "es:", ":",
        ]
        .iter()
        .any(|end| lower.ends_with(end))
        || lower.is_empty()
}

/// Whether a word after a number makes it an amount.
pub(super) fn is_unit(word: &str) -> bool {
    UNITS.contains(&word)
}

/// Whether a word is the name of a month.
pub(super) fn is_month(word: &str) -> bool {
    const MONTHS: [&str; 44] = [
        "january",
        "february",
        "march",
        "april",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
        "januar",
        "februar",
        "märz",
        "mai",
        "juni",
        "juli",
        "oktober",
        "dezember",
        "janvier",
        "février",
        "mars",
        "avril",
        "juin",
        "juillet",
        "août",
        "octobre",
        "décembre",
        "enero",
        "marzo",
        "abril",
        "agosto",
    ];
    MONTHS.contains(&word)
}
