//! Who writes: one of the account's identities, never what an agent makes up. There is one for now, the
//! account's own address.

use domain::{Address, Code, Problem};
use mail::mime::compose::wire_address;

use crate::Account;

impl Account {
    /// The addresses that mail may be written from.
    pub(crate) fn identities(&self) -> Vec<String> {
        vec![self.address.clone()]
    }

    /// Whether the address is the person's own at this account.
    pub(crate) fn is_identity(&self, email: &str) -> bool {
        self.address.eq_ignore_ascii_case(email)
    }

    /// The identity that was asked for, else the account's own.
    pub(crate) fn identity(&self, wanted: Option<&str>) -> Result<Address, Problem> {
        if !self.address.contains('@') || wire_address(&self.address).is_err() {
            let told = format!("Account `{}` has no address to write from.", self.name);
            return Err(Problem::new(Code::NotSupported, told).hint(
                "Its login name is no address; the person adds the account anew with its mail address.",
            ));
        }
        if let Some(wanted) = wanted {
            // `Name <address>` is taken, but the name is the account's.
            let email = match wanted.rsplit_once('<') {
                Some((_, rest)) => rest.trim_end().trim_end_matches('>').trim(),
                None => wanted.trim(),
            };
            if !self.is_identity(email) {
                let told = format!("Account `{}` cannot write from this address.", self.name);
                return Err(Problem::new(Code::InvalidInput, told)
                    .hint(format!("Its identities are: {}.", self.identities().join(", "))));
            }
        }
        Ok(Address { name: self.display_name.clone(), email: self.address.clone() })
    }
}
