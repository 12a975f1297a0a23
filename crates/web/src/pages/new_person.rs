//! The fields by which somebody becomes a user, in set-up, invitation and signing up alike; no page itself.

use access::Error;

/// Characters of a name that are shown again.
const LONGEST_NAME: usize = 64;

/// What was typed, and what was wrong with it.
#[derive(Debug, Clone, Default)]
pub(super) struct NewPerson {
    pub(super) name: String,
    pub(super) name_error: &'static str,
    pub(super) password_error: &'static str,
}

impl NewPerson {
    /// The form again, after `error`; the error itself if it is not about these fields.
    pub(super) fn refused(name: &str, error: Error) -> Result<Self, Error> {
        let (name_error, password_error) = match error {
            Error::BadUserName => {
                ("Use 1 to 64 letters from a to z, digits, dots, hyphens and underscores.", "")
            }
            Error::UserTaken(_) => ("Somebody has this name already. Choose another one.", ""),
            Error::BadPassword => ("", "Use 8 to 1,024 characters."),
            other => return Err(other),
        };
        Ok(Self { name: name.chars().take(LONGEST_NAME).collect(), name_error, password_error })
    }
}
