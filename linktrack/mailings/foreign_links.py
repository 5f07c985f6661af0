"""Links that another system has wrapped: copied out of a mail that a scanner or another sender had rewritten.

Such a link leads through somebody else, shows as theirs, counts as theirs, and often ends after some weeks.
"""

from __future__ import annotations

import re

from linktrack.hosts import read_web_address

# (what it is, whose hosts end so, what the rest of the address begins with)
_WRAPPERS = (
    ("a link of linktrack mailing preview, which leads nowhere", r"preview\.invalid", r"/"),
    ("a link of Microsoft Safe Links", r"safelinks\.protection\.(?:outlook|office365)\.(?:com|us|cn|de)", r"/"),
    ("a link of Proofpoint URL Defense", r"(?:urldefense(?:\.proofpoint)?\.com|urldefense\.us)", r"/v[0-9]"),
    ("a link of Mimecast", r"(?:protect(?:-[a-z0-9]+)?\.mimecast\.com|mimecastprotect\.com)", r"/"),
    ("a link of Barracuda", r"linkprotect\.cudasvc\.com", r"/"),
    ("a link of Cisco Secure Email", r"secure-web\.cisco\.com", r"/"),
    ("a link of Trend Micro", r"trendmicro\.com", r"/wis/clicktime"),
    ("a link of Sophos", r"protection\.sophos\.com", r"/"),
    ("a link of Trellix", r"protect[0-9]*\.fireeye\.com", r"/"),
    ("a link of Symantec", r"clicktime\.symantec\.com", r"/"),
    ("a link of Hornetsecurity", r"(?:atpscan\.global\.hornetsecurity\.com|seclinks\.cloud-security\.net)", r"/"),
    ("a link of INKY", r"shared\.outlook\.inky\.com", r"/"),
    ("a link of Avanan", r"(?:url|checkpoint)\.avanan\.click", r"/"),
    ("a link of Google's redirect", r"(?:www\.)?google\.[a-z.]{2,6}", r"/url\?"),
    ("a link of Facebook's redirect", r"lm?\.facebook\.com", r"/l\.php"),
    ("a link of LinkedIn's redirect", r"(?:www\.)?linkedin\.com", r"/(?:safety/go|redir/)"),
    ("a tracked link of Mailchimp", r"list-manage[0-9]*\.com", r"/track/click"),
    ("a tracked link of Mandrill", r"mandrillapp\.com", r"/track/click"),
    ("a tracked link of SendGrid", r"(?:ct\.sendgrid\.net|sendgrid\.net|[a-z0-9.\-]+)", r"/(?:ls|wf)/click\?.*upn"),
    ("a tracked link of Amazon SES", r"(?:r\.[a-z0-9\-]+\.)?awstrack\.me", r"/L0/"),
    ("a tracked link of Mailgun", r"(?:email|e)\.[a-z0-9.\-]+", r"/c/eJ[A-Za-z0-9_\-]{20}"),
    ("a tracked link of Postmark", r"pstmrk\.it", r"/"),
    ("a tracked link of SparkPost", r"(?:go|spgo)\.sparkpostmail[0-9]*\.com", r"/"),
    ("a tracked link of Brevo", r"(?:sendib[a-z]*[0-9]*\.com|sendinblue\.com|r\.[a-z0-9.\-]+)", r"/(?:mk/cl|tr/cl)/"),
    ("a tracked link of HubSpot", r"(?:hubspotlinks\.com|hubspotemail\.net|hs-sites\.com|hubspotlinksfree\.com)", r"/"),
    ("a tracked link of HubSpot", r"[a-z0-9.\-]+", r"/Ctc/[A-Za-z0-9+*]{2,}"),
    ("a tracked link of Salesforce Marketing Cloud", r"(?:click|cl)\.[a-z0-9.\-]+", r"/?\?qs=[0-9a-f]{20}"),
    ("a tracked link of Campaign Monitor", r"(?:createsend[0-9]*|cmail[0-9]+|cmail20)\.com", r"/t/"),
    ("a tracked link of Constant Contact", r"rs6\.net", r"/tn\.jsp"),
    ("a tracked link of Klaviyo", r"(?:klclick[0-9]*|kmail-lists|klaviyomail)\.com", r"/"),
    ("a tracked link of ActiveCampaign", r"(?:acemln[a-z]|activehosted|emlnk[0-9]*|acemlnb)\.com", r"/"),
    ("a tracked link of Mailjet", r"mjt\.lu", r"/lnk/"),
    ("a tracked link of MailerLite", r"(?:click\.mailerlite|clicks\.mlsend[0-9]*|mlsend[0-9]*)\.com", r"/"),
    ("a tracked link of GetResponse", r"(?:getresponse|gr-mail|gr8)\.(?:com|pl)", r"/click\.html"),
    ("a tracked link of Apsis", r"(?:anpdm|ezine)\.com", r"/"),
    ("a tracked link of Rule", r"app\.rule\.(?:io|se)", r"/"),
    ("a tracked link of Get a Newsletter", r"gansub\.com", r"/"),
    ("a tracked link of Mautic", r"[a-z0-9.\-]+", r"/r/[0-9a-f]{20,40}\?ct="),
    ("a tracked link of beehiiv or Substack", r"(?:link\.mail\.beehiiv\.com|email\.mg[0-9]*\.substack\.com)", r"/"),
    ("a tracked link of Customer.io", r"(?:customeriomail\.com|track\.customer\.io)", r"/"),
    ("a tracked link of Marketo", r"mkt[a-z0-9]+\.com", r"/[A-Za-z0-9+/=%\-_]{40}"),
    ("a tracked link of Oracle Eloqua", r"(?:en25|elqtrk|eloqua)\.com", r"/e/er"),
)  # fmt: skip
_COMPILED = [
    (what, re.compile(rf"(?:[a-z0-9\-]+\.)*(?:{host})", re.IGNORECASE), re.compile(rest, re.IGNORECASE))
    for what, host, rest in _WRAPPERS
]
_LONGEST_REST = 400  # characters that are looked at


def wrapped_by(url: str) -> str | None:
    """What has wrapped an address (`a link of Microsoft Safe Links`); None for one that is not wrapped."""
    web = read_web_address(url)
    if web is None or len(web.host) > 253:
        return None
    rest = url[web.end : web.end + _LONGEST_REST] or "/"
    if rest.startswith("?"):
        rest = "/" + rest
    return next(
        (what for what, host, beginning in _COMPILED if beginning.match(rest) and host.fullmatch(web.host)), None
    )
