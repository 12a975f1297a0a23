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

            /// The bytes that [`Self::from_random`] made it of; nothing for a text of another shape.
            pub fn to_bytes(&self) -> Option<[u8; 16]> {
                let digits = self.0.strip_prefix(concat!($prefix, "_"))?;
                let bytes = u128::from_str_radix(digits, 16).ok()?.to_be_bytes();
                (Self::from_random(bytes) == *self).then_some(bytes)
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

id!(
    /// A message on its way out.
    OutboxId,
    "out"
);
id!(
    /// A person's yes or no to one frozen message.
    ApprovalId,
    "apr"
);
id!(
    /// A draft that an agent wrote: the same through all its versions.
    DraftId,
    "drf"
);
id!(
    /// A file that was handed over to be attached.
    UploadId,
    "upl"
);
id!(
    /// What one call changed, as it is taken back.
    ChangeId,
    "chg"
);
id!(
    /// A change that waits to be confirmed.
    PlanId,
    "pln"
);

id!(
    /// One browser in which somebody is signed in.
    WebSessionId,
    "wse"
);
id!(
    /// A link that lets somebody in once.
    InvitationId,
    "inv"
);
id!(
    /// An OAuth client: made here, or the URL of its metadata document.
    ClientId,
    "cli"
);
id!(
    /// A client's question that a person has yet to answer.
    ConsentId,
    "con"
);
id!(
    /// One sign-in of a client, with all tokens that came of it.
    FamilyId,
    "fam"
);
id!(
    /// A passkey of a person.
    PasskeyId,
    "pky"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_gives_back_the_bytes_it_was_made_of_and_other_texts_give_none() {
        for bytes in [[0; 16], [7; 16], [0xff; 16]] {
            assert_eq!(GrantId::from_random(bytes).to_bytes(), Some(bytes));
        }
        let id = GrantId::from_random([0xab; 16]);
        for other in
            ["", "gra_", "gra_1", "gra_+1", &id.as_str().to_uppercase(), &id.as_str().replace("gra", "tok")]
        {
            assert_eq!(GrantId::from_text(other).to_bytes(), None, "{other}");
        }
    }
}
