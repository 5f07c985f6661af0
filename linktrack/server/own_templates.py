"""The workspace's own templates: found in their folder, and bounded, so that each page that they make has an end."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import local

from jinja2 import BaseLoader, Environment, FileSystemLoader, StrictUndefined, nodes
from jinja2.loaders import split_template_path
from jinja2.meta import find_referenced_templates
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment
from jinja2.visitor import NodeTransformer

from linktrack.errors import BadInput
from linktrack.files.reading import read_own
from linktrack.names import nearest
from linktrack.server.page_values import TEMPLATES

STEPS = 20_000  # turns of loops, calls and includes that a page may take
PAGE_LENGTH = 20_000_000  # characters that a page may have: a mail may be long
_LARGEST = 1_000_000  # characters, or parts of a list, that `*` may make
_DIGITS = 10_000  # bits of a number that `**` may make
_MARKUP = (".html", ".htm", ".xhtml", ".jinja", ".jinja2", ".j2")  # endings of what is meant for a template


class BoundlessPage(Exception):
    """A template goes on for longer than a page may take."""


class BoundedEnvironment(SandboxedEnvironment):
    """Templates in jinja2's sandbox, whose steps are counted: BoundlessPage beyond STEPS of them in one page."""

    intercepted_binops = frozenset(("*", "**"))

    def __init__(self, loader: BaseLoader, values: Mapping[str, object]) -> None:
        super().__init__(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, auto_reload=False)
        del self.globals["lipsum"], self.filters["center"]  # which make as much of nothing as they are told to
        self.globals.update(values, range=self.bounded_range)
        self._taken = local()  # by one page at a time

    def page(self, name: str, values: Mapping[str, object]) -> str:
        """The text that a template makes of values."""
        self._taken.steps = length = 0
        parts = []
        for part in self.get_template(name).generate(values):
            parts.append(part)
            length += len(part)
            if length > PAGE_LENGTH:
                raise BoundlessPage(f"its page is longer than {PAGE_LENGTH:,} characters")
        return "".join(parts)

    def step(self, number: int = 1) -> str:
        """Count steps."""
        self._taken.steps = steps = getattr(self._taken, "steps", 0) + number
        if steps > STEPS:
            raise BoundlessPage(f"its loops, calls and includes are more than {STEPS:,} for one page")
        return ""

    def bounded_range(self, *numbers: int) -> range:
        """jinja2's `range`; all its numbers are steps."""
        found = range(*numbers)
        self.step(len(found[: STEPS + 1]))
        return found

    def call(self, __context: Context, __called: object, *args: object, **named: object) -> object:
        if __called != self.step:
            self.step()
        return super().call(__context, __called, *args, **named)

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        if operator == "**" and isinstance(left, int) and isinstance(right, int):
            grows = left.bit_length() * right > _DIGITS
        else:
            grows = any(isinstance(n, int) and _length(of) * n > _LARGEST for of, n in ((left, right), (right, left)))
        if grows:
            raise BoundlessPage(f"{operator} makes more of it than a page may have")
        return super().call_binop(context, operator, left, right)

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        counted = _StepsCounted().visit(source)
        counted.set_environment(self)
        return super()._generate(counted, name, filename, defer_init)


class _StepsCounted(NodeTransformer):
    """Has a template count the turns of its loops, and what it includes."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802  (as jinja2 calls its nodes)
        self.generic_visit(node)
        node.body.insert(0, _step_at(node))
        return node

    def visit_Include(self, node: nodes.Include) -> list[nodes.Node]:  # noqa: N802
        return [_step_at(node), node]


def _step_at(node: nodes.Node) -> nodes.ExprStmt:
    call = nodes.Call(nodes.EnvironmentAttribute("step"), [], [], None, None)
    return nodes.ExprStmt(call).set_lineno(node.lineno, override=True)  # type: ignore[return-value]


def _length(value: object) -> int:
    return len(value) if isinstance(value, str | bytes | list | tuple) else 0


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
    near = nearest(path.name, TEMPLATES, 1, 0.7)
    meant = f": did you mean {near[0]}?" if near else f": a page's template is called {', '.join(TEMPLATES)}"
    return f"{path} makes no page, for none is called so and no template includes it{meant}"
