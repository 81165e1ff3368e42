"""Loss masks: the tokens of a conversation that are learned, which are the answers of the assistant.

TRL has a template with marked answers for many families of models. For all others, an answer is the text that appears
when its message is added (the prefix method). Every mask is checked before it is used: the answer begins with the
message's text and ends with the token that ends an answer. A family that fails is refused.
"""

import re
from functools import cached_property
from typing import Any, NamedTuple

from transformers import PreTrainedTokenizerBase
from transformers.utils.chat_template_utils import render_jinja_template
from trl.chat_template_utils import get_training_chat_template, has_generation_markers

from fttui.server.trainers.hf.conversations import Message, fold_system
from fttui.server.trainers.hf.refusal import Refusal

IGNORED = -100
"""Label of a token that is not learned."""
TRAINING_TEMPLATE = "training template of TRL"
OWN_MARKERS = "marked by the model's template"
PREFIX = "prefix method"

# Text that a template puts between the prompt and the text of an answer: empty reasoning, channels, white space.
_MARKUP = re.compile(r"(?:\s|<[^<>]{1,40}>|\[[A-Z_/]{1,40}\]|final|to=\w+)*")
_PROBE: list[Message] = [
    {"role": "user", "content": "first question"},
    {"role": "assistant", "content": "first answer"},
    {"role": "user", "content": "second question"},
    {"role": "assistant", "content": "second answer"},
]
_SYSTEM: list[Message] = [{"role": "system", "content": "some instructions"}, *_PROBE[:2]]


class Span(NamedTuple):
    """Characters of an answer in a rendered conversation."""

    start: int
    end: int


class Encoded(NamedTuple):
    """Tokens of a conversation, and for each token its id or `IGNORED`."""

    input_ids: list[int]
    labels: list[int]

    @property
    def learns(self) -> bool:
        """True if any token is learned."""
        return any(label != IGNORED for label in self.labels)


class UnverifiedMask(ValueError):
    """A mask failed its check. The message says which check."""


