"""Groups, invites and transfers of the File Uploader API, and callers that meet in them."""

import concurrent.futures
import threading

import pytest

from harness import program, samples
from harness.client import unique_name
from harness.fileuploader import PASSWORD, FileUploader, auth_error, done, error, INVALID, NOT_FOUND


@pytest.fixture
def owner(shared):
    return FileUploader.registered(shared)


@pytest.fixture
def member(shared, owner):
    caller = FileUploader.registered(shared)
    caller.group_id = owner.group()
    caller.join(owner.invite(caller.group_id))
    return caller


def at_once(calls):
    """The results of all calls, which begin together."""
    barrier = threading.Barrier(len(calls))

    def run(call):
        barrier.wait()
        return call()

    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def statuses(replies):
    return sorted(reply.status_code for reply in replies)


def test_a_body_with_a_key_twice_is_none(owner):
    body = b'{"group_name": "one", "group_name": "two"}'
    reply = owner.post("/api/create_group", data=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 400 and reply.json()["message"] == "No group_name provided"
    assert done(owner.get("/api/get_groups"))["groups"] == []


# Who sees what.

def test_whose_keys_are_told(owner, member, shared):
    group = member.group_id
    mine = owner.upload(b"o", "owner.txt", group=group)
    theirs = member.upload(b"m", "member.txt", group=group)
    keys = {f["user_filename"]: f["key"] for f in owner.files(group)}
    assert keys["owner.txt"] == mine["key"]
    assert keys["member.txt"] not in ("", theirs["key"])  # the group's, not the uploader's
    keys = {f["user_filename"]: f["key"] for f in member.files(group)}
    assert keys == {"owner.txt": "", "member.txt": theirs["key"]}
    third = FileUploader.registered(shared)
    third.join(owner.invite(group))
    assert {f["key"] for f in third.files(group)} == {""}


def test_a_file_stands_in_one_place(owner, member):
    group = member.group_id
    member.upload(b"g", "in group.txt", group=group)
    member.upload(b"p", "own.txt")
    assert member.names() == ["own.txt"]
    assert member.names(group) == owner.names(group) == ["in group.txt"]
    assert owner.names() == []
    # Other dialects list by owner, over all spaces.
    media = member.get(member.server.root + "/media").json()["data"]
    assert {m["filename"] for m in media} == {"own.txt", "in group.txt"}


def test_who_has_left_has_no_access_but_owns(owner, member):
    group = member.group_id
    file = member.upload(b"m", "m.txt", group=group)
    done(member.post(f"/api/leave/{group}"))
    error(member.get(f"/api/get_files/{group}"), 403, "You are not in the group")
    error(member.try_upload(group=group), 403, "You are not in the group")
    error(member.post(f"/api/leave/{group}"), 400, "You are not in the group")
    assert owner.names(group) == ["m.txt"]
    assert member.fetch(file).content == b"m"
    done(member.remove(file))
    assert owner.names(group) == []
    member.join(owner.invite(group))


def test_deleting_a_group_returns_its_files(owner, member, shared):
    group = member.group_id
    data = {"same.txt": samples.noise(100), "other.txt": samples.noise(50_000)}
    member.upload(b"own", "same.txt")
    files = [member.upload(content, name, group=group) for name, content in data.items()]
    kept = owner.upload(b"o", "o.txt", group=group)
    other = owner.group("another")
    stays = owner.upload(b"s", "s.txt", group=other)
    invite = owner.invite(group)
    done(owner.delete(f"/api/delete_group/{group}"))

    for path in ("upload", "get_files"):
        method = "POST" if path == "upload" else "GET"
        reply = member.try_upload(group=group) if path == "upload" else member.call(method, f"/api/{path}/{group}")
        error(reply, 404, "Group not found")
    error(owner.delete(f"/api/delete_group/{group}"), 404, "Group not found")
    error(owner.get(f"/api/generate_invite/{group}"), 404, "Group not found")
    error(member.post(f"/api/leave/{group}"), 404, "Group not found")
    error(FileUploader.registered(shared).post(f"/api/join/{invite}"), 404, "Invite link not found")
    assert member.groups() == [] and [g["group_id"] for g in owner.groups()] == [other]

    assert sorted(member.names()) == ["other.txt", "same.txt", "same.txt"]
    assert owner.names() == ["o.txt"] and owner.names(other) == ["s.txt"]
    for file, content in zip(files, data.values()):
        assert member.fetch(file).content == content
        done(member.remove(file))
    done(owner.remove(kept))
    done(owner.remove(stays))


def test_a_former_owner_has_no_power_over_what_went_home(owner, member):
    group = member.group_id
    files = [member.upload(b"m", f"{number}.txt", group=group) for number in range(2)]
    keys = {f["file_url"]: f["key"] for f in owner.files(group)}
    deleted, kept = files
    done(owner.get(f"/api/delete/{deleted['file_url']}?key={keys[deleted['file_url']]}"))
    done(owner.delete(f"/api/delete_group/{group}"))
    error(owner.get(f"/api/delete/{kept['file_url']}?key={keys[kept['file_url']]}"), 400, "Invalid unique key")
    assert member.fetch(kept).content == b"m"
    done(member.remove(kept))


def test_a_link_is_made_new(member):
    file = member.upload(b"m", "m.txt")
    error(member.post(f"/api/rotate/{file['file_url']}?key=x"), 400, "Invalid unique key")
    fresh = done(member.post(f"/api/rotate/{file['file_url']}?key={file['key']}"))
    assert fresh["message"] == "rotated" and fresh["file_url"] != file["file_url"] and fresh["key"] != file["key"]
    assert fresh["file_url_full"].endswith("/file/" + fresh["file_url"])
    for path in ("file", "f"):
        assert member.get(f"/{path}/{file['file_url']}").status_code == 404
        assert member.get(f"/{path}/{fresh['file_url']}").content == b"m"
    error(member.post(f"/api/rotate/{file['file_url']}?key={file['key']}"), 404, "File not found")
    [listed] = member.files("private")
    assert (listed["file_url"], listed["key"]) == (fresh["file_url"], fresh["key"])
    done(member.remove(fresh))


def test_invites_stay_until_they_are_revoked(owner, shared):
    group = owner.group()
    first, second = owner.invite(group), owner.invite(group)
    assert first != second
    for invite in (first, second, first):
        FileUploader.registered(shared).join(invite)
    assert done(owner.delete(f"/api/generate_invite/{group}"))["message"] == "revoked"
    late = FileUploader.registered(shared)
    for invite in (first, second):
        error(late.post(f"/api/join/{invite}"), 404, "Invite link not found")
        error(late.get(f"/api/invite_info/{invite}"), 404, "Invite link not found")
    late.join(owner.invite(group))


def test_groups_come_in_the_order_of_joining(owner, shared):
    caller = FileUploader.registered(shared)
    own = caller.group("Bim-Bim")
    theirs = owner.group("Bam-Bam")
    caller.join(owner.invite(theirs))
    last = caller.group("Bim-Bim")
    assert caller.groups() == [
        {"name": "Bim-Bim", "group_id": own},
        {"name": "Bam-Bam", "group_id": theirs},
        {"name": "Bim-Bim", "group_id": last},
    ]


# Tokens.

def claims(token):
    import base64
    import json

    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@pytest.mark.parametrize("bot, days", [(None, 5), ("false", 5), ("0", 5), ("true", 180), ("1", 180)])
def test_lifetimes(shared, bot, days):
    caller = FileUploader.registered(shared, bot=bot)
    tokens = [caller.token]
    query = "" if bot is None else f"?bot={bot}"
    body = {"username": caller.username, "password": PASSWORD}
    tokens.append(done(caller.post("/api/login" + query, json=body))["accessToken"])
    tokens.append(done(caller.post("/api/refresh_token", json={"accessToken": tokens[0]}))["accessToken"])
    for token in tokens:
        assert claims(token)["exp"] - claims(token)["iat"] == days * 86400
    auth_error(caller.get("/api/get_groups"), NOT_FOUND)  # the one that was refreshed


def test_a_token_is_good_in_every_dialect(shared, owner):
    native = shared.user()
    caller = FileUploader(shared, native.token)
    assert caller.groups() == []
    assert owner.get(shared.url + "/storage/api/v5/me").json()["username"] == owner.username
    # A refresh token of another dialect is no access token here.
    caller.become(native.refresh_token)
    auth_error(caller.get("/api/get_groups"), INVALID)
    auth_error(caller.post("/api/refresh_token", json={"accessToken": native.refresh_token}), INVALID)


def test_logging_out_ends_one_session(shared, owner):
    body = {"username": owner.username, "password": PASSWORD}
    other = FileUploader(shared, done(owner.post("/api/login", json=body))["accessToken"])
    done(owner.post("/api/logout"))
    auth_error(owner.post("/api/logout"), NOT_FOUND)
    auth_error(owner.post("/api/refresh_token", json={"accessToken": owner.token}), NOT_FOUND)
    assert other.groups() == []


# Many at once.

def test_an_invite_for_so_many(owner, shared):
    group = owner.group()
    made = done(owner.get(f"/api/generate_invite/{group}?max_uses=2"))
    assert made["max_uses"] == 2
    invite = made["invite_link"].rpartition("/")[2]
    error(owner.post(f"/api/join/{invite}"), 400, "You are already in the group")  # uses nothing up
    first = FileUploader.registered(shared)
    first.join(invite)
    error(first.post(f"/api/join/{invite}"), 400, "You are already in the group")
    FileUploader.registered(shared).join(invite)
    late = FileUploader.registered(shared)
    error(late.post(f"/api/join/{invite}"), 404, "Invite link not found")
    error(late.get(f"/api/invite_info/{invite}"), 404, "Invite link not found")
    for unlimited in ("", "?max_uses=0"):
        assert done(owner.get(f"/api/generate_invite/{group}{unlimited}"))["max_uses"] == 0
    for wrong in ("10001", "-1", "x", "", "99999999999999999999"):
        error(owner.get(f"/api/generate_invite/{group}?max_uses={wrong}"), 400, "Invalid max_uses parameter")


def test_fifty_join_by_one_invite(owner, shared):
    group = owner.group()
    invite = owner.invite(group)
    callers = at_once([lambda: FileUploader.registered(shared)] * 10)
    callers += at_once([lambda: FileUploader.registered(shared)] * 40)
    # Each of them twice: one of the two joins.
    replies = at_once([lambda c=c: c.twin().post(f"/api/join/{invite}") for c in callers + callers])
    assert statuses(replies) == [200] * 50 + [400] * 50
    assert all(caller.groups() == [{"name": "New group", "group_id": group}] for caller in callers)


def test_twenty_delete_one_file(owner):
    file = owner.upload()
    replies = at_once([lambda: owner.twin().remove(file)] * 20)
    assert statuses(replies) == [200] + [404] * 19
    for reply in replies:
        if reply.status_code == 404:
            error(reply, 404, "File not found")


def test_two_transfer_one_file(shared, owner):
    other = FileUploader.registered(shared)
    guest = FileUploader(shared)
    for _ in range(10):
        file = guest.upload(b"loose", "loose.txt")
        body = {"data": [{"file_url": file["file_url"], "key": file["key"]}]}
        replies = at_once([lambda c=c: c.twin().post("/api/transfer", json=body) for c in (owner, other)])
        left = sorted(len(done(reply)["unsuccess"]) for reply in replies)
        assert left == [0, 1]
    assert len(owner.files()) + len(other.files()) == 10


def test_transfer_takes_what_nobody_owns_or_the_caller(shared, owner, member):
    guest = FileUploader(shared)
    own = owner.upload(b"own", "own.txt")
    in_group = owner.upload(b"g", "g.txt", group=member.group_id)
    theirs = member.upload(b"theirs", "t.txt")
    loose = guest.upload(b"loose", "l.txt", query="?include_ext=true")
    absent = {"file_url": "4yn-8yjhsu", "key": loose["key"]}
    claim = lambda f: {"file_url": f["file_url"], "key": f["key"]}
    data = [claim(own), claim(theirs), claim(loose), absent, claim(in_group), claim(loose)]
    reply = done(owner.post("/api/transfer", json={"data": data}))
    assert reply["unsuccess"] == [claim(theirs), absent]
    assert owner.names() == ["own.txt", "l.txt"]
    assert owner.names(member.group_id) == ["g.txt"]
    assert owner.files()[1]["file_url"] == loose["file_url"]
    assert owner.fetch(loose).content == b"loose"
    # What is an account's now is no guest's any more.
    reply = done(member.post("/api/transfer", json={"data": [claim(loose)]}))
    assert reply["unsuccess"] == [claim(loose)]


def test_transfer_counts_in_the_quota(launch):
    server = launch({"accounts.quota": "100KB"})
    caller, guest = FileUploader.registered(server), FileUploader(server)
    files = [guest.upload(samples.noise(40_000, seed), f"{seed}.bin") for seed in range(3)]
    data = [{"file_url": f["file_url"], "key": f["key"]} for f in files]
    assert done(caller.post("/api/transfer", json={"data": data}))["unsuccess"] == [data[2]]
    reply = caller.try_upload(samples.noise(40_000, 9), "more.bin")
    assert reply.status_code == 413 and reply.json()["status"] == "error"
    assert len(caller.files()) == 2


def test_uploads_while_the_group_goes(owner, member):
    group = member.group_id
    calls = [lambda i=i: member.twin().try_upload(b"%d" % i, f"{i}.txt", group=group) for i in range(12)]
    calls.append(lambda: owner.twin().delete(f"/api/delete_group/{group}"))
    replies = at_once(calls)
    done(replies[-1])
    stored = []
    for reply in replies[:-1]:
        if reply.status_code == 200:
            stored.append(reply.json()["user_filename"])
        else:
            error(reply, 404, "Group not found")
    assert sorted(member.names()) == sorted(stored)


def test_uploads_while_somebody_leaves(owner, member):
    group = member.group_id
    calls = [lambda i=i: member.twin().try_upload(b"%d" % i, f"{i}.txt", group=group) for i in range(12)]
    calls.append(lambda: member.twin().post(f"/api/leave/{group}"))
    replies = at_once(calls)
    stored = [r for r in replies[:-1] if r.status_code == 200]
    for reply in replies[:-1]:
        if reply.status_code != 200:
            error(reply, 403, "You are not in the group")
    assert len(owner.files(group)) == len(stored)


def test_one_name_is_registered_once(shared):
    body = {"username": unique_name(), "password": PASSWORD}
    replies = at_once([lambda: FileUploader(shared).post("/api/register", json=body)] * 8)
    assert statuses(replies) == [200] + [400] * 7


def test_one_token_is_refreshed_once(owner):
    body = {"accessToken": owner.token}
    replies = at_once([lambda: owner.twin().post("/api/refresh_token", json=body)] * 8)
    assert statuses(replies) == [200] + [401] * 7


def test_a_kill_in_the_middle(launch):
    """Uploads, a join, a transfer and the group's end, all under way when the server dies."""
    from harness import program

    server = launch()
    owner, member = FileUploader.registered(server), FileUploader.registered(server)
    guest = FileUploader(server)
    answered, loose, keys, bound = {}, {}, {}, set()
    for round_ in range(3):
        group = owner.group()
        member.join(owner.invite(group))
        began = threading.Barrier(7)

        def work(number, caller, where):
            began.wait()
            for count in range(200):
                data = samples.noise(100 + 4000 * (count % 20), f"{round_} {number} {count}")
                try:
                    reply = caller.try_upload(data, f"{round_}-{number}-{count}.bin", group=where)
                except OSError:
                    return
                if reply.status_code == 200:
                    keys[reply.json()["file_url"]] = reply.json()["key"]
                    (loose if where == "private" else answered)[reply.json()["file_url"]] = data
                else:
                    error(reply, 404, "Group not found")
                    return

        def claim():
            began.wait()
            try:
                while True:
                    data = [{"file_url": url, "key": keys[url]} for url in list(loose)]
                    reply = done(member.twin().post("/api/transfer", json={"data": data}))
                    assert reply["unsuccess"] == []
                    bound.update(item["file_url"] for item in data)
            except OSError:
                pass

        threads = [threading.Thread(target=work, args=(n, owner.twin() if n % 2 else member.twin(), group)) for n in range(4)]
        threads.append(threading.Thread(target=work, args=(9, FileUploader(server), "private")))
        threads.append(threading.Thread(target=claim))
        for thread in threads:
            thread.start()
        began.wait()
        threading.Event().wait(0.25)
        if round_ == 1:
            done(owner.delete(f"/api/delete_group/{group}"))
        server.kill()
        for thread in threads:
            thread.join()
        server.start()
        for caller in (owner, member, guest):
            caller.root = server.url
        listed = {f["file_url"] for f in owner.files() + member.files()}
        for known in owner.groups():
            listed |= {f["file_url"] for f in owner.files(known["group_id"])}
        assert set(answered) | bound <= listed, (set(answered) | bound) - listed
    assert len(answered) > 20 and bound
    for url, data in {**answered, **loose}.items():
        assert guest.fetch(url).content == data
    server.stop_well()
    checked = program.run("fsck", "--data", server.data)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_deleted_groups_files_move_home(launch):
    """Their places follow in the background, and go on after a restart."""
    import sqlite3
    import time

    server = launch()
    owner, member = FileUploader.registered(server), FileUploader.registered(server)
    group = owner.group()
    member.join(owner.invite(group))
    member.upload(b"own", "same.txt")
    for _ in range(3):
        member.upload(b"shared", "same.txt", group=group)
    done(owner.delete(f"/api/delete_group/{group}"))
    server.kill()
    server.start()
    database = sqlite3.connect(f"file:{server.data}/coffer.db?mode=ro", uri=True)
    deadline = time.monotonic() + program.patience(20)
    while database.execute("SELECT count(*) FROM space WHERE kind = 2").fetchone() != (0,):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    keys = database.execute("SELECT entry.key FROM entry JOIN account ON home_id = space_id ORDER BY 1").fetchall()
    assert [key for (key,) in keys] == [b"same (2).txt", b"same (3).txt", b"same (4).txt", b"same.txt"]
    database.close()
    member.root = server.url
    assert member.names() == ["same.txt"] * 4
