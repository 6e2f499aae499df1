# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test the collection with all supported versions of Python, ansible-core, amazon.aws and boto3: make matrix.

matrix.py [NAME ...] [CHECK ...]: environments and checks, default: all. Environments are created in build/matrix/NAME
and reused. The emulator always runs in .venv, with the botocore that moto requires.
"""

from __future__ import annotations

import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.fetch_amazon_aws import fetch  # noqa: E402

PLACE = ROOT / "build/matrix"
OWN = ROOT / ".venv/bin"

# These environments cover the versions in meta/runtime.yml, galaxy.yml, requirements.txt and the README.


@dataclass(frozen=True)
class Environment:
    """The versions in one environment."""

    name: str
    python: str
    core: str
    ansible: str  # the version of the `ansible` package that contains this amazon.aws
    amazon: str
    boto3: str
    modules: str = ""  # the Python that runs the modules, default: the controller's

    def __str__(self) -> str:
        python = f"Python {self.python}" + (f", modules on {self.modules}" if self.modules else "")
        return f"{self.name}: {python}, ansible-core {self.core}, amazon.aws {self.amazon}, boto3 {self.boto3}"


ENVIRONMENTS = (
    # The oldest versions. botocore has the version of boto3. No `ansible` package contains amazon.aws 10.0.
    Environment("oldest", "3.10", "2.17.0", "12.0.0a5", "10.1.0", "1.34.126", modules="3.9"),
    Environment("core-2.18", "3.11", "2.18.19", "12.3.0", "10.1.2", "1.44.8"),
    Environment("core-2.19", "3.11", "2.19.14", "12.3.0", "10.1.2", "1.44.8"),
    Environment("core-2.20", "3.12", "2.20.10", "13.8.0", "10.3.2", "1.44.8"),
    # The oldest versions that the newest ansible-core and amazon.aws support.
    Environment("modules-3.9", "3.12", "2.21.5", "14.5.0", "11.4.0", "1.35.0", modules="3.9"),
    Environment("newest", "3.13", "2.21.5", "14.5.0", "11.4.0", "1.44.8"),
    Environment("python-3.14", "3.14", "2.21.5", "14.5.0", "11.4.0", "1.44.8"),
)

# Excluded: property tests that take minutes over HTTP. They do not depend on the versions.
SLOW = ("fleet/test_promises.py", "resources/test_interruptions.py", "resources/test_session_properties.py")
# All except fleet.yml run each step in check mode, then twice without.
PLAYBOOKS = ("change", "create", "expiry", "filter", "fleet", "target")

# The newest versions for Python 3.10.
TESTING = ("hypothesis==6.168.5", "pytest==9.2.0", "pytest-xdist==3.8.0")

# Required by the modules. On the controller, ansible-core installs it. The newest version for Python 3.9.
PACKAGING = "packaging==26.3"

# galaxy-importer and ansible-builder have separate environments. galaxy-importer conflicts with the tests.
IMPORTER = ("galaxy-importer==0.4.44", "ansible-core==2.19.14")
BUILDER = ("ansible-builder==3.2.0", "ansible-core==2.19.14")


class Skipped(Exception):
    """A check cannot run on this machine; the message contains the reason."""


class Failed(Exception):
    """A check failed; the message contains the reason or the log file."""


@functools.cache
def interpreter(version: str) -> str:
    """Return a working Python of this version with venv support, from PATH or pyenv. Raises Skipped."""
    name = f"python{version}"
    on_path = [pathlib.Path(folder, name) for folder in os.environ["PATH"].split(os.pathsep)]
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    mute = []
    for path in [*on_path, *sorted(pyenv.glob(f"versions/{version}.*/bin/{name}"), reverse=True)]:
        # Exclude .venv, which cannot be the base of an environment. A pyenv shim may not work.
        if path.is_file() and not path.is_relative_to(ROOT):
            if subprocess.run([path, "-c", "import ensurepip, ssl"], capture_output=True, check=False).returncode == 0:
                return str(path)
            mute.append(path)
    raise Skipped(f"no Python {version} here" + (f", and {mute[0]} does not work" if mute else ""))


class Place:
    """The folder of an environment."""

    def __init__(self, name: str) -> None:
        self.folder = PLACE / name
        self.python = self.folder / "bin/python"
        self.collections = self.folder / "collections"
        self.logs = PLACE / "logs" / name
        self.begun: set[str] = set()
        self.logs.mkdir(parents=True, exist_ok=True)

    def run(
        self, check: str, *command: str | pathlib.Path, cwd: pathlib.Path = ROOT, more: dict[str, str] | None = None
    ) -> str:
        """Run a command without the caller's AWS_* and ANSIBLE_* variables. Returns the output.

        The output is also written to the log of the check. Raises Failed.
        """
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_"))}
        environment = {
            **kept,
            "PATH": os.pathsep.join([str(self.folder / "bin"), kept["PATH"]]),
            "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_HOME": str(self.folder / "ansible"),
            "VTAP_EMULATOR_PYTHON": str(OWN / "python"),
            **(more or {}),
        }
        done = subprocess.run(
            command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        log = self.logs / f"{check}.log"
        with log.open("a" if check in self.begun else "w") as file:
            self.begun.add(check)
            file.write(f"$ {' '.join(map(str, command))}\n{done.stdout}")
        if done.returncode:
            print(*(line[:300] for line in done.stdout.splitlines()[-25:]), sep="\n")
            raise Failed(f"see {log.relative_to(ROOT)}")
        return done.stdout

    def packages(self, *packages: str, python: str, folder: pathlib.Path | None = None) -> None:
        """Create a virtual environment with these packages, unless it exists."""
        folder = folder or self.folder
        made_of = folder / "made-of"
        wanted = "\n".join([python, *packages])
        if made_of.exists() and made_of.read_text() == wanted:
            return
        self.run("install", python, "-m", "venv", "--clear", folder)
        pip = (folder / "bin/python", "-m", "pip", "--disable-pip-version-check", "--quiet")
        self.run("install", *pip, "install", *packages)
        (folder / "ansible.cfg").touch()
        made_of.write_text(wanted)

    def amazon(self, ansible: str, version: str) -> None:
        """Install this version of amazon.aws from this version of the `ansible` package."""
        kept = PLACE / "amazon.aws" / version
        if not kept.exists():
            new = kept.with_name(f"{version}-new")
            fetch(ansible, new)
            new.rename(kept)
        brought = json.loads((kept / "ansible_collections/amazon/aws/MANIFEST.json").read_text())
        if brought["collection_info"]["version"] != version:
            raise Failed(f"ansible {ansible} has amazon.aws {brought['collection_info']['version']}, not {version}")
        shutil.rmtree(self.collections, ignore_errors=True)
        (self.collections / "ansible_collections").mkdir(parents=True)
        (self.collections / "ansible_collections/amazon").symlink_to(kept / "ansible_collections/amazon")


def install(place: Place, wanted: Environment) -> str:
    """Create the environment and install the collection as users do."""
    sdk = [f"boto3=={wanted.boto3}", f"botocore=={wanted.boto3}"]
    place.packages(f"ansible-core=={wanted.core}", *sdk, *TESTING, python=interpreter(wanted.python))
    if wanted.modules:
        place.packages(*sdk, PACKAGING, python=interpreter(wanted.modules), folder=place.folder / "modules")
    place.amazon(wanted.ansible, wanted.amazon)
    (tarball,) = (ROOT / "dist").glob("vtap-aws-*.tar.gz")
    galaxy = place.folder / "bin/ansible-galaxy"
    place.run("install", galaxy, "collection", "install", tarball, "-p", place.collections)
    # ansible-core only warns about an unsupported version or invalid plugin documentation.
    said = place.run("install", place.folder / "bin/ansible-doc", "-t", "module", "--list", "vtap.aws")
    shown = [line for line in said.splitlines() if line.startswith("vtap.aws.")]
    if "WARNING" in said or len(shown) != len(list((ROOT / "plugins/modules").glob("*.py"))):
        raise Failed(f"ansible-doc: {said}")
    return ""


def unit(place: Place, _wanted: Environment) -> str:
    """Run the unit tests except the slow ones."""
    left_out = [f"--ignore=tests/unit/{name}" for name in SLOW]
    return counted(place.run("unit", place.python, "-m", "pytest", "-n", "2", *left_out, "tests/unit"))


def playbooks(place: Place, wanted: Environment) -> str:
    """Run the demo, the first playbook of the README, the teardown and expire playbooks, and some test playbooks."""
    modules = place.folder / "modules/bin/python" if wanted.modules else place.python
    demo = ["-e", f"ansible_python_interpreter={modules}"]
    place.run("playbooks", OWN / "python", "tools/demo.py", place.folder, *demo)
    file = "tests/integration/test_playbooks.py"
    chosen = [f"{file}::test_playbook[{name}]" for name in PLAYBOOKS]
    whole = [
        f"{file}::test_first_playbook_of_the_readme",
        "tests/integration/test_teardown.py::test_teardown",
        "tests/integration/test_expire.py::test_expired_sessions_are_deleted",
    ]
    pytest = [str(OWN / "python"), "-m", "pytest", "-n", "2", "--dist", "worksteal", "--durations=9"]
    more = {"VTAP_ENVIRONMENT": str(place.folder), "VTAP_MODULE_PYTHON": str(modules)}
    return counted(place.run("playbooks", *pytest, *chosen, *whole, more=more))


def sanity(place: Place, wanted: Environment) -> str:
    """Run ansible-test sanity, and its compile and import tests with the Python of the modules."""
    command = [str(OWN / "python"), "tools/sanity.py", "--environment", str(place.folder)]
    said = place.run("sanity", *command).splitlines()
    if wanted.modules:
        path = os.pathsep.join([str(place.folder / "modules/bin"), os.environ["PATH"]])
        tests = ["--python", wanted.modules, "--test", "compile", "--test", "import"]
        said += place.run("sanity", *command, *tests, more={"PATH": path}).splitlines()
    return f"{sum(line.startswith('Running sanity test') for line in said)} tests"


def counted(said: str) -> str:
    """Return the number of passed tests from pytest's last line."""
    return said.splitlines()[-1].partition(" passed")[0].rpartition(" ")[2] + " tests"


