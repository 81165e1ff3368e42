"""What can be found in training data: one table, from which checks, help and tests are made."""

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
    """A kind of finding."""

    code: str
    level: str
    what: str
    """What is wrong, without a full stop."""
    mend: str
    """How to mend it."""
    fixed: bool = False
    """Whether `--fix` does it."""


_E, _W, _A = ERROR, WARNING, ADVICE

RULES: tuple[Rule, ...] = (
    # The file as bytes
    Rule("empty_file", _E, "the file holds no example", "write one JSON object a line"),
    Rule("utf16", _E, "the file is UTF-16 or UTF-32, not UTF-8", "save it as UTF-8", True),
    Rule("json_array", _E, "the file is one JSON array, not lines", "write each element on a line of its own", True),
    Rule("json_pretty", _E, "an object runs over several lines", "write each object on one line", True),
    Rule("bom", _W, "the file begins with a byte order mark", "save it as UTF-8 without one", True),
    Rule("crlf", _A, "lines end as on Windows (CR LF)", "end them with LF alone", True),
    Rule("empty_line", _W, "the line is empty", "take it out", True),
    Rule("giant_line", _E, "the line is too long to be an example", "look whether line ends were lost"),
    Rule("nul", _E, "the line holds NUL bytes", "take them out; the file may have been cut or copied badly", True),
    Rule("not_utf8", _E, "the line is not UTF-8", "save the file as UTF-8"),
    Rule("not_json", _E, "the line is not JSON", "write one JSON object a line"),
    Rule("not_object", _E, "the line is JSON, but no object", "write one JSON object a line"),
    Rule("not_text", _E, "a text holds half a character (a lone surrogate)", "write the character whole"),
    Rule("large_file", _A, "the file is larger than 512 MB", "expect an upload in parts, where the provider has one"),
    # The set as a whole
    Rule("too_few", _E, "there are too few examples", f"bring at least {FEWEST_EXAMPLES}"),
    Rule("too_many", _E, "there are more examples than the method takes", "leave some out"),
    Rule("wrong_kind", _E, "the example is made for another method", "choose that method, or rewrite the example"),
    Rule("duplicate", _W, "the same example stands in the file before", "keep one of them", True),
    Rule("overlap", _W, "the example stands in the validation file as well", "keep it in one of the two"),
    Rule("too_long", _W, "the example is longer than the model takes; its end is cut off", "shorten or split it"),
    Rule("uneven_system", _W, "some examples have a system message and some have none", "give one to all, or to none"),
    Rule("uneven_members", _W, "a member for graders is missing here and present elsewhere", "give it to all examples"),
    Rule("bad_grader", _E, "the grader is not as it should be", "correct it"),
    Rule("no_graded_member", _E, "the grader asks for a member that the example does not have", "write it"),
    # Members
    Rule("no_messages", _E, "messages are missing, or no array", 'write "messages": [...]'),
    Rule("empty_messages", _E, "there are no messages", "write at least one"),
    Rule("unknown_member", _E, "the member is not known here", "take it out, or correct its name"),
    Rule("not_message", _E, "the message is no object", 'write {"role": ..., "content": ...}'),
    Rule("no_role", _E, "the message has no role", "name one: system, user, assistant or tool"),
    Rule("unknown_role", _E, "the role is not known here", "use system, user, assistant or tool", True),
    Rule("no_content", _E, "the message has no content", "write some, or tool_calls"),
    Rule("bad_content", _E, "the content is neither text nor an array of parts", "write text"),
    Rule("bad_part", _E, "the part of the content is not as it should be", 'write {"type": "text", "text": ...}'),
    Rule("bad_name", _E, "the name is not a text", "write a text, or leave it out"),
    Rule("bad_weight", _E, "the weight is neither 0 nor 1", "write 0 or 1", True),
    Rule("misplaced_weight", _E, "a weight stands where none may be", "put it into an assistant message", True),
    Rule("no_assistant", _E, "no message is from the assistant, so there is nothing to learn", "write the answer"),
    Rule("nothing_trained", _W, "every answer has weight 0, so nothing is learned", "leave out the example"),
    Rule("empty_answer", _W, "the answer is empty", "write it, or leave out the example"),
    Rule("empty_text", _W, "the message is empty", "write it, or take it out"),
    Rule("no_user", _A, "no message is from the user", "look whether one was lost"),
    # Order
    Rule("system_late", _W, "a system message stands after others", "put it first"),
    Rule("answer_not_last", _W, "the last message is no answer, so it is not learned from", "end with the assistant"),
    Rule("user_not_last", _W, "the last message is not the user's", "end with the user's question"),
    Rule("same_role_twice", _A, "two messages in a row have the same role", "join them, if they are one"),
    # Tools
    Rule("bad_tools", _E, "the tools are not as they should be", "write an array of {type, function: {name, ...}}"),
    Rule("many_functions", _E, f"there are more than {MOST_FUNCTIONS} functions, or none", "name 1 to 128"),
    Rule("bad_call", _E, "the call is not as it should be", "write {id, type, function: {name, arguments}}"),
    Rule("bad_arguments", _E, "the arguments are not JSON text", "write them as a string of JSON", True),
    Rule("no_such_call", _E, "the tool's message answers no call before it", "give it the tool_call_id of a call"),
    Rule("no_answer_to_call", _W, "a call is not answered by a tool's message", "write what the tool said"),
    Rule("no_such_tool", _W, "the function that is called is not among the tools", "describe it in tools"),
    Rule("two_kinds_of_calls", _A, "functions are the old way to write tools", "write tools and tool_calls"),
    # Images
    Rule("bad_image", _E, "the image has no http(s) or data URL", "write image_url: {url: ...}"),
    Rule("image_format", _E, "the image is not JPEG, PNG or WEBP", "convert it"),
    Rule("image_colours", _E, "the image is neither RGB nor RGBA", "convert it"),
    Rule("image_size", _E, "the image is larger than 10 MB", "make it smaller"),
    Rule("many_images", _E, f"the example has more than {MOST_IMAGES} images", "leave some out"),
    Rule("image_in_answer", _E, "the assistant's message has an image", "put images into the user's messages"),
    Rule("many_image_examples", _E, f"more than {MOST_IMAGE_EXAMPLES:,} examples have images", "leave some out"),
    # Completions, dpo
    Rule("bad_prompt", _E, "prompt or completion is missing, or no text", 'write "prompt" and "completion" as text'),
    Rule("bad_input", _E, "the input is missing, or no object", 'write "input": {"messages": [...]}'),
    Rule("bad_preference", _E, "it is not an array of exactly one message", "write one message of the assistant"),
    Rule("preference_role", _E, "the message is not from the assistant", 'write "role": "assistant"'),
    Rule("same_answers", _W, "both answers are the same, so nothing is learned", "leave out the example"),
)

BY_CODE = {rule.code: rule for rule in RULES}
