"""Enumerations of text that cost little at the start. Standard library only.

Importing `enum` takes a tenth of Python's own start (measured: 0.9 and 8 ms of CPU). To type checkers, the class below
is `enum.StrEnum`; when the program runs, it has the part of it that fttui uses.
"""

from fttui.lean_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from enum import StrEnum
else:

    class _Maker(type):
        """Turns each text in the body of a class into a member."""

        def __new__(cls, name, bases, body):
            made = super().__new__(cls, name, bases, body)
            texts = {key: value for key, value in body.items() if isinstance(value, str) and not key.startswith("_")}
            made._by_value = {value: str.__new__(made, value) for value in texts.values()}
            for key, value in texts.items():
                setattr(made, key, made._by_value[value])
            return made

        def __call__(cls, value):
            try:
                return cls._by_value[value]
            except KeyError:
                raise ValueError(f"{value!r} is not a valid {cls.__name__}") from None

        def __iter__(cls):
            return iter(cls._by_value.values())

        def __len__(cls):
            return len(cls._by_value)

    class StrEnum(str, metaclass=_Maker):
        """Base of enumerations of text."""

        @property
        def value(self):
            return str(self)

        def __repr__(self):
            return f"<{type(self).__name__}: {str(self)!r}>"

        def __reduce_ex__(self, _):
            return type(self), (str(self),)


__all__ = ("StrEnum",)
