#include "blobs/s3/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <iterator>

#include "base/log.h"
#include "base/text.h"
#include "blobs/unavailable_error.h"

namespace coffer::blobs::s3 {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kMaxDelay{5'000};
// Of replies that are read whole: errors, and lists of unfinished uploads.
constexpr std::size_t kBodyMax = std::size_t{1} << 20U;
// Objects of a page: with keys as long as S3 has them they fit.
constexpr int kListMax = 500;
// S3's bound on an upload.
constexpr std::uint64_t kPartsMax = 10'000;
// Services refuse what is 15 minutes off.
constexpr std::chrono::minutes kTolerableSkew{5};
// A connection slower than that carries no part of an upload, and a service slower than that copies
// nothing: bytes a second.
constexpr std::uint64_t kSlowestConnection = std::uint64_t{16} << 10U;
constexpr std::uint64_t kSlowestWork = std::uint64_t{1} << 20U;
// A call tries the service's time and the machine's own.
constexpr int kClocks = 2;
// The SHA-256 of nothing.
constexpr std::string_view kNoBody =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

class TextBody final : public http::UpstreamBody {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  std::uint64_t size() const noexcept override { return text_.size(); }
  void read(ByteSpan into, std::uint64_t offset) const override {
    std::memcpy(into.data(), text_.data() + offset, into.size());
  }

 private:
  const std::string text_;
};

struct Endpoint {
  std::string_view scheme;
  std::string_view host;
};
Endpoint split(std::string_view endpoint) {
  const std::size_t colon = endpoint.find("://");
  if (colon == std::string_view::npos) throw Error("the S3 endpoint is no http or https URL");
  std::string_view host = endpoint.substr(colon + 3);
  while (host.ends_with('/')) host.remove_suffix(1);
  const std::string_view scheme = endpoint.substr(0, colon);
  // As libcurl sends it, and so as it is signed.
  const std::string_view usual_port = scheme == "https" ? ":443" : ":80";
  if (host.ends_with(usual_port)) host.remove_suffix(usual_port.size());
  return {.scheme = scheme, .host = host};
}

std::string host_of(const ClientOptions& options) {
  const Endpoint endpoint = split(options.endpoint);
  if (options.path_style) return std::string(endpoint.host);
  return fmt::format("{}.{}", options.bucket, endpoint.host);
}

std::string path_of(const ClientOptions& options) {
  return options.path_style ? fmt::format("/{}/", encode_path(options.bucket)) : "/";
}

std::string failure(std::string_view method, const std::string& why) {
  return fmt::format("the S3 service failed a {}: {}", method, why);
}

Error failed(std::string_view method, const std::string& why) {
  return Error(failure(method, why));
}

// What comes of a call whose last refusal had this remedy.
[[noreturn]] void give_up(Remedy remedy, std::string_view method, const std::string& why) {
  if (remedy == Remedy::kTryLater) throw UnavailableError(failure(method, why));
  if (remedy == Remedy::kMakeRoom) throw NoSpaceError(failure(method, why));
  throw failed(method, why);
}

void count(std::atomic<std::uint64_t>& counter, std::uint64_t more = 1) {
  counter.fetch_add(more, std::memory_order_relaxed);
}

// Counts up while it lives.
class Running {
 public:
  explicit Running(std::atomic<std::uint64_t>& counter) : counter_(counter) { count(counter_); }
  ~Running() { counter_.fetch_sub(1, std::memory_order_relaxed); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  std::atomic<std::uint64_t>& counter_;
};

std::string etag_of(const http::UpstreamReply& reply) {
  return std::string(reply.headers().get("etag").value_or(""));
}

// `bytes 10-19/100`: where it begins and ends.
bool is_range(std::optional<std::string_view> content_range, std::uint64_t offset,
              std::uint64_t size) {
  const std::string wanted = fmt::format("bytes {}-{}/", offset, offset + size - 1);
  return content_range && content_range->starts_with(wanted);
}

}  // namespace

Payload payload_of(std::string bytes) {
  const Sha256Digest digest = Sha256::of(as_bytes(bytes));
  return {.body = std::make_shared<const TextBody>(std::move(bytes)), .digest = digest};
}

class Client::Attempts {
 public:
  explicit Attempts(Client& client)
      : client_(client),
        began_(std::chrono::steady_clock::now()),
        delay_(client.options_.first_delay) {}

