"""What the pages say, in the languages that a workspace can have."""

from __future__ import annotations

from typing import Literal

Language = Literal["en", "sv"]

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "confirm_title": "One more step",
        "confirm_text": "Press the button to go on.",
        "confirm_to": "Press the button to go on to",
        "confirm_button": "Go on",
        "unsubscribe_title": "Unsubscribe",
        "unsubscribe_text": "Press the button, and you will get no more mails of this kind:",
        "unsubscribe_all": "Press the button, and you will get no more mails from us.",
        "unsubscribe_button": "Unsubscribe",
        "unsubscribed_title": "You are unsubscribed",
        "unsubscribed_text": "You will not get this kind of mail any more:",
        "unsubscribed_all": "You will not get any mails from us any more.",
        "unsubscribed_late": "A mail that is on its way already may still arrive.",
        "unsubscribed_short": "You are unsubscribed.",
        "subscriptions_title": "Your subscriptions",
        "subscriptions_text": "Choose what you would like to get from us.",
        "subscribed": "You get it",
        "not_subscribed": "You do not get it",
        "leave": "Stop",
        "join": "Get it",
        "leave_all": "Stop all",
        "saved_title": "Saved",
        "saved_text": "Your choice is saved.",
        "over_title": "This page is closed",
        "over_text": "This mail is too old to choose subscriptions. A newer one has a fresh link. "
        "You can always unsubscribe:",
        "online_title": "The mail",
        "not_found_title": "Not found",
        "not_found_text": "There is nothing at this address.",
        "later": "This cannot be shown just now. Please try again in a moment.",
    },
    "sv": {
        "confirm_title": "Ett steg till",
        "confirm_text": "Tryck på knappen för att gå vidare.",
        "confirm_to": "Tryck på knappen för att gå vidare till",
        "confirm_button": "Gå vidare",
        "unsubscribe_title": "Avsluta prenumerationen",
        "unsubscribe_text": "Tryck på knappen, så får du inga fler utskick av den här typen:",
        "unsubscribe_all": "Tryck på knappen, så får du inga fler utskick från oss.",
        "unsubscribe_button": "Avsluta",
        "unsubscribed_title": "Din prenumeration är avslutad",
        "unsubscribed_text": "Du får inte längre den här typen av utskick:",
        "unsubscribed_all": "Du får inte längre några utskick från oss.",
        "unsubscribed_late": "Ett utskick som redan är på väg kan ändå komma fram.",
        "unsubscribed_short": "Din prenumeration är avslutad.",
        "subscriptions_title": "Dina prenumerationer",
        "subscriptions_text": "Välj vad du vill få från oss.",
        "subscribed": "Du får det",
        "not_subscribed": "Du får det inte",
        "leave": "Sluta",
        "join": "Prenumerera",
        "leave_all": "Sluta med allt",
        "saved_title": "Sparat",
        "saved_text": "Ditt val är sparat.",
        "over_title": "Sidan är stängd",
        "over_text": "Det här utskicket är för gammalt för att välja prenumerationer. I ett nyare finns en ny länk. "
        "Du kan alltid avsluta prenumerationen:",
        "online_title": "Utskicket",
        "not_found_title": "Sidan finns inte",
        "not_found_text": "Det finns inget på den här adressen.",
        "later": "Det går inte att visa just nu. Försök igen om en stund.",
    },
}
