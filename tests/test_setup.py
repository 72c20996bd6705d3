"""./lab and .ci/run beside stand-ins for Python and uv: what they do, refuse and say. No installs."""

import os
import platform
import re
import shutil
import subprocess
from importlib.metadata import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[1]
TOOLS = (
    "awk", "bash", "cat", "chmod", "cmp", "cp", "cut", "df", "dirname", "env", "grep", "head", "id", "mkdir", "rm",
    "sh", "tail", "tee", "uname",
)  # fmt: skip

# Answers as Python does where ./lab asks it something, and writes down what it is called with.
PYTHON = """#!/bin/sh
case "$*" in
*platform*) echo "${FAKE_PYTHON:-3.12 Linux x86_64 glibc}"; exit ;;
*ensurepip*) exit "${FAKE_ENSUREPIP:-0}" ;;
esac
echo "python $*" >>"$FAKE_CALLS"
case "$*" in
'-m playwright --version') exit "${FAKE_DRIVER:-0}" ;;
'-m venv .venv') mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
'-m pip install'*) echo "$FAKE_PIP_SAYS"; exit "${FAKE_PIP:-0}" ;;
'-m ruff check'*) exit "${FAKE_RUFF:-0}" ;;
'-m pytest'*) echo '3 passed in 0.1s' ;;
esac
"""
UV = """#!/bin/sh
case "$1" in --version) exit ;; esac
echo "uv $*" >>"$FAKE_CALLS"
case "$1" in venv) mkdir -p .venv/bin && cp "$FAKE_TOOLS/python3" .venv/bin/python ;; esac
"""


