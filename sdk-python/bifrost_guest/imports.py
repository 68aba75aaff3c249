"""Imports from the workspace, the standard library and bundled packages, all served by the host.

There is no file system: `Finder` asks the `modules` interface. While a workspace is
loaded it also reports which file is being executed and remembers which ones failed.
The library comes as code objects that this interpreter compiled when the base was
built: under the name of the source file with a `c`, as natively.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import marshal
import posixpath
import sys
import warnings
from collections.abc import Iterable, Sequence
from importlib.metadata import Distribution, DistributionFinder, MetadataPathFinder
from importlib.readers import FileReader
from types import CodeType, ModuleType, TracebackType

from componentize_py_types import Err
from wit_world.imports import modules

from bifrost._text import is_well_formed

from . import files, packages
from .workspace import Workspace, is_workspace_file


class Loader(importlib.abc.InspectLoader):
    """Executes one module. Keeps no source: it is read again when asked for."""

    def __init__(self, finder: Finder, filename: str, package: bool, in_workspace: bool) -> None:
        self.finder = finder
        self.filename = filename
        self.package = package
        self.in_workspace = in_workspace

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        name = module.__spec__.name  # type: ignore[union-attr]
        if self.in_workspace and self.finder.loading:
            self.finder.execute(self, name, module)
        else:
            self.execute(name, module)

    def execute(self, name: str, module: ModuleType) -> None:
        """Runs the module's code in its namespace."""
        exec(self.get_code(name), module.__dict__)

    def get_code(self, fullname: str) -> CodeType:
        """The module's code: of the workspace compiled now, of a package once, of the library when the
        base was built."""
        if not self.in_workspace:
            code: CodeType = marshal.loads(modules.read(f"{self.filename}c"))
            return code
        if self.finder.loading or not self.finder.is_own(self.filename):
            try:
                code = marshal.loads(modules.read(f"<code>/{self.filename}"))
                return code
            except Err:
                pass  # the host keeps none
        return _compile(self.filename)

    def is_package(self, fullname: str) -> bool:
        return self.package

    def get_source(self, fullname: str) -> str:
        return importlib.util.decode_source(files.read(self.filename))

    def get_filename(self, fullname: str) -> str:
        return self.filename

    def get_data(self, path: str) -> bytes:
        """A data file beside the module; see `pkgutil.get_data`."""
        return files.read(path)

    @property
    def path(self) -> str:
        """Beside which file `importlib.resources` looks for data."""
        return self.filename

    def get_resource_reader(self, fullname: str) -> FileReader | None:
        """The data files of a package of the workspace; see `importlib.resources`."""
        return FileReader(self) if self.package and self.in_workspace else None  # type: ignore[arg-type]


class LibraryLoader(importlib.abc.InspectLoader):
    """Stands in for the loader of a module that was imported before the snapshot.

    Only its source can be asked for: tracebacks and `inspect` show the library's lines.
    """

    def get_source(self, fullname: str) -> str:
        stem = fullname.replace(".", "/")
        for path in (f"<stdlib>/{stem}.py", f"<stdlib>/{stem}/__init__.py"):
            try:
                return importlib.util.decode_source(modules.read(path))
            except Err:
                continue
        raise ImportError(f"no source for {fullname!r}", name=fullname)


