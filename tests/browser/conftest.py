"""A headless Chromium for pages that the library writes; without one, or without its driver, the tests are skipped."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: Widths in pixels and colour schemes: every page is looked at in each.
WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="the browser tests need: pip install 'boundcalc[browser]'")
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium on this machine; on Debian: apt-get install chromium")
    with api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser) -> Iterator[Callable[..., Any]]:
    """Open a file; at the end nothing must have gone wrong in it and nothing but files may have been asked for."""
    troubles: list[str] = []
    contexts = []

    def open_page(path: Path, *, width: int = 1280, scheme: str = "light") -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console",
            lambda message: (
                message.text.startswith("[PST]: ")  # what the site's theme says of its own work
                or troubles.append(f"{message.type}: {message.text}")
            ),
        )
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "request",
            lambda request: request.url.startswith(("file:", "data:")) or troubles.append(f"asked for {request.url}"),
        )
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


#: Elements that stick out of the window although nothing around them scrolls, and texts that lie upon each other.
_FAULTS = """() => {
  const faults = [], width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) faults.push(`the page is ${document.documentElement.scrollWidth} wide`);
  const name = (e) => `${e.tagName} ${e.id || e.className} ${e.textContent.trim().slice(0, 30)}`;
  const scrolls = (e) => e && (["auto", "scroll"].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  for (const e of document.querySelectorAll("main *")) {
    const box = e.getBoundingClientRect();
    if (box.width && (box.right > width + 1 || box.left < -1) && !scrolls(e)) faults.push(`sticks out: ${name(e)}`);
    if (getComputedStyle(e).overflowX === "hidden" && e.scrollWidth > e.clientWidth + 1 && !e.closest(".uplot")) faults.push(`cut: ${name(e)}`);
  }
  const blocks = [...document.querySelectorAll("main h1, main h2, main h3, main p, main li, main label, main table, main pre, main select, main button, main input, main .formula, main .slider, main .chart")]
    .filter((e) => e.getBoundingClientRect().width && e.checkVisibility() && !e.closest(".uplot"));
  const boxes = blocks.map((e) => e.getBoundingClientRect());
  for (const [k, a] of boxes.entries())
    for (let l = k + 1; l < boxes.length; l++) {
      const b = boxes[l], one = blocks[k], two = blocks[l];
      if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1.5 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1.5
          && !one.contains(two) && !two.contains(one))
        faults.push(`overlap: ${name(one)} | ${name(two)}`);
    }
  return faults;
}"""


@pytest.fixture
def faults() -> Callable[[Any], list[str]]:
    """Return what is wrong with the layout of a page."""
    return lambda page: page.evaluate(_FAULTS)
