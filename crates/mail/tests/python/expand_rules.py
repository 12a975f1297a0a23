"""Expands rules with python-dateutil.

expand_rules.py FILE: a JSON list of [begin, rule, count], begin a local time without zone. A line of JSON for each:
the first `count` times, or null where dateutil takes the rule for wrong or fails.
"""

import json
import sys
from datetime import datetime
from itertools import islice

from dateutil.rrule import rrulestr

for begin, rule, count in json.load(open(sys.argv[1])):
    begin = datetime.fromisoformat(begin)
    try:
        times = list(islice(rrulestr(rule, dtstart=begin), count))
    except (ValueError, IndexError):
        print("null")
        continue
    print(json.dumps([time.isoformat() for time in times]))
