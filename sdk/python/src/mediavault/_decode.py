"""JSON to the dataclasses of `models`, and times to and from their text."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Mapping as AbcMapping
from collections.abc import Sequence as AbcSequence
from datetime import datetime, timedelta, timezone
from typing import (
    Any,
    Dict,
    Hashable,
    Literal,
    Type,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from .errors import MediaVaultError

T = TypeVar("T")

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))"
)


def time_from(text: str) -> datetime:
    """A moment as in RFC 3339. Throws ValueError."""
    found = _TIME.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is not a moment of RFC 3339")
    day, clock, fraction, sign, hours, minutes = found.groups()
    moment = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=timezone.utc)
    if fraction:
        moment += timedelta(microseconds=int(fraction.ljust(6, "0")[:6]))
    if sign:
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        moment = moment - offset if sign == "+" else moment + offset
    return moment


def time_text(moment: datetime) -> str:
    """The moment in UTC as in RFC 3339. Throws ValueError where it has no time zone."""
    if moment.tzinfo is None:
        raise ValueError("the datetime has no time zone; use datetime.now(timezone.utc) and the like")
    return moment.astimezone(timezone.utc).replace(tzinfo=None).isoformat() + "Z"


@functools.lru_cache(maxsize=None)
def hints_of(kind: Hashable) -> Dict[str, Any]:
    return get_type_hints(kind)


def _is_optional(hint: Any) -> bool:
    return get_origin(hint) is Union and type(None) in get_args(hint)


def _value(hint: Any, value: Any, where: str) -> Any:
    if _is_optional(hint):
        if value is None:
            return None
        (hint,) = (one for one in get_args(hint) if one is not type(None))
    origin = get_origin(hint)
    if hint is Any:
        return value
    if hint is datetime:
        if isinstance(value, str):
            try:
                return time_from(value)
            except ValueError:
                pass
    elif dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return decode(hint, value, where)
    elif origin is Literal:
        # A later server may know more of them.
        if isinstance(value, str) or (isinstance(value, bool) and value in get_args(hint)):
            return value
    elif origin is AbcSequence:
        if isinstance(value, list):
            (item,) = get_args(hint)
            return tuple(_value(item, one, where) for one in value)
    elif origin is AbcMapping:
        if isinstance(value, dict):
            return dict(value)
    elif hint is float:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
    elif hint is bool:
        if isinstance(value, bool):
            return value
    elif hint is int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    elif hint is str and isinstance(value, str):
        return value
    raise MediaVaultError(f"{where} of the reply is not what the API describes")


def decode(kind: Type[T], value: Any, where: str = "", **more: Any) -> T:
    """`value` as the dataclass `kind`; `more` are members that are not of the JSON.

    An optional member may be missing. Throws MediaVaultError where `value` is something else.
    """
    if not isinstance(value, dict):
        raise MediaVaultError(f"{where or 'data'} of the reply is not an object")
    hints = hints_of(cast(Hashable, kind))
    members = dict(more)
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        if field.name in more:
            continue
        hint = hints[field.name]
        if value.get(field.name) is None:
            # What servers before this member do not say.
            if "otherwise" in field.metadata:
                members[field.name] = field.metadata["otherwise"]
                continue
            if field.name not in value and field.default is not dataclasses.MISSING:
                continue
        path = f"{where}.{field.name}" if where else field.name
        members[field.name] = _value(hint, value.get(field.name), path)
    return kind(**members)
