"""Every text of the page of reports, in English and Swedish, but the names of columns (`headings`)."""

from __future__ import annotations

from collections.abc import Mapping

from linktrack.reports.headings import heading
from linktrack.settings.tables import Language

TEXTS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "title": "Click report",
        "all_mailings": "All mailings",
        "several": "{count} mailings",
        "made": "Made {when} ({zone}) by linktrack {version}.",
        "contents": "Contents",
        "nothing": "Nothing is counted here yet.",
        "figures": "The figures",
        "people": "People",
        "machines": "Machines",
        "total": "Total",
        "more": "{} more",
        "none": "none",
        "tile_sent": "Sent to",
        "tile_clickers": "Clicked",
        "tile_click_rate": "Click rate",
        "tile_machine_share": "Clicks by machines",
        "tile_rules": "Judged by the rules",
        "interval": "95 % certain: {rate_low} to {rate_high}",
        "no_rate": "Fewer than five people have clicked: too few for a rate.",
        "of_recipients": "recipients with a click of their own",
        "of_counted": "recipients with a click of their own; {uncounted} refused tracking and could not be counted",
        "of_shipments": "recipients of {shipments} shipments",
        "of_shipment": "recipients of one shipment",
        "by_machines": "{machine_clicks} by machines beside {clicks} by people",
        "no_clicks": "no clicks yet",
        "mailings": "The mailings beside each other",
        "mailings_about": "The dot is the click rate; with 95 % certainty the true one lies within the bar around it.",
        "mailings_chart": "Click rates of mailings with their 95 % intervals",
        "mailings_found": "The highest click rate is that of {name}: {rate}.",
        "compare": "Which did better?",
        "compare_about": "The difference of two click rates, in percentage points, with its 95 % interval. "
        "Where the bar does not reach 0 the difference is more than chance. "
        "A rate of fewer than five people is not shown, nor a verdict on it.",
        "compare_chart": "Differences of click rates in percentage points with their 95 % intervals",
        "points": "points",
        "compare_found": "{name} compared with {other}: {difference}, {verdict}.",
        "engagement": "Who clicks again and again?",
        "engagement_about": "Persons who got any of the last {count} mailings, by how many of those they clicked.",
        "engagement_chart": "Persons by how many of the last {count} mailings they clicked",
        "engagement_found": "{count} persons clicked in none of them.",
        "engagement_in": "in {clicked}",
        "reason": "From clicks to people",
        "reason_about": "Every request for a tracked address, less what machines did and how they were known. "
        "What remains are people’s clicks.",
        "reason_chart": "All requests, machines by reason, and what remains",
        "reason_found": "Of {all} requests {people} were by people and {machines} by machines.",
        "all_requests": "All requests",
        "link": "Links",
        "link_about": "Clicks on each link, by people and by machines.",
        "link_chart": "Clicks on links, people and machines",
        "link_found": "Clicked most: {name}, {people} times by people and {machines} times by machines.",
        "map": "Where they clicked",
        "map_about": "The mail as it was sent, with the rank of each place by people’s clicks. "
        "A place that nobody clicked has an outline only.",
        "map_frame": "{mailing} as it was sent, with a badge at each link",
        "map_badge": "{clicks} clicks by people ({clickers} of them, {share} of the clickers), {machines} by machines",
        "map_badge_few": "{clicks} clicks by people ({clickers} of them), {machines} by machines",
        "map_badge_nobody": "No clicks by people in the whole mailing, {machines} here by machines",
        "map_no_images": "Pictures are left blank: no request leaves this page.",
        "places": "The same link in several places",
        "places_about": "Where a link stands more than once: which of its places is clicked.",
        "places_chart": "Clicks on each place of links that stand in several",
        "places_found": "{name} stands in {count} places; {label}, line {line}, is clicked most.",
        "place": "{label}, line {line}",
        "age": "The first 48 hours",
        "age_about": "Above, how many of those who clicked within 48 hours had done so by then; "
        "below, people’s clicks of each hour, and machines’ hanging from them, each to its own scale.",
        "age_chart": "Cumulative share of clickers and clicks by hours since the sending",
        "age_found": "Half of the clickers of 48 hours had clicked within {hours} h.",
        "age_tip": "Hour {hour}: {people} by people, {machines} by machines",
        "share": "This mailing",
        "median": "Median of earlier mailings",
        "hours": "{hours} h",
        "weekhour": "Weekday and hour",
        "weekhour_about": "People’s clicks by the clock of {zone}; the darker, the more.",
        "weekhour_chart": "Clicks of people by weekday and hour",
        "weekhour_found": "Most clicks came on {day} from {hour}:00 to {next}:00: {clicks}.",
        "weekhour_tip": "{day} {hour}:00: {clicks}",
        "domain": "Domains of the recipients",
        "domain_about": "For each domain, what part of its clicks was by machines. At a domain with many "
        "a security scanner stands before the mailboxes.",
        "domain_chart": "Shares of people and machines in the clicks of each domain",
        "domain_found": "Most clicks came from {name}: {people} by people and {machines} by machines.",
        "device": "Devices",
        "device_about": "What people, and machines, said they were clicking with.",
        "device_chart": "Clicks by kind of device",
        "device_found": "Used most by people: {name}, {people} clicks.",
        "shipment": "Shipments",
        "shipment_about": "Each sending of this mailing; a recipient of two shipments is counted in both.",
        "action": "What the clicks changed",
        "action_about": "What was done in the CRM because of clicks.",
        "action_chart": "Changes by kind and name",
        "action_found": "Done most often: {name}, {count} times.",
    },
    "sv": {
        "title": "Klickrapport",
        "all_mailings": "Alla utskick",
        "several": "{count} utskick",
        "made": "Gjord {when} ({zone}) med linktrack {version}.",
        "contents": "Innehåll",
        "nothing": "Här är inget räknat än.",
        "figures": "Siffrorna",
        "people": "Människor",
        "machines": "Maskiner",
        "total": "Summa",
        "more": "{} till",
        "none": "inga",
        "tile_sent": "Skickat till",
        "tile_clickers": "Klickade",
        "tile_click_rate": "Klickfrekvens",
        "tile_machine_share": "Klick av maskiner",
        "tile_rules": "Bedömt enligt reglerna",
        "interval": "95 % säkert: {rate_low} till {rate_high}",
        "no_rate": "Färre än fem personer har klickat: för få för en frekvens.",
        "of_recipients": "mottagare med ett eget klick",
        "of_counted": "mottagare med ett eget klick; {uncounted} vill inte mätas och är inte med",
        "of_shipments": "mottagare av {shipments} sändningar",
        "of_shipment": "mottagare av en sändning",
        "by_machines": "{machine_clicks} av maskiner bredvid {clicks} av människor",
        "no_clicks": "inga klick än",
        "mailings": "Utskicken bredvid varandra",
        "mailings_about": "Punkten är klickfrekvensen; med 95 % säkerhet ligger den sanna inom stapeln runt den.",
        "mailings_chart": "Utskickens klickfrekvens med 95 % intervall",
        "mailings_found": "Högst klickfrekvens har {name}: {rate}.",
        "compare": "Vilket gick bäst?",
        "compare_about": "Skillnaden mellan två klickfrekvenser, i procentenheter, med sitt 95 % intervall. "
        "Där stapeln inte når 0 är skillnaden mer än slump. "
        "En frekvens från färre än fem personer visas inte, och ingen bedömning av den.",
        "compare_chart": "Skillnader i klickfrekvens i procentenheter, med 95 % intervall",
        "points": "procentenheter",
        "compare_found": "{name} jämfört med {other}: {difference}, {verdict}.",
        "engagement": "Vilka klickar gång på gång?",
        "engagement_about": "Personer som fick något av de {count} senaste utskicken, efter hur många de klickade i.",
        "engagement_chart": "Personer efter hur många av de {count} senaste utskicken de klickade i",
        "engagement_found": "{count} personer klickade inte i något av dem.",
        "engagement_in": "i {clicked}",
        "reason": "Från klick till människor",
        "reason_about": "Varje anrop till en spårad adress, minus det som maskiner gjorde och hur de kändes igen. "
        "Kvar blir människors klick.",
        "reason_chart": "Alla anrop, maskiner efter skäl, och det som blir kvar",
        "reason_found": "Av {all} anrop gjordes {people} av människor och {machines} av maskiner.",
        "all_requests": "Alla anrop",
        "link": "Länkar",
        "link_about": "Klick på varje länk, av människor och av maskiner.",
        "link_chart": "Klick på länkar, människor och maskiner",
        "link_found": "Mest klickad: {name}, {people} gånger av människor och {machines} gånger av maskiner.",
        "map": "Var de klickade",
        "map_about": "Utskicket så som det skickades, med varje plats rang efter människors klick. "
        "En plats som ingen har klickat på har bara en kontur.",
        "map_frame": "{mailing} så som det skickades, med ett märke vid varje länk",
        "map_badge": "{clicks} klick av människor ({clickers} personer, {share} av klickarna), {machines} av maskiner",
        "map_badge_few": "{clicks} klick av människor ({clickers} personer), {machines} av maskiner",
        "map_badge_nobody": "Inga klick av människor i hela utskicket, {machines} här av maskiner",
        "map_no_images": "Bilderna är tomma: inga anrop lämnar den här sidan.",
        "places": "Samma länk på flera platser",
        "places_about": "Där en länk står mer än en gång: vilken av platserna som klickas.",
        "places_chart": "Klick på varje plats för länkar som står på flera",
        "places_found": "{name} står på {count} platser; {label}, rad {line}, klickas mest.",
        "place": "{label}, rad {line}",
        "age": "De första 48 timmarna",
        "age_about": "Överst hur många av dem som klickade inom 48 timmar som hade gjort det så långt; "
        "nederst människors klick i varje timme, och maskiners hängande under, var och en i sin skala.",
        "age_chart": "Kumulativ andel klickare, och klick, efter timmar sedan utskicket",
        "age_found": "Hälften av klickarna inom 48 timmar hade klickat inom {hours} h.",
        "age_tip": "Timme {hour}: {people} av människor, {machines} av maskiner",
        "share": "Det här utskicket",
        "median": "Median av tidigare utskick",
        "hours": "{hours} h",
        "weekhour": "Veckodag och timme",
        "weekhour_about": "Människors klick efter klockan i {zone}; ju mörkare, desto fler.",
        "weekhour_chart": "Människors klick efter veckodag och timme",
        "weekhour_found": "Flest klick kom på {day} från {hour}:00 till {next}:00: {clicks}.",
        "weekhour_tip": "{day} {hour}:00: {clicks}",
        "domain": "Mottagarnas domäner",
        "domain_about": "För varje domän, hur stor del av klicken som var maskiners. Där de är många står ett "
        "säkerhetsfilter framför brevlådorna.",
        "domain_chart": "Människors och maskiners andel av varje domäns klick",
        "domain_found": "Flest klick kom från {name}: {people} av människor och {machines} av maskiner.",
        "device": "Enheter",
        "device_about": "Vad människor, och maskiner, sade att de klickade med.",
        "device_chart": "Klick efter slag av enhet",
        "device_found": "Används mest av människor: {name}, {people} klick.",
        "shipment": "Sändningar",
        "shipment_about": "Varje sändning av utskicket; den som fick två sändningar räknas i båda.",
        "action": "Vad klicken ändrade",
        "action_about": "Det som gjordes i CRM-systemet på grund av klick.",
        "action_chart": "Ändringar efter slag och namn",
        "action_found": "Gjordes oftast: {name}, {count} gånger.",
    },
}

