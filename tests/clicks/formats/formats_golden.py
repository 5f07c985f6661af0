"""What the formats read from the samples in `tests/golden/clicks/`, as text; run as a program, it writes that text anew."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from linktrack.clicks.event import NOTE, Event, Refusal
from linktrack.clicks.formats import LineFormat, LogFormat, detect, format_of

FOLDER = Path(__file__).parent.parent.parent / "golden" / "clicks"
SAMPLES = sorted(path for path in FOLDER.iterdir() if path.suffix in (".log", ".json", ".csv"))
ZONE = "Europe/Stockholm"  # where the servers of the samples stand whose logs have local time


def format_for(path: Path) -> LogFormat:
    """The format of a sample: found by looking at it, or made from the string beside it."""
    string = path.with_suffix(".format")
    if string.exists():
        return format_of(string.read_text(), ZONE)
    return detect(path.read_bytes(), path.name, ZONE)


def line_format_for(path: Path) -> LineFormat:
    """The format of a sample whose lines are requests."""
    found = format_for(path)
    assert isinstance(found, LineFormat)
    return found


def shown(format: LogFormat, data: bytes) -> str:
    """One line for each line or event: what is read from it."""
    name = "custom" if "\n" in format.name else format.name
    lines = [f"format: {name}"]
    if isinstance(format, LineFormat):
        for line, host, stamp, method, target, status, agent, forwarded, purpose, network in format.rows(data):
            if not stamp:
                lines.append("junk" if line.strip() else "blank")
            elif stamp is NOTE:
                lines.append("note")
            else:
                request = f"{method.decode()} {target.decode()}" if method else "no HTTP"
                fields = [moment(format, stamp), text(host), request, text(status), text(agent)]
                others = {"forwarded": forwarded, "purpose": purpose, "network": network}
                fields += [f"{name}={text(value)}" for name, value in others.items() if value]
                lines.append(" | ".join(fields).rstrip())
    else:
        for report in (*format.events(data), *format.finish(True)):
            if isinstance(report, Event):
                lines.append(f"{iso(report.clicked_at)} | {report.url}")
                lines.append(
                    f"    email={report.email} ip={report.ip} agent={report.agent} machine={report.machine}"
                    + " several=True" * report.several
                )
                lines.append(f"    identity={report.identity}")
                lines.append(f"    variables={report.variables}")
            elif isinstance(report, Refusal):
                lines.append(f"refused: {report.reason}: {report.text[:60]!r}")
            else:
                lines.append(f"skipped: {report.what}")
    return "\n".join(lines) + "\n"


def text(field: bytes) -> str:
    return field.decode("utf-8", "backslashreplace")


def moment(format: LineFormat, stamp: bytes) -> str:
    try:
        return iso(format.moment(stamp))
    except ValueError:
        return "bad time"


def iso(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def expected(path: Path) -> Path:
    return path.with_suffix(".txt")


if __name__ == "__main__":
    for sample in SAMPLES:
        expected(sample).write_text(shown(format_for(sample), sample.read_bytes()))
