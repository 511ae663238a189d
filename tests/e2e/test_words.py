"""Words that nobody may say of a cloud device or a simulator: not in the documents, and not in what is printed."""

import itertools
import re
from pathlib import Path

import click
import pytest

from commands import qrng
from qrng_hub.cli import cli

ROOT = Path(__file__).parents[2]
BANNED = re.compile(
    r"device[ -]independen\w*|tru(e|ly)[ -]random\w*|perfect\w*|unhackable|unbreakable|provably (random|secure)|"
    r"100 ?% random|pass(es|ed)? (the )?(NIST|SP 800-22|Diehard\w*)|NIST[ -](approved|certified|validated)|"
    r"quantum[ -](safe|proof) (key|random)\w*",
    re.IGNORECASE,
)
#: what stands between the parts of a sentence that is broken: quotes of strings, signs of comments
COMMANDS = cli.list_commands(click.Context(cli))
BETWEEN = " \t\"'#-*"
#: Where a banned word stands in a sentence that denies it: the file, and the whole line.
DENIALS = {
    ("docs/certificates.md", "**No level is device-independent.** That word needs space-like separation, which no"),
    ("qrng_hub/records/certificates.py", '_NEVER_CLAIMED = ("device-independent", "device independent")'),
}
#: What ships or is read: programs, their help, messages and pages, documents, run files.
FILES = sorted(
    path
    for pattern in ("*.md", "docs/**/*", "configs/**/*", "qrng_hub/**/*", "adapters/**/*", "benchmarks/**/*")
    for path in ROOT.glob(pattern)
    if path.suffix in {".md", ".py", ".toml", ".json", ".svg", ".html", ".css", ".js"}
)
OUTPUTS = [
    ("--help",),
    ("chsh", "--rounds", "1000", "--score", "0.8", "--epsilon", "1e-3"),
    ("chsh", "--rounds", "1000", "--score", "0.8", "--epsilon", "1e-3", "--method", "eat", "--json"),
    ("chsh", "--rounds", "1000", "--score", "0.8", "--epsilon", "1e-3", "--shots-per-setting", "1"),
    ("plan", "--method", "eat", "--bits", "9", "--epsilon", "1e-3", "--backend", "cirq:simulator"),
    ("mermin", "--rounds", "1000", "--score", "3.9", "--source-rate", "1", "--epsilon", "1e-3"),
    ("source-independent", "--z", "1000", "--x", "1000", "--x-errors", "1", "--epsilon", "1e-3"),
    *((name, "--help") for name in ("chsh", "bell-data", "mermin", "source-independent", "rcs", "plan")),
]


def test_the_words_are_found_where_they_stand() -> None:
    for said in (
        "a perfect coin",
        "Device independent!",
        "truly random bits",
        "it passed NIST",
        "passes the NIST tests",
    ):
        assert BANNED.search(said)
    assert not BANNED.search("a quantum-proof extractor, which was tested as NIST says")


def said_in(name: str, text: str) -> set[tuple[str, str]]:
    """Finds the lines that say them; what is broken over two lines, or two strings of a program, is read as one."""
    found = {(name, line.strip()) for line in text.splitlines() if BANNED.search(line)}
    pairs = itertools.pairwise(text.splitlines())
    joined = [f"{first.rstrip(BETWEEN)} {second.lstrip(BETWEEN)}" for first, second in pairs]
    alone = {line.strip(BETWEEN) for _, line in found}
    return found | {(name, line) for line in joined if BANNED.search(line) and not any(one in line for one in alone)}


def test_a_violation_is_found_wherever_it_is_planted() -> None:
    planted = 'HELP = (\n    "These bits are truly "\n    "random."\n)\n'
    assert said_in("help.py", planted)
    assert said_in("page.md", "A device-\nindependent generator") == {("page.md", "A device independent generator")}
    assert said_in("page.md", "One\nAn unhackable key\nTwo") == {("page.md", "An unhackable key")}
    assert said_in("page.md", "One\n**No level is device-independent.** So\nTwo")
    assert not said_in("page.md", "What is true\n\nRandom numbers")


@pytest.mark.skipif(not (ROOT / "docs").exists(), reason="the source distribution has no docs")
def test_no_document_and_no_source_says_them_but_to_deny_them() -> None:
    names = {str(path.relative_to(ROOT)) for path in FILES}
    assert names > {
        "README.md",
        "CHANGELOG.md",
        "docs/certificates.md",
        "qrng_hub/cli/certify.py",
        "configs/schema.json",
    }
    said = [said_in(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for path in FILES]
    assert set().union(*said) == DENIALS


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)], ids=" ".join)
def test_no_help_says_them(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    done = qrng(capsys, *command, "--help")
    assert not said_in("help", done.stdout)


def test_no_page_and_no_table_of_a_comparison_says_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, out = tmp_path / "compare.toml", tmp_path / "results"
    config.write_text('version = 1\n[compare]\nshots = 1024\n[[backend]]\naddress = "local:stim"\nqubits = 4\n')
    printed = qrng(capsys, "compare", str(config), "--out", str(out)).stdout
    texts = {path.name: path.read_text(encoding="utf-8") for path in out.rglob("*.*") if path.suffix != ".npy"}
    assert any(name.endswith(".html") for name in texts)
    assert any(name.endswith(".json") for name in texts)
    for name, text in (texts | {"printed": printed}).items():
        assert not said_in(name, text)


@pytest.mark.parametrize("arguments", OUTPUTS, ids=lambda arguments: " ".join(arguments[:1]))
def test_no_certificate_says_them(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    done = qrng(capsys, "certify", *arguments)
    assert done.stdout
    assert not BANNED.search(done.stdout + done.stderr)


@pytest.mark.parametrize(("protocol", "options"), [("source-independent", ""), ("mermin", "source_rate = 1.0")])
def test_no_certified_run_says_them(
    protocol: str, options: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither as it is printed nor in its receipt, nor when that is verified."""
    path = tmp_path / "run.toml"
    request = f'version = 1\n[request]\nbytes = 16\nprotocol = "{protocol}"\n[request.certificate]\nepsilon = 1e-3'
    backend = '[[backend]]\naddress = "local:stim"\nqubits = 30\n'
    path.write_text(f"{request}\n{options}\n{backend}")
    run = qrng(capsys, "run", str(path))
    receipt = re.findall(r"^receipt (\S+)$", run.stdout, re.MULTILINE)[0]
    verified = qrng(capsys, "verify", receipt)
    assert "certified" in run.stdout
    assert "reckoned anew" in verified.stdout
    for text in (run.stdout, run.stderr, Path(receipt).read_text(), verified.stdout, verified.stderr):
        assert not said_in("printed", text)
    lines = [
        line for line in (run.stdout + verified.stdout).splitlines() if re.search("bits certified|certificate of", line)
    ]
    assert len(lines) == 4
    assert all(re.search(r"\bif\b.*(were|came from)? hardware", line) for line in lines), "a simulator's are not"
