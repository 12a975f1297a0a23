//! Ids of the control plane: opaque text, one type per thing so that they cannot be mixed up.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// A new id out of 16 random bytes: a prefix that tells its kind, then 32 hex digits.
            pub fn from_random(bytes: [u8; 16]) -> Self {
                Self(format!(concat!($prefix, "_{:032x}"), u128::from_be_bytes(bytes)))
            }

            /// An id as it was stored or derived; it is not checked to exist.
            pub fn from_text(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A person with a sign-in here.
    UserId,
    "usr"
);
id!(
    /// A mail account that belongs to a user.
    AccountId,
    "acc"
);
id!(
    /// A user's standing permission to a client.
    GrantId,
    "gra"
);
id!(
    /// One bearer token of a grant.
    TokenId,
    "tok"
);
