"""Import code of the user's own where trials run: from a copy in the data folder, named by its digest."""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from tempfile import mkdtemp
from types import ModuleType

from dlbench.components.user_code import PREFIX, UserCode, is_user_code
from dlbench.errors import ContractError
from dlbench.files import read_text, replace_file
from dlbench.plugins.package_files import package_digest
from dlbench.plugins.registry import Registry

#: Below the data folder.
FOLDER = "user-code"
_CONTENT, _FILES = "content.json", "files"


def learn_user_code(codes: Iterable[UserCode], data_dir: Path, registry: Registry) -> None:
    """Let this process build with code of the user's; it runs when it is first used.

    Of an installed package the digest is that of the one here.
    """
    for code in codes:
        found = _as_here(code)
        registry.user.replace(found)
        _make_importable(found, data_dir)


def _as_here(code: UserCode) -> UserCode:
    """Return code of an installed package with the digest of the one here; other code as it is."""
    return replace(code, installed=package_digest({code.module.partition(".")[0]})) if code.installed else code


def _make_importable(code: UserCode, data_dir: Path) -> None:
    if code.installed:
        with suppress(OSError):  # the note by which it is recalled
            _store(code, data_dir / FOLDER / code.digest)
        return
    if _FINDER not in sys.meta_path:
        sys.meta_path.append(_FINDER)
    _FINDER.known[code.import_name] = (code, data_dir)


def recall_user_code(used: Mapping[str, str], data_dir: Path, registry: Registry) -> None:
    """Make code known that a run used and that has run here before, as far as it is there.

    used: versions by plugin, which are digests for code. What a run folder itself holds is never taken.
    """
    for name, digest in used.items():
        if is_user_code(name) and name not in registry.plugins.by_name and (code := _recalled(digest, data_dir)):
            registry.user.add(_as_here(code))


def _recalled(digest: str, data_dir: Path) -> UserCode | None:
    """Return code that has run here before; None for what has not, or is not this user's."""
    if not digest.isalnum():
        return None
    place = data_dir / FOLDER / digest / _CONTENT
    try:
        if hasattr(os, "getuid") and place.stat().st_uid != os.getuid():
            return None
        code = UserCode.from_json(json.loads(read_text(place)))
    except (OSError, ValueError):
        return None
    return code if code.digest == digest else None


class _Finder(MetaPathFinder):
    """Finds the modules of code that was learned."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[UserCode, Path]] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the specification of a module of the user's code."""
        if fullname not in self.known:
            return None
        code, data_dir = self.known[fullname]
        folder = _stored(code, data_dir)
        file = folder / code.path
        return spec_from_file_location(fullname, file, loader=_Loader(fullname, file, folder, code.module))


class _Loader(SourceFileLoader):
    """Runs a module of the user's code while what lies beside it can be imported too, after everything installed."""

    def __init__(self, fullname: str, file: Path, folder: Path, module: str) -> None:
        super().__init__(fullname, str(file))
        self._folder, self._file, self._module = folder, file, module

    def exec_module(self, module: ModuleType) -> None:
        """Run the module; one of a package runs under its own name, so that it can name its neighbors."""
        _forget_others(self._folder)
        sys.path.append(str(self._folder))
        try:
            if "." not in self._module and self._file.stem != "__init__":
                super().exec_module(module)
                return
            found = import_module(self._module)
            if Path(found.__file__ or "") != self._file:
                raise ContractError(
                    f"{self._module} is installed too, in {found.__file__}, and that one is imported.",
                    "Name it as a module, package.module:Name, or rename its folder.",
                )
            module.__dict__.update({k: v for k, v in vars(found).items() if not k.startswith("__")})
        finally:
            sys.path.remove(str(self._folder))


def _forget_others(folder: Path) -> None:
    """Forget modules of other user code, which may have the same names."""
    for name, module in list(sys.modules.items()):
        place = Path(getattr(module, "__file__", None) or os.devnull)
        if not name.startswith(PREFIX) and place.is_relative_to(folder.parent.parent) and folder not in place.parents:
            del sys.modules[name]


def _stored(code: UserCode, data_dir: Path) -> Path:
    """Return the folder with the files of code, written anew where one differs."""
    try:
        return _store(code, data_dir / FOLDER / code.digest)
    except OSError:  # a data folder that cannot be written
        return _store(code, Path(mkdtemp(prefix="dlbench-")) / code.digest)


def _store(code: UserCode, folder: Path) -> Path:
    texts = {_CONTENT: json.dumps(code.to_json()), **{f"{_FILES}/{path}": text for path, text in code.files.items()}}
    for path, text in texts.items():
        place = folder / path
        if not place.is_file() or place.read_bytes() != text.encode():
            replace_file(place, text)
    return folder / _FILES


_FINDER = _Finder()
