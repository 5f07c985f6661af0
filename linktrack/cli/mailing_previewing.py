"""linktrack mailing preview: one recipient's copy, in the browser or as a file."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from linktrack.cli.output import say
from linktrack.cli.shared_arguments import NameArgument
from linktrack.cli.shared_context import opened, protected_of, workspace_of
from linktrack.cli.shared_inputs import readable_or_none
from linktrack.errors import Conflict

_PREVIEW = "linktrack-preview-"
_PREVIEW_SECONDS = 3_600  # that a browser may need its file


def preview_mailing(
    context: typer.Context,
    name: NameArgument,
    contacts: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A contacts file, for whose copy it is; - reads stdin.")
    ] = None,
    contact: Annotated[
        str | None, typer.Option(metavar="ID", help="The contact by id or address; else the file's first.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="OUT", help="A file, or - for stdout; else the browser.")
    ] = None,
) -> None:
    """Show one recipient's copy, in the browser or as a file. Nothing is stored, and its addresses lead nowhere.

    \b
    Examples:
      linktrack mailing preview news
      linktrack mailing preview news --contacts contacts.csv --contact 10042 -o preview.html
    """
    from linktrack.crm.export import mapping_of
    from linktrack.files.writing import write_file
    from linktrack.mailings.previewing import preview_of

    protected = protected_of(context, contacts)
    with opened(context) as database, readable_or_none(contacts) as file:
        shown = preview_of(database, name, mapping_of(workspace_of(context)), contacts=file, contact=contact)
    where = _open_in_browser(shown.html) if out is None else out
    if out is not None:
        if out.is_file() and shown.html != shown.written and out.read_bytes() == shown.written:
            raise Conflict("this is the mailing itself, as it was written: name another file for its preview", file=out)
        write_file(out, shown.html, protected)
    whose = "as it was written" if shown.person is None else f"for contact {shown.person.contact_id}"
    if shown.person is not None and shown.person.shared_token:
        whose += ", who refuses tracking"
    say(context, f"{name} {whose}, its tracked addresses leading nowhere: {where}")
    if shown.standing:
        say(context, f"Merge tags stand in it as they are: {', '.join(shown.standing[:5])}.")


def _open_in_browser(html: bytes) -> Path:
    """Show a page in the browser, from a file that stays until a later preview, for there may be a person in it."""
    import webbrowser

    for earlier in Path(tempfile.gettempdir()).glob(f"{_PREVIEW}*"):
        with suppress(OSError):  # somebody else's
            if time.time() - earlier.lstat().st_mtime > _PREVIEW_SECONDS:
                shutil.rmtree(earlier)
    folder = Path(tempfile.mkdtemp(prefix=_PREVIEW))
    path = folder / "preview.html"
    path.write_bytes(html)
    path.chmod(0o600)
    webbrowser.open(path.as_uri())
    return path
