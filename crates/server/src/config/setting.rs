//! What a setting is: its key, its words, how its text becomes a value. The sections are declared with
//! the macro of this file, so that reading, the example file and the list of known keys cannot disagree.

use std::{fmt, net::SocketAddr, path::PathBuf};

use domain::{ApprovalRule, Scopes, Secret};
use net::PrivateHosts;
use url::Url;

/// Where a setting may stand and whether it does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// In the file or the environment.
    Plain,
    /// In the environment or in a file that the environment names; never in the settings' file.
    Secret,
    /// As `Secret`, but allowed in the settings' file as long as there is no password in it.
    MayHoldSecret,
    /// In the file or the environment; understood and checked, but what it is for does not exist yet.
    Later,
}

/// One setting.
#[derive(Debug)]
pub(crate) struct Setting {
    /// Its key in the file; `POSTROOM_` and the key in capitals in the environment.
    pub(crate) key: &'static str,
    /// Its documentation, line by line.
    pub(crate) about: &'static [&'static str],
    /// What it is if it is not set; empty if that depends or is nothing.
    pub(crate) default: &'static str,
    /// What the example file shows if there is no default.
    pub(crate) example: &'static str,
    /// Where it may stand.
    pub(crate) kind: Kind,
    /// Whether it is a list.
    pub(crate) is_list: bool,
}

impl Setting {
    /// Its name in the environment.
    pub(crate) fn variable(&self) -> String {
        format!("POSTROOM_{}", self.key.to_ascii_uppercase())
    }

    /// Whether its value may be in a file that the environment names.
    pub(crate) fn may_be_in_a_file(&self) -> bool {
        matches!(self.kind, Kind::Secret | Kind::MayHoldSecret)
    }
}

/// A group of settings as the example file shows it.
#[derive(Debug)]
pub(crate) struct Section {
    /// Its heading.
    pub(crate) title: &'static str,
    /// What is in it, in order.
    pub(crate) settings: &'static [Setting],
}

/// Declares a section: a struct whose fields are settings.
///
/// `field: Type = KIND (default "…")` or `(example "…")`; the doc comment of a field is its documentation.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        $(#[expect $why:tt])?
        $title:literal $name:ident {
            $( $(#[doc = $doc:literal])+ $field:ident: $of:ty = $kind:ident $how:tt; )+
        }
    ) => {
        $(#[doc = $about])+
        $(#[expect $why])?
        #[derive(Debug, Clone)]
        pub(crate) struct $name {
            $( $(#[doc = $doc])+ pub(crate) $field: $of, )+
        }

        impl $name {
            /// The section as it is documented.
            pub(crate) const SECTION: $crate::config::setting::Section = $crate::config::setting::Section {
                title: $title,
                settings: &[$(
                    $crate::config::setting::Setting {
                        key: stringify!($field),
                        about: &[$($doc),+],
                        default: $crate::config::setting::section!(@default $how),
                        example: $crate::config::setting::section!(@example $how),
                        kind: $crate::config::setting::Kind::$kind,
                        is_list: <$of as $crate::config::setting::Value>::IS_LIST,
                    },
                )+],
            };

            /// Reads the section from what is given.
            pub(crate) fn read(given: &$crate::config::given::Given) -> $crate::error::Result<Self> {
                let mut settings = Self::SECTION.settings.iter();
                Ok(Self { $( $field: given.read(settings.next())?, )+ })
            }
        }
    };
    (@default (default $text:literal)) => { $text };
    (@default (example $text:literal)) => { "" };
    (@example (default $text:literal)) => { "" };
    (@example (example $text:literal)) => { $text };
}
pub(crate) use section;

/// What can be read from the text of a setting.
pub(crate) trait Value: Sized {
    /// Whether it is a list, written with commas in the environment and as an array in the file.
    const IS_LIST: bool = false;

    /// The value of a text; the error says what was expected and never repeats the text.
    fn parse(text: &Secret) -> Result<Self, String>;

    /// What it is without a text and without a default.
    fn absent() -> Option<Self> {
        None
    }
}

impl<T: Value> Value for Option<T> {
    const IS_LIST: bool = T::IS_LIST;

    fn parse(text: &Secret) -> Result<Self, String> {
        T::parse(text).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl Value for Secret {
    fn parse(text: &Secret) -> Result<Self, String> {
        Ok(text.clone())
    }
}

impl Value for String {
    fn parse(text: &Secret) -> Result<Self, String> {
        Ok(text.expose().to_owned())
    }
}

impl Value for PathBuf {
    fn parse(text: &Secret) -> Result<Self, String> {
        Ok(Self::from(text.expose()))
    }
}

impl Value for SocketAddr {
    fn parse(text: &Secret) -> Result<Self, String> {
        let bare = text.expose().replacen("localhost:", "127.0.0.1:", 1);
        bare.parse().map_err(|_| "expected an address with a port, such as `127.0.0.1:8143`".to_owned())
    }
}

impl Value for Scopes {
    const IS_LIST: bool = true;

    fn parse(text: &Secret) -> Result<Self, String> {
        Self::parse(text.expose()).map_err(|error| error.to_string())
    }
}

impl Value for ApprovalRule {
    fn parse(text: &Secret) -> Result<Self, String> {
        text.expose().parse().map_err(str::to_owned)
    }
}

impl Value for PrivateHosts {
    fn parse(text: &Secret) -> Result<Self, String> {
        text.expose().parse().map_err(|error: net::guard::InvalidPrivateHosts| error.to_string())
    }
}

impl Value for Url {
    fn parse(text: &Secret) -> Result<Self, String> {
        let expected = || "expected an `https://` URL".to_owned();
        let url = Self::parse(text.expose()).map_err(|_| expected())?;
        if matches!(url.scheme(), "https" | "http") && url.has_host() { Ok(url) } else { Err(expected()) }
    }
}

/// `on` or `off`, also `true` and `false`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Switch(pub(crate) bool);

impl Value for Switch {
    fn parse(text: &Secret) -> Result<Self, String> {
        match text.expose() {
            "on" | "true" | "1" => Ok(Self(true)),
            "off" | "false" | "0" => Ok(Self(false)),
            _ => Err("expected `on` or `off`".to_owned()),
        }
    }
}

/// Whole seconds, at most ten years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seconds(pub(crate) u32);

impl Value for Seconds {
    fn parse(text: &Secret) -> Result<Self, String> {
        let digits = text.expose().trim_end_matches('s').trim_end();
        match digits.parse() {
            Ok(seconds) if seconds <= 315_360_000 => Ok(Self(seconds)),
            _ => Err("expected a number of seconds".to_owned()),
        }
    }
}

/// Entries separated by commas or spaces.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct List(pub(crate) Vec<String>);

impl Value for List {
    const IS_LIST: bool = true;

    fn parse(text: &Secret) -> Result<Self, String> {
        let words = text.expose().split([',', ' ', '\n']).filter(|word| !word.is_empty());
        Ok(Self(words.map(str::to_owned).collect()))
    }
}

/// Declares a choice of words.
macro_rules! choice {
    ($(#[doc = $about:literal])+ $name:ident { $( $(#[doc = $doc:literal])+ $variant:ident $word:literal; )+ }) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $( $(#[doc = $doc])+ $variant, )+ }

        impl $crate::config::setting::Value for $name {
            fn parse(text: &domain::Secret) -> Result<Self, String> {
                match text.expose() {
                    $( $word => Ok(Self::$variant), )+
                    _ => Err(concat!("expected one of:" $(, " `", $word, "`")+).to_owned()),
                }
            }
        }
    };
}
pub(crate) use choice;

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.variable())
    }
}