# Columns whose names are shorter on the page than elsewhere: a table stands below its chart, and has to fit a phone.
_SHORT: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "rate_low": "from (95 %)", "rate_high": "to (95 %)", "low": "from (95 %)", "high": "to (95 %)",
        "other_rate": "Its rate", "other": "Other", "difference": "Difference (points)", "median": "Earlier mailings",
        "hours": "Hour", "share": "Share", "placements": "Places", "verdict": "Verdict",
    },
    "sv": {
        "rate_low": "från (95 %)", "rate_high": "till (95 %)", "low": "från (95 %)", "high": "till (95 %)",
        "other_rate": "Dess frekvens", "other": "Annat", "difference": "Skillnad (procentenheter)",
        "median": "Tidigare utskick",
        "hours": "Timme", "share": "Andel", "placements": "Platser", "verdict": "Bedömning",
    },
}  # fmt: skip

# Values of columns whose words are English in row formats.
VALUES: Mapping[Language, Mapping[str, Mapping[str, str]]] = {
    "en": {
        "verdict": {
            "human": "People", "scanner": "Scanner", "prefetch": "Opened ahead", "significant": "significant",
            "promising": "promising", "not significant": "not significant", "inconclusive": "inconclusive",
        },
        "device": {"desktop": "Desktop", "phone": "Phone", "tablet": "Tablet", "unknown": "Unknown"},
        "kind": {
            "a": "link", "area": "image map", "vml": "Outlook button", "text": "plain text", "header": "mail header",
            "set-field": "field set", "interest": "interest", "company-interest": "company’s interest",
            "selection": "selection", "project": "project",
            "follow-up": "follow-up", "request": "request", "script": "script",
        },
        "status": {"ok": "done", "failed": "failed", "interrupted": "interrupted"},
        "domain": {"": "without an address"},
        "weekday": {
            "1": "Monday", "2": "Tuesday", "3": "Wednesday", "4": "Thursday", "5": "Friday", "6": "Saturday",
            "7": "Sunday",
        },
        "reason": {
            "": "no sign of a machine", "posted": "pressed the button", "service-flag": "the mail service says so",
            "honeypot": "followed a link that only machines see", "agent": "says it is a machine",
            "burst": "several links within moments", "sweep": "all links of the mail at once",
            "two-browsers": "several links with several browsers at once",
            "many-recipients": "links of many people’s mails", "head-request": "looked before opening",
            "honeypot-neighbour": "just after a link that only machines see",
            "malformed-neighbour": "beside broken addresses", "repetition": "again and again within moments",
            "known-scanner-address": "from an address of scanners", "purpose-header": "opened ahead by a program",
            "network": "from a data centre", "scanner-address": "an address that scans elsewhere",
            "soon-after-sending": "within seconds of the sending", "test-shipment": "a test",
        },
        "test": {"true": "yes", "false": "no"},
    },
    "sv": {
        "verdict": {
            "human": "Människor", "scanner": "Skanner", "prefetch": "Öppnat i förväg", "significant": "säkerställd",
            "promising": "lovande", "not significant": "ingen säkerställd", "inconclusive": "går inte att säga",
        },
        "device": {"desktop": "Dator", "phone": "Telefon", "tablet": "Surfplatta", "unknown": "Okänd"},
        "kind": {
            "a": "länk", "area": "bildkarta", "vml": "Outlook-knapp", "text": "ren text", "header": "brevhuvud",
            "set-field": "fält satt", "interest": "intresse", "company-interest": "företagets intresse",
            "selection": "urval", "project": "projekt",
            "follow-up": "uppföljning", "request": "ärende", "script": "skript",
        },
        "status": {"ok": "gjort", "failed": "misslyckades", "interrupted": "avbröts"},
        "domain": {"": "utan adress"},
        "weekday": {
            "1": "måndag", "2": "tisdag", "3": "onsdag", "4": "torsdag", "5": "fredag", "6": "lördag", "7": "söndag",
        },
        "reason": {
            "": "inget tecken på maskin", "posted": "tryckte på knappen", "service-flag": "mejltjänsten säger det",
            "honeypot": "följde en länk som bara maskiner ser", "agent": "säger sig vara en maskin",
            "burst": "flera länkar på ett ögonblick", "sweep": "alla länkar i brevet på en gång",
            "two-browsers": "flera länkar med flera webbläsare på en gång",
            "many-recipients": "länkar i många personers brev", "head-request": "tittade innan den öppnade",
            "honeypot-neighbour": "strax efter en länk som bara maskiner ser",
            "malformed-neighbour": "intill trasiga adresser", "repetition": "gång på gång på ett ögonblick",
            "known-scanner-address": "från en skanners adress", "purpose-header": "öppnat i förväg av ett program",
            "network": "från en datahall", "scanner-address": "en adress som skannar på annat håll",
            "soon-after-sending": "sekunder efter utskicket", "test-shipment": "ett test",
        },
        "test": {"true": "ja", "false": "nej"},
    },
}  # fmt: skip

DAYS: Mapping[Language, tuple[str, ...]] = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "sv": ("Mån", "Tis", "Ons", "Tor", "Fre", "Lör", "Sön"),
}
MONTHS: Mapping[Language, tuple[str, ...]] = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "sv": ("jan", "feb", "mars", "apr", "maj", "juni", "juli", "aug", "sep", "okt", "nov", "dec"),
}


def short_heading(column: str, language: Language) -> str:
    """What a column is called on the page."""
    return _SHORT[language].get(column) or heading(column, language)


def said_value(column: str, value: str, language: Language) -> str:
    """A value of a column in the words of a language; a name of a stranger is what it is, also behind a colon."""
    words = VALUES[language].get(column, {})
    what, colon, name = value.partition(":")
    if value in words or not colon or what not in words:
        return words.get(value, value)
    return f"{words[what]}: {name}"
