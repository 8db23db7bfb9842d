"""The documented shapes, as checks. They take replies of `requests` and of `Wire`."""

import datetime
import re

TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z")
STATUS = {
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "validation_error": 400,
    "rate_limited": 429,
    "internal_error": 500,
    "method_not_allowed": 405,
    "payload_too_large": 413,
    "quota_exceeded": 413,
    "conflict": 409,
    "unsupported_media_type": 415,
    "request_timeout": 408,
}
MEDIA_FIELDS = {
    "id": str,
    "uuid": str,
    "type": str,
    "filename": str,
    "media_type": str,
    "size": int,
    "checksum": str,
    "url": str,
    "thumbnail_url": str,
    "status": str,
    "status_reason": (str, type(None)),
    "width": (int, type(None)),
    "height": (int, type(None)),
    "duration": (int, float, type(None)),
    "codec": (str, type(None)),
    "taken_at": (str, type(None)),
    "location": (dict, type(None)),
    "title": (str, type(None)),
    "description": (str, type(None)),
    "tags": list,
    "collections": list,
    "user_id": str,
    "created_at": str,
    "updated_at": str,
}
USER_FIELDS = {
    "id": str,
    "username": str,
    "email": (str, type(None)),
    "is_admin": bool,
    "quota_bytes": (int, type(None)),
    "used_bytes": int,
    "charged_bytes": int,
    "created_at": str,
    "updated_at": str,
}


def is_time(text):
    return bool(TIME.fullmatch(text))


def moment(text):
    """A documented time as a datetime."""
    assert is_time(text), text
    whole = re.sub(r"(\.\d{1,6})\d*", r"\1", text[:-1])
    return datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc)


def request_id(reply):
    """The reply's request id; every reply has one."""
    value = reply.headers.get("X-Request-Id")
    assert value and re.fullmatch(r"req_\w+", value), reply.headers
    return value


def is_json(reply):
    assert re.match(r"application/json\b", reply.headers["Content-Type"]), reply.headers
    return reply.json()


def success(reply, status=200):
    """The data of a documented success."""
    assert reply.status_code == status, f"{reply.status_code} {reply.text[:500]}"
    body = is_json(reply)
    assert body["success"] is True
    assert "error" not in body
    assert is_time(body["meta"]["timestamp"])
    assert isinstance(body["meta"]["version"], str) and body["meta"]["version"]
    request_id(reply)
    return body["data"]


def failure(reply, code, status=None, field=None):
    """The error of a documented failure. `field`: details must name it."""
    assert reply.status_code == (status or STATUS[code]), f"{reply.status_code} {reply.text[:500]}"
    body = is_json(reply)
    assert set(body) == {"success", "error", "meta"}, body
    assert body["success"] is False
    error = body["error"]
    assert error["code"] == code, body
    assert isinstance(error["message"], str) and error["message"]
    assert isinstance(error["details"], list)
    for detail in error["details"]:
        assert isinstance(detail["field"], str) and detail["field"]
        assert isinstance(detail["message"], str) and detail["message"]
    assert is_time(body["meta"]["timestamp"])
    assert body["meta"]["request_id"] == request_id(reply)
    if field is not None:
        assert field in [detail["field"] for detail in error["details"]], body
    return error


def any_failure(reply, low=400, high=499):
    """A failure of any code, in the shape, with the status that belongs to its code."""
    assert low <= reply.status_code <= high, f"{reply.status_code} {reply.text[:500]}"
    code = is_json(reply)["error"]["code"]
    return failure(reply, code, reply.status_code)


def fields(thing, expected):
    for name, kind in expected.items():
        assert name in thing, f"{name} is missing in {thing}"
        assert isinstance(thing[name], kind), f"{name} is {thing[name]!r}"
        assert not (kind is int and isinstance(thing[name], bool)), name


def media(thing):
    """A documented media object."""
    fields(thing, MEDIA_FIELDS)
    assert re.fullmatch(r"media_[1-9]\d*", thing["id"])
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", thing["uuid"])
    assert thing["type"] in ("image", "video", "audio", "document", "other")
    assert re.fullmatch(r"[\w.+-]+/[\w.+-]+(; ?charset=[\w-]+)?", thing["media_type"])
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", thing["checksum"])
    assert re.match(r"https?://[^/]+/", thing["url"])
    assert thing["status"] in ("processing", "ready", "failed")
    assert re.fullmatch(r"user_\w+", thing["user_id"])
    assert all(isinstance(tag, str) for tag in thing["tags"])
    assert moment(thing["created_at"]) <= moment(thing["updated_at"])
    return thing


def user(thing):
    """A documented user object; nothing of the password shows."""
    fields(thing, USER_FIELDS)
    assert re.fullmatch(r"user_\w+", thing["id"])
    assert moment(thing["created_at"]) <= moment(thing["updated_at"])
    assert not [name for name in thing if "password" in name or "hash" in name]
    return thing
