"""The check of the catalogue with the names of a CRM's export, where one is given: what `link check` finds."""

from __future__ import annotations

from pathlib import Path

from linktrack.actions.crm_names import unfit_interests
from linktrack.crm.export import mapping_of
from linktrack.crm.people import any_interests, export_names
from linktrack.links.catalogue import find_link
from linktrack.links.check import check_links
from linktrack.links.contradictions import LinkFinding
from linktrack.links.references import ExportNames
from linktrack.store.session import Database
from linktrack.workspace import Workspace


def check_catalogue(
    workspace: Workspace, database: Database, key: str | None = None, export: Path | None = None
) -> list[LinkFinding]:
    """What is worth a look in all links, or what concerns the link `key`. Users, selections, projects, interests and
    columns are looked for in the `export` (a file or a folder of files), too. UnknownName for a link that is not there;
    errors of the export as `crm.people.open_contacts`."""
    if key is not None:
        key = find_link(database, key).key
    if export is None:
        return check_links(workspace, database, key, unfit=unfit_interests)
    mapping = mapping_of(workspace)
    names = ExportNames(**export_names(export, mapping))
    if any_interests(export, mapping):
        return check_links(workspace, database, key, names)
    return check_links(workspace, database, key, names, unfit_interests)
