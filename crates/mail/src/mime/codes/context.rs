//! What a mail is about as a whole: whether it lets somebody in. Then a code needs less beside it to be one.
//!
//! Words are stems, in lower case, found anywhere: languages that bend words have many forms of each.

use super::words::cue_in;

/// Longest text that is looked through, in octets: who sends a code writes a short mail.
const MAX_TEXT: usize = 3 * 1024;

/// A mail that says hardly more than the code, in octets.
const SHORT: usize = 2_000;

/// Signing in, proving who one is, letting somebody through.
const ACCESS: [&str; 91] = [
    "recover",
    "aktivier",
    "freischalt",
    "freigab",
    "activat",
    "sign in",
    "sign-in",
    "signing in",
    "log in",
    "log-in",
    "login",
    "logging in",
    "verif",
    "authenti",
    "identity",
    "it's you",
    "2-step",
    "two-step",
    "password",
    "passcode",
    "approve your",
    "authoris",
    "authoriz",
    "anmeld",
    "einlogg",
    "überweisung",
    "passwort",
    "kennwort",
    "bestätig",
    "connexion",
    "connecter",
    "mot de passe",
    "identifi",
    "authentif",
    "iniciar sesión",
    "inicia sesión",
    "identidad",
    "contraseña",
    "autoriza",
    "acceso",
    "senha",
    "acesso",
    "que é você",
    "entrar",
    "accedi",
    "accesso",
    "inlog",
    "wachtwoord",
    "logowani",
    "zalog",
    "hasł",
    "вход",
    "войти",
    "пароль",
    "подтвер",
    "вхід",
    "увійти",
    "підтвер",
    "přihlá",
    "heslo",
    "prihlás",
    "giriş",
    "doğrula",
    "şifre",
    "logga in",
    "lösenord",
    "identite",
    "bekræft",
    "bekreft",
    "kirjaut",
    "vahvist",
    "belép",
    "bejelentkez",
    "autentific",
    "parol",
    "σύνδεσ",
    "είσοδ",
    "επαλήθ",
    "تسجيل",
    "الدخول",
    "כניס",
    "אימות",
    "लॉगिन",
    "सत्याप",
    "ログイン",
    "認証",
    "パスワード",
    "登录",
    "로그인",
    "đăng nhập",
    "masuk",
];
/// Warnings that go with a secret.
const WARNINGS: [&str; 48] = [
    "never ring you",
    "never call you",
    "will never ask",
    "não informe",
    "not share",
    "never share",
    "don't share",
    "not disclose",
    "tell anyone",
    "with anyone",
    "never ask you for",
    "niemandem",
    "nicht weiter",
    "an niemanden",
    "partagez pas",
    "ne le communiquez",
    "à personne",
    "compartas",
    "comparta",
    "con nadie",
    "compartilhe",
    "ninguém",
    "nessuno",
    "con nadie",
    "deel deze",
    "met niemand",
    "nikomu",
    "никому",
    "не сообщайте",
    "нікому",
    "nikomu",
    "nesdělujte",
    "paylaşma",
    "dela inte",
    "del ikke",
    "älä jaa",
    "ne ossza",
    "nu împărtăși",
    "nimănui",
    "μην κοινοποι",
    "μη μοιρα",
    "لا تشارك",
    "אל תשתפ",
    "साझा न",
    "他人",
    "请勿",
    "勿告",
    "jangan",
];
/// Minutes: how long a code is good for.
const MINUTES: [&str; 24] = [
    "minut",
    "minuut",
    "minuter",
    "dakika",
    "λεπτ",
    "минут",
    "хвилин",
    "perc",
    "دقائق",
    "دقيقة",
    "דקות",
    "मिनट",
    "分間",
    "分以内",
    "分钟",
    "分鐘",
    "분",
    "phút",
    "menit",
    "นาที",
    "minit",
    "expire",
    "verfällt",
    "gültig",
];
/// What one is asked to do with a code.
const ASKS: [&str; 62] = [
    "enter",
    "type",
    "paste",
    "use",
    "input",
    "fill in",
    "key in",
    "gib",
    "geben sie",
    "eingeben",
    "tippen",
    "tragen sie",
    "lautet",
    "saisi",
    "entrez",
    "tapez",
    "introdu",
    "ingres",
    "escrib",
    "teclea",
    "digit",
    "insir",
    "informe",
    "inser",
    "immett",
    "vul",
    "voer",
    "typ ",
    "wpisz",
    "przepisz",
    "podaj",
    "ввод",
    "введ",
    "укаж",
    "введіть",
    "zadej",
    "zadajte",
    "opište",
    "yazın",
    "girin",
    "ange ",
    "skriv",
    "fyll i",
    "indtast",
    "tast",
    "syötä",
    "kirjoita",
    "naputtele",
    "írja be",
    "add meg",
    "introdu",
    "εισ",
    "πληκτρολ",
    "أدخل",
    "הזן",
    "הקל",
    "दर्ज",
    "入力",
    "输入",
    "輸入",
    "입력",
    "masukkan",
];
/// Selling: a code here is no secret.
const SELLING: [&str; 32] = [
    "%",
    "promo",
    "discount",
    "coupon",
    "voucher",
    "checkout",
    "rabatt",
    "gutschein",
    "rabais",
    "réduction",
    "d'achat",
    "d’achat",
    "descuento",
    "cupón",
    "cupom",
    "desconto",
    "sconto",
    "kortings",
    "rabat",
    "zniżk",
    "slev",
    "indirim",
    "alennus",
    "kedvezmény",
    "reducere",
    "έκπτωσ",
    "скидк",
    "знижк",
    "خصم",
    "割引",
    "优惠",
    "할인",
];
/// What a code may be of that is no secret: beside it, before or behind.
const OTHER_CODES: [&str; 70] = [
    "diagnos",
    "smtp",
    "http",
    "response",
    "client",
    "custom",
    "kund",
    "klant",
    "member",
    "order",
    "ordin",
    "commande",
    "pedido",
    "asiakas",
    "postal",
    "post code",
    "zip",
    "pocztow",
    "poštovn",
    "poštov",
    "posta ",
    "postnr",
    "почтов",
    "поштов",
    "area",
    "country",
    "error",
    "fehler",
    "erreur",
    "errore",
    "ошибк",
    "status",
    "exit",
    "source",
    "quell",
    "article",
    "articolo",
    "artikel",
    "articulo",
    "artículo",
    "artigo",
    "товар",
    "product",
    "produkt",
    "produit",
    "fiscal",
    "tax",
    "tracking",
    "seguimiento",
    "śledz",
    "swift",
    "bank",
    "iban",
    "bic",
    "sort",
    "qr",
    "bar",
    "dress",
    "review",
    "of conduct",
    "booking",
    "reserv",
    "airline",
    "course",
    "kleur",
    "colour",
    "color",
    "référence",
    "morse",
    "ταχ",
];

