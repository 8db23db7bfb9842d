"""Accounts and sessions."""

import base64
import hashlib
import hmac
import json
import threading
import time

import pytest

from harness import shapes
from harness.client import Api, User, unique_name


def register(api, **changes):
    """The reply to a registration that is right but for `changes`; None takes a field away."""
    body = {
        "email": unique_name() + "@example.com",
        "username": unique_name(),
        "password": "correct horse 7",
        **changes,
    }
    return api.post("/auth/register", json={k: v for k, v in body.items() if v is not None})


def log_in(api, username, password):
    return api.post("/auth/login", json={"username": username, "password": password})


# Registration.


def test_the_new_account(anyone):
    account = shapes.user(shapes.success(register(anyone, username="Zoë Müller"), 201))
    assert account["username"] == "Zoë Müller"
    assert account["is_admin"] is False
    assert account["used_bytes"] == 0


def test_an_email_is_optional(anyone):
    name = unique_name()
    assert shapes.user(shapes.success(register(anyone, username=name, email=None), 201))["email"] is None
    shapes.success(log_in(anyone, name, "correct horse 7"))


@pytest.mark.parametrize("field", ["username", "password"])
def test_what_registration_needs(anyone, field):
    shapes.failure(register(anyone, **{field: None}), "validation_error", field=field)


@pytest.mark.parametrize(
    "field, value",
    [
        ("username", ""),
        ("username", "   "),
        ("username", "x" * 65),
        ("username", "a\nb"),
        ("username", "a\0b"),
        ("username", "a\x7fb"),
        ("email", "x"),
        ("email", "@"),
        ("email", "a@"),
        ("email", "@b"),
        ("email", "a b@example.com"),
        ("email", "a@example.com\r\nBcc: b@example.com"),
        ("email", "a" * 250 + "@example.com"),
        ("password", "1234567"),
        ("password", "x" * 1025),
    ],
)
def test_bad_values_are_named(anyone, field, value):
    shapes.failure(register(anyone, **{field: value}), "validation_error", field=field)


@pytest.mark.parametrize("username", ["x", "ü" * 64, "two words", "名前", "👩‍🚀", "o'hara \"q\" <b>"])
def test_names_that_are_good(anyone, username):
    username = username if len(username) == 64 else username + unique_name("")[: 60 - len(username)]
    assert shapes.success(register(anyone, username=username), 201)["username"] == username
    shapes.success(log_in(anyone, username, "correct horse 7"))


@pytest.mark.parametrize("password", ["12345678", "x" * 1024, "пароль", "a\nb\tc\x01dddd", "  spaces  "])
def test_passwords_count_in_bytes_and_are_kept_whole(anyone, password):
    name = unique_name()
    shapes.success(register(anyone, username=name, password=password), 201)
    shapes.success(log_in(anyone, name, password))
    shapes.failure(log_in(anyone, name, password[:-1]), "unauthorized")
    shapes.failure(log_in(anyone, name, password.strip() + "x"), "unauthorized")


def test_a_null_byte_does_not_end_a_password(anyone):
    name = unique_name()
    shapes.success(register(anyone, username=name, password="12345678\0right"), 201)
    shapes.failure(log_in(anyone, name, "12345678\0wrong"), "unauthorized")
    shapes.failure(log_in(anyone, name, "12345678"), "unauthorized")
    shapes.success(log_in(anyone, name, "12345678\0right"))


@pytest.mark.parametrize(
    "first, second", [("ann", "ANN"), ("straße", "STRASSE"), ("é", "e\u0301"), ("ﬁn", "fin")]
)
def test_names_are_unique_without_regard_to_case_and_composition(anyone, first, second):
    tail = unique_name("")
    shapes.success(register(anyone, username=first + tail), 201)
    shapes.failure(register(anyone, username=second + tail), "conflict", field="username")


