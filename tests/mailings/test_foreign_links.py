"""Links that another system has wrapped."""

from __future__ import annotations

import pytest

from linktrack.mailings.foreign_links import wrapped_by

WRAPPED = {
    "https://eur02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fa.example": "Safe Links",
    "https://nam10.safelinks.protection.outlook.com/ap/x-59584e83/?url=x": "Safe Links",
    "https://urldefense.com/v3/__https://a.example/__;!!x": "Proofpoint",
    "https://urldefense.proofpoint.com/v2/url?u=https-3A__a.example": "Proofpoint",
    "https://protect-eu.mimecast.com/s/abc?domain=a.example": "Mimecast",
    "https://linkprotect.cudasvc.com/url?a=https%3a%2f%2fa.example": "Barracuda",
    "https://secure-web.cisco.com/1abc/https%3A%2F%2Fa.example": "Cisco",
    "https://imsva91-ctp.trendmicro.com/wis/clicktime/v1/query?url=x": "Trend Micro",
    "https://clicktime.symantec.com/abc?h=x": "Symantec",
    "https://www.google.com/url?q=https://a.example": "Google",
    "https://l.facebook.com/l.php?u=https%3A%2F%2Fa.example": "Facebook",
    "https://shop.us12.list-manage.com/track/click?u=1&id=2&e=3": "Mailchimp",
    "https://mandrillapp.com/track/click/1/a.example?p=x": "Mandrill",
    "https://u123.ct.sendgrid.net/ls/click?upn=abc": "SendGrid",
    "https://links.shop.example/ls/click?upn=u001.abc": "SendGrid",
    "https://abc.r.eu-west-1.awstrack.me/L0/https:%2F%2Fa.example/1/x": "Amazon SES",
    "https://email.mg.shop.example/c/eJxVjk2OwyAMhU8TdlQOEBIWLGYRV5l9": "Mailgun",
    "https://click.pstmrk.it/3s/a.example/x": "Postmark",
    "https://xyz.r.bh.d.sendibt3.com/tr/cl/abc": "Brevo",
    "https://d2v.hubspotlinks.com/Ctc/RH+113/x": "HubSpot",
    "https://click.e.shop.example/?qs=0123456789abcdef0123456789abcdef": "Salesforce",
    "https://shop.cmail20.com/t/j-l-abc/": "Campaign Monitor",
    "https://r20.rs6.net/tn.jsp?f=001": "Constant Contact",
    "https://trk.klclick1.com/ls/click?upn=x": "",
    "https://x.mjt.lu/lnk/abc": "Mailjet",
    "https://m.shop.example/r/0123456789abcdef0123456789?ct=YTo1": "Mautic",
    "https://preview.invalid/abc/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": "linktrack mailing preview",
}
ORDINARY = [
    "https://www.google.com/maps", "https://www.facebook.com/shop", "https://www.linkedin.com/in/x", "https://shop.example/track/click",
    "https://list-manage.com.example/track/click", "https://mailchimp.com/x", "https://r.example/r/x", "https://click.shop.example/",
    "https://notrs6.net/tn.jsp", "https://e.shop.example/c/x", "mailto:a@urldefense.com", "/ls/click?upn=x", "https://a.trendmicro.com/",
]  # fmt: skip


@pytest.mark.parametrize("url", WRAPPED)
def test_a_wrapped_link_is_known_by_its_host_and_path(url: str) -> None:
    what = wrapped_by(url)
    assert what is not None and WRAPPED[url] in what
    assert wrapped_by(url.replace("https://", "HTTPS://")) == what


@pytest.mark.parametrize("url", ORDINARY)
def test_an_ordinary_link_is_not_wrapped(url: str) -> None:
    assert wrapped_by(url) is None
