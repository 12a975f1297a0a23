//! Folder lists as real servers give them, and who is who in them.

use std::collections::BTreeMap;

use super::*;

/// Assigns roles to `(path, attributes)`; gives each role's path.
fn assign(list: &[(&str, &str)], delimiter: char, prefix: &str, is_gmail: bool) -> BTreeMap<Role, String> {
    let attributes: Vec<Vec<String>> =
        list.iter().map(|(_, words)| words.split_whitespace().map(str::to_owned).collect()).collect();
    let folders: Vec<Listed<'_>> = list
        .iter()
        .zip(&attributes)
        .map(|((path, _), attributes)| Listed { path, delimiter: Some(delimiter), attributes })
        .collect();
    let roles = Roles::assign(&folders, prefix, is_gmail);
    for (index, folder) in folders.iter().enumerate() {
        if let Some(role) = roles.of(index) {
            assert_eq!(roles.folder(role), Some(index), "{}", folder.path);
        }
    }
    let path = |index: usize| folders[index].path.to_owned();
    Role::ALL.iter().filter_map(|role| Some((*role, path(roles.folder(*role)?)))).collect()
}

#[test]
fn attributes_say_the_role_in_any_case() {
    let found = assign(
        &[
            ("INBOX", ""),
            ("Gesendet", "\\hasnochildren \\sent"),
            ("Kram", "\\TRASH"),
            ("Zeug", "\\Junk"),
            ("Skizzen", "\\drafts"),
            ("Alt", "\\archive"),
        ],
        '/',
        "",
        false,
    );
    for (role, path) in [
        (Role::Inbox, "INBOX"),
        (Role::Sent, "Gesendet"),
        (Role::Trash, "Kram"),
        (Role::Junk, "Zeug"),
        (Role::Drafts, "Skizzen"),
        (Role::Archive, "Alt"),
    ] {
        assert_eq!(found[&role], path);
    }
    assert_eq!(found.len(), 6);
}

#[test]
fn an_attribute_wins_over_a_name_and_a_marked_folder_is_not_renamed() {
    let found = assign(
        &[("Inbox", ""), ("Sent", ""), ("Sent Items", "\\sent"), ("Trash", "\\junk"), ("Deleted Items", "")],
        '/',
        "",
        false,
    );
    assert_eq!(found[&Role::Sent], "Sent Items");
    assert_eq!(found[&Role::Junk], "Trash");
    assert_eq!(found[&Role::Trash], "Deleted Items");
    assert_eq!(found[&Role::Inbox], "Inbox");
}

#[test]
fn names_are_known_in_the_languages_users_have() {
    for (sent, drafts, trash, junk) in [
        ("Sent Items", "Drafts", "Deleted Items", "Junk E-mail"),
        ("Gesendete Objekte", "Entwürfe", "Papierkorb", "Spamverdacht"),
        ("Éléments envoyés", "Brouillons", "Corbeille", "Courrier indésirable"),
        ("Enviados", "Borradores", "Papelera", "Correo no deseado"),
        ("Posta inviata", "Bozze", "Cestino", "Posta indesiderata"),
        ("Itens Enviados", "Rascunhos", "Lixeira", "Lixo Eletrônico"),
        ("Verzonden items", "Concepten", "Prullenbak", "Ongewenste e-mail"),
        ("Skickat", "Utkast", "Papperskorgen", "Skräppost"),
        ("Sendt post", "Kladder", "Slettet post", "Uønsket mail"),
        ("Sendte elementer", "Utkast", "Søppel", "Søppelpost"),
        ("Lähetetyt", "Luonnokset", "Roskakori", "Roskaposti"),
        ("Wysłane", "Kopie robocze", "Kosz", "Wiadomości-śmieci"),
        ("Odeslaná pošta", "Koncepty", "Koš", "Nevyžádaná pošta"),
        ("Отправленные", "Черновики", "Корзина", "Спам"),
        ("Надіслані", "Чернетки", "Кошик", "Спам"),
        ("Gönderilmiş Öğeler", "Taslaklar", "Silinmiş Öğeler", "İstenmeyen"),
        ("Απεσταλμένα", "Πρόχειρα", "Κάδος απορριμμάτων", "Ανεπιθύμητα"),
        ("Elküldött elemek", "Piszkozatok", "Törölt elemek", "Levélszemét"),
        ("Trimise", "Ciorne", "Coș de gunoi", "Spam"),
        ("已发送", "草稿箱", "已删除", "垃圾邮件"),
        ("寄件備份", "草稿匣", "刪除的郵件", "垃圾郵件"),
        ("送信済みメール", "下書き", "ゴミ箱", "迷惑メール"),
        ("보낸편지함", "임시보관함", "휴지통", "스팸메일함"),
    ] {
        let found =
            assign(&[("INBOX", ""), (junk, ""), (trash, ""), (drafts, ""), (sent, "")], '/', "", false);
        for (role, name) in
            [(Role::Sent, sent), (Role::Drafts, drafts), (Role::Trash, trash), (Role::Junk, junk)]
        {
            assert_eq!(found.get(&role).map(String::as_str), Some(name));
        }
    }
}

