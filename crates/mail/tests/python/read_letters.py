"""Reads letters with Python's email package, as a program of somebody else would.

read_letters.py FILE: letters, each after its length in four octets, big end first. A line of JSON for each.
"""

import hashlib
import json
import sys
from email import message_from_bytes, policy


def whole(text):
    """Raw UTF-8 in a header (RFC 6532) is read octet by octet by this package: put together again."""
    return text and text.encode("utf-8", "surrogateescape").decode("utf-8")


def addresses(message, field):
    header = message[field]
    if header is None:
        return []
    return [[whole(address.display_name), whole(address.addr_spec)] for address in header.addresses]


def text_of(part):
    return part.get_payload(decode=True).decode("utf-8")


def content_of(part):
    if part.get_content_type() == "message/rfc822":
        # parsed by the package: written again, its lines are the same
        return {"nested": part.get_payload(0).as_bytes().decode("utf-8")}
    return {"sha256": hashlib.sha256(part.get_payload(decode=True)).hexdigest()}


def parts_of(message):
    """All parts, nested messages not taken apart."""
    if message.get_content_maintype() != "multipart":
        return [message]
    return [leaf for part in message.iter_parts() for leaf in parts_of(part)]


def read(raw):
    message = message_from_bytes(raw, policy=policy.default)
    texts, files = [], []
    for part in parts_of(message):
        if part.get_content_disposition() is not None:
            files.append(
                {
                    # get_filename() takes off quotes that belong to the name
                    "name": part["Content-Disposition"].params.get("filename", ""),
                    "disposition": part.get_content_disposition(),
                    "content_id": part["Content-ID"],
                    **content_of(part),
                }
            )
        else:
            texts.append([part.get_content_type(), text_of(part)])
    defects = [str(defect) for part in message.walk() for defect in part.defects]
    return {
        "from": addresses(message, "from"),
        "reply-to": addresses(message, "reply-to"),
        "to": addresses(message, "to"),
        "cc": addresses(message, "cc"),
        "bcc": addresses(message, "bcc"),
        "subject": message["subject"],
        "date": message["date"].datetime.isoformat(),
        "message-id": message["message-id"],
        "in-reply-to": message["in-reply-to"],
        "references": message["references"],
        "extra": message["x-postroom-draft"],
        "texts": texts,
        "files": files,
        "defects": defects,
    }


with open(sys.argv[1], "rb") as letters:
    while length := letters.read(4):
        raw = letters.read(int.from_bytes(length, "big"))
        print(json.dumps(read(raw)))