/// What a mail says of itself.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Context {
    /// It lets somebody in.
    pub(super) is_access: bool,
    /// It warns to keep something to oneself.
    pub(super) is_warned: bool,
    /// Something in it is good for minutes only.
    pub(super) is_brief: bool,
    /// It says hardly more than a code.
    pub(super) is_short: bool,
}

impl Context {
    /// Reads subject and text.
    pub(super) fn read(subject: &str, text: &str) -> Self {
        let mut end = text.len().min(MAX_TEXT);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let (subject, text) = (subject.to_lowercase(), text.get(..end).unwrap_or_default().to_lowercase());
        let says = |words: &[&str], text: &str| words.iter().any(|word| text.contains(word));
        let is_named = says(&ACCESS, &subject) || (cue_in(&subject).is_some() && !is_selling(&subject));
        let is_warned = says(&WARNINGS, &text);
        let is_brief = says(&MINUTES, &text);
        let is_access = is_named || is_warned || (is_brief && says(&ACCESS, &text));
        let is_short = text.len() <= SHORT;
        Self { is_access, is_warned, is_brief: is_brief && is_short, is_short }
    }
}

/// Whether a clause asks to enter something.
pub(super) fn asks(clause: &str) -> bool {
    let lower = clause.to_lowercase();
    ASKS.iter().any(|word| {
        let mut from = 0;
        while let Some(at) = lower.get(from..).and_then(|rest| rest.find(word)) {
            let before = lower.get(..from + at).and_then(|text| text.chars().next_back());
            let is_spaceless = word.chars().next().is_some_and(|c| c >= '\u{3000}');
            if is_spaceless || before.is_none_or(|c| !c.is_alphanumeric()) {
                return true;
            }
            from += at + word.len();
        }
        false
    })
}

/// Whether a line sells something.
pub(super) fn is_selling(line: &str) -> bool {
    let lower = line.to_lowercase();
    SELLING.iter().any(|word| lower.contains(word))
}

/// Whether a code that these words announce is one of another kind: of a place, an article, an error.
pub(super) fn is_other_code(words: &str) -> bool {
    let lower = words.to_lowercase();
    lower
        .split(|c: char| c.is_whitespace() || c == ':')
        .any(|word| OTHER_CODES.iter().any(|other| word.starts_with(other.trim_end())))
        || ["of conduct", "post code"].iter().any(|other| lower.contains(other))
}

/// Whether a text speaks of signing in.
pub(super) fn speaks_of_access(text: &str) -> bool {
    let lower = text.to_lowercase();
    ACCESS.iter().any(|word| lower.contains(word))
}
