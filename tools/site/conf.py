# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configuration of Sphinx for the documentation site, see tools/docs.py."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import yaml
from docutils import nodes  # type: ignore[import-untyped]

GALAXY = yaml.safe_load((pathlib.Path(__file__).resolve().parents[2] / "galaxy.yml").read_text())

project = f"{GALAXY['namespace']}.{GALAXY['name']}"
copyright = f"the {project} contributors"  # noqa: A001
version = release = str(GALAXY["version"])
extensions = ["sphinx_antsibull_ext"]
exclude_patterns = ["html"]
smartquotes = False
# Furo has a light and a dark mode and a layout for phones, and its pages make no requests to other sites.
# sphinx-ansible-theme is light only, and its tables require the width of a desktop.
html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_copy_source = False
html_use_index = False
html_domain_indices = False
html_show_sphinx = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"

ANSIBLE = "https://docs.ansible.com/projects/ansible/latest"
# Labels of Ansible's documentation that the generated pages refer to. A fixed list requires no network.
ANSIBLE_PAGES = {
    "ansible_configuration_settings": "reference_appendices/config.html#ansible-configuration-settings",
    "common_return_values": "reference_appendices/common_return_values.html#common-return-values",
}
PLUGIN = re.compile(r"ansible_collections\.(\w+)\.(\w+)\.(\w+_(?:module|filter|lookup|inventory|connection|callback))")


def find_ansible_page(label: str) -> str | None:
    """Return the URL of a label in Ansible's documentation, None for other labels."""
    if label in ANSIBLE_PAGES:
        return f"{ANSIBLE}/{ANSIBLE_PAGES[label]}"
    plugin = PLUGIN.fullmatch(label)
    if plugin is None or f"{plugin[1]}.{plugin[2]}" == project:
        return None
    return f"{ANSIBLE}/collections/{plugin[1]}/{plugin[2]}/{plugin[3]}.html"


def link_to_ansible(_app: Any, _env: Any, reference: Any, content: Any) -> Any:
    """Return the link for a reference to Ansible's documentation, None for other references."""
    url = find_ansible_page(reference["reftarget"])
    return nodes.reference("", "", content, internal=False, refuri=url) if url else None


def set_edit_link(_app: Any, page: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Set the link to the source of a page. antsibull-docs stores that of a module page in its metadata."""
    url = (context.get("meta") or {}).get("github_url", "").partition("?")[0]
    if page.startswith("docsite/"):
        url = f"{GALAXY['repository']}/edit/main/docs/docsite/rst/{page.partition('/')[2]}.rst"
    context["theme_source_edit_link"] = url


def keep_contents(_app: Any, doctree: Any) -> None:
    """Allow lists of contents. Furo replaces them by an error message unless they have this class.

    site.css shows them where the window has no room for the theme's list of contents.
    """
    for topic in doctree.findall(nodes.topic):
        if "contents" in topic["classes"]:
            topic["classes"].append("this-will-duplicate-information-and-it-is-still-useful-here")


def setup(app: Any) -> None:
    app.connect("missing-reference", link_to_ansible)
    app.connect("html-page-context", set_edit_link)
    app.connect("doctree-read", keep_contents)
