"""Reads an answer to an invite with Python's email package and icalendar, and prints what they found as JSON."""

import email
import email.policy
import json
import sys

import icalendar

with open(sys.argv[1], "rb") as file:
    message = email.message_from_binary_file(file, policy=email.policy.SMTP)

parts = list(message.walk())
plain = next(part for part in parts if part.get_content_type() == "text/plain")
part = next(part for part in parts if part.get_content_type() == "text/calendar")
calendar = icalendar.Calendar.from_ical(part.get_payload(decode=True))
(event,) = [found for found in calendar.walk("VEVENT")]
attendees = event["ATTENDEE"]
attendees = attendees if isinstance(attendees, list) else [attendees]


def field(name):
    return None if message[name] is None else str(message[name])


found = {
    "types": [one.get_content_type() for one in parts],
    "parameters": {key: value for key, value in part.get_params()[1:]},
    "to": field("To"),
    "cc": field("Cc"),
    "reply_to": field("Reply-To"),
    "subject": field("Subject"),
    "in_reply_to": field("In-Reply-To"),
    "references": field("References"),
    "text": plain.get_content().replace("\r\n", "\n"),
    "defects": [str(defect) for one in parts for defect in one.defects],
    "errors": [str(error) for error in list(calendar.errors) + list(event.errors)],
    "calendar": {
        "method": str(calendar["METHOD"]),
        "uid": str(event["UID"]),
        "sequence": int(event["SEQUENCE"]),
        "attendees": [[str(one), one.params.get("PARTSTAT")] for one in attendees],
        "organizer": str(event["ORGANIZER"]),
        "comment": str(event.get("COMMENT", "")).replace("\r\n", "\n"),
        "stamp": event["DTSTAMP"].dt.isoformat(),
    },
}
json.dump(found, sys.stdout)
