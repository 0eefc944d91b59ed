"""What Great Expectations puts into Data Docs as it is, escaped: headings, tracebacks, and in older versions every text."""

from __future__ import annotations

from html import escape
from typing import Any

from great_expectations.render.renderer.column_section_renderer import ColumnSectionRenderer
from great_expectations.render.view.view import DefaultJinjaView

__all__ = ["as_parameter", "escape_errors", "escape_headings"]

#: Whether it escapes the parameters of sentences by itself; of those tried 1.21 does, and 1.18 does not.
ESCAPES = hasattr(DefaultJinjaView, "_escape_template_param_value")


def as_parameter(text: object, *, escapes: bool = ESCAPES) -> str:
    """A text to be put into a sentence or table of Data Docs, where it is read as it is."""
    return str(text) if escapes else escape(str(text), quote=False)


def escape_headings() -> None:
    """Makes names of columns text in headings and tables of contents, of every page that this process writes.

    Great Expectations puts them there as they are: a column `<img src=x onerror=...>` would run its script. A dollar sign
    would be doubled, so it is written as an entity.
    """
    told = ColumnSectionRenderer._get_column_name.__func__

    def escaped(cls: type[ColumnSectionRenderer], found: Any) -> str:
        return escape(str(told(cls, found)), quote=False).replace("$", "&#36;")

    ColumnSectionRenderer._get_column_name = classmethod(escaped)


def escape_errors() -> None:
    """Makes errors, tracebacks and queries text, in every page that this process writes: they quote names and values."""
    rendered = DefaultJinjaView.render_string_template

    def escaped(self: DefaultJinjaView, template: Any) -> Any:
        if isinstance(template, dict) and template.get("tag") == "code":
            template = {**template, "template": escape(template.get("template") or "", quote=False)}
        elif isinstance(template, dict) and "exception_message" in template.get("params", {}):
            params = template["params"]
            template = {
                **template,
                "params": {**params, "exception_message": as_parameter(params["exception_message"])},
            }
        return rendered(self, template)

    DefaultJinjaView.render_string_template = escaped


escape_headings()
escape_errors()
