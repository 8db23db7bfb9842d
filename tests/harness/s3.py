"""A bucket of an S3 service, as the tests look at it: signed requests (AWS Signature Version 4)."""

import datetime
import hashlib
import hmac
import re
import sqlite3
import time
from urllib.parse import quote

import requests

from harness import program

REGION = "us-east-1"


def _mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Bucket:
    """Made by `create()`. Threads: any."""

    def __init__(self, endpoint, name, access_key, secret_key):
        self.endpoint = endpoint
        self.name = name
        self.access_key = access_key
        self.secret_key = secret_key

    def settings(self):
        """Of a server that keeps its files there. The secret key goes in beside the others."""
        return {
            "blobs.store": "s3",
            "s3.endpoint": self.endpoint,
            "s3.bucket": self.name,
            "s3.access_key": self.access_key,
            "s3.secret_key": self.secret_key,
        }

    def call(self, method, key="", query=None, data=b""):
        """The reply, whatever its status."""
        path = "/" + quote(f"{self.name}/{key}" if key else self.name)
        text = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in sorted((query or {}).items()))
        target = path + (f"?{text}" if text else "")
        fields = {"host": self.endpoint.partition("://")[2], "x-amz-content-sha256": hashlib.sha256(data).hexdigest()}
        self.sign(method, target, fields)
        return requests.request(method, self.endpoint + target, headers=fields, data=data, timeout=30)

    def sign(self, method, target, fields):
        """Adds what signs a request at this time; the digest of its body is among the fields. What it
        was signed with before is replaced."""
        path, _, query = target.partition("?")
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        signed = {name.lower(): value for name, value in fields.items()}
        signed = {name: signed[name] for name in ("host", "x-amz-content-sha256")} | {"x-amz-date": now}
        lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
        digest, names = signed["x-amz-content-sha256"], ";".join(signed)
        asked = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{digest}"
        scope = f"{now[:8]}/{REGION}/s3/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(asked.encode()).hexdigest()}"
        secret = _mac(_mac(_mac(_mac(b"AWS4" + self.secret_key.encode(), now[:8]), REGION), "s3"), "aws4_request")
        for name in [name for name in fields if name.lower() in ("x-amz-date", "authorization")]:
            del fields[name]
        fields["x-amz-date"] = now
        fields["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, SignedHeaders={names}, "
            f"Signature={_mac(secret, text).hex()}"
        )

    def create(self):
        reply = self.call("PUT")
        assert reply.status_code == 200, reply.text
        return self

    def _texts(self, element, query):
        reply = self.call("GET", query=query)
        assert reply.status_code == 200, reply.text
        assert "<IsTruncated>true" not in reply.text, "more than one page"
        return re.findall(rf"<{element}>([^<]*)</{element}>", reply.text)

    def keys(self):
        """Of all objects."""
        return self._texts("Key", {"list-type": "2", "max-keys": "1000"})

    def unfinished(self):
        """Keys of uploads in parts that were neither completed nor given up."""
        return self._texts("Key", {"uploads": ""})


def wait_for(what, seconds=30):
    deadline = time.monotonic() + program.patience(seconds)
    while not what():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.2)


def objects_of(server):
    """How many objects the rows of a server's database name."""
    database = sqlite3.connect(f"file:{server.data}/coffer.db?mode=ro", uri=True)
    try:
        return sum(
            database.execute(f"SELECT count(*) FROM {table} WHERE place IS NOT NULL").fetchone()[0]
            for table in ("blob", "public_object")
        )
    finally:
        database.close()


def check_nothing_leaked(server, bucket, seconds=40):
    """Once the server has cleaned up, the bucket has the objects that rows name, with their bytes, and
    nothing else. Stops it. REQUIRES: the bucket is its alone, and no request is under way."""
    wait_for(lambda: len(bucket.keys()) == objects_of(server) and not bucket.unfinished(), seconds)
    server.stop_well()
    done = program.run("fsck", "--deep", "--data", server.data, settings=bucket.settings())
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("0 missing, 0 corrupt, 0 unreferenced"), done.stdout
    assert len(bucket.keys()) == objects_of(server)
    assert bucket.unfinished() == []