class Masks:
    """Loss masks for one tokenizer with a chat template."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        """
        Raises:
            UnverifiedMask: no method gives a mask that passes the check.
        """
        self._tokenizer = tokenizer
        self._own = _default_template(tokenizer)
        self._template = self._own
        self.method = PREFIX
        try:
            training = get_training_chat_template(tokenizer)
        except Exception:  # the family is unknown, or its template raises on a probe with tools
            pass
        else:
            self._template = training or self._own
            self.method = TRAINING_TEMPLATE if training else OWN_MARKERS
        try:
            self._encode(_PROBE, None)
        except UnverifiedMask:
            if self.method == PREFIX or not has_generation_markers(self._template):
                raise
            self._template, self.method = self._own, PREFIX
            self._encode(_PROBE, None)

    @cached_property
    def knows_system(self) -> bool:
        """True if the template shows system messages. Otherwise they are put before the user's message."""
        try:
            return "some instructions" in self._render(_SYSTEM, None, self._own)[0]
        except UnverifiedMask:
            return False

    @property
    def template(self) -> str:
        """Template that renders the conversations to learn."""
        return self._template

    def known(self, messages: list[Message]) -> list[Message]:
        """Return the messages with system messages as the template knows them."""
        return messages if self.knows_system else fold_system(messages)

    def prompt(self, messages: list[Message], tools: list[dict[str, Any]] | None = None) -> str:
        """Return the text from which the model answers: the conversation and the start of an answer, without reasoning.

        Raises:
            UnverifiedMask: the template refuses the conversation.
        """
        text = self._render(self.known(messages), tools, self._own, prompt=True, enable_thinking=False)[0]
        _check_tools(text, tools)
        return text

    def encode(self, messages: list[Message], weights: list[bool], tools: list[dict[str, Any]] | None) -> Encoded:
        """Return the tokens of a conversation with its mask.

        Args:
            weights: whether each message is learned, if it is an answer.

        Raises:
            UnverifiedMask: the mask of this conversation fails the check.
        """
        learned = [weight for message, weight in zip(messages, weights, strict=True) if message["role"] == "assistant"]
        return self._encode(self.known(messages), tools, learned)

    def _encode(
        self, messages: list[Message], tools: list[dict[str, Any]] | None, learned: list[bool] | None = None
    ) -> Encoded:
        text, spans = self._spans(messages, tools)
        self._check_shown(text, messages, tools)
        answers = [message for message in messages if message["role"] == "assistant"]
        kept = [span for span, weight in zip(spans, learned or [True] * len(spans), strict=True) if weight]
        tokens = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        ids, offsets = tokens["input_ids"], tokens["offset_mapping"]
        for span, message in zip(spans, answers, strict=True):
            self._check_answer(text, span, message)
            self._check_end(text, span, ids, offsets)
        return Encoded(ids, _labels(ids, offsets, kept))

    def _spans(self, messages: list[Message], tools: list[dict[str, Any]] | None) -> tuple[str, list[Span]]:
        """Return the rendered conversation and the spans of its answers."""
        if self.method == PREFIX:
            return self._prefix_spans(messages, tools)
        text, marked = self._render(messages, tools, self._template, marked=True)
        count = sum(message["role"] == "assistant" for message in messages)
        spans = marked if len(marked) == count else _joined(marked)
        if len(spans) != count:
            raise UnverifiedMask(f"its chat template marks {len(spans)} of {count} answers")
        return text, [self._without_prompt(text, span) for span in spans]

    def _prefix_spans(self, messages: list[Message], tools: list[dict[str, Any]] | None) -> tuple[str, list[Span]]:
        text, _ = self._render(messages, tools, self._own)
        spans = []
        for index, message in enumerate(messages):
            if message["role"] != "assistant":
                continue
            before, _ = self._render(messages[:index], tools, self._own, prompt=True)
            after, _ = self._render(messages[: index + 1], tools, self._own)
            if not text.startswith(after):
                raise UnverifiedMask("its chat template changes earlier answers when later messages are added")
            if not after.startswith(before):
                raise UnverifiedMask("its chat template renders an answer unlike the prompt for it")
            spans.append(Span(len(before), len(after)))
        return text, spans

    @cached_property
    def _generation_prompt(self) -> str:
        """Text that the model's own template adds to a conversation for the model to answer."""
        bare, _ = self._render(_PROBE[:1], None, self._own)
        prompt, _ = self._render(_PROBE[:1], None, self._own, prompt=True)
        return prompt[len(bare) :] if prompt.startswith(bare) else ""

    def _without_prompt(self, text: str, span: Span) -> Span:
        """Cut the generation prompt off a span: TRL marks a part of it in some families."""
        prompt = self._generation_prompt
        for at in range(max(0, span.start - len(prompt)), span.start + 1):
            shared = _common_start(prompt, text[at : span.end])
            if shared != prompt:  # the prompt can begin reasoning that the answer does not have
                shared = shared[: shared.rfind(">") + 1]
            if at + len(shared) > span.start:
                return Span(at + len(shared), span.end)
        return span

    def _check_shown(self, text: str, messages: list[Message], tools: list[dict[str, Any]] | None) -> None:
        """Check that the template shows every message and tool: some leave them out without an error."""
        for message in messages:
            if _after_reasoning(message["content"]) not in text:
                raise UnverifiedMask(f"its chat template does not show the text of {message['role']} messages")
            for call in message.get("tool_calls", ()):
                if str(call["function"].get("name", "")) not in text:
                    raise UnverifiedMask("its chat template does not show calls of tools")
        _check_tools(text, tools)

    def _check_answer(self, text: str, span: Span, message: Message) -> None:
        answer = _after_reasoning(message["content"])
        if not text[span.start : span.end].strip():
            raise UnverifiedMask("nothing of an answer would be learned")
        at = text.find(answer, span.start, span.end)
        reasoning = message["content"].strip().removesuffix(answer).replace("<think>", "").replace("</think>", "")
        before = text[span.start : max(at, 0)].replace(reasoning.strip(), "", 1)
        if at < 0 or not _MARKUP.fullmatch(before):
            raise UnverifiedMask("what would be learned does not begin with the answer")

    def _check_end(self, text: str, span: Span, ids: list[int], offsets: list[tuple[int, int]]) -> None:
        """Check that the last learned token, white space aside, is one that ends an answer."""
        inside = [
            token
            for token, (start, end) in zip(ids, offsets, strict=True)
            if span.start <= start < end <= span.end and text[start:end].strip()
        ]
        if not inside or inside[-1] not in self._end_tokens:
            raise UnverifiedMask("the token that ends an answer would not be learned")

    @cached_property
    def _end_tokens(self) -> set[int]:
        return {*self._tokenizer.get_added_vocab().values(), *self._tokenizer.all_special_ids}

    def _render(
        self,
        messages: list[Message],
        tools: list[dict[str, Any]] | None,
        template: str,
        *,
        prompt: bool = False,
        marked: bool = False,
        **variables: Any,
    ) -> tuple[str, list[Span]]:
        try:
            texts, marks = render_jinja_template(
                [messages],
                tools=tools,
                chat_template=template,
                return_assistant_tokens_mask=marked,
                add_generation_prompt=prompt,
                **{**self._tokenizer.special_tokens_map, **variables},
            )
        except Exception as error:  # templates are programs of the model's authors, and raise anything
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise UnverifiedMask(f"its chat template refuses the conversation ({reason})") from None
        return str(texts[0]), [Span(*mark) for mark in marks[0]] if marked else []


