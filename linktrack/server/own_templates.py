"""The workspace's own templates: found in their folder, and bounded, so that each page that they make has an end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextvars import ContextVar
from pathlib import Path

from jinja2 import (
    BaseLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateSyntaxError,
    nodes,
    pass_eval_context,
)
from jinja2.filters import do_join
from jinja2.loaders import split_template_path
from jinja2.meta import find_referenced_templates
from jinja2.sandbox import SandboxedEnvironment

from linktrack.errors import BadInput
from linktrack.files.reading import read_own
from linktrack.names import did_you_mean, nearest
from linktrack.server.page_values import TEMPLATES

PAGE_LENGTH = 20_000_000  # characters that a page may have: a mail may be long
MOST_TEMPLATES = 1_000  # that a page may be made of: an include that includes … may say nothing
# Filters that make nothing much longer than what they are given; `join` is bounded below.
FILTERS = (
    "abs", "capitalize", "count", "d", "default", "e", "escape", "first", "int", "join", "last", "length", "list",
    "lower", "map", "reject", "rejectattr", "reverse", "safe", "select", "selectattr", "sort", "string", "striptags",
    "title", "trim", "unique", "upper",
)  # fmt: skip
LOOPED = "types"  # what a page has several of
_PLAIN = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.Name, nodes.Getattr, nodes.Getitem,
    nodes.Slice, nodes.If, nodes.CondExpr, nodes.For, nodes.Assign, nodes.Block, nodes.Extends, nodes.Include,
    nodes.Filter, nodes.Test, nodes.Keyword, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg,
    nodes.Add, nodes.Sub, nodes.Div, nodes.FloorDiv, nodes.Concat, nodes.List, nodes.Tuple, nodes.Call,
)  # fmt: skip
_JOINING = (nodes.Add, nodes.Concat, nodes.List, nodes.Tuple)
_NAMES = {
    nodes.Mul: "*", nodes.Pow: "**", nodes.Mod: "%", nodes.Macro: "macro", nodes.CallBlock: "call",
    nodes.Import: "import", nodes.FromImport: "import", nodes.AssignBlock: "set around a block", nodes.Dict: "{ : }",
    nodes.FilterBlock: "filter around a block", nodes.With: "with", nodes.Scope: "autoescape",
}  # fmt: skip
_MARKUP = (".html", ".htm", ".xhtml", ".jinja", ".jinja2", ".j2")  # endings of what is meant for a template


_loaded: ContextVar[int] = ContextVar("templates that the page is made of so far", default=0)


class BoundlessPage(Exception):
    """A template makes more than a page may have."""


class BoundedEnvironment(SandboxedEnvironment):
    """Templates in jinja2's sandbox that show values and compute next to nothing: what they may have in them is so
    little that each page has an end, whatever its values are. TemplateSyntaxError for one with anything else in it."""

    def __init__(self, loader: BaseLoader, values: Mapping[str, object]) -> None:
        super().__init__(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, auto_reload=False)
        self.filters = {name: self.filters[name] for name in FILTERS} | {"join": _joined}
        self.globals.clear()
        self.globals.update(values)

    def page(self, name: str, values: Mapping[str, object]) -> str:
        """The text that a template makes of values."""
        length, parts = 0, []
        _loaded.set(0)
        for part in self.get_template(name).generate(values):
            parts.append(part)
            length += len(part)
            _refuse_length(length)
        return "".join(parts)

    def _load_template(self, name: str, values: MutableMapping[str, object] | None) -> Template:
        _loaded.set(_loaded.get() + 1)
        if _loaded.get() > MOST_TEMPLATES:
            raise BoundlessPage(f"its page is made of more than {MOST_TEMPLATES:,} templates")
        return super()._load_template(name, values)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        parsed = super()._parse(source, name, filename)
        for node, why in _refused(parsed):
            line = next((one.lineno for one in (node, *node.find_all(nodes.Node)) if one.lineno), 1)
            raise TemplateSyntaxError(why, line, name, filename)
        return parsed


def _refused(node: nodes.Node, *, loops: int = 0) -> Iterator[tuple[nodes.Node, str]]:
    """What in a template may have no end, with the reason."""
    if not isinstance(node, _PLAIN):
        yield node, f"a page's template has no {_NAMES.get(type(node), type(node).__name__.lower())}"
    elif isinstance(node, nodes.Call) and not _is_super(node.node):
        yield node, "a page's template calls nothing but super()"
    elif isinstance(node, nodes.Filter) and node.name not in FILTERS:
        yield node, f"a page's template has no filter {node.name!r}; there are {', '.join(FILTERS)}"
    elif isinstance(node, nodes.Filter) and node.name == "map" and len(node.args) + len(node.kwargs) > 1:
        yield node, "map takes one argument in a page's template"
    elif isinstance(node, nodes.Filter) and node.name == "join" and any(one.key != "d" for one in node.kwargs):
        yield node, "join takes what stands between in a page's template, and nothing else"
    elif isinstance(node, nodes.Call) and loops:
        yield node, "a page's template has no super() in a loop"
    elif isinstance(node, nodes.Block) and _supers(node) > 1:
        second = [one for one in node.find_all(nodes.Name) if _is_super(one)][1]
        yield second, "a page's template has super() once in a block, or once in each way that an if can go"
    elif isinstance(node, nodes.Assign) and any(nodes.Output([node.node]).find_all(_JOINING)):
        yield node, "set takes one value in a page's template, and puts none together"
    elif isinstance(node, nodes.Assign | nodes.For) and LOOPED in _names_in(node.target):
        yield node, f"a page's template sets no {LOOPED!r}"
    elif isinstance(node, nodes.For) and (node.recursive or _names_in(node.iter) - {LOOPED}):
        yield node, f"a page's template loops over {LOOPED!r}, or a list that stands in it, and nothing else"
    elif loops and isinstance(node, nodes.For | nodes.Block | nodes.Include):
        yield node, f"a page's template has no {type(node).__name__.lower()} in a loop"
    for child in node.iter_child_nodes():
        yield from _refused(child, loops=loops + isinstance(node, nodes.For))


def _is_super(called: nodes.Node) -> bool:
    return isinstance(called, nodes.Name) and called.name == "super"


def _supers(node: nodes.Node) -> int:
    """How often `super()` can be called in a block at most: of an if, one way is gone."""
    if isinstance(node, nodes.If):
        ways = (node.body, *(one.body for one in node.elif_), node.else_)
        return _supers(node.test) + max(sum(map(_supers, way)) for way in ways)
    return _is_super(node) + sum(map(_supers, node.iter_child_nodes()))


def _names_in(node: nodes.Node) -> set[str]:
    return {name.name for name in nodes.Output([node]).find_all(nodes.Name)}


@pass_eval_context
def _joined(context: nodes.EvalContext, values: Iterable[object], d: str = "") -> str:
    """jinja2's `join`. BoundlessPage for what is longer than a page."""
    parts = list(values)
    _refuse_length(sum(len(str(part)) + len(d) for part in parts))
    joined: str = do_join(context, parts, d)
    return joined