class Machine:
    """A folder with ./lab in it, and a PATH on which only what a test puts there can be found."""

    def __init__(self, folder: Path) -> None:
        self.project, self.tools, self.calls_file = folder / "project", folder / "tools", folder / "calls"
        self.project.mkdir()
        self.tools.mkdir()
        for name in ("lab", "requirements.txt", "requirements-dev.txt"):
            shutil.copy2(ROOT / name, self.project)
        for name in TOOLS:
            (self.tools / name).symlink_to(shutil.which(name) or pytest.fail(f"This machine has no {name}."))

    def add(self, name: str, script: str) -> Path:
        path = self.tools / name
        path.unlink(missing_ok=True)
        path.write_text(script)
        path.chmod(0o755)
        return path

    def lab(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        self.calls_file.write_text("")
        environment = {
            "PATH": str(self.tools),
            "FAKE_CALLS": str(self.calls_file),
            "FAKE_TOOLS": str(self.tools),
        }
        return subprocess.run(
            [self.project / "lab", *arguments], cwd="/", env=environment | variables,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    @property
    def calls(self) -> list[str]:
        return self.calls_file.read_text().splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def with_python(machine: Machine) -> Machine:
    machine.add("python3", PYTHON)
    return machine


def test_lab_alone_prints_its_two_commands(machine: Machine):
    done = machine.lab()
    assert done.returncode == 0
    assert "./lab start" in done.stdout
    assert "./lab test" in done.stdout


def test_an_unknown_command_is_refused_by_name(machine: Machine):
    done = machine.lab("strat")
    assert done.returncode == 2
    assert "Expected start or test. Received strat." in done.stderr


@pytest.mark.parametrize("version", ["2.7", "3.9", "3.10", "3.14"])
def test_a_python_without_wheels_is_refused_and_nothing_is_made(with_python: Machine, version: str):
    done = with_python.lab("start", FAKE_PYTHON=f"{version} Linux x86_64 glibc")
    assert done.returncode == 1
    assert f"Expected Python 3.11, 3.12 or 3.13. Received python3 = {version}." in done.stderr
    assert not (with_python.project / ".venv").exists()


def test_a_suitable_python_is_found_behind_one_that_is_too_old(with_python: Machine):
    with_python.add("python3.12", PYTHON)
    with_python.add("python3", "#!/bin/sh\necho '3.9 Linux x86_64 glibc'\n")
    done = with_python.lab("start")
    assert done.returncode == 0
    assert "python3.12" in done.stdout


def test_without_any_python_the_refusal_says_how_to_get_one(machine: Machine):
    done = machine.lab("start")
    assert done.returncode == 1
    assert "Received none. Install one" in done.stderr


def test_a_python_named_by_the_user_is_the_only_one_tried(with_python: Machine):
    done = with_python.lab("start", PYTHON="/nowhere/python")
    assert done.returncode == 1
    assert "Received PYTHON=/nowhere/python" in done.stderr


@pytest.mark.parametrize("platform", ["Darwin x86_64 ", "Linux x86_64 ", "Linux armv7l glibc"])
def test_a_platform_without_wheels_is_refused(with_python: Machine, platform: str):
    done = with_python.lab("start", FAKE_PYTHON=f"3.12 {platform}")
    assert done.returncode == 1
    assert "Apple silicon" in done.stderr


def test_the_missing_venv_module_is_named_with_the_command_that_installs_it(with_python: Machine):
    done = with_python.lab("start", FAKE_ENSUREPIP="1")
    assert done.returncode == 1
    assert "apt-get install python3.12-venv" in done.stderr


def test_a_venv_that_cannot_be_made_ends_in_a_sentence(with_python: Machine):
    with_python.add("python3", PYTHON.replace("mkdir -p .venv/bin &&", "false &&"))
    done = with_python.lab("start")
    assert done.returncode == 1
    assert "could not make .venv" in done.stderr


def test_a_full_disk_is_noticed_before_anything_is_fetched(with_python: Machine):
    with_python.add("df", "#!/bin/sh\necho 'head'\necho '/dev/x 100 50 1024000 1% /'\n")
    done = with_python.lab("start")
    assert done.returncode == 1
    assert "Received 1000 MB." in done.stderr
    assert with_python.calls == []


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("Failed to establish a new connection: Temporary failure in name resolution", "Check the network"),
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("PermissionError: [Errno 13] Permission denied", "as the owner of this folder"),
        ("Something new", "could not install requirements.txt"),
    ],
)
def test_a_failed_installation_is_explained_and_repeated_next_time(with_python: Machine, said: str, advice: str):
    done = with_python.lab("start", FAKE_PIP="1", FAKE_PIP_SAYS=said)
    assert done.returncode == 1
    assert said in done.stderr
    assert advice in done.stderr
    assert with_python.lab("start").returncode == 0
    assert any("pip install" in call for call in with_python.calls)


def test_start_installs_once_prepares_data_and_passes_options_on(with_python: Machine):
    assert with_python.lab("start").returncode == 0
    assert [" ".join(call.split()[1:4]) for call in with_python.calls] == [
        "-m venv .venv", "-m pip install", "-m fmnist_core.datasets", "-m pages.ui.server",
    ]  # fmt: skip
    assert with_python.lab("start", "--server.port", "8600").returncode == 0
    assert with_python.calls == [
        "python -m fmnist_core.datasets", "python -m pages.ui.server --server.port 8600",
    ]  # fmt: skip


def test_changed_requirements_are_installed_again(with_python: Machine):
    with_python.lab("start")
    with (with_python.project / "requirements.txt").open("a") as file:
        file.write("six==1.17.0\n")
    with_python.lab("start")
    assert any("pip install" in call and call.endswith("-r requirements.txt") for call in with_python.calls)


def test_uv_is_used_where_it_works_unless_told_otherwise(with_python: Machine):
    with_python.add("uv", UV)
    assert with_python.lab("start").returncode == 0
    assert [call.split()[:3] for call in with_python.calls][:2] == [
        ["uv", "venv", "--quiet"],
        ["uv", "pip", "install"],
    ]
    shutil.rmtree(with_python.project / ".venv")
    assert with_python.lab("start", LAB_INSTALLER="pip").returncode == 0
    assert not any(call.startswith("uv") for call in with_python.calls)