  // Waits before another attempt; false when the deadline comes first.
  Task<bool> again(milliseconds at_least = {});

  int clocks_left = kClocks;
  bool may_change_credentials = true;
  bool is_first = true;

 private:
  Client& client_;
  std::chrono::steady_clock::time_point began_;
  milliseconds delay_;
};

Task<bool> Client::Attempts::again(milliseconds at_least) {
  std::uint32_t random = 0;
  client_.entropy_.fill(std::as_writable_bytes(std::span(&random, 1)));
  const milliseconds half = delay_ / 2;
  const milliseconds jitter(half.count() > 0 ? random % (half.count() + 1) : 0);
  const milliseconds delay = std::max(half + jitter, at_least);
  delay_ = std::min(delay_ * 2, kMaxDelay);
  const auto left = began_ + client_.options_.deadline - std::chrono::steady_clock::now();
  if (delay > left) co_return false;
  is_first = false;
  count(client_.retries_);
  co_await client_.http_.sleep(delay);
  co_return true;
}

Client::Client(http::UpstreamClient& http, CredentialSource& credentials, const Clock& clock,
               Entropy& entropy, ClientOptions options)
    : http_(http),
      credentials_(credentials),
      clock_(clock),
      entropy_(entropy),
      options_(std::move(options)),
      base_url_(fmt::format("{}://{}", split(options_.endpoint).scheme, host_of(options_))),
      host_(host_of(options_)),
      path_(path_of(options_)),
      request_signer_({.region = options_.region}) {}

ClientCounts Client::counts() const noexcept {
  return {.requests = requests_.load(std::memory_order_relaxed),
          .retries = retries_.load(std::memory_order_relaxed),
          .refused = refused_.load(std::memory_order_relaxed),
          .unanswered = unanswered_.load(std::memory_order_relaxed),
          .failures = failures_.load(std::memory_order_relaxed),
          .sent_bytes = sent_bytes_.load(std::memory_order_relaxed),
          .received_bytes = received_bytes_.load(std::memory_order_relaxed),
          .running = running_.load(std::memory_order_relaxed)};
}

ClientCounts operator+(const ClientCounts& a, const ClientCounts& b) noexcept {
  return {.requests = a.requests + b.requests,
          .retries = a.retries + b.retries,
          .refused = a.refused + b.refused,
          .unanswered = a.unanswered + b.unanswered,
          .failures = a.failures + b.failures,
          .sent_bytes = a.sent_bytes + b.sent_bytes,
          .received_bytes = a.received_bytes + b.received_bytes,
          .running = a.running + b.running};
}

http::UpstreamRequest Client::sign(const Call& call, const Signer& signer) {
  const Credentials& credentials = signer.credentials;
  const Time now = clock_.now() + signer.skew;
  SignableRequest signable{.method = call.method,
                           .path = path_ + encode_path(call.key),
                           .query = call.query,
                           .headers = {},
                           .payload_hash = std::string(kNoBody)};
  if (call.payload) signable.payload_hash = call.payload->digest.hex();
  auto& headers = signable.headers;
  for (const auto& [name, value] : call.fields) headers.emplace_back(to_lower_ascii(name), value);
  headers.emplace_back("x-amz-date", signing_time(now));
  headers.emplace_back("x-amz-content-sha256", signable.payload_hash);
  if (!credentials.session_token.empty()) {
    headers.emplace_back("x-amz-security-token", credentials.session_token);
  }
  http::UpstreamRequest request{.method = call.method, .url = base_url_ + signable.path};
  for (const auto& [name, value] : headers) request.headers.add(name, value);
  headers.emplace_back("host", host_);
  const std::string query = encode_query(call.query);
  if (!query.empty()) request.url += "?" + query;
  request.headers.add("authorization", request_signer_.authorization(signable, credentials, now));
  if (call.payload) request.body = call.payload->body;
  request.is_sent_once = call.is_counted;
  return request;
}

bool Client::is_clock_off(const http::UpstreamReply& reply, const Signer& signer) const {
  const auto date = from_http_date(reply.headers().get("date").value_or(""));
  if (!date) return false;
  return std::chrono::abs(*date - clock_.now() - signer.skew) > kTolerableSkew ||
         std::chrono::abs(signer.skew) > kTolerableSkew;
}

void Client::set_clock(const http::UpstreamReply& reply, const Signer& signer) {
  const auto date = from_http_date(reply.headers().get("date").value_or(""));
  if (!date) return;
  auto skew = std::chrono::duration_cast<std::chrono::microseconds>(*date - clock_.now());
  // That was refused already: its replies are dated wrongly.
  if (std::chrono::abs(skew - signer.skew) < kTolerableSkew) skew = {};
  skew_micros_ = skew.count();
  log::warning("this machine and the S3 service have different times",
               {{"seconds", std::chrono::duration_cast<std::chrono::seconds>(skew).count()}});
}

milliseconds Client::bound_of(const Call& call) const {
  if (options_.attempt_timeout.count() > 0) return options_.attempt_timeout;
  const std::uint64_t sent = call.payload ? call.payload->body->size() : 0;
  return options_.deadline + milliseconds(sent * 1'000 / kSlowestConnection) +
         milliseconds(call.worked_bytes * 1'000 / kSlowestWork);
}

Task<Client::Answer> Client::attempt(const Call& call, Body body, const Signer& signer) {
  http::UpstreamRequest request = sign(call, signer);
  request.timeout = body == Body::kRead ? bound_of(call) : options_.attempt_timeout;
  count(requests_);
  const Running running(running_);
  Answer answer;
  answer.reply = co_await http_.send(std::move(request));
  const bool is_success = answer.reply->status() < 300;
  if (!is_success || body == Body::kRead) answer.body = co_await answer.reply->read_text(kBodyMax);
  co_return answer;
}

Task<Client::Answer> Client::call(Call call, Body body) {
  Attempts attempts(*this);
  Answer answer = co_await this->call(std::move(call), body, attempts);
  co_return answer;
}

Task<Client::Answer> Client::call(Call call, Body body, Attempts& attempts) {
  for (;;) {
    const Signer signer{.credentials = credentials_.current(),
                        .skew = std::chrono::microseconds(skew_micros_.load())};
    Answer answer;
    std::string why;
    Remedy remedy = Remedy::kTryLater;
    try {
      answer = co_await attempt(call, body, signer);
      const unsigned status = answer.reply->status();
      if (status < 300 && call.payload) count(sent_bytes_, call.payload->body->size());
      if (status < 300 || (status == 404 && call.accepts_missing)) co_return answer;
      count(refused_);
      const ErrorReply refusal = read_error(status, answer.body);
      if (call.accepts_invalid_part && refusal.code == "InvalidPart") co_return answer;
      remedy = remedy_for(refusal);
      // The answer to a HEAD has no code.
      if (status == 403 && refusal.code.empty() && is_clock_off(*answer.reply, signer)) {
        remedy = Remedy::kSetClock;
      }
      why = describe(refusal);
    } catch (const http::UpstreamError& error) {
      using enum http::UpstreamFault;
      why = error.what();
      count(unanswered_);
      if (error.fault() == kUntrusted || error.fault() == kOther) remedy = Remedy::kNone;
    }
    milliseconds at_least{0};
    if (answer.reply && remedy == Remedy::kTryLater) {
      const auto seconds = parse_unsigned(answer.reply->headers().get("retry-after").value_or(""));
      if (seconds) at_least = std::chrono::seconds(std::min<std::uint64_t>(*seconds, 3600));
    }
    if (remedy == Remedy::kSetClock && attempts.clocks_left > 0) {
      --attempts.clocks_left;
      set_clock(*answer.reply, signer);
      continue;
    }
    if (remedy == Remedy::kOtherCredentials &&
        std::exchange(attempts.may_change_credentials, false) &&
        credentials_.look_again(signer.credentials)) {
      continue;
    }
    answer = {};
    if (remedy == Remedy::kTryLater) {
      const bool is_tried_again = co_await attempts.again(at_least);
      if (is_tried_again) continue;
    }
    count(failures_);
    give_up(remedy, call.method, why);
  }
}

Task<std::string> Client::call_for(Call call, std::string element) {
  Attempts attempts(*this);
  for (;;) {
    Answer answer = co_await this->call(call, Body::kRead, attempts);
    if (answer.body.find("<" + element) != std::string::npos) co_return std::move(answer.body);
    co_await again_after(read_error(500, answer.body), call.method, attempts);
  }
}

Task<void> Client::again_after(ErrorReply refusal, std::string_view method, Attempts& attempts) {
  const Remedy remedy = remedy_for(refusal);
  if (remedy == Remedy::kTryLater) {
    const bool is_tried_again = co_await attempts.again();
    if (is_tried_again) co_return;
  }
  count(failures_);
  give_up(remedy, method, describe(refusal));
}

Task<std::string> Client::put(std::string key, Payload payload, http::Headers fields) {
  Call put{.method = "PUT", .key = std::move(key)};
  put.fields = std::move(fields);
  put.payload = std::move(payload);
  const Answer answer = co_await call(std::move(put), Body::kRead);
  co_return etag_of(*answer.reply);
}

Task<BegunUpload> Client::begin_upload(std::string key, http::Headers fields) {
  Call begin{.method = "POST", .key = std::move(key)};
  begin.query.emplace_back("uploads", "");
  begin.fields = std::move(fields);
  begin.is_counted = true;
  Attempts attempts(*this);
  const Answer answer = co_await call(std::move(begin), Body::kRead, attempts);
  auto id = xml_text(answer.body, "UploadId");
  if (!id || id->empty()) throw failed("POST", "it began an upload without an id");
  BegunUpload begun{.id = std::move(*id), .may_have_others = !attempts.is_first};
  co_return begun;
}

Task<std::string> Client::put_part(std::string key, std::string upload, std::uint32_t number,
                                   Payload payload) {
  Call put{.method = "PUT", .key = std::move(key)};
  put.query.emplace_back("partNumber", std::to_string(number));
  put.query.emplace_back("uploadId", std::move(upload));
  put.payload = std::move(payload);
  const Answer answer = co_await call(std::move(put), Body::kRead);
  // Without one, or with a wrong one, the part is found when the object is made.
  co_return etag_of(*answer.reply);
}

Task<Payload> Client::listed_completion(std::string key, std::string upload, std::size_t count) {
  PartPage all{.parts = {}, .is_end = false};
  while (!all.is_end && all.parts.size() < kPartsMax) {
    Call list{.method = "GET", .key = key};
    list.query.emplace_back("uploadId", upload);
    const std::uint32_t last = all.parts.empty() ? 0 : all.parts.back().number;
    list.query.emplace_back("part-number-marker", std::to_string(last));
    const Answer answer = co_await call(std::move(list), Body::kRead);
    PartPage page = read_parts(answer.body);
    all.is_end = page.is_end;
    std::ranges::move(page.parts, std::back_inserter(all.parts));
  }
  if (all.parts.size() != count) throw failed("GET", "it lists other parts than it took");
  co_return payload_of(completion_of(std::move(all.parts)));
}

Task<void> Client::complete_upload(std::string key, std::string upload,
                                   std::vector<UploadedPart> parts, std::uint64_t size) {
  const std::size_t count = parts.size();
  const bool is_any_unknown = std::ranges::any_of(parts, &std::string::empty, &UploadedPart::etag);
  bool may_ask = !is_any_unknown;
  Payload payload = payload_of(completion_of(std::move(parts)));
  if (is_any_unknown) payload = co_await listed_completion(key, upload, count);
  Attempts attempts(*this);
  for (;;) {
    Call complete{.method = "POST", .key = key};
    complete.query.emplace_back("uploadId", upload);
    complete.payload = payload;
    complete.accepts_missing = true;
    complete.accepts_invalid_part = std::exchange(may_ask, false);
    complete.worked_bytes = size;
    const Answer answer = co_await call(std::move(complete), Body::kRead, attempts);
    ErrorReply refusal = read_error(answer.reply->status(), answer.body);
    if (refusal.code == "InvalidPart" && answer.reply->status() >= 400) {
      payload = co_await listed_completion(key, upload, count);
      continue;
    }
    if (answer.reply->status() == 404) {
      // An earlier attempt may have succeeded, and its answer been lost.
      const auto stored = co_await this->size(key);
      if (stored == size) co_return;
    } else if (answer.body.find("<CompleteMultipartUploadResult") != std::string::npos) {
      co_return;
    } else {
      // The service begins to answer 200 before it is done, and may fail then.
      refusal.status = 500;
    }
    co_await again_after(std::move(refusal), "POST", attempts);
  }
}

Task<void> Client::copy(std::string from, std::string to, std::uint64_t size,
                        http::Headers fields) {
  std::string source = encode_path(fmt::format("/{}/{}", options_.bucket, from));
  if (size > options_.copy_bytes) {
    co_await copy_in_parts(std::move(source), std::move(to), size, std::move(fields));
    co_return;
  }
  Call put{.method = "PUT", .key = std::move(to)};
  put.fields = std::move(fields);
  put.fields.add("x-amz-copy-source", source);
  put.fields.add("x-amz-metadata-directive", "REPLACE");
  put.payload = payload_of(std::string());
  put.worked_bytes = size;
  co_await call_for(std::move(put), "CopyObjectResult");
}

Task<void> Client::copy_in_parts(std::string source, std::string to, std::uint64_t size,
                                 http::Headers fields) {
  const BegunUpload begun = co_await begin_upload(to, std::move(fields));
  const std::uint64_t part = std::max(options_.copy_bytes, size / kPartsMax + 1);
  std::vector<UploadedPart> parts;
  for (std::uint64_t from = 0; from < size; from += part) {
    const auto number = static_cast<std::uint32_t>(parts.size() + 1);
    const std::uint64_t end = std::min(from + part, size);
    Call put{.method = "PUT", .key = to};
    put.query.emplace_back("partNumber", std::to_string(number));
    put.query.emplace_back("uploadId", begun.id);
    put.fields.add("x-amz-copy-source", source);
    put.fields.add("x-amz-copy-source-range", fmt::format("bytes={}-{}", from, end - 1));
    put.payload = payload_of(std::string());
    put.worked_bytes = end - from;
    const std::string copied = co_await call_for(std::move(put), "CopyPartResult");
    auto etag = xml_text(copied, "ETag");
    if (!etag) throw failed("PUT", "it copied a part and gave no ETag");
    parts.push_back({.number = number, .etag = std::move(*etag)});
  }
  co_await complete_upload(to, begun.id, std::move(parts), size);
  if (begun.may_have_others) co_await abort_uploads(std::move(to));
}

Task<void> Client::abort_uploads(std::string key) {
  Call list{.method = "GET", .key = {}};
  list.query.emplace_back("uploads", "");
  list.query.emplace_back("prefix", key);
  const Answer answer = co_await call(std::move(list), Body::kRead);
  std::vector<std::string> uploads;
  for (const std::string_view upload : xml_elements(answer.body, "Upload")) {
    auto id = xml_text(upload, "UploadId");
    if (id && xml_text(upload, "Key") == key) uploads.push_back(std::move(*id));
  }
  for (const std::string& upload : uploads) {
    Call abort{.method = "DELETE", .key = key};
    abort.query.emplace_back("uploadId", upload);
    abort.accepts_missing = true;
    co_await call(std::move(abort), Body::kRead);
  }
}

Task<void> Client::remove(std::string key) {
  Call remove{.method = "DELETE", .key = std::move(key)};
  remove.accepts_missing = true;
  co_await call(std::move(remove), Body::kRead);
}

Task<std::optional<std::uint64_t>> Client::size(std::string key) {
  Call head{.method = "HEAD", .key = std::move(key)};
  head.accepts_missing = true;
  const Answer answer = co_await call(std::move(head), Body::kRead);
  if (answer.reply->status() == 404) co_return std::nullopt;
  const auto length = parse_unsigned(answer.reply->headers().get("content-length").value_or(""));
  if (!length) throw failed("HEAD", "it gave no length");
  co_return *length;
}

Task<ObjectPage> Client::list(std::string prefix, std::string after) {
  Call list{.method = "GET", .key = {}};
  list.query.emplace_back("list-type", "2");
  list.query.emplace_back("max-keys", std::to_string(kListMax));
  list.query.emplace_back("prefix", std::move(prefix));
  if (!after.empty()) list.query.emplace_back("start-after", std::move(after));
  const Answer answer = co_await call(std::move(list), Body::kRead);
  const auto is_truncated = xml_text(answer.body, "IsTruncated");
  if (!is_truncated) throw failed("GET", "it gave no list of objects");
  ObjectPage page{.objects = {}, .is_end = *is_truncated != "true"};
  for (const std::string_view object : xml_elements(answer.body, "Contents")) {
    auto key = xml_text(object, "Key");
    const auto size = parse_unsigned(xml_text(object, "Size").value_or(""));
    if (!key || !size) throw failed("GET", "it listed an object without a key or a size");
    page.objects.push_back({.key = std::move(*key), .size = *size});
  }
  if (page.objects.empty() && !page.is_end) throw failed("GET", "it gave an empty page of a list");
  co_return page;
}

Task<void> Client::check() {
  Call head{.method = "HEAD", .key = {}};
  co_await call(std::move(head), Body::kRead);
}

std::string Client::url(const std::string& key) const {
  return base_url_ + path_ + encode_path(key);
}

std::unique_ptr<Download> Client::get(std::string key, std::uint64_t offset, std::uint64_t size) {
  return std::unique_ptr<Download>(new Download(*this, std::move(key), offset, size));
}

Download::Download(Client& client, std::string key, std::uint64_t offset, std::uint64_t size)
    : client_(client), key_(std::move(key)), offset_(offset), left_(size) {}

Download::~Download() = default;

Task<void> Download::begin(Client::Attempts& attempts) {
  Client::Call get{.method = "GET", .key = key_};
  get.fields.add("range", fmt::format("bytes={}-{}", offset_, offset_ + left_ - 1));
  if (!etag_.empty()) get.fields.add("if-match", etag_);
  Client::Answer answer = co_await client_.call(std::move(get), Client::Body::kStreamed, attempts);
  const http::UpstreamReply& reply = *answer.reply;
  const std::string etag = etag_of(reply);
  if (reply.status() != 206 || !is_range(reply.headers().get("content-range"), offset_, left_)) {
    throw failed("GET", "it answered another range than was asked for");
  }
  if (!etag_.empty() && etag != etag_) throw failed("GET", "the object has changed");
  etag_ = etag;
  reply_ = std::move(answer.reply);
}

Task<void> Download::begin() {
  if (left_ == 0 || reply_) co_return;
  Client::Attempts attempts(client_);
  co_await begin(attempts);
}

Task<std::size_t> Download::read(ByteSpan into) {
  if (left_ == 0) co_return 0;
  Client::Attempts attempts(client_);
  for (;;) {
    std::string why = "it sent less than it said";
    try {
      if (!reply_) co_await begin(attempts);
      const ByteSpan wanted = into.first(std::min<std::uint64_t>(into.size(), left_));
      const std::size_t count = co_await reply_->read(wanted);
      if (count > 0) {
        offset_ += count;
        left_ -= count;
        client_.received_bytes_.fetch_add(count, std::memory_order_relaxed);
        if (left_ == 0) reply_.reset();
        co_return count;
      }
    } catch (const http::UpstreamError& error) {
      why = error.what();
    }
    client_.unanswered_.fetch_add(1, std::memory_order_relaxed);
    reply_.reset();
    const bool is_tried_again = co_await attempts.again();
    if (!is_tried_again) give_up(Remedy::kTryLater, "GET", why);
  }
}

}  // namespace coffer::blobs::s3
