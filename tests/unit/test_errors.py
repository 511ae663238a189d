import inspect

from qrng_hub import errors
from qrng_hub.errors import QRNGError


def test_every_error_has_one_root_and_stands_in_the_tree() -> None:
    classes = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if cls.__module__ == errors.__name__]
    tree = errors.__doc__ or ""
    for cls in classes:
        assert issubclass(cls, QRNGError | UserWarning), cls
        assert f" {cls.__name__} " in tree.replace("\n", " \n "), f"{cls.__name__} is missing in the tree"


def test_the_tree_shows_the_builtin_that_callers_expect() -> None:
    for line in (errors.__doc__ or "").splitlines():
        words = line.replace("│", " ").replace("├──", " ").replace("└──", " ").split()
        if len(words) > 1 and words[1].startswith("("):
            assert issubclass(getattr(errors, words[0]), __builtins__[words[1].strip("()")])  # type: ignore[index]
