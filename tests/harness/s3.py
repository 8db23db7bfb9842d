"""A bucket of an S3 service, as the tests look at it: signed requests (AWS Signature Version 4)."""

import datetime
import hashlib
import hmac
import re
from urllib.parse import quote

import requests

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
        host = self.endpoint.partition("://")[2]
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(data).hexdigest()
        names = "host;x-amz-content-sha256;x-amz-date"
        asked = f"{method}\n{path}\n{text}\nhost:{host}\nx-amz-content-sha256:{digest}\nx-amz-date:{now}\n\n{names}\n{digest}"
        scope = f"{now[:8]}/{REGION}/s3/aws4_request"
        signed = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(asked.encode()).hexdigest()}"
        secret = _mac(_mac(_mac(_mac(b"AWS4" + self.secret_key.encode(), now[:8]), REGION), "s3"), "aws4_request")
        headers = {
            "x-amz-content-sha256": digest,
            "x-amz-date": now,
            "authorization": f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, SignedHeaders={names}, "
            f"Signature={_mac(secret, signed).hex()}",
        }
        url = f"{self.endpoint}{path}" + (f"?{text}" if text else "")
        return requests.request(method, url, headers=headers, data=data, timeout=30)

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