#[test]
fn names_count_only_right_below_the_personal_namespace() {
    // Courier: everything hangs below INBOX.
    let found = assign(
        &[
            ("INBOX", ""),
            ("INBOX.Sent", ""),
            ("INBOX.Trash", ""),
            ("INBOX.Work.Drafts", ""),
            ("shared.Junk", ""),
        ],
        '.',
        "INBOX.",
        false,
    );
    assert_eq!(found[&Role::Sent], "INBOX.Sent");
    assert_eq!(found[&Role::Trash], "INBOX.Trash");
    assert!(!found.contains_key(&Role::Drafts) && !found.contains_key(&Role::Junk));
    // No prefix, but a server that files below INBOX: taken where there is nothing better.
    let found =
        assign(&[("INBOX", ""), ("INBOX/Sent", ""), ("INBOX/Trash", ""), ("Trash", "")], '/', "", false);
    assert_eq!(found[&Role::Sent], "INBOX/Sent");
    assert_eq!(found[&Role::Trash], "Trash");
}

#[test]
fn of_several_candidates_the_likeliest_is_taken() {
    let found = assign(&[("Sent Messages", ""), ("Gesendet", ""), ("Sent", "")], '/', "", false);
    assert_eq!(found[&Role::Sent], "Sent");
    let twice = assign(&[("a/b/Mine", "\\sent"), ("Yours", "\\sent"), ("Theirs", "\\sent")], '/', "", false);
    assert_eq!(twice[&Role::Sent], "Yours");
}

#[test]
fn on_gmail_the_archive_is_all_mail_and_labels_are_not_guessed() {
    let found = assign(
        &[
            ("INBOX", "\\hasnochildren"),
            ("Archive", ""),
            ("[Gmail]", "\\noselect \\haschildren"),
            ("[Gmail]/Alle Nachrichten", "\\all"),
            ("[Gmail]/Gesendet", "\\sent"),
            ("[Gmail]/Markiert", "\\flagged"),
            ("[Gmail]/Wichtig", "\\important"),
        ],
        '/',
        "",
        true,
    );
    assert_eq!(found[&Role::Archive], "[Gmail]/Alle Nachrichten");
    assert_eq!(found[&Role::All], "[Gmail]/Alle Nachrichten");
    assert_eq!(found[&Role::Flagged], "[Gmail]/Markiert");
    assert!(!found.contains_key(&Role::Drafts));
}

#[test]
fn folders_that_cannot_be_opened_have_no_role() {
    let found =
        assign(&[("Trash", "\\Noselect"), ("Sent", "\\NonExistent \\Sent"), ("Bin", "")], '/', "", false);
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [(Role::Trash, "Bin".to_owned())]);
}

#[test]
fn a_flat_namespace_has_roles_too() {
    let attributes = [];
    let folders = ["INBOX", "Sent"].map(|path| Listed { path, delimiter: None, attributes: &attributes });
    let roles = Roles::assign(&folders, "", false);
    assert_eq!((roles.of(0), roles.of(1), roles.of(2)), (Some(Role::Inbox), Some(Role::Sent), None));
    assert_eq!(Roles::default().folder(Role::Sent), None);
}

#[test]
fn the_table_holds_each_name_once_and_as_it_is_compared() {
    let mut seen = BTreeMap::new();
    for role in Role::ALL.iter().copied() {
        for name in names_of(role) {
            assert_eq!(simplify(name), name);
            assert_eq!(seen.insert(name, role), None, "`{name}` stands twice");
        }
    }
    assert!(seen.len() > 400);
}