def _refuse_length(length: int) -> None:
    if length > PAGE_LENGTH:
        raise BoundlessPage(f"its page is longer than {PAGE_LENGTH:,} characters")


class OwnTemplates(FileSystemLoader):
    """The templates in a folder of the workspace: those of our names, and what they include."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        file = self.folder.joinpath(*split_template_path(template))
        if os.path.lexists(file):  # what is no plain file would be passed over, and ours shown
            if not file.exists():
                raise BadInput("this template is a link that leads nowhere: put a file in its place", file=file)
            read_own(file, "a template")
        try:
            return super().get_source(environment, template)
        except UnicodeDecodeError as problem:
            line = problem.object.count(b"\n", 0, problem.start) + 1
            raise BadInput("this template is not UTF-8: save it as UTF-8", file=file, line=line) from None

    def unused(self, environment: Environment) -> list[Path]:
        """The files of the folder that are meant for templates, as far as their names say, and make no page: they have
        another name than ours, and no template of ours includes them. None where a template chooses what it includes.
        """
        there = {path.name: path for path in self.folder.iterdir()}
        used, ahead = set[str](), [name for name in TEMPLATES if name in there]
        while ahead:
            name = ahead.pop()
            used.add(name)
            for other in find_referenced_templates(environment.parse(self.get_source(environment, name)[0])):
                if other is None:
                    return []
                if other not in used and self.folder.joinpath(other).is_file():
                    ahead.append(other)
        return [there[name] for name in sorted(there) if name not in used and _is_meant(name)]


def _is_meant(name: str) -> bool:
    """Whether the name of a file is one that a template may have been given."""
    folded = Path(name.casefold())
    if name.startswith(".") or name.endswith("~"):
        return False
    return folded.suffix in _MARKUP or f"{folded.stem}.html" in TEMPLATES


def unused_sentence(path: Path) -> str:
    """What is said of a file that makes no page."""
    meant = did_you_mean(nearest(path.name, TEMPLATES, 1, 0.7))
    return (
        f"{path} makes no page, for none is called so{meant} and no template includes it: a page's template is called "
        f"{', '.join(TEMPLATES)}"
    )