CHECKS: dict[str, Callable[[Place, Environment], str]] = {
    "install": install,
    "unit": unit,
    "playbooks": playbooks,
    "sanity": sanity,
}


def importer() -> str:
    """Run the checks of galaxy-importer, which Galaxy runs on upload."""
    place = Place("importer")
    place.packages(*IMPORTER, python=str(OWN / "python"))
    place.amazon(ENVIRONMENTS[0].ansible, ENVIRONMENTS[0].amazon)
    # galaxy-importer restricts the path of ansible-doc, so amazon.aws must be importable by Python.
    (library,) = (place.folder / "lib").glob("python*/site-packages")
    if not (library / "ansible_collections").is_symlink():
        (library / "ansible_collections").symlink_to(place.collections / "ansible_collections")
    (tarball,) = (ROOT / "dist").glob("vtap-aws-*.tar.gz")
    said = place.run("importer", place.python, "-m", "galaxy_importer.main", tarball, cwd=place.folder)
    found = [line for line in said.splitlines() if line.startswith(("ERROR", "WARNING"))]
    if found or "Importer processing completed successfully" not in said:
        raise Failed("; ".join(found) or said[-300:])
    return ""


def builder() -> str:
    """Run the steps of an execution environment that need no container engine: context, collections, requirements.

    amazon.aws is installed beforehand, because ansible-galaxy would download it from Galaxy.
    """
    place = Place("builder")
    place.packages(*BUILDER, python=str(OWN / "python"))
    place.amazon(ENVIRONMENTS[-1].ansible, ENVIRONMENTS[-1].amazon)
    folder, (tarball,) = place.folder / "image", (ROOT / "dist").glob("vtap-aws-*.tar.gz")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file in (tarball, ROOT / "tools/execution-environment.yml"):
        shutil.copy(file, folder)
    tool = place.folder / "bin/ansible-builder"
    place.run("builder", tool, "create", "--output-filename", "Containerfile", cwd=folder)
    files = folder / "context/_build"
    if "-r requirements.yml" not in (folder / "context/Containerfile").read_text():
        raise Failed("the Containerfile does not install requirements.yml")
    galaxy = (place.folder / "bin/ansible-galaxy", "collection", "install", "-r", "requirements.yml")
    place.run("builder", *galaxy, "--collections-path", place.collections, cwd=files)
    # The command of the Containerfile.
    pip_file = folder / "requirements.txt"
    inspect = (tool, "introspect", "--exclude-pip-reqs=exclude-requirements.txt", f"--write-pip={pip_file}")
    listed = yaml.safe_load(place.run("builder", *inspect, place.collections, cwd=files))
    required = (ROOT / "requirements.txt").read_text().splitlines()
    expected = {"python": {line for line in required if not line.startswith("#")}, "system": set()}
    found = {
        kind: {line.partition("  # ")[0] for line in listed[kind] if line.endswith("# from collection vtap.aws")}
        for kind in expected
    }
    if found != expected:
        raise Failed(f"requirements are {found}, expected {expected}")
    # amazon.aws has requirements, too. pip must find versions that meet all of them.
    dry_run = (place.python, "-m", "pip", "install", "--dry-run", "--ignore-installed", "-r", pip_file)
    solved = place.run("builder", *dry_run).rpartition("Would install")[2]
    return ", ".join(re.findall(r"\b(?:boto3|botocore)-\d[\d.]*\d", solved))


