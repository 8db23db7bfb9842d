"""GET /media: pages, filters, sorting."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from harness import shapes
from harness.forms import Part


@pytest.fixture(scope="module")
def library(shared):
    """An account with media to find. `things` in the order of upload."""
    user = shared.user()
    user.things = []
    for name, size, fields in [
        ("Zebra.txt", 30, {"title": "Africa trip", "tags": "animals,stripes"}),
        ("apple.jpg", 10, {"description": "A RED fruit", "tags": "Fruit"}),
        ("mango.jpg", 10, {"tags": "fruit,Exotic"}),
        ("100%.mp3", 50, {"title": "all of it"}),
        ("under_score.mp4", 40, {}),
        ("Ärger.pdf", 20, {"title": "Straße"}),
        ("zebra.txt", 60, {"tags": "a.b"}),
        ("back\\slash.bin", 5, {}),
    ]:
        data = bytes([len(user.things)]) * size
        user.things.append(user.upload(data, name, **fields))
    return user


def names(things):
    return [thing["filename"] for thing in things]


def pagination(reply):
    shapes.success(reply)
    return reply.json()["meta"]["pagination"]


def test_an_empty_list(user):
    reply = user.get("/media")
    assert shapes.success(reply) == []
    assert pagination(reply) == {
        "total": 0,
        "count": 0,
        "per_page": 20,
        "current_page": 1,
        "total_pages": pagination(reply)["total_pages"],
        "links": {"next": None, "prev": None},
    }
    assert pagination(reply)["total_pages"] in (0, 1)


def test_newest_first_by_default(library):
    assert library.media() == library.things[::-1]


def test_the_objects_are_those_of_a_single_read(library):
    for thing in library.media():
        assert shapes.success(library.get(f"/media/{thing['id']}")) == shapes.media(thing)


def test_twenty_a_page_by_default(user):
    user.send_form([Part("file", b"x", f"{n}.txt") for n in range(21)])
    reply = user.get("/media")
    assert len(shapes.success(reply)) == 20
    assert pagination(reply)["total"] == 21 and pagination(reply)["total_pages"] == 2
    reply = user.get("/media?page=2")
    assert len(shapes.success(reply)) == 1
    assert pagination(reply)["count"] == 1 and pagination(reply)["links"]["next"] is None


@pytest.mark.parametrize("per_page", [1, 2, 3, 7, 8, 100])
@pytest.mark.parametrize("sort", [None, "created_at", "filename", "size", "-size"])
def test_pages_neither_overlap_nor_leave_out(library, per_page, sort):
    seen = []
    path = f"/media?per_page={per_page}" + (f"&sort={sort}" if sort else "")
    while path:
        assert path.startswith("/media?")
        reply = library.get(path)
        seen += names(shapes.success(reply))
        found = pagination(reply)
        assert found["total"] == 8 and found["per_page"] == per_page
        assert found["total_pages"] == -(-8 // per_page)
        assert found["count"] == len(reply.json()["data"])
        previous, path = path, found["links"]["next"]
    assert len(seen) == 8 and set(seen) == set(names(library.things))
    assert found["current_page"] == found["total_pages"]


def test_links_keep_the_other_parameters(library):
    path = "/media?type=image&q=a&tag=fruit&sort=size&order=asc&per_page=1&page=1"
    found = pagination(library.get(path))
    assert found["total"] == 2 and found["links"]["prev"] is None
    link = urlsplit(found["links"]["next"])
    assert link.path == "/media" and not link.netloc
    query = dict(parse_qsl(link.query))
    assert query == {
        "type": "image",
        "q": "a",
        "tag": "fruit",
        "sort": "size",
        "order": "asc",
        "per_page": "1",
        "page": "2",
    }


def test_links_are_encoded(library):
    query = "q=%26page%3D7%20%C3%A9%3C%22&per_page=1&page=3"
    found = pagination(library.get(f"/media?{query}"))
    assert found["total"] == 0
    for link in found["links"].values():
        if link is not None:
            assert dict(parse_qsl(urlsplit(link).query))["q"] == '&page=7 é<"'


def test_past_the_end_is_empty(library):
    for page in (2, 1000, 10**9):
        reply = library.get(f"/media?page={page}")
        assert shapes.success(reply) == []
        found = pagination(reply)
        assert found["current_page"] == page and found["count"] == 0 and found["total"] == 8
        assert found["links"]["next"] is None


BAD = [
    ("page", value) for value in ["0", "-1", "x", "", "1.5", "1e3", "99999999999999999999999", "+1", " 1", "0x1", "१"]
] + [
    ("per_page", value) for value in ["0", "101", "-1", "x", "", "1.0", "99999999999999999999999"]
] + [
    ("sort", value) for value in ["bogus", "", "id; DROP TABLE entry", "--size", "password"]
] + [
    ("order", value) for value in ["up", "", "ASCENDING"]
] + [
    ("type", value) for value in ["bogus", "", "image,video", "Image\0"]
]


@pytest.mark.parametrize("name, value", BAD)
def test_bad_parameters(library, name, value):
    shapes.failure(library.get("/media", params={name: value}), "validation_error", field=name)


@pytest.mark.parametrize("query", ["q=%ff", "tag=%c0%af", "q=%zz", "page=1&page=x", "%ff=1", "=", "&&&"])
def test_odd_queries_are_no_server_error(library, query):
    reply = library.get(f"/media?{query}")
    if reply.status_code == 200:
        shapes.success(reply)
    else:
        shapes.failure(reply, "validation_error")


def test_parameters_that_nobody_knows_are_left_aside(library):
    assert pagination(library.get("/media?utm_source=x"))["total"] == 8


def test_broken_utf8_is_refused(library):
    shapes.failure(library.get("/media?q=%ff"), "validation_error")


@pytest.mark.parametrize(
    "kind, expected",
    [
        ("image", ["mango.jpg", "apple.jpg"]),
        ("video", ["under_score.mp4"]),
        ("audio", ["100%.mp3"]),
        ("document", ["zebra.txt", "Ärger.pdf", "Zebra.txt"]),
        ("other", ["back\\slash.bin"]),
    ],
)
def test_by_type(library, kind, expected):
    assert names(library.media(type=kind)) == expected
    assert pagination(library.get(f"/media?type={kind}&per_page=1"))["total"] == len(expected)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("zebra", ["zebra.txt", "Zebra.txt"]),
        ("ZEB", ["zebra.txt", "Zebra.txt"]),
        ("africa", ["Zebra.txt"]),
        ("red", ["apple.jpg"]),
        ("exotic", ["mango.jpg"]),
        ("%", ["100%.mp3"]),
        ("0%", ["100%.mp3"]),
        ("_", ["under_score.mp4"]),
        ("r_s", ["under_score.mp4"]),
        ("\\", ["back\\slash.bin"]),
        ("ärger", ["Ärger.pdf"]),
        ("A\u0308RGER", ["Ärger.pdf"]),
        ("STRASSE", ["Ärger.pdf"]),
        ("no such thing", []),
        ("' OR 1=1 --", []),
        ('"zebra" OR "apple"', []),
        ("arger", ["Ärger.pdf"]),
        ("trip ZEBRA", ["Zebra.txt"]),
        ("ra.t", ["zebra.txt", "Zebra.txt"]),
        ("q", []),
        ("*", []),
        ("x" * 1000, []),
        # Nothing has it; a text of nothing but blanks asks for nothing.
        ("\0", []),
        ("\x01\x1f", []),
        ("zebra \0", ["zebra.txt", "Zebra.txt"]),
    ],
)
def test_by_text(library, text, expected):
    assert names(library.media(q=text)) == expected


@pytest.mark.parametrize(
    "tag, expected",
    [
        ("fruit", ["mango.jpg", "apple.jpg"]),
        ("FRUIT", ["mango.jpg", "apple.jpg"]),
        ("stripes", ["Zebra.txt"]),
        ("frui", []),
        ("a.b", ["zebra.txt"]),
        ("a_b", []),
        ("%", []),
        ("animals,stripes", []),
    ],
)
def test_by_tag(library, tag, expected):
    assert names(library.media(tag=tag)) == expected
    assert pagination(library.get("/media", params={"tag": tag}))["total"] == len(expected)


def test_filters_together(library):
    assert names(library.media(type="image", tag="fruit", q="exotic")) == ["mango.jpg"]
    assert names(library.media(type="video", tag="fruit")) == []


def test_by_a_collection_that_is_not_there(library):
    reply = library.get("/media?collection=col_1")
    if reply.status_code == 200:
        assert shapes.success(reply) == []
    else:
        shapes.any_failure(reply, 400, 404)


SIZES = [5, 10, 10, 20, 30, 40, 50, 60]


@pytest.mark.parametrize(
    "parameters, expected",
    [
        ({"sort": "size", "order": "asc"}, SIZES),
        ({"sort": "size", "order": "desc"}, SIZES[::-1]),
        ({"sort": "-size"}, SIZES[::-1]),
    ],
)
def test_by_size(library, parameters, expected):
    assert [thing["size"] for thing in library.media(**parameters)] == expected


def test_by_time(library):
    assert library.media(sort="created_at", order="asc") == library.things
    assert library.media(sort="created_at", order="desc") == library.things[::-1]


def test_by_name(library):
    up = names(library.media(sort="filename", order="asc"))
    assert up == names(library.media(sort="filename", order="desc"))[::-1]
    plain = [name for name in up if name.isascii() and name[0].islower()]
    assert plain == sorted(plain)


def test_the_total_follows_uploads_and_deletes(user):
    things = [user.upload(b"x", f"{n}.jpg") for n in range(4)]
    user.upload(b"x", "a.mp3")
    assert pagination(user.get("/media"))["total"] == 5
    assert pagination(user.get("/media?type=image"))["total"] == 4
    user.delete(f"/media/{things[0]['id']}")
    user.patch(f"/media/{things[1]['id']}", json={"title": "x"})
    assert pagination(user.get("/media"))["total"] == 4
    assert pagination(user.get("/media?type=image"))["total"] == 3
    assert pagination(user.get("/media?type=video"))["total"] == 0


def walk(caller, path, **parameters):
    """All that the list has, page after page by cursors; what is asked in between is in the middle."""
    found, pages, cursor = [], [], ""
    while cursor is not None:
        reply = caller.get(path, params={**parameters, "cursor": cursor})
        found += shapes.success(reply)
        pages.append(pagination(reply))
        assert pages[-1]["count"] == len(reply.json()["data"]) and pages[-1]["current_page"] == len(pages)
        assert pages[-1]["total"] == pages[0]["total"]
        cursor, link = pages[-1]["links"]["next_cursor"], pages[-1]["links"]["next"]
        assert (cursor is None) == (link is None)
        if cursor is not None:
            query = dict(parse_qsl(urlsplit(link).query))
            assert query == {**{name: str(value) for name, value in parameters.items()}, "cursor": cursor}
    return found


@pytest.mark.parametrize("parameters", [
    {}, {"sort": "filename"}, {"sort": "-filename"}, {"sort": "size"}, {"sort": "-size"}, {"order": "asc"},
    {"type": "document"}, {"type": "image", "sort": "size"}, {"tag": "fruit"}, {"tag": "fruit", "sort": "filename"},
    {"q": "a"}, {"q": "a", "sort": "size"}, {"q": "a", "sort": "created_at"}, {"q": "r a", "sort": "-filename"},
    {"q": "a", "sort": "relevance", "order": "desc"}, {"created_after": "2020-01-01T00:00:00Z"}, {"q": "no such thing"},
])
@pytest.mark.parametrize("per_page", [1, 3, 100])
def test_cursors_lead_through_every_list(library, parameters, per_page):
    everything = shapes.success(library.get("/media", params=parameters))
    assert walk(library, "/media", per_page=per_page, **parameters) == everything


def test_cursors_lead_through_a_collection(library):
    made = shapes.success(library.post("/collections", json={"name": "all"}), 201)
    ids = [thing["id"] for thing in library.things[::-1]]
    shapes.success(library.post(f"/collections/{made['id']}/media", json={"media_ids": ids}))
    path = f"/collections/{made['id']}/media"
    for sort in ("position", "-position", "-added_at", "size", "filename", "-created_at"):
        everything = shapes.success(library.get(path, params={"sort": sort}))
        assert len(everything) == 8
        assert walk(library, path, sort=sort, per_page=3) == everything
    shapes.success(library.delete(f"/collections/{made['id']}"))


def test_cursors_are_not_moved_by_what_comes_and_goes(user):
    things = [user.upload(b"%d" % n, f"{n}.txt") for n in range(9)]
    for sort in ("-created_at", "created_at", "filename", "-size"):
        extra = [user.upload(b"x", f"a{n}.txt") for n in range(3)]
        expected = [thing["id"] for thing in user.media(sort=sort)]
        first = user.get("/media", params={"sort": sort, "per_page": 4, "cursor": ""})
        seen = [thing["id"] for thing in shapes.success(first)]
        gone = [thing["id"] for thing in extra]
        for media in gone:
            shapes.success(user.delete(f"/media/{media}"))
        rest = {"sort": sort, "per_page": 100, "cursor": pagination(first)["links"]["next_cursor"]}
        seen += [thing["id"] for thing in shapes.success(user.get("/media", params=rest))]
        assert [media for media in seen if media not in gone] == [media for media in expected if media not in gone]
    assert len(things) == pagination(user.get("/media"))["total"]


def fill(user, kind):
    """The path of a list of nine things, how one more is made and how one is taken away."""
    if kind == "collections":
        def make():
            return shapes.success(user.post("/collections", json={"name": "c"}), 201)["id"]
        path = "/collections"
        def remove(one):
            shapes.success(user.delete(f"/collections/{one}"))
    elif kind == "trash":
        def make():
            media = user.upload(b"x", "x.txt")["id"]
            shapes.success(user.delete(f"/media/{media}"))
            return media
        path = "/trash"
        def remove(one):
            shapes.success(user.post(f"/trash/{one}/restore"))
    elif kind == "deliveries":
        body = {"url": "https://192.0.2.1/nobody", "events": ["media.deleted"]}
        path = f"/webhooks/{shapes.success(user.post('/webhooks', json=body), 201)['id']}"
        def make():
            return shapes.success(user.post(f"{path}/test"), 202)["id"]
        remove = None
        path_of_list = path + "/deliveries"
        return path_of_list, make, remove
    elif kind == "webhooks":
        path = "/webhooks"
        def make():
            body = {"url": "https://192.0.2.1/nobody", "events": ["media.deleted"]}
            return shapes.success(user.post(path, json=body), 201)["id"]
        def remove(one):
            shapes.success(user.delete(f"{path}/{one}"))
    elif kind == "keys":
        path = "/api-keys"
        def make():
            return shapes.success(user.post(path, json={"name": "k"}), 201)["id"]
        def remove(one):
            shapes.success(user.delete(f"{path}/{one}"))
    elif kind == "sessions":
        path = "/auth/sessions"
        def make():
            own = shapes.success(user.again().get(path))
            return next(session["id"] for session in own if session["current"])
        def remove(one):
            shapes.success(user.delete(f"{path}/{one}"))
    else:
        media = f"/media/{user.upload(b'x', 'x.txt')['id']}"
        group = f"/collections/{shapes.success(user.post('/collections', json={'name': 'c'}), 201)['id']}"
        target = group if kind == "shares of a collection" else media
        path = "/shares" if kind == "shares" else target + "/shares"
        def make():
            return shapes.success(user.post(target + "/shares", json={}), 201)["id"]
        def remove(one):
            shapes.success(user.delete(f"/shares/{one}"))
    return path, make, remove


def ids(things):
    return [thing["id"] for thing in things]


# The lists that have no end of their own at 20, and are sent as a whole where no page is asked for.
WHOLE = ("webhooks", "keys", "sessions")


@pytest.mark.parametrize("kind", [
    "collections", "trash", "deliveries", "shares", "shares of a file", "shares of a collection", *WHOLE,
])
def test_every_list_has_cursors(user, stranger, kind):
    path, make, remove = fill(user, kind)
    ascending = kind == "collections" or kind in WHOLE
    before = ids(shapes.success(user.get(path)))  # the session of the log-in
    made = [make() for _ in range(9 - len(before))]
    order = before + made if ascending else made[::-1]

    assert ids(shapes.success(user.get(path))) == order
    for per_page in (1, 3, 9, 100):
        assert ids(walk(user, path, per_page=per_page)) == order
    first = user.get(path, params={"per_page": 4, "cursor": ""})
    cursor = pagination(first)["links"]["next_cursor"]
    assert ids(shapes.success(first)) == order[:4]
    # Where it goes on does not depend on what comes and goes, not even on where it stopped.
    later = [] if remove is None else [make()]
    for one in [] if remove is None else [order[1], order[3]]:
        remove(one)
    rest = ids(shapes.success(user.get(path, params={"per_page": 100, "cursor": cursor})))
    assert rest == order[4:] + (later if ascending else [])
    changed = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    lists = ["/collections", "/trash", "/shares", "/webhooks", "/api-keys", "/auth/sessions"]
    for caller, where, parameters in [
        (user, path, {"cursor": changed}), (user, path, {"cursor": "x"}), (user, path, {"cursor": cursor, "page": 1}),
        (user, "/media", {"cursor": cursor}), *((user, other, {"cursor": cursor}) for other in lists if other != path),
        *([(stranger, path, {"cursor": cursor})] if path in lists else []),
    ]:
        shapes.failure(caller.get(where, params=parameters), "validation_error", field="cursor")
    assert set(pagination(user.get(path))["links"]) == {"next", "prev"}


@pytest.mark.parametrize("kind", WHOLE)
def test_a_short_list_is_whole_unless_a_page_is_asked_for(user, kind):
    path, make, _ = fill(user, kind)
    order = ids(shapes.success(user.get(path)))
    order += [make() for _ in range(20 - len(order))]
    if kind != "webhooks":  # an account has 20 of them
        order += [make() for _ in range(25)]
    whole = user.get(path)
    assert ids(shapes.success(whole)) == order
    assert pagination(whole) == {
        "total": len(order), "count": len(order), "per_page": len(order), "current_page": 1, "total_pages": 1,
        "links": {"next": None, "prev": None},
    }
    for page in (1, 2, 3, 4):
        reply = user.get(path, params={"page": page, "per_page": 16})
        assert ids(shapes.success(reply)) == order[16 * page - 16 : 16 * page]
        assert pagination(reply)["total"] == len(order)
        assert pagination(reply)["count"] == len(order[16 * page - 16 : 16 * page])
    reply = user.get(path, params={"page": 1})
    assert ids(shapes.success(reply)) == order[:20] and pagination(reply)["per_page"] == 20
    for name in ("page", "per_page"):
        shapes.failure(user.get(path, params={name: 0}), "validation_error", field=name)


def test_cursors_of_deliveries_belong_to_their_filter(user):
    path, make, _ = fill(user, "deliveries")
    for _ in range(3):
        make()
    first = user.get(path, params={"per_page": 1, "cursor": ""})
    cursor = pagination(first)["links"]["next_cursor"]
    assert len(shapes.success(user.get(path, params={"cursor": cursor}))) == 2
    for status in ("pending", "dead"):
        reply = user.get(path, params={"cursor": cursor, "status": status})
        shapes.failure(reply, "validation_error", field="cursor")


def test_a_cursor_is_good_for_its_list_alone(library, stranger):
    own = {"q": "a", "per_page": 1, "sort": "size"}
    cursor = pagination(library.get("/media", params={**own, "cursor": ""}))["links"]["next_cursor"]
    assert shapes.success(library.get("/media", params={**own, "cursor": cursor}))
    assert shapes.success(library.get("/media", params={**own, "per_page": 3, "cursor": cursor}))
    changed = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    for caller, parameters in [
        (stranger, {**own, "cursor": cursor}), (library, {**own, "q": "b", "cursor": cursor}),
        (library, {**own, "sort": "-size", "cursor": cursor}), (library, {**own, "type": "image", "cursor": cursor}),
        (library, {"per_page": 1, "cursor": cursor}), (library, {**own, "created_after": "2020-01-01", "cursor": cursor}),
        (library, {**own, "cursor": cursor, "page": 1}), (library, {**own, "cursor": changed}),
        *((library, {**own, "cursor": bad}) for bad in ("x", cursor[:-2], cursor + "AA", "%", "é", "A" * 5000)),
    ]:
        error = shapes.failure(caller.get("/media", params=parameters), "validation_error")
        assert {fault["field"] for fault in error["details"]} <= {"cursor", "created_after"}


def test_the_page_form_has_no_cursors(library):
    assert set(pagination(library.get("/media"))["links"]) == {"next", "prev"}
    assert "total_is_more" not in pagination(library.get("/media"))
    assert pagination(library.get("/media?q=a"))["total_is_more"] is False


def test_by_dates(user):
    things = [user.upload(b"%d" % n, f"{n}.txt") for n in range(3)]
    assert pagination(user.get("/media?created_after=2020-01-01T00:00:00Z"))["total"] == 3
    assert user.media(created_before="2020-01-01T00:00:00Z") == []
    assert user.media(created_after="9999-01-01T00:00:00Z") == []
    assert user.media(created_after="2020-01-01T02:00:00+02:00", q="1") == [things[1]]
    assert user.media(created_after="2020-01-01T00:00:00Z", created_before="2020-01-02T00:00:00Z", q="1") == []


@pytest.mark.parametrize("value", ["", "x", "2020-13-01T00:00:00Z", "yesterday", "2020-01-01T00:00:00+99:00", "1e9"])
@pytest.mark.parametrize("name", ["created_after", "created_before"])
def test_dates_that_are_none(library, name, value):
    shapes.failure(library.get("/media", params={name: value}), "validation_error", field=name)


@pytest.mark.parametrize("query, field", [
    ("sort=relevance", "sort"), ("q=a&sort=-relevance", "sort"), ("q=a&sort=relevance&order=asc", "order"),
])
def test_relevance_needs_a_text_and_has_one_direction(library, query, field):
    shapes.failure(library.get(f"/media?{query}"), "validation_error", field=field)


def test_the_best_comes_first_then_the_newest(user):
    for name, fields in [("sunset.jpg", {}), ("unsung.jpg", {}), ("beach.jpg", {"tags": "Sunny"}),
                         ("misunderstood.txt", {}), ("moon.jpg", {"description": "no sun"})]:
        user.upload(name.encode(), name, **fields)
    best = ["beach.jpg", "sunset.jpg", "moon.jpg", "misunderstood.txt", "unsung.jpg"]
    assert names(user.media(q="sun")) == best
    assert names(user.media(q="sun", sort="relevance")) == best
    assert names(user.media(q="SUN", sort="filename")) == sorted(best)
    newest = ["moon.jpg", "misunderstood.txt", "beach.jpg", "unsung.jpg", "sunset.jpg"]
    assert names(user.media(q="sun", sort="-created_at")) == newest
    assert names(user.media(q="sun", order="asc")) == newest[::-1]


def test_search_follows_changes(user):
    thing = user.upload(b"x", "before.txt", tags="old")
    user.patch(f"/media/{thing['id']}", json={"title": "Needle", "tags": ["new"], "filename": "after.txt"})
    assert user.media(q="needle") and user.media(tag="new") and user.media(q="after")
    assert not user.media(tag="old") and not user.media(q="before") and not user.media(q="old")
