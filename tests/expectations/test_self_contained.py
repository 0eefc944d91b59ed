"""Pages that need nothing from outside: whatever refers there is taken out, whatever the data says stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import sameset_expectations as se
from sameset.errors import SourceError

PAGE = "<!DOCTYPE html><!-- Great Expectations --><html><head>{head}</head><body>{body}</body></html>"

ASSETS = [
    '<link rel="stylesheet" href="https://cdn.example/a.css">',
    "<link rel=preconnect href=//cdn.example>",
    '<script src="https://cdn.example/a.js" integrity="sha384-x" crossorigin="anonymous"></script>',
    "<script async SRC='//cdn.example/a.js'>\n</script>",
    '<img class="x"\n  src="https://cdn.example/logo.png?dataContextId=7"\n  alt="x"/>',
    '<img srcset="https://cdn.example/logo.png 2x">',
    '<iframe src="http://cdn.example/x"></iframe>',
    '<style>@import url("https://cdn.example/a.css"); b { color: red }</style>',
    "<style>b { background: url( 'https://cdn.example/full_logo_dark.png') 0 0 no-repeat; }</style>",
    '<p style="background-image: url(&quot;//cdn.example/x.png&quot;)">x</p>',
]
STAYING = [
    '<a href="https://cdn.example/docs">read</a>',
    '<img src="static/images/logo.png">',
    '<img src="data:image/png;base64,AA==">',
    '<link rel="stylesheet" href="../static/styles/own.css">',
    "<td>url('https://cdn.example/x.png') &lt;img src=https://cdn.example/y.png&gt; @import //cdn.example;</td>",
]


def written(folder: Path, head: str = "", body: str = "", name: str = "index.html") -> Path:
    page = folder / name
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(PAGE.format(head=head, body=body), encoding="utf-8")
    return page


@pytest.mark.parametrize("asset", ASSETS)
def test_what_is_outside_is_not_asked_for(asset: str, tmp_path: Path) -> None:
    for number, where in enumerate(({"head": asset}, {"body": asset})):
        page = written(tmp_path, **where, name=f"{number}.html")
        se.make_self_contained(tmp_path)
        assert "cdn.example" not in page.read_text(encoding="utf-8")
    assert se.make_self_contained(tmp_path) == 0


@pytest.mark.parametrize("part", STAYING)
def test_links_files_of_the_folder_and_data_stay(part: str, tmp_path: Path) -> None:
    page = written(tmp_path, body=part)
    se.make_self_contained(tmp_path)
    assert part in page.read_text(encoding="utf-8")


def test_pages_of_others_stay_as_they_are(tmp_path: Path) -> None:
    written(tmp_path)
    other = tmp_path / "coverage.html"
    content = b'<html><head><link href="https://cdn.example/a.css"></head>\xff</html>\r\n'
    other.write_bytes(content)
    assert se.make_self_contained(tmp_path) == 1
    assert other.read_bytes() == content
    (tmp_path / "index.html").unlink()
    with pytest.raises(SourceError, match="holds no page of Data Docs"):
        se.make_self_contained(tmp_path)


def test_what_an_earlier_program_put_in_is_renewed(tmp_path: Path) -> None:
    earlier = (
        "<style data-sameset-offline>old</style>",
        "<script>// What Data Docs call of jQuery and bootstrap-table where neither could be fetched\n</script>",
    )
    page = written(tmp_path, head="".join(earlier))
    assert se.make_self_contained(tmp_path) == 1
    text = page.read_text(encoding="utf-8")
    assert text.count("<style data-sameset-offline>") == text.count("<script data-sameset-offline>") == 1
    assert "old</style>" not in text
    assert text.index("Content-Security-Policy") < text.index("<style")


def test_progress_is_told_and_permissions_stay(tmp_path: Path) -> None:
    pages = [written(tmp_path, name=f"{number}/index.html") for number in range(3)]
    os.chmod(pages[0], 0o640)
    told: list[tuple[int, int]] = []
    assert se.make_self_contained(tmp_path, progress=lambda done, total: told.append((done, total))) == 3
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert pages[0].stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["index.html"] * 3


def test_a_broken_page_is_named(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_bytes(b"<!-- Great Expectations -->\xff")
    with pytest.raises(SourceError, match=r"index\.html is not UTF-8"):
        se.make_self_contained(tmp_path)
