//! The settings of a private Dovecot 2.3, written as its configuration file. Says why each one is there;
//! starting and stopping is `dovecot`.

use std::{fmt::Write as _, path::Path};

use crate::{certificates::Certificates, dovecot::Options};

/// Everything that the configuration file depends on besides the options.
pub(crate) struct Place<'a> {
    pub(crate) directory: &'a Path,
    pub(crate) certificates: &'a Certificates,
    /// Who owns the mail: numeric, no passwd entry needed.
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Name and group of the ordinary user that runs everything; none when started by root.
    pub(crate) ordinary: Option<(String, String)>,
    pub(crate) imap_port: u16,
    pub(crate) imaps_port: u16,
    pub(crate) submission_port: Option<u16>,
    pub(crate) submissions_port: Option<u16>,
    pub(crate) lmtp_port: Option<u16>,
    pub(crate) relay_port: Option<u16>,
    pub(crate) introspection_port: Option<u16>,
}

/// The main configuration file.
pub(crate) fn main_file(options: &Options, place: &Place<'_>) -> String {
    let directory = place.directory.display();
    let mut protocols = String::from("imap");
    if place.submission_port.is_some() {
        protocols.push_str(" submission");
    }
    if place.lmtp_port.is_some() {
        protocols.push_str(" lmtp");
    }
    let mut mechanisms = options.auth_mechanisms.join(" ");
    if place.introspection_port.is_some() {
        mechanisms.push_str(" xoauth2 oauthbearer");
    }
    let mut text = format!(
        "# a private instance of one test\n\
         base_dir = {directory}/run\n\
         state_dir = {directory}/state\n\
         log_path = {directory}/dovecot.log\n\
         instance_name = postroom-test\n\
         protocols = {protocols}\n\
         # on 127.0.0.1 both addresses are equal, which counts as secured: LOGINDISABLED shows on 127.0.0.2\n\
         listen = 127.0.0.1, 127.0.0.2\n\
         ssl = {ssl}\n\
         ssl_cert = <{certificate}\n\
         ssl_key = <{key}\n\
         auth_mechanisms = {mechanisms}\n\
         auth_username_format = %Ln\n\
         auth_failure_delay = 0\n\
         disable_plaintext_auth = yes\n\
         mail_location = maildir:~/Maildir\n\
         first_valid_uid = 1\n\
         first_valid_gid = 1\n\
         mail_max_userip_connections = 0\n\
         mail_fsync = never\n\
         maildir_very_dirty_syncs = yes\n\
         passdb {{\n  driver = passwd-file\n  mechanisms = plain login scram-sha-256 scram-sha-1 cram-md5\n  \
           args = scheme=PLAIN username_format=%Ln {directory}/users\n}}\n\
         userdb {{\n  driver = passwd-file\n  args = username_format=%Ln {directory}/users\n  \
           default_fields = uid={uid} gid={gid} home={directory}/home/%Ln\n}}\n",
        ssl = if options.tls_required { "required" } else { "yes" },
        certificate = place.certificates.certificate.display(),
        key = place.certificates.key.display(),
        uid = place.uid,
        gid = place.gid,
    );
    if place.introspection_port.is_some() {
        let _ = writeln!(
            text,
            "passdb {{\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {directory}/oauth2.conf\n}}"
        );
    }
    if let Some((user, group)) = &place.ordinary {
        let _ = writeln!(
            text,
            "default_internal_user = {user}\ndefault_login_user = {user}\ndefault_internal_group = {group}\n\
             service anvil {{\n  chroot =\n}}\nservice stats {{\n  chroot =\n}}\n\
             service imap-login {{\n  chroot =\n}}\nservice submission-login {{\n  chroot =\n}}"
        );
    }
    text.push_str(&services(place));
    text.push_str(&namespace(options));
    text.push_str("protocol imap {\n  mail_plugins = quota zlib imap_quota imap_zlib\n}\nplugin {\n  quota = count:User quota\n  quota_vsizes = yes\n  quota_rule = *:storage=10G\n}\n");
    if let Some(capability) = &options.capability {
        let _ = writeln!(text, "imap_capability = {capability}");
    }
    if let Some(port) = place.relay_port {
        let _ = writeln!(
            text,
            "submission_relay_host = 127.0.0.1\nsubmission_relay_port = {port}\nsubmission_relay_trusted = no"
        );
    }
    text.push_str(&options.extra_settings);
    text.push('\n');
    text
}

fn services(place: &Place<'_>) -> String {
    let mut text = format!(
        "# no seconds of penalty after failed sign-ins\n\
         service anvil {{\n  unix_listener anvil-auth-penalty {{\n    mode = 0\n  }}\n}}\n\
         service auth {{\n  client_limit = 20000\n}}\n\
         service imap-login {{\n  service_count = 0\n  process_min_avail = 1\n  process_limit = 4\n  \
           client_limit = 4000\n  inet_listener imap {{\n    port = {}\n  }}\n  \
           inet_listener imaps {{\n    port = {}\n    ssl = yes\n  }}\n}}\n\
         service imap {{\n  process_limit = 4000\n  client_limit = 1\n}}\n",
        place.imap_port, place.imaps_port
    );
    if let (Some(port), Some(tls)) = (place.submission_port, place.submissions_port) {
        let _ = writeln!(
            text,
            "service submission-login {{\n  service_count = 0\n  client_limit = 1000\n  \
               inet_listener submission {{\n    port = {port}\n  }}\n  \
               inet_listener submissions {{\n    port = {tls}\n    ssl = yes\n  }}\n}}"
        );
    }
    if let Some(port) = place.lmtp_port {
        let _ = writeln!(text, "service lmtp {{\n  inet_listener lmtp {{\n    port = {port}\n  }}\n}}");
    }
    text
}

fn namespace(options: &Options) -> String {
    let mut text = format!(
        "namespace inbox {{\n  inbox = yes\n  separator = {}\n  prefix = {}\n",
        options.separator, options.namespace_prefix
    );
    if options.special_use {
        for (mailbox, role) in [
            ("Sent", "Sent"),
            ("Drafts", "Drafts"),
            ("Trash", "Trash"),
            ("Junk", "Junk"),
            ("Archive", "Archive"),
        ] {
            let _ = writeln!(
                text,
                "  mailbox {mailbox} {{\n    special_use = \\{role}\n    auto = subscribe\n  }}"
            );
        }
    }
    text.push_str("}\n");
    text
}

/// The people and their passwords.
pub(crate) fn users_file(options: &Options) -> String {
    options.users.iter().fold(String::new(), |mut text, user| {
        let _ = writeln!(text, "{}:{{PLAIN}}{}::::::", user.name, user.password);
        text
    })
}

/// How Dovecot asks about bearer tokens.
pub(crate) fn oauth2_file(port: u16) -> String {
    format!(
        "introspection_mode = post\nintrospection_url = http://127.0.0.1:{port}/introspect\n\
         username_attribute = username\nactive_attribute = active\nactive_value = true\n"
    )
}
