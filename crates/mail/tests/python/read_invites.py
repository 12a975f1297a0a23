"""Reads calendars with the package icalendar, and expands them with recurring_ical_events.

read_invites.py FILE [BEGIN END]: a JSON list of calendars as text. A line of JSON for each: its components with
their properties; with BEGIN and END also the events between, each with its beginning and end.
"""

import json
import sys
from datetime import date, datetime, timezone

import icalendar
import recurring_ical_events


def instant(value):
    if not isinstance(value, datetime):
        return value.isoformat()
    if value.tzinfo is None:
        return value.isoformat()
    return value.astimezone(timezone.utc).isoformat()


def properties(component):
    found = []
    for name, value in component.property_items(recursive=False):
        if name in ("BEGIN", "END"):
            continue
        if hasattr(value, "dt") and isinstance(value.dt, (date, datetime)):
            text = instant(value.dt)
        else:
            text = str(value)
        parameters = {key: str(parameter) for key, parameter in getattr(value, "params", {}).items()}
        found.append([name, text, parameters])
    return found


def is_changed(event, calendar):
    """Whether the occurrence has a component of its own."""
    own = [c for c in calendar.walk("VEVENT") if c.get("UID") == event.get("UID") and "RECURRENCE-ID" in c]
    return any(instant(c["RECURRENCE-ID"].dt) == instant(event["RECURRENCE-ID"].dt) for c in own)


def read(text):
    calendar = icalendar.Calendar.from_ical(text)
    components = [[component.name, properties(component)] for component in calendar.walk()]
    result = {"components": components, "errors": [str(e) for c in calendar.walk() for e in c.errors]}
    if len(sys.argv) > 3:
        begin, end = (datetime.fromisoformat(moment) for moment in sys.argv[2:4])
        events = recurring_ical_events.of(calendar).between(begin, end)
        # a cancelled occurrence takes place nowhere; the package leaves it to its user
        events = [e for e in events if not (e.get("STATUS") == "CANCELLED" and is_changed(e, calendar))]
        times = [[instant(event.start), instant(event.end), str(event.get("UID", ""))] for event in events]
        result["events"] = sorted(times)
    return result


for text in json.load(open(sys.argv[1])):
    try:
        print(json.dumps(read(text)))
    except Exception as error:  # whatever the package says of a broken calendar
        print(json.dumps({"failed": f"{type(error).__name__}: {error}"}))
