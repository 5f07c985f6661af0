"""The same requests give the same clicks, whatever server wrote them down."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest

SENT = 1_777_885_200  # the fixture's shipments, in seconds
AGENTS = ["Mozilla/5.0 (X11; Linux x86_64) Firefox/125.0", 'a "quoted" agent', "back\\slash", "Größe"]


def requests(world: Any) -> list[dict[str, Any]]:
    """A few clicks of several people, and requests that are none."""
    found = [
        {
            "at": SENT + 600 + number * 97, "ip": "2001:db8::17" if number == 5 else f"192.0.2.{number}", "method": "HEAD" if number == 7 else "GET",
            "target": world.path(1 + number % 3, 1 + number) + ("?utm_source=x" if number % 2 else ""), "status": 404 if number == 8 else 302,
            "agent": AGENTS[number % 4],
        }
        for number in range(12)
    ]  # fmt: skip
    return [*found, found[0] | {"target": "/robots.txt"}]


def common_time(at: int, zone: str = "UTC") -> str:
    return datetime.fromtimestamp(at, ZoneInfo(zone)).strftime("%d/%b/%Y:%H:%M:%S %z")


def iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def apache(text: str) -> str:
    return (
        text.replace("\\", "\\\\")
        .replace('"', '\\"')
        .encode()
        .decode("latin-1")
        .translate({code: f"\\x{code:02x}" for code in range(128, 256)})
    )


def nginx(text: str) -> str:
    return "".join(chr(code) if 32 <= code < 127 and code not in b'"\\' else f"\\x{code:02X}" for code in text.encode())


def haproxy(text: str) -> str:
    return "".join(chr(code) if 32 <= code < 127 and code not in b'"#{|}' else f"#{code:02X}" for code in text.encode())


def alb(r: dict[str, Any]) -> str:
    client = f"[{r['ip']}]" if ":" in r["ip"] else r["ip"]
    request = f"{r['method']} https://click.example.com:443{r['target']} HTTP/1.1"
    return f'https {iso(r["at"])} app/c/1 {client}:4711 - -1 -1 -1 {r["status"]} - 1 1 "{request}" "{apache(r["agent"])}" - - -'


WRITERS: dict[str, Callable[[dict[str, Any]], str]] = {
    "apache": lambda r: f'{r["ip"]} - - [{common_time(r["at"], "America/St_Johns")}] "{r["method"]} {r["target"]} HTTP/1.1" {r["status"]} 0 "-" "{apache(r["agent"])}"',
    "nginx": lambda r: f'click.example.com {r["ip"]} - - [{common_time(r["at"])}] "{r["method"]} {r["target"]} HTTP/1.1" {r["status"]} 0 "-" "{nginx(r["agent"])}" "-"',
    "nginx-json": lambda r: json.dumps({"msec": f'{r["at"]}.000', "remote_addr": r["ip"], "request": f'{r["method"]} {r["target"]} HTTP/2.0', "status": str(r["status"]), "http_user_agent": r["agent"]}),
    "caddy": lambda r: json.dumps({"logger": "http.log.access", "ts": float(r["at"]), "request": {"client_ip": r["ip"], "method": r["method"], "uri": r["target"], "headers": {"User-Agent": [r["agent"]]}}, "status": r["status"]}),
    "traefik-json": lambda r: json.dumps({"ClientHost": r["ip"], "RequestMethod": r["method"], "RequestPath": r["target"], "DownstreamStatus": r["status"], "StartUTC": iso(r["at"]), "request_User-Agent": r["agent"]}),
    "haproxy": lambda r: f'May  4 11:00:00 lb1 haproxy[7]: {r["ip"]}:4711 [{datetime.fromtimestamp(r["at"], ZoneInfo("Europe/Stockholm")).strftime("%d/%b/%Y:%H:%M:%S.000")}] f b/s 0/0/1/2/3 {r["status"]} 9 - - ---- 1/1/0/0/0 0/0 {{{haproxy(r["agent"])}}} "{r["method"]} {r["target"]} HTTP/1.1"',
    "cloudfront-json": lambda r: json.dumps({"timestamp": str(r["at"]), "c-ip": r["ip"], "cs-method": r["method"], "cs-uri-stem": r["target"].partition("?")[0], "cs-uri-query": r["target"].partition("?")[2] or "-", "sc-status": str(r["status"]), "cs(User-Agent)": quote(r["agent"])}),
    "alb": alb,
    "linktrack": lambda r: json.dumps({"time": iso(r["at"]), "ip": r["ip"], "method": r["method"], "path": r["target"], "status": r["status"], "user_agent": r["agent"], "network": ""}, ensure_ascii=False),
}  # fmt: skip


HEADERS = {
    "iis": "#Fields: date time cs-method cs-uri-stem cs-uri-query c-ip cs(User-Agent) sc-status",
    "cloudfront": "#Fields: date time x-edge-location c-ip cs-method cs-uri-stem cs-uri-query sc-status cs(User-Agent)",
}


def with_header(name: str, rows: list[dict[str, Any]]) -> list[str]:
    lines = [HEADERS[name]]
    for r in rows:
        day, time = iso(r["at"])[:-1].split("T")
        path, _, query = r["target"].partition("?")
        if name == "iis":
            lines.append(
                f"{day} {time} {r['method']} {path} {query or '-'} {r['ip']} {r['agent'].replace(' ', '+')} {r['status']}"
            )
        else:
            lines.append(
                "\t".join(
                    (
                        day,
                        time,
                        "ARN1",
                        r["ip"],
                        r["method"],
                        path,
                        query or "-",
                        str(r["status"]),
                        quote(quote(r["agent"])),
                    )
                )
            )
    return lines


def stored(world: Any, lines: list[str], path: Path) -> tuple[list[tuple[Any, ...]], list[int]]:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    summary = world.load(path, time_zone="Europe/Stockholm")
    clicks = [(moment, *who, ip, agent) for moment, _, *who, ip, agent, _, _, _ in world.clicks()]
    return sorted(clicks), [summary.stored, summary.not_ours, summary.rejected]


@pytest.mark.parametrize("name", [*WRITERS, *HEADERS])
def test_the_same_requests_give_the_same_clicks(name: str, world: Any, tmp_path: Path) -> None:
    rows = requests(world)
    lines = [WRITERS[name](row) for row in rows] if name in WRITERS else with_header(name, rows)
    clicks, counts = stored(world, lines, tmp_path / "x.log")
    good = [row for row in rows if row["status"] == 302 and row["method"] == "GET" and row["target"] != "/robots.txt"]
    assert [(moment, agent) for moment, *_, agent in clicks] == [(row["at"] * 1000, row["agent"]) for row in good]
    assert [ip for *_, ip, _ in clicks] == ["2001:db8::" if ":" in row["ip"] else "192.0.2.0" for row in good]
    assert counts == [len(good), 1 + (name in HEADERS), 2]
    assert world.load(tmp_path / "x.log", time_zone="Europe/Stockholm").read == 0
