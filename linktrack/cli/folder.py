"""linktrack folder: places for links."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from linktrack.cli.output import confirm, say
from linktrack.cli.shared_context import WAIT, WaitOption, noun, opened
from linktrack.cli.shared_rows import Destination, Looks, list_rows
from linktrack.sentences import counted

app = noun("Folders for links; a path is written Campaigns/Spring.")

PathArgument = Annotated[str, typer.Argument(metavar="PATH", help="A folder, e.g. Campaigns/Spring.")]


@app.command("add")
def add(
    context: typer.Context,
    path: PathArgument,
    parents: Annotated[bool, typer.Option("--parents", help="Make the folders above it too.")] = False,
    wait: WaitOption = WAIT,
) -> None:
    """Make a folder.

    \b
    Example:
      linktrack folder add Campaigns/Spring --parents
    """
    from linktrack.links.folders import add_folder

    with opened(context, wait) as database:
        say(context, f"Made the folder {add_folder(database, path, parents=parents)}.")


@app.command("list")
def list_all(
    context: typer.Context,
    deleted: Annotated[bool, typer.Option("--all", "--deleted", help="Deleted folders too.")] = False,
    *,
    destination: Destination,
) -> None:
    """All folders, with the number of links in each.

    \b
    Examples:
      linktrack folder list
      linktrack folder list --all
    """
    from linktrack.links.folders import list_folders

    with opened(context) as database:
        rows = [asdict(row) for row in list_folders(database, deleted=deleted)]
    table = ["path", "links", *(["status"] if deleted else []), "created_at"]
    columns = ["path", "links", "created_at", "status"]
    list_rows(context, rows, columns, destination, Looks(table))
    if not rows:
        say(context, "There are no folders yet: make one with linktrack folder add PATH.")


@app.command()
def rename(
    context: typer.Context,
    path: PathArgument,
    name: Annotated[str, typer.Argument(help="Its new last part.")],
    wait: WaitOption = WAIT,
) -> None:
    """Give a folder another name; what is in it comes along.

    \b
    Example:
      linktrack folder rename Campaigns/Spring "Spring 2026"
    """
    from linktrack.links.folders import rename_folder

    with opened(context, wait) as database:
        say(context, f"The folder is now {rename_folder(database, path, name)}.")


@app.command()
def move(
    context: typer.Context,
    path: PathArgument,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The folder to put it in; / is the top.")],
    wait: WaitOption = WAIT,
) -> None:
    """Move a folder into another one.

    \b
    Example:
      linktrack folder move Spring Campaigns
    """
    from linktrack.links.folders import move_folder

    with opened(context, wait) as database:
        say(context, f"The folder is now {move_folder(database, path, into)}.")


@app.command()
def delete(
    context: typer.Context,
    path: PathArgument,
    recursive: Annotated[bool, typer.Option("--recursive", help="Delete the links in it too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    wait: WaitOption = WAIT,
) -> None:
    """Delete a folder; one with links in it only with --recursive (they go on redirecting).

    \b
    Example:
      linktrack folder delete Campaigns/Spring --recursive --yes
    """
    from linktrack.links.folders import clean_path, delete_folder, links_in

    with opened(context, wait) as database:
        if recursive:
            count = links_in(database, clean_path(path))
            question = f"Delete the folder {path} and the {counted(count, 'link')} in it?"
            if count and not confirm(context, question, yes):
                say(context, "Nothing was changed.")
                return
        count = delete_folder(database, path, recursive=recursive)
    what = f" and {counted(count, 'link')} in it" if count else ""
    say(context, f"Deleted the folder {path}{what}; linktrack folder restore takes it back.")


@app.command()
def restore(
    context: typer.Context,
    path: PathArgument,
    wait: WaitOption = WAIT,
) -> None:
    """Take a deleted folder back, with the folders and links that went with it.

    \b
    Example:
      linktrack folder restore Campaigns/Spring
    """
    from linktrack.links.folders import restore_folder

    with opened(context, wait) as database:
        count = restore_folder(database, path)
    say(context, f"The folder {path} is back" + (f", with {counted(count, 'link')} in it." if count else "."))
