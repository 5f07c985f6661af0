"""linktrack redirects: what a web server of one's own needs to answer tracked addresses."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from linktrack.cli.output import say, warn
from linktrack.cli.shared_context import noun, opened, protected_of, workspace_of

app = noun("Tracked addresses for a web server of one's own.")


class For(StrEnum):
    """What an export is for."""

    nginx = "nginx"
    json = "json"


@app.callback()
def redirects() -> None:  # noqa: D103  (its text would be the help)
    pass


@app.command()
def export(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder, or one of an earlier export.")],
    kind: Annotated[
        For | None, typer.Option("--for", help="The web server, or json for any other; remembered in DIR.")
    ] = None,
    log: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The log that nginx writes; /var/log/nginx/linktrack.log.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing: 6 when DIR is behind the catalogue, or closed to nginx.")
    ] = False,
) -> None:
    """Write the map, the server's configuration and the pages into DIR; only what has changed since the last time.
    nginx reads DIR as a user of its own: put it outside the workspace, which is its owner's alone.

    \b
    Examples:
      linktrack redirects export ../redirects --for nginx
      linktrack redirects export ../redirects.json.d --for json
    """
    from linktrack.server.known_exports import remember_export
    from linktrack.server.static_export import check_export, export_redirects

    workspace = workspace_of(context)
    with opened(context) as database:
        if check:
            check_export(workspace, database, out)
            say(context, f"The export in {out} is up to date.")
            return
        where = None if log is None else str(log.absolute())
        done = export_redirects(workspace, database, out, kind, where, protected_of(context))
        remember_export(workspace, out)
    for placement, url in done.emptied[:5]:
        warn(f"Note: merge tags stay empty here, which a map cannot fill: {placement} leads to {url}")
    if len(done.emptied) > 5:
        warn(f"Note: … and {len(done.emptied) - 5:,} more of them")
    for note in done.notes:
        warn(f"Note: {note}")
    if done.closed:
        warn(f"Note: {done.closed}")
    if not done.changed:
        say(context, f"Nothing has changed: the export in {out} is up to date.")
        return
    reload = "; then run: nginx -t && nginx -s reload" if done.kind == "nginx" else ""
    say(context, f"Changed {len(done.changed):,} files for {done.placements:,} placements in {out}{reload}")
