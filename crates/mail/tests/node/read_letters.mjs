// Reads letters with postal-mime, as a program of somebody else would.
//
// read_letters.mjs FILE: letters, each after its length in four octets, big end first. A line of JSON for each.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import PostalMime from "postal-mime";

const addresses = (list) => [list ?? []].flat().map(({ name, address }) => [name, address]);
const sha256 = (content) => createHash("sha256").update(new Uint8Array(content)).digest("hex");

async function read(raw) {
  const mail = await PostalMime.parse(raw, { forceRfc822Attachments: true });
  return {
    from: addresses(mail.from),
    "reply-to": addresses(mail.replyTo),
    to: addresses(mail.to),
    cc: addresses(mail.cc),
    bcc: addresses(mail.bcc),
    subject: mail.subject,
    date: mail.date,
    "message-id": mail.messageId,
    "in-reply-to": mail.inReplyTo,
    references: mail.references,
    texts: [
      ["text/plain", mail.text ?? ""],
      ["text/html", mail.html ?? ""],
    ],
    files: mail.attachments.map((file) => ({
      name: file.filename ?? "",
      disposition: file.disposition,
      content_id: file.contentId ?? null,
      // nested messages come with line ends of its own
      ...(file.mimeType === "message/rfc822"
        ? { nested: new TextDecoder().decode(file.content) }
        : { sha256: sha256(file.content) }),
    })),
  };
}

const letters = readFileSync(process.argv[2]);
for (let at = 0; at < letters.length; ) {
  const length = letters.readUInt32BE(at);
  const raw = letters.subarray(at + 4, at + 4 + length);
  process.stdout.write(`${JSON.stringify(await read(raw))}\n`);
  at += 4 + length;
}
