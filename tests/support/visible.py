"""Cells of an emulated terminal as they look."""

from pyte.screens import Char


def visible(cell: Char) -> Char:
    """Return a cell without what does not show: the text colour and the weight of a blank that is not reversed."""
    if cell.data != " " or cell.reverse:
        return cell
    return cell._replace(fg="default", bold=False, italics=False)
