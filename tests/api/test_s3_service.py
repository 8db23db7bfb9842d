"""The S3 client and the blob store with a real service: Ceph's object gateway."""

import os
import subprocess

import pytest

from harness import program


@pytest.mark.seconds(240)
def test_client_and_store_with_a_real_service(binary, ceph):
    tests = program.BINARY.parent / "blobs_s3_test"
    assert tests.exists(), f"{tests} is not there: build it first"
    service = {
        "COFFER_TEST_S3": ceph.endpoint,
        "COFFER_TEST_S3_TLS": ceph.tls_endpoint,
        "COFFER_TEST_S3_CERTIFICATE": str(ceph.certificate),
        "COFFER_TEST_S3_ACCESS_KEY": ceph.access_key,
        "COFFER_TEST_S3_SECRET_KEY": ceph.secret_key,
    }
    done = subprocess.run(
        [tests, "--gtest_filter=S3Service.*:*/Service"], env={**os.environ, **service}, capture_output=True, text=True, timeout=220, check=False
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert "SKIPPED" not in done.stdout, "it was not told of the service"
