#!/bin/sh
# Runs the black-box tests that do not look into the data folder with the files of all servers in a
# bucket, against a build and an S3 service that the tests start (Ceph); and the tests of what a
# service may do wrong, those that take long among them.
#   tools/test-s3.sh release
set -eu

preset=$1
cd "$(dirname "$0")/.."
export COFFER_BINARY="$PWD/build/$preset/coffer"
cd tests
python=$(../tools/python.sh)
"$python" -m pytest -m "long or not long" api/test_s3_faults.py api/test_s3_proxy.py faults/test_s3_osd.py
exec "$python" -m pytest --store s3 \
  api/test_boxes_documented.py api/test_conditional.py api/test_content.py api/test_fileuploader_files.py \
  api/test_media_pictures.py api/test_media_shares.py api/test_quantum_downloads.py api/test_quantum_files.py \
  api/test_streamvault_chunks.py api/test_streamvault_files.py api/test_trash.py \
  faults/test_kill.py::test_twelve_kills \
  --deselect api/test_streamvault_files.py::test_long_lists_are_whole
