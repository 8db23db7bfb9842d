// A small S3 service in the process: one bucket in memory, which checks signatures and times as the
// real ones do, and fails as a test wants.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "blobs/s3/signature.h"
#include "blobs/s3/test_s3_copies.h"
#include "blobs/s3/test_s3_lists.h"
#include "http/test_upstream_server.h"
#include "http/uri.h"

namespace coffer::blobs::s3::test {

using http::test::ServedConnection;
using http::test::ServedRequest;

class S3Double {
 public:
  static constexpr const char* kBucket = "vault";
  // What happens to a request instead of what should: whether something did. `keep`: whether the
  // connection is used again.
  using Fault =
      std::function<bool(const ServedRequest&, const ServedConnection& connection, bool& keep)>;

  explicit S3Double(const Clock& clock) : clock_(clock) {}

  Credentials credentials{.access_key = "key", .secret_key = "secret", .session_token = {}};
  std::string url() const { return server_.url(); }

  // The next requests; each fault is asked for one.
  void fail_next(std::vector<Fault> faults) {
    const std::lock_guard lock(mutex_);
    for (Fault& fault : faults) faults_.push_back(std::move(fault));
  }
  // Called with the next request before it is looked at; others are served meanwhile.
  void before_next(std::function<void()> function) {
    const std::lock_guard lock(mutex_);
    before_ = std::move(function);
  }
  // The answers to the next parts tell another ETag than theirs, or, where it is empty, none.
  void lie_about_parts(std::vector<std::string> etags) {
    const std::lock_guard lock(mutex_);
    lies_ = std::move(etags);
  }
  void set_time_ahead(std::chrono::seconds ahead) {
    const std::lock_guard lock(mutex_);
    ahead_ = ahead;
  }
  // What replies are dated with is so far ahead of the time by which requests are judged.
  void set_dates_ahead(std::chrono::seconds ahead) {
    const std::lock_guard lock(mutex_);
    dates_ahead_ = ahead;
  }
  std::map<std::string, std::string> objects() {
    const std::lock_guard lock(mutex_);
    return objects_;
  }
  void set_object(const std::string& key, std::string bytes) {
    const std::lock_guard lock(mutex_);
    objects_[key] = std::move(bytes);
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    objects_.clear();
  }
  // Of a fault.
  void set_object_unlocked(const std::string& key, std::string bytes) {
    objects_[key] = std::move(bytes);
  }
  void begin_upload_unlocked(const std::string& key) {
    uploads_[fmt::format("upload&{}", ++last_upload_)] = {.key = key, .parts = {}};
  }
  void forget_uploads_unlocked() { uploads_.clear(); }
  std::size_t unfinished_uploads() {
    const std::lock_guard lock(mutex_);
    return uploads_.size();
  }
  std::vector<ServedRequest> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  bool serve(const ServedRequest& request, const ServedConnection& connection) {
    std::function<void()> before;
    {
      const std::lock_guard lock(mutex_);
      before = std::exchange(before_, nullptr);
    }
    if (before) before();
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    if (!faults_.empty()) {
      const Fault fault = std::move(faults_.front());
      faults_.erase(faults_.begin());
      bool keep = false;
      if (fault(request, connection, keep)) return keep;
    }
    const auto target = http::parse_target(request.target).value();
    const std::string prefix = fmt::format("/{}/", kBucket);
    const std::string path = http::percent_decode(target.raw_path).value();
    const std::string refused = refusal_of(request, target);
    if (!refused.empty()) {
      reply(connection, refused == "XAmzContentSHA256Mismatch" ? 400 : 403, error(refused));
    } else if (!path.starts_with(prefix)) {
      reply(connection, 404, error("NoSuchBucket"));
    } else {
      answer(request, target, path.substr(prefix.size()), connection);
    }
    return true;
  }

  // The code of the refusal; empty: it may.
  std::string refusal_of(const ServedRequest& request, const http::Target& target) {
    const auto field = [&](const char* name) { return request.headers.at(name); };
    const Time now = clock_.now() + ahead_;
    std::string stamp = field("x-amz-date");
    for (const std::size_t at : {4uz, 7uz}) stamp.insert(at, "-");
    for (const std::size_t at : {13uz, 16uz}) stamp.insert(at, ":");
    const Time sent = from_iso8601(stamp).value();
    if (std::chrono::abs(sent - now) > std::chrono::minutes(15)) return "RequestTimeTooSkewed";
    const std::string authorization = field("authorization");
    if (authorization.find("Credential=" + credentials.access_key + "/") == std::string::npos) {
      return "InvalidAccessKeyId";
    }
    const std::size_t from = authorization.find("SignedHeaders=") + 14;
    const std::string names = authorization.substr(from, authorization.find(',', from) - from);
    SignableRequest signable{.method = request.method,
                             .path = target.raw_path,
                             .query = target.query,
                             .headers = {},
                             .payload_hash = field("x-amz-content-sha256")};
    for (std::size_t at = 0; at < names.size();) {
      const std::string name = names.substr(at, names.find(';', at) - at);
      signable.headers.emplace_back(name, field(name.c_str()));
      at += name.size() + 1;
    }
    if (s3::authorization(signable, credentials, {.region = "test-1"}, sent) != authorization) {
      return "SignatureDoesNotMatch";
    }
    const std::string hash = Sha256::of(as_bytes(request.body)).hex();
    return hash == signable.payload_hash ? "" : "XAmzContentSHA256Mismatch";
  }

