//! The cookie by which a browser is known: who signed in with it, and a number of its own, sealed. It lets
//! nobody in; it only gives the browser tries that nobody else can use up.

use domain::{Random, Secret, UserId};
use storage::Sealer;

/// The sealer's purpose of such cookies.
const PURPOSE: &str = "device";

/// Characters of a cookie that are looked at: ours have 87.
const LONGEST: usize = 128;

/// A browser with which somebody signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device {
    /// Who did.
    pub(crate) user: UserId,
    /// The browser's number.
    number: [u8; 16],
}

impl Device {
    /// A browser in which nobody signed in before.
    pub(crate) fn new(user: UserId, random: &dyn Random) -> Self {
        let mut number = [0; 16];
        random.fill(&mut number);
        Self { user, number }
    }

    /// What a cookie says; nothing if it is none of ours.
    pub(crate) fn open(sealer: &Sealer, cookie: &Secret) -> Option<Self> {
        let text = Some(cookie.expose()).filter(|text| text.len() <= LONGEST)?;
        let bytes = sealer.open_text(PURPOSE, &[], text).ok()?;
        let (user, number) = bytes.split_first_chunk()?;
        Some(Self { user: UserId::from_random(*user), number: number.try_into().ok()? })
    }

    /// The cookie; nothing for a user whose id was not made here.
    pub(crate) fn seal(&self, sealer: &Sealer) -> Option<Secret> {
        let bytes = [self.user.to_bytes()?, self.number].concat();
        Some(Secret::new(sealer.seal_text(PURPOSE, &[], &bytes)))
    }

    /// What its attempts are counted under.
    pub(crate) fn key(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.number))
    }
}
