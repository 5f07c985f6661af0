"""The links that linktrack makes itself, by their keys, and what is special about which."""

from __future__ import annotations

SPECIAL_LINKS = {  # made by the migrations
    "unsubscribe": "Unsubscribe from this type of mailing",
    "subscriptions": "Manage subscriptions",
    "view-online": "View in the browser",
    "honeypot": "Honeypot for machines",
}
LEAVING = ("unsubscribe", "subscriptions")  # by a POST of which a person says what they want to get
PERSONAL = (*LEAVING, "view-online")  # which are nothing without whose they are
LEAVING_IDS = "SELECT id FROM link WHERE kind = 'special' AND key IN ('unsubscribe', 'subscriptions')"  # in SQL