  void answer(const ServedRequest& request, const http::Target& target, const std::string& key,
              const ServedConnection& connection) {
    const auto upload_id = target.parameter("uploadId");
    const auto upload = upload_id ? uploads_.find(std::string(*upload_id)) : uploads_.end();
    if (upload_id && upload == uploads_.end()) return reply(connection, 404, error("NoSuchUpload"));
    if (request.method == "POST" && target.parameter("uploads")) {
      const std::string id = fmt::format("upload&{}", ++last_upload_);
      uploads_[id] = {.key = key, .parts = {}};
      return reply(connection, 200,
                   fmt::format("<R><UploadId>upload&amp;{}</UploadId></R>", last_upload_));
    }
    if (request.method == "POST") return complete(request, upload, connection);
    if (request.method == "PUT") {
      const auto bytes = stored_by(request, objects_);
      if (!bytes) return reply(connection, 404, error("NoSuchKey"));
      const std::string number(target.parameter("partNumber").value_or("0"));
      auto& stored = upload_id ? upload->second.parts[static_cast<unsigned>(std::stoul(number))]
                               : objects_[key];
      stored = *bytes;
      // The answer to either kind of copy; others have a field alone.
      const std::string copied = fmt::format(
          "<CopyObjectResult/><CopyPartResult><ETag>{}</ETag></CopyPartResult>", tag_of(*bytes));
      if (upload_id && !lies_.empty()) {
        const std::string lie = lies_.front();
        lies_.erase(lies_.begin());
        return reply(connection, 200, copied, lie.empty() ? "" : "ETag: " + lie + "\r\n");
      }
      return reply(connection, 200, copied, etag_of(*bytes));
    }
    if (request.method == "DELETE") {
      if (upload_id) uploads_.erase(upload);
      if (!upload_id) objects_.erase(key);
      return reply(connection, 204, "");
    }
    if (upload_id) return reply(connection, 200, parts_xml(upload->second.parts, target));
    if (key.empty() && request.method == "HEAD") return reply(connection, 200, "");
    if (key.empty() && target.parameter("list-type"))
      return reply(connection, 200, objects_xml(objects_, target));
    if (key.empty()) return reply(connection, 200, uploads_xml(uploads_));
    get(request, key, connection);
  }

  void complete(const ServedRequest& request, std::map<std::string, Upload>::iterator upload,
                const ServedConnection& connection) {
    std::string all;
    std::size_t last = 0;
    for (const auto& [number, bytes] : upload->second.parts) {
      const auto at = request.body.find(fmt::format("<PartNumber>{}</PartNumber>", number));
      const auto end = request.body.find("</Part>", at);
      if (at == std::string::npos || at < last ||
          request.body.substr(at, end - at).find(tag_of(bytes)) == std::string::npos) {
        return reply(connection, 400, error("InvalidPart"));
      }
      last = at;
      all += bytes;
    }
    objects_[upload->second.key] = all;
    uploads_.erase(upload);
    reply(connection, 200, "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>");
  }

  void get(const ServedRequest& request, const std::string& key,
           const ServedConnection& connection) {
    const auto found = objects_.find(key);
    if (found == objects_.end()) {
      return reply(connection, 404, request.method == "HEAD" ? "" : error("NoSuchKey"));
    }
    const std::string& bytes = found->second;
    if (request.method == "HEAD") {
      connection.send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", bytes.size()));
      return;
    }
    const auto if_match = request.headers.find("if-match");
    if (if_match != request.headers.end() &&
        etag_of(bytes).find(if_match->second) == std::string::npos) {
      return reply(connection, 412, error("PreconditionFailed"));
    }
    const std::string& range = request.headers.at("range");
    const auto wanted = range_of(bytes, range);
    if (!wanted) return reply(connection, 416, error("InvalidRange"));
    reply(connection, 206, *wanted,
          etag_of(bytes) +
              fmt::format("Content-Range: bytes {}/{}\r\n", range.substr(6), bytes.size()));
  }

  void reply(const ServedConnection& connection, unsigned status, const std::string& body,
             const std::string& fields = {}) {
    connection.reply(
        status, body,
        fields + "Date: " + to_http_date(clock_.now() + ahead_ + dates_ahead_) + "\r\n");
  }
  static std::string error(const std::string& code) {
    return fmt::format("<Error><Code>{}</Code><Message>of the test</Message></Error>", code);
  }
  static std::string etag_of(const std::string& bytes) {
    return fmt::format("ETag: \"{}\"\r\n", tag_of(bytes));
  }

  const Clock& clock_;
  std::mutex mutex_;  // guards what follows
  std::chrono::seconds ahead_{0};
  std::chrono::seconds dates_ahead_{0};
  std::vector<Fault> faults_;
  std::vector<std::string> lies_;
  std::function<void()> before_;
  std::vector<ServedRequest> requests_;
  std::map<std::string, std::string> objects_;
  std::map<std::string, Upload> uploads_;
  int last_upload_ = 0;
  http::test::UpstreamServer server_{
      [this](const ServedRequest& request, const ServedConnection& connection) {
        return serve(request, connection);
      }};
};

}  // namespace coffer::blobs::s3::test
