//! One-time codes of an app (TOTP, RFC 6238: SHA-1, six digits, 30 seconds): what they are made of, and which time
//! step a typed one is of. Who is asked for them is in `one_time.rs`.

use domain::{Secret, Timestamp};
use totp_rs::{Builder, Totp};

/// Octets of a secret: as long as the hash (RFC 4226, 4).
pub(crate) const SECRET: usize = 20;

/// Seconds of a step.
const STEP: u64 = 30;
/// Digits of a code.
const DIGITS: usize = 6;
/// Steps to either side in which a code is taken, for clocks that differ a little and people who type slowly.
const SKEW: u16 = 1;
/// Steps to either side in which a code is known for one of a clock that is wrong.
const DRIFT: u64 = 10;

/// What a typed code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typed {
    /// One of that time step, which is now, or the one before or after.
    Right(u64),
    /// One of a step near by: the clock that made it is so many seconds ahead, or behind if below zero.
    Drifted(i64),
    /// None.
    Wrong,
}

/// What the code `text` is of the app with that secret, at `now`.
pub(crate) fn typed(secret: &[u8], text: &str, now: Timestamp) -> Typed {
    let digits: String = text.chars().filter(|letter| !letter.is_whitespace()).take(DIGITS + 1).collect();
    let Ok(now) = u64::try_from(now.unix_timestamp()) else { return Typed::Wrong };
    let (Some(near), Some(exact)) = (codes_of(secret, SKEW), codes_of(secret, 0)) else {
        return Typed::Wrong;
    };
    if let Some(step) = near.check(&digits, now) {
        return Typed::Right(step);
    }
    for steps in u64::from(SKEW) + 1..=DRIFT {
        let seconds = steps * STEP;
        if exact.check(&digits, now.saturating_sub(seconds)).is_some() {
            return Typed::Drifted(-seconds.cast_signed());
        }
        if exact.check(&digits, now.saturating_add(seconds)).is_some() {
            return Typed::Drifted(seconds.cast_signed());
        }
    }
    Typed::Wrong
}

fn codes_of(secret: &[u8], skew: u16) -> Option<Totp> {
    let secret = totp_rs::Secret::new(secret.into());
    Builder::new().with_secret(secret).with_skew(skew).with_step_duration(STEP).build().ok()
}

/// The secret as people type it into an app: base 32 (RFC 4648, 6) without padding.
pub(crate) fn spelled(secret: &[u8]) -> Secret {
    Secret::new(totp_rs::Secret::new(secret.into()).to_base32())
}

/// What an app's camera reads, of the server at `host` and the person `name`.
pub(crate) fn uri(secret: &[u8], host: &str, name: &str) -> Secret {
    let encoded = |text: &str| -> String {
        url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
    };
    let (issuer, name, secret) = (encoded(&format!("Postroom {host}")), encoded(name), spelled(secret));
    let secret = secret.expose();
    Secret::new(format!("otpauth://totp/{issuer}:{name}?secret={secret}&issuer={issuer}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B.
    const RFC: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_timestamp(seconds).unwrap()
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        // its codes have eight digits; six are their end
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let step = u64::try_from(seconds).unwrap() / STEP;
            assert_eq!(typed(RFC, code, at(seconds)), Typed::Right(step));
        }
        assert_eq!(typed(RFC, " 081 804 ", at(1_111_111_109)), Typed::Right(37_037_036));
    }

    #[test]
    fn a_code_of_the_step_before_or_after_is_taken_and_one_of_a_wrong_clock_is_told() {
        let code = "005924";
        let step = 1_234_567_890 / STEP;
        for (off, expected) in [
            (30, Typed::Right(step)),
            (-30, Typed::Right(step)),
            (60, Typed::Drifted(-60)),
            (-60, Typed::Drifted(60)),
            (300, Typed::Drifted(-300)),
            (-300, Typed::Drifted(300)),
            (330, Typed::Wrong),
            (-330, Typed::Wrong),
        ] {
            assert_eq!(typed(RFC, code, at(1_234_567_890 + off)), expected, "{off}");
        }
    }

    #[test]
    fn nothing_else_is_a_code() {
        let long = "0".repeat(100_000);
        for text in ["", "05924", "0005924", "+05924", "００５９２４", "00592a", &long] {
            assert_eq!(typed(RFC, text, at(1_234_567_890)), Typed::Wrong, "{text:.20}");
        }
        assert_eq!(typed(&[], "005924", at(1_234_567_890)), Typed::Wrong);
        assert_eq!(typed(RFC, "005924", at(-1_234_567_890)), Typed::Wrong);
    }

    #[test]
    fn an_app_is_told_the_secret_who_it_is_of_and_for_whom() {
        let uri = uri(RFC, "mail.example.org", "ann");
        assert_eq!(
            uri.expose(),
            "otpauth://totp/Postroom%20mail.example.org:ann?\
             secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Postroom%20mail.example.org"
        );
    }
}