def masks_of(tokenizer: PreTrainedTokenizerBase, base: str) -> Masks:
    """Return the masks for a tokenizer.

    Raises:
        Refusal: the tokenizer has no chat template, or its masks cannot be verified.
    """
    if not _default_template(tokenizer):
        raise Refusal(
            "no_chat_template",
            f"{base} has no chat template, so it is not a chat model. Choose its instruction-tuned variant, or put a "
            "chat_template.jinja into the directory of the model.",
            "model",
        )
    if not getattr(tokenizer, "is_fast", False):
        raise Refusal(
            "unverified_mask",
            f"The loss mask of {base} cannot be verified: its tokenizer does not say where tokens begin. "
            "Choose a different model.",
            "model",
        )
    try:
        return Masks(tokenizer)
    except UnverifiedMask as error:
        message = (
            f"The loss mask of {base} cannot be verified: {error}. docs/chat-templates.md lists families that work."
        )
        raise Refusal("unverified_mask", message, "model") from None


def _check_tools(text: str, tools: list[dict[str, Any]] | None) -> None:
    for tool in tools or ():
        if str((tool.get("function") or {}).get("name", "")) not in text:
            raise UnverifiedMask("its chat template does not show tools")


def _default_template(tokenizer: PreTrainedTokenizerBase) -> str:
    template = tokenizer.chat_template
    if isinstance(template, dict):
        template = template.get("default")
    return template or ""


def _common_start(first: str, second: str) -> str:
    length = next((index for index, pair in enumerate(zip(first, second, strict=False)) if pair[0] != pair[1]), None)
    return first[: min(len(first), len(second)) if length is None else length]


def _after_reasoning(content: str) -> str:
    """Return the text of a message after its reasoning, which templates format or leave out."""
    return content.rpartition("</think>")[2].strip()


def _joined(spans: list[Span]) -> list[Span]:
    """Return the spans with adjacent ones joined: some templates mark text and end token apart."""
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1].end == span.start:
            joined[-1] = Span(joined[-1].start, span.end)
        else:
            joined.append(span)
    return joined


def _labels(ids: list[int], offsets: list[tuple[int, int]], spans: list[Span]) -> list[int]:
    """Return the labels: the ids of tokens that overlap a span. Both are in order of position."""
    labels = [IGNORED] * len(ids)
    position = 0
    for span in spans:
        while position < len(ids) and offsets[position][1] <= span.start:
            position += 1
        while position < len(ids) and offsets[position][0] < span.end:
            if offsets[position][1] > offsets[position][0]:
                labels[position] = ids[position]
            position += 1
    return labels
