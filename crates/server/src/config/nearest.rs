//! The setting that somebody probably meant: with or without its prefix, with `-` or `_`.

/// Of `names` the one that needs the fewest edits to become `wanted`, if those are few.
pub(crate) fn nearest(wanted: &str, names: impl Iterator<Item = String>) -> Option<String> {
    let bare =
        |name: &str| name.strip_prefix("POSTROOM_").unwrap_or(name).replace('-', "_").to_ascii_lowercase();
    let names: Vec<(String, String)> = names.map(|name| (bare(&name), name)).collect();
    let found =
        domain::nearest::nearest(&bare(wanted), names.iter().map(|(bare, _)| bare.as_str()))?.to_owned();
    names.into_iter().find(|(bare, _)| *bare == found).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_the_setting_and_nonsense_finds_none() {
        let names = || ["listen", "public_url", "log", "log_format"].into_iter().map(str::to_owned);
        assert_eq!(nearest("lsiten", names()).as_deref(), Some("listen"));
        assert_eq!(nearest("public-url", names()).as_deref(), Some("public_url"));
        assert_eq!(nearest("POSTROOM_PUBLICURL", names()).as_deref(), Some("public_url"));
        assert_eq!(nearest("xyzzy", names()), None);
    }
}
