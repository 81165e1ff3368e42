"""Line numbers of keys in TOML texts."""

import tomllib

import pytest

from fttui.config.toml_lines import key_lines, line_of

TEXT = """\
# comment = 1
interval = 4  # key = 2

"quoted \\"key\\"" = "a # b = 3"
'literal' = '''
not.a.key = 1
'''
long = \"\"\"
x = 1 \\\"\"\"
y = 2\"\"\"
list = [
  1, # [table]
  "]", { inner = 1, deep.er = [2] },
]
[ profiles . work ]
base_url="https://h/v1"
headers = { "x-a" = "b", 'y' = "c" }
[[many]]
name = 1
[[many]]
name = 2
[keys]
"job.cancel" = "f8"
"""


def test_keys_are_found_on_their_lines() -> None:
    tomllib.loads(TEXT)
    lines = key_lines(TEXT)
    assert lines == {
        ("interval",): 2,
        ('quoted "key"',): 4,
        ("literal",): 5,
        ("long",): 8,
        ("list",): 11,
        ("list", "inner"): 13,
        ("list", "deep"): 13,
        ("list", "deep", "er"): 13,
        ("profiles",): 15,
        ("profiles", "work"): 15,
        ("profiles", "work", "base_url"): 16,
        ("profiles", "work", "headers"): 17,
        ("profiles", "work", "headers", "x-a"): 17,
        ("profiles", "work", "headers", "y"): 17,
        ("many",): 18,
        ("many", "name"): 19,
        ("keys",): 22,
        ("keys", "job.cancel"): 23,
    }


def test_missing_key_has_the_line_of_its_table() -> None:
    lines = key_lines(TEXT)
    assert line_of(lines, ("profiles", "work", "api_key_env")) == 15
    assert line_of(lines, ("local", "trainers")) is None


@pytest.mark.parametrize("text", ["", "a", "[", "a = [", 'a = "', "[" * 5000, "a = " + "[" * 5000])
def test_text_that_is_not_toml_ends_the_search(text: str) -> None:
    key_lines(text)
