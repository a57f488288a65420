"""A hook of MkDocs: the pages that are generated from the code when the site is built."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # MkDocs loads this file by its path, outside any package

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from command_reference import commands_page
from component_reference import components_page
from file_reference import files_page
from hook_reference import hooks_page, records_page, settings_page
from python_reference import python_page
from report_pages import report_pages

ROOT = Path(__file__).parents[2]


def generated() -> dict[str, str]:
    """Return the text of every generated page by its path."""
    return {
        "reference/commands.md": commands_page(),
        "reference/python.md": python_page(),
        "reference/hooks.md": hooks_page(),
        "reference/records.md": records_page(),
        "reference/settings.md": settings_page(),
        "reference/files.md": files_page(),
        "reference/components.md": components_page(),
        **report_pages(ROOT / "plugins"),
    }


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages to those in docs/."""
    for path, text in generated().items():
        files.append(File.generated(config, path, content=text))
    return files
