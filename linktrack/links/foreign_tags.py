"""Merge tags of languages that nobody has set up: what looks like a placeholder and will be sent as it stands.

They are looked for in two ways. In a query nothing but a placeholder is written so; in the text that people read, a
word in brackets may be a word in brackets, so only what cannot be meant otherwise is taken.
"""

from __future__ import annotations

import re

from linktrack.links.merge_tags import Pairs, find, masked

_FIELD = (
    r"(?:first|last|full|sur|nick|middle|user|company|display)?[_ \-]?names?|[fl]name|e[_\-]?mail(?:[_ ]address)?|"
    r"company|city|country|phone|title|salutation|unsubscribe(?:[_ ](?:url|link))?|view[_ ]?online|förnamn|efternamn|"
    r"namn|företag|vorname|nachname|prénom|nom|fornavn|etternavn|contact[_ ]?id|customer[_ ]?id|subscriber[_ ]?id"
)
# Each at most some hundred characters long, and begun by a character that its inside does not hold.
_ANYWHERE = (
    r"\{\$[A-Za-z_][\w.>\-\[\]]{0,99}\}",  # {$email}: Smarty
    r"\$\[[\w. \-|]{1,100}\]\$",  # $[EMAIL]$: Zoho Campaigns
    r"###?[A-Za-z][\w.\-]{0,99}##?#",  # ###x###: TYPO3; ##x##
    r"(?<![\w\]])\[[a-z]{3,30}:[\w\-]{1,60}(?: ?\|[^\[\]<>\r\n]{0,80})?\]",  # [subscriber:x]: MailPoet
    r"\{[A-Za-z_]\w{0,40}(?:\.[A-Za-z_]\w{0,40}){1,4}(?:\|[^{}<>\r\n]{0,80})?\}",  # {contact.id}: CiviCRM
    r"\{(?:contact|lead|owner)field=\w{1,60}(?:\|[^{}<>\r\n]{0,80})?\}",  # {contactfield=x}: Mautic
    r"~~[A-Za-z][\w.\-]{0,99}~~",  # ~~x~~: Sendinblue's old ones, Rapidmail
    r"@@[A-Za-z][\w.\-]{0,99}@@",
    r"!\*[A-Za-z][\w.\- ]{0,99}\*!",
    r"(?<![\w\]])\[[A-Z][A-Z0-9]*_[A-Z0-9_]{1,60}\]",  # [FIRST_NAME]; x[NAME] is a list's
    r"\{[A-Z][A-Z0-9]*_[A-Z0-9_]{1,60}\}",
    rf"(?:(?<![\w\]])\[(?i:{_FIELD})\]|\{{(?i:{_FIELD})\}})",  # [EMAIL], {firstname}
    rf"%(?i:{_FIELD})%",  # %FIRSTNAME%: ActiveCampaign
    r"%(?:unsubscribe|mailing_list_unsubscribe|tag_unsubscribe)_(?:url|email)%",  # Mailgun's
)
_IN_QUERY = (
    *_ANYWHERE,
    r"\{[A-Za-z_][\w.:\- ]{0,99}\}",
    r"(?<![\w\]])\[[A-Z][A-Z0-9 _\-]{1,60}\]",
    r"%(?![0-9A-Fa-f]{2})[A-Za-z][\w.\-]{1,60}%(?![0-9A-Fa-f]{2})",
    r"#[A-Z][A-Z0-9_]{1,60}#",
    r"(?<==)-[A-Za-z][\w.]{1,60}-(?=&|#|$)",  # SendGrid's, as a whole value
)
_TEXT = re.compile("|".join(_ANYWHERE))
_QUERY = re.compile("|".join(_IN_QUERY))


def foreign_tags(text: str, extra: Pairs = ()) -> list[tuple[int, int]]:
    """(start, stop) of what looks like a merge tag in a text that people read, and is of no language that is known."""
    return _found(_TEXT, text, extra)


def foreign_tags_in_url(url: str, extra: Pairs = ()) -> list[tuple[int, int]]:
    """The same in the path, query and fragment of an address."""
    begin = url.find("?") if "?" in url else len(url)
    strict = [span for span in _found(_TEXT, url, extra) if span[0] < begin]
    return strict + [span for span in _found(_QUERY, url, extra) if span[0] >= begin]


def _found(pattern: re.Pattern[str], text: str, extra: Pairs) -> list[tuple[int, int]]:
    return [match.span() for match in pattern.finditer(masked(text, find(text, extra)))]
