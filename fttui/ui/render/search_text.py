"""Search in the text of a pane: case is ignored, and a text in double quotes matches whole words. Pure."""

from collections.abc import Iterator

from fttui.ui.render.rows import Line, Span, merge


def contains(text: str, search: str) -> bool:
    """Tell whether a text contains a search. An empty search is in no text."""
    words, is_whole = _words(search)
    text = text.lower()
    if not words or not is_whole:
        return bool(words) and words in text
    return next(_places(text, words, is_whole=True), None) is not None


def marked(line: Line, search: str) -> Line:
    """Highlight every occurrence of a search in a line."""
    words, is_whole = _words(search)
    if not words:
        return line
    spans: list[Span] = []
    for text, role in line:
        low, at = text.lower(), 0
        # Some characters change their length in lower case. Text with them is not highlighted.
        for found in _places(low, words, is_whole=is_whole) if len(low) == len(text) else ():
            spans += [(text[at:found], role), (text[found : found + len(words)], "match")]
            at = found + len(words)
        spans.append((text[at:], role))
    return merge(spans)


def _words(search: str) -> tuple[str, bool]:
    """Return the text to find in lower case, and whether it must be whole words."""
    is_whole = len(search) > 2 and search[0] == search[-1] == '"'
    return (search[1:-1] if is_whole else search).lower(), is_whole


def _places(text: str, words: str, *, is_whole: bool) -> Iterator[int]:
    found = text.find(words)
    while found >= 0:
        end = found + len(words)
        if not is_whole or not (_is_word(text[found - 1 : found]) or _is_word(text[end : end + 1])):
            yield found
            found = text.find(words, end)
        else:
            found = text.find(words, found + 1)


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
