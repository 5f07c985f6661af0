"""What agents tell of a click: people's programs of every kind, machines of every kind, and devices."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from is_bot import Bots

from linktrack.clicks.judging import devices
from linktrack.clicks.judging.agents import LONGEST, REMEMBERED, agent_signal, family_of
from linktrack.clicks.judging.devices import DEVICES, Device, device_of
from linktrack.clicks.judging.rule_files import rows_of
from linktrack.clicks.judging.rules.judged import Signal

PEOPLE = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; ms-office; MSOffice 16)",
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)",
    "Mozilla/5.0 (Linux; Android 13; CUBOT KINGKONG 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 14; SM-S918B Build/UP1A) AppleWebKit/537.36 Chrome/124.0 Mobile Safari/537.36 GSA/15.17.35",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 [FBAN/FBIOS;FBAV/459.0]",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Snapchat/12.80.0.34 (like Safari/8617.2.4.10.8, panda)",
    "Mozilla/5.0 (Linux; Android 14; SM-S918B Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/124.0.6367.82 Mobile Safari/537.36Snapchat12.83.0.30 (SM-S918B; Android 14#S918BXXS4BXE1#34; gzip; )",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 334.0.4.32.98 (iPhone14,5; iOS 17_5; en_US; en; scale=3.00; 1170x2532; 609775437)",
    "Mozilla/5.0 (Linux; Android 13; SM-A536B Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/124.0.6367.82 Mobile Safari/537.36 Instagram 330.0.0.40.92 Android (33/13; 450dpi; 1080x2185; samsung; SM-A536B; a53x; s5e8825; de_DE; 595550812)",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21E236 [FBAN/FBIOS;FBAV/463.0.0.34.106;FBBV/596632118;FBDV/iPhone13,2;FBMD/iPhone;FBSN/iOS;FBSV/17.4.1;FBSS/3;FBID/phone;FBLC/de_DE;FBOP/5;FBRV/0]",
    "Mozilla/5.0 (Linux; Android 12; M2101K6G Build/SKQ1.210908.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/123.0.6312.118 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/459.0.0.48.92;]",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Safari Line/14.5.0",
    "Mozilla/5.0 (Linux; Android 11; Pixel 5 Build/RQ3A.211001.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/122.0.6261.119 Mobile Safari/537.36 Line/14.3.2/IAB",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) GSA/312.0.628108118 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Gmail/6.0.240225",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [LinkedInApp]/9.29.6403",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 16_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Twitter for iPhone/10.21",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [Pinterest/iOS]",
    "Mozilla/5.0 (Linux; Android 12; SM-G991B Build/SP1A.210812.016; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/123.0.6312.99 Mobile Safari/537.36 Telegram-Android/10.9.1 (Samsung SM-G991B; Android 12; SDK 31; HIGH)",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.47(0x18002f2f) NetType/WIFI Language/de",
    "Mozilla/5.0 (Linux; Android 13; SM-S901N Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/113.0.5672.162 Mobile Safari/537.36 NAVER(inapp; search; 1000; 12.2.1)",
    "Mozilla/5.0 (Linux; Android 13; SM-S901N Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/124.0.6367.123 Mobile Safari/537.36;KAKAOTALK 2410660",
    "Mozilla/5.0 (Linux; Android 12; SM-A125F; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/121.0.6167.178 Mobile Safari/537.36 musical_ly_2023301020 JsSdk/1.0 NetType/WIFI Channel/googleplay AppName/musical_ly app_version/33.1.2 ByteLocale/en BytedanceWebview/d8a21c6",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/123.0.0.0 Safari/537.36 Avast/123.0.0.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 AVG/120.0.0.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Safari/537.36 Norton/122.0.0.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36 Avira/119.0.0.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/116.0.0.0 Safari/537.36 AvastSecureBrowser/116.0.22136.111",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0.0.0 Safari/537.36 Kaspersky/21.3",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36 CCleaner/124.0.0.0",
    "Mozilla/5.0 (Linux; Android 13; SM-G991B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36 AVG/7.9.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36 OPR/110.0.0.0 (Edition avast)",
    "Amazon CloudFront",
    "Cloudflare-Workers",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15 Ddg/17.4",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C; .NET4.0E; Tablet PC 2.0; rv:11.0) like Gecko",
    "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Teams/1.6.00.4472 Chrome/108.0.5359.215 Electron/22.3.27 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/124.0.6367.88 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 9; KFMAWI Build/PS7327) AppleWebKit/537.36 (KHTML, like Gecko) Silk/120.4.1 like Chrome/120.0.6099.230 Safari/537.36",
]
MACHINES = [
    "",
    "-",
    "Mozilla/5.0",
    "Barracuda Sentinel (EE)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "WhatsApp/2.23.20.0",
    "Mozilla/5.0 (Macintosh) AppleWebKit/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 BingPreview/1.0b",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (compatible; Google-Safety; +http://www.google.com/bot.html)",
    "curl/8.5.0",
    "python-requests/2.31.0",
    "TelegramBot (like TwitterBot)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; Snap URL Preview Service; bot; snapchat; https://developers.snap.com/robots)",
    "Snapchat/12.0 (link preview)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Barracuda Sentinel (EE)",
    "Mozilla/5.0 (compatible; Kaspersky URL Advisor)",
    "avast! Antivirus",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    "Viber",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
    "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.6367.118 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Mozilla/5.0 (compatible; redditbot/1.0; +http://www.reddit.com/feedback)",
    "Pinterestbot/1.0 (+http://www.pinterest.com/bot.html)",
    "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0) Microsoft Office Existence Discovery",
    "Microsoft Office Existence Discovery",
    "Go-http-client/1.1",
    "okhttp/4.12.0",
    "Java/17.0.2",
    "Wget/1.21.3",
    "Mozilla/5.0 zgrab/0.x",
    "proofpoint-urldefense/1.0",
    "Mozilla/5.0 (compatible; Symantec Email Security)",
    "Mozilla/5.0 (Windows NT 10.0) Mimecast-URL-Protect",
    "Trend Micro URL Scanner",
    "urlscan.io",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
    "Discordbot/2.0; +https://discordapp.com",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "Twitterbot/1.0",
    "Slack-ImgProxy (+https://api.slack.com/robots)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko; Google-Read-Aloud; +https://support.google.com/webmasters/answer/1061943) Chrome/99.0 Safari/537.36",
]


def _name(agent: str) -> str:
    return re.sub(r"[^\w ./]+", " ", agent)[-60:].strip() or f"just {agent!r}"


_BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36"
)
PEOPLE += [
    *(f"{_BROWSER} {suite}" for suite in (
        "McAfee/9.1", "McAfee WebAdvisor/8.1", "ESET/17.0", "ESET Secure Browser", "Sophos/2.1", "Bitdefender Safepay",
        "Safepay/124.0", "Trend Micro/17.8", "TrendMicro", "(Kaspersky Protected Browser)", "Norton/124.0.0.0")),
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:125.0) Gecko/20100101 Firefox/125.0 G Data/25.5",
    *("Fastly", "cloudflare", "Cloudflare/1.0", "Azure Front Door", "AzureFrontDoor", "AkamaiGHost", "BunnyCDN"),
]  # fmt: skip
MACHINES += [
    f"{_BROWSER} Sophos URL scanner", f"{_BROWSER} TrendMicro-Crawler/1.0", "McAfee-Gateway/7.8", "Trend Micro WRS",
    "Cloudflare-Healthchecks/1.0 (+https://www.cloudflare.com/; healthcheck-id: 1)", "Sophos Web Appliance",
    "Mozilla/5.0 (compatible; ESET/1.0)", "-",
]  # fmt: skip
# A suite's name may stand anywhere in a browser's agent …
PEOPLE += [
    shape.format(suite)
    for suite in ("Kaspersky", "Avast/21.3", "BitDefender", "ESET", "McAfee", "Sophos", "Trend Micro", "Touch; MAAR; AVG", "Kaspersky Protected Browser")
    for shape in (
        "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; {}; rv:11.0) like Gecko",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; {}) Gecko/20100101 Firefox/125.0",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; {}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko; {}) Chrome/124.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) {} Chrome/124.0.0.0 Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X; {}) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
        "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0; {})",
        "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; {}; .NET4.0C)",
    )
]  # fmt: skip
# … where it is no product of gateways, and something around it is a browser.
MACHINES += [
    *(f"Mozilla/5.0 (Windows NT 10.0; Win64; x64; {product}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36" for product in (
        "Sophos URL scanner", "McAfee Web Gateway", "McAfee-Gateway", "TrendMicro WRS", "Sophos Web Appliance", "Kaspersky Anti-Spam",
        "Kaspersky Secure Mail Gateway", "Proofpoint; Kaspersky", "Barracuda; Avast", "Sophos Email", "Kaspersky; +https://a.example")),
    "Mozilla/5.0 (Kaspersky)", "Mozilla/5.0 (Windows NT 10.0) Kaspersky", "Mozilla/5.0 (compatible; Trend Micro)",
    "Mozilla/5.0 (Windows NT 10.0; Bitdefender) HeadlessChrome/120.0 Safari/537.36",
]  # fmt: skip


@pytest.mark.parametrize("agent", PEOPLE, ids=_name)
def test_a_persons_program(agent: str) -> None:
    assert agent_signal(agent, {}) == ("human", "")


@pytest.mark.parametrize("agent", MACHINES, ids=_name)
def test_a_machine(agent: str) -> None:
    verdict, reason = agent_signal(agent, {})
    assert verdict in ("scanner", "prefetch")
    assert reason.startswith("agent:")


@pytest.mark.parametrize(
    ("agent", "wanted"),
    [
        ("Barracuda Sentinel (EE)", ("scanner", "agent:gateway")),
        ("curl/8.5.0", ("scanner", "agent:tool")),
        ("", ("scanner", "agent:no-agent")),
        ("Mozilla/5.0", ("prefetch", "agent:apple-mail")),
        ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", ("prefetch", "agent:preview")),
        ("Mozilla/5.0 (compatible; Google-Safety; +http://www.google.com/bot.html)", ("scanner", "agent:link-check")),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", ("scanner", "agent:machine")),
    ],
)
def test_the_reason_names_the_signal(agent: str, wanted: Signal) -> None:
    assert agent_signal(agent, {}) == wanted


def test_versions_are_asked_about_once() -> None:
    memo: dict[str, Signal] = {}
    for version in range(100, 150):
        agent_signal(f"Mozilla/5.0 (X11; Linux x86_64; rv:{version}.0) Gecko/20100101 Firefox/{version}.0", memo)
    assert len(memo) == 1


def test_what_is_remembered_does_not_grow_with_agents_or_their_length() -> None:
    memo: dict[str, Signal] = {str(number): ("human", "") for number in range(REMEMBERED)}
    agent_signal("x" * 5_000, memo)
    assert list(memo) == ["x" * LONGEST]


def test_families() -> None:
    """Versions are one family; the families of other programs, and what lies beyond the longest agent, are not told."""
    chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/{}.0.0.0 Safari/537.36"
    assert family_of(chrome.format(99)) == family_of(chrome.format(124))
    assert family_of(chrome.format(124)) != family_of(chrome.format(124) + " Edg/124.0.0.0")
    assert family_of("a" * LONGEST + "b") == family_of("a" * LONGEST + "c")


@given(st.text(max_size=60))
def test_any_text_has_a_signal_a_family_and_a_device(agent: str) -> None:
    assert agent_signal(agent, {})[0] in ("human", "scanner", "prefetch")
    assert 0 <= family_of(agent) < 1 << 32
    assert device_of(agent) in DEVICES


DEVICE_TABLE: list[tuple[Device, str]] = [
    ("desktop", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/124.0.0.0 Safari/537.36"),
    ("desktop", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.4 Safari/605.1.15"),
    ("desktop", "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0"),
    ("desktop", "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/124.0.0.0 Safari/537.36"),
    ("desktop", "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; .NET4.0E; Tablet PC 2.0; rv:11.0) like Gecko"),
    ("desktop", "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; ms-office; MSOffice 16)"),
    ("desktop", "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)"),
    ("desktop", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:115.0) Gecko/20100101 Thunderbird/115.10.1"),
    ("phone", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"),
    ("phone", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"),
    ("phone", "Mozilla/5.0 (iPod touch; CPU iPhone OS 12_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"),
    ("phone", "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 Chrome/124.0.0.0 Mobile Safari/537.36"),
    ("phone", "Mozilla/5.0 (Linux; Android 13; CUBOT KINGKONG 9) AppleWebKit/537.36 Chrome/124.0.0.0 Mobile Safari/537.36"),
    ("phone", "Mozilla/5.0 (Android 14; Mobile; rv:125.0) Gecko/125.0 Firefox/125.0"),
    ("phone", "Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) AppleWebKit/537.36 Mobile Safari/537.36"),
    ("phone", "Mozilla/5.0 (BB10; Touch) AppleWebKit/537.35+ (KHTML, like Gecko) Version/10.3.3.3216 Mobile Safari/537.35+"),
    ("phone", "Outlook-iOS/723.4027091.prod.iphone (3.24.0)"),
    ("phone", "Outlook-Android/2.0"),
    ("phone", "Opera/9.80 (J2ME/MIDP; Opera Mini/9.80 (S60; SymbOS; Opera Mobi/23.348/191.293; U; en)"),
    ("tablet", "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 Version/16.6 Mobile/15E148 Safari/604.1"),
    ("tablet", "Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 Chrome/124.0.0.0 Safari/537.36"),
    ("tablet", "Mozilla/5.0 (Android 13; Tablet; rv:125.0) Gecko/125.0 Firefox/125.0"),
    ("tablet", "Mozilla/5.0 (Linux; Android 9; KFMAWI Build/PS7327) AppleWebKit/537.36 Silk/120.4.1 like Chrome/120.0 Safari/537.36"),
    ("tablet", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Silk/120.4.1 like Chrome/120.0.6099.230 Safari/537.36"),
    ("unknown", "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 Version/6.0 TV Safari/537.36"),
    ("unknown", "Mozilla/5.0 (Linux; Android 9; AFTKA) AppleWebKit/537.36 Chrome/124.0.0.0 Mobile Safari/537.36"),
    ("unknown", "Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15 Version/13.0 Safari/605.1.15"),
    ("unknown", "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0.4606.128 Safari/537.36"),
    ("unknown", "Amazon CloudFront"),
    ("unknown", "curl/8.5.0"),
    ("unknown", ""),
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "agent"), DEVICE_TABLE, ids=[_name(agent) for _, agent in DEVICE_TABLE])
def test_devices(wanted: Device, agent: str) -> None:
    assert device_of(agent) == wanted


PATTERNS = sorted(Bots().patterns)
MAIL = rows_of("agents-mail.tsv")
PIECES = [
    "Mozilla/5.0 (Windows NT 10.0)",
    "Chrome/1.1",
    " ",
    "\u0130",
    "\u0131",
    "\u017f",
    "\u212a",
    "\u00e9",
    "/",
    "1.0",
    ";",
]


def as_they_stand(agent: str) -> Signal:
    """What all patterns say of an agent, asked one after the other."""
    for verdict, name, pattern in MAIL:
        if re.search(pattern, agent.lower()):
            return (verdict, "" if verdict == "human" else f"agent:{name}")
    machine = any(regex.search(pattern, agent[:300], flags=regex.IGNORECASE) for pattern in PATTERNS)
    return ("scanner", "agent:machine") if machine else ("human", "")


def texts_in(pattern: str) -> list[str]:
    """Texts that stand in a pattern, and some that it nearly finds something in."""
    return [re.sub(r"\\[bwsd]|[\\^$?*+()]|:", "", one) for one in re.split(r"\||\(\?:|\[.*?\]", pattern)]


@given(
    pieces=st.lists(
        st.sampled_from([*(one for pattern in PATTERNS for one in texts_in(pattern)), *PIECES])
        | st.sampled_from([one for *_, pattern in MAIL for one in texts_in(pattern)])
        | st.text(max_size=5),
        max_size=5,
    ),
    case=st.sampled_from([str.upper, str.lower, str.title, str]),
)
def test_patterns_say_what_they_say_one_after_the_other(pieces: list[str], case: Callable[[str], str]) -> None:
    agent = case("".join(pieces))
    assert agent_signal(agent, {}) == as_they_stand(agent)


@pytest.mark.parametrize("agent", [*PEOPLE, *MACHINES], ids=_name)
def test_patterns_say_of_known_agents_what_they_say_one_after_the_other(agent: str) -> None:
    assert agent_signal(agent, {}) == as_they_stand(agent)


_PIECES = (
    *"/_-.;() 1x", "12.3", "4.5.6", "BB10", "Web0S", "0s", "iPad", "iPhone", "Android", "Mobi", "Tablet", " PC", "KFOT",
    "AFTB", "Tizen", "TV", "X11", "CrOS", "Macintosh", "Windows NT", "Firefox/", "é", "١", "Silk/",
)  # fmt: skip


@given(st.lists(st.sampled_from(_PIECES), max_size=9).map("".join))
def test_patterns_of_devices_say_what_they_say_one_after_the_other(agent: str) -> None:
    patterns = devices._PATTERNS  # noqa: SLF001  (asked one by one, as they stand)
    assert device_of(agent) == next((device for device, one in patterns if re.search(one, agent.lower())), "unknown")
