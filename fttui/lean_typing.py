"""Names of `typing` for the modules that the first frame needs. Standard library only.

Importing `typing` takes almost as long as Python's own start (measured: 6 and 8 ms of CPU), and its named tuples take
longer to make than those below (43 and 27 µs). Modules that the cockpit imports before its first frame take these names
from here, and those that it imports before Textual's first frame if they have named tuples. To type checkers the names
are those of `typing`; when the program runs, all but `NamedTuple` mean nothing.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, Generic, Literal, NamedTuple, NoReturn, Protocol, TypeVar, overload
else:
    try:
        from _collections import _tuplegetter as _getter  # as in `collections`, whose import takes 1 ms
    except ImportError:

        def _getter(index, doc):
            return property(lambda values: values[index], doc=doc)

    class _Form:
        """Stand-in for a type: `Form`, `Form[…]` and `Form | None` mean nothing."""

        def __class_getitem__(cls, _):
            return cls

    class Generic(_Form):
        __slots__ = ()

    Any = ClassVar = Literal = NoReturn = Protocol = _Form

    def TypeVar(name, *, bound=None):
        return _Form

    def overload(function):
        return function

    class _Values(tuple):
        """Base of the named tuples, with the methods of those of `collections`."""

        __slots__ = ()
        _fields = ()
        _field_defaults = {}

        @classmethod
        def _make(cls, values):
            made = tuple.__new__(cls, values)
            if len(made) != len(cls._fields):
                raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
            return made

        def _replace(self, /, **changed):
            made = self._make(map(changed.pop, self._fields, self))
            if changed:
                raise ValueError(f"Got unexpected field names: {list(changed)!r}")
            return made

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self):
            members = (f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
            return f"{type(self).__name__}({', '.join(members)})"

        def __getnewargs__(self):
            return tuple(self)

    class _NamedTupleMaker(type):
        """Turns the body of a class with annotations into a named tuple."""

        def __new__(cls, name, bases, body):
            fields = tuple(_annotations(body))
            defaults = {field: body.pop(field) for field in fields if field in body}
            if list(defaults) != list(fields[len(fields) - len(defaults) :]):
                raise TypeError(f"{name}: a field without a default follows one with a default")
            names = ", ".join(fields)
            create = eval(f"lambda cls, {names}: new(cls, ({names},))", {"new": tuple.__new__})
            create.__name__, create.__qualname__ = "__new__", f"{name}.__new__"
            create.__defaults__ = tuple(defaults.values())
            members = {field: _getter(index, f"Field {index}") for index, field in enumerate(fields)}
            names = {"_fields": fields, "_field_defaults": defaults, "__match_args__": fields}
            return type(name, (_Values,), {**body, **members, **names, "__new__": create, "__slots__": ()})

    def _annotations(body):
        # From Python 3.14 on, a function makes them (PEP 649).
        found = body.get("__annotations__")
        return (body.get("__annotate__") or body["__annotate_func__"])(1) if found is None else found

    NamedTuple = type.__new__(_NamedTupleMaker, "NamedTuple", (), {})

__all__ = (
    "TYPE_CHECKING",
    "Any",
    "ClassVar",
    "Generic",
    "Literal",
    "NamedTuple",
    "NoReturn",
    "Protocol",
    "TypeVar",
    "overload",
)