def index() -> str:
    """Report newer releases of ansible-core and ansible. A newer release is not a failure."""
    place = Place("index")
    behind = []
    for package, field in (("ansible-core", "core"), ("ansible", "ansible")):
        ours = next(getattr(environment, field) for environment in ENVIRONMENTS if environment.name == "newest")
        # Do not hide releases that require a newer Python.
        query = ("-m", "pip", "index", "versions", "--python-version", "3.99", "--only-binary=:all:", package)
        newest = re.search(r"\((.*?)\)", place.run("index", OWN / "python", *query))
        if newest and newest[1] != ours:
            behind.append(f"{package} {newest[1]} is available, newest uses {ours}")
    return "; ".join(behind)


def attempt(name: str, check: str, action: Callable[[], str]) -> str:
    """Run a check and return the outcome as text."""
    started = time.monotonic()
    try:
        noted = action()
        outcome = "ok" + (f", {noted}" if noted else "")
    except Skipped as why:
        return f"skipped: {why}"
    except (Failed, subprocess.CalledProcessError) as where:
        outcome = f"FAILED, {where}"
    outcome += f", {time.monotonic() - started:.0f} s"
    print(f"{name}: {check}: {outcome}", flush=True)
    return outcome


def check(wanted: Environment, chosen: set[str]) -> dict[str, str]:
    """Run the checks of one environment."""
    try:
        for version in filter(None, [wanted.python, wanted.modules]):
            interpreter(version)
    except Skipped as why:
        print(f"{wanted.name}: skipped: {why}", flush=True)
        return dict.fromkeys(CHECKS, f"skipped: {why}")
    place = Place(wanted.name)
    results: dict[str, str] = {}
    for name, action in CHECKS.items():
        if name not in chosen | {"install"}:
            continue
        if results.get("install", "").startswith("FAILED"):
            results[name] = "skipped: not installed"
            continue
        results[name] = attempt(wanted.name, name, functools.partial(action, place, wanted))
    return results


def main() -> int:
    names = [environment.name for environment in ENVIRONMENTS] + ["importer", "builder", "index"]
    given = set(sys.argv[1:])
    chosen = given & set(names) or set(names)
    checks = given & set(CHECKS) or set(CHECKS)
    if unknown := given - set(names) - set(CHECKS):
        print(f"Unknown: {', '.join(sorted(unknown))}; valid: {', '.join([*names, *CHECKS])}")
        return 2
    table: dict[str, dict[str, str]] = {}
    for environment in ENVIRONMENTS:
        if environment.name in chosen:
            table[str(environment)] = check(environment, checks)
    if "importer" in chosen:
        table["galaxy-importer"] = {"importer": attempt("importer", "importer", importer)}
    if "builder" in chosen:
        table["execution environment"] = {"builder": attempt("builder", "builder", builder)}
    if "index" in chosen:
        table["the index"] = {"index": attempt("index", "index", index)}
    failed = 0
    for title, results in table.items():
        print(f"\n{title}")
        # One line if all checks have the same result.
        if len(set(results.values())) == 1 and len(results) > 1:
            results = {"all": next(iter(results.values()))}
        for name, result in results.items():
            print(f"  {name:<10} {result}")
            failed += result.startswith("FAILED")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
