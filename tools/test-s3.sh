#!/bin/sh
# Runs the black-box tests of all APIs with the files of all servers in a bucket, but those that are
# about the data folder, against a build and an S3 service that the tests start (Ceph); and the tests
# of what a service may do wrong, those that take long among them.
#   tools/test-s3.sh release
set -eu

preset=$1
cd "$(dirname "$0")/.."
export COFFER_BINARY="$PWD/build/$preset/coffer"
cd tests
python=$(../tools/python.sh)
"$python" -m pytest -m "long or not long" api/test_s3_faults.py api/test_s3_proxy.py faults/test_s3_osd.py
exec "$python" -m pytest --numprocesses $(($(nproc) * 3 / 2)) --dist loadfile --store s3 \
  api/test_boxes_*.py api/test_fileuploader_*.py api/test_quantum_*.py api/test_streamvault_*.py api/test_sharex.py \
  api/test_auth.py api/test_bodies.py api/test_bounds.py api/test_collections.py api/test_commit.py \
  api/test_conditional.py api/test_content.py api/test_digests.py api/test_documented.py api/test_events.py \
  api/test_fields.py api/test_forms.py api/test_front.py api/test_heads.py api/test_idempotency.py api/test_identity.py \
  api/test_keys.py api/test_limits.py api/test_listing.py api/test_long_lists.py api/test_media.py \
  api/test_media_pictures.py api/test_media_shares.py api/test_names.py api/test_openapi.py api/test_operations.py \
  api/test_pace.py api/test_page_contents.py api/test_proxies.py api/test_realtime.py api/test_routes.py \
  api/test_search_index.py api/test_tls.py api/test_transport.py api/test_trash.py api/test_trees.py \
  api/test_upload_memory.py api/test_upload_progress.py api/test_webhooks.py \
  faults/test_kill.py::test_twelve_kills
