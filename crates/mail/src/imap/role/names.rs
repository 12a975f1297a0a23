//! What folders are called in the languages users have, by servers and mail programs.
//!
//! Lower case, `-` and `_` written as spaces; words that are more likely a person's own folder are left
//! out. For each role the likeliest name first: the order decides where a mailbox has several.

use domain::Role;

/// The names of each role, split by commas. No name stands twice.
const NAMES: &[(Role, &str)] = &[
    (
        Role::Sent,
        "\
         sent, sent items, sent messages, sent mail, sent e mail, sent emails, gesendet, \
         gesendete objekte, gesendete elemente, gesendete nachrichten, gesendete e mails, \
         gesendete mails, envoyés, éléments envoyés, messages envoyés, courrier envoyé, envoyé, \
         objets envoyés, envoyes, elements envoyes, messages envoyes, enviados, elementos enviados, \
         mensajes enviados, correo enviado, correos enviados, enviado, itens enviados, \
         mensagens enviadas, e mails enviados, enviadas, enviada, inviati, posta inviata, \
         messaggi inviati, inviata, elementi inviati, enviats, elements enviats, missatges enviats, \
         verzonden, verzonden items, verzonden berichten, verstuurd, skickat, skickade, \
         skickade objekt, skickade meddelanden, skickad e post, sendt, sendte, sendt post, \
         sendt e post, sendt mail, sendte elementer, sendte beskeder, sendte meldinger, send post, \
         sendur póstur, sent póstur, lähetetyt, lähetetyt kohteet, lähetetyt viestit, saadetud, \
         saadetud üksused, saadetud kirjad, nosūtītie, nosūtītās vienības, nosūtītās, išsiųsti, \
         išsiųstieji, išsiųsti elementai, išsiųsta, wysłane, elementy wysłane, wysłane elementy, \
         wyslane, odeslané, odeslaná pošta, odeslané zprávy, odeslane, odoslané, odoslaná pošta, \
         odoslané položky, odoslané správy, poslano, poslana pošta, poslani predmeti, \
         poslane stavke, poslane poruke, poslato, poslate stavke, послато, послате ставке, \
         изпратени, изпратена поща, изпратени съобщения, отправленные, отправленные элементы, \
         отправленные письма, надіслані, відправлені, надіслане, відправлене, адпраўленыя, \
         дасланыя, gönderilmiş öğeler, gönderilenler, gönderilmiş postalar, gönderilen, \
         gönderilmiş, gönderilmişler, göndərilmiş, απεσταλμένα, σταλμένα, σταλθέντα, \
         απεσταλμένα στοιχεία, elküldött, elküldött elemek, elküldött üzenetek, elküldött levelek, \
         elkuldott, trimise, mesaje trimise, elemente trimise, trimis, e mailuri trimise, נשלח, \
         פריטים שנשלחו, דואר שנשלח, הודעות שנשלחו, المرسلة, العناصر المرسلة, البريد المرسل, \
         الرسائل المرسلة, المرسل, مرسل, ارسال شده, ارسال‌شده, 已发送, 已发送邮件, 已傳送郵件, 已发邮件, 寄件備份, 已傳送, \
         已寄出, 已传送, 寄件備份匣, 已傳送的郵件, 已发送的邮件, 寄件夾, 送信済み, 送信済みアイテム, 送信済みメール, 送信済, 送信済みトレイ, 送信控え, 보낸 편지함, \
         보낸편지함, 보낸 메일함, 보낸메일함, 보낸 메시지, 보낸 항목, đã gửi, thư đã gửi, mục đã gửi, terkirim, \
         item terkirim, pesan terkirim, ส่งแล้ว, จดหมายที่ส่ง, รายการที่ส่ง, จดหมายที่ถูกส่ง, \
         भेजे गए, भेजी गई मेल",
    ),
    (
        Role::Drafts,
        "\
         drafts, draft, draft messages, entwürfe, entwurf, entwuerfe, brouillons, brouillon, \
         borradores, borrador, rascunhos, rascunho, bozze, bozza, esborranys, concepten, klad, \
         utkast, kladder, kladde, drög, uppköst, luonnokset, luonnos, mustandid, melnraksti, \
         juodraščiai, juodraštis, kopie robocze, szkice, robocze, wersje robocze, koncepty, \
         rozepsané, rozepsané zprávy, rozpísané, rozpísané správy, osnutki, nacrti, нацрти, \
         чернови, черновики, чернетки, чарнавікі, taslaklar, taslak, qaralamalar, πρόχειρα, \
         πρόχειρο, piszkozatok, piszkozat, vázlatok, ciorne, mesaje nefinalizate, טיוטות, المسودات, \
         مسودات, پیش نویس ها, پیش‌نویس‌ها, پیش نویس, 草稿, 草稿箱, 草稿匣, 草稿夹, 草稿夾, 下書き, 下書きトレイ, 임시 보관함, \
         임시보관함, 임시 저장함, 초안, thư nháp, bản nháp, nháp, draf, konsep, ร่าง, จดหมายร่าง, แบบร่าง, \
         ड्राफ़्ट, प्रारूप",
    ),
    (
        Role::Trash,
        "\
         trash, deleted items, deleted messages, deleted, bin, trash bin, wastebasket, rubbish bin, \
         recycle bin, deleted mail, deleted e mail, papierkorb, gelöschte elemente, \
         gelöschte objekte, gelöschte nachrichten, gelöscht, gelöschte e mails, geloescht, \
         geloeschte objekte, geloeschte elemente, mülleimer, corbeille, éléments supprimés, \
         messages supprimés, supprimés, poubelle, elements supprimes, papelera, \
         papelera de reciclaje, elementos eliminados, mensajes eliminados, eliminados, basura, \
         lixeira, lixo, itens excluídos, itens eliminados, excluídos, apagados, \
         mensagens eliminadas, itens excluidos, reciclagem, cestino, posta eliminata, \
         elementi eliminati, eliminati, messaggi eliminati, paperera, elements suprimits, \
         eliminats, prullenbak, verwijderde items, verwijderd, verwijderde berichten, prullenmand, \
         papperskorgen, papperskorg, borttaget, borttagna objekt, borttagna, borttagna meddelanden, \
         papirkurv, papirkurven, slettet post, slettede elementer, slettet, slettede, søppel, \
         søppelkasse, slettede meldinger, eytt atriði, eytt, ruslakarfa, roskakori, poistetut, \
         poistetut kohteet, poistetut viestit, prügikast, kustutatud, kustutatud üksused, miskaste, \
         atkritne, izdzēstās vienības, izdzēstie, šiukšlinė, šiukšliadėžė, ištrinti elementai, \
         ištrinti, kosz, elementy usunięte, usunięte, usuniete, koš, odstraněná pošta, odstraněné, \
         odstraněné položky, kôš, odstránené položky, odstránené, odstránená pošta, vymazané, \
         koš za smeti, smetnjak, izbrisano, izbrisani predmeti, smeće, obrisano, izbrisane stavke, \
         kanta, смеће, отпад, избрисане ставке, корпа, кошче, изтрити, изтрити съобщения, корзина, \
         удаленные, удалённые, удаленные элементы, удалённые элементы, кошик, видалені, вилучені, \
         сметнік, выдаленыя, кош, çöp kutusu, silinmiş öğeler, çöp, silinenler, silinmiş, \
         zibil qutusu, κάδος απορριμμάτων, διαγραμμένα, κάδος, διεγραμμένα, διαγραμμένα στοιχεία, \
         κάδος ανακύκλωσης, lomtár, törölt, törölt elemek, törölt üzenetek, szemetes, coș de gunoi, \
         coş de gunoi, coș, coş, elemente șterse, elemente şterse, șterse, gunoi, mesaje șterse, \
         אשפה, פריטים שנמחקו, סל מחזור, סל המחזור, نفايات, المهملات, سلة المهملات, \
         العناصر المحذوفة, المحذوفات, المحذوفة, زباله دان, زباله‌دان, سطل زباله, 已删除, 已删除邮件, 垃圾桶, \
         废件箱, 回收站, 刪除的郵件, 已刪除, 已刪除的郵件, 垃圾筒, 資源回收筒, 回收筒, 废纸篓, 已删除的邮件, 刪除的項目, 已删除项目, ゴミ箱, ごみ箱, 削除済み, \
         削除済みアイテム, 削除済みメール, 휴지통, 지운 편지함, 지운편지함, 삭제된 항목, thùng rác, mục đã xóa, đã xóa, sampah, \
         tong sampah, item terhapus, ถังขยะ, รายการที่ลบ, จดหมายที่ลบ, ट्रैश, कचरा",
    ),
    (
        Role::Junk,
        "\
         junk, spam, junk e mail, junk email, junk mail, bulk mail, bulk, spam mail, junk messages, \
         spamverdacht, spam verdacht, unerwünscht, unerwünschte mails, unerwünschte werbung, \
         spam ordner, courrier indésirable, indésirables, pourriel, pourriels, indésirable, \
         courrier indesirable, correo no deseado, no deseado, correo basura, no deseados, \
         lixo eletrônico, lixo electrónico, lixo eletrónico, e mail de lixo, lixo eletronico, \
         lixo electronico, posta indesiderata, indesiderata, posta spazzatura, correu brossa, \
         ongewenste e mail, ongewenst, ongewenste berichten, ongewenste reclame, skräppost, skräp, \
         uønsket mail, uønsket e post, uønsket post, uønsket, søppelpost, uønskede mails, \
         ruslpóstur, roskaposti, roskapostit, roska, rämpspost, mēstules, surogātpasts, šlamštas, \
         nepageidaujami laiškai, wiadomości śmieci, niechciane, śmieci, wiadomosci smieci, \
         nevyžádaná pošta, nevyžádané, nevyžiadaná pošta, nevyžiadané, vsiljena pošta, \
         neželena pošta, neželjena pošta, bezvrijedna pošta, нежељена пошта, нежелана поща, спам, \
         нежелательная почта, нежелательные, небажана пошта, небажані, непажаданая пошта, önemsiz, \
         önemsiz e posta, istenmeyen, gereksiz, gereksiz e posta, istenmeyen posta, ανεπιθύμητα, \
         ανεπιθύμητη αλληλογραφία, ανεπιθύμητη, ανεπιθύμητη ηλεκτρονική αλληλογραφία, levélszemét, \
         kéretlen, kéretlen levelek, mesaje nedorite, nedorite, e mail nedorit, spamuri, דואר זבל, \
         ספאם, זבל, البريد غير الهام, بريد غير هام, البريد المزعج, غير مرغوب فيه, \
         الرسائل غير المرغوب فيها, البريد العشوائي, هرزنامه, 垃圾邮件, 垃圾郵件, 垃圾箱, 垃圾邮件箱, 垃圾信件匣, 垃圾信, \
         廣告郵件, 广告邮件, 垃圾郵件匣, 廣告信件匣, 迷惑メール, 迷惑メールフォルダ, スパム, 스팸, 스팸 메일함, 스팸메일함, 정크 메일, 정크메일, 스팸편지함, \
         정크 메일함, 정크, 스팸함, thư rác, email rác, surat sampah, email sampah, อีเมลขยะ, จดหมายขยะ, \
         สแปม, स्पैम, जंक",
    ),
    (
        Role::Archive,
        "\
         archive, archives, archived, archived messages, archiv, archiviert, archivé, archivés, \
         archivo, archivados, arquivo, arquivos, arquivo morto, arquivadas, archivio, archiviati, \
         archiviata, arxiu, arxivats, archief, gearchiveerd, arkiv, arkiverat, arkiveret, arkivert, \
         skjalasafn, arkisto, arkistoidut, arkistoitu, arhiiv, arhīvs, archyvas, archyvai, \
         archiwum, zarchiwizowane, archív, archivované, archivovaná, arhiv, arhiva, arhivirano, \
         архива, архив, архів, архіў, arşiv, arxiv, αρχείο, αρχειοθήκη, αρχειοθετημένα, archívum, \
         arhivă, arhivate, ארכיון, الأرشيف, أرشيف, ارشيف, بایگانی, 归档, 存档, 已归档, 封存, 封存郵件, 歸檔, 已封存, \
         アーカイブ, アーカイブ済み, 보관, 보관함, 보관된 항목, 보관 편지함, lưu trữ, arsip, ที่เก็บถาวร, เก็บถาวร",
    ),
];

/// The names of `role`, the likeliest first.
pub(super) fn names_of(role: Role) -> impl Iterator<Item = &'static str> {
    let list = NAMES.iter().find(|(of, _)| *of == role).map_or("", |(_, list)| list);
    list.split(',').map(str::trim).filter(|name| !name.is_empty())
}