def test_addresses_are_unique_without_regard_to_case(anyone):
    address = unique_name() + "@Example.com"
    shapes.success(register(anyone, email=address), 201)
    shapes.failure(register(anyone, email=address.upper()), "conflict", field="email")


def test_nobody_takes_anothers_address_as_a_name(anyone):
    address = unique_name() + "@example.com"
    shapes.success(register(anyone, email=address, password="the first one"), 201)
    assert register(anyone, username=address, password="the second one").status_code in (400, 409)
    shapes.success(log_in(anyone, address, "the first one"))


def test_of_many_at_once_one_gets_the_name(shared):
    name, codes = unique_name(), []

    def run():
        codes.append(register(shared.anyone(), username=name).status_code)

    threads = [threading.Thread(target=run) for _ in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(codes) == [201] + [409] * 7


# Log-in.


def test_log_in_by_name_and_by_address_in_any_case(anyone, user):
    for login in (user.username, user.username.upper(), user.email, user.email.upper()):
        shapes.success(log_in(anyone, login, user.password))


def test_a_wrong_password_and_a_wrong_name_look_alike(anyone, user):
    wrong = log_in(anyone, user.username, "wrong password")
    nobody = log_in(anyone, unique_name("nobody"), user.password)
    assert shapes.failure(wrong, "unauthorized") == shapes.failure(nobody, "unauthorized")


def test_a_wrong_name_takes_as_long_as_a_wrong_password(launch):
    """Who measures cannot learn which accounts exist."""
    server = launch({"passwords.memory": "32MiB"})
    user = server.user()
    took = {user.username: [], "nobody at all": []}
    for _ in range(7):
        for name, times in took.items():
            begin = time.monotonic()
            log_in(server.anyone(), name, "wrong password")
            times.append(time.monotonic() - begin)
    known, unknown = (sorted(times)[3] for times in took.values())
    assert 0.5 < unknown / known < 2, took


def test_password_hashing_does_not_hold_up_others(launch):
    server = launch({"passwords.memory": "256MiB"})
    user = server.user()
    stop = threading.Event()

    def guess():
        while not stop.is_set():
            log_in(server.anyone(), user.username, "wrong password")

    threads = [threading.Thread(target=guess) for _ in range(8)]
    [t.start() for t in threads]
    time.sleep(0.5)
    took = []
    for _ in range(20):
        begin = time.monotonic()
        shapes.success(user.get("/users/me"))
        took.append(time.monotonic() - begin)
    stop.set()
    [t.join() for t in threads]
    assert sorted(took)[10] < 0.1, took


# Tokens.


def test_refresh_by_the_body_gives_a_token_that_works(shared, anyone, user):
    reply = anyone.post("/auth/refresh", json={"refresh_token": user.refresh_token})
    data = shapes.success(reply)
    for place in (reply.json(), data):
        assert place["expires_in"] == 3600 and place["token_type"] == "Bearer"
    fresh = Api(shared.root, token=data["token"])
    assert fresh.me()["id"] == user.me()["id"]


def test_refresh_by_the_bearer_with_the_documented_headers(shared, user):
    """The document wants Content-Type on every request, with a body or without."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    reply = Api(shared.root, token=user.refresh_token).post("/auth/refresh", headers=headers)
    assert reply.status_code == 200, reply.text
    assert Api(shared.root, token=reply.json()["token"]).get("/users/me").status_code == 200


@pytest.mark.parametrize("kind", ["token", "refresh_token"])
def test_refresh_by_the_bearer(shared, user, kind):
    reply = Api(shared.root, token=getattr(user, kind)).post("/auth/refresh")
    fresh = Api(shared.root, token=shapes.success(reply)["token"])
    assert fresh.me()["id"] == user.me()["id"]


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", 7, None])
def test_refresh_with_rubbish(anyone, token):
    shapes.any_failure(anyone.post("/auth/refresh", json={"refresh_token": token}), 400, 401)


def test_refresh_without_anything(anyone):
    shapes.any_failure(anyone.post("/auth/refresh"), 400, 401)


def test_log_out_ends_the_session_and_no_other(shared, user):
    other = user.again()
    shapes.success(user.post("/auth/logout"))
    shapes.failure(user.get("/users/me"), "unauthorized")
    shapes.failure(user.post("/auth/refresh"), "unauthorized")
    reply = shared.anyone().post("/auth/refresh", json={"refresh_token": user.refresh_token})
    shapes.failure(reply, "unauthorized")
    shapes.success(other.get("/users/me"))


def test_log_out_ends_refreshed_tokens_too(shared, user):
    reply = shared.anyone().post("/auth/refresh", json={"refresh_token": user.refresh_token})
    fresh = Api(shared.root, token=reply.json()["token"])
    shapes.success(fresh.post("/auth/logout"))
    shapes.failure(fresh.get("/users/me"), "unauthorized")
    shapes.failure(user.get("/users/me"), "unauthorized")


def test_a_token_of_another_server_is_worth_nothing(launch, user):
    other = launch()
    shapes.failure(Api(other.root, token=user.token).get("/users/me"), "unauthorized")


def test_a_token_outlives_a_restart(launch):
    server = launch()
    user = server.user()
    server.restart()
    assert Api(server.root, token=user.token).me()["username"] == user.username


@pytest.mark.parametrize(
    "header",
    ["Basic YTpi", "Bearer", "Bearer ", "Bearer  x y", "Token {}", "{}", "bearer{}", "Bearer {} x"],
)
def test_other_forms_of_the_header(shared, user, header):
    api = shared.anyone()
    reply = api.get("/users/me", headers={"Authorization": header.format(user.token)})
    shapes.failure(reply, "unauthorized")


def test_the_scheme_knows_no_case(shared, user):
    reply = shared.anyone().get("/users/me", headers={"Authorization": f"bearer {user.token}"})
    shapes.success(reply)


def part(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def claims_of(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


def forged(token):
    """Tokens that an enemy makes from a good one."""
    head, claims, signature = token.split(".")
    future = part(json.dumps({**claims_of(token), "exp": 4102444800}).encode())
    none = part(b'{"alg":"none","typ":"JWT"}')
    signed = {}
    for name, algorithm, key in [("empty key", "HS256", b""), ("known key", "HS256", b"secret")]:
        message = part(json.dumps({"alg": algorithm, "typ": "JWT"}).encode()) + "." + future
        digest = hmac.new(key, message.encode(), hashlib.sha256).digest()
        signed[name] = message + "." + part(digest)
    return {
        "alg none": f"{none}.{claims}.",
        "alg None": part(b'{"alg":"None"}') + f".{claims}.",
        "alg none, signed": f"{none}.{claims}.{signature}",
        "alg HS512": part(b'{"alg":"HS512","typ":"JWT"}') + f".{claims}.{signature}",
        "other claims": f"{head}.{future}.{signature}",
        "no signature": f"{head}.{claims}.",
        "short signature": f"{head}.{claims}.{signature[:-4]}",
        "two parts": f"{head}.{claims}",
        "four parts": token + ".x",
        "empty parts": "..",
        "not base64": "!!!.???.***",
        "huge": head + "." + "A" * 8000 + "." + signature,
        **signed,
    }


FORGERIES = sorted(forged(".".join([part(b"{}"), part(b"{}"), part(b"x")])))


@pytest.mark.parametrize("kind", FORGERIES)
def test_forged_tokens(shared, user, kind):
    api = Api(shared.root, token=forged(user.token)[kind])
    shapes.failure(api.get("/users/me"), "unauthorized")
    shapes.any_failure(api.post("/auth/refresh"), 400, 401)
    shapes.success(user.get("/users/me"))


# The profile.


def test_profile_changes(user, anyone):
    name, address = unique_name("new"), unique_name("new") + "@example.com"
    changed = shapes.user(shapes.success(user.patch("/users/me", json={"username": name, "email": address})))
    assert changed["username"] == name and changed["email"] == address
    assert user.me() == changed
    shapes.success(log_in(anyone, name, user.password))
    shapes.failure(log_in(anyone, user.username, user.password), "unauthorized")


def test_a_change_of_nothing(user):
    before = user.me()
    assert shapes.success(user.patch("/users/me", json={})) == before


def test_a_name_in_other_case_is_ones_own(user):
    changed = shapes.success(user.patch("/users/me", json={"username": user.username.upper()}))
    assert changed["username"] == user.username.upper()


@pytest.mark.parametrize("field", ["username", "email"])
def test_what_another_has_is_taken(user, stranger, field):
    reply = user.patch("/users/me", json={field: getattr(stranger, field).upper()})
    shapes.failure(reply, "conflict", field=field)
    assert user.me()[field] == getattr(user, field)


@pytest.mark.parametrize("change", [{"is_admin": True}, {"quota_bytes": 1}, {"used_bytes": -5}, {"id": "user_1"}])
def test_what_a_profile_cannot_change(user, change):
    before = user.me()
    reply = user.patch("/users/me", json=change)
    assert reply.status_code in (200, 400)
    after = user.me()
    assert after == before


def test_a_new_password_ends_the_other_sessions(shared, user):
    other = user.again()
    reply = user.patch("/users/me", json={"password": "another one 8", "current_password": user.password})
    shapes.success(reply)
    shapes.success(user.get("/users/me"))
    shapes.failure(other.get("/users/me"), "unauthorized")
    shapes.failure(log_in(shared.anyone(), user.username, user.password), "unauthorized")
    User(shared.root, user.username, "another one 8").me()


@pytest.mark.parametrize("current", [None, "wrong password", ""])
def test_a_new_password_needs_the_current_one(user, anyone, current):
    change = {"password": "another one 8"}
    if current is not None:
        change["current_password"] = current
    reply = user.patch("/users/me", json=change)
    error = shapes.any_failure(reply, 400, 403)
    assert "current_password" in [detail["field"] for detail in error["details"]]
    shapes.success(log_in(anyone, user.username, user.password))


def test_a_bad_new_password(user, anyone):
    change = {"password": "short", "current_password": user.password}
    shapes.failure(user.patch("/users/me", json=change), "validation_error", field="password")
    shapes.success(log_in(anyone, user.username, user.password))


@pytest.mark.parametrize(
    "change, wrong",
    [
        ({"password": "short"}, {"password", "current_password"}),
        ({"password": "short", "email": "x", "username": ""}, {"password", "current_password", "email", "username"}),
        ({"username": 5, "email": "x", "current_password": 5, "password": "short"},
         {"username", "email", "current_password", "password"}),
    ],
)
def test_every_wrong_field_of_a_profile_is_named_once(user, change, wrong):
    error = shapes.failure(user.patch("/users/me", json=change), "validation_error")
    assert sorted(detail["field"] for detail in error["details"]) == sorted(wrong)


def test_every_wrong_field_of_a_registration_is_named_once(anyone):
    reply = anyone.post("/auth/register", json={"username": 5, "email": "x"})
    error = shapes.failure(reply, "validation_error")
    assert sorted(detail["field"] for detail in error["details"]) == ["email", "password", "username"]


def test_an_address_can_be_taken_off(user, anyone):
    address = unique_name() + "@example.com"
    shapes.success(user.patch("/users/me", json={"email": address}))
    shapes.success(log_in(anyone, address, user.password))
    taken_off = shapes.success(user.patch("/users/me", json={"email": None}))
    assert taken_off["email"] is None and user.me()["email"] is None
    shapes.failure(log_in(anyone, address, user.password), "unauthorized")
    shapes.success(log_in(anyone, user.username, user.password))


def test_one_bad_field_changes_nothing(user):
    before = user.me()
    reply = user.patch("/users/me", json={"username": unique_name(), "email": "x"})
    shapes.failure(reply, "validation_error", field="email")
    assert user.me() == before