def test_a_uv_that_does_not_start_is_passed_over(with_python: Machine):
    with_python.add("uv", "#!/bin/sh\necho 'pyenv: uv: command not found' >&2\nexit 127\n")
    done = with_python.lab("start")
    assert done.returncode == 0
    assert "with pip" in done.stdout


def test_the_tests_all_run_after_a_fault_found_by_ruff_and_pytest_has_the_last_word(with_python: Machine):
    browser = str(with_python.add("browser", "#!/bin/sh\nexit 0\n"))
    done = with_python.lab("test", "-k", "spec", CHROMIUM_PATH=browser, FAKE_RUFF="1")
    assert done.returncode == 1
    assert "python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -k spec" in with_python.calls
    assert done.stdout.splitlines()[-1] == "3 passed in 0.1s"
    assert with_python.lab("test", CHROMIUM_PATH=browser).returncode == 0


def test_a_browser_that_does_not_start_is_refused(with_python: Machine):
    browser = str(with_python.add("browser", "#!/bin/sh\nexit 1\n"))
    done = with_python.lab("test", CHROMIUM_PATH=browser)
    assert done.returncode == 1
    assert f"Received {browser}." in done.stderr


def test_a_driver_that_does_not_start_is_named_with_the_library_that_it_may_lack(with_python: Machine):
    done = with_python.lab("test", FAKE_DRIVER="127")
    assert done.returncode == 1
    assert "apt-get install libatomic1" in done.stderr


def test_a_snap_in_place_of_chromium_is_not_taken(with_python: Machine):
    with_python.add("chromium", "#!/bin/sh\n# exec /snap/bin/chromium\nexit 0\n")
    done = with_python.lab("test")
    assert done.returncode == 1
    assert "CHROMIUM_PATH=/path/to/chrome" in done.stderr


def test_ci_calls_lab_test_at_the_root_without_input(tmp_path: Path):
    (tmp_path / ".ci").mkdir()
    shutil.copy2(ROOT / ".ci/run", tmp_path / ".ci/run")
    lab = tmp_path / "lab"
    lab.write_text('#!/bin/sh\necho "$PWD" "$*" "CI=$CI" "$(cat)"\nexit 7\n')
    lab.chmod(0o755)
    done = subprocess.run([tmp_path / ".ci/run"], cwd="/", input="typed", capture_output=True, text=True, check=False)
    assert done.stdout.split() == [str(tmp_path.resolve()), "test", "CI=true"]
    assert done.returncode == 7


def test_both_commands_can_be_executed():
    assert os.access(ROOT / "lab", os.X_OK)
    assert os.access(ROOT / ".ci/run", os.X_OK)


def _requirements(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text().splitlines()
    return [Requirement(line) for line in lines if re.match(r"[A-Za-z0-9]", line)]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-cluster.txt"])
def test_every_requirement_is_pinned_to_one_version(name: str):
    pins = _requirements(name)
    assert pins
    assert [str(pin) for pin in pins if [part.operator for part in pin.specifier] != ["=="]] == []


def test_pip_accepts_every_pin_on_this_python():
    """uv overlooks an upper bound in a package's Requires-Python; pip does not, and would install nothing."""
    here = {"python_full_version": platform.python_version()}
    for pin in [*_requirements("requirements.txt"), *_requirements("requirements-dev.txt")]:
        if pin.marker is None or pin.marker.evaluate(here):
            wanted = metadata(pin.name).get("Requires-Python") or ""
            assert SpecifierSet(wanted).contains(here["python_full_version"]), f"{pin} wants Python {wanted}"


@pytest.mark.parametrize("stem", ["requirements", "requirements-dev", "requirements-cluster"])
def test_the_pins_satisfy_what_is_asked_for(stem: str):
    pins = [(pin.name.lower(), next(iter(pin.specifier)).version) for pin in _requirements(f"{stem}.txt")]
    for wanted in _requirements(f"{stem}.in"):
        assert any(name == wanted.name.lower() and wanted.specifier.contains(version) for name, version in pins), (
            f"{stem}.txt has no version that satisfies {wanted}"
        )
