"""linktrack backup: everything in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linktrack.cli.output import say, warn
from linktrack.cli.shared_context import single, workspace_of

app = single()


@app.command()
def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The file to write, e.g. linktrack-2026-05-04.tar.gz; - is stdout.")],
) -> None:
    """Copy database, configuration, key and scripts into one tar.gz, also while others work.

    The copy is opened and counted before the file takes its name. With PostgreSQL the line of pg_dump is named.

    \b
    Example:
      linktrack backup linktrack-2026-05-04.tar.gz
      linktrack backup - | gzip --test
    """
    from linktrack.upkeep.backup import backup as write_backup

    done = write_backup(workspace_of(context), file)
    named = f"{file} ({file.stat().st_size:,} bytes)" if file.is_file() else "the backup"
    held = f"{', '.join(done.parts[:-1])} and {done.parts[-1]}"
    secrets = "the signing key and the database's password" if done.has_password else "the signing key"
    say(context, f"Wrote {named} with {held}. It holds {secrets}, so keep it where others cannot read it.")
    for sentence in done.unfit:
        warn(f"The backup has it as it is: {sentence}")
    if done.dump:
        say(context, f"The database is not in it: copy that at the same time with\n  {done.dump}")