class Finder(importlib.abc.MetaPathFinder):
    """Finds every module that is not built in. One exists, as long as the interpreter."""

    def __init__(self) -> None:
        self.workspace = Workspace(())
        self.skipped: dict[str, str] = {}
        """Path to the reason why the file cannot be imported."""
        self.loading = False
        """True while a workspace is loaded."""
        self.executed: list[str] = []
        """Paths of the workspace's files, in the order in which their execution ended."""
        self.failures: dict[str, tuple[BaseException, TracebackType | None]] = {}
        """Path to what its import raised and where, while loading."""
        self._executing: list[str] = []

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        file = self.workspace.paths.get(fullname)
        if file is not None:
            return self._workspace_spec(fullname, file)
        folder = self.workspace.folders.get(fullname)
        compiled = packages.compiled_spec(fullname) if folder is None else None
        if compiled is not None:
            return compiled
        if not is_well_formed(fullname):
            # The host knows no such name, and cannot even be asked.
            return None if folder is None else _namespace_spec(fullname, folder)
        # A package that is installed comes before a folder of its name, whose modules it then has too.
        found = modules.find(fullname)
        if folder is not None and (found is None or not is_workspace_file(found.filename)):
            return _namespace_spec(fullname, folder)
        if found is not None:
            in_workspace = is_workspace_file(found.filename)
            return _spec(fullname, Loader(self, found.filename, found.is_package, in_workspace))
        if modules.is_namespace(fullname):
            return _namespace_spec(fullname, fullname.replace(".", "/"))
        return None

    def is_own(self, path: str) -> bool:
        """True for a module of the workspace that is no package's."""
        return path in self.workspace.names

    def find_distributions(self, context: DistributionFinder.Context | None = None) -> Iterable[Distribution]:
        """Packages by the folders that say what they are, the workspace's first; see `importlib.metadata`."""
        context = context or DistributionFinder.Context()
        yield from MetadataPathFinder.find_distributions(context)
        yield from packages.distributions(context)

    def invalidate_caches(self) -> None:
        """There are none."""

    def execute(self, loader: Loader, name: str, module: ModuleType) -> None:
        """Executes a file of the workspace while it is loaded."""
        path = loader.filename
        self._executing.append(path)
        modules.loading(path)
        try:
            loader.execute(name, module)
        except BaseException as error:
            if not is_circular(error):
                self.failures[path] = error, error.__traceback__
            raise
        else:
            self.executed.append(path)
        finally:
            self._executing.pop()
            if self._executing:
                modules.loading(self._executing[-1])

    def _workspace_spec(self, fullname: str, path: str) -> importlib.machinery.ModuleSpec:
        reason = self.skipped.get(path)
        if reason is not None:
            raise ImportError(reason, name=fullname, path=path)
        # A file that failed fails the same way for everybody who imports it, and runs once.
        failure = self.failures.get(path)
        if failure is not None:
            error, where = failure
            raise error.with_traceback(where)
        package = posixpath.basename(path) == "__init__.py" and fullname != "__init__"
        return _spec(fullname, Loader(self, path, package, in_workspace=True))


def is_circular(error: BaseException) -> bool:
    """True when an import failed only because of the order in which files were imported."""
    return isinstance(error, (ImportError, AttributeError)) and "partially initialized module" in str(error)


def compiled(path: str) -> bytes | None:
    """The code object of a file of the workspace, marshalled; `None` if compiling it says anything."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            code = _compile(path)
        except BaseException:
            return None
    return None if caught else marshal.dumps(code)


def _compile(path: str) -> CodeType:
    return compile(files.read(path), path, "exec", dont_inherit=True)


def install() -> Finder:
    """Makes the host the only source of modules. What is imported already stays."""
    finder = Finder()
    library = LibraryLoader()
    for module in list(sys.modules.values()):
        spec = getattr(module, "__spec__", None)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            module.__loader__ = spec.loader = library
    sys.meta_path[:] = [importlib.machinery.BuiltinImporter, importlib.machinery.FrozenImporter, finder]
    sys.path[:] = ["/"]
    sys.path_hooks.clear()
    sys.path_importer_cache.clear()
    return finder


def _spec(fullname: str, loader: Loader) -> importlib.machinery.ModuleSpec:
    spec = importlib.machinery.ModuleSpec(fullname, loader, origin=loader.filename, is_package=loader.package)
    spec.has_location = True
    if loader.package:
        spec.submodule_search_locations = [posixpath.dirname(loader.filename)]
    return spec


def _namespace_spec(fullname: str, folder: str) -> importlib.machinery.ModuleSpec:
    spec = importlib.machinery.ModuleSpec(fullname, None, is_package=True)
    spec.submodule_search_locations = [folder]
    return spec
