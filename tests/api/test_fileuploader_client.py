"""The public Python client for the File Uploader API, against this server.

It knows one server only, so its connections get another base here. Where it disagrees with the
document: src/apis/fileuploader/README.md.
"""

import aiohttp
import fileuploader
import pytest
from fileuploader import exceptions
from fileuploader import user as users

from harness.client import unique_name
from harness.fileuploader import PASSWORD, FileUploader
from harness.realtime import run

HOME = "https://fu.andcool.ru"


@pytest.fixture
def client(shared, monkeypatch):
    real = aiohttp.ClientSession

    def session(base, *args, **options):
        assert base == HOME
        return real(shared.url, *args, **options)

    monkeypatch.setattr(aiohttp, "ClientSession", session)
    return shared


def test_files(client):
    async def scenario():
        name = unique_name()
        user = await users.register(name, PASSWORD)
        assert user.username == name
        user = await users.login(name, PASSWORD, is_bot=True)
        loose = await fileuploader.upload(b"loose", "loose.txt")
        assert loose.synced is False and loose.auth_error.error_id == -1
        own = await fileuploader.upload(b"own", "own.png", user=user, include_ext=True)
        assert own.synced and own.auth_error is None and own.file_url.endswith(".png")
        assert own.size == "3 B" and own.craeted_at > 1.6e9
        claims = [{"file_url": loose.file_url, "key": loose.key}, {"file_url": "x", "key": "y"}]
        assert await user.transfer(claims) == claims[1:]
        private = (await user.get_groups())[0]
        assert sorted(f.user_filename for f in await private.get_files(user)) == ["loose.txt", "own.png"]
        assert await fileuploader.delete(own.file_url, own.key)
        with pytest.raises(exceptions.FileNotFound):
            await fileuploader.delete(own.file_url, own.key)
        with pytest.raises(exceptions.InvalidUniqueKey):
            await fileuploader.delete(loose.file_url, own.key)

    run(scenario())


def test_accounts(client):
    async def scenario():
        name = unique_name()
        user = await users.register(name, PASSWORD)
        with pytest.raises(exceptions.UserAreadyRegistered):
            await users.register(name, PASSWORD)
        with pytest.raises(exceptions.WrongPassword):
            await users.login(name, "not the password")
        with pytest.raises(exceptions.UserNotFound):
            await users.login(unique_name(), PASSWORD)
        token = await users.refresh_token(user.accessToken)
        assert (await users.loginToken(token)).username == name
        with pytest.raises(exceptions.NotAuthorized, match="Token not found"):
            await users.loginToken(user.accessToken)
        user.accessToken = token
        assert await user.logout() and user.accessToken is None

    run(scenario())


def test_groups(client):
    async def scenario():
        owner = await users.register(unique_name(), PASSWORD)
        member = await users.register(unique_name(), PASSWORD)
        with pytest.raises(exceptions.Error, match=r"length exceeded \(50 chars\)"):
            await owner.create_group("x" * 51)
        group = await owner.create_group("Bim-Bam")
        with pytest.raises(exceptions.YouAreNotInTheGroup):
            await fileuploader.upload(b"x", "x", user=member, group=group)
        with pytest.raises(exceptions.Forbidden):
            await group.generate_invite(member)
        invite = await group.generate_invite(owner)
        assert (await invite.info(member)).group_name == "Bim-Bam"
        assert (await invite.join(member)).group_id == group.group_id
        with pytest.raises(exceptions.AlreadyInGroup):
            await invite.join(member)
        await fileuploader.upload(b"x", "x.txt", user=member, group=group)
        assert [f.user_filename for f in await group.get_files(owner)] == ["x.txt"]
        assert [g.group_id for g in await member.get_groups()] == ["private", group.group_id]
        assert await group.leave(member)
        with pytest.raises(exceptions.YouAreNotInTheGroup):
            await group.leave(member)
        # The document says DELETE with credentials, and stands.
        with pytest.raises(exceptions.UnhandledError, match="405"):
            await group.delete(owner)
        assert FileUploader(client, owner.accessToken).delete(f"/api/delete_group/{group.group_id}").status_code == 200
        with pytest.raises(exceptions.GroupNotFound):
            await group.generate_invite(owner)

    run(scenario())
