"""Rules for training data: the one table of codes, levels and messages."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

ERROR, WARNING, ADVICE = "error", "warning", "advice"
LEVELS = (ERROR, WARNING, ADVICE)
FEWEST_EXAMPLES = 10
MOST_IMAGE_EXAMPLES = 50_000
MOST_IMAGES = 10
LARGEST_IMAGE = 10_000_000
MOST_REINFORCEMENT = 50_000
MOST_REINFORCEMENT_VALIDATION = 1000
MOST_FUNCTIONS = 128
LARGEST_FILE = 512_000_000


class Rule(NamedTuple):
    """A rule that data can break."""

    code: str
    """Stable: scripts compare it."""
    level: str
    """Level at OpenAI."""
    problem: str
    """Problem, as a clause without a full stop."""
    remedy: str
    """Imperative, without a full stop."""
    is_fixable: bool = False
    """`files check --fix` repairs it."""
    others: Mapping[str, str] = MappingProxyType({})
    """Level at providers that apply the rule in a different way; empty: not at all."""


_E, _W, _A = ERROR, WARNING, ADVICE
_OPENAI_ONLY = MappingProxyType({"local": WARNING, "other": WARNING})
"""OpenAI and Azure refuse it. Trainers on this machine accept it, and of other providers it is not known."""

RULES: tuple[Rule, ...] = (
    # The file as bytes
    Rule("empty_file", _E, "the file has no examples", "write one JSON object per line"),
    Rule("utf16", _E, "the file is UTF-16 or UTF-32, not UTF-8", "save it as UTF-8", True),
    Rule("json_array", _E, "the file is one JSON array", "write each element on its own line", True),
    Rule("json_pretty", _E, "an object spans several lines", "write each object on one line", True),
    # Azure asks for a byte order mark in its guide, and accepts files without one.
    Rule(
        "bom",
        _E,
        "the file starts with a byte order mark",
        "save it as UTF-8 without one",
        True,
        {**_OPENAI_ONLY, "azure": ""},
    ),
    Rule("crlf", _A, "lines end with CR LF, as on Windows", "use LF line ends", True),
    Rule("empty_line", _W, "the line is empty", "remove it", True),
    Rule("giant_line", _E, "the line is too long for an example", "check whether line ends are missing"),
    Rule("nul", _E, "the line contains NUL bytes", "remove them; check that the file was copied completely", True),
    Rule("not_utf8", _E, "the line is not UTF-8", "save the file as UTF-8"),
    Rule("not_json", _E, "the line is not JSON", "write one JSON object per line"),
    Rule("not_object", _E, "the line is JSON, but not an object", "write one JSON object per line"),
    Rule("not_text", _E, "a string contains half a character (a lone surrogate)", "write the whole character"),
    Rule("large_file", _A, "the file is larger than 512 MB", "use a provider that accepts uploads in parts"),
    # Other formats
    Rule("gzip", _E, "the file is compressed with gzip", "decompress it", True),
    Rule("csv", _E, "the file is CSV", "write JSON lines; --fix converts the columns prompt and completion", True),
    Rule(
        "parquet",
        _E,
        "the file is Parquet",
        'convert it first: python -c "import sys, pandas; pandas.read_parquet(sys.argv[1])'
        ".to_json(sys.argv[2], orient='records', lines=True)\" FILE.parquet FILE.jsonl",
    ),
    Rule("alpaca", _E, "this is Alpaca data", 'write "messages": [...]', True),
    Rule("sharegpt", _E, "this is ShareGPT data", 'write "messages": [...]', True),
    Rule("chosen_rejected", _E, "this is preference data with other names", "write input and both answers", True),
    Rule("gemini", _E, "this is Gemini's training data", 'write "messages": [...]', True),
    Rule("other_form", _E, "the provider reads another form", "files check FILE --for NAME --fix -o COPY converts"),
    Rule("evals", _E, "this is data for evals, not for training", "write the answers to be learned as messages"),
    # The file as a set of examples
    Rule("too_few", _E, "the file has too few examples", f"provide at least {FEWEST_EXAMPLES}"),
    Rule("too_many", _E, "the file has more examples than the method allows", "remove some"),
    Rule("wrong_kind", _E, "the example is for a different method", "choose that method, or rewrite the example"),
    Rule("duplicate", _W, "the example occurs earlier in the file", "keep one copy", True),
    Rule("overlap", _W, "the example also occurs in the validation file", "keep it in one of the files"),
    Rule("too_long", _W, "the example is longer than the model's limit and will be cut", "shorten or split it"),
    Rule("uneven_system", _W, "only some examples have a system message", "add one to all examples, or to none"),
    Rule("uneven_members", _W, "only some examples have this member for graders", "add it to all examples"),
    Rule("not_local", _E, "no trainer on this machine can learn from it", "choose the profile of a provider"),
    Rule("bad_grader", _E, "the grader is not valid", "correct this member of the grader"),
    Rule("no_graded_member", _E, "the example has no such member, and the grader uses it", "add it"),
    # Members
    Rule("no_messages", _E, "the array of messages is missing", 'write "messages": [...]'),
    Rule("empty_messages", _E, "the array of messages is empty", "add at least one message"),
    Rule("unknown_member", _E, "the member is unknown", "remove it, or correct its name"),
    Rule("not_message", _E, "the message is not an object", 'write {"role": ..., "content": ...}'),
    Rule("no_role", _E, "the message has no role", "add system, user, assistant or tool"),
    Rule("unknown_role", _E, "the role is unknown", "use system, user, assistant or tool", True),
    Rule("no_content", _E, "the message has no content", "add content or tool_calls"),
    Rule("bad_content", _E, "the content is neither a string nor an array of parts", "write a string"),
    Rule("bad_part", _E, "the content part is not valid", 'write {"type": "text", "text": ...}'),
    Rule("bad_name", _E, "the name is not a string", "write a string, or remove the name"),
    Rule(
        "refused_name",
        _E,
        "the API refuses names with spaces or one of < > | / \\",
        "rename it, or remove the name",
        others=_OPENAI_ONLY,
    ),
    Rule("bad_weight", _E, "the weight is neither 0 nor 1", "write 0 or 1", True),
    Rule("misplaced_weight", _E, "a weight is only allowed in assistant messages", "move or remove it", True),
    Rule("no_assistant", _E, "no message is from the assistant, so the model learns nothing", "add the answer"),
    Rule("nothing_trained", _W, "all answers have weight 0, so the model learns nothing", "remove the example"),
    Rule("empty_answer", _W, "the answer is empty", "add an answer, or remove the example"),
    Rule("empty_text", _W, "the message is empty", "add text, or remove the message"),
    Rule("no_user", _A, "no message is from the user", "check whether one is missing"),
    # Order
    Rule("system_late", _W, "a system message follows other messages", "move it to the start"),
    Rule("answer_not_last", _W, "the last message is not an answer, so the model ignores it", "end with one"),
    Rule("user_not_last", _W, "the last message is not from the user", "end with the user's question"),
    Rule("same_role_twice", _A, "two messages in a row have the same role", "join them if they belong together"),
    # Tools
    Rule("bad_tools", _E, "the tools are not valid", "write an array of {type, function: {name, ...}}"),
    Rule("many_functions", _E, f"there are no functions, or more than {MOST_FUNCTIONS}", "define 1 to 128"),
    Rule("bad_call", _E, "the call is not valid", "write {id, type, function: {name, arguments}}"),
    Rule("bad_arguments", _E, "the arguments are not JSON text", "write a string that contains JSON", True),
    Rule("no_such_call", _E, "the tool message answers no earlier call", "set tool_call_id to the id of a call"),
    Rule(
        "no_answer_to_call", _E, "no tool message answers the call", "add the output of the tool", others=_OPENAI_ONLY
    ),
    Rule(
        "bad_function_name",
        _E,
        "the API refuses the name of the function",
        "use 1 to 64 of a-z, A-Z, 0-9, _ and -",
        others=_OPENAI_ONLY,
    ),
    Rule("no_such_tool", _W, "the called function is not among the tools", "define it in tools"),
    Rule("two_kinds_of_calls", _A, "functions is deprecated", "use tools and tool_calls"),
    # Images
    Rule("bad_image", _E, "the image has no http(s) or data URL", "write image_url: {url: ...}"),
    Rule("image_format", _E, "the image is not JPEG, PNG or WEBP", "convert it"),
    Rule("image_colours", _E, "the image is neither RGB nor RGBA", "convert it"),
    Rule("image_size", _E, "the image is larger than 10 MB", "reduce its size"),
    Rule("many_images", _E, f"the example has more than {MOST_IMAGES} images", "remove some"),
    Rule("image_in_answer", _E, "the assistant's message has an image", "move it to a user message"),
    Rule("many_image_examples", _E, f"more than {MOST_IMAGE_EXAMPLES:,} examples have images", "remove some"),
    # Completions, dpo
    Rule("bad_prompt", _E, "the member is missing or not a string", 'write "prompt" and "completion" as strings'),
    Rule("bad_input", _E, "the input is missing or not an object", 'write "input": {"messages": [...]}'),
    Rule(
        "bad_preference",
        _E,
        "the answer is missing, or not an array of exactly one message",
        "write one assistant message",
    ),
    Rule("preference_role", _E, "the message is not from the assistant", 'write "role": "assistant"'),
    Rule("same_answers", _W, "both answers are the same, so the model learns nothing", "remove the example"),
)

WHOLE_FILE = frozenset(("utf16", "json_array", "json_pretty", "csv"))
"""Rules about files whose examples are not checked. `--fix` makes them readable."""
BY_CODE = {rule.code: rule for rule in RULES}


def level_at(code: str, provider: str) -> str:
    """Return the level of a rule at a provider; empty where it does not apply.

    Args:
        provider: `openai`, `azure`, `local` or `other`.
    """
    rule = BY_CODE[code]
    return rule.others.get(provider, rule.level)
