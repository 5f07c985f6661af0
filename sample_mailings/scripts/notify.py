"""Run by the action "script" of the link price-list: reads the click as JSON on stdin, answers with JSON on stdout.

Notes in the contact's field when the price list was fetched. Whoever has fetched it already is led to the page
with the latest changes on later clicks.
"""

import datetime
import json
import sys


def main() -> None:
    click = json.load(sys.stdin)
    today = datetime.datetime.now(datetime.UTC).date()
    answer = {
        "returnUrl": "https://www.fjallbris.example.com/downloads/price-list-changes",
        "fields": {"x_price_list_sent": today.isoformat()},
    }
    sys.stderr.write(f"price list to contact {click['custId']}, link {click['linkId']}\n")
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
