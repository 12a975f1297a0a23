"""Expands rules with python-dateutil.

expand_rules.py FILE: a JSON list of [begin, rule, count, end], begin and end local times without zone. A line of JSON for each:
the first `count` times before `end`, or null where dateutil takes the rule for wrong or fails.
"""

import json
import sys
import warnings
from datetime import datetime, timedelta
from itertools import islice

from dateutil.rrule import rrulestr

warnings.simplefilter("ignore")  # COUNT and UNTIL together, which is asked for here
for begin, rule, count, end in json.load(open(sys.argv[1])):
    begin = datetime.fromisoformat(begin)
    try:
        rule = rrulestr(rule, dtstart=begin)
        end = datetime.fromisoformat(end) - timedelta(seconds=1)
        if rule._until is None or rule._until > end:
            rule = rule.replace(until=end)
        times = list(islice(rule, count))
    except (ValueError, IndexError):
        print("null")
        continue
    print(json.dumps([time.isoformat() for time in times]))
